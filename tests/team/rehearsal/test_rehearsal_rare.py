"""Rare outcomes of whole rehearsals, against probabilities known exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.team.rehearsal.planned import numbers, planned

from separatrix.core import InputError
from separatrix.team.rehearsal.answers.rare import Outcome, estimate_rare
from separatrix.team.rehearsal.answers.rare_kernel import log_ratios, strikes_of
from separatrix.team.rehearsal.answers.strata import single_strike_sum
from separatrix.team.rehearsal.play.compile import Compiled, compile_procedure
from separatrix.team.rehearsal.runs.rows import rehearse_table

FIRST, SECOND = 0.01, 0.02
BOTH = Outcome("both", "both strike", lambda rows: rows.column("crises") >= 2)


def two_causes() -> Compiled:
    """A birth in which two complications may strike, each by itself, and nothing else."""
    made, schedule = planned("birth")
    compiled = compile_procedure(made, schedule, numbers(made))
    arrays = compiled.arrays
    number = np.zeros_like(arrays.cause_number)
    plain = np.flatnonzero((arrays.cause_count == 0) & (arrays.cause_worse < 0))
    number[plain[0]], number[plain[1]] = FIRST, SECOND
    quiet = arrays._replace(
        cause_number=number,
        cause_drawn=number.copy(),
        after_number=np.zeros_like(arrays.after_number),
        threshold_complication=np.full(2, -1),
        branch_complication=np.full_like(arrays.branch_complication, -1),
    )
    return replace(compiled, arrays=quiet)


@pytest.fixture(scope="module")
def quiet() -> Compiled:
    return two_causes()


def test_the_engine_weighs_as_the_estimate_does(quiet: Compiled) -> None:
    drawn = np.where(quiet.arrays.cause_number > 0, 0.4, 0.0)
    arrays = quiet.arrays._replace(cause_drawn=drawn)
    rows = rehearse_table(arrays, quiet.layout, n=200, seed=5, threads=2)
    struck = np.zeros((200, len(drawn)), dtype=np.int64)
    strikes_of(drawn, arrays.cause_count, 5, 0, struck)
    ratios = np.zeros(200)
    log_ratios(arrays.cause_number, drawn, arrays.cause_count, struck, ratios)
    assert rows.column("log_weight") == pytest.approx(ratios, abs=1e-9)
    assert (rows.column("crises") == struck.sum(axis=1)).all()
    assert np.ptp(ratios) > 1.0


def test_two_rare_strikes_at_once(quiet: Compiled) -> None:
    (told,) = estimate_rare(quiet, [BOTH], runs=4000, seed=1, threads=2)
    assert told.refused == ""
    assert told.low is not None
    assert told.high is not None
    assert told.estimate == pytest.approx(FIRST * SECOND, rel=0.35)
    assert told.low <= FIRST * SECOND <= told.high
    # Of so many plain rehearsals fewer than one would have shown it.
    assert told.hits > 100
    assert told.mean_weight == pytest.approx(1.0, abs=0.2)


def test_what_cannot_come_is_refused_with_the_reason(quiet: Compiled) -> None:
    never = Outcome("never", "three strike", lambda rows: rows.column("crises") >= 3)
    (told,) = estimate_rare(quiet, [never], runs=400, seed=1, threads=2)
    assert told.estimate is None
    assert "never came" in told.refused


def test_too_few_rehearsals_are_refused(quiet: Compiled) -> None:
    with pytest.raises(InputError, match="at least 200"):
        estimate_rare(quiet, [BOTH], runs=100, seed=1)


def test_the_answer_does_not_depend_on_threads(quiet: Compiled) -> None:
    one, two = (estimate_rare(quiet, [BOTH], runs=600, seed=2, threads=threads) for threads in (1, 2))
    assert one == two


@pytest.mark.long
def test_interval_covers_in_a_thousand_repeats(quiet: Compiled) -> None:
    inside = 0
    for seed in range(1000):
        (told,) = estimate_rare(quiet, [BOTH], runs=2000, seed=seed, threads=2)
        assert told.refused == ""
        inside += told.low <= FIRST * SECOND <= told.high  # type: ignore[operator]
    assert 930 <= inside <= 970


def test_the_sum_over_single_strikes_agrees(quiet: Compiled) -> None:
    one = Outcome("any", "something strikes", lambda rows: rows.column("crises") >= 1)
    (told,) = estimate_rare(quiet, [one], runs=2000, seed=3, threads=2)
    exact = 1 - (1 - FIRST) * (1 - SECOND)
    assert told.low is not None
    assert told.high is not None
    assert told.low <= exact <= told.high
    # The sum counts rehearsals in which both strike twice, and no others wrongly.
    assert single_strike_sum(quiet, one, runs=2, seed=3) == pytest.approx(FIRST + SECOND, abs=1e-9)


@pytest.mark.long
def test_both_ways_agree_on_a_whole_plan() -> None:
    made, schedule = planned("emergency_separation")
    compiled = compile_procedure(made, schedule, numbers(made))
    arrays = compiled.arrays
    # Rare enough that two strikes in one rehearsal hardly count.
    seldom = replace(
        compiled,
        arrays=arrays._replace(
            cause_number=arrays.cause_number * 0.02,
            cause_drawn=arrays.cause_drawn * 0.02,
            after_number=np.zeros_like(arrays.after_number),
            threshold_complication=np.full(2, -1),
        ),
    )
    long = Outcome("long", "more than an hour of crisis", lambda rows: rows.column("crisis_min") > 60)
    (told,) = estimate_rare(seldom, [long], runs=20_000, seed=5, threads=2)
    summed = single_strike_sum(seldom, long, runs=60, seed=7)
    assert told.estimate is not None
    # Two shorter crises in one rehearsal are an hour too: the sum leaves them out, and is below.
    assert 0.8 * told.estimate < summed < 1.05 * told.estimate
