"""The separation that the program brings: complete, in order, of published length, with people enough."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from importlib import resources
from itertools import pairwise

import pytest
from tests.team.protocol.shipped import Day, bound, minutes_of, number, on_duty, standby_gaps, uncovered

from separatrix.team.protocol import Closure, Crossing, ProtocolFile, read_protocol
from separatrix.team.protocol.file import BlockSpec
from separatrix.team.protocol.model import ActivityMark

CHILDREN = ("A", "B")


@pytest.fixture(scope="module")
def day() -> Day:
    return Day(bound("separation")[-1])


@pytest.fixture(scope="module")
def staged() -> tuple[Day, ...]:
    return tuple(Day(procedure) for procedure in bound("separation", operations=3))


# Size and length


def test_as_many_steps_as_a_real_script(day: Day) -> None:
    assert 90 <= len(day.activities) <= 130
    assert sum(activity.crossing != "" for activity in day.activities.values()) == 2 * 11


def test_anaesthesia_to_incision_lies_in_the_published_range(day: Day) -> None:
    low, high = minutes_of("procedure.induction.total")
    assert low <= day.start["incision"] - day.start["airway@A"] <= high


def test_incision_to_two_children_lies_in_the_published_range(day: Day) -> None:
    low, high = minutes_of("procedure.separation.total")
    assert low <= day.end("last_skin") - day.start["incision"] <= high


@pytest.mark.parametrize("child", CHILDREN)
def test_closing_lies_in_the_published_range(day: Day, child: str) -> None:
    low, high = minutes_of("procedure.reconstruction.total_second")
    assert low <= day.end(f"sign_out@{child}") - day.end("last_skin") <= high


def test_the_whole_lies_between_the_published_quartiles(day: Day) -> None:
    whole_h = max(day.end(f"sign_out@{child}") for child in CHILDREN) / 60
    low, high = (
        number("procedure.whole.published_lower_quartile"),
        number("procedure.whole.published_upper_quartile"),
    )
    assert low <= whole_h <= high


def test_the_share_before_apart_is_as_published(day: Day) -> None:
    end = max(day.end(f"sign_out@{child}") for child in CHILDREN)
    assert 0.63 <= day.end("last_skin") / end <= 0.84


def test_the_veins_with_their_own_numbers_fill_the_published_phase(day: Day) -> None:
    modes = sum(
        activity.duration.mode_min for activity in day.activities.values() if activity.phase == "venous"
    )
    low, high = minutes_of("procedure.separation.venous_phase")
    assert low <= modes <= high
    assert modes == pytest.approx(60 * number("procedure.separation.venous_phase"), rel=0.1)


def test_no_entry_of_the_evidence_is_spent_twice_or_in_part() -> None:
    file = _file()
    spent: dict[str, float] = defaultdict(float)
    for item in file.activities:
        for spec in item.block if isinstance(item, BlockSpec) else (item,):
            if spec.duration and spec.duration.evidence:
                spent[spec.duration.evidence] += spec.duration.share
    assert len(spent) >= 14
    assert {entry: round(share, 6) for entry, share in spent.items()} == dict.fromkeys(spent, 1.0)


def test_own_numbers_say_what_they_rest_on() -> None:
    for item in _file().activities:
        for spec in item.block if isinstance(item, BlockSpec) else (item,):
            if spec.duration and spec.duration.evidence is None:
                assert spec.duration.note, spec.id


# Order


def test_the_day_goes_in_the_published_order(day: Day) -> None:
    order = [
        "sign_in@A",
        "airway@A",
        "airway@B",
        "lines@B",
        "position",
        "head_fixation",
        "registration",
        "prep_and_drape",
        "time_out@A",
        "incision",
        "flaps",
        "craniotomy_front",
        "turn",
        "craniotomy_back",
        "dura_opened",
        "sinus_inspected",
        "go_or_stage",
        "veins_exposed",
        "test_clamp@c1",
        "divide@c1",
        "divide@c11",
        "sinus_divided",
        "brain_near",
        "brain_middle",
        "brain_deep",
        "last_dura",
        "last_bone",
        "last_skin",
        "circulations_part",
        "tables_apart",
        "second_time_out@B",
        "haemostasis@B",
        "dural_graft@B",
        "bone_cover@B",
        "scalp_closed@B",
        "dressing@B",
        "sign_out@B",
        "transfer@B",
        "handover_to_intensive_care@B",
    ]
    for earlier, later in pairwise(order):
        assert day.awaits(later, earlier), f"{later} does not wait for {earlier}"


def test_each_crossing_is_tested_then_divided_in_the_order_of_the_plan() -> None:
    plan = [("v7", "B", 2), ("v2", "A", 1), ("v9", "B", 3)]
    crossings = [
        Crossing(id=name, action="divide", to=child, operation=1, order=order)  # type: ignore[arg-type]
        for name, child, order in plan
    ]
    day = Day(bound("separation", crossings=crossings)[-1])
    in_order = [a.id for a in day.procedure.activities if a.crossing]
    assert in_order == [f"{step}@{name}" for name in ("v2", "v7", "v9") for step in ("test_clamp", "divide")]
    for earlier, later in pairwise(in_order):
        assert day.awaits(later, earlier)
    assert day.awaits("sinus_divided", "divide@v9")


def test_no_crossing_at_all_still_makes_a_day() -> None:
    day = Day(bound("separation", crossings=[])[-1])
    assert not any(activity.crossing for activity in day.activities.values())
    assert day.awaits("sinus_divided", "veins_exposed")


@pytest.mark.parametrize("child", CHILDREN)
def test_every_child_has_sign_in_time_out_second_time_out_and_sign_out(day: Day, child: str) -> None:
    for name, mark in (
        ("sign_in", ActivityMark.SIGN_IN),
        ("time_out", ActivityMark.TIME_OUT),
        ("second_time_out", ActivityMark.TIME_OUT),
        ("sign_out", ActivityMark.SIGN_OUT),
    ):
        activity = day.activities[f"{name}@{child}"]
        assert mark in activity.marks
        assert activity.patients == (child,)
        assert f"anaesthesia@{child}" in activity.served_by
    assert day.awaits(f"second_time_out@{child}", "tables_apart")
    assert day.awaits(f"haemostasis@{child}", f"second_time_out@{child}")


def test_counts_stand_where_they_must(day: Day) -> None:
    assert day.awaits("incision", "first_count")
    assert day.awaits("last_skin", "count_split")
    assert day.awaits("tables_apart", "count_split")
    for child in CHILDREN:
        assert day.awaits(f"dural_graft@{child}", f"count_dura@{child}")
        assert day.awaits(f"scalp_closed@{child}", f"count_skin@{child}")
        assert day.awaits(f"sign_out@{child}", f"dressing@{child}")
    counts = {activity.id for activity in day.marked(ActivityMark.COUNT)}
    assert {"first_count", "count_split", "count_dura@A", "count_skin@B", "dressing@A"} <= counts
    at_handover = {r.id: r for r in day.procedure.recurring if r.trigger == "handover:scrub_nurse"}
    assert set(at_handover) == {"count_at_handover@A", "count_at_handover@B"}


def test_two_children_is_one_moment_and_circulations_part_is_another(day: Day) -> None:
    assert [a.id for a in day.marked(ActivityMark.SEPARATION)] == ["last_skin"]
    (confirmed,) = day.marked(ActivityMark.CIRCULATIONS_PART)
    assert day.awaits(confirmed.id, "last_skin")
    assert {"anaesthesia@A", "anaesthesia@B"} <= set(confirmed.served_by)
    assert day.awaits("tables_apart", confirmed.id)


def test_turning_points_of_no_return_and_places_to_stop_are_marked(day: Day) -> None:
    assert {a.id for a in day.marked(ActivityMark.TURN)} == {
        "turn",
        "tables_apart",
        "reposition@A",
        "reposition@B",
    }
    (no_return,) = day.marked(ActivityMark.NO_RETURN)
    stops = [a.id for a in day.marked(ActivityMark.STOP_AND_STAGE)]
    assert len(stops) >= 11 + 6
    assert {"go_or_stage", "divide@c1", "divide@c11", "brain_middle"} <= set(stops)
    assert all(day.awaits(no_return.id, stop) for stop in stops)


def test_after_the_parting_nobody_works_on_both_children(day: Day) -> None:
    after = [a for a in day.procedure.activities if day.awaits(a.id, "tables_apart") and a.planned_min > 0]
    assert len(after) > 25
    for activity in after:
        assert activity.patients in (("A",), ("B",), ()), activity.id
        for need in activity.needs:
            assert need.team in (None, *activity.patients)
            assert need.team == (activity.patients[0] if activity.patients else None)
        if activity.patients:
            other = "B" if activity.patients == ("A",) else "A"
            assert not any(cover.endswith(f"@{other}") for cover in activity.served_by)


def test_each_child_is_closed_in_a_room_of_its_own_and_either_room_will_do(day: Day) -> None:
    for step in ("haemostasis", "dural_graft", "bone_cover", "scalp_closed", "dressing"):
        assert day.activities[f"{step}@A"].rooms == ("theatre_1", "theatre_2")
        assert day.activities[f"{step}@B"].rooms == ("theatre_2", "theatre_1")
        assert day.activities[f"{step}@A"].sterile_field == ("A",)


# Parameters


def test_a_larger_gap_lengthens_that_child_alone(day: Day) -> None:
    usual = Closure(scalp_cm2=196.6, bone_cm2=150, dura_cm2=180)
    large = Closure(scalp_cm2=295, bone_cm2=225, dura_cm2=270)
    other = Day(bound("separation", closure={"A": usual, "B": large})[-1])
    for step in ("dural_graft", "bone_cover", "scalp_closed"):
        for child, factor in (("A", 1.0), ("B", 1.5)):
            was = day.activities[f"{step}@{child}"].duration.mode_min
            assert other.activities[f"{step}@{child}"].duration.mode_min == pytest.approx(
                factor * was, rel=2e-3
            )


def test_a_team_may_choose_the_scanner_on_the_way() -> None:
    (procedure,) = bound("separation", choices={"doubt_before_leaving": "scan"})
    day = Day(procedure)
    for child in CHILDREN:
        assert day.awaits(f"transfer@{child}", f"scan@{child}")
        assert day.awaits(f"scan@{child}", f"sign_out@{child}")


def test_a_planned_bypass_comes_between_the_test_and_the_division() -> None:
    def crossing(order: int, action: str) -> Crossing:
        return Crossing(id=f"v{order}", action=action, to="A", operation=1, order=order)  # type: ignore[arg-type]

    actions = ("divide", "bypass", "sacrifice", "graft", "occlude")
    day = Day(bound("separation", crossings=[crossing(n, a) for n, a in enumerate(actions, 1)])[-1])
    assert [a.id for a in day.procedure.activities if a.id.startswith("bypass@")] == [
        "bypass@v2",
        "bypass@v4",
    ]
    assert day.awaits("bypass@v2", "test_clamp@v2")
    assert day.awaits("divide@v2", "bypass@v2")
    assert day.awaits("divide@v1", "test_clamp@v1")
    assert day.awaits("test_clamp@v2", "divide@v1")


# In stages


def test_stages_share_the_crossings_and_part_only_in_the_last(staged: tuple[Day, ...]) -> None:
    crossings = [{a.crossing for a in day.procedure.activities if a.crossing} for day in staged]
    assert sum(map(len, crossings)) == len(set().union(*crossings)) == 11
    assert all(crossings)
    for day in staged[:-1]:
        assert not day.marked(ActivityMark.SEPARATION)
        assert "brain_near" not in day.activities
        assert "expanders_out" not in day.activities
        for count, closing in (("stage_count_dura", "stage_dura"), ("stage_count_skin", "stage_skin")):
            assert day.awaits(closing, count)
        for child in CHILDREN:
            assert day.awaits(f"handover_to_intensive_care@{child}", "stage_skin")
    assert "craniotomy_front" in staged[0].activities
    assert "reentry" not in staged[0].activities
    for day in staged[1:]:
        assert "craniotomy_front" not in day.activities
        assert day.awaits("dura_opened", "reentry")
    assert "craniotomy_back" in staged[-1].activities
    assert len(staged[-1].marked(ActivityMark.SEPARATION)) == 1


def test_the_staged_operations_before_the_last_take_a_working_day(staged: tuple[Day, ...]) -> None:
    """Published: 7 to 8 h each in one pair, 40 h for three operations in another."""
    for day in staged[:-1]:
        hours = (day.end("sign_out@A") - day.start["airway@A"]) / 60
        assert 7 <= hours <= 40 / 3 + 1


# People


def test_the_room_holds_the_thirty_of_the_roster(day: Day) -> None:
    room = Counter(next(iter(p.skills)) for p in day.procedure.people if p.pool == "room")
    assert room == {
        "neurosurgeon": number("procedure.roster.neurosurgeons"),
        "plastic_surgeon": number("procedure.roster.plastic_surgeons"),
        "anaesthetist": number("procedure.roster.anaesthetists"),
        "scrub_nurse": number("procedure.roster.scrub_nurses"),
        "circulating_nurse": number("procedure.roster.circulating_nurses"),
        "anaesthesia_technician": number("procedure.roster.anaesthesia_technicians"),
        "neurophysiologist": number("procedure.roster.neurophysiologists"),
        "cell_salvage": number("procedure.roster.perfusion_technicians"),
        "blood_runner": number("procedure.roster.blood_runners"),
        "navigation": number("procedure.roster.navigation_engineers"),
        "coordinator": number("procedure.roster.coordinators"),
    }
    assert sum(room.values()) == number("procedure.roster.total") == 30
    assert day.heads_at_once() <= number("procedure.people.in_theatre")


def test_every_continuous_role_has_somebody_to_relieve_it_for_two_days(day: Day) -> None:
    assert uncovered(day, until_min=48 * 60) == []
    covers = {cover.id: cover.count for cover in day.procedure.covers}
    assert (
        covers["anaesthesia@A"] == covers["anaesthesia@B"] == number("procedure.minimum.anaesthetists_each")
    )
    assert {"neurophysiology", "scrub@A", "scrub@B", "cell_salvage", "blood", "coordination"} <= set(covers)


def test_each_child_has_two_neurosurgeons_of_its_colour_to_close_at_any_hour(day: Day) -> None:
    for minute in range(day.end("tables_apart"), 44 * 60, 15):
        for child in CHILDREN:
            there = on_duty(day.procedure.people, minute, skill="neurosurgeon", team=child, level=2)
            assert len(there) >= 2, (minute, child)


def test_who_comes_back_has_rested_and_nobody_stays_beyond_the_longest_duty(day: Day) -> None:
    people = {p.id: p for p in day.procedure.people}
    longest = day.procedure.rules.longest_duty_min
    assert longest == 60 * number("choreography.law.quebec")
    back = [p for p in people.values() if p.id.endswith("_day_2")]
    assert len(back) > 30
    for person in back:
        first = people[person.id.removesuffix("_day_2")]
        rest_min = person.shift_min[0] - first.shift_min[1]
        assert rest_min >= 60 * number("choreography.law.eu_rest"), person.id
        assert person.skills == first.skills
        assert person.team == first.team
    for person in people.values():
        if person.pool != "standby":
            assert person.shift_min[1] - person.shift_min[0] <= longest, person.id


def test_a_fresh_team_can_reopen_both_children_at_once_for_three_days(day: Day) -> None:
    standby = day.procedure.standby
    assert standby is not None
    assert standby.ready_within_min == number("procedure.after.fresh_team_ready")
    assert standby.for_h == number("procedure.after.fresh_team_for")
    assert standby.patients == CHILDREN
    assert standby_gaps(day.procedure) == []


def test_intensive_care_is_a_resource(day: Day) -> None:
    assert day.procedure.equipment["intensive_care_bed"] == number("procedure.after.intensive_care_beds")
    for child in CHILDREN:
        assert day.activities[f"bed_ready@{child}"].equipment == {"intensive_care_bed": 1}
        assert {need.skill for need in day.activities[f"transfer@{child}"].needs} >= {"escort"}
        assert {need.skill for need in day.activities[f"handover_to_intensive_care@{child}"].needs} >= {
            "intensive_care_nurse"
        }


def test_there_are_two_of_everything_that_each_child_needs(day: Day) -> None:
    for name in [
        "anaesthesia_machine",
        "colour_coded_pumps",
        "warmer",
        "rapid_infuser",
        "defibrillator",
        "suction",
        "diathermy",
        "head_holder",
        "eeg",
        "doppler",
        "clip_set",
        "cell_salvage_machine",
        "transport_monitor",
    ]:
        assert day.procedure.equipment[name] >= 2, name


# What recurs, and decisions


def test_what_recurs_is_there_for_each_child(day: Day) -> None:
    recurring = {r.id: r for r in day.procedure.recurring}
    for name in ["antibiotic_again", "samples", "position_eyes_pads", "urine", "temperature"]:
        for child in CHILDREN:
            assert recurring[f"{name}@{child}"].patients == (child,)
            assert all(cover.endswith(f"@{child}") for cover in recurring[f"{name}@{child}"].served_by)
    assert recurring["antibiotic_again@A"].every_min == 60 * number("procedure.recurring.antibiotic")
    assert recurring["family_update"].served_by == ("family",)
    assert recurring["volumes_compared"].ends == "circulations_part"


def test_a_failed_clamp_test_has_three_ways_on(day: Day) -> None:
    branches = {
        branch.at: branch for branch in day.procedure.branches if branch.trigger == "failed_clamp_test"
    }
    assert set(branches) == {f"test_clamp@c{n}" for n in range(1, 12)}
    ways = {option.id: option for option in branches["test_clamp@c4"].options}
    assert set(ways) == {"next", "bypass", "stop_and_stage"}
    assert ways["next"].drops == ("divide@c4",)
    ties = {(tie.before, tie.after) for tie in ways["next"].precedences}
    assert {("divide@c11", "test_again@c4"), ("test_again@c4", "sinus_divided")} <= ties
    ties = {(tie.before, tie.after) for tie in ways["bypass"].precedences}
    assert {("test_clamp@c4", "bypass_sewn@c4"), ("bypass_sewn@c4", "divide@c4")} <= ties


@pytest.mark.parametrize(
    ("trigger", "way"),
    [
        ("failed_clamp_test", "stop_and_stage"),
        ("unexpected_vessels", "stop_and_stage"),
        ("massive_bleeding", "pack_and_stage"),
        ("brain_swelling", "stop_and_stage"),
        ("unexpected_fusion", "confer_and_stage"),
    ],
)
def test_stopping_drops_the_parting_and_brings_both_children_to_intensive_care(
    day: Day, trigger: str, way: str
) -> None:
    branch = next(b for b in day.procedure.branches if b.trigger == trigger)
    option = next(o for o in branch.options if o.id == way)
    assert {"last_skin", "circulations_part", "tables_apart"} <= set(option.drops)
    kept = {f"{step}@{child}" for step in ("sign_out", "handover_to_intensive_care") for child in CHILDREN}
    assert not kept & set(option.drops)
    assert not {a.id for a in day.procedure.activities if day.awaits(branch.at, a.id)} & set(option.drops)
    closing = [a.id for a in option.adds if a.id.partition("@")[0] == "close_outside"]
    assert len(closing) == 1
    ties = {(tie.before, tie.after) for tie in option.precedences}
    assert {(closing[0], "sign_out@A"), (closing[0], "sign_out@B")} <= ties


def test_unexpected_fusion_begins_with_a_conference_of_published_length(day: Day) -> None:
    branch = next(b for b in day.procedure.branches if b.trigger == "unexpected_fusion")
    for option in branch.options:
        conference = option.adds[0]
        assert conference.duration.mode_min == number("complication.unexpected_fusion.conference")
        assert {need.skill for need in conference.needs} == {"neurosurgeon", "plastic_surgeon"}


# Words


@pytest.mark.parametrize("name", ["separation", "birth", "emergency_separation"])
def test_nothing_is_called_a_dose_and_nobody_is_left_or_right(name: str) -> None:
    text = _text(name)
    assert not re.search(r"\bdos(e|es|ing|age)\b", text, re.IGNORECASE)
    assert not re.search(r"\b(left|right)[- ](twin|child|team)\b", text, re.IGNORECASE)


def _text(name: str) -> str:
    folder = resources.files("separatrix.team.protocol") / "protocols"
    return (folder / f"{name}.yaml").read_text(encoding="utf-8")


def _file() -> ProtocolFile:
    from separatrix.evidence import EvidenceReader, all_entries

    return read_protocol("separation", evidence=EvidenceReader(all_entries()))
