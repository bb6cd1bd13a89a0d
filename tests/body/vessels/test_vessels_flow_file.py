"""Networks as files: what is read, what is solved, and how a faulty file is told."""

from __future__ import annotations

import contextlib
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from separatrix.body.vessels.flow_file import parse_flow_data, read_flow_file, solve_flow_file
from separatrix.core import InfeasibleError, InputError


def solved(data):
    given_file = parse_flow_data(data)
    return given_file.result(solve_flow_file(given_file))


def flows(result):
    return {e["id"]: e["flow_ml_per_min"] for e in result["edges"]}


def pressures(result):
    return {n["id"]: n["pressure_mmHg"] for n in result["nodes"]}


def fields(data):
    with pytest.raises(InputError) as caught:
        parse_flow_data(data)
    return [f.field for f in caught.value.faults]


ROW = {
    "nodes": [{"id": "heart", "pressure_mmHg": 60}, {"id": "m"}, {"id": "jugular", "pressure_mmHg": 4.0}],
    "edges": [
        {"id": "in", "a": "heart", "b": "m", "resistance_mmHg_min_per_ml": 1},
        {"id": "out", "a": "jugular", "b": "m", "resistance_mmHg_min_per_ml": 3},
    ],
}


def changed(**parts):
    data = json.loads(json.dumps(ROW))
    for place, value in parts.items():
        kind, number, key = place.split("__")
        data[kind][int(number)][key] = value
    return data


def test_flow_is_positive_from_a_to_b():
    result = solved(ROW)
    assert flows(result) == pytest.approx({"in": 14.0, "out": -14.0})
    assert pressures(result)["m"] == pytest.approx(46.0)
    assert result["residual"] <= 1e-9


def test_a_vessel_of_length_and_radii_has_the_resistance_of_its_calibre():
    data = {
        "viscosity_mPa_s": 3.5,
        "nodes": [{"id": 1, "pressure_mmHg": 10}, {"id": 2, "pressure_mmHg": 0}],
        "edges": [
            {"id": 1, "a": 1, "b": 2, "length_mm": 50, "radius_mm": [4.35]},
            {"id": 2, "a": 1, "b": 2, "length_mm": 30, "radius_mm": [1.0, 2.0]},
            {"id": 3, "a": 1, "b": 2, "length_mm": 30, "radius_mm": 1.5},
        ],
    }
    unit = 8 / math.pi * 1e6 / 133.322 / 6e7 * 3.5
    found = flows(solved(data))
    assert found[1] == pytest.approx(10 / 1.556e-4, rel=2e-4)  # the evidence's own check value
    assert found[2] == pytest.approx(10 / (unit * 30 * (1 / 3) * (1 - 1 / 8)), rel=1e-12)
    assert found[3] == pytest.approx(10 / (unit * 30 / 1.5**4), rel=1e-12)


def test_names_come_back_as_they_were_given():
    data = changed(nodes__1__id=7, edges__0__b=7, edges__1__b=7)
    assert [n["id"] for n in solved(data)["nodes"]] == ["heart", 7, "jugular"]


def test_what_is_not_known_is_ignored_and_null_is_not_given():
    data = changed(nodes__1__pressure_mmHg=None, nodes__0__colour="red", edges__0__external_mmHg=None)
    assert flows(solved({**data, "meta": {"unit": "any"}}))["in"] == pytest.approx(14.0)


def test_a_clamp_a_contact_and_a_loose_end():
    data = changed(edges__1__clamped=True)
    data["edges"].append({"id": "touch", "kind": "contact", "a": "m", "b": "jugular", "length_mm": 1,
                          "radius_mm": [1.0], "probability": 0.4})  # fmt: skip
    data["viscosity_mPa_s"] = 3.0
    assert flows(solved(data)) == {"in": 0.0, "out": 0.0, "touch": 0.0}
    assert pressures(solved(data))["m"] == 60.0
    data["edges"][2]["accepted"] = True
    assert flows(solved(data))["touch"] == pytest.approx(56.0, rel=1e-2)


def test_quadratic_loss_and_collapse():
    data = changed(edges__0__quadratic_mmHg_min2_per_ml2=0.5)
    q = flows(solved(data))["in"]
    assert pytest.approx((1 + 0.5 * q) * q + 3 * q) == 56
    collapsing = {
        "nodes": [{"id": "v", "inflow_ml_per_min": 5}, {"id": "s", "pressure_mmHg": 2}],
        "edges": [{"id": "b", "a": "v", "b": "s", "resistance_mmHg_min_per_ml": 0.4, "external_mmHg": 8}],
    }
    assert pressures(solved(collapsing))["v"] == pytest.approx(10.0)


def test_no_resistance_merges_two_nodes_also_with_a_given_pressure():
    data = changed(edges__0__resistance_mmHg_min_per_ml=0)
    result = solved(data)
    assert pressures(result)["m"] == 60
    assert flows(result)["in"] == pytest.approx(56 / 3)


