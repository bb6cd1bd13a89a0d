"""The surface between the children as the owners give it: where it is, and its area."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.lattice import OFFSETS, crofton_weights, shifted
from separatrix.core import Grid

Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Box = tuple[slice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Neighbours of one direction, of which one may be A's and the other B's."""

    near: Box
    """Where the first voxel of each pair stands in the seam's box."""
    far: Box
    """Where the second stands."""
    across: npt.NDArray[np.int8]
    """+1 from A to B, -1 from B to A, 0 on one side."""
    area_mm2: float
    """Area that one pair stands for (Cauchy-Crofton: no staircase)."""
    step_mm: npt.NDArray[np.float64]
    """From the first voxel to the second, LPS, shape (3,)."""
    is_face: bool
    """Whether the two share a face."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seam:
    """Where A's tissue meets B's, in a box of the grid."""

    box: Box
    """Place of the box in the grid's arrays."""
    side: Bytes
    """1 or 2, of the box."""
    inside: Mask
    """The tissue looked at, of the box."""
    grid: Grid

    @classmethod
    def of(cls, side: Bytes, inside: Mask, grid: Grid, *, margin_mm: float = 0.0) -> Seam | None:
        """Find the seam; None where the children do not meet inside.

        Parameters
        ----------
        side, inside
            On the grid: 1 or 2 where there is tissue, and the tissue to look at.
        margin_mm
            Kept around it, so that distances near the seam can be measured in the box.
        """
        box = _bounds(side, inside, margin=int(np.ceil(margin_mm / min(grid.spacing_mm))) + 1)
        if box is None:
            return None
        return cls(box=box, side=side[box], inside=inside[box], grid=grid)

    def pairs(self) -> Iterator[Pairs]:
        """All pairs of neighbours, direction by direction (13, of which 3 share a face)."""
        weights = crofton_weights(self.grid.spacing_mm)
        origin = self.grid.index_to_mm((0, 0, 0))
        for offset, weight in zip(OFFSETS, weights, strict=True):
            near, far = shifted(self.side.shape, offset)
            across = self.side[far].astype(np.int8) - self.side[near].astype(np.int8)
            yield Pairs(
                near=near,
                far=far,
                across=across * (self.inside[near] & self.inside[far]),
                area_mm2=float(weight),
                step_mm=self.grid.index_to_mm(offset) - origin,
                is_face=sum(abs(o) for o in offset) == 1,
            )

    def points_mm(self) -> npt.NDArray[np.float64]:
        """Middles of the voxel faces between A and B, LPS mm, shape (n, 3)."""
        corner = np.array([s.start for s in self.box])
        found = []
        for pairs in self.pairs():
            if pairs.is_face:
                index = np.argwhere(pairs.across) + [s.start for s in pairs.near] + corner
                found.append(self.grid.index_to_mm(index) + pairs.step_mm / 2)
        return np.concatenate(found)

    def flat_area_mm2(self, where: Mask | None = None, *, both: bool = False) -> float:
        """Area of the largest shadow the seam casts on a plane.

        The length of the vector sum of all faces between A and B: folds cancel, so this is the flat
        opening that the seam fills, exact for voxels.

        Parameters
        ----------
        where
            Counts only pairs with a voxel of this mask (shape of the box).
        both
            Counts only pairs with both voxels in it.
        """
        total = np.zeros(3)
        for pairs in self.pairs():
            if pairs.is_face:
                width = float(np.linalg.norm(pairs.step_mm))
                counted = pairs.across
                if where is not None:
                    one, two = where[pairs.near], where[pairs.far]
                    counted = counted * ((one & two) if both else (one | two))
                face_mm2 = self.grid.voxel_volume_mm3 / width
                total += pairs.step_mm / width * face_mm2 * float(counted.sum(dtype=np.int64))
        return float(np.linalg.norm(total))


def _bounds(side: Bytes, inside: Mask, *, margin: int) -> Box | None:
    """Bounding box of the pairs across the seam."""
    low, high = np.array(side.shape), np.full(3, -1)
    for axis, offset in enumerate(((1, 0, 0), (0, 1, 0), (0, 0, 1))):
        near, far = shifted(side.shape, offset)
        meet = (side[near] != side[far]) & inside[near] & inside[far]
        for other in range(3):
            hit = np.flatnonzero(meet.any(axis=tuple(a for a in range(3) if a != other)))
            if hit.size:
                low[other] = min(low[other], hit[0])
                high[other] = max(high[other], hit[-1] + (other == axis))
    if high.max() < 0:
        return None
    return tuple(
        slice(max(0, int(a) - margin), min(n, int(b) + margin + 1))
        for a, b, n in zip(low, high, side.shape, strict=True)
    )
