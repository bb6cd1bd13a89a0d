"""Rare outcomes: which causes to draw more often, and what the outcome's probability is then.

A pilot with every cause enlarged tells which causes the outcome comes with; each cause is then drawn as often
as it strikes in the rehearsals with the outcome (cross-entropy method: Rubinstein 1997). Estimate and checks
are those of `weights`. Only causes during the operation are enlarged; what is drawn after the operation or
follows from the physiology keeps its numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from separatrix.core import Fault, InputError
from separatrix.team.rehearsal.answers.model import Rare
from separatrix.team.rehearsal.answers.rare_kernel import log_ratios, strikes_of
from separatrix.team.rehearsal.answers.weights import Bools, mixture_weights, weigh
from separatrix.team.rehearsal.play.arrays import Arrays, Floats, Ints
from separatrix.team.rehearsal.play.compile import Compiled
from separatrix.team.rehearsal.runs.rows import Rows, rehearse_table

DEFENSIVE = 0.1
"""Share of rehearsals drawn at the numbers as they are: no weight exceeds its inverse."""

PILOT_SHARE = 0.2
"""Of all rehearsals."""

PILOTS = ((10.0, 0.02), (50.0, 0.1))
"""A pilot draws each cause so many times as often, and none that can strike less often than this; the second
where the first saw too little."""

MOST_DRAWN = {False: 0.5, True: 1.5}
"""Largest probability, and largest mean of a count, that a cause is drawn with."""

SMOOTHING = 0.7
"""Weight of what the pilot saw; the rest stays with the numbers it was drawn at."""

LEAST_PILOT_HITS = 20
"""With fewer a pilot says too little about causes; where the last one does, its own numbers are kept."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Something that may happen in a rehearsal."""

    id: str
    text: str
    in_rows: Callable[[Rows], Bools]
    """Rows to (n,) whether it came."""


def estimate_rare(
    compiled: Compiled,
    outcomes: Sequence[Outcome],
    *,
    runs: int,
    seed: int,
    threads: int | None = None,
) -> tuple[Rare, ...]:
    """Probability of each outcome by importance sampling, or why it is refused.

    Parameters
    ----------
    compiled
        The plan at the numbers as they are.
    outcomes
        What is asked for; each has draws of its own choice of causes.
    runs
        Rehearsals of each, the pilot among them.
    seed
        Of all draws.
    threads
        None: as many as there are processors.

    Raises
    ------
    InputError
        If there are too few rehearsals to share out.
    """
    if runs < 200:
        raise InputError(Fault(field="runs", problem=f"{runs} rehearsals", expected="at least 200"))
    pilot_runs = round(PILOT_SHARE * runs)
    number, is_count = compiled.arrays.cause_number, compiled.arrays.cause_count
    wides = [_pilot_numbers(number, is_count, *pilot) for pilot in PILOTS]
    pilots = [_drawn_at(compiled, wide, n=pilot_runs, first=0, seed=seed, threads=threads) for wide in wides]
    told = []
    for outcome in outcomes:
        drawn = wides[-1]
        for wide, pilot in zip(wides, pilots, strict=True):
            hit = outcome.in_rows(pilot.rows)
            if hit.sum() >= LEAST_PILOT_HITS:
                drawn = _cross_entropy(pilot, hit, number, wide, is_count)
                break
        told.append(_estimate(compiled, outcome, drawn, pilot_runs, runs - pilot_runs, seed, threads))
    return tuple(told)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Rehearsals drawn at other numbers of the causes."""

    rows: Rows
    struck: Ints
    """(n, x)"""
    log_ratio: Floats
    """(n,) at the numbers as they are over the numbers drawn at."""


def _drawn_at(
    compiled: Compiled, drawn: Floats, *, n: int, first: int, seed: int, threads: int | None
) -> _Drawn:
    arrays = compiled.arrays._replace(cause_drawn=drawn)
    rows = rehearse_table(arrays, compiled.layout, n=n, seed=seed, first=first, threads=threads)
    struck = np.zeros((n, len(drawn)), dtype=np.int64)
    strikes_of(drawn, arrays.cause_count, seed, first, struck)
    return _Drawn(rows, struck, _ratios(arrays, drawn, struck))


def _ratios(arrays: Arrays, drawn: Floats, struck: Ints) -> Floats:
    ratios = np.zeros(len(struck))
    log_ratios(arrays.cause_number, drawn, arrays.cause_count, struck, ratios)
    return ratios


def _pilot_numbers(number: Floats, is_count: Ints, factor: float, least: float) -> Floats:
    wide = np.where(number > 0.0, np.maximum(number * factor, least), 0.0)
    return np.maximum(number, np.minimum(wide, _most(is_count)))


def _most(is_count: Ints) -> Floats:
    return np.where(is_count == 1, MOST_DRAWN[True], MOST_DRAWN[False])


def _cross_entropy(pilot: _Drawn, hit: Bools, number: Floats, wide: Floats, is_count: Ints) -> Floats:
    """Numbers (x,) at which causes strike as often as they do where the outcome came."""
    weights = np.exp(pilot.log_ratio[hit])
    seen = (weights[:, None] * pilot.struck[hit]).sum(axis=0) / weights.sum()
    # Causes that the pilot did not see with the outcome stay enlarged: it may have missed a way.
    wanted = SMOOTHING * seen + (1.0 - SMOOTHING) * wide
    return np.where(number > 0.0, np.maximum(number, np.minimum(wanted, _most(is_count))), 0.0)


def _estimate(
    compiled: Compiled, outcome: Outcome, drawn: Floats, first: int, runs: int, seed: int, threads: int | None
) -> Rare:
    plain_runs = max(1, round(DEFENSIVE * runs))
    number = compiled.arrays.cause_number
    plain = _drawn_at(compiled, number, n=plain_runs, first=first, seed=seed, threads=threads)
    more = _drawn_at(
        compiled, drawn, n=runs - plain_runs, first=first + plain_runs, seed=seed, threads=threads
    )
    log_ratio = np.concatenate([_ratios(compiled.arrays, drawn, plain.struck), more.log_ratio])
    hit = np.concatenate([outcome.in_rows(plain.rows), outcome.in_rows(more.rows)])
    told = weigh(mixture_weights(log_ratio, plain_runs / runs), hit, plain_runs)
    refused = bool(told.refused)
    return Rare(
        id=outcome.id,
        text=outcome.text,
        estimate=None if refused else told.estimate,
        low=None if refused else told.low,
        high=None if refused else told.high,
        runs=runs,
        effective_runs=told.effective_runs,
        mean_weight=told.mean_weight,
        hits=int(hit.sum()),
        refused=told.refused,
    )
