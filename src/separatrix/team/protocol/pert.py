"""The beta-PERT distribution through three points, and its quantiles."""

from __future__ import annotations

from separatrix.team.protocol.model import Duration

_PEAK = 4.0
"""Weight of the mode against the two ends in PERT's mean, (low + 4 mode + high) / 6."""


def pert_quantile(duration: Duration, quantile: float) -> float:
    """Quantile of the beta-PERT distribution, in minutes.

    Parameters
    ----------
    duration
        Three points with ``low_min <= mode_min <= high_min``.
    quantile
        From 0 to 1.

    Examples
    --------
    >>> round(pert_quantile(Duration(low_min=60, mode_min=90, high_min=180), 0.5), 2)
    97.66
    >>> pert_quantile(Duration(low_min=30, mode_min=30, high_min=30), 0.9)
    30.0
    """
    low, mode, high = duration.low_min, duration.mode_min, duration.high_min
    if high <= low:
        return float(mode)
    from scipy.special import betaincinv

    rise = 1 + _PEAK * (mode - low) / (high - low)
    fall = 1 + _PEAK * (high - mode) / (high - low)
    return float(low + (high - low) * betaincinv(rise, fall, quantile))


def pert_mean(duration: Duration) -> float:
    """Mean of the beta-PERT distribution, in minutes.

    Examples
    --------
    >>> pert_mean(Duration(low_min=60, mode_min=90, high_min=180))
    100.0
    """
    return (duration.low_min + _PEAK * duration.mode_min + duration.high_min) / (2 + _PEAK)
