"""How full of blood each voxel is: from the mask, and from grey values where they tell more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from separatrix.body.vessels.model import Bools
from separatrix.body.vessels.sections import Field, Singles
from separatrix.body.vessels.skeleton import Piece
from separatrix.core import Volume

LEVEL_DEPTH_VOXELS = 1.4
"""Voxels at least this deep in a mask, and `LEVEL_DEPTH_MM`, show the full grey value of blood."""

LEVEL_DEPTH_MM = 1.4
"""Some three times the blur of a scanner (0.5 mm): nearer to the wall blood looks thinner than it is."""

_LEVEL_VOXELS = 12
"""So many are needed."""

_SURE_DEPTH_VOXELS = 1.6
"""Voxels at least this deep in the mask are full whatever their grey value."""

_RIM_VOXELS = 2.1
"""Grey values count up to this far from the mask."""

_AROUND_VOXELS = 2.5
"""Width (Gaussian) of the neighbourhood that tells the grey value beside a vessel."""

_EVEN = 0.12
"""Scatter beside a vessel, as a part of its contrast, above which grey values tell less than the mask: bone
and air lie there."""

_LEAST_CONTRAST = 4.0
"""Contrast of blood over the scatter around vessels that an image must have to be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lumen:
    """The vessels of one tree."""

    piece: Piece
    field: Field
    """How full each voxel is."""
    grey_share: float
    """Share of the rim where grey values were used."""
    level: float | None
    """Grey value of blood; None where no image tells it."""


def fill_lumen(piece: Piece, every_vessel: Bools, image: Volume | None) -> Lumen:
    """Tell how full each voxel in and around a mask is.

    A voxel that a wall runs through holds blood in the measure in which its grey value lies between that
    of what is beside the vessel and that of blood. The first is the mean of what is near and no vessel,
    the second the median deep inside the tree's wider vessels. Where what is near is uneven (bone, air),
    or no vessel is wide enough to show the value of blood, the mask alone tells.

    Parameters
    ----------
    every_vessel
        On the piece's box: voxels of any tree.
    image
        On the piece's grid, same lattice; None where there is no image with contrast.
    """
    pad = int(np.ceil(_RIM_VOXELS))
    mask = np.pad(piece.mask, pad)
    first = (piece.first[0] - pad, piece.first[1] - pad, piece.first[2] - pad)
    filling = mask.astype(np.float32)
    share, level = 0.0, None
    if image is not None:
        depth = np.pad(piece.depth_mm, pad) / np.float32(max(piece.grid.spacing_mm))
        least = max(LEVEL_DEPTH_VOXELS, LEVEL_DEPTH_MM / max(piece.grid.spacing_mm))
        level = _level(cut(image.array, first, mask.shape)[depth >= least])
    if image is not None and level is not None:
        grey = cut(image.array, first, mask.shape).astype(np.float32)
        share = _fill_rim(filling, grey, mask, np.pad(every_vessel, pad), depth, level)
    field = Field(filling=filling, first=first, grid=piece.grid)
    return Lumen(piece=piece, field=field, grey_share=share, level=level)


def cut(array: npt.NDArray[Any], first: tuple[int, int, int], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """A box of an array that may reach beyond it: there the border's values go on."""
    index = [
        np.clip(np.arange(f, f + n), 0, m - 1) for f, n, m in zip(first, shape, array.shape, strict=True)
    ]
    return array[np.ix_(*index)]


def _level(deep: npt.NDArray[Any]) -> float | None:
    return float(np.median(deep)) if len(deep) >= _LEVEL_VOXELS else None


def _fill_rim(
    filling: Singles, grey: Singles, mask: Bools, every_vessel: Bools, depth: Singles, level: float
) -> float:
    """Fill the rim by grey values, in place; the share of the rim where they could be used."""
    from scipy import ndimage

    outside = ndimage.distance_transform_edt(~mask).astype(np.float32)
    free = ndimage.distance_transform_edt(~every_vessel) > _RIM_VOXELS - 0.5
    weight = ndimage.gaussian_filter(free.astype(np.float32), _AROUND_VOXELS) + np.float32(1e-6)
    beside = ndimage.gaussian_filter(np.where(free, grey, 0).astype(np.float32), _AROUND_VOXELS) / weight
    square = ndimage.gaussian_filter(np.where(free, grey**2, 0).astype(np.float32), _AROUND_VOXELS) / weight
    scatter = np.sqrt(np.maximum(square - beside**2, 0))
    contrast = level - beside
    rim = (depth < _SURE_DEPTH_VOXELS) & (outside <= _RIM_VOXELS)
    good = rim & (weight > 0.02) & (contrast > 0) & (scatter <= _EVEN * contrast)
    good = ndimage.minimum_filter(good | ~rim, size=3) & rim
    filling[good] = np.clip((grey[good] - beside[good]) / contrast[good], -0.2, 1.2)
    wall = rim & mask
    return float((good & wall).sum()) / max(float(wall.sum()), 1.0)


def contrast_of(image: Volume, mask: Bools) -> float:
    """Contrast of a mask over the scatter around it; the image is on the mask's lattice."""
    from scipy import ndimage

    inner = ndimage.binary_erosion(mask)
    inner = inner if np.count_nonzero(inner) >= _LEVEL_VOXELS else mask
    around = ndimage.binary_dilation(mask, iterations=4) & ~ndimage.binary_dilation(mask, iterations=2)
    if not inner.any() or not around.any():
        return 0.0
    beside = image.array[around].astype(np.float64)
    middle = float(np.median(beside))
    scatter = 1.4826 * float(np.median(np.abs(beside - middle)))
    return (float(np.median(image.array[inner])) - middle) / max(scatter, 1e-9)


def has_contrast(value: float) -> bool:
    """Whether an image of such a `contrast_of` shows blood."""
    return value >= _LEAST_CONTRAST
