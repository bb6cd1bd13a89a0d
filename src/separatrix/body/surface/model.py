"""The nouns of surface: the separatrix, and what it crosses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from separatrix.core import Volume


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """A triangle mesh in LPS mm."""

    vertices_mm: npt.NDArray[np.float64]
    """Shape (V, 3)."""
    faces: npt.NDArray[np.int64]
    """Shape (F, 3), indices into `vertices_mm`, normals outward."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossed:
    """One structure that the surface passes through."""

    id: str
    structure: str
    owner: str
    """``A``, ``B`` or ``shared``."""
    position_mm: tuple[float, float, float]
    """LPS centre of the crossing."""
    area_mm2: float
    calibre_mm: float
    """Equivalent diameter; for sheets (bone, dura, scalp) their mean thickness along the cut."""
    calibre_low_mm: float
    calibre_high_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Separatrix:
    """The separating surface of the two children."""

    side: Volume
    """uint8 on the planning grid: 1 on A's side of the cut, 2 on B's, 0 outside the body."""
    surface: Mesh
    """The cut itself: a sheet, closed into a thin watertight body for printing in ``separatrix.stl``."""
    parts: Mapping[str, Mesh]
    """Watertight bodies: ``A`` and ``B``, whose volumes equal the voxel counts."""
    areas_cm2: Mapping[str, float]
    """By tissue, in the order of the mission: brain, csf, dura, skull, scalp, vessels.

    ``brain`` is cut through one child's own brain; ``brain_adherent``, behind the others, is where
    the brain of A is parted from the brain of B that it lies on.
    """
    crossed: tuple[Crossed, ...]
    cost: float
    gap: float | None
    """(cost - full optimum) / full optimum; None where the full optimum was not computed."""
    gap_bound: float | None
    """An upper bound of the gap that needs no full cut; None where none could be given."""
    notes: tuple[str, ...] = ()
    sheet_solid: Mesh | None = None
    """The sheet as a thin watertight body for printing: what ``separatrix.stl`` holds."""
    assumptions: tuple[str, ...] = ()
    """Ids of the evidence entries marked A that the cut rests on."""
    brain_cut_cm2: Mapping[str, float] = field(default_factory=dict)
    """By child (``A``, ``B``): area of the cut through that child's own brain."""
    brain_across_ml: Mapping[str, float] = field(default_factory=dict)
    """By child: its brain that lies on the other child's side of the cut."""
