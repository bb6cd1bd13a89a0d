"""A graph edited by hand: held against the images, told in words, and contacts that a team accepts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from separatrix.body.vessels.graph_io import load_graph
from separatrix.body.vessels.model import Edge, Node, Reals, VesselGraph, VesselKind
from separatrix.case import Case
from separatrix.core import Fault, Grid, InputError, near_names
from separatrix.evidence import EvidenceReader

BY_HAND = "by hand"
"""Mark of a vessel that the label map does not show: its nodes may lie anywhere in the images."""

EDITED = "edited"
"""Mark of a vessel that differs from what the images gave."""

_MOVED_MM = 0.05
"""A node moved, or a length or radius changed, by less is not called edited."""


def edited_graph(
    case: Case, from_images: VesselGraph | None, grid: Grid | None, *, evidence: EvidenceReader
) -> VesselGraph | None:
    """Read the graph that a case gives by hand, held against the images; None where it gives none.

    Parameters
    ----------
    case
        For ``vessels.graph``.
    from_images
        What the images gave; None where there are none.
    grid
        Of the images.

    Returns
    -------
    VesselGraph or None
        As given, its `edits` telling what differs from the images' graph, and the vessels marked.

    Raises
    ------
    InputError
        With every fault: of the file, or where it no longer fits the images.
    """
    told = case.file.vessels.graph
    if told is None:
        return None
    graph = load_graph(case.folder / told, named=told)
    if from_images is None:
        return graph
    reach = evidence.number("flow.graph.edit_reach")
    faults = list(misfits(graph, from_images, grid, file=told, reach_mm=reach))
    if faults:
        raise InputError(*faults)
    changed = _changed_edges(from_images, graph)
    edges = tuple(
        replace(e, marks=(*e.marks, EDITED)) if e.id in changed and EDITED not in e.marks else e
        for e in graph.edges
    )
    return replace(graph, edges=edges, edits=differences(from_images, graph), dropped=from_images.dropped)


def misfits(
    graph: VesselGraph, from_images: VesselGraph, grid: Grid | None, *, file: str, reach_mm: float
) -> list[Fault]:
    """Every place where a graph no longer fits the images.

    A node must lie inside the images, and no further than `reach_mm` from a vessel that the images show,
    unless all its vessels are grafts or marked `BY_HAND`.
    """
    shown = np.array([p for e in from_images.edges for p in e.polyline_mm], dtype=np.float64)
    free = _free_nodes(graph)
    faults = []
    for i, node in enumerate(graph.nodes):
        place = f"nodes[{i}].xyz_mm"
        if node.xyz_mm is None:
            if node.id not in free:
                faults.append(
                    Fault(
                        file=file,
                        field=place,
                        problem=f"node {node.id} has no place",
                        expected="x, y, z in mm",
                    )
                )
            continue
        point = np.asarray(node.xyz_mm)
        if grid is not None and _outside(point, grid):
            faults.append(
                Fault(
                    file=file,
                    field=place,
                    problem=f"node {node.id} at {_told(point)} lies outside the images",
                    expected="a place inside the scanned volume, in patient LPS mm",
                    mend="if the graph was made on other images, edit plan/vessels/graph.json anew",
                )
            )
        elif node.id not in free and len(shown):
            far = float(np.linalg.norm(shown - point, axis=1).min())
            if far > reach_mm:
                faults.append(
                    Fault(
                        file=file,
                        field=place,
                        problem=f"node {node.id} at {_told(point)} lies {far:.1f} mm from any vessel seen",
                        expected=f"at most {reach_mm:g} mm",
                        mend=f"correct it, or mark its vessels '{BY_HAND}' if the label map lacks them",
                    )
                )
    return faults


def _free_nodes(graph: VesselGraph) -> set[str]:
    """Nodes whose vessels are all made or told by hand."""
    bound = {
        n
        for e in graph.edges
        if e.kind is not VesselKind.GRAFT and BY_HAND not in e.marks
        for n in (e.a, e.b)
    }
    return {n.id for n in graph.nodes} - bound


def _outside(point: Reals, grid: Grid) -> bool:
    index = grid.mm_to_index(point)
    return bool((index < -0.5).any() or (index > np.array(grid.shape) - 0.5).any())


def _told(point: Reals) -> str:
    return "(" + ", ".join(f"{v:.1f}" for v in point) + ")"


def differences(before: VesselGraph, after: VesselGraph) -> tuple[str, ...]:
    """What differs between two graphs, in words, by name of node and vessel."""
    words: list[str] = []
    if abs(before.viscosity_mPa_s - after.viscosity_mPa_s) > 1e-9:
        words.append(f"viscosity {before.viscosity_mPa_s:g} → {after.viscosity_mPa_s:g} mPa s")
    old_nodes, new_nodes = {n.id: n for n in before.nodes}, {n.id: n for n in after.nodes}
    words += _names(old_nodes, new_nodes, "node")
    for name in old_nodes.keys() & new_nodes.keys():
        words += _node_words(old_nodes[name], new_nodes[name])
    old_edges, new_edges = {e.id: e for e in before.edges}, {e.id: e for e in after.edges}
    words += _names(old_edges, new_edges, "vessel")
    for name in old_edges.keys() & new_edges.keys():
        words += _edge_words(old_edges[name], new_edges[name])
    return tuple(sorted(words))


def _names(old: Mapping[str, object], new: Mapping[str, object], what: str) -> list[str]:
    return [
        *(f"{what} {n} added" for n in new if n not in old),
        *(f"{what} {n} taken out" for n in old if n not in new),
    ]


def _node_words(old: Node, new: Node) -> list[str]:
    words = []
    if old.xyz_mm is not None and new.xyz_mm is not None:
        moved = float(np.linalg.norm(np.subtract(new.xyz_mm, old.xyz_mm)))
        if moved > _MOVED_MM:
            words.append(f"moved by {moved:.1f} mm")
    if old.kind != new.kind:
        words.append(f"{old.kind} → {new.kind}")
    if old.owner is not new.owner:
        words.append(f"owner {old.owner.name} → {new.owner.name}")
    if old.name != new.name:
        words.append(f"called '{new.name}'")
    return [f"node {old.id}: {w}" for w in words]


def _edge_words(old: Edge, new: Edge) -> list[str]:
    words = []
    if (old.a, old.b) != (new.a, new.b):
        words.append(f"from {old.a}-{old.b} to {new.a}-{new.b}")
    for what in ("kind", "owner"):
        one, other = getattr(old, what), getattr(new, what)
        if one is not other:
            words.append(f"{what} {one.name.lower()} → {other.name.lower()}")
    if old.crossing != new.crossing:
        words.append("joins the children" if new.crossing else "no longer joins the children")
    if old.accepted != new.accepted:
        words.append("accepted as open" if new.accepted else "no longer accepted as open")
    if abs(old.length_mm - new.length_mm) > _MOVED_MM:
        words.append(f"length {old.length_mm:.1f} → {new.length_mm:.1f} mm")
    if _radii_differ(old.radius_mm, new.radius_mm):
        words.append(f"radius {_span(old.radius_mm)} → {_span(new.radius_mm)} mm")
    if abs(old.radius_sd_mm - new.radius_sd_mm) > _MOVED_MM / 10:
        words.append(f"doubt of the radius {old.radius_sd_mm:.2f} → {new.radius_sd_mm:.2f} mm")
    return [f"vessel {old.id}: {w}" for w in words]


def _radii_differ(old: Sequence[float], new: Sequence[float]) -> bool:
    return len(old) != len(new) or bool(np.abs(np.subtract(old, new)).max() > _MOVED_MM / 10)


def _span(radius: Iterable[float]) -> str:
    low, high = min(radius), max(radius)
    return f"{low:.2f}" if high - low < 5e-3 else f"{low:.2f}-{high:.2f}"


def _changed_edges(before: VesselGraph, after: VesselGraph) -> set[str]:
    old = {e.id: e for e in before.edges}
    return {e.id for e in after.edges if e.id not in old or _edge_words(old[e.id], e)}


def accept_contacts(graph: VesselGraph, names: Sequence[str]) -> VesselGraph:
    """Open the contacts that the team accepts (``vessels.accept_contacts``).

    Raises
    ------
    InputError
        With every name that is no contact of the graph.
    """
    contacts = [e.id for e in graph.edges if e.kind is VesselKind.CONTACT]
    faults = [
        Fault(
            field=f"vessels.accept_contacts[{i}]",
            problem=f"'{name}' is no contact of the vessel graph",
            expected=f"one of {', '.join(contacts)}" if contacts else "nothing: no vessels merely touch",
            mend=near_names(name, contacts),
        )
        for i, name in enumerate(names)
        if name not in contacts
    ]
    if faults:
        raise InputError(*faults)
    opened = set(names)
    edges = tuple(replace(e, accepted=True) if e.id in opened else e for e in graph.edges)
    told = tuple(f"vessel {n}: accepted as open" for n in dict.fromkeys(names))
    return replace(graph, edges=edges, edits=tuple(dict.fromkeys((*graph.edits, *told))))
