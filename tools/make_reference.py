"""Write the reference pages that are made from the program itself.

usage: make_reference.py [--check]     (--check: only tell whether they are current)
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from separatrix.case import case_schema
from separatrix.cli.app import app
from separatrix.team.protocol.schema import protocol_schema, team_schema

DOCS = Path(__file__).resolve().parents[1] / "docs" / "reference"


def cli_page() -> str:
    """Every command with its arguments, options and example."""
    root = typer.main.get_command(app)
    lines = [
        "# Command line",
        "",
        "Exit codes: 0 done, 1 our fault, 2 bad input, 3 plan infeasible (result written).",
        "",
    ]
    lines += _command(root, "separatrix", ())
    return "\n".join(lines).rstrip() + "\n"


def _command(command: Any, name: str, parents: tuple[str, ...]) -> list[str]:
    lines: list[str] = []
    children = getattr(command, "commands", {})
    if not children:
        text = " ".join((command.help or "").split())
        lines += [f"## {' '.join((*parents, name))}", "", text, ""]
        for parameter in command.params:
            if parameter.name == "help":
                continue
            shown = (
                ", ".join(f"`{o}`" for o in parameter.opts if o.startswith("-"))
                or f"`{parameter.metavar or parameter.name}`"
            )
            lines.append(f"- {shown}: {getattr(parameter, 'help', '')}")
        lines += ["", f"```\n{(command.epilog or '').removeprefix('Example: ')}\n```", ""]
    for child in sorted(children):
        lines += _command(children[child], child, (*parents, name))
    return lines


def case_page() -> str:
    """Every field of the case file, from its JSON Schema."""
    return _file_page(
        "Case file",
        "`case.yaml` is the one file to be written by hand. Unknown keys are refused with near names.\n"
        "Exactly one of `born`, `expected_birth` is given. `separatrix new` lays the JSON Schema beside it.",
        "case.yaml",
        case_schema(),
    )


def protocol_page() -> str:
    """Every field of a protocol file, from its JSON Schema."""
    return _file_page(
        "Protocol file",
        "What is done, by whom, where, on whom and after what. How the words work, with examples:\n"
        "[Write your own protocol](../how-to/own-protocol.md). Unknown keys are refused with near names.",
        "protocol.yaml",
        protocol_schema(),
    )


def team_page() -> str:
    """Every field of a team file, from its JSON Schema."""
    return _file_page(
        "Team file",
        "`team.yaml` in the case folder: your people, rooms, counts and rules over the protocol's.\n"
        "Hours count from wheels in; those of people who stand by, from the end of the operation.",
        "team.yaml",
        team_schema(),
    )


def _file_page(title: str, about: str, file: str, schema: dict[str, Any]) -> str:
    parts = schema.get("$defs", {})
    lines = [f"# {title}", "", about, ""]
    lines += _fields(file, schema)
    for name in sorted(parts):
        lines += _fields(name, parts[name])
    return "\n".join(lines).rstrip() + "\n"


def _fields(title: str, schema: dict[str, Any]) -> list[str]:
    if "properties" not in schema:
        return []
    first = (schema.get("description") or "").strip().split("\n")[0]
    lines = [f"## {title}", "", first, "", "| field | value | meaning |", "|---|---|---|"]
    needed = set(schema.get("required", ()))
    for name, field in schema["properties"].items():
        meaning = " ".join((field.get("description") or "").split())
        lines.append(f"| `{name}`{' (needed)' if name in needed else ''} | {_kind(field)} | {meaning} |")
    return [*lines, ""]


def _kind(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return f"[{field['$ref'].rsplit('/', 1)[1]}](#{field['$ref'].rsplit('/', 1)[1].lower()})"
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{v}`" for v in field["enum"])
    if "anyOf" in field or "oneOf" in field:
        options = field.get("anyOf") or field["oneOf"]
        return " or ".join(dict.fromkeys(_kind(f) for f in options if f.get("type") != "null"))
    if field.get("type") == "array":
        return f"list of {_kind(field.get('items', {}))}"
    if field.get("type") == "object" and isinstance(field.get("additionalProperties"), dict):
        return f"map of {_kind(field['additionalProperties'])}"
    if field.get("patternProperties"):
        return f"map of {_kind(next(iter(field['patternProperties'].values())))}"
    bounds = [f"{sign} {field[key]:g}" for key, sign in _BOUNDS.items() if key in field]
    kinds = field.get("type", "any")
    kind = " or ".join(kinds) if isinstance(kinds, list) else kinds
    return " ".join([str(field.get("format", kind)), *bounds])


_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def main(arguments: list[str]) -> int:
    stale = []
    for name, text in (
        ("cli.md", cli_page()),
        ("case-file.md", case_page()),
        ("protocol-file.md", protocol_page()),
        ("team-file.md", team_page()),
    ):
        path = DOCS / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in arguments:
                path.write_text(text, encoding="utf-8")
    what = "out of date" if "--check" in arguments else "written"
    print(f"reference pages {what}: {', '.join(stale) or 'none'}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
