"""Whose blood drains where: a tracer through the solved flows, and what follows for the two children.

Blood keeps its child as it flows; where vessels meet it mixes in proportion. So the share of A's blood at a
node is the mean of what flows in, and the way a vessel's blood ends is the mean of what flows out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
    """Share of what each child's arteries bring that drains to the other child."""
    arterial_ml_per_min: dict[Twin, float]
    """Blood that each child's arteries bring."""
    venous_ml_per_min: dict[Twin, float]
    """Blood that comes back to each child, by veins or arteries, less what its jugular veins give back."""
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
    moving = np.abs(flow) > _STILL * np.abs(flow).max(initial=0.0)
    forward = flow[moving] >= 0
    up = np.where(forward, network.a[moving], network.b[moving])
    down = np.where(forward, network.b[moving], network.a[moving])
    course = _Course(nodes=n, up=up, down=down, size=np.abs(flow[moving]), inflow=network.inflow)
    held = circulation.wiring.held_nodes
    own = {t: np.array([node for node, child, _ in held if child is t], dtype=np.int64) for t in Twin}
    arteries = {
        t: np.array([node for node, child, arterial in held if child is t and arterial], dtype=np.int64)
        for t in Twin
    }
    fed = {t: _fed_regions(circulation, t) for t in Twin}
    source = course.marked(own[Twin.A], fed[Twin.A], others=own[Twin.B])
    end = course.backwards().marked(own[Twin.A], None, others=own[Twin.B])
    of_a = source[up]
    brought = {t: course.leaving(arteries[t]) + float(network.inflow[fed[t]].sum()) for t in Twin}
    gross = {
        t: _told(course.arriving(own[t.other], shares), of=sum(brought.values()))
        for t, shares in ((Twin.A, of_a), (Twin.B, 1 - of_a))
    }
    share_of_a, share_to_a = np.full(len(flow), np.nan), np.full(len(flow), np.nan)
    share_of_a[moving], share_to_a[moving] = of_a, end[down]
    drained = {}
    for t in Twin:
        veins = np.setdiff1d(np.concatenate([own[Twin.A], own[Twin.B]]), arteries[t])
        arterial = course.marked(arteries[t], fed[t], others=veins)[up]
        drained[t] = course.arriving(own[t.other], arterial) / brought[t] if brought[t] > 0 else 0.0
    return Exchange(
        a_to_b_ml_per_min=gross[Twin.A],
        b_to_a_ml_per_min=gross[Twin.B],
        net_ml_per_min=gross[Twin.A] - gross[Twin.B],
        drained_by_other=drained,
        arterial_ml_per_min=brought,
        venous_ml_per_min={
            t: course.arriving(own[t], np.ones(len(up))) - course.leaving(np.setdiff1d(own[t], arteries[t]))
            for t in Twin
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


def _told(passing_ml_per_min: float, *, of: float) -> float:
    """What passes, or none where it is no more than the rounding of a solve."""
    return passing_ml_per_min if passing_ml_per_min > _STILL * of else 0.0


def _fed_regions(circulation: Circulation, twin: Twin) -> Ints:
    """Nodes of a child's territories: held flow is brought in there."""
    w = circulation.wiring
    nodes = [n for r, n in zip(w.regions, w.territory_nodes, strict=True) if r.twin is twin]
    return np.array(nodes, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Course:
    """Where blood moves: each edge from its upper to its lower node."""

    nodes: int
    up: Ints
    down: Ints
    size: Reals
    inflow: Reals

    def backwards(self) -> _Course:
        """The same against the stream, to ask where blood ends in place of where it comes from."""
        return _Course(
            nodes=self.nodes, up=self.down, down=self.up, size=self.size, inflow=np.zeros(self.nodes)
        )

    def arriving(self, nodes: Ints, share: Reals) -> float:
        """Blood that comes to some nodes, each edge's weighted by a share."""
        return float((self.size * share)[np.isin(self.down, nodes)].sum())

    def leaving(self, nodes: Ints) -> float:
        """Blood that leaves some nodes by edges."""
        return float(self.size[np.isin(self.up, nodes)].sum())

    def marked(self, one: Ints, fed: Ints | None, *, others: Ints) -> Reals:
        """A mark carried with the flow; shape (nodes,).

        It is 1 at some held nodes and in what is brought in at the fed nodes, 0 at the other held nodes and
        in what else is brought in; elsewhere it is the mean of what arrives.
        """
        from scipy.sparse import coo_matrix, csc_matrix
        from scipy.sparse.linalg import splu

        held = np.full(self.nodes, np.nan)
        held[others] = 0.0
        held[one] = 1.0
        brought = np.zeros(self.nodes)
        if fed is not None:
            brought[fed] = self.inflow[fed]
        total = np.bincount(self.down, weights=self.size, minlength=self.nodes) + self.inflow
        free = np.isnan(held) & (total > 0)
        into = free[self.down]
        rows = np.concatenate([self.down[into], np.arange(self.nodes)])
        columns = np.concatenate([self.up[into], np.arange(self.nodes)])
        values = np.concatenate([-self.size[into], np.where(free, total, 1.0)])
        matrix = csc_matrix(coo_matrix((values, (rows, columns)), shape=(self.nodes, self.nodes)))
        right = np.where(free, brought, np.nan_to_num(held))
        found: Reals = splu(matrix).solve(right)
        return np.clip(found, 0.0, 1.0)
