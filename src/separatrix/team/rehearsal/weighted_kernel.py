"""Compiled: weights of rehearsals drawn with larger numbers, added up exactly."""

from __future__ import annotations

import math
from typing import NamedTuple

import numba as nb
import numpy as np

from separatrix.team.rehearsal.arrays import Floats, Ints

WEIGHT_QUANTUM = 2.0**40
"""Quanta in a weight of 1."""

MOST_WEIGHT = 2.0**16
"""A larger weight is left out and counted as unfit: it alone would decide the estimate."""

LOW_WORD = np.uint64(0xFFFFFFFF)
WORD = np.uint64(32)


class Outcomes(NamedTuple):
    """Outcomes to look for: each when any of its columns passes the limit."""

    first: Ints
    """(e + 1,) where the columns of each begin."""
    column: Ints
    limit: Floats
    """(e,)"""
    above: Ints
    """(e,) 1: above the limit, 0: below."""


class WeightSums(NamedTuple):
    """Of e outcomes, and in the last row of all rehearsals; merging adds."""

    unfit: Ints
    """(1,) weights beyond `MOST_WEIGHT`, or no number."""
    hits: Ints
    """(e + 1,)"""
    weights: Ints
    """(e + 1, 2) quanta: low and high 32 bits of each, added up apart."""
    squares: Ints
    """(e + 1, 4) squared quanta, likewise."""


@nb.njit(cache=True, nogil=True)
def _add(weight, row, sums):  # type: ignore[no-untyped-def]
    sums.hits[row] += 1
    quanta = np.uint64(math.floor(weight * WEIGHT_QUANTUM + 0.5))
    low, high = quanta & LOW_WORD, quanta >> WORD  # high below 2^24
    sums.weights[row, 0] += np.int64(low)
    sums.weights[row, 1] += np.int64(high)
    # (high 2^32 + low)^2, its three products cut into words of 32 bits
    low_low, cross, high_high = low * low, np.uint64(2) * low * high, high * high
    sums.squares[row, 0] += np.int64(low_low & LOW_WORD)
    sums.squares[row, 1] += np.int64((low_low >> WORD) + (cross & LOW_WORD))
    sums.squares[row, 2] += np.int64((cross >> WORD) + (high_high & LOW_WORD))
    sums.squares[row, 3] += np.int64(high_high >> WORD)


@nb.njit(cache=True, nogil=True, error_model="numpy")  # a weight beyond all floats is inf, and unfit
def weigh_rows(rows, log_weight, defensive, outcomes, sums):  # type: ignore[no-untyped-def]
    """Add rehearsals of which a share `defensive` was drawn at the numbers as they are.

    `log_weight` is the column of the logarithm of p/q.
    """
    last = outcomes.limit.shape[0]
    for i in range(rows.shape[0]):
        weight = 1.0 / (defensive + (1.0 - defensive) * math.exp(-rows[i, log_weight]))
        if not weight < MOST_WEIGHT:
            sums.unfit[0] += 1
            continue
        _add(weight, last, sums)
        for e in range(last):
            for at in range(outcomes.first[e], outcomes.first[e + 1]):
                x = rows[i, outcomes.column[at]]
                hit = x > outcomes.limit[e] if outcomes.above[e] else x < outcomes.limit[e]
                if hit:
                    _add(weight, e, sums)
                    break
