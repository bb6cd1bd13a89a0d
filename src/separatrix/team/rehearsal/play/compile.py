"""A procedure, its schedule and its numbers as the flat arrays that the engine plays.

`structure_of` does what does not depend on numbers and is done once; `fill` puts numbers in, fast enough for
the hundreds of draws of the assumptions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from separatrix.core import Fault, InputError, near_names
from separatrix.evidence import Complication
from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol.model import Duration, Procedure
from separatrix.team.rehearsal.play import arrays as ar
from separatrix.team.rehearsal.play import compile_body as blood
from separatrix.team.rehearsal.play import compile_causes as striking
from separatrix.team.rehearsal.play.arrays import Arrays, Floats, Ints, as_arrays
from separatrix.team.rehearsal.play.compile_arcs import arc_fields, releases, waiting_of
from separatrix.team.rehearsal.play.compile_branches import branches_of, option_shares
from separatrix.team.rehearsal.play.compile_check import check_responses, check_schedule
from separatrix.team.rehearsal.play.compile_covers import Chain, chain_fields, chains_of
from separatrix.team.rehearsal.play.compile_findings import unanswered, unheld, unmet
from separatrix.team.rehearsal.play.compile_nodes import (
    Node,
    node_fields,
    nodes_of,
    phases_of,
    quantile_tables,
    stock_fields,
)
from separatrix.team.rehearsal.play.compile_people import (
    Needs,
    Slot,
    flat,
    person_fields,
    pointers,
    slots_of,
)
from separatrix.team.rehearsal.play.compile_responses import (
    from_other_room,
    response_fields,
    response_index,
    responses_of,
)
from separatrix.team.rehearsal.play.names import Names
from separatrix.team.rehearsal.play.numbers import Numbers, par_of, rows_of
from separatrix.team.rehearsal.play.outputs import Layout

THRESHOLDS = ("complication.dilution_coagulopathy", "complication.potassium_arrest")
"""What strikes when clotting falls below its threshold, and when potassium rises above its own."""

UNSTATED = "rehearsal.control.unstated"
EARLY = "rehearsal.relief.early"
OTHER_ROOM = "rehearsal.arrival.equipment_other_room"


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """What does not depend on numbers."""

    procedure: Procedure
    nodes: tuple[Node, ...]
    rows: tuple[Complication, ...]
    """Complications, in the order of their indices."""
    causes: tuple[striking.Cause, ...]
    after: tuple[striking.After, ...]
    fields: Mapping[str, Ints | Floats]
    """Fields of `Arrays` that are done."""
    other_room: Ints
    """(responses, equipment)"""
    shifts_begin: Floats
    """(nodes,) when the shifts of all who are named at a node have begun."""
    unstated: tuple[int, ...]
    """Responses whose protocol says no time to control."""
    names: Names
    layout: Layout
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A procedure ready to be rehearsed."""

    arrays: Arrays
    names: Names
    layout: Layout
    findings: tuple[str, ...]
    """What was seen on the way, in plain words: a complication without response, a call that nobody meets."""
    structure: Structure
    numbers: Numbers


def compile_procedure(
    procedure: Procedure,
    schedule: Schedule,
    numbers: Numbers,
    *,
    inflation: Mapping[str, float] | None = None,
) -> Compiled:
    """A procedure, its schedule and its numbers as flat arrays.

    Parameters
    ----------
    numbers
        Of `numbers_of`.
    inflation
        Of a complication: what its odds (of a count: its mean) are multiplied by in the draw.

    Raises
    ------
    InputError
        If the schedule is not one of this procedure, things wait for one another in a circle, or a response
        or an inflation is for no complication of the list. All faults of one kind are told at once.
    """
    return fill(structure_of(procedure, schedule), numbers, inflation)


