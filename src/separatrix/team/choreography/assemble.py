"""From a decoded plan to the script: everybody's stretches, breaks written out, what recurs placed."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping

from separatrix.team.choreography.arrays import Compiled
from separatrix.team.choreography.decode import Decoded, Stretch
from separatrix.team.choreography.model import Assignment, ScheduledActivity
from separatrix.team.protocol.model import Procedure, Rules

KIND_ORDER = {"activity": 0, "cover": 1, "handover": 2, "break": 3}
"""Order of what begins in the same minute."""


def scheduled_activities(compiled: Compiled, plan: Decoded) -> tuple[ScheduledActivity, ...]:
    """Activities with their times, by start."""
    procedure = compiled.procedure
    rows = [
        ScheduledActivity(
            id=activity.id,
            start_min=int(plan.start[i]),
            end_min=int(plan.start[i]) + activity.planned_min,
            room=procedure.rooms[plan.room[i]].id if plan.room[i] >= 0 else "",
            patients=activity.patients,
        )
        for i, activity in enumerate(procedure.activities)
    ]
    return tuple(sorted(rows, key=lambda row: row.start_min))


def work_of(compiled: Compiled, plan: Decoded) -> list[Assignment]:
    """Everybody's activities, turns of cover and handovers."""
    return _activity_work(compiled, plan) + _cover_work(compiled.procedure, plan.stretches)


def _activity_work(compiled: Compiled, plan: Decoded) -> list[Assignment]:
    people = compiled.procedure.people
    index = {a.id: i for i, a in enumerate(compiled.procedure.activities)}
    return [
        Assignment(
            person=people[person].id,
            skill=skill,
            kind="activity",
            activity=name,
            start_min=int(plan.start[index[name]]),
            end_min=int(plan.start[index[name]]) + int(compiled.problem.length[index[name]]),
        )
        for (name, skill), person in zip(compiled.slots, plan.person, strict=True)
        if person >= 0
    ]


def _cover_work(procedure: Procedure, stretches: Iterable[Stretch]) -> list[Assignment]:
    chains: dict[tuple[int, int], list[Stretch]] = defaultdict(list)
    for stretch in stretches:
        chains[stretch.cover, stretch.chain].append(stretch)
    work: list[Assignment] = []
    for (number, _), chain in sorted(chains.items()):
        cover = procedure.covers[number]
        before: Stretch | None = None
        for turn in sorted(chain, key=lambda s: s.start_min):
            if turn.person >= 0:
                work.append(_assignment(procedure, cover.skill, "cover", cover.id, turn))
            if before and before.person >= 0 and turn.person >= 0 and before.end_min > turn.start_min:
                work += [
                    _assignment(procedure, cover.skill, "handover", cover.id, who, turn, before.end_min)
                    for who in (before, turn)
                ]
            before = turn
    return work


def _assignment(
    procedure: Procedure,
    skill: str,
    kind: str,
    cover: str,
    who: Stretch,
    begins: Stretch | None = None,
    end_min: int | None = None,
) -> Assignment:
    return Assignment(
        person=procedure.people[who.person].id,
        skill=skill,
        kind=kind,  # type: ignore[arg-type]
        activity=cover,
        start_min=(begins or who).start_min,
        end_min=who.end_min if end_min is None else end_min,
    )


def write_breaks(
    rules: Rules, work: Iterable[Assignment], *, taken: Iterable[Assignment] = (), now_min: int = 0
) -> list[Assignment]:
    """The breaks that people's gaps leave room for, where they need one: as late as the rule allows.

    Parameters
    ----------
    rules
        With the length of a break and the longest work between two.
    work
        Everybody's activities and turns of cover.
    taken
        Breaks that have begun already; they stay.
    now_min
        New breaks begin no earlier; time without work before it counts as rest.
    """
    if not rules.break_min or not rules.break_within_min:
        return []
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for item in work:
        if item.kind in ("activity", "cover"):
            spans[item.person].append((item.start_min, item.end_min))
    had: dict[str, list[Assignment]] = defaultdict(list)
    for item in taken:
        had[item.person].append(item)
    breaks = [item for items in had.values() for item in items]
    for person, each in sorted(spans.items()):
        breaks += _breaks_of(person, sorted(each), had.get(person, []), rules, now_min)
    return breaks


def _breaks_of(
    person: str, spans: list[tuple[int, int]], taken: list[Assignment], rules: Rules, now_min: int
) -> list[Assignment]:
    assert rules.break_min
    assert rules.break_within_min
    since, found = spans[0][0], []
    gap: tuple[int, int] | None = None
    for (_, ended), (begins, ends) in itertools.pairwise(spans):
        if begins - ended >= rules.break_min:
            if min(begins, now_min) - ended >= rules.break_min or any(
                ended <= rest.start_min and rest.end_min <= begins for rest in taken
            ):
                since, gap = begins, None
            elif begins - max(ended, now_min) >= rules.break_min:
                gap = (max(ended, now_min), begins)
        if ends - since > rules.break_within_min and gap:
            found.append(
                Assignment(
                    person=person,
                    skill="",
                    kind="break",
                    activity="",
                    start_min=gap[0],
                    end_min=gap[0] + rules.break_min,
                )
            )
            since, gap = gap[1], None
    return found


def in_order(assignments: Iterable[Assignment], people: Mapping[str, int]) -> tuple[Assignment, ...]:
    """Assignments by start; within a minute as they come, activities first."""
    return tuple(
        sorted(assignments, key=lambda a: (a.start_min, KIND_ORDER[a.kind], a.end_min, people[a.person]))
    )
