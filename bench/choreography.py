"""The three protocols choreographed: first script, search against the bound, and random events.

Figures: seconds of the processor (first script and re-planning: of the clock, compiled code cached), gaps
to the proven bound, and how many of the random events were re-planned without a fault by the checker.
Without one person of each skill of the room: how much later.
`--best N` compares the standard effort with the best of N thorough runs of other seeds.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from typing import Any

from separatrix.core import generator
from separatrix.core.runtime import settle_compiled_cache

settle_compiled_cache()

from separatrix.evidence import EvidenceReader, all_entries  # noqa: E402
from separatrix.team.choreography.checker import History, check  # noqa: E402
from separatrix.team.choreography.events import (  # noqa: E402
    Decided,
    Event,
    Late,
    Leaves,
    Longer,
    RoomLost,
    revise,
)
from separatrix.team.choreography.model import Schedule  # noqa: E402
from separatrix.team.choreography.plan import Effort, choreograph  # noqa: E402
from separatrix.team.choreography.replan import replan  # noqa: E402
from separatrix.team.protocol import default_team, inputs_for, procedures, read_protocol  # noqa: E402
from separatrix.team.protocol.model import Procedure  # noqa: E402

PROTOCOLS = ("separation", "birth", "emergency_separation")


def bound_to_defaults(name: str) -> Procedure:
    evidence = EvidenceReader(all_entries())
    protocol = read_protocol(name, evidence=evidence)
    inputs = inputs_for(protocol, evidence=evidence)
    return procedures(protocol, inputs, default_team(protocol, evidence=evidence), evidence=evidence)[-1]


def told(schedule: Schedule) -> str:
    apart, bound = schedule.separation_min, schedule.facts.get("separation_bound_min")
    parts = [f"{schedule.status}, end {schedule.end_min} (bound {schedule.bound_min}, {gap(schedule):.1f} %)"]
    if apart and bound:
        parts.append(f"separation {apart} (bound {bound}, {100 * (apart - bound) / bound:.1f} %)")
    return ", ".join(parts)


def gap(schedule: Schedule) -> float:
    return 100 * (schedule.end_min - schedule.bound_min) / max(schedule.bound_min, 1)


def told_best(schedule: Schedule, best: list[Schedule]) -> None:
    end = min(plan.end_min for plan in best)
    parts = [f"end {100 * (schedule.end_min - end) / end:+.2f} %"]
    moments = [plan.separation_min for plan in best if plan.separation_min]
    if moments and schedule.separation_min:
        parts.insert(0, f"separation {100 * (schedule.separation_min - min(moments)) / min(moments):+.2f} %")
    print(f"  standard against the best of {len(best)}: " + ", ".join(parts), flush=True)


def planned(procedure: Procedure, effort: Effort, seed: int = 1) -> Schedule:
    wall, cpu = time.perf_counter(), time.process_time()
    schedule = choreograph(procedure, effort=effort, seed=seed)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    faults = check(procedure, schedule)
    print(f"  {effort}: {wall:.2f} s, {cpu:.2f} CPU s, {len(faults)} faults; {told(schedule)}", flush=True)
    assert schedule.status == "infeasible" or not faults, faults
    return schedule


def one_fewer(procedure: Procedure, schedule: Schedule) -> None:
    """The plan without one of those on duty from the start, for each skill of the room."""
    seen: set[tuple[str, ...]] = set()
    for person in procedure.people:
        skills = tuple(sorted(person.skills))
        if person.pool != "room" or skills in seen:
            continue
        seen.add(skills)
        fewer = replace(procedure, people=tuple(p for p in procedure.people if p.id != person.id))
        plan = choreograph(fewer, effort="first")
        if plan.status == "infeasible":
            print(f"    without {person.id}: {plan.because[:110]}")
            continue
        assert not check(fewer, plan)
        apart = (plan.separation_min or 0) - (schedule.separation_min or 0)
        end = plan.end_min - schedule.end_min
        print(f"    without {person.id}: separation {apart:+d} min, end {end:+d} min")


def random_event(procedure: Procedure, schedule: Schedule, number: int) -> tuple[int, Event]:
    stream = generator(number, "bench event")

    def one(items: list[Any]) -> Any:
        return items[int(stream.integers(len(items)))]

    now = int(stream.integers(schedule.end_min // 20, schedule.end_min - schedule.end_min // 20))
    times = {a.id: a for a in schedule.activities}
    running = [a for a in schedule.activities if a.start_min < now < a.end_min]
    branches = [b for b in procedure.branches if b.at in times]
    if number % 5 == 1 and running:
        which = one(running)
        return now, Longer(
            activity=which.id, planned_min=which.end_min - which.start_min + int(stream.integers(5, 60))
        )
    if number % 5 == 2:
        return now, Leaves(person=one([a.person for a in schedule.assignments if a.end_min > now]))
    if number % 5 == 3:
        return now, RoomLost(
            room=one(list(procedure.rooms)).id, until_min=now + int(stream.integers(20, 120))
        )
    if number % 5 == 4 and branches:
        branch = one(branches)
        return times[branch.at].end_min, Decided(branch=branch.id, option=one(list(branch.options)).id)
    ahead = [a.id for a in schedule.activities if a.start_min >= now][:8]
    if not ahead:
        return random_event(procedure, schedule, number + 1000)
    return now, Late(activity=one(ahead), until_min=now + int(stream.integers(10, 90)))


def events(procedure: Procedure, schedule: Schedule, count: int) -> None:
    seconds, valid = [], 0
    for number in range(count):
        now, event = random_event(procedure, schedule, number)
        begun = time.perf_counter()
        new = replan(procedure, schedule, now_min=now, events=[event])
        seconds.append(time.perf_counter() - begun)
        revised = revise(procedure, schedule, now_min=now, events=[event])
        history = History(schedule=schedule, now_min=now)
        if new.status != "infeasible" and not check(revised, new, history=history):
            valid += 1
        else:
            print(f"    event {number} at {now}: {event.__class__.__name__}: {new.because[:150]}")
    seconds.sort()
    middle, most = seconds[len(seconds) // 2], seconds[-1]
    print(f"  events: {valid} of {count} valid; script after {middle:.3f} s (median), {most:.3f} s at most")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--protocols", nargs="*", default=list(PROTOCOLS))
    parser.add_argument("--events", type=int, default=100)
    parser.add_argument("--best", type=int, default=0, metavar="N")
    options = parser.parse_args(arguments)
    for name in options.protocols:
        procedure = bound_to_defaults(name)
        print(f"{name}: {len(procedure.activities)} activities, {len(procedure.people)} people", flush=True)
        choreograph(procedure, effort="first")  # compiled code is in memory from here on
        first = planned(procedure, "first")
        schedule = planned(procedure, "standard")
        best = [planned(procedure, "thorough", seed) for seed in range(2, 2 + options.best)]
        if best:
            told_best(schedule, best)
        one_fewer(procedure, first)
        if options.events and schedule.status != "infeasible":
            events(procedure, schedule, options.events)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
