"""Circles, bridging and earliest times against slow, plain twins."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from separatrix.core import InfeasibleError
from separatrix.team.protocol.matching import unmet
from separatrix.team.protocol.model import Activity, Duration, Need, Person, Precedence, Procedure
from separatrix.team.protocol.network import bridged, circle, earliest_starts, following, longest_way

NAMES = "abcdef"
KINDS = ("finish_start", "start_start", "starts_together")

ties = st.lists(
    st.builds(
        Precedence,
        before=st.sampled_from(NAMES),
        after=st.sampled_from(NAMES),
        kind=st.sampled_from(KINDS),
        lag_min=st.sampled_from([0, 0, 5]),
    ).filter(lambda tie: tie.before != tie.after),
    max_size=9,
)
lengths = st.lists(st.integers(1, 9), min_size=len(NAMES), max_size=len(NAMES))


def _procedure(edges: list[Precedence], length: list[int]) -> Procedure:
    activities = tuple(
        Activity(
            id=name,
            title=name,
            phase="p",
            duration=Duration(low_min=minutes, mode_min=minutes, high_min=minutes),
            planned_min=minutes,
        )
        for name, minutes in zip(NAMES, length, strict=True)
    )
    return Procedure(
        id="x",
        title="x",
        operation=1,
        patients=("A",),
        phases=("p",),
        activities=activities,
        precedences=tuple(edges),
        people=(),
    )


def _bellman_ford(edges: list[Precedence], length: dict[str, int]) -> dict[str, int] | None:
    """Longest ways over an explicit list of arcs; None where a circle has positive length."""
    arcs = []
    for tie in edges:
        wait = tie.lag_min if tie.kind != "starts_together" else 0
        arcs.append((tie.before, tie.after, wait + (length[tie.before] if tie.kind == "finish_start" else 0)))
        if tie.kind == "starts_together":
            arcs.append((tie.after, tie.before, 0))
    start = dict.fromkeys(NAMES, 0)
    for _ in range(len(NAMES) + 1):
        changed = False
        for before, after, wait in arcs:
            if start[before] + wait > start[after]:
                start[after], changed = start[before] + wait, True
        if not changed:
            return start
    return None


@given(edges=ties, length=lengths)
@settings(max_examples=300, deadline=None)
def test_circles_and_earliest_starts_against_bellman_ford(edges: list[Precedence], length: list[int]) -> None:
    edges = [
        tie
        if tie.kind != "starts_together"
        else Precedence(before=tie.before, after=tie.after, kind=tie.kind)
        for tie in edges
    ]
    truth = _bellman_ford(edges, dict(zip(NAMES, length, strict=True)))
    way = circle(edges)
    assert bool(way) == (truth is None)
    procedure = _procedure(edges, length)
    if truth is not None:
        assert earliest_starts(procedure) == truth
        return
    with pytest.raises(InfeasibleError, match="circle"):
        earliest_starts(procedure)
    tied = {(tie.before, tie.after) for tie in edges}
    together = {frozenset((t.before, t.after)) for t in edges if t.kind == "starts_together"}
    steps = list(itertools.pairwise(way))
    assert steps
    direct = sum(1 for step in steps if step in tied)
    assert direct == len(steps) or together  # only what begins together may stand in for another


forward = ties.map(lambda found: [t for t in found if t.kind == "finish_start" and t.before < t.after])


@given(edges=forward, absent=st.sets(st.sampled_from(NAMES[1:])), length=lengths)
@settings(max_examples=200, deadline=None)
def test_bridging_keeps_every_order_and_adds_none(
    edges: list[Precedence], absent: set[str], length: list[int]
) -> None:
    edges = [*edges, *(Precedence(before="a", after=name) for name in NAMES[1:])]
    left = bridged(edges, absent)
    kept = set(NAMES) - absent
    assert {tie.before for tie in left} | {tie.after for tie in left} <= kept
    for name in kept:
        assert following(left, name) == following(edges, name) & kept
    free = [0 if name in absent else minutes for name, minutes in zip(NAMES, length, strict=True)]
    whole = earliest_starts(_procedure(edges, free))
    part = earliest_starts(_procedure(list(left), free))
    assert {name: part[name] for name in kept} == {name: whole[name] for name in kept}


def test_bridging_of_what_begins_together() -> None:
    edges = [
        Precedence(before="a", after="b"),
        Precedence(before="b", after="c", kind="starts_together"),
        Precedence(before="b", after="d", kind="start_start", lag_min=7),
    ]
    assert set(bridged(edges, ["b"])) == {
        Precedence(before="a", after="c"),
        Precedence(before="a", after="d", lag_min=7),
    }


def test_longest_way_counts_the_longest_of_two() -> None:
    edges = [
        Precedence(before="a", after="b"),
        Precedence(before="b", after="d", lag_min=3),
        Precedence(before="a", after="d"),
    ]
    procedure = _procedure(edges, [5, 2, 9, 4, 1, 1])
    assert longest_way(procedure, "a", "d") == 5 + 2 + 3 + 4
    assert longest_way(procedure, "c", "d") == 0  # not tied at all


people = st.lists(
    st.builds(
        lambda skills, team: (skills, team),
        st.dictionaries(st.sampled_from("xyz"), st.integers(0, 2), min_size=1),
        st.sampled_from([None, "A", "B"]),
    ),
    max_size=4,
)
wants = st.lists(
    st.builds(
        Need,
        skill=st.sampled_from("xyz"),
        count=st.integers(1, 2),
        team=st.sampled_from([None, "A", "B"]),
        level=st.integers(0, 2),
    ),
    max_size=3,
)


@given(crew=people, needs=wants)
@settings(max_examples=300, deadline=None)
def test_matching_against_every_seating(
    crew: list[tuple[dict[str, int], str | None]], needs: list[Need]
) -> None:
    named = [
        Person(id=str(i), name=str(i), skills=skills, team=team)  # type: ignore[arg-type]
        for i, (skills, team) in enumerate(crew)
    ]
    places = [need for need in needs for _ in range(need.count)]

    def fits(person: Person, need: Need) -> bool:
        colour = need.team is None or person.team is None or person.team == need.team
        return colour and need.skill in person.skills and person.skills[need.skill] >= need.level

    possible = any(
        all(fits(person, need) for person, need in zip(seating, places, strict=True))
        for seating in itertools.permutations(named, len(places))
    )
    assert (unmet(needs, named) is None) == possible
