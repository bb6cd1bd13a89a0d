from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.body.vessels.networks import GraphBuilder, hand_case, ring_pair

from separatrix.body.vessels.assignment import still_joined
from separatrix.body.vessels.crossings import as_crossings, as_exchange
from separatrix.body.vessels.divide import divide, prepare_task
from separatrix.body.vessels.division_io import division_from_data, division_to_data, steps_table
from separatrix.body.vessels.model import Division, VesselGraph
from separatrix.body.vessels.planning import make_plan
from separatrix.body.vessels.resolve import resolve
from separatrix.case import evidence_for
from separatrix.core import InputError, Twin
from separatrix.core.storage import to_json


def _few(draws: int, growth_draws: int) -> dict[str, Any]:
    why = "a quick test"
    return {
        "division.draws": {"value": draws, "why": why},
        "division.growth_draws": {"value": growth_draws, "why": why},
    }


QUICK = _few(12, 3)
GRAPH = ring_pair(ring=6, veins=3, crossings=3, seed=3)


def _divided(graph: VesselGraph, **sections: Any) -> Division:
    assumptions = {**QUICK, **sections.pop("assumptions", {})}
    case = hand_case(assumptions=assumptions, **sections)
    return divide(graph, case=case, anatomy=None, evidence=evidence_for(case), seed=1)


@pytest.fixture(scope="module")
def division() -> Division:
    return _divided(GRAPH)


def test_when_all_steps_are_done_no_vessel_joins_the_children(division: Division) -> None:
    assert still_joined(GRAPH, [s.vessel for s in division.steps]) is None
    assert [s.order for s in division.steps] == list(range(1, len(division.steps) + 1))


def test_each_step_says_what_a_surgeon_asks(division: Division) -> None:
    for step in division.steps:
        assert step.calibre_mm > 0
        assert "ml/min" in step.drains
        assert step.watch.startswith("Test clamp first")
        assert set(step.worst_region) == set(step.rise_mmHg) == set(Twin)
    assert len(steps_table(division).splitlines()) == len(division.steps) + 1


def test_everything_is_plain_data_without_infinities_and_reads_back_the_same(division: Division) -> None:
    text = to_json(division_to_data(division))
    again = division_from_data(json.loads(text))
    assert again.steps == division.steps
    assert to_json(division_to_data(again)) == text


def test_the_theatre_gets_what_its_nouns_ask_for(division: Division) -> None:
    from separatrix.team.protocol.inputs import Crossing, Exchange

    crossings = [Crossing(**row) for row in as_crossings(division)]
    exchange = [Exchange(**row) for row in as_exchange(division)]
    assert [c.order for c in crossings] == list(range(1, len(crossings) + 1))
    assert [e.divisions for e in exchange] == list(range(len(crossings) + 1))
    last = exchange[-1]
    assert last.a_to_b_ml_per_min == pytest.approx(0, abs=1e-9)
    assert last.b_to_a_ml_per_min == pytest.approx(0, abs=1e-9)
    assert exchange[0].net_ml_per_min == pytest.approx(
        exchange[0].a_to_b_ml_per_min - exchange[0].b_to_a_ml_per_min
    )


def test_the_same_seed_gives_the_same_bytes_for_any_number_of_threads() -> None:
    case = hand_case(assumptions=QUICK)
    texts = {
        to_json(
            division_to_data(
                divide(GRAPH, case=case, anatomy=None, evidence=evidence_for(case), seed=5, threads=n)
            )
        )
        for n in (1, 2)
    }
    assert len(texts) == 1


def test_exchanging_the_children_exchanges_the_plan() -> None:
    from separatrix.core import Owner

    swap = {Owner.A: Owner.B, Owner.B: Owner.A}
    turned = replace(
        GRAPH,
        nodes=tuple(replace(n, owner=swap.get(n.owner, n.owner)) for n in GRAPH.nodes),
        edges=tuple(replace(e, owner=swap.get(e.owner, e.owner)) for e in GRAPH.edges),
    )
    plans = []
    for graph in (GRAPH, turned):
        case = hand_case()
        task = prepare_task(graph, case=case, anatomy=None, evidence=evidence_for(case))
        plans.append(make_plan(task))
    assert plans[0].chosen.harm == pytest.approx(plans[1].chosen.harm[::-1], abs=1e-6)
    assert set(plans[0].chosen.divided) == set(plans[1].chosen.divided)


