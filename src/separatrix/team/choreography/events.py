"""What the day brings, and the procedure as it is after that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from separatrix.core import Fault, InputError, near_names
from separatrix.evidence import EvidenceReader, all_entries
from separatrix.team.choreography.model import Schedule, ScheduledActivity
from separatrix.team.protocol.model import Activity, ActivityMark, Precedence, Procedure, Recurring
from separatrix.team.protocol.network import earliest_starts

FOR_GOOD = 1_000_000
"""Later than the end of any operation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """An activity that cannot begin before a minute."""

    activity: str
    until_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Longer:
    """An activity that takes longer (or less long) than planned."""

    activity: str
    planned_min: int
    """Its whole length, from its start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaves:
    """A person who takes on nothing new; what is running is finished or handed over."""

    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomLost:
    """A room that cannot be used for a time, or any more; what runs in it is finished there."""

    room: str
    until_min: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A branch that had to be taken, such as after a failed clamp test, and the way that was chosen."""

    branch: str
    option: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """An activity nobody had planned."""

    activity: Activity
    precedences: tuple[Precedence, ...] = ()


Event = Late | Longer | Leaves | RoomLost | Decided | Added


def revise(procedure: Procedure, schedule: Schedule, *, now_min: int, events: Iterable[Event]) -> Procedure:
    """The procedure as it is after what has happened.

    Parameters
    ----------
    procedure, schedule
        What was planned.
    now_min
        Minute of the events.
    events
        In the order in which they became known.

    Raises
    ------
    InputError
        If an event names something that is not there or has happened already; all such faults at once.
    """
    times = {a.id: a for a in schedule.activities}
    faults: list[Fault] = []
    for event in events:
        fault = _fault(procedure, times, now_min, event)
        if fault:
            faults.append(fault)
            continue
        procedure = _applied(procedure, schedule, times, now_min, event)
    if faults:
        raise InputError(*faults)
    return _with_covers_that_go_on(procedure, times, now_min)


def _with_covers_that_go_on(
    procedure: Procedure, times: Mapping[str, ScheduledActivity], now_min: int
) -> Procedure:
    """A cover whose last activity runs already, and ends before what it still serves, ends with that."""
    begun = {name: time.start_min for name, time in times.items() if time.start_min < now_min}
    if not any(cover.ends in begun for cover in procedure.covers):
        return procedure
    dated = tuple(
        replace(a, earliest_min=begun.get(a.id, max(a.earliest_min, now_min))) for a in procedure.activities
    )
    earliest = earliest_starts(replace(procedure, activities=dated, covers=()))
    ends = {a.id: max(earliest[a.id], begun.get(a.id, 0)) + a.planned_min for a in dated}
    covers = []
    for cover in procedure.covers:
        last = max(
            (a.id for a in dated if cover.id in a.served_by), key=lambda n: ends[n], default=cover.ends
        )
        goes_on = cover.ends in begun and ends[last] > begun[cover.ends] + _length(procedure, cover.ends)
        covers.append(replace(cover, ends=last) if goes_on else cover)
    return replace(procedure, covers=tuple(covers))


def _length(procedure: Procedure, name: str) -> int:
    return next(a.planned_min for a in procedure.activities if a.id == name)


def _fault(
    procedure: Procedure, times: dict[str, ScheduledActivity], now_min: int, event: Event
) -> Fault | None:
    """What is wrong with an event, if anything."""
    if isinstance(event, Added):
        if event.activity.id in {a.id for a in procedure.activities}:
            return Fault(field=event.activity.id, problem="this activity is planned already")
        return None
    kind, name, known = _named(procedure, event)
    if name not in known:
        return Fault(field=name, problem=f"there is no such {kind}", mend=near_names(name, known))
    if isinstance(event, Late) and name in times and times[name].start_min < now_min:
        return Fault(field=name, problem=f"it has begun at minute {times[name].start_min}")
    if isinstance(event, Longer):
        time = times.get(name)
        if time and time.end_min <= now_min:
            return Fault(field=name, problem=f"it has ended at minute {time.end_min}")
        if event.planned_min < 0 or (time and time.start_min < now_min > time.start_min + event.planned_min):
            return Fault(field=name, problem=f"a length of {event.planned_min} min ends before now")
    if isinstance(event, Decided):
        branch = next(b for b in procedure.branches if b.id == name)
        options = [option.id for option in branch.options]
        if event.option not in options:
            return Fault(
                field=name, problem=f"no way '{event.option}'", mend=near_names(event.option, options)
            )
    return None


def _named(
    procedure: Procedure, event: Late | Longer | Leaves | RoomLost | Decided
) -> tuple[str, str, list[str]]:
    """What an event names, and what there is of that kind."""
    if isinstance(event, Late | Longer):
        return "activity", event.activity, [a.id for a in procedure.activities]
    if isinstance(event, Leaves):
        return "person", event.person, [p.id for p in procedure.people]
    if isinstance(event, RoomLost):
        return "room", event.room, [r.id for r in procedure.rooms]
    return "branch", event.branch, [b.id for b in procedure.branches]


