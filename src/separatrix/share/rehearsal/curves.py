"""Blood of each patient over one rehearsal: volume, haematocrit, temperature, and what struck."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from markupsafe import Markup, escape

from separatrix.share.axes import ALARM, INK, Axes, hour_ticks, hours, ticks
from separatrix.share.script.gantt import clock_text, colour_of, mark_of
from separatrix.team.protocol.inputs import Patient
from separatrix.team.rehearsal.stories.story import Curve, Floats, Story

_POINTS = 600
"""Points of a drawn line at most: lowest and highest of each stretch are kept."""
_DASH: dict[Patient, str] = {"A": "", "B": "9 4", "mother": "3 3"}
_WHAT: tuple[tuple[str, Callable[[Curve], Floats]], ...] = (
    ("blood volume, ml", lambda c: c.volume_ml),
    ("haematocrit, %", lambda c: c.haematocrit * 100),
    ("temperature, °C", lambda c: c.temperature_c),
)


def blood_curves(story: Story) -> tuple[Markup, ...]:
    """Three charts, one line for each patient; empty where nothing was recorded."""
    curves = [c for c in story.curves if len(c.minute)]
    if not curves:
        return ()
    return tuple(_chart(story, curves, title, of) for title, of in _WHAT)


def _chart(story: Story, curves: list[Curve], title: str, of: Callable[[Curve], Floats]) -> Markup:
    low, high = min(float(of(c).min()) for c in curves), max(float(of(c).max()) for c in curves)
    axes = Axes(
        x_ticks=hour_ticks(0, story.end_min),
        y_ticks=ticks(low, high),
        x_title="after wheels in",
        y_title=title,
        high=290,
        top=40,
    )
    parts = [axes.frame(hours, lambda v: f"{v:g}"), *_crises(story, axes)]
    if story.separation_min is not None:
        parts.append(_moment(axes, story.separation_min))
    highest = max(curves, key=lambda curve: float(of(curve)[-1]))
    for curve in curves:
        parts += _line(axes, curve, of(curve), above=curve is highest)
    return axes.svg(parts)


def _line(axes: Axes, curve: Curve, values: Floats, *, above: bool) -> list[str]:
    keep = thinned(values)
    points = " ".join(f"{axes.x(curve.minute[i]):.1f},{axes.y(values[i]):.1f}" for i in keep)
    colour, dash = colour_of(curve.patient), _DASH[curve.patient]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    x, y = axes.x(float(curve.minute[-1])), axes.y(float(values[-1]))
    return [
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>',
        f'<text x="{x - 4:.1f}" y="{y - 8 if above else y + 18:.1f}" text-anchor="end" font-size="15" '
        f'font-weight="bold" fill="{colour}">'
        f"{mark_of(curve.patient)} {curve.patient}</text>",
    ]


def thinned(values: Floats, most: int = _POINTS) -> list[int]:
    """Indices that show a line: of each stretch the lowest and the highest, the first and the last.

    Parameters
    ----------
    values
        (n,) values along the line.

    Examples
    --------
    >>> thinned(np.array([0.0, 9.0, 1.0, 2.0, -5.0, 3.0]), most=4)
    [0, 1, 4, 5]
    """
    n = len(values)
    if n <= most:
        return list(range(n))
    stretch = math.ceil(2 * n / most)
    keep = {0, n - 1}
    for begin in range(0, n, stretch):
        part = values[begin : begin + stretch]
        keep |= {begin + int(np.argmin(part)), begin + int(np.argmax(part))}
    return sorted(keep)


def _crises(story: Story, axes: Axes) -> list[str]:
    """Pale stripes from strike to control; the number above tells which."""
    parts, last = [], -math.inf
    for crisis in story.crises:
        x0, x1 = axes.x(crisis.minute), axes.x(min(crisis.ends_min, axes.x_ticks[-1]))
        lift = 0 if x0 - last > 14 else 12
        last = x0
        parts.append(
            f"<g><title>{crisis.number}: {escape(crisis.title)}, {clock_text(crisis.minute)}</title>"
            f'<rect x="{x0:.1f}" y="{axes.top:.1f}" width="{max(x1 - x0, 1.5):.1f}" '
            f'height="{axes.high - axes.bottom - axes.top:.1f}" fill="#8a1f11" fill-opacity="0.14"/>'
            f'<text x="{x0:.1f}" y="{axes.top - 4 - lift:.1f}" font-size="12" fill="{ALARM}" '
            f'text-anchor="middle">⚠{crisis.number}</text></g>'
        )
    return parts


def _moment(axes: Axes, minute: float) -> str:
    x = axes.x(minute)
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{axes.top:.1f}" y2="{axes.high - axes.bottom:.1f}" '
        f'stroke="{INK}" stroke-width="1.5" stroke-dasharray="6 3"/><text x="{x + 4:.1f}" '
        f'y="{axes.high - axes.bottom - 6:.1f}" font-size="12" fill="{INK}">two children</text>'
    )
