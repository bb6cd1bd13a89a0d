"""Compiled: items that wait for each other, nodes that start, work, are held and end.

Every function works on the packed arrays of a `Space`; `places` names what stands where.
"""

from __future__ import annotations

import math

from separatrix.team.rehearsal.engine import trace as told
from separatrix.team.rehearsal.engine.inner_kernel import NO, YES, inner
from separatrix.team.rehearsal.engine.philox_kernel import LENGTH as LENGTH_DRAW
from separatrix.team.rehearsal.engine.philox_kernel import uniforms
from separatrix.team.rehearsal.play import places as at
from separatrix.team.rehearsal.play.arrays import CIRCULATIONS_PART, KNOTS, PAR, RESAMPLE, RESTART, SEPARATION
from separatrix.team.rehearsal.play.outputs import OF_PATIENT, OF_PERSON, WHOLE

_WORK, _AWAITED = OF_PERSON.index("work_min"), OF_PERSON.index("waiting_min")
_PERSON_COLUMNS = len(OF_PERSON)
_WAITING, _UNRELIEVED = WHOLE.index("waiting_min"), WHOLE.index("unrelieved_min")
_OF_PATIENT, _WHOLE = len(OF_PATIENT), len(WHOLE)
_ANAESTHESIA = OF_PATIENT.index("anaesthesia_min")
_PREEMPTION = PAR["preemption"]


@inner
def tell(ints, reals, kind, a, b, c, d):  # type: ignore[no-untyped-def]
    """Add a row to the trace, where one is kept."""
    used = ints[at.TRACE_USED]
    if used < ints[at.TRACE_ROWS]:
        row = ints[at.TRACE] + used * told.FIELDS
        reals[row] = reals[at.NOW]
        reals[row + 1] = kind
        reals[row + 2] = a
        reals[row + 3] = b
        reals[row + 4] = c
        reals[row + 5] = d
        ints[at.TRACE_USED] = used + 1


@inner
def quantile(reals, table, u):  # type: ignore[no-untyped-def]
    """What a table of quantiles that begins at a place holds for u."""
    knot = u * (KNOTS - 1)
    below = int(knot)
    low = reals[table + below]
    return low + (knot - below) * (reals[table + below + 1] - low)


@inner
def length_of(ints, reals, node, anew):  # type: ignore[no-untyped-def]
    """Minutes that a node takes, as drawn, or as drawn anew after it was stopped."""
    draws = uniforms(ints[at.SEED], ints[at.REPLICATION], node, LENGTH_DRAW)
    minutes = quantile(reals, ints[at.NODE_QUANTILES] + node * KNOTS, draws[1] if anew else draws[0])
    if ints[ints[at.NODE_COMMON] + node] != 0:
        minutes *= reals[ints[at.COMMON] + ints[ints[at.NODE_PHASE] + node]]
    return minutes


# --- people ---
@inner
def is_idle(ints, person):  # type: ignore[no-untyped-def]
    """Whether a person is available: in no node, holding no chain, in no crisis."""
    return (
        ints[ints[at.PERSON_NODE] + person] < 0
        and ints[ints[at.PERSON_HOLDS] + person] == 0
        and ints[ints[at.PERSON_CRISIS] + person] < 0
    )


@inner
def occupy(ints, reals, person):  # type: ignore[no-untyped-def]
    """To be called before a person takes something on."""
    if is_idle(ints, person):
        reals[ints[at.BUSY_SINCE] + person] = reals[at.NOW]


@inner
def free(ints, reals, person):  # type: ignore[no-untyped-def]
    """To be called after a person has put something down."""
    if is_idle(ints, person):
        now = reals[at.NOW]
        reals[ints[at.PERSON] + person * _PERSON_COLUMNS + _WORK] += now - reals[ints[at.BUSY_SINCE] + person]
        reals[ints[at.RELEASED] + person] = now


@inner
def on_duty(ints, reals, person):  # type: ignore[no-untyped-def]
    """Whether a person's shift has begun and is not over."""
    shift = ints[at.PERSON_SHIFT] + 2 * person
    return reals[shift] <= reals[at.NOW] and reals[at.NOW] < reals[shift + 1]


