"""Logs of real operations from a folder: ``cases.csv``, ``phases.csv``, ``events.csv``.

Clock times are local, ``HH:MM`` on the day of the operation, ``HH:MM+1`` on the next day. A blank cell is
what nobody printed, never a zero. More columns than the known ones are left alone; a value that is there and
cannot be read is a fault, and all faults of a folder are told at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

from separatrix.core import Fault, InputError, near_names
from separatrix.team.rehearsal.retrodiction.log_table import Row, shown, table_of

Union = Literal["craniopagus", "other union", "not twins"]

PLAN_KINDS = ("point", "range", "upper", "derived")
"""``upper``: no more than was announced; ``derived``: told by its difference to what it took."""

MILESTONES = (
    "in_room",
    "start",
    "asleep_first",
    "lines_start",
    "lines_done",
    "prep_start",
    "prep_done",
    "incision",
    "step_start",
    "step_done",
    "reconstruction_start",
    "apart",
    "first_out",
    "end",
    "complication",
    "other",
)
"""What a dated moment may be."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "cases.csv": (
        "id",
        "year",
        "place",
        "union_type",
        "planned_total_h",
        "actual_total_h",
        "notes",
    ),
    "phases.csv": (
        "case_id",
        "order",
        "phase_as_printed",
        "phase_kind",
        "start_clock",
        "end_clock",
        "duration_min",
        "planned_min",
    ),
    "events.csv": ("case_id", "clock", "milestone", "what"),
}
"""Columns that are read from each file; others may stand beside them."""

_PLAN_KIND = re.compile(r"plan_kind\s*=\s*(\w+)")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCase:
    """One operation: what was planned, what it took."""

    id: str
    year: int | None
    place: str
    union_type: str
    """The anatomy in the words of whoever wrote the log."""
    planned_total_h: float | None
    actual_total_h: float | None
    notes: str
    plan_kind: str = ""
    """One of `PLAN_KINDS` as the notes have it, or another word; empty where they have none."""

    @property
    def union(self) -> Union:
        """Craniopagus, joined elsewhere, or another kind of operation."""
        words = self.union_type.lower()
        if "not twins" in words:
            return "not twins"
        joined_at_head = "craniopagus" in words or "joined at the head" in words
        return "craniopagus" if joined_at_head else "other union"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPhase:
    """One phase as printed, in minutes from midnight of the day of the operation."""

    order: int
    label: str
    kind: str
    start_min: int | None
    end_min: int | None
    duration_min: float | None
    """Printed, or from start to end where both are known."""
    planned_min: float | None
    not_before_min: int | None = None
    """Where its start is not printed: the end of the phase before."""
    no_later_than_min: int | None = None
    """Where its end is not printed: the start of the next phase."""

    @property
    def is_summary(self) -> bool:
        """It spans other rows, and counts in no sum."""
        return self.label.startswith("SUMMARY")

    @property
    def at_most_min(self) -> float | None:
        """How long it can have been at most, where only its neighbours tell."""
        start = self.not_before_min if self.start_min is None else self.start_min
        end = self.no_later_than_min if self.end_min is None else self.end_min
        if self.duration_min is not None or start is None or end is None or end < start:
            return None
        return float(end - start)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvent:
    """One dated moment, in minutes from midnight of the day of the operation."""

    clock_min: int
    milestone: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationLog:
    """One operation with its phases and its dated moments, in order."""

    case: LogCase
    phases: tuple[LogPhase, ...]
    events: tuple[LogEvent, ...]


