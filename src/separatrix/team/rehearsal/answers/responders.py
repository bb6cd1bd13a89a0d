"""Who would come, from the script alone: responses against the people on duty and the devices there are.

No chance is needed for these: what is lacking here is lacking in every rehearsal, even if everybody on duty
dropped everything. What is short only now and then is the matrix's to tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from separatrix.evidence import all_complications
from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol.matching import may_fill
from separatrix.team.protocol.model import Need, Person, Procedure, Response
from separatrix.team.protocol.responding import leading

Span = tuple[float, float]


def strikes_each_child(complication: str) -> bool:
    """Whether it can strike one child and then the other: its published number is not one of the pair."""
    row = all_complications().get(complication)
    return row is None or "child" in row.per


def wanted_by(response: Response) -> tuple[Need, ...]:
    """Everybody a response calls, one place each, the leader first."""
    return tuple(_one(need) for need in (leading(response), *response.calls) for _ in range(need.count))


def _one(need: Need) -> Need:
    return Need(skill=need.skill, team=need.team, level=need.level)


def lacking(places: Sequence[Need], people: Sequence[Person]) -> tuple[Need, ...]:
    """Places that stay empty when as many as possible are filled, each person in one at most.

    Examples
    --------
    >>> nurse = Need(skill="nurse")
    >>> len(lacking([nurse, nurse], [Person(id="n", name="N", skills={"nurse": 2})]))
    1
    """
    able = [[p for p in range(len(people)) if may_fill(people[p], place)] for place in places]
    holder: dict[int, int] = {}

    def seat(place: int, asked: set[int]) -> bool:
        for person in able[place]:
            if person in asked:
                continue
            asked.add(person)
            if person not in holder or seat(holder[person], asked):
                holder[person] = place
                return True
        return False

    # Who has more people than there are places is always seated last.
    scarce = [place for place in range(len(places)) if len(able[place]) < len(places)]
    return tuple(places[place] for place in scarce if not seat(place, set()))


@dataclass(frozen=True, slots=True)
class Watch:
    """A stretch of the operation with the same people on duty, none of them on a break."""

    begin_min: float
    end_min: float
    state: str
    people: tuple[Person, ...]
    on_break: tuple[Person, ...]


def watches(procedure: Procedure, schedule: Schedule, *, until_min: float | None = None) -> tuple[Watch, ...]:
    """The operation cut wherever somebody's shift or break begins or ends, or the children are parted.

    Parameters
    ----------
    procedure, schedule
        The plan.
    until_min
        Look so far ahead; None: to the planned end.
    """
    end = max(schedule.end_min, until_min or 0.0)
    parted = schedule.separation_min if schedule.separation_min is not None else end
    room = [person for person in procedure.people if person.pool != "standby"]
    rests = [a for a in schedule.assignments if a.kind == "break"]
    marks = {0.0, float(end), float(parted)}
    marks.update(float(m) for person in room for m in person.shift_min)
    marks.update(float(m) for rest in rests for m in (rest.start_min, rest.end_min))
    cuts = sorted(m for m in marks if 0 <= m <= end)
    told = []
    for begin, stop in pairwise(cuts):
        resting = {r.person for r in rests if r.start_min <= begin < r.end_min}
        there = [p for p in room if p.shift_min[0] <= begin < p.shift_min[1]]
        told.append(
            Watch(
                begin,
                stop,
                "joined" if begin < parted else "apart",
                tuple(p for p in there if p.id not in resting),
                tuple(p for p in there if p.id in resting),
            )
        )
    return tuple(told)


@dataclass(frozen=True, slots=True)
class Uncalled:
    """A place of a response that nobody can take."""

    response: Response
    need: Need
    span: Span
    resting: tuple[str, ...]
    """People on a break who could; empty: nobody at all."""


def uncalled(procedure: Procedure, cuts: Iterable[Watch]) -> Iterator[Uncalled]:
    """Places of responses during the operation that nobody on duty can take, by stretch."""
    told: dict[tuple[int, frozenset[str]], tuple[Need, ...]] = {}

    def short(index: int, places: Sequence[Need], people: Sequence[Person]) -> tuple[Need, ...]:
        key = index, frozenset(p.id for p in people)
        if key not in told:
            told[key] = lacking(places, people)
        return told[key]

    responses = [(r, wanted_by(r)) for r in procedure.responses if not r.after_operation]
    for watch in cuts:
        everybody = (*watch.people, *watch.on_break)
        for index, (response, places) in enumerate(responses):
            if response.state != watch.state:
                continue
            for need in short(index, places, watch.people):
                at_all = need not in short(index, places, everybody)
                resting = tuple(p.id for p in watch.on_break if may_fill(p, need)) if at_all else ()
                yield Uncalled(response, need, (watch.begin_min, watch.end_min), resting)


def uncalled_after(procedure: Procedure) -> Iterator[Uncalled]:
    """The same in the days after, by the people on standby; spans from the end of the operation.

    A skill that nobody on standby brings is the ward's own, such as an intensive-care nurse at the bedside:
    whoever of the team brings it is there.
    """
    people = [person for person in procedure.people if person.pool == "standby"]
    skills = {skill for person in people for skill in person.skills}
    last = round(60 * procedure.standby.for_h) if procedure.standby else 0
    own = [person for person in procedure.people if skills.isdisjoint(person.skills)]
    cuts = sorted({0, last, *(m for p in people for m in p.shift_min if 0 <= m <= last)})
    people += [replace(person, shift_min=(0, last + 1)) for person in own]
    parts = any(r.state == "apart" for r in procedure.responses)
    for begin, end in pairwise(cuts):
        there = [p for p in people if p.shift_min[0] <= begin < p.shift_min[1]]
        for response in procedure.responses:
            if response.after_operation and response.state == ("apart" if parts else "joined"):
                for need in lacking(wanted_by(response), there):
                    yield Uncalled(response, need, (float(begin), float(end)), ())
