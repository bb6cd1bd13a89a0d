"""The minimum cut against brute force, an independent maximum flow, and known surfaces."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from separatrix.body.anatomy.lattice import FREE, OFFSETS, Lattice, cost_of, crofton_weights
from separatrix.body.anatomy.mincut import Cut, minimum_cut
from separatrix.core import InputError, generator

Array = npt.NDArray[np.generic]


def ends(shape: tuple[int, int, int], axis: int = 0) -> npt.NDArray[np.uint8]:
    """Seeds of A on the first and of B on the last layer along an axis."""
    seeds = np.zeros(shape, dtype=np.uint8)
    np.moveaxis(seeds, axis, 0)[0] = 1
    np.moveaxis(seeds, axis, 0)[-1] = 2
    return seeds


def rough(shape: tuple[int, int, int], seed: int) -> npt.NDArray[np.float32]:
    """Smooth positive costs with a wide range."""
    from scipy import ndimage

    field = ndimage.gaussian_filter(generator(seed, "cost").normal(size=shape), 1.5)
    return np.asarray(np.exp(field / field.std()), dtype=np.float32)


def scipy_flow(lattice: Lattice, seeds: npt.NDArray[np.uint8], inside: npt.NDArray[np.bool_]) -> int:
    """The maximum flow of the same network by another program (scipy, int32)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import maximum_flow

    number = np.arange(seeds.size).reshape(seeds.shape)
    rows, columns, values = [], [], []
    for family, offset in enumerate(OFFSETS):
        for index in itertools.product(*(range(n) for n in seeds.shape)):
            other = tuple(i + o for i, o in zip(index, offset, strict=True))
            if not all(0 <= o < n for o, n in zip(other, seeds.shape, strict=True)):
                continue
            if inside[index] and inside[other]:
                p, q = number[index], number[other]
                capacity = int(lattice.capacity(family, np.array([p]), np.array([q]))[0])
                rows += [p, q]
                columns += [q, p]
                values += [capacity, capacity]
    source, sink = seeds.size, seeds.size + 1
    endless = 2**30
    for p in np.flatnonzero(seeds.ravel() == 1):
        rows.append(source)
        columns.append(p)
        values.append(endless)
    for p in np.flatnonzero(seeds.ravel() == 2):
        rows.append(p)
        columns.append(sink)
        values.append(endless)
    graph = coo_array((np.array(values, dtype=np.int32), (rows, columns)), shape=(sink + 1, sink + 1)).tocsr()
    return int(maximum_flow(graph, source, sink).flow_value)


def whole(cut: Cut) -> int:
    """The cost in quanta."""
    return round(cut.cost / cut.quantum)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_a_tiny_lattice_is_cut_as_cheaply_as_any_labelling_allows(seed: int, with_terms: bool) -> None:
    draw = generator(seed, "tiny")
    shape = (2, 2, 4)
    density = draw.uniform(0, 2, size=shape).astype(np.float32)
    seeds = ends(shape, axis=2)
    inside = draw.uniform(size=shape) < 0.9
    inside[seeds > 0] = True
    to_a, to_b = (
        (draw.uniform(0, 4, size=shape).astype(np.float32) for _ in "AB") if with_terms else (None, None)
    )
    cut = minimum_cut(density, (0.7, 1.0, 1.6), seeds, inside=inside, to_a=to_a, to_b=to_b)
    lattice = Lattice.of(density, (0.7, 1.0, 1.6), to_a, to_b)
    free = np.flatnonzero((seeds == 0) & inside)
    best = None
    for sides in itertools.product((1, 2), repeat=len(free)):
        labels = np.where(inside, seeds, 0).astype(np.uint8)
        labels.reshape(-1)[free] = sides
        cost = cost_of(lattice, labels)
        best = cost if best is None else min(best, cost)
    assert whole(cut) == best == cost_of(lattice, cut.side)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_small_lattice_gives_the_maximum_flow_of_scipy_exactly(seed: int) -> None:
    shape, spacing = (7, 8, 9), (0.9, 1.0, 1.4)
    density = rough(shape, seed)
    inside = generator(seed, "inside").uniform(size=shape) < 0.95
    seeds = ends(shape) * inside.astype(np.uint8)
    cut = minimum_cut(density, spacing, seeds, inside=inside)
    coarse = Lattice.of(density, spacing)
    assert whole(cut) == scipy_flow(coarse, seeds, inside)


