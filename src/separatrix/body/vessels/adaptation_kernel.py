"""The hot loop of staged division: refactor the adapted network of every set, and search all that follows it.

Each set P of clamped vessels gives a network of its own. Its Laplacian keeps one pattern, so the pattern of
its factor L D Lᵀ is found once (`symbolic`) and only numbers are filled in (`factorise`).
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np

from separatrix.body.vessels.clamp_kernel import SINGULAR, cut_off, worst_rises
from separatrix.body.vessels.model import Bools, Ints, Reals
from separatrix.body.vessels.order_kernel import least_over_orders


class Wiring(NamedTuple):
    """One network as the kernel reads it: nodes in elimination order, held nodes numbered −1 − i."""

    a: Ints
    b: Ints
    conductance: Reals
    slot: Ints
    """(m,) place of the edge's off-diagonal value, −1 with a held end."""
    held: Reals
    inflow: Reals
    first: Ints
    """(n + 1,) starts of the rows above the diagonal, column by column."""
    above: Ints
    parent: Ints
    """(n,) elimination tree."""
    start: Ints
    """(n + 1,) starts of the columns of L."""
    candidate_edge: Ints
    stiffness: Reals
    drive: Reals
    """(k, k) and (k,) of the network nothing has adapted in."""
    grow_edge: Ints
    grow_drop: Reals
    """(e, k + 1) pressure drop over each growing edge: with all open (last), and per unit of x."""
    grow_reference: Reals
    clot_start: Ints
    clot_edge: Ints
    rows: Ints
    """(rows,) nodes in eights, −1 for an empty row."""
    before: Reals
    """(rows,) pressure from which a rise is measured."""
    drains_node: Bools
    """(n + held,) outlets, in the numbering of the free nodes and then the held ones."""
    bears_node: Bools
    supply: Bools


@nb.njit(cache=True)
def symbolic(first, above, n):  # type: ignore[no-untyped-def]
    """Elimination tree and column starts of L from the pattern above the diagonal."""
    parent, flag = np.full(n, -1, np.int64), np.empty(n, np.int64)
    count = np.zeros(n, np.int64)
    for k in range(n):
        flag[k] = k
        for q in range(first[k], first[k + 1]):
            i = above[q]
            while flag[i] != k:
                if parent[i] == -1:
                    parent[i] = k
                count[i] += 1
                flag[i] = k
                i = parent[i]
    start = np.zeros(n + 1, np.int64)
    for k in range(n):
        start[k + 1] = start[k] + count[k]
    return parent, start


@nb.njit(cache=True, nogil=True)
def factorise(wiring, diagonal, values, li, lx, d):  # type: ignore[no-untyped-def]
    """Numbers of L and 1 / D, row by row; an empty part's zero pivot gives 0."""
    n = diagonal.size
    y, pattern = np.zeros(n), np.empty(n, np.int64)
    flag, filled = np.full(n, -1, np.int64), np.zeros(n, np.int64)
    for k in range(n):
        top = n
        flag[k] = k
        for q in range(wiring.first[k], wiring.first[k + 1]):
            i = wiring.above[q]
            y[i] += values[q]
            length = 0
            while flag[i] != k:
                pattern[length] = i
                length += 1
                flag[i] = k
                i = wiring.parent[i]
            while length > 0:
                top -= 1
                length -= 1
                pattern[top] = pattern[length]
        pivot = diagonal[k]
        for t in range(top, n):
            i = pattern[t]
            yi = y[i]
            y[i] = 0.0
            stop = wiring.start[i] + filled[i]
            for q in range(wiring.start[i], stop):
                y[li[q]] -= lx[q] * yi
            lki = yi * d[i]
            pivot -= lki * yi
            li[stop], lx[stop] = k, lki
            filled[i] += 1
        d[k] = 1.0 / pivot if pivot > SINGULAR * diagonal[k] else 0.0


@nb.njit(cache=True, nogil=True)
def solve_all(wiring, li, lx, d, x):  # type: ignore[no-untyped-def]
    """Solve L D Lᵀ X = X in place for all right-hand sides (n, r)."""
    n, r = x.shape
    for j in range(n):
        for q in range(wiring.start[j], wiring.start[j + 1]):
            i, f = li[q], lx[q]
            for c in range(r):
                x[i, c] -= f * x[j, c]
    for j in range(n - 1, -1, -1):
        for c in range(r):
            x[j, c] *= d[j]
        for q in range(wiring.start[j], wiring.start[j + 1]):
            i, f = li[q], lx[q]
            for c in range(r):
                x[j, c] -= f * x[i, c]


