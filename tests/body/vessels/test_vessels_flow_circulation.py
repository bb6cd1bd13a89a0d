"""The circulation of both children against closed forms: beds, posture, outlets, arteries that cross."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.body.vessels.networks import GraphBuilder, hand_case, inputs_of, ring_pair

from separatrix.body.vessels.circulation import BEDS, DURAS, build_circulation
from separatrix.body.vessels.exchange import exchange, mixing_time_min
from separatrix.body.vessels.model import Node, VesselKind
from separatrix.body.vessels.parameters import cbf_by_age, map_by_age_mmHg
from separatrix.case import evidence_for
from separatrix.core import InputError, Owner, Twin, Unknown

PLAIN = {
    "flow.deep_share": 0.0, "flow.emissary_share": 0.0, "flow.anastomosis_share": 0.0,
    "flow.map.A": 50.0, "flow.map.B": 50.0, "flow.cvp.A": 4.0, "flow.cvp.B": 4.0,
    "flow.icp.A": 8.0, "flow.icp.B": 8.0,
    "flow.cbf.A": 50.0, "flow.cbf.B": 50.0, "flow.autoregulation_limit": 0.5,
}  # fmt: skip
"""No outlets but the graph's, and round numbers."""

UNIT = 8 / math.pi * 1e6 / 133.322 / 6e7
"""mmHg min/ml per (mPa s mm / mm⁴)."""

FLOW = 100.0 * 1.04 / 100 * 50
"""Resting flow of 100 ml of brain, ml/min."""


def apart(veins=(1.0, 1.0)):
    """Two children who share nothing: one region each, drained by veins of 20 mm side by side."""
    g = GraphBuilder()
    for c in "AB":
        g.node(c, c, "territory")
        g.node(f"{c}-jugular", c, "jugular")
        for i, radius in enumerate(veins):
            g.vessel(f"{c}v{i}", c, f"{c}-jugular", radius=radius)
    graph = g.graph()
    nodes = tuple(
        dataclasses.replace(n, volume_ml=100.0) if n.kind == "territory" else n for n in graph.nodes
    )
    return dataclasses.replace(graph, nodes=nodes)


def circulation_of(graph, **assumptions):
    """Assembled with the plain numbers and some others."""
    return inputs_of(graph, assumptions=team({**PLAIN, **assumptions})).assemble()


def team(values):
    return {key: {"value": value, "why": "test"} for key, value in values.items()}


def opened(circulation, *clamped):
    is_open = np.ones(len(circulation.wiring.edge_ids), dtype=bool)
    is_open[[circulation.edge_index[v] for v in clamped]] = False
    return is_open


def test_at_rest_both_kinds_of_bed_carry_the_resting_flow():
    circulation = circulation_of(apart())
    for beds in BEDS:
        state = circulation.state(beds, "closed", phase="ward")
        np.testing.assert_allclose(state.region_flow, FLOW)
        vein = 3.0 * UNIT * 20 / 2
        np.testing.assert_allclose(state.region_pressure, 4 + FLOW * vein)
        assert state.no_drainage == ()


def test_with_an_outlet_cut_beds_do_as_their_closed_form_says():
    """A thick vein of A closed, a thin one left: the held bed drives its pressure further up."""
    circulation = circulation_of(apart((1.0, 0.7)))
    thin, thick = 3.0 * UNIT * 20 / 0.7**4, 3.0 * UNIT * 20
    both = 1 / (1 / thin + 1 / thick)
    bed = (50 - 4 - FLOW * both) / FLOW
    is_open = opened(circulation, "Av0")
    passive = circulation.state("passive", "open", is_open=is_open)
    held = circulation.state("held", "open", is_open=is_open)
    assert passive.region_pressure[0] == pytest.approx(4 + 46 * thin / (thin + bed))
    assert held.region_pressure[0] == pytest.approx(4 + FLOW * thin)
    assert held.region_flow[0] == pytest.approx(FLOW)
    assert held.region_pressure[0] > passive.region_pressure[0]
    assert held.region_pressure[1] == pytest.approx(passive.region_pressure[1])


def test_a_held_bed_gives_way_in_proportion_below_its_limit():
    circulation = circulation_of(apart((1.0, 0.35)), **{"flow.icp.A": 5.0, "flow.icp.B": 5.0})
    thin, thick = 3.0 * UNIT * 20 / 0.35**4, 3.0 * UNIT * 20
    rest = 4 + FLOW / (1 / thin + 1 / thick)
    limit = 0.5 * (50 - max(rest, 5.0))
    assert 50 - (4 + FLOW * thin) < limit, "the case must leave the range of autoregulation"
    state = circulation.state("held", "closed", is_open=opened(circulation, "Av0"))
    flow = (50 - 4) / (limit / FLOW + thin)
    assert state.region_flow[0] == pytest.approx(flow)
    assert circulation.perfusion_mmHg(state)[0] == pytest.approx(flow / FLOW * limit)
    assert state.region_flow[0] < FLOW


