from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from tests.body.vessels.networks import ring_pair

from separatrix.body.vessels.model import VesselKind
from separatrix.body.vessels.wishes import order_rules, read_wishes
from separatrix.case import WishSpec
from separatrix.core import InputError

GRAPH = ring_pair(ring=6, veins=3, crossings=4, seed=3)
VESSELS = ("XV0", "XV1", "XV2", "XV3", "R0")


def _wishes(*specs: dict[str, Any]) -> Any:
    return read_wishes([WishSpec(**s) for s in specs], GRAPH)[1]


def _refused(*specs: dict[str, Any]) -> str:
    with pytest.raises(InputError) as caught:
        _wishes(*specs)
    return str(caught.value)


def test_an_unknown_vessel_is_told_with_near_names() -> None:
    told = _refused({"never": "XV9"}, {"to_A": "r99"}, {"before": ["R0", "R77"]})
    assert "vessels.wishes[0].never: no 'XV9'" in told
    assert "did you mean" in told
    assert "vessels.wishes[1].to_A" in told
    assert "no 'R77'" in told


def test_a_circle_of_before_is_named_in_full() -> None:
    told = _refused(
        {"before": ["XV0", "XV1"]}, {"never": "R3"}, {"before": ["XV1", "XV2"]}, {"before": ["XV2", "XV0"]}
    )
    assert "goes round in a circle" in told
    for name in ("XV0", "XV1", "XV2"):
        assert name in told
    assert "wishes 1, 3, 4" in told


@pytest.mark.parametrize(
    ("specs", "told"),
    [
        ([{"never": "R0"}, {"before": ["R0", "XV1"]}], "also to be kept undivided (wish 1)"),
        ([{"to_A": "r1"}, {"to_B": "r1"}], "wished for both"),
        ([{"to_B": "A0"}], "A's own vessels"),
        ([{"never": "XV0"}], "joined"),
        ([{"together": ["XV0", "XV1"]}, {"before": ["XV0", "XV1"]}], "as one step"),
        ([{"before": ["XV0", "XV0"]}], "stands twice"),
        ([{"graft": {"between": ["r0", "r0"], "radius_mm": 1, "length_mm": 9}}], "to itself"),
        ([{"graft": {"between": ["A0", "B0"], "radius_mm": 1, "length_mm": 9}}], "joined"),
        ([{"never": v} for v in ("R0", "R1", "R2", "A-SSS", "B-SSS")], "joined"),
    ],
)
def test_contradictions_are_named(specs: list[dict[str, Any]], told: str) -> None:
    assert told in _refused(*specs)


def test_a_graft_becomes_a_vessel_of_the_graph() -> None:
    spec = WishSpec.model_validate({"graft": {"between": ["A0", "r3"], "radius_mm": 1.5, "length_mm": 40}})
    graph, wishes = read_wishes([spec], GRAPH)
    (made,) = [e for e in graph.edges if e.kind is VesselKind.GRAFT]
    assert (made.a, made.b, made.radius_mm, made.length_mm) == ("A0", "r3", (1.5,), 40)
    assert wishes.uncut == (made.id,)


def test_allowed_states_are_those_that_orders_pass() -> None:
    wishes = _wishes({"before": ["XV0", "XV2"]}, {"first": ["XV1"]}, {"before": ["R0", "XV3"]})
    rules = order_rules(wishes, VESSELS)
    passed = {0}
    for order in itertools.permutations(range(5)):
        place = {VESSELS[v]: i for i, v in enumerate(order)}
        fine = place["XV0"] < place["XV2"] and place["XV1"] == 0 and place["R0"] < place["XV3"]
        if fine:
            passed |= {sum(1 << v for v in order[: i + 1]) for i in range(5)}
    assert set(np.flatnonzero(rules.allowed())) == passed


def test_vessels_wished_as_one_step_are_divided_at_once() -> None:
    rules = order_rules(_wishes({"together": ["XV1", "R0"]}), VESSELS)
    assert sorted(rules.steps) == [(0,), (1, 4), (2,), (3,)]
    states = rules.vessel_states()
    assert all(bool(s & 0b00010) == bool(s & 0b10000) for s in states)
    assert len(set(states.tolist())) == 16


def test_a_wish_for_a_vessel_that_is_not_divided_is_told_as_idle() -> None:
    rules = order_rules(_wishes({"before": ["XV0", "R5"]}), VESSELS)
    assert [w.words for w in rules.idle] == ["XV0 before R5"]
    assert rules.pairs == ()


def test_two_exposures_that_are_both_first_are_refused() -> None:
    with pytest.raises(InputError, match="no order of"):
        order_rules(_wishes({"first": ["XV0"]}, {"first": ["XV1"]}), VESSELS)


def test_a_step_within_another_wish_still_counts() -> None:
    wishes = _wishes({"before": ["XV0", "R5", "XV2"]})
    assert order_rules(wishes, VESSELS).pairs == ((0, 2),)
