"""Building the two heads on one grid: hulls, flattened vaults, brains, and the layers around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.phantom import kernels
from separatrix.body.phantom.face import FACE_POINTS, Soft, face_fields
from separatrix.body.phantom.interface import BAND_MM, Interface, column_heights, lay_interface
from separatrix.body.phantom.model import PairOptions, Reals, Singles
from separatrix.body.phantom.pose import WARP_HALF_MM, WARP_STEP_MM, Pose, place
from separatrix.body.phantom.shape import HULL_STEP_MM, Hull, Layers, make_hull
from separatrix.body.phantom.template import CSF_T1, GREY_T1, Template
from separatrix.core import Grid, Twin

COARSE_MM = 2.0
"""Spacing on which smooth fields (distances) are computed before they are refined."""

_AIR_MM = 9.0
"""Least air around the heads in the images."""

_FIELD_MM3 = 10.1e6
"""Least volume of the images, as large as a scan of two heads: over ten million voxels of 1 mm."""

_FILLET_MM = 20.0
"""Rounding of the waist between the two vaults."""

_RIBBON_MM = 2.5
"""Depth to which adherent cortex closes the mouths of sulci."""

_NEAR_CONTACT_MM = -4.0
"""Columns with more overlap than this may hold the fluid film between the brains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """Everything about the joined heads that is smooth or sampled, before labels and images."""

    grid: Grid
    poses: dict[Twin, Pose]
    interface: Interface
    brain: Singles
    """Shape (3, z, y, x): T1 (template units), grey and white share."""
    distance: Singles
    """Signed distance (mm) to the fused hull of both brains; the layers lie at levels of it."""
    bone_mm: Singles
    """Thickness of the skull nearest to each voxel."""
    soft: Soft

    def on_a(self) -> npt.NDArray[np.bool_]:
        """Voxels below the interface and its continuation: A's side."""
        z = self.grid.origin_mm[2] + self.grid.spacing_mm[2] * np.arange(self.grid.shape[0])
        return np.asarray(z[:, None, None] <= self.interface.middle[None])


def build_heads(
    options: PairOptions, template: Template, scale: Reals, layers: Layers, *, gap_mm: float
) -> Heads:
    """Make both heads for a given scale of head space."""
    hull = make_hull(template, scale)
    poses = {twin: place(options, hull, scale, twin) for twin in Twin}
    grid = _grid(options, poses)
    step = max(COARSE_MM, options.grid_mm)
    coarse = _coarse_grid(grid, step)
    apart = {twin: _hull_field(hull, pose, coarse) for twin, pose in poses.items()}
    oz = coarse.origin_mm[2]
    tops = {twin: column_heights(phi, oz, step, 1 if twin is Twin.A else -1) for twin, phi in apart.items()}
    fine = {twin: _refine_map(top, coarse, grid) for twin, top in tops.items()}
    rough = lay_interface(options, coarse, tops[Twin.A], tops[Twin.B], gap_mm)
    interface = lay_interface(options, grid, fine[Twin.A], fine[Twin.B], gap_mm)
    flat = {
        twin: kernels.flatten(
            apart[twin],
            oz,
            step,
            rough.surface[n],
            rough.displacement[n],
            1.0 if n == 0 else -1.0,
            BAND_MM,
        )
        for n, twin in enumerate(Twin)
    }
    fused = _smooth_minimum(flat[Twin.A], flat[Twin.B], _FILLET_MM)
    z = oz + step * np.arange(coarse.shape[0])
    on_a = z[:, None, None] < rough.middle[None]
    bone = np.where(on_a, *(_bone_field(poses[twin], coarse, layers) for twin in Twin)).astype(np.float32)
    skin = fused - layers.csf - layers.dura - layers.scalp - bone
    soft = face_fields(poses, coarse, skin)
    return Heads(
        grid=grid,
        poses=poses,
        interface=interface,
        brain=_pull(template, poses, grid, interface),
        distance=refine_field(fused, coarse, grid),
        bone_mm=refine_field(bone, coarse, grid),
        soft=soft.refined(lambda f: refine_field(f, coarse, grid)),
    )


