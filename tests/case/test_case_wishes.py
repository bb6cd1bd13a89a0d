from __future__ import annotations

from pathlib import Path

import pytest

from separatrix.case import Case, read_case
from separatrix.core import InputError

HEAD = "format: 1\nid: wishes\nborn: 2026-01-05\nvessels:\n  wishes:\n"


def _read(folder: Path, wishes: str) -> Case:
    (folder / "case.yaml").write_text(HEAD + wishes)
    return read_case(folder)


def test_each_kind_of_wish_is_read(tmp_path: Path) -> None:
    case = _read(
        tmp_path,
        "    - before: [XV01, XV02]\n"
        "    - never: XV03\n"
        "    - {to_A: n3, why: the larger vein}\n"
        "    - graft: {between: [n3, n9], radius_mm: 2, length_mm: 40}\n",
    )
    assert [w.kind for w in case.file.vessels.wishes] == ["before", "never", "to_A", "graft"]


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ("{never: X, to_A: Y}", "never and to_A at once"),
        ("{why: because}", "tells nothing"),
        ("{before: [X]}", "at least 2"),
        ("{graft: {between: [a, b], radius_mm: 0, length_mm: 3}}", "radius_mm"),
        ("{befor: [X, Y]}", "before"),
    ],
)
def test_a_wish_that_cannot_be_read_is_told_with_its_line(tmp_path: Path, wish: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        _read(tmp_path, f"    - {wish}\n")
    text = str(caught.value)
    assert told in text
    assert "case.yaml:6" in text
