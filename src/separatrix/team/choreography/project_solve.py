"""Scheduling a project: evolution for schedules, constraint solving for bounds and for the last steps.

The stages, twice, short and long: the relaxation without persons (bound, and orders to decode), evolution,
the whole problem from the best schedule so far. Where there are no people the relaxation is the whole
problem. Bound and schedule meeting ends it at any point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from separatrix.core import Progress, SolverError, silent
from separatrix.team.choreography.crews import can_be_staffed, kinds_of, name_crews
from separatrix.team.choreography.project import Project, ProjectPlan
from separatrix.team.choreography.project_checker import check_project_plan
from separatrix.team.choreography.project_model import (
    Pool,
    ProjectModel,
    pools_of,
    relaxed_model,
    staffed_model,
)
from separatrix.team.choreography.solver import bound_solver

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

    from separatrix.team.choreography.evolve import Evolution

ISLANDS = 2
"""Herds side by side, each on a thread of its own; the number changes the answer, threads do not."""

SLICE_S = 0.25
"""By the clock, evolution looks up this often."""

SLICE_CHILDREN = 500
"""Children between two looks, where effort is counted."""

EFFORT_CHILDREN = {True: 20_000, False: 150_000}
"""Children of each island at effort 1, with people and without: about 10 s."""

EFFORT_SOLVER = 1.0
"""Deterministic seconds of each strategy of the constraint solver at effort 1, over all stages."""


Starts = tuple[int, ...]
Staff = tuple[tuple[int, ...], ...]
Note = Callable[[int, Starts, Staff], None]
"""Told of each schedule found: makespan, starts, people by activity and kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """A part of the work, and its share of the time that is left for it and those after."""

    run: Callable[[_Search, float], None]
    weight: float
    doing: str


class _Search:
    """One run: the best schedule and the best bound so far."""

    def __init__(self, project: Project, *, time_s: float | None, effort: float, seed: int) -> None:
        self.project = project
        self.pools = pools_of(project)
        self.began = monotonic()
        self.time_s, self.effort, self.seed = time_s, effort, seed
        self.bound = max(project.critical_path, _energy_bound(project, self.pools))
        self.makespan = sum(project.durations) + 1
        self.starts: Starts = ()
        self.staff: Staff = ()
        self.orders: list[Starts] = []
        """Relaxed schedules that the herds have not learned yet."""
        self.relaxed_to_the_end = False
        self._herds: list[Evolution] = []

    @property
    def done(self) -> bool:
        return self.makespan <= self.bound

    def settle(self) -> list[Evolution]:
        """The herds, made when first asked for: what is proven at once needs no compiled evolution."""
        from separatrix.team.choreography.evolve import Evolution

        if not self._herds:
            seeds = range(self.seed * ISLANDS, self.seed * ISLANDS + ISLANDS)
            self._herds = [Evolution(self.project, seed=seed) for seed in seeds]
            self._take_from_herds()
        return self._herds

    def left_s(self) -> float:
        assert self.time_s is not None
        return self.time_s - (monotonic() - self.began)

    def take(self, makespan: int, starts: Sequence[int], staff: Sequence[Sequence[int]]) -> None:
        if makespan < self.makespan:
            self.makespan, self.starts = makespan, tuple(starts)
            self.staff = tuple(map(tuple, staff))

    def _take_from_herds(self) -> None:
        for herd in self._herds:
            self.take(herd.makespan, herd.starts, herd.staff)

    # --- stages ---

    def evolve(self, share: float) -> None:
        """Raise children on every island until the share is used or the bound is reached."""
        herds = self.settle()
        until = monotonic() + share * self.left_s() if self.time_s is not None else 0.0
        children = int(share * self.effort * EFFORT_CHILDREN[bool(self.project.requirements)])
        chunk = SLICE_CHILDREN if self.time_s is None else 20
        with ThreadPoolExecutor(ISLANDS) as threads:
            while not self.done and (children > 0 if self.time_s is None else monotonic() < until):
                before = monotonic()
                list(threads.map(lambda herd: herd.raise_children(chunk, goal=self.bound), herds))  # noqa: B023
                self._take_from_herds()
                if self.time_s is None:
                    children -= chunk
                else:  # as many as fit a slice, the next time
                    took = max(monotonic() - before, 1e-4)
                    room = min(SLICE_S, max(until - monotonic(), 0.01))
                    chunk = max(1, min(int(chunk * room / took), 4 * chunk))

    def relax(self, share: float) -> None:
        """Bound by the relaxation; its schedules, if people must be added, are orders to decode."""
        if self.relaxed_to_the_end:
            return
        built = relaxed_model(self.project, self.pools, self.makespan)
        _hint(built, self.starts, ())
        self.relaxed_to_the_end = self._solve(built, share, self._note_relaxed)
        if not self.done:
            self._teach(self.orders)

    def _note_relaxed(self, makespan: int, starts: Starts, staff: Staff) -> None:
        self.orders.append(starts)
        if not self.project.requirements:
            self.take(makespan, starts, staff)

    def staff_all(self, share: float) -> None:
        """The whole problem, from the best schedule so far."""
        built = staffed_model(self.project, self.pools, self.makespan)
        _hint(built, self.starts, self.staff)
        self._solve(built, share, self.take)
        if not self.done:
            self._teach([self.starts])

    def _teach(self, orders: Sequence[Starts]) -> None:
        """Let the herds learn what the solver found."""
        for herd in self.settle():
            for starts in orders:
                herd.learn(starts)
        self._take_from_herds()
        self.orders = []

    def _solve(self, built: ProjectModel, share: float, note: Note) -> bool:
        """Improve the bound, noting schedules; whether the model is solved to its optimum."""
        from ortools.sat.python import cp_model

        if self.time_s is None:
            solver = bound_solver(self.seed, effort=share * self.effort * EFFORT_SOLVER)
        else:
            solver = bound_solver(self.seed, time_s=max(share * self.left_s(), 0.05))

            def enough(bound: float) -> None:
                if bound > self.makespan - 1 + 1e-6:
                    solver.stop_search()

            solver.best_bound_callback = enough
        code = solver.solve(built.model, _listener(built, note))
        if code == cp_model.INFEASIBLE:  # the horizon was the best makespan: nothing is as short
            raise SolverError(f"no schedule of {self.project.name} within one that was found")
        self.bound = max(self.bound, round(solver.best_objective_bound))
        return bool(code == cp_model.OPTIMAL)


