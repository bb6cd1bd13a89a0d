"""The minimum cut between two sets of voxels, coarse to fine in a band.

The surface of least cost between seeds of A and of B is a minimum cut of the lattice (`lattice`).
A full cut of tens of millions of voxels takes minutes and many GiB; here the cut is found on a
coarse lattice first, and on each finer one only voxels near it are free, all others stay with the
side they are on. Where the new cut comes to the border of its band the band moves with it. Capacities
are whole numbers, so that a cost is exact and the same on every machine; OR-tools' push-relabel is
exact within the band, single-threaded and deterministic. Of several cuts of equal cost the one with
the fewest voxels on A's side is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.flow import source_side
from separatrix.body.anatomy.lattice import (
    FREE,
    NONE,
    SIDE_A,
    SIDE_B,
    Bytes,
    Lattice,
    Reals,
    arcs_of,
    bounding_box,
    cost_of,
    interface,
    within,
)
from separatrix.core import Fault, InputError

NARROWEST_BAND_VOXELS = 2
"""Voxels to each side of the interface that are free at least."""
WIDEST_BAND_VOXELS = 20
"""And at most."""
BAND_BUDGET_VOXELS = 350_000
"""Between the two the band is as wide as this many free voxels allow: some seconds of solving."""
COARSE_BUDGET_VOXELS = 250_000
"""The same on each coarser lattice."""
FULL_BELOW_VOXELS = 60_000
"""A lattice with fewer free voxels is cut in full: a band would save nothing."""
FULL_UP_TO_VOXELS = 2_200_000
"""So many are cut in full unless a band is asked for: half a minute and 2.5 GiB at most, and exact."""
_MOST_MOVES = 12
"""Band moves per lattice; each lowers the cost, so this only bounds the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A surface of least cost between A and B, as the side each voxel is on."""

    side: Bytes
    """uint8, shape [z, y, x]: 1 on A's side, 2 on B's, 0 where there is no lattice."""
    cost: float
    """Surface integral of the cost density (density × mm²) plus the voxels' own terms."""
    quantum: float
    """Cost of one unit of whole capacity; each edge is rounded to it."""
    is_full: bool
    """Solved with every voxel free: `cost` is the optimum itself."""
    free_voxels: int
    """Free voxels in the largest single flow problem."""
    moves: int
    """Flow problems solved on the finest lattice."""

    @property
    def gap(self) -> float | None:
        """(cost - optimum) / optimum; None where the optimum is not known."""
        return 0.0 if self.is_full else None


def minimum_cut(
    density: Reals,
    spacing_mm: tuple[float, float, float],
    seeds: Bytes,
    *,
    inside: npt.NDArray[np.bool_] | None = None,
    to_a: Reals | None = None,
    to_b: Reals | None = None,
    start: Bytes | None = None,
    band_voxels: int | None = None,
    full: bool | None = None,
) -> Cut:
    """The surface of least cost that parts the seeds of A from those of B.

    Parameters
    ----------
    density
        float32, shape [z, y, x], ≥ 0: cost per mm² of a surface passing here. An edge takes the
        mean of its two voxels.
    spacing_mm
        ``(x, y, z)`` as in `core.Grid`.
    seeds
        uint8: 1 stays with A, 2 with B, 0 is free.
    inside
        Voxels that belong to the lattice; None for all. Outside, a surface costs nothing.
    to_a, to_b
        float32 ≥ 0: cost of giving this voxel to A or to B, in density × mm² (for a likelihood per
        mm³, times the volume of a voxel). None for nothing.
    start
        A labelling near the answer (uint8, 1 or 2 inside): the coarse levels are skipped.
    band_voxels
        Half width of the free band on the finest lattice; None for what the budget allows.
    full
        Solve with every voxel free: the exact optimum. False for a band; None for in full where
        there are at most `FULL_UP_TO_VOXELS` free voxels and neither `start` nor `band_voxels` is given.

    Returns
    -------
    Cut
        The labelling and its cost. Free voxels that touch no seed, through any chain, go to B
        unless their own terms say otherwise.

    Raises
    ------
    InputError
        If shapes differ, a cost is negative or not finite, or a side has no seed.

    Notes
    -----
    Source of the method: Boykov & Kolmogorov, ICCV 2003 (weights); Lombaert et al., ICCV 2005
    (coarse to fine in a band).
    """
    state = _state(density, seeds, inside)
    _check(density, state, to_a, to_b, start)
    if full is None:
        affordable = int((state == FREE).sum()) <= FULL_UP_TO_VOXELS
        full = affordable and start is None and band_voxels is None
    if full:
        return _cut_in_full(Lattice.of(density, spacing_mm, to_a, to_b), state)
    if start is None:
        start = _from_coarse(density, spacing_mm, state, to_a, to_b)
    start = _respecting(start, state)
    lattice = Lattice.of(density, spacing_mm, to_a, to_b)
    return _cut_in_band(lattice, state, start, band_voxels, BAND_BUDGET_VOXELS)


