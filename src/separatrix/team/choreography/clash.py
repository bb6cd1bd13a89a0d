"""Why there is no plan: the facts that cannot all hold, none of them to spare.

Facts are taken away, many at a time, as long as there is still no plan; what is left cannot be made
smaller. Whether there is a plan is asked of the planner itself, so a clash is either proven by counting or
by the solver, or it says that no plan was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from separatrix.core import InfeasibleError
from separatrix.core.progress import Progress, silent
from separatrix.team.choreography.arrays import compile_procedure, no_past
from separatrix.team.choreography.bounds import order_bounds
from separatrix.team.choreography.checker import check
from separatrix.team.choreography.counting import lack_by_counting
from separatrix.team.choreography.decode import decode_once, first_genes, search
from separatrix.team.choreography.explanation_model import Clash, Fact, Named
from separatrix.team.choreography.facts import facts_of, order_fact, quoted, without
from separatrix.team.choreography.model import Schedule
from separatrix.team.choreography.plan import choreograph
from separatrix.team.choreography.relaxation import relax
from separatrix.team.choreography.script import script_of
from separatrix.team.protocol.model import Activity, Cover, Precedence, Procedure
from separatrix.team.protocol.network import circle, earliest_starts
from separatrix.team.protocol.staffing import hours_text

MOST_CLASHES = 4
"""So many are told; mend those first."""

RESCUE_STEPS, LOOK_STEPS = 40, 8
"""Steps of each chain of the search before *no plan was found*: for what is told, and on the way there."""

MOST_TO_SEARCH = 40
"""With more steps than this nothing is searched: a few orders are tried, each up to the first lack."""

TARGET_SHARES = (0.9, 0.7, 0.5)
"""Shares of the longest stretch of cover that are tried there."""

PROOF_S = 2.0
"""Deterministic seconds of the solver for a proof that there is no plan."""

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Says whether there is a plan."""

    seed: int = 1
    threads: int = 1

    def plan(self, procedure: Procedure, *, steps: int = RESCUE_STEPS) -> Schedule | None:
        """A plan that keeps every rule, or None where none was found."""
        if circle(procedure.precedences) or lack_by_counting(procedure):
            return None
        if len(procedure.activities) > MOST_TO_SEARCH:
            return self._plan_of_large(procedure)
        schedule = choreograph(procedure, effort="first", seed=self.seed, threads=self.threads)
        if schedule.status != "infeasible":
            return None if check(procedure, schedule) else schedule
        if "lacking" not in schedule.facts:
            return None
        compiled = compile_procedure(procedure)
        best = search(
            compiled,
            decode_once(compiled),
            steps=steps,
            seed=self.seed,
            threads=self.threads,
            purpose="rescue",
        )
        found = script_of(compiled, best, order_bounds(compiled), seed=self.seed)
        return None if best.missing or check(procedure, found) else found

    def _plan_of_large(self, procedure: Procedure) -> Schedule | None:
        from separatrix.team.choreography.feasible_kernel import starts_if_feasible

        try:
            compiled = compile_procedure(procedure)
        except InfeasibleError:
            return None
        problem, genes = compiled.problem, first_genes(compiled)
        past, parts = no_past(problem), (genes.priority, genes.person_cost)
        loose = starts_if_feasible(problem, past, *parts, genes.target, genes.predicted, False)
        for share in TARGET_SHARES if len(loose) else ():
            shortest = problem.cover_shortest + problem.handover
            target = np.maximum((share * problem.cover_longest).astype(np.int64), shortest)
            if len(starts_if_feasible(problem, past, *parts, target, loose, True)):
                found = decode_once(compiled, genes=replace(genes, target=target, predicted=loose), rounds=1)
                plan = script_of(compiled, found, order_bounds(compiled), seed=self.seed)
                if not found.missing and not check(procedure, plan):
                    return plan
        return None

    def proof(self, procedure: Procedure) -> str:
        """How it is proven that there is no plan; empty where it is not."""
        if lack := lack_by_counting(procedure):
            return f"proven by counting: {lack}"
        horizon = _last_minute(procedure)
        last = {a.id: horizon for a in procedure.activities}
        relaxed = relax(
            _of_the_day(procedure), latest_end_min=last, horizon_min=horizon, effort=PROOF_S, seed=self.seed
        )
        if relaxed.status == "infeasible":
            return "proven by the constraint solver, which even left breaks and handovers out"
        return ""


def _of_the_day(procedure: Procedure) -> Procedure:
    """Without those who stand by for a reopening: they take no part."""
    return replace(procedure, people=tuple(p for p in procedure.people if p.pool != "standby"))


