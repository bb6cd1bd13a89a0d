"""The numbers a case is planned with: the package's tables with the team's own values on top."""

from __future__ import annotations

import dataclasses

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
        return with_overrides(all_entries(), case.file.assumptions, file=str(case.path))
    except InputError as error:
        faults = (dataclasses.replace(f, line=case.line_of(f.field)) for f in error.faults)
        raise InputError(*faults) from None
