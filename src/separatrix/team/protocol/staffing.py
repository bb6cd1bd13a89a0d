"""Whether the people there are can do what is asked: by skill, level, colour, shift, and at once.

These are conditions that any schedule needs; that they hold does not mean that a schedule exists.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from separatrix.team.protocol.matching import may_fill, on_duty, unmet
from separatrix.team.protocol.model import Activity, Cover, Need, Person, Procedure, Standby
from separatrix.team.protocol.network import earliest_starts, following, longest_way

_Asked = TypeVar("_Asked", Need, Cover)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """A lack of people."""

    subject: str
    """Activity or cover that lacks them; ``standby`` for the team after the operation."""
    problem: str
    expected: str
    mend: str


def shortages(procedure: Procedure) -> Iterator[Shortage]:
    """Every lack of people that can be told without planning; the procedure has no circles."""
    people = on_duty(procedure.people)
    starts = earliest_starts(procedure)
    told: set[tuple[str, int, str | None, int]] = set()
    alone: set[str] = set()
    for activity in procedure.activities:
        for need in _known(activity.needs, procedure):
            key = (need.skill, need.count, need.team, need.level)
            short = _lacking(need, people, procedure) or _off_duty(activity, need, starts, people, procedure)
            if short:
                alone.add(activity.id)
                if key not in told:
                    told.add(key)
                    yield _shortage(activity.id, f"'{activity.title}' {short}", need, procedure)
    covers = list(_cover_shortages(procedure, people))
    yield from covers
    alone |= {shortage.subject for shortage in covers}
    yield from _at_once(procedure, people, alone)
    if procedure.standby is not None:
        yield from _standby_shortages(procedure.standby, procedure)


def _known(asked: Iterable[_Asked], procedure: Procedure) -> list[_Asked]:
    """Without skills that the protocol does not name: those are told as unknown."""
    return [one for one in asked if f"skill:{one.skill}" in procedure.titles]


def _lacking(need: Need | Cover, people: Sequence[Person], procedure: Procedure) -> str:
    """What is lacking for a need whenever it is; empty where nothing is."""
    able = [person for person in people if may_fill(person, need)]
    if len(able) >= need.count:
        return ""
    skilled = [person for person in people if need.skill in person.skills]
    why = f"there {_is(len(able))}"
    if not skilled:
        why = "nobody has that skill"
    elif len(skilled) >= need.count:
        best = max(person.skills[need.skill] for person in skilled)
        colour = f"there {_is(len(able))} of that colour"
        why = f"the highest level there is {best}" if best < need.level else colour
    return f"needs {wanted(need, procedure)}; {why}"


def _off_duty(
    activity: Activity,
    need: Need,
    starts: dict[str, int],
    people: Sequence[Person],
    procedure: Procedure,
) -> str:
    """Where nobody's shift is left for an activity once it can begin."""
    start, length = starts[activity.id], activity.planned_min
    able = [p for p in people if may_fill(p, need) and p.shift_min[1] - max(start, p.shift_min[0]) >= length]
    if len(able) >= need.count:
        return ""
    return (
        f"needs {wanted(need, procedure)} for {length} min and begins after {hours_text(start)} "
        "at the earliest; "
        f"then there {_is(len(able))} on a shift that lasts so long"
    )


def _cover_shortages(procedure: Procedure, people: Sequence[Person]) -> Iterator[Shortage]:
    for cover in _known(procedure.covers, procedure):
        span = longest_way(procedure, cover.begins, cover.ends)
        if short := _lacking(cover, people, procedure):
            yield _shortage(cover.id, f"'{cover.title}' {short}", cover, procedure)
            continue
        if gap := _uncovered(cover, span, people):
            yield _shortage(cover.id, gap, cover, procedure)
        able = [person for person in people if may_fill(person, cover)]
        if span > cover.longest_min and len(able) <= cover.count:
            yield _no_relief(cover, cover.id, cover.count, span, able, procedure)
    for name, together in _same_role(_known(procedure.covers, procedure)).items():
        spans = [longest_way(procedure, cover.begins, cover.ends) for cover in together]
        needing_relief = any(span > c.longest_min for span, c in zip(spans, together, strict=True))
        if needing_relief and not any(_lacking(cover, people, procedure) for cover in together):
            count = sum(cover.count for cover in together)
            able = [p for p in people if any(may_fill(p, cover) for cover in together)]
            each = all(sum(may_fill(p, cover) for p in people) > cover.count for cover in together)
            if len(able) <= count and each and len(together) > 1:
                yield _no_relief(together[0], name, count, max(spans), able, procedure)


def _no_relief(
    cover: Cover, name: str, count: int, span_min: int, able: Sequence[Person], procedure: Procedure
) -> Shortage:
    return _shortage(
        cover.id,
        f"no relief for '{_skill(cover, procedure)}' ({name}): {count} at any moment for "
        f"{hours_text(span_min)}, stretches of at most {cover.longest_min} min, and there {_is(len(able))}",
        cover,
        procedure,
    )


