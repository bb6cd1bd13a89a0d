"""Compiled: continuous roles as chains of stretches, each handed over to the next."""

from __future__ import annotations

import numba as nb
import numpy as np

from separatrix.team.choreography.people_kernel import EVEN_MIN, fits, give_back, take

STEP_MIN = 5
"""Spacing of the handover times that are tried, in minutes."""

DISTURBS = 400.0
"""Weight, in minutes off the target, of a handover inside a critical activity where it is expected."""

TOO_NEAR = 80.0
"""The same for a handover closer to a critical activity than the rules want it."""

SHARED_PAUSE = 20.0
"""The same where another cover changes hands at that minute: critical work waits for both at once."""

TOO_SHORT = 5000.0
"""The same for a stretch that has begun and ends before its shortest length."""

TRIES_BACK = 2
"""A handover that is in the way is moved by laying its chain anew from so many turns before it."""

PLANNED = 1000.0
"""Weight of keeping what was planned before."""


@nb.njit(cache=True, nogil=True)
def _disturbance(pb, past, day, predicted, c, s, e):  # type: ignore[no-untyped-def]
    """Weight of a handover from s to e; infinite inside a placed activity that is guarded."""
    worst = 0.0
    for a in range(len(pb.length)):
        if not pb.near[c, a] or pb.length[a] == 0:
            continue
        placed = day.start[a] >= 0
        begin = day.start[a] if placed else predicted[a]
        if begin < 0:
            continue
        end = begin + pb.length[a]
        if max(begin, s) < min(end, e):
            if placed and begin >= past.now and pb.guard[c, a]:
                return np.inf
            worst = max(worst, DISTURBS)
        elif s < end + pb.clear and e > begin - pb.clear:
            worst = max(worst, TOO_NEAR)
    if worst > 0:
        for i in range(day.sizes[1]):
            if day.stretches[i, 5] == 0 and day.stretches[i, 3] == s:
                return SHARED_PAUSE
    return worst


@nb.njit(cache=True, nogil=True)
def _planned_end(past, c, p, u):  # type: ignore[no-untyped-def]
    """When a stretch was planned to end, -1 if none was planned so."""
    for i in range(len(past.hint_stretches)):
        row = past.hint_stretches[i]
        if row[0] == c and row[1] == p and row[2] == u:
            return row[3]
    return -1


@nb.njit(cache=True, nogil=True)
def _relief_exists(pb, past, day, c, p, s, until):  # type: ignore[no-untyped-def]
    """Whether somebody else can take over at s for at least the shortest stretch."""
    kind = pb.cover_kind[c]
    e = min(s + pb.cover_shortest[c], until)
    for q in range(len(pb.shift)):  # noqa: SIM110 - the compiler knows no generators
        if q != p and pb.kind_ok[kind, q] and fits(pb, past, day, q, s, e):
            return True
    return False


