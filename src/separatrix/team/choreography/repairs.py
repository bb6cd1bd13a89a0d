"""What would make a plan possible, cheapest first; every repair is tried by planning with it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from separatrix.core.progress import Progress, silent
from separatrix.team.choreography.clash import LOOK_STEPS, Judge
from separatrix.team.choreography.explanation_model import Clash, Fact, Repair
from separatrix.team.choreography.facts import ALWAYS, another, plain, without
from separatrix.team.choreography.model import Assignment, Schedule
from separatrix.team.protocol.model import Procedure
from separatrix.team.protocol.staffing import hours_text

KINDS = (
    "unit",
    "longer shift",
    "one more person",
    "time",
    "place",
    "order",
    "continuity",
    "rule",
)
"""Kinds of repair, cheapest first: a rule that protects people and patients is the last to give way."""

REPAIRS_BECAUSE = (
    "Each was tried by planning with it, and the plan keeps every rule. They stand in this order: one more "
    "unit, a longer shift, one more person, another time or place, another order, another lead, and last a "
    "weaker rule, since rules protect people and patients; within a kind, the smaller change first. Prices "
    "are not known to the program: the team weighs them."
)

_HOUR = 60
_QUARTER = 15
_PEOPLE = (1, 2, 3, 4, 6, 8, 12)
"""So many more people are tried, up to as many as a plan with any number of them used, and three at least."""

_FEW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change to a procedure."""

    kind: str
    size: int
    """To rank changes of a kind: minutes, units or people."""
    words: str
    make: Callable[[Procedure], Procedure]
    series: str
    """Changes of the same series are more and more of the same: the first that is enough is told."""


def repairs(
    procedure: Procedure, clashes: Sequence[Clash], judge: Judge, *, progress: Progress = silent
) -> tuple[Repair, ...]:
    """Repairs with which a plan was found.

    Parameters
    ----------
    procedure
        Which cannot be planned.
    clashes
        What clashes in it.
    judge
        Says whether there is a plan.
    progress
        Hears how far it is.

    Returns
    -------
    tuple of Repair
        Single changes that are enough, cheapest first. Where none is, one set of changes, a cheapest that
        works for each clash, if there is such a set.
    """
    everything = [named.fact for clash in clashes for named in clash.named]
    proposed = [_proposals(procedure, clash, everything, judge) for clash in clashes]
    single = {change.words: change for changes in proposed for change in changes}
    found: list[tuple[Change, Schedule]] = []
    for number, change in enumerate(sorted(single.values(), key=lambda c: c.size)):
        progress(number / len(single), "repairs")
        if any(other.series == change.series for other, _ in found):
            continue
        plan = judge.plan(change.make(procedure), steps=LOOK_STEPS)
        if plan is not None:
            found.append((change, plan))
    if found:
        found.sort(key=lambda pair: (KINDS.index(pair[0].kind), pair[0].size, pair[0].words))
        return tuple(_repair([change], plan) for change, plan in found)
    return _together(procedure, proposed, judge)


def _together(procedure: Procedure, proposed: Sequence[Sequence[Change]], judge: Judge) -> tuple[Repair, ...]:
    """A set, one series of changes for each clash, that is enough; each as small as the others allow."""
    ranked = [_series(changes)[:_FEW] for changes in proposed]
    for rows in itertools.product(*ranked) if all(ranked) else ():
        chosen = [row[-1] for row in rows]
        plan = judge.plan(_made(procedure, chosen), steps=LOOK_STEPS)
        if plan is None:
            continue
        for at, row in enumerate(rows):
            for smaller in row[:-1]:
                fewer = [*chosen[:at], smaller, *chosen[at + 1 :]]
                if enough := judge.plan(_made(procedure, fewer), steps=LOOK_STEPS):
                    chosen, plan = fewer, enough
                    break
        return (_repair(chosen, plan),)
    return ()


def _series(changes: Sequence[Change]) -> list[list[Change]]:
    """Changes by series, the cheapest kind first, each from small to large."""
    found: dict[str, list[Change]] = {}
    for change in sorted(changes, key=lambda c: (KINDS.index(c.kind), c.size)):
        found.setdefault(change.series, []).append(change)
    return list(found.values())


def _made(procedure: Procedure, changes: Sequence[Change]) -> Procedure:
    """With all these changes; of a series that several clashes ask for, the largest only."""
    largest = {change.series: change for change in sorted(changes, key=lambda c: c.size)}
    for change in largest.values():
        procedure = change.make(procedure)
    return procedure


def _repair(changes: Sequence[Change], plan: Schedule) -> Repair:
    changes = list({change.series: change for change in sorted(changes, key=lambda c: c.size)}.values())
    dearest = max(changes, key=lambda c: KINDS.index(c.kind))
    return Repair(
        words=tuple(dict.fromkeys(change.words for change in changes)),
        kind=dearest.kind,
        separation_min=plan.separation_min,
        end_min=plan.end_min,
    )


