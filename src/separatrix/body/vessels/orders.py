"""In which order to divide: exact over all k! orders, by two dynamic programmes over the 2^k clamp states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from separatrix.body.vessels.model import Reals

Objective = Literal["peak", "burden"]
Pair = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order of division, what it asks of each child, and what no order can undercut."""

    sequence: tuple[int, ...]
    """Candidates in the order in which they are clamped."""
    peak: Pair
    """(A, B) largest worst rise after any step (mmHg)."""
    burden: Pair
    """(A, B) sum over the steps of the worst rise, where above zero (mmHg × steps)."""
    bound: float
    """No order has a smaller value of the objective (mmHg, or mmHg × steps)."""
    value: float
    """What was minimised: the larger peak, or the sum over steps of the rise of the child worse off then."""
    drained: bool = True
    """False where every order ends in a state in which a territory has no drainage; values are then 0."""

    @property
    def gap(self) -> float:
        """How much a better order could gain at most."""
        return max(0.0, self.value - self.bound)


def along(costs: Reals, sequence: Sequence[int]) -> Reals:
    """(2, k) worst rise of each child after each step of an order."""
    states = np.cumsum([1 << j for j in sequence], dtype=np.int64)
    return np.asarray(costs[:, states])


def peaks_and_burdens(steps: Reals) -> tuple[Pair, Pair]:
    """Per child, from `along`: largest rise, and sum of the rises above zero."""
    if steps.shape[1] == 0:
        return (0.0, 0.0), (0.0, 0.0)
    peak, burden = steps.max(axis=1), np.maximum(steps, 0.0).sum(axis=1)
    return (float(peak[0]), float(peak[1])), (float(burden[0]), float(burden[1]))


def best_order(costs: Reals, objective: Objective = "peak", *, child: int | None = None) -> Order:
    """Best of all orders that clamp every candidate.

    Parameters
    ----------
    costs
        (2, 2^k) worst rise of each child in each state, from `clamp_costs`; +inf is a state that must not be
        entered. Raise states to +inf to forbid them (a wish: one vessel before another).
    objective
        ``peak``: least largest rise of the child worse off; among those the least peak of the other; among
        those the least burden. ``burden``: least sum over the steps of the rise of whichever child is worse
        off at that step; among those no further rule.
    child
        Look at one child alone (0 A, 1 B) in place of the one worse off.

    Returns
    -------
    Order
        Exact: `bound` equals `value`. Same costs, same order: ties go to the lowest candidate last.
    """
    from separatrix.body.vessels.order_kernel import least_over_orders

    k = int(costs.shape[1]).bit_length() - 1
    worse = costs.max(axis=0) if child is None else costs[child].copy()
    if k == 0:
        return Order(sequence=(), peak=(0.0, 0.0), burden=(0.0, 0.0), bound=0.0, value=0.0)
    if objective == "burden":
        np.maximum(worse, 0.0, out=worse)
        least_over_orders(worse, True)
        return _order(costs, worse, float(worse[-1]))
    least_over_orders(worse, False)
    peak = float(worse[-1])
    if not np.isfinite(peak):
        return _order(costs, worse, peak)
    limits = (peak, peak) if child is None else ((peak, np.inf) if child == 0 else (np.inf, peak))
    if child is None:
        limits = _spare_the_other(costs, peak, worse)
    return _order(costs, _burdens_within(costs, limits, worse), peak)


def _spare_the_other(costs: Reals, peak: float, work: Reals) -> Pair:
    """Limits (A, B) on each child's peak: the larger is `peak`, the smaller as low as it can then be."""
    from separatrix.body.vessels.order_kernel import least_over_orders

    lowest = [peak, peak]
    for child in (0, 1):
        if costs[child, -1] >= peak:
            continue  # the end state alone asks that much of this child
        np.copyto(work, costs[child])
        work[costs[1 - child] > peak] = np.inf
        least_over_orders(work, False)
        lowest[child] = min(peak, float(work[-1]))
    return (lowest[0], peak) if lowest[0] < lowest[1] else (peak, lowest[1])


def _burdens_within(costs: Reals, limits: Pair, work: Reals) -> Reals:
    """Least burden to each state over orders that keep both children within their limits."""
    from separatrix.body.vessels.order_kernel import least_over_orders

    np.maximum(costs[0], costs[1], out=work)
    np.maximum(work, 0.0, out=work)
    work[costs[0] > limits[0]] = np.inf
    work[costs[1] > limits[1]] = np.inf
    least_over_orders(work, True)
    return work


def _order(costs: Reals, least: Reals, value: float) -> Order:
    """Walk back from the last state along the best predecessors."""
    if not np.isfinite(value):
        return _undrained(int(costs.shape[1]).bit_length() - 1)
    state, backwards = costs.shape[1] - 1, []
    while state:
        bits = [j for j in range(state.bit_length()) if state >> j & 1]
        last = min(bits, key=lambda j: (least[state ^ (1 << j)] if state != 1 << j else -np.inf, j))
        backwards.append(last)
        state ^= 1 << last
    sequence = tuple(reversed(backwards))
    peak, burden = peaks_and_burdens(along(costs, sequence))
    return Order(sequence=sequence, peak=peak, burden=burden, bound=value, value=value)


def _undrained(k: int) -> Order:
    """No order avoids a territory without drainage."""
    return Order(
        sequence=tuple(range(k)), peak=(0.0, 0.0), burden=(0.0, 0.0), bound=0.0, value=0.0, drained=False
    )


def forbid(costs: Reals, before: Iterable[tuple[int, int]] = ()) -> Reals:
    """Costs in which candidate ``first`` of each pair ``(first, then)`` must be clamped before ``then``."""
    out = costs.copy()
    states = np.arange(costs.shape[1])
    for first, then in before:
        out[:, ((states >> then) & 1 > 0) & ((states >> first) & 1 == 0)] = np.inf
    return out


def worst_peak(costs: Reals) -> float:
    """The largest peak any order can have: that of the worst state, which some order passes through."""
    return float(costs[:, 1:].max(initial=-np.inf))
