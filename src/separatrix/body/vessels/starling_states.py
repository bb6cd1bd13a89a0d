"""All clamp states where veins can collapse: pressures no longer answer clamps linearly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from separatrix.body.vessels.clamp_states import MOST_EXACT, in_eights, in_pieces
from separatrix.body.vessels.model import Ints, Network, Reals
from separatrix.body.vessels.ports import reduce_to_ports
from separatrix.body.vessels.solve import solve
from separatrix.core import Fault, InputError


def collapsible_costs(
    networks: Sequence[Network],
    candidates: Ints,
    observed: Ints,
    child_of_observed: Ints,
    *,
    supplies: Sequence[Ints | None] | None = None,
    baseline: Reals | None = None,
    threads: int | None = None,
) -> Reals:
    """Worst rise of each child in every clamp state, with collapsible vessels obeying their law.

    An edge with an `external` pressure is a Starling resistor from `a` to `b`: downstream pressure counts
    only where it exceeds the outside pressure; backwards it is a plain resistance. Such edges may be among
    the candidates or not; all others are linear.

    Parameters
    ----------
    networks
        The children under each kind of bed; in each state the worst counts.
    candidates, observed, child_of_observed
        As in `clamp_states.clamp_costs`.
    supplies
        Per network, held nodes that bring blood in and drain none.
    baseline
        (networks, m) pressure from which a rise is measured; None: with nothing clamped.
    threads
        At most so many; the answer does not depend on it.

    Returns
    -------
    Reals
        (2, 2^k) mmHg as from `clamp_costs`; +inf where a part with blood in it is cut off by clamps.

    Raises
    ------
    InputError
        If there are more than `MOST_EXACT` candidates.
    """
    if candidates.size > MOST_EXACT:
        problem = f"{candidates.size} vessels have 2^{candidates.size} clamp states"
        raise InputError(Fault(field="candidates", problem=problem, expected=f"at most {MOST_EXACT}"))
    out = np.full((2, 1 << candidates.size), -np.inf)
    feeds = [None] * len(networks) if supplies is None else list(supplies)
    for number, (network, feed) in enumerate(zip(networks, feeds, strict=True)):
        start = solve(network).pressure
        before = start[observed] if baseline is None else baseline[number]
        _add(network, candidates, observed, child_of_observed, feed, start, before, out, number > 0, threads)
    for child in (0, 1):
        if not (child_of_observed == child).any():
            out[child] = np.where(np.isposinf(out[child]), np.inf, 0.0)
    return out


def _add(
    network: Network,
    candidates: Ints,
    observed: Ints,
    child: Ints,
    supplies: Ints | None,
    start: Reals,
    before: Reals,
    out: Reals,
    merge: bool,
    threads: int | None,
) -> None:
    """Run one network over all states, keeping the worst."""
    from separatrix.body.vessels.clamp_kernel import cut_off
    from separatrix.body.vessels.starling_kernel import collapsible_rises

    clamps = reduce_to_ports(network, candidates, observed, supplies=supplies)
    ports = _ports(network, candidates)
    at = np.concatenate([network.a[ports], network.b[ports], observed])
    whole = reduce_to_ports(network, ports, at)
    k = ports.size
    rows_a, rows_b = (in_eights(np.flatnonzero(child == c)) for c in (0, 1))
    rows = np.concatenate([rows_a, rows_b])
    rise = whole.pressure[2 * k :] - before
    started = start[at[: 2 * k]]
    fixed = (
        (
            1.0 / network.resistance[ports],
            np.diag(whole.resistance) - whole.stiffness,
            np.ascontiguousarray(whole.reach[: 2 * k].T),
            whole.pressure[: 2 * k].copy(),
            network.external[ports],
        ),
        (_laws(started[:k], started[k:], network.external[ports]), started),
        (
            np.ascontiguousarray(np.where(rows < 0, 0.0, whole.reach[2 * k :][rows].T)),
            np.where(rows < 0, -np.inf, rise[rows]),
            rows_a.size,
        ),
        candidates.size,
    )

    def run(first: int, last: int) -> None:
        dry = np.zeros(last - first, dtype=bool)
        if clamps.can_be_cut_off:
            cut_off(clamps.parts, clamps.drains, clamps.bears, first, dry)
        collapsible_rises(*fixed, first, dry, out[0, first:last], out[1, first:last], merge)

    in_pieces(run, out.shape[1], threads, 1)
    for state in np.flatnonzero(np.isnan(out[0]) | np.isnan(out[1])).tolist():
        _solve_alone(network, candidates, observed, child, before, state, out, merge)


def _ports(network: Network, candidates: Ints) -> Ints:
    """Candidates first, then every other open edge that can collapse."""
    can = np.flatnonzero(network.is_open & ~np.isnan(network.external))
    return np.concatenate([candidates, np.setdiff1d(can, candidates)])


def _laws(up: Reals, down: Reals, outside: Reals) -> Ints:
    """The law each vessel is under at these pressures."""
    from separatrix.body.vessels.starling_kernel import OPEN, SHUT, WATERFALL

    plain = ~(down < outside) | (up < down)
    return np.where(plain, OPEN, np.where(up > outside, WATERFALL, SHUT))


def _solve_alone(
    network: Network,
    candidates: Ints,
    observed: Ints,
    child: Ints,
    before: Reals,
    state: int,
    out: Reals,
    merge: bool,
) -> None:
    """A state in which the shared inverse failed: solved as a whole network."""
    is_open = network.is_open.copy()
    is_open[[int(e) for j, e in enumerate(candidates) if state >> j & 1]] = False
    rise = solve(replace(network, is_open=is_open)).pressure[observed] - before
    for c in (0, 1):
        worst = rise[child == c].max(initial=-np.inf)
        out[c, state] = np.fmax(out[c, state], worst) if merge else worst
