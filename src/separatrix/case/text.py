"""The text of a case file before it is YAML: encoding, control characters, tabs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from separatrix.core import Fault, InputError

MAX_FAULTS_OF_LAYOUT = 20
"""Faults of layout told at once; a file with more is of another kind."""

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that no text holds, and that a terminal or a page would obey."""

_LONGEST_SHOWN = 60
"""Characters of a value or key that a message repeats."""


def brief(text: str) -> str:
    """Text as a message repeats it: one line, not too long, nothing a terminal would obey."""
    shown = "".join(c if c.isprintable() else " " for c in text[:_LONGEST_SHOWN])
    return shown + "…" if len(text) > _LONGEST_SHOWN else shown


def decoded(raw: bytes, file: str) -> str:
    """The text of a file.

    Raises
    ------
    InputError
        If it is not UTF-8, or holds control characters or tabs where only spaces may stand.
    """
    text = _utf8(raw, file)
    if found := CONTROL.search(text):
        raise InputError(control_fault(file, text.count("\n", 0, found.start()) + 1, found[0]))
    if faults := list(islice(_tab_faults(text, file), MAX_FAULTS_OF_LAYOUT)):
        raise InputError(*faults)
    return text


def _utf8(raw: bytes, file: str) -> str:
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


def control_fault(file: str, line: int, character: str) -> Fault:
    """A character that has no place in a text."""
    return Fault(
        file=file,
        line=line,
        problem=f"the text holds a control character (U+{ord(character):04X})",
        expected="plain text",
        mend="delete it; if the file is a scan or a document, it is no case file",
    )


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