def _applied(
    procedure: Procedure,
    schedule: Schedule,
    times: dict[str, ScheduledActivity],
    now_min: int,
    event: Event,
) -> Procedure:
    if isinstance(event, Late):
        return _changed(procedure, event.activity, earliest_min=event.until_min)
    if isinstance(event, Longer):
        return _changed(procedure, event.activity, planned_min=event.planned_min)
    if isinstance(event, Leaves):
        return _without_person(procedure, schedule, now_min, event.person)
    if isinstance(event, RoomLost):
        window = now_min, FOR_GOOD if event.until_min is None else event.until_min
        rooms = tuple(
            replace(r, closed_min=(*r.closed_min, window)) if r.id == event.room else r
            for r in procedure.rooms
        )
        return replace(procedure, rooms=rooms)
    if isinstance(event, Added):
        return _with(procedure, (event.activity,), event.precedences)
    branch = next(b for b in procedure.branches if b.id == event.branch)
    option = next(o for o in branch.options if o.id == event.option)
    gone = {name for name in option.drops if name not in times or times[name].start_min >= now_min}
    grown = _with(procedure, option.adds, option.precedences)
    anchor = option.adds[-1].id if option.adds else branch.at
    over = [name for name, time in times.items() if time.end_min <= now_min]
    return without_activities(grown, frozenset(gone), anchor, over)


def _changed(procedure: Procedure, name: str, **values: int) -> Procedure:
    changed = tuple(replace(a, **values) if a.id == name else a for a in procedure.activities)  # type: ignore[arg-type]
    return replace(procedure, activities=changed)


def _without_person(procedure: Procedure, schedule: Schedule, now_min: int, name: str) -> Procedure:
    """A shift that ends now, or when what is running has ended or can be handed over."""
    leaves = now_min
    for item in schedule.assignments:
        if item.person == name and item.start_min < now_min < item.end_min:
            if item.kind == "activity":
                leaves = max(leaves, item.end_min)
            elif item.kind in ("cover", "handover"):
                stays = max(_grace_min(), procedure.rules.handover_min)
                leaves = max(leaves, min(now_min + stays, item.end_min))
    people = tuple(
        replace(p, shift_min=(min(p.shift_min[0], leaves), min(p.shift_min[1], leaves)))
        if p.id == name
        else p
        for p in procedure.people
    )
    return replace(procedure, people=people)


@cache
def _grace_min() -> int:
    """Who must leave while on cover stays until relieved, but no longer than this."""
    return round(EvidenceReader(all_entries()).number("choreography.leaving.stays_until_relieved"))


def _with(procedure: Procedure, adds: tuple[Activity, ...], precedences: tuple[Precedence, ...]) -> Procedure:
    known = {a.id for a in procedure.activities}
    new = tuple(a for a in adds if a.id not in known)
    return replace(
        procedure,
        activities=procedure.activities + new,
        precedences=procedure.precedences + precedences,
    )


def without_activities(
    procedure: Procedure, gone: frozenset[str], anchor: str, over: Iterable[str] = ()
) -> Procedure:
    """The procedure without some activities; what came before them still comes before what followed.

    Parameters
    ----------
    gone
        Activities that are not done.
    anchor
        Activity with which something recurring ends whose own end is gone. A cover whose end is gone ends
        with the last that it still serves, or if there is none with what is over first.
    over
        Activities that have ended.
    """
    links = list(procedure.precedences)
    for name in sorted(gone):
        before = [link for link in links if link.after == name and link.before not in gone | {name}]
        after = [link for link in links if link.before == name]
        links = [link for link in links if name not in (link.before, link.after)]
        links += [
            Precedence(before=one.before, after=two.after)
            for one in before
            for two in after
            if one.before != two.after
        ]
        before_too = [link for link in procedure.precedences if link.after == name and link.before in gone]
        links += [Precedence(before=link.before, after=two.after) for link in before_too for two in after]
    links = [link for link in dict.fromkeys(links) if not {link.before, link.after} & gone]
    rest = replace(
        procedure,
        activities=tuple(a for a in procedure.activities if a.id not in gone),
        precedences=tuple(links),
        branches=tuple(b for b in procedure.branches if b.at not in gone),
    )
    return _with_covers_that_end(rest, gone, anchor, frozenset(over))


def _with_covers_that_end(
    rest: Procedure, gone: frozenset[str], anchor: str, over: frozenset[str]
) -> Procedure:
    """Covers and what recurs begin and end with what is left of that which they serve."""
    order = earliest_starts(replace(rest, covers=()))
    lasting = anchor if anchor in order else _last_left(rest)
    ahead = [a for a in rest.activities if a.id not in over and a.planned_min]
    soonest = min(ahead, key=lambda a: order[a.id] + a.planned_min, default=None)
    covers = []
    for cover in rest.covers:
        served = [a for a in rest.activities if cover.id in a.served_by]
        if cover.begins in gone and not served:
            continue  # nobody needs it any more
        first = min(served, key=lambda a: order[a.id], default=None)
        left = [a for a in served if a.id not in over]
        last = max(left, key=lambda a: order[a.id] + a.planned_min, default=soonest)
        covers.append(
            replace(
                cover,
                begins=first.id if cover.begins in gone and first else cover.begins,
                ends=(last.id if last else lasting) if cover.ends in gone else cover.ends,
            )
        )
    ends = {cover.id: cover.ends for cover in covers}
    recurring = tuple(_anchored(r, gone, lasting, ends) for r in rest.recurring)
    return replace(rest, covers=tuple(covers), recurring=tuple(r for r in recurring if r))


def _last_left(rest: Procedure) -> str:
    return [a.id for a in rest.activities if ActivityMark.MILESTONE not in a.marks][-1]


def _anchored(
    item: Recurring, gone: frozenset[str], lasting: str, ends: Mapping[str, str]
) -> Recurring | None:
    """Something recurring within what is left; None where no cover is left to do it."""
    served_by = tuple(name for name in item.served_by if name in ends)
    if item.served_by and not served_by:
        return None
    last = ends[served_by[0]] if served_by else lasting
    return replace(
        item,
        served_by=served_by,
        begins=last if item.begins in gone else item.begins,
        ends=last if item.ends in gone else item.ends,
    )
