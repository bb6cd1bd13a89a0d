"""What binds a plan is found in plans made so that one thing binds them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.team.choreography.procedures import activity, after, person, procedure, separation_like, small

from separatrix.core import StorageError
from separatrix.core.storage import to_json, write_atomic
from separatrix.team.choreography.explain import explain
from separatrix.team.choreography.explanation_model import Explanation, read_explanation
from separatrix.team.choreography.model import Schedule
from separatrix.team.choreography.plan import choreograph
from separatrix.team.protocol.model import Need, Procedure, Room, Rules


def surgeons(count: int = 1) -> tuple[Need, ...]:
    return (Need(skill="surgeon", count=count),)


def planned(made: Procedure) -> tuple[Schedule, Explanation]:
    schedule = choreograph(made, effort="first")
    assert schedule.status != "infeasible"
    return schedule, explain(made, schedule, threads=1)


def pair(**fields: Any) -> list[Any]:
    return [activity(name, 60, **fields) for name in ("left", "right")]


CASES: dict[str, tuple[Procedure, str, str]] = {
    "order": (
        procedure(pair(), [], precedences=tuple(after("left", "right"))),
        "order",
        "comes after “left”",
    ),
    "earliest": (
        procedure([activity("late", 30, earliest_min=90)], []),
        "earliest",
        "may not start before 1 h 30",
    ),
    "field": (
        procedure(pair(patients=("A",), sterile_field=("A",)), []),
        "field",
        "the sterile field is taken by",
    ),
    "room": (
        procedure(pair(rooms=("one",)), [], rooms=(Room(id="one", title="Theatre 1"),)),
        "room",
        "Theatre 1 is taken by",
    ),
    "equipment": (
        procedure(pair(equipment={"microscope": 1}), [], equipment={"microscope": 1}),
        "equipment",
        "microscope is held by",
    ),
    "person": (procedure(pair(needs=surgeons()), [person("p", "surgeon")]), "person", "p, the only surgeon"),
    "shift": (
        procedure([activity("one", 60, needs=surgeons())], [person("p", "surgeon", shift_min=(45, 900))]),
        "shift",
        "comes on duty at 0 h 45",
    ),
    "break": (
        procedure(
            [activity(n, 120, needs=surgeons()) for n in ("one", "two")],
            [person("p", "surgeon")],
            precedences=tuple(after("one", "two")),
            rules=Rules(break_min=30, break_within_min=200, grid_min=1),
        ),
        "break",
        "is on a break",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_holds_the_last_step_is_named(name: str) -> None:
    made, kind, words = CASES[name]
    schedule, found = planned(made)
    last = found.chain[-1]
    assert last.end_min == schedule.end_min
    assert last.kind == kind
    assert words in last.words


def test_waiting_for_people_is_counted_and_one_more_saves_it() -> None:
    made = procedure(pair(needs=surgeons()), [person("p", "surgeon")])
    schedule, found = planned(made)
    assert schedule.end_min == 120
    assert found.chain[-1].waited_min == 60
    saving = next(s for s in found.savings if s.skill == "surgeon")
    assert saving.end_saved_min == 60
    assert saving.separation_saved_min is None
    assert any("one more surgeon would save 60 min to the end" in words for words in found.summary)


@pytest.mark.parametrize("seed", range(25))
def test_the_chain_runs_from_wheels_in_to_the_end_and_its_minutes_add_up(seed: int) -> None:
    made = small(seed, activities=7)
    schedule = choreograph(made, effort="first", seed=seed)
    if schedule.status == "infeasible":
        pytest.skip("nothing to explain")
    found = explain(made, schedule, threads=1)
    times = {a.id: (a.start_min, a.end_min) for a in schedule.activities}
    assert found.chain[-1].end_min == schedule.end_min
    assert sum(minutes for _, minutes in found.waits_min) == schedule.end_min
    for before, link in zip(found.chain, found.chain[1:], strict=False):
        assert link.waits_for == before.activity
        assert (link.start_min, link.end_min) == times[link.activity]
        assert before.start_min <= link.start_min
        assert link.waited_min >= 0


def test_hours_and_people_of_a_day_by_hand() -> None:
    made = procedure(
        [activity("one", 90, needs=surgeons()), activity("two", 60, needs=surgeons())],
        [person("p", "surgeon", hours_awake=3.0), person("q", "surgeon", shift_min=(60, 400))],
        precedences=tuple(after("one", "two", lag=30)),
    )
    schedule, found = planned(made)
    assert schedule.end_min == 180
    day = found.skills[0]
    assert [h.on_duty for h in day.hours] == [1, 2, 2]
    assert [h.at_work for h in day.hours] == [1, 1, 1]
    assert [h.free for h in day.hours] == [0, 1, 1]
    assert found.bottleneck == "surgeon"
    first = next(p for p in found.people if p.person == "p")
    assert first.begin_min == 0
    assert first.awake_at_end_h == pytest.approx(3.0 + first.end_min / 60)


def test_a_break_ends_work_without_a_break() -> None:
    _, found = planned(CASES["break"][0])
    assert found.people[0].longest_without_break_min == 120
    assert found.people[0].work_min == 240


def test_the_chain_of_a_separation_ends_when_they_are_two() -> None:
    made = separation_like(crossings=3, neurosurgeons=7)
    schedule, found = planned(made)
    assert found.chain[-1].end_min == schedule.separation_min
    assert sum(minutes for _, minutes in found.waits_min) == schedule.separation_min
    assert {s.skill for s in found.savings} <= {d.skill for d in found.skills}
    assert found.savings_because.startswith("By the quick planner")


def test_it_is_stored_as_plain_json() -> None:
    _, found = planned(CASES["person"][0])
    told = json.loads(to_json(found.to_dict()))
    assert told["format"] == 1
    assert told["feasible"] is True
    assert told["chain"][-1]["kind"] == "person"


def test_what_is_stored_is_read_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "explanation.json"
    nobody = procedure([activity("map", 30, needs=(Need(skill="mapper"),))], [])
    for made in (separation_like(crossings=3, neurosurgeons=7), CASES["break"][0], nobody):
        found = explain(made, choreograph(made, effort="first"), threads=1)
        write_atomic(path, to_json(found.to_dict()))
        assert read_explanation(path) == found


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"format": 2}, ["format"]),
        ({"feasible": "perhaps", "summary": 3}, ["feasible", "summary"]),
        ({"chain": [{"kind": "luck"}]}, ["chain.0.kind"]),
    ],
)
def test_every_fault_of_a_stored_explanation_is_told(
    tmp_path: Path, change: dict[str, Any], fields: list[str]
) -> None:
    path = tmp_path / "explanation.json"
    _, found = planned(CASES["person"][0])
    write_atomic(path, to_json(found.to_dict() | change))
    with pytest.raises(StorageError) as caught:
        read_explanation(path)
    assert set(fields) <= {fault.field for fault in caught.value.faults}
    assert all(fault.file == str(path) for fault in caught.value.faults)
    path.write_text("[", encoding="utf-8")
    with pytest.raises(StorageError):
        read_explanation(path)


def test_every_skill_that_runs_out_is_tried_like_with_like() -> None:
    """A longer search changes the plan and not what one more person saves by the quick planner."""
    made = separation_like(crossings=3, neurosurgeons=7)
    quick, longer = (explain(made, choreograph(made, effort=e), threads=1) for e in ("first", "standard"))
    ran_out = {s.skill for s in quick.skills if s.hours_without_spare}
    assert ran_out
    assert ran_out <= {s.skill for s in quick.savings}
    again = {s.skill: s for s in longer.savings}
    assert all(again.get(s.skill, s) == s for s in quick.savings)
    assert all(s.title in quick.savings_because for s in quick.savings)
