"""The relaxation of a procedure: exact where people have one skill, never above the truth elsewhere."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from tests.reference.projects import crews_of, shortest
from tests.team.choreography.tiny_projects import tiny_projects

from separatrix.core import generator
from separatrix.team.choreography.plan import choreograph
from separatrix.team.choreography.project import Project, SkillMeaning
from separatrix.team.choreography.relaxation import can_meet, led_in_order, relax
from separatrix.team.protocol.model import (
    Activity,
    ActivityMark,
    Cover,
    Duration,
    Need,
    Person,
    Precedence,
    Procedure,
    Room,
    Rules,
)

GRID = 5


def activity(name: str, minutes: int, *skills: str, **other) -> Activity:
    return Activity(
        id=name,
        title=name,
        phase="all",
        duration=Duration(low_min=minutes, mode_min=minutes, high_min=minutes),
        planned_min=minutes,
        needs=tuple(Need(skill=skill) for skill in skills),
        **other,
    )


def person(name: str, *skills: str, **other) -> Person:
    return Person(id=name, name=name, skills=dict.fromkeys(skills, 1), **other)


def procedure(*activities: Activity, people=(), links=(), **other) -> Procedure:
    return Procedure(
        id="tiny",
        title="tiny",
        operation=1,
        patients=("A", "B"),
        phases=("all",),
        activities=activities,
        precedences=tuple(links),
        people=tuple(people),
        **other,
    )


def as_procedure(project: Project) -> Procedure:
    """The same problem with one unit of time per slot of the grid; the resource becomes equipment."""
    activities = [
        replace(
            activity(f"a{n}", GRID * length),
            needs=tuple(
                Need(skill=f"s{skill}", count=count)
                for skill, count in enumerate(project.requirements[n])
                if count
            ),
            equipment={"units": project.demands[n][0]},
        )
        for n, length in enumerate(project.durations)
    ]
    return procedure(
        *activities,
        people=[person(f"p{n}", *(f"s{s}" for s in skills)) for n, skills in enumerate(project.mastery)],
        links=[
            Precedence(before=f"a{n}", after=f"a{other}")
            for n, after in enumerate(project.successors)
            for other in after
        ],
        equipment={"units": project.capacities[0]},
    )


@given(project=tiny_projects())
@settings(max_examples=25, deadline=None)
def test_no_plan_beats_the_bound_and_pools_of_one_skill_reach_it(project):
    project = replace(project, meaning=SkillMeaning.ONE_SKILL)
    assume(all(crews_of(project, activity) for activity in range(project.size)))
    found, truth = relax(as_procedure(project)), shortest(project)
    assert found.status == "optimal"
    assert found.bound_min == found.value_min <= GRID * truth
    if all(len(skills) == 1 for skills in project.mastery):
        assert found.bound_min == GRID * truth


def test_the_bound_counts_true_minutes_though_starts_lie_on_the_grid():
    nurse = [person("nurse", "scrub")]
    asks = activity("one", 12, "scrub"), activity("two", 13, "scrub")
    found = relax(procedure(*asks, people=nurse, rules=Rules(grid_min=GRID)))
    assert (found.bound_min, found.status) == (27, "optimal")  # two from 0 to 13, one from 15 to 27
    assert found.order == ("two", "one")


def test_people_with_two_skills_are_not_counted_twice():
    both = [person("both", "cut", "sew"), person("other", "sew")]
    asks = [activity("cut", 30, "cut"), activity("sew", 30, "sew"), activity("sew more", 30, "sew")]
    assert relax(procedure(*asks, people=both)).bound_min == 60


def test_colour_and_level_of_a_need_are_kept():
    purple = person("purple", "cut", team="A")
    assert can_meet(purple, Need(skill="cut", team="A"))
    assert can_meet(purple, Need(skill="cut"))
    assert can_meet(person("grey", "cut"), Need(skill="cut", team="B"))
    assert not can_meet(purple, Need(skill="cut", team="B"))
    assert not can_meet(purple, Need(skill="cut", level=2))
    assert not can_meet(purple, Need(skill="sew"))


def test_shifts_take_people_out_of_their_pool():
    late = [person("late", "cut", shift_min=(60, 1000))]
    assert relax(procedure(activity("cut", 30, "cut"), people=late)).bound_min == 90
    short = [person("short", "cut", shift_min=(0, 50)), person("next", "cut", shift_min=(100, 1000))]
    two = procedure(activity("one", 30, "cut"), activity("two", 30, "cut"), people=short)
    assert relax(two).bound_min == 130


def test_a_cover_keeps_somebody_from_its_begin_to_its_end():
    people = [person("first", "gas"), person("second", "gas")]
    watch = Cover(id="watch", title="", skill="gas", count=1, begins="in", ends="out")
    day = procedure(
        activity("in", 10),
        activity("out", 30, "gas"),
        activity("else", 20, "gas"),
        people=people,
        links=[Precedence(before="in", after="out")],
        covers=(watch,),
    )
    assert relax(day).bound_min == 50  # one is left for both
    assert relax(replace(day, covers=())).bound_min == 40


def test_rooms_fields_and_equipment_are_not_shared():
    free = [activity(name, 30) for name in "abc"]
    assert relax(procedure(*free)).bound_min == 30
    rooms = (Room(id="one", title=""), Room(id="two", title=""))
    roomed = [replace(a, rooms=("one", "two")) for a in free]
    assert relax(procedure(*roomed, rooms=rooms)).bound_min == 60
    assert relax(procedure(*(replace(a, rooms=("one",)) for a in free), rooms=rooms)).bound_min == 90
    assert relax(procedure(*(replace(a, sterile_field=("A",)) for a in free))).bound_min == 90
    joint = [replace(free[0], sterile_field=("A", "B")), replace(free[1], sterile_field=("B",)), free[2]]
    assert relax(procedure(*joint)).bound_min == 60
    assert (
        relax(
            procedure(*(replace(a, equipment={"drill": 1}) for a in free), equipment={"drill": 2})
        ).bound_min
        == 60
    )


def test_lags_and_common_starts():
    two = [activity("a", 30), activity("b", 10)]
    for kind, lag, end in (("finish_start", 7, 47), ("start_start", 7, 30), ("starts_together", 0, 30)):
        link = Precedence(before="a", after="b", kind=kind, lag_min=lag)
        assert relax(procedure(*two, links=[link])).bound_min == end
    link = Precedence(before="a", after="b", kind="start_start", lag_min=25)
    assert relax(procedure(*two, links=[link])).bound_min == 35


def test_the_separation_is_an_objective_of_its_own():
    surgeon = [person("surgeon", "cut")]
    parting = activity("part", 40, "cut", marks=frozenset({ActivityMark.SEPARATION}))
    day = procedure(activity("other", 60, "cut"), parting, people=surgeon)
    apart = relax(day, objective="separation")
    assert (apart.objective, apart.bound_min) == ("separation", 40)
    end = relax(day, latest_end_min={"part": apart.bound_min})
    assert end.bound_min == 100
    assert end.order == ("part", "other")


def test_the_past_stays_where_it_is():
    surgeon = [person("surgeon", "cut")]
    day = procedure(activity("a", 30, "cut"), activity("b", 30, "cut"), people=surgeon)
    found = relax(day, pinned={"b": 13})
    assert found.starts["b"] == 13
    assert found.bound_min == 73


def test_what_not_even_pools_can_do_is_infeasible():
    alone = procedure(activity("a", 30, "cut", "cut"), people=[person("surgeon", "cut")])
    assert relax(alone).status == "infeasible"
    late = procedure(activity("a", 30, "cut"), people=[person("s", "cut")])
    found = relax(late, latest_end_min={"a": 20})
    assert (found.status, found.starts, found.value_min) == ("infeasible", {}, None)


@pytest.mark.parametrize("grid", [1, 5, 10])
def test_the_same_seed_gives_the_same_relaxation(grid):
    day = procedure(
        *(activity(f"a{n}", 7 + 11 * n % 40, "cut" if n % 3 else "sew") for n in range(6)),
        people=[person("x", "cut"), person("y", "cut", "sew")],
        rules=Rules(grid_min=grid),
    )
    assert relax(day, seed=4) == relax(day, seed=4)


def led_row(count: int, minutes: int, *people: Person, **rules: int) -> Procedure:
    """Activities of one word, one after the other."""
    names = [f"a{n}" for n in range(count)]
    return procedure(
        *(activity(name, minutes, "cut", continuity="veins") for name in names),
        people=people,
        links=[Precedence(before=one, after=two) for one, two in pairwise(names)],
        rules=Rules(**rules),
    )


def test_who_leads_rests_in_the_bound():
    both = person("one", "cut"), person("two", "cut")
    rules = {"break_min": 30, "break_within_min": 120}
    assert relax(led_row(6, 60, *both, **rules)).bound_min == 6 * 60 + 2 * 30
    assert relax(led_row(2, 60, *both, **rules)).bound_min == 120
    assert relax(led_row(6, 60, *both)).bound_min == 360


def test_who_is_off_shift_gives_the_lead_away():
    rules = {"break_min": 30, "break_within_min": 120}
    early, late = person("early", "cut", shift_min=(0, 100)), person("late", "cut", shift_min=(90, 1000))
    assert relax(led_row(3, 60, early, late, **rules)).bound_min == 90 + 120  # late is rested
    later = person("later", "cut", shift_min=(170, 1000))
    assert relax(led_row(3, 60, early, later, **rules)).bound_min == 170 + 120
    stays = person("stays", "cut", shift_min=(0, 1000))
    assert relax(led_row(3, 60, early, stays, **rules)).bound_min == 60 + 60 + 60  # from early, or 30 of rest
    assert relax(led_row(3, 60, stays, stays, **rules)).bound_min == 180 + 30


def test_work_that_may_overlap_has_no_row_of_leads():
    row = led_row(3, 60, person("one", "cut"), break_min=30, break_within_min=120)
    assert list(map(len, led_in_order(row))) == [3]
    assert list(led_in_order(replace(row, precedences=row.precedences[:1]))) == []
    assert list(led_in_order(replace(row, rules=Rules(break_min=30, break_within_min=50)))) == []


def test_no_script_with_leads_and_breaks_beats_the_bound():
    planned = []
    for seed in range(30):
        stream = generator(seed, "row of leads")
        late = int(stream.integers(0, 200))
        people = [
            person("early", "cut", shift_min=(0, 100 + late)),
            person("late", "cut", shift_min=(late, 900)),
        ]
        made = led_row(5, int(stream.integers(20, 60)), *people, break_min=20, break_within_min=100)
        script = choreograph(made, effort="first")
        if script.status != "infeasible":
            planned.append(script.end_min - relax(made).bound_min)
    assert len(planned) >= 20
    assert min(planned) == 0
