"""A schedule as rows of bars: by person, by room, by phase."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from separatrix.team.choreography.model import Assignment, Schedule
from separatrix.team.protocol.inputs import Patient
from separatrix.team.protocol.model import Activity, ActivityMark, Person, Procedure

BarKind = Literal["activity", "cover", "break", "handover"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One stretch of a row."""

    start_min: int
    end_min: int
    kind: BarKind
    text: str
    patients: tuple[Patient, ...] = ()
    critical: bool = False
    lane: int = 0
    """Bars of a row that overlap lie in different lanes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the chart."""

    label: str
    team: Patient | None
    bars: tuple[Bar, ...]
    lanes: int = 1
    heading: str = ""
    """Group the row opens; empty where the group goes on."""


def by_person(procedure: Procedure, schedule: Schedule) -> list[Row]:
    """One row for each person who does anything, grouped by first skill."""
    activities = {a.id: a for a in procedure.activities}
    covers = {c.id: c for c in procedure.covers}
    mine: dict[str, list[Bar]] = defaultdict(list)
    for item in schedule.assignments:
        activity = activities.get(item.activity)
        cover = covers.get(item.activity)
        mine[item.person].append(
            Bar(
                start_min=item.start_min,
                end_min=item.end_min,
                kind=item.kind,
                text=_words(item, activity.full_title if activity else cover.title if cover else ""),
                patients=activity.patients if activity else cover.patients if cover else (),
                critical=activity is not None and ActivityMark.CRITICAL in activity.marks,
            )
        )
    rows, group = [], ""
    for person in sorted((p for p in procedure.people if p.id in mine), key=_person_order(procedure)):
        skill = main_skill(person)
        heading = skill.replace("_", " ").capitalize() if skill != group else ""
        group = skill
        bars = sorted(mine[person.id], key=lambda b: (b.start_min, b.kind != "cover", b.end_min))
        rows.append(Row(label=person.name, team=person.team, bars=tuple(bars), heading=heading))
    return rows


def by_room(procedure: Procedure, schedule: Schedule) -> list[Row]:
    """One row for each room, overlapping activities in lanes."""
    activities = {a.id: a for a in procedure.activities}
    rows = []
    for room in procedure.rooms:
        inside = [s for s in schedule.activities if s.room == room.id and s.end_min > s.start_min]
        bars = in_lanes(_bar(activities[s.id], s.start_min, s.end_min) for s in inside)
        if bars:
            rows.append(Row(label=room.title, team=None, bars=tuple(bars), lanes=_lanes(bars)))
    return rows


def by_phase(procedure: Procedure, schedule: Schedule) -> list[Row]:
    """One row for each activity, grouped by phase, in order of time."""
    when = {s.id: s for s in schedule.activities}
    rows, group = [], ""
    order = {phase: number for number, phase in enumerate(procedure.phases)}
    shown = [a for a in procedure.activities if a.id in when and when[a.id].end_min > when[a.id].start_min]
    for activity in sorted(shown, key=lambda a: (order.get(a.phase, 99), when[a.id].start_min, a.id)):
        heading = activity.phase.replace("_", " ").capitalize() if activity.phase != group else ""
        group = activity.phase
        bar = _bar(activity, when[activity.id].start_min, when[activity.id].end_min)
        team = activity.patients[0] if len(activity.patients) == 1 else None
        rows.append(Row(label=activity.full_title, team=team, bars=(bar,), heading=heading))
    return rows


def in_lanes(bars: Iterable[Bar]) -> list[Bar]:
    """Give every bar the first lane that is free."""
    free: list[int] = []
    placed = []
    for bar in sorted(bars, key=lambda b: (b.start_min, -b.end_min, b.text)):
        lane = next((k for k, until in enumerate(free) if until <= bar.start_min), len(free))
        if lane == len(free):
            free.append(0)
        free[lane] = bar.end_min
        placed.append(replace(bar, lane=lane))
    return placed


def main_skill(person: Person) -> str:
    """The skill a person has most of."""
    return max(sorted(person.skills), key=lambda s: person.skills[s], default="")


def _person_order(procedure: Procedure) -> Callable[[Person], tuple[int, int, str]]:
    skills: dict[str, int] = {}
    for person in procedure.people:
        skills.setdefault(main_skill(person), len(skills))
    teams: dict[Patient | None, int] = {None: 0, "mother": 1, "A": 2, "B": 3}
    return lambda p: (skills[main_skill(p)], teams[p.team], p.id)


def _words(item: Assignment, title: str) -> str:
    return {"break": "break", "handover": "handover"}.get(item.kind, title)


def _bar(activity: Activity, start_min: int, end_min: int) -> Bar:
    return Bar(
        start_min=start_min,
        end_min=end_min,
        kind="activity",
        text=activity.full_title,
        patients=activity.patients,
        critical=ActivityMark.CRITICAL in activity.marks,
    )


def _lanes(bars: Iterable[Bar]) -> int:
    return max((b.lane for b in bars), default=0) + 1
