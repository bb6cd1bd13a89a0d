"""Moments of real rehearsals: read off the trace, the same as the row tells, the same each time."""

from itertools import pairwise

import numpy as np
import pytest
from tests.team.rehearsal.planned import numbers, planned

from separatrix.core import InputError
from separatrix.evidence import EvidenceReader, all_entries
from separatrix.team.rehearsal.play.arrays import Floats
from separatrix.team.rehearsal.play.compile import Compiled, compile_procedure
from separatrix.team.rehearsal.retrodiction.moments import END, START, parted, readings_of
from separatrix.team.rehearsal.retrodiction.scripts import scripts
from separatrix.team.rehearsal.retrodiction.simulated import INDEPENDENT, Scripts, node_times, simulate
from separatrix.team.rehearsal.retrodiction.spans import Measure
from separatrix.team.rehearsal.runs.rows import rehearse_table

RUNS = 40


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    made, schedule = planned("separation")
    return compile_procedure(made, schedule, numbers(made))


@pytest.fixture(scope="module")
def times(compiled) -> Floats:
    return node_times(compiled, 7, first=0, count=RUNS)


def names(compiled):
    return [node.activity if node.branch < 0 else "" for node in compiled.names.nodes]


def test_the_trace_tells_the_same_separation_as_the_row(compiled, times):
    made, _ = planned("separation")
    table = rehearse_table(compiled.arrays, compiled.layout, n=RUNS, seed=7, threads=1)
    rows = table.column("separation_min")
    apart = readings_of(times, names(compiled), made)["apart"][0]
    came = np.isfinite(rows)
    assert came.sum() > RUNS / 2
    assert np.array_equal(came, np.isfinite(apart))
    assert np.allclose(apart[came], rows[came], rtol=0, atol=1e-9)


def test_a_block_of_rehearsals_is_the_same_wherever_it_begins(compiled, times):
    again = node_times(compiled, 7, first=10, count=5)
    assert np.array_equal(again, times[10:15], equal_nan=True)
    other = node_times(compiled, 8, first=10, count=5)
    assert not np.array_equal(other, times[10:15], equal_nan=True)


def test_moments_follow_one_another(compiled, times):
    made, _ = planned("separation")
    readings = readings_of(times, names(compiled), made)
    planned_times = compiled.arrays.node_planned[None].astype(np.float64)
    kept = parted(readings, readings_of(planned_times, names(compiled), made))
    assert 0 < kept.n <= RUNS
    order = ("in_room", "asleep_first", "lines_start", "lines_done", "prep_done", "incision", "apart", "end")
    for before, after in pairwise(order):
        assert np.all(kept.played[before][0] <= kept.played[after][0])
    for low, high in kept.played.values():
        assert np.all(low <= high)
    share = kept.values(Measure("share", ("start", "apart", "end")), seed=1)
    assert np.all((share > 0) & (share < 1))
    assert np.all(kept.values(Measure("length", ("first_out", "end")), seed=1) >= 0)
    assert np.ptp(kept.planned["apart"][0]) == 0


def test_nodes_that_never_ran_have_no_times(times):
    ran = np.isfinite(times[:, :, START])
    assert np.all(np.isfinite(times[:, :, END]) <= ran)
    assert np.all(times[:, :, START][ran] >= 0)


def test_a_protocol_without_the_activities_is_refused(compiled, times):
    made, _ = planned("separation")
    with pytest.raises(InputError, match="has no activity incision"):
        readings_of(times, [n if n != "incision" else "cut" for n in names(compiled)], made)


def test_possible_anatomies_span_the_ranges_and_do_not_go_together():
    made = scripts(evidence=EvidenceReader(all_entries()), operations=2, seed=1)
    crossings = [int(script.text.split()[0]) for script in made]
    gaps = [float(script.text.split()[2]) for script in made]
    assert crossings == sorted(crossings)
    assert 5 <= min(crossings) < 9
    assert 15 < max(crossings) <= 20
    assert abs(np.corrcoef(crossings, gaps)[0, 1]) < 0.2
    assert all(script.schedule.separation_min for script in made)


def test_a_model_plays_each_script_with_draws_of_its_own():
    evidence = EvidenceReader(all_entries())
    made = scripts(evidence=evidence, operations=2, seed=1)
    planned_twice = Scripts(only=(made[2], made[2]), last=(made[0], made[4]))

    def apart(**options):
        model = simulate(planned_twice, evidence=evidence, n=24, seed=3, **options)
        return model, model.only.played["apart"][0]

    model, first = apart()
    assert np.array_equal(first, apart()[1])
    assert 0.5 < model.parted_share <= 1
    assert len(np.unique(first)) == len(first)  # the same script twice, and no rehearsal twice
    assert not np.array_equal(first[:6], apart(over_ranges=True)[1][:6])
    alone = apart(values=INDEPENDENT)[1]
    assert np.log(alone).std() < 0.5 * np.log(first).std()
    assert model.last.n > 12
