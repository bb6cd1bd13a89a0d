"""Damaged and foolish scans: each a clear message, exit 2, nothing stored lost."""

from __future__ import annotations

import datetime as dt
import gzip
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from separatrix.body.imaging import make_uid, write_dicom_series, write_volume

Spoil = Callable[[Any], object]
SPOILED: list[Any] = []


def spoiled(template: str, file: str, *words: str) -> Callable[[Spoil], Spoil]:
    """A way to spoil a case, the file that the message must name, and words that it must hold."""

    def keep(spoil: Spoil) -> Spoil:
        SPOILED.append(pytest.param(template, spoil, file, words, id=spoil.__name__))
        return spoil

    return keep


def _nifti(path: Path, offset: int, layout: str, *values: float) -> None:
    """Overwrite fields of a NIfTI-1 header."""
    raw = bytearray(gzip.decompress(path.read_bytes()))
    struct.pack_into(layout, raw, offset, *values)
    path.write_bytes(gzip.compress(bytes(raw)))


# NIfTI


@spoiled("nifti", "ct.nii.gz", "cut short")
def gzip_cut_in_the_middle(j: Any) -> None:
    j.cut_in_the_middle("ct.nii.gz")


@spoiled("nifti", "ct.nii.gz")
def voxels_cut_short_inside_the_gzip(j: Any) -> None:
    path = j.imaging / "ct.nii.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:5000]))


@spoiled("nifti", "ct.nii.gz")
def one_byte_flipped_inside_the_gzip(j: Any) -> None:
    path = j.imaging / "ct.nii.gz"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    path.write_bytes(bytes(raw))


@spoiled("nifti", "ct.nii.gz", "no NIfTI")
def web_page_named_as_a_scan(j: Any) -> None:
    (j.imaging / "ct.nii.gz").write_text("<html>404 not found</html>")


@spoiled("nifti", "ct.nii.gz")
def image_holds_nan(j: Any) -> None:
    array = j.ct.array.astype(np.float32)
    array[10:20] = np.nan
    write_volume(j.ct.like(array), j.imaging / "ct.nii.gz")


@spoiled("nifti", "ct.nii.gz")
def image_holds_infinity(j: Any) -> None:
    array = j.ct.array.astype(np.float32)
    array[20, 20, 20] = np.inf
    write_volume(j.ct.like(array), j.imaging / "ct.nii.gz")


@spoiled("nifti", "ct.nii.gz", "constant")
def image_of_nothing(j: Any) -> None:
    write_volume(j.ct.like(np.zeros_like(j.ct.array)), j.imaging / "ct.nii.gz")


@spoiled("nifti", "ct.nii.gz", "Hounsfield")
def ct_counted_from_zero(j: Any) -> None:
    write_volume(j.ct.like((j.ct.array + 1000).astype(np.int16)), j.imaging / "ct.nii.gz")


@spoiled("nifti", "ct.nii.gz", "size")
def image_of_several_time_points(j: Any) -> None:
    _nifti(j.imaging / "ct.nii.gz", 40, "<5h", 4, 36, 38, 23, 2)


@spoiled("nifti", "ct.nii.gz", "size")
def image_of_negative_size(j: Any) -> None:
    _nifti(j.imaging / "ct.nii.gz", 42, "<h", -36)


@spoiled("nifti", "ct.nii.gz")
def image_larger_in_its_header_than_in_its_file(j: Any) -> None:
    _nifti(j.imaging / "ct.nii.gz", 42, "<3h", 32000, 32000, 32000)


@spoiled("nifti", "ct.nii.gz")
def voxel_type_of_colours(j: Any) -> None:
    _nifti(j.imaging / "ct.nii.gz", 70, "<h", 128)


@spoiled("nifti", "ct.nii.gz")
def image_without_orientation(j: Any) -> None:
    _nifti(j.imaging / "ct.nii.gz", 252, "<2h", 0, 0)


@spoiled("nifti", "ct.nii.gz", "metres")
def image_with_metres_in_its_header(j: Any) -> None:
    _nifti(j.imaging / "ct.nii.gz", 123, "<B", 1)


@spoiled("nifti", "ct.nii.gz")
def image_with_positions_told_in_two_ways(j: Any) -> None:
    _nifti(j.imaging / "ct.nii.gz", 268, "<f", 999.0)


@spoiled("nifti", "ct.nii.gz")
def image_with_a_position_that_is_no_number(j: Any) -> None:
    _nifti(j.imaging / "ct.nii.gz", 292, "<f", float("nan"))


@spoiled("nifti", "ct.dat", "no DICOM image")
def scan_with_an_unknown_ending(j: Any) -> None:
    (j.imaging / "ct.nii.gz").rename(j.imaging / "ct.dat")
    j.edit("imaging/ct.nii.gz", "imaging/ct.dat")


