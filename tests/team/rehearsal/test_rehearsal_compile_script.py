"""The script as arrays: what waits for what, who is named where, turns of cover, worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.team.choreography.procedures import activity, person, procedure
from tests.team.rehearsal.planned import by_hand, numbers, step

from separatrix.core import InputError
from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol.model import (
    ActivityMark,
    Branch,
    BranchOption,
    Cover,
    Duration,
    Need,
    Person,
    Precedence,
    Procedure,
    Room,
    Rules,
)
from separatrix.team.rehearsal.play import arrays as ar
from separatrix.team.rehearsal.play.compile import Compiled, compile_procedure

Arcs = set[tuple[str, str, float, bool, str]]


def compiled(made: Procedure, schedule: Schedule) -> Compiled:
    return compile_procedure(made, schedule, numbers(made))


def arcs_of(found: Compiled) -> Arcs:
    """(before, after, lag, from its start, whose break) of every arc, by name; a turn is ``cover 1``."""
    a, names = found.arrays, found.names
    turns = [
        f"{names.chains[c].cover} {t - int(a.chain_ptr[c])}"
        for c in range(len(names.chains))
        for t in range(int(a.chain_ptr[c]), int(a.chain_ptr[c + 1]))
    ]
    items = [*(node.id for node in names.nodes), *turns]
    before = np.repeat(np.arange(len(items)), np.diff(a.arc_ptr))
    return {
        (
            items[before[i]],
            items[a.arc_to[i]],
            float(a.arc_lag[i]),
            bool(a.arc_from_start[i]),
            names.people[a.arc_break[i]] if a.arc_break[i] >= 0 else "",
        )
        for i in range(len(a.arc_to))
    }


def two(**more: object) -> Procedure:
    """Two activities of one surgeon each, of ten minutes."""
    first = activity("first", 10, needs=(Need(skill="surgeon"),), **more)
    second = activity("second", 10, needs=(Need(skill="surgeon"),), **more)
    return procedure([first, second], [person("ann", "surgeon"), person("bob", "surgeon")])


def test_precedences_keep_their_lags_and_where_they_count_from() -> None:
    made = replace(
        two(),
        precedences=(
            Precedence(before="first", after="second", lag_min=3),
            Precedence(before="first", after="second", kind="start_start", lag_min=5),
        ),
    )
    days = [step("ann", "first", 0, 10), step("bob", "second", 13, 23)]
    found = compiled(made, by_hand(made, {"first": 0, "second": 13}, days))
    assert arcs_of(found) == {("first", "second", 3.0, False, ""), ("first", "second", 5.0, True, "")}
    assert found.arrays.waits.tolist() == [0, 2]


def test_one_person_goes_from_one_thing_to_the_next_with_the_break_between() -> None:
    made = two()
    days = [step("ann", "first", 0, 10), step("ann", "", 15, 45, "break"), step("ann", "second", 60, 70)]
    found = compiled(made, by_hand(made, {"first": 0, "second": 60}, days))
    assert arcs_of(found) == {("first", "second", 30.0, False, "ann")}


def test_a_break_before_the_first_or_after_the_last_thing_waits_for_nothing() -> None:
    made = two()
    days = [
        step("ann", "", 0, 30, "break"),
        step("ann", "first", 30, 40),
        step("ann", "", 40, 70, "break"),
        step("bob", "second", 50, 60),
    ]
    assert arcs_of(compiled(made, by_hand(made, {"first": 30, "second": 50}, days))) == set()


def test_what_a_precedence_implies_is_not_waited_for_twice() -> None:
    made = replace(two(), precedences=(Precedence(before="first", after="second"),))
    days = [step("ann", "first", 0, 10), step("ann", "second", 10, 20)]
    assert arcs_of(compiled(made, by_hand(made, {"first": 0, "second": 10}, days))) == {
        ("first", "second", 0.0, False, "")
    }


@pytest.mark.parametrize(
    ("uses", "whole", "rooms"),
    [
        ({"sterile_field": ("A",)}, {}, {}),
        ({"equipment": {"drill": 1}}, {"equipment": {"drill": 1}}, {}),
        (
            {"rooms": ("theatre",)},
            {"rooms": (Room(id="theatre", title="Theatre"),)},
            {"first": "theatre", "second": "theatre"},
        ),
    ],
)
def test_who_uses_a_thing_next_waits_for_the_one_before(
    uses: dict[str, object], whole: dict[str, object], rooms: dict[str, str]
) -> None:
    made = replace(two(**uses), **whole)  # type: ignore[arg-type]
    days = [step("ann", "first", 0, 10), step("bob", "second", 12, 22)]
    schedule = by_hand(made, {"first": 0, "second": 12}, days, rooms)
    assert arcs_of(compiled(made, schedule)) == {("first", "second", 0.0, False, "")}


def test_a_second_unit_and_a_second_place_need_no_waiting() -> None:
    made = replace(
        two(equipment={"drill": 1}, rooms=("theatre",)),
        equipment={"drill": 2},
        rooms=(Room(id="theatre", title="Theatre", places=2),),
    )
    days = [step("ann", "first", 0, 10), step("bob", "second", 12, 22)]
    rooms = {"first": "theatre", "second": "theatre"}
    assert arcs_of(compiled(made, by_hand(made, {"first": 0, "second": 12}, days, rooms))) == set()


def test_joined_children_share_a_place_and_do_not_wait_for_it() -> None:
    made = replace(
        two(rooms=("theatre",), patients=("A",)), rooms=(Room(id="theatre", title="Theatre", places=1),)
    )
    days = [step("ann", "first", 0, 10), step("bob", "second", 5, 15)]
    rooms = {"first": "theatre", "second": "theatre"}
    assert arcs_of(compiled(made, by_hand(made, {"first": 0, "second": 5}, days, rooms))) == set()


def test_a_schedule_that_wants_more_units_than_there_are_is_told() -> None:
    made = replace(two(equipment={"drill": 1}), equipment={"drill": 1})
    days = [step("ann", "first", 0, 10), step("bob", "second", 5, 15)]
    found = compiled(made, by_hand(made, {"first": 0, "second": 5}, days))
    assert any("wants 1 of 'drill' for 'second' at minute 5, 0 of 1 are free" in f for f in found.findings)


def test_what_starts_together_is_one_group() -> None:
    made = replace(two(), precedences=(Precedence(before="first", after="second", kind="starts_together"),))
    days = [step("ann", "first", 0, 10), step("bob", "second", 0, 10)]
    found = compiled(made, by_hand(made, {"first": 0, "second": 0}, days))
    assert found.arrays.node_group.tolist() == [0, 0]
    assert arcs_of(found) == set()


def covered() -> tuple[Procedure, Schedule]:
    """Ann works first, then Bob and Ann cover in turns with a handover of five minutes, then Bob works."""
    made = replace(
        procedure(
            [
                activity("early", 10, needs=(Need(skill="nurse"),)),
                activity("begin", 10, patients=("A",)),
                activity("end", 10, patients=("A",)),
                activity("late", 10, needs=(Need(skill="nurse"),)),
            ],
            [person("ann", "nurse"), person("bob", "nurse")],
            covers=(
                Cover(
                    id="watch",
                    title="Watch",
                    skill="nurse",
                    count=1,
                    begins="begin",
                    ends="end",
                    patients=("A",),
                    longest_min=60,
                ),
            ),
        ),
        rules=Rules(handover_min=5, grid_min=1),
    )
    days = [
        step("ann", "early", 0, 10),
        step("ann", "watch", 20, 65, "cover"),
        step("ann", "watch", 60, 65, "handover"),
        step("bob", "watch", 60, 65, "handover"),
        step("bob", "watch", 60, 105, "cover"),
        step("ann", "", 65, 95, "break"),
        step("ann", "watch", 100, 130, "cover"),
        step("bob", "late", 140, 150),
    ]
    return made, by_hand(made, {"early": 0, "begin": 20, "end": 120, "late": 140}, days)


def test_cover_is_a_chain_of_turns() -> None:
    found = compiled(*covered())
    a = found.arrays
    assert [found.names.people[p] for p in a.turn_person] == ["ann", "bob", "ann"]
    assert a.turn_planned.tolist() == [20, 60, 100]
    assert (a.chain_begins.tolist(), a.chain_ends.tolist()) == ([1], [2])
    assert a.chain_patients.tolist() == [1]
    assert arcs_of(found) == {
        ("early", "begin", 0.0, False, ""),  # the first turn opens with its activity: that one waits
        ("watch 0", "watch 2", 30.0, False, "ann"),
        ("watch 1", "late", 0.0, False, ""),
    }


def test_a_cover_of_no_patient_is_there_for_all() -> None:
    made, schedule = covered()
    for_all = replace(made, covers=(replace(made.covers[0], patients=()),))
    assert compiled(for_all, schedule).arrays.chain_patients.tolist() == [0b11]


def test_two_places_of_a_cover_are_two_chains() -> None:
    made, schedule = covered()
    double = replace(
        made, covers=(replace(made.covers[0], count=2),), people=(*made.people, person("eve", "nurse"))
    )
    with_eve = replace(schedule, assignments=(*schedule.assignments, step("eve", "watch", 20, 130, "cover")))
    found = compiled(double, with_eve)
    rows = [
        [found.names.people[found.arrays.turn_person[t]] for t in range(*found.arrays.chain_ptr[c : c + 2])]
        for c in range(2)
    ]
    assert rows == [["ann", "bob", "ann"], ["eve"]]


def test_a_cover_with_too_few_people_is_refused() -> None:
    made, schedule = covered()
    double = replace(made, covers=(replace(made.covers[0], count=2),))
    with pytest.raises(InputError, match=r"covers\.watch: 1 people begin it in the schedule; expected 2"):
        compiled(double, schedule)


def test_a_circle_is_refused_and_named() -> None:
    made = replace(
        two(),
        precedences=(Precedence(before="first", after="second"), Precedence(before="second", after="first")),
    )
    days = [step("ann", "first", 0, 10), step("bob", "second", 10, 20)]
    with pytest.raises(InputError, match="in a circle: first → second → first"):
        compiled(made, by_hand(made, {"first": 0, "second": 10}, days))


def test_a_circle_through_a_handover_is_found() -> None:
    """Ann is released when Bob takes over, and Bob comes when something behind Ann's work is done."""
    made, _ = covered()
    waits = activity("waits", 5, needs=(Need(skill="nurse"),))
    days = [
        step("ann", "watch", 20, 65, "cover"),
        step("ann", "waits", 65, 70),
        step("bob", "early", 0, 10),
        step("bob", "watch", 60, 130, "cover"),
    ]
    looped = replace(
        made,
        activities=(*made.activities[:3], waits),
        precedences=(Precedence(before="waits", after="early"),),
    )
    script = by_hand(looped, {"early": 0, "begin": 20, "end": 120, "waits": 65}, days)
    with pytest.raises(InputError, match="in a circle"):
        compiled(looped, script)


