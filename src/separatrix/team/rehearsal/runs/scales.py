"""How finely each column of a row is counted: its quantum for sums, its bins for quantiles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from separatrix.team.rehearsal.play.arrays import Floats, Ints
from separatrix.team.rehearsal.play.outputs import Layout

PER_OCTAVE = 64
"""Bins between a volume and its double: equal steps, so a bin is at most 1/64 of its lower edge wide."""

OCTAVES = 17
"""Volumes are told apart from 1 ml to 131 l."""

DAYS = 4
"""Minutes are told apart up to so many times the planned end."""

MOST_RUNS = 2**30
"""Rehearsals that are counted together: no sum can overflow before."""


class Scales(NamedTuple):
    """The scale of each of c columns. Bin 0 is below the first edge, the last bin above the last edge."""

    quantum: Floats
    """(c,) quanta in a unit, a power of two: sums are of whole quanta, and so exact."""
    low: Floats
    """(c,) first edge."""
    per_unit: Floats
    """(c,) bins in a unit; of volumes 0, as their bins grow with them."""
    whole: Ints
    """(c,) 1 where values are whole numbers, one bin for each."""
    first: Ints
    """(c + 1,) where the bins of each column begin."""


_WHOLE_BINS = 4096
_FINE = 2.0**20

_MINUTES = "minutes"
_VOLUME = (2.0**10, 1.0, 0.0, 0, PER_OCTAVE * OCTAVES)
_COUNT = (2.0**10, 0.0, 1.0, 1, _WHOLE_BINS)
_FRACTION = (_FINE, 0.0, 1024.0, 0, 2048)

_KINDS: dict[str, str | tuple[float, float, float, int, int]] = {
    **dict.fromkeys(
        (
            "separation_min",
            "circulations_part_min",
            "end_min",
            "crisis_min",
            "unrelieved_min",
            "waiting_min",
            "forced_arrival_min",
            "anaesthesia_min",
            "phase_end_min",
        ),
        _MINUTES,
    ),
    **dict.fromkeys(
        (
            "crises",
            "late",
            "nobody",
            "staged",
            "breaks_lost",
            "forced_status",
            "forced_missing_calls",
            "forced_missing_equipment",
            "forced_missing_stock",
            "returns",
            "returns_both",
            "reopen_nobody",
            "events",
            "stopped",
            "red_packs",
            "plasma_packs",
            "platelet_packs",
            "packs_short",
            "returned",
        ),
        _COUNT,
    ),
    **dict.fromkeys(("volume_lowest", "haematocrit_lowest", "clotting_lowest"), _FRACTION),
    "lost_ml": _VOLUME,
    "temperature_lowest_c": (_FINE, 0.0, 64.0, 0, 48 * 64),
    "potassium_highest_mmol_per_l": (_FINE, 0.0, 64.0, 0, 32 * 64),
    "log_weight": (_FINE, -64.0, 16.0, 0, 128 * 16),
}
"""Quantum, first edge, bins in a unit, whether whole, how many bins; by name without patient or phase."""


def scales_of(layout: Layout, *, planned_end_min: int) -> Scales:
    """Scales of the columns of a layout.

    Parameters
    ----------
    layout
        The columns.
    planned_end_min
        Planned end of the operation: minutes are told apart up to `DAYS` times that.

    Raises
    ------
    KeyError
        If a column has no scale.

    Examples
    --------
    >>> scales = scales_of(Layout(("A", "B"), ("induction",)), planned_end_min=1500)
    >>> int(scales.first[1] - scales.first[0])
    6002
    """
    minutes = (2.0**10, 0.0, 1.0, 0, DAYS * max(planned_end_min, 1))
    rows = []
    for name in layout.names:
        kind = _KINDS[_without_whom(name)]
        rows.append(minutes if isinstance(kind, str) else kind)
    quantum, low, per_unit, whole, bins = zip(*rows, strict=True)
    return Scales(
        quantum=np.array(quantum),
        low=np.array(low),
        per_unit=np.array(per_unit),
        whole=np.array(whole, np.int64),
        first=np.concatenate(([0], np.cumsum(np.array(bins, np.int64) + 2))),
    )


def is_whole(name: str) -> bool:
    """Whether a column holds whole numbers.

    Examples
    --------
    >>> is_whole("red_packs@A"), is_whole("end_min")
    (True, False)
    """
    kind = _KINDS[_without_whom(name)]
    return not isinstance(kind, str) and kind[3] == 1


def edges(scales: Scales, column: int) -> Floats:
    """Edges of the bins of a column: bin i lies between edges i and i + 1, the outer ones are infinite.

    Examples
    --------
    >>> edges(scales_of(Layout(("A",), ()), planned_end_min=1), 0).tolist()
    [-inf, 0.0, 1.0, 2.0, 3.0, 4.0, inf]
    """
    steps = np.arange(scales.first[column + 1] - scales.first[column] - 1)
    if scales.per_unit[column] > 0:
        inner = scales.low[column] + steps / scales.per_unit[column]
    else:
        inner = np.ldexp(1.0 + steps % PER_OCTAVE / PER_OCTAVE, steps // PER_OCTAVE)
    return np.concatenate(([-np.inf], inner, [np.inf]))


def _without_whom(name: str) -> str:
    return name.partition("@")[0].partition(":")[0]
