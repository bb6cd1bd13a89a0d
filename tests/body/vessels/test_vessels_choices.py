from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.body.vessels.networks import inputs_of, ring_pair

from separatrix.body.vessels.assignment import build_assignment
from separatrix.body.vessels.choices import harm_of, in_full, labellings, search_end_states, walk_along
from separatrix.body.vessels.circulation import BEDS
from separatrix.body.vessels.fairness import SHOWN_MMHG, worst_first
from separatrix.body.vessels.situation import situation_of
from separatrix.body.vessels.whole_ring import all_states, bits
from separatrix.body.vessels.wishes import Wishes, read_wishes
from separatrix.case import WishSpec
from separatrix.core import Twin


def _pair(seed: int, ring: int = 5):  # type: ignore[no-untyped-def]
    graph = ring_pair(ring=ring, veins=3, crossings=3, seed=seed)
    return graph, situation_of(inputs_of(graph))


@pytest.mark.parametrize(
    "seed", [*range(5), *(pytest.param(s, marks=pytest.mark.long) for s in range(5, 200))]
)
def test_the_default_is_what_solving_every_end_state_one_by_one_gives(seed: int) -> None:
    graph, situation = _pair(seed)
    found = search_end_states(situation, graph, Wishes())
    choice = build_assignment(graph)
    every = [choice.whole(x) for x in itertools.product((0, 1), repeat=len(choice.free))]
    harm = np.array([in_full(situation, choice, labels).harm for labels in every])
    assert found.looked_at == len(every)
    assert found.exact
    ordered = worst_first(harm)
    as_good = ordered[ordered[:, 0] <= ordered[:, 0].min() + SHOWN_MMHG]
    mine = worst_first(np.array([found.default.harm]))[0]
    assert mine[0] <= ordered[:, 0].min() + SHOWN_MMHG + 1e-9
    assert mine[1] <= as_good[:, 1].min() + SHOWN_MMHG + 1e-9


def test_the_linear_search_is_the_dense_solve_for_passive_beds() -> None:
    graph, situation = _pair(3)
    choice = build_assignment(graph)
    labels = labellings(choice, None)
    cut = [choice.divided(x) for x in labels]
    for one, divided in zip(labels[:12], cut[:12], strict=True):
        solved = [situation.state(divided, beds) for beds in BEDS]
        rises = [
            situation.worst_rise(situation.rise(s.region_pressure[None], beds))[0]
            for s, beds in zip(solved, BEDS, strict=True)
        ]
        searched = harm_of(situation, choice, one[None])[0][0]
        assert (searched >= np.maximum(*rises) - 1e-9).all()  # held beds give way in the full model
        passive = situation.ports(divided, "passive").pressure_after(np.arange(len(divided)))
        assert solved[0].region_pressure == pytest.approx(passive, abs=1e-8)


@pytest.mark.parametrize("most", [0, 2, 4])
def test_labellings_with_few_cut_points_are_all_of_them(most: int) -> None:
    graph = ring_pair(ring=9, veins=6, crossings=2, seed=4)
    choice = build_assignment(graph)
    free = set(choice.free.tolist())
    inner = [(c.a, c.b) for c in choice.chains if {c.a, c.b} <= free]
    every = np.array(list(itertools.product((0, 1), repeat=len(free))))
    cuts = np.zeros(len(every), dtype=int)
    place = {g: i for i, g in enumerate(choice.free.tolist())}
    for a, b in inner:
        cuts += every[:, place[a]] != every[:, place[b]]
    few = {tuple(x) for x in every[cuts <= most].tolist()}
    assert {tuple(x) for x in labellings(choice, most)[:, choice.free].tolist()} == few
    assert len(labellings(choice, most)) == len(few)


def test_wishes_narrow_the_search_and_never_help_the_child_worse_off() -> None:
    graph, situation = _pair(3, ring=6)
    free = search_end_states(situation, graph, Wishes())
    kept = free.default.divided[0]
    try:
        grown, wishes = read_wishes([WishSpec(never=kept)], graph)
    except ValueError:
        pytest.skip("that vessel must be divided")
    bound = search_end_states(situation_of(inputs_of(grown)), grown, wishes)
    assert kept not in bound.default.divided
    assert bound.looked_at < free.looked_at
    assert max(bound.default.harm) >= max(free.default.harm) - 1e-9


def test_a_graft_can_only_help_once_it_is_made() -> None:
    graph, situation = _pair(3, ring=6)
    plain = search_end_states(situation, graph, Wishes()).default
    worse = "A" if plain.harm[0] > plain.harm[1] else "B"
    t = max(
        (t for t in situation.circulation.territories if t.twin.value == worse),
        key=lambda t: situation.before["passive"][situation.circulation.territories.index(t)],
    )
    spec = WishSpec.model_validate(
        {"graft": {"between": [t.node, f"{worse}-torcula"], "radius_mm": 2.0, "length_mm": 40}}
    )
    grown, wishes = read_wishes([spec], graph)
    made = tuple(w.names[0] for w in wishes.items)
    with_graft = situation_of(inputs_of(grown), made=made)
    for beds in BEDS:
        assert with_graft.before[beds] == pytest.approx(situation.before[beds], abs=1e-6)
    assert max(search_end_states(with_graft, grown, wishes).default.harm) <= max(plain.harm) + 1e-9


def test_a_region_whose_only_vein_is_divided_reads_its_arteries_and_is_named() -> None:
    graph = ring_pair(ring=4, veins=2, crossings=0, seed=1)
    none = {"flow.deep_share": 0.0, "flow.anastomosis_share": 0.0}
    inputs = inputs_of(graph, assumptions=none)
    situation = situation_of(inputs)
    choice = build_assignment(graph)
    labels = choice.whole([1] * len(choice.free))  # the whole ring to B
    found = in_full(situation, choice, labels)
    assert len(found.no_drainage[Twin.A]) == 2
    assert not found.no_drainage[Twin.B]
    assert np.isfinite(found.harm).all()
    assert found.perfusion[0] < 0.05
    assert not found.spares_both


@pytest.mark.parametrize("seed", [1, 2])
def test_the_search_of_all_labellings_at_once_agrees_with_one_by_one(seed: int) -> None:
    graph = ring_pair(ring=9, veins=5, crossings=3, seed=seed)
    situation = situation_of(inputs_of(graph))
    choice = build_assignment(graph)
    order = walk_along(choice)
    found = all_states(situation, choice, order, 1)
    labels = np.tile(choice.label, (len(found.states), 1))
    labels[:, order] = bits(found, np.arange(len(found.states)))
    worst, summed = harm_of(situation, choice, labels)
    under = (found.harm < 35).all(axis=1)  # above, pressures meet those of the arteries
    assert under.any()
    assert found.harm[under] == pytest.approx(worst[under], abs=1e-7)
    assert found.total[under] == pytest.approx(summed[under], abs=1e-6)


def test_a_ring_of_seventeen_junctions_is_searched_in_full() -> None:
    graph = ring_pair(ring=24, veins=16, crossings=2, seed=10)
    choice = build_assignment(graph)
    assert 16 < len(choice.free) <= 20
    situation = situation_of(inputs_of(graph))
    found = search_end_states(situation, graph, Wishes(), threads=2)
    assert found.exact
    assert found.looked_at == 1 << len(choice.free)
    few, _ = harm_of(situation, choice, labellings(choice, 4))
    assert max(found.default.harm) <= few.max(axis=1).min() + SHOWN_MMHG
