"""The package's tables load whole, and a faulty table is told row by row."""

from __future__ import annotations

import pytest

from separatrix.core import InputError, Unknown
from separatrix.evidence import Kind, Mark, all_entries, all_sources
from separatrix.evidence.tables import COLUMNS, ENTRY_ID, SOURCE_COLUMNS, parse_table, parse_tables
from separatrix.evidence.units import plain_unit, unit_fault

HEAD = ",".join(COLUMNS) + "\n"
SOURCES = ",".join(SOURCE_COLUMNS) + "\nS1,A study,2001,,study,full,\n"


def _problems(error: InputError) -> dict[str, str]:
    return {fault.field: str(fault) for fault in error.faults}


def test_every_row_loads() -> None:
    assert len(all_entries()) > 900
    assert len(all_sources()) > 190


def test_every_id_is_topic_quantity_and_unlike_any_other_but_for_case() -> None:
    ids = list(all_entries())
    assert all(ENTRY_ID.fullmatch(key) for key in ids)
    assert len({key.casefold() for key in ids}) == len(ids)


def test_every_source_is_told_and_those_without_address_say_what_they_are() -> None:
    used = {s for entry in all_entries().values() for s in entry.source_ids}
    assert used <= set(all_sources())
    for source in all_sources().values():
        assert source.title
        assert source.kind
        assert source.url or source.note, f"{source.id} has neither address nor a word why"


def test_what_is_not_an_assumption_has_a_source() -> None:
    bare = [e.id for e in all_entries().values() if e.mark is not Mark.ASSUMPTION and not e.source_ids]
    assert bare == []


def test_only_assumptions_are_unknown_and_say_why() -> None:
    unknown = [e for e in all_entries().values() if isinstance(e.value, Unknown)]
    assert {"complication.segment_clot", "timing.susceptibility"} <= {e.id for e in unknown}
    assert all(e.mark is Mark.ASSUMPTION and str(e.value).startswith("unknown because") for e in unknown)