@inner
def stand_in(ints, reals, need, planned_behind, stamp):  # type: ignore[no-untyped-def]
    """First of a need's people on duty, available, not on a break and not marked; -1: nobody."""
    now = reals[at.NOW]
    for i in range(ints[ints[at.NEED_PTR] + need], ints[ints[at.NEED_PTR] + need + 1]):
        person = ints[ints[at.NEED_PERSON] + i]
        if planned_behind and reals[ints[at.PERSON_LAST] + person] > now:
            continue
        if (
            ints[ints[at.MARK] + person] < stamp
            and on_duty(ints, reals, person)
            and is_idle(ints, person)
            and reals[ints[at.AWAY_UNTIL] + person] <= now
        ):
            return person
    return -1


# --- what waits for what ---
@inner
def deliver_arc(ints, reals, item, minute):  # type: ignore[no-untyped-def]
    """One arc into an item has been served: it may not happen before the minute."""
    moment = ints[at.MOMENT] + item
    if minute > reals[moment]:
        reals[moment] = minute
    waits = ints[at.WAITS] + item
    ints[waits] -= 1
    if ints[waits] == 0:
        if item < ints[at.NODES]:
            enter(ints, reals, item)
        else:
            set_moment(ints, reals, ints[ints[at.TURN_CHAIN] + item - ints[at.NODES]])


@inner
def set_moment(ints, reals, chain):  # type: ignore[no-untyped-def]
    """Fix when something comes next in a chain by itself, or has waited since; infinite: nothing."""
    turn = ints[ints[at.CHAIN_TURN] + chain]
    moment = math.inf
    if turn >= 0:
        moment = reals[ints[at.CHAIN_RELEASE] + chain]
        if math.isinf(moment):
            item = ints[at.NODES] + turn + 1
            if turn + 1 >= ints[ints[at.CHAIN_PTR] + chain + 1]:
                moment = reals[ints[at.CHAIN_DUE] + chain]
            elif ints[ints[at.WAITS] + item] == 0:
                moment = max(reals[ints[at.MOMENT] + item], reals[ints[at.TURN_FROM] + turn + 1])
    before = reals[ints[at.CHAIN_AT] + chain]
    reals[ints[at.CHAIN_AT] + chain] = moment
    if before <= reals[at.CHAIN_FIRST] or before <= reals[at.CHAIN_AHEAD]:
        ints[at.CHAINS_CHANGED] = 1
    else:
        # It was none of the earliest: whether it is one now is seen without a look through all chains.
        if moment < reals[at.CHAIN_FIRST]:
            reals[at.CHAIN_FIRST] = moment
        if reals[at.NOW] < moment < reals[at.CHAIN_AHEAD]:
            reals[at.CHAIN_AHEAD] = moment


@inner
def serve(ints, reals, item, at_start, at_end):  # type: ignore[no-untyped-def]
    """Serve the arcs out of an item that are counted from its start, from its end, or both."""
    now = reals[at.NOW]
    for arc in range(ints[ints[at.ARC_PTR] + item], ints[ints[at.ARC_PTR] + item + 1]):
        if at_start if ints[ints[at.ARC_FROM_START] + arc] != 0 else at_end:
            minute = now + reals[ints[at.ARC_LAG] + arc]
            rests = ints[ints[at.ARC_BREAK] + arc]
            if rests >= 0:
                reals[ints[at.AWAY_UNTIL] + rests] = minute
            deliver_arc(ints, reals, ints[ints[at.ARC_TO] + arc], minute)


@inner
def enter(ints, reals, node):  # type: ignore[no-untyped-def]
    """Put a node that has all its arcs among the ready; one of a group when the last of the group has them.

    The list is kept by moment, then by number. A group stands in it as its lowest node.
    """
    status, waits, moment = ints[at.STATUS], ints[at.WAITS], ints[at.MOMENT]
    ready_at = reals[moment + node]
    lead = node
    if ints[status + node] == at.WAITING:
        ring = ints[at.GROUP_NEXT]
        mate = ints[ring + node]
        while mate != node:
            if ints[status + mate] == at.WAITING:
                if ints[waits + mate] > 0:
                    return
                ready_at = max(ready_at, reals[moment + mate])
                lead = min(lead, mate)
            mate = ints[ring + mate]
    elif ints[status + node] != at.DROPPED:
        return
    reals[ints[at.READY_AT] + lead] = ready_at
    ready, place = ints[at.READY], ints[at.READY_COUNT]
    while place > 0:
        other = ints[ready + place - 1]
        other_at = reals[ints[at.READY_AT] + other]
        if other_at < ready_at or (other_at == ready_at and other < lead):
            break
        ints[ready + place] = other
        place -= 1
    ints[ready + place] = lead
    ints[at.READY_COUNT] += 1


