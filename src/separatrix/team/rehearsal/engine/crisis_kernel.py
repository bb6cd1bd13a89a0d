"""Compiled: a complication strikes, who and what comes, and its end."""

from __future__ import annotations

import math

from separatrix.team.rehearsal.engine import trace as told
from separatrix.team.rehearsal.engine.inner_kernel import inner
from separatrix.team.rehearsal.engine.item_kernel import (
    free,
    hold,
    occupy,
    on_duty,
    quantile,
    schedule,
    tell,
)
from separatrix.team.rehearsal.play import places as at
from separatrix.team.rehearsal.play.arrays import CRITICAL, KNOTS, OF_PAIR, PAR
from separatrix.team.rehearsal.play.outputs import OF_PATIENT, OF_PERSON, WHOLE

_FREE, _BREAK_CALL = PAR["free_min"], PAR["break_call_min"]
_PREEMPT, _OTHER_COVER = PAR["preempt_min"], PAR["other_cover_min"]
_SHORT_HANDED, _RETRY = PAR["short_handed_factor"], PAR["retry_min"]
_CRISES, _CRISIS_MIN = WHOLE.index("crises"), WHOLE.index("crisis_min")
_LATE, _NOBODY, _BREAKS_LOST = WHOLE.index("late"), WHOLE.index("nobody"), WHOLE.index("breaks_lost")
_FORCED_STATUS, _FORCED_ARRIVAL = WHOLE.index("forced_status"), WHOLE.index("forced_arrival_min")
_FORCED_MISSING = WHOLE.index("forced_missing_calls")
_OF_PATIENT, _WHOLE, _OF_PERSON = len(OF_PATIENT), len(WHOLE), len(OF_PERSON)
_PATIENT_CRISES = OF_PATIENT.index("crises")
_PERSON_BREAKS, _PERSON_CRISIS = OF_PERSON.index("breaks_lost"), OF_PERSON.index("crisis_min")

IN_PLACE, FREE, ON_BREAK, ELSEWHERE, OTHER_COVER, CANNOT = 0, 1, 2, 3, 4, 5
"""Where a person is when called."""

_MOST_BITS = 52


@inner
def response_to(ints, node, kind, patient):  # type: ignore[no-untyped-def]
    """The response to a complication now (or -1), to which patient (-1: the pair), who is struck, as bits."""
    count = ints[at.PATIENTS]
    table = ints[at.RESPONSE_OF] + (2 * kind + ints[at.APART]) * (count + 1)
    response = ints[table + (patient if patient >= 0 else count)]
    if response < 0:
        if patient >= 0:
            response = ints[table + count]
        elif node >= 0:
            patients = ints[ints[at.NODE_PATIENTS] + node]
            for other in range(count):
                if patients >> other & 1 and ints[table + other] >= 0:
                    response, patient = ints[table + other], other
                    break
    of_pair = response >= 0 and ints[ints[at.RESPONSE_FLAGS] + response] & OF_PAIR != 0
    struck = (1 << count) - 1 if patient < 0 or of_pair else 1 << patient
    return response, patient, struck


@inner
def is_handing_over(ints, reals, chain):  # type: ignore[no-untyped-def]
    """Whether who held a chain before is still there."""
    return not math.isinf(reals[ints[at.CHAIN_RELEASE] + chain])


@inner
def covered_by_another(ints, reals, chain, person):  # type: ignore[no-untyped-def]
    """Whether another person, in no crisis, holds a chain of the same patients and need."""
    crises = ints[at.PERSON_CRISIS]
    for other in range(ints[at.CHAINS]):
        if (
            ints[ints[at.CHAIN_TURN] + other] >= 0
            and ints[ints[at.CHAIN_NEED] + other] == ints[ints[at.CHAIN_NEED] + chain]
            and ints[ints[at.CHAIN_PATIENTS] + other] == ints[ints[at.CHAIN_PATIENTS] + chain]
        ):
            holder = ints[ints[at.CHAIN_HOLDER] + other]
            if holder != person and ints[crises + holder] < 0:
                return True
            going = ints[ints[at.CHAIN_GOING] + other]
            if is_handing_over(ints, reals, other) and going != person and ints[crises + going] < 0:
                return True
    return False


