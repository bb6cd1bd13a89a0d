"""How the circulation hangs together: vessels of the graph, and what hangs on them, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from separatrix.body.anatomy import Anatomy
from separatrix.body.vessels.model import Bools, Edge, Ints, Node, Reals, VesselGraph, VesselKind
from separatrix.body.vessels.parameters import Range, age_months, brain_mass_by_age_g, parameter_ranges
from separatrix.body.vessels.poiseuille import RESISTANCE_FACTOR, inverse_fourth_power
from separatrix.body.vessels.posture import column_mmHg_per_cm
from separatrix.body.vessels.territories import (
    TWIN_OF_OWNER,
    neighbours,
    region_name,
    region_volumes_ml,
    territory_nodes,
)
from separatrix.case import Case
from separatrix.core import Fault, InputError, Twin, Unknown
from separatrix.evidence import EvidenceReader

SINUS_KINDS = (VesselKind.CIRCUMFERENTIAL_SINUS, VesselKind.DURAL_SINUS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A territory before any number is drawn."""

    node: str
    twin: Twin
    name: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wiring:
    """Nodes and edges of the circulation; vessels of the graph come first."""

    node_ids: tuple[str, ...]
    edge_ids: tuple[str, ...]
    a: Ints
    b: Ints
    edge_index: Mapping[str, int]
    graph_edges: Ints
    """(v,) index in the graph of each vessel carried."""
    unit_resistance: Reals
    """(v,) mmHg min/ml at a viscosity of 1 mPa s."""
    child_of_vessel: tuple[Twin | None, ...]
    """(v,) None where shared."""
    collapsible: Ints
    """Bridging veins where they enter a sinus."""
    cortex_at_b: Bools
    """(collapsible,) whether the vein's cortical end is its `b`."""
    regions: tuple[Region, ...]
    volumes_ml: tuple[float, ...]
    territory_nodes: Ints
    source_of_territory: Ints
    """(territories,) node of the child's arteries."""
    bed_edges: Ints
    """(territories,) own arteries to territory."""
    deep_edges: Ints
    """(territories,)"""
    emissary_edges: tuple[tuple[int, Twin, float], ...]
    """Edge, child, share of the child's emissary outflow."""
    anastomoses: tuple[tuple[int, int, int], ...]
    """Edge and the two regions."""
    foreign_beds: Ints
    """Arteries of the other child that end in a region."""
    region_of_foreign_bed: Ints
    arteries_of_foreign_bed: Reals
    """How many such arteries its region has."""
    fed_by_other: Bools
    """(territories,) whether an artery of the other child ends there."""
    held_nodes: tuple[tuple[int, Twin, bool], ...]
    """Node, child, whether arterial; held at that child's arterial or venous pressure."""
    outlets: Mapping[str, Twin]
    brain_density: float
    mmHg_per_cm: float
    dura_open_mmHg: float
    may_shift_cvp: tuple[Twin, ...]
    """Children whose central venous pressure may move to balance the two at rest; empty: no balance."""
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Lists:
    """Nodes and edges as they are laid."""

    nodes: dict[str, int] = field(default_factory=dict)
    edges: list[str] = field(default_factory=list)
    a: list[int] = field(default_factory=list)
    b: list[int] = field(default_factory=list)

    def node(self, name: str) -> int:
        return self.nodes.setdefault(name, len(self.nodes))

    def edge(self, name: str, a: int, b: int) -> int:
        self.edges.append(name)
        self.a.append(a)
        self.b.append(b)
        return len(self.edges) - 1


def prepare_wiring(
    graph: VesselGraph, *, case: Case, anatomy: Anatomy | None, evidence: EvidenceReader
) -> tuple[Wiring, dict[str, Range]]:
    """Lay the circulation out, and read every number with its range.

    Raises
    ------
    InputError
        If a vessel has no length or a radius not above zero, or a jugular end belongs to no one child.
    """
    _check(graph)
    by_twin = territory_nodes(graph)
    notes: list[str] = []
    brain_ml = _whole_brain_ml(case, evidence)
    regions: list[Region] = []
    volumes: list[float] = []
    pairs: list[tuple[int, int]] = []
    for twin in Twin:
        nodes = by_twin[twin]
        found, how = region_volumes_ml(nodes, twin, anatomy, brain_ml)
        count = evidence.count("flow.anastomosis_neighbours")
        pairs += [(i + len(regions), j + len(regions)) for i, j in neighbours(nodes, count)]
        frames = anatomy.frames if anatomy is not None else {}
        regions += [Region(node=n.id, twin=twin, name=region_name(n, twin, frames)) for n in nodes]
        volumes += found
        notes.append(
            f"{twin.value} {twin.mark}: {sum(found):.0f} ml of brain in {len(nodes)} regions ({how})"
            if nodes
            else f"{twin.value} {twin.mark}: the graph has no region that a vein drains"
        )
    wiring = _lay(graph, tuple(regions), tuple(volumes), pairs, evidence, notes)
    return wiring, parameter_ranges(graph, case, evidence)


