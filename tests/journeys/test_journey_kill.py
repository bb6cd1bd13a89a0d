"""A plan killed at any moment: the next run completes, and equals an undisturbed run byte for byte."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from separatrix.core.provenance import sha256_file

COMMAND = [sys.executable, "-m", "separatrix.cli", "plan", "--quiet"]


def start(case, *options):
    return subprocess.Popen(
        [*COMMAND, *options, str(case)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finished(case, *options):
    process = start(case, *options)
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    return contents(case)


def contents(case):
    plan = case / "plan"
    return {
        p.relative_to(plan).as_posix(): sha256_file(p)
        for p in sorted(plan.rglob("*"))
        if p.is_file() and p.name not in ("run.json", ".lock")
    }


@pytest.fixture(scope="module")
def undisturbed(small_case, tmp_path_factory):
    case = tmp_path_factory.mktemp("undisturbed") / "case"
    shutil.copytree(small_case, case)
    began = time.monotonic()
    files = finished(case)
    return case, files, time.monotonic() - began


def killed_and_resumed(undisturbed, folder, moments):
    """What stands in the plan's folder after all kills and one whole run."""
    original, _, seconds = undisturbed
    case = folder / "case"
    shutil.copytree(original, case, ignore=shutil.ignore_patterns("plan"))
    for moment in moments:
        process = start(case)
        time.sleep(moment * seconds)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        for mark in (case / "plan").glob("*/provenance.json"):  # whatever has its name is whole
            listed = json.loads(mark.read_text())["files"]
            assert {n: sha256_file(mark.parent / n) for n in listed} == listed
    return finished(case)


def test_three_kills_leave_no_trace(undisturbed, tmp_path):
    draw = random.Random(20261121)
    moments = [draw.uniform(0.1, 0.95) for _ in range(3)]
    assert killed_and_resumed(undisturbed, tmp_path, moments) == undisturbed[1]


@pytest.mark.long
def test_twenty_kills_leave_no_trace(undisturbed, tmp_path):
    draw = random.Random(7)
    moments = [draw.uniform(0.02, 1.0) for _ in range(20)]
    assert killed_and_resumed(undisturbed, tmp_path, moments) == undisturbed[1]


def test_one_and_two_threads_give_the_same_bytes(undisturbed, tmp_path):
    original, expected, _ = undisturbed
    case = tmp_path / "case"
    shutil.copytree(original, case, ignore=shutil.ignore_patterns("plan"))
    assert finished(case, "--threads", "1") == expected
    assert finished(case, "--threads", "2", "--force") == expected


def test_second_plan_of_a_case_is_told_and_mixes_nothing(undisturbed, tmp_path):
    original, expected, _ = undisturbed
    case = tmp_path / "case"
    shutil.copytree(original, case, ignore=shutil.ignore_patterns("plan"))
    first = start(case)
    while not (case / "plan" / ".tmp-imaging").exists() and first.poll() is None:
        time.sleep(0.02)
    second = start(case)
    _, told = second.communicate(timeout=120)
    assert second.returncode == 2
    assert "another plan of this case is running" in told
    first.communicate(timeout=600)
    assert first.returncode == 0
    assert contents(case) == expected


def test_unchanged_case_is_kept_and_a_damaged_result_is_made_anew(undisturbed):
    case, expected, _ = undisturbed
    (case / "plan" / "surface" / "result.json").write_text("{}")
    assert finished(case) == expected
    before = {
        p: p.stat().st_mtime_ns for p in (case / "plan").rglob("*") if p.is_file() and p.name != "run.json"
    }
    assert finished(case) == expected
    after = {p: p.stat().st_mtime_ns for p in before}
    assert {p.name for p in before if before[p] != after[p]} <= {".lock"}
