"""Every format, written and read, against an independent reader: no flip, no swap, no shift."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import warnings
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
import slicerio

from separatrix.body.imaging import (
    Landmark,
    make_uid,
    read_volume,
    write_dicom_series,
    write_landmarks,
    write_segmentation,
    write_volume,
)
from separatrix.body.imaging.dicom_series import read_dicom
from separatrix.body.imaging.landmarks import read_landmarks
from separatrix.body.imaging.packing import pack
from separatrix.body.imaging.slicer_seg import read_segmentation
from separatrix.core import Grid, Twin, Volume

DAY = dt.date(2026, 3, 1)
MARKED = [(0, 0, 0), (10, 13, 16), (3, 11, 2), (9, 1, 14)]
"""Voxels whose place is compared, (z, y, x)."""


def ras(points: np.ndarray) -> np.ndarray:
    return points * [-1, -1, 1]


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_nifti_written_is_read_by_nibabel_at_the_same_places(
    odd_volume: Volume, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"a{ending}"
    write_volume(odd_volume, path)
    other = nibabel.load(path)
    for z, y, x in MARKED:
        place = (other.affine @ [x, y, z, 1])[:3]
        assert place == pytest.approx(ras(odd_volume.grid.index_to_mm([z, y, x])), abs=1e-3)
        assert other.dataobj[x, y, z] == odd_volume.array[z, y, x]
    assert other.get_qform() == pytest.approx(other.affine, abs=1e-4)
    again = read_volume(path)
    assert again.grid.same_lattice(odd_volume.grid)
    assert np.array_equal(again.array, odd_volume.array)


@pytest.mark.parametrize("axes", [(-1, -1, 1), (1, 1, 1), (-1, 1, 1), (1, -1, -1)])
@pytest.mark.parametrize("only", ["qform", "sform"])
@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_nifti_of_another_writer_is_read_at_its_places(
    odd_volume: Volume, tmp_path: Path, axes: tuple[int, ...], only: str, kind: type
) -> None:
    affine = np.diag([*(np.array(axes) * [0.7, 0.9, 1.3]), 1.0])
    affine[:3, 3] = [11.5, -7.25, 30.125]
    image = kind(np.moveaxis(odd_volume.array, (0, 1, 2), (2, 1, 0)), None)
    getattr(image, f"set_{only}")(affine, code=1)
    image.header.set_zooms((0.7, 0.9, 1.3))
    image.header.set_xyzt_units("mm")
    other = "sform" if only == "qform" else "qform"
    getattr(image, f"set_{other}")(None, code=0)
    path = tmp_path / "a.nii.gz"
    nibabel.save(image, path)
    found = read_volume(path)
    assert np.array_equal(found.array, odd_volume.array)
    for z, y, x in MARKED:
        place = ras((affine @ [x, y, z, 1])[:3])
        assert found.grid.index_to_mm([z, y, x]) == pytest.approx(place, abs=1e-3)
        if kind is nibabel.Nifti1Image:  # ITK reads no NIfTI-2
            itk = sitk.ReadImage(str(path)).TransformIndexToPhysicalPoint((x, y, z))
            assert itk == pytest.approx(place, abs=1e-3)


def test_nifti_scaling_and_byte_order_are_heeded(odd_volume: Volume, tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(
        odd_volume.array.T.astype(">i2"), np.eye(4), nibabel.Nifti1Header(endianness=">")
    )
    image.header.set_xyzt_units("mm")
    image.header.set_slope_inter(0.5, -100)
    path = tmp_path / "a.nii"
    nibabel.save(image, path)
    assert read_volume(path).array == pytest.approx(nibabel.load(path).get_fdata().T)


@pytest.mark.parametrize(
    ("space", "signs"),
    [
        ("left-posterior-superior", (1, 1, 1)),
        ("right-anterior-superior", (-1, -1, 1)),
        ("left-anterior-superior", (1, -1, 1)),
        ("RAS", (-1, -1, 1)),
    ],
)
def test_nrrd_spaces_are_turned_to_lps_as_itk_turns_them(
    odd_volume: Volume, tmp_path: Path, space: str, signs: tuple[int, ...]
) -> None:
    path = tmp_path / "a.nrrd"
    write_volume(odd_volume, path)
    raw = path.read_bytes().replace(b"left-posterior-superior", space.encode())
    path.write_bytes(raw)
    found, itk = read_volume(path), sitk.ReadImage(str(path))
    assert np.array_equal(found.array, odd_volume.array)
    for z, y, x in MARKED:
        place = odd_volume.grid.index_to_mm([z, y, x]) * signs
        assert found.grid.index_to_mm([z, y, x]) == pytest.approx(place, abs=1e-6)
        assert itk.TransformIndexToPhysicalPoint((x, y, z)) == pytest.approx(place, abs=1e-6)


def test_nrrd_of_itk_is_read(odd_volume: Volume, tmp_path: Path) -> None:
    image = sitk.GetImageFromArray(odd_volume.array.astype(np.float64))
    image.SetSpacing(odd_volume.grid.spacing_mm)
    image.SetOrigin(odd_volume.grid.origin_mm)
    image.SetDirection(odd_volume.grid.direction)
    for compress in (True, False):
        path = tmp_path / f"a{compress}.nrrd"
        sitk.WriteImage(image, str(path), useCompression=compress)
        found = read_volume(path)
        assert np.array_equal(found.array, odd_volume.array)
        assert found.grid.same_lattice(odd_volume.grid)


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_dicom_series_is_read_by_gdcm_and_by_us_at_the_same_places(
    odd_volume: Volume, tmp_path: Path, modality: str
) -> None:
    values = odd_volume.array - (1000 if modality == "CT" else 0)
    frame = make_uid(1, "frame")
    write_dicom_series(
        odd_volume.like(values),
        tmp_path,
        modality=modality,  # type: ignore[arg-type]
        patient_id="P1",
        study_date=DAY,
        frame_id=frame,
        seed=1,
    )
    found = read_dicom(tmp_path, modality=modality, series=None, gap_mm=3)
    assert found.acquired == DAY
    assert found.notes == ()
    assert found.volume.grid.frame_id == frame
    assert np.array_equal(found.volume.array, values)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))
    other = reader.Execute()
    assert np.array_equal(sitk.GetArrayFromImage(other), values)
    for z, y, x in MARKED:
        place = odd_volume.grid.index_to_mm([z, y, x])
        assert other.TransformIndexToPhysicalPoint((x, y, z)) == pytest.approx(place, abs=1e-3)
        assert found.volume.grid.index_to_mm([z, y, x]) == pytest.approx(place, abs=1e-3)


def test_dicom_series_of_a_left_handed_grid_keeps_every_place(odd_volume: Volume, tmp_path: Path) -> None:
    axes = odd_volume.grid.axes * [1, 1, -1]
    grid = Grid(
        shape=odd_volume.grid.shape,
        spacing_mm=odd_volume.grid.spacing_mm,
        origin_mm=odd_volume.grid.origin_mm,
        direction=tuple(axes.ravel()),
    )
    write_dicom_series(
        Volume(odd_volume.array, grid),
        tmp_path,
        modality="MR",
        patient_id="P1",
        study_date=DAY,
        frame_id="1.2.3",
        seed=1,
    )
    found = read_dicom(tmp_path, modality="MR", series=None, gap_mm=3).volume
    for z, y, x in MARKED:
        at = np.rint(found.grid.mm_to_index(grid.index_to_mm([z, y, x]))).astype(int)
        assert found.grid.index_to_mm(at) == pytest.approx(grid.index_to_mm([z, y, x]), abs=1e-3)
        assert found.array[tuple(at)] == odd_volume.array[z, y, x]


def test_segmentation_is_read_by_slicerio_with_names_codes_layers_and_places(
    odd_volume: Volume, tmp_path: Path
) -> None:
    masks = {
        "skull": odd_volume.like(odd_volume.array > 2300),
        "vein@A": odd_volume.like((odd_volume.array > 1000) & (odd_volume.array < 1100)),
        "brain": odd_volume.like((odd_volume.array > 1050) & (odd_volume.array < 2000)),
    }
    path = tmp_path / "a.seg.nrrd"
    write_segmentation(path, masks)
    other = slicerio.read_segmentation(str(path))
    assert [s["name"] for s in other["segments"]] == ["skull", "vein@A", "brain"]
    assert [s["layer"] for s in other["segments"]] == [0, 0, 1]
    assert other["segments"][2]["terminology"]["type"] == ["SCT", "12738006", "Brain"]
    for segment, mask in zip(other["segments"], masks.values(), strict=True):
        voxels = other["voxels"][segment["layer"]] == segment["labelValue"]
        assert np.array_equal(voxels, mask.array.T)
        low, high = np.argwhere(mask.array.T).min(axis=0), np.argwhere(mask.array.T).max(axis=0)
        assert segment["extent"] == [int(v) for pair in zip(low, high, strict=True) for v in pair]
    for z, y, x in MARKED:
        place = (other["ijkToLPS"] @ [x, y, z, 1])[:3]
        assert place == pytest.approx(odd_volume.grid.index_to_mm([z, y, x]), abs=1e-3)
    again = read_segmentation(path)
    for segment, mask in zip(again.segments, masks.values(), strict=True):
        assert np.array_equal(again.layers[segment.layer] == segment.value, mask.array)
    assert again.grid.same_lattice(odd_volume.grid)
    assert [s.code for s in again.segments] == ["89546000", "29092000", "12738006"]


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_dicom_segmentation_of_highdicom_is_read_at_the_same_places(
    odd_volume: Volume, tmp_path: Path, kind: str
) -> None:
    import highdicom as hd
    from pydicom.sr.codedict import codes

    from separatrix.body.imaging.dicom_seg import read_dicom_segmentation

    write_dicom_series(
        odd_volume, tmp_path / "mr", modality="MR", patient_id="P1", study_date=DAY, frame_id="1.2.3", seed=1
    )
    sources = [pydicom.dcmread(p) for p in sorted((tmp_path / "mr").iterdir())]
    skull = odd_volume.array > 2000
    vein = (odd_volume.array > 700) & (odd_volume.array < 730)

    def described(number: int, label: str, code: object) -> object:
        return hd.seg.SegmentDescription(
            segment_number=number,
            segment_label=label,
            segmented_property_category=codes.SCT.AnatomicalStructure,
            segmented_property_type=code,
            algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = hd.seg.Segmentation(
            source_images=sources,
            pixel_array=(skull * 1 + vein * 2).astype(np.uint8),
            segmentation_type=kind,
            segment_descriptions=[
                described(1, "my bone", codes.SCT.Skull),
                described(2, "Vein left", codes.SCT.Vein),
            ],
            series_instance_uid="1.2.4",
            series_number=9,
            sop_instance_uid="1.2.5",
            instance_number=1,
            manufacturer="x",
            manufacturer_model_name="x",
            software_versions="x",
            device_serial_number="x",
        )
        whole.save_as(tmp_path / "seg.dcm")
    found = read_dicom_segmentation(tmp_path / "seg.dcm")
    assert [(s.name, s.code) for s in found.segments] == [("my bone", "89546000"), ("Vein left", "29092000")]
    for layer, mask in enumerate((skull, vein)):
        ours = found.grid.index_to_mm(np.argwhere(found.layers[layer]))
        theirs = odd_volume.grid.index_to_mm(np.argwhere(mask))
        assert ours[np.lexsort(ours.round(2).T)] == pytest.approx(
            theirs[np.lexsort(theirs.round(2).T)], abs=1e-3
        )
    assert found.grid.frame_id == "1.2.3"


@pytest.mark.parametrize("system", ["LPS", "RAS"])
def test_landmarks_come_back_in_lps_whatever_the_file_says(tmp_path: Path, system: str) -> None:
    points = {t: {m: np.array([i * 7.5 - 3, 11.25 * j + 1, 5.5 + i - j]) for j, m in enumerate(Landmark)}
              for i, t in enumerate(Twin)}  # fmt: skip
    path = tmp_path / "l.mrk.json"
    write_landmarks(path, points, coordinate_system=system)  # type: ignore[arg-type]
    stored = json.loads(path.read_text())["markups"][0]
    sign = [1, 1, 1] if system == "LPS" else [-1, -1, 1]
    first = points[Twin.A][Landmark.LEFT_TRAGION]
    assert stored["coordinateSystem"] == system
    assert stored["controlPoints"][0]["position"] == pytest.approx(first * sign)
    found = read_landmarks(path)
    for twin in Twin:
        for landmark in Landmark:
            assert found[twin][landmark] == pytest.approx(points[twin][landmark], abs=1e-9)


def test_old_landmark_files_number_their_system(tmp_path: Path) -> None:
    points = {t: {m: np.array([1.0, 2.0, 3.0]) for m in Landmark} for t in Twin}
    path = tmp_path / "l.mrk.json"
    write_landmarks(path, points)
    data = json.loads(path.read_text())
    data["markups"][0]["coordinateSystem"] = 0
    path.write_text(json.dumps(data))
    assert read_landmarks(path)[Twin.A][Landmark.NASION].tolist() == [-1, -2, 3]


def test_gzip_is_one_member_without_time_and_does_not_depend_on_threads() -> None:
    raw = np.random.default_rng(0).integers(0, 9, 11_000_000, dtype=np.uint8).tobytes()
    one, two = pack(raw, threads=1), pack(raw, threads=3)
    assert one == two
    assert gzip.decompress(one) == raw
    assert one[4:8] == b"\0\0\0\0"


def test_writers_give_the_same_bytes_twice(odd_volume: Volume, tmp_path: Path) -> None:
    for folder in ("1", "2"):
        (tmp_path / folder).mkdir()
        write_volume(odd_volume, tmp_path / folder / "a.nii.gz")
        write_volume(odd_volume, tmp_path / folder / "a.nrrd")
        write_segmentation(tmp_path / folder / "a.seg.nrrd", {"skull": odd_volume.like(odd_volume.array > 9)})
        write_dicom_series(
            odd_volume,
            tmp_path / folder / "ct",
            modality="CT",
            patient_id="P1",
            study_date=DAY,
            frame_id="1.2.3",
            seed=4,
        )
    files = sorted(p.relative_to(tmp_path / "1") for p in (tmp_path / "1").rglob("*") if p.is_file())
    assert len(files) == 14
    for file in files:
        assert (tmp_path / "1" / file).read_bytes() == (tmp_path / "2" / file).read_bytes(), file
