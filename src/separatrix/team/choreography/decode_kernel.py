"""Compiled: from an order of priority to a whole plan, activity by activity.

Serial schedule generation: of the blocks whose predecessors stand, the most urgent one is placed at the
first moment at which its rooms, sterile fields, equipment and people are free. Breaks need no times of
their own here: nobody takes on work that would leave him without one. A cover is laid when it begins, with
the best knowledge there is of when critical activities run.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from separatrix.team.choreography.cover_kernel import cut_chain, lay_chain, make_way, stretch_chain, take_out
from separatrix.team.choreography.people_kernel import MOST_LEADS, Day, give_back, match, remember_lead, take

SPARE_MIN = 30
"""A cover is laid so far beyond its expected end, and cut when that is known."""

PATIENCE = 12
"""After so many moments at which handovers stand in the way, every other moment is tried."""

MOST_TURNS = 160
"""Stretches of one person that can be entered."""

NEVER = 1 << 40
"""Later than any minute."""


@nb.njit(cache=True, nogil=True)
def _new_day(pb, past):  # type: ignore[no-untyped-def]
    people, activities, slots = len(pb.shift), len(pb.length), len(pb.slot_kind)
    stretches = len(past.stretches) + 64
    for c in range(len(pb.cover_kind)):
        stretches += 200 * pb.cover_count[c]
    most = MOST_TURNS
    words = 1
    for i in range(slots):
        words = max(words, pb.slot_lead[i] + 1)
    return Day(
        np.zeros(people, np.int64),
        np.zeros((people, most), np.int64),
        np.zeros((people, most), np.int64),
        np.zeros(people, np.int64),
        np.full((words, MOST_LEADS), -1, np.int64),
        np.full(activities, -1, np.int64),
        np.full(activities, -1, np.int64),
        np.full(slots, -1, np.int64),
        np.zeros(activities, np.int64),
        np.zeros((stretches, 6), np.int64),
        np.zeros(3, np.int64),
    )


@nb.njit(cache=True, nogil=True)
def _bits(mask):  # type: ignore[no-untyped-def]
    count = 0
    while mask:
        count += mask & 1
        mask >>= 1
    return count


@nb.njit(cache=True, nogil=True)
def _places_taken(pb, day, inside, n, a, room, at):  # type: ignore[no-untyped-def]
    """Places taken in a room at a moment, with activity a in it."""
    mask = pb.place_mask[a]
    alone = 1 if mask == 0 else 0
    for i in range(n):
        o = inside[i]
        if day.room[o] == room and day.start[o] <= at < day.start[o] + pb.length[o]:
            mask |= pb.place_mask[o]
            alone += pb.place_mask[o] == 0
    return _bits(mask) + alone


@nb.njit(cache=True, nogil=True)
def _room_free(pb, day, inside, n, a, room, s, e):  # type: ignore[no-untyped-def]
    """NEVER if activity a can be in the room from s to e, otherwise when it may be worth asking again."""
    for i in range(len(pb.closed)):
        if pb.closed[i, 0] == room and max(pb.closed[i, 1], s) < min(pb.closed[i, 2], e):
            return pb.closed[i, 2]
    soonest = NEVER
    crowded = _places_taken(pb, day, inside, n, a, room, s) > pb.room_places[room]
    for i in range(n):
        o = inside[i]
        if day.room[o] < 0:
            continue
        if day.room[o] != room:
            if pb.patient_mask[a] & pb.patient_mask[o]:
                return day.start[o] + pb.length[o]
            continue
        soonest = min(soonest, day.start[o] + pb.length[o])
        at = max(day.start[o], s)
        if _places_taken(pb, day, inside, n, a, room, at) > pb.room_places[room]:
            crowded = True
    if crowded and soonest == NEVER:
        return e
    return soonest if crowded else NEVER


@nb.njit(cache=True, nogil=True)
def _equipment_free(pb, day, inside, n, a, s):  # type: ignore[no-untyped-def]
    """NEVER if there is enough equipment, otherwise when some is given back."""
    for item in range(len(pb.equipment_count)):
        held = pb.equipment[a, item]
        if held == 0:
            continue
        soonest = NEVER
        for i in range(n):
            if pb.equipment[inside[i], item] > 0:
                soonest = min(soonest, day.start[inside[i]] + pb.length[inside[i]])
        for i in range(-1, n):
            at = s if i < 0 else max(day.start[inside[i]], s)
            used = held
            for j in range(n):
                o = inside[j]
                if day.start[o] <= at < day.start[o] + pb.length[o]:
                    used += pb.equipment[o, item]
            if used > pb.equipment_count[item]:
                return soonest
    return NEVER


@nb.njit(cache=True, nogil=True)
def _place(pb, day, a, s, inside):  # type: ignore[no-untyped-def]
    """Give activity a its place from s; NEVER if it has one, otherwise when to ask again."""
    e = s + pb.length[a]
    first, last = pb.room_ptr[a], pb.room_ptr[a + 1]
    day.room[a] = pb.room_choice[first] if last > first else -1
    if e == s:
        return NEVER
    n, again = 0, NEVER
    for i in range(day.sizes[0]):
        o = day.placed[i]
        end = day.start[o] + pb.length[o]
        if day.start[o] < e and end > s and pb.length[o] > 0:
            inside[n] = o
            n += 1
            if pb.field_mask[a] & pb.field_mask[o]:
                again = min(again, end)
    if again < NEVER:
        return again
    again = _equipment_free(pb, day, inside, n, a, s)
    if again < NEVER or last == first:
        return again
    for k in range(first, last):
        free = _room_free(pb, day, inside, n, a, pb.room_choice[k], s, e)
        if free == NEVER:
            day.room[a] = pb.room_choice[k]
            return NEVER
        again = min(again, free)
    return again


@nb.njit(cache=True, nogil=True)
def _place_block(pb, day, todo, s, inside):  # type: ignore[no-untyped-def]
    """Give all activities of a block their places from s, or none of them."""
    before = day.sizes[0]
    for a in todo:
        again = _place(pb, day, a, s, inside)
        if again < NEVER:
            for i in range(before, day.sizes[0]):
                day.start[day.placed[i]] = -1
            day.sizes[0] = before
            return again
        day.start[a] = s
        day.placed[day.sizes[0]] = a
        day.sizes[0] += 1
    return NEVER


@nb.njit(cache=True, nogil=True)
def _withdraw(day, todo):  # type: ignore[no-untyped-def]
    for a in todo:
        day.start[a] = -1
    day.sizes[0] -= len(todo)


@nb.njit(cache=True, nogil=True)
def _last_chance(pb, day, earliest):  # type: ignore[no-untyped-def]
    """After this minute nobody and nothing becomes free any more."""
    latest = earliest
    for p in range(len(pb.shift)):
        latest = max(latest, pb.shift[p, 0])
        if day.filled[p]:
            latest = max(latest, day.end[p, day.filled[p] - 1] + pb.rest)
    for i in range(day.sizes[0]):
        latest = max(latest, day.start[day.placed[i]] + pb.length[day.placed[i]])
    for i in range(len(pb.closed)):
        if pb.closed[i, 2] < NEVER // 4:
            latest = max(latest, pb.closed[i, 2])
    return latest + pb.grid


@nb.njit(cache=True, nogil=True)
def _slots_of(pb, todo):  # type: ignore[no-untyped-def]
    """Slots of the activities, and the activity of each."""
    n = 0
    for a in todo:
        n += pb.slot_ptr[a + 1] - pb.slot_ptr[a]
    slots, acts = np.empty(n, np.int64), np.empty(n, np.int64)
    n = 0
    for a in todo:
        for slot in range(pb.slot_ptr[a], pb.slot_ptr[a + 1]):
            slots[n], acts[n] = slot, a
            n += 1
    return slots, acts


@nb.njit(cache=True, nogil=True)
def _enter_people(pb, day, slots, acts, chosen, at):  # type: ignore[no-untyped-def]
    """Enter who serves; who leads is remembered by `_schedule_block`."""
    for i in range(len(slots)):
        if chosen[i] >= 0:
            take(day, chosen[i], at, at + pb.length[acts[i]])


@nb.njit(cache=True, nogil=True)
def _schedule_block(pb, past, day, todo, earliest, person_cost, predicted, target):  # type: ignore[no-untyped-def]
    """Place a block at the first moment at which it can be done, else where least is missing."""
    slots, acts = _slots_of(pb, todo)
    chosen, inside = np.empty(len(slots), np.int64), np.empty(len(pb.length), np.int64)
    last = _last_chance(pb, day, earliest)
    s = -(-earliest // pb.grid) * pb.grid
    best, best_at, done, refused = -1, -1, False, 0
    while s <= last and not done:
        again = _place_block(pb, day, todo, s, inside)
        if again < NEVER:
            s = max(-(-again // pb.grid) * pb.grid, s + pb.grid)
            continue
        served = match(pb, past, day, slots, acts, s, person_cost, chosen)
        if served == len(slots):
            _enter_people(pb, day, slots, acts, chosen, s)
            if make_way(pb, past, day, predicted, person_cost, target, todo):
                best, best_at, done = served, s, True
                break
            refused += 1
            for i in range(len(slots)):
                give_back(day, chosen[i], s)
        _withdraw(day, todo)
        if served > best or (served == len(slots) and best_at < 0):
            best, best_at = served, s
        s += pb.grid * (1 if refused < PATIENCE else 2)
    if not done:
        best_at = _make_do(pb, past, day, todo, slots, acts, best_at, earliest, person_cost, chosen, inside)
        _enter_people(pb, day, slots, acts, chosen, best_at)
        if not make_way(pb, past, day, predicted, person_cost, target, todo):
            day.sizes[2] += 1
    for i in range(len(slots)):
        day.person[slots[i]] = chosen[i]
        if chosen[i] < 0:
            day.sizes[2] += 1
        elif pb.slot_lead[slots[i]] >= 0:
            remember_lead(day, pb.slot_lead[slots[i]], chosen[i])


@nb.njit(cache=True, nogil=True)
def _make_do(pb, past, day, todo, slots, acts, at, earliest, person_cost, chosen, inside):  # type: ignore[no-untyped-def]
    """Place a block although something is missing: people, or a place."""
    if at < 0:
        at = -(-earliest // pb.grid) * pb.grid
        for a in todo:
            day.start[a], day.room[a] = at, -1
            day.placed[day.sizes[0]] = a
            day.sizes[0] += 1
            day.sizes[2] += 1
    else:
        _place_block(pb, day, todo, at, inside)
    match(pb, past, day, slots, acts, at, person_cost, chosen)
    return at


@nb.njit(cache=True, nogil=True)
def _lay_past(pb, past, day):  # type: ignore[no-untyped-def]
    """Enter what has happened; stretches of cover that are still open end as planned, until they are laid."""
    for a in range(len(pb.length)):
        if past.start[a] < 0:
            continue
        day.start[a], day.room[a] = past.start[a], past.room[a]
        day.placed[day.sizes[0]] = a
        day.sizes[0] += 1
        for slot in range(pb.slot_ptr[a], pb.slot_ptr[a + 1]):
            p = past.person[slot]
            day.person[slot] = p
            if p >= 0:
                take(day, p, past.start[a], past.start[a] + pb.length[a])
                if pb.slot_lead[slot] >= 0:
                    remember_lead(day, pb.slot_lead[slot], p)
    for i in range(len(past.stretches)):
        row = past.stretches[i]
        first = 1 if _is_first(past.stretches, i) else 0
        out = day.stretches[day.sizes[1]]
        out[0], out[1], out[2], out[3], out[4], out[5] = row[0], row[1], row[2], row[3], row[4], first
        day.sizes[1] += 1
        take(day, row[2], row[3], row[4])


@nb.njit(cache=True, nogil=True)
def _is_first(stretches, i):  # type: ignore[no-untyped-def]
    for j in range(len(stretches)):
        if (
            stretches[j, 0] == stretches[i, 0]
            and stretches[j, 1] == stretches[i, 1]
            and stretches[j, 3] < stretches[i, 3]
        ):
            return False
    return True


@nb.njit(cache=True, nogil=True)
def _expected_end(pb, past, day, predicted, c):  # type: ignore[no-untyped-def]
    a = pb.cover_ends[c]
    if day.start[a] >= 0:
        return day.start[a] + pb.length[a]
    spare = SPARE_MIN if past.now == 0 else 0  # a day that has begun keeps its turns as planned
    return predicted[a] + pb.length[a] + spare


@nb.njit(cache=True, nogil=True)
def _begin_cover(pb, past, day, predicted, person_cost, target, c):  # type: ignore[no-untyped-def]
    """Lay a cover whose first activity stands."""
    begin = day.start[pb.cover_begins[c]]
    until = max(_expected_end(pb, past, day, predicted, c), begin + 1)
    begun = False
    for i in range(len(past.stretches)):
        row = past.stretches[i]
        if row[0] != c:
            continue
        begun = True
        if row[5] == 1:
            first = 1 if _is_first(past.stretches, i) else 0
            take_out(day, c, row[1], row[3])
            lay_chain(
                pb, past, day, predicted, person_cost, c, row[1], row[2], row[3], until, target[c], first
            )
    if begun:
        return
    for chain in range(pb.cover_count[c]):
        lay_chain(pb, past, day, predicted, person_cost, c, chain, -1, begin, until, target[c], 1)


@nb.njit(cache=True, nogil=True)
def _settle_covers(pb, past, day, predicted, person_cost, target):  # type: ignore[no-untyped-def]
    """End every cover exactly where its last activity ends."""
    for lengthen in (False, True):
        for c in range(len(pb.cover_kind)):
            a = pb.cover_ends[c]
            until = day.start[a] + pb.length[a]
            for chain in range(pb.cover_count[c]):
                if lengthen:
                    stretch_chain(pb, past, day, predicted, person_cost, c, chain, until, target[c])
                else:
                    cut_chain(pb, past, day, c, chain, until)


@nb.njit(cache=True, nogil=True)
def decode(pb, past, priority, person_cost, target, predicted, with_covers):  # type: ignore[no-untyped-def]
    """A whole plan from an order of priority.

    Parameters
    ----------
    pb, past
        The problem, and what is fixed.
    priority
        (b,) the lower, the earlier a block is placed.
    person_cost
        (p,) added to the value of a person; the cheapest who can serve does.
    target
        (c,) length in minutes that stretches of a cover shall have.
    predicted
        (n,) starts that are expected, -1 where nothing is; they guide the handovers.
    with_covers
        Whether covers are laid.

    Returns
    -------
    Day
        ``sizes[2]`` counts what could not be had; 0 for a plan that can be carried out.
    """
    day = _new_day(pb, past)
    _lay_past(pb, past, day)
    blocks = len(pb.release)
    if with_covers:
        for c in range(len(pb.cover_kind)):
            if day.start[pb.cover_begins[c]] >= 0:
                _begin_cover(pb, past, day, predicted, person_cost, target, c)
    waiting = np.zeros(blocks, np.int64)
    done = np.zeros(blocks, np.bool_)
    followers_ptr, followers = _followers(pb)
    ready_at = np.maximum(pb.release, past.now)
    for b in range(blocks):
        waiting[b] = pb.pred_ptr[b + 1] - pb.pred_ptr[b]
    for _ in range(blocks):
        chosen = -1
        for b in range(blocks):
            if not done[b] and waiting[b] == 0 and (chosen < 0 or priority[b] < priority[chosen]):
                chosen = b
        done[chosen] = True
        acts = pb.block_acts[pb.block_ptr[chosen] : pb.block_ptr[chosen + 1]]
        todo = acts[day.start[acts] < 0]
        if len(todo):
            _schedule_block(pb, past, day, todo, ready_at[chosen], person_cost, predicted, target)
            if with_covers:
                for c in range(len(pb.cover_kind)):
                    for a in todo:
                        if pb.cover_begins[c] == a:
                            _begin_cover(pb, past, day, predicted, person_cost, target, c)
        for i in range(followers_ptr[chosen], followers_ptr[chosen + 1]):
            q, offset = followers[i, 0], followers[i, 1]
            waiting[q] -= 1
            ready_at[q] = max(ready_at[q], day.start[acts[0]] + offset)
    if with_covers:
        _settle_covers(pb, past, day, predicted, person_cost, target)
    return day


@nb.njit(cache=True, nogil=True)
def _followers(pb):  # type: ignore[no-untyped-def]
    """Successors of each block: pointers, and rows of block and offset."""
    blocks = len(pb.release)
    ptr = np.zeros(blocks + 1, np.int64)
    for p in pb.pred_block:
        ptr[p + 1] += 1
    for b in range(blocks):
        ptr[b + 1] += ptr[b]
    fill = ptr[:-1].copy()
    rows = np.empty((len(pb.pred_block), 2), np.int64)
    for q in range(blocks):
        for i in range(pb.pred_ptr[q], pb.pred_ptr[q + 1]):
            p = pb.pred_block[i]
            rows[fill[p], 0], rows[fill[p], 1] = q, pb.pred_off[i]
            fill[p] += 1
    return ptr, rows
