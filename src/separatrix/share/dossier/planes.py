"""Planes through the pair in patient directions, whatever the direction of the planning grid.

Every plane is drawn as radiologists hang it: the patient's right on the reader's left, the head up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from separatrix.core import Grid, Volume

Float = npt.NDArray[np.float64]
PlaneName = Literal["axial", "coronal", "sagittal"]

PLANES: tuple[PlaneName, ...] = ("axial", "coronal", "sagittal")

_NORMAL = {"sagittal": 0, "coronal": 1, "axial": 2}
_RIGHTWARD = {"axial": (1, 0, 0), "coronal": (1, 0, 0), "sagittal": (0, 1, 0)}
"""LPS direction of the picture's left-to-right."""
_DOWNWARD = {"axial": (0, 1, 0), "coronal": (0, 0, -1), "sagittal": (0, 0, -1)}
_LETTERS = {
    "axial": ("R", "L", "A", "P"),
    "coronal": ("R", "L", "S", "I"),
    "sagittal": ("A", "P", "S", "I"),
}
_MARGIN_MM = 6.0
"""Air drawn around the body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """A rectangle in LPS space."""

    name: PlaneName
    position_mm: float
    corner_mm: Float
    """LPS position of the picture's top left corner, shape (3,)."""
    width_mm: float
    height_mm: float

    @property
    def axis(self) -> str:
        """The LPS coordinate that is constant on the plane."""
        return "xyz"[_NORMAL[self.name]]

    @property
    def letters(self) -> tuple[str, str, str, str]:
        """Patient direction at the left, right, top and bottom edge."""
        return _LETTERS[self.name]

    def points(self, step_mm: float) -> Float:
        """Centres of square pixels of the given size, shape (rows, columns, 3), LPS mm."""
        columns = np.arange(0.5, self.width_mm / step_mm) * step_mm
        rows = np.arange(0.5, self.height_mm / step_mm) * step_mm
        right, down = np.array(_RIGHTWARD[self.name], float), np.array(_DOWNWARD[self.name], float)
        return np.asarray(self.corner_mm + rows[:, None, None] * down + columns[None, :, None] * right)


def body_box_mm(labels: Volume) -> tuple[Float, Float]:
    """Lowest and highest LPS corner of everything that is labelled; the whole grid where nothing is."""
    occupied = labels.array > 0
    spans = []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        hit = np.flatnonzero(occupied.any(axis=others))
        spans.append((hit[0], hit[-1]) if hit.size else (0, occupied.shape[axis] - 1))
    corners = np.array([[z, y, x] for z in spans[0] for y in spans[1] for x in spans[2]])
    points = labels.grid.index_to_mm(corners)
    return points.min(axis=0), points.max(axis=0)


def plane_through(name: PlaneName, position_mm: float, box: tuple[Float, Float]) -> Plane:
    """The plane of that kind at a position, cropped to a box of LPS corners with a little air."""
    low, high = box[0] - _MARGIN_MM, box[1] + _MARGIN_MM
    right, down = np.array(_RIGHTWARD[name]), np.array(_DOWNWARD[name])
    along = right + down
    corner = np.where(along > 0, low, high).astype(np.float64)
    corner[_NORMAL[name]] = position_mm
    size = high - low
    return Plane(
        name=name,
        position_mm=position_mm,
        corner_mm=corner,
        width_mm=float(size @ np.abs(right)),
        height_mm=float(size @ np.abs(down)),
    )


def positions(name: PlaneName, points_mm: Float, count: int) -> list[float]:
    """Positions that spread over a cloud of points (such as the interface), rounded to 1 mm.

    The outermost tenths are left out, where a plane would only graze it.
    """
    along = points_mm[:, _NORMAL[name]]
    shares = np.linspace(0.1, 0.9, count)
    return sorted({float(np.rint(p)) for p in np.quantile(along, shares)})


class Nearest:
    """Values of the voxels nearest to some points; several maps of one grid share the search.

    Parameters
    ----------
    grid
        Grid of the maps.
    points_mm
        LPS positions, shape (..., 3).
    """

    def __init__(self, grid: Grid, points_mm: Float) -> None:
        index = np.rint(grid.mm_to_index(points_mm)).astype(np.int32)
        self._grid = grid
        self._inside = np.all((index >= 0) & (index < grid.shape), axis=-1)
        clipped = np.moveaxis(np.clip(index, 0, np.array(grid.shape, np.int32) - 1), -1, 0)
        self._flat = np.ravel_multi_index(tuple(clipped), grid.shape)

    def of(self, volume: Volume) -> npt.NDArray[Any]:
        """Values of a map on the grid, 0 outside it; shape of the points without their last axis."""
        assert volume.array.shape == self._grid.shape
        values = np.ascontiguousarray(volume.array).ravel()[self._flat]
        values[~self._inside] = 0
        return np.asarray(values)


def sample_nearest(volume: Volume, points_mm: Float) -> npt.NDArray[Any]:
    """Values of the nearest voxels, 0 outside the grid; shape of `points_mm` without its last axis."""
    return Nearest(volume.grid, points_mm).of(volume)


def sample_linear(volume: Volume, points_mm: Float) -> npt.NDArray[np.float32]:
    """Trilinear values; outside the grid the nearest edge value."""
    from scipy import ndimage

    index = np.moveaxis(volume.grid.mm_to_index(points_mm), -1, 0)
    values = ndimage.map_coordinates(volume.array, index, order=1, mode="nearest", output=np.float32)
    return np.asarray(values, dtype=np.float32)


def interface_points_mm(side: Volume, codes: tuple[int, int] = (1, 2)) -> Float:
    """LPS midpoints of neighbouring voxels that belong to different children, shape (N, 3).

    Parameters
    ----------
    side
        Map with one code per child, such as `Separatrix.side` or an owner map.
    codes
        The two codes.
    """
    first, second = side.array == codes[0], side.array == codes[1]
    found = []
    for axis in range(3):
        low = tuple(slice(None, -1) if a == axis else slice(None) for a in range(3))
        high = tuple(slice(1, None) if a == axis else slice(None) for a in range(3))
        meets = (first[low] & second[high]) | (second[low] & first[high])
        index = np.argwhere(meets).astype(np.float64)
        index[:, axis] += 0.5
        found.append(index)
    return _to_mm(side.grid, np.concatenate(found))


def _to_mm(grid: Grid, index: Float) -> Float:
    return grid.index_to_mm(index) if len(index) else np.zeros((0, 3))
