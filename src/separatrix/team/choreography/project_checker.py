"""Whether a plan of a project keeps every rule; knows no solver and trusts none."""

from __future__ import annotations

from collections.abc import Iterator

from separatrix.team.choreography.project import Project, ProjectPlan, SkillMeaning


def check_project_plan(project: Project, plan: ProjectPlan) -> tuple[str, ...]:
    """Every rule that a plan breaks, in plain words; empty if it keeps all.

    Activities, people, skills and resources are told by number from 1, as the files do.
    """
    if len(plan.starts) != project.size:
        return (f"{len(plan.starts)} starts for {project.size} activities",)
    if project.requirements and len(plan.crews) != project.size:
        return (f"{len(plan.crews)} crews for {project.size} activities",)
    return (
        *_times(project, plan),
        *_resources(project, plan),
        *(_crews(project, plan) if project.requirements else ()),
        *(_people(project, plan) if project.requirements else ()),
    )


def _times(project: Project, plan: ProjectPlan) -> Iterator[str]:
    ends = [start + length for start, length in zip(plan.starts, project.durations, strict=True)]
    if plan.makespan != max(ends):
        yield f"makespan {plan.makespan}, but the last activity ends at {max(ends)}"
    if plan.makespan is not None and plan.lower_bound > plan.makespan:
        yield f"lower bound {plan.lower_bound} above the makespan {plan.makespan}"
    for activity, after in enumerate(project.successors):
        if plan.starts[activity] < 0:
            yield f"activity {activity + 1} starts before 0"
        for other in after:
            if plan.starts[other] < ends[activity]:
                yield f"activity {other + 1} starts before activity {activity + 1} has ended"


def _resources(project: Project, plan: ProjectPlan) -> Iterator[str]:
    for resource, capacity in enumerate(project.capacities):
        for moment in sorted(set(plan.starts)):  # use can only rise at a start
            used = sum(project.demands[activity][resource] for activity in _running(project, plan, moment))
            if used > capacity:
                yield f"at {moment} {used} units of resource {resource + 1} are held; there are {capacity}"


def _crews(project: Project, plan: ProjectPlan) -> Iterator[str]:
    for activity, crew in enumerate(plan.crews):
        name = f"activity {activity + 1}"
        if len(set(crew.people)) != len(crew.people) or len(crew.people) != len(crew.skills):
            yield f"{name} has somebody twice or without a skill"
            continue
        given = [0] * project.skills
        for person, skill in zip(crew.people, crew.skills, strict=True):
            if project.meaning is SkillMeaning.EVERY_SKILL:
                for one in project.mastery[person]:
                    given[one] += 1
            elif skill not in project.mastery[person]:
                yield f"person {person + 1} brings skill {skill + 1} to {name} without having it"
            else:
                given[skill] += 1
        for skill, (has, wanted) in enumerate(zip(given, project.requirements[activity], strict=True)):
            if has < wanted:
                yield f"{name} has {has} of {wanted} people with skill {skill + 1}"


def _people(project: Project, plan: ProjectPlan) -> Iterator[str]:
    for moment in sorted(set(plan.starts)):
        seen: dict[int, int] = {}
        for activity in _running(project, plan, moment):
            for person in plan.crews[activity].people:
                if person in seen:
                    yield (
                        f"person {person + 1} is at activities {seen[person] + 1} and {activity + 1} "
                        f"at once, at {moment}"
                    )
                seen[person] = activity


def _running(project: Project, plan: ProjectPlan, moment: int) -> list[int]:
    return [
        activity
        for activity, (start, length) in enumerate(zip(plan.starts, project.durations, strict=True))
        if start <= moment < start + length
    ]
