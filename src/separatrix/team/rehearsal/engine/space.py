"""The room that one rehearsal after the other is played in: tables and state, packed into two flat arrays.

A compiled function that is handed eighty arrays spends more time on handing them on than on its work, and a
state of eighty arrays cannot be kept and put back by one copy. So all whole numbers stand in ``ints`` and all
others in ``reals``. `places` names what stands where.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from separatrix.team.rehearsal.engine.body_state import STATE_COLUMNS
from separatrix.team.rehearsal.engine.many_kernel import scratch_size
from separatrix.team.rehearsal.engine.trace import FIELDS
from separatrix.team.rehearsal.play import places as at
from separatrix.team.rehearsal.play.arrays import CIRCULATIONS_PART, Arrays, Floats, Ints
from separatrix.team.rehearsal.play.outputs import OF_PATIENT, OF_PERSON, WHOLE

_BASE_EVENTS, _EVENTS_AN_ITEM = 10_000, 20


class Blood(NamedTuple):
    """The tables that the physiology reads."""

    par: Floats
    body: Floats
    exchange: Floats
    stock_patient: Ints
    stock_blood: Ints


class Space(NamedTuple):
    """Tables and state of one procedure's rehearsals; of one thread, changed in place by each of them."""

    ints: Ints
    reals: Floats
    blood: Blood
    body: Floats
    """(m, STATE_COLUMNS) state of the physiology."""
    scratch: Floats
    kept_ints: Ints
    """The state as it was when a forced rehearsal branched off."""
    kept_reals: Floats
    kept_body: Floats


def new_space(arrays: Arrays, trace_rows: int = 0) -> Space:
    """Room for rehearsals of one procedure: once for each thread, then used for any number of them.

    Parameters
    ----------
    arrays
        What is rehearsed; copied, not kept.
    trace_rows
        Most rows that a trace may have; 0: no traces.
    """
    sizes = _sizes(arrays, trace_rows)
    ints, reals = _state(arrays, sizes)
    kept_ints, kept_reals = ints.length, reals.length
    ints.add_copy(at.FRESH_INTS, sizes[at.RESET_INTS])
    reals.add_copy(at.FRESH_REALS, sizes[at.RESET_REALS])
    sizes[at.KEPT_INTS], sizes[at.KEPT_REALS] = kept_ints, kept_reals
    _tables(arrays, ints, reals)
    people = len(arrays.person_pool)
    ints.add(at.MARK, np.zeros(people))
    ints.add(at.PICK, np.full(len(arrays.slot_person), -1))
    ints.add(at.WATCHED, np.zeros(len(arrays.node_phase)))
    reals.add(at.LOSS_NOW, np.zeros(2 * len(arrays.body)))
    reals.add(at.RETURNS, np.zeros(2 * max(1, len(arrays.after_number))))
    reals.add(at.TRACE, np.zeros(trace_rows * FIELDS))
    whole = ints.joined()
    for sections in (ints, reals):
        for place, begin in sections.begins.items():
            whole[place] = begin
    for place, size in sizes.items():
        whole[place] = size
    m = len(arrays.body)
    return Space(
        ints=whole,
        reals=reals.joined(),
        blood=Blood(arrays.par, arrays.body, arrays.exchange, arrays.stock_patient, arrays.stock_blood),
        body=np.zeros((m, STATE_COLUMNS)),
        scratch=np.zeros(scratch_size(m)),
        kept_ints=np.zeros(kept_ints, np.int64),
        kept_reals=np.zeros(kept_reals),
        kept_body=np.zeros((m, STATE_COLUMNS)),
    )


class _Sections:
    """Arrays laid one behind the other."""

    def __init__(self, head: int, kind: type) -> None:
        self.parts: list[Any] = [np.zeros(head, kind)]
        self.length = head
        self.kind = kind
        self.begins: dict[int, int] = {}

    def add(self, place: int, values: Any) -> None:
        """Lay a section behind the others and keep where it begins."""
        flat: Any = np.ascontiguousarray(values, self.kind).ravel()
        self.begins[place] = self.length
        self.parts.append(flat)
        self.length += len(flat)

    def add_copy(self, place: int, count: int) -> None:
        """Lay a copy of the first so many entries behind the others."""
        self.add(place, self.joined()[:count])

    def joined(self) -> Any:
        """All sections as one array."""
        return np.concatenate(self.parts)


