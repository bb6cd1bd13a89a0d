"""Small circulations of two children, made by hand or at random, as vessel graphs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from separatrix.body.vessels.circulation import CirculationInputs, prepare_circulation
from separatrix.body.vessels.model import Edge, Node, VesselGraph, VesselKind
from separatrix.case import Case, CaseFile, evidence_for
from separatrix.core import Owner

OWNER = {"A": Owner.A, "B": Owner.B, "-": Owner.SHARED}


class GraphBuilder:
    """Builds a graph from one line per node and vessel."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []

    def node(self, name: str, owner: str, kind: str = "junction") -> str:
        self.nodes.append(Node(id=name, kind=kind, owner=OWNER[owner]))
        return name

    def vessel(
        self,
        name: str,
        a: str,
        b: str,
        *,
        radius: float | tuple[float, ...] = 1.0,
        length: float = 20.0,
        kind: VesselKind = VesselKind.BRIDGING_VEIN,
        sd: float = 0.1,
    ) -> str:
        owner = {n.id: n.owner for n in self.nodes}
        ends = {owner[a], owner[b]}
        crossing = Owner.SHARED in ends or len(ends) > 1
        self.edges.append(
            Edge(
                id=name,
                a=a,
                b=b,
                kind=kind,
                owner=ends.pop() if len(ends) == 1 else Owner.SHARED,
                crossing=crossing and kind in (VesselKind.CIRCUMFERENTIAL_SINUS, VesselKind.CORTICAL_VEIN),
                length_mm=length,
                radius_mm=radius if isinstance(radius, tuple) else (radius,),
                radius_sd_mm=sd,
            )
        )
        return name

    def graph(self) -> VesselGraph:
        return VesselGraph(nodes=tuple(self.nodes), edges=tuple(self.edges), viscosity_mPa_s=3.0)


def ring_pair(
    *,
    ring: int = 8,
    veins: int = 3,
    crossings: int = 3,
    seed: int = 1,
    shares: tuple[float, float] = (1.0, 1.0),
) -> VesselGraph:
    """Two children around one ring.

    Parameters
    ----------
    ring
        Junctions of the circumferential sinus.
    veins
        Bridging veins of each child, from a territory to a ring junction.
    crossings
        Cortical veins from a territory of one child to a vein of the other.
    shares
        Calibre of A's and B's own way out, relative.
    """
    random = np.random.default_rng(seed)
    g = GraphBuilder()
    for i in range(ring):
        g.node(f"r{i}", "-")
    for i in range(ring):
        g.vessel(
            f"R{i}",
            f"r{i}",
            f"r{(i + 1) % ring}",
            radius=float(random.uniform(1.4, 2.2)),
            length=12.0,
            kind=VesselKind.CIRCUMFERENTIAL_SINUS,
        )
    for child, at, share in (("A", 0, shares[0]), ("B", ring // 2, shares[1])):
        g.node(f"{child}-torcula", child)
        g.node(f"{child}-jugular", child, "jugular")
        g.vessel(f"{child}-SSS", f"r{at}", f"{child}-torcula", radius=2.0 * share, length=50.0,
                 kind=VesselKind.DURAL_SINUS)  # fmt: skip
        g.vessel(f"{child}-TS", f"{child}-torcula", f"{child}-jugular", radius=2.2 * share, length=80.0,
                 kind=VesselKind.DURAL_SINUS)  # fmt: skip
        for v in range(veins):
            g.node(f"{child}{v}", child, "territory")
            g.node(f"{child}{v}-mid", child)
            place = int(random.integers(ring))
            g.vessel(f"{child}-BV{v}a", f"{child}{v}", f"{child}{v}-mid", length=12.0,
                     radius=float(random.uniform(0.8, 1.2)))  # fmt: skip
            g.vessel(f"{child}-BV{v}b", f"{child}{v}-mid", f"r{place}", length=18.0,
                     radius=float(random.uniform(0.9, 1.4)))  # fmt: skip
    for c in range(crossings):
        mine, other = ("A", "B") if c % 2 == 0 else ("B", "A")
        ends = f"{mine}{int(random.integers(veins))}", f"{other}{int(random.integers(veins))}-mid"
        radius = float(random.uniform(0.5, 0.9))
        g.vessel(f"XV{c}", *ends, radius=radius, length=25.0, kind=VesselKind.CORTICAL_VEIN)
    return g.graph()


def hand_case(**sections: Any) -> Case:
    """A case without imaging; nothing is read from disk."""
    file = CaseFile.model_validate({"format": 1, "id": "hand", "born": "2026-01-05", **sections})
    return Case(Path("hand"), file)


def inputs_of(graph: VesselGraph, **sections: Any) -> CirculationInputs:
    """The circulation of a graph without images."""
    case = hand_case(**sections)
    return prepare_circulation(graph, case=case, anatomy=None, evidence=evidence_for(case))
