"""What a trace of one rehearsal may say: rows of (minute, kind, a, b, c, d)."""

from __future__ import annotations

(
    START,
    END,
    HOLD,
    RESUMED,
    STRIKE,
    ARRIVAL,
    CALLED,
    MISSING,
    CONTROL,
    TAKE_OVER,
    RELEASED,
    BREAK_LOST,
    SUBSTITUTE,
    ORDER,
    DELIVERY,
    STATE,
    BRANCH,
    DROP,
    WAKE,
    NOBODY,
    AFTER_STRIKE,
    RETURN,
    OPENS,
    CLOSES,
) = range(24)
"""Kinds, with what a, b, c, d are:

START node, length, -, -
END node, -, -, -
HOLD node, until (of the crisis that holds it), crisis, -
RESUMED node, -, -, -
STRIKE node, complication, patient or -1, response or -1: the crisis takes the next number, from 0
CALLED person, call, minutes to arrive, how: 0 in place, 1 free, 2 on a break, 3 at work elsewhere, 4 in
other cover
MISSING 0 call | 1 equipment | 2 stock, index, crisis, -
ARRIVAL crisis, minutes until all are there, minutes until under control, status 1 in time, 2 late, 3 nobody;
told at the strike
CONTROL crisis, node, -, -: under control
TAKE_OVER chain, person who comes, person who goes or -1, 1 planned | 0 a relief
RELEASED chain, person, -, -: after the handover, or at the close
BREAK_LOST person, -, -, -
SUBSTITUTE node, slot of the node, person who takes it or -1, person named or -1
ORDER patient, red, plasma, platelets: packs ordered
DELIVERY patient, red, plasma, platelets: packs that came
STATE patient, volume ml, haematocrit, temperature
BRANCH branch, option, complication, -
DROP node; WAKE node
NOBODY node: nothing else was left to happen, so it starts with whom it can have
AFTER_STRIKE row of the first days, complication, patient or -1, response or -1; told with CALLED, MISSING
and ARRIVAL
RETURN row of the first days, patient or -1, -, -
OPENS chain; CLOSES chain
"""

FIELDS = 6
"""Columns of a trace."""
