"""One, two or three operations and an early occlusion side by side, and what the model may recommend."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from separatrix.body.vessels.circulation import BEDS
from separatrix.body.vessels.course import follow
from separatrix.body.vessels.fairness import Pair
from separatrix.body.vessels.growth import Growth
from separatrix.body.vessels.model import Reals, VesselKind
from separatrix.body.vessels.operations import best_operations
from separatrix.body.vessels.planning import Plan, Task
from separatrix.body.vessels.situation import Situation
from separatrix.body.vessels.waiting import Grower, Law, central_law, drawn_laws
from separatrix.body.vessels.wishes import order_rules
from separatrix.case import Case
from separatrix.core import Twin
from separatrix.evidence import EvidenceReader

_WORDS = ("one operation", "two operations", "three operations")

_SINUS = (VesselKind.CIRCUMFERENTIAL_SINUS, VesselKind.DURAL_SINUS)

_PAIRS_UP_TO = 24
"""Steps up to which every pair of them is tried as a first operation; above, only single ones."""

Stages = tuple[tuple[str, ...], ...]
"""Vessels of each operation in their order."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Staging:
    """What is needed to reckon any arrangement of one plan's vessels."""

    task: Task
    plan: Plan
    grower: Grower
    law: Law

    def linear_rises(self, stages: Stages, law: Law) -> list[tuple[Situation, Reals]]:
        """For each operation the pair as it comes to it, and (steps, 2) worst rises by the linear search."""
        vessels = list(itertools.chain(*stages))
        done: list[str] = []
        found = []
        for stage in stages:
            grown = self.grower.after(done, law) if done else self.plan.situation
            left = vessels[len(done) :]
            rises, _ = grown.shut(done).harm(left, np.tri(len(stage), len(left), dtype=bool))
            found.append((grown, rises))
            done += stage
        return found

    def telling(self, stages: Stages) -> list[list[int]]:
        """For each operation the steps at which the linear search has a child's peak, and the last one."""
        return [
            sorted({*map(int, rises.argmax(axis=0)), len(rises) - 1})
            for _, rises in self.linear_rises(stages, self.law)
        ]

    def peak(self, stages: Stages, law: Law, telling: Sequence[Sequence[int]]) -> Pair:
        """Largest worst rise of A and of B at the telling steps, by the full model."""
        done: list[str] = []
        first = self.plan.situation
        worst = np.full(2, -np.inf)
        for stage, steps in zip(stages, telling, strict=True):
            grown = self.grower.after(done, law) if done else first
            for step in steps:
                closed = [*done, *stage[: step + 1]]
                for beds in BEDS:
                    regions = grown.state(closed, beds).region_pressure
                    worst = np.maximum(worst, first.worst_rise(first.rise(regions[None], beds))[0])
            done += stage
        return float(worst[0]), float(worst[1])

    def rank(self, stages: Stages) -> tuple[float, float]:
        """The larger peak and the other's, by the linear search."""
        peak = np.max([rises.max(axis=0) for _, rises in self.linear_rises(stages, self.law)], axis=0)
        return round(float(peak.max()), 9), round(float(peak.min()), 9)


def compare_operations(
    task: Task, plan: Plan, *, case: Case, evidence: EvidenceReader, seed: int
) -> list[dict[str, Any]]:
    """Arrangements side by side.

    Parameters
    ----------
    task, plan
        The end state and its order in one operation.
    case
        How many operations are asked for.
    evidence
        Growth law with its ranges; what is worth recommending.
    seed
        Of the draws of the law.

    Returns
    -------
    list of dict
        One row for each arrangement: vessels by operation, peak rise of each child, the advantage over one
        operation with its spread over the draws, whether it is recommended and why (not), what is left out.
    """
    share = evidence.number("division.growth.reference_share")
    staging = _Staging(
        task=task,
        plan=plan,
        grower=Grower.of(plan.situation, task.graph, share, spared=plan.order.vessels),
        law=central_law(evidence),
    )
    one: Stages = (plan.order.vessels,)
    arrangements = [(_WORDS[0], one, plan.order.exact)]
    if len(plan.order.steps) > 1:
        for count in (2, 3):
            if count <= len(plan.order.steps):
                stages, exact = _best_stages(staging, count, evidence)
                arrangements.append((_WORDS[count - 1], stages, exact))
        if early := _best_occlusion(staging, evidence):
            arrangements.append(("early occlusion by catheter, then one operation", early, False))
    rows = [_row(staging, name, stages, exact, evidence, seed) for name, stages, exact in arrangements]
    _recommend(rows, case, evidence.number("division.advantage_least"))
    return rows


