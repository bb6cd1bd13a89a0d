"""All 2^k clamp states at once: the worst pressure rise of each child in every one of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from separatrix.body.vessels.model import Bools, Ints, Reals
from separatrix.body.vessels.ports import PortSystem
from separatrix.core import Fault, InputError
from separatrix.core.runtime import available_threads

MOST_EXACT = 24
"""Most vessels whose clamp states are all evaluated; more would need gigabytes."""

ALONE_UNDER = 1 << 14
"""Under so many states a second thread costs more than it brings."""

PIECES = 16
"""Pieces of work above that."""


def clamp_costs(
    systems: Sequence[PortSystem],
    baseline: Reals | None,
    child_of_observed: Ints,
    *,
    threads: int | None = None,
) -> Reals:
    """Worst rise of each child in every clamp state, over all systems given (passive and held beds).

    Parameters
    ----------
    systems
        The same candidates and observed nodes under different beds; in each state the worst counts.
    baseline
        (m,) or (systems, m) pressure from which a rise is measured (mmHg); None: that system's own with
        all candidates open.
    child_of_observed
        (m,) 0 where the node is A's, 1 where it is B's.
    threads
        At most so many; the answer does not depend on it.

    Returns
    -------
    Reals
        (2, 2^k) mmHg, row 0 for A: the largest rise over the child's observed nodes, negative where all of
        them fall, 0 for a child without observed nodes, +inf where a part with blood in it is cut off
        from every outlet (*no drainage*). Bit j of a state's number is set where candidate j is clamped.

    Raises
    ------
    InputError
        If there are more than `MOST_EXACT` candidates, or the systems do not fit each other.
    """
    k = _agreed_size(systems, child_of_observed)
    out = np.full((2, 1 << max(k, 3)), -np.inf)
    _fill(systems, baseline, child_of_observed, out[0], out[1], threads)
    for child in (0, 1):
        if not (child_of_observed == child).any():
            out[child] = np.where(np.isposinf(out[child]), np.inf, 0.0)
    return np.ascontiguousarray(out[:, : 1 << k]) if k < 3 else out


def worse_child_costs(
    systems: Sequence[PortSystem],
    baseline: Reals | None,
    child_of_observed: Ints,
    *,
    threads: int | None = None,
) -> Reals:
    """As `clamp_costs`, (2^k,): only the worse of both children, in half the memory."""
    k = _agreed_size(systems, child_of_observed)
    out = np.full(1 << max(k, 3), -np.inf)
    _fill(systems, baseline, child_of_observed, out, np.empty(0), threads)
    return out[: 1 << k]


def _agreed_size(systems: Sequence[PortSystem], child_of_observed: Ints) -> int:
    """Number of candidates, the same in all systems."""
    sizes = {(system.k, system.observed.size) for system in systems}
    if len(sizes) != 1:
        raise InputError(Fault(field="systems", problem=f"{len(sizes)} different shapes", expected="one"))
    k, m = sizes.pop()
    if child_of_observed.size != m:
        problem = f"{child_of_observed.size} owners for {m} observed nodes"
        raise InputError(Fault(field="child_of_observed", problem=problem))
    if k > MOST_EXACT:
        raise InputError(
            Fault(
                field="candidates",
                problem=f"{k} vessels have 2^{k} clamp states",
                expected=f"at most {MOST_EXACT}",
                mend="group small vessels, or search with a beam",
            )
        )
    return k


def _fill(
    systems: Sequence[PortSystem],
    baseline: Reals | None,
    child_of_observed: Ints,
    worst_a: Reals,
    worst_b: Reals,
    threads: int | None,
) -> None:
    """Run every system over all blocks of states, keeping the worst."""
    from separatrix.body.vessels.clamp_kernel import LANES, cut_off, worst_rises

    for number, system in enumerate(systems):
        m_root, c_root, tiny, split = tableau(system, _of(baseline, number), child_of_observed)

        def run(first: int, last: int, system: PortSystem = system, number: int = number) -> None:
            part = slice(first * LANES, last * LANES)
            a, b = worst_a[part], worst_b[part] if worst_b.size else worst_b
            worst_rises(m_root, c_root, tiny, split, first, last - first, number > 0, a, b)  # noqa: B023
            if system.can_be_cut_off:
                marked = np.zeros(a.size, dtype=bool)
                cut_off(system.parts, system.drains, system.bears, first * LANES, marked)
                a[marked] = np.inf
                if b.size:
                    b[marked] = np.inf

        in_pieces(run, worst_a.size // LANES, threads, LANES)


def in_pieces(run: Callable[[int, int], None], count: int, threads: int | None, states_each: int) -> None:
    """Call ``run(first, last)`` on pieces of 0 … count, the same and apart however many threads there are."""
    allowed = available_threads() if threads is None else threads
    if count * states_each < ALONE_UNDER:
        run(0, count)
        return
    edges = np.linspace(0, count, PIECES + 1).astype(np.int64).tolist()
    with ThreadPoolExecutor(allowed) as pool:
        for done in [pool.submit(run, a, b) for a, b in itertools.pairwise(edges)]:
            done.result()


def _of(baseline: Reals | None, number: int) -> Reals | None:
    """The baseline of one system."""
    return baseline if baseline is None or baseline.ndim == 1 else baseline[number]


def tableau(
    system: PortSystem, baseline: Reals | None, child_of_observed: Ints
) -> tuple[Reals, Reals, Reals, int]:
    """What the kernel pivots on: (k, k + 1), (k + 1, rows), least pivots (k,), and where B's rows begin.

    At least three vessels (idle ones are added) and rows in eights (repeated; a child without any gets rows
    of −inf): both are invisible in the answer.
    """
    from separatrix.body.vessels.clamp_kernel import SINGULAR

    rises = system.pressure - (system.pressure if baseline is None else baseline)
    rows_a, rows_b = (in_eights(np.flatnonzero(child_of_observed == child)) for child in (0, 1))
    rows = np.concatenate([rows_a, rows_b])
    k, width = system.k, max(system.k, 3)
    m_root = np.zeros((width, width + 1))
    m_root[range(width), range(width)] = 1.0
    m_root[:k, :k], m_root[:k, width] = system.stiffness, -system.drive
    c_root = np.zeros((width + 1, rows.size))
    c_root[:k] = system.reach.T[:, rows]
    c_root[width] = np.where(rows < 0, -np.inf, rises[rows] if rises.size else -np.inf)
    c_root[:k, rows < 0] = 0.0
    tiny = np.full(width, SINGULAR)
    tiny[:k] *= system.resistance
    return m_root, c_root, tiny, rows_a.size


def in_eights(rows: Ints) -> Ints:
    """Rows repeated up to a multiple of eight, as the processor takes them; eight times −1 for none."""
    if rows.size == 0:
        return np.full(8, -1, dtype=np.int64)
    return np.concatenate([rows, np.repeat(rows[-1:], -rows.size % 8)])


def undrained_states(systems: Sequence[PortSystem]) -> Bools:
    """(2^k,) whether any of the systems has a part with blood in it cut off from every outlet."""
    from separatrix.body.vessels.clamp_kernel import cut_off

    marked = np.zeros(1 << systems[0].k, dtype=bool)
    for system in systems:
        if system.can_be_cut_off:
            cut_off(system.parts, system.drains, system.bears, 0, marked)
    return marked
