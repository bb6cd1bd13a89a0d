"""What the body wing tells the team: plain numbers, no anatomy.

Only ``pipeline/bind.py`` fills these from results; what is missing comes from a protocol's ``defaults:``
and is marked as an assumption.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Patient = Literal["A", "B", "mother"]

CrossingAction = Literal["divide", "sacrifice", "graft", "bypass", "occlude"]
"""What is planned for a crossing."""

PATIENTS: tuple[Patient, ...] = ("A", "B", "mother")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """One vessel (or other bridge) to be dealt with on the day."""

    id: str
    action: CrossingAction
    to: Patient
    """Whose it will be."""
    operation: int
    """1 is the first operation."""
    order: int
    """Place in the order of division over all operations, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Flow between the children after so many divisions."""

    divisions: int
    """How many crossings, in order, are closed; row 0 is before the first."""
    a_to_b_ml_per_min: float
    """Gross flow from A's arteries to B's veins."""
    b_to_a_ml_per_min: float
    net_ml_per_min: float
    """Positive: A loses to B."""
    worst_pressure_mmHg: Mapping[Patient, float]
    """Venous pressure of each child's worst region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """What is to be closed on one child."""

    scalp_cm2: float
    bone_cm2: float
    dura_cm2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolInputs:
    """All that a protocol may be made to depend on."""

    patients: tuple[Patient, ...]
    operations: int = 1
    crossings: tuple[Crossing, ...] = ()
    exchange: tuple[Exchange, ...] = ()
    closure: Mapping[Patient, Closure] = field(default_factory=dict)
    weight_kg: Mapping[Patient, float] = field(default_factory=dict)
    haematocrit: Mapping[Patient, float] = field(default_factory=dict)
    choices: Mapping[str, str | float] = field(default_factory=dict)
    """Answers to the protocol's own questions, such as the week of pregnancy."""
    assumed: tuple[str, ...] = ()
    """Fields that came from the protocol's defaults."""