def test_a_schedule_of_another_team_or_procedure_is_refused() -> None:
    made = two()
    days = [step("ann", "first", 0, 10), step("bobby", "second", 12, 22)]
    with pytest.raises(InputError, match=r"somebody who is not in the team.*did you mean 'bob'"):
        compiled(made, by_hand(made, {"first": 0, "second": 12}, days))
    schedule = by_hand(made, {"first": 0, "second": 12}, days[:1])
    with pytest.raises(InputError, match="second: is not in the schedule"):
        compiled(made, replace(schedule, activities=schedule.activities[:1]))
    with pytest.raises(InputError, match="no nurse at night"):
        compiled(made, replace(schedule, status="infeasible", because="no nurse at night"))


def test_people_take_the_places_they_can_fill() -> None:
    lead = Person(id="lead", name="Lead", skills={"surgeon": 3})
    helper = Person(id="helper", name="Helper", skills={"surgeon": 1})
    cut = activity("cut", 10, needs=(Need(skill="surgeon"), Need(skill="surgeon", level=3)))
    made = procedure([cut], [lead, helper])
    days = [step("lead", "cut", 0, 10), step("helper", "cut", 0, 10)]
    found = compiled(made, by_hand(made, {"cut": 0}, days))
    assert [found.names.people[p] for p in found.arrays.slot_person] == ["helper", "lead"]
    assert [found.names.needs[n].level for n in found.arrays.slot_need] == [0, 3]


