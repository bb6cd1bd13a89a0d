"""A procedure as plain arrays for the compiled decoder.

Activities keep the order of the procedure; those that start together form a *block*; a need for two people
is two *slots*; needs and covers with the same candidates share a *kind*.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from separatrix.core import Fault, InfeasibleError
from separatrix.team.choreography.terms import JOINED, apart, arcs, concerns, guarded, may_serve, places
from separatrix.team.protocol.model import ActivityMark, Procedure

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

PATIENT_BITS = {"A": 1, "B": 2, "mother": 4}
"""One bit for each patient."""

PLACE_BITS = {JOINED: 1, "A": 2, "B": 4, "mother": 8}
"""One bit for each place a patient takes in a room."""


class Problem(NamedTuple):
    """What the compiled decoder reads. n activities, b blocks, s slots, k kinds, p people, c covers."""

    length: Ints
    """(n,) minutes."""
    block_of: Ints
    """(n,) block of each activity."""
    block_ptr: Ints
    """(b+1,) into `block_acts`."""
    block_acts: Ints
    """(n,) activities, block by block."""
    pred_ptr: Ints
    """(b+1,) into `pred_block` and `pred_off`."""
    pred_block: Ints
    pred_off: Ints
    """Least distance in minutes between the starts of the two blocks."""
    release: Ints
    """(b,) earliest start in minutes."""
    room_ptr: Ints
    """(n+1,) into `room_choice`."""
    room_choice: Ints
    """Rooms of an activity, preferred first."""
    room_places: Ints
    """(r,) places of each room."""
    closed: Ints
    """(m, 3) room, from, until: times at which a room cannot be used."""
    place_mask: Ints
    """(n,) bits of `PLACE_BITS`; 0 takes a place of its own."""
    patient_mask: Ints
    """(n,) bits of `PATIENT_BITS`."""
    field_mask: Ints
    """(n,) sterile fields occupied, bits of `PATIENT_BITS`."""
    equipment: Ints
    """(n, e) units held."""
    equipment_count: Ints
    """(e,) units there are."""
    slot_ptr: Ints
    """(n+1,) slots of each activity, those with fewest candidates first."""
    slot_kind: Ints
    """(s,) kind of each slot."""
    slot_lead: Ints
    """(s,) continuity whose lead it is, or -1."""
    kind_ok: Flags
    """(k, p) who may serve."""
    shift: Ints
    """(p, 2) minutes on duty."""
    value: Floats
    """(p,) how much others depend on this person: 0 to 10."""
    shift_share: Floats
    """(p,) share of the longest shift: who can lead longest."""
    cover_begins: Ints
    """(c,) activity at whose start it begins."""
    cover_ends: Ints
    cover_kind: Ints
    cover_count: Ints
    cover_longest: Ints
    cover_shortest: Ints
    guard: Flags
    """(c, n) whether the cover may not change hands while the activity runs."""
    near: Flags
    """(c, n) critical activities that a handover should keep away from."""
    rest: int
    """Length of a break in minutes; 0: no such rule."""
    within: int
    """Longest continuous work."""
    duty: int
    """Longest duty; 0: no such rule."""
    handover: int
    clear: int
    grid: int
    separation: int
    """Activity whose end is the separation, or -1."""


class Past(NamedTuple):
    """What has happened or is decided, and what the plan was. Minutes; -1 where there is nothing."""

    now: int
    """Nothing that is not fixed starts earlier."""
    start: Ints
    """(n,) fixed starts, or -1."""
    room: Ints
    """(n,) rooms of fixed activities."""
    person: Ints
    """(s,) people of fixed activities."""
    stretches: Ints
    """(m, 6) cover, chain, person, start, end, whether its end is still open: cover begun before now."""
    free_from: Ints
    """(p,) takes on nothing before."""
    hint_person: Ints
    """(s,) who was planned."""
    hint_stretches: Ints
    """(m, 4) cover, person, start, end of cover that was planned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """The arrays, and what their rows stand for."""

    problem: Problem
    procedure: Procedure
    slots: tuple[tuple[str, str], ...]
    """Activity and skill of each slot."""
    tail: Floats
    """(b,) minutes from the start of a block to the end of all that depends on it, at least."""
    tail_to_separation: Floats
    """(b,) the same up to the separation; negative where it does not depend on the block."""


