"""Bars on a time axis as SVG: drawn in millimetres for an A3 sheet, to be read from a wall.

Colour is never alone: A is purple with ●, B orange with ◆, both are striped and carry both signs; a break is
hatched, a handover black, cover pale, a critical step has a thick frame.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import escape

from separatrix.core import Twin
from separatrix.share.script.rows import Bar, BarKind, Row
from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol.inputs import Patient

A3_WIDTH_MM = 420.0
_MARGIN_MM = 8.0
_AXIS_MM = 26.0
_FOOT_MM = 16.0
_HEADING_MM = 5.6
_LEAST_ROW_MM, _MOST_ROW_MM = 4.4, 9.0
_SHEET_MM = 297.0
_ROWS_MM = _SHEET_MM - 2 * _MARGIN_MM - _AXIS_MM - _FOOT_MM
"""Height that an A3 sheet has for rows."""
_LETTER_WIDTH = 0.6
"""Mean width of a letter over its height: what fits a bar."""
_HOUR_MM = 8.0
"""An hour so wide has its own number on the axis."""
_MOTHER = "#2f6f8f"
_INK, _LINE, _PALE = "#1b1b1f", "#c9c6bf", "#f4f2ee"
MOTHER_MARK = "▲"
_BOTH, _BOTH_PALE = "both", "both-pale"
"""Looks of what is done on both children: a purple edge above, an orange one below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What to draw."""

    title: str
    rows: Sequence[Row]
    schedule: Schedule
    safety: str
    begins: dt.datetime | None = None
    """Clock of wheels in, where a day is fixed."""
    label_mm: float = 62.0
    """Width of the names in front of the rows."""
    wide_mm: float = A3_WIDTH_MM
    most_row_mm: float = _MOST_ROW_MM
    """Rows grow up to this where there are few."""


def mark_of(patient: Patient | None) -> str:
    """A patient's shape."""
    return "" if patient is None else MOTHER_MARK if patient == "mother" else Twin(patient).mark


def colour_of(patient: Patient) -> str:
    """A patient's colour."""
    return _MOTHER if patient == "mother" else Twin(patient).colour


def to_svg(chart: Chart) -> str:
    """Draw a chart. The same chart gives the same bytes."""
    return _Drawing(chart).svg()


