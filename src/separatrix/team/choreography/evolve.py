"""Evolution of activity lists for a project: good schedules fast, on one thread, without the GIL."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from separatrix.core import generator
from separatrix.team.choreography.breed_kernel import breed, new_herd
from separatrix.team.choreography.crews import Kind, kinds_of
from separatrix.team.choreography.msdecode_kernel import Instance, Ints, space_for
from separatrix.team.choreography.project import Project, SkillMeaning
from separatrix.team.choreography.project_model import pools_of

HERD = 60
"""Lists that live at once."""

PATIENCE = 6000
"""Children without a better one before all but the best list are replaced."""


class Evolution:
    """A herd of activity lists of one project.

    Parameters
    ----------
    project
        What is to be scheduled.
    seed
        The same seed gives the same evolution.
    """

    def __init__(self, project: Project, *, seed: int) -> None:
        self._instance = instance_of(project)
        kinds = kinds_of(project)
        self._worth = worth_of(project, kinds)
        span = project.critical_path
        self._latest = np.array(
            [span - tail - length for tail, length in zip(project.tails, project.durations, strict=True)],
            np.float64,
        )
        state = int(generator(seed, "evolution", project.name).integers(0, 2**63))
        self._herd = new_herd(self._instance, HERD, state)
        self._space = space_for(self._instance)
        self.raise_children(HERD, goal=0)

    @property
    def makespan(self) -> int:
        """Of the best schedule so far."""
        return int(self._herd.tally[0])

    @property
    def children(self) -> int:
        """Raised so far."""
        return int(self._herd.tally[2])

    @property
    def starts(self) -> tuple[int, ...]:
        """Start of each activity in the best schedule so far."""
        return tuple(int(start) for start in self._herd.best_starts)

    @property
    def staff(self) -> tuple[tuple[int, ...], ...]:
        """People of each kind on each activity in the best schedule so far."""
        return tuple(tuple(int(count) for count in row) for row in self._herd.best_staff)

    def raise_children(self, count: int, *, goal: int) -> int:
        """Raise so many more, or fewer where the goal is reached; returns the best makespan so far."""
        return self._breed(count, goal, np.empty(0, np.int32))

    def learn(self, starts: Sequence[int]) -> int:
        """Decode somebody else's order of starts and let the list live; returns the best makespan so far."""
        place = np.asarray(starts, np.int64) * len(starts) + self._instance.rank
        return self._breed(1, 0, np.argsort(place).astype(np.int32))

    def _breed(self, count: int, goal: int, lesson: Ints) -> int:
        return int(
            breed(
                self._instance,
                self._herd,
                count,
                goal,
                lesson,
                self._latest,
                self._worth,
                PATIENCE,
                self._space,
            )
        )


def instance_of(project: Project) -> Instance:
    """A project as arrays."""
    kinds, pools = kinds_of(project), pools_of(project)
    size = project.size
    rank = np.empty(size, np.int32)
    rank[list(project.topological)] = np.arange(size)
    before_at, before = _ragged(project.predecessors)
    after_at, after = _ragged(project.successors)
    return Instance(
        lengths=np.array(project.durations, np.int32),
        before_at=before_at,
        before=before,
        after_at=after_at,
        after=after,
        demands=np.array([pool.demands for pool in pools], np.int32).reshape(len(pools), size).T.copy(),
        capacities=np.array([pool.capacity for pool in pools], np.int32),
        members=np.array(
            [[bool(kind.skills & pool.skills) for pool in pools] for kind in kinds], np.int32
        ).reshape(len(kinds), len(pools)),
        wanted=np.array(project.requirements, np.int32).reshape(size, project.skills),
        masks=np.array([sum(1 << skill for skill in kind.skills) for kind in kinds], np.int64),
        people=np.array([len(kind.people) for kind in kinds], np.int32),
        every_skill=project.meaning is SkillMeaning.EVERY_SKILL,
        rank=rank,
    )


def worth_of(project: Project, kinds: Sequence[Kind]) -> npt.NDArray[np.float64]:
    """Value of a person of each kind: how much of the work per head each of the skills has."""
    load = [
        sum(row[skill] * length for row, length in zip(project.requirements, project.durations, strict=True))
        / max(sum(skill in who for who in project.mastery), 1)
        for skill in range(project.skills)
    ]
    return np.array([sum(load[skill] for skill in kind.skills) + 1e-9 for kind in kinds], np.float64)


def _ragged(rows: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    ends = np.cumsum([0, *(len(row) for row in rows)])
    return ends.astype(np.int32), np.array([item for row in rows for item in row], np.int32)
