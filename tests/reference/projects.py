"""Tiny projects by trying everything: the oracle of the scheduling of projects."""

from __future__ import annotations

from itertools import combinations, permutations

from separatrix.team.choreography.project import Project, SkillMeaning


def can_do(project: Project, activity: int, crew: tuple[int, ...]) -> bool:
    """Whether exactly these people bring what an activity asks for, by trying every way."""
    wanted = [s for s, count in enumerate(project.requirements[activity]) for _ in range(count)]
    if project.meaning is SkillMeaning.EVERY_SKILL:
        return all(
            sum(skill in project.mastery[person] for person in crew) >= count
            for skill, count in enumerate(project.requirements[activity])
        )
    return len(crew) == len(wanted) and any(
        all(skill in project.mastery[person] for person, skill in zip(way, wanted, strict=True))
        for way in permutations(crew)
    )


def crews_of(project: Project, activity: int) -> list[tuple[int, ...]]:
    """Every crew that can do an activity; of those that count all skills, none with somebody to spare."""
    if not project.requirements:
        return [()]
    people = range(len(project.mastery))
    found: list[tuple[int, ...]] = []
    for size in range(len(project.mastery) + 1):
        for crew in combinations(people, size):
            if can_do(project, activity, crew) and not any(set(smaller) < set(crew) for smaller in found):
                found.append(crew)
    return found


def shortest(project: Project) -> int | None:
    """Makespan of the best schedule: every order, every crew, each activity as early as it then can be."""
    crews = [crews_of(project, activity) for activity in range(project.size)]
    best: list[int | None] = [None]
    _extend(project, crews, {}, {}, best)
    return best[0]


def _extend(
    project: Project,
    crews: list[list[tuple[int, ...]]],
    starts: dict[int, int],
    chosen: dict[int, tuple[int, ...]],
    best: list[int | None],
) -> None:
    ends = {a: s + project.durations[a] for a, s in starts.items()}
    if best[0] is not None and max(ends.values(), default=0) >= best[0]:
        return
    if len(starts) == project.size:
        best[0] = max(ends.values())
        return
    for activity in range(project.size):
        if activity in starts or any(before not in starts for before in project.predecessors[activity]):
            continue
        earliest = max((ends[before] for before in project.predecessors[activity]), default=0)
        for crew in crews[activity]:
            time = earliest
            while not _fits(project, starts, chosen, activity, crew, time):
                time += 1
                if time > sum(project.durations):
                    break
            else:
                _extend(project, crews, {**starts, activity: time}, {**chosen, activity: crew}, best)


def _fits(
    project: Project,
    starts: dict[int, int],
    chosen: dict[int, tuple[int, ...]],
    activity: int,
    crew: tuple[int, ...],
    time: int,
) -> bool:
    for moment in range(time, time + project.durations[activity]):
        running = [a for a, s in starts.items() if s <= moment < s + project.durations[a]]
        if any(set(crew) & set(chosen[a]) for a in running):
            return False
        for resource, capacity in enumerate(project.capacities):
            if sum(project.demands[a][resource] for a in [*running, activity]) > capacity:
                return False
    return True
