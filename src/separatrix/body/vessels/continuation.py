"""Networks on which Newton's method goes round in a circle: kinks rounded off, then sharpened step by step.

With its kinks rounded every vessel's flow rises strictly with the pressure before it and falls with the one
behind it, so that a damped Newton's method finds the one solution; it is followed as the rounding vanishes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from separatrix.body.vessels.model import Reals
from separatrix.body.vessels.newton import Problem, factor, linear_step, outflow, solve_factored
from separatrix.core import Fault, InfeasibleError, SolverError

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix

_SHARPEN = 0.1
"""Each rounding is this share of the one before."""

_SHARPEST = 1e-12
"""Last rounding, as a share of the pressures' size: the error it leaves in a vessel's drive."""

_STIFFENED = 1e-9
"""Share by which the diagonal is raised, so that no part hangs on nothing but nearly closed vessels."""

_STEPS = 80
"""Newton steps at one rounding."""

_HALVINGS = 30

_BALANCED = 1e-11
"""Largest imbalance, over the largest flow, at which a rounding is done."""


def continue_to_law(problem: Problem) -> tuple[Reals, Reals]:
    """Pressures of all nodes and flows of all edges.

    Raises
    ------
    InfeasibleError
        If more blood is drawn off somewhere than collapsible vessels let through.
    SolverError
        If it does not settle.
    """
    pressure = np.where(np.isnan(problem.fixed), np.nanmean(problem.fixed), problem.fixed)
    scale = _size_of(problem)
    rounding, flow, is_done = scale, np.zeros(len(problem.a)), False
    try:
        with np.errstate(over="raise", invalid="raise"):
            while rounding > _SHARPEST * scale:
                pressure, flow, is_done = _newton_at(problem, pressure, rounding)
                rounding *= _SHARPEN
    except (RuntimeError, FloatingPointError):  # a singular matrix, or pressures without end
        is_done = False
    if is_done:
        return _sharp(problem, pressure, flow)
    if (problem.inflow < 0).any() and not np.isnan(problem.external).all():
        raise InfeasibleError(
            Fault(
                problem="more blood is drawn off somewhere than collapsible vessels let through",
                mend="look at the nodes whose inflow is negative",
            )
        )
    raise SolverError(Fault(problem="the flow did not settle"))


def _size_of(problem: Problem) -> float:
    """Size of the pressures: of what is held and outside, and of what the inflow needs."""
    held = problem.fixed[~np.isnan(problem.fixed)]
    outside = problem.external[~np.isnan(problem.external)]
    inflow = float(np.abs(problem.inflow).sum())
    driven = inflow * float(np.median(problem.resistance + problem.quadratic * inflow))
    size = max(np.abs(held).max(initial=0.0), np.abs(outside).max(initial=0.0), driven)
    return float(size) if size > 0 else 1.0


def _sharp(problem: Problem, pressure: Reals, flow: Reals) -> tuple[Reals, Reals]:
    """The state without any rounding where the last one tells clearly what each vessel does."""
    acts = problem.act(pressure)
    sharp_pressure, sharp_flow = linear_step(problem, acts, flow, pressure)
    is_same = np.array_equal(problem.act(sharp_pressure), acts)
    is_near = np.allclose(sharp_flow, flow, rtol=1e-6, atol=1e-6 * float(np.abs(flow).max(initial=0.0)))
    return (sharp_pressure, sharp_flow) if is_same and is_near else (pressure, flow)


def _newton_at(problem: Problem, pressure: Reals, rounding: float) -> tuple[Reals, Reals, bool]:
    """Damped Newton's method at one rounding, and whether it came to an end."""
    flow, by_start, by_end = _rounded_flow(problem, pressure, rounding)
    lack = problem.inflow[problem.free] - outflow(problem, flow)
    for _ in range(_STEPS):
        if np.abs(lack).max(initial=0.0) <= _BALANCED * np.abs(flow).max(initial=0.0):
            return pressure, flow, True
        change = solve_factored(factor(_jacobian(problem, by_start, by_end)), lack)
        step = 1.0
        for _ in range(_HALVINGS):
            trial = pressure.copy()
            trial[problem.free] += step * change
            found = _rounded_flow(problem, trial, rounding)
            new_lack = problem.inflow[problem.free] - outflow(problem, found[0])
            if np.abs(new_lack).sum() < np.abs(lack).sum():
                break
            step /= 2
        else:
            return pressure, flow, bool(np.abs(lack).max() <= 1e3 * _BALANCED * np.abs(flow).max())
        pressure, (flow, by_start, by_end), lack = trial, found, new_lack
    return pressure, flow, False


def _jacobian(problem: Problem, by_start: Reals, by_end: Reals) -> csc_matrix:
    from scipy.sparse import coo_matrix, csc_matrix

    place = np.full(len(problem.fixed), -1)
    place[problem.free] = np.arange(len(problem.free))
    i, j = place[problem.a], place[problem.b]
    rows, columns = np.concatenate([i, i, j, j, i, j]), np.concatenate([i, j, j, i, i, j])
    weight = _STIFFENED * (by_start + by_end)
    values = np.concatenate([by_start, -by_end, by_end, -by_start, weight, weight])
    inside = (rows >= 0) & (columns >= 0)
    size = len(problem.free)
    return csc_matrix(coo_matrix((values[inside], (rows[inside], columns[inside])), shape=(size, size)))


def _rounded_flow(problem: Problem, pressure: Reals, rounding: float) -> tuple[Reals, Reals, Reals]:
    """Flow of each edge, its slope by the pressure at `a`, and minus its slope by the one at `b`."""
    p, s = pressure[problem.a], pressure[problem.b]
    drive, by_start, by_end = p - s, np.ones(len(p)), np.ones(len(p))
    soft = np.flatnonzero(~np.isnan(problem.external))
    if len(soft):
        drive[soft], by_start[soft], by_end[soft] = _rounded_drive(
            p[soft], s[soft], problem.external[soft], rounding
        )
    root = np.sqrt(problem.resistance**2 + 4 * problem.quadratic * np.abs(drive))
    root = np.maximum(root, np.sqrt(4 * problem.quadratic * rounding * _SHARPEST))
    flow = 2 * drive / (problem.resistance + root)
    slope = 1 / root
    limited = np.flatnonzero(~np.isnan(problem.capacity))
    if len(limited):
        width = rounding / problem.resistance[limited]
        spare, passes = _rounded_part(problem.capacity[limited] - flow[limited], width)
        flow[limited] = problem.capacity[limited] - spare
        slope[limited] *= passes
    return flow, slope * by_start, slope * by_end


def _rounded_drive(p: Reals, s: Reals, outside: Reals, rounding: float) -> tuple[Reals, Reals, Reals]:
    """Drive of a Starling resistor and its slopes."""
    above, by_s = _rounded_part(s - outside, rounding)
    forward, by_forward = _rounded_part(p - (outside + above), rounding)
    back, by_back = _rounded_part(s - p, rounding)
    return forward - back, by_forward + by_back, by_forward * by_s + by_back


def _rounded_part(x: Reals, rounding: float | Reals) -> tuple[Reals, Reals]:
    """The positive part of x with its kink rounded off, and its slope."""
    root = np.sqrt(x * x + rounding * rounding)
    positive = np.where(x > 0, (x + root) / 2, rounding * rounding / 2 / (root - np.minimum(x, 0)))
    return np.asarray(positive), np.asarray(positive / root)