@nb.njit(cache=True, nogil=True)
def _end_options(pb, past, day, predicted, c, u, until, target, begun):  # type: ignore[no-untyped-def]
    """Ends of a stretch that starts at u, with what speaks against each."""
    longest, shortest = pb.cover_longest[c], max(pb.cover_shortest[c], pb.handover + 1)
    lowest = max(u + shortest, past.now + pb.handover)
    if begun:
        lowest = max(u + pb.handover + 1, past.now + pb.handover)
    highest = min(u + longest, until - 1)
    if begun:
        highest = max(highest, min(past.now + pb.handover, until - 1))
    ends = np.empty(max(highest - lowest, 0) // STEP_MIN + 3, np.int64)
    against = np.empty(len(ends))
    n = 0
    if until - u <= longest or (begun and lowest >= until):
        ends[n], against[n] = until, 0.0
        n += 1
    v = lowest
    while v <= highest:
        weight = _disturbance(pb, past, day, predicted, c, v - pb.handover, v)
        if weight < np.inf:
            ends[n], against[n] = v, weight + abs(v - u - target)
            if v < u + shortest:
                against[n] += TOO_SHORT
            if until - u <= longest:
                against[n] += 1.0 * longest
            n += 1
        if v < highest and v + STEP_MIN > highest:
            v = highest
        else:
            v += STEP_MIN
    return ends[:n], against[:n]


@nb.njit(cache=True, nogil=True)
def _choose(pb, past, day, predicted, person_cost, c, u, until, target, fixed):  # type: ignore[no-untyped-def]
    """End and person of the stretch from u, -1 and -1 if there is none."""
    ends, against = _end_options(pb, past, day, predicted, c, u, until, target, fixed >= 0 and u < past.now)
    people = len(pb.shift)
    keys = np.empty(people)
    kind = pb.cover_kind[c]
    for p in range(people):
        able = p == fixed or (fixed < 0 and pb.kind_ok[kind, p])
        keys[p] = person_cost[p] + pb.value[p] + day.work[p] / EVEN_MIN if able else np.inf
        if able:
            planned = _planned_end(past, c, p, u)
            if planned >= 0:
                keys[p] -= PLANNED
                for i in range(len(ends)):
                    if ends[i] == planned:
                        against[i] -= PLANNED
    ranked = np.argsort(keys, kind="mergesort")
    for relieved in (True, False):  # at worst the longest turn, and whoever comes then
        order = np.argsort(against, kind="mergesort") if relieved else np.argsort(-ends, kind="mergesort")
        for i in order:
            v = ends[i]
            for j in range(people):
                p = ranked[j]
                if keys[p] == np.inf:
                    break
                if fits(pb, past, day, p, u, v) and (
                    not relieved or v == until or _relief_exists(pb, past, day, c, p, v - pb.handover, until)
                ):
                    return v, p
    return -1, -1


@nb.njit(cache=True, nogil=True)
def _enter(day, c, chain, p, u, v, first):  # type: ignore[no-untyped-def]
    row = day.stretches[day.sizes[1]]
    row[0], row[1], row[2], row[3], row[4], row[5] = c, chain, p, u, v, first
    day.sizes[1] += 1
    if p >= 0:
        take(day, p, u, v)
    else:
        day.sizes[2] += 1


@nb.njit(cache=True, nogil=True)
def lay_chain(pb, past, day, predicted, person_cost, c, chain, fixed, u, until, target, first):  # type: ignore[no-untyped-def]
    """Cover a role from u to `until`, with somebody fixed at the start or nobody yet.

    Where nobody can be had, a stretch without a person tells the gap.
    """
    wanted = target * (chain + 1) // pb.cover_count[c] if first else target
    while u < until:
        v, p = _choose(pb, past, day, predicted, person_cost, c, u, until, wanted, fixed)
        if p < 0 and fixed >= 0 and u >= past.now:  # not begun: anybody may have it
            fixed = -1
            continue
        if p < 0 and fixed >= 0:  # stays until somebody can take over
            p, v = fixed, min(max(past.now + pb.handover, u + pb.handover + 1), until)
            day.sizes[2] += 1
        elif p < 0:
            v = min(u + max(pb.cover_shortest[c], pb.handover + 1), until)
        _enter(day, c, chain, p, u, v, first)
        if v >= until or day.sizes[1] >= len(day.stretches) - 1:
            return
        u, fixed, first, wanted = v - pb.handover, -1, 0, target


@nb.njit(cache=True, nogil=True)
def _drop(day, i):  # type: ignore[no-untyped-def]
    """Take out stretch i."""
    if day.stretches[i, 2] >= 0:
        give_back(day, day.stretches[i, 2], day.stretches[i, 3])
    else:
        day.sizes[2] -= 1
    for j in range(i, day.sizes[1] - 1):
        for k in range(6):
            day.stretches[j, k] = day.stretches[j + 1, k]
    day.sizes[1] -= 1


@nb.njit(cache=True, nogil=True)
def _last_of(day, c, chain):  # type: ignore[no-untyped-def]
    """Latest stretch of a chain and the one before it, -1 for none."""
    last, before = -1, -1
    for i in range(day.sizes[1]):
        if day.stretches[i, 0] == c and day.stretches[i, 1] == chain:
            if last < 0 or day.stretches[i, 3] > day.stretches[last, 3]:
                last, before = i, last
            elif before < 0 or day.stretches[i, 3] > day.stretches[before, 3]:
                before = i
    return last, before


@nb.njit(cache=True, nogil=True)
def cut_chain(pb, past, day, c, chain, until):  # type: ignore[no-untyped-def]
    """End a chain at `until`: what lies behind goes, and a handover that is not needed any more."""
    while True:
        last, before = _last_of(day, c, chain)
        if last < 0:
            return
        begun = day.stretches[last, 3] < past.now
        if not begun and (
            day.stretches[last, 3] >= until or (before >= 0 and day.stretches[before, 4] >= until)
        ):
            _drop(day, last)
            continue
        if day.stretches[last, 4] > until and day.stretches[last, 2] >= 0:
            p, u = day.stretches[last, 2], day.stretches[last, 3]
            give_back(day, p, u)
            take(day, p, u, until)
        if before >= 0 and begun and day.stretches[before, 4] > until:
            p, u = day.stretches[before, 2], day.stretches[before, 3]
            if p >= 0:
                give_back(day, p, u)
                take(day, p, u, until)
            day.stretches[before, 4] = until
        day.stretches[last, 4] = min(day.stretches[last, 4], until)
        return


@nb.njit(cache=True, nogil=True)
def stretch_chain(pb, past, day, predicted, person_cost, c, chain, until, target):  # type: ignore[no-untyped-def]
    """Lengthen a chain that ends too early: its last person stays, or hands over."""
    last, _ = _last_of(day, c, chain)
    if last < 0 or day.stretches[last, 4] >= until:
        return
    p, u, first = day.stretches[last, 2], day.stretches[last, 3], day.stretches[last, 5]
    _drop(day, last)
    lay_chain(pb, past, day, predicted, person_cost, c, chain, p, u, until, target, first)


@nb.njit(cache=True, nogil=True)
def _clash(pb, day, c, chain, acts):  # type: ignore[no-untyped-def]
    """First stretch of a chain that would be handed over inside one of the activities, or -1."""
    found = -1
    for i in range(day.sizes[1]):
        row = day.stretches[i]
        if row[0] != c or row[1] != chain or row[5] == 1:
            continue
        for a in acts:
            s, e = day.start[a], day.start[a] + pb.length[a]
            if (
                pb.guard[c, a]
                and max(row[3], s) < min(row[3] + pb.handover, e)
                and (found < 0 or row[3] < day.stretches[found, 3])
            ):
                found = i
    return found


@nb.njit(cache=True, nogil=True)
def _previous(day, i):  # type: ignore[no-untyped-def]
    """The stretch before stretch i in its chain, or -1."""
    found = -1
    for j in range(day.sizes[1]):
        same = day.stretches[j, 0] == day.stretches[i, 0] and day.stretches[j, 1] == day.stretches[i, 1]
        earlier = same and day.stretches[j, 3] < day.stretches[i, 3]
        if earlier and (found < 0 or day.stretches[j, 3] > day.stretches[found, 3]):
            found = j
    return found


@nb.njit(cache=True, nogil=True)
def take_out(day, c, chain, since):  # type: ignore[no-untyped-def]
    """Take out the stretches of a chain from a minute on; returns them in their order."""
    count = 0
    for i in range(day.sizes[1]):
        row = day.stretches[i]
        count += row[0] == c and row[1] == chain and row[3] >= since
    out = np.empty((count, 6), np.int64)
    i, n = 0, 0
    while i < day.sizes[1]:
        row = day.stretches[i]
        if row[0] == c and row[1] == chain and row[3] >= since:
            out[n, :] = row
            n += 1
            _drop(day, i)
        else:
            i += 1
    return out


@nb.njit(cache=True, nogil=True)
def make_way(pb, past, day, predicted, person_cost, target, acts):  # type: ignore[no-untyped-def]
    """Move handovers out of activities that have just been placed.

    Returns whether that was possible; if not, some chains may have been laid anew, all of them sound.
    """
    for c in range(len(pb.cover_kind)):
        for chain in range(pb.cover_count[c]):
            clash = _clash(pb, day, c, chain, acts)
            if clash < 0:
                continue
            last, _ = _last_of(day, c, chain)
            until, lacking, moved = day.stretches[last, 4], day.sizes[2], False
            for _ in range(TRIES_BACK):
                clash = _previous(day, clash)
                if clash < 0 or day.stretches[clash, 4] <= past.now + pb.handover:
                    break
                p, u, first = day.stretches[clash, 2], day.stretches[clash, 3], day.stretches[clash, 5]
                old = take_out(day, c, chain, u)
                lay_chain(pb, past, day, predicted, person_cost, c, chain, p, u, until, target[c], first)
                moved = day.sizes[2] <= lacking and _clash(pb, day, c, chain, acts) < 0
                if moved:
                    break
                take_out(day, c, chain, u)
                for row in old:
                    _enter(day, row[0], row[1], row[2], row[3], row[4], row[5])
                day.sizes[2] = lacking
                for i in range(day.sizes[1]):
                    row = day.stretches[i]
                    if row[0] == c and row[1] == chain and row[3] == u:
                        clash = i
            if not moved:
                return False
    return True
