"""Sketches of rows: exact sums, order-free merging, quantiles within a bin, one digest for one run."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from separatrix.core.errors import DataMissingError, SolverError
from separatrix.team.rehearsal.play.outputs import OF_PERSON, Layout
from separatrix.team.rehearsal.runs.scales import edges, scales_of
from separatrix.team.rehearsal.runs.sketch import Sketch, merge, no_sums, no_toll, require_fit
from separatrix.team.rehearsal.runs.sketch_kernel import count_people, count_rows

LAYOUT = Layout(("A", "B"), ("opening", "venous"))
PEOPLE, COMPLICATIONS = 5, 3
WHOLE_COLUMNS = ("crises", "late", "red_packs@A", "returned@B", "events")
OTHER_COLUMNS = (
    "separation_min",
    "end_min",
    "lost_ml@A",
    "volume_lowest@B",
    "haematocrit_lowest@A",
    "temperature_lowest_c@A",
    "potassium_highest_mmol_per_l@B",
    "log_weight",
    "phase_end_min:venous",
)


def rows_for(count: int, seed: int = 1) -> np.ndarray:
    """Rows such as an engine might tell, some moments never reached."""
    draws = np.random.default_rng(seed)
    rows = np.zeros((count, len(LAYOUT.names)))
    for column, name in enumerate(LAYOUT.names):
        kind = name.partition("@")[0].partition(":")[0]
        if kind.endswith("_min"):
            rows[:, column] = 1500.0 * draws.lognormal(0.0, 0.35, count)
        elif kind == "lost_ml":
            rows[:, column] = draws.lognormal(6.0, 0.8, count) * (draws.random(count) > 0.1)
        elif kind in ("volume_lowest", "haematocrit_lowest", "clotting_lowest"):
            rows[:, column] = draws.random(count)
        elif kind == "temperature_lowest_c":
            rows[:, column] = draws.normal(35.0, 0.7, count)
        elif kind == "potassium_highest_mmol_per_l":
            rows[:, column] = draws.gamma(20.0, 0.22, count)
        elif kind == "log_weight":
            rows[:, column] = draws.normal(0.0, 2.0, count)
        else:
            rows[:, column] = draws.poisson(2.0, count)
    rows[draws.random(count) < 0.03, LAYOUT.at("separation_min")] = np.inf
    return rows


def sketch_of(rows: np.ndarray, first: int = 0) -> Sketch:
    scales = scales_of(LAYOUT, planned_end_min=1500)
    toll = no_toll(people=PEOPLE, complications=COMPLICATIONS)
    sketch = Sketch(layout=LAYOUT, scales=scales, sums=no_sums(scales), toll=toll)
    count_rows(np.ascontiguousarray(rows), first, sketch.scales, sketch.sums)
    return sketch


def test_every_column_of_a_layout_has_a_scale() -> None:
    scales = scales_of(LAYOUT, planned_end_min=1500)
    assert len(scales.quantum) == len(LAYOUT.names) == len(scales.first) - 1
    assert all(math.log2(quantum).is_integer() for quantum in scales.quantum)


def test_sums_are_exact() -> None:
    rows = rows_for(3000)
    sketch = sketch_of(rows)
    for column, name in enumerate(LAYOUT.names):
        values = rows[:, column][np.isfinite(rows[:, column])]
        quantum = float(sketch.scales.quantum[column])
        quanta = [math.floor(value * quantum + 0.5) for value in values]
        count, total = len(quanta), sum(quanta)
        assert sketch.finite(name) == count
        assert sketch.mean(name) == total / count / quantum
        spread = Fraction(count * sum(q * q for q in quanta) - total**2, count * (count - 1))
        assert sketch.sd(name) == pytest.approx(math.sqrt(spread) / quantum, rel=1e-12, abs=1e-12)
        assert (sketch.least(name), sketch.most(name)) == (values.min(), values.max())
        assert sketch.mean(name) == pytest.approx(values.mean(), abs=0.51 / quantum)


def test_squares_do_not_overflow() -> None:
    rows = np.full((70_000, len(LAYOUT.names)), 2_000_000.0)
    sketch = sketch_of(rows)
    column = LAYOUT.at("end_min")
    squares = int(sketch.sums.squares[column, 0]) + (int(sketch.sums.squares[column, 1]) << 32)
    assert squares == 70_000 * (2_000_000 * 1024) ** 2 > 2**63
    assert sketch.sd("end_min") == 0.0


@pytest.mark.parametrize("name", OTHER_COLUMNS)
def test_quantiles_are_within_a_bin(name: str) -> None:
    rows = rows_for(2500, seed=3)
    sketch, column = sketch_of(rows), LAYOUT.at(name)
    values = rows[:, column][np.isfinite(rows[:, column])]
    for q in (0.0, 0.001, 0.05, 0.1, 0.31, 0.5, 0.9, 0.95, 0.999, 1.0):
        wanted = float(np.quantile(values, q))
        neighbours = np.quantile(values, q, method="lower"), np.quantile(values, q, method="higher")
        widths = []
        for neighbour in neighbours:
            ends = edges(sketch.scales, column)
            above = int(np.searchsorted(ends, neighbour, side="right"))
            lower, upper = ends[above - 1], ends[above]
            widths.append(min(upper, values.max()) - max(lower, values.min()))
        assert abs(sketch.quantile(name, q) - wanted) <= max(widths) + 1e-9


@pytest.mark.parametrize("name", WHOLE_COLUMNS)
def test_quantiles_of_whole_numbers_are_exact(name: str) -> None:
    rows = rows_for(999, seed=4)
    sketch, values = sketch_of(rows), rows[:, LAYOUT.at(name)]
    for q in (0.0, 0.1, 0.5, 0.9, 0.95, 0.99, 1.0):
        assert sketch.quantile(name, q) == np.quantile(values, q, method="inverted_cdf")
    for most in (0.0, 1.0, 3.0, 99.0):
        assert sketch.at_most(name, most) == (values <= most).sum()


def test_bins_hold_what_lies_between_their_edges() -> None:
    rows = rows_for(400, seed=5)
    rows[:7, LAYOUT.at("end_min")] = (0.0, 1.0, 0.999, 5999.5, 6000.0, 1e6, 2.0)
    rows[:7, LAYOUT.at("lost_ml@A")] = (0.0, 1.0, 0.5, 2.0, 131071.9, 131072.0, 1e6)
    rows[:3, LAYOUT.at("log_weight")] = (-64.0, -64.5, 64.0)
    sketch = sketch_of(rows)
    for column in range(len(LAYOUT.names)):
        values = rows[:, column]
        first, last = sketch.scales.first[column], sketch.scales.first[column + 1]
        found, ends = sketch.sums.bins[first:last], edges(sketch.scales, column)
        for number in np.flatnonzero(found):
            lower, upper = ends[number], ends[number + 1]
            finite = values[np.isfinite(values)]
            assert found[number] == ((finite >= lower) & (finite < upper)).sum()
        assert found.sum() == np.isfinite(values).sum()


def test_a_moment_that_never_came_has_no_mean() -> None:
    rows = rows_for(10)
    rows[:, LAYOUT.at("separation_min")] = np.inf
    sketch = sketch_of(rows)
    assert sketch.finite("separation_min") == 0
    for ask in (sketch.mean, sketch.sd, sketch.least, sketch.most):
        with pytest.raises(DataMissingError, match=r"separation_min.*none of 10"):
            ask("separation_min")
    with pytest.raises(DataMissingError):
        sketch.quantile("separation_min", 0.5)
    assert sketch.at_most("separation_min", 1e9) == 0


def test_merging_is_free_of_order_and_grouping() -> None:
    rows = rows_for(700, seed=6)
    cuts = [0, 1, 64, 65, 300, 700]
    parts = [sketch_of(rows[a:b], a) for a, b in itertools.pairwise(cuts)]
    whole = sketch_of(rows).digest
    for order in itertools.islice(itertools.permutations(parts), 0, 120, 17):
        assert merge(order).digest == whole
    a, b, c, d, e = parts
    assert merge((merge((a, merge((b, c)))), merge((d, e)))).digest == whole
    assert merge((merge((merge((merge((a, b)), c)), d)), e)).digest == whole
    assert a.n == 1, "merging leaves its parts as they were"


def test_sketches_of_different_plans_do_not_merge() -> None:
    other = scales_of(LAYOUT, planned_end_min=900)
    strange = Sketch(
        layout=LAYOUT, scales=other, sums=no_sums(other), toll=no_toll(people=5, complications=3)
    )
    with pytest.raises(ValueError, match="different plans"):
        merge((sketch_of(rows_for(3)), strange))
    with pytest.raises(ValueError, match="no sketch"):
        merge(())


def test_one_bit_of_one_row_changes_the_digest() -> None:
    rows = rows_for(300, seed=7)
    before = sketch_of(rows)
    for column in (0, 7, len(LAYOUT.names) - 1):
        changed = rows.copy()
        changed[123, column] = np.nextafter(changed[123, column], 0.0)
        assert changed[123, column] != rows[123, column]
        after = sketch_of(changed)
        assert after.sums.hashes != before.sums.hashes
        assert after.digest != before.digest


def test_rows_swapped_between_rehearsals_change_the_digest() -> None:
    rows = rows_for(50, seed=8)
    swapped = rows.copy()
    swapped[[3, 4]] = swapped[[4, 3]]
    a, b = sketch_of(rows), sketch_of(swapped)
    assert np.array_equal(a.sums.bins, b.sums.bins)
    assert a.digest != b.digest


def test_zero_of_either_sign_is_one_least() -> None:
    rows = np.zeros((2, len(LAYOUT.names)))
    rows[0] = -0.0
    least = [sketch_of(part).least("end_min") for part in (rows, rows[::-1])]
    assert [math.copysign(1.0, value) for value in least] == [1.0, 1.0]


def test_what_was_asked_of_people_is_counted() -> None:
    toll = no_toll(people=2, complications=1)
    count_people(np.array([[100.0, 0.0, 2.5, 1.0, 0.0, 9.0], [0.0] * 6]), toll)
    count_people(np.array([[50.0, 10.25, 0.0, 0.0, 0.0, 12.0], [0.0] * 6]), toll)
    sketch = sketch_of(rows_for(2))
    sketch = Sketch(layout=LAYOUT, scales=sketch.scales, sums=sketch.sums, toll=toll)
    assert dict(zip(OF_PERSON, [sketch.person_mean(name)[0] for name in OF_PERSON], strict=True)) == {
        "work_min": 75.0,
        "overtime_min": 5.125,
        "waiting_min": 1.25,
        "breaks_lost": 0.5,
        "crisis_min": 0.0,
        "awake_h": 10.5,
    }
    assert sketch.person_share("overtime_min").tolist() == [0.5, 0.0]
    assert sketch.person_most("awake_h").tolist() == [12.0, 0.0]


@pytest.mark.parametrize("value", [1e9, -1e9, np.nan, -np.inf])
def test_a_number_that_no_operation_shows_is_not_swallowed(value: float) -> None:
    rows = rows_for(5)
    require_fit(sketch_of(rows))
    rows[2, LAYOUT.at("end_min")] = value
    with pytest.raises(SolverError, match="1 values of 5"):
        require_fit(sketch_of(rows))


@pytest.mark.parametrize("value", [np.inf, np.nan, 1e9])
def test_people_have_finite_numbers(value: float) -> None:
    toll = no_toll(people=1, complications=1)
    count_people(np.array([[value, 0.0, 0.0, 0.0, 0.0, 0.0]]), toll)
    assert toll.unfit.tolist() == [1]
    assert toll.total.sum() == 0
