"""Clashes made by hand: each is named as it was made, nothing more is named, and every repair works."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from tests.team.choreography.procedures import activity, after, person, procedure

from separatrix.team.choreography.checker import check
from separatrix.team.choreography.clash import Judge, smallest
from separatrix.team.choreography.explain import explain
from separatrix.team.choreography.explanation_model import Explanation
from separatrix.team.choreography.facts import facts_of, without
from separatrix.team.choreography.plan import choreograph
from separatrix.team.protocol.model import ActivityMark, Cover, Need, Precedence, Procedure, Room, Rules


class Made(NamedTuple):
    """A procedure without a plan, what must be named, and whether it can be proven."""

    procedure: Procedure
    named: set[str]
    is_proven: bool
    words: str
    """In the words of the clash."""
    repair: str
    """In the words of some repair."""


def together(*names: str) -> tuple[Precedence, ...]:
    return tuple(Precedence(before=names[0], after=name, kind="starts_together") for name in names[1:])


def surgeons(count: int = 1) -> tuple[Need, ...]:
    return (Need(skill="surgeon", count=count),)


def watched(minutes: int, **more: Any) -> tuple[list[Any], tuple[Cover, ...]]:
    """One long step with a cover from its start to its end."""
    fields: dict[str, Any] = {
        "id": "watch",
        "title": "Watch",
        "skill": "watcher",
        "count": 1,
        "begins": "long",
        "ends": "long",
        "longest_min": 400,
        "shortest_min": 0,
    }
    return [activity("long", minutes)], (Cover(**(fields | more)),)


def nobody_has_the_skill() -> Made:
    acts = [activity("open", 60, needs=surgeons()), activity("map", 30, needs=(Need(skill="mapper"),))]
    made = procedure(acts, [person("p", "surgeon")])
    return Made(
        made, {"skill:mapper"}, True, "nobody has the skill mapper", "1 more person with the skill mapper"
    )


def nobody_in_the_window() -> Made:
    """The only two with the skill have gone, or have not come for long enough."""
    acts = [activity("open", 200), activity("map", 60, needs=(Need(skill="mapper"),))]
    people = [person("early", "mapper", shift_min=(0, 220))]
    made = procedure(acts, people, precedences=tuple(after("open", "map")))
    return Made(
        made,
        {"skill:mapper", "shift_end:early"},
        True,
        "early goes off duty at 3 h 40",
        "early stays on duty until 4 h 30",
    )


def break_of_a_single_cover() -> Made:
    acts, covers = watched(300)
    made = procedure(
        acts,
        [person("w", "watcher")],
        covers=covers,
        rules=Rules(break_min=30, break_within_min=270, grid_min=5),
    )
    return Made(
        made,
        {"skill:watcher", "break:rules"},
        True,
        "a break of 30 min after at most 4 h 30",
        "1 more person with the skill watcher",
    )


def break_inside_a_long_step() -> Made:
    acts = [activity("long", 300, needs=surgeons())]
    made = procedure(
        acts,
        [person("p", "surgeon"), person("q", "surgeon")],
        rules=Rules(break_min=30, break_within_min=270, grid_min=5),
    )
    return Made(made, {"break:rules"}, True, "break", "work of up to 5 h without a break")


def duty_too_short() -> Made:
    acts = [activity(n, 200, needs=surgeons()) for n in ("one", "two", "three")]
    made = procedure(
        acts,
        [person("p", "surgeon")],
        precedences=tuple(after("one", "two", "three")),
        rules=Rules(longest_duty_min=480, grid_min=5),
    )
    return Made(
        made,
        {"skill:surgeon", "duty:rules"},
        False,
        "nobody is on duty for more than 8 h",
        "duties of up to",
    )


def one_microscope() -> Made:
    acts = [activity(n, 60, equipment={"microscope": 1}) for n in ("left", "right")]
    made = procedure(acts, [], precedences=together("left", "right"), equipment={"microscope": 1})
    return Made(
        made,
        {"together:left+right", "equipment:microscope"},
        True,
        "there is 1 × microscope",
        "1 more × microscope",
    )


def no_microscope() -> Made:
    made = procedure([activity("left", 60, equipment={"microscope": 1})], [])
    return Made(made, {"equipment:microscope"}, True, "there are 0 × microscope", "1 more × microscope")


def two_places_needed() -> Made:
    acts = [activity(f"skin_{c}", 60, patients=(c,), rooms=("one",)) for c in ("A", "B")]
    acts.insert(0, activity("part", 10, patients=("A", "B"), marks=frozenset({ActivityMark.SEPARATION})))
    links = (*after("part", "skin_A"), *after("part", "skin_B"), *together("skin_A", "skin_B"))
    made = procedure(acts, [], precedences=links, rooms=(Room(id="one", title="Theatre 1"),))
    return Made(
        made,
        {"together:skin_A+skin_B", "room:one", "place:skin_A", "place:skin_B"},
        False,
        "Theatre 1 has 1 place",
        "one more place in Theatre 1",
    )


def one_child_in_two_rooms() -> Made:
    acts = [
        activity("scan", 60, patients=("A",), rooms=("one",)),
        activity("skin", 60, patients=("A",), rooms=("two",)),
    ]
    rooms = (Room(id="one", title="Scanner"), Room(id="two", title="Theatre 2"))
    made = procedure(acts, [], precedences=together("scan", "skin"), rooms=rooms)
    return Made(
        made,
        {"together:scan+skin", "place:scan", "place:skin"},
        False,
        "“scan” must be done in Scanner",
        "one after the other",
    )


def shift_ends_before_the_last_step() -> Made:
    acts = [activity(n, 100, needs=surgeons()) for n in ("one", "two", "three", "last")]
    made = procedure(
        acts,
        [person("p", "surgeon", shift_min=(0, 390))],
        precedences=tuple(after("one", "two", "three", "last")),
    )
    return Made(
        made,
        {"skill:surgeon", "shift_end:p"},
        True,
        "p goes off duty at 6 h 30",
        "p stays on duty until 6 h 45",
    )


def relief_is_missing() -> Made:
    acts, covers = watched(300, longest_min=240)
    made = procedure(acts, [person("w", "watcher")], covers=covers, rules=Rules(handover_min=10, grid_min=5))
    return Made(
        made,
        {"skill:watcher", "longest:watch"},
        True,
        "nobody stays for more than 4 h in “Watch”",
        "1 more person with the skill watcher",
    )


def handover_impossible() -> Made:
    """One goes five minutes after the other comes; a handover takes ten."""
    acts, covers = watched(400)
    people = [person("day", "watcher", shift_min=(0, 205)), person("night", "watcher", shift_min=(200, 900))]
    made = procedure(acts, people, covers=covers, rules=Rules(handover_min=10, grid_min=5))
    return Made(
        made,
        {"skill:watcher", "shift_end:day", "shift_begin:night", "handover:rules"},
        False,
        "both there for 10 min",
        "night comes on duty at",
    )


def clips_run_out() -> Made:
    acts = [activity(n, 30, consumables={"clips": 5}) for n in ("one", "two", "three")]
    made = procedure(acts, [], consumables={"clips": 12})
    return Made(
        made,
        {"consumable:clips"},
        True,
        "there are 12 × clips, and 15 are used up by “one”, “two” and “three”",
        "3 more × clips",
    )


def handover_inside_a_critical_step() -> Made:
    """The shifts overlap only while nobody may hand over, and who divides cannot wait."""
    acts, covers = watched(100, begins="first", ends="after")
    critical = frozenset({ActivityMark.CRITICAL})
    acts = [
        activity("first", 100),
        activity("divide", 200, needs=surgeons(), marks=critical),
        activity("after", 100),
    ]
    people = [
        person("p", "surgeon", shift_min=(0, 310)),
        person("day", "watcher", shift_min=(0, 250)),
        person("night", "watcher", shift_min=(150, 900)),
    ]
    made = procedure(
        acts,
        people,
        covers=covers,
        precedences=tuple(after("first", "divide", "after")),
        rules=Rules(handover_min=10, grid_min=5),
    )
    named = {
        "skill:watcher",
        "shift_end:day",
        "shift_begin:night",
        "critical:divide",
        "skill:surgeon",
        "shift_end:p",
    }
    return Made(made, named, False, "nobody hands over during “divide”", "p stays on duty until")


def turns_too_short() -> Made:
    """Each of three could stay for a while, but for less than a turn."""
    acts, covers = watched(300, shortest_min=150)
    people = [person(n, "watcher", shift_min=s) for n, s in (("a", (0, 120)), ("b", (90, 900)))]
    made = procedure(acts, people, covers=covers, rules=Rules(handover_min=10, grid_min=5))
    return Made(
        made,
        {"skill:watcher", "shift_end:a", "shift_begin:b", "shortest:watch"},
        False,
        "nobody stays for less than 2 h 30",
        "allow shorter stretches",
    )


def the_lead_cannot_stay() -> Made:
    """One person is to lead for ten hours, and may be on duty for eight."""
    names = ("one", "two", "three")
    acts = [activity(n, 200, needs=surgeons(), continuity="veins") for n in names]
    made = procedure(
        acts,
        [person("p", "surgeon"), person("q", "surgeon")],
        precedences=tuple(after(*names)),
        rules=Rules(longest_duty_min=480, grid_min=5),
    )
    return Made(
        made,
        {"continuity:veins", "duty:rules"},
        False,
        "the same person leads “one”, “two” and “three”",
        "another lead half way",
    )


def too_few_hands_at_once() -> Made:
    acts = [activity(n, 60, needs=surgeons(2)) for n in ("left", "right")]
    people = [person(n, "surgeon") for n in ("p", "q", "r")]
    made = procedure(acts, people, precedences=together("left", "right"))
    return Made(
        made,
        {"together:left+right", "skill:surgeon"},
        True,
        "only p, q and r have the skill surgeon",
        "1 more person with the skill surgeon",
    )


def level_too_low() -> Made:
    made = procedure(
        [activity("veins", 60, needs=(Need(skill="surgeon", level=3),))], [person("p", "surgeon")]
    )
    return Made(
        made, {"skill:surgeon"}, True, "and nobody at level 3", "1 more person with the skill surgeon"
    )


def wrong_colour() -> Made:
    made = procedure(
        [activity("veins", 60, needs=(Need(skill="surgeon", team="B"),))], [person("p", "surgeon", team="A")]
    )
    return Made(
        made,
        {"skill:surgeon"},
        True,
        "and nobody of colour B or of none",
        "1 more person with the skill surgeon",
    )


def one_sterile_field() -> Made:
    acts = [activity(n, 60, patients=("A",), sterile_field=("A",)) for n in ("scalp", "bone")]
    made = procedure(acts, [], precedences=together("scalp", "bone"))
    return Made(
        made, {"together:scalp+bone", "field:A"}, True, "in the sterile field of A", "one after the other"
    )


def too_late_for_the_shift() -> Made:
    acts = [activity("confirm", 60, needs=surgeons(), earliest_min=500)]
    made = procedure(acts, [person("p", "surgeon", shift_min=(0, 520))])
    return Made(
        made,
        {"earliest:confirm", "skill:surgeon", "shift_end:p"},
        True,
        "“confirm” may not start before 8 h 20",
        "p stays on duty until 9 h 30",
    )


def room_closed_while_she_is_there() -> Made:
    acts = [activity("scan", 60, needs=surgeons(), rooms=("one",))]
    room = Room(id="one", title="Scanner", closed_min=((0, 300),))
    made = procedure(acts, [person("p", "surgeon", shift_min=(0, 320))], rooms=(room,))
    return Made(
        made,
        {"closed:one:0", "skill:surgeon", "shift_end:p"},
        False,
        "Scanner is closed from 0 h to 5 h",
        "keep it open",
    )


def a_circle() -> Made:
    acts = [activity(n, 10) for n in ("one", "two", "three", "aside")]
    made = procedure(
        acts, [], precedences=tuple(after("one", "two", "three", "one")) + tuple(after("one", "aside"))
    )
    return Made(
        made,
        {"order:one>two", "order:two>three", "order:three>one"},
        True,
        "“one” waits for “three”",
        "give up that “one” waits for “three”",
    )


ALL = (
    nobody_has_the_skill,
    nobody_in_the_window,
    break_of_a_single_cover,
    break_inside_a_long_step,
    duty_too_short,
    one_microscope,
    no_microscope,
    two_places_needed,
    one_child_in_two_rooms,
    shift_ends_before_the_last_step,
    relief_is_missing,
    handover_impossible,
    clips_run_out,
    handover_inside_a_critical_step,
    turns_too_short,
    the_lead_cannot_stay,
    too_few_hands_at_once,
    level_too_low,
    wrong_colour,
    one_sterile_field,
    too_late_for_the_shift,
    room_closed_while_she_is_there,
    a_circle,
)


def told(made: Procedure) -> Explanation:
    schedule = choreograph(made, effort="first")
    assert schedule.status == "infeasible"
    return explain(made, schedule, threads=1)


def _cases() -> list[Any]:
    """All, the one that searches longest apart."""
    slow = {handover_inside_a_critical_step}
    return [
        pytest.param(make, id=make.__name__, marks=[pytest.mark.long] if make in slow else []) for make in ALL
    ]


@pytest.mark.parametrize("make", _cases())
def test_a_clash_is_named_as_it_was_made_and_every_repair_works(make: Any) -> None:
    made = make()
    found = told(made.procedure)
    assert not found.feasible
    assert len(found.clashes) == 1
    clash = found.clashes[0]
    facts = [named.fact for named in clash.named]
    assert {f"{fact.kind}:{fact.about}" for fact in facts} == made.named
    assert made.words in "; ".join(fact.words for fact in facts)
    assert clash.is_proven is made.is_proven, clash.because
    assert clash.steps
    for named in clash.named:  # without any one of them there is a plan that keeps every rule
        assert named.is_enough
        eased = without(made.procedure, [named.fact])
        plan = Judge(seed=2).plan(eased)
        assert plan is not None
        assert check(eased, plan) == ()
    assert any(made.repair in words for repair in found.repairs for words in repair.words), found.repairs


def test_what_stands_without_all_facts_has_a_plan() -> None:
    for make in ALL[:-1]:
        made = make().procedure
        assert choreograph(without(made, facts_of(made)), effort="first").status != "infeasible", (
            make.__name__
        )


def test_two_clashes_are_told_apart_and_mended_together() -> None:
    acts = [
        activity("map", 30, needs=(Need(skill="mapper"),)),
        activity("clip", 30, consumables={"clips": 5}),
    ]
    made = procedure(acts, [], consumables={"clips": 3})
    found = told(made)
    assert {n.fact.kind for clash in found.clashes for n in clash.named} == {"skill", "consumable"}
    assert not any(n.is_enough for clash in found.clashes for n in clash.named)
    assert len(found.repairs) == 1
    assert len(found.repairs[0].words) == 2


def test_the_cheapest_repair_comes_first_and_a_weaker_rule_last() -> None:
    made = replace(relief_is_missing().procedure)
    kinds = [repair.kind for repair in told(made).repairs]
    assert kinds[0] == "one more person"
    assert kinds[-1] == "rule"


def test_smallest_leaves_nothing_to_spare() -> None:
    needed = {1, 8, 9}
    assert set(smallest(list(range(12)), lambda kept: needed <= set(kept))) == needed


def test_what_is_not_proven_is_not_called_so() -> None:
    found = told(handover_impossible().procedure)
    assert "no proof" in found.clashes[0].because
    assert found.summary[0].startswith("No plan was found")


def test_the_same_clash_for_any_number_of_threads() -> None:
    made = handover_impossible().procedure
    schedule = choreograph(made, effort="first")
    one, two = (explain(made, schedule, threads=n).to_dict() for n in (1, 3))
    assert one == two
