"""Compiled decoder of plain projects: a list of activities becomes a schedule with its people.

Serial generation: each activity in the order of the list starts as early as its predecessors, the
resources and the people allow. People are taken least valuable kind first, by augmenting paths: what is
taken is the cheapest crew, as crews that can be matched to skills form a matroid.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]


class Instance(NamedTuple):
    """A project as arrays; n activities, R pools, S skills, C kinds of people.

    A pool is a renewable resource or the people who have any of a family of skills.
    """

    lengths: Ints
    """(n,)"""
    before_at: Ints
    """(n + 1,) where the predecessors of an activity begin in `before`."""
    before: Ints
    after_at: Ints
    """(n + 1,) the same for successors."""
    after: Ints
    demands: Ints
    """(n, R) least that an activity takes of each pool."""
    capacities: Ints
    """(R,)"""
    members: Ints
    """(C, R) 1 where people of a kind are of a pool; 0 for every resource."""
    wanted: Ints
    """(n, S) people by skill."""
    masks: npt.NDArray[np.int64]
    """(C,) skills of each kind, as bits."""
    people: Ints
    """(C,) how many there are of each kind."""
    every_skill: bool
    """Whether a person counts for all skills at once."""
    rank: Ints
    """(n,) place of each activity in one topological order."""


class Space(NamedTuple):
    """Work space of `decode`; clean between calls."""

    spare: Ints
    """(T, R) what is left of each pool at each time; the capacities where clean."""
    busy: Ints
    """(T, C) people at work; 0 where clean."""
    free: Ints
    """(C,) people free for all of a window."""
    turn: Ints
    """(C,) kinds in the order in which they are taken."""
    left: Ints
    """(S,) people still wanted by skill."""
    matched: Ints
    """(C, S)"""
    queue: Ints
    """(S,)"""
    from_skill: Ints
    """(S,)"""
    from_kind: Ints
    """(S,)"""


@nb.njit(cache=True, nogil=True)
def decode(instance, order, values, backward, starts, staff, space):  # type: ignore[no-untyped-def]
    """Schedule by a list; returns the makespan.

    Parameters
    ----------
    instance
        The project.
    order
        (n,) activities, each after its predecessors (before them where `backward`).
    values
        (n, C) value of each kind of people to each activity; the lowest go first.
    backward
        Whether time runs from the end of the project to its start.
    starts, staff
        Filled: (n,) start of each activity, (n, C) people of each kind.
    space
        Work space, clean before and after.
    """
    lengths, demands, spare = instance.lengths, instance.demands, space.spare
    pools, kinds = demands.shape[1], instance.people.shape[0]
    ends = np.zeros(lengths.shape[0], np.int32)
    at, links = (instance.after_at, instance.after) if backward else (instance.before_at, instance.before)
    makespan = 0
    for activity in order:
        time, length = 0, lengths[activity]
        for link in range(at[activity], at[activity + 1]):
            time = max(time, ends[links[link]])
        staff[activity, :] = 0
        if kinds and length:
            sort_kinds(values[activity], space.turn)
        slot = time + length - 1
        while slot >= time:  # from the end of the window back: a clash moves the start behind it
            short = False
            for pool in range(pools):
                short |= spare[slot, pool] < demands[activity, pool]
            if short:
                time = slot + 1
                slot = time + length
            elif slot == time and kinds and not crew_at(instance, activity, time, staff[activity], space):
                time += 1
                slot = time + length
            slot -= 1
        for slot in range(time, time + length):
            for pool in range(pools):
                spare[slot, pool] -= demands[activity, pool]
        if kinds and length:
            occupy(instance, activity, time, staff[activity], space)
        starts[activity] = time
        ends[activity] = time + length
        makespan = max(makespan, ends[activity])
    spare[:makespan] = instance.capacities
    space.busy[:makespan] = 0
    return makespan


@nb.njit(cache=True, nogil=True)
def sort_kinds(values, turn):  # type: ignore[no-untyped-def]
    """Kinds by value, lowest first, by insertion: they are few."""
    for kind in range(values.shape[0]):
        place = kind
        while place > 0 and values[turn[place - 1]] > values[kind]:
            turn[place] = turn[place - 1]
            place -= 1
        turn[place] = kind


@nb.njit(cache=True, nogil=True)
def crew_at(instance, activity, time, crew, space):  # type: ignore[no-untyped-def]
    """Take people who are free for all of an activity; whether there are enough."""
    busy, free = space.busy, space.free
    for kind in range(free.shape[0]):
        most = 0
        for slot in range(time, time + instance.lengths[activity]):
            most = max(most, busy[slot, kind])
        free[kind] = instance.people[kind] - most
    return take_crew(instance, activity, crew, space)


@nb.njit(cache=True, nogil=True)
def occupy(instance, activity, time, crew, space):  # type: ignore[no-untyped-def]
    """Note who is at work, and what a crew takes of the pools beyond the least."""
    demands, members, spare, busy = instance.demands, instance.members, space.spare, space.busy
    for pool in range(demands.shape[1]):
        people = 0
        for kind in range(crew.shape[0]):
            people += crew[kind] * members[kind, pool]
        more = people - demands[activity, pool]
        if more > 0:
            for slot in range(time, time + instance.lengths[activity]):
                spare[slot, pool] -= more
    for slot in range(time, time + instance.lengths[activity]):
        for kind in range(crew.shape[0]):
            busy[slot, kind] += crew[kind]


@nb.njit(cache=True, nogil=True)
def take_crew(instance, activity, crew, space):  # type: ignore[no-untyped-def]
    """Take people for an activity from the free ones, kinds in their turn; whether there are enough."""
    left, free, turn = space.left, space.free, space.turn
    missing = 0
    asked = np.int64(0)
    for skill in range(left.shape[0]):
        left[skill] = instance.wanted[activity, skill]
        missing += left[skill]
        if left[skill] > 0:
            asked |= np.int64(1) << skill
            able = 0
            for kind in range(free.shape[0]):
                if (instance.masks[kind] >> skill) & 1:
                    able += free[kind]
            if able < left[skill]:
                return False
    crew[:] = 0
    if missing == 0:
        return True
    if instance.every_skill:
        cover_skills(instance.masks, turn, free, left, crew)
        return True
    space.matched[:] = 0
    for kind in turn:
        useful = instance.masks[kind] & asked
        while missing > 0 and crew[kind] < free[kind] and useful:
            if not augment(instance.masks, kind, asked, space):
                break
            crew[kind] += 1
            missing -= 1
    return missing == 0


@nb.njit(cache=True, nogil=True)
def augment(masks, newcomer, asked, space):  # type: ignore[no-untyped-def]
    """Add one person of a kind to a matching, moving others to another of their skills if need be."""
    left, matched, queue = space.left, space.matched, space.queue
    from_skill, from_kind = space.from_skill, space.from_kind
    skills = left.shape[0]
    head, tail = 0, 0
    for skill in range(skills):
        from_skill[skill] = -2
        if (masks[newcomer] & asked) >> skill & 1:
            if left[skill] > 0:  # the common case: nobody has to move
                left[skill] -= 1
                matched[newcomer, skill] += 1
                return True
            from_skill[skill] = -1
            from_kind[skill] = newcomer
            queue[tail] = skill
            tail += 1
    while head < tail:
        skill = queue[head]
        head += 1
        if left[skill] > 0:
            left[skill] -= 1
            while True:
                mover, source = from_kind[skill], from_skill[skill]
                matched[mover, skill] += 1
                if source == -1:
                    return True
                matched[mover, source] -= 1
                skill = source
        for kind in range(masks.shape[0]):
            if matched[kind, skill] > 0:
                for other in range(skills):
                    if from_skill[other] == -2 and (masks[kind] & asked) >> other & 1:
                        from_skill[other] = skill
                        from_kind[other] = kind
                        queue[tail] = other
                        tail += 1
    return False


@nb.njit(cache=True, nogil=True)
def cover_skills(masks, turn, free, left, crew):  # type: ignore[no-untyped-def]
    """Take people who each count for all their skills, until every skill is covered; then drop the idle.

    The one who covers most missing skills comes next, the less valuable of equals; there are enough.
    """
    skills = left.shape[0]
    while True:
        best, most = -1, 0
        for kind in turn:
            if crew[kind] >= free[kind]:
                continue
            covered = 0
            for skill in range(skills):
                if left[skill] > 0 and (masks[kind] >> skill) & 1:
                    covered += 1
            if covered > most:
                best, most = kind, covered
        if best < 0:
            break
        crew[best] += 1
        for skill in range(skills):
            if (masks[best] >> skill) & 1:
                left[skill] -= 1
    for place in range(turn.shape[0] - 1, -1, -1):
        kind = turn[place]
        while crew[kind] > 0:
            spare = True
            for skill in range(skills):
                if (masks[kind] >> skill) & 1 and left[skill] >= 0:
                    # nobody too many: this one is missed unless the skill was never asked for
                    spare = False
            if not spare:
                break
            crew[kind] -= 1
            for skill in range(skills):
                if (masks[kind] >> skill) & 1:
                    left[skill] += 1


@nb.njit(cache=True, nogil=True)
def by_start(instance, starts):  # type: ignore[no-untyped-def]
    """Activities by start; equal ones in topological order."""
    count = starts.shape[0]
    return np.argsort(starts.astype(np.int64) * count + instance.rank).astype(np.int32)


@nb.njit(cache=True, nogil=True)
def by_end(instance, starts):  # type: ignore[no-untyped-def]
    """Activities by end, last first; equal ones against the topological order."""
    count = starts.shape[0]
    keys = -((starts + instance.lengths).astype(np.int64) * count + instance.rank)
    return np.argsort(keys).astype(np.int32)


def space_for(instance: Any) -> Space:
    """Clean work space, long enough for everything one after the other."""
    horizon = int(instance.lengths.sum()) + 1
    kinds, skills = instance.people.shape[0], instance.wanted.shape[1]
    return Space(
        spare=np.tile(instance.capacities, (horizon, 1)),
        busy=np.zeros((horizon, kinds), np.int32),
        free=instance.people.copy(),
        turn=np.arange(kinds, dtype=np.int32),
        left=np.zeros(skills, np.int32),
        matched=np.zeros((kinds, skills), np.int32),
        queue=np.zeros(skills, np.int32),
        from_skill=np.zeros(skills, np.int32),
        from_kind=np.zeros(skills, np.int32),
    )
