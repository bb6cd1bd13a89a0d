"""Names of the places in the packed arrays that the engine works on: see `space`.

``ints`` begins with sizes that never change, then the places where sections begin, then the counters of the
state; ``reals`` begins with the clocks of the state. A section is read as ``ints[ints[WAITS] + i]``. What
follows is in this order: sizes, sections, counters and clocks, values that entries take, columns of a row.
"""

from __future__ import annotations

from separatrix.team.rehearsal.play.outputs import WHOLE

MOST_CRISES = 64
"""Crises open at once; one more ends the rehearsal as stopped."""

MOST_OF_A_CAUSE = 3
"""Strikes of one cause that a rehearsal plays."""

# --- sizes, fixed for a space; the last are of the rehearsal being played ---
(
    NODES,
    TURNS,
    PEOPLE,
    PATIENTS,
    COMPLICATIONS,
    EQUIPMENT_KINDS,
    STOCK_KINDS,
    CHAINS,
    CAUSES,
    BRANCHES,
    AFTERS,
    PHASES,
    CALLS,
    EXCHANGES,
    LIMIT,
    TRACE_ROWS,
    RESET_INTS,
    KEPT_INTS,
    RESET_REALS,
    KEPT_REALS,
    SEED,
    REPLICATION,
    FORCED_NODE,
    FORCED_COMPLICATION,
    FORCED_PATIENT,
    STAMP,
    WATCHING,
    PAUSED_AT,
) = range(28)
"""RESET: the state up to here begins anew with each rehearsal; KEPT: the state ends here. STAMP: of `MARK`.
WATCHING: whether a rehearsal pauses before the start of a watched node; PAUSED_AT: where it did."""

# --- sections of ints that are state ---
(
    WAITS,
    STATUS,
    FIRST_STRIKE,
    HELD_BY,
    PERSON_NODE,
    PERSON_HOLDS,
    PERSON_CRISIS,
    CHAIN_TURN,
    CHAIN_HOLDER,
    CHAIN_GOING,
    CHAIN_GOING_TURN,
    CRISIS_OPEN,
    LINK_OPEN,
    SLOT_TAKEN,
    RUNNING,
    READY,
    OPTIONS_TAKEN,
    CRISIS_LIST,
    STRIKE_NEXT,
    STRIKE_KIND,
    STRIKE_PATIENT,
    STRIKE_CAUSE,
    STRIKE_TURN,
    STRUCK_KIND,
    STRUCK_CAUSE,
    STRUCK_TURN,
    STRUCK_USED,
    STRUCK_STATUS,
    CRISIS_NODE,
    CRISIS_PATIENTS,
    CRISIS_KIND,
    CRISIS_NUMBER,
    CRISIS_UNITS,
    CRISIS_CAME,
) = range(30, 64)
"""Each item: WAITS, arcs it still waits for. Each node: STATUS, FIRST_STRIKE of its list or -1, HELD_BY the
number of the crisis that held it last. Each person: PERSON_NODE or -1, PERSON_HOLDS chains held,
PERSON_CRISIS or -1. Each chain: CHAIN_TURN now held (or NOT_OPEN, CLOSED), its holder, who is GOING and the
turn that ends with the handover (or -1). SLOT_TAKEN: who is in each slot, -1 nobody. RUNNING, READY: lists
of nodes. Strikes to come (STRIKE) with the number of the cause's strike (TURN); those that came (STRUCK)
with whether a branch has USED them. LINK_OPEN: links of options taken that still wait for their first node.
Crises open: what and where, PATIENTS as bits, UNITS of equipment and people who CAME."""

OF_STRIKE = (
    STRIKE_NEXT,
    STRIKE_KIND,
    STRIKE_PATIENT,
    STRIKE_CAUSE,
    STRIKE_TURN,
    STRUCK_KIND,
    STRUCK_CAUSE,
    STRUCK_TURN,
    STRUCK_USED,
    STRUCK_STATUS,
)
OF_CRISIS = (CRISIS_NODE, CRISIS_PATIENTS, CRISIS_KIND, CRISIS_NUMBER)

# --- sections of reals that are state ---
(
    MOMENT,
    AWAY_UNTIL,
    RELEASED,
    TURN_FROM,
    CHAIN_AT,
    CHAIN_RELEASE,
    STOCK,
    ROW,
    PERSON,
    BEGUN,
    SINCE,
    DONE,
    LENGTH,
    HELD_UNTIL,
    NEXT,
    ENDED_AT,
    READY_AT,
    COMMON,
    BUSY_SINCE,
    CHAIN_DUE,
    CHAIN_VAIN,
    STRIKE_FRACTION,
    STRIKE_CONTROL,
    CRISIS_END,
    FIRST_START,
) = range(64, 89)
"""Each item: MOMENT of the latest delivery. Each node: BEGUN, SINCE when it works, work DONE by then, its
LENGTH, HELD_UNTIL, minute of what comes NEXT, ENDED_AT, READY_AT (of its group). Each person: AWAY_UNTIL on
a break (after the operation: in a crisis), RELEASED last, BUSY_SINCE. Each turn: FROM what minute it may
come. Each chain: AT its next moment, RELEASE of who is going, DUE relief, first VAIN try of it (-1: none).
COMMON factor of each phase."""

OF_NODE_REAL = (BEGUN, SINCE, DONE, LENGTH, HELD_UNTIL, NEXT, ENDED_AT, READY_AT)
OF_STRIKE_REAL = (STRIKE_FRACTION, STRIKE_CONTROL)
OF_CRISIS_REAL = (CRISIS_END,)