@nb.njit(cache=True, nogil=True)
def response(stiffness, drive, chosen):  # type: ignore[no-untyped-def]
    """x with M[S, S] x = d[S], as a vector over all candidates."""
    k = drive.size
    size = 0
    places = np.empty(k, np.int64)
    for j in range(k):
        if (chosen >> j) & 1:
            places[size] = j
            size += 1
    m, x = np.empty((size, size + 1)), np.zeros(k)
    for i in range(size):
        for j in range(size):
            m[i, j] = stiffness[places[i], places[j]]
        m[i, size] = drive[places[i]]
    for v in range(size):
        inverse = 1.0 / m[v, v] if m[v, v] > SINGULAR * stiffness[places[v], places[v]] else 0.0
        for i in range(v + 1, size):
            f = m[i, v] * inverse
            for j in range(v, size + 1):
                m[i, j] -= f * m[v, j]
    for v in range(size - 1, -1, -1):
        value = m[v, size]
        for j in range(v + 1, size):
            value -= m[v, j] * x[places[j]]
        if m[v, v] > SINGULAR * stiffness[places[v], places[v]]:
            x[places[v]] = value / m[v, v]
    return x


@nb.njit(cache=True, nogil=True)
def adapt(wiring, chosen, rate, most, g):  # type: ignore[no-untyped-def]
    """Conductances after full adaptation to the chosen set, clot included."""
    k = wiring.drive.size
    g[:] = wiring.conductance
    x = response(wiring.stiffness, wiring.drive, chosen)
    for e in range(wiring.grow_edge.size):
        drop = wiring.grow_drop[e, k]
        for j in range(k):
            drop += wiring.grow_drop[e, j] * x[j]
        edge = wiring.grow_edge[e]
        excess = max(0.0, abs(drop) * g[edge] / wiring.grow_reference[e] - 1.0)
        g[edge] *= min(most, 1.0 + rate * excess)
    for j in range(k):
        if (chosen >> j) & 1:
            g[wiring.candidate_edge[j]] = 0.0
            for q in range(wiring.clot_start[j], wiring.clot_start[j + 1]):
                g[wiring.clot_edge[q]] = 0.0


@nb.njit(cache=True, nogil=True)
def assemble(wiring, g, diagonal, values, load):  # type: ignore[no-untyped-def]
    """Laplacian and load of the live nodes at these conductances."""
    diagonal[:] = 0.0
    values[:] = 0.0
    load[:] = wiring.inflow
    for e in range(g.size):
        a, b, w = wiring.a[e], wiring.b[e], g[e]
        if a >= 0:
            diagonal[a] += w
            if b < 0:
                load[a] += w * wiring.held[-1 - b]
        if b >= 0:
            diagonal[b] += w
            if a < 0:
                load[b] += w * wiring.held[-1 - a]
        if wiring.slot[e] >= 0:
            values[wiring.slot[e]] -= w


@nb.njit(cache=True, nogil=True, inline="always")
def value_at(held, x, node, column):  # type: ignore[no-untyped-def]
    """Pressure (last column) or response of a node; a held one's own pressure, or none."""
    if node >= 0:
        return x[node, column]
    return held[-1 - node] if column == x.shape[1] - 1 else 0.0


@nb.njit(cache=True, nogil=True)
def tableau_of(wiring, chosen, among, rate, most):  # type: ignore[no-untyped-def]
    """Tableau (as in `clamp_states.tableau`) over the vessels of `among` not yet clamped in `chosen`."""
    n, k = wiring.inflow.size, wiring.drive.size
    g = np.empty(wiring.conductance.size)
    adapt(wiring, chosen, rate, most, g)
    diagonal, load, d = np.empty(n), np.empty(n), np.empty(n)
    values = np.empty(wiring.above.size)
    assemble(wiring, g, diagonal, values, load)
    li, lx = np.empty(wiring.start[n], np.int64), np.empty(wiring.start[n])
    factorise(wiring, diagonal, values, li, lx, d)
    left, r = np.empty(k, np.int64), 0
    for j in range(k):
        if (among >> j) & 1 and not (chosen >> j) & 1:
            left[r] = wiring.candidate_edge[j]
            r += 1
    x = np.zeros((n, r + 1))
    x[:, r] = load
    for j in range(r):
        a, b = wiring.a[left[j]], wiring.b[left[j]]
        if a >= 0:
            x[a, j] += 1.0
        if b >= 0:
            x[b, j] -= 1.0
    solve_all(wiring, li, lx, d, x)
    width, held = max(r, 3), wiring.held
    m = np.zeros((width, width + 1))
    c = np.zeros((width + 1, wiring.rows.size))
    tiny = np.full(width, SINGULAR)
    for i in range(width):
        m[i, i] = 1.0
    for i in range(r):
        a, b = wiring.a[left[i]], wiring.b[left[i]]
        resistance = 1.0 / g[left[i]] if g[left[i]] > 0.0 else 1e300
        for j in range(r):
            m[i, j] = -(value_at(held, x, a, j) - value_at(held, x, b, j))
        m[i, i] += resistance
        m[i, width] = -(value_at(held, x, a, r) - value_at(held, x, b, r))
        tiny[i] *= resistance
    for q in range(wiring.rows.size):
        node = wiring.rows[q]
        if node == NO_ROW:
            c[width, q] = -np.inf
            continue
        for j in range(r):
            c[j, q] = value_at(held, x, node, j)
        c[width, q] = value_at(held, x, node, r) - wiring.before[q]
    return m, c, tiny


