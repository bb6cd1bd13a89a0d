"""DICOM folders as hospitals send them: mixed, incomplete, doubled, tilted, odd."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from separatrix.body.imaging import make_uid, write_dicom_series
from separatrix.body.imaging.dicom_series import read_dicom
from separatrix.core import DataMissingError, GeometryError, Grid, InputError, Unknown, Volume

DAY = dt.date(2026, 3, 1)


@pytest.fixture
def smooth() -> Volume:
    """Values that vary linearly in space, so that interpolation can be checked to the last digit."""
    grid = Grid(shape=(13, 20, 22), spacing_mm=(1.0, 1.0, 1.0), origin_mm=(-10, -9, -6))
    p = grid.index_to_mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    return Volume(np.rint(200 + 3 * p[..., 0] + 5 * p[..., 1] + 8 * p[..., 2]).astype(np.float32), grid)


def write(volume: Volume, folder: Path, *, modality: str = "MR", seed: int = 1, patient: str = "P1") -> Path:
    write_dicom_series(
        volume,
        folder,
        modality=modality,  # type: ignore[arg-type]
        patient_id=patient,
        study_date=DAY,
        frame_id=make_uid(seed, "frame"),
        seed=seed,
        description=f"series {seed}",
    )
    return folder


def read(folder: Path, modality: str = "MR", series: str | None = None) -> Volume:
    return read_dicom(folder, modality=modality, series=series, gap_mm=3).volume


def notes(folder: Path) -> str:
    return " ".join(read_dicom(folder, modality="MR", series=None, gap_mm=3).notes)


def change(path: Path, edit: Callable[[Dataset], object]) -> None:
    image = pydicom.dcmread(path)
    edit(image)
    image.save_as(path)


def test_several_series_are_listed_and_one_is_chosen_by_its_uid(smooth: Volume, tmp_path: Path) -> None:
    write(smooth, tmp_path / "a", seed=1)
    write(smooth.like(smooth.array + 100), tmp_path / "b", seed=2)
    with pytest.raises(InputError, match="2 series fit") as caught:
        read(tmp_path)
    told = str(caught.value)
    assert "'series 1' (MR, 13 images, 2.25." in told
    assert "'series 2' (MR, 13 images, 2.25." in told
    uid = str(pydicom.dcmread(tmp_path / "b" / "0001.dcm").SeriesInstanceUID)
    assert np.array_equal(read(tmp_path, series=uid).array, smooth.array + 100)
    with pytest.raises(InputError, match=r"no series has the UID 1\.2\.3"):
        read(tmp_path, series="1.2.3")


def test_the_only_series_of_a_modality_is_taken_and_the_choice_told(smooth: Volume, tmp_path: Path) -> None:
    write(smooth, tmp_path / "mr", seed=1)
    write(smooth.like(smooth.array - 1000), tmp_path / "ct", modality="CT", seed=2)
    assert np.array_equal(read(tmp_path).array, smooth.array)
    assert "of 2 series 'series 1'" in notes(tmp_path)


def test_files_that_are_no_dicom_are_left_out_with_a_note(smooth: Volume, tmp_path: Path) -> None:
    write(smooth, tmp_path)
    (tmp_path / "readme.txt").write_text("hello")
    (tmp_path / "garbage.dcm").write_bytes(bytes(range(256)) * 4)
    (tmp_path / "empty.dcm").write_bytes(b"")
    assert np.array_equal(read(tmp_path).array, smooth.array)
    assert "3 files are not DICOM" in notes(tmp_path)


def test_a_folder_without_dicom_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(DataMissingError, match="no DICOM image"):
        read(tmp_path)
    with pytest.raises(DataMissingError, match="no such file"):
        read(tmp_path / "nowhere")


def test_slices_are_sorted_by_place_whatever_name_and_number_say(smooth: Volume, tmp_path: Path) -> None:
    write(smooth, tmp_path)
    files = sorted(tmp_path.iterdir())
    for at, file in enumerate(files):
        change(file, lambda image, at=at: setattr(image, "InstanceNumber", (at * 7) % 13))
        file.rename(tmp_path / f"x{(at * 5) % 13:02d}")
    assert np.array_equal(read(tmp_path).array, smooth.array)


def test_a_small_gap_is_bridged_and_told(smooth: Volume, tmp_path: Path) -> None:
    write(smooth, tmp_path)
    (tmp_path / "0006.dcm").unlink()
    assert read(tmp_path).array == pytest.approx(smooth.array, abs=0.51)
    assert "1 slices are missing and were interpolated (-2.0 to 0.0 mm)" in notes(tmp_path)


def test_a_wide_gap_is_refused_with_its_place(smooth: Volume, tmp_path: Path) -> None:
    write(smooth, tmp_path)
    for number in (5, 6, 7):
        (tmp_path / f"{number:04d}.dcm").unlink()
    with pytest.raises(InputError, match=r"slices are missing.*-3\.0 to 1\.0 mm"):
        read(tmp_path)


def test_a_slice_twice_is_dropped_if_equal_and_refused_if_not(smooth: Volume, tmp_path: Path) -> None:
    write(smooth, tmp_path)
    shutil.copy(tmp_path / "0004.dcm", tmp_path / "again.dcm")
    assert np.array_equal(read(tmp_path).array, smooth.array)
    assert "1 slices stood twice with the same content" in notes(tmp_path)
    change(tmp_path / "again.dcm", lambda i: setattr(i, "PixelData", bytes(len(i.PixelData))))
    with pytest.raises(InputError, match=r"twice at one place with different content \(at -3\.0 mm\)"):
        read(tmp_path)


def test_uneven_steps_are_brought_to_even_ones(smooth: Volume, tmp_path: Path) -> None:
    write(smooth, tmp_path)
    shift = 0.4
    for number in (3, 5):
        change(
            tmp_path / f"{number:04d}.dcm",
            lambda i: setattr(
                i, "ImagePositionPatient", [*i.ImagePositionPatient[:2], i.ImagePositionPatient[2] + shift]
            ),
        )
        change(
            tmp_path / f"{number:04d}.dcm",
            lambda i: setattr(i, "PixelData", (i.pixel_array + round(8 * shift)).astype("<u2").tobytes()),
        )
    found = read(tmp_path)
    assert found.grid.shape == smooth.grid.shape
    assert found.array == pytest.approx(smooth.array, abs=0.6)
    assert "unevenly spaced" in notes(tmp_path)


def test_gantry_tilt_is_straightened_to_the_true_places(smooth: Volume, tmp_path: Path) -> None:
    tilt = np.tan(np.radians(15))
    write(smooth, tmp_path)
    for number, file in enumerate(sorted(tmp_path.iterdir())):
        move = number * tilt  # the table moves along, the slices are sheared
        x, y, z = smooth.grid.index_to_mm([number, 0, 0])

        def edit(image: Dataset, x: float = x, y: float = y, z: float = z, move: float = move) -> None:
            image.ImagePositionPatient = [x, round(y + move, 6), z]
            image.PixelData = np.rint(image.pixel_array + 5 * move).astype("<u2").tobytes()

        change(file, edit)
    found = read(tmp_path)
    p = found.grid.index_to_mm(np.moveaxis(np.indices(found.grid.shape), 0, -1))
    wanted = 200 + 3 * p[..., 0] + 5 * p[..., 1] + 8 * p[..., 2]
    inside = np.zeros(found.grid.shape, bool)
    inside[:, 5:19, 2:-2] = True
    assert found.array[inside] == pytest.approx(wanted[inside], abs=1.1)
    assert "gantry tilt of 15.0°" in notes(tmp_path)


def test_each_slice_is_rescaled_by_its_own_slope(smooth: Volume, tmp_path: Path) -> None:
    write(smooth.like(smooth.array - 1000), tmp_path, modality="CT")
    for number, file in enumerate(sorted(tmp_path.iterdir())):
        slope = 1.0 if number % 2 else 0.5

        def edit(image: Dataset, slope: float = slope) -> None:
            hu = image.pixel_array - 1024.0
            image.RescaleSlope, image.RescaleIntercept = str(slope), "-1200"
            image.PixelData = np.rint((hu + 1200) / slope).astype("<u2").tobytes()

        change(file, edit)
    assert np.array_equal(read(tmp_path, "CT").array, smooth.array - 1000)


def test_a_ct_without_rescale_is_refused(smooth: Volume, tmp_path: Path) -> None:
    write(smooth, tmp_path, modality="CT")
    change(tmp_path / "0003.dcm", lambda i: i.__delitem__("RescaleSlope"))
    with pytest.raises(InputError, match="RescaleSlope"):
        read(tmp_path, "CT")


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda i: setattr(i, "ImageOrientationPatient", [0, 1, 0, 0, 0, -1]), "differ in orientation"),
        (lambda i: setattr(i, "PixelSpacing", [2, 2]), "differ in size"),
        (lambda i: i.__delitem__("ImagePositionPatient"), "does not say where the image lies"),
        (lambda i: i.__delitem__("PixelSpacing"), "PixelSpacing"),
        (lambda i: setattr(i, "ImageOrientationPatient", [1, 0, 0]), "ImageOrientationPatient"),
        (lambda i: setattr(i, "FrameOfReferenceUID", "1.2.9"), "2 frames of reference"),
        (lambda i: setattr(i, "ImagePositionPatient", [40, 3, 2]), "do not lie on one line"),
    ],
)  # fmt: skip
def test_contradicting_headers_are_refused(
    smooth: Volume, tmp_path: Path, edit: Callable[[Dataset], object], told: str
) -> None:
    write(smooth, tmp_path)
    change(tmp_path / "0009.dcm", edit)
    with pytest.raises(InputError, match=told):
        read(tmp_path)


def test_two_patients_are_refused_without_a_name(smooth: Volume, tmp_path: Path) -> None:
    write(smooth, tmp_path / "a", seed=1, patient="P1")
    write(smooth, tmp_path / "b", seed=2, patient="P2")
    for file in (tmp_path / "b").iterdir():
        change(file, lambda i: setattr(i, "PatientName", "Secret^Name"))
    with pytest.raises(InputError, match="2 patients") as caught:
        read(tmp_path)
    assert "Secret" not in str(caught.value)
    assert "P2" not in str(caught.value)


def test_a_single_slice_is_refused(smooth: Volume, tmp_path: Path) -> None:
    write(smooth, tmp_path)
    for file in sorted(tmp_path.iterdir())[1:]:
        file.unlink()
    with pytest.raises(InputError, match="single slice"):
        read(tmp_path)


def test_a_file_cut_short_is_refused(smooth: Volume, tmp_path: Path) -> None:
    write(smooth, tmp_path)
    path = tmp_path / "0005.dcm"
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(InputError, match=r"0005\.dcm.*(cut short|cannot be decoded)"):
        read(tmp_path)


def test_a_localizer_in_the_folder_is_not_taken(smooth: Volume, tmp_path: Path) -> None:
    write(smooth, tmp_path / "a", seed=1)
    write(smooth, tmp_path / "b", seed=2)
    for file in (tmp_path / "b").iterdir():
        change(file, lambda i: setattr(i, "ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"]))
    assert "'series 1'" in notes(tmp_path)


def test_compressed_slices_are_decoded(smooth: Volume, tmp_path: Path) -> None:
    write(smooth, tmp_path)
    for file in tmp_path.iterdir():
        change(file, lambda i: i.compress(pydicom.uid.RLELossless))
    assert np.array_equal(read(tmp_path).array, smooth.array)


def test_date_comes_from_the_headers_or_is_unknown(smooth: Volume, tmp_path: Path) -> None:
    write(smooth, tmp_path)
    for file in tmp_path.iterdir():
        for name in ("AcquisitionDate", "ContentDate", "SeriesDate", "StudyDate"):
            change(file, lambda i, name=name: setattr(i, name, ""))
    found = read_dicom(tmp_path, modality="MR", series=None, gap_mm=3)
    assert isinstance(found.acquired, Unknown)


@pytest.mark.parametrize("kind", ["CT", "MR"])
def test_enhanced_objects_are_read_frame_by_frame(odd_volume: Volume, tmp_path: Path, kind: str) -> None:
    values = odd_volume.array.astype(np.float32) - (1000 if kind == "CT" else 0)
    write(odd_volume.like(values), tmp_path / "classic", modality=kind)
    path = _enhanced(tmp_path / "classic", tmp_path / "one.dcm", kind)
    found = read(path, kind)
    assert np.array_equal(found.array, values)
    assert found.grid.same_lattice(odd_volume.grid)


def _enhanced(folder: Path, path: Path, kind: str) -> Path:
    """Make an enhanced object of a classic series, its frames in disorder."""
    slices = [pydicom.dcmread(p) for p in sorted(folder.iterdir())]
    slices = slices[1::2] + slices[::2]
    whole = pydicom.dcmread(sorted(folder.iterdir())[0])
    uid = {"CT": "1.2.840.10008.5.1.4.1.1.2.1", "MR": "1.2.840.10008.5.1.4.1.1.4.1"}[kind]
    whole.SOPClassUID = whole.file_meta.MediaStorageSOPClassUID = uid
    measures = Dataset()
    measures.PixelSpacing, measures.SliceThickness = whole.PixelSpacing, "1"
    turn = Dataset()
    turn.ImageOrientationPatient = whole.ImageOrientationPatient
    shared = Dataset()
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = Sequence([measures]), Sequence([turn])
    frames = []
    for item in slices:
        place, values, frame = Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient = item.ImagePositionPatient
        values.RescaleSlope, values.RescaleIntercept = (
            item.get("RescaleSlope", "1"),
            item.get("RescaleIntercept", "0"),
        )
        values.RescaleType = "HU"
        frame.PlanePositionSequence = Sequence([place])
        frame.PixelValueTransformationSequence = Sequence([values])
        frames.append(frame)
    for name in (
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "PixelSpacing",
        "RescaleSlope",
        "RescaleIntercept",
    ):
        if name in whole:
            delattr(whole, name)
    whole.SharedFunctionalGroupsSequence = Sequence([shared])
    whole.PerFrameFunctionalGroupsSequence = Sequence(frames)
    whole.NumberOfFrames = len(slices)
    whole.PixelData = b"".join(item.PixelData for item in slices)
    whole.save_as(path)
    return path


def test_geometry_faults_are_geometry_errors(smooth: Volume, tmp_path: Path) -> None:
    write(smooth, tmp_path)
    change(tmp_path / "0002.dcm", lambda i: setattr(i, "ImageOrientationPatient", [0, 1, 0, 0, 0, -1]))
    with pytest.raises(GeometryError):
        read(tmp_path)
