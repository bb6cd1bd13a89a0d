"""Watertight meshes of voxel masks, as large as the voxels they stand for.

A mask is padded, blurred lightly and contoured by marching cubes. Blurring shrinks what is thin, so
the level of the contour is chosen such that the mesh holds the volume of the voxels: with it a
one-voxel vessel keeps its calibre and a body its millilitres.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.lattice import bounding_box
from separatrix.body.surface.model import Mesh
from separatrix.core import Grid

Mask = npt.NDArray[np.bool_]

BLUR_VOXELS = 0.8
"""Standard deviation of the blur: takes the steps of the voxels, keeps what is two voxels thick."""
_STEPS = 3
"""Secant steps for the level; each contours once."""
_VOLUME_TOLERANCE = 1e-3
"""Relative error of the volume at which the level is good enough."""


def signed_volume_mm3(mesh: Mesh) -> float:
    """Volume inside a closed mesh, positive where the normals point outward."""
    corners = mesh.vertices_mm[mesh.faces] - mesh.vertices_mm.mean(axis=0)
    return float(np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6)


def triangle_areas_mm2(mesh: Mesh) -> npt.NDArray[np.float64]:
    """Area of every triangle, shape (F,)."""
    a, b, c = np.moveaxis(mesh.vertices_mm[mesh.faces], 1, 0)
    return np.asarray(np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2, dtype=np.float64)


def contour(field: npt.NDArray[np.float32], level: float, grid: Grid, corner: tuple[int, ...]) -> Mesh:
    """Marching cubes of a field in LPS mm.

    Parameters
    ----------
    field
        Values on a part of the grid, shape [z, y, x]; inside is above the level.
    level
        Value of the contour.
    grid
        The grid that `field` is a part of.
    corner
        Index ``(z, y, x)`` of the part's first voxel in the grid.

    Returns
    -------
    Mesh
        Normals point to lower values.
    """
    from skimage.measure import marching_cubes

    march: Any = marching_cubes  # scikit-image has no types
    vertices, faces, _, _ = march(field, level, allow_degenerate=False)
    mirrored = float(np.linalg.det(grid.axes)) < 0
    # marching cubes winds for (z, y, x) the way (x, y, z) needs it; a mirrored grid turns it round
    faces = faces[:, ::-1] if mirrored else faces
    placed = grid.index_to_mm(vertices.astype(np.float64) + np.asarray(corner))
    return Mesh(vertices_mm=placed, faces=np.ascontiguousarray(faces, dtype=np.int64))


def solid(mask: Mask, grid: Grid, *, blur_voxels: float = BLUR_VOXELS) -> Mesh:
    """A watertight mesh with the volume of a mask's voxels.

    Parameters
    ----------
    mask
        Voxels inside, shape of the grid.
    grid
        Where they are.
    blur_voxels
        Standard deviation of the blur.

    Returns
    -------
    Mesh
        Watertight, normals outward; without triangles where the mask is empty.
    """
    if not mask.any():
        return Mesh(vertices_mm=np.zeros((0, 3)), faces=np.zeros((0, 3), dtype=np.int64))
    field, corner = _blurred(mask, blur_voxels)
    return _of_volume(field, grid, corner, float(mask.sum()) * grid.voxel_volume_mm3)


def _blurred(mask: Mask, blur_voxels: float) -> tuple[npt.NDArray[np.float32], tuple[int, ...]]:
    from scipy.ndimage import gaussian_filter

    box = bounding_box(mask, 0)
    pad = int(np.ceil(3 * blur_voxels)) + 1
    field = np.pad(mask[box].astype(np.float32), pad)
    field = gaussian_filter(field, blur_voxels, mode="constant", truncate=3.0)
    return field, tuple(s.start - pad for s in box)


def _of_volume(field: npt.NDArray[np.float32], grid: Grid, corner: tuple[int, ...], wanted: float) -> Mesh:
    """Contour at the level where the mesh holds `wanted` mm³."""
    # the count of voxels above a level is the volume but for its steps: a good first guess
    count = max(1, round(wanted / grid.voxel_volume_mm3))
    level = _level_of_count(field, count)
    lower, upper = 0.0, float(field.max())
    mesh = contour(field, level, grid, corner)
    for _ in range(_STEPS):
        volume = signed_volume_mm3(mesh)
        if abs(volume - wanted) <= _VOLUME_TOLERANCE * wanted:
            break
        area = float(triangle_areas_mm2(mesh).sum())
        slope = area * _mean_step_mm(field, level, grid)
        if volume < wanted:
            upper = level
        else:
            lower = level
        stepped = level + (volume - wanted) / slope
        level = stepped if lower < stepped < upper else (lower + upper) / 2
        mesh = contour(field, level, grid, corner)
    return mesh


def _level_of_count(field: npt.NDArray[np.float32], count: int) -> float:
    """A level with about `count` voxels above it, away from values the field takes often."""
    values = field[field > 1e-3]
    count = min(count, values.size - 1)
    level = float(np.partition(values, values.size - count - 1)[values.size - count - 1])
    return min(max(level, 0.05), 0.9) + 1.7e-5


def _mean_step_mm(field: npt.NDArray[np.float32], level: float, grid: Grid) -> float:
    """How far the contour moves, in mm, per unit of level: one over the mean slope of the field."""
    near = np.abs(field - level) < 0.15
    slopes = np.gradient(field)
    z, y, x = (g[near] / s for g, s in zip(slopes, grid.spacing_mm[::-1], strict=True))
    return 1.0 / max(float(np.sqrt(z**2 + y**2 + x**2).mean()), 1e-3)


def flattened(mesh: Mesh, tolerance_mm: float) -> Mesh:
    """A solid with fewer triangles whose surface moved by less than a tolerance; still a solid."""
    return from_manifold(as_manifold(mesh).simplify(tolerance_mm))


def thinned(mesh: Mesh, triangles: int) -> Mesh:
    """A mesh for looking at, with at most about so many triangles (quadric edge collapse)."""
    import fast_simplification

    if len(mesh.faces) <= triangles:
        return mesh
    points, faces = fast_simplification.simplify(
        mesh.vertices_mm, mesh.faces.astype(np.int32), target_count=triangles
    )
    return Mesh(vertices_mm=np.asarray(points, dtype=np.float64), faces=np.asarray(faces, dtype=np.int64))


def as_manifold(mesh: Mesh) -> Any:
    """A ``manifold3d.Manifold`` around the mesh's centre (which its single precision needs).

    Raises
    ------
    ValueError
        If the mesh is not a closed, consistently wound surface.
    """
    import manifold3d

    data = manifold3d.Mesh64(
        vert_properties=np.ascontiguousarray(mesh.vertices_mm),
        tri_verts=np.ascontiguousarray(mesh.faces, dtype=np.uint64),
    )
    body = manifold3d.Manifold(data)
    if body.status() != manifold3d.Error.NoError:
        raise ValueError(f"the mesh is not a solid: {body.status()}")
    return body


def from_manifold(body: Any) -> Mesh:
    """The mesh of a ``manifold3d.Manifold``."""
    data = body.to_mesh64()
    return Mesh(
        vertices_mm=np.asarray(data.vert_properties, dtype=np.float64)[:, :3],
        faces=np.asarray(data.tri_verts, dtype=np.int64),
    )
