"""The noun of the scheduling benchmarks: a project of activities, resources and many-skilled people.

No breaks, no cover, no rooms: what the literature compares solvers on. Times are whole units, whatever
the unit; activities, resources, people and skills are numbered from 0.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

PlanStatus = Literal["optimal", "feasible", "infeasible", "unknown"]


class SkillMeaning(enum.Enum):
    """What a person with many skills brings to an activity."""

    ONE_SKILL = "one_skill"
    """Exactly one of the skills, for the whole of it (MSPSP-InstLib)."""
    EVERY_SKILL = "every_skill"
    """Every required skill that the person has, at once (MiniZinc benchmarks)."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """Activities to be done once each, as early as possible.

    A person works on one activity at a time and stays for all of it.
    """

    name: str
    durations: tuple[int, ...]
    successors: tuple[tuple[int, ...], ...]
    """For each activity, which may start only after its end."""
    capacities: tuple[int, ...] = ()
    """Units of each renewable resource."""
    demands: tuple[tuple[int, ...], ...] = ()
    """Units held, by activity and resource; empty where there are no resources."""
    mastery: tuple[frozenset[int], ...] = ()
    """For each person, the skills."""
    requirements: tuple[tuple[int, ...], ...] = ()
    """People needed, by activity and skill; empty where there are no people."""
    meaning: SkillMeaning = SkillMeaning.ONE_SKILL

    @property
    def size(self) -> int:
        """Number of activities."""
        return len(self.durations)

    @property
    def skills(self) -> int:
        """Number of skills."""
        return len(self.requirements[0]) if self.requirements else 0

    @cached_property
    def predecessors(self) -> tuple[tuple[int, ...], ...]:
        """For each activity, which must have ended before its start."""
        before: list[list[int]] = [[] for _ in self.durations]
        for activity, after in enumerate(self.successors):
            for other in after:
                before[other].append(activity)
        return tuple(map(tuple, before))

    @cached_property
    def topological(self) -> tuple[int, ...]:
        """Activities, each after all its predecessors; shorter than `size` if there is a cycle."""
        waiting = [len(before) for before in self.predecessors]
        order = [activity for activity, count in enumerate(waiting) if count == 0]
        for activity in order:  # grows while it is read
            for other in self.successors[activity]:
                waiting[other] -= 1
                if waiting[other] == 0:
                    order.append(other)
        return tuple(order)

    @cached_property
    def heads(self) -> tuple[int, ...]:
        """Earliest start of each activity by precedence alone."""
        heads = [0] * self.size
        for activity in self.topological:
            for other in self.successors[activity]:
                heads[other] = max(heads[other], heads[activity] + self.durations[activity])
        return tuple(heads)

    @cached_property
    def tails(self) -> tuple[int, ...]:
        """Shortest time from the end of each activity to the end of the project."""
        tails = [0] * self.size
        for activity in reversed(self.topological):
            for other in self.successors[activity]:
                tails[activity] = max(tails[activity], tails[other] + self.durations[other])
        return tuple(tails)

    @property
    def critical_path(self) -> int:
        """Length of the longest chain of precedences."""
        return max((h + d for h, d in zip(self.heads, self.durations, strict=True)), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who works on one activity, and with which skill."""

    people: tuple[int, ...]
    skills: tuple[int, ...]
    """The skill each brings; -1 for every skill that the person has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPlan:
    """A schedule of a project, and how good it is."""

    makespan: int | None
    """End of the last activity; None where no schedule was found."""
    lower_bound: int
    """Proven: no schedule ends earlier."""
    status: PlanStatus
    starts: tuple[int, ...] = ()
    crews: tuple[Crew, ...] = ()
    """One per activity; empty where there are no people."""
    because: str = ""
    """Where infeasible: in plain words."""


def cycle_of(project: Project) -> tuple[int, ...]:
    """Activities of one circle of precedences, in order; empty if there is none."""
    stuck = set(range(project.size)) - set(project.topological)
    if not stuck:
        return ()
    # every stuck activity has a stuck predecessor: walking back must come round
    trail, seen = [min(stuck)], set[int]()
    while trail[-1] not in seen:
        seen.add(trail[-1])
        trail.append(next(p for p in project.predecessors[trail[-1]] if p in stuck))
    circle = trail[trail.index(trail[-1]) : -1]
    assert all(a in project.successors[b] for a, b in pairwise(circle))
    return tuple(reversed(circle))
