"""Activities of a protocol as those of a procedure: planned length, people, fields, rooms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from separatrix.evidence import EvidenceReader
from separatrix.team.protocol.file import ActivitySpec, NeedSpec
from separatrix.team.protocol.inputs import Crossing, Patient
from separatrix.team.protocol.model import Activity, ActivityMark, Duration, Need, Rules
from separatrix.team.protocol.pert import pert_quantile
from separatrix.team.protocol.quantities import duration_of, scaled
from separatrix.team.protocol.repeat import Instance, Instances, repeated_name
from separatrix.team.protocol.situation import Situation
from separatrix.team.protocol.words import DurationSpec

LONG_FIELD_WORK = "choreography.micro_pause.operations_from"
"""Evidence entry (hours): work in the sterile field from this length on is stretched by micro-pauses."""

_NO_TIME = DurationSpec(low_min=0.0, mode_min=0.0, high_min=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What every part of an operation is made from."""

    situation: Situation
    instances: Instances
    rules: Rules
    evidence: EvidenceReader


def activity_of(one: Instance, ground: Ground) -> Activity:
    """The activity that an instance is."""
    spec = one.spec
    patient = one.patients[0] if one.patients else ""
    duration = scaled(
        duration_of(spec.duration or _NO_TIME, ground.evidence, patient=patient),
        ground.situation.factor(spec.scale_by, one.patients),
    )
    field = _field(spec, one.patients)
    return Activity(
        id=one.id,
        title=one.title,
        phase=spec.phase,
        duration=duration,
        planned_min=0 if spec.duration is None else _planned_min(duration, ground, in_field=bool(field)),
        patients=one.patients,
        rooms=_rooms(spec, one.patients),
        needs=tuple(need_of(need, one.patients, one.crossing) for need in spec.needs),
        sterile_field=field,
        equipment=dict(spec.equipment),
        consumables=dict(spec.consumables),
        served_by=cover_ids(spec.served_by, ground.situation, kind=one.kind, key=one.key),
        continuity=_lead(spec, one),
        marks=frozenset(map(ActivityMark, spec.marks)),
        crossing=one.crossing.id if one.crossing else "",
        earliest_min=spec.earliest_min,
    )


def _planned_min(duration: Duration, ground: Ground, *, in_field: bool) -> int:
    length = pert_quantile(duration, ground.rules.plan_quantile)
    if in_field and length >= ground.evidence.number(LONG_FIELD_WORK) * 60:
        length *= ground.rules.micro_pause_factor
    # Points out of order have no quantile: a fault of their own, told with all others.
    return max(1, round(length)) if math.isfinite(length) else 1


def _field(spec: ActivitySpec, patients: tuple[Patient, ...]) -> tuple[Patient, ...]:
    if spec.sterile_field == "same":
        return patients
    if spec.sterile_field == "both":
        return ("A", "B")
    return tuple(spec.sterile_field)


def _rooms(spec: ActivitySpec, patients: Sequence[Patient]) -> tuple[str, ...]:
    if isinstance(spec.room, dict):
        return tuple(spec.room.get(patients[0], ())) if len(patients) == 1 else ()
    return tuple(spec.room)


def need_of(need: NeedSpec, patients: Sequence[Patient], crossing: Crossing | None = None) -> Need:
    """A need with its colour: ``same`` is the patient's, or the child's whose the crossing will be."""
    return Need(
        skill=need.skill, count=need.count, team=team_of(need.team, patients, crossing), level=need.level
    )


def team_of(
    team: str | None, patients: Sequence[Patient], crossing: Crossing | None = None
) -> Patient | None:
    """The colour that a word means; None for anyone."""
    if team != "same":
        return team  # type: ignore[return-value]
    if crossing is not None:
        return crossing.to
    return patients[0] if len(patients) == 1 else None


def _lead(spec: ActivitySpec, one: Instance) -> str:
    if spec.continuity is None:
        return ""
    return repeated_name(spec.continuity, one.key if one.kind == "patient" else "")


def cover_ids(
    references: Sequence[str], situation: Situation, *, kind: str = "", key: str = ""
) -> tuple[str, ...]:
    """The covers of this operation that names mean, seen from a repetition."""
    found: list[str] = []
    for reference in references:
        name, _, wanted = reference.partition("@")
        for spec in situation.protocol.covers:
            if spec.id != name or not situation.takes_place(spec.operations, spec.when):
                continue
            whose = list(spec.patients or situation.protocol.patients) if spec.for_each else [""]
            if wanted or (kind == "patient" and key in whose):
                whose = [patient for patient in whose if patient == (wanted or key)]
            found += [repeated_name(name, patient) for patient in whose]
    return tuple(dict.fromkeys(found))
