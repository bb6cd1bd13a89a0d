"""Foolish and damaged protocols: each is told with its field, its line and what was wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from separatrix.core import Fault, InputError
from separatrix.evidence import EvidenceReader
from separatrix.team.protocol import read_protocol

Tells = Callable[[str | bytes], tuple[Fault, ...]]

FOOLISH = [
    # (as it should be, as it is, where, words of the message)
    ("format: 1", "format: 2", "format", "reads format 1"),
    ("format: 1", "format: true", "format", "expected 1"),
    ("title: A short parting\n", "", "title", "'title' is missing"),
    ("id: parting\n", "id: a short one\n", "id", "letters, digits"),
    ("patients: [A, B]", "patients: [A, C]", "patients", "A, B or mother"),
    ("patients: [A, B]", "patients: [A, B, B]", "patients", "stands twice"),
    ("patients: [A, B]\n", "patients: []\n", "patients", "at least 1"),
    ("operations: [1, 2]", "operations: [1, 12]", "operations", "from 1 to 9"),
    ("operations: [1, 2]", "operations: [2]", "defaults.operations", "not among operations"),
    ("operations: [1, 2]", "operations: [1, 1]", "operations", "stands twice"),
    ("operations: first", "operations: frist", "operations", "first"),
    ("operations: first", "operations: [3]", "operations", "no operation 3"),
    (
        "night: {title: Is it night, values: [no, yes], default: no}",
        "night: {title: Is it night, values: [no, yes], default: maybe}",
        "choices.night.default",
        "no, yes",
    ),
    (
        "week: {title: Week, low: 24, high: 40, default: 34}",
        "week: {title: Week, low: 24, high: 40, default: 50}",
        "choices.week.default",
        "from 24 to 40",
    ),
    (
        "week: {title: Week, low: 24, high: 40, default: 34}",
        "week: {title: Week, low: 24, default: 34}",
        "choices.week",
        "neither or both",
    ),
    ("crossings: 3", "crossings: -3", "defaults.crossings", "from 0"),
    (
        "crossings: 3",
        "crossings: {evidence: no.such.entry}",
        "defaults.crossings.evidence",
        "no evidence entry",
    ),
    (
        "weight_kg: {A: 8, B: 7}",
        "weight_kg: {A: 8, mother: 70}",
        "defaults.weight_kg.mother",
        "unknown patient",
    ),
    ("surgeon: {title: Surgeon}", "surgon: {title: Surgeon}", "needs", "did you mean 'surgon'"),
    (
        "[{skill: surgeon, count: 2, level: 2}]",
        "[{skill: surgen, count: 2}]",
        "expanders",
        "did you mean 'surgeon'",
    ),
    ("[{skill: surgeon, count: 2, level: 2}]", "[{skill: surgeon, count: 0}]", "count", "from 1"),
    (
        "[{skill: surgeon, count: 2, level: 2}]",
        "[{skill: surgeon, cuont: 2}]",
        "cuont",
        "did you mean 'count'",
    ),
    (
        "[{skill: surgeon, count: 2, level: 2}]",
        "[{skill: surgeon, count: 2, level: 3}]",
        "expanders",
        "needs 2 × Surgeon of level 3 or more; there is 1",
    ),
    (
        "[{skill: surgeon, count: 2, level: 2}]",
        "[{skill: surgeon, level: 4}]",
        "expanders",
        "highest level there is 3",
    ),
    (
        "[{skill: surgeon, count: 2, level: 2}]",
        "[{skill: surgeon, count: 2}, {skill: surgeon}]",
        "expanders",
        "more people at once than there are",
    ),
    (
        "[{skill: surgeon, count: 2, level: 2}]",
        "[{skill: surgeon, team: same}]",
        "team",
        "colour of one patient",
    ),
    ("[{skill: surgeon, count: 2, level: 2}]", "[{skill: surgeon, team: C}]", "team", "same"),
    ("[{skill: surgeon, count: 2, level: 2}]", "[{skill: surgeon, team: mother}]", "team", "unknown patient"),
    (
        "title: Expanders out\n    phase: before",
        "title: Expanders out\n    phase: befor",
        "phase",
        "did you mean 'before'",
    ),
    ("  - {id: closing, title: Closing}\n", "  - {id: before, title: Closing}\n", "phases", "stands twice"),
    (
        "room: [theatre_1]\n    after: [brief]",
        "room: [theater_1]\n    after: [brief]",
        "room",
        "did you mean 'theatre_1'",
    ),
    ("room: {A: [theatre_2], B: [theatre_1]}", "room: {A: [theatre_2]}", "room", "no room is named for B"),
    (
        "room: {A: [theatre_2], B: [theatre_1]}",
        "room: {A: [theatre_9], B: [theatre_1]}",
        "room.A",
        "unknown room",
    ),
    (
        "    room: [theatre_1]\n    needs: [{skill: surgeon, count: 2}]",
        "    room: {A: [theatre_1]}\n    needs: [{skill: surgeon, count: 2}]",
        "room",
        "not repeated for each patient",
    ),
    ("equipment: {microscope: 1}", "equipment: {microscop: 1}", "equipment", "did you mean 'microscope'"),
    ("equipment: {microscope: 1}", "equipment: {microscope: 2}", "equipment", "but there are 1"),
    ("consumables: {red_cells: 2}", "consumables: {red_cels: 2}", "consumables", "did you mean 'red_cells'"),
    (
        "consumables: {red_cells: 2}",
        "consumables: {red_cells: 200}",
        "consumables",
        "200 × red_cells are used up",
    ),
    (
        "served_by: [anaesthesia]\n  - id: exp",
        "served_by: [anesthesia]\n  - id: exp",
        "served_by",
        "did you mean 'anaesthesia'",
    ),
    ("after: [brief]", "after: [breif]", "after", "did you mean 'brief'"),
    ("after: [brief]", "after: [airway]", "after", "'airway' waits for itself"),
    ("after: [brief]", "after: [brief@A]", "after", "'brief' has no repetition 'A'"),
    ("after: [brief]", "after: [last_cut]", "activities", "the order goes in a circle: "),
    (
        "starts_with: [brief]",
        "starts_with: [brief], after: [airway]",
        "activities",
        "the order goes in a circle",
    ),
    (
        "after: [{activity: airway, lag_min: 20}]",
        "after: [{activity: airways, lag_min: 20}]",
        "after",
        "did you mean 'airway'",
    ),
    (
        "after: [{activity: airway, lag_min: 20}]",
        "after: [{activity: airway, lag_min: -20}]",
        "lag_min",
        "from 0",
    ),
    (
        "after: [{activity: airway, lag_min: 20}]",
        "after: [{activity: airway, lag: 20}]",
        "lag",
        "did you mean 'lag_min'",
    ),
    ("after: [clamp]", "after: [crossings]", "after", "which it belongs to"),
    ("after: [expanders]\n    block:", "after: [clamp]\n    block:", "after", "which it belongs to"),
    (
        "{id: divide, title: Divide,",
        "{id: divide, title: Divide, for_each: crossing,",
        "for_each",
        "repeats inside the block",
    ),
    ("{id: divide, title: Divide,", "{id: clamp, title: Divide,", "id", "the id 'clamp' stands twice"),
    ("for_each: crossing\n", "for_each: vessel\n", "for_each", "patient or crossing"),
    (
        "{low_min: 30, mode_min: 45, high_min: 90}",
        "{low_min: -30, mode_min: 45, high_min: 90}",
        "duration.low_min",
        "from 0",
    ),
    (
        "{low_min: 30, mode_min: 45, high_min: 90}",
        "{low_min: 90, mode_min: 45, high_min: 30}",
        "duration",
        "rising order",
    ),
    ("{low_min: 30, mode_min: 45, high_min: 90}", "{low_min: 30, mode_min: 45}", "duration", "three points"),
    (
        "{low_min: 30, mode_min: 45, high_min: 90}",
        "{low_min: 0, mode_min: 0, high_min: 0}",
        "duration",
        "0 minutes",
    ),
    (
        "{low_min: 30, mode_min: 45, high_min: 90}",
        "{low_min: 30 min, mode_min: 45, high_min: 90}",
        "duration.low_min",
        "write the number alone, 30",
    ),
    ("{low_min: 30, mode_min: 45, high_min: 90}", "45", "duration", "found 45"),
    (
        "{evidence: procedure.separation.vein_test}",
        "{evidence: procedure.separation.vein_tst}",
        "duration.evidence",
        "did you mean 'procedure.separation.vein_test'",
    ),
    (
        "{evidence: procedure.separation.vein_test}",
        "{evidence: procedure.people.in_theatre}",
        "duration.evidence",
        "expected a time",
    ),
    (
        "{evidence: procedure.separation.vein_test}",
        "{evidence: procedure.separation.vein_test, mode_min: 3}",
        "duration",
        "both evidence and own numbers",
    ),
    (
        "    duration: {low_min: 15, mode_min: 30, high_min: 60}\n",
        "",
        "duration",
        "'last_cut' has no duration",
    ),
    ("marks: [milestone]", "marks: [milestne]", "marks", "did you mean 'milestone'"),
    (
        "marks: [milestone]",
        "marks: [milestone], duration: {low_min: 1, mode_min: 1, high_min: 1}",
        "duration",
        "a milestone has a duration",
    ),
    ("marks: [separation, no_return]", "marks: [no_return]", "activities", "marked 'separation'"),
    ("marks: [circulations_part]", "marks: []", "activities", "marked 'circulations_part'"),
    (
        "marks: [circulations_part]",
        "marks: [circulations_part, separation]",
        "activities",
        "2 activities are marked 'separation'",
    ),
    (
        "title: Last cut\n    phase: parting\n    operations: last",
        "title: Last cut\n    phase: parting",
        "last_cut",
        "marked 'separation' in operation 1 of 2",
    ),
    (
        "scale_by: {input: closure.scalp_cm2, per: 100}",
        "scale_by: {input: closure.skin_cm2, per: 100}",
        "input",
        "closure.scalp_cm2",
    ),
    (
        "scale_by: {input: closure.scalp_cm2, per: 100}",
        "scale_by: {input: closure.scalp_cm2, per: 0}",
        "per",
        "above 0",
    ),
    (
        "scale_by: {input: closure.scalp_cm2, per: 100}",
        "scale_by: {input: closure.scalp_cm2, per: 100, least: 3}",
        "scale_by",
        "least 3 is more than most 2",
    ),
    (
        "when: {input: night, value: yes}",
        "when: {input: nihgt, value: yes}",
        "when.input",
        "did you mean 'night'",
    ),
    (
        "when: {input: night, value: yes}",
        "when: {input: night, value: yess}",
        "when.value",
        "'yess' is no answer to 'night'",
    ),
    ("when: {input: night, value: yes}", "when: {input: night}", "when", "nothing is asked"),
    (
        "skill: anaesthetist, team: same,\n     begins",
        "skill: anesthetist, team: same,\n     begins",
        "covers",
        "did you mean 'anaesthetist'",
    ),
    (
        "begins: airway, ends: close, longest_min",
        "begins: airwy, ends: close, longest_min",
        "begins",
        "did you mean 'airway'",
    ),
    (
        "begins: airway, ends: close, longest_min",
        "begins: close, ends: airway, longest_min",
        "ends",
        "does not come after",
    ),
    (
        "longest_min: 240, shortest_min: 60",
        "longest_min: 60, shortest_min: 240",
        "longest_min",
        "longer than",
    ),
    ("longest_min: 240, shortest_min: 60", "longest_min: 5, shortest_min: 1", "longest_min", "handover"),
    (
        "longest_min: 240, shortest_min: 60",
        "longest_min: {evidence: procedure.people.in_theatre}",
        "longest_min",
        "expected a time",
    ),
    ("every_min: 60, duration_min: 5", "every_min: 0, duration_min: 5", "every_min", "above 0"),
    ("every_min: 60, duration_min: 5", "duration_min: 5", "recurring", "nothing says when"),
    ("every_min: 60, duration_min: 5", "every_min: 60, duration_min: 90", "duration_min", "due every 60 min"),
    ("served_by: [anaesthesia], begins", "served_by: [], begins", "served_by", "no cover does 'samples'"),
    ("served_by: [anaesthesia], begins", "served_by: [anaesthetic], begins", "served_by", "unknown cover"),
    ("at: clamp\n", "at: clmp\n", "branches", "did you mean 'clamp'"),
    ("drops: [divide]", "drops: [dvide]", "drops", "did you mean 'divide'"),
    ("keeps: [close, all_done]", "keeps: [close, al_done]", "keeps", "did you mean 'all_done'"),
    ("{id: bypass, title: Bypass first,", "{id: go_on, title: Bypass first,", "options", "stands twice"),
    ("{id: bypass, title: Bypass, phase", "{id: airway, title: Bypass, phase", "adds", "stands twice"),
    (
        "needs: [{skill: surgeon}, {skill: anaesthetist}]\nrules",
        "needs: [{skill: surgeon, count: 2}, {skill: anaesthetist}]\nrules",
        "standby",
        "cannot reopen A and B at once",
    ),
    (
        "{id: Y4, name: Standby anaesthetist 2, skills: {anaesthetist: 2}, pool: standby}",
        "{id: Y4, name: Standby anaesthetist 2, skills: {anaesthetist: 2}, pool: standby, shift: {to_h: 48}}",
        "standby",
        "48 h after the operation",
    ),
    ("longest_duty_min: 960", "longest_duty_min: long", "rules.longest_duty_min", "a number"),
    ("longest_duty_min: 960", "longest_dutty_min: 960", "rules", "did you mean 'longest_duty_min'"),
    (
        "break_min: {evidence: choreography.break.length}",
        "break_min: 400",
        "rules.break_within_min",
        "no longer than the break",
    ),
    ("{id: S2, name: Surgeon 2,", "{id: S1, name: Surgeon 2,", "roster", "stands twice, first as 'S1'"),
    ("{id: S2, name: Surgeon 2,", "{id: S2, name: surgeon 1,", "roster", "stands twice, first as 'S1'"),
    (
        "skills: {scrub_nurse: 2}",
        "skills: {scrub_nurs: 2}",
        "skills.scrub_nurs",
        "did you mean 'scrub_nurse'",
    ),
    ("skills: {scrub_nurse: 2}", "skills: {}", "skills", "an empty group"),
    ("skills: {scrub_nurse: 2}", "skills: {surgeon: 2}", "clamp", "nobody has that skill"),
    ("skills: {scrub_nurse: 2}", "skills: {scrub_nurse: 9}", "scrub_nurse", "from 0 to 5"),
    ("shift: {from_h: 0, to_h: 12}", "shift: {from_h: 12, to_h: 6}", "shift", "ends before it begins"),
    ("shift: {from_h: 0, to_h: 12}", "shift: {from_h: 7, to_h: 31}", "shift", "outside the day"),
    ("shift: {from_h: 0, to_h: 12}", "shift: {from_h: -2, to_h: 6}", "shift", "outside the day"),
    ("shift: {from_h: 0, to_h: 12}", "shift: {from_h: 0, to_h: 1}", "clamp", "begins after"),
    ("team: A, hours_awake: 1", "team: mother, hours_awake: 1", "team", "there is no patient mother"),
    ("team: A, hours_awake: 1", "team: A, hours_awake: 99", "hours_awake", "from 0 to 48"),
    ("team: A, hours_awake: 1", "team: A, pool: relieve", "pool", "did you mean 'relief'"),
    (
        "name: Anaesthetist R1, skills: {anaesthetist: 2}, pool: relief",
        "name: Anaesthetist R1, skills: {surgeon: 1}, pool: relief",
        "covers",
        "no relief for 'Anaesthetist'",
    ),
    ("skills: {anaesthetist: 3}, team: B}", "skills: {anaesthetist: 3}, team: A}", "covers", "no relief"),
    ("activities:\n", "activites:\n", "activites", "did you mean 'activities'"),
    ("  - id: expanders\n", "  - id: expanders\n  id: x\n", "", "indent"),
    ("rooms:\n", "rooms: [\n", "", "a bracket"),
    ("title: Airway\n", "title: Airway: both\n", "", "a second colon"),
    ("title: Airway\n", "\ttitle: Airway\n", "", "a tab"),
    ("title: Airway\n", "title: Airway\n    title: Again\n", "title", "stands twice"),
    ("title: Airway\n", "title: !!python/object Airway\n", "", "tag"),
]


def _spoiled(sound: str, right: str, wrong: str) -> str:
    assert right in sound, right
    return sound.replace(right, wrong, 1)


@pytest.mark.parametrize(("right", "wrong", "where", "words"), FOOLISH)
def test_foolish_protocol_is_told(
    right: str, wrong: str, where: str, words: str, sound_text: str, faults_of: Tells
) -> None:
    faults = faults_of(_spoiled(sound_text, right, wrong))
    fits = [fault for fault in faults if where in fault.field and words in str(fault)]
    assert fits, [str(fault) for fault in faults]
    assert all(fault.line or "is missing" in fault.problem for fault in faults)


def test_sound_protocol_has_no_fault(sound_text: str, faults_of: Tells) -> None:
    assert faults_of(sound_text) == ()


def test_faults_name_the_line_they_stand_in(sound_text: str, faults_of: Tells) -> None:
    text = _spoiled(sound_text, "after: [brief]", "after: [breif]")
    line = next(number for number, part in enumerate(text.split("\n"), 1) if "breif" in part)
    (fault,) = faults_of(text)
    assert fault.line == line
    assert fault.field == "activities[airway].after[0]"


def test_circle_names_its_way_round(sound_text: str, faults_of: Tells) -> None:
    start = "phase: before, patients: [],\n"
    text = _spoiled(sound_text, start, f"after: [expanders], {start}")
    (fault,) = faults_of(text)
    way = fault.problem.partition(": ")[2].split(" → ")
    assert way[0] == way[-1]
    assert {name.partition("@")[0] for name in way} == {"brief", "airway", "expanders"}


def test_all_faults_come_in_one_report(sound_text: str, faults_of: Tells) -> None:
    """Of the text's values, the names, the order, and the people, together and by line."""
    text = sound_text
    for right, wrong in (
        ("[{skill: surgeon, count: 2, level: 2}]", "[{skill: surgen}]"),
        ("{low_min: 15, mode_min: 30, high_min: 60}", "{low_min: -15, mode_min: 30, high_min: 60}"),
        ("{evidence: procedure.separation.vein_test}", "{evidence: procedure.separation.vein_tst}"),
        (
            "{skill: surgeon, team: same}],\n         duration",
            "{skill: surgeon, level: 5}],\n         duration",
        ),
        ("longest_duty_min: 960", "longest_dutty_min: 960"),
        ("at: clamp\n", "at: clmp\n"),
    ):
        text = _spoiled(text, right, wrong)
    faults = faults_of(text)
    told = " | ".join(map(str, faults))
    for words in ("'surgen'", "found -15", "vein_tst", "level 5 or more", "longest_dutty_min", "'clmp'"):
        assert words in told
    assert len(faults) == 6
    assert [fault.line for fault in faults] == sorted(fault.line or 0 for fault in faults)


