"""Compiled: tallies of forced rehearsals.

Tallies are whole numbers (minutes in 1/256), so that adding them up in any order gives the same.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from separatrix.team.rehearsal.engine.engine_kernel import rehearse_forced
from separatrix.team.rehearsal.play.outputs import WHOLE

TICKS = 256
"""Of a minute."""

TALLIES = (
    "in_time",
    "late",
    "nobody",
    "arrivals",
    "arrival",
    "ends",
    "end",
    "end_squared",
    "separations",
    "separation",
    "separation_squared",
)
"""Columns of the tallies of a cell; sums in `TICKS`, squares in their squares."""

(_IN_TIME, _LATE, _NOBODY, _ARRIVALS, _ARRIVAL, _ENDS, _END, _END2, _SEPS, _SEP, _SEP2) = range(len(TALLIES))
_END_MIN = WHOLE.index("end_min")
_SEPARATION_MIN = WHOLE.index("separation_min")
_STATUS = WHOLE.index("forced_status")
_ARRIVAL_MIN = WHOLE.index("forced_arrival_min")
_MISSING = WHOLE.index("forced_missing_calls")


@nb.njit(cache=True, nogil=True)
def _ticks(minutes):  # type: ignore[no-untyped-def]
    return np.int64(np.floor(minutes * TICKS + 0.5))


@nb.njit(cache=True, nogil=True)
def _tally_missing(row, missing, first):  # type: ignore[no-untyped-def]
    """Add the bits of calls, equipment and stock that a forced response lacked, each to its own column."""
    for kind in range(3):
        bits = np.int64(row[_MISSING + kind])
        column = first[kind]
        while bits:
            if bits & 1:
                missing[column] += 1
            bits >>= 1
            column += 1


@nb.njit(cache=True, nogil=True)
def tally_forced(  # type: ignore[no-untyped-def]
    space, seed, first, short, cells, first_missing, rows, base, tallies, missing
):
    """Add the rehearsals `first` on, as many as `short` is long, each forced into every cell, to the tallies.

    ``short`` (count,) takes in how many cells of each somebody or something came late or not at all;
    ``space`` of `new_space`, one a thread; ``cells`` (q, 3) node, complication, patient, by node;
    ``first_missing`` (3,) column of ``missing`` at which calls, equipment and stock begin; ``rows`` and
    ``base`` (q, OUT) and (OUT,), room to work in; ``tallies`` (q, TALLIES), ``missing`` (q, all bits).
    """
    for run in range(len(short)):
        short[run] = 0
        rehearse_forced(space, seed, first + run, cells, rows, base)
        for i in range(len(cells)):
            row, told = rows[i], tallies[i]
            status = np.int64(row[_STATUS])
            if status == 0:
                continue
            told[_IN_TIME + status - 1] += 1
            short[run] += status >= 2
            if status == 3:
                _tally_missing(row, missing[i], first_missing)
            else:
                told[_ARRIVALS] += 1
                told[_ARRIVAL] += _ticks(row[_ARRIVAL_MIN])
            if np.isfinite(row[_END_MIN]) and np.isfinite(base[_END_MIN]):
                added = _ticks(row[_END_MIN] - base[_END_MIN])
                told[_ENDS] += 1
                told[_END] += added
                told[_END2] += added * added
            if np.isfinite(row[_SEPARATION_MIN]) and np.isfinite(base[_SEPARATION_MIN]):
                added = _ticks(row[_SEPARATION_MIN] - base[_SEPARATION_MIN])
                told[_SEPS] += 1
                told[_SEP] += added
                told[_SEP2] += added * added
