"""Protocols and teams by name or path, read and checked: what other rooms ask for."""

from __future__ import annotations

from pathlib import Path

from separatrix.core import InputError
from separatrix.evidence import EvidenceReader
from separatrix.team.protocol.file import ProtocolFile
from separatrix.team.protocol.read import sorted_faults, survey_protocol, survey_team
from separatrix.team.protocol.staff import Staff, staff_of


def read_protocol(source: str | Path, *, evidence: EvidenceReader) -> ProtocolFile:
    """Read a protocol that the program brings by its name, or one of the team's own by its path.

    Raises
    ------
    InputError
        With every fault of the file.
    """
    survey = survey_protocol(source)
    if survey.file is None or survey.faults:
        raise InputError(*sorted_faults(survey.faults))
    return survey.file


def read_team(path: Path, protocol: ProtocolFile, *, evidence: EvidenceReader) -> Staff:
    """Read a team file for a protocol.

    Raises
    ------
    InputError
        With every fault of the file, and of the team for this protocol.
    """
    survey = survey_team(path)
    if survey.file is None or survey.faults:
        raise InputError(*sorted_faults(survey.faults))
    return staff_of(protocol, survey.file, evidence=evidence)


def default_team(protocol: ProtocolFile, *, evidence: EvidenceReader) -> Staff:
    """The roster, rooms, stock and rules that a protocol brings."""
    return staff_of(protocol, None, evidence=evidence)
