"""How far every voxel of the body is from a set of voxels, on a path that stays inside the body."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

FAR = np.uint16(65535)
"""Distance of a voxel that no path reaches."""

STEPS = (10, 14, 17)
"""Lengths of a step over a face, an edge and a corner, in tenths of a voxel (rounded 1, √2, √3)."""


def path_length(sources: npt.NDArray[np.bool_], inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint16]:
    """Length of the shortest path from the sources through the inside, by steps to 26 neighbours.

    Parameters
    ----------
    sources, inside
        Shape (z, y, x). The path leaves any source and runs through voxels of `inside` alone.

    Returns
    -------
    ndarray of uint16, shape (z, y, x)
        In tenths of a voxel; 0 at the sources, `FAR` where no path leads (outside too).

    Notes
    -----
    Steps of 10, 14 and 17 tenths make paths up to 9 % longer than the straight line [1]_. The bucket
    queue visits voxels in an order of its own, but lengths are whole numbers: the result is exact for
    these steps and the same for any order.

    References
    ----------
    .. [1] G. Borgefors, Distance transformations in arbitrary dimensions, 1984,
       doi:10.1016/0734-189X(84)90035-5.
    """
    length = np.full(tuple(n + 2 for n in inside.shape), FAR, dtype=np.uint16)
    core = (slice(1, -1),) * 3
    free = np.zeros(length.shape, dtype=np.bool_)
    free[core] = inside
    length[core][sources] = 0
    offsets, steps = _neighbours(length.shape)
    first = np.flatnonzero(length == 0).astype(np.int64)
    _walk()(length.reshape(-1), free.reshape(-1), first, offsets, steps)
    return np.ascontiguousarray(length[core])


def _neighbours(shape: tuple[int, ...]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    offsets, steps = [], []
    for z in (-1, 0, 1):
        for y in (-1, 0, 1):
            for x in (-1, 0, 1):
                moved = abs(z) + abs(y) + abs(x)
                if moved:
                    offsets.append((z * shape[1] + y) * shape[2] + x)
                    steps.append(STEPS[moved - 1])
    return np.asarray(offsets, dtype=np.int64), np.asarray(steps, dtype=np.int64)


@functools.cache
def _walk() -> Callable[..., Any]:
    """Compile the bucket queue (Dial's form of Dijkstra's search)."""
    import numba

    @numba.njit(cache=True)
    def walk(length, free, first, offsets, steps):  # type: ignore[no-untyped-def]
        rings = STEPS[2] + 1  # a step never jumps further than this many lengths ahead
        queue = np.empty((rings, max(1024, 2 * first.size)), dtype=np.int64)
        count = np.zeros(rings, dtype=np.int64)
        queue[0, : first.size] = first
        count[0] = first.size
        here, waiting = 0, first.size
        while waiting > 0 and here < 65535 - rings:
            ring = here % rings
            done = 0
            while done < count[ring]:
                voxel = queue[ring, done]
                done += 1
                if length[voxel] != here:
                    continue  # reached on a shorter path since
                for k in range(offsets.size):
                    to = voxel + offsets[k]
                    longer = here + steps[k]
                    if free[to] and longer < length[to]:
                        length[to] = longer
                        other = longer % rings
                        if count[other] == queue.shape[1]:
                            wider = np.empty((rings, 2 * queue.shape[1]), dtype=np.int64)
                            wider[:, : queue.shape[1]] = queue
                            queue = wider
                        queue[other, count[other]] = to
                        count[other] += 1
                        waiting += 1
            waiting -= count[ring]
            count[ring] = 0
            here += 1

    return walk
