"""Paths in a case: inside its folder, there, and of the right kind."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from separatrix.case import read_case
from separatrix.core import Fault, InputError


def _faults(folder: Path) -> tuple[Fault, ...]:
    with pytest.raises(InputError) as error:
        read_case(folder)
    return error.value.faults


def _with(folder: Path, right: str, wrong: str) -> tuple[Fault, ...]:
    path = folder / "case.yaml"
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong, 1))
    return _faults(folder)


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("../t1.nii.gz", "leads out of the case folder"),
        ("imaging/../../t1.nii.gz", "leads out of the case folder"),
        ("/etc/passwd", "absolute path"),
        ("~/scans/t1.nii.gz", "absolute path"),
        ("C:\\scans\\t1.nii.gz", "absolute path"),
        ("\\\\server\\t1.nii.gz", "absolute path"),
        ("imaging\\t1.nii.gz", "write / between folders: 'imaging/t1.nii.gz'"),
        ("https://pacs.example/t1.nii.gz", "address on a network"),
        ('""', "is no path"),
        ('"  "', "is no path"),
        (".", "the case folder itself"),
        ("imaging/..", "the case folder itself"),
        ("plan/imaging/labels.nii.gz", "which the program makes"),
        ("imaging/T1.nii.gz", "did you mean 't1.nii.gz'"),
        ("imagin/t1.nii.gz", "did you mean 'imaging'"),
        ("imaging/" + "x" * 300, "cannot be looked up"),
        ("imaging/t1.nii.gz/deeper", "not there"),
    ],
)
def test_path_that_is_not_a_scan_of_the_case_is_told(written: str, word: str, folder: Path) -> None:
    (fault,) = _with(folder, "path: imaging/t1.nii.gz", f"path: {written}")
    assert word in str(fault)
    assert (fault.field, fault.line) == ("imaging.images.t1.path", 11)


@pytest.mark.parametrize(
    ("right", "field"),
    [
        ("path: imaging/t1.nii.gz", "imaging.images.t1.path"),
        ("path: imaging/labels.nii.gz", "imaging.labels.path"),
        ("landmarks: imaging/landmarks.mrk.json", "imaging.landmarks"),
    ],
)
def test_every_path_is_looked_up(right: str, field: str, folder: Path) -> None:
    (fault,) = _with(folder, right, right.split(":")[0] + ": imaging/gone.nii.gz")
    assert fault.field == field
    assert "not there" in fault.problem


def test_a_vessel_graph_by_hand_is_looked_up(folder: Path) -> None:
    (fault,) = _with(folder, "protocol: separation", "vessels: {graph: grph.json}\nprotocol: separation")
    assert fault.field == "vessels.graph"
    (folder / "grph.json").write_text("{}")
    assert read_case(folder).file.vessels.graph == "grph.json"


def test_own_protocol_is_looked_up(folder: Path) -> None:
    (fault,) = _with(folder, "protocol: separation", "protocol: team/own.yaml")
    assert fault.field == "protocol"
    (folder / "own.yaml").write_text("x")
    text = (folder / "case.yaml").read_text().replace("team/own.yaml", "own.yaml")
    (folder / "case.yaml").write_text(text)
    assert read_case(folder).file.protocol == "own.yaml"


def test_link_out_of_the_case_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.nii.gz").write_bytes(b"x")
    (folder / "imaging" / "t1.nii.gz").unlink()
    (folder / "imaging" / "t1.nii.gz").symlink_to(tmp_path / "secret.nii.gz")
    (fault,) = _faults(folder)
    assert "through a symbolic link" in fault.problem


def test_link_inside_the_case_is_followed(folder: Path) -> None:
    (folder / "imaging" / "t1.nii.gz").rename(folder / "t1-original.nii.gz")
    (folder / "imaging" / "t1.nii.gz").symlink_to(folder / "t1-original.nii.gz")
    read_case(folder)


def test_case_folder_may_itself_be_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert read_case(tmp_path / "link").folder == folder.resolve()


def test_slice_that_leads_out_of_the_case_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other.dcm").write_bytes(b"x")
    (folder / "imaging" / "ct" / "slice-2.dcm").symlink_to(tmp_path / "other.dcm")
    (fault,) = _faults(folder)
    assert "slice-2.dcm" in fault.problem
    assert fault.field == "imaging.images.ct.path"


def _loop(folder: Path) -> None:
    path = folder / "imaging" / "t1.nii.gz"
    path.unlink()
    path.symlink_to(path)


def _pipe(folder: Path) -> None:
    path = folder / "imaging" / "t1.nii.gz"
    path.unlink()
    os.mkfifo(path)


def _pipe_among_slices(folder: Path) -> None:
    os.mkfifo(folder / "imaging" / "ct" / "pipe")


def _empty_file(folder: Path) -> None:
    (folder / "imaging" / "t1.nii.gz").write_bytes(b"")


def _empty_folder(folder: Path) -> None:
    (folder / "imaging" / "ct" / "slice-1.dcm").unlink()


def _landmarks_folder(folder: Path) -> None:
    path = folder / "imaging" / "landmarks.mrk.json"
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "field", "word"),
    [
        (_loop, "imaging.images.t1.path", "looked up"),
        (_pipe, "imaging.images.t1.path", "neither file nor folder"),
        (_pipe_among_slices, "imaging.images.ct.path", "neither file nor folder"),
        (_empty_file, "imaging.images.t1.path", "0 bytes"),
        (_empty_folder, "imaging.images.ct.path", "is empty"),
        (_landmarks_folder, "imaging.landmarks", "is a folder"),
    ],
)
def test_what_cannot_be_read_as_a_scan_is_told(
    spoil: Callable[[Path], None], field: str, word: str, folder: Path
) -> None:
    spoil(folder)
    (fault,) = _faults(folder)
    assert fault.field == field
    assert word in fault.problem


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_file_without_the_right_to_read_is_told(folder: Path) -> None:
    (folder / "imaging" / "t1.nii.gz").chmod(0)
    (fault,) = _faults(folder)
    assert "may not be read" in fault.problem


def test_label_map_without_names_for_its_values_is_told(folder: Path) -> None:
    right = "    structures: {1: intracranial, 2: skull, 3: scalp, 4: artery@A, 5: vein@shared}\n"
    (fault,) = _with(folder, right, "")
    assert fault.field == "imaging.labels.structures"
    assert "labels.nii.gz" in fault.problem


def test_slicer_segmentation_needs_no_names(folder: Path) -> None:
    text = (folder / "case.yaml").read_text()
    right = "    structures: {1: intracranial, 2: skull, 3: scalp, 4: artery@A, 5: vein@shared}\n"
    (folder / "imaging" / "labels.nii.gz").rename(folder / "imaging" / "labels.seg.nrrd")
    (folder / "case.yaml").write_text(text.replace(right, "").replace("labels.nii.gz", "labels.seg.nrrd"))
    read_case(folder)


def test_imaging_without_images_is_told(folder: Path) -> None:
    text = (folder / "case.yaml").read_text()
    begin, end = text.index("  images:"), text.index("  labels:")
    (folder / "case.yaml").write_text(
        text[:begin] + "  images: {}\n" + text[end:].replace("  reference: ct\n", "")
    )
    (fault,) = _faults(folder)
    assert fault.field == "imaging.images"
    assert "no image is named" in fault.problem
