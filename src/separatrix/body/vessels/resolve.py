"""When the day goes another way: what is left to divide, planned anew from what is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from separatrix.body.anatomy import Anatomy
from separatrix.body.vessels.assignment import build_assignment, still_joined
from separatrix.body.vessels.circulation import CirculationInputs
from separatrix.body.vessels.divide import nothing_to_divide, prepare_task, told
from separatrix.body.vessels.model import Division, VesselGraph
from separatrix.body.vessels.parameters import Values
from separatrix.body.vessels.planning import Task, make_plan
from separatrix.body.vessels.wishes import Wish, Wishes
from separatrix.case import Case
from separatrix.core import Fault, InputError, near_names
from separatrix.evidence import EvidenceReader


def resolve(
    graph: VesselGraph,
    *,
    case: Case,
    anatomy: Anatomy | None,
    evidence: EvidenceReader,
    after: Sequence[str],
    failed: Sequence[str] = (),
    threads: int = 1,
    inputs: CirculationInputs | None = None,
    values: Values | None = None,
) -> Division:
    """Plan what is left once some vessels are divided and some test clamps have failed.

    Parameters
    ----------
    graph, case, anatomy, evidence, threads, inputs, values
        As for `divide`.
    after
        Vessels divided so far.
    failed
        Vessels whose test clamp failed. The end state is chosen so that they stay whole; what must be divided
        all the same is left for a later operation.

    Returns
    -------
    Division
        Of what is left; rises are over the state before the first division of the day. Operations, draws and
        prices are left to the full plan.

    Raises
    ------
    InputError
        If a vessel is not in the graph, or both divided and failed.
    InfeasibleError
        If the wishes leave no end state.
    """
    _check(graph, after, failed)
    task = prepare_task(
        graph, case=case, anatomy=anatomy, evidence=evidence, threads=threads, inputs=inputs, values=values
    )
    task = _from_here(task, after, failed)
    if still_joined(task.graph, task.gone) is None:
        division = nothing_to_divide(task)
        return replace(division, title="Nothing is left to divide: the children share no vessel any more")
    division = told(task, make_plan(task), evidence)
    kept = [v for v in failed if v not in task.postponed]
    notes = [f"After {', '.join(after) or 'nothing'}: what is left."]
    if kept:
        notes.append(f"{', '.join(kept)}: the test clamp failed; this plan keeps what failed whole.")
    return replace(division, notes=(*notes, *division.notes))


def _check(graph: VesselGraph, after: Sequence[str], failed: Sequence[str]) -> None:
    known = {e.id for e in graph.edges}
    faults = [
        Fault(field=field, problem=f"no vessel '{name}'", mend=near_names(name, known))
        for field, names in (("after", after), ("failed", failed))
        for name in names
        if name not in known
    ]
    faults += [
        Fault(field="failed", problem=f"'{name}' is also among those divided", expected="one or the other")
        for name in failed
        if name in after
    ]
    if faults:
        raise InputError(*faults)


def _from_here(task: Task, after: Sequence[str], failed: Sequence[str]) -> Task:
    """The task with what is done closed, and each failed vessel kept whole where the children allow it."""
    wishes = Wishes(items=tuple(w for w in task.wishes.items if not _is_past(w, after)))
    kept: list[str] = []
    postponed: list[str] = []
    for vessel in failed:
        uncut = (*wishes.uncut, *kept, vessel)
        trial = build_assignment(task.graph, uncut=uncut, given=wishes.given, closed=(*wishes.closed, *after))
        (postponed if trial.clashes else kept).append(vessel)
    more = tuple(Wish(number=-1, kind="never", names=(v,), why="its test clamp failed") for v in kept)
    bound = {*kept, *postponed}
    items = tuple(
        w for w in wishes.items if w.kind not in ("before", "first", "together") or not bound & set(w.names)
    )
    return replace(
        task,
        wishes=Wishes(items=(*items, *more)),
        gone=tuple(dict.fromkeys((*task.gone, *after))),
        postponed=tuple(postponed),
        choice=None,
    )


def _is_past(wish: Wish, after: Sequence[str]) -> bool:
    """Whether a wish of order speaks only of what is done, or a vessel to be kept is divided."""
    if wish.kind in ("before", "together", "first"):
        return set(wish.names) <= set(after)
    return wish.kind in ("never", "sacrifice") and wish.names[0] in after
