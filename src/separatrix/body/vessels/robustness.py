"""Would the plan be another if the numbers were? Draws over radii, anastomoses, pressures and flows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from separatrix.body.vessels.choices import EndStates, harm_of
from separatrix.body.vessels.circulation import CirculationInputs
from separatrix.body.vessels.fairness import fairest
from separatrix.body.vessels.model import Bools, Reals
from separatrix.body.vessels.orders import along, best_order
from separatrix.body.vessels.parameters import Values
from separatrix.body.vessels.sequence import DivisionOrder, step_costs
from separatrix.body.vessels.situation import Situation, situation_of
from separatrix.body.vessels.wishes import Wishes, order_rules
from separatrix.core import Progress, Twin, silent
from separatrix.evidence import EvidenceReader

_SAME_MMHG = 0.1
"""Plans whose larger rises are closer than this are equally good in a draw: far under what a line shows."""

_TELLING = 0.3
"""A number tells where its mean differs by so many standard deviations between draws for and against."""

_LISTED = 6
"""Numbers listed as those that would change the answer."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Drawn:
    """What one draw says."""

    ends: Reals
    """(n, 2) harm of each end state."""
    order_peak: Reals
    """(2,) of the planned order."""
    least_peak: float
    """Larger peak of the best order of the same end state, or a bound under it."""
    numbers: Reals
    """Every number drawn."""


def assess(
    inputs: CirculationInputs,
    states: EndStates,
    order: DivisionOrder,
    wishes: Wishes,
    *,
    made: Sequence[str],
    gone: Sequence[str] = (),
    around: Values | None = None,
    evidence: EvidenceReader,
    seed: int,
    progress: Progress = silent,
) -> dict[str, Any]:
    """How the plan fares over draws of every number within its range.

    Parameters
    ----------
    inputs
        Of the graph with the vessels to be made.
    states
        End states found; the best of them (``division.best_plans``) are compared in every draw.
    order
        Of the default end state. Up to ``division.exact_up_to`` vessels the best order is found anew in
        every draw; above, the planned one is held against the bound that no order can undercut.
    made, gone
        Vessels made by wish, and divided already.
    around
        Values fitted to observations, to draw about.

    Returns
    -------
    dict
        As ``robustness`` of the result: counts of draws, regrets in mmHg, what would change the answer.
    """
    draws = evidence.count("division.draws")
    compared = min(len(states.labels), evidence.count("division.best_plans"))
    exact = len(order.vessels) <= evidence.count("division.exact_up_to")

    def one(index: int) -> _Drawn:
        values = inputs.draw(seed, index, around=around)
        situation = situation_of(inputs, values, made=made, gone=gone)
        sacrificed = [v for v in wishes.closed if v not in gone]
        ends, _ = harm_of(situation, states.assignment, states.labels[:compared], sacrificed)
        peak, least = _orders(situation, order, wishes, exact, float(ends[0].max()))
        numbers = np.array([*(values.scalar[n] for n in sorted(values.scalar)), *values.radius_factor])
        return _Drawn(ends=ends, order_peak=peak, least_peak=least, numbers=numbers)

    found: list[_Drawn] = []
    for index in range(draws):
        found.append(one(index))
        if index % 50 == 0:
            progress(index / draws, f"draw {index} of {draws}")
    names = _names(inputs)
    divided = [states.assignment.divided(labels) for labels in states.labels[:compared]]
    return _summary(found, exact, names, divided)


def _orders(
    situation: Situation, order: DivisionOrder, wishes: Wishes, exact: bool, end: float
) -> tuple[Reals, float]:
    """Peaks of the planned order, and the larger peak that the best order has or cannot undercut."""
    vessels = sorted(order.vessels)
    if not vessels:
        return np.zeros(2), 0.0
    rules = order_rules(wishes, vessels)
    step_of = {vessels[i]: s for s, step in enumerate(rules.steps) for i in step}
    if exact:
        costs = step_costs(situation, vessels, rules, threads=1)
        planned = along(costs, [step_of[step[0]] for step in order.steps]).max(axis=1)
        return planned, max(best_order(costs).peak)
    closed = np.zeros((len(order.steps), len(vessels)), dtype=bool)
    for row, step in enumerate(order.steps):
        closed[row:, [vessels.index(v) for v in step]] = True
    worst, _ = situation.harm(vessels, closed)
    return worst.max(axis=0), end


