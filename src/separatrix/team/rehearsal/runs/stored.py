"""Distributions of a run as a table of bins: small enough to store, enough for any quantile.

The table has a row for each bin that holds a rehearsal: column, from, to, runs. The outer bins end at the
least and the most that came. Rehearsals in which a moment never came are counted in a row without edges.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np

from separatrix.core.errors import DataMissingError, Fault, StorageError
from separatrix.team.rehearsal.play.arrays import Floats, Ints
from separatrix.team.rehearsal.runs.scales import is_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEADER = ("column", "from", "to", "runs")

SHOWN = (0.05, 0.1, 0.5, 0.9, 0.95)
"""Quantiles that a notebook shows."""


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """One column over all rehearsals of a run, in bins."""

    name: str
    """Column: ``end_min``, ``lost_ml@A``, ``phase_end_min:venous``."""
    lower: Floats
    """(b,) lower edge of each bin that holds something, rising; the first is the least that came."""
    upper: Floats
    """(b,) upper edge; the last is the most that came."""
    runs: Ints
    """(b,) rehearsals in each."""
    never: int
    """Rehearsals in which it never came."""

    @property
    def came(self) -> int:
        """Rehearsals in which it came."""
        return int(self.runs.sum())

    @overload
    def quantile(self, q: float) -> float: ...
    @overload
    def quantile(self, q: Sequence[float]) -> Floats: ...
    def quantile(self, q: float | Sequence[float]) -> float | Floats:
        """Quantiles of the rehearsals in which it came.

        Of whole numbers (packs, crises) it is the least number that suffices in a share `q` of the
        rehearsals, exactly, as ``numpy.quantile(…, method="inverted_cdf")``. Of all others it differs from
        ``numpy.quantile`` of the rows by less than the width of a bin: 1 min, 1/64 of a volume, 1/1024 of a
        fraction, 1/64 °C or mmol/l (beyond the last edge: the way to the most). Within a bin values are
        taken to lie evenly.

        Parameters
        ----------
        q
            One or several, 0 to 1.

        Raises
        ------
        DataMissingError
            If it came in no rehearsal.
        ValueError
            If a `q` is not within 0 to 1.

        Examples
        --------
        >>> two = Distribution("end_min", np.array([5.0, 8.0]), np.array([6.0, 9.0]), np.array([1, 2]), 0)
        >>> two.quantile(0.5), two.quantile([0.0, 1.0]).tolist()
        (8.25, [5.5, 8.75])
        """
        if not isinstance(q, int | float):
            return np.array([self.quantile(float(one)) for one in q])
        if not 0.0 <= q <= 1.0:
            raise ValueError(f"no quantile {q}: from 0 to 1")
        if not len(self.runs):
            raise DataMissingError(
                Fault(
                    field=self.name, problem=f"it came in none of {self.never} rehearsals, so it has no value"
                )
            )
        reached = np.cumsum(self.runs)
        count = int(reached[-1])
        if is_whole(self.name):
            return self._at_rank(reached, max(math.ceil(q * count), 1) - 1)
        rank = q * (count - 1)
        below = math.floor(rank)
        lower = self._at_rank(reached, below)
        if rank == below:
            return lower
        return lower + (rank - below) * (self._at_rank(reached, below + 1) - lower)

    def _at_rank(self, reached: Ints, rank: int) -> float:
        """The value of rank 0, 1, …, as near as the bins tell."""
        number = int(np.searchsorted(reached, rank, side="right"))
        lower, width = float(self.lower[number]), float(self.upper[number] - self.lower[number])
        if is_whole(self.name) and width <= 1.0:
            return lower
        inside = int(self.runs[number])
        return lower + (rank - (int(reached[number]) - inside) + 0.5) / inside * width

    def at_most(self, value: float) -> int:
        """In how many rehearsals it was no more than a value, which is rounded up to its bin's end.

        Exact for whole numbers. What never came is more than any value.
        """
        return int(self.runs[self.lower <= value].sum())

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the share of rehearsals by which it had come, or in which it was no more.

        Parameters
        ----------
        axes
            Where to draw; None: a new figure.
        """
        if axes is None:
            from matplotlib import pyplot

            axes = pyplot.subplots()[1]
        total = self.came + self.never
        edges = np.concatenate((self.lower[:1], self.upper))
        shares = np.concatenate(([0.0], np.cumsum(self.runs))) / max(total, 1)
        axes.plot(edges, shares, drawstyle="steps-post" if is_whole(self.name) else "default")
        axes.set(xlabel=self.name, ylabel=f"share of {total:,} rehearsals", ylim=(0.0, 1.0))
        return axes

    def _repr_html_(self) -> str:
        total = self.came + self.never
        head = f"<caption>{escape(self.name)}: came in {self.came:,} of {total:,} rehearsals</caption>"
        if not self.came:
            return f"<table>{head}</table>"
        names = "".join(f"<th>{100 * q:g} %</th>" for q in SHOWN)
        values = "".join(f"<td>{value:.4g}</td>" for value in self.quantile(SHOWN))
        return f"<table>{head}<tr>{names}</tr><tr>{values}</tr></table>"


def distributions_csv(distributions: Iterable[Distribution]) -> str:
    """The table as text, the same for the same run."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEADER)
    for one in distributions:
        for lower, upper, runs in zip(one.lower, one.upper, one.runs, strict=True):
            rows.writerow((one.name, repr(float(lower)), repr(float(upper)), int(runs)))
        if one.never:
            rows.writerow((one.name, "", "", one.never))
    return text.getvalue()


def read_distributions(path: Path) -> Mapping[str, Distribution]:
    """The distributions in a file that `distributions_csv` made, by column.

    Raises
    ------
    StorageError
        If the file cannot be read or is no such table.
    """
    found: dict[str, list[tuple[float, float, int]]] = {}
    never: dict[str, int] = {}
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = csv.reader(stream)
            if tuple(next(rows, ())) != HEADER:
                raise ValueError(f"the first line is not {','.join(HEADER)}")
            for name, lower, upper, runs in rows:
                bins = found.setdefault(name, [])
                if lower:
                    bins.append((float(lower), float(upper), int(runs)))
                else:
                    never[name] = int(runs)
    except (OSError, ValueError) as error:
        raise StorageError(
            Fault(file=str(path), problem=f"cannot be read ({error})", mend="run the plan again with --force")
        ) from error
    return {
        name: Distribution(
            name=name,
            lower=np.array([row[0] for row in bins]),
            upper=np.array([row[1] for row in bins]),
            runs=np.array([row[2] for row in bins], np.int64),
            never=never.get(name, 0),
        )
        for name, bins in found.items()
    }
