"""From a network of any size to the few ports at which it will be clamped.

Clamping the vessels of a set S takes their conductances out of the network's Laplacian G, a change of
rank \\|S\\|. With B the incidence of the k candidates, R their resistances, p the pressures with all of them
open, and E the rows of the observed nodes, Woodbury's identity gives the pressures after clamping S as

    E p(S) = E p + C[:, S] · M[S, S]⁻¹ · d[S],   C = E G⁻¹ B,   M = diag(R) − Bᵀ G⁻¹ B,   d = Bᵀ p.

One sparse factor and k + 1 right-hand sides hold everything that 2^k states need.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from separatrix.body.vessels.model import Bools, FlowState, Ints, Network, Reals
from separatrix.core import Fault, InfeasibleError, InputError

if TYPE_CHECKING:
    from scipy.sparse import csc_array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PortSystem:
    """What k candidate vessels and m observed nodes need to know of the network around them."""

    candidates: Ints
    """(k,) edge indices of the network."""
    observed: Ints
    """(m,) node indices of the network."""
    resistance: Reals
    """(k,) of the candidates."""
    stiffness: Reals
    """(k, k) M: positive semidefinite; M[S, S] is singular where clamping S cuts a part off."""
    drive: Reals
    """(k,) d: pressure drop over each candidate with all open."""
    reach: Reals
    """(m, k) C."""
    pressure: Reals
    """(m,) at the observed nodes with all open."""
    parts: Ints
    """(k, 2) part of the network, all candidates clamped, in which each candidate begins and ends."""
    drains: Bools
    """(parts,) whether a part has an outlet of its own."""
    bears: Bools
    """(parts,) whether a part holds an observed node or an inflow: cut off, it has *no drainage*."""

    @property
    def k(self) -> int:
        """Number of candidates."""
        return int(self.candidates.size)

    @property
    def can_be_cut_off(self) -> bool:
        """Whether some set of clamps leaves a part with blood in it and no outlet."""
        return bool((self.bears & ~self.drains).any())

    def pressure_after(self, clamped: Sequence[int] | Ints) -> Reals:
        """Pressures (m,) at the observed nodes with these candidates clamped, solved densely.

        Empty parts left hanging are harmless; a part cut off with blood in it gives what is left of a
        singular system, so ask `undrained_after` first.
        """
        s = np.asarray(clamped, dtype=np.int64)
        if s.size == 0:
            return self.pressure.copy()
        x = np.linalg.lstsq(self.stiffness[np.ix_(s, s)], self.drive[s], rcond=1e-12)[0]
        return np.asarray(self.pressure + self.reach[:, s] @ x)

    def undrained_after(self, clamped: Sequence[int] | Ints) -> bool:
        """Whether a part with blood in it has no way to an outlet with these candidates clamped."""
        drained = self.drains.copy()
        is_open = np.ones(self.k, dtype=bool)
        is_open[np.asarray(clamped, dtype=np.int64)] = False
        links = self.parts[is_open]
        while True:
            touched = drained[links[:, 0]] ^ drained[links[:, 1]]
            if not touched.any():
                return bool((self.bears & ~drained).any())
            drained[links[touched].ravel()] = True


def linearised(network: Network, state: FlowState) -> Network:
    """The network with each quadratic loss as the plain resistance it is at this flow: R + S|Q|."""
    resistance = network.resistance + network.quadratic * np.abs(np.nan_to_num(state.flow))
    return replace(network, resistance=resistance, quadratic=np.zeros_like(network.quadratic))


def reduce_to_ports(
    network: Network, candidates: Ints, observed: Ints, *, supplies: Ints | None = None
) -> PortSystem:
    """Reduce a network to its candidate vessels and observed nodes by one sparse factorisation.

    Parameters
    ----------
    network
        Linear and rigid: use `linearised` for quadratic losses; outside pressures are not seen here (see
        `starling_states`). Vessels already clamped stay so.
    candidates
        (k,) indices of open edges that may be clamped.
    observed
        (m,) indices of nodes whose pressure matters.
    supplies
        Held nodes that bring blood in and drain none (arteries of passive beds). A territory joined to
        nothing else is *undrained*, though its pressure is defined.

    Raises
    ------
    InputError
        If an index is out of range or twice there, a candidate is clamped, or a loss is quadratic.
    InfeasibleError
        If a part with inflow has no outlet even with all candidates open; names its nodes.
    """
    from scipy.sparse.linalg import splu

    _check(network, candidates, observed)
    live = live_nodes(network)
    index = np.cumsum(live) - 1
    laplacian, load = live_laplacian(network, live)
    incidence = _incidence(network, candidates, live, index)
    if laplacian.shape[0]:
        factor = splu(laplacian, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
        solved = factor.solve(np.column_stack([load, incidence]))
    else:
        solved = np.zeros((0, candidates.size + 1))
    full = np.zeros((len(network.node_ids), candidates.size + 1))
    full[live] = solved
    held = ~np.isnan(network.fixed)
    full[held, 0] = network.fixed[held]
    ends = full[network.a[candidates]] - full[network.b[candidates]]
    stiffness = np.diag(network.resistance[candidates]) - ends[:, 1:]
    parts, drains, bears = _parts(network, candidates, observed, supplies)
    return PortSystem(
        candidates=candidates.copy(),
        observed=observed.copy(),
        resistance=network.resistance[candidates].copy(),
        stiffness=(stiffness + stiffness.T) / 2,
        drive=np.ascontiguousarray(ends[:, 0]),
        reach=np.ascontiguousarray(full[observed, 1:]),
        pressure=np.ascontiguousarray(full[observed, 0]),
        parts=parts,
        drains=drains,
        bears=bears,
    )


def _check(network: Network, candidates: Ints, observed: Ints) -> None:
    """All faults at once."""
    faults = []
    for name, values, count in (
        ("candidates", candidates, len(network.edge_ids)),
        ("observed", observed, len(network.node_ids)),
    ):
        if values.size and (values.min() < 0 or values.max() >= count):
            faults.append(Fault(field=name, problem="index out of range", expected=f"0 to {count - 1}"))
        elif name == "candidates" and np.unique(values).size != values.size:
            faults.append(Fault(field=name, problem="the same vessel is named twice"))
    if not faults:
        for edge in candidates[~network.is_open[candidates]]:
            name = network.edge_ids[edge]
            faults.append(Fault(field="candidates", problem=f"vessel {name} is clamped already"))
        for edge in np.flatnonzero(network.is_open & (network.quadratic > 0)):
            name = network.edge_ids[edge]
            faults.append(
                Fault(
                    field=name, problem="quadratic loss in a linear search", mend="pass it through linearised"
                )
            )
        for edge in np.flatnonzero(network.is_open & ~(network.resistance > 0)):
            name = network.edge_ids[edge]
            faults.append(Fault(field=name, problem="resistance is not above zero", mend="merge its nodes"))
    if faults:
        raise InputError(*faults[:20])


def live_nodes(network: Network) -> Bools:
    """Free nodes whose pressure is defined: joined to a held node with all candidates open."""
    component = _components(network, network.is_open)
    held = ~np.isnan(network.fixed)
    anchored = np.zeros(component.max(initial=0) + 1, dtype=bool)
    anchored[component[held]] = True
    lost = ~anchored[component] & (network.inflow != 0)
    if lost.any():
        names = ", ".join(network.node_ids[i] for i in np.flatnonzero(lost)[:5])
        raise InfeasibleError(
            Fault(problem=f"no drainage: {names} has inflow and no way to an outlet, with nothing clamped")
        )
    return np.asarray(anchored[component] & ~held)


def _components(network: Network, is_open: Bools) -> Ints:
    """Component of each node over these edges."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(network.node_ids)
    a, b = network.a[is_open], network.b[is_open]
    links = coo_array((np.ones(a.size, dtype=np.int8), (a, b)), shape=(n, n))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def live_laplacian(network: Network, live: Bools) -> tuple[csc_array, Reals]:
    """Laplacian over live nodes (sparse, SPD) and its load: inflow and what held neighbours push in."""
    from scipy.sparse import coo_array

    n, index = int(live.sum()), np.cumsum(live) - 1
    on = network.is_open & (live[network.a] | live[network.b])
    a, b, g = network.a[on], network.b[on], 1.0 / network.resistance[on]
    load = network.inflow[live].astype(np.float64)
    diagonal = np.zeros(n)
    for here, there in ((a, b), (b, a)):
        mine = live[here]
        np.add.at(diagonal, index[here[mine]], g[mine])
        held = mine & ~live[there]
        np.add.at(load, index[here[held]], g[held] * network.fixed[there[held]])
    inner = live[a] & live[b]
    i, j, w = index[a[inner]], index[b[inner]], g[inner]
    every = np.arange(n)
    rows, columns = np.concatenate([every, i, j]), np.concatenate([every, j, i])
    matrix = coo_array((np.concatenate([diagonal, -w, -w]), (rows, columns)), shape=(n, n))
    return matrix.tocsc(), load


