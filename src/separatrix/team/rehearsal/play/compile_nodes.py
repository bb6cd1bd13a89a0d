"""Nodes of a rehearsal: the activities of the procedure, and those that only its branches add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from separatrix.core import Fault, InputError
from separatrix.team.choreography.model import Schedule, ScheduledActivity
from separatrix.team.choreography.terms import apart
from separatrix.team.protocol.inputs import Patient
from separatrix.team.protocol.model import Activity, ActivityMark, Duration, Procedure, Room
from separatrix.team.protocol.pert import pert_quantile
from separatrix.team.rehearsal.play import arrays as ar
from separatrix.team.rehearsal.play.arrays import Floats, Ints
from separatrix.team.rehearsal.play.names import NodeName

MARKS = {
    ActivityMark.CRITICAL: ar.CRITICAL,
    ActivityMark.NO_RETURN: ar.NO_RETURN,
    ActivityMark.SEPARATION: ar.SEPARATION,
    ActivityMark.CIRCULATIONS_PART: ar.CIRCULATIONS_PART,
    ActivityMark.STOP_AND_STAGE: ar.STOP_AND_STAGE,
    ActivityMark.TURN: ar.TURN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One activity as it is rehearsed."""

    name: NodeName
    activity: Activity
    start_min: int
    end_min: int
    """Planned; of a branch's activity both are the planned end of where the branch is taken."""
    room: str
    apart: bool
    """Whether the children are planned to be two by then."""


def nodes_of(procedure: Procedure, schedule: Schedule) -> tuple[Node, ...]:
    """Activities in the procedure's order, then those of the options of the branches in turn.

    Raises
    ------
    InputError
        With every branch at no activity.
    """
    when = {item.id: item for item in schedule.activities}
    known = {a.id for a in procedure.activities}
    faults = [
        Fault(
            field=f"branches.{b.id}", problem=f"is taken at '{b.at}', which is no activity of the procedure"
        )
        for b in procedure.branches
        if b.at not in known
    ]
    if faults:
        raise InputError(*faults)
    two = apart(procedure)
    own = [_own(activity, when[activity.id], activity.id in two) for activity in procedure.activities]
    return (*own, *_of_branches(procedure, when, two))


def _own(activity: Activity, time: ScheduledActivity, is_apart: bool) -> Node:
    return Node(
        name=NodeName(id=activity.id, title=activity.title, activity=activity.id),
        activity=activity,
        start_min=time.start_min,
        end_min=time.end_min,
        room=time.room,
        apart=is_apart,
    )


def _of_branches(
    procedure: Procedure, when: Mapping[str, ScheduledActivity], two: frozenset[str]
) -> list[Node]:
    return [
        Node(
            name=NodeName(
                id=f"{branch.id}.{option.id}.{activity.id}",
                title=activity.title,
                activity=activity.id,
                branch=number,
            ),
            activity=activity,
            start_min=when[branch.at].end_min,
            end_min=when[branch.at].end_min,
            room="",
            apart=branch.at in two,
        )
        for number, branch in enumerate(procedure.branches)
        for option in branch.options
        for activity in option.adds
    ]


def phases_of(procedure: Procedure, nodes: Sequence[Node]) -> tuple[str, ...]:
    """Phases of the procedure, then those that only branches have."""
    return tuple(dict.fromkeys((*procedure.phases, *(node.activity.phase for node in nodes))))


def bits(patients: Sequence[Patient], among: Sequence[Patient]) -> int:
    """A bit per patient.

    Examples
    --------
    >>> bits(("B",), ("A", "B"))
    2
    """
    return sum(1 << among.index(patient) for patient in patients)


def marks_of(activity: Activity) -> int:
    """Bits of `Arrays.node_marks`."""
    own = sum(MARKS.get(mark, 0) for mark in activity.marks)
    return own | (ar.FIELD if activity.sterile_field else 0)


def quantile_tables(durations: Sequence[Duration], factors: Sequence[float]) -> Floats:
    """Tables of the beta-PERT distributions through three points.

    Parameters
    ----------
    durations
        Three points each, minutes.
    factors
        What each table is multiplied by.

    Returns
    -------
    tables
        (durations, KNOTS) minutes.

    Examples
    --------
    >>> table = quantile_tables([Duration(low_min=60, mode_min=90, high_min=180)], [1.0])[0]
    >>> [round(float(table[i]), 2) for i in (0, 32, 64)]
    [60.0, 97.66, 180.0]
    """
    rows: dict[tuple[float, float, float], Floats] = {}
    for duration in durations:
        points = (duration.low_min, duration.mode_min, duration.high_min)
        if points not in rows:
            rows[points] = _table(*points)
    tables = [
        rows[d.low_min, d.mode_min, d.high_min] * factor for d, factor in zip(durations, factors, strict=True)
    ]
    return np.array(tables, np.float64).reshape(-1, ar.KNOTS)


