"""Constraint models of a project: the relaxation for bounds, the whole problem for schedules.

Both hold precedences, resources and the Hall families of skills. The whole problem adds how many people
of each kind an activity has; the relaxation lets people change places at any moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from separatrix.team.choreography.crews import Kind, kinds_of
from separatrix.team.choreography.hall import hall_families
from separatrix.team.choreography.project import Project, SkillMeaning

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

MOST_COMBINATIONS = 20_000
"""Crews tried to find the smallest for an activity whose people bring every skill at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Something of which activities hold so much while they run."""

    demands: tuple[int, ...]
    capacity: int
    skills: frozenset[int] = frozenset()
    """The family of skills that its people have; empty for a resource."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectModel:
    """A constraint model and the variables to read."""

    model: cp_model.CpModel
    starts: tuple[cp_model.IntVar, ...]
    makespan: cp_model.IntVar
    staff: tuple[tuple[cp_model.IntVar | None, ...], ...]
    """People by activity and kind; None where a kind is of no use. Empty in a relaxation."""


def pools_of(project: Project) -> tuple[Pool, ...]:
    """Resources and Hall families that can bind, none of them said twice."""
    found = [
        Pool(demands=tuple(row[k] for row in project.demands), capacity=capacity)
        for k, capacity in enumerate(project.capacities)
    ]
    kinds = kinds_of(project)
    able = [
        frozenset(k for k, kind in enumerate(kinds) if skill in kind.skills)
        for skill in range(project.skills)
    ]
    for family in hall_families([people or frozenset({-1 - s}) for s, people in enumerate(able)]):
        people = sum(len(kind.people) for kind in kinds if kind.skills & family)
        demands = tuple(_fewest(project, kinds, row, family) for row in project.requirements)
        found.append(Pool(demands=demands, capacity=people, skills=family))
    binding = {p: None for p in found if sum(p.demands) > p.capacity}
    return tuple(p for p in binding if not any(_says_more(q, p) for q in binding if q != p))


def _says_more(one: Pool, other: Pool) -> bool:
    """Whether `one` implies `other`: as much demand, no more capacity."""
    if one.capacity > other.capacity or (one.demands == other.demands and one.capacity == other.capacity):
        return False
    return all(a >= b for a, b in zip(one.demands, other.demands, strict=True))


def _fewest(project: Project, kinds: Sequence[Kind], row: Sequence[int], family: Iterable[int]) -> int:
    """Fewest people who can bring what an activity asks of a family of skills."""
    wanted = {skill: row[skill] for skill in family if row[skill]}
    if project.meaning is SkillMeaning.ONE_SKILL:
        return sum(wanted.values())
    most = max(wanted.values(), default=0)
    useful = [kind for kind in kinds if kind.skills & set(wanted)]
    ranges = [range(min(len(kind.people), sum(wanted.values())) + 1) for kind in useful]
    combinations = 1
    for choices in ranges:
        combinations *= len(choices)
    if len(wanted) <= 1 or combinations > MOST_COMBINATIONS:
        return most
    enough = (
        sum(crew)
        for crew in product(*ranges)
        if all(
            sum(count for count, kind in zip(crew, useful, strict=True) if skill in kind.skills) >= asked
            for skill, asked in wanted.items()
        )
    )
    return min(enough, default=most)


