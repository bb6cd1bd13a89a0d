from __future__ import annotations

import itertools

import pytest
from tests.body.vessels.networks import GraphBuilder, ring_pair

from separatrix.body.vessels.assignment import build_assignment, still_joined
from separatrix.body.vessels.model import VesselKind
from separatrix.core import Owner, Twin


@pytest.mark.parametrize("seed", range(8))
def test_every_labelling_parts_the_children(seed: int) -> None:
    graph = ring_pair(ring=6, veins=3, crossings=4, seed=seed)
    choice = build_assignment(graph)
    assert still_joined(graph, ()) is not None
    for labels in itertools.product((0, 1), repeat=len(choice.free)):
        whole = choice.whole(labels)
        cut = choice.divided(whole)
        assert still_joined(graph, cut) is None
        owner = choice.owner_of_nodes(whole)
        for edge in graph.edges:
            assert (owner[edge.a] is not owner[edge.b]) == (edge.id in cut)


def test_no_divided_vessel_is_spared_without_joining_the_children() -> None:
    graph = ring_pair(ring=6, veins=3, crossings=4, seed=3)
    choice = build_assignment(graph)
    cut = choice.divided(choice.whole([0] * len(choice.free)))
    for spared in cut:
        assert still_joined(graph, set(cut) - {spared}) is not None


def test_free_nodes_along_a_vessel_are_no_choice_and_it_is_divided_where_it_is_narrowest() -> None:
    g = GraphBuilder()
    g.node("a", "A", "territory")
    for i in range(3):
        g.node(f"m{i}", "-")
    g.node("b", "B", "territory")
    ends = ["a", "m0", "m1", "m2", "b"]
    for i, radius in enumerate((1.0, 0.9, 0.6, 1.1)):
        g.vessel(f"e{i}", ends[i], ends[i + 1], radius=radius)
    choice = build_assignment(g.graph())
    assert len(choice.free) == 0
    assert choice.divided(choice.label) == ("e2",)
    owner = choice.owner_of_nodes(choice.label)
    assert [owner[n].value for n in ends] == ["A", "A", "A", "B", "B"]


def test_a_ring_that_no_vein_joins_is_no_choice() -> None:
    choice = build_assignment(ring_pair(ring=5, veins=1, crossings=0, seed=1))
    attached = {0, 2}
    graph = ring_pair(ring=5, veins=1, crossings=0, seed=1)
    for edge in graph.edges:
        if edge.kind is VesselKind.BRIDGING_VEIN and edge.b.startswith("r"):
            attached.add(int(edge.b[1:]))
    assert len(choice.free) == len(attached)


def test_a_wished_node_and_an_uncut_vessel_bind_their_ends() -> None:
    graph = ring_pair(ring=6, veins=2, crossings=2, seed=5)
    choice = build_assignment(graph, uncut=["R1"], given={"r1": Twin.B})
    (group,) = [g for g, nodes in enumerate(choice.groups) if "r1" in nodes]
    assert "r2" in choice.groups[group]
    assert choice.label[group] == 1
    for labels in itertools.product((0, 1), repeat=len(choice.free)):
        assert "R1" not in choice.divided(choice.whole(labels))


def test_a_vessel_between_both_childrens_own_that_is_to_stay_whole_is_a_clash() -> None:
    graph = ring_pair(ring=6, veins=2, crossings=2, seed=5)
    owner = {n.id: n.owner for n in graph.nodes}
    (edge, *_) = [e for e in graph.edges if {owner[e.a], owner[e.b]} == {Owner.A, Owner.B}]
    (clash,) = build_assignment(graph, uncut=[edge.id]).clashes
    assert {owner[n] for n in clash} == {Owner.A, Owner.B}
    assert owner[clash[0]] is Owner.A


def test_a_contact_that_nobody_accepted_and_a_closed_vessel_join_nobody() -> None:
    from dataclasses import replace

    graph = ring_pair(ring=4, veins=2, crossings=2, seed=2)
    touching = replace(graph, edges=tuple(replace(e, accepted=False) for e in graph.edges))
    assert still_joined(touching, ()) is None
    assert still_joined(graph, [e.id for e in graph.edges]) is None
    assert "XV0" not in {v for c in build_assignment(graph, closed=["XV0"]).chains for v in c.edges}
