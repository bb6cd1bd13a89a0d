import json

import pytest

from separatrix.core import StorageError
from separatrix.core.storage import to_json
from separatrix.team.rehearsal.model import (
    Band,
    Cell,
    Matrix,
    Missing,
    Probability,
    Quantiles,
    Rare,
    Rehearsal,
    Swing,
)
from separatrix.team.rehearsal.result_io import read_rehearsal

TIMES = Quantiles(q05=1.0, q10=2.0, q50=3.0, q90=4.0, q95=5.0, came=0.9)
BAND = Band(
    value=0.1,
    low=0.0,
    middle=0.1,
    high=0.4,
    sampling_low=0.09,
    sampling_high=0.11,
    share_assumptions=0.9,
    marks="AM",
    assumed=True,
)
CELL = Cell(
    activity="incision",
    complication="complication.fire",
    patient="",
    state="joined",
    status="nobody",
    runs=200,
    in_time=150,
    nobody=50,
    missing=(Missing(kind="person", id="scrub_nurse", title="Scrub nurse", share=0.25),),
)
ANSWERS = Rehearsal(
    procedure="separation",
    patients=("A", "B"),
    runs=1000,
    seed=7,
    digest="ab",
    separation_min=TIMES,
    end_min=TIMES,
    matrix=Matrix(cells=(CELL,), pairs=(), runs_per_cell=200, covered_share=0.95),
    findings=(),
    swings=(
        Swing(
            id="x",
            title="X",
            mark="A",
            low=0.0,
            high=1.0,
            at_low={"end_min": -3.0},
            at_high={"end_min": 4.0},
            half_width={"end_min": 0.5},
            advice_changes=False,
        ),
    ),
    annex=(
        Probability(id="p", text="P", band=BAND, children=("A",)),
        Rare(
            id="r",
            text="R",
            estimate=None,
            low=None,
            high=None,
            runs=10,
            effective_runs=2.0,
            mean_weight=1.1,
            hits=0,
            refused="too few",
        ),
    ),
    marks={"A": 3},
)


def test_answers_are_read_back_as_they_were_written(tmp_path):
    path = tmp_path / "result.json"
    path.write_text(to_json({"station": "rehearsal", **ANSWERS.to_dict()}))
    assert read_rehearsal(path) == ANSWERS


def test_the_stable_part_stands_on_top(tmp_path):
    told = json.loads(to_json(ANSWERS.to_dict()))
    assert set(told["separation_min"]) >= {"q05", "q10", "q50", "q90", "q95"}
    assert told["matrix"][0]["status"] == "nobody"
    assert told["matrix"][0]["missing"][0]["id"] == "scrub_nurse"
    assert told["digest"] == "ab"


@pytest.mark.parametrize("content", ["{}", '{"matrix_facts": {}, "matrix": 3}', "[]"])
def test_another_file_is_told_as_such(tmp_path, content):
    path = tmp_path / "result.json"
    path.write_text(content)
    with pytest.raises(StorageError, match="rehearsal"):
        read_rehearsal(path)
