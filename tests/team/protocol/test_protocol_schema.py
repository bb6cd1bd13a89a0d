"""The JSON Schemas that editors read: current, valid, and of one mind with the reader."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from separatrix.case.document import parse_document
from separatrix.case.model import PROTOCOL_NAMES
from separatrix.core.storage import to_json
from separatrix.team.protocol.read import MAX_VALUES
from separatrix.team.protocol.schema import (
    PROTOCOL_SCHEMA_NAME,
    TEAM_SCHEMA_NAME,
    lay_schemas,
    protocol_schema,
    team_schema,
)

PACKAGE = resources.files("separatrix.team.protocol")


def _as_editor_reads(text: str) -> Any:
    data = parse_document(text.encode(), "protocol.yaml", most_values=MAX_VALUES).data
    return json.loads(json.dumps(data, default=str))


@pytest.mark.parametrize(
    ("name", "schema"), [(PROTOCOL_SCHEMA_NAME, protocol_schema()), (TEAM_SCHEMA_NAME, team_schema())]
)
def test_stored_schema_is_that_of_the_model(name: str, schema: dict[str, Any], tmp_path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    assert (PACKAGE / name).read_text(encoding="utf-8") == to_json(schema), "run tools/make_schema.py"
    lay_schemas(tmp_path)
    assert (tmp_path / name).read_text(encoding="utf-8") == to_json(schema)


def test_sound_files_fit_the_schemas(sound_text: str, sound_team_text: str) -> None:
    protocol, team = _as_editor_reads(sound_text), _as_editor_reads(sound_team_text)
    assert list(jsonschema.Draft202012Validator(protocol_schema()).iter_errors(protocol)) == []
    assert list(jsonschema.Draft202012Validator(team_schema()).iter_errors(team)) == []


@pytest.mark.parametrize("name", PROTOCOL_NAMES)
def test_own_protocols_fit_the_schema(name: str) -> None:
    text = (PACKAGE / "protocols" / f"{name}.yaml").read_text(encoding="utf-8")
    assert list(jsonschema.Draft202012Validator(protocol_schema()).iter_errors(_as_editor_reads(text))) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("lag_min: 20", "lag: 20"),
        ("count: 2, level: 2", "count: 0, level: 2"),
        ("operations: first", "operations: frist"),
        ("marks: [milestone]", "marks: [milestne]"),
        ("patients: [A, B]", "patients: [A, C]"),
        ("mode_min: 45", "mode_min: long"),
    ],
)
def test_what_the_reader_refuses_the_schema_refuses(right: str, wrong: str, sound_text: str) -> None:
    assert right in sound_text
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(protocol_schema()).validate(
            _as_editor_reads(sound_text.replace(right, wrong, 1))
        )
