"""From files to a scene: planning grid, frames, registration, dates, draft, storage."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from separatrix.body.imaging import (
    Scene,
    Structure,
    load_scene,
    make_uid,
    read_scene,
    save_scene,
    write_dicom_series,
    write_landmarks,
    write_segmentation,
    write_volume,
)
from separatrix.body.imaging.itk import resample
from separatrix.body.imaging.planning import bring_image, is_congruent, planning_grid, resample_codes
from separatrix.body.imaging.register import Aligner
from separatrix.case import Case
from separatrix.core import (
    GeometryError,
    Grid,
    InputError,
    Owner,
    StorageError,
    Twin,
    Unknown,
    Volume,
    silent,
)
from separatrix.evidence import EvidenceReader

STRUCTURES = {4: "intracranial", 5: "skull", 6: "scalp", 8: "vein"}
Make = Callable[..., Case]


def moved(volume: Volume, degrees: float, shift: tuple[float, float, float]) -> tuple[Volume, np.ndarray]:
    """An image moved rigidly, and the true matrix from the first place to the second."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(np.radians(degrees) * np.array([0.48, 0.6, 0.64])).as_matrix()
    matrix[:3, 3] = shift
    back = np.linalg.inv(matrix)
    return resample(volume, volume.grid, way="cubic", fill=0, matrix=back), matrix


def read(case: Case, evidence: EvidenceReader, threads: int = 1) -> Scene:
    return read_scene(case, evidence=evidence, threads=threads, progress=silent)


@pytest.fixture
def whole_case(head: dict[str, Any], make_case: Make, tmp_path: Path) -> Case:
    """A CT as DICOM, an MR in its frame, a segmentation with an owner, landmarks."""
    labels = head["labels"]
    for name, modality in (("ct", "CT"), ("mr", "MR")):
        write_dicom_series(
            head[name],
            tmp_path / name,
            modality=modality,  # type: ignore[arg-type]
            patient_id="P1",
            study_date=dt.date(2026, 3, 1),
            frame_id=make_uid(1, "frame"),
            seed=1,
        )
    masks = {Structure(v).name.lower(): labels.like(labels.array == v) for v in (4, 5, 6, 8)}
    masks["vein@shared"] = masks.pop("vein")
    write_segmentation(tmp_path / "labels.seg.nrrd", masks)
    write_landmarks(tmp_path / "l.mrk.json", head["points"], coordinate_system="RAS")
    return make_case(
        {
            "images": {"t1": {"path": "mr", "modality": "MR"}, "ct": {"path": "ct", "modality": "CT"}},
            "labels": {"path": "labels.seg.nrrd"},
            "landmarks": "l.mrk.json",
            "grid_mm": 3,
        }
    )


def test_a_hospitals_files_become_a_scene_without_a_voxel_changed(
    whole_case: Case, head: dict[str, Any], evidence: EvidenceReader
) -> None:
    scene = read(whole_case, evidence)
    assert scene.grid.same_lattice(head["labels"].grid)
    assert scene.grid.frame_id == make_uid(1, "frame")
    assert np.array_equal(scene.labels.array, head["labels"].array)
    assert np.array_equal(scene.painted.array > 0, head["labels"].array == Structure.VEIN)
    assert set(np.unique(scene.painted.array)) == {0, Owner.SHARED}
    assert np.array_equal(scene.images["ct"].volume.array, head["ct"].array.clip(-1024))
    assert np.array_equal(scene.images["t1"].volume.array, head["mr"].array)
    assert scene.images["t1"].registration is None
    assert scene.images["ct"].acquired == dt.date(2026, 3, 1)
    for twin in Twin:
        for landmark, place in head["points"][twin].items():
            assert scene.landmarks[twin][landmark] == pytest.approx(place, abs=1e-6)
    assert not scene.is_draft
    assert not [n for n in scene.notes if n.startswith("BANNER")]
    assert "imaging.extent.low" in scene.assumptions


