"""Newton's method for a network in which every free node reaches a pressure boundary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from separatrix.body.vessels.model import Bools, Ints, Reals

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix

_ITERATIONS = 80
"""Newton steps before continuation takes over; a flow that comes to nothing against quadratic loss alone
halves at each of them."""

_CONVERGED = 1e-13
"""Largest change of a flow, over the largest flow, at which the quadratic losses are settled."""

_BALANCED = 1e-10
"""Largest imbalance of a node, over the largest flow, of a settled state."""

_DROWNED = 1e-13
"""Pressure, as a share of the largest, that rounding hides."""

_REFINEMENTS = 2
"""Corrections of the flows for rounding: pressures far larger than their differences lose digits."""

OPEN, WATERFALL, CLOSED, FULL = range(4)
"""What a vessel does: follows its ends, falls to the outside pressure, is collapsed, carries its capacity."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """A network whose free nodes all reach a pressure boundary, without edges of no resistance."""

    fixed: Reals
    inflow: Reals
    a: Ints
    b: Ints
    resistance: Reals
    quadratic: Reals
    external: Reals
    capacity: Reals
    free: Ints

    @property
    def is_linear(self) -> bool:
        """Whether one linear step is the whole answer."""
        plain = np.isnan(self.external) & np.isnan(self.capacity)
        return bool(plain.all() and not self.quadratic.any())

    def act(self, pressure: Reals) -> npt.NDArray[np.int8]:
        """What each vessel does at these pressures."""
        p, q = pressure[self.a], pressure[self.b]
        acts = np.full(len(p), OPEN, dtype=np.int8)
        collapses = ~np.isnan(self.external) & (p >= q) & (q < self.external)
        acts[collapses] = np.where(p[collapses] > self.external[collapses], WATERFALL, CLOSED)
        limited = np.flatnonzero(~np.isnan(self.capacity))
        limit = self.capacity[limited]
        needed = (self.resistance[limited] + self.quadratic[limited] * limit) * limit
        full = (self.drive(pressure, acts)[limited] >= needed) & (acts[limited] != CLOSED)
        acts[limited[full]] = FULL
        return acts

    def drive(self, pressure: Reals, acts: npt.NDArray[np.int8]) -> Reals:
        """Pressure that moves each edge's blood, given what the edge does."""
        return np.asarray(
            pressure[self.a] - np.where(acts == WATERFALL, self.external, pressure[self.b]), dtype=np.float64
        )


def settle(problem: Problem) -> tuple[Reals, Reals]:
    """Pressures of all nodes and flows of all edges.

    Raises
    ------
    InfeasibleError
        If more blood is drawn off somewhere than collapsible vessels let through.
    SolverError
        If neither Newton's method nor continuation settles.
    """
    pressure = np.where(np.isnan(problem.fixed), 0.0, problem.fixed)
    acts = np.full(len(problem.a), OPEN, dtype=np.int8)
    acts[~np.isnan(problem.capacity)] = FULL
    flow = _start_flow(problem, pressure)
    if problem.is_linear:
        return linear_step(problem, acts, flow, pressure)
    for _ in range(_ITERATIONS):
        new_pressure, new_flow = linear_step(problem, acts, flow, pressure)
        new_acts = problem.act(new_pressure)
        if np.array_equal(new_acts, acts) and _is_settled(problem, flow, new_flow, new_pressure):
            return new_pressure, new_flow
        pressure, flow, acts = new_pressure, new_flow, new_acts
    from separatrix.body.vessels.continuation import continue_to_law

    return continue_to_law(problem)


def _is_settled(problem: Problem, flow: Reals, new_flow: Reals, pressure: Reals) -> bool:
    largest = float(np.abs(new_flow).max(initial=0.0))
    least = _least_flow(problem, pressure)
    allowed = np.where(np.abs(new_flow) < least, 0.01 * least, 0.0)
    changes = (np.abs(new_flow - flow) - allowed)[problem.quadratic > 0]
    lack = np.abs(problem.inflow[problem.free] - outflow(problem, new_flow)).max(initial=0.0)
    return bool(changes.max(initial=0.0) <= _CONVERGED * largest and lack <= _BALANCED * largest)


def _start_flow(problem: Problem, pressure: Reals) -> Reals:
    """A flow of the right size for each vessel with a quadratic loss, 0 elsewhere."""
    held = pressure[~np.isnan(problem.fixed)]
    drop = float(np.ptp(held)) if held.size else 0.0
    inflow = float(np.abs(problem.inflow).max(initial=0.0))
    start = np.zeros(len(problem.a))
    lossy = problem.quadratic > 0
    by_drop = np.sqrt(max(drop, 0.0) / problem.quadratic[lossy])
    start[lossy] = by_drop if drop > 0 else inflow
    return start


def _least_flow(problem: Problem, pressure: Reals) -> Reals:
    """Flow whose quadratic loss drowns in the rounding of the pressures, in each edge; 0 without it."""
    size = float(np.abs(pressure).max(initial=0.0))
    lossy = problem.quadratic > 0
    least = np.zeros(len(problem.a))
    least[lossy] = np.sqrt(_DROWNED * size / problem.quadratic[lossy])
    return least


