"""Random things that a day brings, and whether the plan made anew is sound."""

from __future__ import annotations

from typing import Any, Literal

from separatrix.core import generator
from separatrix.team.choreography.arrays import compile_procedure
from separatrix.team.choreography.checker import History, check
from separatrix.team.choreography.events import Decided, Event, Late, Leaves, Longer, RoomLost, revise
from separatrix.team.choreography.lack import nobody_can
from separatrix.team.choreography.model import Schedule
from separatrix.team.choreography.replan import planned_before, replan
from separatrix.team.protocol.model import Procedure


def random_event(made: Procedure, schedule: Schedule, number: int) -> tuple[int, Event]:
    """A minute and what happens then: five kinds in turn, at any time of the day."""
    stream = generator(number, "an event of the day")

    def one(items: list[Any]) -> Any:
        return items[int(stream.integers(len(items)))]

    now = int(stream.integers(1, schedule.end_min))
    times = {a.id: a for a in schedule.activities}
    running = [a for a in schedule.activities if a.start_min < now < a.end_min]
    branches = [b for b in made.branches if b.at in times]
    if number % 5 == 1 and running:
        which = one(running)
        length = which.end_min - which.start_min + int(stream.integers(5, 60))
        return now, Longer(activity=which.id, planned_min=length)
    if number % 5 == 2:
        return now, Leaves(person=one(sorted({a.person for a in schedule.assignments if a.end_min > now})))
    if number % 5 == 3:
        return now, RoomLost(room=one(list(made.rooms)).id, until_min=now + int(stream.integers(20, 120)))
    clamped = [b for b in branches if b.id.startswith("clamp_test_failed")]
    if number % 5 == 4 and branches:
        branch = one(clamped if clamped and number % 2 else branches)
        return times[branch.at].end_min, Decided(branch=branch.id, option=one(list(branch.options)).id)
    ahead = [a.id for a in schedule.activities if a.start_min >= now][:8]
    if not ahead:
        return random_event(made, schedule, number + 1000)
    return now, Late(activity=one(ahead), until_min=now + int(stream.integers(10, 90)))


def judged(made: Procedure, before: Schedule, number: int) -> Literal["valid", "nobody left"]:
    """Plan anew after a random event; anything but a sound plan or a proof that there is none fails."""
    now, event = random_event(made, before, number)
    new = replan(made, before, now_min=now, events=[event])
    revised = revise(made, before, now_min=now, events=[event])
    found = check(revised, new, history=History(schedule=before, now_min=now))
    assert happened(new, now) == happened(before, now), (number, now, event)
    assert not [v for v in found if v.rule == "past"], (number, now, event)
    compiled = compile_procedure(revised, grid_min=1)
    proof = nobody_can(compiled, planned_before(compiled, before, now_min=now))
    if new.status == "infeasible":
        assert proof, (number, now, event, new.because)
        assert proof in new.because
        return "nobody left"
    assert found == (), (number, now, event)
    assert not proof, (number, now, event)
    return "valid"


def happened(schedule: Schedule, now_min: int) -> bytes:
    """What is over by a minute, as it is stored; and what runs, but for its end."""
    over = [
        [item for item in items if item.end_min <= now_min]  # type: ignore[attr-defined]
        for items in (schedule.activities, schedule.assignments, schedule.occurrences)
    ]
    running = sorted(
        (a.id, a.start_min, a.room) for a in schedule.activities if a.start_min < now_min < a.end_min
    )
    return repr((over, running)).encode()