@inner
def leave(ints, node):  # type: ignore[no-untyped-def]
    """Take a node, or the group that it is of, from among the ready, if it is there."""
    lead = node
    if ints[ints[at.STATUS] + node] == at.WAITING:
        mate = ints[ints[at.GROUP_NEXT] + node]
        while mate != node:
            if ints[ints[at.STATUS] + mate] == at.WAITING:
                lead = min(lead, mate)
            mate = ints[ints[at.GROUP_NEXT] + mate]
    unlist(ints, lead)


@inner
def unlist(ints, lead):  # type: ignore[no-untyped-def]
    """Take a node that stands for itself or its group off the list of the ready."""
    ready, kept = ints[at.READY], 0
    for place in range(ints[at.READY_COUNT]):
        if ints[ready + place] != lead:
            ints[ready + kept] = ints[ready + place]
            kept += 1
    ints[at.READY_COUNT] = kept


@inner
def bring_forward(ints, reals, node):  # type: ignore[no-untyped-def]
    """A node starts or is passed: turns anchored to it may come sooner than planned."""
    turn = ints[ints[at.FIRST_ANCHORED] + node]
    while turn >= 0:
        minute = reals[at.NOW] + reals[ints[at.TURN_ANCHOR_LAG] + turn]
        if minute < reals[ints[at.TURN_FROM] + turn]:
            reals[ints[at.TURN_FROM] + turn] = minute
            set_moment(ints, reals, ints[ints[at.TURN_CHAIN] + turn])
        turn = ints[ints[at.NEXT_ANCHORED] + turn]


# --- start ---
@inner
def staffed(ints, reals, lead, as_can):  # type: ignore[no-untyped-def]
    """Whether a node and its group can have their people now; who would take each slot stands in PICK.

    Where `as_can`, slots that nobody can take stay empty, and the answer is always yes. MARK is the stamp for
    who is named, one more for who has taken a slot.
    """
    now = reals[at.NOW]
    status, ring, pick, mark = ints[at.STATUS], ints[at.GROUP_NEXT], ints[at.PICK], ints[at.MARK]
    slot_ptr, slot_person = ints[at.SLOT_PTR], ints[at.SLOT_PERSON]
    stamp = ints[at.STAMP] + 1
    ints[at.STAMP] = stamp + 1
    node = lead
    while True:
        if ints[status + node] == at.WAITING:
            for slot in range(ints[slot_ptr + node], ints[slot_ptr + node + 1]):
                named = ints[slot_person + slot]
                if named >= 0:
                    # The usual case first: who is named cannot come and is not to be replaced.
                    over = now >= reals[ints[at.PERSON_SHIFT] + 2 * named + 1]
                    if not (over or as_can or is_idle(ints, named)):
                        return False
                    ints[mark + named] = stamp
        node = ints[ring + node]
        if node == lead:
            break
    while True:
        if ints[status + node] == at.WAITING:
            for slot in range(ints[slot_ptr + node], ints[slot_ptr + node + 1]):
                named = ints[slot_person + slot]
                need = ints[ints[at.SLOT_NEED] + slot]
                person = -1
                if named < 0:
                    person = stand_in(ints, reals, need, YES, stamp)
                    if person < 0:
                        person = stand_in(ints, reals, need, NO, stamp)
                else:
                    if now >= reals[ints[at.PERSON_SHIFT] + 2 * named + 1]:
                        person = stand_in(ints, reals, need, YES, stamp)
                    if person < 0 and is_idle(ints, named) and ints[mark + named] == stamp:
                        person = named
                if person < 0 and not as_can:
                    return False
                if person >= 0:
                    ints[mark + person] = stamp + 1
                ints[pick + slot] = person
        node = ints[ring + node]
        if node == lead:
            return True


