"""Face, neck and ears: simple solids around each brain, so that the pair looks like two heads.

Positions and sizes are head space (adult mm); an infant's face is small against its brain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from separatrix.body.phantom.model import Reals, Singles
from separatrix.body.phantom.pose import Pose
from separatrix.core import Grid, Twin

_NECK_END_MM = -112.0
"""Height (head space) where the images end the neck."""

Solid = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Centre and half axes of an ellipsoid."""

_SOFT: tuple[Solid, ...] = (
    ((0, -36, -52), (58, 60, 44)),  # face
    ((0, -52, -86), (36, 36, 20)),  # chin
    ((0, -97, -44), (10, 12, 14)),  # nose
    ((79, 27, -36), (7, 15, 24)),  # ears
    ((-79, 27, -36), (7, 15, 24)),
    ((34, -62, -62), (26, 28, 24)),  # cheeks
    ((-34, -62, -62), (26, 28, 24)),
    ((0, 22, -88), (42, 44, 60)),  # neck
)
_EYES: tuple[Solid, ...] = (((30, -76, -34), (14, 14, 14)), ((-30, -76, -34), (14, 14, 14)))
_BONE: tuple[Solid, ...] = (
    ((0, -66, -60), (26, 15, 9)),  # upper jaw
    ((44, -60, -52), (9, 12, 7)),  # cheek bones
    ((-44, -60, -52), (9, 12, 7)),
    ((0, 34, -96), (12, 13, 40)),  # cervical spine
    ((52, 20, -52), (14, 22, 10)),  # mastoid parts
    ((-52, 20, -52), (14, 22, 10)),
)
_JAW: Solid = ((0, -40, -84), (38, 40, 9))
_JAW_HOLLOW: Solid = ((0, -32, -84), (31, 38, 16))
_CANAL: Solid = ((0, 36, -96), (7, 7, 60))
_AIRWAY: tuple[Solid, ...] = (((0, -58, -46), (7, 24, 12)), ((0, -18, -84), (7, 6, 40)))

FACE_POINTS: Reals = np.array(
    [
        centre + np.asarray(axes) * np.array([np.cos(u) * np.cos(v), np.sin(u) * np.cos(v), np.sin(v)])
        for centre, axes in (((0.0, 4.0, 10.0), (86.0, 102.0, 82.0)), *_SOFT)
        for u in np.linspace(0, 2 * np.pi, 25)[:-1]
        for v in np.linspace(-np.pi / 2, np.pi / 2, 13)
    ]
)
"""Head-space points around the whole head, for the extent of the images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Soft:
    """What lies outside the skull; fields in mm, negative inside."""

    skin: Singles
    bone: Singles
    """Bones of face and neck."""
    eyes: Singles
    air: Singles

    def refined(self, change: Callable[[Singles], Singles]) -> Soft:
        """The same fields on another grid."""
        return Soft(
            skin=change(self.skin), bone=change(self.bone), eyes=change(self.eyes), air=change(self.air)
        )


def face_fields(poses: dict[Twin, Pose], grid: Grid, vault: Singles) -> Soft:
    """Add faces and necks to the vault's skin.

    Parameters
    ----------
    poses
        Where the heads are.
    grid
        Grid of `vault`.
    vault
        Distance to the skin over both vaults, mm.
    """
    skin, bone = vault, np.full(grid.shape, np.float32(50))
    eyes, air = bone.copy(), bone.copy()
    for pose in poses.values():
        at = _head_axes(pose, grid)
        size = float(pose.scale.mean())
        end = (_NECK_END_MM - at[2]) * size
        for solid in _SOFT:
            skin = _round_minimum(skin, _solid(at, solid, size), 7.0)
        skin = np.maximum(skin, end).astype(np.float32)
        for solid in _BONE:
            bone = np.minimum(bone, _solid(at, solid, size))
        jaw = np.maximum(_solid(at, _JAW, size), -_solid(at, _JAW_HOLLOW, size))
        bone = np.maximum(np.minimum(bone, jaw), -_solid(at, _CANAL, size)).astype(np.float32)
        for solid in _EYES:
            eyes = np.minimum(eyes, _solid(at, solid, size))
        for solid in _AIRWAY:
            air = np.minimum(air, _solid(at, solid, size))
    return Soft(skin=skin, bone=bone, eyes=eyes, air=air)


def _head_axes(pose: Pose, grid: Grid) -> list[Singles]:
    """Head-space coordinates (x, y, z) of every voxel."""
    z, y, x = (
        (o + grid.spacing_mm[0] * np.arange(n) - c).astype(np.float32)
        for o, n, c in zip(grid.origin_mm[::-1], grid.shape, pose.centre_mm[::-1], strict=True)
    )
    r = (pose.rotation / pose.scale).astype(np.float32)
    return [
        np.asarray(r[0, a] * x[None, None, :] + r[1, a] * y[None, :, None] + r[2, a] * z[:, None, None])
        for a in range(3)
    ]


def _solid(at: list[Singles], solid: Solid, size: float) -> Singles:
    """Distance to an ellipsoid in child's mm, exact at its surface's first order."""
    centre, axes = solid
    unit = [(p - np.float32(c)) / np.float32(a) for p, c, a in zip(at, centre, axes, strict=True)]
    length = np.sqrt(unit[0] ** 2 + unit[1] ** 2 + unit[2] ** 2)
    steep = [u / np.float32(a) for u, a in zip(unit, axes, strict=True)]
    slope = np.sqrt(steep[0] ** 2 + steep[1] ** 2 + steep[2] ** 2) + np.float32(1e-6)
    return np.asarray(length * (length - 1) / slope * np.float32(size), dtype=np.float32)


def _round_minimum(a: Singles, b: Singles, width: float) -> Singles:
    near = np.maximum(width - np.abs(a - b), 0) / width
    return np.asarray(np.minimum(a, b) - near * near * width / 4, dtype=np.float32)