def _last_minute(procedure: Procedure) -> int:
    """Every procedure that can be planned without breaks can be planned to end by then.

    Moved as early as it will go, each start is a fixed moment or follows upon others.
    """
    grid = max(procedure.rules.grid_min, 1)
    work = sum(a.planned_min + grid for a in procedure.activities)
    waits = sum(max(link.lag_min, 0) + grid for link in procedure.precedences)
    moments = [a.earliest_min for a in procedure.activities] + [p.shift_min[0] for p in procedure.people]
    moments += [end for room in procedure.rooms for _, end in room.closed_min]
    return work + waits + max(moments, default=0)


def clashes(
    procedure: Procedure, judge: Judge, *, because: str = "", progress: Progress = silent
) -> tuple[Clash, ...]:
    """Everything that makes a procedure impossible to plan, one clash after the other.

    Parameters
    ----------
    procedure
        For which no plan was found.
    judge
        Says whether there is a plan.
    because
        What the closest plan lacks: facts of the skills that it names are given up last.
    progress
        Hears how far it is.

    Returns
    -------
    tuple of Clash
        Empty where a plan was found after all. Each clash is minimal: were any of its facts not so, the
        others would not clash. Where several clash on their own, mending one is not enough, and
        `Named.is_enough` says so.
    """
    if way := circle(procedure.precedences):
        return (_circle_clash(procedure, way, judge),)
    try:
        compile_procedure(procedure)
    except InfeasibleError as error:
        return (Clash(named=(), steps=(), is_proven=True, because=f"proven by the order alone: {error}"),)
    facts = _suspects_last(procedure, because)
    gone: list[Fact] = []
    found: list[Clash] = []
    while len(found) < MOST_CLASHES and judge.plan(without(procedure, gone)) is None:
        progress(len(found) / MOST_CLASHES, "what clashes")
        left = [fact for fact in facts if fact not in gone]
        core = _core(procedure, left, gone, judge)
        if not core:
            break
        found.append(_told(procedure, core, [f for f in facts if f not in core], judge))
        more = next((n.fact for n in found[-1].named if not n.is_enough), None)
        if more is None:
            break
        gone.append(more)
    return tuple(found)


def _suspects_last(procedure: Procedure, because: str) -> list[Fact]:
    """All facts; among those of people, the skills that the closest plan lacks come last."""
    facts = facts_of(procedure)
    of_people = {"skill", "shift_begin", "shift_end"}
    inside = [fact for fact in facts if fact.kind in of_people]
    skills = {person.id: person.skills for person in procedure.people}

    def suspect(fact: Fact) -> bool:
        named = [fact.about] if fact.kind == "skill" else skills[fact.about]
        return any(skill in because for skill in named)

    ranked = iter(sorted(inside, key=suspect))
    return [next(ranked) if fact.kind in of_people else fact for fact in facts]


def _core(procedure: Procedure, left: Sequence[Fact], gone: Sequence[Fact], judge: Judge) -> list[Fact]:
    """Facts that clash, none to spare: by counting as far as it goes, then by planning; groups first."""

    def made(kept: Sequence[Fact]) -> Procedure:
        return _only(procedure, left, kept, gone)

    def counted(kept: Sequence[Fact]) -> bool:
        return bool(lack_by_counting(made(kept)))

    def unplanned(kept: Sequence[Fact]) -> bool:
        return judge.plan(made(kept), steps=LOOK_STEPS) is None

    core = list(left)
    for clash in (counted, unplanned):
        if clash is unplanned or clash(core):
            groups = _groups(procedure, core)
            guilty = smallest(groups, lambda kept, clash=clash: clash([f for g in kept for f in g]))  # type: ignore[misc]
            core = smallest([fact for group in guilty for fact in group], clash)
    return core


def _groups(procedure: Procedure, facts: Sequence[Fact]) -> list[list[Fact]]:
    """Shifts of the people with the same skills together; every other fact of people and rules alone, things
    by kind."""
    skills = {person.id: tuple(sorted(person.skills)) for person in procedure.people}
    groups: dict[object, list[Fact]] = {}
    for fact in facts:
        key: object = (fact.kind, fact.about)
        if fact.kind in ("shift_begin", "shift_end"):
            key = skills[fact.about]
        elif fact.kind not in ("skill", "break", "duty", "handover"):
            key = fact.kind
        groups.setdefault(key, []).append(fact)
    return list(groups.values())


