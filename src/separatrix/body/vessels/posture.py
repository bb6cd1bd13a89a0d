"""Pressures at the level of the junction: each heart stands higher or lower by phase, and the table tilts."""

from __future__ import annotations

import math
from collections.abc import Mapping

from separatrix.core import Twin
from separatrix.evidence import EvidenceReader

TILTS_DEG = (-10.0, 10.0)
"""Tilts whose effect is shown; positive lifts A's heart and lowers B's."""


def column_mmHg_per_cm(evidence: EvidenceReader) -> float:
    """Pressure of one centimetre of blood."""
    return evidence.number("haemodynamics.hydrostatic.per_10_cm") / 10


def heart_over_junction_cm(
    scalar: Mapping[str, float], twin: Twin, phase: str, tilt_deg: float = 0.0
) -> float:
    """Height of a heart over the junction, after a tilt of the table about the junction."""
    rise = scalar["heart_to_junction"] * math.sin(math.radians(tilt_deg))
    level = scalar[f"heart_height.{phase}.{twin.value}"]
    return level + (rise if twin is Twin.A else -rise)


def at_junction_mmHg(pressure_at_heart_mmHg: float, height_cm: float, mmHg_per_cm: float) -> float:
    """Pressure that a column from the heart brings to the junction: higher where the heart stands higher.

    Examples
    --------
    >>> round(at_junction_mmHg(5.0, -10.0, 0.77), 2)
    -2.7
    """
    return pressure_at_heart_mmHg + mmHg_per_cm * height_cm
