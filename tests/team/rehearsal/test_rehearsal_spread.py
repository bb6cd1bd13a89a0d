"""Draws of the assumptions: within their ranges, evenly, and each number by itself."""

from __future__ import annotations

import numpy as np
import pytest

from separatrix.evidence import Mark
from separatrix.team.rehearsal.answers.spread import hypercube, pert_quantile
from separatrix.team.rehearsal.play.numbers import Number, Numbers


def numbers(**ranges: tuple[float, float, float]) -> Numbers:
    return Numbers(
        {
            f"a.{key}": Number(
                id=f"a.{key}", value=mode, low=low, high=high, mark=Mark.ASSUMPTION, is_fraction=False
            )
            for key, (low, mode, high) in ranges.items()
        }
    )


def test_mean_of_a_pert_is_low_four_modes_and_high_over_six() -> None:
    levels = (np.arange(100_000) + 0.5) / 100_000
    drawn = pert_quantile(levels, 1.0, 2.0, 9.0)
    assert drawn.mean() == pytest.approx((1 + 4 * 2 + 9) / 6, abs=1e-3)
    assert drawn.min() >= 1.0
    assert drawn.max() <= 9.0


def test_a_value_at_the_end_of_its_range_is_drawn_within_it() -> None:
    drawn = pert_quantile(np.linspace(0, 1, 11), 0.0, 0.0, 1.0)
    assert drawn[0] == 0.0
    assert drawn[-1] == pytest.approx(1.0)
    assert (np.diff(drawn) > 0).all()


def test_one_draw_lies_in_each_part_of_a_distribution() -> None:
    given = numbers(x=(0.0, 1.0, 2.0), y=(0.0, 0.1, 5.0))
    drawn = hypercube(given, draws=40, seed=3)
    edges = pert_quantile(np.linspace(0, 1, 41), 0.0, 0.1, 5.0)
    counted, _ = np.histogram([one["a.y"] for one in drawn], bins=edges)
    assert (counted == 1).all()


def test_a_number_more_changes_no_other_and_one_without_a_range_is_left() -> None:
    few = hypercube(numbers(x=(0.0, 1.0, 2.0)), draws=20, seed=3)
    more = hypercube(numbers(x=(0.0, 1.0, 2.0), y=(0.0, 1.0, 2.0), z=(4.0, 4.0, 4.0)), draws=20, seed=3)
    assert [one["a.x"] for one in few] == [one["a.x"] for one in more]
    assert set(more[0]) == {"a.x", "a.y"}


def test_numbers_are_drawn_apart_and_by_seed() -> None:
    given = numbers(x=(0.0, 1.0, 2.0), y=(0.0, 1.0, 2.0))
    one, other = hypercube(given, draws=200, seed=1), hypercube(given, draws=200, seed=2)
    assert one != other
    assert abs(np.corrcoef([d["a.x"] for d in one], [d["a.y"] for d in one])[0, 1]) < 0.25
