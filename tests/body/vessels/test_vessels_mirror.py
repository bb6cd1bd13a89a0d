"""Letters of the children and ends of a vessel are names: to swap them swaps the answer, no more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from separatrix.body.vessels import Vessels, load_graph, map_vessels, read_flow_file
from separatrix.case import evidence_for, read_case
from separatrix.core import InputError, Twin

EXAMPLES = Path(__file__).resolve().parents[3] / "docs" / "examples"
QUICK = "assumptions: {division.draws: {value: 5, why: a quick test}}\n"
OTHER = {"A": "B", "B": "A", "shared": "shared"}


def lopsided() -> dict[str, Any]:
    """Crossed drainage without any symmetry left between the children."""
    graph: dict[str, Any] = json.loads((EXAMPLES / "crossed-drainage" / "graph.json").read_text())
    for n, edge in enumerate(graph["edges"]):
        edge["radius_mm"] = [r * (1 + 0.03 * n) for r in edge["radius_mm"]]
        edge["length_mm"] += 1.7 * n
    for node in graph["nodes"]:
        if node["id"] == "A-left":
            node["volume_ml"] = 505
    return graph


def mapped(graph: dict[str, Any], folder: Path, *, heads: tuple[str, str], more: str = "") -> Vessels:
    folder.mkdir()
    (folder / "graph.json").write_text(json.dumps(graph))
    a, b = heads
    (folder / "case.yaml").write_text(
        f"format: 1\nid: mirror\ntitle: Mirror\nborn: 2026-01-05\ntwins:\n  A: {a}\n  B: {b}\n"
        f"vessels: {{graph: graph.json}}\n{QUICK}{more}"
    )
    case = read_case(folder)
    return map_vessels(case, scene=None, anatomy=None, evidence=evidence_for(case), seed=1)


ONE, TWO = "{weight_kg: 8.6, haematocrit: 0.31}", "{weight_kg: 7.1, haematocrit: 0.36}"


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Vessels:
    return mapped(lopsided(), tmp_path_factory.mktemp("straight") / "case", heads=(ONE, TWO))


def test_children_swapped_give_the_mirrored_answer(straight: Vessels, tmp_path: Path) -> None:
    graph = lopsided()
    for item in (*graph["nodes"], *graph["edges"]):
        item["owner"] = OTHER[item["owner"]]
    # Names that sort as before: only the letters of the owners change.
    swapped = mapped(graph, tmp_path / "case", heads=(TWO, ONE))

    here, there = straight.flow["exchange"], swapped.flow["exchange"]
    assert there["a_to_b_ml_per_min"] == pytest.approx(here["b_to_a_ml_per_min"], rel=1e-6)
    assert there["net_ml_per_min"] == pytest.approx(-here["net_ml_per_min"], abs=1e-4)
    assert here["drained_by_other"]["A"] != pytest.approx(here["drained_by_other"]["B"], abs=0.02)
    assert there["drained_by_other"]["B"] == pytest.approx(here["drained_by_other"]["A"], rel=1e-6)
    flows = {v["vessel"]: v["flow_ml_per_min"] for v in straight.flow["vessels"]}
    for row in swapped.flow["vessels"]:
        assert row["flow_ml_per_min"] == pytest.approx(flows[row["vessel"]], abs=1e-4)
    for twin in Twin:
        mine, other = straight.division.pressures[twin.value], swapped.division.pressures[twin.other.value]
        assert other["peak_rise_mmHg"] == pytest.approx(mine["peak_rise_mmHg"], abs=1e-4)
        assert other["after_mmHg"] == pytest.approx(mine["after_mmHg"], abs=1e-4)
    veins, mirrored = (v.division.end_state["veins"] for v in (straight, swapped))
    assert mirrored == {v: OTHER.get(child, child) for v, child in veins.items()}
    assert {s.vessel for s in swapped.division.steps} == {s.vessel for s in straight.division.steps}


def test_vessels_drawn_the_other_way_round_give_the_same_answer(straight: Vessels, tmp_path: Path) -> None:
    graph = lopsided()
    for edge in graph["edges"]:
        edge["a"], edge["b"] = edge["b"], edge["a"]
        edge["radius_mm"] = edge["radius_mm"][::-1]
    turned = mapped(graph, tmp_path / "case", heads=(ONE, TWO))

    here, there = straight.flow["exchange"], turned.flow["exchange"]
    assert there["a_to_b_ml_per_min"] == pytest.approx(here["a_to_b_ml_per_min"], rel=1e-6)
    assert there["drained_by_other"] == pytest.approx(here["drained_by_other"], rel=1e-6)
    flows = {v["vessel"]: v["flow_ml_per_min"] for v in straight.flow["vessels"]}
    for row in turned.flow["vessels"]:
        assert row["flow_ml_per_min"] == pytest.approx(-flows[row["vessel"]], abs=1e-4)
    assert [s.vessel for s in turned.division.steps] == [s.vessel for s in straight.division.steps]
    assert turned.division.end_state == straight.division.end_state
    for step, before in zip(turned.division.steps, straight.division.steps, strict=True):
        assert dict(step.rise_mmHg) == pytest.approx(dict(before.rise_mmHg), abs=1e-4)


def test_nothing_that_passes_is_no_exchange_not_a_time_of_aeons(tmp_path: Path) -> None:
    graph = lopsided()
    graph["edges"] = [e for e in graph["edges"] if e["owner"] != "shared" and "left" not in e["id"]]
    used = {end for e in graph["edges"] for end in (e["a"], e["b"])}
    graph["nodes"] = [n for n in graph["nodes"] if n["id"] in used or n["id"] == "A-left"]
    found = mapped(graph, tmp_path / "case", heads=(ONE, TWO))
    assert "no blood passes" in found.flow["exchange"]["mixing_time_min"]
    assert found.division.steps == ()
    told = [note for note in found.notes if "infarct expected" in note]
    assert len(told) == 1
    assert told[0].startswith("A ● left hemisphere: no vein")


def test_the_largest_net_transfusion_on_the_way_is_told_with_its_pace(straight: Vessels) -> None:
    rows = straight.division.exchange
    worst = max(rows, key=lambda r: abs(r["net_ml_per_min"]))
    told = straight.division.facts["net_transfusion"]
    loser = Twin.A if worst["net_ml_per_min"] > 0 else Twin.B
    amount = f"{abs(worst['net_ml_per_min']):.0f} ml/min from {loser.value} {loser.mark}"
    assert told.startswith(f"Net transfusion up to {amount}")
    assert "whole blood volume in" in told
    assert rows[-1]["a_to_b_ml_per_min"] == rows[-1]["b_to_a_ml_per_min"] == 0


def test_a_direction_that_was_seen_turns_a_vessel_that_the_model_had_the_other_way(
    straight: Vessels, tmp_path: Path
) -> None:
    row = next(v for v in straight.flow["vessels"] if v["vessel"] == "X1-X2")
    shown = "to A" if row["flow_ml_per_min"] < 0 else "to B"  # from X1 to X2 it ends with A
    seen = f"observations: [{{vessel: X1-X2, direction: {shown}, date: 2026-03-01, method: angiography}}]\n"
    graph = lopsided()
    found = mapped(graph, tmp_path / "case", heads=(ONE, TWO), more=seen)
    now = next(v for v in found.flow["vessels"] if v["vessel"] == "X1-X2")
    assert now["flow_ml_per_min"] * row["flow_ml_per_min"] < 0
    assert now["direction_known"]
    assert now["direction_observed"]
    assert not found.flow["observations"][0]["is_contradicted"]


def test_numbers_no_one_can_read_and_vessels_finer_than_blood_are_named_faults(tmp_path: Path) -> None:
    text = json.dumps({"nodes": [{"id": "a", "pressure_mmHg": 1}], "edges": []})
    (tmp_path / "long.json").write_text(text.replace("1", "9" * 5000))
    with pytest.raises(InputError, match="a number too long to read"):
        read_flow_file(tmp_path / "long.json")
    graph = lopsided()
    graph["edges"][6]["radius_mm"] = [1e-60]
    with pytest.raises(InputError, match=r"edges\[6\]\.radius_mm\[0\].*a radius above 0 mm"):
        mapped(graph, tmp_path / "case", heads=(ONE, TWO))
    (tmp_path / "case" / "graph.json").write_text("[" * 100_000)
    with pytest.raises(InputError, match="is not JSON"):
        load_graph(tmp_path / "case" / "graph.json")