NO_ROW = np.iinfo(np.int64).min
"""Marks a row of a child without observed nodes."""


@nb.njit(cache=True, nogil=True)
def root_of(tree, i):  # type: ignore[no-untyped-def]
    """Representative of a node's part, halving the path."""
    while tree[i] != i:
        tree[i] = tree[tree[i]]
        i = tree[i]
    return i


@nb.njit(cache=True, nogil=True)
def mark_dry(wiring, chosen, among, first, marked):  # type: ignore[no-untyped-def]
    """Mark the states of a sub-cube, from `first` on, in which a part with blood in it reaches no outlet."""
    n, k = wiring.inflow.size, wiring.drive.size
    size = wiring.drains_node.size
    closed = np.zeros(wiring.conductance.size, np.bool_)
    for j in range(k):
        closed[wiring.candidate_edge[j]] = True
        if (chosen >> j) & 1:
            for q in range(wiring.clot_start[j], wiring.clot_start[j + 1]):
                closed[wiring.clot_edge[q]] = True
    tree = np.arange(size)
    for e in range(closed.size):
        a, b = wiring.a[e], wiring.b[e]
        a, b = a if a >= 0 else n - 1 - a, b if b >= 0 else n - 1 - b
        if not (closed[e] or wiring.supply[a] or wiring.supply[b]):
            tree[root_of(tree, a)] = root_of(tree, b)
    number, count = np.full(size, -1, np.int64), 0
    for i in range(size):
        root = root_of(tree, i)
        if number[root] < 0:
            number[root] = count
            count += 1
    drains, bears = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    for i in range(size):
        part = number[root_of(tree, i)]
        drains[part] |= wiring.drains_node[i]
        bears[part] |= wiring.bears_node[i]
    parts, r = np.empty((k, 2), np.int64), 0
    for j in range(k):
        if (chosen >> j) & 1:
            continue
        edge, clotted = wiring.candidate_edge[j], False
        for i in range(k):
            if (chosen >> i) & 1:
                for q in range(wiring.clot_start[i], wiring.clot_start[i + 1]):
                    clotted |= wiring.clot_edge[q] == edge
        a, b = wiring.a[edge], wiring.b[edge]
        a, b = a if a >= 0 else n - 1 - a, b if b >= 0 else n - 1 - b
        pa, pb = number[root_of(tree, a)], number[root_of(tree, b)]
        if (among >> j) & 1:
            parts[r, 0], parts[r, 1] = pa, pa if clotted else pb
            r += 1
        elif not clotted:  # stays open throughout
            for i in range(size):
                if number[i] == pb:
                    number[i] = pa
            for i in range(r):
                for end in range(2):
                    if parts[i, end] == pb:
                        parts[i, end] = pa
            drains[pa] |= drains[pb]
            bears[pa] |= bears[pb]
            bears[pb] = False
    if (bears & ~drains).any():
        cut_off(parts[:r], drains, bears, first, marked)


