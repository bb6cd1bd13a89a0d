"""Compiled: the first days after the operation, and what a rehearsal tells when it is over."""

from __future__ import annotations

import math

from separatrix.team.rehearsal.engine import trace as told
from separatrix.team.rehearsal.engine.body_state import (
    CLOTTING_LOWEST,
    HAEMATOCRIT_LOWEST,
    LOST_ML,
    PACKS_SHORT,
    PLASMA_GIVEN,
    PLATELETS_GIVEN,
    POTASSIUM_HIGHEST,
    RED_GIVEN,
    TEMPERATURE_LOWEST_C,
    VOLUME_LOWEST,
)
from separatrix.team.rehearsal.engine.crisis_kernel import count_crisis, log_strike, response_to
from separatrix.team.rehearsal.engine.inner_kernel import NONE, inner
from separatrix.team.rehearsal.engine.item_kernel import quantile, tell
from separatrix.team.rehearsal.engine.philox_kernel import AFTER_DRAW, uniforms
from separatrix.team.rehearsal.play import places as at
from separatrix.team.rehearsal.play.arrays import KNOTS, PAR, STANDBY
from separatrix.team.rehearsal.play.outputs import OF_PATIENT, OF_PERSON, WHOLE

_READY_MIN, _SHORT_HANDED, _RETRY = PAR["standby_ready_min"], PAR["short_handed_factor"], PAR["retry_min"]
_RETURNS, _BOTH, _REOPEN = WHOLE.index("returns"), WHOLE.index("returns_both"), WHOLE.index("reopen_nobody")
_EVENTS, _STOPPED = WHOLE.index("events"), WHOLE.index("stopped")
_OF_PATIENT, _WHOLE, _OF_PERSON = len(OF_PATIENT), len(WHOLE), len(OF_PERSON)
_RETURNED, _LOST = OF_PATIENT.index("returned"), OF_PATIENT.index("lost_ml")
_OVERTIME, _AWAKE = OF_PERSON.index("overtime_min"), OF_PERSON.index("awake_h")
_CRISIS_MIN = OF_PERSON.index("crisis_min")
_MINUTES_AN_HOUR = 60.0
_MOST_BITS = 52

_BODY_COLUMNS = (
    LOST_ML,
    RED_GIVEN,
    PLASMA_GIVEN,
    PLATELETS_GIVEN,
    PACKS_SHORT,
    VOLUME_LOWEST,
    HAEMATOCRIT_LOWEST,
    TEMPERATURE_LOWEST_C,
    POTASSIUM_HIGHEST,
    CLOTTING_LOWEST,
)
"""Of the physiology's state, in the order of the columns from ``lost_ml`` to ``clotting_lowest``."""


@inner
def first_days(ints, reals):  # type: ignore[no-untyped-def]
    """Strikes of the first days, in order of time. NOW moves on to each of them."""
    over, rows = reals[ints[at.ROW] + at.END_MIN], ints[at.AFTERS]
    seed, replication = ints[at.SEED], ints[at.REPLICATION]
    last, last_row = -math.inf, -1
    while True:
        # The next strike by time, then by row: there are few rows, and most rehearsals have no strike.
        soonest, first, control = math.inf, int(NONE), 0.0
        for row in range(rows):
            u0, u1, u2, _ = uniforms(seed, replication, row, AFTER_DRAW)
            if u0 >= reals[ints[at.AFTER_NUMBER] + row]:
                continue
            window = ints[at.AFTER_WINDOW] + 2 * row
            hours = reals[window] + u1 * (reals[window + 1] - reals[window])
            minute = over + _MINUTES_AN_HOUR * hours
            if (minute > last or (minute == last and row > last_row)) and minute < soonest:
                soonest, first, control = minute, row, u2
        if first < 0:
            return
        last, last_row = soonest, first
        reals[at.NOW] = soonest
        strike_after(ints, reals, first, soonest - over, control)


