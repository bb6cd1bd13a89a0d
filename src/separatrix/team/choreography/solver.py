"""How the constraint solver is set up, wherever a bound is asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

WORKERS = 8
"""Search strategies side by side; fewer leave out those that prove bounds, on any number of cores."""


def bound_solver(seed: int, *, effort: float | None = None, time_s: float | None = None) -> cp_model.CpSolver:
    """A solver that stops by counted work, the same on every machine, or else by the clock.

    Parameters
    ----------
    seed
        Of its search.
    effort
        Deterministic seconds of each strategy, after which it stops; they then take turns in a fixed order.
    time_s
        Seconds by the clock, where no effort is given.
    """
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = WORKERS
    solver.parameters.random_seed = seed % 2**31
    if effort is not None:
        solver.parameters.interleave_search = True
        solver.parameters.max_deterministic_time = effort
    elif time_s is not None:
        solver.parameters.max_time_in_seconds = time_s
    return solver
