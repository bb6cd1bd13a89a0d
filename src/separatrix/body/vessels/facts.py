"""The undivided circulation as facts by vessel, region and child, for the result and the dossier."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from separatrix.body.vessels.circulation import BEDS, DURAS, Circulation, CirculationInputs, CirculationState
from separatrix.body.vessels.direction import Direction, directions
from separatrix.body.vessels.exchange import Exchange, exchange, mixing_time_min
from separatrix.body.vessels.observations import Fit
from separatrix.body.vessels.parameters import blood_volume_ml
from separatrix.body.vessels.posture import TILTS_DEG
from separatrix.case import Case
from separatrix.core import Twin, Unknown
from separatrix.evidence import EvidenceReader

_ML, _MMHG, _SHARE = 1, 2, 3
"""Decimals of flows, pressures and shares: finer than any of them is known."""


def flow_facts(
    inputs: CirculationInputs, fit: Fit, *, case: Case, evidence: EvidenceReader, seed: int
) -> dict[str, Any]:
    """What flows where before any division, as plain data.

    Parameters
    ----------
    inputs, fit
        The circulation, and its values after the observations.
    case
        For the children's weights.
    evidence
        For limits and blood volumes.
    seed
        Of the draws for directions.

    Returns
    -------
    dict
        ``vessels[]``, ``regions[]``, ``states[]`` (passive and held beds, dura open and closed, bridging
        veins rigid and collapsible, level and tilted), ``exchange``, ``observations[]``, ``notes[]``,
        ``missing``.
    """
    circulation = inputs.assemble(fit.values)
    rest = circulation.state("held", "closed", phase="ward")
    passed = exchange(circulation, rest)
    found = directions(inputs, fit, evidence=evidence, seed=seed)
    states = list(_states(circulation))
    return {
        "vessels": [_vessel(circulation, rest, passed, d) for d in found.values()],
        "regions": _regions(circulation, states),
        "states": [_state_facts(circulation, label, state) for label, state in states],
        "exchange": _exchange_facts(passed, case, evidence),
        "observations": [
            {
                "vessel": m.vessel,
                "what": m.what,
                "seen": m.seen,
                "reckoned": m.reckoned,
                "standard_errors": round(m.standard_errors, 2),
                "is_contradicted": m.is_contradicted,
            }
            for m in fit.misfits
        ],
        "notes": [*circulation.notes, *fit.replaced, *_contradictions(fit)],
        "missing": evidence.text("flow.missing"),
    }


def _states(circulation: Circulation) -> Iterator[tuple[dict[str, Any], CirculationState]]:
    """Every state that a plan is judged by."""
    for beds in BEDS:
        for dura in DURAS:
            for collapsible in (False, True):
                for tilt in (0.0, *TILTS_DEG):
                    label = {"beds": beds, "dura": dura, "collapsible": collapsible, "tilt_deg": tilt}
                    yield label, circulation.state(beds, dura, tilt, collapsible=collapsible)


def _vessel(
    circulation: Circulation, rest: CirculationState, passed: Exchange, direction: Direction
) -> dict[str, Any]:
    index = circulation.edge_index[direction.vessel]
    edge = circulation.graph.edges[int(circulation.wiring.graph_edges[index])]
    drawn = (direction.low_ml_per_min, direction.high_ml_per_min)
    low, high = sorted(q if direction.flow_ml_per_min >= 0 else -q for q in drawn)
    ends = rest.flow.pressure[[rest.network.a[index], rest.network.b[index]]]
    return {
        "vessel": edge.id,
        "kind": edge.kind.value,
        "owner": edge.owner.name.lower(),
        "crossing": edge.crossing,
        "towards": direction.towards,
        "is_observed": direction.is_observed,
        "changes_sign": round(direction.changes, _SHARE),
        "flow_ml_per_min": _round(abs(direction.flow_ml_per_min), _ML),
        "low_ml_per_min": _round(low, _ML),
        "high_ml_per_min": _round(high, _ML),
        "pressure_mmHg": _round(float(ends.mean()), _MMHG),
        "share_of_a": _round(float(passed.share_of_a[index]), _SHARE),
        "share_to_a": _round(float(passed.share_to_a[index]), _SHARE),
    }


def _regions(
    circulation: Circulation, states: list[tuple[dict[str, Any], CirculationState]]
) -> list[dict[str, Any]]:
    level = [s for label, s in states if label["tilt_deg"] == 0]
    if not circulation.territories:
        return []
    pressure = np.array([s.region_pressure for s in level])
    return [
        {
            "region": t.node,
            "name": t.name,
            "twin": t.twin.value,
            "volume_ml": round(t.volume_ml, 1),
            "flow_ml_per_min": round(t.flow_ml_per_min, _ML),
            "lowest_mmHg": _round(float(pressure[:, n].min()), _MMHG),
            "highest_mmHg": _round(float(pressure[:, n].max()), _MMHG),
            "has_drainage": all(t.node not in s.no_drainage for s in level),
        }
        for n, t in enumerate(circulation.territories)
    ]


def _state_facts(
    circulation: Circulation, label: Mapping[str, Any], state: CirculationState
) -> dict[str, Any]:
    passed = exchange(circulation, state)
    worst = {}
    for twin in Twin:
        own = [n for n, t in enumerate(circulation.territories) if t.twin is twin]
        if own:
            n = max(own, key=lambda k: float(state.region_pressure[k]))
            worst[twin.value] = {
                "region": circulation.territories[n].name,
                "pressure_mmHg": _round(float(state.region_pressure[n]), _MMHG),
                "perfusion_mmHg": _round(float(circulation.perfusion_mmHg(state)[own].min()), _MMHG),
            }
    return {
        **label,
        "worst": worst,
        "no_drainage": list(state.no_drainage),
        "a_to_b_ml_per_min": round(passed.a_to_b_ml_per_min, _ML),
        "b_to_a_ml_per_min": round(passed.b_to_a_ml_per_min, _ML),
        "net_ml_per_min": round(passed.net_ml_per_min, _ML),
    }


def _exchange_facts(passed: Exchange, case: Case, evidence: EvidenceReader) -> dict[str, Any]:
    volumes = {t: blood_volume_ml(case, evidence, t) for t in Twin}
    mixing = mixing_time_min(
        passed.a_to_b_ml_per_min, passed.b_to_a_ml_per_min, volumes[Twin.A], volumes[Twin.B]
    )
    return {
        "a_to_b_ml_per_min": round(passed.a_to_b_ml_per_min, _ML),
        "b_to_a_ml_per_min": round(passed.b_to_a_ml_per_min, _ML),
        "net_ml_per_min": round(passed.net_ml_per_min, _ML),
        "drained_by_other": {t.value: round(passed.drained_by_other[t], _SHARE) for t in Twin},
        "arterial_ml_per_min": {t.value: round(passed.arterial_ml_per_min[t], _ML) for t in Twin},
        "venous_ml_per_min": {t.value: round(passed.venous_ml_per_min[t], _ML) for t in Twin},
        "blood_volume_ml": {t.value: _plain(volumes[t], 0) for t in Twin},
        "mixing_time_min": _plain(mixing, _ML),
    }


def _contradictions(fit: Fit) -> list[str]:
    return [
        f"{m.vessel}: seen {m.seen}, reckoned {m.reckoned}: this observation does not fit with the rest; "
        "look at it again before anything rests on this vessel"
        for m in fit.misfits
        if m.is_contradicted
    ]


def _plain(value: float | Unknown, decimals: int) -> float | dict[str, str]:
    return value.to_dict() if isinstance(value, Unknown) else round(value, decimals)


def _round(value: float, decimals: int) -> float | None:
    return None if math.isnan(value) else round(value, decimals) + 0.0
