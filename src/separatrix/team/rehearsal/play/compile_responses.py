"""Responses of a rehearsal: who and what is called for which complication, in which state, to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from separatrix.team.protocol.model import Call, Duration, Need, Procedure, Response
from separatrix.team.rehearsal.play import arrays as ar
from separatrix.team.rehearsal.play import where
from separatrix.team.rehearsal.play.arrays import Floats, Ints
from separatrix.team.rehearsal.play.compile_nodes import quantile_tables
from separatrix.team.rehearsal.play.compile_people import Needs, flat, pointers
from separatrix.team.rehearsal.play.names import ResponseName

STATES = {"joined": ar.JOINED, "apart": ar.APART}
NOT_SAID = Duration(low_min=0, mode_min=0, high_min=0)
CHILDREN = 2


def responses_of(procedure: Procedure) -> tuple[ResponseName, ...]:
    """Responses in the protocol's order, their calls one person each, the leader first."""
    return tuple(
        ResponseName(response=response, calls=tuple(_calls(response))) for response in procedure.responses
    )


def _calls(response: Response) -> list[Call]:
    leader = Call(skill=response.leader, team=response.patient, task="leads")
    return [leader, *(call for call in response.calls for _ in range(call.count))]


def response_index(
    responses: Sequence[ResponseName], complications: Sequence[str], procedure: Procedure
) -> Ints:
    """``response_of``: (complications, 2, patients + 1), the last column of the pair or the room; -1 none."""
    patients = procedure.patients
    table = np.full((len(complications), 2, len(patients) + 1), -1, np.int64)
    at = {name: k for k, name in enumerate(complications)}
    for r, name in enumerate(responses):
        one = name.response
        column = len(patients) if one.patient is None else patients.index(one.patient)
        table[at[one.complication], STATES[one.state], column] = r
    for alike, other in where.SAME_ANSWER.items():
        if alike in at and other in at and (table[at[alike]] < 0).all():
            table[at[alike]] = table[at[other]]
    return table


def response_fields(
    responses: Sequence[ResponseName], procedure: Procedure, needs: Needs
) -> dict[str, Ints | Floats]:
    """Fields of `Arrays` about responses, all but ``response_of`` and ``response_fetch``.

    Tables of those whose protocol says no time to control are 0 here: the numbers fill them.
    """
    every = [name.response for name in responses]
    calls = [
        [
            needs.row(
                Need(skill=call.skill, team=call.team, level=call.level),
                standby=name.response.after_operation,
            )
            for call in name.calls
        ]
        for name in responses
    ]
    return {
        "response_flags": np.array([_flags(one) for one in every], np.int64),
        "response_within": np.array([one.within_min for one in every], np.float64),
        "response_quantiles": quantile_tables([one.control or NOT_SAID for one in every], [1.0] * len(every)),
        "response_equipment": _amounts([one.equipment for one in every], tuple(procedure.equipment)),
        "response_consumables": _amounts([one.consumables for one in every], tuple(procedure.consumables)),
        "call_ptr": pointers([len(row) for row in calls]),
        "call_need": flat(calls),
    }


def _flags(response: Response) -> int:
    return (
        (ar.OF_PAIR if response.of_pair or response.patient is None else 0)
        | (ar.AFTER if response.after_operation else 0)
        | (ar.SAYS_CONTROL if response.control is not None else 0)
    )


def _amounts(rows: Sequence[Mapping[str, int]], names: Sequence[str]) -> Ints:
    return np.array([[row.get(name, 0) for name in names] for row in rows], np.int64).reshape(
        len(rows), len(names)
    )


def from_other_room(responses: Sequence[ResponseName], procedure: Procedure) -> Ints:
    """(responses, equipment) 1 where a unit may be in the other room: fewer units than children."""
    units = np.array(list(procedure.equipment.values()), np.int64)
    two_rooms = np.array(
        [one.response.state == "apart" and not one.response.after_operation for one in responses], np.int64
    )
    return np.outer(two_rooms, units < CHILDREN).astype(np.int64)
