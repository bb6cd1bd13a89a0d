"""Fixtures that the whole suite shares."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from separatrix.core.runtime import settle_compiled_cache

settle_compiled_cache()  # before any test module imports numba

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Reference data beside the repository; absent in a bare clone."""

SMALL_GRID_MM = 2.5
"""Grid of the small pair: everything is there, and a whole plan takes seconds."""


SHORT_PROTOCOL = """\
format: 1
id: parting
title: A short parting
patients: [A, B]
skills:
  surgeon: {title: Surgeon}
  anaesthetist: {title: Anaesthetist}
phases:
  - {id: all, title: All of it}
rooms:
  - {id: theatre_1, title: Theatre 1}
activities:
  - id: airway
    title: Induction and airway
    for_each: patient
    phase: all
    room: [theatre_1]
    needs: [{skill: anaesthetist, team: same}]
    duration: {evidence: "procedure.induction.airway_{patient}"}
  - id: last_cut
    title: Last cut
    phase: all
    room: [theatre_1]
    needs: [{skill: surgeon}]
    duration: {low_min: 15, mode_min: 30, high_min: 60, note: for a test}
    after: [airway]
    marks: [separation]
  - id: parted
    title: Both anaesthetists confirm
    phase: all
    needs: [{skill: anaesthetist, count: 2}]
    duration: {low_min: 1, mode_min: 2, high_min: 5, note: for a test}
    after: [last_cut]
    marks: [circulations_part]
roster:
  - {id: S1, name: Surgeon 1, skills: {surgeon: 3}}
  - {id: AA, name: Anaesthetist A, skills: {anaesthetist: 3}, team: A}
  - {id: AB, name: Anaesthetist B, skills: {anaesthetist: 3}, team: B}
"""
"""A protocol that is planned in a moment: what a journey is about is often not the script."""


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The reference data beside the repository; skips where they are absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the reference data are not beside the repository")
    return SHARED_DATA


@pytest.fixture(scope="session")
def small_case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case folder with a small demonstration pair, its truth and a short protocol; read only."""
    from separatrix.body.phantom import PairOptions, make_pair, write_pair

    folder = tmp_path_factory.mktemp("small") / "case"
    write_pair(make_pair(PairOptions(seed=11, grid_mm=SMALL_GRID_MM)), folder)
    text = (folder / "case.yaml").read_text()
    (folder / "case.yaml").write_text(text.replace("protocol: separation", "protocol: protocol.yaml"))
    (folder / "protocol.yaml").write_text(SHORT_PROTOCOL)
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; skips where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