def _proposals(procedure: Procedure, clash: Clash, everything: Sequence[Fact], judge: Judge) -> list[Change]:
    """Changes that the facts of a clash suggest, as small as the plan without the fact allows."""
    found: list[Change] = []
    for named in clash.named:
        # where one clash of several is mended, what the plan asks for is seen without the others
        alone = judge.plan(without(procedure, [named.fact]), steps=LOOK_STEPS)
        plan = alone or judge.plan(without(procedure, everything), steps=LOOK_STEPS)
        if plan is not None:
            found += _PROPOSE[named.fact.kind](procedure, named.fact, plan)
    return found


def _reach(now: int, enough: int) -> list[int]:
    """Values between what is and what is enough: a quarter of an hour more, and twice as much each time."""
    found, more = [], _QUARTER
    while now + more < enough:
        found.append(now + more)
        more *= 2
    return [*found, enough] if enough > now else []


def _consumable(procedure: Procedure, fact: Fact, _: Schedule) -> Iterator[Change]:
    item = fact.about
    used = sum(a.consumables.get(item, 0) for a in procedure.activities)
    short = used - procedure.consumables.get(item, 0)
    yield Change(
        kind="unit",
        size=short,
        words=f"{short} more × {plain(procedure, 'consumable', item)}",
        series=f"consumable {item}",
        make=lambda p: replace(p, consumables=dict(p.consumables) | {item: used}),
    )


def _equipment(procedure: Procedure, fact: Fact, plan: Schedule) -> Iterator[Change]:
    item = fact.about
    held = {a.id: a.equipment.get(item, 0) for a in procedure.activities}
    running = [(t.start_min, t.end_min, held.get(t.id, 0)) for t in plan.activities]
    most = max((sum(n for s, e, n in running if s <= at < e) for at, _, _ in running), default=0)
    have = procedure.equipment.get(item, 0)
    for count in sorted({have + 1, most}):
        if count > have:
            yield Change(
                kind="unit",
                size=count - have,
                words=f"{count - have} more × {plain(procedure, 'equipment', item)}",
                series=f"equipment {item}",
                make=lambda p, count=count: replace(p, equipment=dict(p.equipment) | {item: count}),  # type: ignore[misc]
            )


def _room(procedure: Procedure, fact: Fact, _: Schedule) -> Iterator[Change]:
    room = next(r for r in procedure.rooms if r.id == fact.about)
    yield Change(
        kind="place",
        size=1,
        words=f"one more place in {room.title}, or another room like it",
        series=f"room {room.id}",
        make=lambda p: replace(
            p, rooms=tuple(replace(r, places=r.places + 1) if r.id == room.id else r for r in p.rooms)
        ),
    )


