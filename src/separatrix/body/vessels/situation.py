"""The pair on the table: what closing any set of vessels does to every region of both brains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from separatrix.body.vessels.circulation import (
    BEDS,
    Beds,
    Circulation,
    CirculationInputs,
    CirculationState,
    Dura,
)
from separatrix.body.vessels.model import Bools, Ints, Network, Reals
from separatrix.body.vessels.parameters import Values
from separatrix.body.vessels.ports import PortSystem, reduce_to_ports
from separatrix.body.vessels.solve import solve

_NOT_YET_MADE = 1e-3
"""Factor on the radius of a vessel that is still to be made: it carries nothing while the beds are sized."""

_LARGEST_RESISTANCE = 1e4
"""Outlets of more than this (mmHg min/ml) are reckoned with this in the search: what they carry is under
0.01 ml/min, and a region that has no other way out reads its arterial pressure either way."""


def regions_after(system: PortSystem, closed: Bools) -> Reals:
    """(s, t) pressures of the observed regions for s sets of closed vessels (s, k).

    Sets of the same size are solved together. NaN where a part has no way out at all.
    """
    found = np.repeat(system.pressure[None], len(closed), axis=0)
    sizes = closed.sum(axis=1)
    for size in np.unique(sizes[sizes > 0]):
        rows = np.flatnonzero(sizes == size)
        members = np.nonzero(closed[rows])[1].reshape(len(rows), size)
        stiffness = system.stiffness[members[:, :, None], members[:, None, :]]
        driven = _solve(stiffness, system.drive[members])
        found[rows] += np.einsum("tsm,sm->st", system.reach[:, members], driven)
    return found


def _solve(system: Reals, right: Reals) -> Reals:
    try:
        return np.asarray(np.linalg.solve(system, right[..., None])[..., 0])
    except np.linalg.LinAlgError:  # a part without any way out: tell it from the rest one by one
        found = np.full(right.shape, np.nan)
        for i, (matrix, values) in enumerate(zip(system, right, strict=True)):
            if np.linalg.cond(matrix) < 1e15:
                found[i] = np.linalg.solve(matrix, values)
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Situation:
    """Both children in the operation's posture, before anything is divided."""

    circulation: Circulation
    made: tuple[str, ...]
    """Vessels to be made by wish: not there before."""
    gone: tuple[str, ...]
    """Vessels divided already."""
    networks: Mapping[Beds, Network]
    """Linear, with all vessels open but those gone."""
    before: Mapping[Beds, Reals]
    """(t,) pressure of each region before anything is divided or made."""
    arterial: Reals
    """(t,) of the region's child: no venous pressure rises above it."""

    @property
    def child(self) -> Ints:
        """(t,) 0 for A, 1 for B."""
        return self.circulation.child_of_territory

    def ports(self, vessels: Sequence[str], beds: Beds) -> PortSystem:
        """Reduce a network to these vessels and the regions."""
        wiring = self.circulation.wiring
        return reduce_to_ports(
            self.networks[beds],
            np.array([self.circulation.edge_index[v] for v in vessels], dtype=np.int64),
            wiring.territory_nodes,
            supplies=np.array([n for n, _, arterial in wiring.held_nodes if arterial], dtype=np.int64),
        )

    def rise(self, regions: Reals, beds: Beds) -> Reals:
        """(s, t) rise over the state before, for pressures (s, t); no pressure counts above the arteries'."""
        held = np.where(np.isfinite(regions), np.minimum(regions, self.arterial), self.arterial)
        return np.asarray(held - self.before[beds])

    def worst_rise(self, rise: Reals) -> Reals:
        """(s, 2) largest rise of any region of A and of B; 0 for a child without regions."""
        return self._per_child(rise, lambda mine: mine.max(axis=1))

    def summed_rise(self, rise: Reals) -> Reals:
        """(s, 2) sum over the regions of A and of B of what they rise."""
        return self._per_child(np.maximum(rise, 0.0), lambda mine: mine.sum(axis=1))

    def _per_child(self, rise: Reals, over: Callable[[Reals], Reals]) -> Reals:
        found = np.zeros((len(rise), 2))
        for label in (0, 1):
            mine = self.child == label
            if mine.any():
                found[:, label] = over(rise[:, mine])
        return found

    def harm(self, vessels: Sequence[str], closed: Bools) -> tuple[Reals, Reals]:
        """Worst and summed rise (s, 2) for sets (s, k) of closed vessels, each by the worse kind of beds."""
        worst, summed = [], []
        for beds in BEDS:
            rise = self.rise(regions_after(self.ports(vessels, beds), closed), beds)
            worst.append(self.worst_rise(rise))
            summed.append(self.summed_rise(rise))
        return np.maximum(*worst), np.maximum(*summed)

    def state(self, closed: Iterable[str], beds: Beds, dura: Dura = "open") -> CirculationState:
        """The full model with these vessels closed; what is not made yet is among them."""
        return self.circulation.state(beds, dura, is_open=self.open_but(closed))

    def before_state(self, beds: Beds, dura: Dura = "open") -> CirculationState:
        """The full model before anything is divided or made."""
        return self.state(self.made, beds, dura)

    def shut(self, vessels: Sequence[str]) -> Situation:
        """The same pair with these vessels closed in the networks of the linear search."""
        index = [self.circulation.edge_index[v] for v in vessels]
        networks: dict[Beds, Network] = {}
        for beds, network in self.networks.items():
            is_open = network.is_open.copy()
            is_open[index] = False
            networks[beds] = replace(network, is_open=is_open)
        return replace(self, networks=networks)

    def open_but(self, closed: Iterable[str]) -> Bools:
        """(m,) which edges of the circulation are open with these vessels, and those gone, closed."""
        is_open = np.ones(len(self.circulation.wiring.edge_ids), dtype=bool)
        is_open[[self.circulation.edge_index[v] for v in (*closed, *self.gone)]] = False
        return is_open


