"""Blood, clotting, potassium and warmth: closed forms, scipy's exponential, and balances that must hold."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm
from tests.team.rehearsal.bodies import EVEN, Bodies, many_step, mixing, mixing_size

from separatrix.team.rehearsal.engine.body_state import (
    CLOTTING,
    CLOTTING_CROSSED,
    CLOTTING_LOWEST,
    FLUID_ML,
    HAEMATOCRIT_LOWEST,
    LOST_ML,
    POTASSIUM_CROSSED,
    POTASSIUM_HIGHEST,
    POTASSIUM_MMOL,
    RED_ML,
    REST_C,
    TEMPERATURE_C,
    TEMPERATURE_LOWEST_C,
    URINE_ML,
    VOLUME_LOWEST,
    VOLUME_ML,
)
from separatrix.team.rehearsal.engine.many_kernel import scratch_size
from separatrix.team.rehearsal.engine.mixing_kernel import pair_mixing
from separatrix.team.rehearsal.engine.physiology import (
    allowed_loss_ml,
    diluted,
    diluting_loss_ml,
    mixed_concentrations,
    mixing_time_constant_min,
)
from separatrix.team.rehearsal.play.arrays import PAR

RATE = st.floats(0.0, 2.0)
FLOW = st.floats(0.0, 120.0)
LOSS = st.floats(0.0, 30.0)
MINUTES = st.floats(0.01, 30.0)
NASTY = st.floats(allow_nan=True, allow_infinity=True)


def general(rates: Any, minutes: float) -> Any:
    m = rates.shape[0]
    work = np.zeros(mixing_size(m))
    work[: m * m] = rates.reshape(-1)
    mixing(m, work, 0, minutes)
    return work[: m * m].reshape(m, m)


def pair_rates(leave_a: float, leave_b: float, ab: float, ba: float) -> Any:
    return np.array([[-(leave_a + ab), ba], [ab, -(leave_b + ba)]])


# --- mixing ---


@settings(deadline=None)
@given(RATE, RATE, RATE, RATE, MINUTES)
def test_closed_form_general_form_and_scipy_agree(
    a: float, b: float, ab: float, ba: float, dt: float
) -> None:
    rates = pair_rates(a, b, ab, ba)
    closed = np.array(pair_mixing(a, b, ab, ba, dt)).reshape(2, 2)
    assert closed == pytest.approx(general(rates, dt), rel=1e-12, abs=1e-13)
    assert closed == pytest.approx(expm(rates * dt), rel=1e-12, abs=1e-13)
    assert (closed >= 0.0).all()


@settings(deadline=None)
@given(st.lists(RATE, min_size=16, max_size=16), MINUTES)
def test_general_form_is_scipys_for_four_patients_and_keeps_what_nobody_loses(
    rates: list[float], dt: float
) -> None:
    flow = np.array(rates).reshape(4, 4)
    np.fill_diagonal(flow, 0.0)
    matrix = flow.T - np.diag(flow.sum(axis=1))
    shares = general(matrix, dt)
    assert shares == pytest.approx(expm(matrix * dt), rel=1e-11, abs=1e-13)
    assert shares.sum(axis=0) == pytest.approx(np.ones(4), abs=1e-12)
    assert (shares >= 0.0).all()


def test_640_ml_each_and_50_ml_per_min_each_way_mix_in_6_4_minutes() -> None:
    pair = Bodies(weight_kg=(8.0, 8.0), ml_per_kg=80.0, haematocrit=(0.25, 0.35), exchange=((0, 50), (50, 0)))
    assert mixing_time_constant_min(640, 640, 50) == 6.4
    pair.advance(6.4)
    of_a, of_b = pair.state[:, RED_ML] / pair.state[:, VOLUME_ML]
    assert of_b - of_a == pytest.approx(0.10 / math.e, abs=1e-14)
    assert of_a + of_b == pytest.approx(0.60, abs=1e-14)


@settings(deadline=None)
@given(st.floats(2.0, 15.0), st.floats(2.0, 15.0), st.floats(1.0, 100.0), MINUTES)
def test_unequal_children_mix_as_the_closed_form_says(a: float, b: float, flow: float, dt: float) -> None:
    pair = Bodies(weight_kg=(a, b), haematocrit=(0.3, 0.4), exchange=((0, flow), (flow, 0)))
    pair.advance(dt)
    told = mixed_concentrations((75 * a, 75 * b), (0.3, 0.4), flow, dt)
    assert pair.state[:, RED_ML] / pair.state[:, VOLUME_ML] == pytest.approx(told, abs=1e-12)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_steps_may_be_split_where_volume_stays(m: int) -> None:
    exchange = np.full((m, m), 40.0) - 40.0 * np.eye(m)
    made = {"weight_kg": (7.0, 8.0, 9.0)[:m], "haematocrit": (0.3, 0.35, 0.4)[:m], "told": EVEN}
    whole, halves = (Bodies(exchange=tuple(map(tuple, exchange)), **made) for _ in "ab")  # type: ignore[arg-type]
    loss = (3.0, 2.0, 1.0)[:m]
    for bodies in (whole, halves):
        bodies.state[:, POTASSIUM_MMOL] = (1.0, 0.0, 2.0)[:m]
    whole.advance(4.0, *loss)
    halves.advance(2.0, *loss)
    halves.advance(2.0, *loss)
    columns = [VOLUME_ML, RED_ML, CLOTTING, POTASSIUM_MMOL, TEMPERATURE_C, LOST_ML]
    assert halves.state[:, columns] == pytest.approx(whole.state[:, columns], rel=1e-12)


# --- balances ---


@settings(max_examples=60, deadline=None)
@given(st.lists(FLOW, min_size=6, max_size=6), st.lists(LOSS, min_size=3, max_size=3), MINUTES)
def test_red_cells_left_and_lost_are_those_there_were(
    flows: list[float], loss: list[float], dt: float
) -> None:
    exchange = np.zeros((3, 3))
    exchange[~np.eye(3, dtype=bool)] = flows
    three = Bodies(
        weight_kg=(6.0, 9.0, 60.0),
        haematocrit=(0.3, 0.35, 0.4),
        exchange=tuple(map(tuple, exchange)),
        told=EVEN | {"volume_floor": 1e-9},
    )
    start = three.state[:, RED_ML].copy()
    volume = three.state[:, VOLUME_ML].copy()
    three.advance(dt, *loss)
    # The fourth row gathers what is lost; volume stays, because fluid has no limit here.
    rates = np.zeros((4, 4))
    rates[:3, :3] = exchange.T / volume - np.diag((exchange.sum(axis=1) + loss) / volume)
    rates[3, :3] = np.array(loss) / volume
    told = expm(rates * dt) @ np.append(start, 0.0)
    assert three.state[:, RED_ML] == pytest.approx(told[:3], rel=1e-11)
    assert three.state[:, RED_ML].sum() + told[3] == pytest.approx(start.sum(), rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(MINUTES, LOSS, LOSS, st.integers(0, 1)), min_size=1, max_size=25),
    st.floats(0.0, 60.0),
    st.floats(0.0, 60.0),
)
def test_every_ml_is_told_and_no_stock_is_given_twice(
    steps: list[tuple[float, float, float, int]], ab: float, ba: float
) -> None:
    pair = Bodies(
        exchange=((0, ab), (ba, 0)),
        packs=((1, 0, 3), (1, 1, 2), (2, 0, 2), (3, -1, 2), (2, -1, 1), (0, -1, 9)),
    )
    begun = pair.state[:, VOLUME_ML].sum()
    at_start = pair.stock.sum()
    given_ml = given_packs = now = 0.0
    for minutes, loss_a, loss_b, row in steps:
        assert pair.advance(minutes, loss_a, loss_b, row=row) >= 0
        now += minutes
        for p in (0, 1):
            pair.order(p, now)
            before = pair.state[p].copy()
            if pair.next_delivery <= now + 10.0 and math.isfinite(before[20]):
                given_packs += before[17] + before[18] + before[19]
                pair.deliver(p)
                given_ml += pair.state[p, VOLUME_ML] - before[VOLUME_ML]
        assert (pair.stock >= 0.0).all()
        assert (pair.state[:, [VOLUME_ML, RED_ML, CLOTTING]] > 0.0).all()
    waiting = pair.state[:, 17:20].sum()
    assert pair.stock.sum() + waiting + given_packs == at_start
    assert given_ml == pytest.approx(80.0 * given_packs, abs=1e-9)
    told = (
        begun + given_ml + (pair.state[:, FLUID_ML] - pair.state[:, URINE_ML] - pair.state[:, LOST_ML]).sum()
    )
    assert pair.state[:, VOLUME_ML].sum() == pytest.approx(told, abs=1e-9)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 4),
    st.lists(NASTY, min_size=16, max_size=16),
    st.lists(NASTY, min_size=4, max_size=4),
    st.floats(1e-6, 1e4),
    NASTY,
)
def test_hostile_numbers_are_told_or_leave_a_patient_that_can_be(
    m: int, flows: list[float], loss: list[float], dt: float, potassium: float
) -> None:
    exchange = np.abs(np.array(flows).reshape(4, 4)[:m, :m])
    np.fill_diagonal(exchange, 0.0)
    bodies = Bodies(
        weight_kg=(8.0,) * m,
        haematocrit=(0.34,) * m,
        exchange=tuple(map(tuple, exchange)),
        packs=((1, -1, 5),),
    )
    bodies.state[:, POTASSIUM_MMOL] = abs(potassium)
    if bodies.advance(dt, *np.abs(loss)[:m]) >= 0:
        assert np.isfinite(bodies.state[:, : URINE_ML + 1]).all()
        assert (bodies.state[:, VOLUME_ML] > 0.0).all()
        assert (bodies.state[:, [RED_ML, CLOTTING, POTASSIUM_MMOL]] >= 0.0).all()


def test_what_is_not_a_number_is_told() -> None:
    assert Bodies().advance(1.0, math.nan, 0.0) == -1
    assert Bodies(exchange=((0, math.inf), (0, 0))).advance(1.0) == -1
    ill = Bodies()
    ill.state[1, CLOTTING] = math.nan
    assert ill.advance(1.0) == -1


# --- one step, two ways of telling it ---


@settings(max_examples=60, deadline=None)
@given(
    FLOW,
    FLOW,
    LOSS,
    LOSS,
    st.floats(0.05, 1.0),
    st.floats(0.5, 1.4),
    st.floats(0.5, 1.4),
    st.floats(0.0, 3.0),
)
def test_two_patients_step_as_any_number_does(
    ab: float, ba: float, la: float, lb: float, dt: float, full_a: float, full_b: float, potassium: float
) -> None:
    quick, slow = (Bodies(weight_kg=(7.0, 9.0), exchange=((0, ab), (ba, 0))) for _ in "ab")
    for bodies in (quick, slow):
        bodies.state[:, VOLUME_ML] *= (full_a, full_b)
        bodies.state[:, POTASSIUM_MMOL] = (potassium, 0.0)
    told = quick.advance(dt, la, lb)
    assert told == many_step(
        slow.body, slow.flows, slow.par, slow.state, dt, np.array([la, lb]), 0, np.zeros(scratch_size(2))
    )
    assert quick.state == pytest.approx(slow.state, rel=1e-12, abs=1e-12)


def test_a_third_patient_without_exchange_changes_nothing_for_the_other_two() -> None:
    pair = Bodies(weight_kg=(7.0, 9.0), exchange=((0, 60), (40, 0)))
    alone = Bodies(weight_kg=(70.0,), haematocrit=(0.34,), exchange=((0.0,),))
    three = Bodies(
        weight_kg=(7.0, 9.0, 70.0), haematocrit=(0.34,) * 3, exchange=((0, 60, 0), (40, 0, 0), (0, 0, 0))
    )
    for bodies, loss in ((pair, (2.0, 1.0)), (alone, (9.0,)), (three, (2.0, 1.0, 9.0))):
        bodies.state[:, POTASSIUM_MMOL] = 1.5
        for _ in range(20):
            bodies.advance(5.0, *loss)
    together = np.concatenate([pair.state, alone.state])
    assert three.state == pytest.approx(together, rel=1e-11)


# --- volume ---


def test_fluid_keeps_the_volume_and_dilutes() -> None:
    child = Bodies(weight_kg=(8.0,), haematocrit=(0.34,), exchange=((0.0,),))
    for _ in range(10):
        child.advance(15.0, 4.0)
    assert child.state[0, VOLUME_ML] == pytest.approx(600.0)
    assert child.state[0, FLUID_ML] == pytest.approx(600.0)
    assert child.state[0, RED_ML] / 600.0 == pytest.approx(diluted(0.34, 600.0, 600.0))
    assert child.state[0, CLOTTING] / 600.0 == pytest.approx(math.exp(-1.0))
    assert child.state[0, [HAEMATOCRIT_LOWEST, CLOTTING_LOWEST]] == pytest.approx([0.34 / math.e, 1 / math.e])


def test_fluid_is_no_faster_than_its_limit_and_low_volume_slows_loss_and_exchange() -> None:
    pair = Bodies(exchange=((0, 30), (30, 0)), told={"volume_floor": 0.6})
    pair.state[0, VOLUME_ML] = 300.0
    pair.advance(1.0, 20.0, 0.0)
    slow = 300.0 / 360.0
    fluid = 1.5 * 8.0
    assert pair.state[0, LOST_ML] == pytest.approx(20.0 * slow)
    assert pair.state[0, VOLUME_ML] == pytest.approx(300.0 + fluid + 30.0 - slow * 50.0)
    assert pair.state[0, VOLUME_LOWEST] == pytest.approx(pair.state[0, VOLUME_ML] / 600.0)


def test_too_much_volume_leaves_as_urine_with_potassium_only() -> None:
    child = Bodies(
        weight_kg=(8.0,), haematocrit=(0.34,), exchange=((0.0,),), told={"potassium_uptake_per_min": 0.0}
    )
    child.state[0, VOLUME_ML] = 700.0
    child.state[0, POTASSIUM_MMOL] = 1.0
    child.advance(10.0)
    urine = 0.03 * 8.0 * 10.0
    assert child.state[0, [VOLUME_ML, URINE_ML]] == pytest.approx([700.0 - urine, urine])
    assert child.state[0, [RED_ML, CLOTTING]] == pytest.approx([0.34 * 600.0, 600.0])
    assert child.state[0, POTASSIUM_MMOL] == pytest.approx(math.exp(-urine / (700.0 - urine / 2)))


def test_potassium_goes_where_the_rest_of_the_body_takes_it() -> None:
    child = Bodies(weight_kg=(8.0,), haematocrit=(0.34,), exchange=((0.0,),))
    child.state[0, POTASSIUM_MMOL] = 1.2
    child.advance(20.0)
    assert child.state[0, POTASSIUM_MMOL] == pytest.approx(1.2 * math.exp(-0.05 * 20.0))
    assert child.state[0, POTASSIUM_HIGHEST] == pytest.approx(4.0 + 1.2 * math.exp(-1.0) / 0.6)


def test_a_flood_of_blood_is_followed_in_halves_and_never_below_nothing() -> None:
    told = {"fluid_ml_per_kg_per_min": 0.0, "volume_floor": 0.5}
    whole = Bodies(told=told)
    assert whole.advance(4.0, 400.0, 0.0) >= 0
    halves = Bodies(told=told)
    # At 400 ml a minute 1 min would take more than half of 600 ml, half a minute does not.
    left, steps = 4.0, 0
    while left > 0.0:
        step = left
        while 0.5 * halves.state[0, VOLUME_ML] < step * 400.0 * min(1.0, halves.state[0, VOLUME_ML] / 300.0):
            step /= 2
        halves.advance(step, 400.0, 0.0)
        left -= step
        steps += 1
    assert steps > 4
    assert whole.state == pytest.approx(halves.state, rel=1e-14)
    assert 0.0 < whole.state[0, VOLUME_ML] < 50.0


def test_the_worked_example_of_the_allowed_loss_is_122_ml_and_stays_below_the_curve() -> None:
    assert round(allowed_loss_ml(400.0, 0.36, 0.25)) == 122
    child = Bodies(weight_kg=(5.0,), ml_per_kg=80.0, haematocrit=(0.36,), exchange=((0.0,),))
    loss = diluting_loss_ml(0.36, 0.25, 400.0)
    assert loss > allowed_loss_ml(400.0, 0.36, 0.25)
    assert child.advance(100.0, loss / 100.0 * (1 - 1e-9)) == 0
    assert child.order(0) == 0
    assert child.advance(1.0, 1.0) == 1


# --- warmth ---


def test_temperature_tends_to_that_at_rest() -> None:
    pair = Bodies()
    pair.state[:, REST_C] = (35.8, 36.4)
    for _ in range(6):
        pair.advance(10.0)
    told = [35.8 + 1.0 * math.exp(-0.6), 36.4 + 0.4 * math.exp(-0.6)]
    assert pair.state[:, TEMPERATURE_C] == pytest.approx(told)
    assert pair.state[:, TEMPERATURE_LOWEST_C] == pytest.approx(told)


# --- thresholds ---


def test_each_threshold_is_crossed_once() -> None:
    child = Bodies()
    assert child.crossed(0) == 0
    child.state[0, CLOTTING] = 0.2 * 600.0
    assert child.crossed(0) == CLOTTING_CROSSED
    assert child.crossed(0) == 0
    child.state[0, POTASSIUM_MMOL] = 0.6 * (child.par[PAR["potassium_threshold_mmol_per_l"]] - 4.0) + 1e-9
    assert child.crossed(0) == POTASSIUM_CROSSED
    assert child.crossed(0) == 0
    assert child.crossed(1) == 0