def test_a_scene_comes_back_from_disk_to_the_last_bit_and_byte(
    whole_case: Case, evidence: EvidenceReader, tmp_path: Path
) -> None:
    scene = read(whole_case, evidence)
    odd = dataclasses.replace(
        scene,
        grid=dataclasses.replace(scene.grid, origin_mm=(0.1 + 0.2, -1 / 3, 2 / 7)),
        images={
            "t1 ü/..": dataclasses.replace(
                scene.images["t1"], name="t1 ü/..", acquired=Unknown("nobody wrote it down")
            )
        },
    )
    odd = dataclasses.replace(
        odd,
        labels=Volume(odd.labels.array, odd.grid),
        painted=Volume(odd.painted.array, odd.grid),
        images={
            k: dataclasses.replace(i, volume=Volume(i.volume.array, odd.grid)) for k, i in odd.images.items()
        },
    )
    for number, one in enumerate((scene, odd)):
        first, second = tmp_path / f"a{number}", tmp_path / f"b{number}"
        save_scene(one, first)
        back = load_scene(first)
        save_scene(back, second)
        assert back.grid == one.grid
        assert back.labels.grid == one.grid
        assert np.array_equal(back.labels.array, one.labels.array)
        assert np.array_equal(back.painted.array, one.painted.array)
        assert list(back.images) == list(one.images)
        for name, image in one.images.items():
            other = back.images[name]
            assert np.array_equal(other.volume.array, image.volume.array)
            assert other.volume.array.dtype == np.float32
            assert (other.acquired, other.native, other.source) == (
                image.acquired,
                image.native,
                image.source,
            )
        assert (back.notes, back.assumptions) == (one.notes, one.assumptions)
        for file in sorted(first.iterdir()):
            assert file.read_bytes() == (second / file.name).read_bytes()


def test_a_damaged_store_is_told(whole_case: Case, evidence: EvidenceReader, tmp_path: Path) -> None:
    save_scene(read(whole_case, evidence), tmp_path / "s")
    path = tmp_path / "s" / "labels.nii.gz"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(StorageError, match="--force"):
        load_scene(tmp_path / "s")


def test_one_or_two_threads_give_the_same_voxels(head: dict[str, Any]) -> None:
    """The search itself runs on one thread whatever is asked for; the rest must not care."""
    fine = Grid(shape=(70, 80, 90), spacing_mm=(2, 2, 2), origin_mm=(-66, -113, -70))
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec([0.1, -0.05, 0.12]).as_matrix()
    images = [bring_image(head["mr"], fine, fill=0, matrix=matrix, threads=n).array for n in (1, 2)]
    assert np.array_equal(*images)
    thick = Volume(head["labels"].array[::2], dataclasses.replace(head["labels"].grid, shape=(30, 64, 54),
                                                                   spacing_mm=(3, 3, 6)))  # fmt: skip
    codes = [resample_codes(thick, fine, matrix=matrix, threads=n).array for n in (1, 2)]
    assert np.array_equal(*codes)


def test_another_frame_of_reference_is_registered_within_a_voxel(
    head: dict[str, Any], make_case: Make, tmp_path: Path, evidence: EvidenceReader
) -> None:
    mr, truth = moved(head["mr"].like(head["mr"].array.astype(np.float32)), 10, (9, -8, 9))
    mr = mr.like(np.clip(np.rint(mr.array), 0, None))
    for name, modality, volume in (("ct", "CT", head["ct"]), ("mr", "MR", mr)):
        write_dicom_series(
            volume,
            tmp_path / name,
            modality=modality,  # type: ignore[arg-type]
            patient_id="P1",
            study_date=dt.date(2026, 3, 1),
            frame_id=make_uid(1, name),
            seed=1,
        )
    write_volume(head["labels"], tmp_path / "labels.nii.gz")
    case = make_case(
        {
            "images": {"t1": {"path": "mr", "modality": "MR"}, "ct": {"path": "ct", "modality": "CT"}},
            "labels": {"path": "labels.nii.gz", "structures": STRUCTURES},
            "grid_mm": 3,
        }
    )
    scene = read(case, evidence)
    found = scene.images["t1"].registration
    assert found is not None
    inside = scene.grid.index_to_mm(np.argwhere(scene.labels.array > 0)[::50])
    wanted = inside @ truth[:3, :3].T + truth[:3, 3]
    error = np.linalg.norm(inside @ found.matrix[:3, :3].T + found.matrix[:3, 3] - wanted, axis=1)
    assert error.max() < 1.5  # half of this phantom's 3 mm voxel
    assert found.capture < 6
    assert np.array_equal(found.matrix, np.round(found.matrix, 6))
    back = scene.images["t1"].volume.array[10:-10, 10:-10, 10:-10]
    assert np.corrcoef(back.ravel(), head["mr"].array[10:-10, 10:-10, 10:-10].ravel())[0, 1] > 0.97


@pytest.mark.parametrize("kind", ["noise", "blob"])
def test_unrelated_images_are_refused_with_what_to_do(head: dict[str, Any], kind: str) -> None:
    from scipy.ndimage import gaussian_filter

    noise = np.random.default_rng(3).normal(size=head["ct"].grid.shape)
    array = noise if kind == "noise" else gaussian_filter(noise, 6) * 40
    other = head["ct"].like((300 + 100 * array).astype(np.float32))
    aligner = Aligner(head["ct"], "CT", other, "MR")
    with pytest.raises(GeometryError, match=r"cannot be registered.*3D Slicer"):
        aligner.register(metric_low=0.15, capture_high_mm=6)


