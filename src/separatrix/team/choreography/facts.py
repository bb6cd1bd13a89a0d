"""What of a procedure could be otherwise, each in plain words, and the procedure without it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from separatrix.team.choreography.explanation_model import Fact
from separatrix.team.choreography.terms import guarded, may_serve
from separatrix.team.protocol.model import Activity, ActivityMark, Cover, Need, Person, Precedence, Procedure
from separatrix.team.protocol.staffing import hours_text

ALWAYS = (0, 100_000)
"""On duty at any minute that a plan may reach."""

UNLIMITED = 999
"""Stands for as many as one may want."""

_MOST_NAMES = 4
_SETS = 3
"""People added for *as many as one may want*, in sets that can do all at once: work, rest, the next duty."""


def facts_of(procedure: Procedure) -> tuple[Fact, ...]:
    """Everything that might be named in a clash; what is asked for most easily comes last.

    Plain order is no such fact: work that waits for work costs time and makes nothing impossible. Circles
    are told by `clash`.
    """
    return (
        *_facts_of_steps(procedure),
        *_facts_of_things(procedure),
        *_facts_of_people(procedure),
        *_facts_of_covers(procedure),
        *_facts_of_rules(procedure),
    )


def _facts_of_steps(procedure: Procedure) -> Iterator[Fact]:
    titles = {a.id: a.title for a in procedure.activities}
    together: set[str] = set()
    for link in procedure.precedences:
        if link.kind == "starts_together":
            together |= {link.before, link.after}
            words = f"{quoted(titles[link.before])} and {quoted(titles[link.after])} must start together"
            yield Fact(kind="together", about=f"{link.before}+{link.after}", words=words)
    for activity in procedure.activities:
        if activity.earliest_min > 0:
            words = f"{quoted(activity.title)} may not start before {hours_text(activity.earliest_min)}"
            yield Fact(kind="earliest", about=activity.id, words=words)
        if activity.id in together and activity.rooms:
            names = " or ".join(_room_title(procedure, room) for room in activity.rooms)
            words = f"{quoted(activity.title)} must be done in {names}"
            yield Fact(kind="place", about=activity.id, words=words)


def _facts_of_things(procedure: Procedure) -> Iterator[Fact]:
    used: Counter[str] = Counter()
    users: dict[str, list[str]] = {}
    for activity in procedure.activities:
        used.update(activity.consumables)
        for item in activity.consumables:
            users.setdefault(item, []).append(quoted(activity.title))
    for item, units in sorted(used.items()):
        words = (
            f"there are {procedure.consumables.get(item, 0)} × {plain(procedure, 'consumable', item)}, and "
            f"{units} are used up by {listed(users[item])}"
        )
        yield Fact(kind="consumable", about=item, words=words)
    for item in sorted({item for a in procedure.activities for item in a.equipment}):
        count = procedure.equipment.get(item, 0)
        words = f"there {'is' if count == 1 else 'are'} {count} × {plain(procedure, 'equipment', item)}"
        yield Fact(kind="equipment", about=item, words=words)
    for room in procedure.rooms:
        places = f"{room.places} place" + ("s" if room.places != 1 else "")
        yield Fact(kind="room", about=room.id, words=f"{room.title} has {places}")
        for number, (begin, end) in enumerate(room.closed_min):
            words = f"{room.title} is closed from {hours_text(begin)} to {hours_text(end)}"
            yield Fact(kind="closed", about=f"{room.id}:{number}", words=words)
    for patient in procedure.patients:
        if any(patient in a.sterile_field for a in procedure.activities):
            words = f"only one step at a time is done in the sterile field of {patient}"
            yield Fact(kind="field", about=patient, words=words)


def _facts_of_people(procedure: Procedure) -> Iterator[Fact]:
    for skill in skills_asked(procedure):
        able = [p for p in procedure.people if may_serve(p, skill, 0, None)]
        yield Fact(kind="skill", about=skill, words=_pool_words(procedure, skill, able))
    for person in procedure.people:
        begin, end = person.shift_min
        if person.pool == "standby":
            continue
        if begin > 0:
            words = f"{person.name} comes on duty at {hours_text(begin)}"
            yield Fact(kind="shift_begin", about=person.id, words=words)
        if end < ALWAYS[1]:
            words = f"{person.name} goes off duty at {hours_text(end)}"
            yield Fact(kind="shift_end", about=person.id, words=words)


def _pool_words(procedure: Procedure, skill: str, able: list[Person]) -> str:
    title = plain(procedure, "skill", skill)
    if not able:
        return f"nobody has the skill {title}"
    needs = [n for n in _needs(procedure) if n.skill == skill]
    level = max((n.level for n in needs), default=0)
    teams = sorted({n.team for n in needs if n.team})
    reached = [p for p in able if p.skills[skill] >= level]
    words = (
        f"only {listed([_signed(p) for p in able])} {'has' if len(able) == 1 else 'have'} the skill {title}"
    )
    if not reached:
        words += f", and nobody at level {level}"
    elif len(reached) < len(able):
        words += f", {listed([_signed(p) for p in reached])} alone at level {level}"
    for team in teams:
        if not any(p.team in (None, team) for p in able):
            words += f", and nobody of colour {team} or of none"
    return words


def _facts_of_covers(procedure: Procedure) -> Iterator[Fact]:
    titles = {a.id: a.title for a in procedure.activities}
    for activity in procedure.activities:
        if any(guarded(c, activity, procedure.rules.handover_min) for c in procedure.covers):
            words = f"nobody hands over during {quoted(titles[activity.id])}, which is critical"
            yield Fact(kind="critical", about=activity.id, words=words)
    for word in sorted({a.continuity for a in procedure.activities if a.continuity and a.needs}):
        led = [quoted(a.title) for a in procedure.activities if a.continuity == word]
        if len(led) > 1:
            words = f"the same person leads {listed(led)}"
            yield Fact(kind="continuity", about=word, words=words)
    for cover in procedure.covers:
        if cover.shortest_min > 0:
            words = f"nobody stays for less than {hours_text(cover.shortest_min)} in {quoted(cover.title)}"
            yield Fact(kind="shortest", about=cover.id, words=words)
        words = f"nobody stays for more than {hours_text(cover.longest_min)} in {quoted(cover.title)}"
        yield Fact(kind="longest", about=cover.id, words=words)


def _facts_of_rules(procedure: Procedure) -> Iterator[Fact]:
    rules = procedure.rules
    if rules.handover_min and procedure.covers:
        words = f"who goes and who comes are both there for {rules.handover_min} min at a handover"
        yield Fact(kind="handover", about="rules", words=words)
    if rules.longest_duty_min:
        words = f"nobody is on duty for more than {hours_text(rules.longest_duty_min)}"
        yield Fact(kind="duty", about="rules", words=words)
    if rules.break_min and rules.break_within_min:
        words = (
            f"everybody has a break of {rules.break_min} min after at most "
            f"{hours_text(rules.break_within_min)} of work"
        )
        yield Fact(kind="break", about="rules", words=words)


def without(procedure: Procedure, facts: Iterable[Fact]) -> Procedure:
    """The procedure if these facts did not hold: rules gone, counts and people as many as one may want.

    A handover still takes a minute: that two people meet is what makes it one.
    """
    for fact in facts:
        procedure = _REMOVALS[fact.kind](procedure, fact.about)
    return procedure


def _each(
    procedure: Procedure, which: Callable[[Activity], bool], change: Callable[[Activity], Activity]
) -> Procedure:
    return replace(procedure, activities=tuple(change(a) if which(a) else a for a in procedure.activities))


def _link_name(link: Precedence) -> str:
    return f"{link.before}>{link.after}"


def _no_order(procedure: Procedure, about: str) -> Procedure:
    kept = [p for p in procedure.precedences if p.kind == "starts_together" or _link_name(p) != about]
    return replace(procedure, precedences=tuple(kept))


def _not_together(procedure: Procedure, about: str) -> Procedure:
    kept = [
        p for p in procedure.precedences if p.kind != "starts_together" or f"{p.before}+{p.after}" != about
    ]
    return replace(procedure, precedences=tuple(kept))


def _open_room(procedure: Procedure, about: str) -> Procedure:
    name, _, number = about.rpartition(":")
    rooms = []
    for room in procedure.rooms:
        # a window without length keeps the numbers of the others
        closed = [(0, 0) if k == int(number) else w for k, w in enumerate(room.closed_min)]
        rooms.append(replace(room, closed_min=tuple(closed)) if room.id == name else room)
    return replace(procedure, rooms=tuple(rooms))


def _no_field(procedure: Procedure, patient: str) -> Procedure:
    return _each(
        procedure,
        lambda a: patient in a.sterile_field,
        lambda a: replace(a, sterile_field=tuple(p for p in a.sterile_field if p != patient)),
    )


def _large_room(procedure: Procedure, about: str) -> Procedure:
    rooms = [replace(r, places=UNLIMITED) if r.id == about else r for r in procedure.rooms]
    return replace(procedure, rooms=tuple(rooms))


def _shifted(procedure: Procedure, about: str, *, begin: bool) -> Procedure:
    people = [
        replace(p, shift_min=(0, p.shift_min[1]) if begin else (p.shift_min[0], ALWAYS[1]))
        if p.id == about
        else p
        for p in procedure.people
    ]
    return replace(procedure, people=tuple(people))


def _cover(procedure: Procedure, about: str, *, shortest: bool) -> Procedure:
    change = {"shortest_min": 0} if shortest else {"longest_min": ALWAYS[1]}
    covers = [replace(c, **change) if c.id == about else c for c in procedure.covers]  # type: ignore[arg-type]
    return replace(procedure, covers=tuple(covers))


def _crowd(procedure: Procedure, skill: str) -> Procedure:
    at_once = [sum(n.count for n in a.needs if n.skill == skill) for a in procedure.activities]
    covers = sum(c.count for c in procedure.covers if c.skill == skill)
    together = 1 + any(p.kind == "starts_together" for p in procedure.precedences)
    count = _SETS * (together * max(at_once, default=0) + covers) + 1
    people = list(procedure.people)
    for number in range(1, count + 1):
        people.append(another(procedure, skill, number=number))
    return replace(procedure, people=tuple(people))


def another(
    procedure: Procedure, skill: str, *, number: int = 1, shift_min: tuple[int, int] = ALWAYS
) -> Person:
    """One more person with one skill, at any level, of no colour."""
    title = plain(procedure, "skill", skill)
    return Person(
        id=f"another {skill} {number}",
        name=f"one more {title}",
        skills={skill: max((n.level for n in _needs(procedure) if n.skill == skill), default=0) + 1},
        shift_min=shift_min,
    )


def skills_asked(procedure: Procedure) -> tuple[str, ...]:
    """Skills that any step or cover asks for, in that order."""
    return tuple(dict.fromkeys(need.skill for need in _needs(procedure)))


def _needs(procedure: Procedure) -> Iterator[Need | Cover]:
    for activity in procedure.activities:
        yield from activity.needs
    yield from procedure.covers


def _rules(procedure: Procedure, **change: object) -> Procedure:
    return replace(procedure, rules=replace(procedure.rules, **change))  # type: ignore[arg-type]


def _many(counts: dict[str, int], item: str) -> dict[str, int]:
    return counts | {item: UNLIMITED}


_REMOVALS: dict[str, Callable[[Procedure, str], Procedure]] = {
    "order": _no_order,
    "together": _not_together,
    "earliest": lambda p, i: _each(p, lambda a: a.id == i, lambda a: replace(a, earliest_min=0)),
    "consumable": lambda p, i: replace(p, consumables=_many(dict(p.consumables), i)),
    "equipment": lambda p, i: replace(p, equipment=_many(dict(p.equipment), i)),
    "room": _large_room,
    "closed": _open_room,
    "place": lambda p, i: _each(p, lambda a: a.id == i, lambda a: replace(a, rooms=())),
    "field": _no_field,
    "skill": _crowd,
    "shift_begin": lambda p, i: _shifted(p, i, begin=True),
    "shift_end": lambda p, i: _shifted(p, i, begin=False),
    "critical": lambda p, i: _each(
        p, lambda a: a.id == i, lambda a: replace(a, marks=a.marks - {ActivityMark.CRITICAL})
    ),
    "continuity": lambda p, i: _each(p, lambda a: a.continuity == i, lambda a: replace(a, continuity="")),
    "shortest": lambda p, i: _cover(p, i, shortest=True),
    "longest": lambda p, i: _cover(p, i, shortest=False),
    "handover": lambda p, _: _rules(p, handover_min=1),
    "duty": lambda p, _: _rules(p, longest_duty_min=None),
    "break": lambda p, _: _rules(p, break_min=None, break_within_min=None),
}


def order_fact(procedure: Procedure, tie: Precedence) -> Fact:
    """That one step waits for another or starts with it: named where order goes in a circle."""
    titles = {a.id: a.title for a in procedure.activities}
    before, after = quoted(titles[tie.before]), quoted(titles[tie.after])
    if tie.kind == "starts_together":
        words = f"{before} and {after} must start together"
        return Fact(kind="together", about=f"{tie.before}+{tie.after}", words=words)
    return Fact(kind="order", about=_link_name(tie), words=f"{after} waits for {before}")


def quoted(title: str) -> str:
    """A step or cover as it stands in a sentence."""
    return f"“{title}”"


def listed(names: list[str], *, most: int = _MOST_NAMES) -> str:
    """Some names, and how many more.

    Examples
    --------
    >>> listed(["P", "Q"]), listed(["a", "b", "c", "d", "e", "f"])
    ('P and Q', 'a, b, c, d and 2 more')
    """
    if len(names) <= most:
        return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def plain(procedure: Procedure, kind: str, name: str) -> str:
    """Title of a skill, phase, device or consumable."""
    return procedure.titles.get(f"{kind}:{name}", name.replace("_", " "))


def _signed(person: Person) -> str:
    return f"{person.name} (colour {person.team})" if person.team else person.name


def _room_title(procedure: Procedure, room: str) -> str:
    return next((r.title for r in procedure.rooms if r.id == room), room)
