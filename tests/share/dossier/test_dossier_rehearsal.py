"""The chapter of the rehearsal: what it says and holds back, on the screen, on paper, in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.share.rehearsal.stories import story_of
from tests.share.script.conftest import procedure as procedure
from tests.share.script.conftest import schedule as schedule

from separatrix.case.model import Case
from separatrix.evidence import Entry
from separatrix.share.dossier import DossierFiles, StationSummary, write_dossier
from separatrix.share.dossier.model import Chapter
from separatrix.share.dossier.rehearsal import Beside, rehearsal_chapter
from separatrix.share.dossier.rehearsal_charts import Spread, moment_chart, spread_of
from separatrix.share.dossier.rehearsal_matrix import heat_map
from separatrix.share.rehearsal import day, number_cards
from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.answers.model import (
    Band,
    BloodOrder,
    Calibrated,
    Cell,
    Change,
    Effect,
    Finding,
    Matrix,
    Missing,
    Pair,
    Probability,
    Quantiles,
    Rare,
    Rehearsal,
    Swing,
)
from separatrix.team.rehearsal.runs.stored import Distribution

EVIL = "</script><script>alert(1)</script>"


def _quantiles(middle: float) -> Quantiles:
    return Quantiles(q05=middle - 60, q10=middle - 45, q50=middle, q90=middle + 130, q95=middle + 190)


def _cell(activity: str, complication: str, patient: str, status: str, **more: Any) -> Cell:
    came = {"in_time": 200, "late": 90, "nobody": 3}.get(status, 0)
    given = {"state": "joined", "runs": 200, "in_time": came, "target_min": 2.0, "arrival_min": 4.31,
             "added_min": 31.0, "added_low_min": 20.0, "added_high_min": 42.0, "wilson_low": 0.01,
             "wilson_high": 0.04} | more  # fmt: skip
    name: Any = status
    return Cell(
        activity=activity, complication=f"complication.{complication}", patient=patient, status=name, **given
    )


CELLS = (
    _cell(
        "dura",
        "bleeding",
        "A",
        "nobody",
        missing=(Missing(kind="person", id="anaesthetist@B", title=f"Anaesthetist B {EVIL}", share=0.98),),
    ),
    _cell("dura", "bleeding", "B", "in_time"),
    _cell("dura", "fire", "", "late"),
    _cell("divide", "bleeding", "A", "in_time"),
    _cell("divide", "bleeding", "B", "in_time"),
    _cell("part", "bleeding", "A", "impossible", because="it takes no time"),
    _cell("close@A", "bleeding", "A", "nobody", state="apart"),
    _cell("close@A", "fire", "", "impossible", because="no response is written for it when apart"),
)


def _band(value: float, *, assumed: bool) -> Band:
    return Band(value=value, low=value / 4, middle=value, high=value * 2, sampling_low=value,
                sampling_high=value, share_assumptions=0.9, marks="AM", assumed=assumed)  # fmt: skip


@pytest.fixture(scope="module")
def rehearsal(procedure: Procedure) -> Rehearsal:
    return Rehearsal(
        procedure=procedure.id,
        patients=procedure.patients,
        runs=100_000,
        seed=7,
        digest="d",
        separation_min=_quantiles(400),
        end_min=_quantiles(600),
        separation_independent_min=_quantiles(350),
        matrix=Matrix(
            cells=CELLS,
            pairs=(Pair(activity="divide", first="complication.bleeding@A", second="complication.bleeding@B",
                        short=(Missing(kind="equipment", id="x", title="Rapid infuser", share=1.0),),
                        short_count=1),),
            runs_per_cell=200,
            covered_share=0.95,
        ),
        findings=(
            Finding(key="k", severity="stop", title="nobody guards B", text="the only one is on a break",
                    mend="move the break"),
            Finding(key="l", severity="know", title="fire is rare", text="nobody knows how rare"),
        ),
        changes=(
            Change(key="c", kind="break", text="the break of Anaesthetist B1 an hour later",
                   effects=(Effect(outcome="nobody", before=0.5, mean=-0.25, low=-0.31, high=-0.19),
                            Effect(outcome="end_min", before=600, mean=-14.2, low=-17, high=-11)),
                   runs=2000, mends=("k",)),
        ),
        probabilities=(
            Probability(id="late", text="some response is late", band=_band(0.44, assumed=True)),
            Probability(id="staged", text="stopped and staged", band=_band(0.08, assumed=False)),
        ),
        swings=(
            Swing(id="n.one", title="Common factor", mark="A", low=0.1, high=0.4,
                  at_low={"separation_min": -50.0}, at_high={"separation_min": 80.0},
                  half_width={"separation_min": 5.0}, advice_changes=True),
            Swing(id="n.two", title="Free comes after", mark="M", low=1, high=3,
                  at_low={"separation_min": -2.0}, at_high={"separation_min": 3.0},
                  half_width={"separation_min": 5.0}, advice_changes=False),
        ),
        blood=tuple(
            BloodOrder(patient=p, product="red_cells", confidence=c, packs=n, low=n - 2, high=n + 5, stock=6)  # type: ignore[arg-type]
            for p, c, n in (("A", 0.9, 5), ("A", 0.99, 9), ("B", 0.9, 3), ("B", 0.99, 4))
        ),
        assumption_draws=200,
        marks={"A": 80, "M": 20},
        calibration=(
            Calibrated(id="complication.any_transfusion", title="any transfusion", per="child_operation",
                       mark="M", verdict="off", published=0.9, published_low=0.73, published_high=1.0,
                       simulated=0.4, simulated_low=0.38, simulated_high=0.42,
                       because="the losses are too small"),
            Calibrated(id="complication.death_30_days", title="death within 30 days", per="pair", mark="R",
                       verdict="not_simulated", published=0.4, published_low=0.1, published_high=0.5,
                       because="nobody dies in a rehearsal"),
        ),
        annex=(Probability(id="harm", text="a child loses its whole volume",
                           band=_band(0.02, assumed=True)),),
        rare=(Rare(id="rare", text="both bleed at once", estimate=None, low=None, high=None, runs=100,
                   effective_runs=3, mean_weight=0.4, hits=1, refused="too few runs count"),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def spread() -> Spread:
    counts = tuple(int(1000 * np.exp(-(((m - 400) / 60) ** 2))) for m in range(900))
    return Spread(first_min=0.0, width_min=1.0, counts=counts)


@pytest.fixture(scope="module")
def chapter(procedure: Procedure, schedule: Schedule, rehearsal: Rehearsal, spread: Spread) -> Chapter:
    cards = number_cards(procedure, [day("median", story_of(procedure, schedule))])
    beside = Beside(
        separation=spread,
        separation_alone=spread,
        cards=cards,
        cards_link="rehearsal/scenario-cards.html",
        retrodiction=("5 of 10 published spans lie inside 50 %",),
    )  # fmt: skip
    return rehearsal_chapter(procedure, schedule, rehearsal, beside)


def _text(html: str) -> str:
    """Words of a page, one plain blank between them."""
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<script.*?</script>", "", html, flags=re.S)).split())


def test_the_separation_is_a_spread_for_relief_and_supplies_not_a_target(chapter: Chapter) -> None:
    words = _text(chapter.screen)
    assert "For relief and supplies, not a target." in words
    assert "8 of 10 between 5 h 55 and 8 h 50" in words
    assert "script 5 h 30" in words
    assert "the same, lengths independent" in words
    says = chapter.statements[0]
    assert "In half of 100\u00a0000 rehearsals by 6 h 40" in says.says
    assert "not a target" in says.says


def test_what_rests_on_assumptions_has_a_range_and_no_single_number(chapter: Chapter) -> None:
    words = _text(chapter.screen)
    assert "Some response is late 11 to 88 %" in words
    assert "44" not in words.split("Some response is late")[1][:60]
    assert "Stopped and staged 8 % (2 to 16 %)" in words
    assert "▲ Assumptions." in words


def test_readiness_says_what_to_do_and_changes_carry_their_intervals(chapter: Chapter) -> None:
    words = _text(chapter.screen)
    assert "Mend before the day (1)" in words
    assert "Nobody guards B." in words
    assert "To do: Move the break." in words
    assert "responses that lack somebody or something: −0.25 (−0.31 to −0.19)" in words
    assert "end of the operation: −14 min (−17 to −11)" in words


def test_blood_is_ordered_per_child_with_its_band_and_what_is_short_is_marked(chapter: Chapter) -> None:
    words = _text(chapter.screen)
    assert "● A Red cells 5 3 to 10 9 ✕ 7 to 14 6" in words
    assert "◆ B Red cells 3 1 to 8 4 2 to 9 6" in words


def test_the_tornado_tells_noise_from_swing_and_whether_the_advice_changes(chapter: Chapter) -> None:
    words = _text(chapter.screen)
    assert "Common factor A 0.1 to 0.4 −50 / +80 yes" in words
    assert "Free comes after M 1 to 3 none seen no" in words
    assert "stroke-dasharray" in chapter.screen


def test_harm_stands_in_the_annex_alone(chapter: Chapter) -> None:
    before, annex = chapter.screen.split('id="rehearsal-annex"')
    for words in ("loses its whole volume", "oth bleed at once", "Death within 30 days"):
        assert words not in before
        assert words in annex
        assert not any(words in s.says for s in chapter.statements)
    assert "not told: too few runs count" in annex
    assert chapter.sections[-1][0] == "rehearsal-annex"


def test_published_totals_stand_beside_with_the_reason(chapter: Chapter) -> None:
    words = _text(chapter.screen)
    told = "Any transfusion, per child operation. M 90 % (73 to 100 %) 40 % (38 to 42 %) ✕ no"
    assert f"{told} the losses are too small" in words
    assert "5 of 10 published spans lie inside 50 %." in words


def test_the_footer_stands_under_the_matrix_on_screen_and_paper(chapter: Chapter) -> None:
    for html in (chapter.screen, chapter.paper):
        assert "Arrival, not success" in html.split('id="contingencies"')[1]


def test_a_birth_has_a_forced_matrix_and_no_probability(
    procedure: Procedure, schedule: Schedule, rehearsal: Rehearsal, spread: Spread
) -> None:
    birth = replace(procedure, patients=("A", "B", "mother"))
    chapter = rehearsal_chapter(birth, schedule, rehearsal, Beside(separation=spread))
    words = _text(chapter.screen)
    assert [name for name, _ in chapter.sections] == ["rehearsal", "contingencies"]
    assert "no probability is printed" in words
    assert "ome response is late" not in words
    assert "half by" not in words
    assert "loses its whole volume" not in words
    assert len(chapter.statements) == 1
    data = json.loads(re.search(r'id="heat-data">(.*?)</script>', chapter.screen, re.S)[1])  # type: ignore[index]
    shares = [cell[5:7] for row in data["cells"] for place in row for cell in place if len(cell) > 4]
    assert shares
    assert all(share == [None, None] for share in shares)


def test_the_map_shows_the_worst_of_each_place_and_groups_what_is_not_in_time(
    procedure: Procedure, schedule: Schedule, rehearsal: Rehearsal
) -> None:
    grid = heat_map(rehearsal.matrix, procedure, schedule)
    assert grid.complications == ("Massive bleeding", "Fire")
    assert [(row.title, row.statuses) for row in grid.rows] == [
        ("Open the dura", ("nobody", "late")),
        ("Test clamp and divide the shared sinus", ("in_time", "impossible")),
        ("Close the dura and skin", ("nobody", "impossible")),
    ]
    assert grid.counts == {"nobody": 2, "late": 1, "in_time": 3, "impossible": 2}
    assert [(g.complication, g.whom, g.state, g.where) for g in grid.gaps] == [
        ("Massive bleeding", "●\u00a0A", "joined", "1 of 2 steps: separation"),
        ("Massive bleeding", "●\u00a0A", "apart", "1 of 1 steps: closing"),
        ("Fire", "both or the room", "joined", "1 of 1 steps: separation"),
    ]


def test_no_text_of_a_cell_ends_the_data_it_stands_in(chapter: Chapter) -> None:
    found = re.search(r'id="heat-data">(.*?)</script>', chapter.screen, re.S)
    assert found
    assert any(EVIL in word for word in json.loads(found[1])["words"])
    assert "<script>alert" not in chapter.screen.replace("<\\/script><script>alert", "")


def test_paper_has_a_table_and_no_controls(chapter: Chapter) -> None:
    assert "tabindex" not in chapter.paper
    assert "heat-data" not in chapter.paper
    assert "1 of 2 steps: separation" in chapter.paper


def test_a_spread_is_what_the_run_counted() -> None:
    edges = np.array([10.2, 12.0, 40.0])
    counted = Distribution("separation_min", edges, np.array([11.0, 13.0, 99.0]), np.array([2, 1, 1]), 7)
    found = spread_of(counted)
    assert found.n == 4
    assert found.first_min == 10
    assert found.share_between(10, 11) == 0.5
    assert found.share_between(12, 12.5) == 0.125
    assert found.counts[30] == 1
    assert found.reach(0.3) == (10, 13)  # the last stretch holds less than three in ten


def test_bars_of_the_chart_add_up_to_all_that_is_shown(spread: Spread) -> None:
    low, high = spread.reach(0.005)
    shown = 100 * spread.share_between(low, high)
    assert 98 < shown < 100
    svg = str(moment_chart(spread, _quantiles(400), planned_min=None, alone=None, title="t"))
    bars = sum(float(h) for h in re.findall(r'height="([\d.]+)" fill="#7fa3b8"', svg))
    across = [float(y) for y in re.findall(r'y1="([\d.]+)" y2="\1"', svg)]
    words = [float(v) for v in re.findall(r'text-anchor="end" font-size="13">([\d.]+)<', svg)]
    per_cent = (across[0] - across[-1]) / (words[-1] - words[0])
    assert bars / per_cent == pytest.approx(shown, abs=1)


@pytest.fixture(scope="module")
def dossier(
    tmp_path_factory: pytest.TempPathFactory,
    chapter: Chapter,
    case_with: Callable[..., Case],
    stations_with: Callable[..., list[StationSummary]],
    entries: tuple[Entry, ...],
) -> DossierFiles:
    away = ("not_applicable", "there are no images")
    return write_dossier(
        case=case_with(),
        scene=None,
        anatomy=None,
        separatrix=None,
        stations=stations_with(imaging=away, anatomy=away, surface=away),
        entries=entries,
        folder=tmp_path_factory.mktemp("rehearsal"),
        chapters=[chapter],
    )


@pytest.fixture
def page(chromium: str, dossier: DossierFiles) -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1280, "height": 900})
        asked: list[str] = []
        errors: list[str] = []
        opened.on("request", lambda request: asked.append(request.url))
        opened.on("pageerror", lambda error: errors.append(str(error)))
        opened.goto(dossier.html.as_uri())
        yield opened
        assert asked == [dossier.html.as_uri()]
        assert errors == []
        browser.close()


@pytest.mark.browser
def test_a_click_on_a_field_tells_who_is_missing(page: Any) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    panel = page.locator("#heat-panel")
    assert "Missing" not in panel.inner_text()
    page.locator('#heat td[data-at="0,0"]').click()
    told = panel.inner_text()
    assert "Massive bleeding" in told
    assert "Open the dura" in told
    assert "3 of 200 forced rehearsals in time (1 % to 4 %)" in told
    assert "all there after 4.3 min on average; target 2 min" in told
    assert f"Anaesthetist B {EVIL}, in 98 % of them" in told
    assert "later end: +31 min (+20 to +42)" in told
    assert "· in time" in told  # of B, at the same place
    assert "Arrival, not success." in told
    assert page.locator('#heat td[aria-selected="true"]').count() == 1


@pytest.mark.browser
def test_the_map_is_read_with_the_keyboard_alone(page: Any) -> None:
    page.locator('#heat td[tabindex="0"]').focus()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    panel = page.locator("#heat-panel")
    assert "Test clamp and divide the shared sinus" in panel.inner_text()
    assert "cannot strike here" in panel.inner_text()
    page.locator("#gaps-only").check()
    assert page.locator('#heat td[data-at="1,1"]').is_hidden()
    page.locator('#heat td[data-at="0,1"]').focus()
    page.keyboard.press("ArrowDown")  # over the hidden row
    page.keyboard.press("Enter")
    assert "Close the dura and skin" in panel.inner_text()
    assert "no response is written for it when apart" in panel.inner_text()


def test_on_paper_every_section_is_there_and_the_map_is_a_table(dossier: DossierFiles) -> None:
    pypdf = pytest.importorskip("pypdf")
    if dossier.pdf is None:
        pytest.skip("no PDF on this machine")
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(dossier.pdf).pages)
    for title in ("Rehearsal: are we ready", "Contingency matrix", "Blood to order", "Engineering annex"):
        assert title in text
    assert "1 of 2 steps" in text


def test_two_at_once_are_told_by_their_worst_step_alone(
    procedure: Procedure, schedule: Schedule, rehearsal: Rehearsal
) -> None:
    pair = rehearsal.matrix.pairs[0]
    again = replace(pair, activity="dura", first=pair.second, second=pair.first)
    matrix = replace(rehearsal.matrix, pairs=(pair, again))
    words = _text(rehearsal_chapter(procedure, schedule, replace(rehearsal, matrix=matrix)).screen)
    told = "Massive bleeding, ● A Massive bleeding, ◆ B Rapid infuser"
    assert f"Test clamp and divide the shared sinus {told}" in words
    assert words.count("Rapid infuser") == 1


def test_many_findings_fold_on_the_screen_and_are_counted_on_paper(
    procedure: Procedure, schedule: Schedule, rehearsal: Rehearsal
) -> None:
    many = tuple(replace(rehearsal.findings[0], key=f"k{n}", title=f"gap {n}") for n in range(20))
    chapter = rehearsal_chapter(procedure, schedule, replace(rehearsal, findings=many))
    assert "Gap 19." in _text(chapter.screen.split("<details>")[1])
    assert "and 8 more of this kind" in _text(chapter.paper)
    assert "Gap 19." not in _text(chapter.paper)
