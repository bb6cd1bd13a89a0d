"""The verb of the room: from a procedure to its script."""

from __future__ import annotations

from collections import Counter
from typing import Literal

import numpy as np

from separatrix.core import InfeasibleError
from separatrix.core.progress import Progress, silent
from separatrix.core.runtime import available_threads
from separatrix.team.choreography.arrays import Compiled, Ints, compile_procedure
from separatrix.team.choreography.bounds import Bounds, order_bounds, proven_bounds
from separatrix.team.choreography.counting import lack_by_counting
from separatrix.team.choreography.decode import Decoded, decode_once, first_genes, search
from separatrix.team.choreography.model import Schedule
from separatrix.team.choreography.relaxation import Relaxation
from separatrix.team.choreography.script import script_of
from separatrix.team.protocol.model import Procedure

Effort = Literal["first", "standard", "thorough"]

STEPS: dict[Effort, tuple[int, ...]] = {"first": (), "standard": (50,) * 4, "thorough": (200,) * 20}
"""Rounds of search and steps of each chain in a round; every round goes on from the best."""

PROOF_S = 2.0
"""Deterministic seconds of the solver for each bound."""


def choreograph(
    procedure: Procedure,
    *,
    effort: Effort = "standard",
    seed: int = 1,
    threads: int | None = None,
    progress: Progress = silent,
) -> Schedule:
    """Who does what, when and where, as early as can be found.

    Parameters
    ----------
    procedure
        One operation, bound to its team.
    effort
        ``first`` gives the first script at once; ``standard`` searches on and proves a bound;
        ``thorough`` searches longer. All are counted in steps, never by the clock.
    seed
        The same seed gives the same schedule, byte for byte.
    threads
        Processors to use; all there are if not given. They change nothing but the time it takes.
    progress
        Hears how far it is.

    Returns
    -------
    Schedule
        Objectives in order: separation, end, handovers near critical steps, even loads. With ``status``
        infeasible, the closest plan found and in ``because`` what it lacks.
    """
    refusal = _without_search(procedure)
    if refusal:
        return none_found(refusal, seed)
    try:
        compiled = compile_procedure(procedure)
    except InfeasibleError as error:
        return none_found(str(error), seed)
    progress(0.0, "first script")
    plan = decode_once(compiled)
    bounds = order_bounds(compiled)
    if STEPS[effort]:
        progress(0.05, "proving a bound")
        bounds = proven_bounds(compiled, seed=seed, effort=PROOF_S)
        plan = _best_order(compiled, plan, bounds)
    hopeless = plan.missing > 0 and bool(lack_by_counting(procedure))
    for number, steps in enumerate(() if hopeless else STEPS[effort]):
        progress(0.2 + 0.8 * number / len(STEPS[effort]), "searching")
        lacked = plan.missing
        plan = search(
            compiled,
            plan,
            steps=steps,
            seed=seed,
            threads=threads or available_threads(),
            purpose=f"round {number}",
        )
        if lacked and plan.missing >= lacked:  # a round that mended nothing: what is missing is not the order
            break
    return script_of(compiled, plan, bounds, seed=seed)


def _without_search(procedure: Procedure) -> str:
    """What no order of work can mend."""
    used: Counter[str] = Counter()
    for activity in procedure.activities:
        used.update(activity.consumables)
    short = [
        f"{units} of {item} are needed, there are {procedure.consumables.get(item, 0)}"
        for item, units in sorted(used.items())
        if units > procedure.consumables.get(item, 0)
    ]
    short += [
        f"{activity.id} needs {units} of {item}, there are {procedure.equipment.get(item, 0)}"
        for activity in procedure.activities
        for item, units in sorted(activity.equipment.items())
        if units > procedure.equipment.get(item, 0)
    ]
    return "; ".join(short)


def none_found(because: str, seed: int) -> Schedule:
    """An empty schedule that says why there is none."""
    return Schedule(
        activities=(),
        assignments=(),
        occurrences=(),
        status="infeasible",
        bound_min=0,
        bound_because="nothing was planned",
        separation_min=None,
        circulations_part_min=None,
        end_min=0,
        seed=seed,
        because=because,
    )


def _best_order(compiled: Compiled, plan: Decoded, bounds: Bounds) -> Decoded:
    """The better of the plan and those that follow the order of a relaxed plan."""
    plans = [plan]
    for relaxed in bounds.relaxations:
        if relaxed.starts:
            plans.append(decode_once(compiled, genes=first_genes(compiled, _row(compiled, relaxed))))
    return min(plans, key=lambda p: p.cost)


def _row(compiled: Compiled, relaxed: Relaxation) -> Ints:
    return np.array([relaxed.starts[a.id] for a in compiled.procedure.activities], np.int64)