def _only(
    procedure: Procedure, left: Sequence[Fact], kept: Iterable[Fact], gone: Iterable[Fact]
) -> Procedure:
    held = set(kept)
    return without(procedure, [*gone, *(fact for fact in left if fact not in held)])


def smallest(items: Sequence[_Item], clash: Callable[[Sequence[_Item]], bool]) -> list[_Item]:
    """Items that clash and cannot be made fewer by leaving any one out.

    Parameters
    ----------
    items
        All of them clash; what stands first is left out first.
    clash
        Whether some of them clash.

    Examples
    --------
    >>> smallest(range(10), lambda kept: {3, 7} <= set(kept))
    [3, 7]
    """
    kept = list(items)
    size = max(len(kept) // 2, 1)
    while True:
        at, shrunk = 0, False
        while at < len(kept):
            fewer = kept[:at] + kept[at + size :]
            if clash(fewer):
                kept, shrunk = fewer, True
            else:
                at += size
        if size == 1 and not shrunk:
            return kept
        size = max(size // 2, 1)


def _told(procedure: Procedure, core: Sequence[Fact], others: Sequence[Fact], judge: Judge) -> Clash:
    bare = without(procedure, others)
    proof = judge.proof(bare)
    named = tuple(
        Named(fact=fact, is_enough=judge.plan(without(procedure, [fact])) is not None) for fact in core
    )
    because = proof or (
        "no plan was found with these and without anything else that could stand in the way; this is no "
        "proof that there is none"
    )
    return Clash(named=named, steps=_steps(bare, judge), is_proven=bool(proof), because=because)


def _steps(bare: Procedure, judge: Judge) -> tuple[str, ...]:
    """The fewest steps and covers between which it still clashes, in words."""
    asking: list[Activity | Cover] = [*(a for a in bare.activities if _asks(a)), *bare.covers]

    def still(kept: Sequence[Activity | Cover]) -> bool:
        return judge.plan(_between(bare, {item.id for item in kept}), steps=LOOK_STEPS) is None

    kept = smallest(asking, still) if still(asking) else asking[:1]
    starts = earliest_starts(bare)
    told = []
    for item in kept:
        start = starts[item.begins if isinstance(item, Cover) else item.id]
        if isinstance(item, Activity):
            told.append(f"{quoted(item.title)}, {hours_text(item.planned_min)} long, {_not_before(start)}")
        else:
            last = next(a for a in bare.activities if a.id == item.ends)
            end = starts[item.ends] + last.planned_min
            told.append(f"{quoted(item.title)} without a gap until {hours_text(end)} at least")
    return tuple(told)


def _not_before(minute: int) -> str:
    return f"not before {hours_text(minute)}" if minute else "from the start"


def _asks(activity: Activity) -> bool:
    return bool(
        activity.needs
        or activity.rooms
        or activity.sterile_field
        or activity.equipment
        or activity.consumables
        or activity.served_by
    )


def _between(procedure: Procedure, kept: set[str]) -> Procedure:
    """The procedure in which only some steps and covers ask for anything; the others just take their time."""
    covers = tuple(c for c in procedure.covers if c.id in kept)
    running = {c.id for c in covers}
    activities = tuple(
        replace(a, served_by=tuple(c for c in a.served_by if c in running)) if a.id in kept else _idle(a)
        for a in procedure.activities
    )
    recurring = tuple(
        replace(r, served_by=tuple(c for c in r.served_by if c in running)) for r in procedure.recurring
    )
    return replace(procedure, activities=activities, covers=covers, recurring=recurring)


def _idle(activity: Activity) -> Activity:
    return replace(
        activity,
        needs=(),
        rooms=(),
        sterile_field=(),
        equipment={},
        consumables={},
        served_by=(),
        continuity="",
    )


def _circle_clash(procedure: Procedure, way: Sequence[str], judge: Judge) -> Clash:
    """The ties of a circle of waiting; taking out any one opens it, where there is no other circle."""
    names = set(way)
    inside = [p for p in procedure.precedences if p.before in names and p.after in names]
    ties = inside if circle(inside) else list(procedure.precedences)

    def turns(kept: Sequence[Precedence]) -> bool:
        return bool(circle(kept))

    core = list(dict.fromkeys(order_fact(procedure, tie) for tie in smallest(ties, turns)))
    titles = {a.id: a.title for a in procedure.activities}
    return Clash(
        named=tuple(Named(fact=f, is_enough=judge.plan(without(procedure, [f])) is not None) for f in core),
        steps=tuple(quoted(titles[name]) for name in dict.fromkeys(way)),
        is_proven=True,
        because="proven by the order alone: these steps wait for each other in a circle",
    )
