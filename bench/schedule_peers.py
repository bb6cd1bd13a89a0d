"""The peers of the scheduling benchmark: PyJobShop, and CP-SAT with one variable per person and skill.

Each gives the makespan and the bound it reached in a time, with 8 workers; None where it found nothing or
cannot say the problem.
"""

from __future__ import annotations

from typing import Any

from separatrix.team.choreography.project import Project, SkillMeaning

Answer = tuple[int | None, int | None]
"""Makespan and lower bound."""

WORKERS = 8


def by_pyjobshop(project: Project, seconds: float) -> Answer:
    """Activities as tasks; each person needed as a task of its own, tied to the others at the start.

    The library has no skills: "one person for one of several skills" is said by modes. A person who counts
    for every skill at once cannot be said.
    """
    from pyjobshop import Model

    if project.requirements and project.meaning is SkillMeaning.EVERY_SKILL:
        return None, None
    model = Model()
    resources = [model.add_renewable(capacity) for capacity in project.capacities]
    people = [model.add_renewable(1) for _ in project.mastery]
    tasks = []
    for activity, length in enumerate(project.durations):
        task = model.add_task()
        tasks.append(task)
        row = project.demands[activity] if project.demands else ()
        held = [(resource, demand) for resource, demand in zip(resources, row, strict=True) if demand]
        model.add_mode(task, [r for r, _ in held], length, [d for _, d in held])
        for skill, count in enumerate(project.requirements[activity] if project.requirements else ()):
            for _ in range(count):
                part = model.add_task()
                for person, skills in zip(people, project.mastery, strict=True):
                    if skill in skills:
                        model.add_mode(part, person, length, 1)
                model.add_start_at_start(task, part)
                model.add_start_at_start(part, task)
    for activity, after in enumerate(project.successors):
        for other in after:
            model.add_end_before_start(tasks[activity], tasks[other])
    result = model.solve(time_limit=seconds, display=False, num_workers=WORKERS)
    found = result.status.name in ("OPTIMAL", "FEASIBLE")
    bound = int(result.lower_bound + 0.999) if result.lower_bound < 1e9 else None
    return (int(result.objective) if found else None), bound


def by_cp_sat(project: Project, seconds: float) -> Answer:
    """The model one writes first: a Boolean for each person and skill of each activity, no redundancy."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    horizon = sum(project.durations)
    starts = [model.new_int_var(0, horizon, "") for _ in project.durations]
    makespan = model.new_int_var(0, horizon, "")
    intervals = [
        model.new_fixed_size_interval_var(start, length, "")
        for start, length in zip(starts, project.durations, strict=True)
    ]
    for activity, after in enumerate(project.successors):
        end = starts[activity] + project.durations[activity]
        model.add(makespan >= end)
        for other in after:
            model.add(starts[other] >= end)
    for resource, capacity in enumerate(project.capacities):
        model.add_cumulative(intervals, [row[resource] for row in project.demands], capacity)
    if project.requirements:
        _add_people(model, project, starts)
    model.minimize(makespan)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = WORKERS
    solver.parameters.max_time_in_seconds = seconds
    found = solver.solve(model) in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return (round(solver.objective_value) if found else None), round(solver.best_objective_bound)


def _add_people(model: Any, project: Project, starts: list[Any]) -> None:
    busy: list[list[Any]] = [[] for _ in project.mastery]
    for activity, row in enumerate(project.requirements):
        given: list[list[Any]] = [[] for _ in row]
        for person, skills in enumerate(project.mastery):
            useful = [skill for skill in sorted(skills) if row[skill]]
            if not useful:
                continue
            present = model.new_bool_var("")
            busy[person].append(
                model.new_optional_fixed_size_interval_var(
                    starts[activity], project.durations[activity], present, ""
                )
            )
            if project.meaning is SkillMeaning.EVERY_SKILL:
                for skill in useful:
                    given[skill].append(present)
                continue
            brings = {skill: model.new_bool_var("") for skill in useful}
            model.add(sum(brings.values()) == present)
            for skill, bring in brings.items():
                given[skill].append(bring)
        for skill, count in enumerate(row):
            if count and project.meaning is SkillMeaning.EVERY_SKILL:
                model.add(sum(given[skill]) >= count)
            elif count:
                model.add(sum(given[skill]) == count)
    for intervals in busy:
        model.add_no_overlap(intervals)
