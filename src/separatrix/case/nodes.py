"""YAML text to nodes with lines, safe against whatever the text holds.

YAML 1.1 turns ``no``, ``on`` and ``12:30`` into truth values and numbers, allows references that
grow to gigabytes, and recurses as deep as the text does. So the events of PyYAML's parser are read
here one by one, with budgets, and plain values are told by the narrower rules of YAML 1.2.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from separatrix.case.text import CONTROL, MAX_FAULTS_OF_LAYOUT, brief, control_fault
from separatrix.core import Fault, InputError

MAX_DEPTH = 16
"""Levels of nesting; the deepest field of a case file lies at five."""

MAX_VALUES = 10_000
"""Keys and values after all references are followed: stops texts that multiply themselves."""

_LOADER: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?((\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(slots=True)
class Node:
    """A value with its line; ``size`` counts all values in it, ``height`` the levels below it."""

    line: int
    value: Any = None
    text: str | None = None
    size: int = 1
    height: int = 0


@dataclass(slots=True)
class Mapping(Node):
    """Keys in order, each with its own line."""

    items: dict[str, tuple[int, Node]] = field(default_factory=dict)


@dataclass(slots=True)
class Sequence(Node):
    """Items in order."""

    items: list[Node] = field(default_factory=list)


def build_nodes(text: str, file: str, *, most_values: int = MAX_VALUES) -> Mapping:
    """The nodes of a YAML text with at most so many keys and values.

    Raises
    ------
    InputError
        If it is not YAML, empty, no mapping, or uses what a case file has no need of (tags, several
        documents, deep nesting, references that multiply).
    """
    return _Builder(text, file, most_values).build()


class _Builder:
    """Builds nodes from the parser's events, within budgets."""

    def __init__(self, text: str, file: str, most_values: int) -> None:
        self._file = file
        self._lines = text.split("\n")
        self._loader = _LOADER(text)
        self._anchors: dict[str, Node] = {}
        self._most_values = self._budget = most_values
        self._faults: list[Fault] = []

    def build(self) -> Mapping:
        try:
            top = self._document()
        except yaml.YAMLError as error:
            raise InputError(*self._faults, self._syntax_fault(error)) from None
        finally:
            self._loader.dispose()
        if self._faults:
            raise InputError(*self._faults[:MAX_FAULTS_OF_LAYOUT])
        return top

    def _document(self) -> Mapping:
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
        if isinstance(top, Mapping):
            return top
        if top.text is not None and top.value is None:
            raise self._stop(None, "the file says nothing", "lines such as `id: my-case`", _START_ONE)
        kind = "a list" if isinstance(top, Sequence) else "a single piece of text"
        raise self._stop(
            top.line, f"the file is {kind}", "keys with values, such as `id: my-case`", _START_ONE
        )

    def _next(self) -> Any:
        return self._loader.get_event()

    def _note(self, line: int, problem: str, expected: str, mend: str, *, field: str = "") -> None:
        self._faults.append(
            Fault(file=self._file, line=line, field=field, problem=problem, expected=expected, mend=mend)
        )

    def _stop(self, line: int | None, problem: str, expected: str, mend: str) -> InputError:
        fault = Fault(file=self._file, line=line, problem=problem, expected=expected, mend=mend)
        return InputError(*self._faults[:MAX_FAULTS_OF_LAYOUT], fault)

    def _spend(self, size: int, line: int) -> None:
        self._budget -= size
        if self._budget < 0:
            raise self._stop(
                line,
                f"the file holds more than {self._most_values} values once its references "
                "(`*name`) are followed",
                "a file written by hand",
                "write each value out where it is needed",
            )

    def _check_depth(self, depth: int, line: int) -> None:
        if depth > MAX_DEPTH:
            raise self._stop(
                line,
                f"values are nested more than {MAX_DEPTH} deep",
                "at most five levels",
                "look for brackets or spaces that were typed by mistake",
            )

    def _node(self, event: Any, depth: int) -> Node:
        line = _line(event)
        if isinstance(event, yaml.AliasEvent):
            return self._referred(str(event.anchor), depth, line)
        self._check_depth(depth, line)
        self._spend(1, line)
        if event.tag is not None:
            tag = brief(event.tag.replace("tag:yaml.org,2002:", "!!"))
            self._note(
                line,
                f"found the tag `{tag}`",
                "plain values without tags",
                "delete the word that begins with `!`",
            )
        node = self._content(event, depth, line)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _content(self, event: Any, depth: int, line: int) -> Node:
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(line, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            sequence = Sequence(line)
            while not isinstance(event := self._next(), yaml.SequenceEndEvent):
                sequence.items.append(self._node(event, depth + 1))
            sequence.size += sum(item.size for item in sequence.items)
            sequence.height = 1 + max((item.height for item in sequence.items), default=0)
            return sequence
        if found := CONTROL.search(event.value):
            self._faults.append(control_fault(self._file, line, found[0]))
        if event.style or not event.implicit[0]:
            return Node(line, event.value)
        return Node(line, plain_value(event.value), text=event.value)

    def _mapping(self, line: int, depth: int) -> Mapping:
        mapping = Mapping(line)
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key_line = _line(event)
            key = self._node(event, depth + 1)
            value = self._node(self._next(), depth + 1)
            mapping.size += key.size + value.size
            mapping.height = max(mapping.height, 1 + key.height, 1 + value.height)
            if isinstance(key, Mapping | Sequence):
                self._note(
                    key_line,
                    "a list or a group in brackets stands where a key should",
                    "a word, a colon and a value",
                    "put text that begins with `{` or `[` into quotes",
                )
                continue
            name = str(key.value) if key.text is None else key.text
            if name in mapping.items:
                problem = f"the key '{brief(name)}' stands twice, first in line {mapping.items[name][0]}"
                self._note(key_line, problem, "each key once", "delete one of the two", field=brief(name))
                continue
            mapping.items[name] = (key_line, value)
        return mapping

    def _referred(self, anchor: str, depth: int, line: int) -> Node:
        node = self._anchors.get(anchor)
        if node is None:
            raise self._stop(
                line,
                f"`*{anchor}` refers to nothing that stands before it",
                "values written out",
                f"write the value in place of `*{anchor}`, or put it into quotes if it is text",
            )
        self._spend(node.size, line)
        self._check_depth(depth + node.height, line)
        return node

    def _syntax_fault(self, error: yaml.YAMLError) -> Fault:
        begin, end = getattr(error, "context_mark", None), getattr(error, "problem_mark", None)
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
        # What was never closed is told where it was opened.
        mark = begin if begin and "not closed" in meaning else end or begin
        if end and "".join(self._lines[end.line : end.line + 1])[end.column :].startswith("\t"):
            mark, meaning, mend = end, "a tab stands where spaces should", "put two spaces for each tab"
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
        "a value begins with a sign that means something to YAML (such as @, % or `)",
        "put the value into quotes",
    ),
    (
        "unknown escape character",
        "a backslash in double quotes",
        "use single quotes, and / between folders",
    ),
    (
        "incompatible YAML document",
        "the line that begins with %YAML names another version",
        "delete that line",
    ),
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
