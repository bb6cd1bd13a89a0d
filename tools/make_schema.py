"""Write the JSON Schemas of the files that teams write into the package: run after each change of a model."""

from __future__ import annotations

from pathlib import Path

from separatrix.case import case_schema
from separatrix.case.schema import SCHEMA_NAME
from separatrix.core.storage import to_json
from separatrix.team.protocol.schema import (
    PROTOCOL_SCHEMA_NAME,
    TEAM_SCHEMA_NAME,
    protocol_schema,
    team_schema,
)

PACKAGE = Path(__file__).parents[1] / "src" / "separatrix"

if __name__ == "__main__":
    for place, schema in (
        (PACKAGE / "case" / SCHEMA_NAME, case_schema()),
        (PACKAGE / "team" / "protocol" / PROTOCOL_SCHEMA_NAME, protocol_schema()),
        (PACKAGE / "team" / "protocol" / TEAM_SCHEMA_NAME, team_schema()),
    ):
        place.write_text(to_json(schema), encoding="utf-8")
