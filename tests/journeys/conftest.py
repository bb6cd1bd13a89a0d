"""A tiny pair of heads, small enough that each journey with a spoiled file takes a moment."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import Result
from typer.testing import CliRunner

from separatrix.body.imaging import (
    Landmark,
    make_uid,
    write_dicom_series,
    write_landmarks,
    write_segmentation,
    write_volume,
)
from separatrix.core import Grid, Twin, Volume, generator

GRID = Grid(shape=(46, 38, 36), spacing_mm=(5.0, 5.0, 5.0), origin_mm=(-60.0, -50.0, -110.0))
"""Coarse, and off the scanner's centre, so that a mirrored position falls into the air."""

CENTRES = {Twin.A: np.array([30.0, 40.0, -38.0]), Twin.B: np.array([30.0, 40.0, 38.0])}
"""A stands upright below, B on the crown above, facing the other way."""

RADII = np.array([60.0, 68.0, 62.0])

LABELS = {"intracranial": 1, "skull": 2, "scalp": 3, "artery": 4, "vein": 5}

STORED_BEFORE = dict.fromkeys(
    ("anatomy/result.json", "dossier.html"), hashlib.sha256(b"stored before").hexdigest()
)
"""Stored results that each journey begins with."""

_FACING = {Twin.A: -1.0, Twin.B: 1.0}
_UP = {Twin.A: 1.0, Twin.B: -1.0}

NIFTI_CASE = """\
format: 1
id: tiny
born: 2026-02-14
imaging:
  images:
    ct: {path: imaging/ct.nii.gz, modality: CT, date: 2026-05-02}
  labels:
    path: imaging/labels.nii.gz
    structures: {1: intracranial, 2: skull, 3: scalp, 4: artery, 5: vein}
  landmarks: imaging/landmarks.mrk.json
  grid_mm: 5
protocol: separation
"""

HOSPITAL_CASE = """\
format: 1
id: tiny
born: 2026-02-14
imaging:
  images:
    ct: {path: imaging/ct, modality: CT}
  labels: {path: imaging/labels.seg.nrrd}
  landmarks: imaging/landmarks.mrk.json
  grid_mm: 5
"""


def tiny_landmarks() -> dict[Twin, dict[Landmark, npt.NDArray[np.float64]]]:
    """Four points of each head, LPS mm; both children's left is +x."""
    found = {}
    for twin, centre in CENTRES.items():
        front, up = _FACING[twin], _UP[twin]
        offsets = {
            Landmark.LEFT_TRAGION: (58.0, 0.0, 0.0),
            Landmark.RIGHT_TRAGION: (-58.0, 0.0, 0.0),
            Landmark.LEFT_ORBITALE: (25.0, 62.0 * front, 0.0),
            Landmark.NASION: (0.0, 64.0 * front, 20.0 * up),
        }
        found[twin] = {mark: centre + np.array(offset) for mark, offset in offsets.items()}
    return found


