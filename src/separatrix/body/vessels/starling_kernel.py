"""The hot loop over clamp states with collapsible veins.

With every vessel a plain resistance the network answers p = p₀ − Z·J to currents J drawn off at its ports.
What a vessel carries beyond g(p_v − p_s) is such a current, and each law fixes it by one linear equation:

- open (downstream pressure counts, or flow is backwards): J = 0;
- shut (clamped, or both ends under the outside pressure): J + g (p_v − p_s) = 0;
- waterfall (p_s < outside < p_v): J − g (p_s − outside) = 0.

States are counted in binary; each starts from its parent, the state without its lowest clamp, whose inverse
lies in the buffer of the bit above. The clamp is closed little by little, in thought: pressures move along a
straight line until the first vessel comes to the edge of its law, that law is changed (a rank-one change of
the inverse), and the line goes on from there in its new direction. Every law of a network gives its
determinant the same sign, so the path never turns back and ends after finitely many changes; changing all
laws that look wrong at once can go in circles. A clamp that closes the only way out under the laws of the
moment leaks until the pressure behind it has opened another.

A state with its lowest vessel clamped has no children, so the inverse is not renewed for it.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from separatrix.body.vessels.clamp_kernel import larger

OPEN, SHUT, WATERFALL, LEAKING = 0, 1, 2, 3

MOST_CHANGES = 200
"""Laws changed on the way to one state after which it counts as not solved."""

IDLE_mmHg = 1e-10
"""Rounding: a law holds up to so much, and a vessel with so small a drop carries nothing."""

DRIFT_mmHg = 1e-9
"""A law's own equation may be off by so much after many rank-one changes."""

PIVOT = 1e-11
"""Shutting a vessel that makes the system this near to singular leaves a part without any way out."""

LEAK = 1e-3
"""How open such a vessel stays until the pressure behind it has opened another way; each time again less."""


@nb.njit(cache=True, nogil=True)
def equation(e, law, ports, row):  # type: ignore[no-untyped-def]
    """Row (k,) of vessel `e` under a law, and its right-hand side."""
    g, drop, fall, ends0, outside = ports
    k = g.size
    right, f = 0.0, g[e]
    if law == SHUT:
        for n in range(k):
            row[n] = -f * drop[e, n]
        right = -f * (ends0[e] - ends0[k + e])
    elif law == WATERFALL:
        for n in range(k):
            row[n] = f * fall[n, k + e]
        right = f * (ends0[k + e] - outside[e])
    else:
        for n in range(k):
            row[n] = 0.0
    row[e] += 1.0
    return right


@nb.njit(cache=True, nogil=True)
def renew(w, source, place, e, row, pivot, work):  # type: ignore[no-untyped-def]
    """Inverse `place` from inverse `source` (which may be the same) after row `e` became `row`."""
    k = row.size
    for i in range(k):
        work[i] = 0.0
    for n in range(k):
        f = row[n]
        if f != 0.0:
            for i in range(k):
                work[i] += f * w[source, n, i]
    work[e] -= 1.0
    for n in range(k):
        f = w[source, n, e] / pivot
        for i in range(k):
            w[place, n, i] = w[source, n, i] - f * work[i]


@nb.njit(cache=True, nogil=True)
def drawn_off(base, fall, j, place, out, flowing):  # type: ignore[no-untyped-def]
    """`base` less the fall (k, …) by currents ``j[place]``, four currents at a time."""
    k, count = fall.shape[0], 0
    for n in range(k):
        flowing[count] = n
        count += j[place, n] != 0.0
    for i in range(out.size):
        out[i] = base[i]
    for q in range(0, count - count % 4, 4):
        a, b, c, d = flowing[q], flowing[q + 1], flowing[q + 2], flowing[q + 3]
        fa, fb, fc, fd = j[place, a], j[place, b], j[place, c], j[place, d]
        for i in range(out.size):
            out[i] -= (fall[a, i] * fa + fall[b, i] * fb) + (fall[c, i] * fc + fall[d, i] * fd)
    for q in range(count - count % 4, count):
        a = flowing[q]
        f = j[place, a]
        for i in range(out.size):
            out[i] -= fall[a, i] * f


@nb.njit(cache=True, nogil=True)
def crossing(before, after):  # type: ignore[no-untyped-def]
    """Where on the way from `before` to `after` < 0 nought is passed: 0 to 1."""
    return before / (before - after) if before > 0.0 else 0.0


