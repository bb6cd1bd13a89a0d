"""Intervals and quantiles of what was rehearsed."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from separatrix.evidence.formula import wilson_high, wilson_low
from separatrix.team.rehearsal.answers.model import Quantiles

Floats = npt.NDArray[np.float64]

Z95 = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""

LEVELS = (0.05, 0.10, 0.50, 0.90, 0.95)
"""Of `Quantiles`."""


def wilson(hits: int, runs: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share; 0 to 1 where nothing was run.

    Examples
    --------
    >>> [round(x, 3) for x in wilson(200, 200)]
    [0.981, 1.0]
    >>> wilson(0, 0)
    (0.0, 1.0)
    """
    if runs == 0:
        return 0.0, 1.0
    low = wilson_low(hits, runs) if hits > 0 else 0.0
    high = wilson_high(hits, runs) if hits < runs else 1.0
    return low, high


def mean_interval(count: int, total: float, squares: float) -> tuple[float, float, float] | None:
    """Mean and its 95 % interval from a count, a sum and a sum of squares; None of nothing.

    Examples
    --------
    >>> mean, low, high = mean_interval(4, 8.0, 18.0)
    >>> round(mean, 2), round(high - mean, 2)
    (2.0, 0.8)
    """
    if count == 0:
        return None
    mean = total / count
    if count == 1:
        return mean, -math.inf, math.inf
    variance = max(0.0, (squares - total * total / count) / (count - 1))
    half = Z95 * math.sqrt(variance / count)
    return mean, mean - half, mean + half


def interval_of(values: Floats) -> tuple[float, float, float] | None:
    """Mean and its 95 % interval of a column (n,)."""
    return mean_interval(len(values), float(values.sum()), float((values * values).sum()))


def quantiles_of(values: Floats) -> Quantiles | None:
    """Quantiles over the finite values (n,); None if the moment never came.

    Examples
    --------
    >>> quantiles_of(np.array([1.0, 2.0, 3.0, np.inf])).came
    0.75
    """
    came = values[np.isfinite(values)]
    if len(came) == 0:
        return None
    q05, q10, q50, q90, q95 = (float(q) for q in np.quantile(came, LEVELS))
    return Quantiles(q05=q05, q10=q10, q50=q50, q90=q90, q95=q95, came=len(came) / len(values))