def no_past(problem: Problem) -> Past:
    """The past of a plan that starts from nothing."""
    activities, slots = len(problem.length), len(problem.slot_kind)
    return Past(
        now=0,
        start=np.full(activities, -1, np.int64),
        room=np.full(activities, -1, np.int64),
        person=np.full(slots, -1, np.int64),
        stretches=np.zeros((0, 6), np.int64),
        free_from=np.zeros(len(problem.shift), np.int64),
        hint_person=np.full(slots, -1, np.int64),
        hint_stretches=np.zeros((0, 4), np.int64),
    )


def compile_procedure(procedure: Procedure, *, grid_min: int | None = None) -> Compiled:
    """Turn a procedure into arrays.

    Parameters
    ----------
    procedure
        What is to be planned.
    grid_min
        Starts lie on this grid; the rules' own if not given.

    Raises
    ------
    InfeasibleError
        If activities wait for each other in a circle; the message names them.
    """
    block_of, members = _blocks(procedure)
    index = {a.id: i for i, a in enumerate(procedure.activities)}
    links = _links(procedure, index, block_of)
    order = _topological(procedure, members, links)
    kinds, slots = _Kinds(procedure), _slots(procedure)
    problem = Problem(
        length=_ints(a.planned_min for a in procedure.activities),
        block_of=_ints(block_of),
        block_ptr=_pointers(members),
        block_acts=_ints(i for block in members for i in block),
        pred_ptr=_pointers([[p for p in links if p[1] == b] for b in range(len(members))]),
        pred_block=_ints(p for b in range(len(members)) for p, q in links if q == b),
        pred_off=_ints(off for b in range(len(members)) for (_, q), off in links.items() if q == b),
        release=_ints(max(procedure.activities[i].earliest_min for i in block) for block in members),
        **_room_arrays(procedure),
        **_patient_arrays(procedure),
        **_equipment_arrays(procedure),
        **_slot_arrays(procedure, kinds, slots),
        **_people_arrays(procedure, kinds),
        **_cover_arrays(procedure, kinds, index),
        **_rule_numbers(procedure, grid_min),
    )
    tail = _tails(procedure, members, links, order, None)
    towards = _tails(procedure, members, links, order, _separation(procedure))
    return Compiled(
        problem=problem,
        procedure=procedure,
        slots=tuple((activity, skill) for activity, skill, *_ in slots),
        tail=tail,
        tail_to_separation=towards,
    )


def _blocks(procedure: Procedure) -> tuple[list[int], list[list[int]]]:
    """Activities that start together are one block."""
    parent = {a.id: a.id for a in procedure.activities}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    for link in procedure.precedences:
        if link.kind == "starts_together":
            parent[root(link.after)] = root(link.before)
    numbers: dict[str, int] = {}
    members: list[list[int]] = []
    block_of = []
    for i, activity in enumerate(procedure.activities):
        block = numbers.setdefault(root(activity.id), len(numbers))
        if block == len(members):
            members.append([])
        members[block].append(i)
        block_of.append(block)
    return block_of, members


def _links(procedure: Procedure, index: dict[str, int], block_of: list[int]) -> dict[tuple[int, int], int]:
    """Least distance between the starts of two blocks."""
    links: dict[tuple[int, int], int] = {}
    for arc in arcs(procedure):
        if arc.because == "start together":
            continue
        pair = block_of[index[arc.before]], block_of[index[arc.after]]
        if pair[0] == pair[1]:
            if arc.offset_min > 0:
                raise InfeasibleError(_circle(procedure, [arc.before, arc.after]))
            continue
        links[pair] = max(arc.offset_min, links.get(pair, arc.offset_min))
    return links


def _topological(
    procedure: Procedure, members: list[list[int]], links: dict[tuple[int, int], int]
) -> list[int]:
    """Blocks in an order in which each comes after all that it waits for."""
    waits = {b: {p for p, q in links if q == b} for b in range(len(members))}
    order: list[int] = []
    while waits:
        ready = [b for b, before in waits.items() if not before]
        if not ready:
            names = [procedure.activities[members[b][0]].id for b in sorted(waits)]
            raise InfeasibleError(_circle(procedure, names))
        order += ready
        for b in ready:
            del waits[b]
        for before in waits.values():
            before.difference_update(ready)
    return order


