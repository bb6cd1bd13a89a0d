"""The circulation of both children: vessels, beds, outlets and hearts, as networks ready to be solved.

The vessel graph gives the veins; what it does not show (beds, deep and emissary veins, pial anastomoses) is
added from assumptions. Beds are sized so that the undivided circulation carries each region's resting flow:
there, passive beds and beds that hold their flow agree, and only what division changes tells them apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from separatrix.body.anatomy import Anatomy
from separatrix.body.vessels.model import Bools, FlowState, Ints, Network, Reals, Territory, VesselGraph
from separatrix.body.vessels.newton import reached_from
from separatrix.body.vessels.parameters import Range, Values, central_values, draw_values
from separatrix.body.vessels.posture import at_junction_mmHg, heart_over_junction_cm
from separatrix.body.vessels.sizing import LEAST_DRIVE_MMHG, NEARLY_CLOSED, size_other_outlets, size_vessels
from separatrix.body.vessels.solve import solve
from separatrix.body.vessels.wiring import Wiring, prepare_wiring
from separatrix.case import Case
from separatrix.core import Twin
from separatrix.evidence import EvidenceReader

Beds = Literal["passive", "held"]
Dura = Literal["open", "closed"]
Phase = Literal["ward", "operation"]

BEDS: tuple[Beds, ...] = ("passive", "held")
DURAS: tuple[Dura, ...] = ("closed", "open")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CirculationState:
    """One solved state of the circulation."""

    beds: Beds
    dura: Dura
    network: Network
    flow: FlowState
    region_pressure: Reals
    """(territories,) venous pressure in mmHg."""
    region_flow: Reals
    """(territories,) blood that passes, ml/min."""
    no_drainage: tuple[str, ...]
    """Territory nodes that no open vessel joins to an outlet: infarct expected."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Circulation:
    """Both children's circulation with one set of numbers."""

    graph: VesselGraph
    wiring: Wiring
    values: Values
    territories: tuple[Territory, ...]
    outlets: Mapping[str, Twin]
    """Nodes where blood leaves to a heart: jugular ends and the end of the other outlets."""
    edge_index: Mapping[str, int]
    """Edge of the graph to its index in every network; contacts not accepted are absent."""
    resistance: Reals
    bed_resistance: Reals
    """(territories,) of own arterial beds, mmHg min/ml."""
    rest_pressure: Reals
    """(territories,) venous pressure of the undivided state in the ward, mmHg."""
    notes: tuple[str, ...]

    def network(
        self,
        beds: Beds,
        dura: Dura,
        tilt_deg: float = 0.0,
        *,
        phase: Phase = "operation",
        collapsible: bool = False,
    ) -> Network:
        """The circulation as a network.

        Parameters
        ----------
        beds
            ``passive``: fixed resistances. ``held``: each region's resting flow is brought in, whatever the
            pressure: the most that a bed which holds its flow can do (see `state` for where it gives way).
        dura
            ``open``: outside pressure 0; ``closed``: intracranial pressure. It tells in collapsible networks.
        tilt_deg
            Of the table about the junction; positive lifts A's heart.
        phase
            Posture.
        collapsible
            Whether bridging veins collapse where they enter a sinus (a Starling resistor).

        Returns
        -------
        Network
            The same nodes and edges for all arguments (`is_open` may be replaced to clamp vessels), but that
            collapsible veins run from the cortex; see `vessel_flow`.
        """
        w = self.wiring
        fixed, inflow = np.full(len(w.node_ids), np.nan), np.zeros(len(w.node_ids))
        for node, twin, arterial in w.held_nodes:
            fixed[node] = self._held_pressure(twin, arterial, phase, tilt_deg)
        is_open = self.resistance < NEARLY_CLOSED
        if beds == "held":
            is_open[w.bed_edges] = False
            inflow[w.territory_nodes] = self.own_flow
        external = np.full(len(w.edge_ids), np.nan)
        a, b = w.a, w.b
        if collapsible:
            external[w.collapsible] = [self._outside(w.child_of_vessel[e], dura) for e in w.collapsible]
            turned = w.collapsible[w.cortex_at_b]
            a, b = a.copy(), b.copy()
            a[turned], b[turned] = w.b[turned], w.a[turned]
        return Network(
            node_ids=w.node_ids,
            fixed=fixed,
            inflow=inflow,
            edge_ids=w.edge_ids,
            a=a,
            b=b,
            resistance=self.resistance,
            quadratic=np.zeros(len(w.edge_ids)),
            external=external,
            is_open=is_open,
        )

    def state(
        self,
        beds: Beds,
        dura: Dura,
        tilt_deg: float = 0.0,
        *,
        is_open: Bools | None = None,
        phase: Phase = "operation",
        collapsible: bool = False,
    ) -> CirculationState:
        """Solve one state; held beds give way in proportion where perfusion falls below their limit.

        Parameters
        ----------
        beds, dura, tilt_deg, phase, collapsible
            As for `network`.
        is_open
            (m,) False for clamped vessels; beds need not be told. Default: all open.
        """
        network = self.network(beds, dura, tilt_deg, phase=phase, collapsible=collapsible)
        if is_open is not None:
            network = replace(network, is_open=network.is_open & is_open)
        if beds == "held":
            network = self._giving_way(network, dura)
        found = solve(network)
        w = self.wiring
        lost = self.without_outlet(network.is_open)
        into = np.zeros(len(w.node_ids))
        supply = np.concatenate([w.bed_edges, w.foreign_beds]).astype(np.int64)
        np.add.at(into, network.b[supply], found.flow[supply])
        region_flow = into[w.territory_nodes] + network.inflow[w.territory_nodes]
        return CirculationState(
            beds=beds,
            dura=dura,
            network=network,
            flow=found,
            region_pressure=found.pressure[w.territory_nodes],
            region_flow=np.where(lost, 0.0, region_flow),
            no_drainage=tuple(t.node for t, is_lost in zip(self.territories, lost, strict=True) if is_lost),
        )

    def without_outlet(self, is_open: Bools) -> Bools:
        """Which territories no open vessel joins to an outlet; shape (territories,)."""
        w = self.wiring
        veins = is_open.copy()
        veins[w.bed_edges] = False
        veins[w.foreign_beds] = False
        start = np.zeros(len(w.node_ids), dtype=bool)
        start[[n for n, _, arterial in w.held_nodes if not arterial]] = True
        reached = reached_from(len(w.node_ids), w.a[veins], w.b[veins], start)
        return np.asarray(~reached[w.territory_nodes])

    def vessel_flow(self, state: CirculationState) -> dict[str, float]:
        """Flow of each vessel of the graph from its `a` to its `b`, ml/min."""
        along = np.where(state.network.a == self.wiring.a, state.flow.flow, -state.flow.flow)
        return {vessel: float(along[e]) for vessel, e in self.edge_index.items()}

    @property
    def child_of_territory(self) -> Ints:
        """(territories,) 0 for A, 1 for B."""
        return np.array([0 if t.twin is Twin.A else 1 for t in self.territories], dtype=np.int64)

    @property
    def own_flow(self) -> Reals:
        """(territories,) resting flow from own arteries, ml/min."""
        flow = np.array([t.flow_ml_per_min for t in self.territories])
        return np.asarray(flow * (1 - self.values.scalar["crossing_artery_share"] * self.wiring.fed_by_other))

    def perfusion_mmHg(self, state: CirculationState) -> Reals:
        """(territories,) arterial less the higher of venous and outside pressure, in a solved state."""
        arterial = state.network.fixed[self.wiring.source_of_territory]
        return np.asarray(arterial - np.maximum(state.region_pressure, self._outside_regions(state.dura)))

    def _giving_way(self, network: Network, dura: Dura) -> Network:
        """Held beds as edges: no more than the resting flow, less below the limit of autoregulation."""
        w = self.wiring
        share = self.values.scalar["autoregulation_limit"]
        limit = np.maximum(share * self.rest_perfusion_mmHg, LEAST_DRIVE_MMHG)
        own = np.maximum(self.own_flow, 1 / NEARLY_CLOSED)
        capacity = np.full(len(w.edge_ids), np.nan)
        capacity[w.bed_edges] = own
        resistance, external, is_open = (
            self.resistance.copy(),
            network.external.copy(),
            network.is_open.copy(),
        )
        resistance[w.bed_edges] = limit / own
        external[w.bed_edges] = self._outside_regions(dura)
        is_open[w.bed_edges] = True
        return replace(
            network,
            inflow=np.zeros(len(w.node_ids)),
            resistance=resistance,
            external=external,
            is_open=is_open,
            capacity=capacity,
        )

    @property
    def rest_perfusion_mmHg(self) -> Reals:
        """(territories,) perfusion pressure of the undivided state in the ward, dura closed."""
        arterial = np.array([self._held_pressure(t.twin, True, "ward", 0.0) for t in self.territories])
        outside = self._outside_regions("closed")
        return np.asarray(arterial - np.maximum(self.rest_pressure, outside))

    def _outside_regions(self, dura: Dura) -> Reals:
        return np.array([self._outside(t.twin, dura) for t in self.territories], dtype=np.float64)

    def _outside(self, twin: Twin | None, dura: Dura) -> float:
        if dura == "open":
            return self.wiring.dura_open_mmHg
        s = self.values.scalar
        return s[f"icp.{twin.value}"] if twin else min(s["icp.A"], s["icp.B"])

    def _held_pressure(self, twin: Twin, arterial: bool, phase: Phase, tilt_deg: float) -> float:
        s = self.values.scalar
        height = heart_over_junction_cm(s, twin, phase, tilt_deg)
        name = f"map.{twin.value}" if arterial else f"cvp.{twin.value}"
        pressure = at_junction_mmHg(s[name], height, self.wiring.mmHg_per_cm)
        return pressure if arterial else max(pressure, s["jugular_external"])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CirculationInputs:
    """All that does not change from draw to draw."""

    graph: VesselGraph
    wiring: Wiring
    ranges: Mapping[str, Range]

    def central(self) -> Values:
        """Every number at its value."""
        return central_values(self.graph, self.ranges)

    def draw(self, seed: int, index: int, *, around: Values | None = None) -> Values:
        """The draw of this index; see `draw_values`."""
        return draw_values(self.graph, self.ranges, seed, index, around=around)

    def assemble(self, values: Values | None = None) -> Circulation:
        """The circulation with these values (default: the central ones)."""
        return _assemble(self, values or self.central())