@inner
def schedule(ints, reals, node):  # type: ignore[no-untyped-def]
    """Fix what comes next in a running node: its next strike, its end, or the end of its being held."""
    if ints[ints[at.STATUS] + node] == at.HELD:
        minute = reals[ints[at.HELD_UNTIL] + node]
    else:
        length, done = reals[ints[at.LENGTH] + node], reals[ints[at.DONE] + node]
        strike = ints[ints[at.FIRST_STRIKE] + node]
        goal = length if strike < 0 else reals[ints[at.STRIKE_FRACTION] + strike] * length
        minute = reals[ints[at.SINCE] + node] + max(goal - done, 0.0)
    reals[ints[at.NEXT] + node] = minute
    if ints[at.NODES_CHANGED] == 0:
        soonest = reals[at.NODE_AT]
        if ints[at.NEXT_NODE] == node:
            ints[at.NODES_CHANGED] = 1
        elif minute < soonest or (minute == soonest and node < ints[at.NEXT_NODE]):
            reals[at.NODE_AT] = minute
            ints[at.NEXT_NODE] = node


@inner
def find_next(ints, reals):  # type: ignore[no-untyped-def]
    """Look through the running nodes for what comes next."""
    soonest, first = math.inf, -1
    for i in range(ints[at.RUNNING_COUNT]):
        node = ints[ints[at.RUNNING] + i]
        minute = reals[ints[at.NEXT] + node]
        if minute < soonest or (minute == soonest and node < first):
            soonest, first = minute, node
    reals[at.NODE_AT] = soonest
    ints[at.NEXT_NODE] = first
    ints[at.NODES_CHANGED] = 0


@inner
def start(ints, reals, node):  # type: ignore[no-untyped-def]
    """A node starts with the people that PICK holds; chains and the ready are left to the caller."""
    now, row = reals[at.NOW], ints[at.ROW]
    length = length_of(ints, reals, node, NO)
    awaited = now - reals[ints[at.MOMENT] + node]
    for slot in range(ints[ints[at.SLOT_PTR] + node], ints[ints[at.SLOT_PTR] + node + 1]):
        person, named = ints[ints[at.PICK] + slot], ints[ints[at.SLOT_PERSON] + slot]
        ints[ints[at.SLOT_TAKEN] + slot] = person
        if ints[at.TRACE_ROWS] > 0 and person != named:
            tell(
                ints,
                reals,
                told.SUBSTITUTE,
                float(node),
                float(slot - ints[ints[at.SLOT_PTR] + node]),
                float(person),
                float(named),
            )
        if person >= 0:
            occupy(ints, reals, person)
            ints[ints[at.PERSON_NODE] + person] = node
            reals[ints[at.PERSON] + person * _PERSON_COLUMNS + _AWAITED] += awaited
            if person == named and now >= reals[ints[at.PERSON_SHIFT] + 2 * person + 1]:
                reals[row + _UNRELIEVED] += length
    reals[row + _WAITING] += awaited
    ints[ints[at.STATUS] + node] = at.RUNS
    ints[ints[at.RUNNING] + ints[at.RUNNING_COUNT]] = node
    ints[at.RUNNING_COUNT] += 1
    reals[ints[at.BEGUN] + node] = now
    reals[ints[at.SINCE] + node] = now
    reals[ints[at.DONE] + node] = 0.0
    reals[ints[at.LENGTH] + node] = length
    schedule(ints, reals, node)
    touches = ints[ints[at.TOUCHES] + node]
    if touches & at.BLEEDS:
        ints[at.LOSS_CHANGED] = 1
    if touches & at.USES_STOCK:
        kinds = ints[at.STOCK_KINDS]
        for kind in range(kinds):
            stock = ints[at.STOCK] + kind
            reals[stock] = max(
                0.0, reals[stock] - max(0, ints[ints[at.NODE_CONSUMABLES] + node * kinds + kind])
            )
    patients = ints[ints[at.NODE_PATIENTS] + node]
    for patient in range(ints[at.PATIENTS]):
        if patients >> patient & 1 and reals[ints[at.FIRST_START] + patient] < 0.0:
            reals[ints[at.FIRST_START] + patient] = now
    if ints[at.TRACE_ROWS] > 0:
        tell(ints, reals, told.START, float(node), float(length), 0.0, 0.0)
    bring_forward(ints, reals, node)
    serve(ints, reals, node, YES, NO)


