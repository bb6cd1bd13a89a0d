"""Runs beside the plan: written whole, read back checked, never touching the plan's own result."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from separatrix.core.errors import StorageError
from separatrix.core.provenance import Provenance
from separatrix.core.storage import COMMIT_MARK, sole_writer
from separatrix.team.rehearsal.play.names import Names
from separatrix.team.rehearsal.play.outputs import OF_PERSON, Layout
from separatrix.team.rehearsal.runs.runs_io import read_run, run_result, write_run
from separatrix.team.rehearsal.runs.scales import scales_of
from separatrix.team.rehearsal.runs.sketch import Sketch, no_sums, no_toll
from separatrix.team.rehearsal.runs.sketch_kernel import count_people, count_rows
from separatrix.team.rehearsal.runs.stored import read_distributions

HEADER = "column,from,to,runs\n"
LAYOUT = Layout(("A", "B"), ("opening",))
MADE_FROM = Provenance(
    station="rehearsal",
    version="1",
    source_sha256="00",
    seed=0,
    inputs={"station.choreography": "12ab"},
    evidence={"rehearsal.relief.retry": 5.0},
    files={},
)


def names() -> Names:
    """Two people and two complications; of all else nothing."""
    said = {
        "procedure": "separation",
        "people": ("S1", "AB"),
        "complications": ("haemorrhage", "arrest"),
    }
    return Names(**{field.name: said.get(field.name, ()) for field in dataclasses.fields(Names)})  # type: ignore[arg-type]


def sketch_of(rows: np.ndarray) -> Sketch:
    scales = scales_of(LAYOUT, planned_end_min=600)
    sketch = Sketch(LAYOUT, scales, no_sums(scales), no_toll(people=2, complications=2))
    count_rows(rows, 0, scales, sketch.sums)
    for _ in rows:
        count_people(np.array([[90.0, 5.0, 0.0, 0.0, 1.5, 11.0], [0.0] * 6]), sketch.toll)
    sketch.toll.tally[1, 0, 2] = 3
    return sketch


@pytest.fixture
def sketch() -> Sketch:
    rows = np.random.default_rng(2).uniform(0.0, 500.0, (40, len(LAYOUT.names)))
    rows[:, LAYOUT.at("circulations_part_min")] = np.inf
    rows[:10, LAYOUT.at("separation_min")] = np.inf
    return sketch_of(rows)


def test_a_run_is_read_as_it_was_written(tmp_path: Path, sketch: Sketch) -> None:
    folder, told = write_run(tmp_path / "runs", sketch, names(), seed=9, made_from=MADE_FROM)
    assert folder == tmp_path / "runs" / "9-40"
    result, mark = read_run(folder)
    assert result == told == json.loads((folder / "result.json").read_text())
    assert (result["digest"], result["runs"], result["seed"]) == (sketch.digest, 40, 9)
    assert (mark.seed, mark.inputs, mark.evidence) == (9, MADE_FROM.inputs, MADE_FROM.evidence)
    assert set(mark.files) == {"result.json", "distributions.csv"}
    assert {path.name for path in folder.iterdir()} == {*mark.files, COMMIT_MARK}


def test_a_result_tells_columns_people_and_complications(sketch: Sketch) -> None:
    result = run_result(sketch, names(), seed=9)
    assert result["columns"]["circulations_part_min"] == {"came": 0}
    assert result["separation_min"]["came"] == 30
    for q in ("q05", "q50", "q95"):
        assert result["end_min"][q] == sketch.quantile("end_min", float(q[1:]) / 100)
    assert set(result["columns"]) == set(LAYOUT.names)
    (person,) = result["people"]
    assert person["person"] == "S1"
    assert person["runs_with_overtime"] == 40
    assert {name: person[name]["mean"] for name in OF_PERSON}["crisis_min"] == 1.5
    assert result["complications"] == [
        {
            "complication": "arrest",
            "during": {"in_time": 0, "late": 0, "nobody": 3},
            "after": {"in_time": 0, "late": 0, "nobody": 0},
        }
    ]


def test_stored_distributions_tell_the_same_quantiles(tmp_path: Path, sketch: Sketch) -> None:
    folder, result = write_run(tmp_path, sketch, names(), seed=1, made_from=MADE_FROM)
    stored = read_distributions(folder / "distributions.csv")
    assert set(stored) == set(LAYOUT.names)
    for name, column in result["columns"].items():
        one = stored[name]
        assert (one.came, one.never) == (column["came"], 40 - column["came"])
        if one.came:
            told = [column[f"q{q}"] for q in ("05", "10", "25", "50", "75", "90", "95", "99")]
            assert one.quantile([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99]).tolist() == told
            assert (one.lower[0], one.upper[-1]) == (column["least"], column["most"])
            assert one.at_most(column["most"]) == one.came
            assert one.at_most(column["least"] - 1e-9) == 0


def test_a_distribution_shows_itself(tmp_path: Path, sketch: Sketch) -> None:
    shown = sketch.distribution("separation_min")._repr_html_()
    assert "separation_min: came in 30 of 40 rehearsals" in shown
    assert f"{sketch.quantile('separation_min', 0.5):.4g}" in shown
    assert "came in 0 of 40" in sketch.distribution("circulations_part_min")._repr_html_()
    axes = sketch.distribution("separation_min").plot()
    drawn = axes.lines[0].get_xydata()
    assert drawn[-1].tolist() == [sketch.most("separation_min"), 0.75]
    assert (np.diff(drawn, axis=0) >= 0).all()


@pytest.mark.parametrize("text", ["", "a,b\n", f"{HEADER}end_min,1,2\n", f"{HEADER}end_min,a,b,3\n"])
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "distributions.csv").write_text(text)
    with pytest.raises(StorageError, match=r"distributions\.csv: cannot be read"):
        read_distributions(tmp_path / "distributions.csv")


def test_the_same_run_is_the_same_bytes(tmp_path: Path, sketch: Sketch) -> None:
    files = []
    for place in ("one", "two", "two"):
        folder, _ = write_run(tmp_path / place, sketch, names(), seed=1, made_from=MADE_FROM)
        files.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert files[0] == files[1] == files[2]


def test_the_plan_s_own_result_stays(tmp_path: Path, sketch: Sketch) -> None:
    own = tmp_path / "rehearsal" / "result.json"
    own.parent.mkdir()
    own.write_text("{}")
    before = own.stat().st_mtime_ns
    write_run(tmp_path / "rehearsal" / "runs", sketch, names(), seed=1, made_from=MADE_FROM)
    assert (own.read_text(), own.stat().st_mtime_ns) == ("{}", before)
    assert {path.name for path in own.parent.iterdir()} == {"result.json", "runs"}


def test_a_changed_or_unfinished_run_is_not_believed(tmp_path: Path, sketch: Sketch) -> None:
    folder, _ = write_run(tmp_path, sketch, names(), seed=1, made_from=MADE_FROM)
    result = folder / "result.json"
    result.write_text(result.read_text().replace('"runs": 40', '"runs": 41'))
    with pytest.raises(StorageError, match=r"result\.json changed"):
        read_run(folder)
    result.unlink()
    with pytest.raises(StorageError, match="cannot be read"):
        read_run(folder)
    (folder / COMMIT_MARK).unlink()
    with pytest.raises(StorageError, match="cannot be read"):
        read_run(folder)


def test_one_writer_at_a_time(tmp_path: Path, sketch: Sketch) -> None:
    with sole_writer(tmp_path), pytest.raises(StorageError, match="another plan"):
        write_run(tmp_path, sketch, names(), seed=1, made_from=MADE_FROM)
