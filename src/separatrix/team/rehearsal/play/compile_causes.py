"""What strikes in a rehearsal: which rows of the list are drawn, for whom, where, and how often.

Only rows with role *cause* are drawn, each per its unit of risk. Where the responses to what strikes
the pair are written for each child, half of it is drawn for either child.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from separatrix.evidence import Complication, Role
from separatrix.evidence.lists import Quantity
from separatrix.team.protocol.model import ActivityMark, Procedure
from separatrix.team.rehearsal.play import arrays as ar
from separatrix.team.rehearsal.play import where
from separatrix.team.rehearsal.play.arrays import Floats, Ints
from separatrix.team.rehearsal.play.compile_nodes import Node
from separatrix.team.rehearsal.play.compile_people import flat, pointers
from separatrix.team.rehearsal.play.names import AfterName, CauseName
from separatrix.team.rehearsal.play.numbers import Numbers

FATIGUE, AWAKE = "complication.fatigue_error_factor", "complication.fatigue.hours_awake"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One draw: of a row, for a patient or the pair, over its sites."""

    name: CauseName
    row: Complication
    sites: tuple[int, ...]
    """Nodes where it can strike, in their order."""
    minutes: Floats
    """(sites,) planned minutes there: its weight."""
    awake_h: Floats
    """(sites,) of who is planned there, hours awake of the one who is awake longest."""
    share: float
    """Of the row's number that this draw has."""


def sites_of(row: Complication, nodes: Sequence[Node], procedure: Procedure) -> tuple[int, ...]:
    """Nodes of the procedure where a row can strike: with a length, in a phase of the row.

    None of an outcome that shows in the days after.
    """
    place = where.during(row.phases, procedure.phases)
    if place is None or (row.role is Role.OUTCOME and where.hours_after(row.phases) is not None):
        return ()
    joined_only = place.joined_only or row.id in where.JOINED_ONLY
    moves = where.UNITS.get(row.per) == "move"
    asked = _decided_at(row.id, procedure)
    return tuple(
        i
        for i, node in enumerate(nodes)
        if node.name.branch < 0
        and node.end_min > node.start_min
        and (ActivityMark.TURN in node.activity.marks if moves else _lies_in(node, place))
        and not (joined_only and node.apart)
        and (not asked or node.name.id in asked)
    )


def _lies_in(node: Node, place: where.Where) -> bool:
    return (
        place.phases is None or node.activity.phase in place.phases
    ) and node.end_min > place.not_before_min


def trigger_of(trigger: str, complications: Sequence[str]) -> str:
    """The complication that opens a branch; empty where none does."""
    name = where.TRIGGERS.get(trigger, f"complication.{trigger}")
    return name if name in complications else ""


def _decided_at(complication: str, procedure: Procedure) -> frozenset[str]:
    """Where a branch at each crossing says that it shows: a clamp test fails at a clamp test."""
    crossing = {a.id: a.crossing for a in procedure.activities}
    at = [b.at for b in procedure.branches if trigger_of(b.trigger, (complication,))]
    return frozenset(at) if at and all(crossing[name] for name in at) else frozenset()


def causes_of(
    rows: Sequence[Complication],
    nodes: Sequence[Node],
    procedure: Procedure,
    response_of: Ints,
    awake_h: Floats,
) -> tuple[Cause, ...]:
    """Everything that is drawn during the operation, in the order of the list.

    Parameters
    ----------
    rows
        The complications, in the order of ``response_of``.
    awake_h
        (nodes,) hours awake, see `Cause`.
    """
    made: list[Cause] = []
    for k, row in enumerate(rows):
        if row.role is not Role.CAUSE or row.per not in where.UNITS:
            continue
        sites = sites_of(row, nodes, procedure)
        for patient, chosen, share in _draws(row, sites, nodes, procedure, response_of[k]):
            if chosen:
                made.append(_cause(k, row, patient, chosen, share, nodes, awake_h))
    return tuple(made)


def _cause(
    complication: int,
    row: Complication,
    patient: int,
    sites: Sequence[int],
    share: float,
    nodes: Sequence[Node],
    awake_h: Floats,
) -> Cause:
    return Cause(
        name=CauseName(complication=complication, patient=patient, unit=row.per),
        row=row,
        sites=tuple(sites),
        minutes=np.array([nodes[i].end_min - nodes[i].start_min for i in sites], np.float64),
        awake_h=awake_h[list(sites)],
        share=share,
    )


def _draws(
    row: Complication, sites: tuple[int, ...], nodes: Sequence[Node], procedure: Procedure, response_of: Ints
) -> list[tuple[int, tuple[int, ...], float]]:
    """(patient or -1, sites, share of the number) of each draw of a row."""
    unit = where.UNITS[row.per]
    struck = struck_by(row, procedure, response_of)

    def on(patient: int) -> tuple[int, ...]:
        return tuple(i for i in sites if procedure.patients[patient] in nodes[i].activity.patients)

    if unit == "pair":
        of_pair = all(response_of[int(nodes[i].apart), -1] >= 0 for i in sites)
        if of_pair or (response_of < 0).all():
            return [(-1, sites, 1.0)]
        return [(p, on(p), 1.0 / len(struck)) for p in struck]
    if unit == "move":
        return [(p, (i,), 1.0) for p in struck for i in on(p)]
    return [(p, on(p), 1.0) for p in struck]


def struck_by(row: Complication, procedure: Procedure, response_of: Ints) -> tuple[int, ...]:
    """Patients whom a row can strike.

    Those of a birth that speak of a child and its operation are of whoever the protocol answers for: the
    anaesthetic is the mother's.

    Parameters
    ----------
    response_of
        (2, patients + 1) of the row.
    """
    every = range(len(procedure.patients))
    mothers = tuple(p for p in every if procedure.patients[p] == "mother")
    children = tuple(p for p in every if p not in mothers)
    if where.UNITS.get(row.per) == "mother":
        return mothers
    answered = tuple(p for p in every if (response_of[:, p] >= 0).any())
    return (answered or children) if mothers and row.per == "child_operation" else children