def test_labels_drawn_on_another_image_come_with_it(
    head: dict[str, Any], make_case: Make, tmp_path: Path, evidence: EvidenceReader
) -> None:
    """Labels on the moved MR's lattice: they must land on the CT's skull."""
    coarse = head["mr"].grid
    own = Grid(shape=coarse.shape, spacing_mm=(3, 3, 3.1), origin_mm=(-67, -112, -71))
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec([0.1, -0.05, 0.12]).as_matrix()
    matrix[:3, 3] = [6, -9, 4]
    back = np.linalg.inv(matrix)
    mr = resample(head["mr"].like(head["mr"].array.astype(np.float32)), own, way="cubic", fill=0, matrix=back)
    labels = resample(head["labels"], own, way="nearest", fill=0, matrix=back)
    write_volume(head["ct"], tmp_path / "ct.nii.gz")
    write_volume(mr, tmp_path / "mr.nii.gz")
    write_volume(labels, tmp_path / "labels.nrrd")
    case = make_case(
        {
            "images": {
                "ct": {"path": "ct.nii.gz", "modality": "CT"},
                "t1": {"path": "mr.nii.gz", "modality": "MR"},
            },
            "labels": {"path": "labels.nrrd", "structures": STRUCTURES},
            "grid_mm": 3,
        }
    )
    scene = read(case, evidence)
    bone = resample(head["labels"], scene.grid, way="nearest", fill=0).array == Structure.SKULL
    ours = scene.labels.array == Structure.SKULL
    assert 2 * np.count_nonzero(bone & ours) / (np.count_nonzero(bone) + np.count_nonzero(ours)) > 0.7


def test_thick_slices_are_interpolated_by_shape(head: dict[str, Any]) -> None:
    """A ball in 5 mm slices: by shape its surface is smoother than by the nearest slice."""
    fine = Grid(shape=(80, 60, 60), spacing_mm=(1, 1, 1), origin_mm=(-30, -30, -40))
    thick = Grid(shape=(16, 60, 60), spacing_mm=(1, 1, 5), origin_mm=(-30, -30, -38))

    def ball(grid: Grid) -> Volume:
        p = grid.index_to_mm(np.moveaxis(np.indices(grid.shape), 0, -1))
        inner, outer = np.linalg.norm(p, axis=-1) < 17, np.linalg.norm(p - [1, 2, 0], axis=-1) < 25
        return Volume((outer * 20 + inner * 4).astype(np.uint8), grid)

    truth = ball(fine).array
    shaped = resample_codes(ball(thick), fine, matrix=None, threads=1).array
    nearest = resample(ball(thick), fine, way="nearest", fill=0).array
    assert np.count_nonzero(shaped != truth) < 0.55 * np.count_nonzero(nearest != truth)
    assert set(np.unique(shaped)) == {0, 20, 24}


def test_the_label_maps_own_lattice_is_kept_only_where_it_fits(odd_volume: Volume) -> None:
    own = Grid(
        shape=(9, 8, 7), spacing_mm=(1, 1, 1), origin_mm=(3, 4, 5), direction=odd_volume.grid.direction
    )
    labels = Volume(np.ones(own.shape, np.uint8), own)

    def grid(volume: Volume, spacing: float, matrix: np.ndarray | None = None) -> Grid:
        return planning_grid(
            labels=volume, image=None, spacing_mm=spacing, margin_mm=2, matrix=matrix, frame_id="f"
        )

    assert grid(labels, 1.0).same_lattice(own)
    assert grid(labels, 1.0).frame_id == "f"
    for other in (grid(labels, 0.8), grid(labels, 1.0, np.eye(4)), grid(odd_volume, 1.0)):
        assert other.is_isotropic
        assert other.direction == (1, 0, 0, 0, 1, 0, 0, 0, 1)
    corners = odd_volume.grid.index_to_mm([[0, 0, 0], [10, 13, 16]])
    index = grid(odd_volume, 1.0).mm_to_index(corners)
    assert (index > 1).all()
    assert (index < np.array(grid(odd_volume, 1.0).shape) - 2).all()


