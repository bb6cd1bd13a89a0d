"""A right model is found right, a wrong one wrong; counts, bands and words follow from the rows."""

import dataclasses
import json

import numpy as np
import pytest
from tests.team.rehearsal.log_twin import clock_text, small_logs, write_logs

from separatrix.core.storage import to_json
from separatrix.team.rehearsal.retrodiction.logs import read_logs
from separatrix.team.rehearsal.retrodiction.moments import Moments
from separatrix.team.rehearsal.retrodiction.retrodict import (
    Retrodiction,
    calibration_of,
    compare,
    counts_of,
    likely,
)
from separatrix.team.rehearsal.retrodiction.simulated import Model
from separatrix.team.rehearsal.retrodiction.spans import Measure, Span, spans_of
from separatrix.team.rehearsal.retrodiction.verdict import verdict_of

CASES = 120
RUNS = 2000


def invented(n, seed):
    """Moments of `n` operations, minutes from wheels in, by one log-normal factor and one a part."""
    random = np.random.default_rng(seed)
    factor = np.exp(0.3 * random.standard_normal(n))
    incision = 240 * factor * np.exp(0.15 * random.standard_normal(n))
    apart = incision + 1000 * factor * np.exp(0.15 * random.standard_normal(n))
    stitched = apart + 300 * factor * np.exp(0.15 * random.standard_normal((2, n)))
    out = stitched + 30 * factor
    return {
        "in_room": (np.zeros(n), np.zeros(n)),
        "start": (np.zeros(n), incision),
        "asleep_first": (incision * 0.3, incision * 0.3),
        "lines_start": (incision * 0.4, incision * 0.4),
        "lines_done": (incision * 0.7, incision * 0.7),
        "incision": (incision, incision),
        "apart": (apart, apart),
        "reconstruction_start": (apart, apart + 10),
        "first_out": (stitched.min(axis=0), out.min(axis=0)),
        "end": (stitched.max(axis=0), out.max(axis=0)),
    }


@pytest.fixture(scope="module")
def model():
    played = invented(RUNS, seed=1)
    plan = {name: (np.full(RUNS, np.median(low)), np.full(RUNS, np.median(high)))
            for name, (low, high) in played.items()}  # fmt: skip
    moments = Moments(played, plan)
    return Model(
        only=moments,
        last=moments,
        factor_ln_mean=-0.14,
        factor_ln_sd=0.23,
        phase_ln_sd=0.25,
        seed=1,
        parted_share=1.0,
        text=(),
    )


def logs_from(folder, stretch=1.0):
    """Operations that the model itself made, told as bulletins tell them; lengths times `stretch`."""
    moments = invented(CASES, seed=2)
    random = np.random.default_rng(3)
    begin, finish = random.random(CASES), random.random(CASES)

    def at(name, fraction):
        low, high = moments[name]
        return stretch * (low + fraction * (high - low))

    told = {
        "start": at("start", begin),
        "apart": at("apart", 0),
        "first_out": at("first_out", finish),
        "end": at("end", finish),
    }
    cases = [{"id": f"ZZ{k}", "union_type": "craniopagus"} for k in range(CASES)]
    events = [
        {"case_id": f"ZZ{k}", "clock": clock_text(480 + values[k]), "milestone": name}
        for k in range(CASES)
        for name, values in told.items()
    ]
    return read_logs(write_logs(folder, cases, events=events))


def rows_of(logs, model):
    return compare([span for log in logs for span in spans_of(log)], model, {})


def count_of(rows, name):
    chosen = [row for row in rows if row.span == name]
    return counts_of(chosen)[0]


@pytest.mark.parametrize("name", ["whole", "start_to_apart", "apart_to_end", "share_to_apart"])
def test_operations_that_the_model_made_lie_evenly_among_its_rehearsals(tmp_path, model, name):
    rows = rows_of(logs_from(tmp_path), model)
    count = count_of(rows, name)
    assert count.spans == count.cases == CASES
    assert count.mean_pit == pytest.approx(0.5, abs=3 * np.sqrt(1 / 12 / CASES))
    assert count.inside_50 / CASES == pytest.approx(0.5, abs=3 * np.sqrt(0.25 / CASES))
    assert count.inside_80 / CASES == pytest.approx(0.8, abs=3 * np.sqrt(0.16 / CASES))
    pit = np.sort([row.pit for row in rows if row.span == name])
    assert np.abs(pit - (np.arange(CASES) + 0.5) / CASES).max() < 1.63 / np.sqrt(CASES)  # KS at 1 %


@pytest.mark.parametrize(
    ("stretch", "words"), [(1.6, "larger than rehearsed"), (0.6, "smaller than rehearsed")]
)
def test_operations_longer_or_shorter_than_the_model_are_found_out(tmp_path, model, stretch, words):
    rows = [row for row in rows_of(logs_from(tmp_path, stretch), model) if row.span == "whole"]
    (count,) = counts_of(rows)
    assert abs(count.mean_pit - 0.5) > 6 * np.sqrt(1 / 12 / CASES)
    assert count.inside_80 / CASES < likely(CASES, 0.8)[0]
    sentence = verdict_of(rows, (count,))[0]
    assert words in sentence
    assert "too narrow or in the wrong place" in sentence
    assert all(bool(row.why_off) is (row.inside_80 is False) for row in rows)


