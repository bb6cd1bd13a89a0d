"""The birth that the program brings: length, two whole neonatal teams, and every variant."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from tests.team.protocol.shipped import Day, bound, number, standby_gaps, uncovered

from separatrix.team.protocol.model import ActivityMark

VARIANTS = [
    {"week": week, "labour": labour, "hour": hour, "anaesthesia": anaesthesia}
    for week, labour, hour, anaesthesia in itertools.product(
        (30.0, 33.9, 34.0, 34.9, 35.0, 36.0),
        ("none", "early", "advanced"),
        ("day", "night"),
        ("neuraxial", "general"),
    )
]
"""Weeks on both sides of each limit, with every other answer."""


@pytest.fixture(scope="module")
def day() -> Day:
    return Day(bound("birth")[-1])


@pytest.fixture(scope="module")
def variants() -> list[tuple[dict[str, str | float], Day]]:
    return [(answers, Day(bound("birth", choices=answers)[-1])) for answers in VARIANTS]


def test_the_caesarean_takes_about_as_long_as_the_published_one(
    variants: list[tuple[dict[str, str | float], Day]],
) -> None:
    for answers, day in variants:
        skin_to_skin = day.end("skin_closed") - day.start["skin_to_uterus"]
        assert skin_to_skin == pytest.approx(number("birth.vancouver.caesarean"), abs=5), answers


def test_exactly_one_way_of_each_choice_is_taken(
    variants: list[tuple[dict[str, str | float], Day]],
) -> None:
    pairs = (
        ("brief", "brief_short"),
        ("neuraxial", "general_anaesthesia"),
        ("uterus_opened", "uterus_opened_classical"),
        ("stabilisation@A", "stabilisation_early@A"),
        ("stabilisation@B", "stabilisation_early@B"),
    )
    for answers, day in variants:
        for one, other in pairs:
            assert (one in day.activities) != (other in day.activities), (answers, one)


def test_week_labour_and_night_change_what_they_should(
    variants: list[tuple[dict[str, str | float], Day]],
) -> None:
    for answers, day in variants:
        week = float(answers["week"])
        classical = week >= number("birth.classical_incision_from")
        assert ("uterus_opened_classical" in day.activities) == classical
        assert ("stabilisation_early@A" in day.activities) == (week < 34)
        assert ("called_in_at_night" in day.activities) == (answers["hour"] == "night")
        assert ("labour_held" in day.activities) == (answers["labour"] != "none")
        assert ("positions_walked" in day.activities) == (answers["labour"] != "advanced")


def test_labour_at_night_is_faster_to_the_cut_than_a_planned_day_but_for_the_way_in(day: Day) -> None:
    def to_the_cut(**answers: str) -> int:
        return Day(bound("birth", choices=answers)[-1]).start["skin_to_uterus"]

    planned = day.start["skin_to_uterus"]
    labour = to_the_cut(labour="advanced", anaesthesia="general")
    night = to_the_cut(labour="advanced", anaesthesia="general", hour="night")
    assert labour < planned / 2
    assert night > labour


def test_the_mother_is_safe_by_order(variants: list[tuple[dict[str, str | float], Day]]) -> None:
    for _, day in variants:
        for later, earlier in (
            ("skin_to_uterus", "time_out"),
            ("skin_to_uterus", "sign_in"),
            ("time_out", "first_count"),
            ("time_out", "teams_in_place"),
            ("uterus_closed", "count_uterus"),
            ("skin_closed", "count_skin"),
            ("to_recovery", "sign_out"),
        ):
            assert day.awaits(later, earlier), (later, earlier)


def test_both_children_are_born_as_one_and_banded_before_anything_is_given(day: Day) -> None:
    delivery = day.activities["delivery"]
    assert set(delivery.patients) == {"A", "B", "mother"}
    handlers = [need for need in delivery.needs if need.skill == "handler"]
    assert sorted(str(need.team) for need in handlers) == ["A", "B"]
    assert len(handlers) == number("birth.handlers")
    for child in ("A", "B"):
        assert day.awaits(f"newborn_lines@{child}", f"banded@{child}")
        assert ActivityMark.SIGN_IN in day.activities[f"banded@{child}"].marks
        assert day.awaits(f"child_sign_out@{child}", "transfer")
    assert not day.marked(ActivityMark.SEPARATION)


def test_the_team_is_of_published_size_and_each_child_has_a_whole_one(day: Day) -> None:
    room = [person for person in day.procedure.people if person.pool == "room"]
    assert 20 <= len(room) <= 25
    own = {team: Counter(next(iter(p.skills)) for p in room if p.team == team) for team in ("A", "B")}
    assert own["A"] == own["B"]
    assert own["A"] == {
        "neonatologist": 1,
        "airway_clinician": 1,
        "respiratory_therapist": 1,
        "neonatal_nurse": 2,
    }
    mother = Counter(next(iter(p.skills)) for p in room if p.team == "mother")
    assert mother == {
        "obstetrician": 2,
        "obstetric_anaesthetist": 1,
        "anaesthesia_nurse": 1,
        "scrub_nurse": 1,
        "circulating_nurse": 1,
        "midwife": 1,
    }
    shared = Counter(next(iter(p.skills)) for p in room if p.team is None)
    assert {"coordinator", "timekeeper", "blood_runner", "neurosurgeon", "airway_surgeon"} <= set(shared)
    assert shared["transport"] == 2


def test_nobody_of_one_child_is_asked_for_the_other(day: Day) -> None:
    for activity in day.procedure.activities:
        for need in activity.needs:
            if len(activity.patients) == 1:
                assert need.team in (None, *activity.patients), activity.id


def test_every_continuous_role_has_relief(day: Day) -> None:
    assert uncovered(day, until_min=12 * 60) == []


def test_a_team_can_reopen_the_mother_for_a_day(day: Day) -> None:
    assert day.procedure.standby is not None
    assert day.procedure.standby.patients == ("mother",)
    assert standby_gaps(day.procedure) == []


@pytest.mark.parametrize(
    ("trigger", "at"),
    [
        ("neuraxial_failed", "neuraxial"),
        ("stuck", "uterus_opened_classical"),
        ("traction_injury", "cord_and_transfer"),
        ("airway_blocked", "stabilisation@A"),
        ("airway_blocked", "stabilisation@B"),
        ("newborn_arrest", "banded@B"),
        ("maternal_haemorrhage", "placenta"),
    ],
)
def test_what_was_feared_in_published_births_has_a_way_on(day: Day, trigger: str, at: str) -> None:
    branch = next(b for b in day.procedure.branches if (b.trigger, b.at) == (trigger, at))
    for option in branch.options:
        assert option.adds
        assert {tie.before for tie in option.precedences} & {activity.id for activity in option.adds}
        for activity in option.adds:
            if "@" in activity.id:
                child = at.partition("@")[2]
                assert activity.patients == (child,)
                assert {need.team for need in activity.needs if need.skill == "neonatal_nurse"} <= {child}


def test_a_tear_of_the_bridge_is_treated_before_lines_are_placed(day: Day) -> None:
    branch = next(b for b in day.procedure.branches if b.trigger == "traction_injury")
    ties = {(tie.before, tie.after) for tie in branch.options[0].precedences}
    assert {("bridge_repaired", "newborn_lines@A"), ("bridge_repaired", "newborn_lines@B")} <= ties
