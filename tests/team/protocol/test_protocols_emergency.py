"""The emergency separation: fast, with few people, and even-handed between the children."""

from __future__ import annotations

import itertools

import pytest
from tests.team.protocol.shipped import Day, bound, number, standby_gaps, uncovered

from separatrix.team.protocol.model import Activity, ActivityMark

REACHED = ("in_intensive_care", "in_theatre", "skull_open", "veins_divided")
CHILDREN = ("A", "B")


@pytest.fixture(scope="module")
def days() -> dict[tuple[str, str], Day]:
    return {
        (failing, reached): Day(
            bound("emergency_separation", choices={"failing": failing, "reached": reached})[-1]
        )
        for failing, reached in itertools.product(CHILDREN, REACHED)
    }


@pytest.fixture(scope="module")
def day(days: dict[tuple[str, str], Day]) -> Day:
    return days["A", "in_theatre"]


def test_nothing_is_cut_before_a_named_decision_for_each_child(days: dict[tuple[str, str], Day]) -> None:
    for day in days.values():
        fields = [a for a in day.procedure.activities if a.sterile_field]
        assert fields
        assert all(day.awaits(activity.id, "decision") for activity in fields)
        decision = day.activities["decision"]
        assert any(need.skill == "neurosurgeon" and need.level == 3 for need in decision.needs)
        assert {"anaesthesia@A", "anaesthesia@B"} <= set(decision.served_by)


def test_deciding_not_to_separate_is_one_of_the_ways(day: Day) -> None:
    (branch,) = (b for b in day.procedure.branches if b.at == "decision")
    (option,) = branch.options
    dropped = set(option.drops)
    assert {a.id for a in day.procedure.activities if a.sterile_field} <= dropped
    assert [a.id for a in option.adds] == ["treated_on", "parents_told_joined"]


def test_which_child_fails_changes_only_who_is_guarded(days: dict[tuple[str, str], Day]) -> None:
    """The failing child keeps the same team, steps, lengths and rooms as the other."""
    for reached in REACHED:
        one, other = days["A", reached], days["B", reached]
        assert set(one.activities) ^ set(other.activities) == {"guarded_A", "guarded_B"}
        assert "guarded_B" in one.activities
        for name in set(one.activities) & set(other.activities):
            assert one.activities[name] == other.activities[name]
        assert one.procedure.people == other.procedure.people
        assert one.procedure.covers == other.procedure.covers


def test_both_children_get_the_same(day: Day) -> None:
    def mirrored(activity: Activity) -> tuple[object, ...]:
        def swapped(text: str) -> str:
            stem, at, child = text.rpartition("@")
            return stem + at + {"A": "B", "B": "A"}[child] if at else text

        return (
            swapped(activity.id),
            activity.planned_min,
            [(need.skill, need.count, need.level) for need in activity.needs],
            sorted(map(swapped, activity.served_by)),
            activity.equipment,
            sorted(activity.rooms),
        )

    for activity in day.procedure.activities:
        if activity.id.endswith("@A"):
            other = day.activities[activity.id.removesuffix("A") + "B"]
            assert mirrored(other)[0] == activity.id
            assert mirrored(activity)[1:3] == mirrored(other)[1:3]
            assert mirrored(activity)[4:] == mirrored(other)[4:]
            assert mirrored(activity)[3] == sorted(other.served_by)


def test_each_child_is_treated_by_its_own_team_from_first_to_last(day: Day) -> None:
    covers = {cover.id: cover for cover in day.procedure.covers}
    for child in CHILDREN:
        cover = covers[f"anaesthesia@{child}"]
        assert (cover.team, cover.count) == (child, 2)
        assert cover.begins == f"treated@{child}"
        assert cover.ends == f"handover_to_intensive_care@{child}"
        assert day.start[cover.begins] == 0
        for activity in day.procedure.activities:
            if activity.patients == (child,):
                other = "B" if child == "A" else "A"
                assert all(need.team != other for need in activity.needs)
                assert not any(name.endswith(f"@{other}") for name in activity.served_by)


def test_what_is_done_already_is_left_out(days: dict[tuple[str, str], Day]) -> None:
    separation = [days["A", reached].end("last_cut") for reached in REACHED]
    assert separation == sorted(separation, reverse=True)
    assert len(set(separation)) == len(REACHED)
    assert not any(a.crossing for a in days["B", "veins_divided"].activities.values())
    for activity in ("skull_opened", "scalp_opened"):
        assert activity not in days["A", "skull_open"].activities
    for day in days.values():
        for mark in (ActivityMark.TIME_OUT, ActivityMark.COUNT, ActivityMark.SIGN_OUT):
            assert day.marked(mark)
        assert day.awaits("circulations_part", "last_cut")
        assert day.awaits("last_cut", "count_split")


def test_it_is_several_times_faster_than_the_planned_operation(day: Day) -> None:
    planned = Day(bound("separation")[-1])
    planned_min = planned.end("last_skin") - planned.start["incision"]
    assert day.end("last_cut") - day.start["scalp_opened"] < planned_min / 4


def test_as_few_people_as_were_ever_reported_in_a_theatre_and_each_role_relieved(day: Day) -> None:
    room = [p for p in day.procedure.people if p.pool == "room"]
    assert len(room) == number("procedure.people.in_theatre_smallest")
    assert uncovered(day, until_min=12 * 60, spare=0) == []
    after_an_hour = [
        found for found in uncovered(day, until_min=24 * 60) if found[1] >= 60 and found[1] < 23 * 60
    ]
    assert after_an_hour == []
    assert standby_gaps(day.procedure) == []


def test_a_childs_death_ends_nothing_of_the_other(day: Day) -> None:
    branches = {b.at: b for b in day.procedure.branches if b.trigger == "child_died"}
    assert set(branches) == {"haemostasis@A", "haemostasis@B"}
    for child in CHILDREN:
        (option,) = branches[f"haemostasis@{child}"].options
        other = "B" if child == "A" else "A"
        assert not any(name.endswith(f"@{other}") for name in option.drops)
        assert f"parents_told@{child}" not in option.drops
        (closing,) = option.adds
        assert closing.patients == (child,)
        assert {need.team for need in closing.needs} == {child}
