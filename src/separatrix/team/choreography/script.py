"""The script: a decoded plan as the schedule that is stored, printed and checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from separatrix.team.choreography.arrays import Compiled
from separatrix.team.choreography.assemble import in_order, scheduled_activities, work_of, write_breaks
from separatrix.team.choreography.bounds import Bounds
from separatrix.team.choreography.decode import Decoded
from separatrix.team.choreography.model import Assignment, Occurrence, Schedule, Status
from separatrix.team.choreography.recurring import place_recurring
from separatrix.team.protocol.model import ActivityMark, Procedure


def script_of(
    compiled: Compiled,
    plan: Decoded,
    bounds: Bounds,
    *,
    seed: int,
    happened: Iterable[Assignment] = (),
    done: Iterable[Occurrence] = (),
    now_min: int = 0,
) -> Schedule:
    """Write a plan out.

    Parameters
    ----------
    compiled, plan
        The arrays and what was decoded from them.
    bounds
        What no plan can beat.
    seed
        Of the search, for the record.
    happened
        Assignments that have begun and are kept as they are: breaks, and turns of cover that are over.
    done
        Occurrences that have begun.
    now_min
        Nothing new is entered earlier.
    """
    procedure = compiled.procedure
    people = {person.id: i for i, person in enumerate(procedure.people)}
    activities = scheduled_activities(compiled, plan)
    work = work_of(compiled, plan)
    kept = list(happened)
    breaks = write_breaks(procedure.rules, work, taken=kept, now_min=now_min)
    apart = marked_end(procedure, plan, ActivityMark.SEPARATION)
    end = max((a.end_min for a in activities), default=0)
    return Schedule(
        activities=activities,
        assignments=in_order(work + breaks, people),
        occurrences=place_recurring(procedure, activities, work, happened=done, now_min=now_min),
        status=_status(plan, bounds, apart, end),
        bound_min=bounds.end_min,
        bound_because=bounds.because,
        separation_min=apart,
        circulations_part_min=marked_end(procedure, plan, ActivityMark.CIRCULATIONS_PART),
        end_min=end,
        seed=seed,
        because=lacks(compiled, plan),
        facts={"separation_bound_min": bounds.separation_min, "lacking": plan.missing},
    )


def marked_end(procedure: Procedure, plan: Decoded, mark: ActivityMark) -> int | None:
    """When the activity with a mark ends."""
    for i, activity in enumerate(procedure.activities):
        if mark in activity.marks:
            return int(plan.start[i]) + activity.planned_min
    return None


def _status(plan: Decoded, bounds: Bounds, apart: int | None, end: int) -> Status:
    if plan.missing:
        return "infeasible"
    proven = end <= bounds.end_min and (
        apart is None or (bounds.separation_min is not None and apart <= bounds.separation_min)
    )
    return "optimal" if proven else "feasible"


def lacks(compiled: Compiled, plan: Decoded) -> str:
    """In words what a plan that cannot be carried out lacks; empty if it lacks nothing."""
    if not plan.missing:
        return ""
    procedure = compiled.procedure
    index = {a.id: i for i, a in enumerate(procedure.activities)}
    lines: Counter[str] = Counter()
    for (name, skill), person in zip(compiled.slots, plan.person, strict=True):
        if person < 0:
            lines[f"{name} at minute {plan.start[index[name]]} lacks a {skill}"] += 1
    for turn in plan.stretches:
        if turn.person < 0:
            cover = procedure.covers[turn.cover]
            lines[f"{cover.id} lacks a {cover.skill} from minute {turn.start_min} to {turn.end_min}"] += 1
    for i, activity in enumerate(procedure.activities):
        if activity.rooms and plan.room[i] < 0:
            lines[f"{activity.id} at minute {plan.start[i]} finds no room, field or equipment"] += 1
    told = [line if count == 1 else f"{line} ({count} times)" for line, count in lines.items()]
    told = told or ["somebody cannot be relieved in time"]
    more = f"; and {len(told) - 8} more" if len(told) > 8 else ""
    return "the closest plan found lacks: " + "; ".join(told[:8]) + more
