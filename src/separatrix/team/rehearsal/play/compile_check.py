"""What cannot be rehearsed at all: a schedule of another procedure, a response to nothing that strikes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from separatrix.core import Fault, InputError, near_names
from separatrix.evidence import Complication, Role, all_complications
from separatrix.team.choreography.model import Assignment, Schedule
from separatrix.team.protocol.model import Procedure, Response
from separatrix.team.rehearsal.play.compile_responses import STATES

MOST_MIN = 100_000
"""A schedule is in minutes from wheels in: ten weeks is none."""

AGAIN = "plan this procedure again"

KINDS = ("activity", "break", "cover", "handover")


def check_schedule(procedure: Procedure, schedule: Schedule) -> None:
    """Refuse a schedule that is not one of this procedure and its team.

    Raises
    ------
    InputError
        With everybody and everything that only one of the two has, and every time that cannot be.
    """
    faults = [*_of_people(procedure, schedule), *_of_activities(procedure, schedule)]
    faults += _of_assignments(procedure, schedule)
    if faults:
        raise InputError(*faults)


def _of_people(procedure: Procedure, schedule: Schedule) -> Iterator[Fault]:
    known = {person.id for person in procedure.people}
    for name in sorted({str(item.person) for item in schedule.assignments} - known):
        yield Fault(
            field=f"schedule.{name}",
            problem="the schedule names somebody who is not in the team",
            mend=near_names(name, known) + "; plan again with this team",
        )


def _of_activities(procedure: Procedure, schedule: Schedule) -> Iterator[Fault]:
    there = Counter(item.id for item in schedule.activities)
    for activity in procedure.activities:
        if activity.id not in there:
            yield Fault(field=activity.id, problem="is not in the schedule", mend=AGAIN)
    for name, times in there.items():
        if times > 1:
            yield Fault(field=str(name), problem=f"is in the schedule {times} times", mend=AGAIN)
    for item in schedule.activities:
        yield from _times(str(item.id), item.start_min, item.end_min)


def _of_assignments(procedure: Procedure, schedule: Schedule) -> Iterator[Fault]:
    activities, covers = {a.id for a in procedure.activities}, {c.id for c in procedure.covers}
    for item in schedule.assignments:
        field = f"schedule.{item.person}"
        yield from _times(field, item.start_min, item.end_min)
        known = activities if item.kind == "activity" else covers
        if item.kind not in KINDS:
            yield Fault(field=field, problem=f"does '{item.kind}'", expected=" or ".join(KINDS), mend=AGAIN)
        elif item.kind != "break" and item.activity not in known:
            yield Fault(field=field, problem=_not_there(item), mend=f"{near_names(item.activity, known)}")


def _not_there(item: Assignment) -> str:
    kind = "activity" if item.kind == "activity" else "cover"
    return f"is named for '{item.activity}', which is no {kind} of the procedure"


def _times(field: str, start: object, end: object) -> Iterator[Fault]:
    if not (_is_minute(start) and _is_minute(end)):
        yield Fault(
            field=field,
            problem=f"is planned from {start!r} to {end!r}",
            expected=f"minutes from 0 to {MOST_MIN}",
            mend=AGAIN,
        )
    elif start > end:  # type: ignore[operator]
        yield Fault(field=field, problem=f"ends at minute {end}, before it starts at {start}", mend=AGAIN)


def _is_minute(value: object) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and 0 <= value <= MOST_MIN  # type: ignore[arg-type, operator]


def check_responses(procedure: Procedure, rows: Sequence[Complication]) -> None:
    """Refuse responses to nothing that strikes in a procedure, or in nobody who is there.

    Parameters
    ----------
    rows
        Complications that fit the procedure.

    Raises
    ------
    InputError
        With every such response.
    """
    known = {row.id for row in rows}
    faults = [fault for response in procedure.responses for fault in _of_response(response, procedure, known)]
    if faults:
        raise InputError(*faults)


def _of_response(response: Response, procedure: Procedure, known: set[str]) -> Iterator[Fault]:
    field = f"responses.{response.complication}"
    if response.complication not in known:
        yield Fault(
            field=field,
            problem=_no_row(response.complication),
            mend=near_names(response.complication, known),
        )
    if response.state not in STATES:
        yield Fault(field=field, problem=f"is for state '{response.state}'", expected=" or ".join(STATES))
    if response.patient is not None and response.patient not in procedure.patients:
        yield Fault(
            field=field,
            problem=f"is for '{response.patient}', who is no patient of the procedure",
            expected=" or ".join(procedure.patients),
        )
    if not 0 <= response.within_min < math.inf:
        yield Fault(
            field=field, problem=f"has a target of {response.within_min} minutes", expected="0 or more"
        )


def _no_row(complication: str) -> str:
    """Why a response is to nothing that strikes in a procedure."""
    row = all_complications().get(complication)
    if row is None:
        return "a response to nothing that the list of complications has"
    if row.role in (Role.CALIBRATION, Role.MODIFIER):
        return f"a response to a row of role {row.role.value}: it never strikes"
    return "a response to what strikes in " + " and ".join(row.procedures) + " only"
