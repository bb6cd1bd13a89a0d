"""Protocols and teams by name or path, read and checked: what other rooms ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from separatrix.case.faults import near, shown
from separatrix.core import DataMissingError, Fault, InputError
from separatrix.evidence import EvidenceReader
from separatrix.team.protocol.check_responses import responses_told
from separatrix.team.protocol.check_values import answer_problem, near_known, people_faults, rules_faults
from separatrix.team.protocol.checks import protocol_faults
from separatrix.team.protocol.file import ProtocolFile
from separatrix.team.protocol.network import circle
from separatrix.team.protocol.read import Survey, sorted_faults, survey_protocol, survey_team
from separatrix.team.protocol.soundness import Told, staffing_told, standing, structure_told, variants
from separatrix.team.protocol.staff import Staff, staff_of
from separatrix.team.protocol.team_file import TeamFile


def read_protocol(source: str | Path, *, evidence: EvidenceReader) -> ProtocolFile:
    """Read a protocol that the program brings by its name, or one of the team's own by its path.

    Raises
    ------
    InputError
        With every fault of the file, each with its line.

    Examples
    --------
    >>> from separatrix.evidence import EvidenceReader, all_entries
    >>> read_protocol("birth", evidence=EvidenceReader(all_entries())).patients
    ['A', 'B', 'mother']
    """
    survey = survey_protocol(source)
    faults = check_protocol(survey, evidence=evidence)
    if survey.file is None or faults:
        raise InputError(*faults)
    return survey.file


def read_team(path: Path, protocol: ProtocolFile, *, evidence: EvidenceReader) -> Staff:
    """Read a team file for a protocol.

    Parameters
    ----------
    path
        ``team.yaml``.
    protocol
        A sound protocol.

    Raises
    ------
    InputError
        With every fault of the file, and of the team for this protocol.
    """
    survey = survey_team(path)
    faults = check_team(survey, protocol, evidence=evidence)
    if survey.file is None or faults:
        raise InputError(*faults)
    return staff_of(protocol, survey.file, evidence=evidence)


def default_team(protocol: ProtocolFile, *, evidence: EvidenceReader) -> Staff:
    """The roster, rooms, stock and rules that a protocol brings."""
    return staff_of(protocol, None, evidence=evidence)


def check_protocol(survey: Survey[ProtocolFile], *, evidence: EvidenceReader) -> tuple[Fault, ...]:
    """Every fault of a protocol: its text, its names, its order, its people."""
    faults = [*survey.faults, *protocol_faults(survey, evidence=evidence)]
    if survey.file is not None:
        with_people = not any(_in_section(fault, "roster") for fault in faults)
        told = _told(survey.file, None, evidence, whole=survey.is_whole, with_people=with_people)
        faults += [survey.fault(p, problem, expected=e, mend=m) for p, problem, e, m in told]
    return sorted_faults(faults)


def check_team(
    survey: Survey[TeamFile], protocol: ProtocolFile, *, evidence: EvidenceReader
) -> tuple[Fault, ...]:
    """Every fault of a team file, and of the team for a sound protocol."""
    faults = list(survey.faults)
    if survey.file is not None:
        faults += _team_faults(survey, survey.file, protocol, evidence)
        if not any(_in_section(fault, "people") for fault in faults):
            told = _told(protocol, survey.file, evidence, whole=True, with_people=True)
            faults += [_at_team(survey, told_one) for told_one in told]
    return sorted_faults(faults)


def check_files(
    source: str | Path, team: Path | None, *, evidence: EvidenceReader
) -> tuple[ProtocolFile | None, tuple[Fault, ...]]:
    """A protocol and, where there is one, the team file for it: what was read, and every fault of both.

    Parameters
    ----------
    source
        Name of a protocol that the program brings, or path of an own one.
    team
        Path of ``team.yaml``; None where there is none.
    """
    survey = survey_protocol(source)
    faults = check_protocol(survey, evidence=evidence)
    if team is None:
        return survey.file, faults
    team_survey = survey_team(team)
    if survey.file is None or faults:  # the team cannot be held against a faulty protocol
        return survey.file, (*faults, *team_survey.faults)
    return survey.file, check_team(team_survey, survey.file, evidence=evidence)


def _in_section(fault: Fault, section: str) -> bool:
    return fault.field.split("[")[0].split(".")[0] == section


def _told(
    file: ProtocolFile, team: TeamFile | None, evidence: EvidenceReader, *, whole: bool, with_people: bool
) -> list[Told]:
    """Faults of the order, the roles and the people over all variants, each once.

    Where the file is not whole, what seems to be missing is not told.
    """
    found: dict[tuple[Any, str], Told] = {}
    try:
        sound = standing(file, evidence=evidence)
        staff = staff_of(sound, team, evidence=evidence)
        for one in variants(sound, staff, evidence=evidence):
            for told in structure_told(sound, one, whole=whole):
                found.setdefault((told[0], told[1]), told)
            if whole and with_people and not circle(one.procedure.precedences):
                for told in (*staffing_told(sound, one), *responses_told(sound, one.procedure)):
                    found.setdefault((told[0], "people"), told)  # one for each place, whatever the variant
    except DataMissingError:
        pass  # a number of a rule, role or default that cannot be read: told with its line by the checks
    return list(found.values())


def _at_team(survey: Survey[TeamFile], told: Told) -> Fault:
    """A lack that a protocol shows, told where the team can mend it."""
    place, problem, expected, mend = told
    section = "people"
    if place[0] in ("consumables", "equipment"):
        section = str(place[0])
    elif len(place) > 2 and "equipment" in place:
        section = "equipment"
    return survey.fault((section,), problem, expected=expected, mend=mend)


def _team_faults(
    survey: Survey[TeamFile], team: TeamFile, protocol: ProtocolFile, evidence: EvidenceReader
) -> Iterator[Fault]:
    if team.protocol is not None and team.protocol != protocol.id:
        yield survey.fault(
            ("protocol",),
            f"written for {shown(team.protocol)}, but the case names '{protocol.id}'",
            mend="choose the protocol in case.yaml, or delete this line",
        )
    yield from people_faults(team.people, ("people",), survey, protocol, skills=protocol.skills)
    yield from rules_faults(team.rules, ("rules",), survey, evidence)
    rooms = [room.id for room in team.rooms]
    for index, room in enumerate(rooms):
        if room in rooms[:index]:
            yield survey.fault(
                ("rooms", index), f"the room '{room}' stands twice", mend="delete one of the two"
            )
    for section, names in (("equipment", protocol.equipment), ("consumables", protocol.consumables)):
        for name in getattr(team, section):
            if name not in names:
                yield survey.fault(
                    (section, name), f"unknown {section} {shown(name)}", mend=near_known(name, names)
                )
    for name, answer in team.choices.items():
        choice = protocol.choices.get(name)
        if choice is None:
            yield survey.fault(
                ("choices", name), f"unknown choice {shown(name)}", mend=near_known(name, protocol.choices)
            )
        elif problem := answer_problem(answer, choice.values, choice.low, choice.high):
            words = choice.values or []
            yield survey.fault(
                ("choices", name),
                f"found {shown(answer)}",
                expected=problem,
                mend=near(str(answer), words) if words else "",
            )
