"""Hall families: enough to tell who can be staffed, and none without use."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings
from scipy.optimize import linear_sum_assignment

from separatrix.team.choreography.hall import MOST_FOR_ALL, hall_families, people_of

people = st.frozensets(st.integers(0, 5), min_size=1)


def can_be_staffed(eligible: list[frozenset[int]], asked: list[int]) -> bool:
    """Whether one person can be found for every one asked for: a perfect assignment."""
    rows = [able for able, count in zip(eligible, asked, strict=True) for _ in range(count)]
    if not rows:
        return True
    misfit = np.array([[0 if person in able else 1 for person in range(6)] for able in rows])
    row, column = linear_sum_assignment(misfit)
    return len(row) == len(rows) and misfit[row, column].sum() == 0


@given(
    eligible=st.lists(people, min_size=1, max_size=MOST_FOR_ALL),
    data=st.data(),
)
@settings(max_examples=300, deadline=None)
def test_needs_can_be_staffed_exactly_where_no_family_asks_for_too_many(eligible, data):
    asked = [data.draw(st.integers(0, 2)) for _ in eligible]
    families = hall_families(eligible)
    kept = all(sum(asked[need] for need in family) <= len(people_of(family, eligible)) for family in families)
    assert kept == can_be_staffed(eligible, asked)


@given(eligible=st.lists(people, min_size=MOST_FOR_ALL + 1, max_size=9))
@settings(max_examples=100, deadline=None)
def test_many_needs_keep_singles_pairs_and_the_whole(eligible):
    families = hall_families(eligible)
    for need, able in enumerate(eligible):
        # every single is there, with all that its people alone can do
        assert any(need in family and people_of(family, eligible) == able for family in families)
    assert len(families) <= len(eligible) * (len(eligible) + 1) // 2 + len(eligible)


@given(eligible=st.lists(people, min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_families_are_closed_and_hang_together(eligible):
    for family in hall_families(eligible):
        able = people_of(family, eligible)
        assert all(need in family for need, who in enumerate(eligible) if who <= able)
        reached, rest = {min(family)}, set(family) - {min(family)}
        while joined := {n for n in rest if any(eligible[n] & eligible[m] for m in reached)}:
            reached |= joined
            rest -= joined
        assert rest == set()
