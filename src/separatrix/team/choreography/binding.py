"""What sets the moment of separation, or the end: the chain of steps that wait for each other.

Followed backwards from the moment that is explained: each step began when the last thing it needs came
free. Time is never lost without a name: a step that nothing visible holds up says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from separatrix.team.choreography.explanation_model import Link, WaitKind
from separatrix.team.choreography.facts import plain, quoted
from separatrix.team.choreography.model import Assignment, Schedule, ScheduledActivity
from separatrix.team.choreography.terms import Arc, apart, arcs, may_serve, places
from separatrix.team.protocol.model import Activity, ActivityMark, Need, Person, Procedure
from separatrix.team.protocol.staffing import hours_text

_RANK: dict[WaitKind, int] = {
    "order": 0,
    "earliest": 1,
    "field": 2,
    "room": 3,
    "equipment": 4,
    "person": 5,
    "break": 6,
    "shift": 7,
    "unexplained": 8,
    "begin": 9,
}
"""Which of several things that came free in the same minute is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wait:
    kind: WaitKind
    until_min: int
    words: str
    activity: str = ""
    """Step before in the chain."""
    skill: str = ""


@dataclass(slots=True)
class _Day:
    """A schedule with what is looked up again and again."""

    procedure: Procedure
    schedule: Schedule
    steps: dict[str, Activity] = field(default_factory=dict)
    times: dict[str, ScheduledActivity] = field(default_factory=dict)
    into: dict[str, list[Arc]] = field(default_factory=dict)
    work: dict[str, list[Assignment]] = field(default_factory=dict)
    two: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.steps = {a.id: a for a in self.procedure.activities}
        self.times = {a.id: a for a in self.schedule.activities}
        self.two = apart(self.procedure)
        for arc in arcs(self.procedure):
            self.into.setdefault(arc.after, []).append(arc)
        for item in self.schedule.assignments:
            if item.kind != "handover":
                self.work.setdefault(item.person, []).append(item)

    @property
    def grid(self) -> int:
        return max(self.procedure.rules.grid_min, 1)

    def starting_with(self, name: str) -> list[str]:
        """Steps that must begin in the same minute, itself first."""
        found = [name]
        for here in found:
            found += [
                a.before
                for a in self.into.get(here, ())
                if a.because == "start together" and a.before not in found
            ]
        return found


def binding_chain(procedure: Procedure, schedule: Schedule) -> tuple[Link, ...]:
    """Steps from wheels in to the separation, or to the end where nobody is parted.

    Parameters
    ----------
    procedure, schedule
        A plan that keeps every rule.

    Returns
    -------
    tuple of Link
        In order of time; each tells what its step waited for.
    """
    day = _Day(procedure, schedule)
    name = _goal(day)
    links: list[Link] = []
    seen: set[str] = set()
    while name and name not in seen:
        seen.add(name)
        wait = _holder(day, name, seen)
        links.append(_link(day, name, wait))
        name = wait.activity
    return tuple(reversed(links))


def waits_by_kind(links: Iterable[Link]) -> tuple[tuple[str, int], ...]:
    """Minutes of a chain by what is done or waited for; they add up to its end."""
    totals: dict[str, int] = {}
    before = 0
    for link in links:
        worked = link.end_min - max(before, link.start_min)
        totals["work"] = totals.get("work", 0) + max(worked, 0)
        if link.start_min > before:
            kind = "order" if link.kind == "begin" else link.kind
            totals[kind] = totals.get(kind, 0) + link.start_min - before
        before = max(before, link.end_min)
    return tuple(sorted(totals.items(), key=lambda row: (-row[1], row[0])))


def _goal(day: _Day) -> str:
    for activity in day.procedure.activities:
        if ActivityMark.SEPARATION in activity.marks:
            return activity.id
    last = max(day.schedule.activities, key=lambda a: (a.end_min, a.start_min), default=None)
    return last.id if last else ""


