"""The best orders against every order there is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.reference.division import random_pair

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
    """Every promise of `best_order` against every order there is."""
    k = costs.shape[1].bit_length() - 1
    orders = np.array(list(itertools.permutations(range(k))))
    steps = costs[:, np.cumsum(1 << orders, axis=1)]  # child, order, step
    peaks, burdens = steps.max(axis=2), np.maximum(steps, 0).sum(axis=2)
    together = np.maximum(steps.max(axis=0), 0).sum(axis=1)
    best = best_order(costs)
    worse, other = peaks.max(axis=0), peaks.min(axis=0)
    assert max(best.peak) == worse.min()
    assert min(best.peak) == other[worse == worse.min()].min()
    assert best.gap == 0
    assert max(best.peak) == best.value
    level = together[(worse == worse.min()) & (other == min(best.peak))].min()
    assert np.maximum(along(costs, best.sequence).max(0), 0).sum() == pytest.approx(level, abs=1e-9)
    assert best_order(costs, "burden").value == pytest.approx(together.min(), abs=1e-9)
    for child in (0, 1):
        assert best_order(costs, child=child).peak[child] == peaks[child].min()
        light = best_order(costs, "burden", child=child)
        assert light.burden[child] == pytest.approx(burdens[child].min(), abs=1e-9)
    assert worst_peak(costs) == worse.max()


@pytest.mark.parametrize("seed", range(400))
def test_all_orders_of_up_to_eight_vessels(seed: int) -> None:
    agree(costs_of(seed, 1 + (seed // 2) % 8))


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
