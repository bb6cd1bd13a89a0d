"""Volumes to ITK images and back, and resampling; ITK too has LPS millimetres."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from separatrix.core import Grid, Volume

Float = npt.NDArray[np.float64]
Way = Literal["nearest", "linear", "cubic"]


def quiet_itk() -> Any:
    """Import SimpleITK with its warnings to the terminal switched off: faults are told by us."""
    import SimpleITK as sitk

    sitk.ProcessObject.SetGlobalWarningDisplay(False)  # type: ignore[no-untyped-call]
    return sitk


def to_itk(volume: Volume) -> Any:
    """Give a `SimpleITK.Image` with the place of a volume; bool becomes uint8."""
    sitk = quiet_itk()
    array = volume.array.astype(np.uint8) if volume.array.dtype == bool else volume.array
    image = sitk.GetImageFromArray(np.ascontiguousarray(array))
    image.SetSpacing(volume.grid.spacing_mm)
    image.SetOrigin(volume.grid.origin_mm)
    image.SetDirection(_exact_direction(volume.grid))
    return image


def _exact_direction(grid: Grid) -> tuple[float, ...]:
    """Direction made perpendicular to the last digit, as ITK wants it."""
    u, _, vt = np.linalg.svd(grid.axes)
    return tuple(float(v) for v in (u @ vt).ravel())


def rigid_transform(matrix: Float) -> Any:
    """Give a `SimpleITK` transform of a 4×4 matrix in LPS mm."""
    sitk = quiet_itk()
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(tuple(float(v) for v in matrix[:3, :3].ravel()))
    transform.SetTranslation(tuple(float(v) for v in matrix[:3, 3]))
    return transform


def resample(
    volume: Volume,
    grid: Grid,
    *,
    way: Way,
    fill: float,
    matrix: Float | None = None,
    threads: int = 1,
) -> Volume:
    """Values of a volume at the voxels of another grid.

    Parameters
    ----------
    volume
        Where the values are.
    grid
        Where they are wanted.
    way
        Nearest voxel, linear, or cubic B-spline (clipped to the values that occur).
    fill
        Value outside the volume.
    matrix
        4×4, LPS mm: takes a point of `grid`'s frame to the volume's frame; None where they are one.
    threads
        Changes no voxel: each is computed by itself.
    """
    if matrix is None and volume.grid.same_lattice(grid):
        return Volume(volume.array, grid)
    sitk = quiet_itk()
    kinds = {"nearest": sitk.sitkNearestNeighbor, "linear": sitk.sitkLinear, "cubic": sitk.sitkBSpline}
    tool = sitk.ResampleImageFilter()
    tool.SetNumberOfThreads(threads)
    tool.SetSize([int(n) for n in grid.shape[::-1]])
    tool.SetOutputSpacing(grid.spacing_mm)
    tool.SetOutputOrigin(grid.origin_mm)
    tool.SetOutputDirection(_exact_direction(grid))
    tool.SetInterpolator(kinds[way])
    tool.SetDefaultPixelValue(fill)
    if matrix is not None:
        tool.SetTransform(rigid_transform(matrix))
    out = sitk.GetArrayFromImage(tool.Execute(to_itk(volume)))
    if way == "cubic":
        np.clip(out, min(fill, float(volume.array.min())), max(fill, float(volume.array.max())), out=out)
    return Volume(out, grid)
