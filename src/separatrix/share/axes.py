"""Axes of small charts as inline SVG: ticks at round values, a frame, places of values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

INK, GRID, ALARM = "#1b1b1f", "#d8d5ce", "#8a1f11"


def ticks(low: float, high: float) -> list[float]:
    """Round values from below `low` to above `high`, some five of them.

    Examples
    --------
    >>> ticks(0.3, 3.9)
    [0.0, 1.0, 2.0, 3.0, 4.0]
    """
    if high - low < 1e-9:
        low, high = low - 1, high + 1
    step = 10 ** math.floor(math.log10((high - low) / 4))
    step *= next(f for f in (1, 2, 5, 10) if (high - low) / (f * step) <= 6)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(k * step, 9) for k in range(first, last + 1)]


def hour_ticks(low_min: float, high_min: float) -> list[float]:
    """Minutes of whole hours from before `low_min` to after `high_min`, some ten of them.

    Examples
    --------
    >>> hour_ticks(10, 200)
    [0, 60, 120, 180, 240]
    """
    hours = max(math.ceil(high_min / 60) - math.floor(low_min / 60), 1)
    every = next((n for n in (1, 2, 3, 4, 6, 12, 24) if hours / n <= 12), 24)
    first = math.floor(low_min / 60 / every)
    last = max(math.ceil(high_min / 60 / every), first + 1)
    return [60 * every * k for k in range(first, last + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """A frame with a linear axis each way; the ticks are its ends."""

    x_ticks: Sequence[float]
    y_ticks: Sequence[float]
    x_title: str
    y_title: str
    wide: float = 760.0
    high: float = 320.0
    left: float = 70.0
    right: float = 20.0
    top: float = 24.0
    bottom: float = 52.0

    def x(self, value: float) -> float:
        """Place of a value across."""
        share = (value - self.x_ticks[0]) / (self.x_ticks[-1] - self.x_ticks[0])
        return self.left + share * (self.wide - self.left - self.right)

    def y(self, value: float) -> float:
        """Place of a value down."""
        share = (value - self.y_ticks[0]) / (self.y_ticks[-1] - self.y_ticks[0])
        return self.high - self.bottom - share * (self.high - self.bottom - self.top)

    def frame(self, x_words: Callable[[float], str], y_words: Callable[[float], str]) -> str:
        """Ground, grid, ticks and titles."""
        ground, middle = self.high - self.bottom, (self.top + self.high - self.bottom) / 2
        parts = [f'<rect x="0" y="0" width="{self.wide:.0f}" height="{self.high:.0f}" fill="#ffffff"/>']
        for tick in self.y_ticks:
            y = self.y(tick)
            parts.append(
                f'<line x1="{self.left:.1f}" x2="{self.wide - self.right:.1f}" y1="{y:.1f}" y2="{y:.1f}" '
                f'stroke="{GRID}"/><text x="{self.left - 8:.1f}" y="{y + 4.5:.1f}" text-anchor="end" '
                f'font-size="13">{escape(y_words(tick))}</text>'
            )
        for tick in self.x_ticks:
            x = self.x(tick)
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{self.top:.1f}" y2="{ground:.1f}" stroke="{GRID}"/>'
                f'<text x="{x:.1f}" y="{ground + 18:.1f}" text-anchor="middle" font-size="13">'
                f"{escape(x_words(tick))}</text>"
            )
        parts.append(
            f'<text transform="translate(18 {middle:.1f}) rotate(-90)" text-anchor="middle" font-size="14">'
            f"{escape(self.y_title)}</text>"
            f'<text x="{(self.left + self.wide - self.right) / 2:.1f}" y="{self.high - 10:.1f}" '
            f'text-anchor="middle" font-size="14">{escape(self.x_title)}</text>'
        )
        return "".join(parts)

    def svg(self, parts: Sequence[str]) -> Markup:
        """The whole picture."""
        return Markup(
            f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {self.wide:.0f} '
            f'{self.high:.0f}" font-family="Dossier Sans, DejaVu Sans, Arial, sans-serif" role="img" '
            f'aria-label="{escape(self.y_title)} by {escape(self.x_title)}">{"".join(parts)}</svg>'
        )


def hours(minute: float) -> str:
    """Minutes as hours on an axis.

    Examples
    --------
    >>> hours(180)
    '3 h'
    """
    return f"{minute / 60:g} h"
