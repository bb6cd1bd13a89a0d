"""Compiled: whether a plan comes about from an order of priority; gives up at the first thing it lacks."""

from __future__ import annotations

import numba as nb
import numpy as np

from separatrix.team.choreography.decode_kernel import (
    _begin_cover,
    _followers,
    _lay_past,
    _new_day,
    _schedule_block,
    _settle_covers,
)


@nb.njit(cache=True, nogil=True)
def starts_if_feasible(pb, past, priority, person_cost, target, predicted, with_covers):  # type: ignore[no-untyped-def]
    """Starts of a plan that lacks nothing, or no starts at all where anything is lacking.

    Parameters are those of `decode_kernel.decode`, and so is the order in which blocks are placed.
    """
    day = _new_day(pb, past)
    _lay_past(pb, past, day)
    blocks = len(pb.release)
    none = np.empty(0, np.int64)
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
        _schedule_block(pb, past, day, acts, ready_at[chosen], person_cost, predicted, target)
        if with_covers:
            for c in range(len(pb.cover_kind)):
                for a in acts:
                    if pb.cover_begins[c] == a:
                        _begin_cover(pb, past, day, predicted, person_cost, target, c)
        if day.sizes[2]:
            return none
        for i in range(followers_ptr[chosen], followers_ptr[chosen + 1]):
            q, offset = followers[i, 0], followers[i, 1]
            waiting[q] -= 1
            ready_at[q] = max(ready_at[q], day.start[acts[0]] + offset)
    if with_covers:
        _settle_covers(pb, past, day, predicted, person_cost, target)
    return none if day.sizes[2] else day.start