def test_no_child_is_sacrificed_for_a_smaller_sum_and_the_plan_says_why() -> None:
    graph = ring_pair(ring=8, veins=4, crossings=4, seed=3)
    division = _divided(graph)
    default = next(row for row in division.front if row["is_default"])
    rises = [tuple(row["rise_mmHg"].values()) for row in division.front]
    assert max(default["rise_mmHg"].values()) == min(max(r) for r in rises)
    assert sum(default["rise_mmHg"].values()) > min(sum(r) for r in rises) + 1
    assert any("smallest sum" in n and "not the default" in n for n in division.notes)
    assert division.title.startswith("Best for the child worse off")
    for row in division.front:
        if not row["is_default"]:
            assert row["needs_choice"]
            assert row["title"].startswith("Worsens")


def test_a_plan_that_helps_one_child_needs_a_named_person() -> None:
    graph = ring_pair(ring=8, veins=4, crossings=4, seed=3)
    choice = {"plan": "E2", "by": ["Dr X, neurosurgeon"], "on": "2026-06-01", "why": "the heart of B"}
    division = _divided(graph, vessels={"choice": choice})
    assert division.title.startswith("Chosen by Dr X, neurosurgeon on 2026-06-01: Worsens B to help A")
    with pytest.raises(InputError, match="no end state 'E99'"):
        _divided(graph, vessels={"choice": {**choice, "plan": "E99"}})


def test_each_wish_is_honoured_and_has_its_price(division: Division) -> None:
    first, second = division.steps[-1].vessel, division.steps[0].vessel
    wishes = [{"before": [first, second], "why": "reached first"}, {"first": ["A-BV0a"]}]
    bound = _divided(GRAPH, vessels={"wishes": wishes})
    order = [s.vessel for s in bound.steps]
    assert order.index(first) < order.index(second)
    told = bound.wishes[0]
    assert told["honoured"]
    assert set(told["price_mmHg"]) == {"A", "B"}
    before = max(max(s.rise_mmHg.values()) for s in division.steps)
    after = max(max(s.rise_mmHg.values()) for s in bound.steps)
    assert max(told["price_mmHg"].values()) == pytest.approx(after - before, abs=0.3)
    assert "asks nothing" in bound.wishes[1]["note"]


def test_a_graft_is_made_first_and_its_price_is_a_gain() -> None:
    graph = ring_pair(ring=8, veins=4, crossings=4, seed=3)
    plain = _divided(graph)
    worse = max(Twin, key=lambda t: plain.pressures[t.value]["rise_mmHg"])
    region = plain.pressures[worse.value]["worst_region"].split()[-1]
    graft = {"between": [region, f"{worse.value}-torcula"], "radius_mm": 2.0, "length_mm": 40}
    with_graft = _divided(graph, vessels={"wishes": [{"graft": graft}]})
    assert with_graft.steps[0].action == "graft"
    assert with_graft.steps[0].to is worse
    assert with_graft.wishes[0]["price_mmHg"][worse.value] < -1
    assert with_graft.pressures["A"]["before_mmHg"] == pytest.approx(plain.pressures["A"]["before_mmHg"])


def test_a_vessel_wished_away_is_sacrificed() -> None:
    division = _divided(GRAPH, vessels={"wishes": [{"sacrifice": "A-BV0b"}]})
    (step,) = [s for s in division.steps if s.vessel == "A-BV0b"]
    assert step.action == "sacrifice"
    assert division.end_state["veins"]["A-BV0b"] == "none"


def test_children_who_share_no_vessel_have_nothing_to_divide() -> None:
    g = GraphBuilder()
    for child in "AB":
        g.node(child, child, "territory")
        g.node(f"{child}-jugular", child, "jugular")
        g.vessel(f"{child}-vein", child, f"{child}-jugular")
    division = _divided(g.graph())
    assert division.steps == ()
    assert division.title.startswith("Nothing to divide")
    assert as_crossings(division) == as_exchange(division) == []
    to_json(division_to_data(division))


def test_a_child_without_any_outlet_is_told_and_not_a_crash() -> None:
    g = GraphBuilder()
    for child in "AB":
        g.node(child, child, "territory")
    g.node("s", "-")
    g.node("B-jugular", "B", "jugular")
    g.vessel("A-vein", "A", "s")
    g.vessel("B-vein", "B", "s")
    g.vessel("out", "s", "B-jugular", radius=2.0)
    division = _divided(g.graph(), assumptions={"flow.deep_share": 0.0, "flow.emissary_share": 0.0})
    assert division.pressures["A"]["no_drainage"]
    assert "a region without drainage" in division.title or any("no drainage" in n for n in division.notes)
    assert np.isfinite(division.pressures["A"]["rise_mmHg"])
    to_json(division_to_data(division))


