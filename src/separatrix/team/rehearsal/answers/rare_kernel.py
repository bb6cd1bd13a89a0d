"""Compiled: which causes strike in a rehearsal, and how likely that was under two sets of numbers."""

from __future__ import annotations

import math

import numba as nb

from separatrix.team.rehearsal.engine.philox_kernel import CAUSE, uniforms

MOST_STRIKES = 3
"""Of a count, at most so many strikes are drawn: the last stands for itself and all more."""


@nb.njit(cache=True, nogil=True)
def strike_probability(number, is_count, strikes):  # type: ignore[no-untyped-def]
    """Probability of so many strikes of a cause: 0 or 1 of a probability, 0 to `MOST_STRIKES` of a count."""
    if not is_count:
        return number if strikes == 1 else 1.0 - number
    term, below = math.exp(-number), 0.0
    for k in range(strikes):
        below += term
        term *= number / (k + 1)
    return 1.0 - below if strikes == MOST_STRIKES else term


@nb.njit(cache=True, nogil=True)
def _strikes(number, is_count, u):  # type: ignore[no-untyped-def]
    if not is_count:
        return 1 if u < number else 0
    term = math.exp(-number)
    reached = term
    for k in range(MOST_STRIKES):
        if u < reached:
            return k
        term *= number / (k + 1)
        reached += term
    return MOST_STRIKES


@nb.njit(cache=True, nogil=True)
def strikes_of(number, is_count, seed, first, struck):  # type: ignore[no-untyped-def]
    """Strikes of each cause (x,) drawn at `number` in rehearsals `first` on: ``struck`` (n, x)."""
    for i in range(len(struck)):
        for cause in range(len(number)):
            u = uniforms(seed, first + i, cause, CAUSE)[0]
            struck[i, cause] = _strikes(number[cause], is_count[cause], u)


@nb.njit(cache=True, nogil=True)
def log_ratios(number, drawn, is_count, struck, ratios):  # type: ignore[no-untyped-def]
    """Logarithm of how likely strikes (n, x) are at `number` over how likely at `drawn`: ``ratios`` (n,)."""
    for i in range(len(struck)):
        total = 0.0
        for cause in range(len(number)):
            if number[cause] != drawn[cause]:
                k = struck[i, cause]
                total += math.log(
                    strike_probability(number[cause], is_count[cause], k)
                    / strike_probability(drawn[cause], is_count[cause], k)
                )
        ratios[i] = total
