"""The vessels' chapter in a real browser: slider, 3D view and the names of vessels."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from separatrix.body.vessels import Vessels, map_vessels
from separatrix.case import Case, evidence_for, read_case
from separatrix.share.dossier import DossierFiles, write_dossier
from separatrix.share.dossier.vessels import vessels_chapter, view_of_vessels

playwright = pytest.importorskip("playwright.sync_api")

pytestmark = pytest.mark.browser

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "crossed-drainage"


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Vessels:
    """Crossed drainage with straight courses, so that the view has something to draw."""
    folder = tmp_path_factory.mktemp("crossed")
    graph = json.loads((EXAMPLE / "graph.json").read_text())
    place = {n["id"]: n["xyz_mm"] for n in graph["nodes"]}
    for edge in graph["edges"]:
        edge["polyline_mm"] = [place[edge["a"]], place[edge["b"]]]
    (folder / "graph.json").write_text(json.dumps(graph))
    text = (EXAMPLE / "case.yaml").read_text()
    (folder / "case.yaml").write_text(
        text + "assumptions: {division.draws: {value: 20, why: a quick test}}\n"
    )
    case = read_case(folder)
    return map_vessels(case, scene=None, anatomy=None, evidence=evidence_for(case), seed=1)


@pytest.fixture(scope="module")
def page(
    chromium: str,
    mapped: Vessels,
    plan: Any,
    case_with: Callable[..., Case],
    stations_with: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Any]:
    files: DossierFiles = write_dossier(
        case=case_with(),
        scene=plan.scene,
        anatomy=plan.anatomy,
        separatrix=plan.separatrix,
        stations=stations_with(),
        entries=(),
        folder=tmp_path_factory.mktemp("vessels"),
        chapters=(vessels_chapter(mapped.graph, mapped.division, mapped.flow),),
        vessels=view_of_vessels(mapped.graph, mapped.division, mapped.flow),
    )
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium,
            args=["--headless", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
        )
        opened = browser.new_page(viewport={"width": 1280, "height": 900})
        opened.goto(files.html.as_uri())
        if not opened.query_selector("#viewer"):
            pytest.skip("the viewer is not built (make setup)")
        opened.wait_for_selector("#viewer[data-state]", timeout=60_000)
        assert opened.get_attribute("#viewer", "data-state") == "ready"
        yield opened
        browser.close()


@pytest.fixture(autouse=True)
def only_vessels(page: Any) -> None:
    page.get_by_role("button", name="Reset all").click()
    page.get_by_role("button", name="Front (A)", exact=True).click()
    for part in page.query_selector_all(".row[data-part] input[type=checkbox]"):
        part.uncheck()
    page.uncheck("#show-marks")
    page.check("#show-vessels")


def pixels(page: Any) -> np.ndarray[Any, Any]:
    page.wait_for_timeout(400)
    address = page.evaluate("document.querySelector('.stage canvas').toDataURL('image/png')")
    content = base64.b64decode(address.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def differ(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.asarray(np.abs(a - b).max(axis=-1) > 30)


def slide(page: Any, selector: str, value: int) -> None:
    page.eval_on_selector(
        selector, "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})); }", value
    )


def test_the_chapters_slider_moves_table_words_and_view_together(page: Any, mapped: Vessels) -> None:
    before = pixels(page)
    step = mapped.division.steps[0]
    slide(page, "#division-slider", 1)
    assert step.vessel in page.inner_text("#division-told")
    assert page.eval_on_selector("#division-states tr.now", "e => e.dataset.step") == "1"
    assert page.input_value("#vessel-step") == "1"
    assert differ(before, pixels(page)).sum() > 200  # the divided vessel is grey


def test_vessels_are_drawn_and_painted_by_what_is_asked(page: Any) -> None:
    owner = pixels(page)
    page.uncheck("#show-vessels")
    assert differ(owner, pixels(page)).sum() > 2000
    page.check("#show-vessels")
    page.select_option("#vessel-paint", "pressure")
    pressure = pixels(page)
    assert differ(owner, pressure).sum() > 2000
    page.select_option("#vessel-paint", "direction")
    assert differ(owner, pixels(page)).sum() > 50


def test_a_vessel_found_by_name_lights_up_and_a_tap_on_it_tells_the_name(page: Any) -> None:
    plain = pixels(page)
    page.select_option("#vessel-find", "X1-X2")
    told = page.inner_text("#vessel-about")
    assert told.startswith("X1-X2, circumferential sinus, ■ shared; ⌀ 4.4 mm;")
    assert "mmHg" in told
    assert "direction unknown" in told
    rows, columns = np.nonzero(differ(plain, pixels(page)))
    assert len(rows) > 100
    middle = np.argsort(rows + columns)[len(rows) // 2]
    box = page.locator(".stage canvas").bounding_box()
    scale = plain.shape[1] / box["width"]
    at = {"x": columns[middle] / scale, "y": rows[middle] / scale}
    page.select_option("#vessel-find", "")
    assert page.inner_text("#vessel-about") == ""
    page.locator(".stage canvas").click(position=at)
    assert page.inner_text("#vessel-about") == told
    page.locator(".stage canvas").click(position={"x": 5, "y": 5})
    assert page.inner_text("#vessel-about") == ""
