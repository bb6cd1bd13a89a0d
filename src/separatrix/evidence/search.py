"""Finding entries by words."""

from __future__ import annotations

from collections.abc import Mapping

from separatrix.evidence.model import Entry
from separatrix.evidence.tables import all_entries


def search_entries(text: str = "", entries: Mapping[str, Entry] | None = None) -> list[Entry]:
    """Entries that hold every word of a text in their id, words, unit or note, in the order of their ids.

    Parameters
    ----------
    text
        Words, in any case; none finds every entry.
    entries
        Where to look; the package's tables unless given.

    Examples
    --------
    >>> [e.id for e in search_entries("allowed loss example")]
    ['haemodynamics.allowed_loss.example']
    """
    words = text.casefold().replace("_", " ").split()
    found = all_entries() if entries is None else entries
    return [found[key] for key in sorted(found) if all(word in _haystack(found[key]) for word in words)]


def _haystack(entry: Entry) -> str:
    parts = (entry.id, str(entry.value), entry.unit, entry.note, *entry.source_ids)
    return " ".join(parts).casefold().replace("_", " ")