def _link(day: _Day, name: str, wait: _Wait) -> Link:
    time = day.times[name]
    allowed = max((_allowed(day, arc) for arc in day.into.get(name, ())), default=0)
    allowed = -(-max(allowed, day.steps[name].earliest_min) // day.grid) * day.grid
    return Link(
        activity=name,
        title=day.steps[name].title,
        start_min=time.start_min,
        end_min=time.end_min,
        kind=wait.kind,
        waits_for=wait.activity,
        waited_min=max(time.start_min - allowed, 0),
        words=wait.words,
        skill=wait.skill,
    )


def _allowed(day: _Day, arc: Arc) -> int:
    return day.times[arc.before].start_min + arc.offset_min if arc.before in day.times else 0


def _holder(day: _Day, name: str, seen: set[str]) -> _Wait:
    """What came free last before a step, or before one that must begin with it."""
    start = day.times[name].start_min
    if start < day.grid:
        return _Wait(kind="begin", until_min=0, words="the day begins")
    waits = [
        wait
        for member in day.starting_with(name)
        for wait in _waits(day, member)
        if start - day.grid < wait.until_min <= start and wait.activity not in seen
    ]
    before = [arc for arc in day.into.get(name, ()) if arc.before not in seen and arc.before in day.times]
    last = max(before, key=lambda arc: _allowed(day, arc), default=None)
    on = last.before if last else ""
    if waits:
        wait = min(waits, key=lambda w: (_RANK[w.kind], -w.until_min, w.words))
        return wait if wait.activity else replace(wait, activity=on)
    return _Wait(
        kind="unexplained",
        until_min=start,
        activity=on,
        words="nothing visible holds it: the search found no earlier place that keeps every rule",
    )


def _waits(day: _Day, name: str) -> Iterator[_Wait]:
    step = day.steps[name]
    for arc in day.into.get(name, ()):
        if arc.before in day.times and arc.because != "start together":
            yield _Wait(
                kind="order",
                until_min=_allowed(day, arc),
                activity=arc.before,
                words=f"comes after {quoted(day.steps[arc.before].title)}",
            )
    if step.earliest_min:
        words = f"may not start before {hours_text(step.earliest_min)}"
        yield _Wait(kind="earliest", until_min=step.earliest_min, words=words)
    yield from _waits_for_things(day, step)
    for number, need in enumerate(step.needs if step.planned_min else ()):
        able = [p for p in day.procedure.people if may_serve(p, need.skill, need.level, need.team)]
        if step.continuity and number == 0:
            there = {a.person for a in day.schedule.assignments if a.activity == step.id}
            yield from _waits_for_people(
                day, step, replace(need, count=1), _leads(day, step, able, there), "who leads,"
            )
        yield from _waits_for_people(day, step, need, able)


def _waits_for_things(day: _Day, step: Activity) -> Iterator[_Wait]:
    here = day.times[step.id]
    for other in day.procedure.activities:
        time = day.times.get(other.id)
        if time is None or time.end_min > here.start_min or not other.planned_min:
            continue
        title = quoted(other.title)
        if set(step.sterile_field) & set(other.sterile_field):
            words = f"the sterile field is taken by {title}"
            yield _Wait(kind="field", until_min=time.end_min, activity=other.id, words=words)
        if here.room and time.room == here.room and _fills(day, step, other, time):
            words = f"{_room(day, here.room)} is taken by {title}"
            yield _Wait(kind="room", until_min=time.end_min, activity=other.id, words=words)
        if here.room and time.room and time.room != here.room and set(step.patients) & set(other.patients):
            words = f"the patient is still in {_room(day, time.room)} for {title}"
            yield _Wait(kind="room", until_min=time.end_min, activity=other.id, words=words)
        for item in sorted(set(step.equipment) & set(other.equipment)):
            have = day.procedure.equipment.get(item, 0)
            if _held(day, item, time.end_min - 1) + step.equipment[item] > have:
                words = f"{plain(day.procedure, 'equipment', item)} is held by {title}"
                yield _Wait(kind="equipment", until_min=time.end_min, activity=other.id, words=words)


def _fills(day: _Day, step: Activity, other: Activity, time: ScheduledActivity) -> bool:
    """Whether the room had no place for a step as long as the other ran."""
    if places(step, step.id in day.two) <= places(other, other.id in day.two):
        return False
    room = next((r for r in day.procedure.rooms if r.id == time.room), None)
    moment = time.end_min - 1
    taken = {
        place
        for name, when in day.times.items()
        if when.room == time.room
        and when.start_min <= moment < when.end_min
        and when.end_min > when.start_min
        for place in places(day.steps[name], name in day.two)
    }
    return room is not None and len(taken | places(step, step.id in day.two)) > room.places


def _held(day: _Day, item: str, minute: int) -> int:
    return sum(
        day.steps[name].equipment.get(item, 0)
        for name, when in day.times.items()
        if when.start_min <= minute < when.end_min
    )


def _room(day: _Day, room: str) -> str:
    return next((r.title for r in day.procedure.rooms if r.id == room), room)


def _leads(day: _Day, step: Activity, able: list[Person], there: set[str]) -> list[Person]:
    """Who leads a step because the same person led before it."""
    before = {
        a.person
        for a in day.schedule.assignments
        if a.kind == "activity"
        and day.steps[a.activity].continuity == step.continuity
        and a.end_min <= day.times[step.id].start_min
    }
    return [p for p in able if p.id in there & before]


def _waits_for_people(
    day: _Day, step: Activity, need: Need, able: list[Person], role: str = ""
) -> Iterator[_Wait]:
    """Of the people who could, those who came free just before, if until then nobody was."""
    start = day.times[step.id].start_min
    before = start - day.grid
    free = sum(_free(day, person, before, before + step.planned_min, step.id) for person in able)
    if free >= need.count or not able:
        return
    role = role or (
        f"the only {plain(day.procedure, 'skill', need.skill)} who can," if len(able) == 1 else ""
    )
    title = plain(day.procedure, "skill", need.skill)
    for person in able:
        for wait in _until(day, person, start):
            who = f"{person.name}, {role}" if role else f"no {title} is free: {person.name}"
            words = f"{who} {wait.words}"
            yield _Wait(
                kind=wait.kind,
                until_min=wait.until_min,
                activity=wait.activity,
                words=words,
                skill=need.skill,
            )


def _free(day: _Day, person: Person, begin: int, end: int, own: str) -> bool:
    if begin < person.shift_min[0] or end > person.shift_min[1]:
        return False
    return all(
        item.end_min <= begin or end <= item.start_min or item.activity == own
        for item in day.work.get(person.id, ())
    )


def _until(day: _Day, person: Person, start: int) -> Iterator[_Wait]:
    if person.shift_min[0] > 0:
        words = f"comes on duty at {hours_text(person.shift_min[0])}"
        yield _Wait(kind="shift", until_min=person.shift_min[0], words=words)
    last = max(
        (a for a in day.work.get(person.id, ()) if a.end_min <= start), key=lambda a: a.end_min, default=None
    )
    if last is None:
        return
    if last.kind == "break":
        yield _Wait(kind="break", until_min=last.end_min, words="is on a break until then")
    elif last.kind == "cover":
        cover = next(c.title for c in day.procedure.covers if c.id == last.activity)
        yield _Wait(kind="person", until_min=last.end_min, words=f"covers {quoted(cover)} until then")
    elif last.activity in day.steps:
        yield _Wait(
            kind="person",
            until_min=last.end_min,
            activity=last.activity,
            words=f"is at {quoted(day.steps[last.activity].title)} until then",
        )
