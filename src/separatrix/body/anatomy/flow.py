"""Maximum flow of a network of voxels by OR-tools' push-relabel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.lattice import Arcs
from separatrix.core import SolverError


def source_side(arcs: Arcs) -> npt.NDArray[np.bool_]:
    """Nodes on A's side of a network's minimum cut; of several cuts the one with the fewest.

    An undirected edge of capacity c is one arc of 2c with c units sent back along it beforehand:
    half the arcs. What was sent leaves its ends with supplies, joined to the terminals.

    Raises
    ------
    SolverError
        If the solver ends without an optimum.
    """
    from ortools.graph.python import max_flow

    count = len(arcs.free)
    supply = arcs.from_a - arcs.to_b
    for end, sign in ((arcs.tail, 1), (arcs.head, -1)):
        # sums of whole numbers below 2^53 are exact in float64
        supply += sign * np.bincount(end, arcs.capacity, count).astype(np.int64)
    gives = np.flatnonzero(supply > 0).astype(np.int32)
    takes = np.flatnonzero(supply < 0).astype(np.int32)
    if not (len(gives) and len(takes)):  # nothing to part: a terminal that no arc names is unknown
        return supply > 0
    source, sink = count, count + 1
    network = max_flow.SimpleMaxFlow()
    network.add_arcs_with_capacity(arcs.tail, arcs.head, 2 * arcs.capacity)
    network.add_arcs_with_capacity(np.full(len(gives), source, dtype=np.int32), gives, supply[gives])
    network.add_arcs_with_capacity(takes, np.full(len(takes), sink, dtype=np.int32), -supply[takes])
    status = network.solve(source, sink)
    if status != network.OPTIMAL:
        raise SolverError(f"the minimum cut ended with {status}")
    on_a = np.zeros(count + 2, dtype=bool)
    on_a[np.asarray(network.get_source_side_min_cut(), dtype=np.int64)] = True
    return on_a[:count]