def test_forty_vessels_are_planned_with_an_honest_bound() -> None:
    graph = ring_pair(ring=10, veins=8, crossings=36, seed=2)
    division = _divided(graph, assumptions=_few(3, 2))
    assert len(division.steps) >= 38
    assert still_joined(graph, [s.vessel for s in division.steps]) is None
    order = division.facts["order"]
    assert order["bound_mmHg"] <= max(order["peak_mmHg"].values()) + 1e-5
    assert any("too many to look at every order" in n for n in division.notes)
    to_json(division_to_data(division))


def test_after_a_failed_test_the_rest_is_planned_anew(division: Division) -> None:
    done = [s.vessel for s in division.steps[:2]]
    case = hand_case()
    evidence = evidence_for(case)
    rest = resolve(GRAPH, case=case, anatomy=None, evidence=evidence, after=done)
    assert [s.vessel for s in rest.steps if s.vessel in done] == []
    assert still_joined(GRAPH, [*done, *(s.vessel for s in rest.steps)]) is None
    assert rest.exchange[0]["net_ml_per_min"] == pytest.approx(
        division.exchange[2]["net_ml_per_min"], abs=1e-6
    )
    refused = rest.steps[0].vessel
    other = resolve(GRAPH, case=case, anatomy=None, evidence=evidence, after=done, failed=[refused])
    late = [s for s in other.steps if s.vessel == refused]
    assert not late or late[0].operation == 2
    gone = [*done, *(s.vessel for s in other.steps)]
    assert still_joined(GRAPH, gone) is None
    everything = [s.vessel for s in division.steps]
    over = resolve(GRAPH, case=case, anatomy=None, evidence=evidence, after=everything)
    assert over.title.startswith("Nothing is left")
    with pytest.raises(InputError, match="no vessel 'XV99'"):
        resolve(GRAPH, case=case, anatomy=None, evidence=evidence, after=["XV99"])


def test_no_arrangement_is_recommended_that_the_draws_do_not_carry(division: Division) -> None:
    assert division.operations[0]["name"] == "one operation"
    assert not division.operations[0]["recommended"]
    for row in division.operations[1:]:
        assert sorted(v for s in row["vessels"] for v in s) == sorted(
            v for s in division.operations[0]["vessels"] for v in s
        )
        assert (
            row["advantage_over_draws_mmHg"]["no_growth"] <= 0.05
        )  # another order of one operation may differ so much
        assert row["left_out"]
        if row["recommended"]:
            assert row["advantage_mmHg"] >= 2
            assert row["vanishes_in"] <= 0.1 * row["draws"]
        else:
            assert row["because"]
    assert sum(row["recommended"] for row in division.operations) <= 1


def test_two_operations_on_demand_number_the_steps() -> None:
    division = _divided(GRAPH, operations=2)
    numbers = [s.operation for s in division.steps]
    assert numbers == sorted(numbers)
    assert set(numbers) == {1, 2}


def test_with_no_growth_at_all_nothing_is_gained_by_waiting() -> None:
    division = _divided(
        GRAPH, assumptions={"division.growth.reached": {"value": 0.0, "low": 0, "high": 0, "why": "none"}}
    )
    for row in division.operations:
        assert row["advantage_mmHg"] <= 0.05
        assert not row["recommended"]


def test_draws_are_counted_and_never_called_a_probability(division: Division) -> None:
    found = division.robustness
    assert found["draws"] == 12
    assert found["plans"][0]["plan"] == "E1"
    assert all(0 <= p["as_good_as_the_best"] <= 12 for p in found["plans"])
    assert sum(p["the_best"] for p in found["plans"]) <= 12
    assert "not the probability" in found["note"]
    assert found["order"]["regret_mmHg"]["q05"] >= 0
    text = to_json(division_to_data(division))
    assert "dose" not in text


def test_a_choice_beside_the_front_is_shown_with_it() -> None:
    graph = ring_pair(ring=8, veins=4, crossings=4, seed=3)
    choice = {"plan": "E5", "by": ["Dr X"], "on": "2026-06-01", "why": "the approach"}
    division = _divided(graph, vessels={"choice": choice})
    (row,) = [r for r in division.front if r["is_chosen"]]
    assert row["plan"] == "E5"
    assert set(row["divided"]) == {s.vessel for s in division.steps}
