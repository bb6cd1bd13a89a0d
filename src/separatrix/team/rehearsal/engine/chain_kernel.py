"""Compiled: chains of cover that open, are handed over, are relieved and close."""

from __future__ import annotations

import math

from separatrix.team.rehearsal.engine import trace as told
from separatrix.team.rehearsal.engine.inner_kernel import NO, YES, inner
from separatrix.team.rehearsal.engine.item_kernel import (
    free,
    is_idle,
    occupy,
    serve,
    set_moment,
    stand_in,
    tell,
)
from separatrix.team.rehearsal.play import places as at
from separatrix.team.rehearsal.play.arrays import PAR
from separatrix.team.rehearsal.play.outputs import WHOLE

_UNRELIEVED = WHOLE.index("unrelieved_min")
_HANDOVER, _RETRY = PAR["handover_min"], PAR["retry_min"]


@inner
def take(ints, reals, chain, turn, person):  # type: ignore[no-untyped-def]
    """A person begins to hold a chain."""
    now = reals[at.NOW]
    occupy(ints, reals, person)
    ints[ints[at.PERSON_HOLDS] + person] += 1
    ints[ints[at.CHAIN_HOLDER] + chain] = person
    ints[ints[at.CHAIN_TURN] + chain] = turn
    over = min(now + reals[ints[at.CHAIN_LONGEST] + chain], reals[ints[at.PERSON_SHIFT] + 2 * person + 1])
    reals[ints[at.CHAIN_DUE] + chain] = max(now, over)
    reals[ints[at.CHAIN_VAIN] + chain] = -1.0
    set_moment(ints, reals, chain)


@inner
def put_down(ints, reals, chain, person):  # type: ignore[no-untyped-def]
    """A person no longer holds a chain."""
    ints[ints[at.PERSON_HOLDS] + person] -= 1
    free(ints, reals, person)
    if ints[at.TRACE_ROWS] > 0:
        tell(ints, reals, told.RELEASED, float(chain), float(person), 0.0, 0.0)


@inner
def hand_over(ints, reals, chain, turn, person, planned):  # type: ignore[no-untyped-def]
    """Another person takes a chain; who held it stays for the handover."""
    last = ints[ints[at.CHAIN_PTR] + chain + 1]
    holder, held = ints[ints[at.CHAIN_HOLDER] + chain], ints[ints[at.CHAIN_TURN] + chain]
    ints[ints[at.CHAIN_GOING] + chain] = holder
    ints[ints[at.CHAIN_GOING_TURN] + chain] = held if held < last else -1
    reals[ints[at.CHAIN_RELEASE] + chain] = reals[at.NOW] + reals[ints[at.PAR] + _HANDOVER]
    if ints[at.TRACE_ROWS] > 0:
        tell(ints, reals, told.TAKE_OVER, float(chain), float(person), float(holder), 1.0 if planned else 0.0)
    vain = reals[ints[at.CHAIN_VAIN] + chain]
    if vain >= 0.0:
        reals[ints[at.ROW] + _UNRELIEVED] += reals[at.NOW] - vain
    take(ints, reals, chain, turn, person)


@inner
def let_go(ints, reals, chain):  # type: ignore[no-untyped-def]
    """The handover is over: who held the chain is free, and the turn's arcs are served."""
    put_down(ints, reals, chain, ints[ints[at.CHAIN_GOING] + chain])
    reals[ints[at.CHAIN_RELEASE] + chain] = math.inf
    set_moment(ints, reals, chain)
    turn = ints[ints[at.CHAIN_GOING_TURN] + chain]
    if turn >= 0:
        serve(ints, reals, ints[at.NODES] + turn, NO, YES)


@inner
def open_chains(ints, reals, node):  # type: ignore[no-untyped-def]
    """Chains that begin with the start of a node."""
    for chain in range(ints[at.CHAINS]):
        first = ints[ints[at.CHAIN_PTR] + chain]
        if (
            ints[ints[at.CHAIN_BEGINS] + chain] == node
            and ints[ints[at.CHAIN_TURN] + chain] == at.NOT_OPEN
            and first < ints[ints[at.CHAIN_PTR] + chain + 1]
        ):
            if ints[at.TRACE_ROWS] > 0:
                tell(ints, reals, told.OPENS, float(chain), 0.0, 0.0, 0.0)
                tell(
                    ints,
                    reals,
                    told.TAKE_OVER,
                    float(chain),
                    float(ints[ints[at.TURN_PERSON] + first]),
                    -1.0,
                    1.0,
                )
            take(ints, reals, chain, first, ints[ints[at.TURN_PERSON] + first])
            serve(ints, reals, ints[at.NODES] + first, YES, NO)


