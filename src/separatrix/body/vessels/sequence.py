"""The order of one operation: best for the child worse off, within the wishes, and how much order matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from separatrix.body.vessels.circulation import BEDS
from separatrix.body.vessels.clamp_states import MOST_EXACT, clamp_costs
from separatrix.body.vessels.fairness import Pair
from separatrix.body.vessels.model import Reals
from separatrix.body.vessels.orders import best_order, peaks_and_burdens
from separatrix.body.vessels.situation import Situation
from separatrix.body.vessels.wishes import OrderRules, Wish, Wishes, order_rules


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DivisionOrder:
    """An order, what it asks of each child, and what other orders would."""

    steps: tuple[tuple[str, ...], ...]
    """Vessels of each step, in the order of division."""
    peak: Pair
    """Largest worst rise of A and of B after any step, mmHg, by the linear search."""
    burden: Pair
    """Sum over the steps of the worst rise of A and of B where above zero, mmHg × steps."""
    bound: float
    """No order that follows the wishes has a smaller larger peak, mmHg."""
    exact: bool
    """Whether every order was looked at."""
    worst_peak: float | None
    """The larger peak of the worst order that follows the wishes, mmHg; None where not all are known."""
    least_burden: float | None
    """Least burden of the child worse off at each step over all such orders, mmHg × steps."""
    most_burden: float | None
    idle: tuple[Wish, ...] = ()
    """Wishes of order that do not apply: their vessel is not divided."""

    @property
    def vessels(self) -> tuple[str, ...]:
        """In the order of division; those of one step follow each other."""
        return tuple(v for step in self.steps for v in step)


def find_order(
    situation: Situation, vessels: Sequence[str], wishes: Wishes, *, threads: int | None = None
) -> DivisionOrder:
    """The order in which to divide these vessels.

    Exact over all orders that follow the wishes up to `MOST_EXACT` steps; above, a walk that always takes
    the step best for the child worse off then, with the bound that every plan ends in the end state.

    Parameters
    ----------
    situation
        The pair before division.
    vessels
        All of them are divided.
    wishes
        Those of order (*before*, *first*, *together*) are honoured.
    threads
        At most so many; the answer does not depend on it.

    Raises
    ------
    InputError
        If no order follows the wishes.
    """
    rules = order_rules(wishes, vessels)
    if not vessels:
        return DivisionOrder(
            steps=(), peak=(0.0, 0.0), burden=(0.0, 0.0), bound=0.0, exact=True,
            worst_peak=0.0, least_burden=0.0, most_burden=0.0, idle=rules.idle,
        )  # fmt: skip
    if len(vessels) <= MOST_EXACT:
        return _exact(step_costs(situation, vessels, rules, threads=threads), vessels, rules)
    return _walked(situation, vessels, rules)


def step_costs(
    situation: Situation, vessels: Sequence[str], rules: OrderRules, *, threads: int | None = None
) -> Reals:
    """(2, 2**s) worst rise of A and of B for every set of steps done; infinite where no order may pass."""
    systems = [situation.ports(vessels, beds) for beds in BEDS]
    before = np.array([situation.before[beds] for beds in BEDS])
    costs = clamp_costs(systems, before, situation.child, threads=threads)
    for child, cap in enumerate(_caps(situation)):
        np.clip(costs[child], None, cap, out=costs[child])
    if len(rules.steps) < len(vessels):
        costs = np.ascontiguousarray(costs[:, rules.vessel_states()])
    if rules.pairs:
        costs[:, ~rules.allowed()] = np.inf
    return costs


def _caps(situation: Situation) -> Pair:
    """Largest rise that any region of A and of B can have: up to its arteries."""
    least = np.minimum(*(situation.before[beds] for beds in BEDS))
    room = situation.arterial - least
    return tuple(
        float(room[situation.child == c].max()) if (situation.child == c).any() else 0.0 for c in (0, 1)
    )  # type: ignore[return-value]


def _exact(costs: Reals, vessels: Sequence[str], rules: OrderRules) -> DivisionOrder:
    from separatrix.body.vessels.order_kernel import least_over_orders

    order = best_order(costs)
    least = best_order(costs, "burden").value
    worse = costs.max(axis=0)
    may = np.isfinite(worse)
    most = np.where(may, -np.maximum(worse, 0.0), np.inf)
    least_over_orders(most, True)
    return DivisionOrder(
        steps=tuple(tuple(vessels[i] for i in rules.steps[s]) for s in order.sequence),
        peak=order.peak,
        burden=order.burden,
        bound=order.bound,
        exact=True,
        worst_peak=float(worse[1:][may[1:]].max()),
        least_burden=least,
        most_burden=0.0 - float(most[-1]),
        idle=rules.idle,
    )


def _walked(situation: Situation, vessels: Sequence[str], rules: OrderRules) -> DivisionOrder:
    """One step after the other, each the best for the child worse off; honest about its bound."""
    s = len(rules.steps)
    member = np.zeros((s, len(vessels)), dtype=bool)
    for number, step in enumerate(rules.steps):
        member[number, list(step)] = True
    done: list[int] = []
    rows: list[Reals] = []
    while len(done) < s:
        ready = [v for v in range(s) if v not in done and all(u in done for u, w in rules.pairs if w == v)]
        closed = member[done].any(axis=0) | member[ready]
        worst, _ = situation.harm(vessels, closed)
        best = min(range(len(ready)), key=lambda i: (float(worst[i].max()), float(worst[i].min()), ready[i]))
        done.append(ready[best])
        rows.append(worst[best])
    steps = np.array(rows).T
    peak, burden = peaks_and_burdens(steps)
    end = float(steps[:, -1].max())
    return DivisionOrder(
        steps=tuple(tuple(vessels[i] for i in rules.steps[d]) for d in done),
        peak=peak,
        burden=burden,
        bound=end,
        exact=bool(max(peak) <= end + 1e-9),
        worst_peak=None,
        least_burden=None,
        most_burden=None,
        idle=rules.idle,
    )
