"""The JSON Schemas of the protocol and team files: what editors check, and what messages expect."""

from __future__ import annotations

import functools
from importlib import resources
from pathlib import Path
from typing import Any

from separatrix.case.expected import Expectations
from separatrix.case.schema import polish
from separatrix.core.storage import write_atomic
from separatrix.team.protocol.file import ProtocolFile
from separatrix.team.protocol.team_file import TeamFile
from separatrix.team.protocol.words import Part

PROTOCOL_SCHEMA_NAME = "protocol.schema.json"
"""File name of the schema of protocols: package data, and laid beside each new case."""

TEAM_SCHEMA_NAME = "team.schema.json"
"""File name of the schema of team files."""


def protocol_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a protocol file."""
    return _schema(ProtocolFile, "Protocol file of Separatrix")


def team_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a team file."""
    return _schema(TeamFile, "Team file of Separatrix")


def lay_schemas(folder: Path) -> None:
    """Lay both schemas into a case folder, for editors.

    Raises
    ------
    StorageError
        If the disk or a permission stands in the way of writing.
    """
    package = resources.files("separatrix.team.protocol")
    for name in (PROTOCOL_SCHEMA_NAME, TEAM_SCHEMA_NAME):
        write_atomic(folder / name, (package / name).read_bytes())


def _schema(model: type[Part], title: str) -> dict[str, Any]:
    schema = model.model_json_schema()
    for part in [schema, *schema["$defs"].values()]:
        polish(part)
        part["title"] = part["description"].split(".")[0].split(":")[0]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": title}


@functools.cache
def protocol_expectations() -> Expectations:
    """What may stand where in a protocol file."""
    return Expectations(protocol_schema())


@functools.cache
def team_expectations() -> Expectations:
    """What may stand where in a team file."""
    return Expectations(team_schema())
