"""Each child's pressures before and after, in every state that the team should know of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from separatrix.body.vessels.assignment import TWIN_OF
from separatrix.body.vessels.circulation import BEDS, DURAS, Beds, CirculationState, Dura
from separatrix.body.vessels.planning import Plan
from separatrix.body.vessels.posture import TILTS_DEG
from separatrix.body.vessels.situation import Situation
from separatrix.core import SolverError
from separatrix.evidence import EvidenceReader


def pressure_table(plan: Plan, evidence: EvidenceReader) -> dict[str, Any]:
    """Per child: worst region before and after, by beds, dura, collapse of veins, and tilt of the table.

    Parameters
    ----------
    plan
        As made.
    evidence
        For the bands, which are configurable and not validated.

    Returns
    -------
    dict
        By the child's letter; pressures in mmHg. A state in which the model does not settle is left out and
        said so.
    """
    low, high = evidence.number("flow.rise_band.low"), evidence.number("flow.rise_band.high")
    over_icp = evidence.number("flow.absolute_over_icp")
    first, last = plan.moments[0], plan.moments[-1]
    states = _after(plan)
    icp = plan.situation.circulation.values.scalar
    table: dict[str, Any] = {}
    for twin in TWIN_OF:
        rise = last.rise_mmHg[twin]
        above = last.pressure_mmHg[twin] - icp[f"icp.{twin.value}"]
        table[twin.value] = {
            "before_mmHg": _clean(first.pressure_mmHg[twin]),
            "after_mmHg": _clean(last.pressure_mmHg[twin]),
            "rise_mmHg": _clean(rise),
            "peak_rise_mmHg": _clean(max(m.rise_mmHg[twin] for m in plan.moments)),
            "worst_region": last.worst_region[twin],
            "least_perfusion": _clean(last.least_perfusion[twin]),
            "no_drainage": list(last.no_drainage[twin]),
            "band": f"under {low:g}"
            if rise < low
            else f"{low:g} to {high:g}"
            if rise <= high
            else f"over {high:g}",
            "over_icp": f"more than {over_icp:g} over intracranial pressure" if above > over_icp else "",
            "band_note": "mmHg; not validated, to be set by the team",
            "states": states[twin.value],
        }
    return table


def _after(plan: Plan) -> dict[str, list[dict[str, Any]]]:
    """Worst pressure and rise of each child at the end, in every state."""
    closed = list(plan.chosen.divided)
    rows: dict[str, list[dict[str, Any]]] = {t.value: [] for t in TWIN_OF}
    tilts = (0.0, *TILTS_DEG)
    ways: list[tuple[Beds, Dura, bool, float]] = [
        *((beds, dura, collapses, 0.0) for beds in BEDS for dura in DURAS for collapses in (False, True)),
        *((beds, "open", False, tilt) for beds in BEDS for tilt in tilts[1:]),
    ]
    for beds, dura, collapses, tilt in ways:
        said = {"beds": beds, "dura": dura, "veins_collapse": collapses, "tilt_deg": tilt}
        try:
            before = _solved(plan.situation, plan.situation.made, beds, dura, collapses, tilt)
            after = _solved(plan.situation, closed, beds, dura, collapses, tilt)
        except SolverError:
            for twin in TWIN_OF:
                rows[twin.value].append({**said, "because": "the flow did not settle in this state"})
            continue
        for twin, found in zip(TWIN_OF, _worst(plan.situation, before, after), strict=True):
            rows[twin.value].append({**said, **found})
    return rows


def _solved(
    situation: Situation, closed: Sequence[str], beds: Beds, dura: Dura, collapses: bool, tilt_deg: float
) -> CirculationState:
    is_open = situation.open_but(closed)
    return situation.circulation.state(beds, dura, tilt_deg, is_open=is_open, collapsible=collapses)


def _worst(situation: Situation, before: CirculationState, after: CirculationState) -> list[dict[str, Any]]:
    limit = situation.arterial
    held = [np.minimum(np.nan_to_num(s.region_pressure, nan=np.inf), limit) for s in (before, after)]
    found: list[dict[str, Any]] = []
    for label in (0, 1):
        mine = situation.child == label
        if mine.any():
            rise = float((held[1] - held[0])[mine].max())
            found.append({"pressure_mmHg": _clean(float(held[1][mine].max())), "rise_mmHg": _clean(rise)})
        else:
            found.append({"pressure_mmHg": None, "rise_mmHg": 0.0})
    return found


def _clean(value: float) -> float:
    return round(value, 6) + 0.0
