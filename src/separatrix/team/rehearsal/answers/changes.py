"""What to change: candidate changes rehearsed with the same draws as the plan, run by run.

Draws belong to what they are for (`docs/method/rehearsal-rules.md`), so that a rehearsal of the changed plan
meets the same lengths, complications and losses. The difference of the two then has hardly any of their
spread, and a few hundred pairs tell what hundreds of thousands of unpaired rehearsals would.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from separatrix.core.progress import Progress, silent
from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.answers.candidates import Candidate
from separatrix.team.rehearsal.answers.matrix import tally_cells
from separatrix.team.rehearsal.answers.model import Cell, Change, Effect
from separatrix.team.rehearsal.answers.readiness import script_findings
from separatrix.team.rehearsal.answers.statistics import interval_of
from separatrix.team.rehearsal.play.arrays import Floats, Ints
from separatrix.team.rehearsal.play.compile import Compiled, compile_procedure
from separatrix.team.rehearsal.runs.rows import Rows, rehearse_table

CELLS_SHORT = "cells_short"
"""Outcome: of the forced cells that are not covered, how many were late or lacked somebody, per rehearsal."""

HELPS_IN = (CELLS_SHORT, "nobody", "late", "packs_short", "overtime_min", "separation_min", "end_min")
"""Outcomes by which changes are ranked, the first that two of them move unlike decides."""

FORCED_CELLS = 60
"""So many of the cells that are not covered are forced again, evenly over them."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Outcomes of one plan, rehearsal by rehearsal."""

    drawn: dict[str, Floats]
    """Outcome to (n,)."""
    forced: Floats
    """(m,) `CELLS_SHORT`."""


def paired_effect(outcome: str, before: Floats, after: Floats) -> Effect | None:
    """Mean difference of an outcome in the same rehearsals, with its 95 % interval.

    Rehearsals in which the moment came in one of the two only are left out; None if none is left.

    Examples
    --------
    >>> effect = paired_effect("end_min", np.array([10.0, 20.0, 30.0]), np.array([9.0, 19.0, 29.0]))
    >>> effect.mean, effect.low, effect.high
    (-1.0, -1.0, -1.0)
    """
    both = np.isfinite(before) & np.isfinite(after)
    told = interval_of(after[both] - before[both])
    if told is None:
        return None
    return Effect(outcome=outcome, before=float(before[both].mean()), mean=told[0], low=told[1], high=told[2])


def outcomes_of(
    compiled: Compiled, cells: Ints, *, n: int, forced_runs: int, seed: int, threads: int | None
) -> Outcomes:
    """Outcomes of a plan in rehearsals 0 to ``n - 1``, and of forced cells (q, 3) in as many as said."""
    rows = rehearse_table(compiled.arrays, compiled.layout, n=n, seed=seed, threads=threads)
    return Outcomes(_drawn(rows), shortfalls(compiled, cells, runs=forced_runs, seed=seed, threads=threads))


def _drawn(rows: Rows) -> dict[str, Floats]:
    packs = [rows.column(f"packs_short@{patient}") for patient in rows.layout.patients]
    told = {name: rows.column(name) for name in ("nobody", "late", "overtime_min", "end_min")}
    separation = rows.column("separation_min")
    if np.isfinite(separation).any():
        told["separation_min"] = separation
    return {**told, "packs_short": np.sum(packs, axis=0)}


def shortfalls(compiled: Compiled, cells: Ints, *, runs: int, seed: int, threads: int | None) -> Floats:
    """In how many of the forced cells (q, 3) somebody or something came late or not at all: (runs,)."""
    if len(cells) == 0:
        return np.zeros(runs)
    told = tally_cells(compiled, cells, runs=runs, seed=seed, threads=threads)
    return told.short.astype(np.float64)


def forced_again(compiled: Compiled, cells: Sequence[Cell]) -> Ints:
    """Cells (q, 3) that are not covered, at most `FORCED_CELLS` of them, evenly chosen, sorted."""
    names = compiled.names
    node = {name.id: i for i, name in enumerate(names.nodes)}
    complication = {name: i for i, name in enumerate(names.complications)}
    uncovered = [
        (
            node[cell.activity],
            complication[cell.complication],
            names.patients.index(cell.patient) if cell.patient else -1,
        )
        for cell in cells
        if cell.status in ("late", "nobody")
    ]
    step = max(1, -(-len(uncovered) // FORCED_CELLS))
    return np.array(sorted(uncovered)[::step], dtype=np.int64).reshape(-1, 3)


def try_changes(
    compiled: Compiled,
    schedule: Schedule,
    tried: Iterable[Candidate],
    *,
    cells: Sequence[Cell],
    n: int,
    forced_runs: int,
    seed: int,
    threads: int | None = None,
    progress: Progress = silent,
) -> tuple[Change, ...]:
    """Rehearse every candidate against the plan with the same draws, and tell those that help, best first.

    Parameters
    ----------
    compiled, schedule
        The plan as it is.
    tried
        Of `candidates`.
    cells
        Of the matrix of the plan.
    n
        Paired rehearsals of each.
    forced_runs
        Paired rehearsals of each into which the uncovered cells are forced.
    seed
        Of all draws.
    threads
        None: as many as there are processors.
    progress
        Listener.

    Returns
    -------
    tuple of Change
        Those whose interval of at least one outcome lies wholly on the better side.
    """
    forced = forced_again(compiled, cells)
    procedure = compiled.structure.procedure
    plan = outcomes_of(compiled, forced, n=n, forced_runs=forced_runs, seed=seed, threads=threads)
    keys = _keys(procedure, schedule)
    told: list[Change] = []
    listed = list(tried)
    for done, one in enumerate(listed, start=1):
        changed = compile_procedure(one.procedure, one.schedule, compiled.numbers)
        other = outcomes_of(changed, forced, n=n, forced_runs=forced_runs, seed=seed, threads=threads)
        after = _keys(one.procedure, one.schedule)
        told.append(
            Change(
                key=one.key,
                kind=one.kind,
                text=one.text,
                effects=effects_of(plan, other),
                runs=n,
                mends=tuple(sorted(keys - after)),
                brings=tuple(sorted(after - keys)),
            )
        )
        progress(done / len(listed), "rehearsing changes against the plan")
    return ranked(told)


def _keys(procedure: Procedure, schedule: Schedule) -> frozenset[str]:
    return frozenset(finding.key for finding in script_findings(procedure, schedule))


def effects_of(plan: Outcomes, other: Outcomes) -> tuple[Effect, ...]:
    """Paired effects on every outcome of two plans."""
    told = [paired_effect(CELLS_SHORT, plan.forced, other.forced)] if plan.forced.any() else []
    told += [paired_effect(name, plan.drawn[name], other.drawn[name]) for name in plan.drawn]
    return tuple(effect for effect in told if effect is not None)


def ranked(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Changes that help for sure, best first: by the outcomes of `HELPS_IN` in turn."""

    def gains(change: Change) -> tuple[float, ...]:
        sure = {effect.outcome: effect.mean for effect in change.effects if effect.high < 0.0}
        return tuple(sure.get(outcome, 0.0) for outcome in HELPS_IN)

    helping = [change for change in changes if min(gains(change)) < 0.0]
    return tuple(sorted(helping, key=lambda change: (gains(change), change.key)))