def situation_of(
    inputs: CirculationInputs,
    values: Values | None = None,
    *,
    made: Sequence[str] = (),
    gone: Sequence[str] = (),
) -> Situation:
    """The pair with one set of numbers.

    Parameters
    ----------
    inputs
        Of the graph with the vessels to be made in it.
    values
        Default: the central ones.
    made
        Vessels to be made by wish: the beds are sized without them.
    gone
        Vessels divided already: the beds are sized with them, as the children were.
    """
    circulation = _without_made(inputs, values or inputs.central(), made)
    index = circulation.edge_index
    networks: dict[Beds, Network] = {}
    before: dict[Beds, Reals] = {}
    regions = circulation.wiring.territory_nodes
    for beds in BEDS:
        network = circulation.network(beds, "open")
        is_open = network.is_open.copy()
        is_open[[index[v] for v in gone]] = False
        capped = np.minimum(network.resistance, _LARGEST_RESISTANCE)
        networks[beds] = replace(network, is_open=is_open, resistance=capped)
        before[beds] = _pressure_before(replace(network, resistance=capped), [index[v] for v in made])[
            regions
        ]
    return Situation(
        circulation=circulation,
        made=tuple(made),
        gone=tuple(gone),
        networks=networks,
        before=before,
        arterial=networks["passive"].fixed[circulation.wiring.source_of_territory],
    )


def _pressure_before(network: Network, made: Sequence[int]) -> Reals:
    is_open = network.is_open.copy()
    is_open[list(made)] = False
    return solve(replace(network, is_open=is_open)).pressure


def _without_made(inputs: CirculationInputs, values: Values, made: Sequence[str]) -> Circulation:
    """The circulation with its beds sized as if the vessels to be made were not there."""
    if not made:
        return inputs.assemble(values)
    of_graph = {e.id: n for n, e in enumerate(inputs.graph.edges)}
    factor = values.radius_factor.copy()
    factor[[of_graph[v] for v in made]] = _NOT_YET_MADE
    sized = inputs.assemble(replace(values, radius_factor=factor))
    whole = inputs.assemble(values)
    index = [sized.edge_index[v] for v in made]
    resistance = sized.resistance.copy()
    resistance[index] = whole.resistance[index]
    held = replace(sized.values, radius_factor=values.radius_factor)  # its balanced venous pressures
    return replace(sized, resistance=resistance, values=held)
