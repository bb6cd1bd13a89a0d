"""What people tell: anatomy by hand, findings, decision; and how results are stored."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from separatrix.body.anatomy.by_hand import by_hand
from separatrix.body.anatomy.io import load_anatomy, save_anatomy
from separatrix.body.anatomy.model import (
    Anatomy,
    Classification,
    Gate,
    GateState,
    HeadFrame,
    PaintedPrice,
    SharedItem,
)
from separatrix.body.anatomy.suitability import (
    GATE_IDS,
    Union,
    read_brain_plane,
    read_deep_bridge,
    read_posterior_fossa,
    suitability,
)
from separatrix.case import Case
from separatrix.case.model import CaseFile
from separatrix.core import DataMissingError, Grid, InputError, StorageError, Twin, Unknown, Volume


def case(**more) -> Case:
    return Case(Path("case"), CaseFile(format=1, id="x", born=dt.date(2026, 2, 14), **more))


TOLD = {
    "stone_goodrich": "TV-II",
    "angle_longitudinal_deg": 166.0,
    "rotation_axial_deg": 150.0,
    "shared_sinus": True,
    "deepest_shared": "brain",
    "site": "vertex",
    "crossings": 12,
    "defects_cm2": {"A": {"scalp": 120.0, "bone": 80.0}, "B": {"scalp": 118.0}},
}


def test_anatomy_by_hand_has_class_and_table_but_no_volumes(evidence) -> None:
    found = by_hand(case(anatomy=TOLD), evidence=evidence)
    assert found.classification.stone_goodrich == ("TV-II",)
    assert found.classification.oconnell == ("total II",)
    assert found.classification.winston == ("D",)
    assert found.ownership is found.certainty is found.tissue is found.adherent is None
    assert {i.id: i.value for i in found.shared} == {
        "crossings": 12,
        "defect_bone_A": 80.0,
        "defect_scalp_A": 120.0,
        "defect_scalp_B": 118.0,
    }
    assert found.refused_because == ""
    gates = {g.id: g.state for g in found.suitability}
    assert gates["vault"] is GateState.MET
    assert gates["heart.A"] is GateState.TO_BE_CONFIRMED
    assert "classification.both_shown_within" in found.assumptions


def test_nothing_told_but_a_block_is_unknown_not_zero(evidence) -> None:
    found = by_hand(case(anatomy={"crossings": 0}), evidence=evidence)
    assert found.classification.stone_goodrich == ()
    assert isinstance(found.classification.angle_longitudinal_deg, Unknown)
    assert found.shared[0].value == 0
    assert {g.id: g.state for g in found.suitability}["vault"] is GateState.TO_BE_CONFIRMED
    assert isinstance(by_hand(case(anatomy={"site": "vault"}), evidence=evidence).shared[0].value, Unknown)


def test_no_block_is_missing_data(evidence) -> None:
    with pytest.raises(DataMissingError, match="neither imaging nor anatomy"):
        by_hand(case(), evidence=evidence)


def test_a_union_off_the_vault_is_refused_by_hand(evidence) -> None:
    found = by_hand(case(anatomy={"site": "face"}), evidence=evidence)
    assert "vault only" in found.refused_because
    assert {g.id: g.state for g in found.suitability}["vault"] is GateState.NOT_MET


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rotation_axial_deg": 20.0}, "anatomy.rotation_axial_deg"),
        ({"angle_longitudinal_deg": 100.0}, "anatomy.angle_longitudinal_deg"),
        ({"shared_sinus": False}, "anatomy.shared_sinus"),
        ({"deepest_shared": "scalp"}, "anatomy.deepest_shared"),
        ({"site": "vertx"}, "anatomy.site"),
    ],
)
def test_each_contradiction_is_a_fault_with_its_field(change, field, evidence) -> None:
    with pytest.raises(InputError) as caught:
        by_hand(case(anatomy={**TOLD, **change}), evidence=evidence)
    assert [f.field for f in caught.value.faults] == [field]
    assert caught.value.faults[0].mend


def test_all_contradictions_are_told_at_once(evidence) -> None:
    wrong = {"rotation_axial_deg": 20.0, "angle_longitudinal_deg": 100.0, "shared_sinus": False, "site": "?"}
    with pytest.raises(InputError) as caught:
        by_hand(case(anatomy={**TOLD, **wrong}), evidence=evidence)
    assert len(caught.value.faults) == 4


@pytest.mark.parametrize("rotation", [136.0, 139.0, 141.0])
def test_a_told_type_near_its_threshold_is_no_contradiction(rotation, evidence) -> None:
    found = by_hand(case(anatomy={**TOLD, "rotation_axial_deg": rotation}), evidence=evidence)
    assert found.classification.stone_goodrich == ("TV-II", "TV-III")


def test_the_bodies_angle_decides_whether_the_class_fits(evidence) -> None:
    with pytest.raises(InputError, match="between the bodies"):
        by_hand(case(anatomy=TOLD, body_axis_angle_deg=100.0), evidence=evidence)


def union(**more) -> Union:
    met = (GateState.MET, "clear")
    given = {
        "refused_because": "",
        "site_known": True,
        "shared_posterior_fossa": met,
        "deep_bridge": met,
        "brain_plane": met,
        "shared_sinus": True,
        "arteries": {},
    }
    return Union(**{**given, **more})


def test_every_gate_of_the_case_file_is_asked_with_source_or_assumption(evidence) -> None:
    gates = suitability(case().file, union(), evidence=evidence)
    assert {g.id.partition(".")[0] for g in gates} == set(GATE_IDS)
    assert all(g.question.endswith("?") and g.because for g in gates)
    per_child = [g for g in gates if g.twin is not None]
    assert len(per_child) == 2 * len({g.id.partition(".")[0] for g in per_child})
    assert {"S05"} == set(next(g for g in gates if g.id == "vault").source_ids)


def test_the_program_never_calls_a_childs_body_fit(evidence) -> None:
    gates = suitability(
        case(twins={"A": {"weight_kg": 8.0}, "B": {"weight_kg": 6.0}}).file, union(), evidence=evidence
    )
    assert all(g.state is GateState.TO_BE_CONFIRMED for g in gates if g.twin is not None)
    weight = next(g for g in gates if g.id == "weight.B")
    assert "6 kg, 75 % of A" in weight.because


def test_a_finding_stands_before_the_programs_reading_and_both_are_shown(evidence) -> None:
    told = {
        "vault": {"answer": "not met", "by": "Dr Q", "on": "2026-05-01", "note": "reaches the orbit"},
        "heart.A": {"answer": "met", "by": "Dr P", "on": "2026-05-02"},
        "kidneys": {"answer": "met", "by": "Dr R", "on": "2026-05-03"},
    }
    gates = {g.id: g for g in suitability(case(suitability=told).file, union(), evidence=evidence)}
    assert gates["vault"].state is GateState.NOT_MET
    assert "Dr Q, 2026-05-01 (reaches the orbit)" in gates["vault"].because
    assert "program's own reading was 'met'" in gates["vault"].because
    assert gates["heart.A"].state is GateState.MET
    assert gates["heart.B"].state is GateState.TO_BE_CONFIRMED
    assert gates["kidneys.A"].state is gates["kidneys.B"].state is GateState.MET


def test_the_worst_reading_of_depth_decides(evidence) -> None:
    open_ = (GateState.TO_BE_CONFIRMED, "look")
    shut = (GateState.NOT_MET, "told")
    for more, state in (
        ({}, GateState.MET),
        ({"brain_plane": open_}, GateState.TO_BE_CONFIRMED),
        ({"brain_plane": open_, "shared_posterior_fossa": shut}, GateState.NOT_MET),
    ):
        gates = suitability(case().file, union(**more), evidence=evidence)
        assert next(g for g in gates if g.id == "deep_bridge").state is state


def test_depth_of_the_contact_is_read_in_each_head(evidence) -> None:
    frame = HeadFrame(
        origin_mm=np.zeros(3),
        right=np.array([-1.0, 0, 0]),
        facing=np.array([0, -1.0, 0]),
        superior=np.array([0, 0, 1.0]),
    )
    high, low_behind, low_before = (np.array([p]) for p in ((0, 0, 90.0), (0, 40.0, 20.0), (0, -40.0, 20.0)))
    for points, state in (
        (high, GateState.MET),
        (low_behind, GateState.TO_BE_CONFIRMED),
        (low_before, GateState.MET),
        (np.empty((0, 3)), GateState.TO_BE_CONFIRMED),
    ):
        assert read_posterior_fossa(points, {Twin.A: frame}, evidence=evidence)[0] is state
    centre = {Twin.A: np.array([0, 0, 40.0]), Twin.B: np.array([0, 0, 140.0])}
    assert read_deep_bridge(high, centre, evidence=evidence)[0] is GateState.MET
    assert (
        read_deep_bridge(np.array([[0, 0, 60.0]]), centre, evidence=evidence)[0] is GateState.TO_BE_CONFIRMED
    )
    assert read_brain_plane(0.0, 0.0)[0] is GateState.MET
    assert read_brain_plane(0.0, 5.0)[0] is GateState.TO_BE_CONFIRMED
    assert "2.0 ml" in read_brain_plane(2.0, 5.0)[1]


def test_the_decision_is_empty_until_a_person_fills_it(evidence) -> None:
    assert by_hand(case(anatomy=TOLD), evidence=evidence).decision == {}
    given_decision = {
        "choice": {"A": "wait", "B": "wait"},
        "by": ["Dr P"],
        "on": "2026-06-01",
        "dissent": "Dr Q",
    }
    found = by_hand(case(anatomy=TOLD, decision=given_decision), evidence=evidence)
    assert found.decision == given_decision


values = st.one_of(st.floats(-1e6, 1e6), st.builds(Unknown, st.text(min_size=1, max_size=20)))
words = st.text(max_size=12)


@st.composite
def anatomies(draw) -> Anatomy:
    grid = Grid(
        shape=(2, 3, 4),
        spacing_mm=(0.7, 0.7, 0.7),
        origin_mm=(draw(st.floats(-200, 200)), 1 / 3, -7.1),
        direction=(0.8, 0.0, 0.6, 0.0, 1.0, 0.0, -0.6, 0.0, 0.8),
        frame_id=draw(words),
    )
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    maps = draw(st.booleans())

    def volume(array: np.ndarray) -> Volume | None:
        return Volume(array, grid) if maps else None

    axes = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return Anatomy(
        ownership=volume(rng.integers(0, 4, grid.shape).astype(np.uint8)),
        certainty=volume((0.5 + rng.random(grid.shape) / 2).astype(np.float32)),
        tissue=volume(rng.integers(0, 12, grid.shape).astype(np.uint8)),
        adherent=volume(rng.integers(0, 2, grid.shape).astype(np.uint8)),
        frames={
            t: HeadFrame(origin_mm=rng.normal(size=3), right=axes[0], facing=axes[1], superior=axes[2])
            for t in Twin
        },
        classification=Classification(
            stone_goodrich=draw(st.sampled_from([(), ("TV-II",), ("TV-II", "TV-III")])),
            oconnell=("total II",),
            winston=draw(st.sampled_from([(), ("D", "C (to be confirmed)")])),
            angle_longitudinal_deg=draw(values),
            rotation_axial_deg=draw(values),
            angle_bodies_deg=draw(values),
            angle_used=draw(st.sampled_from(["heads", "bodies"])),
            notes=(draw(words),),
        ),
        shared=(
            SharedItem(id="x", name="X", value=draw(values), low=None, high=1.5, unit="ml", how=draw(words)),
        ),
        suitability=(
            Gate(
                id="vault",
                question="?",
                state=draw(st.sampled_from(GateState)),
                because=draw(words),
                source_ids=("S05",),
            ),
            Gate(id="heart.B", question="?", state=GateState.MET, because="", source_ids=(), twin=Twin.B),
        ),
        painted=(
            PaintedPrice(
                structure="brain", owner="A", voxels=3, volume_ml=0.1, disagreeing_ml=0.05, extra_cost=0.2
            ),
        ),
        refused_because=draw(words),
        decision=draw(st.dictionaries(words, words, max_size=2)),
        assumptions=("anatomy.contact_gap",),
        notes=(draw(words),),
    )


@settings(max_examples=50, deadline=None)
@given(anatomy=anatomies())
def test_what_is_stored_is_read_back_exactly(anatomy: Anatomy, tmp_path_factory) -> None:
    folder = tmp_path_factory.mktemp("stored")
    save_anatomy(anatomy, folder)
    back = load_anatomy(folder)
    for field in fields(Anatomy):
        one, two = getattr(anatomy, field.name), getattr(back, field.name)
        if isinstance(one, Volume):
            assert one.grid == two.grid
            assert one.array.dtype == two.array.dtype
            np.testing.assert_array_equal(one.array, two.array)
        elif field.name == "frames":
            for twin in Twin:
                for axis in fields(HeadFrame):
                    np.testing.assert_array_equal(
                        getattr(one[twin], axis.name), getattr(two[twin], axis.name)
                    )
        else:
            assert one == two, field.name


def test_the_stable_keys_are_single_words_with_alternatives_beside(tmp_path, evidence) -> None:
    save_anatomy(by_hand(case(anatomy={**TOLD, "rotation_axial_deg": 141.0}), evidence=evidence), tmp_path)
    data = json.loads((tmp_path / "result.json").read_text())
    assert data["format"] == 1
    assert data["station"] == "anatomy"
    assert data["status"] == "done"
    assert data["classification"]["stone_goodrich"] == "TV-II"
    assert data["classification"]["alternatives"]["stone_goodrich"] == ["TV-III"]
    assert data["classification"]["angle_longitudinal_deg"] == 166.0
    assert data["classification"]["rotation_axial_deg"] == 141.0
    assert data["certainty_note"] == "calibrated on synthetic pairs only"
    assert data["decision"] == {}
    assert {g["state"] for g in data["suitability"]} <= {"met", "not met", "to be confirmed"}


def test_a_refused_union_is_stored_as_refused(tmp_path, evidence) -> None:
    save_anatomy(by_hand(case(anatomy={"site": "spine"}), evidence=evidence), tmp_path)
    data = json.loads((tmp_path / "result.json").read_text())
    assert data["status"] == "refused"
    assert "spine" in data["because"]
    assert data["classification"]["stone_goodrich"]["unknown_because"]


def test_storing_twice_gives_the_same_bytes(tmp_path, balls, evidence) -> None:
    pair = balls(grid_mm=3.0)
    anatomy = by_hand(case(anatomy=TOLD), evidence=evidence)
    from dataclasses import replace

    volume = pair.scene.labels
    anatomy = replace(
        anatomy,
        ownership=volume,
        certainty=volume.like(volume.array.astype(np.float32)),
        tissue=volume,
        adherent=volume,
    )
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        save_anatomy(anatomy, tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    import SimpleITK as sitk

    seen = sitk.ReadImage(str(tmp_path / "one" / "certainty.nii.gz"))
    assert seen.GetPixelID() == sitk.sitkFloat32
    np.testing.assert_array_equal(sitk.GetArrayFromImage(seen), volume.array)


def test_a_damaged_result_says_what_to_do(tmp_path, evidence) -> None:
    save_anatomy(by_hand(case(anatomy=TOLD), evidence=evidence), tmp_path)
    data = json.loads((tmp_path / "result.json").read_text())
    del data["shared"]
    (tmp_path / "result.json").write_text(json.dumps(data))
    with pytest.raises(StorageError, match="--force"):
        load_anatomy(tmp_path)
