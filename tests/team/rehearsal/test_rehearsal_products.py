"""Blood ordered, waited for and given: how much, when, to whom, and what lacks."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import pytest
from numba.core.errors import TypingError
from tests.team.rehearsal.bodies import Bodies

from separatrix.team.rehearsal.engine.body_state import (
    ARRIVES_MIN,
    CLOTTING,
    LOST_ML,
    PACKS_SHORT,
    PLASMA_COMING,
    PLASMA_GIVEN,
    PLATELETS_COMING,
    PLATELETS_GIVEN,
    POTASSIUM_HIGHEST,
    POTASSIUM_MMOL,
    RED_COMING,
    RED_GIVEN,
    RED_ML,
    TEMPERATURE_C,
    TEMPERATURE_LOWEST_C,
    VOLUME_ML,
)
from separatrix.team.rehearsal.engine.borrowed_kernel import borrowed
from separatrix.team.rehearsal.play.arrays import PAR

COMING = [RED_COMING, PLASMA_COMING, PLATELETS_COMING]
GIVEN = [RED_GIVEN, PLASMA_GIVEN, PLATELETS_GIVEN]
PLENTY = tuple((kind, -1, 99) for kind in (1, 2, 3))
EXACT = {
    "haematocrit_trigger": 0.25,
    "haematocrit_target": 0.32,
    "red_pack_ml": 280.0,
    "red_pack_haematocrit": 0.57,
    "red_pack_potassium_mmol": 2.0,
    "plasma_pack_ml": 250.0,
    "platelet_pack_ml": 220.0,
    "platelet_pack_clotting": 2.0,
    "product_delay_min": 10.0,
    "product_c": 33.0,
    "product_ml_per_kg": 10.0,
    "massive_ml_per_kg": 40.0,
    "clotting_trigger": 0.45,
    "heat_ratio": 1.04,
    "volume_floor": -99.0,
}
"""Numbers that the expected answers were worked out with, whatever the evidence says later; a floor below
nothing leaves room for any number of packs."""


def pale(
    haematocrit: float = 0.2, *, packs: tuple[tuple[int, int, int], ...] = PLENTY, kg: float = 8.0
) -> Bodies:
    """One child of 600 ml (8 kg) with too few red cells."""
    child = Bodies(weight_kg=(kg,), haematocrit=(0.34,), exchange=((0.0,),), told=EXACT, packs=packs)
    child.state[0, RED_ML] = haematocrit * child.state[0, VOLUME_ML]
    return child


def test_nobody_orders_above_the_trigger() -> None:
    child = pale(0.2501)
    assert child.order(0) == 0
    assert child.next_delivery == math.inf
    assert child.stock.tolist() == [99, 99, 99]


@pytest.mark.parametrize(
    ("haematocrit", "packs"), [(0.249, 1), (0.245, 1), (0.24, 2), (0.2, 2), (0.1, 3), (0.02, 4)]
)
def test_as_many_packs_as_bring_the_target(haematocrit: float, packs: int) -> None:
    # One pack gives a child of 8 kg 80 ml with 45.6 ml of red cells.
    child = pale(haematocrit)
    assert packs == math.ceil((0.32 - haematocrit) * 600 / 45.6)
    assert child.order(0, 100.0) == packs
    assert child.state[0, COMING].tolist() == [packs, 0, 0]
    assert child.stock.tolist() == [99 - packs, 99, 99]
    assert child.next_delivery == 110.0


def test_while_blood_is_on_its_way_nothing_more_is_ordered() -> None:
    child = pale()
    child.order(0, 0.0)
    child.state[0, RED_ML] = 1.0
    assert child.order(0, 5.0) == 0
    assert child.next_delivery == 10.0
    child.deliver(0)
    assert child.next_delivery == math.inf
    assert child.order(0, 10.0) > 0


def test_a_delivery_adds_what_is_in_the_packs_and_cools_by_mixing() -> None:
    child = pale()
    child.state[0, TEMPERATURE_C] = 36.0
    child.order(0)
    child.state[0, COMING] = (2, 3, 1)
    child.deliver(0)
    state = child.state[0]
    assert state[VOLUME_ML] == pytest.approx(600 + 6 * 80)
    assert state[RED_ML] == pytest.approx(120 + 2 * 45.6)
    assert state[CLOTTING] == pytest.approx(600 + 3 * 80 + 2 * 80)
    assert state[POTASSIUM_MMOL] == pytest.approx(2 * 2.0 * 80 / 280)
    assert state[POTASSIUM_HIGHEST] == pytest.approx(4 + 1000 * state[POTASSIUM_MMOL] / state[VOLUME_ML])
    heat = 480 * 1.04 / 8000
    assert state[TEMPERATURE_C] == pytest.approx((36.0 + 33.0 * heat) / (1 + heat))
    assert state[TEMPERATURE_LOWEST_C] == state[TEMPERATURE_C]
    assert state[GIVEN].tolist() == [2, 3, 1]
    assert state[COMING].tolist() == [0, 0, 0]


def test_a_grown_patient_gets_whole_packs() -> None:
    mother = pale(0.2, kg=70.0)
    mother.order(0)
    packs = mother.state[0, RED_COMING]
    assert packs == math.ceil(0.12 * 70 * 75 / (280 * 0.57))
    before = mother.state[0, VOLUME_ML]
    mother.deliver(0)
    assert mother.state[0, VOLUME_ML] - before == pytest.approx(packs * 280.0)


def test_in_massive_transfusion_plasma_goes_with_every_pack_and_platelets_with_every_fourth() -> None:
    child = pale(0.2)
    child.state[0, LOST_ML] = 40.0 * 8.0 + 0.1
    given = []
    for _ in range(6):
        child.state[0, RED_ML] = 0.2 * child.state[0, VOLUME_ML]
        child.state[0, CLOTTING] = child.state[0, VOLUME_ML] = 600.0
        child.state[0, RED_ML] = 120.0
        child.order(0)
        given.append(child.state[0, COMING].tolist())
        child.deliver(0)
    assert given == [[2, 2, 0], [2, 2, 1], [2, 2, 0], [2, 2, 1], [2, 2, 0], [2, 2, 1]]
    assert child.state[0, GIVEN].tolist() == [12, 12, 3]


def test_thin_clotting_alone_brings_one_plasma_and_one_platelet_pack() -> None:
    child = pale(0.34)
    child.state[0, CLOTTING] = 0.449 * 600
    assert child.order(0) == 2
    assert child.state[0, COMING].tolist() == [0, 1, 1]


def test_what_lacks_is_told_once_and_an_empty_shelf_sends_nothing() -> None:
    child = pale(0.02, packs=((1, 0, 3), (2, 0, 0)))
    child.state[0, LOST_ML] = 500.0
    assert child.order(0, 0.0) == 3
    assert child.state[0, PACKS_SHORT] == 1 + 4 + 1
    child.deliver(0)
    child.state[0, RED_ML] = 0.24 * child.state[0, VOLUME_ML]
    for minute in range(20):
        assert child.order(0, float(minute)) == 0
        assert child.state[0, ARRIVES_MIN] == math.inf
    assert child.state[0, PACKS_SHORT] == 6
    assert child.stock.tolist() == [0, 0]


def test_own_packs_go_first_then_anybodys_and_never_the_other_childs() -> None:
    pair = Bodies(told=EXACT, packs=((1, -1, 2), (1, 1, 5), (1, 0, 1)))
    pair.state[0, RED_ML] = 0.02 * 600
    assert pair.order(0) == 3
    assert pair.stock.tolist() == [0, 5, 0]
    assert pair.state[0, PACKS_SHORT] == 1


def test_a_child_that_bleeds_is_kept_above_the_trigger_less_what_the_wait_costs() -> None:
    child = pale(0.34)
    # Red cells alone: plasma is volume too, and thins them for a while.
    child.par[PAR["massive_ml_per_kg"]] = math.inf
    child.par[PAR["clotting_trigger"]] = 0.0
    lowest, short = 1.0, 0.0
    for minute in range(600):
        if child.next_delivery <= minute:
            child.deliver(0)
        child.advance(1.0, 2.0)
        child.order(0, minute + 1.0)
        lowest = min(lowest, child.state[0, RED_ML] / child.state[0, VOLUME_ML])
        short = max(short, child.state[0, PACKS_SHORT])
    # 1 200 ml are two blood volumes. In the 11 minutes from sign to blood 22 of 600 ml are lost.
    assert 0.25 * math.exp(-25 / 600) < lowest < 0.25
    assert short == 0
    assert child.state[0, LOST_ML] == pytest.approx(1200.0)
    # 1 200 ml at 25 to 32 %, less what could be lost from 34 to 25 %, in packs of 45.6 ml of red cells.
    assert (
        (1200 * 0.25 - 0.09 * 600) / 45.6 - 1
        <= child.state[0, RED_GIVEN]
        <= (1200 * 0.32 - 0.02 * 600) / 45.6 + 1
    )
    assert child.state[0, GIVEN[1:]].tolist() == [0, 0]


def test_no_cells_are_ordered_for_fluid_that_has_to_leave() -> None:
    child = pale(0.34 * 600 / 900)
    child.state[0, VOLUME_ML] = 900.0
    child.state[0, [RED_ML, CLOTTING]] = (0.2 * 900, 900.0)
    assert child.order(0) == math.ceil((0.32 * 600 - 180) / 45.6) == 1
    enough = pale()
    enough.state[0, VOLUME_ML] = 900.0
    enough.state[0, [RED_ML, CLOTTING]] = (0.2 * 900 + 12.1, 900.0)
    assert enough.order(0) == 0


@pytest.mark.parametrize(
    ("volume_ml", "packs"),
    [
        # Room up to 840 ml in packs of 80 ml: three at the starting volume or below, then fewer.
        (400.0, [1, 1, 1]),
        (600.0, [1, 1, 1]),
        (679.0, [1, 1, 0]),
        (681.0, [1, 0, 0]),
        (761.0, [0, 0, 0]),
    ],
)
def test_no_more_packs_are_ordered_than_fit(volume_ml: float, packs: list[int]) -> None:
    child = pale()
    child.par[PAR["volume_floor"]] = 0.6
    child.state[0, [VOLUME_ML, RED_ML, CLOTTING]] = (volume_ml, 20.0, 0.4 * volume_ml)
    child.state[0, LOST_ML] = 500.0
    child.order(0)
    assert child.state[0, COMING].tolist() == packs
    assert child.state[0, PACKS_SHORT] == 0


@pytest.mark.parametrize("packed", [0.5, 0.57, 0.75])
def test_orders_come_to_an_end_in_massive_transfusion_too(packed: float) -> None:
    child = pale(0.34)
    child.par[PAR["red_pack_haematocrit"]] = packed
    child.par[PAR["volume_floor"]] = 0.6
    most = 0.0
    for minute in range(1500):
        if child.next_delivery <= minute:
            child.deliver(0)
        child.advance(1.0, 5.0 if minute < 240 else 0.0)
        child.order(0, minute + 1.0)
        most = max(most, child.state[0, VOLUME_ML])
        if minute == 900:
            then = child.state[0, GIVEN].copy()
    assert child.state[0, GIVEN].tolist() == then.tolist()
    assert child.state[0, RED_GIVEN] <= (1200 * 0.32 + 0.32 * 600) / (80 * packed) + 2
    assert 1.2 * 600 < most <= 1.4 * 600


def test_borrowed_arrays_are_the_same_memory_and_only_arrays_are_borrowed() -> None:
    @nb.njit
    def add(both):  # type: ignore[no-untyped-def]
        lent = borrowed(both)
        lent[0][0] += 1.0
        return lent[0][1:3].sum() + lent[1].sum()

    held = np.ones(3)
    assert add((held, np.ones((2, 2), dtype=np.int64))) == 6.0
    assert held.tolist() == [2.0, 1.0, 1.0]
    with pytest.raises(TypingError, match="only arrays can be borrowed"):
        add((held, 3))


def test_the_numbers_of_the_tests_are_parameters() -> None:
    assert set(EXACT) <= set(PAR)
