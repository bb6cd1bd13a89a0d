"""The protocols that the program brings, bound, and how one looks at their order."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from separatrix.evidence import EvidenceReader, all_entries
from separatrix.team.protocol import (
    Procedure,
    ProtocolFile,
    Staff,
    default_team,
    earliest_starts,
    inputs_for,
    procedures,
)
from separatrix.team.protocol.library import read_protocol
from separatrix.team.protocol.model import Activity, ActivityMark, Person


def bound(name: str, **given: object) -> tuple[Procedure, ...]:
    """The operations of a protocol with its own roster."""
    evidence, protocol, staff = _read(name)
    inputs = inputs_for(protocol, evidence=evidence, **given)  # type: ignore[arg-type]
    return procedures(protocol, inputs, staff, evidence=evidence)


@functools.cache
def _read(name: str) -> tuple[EvidenceReader, ProtocolFile, Staff]:
    evidence = EvidenceReader(all_entries())
    protocol = read_protocol(name, evidence=evidence)
    return evidence, protocol, default_team(protocol, evidence=evidence)


def minutes_of(entry_id: str) -> tuple[float, float]:
    """Published range of a span given in hours, in minutes."""
    entry = all_entries()[entry_id]
    assert entry.unit == "h"
    assert entry.low is not None
    assert entry.high is not None
    return 60 * entry.low, 60 * entry.high


def number(entry_id: str) -> float:
    """The value of an entry."""
    return EvidenceReader(all_entries()).number(entry_id)


class Day:
    """A procedure on its critical path: people, rooms and devices without limit."""

    def __init__(self, procedure: Procedure) -> None:
        self.procedure = procedure
        self.activities = {activity.id: activity for activity in procedure.activities}
        self.start = earliest_starts(procedure)
        self._before: dict[str, set[str]] = {}
        for tie in procedure.precedences:
            if tie.kind == "finish_start":
                self._before.setdefault(tie.after, set()).add(tie.before)

    def end(self, name: str) -> int:
        """Earliest end of an activity, minutes from wheels in."""
        return self.start[name] + self.activities[name].planned_min

    def marked(self, mark: ActivityMark) -> list[Activity]:
        """Activities that carry a mark, in the order of the protocol."""
        return [activity for activity in self.procedure.activities if mark in activity.marks]

    def awaits(self, later: str, earlier: str) -> bool:
        """Whether one activity cannot begin before the other has ended, by whatever way."""
        seen, open_ = {later}, [later]
        while open_:
            for before in self._before.get(open_.pop(), ()):
                if before == earlier:
                    return True
                if before not in seen:
                    seen.add(before)
                    open_.append(before)
        return False

    def heads_at_once(self) -> int:
        """Most people at work at one minute: needs and covers of all that runs, without breaks."""
        spans = [
            (self.start[a.id], self.end(a.id), sum(need.count for need in a.needs))
            for a in self.procedure.activities
        ] + [(self.start[c.begins], self.end(c.ends), c.count) for c in self.procedure.covers]
        return max(
            sum(count for begin, end, count in spans if begin <= minute < end)
            for minute in {begin for begin, _, _ in spans}
        )


def on_duty(
    people: Iterable[Person], minute: int, *, skill: str, team: str | None, level: int = 0
) -> list[str]:
    """Who of the operation's own people may do it at that minute."""
    return [
        person.id
        for person in people
        if person.pool != "standby"
        and skill in person.skills
        and person.skills[skill] >= level
        and (team is None or person.team in (None, team))
        and person.shift_min[0] <= minute < person.shift_min[1]
    ]


def uncovered(day: Day, *, until_min: int, spare: int = 1) -> list[tuple[str, int]]:
    """Continuous roles and minutes at which nobody is left to relieve."""
    lacking = []
    for cover in day.procedure.covers:
        same = [c for c in day.procedure.covers if (c.skill, c.team) == (cover.skill, cover.team)]
        wanted = sum(c.count for c in same) + spare
        for minute in range(day.start[cover.begins], until_min, 30):
            there = on_duty(
                day.procedure.people, minute, skill=cover.skill, team=cover.team, level=cover.level
            )
            if len(there) < wanted:
                lacking.append((cover.id, minute))
    return lacking


def standby_gaps(procedure: Procedure) -> list[tuple[str, int]]:
    """Skills and hours after the operation at which not all patients could be reopened at once."""
    assert procedure.standby is not None
    lacking = []
    for hour in range(int(procedure.standby.for_h)):
        for patient in procedure.standby.patients:
            for need in procedure.standby.needs:
                there = [
                    p
                    for p in procedure.people
                    if p.pool == "standby"
                    and p.skills.get(need.skill, -1) >= need.level
                    and p.team in (None, patient)
                    and p.shift_min[0] <= 60 * hour < p.shift_min[1]
                ]
                if len(there) < need.count:
                    lacking.append((f"{need.skill} for {patient}", hour))
    return lacking
