"""How sure the owners are: volume of each child's brain by certainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from separatrix.body.anatomy.model import Anatomy
from separatrix.body.imaging.model import Structure
from separatrix.core import Twin

BANDS: tuple[tuple[float, float], ...] = ((0.99, 1.01), (0.95, 0.99), (0.8, 0.95), (0.5, 0.8))
"""Classes of certainty that are printed, from sure to unsure; the lower end belongs to the class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerCertainty:
    """Brain of one child by certainty of its owner."""

    twin: Twin
    brain_ml: float
    bands_ml: tuple[float, ...]
    """Volume in each of `BANDS`; they add up to `brain_ml`."""

    @property
    def unsure_ml(self) -> float:
        """Brain whose owner is less than 95 % sure. A share of the whole brain would make light of it."""
        return sum(self.bands_ml[2:])


def owner_certainty(anatomy: Anatomy) -> tuple[OwnerCertainty, ...]:
    """Certainty of the owner over the brain of each child; empty where there is no map."""
    if anatomy.ownership is None or anatomy.certainty is None:
        return ()
    owner, certainty = anatomy.ownership.array, anatomy.certainty.array
    brain = anatomy.tissue.array == Structure.BRAIN.value if anatomy.tissue is not None else owner > 0
    voxel_ml = anatomy.ownership.grid.voxel_volume_mm3 / 1000
    edges = np.array([low for low, _ in reversed(BANDS)] + [BANDS[0][1]])
    found = []
    for twin in Twin:
        # Rounded, so that 0.95 as float32 counts as 0.95.
        values = np.round(certainty[brain & (owner == twin.code)].astype(np.float64), 6)
        counts, _ = np.histogram(values, bins=edges)
        bands = tuple(float(n) * voxel_ml for n in reversed(counts.tolist()))
        found.append(OwnerCertainty(twin=twin, brain_ml=values.size * voxel_ml, bands_ml=bands))
    return tuple(found)
