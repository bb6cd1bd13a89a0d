"""The hot loop over end states of one child: which shared nodes are left to it, by elimination along a trie.

The child's own network begins with every shared node its own. Leaving node t to the other child clamps the
vessels at t that are still there: a few pivots of the augmented tableau (see `clamp_kernel`). States come
sorted by number, so each shares the buffers of its leading bits with the state before. Vessels are sorted by
their lower end; once nodes down to t are settled, only columns of vessels with a lower end below t matter.
"""

from __future__ import annotations

import numba as nb
import numpy as np


@nb.njit(cache=True, nogil=True)
def clamp_vessel(m, c, v, columns, tiny, column_m, column_c):  # type: ignore[no-untyped-def]
    """Eliminate vessel `v` in place from the first `columns` columns and the right-hand side (the last)."""
    k, rows = m.shape[0], c.shape[1]
    a = m[v, v]
    if a <= tiny:
        return  # an empty part left hanging
    for i in range(columns):
        column_m[i] = m[i, v] / a
    for i in range(rows):
        column_c[i] = c[v, i] / a
    right = m[v, k]
    for i in range(columns):
        x, f = column_m[i], m[i, v]
        m[i, k] -= x * right
        if f == 0.0:
            continue
        for j in range(columns):
            m[i, j] -= x * m[v, j] if j != v and i != v else 0.0
        for r in range(rows):
            c[i, r] -= f * column_c[r] if i != v else 0.0
    for r in range(rows):
        c[k, r] -= column_c[r] * right
    if v < columns:
        for i in range(columns):
            m[i, v] = m[v, i] = 0.0
        m[v, k] = 0.0


@nb.njit(cache=True, nogil=True)
def leave(m, c, depth, t, state, ends, start, touch, touch_start, tiny, column_m, column_c):  # type: ignore[no-untyped-def]
    """Leave node `t` to the other child: buffer `depth` and the pivots of t's vessels give ``depth + 1``."""
    k = ends.shape[0]
    columns = start[t + 1]
    m[depth + 1, :columns, :columns] = m[depth, :columns, :columns]
    m[depth + 1, :columns, k] = m[depth, :columns, k]
    c[depth + 1, :columns] = c[depth, :columns]
    c[depth + 1, k] = c[depth, k]
    for v in range(start[t + 1] - 1, start[t] - 1, -1):  # their lower end is t
        upper = ends[v, 1]
        if upper == t or not (state >> np.uint64(upper)) & np.uint64(1):
            clamp_vessel(m[depth + 1], c[depth + 1], v, v + 1, tiny[v], column_m, column_c)
    for n in range(touch_start[t], touch_start[t + 1]):  # their upper end is t
        v = touch[n]
        clamp_vessel(m[depth + 1], c[depth + 1], v, start[t], tiny[v], column_m, column_c)


@nb.njit(cache=True, nogil=True)
def is_cut_off(state, ends, parts, drains, bears, reached):  # type: ignore[no-untyped-def]
    """Whether a part with blood in it reaches no outlet over vessels with both ends still this child's."""
    reached[:] = drains
    one = np.uint64(1)
    moved = True
    while moved:
        moved = False
        for v in range(ends.shape[0]):
            a, b = parts[v, 0], parts[v, 1]
            if reached[a] != reached[b] and not (
                (state >> np.uint64(ends[v, 0])) & one or (state >> np.uint64(ends[v, 1])) & one
            ):
                reached[a] = reached[b] = True
                moved = True
    dry = False
    for part in range(drains.size):
        dry |= bears[part] and not reached[part]
    return dry


@nb.njit(cache=True, nogil=True)
def harms(m_root, c_root, tiny, ends, start, touch, touch_start, parts, drains, bears, states, worst, total):  # type: ignore[no-untyped-def]
    """Worst and summed rise of one child in each state (bits: nodes left to the other), kept if larger.

    `m_root` (k, k + 1); `c_root` (k + 1, rows), its last row the rise with all nodes kept.
    """
    k, rows, nodes = ends.shape[0], c_root.shape[1], start.size - 1
    m = np.empty((nodes + 1, k, k + 1))
    c = np.empty((nodes + 1, k + 1, rows))
    m[0], c[0] = m_root, c_root
    dead = np.zeros(nodes + 1, dtype=np.bool_)
    reached = np.empty(drains.size, dtype=np.bool_)
    column_m, column_c = np.empty(k), np.empty(rows)
    one = np.uint64(1)
    some_dry = (bears & ~drains).any()
    if some_dry:
        dead[0] = is_cut_off(np.uint64(0), ends, parts, drains, bears, reached)
    depth, before = 0, np.uint64(0)
    for n in range(states.size):
        state = states[n]
        top = nodes - 1
        while top >= 0 and not ((state ^ before) >> np.uint64(top)) & one:
            top -= 1
        depth = 0
        for t in range(top + 1, nodes):
            depth += int((state >> np.uint64(t)) & one)
        for t in range(top, -1, -1):
            if not (state >> np.uint64(t)) & one:
                continue
            above = (state >> np.uint64(t)) << np.uint64(t)
            dead[depth + 1] = dead[depth]
            if some_dry and not dead[depth]:
                dead[depth + 1] = is_cut_off(above, ends, parts, drains, bears, reached)
            if not dead[depth + 1]:
                leave(m, c, depth, t, state, ends, start, touch, touch_start, tiny, column_m, column_c)
            depth += 1
        before = state
        if dead[depth]:
            worst[n] = total[n] = np.inf
            continue
        rise = c[depth, k]
        largest, risen = -np.inf, 0.0
        for r in range(rows):
            x = rise[r]
            largest = x if x > largest else largest
            risen += x if x > 0.0 else 0.0
        worst[n] = largest if largest > worst[n] else worst[n]
        total[n] = risen if risen > total[n] else total[n]