def prepare_circulation(
    graph: VesselGraph, *, case: Case, anatomy: Anatomy | None, evidence: EvidenceReader
) -> CirculationInputs:
    """Wire the circulation once, for many sets of values.

    Parameters
    ----------
    graph
        Vessels of both children, from the images or by hand.
    case
        Age, weights, haematocrits.
    anatomy
        For the volumes of regions; None where there are no images.
    evidence
        Every number.

    Raises
    ------
    InputError
        If a jugular end belongs to no one child, or a vessel has no length or a radius not above zero.
    """
    wiring, ranges = prepare_wiring(graph, case=case, anatomy=anatomy, evidence=evidence)
    return CirculationInputs(graph=graph, wiring=wiring, ranges=ranges)


def build_circulation(
    graph: VesselGraph,
    *,
    case: Case,
    anatomy: Anatomy | None,
    evidence: EvidenceReader,
    values: Values | None = None,
) -> Circulation:
    """The circulation of both children; see `prepare_circulation`."""
    return prepare_circulation(graph, case=case, anatomy=anatomy, evidence=evidence).assemble(values)


def _assemble(inputs: CirculationInputs, values: Values) -> Circulation:
    w, s = inputs.wiring, values.scalar
    per_ml = {t: s[f"cbf.{t.value}"] * w.brain_density / 100 for t in Twin}
    flows = [volume * per_ml[t.twin] for t, volume in zip(w.regions, w.volumes_ml, strict=True)]
    territories = tuple(
        Territory(node=t.node, twin=t.twin, name=t.name, volume_ml=v, flow_ml_per_min=q)
        for t, v, q in zip(w.regions, w.volumes_ml, flows, strict=True)
    )
    resistance = np.ones(len(w.edge_ids))
    size_vessels(w, values, resistance)
    size_other_outlets(w, values, np.array(flows), resistance)
    circulation = Circulation(
        graph=inputs.graph,
        wiring=w,
        values=values,
        territories=territories,
        outlets=w.outlets,
        edge_index=w.edge_index,
        resistance=resistance,
        bed_resistance=np.ones(len(territories)),
        rest_pressure=np.full(len(territories), s["venous_reference"]),
        notes=w.notes,
    )
    return _with_beds(_balanced(circulation, np.array(flows)), np.array(flows))


