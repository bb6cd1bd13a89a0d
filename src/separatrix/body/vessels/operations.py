"""One, two or three operations: which vessels in which, with collaterals growing while the children wait.

What the network becomes while waiting depends on the set of clamped vessels alone, so the search is a
dynamic programme over pairs of sets: those clamped before the wait, and those clamped so far after it. For
each set its own network is refactored and all that can follow is searched, 3^k pairs in all. For more than
`MOST_STAGED` vessels, sets are taken by a lower bound of what must follow, which proves how far the plan
found can be from the best.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from separatrix.body.vessels.clamp_states import clamp_costs
from separatrix.body.vessels.growth import Growth, adapted, no_growth
from separatrix.body.vessels.model import Ints, Network, Reals
from separatrix.body.vessels.orders import Order, Pair, best_order
from separatrix.body.vessels.ports import reduce_to_ports
from separatrix.core import Fault, InputError
from separatrix.core.runtime import available_threads

MOST_STAGED = 16
"""Most vessels whose pairs of sets are all searched."""

MOST_BOUNDED = 20
"""Most vessels for which the end state of every set is evaluated, so that a gap is proven."""


NO_GAIN_mmHg = 1e-9
"""A further operation that gains no more than rounding is not proposed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsPlan:
    """Which vessels in which operation and order, and what it asks of each child."""

    operations: tuple[tuple[int, ...], ...]
    """Candidates in order, one tuple per operation; fewer operations where another brings nothing."""
    orders: tuple[Order, ...]
    """Of each operation; its sequence counts within the vessels of that operation."""
    peak: Pair
    """(A, B) largest worst rise over the state before the first operation (mmHg)."""
    burden: Pair
    """(A, B) sum over all steps of the worst rise, where above zero."""
    bound: float
    """No plan of so many operations has a smaller peak of the child worse off, under this growth law."""
    drained: bool = True
    """False where every plan leaves a territory without drainage; values are then 0."""

    @property
    def value(self) -> float:
        """Peak of the child worse off (mmHg)."""
        return max(self.peak)

    @property
    def gap(self) -> float:
        """How much a better plan could gain at most (mmHg)."""
        return max(0.0, self.value - self.bound)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """The question, and the networks laid out for the kernels."""

    networks: tuple[Network, ...]
    candidates: Ints
    observed: Ints
    child: Ints
    supplies: tuple[Ints | None, ...]
    before: Reals
    growth: Growth
    wirings: Any
    split: int
    may_dry: bool
    threads: int

    @property
    def k(self) -> int:
        """Number of candidates."""
        return int(self.candidates.size)

    @property
    def law(self) -> tuple[float, float, bool, int]:
        """What the kernels take after the sets."""
        return self.growth.rate, self.growth.most, self.may_dry, self.split


def best_operations(
    networks: Sequence[Network],
    candidates: Ints,
    observed: Ints,
    child_of_observed: Ints,
    *,
    count: int,
    growth: Growth | None = None,
    supplies: Sequence[Ints | None] | None = None,
    baseline: Reals | None = None,
    threads: int | None = None,
) -> OperationsPlan:
    """Best plan of at most `count` operations for the child worse off.

    Parameters
    ----------
    networks
        The joined children under each kind of bed; in each state the worst counts.
    candidates, observed, child_of_observed
        As in `clamp_states.clamp_costs`; all candidates are clamped in the end.
    count
        1, 2 or 3.
    growth
        What waiting between operations does; None: nothing.
    supplies
        Per network, held nodes that bring blood in and drain none.
    baseline
        (networks, m) pressure from which a rise is measured; None: with nothing clamped.
    threads
        At most so many; the answer does not depend on it.

    Returns
    -------
    OperationsPlan
        Exact to `MOST_STAGED` vessels, with a proven `gap` to `MOST_BOUNDED`. Peaks are of the child worse
        off; within each operation the order then spares the other, then the burden.

    Raises
    ------
    InputError
        If `count` is not 1, 2 or 3, or there are more than `MOST_BOUNDED` candidates in stages.
    """
    if count not in (1, 2, 3):
        raise InputError(Fault(field="count", problem=f"{count} operations", expected="1, 2 or 3"))
    if count > 1 and candidates.size > MOST_BOUNDED:
        raise InputError(
            Fault(
                field="candidates",
                problem=f"{candidates.size} vessels in stages",
                expected=f"at most {MOST_BOUNDED}",
                mend="group small vessels (see grouping.group_small)",
            )
        )
    problem = _problem(networks, candidates, observed, child_of_observed, growth, supplies, baseline, threads)
    if count == 1 or candidates.size < 2:
        return _plan(problem, [(1 << problem.k) - 1], None)
    if count == 3 and problem.k <= MOST_STAGED:
        return _plan(problem, *_all_pairs(problem))
    from separatrix.body.vessels.staged_bound import bounded_sets

    return _plan(problem, *bounded_sets(problem, count))


