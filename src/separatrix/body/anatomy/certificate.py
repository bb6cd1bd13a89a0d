"""How far a cut in a band can be from the full optimum, without solving in full.

Any flow in the whole lattice proves that no cut is cheaper than it. The maximum flow in the band is
one but for its ends: it enters from voxels outside the band that were held on A's side, and leaves to
such on B's. What crosses the band's border must still come from the seeds; sending it there is a
flow problem of its own on each side, easy because capacity is plentiful away from the cut. What
cannot be sent is the most that the full optimum can be cheaper by.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.flow import solve
from separatrix.body.anatomy.lattice import (
    FREE,
    NONE,
    SIDE_A,
    SIDE_B,
    Bytes,
    Lattice,
    Whole,
    arcs_of,
    bounding_box,
    capacity_to,
    cost_of,
)

MOST_VOXELS = 3_000_000
"""More free voxels on one side than this are not routed: minutes and many GiB."""
_HELD_A, _HELD_B = 4, 5


def lower_bound(lattice: Lattice, state: Bytes, side: Bytes, band: npt.NDArray[np.bool_]) -> int | None:
    """A whole cost that no cut of the lattice can fall below.

    Parameters
    ----------
    lattice
        The whole lattice.
    state
        The problem: `SIDE_A`, `SIDE_B` for seeds, `FREE`, `NONE`.
    side
        A cut of it.
    band
        Free voxels near the cut; all others that are free are held.

    Returns
    -------
    int or None
        None where the lattice is too large to look.
    """
    held = (state == FREE) & ~band
    problem = state.copy()
    problem[held & (side == SIDE_A)] = _HELD_A
    problem[held & (side == SIDE_B)] = _HELD_B
    if max(int((problem == code).sum()) for code in (_HELD_A, _HELD_B)) > MOST_VOXELS:
        return None
    box = bounding_box(state == FREE)
    part = lattice.box(box)
    beyond = cost_of(lattice, side) - cost_of(part, np.pad(side[box], 1))
    problem = np.pad(problem[box], 1)
    flat = problem.reshape(-1)

    seen_as = np.array([NONE, SIDE_A, SIDE_B, FREE, SIDE_A, SIDE_B], dtype=np.uint8)
    arcs = arcs_of(part, seen_as[problem])
    flow = solve(arcs, with_flow=True)
    labels = seen_as[problem]
    labels.reshape(-1)[arcs.free] = np.where(flow.on_a, np.uint8(SIDE_A), np.uint8(SIDE_B))
    proven = beyond + cost_of(part, labels)
    proven -= _between_held(part, problem)
    assert flow.inflow is not None
    # what a node gets from A's side; it may pass on more to B's, up to both capacities
    from_a = np.minimum(arcs.from_a, flow.inflow + arcs.to_b)
    for code, wanted in ((_HELD_A, from_a), (_HELD_B, from_a - flow.inflow)):
        proven -= _not_sent(part, problem, flat, arcs.free, code, wanted)
    return proven


def _between_held(part: Lattice, problem: Bytes) -> int:
    """Cost of cut edges between held or seeded voxels: counted in the cut, carried by no flow here."""
    fixed = np.array([NONE, SIDE_A, SIDE_B, NONE, SIDE_A, SIDE_B], dtype=np.uint8)
    seeds = np.array([NONE, SIDE_A, SIDE_B, NONE, NONE, NONE], dtype=np.uint8)
    bare = Lattice(part.density, part.weights, part.quantum, None, None)
    return cost_of(bare, fixed[problem]) - cost_of(bare, seeds[problem])


def _not_sent(
    part: Lattice, problem: Bytes, flat: Bytes, free: npt.NDArray[np.int64], code: int, wanted: Whole
) -> int:
    """What the band and the held voxels of one side want of its seeds and do not get."""
    seed, own = (SIDE_A, 1) if code == _HELD_A else (SIDE_B, 0)
    near = capacity_to(part, problem, free, seed) + part.unary(free)[own]
    outside = np.flatnonzero(flat == code)
    demand = np.zeros(flat.size, dtype=np.int64)
    _hand_on(part, flat, free, code, np.maximum(wanted - near, 0), demand)
    # a held voxel may cost something on its own side too: also flow that must come from somewhere
    demand[outside] += part.unary(outside)[1 - own]
    total = int(demand[outside].sum())
    if total == 0:
        return 0
    network = np.where(
        problem == code, np.uint8(FREE), np.where(problem == seed, np.uint8(SIDE_B), np.uint8(NONE))
    )
    bare = Lattice(part.density, part.weights, part.quantum, None, None)
    arcs = arcs_of(bare, network)
    arcs.from_a[:] = demand[outside]
    arcs.to_b[:] += part.unary(outside)[own]
    cut = solve(arcs).on_a
    parted = arcs.capacity[cut[arcs.tail] != cut[arcs.head]].sum()
    sent = int(parted + arcs.from_a[~cut].sum() + arcs.to_b[cut].sum())
    return total - sent


def _hand_on(
    part: Lattice, flat: Bytes, free: npt.NDArray[np.int64], code: int, wanted: Whole, demand: Whole
) -> None:
    """Spread what nodes want over the edges to their held neighbours, adding to `demand` in place."""
    given = np.zeros_like(wanted)
    whole = np.zeros_like(wanted)
    edges = []
    for family, forward in enumerate(part.steps):
        for step in (forward, -forward):
            at = np.flatnonzero((wanted > 0) & (flat[free + step] == code))
            edges.append((at, free[at] + step, part.capacity(family, free[at], free[at] + step)))
            whole[at] += edges[-1][2]
    share = wanted / np.maximum(whole, 1)
    taken = [
        np.minimum(np.floor(share[at] * capacity).astype(np.int64), capacity) for at, _, capacity in edges
    ]
    for (at, _, _), take in zip(edges, taken, strict=True):
        given[at] += take
    for (at, to, capacity), take in zip(edges, taken, strict=True):  # what rounding left over
        more = np.minimum(wanted[at] - given[at], capacity - take)
        given[at] += more
        demand[to] += take + more  # each held voxel stands once in `to`
