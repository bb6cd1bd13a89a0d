"""What is seen while a procedure is compiled, in plain words: gaps that no draw is needed to find."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from separatrix.evidence import Complication
from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.play import where
from separatrix.team.rehearsal.play.arrays import Floats, Ints
from separatrix.team.rehearsal.play.compile_causes import sites_of, struck_by
from separatrix.team.rehearsal.play.compile_nodes import Node
from separatrix.team.rehearsal.play.compile_people import Needs
from separatrix.team.rehearsal.play.names import NeedName, ResponseName

STATE_WORDS = ("while the children are joined", "when the children are apart")


def unanswered(
    rows: Sequence[Complication], nodes: Sequence[Node], procedure: Procedure, response_of: Ints
) -> Iterator[str]:
    """Complications that can strike in a state for which the protocol has no response."""
    for k, row in enumerate(rows):
        if where.hours_after(row.phases) is not None and (response_of[k] < 0).all():
            yield f"No response to '{row.name}' in the days after"
            continue
        states = sorted({int(nodes[i].apart) for i in sites_of(row, nodes, procedure)})
        for state in states:
            if (response_of[k, state] < 0).all():
                yield f"No response to '{row.name}' {STATE_WORDS[state]}"
            elif response_of[k, state, -1] < 0:
                yield from (
                    f"No response to '{row.name}' in {procedure.patients[p]} {STATE_WORDS[state]}"
                    for p in struck_by(row, procedure, response_of[k])
                    if response_of[k, state, p] < 0 and _is_there(p, state, row, nodes, procedure)
                )


def _is_there(
    patient: int, state: int, row: Complication, nodes: Sequence[Node], procedure: Procedure
) -> bool:
    return any(
        int(nodes[i].apart) == state and procedure.patients[patient] in nodes[i].activity.patients
        for i in sites_of(row, nodes, procedure)
    )


def unmet(
    responses: Sequence[ResponseName],
    needs: Needs,
    answers: Mapping[str, Ints | Floats],
    procedure: Procedure,
    end_min: int,
    later: Collection[str],
) -> Iterator[str]:
    """Calls that nobody in the team can meet, or nobody for hours of the operation or of the days after.

    Parameters
    ----------
    answers
        Fields of `Arrays` about responses.
    later
        Complications that strike after the hours rehearsed: their calls are not looked at.
    """
    asked: dict[int, list[str]] = {}
    names = needs.names
    calls, call_ptr = answers["call_need"], answers["call_ptr"]
    for r, name in enumerate(responses):
        if name.response.complication not in later:
            for row in calls[int(call_ptr[r]) : int(call_ptr[r + 1])]:
                asked.setdefault(int(row), []).append(name.response.title)
    for row, titles in asked.items():
        need = names[row]
        people = needs.candidates(need)
        whose = _whose(titles)
        if not people:
            yield f"Nobody in the team can come as {_said(need)} to {whose}"
            continue
        if need.standby and all(procedure.people[i].pool != "standby" for i in people):
            continue
        until = end_min if not need.standby else round(where.SIMULATED_H * 60)
        if need.standby and procedure.standby is not None:
            until = min(until, round(procedure.standby.for_h * 60))
        for begin, end in gaps([procedure.people[i].shift_min for i in people], until):
            when = "after the operation" if need.standby else "of the operation"
            yield f"Nobody is on duty as {_said(need)} from minute {begin} to {end} {when}, called to {whose}"


def unheld(procedure: Procedure) -> Iterator[str]:
    """Devices and supplies that a response calls for and the team has none of, not even on its list."""
    asked: dict[str, list[str]] = {}
    for response in procedure.responses:
        for name in {**response.equipment, **response.consumables}:
            if name not in procedure.equipment and name not in procedure.consumables:
                asked.setdefault(name, []).append(response.title)
    for name, titles in asked.items():
        yield f"The team has no '{name}', called for by " + _whose(titles)


def _whose(titles: Sequence[str]) -> str:
    others = len(set(titles)) - 1
    return f"'{titles[0]}'" + (f" and {others} more" if others else "")


def _said(need: NeedName) -> str:
    level = f" of level {need.level}" if need.level else ""
    team = f" of {need.team}" if need.team else ""
    return f"{need.skill}{level}{team}" + (" on standby" if need.standby else "")


def gaps(spans: Sequence[tuple[int, int]], until: int) -> list[tuple[int, int]]:
    """Minutes from 0 on that no span covers.

    Examples
    --------
    >>> gaps([(0, 60), (90, 120)], 150)
    [(60, 90), (120, 150)]
    """
    found: list[tuple[int, int]] = []
    at = 0
    for begin, end in sorted(spans):
        if begin >= until:
            break
        if begin > at:
            found.append((at, begin))
        at = max(at, end)
    if at < until:
        found.append((at, until))
    return found
