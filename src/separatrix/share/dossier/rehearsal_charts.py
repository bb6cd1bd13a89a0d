"""Charts of the rehearsal: when the children part, and which assumption moves it most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from separatrix.share.axes import ALARM, INK, Axes, hour_ticks, hours, ticks
from separatrix.share.dossier.rehearsal_words import number_title
from separatrix.share.script.gantt import clock_text, fitted
from separatrix.team.rehearsal.answers.model import Quantiles, Swing
from separatrix.team.rehearsal.runs.stored import Distribution

_BARS = 60
"""Bars of a histogram at most."""
_TAIL = 0.005
"""Share of rehearsals at each end that may lie beyond the picture; what is left out is said."""
_FULL, _ALONE = "#7fa3b8", "#55524b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How often a moment fell into each stretch of time."""

    first_min: float
    """Where the first stretch begins."""
    width_min: float
    counts: tuple[int, ...]

    @property
    def n(self) -> int:
        """Rehearsals in which the moment came."""
        return sum(self.counts)

    def reach(self, share: float) -> tuple[float, float]:
        """From when to when, with at most so large a share beyond at each end."""
        beyond = share * self.n
        low, seen = 0, 0
        while low < len(self.counts) - 1 and seen + self.counts[low] <= beyond:
            seen += self.counts[low]
            low += 1
        high, seen = len(self.counts), 0
        while high > low + 1 and seen + self.counts[high - 1] <= beyond:
            seen += self.counts[high - 1]
            high -= 1
        return self.first_min + low * self.width_min, self.first_min + high * self.width_min

    def share_between(self, low_min: float, high_min: float) -> float:
        """Share of rehearsals between two moments, a stretch that is cut counting in part."""
        found = 0.0
        for k, count in enumerate(self.counts):
            begin = self.first_min + k * self.width_min
            cut = min(high_min, begin + self.width_min) - max(low_min, begin)
            if cut > 0:
                found += count * cut / self.width_min
        return found / self.n


def spread_of(distribution: Distribution) -> Spread:
    """How often a moment fell into each minute, as a run counted it; a moment that never came is left out."""
    minute = np.floor(distribution.lower).astype(np.int64)
    counts = np.bincount(minute - minute[:1], weights=distribution.runs) if len(minute) else np.zeros(0)
    return Spread(
        first_min=float(minute[0]) if len(minute) else 0.0,
        width_min=1.0,
        counts=tuple(int(count) for count in counts),
    )


