"""The verb of the day: what has happened stays, the rest is planned anew and disturbed least."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from separatrix.core import InfeasibleError
from separatrix.team.choreography.arrays import Compiled, Ints, Past, compile_procedure, no_past
from separatrix.team.choreography.bounds import Bounds, order_bounds
from separatrix.team.choreography.checker import History, check
from separatrix.team.choreography.decode import Decoded, Genes, decode_once, first_genes, search
from separatrix.team.choreography.events import Event, revise
from separatrix.team.choreography.lack import nobody_can
from separatrix.team.choreography.model import Assignment, Schedule
from separatrix.team.choreography.plan import none_found
from separatrix.team.choreography.script import script_of
from separatrix.team.protocol.model import Procedure

RESCUE_ROUNDS, RESCUE_STEPS = 3, 4
"""Rounds of search, and steps of each chain in a round, where the first plans lack something."""

MOST_FAULTS = 4
"""So many broken rules are told of a plan that was the closest."""


def replan(
    procedure: Procedure,
    schedule: Schedule,
    *,
    now_min: int,
    events: Iterable[Event] = (),
    seed: int = 1,
    steps: int = 0,
    threads: int = 1,
) -> Schedule:
    """Plan what is left of the day after something has happened.

    Parameters
    ----------
    procedure, schedule
        What was planned; after earlier events, what `revise` and `replan` made of it.
    now_min
        Minutes from wheels in. What began before stays as it is; nothing new begins earlier.
    events
        What has happened.
    seed
        As for `choreograph`.
    steps
        Steps of search for each chain beyond the first valid script; 0 for the script that is there first.
    threads
        Processors for the search; they do not change the result.

    Returns
    -------
    Schedule
        Of two plans the better: every start kept as long as it can be, and everything as early as it can
        be. Where separation and end planned before can be held, the one that moves least. It has been
        checked. With ``status`` infeasible, the closest plan, and in ``because`` which role nobody who is
        left can fill, or what no plan was found for; what has happened is kept in it.

    Raises
    ------
    InputError
        If an event names what is not there or is over.
    """
    revised = revise(procedure, schedule, now_min=now_min, events=events)
    try:
        compiled = compile_procedure(revised, grid_min=1)
    except InfeasibleError as error:
        return none_found(str(error), seed)
    old = _Before(schedule=schedule, now_min=now_min)
    day = _Day(
        compiled=compiled, past=past_of(compiled, old), old=old, seed=seed, bounds=order_bounds(compiled)
    )
    plans = _ranked(compiled, [_kept(compiled, day.past, old), _early(compiled, day.past, old)], old)
    if steps:
        plans.insert(0, day.searched(plans[0], steps=steps, threads=threads, purpose="replan"))
    scripts = []
    for plan in plans:
        scripts.append(day.script(plan))
        if scripts[-1].status != "infeasible":
            return scripts[-1]
    if proof := nobody_can(compiled, day.past):
        return replace(scripts[0], because=f"nobody who is left can do this: {proof}")
    return day.rescued(plans[0], scripts[0], threads)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Before:
    """The plan before, and the minute of re-planning."""

    schedule: Schedule
    now_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    """What is planned anew, and how a plan of it is written down."""

    compiled: Compiled
    past: Past
    old: _Before
    seed: int
    bounds: Bounds

    def script(self, plan: Decoded) -> Schedule:
        """The plan as a schedule; infeasible where it lacks something or the checker finds a fault."""
        before, now = self.old.schedule, self.old.now_min
        script = script_of(
            self.compiled,
            plan,
            self.bounds,
            seed=self.seed,
            happened=[a for a in before.assignments if a.kind == "break" and a.start_min < now],
            done=[o for o in before.occurrences if o.start_min < now],
            now_min=now,
        )
        if plan.missing:
            return script
        found = check(self.compiled.procedure, script, history=History(schedule=before, now_min=now))
        if not found:
            return script
        told = "; ".join(dict.fromkeys(violation.what for violation in found[:MOST_FAULTS]))
        return replace(script, status="infeasible", because=f"the closest plan found breaks rules: {told}")

    def searched(self, plan: Decoded, *, steps: int, threads: int, purpose: str) -> Decoded:
        """The best plan of a search that begins with this one."""
        return search(
            self.compiled,
            plan,
            steps=steps,
            seed=self.seed,
            threads=threads,
            past=self.past,
            purpose=purpose,
        )

    def rescued(self, plan: Decoded, closest: Schedule, threads: int) -> Schedule:
        """The first sound plan of a short search, otherwise the closest that was found."""
        for number in range(RESCUE_ROUNDS):
            plan = self.searched(plan, steps=RESCUE_STEPS, threads=threads, purpose=f"rescue {number}")
            script = self.script(plan)
            if script.status != "infeasible":
                return script
            if not plan.missing:
                break
            closest = script
        return closest


def planned_before(compiled: Compiled, schedule: Schedule, *, now_min: int) -> Past:
    """What has happened by a minute of a schedule, and what was planned from then on."""
    return past_of(compiled, _Before(schedule=schedule, now_min=now_min))


def past_of(compiled: Compiled, old: _Before) -> Past:
    """What is fixed, and what was planned, in the rows of the arrays."""
    procedure, problem = compiled.procedure, compiled.problem
    blank = no_past(problem)
    people = {p.id: i for i, p in enumerate(procedure.people)}
    rooms = {r.id: i for i, r in enumerate(procedure.rooms)}
    times = {a.id: a for a in old.schedule.activities}
    start, room = blank.start.copy(), blank.room.copy()
    for i, activity in enumerate(procedure.activities):
        time = times.get(activity.id)
        if time and time.start_min < old.now_min:
            start[i], room[i] = time.start_min, rooms.get(time.room, -1)
    planned = _planned_people(compiled, old, people)
    fixed = np.array([start[i] >= 0 for i in _activity_of_slot(compiled)], np.bool_)
    free_from = blank.free_from.copy()
    for item in old.schedule.assignments:
        if item.kind == "break" and item.start_min < old.now_min < item.end_min:
            free_from[people[item.person]] = item.end_min
    begun, ahead = _stretches(procedure, old, people)
    return Past(
        now=old.now_min,
        start=start,
        room=room,
        person=np.where(fixed, planned, -1).astype(np.int64),
        stretches=begun,
        free_from=free_from,
        hint_person=planned,
        hint_stretches=ahead,
    )


def _activity_of_slot(compiled: Compiled) -> list[int]:
    index = {a.id: i for i, a in enumerate(compiled.procedure.activities)}
    return [index[name] for name, _ in compiled.slots]


def _planned_people(compiled: Compiled, old: _Before, people: dict[str, int]) -> Ints:
    """Who was planned for each slot; a lead's slot is given to the lead where he is among them."""
    problem = compiled.problem
    there: dict[tuple[str, str], list[str]] = defaultdict(list)
    for item in old.schedule.assignments:
        if item.kind == "activity":
            there[item.activity, item.skill].append(item.person)
    times = {a.id: a.start_min for a in old.schedule.activities}
    led: dict[int, list[set[str]]] = defaultdict(list)
    place: dict[int, int] = {}
    for slot in sorted(range(len(compiled.slots)), key=lambda k: times.get(compiled.slots[k][0], 0)):
        word = int(problem.slot_lead[slot])
        if word >= 0:
            place[slot] = len(led[word])
            led[word].append(set(there[compiled.slots[slot]]))
    found = np.full(len(compiled.slots), -1, np.int64)
    for slot, key in enumerate(compiled.slots):
        able = [p for p in there[key] if problem.kind_ok[problem.slot_kind[slot], people[p]]]
        if able:  # who leads is there the longest from here on
            who = able[0]
            if slot in place:
                ahead = led[int(problem.slot_lead[slot])][place[slot] :]
                who = max(able, key=lambda name, ahead=ahead: _run(ahead, name))  # type: ignore[misc]
            found[slot] = people[who]
            there[key].remove(who)
    return found


