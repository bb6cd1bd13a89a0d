"""From the scans to the dossier in a real browser: the whole path of a small demonstration pair."""

from __future__ import annotations

import base64
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from separatrix.case import read_case
from separatrix.core import Twin
from separatrix.pipeline import plan

playwright = pytest.importorskip("playwright.sync_api")

pytestmark = pytest.mark.browser

LARGEST_BYTES = 12_000_000
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--use-angle=swiftshader"]
ARGUMENTS += ["--enable-unsafe-swiftshader", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def dossier(small_case: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planned") / "case"
    shutil.copytree(small_case, folder)
    return plan(read_case(folder)).dossier["html"]


@pytest.fixture(scope="module")
def page(dossier: Path, chromium: str) -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.heard = []
        page.on("request", lambda request: page.heard.append(request.url))
        page.on("console", lambda m: page.heard.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: page.heard.append(str(error)))
        page.goto(dossier.as_uri())
        if page.query_selector("#viewer") is None:
            pytest.skip("the viewer is not built (make setup)")
        page.wait_for_selector('#viewer[data-state="ready"]', timeout=60_000)
        yield page
        browser.close()


def near(pixels: np.ndarray[Any, Any], colour: str) -> int:
    """Pixels close to a colour."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return int((np.abs(pixels - wanted).max(axis=-1) < 45).sum())


def view(page: Any) -> np.ndarray[Any, Any]:
    page.wait_for_timeout(400)
    address = page.evaluate("document.querySelector('.stage canvas').toDataURL('image/png')")
    content = base64.b64decode(address.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def test_the_dossier_opens_with_no_network_and_no_complaint(page: Any, dossier: Path) -> None:
    assert page.heard == [dossier.as_uri()]
    assert dossier.stat().st_size <= LARGEST_BYTES


def test_both_children_are_in_the_view_and_each_can_be_taken_away(page: Any) -> None:
    page.uncheck("#show-marks")
    both = view(page)
    for twin in Twin:
        assert near(both, twin.colour) > 5000, twin
        page.uncheck(f"#show-brain-{twin.value}")
        assert near(view(page), twin.colour) < 0.35 * near(both, twin.colour), twin
        page.check(f"#show-brain-{twin.value}")


def test_the_clip_plane_takes_one_side(page: Any) -> None:
    before = view(page)
    page.check("#clip-on")
    clipped = view(page)
    page.uncheck("#clip-on")
    assert (np.abs(clipped - before).max(axis=-1) > 30).mean() > 0.05


def test_it_prints(page: Any) -> None:
    content = page.pdf(prefer_css_page_size=True, print_background=True)
    assert content.startswith(b"%PDF")
    assert len(content) <= LARGEST_BYTES


def test_paper_comes_with_it(dossier: Path) -> None:
    assert dossier.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
