"""Write the JSON Schema of the case file into the package: run after each change of the model."""

from __future__ import annotations

from pathlib import Path

from separatrix.case import case_schema
from separatrix.case.schema import SCHEMA_NAME
from separatrix.core.storage import to_json

if __name__ == "__main__":
    target = Path(__file__).parents[1] / "src" / "separatrix" / "case" / SCHEMA_NAME
    target.write_text(to_json(case_schema()), encoding="utf-8")
