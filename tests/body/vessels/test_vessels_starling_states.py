"""Clamp states with collapsible veins against whole solves and, where none collapses, the linear search."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.reference.division import RandomPair, clamped, has_undrained, random_pair

from separatrix.body.vessels import starling_states
from separatrix.body.vessels.clamp_states import clamp_costs
from separatrix.body.vessels.ports import reduce_to_ports
from separatrix.body.vessels.solve import solve
from separatrix.body.vessels.starling_states import collapsible_costs


def collapsible(pair: RandomPair, outside_mmHg: float, share: float, seed: int) -> RandomPair:
    """Most candidates from a territory and a share of the other veins collapse under this pressure."""
    random, m = np.random.default_rng(seed), len(pair.held.edge_ids)
    chosen = random.random(m) < share
    chosen[pair.candidates] |= random.random(pair.candidates.size) < 0.8
    chosen &= pair.held.a < pair.child.size
    changed = []
    for network in pair.networks:
        external = np.full(len(network.edge_ids), np.nan)
        external[:m][chosen] = outside_mmHg
        changed.append(replace(network, external=external))
    return replace(pair, passive=changed[0], held=changed[1])


def costs_of(pair: RandomPair, **more: object) -> np.ndarray:
    return collapsible_costs(
        pair.networks,
        pair.candidates,
        pair.observed,
        pair.child,
        supplies=[pair.supplies, None],
        **more,  # type: ignore[arg-type]
    )


def linear(pair: RandomPair) -> np.ndarray:
    systems = [
        reduce_to_ports(network, pair.candidates, pair.observed, supplies=feed)
        for network, feed in zip(pair.networks, (pair.supplies, None), strict=True)
    ]
    return clamp_costs(systems, None, pair.child)


@pytest.mark.parametrize("seed", range(16))
def test_every_state_agrees_with_whole_solves(seed: int) -> None:
    k, isolated = 2 + seed % 4, int(seed % 8 == 5)
    pair = random_pair(seed, regions=4 + seed % 3, ring=6, k=max(k, 2 * isolated), isolated=isolated)
    pair = collapsible(pair, 8.0 + seed % 5, (0.0, 0.1)[seed % 2], seed)
    costs = costs_of(pair)
    for state in range(costs.shape[1]):
        worst = np.full(2, -np.inf)
        for network, supplies in zip(pair.networks, (pair.supplies, None), strict=True):
            after = clamped(network, [int(e) for j, e in enumerate(pair.candidates) if state >> j & 1])
            if has_undrained(after, pair.observed, supplies):
                worst[:] = np.inf
                break
            rise = (solve(after).pressure - solve(network).pressure)[pair.observed]
            worst = np.maximum(worst, [rise[pair.child == child].max() for child in (0, 1)])
        np.testing.assert_allclose(costs[:, state], worst, atol=1e-8, rtol=0)


def test_far_from_collapse_the_search_is_the_linear_one() -> None:
    pair = collapsible(random_pair(20, regions=6, ring=6, k=7), -5.0, 0.1, 3)
    np.testing.assert_allclose(costs_of(pair), linear(pair), atol=1e-9)


def test_collapse_matters_where_the_outside_pressure_is_high() -> None:
    pair = collapsible(random_pair(21, regions=6, ring=6, k=7), 12.0, 0.2, 3)
    assert np.abs(costs_of(pair) - linear(pair)).max() > 0.05


def test_the_number_of_threads_changes_no_byte() -> None:
    pair = collapsible(random_pair(22, regions=6, ring=6, k=14), 10.0, 0.0, 3)
    assert costs_of(pair, threads=1).tobytes() == costs_of(pair, threads=3).tobytes()


@pytest.mark.parametrize(("seed", "outside_mmHg"), [(2, 11.0), (4, 9.0), (5, 11.0)])
def test_pieces_of_ring_left_empty_between_clamps_are_followed_to_the_end(
    seed: int, outside_mmHg: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = random_pair(seed, regions=12, ring=10, k=2)
    on_ring = np.isin(pair.held.a, pair.shared) & np.isin(pair.held.b, pair.shared)
    touching = np.isin(pair.held.a, pair.shared[:2]) | np.isin(pair.held.b, pair.shared[:2])
    around = np.union1d(np.flatnonzero(on_ring), np.flatnonzero(touching))[:14]
    pair = collapsible(replace(pair, candidates=around), outside_mmHg, 0.15, seed)
    external = pair.held.external.copy()
    external[around] = outside_mmHg
    held = replace(pair.held, external=external)
    monkeypatch.setattr(starling_states, "_solve_alone", lambda *_: pytest.fail("a state was not solved"))
    costs = starling_states.collapsible_costs([held], around, pair.observed, pair.child)
    start = solve(held).pressure[pair.observed]
    for state in np.random.default_rng(seed).integers(0, 1 << 14, 12):
        after = clamped(held, [int(e) for j, e in enumerate(around) if state >> j & 1])
        rise = solve(after).pressure[pair.observed] - start
        truth = [rise[pair.child == child].max() for child in (0, 1)]
        np.testing.assert_allclose(costs[:, state], truth, atol=1e-8, rtol=0)
