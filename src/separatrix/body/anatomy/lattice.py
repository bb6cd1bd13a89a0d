"""The voxel lattice as a graph: what an edge costs, and which arcs a set of free voxels needs.

A voxel is tied to its 26 neighbours. By the Cauchy-Crofton formula the area of a surface is the
mean number of lines that cross it; taking the lattice's 13 line families for "all lines" gives edge
weights with which a cut costs the surface integral of the cost density (Boykov & Kolmogorov, ICCV
2003). The weights here hold for any spacing: each family gets the solid angle of the directions
nearest to its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Reals = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]

NONE, SIDE_A, SIDE_B, FREE = 0, 1, 2, 3
"""States of a voxel: not in the lattice, fixed on A's side, fixed on B's side, to be decided."""

OFFSETS: tuple[tuple[int, int, int], ...] = tuple(
    (z, y, x) for z in (-1, 0, 1) for y in (-1, 0, 1) for x in (-1, 0, 1) if (z, y, x) > (0, 0, 0)
)
"""One of each pair of opposite neighbours, 13 in all, as index steps ``(z, y, x)``."""

LARGEST_CAPACITY = 2**24
"""The dearest edge in whole quanta: each edge is rounded by at most 3e-8 of the dearest one."""


def crofton_weights(spacing_mm: tuple[float, float, float]) -> npt.NDArray[np.float64]:
    """Area in mm² that one cut edge of each family of `OFFSETS` stands for.

    ``w_k = V Ω_k / (π |e_k|)`` with V the volume of a voxel, |e_k| the edge's length and Ω_k the
    solid angle of the directions nearest to ±e_k, halved (ΣΩ_k = 2π). The mean over all
    orientations of a plane is then exactly its area.

    Parameters
    ----------
    spacing_mm
        ``(x, y, z)`` as in `core.Grid`.

    Returns
    -------
    ndarray, shape (13,)
        In mm².
    """
    from scipy.spatial import SphericalVoronoi

    edges = np.asarray(OFFSETS, dtype=np.float64) * np.asarray(spacing_mm[::-1], dtype=np.float64)
    lengths = np.sqrt((edges**2).sum(axis=1))
    units = edges / lengths[:, None]
    angles = SphericalVoronoi(np.vstack([units, -units])).calculate_areas()[: len(OFFSETS)]
    angles *= 2 * np.pi / angles.sum()
    return np.asarray(np.prod(spacing_mm) * angles / (np.pi * lengths), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Lattice:
    """Cost densities on a box of voxels, with the edge weights and the unit of whole capacities."""

    density: Reals
    """Cost per mm² of a surface that passes here, shape [z, y, x]."""
    weights: npt.NDArray[np.float64]
    """mm² per edge family, shape (13,)."""
    quantum: float
    """Cost of one unit of capacity."""
    to_a: Reals | None
    """Cost of giving a voxel to A, on top of the surface; None for nothing."""
    to_b: Reals | None

    @classmethod
    def of(
        cls,
        density: Reals,
        spacing_mm: tuple[float, float, float],
        to_a: Reals | None = None,
        to_b: Reals | None = None,
    ) -> Lattice:
        """A lattice whose quantum suits its dearest edge or voxel."""
        weights = crofton_weights(spacing_mm)
        dearest = float(weights.max()) * float(density.max(initial=0.0))
        for term in (to_a, to_b):
            if term is not None:
                dearest = max(dearest, float(term.max(initial=0.0)))
        return cls(density, weights, (dearest or 1.0) / LARGEST_CAPACITY, to_a, to_b)

    @property
    def steps(self) -> list[int]:
        """From a voxel to its neighbour of each family, in flat indices."""
        _, y, x = self.density.shape
        return [dz * y * x + dy * x + dx for dz, dy, dx in OFFSETS]

    def capacity(self, family: int, p: npt.NDArray[Any], q: npt.NDArray[Any]) -> Whole:
        """Whole capacities of edges of one family between flat voxel indices `p` and `q`."""
        flat = self.density.reshape(-1)
        scale = 0.5 * self.weights[family] / self.quantum
        total = flat[p].astype(np.float64) + flat[q]
        return np.asarray(np.rint(total * scale), dtype=np.int64)

    def unary(self, p: npt.NDArray[Any]) -> tuple[Whole, Whole]:
        """Whole costs of giving voxels `p` to A and to B."""
        terms = []
        for term in (self.to_a, self.to_b):
            if term is None:
                terms.append(np.zeros(len(p), dtype=np.int64))
            else:
                terms.append(np.rint(term.reshape(-1)[p] / self.quantum).astype(np.int64))
        return terms[0], terms[1]

    def box(self, box: tuple[slice, slice, slice]) -> Lattice:
        """The same costs on a part of the voxels, with a border of one voxel that is padding."""

        def part(array: Reals | None) -> Reals | None:
            return None if array is None else np.pad(array[box], 1)

        density = np.pad(self.density[box], 1)
        return Lattice(density, self.weights, self.quantum, part(self.to_a), part(self.to_b))


def shifted(shape: tuple[int, ...], offset: tuple[int, ...]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Slices of an array and of its neighbours by `offset`, of equal shape."""
    here = tuple(slice(max(0, -o), n - max(0, o)) for o, n in zip(offset, shape, strict=True))
    there = tuple(slice(max(0, o), n - max(0, -o)) for o, n in zip(offset, shape, strict=True))
    return here, there