def _state(density: Reals, seeds: Bytes, inside: npt.NDArray[np.bool_] | None) -> Bytes:
    if seeds.shape != density.shape or (inside is not None and inside.shape != density.shape):
        raise InputError(Fault(problem=f"costs of shape {density.shape} with seeds of shape {seeds.shape}"))
    state = np.full(seeds.shape, FREE, dtype=np.uint8)
    state[seeds == SIDE_A] = SIDE_A
    state[seeds == SIDE_B] = SIDE_B
    if inside is not None:
        state[~inside] = NONE
    return state


def _check(density: Reals, state: Bytes, to_a: Reals | None, to_b: Reals | None, start: Bytes | None) -> None:
    faults = []
    for name, array in (("density", density), ("to_a", to_a), ("to_b", to_b), ("start", start)):
        if array is None:
            continue
        if array.shape != state.shape:
            faults.append(Fault(field=name, problem=f"shape {array.shape}", expected=str(state.shape)))
        elif name != "start" and not (float(array.min()) >= 0 and float(array.max()) < np.inf):
            faults.append(Fault(field=name, problem="holds negative or endless costs", expected="≥ 0"))
    unary = to_a is not None and to_b is not None
    for name, code in (("A", SIDE_A), ("B", SIDE_B)):
        if not unary and not (state == code).any():
            faults.append(Fault(field="seeds", problem=f"no voxel inside is sure to be {name}'s"))
    if faults:
        raise InputError(*faults)


def _whole_start(state: Bytes) -> Bytes:
    side = state.copy()
    side[state == FREE] = SIDE_B
    return side


def _respecting(start: Bytes, state: Bytes) -> Bytes:
    """A labelling that keeps the seeds and the lattice's extent."""
    side = np.where(start == SIDE_A, np.uint8(SIDE_A), np.uint8(SIDE_B))
    fixed = state != FREE
    side[fixed] = state[fixed]
    return side


def _from_coarse(
    density: Reals,
    spacing_mm: tuple[float, float, float],
    state: Bytes,
    to_a: Reals | None,
    to_b: Reals | None,
) -> Bytes:
    """A labelling from the next coarser lattice, or any at all where this one is cut in full."""
    if int((state == FREE).sum()) < FULL_BELOW_VOXELS or min(state.shape) < 8:
        return _whole_start(state)
    factors = _factors(spacing_mm)
    coarse_state = _coarse_state(state, factors)
    seeded = (coarse_state == SIDE_A).any() and (coarse_state == SIDE_B).any()
    if not seeded and (to_a is None or to_b is None):
        return _whole_start(state)
    density_2 = _block_mean(density, state != NONE, factors)
    a_2 = None if to_a is None else _block_sum(to_a * (state != NONE), factors)
    b_2 = None if to_b is None else _block_sum(to_b * (state != NONE), factors)
    x, y, z = spacing_mm
    spacing_2 = (x * factors[2], y * factors[1], z * factors[0])
    start = _from_coarse(density_2, spacing_2, coarse_state, a_2, b_2)
    start = _respecting(start, coarse_state)
    side = _cut_in_band(
        Lattice.of(density_2, spacing_2, a_2, b_2), coarse_state, start, None, COARSE_BUDGET_VOXELS
    ).side
    for axis, factor in enumerate(factors):
        side = np.repeat(side, factor, axis=axis)
    return side[tuple(slice(0, n) for n in state.shape)]


def _factors(spacing_mm: tuple[float, float, float]) -> tuple[int, int, int]:
    """Halve the fine axes first, so that coarse voxels come nearer to cubes."""
    limit = 1.5 * min(spacing_mm)
    x, y, z = (2 if s <= limit else 1 for s in spacing_mm)
    return (z, y, x)