@inner
def whereabouts(ints, reals, person, struck, struck_node):  # type: ignore[no-untyped-def]
    """Where a person is whom a crisis of the struck patients calls."""
    node = ints[ints[at.PERSON_NODE] + person]
    holds = ints[ints[at.PERSON_HOLDS] + person]
    if node < 0 and holds == 0:
        if not on_duty(ints, reals, person):
            return CANNOT
        return ON_BREAK if reals[ints[at.AWAY_UNTIL] + person] > reals[at.NOW] else FREE
    if node >= 0 and (node == struck_node or ints[ints[at.NODE_PATIENTS] + node] & struck):
        return IN_PLACE
    alone = False
    if holds > 0:
        for chain in range(ints[at.CHAINS]):
            held = ints[ints[at.CHAIN_HOLDER] + chain] == person or (
                ints[ints[at.CHAIN_GOING] + chain] == person and is_handing_over(ints, reals, chain)
            )
            if held and ints[ints[at.CHAIN_TURN] + chain] >= 0:
                if ints[ints[at.CHAIN_PATIENTS] + chain] & struck:
                    return IN_PLACE
                alone |= not covered_by_another(ints, reals, chain, person)
    if node >= 0:
        return CANNOT if ints[ints[at.NODE_MARKS] + node] & CRITICAL else ELSEWHERE
    return CANNOT if alone else OTHER_COVER


@inner
def minutes_from(reals, par, place):  # type: ignore[no-untyped-def]
    """Minutes until a called person is there."""
    if place == IN_PLACE:
        return 0.0
    if place == FREE:
        return reals[par + _FREE]
    if place == ON_BREAK:
        return reals[par + _BREAK_CALL]
    return reals[par + (_PREEMPT if place == ELSEWHERE else _OTHER_COVER)]


@inner
def call_people(ints, reals, slot, response, struck, node, crisis):  # type: ignore[no-untyped-def]
    """Who comes to each call; the arrival of the last and the calls that nobody can meet, as bits."""
    arrival, missing, first = 0.0, 0, ints[ints[at.CALL_PTR] + response]
    came = ints[at.CRISIS_CAME] + slot * ints[at.CALLS]
    for call in range(first, ints[ints[at.CALL_PTR] + response + 1]):
        need = ints[ints[at.CALL_NEED] + call]
        soonest, who, how = math.inf, -1, CANNOT
        for i in range(ints[ints[at.NEED_PTR] + need], ints[ints[at.NEED_PTR] + need + 1]):
            person = ints[ints[at.NEED_PERSON] + i]
            if ints[ints[at.PERSON_CRISIS] + person] >= 0:
                continue
            place = whereabouts(ints, reals, person, struck, node)
            if place == CANNOT:
                continue
            minutes = minutes_from(reals, ints[at.PAR], place)
            if minutes < soonest:
                soonest, who, how = minutes, person, place
                if minutes == 0.0:
                    break
        ints[came + call - first] = who
        if who < 0:
            missing |= 1 << min(call - first, _MOST_BITS)
            if ints[at.TRACE_ROWS] > 0:
                tell(ints, reals, told.MISSING, 0.0, float(call - first), float(crisis), 0.0)
            continue
        arrival = max(arrival, soonest)
        if ints[at.TRACE_ROWS] > 0:
            tell(ints, reals, told.CALLED, float(who), float(call - first), float(soonest), float(how))
        if how == ON_BREAK:
            reals[ints[at.AWAY_UNTIL] + who] = reals[at.NOW]
            reals[ints[at.ROW] + _BREAKS_LOST] += 1.0
            reals[ints[at.PERSON] + who * _OF_PERSON + _PERSON_BREAKS] += 1.0
            if ints[at.TRACE_ROWS] > 0:
                tell(ints, reals, told.BREAK_LOST, float(who), 0.0, 0.0, 0.0)
        occupy(ints, reals, who)
        ints[ints[at.PERSON_CRISIS] + who] = slot
        if ints[ints[at.PERSON_NODE] + who] >= 0:
            hold(ints, reals, ints[ints[at.PERSON_NODE] + who], crisis)
    return arrival, missing


@inner
def fetch_equipment(ints, reals, slot, response, crisis):  # type: ignore[no-untyped-def]
    """Minutes until the equipment is there and the kinds of which there is too little, as bits."""
    arrival, missing, kinds = 0.0, 0, ints[at.EQUIPMENT_KINDS]
    for kind in range(kinds):
        units = ints[ints[at.RESPONSE_EQUIPMENT] + response * kinds + kind]
        taken = ints[at.CRISIS_UNITS] + slot * kinds + kind
        ints[taken] = 0
        if units <= 0:
            continue
        there = ints[ints[at.EQUIPMENT] + kind]
        for i in range(ints[at.RUNNING_COUNT]):
            node = ints[ints[at.RUNNING] + i]
            if ints[ints[at.STATUS] + node] == at.RUNS:
                there -= ints[ints[at.NODE_EQUIPMENT] + node * kinds + kind]
        for i in range(ints[at.CRISIS_COUNT]):
            there -= ints[ints[at.CRISIS_UNITS] + ints[ints[at.CRISIS_LIST] + i] * kinds + kind]
        if there < units:
            missing |= 1 << min(kind, _MOST_BITS)
            if ints[at.TRACE_ROWS] > 0:
                tell(ints, reals, told.MISSING, 1.0, float(kind), float(crisis), 0.0)
        else:
            ints[taken] = units
            arrival = max(arrival, reals[ints[at.RESPONSE_FETCH] + response * kinds + kind])
    return arrival, missing


