from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from separatrix.body.vessels.fairness import (
    default_title,
    fairest,
    least_sum,
    needs_choice,
    title_of,
    undominated,
    why_not_the_other,
    why_not_the_sum,
)

harms = st.lists(
    st.tuples(st.integers(-20, 60), st.integers(-20, 60)).map(lambda p: (p[0] / 2, p[1] / 2)),
    min_size=1,
    max_size=40,
).map(np.array)


@given(harms)
def test_no_state_is_better_for_the_child_worse_off(harm: np.ndarray) -> None:
    worst, other = max(harm[fairest(harm)]), min(harm[fairest(harm)])
    assert all((max(h), min(h)) >= (worst, other) for h in harm.tolist())


@given(harms)
def test_exchanging_the_children_exchanges_the_answer(harm: np.ndarray) -> None:
    assert sorted(harm[fairest(harm)]) == sorted(harm[:, ::-1][fairest(harm[:, ::-1])])


@given(harms)
def test_the_front_holds_exactly_what_nothing_dominates(harm: np.ndarray) -> None:
    front = {tuple(harm[i]) for i in undominated(harm)}
    brute = {
        tuple(h)
        for h in harm.tolist()
        if not any(o[0] <= h[0] and o[1] <= h[1] and tuple(o) != tuple(h) for o in harm.tolist())
    }
    assert front == brute
    assert tuple(harm[fairest(harm)]) in front


def test_a_sum_would_sacrifice_one_child_and_the_default_does_not() -> None:
    harm = np.array([[1.0, 14.0], [7.0, 7.5], [13.0, 1.5]])
    assert least_sum(harm) == 1 or harm[least_sum(harm)].sum() == 14.5
    harm[0] = [0.5, 13.0]
    assert least_sum(harm) == 0
    assert fairest(harm) == 1
    told = why_not_the_sum(harm, 1)
    assert "raise B by 13.0 instead of 7.5 mmHg to spare A 6.5 mmHg" in told
    assert "not the default" in told


def test_why_not_the_sum_is_silent_where_both_agree() -> None:
    harm = np.array([[3.0, 4.0], [5.0, 9.0]])
    assert why_not_the_sum(harm, fairest(harm)) == ""


def test_no_child_pays_for_a_difference_that_nobody_could_measure() -> None:
    assert fairest(np.array([[27.90, 22.5], [27.93, 17.3]])) == 1


def test_a_state_that_costs_next_to_nothing_and_spares_the_other_much_is_told() -> None:
    harm = np.array([[19.7, 0.0], [19.4, 16.3], [19.9, 15.0]])
    (told,) = why_not_the_other(harm, 1, ["E2", "E1", "E3"], 2.0)
    assert told.startswith("E2 would cost A 0.3 mmHg and spare B 16.3 mmHg")


def test_a_child_without_drainage_is_never_traded_for_the_other() -> None:
    harm = np.array([[np.inf, -3.0], [40.0, 30.0]])
    assert fairest(harm) == 1
    assert list(undominated(harm)) == [1, 0]


def test_where_every_state_leaves_a_child_without_drainage_the_other_still_counts() -> None:
    harm = np.array([[np.inf, 9.0], [np.inf, 2.0], [np.inf, np.inf]])
    assert fairest(harm) == 1
    assert "no division spares both" in default_title((np.inf, 2.0))
    assert needs_choice((np.inf, 2.0), (np.inf, 2.0))


def test_ties_are_broken_by_what_is_given_then_by_place() -> None:
    harm = np.array([[3.0, 2.0], [2.0, 3.0], [3.0, 2.0]])
    assert fairest(harm) == 0
    assert fairest(harm, np.array([5.0, 5.0, 4.0])) == 2


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ((2.0, 9.0), "Worsens B to help A"),
        ((9.0, 2.0), "Worsens A to help B"),
        ((5.0, 9.0), "Worse for B than the default"),
        ((5.02, 5.0), "As good as the default"),
        ((np.inf, 1.0), "Worsens A to help B"),
    ],
)
def test_titles_say_who_pays(harm: tuple[float, float], said: str) -> None:
    assert title_of(harm, (5.0, 5.0)).startswith(said)
    assert needs_choice(harm, (5.0, 5.0)) == (not said.startswith("As good"))


def test_a_default_that_helps_one_child_says_so() -> None:
    assert default_title((4.0, -3.0)).endswith("B is better off than before, A worse")