def test_a_faulty_activity_does_not_make_its_followers_faulty(sound_text: str, faults_of: Tells) -> None:
    text = _spoiled(
        sound_text,
        "title: Airway\n    for_each: patient\n    phase: before",
        "title: Airway\n    for_each: patient",
    )
    assert [fault.field for fault in faults_of(text)] == ["activities[airway].phase"]


def test_a_cover_that_shifts_leave_open_is_told(sound_text: str, faults_of: Tells) -> None:
    text = sound_text
    for name in ("{anaesthetist: 3}, team: A", "{anaesthetist: 2}, pool: relief"):
        text = _spoiled(text, name, f"{name}, shift: {{from_h: 0, to_h: 3}}")
    told = [str(fault) for fault in faults_of(text) if "covers" in fault.field]
    assert any("'Anaesthetic cover, A' lasts" in words and "3 h without a gap" in words for words in told)


def test_reading_raises_with_every_fault(tmp_path: Path, sound_text: str, evidence: EvidenceReader) -> None:
    path = tmp_path / "protocol.yaml"
    text = _spoiled(_spoiled(sound_text, "after: [brief]", "after: [breif]"), "at: clamp\n", "at: clmp\n")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_protocol(path, evidence=evidence)
    assert error.value.exit_code == 2
    assert len(error.value.faults) == 2
    assert all(str(path) in str(fault) for fault in error.value.faults)


@pytest.mark.parametrize("name", ["no_such.yaml", "separatoin", "", "a\0b.yaml"])
def test_a_protocol_that_is_not_there_is_told(name: str, evidence: EvidenceReader) -> None:
    with pytest.raises(InputError):
        read_protocol(name, evidence=evidence)
