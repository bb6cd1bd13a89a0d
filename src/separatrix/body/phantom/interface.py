"""The interface of the two brains: how high it lies over each column, and where they adhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.phantom.model import PairOptions, Reals, Singles
from separatrix.core import Grid, generator

Mask = npt.NDArray[np.bool_]

BAND_MM = 56.0
"""Depth over which the flattening of a vault fades out."""

_SOFT_MM = 2.0
"""Rounding of the rim where two vaults begin to touch."""

_CONTACT_EXCESS_MM = 0.5
"""Where this rounding widens the gap by less than this, the brains count as in contact."""

_GYRUS_MM = 3.2
"""Smoothing (standard deviation) that gives the heights the run of gyri and sulci, some 10 mm apart."""

_FADE_MM = 12.0
"""How far beyond the contact (in missing overlap) the heights fade to nothing."""

_STEEPEST = 2.5
"""Most by which the film is widened along z."""

_PATCH_SMOOTH = 0.467
"""Smoothing over the width of a patch: a fifth to a half of such noise stands in runs about that wide."""

_NOISE_HALF_MM = 150
"""Half width of the square on which heights and patches are drawn, so that they do not depend on the grid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """The interface over the columns of a grid; all arrays [y, x], heights in LPS z mm."""

    middle: Reals
    """Height of the interface, continued beyond the contact."""
    gap: Reals
    """Width of the gap between the two hulls, mm."""
    surface: Reals
    """Shape (2, y, x): flattened height of A's and B's hull."""
    displacement: Reals
    """Shape (2, y, x): unflattened height minus flattened height."""
    contact: Mask
    """Columns where the brains lie against each other."""
    adherent: Reals
    """0 to 1: how far a column belongs to an adherent patch."""
    overlap: Reals
    """How far the unflattened hulls reach over each other, negative where they stay apart."""


def column_heights(phi: Singles, origin_z: float, spacing: float, sign: int) -> Reals:
    """Height at which a column leaves the hull: upward for A (`sign` 1), downward for B (-1).

    Columns that miss the hull fall away steeply from the nearest one that meets it.
    """
    from scipy import ndimage as ndi

    column = phi if sign > 0 else phi[::-1]
    inside = column < 0
    meets = inside.any(0)
    last = phi.shape[0] - 1 - np.argmax(inside[::-1], axis=0)
    last = np.minimum(last, phi.shape[0] - 2)
    here = np.take_along_axis(column, last[None], 0)[0]
    after = np.take_along_axis(column, last[None] + 1, 0)[0]
    index = last + here / np.minimum(here - after, -1e-6)
    if sign < 0:
        index = phi.shape[0] - 1 - index
    height = origin_z + spacing * index
    away, (j, i) = ndi.distance_transform_edt(~meets, return_indices=True)
    filled = height[j, i] - sign * 1.5 * spacing * away
    return np.asarray(ndi.gaussian_filter(filled, 2.0 / spacing))


def lay_interface(
    options: PairOptions, grid: Grid, top_a: Reals, bottom_b: Reals, gap_mm: float
) -> Interface:
    """Lay the interface between two overlapping hulls.

    Parameters
    ----------
    options
        Seed, heights and adherence asked for.
    grid
        Axis-parallel; only its columns count.
    top_a, bottom_b
        Unflattened heights of the hulls, shape (y, x), mm.
    gap_mm
        Width of the fluid film where the brains do not adhere.
    """
    overlap = top_a - bottom_b
    rounding = (np.sqrt(overlap**2 + _SOFT_MM**2) - overlap) / 2
    contact = _largest(rounding < _CONTACT_EXCESS_MM)
    plain = (top_a + bottom_b) / 2
    fade = np.clip(1 + overlap / _FADE_MM, 0, 1)
    relief = _relief(options, grid, plain, contact) * fade * fade * (3 - 2 * fade)
    middle = plain + relief
    adherent = _patches(options, grid, contact)
    # The film is as wide as asked for across the interface; along z it is wider where that is steep.
    steep = np.hypot(*np.gradient(middle, grid.spacing_mm[0]))
    upright = np.minimum(np.sqrt(1 + steep**2), _STEEPEST)
    gap = (rounding + gap_mm * upright) * (1 - adherent)
    surface = np.stack([middle - gap / 2, middle + gap / 2])
    return Interface(
        middle=_continued(middle, surface, overlap, contact),
        gap=gap,
        surface=surface,
        displacement=np.stack([top_a, bottom_b]) - surface,
        contact=contact,
        adherent=adherent,
        overlap=overlap,
    )


