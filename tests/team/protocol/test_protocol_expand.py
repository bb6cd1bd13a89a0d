"""Protocols bound to a case: repetitions, bridging, operations, lengths, branches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from separatrix.core import InputError
from separatrix.evidence import EvidenceReader
from separatrix.team.protocol import (
    Closure,
    Crossing,
    Procedure,
    ProtocolFile,
    Staff,
    earliest_starts,
    inputs_for,
    procedures,
    read_protocol,
)
from separatrix.team.protocol.model import ActivityMark, Precedence

Bind = Callable[..., tuple[Procedure, ...]]


@pytest.fixture(scope="module")
def bind(sound: ProtocolFile, staff: Staff, evidence: EvidenceReader) -> Bind:
    """Bind the sound protocol to inputs given by keyword."""

    def bound(**given: object) -> tuple[Procedure, ...]:
        inputs = inputs_for(sound, evidence=evidence, **given)  # type: ignore[arg-type]
        return procedures(sound, inputs, staff, evidence=evidence)

    return bound


def _ties(procedure: Procedure) -> set[tuple[str, str]]:
    return {(tie.before, tie.after) for tie in procedure.precedences}


def _ids(procedure: Procedure) -> list[str]:
    return [activity.id for activity in procedure.activities]


def test_patients_and_crossings_repeat_in_order(bind: Bind) -> None:
    (procedure,) = bind(
        crossings=[
            Crossing(id="late", action="divide", to="A", operation=1, order=2),
            Crossing(id="early", action="divide", to="B", operation=1, order=1),
        ]
    )
    names = ["brief", "airway@A", "airway@B", "expanders", "clamp@early", "divide@early", "clamp@late"]
    assert _ids(procedure)[:7] == names
    assert {("clamp@early", "divide@early"), ("divide@early", "clamp@late")} <= _ties(procedure)
    assert ("divide@early", "last_cut") not in _ties(procedure) or ("divide@late", "last_cut") in _ties(
        procedure
    )
    divide = {
        activity.crossing: activity for activity in procedure.activities if activity.id.startswith("divide")
    }
    assert divide["early"].needs[0].team == "B"
    assert divide["late"].needs[0].team == "A"
    assert {activity.continuity for activity in divide.values()} == {"venous"}


def test_a_name_means_the_same_patient(bind: Bind) -> None:
    (procedure,) = bind()
    by_id = {activity.id: activity for activity in procedure.activities}
    assert by_id["close@A"].rooms == ("theatre_2",)
    assert by_id["close@B"].rooms == ("theatre_1",)
    assert by_id["close@A"].needs[0].team == "A"
    assert by_id["close@A"].continuity == "closing@A"
    assert by_id["airway@B"].served_by == ("anaesthesia@B",)
    assert by_id["clamp@c1"].sterile_field == ("A", "B")
    assert by_id["brief"].patients == ()
    covers = {cover.id: cover for cover in procedure.covers}
    assert (covers["anaesthesia@B"].begins, covers["anaesthesia@B"].ends) == ("airway@B", "close@B")
    assert covers["anaesthesia@B"].team == "B"
    assert [one.served_by for one in procedure.recurring] == [("anaesthesia@A",), ("anaesthesia@B",)]


def test_operations_share_the_crossings_and_part_in_the_last(bind: Bind) -> None:
    first, last = bind(operations=2)
    assert [p.operation for p in (first, last)] == [1, 2]
    assert {a.crossing for a in first.activities if a.crossing} == {"c1", "c2"}
    assert {a.crossing for a in last.activities if a.crossing} == {"c3"}
    marks = [{mark for a in p.activities for mark in a.marks} for p in (first, last)]
    assert ActivityMark.SEPARATION not in marks[0]
    assert {ActivityMark.SEPARATION, ActivityMark.CIRCULATIONS_PART} <= marks[1]
    assert "expanders" in _ids(first)
    assert "expanders" not in _ids(last)


def test_what_is_left_out_hands_its_predecessors_on_with_their_wait(bind: Bind) -> None:
    _, last = bind(operations=2)
    wait = Precedence(before="airway@A", after="clamp@c3", lag_min=20)
    assert wait in last.precedences
    (without,) = bind(crossings=[])
    assert not [a for a in without.activities if a.crossing]
    assert ("expanders", "last_cut") in _ties(without)
    assert without.branches == ()


def test_choices_bring_in_what_depends_on_them(bind: Bind) -> None:
    (by_day,), (at_night,) = bind(), bind(choices={"night": "yes"})
    assert "night_call" not in _ids(by_day)
    assert "night_call" in _ids(at_night)
    assert Precedence(before="brief", after="night_call", kind="starts_together") in at_night.precedences


def test_durations_scale_with_what_the_case_brings(bind: Bind) -> None:
    areas = {c: Closure(scalp_cm2=s, bone_cm2=80, dura_cm2=80) for c, s in (("A", 150.0), ("B", 1.0))}
    (procedure,) = bind(closure=areas)
    by_id = {activity.id: activity for activity in procedure.activities}
    assert by_id["close@A"].duration.mode_min == pytest.approx(90 * 1.5)
    assert by_id["close@B"].duration.mode_min == pytest.approx(90 * 0.5)  # never less than half
    assert by_id["close@A"].planned_min == pytest.approx(1.5 * 97.66, abs=0.6)  # the PERT median
    assert by_id["airway@A"].duration.evidence == ("procedure.induction.airway_A",)
    assert by_id["airway@A"].duration.mode_min == pytest.approx(30)
    assert by_id["all_done"].planned_min == 0


def test_defaults_are_named_as_assumptions(bind: Bind) -> None:
    (procedure,) = bind(operations=1, weight_kg={"A": 9.0})
    assert procedure.inputs is not None
    assert procedure.inputs.weight_kg == {"A": 9.0, "B": 7}
    assert "weight_kg.B" in procedure.inputs.assumed
    assert "weight_kg.A" not in procedure.inputs.assumed
    assert "operations" not in procedure.inputs.assumed
    assert any("roster" in text for text in procedure.assumptions)


def test_an_option_adds_ties_and_drops(bind: Bind) -> None:
    (procedure,) = bind()
    branches = {branch.id: branch for branch in procedure.branches}
    assert list(branches) == ["clamp_fails@c1", "clamp_fails@c2", "clamp_fails@c3"]
    go_on, bypass, stop = branches["clamp_fails@c2"].options
    assert go_on.drops == ("divide@c2",)
    assert Precedence(before="clamp@c2", after="clamp@c3") in go_on.precedences
    assert [activity.id for activity in bypass.adds] == ["bypass@c2"]
    assert {(t.before, t.after) for t in bypass.precedences} == {
        ("clamp@c2", "bypass@c2"),
        ("bypass@c2", "divide@c2"),
    }
    assert set(stop.drops) == {"divide@c2", "clamp@c3", "divide@c3", "last_cut", "confirm"}
    assert ("clamp@c2", "close@A") in {(t.before, t.after) for t in stop.precedences}


def test_every_option_leaves_a_sound_order(bind: Bind) -> None:
    for procedure in bind(operations=2):
        for branch in procedure.branches:
            for option in branch.options:
                kept = [a for a in procedure.activities if a.id not in option.drops]
                ids = {a.id for a in (*kept, *option.adds)}
                ties = [*procedure.precedences, *option.precedences]
                for tie in option.precedences:
                    assert {tie.before, tie.after} <= ids
                way_on = Procedure(
                    id="x",
                    title="x",
                    operation=1,
                    patients=("A", "B"),
                    phases=(),
                    activities=(*kept, *option.adds),
                    precedences=tuple(tie for tie in ties if {tie.before, tie.after} <= ids),
                    people=(),
                )
                before = earliest_starts(procedure)
                after = earliest_starts(way_on)
                assert after[branch.at] == before[branch.at]  # what has happened stays
                assert all(after[a.id] >= after[branch.at] for a in option.adds)


def test_earliest_starts_by_hand(bind: Bind) -> None:
    (procedure,) = bind()
    starts, length = earliest_starts(procedure), {a.id: a.planned_min for a in procedure.activities}
    assert starts["airway@A"] == length["brief"]
    assert starts["expanders"] == starts["airway@A"] + length["airway@A"] + 20
    assert starts["clamp@c2"] == starts["clamp@c1"] + length["clamp@c1"] + length["divide@c1"]


def test_too_many_operations_are_refused(sound: ProtocolFile, evidence: EvidenceReader) -> None:
    with pytest.raises(InputError, match="not written for so many operations"):
        inputs_for(sound, evidence=evidence, operations=3)


def test_binding_is_the_same_each_time(
    protocol_path: Path, sound: ProtocolFile, staff: Staff, evidence: EvidenceReader
) -> None:
    again = read_protocol(protocol_path, evidence=evidence)
    bound = [
        procedures(p, inputs_for(p, evidence=evidence), staff, evidence=evidence) for p in (sound, again)
    ]
    assert repr(bound[0]) == repr(bound[1])
