"""Changes worth trying: made from who and what was missing, late or on a break."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from separatrix.team.choreography.checker import check
from separatrix.team.choreography.model import Assignment, Schedule
from separatrix.team.choreography.plan import choreograph
from separatrix.team.protocol.model import Person, Procedure
from separatrix.team.protocol.staffing import hours_text
from separatrix.team.rehearsal.answers.matrix import title_of
from separatrix.team.rehearsal.answers.model import BloodOrder, Cell, ChangeKind, Finding, MissingKind

MOST_OF_A_KIND = 4
"""Candidates of one kind, those that more cells ask for first."""

BREAK_MOVES_MIN = (-15, 15, -30, 30, -45, 45, -60, 60, -90, 90)
"""Moves of a break that are tried, smallest first; the first that breaks no rule is taken."""

RELIEF_EARLIER_MIN = 120
"""How much sooner a relief comes on duty."""

HOUR_MIN = 60

USUAL_DUTY_MIN = 720
"""Duty of one more person where the team has no rule of its own."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A changed plan and what was changed."""

    key: str
    kind: ChangeKind
    text: str
    procedure: Procedure
    schedule: Schedule


def candidates(
    procedure: Procedure,
    schedule: Schedule,
    *,
    cells: Sequence[Cell],
    findings: Iterable[Finding] = (),
    blood: Iterable[BloodOrder] = (),
    overtime_min: Mapping[str, float] | None = None,
    alternatives: Mapping[str, Schedule] | None = None,
) -> tuple[Candidate, ...]:
    """Changes that answer what the rehearsals lacked.

    Parameters
    ----------
    procedure, schedule
        The plan.
    cells
        Of the matrix.
    findings
        Of `readiness`: breaks of the only one who could come are moved.
    blood
        What should be ordered: a patient's stock below it is raised to it.
    overtime_min
        Mean overtime by person: the relief of whom it is longest is brought forward.
    alternatives
        Other schedules of the same procedure, by what they put first.
    """
    tried = [
        *_people(procedure, schedule, cells),
        *_things(procedure, schedule, cells),
        *_packs(procedure, schedule, blood),
        *_breaks(procedure, schedule, findings),
        *_reliefs(procedure, schedule, overtime_min or {}),
    ]
    for name, other in (alternatives or {}).items():
        tried.append(
            Candidate(f"order:{name}", "order", f"Play the script that puts {name} first", procedure, other)
        )
    return tuple({one.key: one for one in tried}.values())


def first_script(procedure: Procedure, schedule: Schedule) -> dict[str, Schedule]:
    """The script that the planner finds first, by its rule of priority; nothing where it is the plan."""
    first = choreograph(procedure, effort="first")
    if first.status == "infeasible" or first.activities == schedule.activities:
        return {}
    return {"the longest way to the end": first}


def _wanted(cells: Iterable[Cell], kind: MissingKind) -> list[tuple[str, float, list[Cell]]]:
    """What is missing, in how many cells' worth of runs, and in which cells; most first."""
    weight: dict[str, float] = defaultdict(float)
    where: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        for missing in cell.missing:
            if missing.kind == kind:
                weight[missing.id] += missing.share
                where[missing.id].append(cell)
    ranked = sorted(weight, key=lambda name: (-weight[name], name))
    return [(name, weight[name], where[name]) for name in ranked[:MOST_OF_A_KIND]]


def _people(procedure: Procedure, schedule: Schedule, cells: Sequence[Cell]) -> Iterator[Candidate]:
    times = {a.id: (a.start_min, a.end_min) for a in schedule.activities}
    longest = procedure.rules.longest_duty_min or USUAL_DUTY_MIN
    for name, _, where in _wanted(cells, "person"):
        lacks = [
            (*times[cell.activity], next(m.share for m in cell.missing if m.id == name))
            for cell in where
            if cell.activity in times
        ]
        if lacks:
            yield _one_more(procedure, schedule, name, *_best_duty(lacks, longest))


