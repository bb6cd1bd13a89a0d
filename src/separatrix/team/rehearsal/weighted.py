"""Weighted counts of rare outcomes over any number of rehearsals: exact, and the same in any order.

`weights` estimates from a table of rows that is kept; here nothing is kept but whole numbers, so a rare
outcome may take as many rehearsals as it needs. The weights are those of `weights.mixture_weights`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from separatrix.core.errors import Fault, SolverError
from separatrix.core.progress import Progress, silent
from separatrix.team.rehearsal.arrays import Ints
from separatrix.team.rehearsal.blocks import BLOCK, check_size, in_blocks
from separatrix.team.rehearsal.compile import Compiled
from separatrix.team.rehearsal.outputs import Layout
from separatrix.team.rehearsal.run import rows_in_turn
from separatrix.team.rehearsal.sketch import no_toll
from separatrix.team.rehearsal.weighted_kernel import WEIGHT_QUANTUM, Outcomes, WeightSums, weigh_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Something bad that may come: any of the columns passes the limit."""

    columns: tuple[str, ...]
    limit: float
    above: bool = True
    """Above the limit; False: below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted:
    """One outcome among n rehearsals: how often it came, and what that weighs, exactly in quanta of 2^-40."""

    n: int
    hits: int
    weight: Fraction
    """Sum of the weights of the rehearsals in which it came."""
    square: Fraction
    """Sum of their squares."""

    @property
    def mean(self) -> float:
        """Mean over all n: the estimate of its probability."""
        return float(self.weight / self.n)

    @property
    def variance_of_mean(self) -> float:
        """Variance of that mean, of n − 1 degrees of freedom; 0 of a single rehearsal."""
        if self.n == 1:
            return 0.0
        return float((self.square - self.weight**2 / self.n) / (self.n * (self.n - 1)))

    @property
    def effective(self) -> float:
        """How many rehearsals of equal weight its rehearsals are worth (Kish); 0 where it never came."""
        return float(self.weight**2 / self.square) if self.square else 0.0


def weighted_counts(
    compiled: Compiled,
    outcomes: Sequence[Outcome],
    *,
    n: int,
    seed: int,
    first: int = 0,
    defensive: float = 0.0,
    threads: int | None = None,
    progress: Progress = silent,
    block: int = BLOCK,
) -> tuple[tuple[Weighted, ...], Weighted]:
    """Count outcomes in the rehearsals `first` to ``first + n - 1``, each rehearsal with its weight.

    Parameters
    ----------
    compiled
        The plan, as it is or with larger numbers.
    outcomes
        What to look for.
    n, seed, first
        How many rehearsals, the seed, and the number of the first.
    defensive
        Share of all rehearsals of the estimate that is drawn at the numbers as they are, 0 to 1: no weight
        exceeds its inverse.
    threads, progress, block
        As of `run.run`; they change no result.

    Returns
    -------
    tuple
        One `Weighted` for each outcome, and one of all rehearsals, whose mean should be 1.

    Raises
    ------
    InputError
        If `n` or the seed is out of range.
    SolverError
        If a weight is so large that it alone would decide.
    """
    check_size(n, seed)
    sought = _as_arrays(outcomes, compiled.layout)
    log_weight = compiled.layout.at("log_weight")

    def work(sums: WeightSums, begin: int, count: int) -> None:
        toll = no_toll(
            people=len(compiled.arrays.person_pool), complications=len(compiled.arrays.response_of)
        )
        for _, rows in rows_in_turn(compiled, seed, first + begin, count, toll):
            weigh_rows(rows, log_weight, defensive, sought, sums)

    parts = in_blocks(
        n,
        begin=lambda: no_weights(len(outcomes)),
        work=work,
        threads=threads,
        block=block,
        progress=progress,
    )
    *each, every = weighted_of(parts, n)
    return tuple(each), every


def no_weights(outcomes: int) -> WeightSums:
    """No rehearsal weighed yet."""
    rows = outcomes + 1
    return WeightSums(
        unfit=np.zeros(1, np.int64),
        hits=np.zeros(rows, np.int64),
        weights=np.zeros((rows, 2), np.int64),
        squares=np.zeros((rows, 4), np.int64),
    )


def weighted_of(parts: Sequence[WeightSums], n: int) -> list[Weighted]:
    """What parts of n rehearsals weigh together: each outcome, and last all rehearsals.

    Raises
    ------
    SolverError
        If a weight did not fit.
    """
    unfit = sum(int(part.unfit[0]) for part in parts)
    if unfit:
        raise SolverError(
            Fault(
                problem=f"{unfit} of {n} rehearsals have weights that would decide the estimate alone",
                mend="draw a share of them at the numbers as they are, or enlarge the numbers less",
            )
        )
    quantum = int(WEIGHT_QUANTUM)
    return [
        Weighted(
            n=n,
            hits=sum(int(part.hits[row]) for part in parts),
            weight=Fraction(sum(_whole(part.weights[row]) for part in parts), quantum),
            square=Fraction(sum(_whole(part.squares[row]) for part in parts), quantum**2),
        )
        for row in range(len(parts[0].hits))
    ]


def _whole(words: Ints) -> int:
    return sum(int(word) << (32 * place) for place, word in enumerate(words))


def _as_arrays(outcomes: Sequence[Outcome], layout: Layout) -> Outcomes:
    columns = [layout.at(name) for outcome in outcomes for name in outcome.columns]
    sizes = [len(outcome.columns) for outcome in outcomes]
    return Outcomes(
        first=np.concatenate(([0], np.cumsum(np.array(sizes, np.int64)))).astype(np.int64),
        column=np.array(columns, np.int64),
        limit=np.array([outcome.limit for outcome in outcomes], np.float64),
        above=np.array([outcome.above for outcome in outcomes], np.int64),
    )
