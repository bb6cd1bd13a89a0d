"""Starting a case: it reads cleanly at once, and nothing is ever overwritten."""

from __future__ import annotations

import datetime as dt
import os
import re
from pathlib import Path

import pytest

from separatrix.case import EXAMPLE_BIRTH, case_schema, new_case, read_case
from separatrix.case.schema import SCHEMA_NAME
from separatrix.core import InputError, StorageError
from separatrix.core.storage import read_json


def test_new_case_reads_cleanly_before_anything_is_filled_in(tmp_path: Path) -> None:
    folder = new_case(tmp_path / "anna-berta")
    case = read_case(folder, today=dt.date(2026, 6, 1))
    assert case.file.id == "anna-berta"
    assert case.file.born == EXAMPLE_BIRTH
    assert case.file.imaging is None
    assert case.file.decision.is_empty
    assert (folder / "imaging").is_dir()


def test_new_case_names_its_schema_in_the_first_line_and_brings_it(tmp_path: Path) -> None:
    folder = new_case(tmp_path / "case")
    first = (folder / "case.yaml").read_text().splitlines()[0]
    assert first == f"# yaml-language-server: $schema={SCHEMA_NAME}"
    assert read_json(folder / SCHEMA_NAME) == case_schema()


def test_every_block_of_the_new_case_reads_once_its_marks_are_deleted(tmp_path: Path) -> None:
    folder = new_case(tmp_path / "case")
    path = folder / "case.yaml"
    text = path.read_text()
    # `# key:` and `#   key:` are lines to use, `# Words` are words.
    text = re.sub(r"^# (?=[a-z_ ]+[a-z_.A]*:| +[a-z])", "", text, flags=re.MULTILINE)
    text = text.replace("observations: []\n# ", "observations:\n ").replace(
        "observations: []\n#", "observations:\n"
    )
    assert "\nimaging:\n" in text
    assert "\n  - {vessel" in text
    for name in ("t1.nii.gz", "labels.seg.nrrd", "landmarks.mrk.json", "ct/slice.dcm"):
        target = folder / "imaging" / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(b"x")
    path.write_text(text.replace("born: 2000-01-01", "born: 2026-02-14"))
    case = read_case(folder, today=dt.date(2026, 6, 1))
    assert case.file.imaging is not None
    assert case.file.imaging.landmarks == "imaging/landmarks.mrk.json"
    assert case.file.anatomy is not None
    assert case.file.anatomy.crossings == 12
    assert case.file.suitability["heart.A"].answer == "met"
    assert case.file.decision.choice == {"A": "wait", "B": "wait"}
    assert case.file.observations[0].vessel == "bridge-3"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("my case", "my-case"),
        ("2026", "2026"),
        ("Zwillinge äöü", "Zwillinge"),
        ("_", "my-case"),
        ("true", "true"),
    ],
)
def test_folder_name_becomes_a_sound_id(name: str, expected: str, tmp_path: Path) -> None:
    assert read_case(new_case(tmp_path / name)).file.id == expected


def test_existing_case_is_left_as_it_is(tmp_path: Path) -> None:
    folder = new_case(tmp_path / "case")
    (folder / "case.yaml").write_text("mine")
    with pytest.raises(InputError, match="there already"):
        new_case(folder)
    assert (folder / "case.yaml").read_text() == "mine"


def test_existing_scans_are_left_as_they_are(tmp_path: Path) -> None:
    scan = tmp_path / "case" / "imaging" / "t1.nii.gz"
    scan.parent.mkdir(parents=True)
    scan.write_bytes(b"scan")
    new_case(tmp_path / "case")
    assert scan.read_bytes() == b"scan"


def test_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "case").write_text("x")
    with pytest.raises(InputError, match="cannot be made"):
        new_case(tmp_path / "case")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_folder_without_the_right_to_write_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises((InputError, StorageError)):
        new_case(tmp_path / "case")
