"""Faults of responses: unknown complications, missing states, people and devices that are not there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from separatrix.case.document import Place
from separatrix.case.faults import shown
from separatrix.core import Fault
from separatrix.evidence import EvidenceReader, all_complications
from separatrix.evidence.lists import Complication, Role
from separatrix.team.protocol.check_values import near_known, number_faults
from separatrix.team.protocol.file import ProtocolFile
from separatrix.team.protocol.matching import on_duty, unmet
from separatrix.team.protocol.model import Procedure, Response
from separatrix.team.protocol.read import UNNAMED, Survey
from separatrix.team.protocol.responding import leading
from separatrix.team.protocol.response_file import CallSpec, ResponseSpec, ScriptSpec
from separatrix.team.protocol.words import DurationSpec

_STRIKING = (Role.CAUSE, Role.THRESHOLD, Role.OUTCOME)
"""Roles of complications that can strike; the others are published totals and factors."""

_ANSWERED = (Role.CAUSE, Role.THRESHOLD)
"""Roles of complications that need a response of their own."""

_SCRIPTS = ("joined", "apart", "mother")

Points = Callable[[DurationSpec, Place, Sequence[str]], Iterator[Fault]]
Told = tuple[Place, str, str, str]


def response_faults(
    survey: Survey[ProtocolFile],
    file: ProtocolFile,
    known: Mapping[str, Collection[str]],
    evidence: EvidenceReader,
    *,
    points: Points,
) -> Iterator[Fault]:
    """Faults of the section ``responses``, each at its line.

    Parameters
    ----------
    known
        Ids by section: ``skills``, ``equipment``, ``consumables``.
    points
        Faults of three points of a duration.
    """
    checks = _Checks(survey, file, known, evidence, points)
    for index, spec in enumerate(file.responses):
        yield from checks.response(spec, ("responses", index))
    yield from checks.unanswered()


class _Checks:
    """One pass over the responses of a file."""

    def __init__(
        self,
        survey: Survey[ProtocolFile],
        file: ProtocolFile,
        known: Mapping[str, Collection[str]],
        evidence: EvidenceReader,
        points: Points,
    ) -> None:
        self._survey = survey
        self._file = file
        self._known = known
        self._evidence = evidence
        self._points = points

    def response(self, spec: ResponseSpec, place: Place) -> Iterator[Fault]:
        yield from self._complication(spec, place)
        yield from self._states(spec, place)
        for key in _SCRIPTS:
            script: ScriptSpec | None = getattr(spec, key)
            if script is not None:
                yield from self._script(spec, script, (*place, key))

    def unanswered(self) -> Iterator[Fault]:
        """Complications that this protocol should answer; told only where it answers any."""
        if not self._file.responses or not self._survey.is_whole:
            return
        answered = {spec.id for spec in self._file.responses}
        for found in all_complications().values():
            if found.role in _ANSWERED and found.id not in answered and self._concerns(found):
                yield self._survey.fault(
                    ("responses",),
                    f"nothing is written for '{found.id}' ({found.name})",
                    expected="a response to every complication that can strike in this protocol",
                    mend=f"add one with `id: {found.id}`",
                )

    def _concerns(self, complication: Complication) -> bool:
        procedures = set(complication.procedures)
        return bool(
            (self._file.parts_children and "separation" in procedures)
            or ("mother" in self._file.patients and "birth" in procedures)
        )

    def _complication(self, spec: ResponseSpec, place: Place) -> Iterator[Fault]:
        if spec.id == UNNAMED:
            return
        found = all_complications().get(spec.id)
        striking = [item.id for item in all_complications().values() if item.role in _STRIKING]
        if found is None:
            yield self._survey.fault(
                (*place, "id"),
                f"unknown complication {shown(spec.id)}",
                mend=near_known(spec.id, striking),
            )
        elif found.role not in _STRIKING:
            yield self._survey.fault(
                (*place, "id"),
                f"'{spec.id}' never strikes: its role is {found.role.value}",
                expected="a complication of role cause, threshold or outcome",
                mend=near_known(spec.id, striking),
            )

    def _states(self, spec: ResponseSpec, place: Place) -> Iterator[Fault]:
        """Both states where both can be, and no state that cannot."""
        children = {"A", "B"} <= set(self._file.patients)
        parts = self._file.parts_children
        stays_joined = not parts or max(self._file.operations) > 1
        joined = children and (not spec.after_operation or stays_joined) and spec.mother is None
        needed = {"joined": joined, "apart": parts and not spec.only_joined, "mother": False}
        possible = {
            "joined": children,
            "apart": parts and not spec.only_joined,
            "mother": "mother" in self._file.patients,
        }
        why_not = {
            "joined": "A and B are not both patients",
            "apart": "it says `only_joined`" if spec.only_joined else "the children are never parted",
            "mother": "the mother is no patient",
        }
        for key in _SCRIPTS:
            there = self._survey.was_written(place, key)
            if needed[key] and not there:
                yield self._survey.fault(
                    (*place, key),
                    f"'{spec.id}' says nothing for children who are {key}",
                    expected="joined and apart: they are different emergencies",
                    mend=f"write `{key}:`"
                    + ("; what cannot strike any more says `only_joined: true`" if key == "apart" else ""),
                )
            elif there and not possible[key]:
                yield self._survey.fault(
                    (*place, key), f"written for '{key}', but {why_not[key]}", mend="delete it"
                )
        if not any(needed.values()) and not any(self._survey.was_written(place, k) for k in _SCRIPTS):
            yield self._survey.fault(place, f"'{spec.id}' says nothing", expected="joined, apart or mother")

    def _script(self, spec: ResponseSpec, script: ScriptSpec, place: Place) -> Iterator[Fault]:
        yield from self._unknown(script.leader, "skill", (*place, "leader"), "skills")
        for index, call in enumerate(script.calls):
            yield from self._call(spec, call, (*place, "calls", index))
        for name in script.equipment:
            yield from self._unknown(name, "equipment", (*place, "equipment", name), "equipment")
        for name in script.consumables:
            yield from self._unknown(name, "consumable", (*place, "consumables", name), "consumables")
        yield from number_faults(
            script.within_min, (*place, "within_min"), self._survey, self._evidence, is_time=True
        )
        if script.control is not None:
            yield from self._points(script.control, (*place, "control"), ())

    def _call(self, spec: ResponseSpec, call: CallSpec, place: Place) -> Iterator[Fault]:
        yield from self._unknown(call.skill, "skill", (*place, "skill"), "skills")
        here: Place = (*place, "team")
        if call.team in ("same", "other"):
            if spec.of_room or (spec.of_pair and place[-3] == "joined"):
                yield self._survey.fault(
                    here,
                    f"'{call.team}' means a colour seen from one patient, but it strikes both",
                    expected="A, B, or nothing for whoever is nearest",
                    mend="name a colour",
                )
            elif call.team == "other" and place[-3] == "mother":
                yield self._survey.fault(here, "'other' means the other child", expected="A, B or mother")
        elif call.team is not None and call.team not in self._file.patients:
            yield self._survey.fault(
                here,
                f"unknown patient {shown(call.team)}",
                mend=near_known(call.team, self._file.patients),
            )

    def _unknown(self, name: str, what: str, place: Place, section: str) -> Iterator[Fault]:
        if name not in self._known[section] and name != UNNAMED:
            yield self._survey.fault(
                place, f"unknown {what} {shown(name)}", mend=near_known(name, self._known[section])
            )


def responses_told(file: ProtocolFile, procedure: Procedure) -> Iterator[Told]:
    """Responses that nobody could give: people or devices that there are not, whoever is free."""
    places = {spec.id: index for index, spec in enumerate(file.responses)}
    for response in procedure.responses:
        key = "mother" if response.patient == "mother" else response.state
        place: Place = ("responses", places[response.complication], key)
        yield from _people_told(response, procedure, place)
        for name, count in response.equipment.items():
            there = procedure.equipment.get(name, count)
            if count > there:
                yield (
                    (*place, "equipment", name),
                    f"'{response.complication}' calls for {count} × {name}, but there are {there}",
                    f"at most {there}",
                    "mend the count here or under equipment",
                )


def _people_told(response: Response, procedure: Procedure, place: Place) -> Iterator[Told]:
    people = procedure.people if response.after_operation else on_duty(procedure.people)
    lacking = unmet((leading(response), *response.calls), people)
    if lacking is not None:
        whose = f" of team {lacking.team}" if lacking.team else ""
        yield (
            place,
            f"'{response.complication}' calls for a {lacking.skill}{whose} whom the team does not have",
            f"{lacking.count} × {lacking.skill}{whose}"
            + (f", level {lacking.level} or more" if lacking.level else ""),
            "add the person, or mend the call",
        )
