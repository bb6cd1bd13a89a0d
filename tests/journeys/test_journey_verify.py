"""`separatrix verify`: from logs to a verdict and a page, or to faults that can be mended."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from tests.team.rehearsal.log_twin import small_logs
from typer.testing import CliRunner

from separatrix.cli.app import app
from separatrix.team.rehearsal.retrodiction import verify as module
from separatrix.team.rehearsal.retrodiction.moments import Moments
from separatrix.team.rehearsal.retrodiction.simulated import Model


def invented(_planned, *, n, seed, **_others):
    """A model with round moments, hours apart, in place of rehearsals that take minutes to compile."""
    factor = np.exp(0.3 * np.random.default_rng(seed).standard_normal(n))
    hours = {
        "in_room": 0,
        "start": 1,
        "asleep_first": 1,
        "lines_start": 1.5,
        "lines_done": 2.5,
        "incision": 4,
        "apart": 20,
        "reconstruction_start": 20.5,
        "first_out": 25,
        "end": 27,
    }
    played = {name: (60 * h * factor, 60 * h * factor) for name, h in hours.items()}
    plan = {name: (np.full(n, 60.0 * h), np.full(n, 60.0 * h)) for name, h in hours.items()}
    moments = Moments(played, plan)
    return Model(
        only=moments,
        last=moments,
        factor_ln_mean=-0.1,
        factor_ln_sd=0.2,
        phase_ln_sd=0.2,
        seed=seed,
        parted_share=1.0,
        text=("an invented model",),
    )


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "possible_scripts", lambda **_: None)
    monkeypatch.setattr(module, "simulate", invented)


def run(*options):
    return CliRunner().invoke(app, ["verify", *map(str, options)])


def test_logs_give_a_verdict_a_result_and_a_page(tmp_path, quick):
    done = run("--logs", small_logs(tmp_path / "logs"), "--out", tmp_path / "out", "-n", 500, "--json")
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    rows = {(row["case"], row["span"]): row for row in data["rows"]}
    whole = rows["XX02", "whole"]
    assert whole["observed"] == 1800
    assert whole["inside_80"] is True
    assert whole["used_for_tuning"] is False
    assert rows["XX04", "whole"]["because"].startswith("another union")
    assert rows["XX04", "whole"]["q50"] is None
    assert rows["XX06", "whole"]["because"].startswith("no separation of twins")
    assert data["source"] == "logs"
    assert [other["name"] for other in data["beside"]] == [
        "as it is",
        "without repeats",
        "shifts by the clock",
        "independent",
        "over the ranges",
    ]
    assert json.loads((tmp_path / "out" / "result.json").read_text()) == {
        key: value for key, value in data.items() if key != "files"
    }
    assert "XX02" in (tmp_path / "out" / "retrodiction.html").read_text()


def test_without_logs_the_published_spans_are_held_against_it(quick):
    done = run("-n", 500)
    assert done.exit_code == 0, done.output
    assert "Against published spans of the evidence" in done.stdout
    assert "this tests nothing" in done.stdout
    assert "start to apart" in done.stdout
    assert "With --out DIR" in done.stdout


def test_the_same_logs_and_seed_give_the_same_bytes(tmp_path, quick):
    logs = small_logs(tmp_path / "logs")
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run("--logs", logs, "--out", tmp_path / name, "-n", 500, "--seed", seed).exit_code == 0
    first, again, other = ((tmp_path / name / "result.json").read_bytes() for name in "abc")
    assert first == again != other


def test_faulty_logs_end_with_2_and_every_fault_before_anything_is_rehearsed(tmp_path):
    logs = small_logs(tmp_path)
    text = (logs / "events.csv").read_text()
    (logs / "events.csv").write_text(text.replace("07:00", "7 am").replace("apart", "seperated"))
    done = run("--logs", logs, "--json")
    assert done.exit_code == 2
    faults = json.loads(done.stdout)["faults"]
    assert [(fault["line"], fault["field"]) for fault in faults] == [
        (2, "clock"),
        (5, "milestone"),
        (9, "milestone"),
    ]
    assert all(fault["file"].endswith("events.csv") for fault in faults)


def test_a_folder_without_logs_is_named(tmp_path):
    done = run("--logs", tmp_path, "--json")
    assert done.exit_code == 2
    assert {f["file"].rsplit("/", 1)[-1] for f in json.loads(done.stdout)["faults"]} == {
        "cases.csv",
        "phases.csv",
        "events.csv",
    }


@pytest.mark.long
def test_published_spans_against_real_rehearsals(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "separatrix.cli", "verify", "-n", "200", "--out", str(tmp_path), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    comparable = [row for row in rows if row["pit"] is not None]
    assert len(comparable) > 40
    assert all(row["used_for_tuning"] for row in rows)
    # Even a model that is off has the middle of what was published inside its 80 %.
    inside = sum(row["inside_80"] for row in comparable) / len(comparable)
    assert inside > 0.5
