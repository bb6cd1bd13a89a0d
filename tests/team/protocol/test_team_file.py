"""Team files: the team's own over the protocol's, and every fault of them with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from separatrix.core import Fault, InputError
from separatrix.evidence import EvidenceReader
from separatrix.team.protocol import ProtocolFile, Staff, check_files, inputs_for, procedures, read_team

Tells = Callable[[str], tuple[Fault, ...]]

FOOLISH = [
    ("format: 1", "format: one", "format", "expected 1"),
    ("protocol: parting", "protocol: birth", "protocol", "written for 'birth'"),
    ("people:\n", "peple:\n", "peple", "did you mean 'people'"),
    ("{id: S2, name: Dr Berg", "{id: S1, name: Dr Berg", "people", "stands twice, first as 'S1'"),
    ("{id: S2, name: Dr Berg", "{id: S2, name: dr adler", "people", "stands twice, first as 'S1'"),
    ("{id: S2, name: Dr Berg", "{id: S 2, name: Dr Berg", "id", "letters, digits"),
    ("skills: {scrub_nurse: 2}", "skills: {scrub: 2}", "skills.scrub", "did you mean 'scrub_nurse'"),
    ("skills: {scrub_nurse: 2}", "skills: [scrub_nurse]", "skills", "found a list"),
    ("team: A}\n  - {id: S2", "team: red}\n  - {id: S2", "team", "A, B or mother"),
    ("shift: {from_h: 0, to_h: 72}", "shift: {from_h: 0}", "to_h", "missing"),
    ("shift: {from_h: 0, to_h: 72}", "shift: {from_h: 9, to_h: 8}", "shift", "ends before it begins"),
    ("shift: {from_h: 0, to_h: 72}", "shift: {from_h: 0, to_h: 24}", "people", "24 h after the operation"),
    ("pool: relief}", "pool: relief, shift: {from_h: 20, to_h: 30}}", "shift", "outside the day"),
    ("pool: relief}", "pool: standby}", "people", "no relief for 'Anaesthetist'"),
    ("{surgeon: 3}, team: A}", "{surgeon: 3}, team: B}", "people", ""),
    ("skills: {surgeon: 2, scrub_nurse: 1}", "skills: {scrub_nurse: 1}", "people", ""),
    (
        "name: Dr Falk, skills: {anaesthetist: 3}, team: B",
        "name: Dr Falk, skills: {anaesthetist: 3}, team: A",
        "people",
        "no relief",
    ),
    ("{surgeon: 3}, team: B}", "{surgeon: 1}, team: B}", "people", ""),
    ("{id: theatre_2, title: Hybrid theatre}", "{id: theatre_2}", "title", "missing"),
    ("{id: theatre_2, title: Hybrid theatre}", "{id: theatre_2, title: H, places: 0}", "places", "from 1"),
    ("equipment: {microscope: 2}", "equipment: {micro: 2}", "equipment.micro", "microscope"),
    ("equipment: {microscope: 2}", "equipment: {microscope: 0}", "equipment", "but there are 0"),
    (
        "consumables: {red_cells: 20}",
        "consumables: {red_cells: 1}",
        "consumables",
        "2 × red_cells are used up",
    ),
    ("consumables: {red_cells: 20}", "consumables: {red_cells: -1}", "red_cells", "from 0"),
    ("break_min: 20", "break_min: {evidence: nothing}", "rules.break_min", "no evidence entry"),
    ("plan_quantile: 0.8", "plan_quantile: 80", "rules.plan_quantile", "below 1"),
    ("choices: {night: yes,", "choices: {night: maybe,", "choices.night", "no, yes"),
    ("choices: {night: yes,", "choices: {nihgt: yes,", "choices.nihgt", "did you mean 'night'"),
    ("week: 32}", "week: 12}", "choices.week", "from 24 to 40"),
]


@pytest.mark.parametrize(("right", "wrong", "where", "words"), FOOLISH)
def test_foolish_team_is_told(
    right: str, wrong: str, where: str, words: str, sound_team_text: str, team_faults_of: Tells
) -> None:
    assert right in sound_team_text
    faults = team_faults_of(sound_team_text.replace(right, wrong, 1))
    if not words:  # a change that the team can bear
        assert faults == ()
        return
    fits = [fault for fault in faults if where in fault.field and words in str(fault)]
    assert fits, [str(fault) for fault in faults]
    assert all(fault.line for fault in faults)


@pytest.fixture
def team(tmp_path: Path, sound_team_text: str, sound: ProtocolFile, evidence: EvidenceReader) -> Staff:
    path = tmp_path / "team.yaml"
    path.write_text(sound_team_text, encoding="utf-8")
    return read_team(path, sound, evidence=evidence)


def test_the_teams_own_stands_over_the_protocols(team: Staff, staff: Staff) -> None:
    assert not team.is_roster
    assert staff.is_roster
    assert [person.name for person in team.people][:2] == ["Dr Adler", "Dr Berg"]
    assert {room.id: room.title for room in team.rooms} == {
        "theatre_1": "Theatre 1",
        "theatre_2": "Hybrid theatre",
    }
    assert team.equipment == {"microscope": 2}
    assert (team.rules.break_min, staff.rules.break_min) == (20, 30)
    assert team.rules.break_within_min == staff.rules.break_within_min == 270
    assert team.rules.plan_quantile == 0.8


def test_shifts_are_minutes_and_standby_lasts_as_long_as_it_must(staff: Staff) -> None:
    by_id = {person.id: person for person in staff.people}
    assert by_id["N1"].shift_min == (0, 720)
    assert by_id["S1"].shift_min == (0, 24 * 60)
    assert by_id["Y1"].shift_min == (0, 72 * 60)


def test_a_higher_quantile_plans_longer(
    team: Staff, staff: Staff, sound: ProtocolFile, evidence: EvidenceReader
) -> None:
    inputs = inputs_for(sound, evidence=evidence)
    (usual,) = procedures(sound, inputs, staff, evidence=evidence)
    (careful,) = procedures(sound, inputs, team, evidence=evidence)
    pairs = list(zip(usual.activities, careful.activities, strict=True))
    assert all(a.planned_min <= b.planned_min for a, b in pairs)
    assert sum(b.planned_min - a.planned_min for a, b in pairs) > 60


def test_micro_pauses_stretch_long_work_in_the_field(
    protocol_path: Path, tmp_path: Path, evidence: EvidenceReader
) -> None:
    from separatrix.team.protocol import default_team, read_protocol

    lengths = []
    for factor in (1, 1.1):
        text = protocol_path.read_text(encoding="utf-8")
        text = text.replace(
            "{low_min: 30, mode_min: 45, high_min: 90}", "{low_min: 200, mode_min: 200, high_min: 200}"
        )
        text = text.replace("rules:\n", f"rules:\n  micro_pause_factor: {factor}\n")
        path = tmp_path / "own.yaml"
        path.write_text(text, encoding="utf-8")
        file = read_protocol(path, evidence=evidence)
        (bound,) = procedures(
            file,
            inputs_for(file, evidence=evidence),
            default_team(file, evidence=evidence),
            evidence=evidence,
        )
        lengths.append({activity.id: activity.planned_min for activity in bound.activities})
    usual, paused = lengths
    assert {name for name in usual if usual[name] != paused[name]} == {"expanders"}
    assert (usual["expanders"], paused["expanders"]) == (200, 220)


def test_reading_tells_every_fault(
    tmp_path: Path, sound_team_text: str, sound: ProtocolFile, evidence: EvidenceReader, protocol_path: Path
) -> None:
    path = tmp_path / "team.yaml"
    text = sound_team_text.replace("skills: {scrub_nurse: 2}", "skills: {scrub: 2}")
    path.write_text(text.replace("week: 32", "week: 12"), encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_team(path, sound, evidence=evidence)
    assert [fault.field for fault in error.value.faults] == ["people[N1].skills.scrub", "choices.week"]
    _, faults = check_files(protocol_path, path, evidence=evidence)
    assert faults == error.value.faults
    _, faults = check_files(protocol_path, tmp_path / "none.yaml", evidence=evidence)
    assert len(faults) == 1
