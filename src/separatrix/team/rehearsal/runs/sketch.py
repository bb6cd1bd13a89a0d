"""What very many rehearsals tell together, in whole numbers: exact, small, and the same in any order.

Adding integers, least and most do not depend on the order; adding floats does. So rows are counted in quanta
and bins, sketches of parts merge into the same sketch for any number of threads, blocks or machines, and one
SHA-256 over all integers, `Sketch.digest`, tells whether two runs were the same run.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from separatrix.core.errors import DataMissingError, Fault, SolverError
from separatrix.team.rehearsal.play.arrays import Floats, Ints
from separatrix.team.rehearsal.play.outputs import OF_PERSON, Layout
from separatrix.team.rehearsal.runs.scales import MOST_RUNS, Scales, edges
from separatrix.team.rehearsal.runs.sketch_kernel import PERSON_QUANTUM, Sums, Toll
from separatrix.team.rehearsal.runs.stored import Distribution


def no_sums(scales: Scales) -> Sums:
    """No row counted yet."""
    columns = len(scales.quantum)
    return Sums(
        runs=np.zeros(1, np.int64),
        unfit=np.zeros(1, np.int64),
        finite=np.zeros(columns, np.int64),
        total=np.zeros(columns, np.int64),
        squares=np.zeros((columns, 2), np.int64),
        least=np.full(columns, np.inf),
        most=np.full(columns, -np.inf),
        bins=np.zeros(scales.first[-1], np.int64),
        hashes=np.zeros(1, np.uint64),
    )


def no_toll(*, people: int, complications: int) -> Toll:
    """Nobody's work and no strike counted yet."""
    return Toll(
        unfit=np.zeros(1, np.int64),
        total=np.zeros((people, len(OF_PERSON)), np.int64),
        some=np.zeros((people, len(OF_PERSON)), np.int64),
        most=np.zeros((people, len(OF_PERSON))),
        tally=np.zeros((complications, 2, 3), np.int64),
    )


@dataclass(frozen=True)
class Sketch:
    """Counts, sums, extremes and bins of each column over `n` rehearsals.

    A moment that never came is infinite in its row: it is left out of mean, extremes and quantiles of its
    column, and `finite` tells in how many rehearsals it came.
    """

    layout: Layout
    scales: Scales
    sums: Sums
    toll: Toll

    @property
    def n(self) -> int:
        """Rehearsals counted."""
        return int(self.sums.runs[0])

    @property
    def tally(self) -> Ints:
        """(k, 2, 3) strikes of each complication, during or after the operation, in time, late or nobody."""
        return self.toll.tally

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {name: c for c, name in enumerate(self.layout.names)}

    def finite(self, name: str) -> int:
        """In how many rehearsals the column was finite: the moment came."""
        return int(self.sums.finite[self._columns[name]])

    def mean(self, name: str) -> float:
        """Mean of those that came; exact to half a quantum.

        Raises
        ------
        DataMissingError
            If it came in no rehearsal.
        """
        column, count = self._came(name)
        return int(self.sums.total[column]) / count / float(self.scales.quantum[column])

    def sd(self, name: str) -> float:
        """Standard deviation (n − 1) of those that came; 0 of a single one.

        Raises
        ------
        DataMissingError
            If it came in no rehearsal.
        """
        column, count = self._came(name)
        if count == 1:
            return 0.0
        total = int(self.sums.total[column])
        squares = int(self.sums.squares[column, 0]) + (int(self.sums.squares[column, 1]) << 32)
        spread = (count * squares - total * total) / (count * (count - 1))
        return math.sqrt(spread) / float(self.scales.quantum[column])

    def least(self, name: str) -> float:
        """The least that came, exact.

        Raises
        ------
        DataMissingError
            If it came in no rehearsal.
        """
        return float(self.sums.least[self._came(name)[0]])

    def most(self, name: str) -> float:
        """The most that came, exact.

        Raises
        ------
        DataMissingError
            If it came in no rehearsal.
        """
        return float(self.sums.most[self._came(name)[0]])

    def quantile(self, name: str, q: float) -> float:
        """Quantile of those that came, as near as the bins tell: see `Distribution.quantile`.

        Raises
        ------
        DataMissingError
            If it came in no rehearsal.
        """
        return self.distribution(name).quantile(q)

    def at_most(self, name: str, value: float) -> int:
        """In how many rehearsals it was no more than a value: see `Distribution.at_most`."""
        return self.distribution(name).at_most(value)

    def distribution(self, name: str) -> Distribution:
        """A column in bins; those that hold nothing are left out."""
        column = self._columns[name]
        runs = self.sums.bins[self.scales.first[column] : self.scales.first[column + 1]]
        held = np.flatnonzero(runs)
        ends = edges(self.scales, column)
        return Distribution(
            name=name,
            lower=np.maximum(ends[held], self.sums.least[column]),
            upper=np.minimum(ends[held + 1], self.sums.most[column]),
            runs=runs[held],
            never=self.n - self.finite(name),
        )

    def person_mean(self, name: str) -> Floats:
        """Mean of a number of `OF_PERSON` for each person, (p,)."""
        total = self.toll.total[:, OF_PERSON.index(name)]
        return np.asarray(total / max(self.n, 1) / PERSON_QUANTUM)

    def person_share(self, name: str) -> Floats:
        """Share of the rehearsals in which it was above zero, for each person, (p,)."""
        return np.asarray(self.toll.some[:, OF_PERSON.index(name)] / max(self.n, 1))

    def person_most(self, name: str) -> Floats:
        """The most of it in any rehearsal, for each person, (p,)."""
        return self.toll.most[:, OF_PERSON.index(name)].copy()

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all integers, the modulo-2^64 sum of the hashes of all rows among them."""
        found = hashlib.sha256(b"separatrix rehearsal sketch 1\n")
        for part in (self.scales, carried(self.sums), self.toll):
            for name, numbers in part._asdict().items():
                found.update(f"{name} {numbers.shape}\n".encode())
                found.update(np.ascontiguousarray(numbers, numbers.dtype.newbyteorder("<")).tobytes())
        return found.hexdigest()

    def _came(self, name: str) -> tuple[int, int]:
        column = self._columns[name]
        count = int(self.sums.finite[column])
        if count == 0:
            raise DataMissingError(
                Fault(field=name, problem=f"it came in none of {self.n} rehearsals, so it has no value")
            )
        return column, count


def carried(sums: Sums) -> Sums:
    """The same sums with the squares' low words below 2^32, so that equal sums have equal words."""
    squares = sums.squares.copy()
    squares[:, 1] += squares[:, 0] >> 32
    squares[:, 0] &= 0xFFFFFFFF
    return sums._replace(squares=squares)


