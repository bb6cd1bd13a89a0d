"""Units that evidence entries may carry, so that one quantity is always written one way."""

from __future__ import annotations

import re

_LENGTHS = (
    "um",
    "mm",
    "cm",
    "m",
    "mm2",
    "cm2",
    "mm3",
    "cm3",
    "ml",
    "dl",
    "l",
    "deg",
    "rad",
    "voxel",
    "voxels",
)
_TIMES = ("s", "min", "h", "day", "days", "week", "weeks", "month", "months", "year", "years")
_AMOUNTS = (
    "mg",
    "g",
    "kg",
    "mmol",
    "mmHg",
    "cmH2O",
    "mmH2O",
    "Pa",
    "mPa",
    "K",
    "degC",
    "HU",
    "nats",
    "MiB",
    "GiB",
)
UNIT_PARTS = frozenset(_LENGTHS + _TIMES + _AMOUNTS)
"""Signs that a unit is built from; `1` alone is a plain number."""

_PART = re.compile(r"(?:10*)?([A-Za-z][A-Za-z0-9]*)(?:\^-?\d+)?")


_SUPERSCRIPTS = str.maketrans({"²": "2", "³": "3", "·": "*"})


def plain_unit(unit: str) -> str:
    """A unit in the one way that entries carry it: ``mm²`` reads ``mm2``."""
    return unit.translate(_SUPERSCRIPTS)


def unit_fault(unit: str) -> str:
    """What is wrong with a unit; empty where nothing is.

    Parts are joined by ``*`` and ``/``; a part may carry a power (``mm^4``) or a power of ten (``100g``).

    Examples
    --------
    >>> unit_fault("ml/100g/min"), unit_fault("mmHg*min/ml"), unit_fault("1/week"), unit_fault("1")
    ('', '', '', '')
    >>> unit_fault("mL/min")
    "unit part 'mL' is not known"
    """
    if unit == "1":
        return ""
    parts = re.split(r"[*/]", unit)
    for position, part in enumerate(parts):
        if position == 0 and re.fullmatch(r"10*", part) and len(parts) > 1:
            continue
        found = _PART.fullmatch(part)
        if found is None or found.group(1) not in UNIT_PARTS:
            return f"unit part '{part}' is not known"
    return ""
