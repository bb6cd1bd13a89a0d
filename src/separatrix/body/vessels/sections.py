"""Cross-sections of a vessel, perpendicular to its course: area and centre, finer than the voxels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.vessels.model import Bools, Reals
from separatrix.core import Grid

Singles = npt.NDArray[np.float32]

RAYS = 24
"""Directions in which a section is walked outward."""

_STEP_VOXELS = 0.25
"""Distance of samples along a ray."""

_RISE = 0.2
"""A filling that, having fallen, rises by more than this on the way out is a neighbour's."""

_ASTRAY = 1.6
"""A ray this many times as long as the section's median ray, and a voxel more, runs into a branch or a
neighbour."""

_BLOCK = 2_000
"""Sections computed together."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """How full of blood each place is, 0 to 1, from the mask or from grey values."""

    filling: Singles
    """A cut-out of the grid; outside it nothing is."""
    first: tuple[int, int, int]
    """Index (z, y, x) of its first voxel in the grid."""
    grid: Grid

    @property
    def voxel_mm(self) -> float:
        """Smallest spacing."""
        return min(self.grid.spacing_mm)

    def at(self, points_mm: Reals) -> Singles:
        """Value at places (..., 3), linear between voxels."""
        from scipy import ndimage

        index = self.grid.mm_to_index(points_mm) - self.first
        flat = np.moveaxis(index, -1, 0).reshape(3, -1)
        values = ndimage.map_coordinates(self.filling, flat, order=1, mode="constant", prefilter=False)
        return np.asarray(values, dtype=np.float32).reshape(points_mm.shape[:-1])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sections:
    """Sections at n places of a vessel."""

    area_mm2: Reals
    """(n,) of the lumen, from the rays that end at its wall."""
    shift_mm: Reals
    """(n, 3) from the place to the section's centre."""
    closed: Reals
    """(n,) share of rays that end at the vessel's own wall."""

    @property
    def radius_mm(self) -> Reals:
        """(n,) of a circle of the same area."""
        return np.asarray(np.sqrt(self.area_mm2 / np.pi), dtype=np.float64)


def measure_sections(field: Field, points_mm: Reals, tangents: Reals, reach_mm: Reals) -> Sections:
    """Measure the sections of a vessel.

    From each place rays go out in the perpendicular plane. Along each the filling is added up (times the
    distance: an area in polar coordinates) until it has fallen and then ends or rises again. So a voxel that
    the wall runs through counts for the part that is full, and a neighbour beyond a valley counts not.

    Parameters
    ----------
    points_mm
        (n, 3).
    tangents
        (n, 3) unit vectors along the vessel.
    reach_mm
        (n,) how far to look.
    """
    blocks = [
        _measure(field, points_mm[i : i + _BLOCK], tangents[i : i + _BLOCK], reach_mm[i : i + _BLOCK])
        for i in range(0, len(points_mm), _BLOCK)
    ]
    if not blocks:
        none = np.empty(0)
        return Sections(area_mm2=none, shift_mm=np.empty((0, 3)), closed=none)
    return Sections(
        area_mm2=np.concatenate([b.area_mm2 for b in blocks]),
        shift_mm=np.concatenate([b.shift_mm for b in blocks]),
        closed=np.concatenate([b.closed for b in blocks]),
    )


def _measure(field: Field, points_mm: Reals, tangents: Reals, reach_mm: Reals) -> Sections:
    step = _STEP_VOXELS * field.voxel_mm
    radial = np.asarray(
        (np.arange(max(4, int(np.ceil(reach_mm.max() / step)))) + 0.5) * step, dtype=np.float64
    )
    across = perpendiculars(tangents)
    angle = 2 * np.pi * np.arange(RAYS) / RAYS
    rays = np.cos(angle)[:, None] * across[:, None, 0] + np.sin(angle)[:, None] * across[:, None, 1]
    places = points_mm[:, None, None] + rays[:, :, None] * radial[:, None]
    filling = field.at(places).astype(np.float64)
    counted, closed = _own(filling, radial, reach_mm)
    own = filling * counted
    sector = (own * radial).sum(axis=2) * step  # twice the area over the angle, halved below
    length = np.sqrt(2 * np.maximum(sector, 0))
    usual = np.median(np.where(closed, length, np.nan), axis=1) if closed.all() else _median(length, closed)
    good = closed & (length <= _ASTRAY * usual[:, None] + field.voxel_mm)
    number = np.maximum(good.sum(axis=1), 1)
    area = np.where(good, sector, 0).sum(axis=1) / number * 2 * np.pi
    moment = (own * radial**2).sum(axis=2) * step
    kept = good.all(axis=1)
    shift = np.einsum("nr,nrc->nc", np.where(kept[:, None], moment, 0), rays) * (2 * np.pi / RAYS)
    shift /= np.maximum(area, step**2)[:, None]
    return Sections(area_mm2=area, shift_mm=shift, closed=good.mean(axis=1))


def _median(length: Reals, closed: Bools) -> Reals:
    """Median of the closed rays of each section; infinite where there is none."""
    filled = np.sort(np.where(closed, length, np.inf), axis=1)
    middle = np.maximum(closed.sum(axis=1) - 1, 0) // 2
    return np.asarray(filled[np.arange(len(filled)), middle], dtype=np.float64)


def _own(filling: Reals, radial: Reals, reach_mm: Reals) -> tuple[Bools, Bools]:
    """Samples that belong to the vessel itself, and rays that end at its wall."""
    fallen = np.cumsum(filling < 0.5, axis=2) > 0
    lowest = np.minimum.accumulate(np.where(fallen, filling, 1.0), axis=2)
    over = np.cumsum(fallen & (filling > lowest + _RISE), axis=2) > 0
    inside = np.asarray(radial[None, None, :] <= reach_mm[:, None, None])
    closed = np.asarray((fallen & inside).any(axis=2))
    return np.asarray(~over & inside), closed


def perpendiculars(tangents: Reals) -> Reals:
    """Two unit vectors perpendicular to each tangent and to one another, shape (n, 2, 3)."""
    least = np.argmin(np.abs(tangents), axis=1)
    helper = np.eye(3)[least]
    first = np.cross(tangents, helper)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return np.stack([first, np.cross(tangents, first)], axis=1)