@spoiled("nifti", "ct.nrrd")
def nrrd_cut_short(j: Any) -> None:
    path = j.imaging / "ct.nrrd"
    write_volume(j.ct, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    j.edit("imaging/ct.nii.gz", "imaging/ct.nrrd")


def _nrrd_line(j: Any, begins: bytes, line: bytes) -> None:
    path = j.imaging / "ct.nrrd"
    write_volume(j.ct, path)
    head, _, body = path.read_bytes().partition(b"\n\n")
    lines = [line if old.startswith(begins) else old for old in head.split(b"\n")]
    assert line in lines
    path.write_bytes(b"\n".join(old for old in lines if old) + b"\n\n" + body)
    j.edit("imaging/ct.nii.gz", "imaging/ct.nrrd")


@spoiled("nifti", "ct.nrrd", "space")
def nrrd_without_a_space(j: Any) -> None:
    _nrrd_line(j, b"space:", b"")


@spoiled("nifti", "ct.nrrd")
def nrrd_without_directions(j: Any) -> None:
    _nrrd_line(j, b"space directions:", b"")


@spoiled("nifti", "ct.nrrd")
def nrrd_with_a_foreign_encoding(j: Any) -> None:
    _nrrd_line(j, b"encoding:", b"encoding: morse")


@spoiled("nifti", "ct.nrrd", "cut short")
def nrrd_of_astronomic_size(j: Any) -> None:
    _nrrd_line(j, b"sizes:", b"sizes: 3000000 3000000 3000000")


@spoiled("nifti", "ct.nrrd")
def nrrd_whose_voxels_stand_in_another_file(j: Any) -> None:
    _nrrd_line(j, b"encoding:", b"encoding: raw\ndata file: /etc/passwd")


# DICOM


@spoiled("hospital", "0020.dcm")
def slice_cut_short(j: Any) -> None:
    path = j.imaging / "ct" / "0020.dcm"
    path.write_bytes(path.read_bytes()[:-700])


@spoiled("hospital", "ct", "patient")
def two_patients_in_one_folder(j: Any) -> None:
    for number in (30, 31, 32):
        path = j.imaging / "ct" / f"{number:04d}.dcm"
        image = pydicom.dcmread(path)
        image.PatientID = "another"
        image.save_as(path)


@spoiled("hospital", "ct", "series")
def two_series_of_which_either_may_be_meant(j: Any) -> None:
    write_dicom_series(
        j.ct,
        j.imaging / "ct" / "second",
        modality="CT",
        patient_id="pair",
        study_date=dt.date(2026, 5, 2),
        frame_id=make_uid(1, "frame"),
        seed=2,
    )


@spoiled("hospital", "ct")
def folder_of_notes_without_a_series(j: Any) -> None:
    shutil.rmtree(j.imaging / "ct")
    (j.imaging / "ct").mkdir()
    (j.imaging / "ct" / "readme.txt").write_text("the scans are on the other disk")


@spoiled("hospital", "ct")
def mr_called_ct(j: Any) -> None:
    shutil.rmtree(j.imaging / "ct")
    write_dicom_series(
        j.ct.like(j.ct.array + 1044),
        j.imaging / "ct",
        modality="MR",
        patient_id="pair",
        study_date=dt.date(2026, 5, 2),
        frame_id=make_uid(1, "frame"),
        seed=1,
    )


@spoiled("hospital", "ct")
def series_that_is_not_in_the_folder(j: Any) -> None:
    j.edit("modality: CT}", "modality: CT, series: 1.2.3.4}")


@spoiled("hospital", "ct", "missing")
def many_slices_missing(j: Any) -> None:
    for number in range(15, 22):
        (j.imaging / "ct" / f"{number:04d}.dcm").unlink()


@spoiled("hospital", "ct", "twice")
def slice_twice_with_different_content(j: Any) -> None:
    image = pydicom.dcmread(j.imaging / "ct" / "0020.dcm")
    image.SOPInstanceUID = make_uid(9, "copy")
    image.PixelData = bytes(len(image.PixelData))
    image.save_as(j.imaging / "ct" / "copy.dcm")


def _each_slice(j: Any, change: Callable[[Any, int], object]) -> None:
    for number, path in enumerate(sorted((j.imaging / "ct").iterdir())):
        image = pydicom.dcmread(path)
        change(image, number)
        image.save_as(path)


@spoiled("hospital", "ct")
def slices_without_a_position(j: Any) -> None:
    _each_slice(j, lambda image, _: delattr(image, "ImagePositionPatient"))


@spoiled("hospital", "ct")
def slices_without_an_orientation(j: Any) -> None:
    _each_slice(j, lambda image, _: delattr(image, "ImageOrientationPatient"))


@spoiled("hospital", "ct")
def slices_turned_half_way_through(j: Any) -> None:
    turned = [0, 1, 0, 1, 0, 0]
    _each_slice(j, lambda image, n: setattr(image, "ImageOrientationPatient", turned) if n > 20 else None)


@spoiled("hospital", "ct", "Hounsfield")
def ct_without_hounsfield_units(j: Any) -> None:
    _each_slice(j, lambda image, _: delattr(image, "RescaleSlope"))


@spoiled("hospital", "ct", "single slice")
def series_of_one_slice(j: Any) -> None:
    for path in sorted((j.imaging / "ct").iterdir())[1:]:
        path.unlink()


@pytest.mark.parametrize(("template", "spoil", "file", "words"), SPOILED)
def test_spoiled_scan_is_told_and_nothing_stored_is_lost(
    template: str, spoil: Spoil, file: str, words: tuple[str, ...], journey: Callable[[str], Any]
) -> None:
    j = journey(template)
    spoil(j)
    j.assert_told(file, *words)
