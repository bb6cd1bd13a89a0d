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
    schema = case_schema()
    parts = schema.get("$defs", {})
    lines = [
        "# Case file",
        "",
        "`case.yaml` is the one file to be written by hand. Unknown keys are refused with near names.",
        "Exactly one of `born`, `expected_birth` is given. `separatrix new` lays the JSON Schema beside it.",
        "",
    ]
    lines += _fields("case.yaml", schema)
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
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_kind(f) for f in field["anyOf"] if f.get("type") != "null"))
    if field.get("type") == "array":
        return f"list of {_kind(field.get('items', {}))}"
    if field.get("type") == "object" and isinstance(field.get("additionalProperties"), dict):
        return f"map of {_kind(field['additionalProperties'])}"
    bounds = [f"{sign} {field[key]:g}" for key, sign in _BOUNDS.items() if key in field]
    kinds = field.get("type", "any")
    kind = " or ".join(kinds) if isinstance(kinds, list) else kinds
    return " ".join([str(field.get("format", kind)), *bounds])


_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def main(arguments: list[str]) -> int:
    stale = []
    for name, text in (("cli.md", cli_page()), ("case-file.md", case_page())):
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
