"""Where vessels merely touch: listed with a probability instead of joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from separatrix.body.vessels.model import Bools, Ints, Reals
from separatrix.body.vessels.sketch import Course, Sketch, Tree

_CANDIDATES = 24
"""Points of lines looked at around a voxel to find the vessel whose wall is nearest."""

_CLUSTER_MM = 4.0
"""Voxels of a pair of vessels further apart than this are two contacts."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contact:
    """Two vessels that touch, by number, and where on their lines."""

    one: int
    other: int
    at_mm: tuple[Reals, Reals]
    """The place on each, (3,)."""
    probability: float
    why: str


def place_touches(sketch: Sketch, radius_mm: Mapping[int, float]) -> list[Contact]:
    """Find the two vessels of each touch kept while parting: the two whose walls are nearest there."""
    found = []
    for touch in sketch.touches:
        pools = [{n for n, c in sketch.courses.items() if c.tree is tree} for tree in touch.trees]
        near = {n: _wall_mm(sketch.courses[n], touch.at_mm, radius_mm[n]) for pool in pools for n in pool}
        one = min(pools[0], key=lambda n: (near[n], n), default=None)
        other = min(pools[1] - {one}, key=lambda n: (near[n], n), default=None)
        if one is not None and other is not None:
            found.append(_contact(sketch, one, other, touch.at_mm, touch.probability, touch.why))
    return found


def touching_trees(
    sketch: Sketch,
    radius_mm: Mapping[int, float],
    arterial: Bools,
    venous: Bools,
    index_to_mm: Callable[[Ints], Reals],
    probability: float,
) -> list[Contact]:
    """Arteries that touch veins: voxels of the one beside voxels of the other, by pair of vessels.

    Parameters
    ----------
    arterial, venous
        Masks in one box.
    index_to_mm
        Places of that box's indices (n, 3).
    """
    from scipy import ndimage
    from scipy.spatial import cKDTree

    around = np.ones((3, 3, 3), dtype=np.bool_)
    index = np.argwhere(arterial & ndimage.binary_dilation(venous, structure=around)).astype(np.int64)
    lines = {
        tree: [(n, c.points_mm) for n, c in sorted(sketch.courses.items()) if c.tree is tree] for tree in Tree
    }
    if not len(index) or not all(lines.values()):
        return []
    places = index_to_mm(index)
    nearest = []
    for tree in Tree:
        number = np.concatenate([np.full(len(line), n) for n, line in lines[tree]])
        points = np.concatenate([line for _, line in lines[tree]])
        far, at = cKDTree(points).query(places, k=min(_CANDIDATES, len(points)), workers=1)
        wall = far - np.array([radius_mm[int(n)] for n in number])[at]
        nearest.append(number[at[np.arange(len(at)), np.argmin(wall, axis=1)]])
    found = []
    for one, other in sorted(set(zip(nearest[0].tolist(), nearest[1].tolist(), strict=True))):
        these = places[(nearest[0] == one) & (nearest[1] == other)]
        pieces = _clusters(these)
        found += [
            _contact(sketch, one, other, p.mean(axis=0), probability, "artery beside vein") for p in pieces
        ]
    return found


def _clusters(places: Reals) -> list[Reals]:
    """Groups of places, each no further than `_CLUSTER_MM` from another of its group."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    pairs = cKDTree(places).query_pairs(_CLUSTER_MM, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(places),) * 2)
    count, label = connected_components(graph, directed=False)
    return [places[label == n] for n in range(count)]


def _wall_mm(course: Course, at_mm: Reals, radius_mm: float) -> float:
    return float(np.linalg.norm(course.points_mm - at_mm, axis=1).min()) - radius_mm


def _contact(sketch: Sketch, one: int, other: int, at_mm: Reals, probability: float, why: str) -> Contact:
    places = []
    for number in (one, other):
        line = sketch.courses[number].points_mm
        places.append(line[int(np.argmin(np.linalg.norm(line - at_mm, axis=1)))])
    return Contact(one=one, other=other, at_mm=(places[0], places[1]), probability=probability, why=why)
