"""Small charts as inline SVG: screen and print the same, purple ● for A and orange ◆ for B."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from separatrix.core import Twin
from separatrix.share.axes import ticks as ticks_between
from separatrix.share.dossier.wording import number

_WIDTH, _HEIGHT = 760.0, 320.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 70.0, 20.0, 24.0, 52.0
_INK, _GRID = "#1b1b1f", "#d8d5ce"


def step_chart(
    values: Mapping[Twin, Sequence[float]],
    *,
    x_title: str,
    y_title: str,
    x_words: Sequence[str],
    id: str = "",
) -> Markup:
    """One line per child over the steps of a plan.

    Parameters
    ----------
    values
        For each child one value per step; the first is before any step.
    x_words
        What each step is called, as long as the values.
    id
        Of the marker line that a slider moves; empty for none.
    """
    every = [v for series in values.values() for v in series]
    ticks = ticks_between(min(every), max(every))
    steps = max(len(x_words) - 1, 1)
    x = [_LEFT + (_WIDTH - _LEFT - _RIGHT) * k / steps for k in range(len(x_words))]
    parts = [_frame(ticks, y_title, x_title)]
    for k, words in enumerate(x_words):
        parts.append(
            f'<text x="{x[k]:.1f}" y="{_HEIGHT - _BOTTOM + 18:.1f}" text-anchor="middle" font-size="13">'
            f"{escape(words)}</text>"
        )
    for twin, series in values.items():
        points = [(x[k], _y(v, ticks)) for k, v in enumerate(series)]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
        dash = "" if twin is Twin.A else ' stroke-dasharray="9 4"'
        parts.append(f'<polyline points="{path}" fill="none" stroke="{twin.colour}" stroke-width="3"{dash}/>')
        parts += [_dot(twin, px, py) for px, py in points]
        last_x, last_y = points[-1]
        parts.append(
            f'<text x="{last_x - 8:.1f}" y="{last_y - 10:.1f}" text-anchor="end" font-size="15" '
            f'font-weight="bold" fill="{twin.colour}">{twin.mark} {twin.value}</text>'
        )
    if id:
        parts.append(
            f'<line id="{escape(id)}" data-x="{" ".join(f"{v:.1f}" for v in x)}" x1="{x[0]:.1f}" '
            f'x2="{x[0]:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}" stroke="{_INK}" stroke-width="2"/>'
        )
    return _svg(parts, f"{y_title} by {x_title}")


def front_chart(
    points: Sequence[tuple[float, float, str]], chosen: int, *, x_title: str, y_title: str
) -> Markup:
    """Undominated choices, harm of A against harm of B; the default is ringed, letters lead to the table.

    Parameters
    ----------
    points
        Harm of A, harm of B, and the letter of the choice.
    chosen
        Number of the default.
    """
    across = ticks_between(min(p[0] for p in points), max(p[0] for p in points))
    up = ticks_between(min(p[1] for p in points), max(p[1] for p in points))
    parts = [_frame(up, y_title, x_title)]
    for tick in across:
        px = _x(tick, across)
        parts.append(
            f'<line x1="{px:.1f}" x2="{px:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}" stroke="{_GRID}"/>'
            f'<text x="{px:.1f}" y="{_HEIGHT - _BOTTOM + 18:.1f}" text-anchor="middle" font-size="13">'
            f"{number(tick)}</text>"
        )
    for k, (a, b, letter) in enumerate(points):
        px, py = _x(a, across), _y(b, up)
        ring = f'<circle cx="{px:.1f}" cy="{py:.1f}" r="15" fill="none" stroke="{_INK}" stroke-width="2.5"/>'
        parts.append(
            (ring if k == chosen else "")
            + f'<circle cx="{px:.1f}" cy="{py:.1f}" r="10" fill="#ffffff" stroke="{_INK}"/>'
            f'<text x="{px:.1f}" y="{py + 4.5:.1f}" text-anchor="middle" font-size="13" font-weight="bold">'
            f"{escape(letter)}</text>"
        )
    return _svg(parts, f"{y_title} against {x_title}")


def _frame(ticks: Sequence[float], y_title: str, x_title: str) -> str:
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    lines = "".join(
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{_y(t, ticks):.1f}" y2="{_y(t, ticks):.1f}" '
        f'stroke="{_GRID}"/><text x="{_LEFT - 8}" y="{_y(t, ticks) + 4.5:.1f}" text-anchor="end" '
        f'font-size="13">{number(t)}</text>'
        for t in ticks
    )
    return (
        f'<rect x="0" y="0" width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>{lines}'
        f'<text transform="translate(18 {middle:.1f}) rotate(-90)" text-anchor="middle" font-size="14">'
        f"{escape(y_title)}</text>"
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2:.1f}" y="{_HEIGHT - 10:.1f}" text-anchor="middle" '
        f'font-size="14">{escape(x_title)}</text>'
    )


def _dot(twin: Twin, x: float, y: float) -> str:
    if twin is Twin.A:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{twin.colour}"/>'
    return (
        f'<path d="M{x:.1f} {y - 7:.1f}L{x + 7:.1f} {y:.1f}L{x:.1f} {y + 7:.1f}L{x - 7:.1f} {y:.1f}Z" '
        f'fill="{twin.colour}"/>'
    )


def _svg(parts: Sequence[str], label: str) -> Markup:
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" '
        f'role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def _y(value: float, ticks: Sequence[float]) -> float:
    share = (value - ticks[0]) / (ticks[-1] - ticks[0])
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)


def _x(value: float, ticks: Sequence[float]) -> float:
    return _LEFT + (value - ticks[0]) / (ticks[-1] - ticks[0]) * (_WIDTH - _LEFT - _RIGHT)


def hours_chart(at_work: Sequence[int], on_duty: Sequence[int], free: Sequence[int], *, title: str) -> Markup:
    """People with one skill by the hour: pale bars are on duty, dark ones at work, ▲ where nobody is free.

    Parameters
    ----------
    at_work, on_duty, free
        One count for each hour of the day.
    title
        Of the vertical axis.
    """
    ticks = ticks_between(0, max([*on_duty, *at_work, 1]))
    parts = [_frame(ticks, title, "hours from wheels in")]
    wide = (_WIDTH - _LEFT - _RIGHT) / max(len(at_work), 1)
    ground, every = _y(0, ticks), 1 if len(at_work) <= 16 else 2 if len(at_work) <= 40 else 4
    for hour, (work, duty, spare) in enumerate(zip(at_work, on_duty, free, strict=True)):
        left = _LEFT + hour * wide
        for count, inset, look in ((duty, 0.06, _PALE), (work, 0.24, _DARK)):
            top = _y(count, ticks)
            parts.append(
                f'<rect x="{left + inset * wide:.1f}" y="{top:.1f}" width="{(1 - 2 * inset) * wide:.1f}" '
                f'height="{ground - top:.1f}" {look}/>'
            )
        if work and not spare:
            parts.append(
                f'<text x="{left + wide / 2:.1f}" y="{_y(max(work, duty), ticks) - 4:.1f}" '
                f'text-anchor="middle" font-size="13" fill="#8a1f11">▲</text>'
            )
        if hour % every == 0:
            parts.append(
                f'<text x="{left:.1f}" y="{_HEIGHT - _BOTTOM + 18:.1f}" text-anchor="middle" '
                f'font-size="13">{hour}</text>'
            )
    return _svg(parts, f"{title} by hours from wheels in")


_PALE = 'fill="#e4e1da" stroke="#8a867c"'
_DARK = 'fill="#33475b" stroke="#1b1b1f"'
