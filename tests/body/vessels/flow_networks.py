"""Random steady networks for the solver, and a dense reference that is slow and plain."""

from __future__ import annotations

import numpy as np

from separatrix.body.vessels.model import Network
from separatrix.core import generator


def network_of(
    edges: list[tuple[int, int, float]],
    *,
    held: dict[int, float],
    inflow: dict[int, float] | None = None,
    quadratic: dict[int, float] | None = None,
    external: dict[int, float] | None = None,
    capacity: dict[int, float] | None = None,
    clamped: tuple[int, ...] = (),
) -> Network:
    """A network from (a, b, resistance) and what is special of nodes and edges, by number."""
    n = 1 + max([*held, *(inflow or {}), *(max(a, b) for a, b, _ in edges)])
    m = len(edges)

    def filled(size: int, special: dict[int, float] | None, usual: float) -> np.ndarray:
        values = np.full(size, usual)
        for key, value in (special or {}).items():
            values[key] = value
        return values

    is_open = np.ones(m, dtype=bool)
    is_open[list(clamped)] = False
    return Network(
        node_ids=tuple(f"n{i}" for i in range(n)),
        fixed=filled(n, held, np.nan),
        inflow=filled(n, inflow, 0.0),
        edge_ids=tuple(f"e{i}" for i in range(m)),
        a=np.array([a for a, _, _ in edges]),
        b=np.array([b for _, b, _ in edges]),
        resistance=np.array([r for _, _, r in edges]),
        quadratic=filled(m, quadratic, 0.0),
        external=filled(m, external, np.nan),
        is_open=is_open,
        capacity=filled(m, capacity, np.nan),
    )


def random_network(seed: int, *, nodes: int = 20, extra: int = 15, lossy: bool = False) -> Network:
    """A connected network with loops, resistances over six decades, some held and some fed nodes."""
    random = generator(seed, "random network")
    tree = [(int(random.integers(i)), i) for i in range(1, nodes)]
    more = [tuple(sorted(random.choice(nodes, 2, replace=False).tolist())) for _ in range(extra)]
    edges = [(int(a), int(b), float(10 ** random.uniform(-3, 3))) for a, b in [*tree, *more]]
    order = random.permutation(nodes).tolist()
    held = {order[i]: float(random.uniform(0, 100)) for i in range(3)}
    inflow = {order[i]: float(random.uniform(-20, 50)) for i in range(3, 8)}
    quadratic = {i: float(10 ** random.uniform(-4, 1)) for i in range(0, len(edges), 2)} if lossy else {}
    return network_of(edges, held=held, inflow=inflow, quadratic=quadratic)


def dense_solution(network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Pressures and flows of a linear network by one dense solve."""
    n = len(network.node_ids)
    matrix, right = np.zeros((n, n)), network.inflow.copy()
    for a, b, r, is_open in zip(network.a, network.b, network.resistance, network.is_open, strict=True):
        if is_open:
            g = 1 / r
            matrix[a, a] += g
            matrix[b, b] += g
            matrix[a, b] -= g
            matrix[b, a] -= g
    for node in np.flatnonzero(~np.isnan(network.fixed)):
        matrix[node] = 0
        matrix[node, node] = 1
        right[node] = network.fixed[node]
    pressure = np.linalg.solve(matrix, right)
    flow = np.where(network.is_open, (pressure[network.a] - pressure[network.b]) / network.resistance, 0)
    return pressure, flow
