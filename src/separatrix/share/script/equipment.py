"""Equipment by the hour: how much of each thing is in use, and how much there is."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass

from markupsafe import escape

from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol.model import Procedure

_CELL_MM, _ROW_MM, _LABEL_MM, _TOP_MM = 11.0, 7.0, 70.0, 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One thing over the hours."""

    name: str
    there_are: int
    most_by_hour: tuple[int, ...]
    """Most units in use at any moment of each hour from wheels in."""


def by_hour(procedure: Procedure, schedule: Schedule) -> tuple[Use, ...]:
    """The peak use of every kind of equipment in every hour, in the order of the protocol."""
    activities = {a.id: a for a in procedure.activities}
    hours = max(1, math.ceil(schedule.end_min / 60))
    found = []
    for name, count in procedure.equipment.items():
        change = [0] * (hours * 60 + 1)
        for item in schedule.activities:
            units = activities[item.id].equipment.get(name, 0) if item.id in activities else 0
            change[item.start_min] += units
            change[item.end_min] -= units
        level, levels = 0, []
        for step in change[:-1]:
            level += step
            levels.append(level)
        peaks = tuple(max(levels[60 * h : 60 * h + 60]) for h in range(hours))
        found.append(Use(name=name, there_are=count, most_by_hour=peaks))
    return tuple(found)


def to_csv(uses: tuple[Use, ...]) -> str:
    """Equipment by the hour as a table."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    hours = len(uses[0].most_by_hour) if uses else 0
    writer.writerow(["equipment", "there_are", *(f"hour_{h}" for h in range(hours))])
    writer.writerows([u.name, u.there_are, *u.most_by_hour] for u in uses)
    return text.getvalue()


def to_svg(uses: tuple[Use, ...], *, title: str, safety: str) -> str:
    """Equipment by the hour as a picture: the number in use, framed where nothing is left."""
    hours = len(uses[0].most_by_hour) if uses else 0
    wide = _LABEL_MM + hours * _CELL_MM + 10
    high = _TOP_MM + len(uses) * _ROW_MM + 14
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}mm" height="{high:.0f}mm" '
        f'viewBox="0 0 {wide:.0f} {high:.0f}" font-family="Dossier Sans, DejaVu Sans, Arial, sans-serif" '
        f'role="img" aria-label="{escape(title)}"><rect width="{wide:.0f}" height="{high:.0f}" fill="#fff"/>'
        f'<text x="6" y="9" font-size="5.5" font-weight="bold">{escape(title)}</text>'
    ]
    for h in range(hours):
        x = _LABEL_MM + (h + 0.5) * _CELL_MM
        parts.append(f'<text x="{x:.1f}" y="{_TOP_MM - 2}" font-size="3.4" text-anchor="middle">{h} h</text>')
    for number, use in enumerate(uses):
        y = _TOP_MM + number * _ROW_MM
        label = f"{use.name.replace('_', ' ')} ({use.there_are})"
        parts.append(f'<text x="6" y="{y + 5:.1f}" font-size="3.6">{escape(label)}</text>')
        parts += [
            _cell(_LABEL_MM + h * _CELL_MM, y, most, use.there_are) for h, most in enumerate(use.most_by_hour)
        ]
    parts.append(
        f'<text x="6" y="{high - 8:.1f}" font-size="3.2">Most units in use in each hour; in brackets how '
        f"many there are; thick frame: none left.</text>"
        f'<text x="6" y="{high - 3:.1f}" font-size="2.8" fill="#333">{escape(safety)}</text></svg>\n'
    )
    return "".join(parts)


def _cell(x: float, y: float, most: int, there_are: int) -> str:
    if most == 0:
        return ""
    share = most / max(there_are, 1)
    grey = round(235 - 120 * min(share, 1.0))
    full = most >= there_are
    frame = ' stroke="#1b1b1f" stroke-width="0.7"' if full else ""
    return (
        f'<rect x="{x + 0.4:.1f}" y="{y + 0.4:.1f}" width="{_CELL_MM - 0.8}" height="{_ROW_MM - 0.8}" '
        f'fill="#{grey:02x}{grey:02x}{grey:02x}"{frame}/>'
        f'<text x="{x + _CELL_MM / 2:.1f}" y="{y + 5:.1f}" font-size="3.8" text-anchor="middle">{most}</text>'
    )