class Fixed:
    """A model that expects 1, 2, …, 99 of every span."""

    def values(self, span):
        return np.arange(1.0, 100.0) if span.measure else np.empty(0)


def span(observed, **changes):
    made = Span(
        case="A1",
        union="craniopagus",
        name="whole",
        title="whole operation",
        observed=observed,
        measure=Measure("length", ("start", "end")),
    )
    return dataclasses.replace(made, **changes)


@pytest.mark.parametrize(
    ("observed", "pit", "inside_50", "inside_80"),
    [
        (50, 0.5, True, True),
        (25.5, 0.26 - 0.005, True, True),  # on the quartile: inside
        (25.4, 0.255, False, True),
        (10.8, 0.105, False, True),
        (10.7, 0.105, False, False),
        (0, 0.005, False, False),
        (500, 0.995, False, False),
    ],
)
def test_an_observation_has_its_place_among_the_rehearsals(observed, pit, inside_50, inside_80):
    (row,) = compare([span(observed)], Fixed(), {})
    assert (row.inside_50, row.inside_80) == (inside_50, inside_80)
    assert row.pit == pytest.approx(pit)
    assert row.quantiles == pytest.approx((10.8, 25.5, 50, 74.5, 89.2))


def test_what_is_not_comparable_keeps_its_reason_and_counts_nowhere():
    rows = compare(
        [span(50, because="of rain"), span(50, measure=None), span(None), span(50, case="A2")],
        Fixed(),
        {"A2": ("durations.span",)},
    )
    assert [row.because for row in rows] == [
        "of rain",
        "the model has no such span",
        "no value is printed",
        "",
    ]
    assert [row.comparable for row in rows] == [False, False, False, True]
    assert (rows[0].q10, rows[0].inside_80) == (None, None)
    (count,) = counts_of(rows)
    assert (count.spans, count.cases, count.inside_80) == (1, 1, 1)
    assert "3 spans are not comparable" in verdict_of(rows, (count,))[-1]


def test_cases_used_for_tuning_are_counted_apart_and_only_the_others_test_the_model():
    rows = compare([span(50, case=f"A{k}") for k in range(6)], Fixed(), {"A0": ("x",), "A1": ("y",)})
    assert [row.used_for_tuning for row in rows] == [True, True, False, False, False, False]
    counts = counts_of(rows)
    assert [(count.seen, count.cases) for count in counts] == [(None, 6), (True, 2), (False, 4)]
    assert any("4 of 4 spans (4 cases)" in line for line in verdict_of(rows, counts))
    seen = compare([span(50)], Fixed(), {"A1": ("x",)})
    assert any("tests nothing" in line for line in verdict_of(seen, counts_of(seen)))


def test_spans_of_one_case_do_not_narrow_the_band():
    many = compare([span(50) for _ in range(20)], Fixed(), {})
    (count,) = counts_of(many)
    assert (count.spans, count.cases) == (20, 1)
    assert count.likely_80 == likely(1, 0.8) == (0.0, 1.0)
    assert "Too few cases to judge" in verdict_of(many, (count,))[0]


def test_nothing_comparable_is_said_as_such():
    rows = compare([span(None)], Fixed(), {})
    assert verdict_of(rows, counts_of(rows)) == (
        "Nothing here can be compared: see the reasons beside each span.",
    )
    assert calibration_of(rows) == ()


def test_the_calibration_counts_central_intervals():
    rows = compare([span(v, case=f"A{v}") for v in (50, 40, 30, 20, 3)], Fixed(), {})
    (group,) = calibration_of(rows)
    inside = dict(zip(group.level, group.inside, strict=True))
    assert (inside[0.1], inside[0.3], inside[0.5], inside[0.9]) == (0.2, 0.4, 0.6, 0.8)


def test_ratios_of_other_unions_follow_the_published_log_normal(model):
    whole = model.values(span(1, measure=Measure("factor", ("whole",))))
    phase = model.values(span(1, measure=Measure("factor", ("phase",))))
    assert np.log(whole).mean() == pytest.approx(-0.14, abs=0.02)
    assert np.log(whole).std() == pytest.approx(0.23, abs=0.015)
    assert np.log(phase).std() == pytest.approx(np.hypot(0.23, 0.25), abs=0.02)


def test_a_length_of_a_plan_is_held_against_the_same_length_of_the_plan(model):
    ratio = model.values(span(1, measure=Measure("over_plan", ("in_room", "apart"))))
    assert np.median(ratio) == pytest.approx(1.0, abs=0.05)
    either = model.values(span(1, operation="either"))
    assert len(either) == 2 * RUNS


def test_a_small_log_gives_a_whole_result_the_same_each_time(tmp_path, model):
    logs = read_logs(small_logs(tmp_path))

    def told():
        rows = rows_of(logs, model)
        counts = counts_of(rows)
        return to_json(
            Retrodiction(
                source="small",
                rows=rows,
                counts=counts,
                calibration=calibration_of(rows),
                verdict=verdict_of(rows, counts),
            ).to_dict()
        )

    data = json.loads(told())
    assert told() == told()
    row = next(r for r in data["rows"] if r["case"] == "XX02" and r["span"] == "whole")
    assert row["observed"] == 1800
    assert row["q10"] < row["q25"] < row["q50"] < row["q75"] < row["q90"]
    assert {"inside_50", "inside_80", "used_for_tuning", "because"} <= set(row)
