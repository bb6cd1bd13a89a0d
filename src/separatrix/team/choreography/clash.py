"""Why there is no plan: the facts that cannot all hold, none of them to spare.

Facts are taken away, many at a time, as long as there is still no plan; what is left cannot be made
smaller. Whether there is a plan is asked of the planner itself, so a clash is either proven by counting or
by the solver, or it says that no plan was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from separatrix.core import InfeasibleError
from separatrix.core.progress import Progress, silent
from separatrix.team.choreography.arrays import compile_procedure
from separatrix.team.choreography.bounds import order_bounds
from separatrix.team.choreography.checker import check
from separatrix.team.choreography.decode import decode_once, search
from separatrix.team.choreography.explanation_model import Clash, Fact, Named
from separatrix.team.choreography.facts import facts_of, order_fact, quoted, skills_asked, without
from separatrix.team.choreography.model import Schedule
from separatrix.team.choreography.plan import choreograph
from separatrix.team.choreography.relaxation import relax
from separatrix.team.choreography.script import script_of
from separatrix.team.protocol.model import Activity, Cover, Precedence, Procedure
from separatrix.team.protocol.network import circle, earliest_starts
from separatrix.team.protocol.staffing import hours_text, shortages

MOST_CLASHES = 4
"""So many are told; mend those first."""

RESCUE_STEPS, LOOK_STEPS = 40, 8
"""Steps of each chain of the search before *no plan was found*: for what is told, and on the way there."""

MOST_TO_SEARCH, LARGE_STEPS = 40, 2
"""With more steps than this, a search is as short as this: each of its plans takes long."""

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
        if circle(procedure.precedences) or short_of(procedure):
            return None
        schedule = choreograph(procedure, effort="first", seed=self.seed, threads=self.threads)
        if schedule.status != "infeasible":
            return None if check(procedure, schedule) else schedule
        if "lacking" not in schedule.facts:
            return None
        if len(procedure.activities) > MOST_TO_SEARCH:
            steps = min(steps, LARGE_STEPS)
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

    def proof(self, procedure: Procedure) -> str:
        """How it is proven that there is no plan; empty where it is not."""
        schedule = choreograph(procedure, effort="first", seed=self.seed, threads=self.threads)
        if schedule.status == "infeasible" and "lacking" not in schedule.facts:
            return f"proven by counting: {schedule.because}"
        if short := short_of(procedure):
            return f"proven by counting: {short}"
        horizon = _last_minute(procedure)
        last = {a.id: horizon for a in procedure.activities}
        relaxed = relax(
            _of_the_day(procedure), latest_end_min=last, horizon_min=horizon, effort=PROOF_S, seed=self.seed
        )
        if relaxed.status == "infeasible":
            return "proven by the constraint solver, which even left breaks and handovers out"
        return ""


def short_of(procedure: Procedure) -> str:
    """A lack of people that any plan would have, in words; empty where counting finds none."""
    titles = {f"skill:{skill}": skill.replace("_", " ") for skill in skills_asked(procedure)}
    counted = replace(procedure, titles=titles | dict(procedure.titles), standby=None)
    return next((shortage.problem for shortage in shortages(counted)), "")


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


def clashes(procedure: Procedure, judge: Judge, *, progress: Progress = silent) -> tuple[Clash, ...]:
    """Everything that makes a procedure impossible to plan, one clash after the other.

    Parameters
    ----------
    procedure
        For which no plan was found.
    judge
        Says whether there is a plan.
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
    facts = facts_of(procedure)
    gone: list[Fact] = []
    found: list[Clash] = []
    while len(found) < MOST_CLASHES and judge.plan(without(procedure, gone)) is None:
        progress(len(found) / MOST_CLASHES, "what clashes")
        left = [fact for fact in facts if fact not in gone]
        core = smallest(
            left,
            lambda kept, gone=tuple(gone), left=left: (  # type: ignore[misc]
                judge.plan(_only(procedure, left, kept, gone), steps=LOOK_STEPS) is None
            ),
        )
        if not core:
            break
        found.append(_told(procedure, core, [f for f in facts if f not in core], judge))
        more = next((n.fact for n in found[-1].named if not n.is_enough), None)
        if more is None:
            break
        gone.append(more)
    return tuple(found)


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
