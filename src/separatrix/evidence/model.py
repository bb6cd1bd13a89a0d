"""What a sourced number is: value, range, unit, mark of confidence, source."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from separatrix.core import Unknown

Value = float | int | str | bool


def plain(value: Value | Unknown) -> Value | None:
    """A value as plain data, ``None`` where it is unknown."""
    return None if isinstance(value, Unknown) else value


class Kind(enum.Enum):
    """What an entry's value may be; the loader rejects what does not fit."""

    NUMBER = "number"
    """Any finite number."""
    FRACTION = "fraction"
    """A number from 0 to 1."""
    COUNT = "count"
    """A whole number, 0 or more."""
    FLAG = "flag"
    """``true`` or ``false``."""
    TEXT = "text"
    """A rule or a name in words; no range."""


class Mark(enum.Enum):
    """How sure an entry is."""

    MEASURED = "M"
    REPORTED = "R"
    EXPERT = "E"
    DERIVED = "D"
    ASSUMPTION = "A"

    @property
    def meaning(self) -> str:
        """The mark in words."""
        return {
            "M": "measured in a study with a stated sample",
            "R": "reported from single cases",
            "E": "expert rule",
            "D": "derived from other values by a formula",
            "A": "assumption: the team must set it",
        }[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where numbers come from."""

    id: str
    title: str
    year: str
    url: str
    what_was_read: str
    """How much of it was seen: `full`, `abstract`, `opening`, `table`, …; empty where not noted."""
    kind: str = ""
    """What it is: a measurement study, a case report, news, …"""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One sourced number or rule."""

    id: str
    """``topic.quantity[.condition]``."""
    kind: Kind
    value: Value | Unknown
    """`Unknown` where nobody has published a number and the team has set none."""
    low: float | None
    high: float | None
    unit: str
    """A unit, or ``1`` for a plain number."""
    mark: Mark
    source_ids: tuple[str, ...]
    note: str
    overridden: str = ""
    """Why another value than the table's holds; empty where the table's value holds."""
    original: Entry | None = None
    """The table's own entry where the team set another value, so that both stay visible."""
