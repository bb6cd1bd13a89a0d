"""Procedures with their schedules: those of the library, and small ones planned by hand."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from separatrix.evidence import EvidenceReader, all_entries
from separatrix.team.choreography.model import Assignment, AssignmentKind, Schedule, ScheduledActivity
from separatrix.team.choreography.plan import choreograph
from separatrix.team.protocol import default_team, inputs_for, procedures, read_protocol
from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.play.numbers import Numbers, numbers_of

LIBRARY = ("separation", "birth", "emergency_separation")


@functools.cache
def planned(name: str) -> tuple[Procedure, Schedule]:
    """A protocol of the library with its default team, and a quick plan of it."""
    evidence = EvidenceReader(all_entries())
    protocol = read_protocol(name, evidence=evidence)
    inputs, team = inputs_for(protocol, evidence=evidence), default_team(protocol, evidence=evidence)
    made = procedures(protocol, inputs, team, evidence=evidence)[-1]
    return made, choreograph(made, effort="first", seed=1, threads=1)


def numbers(made: Procedure) -> Numbers:
    """The numbers of the tables."""
    return numbers_of(made, evidence=EvidenceReader(all_entries()))


def step(person: str, name: str, begin: int, end: int, kind: AssignmentKind = "activity") -> Assignment:
    """A stretch of a day; a break has no name."""
    return Assignment(
        person=person,
        skill="" if kind == "break" else "any",
        kind=kind,
        activity=name,
        start_min=begin,
        end_min=end,
    )


def by_hand(
    made: Procedure, starts: dict[str, int], days: Sequence[Assignment], rooms: dict[str, str] | None = None
) -> Schedule:
    """A schedule with these starts, whose activities take their planned length."""
    end = max((starts[a.id] + a.planned_min for a in made.activities), default=0)
    fields: dict[str, Any] = {
        "activities": tuple(
            ScheduledActivity(
                id=a.id,
                start_min=starts[a.id],
                end_min=starts[a.id] + a.planned_min,
                room=(rooms or {}).get(a.id, ""),
                patients=a.patients,
            )
            for a in made.activities
        ),
        "assignments": tuple(days),
        "occurrences": (),
        "status": "feasible",
        "bound_min": end,
        "bound_because": "by hand",
        "separation_min": None,
        "circulations_part_min": None,
        "end_min": end,
        "seed": 0,
    }
    return Schedule(**fields)
