"""Resistances of a circulation's vessels and of the outlets that the graph does not show."""

from __future__ import annotations

import numpy as np

from separatrix.body.vessels.model import Reals
from separatrix.body.vessels.parameters import Values
from separatrix.body.vessels.wiring import Wiring
from separatrix.core import Twin

NEARLY_CLOSED = 1e9
"""Resistance (mmHg min/ml) from which an edge, such as an outlet whose share is none, is closed."""

LEAST_DRIVE_MMHG = 1.0
"""A bed or other outlet is sized for at least this drop, whatever the draw."""


def size_vessels(w: Wiring, values: Values, resistance: Reals) -> None:
    """Poiseuille, with each child's viscosity (shared vessels: the mean of both) and the drawn radii."""
    s = values.scalar
    mean = (s["viscosity.A"] + s["viscosity.B"]) / 2
    viscosity = np.array([s[f"viscosity.{t.value}"] if t else mean for t in w.child_of_vessel])
    resistance[: len(w.unit_resistance)] = (
        w.unit_resistance * viscosity / values.radius_factor[w.graph_edges] ** 4
    )


def size_other_outlets(w: Wiring, values: Values, flows: Reals, resistance: Reals) -> None:
    """Deep, emissary and pial conductances, as shares of flow at the reference drop; closed where 0."""
    s = values.scalar
    drop = {t: max(s["venous_reference"] - s[f"cvp.{t.value}"], LEAST_DRIVE_MMHG) for t in Twin}
    total = {t: sum(q for r, q in zip(w.regions, flows, strict=True) if r.twin is t) for t in Twin}
    for edge, region in zip(w.deep_edges, range(len(w.regions)), strict=True):
        twin = w.regions[region].twin
        resistance[edge] = _over(drop[twin], s[f"deep_share.{twin.value}"] * flows[region])
    for edge, twin, share in w.emissary_edges:
        resistance[edge] = _over(drop[twin], s[f"emissary_share.{twin.value}"] * total[twin] * share)
    for edge, i, j in w.anastomoses:
        twin = w.regions[i].twin
        resistance[edge] = _over(drop[twin], s["anastomosis_share"] * (flows[i] + flows[j]) / 2)


def _over(drop_mmHg: float, flow_ml_per_min: float) -> float:
    return drop_mmHg / flow_ml_per_min if flow_ml_per_min > drop_mmHg / NEARLY_CLOSED else NEARLY_CLOSED
