"""The radius of a vessel along its course, its doubt, and the cross-check by volume over length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from separatrix.body.vessels.centreline import (
    REACH_RADII,
    REACH_VOXELS,
    STEP_VOXELS,
    Fine,
    arc_mm,
    resampled,
    tangents_of,
)
from separatrix.body.vessels.model import Bools, Reals
from separatrix.body.vessels.sections import Field, measure_sections

_SMOOTH_VOXELS = 2.0
"""Width (Gaussian) over which areas are averaged along a vessel, else `_SMOOTH_RADII`."""

_SMOOTH_RADII = 0.8

_MEDIAN = 11
"""Neighbouring sections whose median tells what is usual."""

_STRAY = 4.0
"""Sections this many (robust) standard deviations from what is usual there are left out."""

_LEAST_CLOSED = 0.5
"""Share of a section's rays that must end at the vessel's own wall."""

_TREND_MM = 12.0
"""Length of clean course that tells how the calibre goes on into a junction."""

_MOST_TREND = 0.15
"""Most that a radius is let change, as a part of it, where it is continued into a junction."""

_LEAST_VOXELS = 0.25
"""No radius is told as less than this."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """Radius along a course."""

    points_mm: Reals
    """(n, 3), equally spaced from end to end."""
    radius_mm: Reals
    """(n,)."""
    clean: Bools
    """(n,) measured there; elsewhere continued from where it was."""
    scatter_mm: float
    """Standard error of the mean radius, from the scatter of sections."""


def measure_profile(fine: Fine, field: Field) -> Profile:
    """Measure the radius along a course.

    Sections are measured where no junction disturbs them, their areas averaged along the course (areas,
    since a mask's error is of area), and continued into the junctions by the trend of the nearest clean
    stretch: inside its parent's lumen a branch has no section of its own.
    """
    step = STEP_VOXELS * field.voxel_mm
    points = resampled(fine.course.points_mm, step)
    along = arc_mm(points)
    clean = (along >= fine.clean_mm[0] - 1e-9) & (along <= fine.clean_mm[1] + 1e-9)
    if not clean.any():
        clean[len(clean) // 2] = True
    inner = np.flatnonzero(clean)
    reach = REACH_RADII * fine.rough_mm + REACH_VOXELS * field.voxel_mm
    found = measure_sections(field, points[inner], tangents_of(points)[inner], np.full(len(inner), reach))
    area = np.where(found.closed >= _LEAST_CLOSED, found.area_mm2, np.nan)
    floor = np.pi * (_LEAST_VOXELS * field.voxel_mm) ** 2
    if np.isnan(area).all():
        radius = np.full(len(points), max(fine.rough_mm, _LEAST_VOXELS * field.voxel_mm))
        return Profile(
            points_mm=points, radius_mm=radius, clean=np.zeros_like(clean), scatter_mm=fine.rough_mm
        )
    known = np.flatnonzero(~np.isnan(area))
    area = np.maximum(np.interp(np.arange(len(area)), known, area[known]), floor)
    smooth = _averaged(area, max(_SMOOTH_VOXELS * field.voxel_mm, _SMOOTH_RADII * fine.rough_mm) / step)
    radius_inner = np.sqrt(smooth / np.pi)
    residual = np.sqrt(area / np.pi) - radius_inner
    independent = max(1.0, (along[inner[-1]] - along[inner[0]]) / (2 * float(radius_inner.mean())))
    return Profile(
        points_mm=points,
        radius_mm=_continued(along, inner, radius_inner),
        clean=clean,
        scatter_mm=float(residual.std() / np.sqrt(independent)),
    )


def _averaged(area: Reals, width: float) -> Reals:
    """Strays out, then a weighted fit of a line along the course: no bias where the calibre tapers."""
    from scipy import ndimage

    usual = ndimage.median_filter(area, size=min(_MEDIAN, len(area)), mode="nearest")
    off = np.abs(area - usual)
    calm = np.where(
        off <= _STRAY * 1.4826 * max(float(np.median(off)), 0.02 * float(np.median(area))), area, usual
    )
    if len(area) < 3:
        return np.asarray(np.full(len(area), calm.mean()))
    place = np.arange(len(area), dtype=np.float64)
    reach = int(np.ceil(3 * width))
    weight = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)

    def summed(values: Reals) -> Reals:
        return np.asarray(np.convolve(values, weight)[reach : reach + len(area)])

    one = np.ones(len(area))
    w, wx, wxx = summed(one), summed(place), summed(place**2)
    wy, wxy = summed(calm), summed(place * calm)
    centre = wx / w
    spread = wxx - w * centre**2
    slope = (wxy - centre * wy) / (spread + w * width**2)  # held back where little tells it
    fitted = wy / w + slope * (place - centre)
    return np.asarray(np.clip(fitted, 0.5 * calm.min(), None))


def _continued(along: Reals, inner: np.ndarray[tuple[int], np.dtype[np.intp]], radius: Reals) -> Reals:
    """Radius over the whole course from that of its clean part."""
    whole = np.interp(along, along[inner], radius)
    for here, beyond in ((inner[0], np.arange(inner[0])), (inner[-1], np.arange(inner[-1] + 1, len(along)))):
        if not len(beyond):
            continue
        near = np.abs(along[inner] - along[here]) <= _TREND_MM
        x, y = along[inner][near] - along[here], radius[near]
        slope = float(np.polyfit(x, y, 1)[0]) if np.ptp(x) > _TREND_MM / 3 else 0.0
        start = float(whole[here])
        change = np.clip(slope * (along[beyond] - along[here]), -_MOST_TREND * start, _MOST_TREND * start)
        whole[beyond] = start + change
    return np.asarray(whole, dtype=np.float64)


def volume_radii_mm(profiles: list[Profile], mask: Bools, field: Field) -> list[float]:
    """Radius of each vessel by its volume over its length, where it is clean; NaN where nothing is.

    Every voxel of the mask counts to the course whose point is nearest.

    Parameters
    ----------
    mask
        In the box of `field`.
    """
    from scipy.spatial import cKDTree

    if not profiles:
        return []
    points = np.concatenate([p.points_mm for p in profiles])
    index = np.argwhere(mask) + np.array(field.first)
    nearest = cKDTree(points).query(field.grid.index_to_mm(index), workers=1)[1]
    counts = np.bincount(nearest, minlength=len(points)) * field.grid.voxel_volume_mm3
    found, first = [], 0
    for profile in profiles:
        n = len(profile.points_mm)
        clean = np.flatnonzero(profile.clean)[1:-1]  # the outermost also hold what lies beyond
        step = arc_mm(profile.points_mm)[-1] / max(n - 1, 1)
        volume = float(counts[first : first + n][clean].sum())
        found.append(float(np.sqrt(volume / (np.pi * step * len(clean)))) if len(clean) else float("nan"))
        first += n
    return found
