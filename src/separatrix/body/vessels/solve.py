"""Steady pressures and flows of a network: sparse, exact for loops, honest where there is no way out.

Every vessel follows ``drive = (R + S|Q|) Q``. The drive is the difference of its ends' pressures; in a
collapsible vessel the outside pressure stands in for the far end's where it is higher (a Starling
resistor); a bed that holds its flow carries no more than its capacity. Newton's method linearises each
vessel about its flow, so that every iterate conserves blood; which vessels collapse or hold is settled
between the iterates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix, csc_matrix
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from separatrix.body.vessels.model import Bools, FlowState, Ints, Network, Reals
from separatrix.core import Fault, InfeasibleError, SolverError

_ITERATIONS = 400
"""Newton steps before the solver gives up."""

_FULL_STEPS = 40
"""Newton steps taken whole; later ones are shortened, which ends a cycle between two states."""

_CONVERGED = 1e-13
"""Largest change of a flow, over the largest flow, at which the quadratic losses are settled."""

_BALANCED = 1e-10
"""Largest imbalance of a node, over the largest flow, of a settled state."""

_REFINEMENTS = 2
"""Corrections of the flows for rounding: pressures far larger than their differences lose digits."""

_OPEN, _WATERFALL, _CLOSED, _FULL = range(4)
"""What a vessel does: follows its ends, falls to the outside pressure, is collapsed, carries its capacity."""


def solve(network: Network) -> FlowState:
    """Pressure at every node and flow in every edge, at steady state.

    Parameters
    ----------
    network
        Resistances ≥ 0; an edge with neither resistance nor quadratic loss joins its ends into one.

    Returns
    -------
    FlowState
        Pressure is NaN in parts that reach no pressure boundary; those of them that blood is brought into
        are told in `undrained`, and nothing flows there.

    Raises
    ------
    InfeasibleError
        If edges without resistance join two nodes held at different pressures.
    SolverError
        If Newton's method does not settle.

    Examples
    --------
    Two vessels of 1 and 3 mmHg min/ml in a row, from 60 to 4 mmHg:

    >>> import numpy as np
    >>> nan = np.nan
    >>> state = solve(Network(
    ...     node_ids=("heart", "middle", "jugular"), fixed=np.array([60, nan, 4.0]), inflow=np.zeros(3),
    ...     edge_ids=("in", "out"), a=np.array([0, 1]), b=np.array([1, 2]),
    ...     resistance=np.array([1.0, 3.0]), quadratic=np.zeros(2), external=np.full(2, nan),
    ...     is_open=np.array([True, True])))
    >>> state.pressure.round(9).tolist(), state.flow.round(9).tolist()
    ([60.0, 46.0, 4.0], [14.0, 14.0])
    """
    joined = network.is_open & (network.resistance == 0) & (network.quadratic == 0)
    joined &= np.isnan(network.external)
    groups, group_of = _components(len(network.node_ids), network.a[joined], network.b[joined])
    fixed = _fixed_of_groups(network, group_of, groups)
    inflow = np.bincount(group_of, weights=network.inflow, minlength=groups).astype(np.float64)
    a, b = group_of[network.a], group_of[network.b]
    carries = network.is_open & ~joined & (a != b)
    reached = _reached(groups, a[carries], b[carries], ~np.isnan(fixed))
    used = np.flatnonzero(carries & reached[a])
    capacity = np.full(len(a), np.nan) if network.capacity is None else network.capacity
    problem = _Problem(
        fixed=fixed,
        inflow=inflow,
        a=a[used],
        b=b[used],
        resistance=network.resistance[used],
        quadratic=network.quadratic[used],
        external=network.external[used],
        capacity=capacity[used],
        free=np.flatnonzero(reached & np.isnan(fixed)),
    )
    group_pressure, used_flow = _newton(problem)
    group_pressure[~reached] = np.nan
    pressure = group_pressure[group_of]
    flow = np.zeros(len(a))
    flow[used] = used_flow
    if joined.any():
        flow += _flow_without_resistance(network, joined, flow, reached[group_of])
    lost = ~reached[group_of] & (network.inflow != 0)
    return FlowState(
        pressure=pressure,
        flow=flow,
        residual=_residual(network, flow, reached[group_of]),
        undrained=tuple(network.node_ids[n] for n in np.flatnonzero(lost)),
    )


def connected_to(nodes: int, a: Ints, b: Ints, start: Bools) -> Bools:
    """Which nodes a path of the edges (a, b) joins to one of the starting nodes; shape (nodes,)."""
    return _reached(nodes, a, b, start)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Problem:
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
        plain = np.isnan(self.external) & np.isnan(self.capacity)
        return bool(plain.all() and not self.quadratic.any())

    def act(self, pressure: Reals) -> npt.NDArray[np.int8]:
        """What each vessel does at these pressures."""
        p, q = pressure[self.a], pressure[self.b]
        acts = np.full(len(p), _OPEN, dtype=np.int8)
        collapses = ~np.isnan(self.external) & (p >= q) & (q < self.external)
        acts[collapses] = np.where(p[collapses] > self.external[collapses], _WATERFALL, _CLOSED)
        limited = np.flatnonzero(~np.isnan(self.capacity))
        limit = self.capacity[limited]
        needed = (self.resistance[limited] + self.quadratic[limited] * limit) * limit
        full = (self._drive(pressure, acts)[limited] >= needed) & (acts[limited] != _CLOSED)
        acts[limited[full]] = _FULL
        return acts

    def _drive(self, pressure: Reals, acts: npt.NDArray[np.int8]) -> Reals:
        return np.asarray(
            pressure[self.a] - np.where(acts == _WATERFALL, self.external, pressure[self.b]), dtype=np.float64
        )


def _newton(problem: _Problem) -> tuple[Reals, Reals]:
    """Pressures of all groups and flows of the problem's edges."""
    pressure = np.where(np.isnan(problem.fixed), 0.0, problem.fixed)
    acts = np.full(len(problem.a), _OPEN, dtype=np.int8)
    acts[~np.isnan(problem.capacity)] = _FULL
    flow = _start_flow(problem, pressure)
    if problem.is_linear:
        return _linear_step(problem, acts, flow, pressure)
    for iteration in range(_ITERATIONS):
        new_pressure, new_flow = _linear_step(problem, acts, flow, pressure)
        new_acts = problem.act(new_pressure)
        largest = float(np.abs(new_flow).max(initial=0.0))
        change = np.abs(new_flow - flow)[problem.quadratic > 0].max(initial=0.0)
        lack = np.abs(problem.inflow[problem.free] - _outflow(problem, new_flow)).max(initial=0.0)
        is_settled = change <= _CONVERGED * largest and lack <= _BALANCED * largest
        if is_settled and np.array_equal(new_acts, acts):
            return new_pressure, new_flow
        step = 1.0 if iteration < _FULL_STEPS else 0.5 if iteration < 4 * _FULL_STEPS else 0.1
        pressure = pressure + step * (new_pressure - pressure)
        flow = flow + step * (new_flow - flow)
        acts = problem.act(pressure)
    raise SolverError(Fault(problem=f"the flow did not settle in {_ITERATIONS} steps"))


