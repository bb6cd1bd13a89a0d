"""Damaged and foolish files: each a clear message, none a traceback, all told at once."""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from separatrix.body.imaging import (
    Landmark,
    read_scene,
    read_volume,
    write_landmarks,
    write_segmentation,
    write_volume,
)
from separatrix.body.imaging.labels import read_labels
from separatrix.body.imaging.landmarks import read_landmarks
from separatrix.case import Case
from separatrix.core import Grid, InputError, Twin, Volume, silent
from separatrix.evidence import EvidenceReader


def patched(path: Path, offset: int, value: bytes) -> None:
    raw = bytearray(path.read_bytes())
    raw[offset : offset + len(value)] = value
    path.write_bytes(bytes(raw))


NIFTI = {
    "empty": (lambda p: p.write_bytes(b""), "0 bytes"),
    "text": (lambda p: p.write_text("no image"), "no NIfTI file"),
    "short header": (lambda p: p.write_bytes(p.read_bytes()[:200]), "no NIfTI file"),
    "short voxels": (lambda p: p.write_bytes(p.read_bytes()[:-9]), "cut short"),
    "colours": (lambda p: patched(p, 70, struct.pack("<h", 128)), "type 128"),
    "two-dimensional": (lambda p: patched(p, 40, struct.pack("<hhhh", 2, 17, 14, 11)), "three counts"),
    "negative size": (lambda p: patched(p, 42, struct.pack("<h", -17)), "three counts"),
    "four-dimensional": (lambda p: patched(p, 40, struct.pack("<hhhhh", 4, 17, 14, 1, 11)), "one time point"),
    "metres": (lambda p: patched(p, 123, b"\x01"), "lengths are in metres"),
    "micrometres": (lambda p: patched(p, 123, b"\x03"), "lengths are in micrometres"),
    "no codes": (lambda p: patched(p, 252, struct.pack("<hh", 0, 0)), "both 0"),
    "qform moved": (lambda p: patched(p, 268, struct.pack("<f", 99)), "two positions"),
    "pixdim": (lambda p: patched(p, 80, struct.pack("<f", 2)), "told twice"),
    "sheared": (lambda p: patched(p, 284, struct.pack("<f", 0.9)), "sheared"),
    "NaN matrix": (lambda p: patched(p, 280, struct.pack("<f", np.nan)), "not one of a lattice"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NIFTI)
def test_damaged_nifti_is_refused_with_its_reason(odd_volume: Volume, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.nii"
    write_volume(odd_volume, path)
    damage, told = NIFTI[kind]
    damage(path)
    with pytest.raises(InputError, match=told) as caught:
        read_volume(path)
    assert all(f.file and f.mend for f in caught.value.faults)


GZIP = {
    "cut": (lambda raw: raw[: len(raw) // 2], "too early"),
    "flipped": (lambda raw: raw[:300] + bytes([raw[300] ^ 255]) + raw[301:], "damaged"),
    "garbage after the magic": (lambda raw: raw[:2] + b"garbage" * 9, "damaged"),
    "check sum": (lambda raw: raw[:-6] + b"\0\0" + raw[-4:], "damaged"),
}


@pytest.mark.parametrize("kind", GZIP)
def test_damaged_gzip_is_refused(odd_volume: Volume, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.nii.gz"
    write_volume(odd_volume, path)
    damage, told = GZIP[kind]
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=told):
        read_volume(path)


NRRD = {
    "empty": (lambda raw: b"", "0 bytes"),
    "no header end": (lambda raw: raw[:80], "no NRRD file"),
    "no space": (lambda raw: raw.replace(b"space: left-posterior-superior\n", b""), "space is not told"),
    "odd space": (lambda raw: raw.replace(b"left-posterior-superior", b"scanner-xyz"), "scanner-xyz"),
    "no directions": (lambda raw: raw.replace(b"space directions:", b"# x:"), "where its voxels lie"),
    "no origin": (lambda raw: raw.replace(b"space origin:", b"# x:"), "where its voxels lie"),
    "metres": (lambda raw: raw.replace(b"kinds:", b'space units: "m" "m" "m"\nkinds:'), "lengths are in m"),
    "detached": (
        lambda raw: raw.replace(b"encoding: gzip", b"encoding: gzip\ndata file: x.raw"),
        "two files",
    ),
    "cut": (lambda raw: raw[:-200], "too early|damaged"),
    "wrong sizes": (lambda raw: raw.replace(b"sizes: 17 14 11", b"sizes: 99 14 11"), "cut short"),
    "sizes in words": (lambda raw: raw.replace(b"sizes: 17 14 11", b"sizes: many"), "three counts"),
    "odd type": (lambda raw: raw.replace(b"type: short", b"type: block"), "block"),
    "ascii": (lambda raw: raw.replace(b"encoding: gzip", b"encoding: ascii"), "ascii"),
}


@pytest.mark.parametrize("kind", NRRD)
def test_damaged_nrrd_is_refused_with_its_reason(odd_volume: Volume, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.nrrd"
    write_volume(odd_volume, path)
    damage, told = NRRD[kind]
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=told):
        read_volume(path)


SEGMENTS = {
    "no name": (b"Segment0_Name:=skull", b"# ", "not fully described"),
    "value in words": (b"Segment0_LabelValue:=1", b"Segment0_LabelValue:=one", "not fully described"),
    "layer too high": (b"Segment0_Layer:=0", b"Segment0_Layer:=4", "layer 4"),
    "stray value": (b"Segment0_LabelValue:=1", b"Segment0_LabelValue:=3", "without a segment"),
    "no segments": (b"Segment0_", b"Other0_", "names no segments"),
}


@pytest.mark.parametrize("kind", SEGMENTS)
def test_damaged_segmentation_is_refused(odd_volume: Volume, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.seg.nrrd"
    write_segmentation(path, {"skull": odd_volume.like(odd_volume.array > 99)})
    old, new, told = SEGMENTS[kind]
    path.write_bytes(path.read_bytes().replace(old, new))
    with pytest.raises(InputError, match=told):
        read_labels(path, {})


def test_unknown_endings_and_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ending"):
        read_volume(tmp_path / "a.mgz")
    with pytest.raises(InputError, match="cannot be read"):
        read_volume(tmp_path / "a.nii.gz")
    with pytest.raises(InputError, match="ending"):
        read_labels(tmp_path / "labels.xyz", {})


@pytest.mark.parametrize(("value", "told"), [(0.5, "not whole numbers"), (-3.0, "label values run from")])
def test_maps_that_are_no_label_maps_are_refused(
    odd_volume: Volume, tmp_path: Path, value: float, told: str
) -> None:
    write_volume(odd_volume.like(np.full(odd_volume.grid.shape, value, np.float32)), tmp_path / "l.nii")
    with pytest.raises(InputError, match=told):
        read_labels(tmp_path / "l.nii", {1: "skull"})


Edit = Callable[[dict[str, Any]], Any]

MARKUPS: dict[str, tuple[Edit, str]] = {
    "missing": (lambda m: m["controlPoints"].pop(2), "missing: A:left_orbitale"),
    "misspelt": (
        lambda m: m["controlPoints"][0].update(label="A:left_tragon"),
        "did you mean 'A:left_tragion'",
    ),
    "twice": (lambda m: m["controlPoints"].append(m["controlPoints"][0]), "stands twice"),
    "not placed": (lambda m: m["controlPoints"][1].update(positionStatus="undefined"), "not placed"),
    "NaN": (lambda m: m["controlPoints"][1].update(position=[1, 2, float("nan")]), "three numbers"),
    "two numbers": (lambda m: m["controlPoints"][1].update(position=[1, 2]), "three numbers"),
    "metres": (lambda m: m.update(coordinateUnits="m"), "the unit is 'm'"),
    "no system": (lambda m: m.pop("coordinateSystem"), "not told"),
    "odd system": (lambda m: m.update(coordinateSystem="XYZ"), "'XYZ'"),
    "no points": (lambda m: m.update(controlPoints=None), "missing: A:left_tragion"),
}


@pytest.mark.parametrize("kind", MARKUPS)
def test_foolish_landmarks_are_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "l.mrk.json"
    write_landmarks(path, {t: {m: np.array([1.0, 2.0, 3.0]) for m in Landmark} for t in Twin})
    data = json.loads(path.read_text())
    edit, told = MARKUPS[kind]
    edit(data["markups"][0])
    path.write_text(json.dumps(data))
    with pytest.raises(InputError, match=told):
        read_landmarks(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, '{"markups": 3}', '{"markups": [3]}', "\xff"])
def test_files_that_are_no_markups_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "l.mrk.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(InputError):
        read_landmarks(path)


IMAGES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], str]] = {
    "constant": (lambda a: np.full_like(a, 7.0), "constant"),
    "NaN": (lambda a: np.where(a > 0, np.nan, a), "no number"),
    "infinite": (lambda a: np.where(a > 500, np.inf, a), "no number"),
    "no air": (lambda a: a + 1024, "no Hounsfield units"),
    "no bone": (lambda a: np.minimum(a, 100), "no Hounsfield units"),
}


@pytest.mark.parametrize("kind", IMAGES)
def test_foolish_images_are_refused(
    head: dict[str, Any],
    make_case: Callable[..., Case],
    tmp_path: Path,
    evidence: EvidenceReader,
    kind: str,
) -> None:
    edit, told = IMAGES[kind]
    ct = head["ct"]
    write_volume(ct.like(edit(ct.array.astype(np.float32)).astype(np.float32)), tmp_path / "ct.nii.gz")
    case = make_case({"images": {"ct": {"path": "ct.nii.gz", "modality": "CT"}}})
    with pytest.raises(InputError, match=told) as caught:
        read_scene(case, evidence=evidence, threads=1, progress=silent)
    assert caught.value.faults[0].field == "imaging.images.ct.path"
    assert caught.value.faults[0].file == "ct.nii.gz"


@pytest.mark.parametrize("factor", [0.001, 0.1, 1000.0])
def test_another_unit_than_millimetres_is_refused(
    head: dict[str, Any],
    make_case: Callable[..., Case],
    tmp_path: Path,
    evidence: EvidenceReader,
    factor: float,
) -> None:
    for name in ("ct", "labels"):
        volume = head[name]
        image = nibabel.Nifti1Image(volume.array.T, np.diag([3 * factor] * 3 + [1.0]))
        nibabel.save(image, tmp_path / f"{name}.nii.gz")
    case = make_case(
        {
            "images": {"ct": {"path": "ct.nii.gz", "modality": "CT"}},
            "labels": {"path": "labels.nii.gz", "structures": STRUCTURES},
        }
    )
    with pytest.raises(InputError, match="mm long"):
        read_scene(case, evidence=evidence, threads=1, progress=silent)


STRUCTURES = {4: "intracranial", 5: "skull", 6: "scalp", 8: "vein"}


def test_all_faults_of_all_files_come_in_one_report(
    head: dict[str, Any], make_case: Callable[..., Case], tmp_path: Path, evidence: EvidenceReader
) -> None:
    (tmp_path / "ct.nii.gz").write_bytes(b"")
    (tmp_path / "t1.nii.gz").write_bytes(gzip.compress(b"nothing"))
    write_volume(head["labels"], tmp_path / "labels.nii.gz")
    (tmp_path / "l.mrk.json").write_text("{}")
    case = make_case(
        {
            "images": {
                "ct": {"path": "ct.nii.gz", "modality": "CT"},
                "t1": {"path": "t1.nii.gz", "modality": "MR"},
                "t2": {"path": "gone", "modality": "MR"},
            },
            "labels": {"path": "labels.nii.gz", "structures": {5: "skull"}},
            "landmarks": "l.mrk.json",
        }
    )
    with pytest.raises(InputError) as caught:
        read_scene(case, evidence=evidence, threads=1, progress=silent)
    assert [f.field for f in caught.value.faults] == [
        "imaging.images.ct.path",
        "imaging.images.t1.path",
        "imaging.images.t2.path",
        "imaging.labels.path",
        "imaging.landmarks",
    ]


@pytest.mark.parametrize("sign", [(-1, -1, 1), (1, 1, 1)])
def test_landmarks_called_lps_that_are_ras_are_refused_and_the_reason_named(
    head: dict[str, Any],
    make_case: Callable[..., Case],
    tmp_path: Path,
    evidence: EvidenceReader,
    sign: tuple[int, ...],
) -> None:
    write_volume(head["ct"], tmp_path / "ct.nii.gz")
    write_volume(head["labels"], tmp_path / "labels.nii.gz")
    points = {t: {m: v * sign for m, v in named.items()} for t, named in head["points"].items()}
    write_landmarks(tmp_path / "l.mrk.json", points)
    case = make_case(
        {
            "images": {"ct": {"path": "ct.nii.gz", "modality": "CT"}},
            "labels": {"path": "labels.nii.gz", "structures": STRUCTURES},
            "landmarks": "l.mrk.json",
            "grid_mm": 3,
        }
    )
    if sign == (1, 1, 1):
        assert len(read_scene(case, evidence=evidence, threads=1, progress=silent).landmarks[Twin.B]) == 4
    else:
        with pytest.raises(InputError, match="LPS for RAS"):
            read_scene(case, evidence=evidence, threads=1, progress=silent)


def test_a_grid_too_large_for_any_head_is_refused(
    head: dict[str, Any], make_case: Callable[..., Case], tmp_path: Path, evidence: EvidenceReader
) -> None:
    grid = head["labels"].grid
    far = np.zeros((200, 200, 190), np.uint8)
    far[0, 0, 0] = far[-1, -1, -1] = 5
    write_volume(
        Volume(far, Grid(shape=far.shape, spacing_mm=grid.spacing_mm, origin_mm=(0, 0, 0))),
        tmp_path / "labels.nii.gz",
    )
    case = make_case(
        {
            "images": {},
            "labels": {"path": "labels.nii.gz", "structures": {5: "skull"}},
            "grid_mm": 1,
        }
    )
    with pytest.raises(InputError, match="planning grid would have"):
        read_scene(case, evidence=evidence, threads=1, progress=silent)