# --- tables: the fields of Arrays, and what is derived from them ---
(
    NODE_PATIENTS,
    NODE_MARKS,
    NODE_PHASE,
    NODE_QUANTILES,
    NODE_COMMON,
    NODE_EQUIPMENT,
    NODE_CONSUMABLES,
    NODE_CLOSES,
    NODE_LOSS,
    ARC_PTR,
    ARC_TO,
    ARC_LAG,
    ARC_FROM_START,
    ARC_BREAK,
    SLOT_PTR,
    SLOT_PERSON,
    SLOT_NEED,
    NEED_PTR,
    NEED_PERSON,
    PERSON_SHIFT,
    PERSON_POOL,
    PERSON_LAST,
    CHAIN_PTR,
    CHAIN_NEED,
    CHAIN_PATIENTS,
    CHAIN_BEGINS,
    CHAIN_ENDS,
    CHAIN_LONGEST,
    TURN_PERSON,
    TURN_ANCHOR_LAG,
    EQUIPMENT,
    RESPONSE_OF,
    RESPONSE_FLAGS,
    RESPONSE_WITHIN,
    RESPONSE_QUANTILES,
    RESPONSE_EQUIPMENT,
    RESPONSE_FETCH,
    RESPONSE_CONSUMABLES,
    CALL_PTR,
    CALL_NEED,
    CAUSE_COMPLICATION,
    CAUSE_PATIENT,
    CAUSE_NUMBER,
    CAUSE_DRAWN,
    CAUSE_COUNT,
    CAUSE_WORSE,
    CAUSE_WORSE_SHARE,
    SITE_PTR,
    SITE_NODE,
    SITE_UP_TO,
    BLEED,
    THRESHOLD_COMPLICATION,
    BRANCH_AT,
    BRANCH_COMPLICATION,
    OPTION_PTR,
    OPTION_UP_TO,
    OPTION_STAGES,
    ADD_PTR,
    ADD_NODE,
    DROP_PTR,
    DROP_NODE,
    LINK_PTR,
    LINK,
    LINK_LAG,
    STOCK_BLOOD,
    AFTER_COMPLICATION,
    AFTER_PATIENT,
    AFTER_NUMBER,
    AFTER_WINDOW,
    AFTER_RETURNS,
    PAR,
) = range(89, 160)

TABLES = {
    name.lower(): place
    for name, place in tuple(globals().items())
    if isinstance(place, int) and NODE_PATIENTS <= place <= PAR
}
"""Section of each field of `Arrays` that the engine reads by itself."""

(
    FRESH_INTS,
    FRESH_REALS,
    GROUP_NEXT,
    TURN_CHAIN,
    FIRST_ANCHORED,
    NEXT_ANCHORED,
    TOUCHES,
    MARK,
    PICK,
    WATCHED,
    LOSS_NOW,
    RETURNS,
    TRACE,
) = range(161, 174)
"""FRESH: the state with which a rehearsal begins. MARK: people already taken; PICK: who would take each
slot; ANCHORED: the list of turns that the start of a node may bring forward. WATCHED: nodes before whose
start a rehearsal pauses; LOSS_NOW: ml/min of each patient; RETURNS to theatre: end, patients."""

# --- counters of the state, in ints ---
(
    LEFT,
    RUNNING_COUNT,
    READY_COUNT,
    CRISIS_COUNT,
    STRIKE_COUNT,
    STRUCK_COUNT,
    OPTION_COUNT,
    CRISIS_NUMBERS,
    CLOSED_CROSSINGS,
    CIRCULATIONS_APART,
    APART,
    STAGED,
    NEXT_NODE,
    NODES_CHANGED,
    CHAINS_CHANGED,
    LOSS_CHANGED,
    BLEEDING,
    EVENTS,
    STOPPED,
    TRACE_USED,
) = range(180, 200)
"""NEXT_NODE: where something comes next; CHANGED: to be looked through again; BLEEDING: open crises that
bleed. LEFT: nodes awake and not yet ended."""

STATE_BEGINS, INT_HEAD = LEFT, 200
"""Of ints: sizes and places stand before, sections of the state behind."""

# --- clocks of the state, in reals ---
(NOW, BODY_AT, DELIVERY_AT, NODE_AT, CHAIN_FIRST, CHAIN_AHEAD) = range(6)
"""BODY_AT: last step of the physiology, DELIVERY_AT: products come; NODE_AT: what comes next in a
node; CHAIN_FIRST: earliest moment of a chain, CHAIN_AHEAD: the earliest that lies ahead."""

REAL_HEAD = 8

# --- values ---
ASLEEP, WAITING, RUNS, HELD, ENDED, DROPPED, PASSED = range(7)
"""Of STATUS. PASSED: dropped, and its moment is over."""

NOT_OPEN, CLOSED = -1, -2
"""Of CHAIN_TURN."""

OPENS_CHAIN, CLOSES_CHAIN, HAS_BRANCH, BLEEDS, USES_STOCK, ENDS_STEP = 1, 2, 4, 8, 16, 32
"""Bits of TOUCHES; ENDS_STEP: its end is a moment of the physiology."""

FROM_FORCED, FROM_THRESHOLD = -1, -2
"""Of STRIKE_CAUSE and STRUCK_CAUSE where no cause struck; of a threshold, its patient p as ``-2 - p``."""

IN_TIME, LATE, NOBODY = 0, 1, 2
"""Of STRUCK_STATUS."""

# --- columns ---
SEPARATION_MIN = WHOLE.index("separation_min")
CIRCULATIONS_PART_MIN = WHOLE.index("circulations_part_min")
END_MIN = WHOLE.index("end_min")
FORCED_ARRIVAL_MIN = WHOLE.index("forced_arrival_min")
