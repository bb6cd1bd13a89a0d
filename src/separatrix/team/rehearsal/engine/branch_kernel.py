"""Compiled: branches of the procedure, taken at the end of a node where their complication has struck."""

from __future__ import annotations

from separatrix.team.rehearsal.engine import trace as told
from separatrix.team.rehearsal.engine.inner_kernel import inner
from separatrix.team.rehearsal.engine.item_kernel import deliver_arc, enter, leave, tell
from separatrix.team.rehearsal.engine.philox_kernel import (
    FORCED_DRAW,
    OPTION,
    PER_STRIKE,
    THRESHOLD,
    uniforms,
)
from separatrix.team.rehearsal.play import places as at
from separatrix.team.rehearsal.play.outputs import WHOLE

_STAGED = WHOLE.index("staged")


@inner
def take_branches(ints, reals, node):  # type: ignore[no-untyped-def]
    """Take the branches at the end of a node, by number, each for the earliest strike not taken before."""
    for branch in range(ints[at.BRANCHES]):
        if ints[ints[at.BRANCH_AT] + branch] != node or ints[at.STAGED] != 0:
            continue
        kind = ints[ints[at.BRANCH_COMPLICATION] + branch]
        for strike in range(ints[at.STRUCK_COUNT]):
            if ints[ints[at.STRUCK_KIND] + strike] == kind and ints[ints[at.STRUCK_USED] + strike] == 0:
                ints[ints[at.STRUCK_USED] + strike] = 1
                take_option(ints, reals, branch, option_draw(ints, strike))
                break


@inner
def option_draw(ints, strike):  # type: ignore[no-untyped-def]
    """The uniform number that decides about a strike's option."""
    seed, replication = ints[at.SEED], ints[at.REPLICATION]
    cause, turn = ints[ints[at.STRUCK_CAUSE] + strike], ints[ints[at.STRUCK_TURN] + strike]
    if cause >= 0:
        return uniforms(seed, replication, cause, OPTION + PER_STRIKE * turn)[0]
    if cause == at.FROM_FORCED:
        return uniforms(seed, replication, ints[at.FORCED_NODE], FORCED_DRAW)[2]
    draws = uniforms(seed, replication, at.FROM_THRESHOLD - cause, THRESHOLD)
    return draws[2] if turn == 0 else draws[3]


@inner
def take_option(ints, reals, branch, u):  # type: ignore[no-untyped-def]
    """Drop, wake and link what the first option whose share exceeds u says."""
    option, last = ints[ints[at.OPTION_PTR] + branch], ints[ints[at.OPTION_PTR] + branch + 1]
    while option < last and reals[ints[at.OPTION_UP_TO] + option] <= u:
        option += 1
    if option == last:
        return
    now, status = reals[at.NOW], ints[at.STATUS]
    if ints[at.TRACE_ROWS] > 0:
        tell(
            ints,
            reals,
            told.BRANCH,
            float(branch),
            float(option),
            float(ints[ints[at.BRANCH_COMPLICATION] + branch]),
            0.0,
        )
    if ints[ints[at.OPTION_STAGES] + option] != 0:
        ints[at.STAGED] = 1
        reals[ints[at.ROW] + _STAGED] = 1.0
    for i in range(ints[ints[at.DROP_PTR] + option], ints[ints[at.DROP_PTR] + option + 1]):
        drop(ints, reals, ints[ints[at.DROP_NODE] + i])
    first, end = ints[ints[at.ADD_PTR] + option], ints[ints[at.ADD_PTR] + option + 1]
    for i in range(first, end):
        node = ints[ints[at.ADD_NODE] + i]
        if ints[status + node] == at.ASLEEP:
            ints[status + node] = at.WAITING
            ints[at.LEFT] += 1
            reals[ints[at.MOMENT] + node] = max(reals[ints[at.MOMENT] + node], now)
            if ints[at.TRACE_ROWS] > 0:
                tell(ints, reals, told.WAKE, float(node), 0.0, 0.0, 0.0)
    for link in range(ints[ints[at.LINK_PTR] + option], ints[ints[at.LINK_PTR] + option + 1]):
        tie(ints, reals, link)
    for i in range(first, end):
        node = ints[ints[at.ADD_NODE] + i]
        if ints[status + node] == at.WAITING and ints[ints[at.WAITS] + node] == 0:
            leave(ints, node)
            enter(ints, reals, node)
    ints[ints[at.OPTIONS_TAKEN] + ints[at.OPTION_COUNT]] = option
    ints[at.OPTION_COUNT] += 1


@inner
def drop(ints, reals, node):  # type: ignore[no-untyped-def]
    """A node that has not started is dropped; the rest of its group may be ready without it.

    One that sleeps never wakes.
    """
    status, waits = ints[at.STATUS], ints[at.WAITS]
    if ints[status + node] == at.ASLEEP:
        ints[status + node] = at.PASSED
    if ints[status + node] != at.WAITING:
        return
    leave(ints, node)
    ints[status + node] = at.DROPPED
    ints[at.LEFT] -= 1
    if ints[at.TRACE_ROWS] > 0:
        tell(ints, reals, told.DROP, float(node), 0.0, 0.0, 0.0)
    if ints[waits + node] == 0:
        enter(ints, reals, node)
    mate = ints[ints[at.GROUP_NEXT] + node]
    while mate != node:
        if ints[status + mate] == at.WAITING:
            if ints[waits + mate] == 0:
                enter(ints, reals, mate)
            return
        mate = ints[ints[at.GROUP_NEXT] + mate]


@inner
def tie(ints, reals, link):  # type: ignore[no-untyped-def]
    """One more arc, from the end of a node to a node that has not started."""
    before, after = ints[ints[at.LINK] + 2 * link], ints[ints[at.LINK] + 2 * link + 1]
    status = ints[at.STATUS]
    if ints[status + after] != at.WAITING:
        return
    leave(ints, after)
    state = ints[status + before]
    if state == at.ENDED or state == at.DROPPED or state == at.PASSED:
        since = reals[ints[at.ENDED_AT] + before] if state == at.ENDED else reals[at.NOW]
        moment = ints[at.MOMENT] + after
        reals[moment] = max(reals[moment], since + reals[ints[at.LINK_LAG] + link])
        if ints[ints[at.WAITS] + after] == 0:
            enter(ints, reals, after)
    else:
        ints[ints[at.WAITS] + after] += 1
        ints[ints[at.LINK_OPEN] + link] = 1


@inner
def serve_links(ints, reals, node):  # type: ignore[no-untyped-def]
    """A node has ended or was passed: what links of options waited for it."""
    for i in range(ints[at.OPTION_COUNT]):
        option = ints[ints[at.OPTIONS_TAKEN] + i]
        for link in range(ints[ints[at.LINK_PTR] + option], ints[ints[at.LINK_PTR] + option + 1]):
            if ints[ints[at.LINK] + 2 * link] == node and ints[ints[at.LINK_OPEN] + link] != 0:
                ints[ints[at.LINK_OPEN] + link] = 0
                minute = reals[at.NOW] + reals[ints[at.LINK_LAG] + link]
                deliver_arc(ints, reals, ints[ints[at.LINK] + 2 * link + 1], minute)
