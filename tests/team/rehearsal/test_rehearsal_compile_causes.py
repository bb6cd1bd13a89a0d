"""What strikes: units of risk, places, shares, and what the numbers make of them."""

from __future__ import annotations

import functools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from tests.team.choreography.procedures import activity, person, procedure
from tests.team.rehearsal.planned import by_hand, numbers, planned, step

from separatrix.core import InputError
from separatrix.evidence import Role, all_complications, all_entries, with_overrides
from separatrix.team.protocol.model import Need, Procedure, Response
from separatrix.team.rehearsal.play import where
from separatrix.team.rehearsal.play.cells import possible_cells, why_impossible
from separatrix.team.rehearsal.play.compile import Compiled, compile_procedure, fill
from separatrix.team.rehearsal.play.numbers import Numbers, numbers_of


@functools.cache
def separation() -> Compiled:
    made, schedule = planned("separation")
    return compile_procedure(made, schedule, numbers(made))


def at(found: Compiled, complication: str) -> list[int]:
    """Causes of a complication."""
    k = found.names.complications.index(f"complication.{complication}")
    return [x for x, name in enumerate(found.names.causes) if name.complication == k]


def sites(found: Compiled, cause: int) -> list[str]:
    a = found.arrays
    return [found.names.nodes[i].id for i in a.site_node[a.site_ptr[cause] : a.site_ptr[cause + 1]]]


def test_every_word_of_the_list_has_its_place_or_its_hours() -> None:
    """A new word in the list fails here until the tables know it; a modifier has none."""
    known = {where.WHOLE, where.BEFORE_PARTING, *where.PHASES, *where.LATE, *where.HOURS, *where.ELSEWHEN}
    drawn = [
        row for row in all_complications().values() if row.role in (Role.CAUSE, Role.THRESHOLD, Role.OUTCOME)
    ]
    assert {word for row in drawn for word in row.phases} <= known
    named = {*where.JOINED_ONLY, *where.SAME_ANSWER, *where.WORSE, *where.AFTER_CAUSE, *where.RETURNS}
    assert named | where.ERRORS | set(where.BLEEDING) | set(where.TRIGGERS.values()) <= set(
        all_complications()
    )


def test_only_causes_are_drawn_each_for_its_unit_of_risk() -> None:
    found = separation()
    roles = {all_complications()[found.names.complications[n.complication]].role for n in found.names.causes}
    assert roles == {Role.CAUSE}
    patients = {
        name: [found.arrays.cause_patient[x] for x in at(found, name)]
        for name in ("vae_any", "unexpected_fusion", "equipment_problem")
    }
    assert patients == {"vae_any": [0, 1], "unexpected_fusion": [-1], "equipment_problem": [-1]}


def test_a_move_is_drawn_for_each_turn_and_child() -> None:
    found = separation()
    moves = [(sites(found, x), int(found.arrays.cause_patient[x])) for x in at(found, "line_dislodged")]
    assert moves == [
        (["turn"], 0),
        (["tables_apart"], 0),
        (["reposition@A"], 0),
        (["turn"], 1),
        (["tables_apart"], 1),
        (["reposition@B"], 1),
    ]


def test_what_strikes_the_pair_but_is_answered_per_child_is_drawn_half_for_either() -> None:
    found = separation()
    twice = at(found, "one_twin_dying")
    assert [found.arrays.cause_patient[x] for x in twice] == [0, 1]
    assert found.arrays.cause_number[twice] == pytest.approx([0.005, 0.005])
    assert not any(node.apart for node in found.structure.nodes if node.name.id in sites(found, twice[0]))


def test_counts_and_probabilities_are_told_apart() -> None:
    found = separation()
    counted = [x for x in range(len(found.names.causes)) if found.arrays.cause_count[x]]
    assert counted == at(found, "equipment_problem")
    assert found.arrays.cause_number[counted[0]] >= 0.9


def test_air_turns_worse_in_the_published_share() -> None:
    found = separation()
    first = at(found, "vae_any")[0]
    assert found.names.complications[found.arrays.cause_worse[first]] == "complication.vae_low_pressure"
    assert found.arrays.cause_worse_share[first] == pytest.approx(6 / 19, abs=1e-4)


def test_a_clamp_test_fails_at_clamp_tests_only() -> None:
    found = separation()
    (one,) = at(found, "failed_clamp_test")
    assert {name.partition("@")[0] for name in sites(found, one)} == {"test_clamp"}