def _blocks(array: npt.NDArray[np.generic], factors: tuple[int, int, int]) -> list[npt.NDArray[np.generic]]:
    """The children of each coarse voxel as strided views of equal shape; padding is zero."""
    short = [(0, (-n) % f) for n, f in zip(array.shape, factors, strict=True)]
    padded = np.pad(array, short)
    return [
        padded[k :: factors[0], j :: factors[1], i :: factors[2]]
        for k in range(factors[0])
        for j in range(factors[1])
        for i in range(factors[2])
    ]


def _block_sum(array: Reals, factors: tuple[int, int, int]) -> Reals:
    total: Reals = np.sum(_blocks(array, factors), axis=0, dtype=np.float32)
    return total


def _block_mean(density: Reals, inside: npt.NDArray[np.bool_], factors: tuple[int, int, int]) -> Reals:
    count = _block_sum(inside.astype(np.float32), factors)
    total = _block_sum(np.where(inside, density, np.float32(0)), factors)
    mean: Reals = (total / np.maximum(count, np.float32(1))).astype(np.float32)
    return mean


def _coarse_state(state: Bytes, factors: tuple[int, int, int]) -> Bytes:
    """Seeded where a child is; free where children of both sides meet."""
    has = {code: np.any(_blocks(state == code, factors), axis=0) for code in (SIDE_A, SIDE_B, FREE)}
    coarse = np.where(has[SIDE_A] | has[SIDE_B] | has[FREE], np.uint8(FREE), np.uint8(NONE))
    coarse[has[SIDE_A] & ~has[SIDE_B]] = SIDE_A
    coarse[has[SIDE_B] & ~has[SIDE_A]] = SIDE_B
    return coarse


def _cut_in_full(lattice: Lattice, state: Bytes) -> Cut:
    free = int((state == FREE).sum())
    side = _solve(lattice, state, _whole_start(state))[0] if free else state
    return Cut(
        side=side,
        cost=cost_of(lattice, side) * lattice.quantum,
        quantum=lattice.quantum,
        is_full=True,
        free_voxels=free,
        moves=1,
    )


def _cut_in_band(lattice: Lattice, state: Bytes, start: Bytes, width: int | None, budget: int) -> Cut:
    """Cut in a band around `start`, then again, twice as wide, where the cut left the band."""
    free = state == FREE
    everything = int(free.sum())
    if everything < FULL_BELOW_VOXELS:
        return _cut_in_full(lattice, state)
    front = interface(start)
    if not front.any():  # nothing to lay a band around
        return _cut_in_full(lattice, state)
    if width is None:
        affordable = budget // max(1, int(front.sum()))
        width = min(max(affordable, NARROWEST_BAND_VOXELS), WIDEST_BAND_VOXELS)
    side = start
    band = within(front, width) & free
    seen, largest, moves = band, 0, 0
    while moves < _MOST_MOVES and band.any():
        moves += 1
        largest = max(largest, int(band.sum()))
        new, saved = _solve(lattice, np.where(band, np.uint8(FREE), side), side)
        if saved <= 0 and moves > 1:
            break
        side = new
        band = within(interface(side) & free & ~seen, 2 * width) & free
        seen = seen | band
    return Cut(
        side=side,
        cost=cost_of(lattice, side) * lattice.quantum,
        quantum=lattice.quantum,
        is_full=largest == everything,
        free_voxels=largest,
        moves=moves,
    )


def _solve(lattice: Lattice, state: Bytes, start: Bytes) -> tuple[Bytes, int]:
    """Cut with the free voxels of `state` undecided and all others as they are in `start`.

    Returns the new labelling and what it saves in whole cost.
    """
    box = bounding_box(state == FREE)
    part = lattice.box(box)
    padded, before = np.pad(state[box], 1), np.pad(start[box], 1)
    arcs = arcs_of(part, padded)
    padded.reshape(-1)[arcs.free] = np.where(source_side(arcs), np.uint8(SIDE_A), np.uint8(SIDE_B))
    side = start.copy()
    side[box] = padded[1:-1, 1:-1, 1:-1]
    return side, cost_of(part, before) - cost_of(part, padded)
