"""Published patterns of drainage, rebuilt in ``docs/examples``: each shows its pattern and its danger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from separatrix.body.vessels import Vessels, load_vessels, map_vessels, save_vessels
from separatrix.case import Case, evidence_for, read_case
from separatrix.case.model import Assumption

EXAMPLES = Path(__file__).resolve().parents[3] / "docs" / "examples"
NAMES = ("crossed-drainage", "one-child-carries-the-load", "narrow-centre", "occlusion-first")
FEW: dict[str, Any] = {"value": 40, "why": "a quick test"}


def _mapped(name: str, **vessels: Any) -> Vessels:
    case = read_case(EXAMPLES / name)
    spec = case.file.vessels.model_validate({"graph": "graph.json", **vessels})
    file = case.file.model_copy(
        update={
            "vessels": spec,
            "assumptions": {**case.file.assumptions, "division.draws": Assumption(**FEW)},
        }
    )
    quick = Case(case.folder, file)
    return map_vessels(quick, scene=None, anatomy=None, evidence=evidence_for(quick), seed=1)


@pytest.fixture(scope="module")
def mapped() -> dict[str, Vessels]:
    return {name: _mapped(name) for name in NAMES}


def _rises(vessels: Vessels) -> dict[str, float]:
    return {c: vessels.division.pressures[c]["peak_rise_mmHg"] for c in "AB"}


def test_every_example_has_a_page_and_a_case_that_is_sound() -> None:
    assert {p.name for p in EXAMPLES.iterdir() if p.is_dir()} == set(NAMES)
    for name in NAMES:
        page = (EXAMPLES / name / "index.md").read_text(encoding="utf-8")
        assert "known danger" in page
        assert read_case(EXAMPLES / name).file.vessels.graph == "graph.json"


def test_crossed_drainage_harms_a_half_of_each_brain_and_no_child_pays_alone(
    mapped: dict[str, Vessels],
) -> None:
    found = mapped["crossed-drainage"]
    assert min(found.flow["exchange"]["drained_by_other"].values()) > 0.4
    assert abs(_rises(found)["A"] - _rises(found)["B"]) < 1
    assert all("left hemisphere" in found.division.pressures[c]["worst_region"] for c in "AB")
    others = [row for row in found.division.front if not row["is_default"]]
    assert len(others) == 2
    assert all(row["needs_choice"] and max(row["rise_mmHg"].values()) > 15 for row in others)


def test_a_graft_opens_another_end_state_where_drainage_is_crossed(mapped: dict[str, Vessels]) -> None:
    graft = {"between": ["A-left", "A-jugular-right"], "radius_mm": 1.5, "length_mm": 90}
    grafted = _mapped("crossed-drainage", wishes=[{"graft": graft}])
    assert max(_rises(grafted).values()) < 1 < max(_rises(mapped["crossed-drainage"]).values())
    assert grafted.division.wishes[0]["price_mmHg"]["A"] < -5


def test_the_child_that_carries_the_load_is_relieved_and_the_other_pays(mapped: dict[str, Vessels]) -> None:
    found = mapped["one-child-carries-the-load"]
    before = found.flow["exchange"]
    assert before["net_ml_per_min"] < -200
    assert before["drained_by_other"]["B"] > 0.6
    assert _rises(found)["B"] > 5
    assert "A is better off than before, B worse" in found.division.title
    nets = [abs(row["net_ml_per_min"]) for row in found.division.exchange]
    assert nets[0] > 200
    assert nets[-1] == pytest.approx(0, abs=1e-6)
    assert not any(row["recommended"] for row in found.division.operations)


def test_the_common_channel_is_divided_at_its_narrow_centre(mapped: dict[str, Vessels]) -> None:
    found = mapped["narrow-centre"]
    assert [s.vessel for s in found.division.steps] == ["Channel-2"]
    assert max(_rises(found).values()) < 2
    elsewhere = _mapped("narrow-centre", wishes=[{"never": "Channel-2"}])
    assert any(s.action == "sacrifice" for s in elsewhere.division.steps)
    assert max(_rises(elsewhere).values()) > 10
    assert max(elsewhere.division.wishes[0]["price_mmHg"].values()) > 8


def test_occlusion_first_gains_by_growth_and_by_nothing_else(mapped: dict[str, Vessels]) -> None:
    found = mapped["occlusion-first"]
    rows = {row["name"]: row for row in found.division.operations}
    early = rows["early occlusion by catheter, then one operation"]
    assert early["early_occlusion"]
    assert early["advantage_mmHg"] > 1
    assert early["advantage_over_draws_mmHg"]["no_growth"] <= 1e-6
    assert set(early["advantage_over_draws_mmHg"]["clot"]) == set(early["early_occlusion"])
    assert "coil" in early["left_out"]
    assert max(_rises(found).values()) > 10


def test_a_station_is_stored_and_read_back_to_the_same_bytes(
    mapped: dict[str, Vessels], tmp_path: Path
) -> None:
    for name, found in mapped.items():
        one, two = tmp_path / name / "one", tmp_path / name / "two"
        for folder in (one, two):
            folder.mkdir(parents=True)
        save_vessels(found, one)
        save_vessels(load_vessels(one), two)
        files = sorted(p.name for p in one.iterdir())
        assert files == ["division.csv", "flow.json", "graph.json", "result.json"]
        assert all((one / f).read_bytes() == (two / f).read_bytes() for f in files)
