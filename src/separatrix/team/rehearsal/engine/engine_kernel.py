"""Compiled: one rehearsal, from wheels in to the first days, event by event.

The rules stand in ``docs/method/rehearsal-rules.md``; `space.new_space` makes the room for it.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from separatrix.team.rehearsal.engine import trace as told
from separatrix.team.rehearsal.engine.after_kernel import first_days, sum_up
from separatrix.team.rehearsal.engine.begin_kernel import (
    begin_anew,
    draw_factors,
    find_ready,
    plan_causes,
    plan_forced,
)
from separatrix.team.rehearsal.engine.blood_kernel import (
    THRESHOLDS,
    begin_bodies,
    give_products,
    next_of_bodies,
    step_bodies,
)
from separatrix.team.rehearsal.engine.borrowed_kernel import borrowed
from separatrix.team.rehearsal.engine.branch_kernel import serve_links, take_branches
from separatrix.team.rehearsal.engine.chain_kernel import (
    close,
    close_chains,
    find_moments,
    open_chains,
    play_chains,
    something_ahead,
)
from separatrix.team.rehearsal.engine.crisis_kernel import end_crisis, next_crisis, strike
from separatrix.team.rehearsal.engine.inner_kernel import NO, NONE, YES, inner
from separatrix.team.rehearsal.engine.item_kernel import (
    bring_forward,
    end,
    find_next,
    resume,
    serve,
    staffed,
    start,
    tell,
    unlist,
)
from separatrix.team.rehearsal.engine.philox_kernel import THRESHOLD, uniforms
from separatrix.team.rehearsal.play import places as at
from separatrix.team.rehearsal.play.outputs import OF_PERSON, WHOLE

_NOBODY, _END = WHOLE.index("nobody"), WHOLE.index("end_min")

LAST, BODIES, CONTROL, RESUME, STRIKE, END, START, PASS, PAUSE, PASSING = range(10)
"""Events: the end of the operation; a tick of the physiology or products that arrive; a crisis under control,
by its slot; a node that resumes, is struck, ends, starts with its group, or is passed, having been dropped;
PAUSE: a watched node is about to start; PASSING: time has passed, or a chain was handed on. Up to STRIKE all
are moments of the physiology."""

OVER, PAUSED = 0, 1
"""Answers of `play`: the operation is over; or a watched node is about to start."""


@nb.njit(cache=True, nogil=True, error_model="numpy")
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
        (rows, FIELDS) float64, filled with what happened as `trace` names it, as far as the rows reach.
    tally
        (k, 2, 3) int64, added to: strikes of each complication, during and after the operation, by status.

    Returns
    -------
    int
        Rows of the trace that were filled.
    """
    space = borrowed(space)  # type: ignore[call-arg]
    play_one(space, seed, replication, forced, row, people, tally)
    ints, reals = space.ints, space.reals
    used = min(ints[at.TRACE_USED], trace.shape[0])
    for i in range(used):
        for field in range(told.FIELDS):
            trace[i, field] = reals[ints[at.TRACE] + i * told.FIELDS + field]
    return used


