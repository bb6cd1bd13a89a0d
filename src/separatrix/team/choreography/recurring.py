"""What recurs through the day, placed on the people of a cover: it takes nobody away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from separatrix.team.choreography.model import Assignment, Occurrence, ScheduledActivity
from separatrix.team.choreography.terms import overlap
from separatrix.team.protocol.model import Activity, ActivityMark, Procedure, Recurring

HANDOVER = "handover:"
"""Trigger of what is done at every handover of covers of a skill, such as the surgical count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """When something is due, and how early and late it may be."""

    recurring: Recurring
    at_min: int
    earliest_min: int
    latest_min: int


def due(
    procedure: Procedure,
    activities: Mapping[str, ScheduledActivity],
    assignments: Iterable[Assignment],
) -> Iterator[Due]:
    """Every time at which something recurring is due, by the clock and by handovers.

    What other triggers start, such as a loss of blood, is not known before the day and has no time here.
    """
    handovers = _handovers(assignments)
    last = max((a.end_min for a in activities.values()), default=0)
    for item in procedure.recurring:
        begin = activities[item.begins].start_min if item.begins in activities else 0
        end = activities[item.ends].end_min if item.ends in activities else last
        if item.every_min:
            for at in range(begin + item.every_min, end, item.every_min):
                yield Due(
                    recurring=item,
                    at_min=at,
                    earliest_min=max(at - item.tolerance_min, begin),
                    latest_min=at + item.tolerance_min,
                )
        if item.trigger.startswith(HANDOVER):
            skill = item.trigger.removeprefix(HANDOVER)
            for at in sorted(
                start
                for start, cover in handovers
                if _skill(procedure, cover) == skill
                and begin <= start < end
                and (not item.served_by or cover in item.served_by)
            ):
                yield Due(recurring=item, at_min=at, earliest_min=at, latest_min=at + item.tolerance_min)


def _handovers(assignments: Iterable[Assignment]) -> set[tuple[int, str]]:
    return {(a.start_min, a.activity) for a in assignments if a.kind == "handover"}


def _skill(procedure: Procedure, cover: str) -> str:
    return next((c.skill for c in procedure.covers if c.id == cover), "")


def place_recurring(
    procedure: Procedure,
    activities: Iterable[ScheduledActivity],
    assignments: Iterable[Assignment],
    *,
    happened: Iterable[Occurrence] = (),
    now_min: int = 0,
) -> tuple[Occurrence, ...]:
    """Give every recurring thing its time and people.

    Each is done as close to its due time as keeps it out of critical steps on its patients; where that is
    impossible within its tolerance, on time.

    Parameters
    ----------
    procedure, activities, assignments
        The plan; people of a cover must be on it for the whole occurrence.
    happened
        Occurrences that have begun; they stay, and what they were is not placed again.
    now_min
        Nothing new is placed earlier.
    """
    by_id = {a.id: a for a in activities}
    work = list(assignments)
    steps = {a.id: a for a in procedure.activities}
    past = sorted(happened, key=lambda o: o.start_min)
    left: dict[str, int] = {}
    for item in past:
        left[item.recurring] = left.get(item.recurring, 0) + 1
    placed: list[Occurrence] = list(past)
    for wanted in sorted(due(procedure, by_id, work), key=lambda d: (d.recurring.id, d.at_min)):
        if left.get(wanted.recurring.id, 0):
            left[wanted.recurring.id] -= 1
            continue
        critical = [
            (s.start_min, s.end_min)
            for s in by_id.values()
            if ActivityMark.CRITICAL in steps[s.id].marks and _disturbs(wanted.recurring, steps[s.id])
        ]
        placed.append(_place(wanted, critical, work, now_min))
    return tuple(sorted(placed, key=lambda o: (o.start_min, o.recurring, o.end_min)))


def _disturbs(item: Recurring, step: Activity) -> bool:
    return not item.patients or not step.patients or bool(set(item.patients) & set(step.patients))


def _place(item: Due, critical: list[tuple[int, int]], work: list[Assignment], now_min: int) -> Occurrence:
    length = item.recurring.duration_min
    covers = set(item.recurring.served_by)
    there = [a for a in work if a.activity in covers and a.kind in ("cover", "handover")]
    times = range(max(item.earliest_min, now_min), item.latest_min + 1)

    def against(start: int) -> tuple[bool, bool]:
        people = on_cover(item.recurring, there, start, start + length)
        inside = any(overlap((start, start + length), step) for step in critical)
        return not people and bool(covers), inside

    chosen, least = max(item.latest_min, now_min), (True, True, True)
    for start in sorted(times, key=lambda t: (abs(t - item.at_min), t)):
        weight = (*against(start), False)
        if weight < least:
            chosen, least = start, weight
        if weight == (False, False, False):
            break
    return Occurrence(
        recurring=item.recurring.id,
        start_min=chosen,
        end_min=chosen + length,
        people=on_cover(item.recurring, there, chosen, chosen + length),
    )


def on_cover(item: Recurring, work: Iterable[Assignment], start: int, end: int) -> tuple[str, ...]:
    """Who is on one of its covers from start to end: those who hand over meanwhile only if nobody else."""
    covers = set(item.served_by)
    there = [
        a
        for a in work
        if a.kind == "cover" and a.activity in covers and a.start_min <= start and end <= a.end_min
    ]
    busy = {
        a.person
        for a in work
        if a.kind == "handover" and a.activity in covers and overlap((a.start_min, a.end_min), (start, end))
    }
    calm = tuple(sorted({a.person for a in there if a.person not in busy}))
    return calm or tuple(sorted({a.person for a in there}))