def solve_project(
    project: Project,
    *,
    time_s: float | None = None,
    effort: float = 1.0,
    seed: int = 1,
    progress: Progress = silent,
) -> ProjectPlan:
    """Schedule a project as short as can be found, and prove how short it can be.

    Parameters
    ----------
    project
        What is to be scheduled.
    time_s
        Seconds by the clock. Without it the work is counted: the same seed then gives the same plan.
    effort
        How much work is counted, 1 being about half a minute on two cores; without meaning by the clock.
    seed
        Of evolution and solver.
    progress
        Told of the stages.

    Returns
    -------
    ProjectPlan
        Checked by `check_project_plan`. Its status is ``infeasible``, with the reason, if an activity
        asks for more than there is.

    Raises
    ------
    SolverError
        If the plan found breaks a rule: a fault of ours.
    """
    if reason := _impossible(project):
        return ProjectPlan(makespan=None, lower_bound=0, status="infeasible", because=reason)
    search = _Search(project, time_s=time_s, effort=effort, seed=seed)
    stages = _stages(project)
    for number, stage in enumerate(stages):
        progress(number / len(stages), f"{stage.doing} ({search.bound} to {search.makespan})")
        left = sum(later.weight for later in stages[number:])
        if not search.done and (time_s is None or search.left_s() > 0):
            stage.run(search, stage.weight / left if time_s is not None else stage.weight)
    if not search.starts:
        search.settle()
    plan = ProjectPlan(
        makespan=search.makespan,
        lower_bound=search.bound,
        status="optimal" if search.done else "feasible",
        starts=search.starts,
        crews=name_crews(project, kinds_of(project), search.starts, search.staff),
    )
    if broken := check_project_plan(project, plan):
        raise SolverError(*broken)
    return plan


def _stages(project: Project) -> tuple[_Stage, ...]:
    evolve, relax, staff = _Search.evolve, _Search.relax, _Search.staff_all
    if not project.requirements:
        return (
            _Stage(run=relax, weight=0.04, doing="constraint solving"),
            _Stage(run=evolve, weight=0.21, doing="evolution"),
            _Stage(run=relax, weight=0.35, doing="constraint solving"),
            _Stage(run=evolve, weight=0.40, doing="evolution"),
        )
    return (
        _Stage(run=relax, weight=0.04, doing="bound without persons"),
        _Stage(run=evolve, weight=0.06, doing="evolution"),
        _Stage(run=staff, weight=0.05, doing="constraint solving"),
        _Stage(run=evolve, weight=0.10, doing="evolution"),
        _Stage(run=relax, weight=0.35, doing="bound without persons"),
        _Stage(run=staff, weight=0.15, doing="constraint solving"),
        _Stage(run=evolve, weight=0.25, doing="evolution"),
    )


def _impossible(project: Project) -> str:
    """Why not even one activity alone can be done; empty if all can."""
    for activity in range(project.size):
        for resource, (wanted, there) in enumerate(
            zip(project.demands[activity], project.capacities, strict=True) if project.demands else ()
        ):
            if wanted > there:
                return (
                    f"activity {activity + 1} asks for {wanted} units of resource {resource + 1}; "
                    f"there are {there}"
                )
        if project.requirements and not can_be_staffed(project, activity):
            asked = ", ".join(
                f"{count} of skill {skill + 1}"
                for skill, count in enumerate(project.requirements[activity])
                if count
            )
            return f"all people together cannot bring what activity {activity + 1} asks for: {asked}"
    return ""


def _energy_bound(project: Project, pools: Sequence[Pool]) -> int:
    """No pool works faster than all of it at once."""
    work = [sum(d * t for d, t in zip(p.demands, project.durations, strict=True)) for p in pools]
    return max((-(-w // p.capacity) for w, p in zip(work, pools, strict=True)), default=0)


def _hint(built: ProjectModel, starts: Starts, staff: Staff) -> None:
    """Tell the solver a schedule, if there is one yet."""
    for variable, start in zip(built.starts if starts else (), starts, strict=True):
        built.model.add_hint(variable, start)
    for variables, counts in zip(built.staff, staff, strict=True):
        for count_variable, count in zip(variables, counts, strict=True):
            if count_variable is not None:
                built.model.add_hint(count_variable, count)


def _listener(built: ProjectModel, note: Note) -> cp_model.CpSolverSolutionCallback:
    from ortools.sat.python import cp_model

    class Listener(cp_model.CpSolverSolutionCallback):
        def on_solution_callback(self) -> None:
            starts = tuple(self.value(start) for start in built.starts)
            staff = tuple(tuple(0 if n is None else self.value(n) for n in row) for row in built.staff)
            note(self.value(built.makespan), starts, staff)

    return Listener()