def _tired(cause: Cause, numbers: Numbers) -> Floats:
    """What each site's minutes are multiplied by where people are awake for long."""
    if cause.row.id not in where.ERRORS:
        return np.ones(len(cause.sites))
    return np.where(cause.awake_h > numbers.value(AWAKE), numbers.value(FATIGUE), 1.0)


def cause_fields(
    causes: Sequence[Cause],
    complications: Sequence[str],
    numbers: Numbers,
    inflation: Mapping[str, float],
) -> dict[str, Ints | Floats]:
    """Fields of `Arrays` about causes.

    Parameters
    ----------
    inflation
        Of a complication: what the odds of a probability, or the mean of a count, are multiplied by.
    """
    number = np.zeros(len(causes))
    drawn = np.zeros(len(causes))
    up_to: list[Floats] = []
    for x, cause in enumerate(causes):
        tired = _tired(cause, numbers)
        weight = cause.minutes * tired
        rate = numbers.value(cause.row.id) if numbers.has(cause.row.id) else 0.0
        is_count = cause.row.quantity is Quantity.COUNT
        more = rate * cause.share * float(weight.sum() / cause.minutes.sum())
        number[x] = more if is_count else min(more, 1.0)
        factor = inflation.get(cause.row.id, 1.0)
        drawn[x] = number[x] * factor if is_count else _inflated(number[x], factor)
        cumulative = np.cumsum(weight) / weight.sum()
        cumulative[-1] = 1.0
        up_to.append(cumulative)
    worse, share = _worse(causes, complications, numbers)
    return {
        "cause_complication": np.array([c.name.complication for c in causes], np.int64),
        "cause_patient": np.array([c.name.patient for c in causes], np.int64),
        "cause_number": number,
        "cause_drawn": drawn,
        "cause_count": np.array([c.row.quantity is Quantity.COUNT for c in causes], np.int64),
        "cause_worse": worse,
        "cause_worse_share": share,
        "site_ptr": pointers([len(c.sites) for c in causes]),
        "site_node": flat([c.sites for c in causes]),
        "site_up_to": np.concatenate([*up_to, np.empty(0)]),
    }


def _inflated(probability: float, factor: float) -> float:
    """A probability with its odds multiplied, so that it stays below 1.

    Examples
    --------
    >>> _inflated(0.5, 3.0)
    0.75
    >>> _inflated(0.3, 1.0)
    0.3
    """
    if factor == 1.0:
        return probability
    return probability * factor / (1 - probability + probability * factor)


def _worse(causes: Sequence[Cause], complications: Sequence[str], numbers: Numbers) -> tuple[Ints, Floats]:
    worse = np.full(len(causes), -1, np.int64)
    share = np.zeros(len(causes))
    for x, cause in enumerate(causes):
        turned = where.WORSE.get(cause.row.id, "")
        if turned in complications and numbers.has(turned) and numbers.has(cause.row.id):
            worse[x] = complications.index(turned)
            rate = numbers.value(cause.row.id)
            share[x] = min(1.0, numbers.value(turned) / rate) if rate > 0 else 0.0
    return worse, share


# --- the days after ---


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """One row of the days after the operation, for one child."""

    name: AfterName
    complication: str
    window_h: tuple[float, float]
    because: str = ""
    """Cause in the operation that it follows from."""


def after_of(
    rows: Sequence[Complication], procedure: Procedure, response_of: Ints, flags: Ints
) -> tuple[tuple[After, ...], tuple[str, ...]]:
    """Rows of the days after for each child, and what strikes later than the hours rehearsed.

    A row whose published window is longer is drawn for the share of the window that is rehearsed. One that
    the protocol only answers during the operation, such as a clot in a sinus, is left to the operation.
    """
    made: list[After] = []
    later: list[str] = []
    for k, row in enumerate(rows):
        window = where.hours_after(row.phases)
        if window is None or row.role is Role.THRESHOLD:
            continue
        begin, end = window
        if begin >= where.SIMULATED_H:
            later.append(row.id)
            continue
        share = (min(end, where.SIMULATED_H) - begin) / (end - begin)
        made += [
            After(
                name=AfterName(complication=k, patient=p, share=share),
                complication=row.id,
                window_h=(begin, min(end, where.SIMULATED_H)),
                because=where.AFTER_CAUSE.get(row.id, ""),
            )
            for p, patient in enumerate(procedure.patients)
            if patient != "mother" and all(r < 0 or flags[r] & ar.AFTER for r in response_of[k, :, p])
        ]
    return tuple(made), tuple(later)


def after_fields(rows: Sequence[After], numbers: Numbers) -> dict[str, Ints | Floats]:
    """Fields of `Arrays` about the days after."""

    def number(row: After) -> float:
        if not numbers.has(row.complication):
            return 0.0
        own = numbers.value(row.complication) * row.name.share
        if not row.because:
            return own
        # Of one child: the cause strikes the pair and injures one vein, of either child alike.
        return own * numbers.value(row.because) / 2

    return {
        "after_complication": np.array([row.name.complication for row in rows], np.int64),
        "after_patient": np.array([row.name.patient for row in rows], np.int64),
        "after_number": np.array([number(row) for row in rows], np.float64),
        "after_window": np.array([row.window_h for row in rows], np.float64).reshape(-1, 2),
        "after_returns": np.array([row.complication in where.RETURNS for row in rows], np.int64),
    }
