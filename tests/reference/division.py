"""Slow, plain twins of the fast division search, and random pairs of circulations to run both on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from separatrix.body.vessels.growth import Growth
from separatrix.body.vessels.model import Ints, Network, Reals
from separatrix.core import generator


@dataclass(frozen=True, kw_only=True)
class RandomPair:
    """Two children's beds and veins on a shared ring, with passive and with flow-holding beds."""

    passive: Network
    held: Network
    candidates: Ints
    observed: Ints
    child: Ints
    supplies: Ints
    shared: Ints
    """Ring nodes in their order along the ring."""
    owner: Ints
    """(n,) 0 A, 1 B, −1 shared."""
    anastomoses: Ints
    """Edges that may grow."""

    @property
    def networks(self) -> tuple[Network, Network]:
        return self.passive, self.held


def random_pair(
    seed: int, *, regions: int = 60, ring: int = 24, k: int = 20, isolated: int = 0
) -> RandomPair:
    """A pair with `regions` per child and k vessels to clamp: crossing veins first, then ring segments.

    `isolated` regions of A drain through crossing veins alone: clamped, they have no drainage.
    """
    random = generator(seed, "random pair")
    n = 2 * regions + ring + 4  # regions of A and B, ring, sinuses, jugulars; arteries are added at the end
    sinus, jugular = (
        (2 * regions + ring, 2 * regions + ring + 1),
        (2 * regions + ring + 2, 2 * regions + ring + 3),
    )
    edges: list[tuple[int, int, float]] = []
    grows, crossing = [], []

    def vessel(a: int, b: int, low: float, high: float) -> int:
        edges.append((a, b, float(random.uniform(low, high))))
        return len(edges) - 1

    def on_ring(i: int) -> int:
        return 2 * regions + i % ring

    alone = set(range(isolated))
    for child in (0, 1):
        start = child * regions
        for i in range(regions):
            if i + start in alone:
                continue
            follows = start + (i + 1) % regions
            if regions > 1 and follows not in alone:
                grows.append(vessel(start + i, follows, 0.2, 2.0))
            vessel(start + i, on_ring(int(random.integers(ring))), 0.1, 1.0)
            if random.random() < 0.5:
                vessel(start + i, sinus[child], 0.3, 2.0)
        vessel(sinus[child], jugular[child], 0.002, 0.01)
    segments = [vessel(on_ring(i), on_ring(i + 1), 0.002, 0.02) for i in range(ring)]
    for i in range(0, ring, 3):
        vessel(on_ring(i), sinus[(i // 3) % 2], 0.005, 0.03)
    for i in sorted(alone):
        crossing += [vessel(i, regions + int(random.integers(regions)), 0.05, 0.5) for _ in range(2)]
    while len(crossing) < k - min(k // 3, ring):
        a = int(random.integers(len(alone), regions)) if len(alone) < regions else sinus[0]
        b = regions + int(random.integers(regions))
        crossing.append(vessel(a, b if random.random() < 0.6 else sinus[1], 0.02, 0.4))
    crossing += [segments[int(i)] for i in random.permutation(ring)[: k - len(crossing)]]
    flow = random.uniform(2.0, 8.0, 2 * regions)
    owner = np.concatenate([np.repeat((0, 1), regions), np.full(ring, -1), (0, 1, 0, 1)]).astype(np.int64)
    fixed = np.full(n, np.nan)
    fixed[list(jugular)] = random.uniform(3.0, 6.0, 2)
    map_mmHg = np.repeat(random.uniform(50.0, 62.0, 2), regions)
    inflow = np.zeros(n)
    inflow[: 2 * regions] = flow
    held = _network(edges, fixed, inflow)
    tissue = solve(held)[: 2 * regions]
    arterial = [(n + i, i, float((map_mmHg[i] - tissue[i]) / flow[i])) for i in range(2 * regions)]
    passive = _network(edges + arterial, np.concatenate([fixed, map_mmHg]), np.zeros(n + 2 * regions))
    return RandomPair(
        passive=passive,
        held=held,
        candidates=np.array(crossing[:k], dtype=np.int64),
        observed=np.arange(2 * regions),
        child=np.repeat((0, 1), regions).astype(np.int64),
        supplies=np.arange(n, n + 2 * regions),
        shared=np.arange(2 * regions, 2 * regions + ring),
        owner=np.concatenate([owner, np.repeat((0, 1), regions)]).astype(np.int64),
        anastomoses=np.array(grows, dtype=np.int64),
    )


def _network(edges: list[tuple[int, int, float]], fixed: Reals, inflow: Reals) -> Network:
    m = len(edges)
    return Network(
        node_ids=tuple(f"n{i}" for i in range(fixed.size)),
        fixed=fixed,
        inflow=inflow,
        edge_ids=tuple(f"e{i}" for i in range(m)),
        a=np.array([e[0] for e in edges], dtype=np.int64),
        b=np.array([e[1] for e in edges], dtype=np.int64),
        resistance=np.array([e[2] for e in edges]),
        quadratic=np.zeros(m),
        external=np.full(m, np.nan),
        is_open=np.ones(m, dtype=bool),
    )


def clamped(network: Network, edges: Ints | list[int]) -> Network:
    """The network with these edges clamped."""
    is_open = network.is_open.copy()
    is_open[np.asarray(edges, dtype=np.int64)] = False
    return replace(network, is_open=is_open)


def solve(network: Network) -> Reals:
    """Pressures by one dense LU; NaN where a node reaches no held pressure."""
    n = len(network.node_ids)
    held = ~np.isnan(network.fixed)
    reached = reaches(network, np.flatnonzero(held))
    matrix, load = np.zeros((n, n)), network.inflow.copy()
    for a, b, r in zip(
        network.a[network.is_open],
        network.b[network.is_open],
        network.resistance[network.is_open],
        strict=True,
    ):
        for here, there in ((a, b), (b, a)):
            matrix[here, here] += 1 / r
            matrix[here, there] -= 1 / r
    out = np.where(held, network.fixed, np.nan)
    free = reached & ~held
    if free.any():
        known = load[free] - matrix[np.ix_(free, held)] @ network.fixed[held]
        out[free] = np.linalg.solve(matrix[np.ix_(free, free)], known)
    return out


def reaches(network: Network, roots: Ints, blocked: Ints | None = None) -> np.ndarray:
    """Nodes joined to the roots over open edges that do not touch blocked nodes."""
    out = np.zeros(len(network.node_ids), dtype=bool)
    out[roots] = True
    shut = np.zeros(out.size, dtype=bool)
    if blocked is not None:
        shut[blocked] = True
    on = network.is_open & ~shut[network.a] & ~shut[network.b]
    a, b = network.a[on], network.b[on]
    while (crossed := out[a] ^ out[b]).any():
        out[a[crossed]] = out[b[crossed]] = True
    return out


def has_undrained(network: Network, observed: Ints, supplies: Ints | None = None) -> bool:
    """Whether a node with blood in it reaches no outlet."""
    held = ~np.isnan(network.fixed)
    if supplies is not None:
        held[supplies] = False
    drained = reaches(network, np.flatnonzero(held), supplies)
    bears = network.inflow > 0
    bears[observed] = True
    return bool((bears & ~drained).any())


def clamp_cost(pair: RandomPair, state: int, beds: str = "both") -> tuple[float, float]:
    """Worst rise of each child in one clamp state, by dense solves of whole networks."""
    chosen = [int(e) for j, e in enumerate(pair.candidates) if state >> j & 1]
    worst = np.full(2, -np.inf)
    for network, supplies in ((pair.passive, pair.supplies), (pair.held, None)):
        if beds == "passive" and network is pair.held:
            continue
        after = clamped(network, chosen)
        if has_undrained(after, pair.observed, supplies):
            return np.inf, np.inf
        rise = (solve(after) - solve(network))[pair.observed]
        for child in (0, 1):
            worst[child] = max(worst[child], rise[pair.child == child].max())
    return float(worst[0]), float(worst[1])


def label_harm(pair: RandomPair, labels: list[int]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Worst and summed rise of each child when the ring is labelled so, by dense solves of whole networks."""
    worst, total = np.full(2, -np.inf), np.zeros(2)
    for network, supplies in ((pair.passive, pair.supplies), (pair.held, None)):
        owner = pair.owner[: len(network.node_ids)].copy()
        owner[pair.shared] = labels
        after = clamped(network, np.flatnonzero(owner[network.a] != owner[network.b]))
        rise = (solve(after) - solve(network))[pair.observed]
        for child in (0, 1):
            mine = pair.observed[pair.child == child]
            if has_undrained(
                replace(after, inflow=np.where(owner == child, after.inflow, 0)), mine, supplies
            ):
                worst[child] = total[child] = np.inf
                continue
            rises = rise[pair.child == child]
            worst[child] = max(worst[child], rises.max())
            total[child] = max(total[child], np.maximum(rises, 0).sum())
    return (float(worst[0]), float(worst[1])), (float(total[0]), float(total[1]))


def staged_value(pair: RandomPair, growth: Growth, count: int, baseline: Reals) -> float:
    """Least peak of the child worse off over at most `count` operations: all pairs of sets, dense solves."""
    k, full = pair.candidates.size, (1 << pair.candidates.size) - 1
    stages = [{0: -np.inf}]
    costs = {p: _staged_costs(pair, growth, p, baseline) for p in range(full)}
    for stage in range(count):
        after: dict[int, float] = {}
        for before, value in stages[-1].items():
            if before == full:
                continue
            table = costs[before] if stage or before else costs[0]
            least = {before: value}
            for state in range(before, full + 1):
                if state & before != before or state == before:
                    continue
                reached = min(
                    least[state ^ (1 << j)] for j in range(k) if state >> j & 1 and not before >> j & 1
                )
                least[state] = max(reached, table[state])
            for state, reached in least.items():
                after[state] = min(after.get(state, np.inf), reached)
        stages.append(after)
    return min(stage.get(full, np.inf) for stage in stages)


def _staged_costs(pair: RandomPair, growth: Growth, before: int, baseline: Reals) -> dict[int, float]:
    k = pair.candidates.size
    out: dict[int, float] = {}
    for network, supplies, start in zip(pair.networks, (pair.supplies, None), baseline, strict=True):
        waited = network
        if before:
            done = [int(e) for j, e in enumerate(pair.candidates) if before >> j & 1]
            waited = clamped(network, done)
            p = np.nan_to_num(solve(waited))
            flow = np.abs(p[network.a] - p[network.b])[growth.edges] / network.resistance[growth.edges]
            flow[~waited.is_open[growth.edges]] = 0
            factor = np.minimum(growth.most, 1 + growth.rate * np.maximum(0, flow / growth.reference - 1))
            resistance = network.resistance.copy()
            resistance[growth.edges] /= factor
            waited = replace(waited, resistance=resistance)
            for j in range(k) if growth.clots else ():
                if before >> j & 1:
                    waited = clamped(waited, growth.clots[j])
        for state in range(1 << k):
            if state & before != before:
                continue
            after = clamped(waited, [int(e) for j, e in enumerate(pair.candidates) if state >> j & 1])
            if has_undrained(after, pair.observed, supplies):
                out[state] = np.inf
                continue
            rise = (solve(after)[pair.observed] - start).max()
            out[state] = max(out.get(state, -np.inf), float(rise))
    return out