@inner
def use_stock(ints, reals, response, crisis):  # type: ignore[no-untyped-def]
    """Stock that a response must find, of which goods other than blood are used up; what lacks, as bits."""
    missing, kinds = 0, ints[at.STOCK_KINDS]
    for kind in range(kinds):
        units = ints[ints[at.RESPONSE_CONSUMABLES] + response * kinds + kind]
        if units > 0:
            if reals[ints[at.STOCK] + kind] < units:
                missing |= 1 << min(kind, _MOST_BITS)
                if ints[at.TRACE_ROWS] > 0:
                    tell(ints, reals, told.MISSING, 2.0, float(kind), float(crisis), 0.0)
            elif ints[ints[at.STOCK_BLOOD] + kind] == 0:
                reals[ints[at.STOCK] + kind] -= units
    return missing


@inner
def count_crisis(ints, reals, struck, lasts, status):  # type: ignore[no-untyped-def]
    """Enter a crisis into the row of the rehearsal."""
    row = ints[at.ROW]
    reals[row + _CRISES] += 1.0
    reals[row + _CRISIS_MIN] += lasts
    if status == at.LATE:
        reals[row + _LATE] += 1.0
    elif status == at.NOBODY:
        reals[row + _NOBODY] += 1.0
    for patient in range(ints[at.PATIENTS]):
        if struck >> patient & 1:
            reals[row + _WHOLE + patient * _OF_PATIENT + _PATIENT_CRISES] += 1.0


@inner
def is_bleeding(ints, reals, kind, struck):  # type: ignore[no-untyped-def]
    """Whether a complication bleeds in any patient it struck."""
    count = ints[at.PATIENTS]
    for patient in range(count):
        if struck >> patient & 1 and reals[ints[at.BLEED] + kind * count + patient] > 0.0:
            return True
    return False


@inner
def strike(ints, reals, node, kind, patient, control, cause, turn):  # type: ignore[no-untyped-def]
    """A complication strikes in a running node, with the uniform number `control` for the time to control.

    Cause and turn are where the strike comes from, as in STRUCK_CAUSE.
    """
    if ints[at.CRISIS_COUNT] == at.MOST_CRISES:
        ints[at.STOPPED] = 1
        return
    now = reals[at.NOW]
    response, patient, struck = response_to(ints, node, kind, patient)
    crisis, slot = ints[at.CRISIS_NUMBERS], 0
    ints[at.CRISIS_NUMBERS] = crisis + 1
    while ints[ints[at.CRISIS_OPEN] + slot] != 0:
        slot += 1
    if ints[at.TRACE_ROWS] > 0:
        tell(ints, reals, told.STRIKE, float(node), float(kind), float(patient), float(response))
    for i in range(ints[at.RUNNING_COUNT]):
        other = ints[ints[at.RUNNING] + i]
        if other == node or ints[ints[at.NODE_PATIENTS] + other] & struck:
            hold(ints, reals, other, crisis)
    for i in range(ints[at.CALLS]):
        ints[ints[at.CRISIS_CAME] + slot * ints[at.CALLS] + i] = -1
    for i in range(ints[at.EQUIPMENT_KINDS]):
        ints[ints[at.CRISIS_UNITS] + slot * ints[at.EQUIPMENT_KINDS] + i] = 0
    arrival, lasts, status = 0.0, reals[ints[at.PAR] + _RETRY], at.NOBODY
    calls, units, goods = 0, 0, 0
    if response >= 0:
        arrival, calls = call_people(ints, reals, slot, response, struck, node, crisis)
        fetched, units = fetch_equipment(ints, reals, slot, response, crisis)
        arrival = max(arrival, fetched)
        goods = use_stock(ints, reals, response, crisis)
        lasts = quantile(reals, ints[at.RESPONSE_QUANTILES] + response * KNOTS, control)
        if calls | units | goods:
            lasts *= reals[ints[at.PAR] + _SHORT_HANDED]
        elif arrival > reals[ints[at.RESPONSE_WITHIN] + response]:
            status = at.LATE
        else:
            status = at.IN_TIME
    lasts += arrival
    over = now + lasts
    if ints[at.TRACE_ROWS] > 0:
        tell(ints, reals, told.ARRIVAL, float(crisis), float(arrival), float(lasts), float(status + 1))
    for i in range(ints[at.RUNNING_COUNT]):
        other = ints[ints[at.RUNNING] + i]
        if ints[ints[at.HELD_BY] + other] == crisis:
            until = max(reals[ints[at.HELD_UNTIL] + other], over)
            reals[ints[at.HELD_UNTIL] + other] = until
            schedule(ints, reals, other)
            if ints[at.TRACE_ROWS] > 0:
                tell(ints, reals, told.HOLD, float(other), float(until), float(crisis), 0.0)
    for i in range(ints[at.CALLS]):
        person = ints[ints[at.CRISIS_CAME] + slot * ints[at.CALLS] + i]
        if person >= 0:
            reals[ints[at.PERSON] + person * _OF_PERSON + _PERSON_CRISIS] += lasts
    ints[ints[at.CRISIS_OPEN] + slot] = 1
    ints[ints[at.CRISIS_LIST] + ints[at.CRISIS_COUNT]] = slot
    ints[at.CRISIS_COUNT] += 1
    ints[ints[at.CRISIS_NODE] + slot] = node
    ints[ints[at.CRISIS_PATIENTS] + slot] = struck
    ints[ints[at.CRISIS_KIND] + slot] = kind
    ints[ints[at.CRISIS_NUMBER] + slot] = crisis
    reals[ints[at.CRISIS_END] + slot] = over
    ints[at.BLEEDING] += is_bleeding(ints, reals, kind, struck)
    ints[at.LOSS_CHANGED] = 1
    count_crisis(ints, reals, struck, lasts, status)
    if cause == at.FROM_FORCED:
        row = ints[at.ROW]
        reals[row + _FORCED_STATUS] = status + 1.0
        reals[row + _FORCED_ARRIVAL] = arrival
        reals[row + _FORCED_MISSING] = calls
        reals[row + _FORCED_MISSING + 1] = units
        reals[row + _FORCED_MISSING + 2] = goods
    log_strike(ints, kind, cause, turn, status)