def _best_duty(lacks: Sequence[tuple[int, int, float]], longest_min: int) -> tuple[int, int]:
    """Hours of one duty in which most is lacking; ``lacks``: start, end and share of each activity."""

    def covered(begin: int) -> list[tuple[int, int, float]]:
        return [one for one in lacks if begin <= one[0] and one[1] <= begin + longest_min]

    starts = sorted({start // HOUR_MIN * HOUR_MIN for start, _, _ in lacks})
    best = max(starts, key=lambda begin: (sum(share for _, _, share in covered(begin)), -begin))
    last = max((end for _, end, _ in covered(best)), default=best + longest_min)
    return best, min(best + longest_min, math.ceil(last / HOUR_MIN) * HOUR_MIN)


def _one_more(procedure: Procedure, schedule: Schedule, name: str, begin: int, end: int) -> Candidate:
    skill, _, team = name.partition("@")
    able = [p for p in procedure.people if skill in p.skills and p.pool != "standby"]
    title = title_of(procedure.titles, "person", name)
    colour = next((p.team for p in procedure.people if p.team == team), None) if team else None
    person = Person(
        id=f"one_more_{skill}" + (f"_{team}" if team else ""),
        name=f"One more: {title}",
        skills={skill: max((p.skills[skill] for p in able), default=2)},
        team=colour,
        shift_min=(begin, end),
        pool="relief",
    )
    return Candidate(
        f"person:{name}",
        "person",
        f"One more {title} on duty from {hours_text(begin)} to {hours_text(end)}",
        replace(procedure, people=(*procedure.people, person)),
        schedule,
    )


def _things(procedure: Procedure, schedule: Schedule, cells: Sequence[Cell]) -> Iterator[Candidate]:
    for name, _, _ in _wanted(cells, "equipment"):
        there = procedure.equipment.get(name, 0)
        changed = replace(procedure, equipment={**procedure.equipment, name: there + 1})
        title = title_of(procedure.titles, "equipment", name)
        yield Candidate(
            f"equipment:{name}",
            "equipment",
            f"One more: {title} ({there + 1} instead of {there})",
            changed,
            schedule,
        )
    for name, _, where in _wanted(cells, "stock"):
        asked = [
            r.consumables.get(name, 0)
            for r in procedure.responses
            if r.complication in {cell.complication for cell in where}
        ]
        yield _more_stock(
            procedure, schedule, name, procedure.consumables.get(name, 0) + max(asked, default=1)
        )


def _packs(procedure: Procedure, schedule: Schedule, blood: Iterable[BloodOrder]) -> Iterator[Candidate]:
    words = {"red_cells": "red_cell_packs", "plasma": "plasma_packs", "platelets": "platelet_packs"}
    for order in blood:
        name = f"{words[order.product]}_{order.patient}"
        if order.packs > order.stock and name in procedure.consumables:
            yield _more_stock(procedure, schedule, name, order.packs)


def _more_stock(procedure: Procedure, schedule: Schedule, name: str, units: int) -> Candidate:
    title = title_of(procedure.titles, "stock", name)
    there = procedure.consumables.get(name, 0)
    changed = replace(procedure, consumables={**procedure.consumables, name: units})
    return Candidate(f"stock:{name}", "stock", f"{units} instead of {there}: {title}", changed, schedule)


def _breaks(procedure: Procedure, schedule: Schedule, findings: Iterable[Finding]) -> Iterator[Candidate]:
    names = {p.id: p.name for p in procedure.people}
    resting = [p for f in findings if f.key.startswith("break:") for p in f.missing]
    before = len(check(procedure, schedule))
    for person in list(dict.fromkeys(resting))[:MOST_OF_A_KIND]:
        for rest in (a for a in schedule.assignments if a.kind == "break" and a.person == person):
            for move in BREAK_MOVES_MIN:
                moved = _moved(schedule, rest, move)
                if rest.start_min + move >= 0 and len(check(procedure, moved)) <= before:
                    at = hours_text(rest.start_min + move)
                    text = f"Break of {names[person]} at {at} instead of {hours_text(rest.start_min)}"
                    yield Candidate(f"break:{person}:{rest.start_min}", "break", text, procedure, moved)
                    break


def _moved(schedule: Schedule, rest: Assignment, move_min: int) -> Schedule:
    new = replace(rest, start_min=rest.start_min + move_min, end_min=rest.end_min + move_min)
    return replace(schedule, assignments=tuple(new if a is rest else a for a in schedule.assignments))


def _reliefs(
    procedure: Procedure, schedule: Schedule, overtime_min: Mapping[str, float]
) -> Iterator[Candidate]:
    """Of whom overtime is longest: whoever could take over comes on duty sooner."""
    people = {p.id: p for p in procedure.people}
    ranked = sorted(
        (p for p in overtime_min if p in people and overtime_min[p] >= 1.0),
        key=lambda p: (-overtime_min[p], p),
    )
    told = 0
    for tired in (people[p] for p in ranked):
        later = [
            p
            for p in procedure.people
            if p.pool == "relief"
            and p.team == tired.team
            and set(p.skills) & set(tired.skills)
            and tired.shift_min[0] < p.shift_min[0]
            and tired.shift_min[1] - RELIEF_EARLIER_MIN <= p.shift_min[0]
        ]
        if not later or told >= MOST_OF_A_KIND:
            continue
        relief = min(later, key=lambda p: (p.shift_min[0], p.id))
        sooner = replace(
            relief, shift_min=(max(0, relief.shift_min[0] - RELIEF_EARLIER_MIN), relief.shift_min[1])
        )
        changed = replace(procedure, people=tuple(sooner if p is relief else p for p in procedure.people))
        text = (
            f"{relief.name} on duty from {hours_text(sooner.shift_min[0])} instead of "
            f"{hours_text(relief.shift_min[0])}"
        )
        told += 1
        yield Candidate(f"relief:{relief.id}", "relief", text, changed, schedule)
