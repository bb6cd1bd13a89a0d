"""Who may get what: every node of the vessels to A or to B, and the vessels to be divided for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from separatrix.body.vessels.model import Edge, Ints, VesselGraph, VesselKind
from separatrix.core import Owner, Twin

FREE = -1
"""Label of what may go to either child; A is 0 and B is 1."""

LABEL = {Twin.A: 0, Twin.B: 1}

TWIN_OF = (Twin.A, Twin.B)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A course of vessel pieces between two junctions, divided at one place if at all."""

    a: int
    """Index of the group it begins in."""
    b: int
    edges: tuple[str, ...]
    """From `a` to `b`."""
    nodes: tuple[str, ...]
    """Between the edges: one fewer than those."""
    cut: int
    """Index in `edges` of the piece to divide: the narrowest that may be."""

    @property
    def vessel(self) -> str:
        """The piece to divide."""
        return self.edges[self.cut]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assignment:
    """The choice as a labelling: groups of nodes that go together, and the chains between them."""

    groups: tuple[tuple[str, ...], ...]
    label: Ints
    """(g,) 0 for A, 1 for B, `FREE`."""
    chains: tuple[Chain, ...]
    clashes: tuple[tuple[str, str], ...] = ()
    """Node of A and node of B that were asked to stay together."""

    @property
    def free(self) -> Ints:
        """Indices of the groups to decide on."""
        return np.flatnonzero(self.label == FREE)

    def whole(self, free_labels: Sequence[int] | Ints) -> Ints:
        """Labels of all groups, from those of the free ones."""
        labels = self.label.copy()
        labels[self.free] = free_labels
        return labels

    def divided(self, labels: Ints) -> tuple[str, ...]:
        """Vessels whose ends differ, in the order of `chains`."""
        return tuple(c.vessel for c in self.chains if labels[c.a] != labels[c.b])

    def owner_of_nodes(self, labels: Ints) -> dict[str, Twin]:
        """Child of every node, those within a divided chain by the side of the cut they lie on."""
        owner = {
            node: TWIN_OF[int(label)]
            for nodes, label in zip(self.groups, labels, strict=True)
            for node in nodes
        }
        for chain in self.chains:
            ends = TWIN_OF[int(labels[chain.a])], TWIN_OF[int(labels[chain.b])]
            owner |= {n: ends[0] if i < chain.cut else ends[1] for i, n in enumerate(chain.nodes)}
        return owner


def flowing(graph: VesselGraph) -> tuple[Edge, ...]:
    """Edges that carry blood: contacts that nobody accepted are none."""
    return tuple(e for e in graph.edges if e.accepted)


def build_assignment(
    graph: VesselGraph,
    *,
    uncut: Iterable[str] = (),
    given: Mapping[str, Twin] | None = None,
    closed: Iterable[str] = (),
) -> Assignment:
    """The choice that a graph leaves.

    A node of one child's own vessels stays that child's; every other node is free. Free nodes that merely
    lie along a vessel are no choice of their own: wherever a chain of pieces between two junctions is
    divided, no blood passes, so it is divided where it is narrowest.

    Parameters
    ----------
    graph
        Vessels of both children.
    uncut
        Ids of edges that are not to be divided: their ends go to the same child.
    given
        Child of a node or of both ends of an edge, by id, as the surgeon wishes.
    closed
        Ids of edges that carry nothing any more: they join nobody.
    """
    gone, kept = set(closed), set(uncut)
    edges = [e for e in flowing(graph) if e.id not in gone]
    label = _fixed_labels(graph, edges, given or {})
    member, clashes = _merged(graph, [e for e in edges if e.id in kept], label)
    return _contracted([e for e in edges if e.id not in kept], member, label, clashes)


def _fixed_labels(graph: VesselGraph, edges: Sequence[Edge], given: Mapping[str, Twin]) -> dict[str, int]:
    own = {Owner.A: 0, Owner.B: 1}
    label = {n.id: own.get(n.owner, FREE) for n in graph.nodes}
    ends = {e.id: (e.a, e.b) for e in edges}
    for name, twin in given.items():
        for node in ends.get(name, (name,)):
            if label.get(node) == FREE:
                label[node] = LABEL[twin]
    return label


