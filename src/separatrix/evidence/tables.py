"""Loading the evidence tables that the package carries, with every fault told at once."""

from __future__ import annotations

import csv
import functools
import math
import re
from collections.abc import Callable, Mapping
from importlib import resources
from types import MappingProxyType
from typing import TypeVar

from separatrix.core import Fault, InputError, Unknown, near_names
from separatrix.evidence.formula import formula_fault, in_order
from separatrix.evidence.model import Entry, Kind, Mark, Source, Value
from separatrix.evidence.units import UNIT_PARTS, plain_unit, unit_fault

COLUMNS = ("id", "kind", "value", "low", "high", "unit", "mark", "source_id", "note")
SOURCE_COLUMNS = ("id", "title", "year", "url", "kind", "what_was_read", "note")
ENTRY_ID = re.compile(r"[a-z][a-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+")
"""``topic.quantity[.condition]``."""
SOURCE_ID = re.compile(r"[A-Z]+[0-9]*")

T = TypeVar("T")


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
    value = _number(text)
    if problem := number_fault(kind, value):
        raise ValueError(problem)
    return int(value) if kind is Kind.COUNT else value


def number_fault(kind: Kind, value: float) -> str:
    """What keeps a number from being of the given kind; empty where nothing does."""
    if not math.isfinite(value):
        return f"expected a finite number, found {value}"
    if kind is Kind.FRACTION and not 0 <= value <= 1:
        return f"expected a fraction from 0 to 1, found {value:g}"
    if kind is Kind.COUNT and (value < 0 or value != int(value)):
        return f"expected a whole number ≥ 0, found {value:g}"
    return ""


def range_fault(value: Value | Unknown, low: float | None, high: float | None) -> str:
    """What keeps a value from lying in its range; empty where nothing does."""
    if isinstance(value, (bool, str)):
        return "" if low is None and high is None else "only numbers have a range"
    if low is not None and high is not None and low > high:
        return f"low {low:g} is above high {high:g}"
    if isinstance(value, Unknown):
        return ""
    if (low is not None and value < low) or (high is not None and value > high):
        return f"value {value:g} lies outside {_end(low)} to {_end(high)}"
    return ""


def _end(limit: float | None) -> str:
    return "open" if limit is None else f"{limit:g}"


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"expected a finite number, found '{text}'") from None
    if not math.isfinite(value):
        raise ValueError(f"expected a finite number, found '{text}'")
    return value


def _member(options: Mapping[str, T], column: str, found: str) -> T:
    if found not in options:
        raise ValueError(f"{column} '{found}' is none of {', '.join(options)}")
    return options[found]


def _parse_row(row: Mapping[str, str]) -> Entry:
    if not ENTRY_ID.fullmatch(row["id"]):
        raise ValueError("an id reads topic.quantity[.condition], of letters, digits and _")
    kind = _member({k.value: k for k in Kind}, "kind", row["kind"])
    mark = _member({m.value: m for m in Mark}, "mark", row["mark"])
    value = _parse_value_or_unknown(kind, mark, row)
    low = _number(row["low"]) if row["low"] else None
    high = _number(row["high"]) if row["high"] else None
    problem = range_fault(value, low, high)
    for limit in (low, high):
        problem = problem or ("" if limit is None else number_fault(kind, limit))
    if problem:
        raise ValueError(problem)
    unit = plain_unit(row["unit"])
    _check_unit(kind, unit)
    sources = tuple(s for s in row["source_id"].split(";") if s)
    if mark is not Mark.ASSUMPTION and not sources:
        raise ValueError(f"mark {mark.value} needs a source; only an assumption (A) has none")
    return Entry(
        id=row["id"],
        kind=kind,
        value=value,
        low=low,
        high=high,
        unit=unit,
        mark=mark,
        source_ids=sources,
        note=row["note"],
    )


def _parse_value_or_unknown(kind: Kind, mark: Mark, row: Mapping[str, str]) -> Value | Unknown:
    """The value; `Unknown` for an assumption that nobody has a number for, with the note as its reason."""
    if row["value"] or kind in (Kind.TEXT, Kind.FLAG):
        return parse_value(kind, row["value"])
    if mark is not Mark.ASSUMPTION or not row["note"]:
        raise ValueError("only an assumption (A) with a note may leave its value to the team")
    return Unknown(row["note"])


def _check_unit(kind: Kind, unit: str) -> None:
    if kind in (Kind.TEXT, Kind.FLAG):
        if unit not in ("", "1"):
            raise ValueError(f"a {kind.value} has no unit, found '{unit}'")
        return
    if not unit:
        raise ValueError("a number needs a unit (1 for none)")
    if kind is Kind.FRACTION and unit != "1":
        raise ValueError(f"a fraction has the unit 1, found '{unit}'")
    if problem := unit_fault(unit):
        raise ValueError(f"{problem}; {near_names(unit, UNIT_PARTS)}")


