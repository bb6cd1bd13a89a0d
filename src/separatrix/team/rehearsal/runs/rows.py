"""Rehearsals as a table: a few thousand rows, kept, for paired comparisons, weights and draws of assumptions.

A run of any length goes through `sketch`, which keeps no rows. Rehearsal i is the same here and there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from separatrix.core.progress import silent
from separatrix.team.rehearsal.engine.space import Space, new_space
from separatrix.team.rehearsal.play.arrays import Arrays, Floats
from separatrix.team.rehearsal.play.outputs import OF_PERSON, Layout
from separatrix.team.rehearsal.runs.blocks import in_blocks
from separatrix.team.rehearsal.runs.run import NOT_FORCED
from separatrix.team.rehearsal.runs.run_kernel import play
from separatrix.team.rehearsal.runs.sketch import no_toll
from separatrix.team.rehearsal.runs.sketch_kernel import Toll

BLOCK = 50
"""Rehearsals that one thread takes at a time."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rehearsals of one plan, one row each, in order of their numbers."""

    layout: Layout
    values: Floats
    """(n, columns of the layout)."""
    sums: Floats
    """(n, `OF_PERSON`), summed over the people."""

    def __len__(self) -> int:
        return len(self.values)

    def column(self, name: str) -> Floats:
        """A column by its name (``end_min``, ``lost_ml@A``), or ``overtime_min`` and such summed over people.

        Raises
        ------
        ValueError
            If there is no such column.
        """
        if name in self.layout.names:
            return self.values[:, self.layout.at(name)]
        return self.sums[:, OF_PERSON.index(name)]


def rehearse_table(
    arrays: Arrays, layout: Layout, *, n: int, seed: int, first: int = 0, threads: int | None = None
) -> Rows:
    """Rehearsals `first` to ``first + n - 1`` as a table; the same for any number of threads.

    Parameters
    ----------
    arrays, layout
        A compiled plan.
    n, seed
        How many, and the seed of the draws.
    first
        Number of the first.
    threads
        None: as many as there are processors.
    """
    values = np.zeros((n, len(layout.names)))
    sums = np.zeros((n, len(OF_PERSON)))

    def fill(own: tuple[Space, Toll], begin: int, count: int) -> None:
        space, toll = own
        part = slice(begin, begin + count)
        play(space, seed, first + begin, NOT_FORCED, values[part], sums[part], toll)

    in_blocks(
        n,
        begin=lambda: (
            new_space(arrays),
            no_toll(people=len(arrays.person_pool), complications=len(arrays.response_of)),
        ),
        work=fill,
        threads=threads,
        block=BLOCK,
        progress=silent,
    )
    return Rows(layout, values, sums)