_SHARES = np.linspace(0, 1, ar.KNOTS)


def _table(low: float, mode: float, high: float) -> Floats:
    if high <= low:
        return np.full(ar.KNOTS, mode)
    span = high - low
    share = betaincinv(1 + 4 * (mode - low) / span, 1 + 4 * (high - mode) / span, _SHARES)
    return np.asarray(low + span * share, np.float64)


def stretched(activity: Activity, procedure: Procedure) -> float:
    """The micro-pause factor where the planned length holds it, else 1."""
    factor = procedure.rules.micro_pause_factor
    length = pert_quantile(activity.duration, procedure.rules.plan_quantile)
    held = max(1, round(length * factor)) == activity.planned_min != max(1, round(length))
    return factor if activity.sterile_field and held else 1.0


def node_fields(
    procedure: Procedure, nodes: Sequence[Node], phases: Sequence[str]
) -> dict[str, Ints | Floats]:
    """Fields of `Arrays` that describe nodes, all but losses and releases."""
    steps = [node.activity for node in nodes]
    equipment, stock = tuple(procedure.equipment), tuple(procedure.consumables)
    return {
        "node_patients": np.array([bits(a.patients, procedure.patients) for a in steps], np.int64),
        "node_marks": np.array([marks_of(a) for a in steps], np.int64),
        "node_phase": np.array([phases.index(a.phase) for a in steps], np.int64),
        "node_branch": np.array([node.name.branch for node in nodes], np.int64),
        "node_planned": np.array([(node.start_min, node.end_min) for node in nodes], np.int64).reshape(-1, 2),
        "node_quantiles": quantile_tables(
            [a.duration for a in steps], [stretched(a, procedure) for a in steps]
        ),
        "node_common": np.array([a.duration.high_min > a.duration.low_min for a in steps], np.int64),
        "node_equipment": _amounts([a.equipment for a in steps], equipment),
        "node_consumables": _amounts([a.consumables for a in steps], stock)
        * np.array([blood_kind(name) == 0 for name in stock], np.int64),
        "node_closes": _closes(nodes),
    }


def _amounts(rows: Sequence[Mapping[str, int]], names: Sequence[str]) -> Ints:
    return np.array([[row.get(name, 0) for name in names] for row in rows], np.int64).reshape(
        len(rows), len(names)
    )


def _closes(nodes: Sequence[Node]) -> Ints:
    """The last planned activity of each crossing closes it."""
    last: dict[str, int] = {}
    for i, node in enumerate(nodes):
        crossing = node.activity.crossing
        if crossing and node.name.branch < 0:
            before = last.get(crossing)
            if before is None or nodes[before].end_min <= node.end_min:
                last[crossing] = i
    closes = np.zeros(len(nodes), np.int64)
    closes[list(last.values())] = 1
    return closes


BLOOD = {"red_cell_packs": 1, "plasma_packs": 2, "platelet_packs": 3}
"""Beginnings of the names of stock that is blood, as `Arrays.stock_blood`."""


def blood_kind(name: str) -> int:
    """Kind of blood that a name of stock means, 0 for none.

    Examples
    --------
    >>> blood_kind("plasma_packs_A"), blood_kind("swab_packs")
    (2, 0)
    """
    return next((kind for start, kind in BLOOD.items() if name.startswith(start)), 0)


def stock_fields(procedure: Procedure) -> dict[str, Ints]:
    """Fields of `Arrays` about equipment and stock."""
    names = tuple(procedure.consumables)
    ends = [name.rpartition("_")[2] for name in names]
    of_patient: list[int] = [
        procedure.patients.index(end) if end in procedure.patients else -1 for end in ends
    ]
    return {
        "equipment": np.array(list(procedure.equipment.values()), np.int64),
        "stock": np.array(list(procedure.consumables.values()), np.int64),
        "stock_patient": np.array(of_patient, np.int64),
        "stock_blood": np.array([blood_kind(name) for name in names], np.int64),
    }


def opening_min(room: Room | None, start_min: int) -> int:
    """When a closed room opens before something planned in it; 0 where it does not close before."""
    if room is None:
        return 0
    return max((end for _, end in room.closed_min if end <= start_min), default=0)
