"""Rare outcomes by importance sampling: the estimate, its interval, and when it is refused.

A part of the rehearsals is drawn at the numbers as they are, the rest with larger ones. Every rehearsal,
whichever part it is of, weighs ``p / (a p + (1 - a) q)``: how likely it is at the numbers as they are over
how likely it was in the mixture of both (Veach and Guibas 1995, *balance heuristic*; Hesterberg
1995, *defensive mixture*). No weight can exceed ``1 / a``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.team.rehearsal.answers.statistics import Z95

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LEAST_EFFECTIVE_HITS = 20.0
"""Below this the interval cannot be trusted and the estimate is refused."""

MEAN_WEIGHT_ERRORS = 4.0
"""The mean weight must be 1 within so many of its standard errors."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """An estimate, or why there is none."""

    estimate: float
    low: float
    high: float
    mean_weight: float
    effective_runs: float
    effective_hits: float
    refused: str


def mixture_weights(log_weight: Floats, defensive: float) -> Floats:
    """Weights (n,) from the logarithms (n,) of p/q, for a mixture with the share `defensive` of p.

    Examples
    --------
    >>> mixture_weights(np.array([0.0, np.log(100.0)]), 0.1).round(3).tolist()
    [1.0, 9.174]
    """
    return np.asarray(1.0 / (defensive + (1.0 - defensive) * np.exp(-log_weight)))


def weigh(weights: Floats, hit: Bools, defensive: int) -> Weighed:
    """Estimate the probability of an outcome, with a 95 % interval.

    Parameters
    ----------
    weights
        (n,) of `mixture_weights`; the first `defensive` of them drawn at the numbers as they are.
    hit
        (n,) whether the outcome came.
    defensive
        How many were drawn at the numbers as they are; the rest were drawn with larger ones.

    Returns
    -------
    Weighed
        The variance is that of the two parts taken separately. The interval is Wilson's for as many plain
        rehearsals as would have this variance: it stays between 0 and 1 and is not symmetric where hits are
        few.

    Examples
    --------
    >>> told = weigh(np.ones(1000), np.arange(1000) < 50, 100)
    >>> round(told.estimate, 3), told.refused
    (0.05, '')
    """
    n = len(weights)
    score = weights * hit
    estimate = float(score.mean())
    variance = _variance_of_mean(score, defensive)
    mean_weight = float(weights.mean())
    error = math.sqrt(_variance_of_mean(weights, defensive))
    effective_runs = _effective(weights)
    effective_hits = _effective(score)
    refused = ""
    if not hit.any():
        refused = f"it never came in {n} rehearsals"
    elif abs(mean_weight - 1.0) > MEAN_WEIGHT_ERRORS * max(error, 1e-12):
        refused = f"the mean weight is {mean_weight:.3f}, not 1; its error is {error:.3f}"
    elif effective_hits < LEAST_EFFECTIVE_HITS:
        refused = f"it came in {effective_hits:.1f} effective rehearsals, {LEAST_EFFECTIVE_HITS:g} are needed"
    low, high = _interval(estimate, variance)
    return Weighed(estimate, low, high, mean_weight, effective_runs, effective_hits, refused)


def _variance_of_mean(values: Floats, first: int) -> float:
    """Variance of the mean of two parts that were drawn separately."""
    total = 0.0
    for part in (values[:first], values[first:]):
        if len(part) > 1:
            total += len(part) * float(part.var(ddof=1))
    return total / len(values) ** 2


def _effective(weights: Floats) -> float:
    squares = float((weights * weights).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0.0 else 0.0


def _interval(estimate: float, variance: float) -> tuple[float, float]:
    if variance <= 0.0:
        return estimate, estimate
    runs = estimate * (1.0 - estimate) / variance
    z2 = Z95**2
    centre = (estimate + z2 / (2.0 * runs)) / (1.0 + z2 / runs)
    half = Z95 * math.sqrt(estimate * (1.0 - estimate) / runs + z2 / (4.0 * runs**2)) / (1.0 + z2 / runs)
    return max(0.0, centre - half), min(1.0, centre + half)
