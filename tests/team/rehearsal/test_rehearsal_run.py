"""Runs: one digest for any number of threads and any size of block, in memory that does not grow."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from tests.team.rehearsal.random_scripts import random_script

from separatrix.core.errors import InputError
from separatrix.core.progress import silent
from separatrix.team.rehearsal.play.outputs import OF_PERSON
from separatrix.team.rehearsal.runs.blocks import in_blocks
from separatrix.team.rehearsal.runs.rows import rehearse_table
from separatrix.team.rehearsal.runs.run import Script, run, run_block
from separatrix.team.rehearsal.runs.sketch import merge

SCRIPT = Script(*random_script(5))
SEED = 20_261_121


@pytest.fixture(scope="module")
def alone() -> str:
    """Digest of 1 003 rehearsals in one block on one thread."""
    return run(SCRIPT, n=1003, seed=SEED, threads=1, block=2000).digest


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("block", [1, 7, 1000])
def test_threads_and_blocks_change_nothing(alone: str, threads: int, block: int) -> None:
    assert run(SCRIPT, n=1003, seed=SEED, threads=threads, block=block).digest == alone


def test_blocks_played_apart_merge_into_the_run(alone: str) -> None:
    blocks = [run_block(SCRIPT, SEED, first, count) for first, count in ((600, 403), (0, 1), (1, 599))]
    assert merge(blocks).digest == alone


def test_seed_number_and_script_change_the_digest(alone: str) -> None:
    assert run(SCRIPT, n=1003, seed=SEED + 1).digest != alone
    assert run(SCRIPT, n=1002, seed=SEED).digest != alone
    longer = SCRIPT.arrays.node_quantiles.copy()
    longer[0] += 1e-6
    changed = Script(SCRIPT.arrays._replace(node_quantiles=longer), SCRIPT.layout)
    assert run(changed, n=1003, seed=SEED).digest != alone


def test_a_run_tells_what_its_rows_tell() -> None:
    rows = rehearse_table(SCRIPT.arrays, SCRIPT.layout, n=500, seed=SEED)
    sketch = run(SCRIPT, n=500, seed=SEED)
    for name in ("end_min", "separation_min", "crises", "late", "nobody", "lost_ml@A"):
        values = rows.column(name)
        came = values[np.isfinite(values)]
        assert sketch.finite(name) == len(came)
        assert sketch.mean(name) == pytest.approx(came.mean(), abs=0.5 / 1024)
        assert sketch.most(name) == came.max()
    for column, name in enumerate(OF_PERSON):
        assert sketch.person_mean(name).sum() == pytest.approx(rows.sums[:, column].mean(), abs=0.02)
    during, after = sketch.tally.sum(axis=(0, 2))
    assert during + after == rows.column("crises").sum()
    assert sketch.tally[:, :, 1].sum() == rows.column("late").sum()
    assert min(during, after) > 0


def test_progress_reaches_the_end() -> None:
    told: list[float] = []
    run(SCRIPT, n=95, seed=1, threads=2, block=10, progress=lambda fraction, _: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) >= 10


def test_memory_does_not_grow_with_the_number_of_rehearsals() -> None:
    run(SCRIPT, n=10, seed=1)
    peaks = []
    for n in (1_000, 8_000):
        tracemalloc.start()
        run(SCRIPT, n=n, seed=1, threads=2, block=500)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000, peaks


@pytest.mark.parametrize(("n", "seed"), [(0, 1), (-5, 1), (2**31, 1), (10, -1), (10, 2**63)])
def test_sizes_out_of_range_are_refused(n: int, seed: int) -> None:
    with pytest.raises(InputError, match=r"-n|--seed"):
        run(SCRIPT, n=n, seed=seed)


def test_a_thread_that_fails_ends_the_run() -> None:
    def fail_at(own: list[int], first: int, count: int) -> None:
        own.append(first)
        if first == 100:
            raise RuntimeError("the third block")

    begun: list[list[int]] = []

    def begin() -> list[int]:
        begun.append([])
        return begun[-1]

    with pytest.raises(RuntimeError, match="the third block"):
        in_blocks(10**9, begin=begin, work=fail_at, threads=2, block=50, progress=silent)
    assert 3 <= sum(map(len, begun)) < 10**6


def test_who_listens_may_end_the_run() -> None:
    def interrupt(fraction: float, doing: str) -> None:
        raise KeyboardInterrupt(doing)

    with pytest.raises(KeyboardInterrupt, match="of 50,000,000 rehearsals"):
        run(SCRIPT, n=50_000_000, seed=1, threads=2, progress=interrupt)
