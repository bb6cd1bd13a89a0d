"""Steady pressures and flows of a network: sparse, exact for loops, honest where there is no way out.

Every vessel follows ``drive = (R + S|Q|) Q``. The drive is the difference of its ends' pressures; in a
collapsible vessel the outside pressure stands in for the far end's where it is higher (a Starling
resistor); a bed that holds its flow carries no more than its capacity. Newton's method linearises each
vessel about its flow, so that every iterate conserves blood; which vessels collapse or hold is settled
between the iterates, and by continuation where that goes round in a circle.
"""

from __future__ import annotations

import numpy as np

from separatrix.body.vessels.model import Bools, FlowState, Ints, Network, Reals
from separatrix.body.vessels.newton import Problem, components, reached_from, settle
from separatrix.core import Fault, InfeasibleError


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
    groups, group_of = components(len(network.node_ids), network.a[joined], network.b[joined])
    fixed = _fixed_of_groups(network, group_of, groups)
    inflow = np.bincount(group_of, weights=network.inflow, minlength=groups).astype(np.float64)
    a, b = group_of[network.a], group_of[network.b]
    carries = network.is_open & ~joined & (a != b)
    reached = reached_from(groups, a[carries], b[carries], ~np.isnan(fixed))
    used = np.flatnonzero(carries & reached[a])
    capacity = np.full(len(a), np.nan) if network.capacity is None else network.capacity
    problem = Problem(
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
    group_pressure, used_flow = settle(problem)
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
    _, labels = components(n, network.a[edges], network.b[edges])
    held = ~np.isnan(network.fixed)
    first = np.unique(labels, return_index=True)[1]
    grounded = held.copy()
    has_held = np.zeros(labels.max(initial=-1) + 1, dtype=bool)
    has_held[labels[held]] = True
    grounded[first[~has_held]] = True
    touched = np.zeros(n, dtype=bool)
    touched[network.a[edges]] = touched[network.b[edges]] = True
    ones = np.ones(len(edges))
    problem = Problem(
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
    found[edges] = settle(problem)[1]
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