def test_weights_measure_any_plane_without_bias() -> None:
    """The mean over orientations is the area; the spread is the metrication error of 26 neighbours."""
    normals = generator(0, "normals").normal(size=(20_000, 3))
    normals /= np.linalg.norm(normals, axis=1)[:, None]
    for spacing, worst in (((1.0, 1.0, 1.0), 0.08), ((1.0, 1.0, 2.0), 0.13), ((2.0, 0.7, 0.7), 0.15)):
        weights = crofton_weights(spacing)
        edges = np.array(OFFSETS) * np.array(spacing[::-1])
        measured = np.abs(normals @ edges.T) @ weights / np.prod(spacing)
        print(spacing, "area ratio", measured.min(), "to", measured.max(), "sd", measured.std())
        assert measured.mean() == pytest.approx(1, abs=2e-3)
        assert np.abs(measured - 1).max() < worst


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.5, 1.0, 1.5)])
def test_a_plane_through_uniform_cost_gives_its_area(spacing: tuple[float, float, float]) -> None:
    shape = (12, 60, 60)
    density = np.full(shape, 2.5, dtype=np.float32)
    density[5] = density[6] = 2.0
    cut = minimum_cut(density, spacing, ends(shape))
    # beyond the rim of the lattice there are no edges: half a voxel of the rim counts by half
    area = (shape[1] - 0.5) * spacing[1] * (shape[2] - 0.5) * spacing[0]
    print(spacing, "measured over true area", cut.cost / 2.0 / area)
    assert cut.cost / 2.0 == pytest.approx(area, rel=0.16)
    assert (cut.side[:6] == 1).all()
    assert (cut.side[6:] == 2).all()


def test_the_cut_finds_the_waist_of_a_neck() -> None:
    z, y, x = np.mgrid[-16:17, -24:25, -24:25].astype(float)
    radius = 14 + 0.03 * (z - 4) ** 2
    inside = y**2 + x**2 <= radius**2
    seeds = ends(inside.shape) * inside.astype(np.uint8)
    cut = minimum_cut(np.ones(inside.shape, dtype=np.float32), (1, 1, 1), seeds, inside=inside)
    # the rim has edges on one side only, so a quarter of a voxel of it does not count; a plane
    # across an axis measures 0.93 of its area
    assert cut.cost == pytest.approx(0.93 * np.pi * 13.75**2, rel=0.03)
    heights = np.unique(z[(cut.side == 2)])
    assert heights.min() == pytest.approx(4, abs=2)


def test_a_cut_between_two_rings_is_a_catenoid() -> None:
    """The classical minimal surface: a soap film between two equal rings."""
    ring, half = 20.0, 8.0
    throat = 15.0
    for _ in range(60):  # throat c of r = c cosh(z / c) through the rings
        throat = ring / np.cosh(half / throat)
    area = np.pi * throat * (2 * half + throat * np.sinh(2 * half / throat))
    z, y, x = np.mgrid[-8:9, -26:27, -26:27].astype(float)
    r = np.hypot(y, x)
    seeds = np.zeros(z.shape, dtype=np.uint8)
    seeds[(r < 8)] = 1
    seeds[(r > 24)] = 2
    seeds[0][r[0] <= ring] = seeds[-1][r[0] <= ring] = 1
    seeds[0][r[0] > ring] = seeds[-1][r[0] > ring] = 2
    cut = minimum_cut(np.ones(z.shape, dtype=np.float32), (1, 1, 1), seeds, full=True)
    inner = cut.side[1:-1]
    seen = cost_of(Lattice.of(np.ones(inner.shape, dtype=np.float32), (1, 1, 1)), np.ascontiguousarray(inner))
    lattice = Lattice.of(np.ones(inner.shape, dtype=np.float32), (1, 1, 1))
    assert seen * lattice.quantum == pytest.approx(area * 14 / 16, rel=0.05)
    middle = np.sqrt((cut.side[8] == 1).sum() / np.pi)
    assert middle == pytest.approx(throat, abs=1.0)


def test_a_swap_of_the_twins_swaps_the_sides() -> None:
    shape = (16, 14, 12)
    density, seeds = rough(shape, 4), ends(shape)
    one = minimum_cut(density, (1, 1, 1), seeds)
    other = minimum_cut(density, (1, 1, 1), (3 - seeds) * (seeds > 0).astype(np.uint8))
    assert whole(one) == whole(other)
    assert ((one.side == 1) == (other.side == 2)).all()


def test_a_flip_of_the_lattice_flips_the_cut() -> None:
    shape = (16, 14, 12)
    density, seeds = rough(shape, 5), ends(shape)
    one = minimum_cut(density, (1.0, 0.8, 1.2), seeds)
    flipped = minimum_cut(
        np.ascontiguousarray(density[:, ::-1]), (1.0, 0.8, 1.2), np.ascontiguousarray(seeds[:, ::-1])
    )
    assert (flipped.side[:, ::-1] == one.side).all()


def test_free_is_no_value_of_a_result() -> None:
    cut = minimum_cut(rough((10, 10, 10), 1), (1, 1, 1), ends((10, 10, 10)))
    assert FREE not in cut.side


def test_costs_that_make_no_sense_are_refused_all_at_once() -> None:
    density = np.ones((4, 4, 4), dtype=np.float32)
    density[0, 0, 0] = np.nan
    with pytest.raises(InputError) as caught:
        minimum_cut(density, (1, 1, 1), np.zeros((4, 4, 4), dtype=np.uint8))
    assert len(caught.value.faults) == 3
