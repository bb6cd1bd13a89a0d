"""Seeded defects: each gives a finding that the undamaged plan does not have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.team.rehearsal.planned import planned

from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol.model import Person, Procedure
from separatrix.team.rehearsal.answers.readiness import ordered, script_findings

Plan = tuple[Procedure, Schedule]
Damage = Callable[[Procedure, Schedule], Plan]


def keys(procedure: Procedure, schedule: Schedule) -> frozenset[str]:
    return frozenset(f.key for f in script_findings(procedure, schedule))


def without(people: Callable[[Person], bool]) -> Damage:
    """People who are not there, whatever the script says."""

    def damage(procedure: Procedure, schedule: Schedule) -> Plan:
        left = tuple(p for p in procedure.people if not people(p))
        assert len(left) < len(procedure.people)
        return replace(procedure, people=left), schedule

    return damage


def no(skill: str, team: str | None = None) -> Damage:
    """Nobody of the operation itself brings a skill."""
    return without(lambda p: skill in p.skills and p.pool != "standby" and (team is None or p.team == team))


def ill(person: str) -> Damage:
    return without(lambda p: p.id == person)


def off_duty(skill: str, begin: int, end: int) -> Damage:
    """Whoever brings a skill goes home at one minute, the next comes at another."""

    def changed(p: Person) -> Person:
        if skill not in p.skills or p.pool == "standby":
            return p
        first, last = p.shift_min
        return replace(p, shift_min=(first, min(last, begin)) if first < begin else (max(first, end), last))

    def damage(procedure: Procedure, schedule: Schedule) -> Plan:
        return replace(procedure, people=tuple(map(changed, procedure.people))), schedule

    return damage


def units(name: str, there: int) -> Damage:
    def damage(procedure: Procedure, schedule: Schedule) -> Plan:
        assert there < procedure.equipment[name]
        return replace(procedure, equipment={**procedure.equipment, name: there}), schedule

    return damage


def stock(name: str, there: int) -> Damage:
    def damage(procedure: Procedure, schedule: Schedule) -> Plan:
        assert there < procedure.consumables[name]
        return replace(procedure, consumables={**procedure.consumables, name: there}), schedule

    return damage


def break_of(person: str, *, move_min: int | None) -> Damage:
    """The first break of somebody moved, or left out."""

    def damage(procedure: Procedure, schedule: Schedule) -> Plan:
        rest = next(a for a in schedule.assignments if a.kind == "break" and a.person == person)
        others = tuple(a for a in schedule.assignments if a is not rest)
        if move_min is None:
            return procedure, replace(schedule, assignments=others)
        moved = replace(rest, start_min=rest.start_min + move_min, end_min=rest.end_min + move_min)
        return procedure, replace(schedule, assignments=(*others, moved))

    return damage


def break_into_work(person: str) -> Damage:
    """The first break of somebody laid into something that is to be done."""

    def damage(procedure: Procedure, schedule: Schedule) -> Plan:
        work = next(a for a in schedule.assignments if a.kind in ("activity", "cover") and a.person == person)
        rest = next(a for a in schedule.assignments if a.kind == "break" and a.person == person)
        return break_of(person, move_min=work.start_min + 5 - rest.start_min)(procedure, schedule)

    return damage


def no_response(complication: str, patient: str | None = None, state: str | None = None) -> Damage:
    def is_gone(r: object) -> bool:
        told = r.complication, r.patient, r.state  # type: ignore[attr-defined]
        return told[0] == complication and patient in (None, told[1]) and state in (None, told[2])

    def damage(procedure: Procedure, schedule: Schedule) -> Plan:
        left = tuple(r for r in procedure.responses if not is_gone(r))
        assert len(left) < len(procedure.responses)
        return replace(procedure, responses=left), schedule

    return damage


def standby(**changed: object) -> Damage:
    def damage(procedure: Procedure, schedule: Schedule) -> Plan:
        return replace(procedure, **changed), schedule  # type: ignore[arg-type]

    return damage


def level(skill: str, most: int) -> Damage:
    """Nobody brings a skill at more than a level."""

    def damage(procedure: Procedure, schedule: Schedule) -> Plan:
        people = tuple(
            replace(p, skills={**p.skills, skill: min(most, p.skills[skill])}) if skill in p.skills else p
            for p in procedure.people
        )
        return replace(procedure, people=people), schedule

    return damage


def in_colour(skill: str, team: str) -> Damage:
    """Everybody with a skill wears one colour."""

    def damage(procedure: Procedure, schedule: Schedule) -> Plan:
        people = tuple(
            replace(p, team=team) if skill in p.skills else p  # type: ignore[arg-type]
            for p in procedure.people
        )
        return replace(procedure, people=people), schedule

    return damage


DEFECTS: dict[str, Damage] = {
    "no coordinator": no("coordinator"),
    "no blood runner": no("blood_runner"),
    "nobody for cell salvage": no("cell_salvage"),
    "no navigation engineer": no("navigation"),
    "no neurophysiologist": no("neurophysiologist"),
    "no anaesthesia technician": no("anaesthesia_technician"),
    "no anaesthesia technician of A": no("anaesthesia_technician", "A"),
    "no circulating nurse of B": no("circulating_nurse", "B"),
    "no scrub nurse of A": no("scrub_nurse", "A"),
    "no anaesthetist of B": no("anaesthetist", "B"),
    "no plastic surgeon of A": no("plastic_surgeon", "A"),
    "no family liaison": no("family_liaison"),
    "a neurosurgeon ill": ill("neurosurgeon_a1"),
    "an anaesthetist ill": ill("anaesthetist_b2"),
    "a scrub nurse ill": ill("scrub_nurse_a1"),
    "nobody carries blood at night": off_duty("blood_runner", 1200, 1380),
    "no coordinator for an hour": off_duty("coordinator", 700, 760),
    "no technician for two hours": off_duty("anaesthesia_technician", 900, 1020),
    "one defibrillator for two children": units("defibrillator", 1),
    "no defibrillator": units("defibrillator", 0),
    "one rapid infuser": units("rapid_infuser", 1),
    "one suction": units("suction", 1),
    "no clip set": units("clip_set", 0),
    "no microscope": units("microscope", 0),
    "one anaesthesia machine": units("anaesthesia_machine", 1),
    "one warmer": units("warmer", 1),
    "no printed model": units("printed_model", 0),
    "one transport monitor": units("transport_monitor", 1),
    "no packs at hand for A": stock("red_cell_packs_A", 1),
    "no plasma for B": stock("plasma_packs_B", 0),
    "too few drapes": stock("drape_sets", 1),
    "too little artificial dura": stock("artificial_dura", 1),
    "a break amid work": break_into_work("anaesthetist_a1"),
    "a break left out": break_of("anaesthetist_b1", move_min=None),
    "a break of the only navigation engineer": break_of("navigation_1", move_min=-120),
    "nobody stands by": without(lambda p: p.pool == "standby"),
    "no team that could reopen": standby(standby=None),
    "one standby surgeon for two children": without(
        lambda p: p.pool == "standby" and p.id.endswith("neurosurgeon_b")
    ),
    "no standby anaesthetist of A": without(
        lambda p: p.pool == "standby" and "anaesthetist" in p.skills and p.team == "A"
    ),
    "no standby on the second night": without(lambda p: p.id.startswith("standby_2_scrub")),
    "bleeding without response": no_response("complication.haemorrhage"),
    "bleeding of B without response": no_response("complication.haemorrhage", "B", "apart"),
    "seizure of A without response": no_response("complication.seizure", "A"),
    "no surgeon of the level asked": level("neurosurgeon", 1),
    "all anaesthetists of one colour": in_colour("anaesthetist", "A"),
}

QUICK = (
    "no coordinator",
    "nobody carries blood at night",
    "one defibrillator for two children",
    "no packs at hand for A",
    "a break amid work",
    "nobody stands by",
    "bleeding of B without response",
)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned("separation")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.long) for n in DEFECTS]
)
def test_a_seeded_defect_is_flagged(name: str, plan: Plan) -> None:
    before = keys(*plan)
    after = keys(*DEFECTS[name](*plan))
    assert after - before, f"'{name}' gave no finding of its own"


def test_the_undamaged_plan_breaks_no_rule_and_lacks_nobody(plan: Plan) -> None:
    found = script_findings(*plan)
    assert not [f.key for f in found if f.severity == "stop"]
    assert {f.key.partition(":")[0] for f in found} <= {"break"}


def test_a_damage_that_is_mended_is_gone(plan: Plan) -> None:
    procedure, schedule = plan
    damaged = DEFECTS["one defibrillator for two children"](procedure, schedule)[0]
    mended = replace(damaged, equipment=procedure.equipment)
    assert keys(mended, schedule) == keys(procedure, schedule)


def test_findings_are_told_once_worst_first(plan: Plan) -> None:
    procedure, schedule = DEFECTS["no coordinator"](*plan)
    found = script_findings(procedure, schedule)
    assert len({f.key for f in found}) == len(found)
    assert [f.severity for f in found] == sorted(
        (f.severity for f in found), key=["stop", "mend", "know"].index
    )
    assert ordered([*found, *found]) == found


def test_every_finding_says_what_to_do(plan: Plan) -> None:
    for name in QUICK:
        for finding in script_findings(*DEFECTS[name](*plan)):
            assert finding.title
            assert finding.text
            assert finding.mend