@inner
def close(ints, reals, chain):  # type: ignore[no-untyped-def]
    """A chain closes: whoever holds it is free, and turns that have not begun end with it."""
    turn = ints[ints[at.CHAIN_TURN] + chain]
    if turn == at.CLOSED:
        return
    nodes, last = ints[at.NODES], ints[ints[at.CHAIN_PTR] + chain + 1]
    if turn == at.NOT_OPEN:
        begun = ints[ints[at.CHAIN_PTR] + chain]
    else:
        begun = turn + 1
        if not math.isinf(reals[ints[at.CHAIN_RELEASE] + chain]):
            let_go(ints, reals, chain)
        vain = reals[ints[at.CHAIN_VAIN] + chain]
        if vain >= 0.0:
            reals[ints[at.ROW] + _UNRELIEVED] += reals[at.NOW] - vain
        put_down(ints, reals, chain, ints[ints[at.CHAIN_HOLDER] + chain])
        if turn < last:
            serve(ints, reals, nodes + turn, NO, YES)
    ints[ints[at.CHAIN_TURN] + chain] = at.CLOSED
    set_moment(ints, reals, chain)
    for later in range(begun, last):
        serve(ints, reals, nodes + later, YES, YES)
    if ints[at.TRACE_ROWS] > 0:
        tell(ints, reals, told.CLOSES, float(chain), 0.0, 0.0, 0.0)


@inner
def close_chains(ints, reals, node):  # type: ignore[no-untyped-def]
    """Chains that end with the end of a node."""
    for chain in range(ints[at.CHAINS]):
        if ints[ints[at.CHAIN_ENDS] + chain] == node:
            close(ints, reals, chain)


@inner
def find_moments(ints, reals):  # type: ignore[no-untyped-def]
    """Look through the chains for the earliest moment, and for the earliest that lies ahead."""
    now, first, ahead, moments = reals[at.NOW], math.inf, math.inf, ints[at.CHAIN_AT]
    for chain in range(ints[at.CHAINS]):
        moment = reals[moments + chain]
        if moment < first:
            first = moment
        if now < moment < ahead:
            ahead = moment
    reals[at.CHAIN_FIRST] = first
    reals[at.CHAIN_AHEAD] = ahead
    ints[at.CHAINS_CHANGED] = 0


@inner
def something_ahead(ints, reals):  # type: ignore[no-untyped-def]
    """Whether a handover, a take-over or a relief not yet tried lies ahead in any chain."""
    for chain in range(ints[at.CHAINS]):
        moment = reals[ints[at.CHAIN_AT] + chain]
        if moment > reals[at.NOW] and not math.isinf(moment):
            turn, last = ints[ints[at.CHAIN_TURN] + chain], ints[ints[at.CHAIN_PTR] + chain + 1]
            handing = not math.isinf(reals[ints[at.CHAIN_RELEASE] + chain])
            if handing or turn + 1 < last or reals[ints[at.CHAIN_VAIN] + chain] < 0.0:
                return True
    return False


@inner
def play_chains(ints, reals):  # type: ignore[no-untyped-def]
    """The first thing that can happen in a chain now, by number of the chain; whether anything did."""
    now, moments = reals[at.NOW], ints[at.CHAIN_AT]
    for chain in range(ints[at.CHAINS]):
        if reals[moments + chain] > now:
            continue
        if not math.isinf(reals[ints[at.CHAIN_RELEASE] + chain]):
            let_go(ints, reals, chain)
            return True
        crisis = ints[ints[at.PERSON_CRISIS] + ints[ints[at.CHAIN_HOLDER] + chain]]
        turn, last = ints[ints[at.CHAIN_TURN] + chain] + 1, ints[ints[at.CHAIN_PTR] + chain + 1]
        if turn < last:
            person = ints[ints[at.TURN_PERSON] + turn]
            if crisis < 0 and is_idle(ints, person):
                hand_over(ints, reals, chain, turn, person, YES)
                serve(ints, reals, ints[at.NODES] + turn, YES, NO)
                return True
        elif crisis >= 0:
            reals[ints[at.CHAIN_DUE] + chain] = reals[ints[at.CRISIS_END] + crisis]
            set_moment(ints, reals, chain)
        else:
            relieve(ints, reals, chain, last)
            return True
    return False


@inner
def relieve(ints, reals, chain, last):  # type: ignore[no-untyped-def]
    """Try to relieve the holder of the last turn; after it the chain stands behind its turns, at `last`."""
    ints[at.STAMP] += 1
    person = stand_in(ints, reals, ints[ints[at.CHAIN_NEED] + chain], YES, ints[at.STAMP])
    if person >= 0:
        hand_over(ints, reals, chain, last, person, NO)
        return
    now = reals[at.NOW]
    if reals[ints[at.CHAIN_VAIN] + chain] < 0.0:
        reals[ints[at.CHAIN_VAIN] + chain] = now
    reals[ints[at.CHAIN_DUE] + chain] = now + reals[ints[at.PAR] + _RETRY]
    set_moment(ints, reals, chain)
