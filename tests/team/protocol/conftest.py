"""A sound protocol with its team, and ways to spoil them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from separatrix.core import Fault
from separatrix.evidence import EvidenceReader, all_entries
from separatrix.team.protocol import ProtocolFile, Staff, default_team, read_protocol
from separatrix.team.protocol.file import ProtocolFile as FileModel
from separatrix.team.protocol.library import check_protocol, check_team
from separatrix.team.protocol.read import survey_bytes
from separatrix.team.protocol.schema import protocol_expectations, team_expectations
from separatrix.team.protocol.team_file import TeamFile

SOUND = """\
format: 1
id: parting
title: A short parting
patients: [A, B]
operations: [1, 2]
longest_h: 24
choices:
  night: {title: Is it night, values: [no, yes], default: no}
  week: {title: Week, low: 24, high: 40, default: 34}
defaults:
  operations: 1
  crossings: 3
  closure:
    A: {scalp_cm2: 100, bone_cm2: 80, dura_cm2: 80}
    B: {scalp_cm2: 50, bone_cm2: 80, dura_cm2: 80}
  weight_kg: {A: 8, B: 7}
skills:
  surgeon: {title: Surgeon}
  anaesthetist: {title: Anaesthetist}
  scrub_nurse: {title: Scrub nurse}
phases:
  - {id: before, title: Before}
  - {id: parting, title: Parting}
  - {id: closing, title: Closing}
rooms:
  - {id: theatre_1, title: Theatre 1, places: 2}
  - {id: theatre_2, title: Theatre 2}
equipment:
  microscope: {title: Microscope, count: 1}
consumables:
  red_cells: {title: Red cells, count: 10}
activities:
  - {id: brief, title: Brief, phase: before, patients: [],
     duration: {low_min: 10, mode_min: 15, high_min: 30}}
  - id: airway
    title: Airway
    for_each: patient
    phase: before
    room: [theatre_1]
    after: [brief]
    duration: {evidence: "procedure.induction.airway_{patient}"}
    served_by: [anaesthesia]
  - id: expanders
    title: Expanders out
    phase: before
    operations: first
    after: [{activity: airway, lag_min: 20}]
    needs: [{skill: surgeon, count: 2, level: 2}]
    duration: {low_min: 30, mode_min: 45, high_min: 90}
    sterile_field: both
  - id: crossings
    for_each: crossing
    after: [expanders]
    block:
      - {id: clamp, title: Clamp test, phase: parting, needs: [{skill: surgeon}, {skill: scrub_nurse}],
         duration: {evidence: procedure.separation.vein_test}, sterile_field: same, continuity: venous,
         equipment: {microscope: 1}, marks: [critical]}
      - {id: divide, title: Divide, phase: parting, after: [clamp], needs: [{skill: surgeon, team: same}],
         duration: {evidence: procedure.separation.vein_division}, sterile_field: same, continuity: venous}
  - id: last_cut
    title: Last cut
    phase: parting
    operations: last
    after: [crossings]
    room: [theatre_1]
    needs: [{skill: surgeon, count: 2}]
    consumables: {red_cells: 2}
    duration: {low_min: 15, mode_min: 30, high_min: 60}
    marks: [separation, no_return]
  - {id: confirm, title: No crossing is left, phase: parting, operations: last, after: [last_cut],
     served_by: [anaesthesia], duration: {low_min: 2, mode_min: 5, high_min: 10}, marks: [circulations_part]}
  - id: close
    title: Close
    for_each: patient
    phase: closing
    after: [confirm, divide]
    room: {A: [theatre_2], B: [theatre_1]}
    needs: [{skill: surgeon, team: same}]
    duration: {low_min: 60, mode_min: 90, high_min: 180}
    scale_by: {input: closure.scalp_cm2, per: 100}
    continuity: closing
  - {id: night_call, title: Call at night, phase: before, when: {input: night, value: yes}, patients: [],
     duration: {low_min: 5, mode_min: 5, high_min: 5}, starts_with: [brief]}
  - {id: all_done, title: All done, phase: closing, after: [close], marks: [milestone]}
covers:
  - {id: anaesthesia, title: Anaesthetic cover, for_each: patient, skill: anaesthetist, team: same,
     begins: airway, ends: close, longest_min: 240, shortest_min: 60}
recurring:
  - {id: samples, title: Blood samples, for_each: patient, every_min: 60, duration_min: 5, tolerance_min: 15,
     served_by: [anaesthesia], begins: airway, ends: close}
branches:
  - id: clamp_fails
    title: Clamp test failed
    at: clamp
    trigger: failed_clamp_test
    options:
      - {id: go_on, title: Leave it for later, drops: [divide]}
      - {id: bypass, title: Bypass first, before: [divide],
         adds: [{id: bypass, title: Bypass, phase: parting, needs: [{skill: surgeon}],
                 duration: {low_min: 20, mode_min: 40, high_min: 90}}]}
      - {id: stop, title: Stop and stage, drops_rest: true, keeps: [close, all_done]}