def test_a_cut_out_is_congruent_and_a_shifted_lattice_is_not(odd_volume: Volume) -> None:
    grid = odd_volume.grid
    x, y, z = grid.index_to_mm([2, 3, 4])
    cut = dataclasses.replace(grid, shape=(3, 4, 5), origin_mm=(x, y, z))
    assert is_congruent(cut, grid)
    assert not is_congruent(dataclasses.replace(cut, origin_mm=(x + 0.3, y, z)), grid)
    assert not is_congruent(dataclasses.replace(cut, spacing_mm=(0.7, 0.9, 1.4)), grid)


@pytest.mark.parametrize(
    ("dates", "told"),
    [
        ({"ct": "2026-03-01", "t1": "2026-03-02"}, []),
        ({"ct": "2026-03-01"}, ["the date of image t1 is unknown"]),
        ({"ct": "2026-01-05", "t1": "2026-03-02"}, ["taken 56 days apart"]),
        (
            {"ct": "2025-08-01", "t1": "2026-03-02"},
            ["days apart", "image ct of 2025-08-01 is 213 days older than the newest record"],
        ),
    ],
)
def test_dates_far_apart_old_or_unknown_raise_a_banner(
    head: dict[str, Any],
    make_case: Make,
    tmp_path: Path,
    evidence: EvidenceReader,
    dates: dict[str, str],
    told: list[str],
) -> None:
    for name in ("ct", "mr", "labels"):
        write_volume(head[name], tmp_path / f"{name}.nii.gz")
    images = {
        "ct": {"path": "ct.nii.gz", "modality": "CT"},
        "t1": {"path": "mr.nii.gz", "modality": "MR"},
    }
    for name, day in dates.items():
        images[name]["date"] = day
    labels = {"path": "labels.nii.gz", "structures": STRUCTURES}
    scene = read(make_case({"images": images, "labels": labels, "grid_mm": 3}), evidence)
    banners = [n for n in scene.notes if n.startswith("BANNER: ")]
    assert len(banners) == len(told)
    for banner, part in zip(banners, told, strict=True):
        assert part in banner


def test_a_ct_alone_gives_a_draft_that_says_so(
    head: dict[str, Any], make_case: Make, tmp_path: Path, evidence: EvidenceReader
) -> None:
    hole = head["ct"].array.copy()
    hole[-12:, 28:33, 25:30] = np.minimum(hole[-12:, 28:33, 25:30], 40)  # a fontanelle
    hole[2:4, :, 20:40] = 300  # the table
    write_volume(head["ct"].like(hole), tmp_path / "ct.nii.gz")
    case = make_case({"images": {"ct": {"path": "ct.nii.gz", "modality": "CT"}}, "grid_mm": 3})
    scene = read(case, evidence)
    assert scene.is_draft
    assert any("first draft" in n for n in scene.notes if n.startswith("BANNER"))
    truth = resample(head["labels"], scene.grid, way="nearest", fill=0).array

    def dice(mask: np.ndarray, other: np.ndarray) -> float:
        return float(2 * np.count_nonzero(mask & other) / (np.count_nonzero(mask) + np.count_nonzero(other)))

    labels = scene.labels.array
    assert dice(np.isin(labels, [4, 10]), np.isin(truth, [4, 8])) > 0.97
    assert dice(labels == Structure.SKULL, truth == Structure.SKULL) > 0.93
    assert dice(labels == Structure.SCALP, truth == Structure.SCALP) > 0.93
    assert dice(labels == Structure.VESSEL, truth == Structure.VEIN) > 0.75


def test_an_mr_alone_cannot_be_drafted(
    head: dict[str, Any], make_case: Make, tmp_path: Path, evidence: EvidenceReader
) -> None:
    write_volume(head["mr"], tmp_path / "mr.nii.gz")
    case = make_case({"images": {"t1": {"path": "mr.nii.gz", "modality": "MR"}}})
    with pytest.raises(InputError, match="neither a label map nor a CT"):
        read(case, evidence)


def test_an_image_that_leaves_labels_out_gets_a_banner(
    head: dict[str, Any], make_case: Make, tmp_path: Path, evidence: EvidenceReader
) -> None:
    ct = head["ct"]
    half = dataclasses.replace(ct.grid, shape=(35, *ct.grid.shape[1:]))
    write_volume(Volume(ct.array[:35], half), tmp_path / "ct.nii.gz")
    write_volume(head["labels"], tmp_path / "labels.nii.gz")
    case = make_case(
        {
            "images": {"ct": {"path": "ct.nii.gz", "modality": "CT", "date": "2026-03-01"}},
            "labels": {"path": "labels.nii.gz", "structures": STRUCTURES},
            "grid_mm": 3,
        }
    )
    scene = read(case, evidence)
    assert any("ct covers" in n and n.startswith("BANNER") for n in scene.notes)
    assert scene.images["ct"].volume.array[-1].max() == -1024
