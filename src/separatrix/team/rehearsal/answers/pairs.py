"""Pairs of complications at once: what both together lack, from the script alone.

A rehearsal forces one complication at a time. For two at once the people on duty and the devices there are
say what cannot be had, even if everybody on duty dropped everything: a lower bound of what would be short. A
pair in one and the same child is left out: there one team answers both; so is what strikes a pair only once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol.model import Need, Person, Procedure, Response
from separatrix.team.rehearsal.answers.matrix import title_of
from separatrix.team.rehearsal.answers.model import Cell, Missing, MissingKind, Pair
from separatrix.team.rehearsal.answers.responders import lacking, strikes_each_child, wanted_by, watches

Lacks = Counter[tuple[MissingKind, str]]
"""Units short of each skill, device or consumable."""

Responses = dict[tuple[str, str, str], Response]
"""Responses during the operation by complication, state and patient, empty for the pair."""

LISTED = 20
"""So many pairs are listed, those that lack most first."""


def worst_pairs(procedure: Procedure, schedule: Schedule, cells: Iterable[Cell]) -> tuple[Pair, ...]:
    """Pairs of possible cells of one activity that lack something together which neither lacks alone.

    Parameters
    ----------
    procedure, schedule
        The plan.
    cells
        Of the matrix.

    Returns
    -------
    tuple of Pair
        At most `LISTED`; of each two complications the activity at which they lack most.
    """
    watch_of = watches(procedure, schedule)
    starts = {a.id: a.start_min for a in schedule.activities}
    responses: Responses = {
        (r.complication, r.state, r.patient or ""): r for r in procedure.responses if not r.after_operation
    }
    by_activity: dict[str, list[tuple[str, Response]]] = {}
    for cell in cells:
        response = _response(responses, cell)
        if cell.status != "impossible" and response is not None and cell.activity in starts:
            name = cell.complication + (f"@{cell.patient}" if cell.patient else "")
            by_activity.setdefault(cell.activity, []).append((name, response))
    short = _Short(procedure)
    worst: dict[tuple[str, str], Pair] = {}
    for activity, struck in sorted(by_activity.items(), key=lambda item: (starts[item[0]], item[0])):
        people = next((w.people for w in reversed(watch_of) if w.begin_min <= starts[activity]), ())
        for (first, one), (second, other) in combinations(sorted(struck, key=lambda s: s[0]), 2):
            if _is_one_crisis(one, other):
                continue
            lacks = short.together(one, other, people)
            number = sum(lacks.values())
            if number > (worst[first, second].short_count if (first, second) in worst else 0):
                worst[first, second] = Pair(
                    activity=activity,
                    first=first,
                    second=second,
                    short=short.told(lacks),
                    short_count=number,
                )
    return tuple(sorted(worst.values(), key=lambda p: (-p.short_count, p.first, p.second))[:LISTED])


def _response(responses: Responses, cell: Cell) -> Response | None:
    exact = responses.get((cell.complication, cell.state, cell.patient))
    return exact or responses.get((cell.complication, cell.state, ""))


def _is_one_crisis(one: Response, other: Response) -> bool:
    if one.patient is not None and one.patient == other.patient:
        return True
    return one.complication == other.complication and not strikes_each_child(one.complication)


class _Short:
    """What responses lack, one alone or two together, remembered by who is on duty."""

    def __init__(self, procedure: Procedure) -> None:
        self._procedure = procedure
        self._known: dict[tuple[tuple[int, ...], frozenset[str]], Lacks] = {}

    def together(self, one: Response, other: Response, people: Sequence[Person]) -> Lacks:
        """What both lack beyond what each lacks alone."""
        both = self._lacks((one, other), people)
        alone = self._lacks((one,), people) + self._lacks((other,), people)
        return both - alone

    def told(self, lacks: Lacks) -> tuple[Missing, ...]:
        """The same as nouns."""
        return tuple(
            Missing(kind=kind, id=name, title=title_of(self._procedure.titles, kind, name), share=1.0)
            for (kind, name) in sorted(lacks)
        )

    def _lacks(self, responses: Sequence[Response], people: Sequence[Person]) -> Lacks:
        key = tuple(id(r) for r in responses), frozenset(p.id for p in people)
        if key not in self._known:
            self._known[key] = self._count(responses, people)
        return self._known[key]

    def _count(self, responses: Sequence[Response], people: Sequence[Person]) -> Lacks:
        procedure = self._procedure
        places = [need for response in responses for need in wanted_by(response)]
        found: Lacks = Counter(("person", _need_id(need)) for need in lacking(places, people))
        for name, lack in _short(procedure.equipment, [r.equipment for r in responses]).items():
            found["equipment", name] = lack
        for name, lack in _short(procedure.consumables, [r.consumables for r in responses]).items():
            found["stock", name] = lack
        return found


def _short(there: Mapping[str, int], asked: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Units asked for beyond those there are."""
    wanted = {name: sum(one.get(name, 0) for one in asked) for one in asked for name in one}
    return {
        name: number - there.get(name, 0) for name, number in wanted.items() if number > there.get(name, 0)
    }


def _need_id(need: Need) -> str:
    return need.skill + (f"@{need.team}" if need.team else "")
