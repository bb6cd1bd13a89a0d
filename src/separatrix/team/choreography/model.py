"""The nouns of choreography: who does what, when, where."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from separatrix.team.protocol.inputs import Patient

AssignmentKind = Literal["activity", "break", "cover", "handover"]
Status = Literal["optimal", "feasible", "infeasible"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledActivity:
    """An activity with its time and room."""

    id: str
    start_min: int
    end_min: int
    room: str
    """Empty where it takes no place in a room."""
    patients: tuple[Patient, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A stretch of one person's day."""

    person: str
    skill: str
    """Empty for a break."""
    kind: AssignmentKind
    """``handover`` is the overlap at the start of the incoming person's cover: outgoing and incoming each
    have one, beside their cover stretch, which contains it."""
    activity: str
    """Activity or cover; empty for a break."""
    start_min: int
    end_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One time that something recurring is due, and who of the cover does it."""

    recurring: str
    start_min: int
    end_min: int
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A whole script of one operation."""

    activities: tuple[ScheduledActivity, ...]
    assignments: tuple[Assignment, ...]
    occurrences: tuple[Occurrence, ...]
    status: Status
    bound_min: int
    """No schedule ends earlier; ``facts["separation_bound_min"]`` is the same for the separation."""
    bound_because: str
    separation_min: int | None
    circulations_part_min: int | None
    end_min: int
    seed: int
    because: str = ""
    """Where infeasible: in plain words."""
    facts: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One rule that a schedule breaks, as the checker names it."""

    rule: str
    """One of ``precedence, duration, room, field, equipment, person_twice, skill, shift, duty, break, cover,
    handover, continuity, critical, count, recurring, consumable, past``."""
    what: str
    """In plain words: who, what, when."""
