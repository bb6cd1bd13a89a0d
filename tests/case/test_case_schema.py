"""The JSON Schema that editors read: current, valid, and of one mind with the reader."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import jsonschema
import pytest

from separatrix.case import case_schema
from separatrix.case.document import parse_document
from separatrix.case.schema import SCHEMA_NAME
from separatrix.core.storage import to_json


def _as_editor_reads(text: str) -> Any:
    """Plain JSON data, dates as text, as an editor's language server has it."""
    return json.loads(json.dumps(parse_document(text.encode(), "case.yaml").data, default=str))


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(
        case_schema(), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def test_stored_schema_is_that_of_the_model() -> None:
    stored = (resources.files("separatrix.case") / SCHEMA_NAME).read_text(encoding="utf-8")
    assert stored == to_json(case_schema()), "run tools/make_schema.py"


def test_schema_is_a_valid_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(case_schema())


def test_sound_case_and_new_case_fit_the_schema(
    validator: jsonschema.Draft202012Validator, sound_text: str
) -> None:
    validator.validate(_as_editor_reads(sound_text))
    starter = (resources.files("separatrix.case") / "starter.yaml").read_text(encoding="utf-8")
    validator.validate(_as_editor_reads(starter))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("weight_kg: 8.1", "weight_kg: 8100"),
        ("weight_kg: 8.1", "wieght_kg: 8.1"),
        ("modality: MR,", "modality: MRI,"),
        ("born: 2026-02-14", "born: 14.02.2026"),
        ("gestation_weeks: 36", "expected_birth: 2026-07-01"),  # both
        ("2: skull", "2: skul"),
        ("4: artery@A", "4: artery@C"),
        ("heart.A", "hart.A"),
        ("{A: wait, B: wait}", "{A: wait, C: wait}"),
        ("operations: auto", "operations: 4"),
        ("id: pair-7", "id: a b"),
        ("format: 1", "format: 2"),
    ],
)
def test_editor_marks_what_the_reader_refuses(
    right: str, wrong: str, validator: jsonschema.Draft202012Validator, sound_text: str
) -> None:
    assert not validator.is_valid(_as_editor_reads(sound_text.replace(right, wrong, 1)))


def test_short_and_long_assumptions_both_fit(
    validator: jsonschema.Draft202012Validator, sound_text: str
) -> None:
    for own in ("{a.b: 3}", "{a.b: true}", "{a.b: {value: 3, low: 2, high: 4, why: measured}}"):
        validator.validate(_as_editor_reads(sound_text.replace("assumptions: {}", f"assumptions: {own}")))


def _groups(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [schema, *schema["$defs"].values()]


def test_every_field_is_described_and_titled_for_people() -> None:
    for group in _groups(case_schema()):
        assert group["title"]
        assert group["description"]
        for key, field in group.get("properties", {}).items():
            assert field.get("description"), f"{group['title']}: {key}"
            assert field["title"] == key.replace("_", " ")
            assert "``" not in field["description"]