def _whole_brain_ml(case: Case, evidence: EvidenceReader) -> float:
    mass = brain_mass_by_age_g(evidence, age_months(case, evidence))
    return mass / evidence.number("flow.brain_density")


def _check(graph: VesselGraph) -> None:
    faults = []
    for n, edge in enumerate(graph.edges):
        if not edge.accepted:
            continue
        place = f"edges[{n}] ({edge.id})"
        if not edge.radius_mm or min(edge.radius_mm) <= 0:
            faults.append(
                Fault(
                    field=f"{place}.radius_mm",
                    problem=f"found {list(edge.radius_mm)}",
                    expected="radii above 0 mm",
                    mend="measure it, or delete the vessel",
                )
            )
        if edge.length_mm <= 0:
            faults.append(
                Fault(field=f"{place}.length_mm", problem=f"found {edge.length_mm:g}", expected="above 0 mm")
            )
    for n, node in enumerate(graph.nodes):
        if is_jugular(node) and node.owner not in TWIN_OF_OWNER:
            faults.append(
                Fault(
                    field=f"nodes[{n}] ({node.id}).owner",
                    problem="a jugular vein that belongs to no one child",
                    expected="A or B",
                )
            )
    if faults:
        raise InputError(*faults)


def is_jugular(node: Node) -> bool:
    """Whether blood leaves to a heart here."""
    return node.kind.startswith("jugular")


def _lay(
    graph: VesselGraph,
    regions: tuple[Region, ...],
    volumes: tuple[float, ...],
    pairs: list[tuple[int, int]],
    evidence: EvidenceReader,
    notes: list[str],
) -> Wiring:
    lists = _Lists()
    carried = [n for n, e in enumerate(graph.edges) if e.accepted]
    place = _merge_arteries(graph)
    for n in carried:
        e = graph.edges[n]
        lists.edge(e.id, lists.node(place.get(e.a, e.a)), lists.node(place.get(e.b, e.b)))
    sources = {t: lists.node(_source(t)) for t in Twin}
    hearts = {t: lists.node(f"right heart {t.value}") for t in Twin}
    territory = [lists.node(r.node) for r in regions]
    bridges = _bridges_into_sinus(graph, carried)
    beds = [lists.edge(f"bed {r.node}", sources[r.twin], i) for r, i in zip(regions, territory, strict=True)]
    deep = [lists.edge(f"deep {r.node}", i, hearts[r.twin]) for r, i in zip(regions, territory, strict=True)]
    anastomoses = [
        (lists.edge(f"pial {regions[i].node} {regions[j].node}", territory[i], territory[j]), i, j)
        for i, j in pairs
    ]
    emissary = _lay_emissaries(graph, lists, hearts)
    foreign = _lay_foreign_beds(graph, regions, place, lists, territory, notes)
    outlets = {n.id: TWIN_OF_OWNER[n.owner] for n in graph.nodes if is_jugular(n) and n.id in lists.nodes}
    notes += _outlet_notes(outlets)
    region_of_foreign = np.array([r for _, r in foreign], dtype=np.int64)
    count = np.bincount(region_of_foreign, minlength=len(regions))
    return Wiring(
        node_ids=tuple(lists.nodes),
        edge_ids=tuple(lists.edges),
        a=np.array(lists.a, dtype=np.int64),
        b=np.array(lists.b, dtype=np.int64),
        edge_index={graph.edges[n].id: i for i, n in enumerate(carried)},
        graph_edges=np.array(carried, dtype=np.int64),
        unit_resistance=np.array([_unit_resistance(graph.edges[n]) for n in carried]),
        child_of_vessel=tuple(TWIN_OF_OWNER.get(graph.edges[n].owner) for n in carried),
        collapsible=np.array(list(bridges), dtype=np.int64),
        cortex_at_b=np.array(list(bridges.values()), dtype=bool),
        regions=regions,
        volumes_ml=volumes,
        territory_nodes=np.array(territory, dtype=np.int64),
        source_of_territory=np.array([sources[r.twin] for r in regions], dtype=np.int64),
        bed_edges=np.array(beds, dtype=np.int64),
        deep_edges=np.array(deep, dtype=np.int64),
        emissary_edges=tuple(emissary),
        anastomoses=tuple(anastomoses),
        foreign_beds=np.array([e for e, _ in foreign], dtype=np.int64),
        region_of_foreign_bed=region_of_foreign,
        arteries_of_foreign_bed=count[region_of_foreign].astype(np.float64),
        fed_by_other=count > 0,
        held_nodes=_held_nodes(sources, hearts, {lists.nodes[n]: t for n, t in outlets.items()}),
        outlets={**outlets, **{f"right heart {t.value}": t for t in Twin}},
        brain_density=evidence.number("flow.brain_density"),
        mmHg_per_cm=column_mmHg_per_cm(evidence),
        dura_open_mmHg=evidence.number("flow.dura_open_pressure"),
        may_shift_cvp=_may_shift_cvp(evidence),
        notes=tuple(notes),
    )