def _circle(procedure: Procedure, names: list[str]) -> Fault:
    return Fault(
        field=procedure.id,
        problem="activities wait for each other in a circle, among: " + ", ".join(names[:12]),
        mend="take out one `after`, or one `served_by` of a cover that ends too early",
    )


class _Kinds:
    """Distinct rows of who may serve, with the minutes asked of them."""

    def __init__(self, procedure: Procedure) -> None:
        self.procedure = procedure
        self.rows: dict[tuple[bool, ...], int] = {}
        self.known: dict[tuple[str, int, Any], int] = {}
        self.minutes: dict[int, float] = defaultdict(float)

    def number(self, skill: str, level: int, team: Any, minutes: float) -> int:
        if (skill, level, team) not in self.known:
            row = tuple(may_serve(person, skill, level, team) for person in self.procedure.people)
            self.known[skill, level, team] = self.rows.setdefault(row, len(self.rows))
        kind = self.known[skill, level, team]
        self.minutes[kind] += minutes
        return kind

    def table(self) -> Flags:
        shape = (len(self.rows), len(self.procedure.people))
        return np.array(list(self.rows), dtype=np.bool_).reshape(shape)

    def values(self) -> Floats:
        """Minutes that would lack somebody if this person were not there, scaled to 10."""
        table = self.table().astype(float)
        able = np.maximum(table.sum(1), 1.0)
        asked = np.array([self.minutes[kind] for kind in range(len(self.rows))])
        value = (table * (asked / able)[:, None]).sum(0) if len(asked) else np.zeros(table.shape[1])
        most = value.max(initial=0.0)
        return np.asarray(10.0 * value / most if most > 0 else value)


def _slots(procedure: Procedure) -> list[tuple[str, str, int, Any, str]]:
    """Activity, skill, level, team, continuity of each person asked for, leads and rare skills first."""
    found = []
    able_for: dict[tuple[str, int, Any], int] = {}
    for activity in procedure.activities:
        rows = []
        for place, need in enumerate(activity.needs if activity.planned_min else ()):
            key = need.skill, need.level, need.team
            if key not in able_for:
                able_for[key] = sum(may_serve(person, *key) for person in procedure.people)
            able = able_for[key]
            for number in range(need.count):
                lead = activity.continuity if place == number == 0 else ""
                rows.append((not lead, able, place, (activity.id, need.skill, need.level, need.team, lead)))
        found += [row[-1] for row in sorted(rows, key=lambda row: row[:3])]
    return found


def _slot_arrays(procedure: Procedure, kinds: _Kinds, slots: list[Any]) -> dict[str, Any]:
    minutes = {a.id: a.planned_min for a in procedure.activities}
    words = sorted({a.continuity for a in procedure.activities if a.continuity})
    by_activity = [[s for s in slots if s[0] == a.id] for a in procedure.activities]
    return {
        "slot_ptr": _pointers(by_activity),
        "slot_kind": _ints(kinds.number(s[1], s[2], s[3], minutes[s[0]]) for s in slots),
        "slot_lead": _ints(words.index(s[4]) if s[4] else -1 for s in slots),
    }


def _people_arrays(procedure: Procedure, kinds: _Kinds) -> dict[str, Any]:
    for cover in procedure.covers:  # known before the table is drawn up
        kinds.number(cover.skill, cover.level, cover.team, 0.0)
    shifts = np.array([p.shift_min for p in procedure.people], np.int64).reshape(-1, 2)
    spans = (np.minimum(shifts[:, 1], _LONGEST_DAY_MIN) - shifts[:, 0]).astype(float)
    return {
        "kind_ok": kinds.table(),
        "shift": shifts,
        "value": kinds.values(),
        "shift_share": spans / max(spans.max(initial=1.0), 1.0),
    }


_LONGEST_DAY_MIN = 7 * 24 * 60
"""Shifts that end later count as ending here when they are compared."""


