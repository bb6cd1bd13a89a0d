"""Damaged and foolish labels and landmarks: each a clear message, exit 2, nothing stored lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from separatrix.body.imaging import write_segmentation, write_volume
from separatrix.core import Grid, Volume

Spoil = Callable[[Any], object]
SPOILED: list[Any] = []


def spoiled(template: str, file: str, *words: str) -> Callable[[Spoil], Spoil]:
    """A way to spoil a case, the file that the message must name, and words that it must hold."""

    def keep(spoil: Spoil) -> Spoil:
        SPOILED.append(pytest.param(template, spoil, file, words, id=spoil.__name__))
        return spoil

    return keep


def _moved(volume: Volume, **changes: Any) -> Volume:
    grid = volume.grid
    fields = {
        "shape": grid.shape,
        "spacing_mm": grid.spacing_mm,
        "origin_mm": grid.origin_mm,
        "direction": grid.direction,
    }
    return Volume(volume.array, Grid(**{**fields, **changes}))


# Labels


@spoiled("nifti", "labels.nii.gz")
def labels_in_metres(j: Any) -> None:
    small = _moved(j.labels, spacing_mm=(0.005, 0.005, 0.005), origin_mm=(-0.06, -0.05, -0.11))
    write_volume(small, j.imaging / "labels.nii.gz")


@spoiled("nifti", "labels.nii.gz", "without a structure", "77")
def label_value_without_a_structure(j: Any) -> None:
    array = j.labels.array.copy()
    array[5, 5, 5] = 77
    write_volume(j.labels.like(array), j.imaging / "labels.nii.gz")


@spoiled("nifti", "labels.nii.gz", "no voxel is labelled")
def label_map_of_nothing(j: Any) -> None:
    write_volume(j.labels.like(np.zeros_like(j.labels.array)), j.imaging / "labels.nii.gz")


@spoiled("nifti", "labels.nii.gz", "whole numbers")
def label_map_that_was_smoothed(j: Any) -> None:
    array = j.labels.array.astype(np.float32) * 0.7
    write_volume(j.labels.like(array), j.imaging / "labels.nii.gz")


@spoiled("nifti", "labels.nii.gz", "label values run from")
def scan_given_as_label_map(j: Any) -> None:
    shutil.copy(j.imaging / "ct.nii.gz", j.imaging / "labels.nii.gz")


@spoiled("nifti", "ct.nii.gz", "lie apart")
def labels_far_away_from_the_images(j: Any) -> None:
    write_volume(_moved(j.labels, origin_mm=(5000.0, 0.0, 0.0)), j.imaging / "labels.nii.gz")


@spoiled("nifti", "imaging.labels", "all brain is painted as A's")
def all_brain_painted_for_one_child(j: Any) -> None:
    j.edit("1: intracranial", "1: brain@A")


def _only(j: Any, keep: np.ndarray[Any, Any]) -> None:
    write_volume(
        j.labels.like(np.where(keep, j.labels.array, 0).astype(np.uint8)), j.imaging / "labels.nii.gz"
    )


@spoiled("nifti", "imaging.labels", "joins the two heads")
def labels_of_one_head_alone(j: Any) -> None:
    _only(j, np.arange(46)[:, None, None] < 23)


@spoiled("nifti", "imaging.labels", "joins the two heads")
def heads_that_do_not_meet(j: Any) -> None:
    _only(j, abs(np.arange(46)[:, None, None] - 22.5) > 6)


@spoiled("nifti", "imaging.labels", "joins the two heads")
def skull_alone_without_what_lies_in_it(j: Any) -> None:
    _only(j, j.labels.array == 2)


def _segments(j: Any, **masks: np.ndarray[Any, Any]) -> None:
    volumes = {name: j.labels.like(mask.astype(np.uint8)) for name, mask in masks.items()}
    write_segmentation(j.imaging / "labels.seg.nrrd", volumes)


@spoiled("hospital", "labels.seg.nrrd", "skul", "skull")
def segment_with_a_mistyped_name(j: Any) -> None:
    _segments(j, intracranial=j.labels.array == 1, skul=j.labels.array == 2)


@spoiled("hospital", "labels.seg.nrrd", "brain@A", "brain@B")
def voxel_painted_for_both_children(j: Any) -> None:
    inside = j.labels.array == 1
    half = np.zeros_like(inside)
    half[:24] = True
    other = np.zeros_like(inside)
    other[22:] = True
    _segments(j, **{"brain@A": inside & half, "brain@B": inside & other, "skull": j.labels.array == 2})


@spoiled("hospital", "labels.seg.nrrd", "no segment 'Segment_9'")
def structure_for_a_segment_that_is_not_there(j: Any) -> None:
    j.edit("labels.seg.nrrd}", "labels.seg.nrrd, structures: {Segment_9: skull}}")


@spoiled("hospital", "labels.seg.nrrd")
def segmentation_cut_short(j: Any) -> None:
    path = j.imaging / "labels.seg.nrrd"
    path.write_bytes(path.read_bytes()[:-200])


# Landmarks


def _landmarks(j: Any, change: Callable[[dict[str, Any], list[dict[str, Any]]], object]) -> None:
    path = j.imaging / "landmarks.mrk.json"
    data = json.loads(path.read_text())
    markup = data["markups"][0]
    change(markup, markup["controlPoints"])
    path.write_text(json.dumps(data))


def _scaled(points: list[dict[str, Any]], *factors: float) -> None:
    for point in points:
        point["position"] = [v * f for v, f in zip(point["position"], factors, strict=True)]


@spoiled("nifti", "imaging.landmarks", "A:left_tragion is missing", "B:nasion is missing")
def no_landmarks_at_all(j: Any) -> None:
    j.edit("  landmarks: imaging/landmarks.mrk.json\n", "")


@spoiled("nifti", "landmarks.mrk.json", "missing: A:nasion")
def landmark_missing(j: Any) -> None:
    _landmarks(
        j, lambda _, points: points.pop(next(i for i, p in enumerate(points) if p["label"] == "A:nasion"))
    )


@spoiled("nifti", "landmarks.mrk.json", "A:nasion")
def landmark_mistyped(j: Any) -> None:
    def change(_: Any, points: list[dict[str, Any]]) -> None:
        next(p for p in points if p["label"] == "A:nasion")["label"] = "A:nason"

    _landmarks(j, change)


@spoiled("nifti", "landmarks.mrk.json", "twice")
def landmark_twice(j: Any) -> None:
    _landmarks(j, lambda _, points: points.append(dict(points[0])))


@spoiled("nifti", "landmarks.mrk.json", "not placed")
def landmark_not_placed(j: Any) -> None:
    _landmarks(j, lambda _, points: points[2].update(positionStatus="undefined"))


@spoiled("nifti", "landmarks.mrk.json", "position")
def landmark_that_is_no_number(j: Any) -> None:
    _landmarks(j, lambda _, points: points[2].update(position=[1.0, float("nan"), 2.0]))


@spoiled("nifti", "landmarks.mrk.json", "coordinate system")
def landmarks_without_a_coordinate_system(j: Any) -> None:
    _landmarks(j, lambda markup, _: markup.pop("coordinateSystem"))


@spoiled("nifti", "landmarks", "RAS")
def landmarks_in_ras_called_lps(j: Any) -> None:
    _landmarks(j, lambda _, points: _scaled(points, -1, -1, 1))


@spoiled("nifti", "landmarks", "metres")
def landmarks_in_metres(j: Any) -> None:
    _landmarks(j, lambda _, points: _scaled(points, 0.001, 0.001, 0.001))


@spoiled("nifti", "landmarks")
def both_childrens_landmarks_on_one_head(j: Any) -> None:
    def change(_: Any, points: list[dict[str, Any]]) -> None:
        places = {p["label"]: p["position"] for p in points}
        for point in points:
            point["position"] = places["A:" + point["label"][2:]]

    _landmarks(j, change)


@spoiled("nifti", "landmarks")
def left_and_right_ear_swapped(j: Any) -> None:
    def change(_: Any, points: list[dict[str, Any]]) -> None:
        for point in points:
            if point["label"].startswith("B:") and "tragion" in point["label"]:
                side = "right" if "left" in point["label"] else "left"
                point["label"] = f"B:{side}_tragion"

    _landmarks(j, change)


@spoiled("nifti", "landmarks.mrk.json", "no markups file")
def landmarks_as_a_table(j: Any) -> None:
    (j.imaging / "landmarks.mrk.json").write_text("label,x,y,z\nA:nasion,1,2,3\n")


@spoiled("nifti", "landmarks.mrk.json", "no markups file")
def landmarks_nested_without_end(j: Any) -> None:
    (j.imaging / "landmarks.mrk.json").write_text("[" * 100_000)


@pytest.mark.parametrize(("template", "spoil", "file", "words"), SPOILED)
def test_spoiled_file_is_told_and_nothing_stored_is_lost(
    template: str, spoil: Spoil, file: str, words: tuple[str, ...], journey: Callable[[str], Any]
) -> None:
    j = journey(template)
    spoil(j)
    j.assert_told(file, *words)


@pytest.mark.parametrize("template", ["nifti", "hospital"])
def test_unspoiled_case_passes_the_same_check(template: str, journey: Callable[[str], Any]) -> None:
    j = journey(template)
    result = j.run("check", str(j.case))
    assert result.exit_code == 0, result.output
    assert "no fault found" in result.output


def test_stored_result_is_used_again_once_the_file_is_mended(journey: Callable[[str], Any]) -> None:
    j = journey("nifti")
    assert j.run("plan", "--until", "imaging", str(j.case)).exit_code == 0
    stored = j.stored()
    scan = j.imaging / "ct.nii.gz"
    sound = scan.read_bytes()
    j.cut_in_the_middle("ct.nii.gz")
    assert j.run("plan", "--until", "imaging", str(j.case)).exit_code == 2
    assert j.stored() == stored
    scan.write_bytes(sound)
    result = j.run("plan", "--json", "--until", "imaging", str(j.case))
    assert json.loads(result.stdout)["stations"][0]["reused"] is True
    assert {k: v for k, v in j.stored().items() if k != "run.json"} == {
        k: v for k, v in stored.items() if k != "run.json"
    }


def test_faults_of_several_files_are_told_in_one_report(journey: Callable[[str], Any]) -> None:
    j = journey("nifti")
    j.cut_in_the_middle("ct.nii.gz")
    label_value_without_a_structure(j)
    landmark_missing(j)
    j.edit("born: 2026-02-14", "born: 2062-02-14")
    result = j.run("check", "--json", str(j.case))
    assert result.exit_code == 2
    report = json.loads(result.stdout)
    files = {Path(fault["file"]).name for fault in report["faults"]}
    assert files == {"case.yaml", "ct.nii.gz", "labels.nii.gz", "landmarks.mrk.json"}
    assert all(fault["problem"] for fault in report["faults"])
