"""Very many rehearsals of one plan, counted into a sketch: memory does not grow with their number.

A block is (seed, first, count): whoever plays it, wherever, gets the same integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from separatrix.core.progress import Progress, silent
from separatrix.team.rehearsal.engine.space import Space, new_space
from separatrix.team.rehearsal.play.arrays import Arrays, Floats, Ints
from separatrix.team.rehearsal.play.outputs import OF_PERSON, Layout
from separatrix.team.rehearsal.runs.blocks import BLOCK, check_size, in_blocks
from separatrix.team.rehearsal.runs.run_kernel import play
from separatrix.team.rehearsal.runs.scales import scales_of
from separatrix.team.rehearsal.runs.sketch import Sketch, merge, no_sums, no_toll, require_fit
from separatrix.team.rehearsal.runs.sketch_kernel import count_rows

ROWS = 512
"""Rows that are held while they are counted: they fit into the second cache."""

NOT_FORCED: Ints = np.array([-1, -1, -1], np.int64)
"""Node, complication, patient of a rehearsal into which nothing is forced."""

NO_TOTALS: Floats = np.empty((0, len(OF_PERSON)))
"""Where sums over the people of each rehearsal are not wanted."""


class Playable(Protocol):
    """What playing needs of a compiled procedure."""

    @property
    def arrays(self) -> Arrays:
        """What the engine reads."""

    @property
    def layout(self) -> Layout:
        """Where each number stands in a row."""


@dataclass(frozen=True, slots=True)
class Script:
    """What playing needs, and no more: small to send."""

    arrays: Arrays
    layout: Layout


def run(
    compiled: Playable,
    *,
    n: int,
    seed: int,
    threads: int | None = None,
    progress: Progress = silent,
    block: int = BLOCK,
) -> Sketch:
    """Sketch of the rehearsals 0 to ``n - 1``: the same for any number of threads and size of block.

    Parameters
    ----------
    compiled
        The plan.
    n, seed
        How many, and the seed of the draws.
    threads
        None: as many as there are processors.
    progress
        Hears of every block.
    block
        Rehearsals that a thread takes at a time.

    Raises
    ------
    InputError
        If `n` or the seed is out of range.
    SolverError
        If the engine told numbers that no operation can show.
    """
    check_size(n, seed)
    parts = in_blocks(
        n,
        begin=lambda: (new_space(compiled.arrays), empty_sketch(compiled)),
        work=lambda own, first, count: _play_into(*own, seed, first, count),
        threads=threads,
        block=block,
        progress=progress,
    )
    return require_fit(merge(sketch for _, sketch in parts))


def run_block(compiled: Playable, seed: int, first: int, count: int) -> Sketch:
    """Sketch of the rehearsals `first` to ``first + count - 1``, on one thread.

    Parameters
    ----------
    compiled
        The plan.
    seed, first, count
        The block.

    Raises
    ------
    SolverError
        If the engine told numbers that no operation can show.
    """
    sketch = empty_sketch(compiled)
    _play_into(new_space(compiled.arrays), sketch, seed, first, count)
    return require_fit(sketch)


def empty_sketch(compiled: Playable) -> Sketch:
    """The sketch of no rehearsal of a plan."""
    arrays = compiled.arrays
    scales = scales_of(compiled.layout, planned_end_min=int(arrays.node_planned.max(initial=0)))
    return Sketch(
        layout=compiled.layout,
        scales=scales,
        sums=no_sums(scales),
        toll=no_toll(people=len(arrays.person_pool), complications=len(arrays.response_of)),
    )


def _play_into(space: Space, sketch: Sketch, seed: int, first: int, count: int) -> None:
    room = np.empty((min(ROWS, count), len(sketch.layout.names)))
    for begin in range(first, first + count, ROWS):
        rows = room[: min(ROWS, first + count - begin)]
        play(space, seed, begin, NOT_FORCED, rows, NO_TOTALS, sketch.toll)
        count_rows(rows, begin, sketch.scales, sketch.sums)
