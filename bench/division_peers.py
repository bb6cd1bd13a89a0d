"""What other ways take for the same clamp states: dense LU, stacked small systems, a general 0D solver.

Each gives the worst rise of both children (2, n) in the states asked for, so that every row of the
benchmark compares answers and not speed alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from tests.reference.division import RandomPair, clamped, solve
from threadpoolctl import threadpool_limits

from separatrix.body.vessels.model import Ints, Network, Reals
from separatrix.body.vessels.ports import PortSystem, live_laplacian, live_nodes

STUB_RESISTANCE = 1e-6
"""Of the short vessel through which a general solver takes an inflow (mmHg·min/ml)."""


def dense_lu(pair: RandomPair, states: Ints) -> Reals:
    """One LU of the whole network per state and bed, on one thread; assembled once, then changed."""
    out = np.full((2, states.size), -np.inf)
    with threadpool_limits(1):
        for network in pair.networks:
            live = live_nodes(network)
            matrix, load = live_laplacian(network, live)
            whole, place = matrix.toarray(), np.cumsum(live) - 1
            seen = place[pair.observed]
            before = np.linalg.solve(whole, load)[seen]
            for n, state in enumerate(states.tolist()):
                after = whole.copy()
                for j, edge in enumerate(pair.candidates):
                    if state >> j & 1:
                        _take_out(after, network, int(edge), live, place)
                rise = np.linalg.solve(after, load)[seen] - before
                out[:, n] = np.maximum(out[:, n], _worst(rise, pair.child))
    return out


def _take_out(matrix: Reals, network: Network, edge: int, live: Any, place: Ints) -> None:
    """Clamp one vessel between live nodes."""
    a, b, g = int(network.a[edge]), int(network.b[edge]), 1.0 / network.resistance[edge]
    if not (live[a] and live[b]):
        raise ValueError("the benchmark clamps no vessel at a held node")
    i, j = place[a], place[b]
    matrix[[i, j], [i, j]] -= g
    matrix[[i, j], [j, i]] += g


def _worst(rise: Reals, child: Ints) -> Reals:
    return np.array([rise[child == c].max() for c in (0, 1)])


def batched_schur(systems: Sequence[PortSystem], child: Ints, states: Ints) -> Reals:
    """The simplest fast way: one small solve per state, stacked, with numpy."""
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


def svzerod(pair: RandomPair, states: Ints) -> Reals:
    """Flow-holding beds alone, each state as a steady network of svZeroDSolver."""
    import svzerod as solver

    before, out = solve(pair.held)[pair.observed], np.empty((2, states.size))
    for n, state in enumerate(states.tolist()):
        chosen = [int(e) for j, e in enumerate(pair.candidates) if state >> j & 1]
        table = solver.simulate(zero_d(clamped(pair.held, chosen)))
        last = table.groupby("name")["pressure_out"].last()
        pressure = np.array([last[f"branch{_stub(pair.held, node)}_seg0"] for node in pair.observed])
        out[:, n] = _worst(pressure - before, pair.child)
    return out


def _stub(network: Network, node: int) -> int:
    """Number of the short vessel that feeds a node."""
    return len(network.edge_ids) + int(node)


def zero_d(network: Network) -> dict[str, Any]:
    """A linear network in the input format of svZeroDSolver; inflows enter by short vessels."""
    held = ~np.isnan(network.fixed)
    vessels, conditions = [], []
    into: dict[int, list[int]] = {}
    out_of: dict[int, list[int]] = {}

    def vessel(number: int, a: int | None, b: int, resistance: float, ends: dict[str, str]) -> None:
        vessels.append(
            {"vessel_id": number, "vessel_name": f"branch{number}_seg0", "vessel_length": 1.0,
             "zero_d_element_type": "BloodVessel", "zero_d_element_values": {"R_poiseuille": resistance},
             **({"boundary_conditions": ends} if ends else {})}
        )  # fmt: skip
        if a is not None:
            out_of.setdefault(a, []).append(number)
        if not held[b]:
            into.setdefault(b, []).append(number)

    for edge in np.flatnonzero(network.is_open).tolist():
        a, b = int(network.a[edge]), int(network.b[edge])
        a, b = (b, a) if held[a] else (a, b)
        ends = {}
        if held[b]:
            ends["outlet"] = f"P{edge}"
            series = {"t": [0.0, 1.0], "P": [float(network.fixed[b])] * 2}
            conditions.append({"bc_name": f"P{edge}", "bc_type": "PRESSURE", "bc_values": series})
        vessel(edge, a, b, float(network.resistance[edge]), ends)
    for node in np.flatnonzero(network.inflow).tolist():
        series = {"t": [0.0, 1.0], "Q": [float(network.inflow[node])] * 2}
        conditions.append({"bc_name": f"Q{node}", "bc_type": "FLOW", "bc_values": series})
        vessel(_stub(network, node), None, node, STUB_RESISTANCE, {"inlet": f"Q{node}"})
    joints = [
        {"junction_name": f"J{node}", "junction_type": "NORMAL_JUNCTION",
         "inlet_vessels": into.get(node, []), "outlet_vessels": out_of.get(node, [])}
        for node in sorted({*into, *out_of})
    ]  # fmt: skip
    return {
        "simulation_parameters": {
            "number_of_cardiac_cycles": 1, "number_of_time_pts_per_cardiac_cycle": 2,
            "absolute_tolerance": 1e-9, "maximum_nonlinear_iterations": 30,
        },
        "boundary_conditions": conditions, "junctions": joints, "vessels": vessels,
    }  # fmt: skip