_BALANCE_STEPS = 8
"""Steps in which the balance at rest is found; without a collapsed jugular vein two are enough."""


def _balanced(circulation: Circulation, flows: Reals) -> Circulation:
    """Central venous pressures at which neither child gains blood from the other at rest, in the ward.

    What crosses between two hearts cannot go on one way: it fills the one and empties the other until
    their pressures hold it up.
    """
    movable, limit = circulation.wiring.may_shift_cvp, circulation.values.scalar["balance_limit"]
    if not movable or not len(flows):
        return circulation
    shift, step = 0.0, 0.1
    gain = _gain_of_a(circulation, flows)
    for _ in range(_BALANCE_STEPS):
        slope = (_gain_of_a(_shifted(circulation, shift + step), flows) - gain) / step
        if abs(slope) < _NO_WAY_BETWEEN:
            return circulation
        shift = float(np.clip(shift - gain / slope, -limit, limit))
        gain = _gain_of_a(_shifted(circulation, shift), flows)
        if abs(gain) <= _EVEN * float(flows.sum()) or abs(shift) >= limit:
            break
    return _shifted(circulation, shift)


_NO_WAY_BETWEEN = 1e-6
"""ml/min per mmHg below which no way for blood joins the children's veins."""

_EVEN = 1e-9
"""Net transfusion, as a share of both children's flow, that counts as none."""


