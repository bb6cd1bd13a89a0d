"""What the words of a procedure mean: who may do what, who is joined, which handovers disturb.

The decoder and the checker read the rules here, once, and apply them each in its own way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from separatrix.team.protocol.inputs import Patient
from separatrix.team.protocol.model import Activity, ActivityMark, Cover, Person, Procedure

JOINED = "A+B"
"""The one place that joined children take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arc:
    """`after` starts no earlier than `offset_min` behind the start of `before`."""

    before: str
    after: str
    offset_min: int
    because: str


def may_serve(person: Person, skill: str, level: int, team: Patient | None) -> bool:
    """Whether a person may bring a skill; who stands by for a reopening is kept out of the operation."""
    return (
        person.pool != "standby"
        and person.skills.get(skill, -1) >= level
        and (team is None or person.team in (None, team))
    )


def arcs(procedure: Procedure) -> Iterator[Arc]:
    """Every rule of order as a least distance between two starts.

    A cover must run while it serves, so its activities start no earlier than it begins and end no later
    than it ends. Activities that start together come as two arcs of distance zero.
    """
    planned = {a.id: a.planned_min for a in procedure.activities}
    for link in procedure.precedences:
        if link.kind == "starts_together":
            yield Arc(before=link.before, after=link.after, offset_min=0, because="start together")
            yield Arc(before=link.after, after=link.before, offset_min=0, because="start together")
            continue
        length = planned[link.before] if link.kind == "finish_start" else 0
        yield Arc(before=link.before, after=link.after, offset_min=length + link.lag_min, because=link.kind)
    covers = {c.id: c for c in procedure.covers}
    for activity in procedure.activities:
        for name in activity.served_by:
            cover = covers[name]
            if activity.id != cover.begins:
                yield Arc(before=cover.begins, after=activity.id, offset_min=0, because=f"cover {name}")
            if activity.id != cover.ends:
                spare = activity.planned_min - planned[cover.ends]
                yield Arc(before=activity.id, after=cover.ends, offset_min=spare, because=f"cover {name}")


def apart(procedure: Procedure) -> frozenset[str]:
    """Activities that come after the separation: there the children are two."""
    following: dict[str, set[str]] = defaultdict(set)
    for link in procedure.precedences:
        following[link.before].add(link.after)
    reached: set[str] = set()
    front = [a.id for a in procedure.activities if ActivityMark.SEPARATION in a.marks]
    while front:
        for name in following[front.pop()]:
            if name not in reached:
                reached.add(name)
                front.append(name)
    return frozenset(reached)


def places(activity: Activity, is_apart: bool) -> frozenset[str]:
    """Whose places an activity takes in its room: joined children take one, nobody takes one of its own."""
    if not activity.patients:
        return frozenset({f"room of {activity.id}"})
    if is_apart:
        return frozenset(activity.patients)
    return frozenset(JOINED if patient in ("A", "B") else patient for patient in activity.patients)


def concerns(cover: Cover, activity: Activity) -> bool:
    """Whether a handover of this cover disturbs that activity.

    It does where the cover's people take part. Where an activity names no cover, it does where they have a
    patient in common or one of the two names none.
    """
    if activity.served_by:
        return cover.id in activity.served_by
    return not cover.patients or not activity.patients or bool(set(cover.patients) & set(activity.patients))


def guarded(cover: Cover, activity: Activity, handover_min: int) -> bool:
    """Whether the cover may not change hands while the activity runs.

    So for every critical activity that it concerns and that one stretch can span with a handover at either
    end; in a longer one a handover cannot be ruled out, and is only kept away where it can be.
    """
    return (
        ActivityMark.CRITICAL in activity.marks
        and concerns(cover, activity)
        and activity.planned_min + 2 * handover_min <= cover.longest_min
    )


def overlap(first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Whether two stretches of minutes share any time."""
    return max(first[0], second[0]) < min(first[1], second[1])
