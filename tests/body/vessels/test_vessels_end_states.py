"""Every end state of a ring against dense solves of both children's networks."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from tests.reference.division import RandomPair, label_harm, random_pair

from separatrix.body.vessels.end_states import LabelStates, cut_edges, few_cuts, front, label_states
from separatrix.core import InputError


def owners(pair: RandomPair) -> list[np.ndarray]:
    return [pair.owner[: len(network.node_ids)] for network in pair.networks]


def states_of(pair: RandomPair, **more: object) -> LabelStates:
    return label_states(
        pair.networks,
        pair.shared,
        owners(pair),
        pair.observed,
        supplies=[pair.supplies, None],
        **more,  # type: ignore[arg-type]
    )


def agree(pair: RandomPair, found: LabelStates, chosen: np.ndarray) -> None:
    truth = [label_harm(pair, found.labels(i).tolist()) for i in chosen]
    for computed, which in ((found.harm, 0), (found.total, 1)):
        expected = np.array([t[which] for t in truth])
        np.testing.assert_allclose(computed[chosen], expected, atol=1e-8, rtol=1e-9)


@pytest.mark.parametrize("seed", range(200))
def test_every_end_state_agrees_with_dense_solves(seed: int) -> None:
    ring = 1 + seed % 6
    pair = random_pair(seed, regions=3 + seed % 4, ring=ring, k=6, isolated=int(seed % 8 == 7))
    found = states_of(pair)
    assert found.complete
    assert found.states.size == 1 << ring
    agree(pair, found, np.arange(1 << ring))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(160))
def test_every_end_state_of_more_rings(seed: int) -> None:
    pair = random_pair(1000 + seed, regions=4 + seed % 4, ring=4 + seed % 5, k=7)
    found = states_of(pair)
    agree(pair, found, np.arange(found.states.size))


@pytest.mark.long
def test_every_end_state_of_twelve_junctions() -> None:
    pair = random_pair(77, regions=8, ring=12, k=8)
    found = states_of(pair)
    agree(pair, found, np.arange(1 << 12))


def test_a_ring_of_twelve_agrees_in_sampled_states() -> None:
    pair = random_pair(78, regions=9, ring=12, k=8)
    agree(pair, states_of(pair), np.random.default_rng(1).integers(0, 1 << 12, 60))


def test_a_long_ring_is_cut_at_four_points_at_most() -> None:
    pair = random_pair(79, regions=6, ring=23, k=6)
    found = states_of(pair)
    assert not found.complete
    assert found.states.size == 2 * (1 + 23 * 22 // 2 + 23 * 22 * 21 * 20 // 24)
    agree(pair, found, np.random.default_rng(2).integers(0, found.states.size, 40))


@pytest.mark.parametrize("nodes", range(1, 9))
def test_few_cuts_are_all_labellings_with_few_cuts(nodes: int) -> None:
    def cuts(labels: tuple[int, ...]) -> int:
        return sum(labels[i] != labels[i - 1] for i in range(nodes))

    every = itertools.product((0, 1), repeat=nodes)
    expected = sorted(sum(x << i for i, x in enumerate(labels)) for labels in every if cuts(labels) <= 4)
    assert few_cuts(nodes).tolist() == expected


def test_given_nodes_keep_their_child() -> None:
    pair = random_pair(80, regions=4, ring=6, k=6)
    given = np.array([-1, 1, -1, 0, -1, -1])
    found, every = states_of(pair, fixed=given), states_of(pair)
    assert found.states.size == 16
    for i in range(16):
        assert found.labels(i)[[1, 3]].tolist() == [1, 0]
        at = int(np.flatnonzero(every.states == found.states[i])[0])
        np.testing.assert_allclose(found.harm[i], every.harm[at], atol=1e-10)


def test_the_number_of_threads_changes_no_byte() -> None:
    pair = random_pair(81, regions=3, ring=15, k=6)
    alone, together = states_of(pair, threads=1), states_of(pair, threads=3)
    assert alone.harm.tobytes() == together.harm.tobytes()
    assert alone.total.tobytes() == together.total.tobytes()


def test_swapping_the_children_swaps_their_harm_and_turns_the_labels() -> None:
    pair = random_pair(82, regions=4, ring=6, k=6)
    found = states_of(pair)
    names = np.where(pair.owner < 0, -1, 1 - pair.owner)
    turned = states_of(replace(pair, owner=names))
    np.testing.assert_allclose(turned.harm[::-1], found.harm[:, ::-1], atol=1e-9)
    assert not np.allclose(found.harm[:, 0], found.harm[:, 1])


def test_a_child_that_drains_through_the_other_alone_has_no_drainage_in_any_state() -> None:
    pair = random_pair(83, regions=3, ring=4, k=6)
    jugular_a = int(np.flatnonzero(~np.isnan(pair.held.fixed))[0])
    closed = [
        replace(network, is_open=(network.a != jugular_a) & (network.b != jugular_a))
        for network in pair.networks
    ]
    found = states_of(replace(pair, passive=closed[0], held=closed[1]))
    assert np.isposinf(found.harm[:, 0]).all()
    assert not found.drained.any()
    assert front(found.harm).size == 0


def test_the_front_holds_what_nothing_dominates() -> None:
    harm = np.random.default_rng(3).integers(0, 12, (200, 2)).astype(float)
    harm[::17] = np.inf
    kept = front(harm)

    def dominated(row: np.ndarray) -> bool:
        return bool(((harm <= row).all(1) & (harm < row).any(1)).any())

    expected = {tuple(row) for row in harm[np.isfinite(harm[:, 0])] if not dominated(row)}
    assert {tuple(row) for row in harm[kept]} == expected
    assert len(kept) == len(expected)


def test_cut_edges_are_those_between_the_children() -> None:
    pair = random_pair(84, regions=3, ring=4, k=6)
    owner, labels = owners(pair)[1], np.array([0, 1, 1, 0])
    cut = cut_edges(pair.held, pair.shared, owner, labels)
    full = owner.copy()
    full[pair.shared] = labels
    assert set(cut) == {
        e for e in range(len(pair.held.edge_ids)) if full[pair.held.a[e]] != full[pair.held.b[e]]
    }


def test_bad_input_is_named() -> None:
    pair = random_pair(85, regions=3, ring=4, k=6)
    inflow = pair.held.inflow.copy()
    inflow[pair.shared[0]] = 1.0
    with pytest.raises(InputError, match="inflow of its own"):
        states_of(replace(pair, held=replace(pair.held, inflow=inflow)))
    with pytest.raises(InputError, match="shared and observed"):
        states_of(replace(pair, observed=np.concatenate([pair.observed, pair.shared[:1]])))
