"""From arrays to a schedule: one decoding, a search, and the words for what is missing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from separatrix.core import generator
from separatrix.team.choreography.arrays import Compiled, Floats, Ints, Past, no_past

CHAINS = 4
"""Searches side by side, each with its own random stream; the best counts, whatever the threads."""

TARGET_SHARE = 0.9
"""Stretches of cover aim at this share of the longest that is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Genes:
    """What the decoder turns into a plan."""

    priority: Floats
    """(b,) the lower, the earlier a block is placed."""
    person_cost: Floats
    """(p,) added to the value of a person."""
    target: Ints
    """(c,) wanted length of cover stretches in minutes."""
    predicted: Ints
    """(n,) starts that are expected, -1 for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Somebody's turn in a cover; nobody's where `person` is empty."""

    cover: int
    chain: int
    person: int
    start_min: int
    end_min: int
    is_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A plan in the rows of its arrays."""

    start: Ints
    """(n,) minutes."""
    room: Ints
    """(n,) row of the room, -1 for none."""
    person: Ints
    """(s,) row of the person, -1 where nobody could be had."""
    stretches: tuple[Stretch, ...]
    missing: int
    """What could not be had: people, places, turns of a cover."""
    cost: float
    """Order of the objectives as one number."""
    genes: Genes


def first_genes(compiled: Compiled, starts: Ints | None = None) -> Genes:
    """Where to begin: what the separation waits for longest comes first, or the order of given starts."""
    problem = compiled.problem
    towards, tail = compiled.tail_to_separation, compiled.tail
    urgent = np.where(towards >= 0, towards + tail.max(initial=0.0), tail)
    priority = -urgent
    if starts is not None:
        priority = starts[problem.block_acts[problem.block_ptr[:-1]]].astype(float) - 1e-6 * urgent
    return Genes(
        priority=priority,
        person_cost=np.zeros(len(problem.shift)),
        target=np.maximum(
            (TARGET_SHARE * problem.cover_longest).astype(np.int64), problem.cover_shortest + problem.handover
        ),
        predicted=np.full(len(problem.length), -1, np.int64),
    )


def decode_once(
    compiled: Compiled, past: Past | None = None, genes: Genes | None = None, *, rounds: int = 2
) -> Decoded:
    """One plan at once: without covers, with covers by its times, and again by theirs.

    Never fails: what cannot be had is left out and counted in `Decoded.missing`.
    """
    from separatrix.team.choreography import decode_kernel as kernel

    problem = compiled.problem
    past = past or no_past(problem)
    genes = genes or first_genes(compiled)
    parts = genes.priority, genes.person_cost, genes.target
    predicted = genes.predicted
    if len(predicted) and predicted.min() < 0:
        loose = kernel.decode(problem, past, *parts, predicted, False)
        predicted = loose.start.copy()
    found: list[Decoded] = []
    for _ in range(rounds if len(problem.cover_kind) else 1):
        day = kernel.decode(problem, past, *parts, predicted, True)
        used = Genes(
            priority=genes.priority, person_cost=genes.person_cost, target=genes.target, predicted=predicted
        )
        found.append(_told(compiled, past, day, used))
        predicted = day.start.copy()
    return min(found, key=lambda plan: plan.cost)


def search(
    compiled: Compiled,
    begin: Decoded,
    *,
    steps: int,
    seed: int,
    threads: int = 1,
    past: Past | None = None,
    purpose: str = "search",
) -> Decoded:
    """The best plan of `CHAINS` searches of so many steps each; the same for any number of threads."""
    from separatrix.team.choreography import search_kernel as kernel

    problem = compiled.problem
    past = past or no_past(problem)
    genes = begin.genes

    def one(chain: int) -> Decoded:
        stream = generator(seed, "choreography", purpose, chain)
        start = int(stream.integers(0, 2**63))
        day, *best, _ = kernel.search(
            problem,
            past,
            genes.priority,
            genes.person_cost,
            genes.target,
            genes.predicted,
            steps,
            np.uint64(start),
        )
        names = ("priority", "person_cost", "target", "predicted")
        return _told(compiled, past, day, Genes(**dict(zip(names, best, strict=True))))

    with ThreadPoolExecutor(max(threads, 1)) as pool:
        plans = list(pool.map(one, range(CHAINS)))
    return min([begin, *plans], key=lambda plan: plan.cost)


def _told(compiled: Compiled, past: Past, day: Any, genes: Genes) -> Decoded:
    from separatrix.team.choreography import search_kernel as kernel

    rows = day.stretches[: day.sizes[1]]
    stretches = tuple(
        Stretch(cover=int(c), chain=int(k), person=int(p), start_min=int(s), end_min=int(e), is_first=bool(f))
        for c, k, p, s, e, f in rows[np.lexsort((rows[:, 1], rows[:, 0], rows[:, 3]))]
    )
    return Decoded(
        start=day.start,
        room=day.room,
        person=day.person,
        stretches=stretches,
        missing=int(day.sizes[2]),
        cost=float(kernel.cost_of(compiled.problem, past, day)),
        genes=genes,
    )
