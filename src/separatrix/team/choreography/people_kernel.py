"""Compiled: the day of each person, and who of them serves. Loaded only where it is needed."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np

from separatrix.team.choreography.arrays import Ints

MOST_LEADS = 6
"""Successive leads of one continuity that are remembered."""

LEAD_SHARE = 20.0
"""Weight of a long shift when a new lead is chosen, against values of 0 to 10."""

EVEN_MIN = 20.0
"""Minutes of work: so much more counts against a person as much as one point of value."""


class Day(NamedTuple):
    """The plan in the making. n activities, s slots, p people, t stretches at most."""

    filled: Ints
    """(p,) stretches of work of each person."""
    begin: Ints
    """(p, t) starts, sorted."""
    end: Ints
    """(p, t) ends."""
    work: Ints
    """(p,) minutes of work."""
    leads: Ints
    """(words, MOST_LEADS) people who have led, who led last at the end, -1 for none."""
    start: Ints
    """(n,) minutes, -1 where not yet placed."""
    room: Ints
    """(n,) room, -1 for none."""
    person: Ints
    """(s,) who serves, -1 for nobody."""
    placed: Ints
    """(n,) activities in the order of placing."""
    stretches: Ints
    """(t, 6) cover, chain, person, start, end, whether the chain begins with it."""
    sizes: Ints
    """(3,) how many are placed, how many stretches, what could not be had."""


@nb.njit(cache=True, nogil=True)
def fits(pb, past, day, p, s, e):  # type: ignore[no-untyped-def]
    """Whether a person can take on work from s to e: on shift, free, rested, within the longest duty."""
    if s < pb.shift[p, 0] or e > pb.shift[p, 1] or s < past.free_from[p]:
        return False
    n = day.filled[p]
    if n >= day.begin.shape[1] - 2:
        return False
    k = n
    while k > 0 and day.begin[p, k - 1] >= s:
        k -= 1
    if k > 0 and day.end[p, k - 1] > s:
        return False
    if k < n and day.begin[p, k] < e:
        return False
    if pb.duty > 0 and n > 0:
        if max(e, day.end[p, n - 1]) - min(s, day.begin[p, 0]) > pb.duty:
            return False
    elif pb.duty > 0 and e - s > pb.duty:
        return False
    if pb.rest > 0:
        first, last = s, e
        j = k - 1
        while j >= 0 and first - day.end[p, j] < pb.rest:
            first = day.begin[p, j]
            j -= 1
        j = k
        while j < n and day.begin[p, j] - last < pb.rest:
            last = day.end[p, j]
            j += 1
        if last - first > pb.within:
            return False
    return True


@nb.njit(cache=True, nogil=True)
def take(day, p, s, e):  # type: ignore[no-untyped-def]
    """Enter work of a person."""
    k = day.filled[p]
    while k > 0 and day.begin[p, k - 1] > s:
        day.begin[p, k] = day.begin[p, k - 1]
        day.end[p, k] = day.end[p, k - 1]
        k -= 1
    day.begin[p, k] = s
    day.end[p, k] = e
    day.filled[p] += 1
    day.work[p] += e - s


@nb.njit(cache=True, nogil=True)
def give_back(day, p, s):  # type: ignore[no-untyped-def]
    """Take out the work of a person that starts at s."""
    k = 0
    while day.begin[p, k] != s:
        k += 1
    day.work[p] -= day.end[p, k] - s
    for j in range(k, day.filled[p] - 1):
        day.begin[p, j] = day.begin[p, j + 1]
        day.end[p, j] = day.end[p, j + 1]
    day.filled[p] -= 1


@nb.njit(cache=True, nogil=True)
def established_lead(pb, day, word, s, e):  # type: ignore[no-untyped-def]
    """Who led last of those who are on shift from s to e, or -1."""
    for i in range(MOST_LEADS - 1, -1, -1):
        p = day.leads[word, i]
        if p >= 0 and s >= pb.shift[p, 0] and e <= pb.shift[p, 1]:
            return p
    return -1


@nb.njit(cache=True, nogil=True)
def remember_lead(day, word, p):  # type: ignore[no-untyped-def]
    """Enter a person as who led last."""
    row = day.leads[word]
    place = 0
    for i in range(MOST_LEADS):
        if row[i] == p:
            place = i
    for i in range(place, MOST_LEADS - 1):
        row[i] = row[i + 1]
    row[MOST_LEADS - 1] = p


@nb.njit(cache=True, nogil=True)
def _candidates(pb, past, day, slots, slot_act, at, person_cost):  # type: ignore[no-untyped-def]
    """For each slot its candidates, cheapest first; row length -1 ends."""
    people = len(pb.shift)
    table = np.full((len(slots), people + 1), -1, np.int64)
    keys = np.empty(people)
    for i in range(len(slots)):
        slot, act = slots[i], slot_act[i]
        s, e = at, at + pb.length[act]
        word, kind = pb.slot_lead[slot], pb.slot_kind[slot]
        lead = established_lead(pb, day, word, s, e) if word >= 0 else -1
        found = 0
        for p in range(people):
            keys[p] = np.inf
            if not pb.kind_ok[kind, p] or (lead >= 0 and p != lead):
                continue
            if not fits(pb, past, day, p, s, e):
                continue
            key = person_cost[p] + pb.value[p] + day.work[p] / EVEN_MIN
            if word >= 0:
                key -= LEAD_SHARE * pb.shift_share[p] + pb.value[p]
            if past.hint_person[slot] == p:
                key -= 1000.0
            keys[p] = key
            found += 1
        ranked = np.argsort(keys, kind="mergesort")
        for j in range(found):
            table[i, j] = ranked[j]
    return table


@nb.njit(cache=True, nogil=True)
def match(pb, past, day, slots, slot_act, at, person_cost, chosen):  # type: ignore[no-untyped-def]
    """Give each slot a person of its own by augmenting paths, the least valuable first.

    Fills `chosen` (person of each slot, -1 for nobody) and returns how many slots are served.
    """
    people = len(pb.shift)
    table = _candidates(pb, past, day, slots, slot_act, at, person_cost)
    holder = np.full(people, -1, np.int64)
    came_from = np.empty(people, np.int64)
    queue = np.empty(len(slots), np.int64)
    served = 0
    for i in range(len(slots)):
        chosen[i] = -1
    for root in range(len(slots)):
        came_from[:] = -2
        queue[0] = root
        head, tail, free = 0, 1, -1
        while head < tail and free < 0:
            i = queue[head]
            head += 1
            for j in range(people):
                p = table[i, j]
                if p < 0:
                    break
                if came_from[p] != -2:
                    continue
                came_from[p] = i
                if holder[p] < 0:
                    free = p
                    break
                queue[tail] = holder[p]
                tail += 1
        if free < 0:
            continue
        served += 1
        while True:
            i = came_from[free]
            before = chosen[i]
            chosen[i] = free
            holder[free] = i
            if i == root:
                break
            free = before
    return served