@inner
def play_one(space, seed, replication, forced, row, people, tally):  # type: ignore[no-untyped-def]
    """Play one rehearsal in a borrowed space; the rest as in `rehearse`, without a trace."""
    space.ints[at.WATCHING] = 0
    begin(space, seed, replication, forced)
    play(space)
    finish(space, row, people, tally)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def rehearse_forced(space, seed, replication, cells, rows, base_row):  # type: ignore[no-untyped-def]
    """Play one rehearsal, and all of its forced sisters from the moment at which they part from it.

    A forced strike changes nothing before its node starts. The rehearsal pauses there, its state is kept, and
    each forced one goes on from a copy: the same rows as `rehearse` gives, for a fraction of the time.

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
    space = borrowed(space)  # type: ignore[call-arg]
    ints, reals, watched = space.ints, space.reals, space.ints[at.WATCHED]
    nobody, no_tally = np.empty((0, len(OF_PERSON))), np.empty((0, 2, 3), np.int64)
    for cell in range(cells.shape[0] - 1, -1, -1):
        ints[watched + cells[cell, 0]] = cell + 1
    ints[at.WATCHING] = 1
    begin(space, seed, replication, np.full(3, NONE))
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


@inner
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


@inner
def play(space):  # type: ignore[no-untyped-def]
    """Play on until the operation is over, is stopped, or a watched node is about to start."""
    ints, reals, blood, body, scratch = space.ints, space.reals, space.blood, space.body, space.scratch
    while ints[at.STOPPED] == 0:
        event, which = next_event(ints, reals)
        if event == PASSING:
            continue
        if event == PAUSE:
            ints[at.PAUSED_AT] = which
            return PAUSED
        ints[at.EVENTS] += event != LAST
        # What the event changes holds from now on: the patients are moved on to now before it.
        noted = 0
        if event_ends_step(ints, event, which):
            noted = step_bodies(ints, reals, blood, body, scratch)
        coming = -1
        if event == LAST:
            return OVER
        if event == BODIES:
            if reals[at.DELIVERY_AT] <= reals[at.NOW]:
                # Behind the bits of the step: in the order in which they were noted.
                noted |= give_products(ints, reals, blood, body) << (THRESHOLDS * ints[at.PATIENTS])
        elif event == CONTROL:
            end_crisis(ints, reals, which)
        elif event == RESUME:
            resume(ints, reals, which)
        elif event == STRIKE:
            coming = ints[ints[at.FIRST_STRIKE] + which]
            ints[ints[at.FIRST_STRIKE] + which] = ints[ints[at.STRIKE_NEXT] + coming]
        elif event == END:
            end_node(ints, reals, which)
        elif event == START:
            begin_nodes(ints, reals, which)
        elif event == PASS:
            pass_node(ints, reals, which)
        while coming >= 0 or noted != 0:
            # The strike that was planned, then thresholds that were crossed, one after the other.
            if coming >= 0:
                node = which
                kind, patient = ints[ints[at.STRIKE_KIND] + coming], ints[ints[at.STRIKE_PATIENT] + coming]
                cause, turn = ints[ints[at.STRIKE_CAUSE] + coming], ints[ints[at.STRIKE_TURN] + coming]
                control = reals[ints[at.STRIKE_CONTROL] + coming]
                coming = -1
            else:
                bit = 0
                while not noted >> bit & 1:
                    bit += 1
                noted ^= 1 << bit
                patient, turn = bit // THRESHOLDS % ints[at.PATIENTS], bit % THRESHOLDS
                kind, cause = ints[ints[at.THRESHOLD_COMPLICATION] + turn], at.FROM_THRESHOLD - patient
                draws = uniforms(ints[at.SEED], ints[at.REPLICATION], patient, THRESHOLD)
                control = draws[0] if turn == 0 else draws[1]
                node = lowest_running(ints, patient)
            if kind >= 0 and node >= 0:
                strike(ints, reals, node, kind, patient, control, cause, turn)
    return OVER


@inner
def event_ends_step(ints, event, which):  # type: ignore[no-untyped-def]
    """Whether an event is a moment of the physiology."""
    if event == END:
        return ints[ints[at.TOUCHES] + which] & at.ENDS_STEP != 0
    if event == START:
        node = which
        while True:
            if ints[ints[at.STATUS] + node] == at.WAITING and ints[ints[at.TOUCHES] + node] & at.BLEEDS:
                return True
            node = ints[ints[at.GROUP_NEXT] + node]
            if node == which:
                return False
    return event <= STRIKE


@inner
def next_event(ints, reals):  # type: ignore[no-untyped-def]
    """What happens next, and with what: see BODIES and the others. Take-overs are played at once."""
    now = reals[at.NOW]
    if ints[at.LEFT] == 0:
        return LAST, 0
    if ints[at.EVENTS] >= ints[at.LIMIT]:
        ints[at.STOPPED] = 1
        return PASSING, 0
    if ints[at.NODES_CHANGED] != 0:
        find_next(ints, reals)
    body_at = next_of_bodies(ints, reals)
    if body_at <= now:
        return BODIES, 0
    node, node_at = ints[at.NEXT_NODE], reals[at.NODE_AT]
    crisis, crisis_at = -1, math.inf
    if ints[at.CRISIS_COUNT] > 0:
        crisis = next_crisis(ints, reals)
        crisis_at = reals[ints[at.CRISIS_END] + crisis]
        if crisis_at <= now and (node_at > now or ints[ints[at.CRISIS_NODE] + crisis] <= node):
            return CONTROL, crisis
    if node_at <= now:
        if ints[ints[at.STATUS] + node] == at.HELD:
            return RESUME, node
        return STRIKE if ints[ints[at.FIRST_STRIKE] + node] >= 0 else END, node
    if ints[at.CHAINS_CHANGED] != 0:
        find_moments(ints, reals)
    if reals[at.CHAIN_FIRST] <= now and play_chains(ints, reals):
        ints[at.EVENTS] += 1
        return PASSING, 0
    lead, ready_ahead = first_ready(ints, reals)
    if lead < 0:
        if ints[at.CHAINS_CHANGED] != 0:
            find_moments(ints, reals)
        if ints[at.RUNNING_COUNT] == 0 and math.isinf(ready_ahead) and not something_ahead(ints, reals):
            if ints[at.READY_COUNT] == 0:
                ints[at.STOPPED] = 1
                return PASSING, 0
            # Nothing is left to happen: the first that waits starts with whom it can have.
            lead = lowest_ready(ints)
            if pauses(ints, lead):
                return PAUSE, lead
            staffed(ints, reals, lead, YES)
            reals[ints[at.ROW] + _NOBODY] += 1.0
            if ints[at.TRACE_ROWS] > 0:
                tell(ints, reals, told.NOBODY, float(lead), 0.0, 0.0, 0.0)
            return START, lead
        ahead, chain_ahead = body_at, reals[at.CHAIN_AHEAD]
        if node_at < ahead:
            ahead = node_at
        if crisis_at < ahead:
            ahead = crisis_at
        if ready_ahead < ahead:
            ahead = ready_ahead
        if chain_ahead <= ahead:
            ahead = chain_ahead
            ints[at.CHAINS_CHANGED] = 1
        reals[at.NOW] = ahead
        return PASSING, 0
    if ints[ints[at.STATUS] + lead] == at.DROPPED:
        return PASS, lead
    return PAUSE if pauses(ints, lead) else START, lead


@inner
def lowest_running(ints, patient):  # type: ignore[no-untyped-def]
    """The running node on a patient with the lowest number; -1: none."""
    node = -1
    for i in range(ints[at.RUNNING_COUNT]):
        other = ints[ints[at.RUNNING] + i]
        if ints[ints[at.NODE_PATIENTS] + other] >> patient & 1 and (node < 0 or other < node):
            node = other
    return node


@inner
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


@inner
def first_ready(ints, reals):  # type: ignore[no-untyped-def]
    """First node that can start now, or -1; and the earliest moment of readiness that lies ahead."""
    for i in range(ints[at.READY_COUNT]):
        node = ints[ints[at.READY] + i]
        ready_at = reals[ints[at.READY_AT] + node]
        if ready_at > reals[at.NOW]:
            return -1, ready_at
        if ints[ints[at.STATUS] + node] == at.DROPPED or staffed(ints, reals, node, NO):
            return node, math.inf
    return -1, math.inf


@inner
def lowest_ready(ints):  # type: ignore[no-untyped-def]
    """The node of the lowest number among the ready."""
    lead = ints[ints[at.READY]]
    for i in range(1, ints[at.READY_COUNT]):
        lead = min(lead, ints[ints[at.READY] + i])
    return lead


@inner
def begin_nodes(ints, reals, lead):  # type: ignore[no-untyped-def]
    """A ready node starts with its group, with the people that PICK holds."""
    unlist(ints, lead)
    node = lead
    while True:
        if ints[ints[at.STATUS] + node] == at.WAITING:
            start(ints, reals, node)
            if ints[ints[at.TOUCHES] + node] & at.OPENS_CHAIN:
                open_chains(ints, reals, node)
        node = ints[ints[at.GROUP_NEXT] + node]
        if node == lead:
            return


@inner
def pass_node(ints, reals, node):  # type: ignore[no-untyped-def]
    """The moment of a dropped node is over, without people and time."""
    unlist(ints, node)
    ints[ints[at.STATUS] + node] = at.PASSED
    open_chains(ints, reals, node)
    bring_forward(ints, reals, node)
    serve(ints, reals, node, YES, YES)
    serve_links(ints, reals, node)
    close_chains(ints, reals, node)


@inner
def end_node(ints, reals, node):  # type: ignore[no-untyped-def]
    """A node ends, with what hangs on its end: chains, links and branches."""
    touches = ints[ints[at.TOUCHES] + node]
    end(ints, reals, node)
    if touches & at.CLOSES_CHAIN:
        close_chains(ints, reals, node)
    if ints[at.OPTION_COUNT] > 0:
        serve_links(ints, reals, node)
    if touches & at.HAS_BRANCH:
        take_branches(ints, reals, node)


@inner
def finish(space, row, people, tally):  # type: ignore[no-untyped-def]
    """The operation is over: what is still open ends, the first days are played, everything is summed up."""
    ints, reals = space.ints, space.reals
    during = ints[at.STRUCK_COUNT]
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


@inner
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


@inner
def restore(space):  # type: ignore[no-untyped-def]
    """Put the state back as it was kept; what is worked out from it is to be worked out anew."""
    ints, reals, body = space.ints, space.reals, space.body
    for i in range(at.STATE_BEGINS, ints[at.KEPT_INTS]):
        ints[i] = space.kept_ints[i]
    for i in range(ints[at.KEPT_REALS]):
        reals[i] = space.kept_reals[i]
    for p in range(body.shape[0]):
        for i in range(body.shape[1]):
            body[p, i] = space.kept_body[p, i]
    ints[at.LOSS_CHANGED] = 1
