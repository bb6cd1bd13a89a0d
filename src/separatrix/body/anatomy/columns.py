"""Columns along the union axis: the frame in which the interface of the brains is a height."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.model import HeadFrame
from separatrix.core import DataMissingError, Fault, GeometryError, Grid, Twin
from separatrix.evidence import EvidenceReader

Reals = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Box = tuple[slice, slice, slice]

LEVEL_STEP_MM = 0.5
"""Distance of the levels at which a column is sampled: half a voxel of the usual grid."""

_BIN_MM = 1.0
"""Thickness of the slices whose areas show the waist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Parallel columns on a square lattice across the union axis, around the waist of the cavity."""

    grid: Grid
    box: Box
    """The part of the grid that holds the columns, ``[z, y, x]``."""
    axis: Reals
    """Unit vector from A to B, LPS."""
    across: Reals
    """Shape (2, 3): unit vectors of the lattice."""
    first_mm: tuple[float, float]
    """Position of column [0, 0] along both."""
    shape: tuple[int, int]
    step_mm: float
    middle_mm: float
    """Position of the waist along the axis; heights count from here, positive towards B."""
    levels_mm: Reals
    """Heights at which columns are sampled, ascending."""

    @property
    def positions_mm(self) -> Reals:
        """Places of all columns on their lattice, shape (P, Q, 2)."""
        one, two = (f + self.step_mm * np.arange(n) for f, n in zip(self.first_mm, self.shape, strict=True))
        return np.stack(np.meshgrid(one, two, indexing="ij"), axis=-1)

    def sample(self, array: npt.NDArray[np.generic]) -> Singles:
        """Values of a boxed array along all columns, linear between voxels, shape (P, Q, Z)."""
        from scipy import ndimage as ndi

        place = self.positions_mm
        flat = place[..., :1] * self.across[0] + place[..., 1:] * self.across[1]
        low = np.array([part.start for part in self.box], dtype=np.float64)
        foot = self.grid.mm_to_index(flat + self.middle_mm * self.axis) - low
        rise = self.grid.mm_to_index(self.axis) - self.grid.mm_to_index(np.zeros(3))
        at = foot[:, :, None, :] + self.levels_mm[:, None] * rise
        values = ndi.map_coordinates(
            array.astype(np.float32, copy=False), np.moveaxis(at, -1, 0), order=1, mode="nearest"
        )
        return np.asarray(values, dtype=np.float32)

    def voxel_heights(self) -> Singles:
        """Height of every voxel of the box above the waist (mm)."""
        return np.asarray(self._along(self.axis) - self.middle_mm, dtype=np.float32)

    def spread(self, per_column: npt.NDArray[np.floating]) -> Singles:
        """A value per column (P, Q) at every voxel of the box, linear between columns."""
        from scipy import ndimage as ndi

        at = [
            (self._along(axis) - first) / self.step_mm
            for axis, first in zip(self.across, self.first_mm, strict=True)
        ]
        found = ndi.map_coordinates(per_column.astype(np.float32), at, order=1, mode="nearest")
        return np.asarray(found, dtype=np.float32)

    def spread_levels(self, per_level: npt.NDArray[np.floating], where: Mask) -> Singles:
        """A value per column and level (P, Q, Z) at the voxels of a mask over the box, shape (N,)."""
        from scipy import ndimage as ndi

        index = np.argwhere(where) + np.array([part.start for part in self.box])
        place = self.grid.index_to_mm(index)
        at = [
            (place @ axis - first) / self.step_mm
            for axis, first in zip(self.across, self.first_mm, strict=True)
        ]
        at.append((place @ self.axis - self.middle_mm - self.levels_mm[0]) / LEVEL_STEP_MM)
        found = ndi.map_coordinates(per_level.astype(np.float32), at, order=1, mode="nearest")
        return np.asarray(found, dtype=np.float32)

    def _along(self, direction: Reals) -> Reals:
        """Position of every voxel of the box along a direction (mm)."""
        return along(self.grid, direction, self.box)


def along(grid: Grid, direction: Reals, box: Box) -> Reals:
    """Position of the voxels of a box along a unit vector, ``direction · x`` in mm, shape of the box."""
    rate = (grid.axes * np.asarray(grid.spacing_mm)).T @ direction
    z, y, x = (np.arange(part.start, part.stop, dtype=np.float64) for part in box)
    origin = float(np.asarray(grid.origin_mm) @ direction)
    found: Reals = z[:, None, None] * rate[2] + (y[:, None] * rate[1] + (x * rate[0] + origin))
    return found


def union_axis(frames: Mapping[Twin, HeadFrame]) -> Reals:
    """Unit vector from A to B along which the heads are joined.

    Raises
    ------
    DataMissingError
        If a head has no frame.
    GeometryError
        If the frames do not face each other, so that no side of the union can be told.
    """
    missing = [twin for twin in Twin if twin not in frames]
    if missing:
        raise DataMissingError(
            *(
                Fault(
                    field="imaging.landmarks",
                    problem=f"the head of {twin.value} has no frame",
                    expected="both tragions, the left orbitale and the nasion of each child",
                    mend="set the landmarks of both children; without them no owner can be told",
                )
                for twin in missing
            )
        )
    a, b = frames[Twin.A], frames[Twin.B]
    axis = a.superior - b.superior
    length = float(np.linalg.norm(axis))
    if length < _SHORTEST_DIFFERENCE or float((b.origin_mm - a.origin_mm) @ axis) <= 0:
        raise GeometryError(
            Fault(
                field="imaging.landmarks",
                problem="the crowns of A and B do not point towards each other",
                expected="heads joined at the vault",
                mend="look whether the landmarks of A and B are exchanged",
            )
        )
    return np.asarray(axis / length, dtype=np.float64)


_SHORTEST_DIFFERENCE = 1e-3
"""Length of the difference of two unit vectors below which it has no direction."""


def make_columns(
    inside: Mask, grid: Grid, frames: Mapping[Twin, HeadFrame], *, evidence: EvidenceReader
) -> Columns:
    """Lay columns over the waist of the cavity.

    Parameters
    ----------
    inside
        What lies within the skull of both children, shape of the grid.
    frames
        Of both heads.

    Raises
    ------
    DataMissingError, GeometryError
        As `union_axis`; also where nothing lies between the heads.
    """
    axis = union_axis(frames)
    whole = (slice(0, grid.shape[0]), slice(0, grid.shape[1]), slice(0, grid.shape[2]))
    height = along(grid, axis, whole)[inside]
    ends = [float(frames[twin].origin_mm @ axis) for twin in Twin]
    middle = _waist(height, ends, evidence.number("delineation.waist_share"))
    reach = evidence.number("delineation.reach")
    slab = np.zeros(grid.shape, dtype=np.bool_)
    slab[inside] = np.abs(height - middle) <= reach
    box = _box(slab)
    across = _lattice(axis)
    index = np.argwhere(slab & (np.abs(along(grid, axis, whole) - middle) < reach / 2))
    place = grid.index_to_mm(index) @ across.T
    step = max(1.0, float(min(grid.spacing_mm)))
    low = np.floor(place.min(0) / step) * step
    count = np.ceil((place.max(0) - low) / step).astype(int) + 1
    top = LEVEL_STEP_MM * np.floor(evidence.number("delineation.height_limit") / LEVEL_STEP_MM)
    return Columns(
        grid=grid,
        box=box,
        axis=axis,
        across=across,
        first_mm=(float(low[0]), float(low[1])),
        shape=(int(count[0]), int(count[1])),
        step_mm=step,
        middle_mm=middle,
        levels_mm=np.arange(-top, top + LEVEL_STEP_MM / 2, LEVEL_STEP_MM),
    )


def _waist(height: Reals, ends: list[float], share: float) -> float:
    """Where the cavity is narrowest between the heads; bins are laid so that A and B may be exchanged."""
    from scipy import ndimage as ndi

    centre, half = (ends[0] + ends[1]) / 2, (ends[1] - ends[0]) / 2
    bins = int(share * half / _BIN_MM)
    edges = centre + _BIN_MM * (np.arange(2 * bins + 2) - bins - 0.5)
    area = ndi.gaussian_filter1d(np.histogram(height, edges)[0].astype(np.float64), 3.0)
    if not area.min() > 0:
        raise GeometryError(
            Fault(
                field="imaging.labels",
                problem="no brain, CSF, dura or intracranial space joins the two heads between their ears",
                expected="one cavity that reaches from head to head",
                mend="paint the intracranial space of both children, through the union",
            )
        )
    narrow = np.flatnonzero(area <= area.min())
    return float(centre + _BIN_MM * (narrow.mean() - bins))


def _lattice(axis: Reals) -> Reals:
    """Two unit vectors across the axis that stay when it is turned round."""
    start = np.eye(3)[int(np.argmin(np.abs(axis)))]
    one = start - (start @ axis) * axis
    one /= np.linalg.norm(one)
    two = np.cross(axis, one)
    if two[int(np.argmax(np.abs(two)))] < 0:
        two = -two
    return np.stack([one, two])


def _box(mask: Mask) -> Box:
    spans = []
    for axis in range(3):
        at = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        spans.append(slice(int(at[0]), int(at[-1]) + 1))
    return spans[0], spans[1], spans[2]