def _best_stages(staging: _Staging, count: int, evidence: EvidenceReader) -> tuple[Stages, bool]:
    """The best arrangement found, and whether it is proven to be the best under the assumed law."""
    steps = staging.plan.order.steps
    bound_by_wishes = any(w.kind in ("before", "first", "together") for w in staging.task.wishes.items)
    may_search = len(steps) <= evidence.count("division.staged_exact_up_to") and not bound_by_wishes
    candidates = list(_splits(staging, count))
    if may_search:
        candidates.insert(0, _searched(staging, count))
    best = min(candidates, key=staging.rank)
    return best, may_search


def _searched(staging: _Staging, count: int) -> Stages:
    """All pairs of sets."""
    situation, vessels = staging.plan.situation, staging.plan.order.vessels
    index = situation.circulation.edge_index
    candidates = np.array([index[v] for v in vessels], dtype=np.int64)
    edges = np.setdiff1d(staging.grower.edges, candidates)
    place = np.searchsorted(staging.grower.edges, edges)
    w = situation.circulation.wiring
    supplies = np.array([n for n, _, arterial in w.held_nodes if arterial], dtype=np.int64)
    found = best_operations(
        [situation.networks[b] for b in BEDS],
        candidates,
        w.territory_nodes,
        situation.child,
        count=count,
        growth=Growth(
            edges=edges,
            reference=np.maximum(*(staging.grower.reference[b][place] for b in BEDS)),
            rate=staging.law.rate,
            most=staging.law.most,
        ),
        supplies=[supplies, supplies],
        baseline=np.array([situation.before[b] for b in BEDS]),
        threads=staging.task.threads,
    )
    return tuple(tuple(vessels[i] for i in operation) for operation in found.operations)


def _splits(staging: _Staging, count: int) -> Iterator[Stages]:
    """Arrangements that follow the wishes: splits of the order, and small first sets."""
    steps = staging.plan.order.steps
    two = list(_two_stages(staging))
    if count == 2:
        yield from two
        return
    best = min(two, key=staging.rank)
    flat = [s for s in steps if set(s) <= set(best[1])]
    for cut in range(1, len(flat)):
        yield best[0], _joined(flat[:cut]), _joined(flat[cut:])
    flat = [s for s in steps if set(s) <= set(best[0])]
    for cut in range(1, len(flat)):
        yield _joined(flat[:cut]), _joined(flat[cut:]), best[1]
    yield best


def _two_stages(staging: _Staging) -> Iterator[Stages]:
    steps = staging.plan.order.steps
    for cut in range(1, len(steps)):
        yield _joined(steps[:cut]), _joined(steps[cut:])
    rules = order_rules(staging.task.wishes, sorted(staging.plan.order.vessels))
    names = sorted(staging.plan.order.vessels)
    number = {frozenset(names[i] for i in step): s for s, step in enumerate(rules.steps)}
    for size in (1, 2) if len(steps) <= _PAIRS_UP_TO else (1,):
        for first in itertools.combinations(range(len(steps)), size):
            chosen = {number[frozenset(steps[i])] for i in first}
            if all(u in chosen for u, v in rules.pairs if v in chosen):
                rest = [s for i, s in enumerate(steps) if i not in first]
                if rest:
                    yield _joined([steps[i] for i in first]), _joined(rest)