def test_intracranial_pressure_stands_in_for_a_lower_venous_pressure():
    circulation = circulation_of(apart((3.0,)), **{"flow.icp.A": 30.0, "flow.autoregulation_limit": 0.8})
    closed, opened_dura = (circulation.state("held", d) for d in DURAS)
    assert circulation.perfusion_mmHg(closed)[0] == pytest.approx(20.0)
    assert circulation.perfusion_mmHg(opened_dura)[0] == pytest.approx(46.0, abs=0.1)


def test_a_region_without_outlet_is_a_result():
    circulation = circulation_of(apart())
    for beds in BEDS:
        state = circulation.state(beds, "closed", is_open=opened(circulation, "Av0", "Av1"))
        assert state.no_drainage == ("A",)
        assert state.region_flow[0] == 0
        assert state.region_flow[1] == pytest.approx(FLOW)
        assert np.isfinite(state.region_pressure).all()
    search = dataclasses.replace(
        circulation.network("held", "closed"),
        is_open=circulation.network("held", "closed").is_open & opened(circulation, "Av0", "Av1"),
    )
    from separatrix.body.vessels.solve import solve

    assert solve(search).undrained == ("A",)


def test_a_column_of_blood_that_does_not_flow_weighs_what_it_weighs():
    high = {"flow.heart_height.operation.A": -8.0, "flow.cvp.A": 20.0}
    circulation = circulation_of(apart(), **high, **{"flow.cbf.A": 1e-7})
    state = circulation.state("held", "open")
    assert state.region_pressure[0] == pytest.approx(20.0 - 8 * 0.77)


def test_a_tilt_lifts_one_heart_and_lowers_the_other():
    circulation = circulation_of(apart(), **{"flow.cvp.A": 20.0, "flow.cvp.B": 20.0})
    level, tilted = (circulation.state("held", "open", tilt) for tilt in (0.0, 10.0))
    rise = 25 * math.sin(math.radians(10)) * 0.77
    np.testing.assert_allclose(tilted.region_pressure - level.region_pressure, [rise, -rise])


def test_a_jugular_vein_collapses_to_the_pressure_outside_it():
    circulation = circulation_of(apart((3.0,)), **{"flow.heart_height.operation.A": -10.0})
    state = circulation.state("held", "open")
    assert state.region_pressure[0] == pytest.approx(0.0, abs=0.05)


def test_thicker_blood_drains_at_a_higher_pressure():
    twins = {"A": {"haematocrit": 0.46}, "B": {"haematocrit": 0.36}}
    circulation = inputs_of(apart(), assumptions=team(PLAIN), twins=twins).assemble()
    drop = circulation.state("held", "closed").region_pressure - 4
    assert drop[0] / drop[1] == pytest.approx(math.exp(0.23))


def test_crossed_drainage_is_told_and_balanced():
    g = GraphBuilder()
    for c, other in ("AB", "BA"):
        g.node(c, c, "territory")
        g.node(f"{other}-jugular", other, "jugular")
        g.vessel(f"x{c}", c, f"{other}-jugular", kind=VesselKind.CORTICAL_VEIN)
    circulation = circulation_of(g.graph())
    found = exchange(circulation, circulation.state("held", "closed"))
    assert found.drained_by_other == pytest.approx({Twin.A: 1.0, Twin.B: 1.0})
    assert found.net_ml_per_min == pytest.approx(0.0, abs=1e-9)
    assert found.share_of_a[circulation.edge_index["xA"]] == 1.0
    assert found.share_to_a[circulation.edge_index["xA"]] == 0.0


def artery_graph(ends_in):
    """A's artery crosses to B's region, or to B's own artery."""
    graph = apart()
    g = GraphBuilder()
    g.nodes, g.edges = list(graph.nodes), list(graph.edges)
    for name, owner, kind in (
        ("aA", "A", "end"),
        ("bA", "A", "junction"),
        ("aB", "B", "end"),
        ("bB", "B", ends_in),
    ):
        g.node(name, owner, kind)
    g.vessel("own A", "aA", "bA", kind=VesselKind.ARTERY)
    if ends_in == "junction":
        g.vessel("own B", "aB", "bB", kind=VesselKind.ARTERY)
    g.vessel("cross", "bA", "bB", radius=0.5, length=30.0, kind=VesselKind.ARTERY)
    g.edges[-1] = dataclasses.replace(g.edges[-1], crossing=True)
    return g.graph()


