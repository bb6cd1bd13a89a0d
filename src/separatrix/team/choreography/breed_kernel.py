"""Compiled evolution of activity lists: two-point crossing, moves, justification to both sides.

Each child's list is decoded forward, then backward from its ends and forward again (double
justification), as Valls, Ballestín and Quintanilla found to pay in nearly every case (EJOR 165, 2005).
Randomness is counter-free SplitMix64 in one word of state: the same seed gives the same evolution.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from separatrix.team.choreography.msdecode_kernel import by_end, by_start, decode

Ints = npt.NDArray[np.int32]

MOVE_CHANCE = 0.7
"""Of one more move in a child's list."""

MOTHER_SHARE = 0.7
"""Of activities whose crew is chosen as the mother's list would."""

NEW_VALUE_CHANCE = 0.03
"""Of new values for the crew of an activity, in place of a parent's."""


class Herd(NamedTuple):
    """A population of N lists with their schedules; changed in place."""

    orders: Ints
    """(N, n)"""
    values: npt.NDArray[np.float64]
    """(N, n, C) value of each kind of people to each activity."""
    spans: Ints
    """(N,) makespans."""
    starts: Ints
    """(N, n)"""
    best_starts: Ints
    """(n,)"""
    best_staff: Ints
    """(n, C)"""
    tally: npt.NDArray[np.int64]
    """(4,) best makespan so far, children since it was found or the last restart, children in all, places
    taken (lists that have not settled yet are made new)."""
    state: npt.NDArray[np.uint64]
    """(1,) of the random numbers."""


