"""A comparison as plain text, the same on the screen and in the folder."""

from __future__ import annotations

from collections.abc import Sequence

from separatrix.team.rehearsal.retrodiction.retrodict import Retrodiction, SpanResult

HEAD = ("case", "span", "observed", "q10", "q25", "q50", "q75", "q90", "50 %", "80 %", "tuning")


def value_text(value: float | None, unit: str) -> str:
    """Minutes without, plain numbers with two decimals; empty where there is none.

    Examples
    --------
    >>> value_text(630.2, "min"), value_text(0.731, "1"), value_text(None, "min")
    ('630', '0.73', '')
    """
    if value is None:
        return ""
    return f"{value:.0f}" if unit == "min" else f"{value:.2f}"


def cells(row: SpanResult) -> tuple[str, ...]:
    """One line of the table, under `HEAD`."""
    values = (row.observed, row.q10, row.q25, row.q50, row.q75, row.q90)
    return (
        row.case,
        row.title,
        *(value_text(value, row.unit) for value in values),
        _yes(row.inside_50),
        _yes(row.inside_80),
        _yes(row.used_for_tuning),
    )


def to_text(result: Retrodiction) -> str:
    """Verdict, then every comparable span, then what is not comparable and why."""
    comparable = [row for row in result.rows if row.comparable]
    lines = [f"Against {result.source}: {result.runs} rehearsals, seed {result.seed}", ""]
    lines += [*result.verdict, ""]
    if comparable:
        lines += [*columns([HEAD, *map(cells, comparable)]), ""]
    lines += [f"{row.case}, {row.title}: {row.why_off}" for row in comparable if row.why_off]
    reasons: dict[str, list[str]] = {}
    for row in result.rows:
        if not row.comparable:
            reasons.setdefault(row.because, []).append(f"{row.case} ({row.title})")
    if reasons:
        lines += ["", "Not comparable because"]
        lines += [f"- {because}: {', '.join(which)}" for because, which in reasons.items()]
    lines += [
        "",
        "The same spans",
        *_beside(result),
        "",
        "Held against",
        *(f"- {line}" for line in result.model),
    ]
    return "\n".join(lines) + "\n"


def _beside(result: Retrodiction) -> list[str]:
    return [
        f"- {other.text}: {other.inside_50} of {other.spans} in the middle 50 %, {other.inside_80} in the "
        f"middle 80 %, mean place {other.mean_pit:.2f}"
        for other in result.beside
    ]


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Cells under one another; the first two columns to the left, numbers to the right."""
    widths = [max(len(row[c]) for row in rows) for c in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if c < 2 else cell.rjust(width)
            for c, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _yes(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"