def _start_flow(problem: _Problem, pressure: Reals) -> Reals:
    """A flow of the right size for each vessel with a quadratic loss, 0 elsewhere."""
    held = pressure[~np.isnan(problem.fixed)]
    drop = float(np.ptp(held)) if held.size else 0.0
    inflow = float(np.abs(problem.inflow).max(initial=0.0))
    start = np.zeros(len(problem.a))
    lossy = problem.quadratic > 0
    by_drop = np.sqrt(max(drop, 0.0) / problem.quadratic[lossy])
    start[lossy] = by_drop if drop > 0 else inflow
    return start


def _linear_step(
    problem: _Problem, acts: npt.NDArray[np.int8], flow: Reals, pressure: Reals
) -> tuple[Reals, Reals]:
    """Solve with every vessel linear about its flow: ``flow = conductance × drive + constant``."""
    size = float(np.abs(flow).max(initial=0.0))
    about = np.maximum(np.abs(flow), 1e-12 * size)
    slope = problem.resistance + 2 * problem.quadratic * about
    passes = (acts == _OPEN) | (acts == _WATERFALL)
    conductance = np.where(passes, 1 / np.where(slope > 0, slope, 1.0), 0.0)
    drop = (problem.resistance + problem.quadratic * np.abs(flow)) * flow
    constant = np.where(passes, flow - conductance * drop, 0.0)
    constant[problem.quadratic == 0] = 0.0
    constant = np.where(acts == _FULL, problem.capacity, constant)
    falls = acts == _WATERFALL
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
        lack = problem.inflow[problem.free] - _outflow(problem, new_flow) + anchor - held
        change = system.solve(lack)
        new_pressure[problem.free] += change
        held += system.anchor * change
        spread = np.zeros(len(new_pressure))
        spread[problem.free] = change
        new_flow = new_flow + conductance * spread[problem.a] - to_end * spread[problem.b]
    return new_pressure, new_flow


