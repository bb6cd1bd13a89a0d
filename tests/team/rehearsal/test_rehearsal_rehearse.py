"""All answers of one plan, with little effort."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from tests.team.rehearsal.planned import planned

from separatrix.core.storage import to_json
from separatrix.evidence import EvidenceReader, all_entries
from separatrix.team.rehearsal.answers.model import FOOTER, Rehearsal
from separatrix.team.rehearsal.answers.rehearse import Answers, Effort, rehearse

LITTLE = Effort(rows=40, alone=40, draws=6, inner=12, tornado=6, pairs=12, forced_pairs=2, rare=200)


def answers(name: str, *, threads: int = 2) -> Answers:
    made, schedule = planned(name)
    return rehearse(
        made,
        schedule,
        evidence=EvidenceReader(all_entries()),
        n=60,
        matrix_runs=3,
        seed=1,
        effort=LITTLE,
        threads=threads,
    )


@pytest.fixture(scope="module")
def parted() -> Rehearsal:
    return answers("emergency_separation").rehearsal


@pytest.fixture(scope="module")
def born() -> Rehearsal:
    return answers("birth").rehearsal


def test_answers_do_not_depend_on_threads(born: Rehearsal) -> None:
    assert answers("birth", threads=1).rehearsal == born


def test_every_probability_is_told_with_its_band(parted: Rehearsal) -> None:
    assert {"late_any", "nobody_any", "packs_short@A"} <= {p.id for p in parted.probabilities}
    assert all(p.band.low <= p.band.value <= p.band.high for p in parted.probabilities)
    assert parted.assumption_draws == LITTLE.draws


def test_harm_stands_in_the_annex_alone(parted: Rehearsal) -> None:
    assert {told.id for told in parted.annex} == {"volume_low@A", "volume_low@B"}
    assert not {p.id for p in parted.probabilities} & {told.id for told in parted.annex}


def test_independent_lengths_stand_beside(parted: Rehearsal) -> None:
    assert parted.separation_min is not None
    assert parted.separation_independent_min is not None
    spread = parted.separation_min.q90 - parted.separation_min.q10
    alone = parted.separation_independent_min.q90 - parted.separation_independent_min.q10
    assert alone < spread


def test_a_birth_is_forced_only(born: Rehearsal) -> None:
    assert born.probabilities == ()
    assert born.rare == ()
    assert born.annex == ()
    assert born.calibration == ()
    assert born.separation_min is None
    assert any(cell.status != "impossible" for cell in born.matrix.cells)


def test_the_stored_result_has_its_stable_part(parted: Rehearsal) -> None:
    told = json.loads(to_json(parted.to_dict()))
    assert len(told["digest"]) == 64
    for moment in ("separation_min", "end_min"):
        assert {"q05", "q10", "q50", "q90", "q95"} <= set(told[moment])
    fields = {
        "activity",
        "complication",
        "patient",
        "state",
        "status",
        "runs",
        "in_time",
        "wilson_low",
        "wilson_high",
        "added_min",
        "missing",
    }
    assert all(fields <= set(cell) for cell in told["matrix"])
    assert told["matrix_facts"]["footer"] == FOOTER
    assert "annex" in told


def test_an_operation_that_never_ends_is_told() -> None:
    """Whoever is needed never comes on duty, and an arc is waited for in vain: no hang, a finding."""
    made, schedule = planned("birth")
    late = replace(made, people=tuple(replace(p, shift_min=(50_000, 60_000)) for p in made.people))
    told = rehearse(
        late, schedule, evidence=EvidenceReader(all_entries()), n=20, matrix_runs=1, seed=1, effort=LITTLE
    ).rehearsal
    assert any(f.severity == "stop" for f in told.findings)
    assert math.isinf(told.end_min.q50) or told.end_min.q50 > 0
