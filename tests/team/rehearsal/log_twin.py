"""A folder of logs made from known moments, in the format of the public logs."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

CASES = (
    "id,year,place,union_type,age_months,combined_weight_kg,staff,phases,planned_total_h,actual_total_h,"
    "source_url,notes"
)
PHASES = "case_id,order,phase_as_printed,phase_kind,start_clock,end_clock,duration_min,planned_min,source_url"
EVENTS = "case_id,clock,milestone,what,source_url"


def clock_text(minutes: float) -> str:
    """Minutes from midnight as the logs write them."""
    days, rest = divmod(round(minutes), 1440)
    text = f"{rest // 60:02d}:{rest % 60:02d}"
    return f"{text}+{days}" if days else text


def write_logs(
    folder: Path,
    cases: Sequence[Mapping[str, object]],
    *,
    phases: Sequence[Mapping[str, object]] = (),
    events: Sequence[Mapping[str, object]] = (),
) -> Path:
    """Write the three files; columns that a row lacks are blank."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, head, rows in (
        ("cases.csv", CASES, cases),
        ("phases.csv", PHASES, phases),
        ("events.csv", EVENTS, events),
    ):
        with (folder / name).open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, head.split(","), restval="")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def small_logs(folder: Path) -> Path:
    """One craniopagus operation of every kind of row, one of another union, and a transplant."""
    return write_logs(
        folder,
        [
            {
                "id": "XX02",
                "year": 2030,
                "place": "Nowhere",
                "union_type": "craniopagus",
                "planned_total_h": 20,
                "actual_total_h": 30,
                "notes": "plan_kind=point; invented",
            },
            {
                "id": "XX04",
                "union_type": "omphalopagus",
                "planned_total_h": 10,
                "actual_total_h": 9,
                "notes": "plan_kind=upper",
            },
            {"id": "XX06", "union_type": "not twins: face transplant", "actual_total_h": 24},
        ],
        phases=[
            {"case_id": "XX02", "order": 1, "phase_as_printed": "anaesthesia", "phase_kind": "induction",
             "start_clock": "07:00", "end_clock": "09:30", "planned_min": 120},
            {"case_id": "XX02", "order": 2, "phase_as_printed": "preparing", "phase_kind": "preparation",
             "start_clock": "09:40"},
            {"case_id": "XX02", "order": 3, "phase_as_printed": "opening", "phase_kind": "exposure",
             "start_clock": "10:20", "planned_min": 60},
            {"case_id": "XX02", "order": 4, "phase_as_printed": "veins", "phase_kind": "separation",
             "start_clock": "11:00", "end_clock": "18:00"},
            {"case_id": "XX02", "order": 5, "phase_as_printed": "brain", "phase_kind": "separation",
             "end_clock": "01:00+1"},
            {"case_id": "XX02", "order": 6, "phase_as_printed": "SUMMARY start to apart",
             "phase_kind": "other", "start_clock": "07:00", "end_clock": "01:00+1", "planned_min": 720},
        ],
        events=[
            {"case_id": "XX02", "clock": "07:00", "milestone": "in_room"},
            {"case_id": "XX02", "clock": "09:30", "milestone": "lines_done"},
            {"case_id": "XX02", "clock": "10:20", "milestone": "incision"},
            {"case_id": "XX02", "clock": "01:00+1", "milestone": "apart"},
            {"case_id": "XX02", "clock": "06:00+1", "milestone": "first_out"},
            {"case_id": "XX02", "clock": "13:00+1", "milestone": "end"},
            {"case_id": "XX04", "clock": "08:00", "milestone": "start"},
            {"case_id": "XX04", "clock": "13:24", "milestone": "apart"},
        ],
    )  # fmt: skip