def _skill(procedure: Procedure, fact: Fact, plan: Schedule) -> Iterator[Change]:
    """People, as few as the plan with many used, for as long as it used them, and for the whole day."""
    skill, title = fact.about, plain(procedure, "skill", fact.about)
    new = [a for a in plan.assignments if a.person.startswith(f"another {skill} ")]
    begin = min((a.start_min for a in new), default=0) // _HOUR * _HOUR
    end = -(-max((a.end_min for a in new), default=plan.end_min) // _HOUR) * _HOUR
    whole = -(-plan.end_min // _HOUR) * _HOUR
    used = len({a.person for a in new})
    for count in (count for count in _PEOPLE if count <= max(used, _FEW)):
        for shift in dict.fromkeys([(begin, end), (0, whole), ALWAYS]):
            when = (
                f"on duty from {_clock(shift[0])} to {_clock(shift[1])}"
                if shift != ALWAYS
                else "on duty all day"
            )
            yield Change(
                kind="one more person",
                size=count * 10_000 + min(shift[1] - shift[0], 9_999),
                words=f"{count} more {'person' if count == 1 else 'people'} with the skill {title}, {when}",
                series=f"skill {skill}",
                make=lambda p, count=count, shift=shift: replace(  # type: ignore[misc]
                    p,
                    people=(
                        *p.people,
                        *(another(p, skill, number=k, shift_min=shift) for k in range(1, count + 1)),
                    ),
                ),
            )


def _shift_begin(procedure: Procedure, fact: Fact, plan: Schedule) -> Iterator[Change]:
    person = next(p for p in procedure.people if p.id == fact.about)
    begin, end = person.shift_min
    used = min((a.start_min for a in _of(plan, person.id)), default=begin) // _QUARTER * _QUARTER
    for earlier in _reach(0, begin - used):
        words = f"{person.name} comes on duty at {_clock(begin - earlier)} instead of {_clock(begin)}"
        yield _shift("begin", fact.about, (begin - earlier, end), earlier, words)


def _shift_end(procedure: Procedure, fact: Fact, plan: Schedule) -> Iterator[Change]:
    person = next(p for p in procedure.people if p.id == fact.about)
    begin, end = person.shift_min
    used = -(-max((a.end_min for a in _of(plan, person.id)), default=0) // _QUARTER) * _QUARTER
    for later in _reach(0, used - end):
        words = f"{person.name} stays on duty until {_clock(end + later)} instead of {_clock(end)}"
        yield _shift("end", fact.about, (begin, end + later), later, words)


def _shift(edge: str, person: str, shift: tuple[int, int], longer_min: int, words: str) -> Change:
    return Change(
        kind="longer shift",
        size=longer_min,
        words=words,
        series=f"{edge} {person}",
        make=lambda p: replace(
            p, people=tuple(replace(who, shift_min=shift) if who.id == person else who for who in p.people)
        ),
    )


def _break(procedure: Procedure, _: Fact, plan: Schedule) -> Iterator[Change]:
    within = procedure.rules.break_within_min or 0
    longest = max((end - begin for begin, end in _days(plan)), default=0)
    for minutes in _reach(within, longest):
        yield Change(
            kind="rule",
            size=minutes - within,
            words=f"work of up to {hours_text(minutes)} without a break, instead of {hours_text(within)}",
            series="break",
            make=lambda p, minutes=minutes: replace(p, rules=replace(p.rules, break_within_min=minutes)),  # type: ignore[misc]
        )


def _duty(procedure: Procedure, _: Fact, plan: Schedule) -> Iterator[Change]:
    allowed = procedure.rules.longest_duty_min or 0
    longest = max((end - begin for begin, end in _days(plan)), default=0)
    for minutes in _reach(allowed, longest):
        yield Change(
            kind="rule",
            size=minutes - allowed,
            words=f"duties of up to {hours_text(minutes)}, instead of {hours_text(allowed)}",
            series="duty",
            make=lambda p, minutes=minutes: replace(p, rules=replace(p.rules, longest_duty_min=minutes)),  # type: ignore[misc]
        )


def _longest(procedure: Procedure, fact: Fact, plan: Schedule) -> Iterator[Change]:
    cover = next(c for c in procedure.covers if c.id == fact.about)
    used = [a.end_min - a.start_min for a in plan.assignments if a.kind == "cover" and a.activity == cover.id]
    for minutes in _reach(cover.longest_min, max(used, default=0)):
        yield Change(
            kind="rule",
            size=minutes - cover.longest_min,
            words=f"stretches of up to {hours_text(minutes)} in “{cover.title}”, instead of "
            f"{hours_text(cover.longest_min)}",
            series=f"longest {cover.id}",
            make=lambda p, minutes=minutes: replace(  # type: ignore[misc]
                p,
                covers=tuple(replace(c, longest_min=minutes) if c.id == cover.id else c for c in p.covers),
            ),
        )


def _gone(kind: str, words: Callable[[Fact], str]) -> Callable[..., Iterator[Change]]:
    """The fact itself given up."""

    def propose(_: Procedure, fact: Fact, __: Schedule) -> Iterator[Change]:
        yield Change(
            kind=kind, size=0, words=words(fact), series=words(fact), make=lambda p: without(p, [fact])
        )

    return propose


_PROPOSE: dict[str, Callable[[Procedure, Fact, Schedule], Iterator[Change]]] = {
    "order": _gone("order", lambda f: f"give up that {f.words}"),
    "together": _gone("order", lambda f: f"one after the other, instead of: {f.words}"),
    "earliest": _gone("time", lambda f: f"earlier: give up that {f.words}"),
    "consumable": _consumable,
    "equipment": _equipment,
    "room": _room,
    "closed": _gone("time", lambda f: f"keep it open: now {f.words}"),
    "place": _gone("place", lambda f: f"elsewhere: give up that {f.words}"),
    "field": _gone("order", lambda f: f"give up that {f.words}"),
    "skill": _skill,
    "shift_begin": _shift_begin,
    "shift_end": _shift_end,
    "critical": _gone("rule", lambda f: f"allow it: now {f.words}"),
    "continuity": _gone("continuity", lambda f: f"another lead half way: now {f.words}"),
    "shortest": _gone("rule", lambda f: f"allow shorter stretches: now {f.words}"),
    "longest": _longest,
    "handover": _gone("rule", lambda f: f"hand over within a minute: now {f.words}"),
    "duty": _duty,
    "break": _break,
}


def _of(plan: Schedule, person: str) -> list[Assignment]:
    return [a for a in plan.assignments if a.person == person and a.kind != "break"]


def _days(plan: Schedule) -> list[tuple[int, int]]:
    """First and last minute of everybody's work."""
    people = {a.person for a in plan.assignments}
    work = {person: _of(plan, person) for person in people}
    return [(min(a.start_min for a in w), max(a.end_min for a in w)) for w in work.values() if w]


def _clock(minute: int) -> str:
    return "wheels in" if minute == 0 else f"{hours_text(minute)} after wheels in"
