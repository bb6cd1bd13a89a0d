"""The planning grid: one isotropic lattice for all that the scans show, and how labels come onto it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from separatrix.body.imaging.itk import Float, quiet_itk, resample, to_itk
from separatrix.core import Fault, GeometryError, Grid, Volume

MOST_VOXELS = 120_000_000
"""A planning grid larger than this is refused: it is a slip of units, or needs more memory than there is."""

_ONE_LATTICE = 1e-3
"""Part of a voxel, and millimetres of spacing, within which lattices are congruent."""

_THICK = 1.25
"""Labels whose widest step is this many planning voxels are interpolated by their shape, else by nearest."""

_BLOCK_PAD = 2
"""Voxels around a structure that its shape is interpolated in."""


def is_congruent(grid: Grid, other: Grid) -> bool:
    """Whether one lattice is a cut-out of the other: equal steps and axes, whole voxels apart."""
    if not (
        np.allclose(grid.spacing_mm, other.spacing_mm, atol=_ONE_LATTICE)
        and np.allclose(grid.direction, other.direction, atol=_ONE_LATTICE)
    ):
        return False
    index = other.mm_to_index(grid.origin_mm)
    inside = (index > -np.array(grid.shape)) & (index < np.array(other.shape))
    return bool(inside.all() and np.abs(index - np.rint(index)).max() < 20 * _ONE_LATTICE)


def planning_grid(
    *,
    labels: Volume | None,
    image: Grid | None,
    spacing_mm: float,
    margin_mm: float,
    matrix: Float | None,
    frame_id: str,
) -> Grid:
    """Choose the grid that everything is brought onto.

    Labels that already lie on an isotropic lattice of the wanted spacing, in the reference frame, keep
    their own lattice, so that no voxel of theirs is touched. Else the grid has the patient's axes and
    covers the labelled voxels with a margin, or the image where there are no labels.

    Parameters
    ----------
    labels
        Label map, if there is one.
    image
        Grid of the reference image, for a case without labels.
    spacing_mm
        Wanted spacing.
    margin_mm
        Room around the labelled voxels.
    matrix
        4×4, LPS mm: takes a point of the reference frame to the labels' frame; None where they are one.
    frame_id
        Name of the reference frame.

    Raises
    ------
    GeometryError
        If the grid would be larger than any head.
    """
    if labels is not None:
        grid = labels.grid
        if matrix is None and grid.is_isotropic and abs(grid.spacing_mm[0] - spacing_mm) < _ONE_LATTICE:
            return _named(grid, frame_id)
        low, high = _labelled_box(labels, matrix, margin_mm)
    else:
        assert image is not None
        low, high = _box(image.index_to_mm(_corner_indices(np.zeros(3), np.array(image.shape) - 1)))
    origin = np.floor(low / spacing_mm) * spacing_mm
    x, y, z = (int(n) for n in np.ceil((high - origin) / spacing_mm - 1e-6) + 1)
    if x * y * z > MOST_VOXELS:
        raise GeometryError(
            Fault(
                problem=f"the planning grid would have {x}×{y}×{z} voxels of {spacing_mm:g} mm",
                expected=f"at most {MOST_VOXELS // 1_000_000} million",
                mend="check the units of the label map (millimetres?), or write a larger imaging.grid_mm",
            )
        )
    ox, oy, oz = (float(v) + 0.0 for v in np.round(origin, 6))
    return Grid(shape=(z, y, x), spacing_mm=(spacing_mm,) * 3, origin_mm=(ox, oy, oz), frame_id=frame_id)


def _named(grid: Grid, frame_id: str) -> Grid:
    return Grid(
        shape=grid.shape,
        spacing_mm=grid.spacing_mm,
        origin_mm=grid.origin_mm,
        direction=grid.direction,
        frame_id=frame_id,
    )


def labelled_range(array: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """First and last index (z, y, x) of the voxels that are not 0; at least one must be."""
    ranges = []
    for axis in range(3):
        hits = np.flatnonzero(array.any(axis=tuple(a for a in range(3) if a != axis)))
        ranges.append((hits[0], hits[-1]))
    return np.array([r[0] for r in ranges]), np.array([r[1] for r in ranges])


def _corner_indices(first: npt.NDArray[np.generic], last: npt.NDArray[np.generic]) -> Float:
    return np.array(
        [[(first, last)[c][a] for a, c in enumerate(bits)] for bits in np.ndindex(2, 2, 2)], dtype=np.float64
    )


def _labelled_box(labels: Volume, matrix: Float | None, margin_mm: float) -> tuple[Float, Float]:
    first, last = labelled_range(labels.array)
    corners = labels.grid.index_to_mm(_corner_indices(first - 0.5, last + 0.5))
    if matrix is not None:
        back = np.linalg.inv(matrix)
        corners = corners @ back[:3, :3].T + back[:3, 3]
    low, high = _box(corners)
    return low - margin_mm, high + margin_mm


def _box(points: Float) -> tuple[Float, Float]:
    return np.asarray(points.min(axis=0)), np.asarray(points.max(axis=0))


def resample_codes(codes: Volume, grid: Grid, *, matrix: Float | None, threads: int) -> Volume:
    """Bring a map of codes onto a grid: by nearest voxel, or by shape where its slices are thick.

    Notes
    -----
    Shape-based: each code's signed distance is interpolated linearly, and the code that a voxel lies
    deepest in wins, so that a surface between thick slices runs straight from one to the next instead of
    in steps. A thin vessel that runs along the slices may break between two of them.

    References
    ----------
    Raya, Udupa: Shape-based interpolation of multidimensional objects, IEEE Trans Med Imaging 1990,
    doi 10.1109/42.52980.
    """
    if matrix is None and codes.grid.same_lattice(grid):
        return Volume(codes.array, grid)
    if max(codes.grid.spacing_mm) <= _THICK * min(grid.spacing_mm):
        return resample(codes, grid, way="nearest", fill=0, matrix=matrix, threads=threads)
    sitk = quiet_itk()
    tool = sitk.SignedMaurerDistanceMapImageFilter()
    tool.SetNumberOfThreads(threads)
    tool.SetSquaredDistance(False)
    tool.SetUseImageSpacing(True)
    padded = _padded(codes)
    far = float(sum(padded.grid.extent_mm))
    best = np.full(grid.shape, np.inf, np.float32)
    winner = np.zeros(grid.shape, np.uint8)
    for code in np.unique(padded.array):
        distance = sitk.GetArrayFromImage(tool.Execute(to_itk(padded.like(padded.array == code))))
        fill = -far if code == 0 else far
        at = resample(
            padded.like(distance), grid, way="linear", fill=fill, matrix=matrix, threads=threads
        ).array
        closer = at < best
        best[closer] = at[closer]
        winner[closer] = code
    return Volume(winner, grid)


def _padded(codes: Volume) -> Volume:
    """Add empty voxels all round, so that shapes end where the labels do."""
    array = np.pad(codes.array, _BLOCK_PAD)
    x, y, z = (float(v) for v in codes.grid.index_to_mm([-_BLOCK_PAD] * 3))
    depth, height, width = array.shape
    return Volume(
        array,
        Grid(
            shape=(depth, height, width),
            spacing_mm=codes.grid.spacing_mm,
            origin_mm=(x, y, z),
            direction=codes.grid.direction,
            frame_id=codes.grid.frame_id,
        ),
    )


def bring_image(image: Volume, grid: Grid, *, fill: float, matrix: Float | None, threads: int) -> Volume:
    """Bring an image onto a grid, as float32.

    Where the image is much finer than the grid, blocks of its voxels are averaged first, so that no
    detail is lost to chance; then cubic B-splines interpolate.
    """
    volume = Volume(image.array.astype(np.float32, copy=False), image.grid)
    if matrix is None and volume.grid.same_lattice(grid):
        return Volume(volume.array, grid)
    fine = [max(1, int(grid.spacing_mm[0] / s + 1e-6)) for s in volume.grid.spacing_mm]
    if max(fine) > 1:
        volume = averaged(volume, fine, threads)
    return resample(volume, grid, way="cubic", fill=fill, matrix=matrix, threads=threads)


def averaged(volume: Volume, factors: list[int], threads: int) -> Volume:
    """Average blocks of voxels; `factors` count them along (x, y, z)."""
    sitk = quiet_itk()
    tool = sitk.BinShrinkImageFilter()
    tool.SetNumberOfThreads(threads)
    tool.SetShrinkFactors(factors)
    image = tool.Execute(to_itk(volume))
    x, y, z = image.GetSize()
    sx, sy, sz = image.GetSpacing()
    ox, oy, oz = image.GetOrigin()
    grid = Grid(
        shape=(z, y, x),
        spacing_mm=(sx, sy, sz),
        origin_mm=(ox, oy, oz),
        direction=volume.grid.direction,
        frame_id=volume.grid.frame_id,
    )
    return Volume(sitk.GetArrayFromImage(image), grid)
