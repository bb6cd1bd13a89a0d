"""Which parts of the program read an entry, found in the program's own source."""

from __future__ import annotations

import ast
import functools
import re
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Use:
    """One place that names an entry."""

    place: str
    """Module, or path of a protocol inside the package."""
    line: int
    exact: bool
    """False where the id is put together from parts at run time, so that the place may read other ids."""


def uses_of(entry_id: str, package: Path = PACKAGE) -> tuple[Use, ...]:
    """Every place of the package that names an entry, evidence itself left out.

    Ids stand in the source as text; those put together where they are read (``number(f"topic.{name}")``) are
    found by their fixed parts and told as such. What a finished plan really read stands in its
    ``provenance.json``.
    """
    found = [
        Use(place, line, exact)
        for place, line, exact, pattern in _mentions(package)
        if pattern.fullmatch(entry_id)
    ]
    return tuple(sorted(set(found), key=lambda use: (not use.exact, use.place, use.line)))


@functools.cache
def _mentions(package: Path) -> tuple[tuple[str, int, bool, re.Pattern[str]], ...]:
    """Place, line, whether exact, and pattern of every text that may be an entry's id."""
    found: list[tuple[str, int, bool, re.Pattern[str]]] = []
    for file in sorted(package.rglob("*.py")):
        parts = file.relative_to(package).parts
        if parts[0] == "evidence":
            continue
        module = ".".join((package.name, *parts)).removesuffix(".py").removesuffix(".__init__")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            pattern = _pattern(node)
            if pattern is not None:
                found.append((module, getattr(node, "lineno", 0), isinstance(node, ast.Constant), pattern))
    for file in sorted(package.rglob("*.yaml")):
        place = file.relative_to(package).as_posix()
        for line, text in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            found += [(place, line, True, re.compile(re.escape(word))) for word in _ID.findall(text)]
    return tuple(found)


_ID = re.compile(r"[a-z][a-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)+")
_ANY = r"[A-Za-z0-9_.]+"
_READING = ("number", "count", "text", "flag", "entry")


def _pattern(node: ast.AST) -> re.Pattern[str] | None:
    """What a piece of source may name: an id in full, or one put together where it is read."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _ID.fullmatch(node.value):
        return re.compile(re.escape(node.value))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _READING:
        return _built(node.args[0]) if node.args else None
    return None


def _built(node: ast.expr) -> re.Pattern[str] | None:
    """Ids that an f-string may become, if it begins with a topic and a full stop."""
    if not isinstance(node, ast.JoinedStr):
        return None
    first = node.values[0]
    if not isinstance(first, ast.Constant) or not re.match(r"[a-z][a-z0-9_]*\.", str(first.value)):
        return None
    parts = [re.escape(str(v.value)) if isinstance(v, ast.Constant) else _ANY for v in node.values]
    return re.compile("".join(parts))
