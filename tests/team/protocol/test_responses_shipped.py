"""The responses that the program brings: complete, even-handed, and right about what joined means."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.team.protocol.shipped import bound

from separatrix.core import InputError
from separatrix.evidence import EvidenceReader, all_entries
from separatrix.evidence.lists import Role, all_complications
from separatrix.team.protocol.library import read_protocol, read_team
from separatrix.team.protocol.model import Procedure, Response
from separatrix.team.protocol.responding import OTHER_CHILD

NAMES = ("separation", "emergency_separation", "birth")


def _parting(name: str) -> Procedure:
    return bound(name)[-1]


def _lines(response: Response) -> list[str]:
    return [*response.actions, response.give_up, *(call.task for call in response.calls)]


@pytest.mark.parametrize("name", NAMES)
def test_every_cause_and_threshold_that_can_strike_is_answered(name: str) -> None:
    where = "birth" if name == "birth" else "separation"
    wanted = {
        c.id
        for c in all_complications().values()
        if c.role in (Role.CAUSE, Role.THRESHOLD) and where in c.procedures
    }
    assert wanted <= {r.complication for r in _parting(name).responses}


@pytest.mark.parametrize("name", NAMES)
def test_no_line_gives_an_amount_or_speaks_of_a_dose(name: str) -> None:
    for response in _parting(name).responses:
        for line in _lines(response):
            assert not re.search(r"\d\s*(ml|mg|g|µg|mcg|mmol|units?|J|joules?)\b", line), line
            assert "dos" not in line.lower(), line


@pytest.mark.parametrize("name", NAMES)
def test_the_two_children_are_answered_alike(name: str) -> None:
    swap = {**OTHER_CHILD, "mother": "mother", None: None}
    of = {(r.complication, r.state, r.patient): r for r in _parting(name).responses}
    for (complication, state, patient), response in of.items():
        if patient in ("A", "B"):
            other = of[complication, state, swap[patient]]
            mirrored = tuple(replace(call, team=swap[call.team]) for call in response.calls)
            if not any(re.search(r"\b[AB]\b", call.task) for call in response.calls):
                assert mirrored == other.calls, complication
            assert response.actions == other.actions


@pytest.mark.parametrize("name", ["separation", "emergency_separation"])
def test_while_joined_the_other_childs_team_is_called_when_the_body_is_struck(name: str) -> None:
    """Room, paper and skin strike no circulation: there the other team is not needed at once."""
    alone = {"complication.segment_clot"}
    for response in _parting(name).responses:
        if response.state != "joined" or response.complication in alone:
            continue
        teams = {call.team for call in response.calls if call.skill == "anaesthetist"}
        if response.patient is not None:
            assert OTHER_CHILD[response.patient] in teams, response.complication
        elif any(call.skill == "anaesthetist" and call.team for call in response.calls):
            assert {"A", "B"} <= teams, response.complication


def test_the_words_that_joined_must_have() -> None:
    joined = {r.complication: r for r in _parting("separation").responses if r.state == "joined"}

    def said(name: str) -> str:
        return " ".join(_lines(joined[f"complication.{name}"])).lower()

    assert joined["complication.vae_any"].patient is None
    assert joined["complication.sinus_tear_total_form"].patient is None
    assert "head down for one is head up for the other" in said("vae_any")
    assert "event of the pair" in said("vae_any")
    for arrest in ("asystole", "ventricular_fibrillation", "potassium_arrest"):
        assert "packs, floods and covers" in said(arrest)
        assert "decide" in said(arrest)
    assert "stands back for the shock only" in said("ventricular_fibrillation")
    assert "hands off both children" in said("ventricular_fibrillation")
    assert "reach" in said("bradycardia")
    assert "last clamp off" in said("recipient_collapse")
    assert "stop cutting" in said("unexpected_fusion")


@pytest.mark.parametrize("name", ["separation", "emergency_separation"])
def test_when_apart_only_the_struck_childs_people_are_asked_for_by_colour(name: str) -> None:
    crossing = {"complication.wrong_twin_given", "complication.malignant_hyperthermia"}
    for response in _parting(name).responses:
        if response.state == "apart" and response.complication not in crossing:
            assert {call.team for call in response.calls} <= {None, response.patient}, response.complication


def test_sourced_times_are_the_published_ones() -> None:
    of = {r.complication: r for r in _parting("separation").responses}
    conference = of["complication.unexpected_fusion"].control
    assert conference is not None
    assert conference.mode_min == 90
    assert not conference.assumed
    arrest = of["complication.potassium_arrest"].control
    assert arrest is not None
    assert (arrest.low_min, arrest.mode_min, arrest.high_min) == (2, 32, 127)


def test_at_birth_the_children_are_never_apart_and_the_mother_has_her_own_scripts() -> None:
    responses = _parting("birth").responses
    assert {r.state for r in responses} == {"joined"}
    own = {r.complication for r in responses if r.patient == "mother"}
    assert {"complication.mother_bleeds", "complication.mother_arrest", "complication.high_block"} <= own
    for response in responses:
        if response.patient == "mother":
            assert response.leader in ("obstetrician", "obstetric_anaesthetist")


def test_the_first_of_three_operations_has_no_script_for_apart() -> None:
    first, *_, last = bound("separation", operations=3)
    assert {r.state for r in first.responses} == {"joined"}
    assert {r.state for r in last.responses} == {"joined", "apart"}


def test_a_team_without_a_responder_is_told(tmp_path: Path) -> None:
    evidence = EvidenceReader(all_entries())
    protocol = read_protocol("birth", evidence=evidence)
    people = [
        p.model_dump(mode="json", exclude_none=True)
        for p in protocol.roster
        if "airway_surgeon" not in p.skills
    ]
    path = tmp_path / "team.yaml"
    text = f"format: 1\ntitle: Without airway surgeon\npeople: {json.dumps(people)}\n"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_team(path, protocol, evidence=evidence)
    assert any("airway_surgeon" in fault.problem for fault in error.value.faults)
