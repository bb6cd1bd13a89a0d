"""Dossier: the plan, to be read by people.

Question: what is the plan, how sure is each statement, and what does it rest on?
Input: the results of the stations before it; any of them may be missing, with its reason.
Output: `write_dossier` gives one self-contained ``dossier.html`` and ``dossier.pdf`` from the same content.
Assumption: the reader is a qualified team; the dossier advises and never decides.
Tests: ``tests/share/dossier`` and ``tests/journeys/test_journey_dossier_browser.py``.
"""

from separatrix.share.dossier.choreography import choreography_chapter
from separatrix.share.dossier.model import Chapter, DossierFiles, StationSummary
from separatrix.share.dossier.rehearsal import Beside, rehearsal_chapter
from separatrix.share.dossier.vessels import vessels_chapter, view_of_vessels
from separatrix.share.dossier.write import write_dossier

__all__ = [
    "Beside",
    "Chapter",
    "DossierFiles",
    "StationSummary",
    "choreography_chapter",
    "rehearsal_chapter",
    "vessels_chapter",
    "view_of_vessels",
    "write_dossier",
]
