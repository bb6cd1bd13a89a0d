"""The protocols of the library as arrays: they keep the plan, all who are called exist, damage is told."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from tests.team.choreography.procedures import small
from tests.team.rehearsal.planned import LIBRARY, numbers, planned

from separatrix.core import InputError
from separatrix.evidence import EvidenceReader, all_entries
from separatrix.team.choreography.plan import choreograph
from separatrix.team.protocol import default_team, inputs_for, procedures, read_protocol
from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.play import arrays as ar
from separatrix.team.rehearsal.play.compile import Compiled, compile_procedure, fill, structure_of


def assert_keeps_the_plan(found: Compiled) -> None:
    """Played with planned lengths the rehearsal is the plan: nothing waits for what comes later in it."""
    a, turns, rules = found.arrays, found.names.turns, found.structure.procedure.rules
    start = np.concatenate([a.node_planned[:, 0], [t.start_min for t in turns]])
    end = np.concatenate([a.node_planned[:, 1], [t.end_min for t in turns]])
    before = np.repeat(np.arange(len(start)), np.diff(a.arc_ptr))
    ready = np.where(a.arc_from_start == 1, start[before], end[before]) + a.arc_lag
    assert (ready <= start[a.arc_to]).all()
    assert (a.node_release <= a.node_planned[:, 0]).all()
    for c in range(len(found.names.chains)):
        row = turns[a.chain_ptr[c] : a.chain_ptr[c + 1]]
        assert row[0].start_min == a.node_planned[a.chain_begins[c], 0]
        assert row[-1].end_min == a.node_planned[a.chain_ends[c], 1]
        assert all(
            one.end_min == next_one.start_min + rules.handover_min
            for one, next_one in itertools.pairwise(row)
        )


@pytest.mark.parametrize("name", LIBRARY)
def test_the_plan_itself_keeps_every_arc_release_and_handover(name: str) -> None:
    made, schedule = planned(name)
    assert_keeps_the_plan(compile_procedure(made, schedule, numbers(made)))


@pytest.mark.parametrize("operations", [2, 3])
def test_operations_in_stages_compile(operations: int) -> None:
    evidence = EvidenceReader(all_entries())
    protocol = read_protocol("separation", evidence=evidence)
    inputs = inputs_for(protocol, evidence=evidence, operations=operations)
    for made in procedures(protocol, inputs, default_team(protocol, evidence=evidence), evidence=evidence):
        found = compile_procedure(made, choreograph(made, effort="first", threads=1), numbers(made))
        assert_keeps_the_plan(found)
        assert all("never taken" in finding for finding in found.findings)


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("birth", {"week": 31.0, "labour": "early"}),
        ("birth", {"hour": "night", "anaesthesia": "general"}),
        ("emergency_separation", {"failing": "B"}),
    ],
)
def test_other_choices_compile(name: str, choices: dict[str, str | float]) -> None:
    evidence = EvidenceReader(all_entries())
    protocol = read_protocol(name, evidence=evidence)
    inputs = inputs_for(protocol, evidence=evidence, choices=choices)
    team = default_team(protocol, evidence=evidence)
    made = procedures(protocol, inputs, team, evidence=evidence)[-1]
    assert_keeps_the_plan(
        compile_procedure(made, choreograph(made, effort="first", threads=1), numbers(made))
    )


@pytest.mark.parametrize("seed", range(12))
def test_random_procedures_keep_their_plan(seed: int) -> None:
    made = small(seed)
    schedule = choreograph(made, effort="first", seed=seed, threads=1)
    if schedule.status == "infeasible":
        with pytest.raises(InputError, match="there is none"):
            compile_procedure(made, schedule, numbers(made))
    else:
        assert_keeps_the_plan(compile_procedure(made, schedule, numbers(made)))


def test_a_compiled_procedure_can_be_sent_to_another_process() -> None:
    made, schedule = planned("birth")
    found = compile_procedure(made, schedule, numbers(made))
    there = pickle.loads(pickle.dumps(found))
    assert all(np.array_equal(one, other) for one, other in zip(found.arrays, there.arrays, strict=True))


@pytest.mark.parametrize("name", LIBRARY)
def test_every_place_is_named_and_every_call_can_be_met(name: str) -> None:
    made, schedule = planned(name)
    found = compile_procedure(made, schedule, numbers(made))
    a = found.arrays
    own = a.slot_ptr[len(made.activities)]
    assert (a.slot_person[:own] >= 0).all()
    assert (a.slot_person[own:] == -1).all()
    later = {found.names.complications.index(k) for k in found.names.not_after}
    answers = [
        r for k in range(len(a.response_of)) if k not in later for r in a.response_of[k].ravel() if r >= 0
    ]
    calls = {int(n) for r in answers for n in a.call_need[a.call_ptr[r] : a.call_ptr[r + 1]]}
    assert all(a.need_ptr[n + 1] > a.need_ptr[n] for n in calls)
    assert all("never taken" in finding for finding in found.findings)


@pytest.mark.parametrize("name", LIBRARY)
def test_arrays_fit_one_another(name: str) -> None:
    made, schedule = planned(name)
    a = compile_procedure(made, schedule, numbers(made)).arrays
    n, t, m = len(a.node_patients), len(a.turn_person), len(made.patients)
    assert len(a.waits) == n + t
    assert a.waits.sum() == len(a.arc_to) == a.arc_ptr[-1]
    assert a.par.shape == (len(ar.PAR_FIELDS),)
    assert a.body.shape == (m, len(ar.BODY_FIELDS))
    assert a.exchange.shape == (int(a.node_closes.sum()) + 2, m, m)
    assert (a.exchange[-1] == 0).all()
    assert (np.diff(a.exchange.sum(axis=(1, 2))) <= 0).all()
    assert (np.diff(a.node_quantiles, axis=1) >= 0).all()
    assert np.isfinite(a.node_quantiles).all()
    assert ((a.cause_number >= 0) & (a.after_number.sum() >= 0)).all()
    assert (a.site_up_to[a.site_ptr[1:] - 1] == 1).all()
    assert (a.node_consumables[:, a.stock_blood > 0] == 0).all()
    assert all(array.flags.c_contiguous for array in a)


def test_an_operation_without_complication_loses_what_is_assumed() -> None:
    made, schedule = planned("separation")
    found = compile_procedure(made, schedule, numbers(made))
    a = found.arrays
    minutes = np.diff(a.node_planned, axis=1).ravel()
    per_kg = (a.node_loss * minutes[:, None]).sum(axis=0) / a.body[:, ar.BODY["weight_kg"]]
    assert per_kg == pytest.approx([64, 64])
    parting = a.node_phase == found.layout.phases.index("parting")
    assert a.node_loss[parting].max() == pytest.approx(3 * a.node_loss[a.node_phase == 3].max())


def test_bleeding_goes_by_weight_and_a_shared_sinus_bleeds_from_both() -> None:
    made, schedule = planned("separation")
    found = compile_procedure(made, schedule, numbers(made))
    k = found.names.complications.index
    child, shared = k("complication.haemorrhage"), k("complication.sinus_tear_total_form")
    assert found.arrays.bleed[child] == pytest.approx([14 * 64 / 255.8 * 8.48] * 2)
    assert found.arrays.bleed[shared] == pytest.approx(found.arrays.bleed[child] / 2)
    assert set(np.flatnonzero(found.arrays.bleed.sum(axis=1))) == {child, shared}


def test_filling_in_numbers_is_compiling_with_them() -> None:
    made, schedule = planned("separation")
    changed = numbers(made).with_values({"rehearsal.loss.total": 100.0, "rehearsal.branch.stage": 0.4})
    once, filled = compile_procedure(made, schedule, changed), fill(structure_of(made, schedule), changed)
    assert all(np.array_equal(one, other) for one, other in zip(once.arrays, filled.arrays, strict=True))


def test_a_second_room_is_fetched_from_where_children_outnumber_units() -> None:
    made, schedule = planned("separation")
    poorer = replace(made, equipment={**made.equipment, "defibrillator": 1})
    found = compile_procedure(poorer, schedule, numbers(made))
    a, names = found.arrays, found.names
    unit = names.equipment.index("defibrillator")
    said = {
        (name.response.state, float(a.response_fetch[r, unit]))
        for r, name in enumerate(names.responses)
        if not name.response.after_operation
    }
    near, far = (numbers(made).value(f"rehearsal.arrival.{x}") for x in ("equipment", "equipment_other_room"))
    assert said == {("joined", near), ("apart", far)}


Damage = Callable[[Procedure], Procedure]


def unskilled(skill: str, pools: tuple[str, ...] = ("room", "relief")) -> Damage:
    """Nobody of these pools brings the skill any more; the script still names them."""

    def damage(made: Procedure) -> Procedure:
        people = tuple(
            replace(p, skills={k: v for k, v in p.skills.items() if k != skill} or {"other": 1})
            if p.pool in pools
            else p
            for p in made.people
        )
        return replace(made, people=people)

    return damage


def at_night_without(skill: str) -> Damage:
    """Nobody is on duty who brings the skill after the first twelve hours."""

    def damage(made: Procedure) -> Procedure:
        people = tuple(
            replace(p, shift_min=(min(p.shift_min[0], 719), 720)) if skill in p.skills else p
            for p in made.people
        )
        return replace(made, people=people)

    return damage


def without_standby(first_day: bool) -> Damage:
    def damage(made: Procedure) -> Procedure:
        return replace(
            made,
            people=tuple(
                p for p in made.people if p.pool != "standby" or (first_day and p.shift_min[0] >= 1440)
            ),
        )

    return damage


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (unskilled("blood_runner"), "Nobody in the team can come as blood_runner to"),
        (unskilled("coordinator"), "Nobody in the team can come as coordinator to"),
        (unskilled("plastic_surgeon"), "Nobody in the team can come as plastic_surgeon of A to"),
        (at_night_without("coordinator"), "Nobody is on duty as coordinator from minute 720 to"),
        (without_standby(False), "Nobody in the team can come as neurosurgeon of B on standby to"),
        (without_standby(True), "as neurosurgeon of B on standby from minute 0 to 1440 after the operation"),
    ],
)
def test_damage_to_the_team_is_told(damage: Damage, told: str) -> None:
    made, schedule = planned("separation")
    found = compile_procedure(damage(made), schedule, numbers(made))
    assert any(told in finding for finding in found.findings)
