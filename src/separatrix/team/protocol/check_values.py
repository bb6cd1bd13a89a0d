"""Numbers, rules, answers and people that can be judged alone, in protocol and team files alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from separatrix.case.document import Place
from separatrix.case.faults import near, shown
from separatrix.core import DataMissingError, Fault
from separatrix.evidence import EvidenceReader
from separatrix.team.protocol.file import PersonSpec, ProtocolFile, RulesSpec
from separatrix.team.protocol.quantities import minutes, plain_number
from separatrix.team.protocol.read import UNNAMED, Survey
from separatrix.team.protocol.words import FromEvidence


def near_known(name: str, known: Iterable[str]) -> str:
    """Near names as a clause for mending."""
    names = list(known)
    return near(name, names) if names else "the protocol names none"


def answer_problem(
    answer: str | float, values: Sequence[str] | None, low: float | None, high: float | None
) -> str:
    """What an answer to a choice should be; empty where it is sound."""
    if values is not None:
        sound = str(answer).casefold() in {value.casefold() for value in values}
        return "" if sound else ", ".join(values)
    low, high = low or 0.0, high or 0.0
    sound = isinstance(answer, int | float) and low <= answer <= high
    return "" if sound else f"a number from {low:g} to {high:g}"


def number_faults(
    value: float | FromEvidence | None,
    place: Place,
    survey: Survey[Any],
    evidence: EvidenceReader,
    *,
    is_time: bool = True,
) -> Iterator[Fault]:
    """An entry that does not exist, or is no time where one is wanted."""
    if not isinstance(value, FromEvidence):
        return
    try:
        (minutes if is_time else plain_number)(value, evidence)
    except DataMissingError as error:
        wrong = error.faults[0]
        yield survey.fault((*place, "evidence"), wrong.problem, expected=wrong.expected, mend=wrong.mend)


def rules_faults(
    rules: RulesSpec, place: Place, survey: Survey[Any], evidence: EvidenceReader
) -> Iterator[Fault]:
    """Rules that contradict each other or rest on no entry."""
    found: dict[str, float] = {}
    for name, value in rules:
        wrong = list(number_faults(value, (*place, name), survey, evidence, is_time=name.endswith("_min")))
        yield from wrong
        if value is not None and not wrong and name.endswith("_min"):
            found[name] = minutes(value, evidence)
    length, within = found.get("break_min"), found.get("break_within_min")
    if length is not None and not length:
        yield survey.fault((*place, "break_min"), "a break of 0 minutes", mend="delete the rule")
    if within is not None and (within == 0 or (length is not None and within <= length)):
        yield survey.fault(
            (*place, "break_within_min"),
            f"found {within:g}, no longer than the break itself",
            expected="the longest work between two breaks, in minutes",
        )
    duty = found.get("longest_duty_min")
    if duty is not None and duty == 0:
        yield survey.fault((*place, "longest_duty_min"), "found 0 minutes", mend="delete the rule")


def people_faults(
    people: Sequence[PersonSpec],
    place: Place,
    survey: Survey[Any],
    protocol: ProtocolFile,
    *,
    skills: Iterable[str],
) -> Iterator[Fault]:
    """People entered twice, with unknown skills or colours, or on duty outside the day."""
    seen: dict[str, str] = {}
    known = set(skills)
    for index, person in enumerate(people):
        here: Place = (*place, index)
        for what in dict.fromkeys((f"id {person.id}", f"name {person.name.casefold().strip()}")):
            if what in seen and UNNAMED not in what:
                yield survey.fault(
                    here,
                    f"{shown(person.name)} stands twice, first as '{seen[what]}'",
                    mend="delete one of the two",
                )
                break
            seen[what] = person.id
        for skill in person.skills:
            if skill not in known:
                yield survey.fault(
                    (*here, "skills", skill), f"unknown skill {shown(skill)}", mend=near_known(skill, known)
                )
        if person.team is not None and person.team not in protocol.patients:
            yield survey.fault(
                (*here, "team"), f"there is no patient {person.team}", expected=", ".join(protocol.patients)
            )
        yield from _shift_faults(person, (*here, "shift"), survey, protocol)


def _shift_faults(
    person: PersonSpec, place: Place, survey: Survey[Any], protocol: ProtocolFile
) -> Iterator[Fault]:
    if person.shift is None:
        return
    from_h, to_h = person.shift.from_h, person.shift.to_h
    if from_h >= to_h:
        yield survey.fault(
            place, f"the shift from {from_h:g} h to {to_h:g} h ends before it begins", mend="swap the two"
        )
    elif person.pool != "standby" and (from_h < 0 or to_h > protocol.longest_h):
        yield survey.fault(
            place,
            f"the shift from {from_h:g} h to {to_h:g} h lies outside the day",
            expected=f"hours from wheels in, 0 to {protocol.longest_h:g}",
            mend="write hours from wheels in, not hours of the clock; or lengthen longest_h",
        )