def linear_step(
    problem: Problem, acts: npt.NDArray[np.int8], flow: Reals, pressure: Reals
) -> tuple[Reals, Reals]:
    """Solve with every vessel linear about its flow: ``flow = conductance × drive + constant``."""
    slope = problem.resistance + 2 * problem.quadratic * np.maximum(
        np.abs(flow), _least_flow(problem, pressure)
    )
    passes = (acts == OPEN) | (acts == WATERFALL)
    conductance = np.where(passes, 1 / np.where(slope > 0, slope, 1.0), 0.0)
    drop = (problem.resistance + problem.quadratic * np.abs(flow)) * flow
    constant = np.where(passes, flow - conductance * drop, 0.0)
    constant[problem.quadratic == 0] = 0.0
    constant = np.where(acts == FULL, problem.capacity, constant)
    falls = acts == WATERFALL
    to_end = np.where(falls, 0.0, conductance)
    system = _System.of(problem, conductance, to_end)
    new_pressure = np.where(np.isnan(problem.fixed), 0.0, problem.fixed)
    anchor = system.anchor * pressure[problem.free]
    outside = np.where(falls, problem.external, 0.0)

    def flows_at(values: Reals) -> Reals:
        return np.asarray(conductance * (values[problem.a] - np.where(falls, outside, values[problem.b])))

    new_flow = flows_at(new_pressure) + constant
    held = np.zeros(len(problem.free))
    for _ in range(1 + _REFINEMENTS):
        lack = problem.inflow[problem.free] - outflow(problem, new_flow) + anchor - held
        change = system.solve(lack)
        new_pressure[problem.free] += change
        held += system.anchor * change
        spread = np.zeros(len(new_pressure))
        spread[problem.free] = change
        new_flow = new_flow + conductance * spread[problem.a] - to_end * spread[problem.b]
    return new_pressure, new_flow


def outflow(problem: Problem, flow: Reals) -> Reals:
    """Net flow out of each free node through its edges."""
    n = len(problem.fixed)
    net = np.bincount(problem.a, weights=flow, minlength=n) - np.bincount(
        problem.b, weights=flow, minlength=n
    )
    return np.asarray(net[problem.free])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _System:
    """The factored matrix of a linear step."""

    factors: object
    anchor: Reals
    """Conductance to its own last pressure of a free node that nothing else holds, 0 elsewhere."""

    @classmethod
    def of(cls, problem: Problem, conductance: Reals, to_end: Reals) -> _System:
        from scipy.sparse import coo_matrix, csc_matrix

        n = len(problem.fixed)
        place = np.full(n, -1)
        place[problem.free] = np.arange(len(problem.free))
        i, j = place[problem.a], place[problem.b]
        anchor = _anchors(problem, conductance, to_end)
        rows = np.concatenate([i, i, j, j, np.arange(len(anchor))])
        columns = np.concatenate([i, j, j, i, np.arange(len(anchor))])
        values = np.concatenate([conductance, -to_end, to_end, -conductance, anchor])
        inside = (rows >= 0) & (columns >= 0) & (values != 0)
        size = len(problem.free)
        matrix = csc_matrix(coo_matrix((values[inside], (rows[inside], columns[inside])), shape=(size, size)))
        return cls(factors=factor(matrix) if size else None, anchor=anchor)

    def solve(self, right: Reals) -> Reals:
        return right if self.factors is None else solve_factored(self.factors, right)


def factor(matrix: csc_matrix) -> object:
    """LU without pivoting: the matrix is diagonally dominant by columns."""
    from scipy.sparse.linalg import splu

    return splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})


def solve_factored(factors: object, right: Reals) -> Reals:
    """Solve with what `factor` gave."""
    return np.asarray(factors.solve(right), dtype=np.float64)  # type: ignore[attr-defined]


def _anchors(problem: Problem, conductance: Reals, to_end: Reals) -> Reals:
    """Hold nodes that only collapsed or full vessels join to the rest where they were.

    They have no pressure of their own in this step; as heavy as the vessels around them they give way to
    what flows in, and where nothing does they stay.
    """
    if problem.is_linear:
        return np.zeros(len(problem.free))
    n = len(problem.fixed)
    passing = to_end > 0
    ground = ~np.isnan(problem.fixed)
    ground[problem.a[(conductance > 0) & ~passing]] = True
    loose = ~reached_from(n, problem.a[passing], problem.b[passing], ground)
    weight = 1 / np.maximum(problem.resistance, np.finfo(float).tiny ** 0.25)
    around = np.bincount(problem.a, weights=weight, minlength=n) + np.bincount(
        problem.b, weights=weight, minlength=n
    )
    return np.asarray(np.where(loose, around, 0.0)[problem.free])


def components(nodes: int, a: Ints, b: Ints) -> tuple[int, Ints]:
    """How many parts the edges (a, b) leave the nodes in, and the part of each node."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(a), dtype=np.int8), (a, b)), shape=(nodes, nodes))
    count, labels = connected_components(graph, directed=False)
    return int(count), labels.astype(np.int64)


def reached_from(nodes: int, a: Ints, b: Ints, start: Bools) -> Bools:
    """Which nodes a path of the edges (a, b) joins to one of the starting nodes; shape (nodes,)."""
    count, labels = components(nodes, a, b)
    has_start = np.zeros(count, dtype=bool)
    has_start[labels[start]] = True
    return np.asarray(has_start[labels])