def _problem(
    networks: Sequence[Network],
    candidates: Ints,
    observed: Ints,
    child: Ints,
    growth: Growth | None,
    supplies: Sequence[Ints | None] | None,
    baseline: Reals | None,
    threads: int | None,
) -> Problem:
    """Reduce every network once."""
    from separatrix.body.vessels.wirings import wire

    feeds = tuple(supplies) if supplies is not None else (None,) * len(networks)
    law = no_growth() if growth is None else growth
    systems = [
        reduce_to_ports(network, candidates, observed, supplies=feed)
        for network, feed in zip(networks, feeds, strict=True)
    ]
    before = np.array([system.pressure for system in systems]) if baseline is None else baseline
    wired = [
        wire(network, candidates, observed, child, row, law, feed)
        for network, row, feed in zip(networks, before, feeds, strict=True)
    ]
    return Problem(
        networks=tuple(networks),
        candidates=candidates,
        observed=observed,
        child=child,
        supplies=feeds,
        before=before,
        growth=law,
        wirings=tuple(wiring for wiring, _ in wired),
        split=wired[0][1],
        may_dry=bool(law.clots) or any(system.can_be_cut_off for system in systems),
        threads=available_threads() if threads is None else threads,
    )


def first_operation(problem: Problem) -> Reals:
    """(2^k,) least peak of reaching each set in one operation from the network as it is."""
    from separatrix.body.vessels.adaptation_kernel import state_costs
    from separatrix.body.vessels.order_kernel import least_over_orders

    full = (1 << problem.k) - 1
    table: Reals = state_costs(problem.wirings, 0, full, 0.0, 1.0, problem.may_dry, problem.split)
    least_over_orders(table, False)
    return table


def _all_pairs(problem: Problem) -> tuple[list[int], None]:
    """Sets at the end of each of at most three operations of an optimal plan, by all pairs of sets."""
    from separatrix.body.vessels.adaptation_kernel import after_waiting

    one = first_operation(problem)
    full = one.size - 1
    two, come_from = one.copy(), np.full(one.size, -1, dtype=np.int64)
    last = np.array([one[full], -1.0, one[full], -1.0])
    sizes = np.bitwise_count(np.arange(full))
    for size in range(1, problem.k):

        def run(sets: Ints) -> tuple[Reals, Ints, Reals]:
            mine, where, best = two.copy(), come_from.copy(), last.copy()
            after_waiting(problem.wirings, sets, *problem.law, one, two, mine, where, best)
            return mine, where, best

        for mine, where, best in shared_out(run, np.flatnonzero(sizes == size), problem.threads):
            for value, place in ((0, 1), (2, 3)):
                if best[value] < last[value]:
                    last[value], last[place] = best[value], best[place]
            better = mine < two
            two[better], come_from[better] = mine[better], where[better]
    chosen = int(last[3])
    before = int(come_from[chosen]) if chosen >= 0 and two[chosen] < one[chosen] else -1
    ways = [([full], one[full]), ([int(last[1]), full], last[0]), ([before, chosen, full], last[2])]
    return fewest_operations(ways), None


def fewest_operations(plans: list[tuple[list[int], float]]) -> list[int]:
    """The first of plans with ever more operations that none betters by more than rounding."""
    least = min(value for _, value in plans)
    return next(ends for ends, value in plans if value <= least + NO_GAIN_mmHg and min(ends) >= 0)


def shared_out(run: Callable[[Ints], Any], sets: Ints, threads: int) -> list[Any]:
    """Results of `run` on consecutive pieces of `sets`, in their order."""
    pieces = np.array_split(sets, max(1, min(threads, sets.size // 8)))
    if len(pieces) == 1:
        return [run(sets)]
    with ThreadPoolExecutor(len(pieces)) as pool:
        return list(pool.map(run, pieces))


def _plan(problem: Problem, ends: list[int], bound: float | None) -> OperationsPlan:
    """The plan that ends its operations at these sets, each in its best order, solved afresh."""
    operations, orders = [], []
    for before, end in itertools.pairwise([0, *ends]):
        places = [j for j in range(problem.k) if end >> j & 1 and not before >> j & 1]
        costs = operation_costs(problem, before, np.array(places, dtype=np.int64))
        order = best_order(costs)
        orders.append(order)
        operations.append(tuple(places[j] for j in order.sequence))
    peak = (max(order.peak[0] for order in orders), max(order.peak[1] for order in orders))
    burden = (sum(order.burden[0] for order in orders), sum(order.burden[1] for order in orders))
    drained = all(order.drained for order in orders)
    return OperationsPlan(
        operations=tuple(operations),
        orders=tuple(orders),
        peak=peak if drained else (0.0, 0.0),
        burden=burden if drained else (0.0, 0.0),
        bound=(max(peak) if bound is None else bound) if drained else 0.0,
        drained=drained,
    )


def operation_costs(problem: Problem, before: int, places: Ints) -> Reals:
    """(2, 2^r) worst rise of each child in one operation's states after waiting with `before` clamped."""
    done = np.array([j for j in range(problem.k) if before >> j & 1], dtype=np.int64)
    systems = []
    for network, feed in zip(problem.networks, problem.supplies, strict=True):
        waited = adapted(network, problem.candidates, done, problem.growth) if done.size else network
        left = problem.candidates[places]
        systems.append(reduce_to_ports(waited, left, problem.observed, supplies=feed))
    return clamp_costs(systems, problem.before, problem.child, threads=problem.threads)
