"""Fixtures that the whole suite shares."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Reference data beside the repository; absent in a bare clone."""

SMALL_GRID_MM = 2.5
"""Grid of the small pair: everything is there, and a whole plan takes seconds."""


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The reference data beside the repository; skips where they are absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the reference data are not beside the repository")
    return SHARED_DATA


@pytest.fixture(scope="session")
def small_case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case folder with a small demonstration pair and its truth; read only."""
    from separatrix.body.phantom import PairOptions, make_pair, write_pair

    folder = tmp_path_factory.mktemp("small") / "case"
    write_pair(make_pair(PairOptions(seed=11, grid_mm=SMALL_GRID_MM)), folder)
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; skips where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