@nb.njit(cache=True, nogil=True)
def first_crossing(clamped, g, outside, laws, j, place, before, ends):  # type: ignore[no-untyped-def]
    """The first vessel whose law ends on the way from `before` to `ends`, the law after it, and where.

    Vessel −1: every law holds to the end.
    """
    k = outside.size
    which, then, first, ajar = -1, OPEN, 2.0, -1
    for e in range(k):
        u, d, x = ends[e], ends[k + e], outside[e]
        is_clamped = (clamped >> e) & 1
        if laws[place, e] == LEAKING or (is_clamped and laws[place, e] != SHUT):
            carried = u - d + j[place, e] / g[e]
            ajar = e if abs(carried) > IDLE_mmHg else ajar
        if is_clamped or not x > -np.inf:
            continue
        law, at = OPEN, 2.0
        u0, d0 = before[e], before[k + e]
        if laws[place, e] == OPEN:
            if d < x - IDLE_mmHg and u > d + IDLE_mmHg:
                under, forward = crossing(d0 - x, d - x), crossing(d0 - u0, d - u)
                at = max(under, forward)
                law = WATERFALL if under > forward or (under == forward and u > x) else SHUT
        elif laws[place, e] == WATERFALL:
            if u < x - IDLE_mmHg:
                law, at = SHUT, crossing(u0 - x, u - x)
            if d > x + IDLE_mmHg and crossing(x - d0, x - d) < at:
                law, at = OPEN, crossing(x - d0, x - d)
        else:
            if u > x + IDLE_mmHg:
                law, at = WATERFALL, crossing(x - u0, x - u)
            if u < d - IDLE_mmHg and crossing(u0 - d0, u - d) < at:
                law, at = OPEN, crossing(u0 - d0, u - d)
        if at < first:
            which, then, first = e, law, at
    if which < 0 and ajar >= 0:
        return ajar, SHUT, 1.0
    return which, then, first


@nb.njit(cache=True, nogil=True)
def has_drifted(g, outside, laws, j, place, ends):  # type: ignore[no-untyped-def]
    """Whether rounding has piled up beyond `DRIFT_mmHg` in the equation of any law."""
    k = g.size
    for e in range(k):
        off = j[place, e] / g[e]
        if laws[place, e] in (SHUT, LEAKING):
            off += ends[e] - ends[k + e]
        elif laws[place, e] == WATERFALL:
            off += outside[e] - ends[k + e]
        if not abs(off) <= DRIFT_mmHg:
            return True
    return False


@nb.njit(cache=True, nogil=True)
def settle(clamped, e, law, keep, ports, states, source, place, room):  # type: ignore[no-untyped-def]
    """Follow the change of vessel `e` (−1: none) from a solved state until all laws hold; whether it could.

    `states` are buffers of inverses (…, k, k), laws (…, k), currents (…, k) and pressures at the ports
    (…, 2k): the state at `source` is carried on into `place`, which may be the same. The inverse is not
    renewed at the end unless `keep`.
    """
    g, _, fall, ends0, outside = ports
    w, laws, j, settled = states
    before, ends, row, work, flowing = room
    k = g.size
    for n in range(k):
        laws[place, n] = laws[source, n]
        j[place, n] = j[source, n]
    for i in range(2 * k):
        before[i] = ends[i] = settled[source, i]
    leak = 1.0
    for _ in range(MOST_CHANGES):
        pivot = 0.0
        if e >= 0:
            residual = equation(e, law, ports, row)
            for n in range(k):
                pivot += row[n] * w[source, n, e]
                residual -= row[n] * j[place, n]
            idle = not abs(ends[e] - ends[k + e]) > IDLE_mmHg
            if law == SHUT and not (pivot > PIVOT / leak or idle):
                leak *= LEAK
                law, pivot = LEAKING, (1.0 - leak) * pivot + leak * w[source, e, e]
                residual = (1.0 - leak) * residual - leak * j[place, e]
                for n in range(k):
                    row[n] *= 1.0 - leak
                row[e] += leak
            if pivot > PIVOT:
                step = residual / pivot
                for n in range(k):
                    j[place, n] += w[source, n, e] * step
                laws[place, e] = law
                if law == OPEN:
                    j[place, e] = 0.0
            elif not idle:
                return False
            # else the only way into an empty part: as good as shut
        drawn_off(ends0, fall, j, place, ends, flowing)
        after, law_after, at = first_crossing(clamped, g, outside, laws, j, place, before, ends)
        if pivot > PIVOT and (keep or after >= 0):
            renew(w, source, place, e, row, pivot, work)
            source = place
        if after < 0:
            if keep and source != place:
                w[place] = w[source]
            for i in range(2 * k):
                settled[place, i] = ends[i]
            return not has_drifted(g, outside, laws, j, place, ends)
        for i in range(2 * k):
            before[i] += at * (ends[i] - before[i])
        e, law = after, law_after
    return False