@inner
def strike_after(ints, reals, row, since_end, control):  # type: ignore[no-untyped-def]
    """One strike of the first days."""
    now = reals[at.NOW]
    kind = ints[ints[at.AFTER_COMPLICATION] + row]
    response, patient, struck = response_to(ints, NONE, kind, ints[ints[at.AFTER_PATIENT] + row])
    crisis = ints[at.CRISIS_NUMBERS]
    ints[at.CRISIS_NUMBERS] = crisis + 1
    if ints[at.TRACE_ROWS] > 0:
        tell(ints, reals, told.AFTER_STRIKE, float(row), float(kind), float(patient), float(response))
    arrival, lasts, missing, came = 0.0, reals[ints[at.PAR] + _RETRY], 0, False
    if response >= 0:
        lasts = quantile(reals, ints[at.RESPONSE_QUANTILES] + response * KNOTS, control)
        first = ints[ints[at.CALL_PTR] + response]
        # A person is taken until the end of this crisis, which is known only when all were called.
        ints[at.STAMP] += 1
        stamp = ints[at.STAMP]
        for call in range(first, ints[ints[at.CALL_PTR] + response + 1]):
            who = on_standby(ints, reals, ints[ints[at.CALL_NEED] + call], since_end, stamp)
            if who >= 0:
                came = True
                ints[ints[at.MARK] + who] = stamp
                if ints[at.TRACE_ROWS] > 0:
                    tell(
                        ints,
                        reals,
                        told.CALLED,
                        float(who),
                        float(call - first),
                        float(reals[ints[at.PAR] + _READY_MIN]),
                        1.0,
                    )
            else:
                missing |= 1 << min(call - first, _MOST_BITS)
                if ints[at.TRACE_ROWS] > 0:
                    tell(ints, reals, told.MISSING, 0.0, float(call - first), float(crisis), 0.0)
        if missing:
            lasts *= reals[ints[at.PAR] + _SHORT_HANDED]
        if came:
            arrival = reals[ints[at.PAR] + _READY_MIN]
        lasts += arrival
        if came:
            keep_busy(ints, reals, stamp, lasts)
    status = at.NOBODY
    if response >= 0 and missing == 0:
        status = at.LATE if arrival > reals[ints[at.RESPONSE_WITHIN] + response] else at.IN_TIME
    count_crisis(ints, reals, struck, lasts, status)
    log_strike(ints, kind, row, crisis, status)
    if ints[at.TRACE_ROWS] > 0:
        tell(ints, reals, told.ARRIVAL, float(crisis), float(arrival), float(lasts), float(status + 1))
    if ints[ints[at.AFTER_RETURNS] + row] != 0:
        if ints[at.TRACE_ROWS] > 0:
            tell(ints, reals, told.RETURN, float(row), float(patient), 0.0, 0.0)
        note_return(ints, reals, struck, now, lasts)
        if status == at.NOBODY:
            reals[ints[at.ROW] + _REOPEN] += 1.0


@inner
def on_standby(ints, reals, need, since_end, stamp):  # type: ignore[no-untyped-def]
    """First of a need's people who is in no crisis and whose standby covers the minute; -1: nobody.

    Who is not of the standby pool, such as the nurses of the ward, is there at all hours.
    """
    for i in range(ints[ints[at.NEED_PTR] + need], ints[ints[at.NEED_PTR] + need + 1]):
        person = ints[ints[at.NEED_PERSON] + i]
        shift = ints[at.PERSON_SHIFT] + 2 * person
        always = ints[ints[at.PERSON_POOL] + person] != STANDBY
        if (
            (always or (reals[shift] <= since_end and since_end < reals[shift + 1]))
            and reals[ints[at.AWAY_UNTIL] + person] <= reals[at.NOW]
            and ints[ints[at.MARK] + person] != stamp
        ):
            return person
    return -1


@inner
def keep_busy(ints, reals, stamp, lasts):  # type: ignore[no-untyped-def]
    """All people marked with the stamp are in a crisis that lasts so many minutes."""
    for person in range(ints[at.PEOPLE]):
        if ints[ints[at.MARK] + person] == stamp:
            reals[ints[at.AWAY_UNTIL] + person] = reals[at.NOW] + lasts
            reals[ints[at.PERSON] + person * _OF_PERSON + _CRISIS_MIN] += lasts


@inner
def note_return(ints, reals, struck, begin, lasts):  # type: ignore[no-untyped-def]
    """A return to theatre; of more than one patient where it overlaps with that of another."""
    row, count = ints[at.ROW], ints[at.PATIENTS]
    returns = int(reals[row + _RETURNS])
    reals[row + _RETURNS] += 1.0
    both, patients = False, 0
    for patient in range(count):
        if struck >> patient & 1:
            patients += 1
            reals[row + _WHOLE + patient * _OF_PATIENT + _RETURNED] = 1.0
    both = patients > 1
    for other in range(returns):
        place = ints[at.RETURNS] + 2 * other
        both |= begin < reals[place] and int(reals[place + 1]) != struck
    reals[ints[at.RETURNS] + 2 * returns] = begin + lasts
    reals[ints[at.RETURNS] + 2 * returns + 1] = struck
    if both:
        reals[row + _BOTH] = 1.0


@inner
def sum_up(ints, reals, body, row, people):  # type: ignore[no-untyped-def]
    """Fill the row and the people of a rehearsal that is over."""
    source, patients = ints[at.ROW], ints[at.PATIENTS]
    reals[source + _EVENTS] = ints[at.EVENTS]
    reals[source + _STOPPED] = ints[at.STOPPED]
    for patient in range(patients):
        place = source + _WHOLE + patient * _OF_PATIENT + _LOST
        for i, column in enumerate(_BODY_COLUMNS):
            reals[place + i] = body[patient, column]
    filled = _WHOLE + patients * _OF_PATIENT + ints[at.PHASES]
    for i in range(row.shape[0]):
        row[i] = reals[source + i] if i < filled else math.inf
    for person in range(people.shape[0]):
        place = ints[at.PERSON] + person * _OF_PERSON
        for i in range(_OF_PERSON):
            people[person, i] = reals[place + i]
        released = reals[ints[at.RELEASED] + person]
        if released >= 0.0:
            shift = ints[at.PERSON_SHIFT] + 2 * person
            people[person, _OVERTIME] = max(0.0, released - reals[shift + 1])
            people[person, _AWAKE] += max(0.0, released - reals[shift]) / _MINUTES_AN_HOUR
