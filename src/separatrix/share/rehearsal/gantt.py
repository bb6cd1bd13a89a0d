"""One rehearsal as bars on a time axis: as it was played, with the plan under it.

Colour is never alone: a bar carries the sign of the children it is of; what stood still is hatched, a
complication is a numbered triangle, the plan is a thin grey line under each bar.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from markupsafe import escape

from separatrix.core import Twin
from separatrix.share.axes import ALARM, GRID, INK
from separatrix.share.script.gantt import bar_box, clock_text, fitted, look_of, mark_of
from separatrix.team.rehearsal.stories.story import PlayedActivity, Story

_WIDE, _LABEL, _RIGHT = 420.0, 100.0, 8.0
_LEFT = _RIGHT + _LABEL
_ROW, _HEADING, _TOP, _FOOT = 5.4, 6.0, 44.0, 18.0
_HOUR = 11.0
"""Least width between two numbers on the axis."""
_PLAN = "#9a968c"
_HELD = (
    '<pattern id="held" width="1.4" height="1.4" patternUnits="userSpaceOnUse">'
    f'<rect width="1.4" height="1.4" fill="#ffffff"/><path d="M0 1.4L1.4 0" stroke="{ALARM}" '
    'stroke-width="0.35"/></pattern>'
)


def played_svg(story: Story, *, safety: str, only: Sequence[PlayedActivity] | None = None) -> str:
    """Draw the story, as played against plan; the same story gives the same bytes.

    Parameters
    ----------
    safety
        Line at the foot.
    only
        Activities to draw; None for all that took time in the plan or in the play.
    """
    rows = list(only) if only is not None else shown(story)
    return _Drawing(story, rows, safety).svg()


def shown(story: Story) -> list[PlayedActivity]:
    """Activities that take time in the plan or in the play, by phase and then by start."""
    order = {phase: number for number, phase in enumerate(story.phases)}
    rows = [a for a in story.activities if _length(a.planned) or _length(a.played)]
    return sorted(rows, key=lambda a: (order.get(a.phase, len(order)), _first(a), a.id))


def _length(span: tuple[float, float] | None) -> float:
    return span[1] - span[0] if span else 0.0


def _first(activity: PlayedActivity) -> float:
    span = activity.planned or activity.played
    return span[0] if span else 0.0


class _Drawing:
    def __init__(self, story: Story, rows: list[PlayedActivity], safety: str) -> None:
        self.story, self.safety = story, safety
        self.groups = [(phase, list(group)) for phase, group in groupby(rows, key=lambda a: a.phase)]
        self.end_min = max(story.end_min, story.planned_end_min, 60.0)
        self.bottom = _TOP + len(self.groups) * _HEADING + len(rows) * _ROW
        self.high = self.bottom + _FOOT

    def x(self, minute: float) -> float:
        return _LEFT + (_WIDE - _RIGHT - _LEFT) * minute / self.end_min

    def svg(self) -> str:
        story = self.story
        title = f"{story.title}: rehearsal {story.number} of seed {story.seed}, as played against the plan"
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDE:.0f}mm" height="{self.high:.1f}mm" '
            f'viewBox="0 0 {_WIDE:.0f} {self.high:.1f}" role="img" aria-label="{escape(title)}" '
            f'font-family="Dossier Sans, DejaVu Sans, Arial, sans-serif"><defs>{_HELD}</defs>'
            f'<rect width="{_WIDE:.0f}" height="{self.high:.1f}" fill="#ffffff"/>'
            f'<text x="{_RIGHT}" y="10" font-size="6" font-weight="bold">{escape(title)}</text>'
        ]
        parts += self._axis()
        y = _TOP
        for phase, activities in self.groups:
            parts.append(self._heading(phase, y))
            y += _HEADING
            for number, activity in enumerate(activities):
                parts += self._row(activity, y, shaded=number % 2 == 1)
                y += _ROW
        parts += self._moments()
        parts += self._crises()
        parts += self._foot()
        return "".join([*parts, "</svg>\n"])

    def _axis(self) -> list[str]:
        parts, wide = [], self.x(60) - self.x(0)
        every = next(n for n in (1, 2, 3, 4, 6, 12, 24, 1000) if n * wide >= _HOUR)
        for hour in range(0, math.floor(self.end_min / 60) + 1, every):
            at = self.x(hour * 60)
            parts.append(
                f'<line x1="{at:.2f}" x2="{at:.2f}" y1="{_TOP - 2:.1f}" y2="{self.bottom:.1f}" '
                f'stroke="{GRID}" stroke-width="0.25"/><text x="{at:.2f}" y="{_TOP - 3:.1f}" '
                f'font-size="3.4" text-anchor="middle">{hour} h</text>'
            )
        return parts

    def _heading(self, phase: str, y: float) -> str:
        words = phase.replace("_", " ").capitalize()
        return (
            f'<text x="{_RIGHT}" y="{y + _HEADING - 1.6:.2f}" font-size="3.8" font-weight="bold">'
            f'{escape(words)}</text><line x1="{_RIGHT}" x2="{_WIDE - _RIGHT}" y1="{y + _HEADING - 0.4:.2f}" '
            f'y2="{y + _HEADING - 0.4:.2f}" stroke="{INK}" stroke-width="0.3"/>'
        )

    def _row(self, activity: PlayedActivity, y: float, *, shaded: bool) -> list[str]:
        parts = []
        if shaded:
            parts.append(
                f'<rect x="{_RIGHT}" y="{y:.2f}" width="{_WIDE - 2 * _RIGHT:.2f}" height="{_ROW}" '
                'fill="#f4f2ee"/>'
            )
        signs = "".join(mark_of(p) for p in activity.patients)
        label = fitted(f"{signs} {activity.title}".strip(), _LABEL - 2, 3.2)
        parts.append(f'<text x="{_RIGHT + 1:.1f}" y="{y + 3.6:.2f}" font-size="3.2">{escape(label)}</text>')
        if activity.planned:
            x0, x1 = self.x(activity.planned[0]), self.x(activity.planned[1])
            parts.append(
                f'<rect x="{x0:.2f}" y="{y + _ROW - 1.3:.2f}" width="{max(x1 - x0, 0.4):.2f}" height="0.9" '
                f'fill="{_PLAN}"><title>planned {_span(activity.planned)}</title></rect>'
            )
        if activity.played is None:
            at = self.x(activity.planned[1]) if activity.planned else _LEFT
            words = "dropped" if activity.planned else "not needed"
            parts.append(
                f'<text x="{at + 1:.2f}" y="{y + 3.2:.2f}" font-size="2.8" fill="{ALARM}">{words}</text>'
            )
            return parts
        return [*parts, self._played(activity, activity.played, y)]

    def _played(self, activity: PlayedActivity, played: tuple[float, float], y: float) -> str:
        fill, _ = look_of(activity.patients)
        x0, wide = self.x(played[0]), max(self.x(played[1]) - self.x(played[0]), 0.4)
        frame = f'stroke="{INK}" stroke-width="{0.7 if activity.critical else 0.2}"'
        body = bar_box(x0, y + 0.4, wide, _ROW - 2.0, fill, frame)
        for begin, end in activity.held:
            held = max(self.x(end) - self.x(begin), 0.3)
            body += (
                f'<rect x="{self.x(begin):.2f}" y="{y + 0.4:.2f}" width="{held:.2f}" height="{_ROW - 2.0}" '
                f'fill="url(#held)" stroke="{ALARM}" stroke-width="0.15"/>'
            )
        planned = f"; planned {_span(activity.planned)}" if activity.planned else "; not in the plan"
        return f"<g><title>{escape(activity.title)}: {_span(played)}{planned}</title>{body}</g>"

    def _moments(self) -> list[str]:
        story, parts = self.story, []
        moments = [(story.planned_separation_min, "two children, planned", "1.6 1.2", 21.5, _PLAN)]
        moments.append((story.separation_min, "two children", "", 26.0, ALARM))
        for minute, words, dash, lift, colour in moments:
            if minute is None:
                continue
            at = self.x(minute)
            dashed = f' stroke-dasharray="{dash}"' if dash else ""
            anchor, shift = ("end", -1) if at > (_LEFT + _WIDE) / 2 else ("start", 1)
            parts.append(
                f'<line x1="{at:.2f}" x2="{at:.2f}" y1="{_TOP - lift:.1f}" y2="{self.bottom:.1f}" '
                f'stroke="{colour}" stroke-width="0.7"{dashed}/><text x="{at + shift:.2f}" '
                f'y="{_TOP - lift + 2.6:.1f}" font-size="3.6" font-weight="bold" text-anchor="{anchor}" '
                f'fill="{ALARM if colour == ALARM else "#55524b"}">{words} · {clock_text(minute)}</text>'
            )
        return parts

    def _crises(self) -> list[str]:
        """A numbered triangle over the axis for each, and a line down through the rows it struck."""
        parts, until, lift = [], -math.inf, 0.0
        for crisis in self.story.crises:
            at = self.x(crisis.minute)
            lift = lift + 3.6 if at - until < 4.5 and lift < 3.6 else 0.0
            until = at
            top = _TOP - 11.2 - lift
            parts.append(
                f"<g><title>{crisis.number}: {escape(crisis.title)} at {clock_text(crisis.minute)}, "
                f"under control {clock_text(crisis.ends_min)}</title>"
                f'<line x1="{at:.2f}" x2="{at:.2f}" y1="{top + 3.4:.1f}" y2="{self.bottom:.1f}" '
                f'stroke="{ALARM}" stroke-width="0.2" stroke-dasharray="0.6 0.9"/>'
                f'<path d="M{at - 2.1:.2f} {top + 3.4:.1f}h4.2L{at:.2f} {top:.1f}Z" fill="{ALARM}"/>'
                f'<text x="{at:.2f}" y="{top + 3.0:.1f}" font-size="2.4" fill="#ffffff" '
                f'text-anchor="middle" font-weight="bold">{crisis.number}</text></g>'
            )
        return parts

    def _foot(self) -> list[str]:
        y, x, parts = self.bottom + 6, _RIGHT, []
        for fill, words in _legend():
            parts.append(
                f"{bar_box(x, y - 3, 8, 4, fill, f'stroke={chr(34)}{INK}{chr(34)}')}"
                f'<text x="{x + 9.5:.1f}" y="{y + 0.2:.1f}" font-size="3.2">{words}</text>'
            )
            x += 13 + len(words) * 1.95
        keys = "; ".join(f"{c.number} {c.title}" for c in self.story.crises)
        parts.append(
            f'<text x="{_RIGHT}" y="{y + 5:.1f}" font-size="3">{escape(fitted(keys, _WIDE - 16, 3))}</text>'
            f'<text x="{_RIGHT}" y="{y + 9.4:.1f}" font-size="2.8" fill="#333">{escape(self.safety)}</text>'
        )
        return parts


def _legend() -> list[tuple[str, str]]:
    return [
        (Twin.A.colour, "● A as played"),
        (Twin.B.colour, "◆ B as played"),
        (look_of(("A", "B"))[0], "●◆ both"),
        (look_of(())[0], "of no one patient"),
        ("url(#held)", "stood still: a complication took its people"),
        (_PLAN, "as planned"),
    ]


def _span(span: tuple[float, float]) -> str:
    return f"{clock_text(span[0])} to {clock_text(span[1])}"
