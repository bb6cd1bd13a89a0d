"""Responses to complications: faults told at their line, and one script for each who may be struck."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from separatrix.core import Fault
from separatrix.evidence import EvidenceReader
from separatrix.evidence.lists import Role, all_complications
from separatrix.team.protocol import Procedure, default_team, inputs_for, procedures
from separatrix.team.protocol.file import ProtocolFile
from separatrix.team.protocol.library import check_protocol
from separatrix.team.protocol.read import survey_bytes
from separatrix.team.protocol.schema import protocol_expectations

Tells = Callable[[str | bytes], tuple[Fault, ...]]

AIR = """\
  - id: complication.vae_any
    title: Air
    of_pair: true
    joined:
      leader: anaesthetist
      within_min: 1
      actions: [tell both teams, flood the field]
      calls:
        - {skill: surgeon, task: flood}
        - {skill: anaesthetist, team: B, task: watch B}
      equipment: {microscope: 1}
    apart:
      leader: anaesthetist
      actions: [flood the field]
      calls: [{skill: surgeon, level: 2, task: flood}]
"""
SWELLING = """\
  - id: complication.brain_swelling
    title: Swelling
    joined:
      leader: surgeon
      actions: [clamp off]
      calls:
        - {skill: anaesthetist, team: same, task: ventilate}
        - {skill: anaesthetist, team: other, task: guard}
      control: {low_min: 5, mode_min: 10, high_min: 30}
    apart:
      leader: surgeon
      actions: [head up]
"""
OTHERS = "".join(
    f"""\
  - id: {item.id}
    title: "{item.name}"
    joined: {{leader: surgeon, actions: [tell]}}
    apart: {{leader: surgeon, actions: [tell]}}
