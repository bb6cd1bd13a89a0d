"""The hot loop over clamp states with collapsible veins.

With every vessel a plain resistance the network answers p = p₀ − Z·J to currents J drawn off at its ports.
What a vessel carries beyond g(p_v − p_s) is such a current, and each law fixes it by one linear equation:

- open (downstream pressure counts, or flow is backwards): J = 0;
- shut (clamped, or both ends under the outside pressure): J + g (p_v − p_s) = 0;
- waterfall (p_s < outside < p_v): J − g (p_s − outside) = 0.

Semi-smooth Newton: solve for J under the laws assumed, look which laws the pressures ask for, change those
rows. A changed row is a rank-one change of the inverse kept. States are counted in binary; each starts from
its parent, the state without its lowest clamp, whose inverse lies in the buffer of the bit above.
"""

from __future__ import annotations

import numba as nb
import numpy as np

OPEN, SHUT, WATERFALL = 0, 1, 2

ROUNDS = 40
"""Passes of Newton over all vessels before one vessel at a time is changed."""

MOST_ROUNDS = 400
"""Passes after which a state counts as not solved."""

IDLE_mmHg = 1e-9
"""A drop under which a vessel that cannot be shut carries nothing."""

PIVOT = 1e-11
"""A row whose change would make the system this near to singular is left for another pass."""


@nb.njit(cache=True, nogil=True)
def change_law(e, law, g, z_up, z_down, up0, down0, outside, w, laws, j, row, work):  # type: ignore[no-untyped-def]
    """Give vessel `e` another law: rank-one change of the inverse `w` and of the currents `j`."""
    k = g.size
    for i in range(k):
        row[i] = 0.0
    row[e] = 1.0
    right = 0.0
    if law == SHUT:
        for i in range(k):
            row[i] -= g[e] * (z_up[i, e] - z_down[i, e])
        right = -g[e] * (up0[e] - down0[e])
    elif law == WATERFALL:
        for i in range(k):
            row[i] += g[e] * z_down[i, e]
        right = g[e] * (down0[e] - outside[e])
    for i in range(k):
        work[i] = 0.0
    for n in range(k):
        f = row[n]
        if f != 0.0:
            for i in range(k):
                work[i] += f * w[n, i]
    pivot = work[e]
    if abs(pivot) < PIVOT:
        return False
    residual = right
    for i in range(k):
        residual -= row[i] * j[i]
    for n in range(k):
        f = w[n, e] / pivot
        if f != 0.0:
            for i in range(k):
                w[n, i] -= f * work[i]
            w[n, e] = f
        j[n] += f * residual
    laws[e] = law
    return True


@nb.njit(cache=True, nogil=True)
def settle(clamped, ports, outside, w, laws, j, up, down, row, work):  # type: ignore[no-untyped-def]
    """Newton from the laws given; the number of passes, or −1 if the state was not solved."""
    g, z_up, z_down, up0, down0 = ports
    k, begun_again = g.size, 0
    for passes in range(1, MOST_ROUNDS):
        up[:] = up0
        down[:] = down0
        for n in range(k):
            f = j[n]
            if f != 0.0:
                for i in range(k):
                    up[i] -= z_up[n, i] * f
                    down[i] -= z_down[n, i] * f
        changed, refused = False, False
        for e in range(k):
            if (clamped >> e) & 1:
                law = SHUT
            elif not outside[e] > -np.inf or down[e] >= outside[e] or up[e] < down[e]:
                law = OPEN
            elif up[e] > outside[e]:
                law = WATERFALL
            else:
                law = SHUT
            if law != laws[e]:
                if change_law(e, law, g, z_up, z_down, up0, down0, outside, w, laws, j, row, work):
                    changed = True
                    if passes > ROUNDS:
                        break
                elif abs(up[e] - down[e]) > IDLE_mmHg:
                    refused = True  # else the only way into an empty part: as good as shut
        if not changed and not refused:
            return passes
        if refused or passes == ROUNDS:  # begin again: nothing collapsed, only the clamps
            begun_again += 1
            if begun_again > 2:
                return -1
            w[:] = np.eye(k)
            laws[:] = OPEN
            j[:] = 0.0
            for e in range(k):
                if (clamped >> e) & 1:
                    change_law(e, SHUT, g, z_up, z_down, up0, down0, outside, w, laws, j, row, work)
    return -1


@nb.njit(cache=True, nogil=True)
def collapsible_rises(ports, outside, reach, rise0, split, free, first, dry, worst_a, worst_b, merge):  # type: ignore[no-untyped-def]
    """Worst rise of each child in `worst_a.size` states from `first`; (states not solved, passes).

    The lowest `free` vessels are candidates, the others always open. `ports`: their
    conductance (k,), answer (k, k) at their upper and lower ends, and pressure (k,) there before. `reach`
    (k, rows) is the answer of the observed nodes; rows up to `split` are A's, in fours. States marked in
    `dry` become +inf.
    """
    k, rows = outside.size, rise0.size
    w, laws, j = np.empty((free + 1, k, k)), np.empty((free + 1, k), np.int64), np.empty((free + 1, k))
    up, down, row, work = np.empty(k), np.empty(k), np.empty(k), np.empty(k)
    solved = np.zeros(free + 1, np.bool_)
    rise = np.empty(rows)
    unsolved, passes = 0, 0
    for n in range(-1, worst_a.size):
        state = first + n
        if n < 0:  # nothing clamped: the root of all
            here = free
            w[here] = np.eye(k)
            laws[here] = OPEN
            j[here] = 0.0
            done = settle(0, ports, outside, w[here], laws[here], j[here], up, down, row, work)
            solved[here] = done > 0
            continue
        if n == 0:  # the way down to the first state of this piece
            here, above = free, 0
            low = free
        else:
            low = 0
            while low < free and not (state >> low) & 1:
                low += 1
            here = low + 1
            while here < free and not (state >> here) & 1:
                here += 1
            above = state ^ (1 << low) if low < free else 0
            low += 1
        for bit in range(low - 1, -1, -1):
            if not (state >> bit) & 1:
                continue
            above |= 1 << bit
            w[bit] = w[here]
            laws[bit] = laws[here]
            j[bit] = j[here]
            done = -1
            if solved[here] and not (n > 0 and dry[n]):
                done = settle(
                    above,
                    ports,
                    outside,
                    w[bit],
                    laws[bit],
                    j[bit],
                    up,
                    down,
                    row,
                    work,
                )
                passes += max(done, 0)
            solved[bit] = done > 0
            here = bit
            if n > 0:
                break
        if dry[n] or not solved[here]:
            unsolved += 0 if dry[n] else 1
            worst_a[n] = worst_b[n] = np.inf if dry[n] else np.nan
            continue
        rise[:] = rise0
        for i in range(k):
            f = j[here, i]
            if f != 0.0:
                for r in range(rows):
                    rise[r] -= reach[i, r] * f
        for child in range(2):
            start, stop = (0, split) if child == 0 else (split, rows)
            a, b, c, d = -np.inf, -np.inf, -np.inf, -np.inf
            for r in range(start, stop, 4):
                a = rise[r] if rise[r] > a else a
                b = rise[r + 1] if rise[r + 1] > b else b
                c = rise[r + 2] if rise[r + 2] > c else c
                d = rise[r + 3] if rise[r + 3] > d else d
            value = max(max(a, b), max(c, d))
            worst = worst_a if child == 0 else worst_b
            if not merge or value > worst[n]:
                worst[n] = value
    return unsolved, passes
