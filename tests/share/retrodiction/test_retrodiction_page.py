"""The page, its charts and its table say what the comparison says, and need nothing from outside."""

import dataclasses
import json
from xml.etree import ElementTree

import numpy as np
import pytest

from separatrix.share.retrodiction import write_retrodiction
from separatrix.share.retrodiction.charts import calibration_chart, spans_chart
from separatrix.share.retrodiction.page import to_html
from separatrix.share.retrodiction.table import to_text
from separatrix.team.rehearsal.retrodiction.retrodict import (
    Retrodiction,
    beside_of,
    calibration_of,
    compare,
    counts_of,
)
from separatrix.team.rehearsal.retrodiction.spans import Measure, Span
from separatrix.team.rehearsal.retrodiction.verdict import verdict_of


class Fixed:
    """A model that expects 1000, 1001, …, 1999 minutes, and ratios a thousandth of it."""

    def values(self, span):
        draws = np.arange(1000.0, 2000.0)
        return draws if span.unit == "min" else draws / 1000


def span(case, name, observed, **changes):
    kind = "length" if name == "whole" else "over_plan"
    made = Span(
        case=case,
        union="craniopagus",
        name=name,
        title=name.replace("_", " "),
        observed=observed,
        measure=Measure(kind, ("start", "end")),
    )
    return dataclasses.replace(made, **changes)


def result_of(spans):
    rows = compare(spans, Fixed(), {"A1": ("durations.span",)})
    counts = counts_of(rows)
    return Retrodiction(
        source="logs & <more>",
        rows=rows,
        counts=counts,
        calibration=calibration_of(rows),
        verdict=verdict_of(rows, counts),
        beside=(beside_of("as it is", "all numbers as they are", rows),),
        runs=1000,
        seed=1,
        model=("a model",),
    )


@pytest.fixture
def result():
    return result_of(
        [
            span("A1", "whole", 1500.0),
            span("A2", "whole", 600.0),
            span("A3", "whole", 6000.0, notes=("days",)),
            span("A2", "whole_over_plan", 1.25),
            span("<script>alert(1)</script>", "whole", None, because="of <b>rain</b>"),
        ]
    )


def test_every_row_stands_in_the_table_with_its_quantiles(result):
    text = to_text(result)
    line = next(line for line in text.splitlines() if line.startswith("A1 "))
    assert line.split() == [
        "A1",
        "whole",
        "1500",
        "1100",
        "1250",
        "1500",
        "1749",
        "1899",
        "yes",
        "yes",
        "yes",
    ]
    assert "Not comparable because\n- of <b>rain</b>: <script>alert(1)</script> (whole)" in text
    assert "A2, whole: the protocol holds a total union" in text


def test_the_page_is_whole_and_asks_nothing_from_outside(result):
    page = to_html(result)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert page.count("http") == page.count('xmlns="http://www.w3.org/2000/svg"') == 2
    assert "logs &amp; &lt;more&gt;" in page
    assert all(line in page for line in result.verdict)
    assert "Not a certified medical device" in page


def test_both_charts_are_sound_and_hold_every_comparable_row(result):
    spans = ElementTree.fromstring(str(spans_chart(result.rows)))
    words = [node.text for node in spans.iter() if node.tag.endswith("text")]
    assert [w for w in words if w and ": " in w and w[0] == "A"] == [
        "A1: whole",
        "A2: whole",
        "A3: whole",
        "A2: whole over plan",
    ]
    assert "100 →" in words  # beyond the edge, told by its hours
    calibration = ElementTree.fromstring(str(calibration_chart(result.calibration)))
    assert any("craniopagus, 3 cases" in (node.text or "") for node in calibration.iter())


def test_marks_lie_where_the_numbers_are(result):
    chart = ElementTree.fromstring(str(spans_chart(result.rows[:2])))
    marks = [float(c.get("cx")) for c in chart.iter() if c.tag.endswith("circle")][3:]
    ticks = {
        float(t.text): float(t.get("x"))
        for t in chart.iter()
        if t.tag.endswith("text") and t.get("text-anchor") == "middle"
    }
    per_hour = (ticks[20] - ticks[0]) / 20
    assert marks == pytest.approx([ticks[0] + 25 * per_hour, ticks[0] + 10 * per_hour], abs=0.1)


def test_nothing_comparable_still_gives_a_page():
    empty = result_of([span("A1", "whole", None)])
    assert "nothing here can be compared" in to_html(empty)
    assert "Nothing here can be compared" in to_text(empty)


def test_the_folder_holds_it_all_and_the_same_bytes_each_time(result, tmp_path):
    first = {p.name: p.read_bytes() for p in write_retrodiction(result, tmp_path / "a" / "b")}
    second = {p.name: p.read_bytes() for p in write_retrodiction(result, tmp_path / "c")}
    assert first == second
    assert set(first) == {"result.json", "table.txt", "calibration.svg", "spans.svg", "retrodiction.html"}
    data = json.loads(first["result.json"])
    assert [row["observed"] for row in data["rows"]] == [1500, 600, 6000, 1.25, None]
    assert [row["inside_80"] for row in data["rows"]] == [True, False, False, True, None]