def _grid(options: PairOptions, poses: dict[Twin, Pose]) -> Grid:
    """An axis-parallel grid around both heads, with the interface's middle at the origin."""
    points = np.concatenate([pose.to_world(FACE_POINTS) for pose in poses.values()])
    low, high = points.min(0) - _AIR_MM, points.max(0) + _AIR_MM
    while np.prod(high - low) < _FIELD_MM3:
        low, high = low - 1, high + 1
    spacing = options.grid_mm
    first = np.floor(low / spacing).astype(int)
    count = np.ceil(high / spacing).astype(int) - first + 1
    x, y, z = (float(v) for v in first * spacing)
    return Grid(
        shape=(int(count[2]), int(count[1]), int(count[0])),
        spacing_mm=(spacing,) * 3,
        origin_mm=(x, y, z),
    )


def _coarse_grid(grid: Grid, step: float) -> Grid:
    extent = np.asarray(grid.extent_mm)[::-1]
    z, y, x = (int(np.ceil(e / step)) + 1 for e in extent)
    return Grid(shape=(z, y, x), spacing_mm=(step,) * 3, origin_mm=grid.origin_mm)


def refine_field(field: Singles, coarse: Grid, grid: Grid) -> Singles:
    """A smooth field of the coarse grid on the fine one (same origin)."""
    if coarse.spacing_mm == grid.spacing_mm:
        z, y, x = grid.shape
        return field[:z, :y, :x].copy()
    ratio = grid.spacing_mm[0] / coarse.spacing_mm[0]
    return np.asarray(kernels.refine(field, grid.shape, (0.0, 0.0, 0.0), ratio))


def _refine_map(field: Reals, coarse: Grid, grid: Grid) -> Reals:
    from scipy import ndimage as ndi

    ratio = grid.spacing_mm[0] / coarse.spacing_mm[0]
    at = np.stack(np.meshgrid(*(ratio * np.arange(n) for n in grid.shape[1:]), indexing="ij"))
    return np.asarray(ndi.map_coordinates(field, at, order=3, mode="nearest"))


def _hull_field(hull: Hull, pose: Pose, grid: Grid) -> Singles:
    return np.asarray(
        kernels.hull_distance(
            grid.shape,
            np.asarray(grid.origin_mm),
            grid.spacing_mm[0],
            pose.rotation,
            pose.centre_mm,
            pose.scale,
            pose.own_shape,
            WARP_HALF_MM,
            WARP_STEP_MM,
            hull.distance_mm,
            hull.origin_mm,
            HULL_STEP_MM,
            pose.size,
        )
    )


def _smooth_minimum(a: Singles, b: Singles, width: float) -> Singles:
    """The smaller of two distances, rounded where they are alike within `width`."""
    near = np.maximum(width - np.abs(a - b), 0) / width
    return np.asarray(np.minimum(a, b) - near * near * width / 4, dtype=np.float32)


def _bone_field(pose: Pose, grid: Grid, layers: Layers) -> Singles:
    """Skull thickness by region: frontal before, occipital behind, parietal between, in child's mm."""
    z, y, x = (
        o + grid.spacing_mm[0] * np.arange(n) for o, n in zip(grid.origin_mm[::-1], grid.shape, strict=True)
    )
    back = (
        pose.rotation[0, 1] * (x - pose.centre_mm[0])[None, None, :]
        + pose.rotation[1, 1] * (y - pose.centre_mm[1])[None, :, None]
        + pose.rotation[2, 1] * (z - pose.centre_mm[2])[:, None, None]
    ) / pose.scale[1]
    front = 1 / (1 + np.exp(np.clip((back + 20) / 8, -30, 30)))
    rear = 1 / (1 + np.exp(np.clip((55 - back) / 8, -30, 30)))
    rest = 1 - front - rear
    thickness = front * layers.frontal + rear * layers.occipital + rest * layers.parietal
    return np.asarray(thickness * pose.size, dtype=np.float32)


def _pull(template: Template, poses: dict[Twin, Pose], grid: Grid, interface: Interface) -> Singles:
    both = [poses[twin] for twin in Twin]
    return np.asarray(
        kernels.pull_brains(
            grid.shape,
            np.asarray(grid.origin_mm),
            grid.spacing_mm[0],
            interface.middle,
            interface.gap,
            interface.adherent,
            interface.overlap > _NEAR_CONTACT_MM,
            interface.surface,
            interface.displacement,
            BAND_MM,
            _RIBBON_MM,
            np.stack([p.rotation for p in both]),
            np.stack([p.centre_mm for p in both]),
            np.stack([p.scale for p in both]),
            np.stack([p.own_shape for p in both]),
            WARP_HALF_MM,
            WARP_STEP_MM,
            template.channels,
            np.asarray(template.origin_mm),
            CSF_T1,
            GREY_T1,
        )
    )
