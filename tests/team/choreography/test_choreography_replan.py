"""Random events on a planned day: what has happened stays, the rest is valid again."""

from __future__ import annotations

import pytest
from tests.team.choreography.procedures import activity, after, person, procedure, separation_like

from separatrix.core import InputError, generator
from separatrix.team.choreography.checker import History, check
from separatrix.team.choreography.events import Added, Decided, Event, Late, Leaves, Longer, RoomLost, revise
from separatrix.team.choreography.model import Schedule
from separatrix.team.choreography.plan import choreograph
from separatrix.team.choreography.replan import replan
from separatrix.team.protocol.model import Need, Precedence, Procedure


@pytest.fixture(scope="module")
def planned() -> tuple[Procedure, Schedule]:
    made = separation_like(crossings=4, neurosurgeons=7)
    return made, choreograph(made, effort="first")


def random_event(made: Procedure, schedule: Schedule, number: int) -> tuple[int, Event]:
    stream = generator(number, "event")
    now = int(stream.integers(20, schedule.end_min - 60))
    times = {a.id: a for a in schedule.activities}
    ahead = [a.id for a in schedule.activities if a.start_min >= now][:6]
    running = [a for a in schedule.activities if a.start_min < now < a.end_min]
    kind = number % 5
    if kind == 0:
        return now, Late(activity=ahead[int(stream.integers(len(ahead)))], until_min=now + 60)
    if kind == 1 and running:
        which = running[int(stream.integers(len(running)))]
        longer = which.end_min - which.start_min + int(stream.integers(5, 60))
        return now, Longer(activity=which.id, planned_min=longer)
    if kind == 2:
        surgeons = [p.id for p in made.people if "neurosurgeon" in p.skills]
        return now, Leaves(person=surgeons[int(stream.integers(len(surgeons)))])
    if kind == 3:
        return now, RoomLost(room="theatre_2", until_min=now + int(stream.integers(20, 120)))
    branch = made.branches[int(stream.integers(len(made.branches)))]
    option = branch.options[int(stream.integers(2))].id
    return times[branch.at].end_min, Decided(branch=branch.id, option=option)


@pytest.mark.parametrize("number", range(25))
def test_a_random_event_is_replanned(planned: tuple[Procedure, Schedule], number: int) -> None:
    made, before = planned
    now, event = random_event(made, before, number)
    new = replan(made, before, now_min=now, events=[event])
    history = History(schedule=before, now_min=now)
    assert new.status != "infeasible", new.because
    assert check(revise(made, before, now_min=now, events=[event]), new, history=history) == ()
    over = [a for a in before.assignments if a.end_min <= now]
    assert set(over) <= set(new.assignments)


def test_nothing_has_happened_nothing_changes(planned: tuple[Procedure, Schedule]) -> None:
    made, before = planned
    new = replan(made, before, now_min=300)
    assert new.activities == before.activities
    assert new.end_min == before.end_min


def test_an_added_activity_waits_and_is_waited_for() -> None:
    made, before = _short()
    extra = activity("extra", 15, needs=(Need(skill="surgeon"),))
    links = (Precedence(before="one", after="extra"), Precedence(before="extra", after="two"))
    new = replan(made, before, now_min=10, events=[Added(activity=extra, precedences=links)])
    times = {a.id: (a.start_min, a.end_min) for a in new.activities}
    assert times == {"one": (0, 30), "extra": (30, 45), "two": (45, 75)}


def test_who_leaves_finishes_what_runs() -> None:
    made, before = _short()
    lead = before.assignments[0].person
    new = replan(made, before, now_min=10, events=[Leaves(person=lead)])
    people = {a.activity: a.person for a in new.assignments}
    assert people["one"] == lead
    assert people["two"] != lead


def test_every_wrong_event_is_told() -> None:
    made, before = _short()
    with pytest.raises(InputError) as told:
        revise(
            made,
            before,
            now_min=40,
            events=[
                Late(activity="tow", until_min=50),
                Longer(activity="one", planned_min=60),
                Leaves(person="s9"),
            ],
        )
    text = str(told.value)
    assert "did you mean 'two'" in text
    assert "it has ended at minute 30" in text
    assert "no such person" in text


def _short() -> tuple[Procedure, Schedule]:
    acts = [activity(name, 30, needs=(Need(skill="surgeon"),)) for name in ("one", "two")]
    made = procedure(
        acts, [person("s1", "surgeon"), person("s2", "surgeon")], precedences=tuple(after("one", "two"))
    )
    return made, choreograph(made, effort="first")
