"""What the day may bring, on the protocols as they are: late, longer, a person or a room lost, a branch."""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import replace

import pytest
from tests.team.choreography.events_of_the_day import judged
from tests.team.choreography.procedures import activity, after, person, procedure

from separatrix.evidence import EvidenceReader, all_entries
from separatrix.team.choreography.checker import check
from separatrix.team.choreography.events import Decided, Leaves, revise
from separatrix.team.choreography.model import Schedule
from separatrix.team.choreography.plan import choreograph
from separatrix.team.choreography.replan import replan
from separatrix.team.protocol import default_team, inputs_for, procedures, read_protocol
from separatrix.team.protocol.model import Cover, Need, Procedure, Rules

PROTOCOLS = ("separation", "birth", "emergency_separation")


@functools.cache
def planned(name: str) -> tuple[Procedure, Schedule]:
    evidence = EvidenceReader(all_entries())
    protocol = read_protocol(name, evidence=evidence)
    inputs = inputs_for(protocol, evidence=evidence)
    team = default_team(protocol, evidence=evidence)
    made = procedures(protocol, inputs, team, evidence=evidence)[-1]
    return made, choreograph(made, effort="first")


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_first_script_keeps_every_rule(name: str) -> None:
    made, before = planned(name)
    assert before.status != "infeasible", before.because
    assert check(made, before) == ()


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 9])
@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_random_event_on_a_protocol(name: str, number: int) -> None:
    judged(*planned(name), number)


@pytest.mark.long
@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_hundred_random_events_on_a_protocol(name: str) -> None:
    counts = Counter(judged(*planned(name), number) for number in range(100))
    assert counts["valid"] >= 85, counts


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_branch_of_a_protocol_can_be_taken(name: str) -> None:
    made, before = planned(name)
    times = {a.id: a.end_min for a in before.activities}
    taken = [b for b in made.branches if not b.id.startswith("clamp_test_failed") or b.id.endswith("@c5")]
    for branch in taken:
        for option in branch.options:
            event = Decided(branch=branch.id, option=option.id)
            new = replan(made, before, now_min=times[branch.at], events=[event])
            assert new.status != "infeasible", (branch.id, option.id, new.because)
            assert not {a.id for a in new.activities if a.end_min > times[branch.at]} & set(option.drops)


def test_a_cover_whose_end_is_dropped_ends_with_the_last_it_serves() -> None:
    made, before = planned("separation")
    branch = next(b for b in made.branches if b.id == "veins_unlike_plan")
    now = next(a.end_min for a in before.activities if a.id == branch.at)
    revised = revise(made, before, now_min=now, events=[Decided(branch=branch.id, option="stop_and_stage")])
    over = {a.id for a in before.activities if a.end_min <= now}
    dropped = {a.id for a in made.activities} - {a.id for a in revised.activities}
    moved = {}
    for cover in made.covers:
        if cover.ends in dropped:
            served = [a.id for a in revised.activities if cover.id in a.served_by and a.id not in over]
            moved[cover.id] = next(c.ends for c in revised.covers if c.id == cover.id)
            assert moved[cover.id] in served or not served
    assert moved["neurophysiology"] != "close_outside"  # nothing to monitor any more: they need not stay


@pytest.mark.parametrize(
    ("gone", "what"),
    [(("neurosurgeon_a3",), "end"), (("neurosurgeon_a1", "neurosurgeon_b1"), "separation")],
)
def test_fewer_neurosurgeons_lengthen_the_day(gone: tuple[str, ...], what: str) -> None:
    """One who relieves sets the end; of the five who begin any one can be spared, not any two."""
    made, before = planned("separation")
    fewer = replace(made, people=tuple(p for p in made.people if p.id not in gone))
    new = choreograph(fewer, effort="first")
    assert check(fewer, new) == ()
    assert before.separation_min
    assert new.separation_min
    late = {"end": new.end_min - before.end_min, "separation": new.separation_min - before.separation_min}
    assert late[what] > 60


def _watched(*people: str, minutes: int) -> tuple[Procedure, Schedule]:
    """One long watch by two or three people, 240 min at a time."""
    acts = [activity("begin", 10), activity("middle", minutes), activity("finish", 10)]
    cover = Cover(
        id="watch", title="Watch", skill="nurse", count=1, begins="begin", ends="finish", shortest_min=30
    )
    made = procedure(
        acts,
        [person(name, "nurse") for name in people],
        precedences=tuple(after("begin", "middle", "finish")),
        covers=(cover,),
        rules=Rules(break_min=30, break_within_min=270, handover_min=10, grid_min=1),
    )
    return made, choreograph(made, effort="first")


@pytest.mark.parametrize(("now", "alone"), [(100, True), (500, False)])
def test_who_is_left_alone_on_a_long_watch_cannot_hold_it(now: int, alone: bool) -> None:
    made, before = _watched("n1", "n2", minutes=600)
    assert before.status != "infeasible"
    off = next(
        p.id
        for p in made.people
        if not any(a.person == p.id and a.start_min <= now < a.end_min for a in before.assignments)
    )
    new = replan(made, before, now_min=now, events=[Leaves(person=off)])
    assert (new.status == "infeasible") == alone
    if alone:
        assert "nobody who is left can do this: watch needs 1 nurse" in new.because


def test_the_only_one_who_can_has_left() -> None:
    acts = [
        activity("one", 30, needs=(Need(skill="nurse"),)),
        activity("two", 30, needs=(Need(skill="surgeon"),)),
    ]
    made = procedure(
        acts, [person("n", "nurse"), person("s", "surgeon")], precedences=tuple(after("one", "two"))
    )
    before = choreograph(made, effort="first")
    new = replan(made, before, now_min=10, events=[Leaves(person="s")])
    assert new.status == "infeasible"
    assert "two needs 1 surgeon for 30 min from minute 30 on; there is nobody" in new.because
    assert [a.person for a in new.assignments if a.activity == "one"] == ["n"]
