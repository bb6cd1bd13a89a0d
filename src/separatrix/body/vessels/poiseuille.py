"""Resistance of a vessel from its calibre: Poiseuille, with the radius as it changes along the way."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from separatrix.body.vessels.model import Reals
from separatrix.evidence import EvidenceReader

PASCAL_PER_MMHG = 133.322
"""As in the evidence's own formula."""

RESISTANCE_FACTOR = 8 / math.pi * 1e6 / PASCAL_PER_MMHG / 6e7
"""mmHg min/ml per (mPa s · mm / mm⁴); ``flow.resistance_factor`` is the same to four digits."""


def inverse_fourth_power(length_mm: float, radius_mm: Sequence[float]) -> float:
    """Integral of ds/r⁴ along a vessel, exactly.

    Parameters
    ----------
    length_mm
        Length along the arc.
    radius_mm
        n ≥ 1 values > 0 equally spaced along the arc, linear between.

    Returns
    -------
    float
        In mm⁻³.

    Notes
    -----
    On a piece of length h whose radius goes from r to s the integral is h (r² + r s + s²) / (3 r³ s³). A mean
    radius would underestimate it.

    Examples
    --------
    >>> inverse_fourth_power(20.0, [1.0])
    20.0
    >>> round(inverse_fourth_power(3.0, [1.0, 2.0]), 6)
    0.875
    """
    radii = np.asarray(radius_mm, dtype=np.float64)
    if radii.size == 1:
        return float(length_mm / radii[0] ** 4)
    r, s = radii[:-1], radii[1:]
    pieces: Reals = (r * r + r * s + s * s) / (3 * r**3 * s**3)
    return float(length_mm / (radii.size - 1) * math.fsum(pieces))


def vessel_resistance(length_mm: float, radius_mm: Sequence[float], viscosity_mPa_s: float) -> float:
    """Resistance of a vessel in mmHg min/ml.

    Examples
    --------
    >>> round(vessel_resistance(20.0, [1.0], 3.0), 4)
    0.0191
    """
    return RESISTANCE_FACTOR * viscosity_mPa_s * inverse_fourth_power(length_mm, radius_mm)


def viscosity_ratio(evidence: EvidenceReader, haematocrit: float) -> float:
    """How much thicker blood is than at the reference haematocrit."""
    slope = evidence.number("flow.viscosity.haematocrit_slope")
    return math.exp(slope * (haematocrit - evidence.number("flow.viscosity.haematocrit_reference")))


def blood_viscosity_mPa_s(evidence: EvidenceReader, haematocrit: float | None) -> float:
    """Working viscosity of a child's blood; the reference value where the haematocrit is not known."""
    reference = evidence.number("flow.viscosity")
    return reference if haematocrit is None else reference * viscosity_ratio(evidence, haematocrit)
