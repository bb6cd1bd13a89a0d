"""Seeded faults: the checker names each, every time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.team.choreography.procedures import activity, after, person, procedure

from separatrix.team.choreography.checker import History, check
from separatrix.team.choreography.model import Assignment, Schedule
from separatrix.team.choreography.plan import choreograph
from separatrix.team.protocol.model import (
    ActivityMark,
    Cover,
    Need,
    Procedure,
    Recurring,
    Room,
    Rules,
)


def day() -> Procedure:
    """A short day with everything in it that a rule speaks of."""
    field = {"rooms": ("theatre",), "patients": ("A",), "sterile_field": ("A",)}
    surgeon, nurse = Need(skill="surgeon"), Need(skill="nurse")
    return procedure(
        [
            activity("open", 60, needs=(surgeon, nurse), continuity="lead", equipment={"drill": 1}, **field),
            activity("clamp", 20, needs=(surgeon,), marks=frozenset({ActivityMark.CRITICAL}), **field),
            activity(
                "close", 60, needs=(surgeon, nurse), continuity="lead", consumables={"clips": 3}, **field
            ),
            activity("count", 10, needs=(nurse,), patients=("A",), marks=frozenset({ActivityMark.COUNT})),
            activity("skin", 60, needs=(surgeon,), equipment={"drill": 1}, **field),
            activity("clean", 20, needs=(nurse,), rooms=("theatre",)),
        ],
        [person("s1", "surgeon"), person("s2", "surgeon"), person("n1", "nurse"), person("n2", "nurse")]
        + [person(f"w{i}", "watch") for i in (1, 2, 3)],
        precedences=tuple(after("open", "clamp", "close", "count", "skin", "clean")),
        rooms=(Room(id="theatre", title="Theatre"), Room(id="other", title="Other")),
        equipment={"drill": 1},
        consumables={"clips": 3},
        covers=(
            Cover(id="watch", title="Watch", skill="watch", count=1, begins="open", ends="skin",
                  patients=("A",), longest_min=90, shortest_min=30),
        ),
        recurring=(
            Recurring(id="samples", title="Samples", every_min=60, served_by=("watch",), patients=("A",)),
            Recurring(id="handover_count", title="Count", every_min=None, trigger="handover:watch",
                      served_by=("watch",)),
        ),
        rules=Rules(break_min=20, break_within_min=100, longest_duty_min=400, handover_min=5, grid_min=5),
    )  # fmt: skip


@pytest.fixture(scope="module")
def sound() -> Schedule:
    schedule = choreograph(day(), effort="first")
    assert check(day(), schedule) == ()
    assert {a.kind for a in schedule.assignments} == {"activity", "cover", "handover", "break"}
    return schedule


def moved(schedule: Schedule, name: str, by_min: int) -> Schedule:
    """An activity and its people at another time."""
    return replace(
        schedule,
        activities=tuple(
            replace(a, start_min=a.start_min + by_min, end_min=a.end_min + by_min) if a.id == name else a
            for a in schedule.activities
        ),
        assignments=tuple(
            replace(a, start_min=a.start_min + by_min, end_min=a.end_min + by_min)
            if a.activity == name
            else a
            for a in schedule.assignments
        ),
    )


def without(schedule: Schedule, wrong: Callable[[Assignment], bool]) -> Schedule:
    return replace(schedule, assignments=tuple(a for a in schedule.assignments if not wrong(a)))


def on(schedule: Schedule, name: str, **new: object) -> Schedule:
    """Another value in the first assignment to an activity."""
    first = next(a for a in schedule.assignments if a.activity == name and a.kind in ("activity", "cover"))
    return replace(
        schedule,
        assignments=tuple(replace(a, **new) if a is first else a for a in schedule.assignments),  # type: ignore[arg-type]
    )


def rules(procedure_: Procedure, schedule: Schedule) -> set[str]:
    return {v.rule for v in check(procedure_, schedule)}


@pytest.mark.parametrize(
    ("rule", "seed"),
    [
        ("precedence", lambda s: moved(s, "close", -20)),
        ("field", lambda s: moved(s, "close", -20)),
        ("duration", lambda s: replace(s, activities=s.activities[1:])),
        ("count", lambda s: replace(s, activities=tuple(a for a in s.activities if a.id != "count"))),
        ("person_twice", lambda s: on(s, "watch", person=_who(s, "open"))),
        ("skill", lambda s: without(s, lambda a: a.activity == "clamp")),
        ("skill", lambda s: on(s, "clamp", person="n1", skill="nurse")),
        ("skill", lambda s: on(s, "clamp", person="stranger")),
        ("skill", lambda s: on(s, "watch", person="n2")),
        ("room", lambda s: _in_room(s, "clamp", "other")),
        ("break", lambda s: without(s, lambda a: a.kind == "break")),
        ("cover", lambda s: without(s, lambda a: a.kind == "cover" and a.start_min > 0)),
        ("handover", lambda s: without(s, lambda a: a.kind == "handover")),
        ("handover", lambda s: on(s, "watch", end_min=_turn(s).end_min - 5)),
        ("recurring", lambda s: replace(s, occurrences=s.occurrences[1:])),
        ("count", lambda s: _without_occurrence(s, "handover_count")),
    ],
)  # fmt: skip
def test_seeded_fault_is_found(sound: Schedule, rule: str, seed: Callable[[Schedule], Schedule]) -> None:
    assert rule in rules(day(), seed(sound))


@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        ("equipment", {"equipment": {"drill": 0}}),
        ("consumable", {"consumables": {"clips": 2}}),
        ("room", {"rooms": (Room(id="theatre", title="Theatre", closed_min=((30, 40),)),)}),
        ("room", {"rooms": (Room(id="theatre", title="Theatre", places=0),)}),
        ("duty", {"rules": Rules(longest_duty_min=100, handover_min=5)}),
        ("break", {"rules": Rules(break_min=20, break_within_min=30, handover_min=5)}),
    ],
)  # fmt: skip
def test_schedule_is_held_against_the_rules_as_they_are(
    sound: Schedule, rule: str, changed: dict[str, object]
) -> None:
    assert rule in rules(replace(day(), **changed), sound)  # type: ignore[arg-type]


def test_shift_that_ends_too_early_is_found(sound: Schedule) -> None:
    short = tuple(replace(p, shift_min=(0, 30)) for p in day().people)
    assert "shift" in rules(replace(day(), people=short), sound)


def test_another_lead_is_found(sound: Schedule) -> None:
    lead = _who(sound, "close")
    other = "s2" if lead == "s1" else "s1"
    assert "continuity" in rules(day(), on(sound, "close", person=other))


def test_handover_inside_a_critical_step_is_found(sound: Schedule) -> None:
    handover = next(a for a in sound.assignments if a.kind == "handover")
    by = handover.start_min - next(a for a in sound.activities if a.id == "clamp").start_min
    assert "critical" in rules(day(), moved(sound, "clamp", by))


def test_a_changed_past_is_found(sound: Schedule) -> None:
    history = History(schedule=sound, now_min=100)
    assert check(day(), sound, history=history) == ()
    late = moved(sound, "open", 5)
    assert "past" in {v.rule for v in check(day(), late, history=history)}
    swapped = on(sound, "open", person="s2" if _who(sound, "open") == "s1" else "s1")
    assert "past" in {v.rule for v in check(day(), swapped, history=history)}


def _who(schedule: Schedule, name: str) -> str:
    return next(a.person for a in schedule.assignments if a.activity == name)


def _turn(schedule: Schedule) -> Assignment:
    return next(a for a in schedule.assignments if a.kind == "cover")


def _in_room(schedule: Schedule, name: str, room: str) -> Schedule:
    rows = tuple(replace(a, room=room) if a.id == name else a for a in schedule.activities)
    return replace(schedule, activities=rows)


def _without_occurrence(schedule: Schedule, name: str) -> Schedule:
    return replace(schedule, occurrences=tuple(o for o in schedule.occurrences if o.recurring != name))