@nb.njit(cache=True, nogil=True)
def state_costs(wirings, chosen, among, rate, most, may_dry, split):  # type: ignore[no-untyped-def]
    """Worst rise of the child worse off over the sub-cube from `chosen` up to `among`, over all beds."""
    r = 0
    for j in range(wirings[0].drive.size):
        r += 1 if (among >> j) & 1 and not (chosen >> j) & 1 else 0
    size = 1 << r
    table, nobody = np.full(max(size, 8), -np.inf), np.empty(0)
    for number in range(len(wirings)):
        wiring = wirings[number]
        m, c, tiny = tableau_of(wiring, chosen, among, rate, most)
        worst_rises(m, c, tiny, split, 0, max(size, 8) // 8, number > 0, table, nobody)
    table = table[:size]
    if may_dry:
        marked = np.zeros(size, np.bool_)
        for number in range(len(wirings)):
            mark_dry(wirings[number], chosen, among, 0, marked)
        for i in range(size):
            if marked[i]:
                table[i] = np.inf
    return table


@nb.njit(cache=True, nogil=True)
def spread(index, chosen, k):  # type: ignore[no-untyped-def]
    """The whole state behind a state of the sub-cube above `chosen`."""
    out, place = chosen, 0
    for j in range(k):
        if not (chosen >> j) & 1:
            out |= ((index >> place) & 1) << j
            place += 1
    return out


@nb.njit(cache=True, nogil=True)
def after_waiting(wirings, sets, rate, most, may_dry, split, one, two, next_two, next_from, last):  # type: ignore[no-untyped-def]
    """Go on from each set after a wait: `next_two` to every larger set, `last` to the end.

    `one` and `two` (2^k,) hold the least peak of reaching a set in one, or at most two, operations; `last`
    (4,) the least peak of reaching the end with one more operation after one, and from where; and after
    two. Sets that cannot better it are passed over.
    """
    k = wirings[0].drive.size
    full = (1 << k) - 1
    for n in range(sets.size):
        chosen = sets[n]
        for_two, for_three = one[chosen], two[chosen]
        if for_three >= last[2]:  # the least of all: neither set nor end can be reached better
            continue
        table = state_costs(wirings, chosen, full, rate, most, may_dry, split)
        least_over_orders(table, False)
        end = table[table.size - 1]
        if max(for_two, end) < last[0]:
            last[0], last[1] = max(for_two, end), chosen
        if max(for_three, end) < last[2]:
            last[2], last[3] = max(for_three, end), chosen
        if for_two < last[2]:
            for index in range(1, table.size):
                value = max(for_two, table[index])
                if value < last[2]:
                    to = spread(index, chosen, k)
                    if value < next_two[to]:
                        next_two[to], next_from[to] = value, chosen


@nb.njit(cache=True, nogil=True)
def end_costs(wirings, sets, target, rate, most, may_dry, split, out):  # type: ignore[no-untyped-def]
    """Worst rise, of the child worse off, with all of `target` clamped after adaptation to each set."""
    for n in range(sets.size):
        out[n] = end_cost(wirings, sets[n], target, rate, most, may_dry)


@nb.njit(cache=True, nogil=True)
def way_between(wirings, chosen, target, rate, most, may_dry, split):  # type: ignore[no-untyped-def]
    """Least peak of clamping the rest of `target` in one operation after waiting with `chosen` clamped."""
    table = state_costs(wirings, chosen, target, rate, most, may_dry, split)
    least_over_orders(table, False)
    return table[table.size - 1]


@nb.njit(cache=True, nogil=True)
def end_cost(wirings, chosen, target, rate, most, may_dry):  # type: ignore[no-untyped-def]
    """Worst rise with all of `target` clamped in the network adapted to `chosen`: one right-hand side."""
    worst = -np.inf
    k = wirings[0].drive.size
    if may_dry:
        marked, r = np.zeros(1, np.bool_), 0
        for j in range(k):
            r += 1 if (target >> j) & 1 and not (chosen >> j) & 1 else 0
        for number in range(len(wirings)):
            mark_dry(wirings[number], chosen, target, (1 << r) - 1, marked)
        if marked[0]:
            return np.inf
    for number in range(len(wirings)):
        wiring = wirings[number]
        n = wiring.inflow.size
        g = np.empty(wiring.conductance.size)
        adapt(wiring, chosen, rate, most, g)
        for j in range(k):
            if (target >> j) & 1:
                g[wiring.candidate_edge[j]] = 0.0
        diagonal, x, d = np.empty(n), np.empty((n, 1)), np.empty(n)
        values, load = np.empty(wiring.above.size), np.empty(n)
        assemble(wiring, g, diagonal, values, load)
        li, lx = np.empty(wiring.start[n], np.int64), np.empty(wiring.start[n])
        factorise(wiring, diagonal, values, li, lx, d)
        x[:, 0] = load
        solve_all(wiring, li, lx, d, x)
        held = wiring.held
        for q in range(wiring.rows.size):
            node = wiring.rows[q]
            if node != NO_ROW:
                rise = value_at(held, x, node, 0) - wiring.before[q]
                worst = rise if rise > worst else worst
    return worst
