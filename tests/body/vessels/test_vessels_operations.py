"""Plans in stages against every pair of sets, by dense solves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.reference.division import RandomPair, clamped, random_pair, solve, staged_value

from separatrix.body.vessels.clamp_states import clamp_costs
from separatrix.body.vessels.growth import Growth, adapted, no_growth, reference_flows
from separatrix.body.vessels.operations import OperationsPlan, best_operations
from separatrix.body.vessels.orders import best_order
from separatrix.body.vessels.ports import reduce_to_ports
from separatrix.core import InputError


def law(pair: RandomPair, seed: int = 0, *, clot: bool = False) -> Growth:
    random = np.random.default_rng(seed)
    clots = tuple(random.choice(pair.anastomoses, 1 + j % 2) for j in range(pair.candidates.size))
    return Growth(
        edges=pair.anastomoses,
        reference=reference_flows(pair.held, pair.anastomoses, 0.5),
        rate=float(random.uniform(0.3, 2)),
        most=float(random.uniform(2, 5)),
        clots=clots if clot else (),
    )


def plan(pair: RandomPair, count: int, growth: Growth | None, **more: object) -> OperationsPlan:
    return best_operations(
        pair.networks,
        pair.candidates,
        pair.observed,
        pair.child,
        count=count,
        growth=growth,
        supplies=[pair.supplies, None],
        **more,  # type: ignore[arg-type]
    )


def agree(seed: int, k: int) -> None:
    isolated = int(k >= 4 and seed % 4 == 3)
    pair = random_pair(seed, regions=4 + seed % 3, ring=6, k=k, isolated=isolated)
    growth = law(pair, seed, clot=seed % 3 == 2)
    before = np.array([solve(network)[pair.observed] for network in pair.networks])
    for count in (1, 2, 3):
        found, truth = plan(pair, count, growth), staged_value(pair, growth, count, before)
        assert found.drained == np.isfinite(truth)
        assert len(found.operations) <= count
        assert sorted(j for operation in found.operations for j in operation) == list(range(k))
        assert found.gap <= 1e-9
        if found.drained:
            assert found.value == pytest.approx(truth, abs=1e-9)
        else:
            assert (found.peak, found.burden, found.bound) == ((0.0, 0.0), (0.0, 0.0), 0.0)


@pytest.mark.parametrize("seed", range(24))
def test_stages_of_few_vessels(seed: int) -> None:
    agree(seed, 2 + seed % 3)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(60))
def test_stages_of_more_vessels(seed: int) -> None:
    agree(100 + seed, 4 + seed % 3)


def test_without_growth_waiting_gains_nothing_and_is_not_proposed() -> None:
    pair = random_pair(1, regions=6, ring=6, k=6)
    alone = plan(pair, 1, None)
    for growth in (None, no_growth()):
        staged = plan(pair, 3, growth)
        assert len(staged.operations) == 1
        assert staged.value == pytest.approx(alone.value, abs=1e-12)


def test_one_operation_is_the_best_order() -> None:
    pair = random_pair(2, regions=6, ring=6, k=6)
    systems = [
        reduce_to_ports(network, pair.candidates, pair.observed, supplies=feed)
        for network, feed in zip(pair.networks, (pair.supplies, None), strict=True)
    ]
    order = best_order(clamp_costs(systems, None, pair.child))
    found = plan(pair, 1, law(pair))
    assert found.operations == (order.sequence,)
    assert (found.peak, found.burden) == (order.peak, order.burden)


def test_more_operations_never_cost_more() -> None:
    pair = random_pair(3, regions=7, ring=7, k=8)
    values = [plan(pair, count, law(pair)).value for count in (1, 2, 3)]
    assert values[0] >= values[1] >= values[2]
    assert values[0] > values[1] + 1e-3


def test_the_number_of_threads_changes_nothing() -> None:
    pair = random_pair(4, regions=6, ring=6, k=8)
    assert plan(pair, 3, law(pair), threads=1) == plan(pair, 3, law(pair), threads=4)


def test_growth_follows_its_law_edge_by_edge() -> None:
    pair = random_pair(5, regions=5, ring=6, k=4)
    growth = law(pair, 5)
    done = np.array([0, 2])
    after = clamped(pair.held, pair.candidates[done])
    pressure = solve(after)
    grown = adapted(pair.held, pair.candidates, done, growth)
    factors = pair.held.resistance / grown.resistance
    for edge, reference in zip(growth.edges, growth.reference, strict=True):
        flow = abs(pressure[after.a[edge]] - pressure[after.b[edge]]) / pair.held.resistance[edge]
        expected = min(growth.most, 1 + growth.rate * max(0.0, flow / reference - 1))
        assert factors[edge] == pytest.approx(expected, rel=1e-10)
    others = np.setdiff1d(np.arange(factors.size), growth.edges)
    assert (factors[others] == 1).all()
    assert factors.max() > 1


def test_clot_can_cost_the_drainage_that_waiting_was_for() -> None:
    pair = random_pair(6, regions=5, ring=6, k=4, isolated=1)
    pair = replace(pair, candidates=pair.candidates[[0, 2, 3]])  # one of the two outlets of a territory
    growth = replace(law(pair, 6), clots=(pair.candidates[:0],) * 3)
    assert plan(pair, 2, growth).drained
    both = np.flatnonzero((pair.held.a == 0) & (np.arange(pair.held.a.size) != pair.candidates[0]))
    clotted = replace(growth, clots=(both, both, both))
    staged = plan(pair, 2, clotted)
    assert len(staged.operations) == 1
    assert staged.drained


def test_bad_input_is_named() -> None:
    pair = random_pair(7, regions=4, ring=6, k=4)
    with pytest.raises(InputError, match="4 operations"):
        plan(pair, 4, None)
    with pytest.raises(InputError, match="reference flow"):
        replace(law(pair), reference=np.zeros(pair.anastomoses.size))
    with pytest.raises(InputError, match="expected 1 or more"):
        replace(law(pair), most=0.5)


@pytest.mark.parametrize("seed", range(8))
def test_the_search_by_bounds_finds_what_all_pairs_find(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = random_pair(200 + seed, regions=9, ring=8, k=6 + seed % 4)
    growth = law(pair, seed, clot=seed % 4 == 3)
    every = plan(pair, 3, growth)
    monkeypatch.setattr("separatrix.body.vessels.operations.MOST_STAGED", 1)
    bounded = plan(pair, 3, growth)
    assert bounded.value == pytest.approx(every.value, abs=1e-9)
    assert bounded.gap <= 1e-9


def test_a_small_allowance_leaves_a_gap_that_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = random_pair(210, regions=12, ring=8, k=9)
    growth = law(pair, 4)
    exact = plan(pair, 3, growth).value
    monkeypatch.setattr("separatrix.body.vessels.operations.MOST_STAGED", 1)
    monkeypatch.setattr("separatrix.body.vessels.staged_bound.ALLOWANCE", 8)
    rough = plan(pair, 3, growth)
    assert rough.bound <= exact + 1e-9
    assert exact <= rough.value + 1e-9