def test_an_artery_that_ends_in_the_other_child_gives_it_blood():
    circulation = circulation_of(artery_graph("territory"))
    state = circulation.state("passive", "closed", phase="ward")
    given_flow = circulation.vessel_flow(state)["cross"]
    assert 0.2 * FLOW < given_flow < 0.3 * FLOW  # 30 %, less what the thin artery itself costs
    found = exchange(circulation, state)
    assert found.a_to_b_ml_per_min == pytest.approx(given_flow)
    assert found.b_to_a_ml_per_min == pytest.approx(0.0, abs=1e-9)
    cut = circulation.state("passive", "closed", phase="ward", is_open=opened(circulation, "cross"))
    assert cut.region_flow[1] == pytest.approx(0.7 * FLOW, rel=0.02)


def test_arteries_that_meet_carry_blood_from_the_higher_pressure_to_the_lower():
    circulation = circulation_of(artery_graph("junction"), **{"flow.map.A": 60.0})
    found = exchange(circulation, circulation.state("held", "closed"))
    resistance = 3.0 * UNIT * 30 / 0.5**4
    assert found.a_to_b_ml_per_min == pytest.approx(10 / resistance)
    assert found.net_ml_per_min == pytest.approx(10 / resistance)


@pytest.mark.parametrize("seed", range(6))
def test_at_rest_neither_child_gains_blood_from_the_other(seed):
    """Only where nobody measured the venous pressures: they then differ by what holds the balance."""
    inputs = inputs_of(ring_pair(seed=seed, shares=(1.3, 0.8)))
    circulation = inputs.assemble()
    found = exchange(circulation, circulation.state("held", "closed", phase="ward"))
    assert abs(found.net_ml_per_min) < 1e-6 * sum(found.arterial_ml_per_min.values())
    middle = sum(circulation.values.scalar[f"cvp.{c}"] for c in "AB")
    assert middle == pytest.approx(sum(inputs.central().scalar[f"cvp.{c}"] for c in "AB"))
    measured = team({"flow.cvp.A": 7.0, "flow.cvp.B": 3.0})
    kept = inputs_of(ring_pair(seed=seed), assumptions=measured).assemble()
    assert (kept.values.scalar["cvp.A"], kept.values.scalar["cvp.B"]) == (7.0, 3.0)
    assert exchange(kept, kept.state("held", "closed", phase="ward")).net_ml_per_min > 0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**5), index=st.integers(0, 1000), tilt=st.floats(-15, 15))
def test_no_blood_is_lost_between_the_children(seed, index, tilt):
    inputs = inputs_of(ring_pair(seed=seed), twins={"A": {"haematocrit": 0.3}})
    circulation = inputs.assemble(inputs.draw(seed, index))
    random = np.random.default_rng(seed)
    is_open = random.random(len(circulation.wiring.edge_ids)) > 0.2
    is_open[circulation.wiring.bed_edges] = True
    for beds in BEDS:
        for dura in DURAS:
            for collapsible in (False, True):
                state = circulation.state(beds, dura, tilt, is_open=is_open, collapsible=collapsible)
                found = exchange(circulation, state)
                assert state.flow.residual <= 1e-9
                total = sum(found.arterial_ml_per_min.values())
                assert sum(found.venous_ml_per_min.values()) == pytest.approx(total, rel=1e-9)
                lost = found.arterial_ml_per_min[Twin.A] - found.venous_ml_per_min[Twin.A]
                assert found.net_ml_per_min == pytest.approx(lost, abs=1e-6 * total)
                assert all(-1e-12 <= s <= 1 + 1e-9 for s in found.drained_by_other.values())


def test_children_may_change_names():
    """The same pair with A and B swapped gives the swapped answer: no child is favoured by its letter."""
    graph = ring_pair(seed=4, shares=(1.2, 0.8))
    swap = {Owner.A: Owner.B, Owner.B: Owner.A}
    other = dataclasses.replace(
        graph,
        nodes=tuple(dataclasses.replace(n, owner=swap.get(n.owner, n.owner)) for n in graph.nodes),
        edges=tuple(dataclasses.replace(e, owner=swap.get(e.owner, e.owner)) for e in graph.edges),
    )
    one = circulation_of(graph, **{"flow.map.A": 45.0, "flow.map.B": 55.0})
    two = circulation_of(other, **{"flow.map.A": 55.0, "flow.map.B": 45.0})
    for beds in BEDS:
        a, b = (exchange(c, c.state(beds, "closed", collapsible=True)) for c in (one, two))
        assert a.a_to_b_ml_per_min == pytest.approx(b.b_to_a_ml_per_min)
        assert a.net_ml_per_min == pytest.approx(-b.net_ml_per_min)


