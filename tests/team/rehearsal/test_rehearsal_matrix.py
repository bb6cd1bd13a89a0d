"""The contingency matrix: what is forced, how it is counted, and who is missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.team.rehearsal.planned import numbers, planned

from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.answers.findings import cell_findings
from separatrix.team.rehearsal.answers.matrix import matrix_cells, response_index, status_of, tally_cells
from separatrix.team.rehearsal.answers.model import Cell
from separatrix.team.rehearsal.answers.pairs import worst_pairs
from separatrix.team.rehearsal.play.cells import possible_cells
from separatrix.team.rehearsal.play.compile import Compiled, compile_procedure

NAME = "emergency_separation"


def compiled(made: Procedure | None = None) -> Compiled:
    procedure, schedule = planned(NAME)
    return compile_procedure(made or procedure, schedule, numbers(procedure))


@pytest.fixture(scope="module")
def plan() -> Compiled:
    return compiled()


def cells_of(one: Compiled, runs: int = 10) -> tuple[Cell, ...]:
    titles = one.structure.procedure.titles
    return matrix_cells(one, titles=titles, runs=runs, seed=1, covered_share=0.95, threads=2)


@pytest.fixture(scope="module")
def cells(plan: Compiled) -> tuple[Cell, ...]:
    return cells_of(plan)


def test_tallies_do_not_depend_on_threads_and_count_every_run(plan: Compiled) -> None:
    some = possible_cells(plan)[::25]
    one, two = (tally_cells(plan, some, runs=11, seed=3, threads=threads) for threads in (1, 2))
    assert (one.tallies == two.tallies).all()
    assert (one.missing == two.missing).all()
    assert (one.short == two.short).all()
    struck = one.tallies[:, :3].sum(axis=1)
    assert (struck <= 11).all()
    assert struck.max() == 11
    assert one.short.sum() == one.tallies[:, 1:3].sum()


def test_every_activity_meets_every_complication(plan: Compiled, cells: tuple[Cell, ...]) -> None:
    met = {(cell.activity, cell.complication) for cell in cells}
    assert len(met) == len(plan.names.nodes) * len(plan.names.complications)
    assert all(cell.because for cell in cells if cell.status == "impossible")
    assert all(cell.runs > 0 for cell in cells if cell.status != "impossible")


def test_numbers_of_a_cell_agree(cells: tuple[Cell, ...]) -> None:
    for cell in cells:
        assert cell.runs == cell.in_time + cell.late + cell.nobody
        assert 0.0 <= cell.wilson_low <= cell.wilson_high <= 1.0
        assert cell.nobody == 0 or cell.missing or cell.status != "nobody"
        if cell.added_min is not None:
            assert cell.added_low_min <= cell.added_min <= cell.added_high_min
        if cell.state == "apart":
            assert cell.added_separation_min is None


def test_a_crisis_costs_time(cells: tuple[Cell, ...]) -> None:
    added = [c.added_min for c in cells if c.added_min is not None and c.complication.endswith("asystole")]
    assert np.mean(added) > 1.0


def test_who_was_taken_away_is_named(cells: tuple[Cell, ...]) -> None:
    made, _ = planned(NAME)
    damaged = compiled(replace(made, equipment={**made.equipment, "defibrillator": 0}))
    lacking = {c for c in cells_of(damaged, runs=4) if any(m.id == "defibrillator" for m in c.missing)}
    assert lacking
    assert {c.status for c in lacking} == {"nobody"}
    assert all(m.share == 1.0 for c in lacking for m in c.missing if m.id == "defibrillator")
    assert not any(m.id == "defibrillator" for c in cells for m in c.missing)
    before = {f.key for f in cell_findings(made, cells)}
    found = [f for f in cell_findings(made, lacking) if f.key not in before]
    assert any(f.missing == ("defibrillator",) and f.severity == "stop" for f in found)


def test_status_needs_the_lower_bound_not_the_share() -> None:
    assert status_of(197, 3, 200, covered_share=0.95) == "in_time"
    assert status_of(192, 8, 200, covered_share=0.95) == "late"
    assert status_of(192, 0, 200, covered_share=0.95) == "nobody"
    assert status_of(0, 200, 200, covered_share=0.95) == "late"


def test_few_runs_can_be_covered_only_without_a_miss() -> None:
    for runs in (1, 5, 40, 72):
        assert status_of(runs, 0, runs, covered_share=0.95) == "in_time"
        assert status_of(runs - 1, 0, runs, covered_share=0.95) == "nobody"


def test_a_strike_without_an_own_response_finds_that_of_the_pair_or_of_a_patient() -> None:
    arrays = compiled().arrays
    own = np.full_like(arrays.response_of, -1)
    own[0, 0] = [-1, 7, 9]
    own[1, 0] = [-1, 5, -1]
    arrays = arrays._replace(response_of=own)
    node = int(np.flatnonzero(arrays.node_patients == 3)[0])
    assert response_index(arrays, 0, 0, 1, node) == 7
    assert response_index(arrays, 0, 0, 0, node) == 9
    assert response_index(arrays, 0, 0, -1, node) == 9
    assert response_index(arrays, 1, 0, -1, node) == 5
    assert response_index(arrays, 2, 0, -1, node) == -1


def test_pairs_lack_more_than_each_alone(cells: tuple[Cell, ...]) -> None:
    made, schedule = planned(NAME)
    pairs = worst_pairs(made, schedule, cells)
    assert pairs
    assert [p.short_count for p in pairs] == sorted((p.short_count for p in pairs), reverse=True)
    everybody = replace(
        made,
        people=tuple(
            replace(p, id=f"{p.id}_{copy}", shift_min=(0, 10_000)) for p in made.people for copy in range(4)
        ),
        equipment=dict.fromkeys(made.equipment, 50),
        consumables=dict.fromkeys(made.consumables, 500),
    )
    assert worst_pairs(everybody, schedule, cells) == ()
