"""`separatrix flow FILE`: from a network to pressures and flows, or to faults that can be mended."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from separatrix.cli.app import app

GRAPH = {
    "format": 1,
    "viscosity_mPa_s": 3.0,
    "nodes": [
        {"id": "cortex", "kind": "territory", "owner": "A", "xyz_mm": [0, 0, 0], "inflow_ml_per_min": 40},
        {"id": "sinus", "kind": "junction", "owner": "shared"},
        {"id": "A-jugular", "kind": "jugular", "owner": "A", "pressure_mmHg": 4},
        {"id": "B-jugular", "kind": "jugular", "owner": "B", "pressure_mmHg": 4},
    ],
    "edges": [
        {"id": "BV", "a": "cortex", "b": "sinus", "kind": "bridging_vein", "length_mm": 25,
         "radius_mm": [0.8, 1.2], "external_mmHg": 9},
        {"id": "TS-A", "a": "sinus", "b": "A-jugular", "kind": "dural_sinus", "length_mm": 80,
         "radius_mm": [2.4], "crossing": False},
        {"id": "TS-B", "a": "sinus", "b": "B-jugular", "kind": "dural_sinus", "length_mm": 80,
         "radius_mm": [2.4]},
        {"id": "touch", "a": "cortex", "b": "A-jugular", "kind": "contact", "length_mm": 2,
         "radius_mm": [0.5], "accepted": False},
    ],
}  # fmt: skip
"""As `plan/vessels/graph.json` has it, with what a solver needs beside."""


def run(path, *options):
    return CliRunner().invoke(app, ["flow", str(path), *options])


def written(tmp_path, data):
    path = tmp_path / "network.json"
    path.write_text(json.dumps(data))
    return path


def test_a_vessel_graph_is_solved_to_plain_numbers(tmp_path):
    result = run(written(tmp_path, GRAPH), "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    flow = {e["id"]: e["flow_ml_per_min"] for e in told["edges"]}
    pressure = {n["id"]: n["pressure_mmHg"] for n in told["nodes"]}
    assert flow == pytest.approx({"BV": 40, "TS-A": 20, "TS-B": 20, "touch": 0})
    assert pressure["cortex"] > 9 > pressure["sinus"]  # the vein has collapsed where it enters the sinus
    assert told["residual"] <= 1e-9


def test_people_read_two_tables_and_the_safety_line(tmp_path):
    result = run(written(tmp_path, GRAPH))
    assert result.exit_code == 0
    assert "cortex → sinus" in result.stdout
    assert "closed" in result.stdout
    assert "not a certified medical device" in result.stdout


def test_faults_are_told_together_with_their_places(tmp_path):
    data = json.loads(json.dumps(GRAPH))
    data["edges"][0]["radius_mm"] = [0.8, 0]
    data["edges"][1]["b"] = "A-jugula"
    result = run(written(tmp_path, data), "--json")
    assert result.exit_code == 2
    faults = json.loads(result.stdout)["faults"]
    assert [f["field"] for f in faults] == ["edges[0].radius_mm[1]", "edges[1].b"]
    assert "A-jugular" in faults[1]["mend"]


def test_a_part_without_an_outlet_is_refused_by_name(tmp_path):
    data = json.loads(json.dumps(GRAPH))
    for edge in data["edges"][1:3]:
        edge["clamped"] = True
    result = run(written(tmp_path, data))
    assert result.exit_code == 3
    assert "'cortex'" in result.output
    assert "Traceback" not in result.output


def test_ten_thousand_vessels_through_the_command_line(tmp_path):
    side = 71
    draw = random.Random(1)
    nodes = [{"id": i} for i in range(side * side)]
    nodes[0]["pressure_mmHg"], nodes[-1]["pressure_mmHg"] = 60, 5
    pairs = [(i, i + 1) for i in range(side * side) if (i + 1) % side]
    pairs += [(i, i + side) for i in range(side * (side - 1))]
    edges = [
        {"id": n, "a": a, "b": b, "resistance_mmHg_min_per_ml": 10 ** draw.uniform(-3, 1)}
        for n, (a, b) in enumerate(pairs)
    ]
    path = written(tmp_path, {"nodes": nodes, "edges": edges})
    done = subprocess.run(
        [sys.executable, "-m", "separatrix.cli", "flow", str(path), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told["residual"] <= 1e-9
    assert len(told["edges"]) == len(edges)
    assert run(path).stdout.count("\n") < 500
