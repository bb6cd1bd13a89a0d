"""Weighted counts: exact sums of weights and their squares, whoever counts in whatever order."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from separatrix.core.errors import SolverError
from separatrix.team.rehearsal.weighted import Weighted, no_weights, weighted_of
from separatrix.team.rehearsal.weighted_kernel import Outcomes, weigh_rows

LOG_WEIGHT = 2
SOUGHT = Outcomes(  # column 0 above 1; column 0 or 1 below 0
    first=np.array([0, 1, 3]),
    column=np.array([0, 0, 1]),
    limit=np.array([1.0, 0.0]),
    above=np.array([1, 0]),
)


def rows_for(count: int) -> np.ndarray:
    return np.random.default_rng(5).normal(0.0, [1.0, 1.0, 1.5], (count, 3))


def counted(rows: np.ndarray, defensive: float, cuts: tuple[int, ...] = ()) -> list[Weighted]:
    parts = []
    for part in np.split(rows, cuts):
        sums = no_weights(2)
        weigh_rows(np.ascontiguousarray(part), LOG_WEIGHT, defensive, SOUGHT, sums)
        parts.append(sums)
    return weighted_of(parts, len(rows))


@pytest.mark.parametrize("defensive", [0.0, 0.1, 1.0])
def test_weights_and_squares_are_exact(defensive: float) -> None:
    rows = rows_for(2000)
    quanta = [
        math.floor(1.0 / (defensive + (1.0 - defensive) * math.exp(-row[LOG_WEIGHT])) * 2.0**40 + 0.5)
        for row in rows
    ]
    hits = [rows[:, 0] > 1.0, (rows[:, 0] < 0.0) | (rows[:, 1] < 0.0), np.ones(len(rows), bool)]
    for found, hit in zip(counted(rows, defensive), hits, strict=True):
        of_hits = [q for q, wanted in zip(quanta, hit, strict=True) if wanted]
        assert found.hits == hit.sum()
        assert float(found.weight) == pytest.approx(sum(of_hits) / 2.0**40, rel=1e-13)
        assert float(found.square) == pytest.approx(
            float(Fraction(sum(q * q for q in of_hits), 2**80)), rel=1e-13
        )
        scores = np.array(quanta) / 2.0**40 * hit
        assert found.mean == pytest.approx(scores.mean(), rel=1e-12)
        assert found.variance_of_mean == pytest.approx(scores.var(ddof=1) / len(rows), rel=1e-9, abs=1e-20)


def test_any_grouping_counts_the_same() -> None:
    rows = rows_for(1000)
    whole = counted(rows, 0.2)
    assert counted(rows, 0.2, (1, 7, 500, 999)) == whole
    assert counted(rows[::-1], 0.2) == whole


def test_squares_of_the_smallest_and_the_largest_weights_are_exact() -> None:
    rows = np.zeros((2, 3))
    rows[:, LOG_WEIGHT] = math.log(2.0**-39), math.log(2.0**15.99)
    small, large = (math.floor(1.0 / math.exp(-row[LOG_WEIGHT]) * 2.0**40 + 0.5) for row in rows)
    assert counted(rows, 0.0)[-1].square == Fraction(small**2 + large**2, 2**80)
    assert small == 2


@pytest.mark.parametrize("log_weight", [12.0, 800.0, np.nan])
def test_a_weight_that_would_decide_alone_is_refused(log_weight: float) -> None:
    rows = rows_for(10)
    rows[3, LOG_WEIGHT] = log_weight
    with pytest.raises(SolverError, match="1 of 10"):
        counted(rows, 0.0)


def test_a_defensive_share_bounds_the_weights() -> None:
    rows = rows_for(10)
    rows[:, LOG_WEIGHT] = 800.0
    assert float(counted(rows, 0.1)[-1].mean) == pytest.approx(10.0)


def test_effective_number() -> None:
    assert Weighted(n=9, hits=4, weight=Fraction(4), square=Fraction(4)).effective == 4.0
    assert Weighted(n=9, hits=0, weight=Fraction(0), square=Fraction(0)).effective == 0.0
    assert Weighted(n=1, hits=1, weight=Fraction(1), square=Fraction(1)).variance_of_mean == 0.0
