"""Fixtures of the evidence room's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_EVIDENCE = Path(__file__).resolve().parents[3] / "shared" / "evidence"


@pytest.fixture(scope="session")
def shared_evidence() -> Path:
    """The evidence texts that the tables were made from; skips where they are absent."""
    if not SHARED_EVIDENCE.is_dir():
        pytest.skip("the evidence texts are not beside the repository")
    return SHARED_EVIDENCE
