"""Stages of many vessels: sets taken by a lower bound of what must follow them, and a proven gap.

Whatever the operations, the last one starts from some set P and ends with everything clamped in the network
adapted to P. The rise there, E(P), costs one factorisation, and no plan through P is better. Taking P by
that bound, the search ends where the next bound reaches the best plan found; what is left over when the
allowance of factorisations is used up is the gap. The same bound is used for the set before P.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from separatrix.body.vessels.model import Ints, Reals

if TYPE_CHECKING:
    from separatrix.body.vessels.operations import Problem

ALLOWANCE = 1 << 21
"""Factorisations spent on three operations beyond those of the bound itself: a count, not a clock."""


@dataclass(slots=True)
class _Search:
    """What is known so far: the best plan, and how low a plan not looked at could be."""

    problem: Problem
    one: Reals
    """(2^k,) least peak of reaching each set in one operation."""
    ends: Reals
    """(2^k − 1,) E(P)."""
    best: float
    plan: list[int] = field(default_factory=list)
    spent: int = 0

    @property
    def full(self) -> int:
        return self.one.size - 1

    def last_operation(self, chosen: int) -> float:
        """Least peak of finishing after waiting with `chosen` clamped."""
        from separatrix.body.vessels.adaptation_kernel import way_between

        return float(way_between(self.problem.wirings, chosen, self.full, *self.problem.law))


def bounded_sets(problem: Problem, count: int) -> tuple[list[int], float]:
    """Sets at the end of each operation of the best plan found, and what no plan can undercut."""
    from separatrix.body.vessels.operations import NO_GAIN_mmHg, first_operation

    one = first_operation(problem)
    full = one.size - 1
    ends = end_costs(problem, np.arange(1, full), full)
    search = _Search(problem, one, np.concatenate([[np.inf], ends]), float(one[full]), [full])
    bound = _two_operations(search)
    if count == 3:
        two, at_two = search.best, search.plan
        bound = _three_operations(search)
        if search.best > two - NO_GAIN_mmHg:
            search.best, search.plan = two, at_two
    if search.best > one[full] - NO_GAIN_mmHg:
        search.plan = [full]
    return search.plan, min(bound, search.best)


def end_costs(problem: Problem, sets: Ints, target: int) -> Reals:
    """Rise with all of `target` clamped after adaptation to each set, for the child worse off."""
    from separatrix.body.vessels import adaptation_kernel
    from separatrix.body.vessels.operations import shared_out

    def run(part: Ints) -> Reals:
        out = np.empty(part.size)
        adaptation_kernel.end_costs(problem.wirings, part, target, *problem.law, out)
        return out

    return np.concatenate(shared_out(run, sets, problem.threads))


def _two_operations(search: _Search) -> float:
    """Exact: the bound of each set is the worse of reaching it and of the end after it."""
    from separatrix.body.vessels.operations import NO_GAIN_mmHg

    bounds = np.maximum(search.one[:-1], search.ends)
    for chosen in np.argsort(bounds, kind="stable").tolist():
        if bounds[chosen] >= search.best - NO_GAIN_mmHg:
            break
        value = max(float(search.one[chosen]), search.last_operation(chosen))
        if value < search.best:
            search.best, search.plan = value, [chosen, search.full]
    return search.best


def _three_operations(search: _Search) -> float:
    """Take the set before the last operation by E; for each, the set before that by the same rule."""
    from separatrix.body.vessels.operations import NO_GAIN_mmHg

    order = np.argsort(search.ends, kind="stable").tolist()
    bound = np.inf
    for chosen in order:
        if search.ends[chosen] >= search.best - NO_GAIN_mmHg:
            return min(bound, search.best)
        size = 1 << int(chosen).bit_count()
        if search.spent + size > ALLOWANCE:
            return float(min(bound, search.ends[chosen]))
        bound = min(bound, _through(search, int(chosen)))
    return min(bound, search.best)


def _through(search: _Search, chosen: int) -> float:
    """Try all plans whose last operation starts from `chosen`; what none of them can undercut."""
    from separatrix.body.vessels.adaptation_kernel import way_between
    from separatrix.body.vessels.operations import NO_GAIN_mmHg

    firsts = _subsets(chosen)
    firsts = firsts[search.one[firsts] < search.best]
    if firsts.size == 0:
        return search.best
    search.spent += int(firsts.size)
    bounds = np.maximum(search.one[firsts], end_costs(search.problem, firsts, chosen))
    least = max(float(bounds.min()), float(search.ends[chosen]))
    if least >= search.best - NO_GAIN_mmHg:
        return least
    last = search.last_operation(chosen)
    for place in np.argsort(bounds, kind="stable").tolist():
        if max(bounds[place], last) >= search.best - NO_GAIN_mmHg:
            break
        first = int(firsts[place])
        way = float(way_between(search.problem.wirings, first, chosen, *search.problem.law))
        value = max(float(search.one[first]), way, last)
        if value < search.best:
            search.best, search.plan = value, [first, chosen, search.full]
    return search.best  # every plan through `chosen` has been tried or is bounded by the best


def _subsets(state: int) -> Ints:
    """Proper, not empty subsets of a set, ascending."""
    out = np.zeros(1, dtype=np.int64)
    for bit in range(state.bit_length()):
        if state >> bit & 1:
            out = np.concatenate([out, out | (1 << bit)])
    return out[1:-1]