def test_a_part_without_pressure_is_named_and_one_without_flow_has_none():
    lone = changed()
    lone["nodes"] += [{"id": "x"}, {"id": "y"}]
    lone["edges"].append({"id": "xy", "a": "x", "b": "y", "resistance_mmHg_min_per_ml": 1})
    assert pressures(solved(lone))["x"] is None
    assert flows(solved(lone))["xy"] == 0
    lone["nodes"][3]["inflow_ml_per_min"] = 4
    with pytest.raises(InfeasibleError, match=r"nodes\[3\].*'x'.*2 nodes") as caught:
        solved(lone)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"edges__0__resistance_mmHg_min_per_ml": -1}, "edges[0].resistance_mmHg_min_per_ml"),
        ({"edges__0__resistance_mmHg_min_per_ml": "1"}, "edges[0].resistance_mmHg_min_per_ml"),
        ({"edges__0__resistance_mmHg_min_per_ml": None}, "edges[0]"),
        ({"edges__1__b": "middle"}, "edges[1].b"),
        ({"edges__1__b": None}, "edges[1].b"),
        ({"edges__1__id": "in"}, "edges[1].id"),
        ({"nodes__1__id": "heart"}, "nodes[1].id"),
        ({"nodes__0__pressure_mmHg": True}, "nodes[0].pressure_mmHg"),
        ({"nodes__0__pressure_mmHg": math.inf}, "nodes[0].pressure_mmHg"),
        ({"nodes__0__inflow_ml_per_min": 3}, "nodes[0]"),
        ({"edges__0__quadratic_mmHg_min2_per_ml2": -2}, "edges[0].quadratic_mmHg_min2_per_ml2"),
        ({"edges__0__clamped": "yes"}, "edges[0].clamped"),
        ({"edges__0__external_mmHg": 3, "edges__0__resistance_mmHg_min_per_ml": 0},
         "edges[0].resistance_mmHg_min_per_ml"),
    ],
)  # fmt: skip
def test_a_faulty_value_is_told_with_its_path(change, field):
    assert field in fields(changed(**change))


@pytest.mark.parametrize("radii", [[0], [1, -2, 1], [], None, ["1"], [1e-200], 0])
def test_a_radius_must_be_above_zero(radii):
    data = changed(edges__0__resistance_mmHg_min_per_ml=None, edges__0__length_mm=20,
                   edges__0__radius_mm=radii)  # fmt: skip
    found = fields({**data, "viscosity_mPa_s": 3.0})
    assert any(f.startswith("edges[0].radius_mm") for f in found)


def test_all_faults_are_told_at_once_and_near_names_suggested():
    data = changed(edges__0__resistance_mmHg_min_per_ml=-1, edges__1__a="jugula", nodes__1__pressure_mmHg="x")
    with pytest.raises(InputError) as caught:
        parse_flow_data(data)
    assert len(caught.value.faults) == 3
    assert "did you mean 'jugular'?" in str(caught.value)


def test_calibre_without_viscosity_is_told_once():
    vessel = {"a": "heart", "b": "m", "length_mm": 20, "radius_mm": [1]}
    data = {**ROW, "edges": [{"id": "x", **vessel}, {"id": "y", **vessel}]}
    assert fields(data) == ["viscosity_mPa_s"]


def test_numbers_too_large_to_reckon_with_are_refused():
    with pytest.raises(InputError, match="too large"):
        solved(changed(nodes__0__pressure_mmHg=1e308, edges__0__resistance_mmHg_min_per_ml=1e-5))


@pytest.mark.parametrize("data", [[], {}, None, 3, {"nodes": {}}, {"nodes": [], "edges": []},
                                  {"nodes": [1], "edges": ["x"]}, {**ROW, "format": 2}])  # fmt: skip
def test_what_is_no_network_is_refused(data):
    assert fields(data)


@pytest.mark.parametrize("text", ["", "{", "[1,", "nodes: []", "{" * 5000, "\ufeff{}"])
def test_text_that_is_no_network_is_refused(tmp_path, text):
    path = tmp_path / "network.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"network\.json"):
        read_flow_file(path)


def test_a_missing_file_and_one_that_is_no_text_are_told(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_flow_file(tmp_path / "none.json")
    (tmp_path / "image.json").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match="not text"):
        read_flow_file(tmp_path / "image.json")


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["id", "a", "b", "nodes", "edges", "radius_mm", "length_mm", "clamped",
                         "pressure_mmHg", "inflow_ml_per_min", "resistance_mmHg_min_per_ml",
                         "external_mmHg", "quadratic_mmHg_min2_per_ml2", "viscosity_mPa_s"]),
        inner, max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(data=_JSON)
def test_any_data_is_solved_or_refused_with_faults(data):
    with contextlib.suppress(InputError, InfeasibleError):
        json.dumps(solved(data), allow_nan=False)
