"""Where a voxel is: grids and volumes in patient LPS millimetres.

Arrays are indexed ``[z, y, x]``; positions are ``(x, y, z)`` in patient LPS millimetres (x to the
patient's left, y to the back, z to the head, as DICOM and ITK have it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from separatrix.core.errors import Fault, GeometryError

Float = npt.NDArray[np.float64]

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
"""Direction cosines of a grid whose axes are those of the patient."""

_TOLERANCE = 1e-3
"""Millimetres, and for direction cosines the plain number, within which two grids are one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A regular lattice of voxels in patient LPS millimetres."""

    shape: tuple[int, int, int]
    """Voxels along ``(z, y, x)``: the shape of the array."""
    spacing_mm: tuple[float, float, float]
    """Distance of voxel centres along the grid's ``(x, y, z)`` axes."""
    origin_mm: tuple[float, float, float]
    """LPS position ``(x, y, z)`` of the centre of voxel ``[0, 0, 0]``."""
    direction: tuple[float, ...] = IDENTITY
    """Nine direction cosines, row by row; column j is the LPS direction of the grid's axis j (x, y, z)."""
    frame_id: str = ""
    """Frame of reference (DICOM UID or other name); equal ids mean one coordinate system."""

    def __post_init__(self) -> None:
        faults = []
        if len(self.shape) != 3 or min(self.shape) < 1:
            faults.append(Fault(field="shape", problem=f"found {self.shape}", expected="three counts ≥ 1"))
        if not all(np.isfinite(self.spacing_mm)) or min(self.spacing_mm) <= 0:
            faults.append(
                Fault(
                    field="spacing_mm",
                    problem=f"found {self.spacing_mm}",
                    expected="three lengths > 0 mm",
                )
            )
        if not all(np.isfinite(self.origin_mm)):
            faults.append(
                Fault(field="origin_mm", problem=f"found {self.origin_mm}", expected="finite numbers")
            )
        axes = np.asarray(self.direction, dtype=float)
        if axes.size != 9 or not np.allclose(
            axes.reshape(3, 3).T @ axes.reshape(3, 3), np.eye(3), atol=_TOLERANCE
        ):
            faults.append(
                Fault(
                    field="direction",
                    problem=f"found {self.direction}",
                    expected="nine cosines of perpendicular unit axes",
                )
            )
        if faults:
            raise GeometryError(*faults)

    @property
    def axes(self) -> Float:
        """Direction cosines, shape (3, 3); column j is the LPS direction of axis j (x, y, z)."""
        return np.asarray(self.direction, dtype=np.float64).reshape(3, 3)

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel."""
        x, y, z = self.spacing_mm
        return x * y * z

    @property
    def is_isotropic(self) -> bool:
        """Whether all three spacings agree."""
        return max(self.spacing_mm) - min(self.spacing_mm) < _TOLERANCE

    @property
    def extent_mm(self) -> tuple[float, float, float]:
        """Edge lengths along the grid's (x, y, z) axes, voxel edges included."""
        z, y, x = self.shape
        return (x * self.spacing_mm[0], y * self.spacing_mm[1], z * self.spacing_mm[2])

    def index_to_mm(self, index_zyx: npt.ArrayLike) -> Float:
        """LPS positions of (fractional) indices.

        Parameters
        ----------
        index_zyx
            Shape (..., 3), order ``(z, y, x)``.

        Returns
        -------
        ndarray, shape (..., 3)
            Positions ``(x, y, z)`` in LPS mm.

        Examples
        --------
        >>> g = Grid(shape=(4, 5, 6), spacing_mm=(1, 2, 3), origin_mm=(10, 20, 30))
        >>> g.index_to_mm([1, 1, 1]).tolist()
        [11.0, 22.0, 33.0]
        """
        ijk = np.asarray(index_zyx, dtype=np.float64)[..., ::-1] * np.asarray(self.spacing_mm)
        return np.asarray(ijk @ self.axes.T + np.asarray(self.origin_mm), dtype=np.float64)

    def mm_to_index(self, xyz_mm: npt.ArrayLike) -> Float:
        """Fractional indices ``(z, y, x)`` of LPS positions, shape (..., 3); inverse of `index_to_mm`."""
        offset = np.asarray(xyz_mm, dtype=np.float64) - np.asarray(self.origin_mm)
        index_xyz = offset @ self.axes / np.asarray(self.spacing_mm)
        return np.asarray(index_xyz[..., ::-1], dtype=np.float64)

    def same_lattice(self, other: Grid) -> bool:
        """Whether both grids have the same voxels at the same places (frame ids aside)."""
        return self.shape == other.shape and bool(
            np.allclose(self.spacing_mm, other.spacing_mm, atol=_TOLERANCE)
            and np.allclose(self.origin_mm, other.origin_mm, atol=_TOLERANCE)
            and np.allclose(self.direction, other.direction, atol=_TOLERANCE)
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` reads it back."""
        return {
            "shape_zyx": list(self.shape),
            "spacing_xyz_mm": list(self.spacing_mm),
            "origin_lps_mm": list(self.origin_mm),
            "direction": list(self.direction),
            "frame_id": self.frame_id,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Grid:
        """Read what `to_dict` wrote."""
        z, y, x = data["shape_zyx"]
        sx, sy, sz = data["spacing_xyz_mm"]
        ox, oy, oz = data["origin_lps_mm"]
        return cls(
            shape=(z, y, x),
            spacing_mm=(sx, sy, sz),
            origin_mm=(ox, oy, oz),
            direction=tuple(data["direction"]),
            frame_id=data["frame_id"],
        )


@dataclass(frozen=True, slots=True)
class Volume:
    """An array with its place in the patient. A bare array never crosses a room's border."""

    array: npt.NDArray[Any]
    """Shape ``grid.shape``, indexed ``[z, y, x]``."""
    grid: Grid

    def __post_init__(self) -> None:
        if self.array.shape != self.grid.shape:
            raise GeometryError(
                Fault(problem=f"array of shape {self.array.shape} on a grid of shape {self.grid.shape}")
            )

    def like(self, array: npt.NDArray[Any]) -> Volume:
        """Another array on the same grid."""
        return Volume(array, self.grid)
