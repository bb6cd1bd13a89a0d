from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.body.vessels.networks import inputs_of, ring_pair

from separatrix.body.vessels.choices import search_end_states
from separatrix.body.vessels.sequence import find_order
from separatrix.body.vessels.situation import Situation, situation_of
from separatrix.body.vessels.wishes import Wishes, read_wishes
from separatrix.case import WishSpec


def _case(seed: int) -> tuple[Situation, tuple[str, ...], Wishes]:
    graph = ring_pair(ring=5, veins=3, crossings=3, seed=seed)
    situation = situation_of(inputs_of(graph))
    divided = search_end_states(situation, graph, Wishes()).default.divided[:6]
    specs = [WishSpec(before=[divided[4], divided[0]]), WishSpec(together=[divided[1], divided[3]])]
    return situation, divided, read_wishes(specs, graph)[1]


def _brute(
    situation: Situation, vessels: tuple[str, ...], wishes: Wishes
) -> list[tuple[float, float, float]]:
    """(larger peak, smaller peak, burden of the worse child) of every order that follows the wishes."""
    found = []
    together = [set(w.names) for w in wishes.of("together")]
    blocks = list(together) + [{v} for v in vessels if not any(v in b for b in together)]
    for order in itertools.permutations(range(len(blocks))):
        place = {v: i for i, b in enumerate(order) for v in blocks[b]}
        if any(place[w.names[0]] > place[w.names[1]] for w in wishes.of("before")):
            continue
        closed = np.zeros((len(order), len(vessels)), dtype=bool)
        for i in range(len(order)):
            for b in order[: i + 1]:
                closed[i, [vessels.index(v) for v in blocks[b]]] = True
        worst, _ = situation.harm(vessels, closed)
        peaks = worst.max(axis=0)
        found.append((peaks.max(), peaks.min(), np.maximum(worst.max(axis=1), 0).sum()))
    return found


@pytest.mark.parametrize("with_wishes", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_order_is_the_best_of_all_that_follow_the_wishes(seed: int, with_wishes: bool) -> None:
    situation, vessels, wishes = _case(seed)
    used = wishes if with_wishes else Wishes()
    every = _brute(situation, vessels, used)
    found = find_order(situation, vessels, used)
    assert sorted(found.peak)[::-1] == pytest.approx(min(every)[:2], abs=1e-8)
    assert found.worst_peak == pytest.approx(max(e[0] for e in every), abs=1e-8)
    assert found.least_burden == pytest.approx(min(e[2] for e in every), abs=1e-7)
    assert found.most_burden == pytest.approx(max(e[2] for e in every), abs=1e-7)
    assert sorted(found.vessels) == sorted(vessels)
    place = {v: i for i, v in enumerate(found.vessels)}
    if with_wishes:
        assert place[vessels[4]] < place[vessels[0]]
        assert any(set(step) == {vessels[1], vessels[3]} for step in found.steps)


def test_with_very_many_vessels_the_walk_follows_the_wishes_and_tells_its_bound() -> None:
    graph = ring_pair(ring=10, veins=8, crossings=24, seed=2)
    situation = situation_of(inputs_of(graph))
    divided = search_end_states(situation, graph, Wishes()).default.divided
    assert len(divided) > 24
    _, wishes = read_wishes([WishSpec(before=[divided[5], divided[2], divided[9]])], graph)
    found = find_order(situation, divided, wishes)
    place = {v: i for i, v in enumerate(found.vessels)}
    assert place[divided[5]] < place[divided[2]] < place[divided[9]]
    assert max(found.peak) >= found.bound - 1e-9
    assert sorted(found.vessels) == sorted(divided)


def test_nothing_to_divide_is_an_order_of_nothing() -> None:
    situation, _, _ = _case(0)
    found = find_order(situation, (), Wishes())
    assert found.steps == ()
    assert found.peak == (0.0, 0.0)