def _incidence(network: Network, candidates: Ints, live: Bools, index: Ints) -> Reals:
    """(live, k): +1 where a candidate begins, −1 where it ends; held ends leave no trace."""
    out = np.zeros((int(live.sum()), candidates.size))
    column = np.arange(candidates.size)
    for ends, sign in ((network.a[candidates], 1.0), (network.b[candidates], -1.0)):
        mine = live[ends]
        out[index[ends[mine]], column[mine]] += sign
    return out


def _parts(
    network: Network, candidates: Ints, observed: Ints, supplies: Ints | None
) -> tuple[Ints, Bools, Bools]:
    """Parts of the network with all candidates clamped, which of them drain, and which bear blood."""
    is_open = network.is_open.copy()
    is_open[candidates] = False
    supply = np.zeros(len(network.node_ids), dtype=bool)
    if supplies is not None:
        supply[supplies] = True
        is_open &= ~(supply[network.a] | supply[network.b])
    part = _components(network, is_open)
    drains = np.zeros(part.max(initial=0) + 1, dtype=bool)
    bears = drains.copy()
    drains[part[~np.isnan(network.fixed) & ~supply]] = True
    bears[part[observed]] = True
    bears[part[network.inflow > 0]] = True
    ends = np.column_stack([part[network.a[candidates]], part[network.b[candidates]]])
    kept, ends = np.unique(ends, return_inverse=True)
    lonely = np.setdiff1d(np.flatnonzero(bears & ~drains), kept)
    kept = np.concatenate([kept, lonely])  # cut off whatever is clamped: every state shows it
    return ends.reshape(-1, 2).astype(np.int64), drains[kept], bears[kept]
