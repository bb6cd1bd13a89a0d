"""Which operations the evidence knows: a model that has seen a case is not tested by it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from separatrix.evidence import Entry, PublishedCase
from separatrix.team.rehearsal.retrodiction.logs import LogCase

_CLOCKS = "procedure.clock."
_YEARS_APART = 1
"""Papers date an operation of the turn of the year differently."""


def known_from(
    case: LogCase, entries: Mapping[str, Entry], cases: Iterable[PublishedCase]
) -> tuple[str, ...]:
    """Ids of the evidence that names a case; empty where nothing does.

    A case is named by its id in an entry, by its place in the id of a published clock time, or by its place
    and year in the list of published separations (craniopagus only).

    Parameters
    ----------
    case
        Of a log.
    entries, cases
        The evidence.
    """
    found = [key for key, entry in entries.items() if _names(case.id, entry)]
    if case.union == "craniopagus" and case.place:
        place = case.place.lower()
        clocks = [key for key in entries if key.startswith(_CLOCKS)]
        found += [key for key in clocks if _clock_of(place, case.year, key.removeprefix(_CLOCKS))]
        found += [known.id for known in cases if _same(case, known)]
    return tuple(dict.fromkeys(found))


def _names(case_id: str, entry: Entry) -> bool:
    """An id of letters and figures as a word of its own; ``OP3`` is not in ``OP33``."""
    if not re.fullmatch(r"(?=.*[A-Za-z])(?=.*\d)\w+", case_id):
        return False
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(case_id)}(?![0-9A-Za-z])")
    return bool(word.search(entry.id) or word.search(entry.note) or word.search(str(entry.value)))


def _clock_of(place: str, year: int | None, name: str) -> bool:
    """Whether ``new_york_2016_to_apart`` is about this place and year."""
    words = re.match(r"([a-z]+(?:_[a-z]+)*?)(?:_(\d{4}))?_(?:to|first|second|planned|whole)", name)
    if words is None:
        return False
    return words[1].replace("_", " ") in place and (words[2] is None or year is None or int(words[2]) == year)


def _same(case: LogCase, known: PublishedCase) -> bool:
    """Same place, and same year or, where a year is missing, same hours."""
    place = case.place.lower()
    names = [name.strip() for name in known.place.lower().replace("(", ",").split(",")]
    if not any(name and (name in place or place in name) for name in names):
        return False
    if case.year is None or known.year is None:
        return known.hours is not None and known.hours == case.actual_total_h
    return abs(case.year - known.year) <= _YEARS_APART
