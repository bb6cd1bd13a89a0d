"""The chapter of the choreography: what it says, on the screen and on paper, and in a real browser."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.team.choreography.procedures import activity, after, person, procedure

from separatrix.case.model import Case
from separatrix.evidence import Entry
from separatrix.share.dossier import DossierFiles, StationSummary, choreography_chapter, write_dossier
from separatrix.share.dossier.model import Chapter
from separatrix.team.choreography.explain import explain
from separatrix.team.choreography.plan import choreograph
from separatrix.team.protocol.model import ActivityMark, Need, Procedure, Room


def _day() -> Procedure:
    surgeon = (Need(skill="surgeon"),)
    one: dict[str, Any] = {"rooms": ("one",)}
    acts = [
        activity("open", 60, needs=surgeon, patients=("A", "B"), **one),
        activity(
            "part",
            30,
            needs=surgeon,
            patients=("A", "B"),
            marks=frozenset({ActivityMark.SEPARATION, ActivityMark.CRITICAL}),
            **one,
        ),
        activity("close_A", 90, needs=surgeon, patients=("A",), **one),
        activity("close_B", 45, needs=surgeon, patients=("B",), rooms=("two",)),
    ]
    links = (*after("open", "part", "close_A"), *after("part", "close_B"))
    rooms = (Room(id="one", title="Theatre 1"), Room(id="two", title="Theatre 2"))
    people = [person("Ada", "surgeon"), person("Bo", "surgeon", pool="standby")]
    return procedure(acts, people, precedences=links, rooms=rooms, assumptions=("lengths are made up",))


def _chapter(made: Procedure, **more: Any) -> Chapter:
    schedule = choreograph(made, effort="first")
    told = explain(made, schedule, threads=1)
    return choreography_chapter([made], [schedule], [told], **more)


def _text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_it_says_when_they_are_two_what_binds_and_what_one_more_saves() -> None:
    chapter = _chapter(_day())
    words = _text(chapter.screen)
    assert "Two children 1 h 30 after wheels in" in words
    assert "The last step ends 3 h 45 after wheels in" in words
    assert "not a promise" in words
    assert "At most 1 at work at once" in words
    assert "1 more stand by" in words
    assert "Scarcest skill by the hour: surgeon" in words
    assert "lengths are made up" in words.lower()
    says = chapter.statements[0]
    assert "Two children 1 h 30 after wheels in" in says.says
    assert "planned time; not a promise" in says.says


def test_the_clock_is_printed_where_a_day_is_fixed() -> None:
    begins = dt.datetime(2026, 11, 20, 7, 0, tzinfo=dt.UTC)
    assert "08:30" in _text(_chapter(_day(), begins=begins).screen)
    assert "08:30" not in _text(_chapter(_day()).screen)


def test_a_plan_that_cannot_be_shows_the_clash_and_what_mends_it() -> None:
    made = _day()
    gone = replace(made, people=(replace(made.people[0], shift_min=(0, 100)), made.people[1]))
    chapter = _chapter(gone)
    words = _text(chapter.screen)
    assert "There is no script" in words
    assert "Ada goes off duty at 1 h 40" in words
    assert "Were this not so, there would be a plan" in words
    assert "Ada stays on duty until" in words
    assert "Ada goes off duty at 1 h 40" in chapter.statements[0].says
    assert "<svg" not in chapter.screen


def test_paper_has_the_phases_on_sheets_and_no_controls() -> None:
    chapter = _chapter(_day())
    assert "gantt-sheet" in chapter.paper
    assert "tabindex" not in chapter.paper
    assert chapter.screen.count('class="gantt"') == 2


def test_each_picture_has_its_own_hatching() -> None:
    screen = _chapter(_day()).screen
    names = re.findall(r'<pattern id="([^"]+)"', screen)
    assert len(names) == len(set(names)) == 2
    assert set(re.findall(r"url\(#([^)]+)\)", screen)) == set(names)


def test_names_cannot_break_the_page() -> None:
    made = _day()
    evil = replace(made.people[0], name="<script>alert(1)</script>")
    chapter = _chapter(replace(made, people=(evil, made.people[1])))
    assert "<script>alert" not in chapter.screen + chapter.paper


@pytest.fixture(scope="module")
def dossier(
    tmp_path_factory: pytest.TempPathFactory,
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
        folder=tmp_path_factory.mktemp("choreography"),
        chapters=[_chapter(_day())],
    )


@pytest.mark.browser
def test_in_a_browser_the_charts_scroll_and_nothing_is_asked_for(
    chromium: str, dossier: DossierFiles
) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        asked: list[str] = []
        errors: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(dossier.html.as_uri())
        assert asked == [dossier.html.as_uri()]
        assert errors == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        chart = page.locator(".gantt").first
        chart.focus()
        assert chart.evaluate("e => e.scrollWidth > e.clientWidth")
        page.keyboard.press("ArrowRight")
        page.wait_for_function("document.querySelector('.gantt').scrollLeft > 0")
        assert page.locator("nav a[href='#binding']").count() == 1
        assert page.locator("#choreography svg text", has_text="two children").first.is_visible()
        browser.close()


def test_on_paper_a_chart_stands_on_the_page_of_its_heading(dossier: DossierFiles) -> None:
    pypdf = pytest.importorskip("pypdf")
    if dossier.pdf is None:
        pytest.skip("no PDF on this machine")
    assert isinstance(dossier.pdf, Path)
    pages = [page.extract_text() for page in pypdf.PdfReader(dossier.pdf).pages]
    sheets = [text for text in pages if "By phase, sheet" in text]
    assert len(sheets) == 1
    assert "two children" in sheets[0]
