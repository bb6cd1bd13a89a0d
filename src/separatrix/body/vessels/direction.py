"""Which way blood flows in each vessel, and whether that is known: signs over draws of all values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from separatrix.body.vessels.circulation import CirculationInputs
from separatrix.body.vessels.observations import Fit
from separatrix.evidence import EvidenceReader

DIRECTION_DRAWS = 200
"""Draws over which signs are counted: 5 % is then ten of them."""

UNKNOWN = "direction unknown"
"""Printed in place of a direction that nothing may rest on."""

_STILL_ML_PER_MIN = 1e-6
"""A vessel that carries less has no direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """Which way a vessel flows in the undivided circulation."""

    vessel: str
    towards: str
    """Id of the node blood flows to, or `UNKNOWN`."""
    changes: float
    """Share of the draws in which it flows against the central solution."""
    flow_ml_per_min: float
    """In the central solution, from the vessel's `a` to its `b`."""
    low_ml_per_min: float
    """Fifth percentile over the draws."""
    high_ml_per_min: float
    is_observed: bool
    """Whether an observation tells the direction: it then stands, whatever the draws say."""

    @property
    def is_known(self) -> bool:
        """Whether a conclusion may rest on it."""
        return self.towards != UNKNOWN


def directions(
    inputs: CirculationInputs,
    fit: Fit,
    *,
    evidence: EvidenceReader,
    seed: int,
    draws: int = DIRECTION_DRAWS,
) -> Mapping[str, Direction]:
    """Direction of each vessel that carries blood, by its id.

    Parameters
    ----------
    inputs
        The circulation before any value is drawn.
    fit
        The fitted values, about which radii are drawn.
    evidence
        For ``flow.direction_unknown_above``.
    seed
        Of the draws.
    draws
        How many.

    Notes
    -----
    The undivided state is solved with flow-holding beds, dura closed, in the ward.
    """
    central = _flows(inputs, None, fit)
    drawn = np.array([_flows(inputs, (seed, n), fit) for n in range(draws)]).reshape(draws, -1)
    limit = evidence.number("flow.direction_unknown_above")
    against = (drawn * np.sign(central) < -_STILL_ML_PER_MIN).mean(axis=0)
    low, high = np.percentile(drawn, [5, 95], axis=0)
    found = {}
    for k, n in enumerate(inputs.wiring.graph_edges):
        edge = inputs.graph.edges[int(n)]
        is_observed = edge.id in fit.seen_vessels
        still = abs(central[k]) < _STILL_ML_PER_MIN
        known = is_observed or (against[k] <= limit and not still)
        end = edge.b if central[k] > 0 else edge.a
        found[edge.id] = Direction(
            vessel=edge.id,
            towards=end if known else UNKNOWN,
            changes=float(against[k]),
            flow_ml_per_min=float(central[k]),
            low_ml_per_min=float(low[k]),
            high_ml_per_min=float(high[k]),
            is_observed=is_observed,
        )
    return found


def _flows(inputs: CirculationInputs, draw: tuple[int, int] | None, fit: Fit) -> np.ndarray:
    """Flow of each vessel from `a` to `b`, in the order of the wiring."""
    values = fit.values if draw is None else inputs.draw(*draw, around=fit.values)
    circulation = inputs.assemble(values)
    flow = circulation.vessel_flow(circulation.state("held", "closed", phase="ward"))
    return np.array(list(flow.values()), dtype=np.float64)
