import errno
import os
import subprocess
import sys

import pytest

from separatrix.core import StorageError
from separatrix.core.storage import (
    COMMIT_MARK,
    disk_faults,
    fresh_folder,
    read_json,
    recover,
    sole_writer,
    swap_in,
    to_json,
    write_atomic,
)


def test_swapped_in_folder_holds_the_new_files_and_the_mark(tmp_path):
    for text in ("first", "second"):
        folder = fresh_folder(tmp_path, "anatomy")
        (folder / "result.json").write_text(text)
        swap_in(folder, tmp_path / "anatomy", {"text": text})
    assert (tmp_path / "anatomy" / "result.json").read_text() == "second"
    assert read_json(tmp_path / "anatomy" / COMMIT_MARK) == {"text": "second"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["anatomy"]


def test_killed_between_the_renames_the_old_result_comes_back(tmp_path):
    (tmp_path / ".old-anatomy").mkdir()
    (tmp_path / ".old-anatomy" / "result.json").write_text("old")
    (tmp_path / ".tmp-anatomy").mkdir()
    recover(tmp_path)
    assert (tmp_path / "anatomy" / "result.json").read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["anatomy"]


def test_killed_after_the_renames_the_new_result_stays(tmp_path):
    for name, text in ((".old-anatomy", "old"), ("anatomy", "new")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "result.json").write_text(text)
    recover(tmp_path)
    assert (tmp_path / "anatomy" / "result.json").read_text() == "new"
    assert not (tmp_path / ".old-anatomy").exists()


@pytest.mark.parametrize("killed", [False, True])
def test_runs_beside_a_result_outlive_it(tmp_path, killed):
    (tmp_path / "rehearsal" / "runs" / "1-1000").mkdir(parents=True)
    (tmp_path / "rehearsal" / "runs" / "1-1000" / "result.json").write_text("run")
    if killed:  # after the renames, before the old one was dropped
        (tmp_path / "rehearsal").rename(tmp_path / ".old-rehearsal")
        (tmp_path / "rehearsal").mkdir()
        recover(tmp_path)
    else:
        swap_in(fresh_folder(tmp_path, "rehearsal"), tmp_path / "rehearsal", {})
    assert (tmp_path / "rehearsal" / "runs" / "1-1000" / "result.json").read_text() == "run"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["rehearsal"]


def test_half_written_file_never_has_its_final_name(tmp_path, monkeypatch):
    target = tmp_path / "run.json"
    write_atomic(target, "old")

    def full_disk(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(StorageError, match="No space left"):
        write_atomic(target, "new")
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]


def test_second_writer_is_told_and_the_first_goes_on(tmp_path):
    script = (
        "from pathlib import Path\n"
        "from separatrix.core.storage import sole_writer\n"
        f"with sole_writer(Path({str(tmp_path)!r})): print('inside')\n"
    )
    with sole_writer(tmp_path):
        second = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert "inside" not in second.stdout
        assert f"another plan of this case is running (process {os.getpid()})" in second.stderr
    third = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert third.stdout == "inside\n"


def test_nan_is_never_stored():
    with pytest.raises(ValueError, match="JSON"):
        to_json({"angle": float("nan")})


def test_damaged_json_is_told_with_its_file(tmp_path):
    (tmp_path / "result.json").write_text('{"format": 1,')
    with pytest.raises(StorageError, match=r"result\.json.*--force"):
        read_json(tmp_path / "result.json")


def test_full_disk_behind_a_library_error_is_told_as_the_disk(tmp_path):
    hidden = OSError("With tag (7FE0,0010) got exception")
    hidden.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(StorageError, match="No space left"), disk_faults(tmp_path):
        raise hidden


def test_missing_file_is_not_blamed_on_the_disk(tmp_path):
    with pytest.raises(FileNotFoundError), disk_faults(tmp_path):
        (tmp_path / "gone").read_bytes()
