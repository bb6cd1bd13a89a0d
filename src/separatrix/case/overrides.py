"""The numbers a case is planned with: the package's tables with the team's own values on top."""

from __future__ import annotations

from separatrix.case.model import Case
from separatrix.core import InputError
from separatrix.evidence import EvidenceReader, all_entries
from separatrix.evidence.overrides import with_overrides


def evidence_for(case: Case) -> EvidenceReader:
    """Evidence as this case sees it.

    Raises
    ------
    InputError
        With every assumption that names no entry or does not fit its kind or range, and its line.
    """
    try:
        return with_overrides(all_entries(), case.file.assumptions)
    except InputError as error:
        raise InputError(*map(case.located, error.faults)) from None
