"""The JSON Schema of ``case.yaml``: what editors check while one types, and what messages expect."""

from __future__ import annotations

import functools
from typing import Any

from separatrix.case.document import Place
from separatrix.case.expected import Expectations
from separatrix.case.model import GATE_NAMES, IGNORE, PROTOCOL_NAMES, STRUCTURE_NAMES, CaseFile

SCHEMA_NAME = "case.schema.json"
"""File name of the schema: package data, and laid beside each new case file."""

_TITLES = {"CaseFile": "Case file of Separatrix", "TwinSpec": "One child", "Findings": "What was confirmed"}


def case_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of ``case.yaml``, made from the model.

    Dates are text here, as JSON has it; an editor reads an unquoted YAML date so too.
    """
    schema = CaseFile.model_json_schema()
    for part in [schema, *schema["$defs"].values()]:
        polish(part)
        part["title"] = _TITLES.get(part["title"], part["description"].split(".")[0].split(":")[0])
    top = schema["properties"]
    top["twins"] = _each_child(top["twins"])
    top["protocol"]["examples"] = list(PROTOCOL_NAMES)
    top["suitability"]["propertyNames"] = {"pattern": rf"^({'|'.join(GATE_NAMES)})(\.[AB])?$"}
    top["assumptions"]["additionalProperties"] = {
        "anyOf": [{"type": ["number", "string", "boolean"]}, top["assumptions"]["additionalProperties"]]
    }
    kinds = "|".join(STRUCTURE_NAMES)
    structures = schema["$defs"]["LabelSpec"]["properties"]["structures"]
    structures["additionalProperties"] = {
        "type": "string",
        "pattern": rf"^(({kinds})(@(A|B|shared))?|{IGNORE})$",
    }
    schema["$defs"]["Decision"]["properties"]["choice"] = _each_child(
        schema["$defs"]["Decision"]["properties"]["choice"]
    )
    schema["$defs"]["HandAnatomy"]["properties"]["defects_cm2"] = _each_child(
        schema["$defs"]["HandAnatomy"]["properties"]["defects_cm2"]
    )
    schema["oneOf"] = [{"required": ["born"]}, {"required": ["expected_birth"]}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def polish(part: dict[str, Any]) -> None:
    """Plain words for people: titles from keys, descriptions without markup, no `null` beside a type."""
    part["description"] = _plain(part.get("description", ""))
    for key, spec in part.get("properties", {}).items():
        spec["title"] = key.replace("_", " ")
        if "description" in spec:
            spec["description"] = _plain(spec["description"])
        options = [option for option in spec.get("anyOf", ()) if option.get("type") != "null"]
        if len(options) == 1:
            del spec["anyOf"]
            spec.update(options[0])
            if spec.get("default", "") is None:
                del spec["default"]


def _plain(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def _each_child(spec: dict[str, Any]) -> dict[str, Any]:
    """Spell out A and B, so that an editor offers them."""
    value = spec["additionalProperties"]
    rest = {k: v for k, v in spec.items() if k not in ("additionalProperties", "propertyNames")}
    return {**rest, "properties": {"A": value, "B": value}, "additionalProperties": False}


@functools.cache
def case_expectations() -> Expectations:
    """What may stand where in ``case.yaml``."""
    return Expectations(case_schema())


def spec_at(place: Place) -> dict[str, Any] | None:
    """The part of the schema that governs a place of the file; None where nothing may stand."""
    return case_expectations().spec_at(place)


def known_keys(place: Place) -> tuple[str, ...]:
    """Keys that may stand in the group at a place; none where the keys are the writer's own."""
    return case_expectations().known_keys(place)


def expectation(place: Place) -> str:
    """What may stand at a place, in words.

    Examples
    --------
    >>> expectation(("twins", "A", "haematocrit"))
    'a number above 0.05 and below 0.8'
    >>> expectation(("imaging", "images", "t1", "modality"))
    'MR or CT'
    """
    return case_expectations().expectation(place)