def _run(groups: list[set[str]], name: str) -> int:
    """In how many groups, from the first, somebody is without a gap."""
    return next((i for i, group in enumerate(groups) if name not in group), len(groups))


def _stretches(procedure: Procedure, old: _Before, people: dict[str, int]) -> tuple[Ints, Ints]:
    """Turns of cover that have begun, in chains, and those that were planned ahead."""
    begun: list[tuple[int, ...]] = []
    ahead: list[tuple[int, ...]] = []
    for number, cover in enumerate(procedure.covers):
        turns = [a for a in old.schedule.assignments if a.kind == "cover" and a.activity == cover.id]
        chains: list[Assignment] = []
        for turn in sorted(turns, key=lambda a: (a.start_min, a.end_min)):
            ahead.append((number, people[turn.person], turn.start_min, turn.end_min))
            chain = _chain_of(chains, turn, procedure.rules.handover_min)
            relieved = turn.end_min <= old.now_min or any(
                other.start_min == turn.end_min - procedure.rules.handover_min < old.now_min
                and other.person != turn.person
                and other.start_min > turn.start_min
                for other in turns
            )
            if turn.start_min < old.now_min:
                row = (number, chain, people[turn.person], turn.start_min, turn.end_min, int(not relieved))
                begun.append(row)
    return (
        np.array(begun, np.int64).reshape(-1, 6),
        np.array(ahead, np.int64).reshape(-1, 4),
    )


