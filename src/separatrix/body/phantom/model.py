"""The nouns of the demonstration pair: what was asked for, and what was made, with its truth."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from separatrix.body.imaging.model import Landmark
from separatrix.core import Fault, InputError, Twin, Volume

Reals = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


class Tissue(enum.IntEnum):
    """Values of the truth's label map."""

    BACKGROUND = 0
    BRAIN_A = 1
    BRAIN_B = 2
    SKULL = 3
    SCALP = 4
    """Skin, fat, muscle, and all soft tissue of face and neck."""
    CSF = 5
    DURA = 6
    ARTERY_A = 7
    ARTERY_B = 8
    VEIN_A = 9
    VEIN_B = 10
    SHARED_VENOUS = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class PairOptions:
    """What pair to make. Equal options make equal bytes."""

    seed: int = 1
    rotation_deg: float = 152.0
    """Axial facial rotation of B against A, 0 to 360 (0: both faces to the same side)."""
    tilt_deg: float = 14.0
    """180 minus the longitudinal angle, 0 to 40."""
    size_ratio: float = 0.97
    """Head of B over head of A, 0.85 to 1."""
    adherent_fraction: float = 0.2
    """Share of the interface without a gap, 0 to 0.5."""
    overlap_mm: float = 26.0
    """How far the two vaults are pushed into each other; sets the contact area."""
    height_sd_mm: float = 5.2
    """Standard deviation of the interface's height about its plane, 4 to 6 (interdigitation)."""
    patch_mm: float = 6.0
    """Width of the adherent patches."""
    grid_mm: float = 1.0
    """Spacing of all images and of the truth, 0.8 to 3."""
    thick_slices_mm: float | None = None
    """Variant: T1 in slices this thick."""
    t1_moved: bool = False
    """Variant: T1 as a DICOM series in another frame of reference, moved rigidly."""
    ragged: bool = False
    """Variant: the segmentation has rough, noisy borders, as drawn in a hurry."""

    def __post_init__(self) -> None:
        limits = {
            "rotation_deg": (0, 360),
            "tilt_deg": (0, 40),
            "size_ratio": (0.85, 1),
            "adherent_fraction": (0, 0.5),
            "overlap_mm": (16, 32),
            "height_sd_mm": (4, 6),
            "patch_mm": (4, 12),
            "grid_mm": (0.8, 3),
            "thick_slices_mm": (0.8, 6),
        }
        faults = [
            Fault(field=name, problem=f"found {value}", expected=f"{low} to {high}")
            for name, (low, high) in limits.items()
            if (value := getattr(self, name)) is not None and not low <= value <= high
        ]
        if faults:
            raise InputError(*faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class VesselNode:
    """A point of the vessel graph: an end, a branching, or a bend of the ring."""

    id: str
    kind: str
    owner: str
    """``A``, ``B`` or ``shared``."""
    xyz_mm: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class VesselEdge:
    """A vessel between two nodes."""

    id: str
    name: str
    kind: str
    a: str
    b: str
    owner: str
    label: Tissue
    crossing: bool
    """Its removal helps to part the children."""
    radius_mm: tuple[float, ...]
    """Equally spaced along the arc from `a` to `b`, linear between."""
    polyline_mm: Reals
    """Shape (n, 3), LPS mm, from node `a` to node `b`."""

    @property
    def length_mm(self) -> float:
        """Arc length."""
        return float(np.linalg.norm(np.diff(self.polyline_mm, axis=0), axis=1).sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class VesselTruth:
    """The whole vessel graph of a pair."""

    nodes: tuple[VesselNode, ...] = ()
    edges: tuple[VesselEdge, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A pair of joined heads: images as a hospital would have them, and the truth behind them.

    All volumes share one axis-parallel grid; the common axis is z, A below and B above.
    """

    options: PairOptions
    t1: Volume
    """int16, arbitrary units."""
    ct: Volume
    """int16, Hounsfield units, contrast in the vessels."""
    labels: Volume
    """uint8, values of `Tissue`."""
    ownership: Volume
    """uint8, values of `core.Owner`; every voxel of the heads has one."""
    interface_height: Singles
    """Shape (y, x): LPS z (mm) of the true interface over each column, continued beyond the contact."""
    contact: npt.NDArray[np.bool_]
    """Shape (y, x): columns where the brains lie against each other."""
    adherent: npt.NDArray[np.bool_]
    """Shape (y, x): columns of the contact where the brains adhere."""
    landmarks: Mapping[Twin, Mapping[Landmark, Reals]]
    """LPS mm, shape (3,)."""
    vessels: VesselTruth
    meta: Mapping[str, Any] = field(default_factory=dict)
    """Parameters, volumes and expected results, as written to ``truth/meta.json``."""
