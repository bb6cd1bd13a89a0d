"""What a label file holds before its names are understood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from separatrix.core import Grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment, or one value of a plain label map."""

    key: int | str
    """Identifier in the file: value, number or id."""
    name: str
    """Name as the file has it; empty in a plain label map."""
    code: str
    """SNOMED CT code, or empty."""
    layer: int
    value: int
    voxels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFile:
    """Layers of values, and the segments they stand for."""

    layers: npt.NDArray[Any]
    """Unsigned, shape (layers, z, y, x)."""
    grid: Grid
    segments: tuple[Segment, ...]
    notes: tuple[str, ...]
