"""People of a rehearsal: what they can do, what the schedule names them for, and in which order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from separatrix.team.choreography.model import Assignment, Schedule
from separatrix.team.protocol.matching import may_fill
from separatrix.team.protocol.model import Need, Person, Procedure
from separatrix.team.rehearsal.play import arrays as ar
from separatrix.team.rehearsal.play.arrays import Floats, Ints
from separatrix.team.rehearsal.play.compile_nodes import Node, bits
from separatrix.team.rehearsal.play.names import NeedName, name_of_need

POOLS = {"room": ar.ROOM, "relief": ar.RELIEF, "standby": ar.STANDBY}


@dataclass(slots=True)
class Needs:
    """Rows of needs as they are asked for; equal ones share a row."""

    procedure: Procedure
    rows: dict[NeedName, int] = field(default_factory=dict)

    def row(self, need: Need, *, standby: bool = False) -> int:
        """Row of a need, a new one where nobody asked for it before."""
        return self.rows.setdefault(name_of_need(need, standby=standby), len(self.rows))

    @property
    def names(self) -> tuple[NeedName, ...]:
        """What each row asks for."""
        return tuple(self.rows)

    def candidates(self, name: NeedName) -> tuple[int, ...]:
        """People who meet a need, fewest skills first, then in the team's order.

        After the operation those on standby. A skill that the standby is not made of, such as an intensive
        care nurse, is asked of the others: the ward has it day and night.
        """
        need = Need(skill=name.skill, team=name.team, level=name.level)
        on_standby = name.standby and (name.skill in self.standby_skills or not self.standby_skills)
        fit = [
            (len(person.skills), i)
            for i, person in enumerate(self.procedure.people)
            if (person.pool == "standby") == on_standby and may_fill(person, need)
        ]
        return tuple(i for _, i in sorted(fit))

    @property
    def standby_skills(self) -> frozenset[str]:
        """Skills that the standby team is made of."""
        standby = self.procedure.standby
        wanted = {need.skill for need in standby.needs} if standby is not None else set()
        return frozenset(wanted.union(*(p.skills for p in self.procedure.people if p.pool == "standby")))

    def fields(self) -> dict[str, Ints]:
        """``need_ptr`` and ``need_person``."""
        found = [self.candidates(name) for name in self.rows]
        return {"need_ptr": pointers([len(row) for row in found]), "need_person": flat(found)}


def pointers(lengths: Sequence[int]) -> Ints:
    """Where each row begins, and where the last ends.

    Examples
    --------
    >>> pointers([2, 0, 1]).tolist()
    [0, 2, 2, 3]
    """
    return np.concatenate(([0], np.cumsum(np.array(lengths, np.int64)))).astype(np.int64)


def flat(rows: Sequence[Sequence[int]]) -> Ints:
    """All rows one behind the other."""
    return np.array([item for row in rows for item in row], np.int64)


def person_fields(procedure: Procedure, schedule: Schedule) -> dict[str, Ints | Floats]:
    """Fields of `Arrays` that describe people."""
    last: dict[str, int] = {}
    for item in schedule.assignments:
        if item.kind != "break":
            last[item.person] = max(last.get(item.person, -1), item.end_min)
    people = procedure.people
    return {
        "person_shift": np.array([p.shift_min for p in people], np.float64).reshape(-1, 2),
        "person_pool": np.array([POOLS[p.pool] for p in people], np.int64),
        "person_colour": np.array(
            [bits((p.team,), procedure.patients) if p.team else 0 for p in people], np.int64
        ),
        "person_last": np.array([last.get(p.id, -1) for p in people], np.float64),
        "person_awake": np.array([p.hours_awake for p in people], np.float64),
    }


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a node."""

    person: int
    """-1: whoever can."""
    need: int


def slots_of(
    nodes: Sequence[Node], procedure: Procedure, schedule: Schedule, needs: Needs
) -> tuple[tuple[tuple[Slot, ...], ...], tuple[str, ...]]:
    """Places of each node with who is named for them, and what the schedule leaves open, in words."""
    index = {person.id: i for i, person in enumerate(procedure.people)}
    named: dict[str, list[int]] = defaultdict(list)
    for item in schedule.assignments:
        if item.kind == "activity":
            named[item.activity].append(index[item.person])
    rows: list[tuple[Slot, ...]] = []
    findings: list[str] = []
    for node in nodes:
        places = [need for need in node.activity.needs for _ in range(need.count)]
        there = named[node.activity.id] if node.name.branch < 0 else []
        seated = _seated(places, there, procedure.people)
        rows.append(tuple(Slot(who, needs.row(need)) for who, need in zip(seated, places, strict=True)))
        if node.name.branch < 0:
            findings += [
                f"The schedule names nobody as {need.skill} for '{node.name.id}': whoever can takes the place"
                for who, need in zip(seated, places, strict=True)
                if who < 0
            ]
    return tuple(rows), tuple(findings)


def _seated(places: Sequence[Need], there: Sequence[int], people: Sequence[Person]) -> list[int]:
    """Who of those named takes which place, as many as can; -1 for a place that stays open."""
    place_of: dict[int, int] = {}

    def seat(place: int, asked: set[int]) -> bool:
        for who in there:
            if who in asked or not may_fill(people[who], places[place]):
                continue
            asked.add(who)
            if who not in place_of or seat(place_of[who], asked):
                place_of[who] = place
                return True
        return False

    for place in range(len(places)):
        seat(place, set())
    taken = {place: who for who, place in place_of.items()}
    return [taken.get(place, -1) for place in range(len(places))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From one thing that the schedule has for a person to the next."""

    person: int
    before: Assignment
    after: Assignment
    break_min: int
    """Length of the breaks between the two."""


def steps_of(procedure: Procedure, schedule: Schedule) -> Iterator[Step]:
    """Consecutive things of each person: activities and stretches of cover, with the breaks between."""
    index = {person.id: i for i, person in enumerate(procedure.people)}
    days: dict[str, list[Assignment]] = defaultdict(list)
    for item in schedule.assignments:
        if item.kind != "handover":
            days[item.person].append(item)
    for person, day in days.items():
        day.sort(key=lambda item: (item.start_min, item.end_min))
        before: Assignment | None = None
        pause = 0
        for item in day:
            if item.kind == "break":
                pause += item.end_min - item.start_min
                continue
            if before is not None:
                yield Step(person=index[person], before=before, after=item, break_min=pause)
            before, pause = item, 0
