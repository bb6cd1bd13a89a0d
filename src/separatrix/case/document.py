"""YAML text to plain data with a line for every field, safe against whatever the text holds.

YAML 1.1 turns ``no``, ``on`` and ``12:30`` into truth values and numbers, allows references that
grow to gigabytes, and recurses as deep as the text does. So the events of PyYAML's parser are read
here one by one, with budgets, and plain values are told by the narrower rules of YAML 1.2.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from separatrix.core import Fault, InputError

Place = tuple[str | int, ...]
"""Keys and list indices from the top of the file down to a value."""

MAX_BYTES = 1_000_000
"""A case file is written by hand: what is larger is something else."""

MAX_DEPTH = 16
"""Levels of nesting; the deepest field of a case file lies at five."""

MAX_VALUES = 20_000
"""Keys and values after all references are followed: stops texts that multiply themselves."""

MAX_FAULTS_OF_LAYOUT = 20
"""Faults of layout told at once; a file with more is of another kind."""

_LOADER: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?((\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


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
            field=dotted(place),
            problem=problem,
            expected=expected,
            mend=mend,
        )


@dataclass(slots=True)
class _Node:
    """A value with its line; ``size`` counts all values in it."""

    line: int
    value: Any = None
    text: str | None = None
    size: int = 1


@dataclass(slots=True)
class _Mapping(_Node):
    items: dict[str, tuple[int, _Node]] = field(default_factory=dict)


@dataclass(slots=True)
class _Sequence(_Node):
    items: list[_Node] = field(default_factory=list)


def parse_document(raw: bytes, file: str) -> Document:
    """Read YAML text.

    Parameters
    ----------
    raw
        The file's bytes.
    file
        Its path, for messages.

    Raises
    ------
    InputError
        If it is not UTF-8, not YAML, empty, no mapping, or uses what a case file has no need of
        (tags, several documents, deep nesting, references that multiply).
    """
    text = _decoded(raw, file)
    faults = list(_tab_faults(text, file))
    if faults:
        raise InputError(*faults[:MAX_FAULTS_OF_LAYOUT])
    top = _Builder(text, file).build()
    lines: dict[Place, int] = {}
    texts: dict[Place, str] = {}
    data = _flatten(top, (), lines, texts)
    return Document(file, data, lines, texts)


def _decoded(raw: bytes, file: str) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(
            Fault(file=file, problem="the text is UTF-16", expected="UTF-8", mend="save it again as UTF-8")
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            Fault(
                file=file,
                line=raw.count(b"\n", 0, error.start) + 1,
                problem=f"byte {raw[error.start]:#04x} is not UTF-8 text",
                expected="text in UTF-8",
                mend="save it again as UTF-8; if it is a scan, it is no case file",
            )
        ) from None


def _tab_faults(text: str, file: str) -> Iterator[Fault]:
    for number, line in enumerate(text.split("\n"), start=1):
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        if "\t" in indent and line.strip() and not line.lstrip().startswith("#"):
            yield Fault(
                file=file,
                line=number,
                problem="the line begins with a tab",
                expected="spaces",
                mend="put two spaces for each tab",
            )


class _Builder:
    """Builds nodes from the parser's events, within budgets."""

    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._loader = _LOADER(text)
        self._anchors: dict[str, _Node] = {}
        self._budget = MAX_VALUES
        self._faults: list[Fault] = []

    def build(self) -> _Mapping:
        try:
            top = self._document()
        except yaml.YAMLError as error:
            raise InputError(*self._faults, self._syntax_fault(error)) from None
        finally:
            self._loader.dispose()
        if self._faults:
            raise InputError(*self._faults[:MAX_FAULTS_OF_LAYOUT])
        return top

    def _document(self) -> _Mapping:
        self._next()  # start of the stream
        if isinstance(self._next(), yaml.StreamEndEvent):
            raise self._stop(None, "the file says nothing", "lines such as `id: my-case`", _START_ONE)
        event = self._next()
        top = self._node(event, 0)
        self._next()  # end of the document
        if not isinstance(after := self._next(), yaml.StreamEndEvent):
            raise self._stop(
                _line(after), "a second document begins", "one document", "delete the line `---`"
            )
        if isinstance(top, _Mapping):
            return top
        if top.text is not None and top.value is None:
            raise self._stop(None, "the file says nothing", "lines such as `id: my-case`", _START_ONE)
        kind = "a list" if isinstance(top, _Sequence) else "a single piece of text"
        raise self._stop(
            top.line, f"the file is {kind}", "keys with values, such as `id: my-case`", _START_ONE
        )

    def _next(self) -> Any:
        return self._loader.get_event()

    def _stop(self, line: int | None, problem: str, expected: str, mend: str) -> InputError:
        fault = Fault(file=self._file, line=line, problem=problem, expected=expected, mend=mend)
        return InputError(*self._faults[:MAX_FAULTS_OF_LAYOUT], fault)

    def _spend(self, size: int, line: int) -> None:
        self._budget -= size
        if self._budget < 0:
            raise self._stop(
                line,
                f"the file holds more than {MAX_VALUES} values once its references (`*name`) are followed",
                "a file written by hand",
                "write each value out where it is needed",
            )

    def _node(self, event: Any, depth: int) -> _Node:
        line = _line(event)
        if depth > MAX_DEPTH:
            raise self._stop(
                line,
                f"values are nested more than {MAX_DEPTH} deep",
                "at most five levels",
                "look for brackets or spaces that were typed by mistake",
            )
        if isinstance(event, yaml.AliasEvent):
            return self._referred(str(event.anchor), line)
        self._spend(1, line)
        if event.tag is not None:
            self._faults.append(
                Fault(
                    file=self._file,
                    line=line,
                    problem=f"found the tag `{event.tag}`",
                    expected="plain values without tags",
                    mend="delete the word that begins with `!`",
                )
            )
        node = self._content(event, depth, line)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _content(self, event: Any, depth: int, line: int) -> _Node:
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(line, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            sequence = _Sequence(line)
            while not isinstance(event := self._next(), yaml.SequenceEndEvent):
                sequence.items.append(self._node(event, depth + 1))
            sequence.size += sum(item.size for item in sequence.items)
            return sequence
        if event.style or not event.implicit[0]:
            return _Node(line, event.value)
        return _Node(line, plain_value(event.value), text=event.value)

    def _mapping(self, line: int, depth: int) -> _Mapping:
        mapping = _Mapping(line)
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key_line = _line(event)
            key = self._node(event, depth + 1)
            value = self._node(self._next(), depth + 1)
            mapping.size += key.size + value.size
            if isinstance(key, _Mapping | _Sequence):
                self._faults.append(
                    Fault(
                        file=self._file,
                        line=key_line,
                        problem="a list or a group in brackets stands where a key should",
                        expected="a word, a colon and a value",
                        mend="put text that begins with `{` or `[` into quotes",
                    )
                )
                continue
            name = str(key.value) if key.text is None else key.text
            if name in mapping.items:
                self._faults.append(
                    Fault(
                        file=self._file,
                        line=key_line,
                        field=name,
                        problem=f"the key '{name}' stands twice, first in line {mapping.items[name][0]}",
                        expected="each key once",
                        mend="delete one of the two",
                    )
                )
                continue
            mapping.items[name] = (key_line, value)
        return mapping

    def _referred(self, anchor: str, line: int) -> _Node:
        node = self._anchors.get(anchor)
        if node is None:
            raise self._stop(
                line,
                f"`*{anchor}` refers to nothing that stands before it",
                "values written out",
                f"write the value in place of `*{anchor}`, or put it into quotes if it is text",
            )
        self._spend(node.size, line)
        return node

    def _syntax_fault(self, error: yaml.YAMLError) -> Fault:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        said = " ".join(
            str(part)
            for part in (getattr(error, "context", None), getattr(error, "problem", None))
            if part is not None
        )
        meaning, mend = next(
            ((m, d) for key, m, d in _SYNTAX if key in said or key in str(error)),
            (
                f"the text is not YAML ({said or str(error).splitlines()[0]})",
                "compare with the example in the guide",
            ),
        )
        return Fault(file=self._file, line=mark.line + 1 if mark else None, problem=meaning, mend=mend)


_START_ONE = "start with the file that `separatrix new` writes"

_SYNTAX = (
    (
        "mapping values are not allowed",
        "a second colon in one line, or a line indented under a value",
        "put text that holds a colon into quotes; give keys of one group the same indent",
    ),
    (
        "could not find expected ':'",
        "a key without its colon",
        "write `key: value`, with a space after the colon",
    ),
    ("tab", "a tab stands where spaces should", "put two spaces for each tab"),
    (
        "did not find expected ',' or",
        "a bracket `{` or `[` is not closed, or a comma is missing",
        "close it, and part its items by commas",
    ),
    ("unexpected end of stream", "a quote is not closed", "close it"),
    (
        "did not find expected",
        "the indent or a bracket does not fit the lines around it",
        "give keys of one group the same indent, and close every bracket",
    ),
    (
        "cannot start any token",
        "a value begins with a sign that means something to YAML (such as @, %, ` or a tab)",
        "put the value into quotes",
    ),
    (
        "unknown escape character",
        "a backslash in double quotes",
        "use single quotes, and / between folders",
    ),
    (
        "special characters are not allowed",
        "the text holds control characters",
        "save it as plain text",
    ),
    ("control characters are not allowed", "the text holds control characters", "save it as plain text"),
)
"""Words of the parser, what they mean, and how to mend it; the first that fits is told."""


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def plain_value(text: str) -> Any:
    """What an unquoted value means; what is not clearly a number, date or truth value is text.

    Examples
    --------
    >>> [plain_value(t) for t in ("on", "12:30", "010", "8.1", "true", ".nan")]
    ['on', '12:30', '010', 8.1, True, '.nan']
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if len(text) < 64 and _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    if _DATE.fullmatch(text):
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            return text  # no such day: the model's own check will say so
    return text


def _flatten(node: _Node, place: Place, lines: dict[Place, int], texts: dict[Place, str]) -> Any:
    """Plain data of a node; notes the line and text of every place under it."""
    if isinstance(node, _Mapping):
        data = {}
        for key, (line, item) in node.items.items():
            lines[*place, key] = line
            data[key] = _flatten(item, (*place, key), lines, texts)
        return data
    if isinstance(node, _Sequence):
        for index, item in enumerate(node.items):
            lines[*place, index] = item.line
        return [_flatten(item, (*place, index), lines, texts) for index, item in enumerate(node.items)]
    if node.text is not None:
        texts[place] = node.text
    return node.value
