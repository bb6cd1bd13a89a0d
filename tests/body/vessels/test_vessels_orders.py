"""The best orders against every order there is."""

from __future__ import annotations

import numpy as np
import pytest
from tests.reference.division import all_orders, random_pair

from separatrix.body.vessels.clamp_states import clamp_costs
from separatrix.body.vessels.orders import along, best_order, forbid, worst_peak
from separatrix.body.vessels.ports import reduce_to_ports


def costs_of(seed: int, k: int) -> np.ndarray:
    """Costs of a random pair of circulations, or, every other time, of no physics at all."""
    if seed % 2:
        return np.random.default_rng(seed).normal(2, 2, (2, 1 << k))
    pair = random_pair(seed, regions=3 + seed % 5, ring=6, k=k)
    systems = [
        reduce_to_ports(pair.passive, pair.candidates, pair.observed, supplies=pair.supplies),
        reduce_to_ports(pair.held, pair.candidates, pair.observed),
    ]
    return clamp_costs(systems, None, pair.child)


def agree(costs: np.ndarray) -> None:
    """Every promise of `best_order` against every order."""
    orders = all_orders(costs)
    best = best_order(costs)
    pairs = {(round(max(p), 9), round(min(p), 9)) for _, p, _ in orders}
    assert (round(max(best.peak), 9), round(min(best.peak), 9)) == min(pairs)
    assert best.gap == 0
    assert max(best.peak) == best.value
    burdens = [np.maximum(along(costs, q).max(0), 0).sum() for q, _, _ in orders]
    level = [
        b
        for b, (_, p, _) in zip(burdens, orders, strict=True)
        if (round(max(p), 9), round(min(p), 9)) == min(pairs)
    ]
    assert np.maximum(along(costs, best.sequence).max(0), 0).sum() == pytest.approx(min(level), abs=1e-9)
    assert best_order(costs, "burden").value == pytest.approx(min(burdens), abs=1e-9)
    for child in (0, 1):
        alone = best_order(costs, child=child)
        assert alone.peak[child] == pytest.approx(min(p[child] for _, p, _ in orders), abs=1e-9)
        light = best_order(costs, "burden", child=child)
        assert light.burden[child] == pytest.approx(min(b[child] for _, _, b in orders), abs=1e-9)
    assert worst_peak(costs) == pytest.approx(max(max(p) for _, p, _ in orders), abs=1e-9)


@pytest.mark.parametrize("seed", range(200))
def test_all_orders_of_few_vessels(seed: int) -> None:
    agree(costs_of(seed, 1 + seed % 6))


@pytest.mark.parametrize("seed", range(6))
def test_all_orders_of_seven_vessels(seed: int) -> None:
    agree(costs_of(seed, 7))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40))
def test_all_orders_of_eight_vessels(seed: int) -> None:
    agree(costs_of(seed, 8))


def test_more_vessels_than_a_block_compares_at_once() -> None:
    costs = np.random.default_rng(3).normal(2, 2, (2, 1 << 11))
    least = {0: -np.inf}
    for state in range(1, 1 << 11):
        before = min(least[state ^ (1 << j)] for j in range(11) if state >> j & 1)
        least[state] = max(costs[:, state].max(), before)
    assert best_order(costs).value == least[(1 << 11) - 1]


def test_a_forbidden_step_is_not_taken() -> None:
    costs = costs_of(4, 5)
    sequence = best_order(costs).sequence
    first, then = sequence[-1], sequence[0]
    held = best_order(forbid(costs, [(first, then)])).sequence
    assert held.index(first) < held.index(then)


def test_an_order_that_cannot_avoid_a_dry_territory_says_so() -> None:
    costs = np.ones((2, 8))
    costs[:, [3, 7]] = np.inf
    dry = best_order(costs)
    assert not dry.drained
    assert np.isfinite([*dry.peak, *dry.burden, dry.value, dry.bound]).all()
    costs[:, 7] = 1.0
    wet = best_order(costs)
    assert wet.drained
    assert wet.sequence.index(2) < 2


def test_nothing_to_divide() -> None:
    assert best_order(np.zeros((2, 1))).sequence == ()
