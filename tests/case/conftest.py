"""A sound case folder, and ways to spoil it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from separatrix.case import Case, read_case
from separatrix.core import Fault, InputError

TODAY = dt.date(2026, 6, 1)

SOUND = """\
format: 1
id: pair-7
title: Two girls
born: 2026-02-14
gestation_weeks: 36
twins:
  A: {sex: female, weight_kg: 8.1, haematocrit: 0.34}
  B: {sex: female, weight_kg: 7.8, haematocrit: 0.35}
imaging:
  images:
    t1: {path: imaging/t1.nii.gz, modality: MR, date: 2026-04-01}
    ct: {path: imaging/ct, modality: CT}
  labels:
    path: imaging/labels.nii.gz
    structures: {1: intracranial, 2: skull, 3: scalp, 4: artery@A, 5: vein@shared}
  landmarks: imaging/landmarks.mrk.json
  reference: ct
  grid_mm: 1.0
anatomy:
  stone_goodrich: TV-II
  shared_sinus: true
  crossings: 12
  defects_cm2: {A: {scalp: 90}, B: {scalp: 85}}
suitability:
  heart.A: {answer: met, by: cardiologist, on: 2026-05-02}
decision:
  choice: {A: wait, B: wait}
  by: [surgeon]
  on: 2026-05-10
protocol: separation
operations: auto
observations:
  - {vessel: bridge-3, direction: to A, flow_ml_per_min: 12, date: 2026-04-20, method: angiography}
assumptions: {}
"""


def write_case(folder: Path, text: str | bytes = SOUND) -> Path:
    """A case folder whose named files are there (and hold nothing of use)."""
    (folder / "imaging" / "ct").mkdir(parents=True, exist_ok=True)
    for name in ("t1.nii.gz", "labels.nii.gz", "landmarks.mrk.json", "ct/slice-1.dcm"):
        (folder / "imaging" / name).write_bytes(b"x")
    (folder / "case.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


@pytest.fixture
def sound_text() -> str:
    return SOUND


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_case(tmp_path / "case")


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str | bytes], Case]:
    """Read a case whose files are there and whose ``case.yaml`` holds the text."""
    return lambda text: read_case(write_case(tmp_path / "case", text), today=TODAY)


@pytest.fixture
def faults(read: Callable[[str | bytes], Case]) -> Callable[[str | bytes], tuple[Fault, ...]]:
    """The faults that reading the text tells; fails if it tells none."""

    def told(text: str | bytes) -> tuple[Fault, ...]:
        with pytest.raises(InputError) as error:
            read(text)
        return error.value.faults

    return told
