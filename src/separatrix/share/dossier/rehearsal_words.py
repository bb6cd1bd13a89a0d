"""Numbers of the rehearsal in words: a probability never stands without its band and its marks."""

from __future__ import annotations

from separatrix.share.dossier.wording import number
from separatrix.team.rehearsal.answers.model import Band, Effect

_NO_BREAK = "\u00a0"
_OUTCOMES = {
    "separation_min": "two children",
    "end_min": "end of the operation",
    "late": "late responses",
    "nobody": "responses that lack somebody or something",
    "overtime_min": "overtime of all people",
}


def outcome_title(outcome: str) -> str:
    """What an outcome is called.

    Examples
    --------
    >>> outcome_title("end_min"), outcome_title("cells_not_in_time")
    ('end of the operation', 'cells not in time')
    """
    return _OUTCOMES.get(outcome, outcome.removesuffix("_min").replace("_", " "))


def outcome_unit(outcome: str) -> str:
    """Its unit, empty for counts."""
    return "min" if outcome.endswith("_min") else ""


def percent_span(low: float, high: float) -> str:
    """Two fractions as a range of per cent, with as many digits as tell them apart.

    Examples
    --------
    >>> percent_span(0.031, 0.2), percent_span(0.0, 0.0004), percent_span(0.5, 0.5)
    ('3.1 to 20\\xa0%', '0 to 0.04\\xa0%', '50\\xa0%')
    """
    texts = [number(100 * value, 2) for value in (low, high)]
    return f"{texts[0]}{_NO_BREAK}%" if texts[0] == texts[1] else f"{texts[0]} to {texts[1]}{_NO_BREAK}%"


def total_text(value: float | None, low: float | None, high: float | None) -> str:
    """A published or a rehearsed total with its range; shares as per cent.

    Examples
    --------
    >>> total_text(0.36, 0.12, 1.0), total_text(1.5, 1.0, 2.2), total_text(64.0, None, None)
    ('36\xa0% (12 to 100\xa0%)', '1.5 (1 to 2.2)', '64')
    >>> total_text(None, None, None)
    '–'
    """
    if value is None:
        return "–"
    if max(value, high or 0.0) <= 1:
        own = percent_span(value, value)
        return own if low is None or high is None else f"{own} ({percent_span(low, high)})"
    own = number(value, 2)
    return own if low is None or high is None else f"{own} ({number(low, 2)} to {number(high, 2)})"


def band_text(band: Band) -> str:
    """A probability with its band over the assumptions; where it rests mainly on them, the band alone.

    Examples
    --------
    >>> band = Band(value=0.1, low=0.03, middle=0.1, high=0.2, sampling_low=0.09, sampling_high=0.11,
    ...             share_assumptions=0.95, marks="A", assumed=True)
    >>> band_text(band)
    '3 to 20\\xa0%'
    """
    span = percent_span(band.low, band.high)
    return span if band.assumed else f"{number(100 * band.value, 2)}{_NO_BREAK}% ({span})"


def effect_text(effect: Effect) -> str:
    """What a change does to one outcome, with its paired 95 % interval.

    Examples
    --------
    >>> effect_text(Effect(outcome="end_min", before=1671, mean=-12.3, low=-14.1, high=-10.5))
    '−12 min (−14 to −10)'
    """
    unit = outcome_unit(effect.outcome)
    mean, low, high = (_signed(value) for value in (effect.mean, effect.low, effect.high))
    return f"{mean}{' ' + unit if unit else ''} ({low} to {high})"


def swing_text(low: float | None, high: float | None, noise: float) -> str:
    """What a number at its low and its high end does; what sampling alone could make is told as none.

    Examples
    --------
    >>> swing_text(-50.2, 3.0, 5.0), swing_text(1.0, -1.0, 5.0), swing_text(None, None, 0.0)
    ('−50 / none seen', 'none seen', '–')
    """
    if low is None or high is None:
        return "–"
    told = ["none seen" if abs(value) <= noise else _signed(value) for value in (low, high)]
    return told[0] if told[0] == told[1] == "none seen" else " / ".join(told)


def number_title(name: str) -> str:
    """A number in words: its title, or its id made readable.

    Examples
    --------
    >>> number_title("rehearsal.arrival.free"), number_title("Common factor")
    ('Arrival: free', 'Common factor')
    """
    if " " in name or "." not in name:
        return name
    words = name.removeprefix("rehearsal.").replace(".", ": ").replace("_", " ")
    return words[:1].upper() + words[1:]


def _signed(value: float) -> str:
    """A difference with its sign: whole from ten on, else two digits."""
    text = f"{value:+.0f}" if abs(value) >= 9.95 else f"{value:+.2g}"
    return "0" if float(text) == 0 else text.replace("-", "−")
