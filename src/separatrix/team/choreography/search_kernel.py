"""Compiled: adaptive large-neighbourhood search over what the decoder reads.

A candidate changes the order of some blocks, the cost of some people or the length of some stretches of
cover, and is decoded whole. It is kept if it is no worse than the plan so many steps ago (late acceptance).
Moves that pay are tried more often. Nothing here looks at a clock: the same seed and number of steps give
the same plan.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from separatrix.team.choreography.decode_kernel import decode

MOVES = 6
"""Kinds of change, see `_change`."""

MEMORY = 24
"""Late acceptance looks so many steps back."""

MISSING, APART, ENDED, NEAR = 1e13, 1e9, 1e4, 10.0
"""Weights that put the objectives in order: what is missing, separation, end, handovers near critical
steps, balance."""

MOST_MISSING, MOST_NEAR = 200, 900
"""More than this counts as this."""


@nb.njit(cache=True, nogil=True)
def handovers_near(pb, day, now):  # type: ignore[no-untyped-def]
    """Handovers from now on inside a critical activity or closer to one than the rules want."""
    count = 0
    for i in range(day.sizes[1]):
        row = day.stretches[i]
        if row[5] == 1 or row[3] < now:
            continue
        for a in range(len(pb.length)):
            if not pb.near[row[0], a] or pb.length[a] == 0:
                continue
            begin, end = day.start[a] - pb.clear, day.start[a] + pb.length[a] + pb.clear
            if max(begin, row[3]) < min(end, row[3] + pb.handover):
                count += 1
                break
    return count


@nb.njit(cache=True, nogil=True)
def cost_of(pb, past, day):  # type: ignore[no-untyped-def]
    """One number whose order is that of the objectives, the smaller the better."""
    end, total, square = 0, 0.0, 0.0
    for a in range(len(pb.length)):
        end = max(end, day.start[a] + pb.length[a])
    for p in range(len(pb.shift)):
        total += day.work[p]
        square += float(day.work[p]) ** 2
    apart = day.start[pb.separation] + pb.length[pb.separation] if pb.separation >= 0 else 0
    near = min(handovers_near(pb, day, past.now), MOST_NEAR)
    balance = 9.0 * square / (total * total) if total > 0 else 0.0
    missing = min(day.sizes[2], MOST_MISSING)
    return missing * MISSING + apart * APART / 10 + end * ENDED + near * NEAR + balance


@nb.njit(cache=True, nogil=True)
def _next(state):  # type: ignore[no-untyped-def]
    """Uniform number in [0, 1): splitmix64."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) / 9007199254740992.0


@nb.njit(cache=True, nogil=True)
def _pick(weights, state):  # type: ignore[no-untyped-def]
    mark = _next(state) * weights.sum()
    for i in range(len(weights)):
        mark -= weights[i]
        if mark < 0:
            return i
    return len(weights) - 1


@nb.njit(cache=True, nogil=True)
def _block_starts(pb, day):  # type: ignore[no-untyped-def]
    starts = np.empty(len(pb.release))
    for b in range(len(pb.release)):
        starts[b] = day.start[pb.block_acts[pb.block_ptr[b]]]
    return starts


@nb.njit(cache=True, nogil=True)
def _change(pb, day, move, priority, person_cost, target, state):  # type: ignore[no-untyped-def]
    """Change one candidate in place. Priorities are kept as starts of the plan it comes from."""
    blocks, people, covers = len(priority), len(person_cost), len(target)
    starts = _block_starts(pb, day)
    if move < 3:
        for b in range(blocks):
            priority[b] = starts[b] + 1e-3 * _next(state)
    end = starts.max() + 1.0
    if move == 0:  # shuffle a window of time
        centre, half = end * _next(state), 30.0 + 210.0 * _next(state)
        for b in range(blocks):
            if abs(starts[b] - centre) < half:
                priority[b] = centre + half * (2.0 * _next(state) - 1.0)
    elif move == 1:  # move a few blocks far
        for _ in range(1 + int(3 * _next(state))):
            priority[int(blocks * _next(state))] += (_next(state) - 0.7) * 480.0
    elif move == 2:  # noise over everything
        spread = 10.0 + 90.0 * _next(state)
        for b in range(blocks):
            priority[b] += spread * (_next(state) - 0.5)
    if move == 3 or (move == 2 and _next(state) < 0.3):  # other people
        for _ in range(1 + int(4 * _next(state))):
            person_cost[int(people * _next(state))] = 16.0 * _next(state) - 8.0
    if move == 4 and covers:  # other lengths of cover
        for _ in range(1 + int(3 * _next(state))):
            c = int(covers * _next(state))
            shortest, longest = pb.cover_shortest[c], pb.cover_longest[c]
            target[c] = shortest + int((longest - shortest) * np.sqrt(_next(state)))
    if move == 5:  # everybody costs the same again
        for p in range(people):
            if _next(state) < 0.3:
                person_cost[p] = 0.0


@nb.njit(cache=True, nogil=True)
def search(pb, past, priority, person_cost, target, predicted, steps, seed):  # type: ignore[no-untyped-def]
    """The best plan that so many steps find.

    Parameters
    ----------
    pb, past, priority, person_cost, target, predicted
        As for `decode`; where the search begins.
    steps
        Candidates decoded.
    seed
        64 bits.

    Returns
    -------
    day, priority, person_cost, target, predicted, cost
        The best plan, what it was decoded from, and its cost.
    """
    state = np.array([np.uint64(seed)], np.uint64)
    day = decode(pb, past, priority, person_cost, target, predicted, True)
    cost = cost_of(pb, past, day)
    best, best_cost = day, cost
    best_genes = (priority.copy(), person_cost.copy(), target.copy(), predicted.copy())
    now_priority, now_people, now_target = priority.copy(), person_cost.copy(), target.copy()
    memory = np.full(MEMORY, cost)
    weights = np.ones(MOVES)
    for step in range(steps):
        trial_priority, trial_people, trial_target = (
            now_priority.copy(),
            now_people.copy(),
            now_target.copy(),
        )
        move = _pick(weights, state)
        _change(pb, day, move, trial_priority, trial_people, trial_target, state)
        expected = day.start.copy()
        trial = decode(pb, past, trial_priority, trial_people, trial_target, expected, True)
        trial_cost = cost_of(pb, past, trial)
        weights[move] = max(0.98 * weights[move], 0.2)
        if trial_cost < best_cost:
            best, best_cost = trial, trial_cost
            best_genes = (trial_priority.copy(), trial_people.copy(), trial_target.copy(), expected)
            weights[move] = min(weights[move] + 1.0, 5.0)
        if trial_cost <= cost or trial_cost <= memory[step % MEMORY]:
            day, cost = trial, trial_cost
            now_priority, now_people, now_target = trial_priority, trial_people, trial_target
        memory[step % MEMORY] = cost
    return best, best_genes[0], best_genes[1], best_genes[2], best_genes[3], best_cost
