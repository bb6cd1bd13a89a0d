"""A procedure without names: what no plan can beat, and in which order to plan.

People become pools: for every family of needs that can be a bottleneck (`hall`) no more of its people are
busy than are on shift. Rooms, sterile fields, equipment and shifts are kept, and of who leads a row of
activities that they stay while on shift and must rest; other people's breaks, handover overlaps and duty
limits are left out. So every valid plan is a solution here, and the proven bound holds for every plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Literal

from separatrix.team.choreography.hall import hall_families, people_of
from separatrix.team.choreography.solver import bound_solver
from separatrix.team.protocol.model import Activity, ActivityMark, Need, Person, Procedure

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

Objective = Literal["end", "separation"]
RelaxationStatus = Literal["optimal", "feasible", "unknown", "infeasible"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """Bound and order of a procedure whose people are pools."""

    objective: Objective
    bound_min: int
    """No plan reaches its objective earlier."""
    value_min: int | None
    """When the relaxed plan reaches it; equal to the bound where `status` is optimal."""
    starts: Mapping[str, int]
    """Activity to start in minutes, in the relaxed plan; empty where none was found."""
    order: tuple[str, ...]
    """Activities by start, then as the procedure lists them."""
    status: RelaxationStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slots:
    """Minutes to slots of the grid: exact, as every start lies on the grid."""

    minutes: int

    def up(self, minutes: int) -> int:
        return -(-minutes // self.minutes)

    def down(self, minutes: int) -> int:
        return minutes // self.minutes


class _Model:
    """Constraint model of one procedure, in slots of the grid."""

    def __init__(self, procedure: Procedure, grid_min: int, horizon_min: int) -> None:
        from ortools.sat.python import cp_model

        self.procedure = procedure
        self.slots = _Slots(minutes=grid_min)
        self.horizon = self.slots.up(horizon_min)
        self.model = cp_model.CpModel()
        self.starts: dict[str, cp_model.IntVar] = {}
        self.intervals: dict[str, cp_model.IntervalVar] = {}
        for activity in procedure.activities:
            length = self.slots.up(activity.planned_min)
            start = self.model.new_int_var(
                self.slots.up(activity.earliest_min), max(self.horizon, 0), f"start {activity.id}"
            )
            self.starts[activity.id] = start
            self.intervals[activity.id] = self.model.new_fixed_size_interval_var(start, length, activity.id)

    def add_precedences(self) -> None:
        planned = {a.id: a.planned_min for a in self.procedure.activities}
        for link in self.procedure.precedences:
            before, after = self.starts[link.before], self.starts[link.after]
            if link.kind == "starts_together":
                self.model.add(after == before)
                continue
            length = planned[link.before] if link.kind == "finish_start" else 0
            self.model.add(after >= before + self.slots.up(length + link.lag_min))

    def add_pool(
        self, demands: Mapping[str, int], capacity: int, others: list[tuple[cp_model.IntervalVar, int]]
    ) -> None:
        """At no time more than `capacity`; `others` are intervals that are no activities."""
        taken = [
            (self.intervals[a.id], demands[a.id])
            for a in self.procedure.activities
            if demands.get(a.id, 0) and a.planned_min
        ] + others
        if sum(demand for _, demand in taken) > capacity:
            self.model.add_cumulative([i for i, _ in taken], [d for _, d in taken], capacity)

    def add_people(self) -> None:
        """One pool for each telling family of needs."""
        needs = sorted(set(_needs(self.procedure)), key=lambda n: (n.skill, n.team or "", n.level))
        people = self.procedure.people
        eligible = [frozenset(p for p, who in enumerate(people) if can_meet(who, need)) for need in needs]
        kinds = {need: kind for kind, need in enumerate(needs)}
        covers = self._cover_intervals()
        for family in hall_families(eligible):
            able = people_of(family, eligible)
            demands = {
                a.id: sum(n.count for n in a.needs if kinds[_kind(n)] in family)
                for a in self.procedure.activities
            }
            others = [
                (covers[c.id], c.count)
                for c in self.procedure.covers
                if kinds[Need(skill=c.skill, team=c.team, level=c.level)] in family
            ]
            for person in sorted(able):
                others += [(block, 1) for block in self._off_shift(people[person])]
            self.add_pool(demands, len(able), others)

    def _cover_intervals(self) -> dict[str, cp_model.IntervalVar]:
        planned = {a.id: a.planned_min for a in self.procedure.activities}
        intervals = {}
        for cover in self.procedure.covers:
            begin = self.starts[cover.begins]
            end = self.starts[cover.ends] + self.slots.up(planned[cover.ends])
            size = self.model.new_int_var(0, self.horizon, f"length {cover.id}")
            intervals[cover.id] = self.model.new_interval_var(begin, size, end, cover.id)
        return intervals

    def _off_shift(self, person: Person) -> Iterator[cp_model.IntervalVar]:
        come, leave = person.shift_min
        arrives, left = self.slots.up(come), self.slots.up(leave)
        if come > 0:
            yield self.model.new_fixed_size_interval_var(0, arrives, f"before {person.id}")
        if left < self.horizon:
            yield self.model.new_fixed_size_interval_var(left, self.horizon - left, f"after {person.id}")

    def add_places(self) -> None:
        """Rooms by the same argument as people, fields alone, equipment by its count.

        A room's places are for patients, and several things are done on one patient at once: only what is
        done on nobody is sure to take a place of its own.
        """
        activities, rooms = self.procedure.activities, {room.id: room for room in self.procedure.rooms}
        kinds = sorted({frozenset(a.rooms) for a in activities if a.rooms}, key=sorted)
        unions = {one | other for one, other in combinations(kinds, 2)} | set(kinds)
        for union in sorted(unions, key=sorted):
            inside = {a.id: 1 for a in activities if a.rooms and not a.patients and set(a.rooms) <= union}
            self.add_pool(inside, sum(rooms[room].places for room in union), [])
        for patient in self.procedure.patients:
            self.add_pool({a.id: 1 for a in activities if patient in a.sterile_field}, 1, [])
        for item, count in self.procedure.equipment.items():
            self.add_pool({a.id: a.equipment.get(item, 0) for a in activities}, count, [])

    def add_leads(self) -> None:
        """Who leads work of one word stays while on shift, and must rest.

        People of the same shift are alike here. Words whose activities may overlap are left out.
        """
        rules = self.procedure.rules
        for led in led_in_order(self.procedure):
            need = replace(led[0].needs[0], team=None)
            able = [person for person in self.procedure.people if can_meet(person, need)]
            shifts = sorted({person.shift_min for person in able})
            leads = [[self.model.new_bool_var(f"{a.id} led {shift}") for shift in shifts] for a in led]
            for activity, row in zip(led, leads, strict=True):
                self.model.add_exactly_one(row)
                for (come, leave), is_lead in zip(shifts, row, strict=True):
                    self.model.add(self._start_min(activity) >= come).only_enforce_if(is_lead)
                    self.model.add(self.minutes_until_end_of(activity) <= leave).only_enforce_if(is_lead)
            changes = [self.model.new_bool_var(f"{a.id} led by another") for a in led[1:]]
            for number, (activity, changed) in enumerate(zip(led[1:], changes, strict=True)):
                for (_, leave), was, still in zip(shifts, leads[number], leads[number + 1], strict=True):
                    self.model.add_bool_or(~was, still, changed)
                    self.model.add_bool_or(~was, ~still, ~changed)
                    off_shift = self.minutes_until_end_of(activity) > leave
                    self.model.add(off_shift).only_enforce_if(was, ~still)
            if rules.break_min and rules.break_within_min:
                self._rest_leads(led, changes, rules.break_min, rules.break_within_min)

    def _rest_leads(
        self, led: list[Activity], changes: list[cp_model.IntVar], rest_min: int, within_min: int
    ) -> None:
        """From the last rest or change of the lead, no longer work than is allowed."""
        latest = self.horizon * self.slots.minutes
        since: cp_model.LinearExprT = self._start_min(led[0])
        for before, activity, changed in zip(led, led[1:], changes, strict=False):
            start = self._start_min(activity)
            rested = self.model.new_bool_var(f"rest before {activity.id}")
            self.model.add(start >= self.minutes_until_end_of(before) + rest_min).only_enforce_if(rested)
            now = self.model.new_int_var(0, latest, f"worked since {activity.id}")
            self.model.add(now <= start)
            self.model.add(now <= since).only_enforce_if(~rested, ~changed)
            self.model.add(self.minutes_until_end_of(activity) <= now + within_min)
            since = now

    def _start_min(self, activity: Activity) -> cp_model.LinearExprT:
        return self.starts[activity.id] * self.slots.minutes

    def minutes_until_end_of(self, activity: Activity) -> cp_model.LinearExprT:
        return self.starts[activity.id] * self.slots.minutes + activity.planned_min


def led_in_order(procedure: Procedure) -> Iterator[list[Activity]]:
    """Activities of one continuity, each surely over before the next: one list for each such word."""
    after: dict[str, set[str]] = {a.id: set() for a in procedure.activities}
    for link in procedure.precedences:
        if link.kind == "finish_start" and link.lag_min >= 0:
            after[link.before].add(link.after)

    def following(name: str) -> set[str]:
        found: set[str] = set()
        front = [name]
        while front:
            for other in after[front.pop()] - found:
                found.add(other)
                front.append(other)
        return found

    within = procedure.rules.break_within_min
    for word in sorted({a.continuity for a in procedure.activities if a.continuity}):
        led = [a for a in procedure.activities if a.continuity == word and a.needs and a.planned_min]
        behind = {a.id: following(a.id) for a in led}
        led.sort(key=lambda a: -len(behind[a.id] & behind.keys()))
        ordered = all(later.id in behind[a.id] for a, later in pairwise(led))
        alike = len({_kind(a.needs[0]) for a in led}) == 1
        if ordered and alike and all(within is None or a.planned_min <= within for a in led):
            yield led


def can_meet(person: Person, need: Need) -> bool:
    """Whether a person has the skill, level and colour of a need (its count does not matter)."""
    return (
        need.skill in person.skills
        and person.skills[need.skill] >= need.level
        and (need.team is None or person.team in (None, need.team))
    )


def relax(
    procedure: Procedure,
    *,
    objective: Objective = "end",
    pinned: Mapping[str, int] | None = None,
    latest_end_min: Mapping[str, int] | None = None,
    horizon_min: int | None = None,
    effort: float = 0.25,
    seed: int = 1,
) -> Relaxation:
    """Bound and order of a procedure, its people taken as pools.

    Parameters
    ----------
    procedure
        What is to be planned; all its people count, whatever their pool.
    objective
        ``end`` of everything, or end of the ``separation`` activity.
    pinned
        Starts in minutes that have happened or are decided; with any, slots are single minutes.
    latest_end_min
        Activities that must end by then: the separation, once its own optimum is known.
    horizon_min
        No activity starts later; enough for doing everything one after the other if not given.
    effort
        Deterministic seconds of each of the solver's strategies: the same answer on every machine. Where
        the optimum is not proven before, 1 takes about 45 s of one processor.
    seed
        Of the solver's search.

    Returns
    -------
    Relaxation
        With ``status`` infeasible if not even the pools suffice.

    Notes
    -----
    Starts on the grid of the rules make the slots exact: a length is rounded up to whole slots, as the
    next start lies on the grid anyway, and the objective counts true minutes.
    """
    pinned, latest = pinned or {}, latest_end_min or {}
    built = _Model(
        procedure,
        1 if pinned else max(procedure.rules.grid_min, 1),
        horizon_min if horizon_min is not None else _serial_horizon(procedure, pinned),
    )
    built.add_precedences()
    built.add_people()
    built.add_places()
    if not pinned:
        built.add_leads()
    by_id = {a.id: a for a in procedure.activities}
    for name, start in pinned.items():
        built.model.add(built.starts[name] == start)
    for name, end in latest.items():
        built.model.add(built.minutes_until_end_of(by_id[name]) <= end)
    goal = built.model.new_int_var(0, (built.horizon + 1) * built.slots.minutes + _longest(procedure), "goal")
    for activity in _goals(procedure, objective):
        built.model.add(goal >= built.minutes_until_end_of(activity))
    built.model.minimize(goal)
    solver = bound_solver(seed, effort=effort)
    return _told(procedure, objective, built, solver, solver.solve(built.model))


def _told(
    procedure: Procedure,
    objective: Objective,
    built: _Model,
    solver: cp_model.CpSolver,
    code: cp_model.CpSolverStatus,
) -> Relaxation:
    status: RelaxationStatus = {"OPTIMAL": "optimal", "FEASIBLE": "feasible", "INFEASIBLE": "infeasible"}.get(
        solver.status_name(code), "unknown"
    )  # type: ignore[assignment]
    found = status in ("optimal", "feasible")
    starts = {n: solver.value(v) * built.slots.minutes for n, v in built.starts.items()} if found else {}
    place = {a.id: k for k, a in enumerate(procedure.activities)}
    return Relaxation(
        objective=objective,
        bound_min=max(round(solver.best_objective_bound), 0) if status != "infeasible" else 0,
        value_min=round(solver.objective_value) if found else None,
        starts=starts,
        order=tuple(sorted(starts, key=lambda name: (starts[name], place[name]))),
        status=status,
    )


def _goals(procedure: Procedure, objective: Objective) -> tuple[Activity, ...]:
    if objective == "end":
        return procedure.activities
    return tuple(a for a in procedure.activities if ActivityMark.SEPARATION in a.marks)


def _needs(procedure: Procedure) -> Iterator[Need]:
    for activity in procedure.activities:
        yield from map(_kind, activity.needs)
    for cover in procedure.covers:
        yield Need(skill=cover.skill, team=cover.team, level=cover.level)


def _kind(need: Need) -> Need:
    """A need for one: what tells who can meet it."""
    return Need(skill=need.skill, team=need.team, level=need.level)


def _longest(procedure: Procedure) -> int:
    return max((a.planned_min for a in procedure.activities), default=0)


def _serial_horizon(procedure: Procedure, pinned: Mapping[str, int]) -> int:
    """Late enough for everything one after the other, from the last fixed moment on."""
    grid = procedure.rules.grid_min
    lengths = sum(a.planned_min + grid for a in procedure.activities)
    lags = sum(max(link.lag_min, 0) + grid for link in procedure.precedences)
    fixed = [a.earliest_min for a in procedure.activities] + list(pinned.values())
    # a shift that begins later may be what everything waits for
    fixed += [person.shift_min[0] for person in procedure.people]
    return lengths + lags + max(fixed, default=0)