def tiny_volumes() -> dict[str, Volume]:
    """CT and labels of two ellipsoid heads joined at the crown."""
    points = GRID.index_to_mm(np.moveaxis(np.indices(GRID.shape), 0, -1))
    deep = np.min([np.linalg.norm((points - c) / RADII, axis=-1) for c in CENTRES.values()], axis=0)
    labels = np.zeros(GRID.shape, np.uint8)
    for outer, value in ((1.0, 3), (0.93, 2), (0.85, 1)):
        labels[deep < outer] = value
    middle = points - [30.0, 40.0, 0.0]
    around = np.hypot(middle[..., 0], middle[..., 1])
    labels[(np.abs(middle[..., 2]) < 3) & (np.abs(around - 26) < 4) & (labels == 1)] = 5
    labels[(np.abs(middle[..., 0]) < 3) & (np.abs(middle[..., 1]) < 3) & (labels == 1)] = 4
    noise = generator(1, "tiny").normal(size=GRID.shape)
    hounsfield = np.array([-1000, 35, 900, 20, 300, 280])[labels] + 10 * noise
    return {
        "ct": Volume(hounsfield.astype(np.int16), GRID),
        "labels": Volume(labels, GRID),
    }


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One case with NIfTI files, one as a hospital sends it (DICOM, 3D Slicer); read only."""
    volumes = tiny_volumes()
    nifti = tmp_path_factory.mktemp("tiny") / "nifti"
    hospital = nifti.with_name("hospital")
    for folder, text in ((nifti, NIFTI_CASE), (hospital, HOSPITAL_CASE)):
        (folder / "imaging").mkdir(parents=True)
        (folder / "case.yaml").write_text(text)
        write_landmarks(folder / "imaging" / "landmarks.mrk.json", tiny_landmarks())
    for name, volume in volumes.items():
        write_volume(volume, nifti / "imaging" / f"{name}.nii.gz", threads=1)
    write_dicom_series(
        volumes["ct"],
        hospital / "imaging" / "ct",
        modality="CT",
        patient_id="pair",
        study_date=dt.date(2026, 5, 2),
        frame_id=make_uid(1, "frame"),
        seed=1,
    )
    labels = volumes["labels"]
    masks = {name: labels.like((labels.array == value).astype(np.uint8)) for name, value in LABELS.items()}
    write_segmentation(hospital / "imaging" / "labels.seg.nrrd", masks, threads=1)
    return {"nifti": nifti, "hospital": hospital}


@dataclass(frozen=True)
class Journey:
    """A case folder in which something may be spoiled, and the command line on it."""

    case: Path

    @property
    def imaging(self) -> Path:
        return self.case / "imaging"

    @property
    def labels(self) -> Volume:
        return tiny_volumes()["labels"]

    @property
    def ct(self) -> Volume:
        return tiny_volumes()["ct"]

    def edit(self, right: str, wrong: str) -> None:
        """Replace a text in ``case.yaml``."""
        path = self.case / "case.yaml"
        text = path.read_text()
        assert right in text
        path.write_text(text.replace(right, wrong, 1))

    def run(self, *arguments: str) -> Result:
        """Run ``separatrix`` in this process."""
        from separatrix.cli.app import app

        return CliRunner().invoke(app, [*arguments])

    def cut_in_the_middle(self, name: str) -> None:
        """Leave only the first half of a file of the imaging folder."""
        path = self.imaging / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    def assert_told(self, file: str, *words: str) -> None:
        """Both check and plan name the file, say the words, end with 2, and lose nothing stored."""
        for command in ("check", "plan"):
            result = self.run(command, str(self.case))
            assert result.exit_code == 2, result.output
            assert isinstance(result.exception, SystemExit)
            assert "Traceback" not in result.output
            assert file in result.output
            for word in words:
                assert word in result.output, result.output
            assert "To mend:" in result.output or "expected" in result.output, result.output
            # A station before the one that tells the fault may have ended well; nothing else may change.
            assert STORED_BEFORE.items() <= self.stored().items()
            assert {name.split("/")[0] for name in self.stored()} <= {"anatomy", "dossier.html", "imaging"}

    def stored(self) -> dict[str, str]:
        """What stands under ``plan/``, by name, but for what a running plan leaves to the next."""
        plan = self.case / "plan"
        return {
            path.relative_to(plan).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(plan.rglob("*"))
            if path.is_file() and not path.relative_to(plan).parts[0].startswith((".tmp-", ".lock"))
        }


@pytest.fixture
def journey(templates: dict[str, Path], tmp_path: Path) -> Callable[[str], Journey]:
    """A fresh copy of a template, with stored results in it that no fault may touch."""

    def fresh(kind: str) -> Journey:
        case = tmp_path / "case"
        shutil.copytree(templates[kind], case)
        (case / "plan" / "anatomy").mkdir(parents=True)
        for name in STORED_BEFORE:
            (case / "plan" / name).write_text("stored before")
        return Journey(case)

    return fresh