def _summary(
    found: Sequence[_Drawn], exact: bool, names: Sequence[str], divided: Sequence[Sequence[str]]
) -> dict[str, Any]:
    harm = np.array([d.ends for d in found])  # (draws, plans, 2)
    best = np.array([fairest(h) for h in harm])
    ordered = np.sort(harm, axis=2)[:, :, ::-1]
    over = ordered - ordered[np.arange(len(found)), best][:, None]
    regret = over[:, :, 0]
    is_best = (over <= _SAME_MMHG).all(axis=2)
    order_regret = np.maximum(np.array([d.order_peak.max() - d.least_peak for d in found]), 0.0)
    return {
        "draws": len(found),
        "compared": len(harm[0]),
        "orders": "found anew in every draw" if exact else "held against a bound in every draw",
        "plans": [
            _plan_row(f"E{i + 1}", divided[i], is_best[:, i], best == i, regret[:, i], harm[:, i])
            for i in _worth_listing(is_best)
        ],
        "order": {
            "stays_best": int((order_regret <= _SAME_MMHG).sum()),
            "regret_mmHg": _spread(order_regret),
            "exact": exact,
        },
        "changes_the_answer": _telling(found, ~is_best[:, 0], names),
        "note": (
            "Counts of draws over the ranges of the assumptions: how far the plan hangs on them, not the "
            "probability of an outcome. Draws are ranked by the linear search."
        ),
    }


def _worth_listing(is_best: Bools) -> list[int]:
    count = is_best.sum(axis=0)
    order = [i for i in np.argsort(-count, kind="stable") if i != 0 and count[i] > 0]
    return [0, *map(int, order[:5])]


def _plan_row(
    name: str, divided: Sequence[str], is_best: Bools, sole: Bools, regret: Reals, harm: Reals
) -> dict[str, Any]:
    return {
        "plan": name,
        "divided": list(divided),
        "as_good_as_the_best": int(is_best.sum()),
        "the_best": int(sole.sum()),
        "regret_mmHg": _spread(regret),
        "rise_mmHg": {t.value: _spread(harm[:, i]) for i, t in enumerate(Twin)},
    }


def _spread(values: Reals) -> dict[str, float]:
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return {"q05": round(float(low), 3), "q50": round(float(middle), 3), "q95": round(float(high), 3)}


def _names(inputs: CirculationInputs) -> list[str]:
    words = {
        "map": "arterial pressure", "cvp": "central venous pressure", "icp": "intracranial pressure",
        "cbf": "cerebral blood flow", "viscosity": "viscosity of the blood",
        "deep_share": "deep venous outflow", "emissary_share": "emissary outflow",
        "venous_reference": "reference venous pressure", "anastomosis_share": "pial anastomoses",
        "autoregulation_limit": "limit of autoregulation", "jugular_external": "pressure around the jugulars",
        "crossing_artery_share": "supply by crossing arteries", "heart_to_junction": "distance to the hearts",
    }  # fmt: skip
    found = []
    for name in sorted(inputs.central().scalar):
        stem, _, child = name.rpartition(".") if name[-2:] in (".A", ".B") else (name, "", "")
        stem = stem.removesuffix(".")
        told = words.get(stem, "height of the heart" if stem.startswith("heart_height") else stem)
        phase = stem.partition(".")[2]
        found.append(f"{told}{f' ({phase})' if phase else ''}{f' of {child}' if child else ''}")
    return found + [f"radius of {e.id}" for e in inputs.graph.edges]


def _telling(found: Sequence[_Drawn], against: Bools, names: Sequence[str]) -> list[dict[str, Any]]:
    """Numbers that are clearly higher or lower in the draws in which another end state is better."""
    if not against.any() or against.all():
        return []
    numbers = np.array([d.numbers for d in found])
    spread = numbers.std(axis=0)
    moved = np.zeros(len(names))
    varies = spread > 1e-12 * np.maximum(np.abs(numbers).max(axis=0), 1e-12)
    shift = numbers[against].mean(axis=0) - numbers[~against].mean(axis=0)
    moved[varies] = shift[varies] / spread[varies]
    rows = [int(i) for i in np.argsort(-np.abs(moved), kind="stable")[:_LISTED] if abs(moved[i]) >= _TELLING]
    return [
        {
            "what": names[i],
            "direction": "higher" if moved[i] > 0 else "lower",
            "effect": round(float(moved[i]), 2),
        }
        for i in rows
    ]
