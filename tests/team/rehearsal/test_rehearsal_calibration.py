"""Published totals beside totals of made-up rehearsals, whose answers can be counted by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.team.rehearsal.planned import numbers, planned

from separatrix.evidence import (
    EvidenceReader,
    Role,
    all_complications,
    all_entries,
    with_overrides,
)
from separatrix.team.rehearsal.answers.calibration import TOTALS, calibrate
from separatrix.team.rehearsal.answers.calibration_words import ALSO, DIFFERS, NOT_SIMULATED, TUNED
from separatrix.team.rehearsal.answers.model import Calibrated, plain
from separatrix.team.rehearsal.answers.statistics import wilson
from separatrix.team.rehearsal.play.compile import Compiled, compile_procedure
from separatrix.team.rehearsal.play.outputs import OF_PERSON
from separatrix.team.rehearsal.runs.rows import Rows

N = 10
PLANNED_MIN = 1000.0


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    made, schedule = planned("separation")
    return compile_procedure(made, schedule, numbers(made))


def held(
    compiled: Compiled,
    told: dict[str, list[float]],
    *,
    tears: int = 0,
    evidence: EvidenceReader | None = None,
) -> dict[str, Calibrated]:
    """Ten rehearsals in which only these columns are not zero."""
    values = np.zeros((N, len(compiled.layout.names)))
    for name, column in told.items():
        values[:, compiled.layout.at(name)] = column
    tally = np.zeros((len(compiled.names.complications), 2, 3), np.int64)
    tally[compiled.names.complications.index("complication.sinus_tear_total_form"), 0, 1] = tears
    sketch: Any = SimpleNamespace(n=N, tally=tally)
    rows = calibrate(
        compiled,
        Rows(compiled.layout, values, np.zeros((N, len(OF_PERSON)))),
        sketch,
        planned_end_min=PLANNED_MIN,
        evidence=evidence or EvidenceReader(all_entries()),
    )
    return {row.id.removeprefix("complication."): row for row in rows}


def test_every_published_total_is_held_against_the_rehearsals_or_told_why_not(compiled: Compiled) -> None:
    listed = {k for k, c in all_complications().items() if c.role in (Role.CALIBRATION, Role.THRESHOLD)}
    assert listed | set(ALSO) == set(TOTALS) | set(NOT_SIMULATED)
    assert set(TOTALS) == set(DIFFERS)
    assert set(TUNED) <= set(TOTALS)
    rows = held(compiled, {})
    assert {f"complication.{key}" for key in rows} == listed | set(ALSO)
    for row in rows.values():
        assert row.because or row.verdict == "inside"
        assert (row.simulated is None) == (row.verdict == "not_simulated")


def test_shares_are_of_children_and_intervals_of_rehearsals(compiled: Compiled) -> None:
    rows = held(compiled, {"red_packs@A": [1] * 9 + [0], "red_packs@B": [2] * 8 + [0] * 2})
    assert rows["any_transfusion"].simulated == pytest.approx(0.85)
    assert rows["any_transfusion"].verdict == "inside"
    low, high = rows["any_transfusion"].simulated_low, rows["any_transfusion"].simulated_high
    assert (low, high) == wilson(8, N)


def test_losses_count_in_volumes_of_each_child(compiled: Compiled) -> None:
    volume = compiled.arrays.body[:, 1]
    rows = held(
        compiled,
        {
            "lost_ml@A": [1.01 * volume[0]] * 3 + [0.99 * volume[0]] * 7,
            "lost_ml@B": [2.01 * volume[1]] + [0.0] * 9,
        },
    )
    assert rows["loss_over_1_volume"].simulated == pytest.approx(0.2)
    assert rows["loss_over_2_volumes"].simulated == pytest.approx(0.05)
    assert rows["blood.loss_median"].simulated == pytest.approx(0.99 * volume[0] / compiled.arrays.body[0, 0])
    assert rows["blood.loss_median"].tuned


def test_red_cells_are_told_in_ml_per_kg_as_they_are_given(compiled: Compiled) -> None:
    rows = held(compiled, {f"red_packs@{p}": [5.0] * N for p in "AB"})
    assert rows["blood.red_cells_mean"].simulated == pytest.approx(50.0)
    assert rows["blood.red_cells_mean"].verdict == "inside"
    assert rows["blood.over_25_ml_per_kg"].simulated == 1.0


@pytest.mark.parametrize(
    ("column", "value", "row", "share"),
    [
        ("temperature_lowest_c@A", [35.9] * 4 + [36.1] * 6, "core_below_36", 0.4),
        ("clotting_lowest@A", [0.29] * 2 + [0.31] * 8, "dilution_coagulopathy", 0.2),
        ("potassium_highest_mmol_per_l@B", [7.3] + [7.1] * 9, "potassium_arrest", 0.1),
        ("crises@B", [3.0] + [0.0] * 9, "major_any", 0.1),
    ],
)
def test_lines_are_crossed_by_the_lowest_or_highest_value(
    compiled: Compiled, column: str, value: list[float], row: str, share: float
) -> None:
    name, other = column.split("@")[0], "AB".replace(column[-1], "")
    calm = {"temperature_lowest_c": 37.0, "clotting_lowest": 1.0}.get(name, 0.0)
    told = held(compiled, {column: value, f"{name}@{other}": [calm] * N})[row]
    assert told.simulated == pytest.approx(share / 2)


def test_what_was_off_says_why_on_the_side_where_it_is_off(compiled: Compiled) -> None:
    rare, often = (held(compiled, {}, tears=tears)["sinus_tear_analogue"] for tears in (0, 5))
    assert (rare.verdict, often.verdict) == ("off", "off")
    assert (rare.because, often.because) == DIFFERS["complication.sinus_tear_analogue"]
    assert often.simulated == 0.5


def test_overruns_are_against_the_plan_and_leave_out_what_never_ended(compiled: Compiled) -> None:
    told = held(compiled, {"end_min": [1200.0] * 4 + [1800.0] * 4 + [np.inf] * 2})["plan_overrun_factor"]
    assert told.simulated == pytest.approx(1.5)
    assert told.verdict == "inside"


def test_harm_is_never_simulated(compiled: Compiled) -> None:
    rows = held(compiled, {})
    for key in ("death_30_days", "new_deficit"):
        assert rows[key].verdict == "not_simulated"
        assert "annex" in rows[key].because
        assert plain(rows[key])["simulated"] is None


def test_the_teams_own_number_is_what_is_held_against(compiled: Compiled) -> None:
    key = "complication.any_transfusion"
    own: Any = SimpleNamespace(value=0.5, low=0.4, high=0.6, why="our own series")
    own_evidence = with_overrides(all_entries(), {key: own})
    told = held(
        compiled,
        {"red_packs@A": [1.0] * 5 + [0.0] * 5, "red_packs@B": [1.0] * 5 + [0.0] * 5},
        evidence=own_evidence,
    )["any_transfusion"]
    assert (told.published, told.published_low, told.verdict) == (0.5, 0.4, "inside")
