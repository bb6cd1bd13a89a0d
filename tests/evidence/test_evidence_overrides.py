"""The team's own values: what is accepted, what is refused, and that the table's value stays in sight."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from separatrix.core import DataMissingError, InputError, Unknown
from separatrix.evidence import Entry, EvidenceReader, Kind, Mark, Value, all_entries, with_overrides
from separatrix.evidence.tables import COLUMNS, parse_table

TABLE = parse_table(
    "t.csv",
    ",".join(COLUMNS)
    + """
t.number,number,5,4,6,mm,M,S1,a length
t.free,number,5,,,mm,R,S1,no range
t.share,fraction,0.5,,,1,M,S1,
t.count,count,3,1,9,1,A,,
t.flag,flag,true,,,,E,S1,
t.text,text,words,,,,E,S1,
t.unknown,fraction,,,,1,A,,nobody looked
t.twice,number,10,,,mm,D,S1,= 2 * t.number; doubled
t.area,number,25,20,30,mm2,D,S1,= t.twice * t.number / 2; of both
t.aside,number,6,,,1,D,S1,= 2 * t.count; not of the length
""",
)


@dataclasses.dataclass(frozen=True)
class Said:
    value: Value
    low: float | None = None
    high: float | None = None
    why: str = ""


def _entry(key: str, said: Said) -> Entry:
    return with_overrides(TABLE, {key: said}).entry(key)


def _refused(key: str, said: Said) -> str:
    with pytest.raises(InputError) as caught:
        with_overrides(TABLE, {key: said})
    return str(caught.value)


@settings(deadline=None)
@given(st.floats(4, 6))
def test_a_value_inside_the_range_is_taken_and_marked_as_the_teams(value: float) -> None:
    entry = _entry("t.number", Said(value))
    assert (entry.value, entry.low, entry.high) == (value, 4, 6)
    assert (entry.mark, entry.overridden, entry.source_ids) == (Mark.ASSUMPTION, "set by the team", ())
    assert entry.original is TABLE["t.number"]


@settings(deadline=None)
@given(st.floats(-1e6, 1e6).filter(lambda x: not 4 <= x <= 6))
def test_a_value_outside_the_range_needs_a_reason(value: float) -> None:
    told = _refused("t.number", Said(value))
    assert "outside 4 to 6 mm" in told
    assert "say why" in told
    entry = _entry("t.number", Said(value, why="seen on the scan"))
    assert (entry.value, entry.low, entry.high) == (value, None, None)
    assert entry.overridden == "set by the team: seen on the scan"


def test_a_range_of_the_team_replaces_the_tables() -> None:
    entry = _entry("t.number", Said(7, 6.5, 8, "seen"))
    assert (entry.value, entry.low, entry.high) == (7, 6.5, 8)
    assert "low 9 is above high 8" in _refused("t.number", Said(5, 9, 8))
    assert "lies outside 5.5 to 8" in _refused("t.number", Said(5, 5.5, 8))


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("t.number", "5", "found '5'; expected a number in mm"),
        ("t.number", True, "found True; expected a number in mm"),
        ("t.free", float("nan"), "finite"),
        ("t.free", float("inf"), "finite"),
        ("t.share", 1.5, "a fraction from 0 to 1, found 1.5"),
        ("t.share", -0.1, "a fraction from 0 to 1"),
        ("t.count", 2.5, "a whole number ≥ 0, found 2.5"),
        ("t.flag", 1, "found 1; expected a flag"),
        ("t.flag", "true", "found 'true'; expected a flag"),
        ("t.text", 3, "found 3; expected a text"),
        ("t.text", "  ", "expected a text"),
    ],
)
def test_a_value_of_another_kind_is_refused(key: str, value: Value, told: str) -> None:
    answer = _refused(key, Said(value, why="we say so"))
    assert answer.startswith(f"case.yaml assumptions.{key}: ")
    assert told in answer


def test_a_range_of_a_fraction_stays_a_fraction_and_words_have_none() -> None:
    assert "found 1.5" in _refused("t.share", Said(0.9, 0.5, 1.5))
    assert "only numbers have a range" in _refused("t.text", Said("more", 1, 2))


def test_an_unknown_id_is_told_with_near_names_and_all_faults_come_at_once() -> None:
    with pytest.raises(InputError) as caught:
        with_overrides(
            TABLE, {"t.numbre": Said(5), "t.count": Said(0.5), "t.text": Said(1), "t.free": Said(6)}
        )
    assert [fault.field for fault in caught.value.faults] == [
        "assumptions.t.numbre",
        "assumptions.t.count",
        "assumptions.t.text",
    ]
    assert "did you mean 't.number'" in str(caught.value)


@pytest.mark.parametrize(("key", "value"), [("t.flag", False), ("t.text", "other words"), ("t.count", 4)])
def test_flags_words_and_counts_can_be_set(key: str, value: Value) -> None:
    entry = _entry(key, Said(value))
    assert entry.value == value
    assert type(entry.value) is type(value)


def test_a_whole_number_for_a_count_is_a_whole_number_and_for_a_length_is_not() -> None:
    assert type(_entry("t.count", Said(4.0)).value) is int
    assert type(_entry("t.number", Said(5)).value) is float


def test_what_nobody_knows_can_be_set_and_is_refused_until_then() -> None:
    with pytest.raises(DataMissingError, match=r"unknown because nobody looked.*set it under `assumptions:`"):
        EvidenceReader(TABLE).number("t.unknown")
    reader = with_overrides(TABLE, {"t.unknown": Said(0.2)})
    assert reader.number("t.unknown") == 0.2
    original = reader.entry("t.unknown").original
    assert original is not None
    assert isinstance(original.value, Unknown)


def test_derived_values_follow_the_team_through_every_step() -> None:
    reader = with_overrides(TABLE, {"t.number": Said(6)})
    assert (reader.number("t.twice"), reader.number("t.area")) == (12, 36)
    twice, area = reader.entry("t.twice"), reader.entry("t.area")
    assert twice.overridden == "follows the team's value of t.number"
    assert area.overridden == "follows the team's value of t.number, t.twice"
    assert (area.low, area.high) == (None, None), "36 lies outside 20 to 30"
    assert twice.mark is Mark.DERIVED
    assert twice.original is TABLE["t.twice"]
    assert reader.entry("t.aside") is TABLE["t.aside"]


def test_a_derived_value_set_by_the_team_does_not_follow() -> None:
    reader = with_overrides(TABLE, {"t.number": Said(6), "t.twice": Said(11)})
    assert (reader.number("t.twice"), reader.number("t.area")) == (11, 33)
    assert reader.entry("t.twice").overridden == "set by the team"
    assert reader.entry("t.twice").note == "doubled"


def test_a_derived_value_that_cannot_follow_is_told() -> None:
    share = parse_table(
        "s.csv", ",".join(COLUMNS) + "\ns.a,number,2,,,1,A,,\ns.b,fraction,0.5,,,1,D,S1,= 1 / s.a; inverse\n"
    )
    with pytest.raises(InputError, match=r"'s\.b' follows: expected a fraction from 0 to 1, found 2"):
        with_overrides(share, {"s.a": Said(0.5)})
    with pytest.raises(InputError, match=r"'s\.b' follows: formula .* cannot be computed"):
        with_overrides(share, {"s.a": Said(0)})


def test_no_override_leaves_every_entry_as_it_stands() -> None:
    reader = with_overrides(TABLE, {})
    assert all(reader.entry(key) is TABLE[key] for key in TABLE)


@settings(deadline=None)
@given(st.data())
def test_every_entry_of_the_package_takes_its_own_value(data: st.DataObject) -> None:
    entry = all_entries()[data.draw(st.sampled_from(sorted(all_entries())))]
    said = Said(0.5 if isinstance(entry.value, Unknown) else entry.value)
    if entry.kind is Kind.COUNT and isinstance(entry.value, Unknown):
        said = Said(1)
    reader = with_overrides(all_entries(), {entry.id: said})
    taken = reader.entry(entry.id)
    assert (taken.value, taken.low, taken.high) == (said.value, entry.low, entry.high)
    assert taken.mark is Mark.ASSUMPTION
    assert taken.original is entry


def test_the_record_of_what_was_read_holds_the_teams_values() -> None:
    reader = with_overrides(TABLE, {"t.number": Said(4.5)})
    assert reader.flag("t.flag")
    reader.number("t.number")
    assert [entry.id for entry in reader.used] == ["t.flag", "t.number"]
    assert reader.used_values() == {"t.flag": [True, None, None], "t.number": [4.5, 4, 6]}
    assert reader.values_of(["t.unknown", "t.none"]) == {"t.none": [], "t.unknown": [None, None, None]}
    assert reader.fork().used == ()


def test_reading_the_wrong_way_is_told() -> None:
    reader = EvidenceReader(TABLE)
    with pytest.raises(DataMissingError, match=r"'t\.text' is a text, not a number"):
        reader.number("t.text")
    with pytest.raises(DataMissingError, match=r"'t\.number' is a number, not a flag"):
        reader.flag("t.number")
    with pytest.raises(DataMissingError, match=r"no evidence entry 't\.nmber'.*did you mean 't\.number'"):
        reader.number("t.nmber")
    assert (reader.count("t.count"), reader.text("t.text")) == (3, "words")
