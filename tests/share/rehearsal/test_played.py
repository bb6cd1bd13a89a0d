"""A story as bars, curves, page and text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np

from separatrix.core import Twin
from separatrix.share.rehearsal.curves import blood_curves, thinned
from separatrix.share.rehearsal.gantt import played_svg
from separatrix.share.rehearsal.pages import story_html, story_text
from separatrix.share.rehearsal.people import people_svg
from separatrix.team.rehearsal.stories.story import Story

SVG = "{http://www.w3.org/2000/svg}"


def _bars(svg: str) -> dict[str, list[ET.Element]]:
    """Groups of the picture by their spoken title."""
    found: dict[str, list[ET.Element]] = {}
    for group in ET.fromstring(svg).iter(f"{SVG}g"):
        title = group.find(f"{SVG}title")
        if title is not None and title.text:
            found.setdefault(title.text.split(":")[0], []).append(group)
    return found


def test_the_bar_stands_later_than_its_plan_by_as_much_as_it_was_late(story: Story) -> None:
    svg = played_svg(story, safety="safe")
    root = ET.fromstring(svg)
    planned = next(
        rect for rect in root.iter(f"{SVG}rect")
        if (t := rect.find(f"{SVG}title")) is not None and t.text == "planned 3 h 00 to 5 h 00"
    )  # fmt: skip
    played = _bars(svg)["Test clamp and divide the shared sinus"][0].findall(f"{SVG}rect")[0]
    per_minute = float(planned.attrib["width"]) / 120
    assert abs(float(played.attrib["x"]) - float(planned.attrib["x"]) - 20 * per_minute) < 0.02


def test_colours_stand_beside_signs_and_what_stood_still_is_hatched(story: Story) -> None:
    svg = played_svg(story, safety="safe")
    assert Twin.A.colour in svg
    assert "● Induction and airway" in svg
    assert "◆ Induction and airway" in svg
    dura = _bars(svg)["Open the dura"][0]
    assert [r.attrib["fill"] for r in dura.findall(f"{SVG}rect")].count("url(#held)") == 1
    assert "dropped" in svg
    assert "two children · 5 h 50" in svg
    assert "two children, planned · 5 h 30" in svg


def test_by_person_a_complication_lies_over_what_it_took_them_from(story: Story) -> None:
    svg = people_svg(story, safety="safe")
    bars = _bars(svg)
    assert svg.index("Anaesthesia of A: 0 h 00 to 3 h 20") < svg.index(
        "⚠1 Massive bleeding: 1 h 39 to 2 h 05"
    )
    assert 'stroke-width="0.7"' in ET.tostring(bars["⚠1 Massive bleeding"][0], encoding="unicode")
    assert "● Anaesthetist A1" in svg
    assert "two children · 5 h 50" in svg
    assert people_svg(replace(story, people=()), safety="safe") == ""


def test_both_patients_have_a_curve_and_each_complication_a_stripe(story: Story) -> None:
    charts = blood_curves(story)
    assert len(charts) == 3
    for chart in charts:
        root = ET.fromstring(str(chart))
        assert len(list(root.iter(f"{SVG}polyline"))) == 2
        assert "● A" in chart
        assert "◆ B" in chart
        assert chart.count("⚠") == 2
    assert blood_curves(replace(story, curves=())) == ()


def test_thinning_keeps_the_deepest_point() -> None:
    values = np.full(100_000, 5.0)
    values[54_321] = -1.0
    kept = thinned(values)
    assert 54_321 in kept
    assert len(kept) < 1_300


def test_the_page_tells_plan_and_play_and_escapes(story: Story) -> None:
    html = story_html(story, why="Because.")
    words = " ".join(re.sub(r"<[^>]+>", " ", html).split())
    assert "Two children 5 h 50 after wheels in (planned 5 h 30)" in words
    assert "◐ late 4 min (target 2 min)" in words
    assert "✕ short" in words
    assert "It predicts nothing" in words
    assert "strikes &lt;A&gt;" in html
    assert "Not a certified medical device" in words


def test_the_text_has_a_line_an_event(story: Story) -> None:
    lines = story_text(story).splitlines()
    assert lines[0].endswith("rehearsal 42 of seed 7")
    assert "1 h 35  ● A           MASSIVE BLEEDING strikes <A>" in lines[-1]
