"""Retrodiction: what happened, against what the rehearsal would have said beforehand.

Each observed span stands beside the quantiles of the same span in many rehearsals. If the model is right, an
observation lies inside the middle 50 % as often as not, and inside the middle 80 % four times in five; its
place among the rehearsals (the probability integral transform, PIT) is as likely low as high.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from separatrix.team.rehearsal.answers.model import plain
from separatrix.team.rehearsal.play.arrays import Floats
from separatrix.team.rehearsal.retrodiction.logs import Union
from separatrix.team.rehearsal.retrodiction.spans import Span, WhichOperation
from separatrix.team.rehearsal.retrodiction.verdict import why_off

LEVELS = tuple(k / 10 for k in range(1, 10))
"""Of central intervals in the calibration chart."""

BAND = 0.9
"""Confidence of the binomial band in which the share inside lies if the model is right."""

_QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90)


class Predicts(Protocol):
    """A model that says what it would have expected of a span."""

    def values(self, span: Span) -> Floats:
        """Draws of the span, float64[n]; empty where the model has nothing like it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanResult:
    """One observed span beside the model's."""

    case: str
    union: Union
    group: str
    span: str
    title: str
    unit: str
    observed: float | None
    q10: float | None = None
    q25: float | None = None
    q50: float | None = None
    q75: float | None = None
    q90: float | None = None
    pit: float | None = None
    """Share of the rehearsals below the observation, 0 to 1."""
    inside_50: bool | None = None
    """Between q25 and q75, both included; None where it is not comparable."""
    inside_80: bool | None = None
    used_for_tuning: bool
    """The evidence names the case: the model has seen it."""
    known_from: tuple[str, ...] = ()
    """Ids that name it."""
    because: str = ""
    """Why it is not comparable; empty where it is."""
    why_off: str = ""
    """Why it may lie outside the middle 80 %, where it does."""
    operation: WhichOperation = "only"
    notes: tuple[str, ...] = ()
    rests_on: str = ""

    @property
    def comparable(self) -> bool:
        """Whether it counts."""
        return self.pit is not None

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Five of them from q10 to q90; none where it is not comparable."""
        listed = (self.q10, self.q25, self.q50, self.q75, self.q90)
        return tuple(value for value in listed if value is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many spans of one kind lie inside."""

    group: str
    seen: bool | None
    """Of cases used for tuning, of others, or None: of all."""
    spans: int
    cases: int
    """Spans of one case are not independent: bands and tests count cases."""
    inside_50: int
    inside_80: int
    likely_50: tuple[float, float]
    """Shares inside that a right model gives nine times in ten, with so many cases."""
    likely_80: tuple[float, float]
    mean_pit: float
    """0.5 if the model is right; low where the observed is shorter than rehearsed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Share of the spans inside the central interval of each nominal level."""

    group: str
    level: tuple[float, ...]
    inside: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    """Band of a right model with so many cases."""
    cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The same spans against another reading of the assumptions."""

    name: str
    text: str
    spans: int
    inside_50: int
    inside_80: int
    mean_pit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrodiction:
    """The whole comparison."""

    source: str
    """Folder of the logs, by its name, or the published spans."""
    rows: tuple[SpanResult, ...]
    counts: tuple[Count, ...]
    calibration: tuple[Calibration, ...]
    verdict: tuple[str, ...]
    """In plain words, per kind of span."""
    beside: tuple[Beside, ...] = ()
    runs: int = 0
    seed: int = 0
    model: tuple[str, ...] = ()
    """What the observed was held against."""

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        told: dict[str, Any] = {"format": 1, **plain(self)}
        return told


def group_of(span: Span) -> str:
    """Kind of a span: of craniopagus or of other unions, lengths, shares or plans."""
    kinds = {"length": "lengths", "share": "shares of the whole", "over_plan": "taken over planned"}
    kind = kinds.get(span.measure.kind, "taken over planned") if span.measure else "lengths"
    union = {"craniopagus": "craniopagus", "other union": "other unions", "not twins": "not twins"}
    return f"{union[span.union]}, {kind}"


def compare(
    spans: Iterable[Span], model: Predicts, known: Mapping[str, Sequence[str]]
) -> tuple[SpanResult, ...]:
    """Hold every span against the model.

    Parameters
    ----------
    spans
        Observed.
    model
        What would have been expected.
    known
        For each case the ids of the evidence that names it; such a case was used for tuning.

    Returns
    -------
    tuple of SpanResult
        One for each span, in their order; comparable or with the reason why not.
    """
    return tuple(_result(span, model, tuple(known.get(span.case, ()))) for span in spans)


def _result(span: Span, model: Predicts, known_from: tuple[str, ...]) -> SpanResult:
    because, numbers = span.because, {}
    if not because and span.observed is not None:
        values = model.values(span)
        if len(values) == 0:
            because = "the model has no such span"
        else:
            numbers = _placed(span.observed, values)
    elif not because:
        because = "no value is printed"
    result = SpanResult(
        case=span.case,
        union=span.union,
        group=group_of(span),
        span=span.name,
        title=span.title,
        unit=span.unit,
        observed=span.observed,
        used_for_tuning=bool(known_from),
        known_from=known_from,
        because=because,
        operation=span.operation,
        notes=span.notes,
        rests_on=span.rests_on,
        **numbers,
    )
    return replace(result, why_off=why_off(result))


def _placed(observed: float, values: Floats) -> dict[str, Any]:
    """Quantiles of the model, and the place of an observation among its draws; ties count half."""
    q10, q25, q50, q75, q90 = (float(q) for q in np.quantile(values, _QUANTILES))
    below, equal = int((values < observed).sum()), int((values == observed).sum())
    return {
        "q10": q10,
        "q25": q25,
        "q50": q50,
        "q75": q75,
        "q90": q90,
        "pit": (below + 0.5 * equal + 0.5) / (len(values) + 1),
        "inside_50": q25 <= observed <= q75,
        "inside_80": q10 <= observed <= q90,
    }


def counts_of(rows: Sequence[SpanResult]) -> tuple[Count, ...]:
    """Counts per kind of span, and of its cases used for tuning and not where it has both."""
    comparable = [row for row in rows if row.comparable]
    groups = sorted({row.group for row in comparable})
    made = []
    for group in groups:
        of_group = [row for row in comparable if row.group == group]
        made.append(_count(group, None, of_group))
        parts = {seen: [row for row in of_group if row.used_for_tuning is seen] for seen in (True, False)}
        if all(parts.values()):
            made += [_count(group, seen, chosen) for seen, chosen in parts.items()]
    return tuple(made)


def _count(group: str, seen: bool | None, rows: Sequence[SpanResult]) -> Count:
    cases = len({row.case for row in rows})
    return Count(
        group=group,
        seen=seen,
        spans=len(rows),
        cases=cases,
        inside_50=sum(bool(row.inside_50) for row in rows),
        inside_80=sum(bool(row.inside_80) for row in rows),
        likely_50=likely(cases, 0.5),
        likely_80=likely(cases, 0.8),
        mean_pit=float(np.mean([row.pit for row in rows])),
    )


def likely(cases: int, level: float) -> tuple[float, float]:
    """Shares inside a central interval that a right model gives with probability `BAND`.

    Parameters
    ----------
    cases
        Independent observations.
    level
        Of the interval, such as 0.8.

    Examples
    --------
    >>> likely(10, 0.5)
    (0.2, 0.8)
    """
    from scipy.stats import binom

    low, high = binom.interval(BAND, cases, level)
    return float(low) / cases, float(high) / cases


def calibration_of(rows: Sequence[SpanResult]) -> tuple[Calibration, ...]:
    """Share inside by nominal level, for craniopagus and for other unions."""
    made = []
    for union, name in (("craniopagus", "craniopagus"), ("other union", "other unions")):
        chosen = [row for row in rows if row.comparable and row.union == union]
        if not chosen:
            continue
        pit = np.array([row.pit for row in chosen])
        cases = len({row.case for row in chosen})
        bands = [likely(cases, level) for level in LEVELS]
        made.append(
            Calibration(
                group=name,
                level=LEVELS,
                inside=tuple(float(np.mean(np.abs(pit - 0.5) <= level / 2)) for level in LEVELS),
                low=tuple(low for low, _ in bands),
                high=tuple(high for _, high in bands),
                cases=cases,
            )
        )
    return tuple(made)


def beside_of(name: str, text: str, rows: Sequence[SpanResult]) -> Beside:
    """Totals of a comparison, to stand beside the main one."""
    chosen = [row for row in rows if row.comparable]
    return Beside(
        name=name,
        text=text,
        spans=len(chosen),
        inside_50=sum(bool(row.inside_50) for row in chosen),
        inside_80=sum(bool(row.inside_80) for row in chosen),
        mean_pit=float(np.mean([row.pit for row in chosen])) if chosen else 0.5,
    )
