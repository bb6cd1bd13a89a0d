"""Labels and images on the lattice they came on, placed in the reference frame, for what is finer than the
planning grid."""

from __future__ import annotations

import numpy as np

from separatrix.body.imaging.frames import labels_matrix, reference_of
from separatrix.body.imaging.itk import Float
from separatrix.body.imaging.labels import read_labels, split_codes
from separatrix.body.imaging.model import Scene
from separatrix.body.imaging.planning import resample_codes
from separatrix.body.imaging.sources import read_source
from separatrix.case import Case
from separatrix.core import Grid, Volume
from separatrix.evidence import EvidenceReader

_EVEN = 1.05
"""Spacings within this ratio are left as they are."""


def native_labels(case: Case, scene: Scene, *, most_voxels: int, threads: int) -> Volume:
    """Read the label map on its own lattice, or, where its slices are thick, on an even one as fine.

    Parameters
    ----------
    case
        With labels; a scene whose labels are a draft gives those.
    scene
        Of the case: it tells how the images were placed.
    most_voxels
        Where an even lattice would have more, it is made coarser.

    Returns
    -------
    Volume
        uint8, values of `Structure`, isotropic, in the reference frame.
    """
    spec = case.file.imaging
    if spec is None or spec.labels is None:
        return scene.labels
    labels = read_labels(case.folder / spec.labels.path, spec.labels.structures).codes
    reference = reference_of(spec, scene.images)
    placed = [(i.native, i.registration.matrix if i.registration else None) for i in scene.images.values()]
    matrix = (
        labels_matrix(labels.grid, placed, reference.native if reference else None, spec.labels.path)
        if placed
        else None
    )
    here = Volume(labels.array, moved_grid(labels.grid, matrix))
    if max(here.grid.spacing_mm) > _EVEN * min(here.grid.spacing_mm):
        even = _even_grid(here.grid, most_voxels)
        here = resample_codes(here, even, matrix=None, threads=threads)
    return here.like(split_codes(here.array)[0])


def native_image(case: Case, scene: Scene, name: str, *, evidence: EvidenceReader) -> Volume:
    """Read one image on the lattice it was acquired on, placed in the reference frame, float32."""
    shown = scene.images[name]
    if shown.registration is None and shown.native.same_lattice(scene.grid):
        return shown.volume
    assert case.file.imaging is not None
    source = read_source(name, case.file.imaging.images[name], case.folder, evidence)
    matrix = shown.registration.matrix if shown.registration else None
    return Volume(source.volume.array, moved_grid(source.volume.grid, matrix))


def moved_grid(grid: Grid, matrix: Float | None) -> Grid:
    """Tell where a lattice lies in the reference frame.

    Parameters
    ----------
    matrix
        Rigid, 4×4, LPS mm: takes a point of the reference frame to the grid's; None where they are one.
    """
    if matrix is None:
        return grid
    back = np.linalg.inv(matrix)
    u, _, vt = np.linalg.svd(back[:3, :3])
    x, y, z = (float(v) for v in back[:3, :3] @ np.asarray(grid.origin_mm) + back[:3, 3])
    return Grid(
        shape=grid.shape,
        spacing_mm=grid.spacing_mm,
        origin_mm=(x, y, z),
        direction=tuple(float(v) for v in (u @ vt @ grid.axes).ravel()),
        frame_id=grid.frame_id,
    )


def _even_grid(grid: Grid, most_voxels: int) -> Grid:
    """An isotropic lattice over the same box, as fine as the finest spacing if that is not too much."""
    extent = np.asarray(grid.extent_mm)
    spacing = max(min(grid.spacing_mm), float((extent.prod() / most_voxels) ** (1 / 3)))
    x, y, z = (max(1, int(np.ceil(e / spacing))) for e in extent)
    half = (np.asarray((spacing,) * 3) - np.asarray(grid.spacing_mm)) / 2
    ox, oy, oz = (float(v) for v in np.asarray(grid.origin_mm) + grid.axes @ half)
    return Grid(
        shape=(z, y, x),
        spacing_mm=(spacing,) * 3,
        origin_mm=(ox, oy, oz),
        direction=grid.direction,
        frame_id=grid.frame_id,
    )