def relaxed_model(project: Project, pools: Sequence[Pool], horizon: int) -> ProjectModel:
    """Project whose people may change places at any moment: what no schedule can beat."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    starts, intervals, makespan = _timing(model, project, horizon)
    for pool in pools:
        _add_pool(model, project, intervals, pool)
    return ProjectModel(model=model, starts=starts, makespan=makespan, staff=())


def staffed_model(project: Project, pools: Sequence[Pool], horizon: int) -> ProjectModel:
    """The whole problem: who of each kind is with which activity, for all of it."""
    base = relaxed_model(project, pools, horizon)
    kinds = kinds_of(project)
    model = base.model
    staff: list[tuple[cp_model.IntVar | None, ...]] = []
    for activity, row in enumerate(project.requirements):
        staff.append(_add_staff(model, project, kinds, activity, row))
    for number, kind in enumerate(kinds):
        _add_kind(model, project, base.starts, number, kind, [row[number] for row in staff])
    return ProjectModel(model=model, starts=base.starts, makespan=base.makespan, staff=tuple(staff))


def _timing(
    model: cp_model.CpModel, project: Project, horizon: int
) -> tuple[tuple[cp_model.IntVar, ...], list[cp_model.IntervalVar], cp_model.IntVar]:
    starts = []
    for activity in range(project.size):
        latest = horizon - project.tails[activity] - project.durations[activity]
        starts.append(model.new_int_var(project.heads[activity], max(latest, 0), f"start {activity}"))
    intervals = [
        model.new_fixed_size_interval_var(start, length, f"activity {activity}")
        for activity, (start, length) in enumerate(zip(starts, project.durations, strict=True))
    ]
    makespan = model.new_int_var(project.critical_path, horizon, "makespan")
    for activity, after in enumerate(project.successors):
        end = starts[activity] + project.durations[activity]
        for other in after:
            model.add(starts[other] >= end)
        if not after:
            model.add(makespan >= end)
    model.minimize(makespan)
    return tuple(starts), intervals, makespan


def _add_pool(
    model: cp_model.CpModel, project: Project, intervals: Sequence[cp_model.IntervalVar], pool: Pool
) -> None:
    using = [a for a in range(project.size) if pool.demands[a] and project.durations[a]]
    if pool.capacity == 1:
        model.add_no_overlap([intervals[a] for a in using])
    else:
        model.add_cumulative([intervals[a] for a in using], [pool.demands[a] for a in using], pool.capacity)


def _add_staff(
    model: cp_model.CpModel, project: Project, kinds: Sequence[Kind], activity: int, row: Sequence[int]
) -> tuple[cp_model.IntVar | None, ...]:
    """Numbers of people of each kind on one activity, and that they bring what it asks."""
    wanted = [skill for skill, count in enumerate(row) if count]
    staff: list[cp_model.IntVar | None] = []
    brings: dict[tuple[int, int], cp_model.IntVar] = {}
    one_skill = project.meaning is SkillMeaning.ONE_SKILL
    for number, kind in enumerate(kinds):
        useful = [skill for skill in wanted if skill in kind.skills]
        if not useful:
            staff.append(None)
            continue
        most = min(len(kind.people), sum(row[skill] for skill in useful))
        count = model.new_int_var(0, most, f"kind {number} on {activity}")
        staff.append(count)
        if one_skill and len(useful) > 1:
            for skill in useful:
                top = min(most, row[skill])
                brings[number, skill] = model.new_int_var(0, top, f"skill {skill} of {number} on {activity}")
            model.add(count == sum(brings[number, skill] for skill in useful))
        else:  # every skill at once, or there is but one to bring
            brings.update({(number, skill): count for skill in useful})
    for skill in wanted:
        given = sum(v for (_, s), v in brings.items() if s == skill)
        model.add(given == row[skill] if one_skill else given >= row[skill])
    return tuple(staff)


def _add_kind(
    model: cp_model.CpModel,
    project: Project,
    starts: Sequence[cp_model.IntVar],
    number: int,
    kind: Kind,
    counts: Sequence[cp_model.IntVar | None],
) -> None:
    """Of no kind more people at work than there are."""
    intervals, demands = [], []
    for activity, count in enumerate(counts):
        if count is None or not project.durations[activity]:
            continue
        name = f"kind {number} at {activity}"
        if len(kind.people) == 1:
            length = project.durations[activity]
            intervals.append(
                model.new_optional_fixed_size_interval_var(starts[activity], length, count, name)
            )
        else:
            intervals.append(
                model.new_fixed_size_interval_var(starts[activity], project.durations[activity], name)
            )
            demands.append(count)
    if len(kind.people) == 1:
        model.add_no_overlap(intervals)
    elif intervals:
        model.add_cumulative(intervals, demands, len(kind.people))