# --- hold, resume, end ---
@inner
def hold(ints, reals, node, crisis):  # type: ignore[no-untyped-def]
    """A crisis holds a running node; until when is told to it later by `hold_until`."""
    ints[ints[at.HELD_BY] + node] = crisis
    if ints[ints[at.STATUS] + node] == at.RUNS:
        ints[ints[at.STATUS] + node] = at.HELD
        reals[ints[at.DONE] + node] += reals[at.NOW] - reals[ints[at.SINCE] + node]
        reals[ints[at.HELD_UNTIL] + node] = 0.0
        ints[at.LOSS_CHANGED] = 1


@inner
def resume(ints, reals, node):  # type: ignore[no-untyped-def]
    """A held node goes on, by the rule of preemption."""
    ints[ints[at.STATUS] + node] = at.RUNS
    reals[ints[at.SINCE] + node] = reals[at.NOW]
    rule = int(reals[ints[at.PAR] + _PREEMPTION])
    if rule == RESTART:
        reals[ints[at.DONE] + node] = 0.0
    elif rule == RESAMPLE and reals[ints[at.LENGTH] + node] > 0.0:
        share = reals[ints[at.DONE] + node] / reals[ints[at.LENGTH] + node]
        reals[ints[at.LENGTH] + node] = length_of(ints, reals, node, YES)
        reals[ints[at.DONE] + node] = share * reals[ints[at.LENGTH] + node]
    ints[at.LOSS_CHANGED] = 1
    schedule(ints, reals, node)
    if ints[at.TRACE_ROWS] > 0:
        tell(ints, reals, told.RESUMED, float(node), 0.0, 0.0, 0.0)


@inner
def end(ints, reals, node):  # type: ignore[no-untyped-def]
    """A node ends: people are free, arcs served, marks in effect; chains and branches come after."""
    now, row, patient_count = reals[at.NOW], ints[at.ROW], ints[at.PATIENTS]
    ints[ints[at.STATUS] + node] = at.ENDED
    reals[ints[at.ENDED_AT] + node] = now
    count, kept = ints[at.RUNNING_COUNT], 0
    for i in range(count):
        other = ints[ints[at.RUNNING] + i]
        if other != node:
            ints[ints[at.RUNNING] + kept] = other
            kept += 1
    ints[at.RUNNING_COUNT] = kept
    ints[at.NODES_CHANGED] = 1
    ints[at.LEFT] -= 1
    for slot in range(ints[ints[at.SLOT_PTR] + node], ints[ints[at.SLOT_PTR] + node + 1]):
        person = ints[ints[at.SLOT_TAKEN] + slot]
        if person >= 0:
            ints[ints[at.PERSON_NODE] + person] = -1
            free(ints, reals, person)
    if ints[at.TRACE_ROWS] > 0:
        tell(ints, reals, told.END, float(node), 0.0, 0.0, 0.0)
    serve(ints, reals, node, NO, YES)
    if ints[ints[at.TOUCHES] + node] & at.BLEEDS:
        ints[at.LOSS_CHANGED] = 1
    patients = ints[ints[at.NODE_PATIENTS] + node]
    for patient in range(patient_count):
        if patients >> patient & 1:
            reals[row + _WHOLE + patient * _OF_PATIENT + _ANAESTHESIA] = (
                now - reals[ints[at.FIRST_START] + patient]
            )
    reals[row + _WHOLE + patient_count * _OF_PATIENT + ints[ints[at.NODE_PHASE] + node]] = now
    reals[row + at.END_MIN] = now
    ints[at.CLOSED_CROSSINGS] += ints[ints[at.NODE_CLOSES] + node]
    marks = ints[ints[at.NODE_MARKS] + node]
    if marks & SEPARATION and ints[at.STAGED] == 0:
        ints[at.APART] = 1
        if math.isinf(reals[row + at.SEPARATION_MIN]):
            reals[row + at.SEPARATION_MIN] = now
    if marks & CIRCULATIONS_PART:
        ints[at.CIRCULATIONS_APART] = 1
        if math.isinf(reals[row + at.CIRCULATIONS_PART_MIN]):
            reals[row + at.CIRCULATIONS_PART_MIN] = now
