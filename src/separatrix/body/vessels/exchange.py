"""Whose blood drains where: a tracer through the solved flows, and what follows for the two children.

Blood keeps its child as it flows; where vessels meet it mixes in proportion. So the share of A's blood at a
node is the mean of what flows in, and the way a vessel's blood ends is the mean of what flows out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, csc_matrix
from scipy.sparse.linalg import splu

from separatrix.body.vessels.circulation import Circulation, CirculationState
from separatrix.body.vessels.model import Ints, Reals
from separatrix.core import Twin, Unknown

_STILL = 1e-9
"""A node through which less than this share of the largest flow passes has blood of neither child."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exchange:
    """What passes between the children in one state, ml/min."""

    a_to_b_ml_per_min: float
    """Gross: blood from A's arteries that comes to B's heart or arteries."""
    b_to_a_ml_per_min: float
    net_ml_per_min: float
    """Net transfusion; positive: A loses to B."""
    drained_by_other: dict[Twin, float]
    """Share of each child's brain outflow that goes to the other child."""
    arterial_ml_per_min: dict[Twin, float]
    """Blood that each child's arteries bring."""
    venous_ml_per_min: dict[Twin, float]
    """Blood that comes back to each child, by veins or arteries."""
    share_of_a: Reals
    """(edges,) of A's blood in each edge; NaN where nothing flows."""
    share_to_a: Reals
    """(edges,) of each edge's blood that ends with A; NaN where nothing flows."""


def exchange(circulation: Circulation, state: CirculationState) -> Exchange:
    """Gross and net exchange, and whose blood drains where.

    Parameters
    ----------
    circulation
        Whose state it is.
    state
        As solved by `Circulation.state`.
    """
    network, flow = state.network, state.flow.flow
    n = len(network.node_ids)
    child = np.full(n, np.nan)
    for node, twin, _ in circulation.wiring.held_nodes:
        child[node] = 1.0 if twin is Twin.A else 0.0
    held = np.flatnonzero(~np.isnan(child))
    up = np.where(flow >= 0, network.a, network.b)
    down = np.where(flow >= 0, network.b, network.a)
    moving = np.abs(flow) > _STILL * np.abs(flow).max(initial=0.0)
    up, down, size = up[moving], down[moving], np.abs(flow[moving])
    inflow, of_a = _brought_in(circulation, network.inflow, n)
    source = _carried(n, up, down, size, child, inflow, of_a)
    end = _carried(n, down, up, size, child, np.zeros(n), np.zeros(n))
    is_b_end = np.isin(down, held) & (child[down] == 0)
    is_a_end = np.isin(down, held) & (child[down] == 1)
    a_to_b = float((size * source[up])[is_b_end].sum())
    b_to_a = float((size * (1 - source[up]))[is_a_end].sum())
    brought = {t: _brought_by(circulation, network.inflow, up, size, t) for t in Twin}
    share_of_a, share_to_a = np.full(len(flow), np.nan), np.full(len(flow), np.nan)
    share_of_a[moving], share_to_a[moving] = source[up], end[down]
    gross = {Twin.A: a_to_b, Twin.B: b_to_a}
    return Exchange(
        a_to_b_ml_per_min=a_to_b,
        b_to_a_ml_per_min=b_to_a,
        net_ml_per_min=a_to_b - b_to_a,
        drained_by_other={t: gross[t] / brought[t] if brought[t] > 0 else 0.0 for t in Twin},
        arterial_ml_per_min=brought,
        venous_ml_per_min={
            Twin.A: float(size[is_a_end].sum()),
            Twin.B: float(size[is_b_end].sum()),
        },
        share_of_a=share_of_a,
        share_to_a=share_to_a,
    )


def mixing_time_min(
    a_to_b_ml_per_min: float,
    b_to_a_ml_per_min: float,
    volume_a_ml: float | Unknown,
    volume_b_ml: float | Unknown,
) -> float | Unknown:
    """Time constant with which a difference between the children's blood evens out.

    Notes
    -----
    Two well-mixed compartments: ``V_A dC_A/dt = Q_BA (C_B - C_A)`` and the same for B, so the difference
    falls with the rate Q_BA / V_A + Q_AB / V_B.

    Examples
    --------
    >>> mixing_time_min(50.0, 50.0, 640.0, 640.0)
    6.4
    """
    for volume in (volume_a_ml, volume_b_ml):
        if isinstance(volume, Unknown):
            return volume
    rate = b_to_a_ml_per_min / float(volume_a_ml) + a_to_b_ml_per_min / float(volume_b_ml)  # type: ignore[arg-type]
    return 1 / rate if rate > 0 else Unknown("no blood passes between the children")


def _brought_in(circulation: Circulation, inflow: Reals, nodes: int) -> tuple[Reals, Reals]:
    """Inflow from outside by node, and A's part of it."""
    of_a = np.zeros(nodes)
    for region, node in zip(circulation.wiring.regions, circulation.wiring.territory_nodes, strict=True):
        of_a[node] = inflow[node] if region.twin is Twin.A else 0.0
    return inflow, of_a


def _brought_by(circulation: Circulation, inflow: Reals, up: Ints, size: Reals, twin: Twin) -> float:
    """Blood that leaves a child's arteries, and what is brought in as held flow."""
    w = circulation.wiring
    sources = [n for n, t, arterial in w.held_nodes if arterial and t is twin]
    regions = [n for r, n in zip(w.regions, w.territory_nodes, strict=True) if r.twin is twin]
    return float(size[np.isin(up, sources)].sum() + inflow[regions].sum())


def _carried(
    nodes: int, up: Ints, down: Ints, size: Reals, held: Reals, inflow: Reals, inflow_of_a: Reals
) -> Reals:
    """A mark carried with the flow, (nodes,): held at some nodes, elsewhere the mean of what arrives."""
    total = np.bincount(down, weights=size, minlength=nodes) + inflow
    free = np.isnan(held) & (total > 0)
    into = free[down]
    rows = np.concatenate([down[into], np.arange(nodes)])
    columns = np.concatenate([up[into], np.arange(nodes)])
    values = np.concatenate([-size[into], np.where(free, total, 1.0)])
    matrix = csc_matrix(coo_matrix((values, (rows, columns)), shape=(nodes, nodes)))
    right = np.where(free, inflow_of_a, np.where(np.isnan(held), 0.0, held))
    found: Reals = splu(matrix).solve(right)
    return np.clip(found, 0.0, 1.0)
