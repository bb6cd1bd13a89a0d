"""A YAML file as plain data, with the line of every field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from separatrix.case import nodes
from separatrix.case.text import brief, decoded
from separatrix.core import Fault

Place = tuple[str | int, ...]
"""Keys and list indices from the top of the file down to a value."""

MAX_BYTES = 1_000_000
"""A case file is written by hand: what is larger is something else."""


def dotted(place: Place) -> str:
    """A place as people write it.

    Examples
    --------
    >>> dotted(("observations", 0, "vessel"))
    'observations[0].vessel'
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


@dataclass(frozen=True, slots=True)
class Document:
    """What a YAML file says, and where."""

    file: str
    """Its path as it was given, for messages."""
    data: dict[str, Any]
    """Mappings (all keys text), lists, and text, int, float, bool, date or None."""
    lines: Mapping[Place, int]
    """Line of each key and list item."""
    texts: Mapping[Place, str]
    """Plain (unquoted) values as they are written."""

    def line_of(self, place: Place) -> int | None:
        """Line of a place, or of the nearest written one around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place)

    def fault(self, place: Place, problem: str, *, expected: str = "", mend: str = "") -> Fault:
        """A fault at a place of this file."""
        return Fault(
            file=self.file,
            line=self.line_of(place),
            field=dotted(tuple(brief(part) if isinstance(part, str) else part for part in place)),
            problem=problem,
            expected=expected,
            mend=mend,
        )


def parse_document(raw: bytes, file: str, *, most_values: int = nodes.MAX_VALUES) -> Document:
    """Read YAML text.

    Parameters
    ----------
    raw
        The file's bytes.
    file
        Its path, for messages.
    most_values
        Keys and values that it may hold.

    Raises
    ------
    InputError
        If it is not UTF-8, not YAML, empty, no mapping, or uses what a case file has no need of.
    """
    top = nodes.build_nodes(decoded(raw, file), file, most_values=most_values)
    lines: dict[Place, int] = {}
    texts: dict[Place, str] = {}
    data = _flatten(top, (), lines, texts)
    return Document(file, data, lines, texts)


def _flatten(node: nodes.Node, place: Place, lines: dict[Place, int], texts: dict[Place, str]) -> Any:
    """Plain data of a node; notes the line and text of every place under it."""
    if isinstance(node, nodes.Mapping):
        data = {}
        for key, (line, item) in node.items.items():
            lines[*place, key] = line
            data[key] = _flatten(item, (*place, key), lines, texts)
        return data
    if isinstance(node, nodes.Sequence):
        for index, item in enumerate(node.items):
            lines[*place, index] = item.line
        return [_flatten(item, (*place, index), lines, texts) for index, item in enumerate(node.items)]
    if node.text is not None:
        texts[place] = node.text
    return node.value