def test_collapsible_veins_run_from_the_cortex_however_they_were_drawn():
    graph = ring_pair(seed=2)
    turned = dataclasses.replace(
        graph,
        edges=tuple(
            dataclasses.replace(e, a=e.b, b=e.a, radius_mm=e.radius_mm[::-1]) if "BV" in e.id else e
            for e in graph.edges
        ),
    )
    one, two = circulation_of(graph), circulation_of(turned)
    a, b = (c.state("held", "closed", collapsible=True) for c in (one, two))
    np.testing.assert_allclose(a.region_pressure, b.region_pressure, atol=1e-9)
    assert (a.region_pressure > one.state("held", "closed").region_pressure + 0.1).any()
    for vessel, flow in one.vessel_flow(a).items():
        sign = -1 if "BV" in vessel else 1
        assert two.vessel_flow(b)[vessel] == pytest.approx(sign * flow, abs=1e-6)


def test_draws_do_not_depend_on_who_asks_when():
    inputs = inputs_of(ring_pair())
    first = inputs.draw(7, 3)
    inputs.draw(7, 0)
    again = inputs.draw(7, 3)
    assert first.scalar == again.scalar
    assert (first.radius_factor == again.radius_factor).all()
    assert first.scalar != inputs.draw(7, 4).scalar
    for name, span in inputs.ranges.items():
        assert span.low <= first.scalar[name] <= span.high


def test_a_vessel_without_calibre_and_a_jugular_of_nobody_are_faults_told_at_once():
    graph = apart()
    bad = dataclasses.replace(
        graph,
        nodes=(*graph.nodes, Node(id="j", kind="jugular", owner=Owner.SHARED)),
        edges=(
            dataclasses.replace(graph.edges[0], radius_mm=(1.0, 0.0)),
            dataclasses.replace(graph.edges[1], length_mm=0.0),
            *graph.edges[2:],
        ),
    )
    with pytest.raises(InputError) as caught:
        inputs_of(bad)
    assert len(caught.value.faults) == 3


def test_a_graph_without_regions_or_outlets_says_so_and_does_not_fall_over():
    g = GraphBuilder()
    g.node("x", "A")
    g.node("y", "B")
    g.vessel("xy", "x", "y")
    case = hand_case()
    circulation = build_circulation(g.graph(), case=case, anatomy=None, evidence=evidence_for(case))
    state = circulation.state("held", "closed")
    assert len(state.region_pressure) == 0
    assert sum("no region" in n for n in circulation.notes) == 2
    assert sum("no jugular" in n for n in circulation.notes) == 2


def test_numbers_by_age_meet_what_was_measured():
    evidence = evidence_for(hand_case())
    assert map_by_age_mmHg(evidence, 0) == 33
    assert map_by_age_mmHg(evidence, 216) == pytest.approx(67)
    assert 40 < map_by_age_mmHg(evidence, 9) < 55
    assert cbf_by_age(evidence, 0) == 25
    assert cbf_by_age(evidence, 30) == 60


def test_mixing_time():
    assert mixing_time_min(50, 50, 640.0, 640.0) == pytest.approx(6.4)
    assert mixing_time_min(80, 20, 600.0, 700.0) == pytest.approx(1 / (20 / 600 + 80 / 700))
    assert isinstance(mixing_time_min(0, 0, 640.0, 640.0), Unknown)
    assert mixing_time_min(50, 50, Unknown("no weight"), 640.0) == Unknown("no weight")


def test_mixing_time_is_that_of_two_stirred_vessels():
    a_to_b, b_to_a, volume_a, volume_b = 70.0, 30.0, 500.0, 800.0
    rates = np.array([[-b_to_a / volume_a, b_to_a / volume_a], [a_to_b / volume_b, -a_to_b / volume_b]])
    slowest = np.sort(np.linalg.eigvals(rates).real)[0]
    assert mixing_time_min(a_to_b, b_to_a, volume_a, volume_b) == pytest.approx(-1 / slowest)


def test_no_emissary_vein_lies_where_a_childs_sinus_enters_what_is_shared():
    """Such a place may go to the other child, and then the outlet would still join the two."""
    graph = ring_pair()
    owner = {n.id: n.owner for n in graph.nodes}
    edges = tuple(
        dataclasses.replace(e, owner=own)
        if e.kind is VesselKind.DURAL_SINUS and (own := min(owner[e.a], owner[e.b])) is not Owner.SHARED
        else e
        for e in graph.edges
    )
    circulation = inputs_of(dataclasses.replace(graph, edges=edges)).assemble()
    network = circulation.network("passive", "closed")
    laid = circulation.wiring.emissary_edges
    assert {twin for _, twin, _ in laid} == set(Twin)
    for edge, twin, _ in laid:
        assert owner[network.node_ids[network.a[edge]]] == Owner(twin.code)