def test_an_open_place_is_told_and_left_to_whoever_can() -> None:
    made = two()
    found = compiled(made, by_hand(made, {"first": 0, "second": 0}, [step("ann", "first", 0, 10)]))
    assert found.arrays.slot_person.tolist() == [0, -1]
    assert any("names nobody as surgeon for 'second'" in finding for finding in found.findings)


def test_candidates_are_the_least_versatile_first() -> None:
    people = [
        person("both", "surgeon", "nurse"),
        person("one", "surgeon"),
        person("of_a", "surgeon", team="A"),
        person("of_b", "surgeon", team="B"),
        person("asleep", "surgeon", pool="standby"),
    ]
    cut = activity("cut", 10, needs=(Need(skill="surgeon", team="A"),))
    made = procedure([cut], people)
    found = compiled(made, by_hand(made, {"cut": 0}, [step("of_a", "cut", 0, 10)]))
    row = int(found.arrays.slot_need[0])
    who = found.arrays.need_person[found.arrays.need_ptr[row] : found.arrays.need_ptr[row + 1]]
    assert [found.names.people[p] for p in who] == ["one", "of_a", "both"]


def test_a_node_waits_for_shifts_its_own_minute_and_the_room() -> None:
    made = replace(
        procedure(
            [
                activity("own", 10, earliest_min=7),
                activity("shift", 10, needs=(Need(skill="surgeon"),)),
                activity("room", 10, rooms=("theatre",)),
            ],
            [person("ann", "surgeon", shift_min=(90, 600))],
        ),
        rooms=(Room(id="theatre", title="Theatre", closed_min=((0, 40), (90, 120))),),
    )
    schedule = by_hand(
        made, {"own": 7, "shift": 90, "room": 50}, [step("ann", "shift", 90, 100)], {"room": "theatre"}
    )
    early = numbers(made).value("rehearsal.relief.early")
    assert compiled(made, schedule).arrays.node_release.tolist() == [7, 90 - early, 40]