def _sizes(arrays: Arrays, trace_rows: int) -> dict[int, int]:
    nodes, turns = len(arrays.node_phase), len(arrays.turn_person)
    calls = np.diff(arrays.call_ptr)
    return {
        at.NODES: nodes,
        at.TURNS: turns,
        at.PEOPLE: len(arrays.person_pool),
        at.PATIENTS: len(arrays.body),
        at.COMPLICATIONS: len(arrays.response_of),
        at.EQUIPMENT_KINDS: len(arrays.equipment),
        at.STOCK_KINDS: len(arrays.stock),
        at.CHAINS: len(arrays.chain_need),
        at.CAUSES: len(arrays.cause_complication),
        at.BRANCHES: len(arrays.branch_at),
        at.AFTERS: len(arrays.after_number),
        at.PHASES: int(arrays.node_phase.max(initial=-1)) + 1,
        at.CALLS: int(calls.max(initial=1)),
        at.EXCHANGES: len(arrays.exchange),
        at.LIMIT: _EVENTS_AN_ITEM * (nodes + turns) + _BASE_EVENTS,
        at.TRACE_ROWS: trace_rows,
    }


def _state(arrays: Arrays, sizes: dict[int, int]) -> tuple[_Sections, _Sections]:
    """The state as it is before anything has happened: first what each rehearsal begins anew."""
    nodes, people = sizes[at.NODES], sizes[at.PEOPLE]
    chains, crises = sizes[at.CHAINS], at.MOST_CRISES
    strikes = at.MOST_OF_A_CAUSE * sizes[at.CAUSES] + 1 + 2 * sizes[at.PATIENTS] + sizes[at.AFTERS]
    status = np.where(arrays.node_branch >= 0, at.ASLEEP, at.WAITING)
    ints = _Sections(at.INT_HEAD, np.int64)
    head = ints.parts[0]
    head[at.LEFT] = int((status == at.WAITING).sum())
    head[at.NEXT_NODE] = -1
    head[[at.NODES_CHANGED, at.CHAINS_CHANGED, at.LOSS_CHANGED]] = 1
    ints.add(at.WAITS, arrays.waits)
    ints.add(at.STATUS, status)
    for place in (at.FIRST_STRIKE, at.HELD_BY):
        ints.add(place, np.full(nodes, -1))
    ints.add(at.PERSON_NODE, np.full(people, -1))
    ints.add(at.PERSON_HOLDS, np.zeros(people))
    ints.add(at.PERSON_CRISIS, np.full(people, -1))
    ints.add(at.CHAIN_TURN, np.full(chains, at.NOT_OPEN))
    for place in (at.CHAIN_HOLDER, at.CHAIN_GOING, at.CHAIN_GOING_TURN):
        ints.add(place, np.full(chains, -1))
    ints.add(at.CRISIS_OPEN, np.zeros(crises))
    ints.add(at.LINK_OPEN, np.zeros(len(arrays.link)))
    sizes[at.RESET_INTS] = ints.length
    ints.add(at.SLOT_TAKEN, np.full(len(arrays.slot_person), -1))
    ints.add(at.RUNNING, np.zeros(nodes))
    ints.add(at.READY, np.zeros(nodes))
    ints.add(at.OPTIONS_TAKEN, np.zeros(sizes[at.BRANCHES]))
    ints.add(at.CRISIS_LIST, np.zeros(crises))
    for place in at.OF_STRIKE:
        ints.add(place, np.zeros(strikes))
    for place in at.OF_CRISIS:
        ints.add(place, np.zeros(crises))
    ints.add(at.CRISIS_UNITS, np.zeros(crises * sizes[at.EQUIPMENT_KINDS]))
    ints.add(at.CRISIS_CAME, np.zeros(crises * sizes[at.CALLS]))

    reals = _Sections(at.REAL_HEAD, np.float64)
    begins = arrays.person_shift[arrays.turn_person, 0]
    reals.add(at.MOMENT, np.concatenate((arrays.node_release, begins)))
    reals.add(at.TURN_FROM, arrays.turn_planned)
    reals.add(at.AWAY_UNTIL, np.zeros(people))
    reals.add(at.RELEASED, np.full(people, -1.0))
    reals.add(at.CHAIN_AT, np.full(chains, np.inf))
    reals.add(at.CHAIN_RELEASE, np.full(chains, np.inf))
    reals.add(at.FIRST_START, np.full(sizes[at.PATIENTS], -1.0))
    reals.add(at.STOCK, arrays.stock)
    row = np.zeros(len(WHOLE) + sizes[at.PATIENTS] * len(OF_PATIENT) + sizes[at.PHASES])
    row[[at.SEPARATION_MIN, at.CIRCULATIONS_PART_MIN, at.END_MIN, at.FORCED_ARRIVAL_MIN]] = np.inf
    row[len(row) - sizes[at.PHASES] :] = np.inf
    reals.add(at.ROW, row)
    person = np.zeros((people, len(OF_PERSON)))
    person[:, OF_PERSON.index("awake_h")] = arrays.person_awake
    reals.add(at.PERSON, person)
    sizes[at.RESET_REALS] = reals.length
    for place in at.OF_NODE_REAL:
        reals.add(place, np.zeros(nodes))
    reals.add(at.COMMON, np.ones(sizes[at.PHASES]))
    reals.add(at.BUSY_SINCE, np.zeros(people))
    for place in (at.CHAIN_DUE, at.CHAIN_VAIN):
        reals.add(place, np.zeros(chains))
    for place in at.OF_STRIKE_REAL:
        reals.add(place, np.zeros(strikes))
    for place in at.OF_CRISIS_REAL:
        reals.add(place, np.zeros(crises))
    return ints, reals


