import json

import numpy as np
import pytest

from separatrix.core import StorageError
from separatrix.core.storage import to_json
from separatrix.team.rehearsal.answers.model import (
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
from separatrix.team.rehearsal.answers.result_io import StoredRehearsal, read_rehearsal, write_rehearsal
from separatrix.team.rehearsal.runs.stored import Distribution

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


END = Distribution("end_min", np.array([5.0, 8.0]), np.array([6.0, 9.0]), np.array([1, 2]), 3)


def test_answers_are_read_back_as_they_were_written(tmp_path):
    written = StoredRehearsal(
        answers=ANSWERS,
        days={"median": 4, "worst": 9},
        distributions={"end_min": END},
        independent={},
    )
    write_rehearsal(tmp_path, written, station="rehearsal")
    read = read_rehearsal(tmp_path)
    assert (read.answers, read.days, read.independent) == (ANSWERS, written.days, {})
    assert read.end_min.quantile([0.0, 0.5]).tolist() == END.quantile([0.0, 0.5]).tolist()
    assert read.end_min.never == 3


def test_the_stable_part_stands_on_top():
    told = json.loads(to_json(ANSWERS.to_dict()))
    assert set(told["separation_min"]) >= {"q05", "q10", "q50", "q90", "q95"}
    assert told["matrix"][0]["status"] == "nobody"
    assert told["matrix"][0]["missing"][0]["id"] == "scrub_nurse"
    assert told["digest"] == "ab"


@pytest.mark.parametrize("content", ["{}", '{"matrix_facts": {}, "matrix": 3}', "[]"])
def test_another_file_is_told_as_such(tmp_path, content):
    (tmp_path / "result.json").write_text(content)
    with pytest.raises(StorageError, match="rehearsal"):
        read_rehearsal(tmp_path)
