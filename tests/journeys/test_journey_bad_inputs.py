"""Foolish case files and commands on the command line: a clear message, exit 2, nothing stored lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FOOLISH = [
    # (line as it should be, line as it is, words of the message)
    ("format: 1", "format: 2", ["reads format 1"]),
    ("born: 2026-02-14", "\tborn: 2026-02-14", ["case.yaml:3", "tab"]),
    ("born: 2026-02-14", "borm: 2026-02-14", ["unknown key 'borm'", "did you mean 'born'"]),
    ("born: 2026-02-14", "born: 2026-02-14\nborn: 2026-02-15", ["case.yaml:4", "stands twice"]),
    ("born: 2026-02-14", "born: 14.2.2026", ["write 2026-02-14"]),
    ("born: 2026-02-14", "expected_birth: 2026-02-14\nborn: 2026-02-14", ["both born and expected_birth"]),
    ("id: tiny", "id: [tiny", ["not closed"]),
    ("id: tiny", "id: !!python/name:os.system tiny", ["tag"]),
    ("id: tiny", "id: *tiny", ["refers to nothing"]),
    (
        "path: imaging/ct.nii.gz",
        "path: ../ct.nii.gz",
        ["imaging.images.ct.path", "leads out of the case folder"],
    ),
    ("path: imaging/ct.nii.gz", "path: /etc/passwd", ["absolute path"]),
    ("path: imaging/ct.nii.gz", "path: imaging/CT.nii.gz", ["not there", "did you mean 'ct.nii.gz'"]),
    ("path: imaging/ct.nii.gz", "path: plan/imaging/result.json", ["the program makes"]),
    ("modality: CT", "modality: CTX", ["expected MR or CT"]),
    ("2: skull", "2: skul", ["did you mean 'skull'"]),
    ("2: skull", "2: skull@C", ["A, B or shared"]),
    ("  grid_mm: 5", "  grid_mm: 0.005", ["metres"]),
    ("  grid_mm: 5", "  reference: pet", ["no image"]),
    ("protocol: separation", "protocol: seperation", ["did you mean 'separation'"]),
    ("protocol: separation", "twins: {A: {weight_kg: 8100}}", ["grams: write 8.1"]),
    ("protocol: separation", "twins: {A: {haematocrit: 34}}", ["per cent: write 0.34"]),
    (
        "protocol: separation",
        "suitability: {heart.A: {answer: yes, by: x, on: 2026-05-01}}",
        ["met, not met"],
    ),
    (
        "protocol: separation",
        "assumptions: {anatomy.tragion_distanc.low: 60}",
        ["anatomy.tragion_distance.low"],
    ),
    ("protocol: separation", "assumptions: {anatomy.tragion_distance.low: wide}", ["wide", "number"]),
    ("protocol: separation", "assumptions: {anatomy.tragion_distance.low: 9999}", ["9999"]),
    ("protocol: separation", "anatomy: {site: elbow}", ["anatomy.site", "elbow"]),
]


@pytest.mark.parametrize(("right", "wrong", "words"), FOOLISH, ids=[f[1] for f in FOOLISH])
def test_foolish_case_file_is_told_and_nothing_stored_is_lost(
    right: str, wrong: str, words: list[str], journey: Callable[[str], Any]
) -> None:
    j = journey("nifti")
    stored = j.stored()
    j.edit(right, wrong)
    result = j.run("check", str(j.case))
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    for word in ("case.yaml", *words):
        assert word in result.output, result.output
    assert j.stored() == stored


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
        "a: " + "[" * 50_000,
        "x" * 1_100_000,
        "",
        "- a list\n",
        "\0\1\2",
    ],
    ids=["nine to the twelfth references", "fifty thousand brackets", "1.1 MB", "empty", "list", "bytes"],
)
@pytest.mark.parametrize("command", ["check", "plan"])
def test_case_file_made_to_choke_the_reader_is_told(
    text: str, command: str, journey: Callable[[str], Any]
) -> None:
    j = journey("nifti")
    stored = j.stored()
    (j.case / "case.yaml").write_text(text)
    result = j.run(command, str(j.case))
    assert result.exit_code == 2
    assert "case.yaml" in result.output
    assert "Traceback" not in result.output
    assert j.stored() == stored


def test_link_out_of_the_case_is_refused(journey: Callable[[str], Any], tmp_path: Path) -> None:
    j = journey("nifti")
    scan = j.imaging / "ct.nii.gz"
    scan.rename(tmp_path / "outside.nii.gz")
    scan.symlink_to(tmp_path / "outside.nii.gz")
    result = j.run("plan", str(j.case))
    assert result.exit_code == 2
    assert "through a symbolic link" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "{}/gone"], ["there is no such folder", "separatrix new"]),
        (["plan", "{}/gone"], ["there is no such folder"]),
        (["check", "{}"], ["case.yaml", "separatrix new"]),
        (["check", "{}/case/case.yaml"], ["give its folder"]),
        (["new", "{}/case"], ["there already"]),
        (["plan", "{}/case", "--until", "anatomie"], ["--until", "did you mean 'anatomy'"]),
        (["plan", "{}/case", "--from", "nowhere"], ["--from", "nowhere"]),
        (["plan", "{}/case", "--from", "dossier", "--until", "imaging"], ["--from", "comes after"]),
        (["demo", "/proc/demo"], ["/proc/.tmp-demo", "cannot be made"]),
        (["plan", "{}/case", "--seed", "-1"], ["--seed"]),
        (["plan", "{}/case", "--threads", "0"], ["--threads"]),
        (["explain", "anatomy.tragion_distanc.low"], ["did you mean", "anatomy.tragion_distance.low"]),
        (["evidence", "list", "--mark", "Q"], ["--mark"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_foolish_command_is_told(
    arguments: list[str], words: list[str], journey: Callable[[str], Any], tmp_path: Path
) -> None:
    j = journey("nifti")
    stored = j.stored()
    result = j.run(*(argument.format(tmp_path) for argument in arguments))
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    for word in words:
        assert word in result.output, result.output
    assert j.stored() == stored


def test_faults_in_json_hold_what_the_text_holds(journey: Callable[[str], Any]) -> None:
    j = journey("nifti")
    j.edit("modality: CT", "modality: CTX")
    result = j.run("check", "--json", str(j.case))
    assert result.exit_code == 2
    report = json.loads(result.stdout)
    assert report["exit_code"] == 2
    (fault,) = report["faults"]
    assert fault["field"] == "imaging.images.ct.modality"
    assert fault["line"] == 6
    assert fault["file"].endswith("case.yaml")
    assert fault["mend"] == "did you mean 'CT'?"


def test_new_case_passes_the_check_and_is_told_what_it_lacks(
    journey: Callable[[str], Any], tmp_path: Path
) -> None:
    j = journey("nifti")
    assert j.run("new", str(tmp_path / "fresh")).exit_code == 0
    result = j.run("check", str(tmp_path / "fresh"))
    assert result.exit_code == 0, result.output
    for lacking in ("imaging", "the example of a new case", "twins.A.weight_kg", "decision"):
        assert lacking in result.output


def _separatrix(*arguments: str | bytes, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "separatrix.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "COLUMNS": "200", **environment},
    )


def test_terminal_that_knows_only_ascii_and_a_folder_of_odd_bytes_are_told_all(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/caf\xe9-\x1b[31m"
    os.mkdir(folder)
    with open(folder + b"/case.yaml", "w") as stream:
        stream.write("format: 1\nid: x\nborn: 2026-02-14\ntitel: x\n")
    done = _separatrix("check", "--json", folder, PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert json.loads(done.stdout)["faults"][0]["field"] == "titel"
    assert "did you mean 'title'" in done.stderr
    assert "\x1b" not in done.stderr
    assert "Traceback" not in done.stderr


def test_separate_process_ends_with_two_and_speaks_on_stderr(journey: Callable[[str], Any]) -> None:
    j = journey("nifti")
    j.edit("2: skull", "2: skul")
    (j.imaging / "landmarks.mrk.json").unlink()
    done = _separatrix("check", str(j.case))
    assert done.returncode == 2
    assert done.stdout == ""
    assert "2 faults" in done.stderr
    assert "did you mean 'skull'" in done.stderr
    assert "landmarks.mrk.json' is not there" in done.stderr
    assert "Traceback" not in done.stderr
