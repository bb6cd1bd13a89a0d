"""Responses to complications: who leads, who comes and what is done, for each patient it may strike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from separatrix.team.protocol.activities import Ground
from separatrix.team.protocol.inputs import Patient
from separatrix.team.protocol.model import Call, Need, Response
from separatrix.team.protocol.quantities import duration_of, minutes
from separatrix.team.protocol.response_file import CallSpec, ResponseSpec, ScriptSpec

OTHER_CHILD: dict[Patient, Patient] = {"A": "B", "B": "A"}
"""The one joined to it."""

State = Literal["joined", "apart"]


def responses_of(ground: Ground) -> tuple[Response, ...]:
    """Every response that this operation may call for.

    Children that this operation does not part are joined throughout and after it; children that it parts
    are apart in the days after.
    """
    return tuple(
        response for spec in ground.situation.protocol.responses for response in _states(spec, ground)
    )


def leading(response: Response) -> Need:
    """The leader of a response as a need: of the colour of who is struck, or of none."""
    return Need(skill=response.leader, team=response.patient)


def _states(spec: ResponseSpec, ground: Ground) -> Iterator[Response]:
    protocol = ground.situation.protocol
    children: list[Patient] = [patient for patient in protocol.patients if patient != "mother"]
    each: list[Patient | None] = [None] if spec.of_room else [*children]
    struck = [None] if spec.of_pair else each
    is_last = ground.situation.operation == ground.situation.inputs.operations
    parts = protocol.parts_children and is_last
    if spec.joined and not (spec.after_operation and parts):
        yield from (_response(spec, spec.joined, "joined", patient, ground) for patient in struck)
    if spec.apart and parts:
        yield from (_response(spec, spec.apart, "apart", patient, ground) for patient in each)
    if spec.mother:
        yield _response(spec, spec.mother, "joined", "mother", ground)


def _response(
    spec: ResponseSpec, script: ScriptSpec, state: State, patient: Patient | None, ground: Ground
) -> Response:
    control = None if script.control is None else duration_of(script.control, ground.evidence)
    return Response(
        complication=spec.id,
        title=spec.title,
        state=state,
        patient=patient,
        leader=script.leader,
        actions=tuple(script.actions),
        calls=tuple(_call(call, patient) for call in script.calls),
        equipment=dict(script.equipment),
        consumables=dict(script.consumables),
        within_min=minutes(script.within_min, ground.evidence),
        control=control,
        of_pair=patient is None,
        after_operation=spec.after_operation,
        give_up=script.give_up,
        assumed=control is None or control.assumed,
    )


def _call(spec: CallSpec, patient: Patient | None) -> Call:
    """A call with its colour; ``same`` and ``other`` are seen from who is struck."""
    team: Patient | None = None
    if spec.team == "same":
        team = patient
    elif spec.team == "other":
        team = OTHER_CHILD.get(patient) if patient else None
    elif spec.team is not None:
        team = spec.team
    return Call(skill=spec.skill, count=spec.count, team=team, level=spec.level, task=spec.task)
