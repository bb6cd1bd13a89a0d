"""A case's own values for evidence entries: applied, or told with their line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from separatrix.case import Case, evidence_for
from separatrix.core import InputError
from separatrix.evidence import Kind, all_entries

HEAD = "format: 1\nid: x\nborn: 2026-02-14\nassumptions:\n"


def _an_entry(kind: Kind) -> str:
    return next(e.id for e in all_entries().values() if e.kind is kind and e.low is not None)


def test_own_value_stands_on_top_of_the_table(read: Callable[[str], Case]) -> None:
    entry = all_entries()[_an_entry(Kind.NUMBER)]
    reader = evidence_for(read(HEAD + f"  {entry.id}: {{value: {entry.high}, why: measured by us}}\n"))
    assert reader.number(entry.id) == entry.high
    assert "measured by us" in reader.entry(entry.id).overridden
    untouched = next(e for e in all_entries().values() if e.id != entry.id)
    assert reader.entry(untouched.id).value == untouched.value


def test_all_faulty_assumptions_are_told_with_their_lines(read: Callable[[str], Case]) -> None:
    number = _an_entry(Kind.NUMBER)
    mistyped = number[:-1] + "_"
    case = read(HEAD + f"  {mistyped}: 3\n  # a comment\n  {number}: many\n")
    with pytest.raises(InputError) as error:
        evidence_for(case)
    unknown, wrong = error.value.faults
    assert (unknown.field, unknown.line) == (f"assumptions.{mistyped}", 5)
    assert f"'{number}'" in unknown.mend
    assert (wrong.field, wrong.line) == (f"assumptions.{number}", 7)
    assert "many" in wrong.problem
    assert unknown.file.endswith("case.yaml")
