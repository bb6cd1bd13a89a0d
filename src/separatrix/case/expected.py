"""What may stand at a place of a file, read from its JSON Schema: for messages in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from separatrix.case.document import Place


class Expectations:
    """The schema of a file, asked place by place.

    Parameters
    ----------
    schema
        JSON Schema with its parts under ``$defs``.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = dict(schema)

    def spec_at(self, place: Place) -> dict[str, Any] | None:
        """The part of the schema that governs a place of the file; None where nothing may stand."""
        spec: dict[str, Any] | None = self._schema
        for part in place:
            if spec is None:
                return None
            spec = self._step(spec, part)
        return spec

    def known_keys(self, place: Place) -> tuple[str, ...]:
        """Keys that may stand in the group at a place; none where the keys are the writer's own."""
        return tuple(
            dict.fromkeys(
                key
                for option in self._options(self.spec_at(place) or {})
                for key in (*option.get("properties", {}), *option.get("propertyNames", {}).get("enum", ()))
            )
        )

    def expectation(self, place: Place) -> str:
        """What may stand at a place, in words."""
        spec = self.spec_at(place)
        if spec is None:
            return ""
        return " or ".join(dict.fromkeys(_words(option) for option in self._options(spec)))

    def _resolved(self, spec: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in spec:
            return {
                **self._schema["$defs"][spec["$ref"].rsplit("/", 1)[1]],
                **{k: v for k, v in spec.items() if k != "$ref"},
            }
        return spec

    def _options(self, spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
        spec = self._resolved(spec)
        choices = spec.get("anyOf") or (spec.get("oneOf") if "properties" not in spec else None)
        if choices:
            for option in choices:
                yield from self._options(option)
        else:
            yield spec

    def _step(self, spec: dict[str, Any], part: str | int) -> dict[str, Any] | None:
        for option in self._options(spec):
            if isinstance(part, int):
                if "items" in option:
                    return dict(option["items"])
            elif part in option.get("properties", {}):
                return dict(option["properties"][part])
            elif isinstance(option.get("additionalProperties"), dict):
                return dict(option["additionalProperties"])
            elif option.get("patternProperties"):
                return dict(next(iter(option["patternProperties"].values())))
        return None


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
