"""Evidence: every clinical or model number, with unit, range, mark and source.

Question: what is this number, how sure is it, and who says so?
Input: the CSV tables in ``tables/``, and the team's ``assumptions:``.
Output: `Entry` by id through an `EvidenceReader` that records what was read.
Assumption: a number without a source is marked A, and every result that rests on it says so.
Tests: ``tests/evidence``.
"""

from separatrix.evidence.explain import Explanation, explain
from separatrix.evidence.lists import (
    Complication,
    PublishedCase,
    Role,
    all_cases,
    all_complications,
    all_steps,
)
from separatrix.evidence.model import Entry, Kind, Mark, Source, Value, plain
from separatrix.evidence.overrides import TeamValue, with_overrides
from separatrix.evidence.reader import EvidenceReader
from separatrix.evidence.search import search_entries
from separatrix.evidence.tables import all_entries, all_sources

__all__ = [
    "Complication",
    "Entry",
    "EvidenceReader",
    "Explanation",
    "Kind",
    "Mark",
    "PublishedCase",
    "Role",
    "Source",
    "TeamValue",
    "Value",
    "all_cases",
    "all_complications",
    "all_entries",
    "all_sources",
    "all_steps",
    "explain",
    "plain",
    "search_entries",
    "with_overrides",
]
