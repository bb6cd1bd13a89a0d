"""What no plan can beat: order alone; people as pools, with the breaks of who must lead throughout."""

from __future__ import annotations

from dataclasses import dataclass

from separatrix.team.choreography.arrays import Compiled
from separatrix.team.choreography.relaxation import Relaxation, relax


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Earliest end and earliest separation that any plan can reach."""

    end_min: int
    separation_min: int | None
    because: str
    """What the bounds rest on."""
    relaxations: tuple[Relaxation, ...] = ()
    """Plans without names, whose order is a good one to begin with."""


def order_bounds(compiled: Compiled) -> Bounds:
    """Bounds by order, lengths and the grid alone: at once."""
    problem = compiled.problem
    end = _longest_way(compiled)
    separation = None
    if problem.separation >= 0:
        separation = _earliest(compiled)[problem.block_of[problem.separation]] + int(
            problem.length[problem.separation]
        )
    return Bounds(
        end_min=end,
        separation_min=separation,
        because="the longest chain of activities that wait for each other",
    )


def _earliest(compiled: Compiled) -> list[int]:
    """Earliest start of each block on the grid."""
    problem = compiled.problem
    grid = problem.grid
    start = [-(-int(r) // grid) * grid for r in problem.release]
    for _ in range(len(start)):
        before = list(start)
        for b in range(len(start)):
            for i in range(problem.pred_ptr[b], problem.pred_ptr[b + 1]):
                at = start[problem.pred_block[i]] + int(problem.pred_off[i])
                start[b] = max(start[b], -(-at // grid) * grid)
        if start == before:
            break
    return start


def _longest_way(compiled: Compiled) -> int:
    problem, start = compiled.problem, _earliest(compiled)
    return max((start[b] + int(d) for b, d in zip(problem.block_of, problem.length, strict=True)), default=0)


def proven_bounds(compiled: Compiled, *, seed: int, effort: float) -> Bounds:
    """Bounds by order, by people as pools and by the breaks of who leads, proven by the solver.

    Parameters
    ----------
    effort
        Deterministic seconds for each of the two objectives.
    """
    simple = order_bounds(compiled)
    end = relax(compiled.procedure, objective="end", effort=effort, seed=seed)
    found, separation = [end], simple.separation_min
    if separation is not None:
        apart = relax(compiled.procedure, objective="separation", effort=effort, seed=seed)
        separation = max(separation, apart.bound_min)
        found.insert(0, apart)
    return Bounds(
        end_min=max(simple.end_min, end.bound_min),
        separation_min=separation,
        because="order, rooms, sterile fields, equipment, people as pools by skill and shift, and the "
        "compulsory breaks of who must lead a row of activities; other people's breaks and handovers are "
        "left out, so the true optimum may lie later",
        relaxations=tuple(found),
    )
