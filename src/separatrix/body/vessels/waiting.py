"""What waiting between operations does to the pair: collaterals grow by an assumed law, or clot spreads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from separatrix.body.vessels.circulation import BEDS, Beds
from separatrix.body.vessels.growth import Growth, adapted, reference_flows
from separatrix.body.vessels.model import Ints, Network, Reals, VesselGraph, VesselKind
from separatrix.body.vessels.situation import Situation
from separatrix.core import generator
from separatrix.evidence import EvidenceReader

_SINUS = (VesselKind.CIRCUMFERENTIAL_SINUS, VesselKind.DURAL_SINUS)
_GROWS = (VesselKind.BRIDGING_VEIN, VesselKind.CORTICAL_VEIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """How collaterals answer to what was closed."""

    name: str
    rate: float
    """Growth per unit of excess flow, the share reached by the next operation counted in."""
    most: float
    clot_at: str = ""
    """Closed vessel whose neighbouring sinus pieces clot while the children wait; empty for none."""


def central_law(evidence: EvidenceReader) -> Law:
    """The law at the assumptions' values."""
    reached = evidence.number("division.growth.reached")
    return Law(
        name="growth as assumed",
        rate=reached * evidence.number("division.growth.alpha"),
        most=1 + reached * (evidence.number("division.growth.limit") - 1),
    )


def drawn_laws(evidence: EvidenceReader, seed: int, closed_early: Sequence[str]) -> Iterator[Law]:
    """No growth, clot at each vessel closed early, then draws over the assumptions' ranges."""
    middle = central_law(evidence)
    yield Law(name="no growth", rate=0.0, most=1.0)
    for vessel in closed_early:
        yield replace(middle, name=f"clot at {vessel}", clot_at=vessel)
    names = ("division.growth.alpha", "division.growth.limit", "division.growth.reached")
    spans = []
    for name in names:
        entry = evidence.entry(name)
        value = evidence.number(name)
        spans.append((value if entry.low is None else entry.low, value if entry.high is None else entry.high))
    for index in range(evidence.count("division.growth_draws")):
        random = generator(seed, "vessels", "growth", index)
        rate, most, reached = (float(random.uniform(low, high)) for low, high in spans)
        yield Law(name=f"draw {index}", rate=reached * rate, most=1 + reached * (most - 1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grower:
    """What may grow or clot in a pair, prepared once."""

    situation: Situation
    edges: Ints
    """Of the circulation: pial, deep and emissary ways, cortical and bridging veins."""
    reference: dict[Beds, Reals]
    beside: dict[str, Ints]
    """Vessel to the sinus pieces that clot with it."""

    @classmethod
    def of(
        cls, situation: Situation, graph: VesselGraph, reference_share: float, *, spared: Sequence[str]
    ) -> Grower:
        """Prepare a pair; `spared` are the vessels of the plan, whose turn comes without clot."""
        w, circulation = situation.circulation.wiring, situation.circulation
        kinds = {e.id: e for e in graph.edges}
        veins = [i for v, i in circulation.edge_index.items() if kinds[v].kind in _GROWS]
        ways = [
            *w.deep_edges,
            *(e for e, _, _ in w.emissary_edges),
            *(e for e, _, _ in w.anastomoses),
            *veins,
        ]
        edges = np.array(sorted(map(int, ways)), dtype=np.int64)
        flows = [t.flow_ml_per_min for t in circulation.territories]
        floor = reference_share * (sum(flows) / len(flows) if flows else 1.0)
        return cls(
            situation=situation,
            edges=edges,
            reference={b: reference_flows(situation.networks[b], edges, floor) for b in BEDS},
            beside={
                e.id: _beside(e.id, graph, circulation.edge_index, spared) for e in graph.edges if e.accepted
            },
        )

    def after(self, closed: Sequence[str], law: Law) -> Situation:
        """The pair after waiting with these vessels closed."""
        index = np.array([self.situation.circulation.edge_index[v] for v in closed], dtype=np.int64)
        growing = np.isin(self.edges, index, invert=True)
        networks: dict[Beds, Network] = {}
        for beds in BEDS:
            growth = Growth(
                edges=self.edges[growing],
                reference=self.reference[beds][growing],
                rate=law.rate,
                most=law.most,
            )
            grown = adapted(self.situation.networks[beds], index, np.arange(len(index)), growth)
            is_open = self.situation.networks[beds].is_open.copy()
            if law.clot_at in closed:
                is_open[self.beside[law.clot_at]] = False
            networks[beds] = replace(grown, is_open=is_open)
        circulation = replace(self.situation.circulation, resistance=networks["passive"].resistance)
        clotted = [
            v
            for v, i in self.situation.circulation.edge_index.items()
            if law.clot_at in closed and i in self.beside[law.clot_at]
        ]
        return replace(
            self.situation,
            networks=networks,
            circulation=circulation,
            gone=(*self.situation.gone, *clotted),
        )


def _beside(vessel: str, graph: VesselGraph, index: Mapping[str, int], spared: Sequence[str]) -> Ints:
    """Sinus pieces that touch a sinus piece."""
    by_id = {e.id: e for e in graph.edges}
    me = by_id[vessel]
    if me.kind not in _SINUS:
        return np.empty(0, dtype=np.int64)
    ends = {me.a, me.b}
    near = [
        e for e in graph.edges if e.id != vessel and e.kind is me.kind and e.accepted and ends & {e.a, e.b}
    ]
    return np.array([index[e.id] for e in near], dtype=np.int64)
