"""Which start or end comes before which: a graph of events that tells what is implied, and circles."""

from __future__ import annotations

from collections.abc import Sequence


class Order:
    """Starts and ends of items; those of one group start as one.

    Parameters
    ----------
    count
        How many items there are.
    groups
        Of each item: the group it starts with, -1 alone.

    Examples
    --------
    >>> order = Order(3, (-1, -1, -1))
    >>> order.add(0, 1)
    >>> order.add(1, 2)
    >>> order.close()
    >>> order.implies(0, 2), order.implies(2, 0)
    (True, False)
    >>> order.add(2, 0)
    >>> order.circle()
    [0, 1, 2, 0]
    """

    def __init__(self, count: int, groups: Sequence[int]) -> None:
        self._count = count
        first: dict[int, int] = {}
        self._start = [i if groups[i] < 0 else first.setdefault(groups[i], i) for i in range(count)]
        self._next: list[list[int]] = [[] for _ in range(2 * count)]
        for i in range(count):
            self._next[self._start[i]].append(count + i)
        self._reach: list[int] = []

    def add(self, before: int, after: int, *, from_start: bool = False, lag_min: float = 0.0) -> None:
        """`after` starts no earlier than a lag behind the end, or the start, of `before`.

        A negative lag orders nothing.
        """
        if lag_min >= 0:
            event = self._start[before] if from_start else self._count + before
            self._next[event].append(self._start[after])

    def starts_after(self, item: int, other: int) -> None:
        """An item starts no earlier than another."""
        self._next[self._start[other]].append(self._start[item])

    def ends_after(self, item: int, other: int) -> None:
        """An item ends no earlier than another starts."""
        self._next[self._start[other]].append(self._count + item)

    def ends_with(self, item: int, other: int) -> None:
        """An item ends no earlier than another ends."""
        self._next[self._count + other].append(self._count + item)

    def close(self) -> None:
        """Work out what is implied by what was added so far; there must be no circle."""
        self._reach = [0] * (2 * self._count)
        for event in reversed(self._sorted()):
            reach = 1 << event
            for after in self._next[event]:
                reach |= self._reach[after]
            self._reach[event] = reach

    def implies(self, before: int, after: int) -> bool:
        """Whether `after` starts no earlier than `before` ends anyway, as of the last `close`."""
        return bool(self._reach[self._count + before] >> self._start[after] & 1)

    def _sorted(self) -> list[int]:
        """Events in an order that keeps what was added; those on a circle, and behind it, are left out."""
        waits = [0] * (2 * self._count)
        for row in self._next:
            for after in row:
                waits[after] += 1
        front = [event for event, n in enumerate(waits) if n == 0]
        done: list[int] = []
        while front:
            event = front.pop()
            done.append(event)
            for after in self._next[event]:
                waits[after] -= 1
                if waits[after] == 0:
                    front.append(after)
        return done

    def circle(self) -> list[int]:
        """Items of one circle, the first again at the end; empty where there is none."""
        left = set(range(2 * self._count)) - set(self._sorted())
        if not left:
            return []
        # Of what is left each event is on a circle or behind one: going back leads onto it.
        before = {
            after: event
            for event in sorted(left, reverse=True)
            for after in self._next[event]
            if after in left
        }
        event = min(left)
        seen: list[int] = []
        while event not in seen:
            seen.append(event)
            event = before[event]
        way = [*seen[seen.index(event) :], event]
        items = [e % self._count for e in reversed(way)]
        short = [item for i, item in enumerate(items) if i == 0 or item != items[i - 1]]
        return short if len(short) > 1 else short * 2
