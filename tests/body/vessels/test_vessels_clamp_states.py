"""All clamp states against dense solves of whole networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference.division import RandomPair, clamp_cost, clamped, has_undrained, random_pair, solve

from separatrix.body.vessels.clamp_states import clamp_costs, undrained_states, worse_child_costs
from separatrix.body.vessels.ports import PortSystem, linearised, reduce_to_ports
from separatrix.core import InfeasibleError, InputError


def ports(pair: RandomPair) -> list[PortSystem]:
    return [
        reduce_to_ports(pair.passive, pair.candidates, pair.observed, supplies=pair.supplies),
        reduce_to_ports(pair.held, pair.candidates, pair.observed),
    ]


def brute(pair: RandomPair) -> np.ndarray:
    return np.array([clamp_cost(pair, s) for s in range(1 << pair.candidates.size)]).T


@pytest.mark.parametrize("seed", range(40))
def test_every_state_agrees_with_dense_solves(seed: int) -> None:
    k, isolated = seed % 7, (seed // 7) % 3
    pair = random_pair(seed, regions=3 + seed % 4, ring=6, k=max(k, 2 * isolated), isolated=isolated)
    costs, truth = clamp_costs(ports(pair), None, pair.child), brute(pair)
    np.testing.assert_array_equal(np.isfinite(costs), np.isfinite(truth))
    np.testing.assert_allclose(costs, truth, atol=1e-9, rtol=0)
    np.testing.assert_array_equal(undrained_states(ports(pair)), ~np.isfinite(truth[0]))
    np.testing.assert_array_equal(worse_child_costs(ports(pair), None, pair.child), costs.max(0))


def test_a_large_network_agrees_in_sampled_states() -> None:
    pair = random_pair(5, k=14)
    costs = clamp_costs(ports(pair), None, pair.child)
    for state in np.random.default_rng(0).integers(0, 1 << 14, 12):
        np.testing.assert_allclose(costs[:, state], clamp_cost(pair, int(state)), atol=1e-9, rtol=0)


def test_the_number_of_threads_changes_no_byte() -> None:
    pair = random_pair(6, regions=7, ring=8, k=15, isolated=1)
    alone, together = (clamp_costs(ports(pair), None, pair.child, threads=n) for n in (1, 3))
    assert alone.tobytes() == together.tobytes()


def test_a_baseline_shifts_each_node_before_the_worst_is_taken() -> None:
    pair = random_pair(7, regions=4, ring=6, k=4)
    system = ports(pair)[0]
    baseline = system.pressure - np.linspace(0, 3, system.observed.size)
    costs = clamp_costs([system], baseline, pair.child)
    after = solve(clamped(pair.passive, pair.candidates[[0, 3]]))[pair.observed] - baseline
    for child in (0, 1):
        assert costs[child, 0b1001] == pytest.approx(after[pair.child == child].max(), abs=1e-9)


def test_a_territory_on_its_artery_alone_is_undrained_though_its_pressure_is_defined() -> None:
    pair = random_pair(8, regions=4, ring=6, k=4, isolated=1)
    system = ports(pair)[0]
    cut = clamped(pair.passive, pair.candidates)
    assert has_undrained(cut, pair.observed, pair.supplies)
    assert np.isfinite(solve(cut)[pair.observed]).all()
    assert np.isposinf(clamp_costs([system], None, pair.child)[:, -1]).all()
    assert system.undrained_after([0, 1])
    assert not system.undrained_after([0])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), state=st.integers(0, 63))
def test_ports_are_reciprocal_and_give_the_pressures_of_the_whole(seed: int, state: int) -> None:
    pair = random_pair(seed, regions=4, ring=5, k=6)
    system = ports(pair)[1]
    np.testing.assert_allclose(system.stiffness, system.stiffness.T, atol=1e-12)
    assert np.linalg.eigvalsh(system.stiffness).min() > -1e-10
    chosen = [j for j in range(6) if state >> j & 1]
    after = solve(clamped(pair.held, pair.candidates[chosen]))[pair.observed]
    np.testing.assert_allclose(system.pressure_after(chosen), after, atol=1e-9, rtol=0)


def test_swapping_the_children_swaps_the_rows() -> None:
    pair = random_pair(9, regions=5, ring=6, k=5)
    costs = clamp_costs(ports(pair), None, pair.child)
    swapped = clamp_costs(ports(pair), None, 1 - pair.child)
    np.testing.assert_array_equal(costs, swapped[::-1])
    assert (costs[0] != costs[1]).any()


def test_a_segment_between_two_clamps_stays_harmless() -> None:
    pair = random_pair(10, regions=4, ring=6, k=2)
    segments = np.array([e for e in range(len(pair.held.edge_ids)) if pair.held.edge_ids[e]], dtype=np.int64)
    on_ring = np.isin(pair.held.a, pair.shared) & np.isin(pair.held.b, pair.shared)
    around = segments[on_ring[segments]]
    touching = np.flatnonzero((pair.held.a == pair.shared[1]) | (pair.held.b == pair.shared[1]))
    pair = replace(pair, candidates=np.union1d(around, touching)[:10])
    costs = clamp_costs(ports(pair), None, pair.child)
    truth = brute(pair)
    np.testing.assert_allclose(costs, truth, atol=1e-9, rtol=0)


def test_bad_input_is_named() -> None:
    pair = random_pair(11, regions=4, ring=5, k=4)
    with pytest.raises(InputError, match="named twice"):
        reduce_to_ports(pair.held, pair.candidates[[0, 0]], pair.observed)
    with pytest.raises(InputError, match="out of range"):
        reduce_to_ports(pair.held, np.array([10**6]), pair.observed)
    with pytest.raises(InputError, match="clamped already"):
        reduce_to_ports(clamped(pair.held, pair.candidates[:1]), pair.candidates, pair.observed)
    quadratic = replace(pair.held, quadratic=np.full(pair.held.quadratic.size, 0.1))
    with pytest.raises(InputError, match="quadratic"):
        reduce_to_ports(quadratic, pair.candidates, pair.observed)
    with pytest.raises(InfeasibleError, match="no drainage"):
        reduce_to_ports(
            clamped(pair.held, np.arange(len(pair.held.edge_ids))), np.empty(0, np.int64), pair.observed
        )


def test_linearised_keeps_the_drop_at_its_flow() -> None:
    from separatrix.body.vessels.model import FlowState

    pair = random_pair(12, regions=3, ring=4, k=2)
    m = len(pair.held.edge_ids)
    network = replace(pair.held, quadratic=np.full(m, 0.02))
    flow = np.linspace(-3, 4, m)
    plain = linearised(network, FlowState(pressure=np.zeros(1), flow=flow, residual=0.0))
    np.testing.assert_allclose(plain.resistance * flow, (network.resistance + 0.02 * np.abs(flow)) * flow)
    assert not plain.quadratic.any()
