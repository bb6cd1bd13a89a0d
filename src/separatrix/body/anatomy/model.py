"""The nouns of anatomy: whose is what, what is shared, what kind of union it is."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from separatrix.core import Twin, Unknown, Volume

NO_BODY_ANGLE = Unknown("the case gives no body_axis_angle_deg")
"""Where the angle between the bodies' axes was not given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadFrame:
    """A head's own axes (Frankfurt), unit vectors in LPS, shape (3,) each."""

    origin_mm: npt.NDArray[np.float64]
    """Midway between the tragions."""
    right: npt.NDArray[np.float64]
    """From left to right tragion."""
    facing: npt.NDArray[np.float64]
    superior: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """The union by the three published schemes; two classes where an angle is near a threshold."""

    stone_goodrich: tuple[str, ...]
    """Most likely first; a second one where an angle lies within 5° of a threshold."""
    oconnell: tuple[str, ...]
    winston: tuple[str, ...]
    angle_longitudinal_deg: float | Unknown
    """Between the two heads' superior axes."""
    rotation_axial_deg: float | Unknown
    angle_bodies_deg: float | Unknown = NO_BODY_ANGLE
    """Between the two bodies' axes, the angle that the schemes are defined by."""
    angle_used: str = "heads"
    """Which angle the most likely class rests on: ``bodies`` where known, else ``heads``."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedItem:
    """One row of the table of what is shared."""

    id: str
    name: str
    value: float | Unknown
    low: float | None
    high: float | None
    unit: str
    how: str
    """How it was measured, in one sentence."""


class GateState(enum.Enum):
    """A gate is never a score."""

    MET = "met"
    NOT_MET = "not met"
    TO_BE_CONFIRMED = "to be confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One suitability gate, with what it rests on."""

    id: str
    question: str
    state: GateState
    because: str
    source_ids: tuple[str, ...]
    twin: Twin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintedPrice:
    """What it costs to follow an owner that the engineer painted against the images."""

    structure: str
    owner: str
    voxels: int
    volume_ml: float
    disagreeing_ml: float
    """Of this, what the images alone would have given to the other twin."""
    extra_cost: float
    """Cost of the cut with the paint minus without, as a fraction of the latter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anatomy:
    """Whose is what, on the planning grid of the scene."""

    ownership: Volume | None
    """uint8, values of `core.Owner`; brain is always A or B. None where the anatomy was given by hand."""
    certainty: Volume | None
    """float32, 0.5-1: probability that the owner is right. Calibrated on synthetic pairs only."""
    tissue: Volume | None
    """uint8, values of `imaging.Structure`, with ``INTRACRANIAL`` told apart into brain, CSF, dura."""
    adherent: Volume | None
    """uint8, 1 where brain of A lies on brain of B with no gap seen."""
    frames: Mapping[Twin, HeadFrame]
    classification: Classification
    shared: tuple[SharedItem, ...]
    suitability: tuple[Gate, ...]
    painted: tuple[PaintedPrice, ...]
    refused_because: str
    """Empty, or why this union is not one the program may plan."""
    decision: Mapping[str, Any] = field(default_factory=dict)
    """The team's decision record as the case gives it; empty until a person fills it."""
    assumptions: tuple[str, ...] = ()
    """Evidence entries marked A that were read."""
    notes: tuple[str, ...] = ()
