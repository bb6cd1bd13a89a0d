"""What one person needs to know: own script, breaks, reliefs, and what to do when something happens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from separatrix.share.script.crises import Crisis, crises_of
from separatrix.share.script.gantt import mark_of
from separatrix.share.script.rows import main_skill
from separatrix.team.choreography.model import Assignment, Schedule
from separatrix.team.protocol.inputs import Patient
from separatrix.team.protocol.model import ActivityMark, Person, Procedure


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a person's script."""

    start_min: int
    end_min: int
    kind: str
    what: str
    where: str
    with_whom: tuple[str, ...]
    """Names of the others on the same activity, or of who relieves or is relieved."""
    patients: tuple[Patient, ...]
    critical: bool
    skill: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleCard:
    """One person's page."""

    person: Person
    skill: str
    script: tuple[Entry, ...]
    crises: tuple[Crisis, ...]
    on_duty: tuple[int, int]
    """From the first to the last minute of the script; (0, 0) where there is none."""
    work_min: int
    break_min: int
    longest_work_min: int
    """Longest stretch without a break."""
    awake_at_end_h: float


def role_cards(procedure: Procedure, schedule: Schedule) -> tuple[RoleCard, ...]:
    """One card for each person of the team, those on standby too, in the order of the team file."""
    mine: dict[str, list[Assignment]] = defaultdict(list)
    for item in schedule.assignments:
        mine[item.person].append(item)
    writer = _Writer(procedure, schedule)
    return tuple(writer.card(person, mine[person.id]) for person in procedure.people)


class _Writer:
    def __init__(self, procedure: Procedure, schedule: Schedule) -> None:
        self.procedure = procedure
        self.activities = {a.id: a for a in procedure.activities}
        self.covers = {c.id: c for c in procedure.covers}
        self.rooms = {r.id: r.title for r in procedure.rooms}
        self.room_of = {s.id: s.room for s in schedule.activities}
        self.names = {p.id: p.name for p in procedure.people}
        self.together: dict[str, list[Assignment]] = defaultdict(list)
        for item in schedule.assignments:
            if item.activity:
                self.together[item.activity].append(item)

    def card(self, person: Person, items: list[Assignment]) -> RoleCard:
        items = sorted(items, key=lambda i: (i.start_min, i.end_min, i.kind))
        script = tuple(self._entry(person, item) for item in items)
        breaks = [i for i in items if i.kind == "break"]
        begin, end = (items[0].start_min, max(i.end_min for i in items)) if items else (0, 0)
        return RoleCard(
            person=person,
            skill=main_skill(person),
            script=script,
            crises=crises_of(person, self.procedure),
            on_duty=(begin, end),
            work_min=_covered([i for i in items if i.kind != "break"]),
            break_min=sum(i.end_min - i.start_min for i in breaks),
            longest_work_min=longest_stretch(items),
            awake_at_end_h=person.hours_awake + max(0, end - max(person.shift_min[0], 0)) / 60,
        )

    def _entry(self, person: Person, item: Assignment) -> Entry:
        activity, cover = self.activities.get(item.activity), self.covers.get(item.activity)
        others = [
            self.names[o.person]
            for o in self.together[item.activity]
            if o.person != person.id and o.start_min < item.end_min and item.start_min < o.end_min
        ]
        title = activity.full_title if activity else cover.title if cover else ""
        takes_over = any(
            o.person == person.id and o.kind == "cover" and o.start_min == item.start_min
            for o in self.together[item.activity]
        )
        handover = f"{'Take over' if takes_over else 'Hand over'}: {title}"
        what = {"break": "Break", "handover": handover, "cover": f"Cover: {title}"}
        return Entry(
            start_min=item.start_min,
            end_min=item.end_min,
            kind=item.kind,
            what=what.get(item.kind, title),
            where="with the patient" if cover else self._room(item),
            with_whom=tuple(dict.fromkeys(others)),
            patients=activity.patients if activity else cover.patients if cover else (),
            critical=activity is not None and ActivityMark.CRITICAL in activity.marks,
            skill=item.skill,
        )

    def _room(self, item: Assignment) -> str:
        """The room's name without what its title explains behind a comma."""
        return self.rooms.get(self.room_of.get(item.activity, ""), "").split(",")[0]


def _covered(items: list[Assignment]) -> int:
    """Minutes in which at least one of the stretches runs."""
    total, until = 0, -1
    for item in sorted(items, key=lambda i: i.start_min):
        total += max(0, item.end_min - max(item.start_min, until))
        until = max(until, item.end_min)
    return total


def longest_stretch(items: list[Assignment]) -> int:
    """Longest time from the begin of work to the next break or the end, in minutes.

    Idle time between two activities is no break: the person stays ready.
    """
    longest, begun, last = 0, None, 0
    for item in sorted(items, key=lambda i: (i.start_min, i.kind != "break")):
        if item.kind == "break":
            if begun is not None:
                longest = max(longest, item.start_min - begun)
            begun = None
        else:
            begun = item.start_min if begun is None else begun
            last = max(last, item.end_min)
            longest = max(longest, last - begun)
    return longest


def signed(patients: tuple[Patient, ...]) -> str:
    """Letters and shapes of patients, as they stand together everywhere."""
    letters: Mapping[Patient, str] = {"A": "A", "B": "B", "mother": "mother"}
    return " ".join(f"{mark_of(p)} {letters[p]}" for p in patients)
