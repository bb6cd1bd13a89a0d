"""The hot loop over all clamp states: elimination along the tree of subsets.

A state's bits say which vessels are clamped. Clamping vessel v in a state whose lower bits are all open is
one pivot of the augmented tableau::

    [ M     -d ]        rows and columns 0 … k−1, column k the right-hand side
    [ C      p ]        one row per observed node, kept column by column

and an open vessel is simply never pivoted. Counting the upper bits in binary, state s is its parent (s
without its lowest set bit) and one pivot, written into the buffer of that bit. Only the columns below the
pivot are needed, so half of all pivots touch a constant number of columns. The lowest three vessels are
closed together: eight states as eight lanes, each the sum of at most three columns.
"""

from __future__ import annotations

import numba as nb
import numpy as np

LANES = 8
"""States closed together: all subsets of the lowest three vessels."""

SINGULAR = 1e-11
"""A pivot under this part of its vessel's resistance is an empty part left hanging: nothing to change."""


@nb.njit(cache=True, nogil=True, inline="always")
def pivot(m_from, c_from, m_to, c_to, v, columns, k, tiny):  # type: ignore[no-untyped-def]
    """Clamp vessel `v`: eliminate it from the first `columns` columns and the right-hand side."""
    a = m_from[v, v]
    inverse = 1.0 / a if a > tiny else 0.0
    rows = c_from.shape[1]
    for j in range(columns):
        f = m_from[v, j] * inverse
        for i in range(columns):
            m_to[i, j] = m_from[i, j] - m_from[i, v] * f
        for i in range(rows):
            c_to[j, i] = c_from[j, i] - c_from[v, i] * f
    f = m_from[v, k] * inverse
    for i in range(columns):
        m_to[i, k] = m_from[i, k] - m_from[i, v] * f
    for i in range(rows):
        c_to[k, i] = c_from[k, i] - c_from[v, i] * f


@nb.njit(cache=True, nogil=True)
def close_lanes(m, k, tiny, w):  # type: ignore[no-untyped-def]
    """Weights (3, 8) of the lowest three columns in each of their eight subsets."""
    for lane in range(8):
        w[0, lane] = w[1, lane] = w[2, lane] = 0.0
    for lane in range(1, 8):
        x0 = x1 = x2 = 0.0
        on0, on1, on2 = lane & 1, lane & 2, lane & 4
        m11, m10, d1 = m[1, 1], m[1, 0], -m[1, k]
        m00, d0 = m[0, 0], -m[0, k]
        inverse2 = 0.0
        if on2:
            inverse2 = 1.0 / m[2, 2] if m[2, 2] > tiny[2] else 0.0
            f1, f0 = m[1, 2] * inverse2, m[0, 2] * inverse2
            m11 -= f1 * m[2, 1]
            m10 -= f1 * m[2, 0]
            d1 += f1 * m[2, k]
            m00 -= f0 * m[2, 0]
            d0 += f0 * m[2, k]
        inverse1 = 0.0
        if on1:
            inverse1 = 1.0 / m11 if m11 > tiny[1] else 0.0
            f0 = m10 * inverse1
            m00 -= f0 * m10
            d0 -= f0 * d1
        if on0 and m00 > tiny[0]:
            x0 = d0 / m00
        if on1:
            x1 = (d1 - m10 * x0) * inverse1
        if on2:
            x2 = (-m[2, k] - m[2, 0] * x0 - m[2, 1] * x1) * inverse2
        w[0, lane], w[1, lane], w[2, lane] = x0, x1, x2


@nb.njit(cache=True, nogil=True, inline="always")
def worst_of_rows(c, k, w, start, stop, best):  # type: ignore[no-untyped-def]
    """Largest rise in rows start … stop, a multiple of four apart, for each lane."""
    for lane in range(8):
        best[lane] = -np.inf
    c0, c1, c2, p = c[0], c[1], c[2], c[k]
    w0, w1, w2 = w[0], w[1], w[2]
    for i in range(start, stop, 4):
        for lane in range(8):
            a, b, d = w0[lane], w1[lane], w2[lane]
            r0 = p[i] + c0[i] * a + c1[i] * b + c2[i] * d
            r1 = p[i + 1] + c0[i + 1] * a + c1[i + 1] * b + c2[i + 1] * d
            r2 = p[i + 2] + c0[i + 2] * a + c1[i + 2] * b + c2[i + 2] * d
            r3 = p[i + 3] + c0[i + 3] * a + c1[i + 3] * b + c2[i + 3] * d
            r0 = r0 if r0 > r1 else r1
            r2 = r2 if r2 > r3 else r3
            r0 = r0 if r0 > r2 else r2
            best[lane] = best[lane] if best[lane] > r0 else r0


@nb.njit(cache=True, nogil=True)
def worst_rises(m_root, c_root, tiny, split, first, count, merge, worst_a, worst_b):  # type: ignore[no-untyped-def]
    """Worst rise of each child for `count` blocks of eight states from block `first`.

    `m_root` (k, k + 1), `c_root` (k + 1, rows): the last row of `c_root` is the rise with all open. Rows up
    to `split` are A's, the others B's. With `merge` the larger of this and what is there stays. If
    `worst_b` is empty, `worst_a` gets the worse of both children.
    """
    k, rows = m_root.shape[0], c_root.shape[1]
    depth = k - 3
    ms = np.empty((depth + 1, k, k + 1))
    cs = np.empty((depth + 1, k + 1, rows))
    ms[depth], cs[depth] = m_root, c_root
    w, best_a, best_b = np.empty((3, 8)), np.empty(8), np.empty(8)
    both = worst_b.size == 0
    here = depth
    for bit in range(depth - 1, -1, -1):
        if (first >> bit) & 1:
            v = bit + 3
            pivot(ms[here], cs[here], ms[bit], cs[bit], v, v, k, tiny[v])
            here = bit
    for block in range(first, first + count):
        if block > first:
            bit = 0
            while not (block >> bit) & 1:
                bit += 1
            here = bit + 1
            while here < depth and not (block >> here) & 1:
                here += 1
            v = bit + 3
            pivot(ms[here], cs[here], ms[bit], cs[bit], v, v, k, tiny[v])
            here = bit
        close_lanes(ms[here], k, tiny, w)
        worst_of_rows(cs[here], k, w, 0, split, best_a)
        worst_of_rows(cs[here], k, w, split, rows, best_b)
        base = (block - first) * 8
        for lane in range(8):
            a, b = best_a[lane], best_b[lane]
            if both:
                a = a if a > b else b
            elif not merge or b > worst_b[base + lane]:
                worst_b[base + lane] = b
            if not merge or a > worst_a[base + lane]:
                worst_a[base + lane] = a


@nb.njit(cache=True, nogil=True)
def cut_off(parts, drains, bears, first, marked):  # type: ignore[no-untyped-def]
    """Mark the states, from `first` on, in which a part with blood in it reaches no outlet."""
    k = parts.shape[0]
    reached = np.empty(drains.size, dtype=np.bool_)
    for state in range(marked.size):
        for part in range(drains.size):
            reached[part] = drains[part]
        moved = True
        while moved:
            moved = False
            for j in range(k):
                if ((state + first) >> j) & 1:
                    continue
                a, b = parts[j, 0], parts[j, 1]
                if reached[a] != reached[b]:
                    reached[a] = reached[b] = True
                    moved = True
        for part in range(drains.size):
            if bears[part] and not reached[part]:
                marked[state] = True
                break
