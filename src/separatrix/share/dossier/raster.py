"""A small depth-buffer renderer: the same bytes on every run, no graphics driver needed.

Orthographic, one lamp at the reader's eye, smooth shading. Translucent parts show their front
surface; per pixel, parts are laid over each other from back to front.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.surface.model import Mesh
from separatrix.share.dossier.pictures import rgb

Float = npt.NDArray[np.float64]

BACKGROUND = "#f4f2ee"

_AMBIENT = 0.35
"""Share of a colour that shows where the surface is seen edge-on."""
_SUPERSAMPLING = 2
"""Pixels drawn per pixel kept, along each edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Where the reader stands. Unit vectors in LPS; `up` is made perpendicular to `towards`."""

    towards: Float
    """From the pair to the reader, shape (3,)."""
    up: Float
    centre_mm: Float
    half_width_mm: float
    half_height_mm: float

    def axes(self) -> Float:
        """Rows: the picture's right, its up, and towards the reader; shape (3, 3)."""
        towards = self.towards / np.linalg.norm(self.towards)
        right = np.cross(self.up, towards)
        right /= np.linalg.norm(right)
        return np.stack([right, np.cross(towards, right), towards])

    def to_picture(self, points_mm: Float) -> Float:
        """Right, up and towards, in mm from the centre; shape (..., 3)."""
        return np.asarray((points_mm - self.centre_mm) @ self.axes().T)


def render(parts: Sequence[tuple[Mesh, str, float]], view: View, *, height_px: int) -> npt.NDArray[np.uint8]:
    """Draw parts (mesh, colour, opacity).

    Returns
    -------
    ndarray, shape (height, width, 3)
        Red, green, blue.
    """
    rows = height_px * _SUPERSAMPLING
    scale = rows / (2 * view.half_height_mm)
    columns = round(height_px * view.half_width_mm / view.half_height_mm) * _SUPERSAMPLING
    from separatrix.share.dossier.raster_kernel import fill

    depths, shades = [], []
    for mesh, _, _ in parts:
        depth = np.full((rows, columns), -np.inf, np.float32)
        shade = np.zeros((rows, columns), np.float32)
        if len(mesh.faces):
            local = view.to_picture(mesh.vertices_mm)
            screen = np.stack(
                [columns / 2 + local[:, 0] * scale, rows / 2 - local[:, 1] * scale, local[:, 2]], axis=1
            )
            facing = np.abs(vertex_normals(mesh) @ view.axes()[2])
            fill(screen, np.ascontiguousarray(mesh.faces), facing, depth, shade)
        depths.append(depth)
        shades.append(shade)
    return _composite(parts, depths, shades, (rows, columns))


def vertex_normals(mesh: Mesh) -> Float:
    """Unit normals at the vertices, weighted by face area, shape (V, 3)."""
    a, b, c = (mesh.vertices_mm[mesh.faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    count = len(mesh.vertices_mm)
    summed = np.stack(
        [
            sum(np.bincount(mesh.faces[:, k], weights=normal[:, axis], minlength=count) for k in range(3))
            for axis in range(3)
        ],
        axis=1,
    )
    return np.asarray(summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-12))


def _composite(
    parts: Sequence[tuple[Mesh, str, float]],
    depths: list[npt.NDArray[np.float32]],
    shades: list[npt.NDArray[np.float32]],
    shape: tuple[int, int],
) -> npt.NDArray[np.uint8]:
    picture = np.empty((shape[0] * shape[1], 3), np.float32)
    picture[:] = rgb(BACKGROUND)
    if depths:
        all_depths = np.stack([depth.ravel() for depth in depths], axis=1)
        all_shades = np.stack([shade.ravel() for shade in shades], axis=1)
        drawn = np.flatnonzero(np.isfinite(all_depths).any(axis=1))
        all_depths, all_shades = all_depths[drawn], all_shades[drawn]
        order = np.argsort(all_depths, axis=1, kind="stable")
        colours = np.array([rgb(colour) for _, colour, _ in parts], np.float32)
        opacities = np.array([opacity for _, _, opacity in parts], np.float32)
        for layer in order.T:
            # Parts that miss a pixel sort to its first layers: each layer touches few pixels.
            rows = np.flatnonzero(np.isfinite(all_depths[np.arange(len(drawn)), layer]))
            part = layer[rows]
            lit = colours[part] * (_AMBIENT + (1 - _AMBIENT) * all_shades[rows, part])[:, None]
            at = drawn[rows]
            picture[at] += opacities[part][:, None] * (lit - picture[at])
    height, width = shape[0] // _SUPERSAMPLING, shape[1] // _SUPERSAMPLING
    small = picture.reshape(height, _SUPERSAMPLING, width, _SUPERSAMPLING, 3).mean(axis=(1, 3))
    return np.asarray(np.rint(small).clip(0, 255), np.uint8)
