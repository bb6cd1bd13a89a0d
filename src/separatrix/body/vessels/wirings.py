"""A network laid out for the staged search: nodes in elimination order, pattern of the factor known."""

from __future__ import annotations

import numpy as np

from separatrix.body.vessels.adaptation_kernel import NO_ROW, Wiring, symbolic
from separatrix.body.vessels.growth import Growth
from separatrix.body.vessels.model import Bools, Ints, Network, Reals
from separatrix.body.vessels.ports import live_laplacian, live_nodes, reduce_to_ports


def wire(
    network: Network,
    candidates: Ints,
    observed: Ints,
    child_of_observed: Ints,
    before: Reals,
    growth: Growth,
    supplies: Ints | None,
) -> tuple[Wiring, int]:
    """Lay out one network; also where B's rows begin. Arguments as in `operations.best_operations`."""
    live = live_nodes(network)
    number = _numbers(network, live)
    n = int(live.sum())
    a, b = number[network.a[network.is_open]], number[network.b[network.is_open]]
    place = np.cumsum(network.is_open) - 1
    first, above, slot = _pattern(a, b, n)
    parent, start = symbolic(first, above, n)
    grow = np.flatnonzero(network.is_open[growth.edges])
    at = np.concatenate([network.a[growth.edges[grow]], network.b[growth.edges[grow]]])
    drops = reduce_to_ports(network, candidates, at)
    ends = np.column_stack([drops.reach, drops.pressure]).reshape(2, grow.size, candidates.size + 1)
    rows, split = _rows(number[observed], child_of_observed)
    seen = reduce_to_ports(network, candidates, observed, supplies=supplies)
    clots = [place[c[network.is_open[c]]] for c in growth.clots] or [np.empty(0, np.int64)] * candidates.size
    order = np.argsort(np.where(number >= 0, number, n - 1 - number), kind="stable")
    held = np.where(np.isnan(network.fixed), 0.0, network.fixed)[order[n:]]
    supply = np.zeros(order.size, dtype=bool)
    if supplies is not None:
        supply[supplies] = True
    bears = network.inflow > 0
    bears[observed] = True
    wiring = Wiring(
        a=a,
        b=b,
        conductance=1.0 / network.resistance[network.is_open],
        slot=slot,
        held=held,
        inflow=network.inflow[order[:n]],
        first=first,
        above=above,
        parent=parent,
        start=start,
        candidate_edge=place[candidates],
        stiffness=seen.stiffness,
        drive=seen.drive,
        grow_edge=place[growth.edges[grow]],
        grow_drop=np.ascontiguousarray(ends[0] - ends[1]),
        grow_reference=growth.reference[grow],
        clot_start=np.concatenate([[0], np.cumsum([c.size for c in clots])]).astype(np.int64),
        clot_edge=np.concatenate(clots).astype(np.int64),
        rows=rows,
        before=np.where(rows == NO_ROW, 0.0, before[rows_of(child_of_observed)]),
        drains_node=(~np.isnan(network.fixed) & ~supply)[order],
        bears_node=bears[order],
        supply=supply[order],
    )
    return wiring, split


def _numbers(network: Network, live: Bools) -> Ints:
    """Live nodes by elimination order from 0, the others −1, −2, …"""
    from scipy.sparse.linalg import splu

    laplacian, _ = live_laplacian(network, live)
    n = laplacian.shape[0]
    place = np.arange(n)
    if n:
        options = {"SymmetricMode": True}
        place = splu(laplacian, permc_spec="MMD_AT_PLUS_A", options=options).perm_c.astype(np.int64)
    out = np.empty(live.size, dtype=np.int64)
    out[live] = place
    out[~live] = -1 - np.arange(live.size - n)
    return out


def _pattern(a: Ints, b: Ints, n: int) -> tuple[Ints, Ints, Ints]:
    """Pattern above the diagonal by column, and each edge's place in it (−1 with a held end)."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    inner = (low >= 0) & (low != high)
    keys, back = np.unique(high[inner] * n + low[inner], return_inverse=True)
    slot = np.full(a.size, -1, dtype=np.int64)
    slot[inner] = back
    first = np.searchsorted(keys, np.arange(n + 1) * n)
    return first.astype(np.int64), (keys % max(n, 1)).astype(np.int64), slot


def rows_of(child_of_observed: Ints) -> Ints:
    """Observed nodes by place, in the order and the eights of `clamp_states.tableau`; −1 is an empty row."""
    from separatrix.body.vessels.clamp_states import in_eights

    return np.concatenate([in_eights(np.flatnonzero(child_of_observed == child)) for child in (0, 1)])


def _rows(node: Ints, child_of_observed: Ints) -> tuple[Ints, int]:
    """The same by node number, and where B's begin."""
    from separatrix.body.vessels.clamp_states import in_eights

    rows = rows_of(child_of_observed)
    split = in_eights(np.flatnonzero(child_of_observed == 0)).size
    return np.where(rows < 0, NO_ROW, node[rows]), split
