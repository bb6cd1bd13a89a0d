"""Networks of other solvers turned into ours: what each of their files means, line by line."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

Data = dict[str, Any]


def edge(name: str, a: str, b: str, resistance: float, **more: Any) -> Data:
    return {"id": name, "a": a, "b": b, "resistance_mmHg_min_per_ml": resistance, **more}


def mean_of(times: list[float], values: list[float]) -> float:
    """Mean over a cycle by the trapezoidal rule; of two points and of any steady series, the value."""
    pairs = zip(zip(times, values, strict=True), zip(times[1:], values[1:], strict=False), strict=False)
    area = sum((v + w) / 2 * (u - t) for (t, v), (u, w) in pairs)
    return area / (times[-1] - times[0])


def from_svzerod(config: Data) -> Data:
    """Vessels, junctions and boundary conditions of the 0D solver; its elements' resistances only.

    A resistor to a distal pressure becomes an edge to a node held there, an RCR its two resistors in a row
    (no mean flow passes the capacitor), a flow its mean.
    """
    nodes: dict[str, Data] = {}
    edges: list[Data] = []
    place: dict[tuple[int, str], str] = {}
    for junction in config.get("junctions", ()):
        name = junction["junction_name"]
        for vessel in junction["inlet_vessels"]:
            place[vessel, "out"] = name
        for vessel in junction["outlet_vessels"]:
            place[vessel, "in"] = name
    conditions = {c["bc_name"]: c for c in config["boundary_conditions"]}
    for vessel in config["vessels"]:
        number, values = vessel["vessel_id"], vessel["zero_d_element_values"]
        ends = [place.get((number, end), f"{number} {end}") for end in ("in", "out")]
        for end in ends:
            nodes.setdefault(end, {"id": end})
        loss = values.get("stenosis_coefficient", 0.0)
        edges.append(edge(f"{number}", *ends, values["R_poiseuille"], quadratic_mmHg_min2_per_ml2=loss))
        for where, name in vessel.get("boundary_conditions", {}).items():
            _hang(conditions[name], ends[where == "outlet"], nodes, edges)
    return {"nodes": list(nodes.values()), "edges": edges}


def _hang(condition: Data, end: str, nodes: dict[str, Data], edges: list[Data]) -> None:
    values, name = condition["bc_values"], condition["bc_name"]
    if condition["bc_type"] == "FLOW":
        nodes[end]["inflow_ml_per_min"] = mean_of(values["t"], values["Q"])
    elif condition["bc_type"] == "PRESSURE":
        nodes[end]["pressure_mmHg"] = mean_of(values["t"], values["P"])
    else:
        resistance = values["R"] if "R" in values else values["Rp"] + values["Rd"]
        nodes[f"{name} far"] = {"id": f"{name} far", "pressure_mmHg": values["Pd"]}
        edges.append(edge(f"{name} resistor", end, f"{name} far", resistance))


def from_oned(text: str) -> Data:
    """The 1D deck: segments by Poiseuille in CGS units, resistors to 0, steady inflow at the first node."""
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    tables: dict[str, list[float]] = {}
    for n, words in enumerate(lines):
        if words[0] == "DATATABLE":
            end = next(m for m in range(n, len(lines)) if lines[m][0] == "ENDDATATABLE")
            tables[words[1]] = [float(v) for row in lines[n + 1 : end] for v in row]
    viscosity = float(next(w for w in lines if w[0] == "MATERIAL")[4])
    inflow = tables[next(w for w in lines if w[0] == "SOLVEROPTIONS")[5]][1]
    nodes: dict[str, Data] = {}
    edges = []
    for words in (w for w in lines if w[0] == "SEGMENT"):
        name, length, a, b, area = words[1], float(words[3]), words[5], words[6], float(words[7])
        for end in (a, b):
            nodes.setdefault(end, {"id": end})
        edges.append(edge(name, a, b, 8 * math.pi * viscosity * length / area**2))
        if words[15] == "RESISTANCE":
            nodes[f"{b} far"] = {"id": f"{b} far", "pressure_mmHg": 0.0}
            edges.append(edge(f"{name} resistor", b, f"{b} far", tables[words[16]][1]))
    nodes["0"]["inflow_ml_per_min"] = inflow
    return {"nodes": list(nodes.values()), "edges": edges}


def from_openbf(rows: list[dict[str, str]], viscosity: float) -> Data:
    """The arterial circle in SI units: mean areas, outlet resistances to 0, mean flow of the first row."""
    nodes: dict[str, Data] = {}
    edges = []
    for row in rows:
        a, b, area = row["source_node"], row["target_node"], float(row["mean_area_m2"])
        for end in (a, b):
            nodes.setdefault(end, {"id": end})
        resistance = 8 * math.pi * viscosity * float(row["length_m"]) / area**2
        edges.append(edge(row["label"], a, b, resistance))
        if row["outlet_resistance_Pa_s_per_m3"]:
            nodes[f"{b} far"] = {"id": f"{b} far", "pressure_mmHg": 0.0}
            outlet = float(row["outlet_resistance_Pa_s_per_m3"])
            edges.append(edge(f"{row['label']} outlet", b, f"{b} far", outlet))
    nodes[rows[0]["source_node"]]["inflow_ml_per_min"] = float(rows[0]["mean_flow_m3_per_s"])
    return {"nodes": list(nodes.values()), "edges": edges}


def read_case(folder: Path, name: str) -> tuple[Data, Data]:
    """A case of the 0D solver and its stored result."""
    return tuple(  # type: ignore[return-value]
        json.loads((folder / f"{name}{end}.json").read_text()) for end in ("", ".expected")
    )


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))
