"""Published flow cases of three other solvers, and random steady networks beside one of them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.body.vessels.flow_cases import (
    from_oned,
    from_openbf,
    from_svzerod,
    mean_of,
    read_case,
    read_rows,
)

from separatrix.body.vessels.flow_file import parse_flow_data, solve_flow_file
from separatrix.core import generator

MMHG_TOLERANCE = 1e-9
"""Largest imbalance over the largest flow."""


def solved(data):
    given = parse_flow_data(data)
    result = given.result(solve_flow_file(given))
    assert result["residual"] <= MMHG_TOLERANCE
    return (
        {n["id"]: n["pressure_mmHg"] for n in result["nodes"]},
        {e["id"]: e["flow_ml_per_min"] for e in result["edges"]},
    )


def compare(data, table, relative):
    """Each vessel's last row of a stored or fresh result of the 0D solver against ours."""
    pressure, flow = solved(data)
    last = {}
    for n, name in enumerate(table["name"]):
        last[str(int(name.removeprefix("branch").split("_")[0]))] = n
    ends = {e["id"]: (e["a"], e["b"]) for e in data["edges"]}
    scale = {key: max(abs(v) for v in table[key]) for key in ("flow_in", "pressure_in")}
    for vessel, n in last.items():
        a, b = ends[vessel]
        for ours, key in ((flow[vessel], "flow_in"), (flow[vessel], "flow_out")):
            assert ours == pytest.approx(table[key][n], rel=relative, abs=relative * scale["flow_in"])
        for ours, key in ((pressure[a], "pressure_in"), (pressure[b], "pressure_out")):
            assert ours == pytest.approx(table[key][n], rel=relative, abs=relative * scale["pressure_in"])


def as_table(stored):
    """Columns of a stored result, which are objects by row number."""
    return {key: list(column.values()) for key, column in stored.items()}


BIFURCATION = {
    "boundary_conditions": [
        {"bc_name": "INFLOW", "bc_type": "FLOW", "bc_values": {"Q": [5.0, 5.0], "t": [0.0, 1.0]}},
        {"bc_name": "OUT1", "bc_type": "RESISTANCE", "bc_values": {"Pd": 50.0, "R": 100.0}},
        {"bc_name": "OUT2", "bc_type": "RESISTANCE", "bc_values": {"Pd": 200.0, "R": 1000.0}},
    ],
    "junctions": [{"junction_name": "J0", "inlet_vessels": [0], "outlet_vessels": [1, 2]}],
    "vessels": [
        {"vessel_id": 0, "boundary_conditions": {"inlet": "INFLOW"},
         "zero_d_element_values": {"R_poiseuille": 300.0}},
        {"vessel_id": 1, "boundary_conditions": {"outlet": "OUT1"},
         "zero_d_element_values": {"R_poiseuille": 400.0}},
        {"vessel_id": 2, "boundary_conditions": {"outlet": "OUT2"},
         "zero_d_element_values": {"R_poiseuille": 500.0}},
    ],
}  # fmt: skip
"""Worked by hand: the two branches see (100 + 400) to 50 and (1000 + 500) to 200."""


def test_a_bifurcation_worked_by_hand():
    pressure, flow = solved(from_svzerod(BIFURCATION))
    assert flow["1"] == pytest.approx((5 * 1500 - 50 + 200) / 2000)
    assert flow["2"] == pytest.approx((5 * 500 - 200 + 50) / 2000)
    assert pressure["J0"] == pytest.approx(1962.5)
    assert pressure["0 in"] == pytest.approx(3462.5)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["svzerod_steadyFlow_bifurcationR_R2", "svzerod_steadyFlow_stenosis_R"])
def test_steady_cases_of_the_0d_solver(shared_data, name):
    config, stored = read_case(shared_data / "flow_cases", name)
    compare(from_svzerod(config), as_table(stored), 1e-7)


@pytest.mark.shared
def test_the_pulsatile_case_by_the_mean_of_its_last_cycle(shared_data):
    config, stored = read_case(shared_data / "flow_cases", "svzerod_pulsatileFlow_R_RCR")
    table = as_table(stored)
    points = config["simulation_parameters"]["number_of_time_pts_per_cardiac_cycle"]
    last = {key: table[key][-points:] for key in table if key != "name"}
    pressure, flow = solved(from_svzerod(config))
    for ours, key in (
        (flow["0"], "flow_in"),
        (flow["0"], "flow_out"),
        (pressure["0 in"], "pressure_in"),
        (pressure["0 out"], "pressure_out"),
    ):
        assert ours == pytest.approx(mean_of(last["time"], last[key]), rel=1e-7)