"""
    for item in all_complications().values()
    if item.role in (Role.CAUSE, Role.THRESHOLD)
    and "separation" in item.procedures
    and item.id not in ("complication.vae_any", "complication.brain_swelling")
)


@pytest.fixture(scope="module")
def text(sound_text: str) -> str:
    return f"{sound_text}responses:\n{AIR}{SWELLING}{OTHERS}"


def _bound(text: str, evidence: EvidenceReader, operations: int) -> tuple[Procedure, ...]:
    survey = survey_bytes(text.encode(), "protocol.yaml", ProtocolFile, protocol_expectations())
    assert check_protocol(survey, evidence=evidence) == ()
    assert survey.file is not None
    inputs = inputs_for(survey.file, evidence=evidence, operations=operations)
    return procedures(survey.file, inputs, default_team(survey.file, evidence=evidence), evidence=evidence)


FOOLISH = [
    # (as it should be, as it is, where, words of the message)
    ("id: complication.vae_any", "id: complication.vae_ayn", "responses", "complication.vae_any"),
    ("id: complication.vae_any", "id: complication.arrest_any", "responses", "never strikes"),
    ("leader: anaesthetist\n      within", "leader: anaestetist\n      within", "leader", "anaesthetist"),
    ("{skill: surgeon, task: flood}", "{skill: surgon, task: flood}", "skill", "surgeon"),
    ("{skill: surgeon, task: flood}", "{skill: surgeon}", "task", "missing"),
    ("equipment: {microscope: 1}", "equipment: {microscop: 1}", "equipment", "microscope"),
    ("equipment: {microscope: 1}", "equipment: {microscope: 9}", "equipment", "there are 1"),
    ("team: B, task: watch B", "team: other, task: watch B", "team", "strikes both"),
    ("team: B, task: watch B", "team: mother, task: watch B", "team", "unknown patient"),
    ("team: B, task: watch B", "team: B, count: 7, task: watch B", "joined", "does not have"),
    ("level: 2, task: flood", "level: 5, task: flood", "apart", "does not have"),
    ("within_min: 1", "within_min: -1", "within_min", "from 0"),
    ("within_min: 1", "within_min: {evidence: no.such}", "within_min", "no evidence entry"),
    ("low_min: 5, mode_min: 10, high_min: 30", "low_min: 50, mode_min: 10, high_min: 30", "control", "50"),
    ("actions: [clamp off]", "actions: []", "actions", "at least 1"),
    ("of_pair: true", "of_pear: true", "of_pear", "of_pair"),
    ("    title: Swelling\n", "    title: Swelling\n    only_joined: true\n", "apart", "only_joined"),
    ("    title: Swelling\n", "    title: Swelling\n    mother: {leader: surgeon, actions: [x]}\n", "mother",
     "no patient"),
    ("id: complication.brain_swelling", "id: complication.vae_any", "id", "stands twice"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "where", "words"), FOOLISH)
def test_a_foolish_response_is_told(
    right: str, wrong: str, where: str, words: str, text: str, faults_of: Tells
) -> None:
    assert right in text
    spoiled = text.replace(right, wrong, 1)
    told = [fault for fault in faults_of(spoiled) if where in fault.field and words in str(fault)]
    assert told, [str(fault) for fault in faults_of(spoiled)]
    assert told[0].line is not None


def test_every_unanswered_complication_is_told_and_none_where_nothing_is_answered(
    sound_text: str, text: str, faults_of: Tells
) -> None:
    assert faults_of(text) == ()
    assert faults_of(sound_text) == ()
    lacking = faults_of(f"{sound_text}responses:\n{AIR}{OTHERS}")
    assert [fault.problem for fault in lacking] == [
        "nothing is written for 'complication.brain_swelling' (brain swells after a vein is closed)"
    ]
    told = faults_of(f"{sound_text}responses:\n{AIR}")
    wanted = {
        c.id
        for c in all_complications().values()
        if c.role in (Role.CAUSE, Role.THRESHOLD) and "separation" in c.procedures
    } - {"complication.vae_any"}
    assert {name for name in wanted if any(name in fault.problem for fault in told)} == wanted


@pytest.mark.parametrize("state", ["joined", "apart"])
def test_a_state_that_is_missing_is_told(state: str, text: str, faults_of: Tells) -> None:
    own = SWELLING.split(f"    {state}:")
    rest = own[1].split("    apart:")
    without = own[0] + (f"    apart:{rest[1]}" if state == "joined" else "")
    told = faults_of(text.replace(SWELLING, without))
    assert [fault.field for fault in told] == [f"responses[complication.brain_swelling].{state}"]
    assert "different emergencies" in told[0].expected


def test_each_child_has_its_script_and_same_and_other_are_seen_from_it(
    text: str, evidence: EvidenceReader
) -> None:
    (procedure,) = _bound(text, evidence, operations=1)
    swelling = [r for r in procedure.responses if r.complication == "complication.brain_swelling"]
    assert [(r.state, r.patient) for r in swelling] == [
        ("joined", "A"), ("joined", "B"), ("apart", "A"), ("apart", "B"),
    ]  # fmt: skip
    assert [call.team for call in swelling[0].calls] == ["A", "B"]
    assert [call.team for call in swelling[1].calls] == ["B", "A"]
    assert swelling[0].control is not None
    assert swelling[0].control.mode_min == 10
    assert swelling[0].assumed


def test_air_strikes_the_pair_while_joined_and_one_child_when_apart(
    text: str, evidence: EvidenceReader
) -> None:
    (procedure,) = _bound(text, evidence, operations=1)
    air = [r for r in procedure.responses if r.complication == "complication.vae_any"]
    assert [(r.state, r.patient, r.of_pair) for r in air] == [
        ("joined", None, True), ("apart", "A", False), ("apart", "B", False),
    ]  # fmt: skip


def test_an_operation_that_does_not_part_the_children_has_no_script_for_apart(
    text: str, evidence: EvidenceReader
) -> None:
    first, last = _bound(text, evidence, operations=2)
    assert {r.state for r in first.responses} == {"joined"}
    assert {r.state for r in last.responses} == {"joined", "apart"}


def test_the_days_after_a_parting_are_apart_and_after_a_stage_joined(
    text: str, evidence: EvidenceReader
) -> None:
    later = text.replace("    title: Swelling\n", "    title: Swelling\n    after_operation: true\n")
    first, last = _bound(later, evidence, operations=2)
    for procedure, state in ((first, "joined"), (last, "apart")):
        found = [r for r in procedure.responses if r.complication == "complication.brain_swelling"]
        assert {r.state for r in found} == {state}
        assert all(r.after_operation for r in found)


def test_a_protocol_that_answers_nothing_says_so(sound: ProtocolFile, evidence: EvidenceReader) -> None:
    inputs = inputs_for(sound, evidence=evidence)
    procedure = procedures(sound, inputs, default_team(sound, evidence=evidence), evidence=evidence)[0]
    assert procedure.responses == ()
    assert any("complication strikes" in note for note in procedure.notes)
