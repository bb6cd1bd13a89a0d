"""The division as stored data, and back."""

from __future__ import annotations

import csv
import io
from typing import Any

from separatrix.body.vessels.model import Division, DivisionStep
from separatrix.core import Twin

STEP_COLUMNS = (
    "order", "operation", "vessel", "action", "to", "calibre_mm", "drains", "worst_region_A", "rise_A_mmHg",
    "worst_region_B", "rise_B_mmHg", "watch",
)  # fmt: skip
"""Columns of the table of steps."""


def division_to_data(division: Division) -> dict[str, Any]:
    """Plain data of a division: what ``result.json`` of the station holds of it."""
    return {
        "title": division.title,
        "end_state": {part: dict(found) for part, found in division.end_state.items()},
        "division": [_step_to_data(s) for s in division.steps],
        "pressures": dict(division.pressures),
        "exchange": [dict(row) for row in division.exchange],
        "front": [dict(row) for row in division.front],
        "operations": [dict(row) for row in division.operations],
        "robustness": dict(division.robustness),
        "wishes": [dict(row) for row in division.wishes],
        "facts": dict(division.facts),
        "notes": list(division.notes),
        "assumptions": list(division.assumptions),
    }


def division_from_data(data: dict[str, Any]) -> Division:
    """Read what `division_to_data` gave.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is no division.
    """
    return Division(
        end_state=data["end_state"],
        steps=tuple(_step_from_data(row) for row in data["division"]),
        title=data["title"],
        front=tuple(data["front"]),
        exchange=tuple(data["exchange"]),
        pressures=data["pressures"],
        operations=tuple(data["operations"]),
        robustness=data["robustness"],
        wishes=tuple(data["wishes"]),
        notes=tuple(data["notes"]),
        assumptions=tuple(data["assumptions"]),
        facts=data["facts"],
    )


def _step_to_data(step: DivisionStep) -> dict[str, Any]:
    return {
        "vessel": step.vessel,
        "to": step.to.value,
        "action": step.action,
        "operation": step.operation,
        "order": step.order,
        "calibre_mm": step.calibre_mm,
        "drains": step.drains,
        "worst_region": {t.value: step.worst_region[t] for t in Twin},
        "rise_mmHg": {t.value: step.rise_mmHg[t] for t in Twin},
        "watch": step.watch,
    }


def _step_from_data(row: dict[str, Any]) -> DivisionStep:
    return DivisionStep(
        vessel=row["vessel"],
        to=Twin(row["to"]),
        action=row["action"],
        operation=row["operation"],
        order=row["order"],
        drains=row["drains"],
        calibre_mm=row["calibre_mm"],
        worst_region={t: row["worst_region"][t.value] for t in Twin},
        rise_mmHg={t: row["rise_mmHg"][t.value] for t in Twin},
        watch=row["watch"],
    )


def steps_table(division: Division) -> str:
    """The order as CSV text, one row for each vessel."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(STEP_COLUMNS)
    for s in division.steps:
        children: list[str] = []
        for twin in Twin:
            children += [s.worst_region[twin], f"{s.rise_mmHg[twin]:.2f}"]
        writer.writerow(
            [
                s.order,
                s.operation,
                s.vessel,
                s.action,
                s.to.value,
                f"{s.calibre_mm:.2f}",
                s.drains,
                *children,
                s.watch,
            ]
        )
    return stream.getvalue()