def _outflow(problem: _Problem, flow: Reals) -> Reals:
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
    def of(cls, problem: _Problem, conductance: Reals, to_end: Reals) -> _System:
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
        return cls(factors=_factor(matrix) if size else None, anchor=anchor)

    def solve(self, right: Reals) -> Reals:
        if self.factors is None:
            return right
        return np.asarray(self.factors.solve(right), dtype=np.float64)  # type: ignore[attr-defined]


def _factor(matrix: csc_matrix) -> object:
    """LU without pivoting: the matrix is diagonally dominant by columns."""
    return splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})


def _anchors(problem: _Problem, conductance: Reals, to_end: Reals) -> Reals:
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
    loose = ~_reached(n, problem.a[passing], problem.b[passing], ground)
    weight = 1 / np.maximum(problem.resistance, np.finfo(float).tiny ** 0.25)
    around = np.bincount(problem.a, weights=weight, minlength=n) + np.bincount(
        problem.b, weights=weight, minlength=n
    )
    return np.asarray(np.where(loose, around, 0.0)[problem.free])


def _components(nodes: int, a: Ints, b: Ints) -> tuple[int, Ints]:
    graph = coo_matrix((np.ones(len(a), dtype=np.int8), (a, b)), shape=(nodes, nodes))
    count, labels = connected_components(graph, directed=False)
    return int(count), labels.astype(np.int64)


def _reached(nodes: int, a: Ints, b: Ints, start: Bools) -> Bools:
    count, labels = _components(nodes, a, b)
    has_start = np.zeros(count, dtype=bool)
    has_start[labels[start]] = True
    return np.asarray(has_start[labels])


def _fixed_of_groups(network: Network, group_of: Ints, groups: int) -> Reals:
    """Held pressure of each group of nodes that edges without resistance join, NaN where free."""
    fixed = np.full(groups, np.nan)
    clashes = []
    for node in np.flatnonzero(~np.isnan(network.fixed)):
        held, value = fixed[group_of[node]], network.fixed[node]
        if not np.isnan(held) and held != value:
            clashes.append(
                Fault(
                    field=network.node_ids[node],
                    problem=f"is held at {value:g} and joined without resistance to a node held at {held:g}",
                    expected="one pressure, or a resistance between the two",
                )
            )
        fixed[group_of[node]] = value
    if clashes:
        raise InfeasibleError(*clashes)
    return fixed


def _flow_without_resistance(network: Network, joined: Bools, flow: Reals, reached: Bools) -> Reals:
    """Flow in edges without resistance: what conservation leaves to them, shared out evenly in loops."""
    n = len(network.node_ids)
    net_in = network.inflow - np.bincount(network.a, weights=flow, minlength=n)
    net_in += np.bincount(network.b, weights=flow, minlength=n)
    edges = np.flatnonzero(joined & (network.a != network.b) & reached[network.a])
    _, labels = _components(n, network.a[edges], network.b[edges])
    held = ~np.isnan(network.fixed)
    first = np.unique(labels, return_index=True)[1]
    grounded = held.copy()
    has_held = np.zeros(labels.max(initial=-1) + 1, dtype=bool)
    has_held[labels[held]] = True
    grounded[first[~has_held]] = True
    touched = np.zeros(n, dtype=bool)
    touched[network.a[edges]] = touched[network.b[edges]] = True
    ones = np.ones(len(edges))
    problem = _Problem(
        fixed=np.where(grounded, 0.0, np.nan),
        inflow=np.where(touched, net_in, 0.0),
        a=network.a[edges],
        b=network.b[edges],
        resistance=ones,
        quadratic=0 * ones,
        external=np.full(len(edges), np.nan),
        capacity=np.full(len(edges), np.nan),
        free=np.flatnonzero(touched & ~grounded),
    )
    found = np.zeros(len(flow))
    found[edges] = _newton(problem)[1]
    return found


def _residual(network: Network, flow: Reals, reached: Bools) -> float:
    """Largest imbalance of a free node that reaches a boundary, over the largest flow."""
    n = len(network.node_ids)
    net = network.inflow - np.bincount(network.a, weights=flow, minlength=n)
    net += np.bincount(network.b, weights=flow, minlength=n)
    free = reached & np.isnan(network.fixed)
    largest = float(np.abs(flow).max(initial=0.0))
    lack = float(np.abs(net[free]).max(initial=0.0))
    return lack / largest if largest > 0 else lack