def test_weights_are_planned_minutes() -> None:
    found = separation()
    (one,) = at(found, "unexpected_fusion")
    a = found.arrays
    rows = slice(int(a.site_ptr[one]), int(a.site_ptr[one + 1]))
    minutes = np.diff(a.node_planned[a.site_node[rows]], axis=1).ravel()
    assert np.diff(a.site_up_to[rows], prepend=0) == pytest.approx(minutes / minutes.sum())
    assert a.site_up_to[rows][-1] == 1.0


def test_a_rate_that_nobody_knows_is_never_drawn_but_can_be_forced() -> None:
    found = separation()
    assert (found.arrays.cause_number[at(found, "asystole")] == 0).all()
    assert found.names.complications.index("complication.asystole") in possible_cells(found)[:, 1]


def test_a_rate_that_the_team_sets_is_drawn() -> None:
    said = SimpleNamespace(value=0.02, low=0.01, high=0.05, why="our own audit")
    evidence = with_overrides(all_entries(), {"complication.asystole": said})
    made, schedule = planned("separation")
    found = compile_procedure(made, schedule, numbers_of(made, evidence=evidence))
    assert found.arrays.cause_number[at(found, "asystole")].tolist() == [0.02, 0.02]


def test_inflation_multiplies_the_odds_and_leaves_the_number() -> None:
    made, schedule = planned("separation")
    inflation = {"complication.one_twin_dying": 20.0, "complication.equipment_problem": 2.0}
    found = compile_procedure(made, schedule, numbers(made), inflation=inflation)
    a, x, count = found.arrays, at(found, "one_twin_dying")[0], at(found, "equipment_problem")[0]
    number, drawn = a.cause_number[x], a.cause_drawn[x]
    assert number == separation().arrays.cause_number[x]
    assert drawn / (1 - drawn) == pytest.approx(20 * number / (1 - number))
    assert a.cause_drawn[count] == pytest.approx(2 * a.cause_number[count])
    others = [i for i in range(len(found.names.causes)) if i not in (*at(found, "one_twin_dying"), count)]
    assert (a.cause_drawn[others] == a.cause_number[others]).all()
    with pytest.raises(InputError, match=r"complication\.one_twin_dyin: no complication to inflate"):
        compile_procedure(made, schedule, numbers(made), inflation={"complication.one_twin_dyin": 2.0})


def test_the_days_after_are_cut_at_72_hours_and_later_rows_are_named() -> None:
    found = separation()
    a = found.arrays
    rows = {
        found.names.complications[k]: (a.after_number[y], a.after_window[y].tolist(), a.after_returns[y])
        for y, k in enumerate(a.after_complication)
    }
    assert rows["complication.seizure"] == (pytest.approx(0.02 * 72 / 168), [0, 72], 0)
    assert rows["complication.haematoma_return"] == (pytest.approx(0.0455), [0, 24], 1)
    tear, infarct = numbers_at("sinus_tear_total_form"), numbers_at("infarct_after_vein_injury")
    assert rows["complication.infarct_after_vein_injury"][0] == pytest.approx(tear * infarct / 2)
    assert set(found.names.not_after) == {
        "complication.meningitis",
        "complication.hydrocephalus_shunt",
        "complication.flap_loss",
    }


def numbers_at(name: str) -> float:
    return numbers(planned("separation")[0]).value(f"complication.{name}")


def tired(hours_awake: float) -> float:
    """Number of wrong blood where one nurse is awake for so long at the start of a work of an hour."""
    made = procedure(
        [activity("work", 60, patients=("A", "B"))], [person("ann", "nurse", hours_awake=hours_awake)]
    )
    made = replace(
        made,
        activities=(replace(made.activities[0], needs=(Need(skill="nurse"),)),),
        responses=tuple(answer(patient) for patient in ("A", "B")),
    )
    found = compile_procedure(made, by_hand(made, {"work": 0}, [step("ann", "work", 0, 60)]), numbers(made))
    return float(found.arrays.cause_number[at(found, "wrong_twin_given")].sum())


def answer(patient: str, complication: str = "complication.wrong_twin_given") -> Response:
    return Response(
        complication=complication,
        title="Wrong blood",
        state="joined",
        patient=patient,  # type: ignore[arg-type]
        leader="nurse",
        actions=("stop",),
    )


def test_who_is_awake_for_long_errs_more_often() -> None:
    factor = numbers(planned("separation")[0]).value("complication.fatigue_error_factor")
    assert tired(2.0) == pytest.approx(0.01)
    assert tired(15.5) == pytest.approx(0.01 * factor)


# --- numbers ---


