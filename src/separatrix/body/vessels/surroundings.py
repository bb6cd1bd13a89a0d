"""What vessels run in: the seam between the children, the wall of the skull, brain and whose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy import Anatomy, HeadFrame
from separatrix.body.imaging import Structure
from separatrix.body.vessels.model import Reals
from separatrix.core import DataMissingError, Fault, Grid, Owner, Twin

Singles = npt.NDArray[np.float32]

_STEP_MM = 2.0
"""Spacing of the lattice on which distances from seam and skull are computed."""

_BALL_MM = 3.0
"""Radius in which brain voxels vote on the owner of a vessel's end."""

FAR_MM = 1e3
"""Distance from what is nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surroundings:
    """What lies where, for any point of the reference frame."""

    frames: Mapping[Twin, HeadFrame]
    grid: Grid
    """Of `toward_b_mm` and `wall_mm`."""
    toward_b_mm: Singles
    """Signed distance from the seam, negative on A's side."""
    wall_mm: Singles
    """Distance from the skull, or from what else encloses the brain; `FAR_MM` where nothing is labelled."""
    brain: npt.NDArray[np.uint8]
    """Owner of brain voxels, 0 elsewhere."""
    brain_grid: Grid

    def seam_distance_mm(self, points_mm: Reals) -> Reals:
        """Signed distance of points (n, 3) from the seam, negative on A's side."""
        return self._sampled(self.toward_b_mm, points_mm)

    def wall_distance_mm(self, points_mm: Reals) -> Reals:
        """Distance of points (n, 3) from the skull's inside."""
        return self._sampled(self.wall_mm, points_mm)

    def _sampled(self, field: Singles, points_mm: Reals) -> Reals:
        from scipy import ndimage

        index = self.grid.mm_to_index(points_mm).T
        return np.asarray(ndimage.map_coordinates(field, index, order=1, mode="nearest"), dtype=np.float64)

    def twin_at(self, point_mm: Reals) -> Twin:
        """Whose side a point lies on, by the seam."""
        return Twin.A if self.seam_distance_mm(point_mm[None])[0] < 0 else Twin.B

    def brain_near(self, point_mm: Reals, within_mm: float) -> tuple[Owner, float]:
        """Whose brain is nearest to a point, and how far: by the votes of a small ball around the nearest.

        `Owner.NONE` and `FAR_MM` where none is within reach.
        """
        reach = np.ceil((within_mm + _BALL_MM) / np.array(self.brain_grid.spacing_mm[::-1])).astype(int)
        middle = np.rint(self.brain_grid.mm_to_index(point_mm)).astype(int)
        low, high = np.maximum(middle - reach, 0), np.minimum(middle + reach + 1, self.brain.shape)
        if (low >= high).any():
            return Owner.NONE, FAR_MM
        box = self.brain[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
        index = np.argwhere(box > 0)
        if not len(index):
            return Owner.NONE, FAR_MM
        far = np.linalg.norm(self.brain_grid.index_to_mm(index + low) - point_mm, axis=1)
        nearest = float(far.min())
        if nearest > within_mm:
            return Owner.NONE, FAR_MM
        votes = np.bincount(box[tuple(index[far <= nearest + _BALL_MM].T)], minlength=3)
        return (Owner.A if votes[Twin.A.code] >= votes[Twin.B.code] else Owner.B), nearest

    def height_mm(self, point_mm: Reals, twin: Twin) -> float:
        """Height of a point over a child's Frankfurt plane."""
        frame = self.frames[twin]
        return float((point_mm - frame.origin_mm) @ frame.superior)


def survey(anatomy: Anatomy) -> Surroundings:
    """Lay out what vessels run in.

    Raises
    ------
    DataMissingError
        If the anatomy has no maps (it was given by hand, or the union is refused).
    """
    if anatomy.ownership is None or anatomy.tissue is None:
        raise DataMissingError(
            Fault(problem="there are no maps of whose is what", expected="the anatomy of scans")
        )
    owner, tissue, grid = anatomy.ownership.array, anatomy.tissue.array, anatomy.ownership.grid
    stride = tuple(max(1, round(_STEP_MM / s)) for s in grid.spacing_mm[::-1])
    thin = tuple(slice(None, None, s) for s in stride)
    coarse = _thinned(grid, stride)
    far = {twin: _distance(owner[thin] == twin.code, coarse) for twin in Twin}
    wall = next(
        (
            tissue[thin] == code
            for code in (Structure.SKULL, Structure.DURA, Structure.SCALP)
            if (tissue == code).any()
        ),
        np.zeros_like(owner[thin], dtype=np.bool_),
    )
    return Surroundings(
        frames=anatomy.frames,
        grid=coarse,
        toward_b_mm=far[Twin.A] - far[Twin.B],
        wall_mm=_distance(wall, coarse),
        brain=np.where(tissue == Structure.BRAIN, owner, 0).astype(np.uint8),
        brain_grid=grid,
    )


def _thinned(grid: Grid, stride: tuple[int, ...]) -> Grid:
    z, y, x = (-(-n // s) for n, s in zip(grid.shape, stride, strict=True))
    sx, sy, sz = (d * s for d, s in zip(grid.spacing_mm, stride[::-1], strict=True))
    return Grid(shape=(z, y, x), spacing_mm=(sx, sy, sz), origin_mm=grid.origin_mm, direction=grid.direction)


def _distance(mask: npt.NDArray[np.bool_], grid: Grid) -> Singles:
    from scipy import ndimage

    if not mask.any():
        return np.full(mask.shape, FAR_MM, dtype=np.float32)
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=grid.spacing_mm[::-1]), dtype=np.float32)
