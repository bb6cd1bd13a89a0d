"""What one person does when something happens: leads, comes for a task, or stands in for the lead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from separatrix.team.protocol.inputs import Patient
from separatrix.team.protocol.matching import may_fill, on_duty
from separatrix.team.protocol.model import Need, Person, Procedure, Response

Part = Literal["leads", "comes", "stands_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What a person does in one script."""

    part: Part
    struck: Patient | None
    """Who is struck; None where it makes no difference to this person."""
    task: str
    """What they come for; empty for who leads."""
    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Crisis:
    """A complication, with what this person has to do with it while joined and when apart."""

    title: str
    sheet: int
    """Number of the sheet with the whole response."""
    joined: tuple[Duty, ...]
    apart: tuple[Duty, ...]

    @property
    def leads(self) -> bool:
        """Whether the person leads in any state."""
        return any(duty.part == "leads" for duty in (*self.joined, *self.apart))

    @property
    def within_min(self) -> float:
        """The shortest time to be there."""
        return min(duty.response.within_min for duty in (*self.joined, *self.apart))

    @property
    def leader(self) -> str:
        """Skill that leads."""
        return (*self.joined, *self.apart)[0].response.leader


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The whole response to one complication, to be read aloud."""

    number: int
    title: str
    scripts: tuple[Response, ...]
    """Joined, apart, for the mother: those there are, as for the first patient who may be struck."""

    @property
    def first(self) -> Response:
        """The script that tells leader and time."""
        return self.scripts[0]


def crises_of(person: Person, procedure: Procedure) -> tuple[Crisis, ...]:
    """What concerns a person: first where they lead, and within that what leaves least time.

    What strikes in the days after is the standby's, so it stands on the cards of others only where nobody
    on standby brings their skill.
    """
    stand_by = [p for p in procedure.people if p.pool == "standby"]
    replaced = any(set(person.skills) & set(other.skills) for other in stand_by)
    found = []
    for sheet, responses in enumerate(_by_complication(procedure.responses), start=1):
        if responses[0].after_operation and replaced and person.pool != "standby":
            continue
        joined, apart = (_duties(person, responses, state, procedure) for state in ("joined", "apart"))
        if joined or apart:
            found.append(Crisis(title=responses[0].title, sheet=sheet, joined=joined, apart=apart))
    return tuple(sorted(found, key=lambda c: (not c.leads, c.within_min)))


def sheets_of(procedure: Procedure) -> tuple[Sheet, ...]:
    """One sheet for each complication, in the order of the protocol."""
    found = []
    for number, responses in enumerate(_by_complication(procedure.responses), start=1):
        scripts: dict[tuple[str, bool], Response] = {}
        for response in responses:
            scripts.setdefault((response.state, response.patient == "mother"), response)
        found.append(Sheet(number=number, title=responses[0].title, scripts=tuple(scripts.values())))
    return tuple(found)


def _by_complication(responses: Iterable[Response]) -> list[list[Response]]:
    groups: dict[str, list[Response]] = {}
    for response in responses:
        groups.setdefault(response.complication, []).append(response)
    return list(groups.values())


def _duties(person: Person, responses: list[Response], state: str, procedure: Procedure) -> tuple[Duty, ...]:
    """Duties in one state, one for all who may be struck where it makes no difference."""
    found = [
        duty
        for response in responses
        if response.state == state and (duty := _duty(person, response, procedure))
    ]
    same = len({(duty.part, duty.task) for duty in found}) == 1
    if same and len(found) == sum(1 for r in responses if r.state == state):
        first = found[0]
        struck = first.struck if len(found) == 1 else None
        return (Duty(part=first.part, struck=struck, task=first.task, response=first.response),)
    return tuple(found)


def _duty(person: Person, response: Response, procedure: Procedure) -> Duty | None:
    lead = Need(skill=response.leader, team=response.patient)
    part: Part
    if may_fill(person, lead) and _is_first(person, lead, procedure):
        part, task = "leads", ""
    elif call := next((c for c in response.calls if may_fill(person, c)), None):
        part, task = "comes", call.task
    elif may_fill(person, lead):
        part, task = "stands_in", ""
    else:
        return None
    return Duty(part=part, struck=response.patient, task=task, response=response)


def _is_first(person: Person, lead: Need, procedure: Procedure) -> bool:
    """Whether nobody else who may lead brings more of the skill."""
    people = procedure.people if person.pool == "standby" else on_duty(procedure.people)
    most = max(p.skills[lead.skill] for p in people if may_fill(p, lead))
    return person.skills[lead.skill] >= most
