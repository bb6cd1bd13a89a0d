"""The arrays of a rehearsal as lists, and the clock of SimPy with the order of events of the rules."""

from __future__ import annotations

from heapq import heappush
from itertools import pairwise
from typing import Any

import simpy
from tests.reference.rehearsal_body import Numbers

from separatrix.team.rehearsal.play.arrays import Arrays

Key = tuple[float, ...]
MOMENT, BODY_STEP, NODES, CHAINS, STARTS, NOTHING_LEFT = 0, 1, 2, 3, 4, 5
"""What comes first at one moment; SimPy's own affairs come before all."""
CRISIS_ENDS, RESUMES, STRIKES, ENDS = 0, 1, 2, 3
RELEASES, TAKES_OVER, RELIEVES = 0, 1, 2


class Clock(simpy.Environment):
    """SimPy's clock, with absolute moments and the rules' order at one moment."""

    @property
    def minute(self) -> float:
        """Minutes from wheels in."""
        return float(self._now)

    def schedule(self, event: Any, priority: Any = 1, delay: float = 0.0) -> None:
        """SimPy's own events: at once, before any of ours."""
        heappush(self._queue, (self._now + delay, (-1,), next(self._eid), event))  # type: ignore[misc]

    def at(self, minute: float, key: Key, event: simpy.Event | None = None) -> simpy.Event:
        """An event at a moment."""
        event = event if event is not None else simpy.Event(self)
        event._ok = True
        event._value = None
        heappush(self._queue, (minute, key, next(self._eid), event))  # type: ignore[misc]
        return event


def _rows(pointer: Any, values: Any) -> list[list[Any]]:
    listed = values.tolist()
    return [listed[first:last] for first, last in pairwise(pointer.tolist())]


class Script:
    """The arrays as nested lists: made once for many rehearsals."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays
        self.number = Numbers(arrays)
        for name, value in arrays._asdict().items():
            setattr(self, name, value.tolist())
        self.nodes = len(arrays.node_patients)
        self.turns = len(arrays.turn_person)
        self.people = len(arrays.person_shift)
        self.patients = len(arrays.body)
        arcs = list(zip(self.arc_to, self.arc_lag, self.arc_from_start, self.arc_break, strict=True))
        first = self.arc_ptr
        self.arcs_at_start = [[a for a in arcs[i:j] if a[2]] for i, j in pairwise(first)]
        self.arcs_at_end = [[a for a in arcs[i:j] if not a[2]] for i, j in pairwise(first)]
        self.slots = [
            list(zip(self.slot_person[i:j], self.slot_need[i:j], strict=True))
            for i, j in pairwise(self.slot_ptr)
        ]
        self.need_people = _rows(arrays.need_ptr, arrays.need_person)
        self.calls = _rows(arrays.call_ptr, arrays.call_need)
        self.losing = [any(rate > 0.0 for rate in rates) for rates in self.node_loss]
        self.opens: list[list[int]] = [[] for _ in range(self.nodes)]
        self.closes: list[list[int]] = [[] for _ in range(self.nodes)]
        for chain, (begins, ends) in enumerate(zip(self.chain_begins, self.chain_ends, strict=True)):
            self.opens[begins].append(chain)
            self.closes[ends].append(chain)
        self.first_turns = {i for i, j in pairwise(self.chain_ptr) if i < j}
        self.chain_of_turn = [c for c, (i, j) in enumerate(pairwise(self.chain_ptr)) for _ in range(i, j)]
        self.anchored = [
            [turn for turn, anchor in enumerate(self.turn_anchor) if anchor == node]
            for node in range(self.nodes)
        ]
        self.branches: list[list[int]] = [[] for _ in range(self.nodes)]
        for branch, node in enumerate(self.branch_at):
            self.branches[node].append(branch)
        members: dict[int, list[int]] = {}
        self.units: list[list[int]] = []
        for node, group in enumerate(self.node_group):
            unit = members.setdefault(group, []) if group >= 0 else []
            if not unit:
                self.units.append(unit)
            unit.append(node)
        self.unit_of = [0] * self.nodes
        for place, unit in enumerate(self.units):
            for node in unit:
                self.unit_of[node] = place

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def on_duty(self, person: int, minute: float) -> bool:
        """Whether the shift holds that minute."""
        begins, ends = self.person_shift[person]
        return bool(begins <= minute < ends)
