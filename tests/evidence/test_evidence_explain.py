"""Telling where a number comes from, and finding what reads it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from separatrix.core import DataMissingError
from separatrix.evidence import EvidenceReader, Value, all_entries, explain, search_entries, with_overrides
from separatrix.evidence.explain import WIDTH
from separatrix.evidence.usage import Use, uses_of


@dataclasses.dataclass(frozen=True)
class Said:
    value: Value
    low: float | None = None
    high: float | None = None
    why: str = ""


@pytest.fixture
def reader() -> EvidenceReader:
    return EvidenceReader(all_entries())


def test_a_measured_number_is_told_with_its_source(reader: EvidenceReader) -> None:
    text = explain("haemodynamics.sagittal_sinus_flow.child", reader).to_text()
    for told in (
        "484 ml/min",
        "189 to 688",
        "M: measured in a study with a stated sample",
        "S102  Superior sagittal sinus flow in children",
        "(2000)",
        "https://www.ajnr.org/node/2362",
        "read: abstract; 35 healthy children",
        "derived   haemodynamics.sagittal_sinus_area.child",
    ):
        assert told in text


def test_a_derived_number_is_told_with_its_formula_apart_from_its_note(reader: EvidenceReader) -> None:
    found = explain("haemodynamics.sagittal_sinus_share.low", reader)
    assert found.formula == "haemodynamics.sagittal_sinus_flow.child / haemodynamics.cbf_total.child"
    assert found.inputs == ("haemodynamics.cbf_total.child", "haemodynamics.sagittal_sinus_flow.child")
    assert "note      Share of the brain's flow" in found.to_text()


def test_the_teams_value_is_told_beside_the_tables() -> None:
    key = "haemodynamics.sagittal_sinus_flow.child"
    reader = with_overrides(all_entries(), {key: Said(900.0, why="measured by Doppler")})
    found = explain(key, reader)
    text = found.to_text()
    assert "value     900 ml/min" in text
    assert "A: set by the team" in text
    assert "set by the team: measured by Doppler" in text
    assert "484 ml/min, range 189 to 688, mark M" in text
    assert "of table  S102" in text
    data = found.to_dict()
    assert (data["value"], data["original"]["value"]) == (900.0, 484.0)
    follower = explain("haemodynamics.sagittal_sinus_area.child", reader)
    assert f"follows the team's value of {key}" in follower.to_text().replace("\n            ", " ")
    assert follower.formula


def test_what_nobody_knows_is_told_so(reader: EvidenceReader) -> None:
    found = explain("complication.segment_clot", reader)
    assert "unknown: the team must set it" in found.to_text()
    assert "sources   none: this is the team's to set" in found.to_text()
    assert found.to_dict()["value"] is None


def test_an_unknown_id_is_told_with_near_names(reader: EvidenceReader) -> None:
    with pytest.raises(DataMissingError, match=r"did you mean 'complication\.vae_any'"):
        explain("complication.vae_ayn", reader)


def test_every_entry_is_explained_within_the_width_and_as_plain_data(reader: EvidenceReader) -> None:
    for key in all_entries():
        found = explain(key, reader)
        lines = found.to_text().splitlines()
        assert lines[0] == key
        wide = [line for line in lines if len(line) > WIDTH and "://" not in line]
        assert wide == [], key
        assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["id"] == key


def test_what_reads_an_entry_is_found_by_its_id_in_the_source(tmp_path: Path) -> None:
    package = tmp_path / "house"
    (package / "room").mkdir(parents=True)
    (package / "evidence").mkdir()
    (package / "protocols").mkdir()
    (package / "room" / "one.py").write_text('A = 1\nB = read("t.a")\nC = read("t.ab")\n', encoding="utf-8")
    (package / "room" / "__init__.py").write_text(
        'def f(e, x): return e.number(f"t.cost.{x}"), f"t.price.{x}"\n', encoding="utf-8"
    )
    (package / "evidence" / "own.py").write_text('A = "t.a"\n', encoding="utf-8")
    (package / "protocols" / "p.yaml").write_text("x:\n  hours: t.a  # and t.b\n", encoding="utf-8")
    assert uses_of("t.a", package) == (
        Use("house.room.one", 2, True),
        Use("protocols/p.yaml", 2, True),
    )
    assert uses_of("t.cost.brain", package) == (Use("house.room", 1, False),)
    assert uses_of("t.b", package) == (Use("protocols/p.yaml", 2, True),)
    assert uses_of("t.price.brain", package) == ()
    assert uses_of("t.none", package) == ()
    assert uses_of("other.cost.brain", package) == ()


def test_a_reader_in_the_program_is_told_with_its_line(reader: EvidenceReader) -> None:
    found = explain("anatomy.heads_apart.low", reader)
    assert "separatrix.body.anatomy.frames" in {use.place for use in found.uses}
    assert "read by   separatrix.body.anatomy.frames, line " in found.to_text()


def test_words_find_entries_in_any_case_and_order() -> None:
    ids = [entry.id for entry in search_entries("Sinus CHILD flow")]
    assert "haemodynamics.sagittal_sinus_flow.child" in ids
    assert ids == sorted(ids)
    assert [e.id for e in search_entries("segment clot")] == ["complication.segment_clot"]
    assert search_entries("no such words anywhere") == []
    assert len(search_entries("")) == len(all_entries())
    assert all("S102" in e.source_ids or "s102" in e.note.casefold() for e in search_entries("S102"))
