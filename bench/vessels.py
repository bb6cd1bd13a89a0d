"""The division search beside one dense LU per state and the numpy batched Schur complement.

``python -m bench vessels`` (``--large``: also 2^24 states and 20 vessels in stages). Every answer is
compared with dense solves of whole networks in the same run; processor and wall seconds are printed, as
other work on the machine stretches the second.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from tests.reference.division import RandomPair, clamp_cost, random_pair
from threadpoolctl import threadpool_limits

from separatrix.body.vessels.clamp_states import clamp_costs, worse_child_costs
from separatrix.body.vessels.growth import Growth, reference_flows
from separatrix.body.vessels.model import Network
from separatrix.body.vessels.operations import best_operations
from separatrix.body.vessels.orders import best_order
from separatrix.body.vessels.ports import PortSystem, reduce_to_ports
from separatrix.body.vessels.solve import solve

MOST_ERROR_mmHg = 1e-9


def measured(what: str, run: Callable[[], Any]) -> tuple[Any, float]:
    """The answer and its processor seconds, printed."""
    wall, cpu = time.perf_counter(), time.process_time()
    out = run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{what:58s} {cpu:8.3f} s processor {wall:8.3f} s wall {peak:5d} MiB so far", flush=True)
    return out, cpu


def ports(pair: RandomPair) -> list[PortSystem]:
    """Passive and held beds."""
    passive = reduce_to_ports(pair.passive, pair.candidates, pair.observed, supplies=pair.supplies)
    return [passive, reduce_to_ports(pair.held, pair.candidates, pair.observed)]


def batched_schur(systems: list[PortSystem], child: np.ndarray, states: np.ndarray) -> np.ndarray:
    """The simplest correct reference: one small solve per state, stacked."""
    k = systems[0].k
    out = np.full((2, states.size), -np.inf)
    for system in systems:
        on = (states[:, None] >> np.arange(k)) & 1 > 0
        both = on[:, :, None] & on[:, None, :]
        matrices = np.where(both, system.stiffness, np.eye(k))
        x = np.linalg.solve(matrices, np.where(on, system.drive, 0.0)[:, :, None])[:, :, 0]
        rise = x @ system.reach.T
        for c in (0, 1):
            out[c] = np.maximum(out[c], rise[:, child == c].max(axis=1))
    return out


def dense_lu(times: int) -> None:
    """What one dense LU per state and bed costs, assembled already."""
    matrix = np.random.default_rng(0).normal(size=(146, 146)) + 146 * np.eye(146)
    with threadpool_limits(1):
        for _ in range(2 * times):
            np.linalg.solve(matrix, matrix[0])


def clamp_states(k: int) -> bool:
    """All states and both programmes, with ratios; whether all agree."""
    pair = random_pair(1, k=k)
    systems = ports(pair)
    clamp_costs(systems, None, pair.child)  # compile
    best_order(np.zeros((2, 256)))
    costs, cpu = measured(f"2^{k} clamp states, both beds", lambda: clamp_costs(systems, None, pair.child))
    order, _ = measured("  best order by peak, then the other, then burden", lambda: best_order(costs))
    measured("  best order by burden", lambda: best_order(costs, "burden"))
    sample = np.random.default_rng(0).integers(0, 1 << k, 1 << 12)
    schur, slow = measured(
        "  numpy batched Schur, 2^12 states", lambda: batched_schur(systems, pair.child, sample)
    )
    few = sample[:24]
    _, slower = measured("  dense LU of 146 unknowns, both beds, 200 times", lambda: dense_lu(200))
    dense = np.array([clamp_cost(pair, int(s)) for s in few]).T
    each = cpu / costs.shape[1]
    print(f"  per state {each * 1e9:.0f} ns; {slow / sample.size / each:.0f} × batched Schur,", end=" ")
    print(f"{slower / 200 / each:.0f} × dense LU; peaks {order.peak[0]:.3f} {order.peak[1]:.3f} mmHg")
    errors = [np.abs(costs[:, sample] - schur).max(), np.abs(costs[:, few] - dense).max()]
    print(f"  largest error {max(errors):.1e} mmHg")
    return bool(max(errors) <= MOST_ERROR_mmHg)


def many_vessels(nodes: int = 40_000, vessels: int = 100_000) -> bool:
    """10^5 vessels to 20 ports; whether a state agrees with a whole solve."""
    random = np.random.default_rng(2)
    chain = np.arange(1, nodes)
    near = random.integers(1, 40, vessels - chain.size)
    a = np.concatenate([chain, random.integers(40, nodes, near.size)])
    b = np.concatenate([chain - 1, a[chain.size :] - near])
    fixed = np.full(nodes, np.nan)
    fixed[[0, nodes - 1]] = 4.0, 5.0
    m = a.size
    network = Network(
        node_ids=tuple(map(str, range(nodes))),
        fixed=fixed,
        inflow=np.where(random.random(nodes) < 0.3, 0.01, 0.0),
        edge_ids=tuple(map(str, range(m))),
        a=a,
        b=b,
        resistance=random.uniform(0.01, 1.0, m),
        quadratic=np.zeros(m),
        external=np.full(m, np.nan),
        is_open=np.ones(m, dtype=bool),
    )
    candidates, observed = random.choice(m, 20, replace=False), np.arange(120, nodes, 400)
    system, _ = measured(f"{m} vessels to 20 ports", lambda: reduce_to_ports(network, candidates, observed))
    is_open = network.is_open.copy()
    is_open[candidates[::2]] = False
    whole = solve(replace(network, is_open=is_open)).pressure[observed]
    error = np.abs(system.pressure_after(np.arange(0, 20, 2)) - whole).max() / np.abs(whole).max()
    print(f"  largest error {error:.1e} of the largest pressure")
    return bool(error <= 1e-9)


def stages(k: int) -> bool:
    """Three operations; exact, or within the gap of 0.1 mmHg."""
    pair = random_pair(3, k=k)
    growth = Growth(
        edges=pair.anastomoses,
        reference=reference_flows(pair.held, pair.anastomoses, 0.5),
        rate=1.0,
        most=4.0,
    )

    def run() -> Any:
        return best_operations(
            pair.networks,
            pair.candidates,
            pair.observed,
            pair.child,
            count=3,
            growth=growth,
            supplies=[pair.supplies, None],
        )

    plan, _ = measured(f"three operations, {k} vessels", run)
    print(f"  {[len(o) for o in plan.operations]} vessels, {plan.value:.4f} mmHg, gap {plan.gap:.1e}")
    return plan.gap <= 0.1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="also 2^24 states and 20 vessels in stages")
    large = parser.parse_args().large
    good = [clamp_states(20), many_vessels(), stages(6), stages(12), stages(16)]
    if large:
        pair = random_pair(4, k=24)
        measured("2^24 clamp states, worse child", lambda: worse_child_costs(ports(pair), None, pair.child))
        good.append(stages(20))
    print("all agree" if all(good) else "AN ANSWER IS WRONG OR A GAP IS TOO WIDE")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
