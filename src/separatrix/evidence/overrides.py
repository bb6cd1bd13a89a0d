"""The team's own values on top of the tables, with the tables' values kept in sight."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Protocol

from separatrix.core import Fault, InputError, near_names
from separatrix.evidence.formula import evaluate, formula_of, in_order, inputs_of, number_of, words_of
from separatrix.evidence.model import Entry, Kind, Mark, Value
from separatrix.evidence.reader import EvidenceReader
from separatrix.evidence.tables import number_fault, range_fault

SET_BY_TEAM = "set by the team"


class TeamValue(Protocol):
    """What a team says of one entry; the case file's `Assumption` is one."""

    @property
    def value(self) -> Value: ...  # noqa: D102

    @property
    def low(self) -> float | None: ...  # noqa: D102

    @property
    def high(self) -> float | None: ...  # noqa: D102

    @property
    def why(self) -> str: ...  # noqa: D102


def with_overrides(
    entries: Mapping[str, Entry], overrides: Mapping[str, TeamValue], *, file: str = "case.yaml"
) -> EvidenceReader:
    """Evidence as a team sees it: the tables with the team's values in place of some.

    A team's value carries the mark A, keeps the table's entry as `Entry.original`, and has no source. Without
    a range of its own it keeps the table's range if it lies inside, else it has none. Entries whose formulas
    rest on a value of the team are computed again, and say so.

    Parameters
    ----------
    entries
        The tables' entries by id.
    overrides
        The team's values by entry id.
    file
        File told in faults.

    Raises
    ------
    InputError
        With every override that names no entry, is not of its entry's kind, or lies outside the table's range
        without a `why`.
    """
    merged = dict(entries)
    faults: list[Fault] = []
    for key, said in overrides.items():
        field = f"assumptions.{key}"
        if key not in entries:
            problem = "there is no such evidence entry"
            faults.append(Fault(file=file, field=field, problem=problem, mend=near_names(key, entries)))
            continue
        problem, expected, mend = _fault(entries[key], said)
        if problem:
            faults.append(Fault(file=file, field=field, problem=problem, expected=expected, mend=mend))
            continue
        merged[key] = _override(entries[key], said)
    if faults:
        raise InputError(*faults)
    changed = set(overrides)
    for key in in_order(entries):
        if key not in changed and changed.intersection(inputs_of(formula_of(entries[key]))):
            merged[key], problem = _followed(entries[key], merged, changed)
            if problem:
                faults.append(Fault(file=file, field="assumptions", problem=f"'{key}' follows: {problem}"))
            changed.add(key)
    if faults:
        raise InputError(*faults)
    return EvidenceReader(merged)


def _fault(entry: Entry, said: TeamValue) -> tuple[str, str, str]:
    """Problem, what was expected and how to mend it; three empty texts where the value fits."""
    if not _is_kind(entry.kind, said.value):
        return f"found {said.value!r}", f"a {entry.kind.value}" + _in_unit(entry), ""
    numbers = [
        n for n in (said.value, said.low, said.high) if not isinstance(n, (str, bool)) and n is not None
    ]
    for number in numbers:
        if problem := number_fault(entry.kind, number):
            return problem, "", ""
    if problem := range_fault(said.value, said.low, said.high):
        return problem, "", ""
    outside = range_fault(said.value, entry.low, entry.high)
    if outside and not said.why.strip():
        return f"{outside} {entry.unit}, the range of the evidence", "", "say why: {value: …, why: …}"
    return "", "", ""


def _is_kind(kind: Kind, value: Value) -> bool:
    if kind is Kind.FLAG:
        return isinstance(value, bool)
    if kind is Kind.TEXT:
        return isinstance(value, str) and bool(value.strip())
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _in_unit(entry: Entry) -> str:
    return f" in {entry.unit}" if entry.unit not in ("", "1") else ""


def _followed(entry: Entry, entries: Mapping[str, Entry], changed: set[str]) -> tuple[Entry, str]:
    """A derived entry computed again, and what is wrong with the new value."""
    expression = formula_of(entry)
    try:
        value = evaluate(expression, lambda key: number_of(entries[key]))
    except ValueError as error:
        return entry, str(error)
    if problem := number_fault(entry.kind, value):
        return entry, problem
    rests = ", ".join(key for key in inputs_of(expression) if key in changed)
    inside = not range_fault(value, entry.low, entry.high)
    followed = dataclasses.replace(
        entry,
        value=_as_kind(entry.kind, value),
        low=entry.low if inside else None,
        high=entry.high if inside else None,
        overridden=f"follows the team's value of {rests}",
        original=entry,
    )
    return followed, ""


def _as_kind(kind: Kind, value: Value) -> Value:
    if kind in (Kind.TEXT, Kind.FLAG):
        return value
    return int(value) if kind is Kind.COUNT else float(value)


def _override(entry: Entry, said: TeamValue) -> Entry:
    low, high = said.low, said.high
    if low is None and high is None and not range_fault(said.value, entry.low, entry.high):
        low, high = entry.low, entry.high
    why = said.why.strip()
    return dataclasses.replace(
        entry,
        value=_as_kind(entry.kind, said.value),
        low=low,
        high=high,
        mark=Mark.ASSUMPTION,
        source_ids=(),
        note=words_of(entry),
        overridden=f"{SET_BY_TEAM}: {why}" if why else SET_BY_TEAM,
        original=entry,
    )