def _joined(steps: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(itertools.chain(*steps))


def _best_occlusion(staging: _Staging, evidence: EvidenceReader) -> Stages | None:
    """The vessel that a catheter should close first; None where it reaches none."""
    least = evidence.number("division.occlusion_radius_least")
    edges = {e.id: e for e in staging.task.graph.edges}
    reached = {
        v
        for v in staging.plan.order.vessels
        if edges[v].kind in _SINUS and sum(edges[v].radius_mm) / len(edges[v].radius_mm) >= least
    }
    found = [s for s in _two_stages(staging) if set(s[0]) <= reached]
    return min(found, key=staging.rank) if found else None


def _row(
    staging: _Staging,
    name: str,
    stages: Stages,
    exact: bool,
    evidence: EvidenceReader,
    seed: int,
) -> dict[str, Any]:
    telling = staging.telling(stages)
    peak, alone = staging.peak(stages, staging.law, telling), staging.plan.peak
    early = [v for stage in stages[:-1] for v in stage]
    laws = list(drawn_laws(evidence, seed, early)) if early else []
    gains = np.array([max(alone) - max(staging.peak(stages, law, telling)) for law in laws])
    is_early = name.startswith("early")
    row: dict[str, Any] = {
        "name": name,
        "operations": 1 if is_early else len(stages),
        "early_occlusion": list(stages[0]) if is_early else [],
        "vessels": [list(s) for s in stages],
        "peak_mmHg": {t.value: round(p, 6) for t, p in zip(Twin, peak, strict=True)},
        "advantage_mmHg": round(max(alone) - max(peak), 6) + 0.0,
        "exact": exact,
        "left_out": _left_out(name, len(stages), evidence),
        "growth": "assumed" if early else "none",
    }
    if len(gains):
        row["advantage_over_draws_mmHg"] = {
            "no_growth": round(float(gains[0]), 6) + 0.0,
            "clot": {v: round(float(gains[1 + i]), 6) + 0.0 for i, v in enumerate(early)},
            **{f"q{q:02d}": round(float(np.quantile(gains, q / 100)), 6) + 0.0 for q in (5, 50, 95)},
        }
        least = evidence.number("division.advantage_least")
        share = evidence.number("division.advantage_vanishes")
        gone = int((gains <= 0.05).sum())
        row["draws"], row["vanishes_in"] = len(gains), gone
        row["recommended"] = row["advantage_mmHg"] >= least and gone <= share * len(gains)
        row["because"] = _because(float(row["advantage_mmHg"]), least, gone, len(gains), share)
    else:
        row |= {
            "draws": 0,
            "vanishes_in": 0,
            "recommended": False,
            "because": "what the others are held against",
        }
    return row


def _left_out(name: str, operations: int, evidence: EvidenceReader) -> str:
    if name.startswith("early"):
        return evidence.text("division.left_out.occlusion")
    return evidence.text("division.left_out.one" if operations == 1 else "division.left_out")


def _because(advantage: float, least: float, gone: int, draws: int, share: float) -> str:
    if advantage < least:
        return f"not recommended: the advantage of {advantage:.1f} mmHg is under {least:g} mmHg"
    if gone > share * draws:
        return (
            f"not recommended: the advantage of {advantage:.1f} mmHg is gone in {gone} of {draws} draws of "
            "the growth law"
        )
    return f"an advantage of {advantage:.1f} mmHg that is gone in {gone} of {draws} draws of the growth law"


def _recommend(rows: list[dict[str, Any]], case: Case, least_mmHg: float) -> None:
    """At most one arrangement is recommended: the simplest that no further one beats by enough."""
    best = None
    for row in sorted(rows, key=lambda r: len(r["vessels"])):
        gain = row["advantage_mmHg"] - (best["advantage_mmHg"] if best else 0.0)
        if not row["recommended"]:
            continue
        if best is not None and gain < least_mmHg:
            row["recommended"] = False
            row["because"] += f"; but no more than {gain:.1f} mmHg better than {best['name']}"
            continue
        if best is not None:
            best["recommended"] = False
            best["because"] += f"; {row['name']} is better by {gain:.1f} mmHg"
        best = row
    asked = case.file.operations
    for row in rows:
        if asked == "auto":
            row["chosen"] = row is (best or rows[0])
        else:
            row["chosen"] = not row["early_occlusion"] and row["operations"] == asked
    if not any(row["chosen"] for row in rows):  # fewer vessels than operations asked for
        rows[-1 if len(rows) == 1 else max(i for i, r in enumerate(rows) if not r["early_occlusion"])][
            "chosen"
        ] = True


def arranged(task: Task, plan: Plan, row: Mapping[str, Any], evidence: EvidenceReader) -> Plan:
    """The plan in the operations of a row, followed with growth as assumed between them."""
    stages: list[list[str]] = [list(s) for s in row["vessels"]]
    if len(stages) == 1:
        return plan
    share = evidence.number("division.growth.reference_share")
    grower = Grower.of(plan.situation, task.graph, share, spared=plan.order.vessels)
    law, done = central_law(evidence), list[str]()
    courses = [(plan.situation, [*plan.situation.made, *stages[0]])]
    for before, stage in itertools.pairwise(stages):
        done += before
        courses.append((grower.after(done, law), stage))
    number = {v: n for n, stage in enumerate(stages, 1) for v in stage}
    steps = sorted(plan.order.steps, key=lambda s: list(itertools.chain(*stages)).index(s[0]))
    return replace(
        plan, order=replace(plan.order, steps=tuple(steps)), moments=follow(courses), operation_of=number,
        occluded=tuple(row["early_occlusion"]),
    )  # fmt: skip
