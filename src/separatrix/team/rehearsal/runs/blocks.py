"""Many rehearsals in blocks on threads: each thread counts for itself, and shares nothing."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from separatrix.core.errors import Fault, InputError
from separatrix.core.progress import Progress
from separatrix.core.runtime import available_threads
from separatrix.team.rehearsal.runs.scales import MOST_RUNS

Counted = TypeVar("Counted")

BLOCK = 512
"""Rehearsals that a thread takes at a time: a tenth of a second: none waits long for the last."""


def check_size(n: int, seed: int) -> None:
    """Refuse a number of rehearsals or a seed that cannot be played.

    Raises
    ------
    InputError
        With every fault.
    """
    faults = []
    if not 1 <= n <= MOST_RUNS:
        faults.append(Fault(field="-n", problem=f"{n} rehearsals", expected=f"1 to {MOST_RUNS}"))
    if not 0 <= seed < 2**63:
        faults.append(Fault(field="--seed", problem=f"seed {seed}", expected="0 to 2^63 - 1"))
    if faults:
        raise InputError(*faults)


def in_blocks(
    n: int,
    *,
    begin: Callable[[], Counted],
    work: Callable[[Counted, int, int], None],
    threads: int | None,
    block: int,
    progress: Progress,
) -> list[Counted]:
    """Play the rehearsals 0 to ``n - 1`` in blocks; what each thread counted, one or more.

    Parameters
    ----------
    n
        How many.
    begin
        Gives a thread something to count into.
    work
        Adds the rehearsals `first` to ``first + count - 1`` to it: ``work(counted, first, count)``.
    threads
        None: as many as there are processors.
    block
        Rehearsals that a thread takes at a time.
    progress
        Hears of every block, on the caller's thread.
    """
    firsts = iter(range(0, n, block))
    taking, halt = threading.Lock(), threading.Event()
    told: queue.SimpleQueue[int] = queue.SimpleQueue()

    def one_thread() -> Counted:
        counted = begin()
        try:
            while not halt.is_set():
                with taking:
                    first = next(firsts, None)
                if first is None:
                    break
                count = min(block, n - first)
                work(counted, first, count)
                told.put(count)
        except BaseException:
            halt.set()  # the others need not go on to the end of a run that has failed
            raise
        finally:
            told.put(0)
        return counted

    workers = max(1, min(threads or available_threads(), -(-n // block)))
    with ThreadPoolExecutor(workers, thread_name_prefix="rehearsal") as pool:
        at_work = [pool.submit(one_thread) for _ in range(workers)]
        try:
            done, left = 0, workers
            while left:
                count = told.get()
                done, left = done + count, left - (count == 0)
                progress(done / n, f"{done:,} of {n:,} rehearsals")
        finally:
            halt.set()
    return [thread.result() for thread in at_work]