def read_logs(folder: Path) -> tuple[OperationLog, ...]:
    """Read a folder of logs.

    Parameters
    ----------
    folder
        With ``cases.csv``, ``phases.csv`` and ``events.csv``, UTF-8.

    Returns
    -------
    tuple of OperationLog
        In the order of ``cases.csv``.

    Raises
    ------
    InputError
        With every fault of every file, its line and its column.
    """
    faults: list[Fault] = []
    if not folder.is_dir():
        raise InputError(
            Fault(file=str(folder), problem="no such folder", expected="a folder with " + ", ".join(COLUMNS))
        )
    tables = {name: table_of(folder / name, columns, faults) for name, columns in COLUMNS.items()}
    cases = [_case(row) for row in tables["cases.csv"]]
    for row in _repeated(tables["cases.csv"]):
        row.fault("id", f"'{shown(row.text('id'))}' is there twice", expected="one row a case")
    known = {case.id for case in cases} if not faults or cases else None
    phases = _by_case(tables["phases.csv"], _phase, known)
    events = _by_case(tables["events.csv"], _event, known)
    if faults:
        raise InputError(*faults)
    return tuple(
        OperationLog(
            case=case,
            phases=_bounded(sorted(phases.get(case.id, []), key=lambda phase: phase.order)),
            events=tuple(sorted(events.get(case.id, []), key=lambda event: event.clock_min)),
        )
        for case in cases
    )


def _repeated(rows: list[Row]) -> list[Row]:
    seen: set[str] = set()
    again = []
    for row in rows:
        name = row.text("id")
        if name and name in seen:
            again.append(row)
        seen.add(name)
    return again


def _case(row: Row) -> LogCase:
    return LogCase(
        id=row.text("id", needed=True),
        year=row.whole("year"),
        place=row.text("place"),
        union_type=row.text("union_type", needed=True),
        planned_total_h=row.number("planned_total_h"),
        actual_total_h=row.number("actual_total_h"),
        notes=row.text("notes"),
        plan_kind=kind[1] if (kind := _PLAN_KIND.search(row.text("notes"))) else "",
    )


def _phase(row: Row) -> LogPhase:
    start, end = row.clock("start_clock"), row.clock("end_clock")
    duration = row.number("duration_min", zero=True)
    if start is not None and end is not None:
        if end < start:
            row.fault(
                "end_clock",
                f"{row.text('end_clock')} is before the start, {row.text('start_clock')}",
                mend="write +1 behind a time of the next day",
            )
        elif duration is None:
            duration = float(end - start)
    return LogPhase(
        order=row.whole("order", needed=True) or 0,
        label=row.text("phase_as_printed", needed=True),
        kind=row.text("phase_kind"),
        start_min=start,
        end_min=end,
        duration_min=duration,
        planned_min=row.number("planned_min"),
    )


def _event(row: Row) -> LogEvent:
    milestone = row.text("milestone", needed=True)
    if milestone and milestone not in MILESTONES:
        row.fault("milestone", f"found '{shown(milestone)}'", mend=near_names(shown(milestone), MILESTONES))
    return LogEvent(
        clock_min=row.clock("clock", needed=True) or 0, milestone=milestone, what=row.text("what")
    )


def _by_case(rows: list[Row], make: Callable[[Row], T], known: set[str] | None) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for row in rows:
        case = row.text("case_id", needed=True)
        if case and known is not None and case not in known:
            row.fault("case_id", f"no case '{shown(case)}' in cases.csv", mend=near_names(shown(case), known))
        found.setdefault(case, []).append(make(row))
    return found


def _bounded(phases: list[LogPhase]) -> tuple[LogPhase, ...]:
    """Blank ends bounded by the next start, blank starts by the end before; parallel rows share a start."""
    made = []
    for k, phase in enumerate(phases):
        if phase.is_summary:
            made.append(phase)
            continue
        later = (
            other.start_min
            for other in phases[k + 1 :]
            if not other.is_summary and other.start_min is not None and other.start_min != phase.start_min
        )
        before = (other.end_min for other in phases[:k][::-1] if not other.is_summary)
        made.append(
            replace(
                phase,
                not_before_min=next(before, None) if phase.start_min is None else None,
                no_later_than_min=next(later, None) if phase.end_min is None else None,
            )
        )
    return tuple(made)