def _parse_source(row: Mapping[str, str]) -> Source:
    if not SOURCE_ID.fullmatch(row["id"]):
        raise ValueError("a source id is of capitals and a number, such as S01")
    if not row["title"].strip():
        raise ValueError("a source needs a title")
    return Source(**row)


def parse_rows(
    name: str, text: str, columns: tuple[str, ...], parse: Callable[[Mapping[str, str]], T]
) -> tuple[dict[str, T], list[Fault]]:
    """Read CSV rows by their id, and a fault for each row that does not fit.

    Parameters
    ----------
    name
        File name told in faults.
    text
        CSV text whose first line names the columns.
    columns
        The columns that must be there, in order, `id` among them.
    parse
        Makes one row's value; a `ValueError` becomes the row's fault.
    """
    reader = csv.DictReader(text.splitlines(), strict=True)
    if tuple(reader.fieldnames or ()) != columns:
        found = ",".join(reader.fieldnames or ())
        return {}, [Fault(file=name, line=1, problem=f"columns are {found}", expected=",".join(columns))]
    rows: dict[str, T] = {}
    faults = []
    for row in reader:
        key = str(row["id"])
        try:
            if None in row or None in row.values():
                raise ValueError(f"expected {len(columns)} columns")
            parsed = parse(row)
            if key in rows:
                raise ValueError("stands twice")
            rows[key] = parsed
        except ValueError as error:
            faults.append(Fault(file=name, line=reader.line_num, field=key, problem=str(error)))
    return rows, faults


def parse_table(name: str, text: str) -> dict[str, Entry]:
    """Read one table.

    Parameters
    ----------
    name
        File name told in faults.
    text
        CSV with the columns `COLUMNS`.

    Raises
    ------
    InputError
        With every faulty row.
    """
    rows, faults = parse_rows(name, text, COLUMNS, _parse_row)
    if faults:
        raise InputError(*faults)
    return rows


def parse_tables(tables: Mapping[str, str]) -> tuple[dict[str, Entry], dict[str, Source]]:
    """Read a folder of tables, ``sources.csv`` among them.

    Parameters
    ----------
    tables
        CSV text by file name.

    Returns
    -------
    tuple
        Entries and sources, each by id, in the order of the ids.

    Raises
    ------
    InputError
        With every faulty row of every table, every id that stands in two tables, every source that
        ``sources.csv`` does not tell, and every value that its formula does not give.
    """
    sources, faults = parse_rows("sources.csv", tables.get("sources.csv", ""), SOURCE_COLUMNS, _parse_source)
    merged: dict[str, Entry] = {}
    home: dict[str, str] = {}
    for name in sorted(set(tables) - {"sources.csv"}):
        rows, more = parse_rows(name, tables[name], COLUMNS, _parse_row)
        faults += more
        for key, entry in rows.items():
            if key in merged:
                faults.append(Fault(file=name, field=key, problem=f"stands in {home[key]} too"))
            for source in entry.source_ids:
                if source not in sources:
                    problem = f"source '{source}' is not in sources.csv"
                    faults.append(
                        Fault(file=name, field=key, problem=problem, mend=near_names(source, sources))
                    )
            merged[key] = entry
            home[key] = name
    faults += _formula_faults(merged, home)
    if faults:
        raise InputError(*faults)
    return dict(sorted(merged.items())), dict(sorted(sources.items()))


def _formula_faults(entries: Mapping[str, Entry], home: Mapping[str, str]) -> list[Fault]:
    found = [(key, formula_fault(entry, entries)) for key, entry in entries.items()]
    faults = [Fault(file=home[key], field=key, problem=problem) for key, problem in found if problem]
    if not faults:
        try:
            in_order(entries)
        except ValueError as error:
            faults.append(Fault(problem=str(error)))
    return faults


@functools.cache
def _package_tables() -> tuple[Mapping[str, Entry], Mapping[str, Source]]:
    folder = resources.files("separatrix.evidence") / "tables"
    texts = {p.name: p.read_text(encoding="utf-8") for p in folder.iterdir() if p.name.endswith(".csv")}
    entries, sources = parse_tables(texts)
    return MappingProxyType(entries), MappingProxyType(sources)


def all_entries() -> Mapping[str, Entry]:
    """Every entry of the package's tables, by id.

    Raises
    ------
    InputError
        If a table is faulty; every fault is told.
    """
    return _package_tables()[0]


def all_sources() -> Mapping[str, Source]:
    """Every source the tables name, by id."""
    return _package_tables()[1]