def _continued(middle: Reals, surface: Reals, overlap: Reals, contact: Mask) -> Reals:
    """The interface; far from the contact it passes into the contact's plane, between the hulls."""
    j, i = np.nonzero(contact)
    columns = np.stack([i, j, np.ones(len(i))], 1)
    plane = np.linalg.lstsq(columns, middle[contact], rcond=None)[0]
    jj, ii = np.mgrid[: middle.shape[0], : middle.shape[1]]
    flat = plane[0] * ii + plane[1] * jj + plane[2]
    near = np.clip((overlap + 2 * _FADE_MM) / _FADE_MM, 0, 1)
    blend = flat + (middle - flat) * near * near * (3 - 2 * near)
    room = np.minimum(1.0, (surface[1] - surface[0]) / 2)
    return np.asarray(np.clip(blend, surface[0] + room, surface[1] - room))


def relief_sd_mm(height: Reals, contact: Mask, spacing: float) -> float:
    """Standard deviation of a height map about its best plane over the contact."""
    return float(_off_plane(height, contact, spacing).std())


def _off_plane(height: Reals, contact: Mask, spacing: float) -> Reals:
    j, i = np.nonzero(contact)
    columns = np.stack([i * spacing, j * spacing, np.ones(len(i))], 1)
    plane = np.linalg.lstsq(columns, height[contact], rcond=None)[0]
    return np.asarray(height[contact] - columns @ plane)


def _relief(options: PairOptions, grid: Grid, plain: Reals, contact: Mask) -> Reals:
    """Random heights, scaled so that the whole interface has the standard deviation asked for."""
    raw = _noise(options, grid, _GYRUS_MM, "gyri")
    raw = raw - raw[contact].mean()
    spacing = grid.spacing_mm[0]
    u, v = _off_plane(plain, contact, spacing), _off_plane(raw, contact, spacing)
    # var(u + s v) = sd², solved for s > 0; what the smooth part alone brings is little.
    a, b = float(v @ v), 2 * float(u @ v)
    c = float(u @ u) - options.height_sd_mm**2 * len(u)
    factor = (-b + np.sqrt(max(b * b - 4 * a * c, 0.0))) / (2 * a)
    return np.asarray(factor * raw)


def _patches(options: PairOptions, grid: Grid, contact: Mask) -> Reals:
    """Adherent patches: the highest values of a smooth noise, as many as asked for, with soft edges."""
    if options.adherent_fraction == 0:
        return np.zeros(grid.shape[1:])
    noise = _noise(options, grid, _PATCH_SMOOTH * options.patch_mm, "patches")
    limit = np.quantile(noise[contact], 1 - options.adherent_fraction)
    slope = np.hypot(*np.gradient(noise, grid.spacing_mm[0])) + 1e-3
    depth_mm = (noise - limit) / np.maximum(slope, 0.02)
    return np.asarray(np.where(contact, np.clip(depth_mm / 0.5 + 0.5, 0, 1), 0.0))


def _noise(options: PairOptions, grid: Grid, smooth_mm: float, purpose: str) -> Reals:
    """Smooth noise of unit variance over the grid's columns, the same in the world for any grid."""
    from scipy import ndimage as ndi

    random = generator(options.seed, "phantom", purpose)
    count = 2 * _NOISE_HALF_MM + 1
    field = ndi.gaussian_filter(random.standard_normal((count, count)), smooth_mm, mode="wrap")
    field /= field.std()
    j = (grid.origin_mm[1] + grid.spacing_mm[1] * np.arange(grid.shape[1])) + _NOISE_HALF_MM
    i = (grid.origin_mm[0] + grid.spacing_mm[0] * np.arange(grid.shape[2])) + _NOISE_HALF_MM
    at = np.stack(np.meshgrid(j, i, indexing="ij"))
    return np.asarray(ndi.map_coordinates(field, at, order=1, mode="grid-wrap"))


def _largest(mask: Mask) -> Mask:
    from scipy import ndimage as ndi

    labels, count = ndi.label(mask)
    if count < 2:
        return mask
    sizes = ndi.sum_labels(mask, labels, range(1, count + 1))
    return np.asarray(labels == 1 + int(np.argmax(sizes)))
