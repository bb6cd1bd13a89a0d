"""Where each head stands in the pair, and which point of the template a place in the world belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from separatrix.body.phantom.model import PairOptions, Reals, Singles
from separatrix.body.phantom.shape import HULL_STEP_MM, Hull
from separatrix.core import Twin, generator

WARP_STEP_MM = 8.0
"""Lattice (template mm) on which a child's own shape is drawn."""

_WARP_SD_MM = 2.0
"""How far (template mm) a child's brain differs from the template, standard deviation per axis."""

_WARP_SMOOTH_MM = 22.0
"""Length over which that difference varies."""

WARP_HALF_MM = 136.0
"""Half width of the cube of head space where it is drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """One child's head in the world (LPS mm, common axis z, A below and B above)."""

    twin: Twin
    rotation: Reals
    """Shape (3, 3): head axes to world axes."""
    centre_mm: Reals
    """World position of head space's origin."""
    scale: Reals
    """Child's mm per head-space mm along the head's (x, y, z)."""
    size: float
    """This head over twin A's."""
    own_shape: Singles
    """Shape (3, n, n, n): shift (x, y, z; template mm) from a place to its template point."""

    def to_world(self, head: Reals) -> Reals:
        """World positions (..., 3) of head-space points, the child's own shape left out."""
        return np.asarray(head * self.scale @ self.rotation.T + self.centre_mm)


def own_shape(seed: int, twin: Twin) -> Singles:
    """A smooth random difference between this child and the template, zero at the lattice's border."""
    from scipy import ndimage as ndi

    count = int(2 * WARP_HALF_MM / WARP_STEP_MM) + 1
    random = generator(seed, "phantom", "shape", twin.value)
    field = random.standard_normal((3, count, count, count))
    sigma = _WARP_SMOOTH_MM / WARP_STEP_MM / np.sqrt(2)
    field = np.stack([ndi.gaussian_filter(f, sigma, mode="wrap") for f in field])
    return np.asarray(_WARP_SD_MM * field / field.std(), dtype=np.float32)


def orientation(options: PairOptions, twin: Twin) -> Reals:
    """Head axes to world axes. The superior axes have the z axis as their normalised difference.

    The tilt's direction is drawn from the seed; half of it goes to each head.
    """
    azimuth = generator(options.seed, "phantom", "tilt").uniform(0, 2 * np.pi)
    half = np.radians(options.tilt_deg) / 2 * (1 if twin is Twin.A else -1)
    tilt = _about(np.array([np.cos(azimuth), np.sin(azimuth), 0.0]), half)
    if twin is Twin.A:
        return tilt
    turn = _about(np.array([0.0, 0.0, 1.0]), np.radians(options.rotation_deg))
    upside_down = np.diag([-1.0, 1.0, -1.0])
    return np.asarray(tilt @ turn @ upside_down)


def _about(axis: Reals, angle: float) -> Reals:
    """Rotation by `angle` (radians) about a unit axis (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def place(options: PairOptions, hull: Hull, scale: Reals, twin: Twin) -> Pose:
    """Put a head so that its crown reaches over the middle of the interface by half the overlap."""
    size = 1.0 if twin is Twin.A else options.size_ratio
    rotation = orientation(options, twin)
    inside = np.argwhere(np.abs(hull.distance_mm) < HULL_STEP_MM)[:, ::-1]
    surface = ((inside * HULL_STEP_MM + hull.origin_mm) * scale * size) @ rotation.T
    up = surface[:, 2] if twin is Twin.A else -surface[:, 2]
    crown = surface[up > up.max() - options.overlap_mm / 2]
    top = up.max() - HULL_STEP_MM / 2
    middle = (crown[:, :2].min(0) + crown[:, :2].max(0)) / 2
    reach = options.overlap_mm / 2 - top
    z = reach if twin is Twin.A else -reach
    return Pose(
        twin=twin,
        rotation=rotation,
        centre_mm=np.array([-middle[0], -middle[1], z]),
        scale=scale * size,
        size=size,
        own_shape=own_shape(options.seed, twin),
    )
