"""Making a pair's data as awkward as hospitals send them; the truth stays the same."""

from __future__ import annotations

import numpy as np

from separatrix.body.phantom.model import Bytes, PairOptions, Reals
from separatrix.core import Grid, Volume, generator

_TURN_DEG = 6.0
"""Most by which the child lay turned between the two scans, about each axis."""

_SHIFT_MM = 9.0
"""Most by which the child lay shifted between the two scans, along each axis."""

_RAGGED_MM = 0.9
"""How far a border drawn in a hurry strays, standard deviation per axis."""


def thick(volume: Volume, slice_mm: float) -> Volume:
    """The same image in thick axial slices: each the mean over its thickness."""
    grid = volume.grid
    spacing = grid.spacing_mm[2]
    count = max(int(grid.shape[0] * spacing / slice_mm), 1)
    summed = np.concatenate([np.zeros((1, *grid.shape[1:])), np.cumsum(volume.array, axis=0, dtype=float)])
    edges = np.arange(count + 1) * slice_mm / spacing
    low = np.minimum(edges.astype(int), grid.shape[0] - 1)
    part = (edges - low)[:, None, None]
    at_edges = summed[low] * (1 - part) + summed[low + 1] * part
    slices = np.diff(at_edges, axis=0) / (slice_mm / spacing)
    x, y, z = grid.origin_mm
    return Volume(
        np.rint(slices).astype(volume.array.dtype),
        Grid(
            shape=(count, *grid.shape[1:]),
            spacing_mm=(*grid.spacing_mm[:2], slice_mm),
            origin_mm=(x, y, z + (slice_mm - spacing) / 2),
            direction=grid.direction,
            frame_id=grid.frame_id,
        ),
    )


def motion(options: PairOptions) -> Reals:
    """The rigid motion (4 × 4, LPS mm) from the pair's frame to that of a moved T1."""
    random = generator(options.seed, "phantom", "motion")
    x, y, z = np.radians(random.uniform(-_TURN_DEG, _TURN_DEG, 3))
    about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = about_z @ about_y @ about_x
    matrix[:3, 3] = random.uniform(-_SHIFT_MM, _SHIFT_MM, 3)
    return matrix


def moved(volume: Volume, matrix: Reals) -> Volume:
    """The image as scanned after the heads moved: what was at p is now at ``matrix`` · p."""
    from scipy import ndimage as ndi

    grid = volume.grid
    spacing, origin = np.asarray(grid.spacing_mm), np.asarray(grid.origin_mm)
    back = np.linalg.inv(matrix)
    linear = back[:3, :3] * spacing[None] / spacing[:, None]
    offset = (back[:3, :3] @ origin + back[:3, 3] - origin) / spacing
    array = ndi.affine_transform(
        volume.array.astype(np.float32), linear[::-1, ::-1], offset[::-1], order=1, mode="constant"
    )
    return volume.like(np.rint(array).astype(volume.array.dtype))


def ragged(labels: Bytes, seed: int, spacing_mm: float) -> Bytes:
    """A label map with rough borders: each voxel takes the label of a place a little way off."""
    from scipy import ndimage as ndi

    random = generator(seed, "phantom", "ragged")
    index = []
    for axis, count in enumerate(labels.shape):
        stray = ndi.gaussian_filter(random.standard_normal(labels.shape, dtype=np.float32), 1.0 / spacing_mm)
        stray *= np.float32(_RAGGED_MM / spacing_mm) / stray.std()
        here = np.arange(count).reshape([-1 if a == axis else 1 for a in range(3)])
        index.append(np.clip(np.rint(here + stray).astype(np.int16), 0, count - 1))
    return np.asarray(labels[tuple(index)])
