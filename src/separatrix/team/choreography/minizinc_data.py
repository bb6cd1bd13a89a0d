"""Data files of MiniZinc (``.dzn``), as far as scheduling instances use them.

Entries ``name = value;`` where a value is a whole number, true or false, a list ``[…]``, a table
``[| … | … |]``, a set ``{…}`` or a range ``a..b``; lists and tables may hold all but lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+|%[^\n]*)|(?P<word>[A-Za-z_]\w*)|(?P<number>-?\d+)(?![\w]|\.\d)"
    r"|(?P<sign>\.\.|\[\||\|\]|[\[\]{}|,;=])"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One named value of a data file."""

    value: Any
    """int, bool, frozenset of int, list, or list of lists (a table)."""
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    text: str
    line: int


class _Unreadable(Exception):
    """An entry that cannot be read; the rest of the file still can."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line, self.problem = line, problem


def parse_entries(text: str) -> tuple[dict[str, Entry], list[tuple[int, str]]]:
    """Entries of a data file by name, and what could not be read, as lines and problems.

    Examples
    --------
    >>> entries, problems = parse_entries("n = 2; d = [3, 4]; has = [{1, 2}, {}];")
    >>> entries["d"].value, sorted(entries["has"].value[0]), problems
    ([3, 4], [1, 2], [])
    >>> parse_entries("d = [3, 4;")[1]
    [(1, "';' where ',' belongs")]
    """
    entries: dict[str, Entry] = {}
    problems: list[tuple[int, str]] = []
    for tokens in _statements(text, problems):
        try:
            name, entry = _Statement(tokens).read()
        except _Unreadable as fault:
            problems.append((fault.line, fault.problem))
            continue
        if name in entries:
            problems.append((entry.line, f"{name} is given twice"))
        entries[name] = entry
    return entries, problems


def _statements(text: str, problems: list[tuple[int, str]]) -> Iterator[list[_Token]]:
    """Tokens up to and with each semicolon (the last one may lack it)."""
    at, line, tokens = 0, 1, list[_Token]()
    while at < len(text):
        match = _TOKEN.match(text, at)
        found = match.group() if match else text[at]
        if match is None:
            problems.append((line, f"unexpected sign {found!r}"))
        elif match.lastgroup != "space":
            tokens.append(_Token(text=found, line=line))
            if found == ";":
                yield tokens
                tokens = []
        line += found.count("\n")
        at += len(found)
    if tokens:
        yield [*tokens, _Token(text=";", line=line)]


class _Statement:
    """One ``name = value;``, read from left to right."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens, self._at = tokens, 0

    def read(self) -> tuple[str, Entry]:
        name = self._next()
        if not name.text[0].isalpha():
            raise _Unreadable(name.line, f"{name.text!r} where a name belongs")
        self._expect("=")
        value = self._value()
        self._expect(";")
        return name.text, Entry(value=value, line=name.line)

    def _value(self) -> Any:
        token = self._next()
        if token.text == "[":
            return self._items("]")
        if token.text == "[|":
            return self._table()
        if token.text == "{":
            return frozenset(self._items("}"))
        if token.text in ("true", "false"):
            return token.text == "true"
        if re.fullmatch(r"-?\d+", token.text):
            return self._number(int(token.text))
        raise _Unreadable(token.line, f"{token.text!r} where a value belongs")

    def _number(self, first: int) -> int | frozenset[int]:
        if self._peek().text != "..":
            return first
        self._next()
        last = self._next()
        if not re.fullmatch(r"-?\d+", last.text):
            raise _Unreadable(last.line, f"{last.text!r} where the end of a range belongs")
        return frozenset(range(first, int(last.text) + 1))

    def _items(self, closing: str) -> list[Any]:
        """Values parted by commas; one may stand after the last."""
        items: list[Any] = []
        while self._peek().text != closing:
            if self._peek().text == ";":
                raise _Unreadable(self._peek().line, f"';' where a value or {closing!r} belongs")
            items.append(self._value())
            if self._peek().text != closing:
                self._expect(",")
        self._next()
        return items

    def _table(self) -> list[list[Any]]:
        """Rows parted by bars; the last may end in a comma, as the instance library writes it."""
        rows: list[list[Any]] = [[]]
        while True:
            sign = self._peek()
            if sign.text == "|]":
                self._next()
                return [row for row in rows if row]
            if sign.text == "|":
                self._next()
                rows.append([])
            elif sign.text == ",":
                self._next()
            else:
                rows[-1].append(self._value())

    def _expect(self, sign: str) -> None:
        token = self._next()
        if token.text != sign:
            raise _Unreadable(token.line, f"{token.text!r} where {sign!r} belongs")

    def _peek(self) -> _Token:
        return self._tokens[min(self._at, len(self._tokens) - 1)]

    def _next(self) -> _Token:
        token = self._peek()
        self._at += 1
        return token
