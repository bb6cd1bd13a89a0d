"""Maximum flow of a network of voxels by OR-tools' push-relabel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.lattice import Arcs, Whole
from separatrix.core import SolverError


@dataclass(frozen=True, slots=True)
class Flow:
    """A minimum cut, and where asked for, the maximum flow that proves it."""

    on_a: npt.NDArray[np.bool_]
    """Nodes on the source's side; of several minimum cuts the one with the fewest."""
    inflow: Whole | None
    """Per node: what it gets from the source less what it gives to the sink."""


def solve(arcs: Arcs, *, with_flow: bool = False) -> Flow:
    """Cut a network at the least capacity.

    An undirected edge of capacity c is one arc of 2c with c units sent back along it beforehand:
    half the arcs. What was sent leaves its ends with supplies, joined to the terminals.

    Raises
    ------
    SolverError
        If the solver ends without an optimum.
    """
    from ortools.graph.python import max_flow

    count = len(arcs.free)
    supply = arcs.from_a - arcs.to_b + _balance(arcs, arcs.capacity)
    gives = np.flatnonzero(supply > 0).astype(np.int32)
    takes = np.flatnonzero(supply < 0).astype(np.int32)
    if not (len(gives) and len(takes)):  # nothing to part: a terminal that no arc names is unknown
        return Flow(supply > 0, np.zeros(count, dtype=np.int64) if with_flow else None)
    source, sink = count, count + 1
    network = max_flow.SimpleMaxFlow()
    edges = network.add_arcs_with_capacity(arcs.tail, arcs.head, 2 * arcs.capacity)
    network.add_arcs_with_capacity(np.full(len(gives), source, dtype=np.int32), gives, supply[gives])
    network.add_arcs_with_capacity(takes, np.full(len(takes), sink, dtype=np.int32), -supply[takes])
    status = network.solve(source, sink)
    if status != network.OPTIMAL:
        raise SolverError(f"the minimum cut ended with {status}")
    on_a = np.zeros(count + 2, dtype=bool)
    on_a[np.asarray(network.get_source_side_min_cut(), dtype=np.int64)] = True
    inflow = _balance(arcs, network.flows(edges) - arcs.capacity) if with_flow else None
    return Flow(on_a[:count], inflow)


def _balance(arcs: Arcs, along: Whole) -> Whole:
    """Per node, what leaves less what comes along the edges; sums below 2^53 are exact in float64."""
    count = len(arcs.free)
    leaving = np.bincount(arcs.tail, along, count)
    return np.asarray(leaving - np.bincount(arcs.head, along, count), dtype=np.float64).astype(np.int64)