def _merged(
    graph: VesselGraph, kept: Sequence[Edge], label: dict[str, int]
) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Representative of each node, nodes joined by an edge to be kept having one; and clashes."""
    parent = {n.id: n.id for n in graph.nodes}

    def root(node: str) -> str:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    clashes = []
    for edge in kept:
        a, b = root(edge.a), root(edge.b)
        if a == b:
            continue
        if FREE not in (label[a], label[b]) and label[a] != label[b]:
            clashes.append((edge.a, edge.b) if label[a] == 0 else (edge.b, edge.a))
            continue
        if label[a] == FREE:
            label[a] = label[b]
        parent[b] = a
    return {node: root(node) for node in parent}, tuple(clashes)


def _contracted(
    edges: Sequence[Edge],
    member: Mapping[str, str],
    label: Mapping[str, int],
    clashes: tuple[tuple[str, str], ...],
) -> Assignment:
    at: dict[str, list[Edge]] = defaultdict(list)
    loose = [e for e in edges if member[e.a] != member[e.b]]
    for edge in loose:
        at[member[edge.a]].append(edge)
        at[member[edge.b]].append(edge)
    size: dict[str, int] = defaultdict(int)
    for node in member.values():
        size[node] += 1
    joints = [
        node
        for node in dict.fromkeys(member.values())
        if label[node] != FREE or len(at[node]) > 2 or size[node] > 1
    ]
    if not joints and loose:  # a ring and nothing else
        joints = [member[loose[0].a]]
    index = {node: i for i, node in enumerate(joints)}
    walks = list(_walks(joints, index, at, member))
    chains = [_chain(index, nodes, course) for nodes, course in walks]
    inner = {node for nodes, _ in walks for node in nodes[1:-1]}
    groups: list[list[str]] = [[] for _ in joints]
    for node, top in member.items():
        if top in index:
            groups[index[top]].append(node)
        elif top not in inner and (home := _nearest(top, index, at, member)) is not None:
            groups[home].append(node)  # a blind end: it goes with what it hangs on
    return Assignment(
        groups=tuple(map(tuple, groups)),
        label=np.array([label[node] for node in joints], dtype=np.int64),
        chains=tuple(chains),
        clashes=clashes,
    )


def _walks(
    joints: Sequence[str],
    index: Mapping[str, int],
    at: Mapping[str, list[Edge]],
    member: Mapping[str, str],
) -> Iterator[tuple[list[str], list[Edge]]]:
    """Every course from joint to joint once: its nodes and its edges; blind courses left out."""
    seen: set[str] = set()
    for start in joints:
        for first in at[start]:
            if first.id in seen:
                continue
            seen.add(first.id)
            nodes, course = [start], [first]
            while True:
                here = _other(course[-1], nodes[-1], member)
                nodes.append(here)
                if here in index:
                    yield nodes, course
                    break
                ahead = [e for e in at[here] if e.id != course[-1].id]
                if not ahead:
                    break
                seen.add(ahead[0].id)
                course.append(ahead[0])


def _other(edge: Edge, node: str, member: Mapping[str, str]) -> str:
    a, b = member[edge.a], member[edge.b]
    return b if a == node else a


def _chain(index: Mapping[str, int], nodes: list[str], course: list[Edge]) -> Chain:
    may = [i for i, e in enumerate(course) if e.kind is not VesselKind.GRAFT] or [0]
    cut = min(may, key=lambda i: (not course[i].crossing, min(course[i].radius_mm), i))
    return Chain(
        a=index[nodes[0]],
        b=index[nodes[-1]],
        edges=tuple(e.id for e in course),
        nodes=tuple(nodes[1:-1]),
        cut=cut,
    )


def _nearest(
    node: str, index: Mapping[str, int], at: Mapping[str, list[Edge]], member: Mapping[str, str]
) -> int | None:
    """The joint that a blind course leads to."""
    front, seen = [node], {node}
    while front:
        here = front.pop()
        if here in index:
            return index[here]
        for edge in at[here]:
            beyond = _other(edge, here, member)
            if beyond not in seen:
                seen.add(beyond)
                front.append(beyond)
    return None


def still_joined(graph: VesselGraph, closed: Iterable[str]) -> tuple[str, str] | None:
    """A territory or outlet of A and one of B that a path still joins; None where the children are apart.

    Parameters
    ----------
    graph
        Vessels of both children.
    closed
        Ids of edges that are divided.
    """
    gone = set(closed)
    beyond: dict[str, list[str]] = defaultdict(list)
    for edge in flowing(graph):
        if edge.id not in gone:
            beyond[edge.a].append(edge.b)
            beyond[edge.b].append(edge.a)
    owner = {n.id: n.owner for n in graph.nodes}
    seen: dict[str, str] = {}
    for start in (n.id for n in graph.nodes if n.owner is Owner.A):
        front = [] if start in seen else [start]
        while front:
            here = front.pop()
            if here in seen:
                continue
            seen[here] = start
            if owner[here] is Owner.B:
                return start, here
            front.extend(beyond[here])
    return None
