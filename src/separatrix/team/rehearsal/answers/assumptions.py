"""How far the answers depend on the assumptions: bands over all of them, and a tornado one by one.

The outer loop draws all numbers over their ranges at once and rehearses each draw with the same seed, so
that what differs between draws comes from the numbers. What is left of sampling is taken out of the band:
deviations from the middle are shrunk by the root of the share of their variance that the assumptions explain.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from separatrix.core.progress import Progress, silent
from separatrix.evidence import Mark
from separatrix.team.rehearsal.answers.measures import Measure
from separatrix.team.rehearsal.answers.model import Band, Swing
from separatrix.team.rehearsal.answers.spread import hypercube
from separatrix.team.rehearsal.answers.statistics import Z95, interval_of, wilson
from separatrix.team.rehearsal.play.arrays import Floats
from separatrix.team.rehearsal.play.compile import Compiled, Structure, fill
from separatrix.team.rehearsal.play.numbers import Numbers
from separatrix.team.rehearsal.runs.rows import Rows, rehearse_table

BAND = (0.05, 0.5, 0.95)
"""Quantiles over the draws that a band shows."""

MAINLY = 0.5
"""A band rests mainly on assumptions where they explain at least this part of what can be explained."""


MOST_PACKS = 200
"""Of each product for each patient, where packs wanted are counted: an order that reaches it is *more*."""


@dataclass(frozen=True, slots=True)
class Draws:
    """Outer draws of all numbers, each rehearsed a few hundred times."""

    numbers: Numbers
    levels: dict[str, Floats]
    """Value of each number that has a range, (draws,)."""
    means: dict[str, Floats]
    """Mean of each measure, (draws,)."""
    noise: dict[str, Floats]
    """Variance of that mean from sampling, (draws,)."""
    packs: dict[tuple[str, str, float], Floats]
    """Packs that suffice for (patient, column, confidence), (draws,)."""


def outer_loop(
    structure: Structure,
    numbers: Numbers,
    measures: Sequence[Measure],
    *,
    draws: int,
    inner: int,
    seed: int,
    pack_columns: Sequence[tuple[str, str]] = (),
    confidences: Sequence[float] = (),
    threads: int | None = None,
    progress: Progress = silent,
) -> Draws:
    """Draw all numbers over their ranges and rehearse each draw.

    Parameters
    ----------
    structure, numbers
        The plan and its numbers.
    measures
        What is read off.
    draws, inner
        Outer draws, and rehearsals of each.
    seed
        Of draws and rehearsals.
    pack_columns, confidences
        (patient, column) of packs used where stock has no end, and the confidences of an order.
    threads
        None: as many as there are processors.
    progress
        Listener.
    """
    values = hypercube(numbers, draws=draws, seed=seed)
    means: dict[str, list[float]] = {m.id: [] for m in measures}
    noise: dict[str, list[float]] = {m.id: [] for m in measures}
    packs: dict[tuple[str, str, float], list[float]] = {
        (*c, q): [] for c in pack_columns for q in confidences
    }
    for done, drawn in enumerate(values, start=1):
        compiled = fill(structure, numbers.with_values(drawn))
        rows = rehearse_table(compiled.arrays, compiled.layout, n=inner, seed=seed, threads=threads)
        for measure in measures:
            came = _came(measure.of(rows))
            means[measure.id].append(float(came.mean()) if len(came) else math.nan)
            noise[measure.id].append(float(came.var(ddof=1)) / len(came) if len(came) > 1 else math.nan)
        if packs:
            used = without_end(compiled, n=inner, seed=seed, threads=threads)
            for (patient, column, confidence), told in packs.items():
                told.append(packs_for(used.column(f"{column}@{patient}"), confidence))
        progress(done / draws, "drawing the assumptions")
    return Draws(
        numbers,
        {key: np.array([drawn[key] for drawn in values]) for key in numbers.varied},
        {key: np.array(told) for key, told in means.items()},
        {key: np.array(told) for key, told in noise.items()},
        {key: np.array(told) for key, told in packs.items()},
    )


def without_end(compiled: Compiled, *, n: int, seed: int, threads: int | None) -> Rows:
    """The same rehearsals with more blood than any bank gives: packs used are then packs wanted."""
    arrays = compiled.arrays
    stock = np.where(arrays.stock_blood > 0, np.maximum(arrays.stock, MOST_PACKS), arrays.stock)
    return rehearse_table(arrays._replace(stock=stock), compiled.layout, n=n, seed=seed, threads=threads)


def packs_for(used: Floats, confidence: float) -> float:
    """Fewest packs that suffice in so large a share of the rehearsals (n,).

    Examples
    --------
    >>> packs_for(np.array([0.0, 1.0, 2.0, 9.0]), 0.75)
    2.0
    """
    return float(np.quantile(used, confidence, method="inverted_cdf"))


def _came(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def band_of(draws: Draws, measure: Measure, rows: Rows) -> Band:
    """A measure's band over the draws, around its value at the numbers as they are.

    Parameters
    ----------
    draws
        Of `outer_loop`.
    measure
        One of those it was asked for.
    rows
        Rehearsals at the numbers as they are.
    """
    came = _came(measure.of(rows))
    if measure.is_probability:
        hits = round(float(came.sum()))
        value, (low, high) = hits / len(came), wilson(hits, len(came))
    else:
        value, low, high = interval_of(came) or (math.nan, math.nan, math.nan)
    means, noise = draws.means[measure.id], draws.noise[measure.id]
    known = np.isfinite(means) & np.isfinite(noise)
    share = assumed_share(means[known], noise[known])
    spread = np.quantile(means[known], BAND)
    shrunk = spread[1] + (spread - spread[1]) * math.sqrt(share)
    marks = contributions(draws, means)
    return Band(
        value=value,
        low=min(float(shrunk[0]), value),
        middle=float(shrunk[1]),
        high=max(float(shrunk[2]), value),
        sampling_low=low,
        sampling_high=high,
        share_assumptions=share,
        marks="".join(sorted(marks, key=lambda mark: -marks[mark])),
        assumed=marks.get(Mark.ASSUMPTION.value, 0.0) >= MAINLY,
    )


def assumed_share(means: Floats, noise: Floats) -> float:
    """Part of the variance between draws (d,) that is not sampling within them (d,).

    Examples
    --------
    >>> assumed_share(np.array([0.1, 0.3]), np.array([0.0, 0.0])), assumed_share(np.ones(3), np.ones(3))
    (1.0, 0.0)
    """
    between = float(means.var(ddof=1)) if len(means) > 1 else 0.0
    if between <= 0.0:
        return 0.0
    return max(0.0, 1.0 - float(noise.mean()) / between)


def contributions(draws: Draws, means: Floats) -> dict[str, float]:
    """Share of each mark in what the numbers explain of a measure, by squared rank correlation.

    Correlations that chance alone would show (below ``Z95 / sqrt(draws)``) count for nothing. Where none is
    left, marks count by how many numbers have them.
    """
    known = np.isfinite(means)
    ranks = stats.rankdata(means[known])
    found: dict[str, float] = {}
    for key, levels in draws.levels.items():
        told = _correlation(stats.rankdata(levels[known]), ranks)
        if abs(told) > Z95 / math.sqrt(max(1, int(known.sum()))):
            mark = draws.numbers.mark(key).value
            found[mark] = found.get(mark, 0.0) + told * told
    if not found:
        for key in draws.levels:
            mark = draws.numbers.mark(key).value
            found[mark] = found.get(mark, 0.0) + 1.0
    total = sum(found.values())
    return {mark: weight / total for mark, weight in found.items()}


def _correlation(a: Floats, b: Floats) -> float:
    if a.std() == 0.0 or b.std() == 0.0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def tornado(
    structure: Structure,
    numbers: Numbers,
    measures: Sequence[Measure],
    *,
    n: int,
    seed: int,
    titles: Mapping[str, str] | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> tuple[Swing, ...]:
    """Each number alone at its low and its high end, against the same rehearsals at the numbers as they are.

    Returns
    -------
    tuple of Swing
        Widest first: by the largest swing of any measure, in standard deviations of that measure.
    """

    def rehearsed(changed: Numbers) -> dict[str, Floats]:
        compiled = fill(structure, changed)
        rows = rehearse_table(compiled.arrays, compiled.layout, n=n, seed=seed, threads=threads)
        return {m.id: m.of(rows) for m in measures}

    plain = rehearsed(numbers)
    scale = {key: float(_came(told).std()) or 1.0 for key, told in plain.items() if len(_came(told))}
    told: list[tuple[float, Swing]] = []
    for done, key in enumerate(numbers.varied, start=1):
        ends = [
            _paired(plain, rehearsed(numbers.with_values({key: v})))
            for v in (numbers.low(key), numbers.high(key))
        ]
        at_low, at_high = ({name: mean for name, (mean, _) in end.items()} for end in ends)
        half = {name: max(end[name][1] for end in ends if name in end) for name in scale}
        moved = (abs(at_high.get(k, 0.0) - at_low.get(k, 0.0)) / scale[k] for k in scale)
        width = max(moved, default=0.0)
        told.append(
            (
                width,
                Swing(
                    id=key,
                    title=(titles or {}).get(key, key),
                    mark=numbers.mark(key).value,
                    low=numbers.low(key),
                    high=numbers.high(key),
                    at_low=at_low,
                    at_high=at_high,
                    half_width=half,
                    advice_changes=None,
                ),
            )
        )
        progress(done / len(numbers.varied), "moving one assumption at a time")
    return tuple(swing for _, swing in sorted(told, key=lambda item: (-item[0], item[1].id)))


def _paired(plain: Mapping[str, Floats], other: Mapping[str, Floats]) -> dict[str, tuple[float, float]]:
    """Mean paired change of each measure and its 95 % half-width."""
    found = {}
    for key, before in plain.items():
        both = np.isfinite(before) & np.isfinite(other[key])
        told = interval_of(other[key][both] - before[both])
        if told is not None:
            found[key] = told[0], told[2] - told[0]
    return found
