"""The whole station, with the true brains in place of the delineation, which has tests of its own."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from separatrix.body.anatomy.io import load_anatomy, save_anatomy
from separatrix.body.anatomy.landmarks import landmark_faults
from separatrix.body.anatomy.model import Anatomy, GateState
from separatrix.body.imaging.model import Landmark, SceneImage, Structure
from separatrix.case import Case
from separatrix.case.model import CaseFile
from separatrix.core import GeometryError, InputError, Owner, Twin, Unknown, silent

DECIDED = (Structure.BRAIN, Structure.CSF, Structure.DURA)


def case(**more) -> Case:
    return Case(Path("case"), CaseFile(format=1, id="x", born=dt.date(2026, 2, 14), **more))


@pytest.fixture
def run(monkeypatch, evidence):
    """Analyse a pair as if the delineation had found its true brains."""
    module = sys.modules["separatrix.body.anatomy.analyse"]

    def analyse(pair, **more) -> Anatomy:
        inside = np.isin(pair.tissue, DECIDED)
        volume = pair.scene.labels.like
        brains = SimpleNamespace(
            owner=volume(np.where(inside, pair.owner, 0).astype(np.uint8)),
            certainty=volume(np.where(inside, 1.0, 0.5).astype(np.float32)),
            tissue=volume(np.where(inside, pair.tissue, 0).astype(np.uint8)),
            adherent=volume(pair.adherent),
            painted=(),
            notes=("from the delineation",),
        )
        monkeypatch.setattr(module, "delineate_brains", lambda scene, **options: brains)
        return module.analyse(pair.scene, case(**more), evidence=evidence, threads=1, progress=silent)

    return analyse


def test_every_map_is_whole_and_brain_is_never_shared(balls, run) -> None:
    pair = balls()
    found = run(pair)
    owner, tissue = found.ownership.array, found.tissue.array
    assert owner.dtype == tissue.dtype == np.uint8
    np.testing.assert_array_equal(tissue, pair.tissue)  # nothing is left `intracranial`
    np.testing.assert_array_equal(owner > 0, tissue > 0)
    brain = tissue == Structure.BRAIN
    np.testing.assert_array_equal(owner[brain], pair.owner[brain])
    assert (owner == Owner.SHARED).any()
    assert found.certainty.array.dtype == np.float32
    assert (owner != pair.owner).mean() < 0.005
    assert "from the delineation" in found.notes


def test_the_pair_of_balls_is_a_total_vertical_union_facing_the_same_way(balls, run) -> None:
    found = run(balls())
    kind = found.classification
    assert kind.stone_goodrich == ("TV-I",)
    assert kind.oconnell == ("total I",)
    assert kind.winston == ("D", "C (to be confirmed)")  # half of the disc adheres
    assert kind.angle_longitudinal_deg == pytest.approx(180)
    assert found.refused_because == ""
    gates = {g.id: g.state for g in found.suitability}
    assert gates["vault"] is GateState.MET
    assert gates["deep_bridge"] is GateState.TO_BE_CONFIRMED
    assert all(e.startswith(("anatomy.", "classification.", "suitability.")) for e in found.assumptions)


def test_without_veins_total_or_partial_stays_open(balls, run) -> None:
    pair = balls(grid_mm=2.0)
    tissue = np.where(pair.tissue == Structure.VEIN, Structure.DURA, pair.tissue).astype(np.uint8)
    labels = np.where(pair.tissue == Structure.VEIN, Structure.INTRACRANIAL, pair.scene.labels.array)
    owner = np.where(pair.owner == 3, 1, pair.owner).astype(np.uint8)
    scene = replace(pair.scene, labels=pair.scene.labels.like(labels.astype(np.uint8)))
    found = run(replace(pair, tissue=tissue, owner=owner, scene=scene))
    assert found.classification.stone_goodrich == ("TV-I", "PV")
    assert {i.id: i.value for i in found.shared}["shared_sinus_length"] == Unknown("no veins are labelled")


def test_what_people_tell_of_the_sinus_stands_and_is_noted(balls, run) -> None:
    found = run(balls(grid_mm=2.0), anatomy={"shared_sinus": False, "angle_longitudinal_deg": 150.0})
    assert found.classification.stone_goodrich == ("PV",)
    assert any("shared sinus: False as the case tells it" in n for n in found.notes)
    assert any("told as 150°" in n and "180.0°, which is used" in n for n in found.notes)


def test_a_small_channel_may_be_significant_or_not(balls, run, evidence, monkeypatch) -> None:
    from separatrix.body.anatomy.shared import Channel

    limit = evidence.entry("anatomy.shared_volume.low")
    for volume, kinds in ((limit.low, ("PV",)), (0.3, ("TV-I", "PV")), (limit.high, ("TV-I",))):
        channel = Channel(volume_ml=volume, length_mm=30.0, calibre_mm=(3.0, 2.0, 4.0), pieces=1)
        monkeypatch.setattr(
            sys.modules["separatrix.body.anatomy.analyse"], "measure_channel", lambda body, c=channel: c
        )
        assert run(balls(grid_mm=2.0)).classification.stone_goodrich == kinds


def test_what_people_tell_of_crossings_and_defects_stands_in_the_table(balls, run) -> None:
    rows = run(balls(grid_mm=3.0), anatomy={"crossings": 9, "defects_cm2": {"B": {"dura": 30.0}}}).shared
    told = {row.id: (row.value, row.how) for row in rows[-2:]}
    assert told == {"crossings": (9.0, "as told by hand"), "defect_dura_B": (30.0, "as told by hand")}


def test_a_union_told_to_be_elsewhere_is_refused_before_any_map(balls, run) -> None:
    found = run(balls(grid_mm=3.0), anatomy={"site": "skull base"})
    assert "skull base" in found.refused_because
    assert found.ownership is None
    assert found.classification.angle_longitudinal_deg == pytest.approx(180)


def test_a_union_seen_at_the_face_is_refused_and_keeps_its_maps(balls, run) -> None:
    pair = balls(grid_mm=2.0)
    middle = np.array([0, 0, -45.0])
    tip = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])  # A bows until the face looks up, at B
    heads = {
        **pair.scene.landmarks,
        Twin.A: {k: tip @ (p - middle) + middle for k, p in pair.scene.landmarks[Twin.A].items()},
    }
    found = run(replace(pair, scene=replace(pair.scene, landmarks=heads)))
    assert "on A" in found.refused_because
    assert "face" in found.refused_because
    assert found.ownership is not None
    assert {g.id: g.state for g in found.suitability}["vault"] is GateState.NOT_MET


def test_faults_of_landmarks_and_of_what_is_told_come_together(balls, run) -> None:
    pair = balls(grid_mm=3.0)
    heads = {t: dict(m) for t, m in pair.scene.landmarks.items()}
    del heads[Twin.B][Landmark.NASION]
    with pytest.raises(InputError) as caught:
        run(replace(pair, scene=replace(pair.scene, landmarks=heads)), anatomy={"site": "vertx"})
    told = str(caught.value)
    assert "B:nasion is missing" in told
    assert "vertx" in told
    assert caught.value.exit_code == 2


def test_landmarks_in_the_air_are_refused(balls, evidence) -> None:
    pair = balls(grid_mm=2.0)
    assert landmark_faults(pair.scene, evidence=evidence) == []
    off = np.array([0.0, -30.0, 0.0])
    flipped = {t: {**m, Landmark.NASION: m[Landmark.NASION] + off} for t, m in pair.scene.landmarks.items()}
    faults = landmark_faults(replace(pair.scene, landmarks=flipped), evidence=evidence)
    assert [f.problem.split()[0] for f in faults] == ["A:nasion", "B:nasion"]
    assert all("RAS" in f.mend for f in faults)


def test_landmarks_far_outside_the_scan_are_refused(balls, run) -> None:
    pair = balls(grid_mm=3.0)
    off = np.array([500.0, 0.0, 0.0])
    heads = {t: {k: p + off for k, p in m.items()} for t, m in pair.scene.landmarks.items()}
    with pytest.raises(GeometryError, match="outside the scan"):
        run(replace(pair, scene=replace(pair.scene, landmarks=heads)))


def test_air_is_read_from_ct_where_there_is_one(balls, evidence) -> None:
    pair = balls(grid_mm=2.0)
    hu = np.full(pair.tissue.shape, -1000.0, dtype=np.float32)
    ct = SceneImage(
        name="ct",
        modality="CT",
        volume=pair.scene.labels.like(hu),
        acquired=Unknown("no date"),
        source="",
        native=pair.scene.grid,
    )
    scene = replace(pair.scene, images={"ct": ct})
    assert len(landmark_faults(scene, evidence=evidence)) == 8
    hu[pair.tissue > 0] = 40.0
    assert landmark_faults(scene, evidence=evidence) == []


def test_swapping_the_twins_swaps_maps_frames_and_volumes_and_keeps_the_class(balls, run) -> None:
    pair = balls(grid_mm=1.5)
    swap = np.array([0, 2, 1, 3], dtype=np.uint8)
    heads = pair.scene.landmarks
    swapped = replace(
        pair,
        owner=swap[pair.owner],
        scene=replace(pair.scene, landmarks={Twin.A: heads[Twin.B], Twin.B: heads[Twin.A]}),
    )
    one, other = run(pair), run(swapped)
    np.testing.assert_array_equal(swap[one.ownership.array], other.ownership.array)
    np.testing.assert_array_equal(one.certainty.array, other.certainty.array)
    np.testing.assert_array_equal(one.frames[Twin.A].superior, other.frames[Twin.B].superior)
    assert one.classification.stone_goodrich == other.classification.stone_goodrich
    rows = {i.id: i.value for i in one.shared}, {i.id: i.value for i in other.shared}
    assert rows[0]["brain_volume_A"] == rows[1]["brain_volume_B"]
    for key in ("contact_area", "contact_area_folded", "adherent_area", "shared_sinus_length"):
        assert rows[0][key] == pytest.approx(rows[1][key], rel=1e-9)


def test_a_turned_patient_changes_no_finding(balls, run) -> None:
    straight, turned = run(balls(grid_mm=1.5)), run(balls(grid_mm=1.5, tilted=True))
    np.testing.assert_array_equal(straight.ownership.array, turned.ownership.array)
    assert straight.classification.stone_goodrich == turned.classification.stone_goodrich
    assert straight.classification.angle_longitudinal_deg == pytest.approx(
        turned.classification.angle_longitudinal_deg, abs=1e-6
    )
    for one, other in zip(straight.shared, turned.shared, strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-9)


def test_the_result_survives_storing(balls, run, tmp_path) -> None:
    found = run(balls(grid_mm=2.0))
    save_anatomy(found, tmp_path)
    back = load_anatomy(tmp_path)
    np.testing.assert_array_equal(found.certainty.array, back.certainty.array)
    assert back.ownership.grid == found.ownership.grid
    assert (back.shared, back.suitability, back.classification) == (
        found.shared,
        found.suitability,
        found.classification,
    )
