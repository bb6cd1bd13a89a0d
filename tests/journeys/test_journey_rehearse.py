"""`separatrix rehearse`: runs and stories beside the plan of a small case, and every way to ask wrongly."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time

import pytest
from tests.conftest import SHORT_PROTOCOL
from typer.testing import CliRunner

from separatrix.cli.app import app
from separatrix.core.provenance import sha256_file
from separatrix.team.rehearsal.engine import space

CASE = "format: 1\nid: short\nborn: 2026-02-14\nprotocol: protocol.yaml\n"

BIRTH = """\
format: 1
id: short_birth
title: A short birth
patients: [A, B, mother]
skills:
  midwife: {title: Midwife}
  neonatologist: {title: Neonatologist}
phases:
  - {id: delivery, title: Delivery}
rooms:
  - {id: theatre_1, title: Theatre 1, places: 3}
activities:
  - id: born
    title: Both are born
    phase: delivery
    patients: [A, B, mother]
    room: [theatre_1]
    needs: [{skill: midwife}, {skill: neonatologist}]
    duration: {low_min: 15, mode_min: 30, high_min: 60, note: for a test}
roster:
  - {id: M1, name: Midwife 1, skills: {midwife: 3}}
  - {id: N1, name: Neonatologist 1, skills: {neonatologist: 3}}
