"""Real images beside the repository; each has its generated twin in the other files of this folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from separatrix.body.imaging import Structure, read_scene, read_volume
from separatrix.body.imaging.checks import head_mask, landmark_faults
from separatrix.body.imaging.dicom_series import read_dicom
from separatrix.body.imaging.draft import draft_labels
from separatrix.body.imaging.landmarks import read_landmarks
from separatrix.body.imaging.planning import bring_image, planning_grid
from separatrix.case import Case
from separatrix.core import Twin, silent
from separatrix.evidence import EvidenceReader

pytestmark = pytest.mark.shared


def test_a_real_mr_series_lies_where_gdcm_puts_it(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "mr_t1_gd_dicom"
    found = read_dicom(folder, modality="MR", series=None, gap_mm=3)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    other = reader.Execute()
    assert np.array_equal(found.volume.array, sitk.GetArrayFromImage(other))
    for z, y, x in ((0, 0, 0), (11, 500, 3)):
        place = other.TransformIndexToPhysicalPoint((x, y, z))
        assert found.volume.grid.index_to_mm([z, y, x]) == pytest.approx(place, abs=1e-3)
    assert found.acquired.isoformat() == "1994-09-04"  # type: ignore[union-attr]
    assert "2 files are not DICOM" in found.notes[0]


def test_a_real_series_with_a_slice_taken_out_is_bridged(shared_data: Path, tmp_path: Path) -> None:
    for file in (shared_data / "mr_t1_gd_dicom").glob("*.dcm"):
        if file.name != "1-060.dcm":
            shutil.copy(file, tmp_path)
    found = read_dicom(tmp_path, modality="MR", series=None, gap_mm=3)
    assert found.volume.grid.shape == (12, 512, 512)
    assert "1 slices are missing" in found.notes[0]


def test_nrrd_labels_and_nifti_image_of_one_head_fall_on_each_other(shared_data: Path) -> None:
    """NRRD in LPS and NIfTI in RAS: read wrongly, the skull lies mirrored and correlation is lost."""
    folder = shared_data / "head_seg3d"
    image, skull = read_volume(folder / "MR.nii.gz"), read_volume(folder / "Skull.nrrd")
    affine = nibabel.load(folder / "MR.nii.gz").affine
    assert image.grid.index_to_mm([3, 5, 7]) == pytest.approx(
        (affine @ [7, 5, 3, 1])[:3] * [-1, -1, 1], abs=1e-3
    )
    where = image.grid.mm_to_index(skull.grid.index_to_mm(np.argwhere(skull.array > 0)))
    z, y, x = np.rint(where).astype(int).T
    mirrored = image.array[z, image.grid.shape[1] - 1 - y, image.grid.shape[2] - 1 - x]
    inside = float(np.mean(image.array[z, y, x]))
    assert inside < 0.8 * float(np.mean(mirrored))  # bone is dark on T1


def test_the_fused_phantom_becomes_a_scene_voxel_for_voxel(
    shared_data: Path, evidence: EvidenceReader
) -> None:
    from separatrix.case import read_case

    case = read_case(shared_data / "fused_phantom" / "case")
    scene = read_scene(case, evidence=evidence, threads=2, progress=silent)
    folder = shared_data / "fused_phantom" / "case" / "imaging"
    labels = sitk.ReadImage(str(folder / "labels.nii.gz"))
    array = sitk.GetArrayFromImage(labels)
    table = np.array([0, 4, 5, 6, 7, 8], np.uint8)
    assert np.array_equal(scene.labels.array, table[array])
    assert scene.grid.index_to_mm([9, 8, 7]) == pytest.approx(labels.TransformIndexToPhysicalPoint((7, 8, 9)))
    assert scene.images["t1"].registration is None
    assert np.array_equal(
        scene.images["ct"].volume.array, sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "ct.nii.gz")))
    )
    assert not scene.is_draft


def test_landmarks_of_the_fused_phantom_called_ras_are_refused(
    shared_data: Path, evidence: EvidenceReader
) -> None:
    folder = shared_data / "fused_phantom" / "case" / "imaging"
    labels = read_volume(folder / "labels.nii.gz")
    points = read_landmarks(folder / "landmarks.mrk.json")
    structures = np.array([0, 4, 5, 6, 7, 8], np.uint8)[labels.array]
    head = head_mask(labels.grid, structures, None, -300)
    assert head is not None
    assert not list(landmark_faults(points, head, "l", evidence))
    mirrored = {t: {m: v * [-1, -1, 1] for m, v in points[t].items()} for t in Twin}
    (fault,) = landmark_faults(mirrored, head, "l", evidence)
    assert "LPS for RAS" in fault.mend


def test_the_draft_of_the_fused_phantom_is_near_its_truth(
    shared_data: Path, evidence: EvidenceReader
) -> None:
    folder = shared_data / "fused_phantom" / "case" / "imaging"
    ct, truth = read_volume(folder / "ct.nii.gz"), read_volume(folder / "labels.nii.gz").array
    draft = draft_labels(ct.like(ct.array.astype(np.float32)), evidence).array

    def dice(mask: np.ndarray, other: np.ndarray) -> float:
        return float(2 * np.count_nonzero(mask & other) / (np.count_nonzero(mask) + np.count_nonzero(other)))

    assert dice(np.isin(draft, [4, 10]), np.isin(truth, [1, 4, 5])) > 0.99
    assert dice(draft == Structure.SKULL, truth == 2) > 0.95
    assert dice(draft == Structure.SCALP, truth == 3) > 0.98
    assert dice(draft == Structure.VESSEL, np.isin(truth, [4, 5])) > 0.85


def test_the_draft_of_a_real_head_is_plausible(shared_data: Path, evidence: EvidenceReader) -> None:
    ct = read_volume(shared_data / "head_ct_cranium" / "ct.nii.gz")
    grid = planning_grid(labels=None, image=ct.grid, spacing_mm=1.5, margin_mm=0, matrix=None, frame_id="")
    draft = draft_labels(bring_image(ct, grid, fill=-1024, matrix=None, threads=1), evidence)
    ml = {s: np.count_nonzero(draft.array == s) * grid.voxel_volume_mm3 / 1000 for s in Structure}
    assert 1250 < ml[Structure.INTRACRANIAL] < 1650  # an adult's
    assert 400 < ml[Structure.SKULL] < 800
    assert ml[Structure.SCALP] > 500


def test_a_real_ct_alone_makes_a_draft_case(
    shared_data: Path, make_case: Callable[..., Case], tmp_path: Path, evidence: EvidenceReader
) -> None:
    shutil.copy(shared_data / "head_ct_cranium" / "ct.nii.gz", tmp_path)
    spec: dict[str, Any] = {"images": {"ct": {"path": "ct.nii.gz", "modality": "CT"}}, "grid_mm": 2}
    scene = read_scene(make_case(spec), evidence=evidence, threads=1, progress=silent)
    assert scene.is_draft
    assert scene.landmarks == {}