def _shifted(circulation: Circulation, by_mmHg: float) -> Circulation:
    """A's central venous pressure raised over B's, shared out between those that may move."""
    movable, scalar = circulation.wiring.may_shift_cvp, dict(circulation.values.scalar)
    for twin in movable:
        scalar[f"cvp.{twin.value}"] += (by_mmHg if twin is Twin.A else -by_mmHg) / len(movable)
    return replace(circulation, values=replace(circulation.values, scalar=scalar))


def _gain_of_a(circulation: Circulation, flows: Reals) -> float:
    """Blood that A gets back beyond what its arteries gave, at rest in the ward, ml/min."""
    w = circulation.wiring
    network = _rest_network(circulation, flows)
    found = solve(network)
    into = np.bincount(network.b, weights=found.flow, minlength=len(w.node_ids))
    into -= np.bincount(network.a, weights=found.flow, minlength=len(w.node_ids))
    back = sum(float(into[node]) for node, twin, _ in w.held_nodes if twin is Twin.A)
    lost = set(found.undrained)
    drained = np.array([r.node not in lost for r in w.regions])
    foreign = flows * circulation.values.scalar["crossing_artery_share"] * w.fed_by_other
    is_a = circulation.child_of_territory == 0
    given = float(((flows - foreign) * drained)[is_a].sum() + (foreign * drained)[~is_a].sum())
    return back - given


def _rest_network(circulation: Circulation, flows: Reals) -> Network:
    """The undivided state in the ward with every region's whole resting flow brought in."""
    w = circulation.wiring
    network = circulation.network("held", "closed", phase="ward")
    inflow, is_open = network.inflow.copy(), network.is_open.copy()
    inflow[w.territory_nodes] = flows
    is_open[w.foreign_beds] = False
    return replace(network, inflow=inflow, is_open=is_open)


def _with_beds(circulation: Circulation, flows: Reals) -> Circulation:
    """Size the beds by the resting state in the ward, where every region carries its resting flow."""
    w, share = circulation.wiring, circulation.values.scalar["crossing_artery_share"]
    if not len(w.bed_edges):
        return circulation
    network = _rest_network(circulation, flows)
    fed = np.flatnonzero(w.fed_by_other)
    rest = solve(network).pressure[w.territory_nodes]
    reference = circulation.values.scalar["venous_reference"]
    rest = np.where(np.isnan(rest), reference, rest)
    arterial = network.fixed[w.source_of_territory]
    drive = np.maximum(arterial - rest, LEAST_DRIVE_MMHG)
    own = np.maximum(circulation.own_flow, 1 / NEARLY_CLOSED)
    resistance = circulation.resistance.copy()
    resistance[w.bed_edges] = drive / own
    if len(fed):
        given = np.maximum(
            share * flows[w.region_of_foreign_bed] / w.arteries_of_foreign_bed, 1 / NEARLY_CLOSED
        )
        resistance[w.foreign_beds] = drive[w.region_of_foreign_bed] / given
    return replace(
        circulation, resistance=resistance, bed_resistance=resistance[w.bed_edges], rest_pressure=rest
    )