def test_lengths_are_tables_with_the_micro_pauses_that_the_plan_holds() -> None:
    points = Duration(low_min=100, mode_min=140, high_min=200)
    work = replace(activity("work", 1), duration=points, sterile_field=("A",), planned_min=145)
    made = replace(
        procedure([work, activity("clock", 12)], []),
        rules=Rules(grid_min=1, micro_pause_factor=1.017),
    )
    a = compiled(made, by_hand(made, {"work": 0, "clock": 0}, [])).arrays
    assert a.node_quantiles[0, [0, -1]] == pytest.approx([101.7, 203.4])
    assert a.node_quantiles[0, 32] == pytest.approx(145, abs=0.5)
    assert (a.node_quantiles[1] == 12).all()
    assert a.node_common.tolist() == [1, 0]
    assert a.node_marks[0] & ar.FIELD


def test_branches_add_drop_and_tie() -> None:
    made = replace(
        procedure(
            [
                activity("cut", 10),
                activity("part", 10, marks=frozenset({ActivityMark.SEPARATION})),
                activity("end", 10),
            ],
            [],
            precedences=(Precedence(before="cut", after="part"), Precedence(before="part", after="end")),
        ),
        branches=(
            Branch(
                id="found",
                title="Fused",
                at="cut",
                trigger="unexpected_fusion",
                options=(
                    BranchOption(
                        id="on",
                        title="Go on",
                        adds=(activity("talk", 30),),
                        precedences=(
                            Precedence(before="cut", after="talk"),
                            Precedence(before="talk", after="part", kind="start_start", lag_min=45),
                        ),
                    ),
                    BranchOption(
                        id="stop",
                        title="Stop",
                        precedences=(Precedence(before="cut", after="end", lag_min=5),),
                        drops=("part",),
                    ),
                ),
            ),
        ),
    )
    found = compiled(made, by_hand(made, {"cut": 0, "part": 10, "end": 20}, []))
    a, names = found.arrays, found.names
    assert [node.id for node in names.nodes] == ["cut", "part", "end", "found.on.talk"]
    assert a.node_branch.tolist() == [-1, -1, -1, 0]
    assert a.node_planned[3].tolist() == [10, 10]
    assert names.complications[a.branch_complication[0]] == "complication.unexpected_fusion"
    assert (a.add_ptr.tolist(), a.add_node.tolist()) == ([0, 1, 1], [3])
    assert (a.drop_ptr.tolist(), a.drop_node.tolist()) == ([0, 0, 1], [1])
    assert (a.link.tolist(), a.link_lag.tolist()) == ([[0, 3], [3, 1], [0, 2]], [0.0, 15.0, 5.0])
    assert a.option_stages.tolist() == [0, 1]
    stage = numbers(made).value("rehearsal.branch.stage")
    assert a.option_up_to.tolist() == pytest.approx([1 - stage, 1.0])
