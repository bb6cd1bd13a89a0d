"""A schedule as files: ``schedule.json`` for programs, ``schedule.csv`` for spreadsheets, and back."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from pathlib import Path
from typing import Any

from separatrix.core import Fault, InputError
from separatrix.core.storage import read_json, to_json, write_atomic
from separatrix.team.choreography.model import Assignment, Occurrence, Schedule, ScheduledActivity

FORMAT = 1
"""Version of the file's layout."""

JSON_NAME, CSV_NAME = "schedule.json", "schedule.csv"

COLUMNS = ("person", "kind", "activity", "skill", "start_min", "end_min", "room", "patients")
"""Columns of the table, one row for each stretch of a person's day."""


def schedule_json(schedule: Schedule) -> dict[str, Any]:
    """The schedule as it is stored: times in minutes from wheels in."""
    return {
        "format": FORMAT,
        "status": schedule.status,
        "because": schedule.because,
        "bound": schedule.bound_min,
        "bound_because": schedule.bound_because,
        "separation_min": schedule.separation_min,
        "circulations_part_min": schedule.circulations_part_min,
        "end_min": schedule.end_min,
        "seed": schedule.seed,
        "activities": [asdict(a) | {"patients": list(a.patients)} for a in schedule.activities],
        "assignments": [
            {
                "person": a.person,
                "skill": a.skill,
                "kind": a.kind,
                "activity": a.activity,
                "start_min": a.start_min,
                "end_min": a.end_min,
            }
            for a in schedule.assignments
        ],
        "occurrences": [asdict(o) | {"people": list(o.people)} for o in schedule.occurrences],
        "facts": schedule.facts,
        "notes": list(schedule.notes),
    }


def write_schedule(schedule: Schedule, folder: Path) -> tuple[Path, Path]:
    """Write both files into a folder; the same schedule gives the same bytes.

    Raises
    ------
    StorageError
        If the folder cannot be written.
    """
    json_path, csv_path = folder / JSON_NAME, folder / CSV_NAME
    write_atomic(json_path, to_json(schedule_json(schedule)))
    write_atomic(csv_path, schedule_csv(schedule))
    return json_path, csv_path


def schedule_csv(schedule: Schedule) -> str:
    """One row for each stretch of a person's day, by start."""
    rooms = {a.id: a for a in schedule.activities}
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(COLUMNS)
    for a in schedule.assignments:
        where = rooms.get(a.activity) if a.kind == "activity" else None
        table.writerow(
            (
                a.person,
                a.kind,
                a.activity,
                a.skill,
                a.start_min,
                a.end_min,
                where.room if where else "",
                " ".join(where.patients) if where else "",
            )
        )
    return stream.getvalue()


def read_schedule(path: Path) -> Schedule:
    """Read ``schedule.json`` back.

    Raises
    ------
    StorageError
        If the file cannot be read or is not JSON.
    InputError
        If it is not a schedule; the message names the key.
    """
    data = read_json(path)
    try:
        return _schedule(data)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(
            Fault(
                file=str(path),
                problem=f"is not a schedule: {error!r}",
                expected=f"a file written as {JSON_NAME}, format {FORMAT}",
                mend="plan again with --force",
            )
        ) from error


def _schedule(data: dict[str, Any]) -> Schedule:
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']}")
    return Schedule(
        activities=tuple(
            ScheduledActivity(**(row | {"patients": tuple(row["patients"])})) for row in data["activities"]
        ),
        assignments=tuple(Assignment(**row) for row in data["assignments"]),
        occurrences=tuple(
            Occurrence(**(row | {"people": tuple(row["people"])})) for row in data["occurrences"]
        ),
        status=data["status"],
        bound_min=data["bound"],
        bound_because=data["bound_because"],
        separation_min=data["separation_min"],
        circulations_part_min=data["circulations_part_min"],
        end_min=data["end_min"],
        seed=data["seed"],
        because=data["because"],
        facts=data["facts"],
        notes=tuple(data["notes"]),
    )