"""


def run(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)])


def planned_case(folder, protocol, case=CASE):
    folder.mkdir()
    (folder / "case.yaml").write_text(case)
    (folder / "protocol.yaml").write_text(protocol)
    done = run("plan", folder, "--until", "choreography", "--quiet")
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """A planned case; read only."""
    return planned_case(tmp_path_factory.mktemp("rehearse") / "case", SHORT_PROTOCOL)


@pytest.fixture
def case(planned, tmp_path):
    return shutil.copytree(planned, tmp_path / "case")


def data_of(*arguments):
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def faults_of(*arguments):
    done = run(*arguments, "--json")
    assert done.exit_code == 2, done.output
    assert isinstance(done.exception, SystemExit)
    return json.loads(done.stdout)["faults"]


def test_a_run_is_the_same_for_any_threads_and_block_and_is_kept_beside_the_plan(case):
    one = data_of("rehearse", case, "-n", 200, "--threads", 1)
    first = (case / "plan/rehearsal/runs/1-200/result.json").read_bytes()
    two = data_of("rehearse", case, "-n", 200, "--threads", 2)
    assert one == two
    assert (case / "plan/rehearsal/runs/1-200/result.json").read_bytes() == first
    assert one["runs"] == 200
    assert 15 < one["separation_min"]["q50"] < one["end_min"]["q50"]
    assert data_of("rehearse", case, "-n", 200, "--seed", 2)["digest"] != one["digest"]
    said = run("rehearse", case, "-n", 20)
    assert "for relief and supplies, not a target" in said.stdout
    assert "limit of events" not in said.stdout


def test_a_rehearsal_is_told_the_same_each_time_with_its_files(case):
    told = run("rehearse", case, "--replay", 7)
    assert told.exit_code == 0, told.output
    assert "TWO CHILDREN" in told.stdout
    folder = case / "plan/rehearsal/runs/1-story-7"
    before = {path.name: sha256_file(path) for path in folder.iterdir()}
    assert {"story.txt", "story.html", "provenance.json"} <= set(before)
    assert run("rehearse", case, "--replay", 7).exit_code == 0
    assert {path.name: sha256_file(path) for path in folder.iterdir()} == before


def test_what_strikes_can_be_forced_into_one_of_them(case):
    told = data_of("rehearse", case, "--replay", 0, "--strike", "last_cut/asystole@A")
    assert "1-story-0-last_cut-asystole@A" in told["story"]
    (fault,) = faults_of("rehearse", case, "--replay", 0, "--strike", "last_cut/asystole")
    assert fault["expected"] == "there it strikes A or B"


@pytest.mark.parametrize(
    ("strike", "faults"),
    [
        ("", 2),
        ("/", 2),
        ("../../../etc/passwd", 2),
        ("last_cutt/vae_anyy@C", 3),
        ("last_cut/asystole@@A", 1),
        ("last_cut/../../x@A", 1),
        ("\x1b[31mlast\x00cut/[bold]x[/bold]@\n", 3),
        ("x" * 5000, 2),
    ],
)
def test_a_strike_that_is_none_is_told_with_all_that_is_wrong_and_writes_nothing(case, strike, faults):
    before = sorted(case.rglob("*"))
    told = faults_of("rehearse", case, "--replay", 0, "--strike", strike)
    assert [fault["field"] for fault in told] == ["--strike"] * faults
    assert all(len(fault["problem"]) < 100 and (fault["expected"] or fault["mend"]) for fault in told)
    assert "\x1b" not in run("rehearse", case, "--replay", 0, "--strike", strike).output
    assert sorted(case.rglob("*")) == before


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (("-n", 10**12), "-n"),
        (("-n", 2**30 + 1), "-n"),
        (("--replay", 2**63), "--replay"),
        (("--strike", "a/b"), "--strike"),
        (("--replay", 0, "--cluster", "local:2"), "--cluster"),
        (("--operation", 5), "--operation"),
        (("--operation", 5, "--replay", 0), "--operation"),
        (("--cluster", "nonsense"), "--cluster"),
        (("--cluster", "local:1000000"), "--cluster"),
    ],
)
def test_a_wrong_option_is_a_named_fault(case, options, field):
    (fault,) = faults_of("rehearse", case, *options)
    assert fault["field"] == field
    assert fault["expected"] or fault["mend"]


@pytest.mark.parametrize(
    "options",
    [
        *(("-n", 0), ("-n", -1), ("-n", "x"), ("--seed", 2**63), ("--seed", -1)),
        *(("--threads", 0), ("--operation", 0), ("--replay", -1)),
    ],
)
def test_a_number_out_of_range_ends_with_2_before_anything_is_read(tmp_path, options):
    done = run("rehearse", tmp_path / "nowhere", *options)
    assert done.exit_code == 2
    assert options[0] in done.output


def test_a_case_without_plan_of_another_version_or_changed_since_says_so(case):
    def problem():
        (fault,) = faults_of("rehearse", case, "-n", 5)
        assert "separatrix plan" in fault["mend"]
        return fault["problem"]

    mark = case / "plan/choreography/provenance.json"
    right = mark.read_text()
    for wrong in ("", "[]", '{"format": 1}'):
        mark.write_text(wrong)
        assert problem() == "has no script to rehearse"
    mark.write_text(right.replace(json.loads(right)["source_sha256"], "0" * 64))
    assert problem() == "was planned by another version of the program"
    mark.write_text(right)
    for name in ("result.json", "schedule.json"):
        path = mark.with_name(name)
        good = path.read_bytes()
        for bad in (b"", b"[]", b"\xff\x00", good[: len(good) // 2], good + b" "):
            path.write_bytes(bad)
            assert "changed since they were written" in problem()
        path.unlink()
        assert "changed since they were written" in problem()
        path.write_bytes(good)
    (case / "protocol.yaml").write_text(SHORT_PROTOCOL.replace("id: S1", "id: S9"))
    assert problem() == "changed since its script was planned (protocol file)"
    shutil.rmtree(case / "plan")
    assert problem() == "has no script to rehearse"


def test_numbers_that_cannot_be_rehearsed_are_told_at_their_lines_by_check_and_rehearse(case):
    wrong = (
        "assumptions:\n"
        "  rehearsal.arrival.free: {value: -5, why: a test}\n"
        "  rehearsal.body.tick_min: {value: 0, why: a test}\n"
        "  rehearsal.preemption: sometimes\n"
    )
    (case / "case.yaml").write_text(CASE + wrong)
    for command in (("check", case), ("rehearse", case, "-n", 5)):
        told = faults_of(*command)
        assert sorted(fault["line"] for fault in told) == [6, 7, 8]
        assert all(fault["file"].endswith("case.yaml") and fault["mend"] for fault in told)
    (case / "case.yaml").write_text(CASE + "assumptions: {complication.vae_any: 1.5}\n")
    (fault,) = faults_of("rehearse", case, "-n", 5)
    assert (fault["field"], fault["line"]) == ("assumptions.complication.vae_any", 5)


@pytest.mark.parametrize("points", [(50, 30, 60), (15, 70, 60), (70, 65, 60), (60, 60, 50)])
def test_points_of_a_duration_out_of_order_are_told_at_their_line(case, points):
    low, mode, high = points
    wrong = f"low_min: {low}, mode_min: {mode}, high_min: {high}"
    path = case / "protocol.yaml"
    path.write_text(SHORT_PROTOCOL.replace("low_min: 15, mode_min: 30, high_min: 60", wrong))
    (fault,) = faults_of("check", case)
    assert (fault["line"], fault["field"]) == (25, "activities[last_cut].duration")
    assert "low_min ≤ mode_min ≤ high_min" in fault["expected"]


def test_rehearsals_that_cannot_end_are_stopped_and_said(case, monkeypatch):
    monkeypatch.setattr(space, "_BASE_EVENTS", 2)
    monkeypatch.setattr(space, "_EVENTS_AN_ITEM", 0)
    done = run("rehearse", case, "-n", 20)
    assert done.exit_code == 0
    assert "20 of 20 were stopped by the limit of events" in done.stdout
    told = run("rehearse", case, "--replay", 0)
    assert told.exit_code == 0, told.output
    assert "STOPPED BY THE LIMIT OF EVENTS" in told.stdout
    page = (case / "plan/rehearsal/runs/1-story-0/story.html").read_text()
    assert "rehearsal was stopped by the limit of events" in page


def test_runs_and_stories_outlive_a_new_plan(case):
    run("rehearse", case, "-n", 20)
    run("rehearse", case, "--replay", 3)
    runs = case / "plan/rehearsal/runs"
    before = {path: sha256_file(path) for path in runs.rglob("*") if path.is_file()}
    assert len(before) > 5
    assert run("plan", case, "--until", "choreography", "--force", "--quiet").exit_code == 0
    assert {path: sha256_file(path) for path in before} == before


def test_places_that_cannot_be_written_are_named(case):
    runs = case / "plan/rehearsal/runs"
    runs.parent.mkdir(parents=True)
    runs.write_text("in the way")
    for options in (("-n", 5), ("--replay", 0)):
        (fault,) = faults_of("rehearse", case, *options)
        assert fault["file"] == str(runs)
    runs.unlink()
    runs.mkdir()
    (runs / "1-5").write_text("in the way")
    (fault,) = faults_of("rehearse", case, "-n", 5)
    assert fault["file"].endswith("1-5")


def test_what_a_killed_run_left_is_cleared_away(case):
    command = [sys.executable, "-m", "separatrix.cli", "rehearse", str(case), "-n", "100000000", "--quiet"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(2)
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=30)
    runs = case / "plan/rehearsal/runs"
    (runs / ".tmp-1-20").mkdir(parents=True, exist_ok=True)
    (runs / ".tmp-1-20" / "result.json").write_text("{")
    (runs / ".old-1-20").mkdir()
    data_of("rehearse", case, "-n", 20)
    assert sorted(path.name for path in runs.iterdir()) == [".lock", "1-20"]
    assert {path.name for path in (runs / "1-20").iterdir()} == {
        "distributions.csv",
        "provenance.json",
        "result.json",
    }


def test_a_birth_is_rehearsed_and_no_probability_is_printed(tmp_path):
    case = planned_case(
        tmp_path / "case", BIRTH, CASE.replace("born: 2026-02-14", "expected_birth: 2026-12-24")
    )
    done = run("rehearse", case, "-n", 50)
    assert done.exit_code == 0, done.output
    table = done.stdout.split("50 rehearsals")[0]
    assert "apart" not in table
    assert "end" in table
    assert "robab" not in done.stdout
    assert "risk" not in done.stdout
    told = run("rehearse", case, "--replay", 0)
    assert told.exit_code == 0, told.output
    assert "robab" not in told.stdout
    assert "TWO CHILDREN" not in told.stdout
