"""The JSON Schema of ``case.yaml``: what editors check while one types, and what messages expect."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from separatrix.case.document import Place
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
        _polish(part)
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


def _polish(part: dict[str, Any]) -> None:
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
def _schema() -> dict[str, Any]:
    return case_schema()


def _resolved(spec: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in spec:
        return {
            **_schema()["$defs"][spec["$ref"].rsplit("/", 1)[1]],
            **{k: v for k, v in spec.items() if k != "$ref"},
        }
    return spec


def _options(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    spec = _resolved(spec)
    if "anyOf" in spec:
        for option in spec["anyOf"]:
            yield from _options(option)
    else:
        yield spec


def _step(spec: dict[str, Any], part: str | int) -> dict[str, Any] | None:
    for option in _options(spec):
        if isinstance(part, int):
            if "items" in option:
                return dict(option["items"])
        elif part in option.get("properties", {}):
            return dict(option["properties"][part])
        elif isinstance(option.get("additionalProperties"), dict):
            return dict(option["additionalProperties"])
    return None


def spec_at(place: Place) -> dict[str, Any] | None:
    """The part of the schema that governs a place of the file; None where nothing may stand."""
    spec: dict[str, Any] | None = _schema()
    for part in place:
        if spec is None:
            return None
        spec = _step(spec, part)
    return spec


def known_keys(place: Place) -> tuple[str, ...]:
    """Keys that may stand in the group at a place; none where the keys are the writer's own."""
    spec = spec_at(place)
    return tuple(
        key
        for option in _options(spec or {})
        for key in (*option.get("properties", {}), *option.get("propertyNames", {}).get("enum", ()))
    )


def expectation(place: Place) -> str:
    """What may stand at a place, in words.

    Examples
    --------
    >>> expectation(("twins", "A", "haematocrit"))
    'a number above 0.05 and below 0.8'
    >>> expectation(("imaging", "images", "t1", "modality"))
    'MR or CT'
    """
    spec = spec_at(place)
    if spec is None:
        return ""
    return " or ".join(dict.fromkeys(_words(option) for option in _options(spec)))


def _words(spec: dict[str, Any]) -> str:
    if "const" in spec:
        return str(spec["const"])
    if "enum" in spec:
        *most, last = (str(value) for value in spec["enum"])
        return f"{', '.join(most)} or {last}"
    kind = spec.get("type")
    if kind in ("number", "integer"):
        return ("a number" if kind == "number" else "a whole number") + _limits(spec)
    if spec.get("format") == "date":
        return "a date as year-month-day, such as 2026-02-14"
    if kind == "object":
        keys = list(spec.get("properties", {}))
        shown = ", ".join(keys[:6]) + (", …" if len(keys) > 6 else "")
        return f"a group with the keys {shown}" if keys else "a group of keys with values"
    return {"string": "text", "boolean": "true or false", "array": "a list"}.get(
        str(kind), "text or a number"
    )


def _limits(spec: dict[str, Any]) -> str:
    names = {"exclusiveMinimum": "above", "minimum": "from", "exclusiveMaximum": "below", "maximum": "to"}
    found = [f"{word} {spec[name]:g}" for name, word in names.items() if name in spec]
    text = " and ".join(found).replace(" and to ", " to ")
    return f" {text}" if text else ""