standby:
  ready_within_min: {evidence: procedure.after.fresh_team_ready}
  for_h: {evidence: procedure.after.fresh_team_for}
  needs: [{skill: surgeon}, {skill: anaesthetist}]
rules:
  break_min: {evidence: choreography.break.length}
  break_within_min: {evidence: choreography.break.within}
  longest_duty_min: 960
  handover_min: {evidence: choreography.handover}
roster:
  - {id: S1, name: Surgeon 1, skills: {surgeon: 3}}
  - {id: S2, name: Surgeon 2, skills: {surgeon: 2}}
  - {id: N1, name: Nurse 1, skills: {scrub_nurse: 2}, shift: {from_h: 0, to_h: 12}}
  - {id: AA1, name: Anaesthetist A1, skills: {anaesthetist: 3}, team: A, hours_awake: 1}
  - {id: AB1, name: Anaesthetist B1, skills: {anaesthetist: 3}, team: B}
  - {id: AR1, name: Anaesthetist R1, skills: {anaesthetist: 2}, pool: relief}
  - {id: Y1, name: Standby surgeon 1, skills: {surgeon: 2}, pool: standby}
  - {id: Y2, name: Standby surgeon 2, skills: {surgeon: 2}, pool: standby}
  - {id: Y3, name: Standby anaesthetist 1, skills: {anaesthetist: 2}, pool: standby}
  - {id: Y4, name: Standby anaesthetist 2, skills: {anaesthetist: 2}, pool: standby}
"""

SOUND_TEAM = """\
format: 1
title: Our team
protocol: parting
people:
  - {id: S1, name: Dr Adler, skills: {surgeon: 3}, team: A}
  - {id: S2, name: Dr Berg, skills: {surgeon: 3}, team: B}
  - {id: S3, name: Dr Cruz, skills: {surgeon: 2, scrub_nurse: 1}}
  - {id: N1, name: Nurse Dorn, skills: {scrub_nurse: 2}}
  - {id: AA1, name: Dr Egli, skills: {anaesthetist: 3}, team: A}
  - {id: AB1, name: Dr Falk, skills: {anaesthetist: 3}, team: B}
  - {id: AR1, name: Dr Gray, skills: {anaesthetist: 2}, pool: relief}
  - {id: Y1, name: Dr Hahn, skills: {surgeon: 2}, pool: standby, shift: {from_h: 0, to_h: 72}}
  - {id: Y2, name: Dr Iten, skills: {surgeon: 2}, pool: standby}
  - {id: Y3, name: Dr Jost, skills: {anaesthetist: 2}, pool: standby}
  - {id: Y4, name: Dr Kern, skills: {anaesthetist: 2}, pool: standby}
rooms:
  - {id: theatre_2, title: Hybrid theatre}
equipment: {microscope: 2}
consumables: {red_cells: 20}
rules: {break_min: 20, plan_quantile: 0.8}
choices: {night: yes, week: 32}
"""


@pytest.fixture(scope="session")
def evidence() -> EvidenceReader:
    return EvidenceReader(all_entries())


@pytest.fixture(scope="session")
def faults_of(evidence: EvidenceReader) -> Callable[[str | bytes], tuple[Fault, ...]]:
    """The faults that a protocol's text tells."""

    def told(text: str | bytes) -> tuple[Fault, ...]:
        raw = text.encode() if isinstance(text, str) else text
        survey = survey_bytes(raw, "protocol.yaml", FileModel, protocol_expectations())
        return check_protocol(survey, evidence=evidence)

    return told


@pytest.fixture(scope="session")
def team_faults_of(evidence: EvidenceReader, sound: ProtocolFile) -> Callable[[str], tuple[Fault, ...]]:
    """The faults that a team file's text tells, for the sound protocol."""

    def told(text: str) -> tuple[Fault, ...]:
        survey = survey_bytes(text.encode(), "team.yaml", TeamFile, team_expectations())
        return check_team(survey, sound, evidence=evidence)

    return told


@pytest.fixture(scope="session")
def protocol_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("protocol") / "protocol.yaml"
    path.write_text(SOUND, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def sound(protocol_path: Path, evidence: EvidenceReader) -> ProtocolFile:
    return read_protocol(protocol_path, evidence=evidence)


@pytest.fixture(scope="session")
def staff(sound: ProtocolFile, evidence: EvidenceReader) -> Staff:
    return default_team(sound, evidence=evidence)


@pytest.fixture(scope="session")
def sound_text() -> str:
    return SOUND


@pytest.fixture(scope="session")
def sound_team_text() -> str:
    return SOUND_TEAM