@pytest.mark.shared
def test_the_bifurcation_of_the_1d_solver(shared_data):
    folder = shared_data / "flow_cases"
    expected = json.loads((folder / "oned_bifurcation_R.expected.json").read_text())["expected"]
    pressure, flow = solved(from_oned((folder / "oned_bifurcation_R.in").read_text()))
    assert pressure["0"] == pytest.approx(expected["pressure_seg0_inlet"], rel=1e-9)
    assert pressure["1"] == pytest.approx(expected["pressure_junction"], rel=1e-9)
    for outlet in ("2", "3"):
        assert pressure[outlet] == pytest.approx(expected["pressure_outlets"], rel=1e-6)
    for segment in ("seg1", "seg2"):
        assert flow[segment] == pytest.approx(expected["flow_outlets"], rel=1e-9)


@pytest.mark.shared
def test_the_arterial_circle(shared_data):
    rows = read_rows(shared_data / "flow_cases" / "openbf_circle_of_willis.expected.csv")
    _, flow = solved(from_openbf(rows, 0.004))
    for row in rows:
        expected = float(row["mean_flow_m3_per_s"])
        is_large = abs(expected) > 0.2e-6
        assert flow[row["label"]] == pytest.approx(expected, rel=0.02 if is_large else 0.12), row["label"]


def random_config(seed):
    """A random steady network that the 0D solver can represent: tree, rings, stenoses, all boundaries."""
    random = generator(seed, "0d network")
    junctions = int(random.integers(2, 9))
    courses = [(int(random.integers(i)), i) for i in range(1, junctions)]
    for _ in range(int(random.integers(0, 5))):
        a, b = sorted(random.choice(junctions, 2, replace=False).tolist())
        courses.append((a, b))
    courses = [(None, 0), *courses]
    for j in range(junctions):
        if random.random() < 0.5 or not any(a == j for a, _ in courses):
            courses.append((j, None))
    vessels, conditions = [], []
    for n, (a, b) in enumerate(courses):
        values = {"R_poiseuille": float(10 ** random.uniform(1, 3.5))}
        if random.random() < 0.3:
            values["stenosis_coefficient"] = float(10 ** random.uniform(-1, 2))
        ends = {}
        if a is None:
            ends["inlet"] = "IN"
            series = {"t": [0.0, 1.0], "Q": [float(random.uniform(1, 20))] * 2}
            conditions.append({"bc_name": "IN", "bc_type": "FLOW", "bc_values": series})
        if b is None:
            name = f"OUT{n}"
            ends["outlet"] = name
            conditions.append(_outlet(random, name))
        vessels.append(
            {"vessel_id": n, "vessel_name": f"branch{n}_seg0", "vessel_length": 1.0,
             "zero_d_element_type": "BloodVessel", "zero_d_element_values": values,
             "boundary_conditions": ends}
        )  # fmt: skip
    joints = [
        {"junction_name": f"J{j}", "junction_type": "NORMAL_JUNCTION",
         "inlet_vessels": [n for n, (_, b) in enumerate(courses) if b == j],
         "outlet_vessels": [n for n, (a, _) in enumerate(courses) if a == j]}
        for j in range(junctions)
    ]  # fmt: skip
    return {
        "simulation_parameters": {
            "number_of_cardiac_cycles": 2, "number_of_time_pts_per_cardiac_cycle": 5,
            "absolute_tolerance": 1e-11, "maximum_nonlinear_iterations": 100,
        },
        "boundary_conditions": conditions, "junctions": joints, "vessels": vessels,
    }  # fmt: skip


def _outlet(random, name):
    kind = ("RESISTANCE", "PRESSURE", "RCR")[int(random.integers(3))]
    far = float(random.uniform(0, 500))
    values = {
        "RESISTANCE": {"R": float(10 ** random.uniform(1, 3.5)), "Pd": far},
        "PRESSURE": {"P": [far, far], "t": [0.0, 1.0]},
        "RCR": {"Rp": 100.0, "Rd": float(10 ** random.uniform(2, 3.5)), "C": 1e-5, "Pd": far},
    }[kind]
    return {"bc_name": name, "bc_type": kind, "bc_values": values}


@pytest.mark.parametrize("block", range(6))
def test_random_steady_networks_beside_the_0d_solver(block):
    svzerod = pytest.importorskip("svzerod")
    rings = compared = 0
    for seed in range(10 * block, 10 * block + 10):
        config = random_config(seed)
        try:
            table = svzerod.simulate(config)
        except RuntimeError:  # its Newton's method does not settle on every stenosis
            continue
        compare(from_svzerod(config), {key: table[key].tolist() for key in table}, 1e-8)
        compared += 1
        rings += len(config["vessels"]) > len(config["junctions"]) + len(config["boundary_conditions"]) - 1
    assert compared >= 9
    assert rings, "no network of this block had a ring"


def test_mean_of_a_steady_series_is_its_value():
    assert mean_of([0.0, 0.3, 1.0], [4.0, 4.0, 4.0]) == pytest.approx(4.0)
    assert mean_of([0.0, 1.0], [0.0, 2.0]) == pytest.approx(1.0)
    np.testing.assert_allclose(mean_of(list(np.linspace(0, 1, 1001)), list(np.linspace(0, 1, 1001) ** 2)),
                               1 / 3, rtol=1e-5)  # fmt: skip
