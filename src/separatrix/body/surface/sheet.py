"""The cut as a smooth sheet, cut off at the skin, and as a thin solid for printing.

The sheet is the zero contour of a signed distance to the cut: half a voxel before the first voxel of
each side, blurred by one voxel, so that the steps of the lattice vanish and areas come out without
bias.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.lattice import SIDE_A, SIDE_B, bounding_box, interface
from separatrix.body.surface.model import Mesh
from separatrix.body.surface.solids import contour, triangle_areas_mm2
from separatrix.core import Grid

Reals = npt.NDArray[np.float32]

BLUR_VOXELS = 1.0
"""Standard deviation of the blur of the signed distance."""
_SKIN_BLUR_VOXELS = 0.8
_MARGIN_VOXELS = 8
"""How far beyond the cut the fields reach."""
_SMALLEST_PIECE_MM2 = 4.0
"""Loose flakes of sheet below this area are noise of the labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetFields:
    """Where the cut and the skin are, on the box of the grid around the cut."""

    distance_mm: Reals
    """Signed distance to the cut: positive on A's side."""
    depth_mm: Reals
    """Signed distance to the body's outside, positive inside, right near the skin only."""
    corner: tuple[int, int, int]
    """Index ``(z, y, x)`` of the box's first voxel."""


def sheet_fields(side: npt.NDArray[np.uint8], grid: Grid) -> SheetFields:
    """Signed distances around the interface of a labelling with sides 1 and 2."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    box = bounding_box(interface(side), _MARGIN_VOXELS)
    part = side[box]
    sampling = grid.spacing_mm[::-1]
    to_a, to_b = (distance_transform_edt(part != code, sampling=sampling) for code in (SIDE_A, SIDE_B))
    half = 0.5 * min(grid.spacing_mm)  # the planning grid is isotropic
    signed = np.where(part == SIDE_A, to_b - half, np.where(part == SIDE_B, half - to_a, to_b - to_a))
    distance = gaussian_filter(signed.astype(np.float32), BLUR_VOXELS, mode="nearest")
    body = gaussian_filter((part > 0).astype(np.float32), _SKIN_BLUR_VOXELS, mode="nearest")
    # a blurred step rises by 1 / (σ √2π) per voxel where it passes one half
    depth = (body - 0.5) * (_SKIN_BLUR_VOXELS * np.sqrt(2 * np.pi) * min(grid.spacing_mm))
    corner = (box[0].start, box[1].start, box[2].start)
    return SheetFields(distance_mm=distance, depth_mm=depth.astype(np.float32), corner=corner)


def open_sheet(fields: SheetFields, grid: Grid) -> Mesh:
    """The cut as an open surface that ends at the skin; normals point to B's side."""
    from scipy.ndimage import map_coordinates

    whole = contour(fields.distance_mm, 0.0, grid, fields.corner)
    at = grid.mm_to_index(whole.vertices_mm) - np.asarray(fields.corner)
    depth = map_coordinates(fields.depth_mm, at.T, order=1, mode="nearest")
    return without_flakes(clipped(whole, depth))


def thin_solid(fields: SheetFields, grid: Grid, thickness_mm: float) -> Mesh:
    """The cut as a watertight body of even thickness, at least two voxels of it."""
    half = max(thickness_mm / 2, 0.75 * max(grid.spacing_mm))
    field = np.minimum(half - np.abs(fields.distance_mm), fields.depth_mm)
    padded = np.pad(field, 1, constant_values=-1.0)
    corner = tuple(c - 1 for c in fields.corner)
    return contour(padded, 0.0, grid, corner)


def clipped(mesh: Mesh, value: npt.NDArray[np.float64]) -> Mesh:
    """The part of a mesh where a value per vertex is positive, cut along the zero line.

    Parameters
    ----------
    mesh
        Any triangle mesh.
    value
        Shape (V,).
    """
    value = np.where(value == 0, 1e-9, value)  # no vertex on the line itself: no slivers without area
    inside = value > 0
    count = inside[mesh.faces].sum(axis=1)
    kept = [mesh.faces[count == 3]]
    extra: dict[tuple[int, int], int] = {}
    points: list[npt.NDArray[np.float64]] = []

    def crossing(i: int, j: int) -> int:
        key = (min(i, j), max(i, j))
        if key not in extra:
            a, b = key
            t = value[a] / (value[a] - value[b])
            extra[key] = len(mesh.vertices_mm) + len(points)
            points.append(mesh.vertices_mm[a] + t * (mesh.vertices_mm[b] - mesh.vertices_mm[a]))
        return extra[key]

    new: list[tuple[int, int, int]] = []
    for face in mesh.faces[(count == 1) | (count == 2)]:
        odd = int(np.flatnonzero(inside[face] == (inside[face].sum() == 1))[0])
        p, q, r = (int(face[(odd + k) % 3]) for k in range(3))
        pq, pr = crossing(p, q), crossing(p, r)
        new += [(p, pq, pr)] if inside[p] else [(pq, q, r), (pq, r, pr)]
    kept.append(np.asarray(new, dtype=np.int64).reshape(-1, 3))
    vertices = np.vstack([mesh.vertices_mm, np.asarray(points).reshape(-1, 3)])
    return compact(Mesh(vertices_mm=vertices, faces=np.concatenate(kept)))


def compact(mesh: Mesh) -> Mesh:
    """The same triangles without vertices that none of them uses."""
    used, faces = np.unique(mesh.faces, return_inverse=True)
    return Mesh(vertices_mm=mesh.vertices_mm[used], faces=faces.reshape(-1, 3).astype(np.int64))


def without_flakes(mesh: Mesh) -> Mesh:
    """A mesh without its pieces of less area than a few voxels."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(mesh.faces):
        return mesh
    a, b, c = mesh.faces.T
    ends = (np.concatenate([a, b]), np.concatenate([b, c]))
    count = len(mesh.vertices_mm)
    links = coo_array((np.ones(len(ends[0])), ends), shape=(count, count))
    _, piece = connected_components(links, directed=False)
    area = np.bincount(piece[a], triangle_areas_mm2(mesh))
    return compact(
        Mesh(vertices_mm=mesh.vertices_mm, faces=mesh.faces[area[piece[a]] >= _SMALLEST_PIECE_MM2])
    )
