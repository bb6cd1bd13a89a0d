"""Tubes whose course and calibre are known, painted on voxels as a scanner and a segmenter would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from separatrix.core import Grid


@dataclass(frozen=True)
class Tube:
    """One vessel."""

    line_mm: np.ndarray
    """(n, 3) LPS."""
    radius_mm: tuple[float, ...]
    """Equally spaced along the arc, linear between."""

    @property
    def length_mm(self) -> float:
        return float(np.linalg.norm(np.diff(self.line_mm, axis=0), axis=1).sum())

    @property
    def inverse_fourth_power(self) -> float:
        """∫ ds / r⁴, mm⁻³."""
        s = np.linspace(0, 1, 20001)
        r = np.interp(s, np.linspace(0, 1, len(self.radius_mm)), self.radius_mm)
        return float(np.trapezoid(r**-4.0, s)) * self.length_mm

    def dense(self, step: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
        along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(self.line_mm, axis=0), axis=1))])
        at = np.linspace(0, along[-1], int(along[-1] / step) + 2)
        points = np.stack([np.interp(at, along, self.line_mm[:, a]) for a in range(3)], 1)
        return points, np.interp(at / along[-1], np.linspace(0, 1, len(self.radius_mm)), self.radius_mm)


def bow(start: Sequence[float], end: Sequence[float], sag_mm: float, *, waves: float = 0.5) -> np.ndarray:
    """A smooth bent line between two points."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    along = end - start
    side = np.cross(along, [0.31, -0.52, 0.79])
    side /= np.linalg.norm(side)
    t = np.linspace(0, 1, 400)[:, None]
    return start + t * along + sag_mm * np.sin(2 * np.pi * waves * t) * side


def circle(centre: Sequence[float], radius_mm: float, tilt: float = 0.3) -> np.ndarray:
    """A closed ring, tilted against the axes."""
    t = np.linspace(0, 2 * np.pi, 721)[:, None]
    u = np.array([np.cos(tilt), 0.0, np.sin(tilt)])
    v = np.array([0.0, 1.0, 0.0])
    return np.asarray(centre, float) + radius_mm * (np.cos(t) * u + np.sin(t) * v)


def grid_around(tubes: Sequence[Tube], spacing_mm: float, shift: Sequence[float] = (0, 0, 0)) -> Grid:
    points = np.concatenate([t.line_mm for t in tubes])
    room = max(max(t.radius_mm) for t in tubes) + 4 * spacing_mm + 2
    low = points.min(0) - room + np.asarray(shift)
    count = np.ceil((points.max(0) + room - low) / spacing_mm).astype(int) + 1
    return Grid(
        shape=tuple(int(n) for n in count[::-1]),
        spacing_mm=(spacing_mm,) * 3,
        origin_mm=tuple(float(v) for v in low),
    )


def depth_mm(tubes: Sequence[Tube], grid: Grid) -> np.ndarray:
    """Signed distance into the nearest tube, mm; positive inside."""
    best = np.full(grid.shape, -10.0)
    for tube in tubes:
        points, radius = tube.dense()
        widest = radius.max() + 3 * max(grid.spacing_mm)
        low = np.floor(grid.mm_to_index(points.min(0) - widest)).astype(int)
        high = np.ceil(grid.mm_to_index(points.max(0) + widest)).astype(int)
        box = tuple(slice(max(a, 0), b + 1) for a, b in zip(low, high, strict=True))
        index = np.stack(
            np.meshgrid(*(np.arange(n)[s] for n, s in zip(grid.shape, box, strict=True)), indexing="ij"), -1
        )
        where = grid.index_to_mm(index)
        far, near = cKDTree(points).query(where, workers=1)
        best[box] = np.maximum(best[box], radius[near] - far)
    return best


def painted(tubes: Sequence[Tube], grid: Grid) -> np.ndarray:
    """The label map: voxels whose centre lies in a tube."""
    return depth_mm(tubes, grid) >= 0


def scanned(
    tubes: Sequence[Tube], grid: Grid, *, noise: float = 0.0, seed: int = 1, background: float = 20.0
) -> np.ndarray:
    """A contrast image: partial volume, a blur of half a millimetre, noise; blood is 250."""
    share = np.clip(depth_mm(tubes, grid) / grid.spacing_mm[0] + 0.5, 0, 1)
    image = ndimage.gaussian_filter(background + (250 - background) * share, 0.5 / grid.spacing_mm[0])
    return image + noise * np.random.default_rng(seed).standard_normal(grid.shape)