def test_a_value_that_cannot_be_is_refused_with_all_others() -> None:
    made, _ = planned("separation")
    with pytest.raises(InputError) as told:
        numbers(made).with_values(
            {
                "complication.vae_any": 1.5,
                "rehearsal.arrival.free": -1,
                "rehearsal.arrival.fre": 1,
                "rehearsal.loss.total": float("nan"),
            }
        )
    text = str(told.value)
    assert "complication.vae_any: 1.5 is no probability" in text
    assert "rehearsal.arrival.free: -1 is below 0" in text
    assert "did you mean 'rehearsal.arrival.free'" in text
    assert "nan is no number" in text


NO_USE_IN_A_BIRTH = {
    "rehearsal.arrival.equipment_other_room",
    "rehearsal.control.unstated",
    "rehearsal.relief.early",
    "rehearsal.exchange.scalp_share",
    "rehearsal.branch.stage",
    "complication.fatigue_error_factor",
}
"""Nobody is apart or awake for long, nothing is staged, the protocol says every time to control."""


@pytest.mark.parametrize(("name", "idle"), [("separation", set[str]()), ("birth", NO_USE_IN_A_BIRTH)])
def test_every_number_moves_something(name: str, idle: set[str]) -> None:
    """A number that no array depends on would be in the tornado for nothing."""
    made, schedule = planned(name)
    base = numbers(made)
    found = compile_procedure(made, schedule, base)
    assert {key for key in base.varied if _same(found, base, key)} == idle


def _same(found: Compiled, base: Numbers, key: str) -> bool:
    for end in (base.low(key), base.high(key)):
        other = fill(found.structure, base.with_values({key: end})).arrays
        if any(not np.array_equal(a, b) for a, b in zip(found.arrays, other, strict=True)):
            return False
    return True


# --- cells ---


def test_impossible_cells_say_why() -> None:
    found = separation()
    why = why_impossible(found)
    node = {name.id: i for i, name in enumerate(found.names.nodes)}
    k = {name: i for i, name in enumerate(found.names.complications)}
    assert why[node["wheels_in"], k["complication.hypoxia"]] == "it takes no time"
    assert why[node["dural_graft@A"], k["complication.one_twin_dying"]] == "only joined children can have it"
    assert why[node["turn"], k["complication.seizure"]] == "it shows in the days after"
    assert why[node["incision"], k["complication.brain_swelling"]].startswith("it strikes elsewhere: venous")
    assert why[node["device_check"], k["complication.hypoxia"]] == "nobody whom it can strike is there"
    branch = next(i for i, name in enumerate(found.names.nodes) if name.branch >= 0)
    assert why[branch, k["complication.fire"]] == "only a branch adds this activity"


def test_cells_are_by_node_and_strike_the_pair_where_the_response_is_to_it() -> None:
    found = separation()
    cells = possible_cells(found)
    assert (np.diff(cells[:, 0]) >= 0).all()
    assert len(np.unique(cells, axis=0)) == len(cells)
    a = found.arrays
    for node, k, patient in cells[::37]:
        state = int(found.structure.nodes[node].apart)
        assert a.response_of[k, state, patient] >= 0
        assert patient < 0 or a.node_patients[node] >> patient & 1


def without(made: Procedure, complication: str, state: str) -> Procedure:
    kept = tuple(
        r for r in made.responses if (r.complication, r.state) != (f"complication.{complication}", state)
    )
    return replace(made, responses=kept)


def test_a_complication_without_response_is_told_and_stays_a_cell() -> None:
    made, schedule = planned("separation")
    poorer = without(made, "anaphylaxis", "apart")
    found = compile_procedure(poorer, schedule, numbers(made))
    new = set(found.findings) - set(separation().findings)
    assert new == {"No response to 'anaphylaxis' when the children are apart"}
    assert len(possible_cells(found)) == len(possible_cells(separation()))


@pytest.mark.parametrize(
    ("complication", "told"),
    [
        ("complication.hypoxi", "a response to nothing that the list of complications has"),
        ("complication.death_30_days", "a response to a row of role calibration: it never strikes"),
        ("complication.fatigue_error_factor", "a response to a row of role modifier: it never strikes"),
        ("complication.mother_bleeds", "a response to what strikes in birth only"),
    ],
)
def test_a_response_to_what_never_strikes_is_refused(complication: str, told: str) -> None:
    made, schedule = planned("separation")
    odd = replace(made, responses=(*made.responses, answer("A", complication)))
    with pytest.raises(InputError, match=f"responses.{complication}: {told}"):
        compile_procedure(odd, schedule, numbers(made))
