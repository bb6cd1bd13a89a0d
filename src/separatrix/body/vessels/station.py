"""The whole of vessels: the graph, the flow that was seen, and the division; made, stored and read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from separatrix.body.anatomy import Anatomy
from separatrix.body.imaging import Scene
from separatrix.body.vessels.circulation import CirculationInputs, CirculationState, prepare_circulation
from separatrix.body.vessels.direction import Direction, directions
from separatrix.body.vessels.divide import assumptions_of, divide
from separatrix.body.vessels.division_io import division_from_data, division_to_data, steps_table
from separatrix.body.vessels.edits import accept_contacts
from separatrix.body.vessels.exchange import exchange, mixing_time_min
from separatrix.body.vessels.graph_io import load_graph, save_graph
from separatrix.body.vessels.model import Division, VesselGraph, VesselKind
from separatrix.body.vessels.observations import Fit, fit_observations
from separatrix.body.vessels.parameters import blood_volume_ml
from separatrix.body.vessels.posture import TILTS_DEG
from separatrix.case import Case
from separatrix.core import DataMissingError, Fault, Progress, StorageError, Twin, Unknown, silent
from separatrix.core.storage import read_json, to_json, write_atomic
from separatrix.evidence import EvidenceReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Vessels:
    """What the station found."""

    graph: VesselGraph
    flow: Mapping[str, Any]
    """Before division: ``vessels[]``, ``exchange``, ``tilt[]``, ``observations[]``."""
    division: Division
    notes: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = field(default=())


def map_vessels(
    case: Case,
    *,
    scene: Scene | None,
    anatomy: Anatomy | None,
    evidence: EvidenceReader,
    seed: int,
    threads: int = 1,
    progress: Progress = silent,
) -> Vessels:
    """Whose blood goes where, who keeps what, in what order and stages.

    Parameters
    ----------
    case
        Observations, wishes, an edited graph, the number of operations.
    scene, anatomy
        None where the case has no imaging: then ``vessels.graph`` must name a graph.
    evidence
        Every number.
    seed
        Of all draws.
    threads
        At most so many; changes nothing of the answer.
    progress
        Told how far it is.

    Raises
    ------
    InputError
        With every fault of graph, observations and wishes.
    DataMissingError
        If there are neither images nor a graph.
    """
    drawing = _part(progress, 0.0, 0.35)
    graph = graph_of(case, scene, anatomy, evidence=evidence, threads=threads, progress=drawing)
    inputs = prepare_circulation(graph, case=case, anatomy=anatomy, evidence=evidence)
    progress(0.35, "observations")
    fit = fit_observations(inputs, case=case, evidence=evidence)
    progress(0.4, "directions")
    ways = directions(inputs, fit, evidence=evidence, seed=seed)
    flow = flow_before(inputs, fit, ways, case=case, evidence=evidence)
    division = divide(
        graph, case=case, anatomy=anatomy, evidence=evidence, seed=seed, threads=threads,
        progress=_part(progress, 0.45, 0.55), inputs=inputs, values=fit.values,
    )  # fmt: skip
    return Vessels(
        graph=graph,
        flow=flow,
        division=division,
        notes=(*graph.notes, *_flow_notes(flow), *_without_vein(graph, flow)),
        assumptions=assumptions_of(evidence),
    )


def _part(progress: Progress, start: float, share: float) -> Progress:
    def within(fraction: float, doing: str) -> None:
        progress(start + share * fraction, doing)

    return within


def graph_of(
    case: Case,
    scene: Scene | None,
    anatomy: Anatomy | None,
    *,
    evidence: EvidenceReader,
    threads: int,
    progress: Progress,
) -> VesselGraph:
    """The graph from the images, or the one that the case gives by hand, which wins."""
    if scene is not None and anatomy is not None:
        from separatrix.body.vessels.extract import extract_graph

        return extract_graph(case, scene, anatomy, evidence=evidence, threads=threads, progress=progress)
    given = case.file.vessels.graph
    if given is None:
        raise DataMissingError(
            Fault(
                file=case.path.name,
                field="vessels.graph",
                problem="there are neither images nor a vessel graph",
                mend="name the scans under imaging:, or a graph under vessels: {graph: graph.json}",
            )
        )
    graph = load_graph(case.folder / given, named=given)
    graph = accept_contacts(graph, case.file.vessels.accept_contacts)
    return replace(graph, notes=(*graph.notes, "The graph was written by hand; no images stand behind it."))


def flow_before(
    inputs: CirculationInputs,
    fit: Fit,
    ways: Mapping[str, Direction],
    *,
    case: Case,
    evidence: EvidenceReader,
) -> dict[str, Any]:
    """Pressure, flow and exchange before any division, and how far each is known.

    Returns
    -------
    dict
        Plain data: ``vessels[]`` (pressure, flow with its range, direction, share of A's blood),
        ``exchange`` (gross, net, drained by the other, mixing time), ``tilt[]`` and ``observations[]``.
    """
    circulation = inputs.assemble(fit.values)
    state = circulation.state("held", "closed", phase="ward")
    passed = exchange(circulation, state)
    volumes = {t: blood_volume_ml(case, evidence, t) for t in Twin}
    mixing = mixing_time_min(
        passed.a_to_b_ml_per_min, passed.b_to_a_ml_per_min, volumes[Twin.A], volumes[Twin.B]
    )
    flow = circulation.vessel_flow(state)
    ends = (state.flow.pressure[state.network.a] + state.flow.pressure[state.network.b]) / 2
    rows = []
    for vessel, edge in circulation.edge_index.items():
        way = ways.get(vessel)
        rows.append(
            {
                "vessel": vessel,
                "pressure_mmHg": _number(ends[edge]),
                "flow_ml_per_min": _number(flow[vessel]),
                "low_ml_per_min": None if way is None else _number(way.low_ml_per_min),
                "high_ml_per_min": None if way is None else _number(way.high_ml_per_min),
                "towards": "" if way is None else way.towards,
                "direction_known": way is not None and way.is_known,
                "direction_observed": way is not None and way.is_observed,
                "share_of_a": _number(passed.share_of_a[edge]),
                "share_to_a": _number(passed.share_to_a[edge]),
            }
        )
    return {
        "vessels": rows,
        "exchange": {
            "a_to_b_ml_per_min": _number(passed.a_to_b_ml_per_min),
            "b_to_a_ml_per_min": _number(passed.b_to_a_ml_per_min),
            "net_ml_per_min": _number(passed.net_ml_per_min),
            "drained_by_other": {t.value: _number(passed.drained_by_other[t]) for t in Twin},
            "mixing_time_min": str(mixing) if isinstance(mixing, Unknown) else _number(mixing),
        },
        "regions": _regions(inputs, fit, state),
        "tilt": [{"tilt_deg": tilt, **_tilted(inputs, fit, tilt)} for tilt in TILTS_DEG],
        "observations": [asdict(m) for m in fit.misfits],
        "replaced_observations": list(fit.replaced),
    }


def _regions(inputs: CirculationInputs, fit: Fit, state: CirculationState) -> list[dict[str, Any]]:
    circulation = inputs.assemble(fit.values)
    return [
        {
            "node": t.node,
            "twin": t.twin.value,
            "name": t.name,
            "volume_ml": _number(t.volume_ml),
            "flow_ml_per_min": _number(t.flow_ml_per_min),
            "pressure_mmHg": _number(state.region_pressure[i]),
            "no_drainage": t.node in state.no_drainage,
        }
        for i, t in enumerate(circulation.territories)
    ]


def _tilted(inputs: CirculationInputs, fit: Fit, tilt_deg: float) -> dict[str, Any]:
    """What a tilt of the table does to the exchange and to each child's worst region."""
    circulation = inputs.assemble(fit.values)
    state = circulation.state("held", "closed", tilt_deg)
    passed = exchange(circulation, state)
    worst = {}
    for label, twin in enumerate(Twin):
        mine = state.region_pressure[circulation.child_of_territory == label]
        worst[twin.value] = _number(float(np.nanmax(mine))) if np.isfinite(mine).any() else None
    return {"net_ml_per_min": _number(passed.net_ml_per_min), "worst_pressure_mmHg": worst}


def _number(value: float) -> float | None:
    return round(float(value), 6) + 0.0 if np.isfinite(value) else None


def _flow_notes(flow: Mapping[str, Any]) -> list[str]:
    notes = []
    unknown = [row["vessel"] for row in flow["vessels"] if not row["direction_known"]]
    if unknown:
        listed = ", ".join(unknown[:12]) + (f" and {len(unknown) - 12} more" if len(unknown) > 12 else "")
        notes.append(f"Direction unknown in {len(unknown)} vessels: {listed}.")
    notes += [
        f"Observation of {m['vessel']} ({m['what']}: {m['seen']}) does not fit the rest: reckoned "
        f"{m['reckoned']}, {m['standard_errors']:.1f} standard errors off."
        for m in flow["observations"]
        if m["is_contradicted"]
    ]
    lost = [r["name"] for r in flow["regions"] if r["no_drainage"]]
    notes += [f"{name}: no drainage even before division, infarct expected." for name in lost]
    return notes


def _without_vein(graph: VesselGraph, flow: Mapping[str, Any]) -> list[str]:
    """Regions from which no vein of the graph leads to any outlet: what drains them is assumed."""
    ways: dict[str, list[str]] = {}
    for edge in graph.edges:
        if edge.accepted and edge.kind is not VesselKind.ARTERY:
            ways.setdefault(edge.a, []).append(edge.b)
            ways.setdefault(edge.b, []).append(edge.a)
    reached = {n.id for n in graph.nodes if n.kind == "jugular"}
    todo = list(reached)
    while todo:
        new = set(ways.get(todo.pop(), ())) - reached
        reached |= new
        todo += new
    return [
        f"{r['name']}: no vein of the graph leads from it to a jugular vein; what "
        "drains it (deep and emissary veins) is assumed. If they do not: no drainage, infarct expected."
        for r in flow["regions"]
        if r["node"] not in reached and not r["no_drainage"]
    ]


def save_vessels(vessels: Vessels, folder: Path) -> None:
    """Store the station's result: ``graph.json``, ``flow.json``, ``division.csv`` and ``result.json``."""
    save_graph(vessels.graph, folder / "graph.json")
    write_atomic(folder / "flow.json", to_json(dict(vessels.flow)))
    write_atomic(folder / "division.csv", steps_table(vessels.division))
    data = division_to_data(vessels.division)
    result = {
        "format": 1,
        "station": "vessels",
        "status": "done",
        "because": "",
        **data,
        "exchange_before": vessels.flow["exchange"],
        "notes": [*vessels.notes, *data["notes"]],
        "division_notes": data["notes"],
        "assumptions": list(vessels.assumptions),
    }
    write_atomic(folder / "result.json", to_json(result))


def load_vessels(folder: Path) -> Vessels:
    """Read what `save_vessels` stored.

    Raises
    ------
    StorageError
        If a file is missing or damaged.
    """
    data = read_json(folder / "result.json")
    flow = read_json(folder / "flow.json")
    try:
        graph = load_graph(folder / "graph.json")
        count = len(data["notes"]) - len(data["division_notes"])
        return Vessels(
            graph=graph,
            flow=flow,
            division=division_from_data({**data, "notes": data["division_notes"]}),
            notes=tuple(data["notes"][:count]),
            assumptions=tuple(data["assumptions"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StorageError(
            Fault(
                file=str(folder / "result.json"),
                problem=f"holds no vessels ({error})",
                mend="run the plan again with --force",
            )
        ) from error