@nb.njit(cache=True, nogil=True)
def begin(ports, start_laws, start, states, root, room):  # type: ignore[no-untyped-def]
    """Nothing clamped: from the laws found by solving the whole network at pressures `start`."""
    w, laws, j, settled = states
    _, _, row, work, _ = room
    w[root] = np.eye(start_laws.size)
    laws[root] = OPEN
    j[root] = 0.0
    for e in range(start_laws.size):
        if start_laws[e] != OPEN:
            residual, pivot = equation(e, start_laws[e], ports, row), 0.0
            for n in range(start_laws.size):
                pivot += row[n] * w[root, n, e]
                residual -= row[n] * j[root, n]
            if pivot > PIVOT:
                j[root] += w[root, :, e] * (residual / pivot)
                renew(w, root, root, e, row, pivot, work)
                laws[root, e] = start_laws[e]
    settled[root] = start
    return settle(0, -1, OPEN, True, ports, states, root, root, room)


@nb.njit(cache=True, nogil=True)
def largest(values):  # type: ignore[no-untyped-def]
    """The largest of all values, none of them NaN."""
    out = -np.inf
    for i in range(values.size):
        out = larger(values[i], out)
    return out


@nb.njit(cache=True, nogil=True)
def collapsible_rises(ports, at_rest, observed, free, first, dry, worst_a, worst_b, merge):  # type: ignore[no-untyped-def]
    """Worst rise of each child in `worst_a.size` states from `first`; NaN where a state was not solved.

    `ports`: conductance (k,); fall of the drop over all ports (k, k) and of the pressure at their upper and
    lower ends (k, 2k) per current at each; pressures (2k,) there without any; outside pressure (k,). The
    lowest `free` ports are candidates, the others never clamped. `at_rest`: laws (k,) and pressures (2k,) at
    the ports with nothing clamped. `observed`: fall (k, rows) at the observed nodes, their rise (rows,)
    without any current, and where B's rows begin. States marked in `dry` become +inf.
    """
    (start_laws, start), (reach, rise0, split) = at_rest, observed
    k = start_laws.size
    w, laws, j = np.empty((free + 1, k, k)), np.empty((free + 1, k), np.int64), np.empty((free + 1, k))
    states, solved = (w, laws, j, np.empty((free + 1, 2 * k))), np.zeros(free + 1, np.bool_)
    flowing, rise = np.empty(k + 1, np.int64), np.empty(rise0.size)
    of_a, of_b = rise[:split], rise[split:]
    room = np.empty(2 * k), np.empty(2 * k), np.empty(k), np.empty(k), flowing
    solved[free] = begin(ports, start_laws, start, states, free, room)
    for n in range(worst_a.size):
        state, here = first + n, free
        low = 0
        while low < free and not (state >> low) & 1:
            low += 1
        for bit in range(free - 1, low - 1, -1):
            if not (state >> bit) & 1:
                continue
            if n == 0 or bit == low:  # else it stands from a state before
                above = (state >> bit) << bit
                solved[bit] = not (bit == low and dry[n]) and solved[here]
                if solved[bit]:
                    solved[bit] = settle(above, bit, SHUT, bit > 0, ports, states, here, bit, room)
            here = bit
        if dry[n] or not solved[here]:
            worst_a[n] = worst_b[n] = np.inf if dry[n] else np.nan
            continue
        drawn_off(rise0, reach, j, here, rise, flowing)
        a, b = largest(of_a), largest(of_b)
        worst_a[n] = max(a, worst_a[n]) if merge else a
        worst_b[n] = max(b, worst_b[n]) if merge else b
