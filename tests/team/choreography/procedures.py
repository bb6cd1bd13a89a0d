"""Procedures made by rule: a large one like a separation, and small random ones."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from separatrix.core import generator
from separatrix.team.protocol.model import (
    Activity,
    ActivityMark,
    Branch,
    BranchOption,
    Cover,
    Duration,
    Need,
    Person,
    Precedence,
    Procedure,
    Recurring,
    Room,
    Rules,
)


def activity(name: str, minutes: int, **more: Any) -> Activity:
    duration = Duration(low_min=minutes, mode_min=minutes, high_min=minutes)
    fields: dict[str, Any] = {
        "id": name,
        "title": name.replace("_", " "),
        "phase": "day",
        "duration": duration,
        "planned_min": minutes,
    }
    return Activity(**(fields | more))


def after(*names: str, lag: int = 0) -> list[Precedence]:
    """Each waits for the one before it."""
    return [Precedence(before=a, after=b, lag_min=lag) for a, b in itertools.pairwise(names)]


def person(name: str, *skills: str, **more: Any) -> Person:
    return Person(id=name, name=name, skills=dict.fromkeys(skills, 1), **more)


def procedure(activities: list[Activity], people: list[Person], **more: Any) -> Procedure:
    fields: dict[str, Any] = {
        "id": "made",
        "title": "Made by rule",
        "operation": 1,
        "patients": ("A", "B"),
        "phases": ("day",),
        "activities": tuple(activities),
        "precedences": (),
        "people": tuple(people),
        "rules": Rules(grid_min=1),
    }
    return Procedure(**(fields | more))


def separation_like(*, crossings: int = 11, neurosurgeons: int = 5) -> Procedure:
    """About ninety activities, two theatres, twelve skills, covers, breaks and counts."""
    acts, links = _opening()
    inner, inner_links = _crossings(crossings)
    acts += inner
    links += inner_links
    for child in ("A", "B"):
        more, more_links = _closing(child)
        acts += more
        links += more_links
    return procedure(
        acts,
        _roster(neurosurgeons),
        precedences=tuple(links),
        rooms=(Room(id="theatre_1", title="Theatre 1"), Room(id="theatre_2", title="Theatre 2")),
        equipment={"microscope": 1, "drill": 2, "navigation": 1},
        consumables={"clips": 60},
        covers=_covers(),
        recurring=_recurring(),
        branches=_branches(crossings),
        rules=Rules(
            break_min=30,
            break_within_min=270,
            longest_duty_min=960,
            handover_min=10,
            handover_clear_min=10,
            grid_min=5,
        ),
    )


def _opening() -> tuple[list[Activity], list[Precedence]]:
    one = {"rooms": ("theatre_1",)}
    both: dict[str, Any] = one | {"patients": ("A", "B")}
    acts = [
        activity("checks", 30, needs=(Need(skill="coordinator"), Need(skill="circulating")), **both),
        activity("sign_in", 10, marks=frozenset({ActivityMark.SIGN_IN}), **both),
    ]
    links = after("checks", "sign_in")
    for child in ("A", "B"):
        mine: dict[str, Any] = one | {"patients": (child,)}
        anaesthetists = (Need(skill="anaesthetist", count=2, team=child),)
        acts += [
            activity(f"airway_{child}", 35, needs=anaesthetists, **mine),
            activity(f"lines_{child}", 65, served_by=(f"anaesthesia_{child}",), **mine),
            activity(f"monitors_{child}", 25, needs=(Need(skill="neurophysiologist"),), **mine),
            activity(f"catheter_{child}", 15, needs=(Need(skill="circulating"),), **mine),
        ]
        links += after("sign_in", f"airway_{child}", f"lines_{child}", "position")
        links += after(f"airway_{child}", f"monitors_{child}", "position")
        links += after(f"airway_{child}", f"catheter_{child}", "position")
    links += after("airway_A", "airway_B")
    surgeons = (Need(skill="neurosurgeon"), Need(skill="plastic", count=2))
    acts += [
        activity("position", 50, needs=surgeons, **both),
        activity("register", 20, needs=(Need(skill="navigation"),), equipment={"navigation": 1}, **both),
        activity("drape", 25, needs=(Need(skill="plastic"), Need(skill="scrub", count=2)), **both),
        activity(
            "time_out",
            10,
            needs=(Need(skill="neurosurgeon"), Need(skill="plastic"), Need(skill="coordinator")),
            marks=frozenset({ActivityMark.TIME_OUT}),
            **both,
        ),
        activity(
            "flaps",
            105,
            needs=(Need(skill="plastic", count=2), Need(skill="scrub")),
            sterile_field=("A", "B"),
            **both,
        ),
        activity(
            "craniotomy",
            190,
            needs=(Need(skill="neurosurgeon", count=2), Need(skill="scrub")),
            sterile_field=("A", "B"),
            equipment={"drill": 1},
            **both,
        ),
        activity(
            "dura",
            65,
            needs=(Need(skill="neurosurgeon", count=2), Need(skill="scrub")),
            sterile_field=("A", "B"),
            equipment={"microscope": 1},
            **both,
        ),
    ]
    links += after("position", "register", "drape", "time_out", "flaps", "craniotomy", "dura")
    return acts, links


def _crossings(count: int) -> tuple[list[Activity], list[Precedence]]:
    both: dict[str, Any] = {"rooms": ("theatre_1",), "patients": ("A", "B"), "sterile_field": ("A", "B")}
    acts, links, before = [], [], "dura"
    for n in range(1, count + 1):
        acts += [
            activity(
                f"clamp_{n}",
                12,
                needs=(Need(skill="neurosurgeon", level=1), Need(skill="scrub")),
                served_by=("anaesthesia_A", "anaesthesia_B", "neurophysiology"),
                continuity="veins",
                marks=frozenset({ActivityMark.CRITICAL}),
                **both,
            ),
            activity(
                f"divide_{n}",
                8,
                needs=(Need(skill="neurosurgeon"), Need(skill="scrub")),
                continuity="veins",
                consumables={"clips": 4},
                **both,
            ),
        ]
        links += after(before, f"clamp_{n}", f"divide_{n}")
        before = f"divide_{n}"
    acts += [
        activity(
            "sinus",
            60,
            needs=(Need(skill="neurosurgeon", count=2), Need(skill="scrub")),
            continuity="veins",
            marks=frozenset({ActivityMark.CRITICAL}),
            **both,
        ),
        activity(
            "brain",
            240,
            needs=(Need(skill="neurosurgeon", count=2), Need(skill="scrub")),
            equipment={"microscope": 1},
            **both,
        ),
        activity(
            "one_count_becomes_two",
            10,
            needs=(Need(skill="circulating", count=2),),
            marks=frozenset({ActivityMark.COUNT}),
            **both,
        ),
        activity(
            "last_cut",
            35,
            needs=(Need(skill="neurosurgeon", count=2), Need(skill="plastic"), Need(skill="scrub", count=2)),
            marks=frozenset({ActivityMark.SEPARATION, ActivityMark.NO_RETURN}),
            **both,
        ),
        activity("circulations_part", 0, marks=frozenset({ActivityMark.CIRCULATIONS_PART})),
        activity("room_2", 40, rooms=("theatre_2",), needs=(Need(skill="circulating"),)),
    ]
    links += after(before, "sinus", "brain", "one_count_becomes_two", "last_cut", "circulations_part")
    links += after("craniotomy", "room_2", "move_B")
    return acts, links


def _closing(child: str) -> tuple[list[Activity], list[Precedence]]:
    room = "theatre_1" if child == "A" else "theatre_2"
    mine: dict[str, Any] = {"rooms": (room,), "patients": (child,)}
    field: dict[str, Any] = mine | {"sterile_field": (child,)}
    names = ["move", "check_lines", "time_out_2", "haemostasis", "graft", "bone", "count", "skin", "dressing"]
    scrub = Need(skill="scrub")
    acts = [
        activity(f"move_{child}", 20, needs=(Need(skill="circulating"),), **mine),
        activity(f"check_lines_{child}", 20, served_by=(f"anaesthesia_{child}",), **mine),
        activity(
            f"time_out_2_{child}",
            10,
            needs=(Need(skill="neurosurgeon", team=child), Need(skill="plastic", team=child)),
            marks=frozenset({ActivityMark.TIME_OUT}),
            **mine,
        ),
        activity(f"haemostasis_{child}", 40, needs=(Need(skill="neurosurgeon", team=child), scrub), **field),
        activity(
            f"graft_{child}",
            70,
            needs=(Need(skill="neurosurgeon", team=child), scrub),
            continuity=f"graft_{child}",
            **field,
        ),
        activity(f"bone_{child}", 80, needs=(Need(skill="plastic", team=child), scrub), **field),
        activity(
            f"count_{child}",
            10,
            needs=(Need(skill="circulating"),),
            marks=frozenset({ActivityMark.COUNT}),
            **mine,
        ),
        activity(f"skin_{child}", 95, needs=(Need(skill="plastic", team=child), scrub), **field),
        activity(f"dressing_{child}", 20, needs=(Need(skill="plastic", team=child), scrub), **field),
        activity(f"transfer_{child}", 40, needs=(Need(skill="circulating"),), patients=(child,)),
    ]
    links = after("circulations_part", *[f"{n}_{child}" for n in names], f"transfer_{child}")
    return acts, links


def _covers() -> tuple[Cover, ...]:
    covers = [
        Cover(
            id=f"anaesthesia_{child}",
            title=f"Anaesthesia {child}",
            skill="anaesthetist",
            count=2,
            begins=f"lines_{child}",
            ends=f"transfer_{child}",
            patients=(child,),
            team=child,
            longest_min=240,
            shortest_min=60,
        )
        for child in ("A", "B")
    ]
    covers.append(
        Cover(
            id="neurophysiology",
            title="Neurophysiology",
            skill="neurophysiologist",
            count=1,
            begins="flaps",
            ends="last_cut",
            patients=("A", "B"),
        )
    )
    covers += [
        Cover(
            id="scrub_count",
            title="Instruments",
            skill="instruments",
            count=1,
            begins="flaps",
            ends="skin_A",
            patients=("A", "B"),
        )
    ]
    return tuple(covers)


def _recurring() -> tuple[Recurring, ...]:
    return (
        Recurring(
            id="samples",
            title="Blood samples",
            every_min=60,
            served_by=("anaesthesia_A",),
            patients=("A",),
            begins="flaps",
            ends="skin_A",
        ),
        Recurring(
            id="handover_count",
            title="Count at handover",
            every_min=None,
            trigger="handover:instruments",
            served_by=("scrub_count",),
            patients=("A", "B"),
        ),
    )


def _branches(crossings: int) -> tuple[Branch, ...]:
    return tuple(
        Branch(
            id=f"failed_clamp_{n}",
            title="The test clamp failed",
            at=f"clamp_{n}",
            trigger="failed_clamp_test",
            options=(
                BranchOption(
                    id="bypass",
                    title="Bypass, then divide",
                    adds=(
                        activity(
                            f"bypass_{n}",
                            45,
                            needs=(Need(skill="neurosurgeon", count=2), Need(skill="scrub")),
                            patients=("A", "B"),
                            rooms=("theatre_1",),
                            sterile_field=("A", "B"),
                        ),
                    ),
                    precedences=tuple(after(f"clamp_{n}", f"bypass_{n}", f"divide_{n}")),
                ),
                BranchOption(id="keep", title="Keep the vein", drops=(f"divide_{n}",)),
            ),
        )
        for n in range(1, crossings + 1)
    )


def _roster(neurosurgeons: int) -> list[Person]:
    """Two halves of a day for every continuous role; surgeons of both colours and of none."""
    people = []
    early, late = (0, 1000), (760, 2400)
    for n in range(neurosurgeons):
        team = ("A", "B", None)[n % 3]
        people.append(person(f"neurosurgeon_{n + 1}", "neurosurgeon", team=team, shift_min=(0, 2400)))
    people += [person(f"neurosurgeon_late_{c}", "neurosurgeon", team=c, shift_min=late) for c in ("A", "B")]
    for shift, word in ((early, "early"), (late, "late")):
        for child in ("A", "B"):
            people += [
                person(f"anaesthetist_{word}_{child}{n}", "anaesthetist", team=child, shift_min=shift)
                for n in (1, 2, 3, 4)
            ]
            people.append(person(f"plastic_{word}_{child}", "plastic", team=child, shift_min=shift))
        for n in (1, 2, 3, 4):
            people += [
                person(f"scrub_{word}_{n}", "scrub", "instruments", shift_min=shift),
                person(f"circulating_{word}_{n}", "circulating", shift_min=shift),
            ]
        people += [
            person(f"plastic_{word}_both", "plastic", shift_min=shift),
            person(f"coordinator_{word}", "coordinator", "circulating", shift_min=shift),
        ]
        people += [
            person(f"neurophysiologist_{word}_{n}", "neurophysiologist", shift_min=shift) for n in (1, 2)
        ]
    people.append(person("navigation_1", "navigation"))
    return people


def small(seed: int, *, activities: int = 6, with_cover: bool = True) -> Procedure:
    """A small random procedure that may or may not be feasible."""
    stream = generator(seed, "small procedure")
    skills = ("surgeon", "nurse")
    acts, links = [], []
    for i in range(activities):
        needs = tuple(Need(skill=skill, count=1) for skill in skills if stream.random() < 0.6)
        patients = (("A",), ("B",), ("A", "B"), ())[int(stream.integers(4))]
        acts.append(
            activity(
                f"a{i}",
                int(stream.integers(1, 6)) * 10,
                needs=needs,
                patients=patients,
                rooms=("one",) if stream.random() < 0.4 else (),
                sterile_field=patients if stream.random() < 0.3 else (),
                equipment={"drill": 1} if stream.random() < 0.3 else {},
                continuity="lead" if needs and needs[0].skill == "surgeon" and stream.random() < 0.4 else "",
                marks=frozenset({ActivityMark.CRITICAL}) if stream.random() < 0.2 else frozenset(),
                earliest_min=int(stream.integers(0, 3)) * 10 if stream.random() < 0.2 else 0,
            )
        )
        for j in range(i):
            if stream.random() < 0.25:
                kind = "start_start" if stream.random() < 0.2 else "finish_start"
                links.append(
                    Precedence(
                        before=f"a{j}", after=f"a{i}", kind=kind, lag_min=int(stream.integers(0, 2)) * 10
                    )
                )
    people = [
        person("p1", "surgeon"),
        person("p2", "surgeon", "nurse"),
        person("p3", "nurse", shift_min=(0, int(stream.integers(20, 60)) * 10)),
    ]
    covers: tuple[Cover, ...] = ()
    if with_cover:
        people += [person("c1", "cover"), person("c2", "cover"), person("c3", "cover", "nurse")]
        covers = (
            Cover(
                id="watch",
                title="Watch",
                skill="cover",
                count=1,
                begins="a0",
                ends=f"a{activities - 1}",
                longest_min=80,
                shortest_min=30,
            ),
        )
        links += after("a0", f"a{activities - 1}")
    return procedure(
        acts,
        people,
        precedences=tuple(links),
        rooms=(Room(id="one", title="One"),),
        equipment={"drill": 1},
        covers=covers,
        rules=Rules(break_min=20, break_within_min=90, handover_min=5, handover_clear_min=5, grid_min=10),
    )


def shuffled(items: list[Any], seed: int) -> list[Any]:
    order = generator(seed, "shuffle").permutation(len(items))
    return [items[i] for i in np.asarray(order)]
