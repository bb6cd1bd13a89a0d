"""Compiled: one rehearsal, from wheels in to the first days, event by event.

The rules stand in ``docs/method/rehearsal-rules.md``; `space.new_space` makes the room a rehearsal is played in.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from separatrix.team.rehearsal import places as at
from separatrix.team.rehearsal import trace as told
from separatrix.team.rehearsal.after_kernel import first_days, sum_up
from separatrix.team.rehearsal.begin_kernel import (
    begin_anew,
    draw_factors,
    find_ready,
    plan_causes,
    plan_forced,
)
from separatrix.team.rehearsal.blood_kernel import (
    begin_bodies,
    give_products,
    next_of_bodies,
    step_bodies,
)
from separatrix.team.rehearsal.borrowed_kernel import borrowed
from separatrix.team.rehearsal.branch_kernel import serve_links, take_branches
from separatrix.team.rehearsal.chain_kernel import (
    close,
    close_chains,
    find_moments,
    open_chains,
    play_chains,
    something_ahead,
)
from separatrix.team.rehearsal.crisis_kernel import end_crisis, next_crisis, strike
from separatrix.team.rehearsal.item_kernel import (
    bring_forward,
    end,
    find_next,
    resume,
    serve,
    staffed,
    start,
    tell,
)
from separatrix.team.rehearsal.outputs import OF_PERSON, WHOLE
from separatrix.team.rehearsal.philox_kernel import THRESHOLD, uniforms

_NOBODY, _END = WHOLE.index("nobody"), WHOLE.index("end_min")
_THRESHOLDS = 2

OVER, PAUSED = 0, 1
"""Answers of `play`: the operation is over; or a watched node is about to start."""


@nb.njit(cache=True, nogil=True)
def rehearse(space, seed, replication, forced, row, people, trace, tally):  # type: ignore[no-untyped-def]
    """Play one rehearsal.

    Parameters
    ----------
    space
        `Space` of the procedure, of this thread.
    seed, replication
        Key and counter of all draws: the same give the same rehearsal.
    forced
        (3,) int64: node, complication and patient (-1: the pair) of a strike that is forced; node -1: none.
    row
        (OUT,) float64, filled: see `outputs.Layout`.
    people
        (p, OF_PERSON) float64, filled; (0, OF_PERSON) where nobody asks.
    trace
        (rows, FIELDS) float64, filled with what happened as `trace` names it, as far as rows and the space reach.
    tally
        (k, 2, 3) int64, added to: strikes of each complication, during and after the operation, by status.

    Returns
    -------
    int
        Rows of the trace that were filled.
    """
    space = borrowed(space)
    ints, reals = space.ints, space.reals
    ints[at.WATCHING] = 0
    begin(space, seed, replication, forced)
    play(space)
    finish(space, row, people, tally)
    used = min(ints[at.TRACE_USED], trace.shape[0])
    for i in range(used):
        for field in range(told.FIELDS):
            trace[i, field] = reals[ints[at.TRACE] + i * told.FIELDS + field]
    return used


@nb.njit(cache=True, nogil=True)
def rehearse_forced(space, seed, replication, cells, rows, base_row):  # type: ignore[no-untyped-def]
    """Play one rehearsal, and all of its forced sisters from the moment at which they part from it.

    A forced strike changes nothing before its node starts. The rehearsal pauses there, its state is kept, and each
    forced one goes on from a copy: the same rows as `rehearse` gives, for a fraction of the time.

    Parameters
    ----------
    space, seed, replication
        As in `rehearse`.
    cells
        (q, 3) int64, forced strikes as in `rehearse`; all cells of one node stand together.
    rows
        (q, OUT) float64, filled.
    base_row
        (OUT,) float64, filled: the rehearsal without a forced strike.
    """
    space = borrowed(space)
    ints, reals, watched = space.ints, space.reals, space.ints[at.WATCHED]
    nobody, no_tally = np.empty((0, len(OF_PERSON))), np.empty((0, 2, 3), np.int64)
    for cell in range(cells.shape[0] - 1, -1, -1):
        ints[watched + cells[cell, 0]] = cell + 1
    ints[at.WATCHING] = 1
    begin(space, seed, replication, np.full(3, -1))
    while play(space) == PAUSED:
        keep(space)
        ints[at.WATCHING] = 0
        lead = ints[at.PAUSED_AT]
        node = lead
        while True:
            cell = ints[watched + node] - 1
            while 0 <= cell < cells.shape[0] and cells[cell, 0] == node:
                restore(space)
                for i in range(3):
                    ints[at.FORCED_NODE + i] = cells[cell, i]
                plan_forced(ints, reals)
                play(space)
                finish(space, rows[cell], nobody, no_tally)
                cell += 1
            ints[watched + node] = 0
            node = ints[ints[at.GROUP_NEXT] + node]
            if node == lead:
                break
        restore(space)
        ints[at.WATCHING] = 1
    finish(space, base_row, nobody, no_tally)
    # Nodes that never started.
    for cell in range(cells.shape[0]):
        if ints[watched + cells[cell, 0]] != 0:
            rows[cell] = base_row
    for cell in range(cells.shape[0]):
        ints[watched + cells[cell, 0]] = 0


@nb.njit(cache=True, nogil=True)
def begin(space, seed, replication, forced):  # type: ignore[no-untyped-def]
    """Begin a rehearsal: the state anew, everything drawn that is drawn before it."""
    ints, reals = space.ints, space.reals
    begin_anew(ints, reals)
    ints[at.SEED] = seed
    ints[at.REPLICATION] = replication
    for i in range(3):
        ints[at.FORCED_NODE + i] = forced[i]
    draw_factors(ints, reals)
    if forced[0] >= 0:
        plan_forced(ints, reals)
    plan_causes(ints, reals)
    begin_bodies(space)
    find_ready(ints, reals)


@nb.njit(cache=True, nogil=True)
def play(space):  # type: ignore[no-untyped-def]
    """Play on until the operation is over, is stopped, or a watched node is about to start."""
    ints, reals = space.ints, space.reals
    while ints[at.LEFT] > 0 and ints[at.STOPPED] == 0:
        if ints[at.EVENTS] >= ints[at.LIMIT]:
            ints[at.STOPPED] = 1
            break
        now = reals[at.NOW]
        if ints[at.NODES_CHANGED] != 0:
            find_next(ints, reals)
        if ints[at.CHAINS_CHANGED] != 0:
            find_moments(ints, reals)
        body_at = next_of_bodies(ints, reals)
        crisis_at, crisis = math.inf, -1
        if ints[at.CRISIS_COUNT] > 0:
            crisis = next_crisis(ints, reals)
            crisis_at = reals[ints[at.CRISIS_END] + crisis]
        if body_at <= now:
            ints[at.EVENTS] += 1
            play_bodies(space)
            continue
        if min(reals[at.NODE_AT], crisis_at) <= now:
            ints[at.EVENTS] += 1
            if crisis_at <= now and (
                reals[at.NODE_AT] > now or ints[ints[at.CRISIS_NODE] + crisis] <= ints[at.NEXT_NODE]
            ):
                noted = step_bodies(space)
                end_crisis(ints, reals, crisis)
                cross(space, noted)
            else:
                play_node(space, ints[at.NEXT_NODE])
            continue
        if reals[at.CHAIN_FIRST] <= now and play_chains(ints, reals):
            ints[at.EVENTS] += 1
            continue
        lead, ready_ahead = first_ready(ints, reals)
        if lead >= 0:
            if pauses(ints, lead):
                ints[at.PAUSED_AT] = lead
                return PAUSED
            ints[at.EVENTS] += 1
            begin_node(space, lead)
            continue
        # Nothing can happen at this minute: on to the next.
        if ints[at.CHAINS_CHANGED] != 0:
            find_moments(ints, reals)
        ahead = min(min(reals[at.NODE_AT], crisis_at), min(ready_ahead, reals[at.CHAIN_AHEAD]))
        if ints[at.RUNNING_COUNT] == 0 and math.isinf(ready_ahead) and not something_ahead(ints, reals):
            if ints[at.READY_COUNT] == 0:
                ints[at.STOPPED] = 1
                break
            lead = lowest_ready(ints)
            if pauses(ints, lead):
                ints[at.PAUSED_AT] = lead
                return PAUSED
            staffed(ints, reals, lead, True)
            reals[ints[at.ROW] + _NOBODY] += 1.0
            ints[at.EVENTS] += 1
            if ints[at.TRACE_ROWS] > 0:
                tell(ints, reals, told.NOBODY, float(lead), 0.0, 0.0, 0.0)
            begin_node(space, lead)
            continue
        if reals[at.CHAIN_AHEAD] <= min(ahead, body_at):
            ints[at.CHAINS_CHANGED] = 1
        reals[at.NOW] = min(ahead, body_at)
    return OVER


@nb.njit(cache=True, nogil=True)
def pauses(ints, lead):  # type: ignore[no-untyped-def]
    """Whether a node or one of its group that would start with it is watched."""
    watched, ring = ints[at.WATCHED], ints[at.GROUP_NEXT]
    if ints[at.WATCHING] == 0 or ints[ints[at.STATUS] + lead] == at.DROPPED:
        return False
    found, mate = ints[watched + lead] != 0, ints[ring + lead]
    while mate != lead:
        found |= ints[watched + mate] != 0 and ints[ints[at.STATUS] + mate] == at.WAITING
        mate = ints[ring + mate]
    return found


@nb.njit(cache=True, nogil=True)
def first_ready(ints, reals):  # type: ignore[no-untyped-def]
    """First node that can start now, or -1; and the earliest moment of readiness that lies ahead."""
    for i in range(ints[at.READY_COUNT]):
        node = ints[ints[at.READY] + i]
        ready_at = reals[ints[at.READY_AT] + node]
        if ready_at > reals[at.NOW]:
            return -1, ready_at
        if ints[ints[at.STATUS] + node] == at.DROPPED or staffed(ints, reals, node, False):
            return node, math.inf
    return -1, math.inf


@nb.njit(cache=True, nogil=True)
def lowest_ready(ints):  # type: ignore[no-untyped-def]
    """The node of the lowest number among the ready."""
    lead = ints[ints[at.READY]]
    for i in range(1, ints[at.READY_COUNT]):
        lead = min(lead, ints[ints[at.READY] + i])
    return lead


@nb.njit(cache=True, nogil=True)
def begin_node(space, lead):  # type: ignore[no-untyped-def]
    """A ready node starts with its group, with the people that PICK holds; a dropped one passes."""
    ints, reals = space.ints, space.reals
    kept = 0
    for i in range(ints[at.READY_COUNT]):
        node = ints[ints[at.READY] + i]
        if node != lead:
            ints[ints[at.READY] + kept] = node
            kept += 1
    ints[at.READY_COUNT] = kept
    if ints[ints[at.STATUS] + lead] == at.DROPPED:
        ints[ints[at.STATUS] + lead] = at.PASSED
        open_chains(ints, reals, lead)
        bring_forward(ints, reals, lead)
        serve(ints, reals, lead, True, True)
        serve_links(ints, reals, lead)
        close_chains(ints, reals, lead)
        return
    node, bleeds = lead, False
    while True:
        bleeds |= ints[ints[at.TOUCHES] + node] & at.BLEEDS != 0 and (
            ints[ints[at.STATUS] + node] == at.WAITING
        )
        node = ints[ints[at.GROUP_NEXT] + node]
        if node == lead:
            break
    noted = step_bodies(space) if bleeds else 0
    while True:
        if ints[ints[at.STATUS] + node] == at.WAITING:
            start(ints, reals, node)
            if ints[ints[at.TOUCHES] + node] & at.OPENS_CHAIN:
                open_chains(ints, reals, node)
        node = ints[ints[at.GROUP_NEXT] + node]
        if node == lead:
            break
    cross(space, noted)


@nb.njit(cache=True, nogil=True)
def play_node(space, node):  # type: ignore[no-untyped-def]
    """What comes next in a running node: it resumes, is struck, or ends."""
    ints, reals = space.ints, space.reals
    if ints[ints[at.STATUS] + node] == at.HELD:
        noted = step_bodies(space)
        resume(ints, reals, node)
        cross(space, noted)
        return
    first = ints[at.FIRST_STRIKE] + node
    coming = ints[first]
    if coming >= 0:
        noted = step_bodies(space)
        ints[first] = ints[ints[at.STRIKE_NEXT] + coming]
        kind, patient = ints[ints[at.STRIKE_KIND] + coming], ints[ints[at.STRIKE_PATIENT] + coming]
        cause, turn = ints[ints[at.STRIKE_CAUSE] + coming], ints[ints[at.STRIKE_TURN] + coming]
        strike(ints, reals, node, kind, patient, reals[ints[at.STRIKE_CONTROL] + coming], cause, turn)
        cross(space, noted)
        return
    touches, noted = ints[ints[at.TOUCHES] + node], 0
    if touches & at.ENDS_STEP:
        noted = step_bodies(space)
    end(ints, reals, node)
    if touches & at.CLOSES_CHAIN:
        close_chains(ints, reals, node)
    if ints[at.OPTION_COUNT] > 0:
        serve_links(ints, reals, node)
    if touches & at.HAS_BRANCH:
        take_branches(ints, reals, node)
    cross(space, noted)


@nb.njit(cache=True, nogil=True)
def play_bodies(space):  # type: ignore[no-untyped-def]
    """A tick of the physiology, or products that arrive."""
    noted = step_bodies(space)
    cross(space, noted)
    cross(space, give_products(space))


@nb.njit(cache=True, nogil=True)
def cross(space, noted):  # type: ignore[no-untyped-def]
    """Thresholds that were crossed strike, on the running node on the patient with the lowest number."""
    ints, reals = space.ints, space.reals
    for bit in range(_THRESHOLDS * ints[at.PATIENTS]):
        if not noted >> bit & 1:
            continue
        patient, which = bit // _THRESHOLDS, bit % _THRESHOLDS
        kind, node = ints[ints[at.THRESHOLD_COMPLICATION] + which], -1
        for i in range(ints[at.RUNNING_COUNT]):
            other = ints[ints[at.RUNNING] + i]
            if ints[ints[at.NODE_PATIENTS] + other] >> patient & 1 and (node < 0 or other < node):
                node = other
        if kind >= 0 and node >= 0:
            draws = uniforms(ints[at.SEED], ints[at.REPLICATION], patient, THRESHOLD)
            control = draws[0] if which == 0 else draws[1]
            strike(ints, reals, node, kind, patient, control, at.FROM_THRESHOLD - patient, which)


@nb.njit(cache=True, nogil=True)
def finish(space, row, people, tally):  # type: ignore[no-untyped-def]
    """The operation is over: what is still open ends, the first days are played, everything is summed up."""
    ints, reals = space.ints, space.reals
    during = ints[at.STRUCK_COUNT]
    if ints[at.STOPPED] == 0:
        step_bodies(space)
    for chain in range(ints[at.CHAINS]):
        if ints[ints[at.CHAIN_TURN] + chain] >= 0:
            close(ints, reals, chain)
    if ints[at.STOPPED] == 0:
        first_days(ints, reals)
    else:
        reals[ints[at.ROW] + _END] = math.inf
    sum_up(ints, reals, space.body, row, people)
    if tally.shape[0] > 0:
        for i in range(ints[at.STRUCK_COUNT]):
            kind, status = ints[ints[at.STRUCK_KIND] + i], ints[ints[at.STRUCK_STATUS] + i]
            tally[kind, 0 if i < during else 1, status] += 1


@nb.njit(cache=True, nogil=True)
def keep(space):  # type: ignore[no-untyped-def]
    """Keep the state."""
    ints, reals, body = space.ints, space.reals, space.body
    for i in range(at.STATE_BEGINS, ints[at.KEPT_INTS]):
        space.kept_ints[i] = ints[i]
    for i in range(ints[at.KEPT_REALS]):
        space.kept_reals[i] = reals[i]
    for p in range(body.shape[0]):
        for i in range(body.shape[1]):
            space.kept_body[p, i] = body[p, i]


@nb.njit(cache=True, nogil=True)
def restore(space):  # type: ignore[no-untyped-def]
    """Put the state back as it was kept."""
    ints, reals, body = space.ints, space.reals, space.body
    for i in range(at.STATE_BEGINS, ints[at.KEPT_INTS]):
        ints[i] = space.kept_ints[i]
    for i in range(ints[at.KEPT_REALS]):
        reals[i] = space.kept_reals[i]
    for p in range(body.shape[0]):
        for i in range(body.shape[1]):
            body[p, i] = space.kept_body[p, i]
