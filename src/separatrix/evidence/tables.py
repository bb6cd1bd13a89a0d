"""Loading the evidence tables that the package carries, with every fault told."""

from __future__ import annotations

import csv
import functools
import math
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

from separatrix.core import Fault, InputError
from separatrix.evidence.model import Entry, Kind, Mark, Source, Value

COLUMNS = ("id", "kind", "value", "low", "high", "unit", "mark", "source_id", "note")


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("not finite")
    return value


def parse_value(kind: Kind, text: str) -> Value:
    """Read a value of the given kind.

    Raises
    ------
    ValueError
        If the text does not fit the kind; the message says what was expected.
    """
    if kind is Kind.TEXT:
        if not text.strip():
            raise ValueError("expected words, found nothing")
        return text
    if kind is Kind.FLAG:
        if text not in ("true", "false"):
            raise ValueError(f"expected true or false, found '{text}'")
        return text == "true"
    try:
        value = _number(text)
    except ValueError:
        raise ValueError(f"expected a finite number, found '{text}'") from None
    if kind is Kind.FRACTION and not 0 <= value <= 1:
        raise ValueError(f"expected a fraction from 0 to 1, found {text}")
    if kind is Kind.COUNT:
        if value < 0 or value != int(value):
            raise ValueError(f"expected a whole number ≥ 0, found {text}")
        return int(value)
    return value


def _parse_row(row: Mapping[str, str]) -> Entry:
    kind = Kind(row["kind"])
    value = parse_value(kind, row["value"])
    low = _number(row["low"]) if row["low"] else None
    high = _number(row["high"]) if row["high"] else None
    if low is not None and high is not None and low > high:
        raise ValueError(f"low {low} is above high {high}")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if (low is not None and value < low) or (high is not None and value > high):
            raise ValueError(f"value {value} lies outside {low} to {high}")
        if not row["unit"]:
            raise ValueError("a number needs a unit (1 for none)")
    mark = Mark(row["mark"])
    if mark is not Mark.ASSUMPTION and not row["source_id"]:
        raise ValueError(f"mark {mark.value} needs a source; only an assumption (A) has none")
    sources = tuple(s for s in row["source_id"].split(";") if s)
    return Entry(
        id=row["id"],
        kind=kind,
        value=value,
        low=low,
        high=high,
        unit=row["unit"],
        mark=mark,
        source_ids=sources,
        note=row["note"],
    )


def parse_table(name: str, text: str) -> dict[str, Entry]:
    """Read one table.

    Raises
    ------
    InputError
        With every faulty row.
    """
    entries: dict[str, Entry] = {}
    faults = []
    reader = csv.DictReader(text.splitlines())
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise InputError(
            Fault(file=name, line=1, problem=f"columns are {reader.fieldnames}", expected=str(COLUMNS))
        )
    for line, row in enumerate(reader, start=2):
        try:
            if None in row or any(value is None for value in row.values()):
                raise ValueError(f"expected {len(COLUMNS)} columns")
            entry = _parse_row(row)
            if entry.id in entries:
                raise ValueError("stands twice")
            entries[entry.id] = entry
        except ValueError as error:
            faults.append(Fault(file=name, line=line, field=str(row.get("id")), problem=str(error)))
    if faults:
        raise InputError(*faults)
    return entries


@functools.cache
def all_entries() -> Mapping[str, Entry]:
    """Every entry of the package's tables, by id.

    Raises
    ------
    InputError
        If a table is faulty, or two tables hold one id.
    """
    merged: dict[str, Entry] = {}
    folder = resources.files("separatrix.evidence") / "tables"
    for path in sorted(folder.iterdir(), key=lambda p: p.name):
        if path.name.endswith(".csv") and path.name != "sources.csv":
            for key, entry in parse_table(path.name, path.read_text(encoding="utf-8")).items():
                if key in merged:
                    raise InputError(Fault(file=path.name, field=key, problem="stands in another table too"))
                merged[key] = entry
    return MappingProxyType(merged)


@functools.cache
def all_sources() -> Mapping[str, Source]:
    """Every source the tables name, by id."""
    path = resources.files("separatrix.evidence") / "tables" / "sources.csv"
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return MappingProxyType(
        {
            row["id"]: Source(
                id=row["id"],
                title=row["title"],
                year=row["year"],
                url=row["url"],
                what_was_read=row["what_was_read"],
                note=row["note"] or "",
            )
            for row in rows
        }
    )