def structure_of(procedure: Procedure, schedule: Schedule) -> Structure:
    """What does not depend on numbers; see `compile_procedure` for its errors."""
    if schedule.status == "infeasible":
        raise InputError(
            Fault(
                field="schedule",
                problem="there is none" + (f": {schedule.because}" if schedule.because else ""),
                mend="mend what keeps the procedure from being planned, and plan it again",
            )
        )
    check_schedule(procedure, schedule)
    rows = rows_of(procedure)
    check_responses(procedure, rows)
    complications = tuple(row.id for row in rows)
    nodes = nodes_of(procedure, schedule)
    node_of = {node.name.id: i for i, node in enumerate(nodes) if node.name.branch < 0}
    phases = phases_of(procedure, nodes)
    needs = Needs(procedure)
    slots, open_slots = slots_of(nodes, procedure, schedule, needs)
    chains = chains_of(procedure, schedule)
    waiting = waiting_of(procedure, schedule, nodes, chains)
    cover, turns = chain_fields(chains, procedure, schedule, needs, node_of)
    responses = responses_of(procedure)
    response_of = response_index(responses, complications, procedure)
    answers = response_fields(responses, procedure, needs)
    branches = branches_of(procedure, nodes, complications)
    causes = striking.causes_of(rows, nodes, procedure, response_of, _awake(procedure, nodes, slots, chains))
    after, later = striking.after_of(
        rows, procedure, response_of, np.asarray(answers["response_flags"], np.int64)
    )
    release, shifts_begin = releases(procedure, nodes, slots, chains, node_of)
    fields: dict[str, Ints | Floats] = {
        **node_fields(procedure, nodes, phases),
        "node_release": release,
        **arc_fields(waiting, len(nodes) + len(turns)),
        "slot_ptr": pointers([len(row) for row in slots]),
        "slot_person": flat([[slot.person for slot in row] for row in slots]),
        "slot_need": flat([[slot.need for slot in row] for row in slots]),
        **person_fields(procedure, schedule),
        **cover,
        **stock_fields(procedure),
        "response_of": response_of,
        **answers,
        **needs.fields(),
        **branches.fields,
        "threshold_complication": np.array(
            [complications.index(name) if name in complications else -1 for name in THRESHOLDS], np.int64
        ),
    }
    names = Names(
        procedure=procedure.id,
        nodes=tuple(node.name for node in nodes),
        phases=phases,
        patients=procedure.patients,
        people=tuple(p.id for p in procedure.people),
        person_names=tuple(p.name for p in procedure.people),
        needs=needs.names,
        chains=tuple(chain.name for chain in chains),
        turns=turns,
        equipment=tuple(procedure.equipment),
        stock=tuple(procedure.consumables),
        complications=complications,
        complication_titles=tuple(row.name for row in rows),
        responses=responses,
        causes=tuple(cause.name for cause in causes),
        branches=branches.names,
        after=tuple(row.name for row in after),
        not_after=later,
    )
    findings = (
        *open_slots,
        *waiting.findings,
        *unanswered(rows, nodes, procedure, response_of),
        *unmet(responses, needs, answers, procedure, schedule.end_min, later),
        *unheld(procedure),
        *branches.never,
    )
    return Structure(
        procedure=procedure,
        nodes=nodes,
        rows=rows,
        causes=causes,
        after=after,
        fields=fields,
        other_room=from_other_room(responses, procedure),
        shifts_begin=shifts_begin,
        unstated=tuple(r for r, name in enumerate(responses) if name.response.control is None),
        names=names,
        layout=Layout(procedure.patients, phases),
        findings=findings,
    )


def _awake(
    procedure: Procedure,
    nodes: Sequence[Node],
    slots: Sequence[Sequence[Slot]],
    chains: Sequence[Chain],
) -> Floats:
    """(nodes,) of who is planned at a node, in it or in a cover that does it: most hours awake at its end."""
    people = {person.id: person for person in procedure.people}
    awake = np.zeros(len(nodes))
    for i, node in enumerate(nodes):
        there = [procedure.people[slot.person] for slot in slots[i] if slot.person >= 0]
        there += [
            people[turn.person]
            for chain in chains
            if chain.cover.id in node.activity.served_by
            for turn in chain.turns
            if turn.start_min < node.end_min and turn.end_min > node.start_min
        ]
        awake[i] = max((p.hours_awake + (node.end_min - p.shift_min[0]) / 60 for p in there), default=0.0)
    return awake


def fill(structure: Structure, numbers: Numbers, inflation: Mapping[str, float] | None = None) -> Compiled:
    """The arrays of a structure with numbers put in; see `compile_procedure`."""
    procedure, nodes, fields = structure.procedure, structure.nodes, structure.fields
    complications = structure.names.complications
    unknown = sorted(set(inflation or {}) - set(complications))
    if unknown:
        raise InputError(
            *(
                Fault(field=key, problem="no complication to inflate", mend=near_names(key, complications))
                for key in unknown
            )
        )
    par = par_of(procedure, numbers)
    body = blood.body_of(procedure, numbers)
    loss = blood.losses_of(procedure, nodes, body, numbers)
    fetch = np.where(structure.other_room, numbers.value(OTHER_ROOM), par["equipment_min"])
    return Compiled(
        arrays=as_arrays(
            **{
                **fields,
                "node_release": np.maximum(
                    fields["node_release"], structure.shifts_begin - numbers.value(EARLY)
                ),
                "response_quantiles": _controls(structure, numbers),
                "response_fetch": fetch,
                "node_loss": loss,
                "bleed": blood.bleeding_of(procedure, complications, body, numbers),
                "body": body,
                "exchange": blood.exchange_of(procedure, int(fields["node_closes"].sum()), numbers),
                **striking.cause_fields(structure.causes, complications, numbers, inflation or {}),
                **striking.after_fields(structure.after, numbers),
                "option_up_to": option_shares(
                    procedure, np.asarray(fields["option_stages"], np.int64), numbers
                ),
                "par": np.array([par[name] for name in ar.PAR_FIELDS], np.float64),
            }
        ),
        names=structure.names,
        layout=structure.layout,
        findings=structure.findings,
        structure=structure,
        numbers=numbers,
    )


def _controls(structure: Structure, numbers: Numbers) -> Floats:
    """Tables of the time to control, with one assumption where the protocol says none."""
    tables = np.array(structure.fields["response_quantiles"], np.float64)
    if structure.unstated:
        assumed = Duration(
            low_min=numbers.low(UNSTATED), mode_min=numbers.value(UNSTATED), high_min=numbers.high(UNSTATED)
        )
        tables[list(structure.unstated)] = quantile_tables([assumed], [1.0])[0]
    return tables
