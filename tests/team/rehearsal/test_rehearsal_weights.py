"""Importance sampling against probabilities that are known exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from separatrix.team.rehearsal.answers.rare_kernel import (
    MOST_STRIKES,
    log_ratios,
    strike_probability,
    strikes_of,
)
from separatrix.team.rehearsal.answers.weights import LEAST_EFFECTIVE_HITS, mixture_weights, weigh

NUMBER = np.array([1e-3, 5e-3, 0.02])
"""Two probabilities and the mean of a count."""
IS_COUNT = np.array([0, 0, 1])
DRAWN = np.array([0.3, 0.3, 0.5])


def drawn(seed: int, *, n: int = 1500, plain: int = 150) -> tuple[Any, Any]:
    """Strikes (n, 3) and weights (n,) of a defensive mixture."""
    struck = np.zeros((n, 3), dtype=np.int64)
    strikes_of(NUMBER, IS_COUNT, seed, 0, struck[:plain])
    strikes_of(DRAWN, IS_COUNT, seed, plain, struck[plain:])
    ratios = np.zeros(n)
    log_ratios(NUMBER, DRAWN, IS_COUNT, struck, ratios)
    return struck, mixture_weights(ratios, plain / n)


def both(struck: Any) -> Any:
    return (struck[:, 0] > 0) & (struck[:, 1] > 0)


def test_chances_of_a_cause_add_up_and_follow_poisson() -> None:
    chances = [strike_probability(0.7, 1, k) for k in range(MOST_STRIKES + 1)]
    assert sum(chances) == pytest.approx(1.0, abs=1e-15)
    assert chances[:2] == pytest.approx([np.exp(-0.7), 0.7 * np.exp(-0.7)], abs=1e-15)
    assert [strike_probability(0.2, 0, k) for k in (0, 1)] == [0.8, 0.2]


def test_strikes_come_as_often_as_they_should() -> None:
    struck = np.zeros((200_000, 3), dtype=np.int64)
    strikes_of(DRAWN, IS_COUNT, 5, 0, struck)
    for cause in range(3):
        for k in range(3 if IS_COUNT[cause] else 2):
            p = strike_probability(DRAWN[cause], IS_COUNT[cause], k)
            seen = (struck[:, cause] == k).mean()
            assert abs(seen - p) < 4 * np.sqrt(p * (1 - p) / 200_000) + 1e-12


def coverage(repeats: int) -> float:
    exact = NUMBER[0] * NUMBER[1]
    inside = 0
    for seed in range(repeats):
        struck, weights = drawn(seed)
        told = weigh(weights, both(struck), 150)
        assert not told.refused
        inside += told.low <= exact <= told.high
    return inside / repeats


def test_interval_covers_a_known_probability() -> None:
    # 200 repeats of a 95 % interval: four standard errors are 6 %.
    assert 0.89 <= coverage(200) <= 0.995


@pytest.mark.long
def test_interval_covers_a_known_probability_in_a_thousand_repeats() -> None:
    assert 0.93 <= coverage(1000) <= 0.97


def test_estimate_of_one_in_two_hundred_thousand() -> None:
    struck, weights = drawn(1, n=40_000, plain=4_000)
    told = weigh(weights, both(struck), 4_000)
    assert told.estimate == pytest.approx(5e-6, rel=0.1)
    assert told.mean_weight == pytest.approx(1.0, abs=0.05)
    assert weights.max() <= 10.0 + 1e-9


def test_a_count_is_weighed_too() -> None:
    struck, weights = drawn(2, n=40_000, plain=4_000)
    told = weigh(weights, struck[:, 2] >= 2, 4_000)
    exact = 1 - np.exp(-0.02) * 1.02
    assert told.low <= exact <= told.high
    assert told.estimate == pytest.approx(exact, rel=0.15)


def test_an_outcome_that_never_came_is_refused() -> None:
    _, weights = drawn(1)
    assert "never came" in weigh(weights, np.zeros(1500, dtype=bool), 150).refused


def test_too_few_effective_hits_are_refused() -> None:
    struck, weights = drawn(1)
    few = both(struck) & (np.cumsum(both(struck)) <= LEAST_EFFECTIVE_HITS / 2)
    assert "effective" in weigh(weights, few, 150).refused


def test_weights_that_do_not_average_one_are_refused() -> None:
    struck, weights = drawn(1)
    assert "mean weight" in weigh(weights * 2.0, both(struck), 150).refused


def test_a_mean_weight_within_its_error_is_no_reason_to_refuse() -> None:
    refused = [weigh(drawn(seed)[1], both(drawn(seed)[0]), 150).refused for seed in range(50)]
    assert not any(refused)
