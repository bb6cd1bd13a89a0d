"""What was seen: fitted within its errors, told where it does not fit, and directions over draws."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import numpy as np
import pytest
from tests.body.vessels.networks import hand_case, inputs_of, ring_pair

from separatrix.body.vessels.direction import UNKNOWN, directions
from separatrix.body.vessels.facts import flow_facts
from separatrix.body.vessels.observations import fit_observations
from separatrix.body.vessels.parameters import Values
from separatrix.case import evidence_for
from separatrix.core import InputError

GRAPH = ring_pair(seed=3)


def fit_of(*observations, graph=GRAPH, assumptions=None):
    sections = {
        "assumptions": assumptions or {},
        "observations": [{"date": "2026-05-02", "method": "angiography", **o} for o in observations],
    }
    case = hand_case(**sections)
    inputs = inputs_of(graph, **sections)
    return inputs, fit_observations(inputs, case=case, evidence=evidence_for(case))


def flow_of(inputs, values, vessel):
    circulation = inputs.assemble(values)
    return circulation.vessel_flow(circulation.state("held", "closed", phase="ward"))[vessel]


def test_nothing_seen_leaves_the_central_values():
    inputs, fit = fit_of()
    assert fit.values.scalar == inputs.central().scalar
    assert fit.misfits == ()


def test_a_flow_seen_is_met_within_its_error_and_moves_the_vessel():
    inputs, _ = fit_of()
    before = abs(flow_of(inputs, inputs.central(), "R2"))
    seen = 1.3 * before + 10
    inputs, fit = fit_of({"vessel": "R2", "flow_ml_per_min": seen})
    after = abs(flow_of(inputs, fit.values, "R2"))
    assert abs(after - seen) < 0.6 * abs(before - seen)
    assert fit.misfits[0].standard_errors < 1.5
    assert not fit.misfits[0].is_contradicted


def test_what_the_model_says_already_changes_nothing():
    inputs, _ = fit_of()
    flow = abs(flow_of(inputs, inputs.central(), "A-TS"))
    _, fit = fit_of({"vessel": "A-TS", "flow_ml_per_min": flow})
    np.testing.assert_allclose(fit.values.radius_factor, 1, atol=1e-6)
    assert fit.misfits[0].standard_errors < 1e-6


def test_the_truth_behind_flows_and_pressures_is_found():
    """Observations made from known values pull the central ones towards them."""
    inputs, _ = fit_of()
    central = inputs.central()
    factor = central.radius_factor.copy()
    names = [e.id for e in inputs.graph.edges]
    factor[names.index("B-SSS")] = 0.88
    truth = Values(scalar={**central.scalar, "cvp.A": central.scalar["cvp.A"] + 1.2}, radius_factor=factor)
    circulation = inputs.assemble(truth)
    state = circulation.state("held", "closed", phase="ward")
    flow = circulation.vessel_flow(state)
    seen = [{"vessel": v, "flow_ml_per_min": abs(flow[v])} for v in ("A-TS", "B-TS", "R0", "R4")]
    edge = circulation.edge_index["A-TS"]
    ends = state.flow.pressure[[circulation.wiring.a[edge], circulation.wiring.b[edge]]]
    seen.append({"vessel": "A-TS", "pressure_mmHg": float(ends.mean())})
    inputs, fit = fit_of(*seen)
    assert all(m.standard_errors < 1 for m in fit.misfits)
    for vessel in ("A-TS", "B-TS"):
        off = abs(abs(flow_of(inputs, fit.values, vessel)) - abs(flow[vessel]))
        assert off < abs(abs(flow_of(inputs, central, vessel)) - abs(flow[vessel]))


def test_a_direction_that_cannot_be_is_told_as_contradicted():
    _, fit = fit_of({"vessel": "A-TS", "direction": "to B"})
    assert fit.misfits[0].is_contradicted
    assert fit.misfits[0].seen == "to B"
    assert "to A" in fit.misfits[0].reckoned
    assert not fit.seen_vessels


def test_a_direction_that_holds_stands():
    inputs, fit = fit_of({"vessel": "A-TS", "direction": "to A"})
    assert fit.seen_vessels == {"A-TS"}
    case = hand_case()
    found = directions(inputs, fit, evidence=evidence_for(case), seed=1, draws=5)
    assert found["A-TS"].is_observed
    assert found["A-TS"].towards == "A-jugular"


def test_a_vein_of_a_is_filled_from_a_and_not_from_b():
    _, fit = fit_of({"vessel": "A-BV0a", "fills_from": "A"}, {"vessel": "A-BV1a", "fills_from": "B"})
    assert fit.misfits[0].standard_errors == 0
    assert fit.misfits[1].standard_errors > 1


def test_a_later_observation_takes_the_place_of_an_earlier_one():
    _, fit = fit_of(
        {"vessel": "A-TS", "direction": "to B", "date": dt.date(2026, 3, 1)},
        {"vessel": "A-TS", "direction": "to A", "date": dt.date(2026, 4, 1)},
    )
    assert [m.seen for m in fit.misfits] == ["to A"]
    assert len(fit.replaced) == 1
    assert "2026-03-01" in fit.replaced[0]


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ([{"vessel": "A-TSS", "direction": "to A"}], "did you mean 'A-TS'"),
        ([{"vessel": "R0", "direction": "to A"}, {"vessel": "R0", "direction": "to B"}], "on the same day"),
        ([{"vessel": "R0", "direction": "none", "flow_ml_per_min": 30}], "seen without flow"),
        ([{"vessel": "R0", "fills_from": "A"}, {"vessel": "R0", "fills_from": "B"}], "on the same day"),
    ],
)
def test_observations_that_contradict_each_other_are_named(seen, words):
    with pytest.raises(InputError, match=words) as caught:
        fit_of(*seen)
    assert caught.value.faults[0].field.startswith("observations[")


def test_a_direction_that_turns_with_the_draw_is_unknown_and_one_that_does_not_is_known():
    """A symmetric pair: what joins the two halves of the ring carries as little as chance leaves it."""
    graph = ring_pair(seed=1, veins=1, crossings=0)
    nodes = tuple(
        dataclasses.replace(n, volume_ml=100.0) if n.kind == "territory" else n for n in graph.nodes
    )
    even = {"R": 1.8, "A-SSS": 2.0, "B-SSS": 2.0}
    home = {"A-BV0b": "r1", "B-BV0b": "r5"}
    edges = tuple(
        dataclasses.replace(
            e,
            b=home.get(e.id, e.b),
            radius_mm=(even.get(e.id.rstrip("0123456789"), e.radius_mm[0] if "BV" not in e.id else 1.0),),
        )
        for e in graph.edges
    )
    measured = {f"flow.cvp.{c}": {"value": 4.5, "low": 3.0, "high": 6.0} for c in "AB"}
    inputs, fit = fit_of(graph=dataclasses.replace(graph, nodes=nodes, edges=edges), assumptions=measured)
    found = directions(inputs, fit, evidence=evidence_for(hand_case()), seed=1, draws=60)
    assert found["A-BV0a"].towards == "A0-mid"
    assert found["A-BV0a"].changes == 0
    between = [found[f"R{i}"] for i in (2, 3)]
    assert any(d.towards == UNKNOWN and not d.is_known for d in between)
    assert all(d.low_ml_per_min <= d.high_ml_per_min for d in found.values())


def test_facts_are_plain_the_same_again_and_tell_every_state():
    seen = {"vessel": "A-TS", "direction": "to B"}
    inputs, fit = fit_of(seen)
    case = hand_case(twins={"A": {"weight_kg": 8.1}})
    facts, again = (flow_facts(inputs, fit, case=case, evidence=evidence_for(case), seed=5) for _ in range(2))
    assert json.dumps(facts, allow_nan=False) == json.dumps(again)
    assert len(facts["states"]) == 2 * 2 * 2 * 3
    assert {v["vessel"] for v in facts["vessels"]} == {e.id for e in GRAPH.edges}
    assert len(facts["regions"]) == 6
    assert facts["exchange"]["mixing_time_min"] == {"unknown_because": "the case gives no weight of B"}
    assert any("does not fit with the rest" in n for n in facts["notes"])
    for vessel in facts["vessels"]:
        assert vessel["low_ml_per_min"] <= vessel["high_ml_per_min"]
