"""Two charts as SVG: every span beside its quantiles, and the share inside by nominal level."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import groupby

from markupsafe import Markup, escape

from separatrix.team.rehearsal.retrodiction.retrodict import Calibration, SpanResult

_INK, _GRID, _SOFT = "#1b1b1f", "#d8d5ce", "#5d5b57"
_BAR, _BOX, _OFF = "#b9cfd0", "#3f7f83", "#a3261e"
_GROUP_COLOURS = ("#3f7f83", "#7a5c00")
_FONT = "font-family=\"system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif\""

_ROW, _HEAD, _FOOT = 22.0, 34.0, 44.0
_LABEL, _PLOT, _MARGIN = 430.0, 520.0, 24.0
_WIDTH = _LABEL + _PLOT + _MARGIN


def spans_chart(rows: Sequence[SpanResult]) -> Markup:
    """Every comparable span: bar q10 to q90, box q25 to q75, line q50, and the observed value.

    Parameters
    ----------
    rows
        In the order to be shown; one panel for each kind of span.

    Returns
    -------
    Markup
        One SVG; without comparable spans an empty one that says so.
    """
    chosen = sorted((row for row in rows if row.comparable), key=lambda row: row.group)
    parts: list[str] = [_key()]
    top = 60.0
    for group, listed in groupby(chosen, key=lambda row: row.group):
        panel = list(listed)
        parts.append(_panel(group, panel, top))
        top += _HEAD + _ROW * len(panel) + _FOOT
    if not chosen:
        parts = [_text(_LABEL, 30, "nothing here can be compared", anchor="middle")]
    return _svg(parts, _WIDTH, max(top, 60.0), "Observed spans beside the rehearsed quantiles")


def _key() -> str:
    x, y, below = _LABEL, 20.0, 44.0
    return (
        f'<rect x="{x}" y="{y - 7}" width="60" height="5" fill="{_BAR}"/>'
        f'<rect x="{x + 15}" y="{y - 9.5}" width="30" height="10" fill="{_BOX}"/>'
        + _text(x + 68, y, "rehearsed: middle 80 %, middle 50 %, and the median", size=13)
        + _mark(x + 5, below - 4.5, seen=True, inside=True)
        + _text(x + 16, below, "observed, used for tuning", size=13)
        + _mark(x + 195, below - 4.5, seen=False, inside=True)
        + _text(x + 206, below, "not seen before", size=13)
        + _mark(x + 325, below - 4.5, seen=True, inside=False)
        + _text(x + 336, below, "outside the middle 80 %", size=13)
    )


def _panel(title: str, rows: Sequence[SpanResult], top: float) -> str:
    in_hours = rows[0].unit == "min"
    divide = 60.0 if in_hours else 1.0
    observed = [(row.observed or 0.0) / divide for row in rows]
    numbers = [value / divide for row in rows for value in row.quantiles] + observed
    # One operation of days must not squeeze all others into a corner: it is told at the edge.
    usual = 1.6 * max(row.quantiles[-1] for row in rows) / divide
    ticks = _ticks(0.0 if in_hours else min(numbers), min(max(numbers), usual))
    low, high = ticks[0], ticks[-1]

    def x(value: float) -> float:
        return _LABEL + _PLOT * (min(max(value, low), high) - low) / (high - low)

    bottom = top + _HEAD + _ROW * len(rows)
    unit = ", hours" if in_hours else ""
    parts = [_text(_MARGIN, top + 20, title[0].upper() + title[1:] + unit, size=16, bold=True)]
    for tick in ticks:
        parts.append(
            f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{top + _HEAD - 4:.1f}" y2="{bottom + 4:.1f}" '
            f'stroke="{_GRID}"/>' + _text(x(tick), bottom + 20, f"{tick:g}", anchor="middle", size=13)
        )
    parts += [_row(row, top + _HEAD + _ROW * (k + 0.5), x, divide, high) for k, row in enumerate(rows)]
    return "".join(parts)


def _row(row: SpanResult, y: float, x: Callable[[float], float], divide: float, high: float) -> str:
    q10, q25, q50, q75, q90 = (x(value / divide) for value in row.quantiles)
    seen = (row.observed or 0.0) / divide
    beyond = _text(x(high) - 10, y + 4.5, f"{seen:.0f} →", anchor="end", size=13) if seen > high else ""
    return (
        _text(_LABEL - 12, y + 4.5, _clip(f"{row.case}: {row.title}"), anchor="end", size=13)
        + f'<rect x="{q10:.1f}" y="{y - 2.5:.1f}" width="{max(q90 - q10, 1):.1f}" height="5" fill="{_BAR}"/>'
        + f'<rect x="{q25:.1f}" y="{y - 5:.1f}" width="{max(q75 - q25, 1):.1f}" height="10" fill="{_BOX}"/>'
        + f'<line x1="{q50:.1f}" x2="{q50:.1f}" y1="{y - 7:.1f}" y2="{y + 7:.1f}" stroke="#ffffff" '
        'stroke-width="2"/>'
        + beyond
        + _mark(x(seen), y, seen=row.used_for_tuning, inside=bool(row.inside_80))
    )


def _mark(x: float, y: float, *, seen: bool, inside: bool) -> str:
    """A ring for a case used for tuning, a filled dot for one that was not; red where outside."""
    colour = _INK if inside else _OFF
    fill = "#ffffff" if seen else colour
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}" stroke="{colour}" stroke-width="2.4"/>'


_SIDE, _LEFT, _TOP = 420.0, 74.0, 20.0


def calibration_chart(groups: Sequence[Calibration]) -> Markup:
    """Share of spans inside by nominal level, with the band of a right model; on the line is best."""
    width, height = _LEFT + _SIDE + 330, _TOP + _SIDE + 64

    def at(level: float, share: float) -> tuple[float, float]:
        return _LEFT + _SIDE * level, _TOP + _SIDE * (1 - share)

    parts = []
    for k in range(0, 11, 2):
        (x, y), tick = at(k / 10, k / 10), f"{k * 10} %"
        parts.append(
            f'<line x1="{_LEFT}" x2="{_LEFT + _SIDE}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_GRID}"/>'
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_TOP + _SIDE}" stroke="{_GRID}"/>'
            + _text(_LEFT - 8, y + 4.5, tick, anchor="end", size=13)
            + _text(x, _TOP + _SIDE + 20, tick, anchor="middle", size=13)
        )
    for colour, group in zip(_GROUP_COLOURS, groups, strict=False):
        upper = [at(level, high) for level, high in zip(group.level, group.high, strict=True)]
        lower = [at(level, low) for level, low in zip(group.level, group.low, strict=True)]
        band = " ".join(f"{x:.1f},{y:.1f}" for x, y in (*upper, *reversed(lower)))
        parts.append(f'<polygon points="{band}" fill="{colour}" opacity="0.14"/>')
    (x0, y0), (x1, y1) = at(0, 0), at(1, 1)
    parts.append(f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" stroke="{_INK}" stroke-dasharray="5 5"/>')
    for k, (colour, group) in enumerate(zip(_GROUP_COLOURS, groups, strict=False)):
        points = [at(level, share) for level, share in zip(group.level, group.inside, strict=True)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dash = ' stroke-dasharray="8 4"' if k else ""
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="3"{dash}/>')
        parts += [_dot(k, x, y, colour) for x, y in points]
        y = _TOP + 24 + 58 * k
        parts.append(_dot(k, _LEFT + _SIDE + 30, y - 4.5, colour))
        parts.append(_text(_LEFT + _SIDE + 44, y, f"{group.group}, {group.cases} cases", size=14, bold=True))
        parts.append(_text(_LEFT + _SIDE + 44, y + 20, "shaded: 9 in 10 of right models", size=13))
    middle = _TOP + _SIDE / 2
    parts.append(
        _text(_LEFT + _SIDE / 2, _TOP + _SIDE + 46, "nominal: middle … of the rehearsals", anchor="middle")
    )
    parts.append(
        f'<text transform="translate(18 {middle}) rotate(-90)" text-anchor="middle" font-size="14" {_FONT} '
        f'fill="{_INK}">observed spans inside</text>'
    )
    return _svg(parts, width, height, "Share of observed spans inside the central intervals")


def _dot(k: int, x: float, y: float, colour: str) -> str:
    if k == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>'
    return f'<rect x="{x - 4.5:.1f}" y="{y - 4.5:.1f}" width="9" height="9" fill="{colour}"/>'


def _clip(text: str) -> str:
    return text if len(text) <= 58 else text[:57] + "…"


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", size: int = 14, bold: bool = False
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" {_FONT} '
        f'fill="{_INK}"{weight}>{escape(words)}</text>'
    )


def _ticks(low: float, high: float) -> list[float]:
    """Round values from below `low` to above `high`, five to ten of them."""
    span = max(high - low, 1e-9)
    step: float = 10 ** math.floor(math.log10(span / 4))
    step *= next(f for f in (1, 2, 5, 10) if span / (f * step) <= 9)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(k * step, 9) for k in range(first, max(last, first + 1) + 1)]


def _svg(parts: Sequence[str], width: float, height: float, label: str) -> Markup:
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'role="img" aria-label="{escape(label)}"><rect width="{width:.0f}" height="{height:.0f}" '
        f'fill="#ffffff"/>{"".join(parts)}</svg>'
    )
