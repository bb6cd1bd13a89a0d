"""Numbers and reasons in plain words, the same everywhere in the dossier."""

from __future__ import annotations

import math
import re

from separatrix.body.anatomy.model import SharedItem
from separatrix.core import Twin, Unknown
from separatrix.evidence import Value

SAFETY = (
    "For planning and rehearsal by a qualified team. Not a certified medical device. "
    "Values marked A are assumptions: they are listed under “Assumptions and evidence”. "
    "Certainty is calibrated on synthetic pairs only. This dossier advises; people decide."
)

SYNTHETIC_ONLY = "calibrated on synthetic pairs only"

_UNITS = {"1": "", "fraction": "", "deg": "°", "degrees": "°"}
_TISSUES = {
    "csf": "CSF",
    "brain": "brain, one child’s own",
    "brain_adherent": "between the brains, no gap seen (along the folds)",
    "intracranial": "brain, CSF and dura not told apart",
}
_NO_BREAK = "\u00a0"
"""A space that never breaks a line: between number and unit, between shape and letter."""


def unit_text(unit: str) -> str:
    """A unit as it is printed.

    Examples
    --------
    >>> unit_text("cm2"), unit_text("1"), unit_text("ml_per_min"), unit_text("1/mm2")
    ('cm²', '', 'ml/min', '1/mm²')
    """
    if unit in _UNITS:
        return _UNITS[unit]
    return re.sub(
        r"(?<=m)([23])\b", lambda m: "²³"[int(m[1]) - 2], unit.replace("_per_", "/").replace("_", " ")
    )


def number(value: float, digits: int = 3) -> str:
    """A number with so many significant digits and no exponent for what people read.

    Examples
    --------
    >>> number(745.176), number(0.00071), number(0.0), number(12034.0)
    ('745', '0.00071', '0', '12\\xa0034')
    """
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{min(places, 8)}f}".replace(",", _NO_BREAK)
    return text.rstrip("0").rstrip(".") if "." in text else text


def quantity(value: float | Unknown, unit: str) -> str:
    """A value with its unit, or why it is not known.

    Examples
    --------
    >>> quantity(35.14, "cm2"), quantity(166.0, "deg"), quantity(Unknown("no CT"), "mm")
    ('35.1\\xa0cm²', '166.0°', 'unknown because no CT')
    """
    if isinstance(value, Unknown):
        return str(value)
    # Angles keep a tenth: a class may hang on it.
    text = f"{value:.1f}" if unit_text(unit) == "°" else number(value)
    return _with_unit(text, unit)


def span(low: float | None, high: float | None, unit: str) -> str:
    """A range with its unit; empty where there is none.

    Examples
    --------
    >>> span(33.0, 37.28, "cm2"), span(None, 4.0, "mm"), span(None, None, "mm")
    ('33 to 37.3\\xa0cm²', 'up to 4\\xa0mm', '')
    """
    if low is not None and high is not None:
        return _with_unit(f"{number(low)} to {number(high)}", unit)
    if high is not None:
        return "up to " + _with_unit(number(high), unit)
    return "from " + _with_unit(number(low), unit) if low is not None else ""


def percent(fraction: float, digits: int = 3) -> str:
    """A fraction as per cent.

    Examples
    --------
    >>> percent(0.2131), percent(0.00071), percent(0.9996)
    ('21.3\\xa0%', '0.071\\xa0%', '99.96\\xa0%')
    """
    rest = 1 - fraction
    if 0 < rest < 0.01:  # near one, the rest is what matters
        places = max(0, 1 - math.floor(math.log10(rest * 100)))
        return f"{fraction * 100:.{places}f}".rstrip("0").rstrip(".") + f"{_NO_BREAK}%"
    return f"{number(fraction * 100, digits)}{_NO_BREAK}%"


def shared_value(item: SharedItem) -> str:
    """The value of a row of what is shared; a fraction as per cent, a count as it is."""
    if _is_share(item) and not isinstance(item.value, Unknown):
        return percent(item.value)
    return quantity(item.value, item.unit)


def shared_span(item: SharedItem) -> str:
    """The range of a row of what is shared; empty where there is none."""
    if not _is_share(item):
        return span(item.low, item.high, item.unit)
    low, high = (None if share is None else 100 * share for share in (item.low, item.high))
    return span(low, high, "%")


def _is_share(item: SharedItem) -> bool:
    """Whether a row holds a part of something: counts have the unit 1 as well."""
    return item.unit == "fraction" or item.id.endswith("_fraction")


def evidence_value(value: Value, unit: str) -> str:
    """The value of an evidence entry as it is printed."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _with_unit(number(value, 4), unit) if isinstance(value, (int, float)) else value


def twin_text(twin: Twin) -> str:
    """A child's shape and letter, as they stand together everywhere."""
    return f"{twin.mark}{_NO_BREAK}{twin.value}"


def owner_text(owner: str) -> str:
    """``A``, ``B`` or ``shared`` with the shape beside it."""
    return (
        twin_text(Twin(owner)) if owner in ("A", "B") else f"■{_NO_BREAK}both" if owner == "shared" else owner
    )


def tissue_text(name: str) -> str:
    """A tissue of the inventory in words."""
    return _TISSUES.get(name, name.replace("_", " "))


def counted(n: int, name: str) -> str:
    """A number of things.

    Examples
    --------
    >>> counted(1, "vein"), counted(5, "artery"), counted(2, "sinus")
    ('1 vein', '5 arteries', '2 sinuses')
    """
    many = name[:-1] + "ies" if name.endswith("y") else name + ("es" if name.endswith("s") else "s")
    return f"{n} {name if n == 1 else many}"


def sentence(text: str) -> str:
    """A note as a sentence: a capital in front, a full stop behind.

    Examples
    --------
    >>> sentence("the union lies on the vault"), sentence("Met."), sentence("t1: moved"), sentence("")
    ('The union lies on the vault.', 'Met.', 't1: moved.', '')
    """
    text = text.strip()
    first, _, rest = text.partition(" ")
    if not first.endswith(":") or not rest:  # a name before a colon keeps its own spelling
        text = text[:1].upper() + text[1:]
    return text and text + ("" if text.endswith((".", "!", "?")) else ".")


def _with_unit(text: str, unit: str) -> str:
    shown = unit_text(unit)
    return text if not shown else text + shown if shown == "°" else f"{text}{_NO_BREAK}{shown}"