def merge(sketches: Iterable[Sketch]) -> Sketch:
    """One sketch of the rehearsals of all; in any order and any grouping the same.

    Parameters
    ----------
    sketches
        At least one, of the same plan, over rehearsals that do not overlap.

    Raises
    ------
    ValueError
        If there is none, or they are of different plans or of more than `MOST_RUNS` rehearsals.
    """
    parts = iter(sketches)
    first = next(parts, None)
    if first is None:
        raise ValueError("no sketch to merge")
    sums = Sums._make(numbers.copy() for numbers in first.sums)
    toll = Toll._make(numbers.copy() for numbers in first.toll)
    for part in parts:
        same = all(np.array_equal(a, b) for a, b in zip(first.scales, part.scales, strict=True))
        if part.layout != first.layout or not same:
            raise ValueError("sketches of different plans do not merge")
        _add_into(sums, part.sums)
        _add_into(toll, part.toll)
    if sums.runs[0] > MOST_RUNS:
        raise ValueError(f"{sums.runs[0]} rehearsals in one sketch: at most {MOST_RUNS}")
    return Sketch(layout=first.layout, scales=first.scales, sums=sums, toll=toll)


def _add_into(own: Sums | Toll, more: Sums | Toll) -> None:
    for name, mine, other in zip(own._fields, own, more, strict=True):
        if name == "least":
            np.minimum(mine, other, out=mine)
        elif name == "most":
            np.maximum(mine, other, out=mine)
        else:
            np.add(mine, other, out=mine)


def require_fit(sketch: Sketch) -> Sketch:
    """The sketch, if every number fitted into its sums.

    Raises
    ------
    SolverError
        If one did not: the engine told something that no operation can.
    """
    unfit = int(sketch.sums.unfit[0] + sketch.toll.unfit[0])
    if unfit:
        raise SolverError(
            Fault(
                problem=f"{unfit} values of {sketch.n} rehearsals are beyond anything an operation can show",
                mend="report this with the case: it is a fault of the program",
            )
        )
    return sketch
