"""Precedence as a graph: circles, bridging over what is left out, earliest times."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence

from separatrix.core import InfeasibleError
from separatrix.team.protocol.model import Precedence, Procedure


def bridged(edges: Iterable[Precedence], absent: Iterable[str]) -> tuple[Precedence, ...]:
    """Precedences among what takes place: what is left out hands its predecessors on.

    Waits add up. What should begin together with something left out begins after the predecessors of that.
    Returned without doubles, the longest wait kept, in the order given.
    """
    into: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    out: dict[str, set[str]] = defaultdict(set)

    def add(before: str, after: str, kind: str, lag_min: int) -> None:
        if before != after:
            ties = into[after]
            ties[before, kind] = max(lag_min, ties.get((before, kind), 0))
            out[before].add(after)

    for edge in edges:
        add(edge.before, edge.after, edge.kind, edge.lag_min)
    for gone in dict.fromkeys(absent):
        before_it = into.pop(gone, {})
        for after in sorted(out.pop(gone, ())):
            ties = into[after]
            for kind in ("finish_start", "start_start", "starts_together"):
                wait = ties.pop((gone, kind), None)
                if wait is None:
                    continue
                for (before, how), lag_min in before_it.items():
                    add(
                        before,
                        after,
                        "finish_start" if how == "finish_start" else "start_start",
                        lag_min + wait,
                    )
        for before, _ in before_it:
            out[before].discard(gone)
    return tuple(
        Precedence(before=before, after=after, kind=kind, lag_min=lag_min)  # type: ignore[arg-type]
        for after in into
        for (before, kind), lag_min in into[after].items()
    )


def circle(edges: Sequence[Precedence]) -> tuple[str, ...]:
    """The shortest way round a circle that no schedule can satisfy; empty where there is none.

    What begins together is one; a circle of mere starts without a wait is no contradiction.
    """
    leader = _together(edges)
    out: dict[str, list[tuple[str, Precedence]]] = defaultdict(list)
    for edge in edges:
        if edge.kind != "starts_together":
            out[leader(edge.before)].append((leader(edge.after), edge))
    shortest: tuple[str, ...] = ()
    for edge in edges:
        if edge.kind == "finish_start" or (edge.kind == "start_start" and edge.lag_min > 0):
            way = _way(out, leader(edge.after), leader(edge.before))
            if way is not None and (not shortest or len(way) + 2 < len(shortest)):
                shortest = (edge.before, edge.after, *way)
    return shortest


def _together(edges: Iterable[Precedence]) -> _Leaders:
    leaders = _Leaders()
    for edge in edges:
        if edge.kind == "starts_together":
            leaders.join(edge.before, edge.after)
    return leaders


class _Leaders:
    """Groups that begin together, each known by one of its members."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        while (above := self._above.get(name, name)) != name:
            name = above
        return name

    def join(self, one: str, other: str) -> None:
        one, other = self(one), self(other)
        if one != other:
            self._above[max(one, other)] = min(one, other)


def _way(out: Mapping[str, list[tuple[str, Precedence]]], start: str, goal: str) -> tuple[str, ...] | None:
    """Names passed from one group to another, the last of them in the goal; None where there is no way."""
    came: dict[str, tuple[str, str]] = {start: ("", "")}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        if here == goal:
            names = []
            while here != start:
                here, name = came[here]
                names.append(name)
            return tuple(reversed(names))
        for there, edge in out.get(here, ()):
            if there not in came:
                came[there] = (here, edge.after)
                queue.append(there)
    return None


def following(edges: Iterable[Precedence], start: str) -> frozenset[str]:
    """All that comes after an activity, by whatever way."""
    out: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        out[edge.before].append(edge.after)
    found: set[str] = set()
    queue = [start]
    while queue:
        for after in out[queue.pop()]:
            if after not in found and after != start:
                found.add(after)
                queue.append(after)
    return frozenset(found)


def earliest_starts(procedure: Procedure) -> dict[str, int]:
    """Earliest start of each activity in minutes, were people, rooms and devices without limit.

    Raises
    ------
    InfeasibleError
        If the precedences go in a circle.
    """
    begins = {activity.id: activity.earliest_min for activity in procedure.activities}
    return {name: int(start) for name, start in _pushed(procedure, begins).items()}


def longest_way(procedure: Procedure, first: str, last: str) -> int:
    """Minutes from the start of one activity to the end of another that no schedule can undercut."""
    begins = {activity.id: float("-inf") for activity in procedure.activities} | {first: 0.0}
    reached = _pushed(procedure, begins)[last]
    length = next(activity.planned_min for activity in procedure.activities if activity.id == last)
    return max(0, int(reached) + length) if reached >= 0 else 0


def _pushed(procedure: Procedure, begins: Mapping[str, float]) -> dict[str, float]:
    """Starts moved back until every precedence holds."""
    starts = dict(begins)
    length = {activity.id: activity.planned_min for activity in procedure.activities}
    for _ in range(len(starts) + 1):
        changed = False
        for edge in procedure.precedences:
            wait = edge.lag_min + (length[edge.before] if edge.kind == "finish_start" else 0)
            if starts[edge.before] + wait > starts[edge.after]:
                starts[edge.after] = starts[edge.before] + wait
                changed = True
            if edge.kind == "starts_together" and starts[edge.after] > starts[edge.before]:
                starts[edge.before] = starts[edge.after]
                changed = True
        if not changed:
            return starts
    way = " → ".join(circle(procedure.precedences))
    raise InfeasibleError(f"the order of activities goes in a circle: {way}")