def interface(side: Bytes) -> npt.NDArray[np.bool_]:
    """Voxels with a face on a voxel of the other side."""
    found = np.zeros(side.shape, dtype=bool)
    for offset in ((1, 0, 0), (0, 1, 0), (0, 0, 1)):
        here, there = shifted(side.shape, offset)
        differs = (side[here] ^ side[there]) == (SIDE_A ^ SIDE_B)
        found[here] |= differs
        found[there] |= differs
    return found


def within(mask: npt.NDArray[np.bool_], voxels: int) -> npt.NDArray[np.bool_]:
    """All voxels at most `voxels` from a voxel of the mask along every axis."""
    from scipy.ndimage import maximum_filter1d

    grown = np.zeros(mask.shape, dtype=bool)
    if not mask.any():
        return grown
    box = tuple(
        slice(max(0, s.start - voxels), min(n, s.stop + voxels))
        for s, n in zip(bounding_box(mask), mask.shape, strict=True)
    )
    part = mask[box].view(np.uint8)
    for axis in range(3):
        part = maximum_filter1d(part, 2 * voxels + 1, axis=axis, mode="constant")
    grown[box] = part.view(bool)
    return grown


def bounding_box(mask: npt.NDArray[np.bool_], margin: int = 1) -> tuple[slice, slice, slice]:
    """The box of a mask that is not empty, `margin` voxels wider where the array allows."""
    spans = []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        at = np.flatnonzero(mask.any(axis=others))
        spans.append(slice(max(0, int(at[0]) - margin), min(mask.shape[axis], int(at[-1]) + 1 + margin)))
    return (spans[0], spans[1], spans[2])


def cost_of(lattice: Lattice, side: Bytes) -> int:
    """Whole cost of a labelling: 1 and 2 for the sides, 0 where there is no lattice."""
    total = 0
    for cost, code in ((lattice.to_a, SIDE_A), (lattice.to_b, SIDE_B)):
        if cost is not None:
            total += int(np.rint(cost[side == code] / lattice.quantum).sum(dtype=np.float64))
    thick = np.zeros(side.shape, dtype=bool)
    for offset in OFFSETS:
        here, there = shifted(side.shape, offset)
        thick[here] |= (side[here] ^ side[there]) == (SIDE_A ^ SIDE_B)
    if not thick.any():
        return total
    at = np.flatnonzero(np.pad(thick[box := bounding_box(thick)], 1))
    flat = np.pad(side[box], 1).reshape(-1)
    part = lattice.box(box)
    for family, step in enumerate(part.steps):
        parted = at[(flat[at] ^ flat[at + step]) == (SIDE_A ^ SIDE_B)]
        total += int(part.capacity(family, parted, parted + step).sum())
    return total


@dataclass(frozen=True, slots=True)
class Arcs:
    """A flow network over the free voxels of a box."""

    free: npt.NDArray[np.int64]
    """Flat indices of the free voxels in the padded box; node i is ``free[i]``."""
    tail: npt.NDArray[np.int32]
    head: npt.NDArray[np.int32]
    """Undirected edges between nodes."""
    capacity: Whole
    from_a: Whole
    """Per node: capacity from the source (what it costs to part it from A)."""
    to_b: Whole
    """Per node: capacity to the sink."""


def _edges_to_free(
    lattice: Lattice, state: Bytes, free: npt.NDArray[np.int64], number: npt.NDArray[np.int32]
) -> Iterator[tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], Whole]]:
    flat = state.reshape(-1)
    for family, step in enumerate(lattice.steps):
        there = free + step
        chosen = np.flatnonzero(flat[there] == FREE)
        q = there[chosen]
        capacity = lattice.capacity(family, free[chosen], q)
        yield chosen.astype(np.int32), number[q], capacity


def arcs_of(lattice: Lattice, state: Bytes) -> Arcs:
    """The network of the free voxels; fixed neighbours become source and sink capacities.

    Parameters
    ----------
    lattice
        Costs, padded by one voxel on each side.
    state
        uint8 of the same shape; `NONE` on the padding.
    """
    flat = state.reshape(-1)
    free = np.flatnonzero(flat == FREE)
    number = np.full(flat.shape, -1, dtype=np.int32)
    number[free] = np.arange(len(free), dtype=np.int32)
    parts = list(_edges_to_free(lattice, state, free, number))
    cost_a, cost_b = lattice.unary(free)
    return Arcs(
        free=free,
        tail=np.concatenate([p[0] for p in parts]),
        head=np.concatenate([p[1] for p in parts]),
        capacity=np.concatenate([p[2] for p in parts]),
        # giving a voxel to B costs what parts it from the source, and the other way round
        from_a=cost_b + capacity_to(lattice, state, free, SIDE_A),
        to_b=cost_a + capacity_to(lattice, state, free, SIDE_B),
    )


def capacity_to(lattice: Lattice, state: Bytes, free: npt.NDArray[np.int64], code: int) -> Whole:
    """Whole capacity of the edges from each of the voxels `free` to neighbours of a state."""
    flat = state.reshape(-1)
    total = np.zeros(len(free), dtype=np.int64)
    for family, forward in enumerate(lattice.steps):
        for step in (forward, -forward):
            at = np.flatnonzero(flat[free + step] == code)
            total[at] += lattice.capacity(family, free[at], free[at] + step)
    return total