def _same_role(covers: Sequence[Cover]) -> dict[str, list[Cover]]:
    """Covers by name; the repetitions for each patient run side by side."""
    found: dict[str, list[Cover]] = defaultdict(list)
    for cover in covers:
        found[cover.id.partition("@")[0]].append(cover)
    return found


def _uncovered(cover: Cover, span_min: int, people: Sequence[Person]) -> str:
    """Where no unbroken time of so many on duty is as long as the cover must be."""
    shifts = [person.shift_min for person in people if may_fill(person, cover)]
    marks = sorted({minute for shift in shifts for minute in shift})
    longest, since = 0, None
    for begin, end in pairwise(marks):
        enough = sum(1 for shift in shifts if shift[0] <= begin and shift[1] >= end) >= cover.count
        since = (begin if since is None else since) if enough else None
        longest = max(longest, end - since) if since is not None else longest
    if longest >= span_min:
        return ""
    return (
        f"'{cover.title}' lasts {hours_text(span_min)} at least, but shifts put {cover.count} on duty for "
        f"{hours_text(longest)} without a gap at most"
    )


def _at_once(procedure: Procedure, people: Sequence[Person], alone: set[str]) -> Iterator[Shortage]:
    """Activities whose people cannot all be there at once, with the covers that certainly run then."""
    after = {c.begins: following(procedure.precedences, c.begins) for c in procedure.covers}
    groups = _together(procedure)
    for activity in procedure.activities:
        group = groups[activity.id]
        if not activity.needs or activity.id in alone or group[0].id != activity.id:
            continue
        running = [
            cover
            for cover in _known(procedure.covers, procedure)
            if cover.id not in alone
            and (activity.id == cover.begins or activity.id in after[cover.begins])
            and (activity.id == cover.ends or cover.ends in following(procedure.precedences, activity.id))
        ]
        needs: list[Need | Cover] = [need for one in group for need in _known(one.needs, procedure)]
        if open_need := unmet([*needs, *running], people):
            beside = f" beside {', '.join(c.title for c in running)}" if running else ""
            titles = " and ".join(f"'{one.title}'" for one in group)
            yield _shortage(
                activity.id,
                f"{titles} want{'s' if len(group) == 1 else ''} more people at once than there are{beside}: "
                f"one {_skill(open_need, procedure)} is missing",
                open_need,
                procedure,
            )
            return


def _together(procedure: Procedure) -> dict[str, list[Activity]]:
    """Each activity with those that begin in the same minute."""
    groups = {activity.id: [activity] for activity in procedure.activities}
    for tie in procedure.precedences:
        if tie.kind == "starts_together" and groups[tie.before] is not groups[tie.after]:
            merged = [*groups[tie.before], *groups[tie.after]]
            for activity in merged:
                groups[activity.id] = merged
    return groups


def _standby_shortages(standby: Standby, procedure: Procedure) -> Iterator[Shortage]:
    people = [person for person in procedure.people if person.pool == "standby"]
    needs = [
        Need(skill=need.skill, count=need.count, team=patient if need.team else None, level=need.level)
        for patient in standby.patients
        for need in standby.needs
    ]
    end_min = round(60 * standby.for_h)
    marks = sorted({0, *(m for p in people for m in p.shift_min if 0 < m < end_min)})
    for minute in marks:
        there = [person for person in people if person.shift_min[0] <= minute < person.shift_min[1]]
        if open_need := unmet(needs, there):
            yield Shortage(
                subject="standby",
                problem=f"{hours_text(minute)} after the operation the standing-by team cannot reopen "
                f"{' and '.join(standby.patients)} at once: one {_skill(open_need, procedure)} is missing",
                expected=f"for {standby.for_h:g} h enough people of pool: standby for all at once",
                mend="add people with pool: standby, or lengthen their shifts",
            )
            return


def _shortage(subject: str, problem: str, need: Need | Cover, procedure: Procedure) -> Shortage:
    return Shortage(
        subject=subject,
        problem=problem,
        expected=f"{wanted(need, procedure)} among the people",
        mend="add a person or a skill, give a longer shift, or ask for less",
    )


def wanted(need: Need | Cover, procedure: Procedure) -> str:
    """A need in words."""
    text = f"{need.count} × {_skill(need, procedure)}"
    if need.level:
        text += f" of level {need.level} or more"
    return text + (f" of colour {need.team} or none" if need.team else "")


def _skill(need: Need | Cover, procedure: Procedure) -> str:
    return procedure.titles.get(f"skill:{need.skill}", need.skill)


def hours_text(minutes: int) -> str:
    """Minutes as people say them.

    Examples
    --------
    >>> hours_text(95), hours_text(120)
    ('1 h 35', '2 h')
    """
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02d}" if rest else f"{hours} h"


def _is(count: int) -> str:
    return "is nobody" if count == 0 else "is 1" if count == 1 else f"are {count}"
