"""What waits for what: precedences, and the order in which the script uses people, fields, rooms, equipment.

The script is kept in its order: whoever uses a person, a sterile field, a place in a room or a unit of
equipment next waits for the one before. An arc that others imply is left out, unless a break hangs on it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from separatrix.core import Fault, InputError
from separatrix.team.choreography.model import Assignment, Schedule
from separatrix.team.choreography.terms import places
from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.play.arrays import Floats, Ints
from separatrix.team.rehearsal.play.compile_covers import Chain
from separatrix.team.rehearsal.play.compile_nodes import Node, opening_min
from separatrix.team.rehearsal.play.compile_order import Order
from separatrix.team.rehearsal.play.compile_people import Slot, flat, pointers, steps_of


@dataclass(frozen=True, slots=True)
class Arc:
    """One item waits for another."""

    before: int
    after: int
    lag_min: float = 0.0
    from_start: bool = False
    on_break: int = -1
    """Person who is on a break for the lag."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """All arcs, who starts together, and what the schedule does not keep, in words."""

    arcs: tuple[Arc, ...]
    groups: tuple[int, ...]
    """Of each node: the group it starts with, -1 alone."""
    findings: tuple[str, ...]


def waiting_of(
    procedure: Procedure, schedule: Schedule, nodes: Sequence[Node], chains: Sequence[Chain]
) -> Waiting:
    """What waits for what.

    Raises
    ------
    InputError
        If something waits for itself in the end; the fault names the circle.
    """
    node_of = {node.name.id: i for i, node in enumerate(nodes) if node.name.branch < 0}
    groups = _groups(procedure, node_of, len(nodes))
    order = Order(len(nodes), groups)
    arcs = list(dict.fromkeys(_precedences(procedure, node_of)))
    for arc in arcs:
        order.add(arc.before, arc.after, from_start=arc.from_start, lag_min=arc.lag_min)
    people, findings = _people(procedure, schedule, node_of, chains, len(nodes))
    names = [*(node.name.id for node in nodes), *_turn_names(chains)]
    _refuse_circles([*arcs, *people], groups, chains, node_of, names)
    order.close()
    uses = list(dict.fromkeys(_uses(procedure, nodes, findings)))
    for arc in dict.fromkeys((*people, *uses)):
        plain = arc.lag_min == 0 and max(arc.before, arc.after) < len(nodes)
        if not (plain and order.implies(arc.before, arc.after)):
            arcs.append(arc)
    _refuse_circles(arcs, groups, chains, node_of, names)
    return Waiting(tuple(_strongest(arcs)), groups, tuple(findings))


def _turn_names(chains: Sequence[Chain]) -> Iterator[str]:
    for chain in chains:
        for turn in chain.turns:
            yield f"{chain.cover.id} by {turn.person} from {turn.start_min}"


def _strongest(arcs: Iterable[Arc]) -> Iterator[Arc]:
    """Of arcs that differ in their lag alone, the longest."""
    longest: dict[tuple[int, int, bool, int], float] = {}
    for arc in arcs:
        key = (arc.before, arc.after, arc.from_start, arc.on_break)
        longest[key] = max(longest.get(key, arc.lag_min), arc.lag_min)
    for (before, after, from_start, on_break), lag_min in longest.items():
        yield Arc(before, after, lag_min, from_start, on_break)


def _precedences(procedure: Procedure, node_of: Mapping[str, int]) -> Iterator[Arc]:
    for link in procedure.precedences:
        if link.kind != "starts_together":
            yield Arc(
                node_of[link.before], node_of[link.after], float(link.lag_min), link.kind == "start_start"
            )


def _groups(procedure: Procedure, node_of: Mapping[str, int], count: int) -> tuple[int, ...]:
    head = list(range(count))

    def find(i: int) -> int:
        while head[i] != i:
            i = head[i]
        return i

    for link in procedure.precedences:
        if link.kind == "starts_together":
            a, b = sorted((find(node_of[link.before]), find(node_of[link.after])))
            head[b] = a
    roots = [find(i) for i in range(count)]
    number = {root: k for k, root in enumerate(sorted({r for r in roots if roots.count(r) > 1}))}
    return tuple(number.get(root, -1) for root in roots)


# --- people ---


def _people(
    procedure: Procedure,
    schedule: Schedule,
    node_of: Mapping[str, int],
    chains: Sequence[Chain],
    node_count: int,
) -> tuple[list[Arc], list[str]]:
    """Arcs between consecutive things of one person; into the first turn of a chain they lead to its node."""
    turns = [(chain, i, turn) for chain in chains for i, turn in enumerate(chain.turns)]
    item_of: dict[Assignment, int] = {turn: node_count + t for t, (_, _, turn) in enumerate(turns)}
    opens = {turn: node_of[chain.cover.begins] for chain, i, turn in turns if i == 0}

    def item(thing: Assignment) -> int:
        return item_of[thing] if thing.kind == "cover" else node_of[thing.activity]

    arcs: list[Arc] = []
    findings: list[str] = []
    for step in steps_of(procedure, schedule):
        before, after = item(step.before), opens.get(step.after, item(step.after))
        if step.before.end_min > step.after.start_min:
            findings.append(
                f"The schedule has {step.before.person} in '{step.before.activity}' and "
                f"'{step.after.activity}' at once: the rehearsal waits for neither"
            )
        elif before != after:
            arcs.append(
                Arc(before, after, float(step.break_min), on_break=step.person if step.break_min else -1)
            )
    return arcs, findings


# --- fields, rooms, equipment ---


def _uses(procedure: Procedure, nodes: Sequence[Node], findings: list[str]) -> Iterator[Arc]:
    planned = sorted(
        (i for i, node in enumerate(nodes) if node.name.branch < 0 and node.end_min > node.start_min),
        key=lambda i: (nodes[i].start_min, nodes[i].end_min, i),
    )
    for patient in procedure.patients:
        users = [i for i in planned if patient in nodes[i].activity.sterile_field]
        yield from (Arc(a, b) for a, b in itertools.pairwise(users) if nodes[a].end_min <= nodes[b].start_min)
    for name, units in procedure.equipment.items():
        yield from _units(
            name, units, [i for i in planned if nodes[i].activity.equipment.get(name, 0)], nodes, findings
        )
    for room in procedure.rooms:
        yield from _room(room.places, [i for i in planned if nodes[i].room == room.id], nodes)


def _units(
    name: str, units: int, users: Sequence[int], nodes: Sequence[Node], findings: list[str]
) -> Iterator[Arc]:
    """Each unit goes from its user to the next: the one that was free first."""
    last: list[int] = [-1] * units
    for i in users:
        free = [u for u in range(units) if last[u] < 0 or nodes[last[u]].end_min <= nodes[i].start_min]
        wanted = nodes[i].activity.equipment[name]
        if wanted > len(free):
            findings.append(
                f"The schedule wants {wanted} of '{name}' for '{nodes[i].name.id}' at minute "
                f"{nodes[i].start_min}, {len(free)} of {units} are free"
            )
        free.sort(key=lambda u: (-1 if last[u] < 0 else nodes[last[u]].end_min, u))
        for unit in free[:wanted]:
            if last[unit] >= 0:
                yield Arc(last[unit], i)
            last[unit] = i


def _room(count: int, users: Sequence[int], nodes: Sequence[Node]) -> Iterator[Arc]:
    """Each place goes from who was in it to the next; who is in it stays for all that is done there."""
    guest: list[str] = [""] * count
    work: list[list[int]] = [[] for _ in range(count)]

    def is_free(place: int, start_min: int) -> bool:
        return all(nodes[i].end_min <= start_min for i in work[place])

    for i in users:
        start = nodes[i].start_min
        for who in sorted(places(nodes[i].activity, nodes[i].apart)):
            mine = next((p for p in range(count) if guest[p] == who), None)
            if mine is None:
                free = [p for p in range(count) if is_free(p, start)]
                mine = min(
                    free,
                    key=lambda p: (max((nodes[j].end_min for j in work[p]), default=-1), p),
                    default=None,
                )
                if mine is None:
                    continue
                yield from (Arc(j, i) for j in work[mine])
                guest[mine], work[mine] = who, []
            work[mine].append(i)


# --- circles and fields of the arrays ---


def _refuse_circles(
    arcs: Iterable[Arc],
    groups: Sequence[int],
    chains: Sequence[Chain],
    node_of: Mapping[str, int],
    names: Sequence[str],
) -> None:
    """Starts and ends of all items as they wait for one another, those of cover among them."""
    order = Order(len(names), (*groups, *([-1] * (len(names) - len(groups)))))
    for arc in arcs:
        order.add(arc.before, arc.after, from_start=arc.from_start, lag_min=arc.lag_min)
    first = len(groups)
    for chain in chains:
        items = range(first, first + len(chain.turns))
        order.starts_after(items[0], node_of[chain.cover.begins])
        for before, after in itertools.pairwise(items):
            order.starts_after(after, before)
            order.ends_after(before, after)
        order.ends_with(items[-1], node_of[chain.cover.ends])
        first += len(chain.turns)
    circle = order.circle()
    if circle:
        raise InputError(
            Fault(
                field="procedure.precedences",
                problem="these wait for one another in a circle: " + " → ".join(names[i] for i in circle),
                mend="take one of the precedences out, or plan again",
            )
        )


def arc_fields(waiting: Waiting, item_count: int) -> dict[str, Ints | Floats]:
    """Fields of `Arrays` about arcs and groups."""
    rows: list[list[Arc]] = [[] for _ in range(item_count)]
    waits = np.zeros(item_count, np.int64)
    for arc in waiting.arcs:
        rows[arc.before].append(arc)
        waits[arc.after] += 1
    ordered = [sorted(row, key=lambda a: (a.after, a.from_start, a.on_break)) for row in rows]
    every = [arc for row in ordered for arc in row]
    return {
        "node_group": np.array(waiting.groups, np.int64),
        "waits": waits,
        "arc_ptr": pointers([len(row) for row in ordered]),
        "arc_to": flat([[arc.after for arc in row] for row in ordered]),
        "arc_lag": np.array([arc.lag_min for arc in every], np.float64),
        "arc_from_start": np.array([arc.from_start for arc in every], np.int64),
        "arc_break": np.array([arc.on_break for arc in every], np.int64),
    }


def releases(
    procedure: Procedure,
    nodes: Sequence[Node],
    slots: Sequence[Sequence[Slot]],
    chains: Sequence[Chain],
    node_of: Mapping[str, int],
) -> tuple[Floats, Floats]:
    """When each node may start at the earliest: for its own minute and room, and for its people's shifts."""
    rooms = {room.id: room for room in procedure.rooms}
    people = {person.id: person for person in procedure.people}
    release, shift = np.zeros(len(nodes)), np.zeros(len(nodes))
    for i, node in enumerate(nodes):
        if node.name.branch >= 0:
            continue
        shifts = [procedure.people[slot.person].shift_min[0] for slot in slots[i] if slot.person >= 0]
        release[i] = max(node.activity.earliest_min, opening_min(rooms.get(node.room), node.start_min), 0)
        shift[i] = max(shifts, default=0)
    for chain in chains:
        i = node_of[chain.cover.begins]
        shift[i] = max(shift[i], people[chain.turns[0].person].shift_min[0])
    return release, shift
