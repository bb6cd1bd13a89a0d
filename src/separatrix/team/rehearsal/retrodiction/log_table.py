"""Cells of a log's tables: text, numbers and clock times, each fault with its file, line and column."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from separatrix.core import Fault, InputError, near_names

_WHOLE = re.compile(r"[+-]?[0-9]{1,6}")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?:\+(\d{1,3}))?")
_LARGEST_FILE_BYTES = 50_000_000
"""A log is a few pages; a file beyond this is something else."""
_MOST_ROWS = 100_000
_MOST_FAULTS = 1_000
"""Told at once; who has more of them has another kind of file."""
_MOST = 100_000.0
"""Of any number: minutes of ten weeks."""
_LONGEST_SHOWN = 60


def shown(text: str) -> str:
    """A cell as a fault shows it: not longer than a line.

    Examples
    --------
    >>> shown("9" * 70)[58:]
    '99…'
    """
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def clock_min(text: str) -> int:
    """Minutes from midnight of the day of the operation.

    Raises
    ------
    ValueError
        If it is no clock time.

    Examples
    --------
    >>> clock_min("08:30"), clock_min("03:00+1")
    (510, 1620)
    """
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is no clock time")
    hours, minutes, days = found.groups()
    return int(days or 0) * 1440 + int(hours) * 60 + int(minutes)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file, and where its faults go."""

    file: str
    line: int
    cells: Mapping[str, str]
    faults: list[Fault]

    def fault(self, column: str, problem: str, *, expected: str = "", mend: str = "") -> None:
        """Note what is wrong with a cell."""
        self.faults.append(
            Fault(file=self.file, line=self.line, field=column, problem=problem, expected=expected, mend=mend)
        )
        if len(self.faults) >= _MOST_FAULTS:
            more = Fault(file=self.file, problem="and perhaps more: the rest was not looked at")
            raise InputError(*self.faults, more)

    def text(self, column: str, *, needed: bool = False) -> str:
        """What is written; empty where the cell is blank, which is a fault where it is needed."""
        found = self.cells.get(column, "")
        if needed and not found:
            self.fault(column, "nothing is there", expected="a value")
        return found

    def number(self, column: str, *, zero: bool = False) -> float | None:
        """A number above zero (or zero where it may be); None where the cell is blank."""
        text = self.text(column)
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 <= value <= _MOST or (value == 0 and not zero):
            self.fault(
                column,
                f"found '{shown(text)}'",
                expected=f"a number above 0 with a point, at most {_MOST:g}, or nothing",
            )
            return None
        return value

    def whole(self, column: str, *, needed: bool = False) -> int | None:
        """A whole number; None where the cell is blank."""
        text = self.text(column, needed=needed)
        if not text:
            return None
        if not _WHOLE.fullmatch(text):
            self.fault(column, f"found '{shown(text)}'", expected="a whole number of at most 6 digits")
            return None
        return int(text)

    def clock(self, column: str, *, needed: bool = False) -> int | None:
        """Minutes from midnight of the day of the operation; None where the cell is blank."""
        text = self.text(column, needed=needed)
        if not text:
            return None
        try:
            return clock_min(text)
        except ValueError:
            self.fault(
                column,
                f"found '{shown(text)}'",
                expected="HH:MM from 00:00 to 23:59, with +1 for the next day",
                mend="midnight is 00:00+1" if text.startswith("24") else "",
            )
            return None


def table_of(path: Path, columns: tuple[str, ...], faults: list[Fault]) -> list[Row]:
    """Rows of one file; where it cannot be read as a table, a fault and no rows."""

    def refuse(problem: str, *, line: int | None = None, expected: str = "", mend: str = "") -> list[Row]:
        faults.append(Fault(file=str(path), line=line, problem=problem, expected=expected, mend=mend))
        return []

    if not path.is_file():
        return refuse("no such file", mend="a log has three files; one without rows still has its header")
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            return refuse("far too large for a log", expected="at most 50 MB")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        return refuse(f"cannot be read ({error.strerror})")
    except UnicodeDecodeError:
        return refuse("is not UTF-8 text", mend="save it as CSV in UTF-8")
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        head = [name.strip() for name in next(reader, [])]
        twice = sorted({name for name in head if head.count(name) > 1 and name in columns})
        if twice:
            return refuse(
                "has the column " + ", ".join(twice) + " twice", line=1, mend="rename one of the two"
            )
        missing = [name for name in columns if name not in head]
        if missing:
            return refuse(
                "lacks the columns " + ", ".join(missing) if head else "is empty",
                line=1,
                expected=",".join(columns),
                mend=near_names(missing[0], head) if head else "",
            )
        rows: list[Row] = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(rows) == _MOST_ROWS:
                return refuse("far too long for a log", expected=f"at most {_MOST_ROWS} rows")
            if len(cells) != len(head):
                refuse(
                    f"{len(cells)} cells under {len(head)} columns",
                    line=reader.line_num,
                    mend="put a text with commas in double quotes",
                )
                continue
            stripped = {name: cell.strip() for name, cell in zip(head, cells, strict=True)}
            rows.append(Row(str(path), reader.line_num, stripped, faults))
        return rows
    except csv.Error as error:
        return refuse(f"is no CSV ({error})", line=reader.line_num)