def _cover_arrays(procedure: Procedure, kinds: _Kinds, index: dict[str, int]) -> dict[str, Any]:
    covers, handover = procedure.covers, procedure.rules.handover_min
    shape = (len(covers), len(procedure.activities))
    guard = [[guarded(c, a, handover) for a in procedure.activities] for c in covers]
    near = [
        [ActivityMark.CRITICAL in a.marks and concerns(c, a) for a in procedure.activities] for c in covers
    ]
    return {
        "cover_begins": _ints(index[c.begins] for c in covers),
        "cover_ends": _ints(index[c.ends] for c in covers),
        "cover_kind": _ints(kinds.number(c.skill, c.level, c.team, 0.0) for c in covers),
        "cover_count": _ints(c.count for c in covers),
        "cover_longest": _ints(c.longest_min for c in covers),
        "cover_shortest": _ints(c.shortest_min for c in covers),
        "guard": np.array(guard, np.bool_).reshape(shape),
        "near": np.array(near, np.bool_).reshape(shape),
    }


def _room_arrays(procedure: Procedure) -> dict[str, Any]:
    rooms = {room.id: i for i, room in enumerate(procedure.rooms)}
    choices = [[rooms[name] for name in a.rooms] for a in procedure.activities]
    closed = [(i, *window) for i, room in enumerate(procedure.rooms) for window in room.closed_min]
    return {
        "room_ptr": _pointers(choices),
        "room_choice": _ints(room for choice in choices for room in choice),
        "room_places": _ints(room.places for room in procedure.rooms),
        "closed": np.array(closed, np.int64).reshape(-1, 3),
    }


def _patient_arrays(procedure: Procedure) -> dict[str, Any]:
    two = apart(procedure)
    taken = [places(a, a.id in two) for a in procedure.activities]
    return {
        "place_mask": _ints(sum(PLACE_BITS.get(place, 0) for place in each) for each in taken),
        "patient_mask": _ints(sum(PATIENT_BITS[p] for p in set(a.patients)) for a in procedure.activities),
        "field_mask": _ints(sum(PATIENT_BITS[p] for p in set(a.sterile_field)) for a in procedure.activities),
    }


def _equipment_arrays(procedure: Procedure) -> dict[str, Any]:
    items = sorted(procedure.equipment)
    held = [[a.equipment.get(item, 0) for item in items] for a in procedure.activities]
    return {
        "equipment": np.array(held, np.int64).reshape(len(procedure.activities), len(items)),
        "equipment_count": _ints(procedure.equipment[item] for item in items),
    }


def _rule_numbers(procedure: Procedure, grid_min: int | None) -> dict[str, Any]:
    rules = procedure.rules
    both = bool(rules.break_min and rules.break_within_min)
    return {
        "rest": rules.break_min or 0 if both else 0,
        "within": rules.break_within_min or 0 if both else 0,
        "duty": rules.longest_duty_min or 0,
        "handover": rules.handover_min,
        "clear": rules.handover_clear_min,
        "grid": max(grid_min if grid_min is not None else rules.grid_min, 1),
        "separation": -1 if (goal := _separation(procedure)) is None else goal,
    }


def _separation(procedure: Procedure) -> int | None:
    for i, activity in enumerate(procedure.activities):
        if ActivityMark.SEPARATION in activity.marks:
            return i
    return None


def _tails(
    procedure: Procedure,
    members: list[list[int]],
    links: dict[tuple[int, int], int],
    order: list[int],
    goal: int | None,
) -> Floats:
    """Longest way from the start of each block to the end of everything, or of one activity."""
    lengths = [max(procedure.activities[i].planned_min for i in block) for block in members]
    tail = np.array(lengths if goal is None else [-np.inf] * len(members), float)
    if goal is not None:
        home = next(b for b, block in enumerate(members) if goal in block)
        tail[home] = procedure.activities[goal].planned_min
    for b in reversed(order):
        for (p, q), offset in links.items():
            if p == b:
                tail[b] = max(tail[b], offset + tail[q])
    return np.maximum(tail, -1.0) if goal is not None else tail


def _ints(values: Any) -> Ints:
    return np.array(list(values), dtype=np.int64)


def _pointers(rows: Any) -> Ints:
    return np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
