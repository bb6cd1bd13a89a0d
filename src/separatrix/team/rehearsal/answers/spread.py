"""Draws of the numbers a rehearsal rests on, over their ranges.

Each number is drawn from the PERT distribution of its low end, its value as the most likely, and its high
end; all at once by Latin hypercube: of n draws exactly one lies in each n-th of each number's distribution
(McKay, Beckman and Conover 1979). Every number has a random stream of its own, keyed by seed and id, so that
a number more or less changes none of the others.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from scipy import stats

from separatrix.core.seeds import generator
from separatrix.team.rehearsal.play.arrays import Floats
from separatrix.team.rehearsal.play.numbers import Numbers

PERT_WEIGHT = 4.0
"""Of the most likely value against each end in the mean."""

IN_ORDER = (("rehearsal.product.haematocrit_trigger", "rehearsal.product.haematocrit_target"),)
"""Pairs of which the first is never above the second: nobody orders up to less than orders start at."""


def pert_quantile(u: Floats, low: float, mode: float, high: float) -> Floats:
    """Quantiles (n,) of a PERT distribution at levels (n,).

    Examples
    --------
    >>> pert_quantile(np.array([0.0, 0.5, 1.0]), 0.0, 1.0, 2.0).round(6).tolist()
    [0.0, 1.0, 2.0]
    """
    span = high - low
    a = 1.0 + PERT_WEIGHT * (mode - low) / span
    b = 1.0 + PERT_WEIGHT * (high - mode) / span
    return cast("Floats", low + span * stats.beta.ppf(u, a, b))


def hypercube(numbers: Numbers, *, draws: int, seed: int) -> tuple[dict[str, float], ...]:
    """Values of every number that has a range, `draws` times.

    Parameters
    ----------
    numbers
        Numbers with ranges.
    draws
        How many.
    seed
        Of the draws.

    Returns
    -------
    tuple of dict
        For `Numbers.with_values`.
    """
    columns = {key: _column(numbers, key, draws, seed) for key in numbers.varied}
    for lower, upper in IN_ORDER:
        if lower in columns and upper in columns:
            both = np.sort([columns[lower], columns[upper]], axis=0)
            columns[lower], columns[upper] = both
    return tuple({key: float(column[i]) for key, column in columns.items()} for i in range(draws))


def _column(numbers: Numbers, key: str, draws: int, seed: int) -> Floats:
    stream = generator(seed, "assumptions", key, draws)
    levels = (stream.permutation(draws) + stream.random(draws)) / draws
    return pert_quantile(levels, numbers.low(key), numbers.value(key), numbers.high(key))