def in_sheets(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows for one A3 sheet after the other; a group that goes on says so."""
    sheets: list[list[Row]] = [[]]
    used, group = 0.0, ""
    for row in rows:
        high = row.lanes * _LEAST_ROW_MM + (_HEADING_MM if row.heading else 0)
        if used + high > _ROWS_MM and sheets[-1]:
            sheets.append([])
            used = 0.0
            if not row.heading and group:
                row = replace(row, heading=f"{group} (continued)")
                high += _HEADING_MM
        group = row.heading.removesuffix(" (continued)") or group
        sheets[-1].append(row)
        used += high
    return [sheet for sheet in sheets if sheet]


class _Drawing:
    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.left = _MARGIN_MM + chart.label_mm
        self.right = chart.wide_mm - _MARGIN_MM
        ends = [b.end_min for row in chart.rows for b in row.bars]
        self.end_min = max([chart.schedule.end_min, *ends, 60])
        lanes = sum(row.lanes for row in chart.rows)
        headings = sum(bool(row.heading) for row in chart.rows)
        room = _ROWS_MM - headings * _HEADING_MM
        self.lane_mm = min(chart.most_row_mm, max(_LEAST_ROW_MM, room / max(lanes, 1)))
        self.top = _MARGIN_MM + _AXIS_MM
        self.height = self.top + headings * _HEADING_MM + lanes * self.lane_mm + _FOOT_MM + _MARGIN_MM

    def x(self, minute: float) -> float:
        return self.left + (self.right - self.left) * minute / self.end_min

    def svg(self) -> str:
        wide, high = self.chart.wide_mm, self.height
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}mm" height="{high:.1f}mm" '
            f'viewBox="0 0 {wide:.0f} {high:.1f}" font-family="Dossier Sans, DejaVu Sans, Arial, sans-serif" '
            f'role="img" aria-label="{escape(self.chart.title)}">',
            _PATTERNS,
            f'<rect width="{wide:.0f}" height="{high:.1f}" fill="#ffffff"/>',
            f'<text x="{_MARGIN_MM}" y="{_MARGIN_MM + 5:.1f}" font-size="6" font-weight="bold">'
            f"{escape(self.chart.title)}</text>",
        ]
        bottom = high - _FOOT_MM - _MARGIN_MM
        parts += self._axis(bottom)
        y = self.top
        for number, row in enumerate(self.chart.rows):
            if row.heading:
                parts.append(
                    f'<text x="{_MARGIN_MM}" y="{y + _HEADING_MM - 1.4:.2f}" font-size="3.6" '
                    f'font-weight="bold">{escape(row.heading)}</text>'
                    f'<line x1="{_MARGIN_MM}" x2="{self.right:.2f}" y1="{y + _HEADING_MM - 0.4:.2f}" '
                    f'y2="{y + _HEADING_MM - 0.4:.2f}" stroke="{_INK}" stroke-width="0.3"/>'
                )
                y += _HEADING_MM
            parts += self._row(row, y, shaded=number % 2 == 1)
            y += row.lanes * self.lane_mm
        parts += self._moments(bottom)
        parts += self._foot(bottom)
        return "".join([*parts, "</svg>\n"])

    def _axis(self, bottom: float) -> list[str]:
        parts = []
        hours = math.ceil(self.end_min / 60)
        every = 1 if (self.right - self.left) / max(hours, 1) >= _HOUR_MM else 2
        for hour in range(0, hours + 1, every):
            at = self.x(hour * 60)
            if at > self.right + 0.01:
                break
            parts.append(
                f'<line x1="{at:.2f}" x2="{at:.2f}" y1="{self.top - 2:.1f}" y2="{bottom:.1f}" '
                f'stroke="{_LINE}" stroke-width="0.25"/>'
                f'<text x="{at:.2f}" y="{self.top - 3:.1f}" font-size="3.4" '
                f'text-anchor="middle">{hour} h</text>'
            )
            if self.chart.begins is not None:
                clock = (self.chart.begins + dt.timedelta(hours=hour)).strftime("%H:%M")
                parts.append(
                    f'<text x="{at:.2f}" y="{self.top - 7.4:.1f}" font-size="3" text-anchor="middle" '
                    f'fill="#444">{clock}</text>'
                )
        return parts

    def _row(self, row: Row, y: float, *, shaded: bool) -> list[str]:
        high = row.lanes * self.lane_mm
        size = min(3.4, self.lane_mm * 0.62)
        parts = []
        if shaded:
            parts.append(
                f'<rect x="{_MARGIN_MM}" y="{y:.2f}" width="{self.right - _MARGIN_MM:.2f}" '
                f'height="{high:.2f}" fill="{_PALE}"/>'
            )
        label = f"{mark_of(row.team)} {row.label}".strip()
        fill = colour_of(row.team) if row.team == "A" else _INK
        parts.append(
            f'<text x="{_MARGIN_MM + 1:.1f}" y="{y + high / 2 + size * 0.36:.2f}" font-size="{size:.2f}" '
            f'fill="{fill}">{escape(fitted(label, self.chart.label_mm - 2, size))}</text>'
        )
        # Cover lies under what else a person does; breaks and handovers lie on top.
        depth = {"cover": 0, "activity": 1, "handover": 2, "break": 3}
        for bar in sorted(row.bars, key=lambda b: (depth[b.kind], b.start_min)):
            parts.append(self._bar(bar, y + bar.lane * self.lane_mm))
        return parts

    def _bar(self, bar: Bar, y: float) -> str:
        x0, x1 = self.x(bar.start_min), self.x(bar.end_min)
        wide, top, high = max(x1 - x0, 0.4), y + 0.4, self.lane_mm - 0.8
        if bar.kind == "handover":
            top, high = y + self.lane_mm * 0.75, self.lane_mm * 0.25 - 0.4
        fill, ink = look_of(bar.patients, bar.kind)
        frame = f'stroke="{_INK}" stroke-width="{0.7 if bar.critical else 0.2}"'
        title = f"<title>{escape(bar.text)}: {clock_text(bar.start_min)} to {clock_text(bar.end_min)}</title>"
        size = min(3.2, self.lane_mm * 0.58)
        words = fitted(_signed(bar), wide - 0.8, size) if bar.kind != "handover" else ""
        text = ""
        if words:
            text = (
                f'<text x="{x0 + 0.6:.2f}" y="{top + high / 2 + size * 0.36:.2f}" font-size="{size:.2f}" '
                f'fill="{ink}">{escape(words)}</text>'
            )
        return f"<g>{title}{bar_box(x0, top, wide, high, fill, frame)}{text}</g>"

    def _moments(self, bottom: float) -> list[str]:
        schedule, parts = self.chart.schedule, []
        part, two = schedule.circulations_part_min, schedule.separation_min
        # The earlier one is written to the left of its line, the later one to the right.
        first_parts = part is not None and (two is None or part <= two)
        moments = [(part, "circulations part", "1.6 1.2", "end" if first_parts else "start")]
        moments.append((two, "two children", "", "start" if first_parts else "end"))
        for minute, words, dash, anchor in moments:
            if minute is None:
                continue
            at = self.x(minute)
            dashed = f' stroke-dasharray="{dash}"' if dash else ""
            parts.append(
                f'<line x1="{at:.2f}" x2="{at:.2f}" y1="{self.top - 11:.1f}" y2="{bottom:.1f}" '
                f'stroke="#8a1f11" stroke-width="0.8"{dashed}/>'
                f'<text x="{at:.2f}" y="{self.top - 11.6:.1f}" font-size="3.8" font-weight="bold" '
                f'text-anchor="{anchor}" fill="#8a1f11">{escape(words)} · {clock_text(minute)}</text>'
            )
        return parts

    def _foot(self, bottom: float) -> list[str]:
        y = bottom + 6
        x = _MARGIN_MM
        parts = []
        for fill, words, frame in _LEGEND:
            edge = f'stroke="{_INK}" stroke-width="{frame}"'
            parts.append(
                f'{bar_box(x, y - 3, 8, 4, fill, edge)}<text x="{x + 9.5:.1f}" y="{y + 0.2:.1f}" '
                f'font-size="3.2">{words}</text>'
            )
            x += 13 + len(words) * 3.2 * _LETTER_WIDTH
        parts.append(
            f'<text x="{_MARGIN_MM}" y="{y + 6:.1f}" font-size="2.8" fill="#333">'
            f"{escape(self.chart.safety)}</text>"
        )
        return parts


def clock_text(minute: float) -> str:
    """Minutes from wheels in as hours and minutes.

    Examples
    --------
    >>> clock_text(605), clock_text(605.4)
    ('10 h 05', '10 h 05')
    >>> clock_text(float("inf"))
    'never'
    """
    if math.isinf(minute):
        return "never"
    whole = round(minute)
    return f"{whole // 60} h {whole % 60:02d}"


def bar_box(x: float, y: float, wide: float, high: float, fill: str, frame: str) -> str:
    """A bar's body in a fill that `look_of` gave; edges in both colours where it is of both children."""
    place = f'x="{x:.2f}" width="{wide:.2f}"'
    if fill not in (_BOTH, _BOTH_PALE):
        return f'<rect {place} y="{y:.2f}" height="{high:.2f}" fill="{fill}" {frame}/>'
    edge = high * 0.2
    middle = "#ffffff" if fill == _BOTH else "#ecebe7"
    return (
        f'<rect {place} y="{y:.2f}" height="{high:.2f}" fill="{middle}"/>'
        f'<rect {place} y="{y:.2f}" height="{edge:.2f}" fill="{colour_of("A")}"/>'
        f'<rect {place} y="{y + high - edge:.2f}" height="{edge:.2f}" fill="{colour_of("B")}"/>'
        f'<rect {place} y="{y:.2f}" height="{high:.2f}" fill="none" {frame}/>'
    )


def _signed(bar: Bar) -> str:
    if bar.kind == "break":
        return "break"
    return " ".join(["".join(mark_of(p) for p in bar.patients), bar.text]).strip()


def look_of(patients: Sequence[Patient], kind: BarKind = "activity") -> tuple[str, str]:
    """Fill and ink of a bar, by whom it is done on."""
    if kind == "break":
        return "url(#break)", _INK
    if kind == "handover":
        return _INK, "#ffffff"
    who = set(patients)
    pale = kind == "cover"
    if {"A", "B"} <= who:
        return (_BOTH_PALE if pale else _BOTH), _INK
    if "A" in who:
        return ("#e6d8ee", _INK) if pale else (colour_of("A"), "#ffffff")
    if "B" in who:
        return ("#fbe3c8", _INK) if pale else (colour_of("B"), _INK)
    if "mother" in who:
        return ("#d7e6ee", _INK) if pale else (_MOTHER, "#ffffff")
    return ("#ecebe7" if pale else "#d0d0cc"), _INK


def fitted(words: str, wide_mm: float, size_mm: float) -> str:
    """As many letters as fit; nothing where not even three do."""
    letters = int(wide_mm / (size_mm * _LETTER_WIDTH))
    if len(words) <= letters:
        return words
    return words[: letters - 1].rstrip() + "…" if letters >= 4 else ""


_PATTERNS = (
    '<defs><pattern id="break" width="1.6" height="1.6" patternUnits="userSpaceOnUse">'
    '<rect width="1.6" height="1.6" fill="#ffffff"/>'
    f'<path d="M0 1.6L1.6 0" stroke="{_INK}" stroke-width="0.25"/></pattern></defs>'
)
_LEGEND: tuple[tuple[str, str, float], ...] = (
    (colour_of("A"), "● A", 0.2),
    (colour_of("B"), "◆ B", 0.2),
    (_BOTH, "●◆ both", 0.2),
    ("#d0d0cc", "of no one patient", 0.2),
    ("#ecebe7", "pale: continuous cover", 0.2),
    ("url(#break)", "break", 0.2),
    (_INK, "handover: two people there", 0.2),
    ("#ffffff", "thick frame: critical step", 0.7),
)
