"""Finding ways for vessels: the clearance around what is there, and shortest paths that keep to it."""

from __future__ import annotations

import heapq

import numba as nb
import numpy as np


@nb.njit(cache=True)
def stamp(clear, nearest, origin, spacing, points, radii, ident, reach):  # type: ignore[no-untyped-def]
    """Lower the clearance (distance to the nearest painted vessel wall, mm) around a densely sampled tube."""
    nz, ny, nx = clear.shape
    for n in range(points.shape[0]):
        far = radii[n] + reach
        low = np.empty(3, np.int64)
        high = np.empty(3, np.int64)
        for a in range(3):
            centre = (points[n, a] - origin[a]) / spacing
            low[a] = max(int(np.ceil(centre - far / spacing)), 0)
            high[a] = min(int(np.floor(centre + far / spacing)), (nx, ny, nz)[a] - 1)
        for k in range(low[2], high[2] + 1):
            dz = origin[2] + k * spacing - points[n, 2]
            for j in range(low[1], high[1] + 1):
                dy = origin[1] + j * spacing - points[n, 1]
                for i in range(low[0], high[0] + 1):
                    dx = origin[0] + i * spacing - points[n, 0]
                    d = np.float32(np.sqrt(dx * dx + dy * dy + dz * dz) - radii[n])
                    if d < clear[k, j, i]:
                        clear[k, j, i] = d
                        nearest[k, j, i] = ident


@nb.njit(cache=True)
def distance_to(points, radii, samples):  # type: ignore[no-untyped-def]
    """Distance (mm) of each place in `points` to the nearest wall of a sampled tube."""
    out = np.full(points.shape[0], np.inf)
    for n in range(points.shape[0]):
        for m in range(samples.shape[0]):
            dx = points[n, 0] - samples[m, 0]
            dy = points[n, 1] - samples[m, 1]
            dz = points[n, 2] - samples[m, 2]
            out[n] = min(out[n], np.sqrt(dx * dx + dy * dy + dz * dz) - radii[m])
    return out


@nb.njit(cache=True)
def shortest_path(price, start, goals):  # type: ignore[no-untyped-def]
    """Cheapest way through a lattice (26 neighbours, infinite price is closed), as lattice indices.

    `start` is one index (z, y, x), `goals` several; the way ends at the goal reached first. Empty if none.
    """
    nz, ny, nx = price.shape
    best = np.full(price.shape, np.inf, np.float64)
    came = np.full(price.size, -1, np.int64)
    wanted = np.zeros(price.shape, np.bool_)
    for n in range(goals.shape[0]):
        wanted[goals[n, 0], goals[n, 1], goals[n, 2]] = True
    first = (start[0] * ny + start[1]) * nx + start[2]
    best[start[0], start[1], start[2]] = 0.0
    heap = [(0.0, first)]
    end = -1
    while len(heap) > 0:
        cost, here = heapq.heappop(heap)
        k, j, i = here // (ny * nx), here // nx % ny, here % nx
        if cost > best[k, j, i]:
            continue
        if wanted[k, j, i]:
            end = here
            break
        for dk in range(-1, 2):
            for dj in range(-1, 2):
                for di in range(-1, 2):
                    kk, jj, ii = k + dk, j + dj, i + di
                    if not (0 <= kk < nz and 0 <= jj < ny and 0 <= ii < nx):
                        continue
                    p = price[kk, jj, ii]
                    if p == np.inf:
                        continue
                    step = np.sqrt(float(dk * dk + dj * dj + di * di))
                    new = cost + step * 0.5 * (p + price[k, j, i])
                    if new < best[kk, jj, ii]:
                        best[kk, jj, ii] = new
                        there = (kk * ny + jj) * nx + ii
                        came[there] = here
                        heapq.heappush(heap, (new, there))
    count = 0
    at = end
    while at >= 0:
        count += 1
        at = came[at]
    path = np.empty((count, 3), np.int64)
    at = end
    for n in range(count):
        path[count - 1 - n, 0] = at // (ny * nx)
        path[count - 1 - n, 1] = at // nx % ny
        path[count - 1 - n, 2] = at % nx
        at = came[at]
    return path