def _held_nodes(
    sources: Mapping[Twin, int], hearts: Mapping[Twin, int], jugulars: Mapping[int, Twin]
) -> tuple[tuple[int, Twin, bool], ...]:
    return (
        *((sources[t], t, True) for t in Twin),
        *((hearts[t], t, False) for t in Twin),
        *((n, t, False) for n, t in jugulars.items()),
    )


def _may_shift_cvp(evidence: EvidenceReader) -> tuple[Twin, ...]:
    """Children whose central venous pressure nobody measured, where the two are to be balanced."""
    if not evidence.flag("flow.balanced_at_rest"):
        return ()
    return tuple(t for t in Twin if isinstance(evidence.entry(f"flow.cvp.{t.value}").value, Unknown))


def _source(twin: Twin) -> str:
    return f"arteries {twin.value}"


def _unit_resistance(edge: Edge) -> float:
    return RESISTANCE_FACTOR * inverse_fourth_power(edge.length_mm, edge.radius_mm)


def _merge_arteries(graph: VesselGraph) -> dict[str, str]:
    """Nodes of a child's own arteries: all at its arterial pressure.

    Images do not tell the calibre of thin arteries well enough to reckon their losses, and a bed's resting
    flow is given; so each child's own tree is one source, and only what crosses is reckoned.
    """
    place = {}
    for edge in graph.edges:
        twin = TWIN_OF_OWNER.get(edge.owner)
        if edge.kind is VesselKind.ARTERY and edge.accepted and not edge.crossing and twin is not None:
            place[edge.a] = place[edge.b] = _source(twin)
    return place


def _bridges_into_sinus(graph: VesselGraph, carried: list[int]) -> dict[int, bool]:
    """Bridging veins where they enter a sinus, and whether their cortical end is `b`."""
    sinus = {n for e in graph.edges if e.accepted and e.kind in SINUS_KINDS for n in (e.a, e.b)}
    found = {}
    for i, n in enumerate(carried):
        edge = graph.edges[n]
        if edge.kind is VesselKind.BRIDGING_VEIN and (edge.a in sinus) != (edge.b in sinus):
            found[i] = edge.a in sinus
    return found


def _lay_emissaries(
    graph: VesselGraph, lists: _Lists, hearts: Mapping[Twin, int]
) -> list[tuple[int, Twin, float]]:
    """One small outlet from each node of a child's own sinuses, all of them alike.

    None where such a sinus enters what is shared: when that place goes to the other child, an outlet there
    would still join the two.
    """
    owner = {n.id: TWIN_OF_OWNER.get(n.owner) for n in graph.nodes}
    found = []
    for twin in Twin:
        nodes = sorted(
            {
                n
                for e in graph.edges
                if e.accepted and e.kind is VesselKind.DURAL_SINUS and TWIN_OF_OWNER.get(e.owner) is twin
                for n in (e.a, e.b)
                if owner[n] is twin
            }
        )
        for name in nodes:
            edge = lists.edge(f"emissary {twin.value} {name}", lists.nodes[name], hearts[twin])
            found.append((edge, twin, 1 / len(nodes)))
    return found


def _lay_foreign_beds(
    graph: VesselGraph,
    regions: tuple[Region, ...],
    place: Mapping[str, str],
    lists: _Lists,
    territory: list[int],
    notes: list[str],
) -> list[tuple[int, int]]:
    """Beds at the free ends of arteries that cross: the nearest region of the child they end in."""
    ends: dict[str, int] = {}
    for edge in graph.edges:
        if edge.kind is VesselKind.ARTERY and edge.accepted and edge.crossing:
            for name in (edge.a, edge.b):
                ends[name] = ends.get(name, 0) + 1
    nodes = {n.id: n for n in graph.nodes}
    found = []
    for name, degree in ends.items():
        twin = TWIN_OF_OWNER.get(nodes[name].owner) if name in nodes else None
        if degree != 1 or name in place or twin is None:
            continue
        region = _nearest_region(nodes[name], twin, regions, nodes)
        if region is None:
            notes.append(f"artery end {name}: no region of {twin.value} to feed; it carries no blood")
            continue
        found.append(
            (
                lists.edge(f"bed {regions[region].node} from {name}", lists.nodes[name], territory[region]),
                region,
            )
        )
    return found


def _nearest_region(
    node: Node, twin: Twin, regions: tuple[Region, ...], nodes: Mapping[str, Node]
) -> int | None:
    own = [i for i, r in enumerate(regions) if r.twin is twin]
    if not own:
        return None
    here = node.xyz_mm
    places = [nodes[regions[i].node].xyz_mm for i in own]
    if here is None or any(p is None for p in places):
        return own[0]
    far = [float(np.linalg.norm(np.subtract(p, here))) for p in places if p is not None]
    return own[int(np.argmin(far))]


def _outlet_notes(outlets: Mapping[str, Twin]) -> list[str]:
    return [
        f"{t.value} {t.mark}: the graph shows no jugular vein; its blood leaves by the other outlets and the "
        "other child only"
        for t in Twin
        if t not in outlets.values()
    ]
