"""What the equations of the physiology say where they can be solved by hand, to check the engine.

The engine's own steps are in the ``*_kernel`` modules; the equations stand in
``docs/method/rehearsal-physiology.md``.
"""

from __future__ import annotations

import math


def mixing_time_constant_min(volume_a_ml: float, volume_b_ml: float, flow_ml_per_min: float) -> float:
    """Time in which the difference between two children's blood falls to 1/e, without loss.

    Parameters
    ----------
    volume_a_ml, volume_b_ml
        Blood volumes.
    flow_ml_per_min
        Gross flow from A to B, and as much back.

    Notes
    -----
    The evidence entry ``haemodynamics.mixing_time.example`` is its worked example.

    Examples
    --------
    >>> mixing_time_constant_min(640, 640, 50)
    6.4
    """
    return volume_a_ml * volume_b_ml / ((volume_a_ml + volume_b_ml) * flow_ml_per_min)


def mixed_concentrations(
    volumes_ml: tuple[float, float],
    concentrations: tuple[float, float],
    flow_ml_per_min: float,
    minutes: float,
) -> tuple[float, float]:
    """Concentrations of two children who exchange blood evenly and lose none.

    Examples
    --------
    >>> [round(x, 4) for x in mixed_concentrations((640, 640), (0.25, 0.35), 50, 6.4)]
    [0.2816, 0.3184]
    """
    (a, b), (x, y) = volumes_ml, concentrations
    mean = (a * x + b * y) / (a + b)
    left = math.exp(-minutes / mixing_time_constant_min(a, b, flow_ml_per_min))
    return mean + (x - mean) * left, mean + (y - mean) * left


def allowed_loss_ml(volume_ml: float, haematocrit_start: float, haematocrit_lowest: float) -> float:
    """Rule of thumb for the loss after which blood is given (maximum allowable blood loss).

    Notes
    -----
    Entries ``haemodynamics.allowed_loss.formula`` and ``haemodynamics.allowed_loss.example``. It is a
    line where `diluting_loss_ml` is a curve, and so allows less.

    Examples
    --------
    >>> round(allowed_loss_ml(400, 0.36, 0.25))
    122
    """
    return volume_ml * (haematocrit_start - haematocrit_lowest) / haematocrit_start


def diluted(start: float, lost_ml: float, volume_ml: float) -> float:
    """What is left of a concentration after a loss that was replaced by fluid all the while.

    Examples
    --------
    >>> round(diluted(1.0, 1.5 * 600, 600), 4)
    0.2231
    """
    return start * math.exp(-lost_ml / volume_ml)


def diluting_loss_ml(start: float, lowest: float, volume_ml: float) -> float:
    """Loss, replaced by fluid all the while, after which a concentration has fallen so far.

    Examples
    --------
    >>> round(diluting_loss_ml(0.36, 0.25, 400))
    146
    """
    return volume_ml * math.log(start / lowest)