def test_no_note_is_long_enough_to_be_a_copied_passage() -> None:
    words = {e.id: len(e.note.split(";")[-1].split()) for e in all_entries().values()}
    assert max(words.values()) <= 45


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("a.x,numbr,1,,,1,A,,", "kind 'numbr' is none of number"),
        ("a.x,number,1,,,1,B,,", "mark 'B' is none of M"),
        ("a.x,number,one,,,1,A,,", "expected a finite number, found 'one'"),
        ("a.x,number,nan,,,1,A,,", "expected a finite number, found 'nan'"),
        ("a.x,number,1,inf,,1,A,,", "expected a finite number, found 'inf'"),
        ("a.x,number,,,,1,A,,", "may leave its value to the team"),
        ("a.x,number,,,,1,M,S1,nobody knows", "may leave its value to the team"),
        ("a.x,fraction,1.2,,,1,A,,", "a fraction from 0 to 1, found 1.2"),
        ("a.x,fraction,0.2,,1.5,1,A,,", "a fraction from 0 to 1, found 1.5"),
        ("a.x,count,2.5,,,1,A,,", "a whole number ≥ 0, found 2.5"),
        ("a.x,count,-1,,,1,A,,", "a whole number ≥ 0, found -1"),
        ("a.x,flag,yes,,,,A,,", "expected true or false, found 'yes'"),
        ("a.x,text,,,,,A,,", "expected words, found nothing"),
        ("a.x,text,so,1,2,,A,,", "only numbers have a range"),
        ("a.x,text,so,,,mm,A,,", "a text has no unit"),
        ("a.x,number,5,1,4,1,A,,", "value 5 lies outside 1 to 4"),
        ("a.x,number,5,6,,1,A,,", "value 5 lies outside 6 to open"),
        ("a.x,number,5,6,4,1,A,,", "low 6 is above high 4"),
        ("a.x,number,5,,,,A,,", "a number needs a unit"),
        ("a.x,number,5,,,mL,A,,", "unit part 'mL' is not known"),
        ("a.x,fraction,0.5,,,mm,A,,", "a fraction has the unit 1"),
        ("a.x,number,5,,,mm,M,,", "mark M needs a source"),
        ("a.x,number,5,,,mm,M,S9,", "source 'S9' is not in sources.csv"),
        ("ax,number,5,,,mm,A,,", "an id reads topic.quantity"),
        ("a.x y,number,5,,,mm,A,,", "an id reads topic.quantity"),
        ("a.x,number,5,,,mm,A,", "expected 9 columns"),
        ("a.x,number,5,,,mm,A,,note,more", "expected 9 columns"),
        ("a.x,number,5,,,mm,D,S1,= 2 + 2; sum", "its formula gives 4, the value is 5"),
        ("a.x,number,5,,,mm,D,S1,= a.y + 2; sum", "its formula names a.y, which no table holds"),
        ("a.x,number,5,,,mm,D,S1,= 2 +; sum", "cannot be read"),
        ("a.x,number,5,,,mm,D,S1,= 2 / 0; sum", "cannot be computed"),
        ("a.x,number,5,,,mm,D,S1,= open('x'); sum", "a formula cannot hold 'open('x')'"),
        ("a.x,number,5,,,mm,D,S1,= a.x; self", "in a circle"),
    ],
)
def test_a_row_that_does_not_fit_is_told(row: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_tables({"sources.csv": SOURCES, "a.csv": HEAD + row + "\n"})
    assert told in str(caught.value)


def test_all_faults_of_all_tables_are_told_at_once_with_their_places() -> None:
    tables = {
        "sources.csv": SOURCES + "s2,B,,,,,\nS1,A again,,,,,\n",
        "a.csv": HEAD + "a.x,number,1,,,mm,A,,\na.x,number,2,,,mm,A,,\na.y,number,x,,,mm,A,,\n",
        "b.csv": HEAD + "a.x,number,1,,,mm,A,,\nb.z,number,1,,,mm,M,S7,\n",
        "c.csv": "id,value\n",
    }
    with pytest.raises(InputError) as caught:
        parse_tables(tables)
    lines = str(caught.value).splitlines()
    assert len(lines) == 7
    for told in (
        "sources.csv:3 s2: a source id",
        "sources.csv:4 S1: stands twice",
        "a.csv:3 a.x: stands twice",
        "a.csv:4 a.y: expected a finite number",
        "b.csv a.x: stands in a.csv too",
        "b.csv b.z: source 'S7' is not in sources.csv. To mend: known names: S1",
        "c.csv:1: columns are id,value",
    ):
        assert any(line.startswith(told) for line in lines), told


def test_a_single_table_tells_every_faulty_row() -> None:
    with pytest.raises(InputError) as caught:
        parse_table("a.csv", HEAD + "a.x,count,1.5,,,1,A,,\na.y,number,1,,,1,A,,\na.z,flag,1,,,,A,,\n")
    assert set(_problems(caught.value)) == {"a.x", "a.z"}


def test_a_good_row_keeps_everything() -> None:
    row = "a.x,number,5,4,6.5,ml/100g/min,M,S1;S2,said so\n"
    entry = parse_table("a.csv", HEAD + row)["a.x"]
    assert (entry.kind, entry.value, entry.low, entry.high) == (Kind.NUMBER, 5.0, 4.0, 6.5)
    assert (entry.unit, entry.mark, entry.note) == ("ml/100g/min", Mark.MEASURED, "said so")
    assert entry.source_ids == ("S1", "S2")


def test_one_unit_is_written_one_way() -> None:
    entry = parse_table("a.csv", HEAD + "a.x,number,5,,,1/mm²,A,,\n")["a.x"]
    assert entry.unit == plain_unit("1/mm²") == "1/mm2"
    for unit in ("mm", "mmHg*min/ml", "mm^4", "1/week", "ml/kg", "Pa*s/m^3"):
        assert unit_fault(unit) == ""
    for unit in ("ML", "millimetre", "mm per s", "mm//s", ""):
        assert unit_fault(unit)
