"""A first guess of the interface: the surface of least cost through what looks like a gap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.columns import Columns, Mask, Singles
from separatrix.body.anatomy.evidence_maps import GapEvidence
from separatrix.body.anatomy.mincut import minimum_cut
from separatrix.evidence import EvidenceReader

Bytes = npt.NDArray[np.uint8]

_SEED_LAYER_MM = 4.0
"""The cut's seeds begin this far within the heights that the interface may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstCut:
    """The cut over the box of the columns."""

    side: Bytes
    """1 on A's side, 2 on B's."""
    cost: float


def first_cut(
    gaps: GapEvidence, inside: Mask, columns: Columns, paint: Bytes, *, evidence: EvidenceReader
) -> FirstCut:
    """Cut the box in two where it costs least.

    Parameters
    ----------
    inside
        Over the box: what lies within the skull.
    paint
        Over the box: 1 where the engineer painted A, 2 for B, 0 elsewhere; kept whatever it costs.
    """
    heights = columns.voxel_heights()
    spacing = columns.grid.spacing_mm
    limit = evidence.number("delineation.height_limit") - _SEED_LAYER_MM
    seeds = np.where(heights < -limit, 1, np.where(heights > limit, 2, 0)).astype(np.uint8)
    seeds = np.where(paint > 0, paint, seeds)
    reach = inside & (np.abs(heights) < limit + max(2.0, 2 * max(spacing)))  # a layer of seeds on any grid
    density = _density(gaps, evidence.number("delineation.floor"))
    cut = minimum_cut(density, spacing, seeds, inside=reach, full=True)
    side = cut.side.copy()
    side[(side == 0) & (heights < 0)] = 1
    side[(side == 0) & (heights >= 0)] = 2
    return FirstCut(side=np.where(paint > 0, paint, side).astype(np.uint8), cost=cut.cost)


def _density(gaps: GapEvidence, floor: float) -> Singles:
    told = gaps.at_voxels()
    density = floor + (1 - floor) / (1 + np.exp(np.clip(told, -20, 20)))
    return np.asarray(density, dtype=np.float32)


def crossing_heights(columns: Columns, side: Bytes, inside: Mask) -> Singles:
    """Height at which every column passes from A to B, shape (P, Q); NaN where it does not."""
    on_a = columns.sample(side == 1)
    within = columns.sample(inside) > 0.5
    cross = (on_a[..., :-1] > 0.5) & (on_a[..., 1:] <= 0.5) & within[..., :-1] & within[..., 1:]
    at = cross.argmax(-1)[..., None]
    low, high = np.take_along_axis(on_a, at, -1)[..., 0], np.take_along_axis(on_a, at + 1, -1)[..., 0]
    step = columns.levels_mm[1] - columns.levels_mm[0]
    height = columns.levels_mm[at[..., 0]] + step * (low - 0.5) / np.maximum(low - high, 1e-3)
    return np.where(cross.any(-1), height, np.nan).astype(np.float32)


def continued(values: Singles) -> Singles:
    """A map with its NaN replaced by the nearest value."""
    from scipy import ndimage as ndi

    index = ndi.distance_transform_edt(np.isnan(values), return_distances=False, return_indices=True)
    return np.asarray(values[tuple(index)], dtype=np.float32)