def moment_chart(
    spread: Spread, told: Quantiles, *, planned_min: float | None, alone: Spread | None, title: str
) -> Markup:
    """How often the moment falls when: bars of the full model, a dashed line of independent lengths.

    Parameters
    ----------
    told
        Its quantiles: from 10 to 90 % is bracketed.
    planned_min
        What the script says; a line of its own.
    alone
        The same where every length is drawn for itself; None for none.
    """
    low, high = spread.reach(_TAIL)
    if alone is not None:
        other = alone.reach(_TAIL)
        low, high = min(low, other[0]), max(high, other[1])
    if planned_min is not None:
        low, high = min(low, planned_min), max(high, planned_min)
    wide = max(
        spread.width_min, next(w for w in (5, 10, 15, 30, 60, 120, 10**6) if (high - low) / w <= _BARS)
    )
    begins = [low + k * wide for k in range(int((high - low) // wide) + 1)]
    bars = [spread.share_between(b, b + wide) * 100 for b in begins]
    line = [alone.share_between(b, b + wide) * 100 for b in begins] if alone is not None else []
    axes = Axes(
        x_ticks=hour_ticks(low, high),
        y_ticks=ticks(0, max([*bars, *line])),
        x_title=title,
        y_title=f"% of rehearsals in {wide:.0f} min",
        high=330,
        top=62,
    )
    parts = [axes.frame(hours, lambda v: f"{v:g}")]
    for begin, share in zip(begins, bars, strict=True):
        top = axes.y(share)
        parts.append(
            f'<rect x="{axes.x(begin):.1f}" y="{top:.1f}" width="{axes.x(begin + wide) - axes.x(begin):.1f}" '
            f'height="{axes.y(0) - top:.1f}" fill="{_FULL}" stroke="#ffffff" stroke-width="0.6"/>'
        )
    if line:
        points = " ".join(
            f"{axes.x(b):.1f},{axes.y(s):.1f} {axes.x(b + wide):.1f},{axes.y(s):.1f}"
            for b, s in zip(begins, line, strict=True)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{_ALONE}" stroke-width="2" '
            'stroke-dasharray="5 3"/>'
        )
    parts.append(_bracket(axes, told))
    if planned_min is not None:
        parts.append(_upright(axes, planned_min, f"script {clock_text(planned_min)}", lift=16))
    parts.append(_upright(axes, told.q50, f"half by {clock_text(told.q50)}", lift=0, dash="2 2"))
    return axes.svg(parts)


def _bracket(axes: Axes, told: Quantiles) -> str:
    x0, x1, y = axes.x(told.q10), axes.x(told.q90), axes.top - 40.0
    words = f"8 of 10 between {clock_text(told.q10)} and {clock_text(told.q90)}"
    return (
        f'<path d="M{x0:.1f} {y + 6:.1f}v-6H{x1:.1f}v6" fill="none" stroke="{INK}" stroke-width="1.5"/>'
        f'<text x="{(x0 + x1) / 2:.1f}" y="{y - 5:.1f}" text-anchor="middle" font-size="14" '
        f'font-weight="bold">{words}</text>'
    )


def _upright(axes: Axes, minute: float, words: str, *, lift: float, dash: str = "") -> str:
    x, ground = axes.x(minute), axes.high - axes.bottom
    colour = INK if dash else ALARM
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    right = x > axes.wide * 0.72
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{axes.top - 4 - lift:.1f}" y2="{ground:.1f}" '
        f'stroke="{colour}" stroke-width="2"{dashed}/><text x="{x + (-5 if right else 5):.1f}" '
        f'y="{axes.top - 7 - lift + 4:.1f}" font-size="13" fill="{colour}" '
        f'text-anchor="{"end" if right else "start"}">{escape(words)}</text>'
    )


def tornado(swings: Sequence[Swing], outcome: str, *, title: str) -> Markup:
    """One bar for each assumption: how far its low and its high end alone move an outcome, the widest first.

    A bar that sampling alone could make is pale. Swings without the outcome are left out.
    """
    rows = [s for s in swings if outcome in s.at_low and outcome in s.at_high]
    rows.sort(key=lambda s: -max(abs(s.at_low[outcome]), abs(s.at_high[outcome])))
    every = [v for s in rows for v in (s.at_low[outcome], s.at_high[outcome])]
    axes = Axes(
        x_ticks=ticks(min([0.0, *every]), max([0.0, *every])),
        y_ticks=(),
        x_title=title,
        y_title="",
        wide=860,
        high=26.0 * len(rows) + 70,
        left=360,
        top=12,
    )
    parts = [axes.frame(lambda v: f"{v:+g}" if v else "0", str)]
    for k, swing in enumerate(rows):
        parts += _swing(axes, swing, outcome, axes.top + 26.0 * k)
    zero = axes.x(0)
    parts.append(
        f'<line x1="{zero:.1f}" x2="{zero:.1f}" y1="{axes.top:.1f}" y2="{axes.high - axes.bottom:.1f}" '
        f'stroke="{INK}" stroke-width="1.5"/>'
    )
    return axes.svg(parts)


def _swing(axes: Axes, swing: Swing, outcome: str, y: float) -> list[str]:
    noise = swing.half_width.get(outcome, 0.0)
    label = fitted(number_title(swing.title), 320, 13)
    parts = [
        f'<text x="{axes.left - 32:.1f}" y="{y + 17:.1f}" text-anchor="end" font-size="13">{escape(label)}'
        f'<title>{escape(swing.id)}</title></text><rect x="{axes.left - 26:.1f}" y="{y + 4:.1f}" width="17" '
        f'height="17" rx="3" fill="#ffffff" stroke="#555"/><text x="{axes.left - 17.5:.1f}" '
        f'y="{y + 17:.1f}" text-anchor="middle" font-size="12" font-weight="bold">{escape(swing.mark)}</text>'
    ]
    for value, end, colour in (
        (swing.at_low[outcome], f"at {swing.low:g}", "#b9c9d4"),
        (swing.at_high[outcome], f"at {swing.high:g}", "#33475b"),
    ):
        x0, x1 = sorted((axes.x(0), axes.x(value)))
        pale = abs(value) <= noise
        look = f'fill="#ffffff" stroke="{colour}" stroke-dasharray="3 2"' if pale else f'fill="{colour}"'
        told = f"{number_title(swing.title)} {end}: {value:+.1f} ± {noise:.1f}" + (
            " (within sampling)" if pale else ""
        )
        parts.append(
            f'<rect x="{x0:.1f}" y="{y + 4:.1f}" width="{max(x1 - x0, 1):.1f}" height="17" {look}>'
            f"<title>{escape(told)}</title></rect>"
        )
    return parts
