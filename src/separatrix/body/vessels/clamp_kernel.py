"""The hot loop over all clamp states: elimination along the tree of subsets.

A state's bits say which vessels are clamped. Clamping vessel v in a state whose lower bits are all open is
one pivot of the augmented tableau::

    [ M     -d ]        rows and columns 0 … k−1, column k the right-hand side
    [ C      p ]        one row per observed node, kept column by column

and an open vessel is simply never pivoted. Counting the upper bits in binary, state s is its parent (s
without its lowest set bit) and one pivot, written into the buffer of that bit. Only the columns below the
pivot are needed, so half of all pivots touch a constant number of columns. The lowest three vessels are
closed together, row by row without storing anything: eleven multipliers make eight states of one.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
from numba.core import types
from numba.extending import intrinsic

LANES = 8
"""States closed together: all subsets of the lowest three vessels."""

SINGULAR = 1e-11
"""A pivot under this part of its vessel's resistance is an empty part left hanging: nothing to change."""


def _larger(context: Any, a: Any, b: Any) -> Any:
    """The larger of two numbers, neither of them NaN.

    Saying so lets the compiler compare many rows at once: a maximum is the same in any order. Sums and
    products around it stay as they are written.
    """

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        a, b = values
        flags = ("nnan", "nsz")
        return builder.select(builder.fcmp_ordered(">", a, b, flags=flags), a, b, flags=flags)

    return types.float64(types.float64, types.float64), emit


larger: Any = intrinsic(_larger)


@nb.njit(cache=True, nogil=True, inline="always")
def pivot(m_from, c_from, m_to, c_to, v, columns, k, tiny):  # type: ignore[no-untyped-def]
    """Clamp vessel `v`: eliminate it from the first `columns` columns and the right-hand side."""
    a = m_from[v, v]
    inverse = 1.0 / a if a > tiny else 0.0
    rows = c_from.shape[1]
    for i in range(columns):
        f = m_from[i, v] * inverse
        for j in range(columns):
            m_to[i, j] = m_from[i, j] - f * m_from[v, j]
        m_to[i, k] = m_from[i, k] - f * m_from[v, k]
    for j in range(columns + 1):
        column = j if j < columns else k
        f = m_from[v, column] * inverse
        for i in range(rows):
            c_to[column, i] = c_from[column, i] - c_from[v, i] * f


@nb.njit(cache=True, nogil=True)
def lane_factors(m, k, tiny, f):  # type: ignore[no-untyped-def]
    """Multipliers (11,) of the seven pivots that make eight states of one: vessels 2, 1 and 0 in turn.

    In `f`: 0-2 for columns 0, 1 and the rise when vessel 2 is clamped; 3-4 for column 0 and the rise when
    vessel 1 is clamped, 5-6 the same after vessel 2; 7-10 for the rise when vessel 0 is clamped after the
    four subsets of 1 and 2.
    """
    inverse = 1.0 / m[2, 2] if m[2, 2] > tiny[2] else 0.0
    f[0], f[1], f[2] = m[2, 0] * inverse, m[2, 1] * inverse, m[2, k] * inverse
    for two in range(2):
        m00, m10, m11, r0, r1 = m[0, 0], m[1, 0], m[1, 1], m[0, k], m[1, k]
        if two:
            m00 -= m[2, 0] * f[0]
            m10 -= m[2, 1] * f[0]
            m11 -= m[2, 1] * f[1]
            r0 -= m[2, 0] * f[2]
            r1 -= m[2, 1] * f[2]
        inverse = 1.0 / m11 if m11 > tiny[1] else 0.0
        g, h = m10 * inverse, r1 * inverse
        f[3 + 2 * two], f[4 + 2 * two] = g, h
        f[7 + 2 * two] = r0 / m00 if m00 > tiny[0] else 0.0
        m00 -= m10 * g
        r0 -= m10 * h
        f[8 + 2 * two] = r0 / m00 if m00 > tiny[0] else 0.0


@nb.njit(cache=True, nogil=True)
def worst_of_rows(c, k, f, start, stop, best):  # type: ignore[no-untyped-def]
    """Largest rise in rows start … stop for each of the eight states."""
    c0, c1, c2, p = c[0, start:stop], c[1, start:stop], c[2, start:stop], c[k, start:stop]
    f0, f1, f2, f3, f4, f5 = f[0], f[1], f[2], f[3], f[4], f[5]
    f6, f7, f8, f9, f10 = f[6], f[7], f[8], f[9], f[10]
    b0 = b1 = b2 = b3 = b4 = b5 = b6 = b7 = -np.inf
    for i in range(p.size):
        x0, x1, x2, r = c0[i], c1[i], c2[i], p[i]
        b0 = larger(r, b0)
        s = r - x0 * f7
        b1 = larger(s, b1)
        s = r - x1 * f4
        b2 = larger(s, b2)
        s -= (x0 - x1 * f3) * f8
        b3 = larger(s, b3)
        r -= x2 * f2
        x0 -= x2 * f0
        x1 -= x2 * f1
        b4 = larger(r, b4)
        s = r - x0 * f9
        b5 = larger(s, b5)
        s = r - x1 * f6
        b6 = larger(s, b6)
        s -= (x0 - x1 * f5) * f10
        b7 = larger(s, b7)
    best[0], best[1], best[2], best[3] = b0, b1, b2, b3
    best[4], best[5], best[6], best[7] = b4, b5, b6, b7


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
    f, best_a, best_b = np.empty(11), np.empty(8), np.empty(8)
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
        lane_factors(ms[here], k, tiny, f)
        worst_of_rows(cs[here], k, f, 0, split, best_a)
        worst_of_rows(cs[here], k, f, split, rows, best_b)
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
