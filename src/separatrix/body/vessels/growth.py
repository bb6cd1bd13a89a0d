"""What a network becomes while waiting: collaterals that widen, and clot behind a clamp."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from separatrix.body.vessels.model import Ints, Network, Reals
from separatrix.core import Fault, InputError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Growth:
    """A law of full adaptation to a set S of clamped vessels, a function of S alone.

    Conductance becomes ``g0 · min(most, 1 + rate · max(0, |q_S| / q_ref − 1))``, with q_S the flow after
    clamping S and before anything grew. Both numbers are assumptions without a measured value in infants.
    """

    edges: Ints
    """(e,) edges that may grow."""
    reference: Reals
    """(e,) > 0, q_ref (ml/min): the flow to which each is adapted."""
    rate: float
    """Growth per unit of excess flow; 0 is *no growth*."""
    most: float
    """Largest factor, ≥ 1."""
    clots: tuple[Ints, ...] = ()
    """Per candidate, further edges closed by clot once it is clamped and time has passed; or nothing."""

    def __post_init__(self) -> None:
        faults = []
        if self.edges.size != self.reference.size:
            faults.append(
                Fault(field="reference", problem=f"{self.reference.size} for {self.edges.size} edges")
            )
        if self.reference.size and not (self.reference > 0).all():
            faults.append(Fault(field="reference", problem="a reference flow is not above zero"))
        if self.rate < 0:
            faults.append(Fault(field="rate", problem=f"{self.rate}", expected="0 or more"))
        if self.most < 1:
            faults.append(Fault(field="most", problem=f"{self.most}", expected="1 or more"))
        if faults:
            raise InputError(*faults)


def no_growth() -> Growth:
    """Nothing adapts: waiting changes nothing."""
    return Growth(edges=np.empty(0, np.int64), reference=np.empty(0), rate=0.0, most=1.0)


def reference_flows(network: Network, edges: Ints, floor_ml_per_min: float) -> Reals:
    """Flow (e,) of each edge before anything is clamped, at least `floor_ml_per_min`."""
    from separatrix.body.vessels.ports import reduce_to_ports

    nodes = np.concatenate([network.a[edges], network.b[edges]])
    pressure = reduce_to_ports(network, np.empty(0, np.int64), nodes).pressure.reshape(2, -1)
    flow = np.abs(pressure[0] - pressure[1]) / network.resistance[edges]
    return np.asarray(np.maximum(flow, floor_ml_per_min))


def adapted(network: Network, candidates: Ints, clamped: Ints, growth: Growth) -> Network:
    """The network after full adaptation to these candidates (places in `candidates`) being clamped.

    Raises
    ------
    InfeasibleError
        If a part with inflow has no outlet once these are clamped.
    """
    from separatrix.body.vessels.ports import reduce_to_ports

    is_open = network.is_open.copy()
    is_open[candidates[clamped]] = False
    after = replace(network, is_open=is_open)
    nodes = np.concatenate([network.a[growth.edges], network.b[growth.edges]])
    pressure = reduce_to_ports(after, np.empty(0, np.int64), nodes).pressure.reshape(2, -1)
    resistance = network.resistance.copy()
    flow = np.abs(pressure[0] - pressure[1]) / resistance[growth.edges]
    flow[~is_open[growth.edges]] = 0.0
    excess = np.maximum(0.0, flow / growth.reference - 1.0)
    resistance[growth.edges] /= np.minimum(growth.most, 1.0 + growth.rate * excess)
    is_open = is_open.copy()
    for place in clamped.tolist() if growth.clots else ():
        is_open[growth.clots[place]] = False
    return replace(after, resistance=resistance, is_open=is_open)