@inner
def log_strike(ints, kind, cause, turn, status):  # type: ignore[no-untyped-def]
    """Keep a strike that came, for the branches and for the tally."""
    place = ints[at.STRUCK_COUNT]
    ints[ints[at.STRUCK_KIND] + place] = kind
    ints[ints[at.STRUCK_CAUSE] + place] = cause
    ints[ints[at.STRUCK_TURN] + place] = turn
    ints[ints[at.STRUCK_USED] + place] = 0
    ints[ints[at.STRUCK_STATUS] + place] = status
    ints[at.STRUCK_COUNT] = place + 1


@inner
def next_crisis(ints, reals):  # type: ignore[no-untyped-def]
    """Slot of the crisis that ends first, by minute, then by node; -1: none is open."""
    first = -1
    for i in range(ints[at.CRISIS_COUNT]):
        slot = ints[ints[at.CRISIS_LIST] + i]
        if first >= 0:
            over, soonest = reals[ints[at.CRISIS_END] + slot], reals[ints[at.CRISIS_END] + first]
            node, other = ints[ints[at.CRISIS_NODE] + slot], ints[ints[at.CRISIS_NODE] + first]
            if over > soonest or (over == soonest and node >= other):
                continue
        first = slot
    return first


@inner
def end_crisis(ints, reals, slot):  # type: ignore[no-untyped-def]
    """A crisis is under control: its people are free, its bleeding over; nodes resume by themselves."""
    kept = 0
    for i in range(ints[at.CRISIS_COUNT]):
        other = ints[ints[at.CRISIS_LIST] + i]
        if other != slot:
            ints[ints[at.CRISIS_LIST] + kept] = other
            kept += 1
    ints[at.CRISIS_COUNT] = kept
    ints[ints[at.CRISIS_OPEN] + slot] = 0
    for i in range(ints[at.CALLS]):
        person = ints[ints[at.CRISIS_CAME] + slot * ints[at.CALLS] + i]
        if person >= 0:
            ints[ints[at.PERSON_CRISIS] + person] = -1
            free(ints, reals, person)
    kind, struck = ints[ints[at.CRISIS_KIND] + slot], ints[ints[at.CRISIS_PATIENTS] + slot]
    ints[at.BLEEDING] -= is_bleeding(ints, reals, kind, struck)
    ints[at.LOSS_CHANGED] = 1
    if ints[at.TRACE_ROWS] > 0:
        number, node = ints[ints[at.CRISIS_NUMBER] + slot], ints[ints[at.CRISIS_NODE] + slot]
        tell(ints, reals, told.CONTROL, float(number), float(node), 0.0, 0.0)
