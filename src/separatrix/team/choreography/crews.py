"""People who are alike, and who of them goes where.

People with the same skills are interchangeable: a solver that sees so many *of a kind* instead of names
has no symmetry to fight, and loses nothing. Intervals of which never more overlap than there are people
can always be given to those people by name, first come first served.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from separatrix.team.choreography.project import Crew, Project, SkillMeaning


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """People with the same skills, of those that any activity asks for."""

    skills: frozenset[int]
    people: tuple[int, ...]


def kinds_of(project: Project) -> tuple[Kind, ...]:
    """Kinds of people, fewest skills first; who has no skill that is asked for is left out."""
    asked = {s for row in project.requirements for s, wanted in enumerate(row) if wanted}
    people: dict[frozenset[int], list[int]] = {}
    for person, skills in enumerate(project.mastery):
        if useful := skills & asked:
            people.setdefault(useful, []).append(person)
    return tuple(
        Kind(skills=skills, people=tuple(people[skills]))
        for skills in sorted(people, key=lambda skills: (len(skills), sorted(skills)))
    )


def can_be_staffed(project: Project, activity: int) -> bool:
    """Whether all people together could do an activity if nothing else went on."""
    crew = _with_skills(project, activity, list(range(len(project.mastery))))
    if project.meaning is SkillMeaning.ONE_SKILL:
        return len(crew.people) == sum(project.requirements[activity])
    return all(
        sum(skill in skills for skills in project.mastery) >= count
        for skill, count in enumerate(project.requirements[activity])
    )


def name_crews(
    project: Project, kinds: Sequence[Kind], starts: Sequence[int], staff: Sequence[Sequence[int]]
) -> tuple[Crew, ...]:
    """Give every activity its people by name.

    Parameters
    ----------
    project, kinds
        The project and its `kinds_of` people.
    starts
        Start of each activity.
    staff
        How many people of each kind each activity has, shape (activities, kinds); at no time more than
        there are.

    Returns
    -------
    tuple of Crew
        One per activity, with the skill that each brings.
    """
    if not project.requirements:
        return ()
    free_at = {person: 0 for kind in kinds for person in kind.people}
    crews = [Crew(people=(), skills=())] * project.size
    for activity in sorted(range(project.size), key=lambda a: (starts[a], a)):
        if not project.durations[activity]:  # takes no time, so keeps nobody from anything else
            crews[activity] = _with_skills(project, activity, sorted(free_at))
            continue
        people: list[int] = []
        for kind, wanted in zip(kinds, staff[activity], strict=True):
            idle = [person for person in kind.people if free_at[person] <= starts[activity]]
            people += idle[:wanted]
        for person in people:
            free_at[person] = starts[activity] + project.durations[activity]
        crews[activity] = _with_skills(project, activity, people)
    return tuple(crews)


def _with_skills(project: Project, activity: int, people: list[int]) -> Crew:
    if project.meaning is SkillMeaning.EVERY_SKILL:
        return Crew(people=tuple(people), skills=(-1,) * len(people))
    left = list(project.requirements[activity])
    brings: dict[int, int] = {}
    for person in people:
        _find_skill(project, person, left, brings, set())
    return Crew(people=tuple(sorted(brings)), skills=tuple(brings[person] for person in sorted(brings)))


def _find_skill(
    project: Project, person: int, left: list[int], brings: dict[int, int], tried: set[int]
) -> bool:
    """Give a person a skill that is still wanted, moving others to another of theirs if need be."""
    for skill in sorted(project.mastery[person] - tried):
        tried.add(skill)
        if left[skill]:
            left[skill] -= 1
            brings[person] = skill
            return True
        for other in [who for who, brought in brings.items() if brought == skill]:
            if _find_skill(project, other, left, brings, tried):
                brings[person] = skill
                return True
    return False
