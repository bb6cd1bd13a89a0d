"""Telling where a number comes from, how sure it is, and what depends on it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from separatrix.core import Unknown
from separatrix.evidence.formula import formula_of, inputs_of, words_of
from separatrix.evidence.model import Entry, Mark, Source, plain
from separatrix.evidence.overrides import SET_BY_TEAM
from separatrix.evidence.reader import EvidenceReader
from separatrix.evidence.tables import all_entries, all_sources
from separatrix.evidence.usage import Use, uses_of

WIDTH = 100
"""Columns of the text; addresses alone are never broken."""
_INDENT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that is known of one entry."""

    entry: Entry
    formula: str
    """How the value comes about; empty where it is not derived."""
    inputs: tuple[str, ...]
    """Ids of the entries that the formula names."""
    sources: tuple[Source, ...]
    """Who says so; of the table's own entry where the team set another value."""
    derived: tuple[str, ...]
    """Ids of entries whose formulas name this one."""
    uses: tuple[Use, ...]
    """Places of the program that read it."""

    @property
    def mark_meaning(self) -> str:
        """The mark in words, for the value as it stands now."""
        by_team = self.entry.overridden and self.entry.mark is Mark.ASSUMPTION
        return SET_BY_TEAM if by_team else self.entry.mark.meaning

    def to_dict(self) -> dict[str, Any]:
        """The explanation as plain data."""
        entry, original = self.entry, self.entry.original
        return {
            "id": entry.id,
            "kind": entry.kind.value,
            **_value_dict(entry),
            "mark_meaning": self.mark_meaning,
            "formula": self.formula,
            "inputs": list(self.inputs),
            "note": words_of(entry),
            "overridden": entry.overridden,
            "original": None if original is None else _value_dict(original),
            "sources": [_source_dict(source) for source in self.sources],
            "derived": list(self.derived),
            "uses": [{"place": use.place, "line": use.line, "exact": use.exact} for use in self.uses],
        }

    def to_text(self) -> str:
        """The explanation as lines of at most `WIDTH` columns; addresses alone stand whole."""
        entry, original = self.entry, self.entry.original
        lines = [entry.id]
        lines += _field("value", show_value(entry))
        lines += _field("range", show_range(entry))
        lines += _field("mark", f"{entry.mark.value}: {self.mark_meaning}")
        if original is not None:
            lines += _field("changed", entry.overridden)
            was = f"{show_value(original)}, range {show_range(original)}, mark {original.mark.value}"
            lines += _field("table", was)
        if self.formula:
            lines += _field("formula", self.formula)
        if words_of(entry):
            lines += _field("note", words_of(entry))
        lines += self._source_lines()
        lines += self._use_lines()
        return "\n".join(lines)

    def _source_lines(self) -> list[str]:
        if not self.sources:
            return _field("sources", "none: this is the team's to set")
        name = "of table" if self.entry.original is not None else "sources"
        lines: list[str] = []
        for number, source in enumerate(self.sources):
            year = source.year or "year not noted"
            lines += _field("" if number else name, f"{source.id}  {source.title} ({year})")
            if source.url:
                lines.append(" " * _INDENT + source.url)
            read = f"{source.kind}; read: {source.what_was_read or 'not noted'}"
            lines += _field("", read + (f"; {source.note}" if source.note else ""))
        return lines

    def _use_lines(self) -> list[str]:
        lines: list[str] = []
        for use in self.uses:
            built = "" if use.exact else " (by a name put together there, may be another entry)"
            lines += _field("" if lines else "read by", f"{use.place}, line {use.line}{built}")
        for number, key in enumerate(self.derived):
            lines += _field("" if number else "derived", key)
        return lines or _field("read by", "nothing in the program yet")


def explain(entry_id: str, reader: EvidenceReader) -> Explanation:
    """Explain one entry as a reader sees it.

    Parameters
    ----------
    entry_id
        Id of the entry.
    reader
        Evidence, with the team's values on top where there are any.

    Raises
    ------
    DataMissingError
        If there is no such entry; near names are suggested.
    """
    entry = reader.entry(entry_id)
    formula = formula_of(entry)
    known = all_sources()
    return Explanation(
        entry=entry,
        formula=formula,
        inputs=inputs_of(formula) if formula else (),
        sources=tuple(known[key] for key in (entry.original or entry).source_ids if key in known),
        derived=derived_from(entry_id, all_entries()),
        uses=uses_of(entry_id),
    )


def derived_from(entry_id: str, entries: Mapping[str, Entry]) -> tuple[str, ...]:
    """Ids of the entries whose formulas name an entry, sorted."""
    formulas = {key: formula_of(entry) for key, entry in entries.items()}
    return tuple(sorted(key for key, text in formulas.items() if text and entry_id in inputs_of(text)))


def show_value(entry: Entry) -> str:
    """Value with its unit, such as ``140 deg``."""
    if isinstance(entry.value, Unknown):
        return "unknown: the team must set it"
    value = str(entry.value).lower() if isinstance(entry.value, bool) else str(entry.value)
    if isinstance(entry.value, float):
        value = f"{entry.value:.10g}"
    return value if entry.unit in ("", "1") else f"{value} {entry.unit}"


def show_range(entry: Entry) -> str:
    """Range in words; ``none given`` where the source gives none."""
    if entry.low is None and entry.high is None:
        return "none given"
    if entry.low is None:
        return f"up to {entry.high:.10g}"
    return f"from {entry.low:.10g}" if entry.high is None else f"{entry.low:.10g} to {entry.high:.10g}"


def _value_dict(entry: Entry) -> dict[str, Any]:
    return {
        "value": plain(entry.value),
        "low": entry.low,
        "high": entry.high,
        "unit": entry.unit,
        "mark": entry.mark.value,
        "source_ids": list(entry.source_ids),
    }


def _source_dict(source: Source) -> dict[str, str]:
    return {
        "id": source.id,
        "title": source.title,
        "year": source.year,
        "url": source.url,
        "kind": source.kind,
        "what_was_read": source.what_was_read,
        "note": source.note,
    }


def _field(name: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f"  {name:<{_INDENT - 2}}",
        subsequent_indent=" " * _INDENT,
        break_on_hyphens=False,
    )