@nb.njit(cache=True, nogil=True, inline="always")
def draw(state):  # type: ignore[no-untyped-def]
    """A number in [0, 1)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.float64(z >> np.uint64(11)) / 9007199254740992.0


@nb.njit(cache=True, nogil=True)
def random_list(instance, latest, order, state):  # type: ignore[no-untyped-def]
    """A list that leans towards activities with little time left, more or less."""
    count = latest.shape[0]
    keys = np.empty(count, np.float64)
    spread = latest.max() * draw(state)
    for activity in range(count):
        keys[activity] = latest[activity] + spread * draw(state)
    waiting = np.empty(count, np.int32)
    for activity in range(count):
        waiting[activity] = instance.before_at[activity + 1] - instance.before_at[activity]
    for place in range(count):
        chosen = -1
        for activity in range(count):
            if waiting[activity] == 0 and (chosen < 0 or keys[activity] < keys[chosen]):
                chosen = activity
        order[place] = chosen
        waiting[chosen] = -1
        for link in range(instance.after_at[chosen], instance.after_at[chosen + 1]):
            waiting[instance.after[link]] -= 1


@nb.njit(cache=True, nogil=True)
def cross(mother, father, state, child):  # type: ignore[no-untyped-def]
    """The mother's list with a stretch in the father's order."""
    count = mother.shape[0]
    one, other = int(draw(state) * count), int(draw(state) * count)
    first, last = min(one, other), max(one, other)
    taken = np.zeros(count, np.bool_)
    for place in range(first):
        child[place] = mother[place]
        taken[mother[place]] = True
    place = first
    for activity in father:
        if place > last:
            break
        if not taken[activity]:
            child[place] = activity
            taken[activity] = True
            place += 1
    for activity in mother:
        if not taken[activity]:
            child[place] = activity
            place += 1


@nb.njit(cache=True, nogil=True)
def move(instance, order, state):  # type: ignore[no-untyped-def]
    """Put one activity elsewhere between its predecessors and successors."""
    count = order.shape[0]
    place = int(draw(state) * count)
    activity = order[place]
    low, high = place, place
    while low > 0 and not linked(instance, order[low - 1], activity):
        low -= 1
    while high < count - 1 and not linked(instance, activity, order[high + 1]):
        high += 1
    target = low + int(draw(state) * (high - low + 1))
    step = 1 if target > place else -1
    for at in range(place, target, step):
        order[at] = order[at + step]
    order[target] = activity


@nb.njit(cache=True, nogil=True, inline="always")
def linked(instance, before, after):  # type: ignore[no-untyped-def]
    """Whether one activity is a direct successor of the other."""
    found = False
    for link in range(instance.after_at[before], instance.after_at[before + 1]):
        found |= instance.after[link] == after
    return found


@nb.njit(cache=True, nogil=True)
def pick(herd, state):  # type: ignore[no-untyped-def]
    """The better of two drawn at random."""
    size = herd.spans.shape[0]
    one, other = int(draw(state) * size), int(draw(state) * size)
    return one if herd.spans[one] <= herd.spans[other] else other


@nb.njit(cache=True, nogil=True)
def breed(  # type: ignore[no-untyped-def]
    instance, herd, children, goal, lesson, latest, worth, patience, space
):
    """Raise so many children, or fewer if one reaches the goal; returns the best makespan so far.

    Parameters
    ----------
    instance, herd
        The project, and the population to be changed.
    children, goal
        When to stop.
    lesson
        (n,) list to be decoded as the first child, or empty.
    latest, worth
        (n,) latest starts and (C,) values of people, which new lists lean on.
    patience
        After so many children without a better one all but the best list are replaced.
    space
        Work space of the decoder, clean.

    Notes
    -----
    One loop with one call of the decoder on purpose: a compiler copies callees into callers, level by level.
    """
    size, count = herd.orders.shape
    order = np.empty(count, np.int32)
    values = np.empty((count, worth.shape[0]), np.float64)
    starts, trial = np.empty(count, np.int32), np.empty(count, np.int32)
    staff = np.zeros((count, worth.shape[0]), np.int32)
    trial_staff = np.zeros_like(staff)
    for child in range(children):
        if herd.tally[0] <= goal:
            break
        if herd.tally[1] >= patience:
            empty_all_but_best(herd)
        taught = child == 0 and lesson.shape[0] > 0
        settling = herd.tally[3] < size
        if taught:
            order[:] = lesson
            values[:] = worth
        elif settling:
            random_list(instance, latest, order, herd.state)
            random_values(worth, values, herd.state)
        else:
            inherit(instance, herd, worth, order, values)
        span = 0
        following = order
        for turn in range(3):  # forward, backward from its ends, forward again
            reached = decode(instance, following, values, turn == 1, trial, trial_staff, space)
            if turn == 1:
                following = by_start(instance, (reached - trial - instance.lengths).astype(np.int32))
                continue
            if turn == 0 or reached <= span:
                span = reached
                starts[:] = trial
                staff[:] = trial_staff
            if turn == 0:
                following = by_end(instance, starts)
        order[:] = by_start(instance, starts)
        herd.tally[1] += 1
        herd.tally[2] += 1
        if span < herd.tally[0]:
            herd.tally[0] = span
            herd.tally[1] = 0
            herd.best_starts[:] = starts
            herd.best_staff[:] = staff
        if settling:
            put(herd, herd.tally[3], order, values, starts, span)
            herd.tally[3] += 1
        else:
            take_in(herd, order, values, starts, span)
    return herd.tally[0]


@nb.njit(cache=True, nogil=True)
def random_values(worth, values, state):  # type: ignore[no-untyped-def]
    """Values around the worth of people: a general leaning, and more or less of one by activity."""
    spread = draw(state)
    for kind in range(worth.shape[0]):
        leaning = worth[kind] * (0.5 + draw(state))
        for activity in range(values.shape[0]):
            values[activity, kind] = leaning * (1.0 + spread * (draw(state) - 0.5))


@nb.njit(cache=True, nogil=True)
def inherit(instance, herd, worth, order, values):  # type: ignore[no-untyped-def]
    """A child of two of the herd: crossed, then moved here and there."""
    mother, father = pick(herd, herd.state), pick(herd, herd.state)
    cross(herd.orders[mother], herd.orders[father], herd.state, order)
    while draw(herd.state) < MOVE_CHANCE:
        move(instance, order, herd.state)
    if not worth.shape[0]:
        return
    for activity in range(order.shape[0]):
        values[activity] = herd.values[mother if draw(herd.state) < MOTHER_SHARE else father, activity]
        if draw(herd.state) < NEW_VALUE_CHANCE:
            for kind in range(worth.shape[0]):
                values[activity, kind] = worth[kind] * (0.5 + draw(herd.state))


@nb.njit(cache=True, nogil=True)
def put(herd, one, order, values, starts, span):  # type: ignore[no-untyped-def]
    """Let a list live at a place of the herd."""
    herd.orders[one] = order
    herd.values[one] = values
    herd.starts[one] = starts
    herd.spans[one] = span


@nb.njit(cache=True, nogil=True)
def take_in(herd, order, values, starts, span):  # type: ignore[no-untyped-def]
    """Give a child the place of the worse of two, unless it is no better or a twin lives already."""
    size = herd.spans.shape[0]
    one, other = int(draw(herd.state) * size), int(draw(herd.state) * size)
    worse = one if herd.spans[one] >= herd.spans[other] else other
    if span > herd.spans[worse]:
        return
    for twin in range(size):
        if herd.spans[twin] == span and np.array_equal(herd.starts[twin], starts):
            return
    put(herd, worse, order, values, starts, span)


@nb.njit(cache=True, nogil=True)
def empty_all_but_best(herd):  # type: ignore[no-untyped-def]
    """Keep the best list; new ones will settle in the other places."""
    best = np.argmin(herd.spans)
    put(
        herd,
        0,
        herd.orders[best].copy(),
        herd.values[best].copy(),
        herd.starts[best].copy(),
        herd.spans[best],
    )
    herd.tally[1] = 0
    herd.tally[3] = 1


def new_herd(instance: Any, size: int, state: int) -> Herd:
    """An empty herd, whose lists settle with its first children."""
    count, kinds = instance.lengths.shape[0], instance.people.shape[0]
    return Herd(
        orders=np.zeros((size, count), np.int32),
        values=np.zeros((size, count, kinds), np.float64),
        spans=np.zeros(size, np.int32),
        starts=np.zeros((size, count), np.int32),
        best_starts=np.zeros(count, np.int32),
        best_staff=np.zeros((count, kinds), np.int32),
        tally=np.array([np.iinfo(np.int32).max, 0, 0, 0], np.int64),
        state=np.array([state], np.uint64),
    )