def _tables(arrays: Arrays, ints: _Sections, reals: _Sections) -> None:
    for name, place in at.TABLES.items():
        table = getattr(arrays, name)
        (ints if table.dtype.kind == "i" else reals).add(place, table)
    ints.add(at.GROUP_NEXT, _rings(arrays.node_group))
    turns = np.diff(arrays.chain_ptr)
    ints.add(at.TURN_CHAIN, np.repeat(np.arange(len(turns)), turns))
    _anchored(arrays, ints)
    ints.add(at.TOUCHES, _touches(arrays))


def _rings(group: Ints) -> Ints:
    """The next node of each node's group by number, after the last the first; alone: itself."""
    ring = np.arange(len(group))
    for value in np.unique(group[group >= 0]):
        members = np.flatnonzero(group == value)
        ring[members] = np.roll(members, -1)
    return ring


def _anchored(arrays: Arrays, ints: _Sections) -> None:
    """Lists of the turns that are anchored to each node."""
    first = np.full(len(arrays.node_phase), -1)
    following = np.full(len(arrays.turn_person), -1)
    for turn, node in enumerate(arrays.turn_anchor):
        if node >= 0:
            following[turn], first[node] = first[node], turn
    ints.add(at.FIRST_ANCHORED, first)
    ints.add(at.NEXT_ANCHORED, following)


def _touches(arrays: Arrays) -> Ints:
    """What the start and the end of each node bear on, as bits: most nodes are spared the search for it."""
    touches = np.zeros(len(arrays.node_phase), np.int64)
    for nodes, bit in (
        (arrays.chain_begins, at.OPENS_CHAIN),
        (arrays.chain_ends, at.CLOSES_CHAIN),
        (arrays.branch_at, at.HAS_BRANCH),
    ):
        touches[nodes] |= bit
    touches[(arrays.node_loss > 0).any(axis=1)] |= at.BLEEDS
    parts = arrays.node_marks & CIRCULATIONS_PART != 0
    touches[(touches & at.BLEEDS != 0) | (arrays.node_closes != 0) | parts] |= at.ENDS_STEP
    touches[(arrays.node_consumables != 0).any(axis=1)] |= at.USES_STOCK
    return touches