def _chain_of(chains: list[Assignment], turn: Assignment, handover_min: int) -> int:
    """The chain that a turn goes on with: the one whose last turn hands over to it, or a new one."""
    for i, last in enumerate(chains):
        if last.end_min == turn.start_min + handover_min and last.start_min < turn.start_min:
            chains[i] = turn
            return i
    chains.append(turn)
    return len(chains) - 1


def _genes(compiled: Compiled, old: _Before) -> Genes:
    """The order of the plan before; what is new comes where its followers are."""
    genes = first_genes(compiled)
    times = {a.id: a.start_min for a in old.schedule.activities}
    last = max(times.values(), default=0)
    index = compiled.problem.block_of
    starts = np.full(len(compiled.problem.release), float(last))
    expected = genes.predicted.copy()
    for i, activity in enumerate(compiled.procedure.activities):
        expected[i] = times.get(activity.id, -1)
        if activity.id in times:
            starts[index[i]] = times[activity.id]
    for i, activity in enumerate(compiled.procedure.activities):
        if activity.id not in times:
            following = [
                times[link.after]
                for link in compiled.procedure.precedences
                if link.before == activity.id and link.after in times
            ]
            starts[index[i]] = min(following, default=last) - 0.5
    return Genes(
        priority=starts + 1e-6 * genes.priority,
        person_cost=genes.person_cost,
        target=genes.target,
        predicted=np.full_like(genes.predicted, -1)
        if (expected < 0).all()
        else _filled(expected, old.now_min),
    )


def _filled(expected: Ints, now_min: int) -> Ints:
    """What was not planned is expected now, so that every activity has a time."""
    return np.where(expected < 0, now_min, expected).astype(np.int64)


def _kept(compiled: Compiled, past: Past, old: _Before) -> Decoded:
    """Every start kept as long as it can be."""
    times = {a.id: a.start_min for a in old.schedule.activities}
    release = compiled.problem.release.copy()
    for i, activity in enumerate(compiled.procedure.activities):
        block = compiled.problem.block_of[i]
        release[block] = max(release[block], times.get(activity.id, 0))
    held = Compiled(
        problem=compiled.problem._replace(release=release),
        procedure=compiled.procedure,
        slots=compiled.slots,
        tail=compiled.tail,
        tail_to_separation=compiled.tail_to_separation,
    )
    return decode_once(held, past, _genes(compiled, old), rounds=1)


def _early(compiled: Compiled, past: Past, old: _Before) -> Decoded:
    """Everything as early as it can be."""
    return decode_once(compiled, past, _genes(compiled, old), rounds=1)


def _ranked(compiled: Compiled, plans: list[Decoded], old: _Before) -> list[Decoded]:
    """First the plan that moves least among those that hold the times planned before, else the earliest."""
    problem = compiled.problem

    def rank(plan: Decoded) -> tuple[int, int, int, int]:
        apart = int(plan.start[problem.separation] + problem.length[problem.separation]) if parted else 0
        end = int((plan.start + problem.length).max(initial=0))
        held = end <= old.schedule.end_min and apart <= (old.schedule.separation_min or 0)
        moved = disturbance(compiled, plan, old.schedule)
        return (plan.missing, 0, 0, moved) if held else (plan.missing, apart, end, moved)

    parted = problem.separation >= 0
    return sorted(plans, key=rank)


def disturbance(compiled: Compiled, plan: Decoded, before: Schedule) -> int:
    """Minutes by which starts have moved, and ten for everyone who serves in an activity anew."""
    times = {a.id: a.start_min for a in before.activities}
    moved = sum(
        abs(int(plan.start[i]) - times[a.id])
        for i, a in enumerate(compiled.procedure.activities)
        if a.id in times
    )
    had = {(a.activity, a.person) for a in before.assignments if a.kind == "activity"}
    people = compiled.procedure.people
    new = sum(
        (name, people[person].id) not in had
        for (name, _), person in zip(compiled.slots, plan.person, strict=True)
        if person >= 0
    )
    return moved + 10 * new
