"""Bands over the assumptions, and the tornado."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.team.rehearsal.planned import numbers, planned

from separatrix.evidence import Mark
from separatrix.team.rehearsal.answers.assumptions import (
    Draws,
    assumed_share,
    band_of,
    contributions,
    outer_loop,
    tornado,
    without_end,
)
from separatrix.team.rehearsal.answers.blood_order import CONFIDENCES, STOCK, blood_orders, pack_columns
from separatrix.team.rehearsal.answers.findings import blood_findings, margin_findings
from separatrix.team.rehearsal.answers.measures import harms, probabilities, swung
from separatrix.team.rehearsal.answers.model import BloodOrder
from separatrix.team.rehearsal.play.compile import Compiled, compile_procedure
from separatrix.team.rehearsal.play.numbers import Number, Numbers
from separatrix.team.rehearsal.runs.rows import rehearse_table

NAME = "emergency_separation"


@pytest.fixture(scope="module")
def plan() -> Compiled:
    made, schedule = planned(NAME)
    return compile_procedure(made, schedule, numbers(made))


@pytest.fixture(scope="module")
def draws(plan: Compiled) -> Draws:
    made, schedule = planned(NAME)
    measures = probabilities(made.patients, planned_end_min=float(schedule.end_min), parts=True)
    return outer_loop(
        plan.structure,
        plan.numbers,
        measures,
        draws=12,
        inner=30,
        seed=1,
        pack_columns=pack_columns(made),
        confidences=CONFIDENCES,
        threads=2,
    )


def test_every_printed_probability_has_a_band_around_its_value(plan: Compiled, draws: Draws) -> None:
    made, schedule = planned(NAME)
    rows = rehearse_table(plan.arrays, plan.layout, n=60, seed=1, threads=2)
    for measure in probabilities(made.patients, planned_end_min=float(schedule.end_min), parts=True):
        band = band_of(draws, measure, rows)
        assert 0.0 <= band.low <= band.value <= band.high <= 1.0
        assert band.sampling_low <= band.value <= band.sampling_high
        assert 0.0 <= band.share_assumptions <= 1.0
        assert band.marks


def test_no_harm_is_among_the_printed_probabilities() -> None:
    printed = probabilities(("A", "B"), planned_end_min=100.0, parts=True)
    annex = harms(("A", "B"), volume_share=0.6)
    assert not {m.id for m in printed} & {m.id for m in annex}
    words = " ".join(m.text for m in printed)
    assert "volume" not in words
    assert "dea" not in words


def test_orders_rise_with_confidence_and_lie_in_their_band(plan: Compiled, draws: Draws) -> None:
    made, _ = planned(NAME)
    wanted = without_end(plan, n=60, seed=1, threads=2)
    orders = blood_orders(made, wanted, draws)
    assert len(orders) == len(made.patients) * 3 * len(CONFIDENCES)
    for order in orders:
        assert 0 <= order.low <= order.packs <= order.high
    for patient, product in {(o.patient, o.product) for o in orders}:
        packs = [o.packs for o in orders if (o.patient, o.product) == (patient, product)]
        assert packs == sorted(packs)


def test_a_stock_that_runs_out_does_not_hide_the_need(plan: Compiled) -> None:
    wanted = without_end(plan, n=40, seed=1, threads=2)
    used = rehearse_table(plan.arrays, plan.layout, n=40, seed=1, threads=2)
    for patient in plan.names.patients:
        assert (wanted.column(f"packs_short@{patient}") == 0.0).all()
        ran_out = used.column(f"packs_short@{patient}") > 0.0
        assert ran_out.any()
        more = wanted.column(f"red_packs@{patient}")[ran_out].mean()
        assert more > used.column(f"red_packs@{patient}")[ran_out].mean()


def test_two_packs_missing_are_flagged_and_an_order_that_is_met_is_not(plan: Compiled) -> None:
    made, _ = planned(NAME)
    wanted = without_end(plan, n=60, seed=1, threads=2)
    told = [order for order in blood_orders(made, wanted, None) if order.confidence == 0.95]
    enough = {f"{STOCK[order.product]}_{order.patient}": order.packs for order in told}
    stocked = replace(made, consumables={**made.consumables, **enough})
    assert list(blood_findings(blood_orders(stocked, wanted, None), confidence=0.95)) == []
    short = {**enough, "red_cell_packs_A": enough["red_cell_packs_A"] - 2}
    damaged = replace(made, consumables={**made.consumables, **short})
    (found,) = blood_findings(blood_orders(damaged, wanted, None), confidence=0.95)
    assert found.key == "blood:red_cells@A:0.95"
    assert "order 2 more" in found.mend


def test_two_packs_fewer_in_the_margin_are_another_finding() -> None:
    order = BloodOrder(patient="A", product="red_cells", confidence=0.95, packs=10, low=7, high=21, stock=16)
    (before,) = margin_findings([order], confidence=0.95)
    (after,) = margin_findings([replace(order, stock=14)], confidence=0.95)
    assert (before.severity, after.severity) == ("know", "know")
    assert before.key != after.key
    assert not list(margin_findings([replace(order, stock=21)], confidence=0.95))
    assert not list(margin_findings([replace(order, stock=9)], confidence=0.95))


def test_the_tornado_moves_one_number_at_a_time(plan: Compiled) -> None:
    few = [key for key in plan.numbers.varied if "operation_ln" in key or key == "complication.seizure"]
    left = Numbers({key: plan.numbers.by_id[key] for key in plan.numbers.ids})
    narrowed = Numbers(
        {
            key: n if key in few else Number(**{**vars_of(n), "low": n.value, "high": n.value})
            for key, n in left.by_id.items()
        }
    )
    swings = tornado(
        plan.structure, narrowed, swung(plan.names.patients, parts=True), n=40, seed=1, threads=2
    )
    assert {s.id for s in swings} == set(few)
    mean = next(s for s in swings if s.id.endswith("operation_ln_mean"))
    assert mean.at_low["end_min"] < 0.0 < mean.at_high["end_min"]
    assert mean.half_width["end_min"] > 0.0
    # What is drawn only after the operation cannot move its end.
    after = next(s for s in swings if s.id == "complication.seizure")
    assert after.at_low["end_min"] == after.at_high["end_min"] == 0.0


def vars_of(n: Number) -> dict[str, object]:
    return {name: getattr(n, name) for name in ("id", "value", "low", "high", "mark", "is_fraction", "note")}


def number(key: str, mark: Mark) -> Number:
    return Number(id=key, value=0.5, low=0.0, high=1.0, mark=mark, is_fraction=True)


def synthetic(means: np.ndarray, noise: float, levels: dict[str, np.ndarray]) -> Draws:
    marks = {"assumed": Mark.ASSUMPTION, "measured": Mark.MEASURED}
    given = Numbers({key: number(key, marks[key]) for key in levels})
    return Draws(given, levels, {"m": means}, {"m": np.full(len(means), noise)}, {})


def test_marks_follow_what_moves_the_measure() -> None:
    rng = np.random.default_rng(1)
    levels = {"assumed": rng.random(200), "measured": rng.random(200)}
    by_assumed = synthetic(levels["assumed"] * 0.1, 0.0, levels)
    assert contributions(by_assumed, by_assumed.means["m"]) == {"A": pytest.approx(1.0)}
    by_measured = synthetic(levels["measured"] * 0.1, 0.0, levels)
    assert contributions(by_measured, by_measured.means["m"]) == {"M": pytest.approx(1.0)}


def test_sampling_is_taken_out_of_the_band() -> None:
    rng = np.random.default_rng(2)
    true = rng.normal(0.0, 1.0, 4000)
    seen = true + rng.normal(0.0, 2.0, 4000)
    share = assumed_share(seen, np.full(4000, 4.0))
    assert share == pytest.approx(0.2, abs=0.05)
    assert assumed_share(rng.normal(0.0, 2.0, 4000), np.full(4000, 4.1)) < 0.05
