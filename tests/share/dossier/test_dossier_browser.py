"""The dossier in a real browser, from ``file://``: pixels, not flags."""

from __future__ import annotations

import base64
import colorsys
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from PIL import Image

from separatrix.core import Twin
from separatrix.share.dossier import DossierFiles

playwright = pytest.importorskip("playwright.sync_api")

pytestmark = pytest.mark.browser

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@dataclass
class Opened:
    """A page with all that it asked for and complained of."""

    page: Any
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def view(self) -> np.ndarray[Any, Any]:
        """Pixels of the 3D view once it has been drawn anew, shape (rows, columns, 3)."""
        self.page.wait_for_timeout(400)
        address = self.page.evaluate("document.querySelector('.stage canvas').toDataURL('image/png')")
        content = base64.b64decode(address.partition(",")[2])
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(float)

    def switch(self, selector: str, value: str | bool) -> None:
        self.page.eval_on_selector(
            selector,
            """(e, v) => {
                if (typeof v === "boolean") e.checked = v; else e.value = v;
                for (const kind of ["input", "change"]) e.dispatchEvent(new Event(kind, {bubbles: true}));
            }""",
            value,
        )


def count(pixels: np.ndarray[Any, Any], colour: str) -> int:
    """Pixels with the hue of a colour, however lit."""
    wanted = colorsys.rgb_to_hsv(*(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)))[0]
    high, low = pixels.max(axis=-1), pixels.min(axis=-1)
    span = np.maximum(high - low, 1e-9)
    red, green, blue = np.moveaxis(pixels, -1, 0)
    hue = np.where(
        high == red,
        ((green - blue) / span) % 6,
        np.where(high == green, (blue - red) / span + 2, (red - green) / span + 4),
    )
    near = np.abs(((hue / 6 - wanted) + 0.5) % 1 - 0.5) < 0.04
    return int((near & ((high - low) > 60)).sum())


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def opened(browser: Any, written: DossierFiles) -> Opened:
    return open_page(browser, written)


def open_page(browser: Any, written: DossierFiles) -> Opened:
    found = Opened(browser.new_page(viewport={"width": 1280, "height": 900}))
    found.page.on("request", lambda request: found.requests.append(request.url))
    found.page.on("console", lambda m: found.errors.append(m.text) if m.type == "error" else None)
    found.page.on("pageerror", lambda error: found.errors.append(str(error)))
    found.page.goto(written.html.as_uri())
    if "<canvas" not in found.page.content() and not found.page.query_selector("#viewer"):
        pytest.skip("the viewer is not built (make setup)")
    found.page.wait_for_selector("#viewer[data-state]", timeout=60_000)
    assert found.page.get_attribute("#viewer", "data-state") == "ready", found.page.inner_text(".reason")
    return found


@pytest.fixture(autouse=True)
def at_the_start(opened: Opened) -> None:
    opened.page.get_by_role("button", name="Reset all").click()
    opened.page.get_by_role("button", name="Front (A)", exact=True).click()
    opened.switch("#show-marks", False)  # their plates have the twins' colours too


def test_opening_asks_for_nothing_and_complains_of_nothing(opened: Opened, written: DossierFiles) -> None:
    assert opened.requests == [written.html.as_uri()]
    assert opened.errors == []


def test_both_children_are_seen_a_below_and_b_above(opened: Opened) -> None:
    pixels = opened.view()
    half = len(pixels) // 2
    purple, orange = Twin.A.colour, Twin.B.colour
    assert count(pixels[half:], purple) > 3000
    assert count(pixels[:half], orange) > 3000
    assert count(pixels[half:], purple) > 5 * count(pixels[:half], purple)
    assert count(pixels[:half], orange) > 5 * count(pixels[half:], orange)


@pytest.mark.parametrize(
    ("part", "colour", "kept"),
    [("brain-A", Twin.A.colour, Twin.B.colour), ("brain-B", Twin.B.colour, Twin.A.colour)],
)
def test_a_structure_switched_off_is_gone_and_comes_back(
    opened: Opened, part: str, colour: str, kept: str
) -> None:
    before = opened.view()
    opened.switch(f"#show-{part}", False)
    without = opened.view()
    assert count(without, colour) < 0.25 * count(before, colour)
    assert count(without, kept) > 0.8 * count(before, kept)
    opened.switch(f"#show-{part}", True)
    assert np.abs(opened.view() - before).max() <= 2


def test_a_structure_made_translucent_pales(opened: Opened) -> None:
    before = opened.view()
    for part in ("skull", "scalp", "cut"):
        opened.switch(f"#show-{part}", False)
    solid = opened.view()
    opened.switch("#opacity-brain-A", "10")
    pale = opened.view()
    assert count(solid, Twin.A.colour) >= count(before, Twin.A.colour)
    assert count(pale, Twin.A.colour) < 0.4 * count(solid, Twin.A.colour)


def test_the_clip_plane_takes_the_side_it_says(opened: Opened) -> None:
    before = opened.view()
    opened.switch("#clip-axis", "z")
    opened.switch("#clip-place", "50")
    opened.switch("#clip-on", True)
    kept = opened.view()
    half = len(kept) // 2
    assert count(kept[half:], Twin.A.colour) > 0.6 * count(before[half:], Twin.A.colour)
    assert count(kept[: half - 40], Twin.B.colour) < 0.1 * count(before[: half - 40], Twin.B.colour)
    opened.switch("#clip-flip", True)
    other = opened.view()
    assert count(other[half + 40 :], Twin.A.colour) < 0.1 * count(before[half + 40 :], Twin.A.colour)
    assert count(other[:half], Twin.B.colour) > 0.6 * count(before[:half], Twin.B.colour)


def test_the_patients_left_is_on_the_readers_right_from_the_front(opened: Opened) -> None:
    for part in ("skull", "scalp", "cut", "brain-A", "brain-B", "vein-B", "sinus-shared"):
        opened.switch(f"#show-{part}", False)
    pixels = opened.view()  # only A's artery is left, at x = +18 mm
    columns = np.argwhere(pixels.min(axis=-1) < 150)[:, 1] / pixels.shape[1]
    assert len(columns) > 100
    assert columns.mean() > 0.55
    opened.page.get_by_role("button", name="Back (P)").click()
    pixels = opened.view()
    assert (np.argwhere(pixels.min(axis=-1) < 150)[:, 1] / pixels.shape[1]).mean() < 0.45


def test_letters_are_shown_and_can_be_taken_away(opened: Opened) -> None:
    bare = opened.view()
    opened.switch("#show-marks", True)
    lettered = opened.view()
    assert (np.abs(lettered - bare).max(axis=-1) > 40).sum() > 500


def test_the_keyboard_turns_the_view_and_reaches_every_control(opened: Opened) -> None:
    before = opened.view()
    opened.page.focus(".stage canvas")
    for _ in range(4):
        opened.page.keyboard.press("ArrowRight")
    assert (np.abs(opened.view() - before).max(axis=-1) > 20).mean() > 0.005
    opened.page.focus("#show-brain-A")
    opened.page.keyboard.press("Space")
    assert not opened.page.is_checked("#show-brain-A")
    unnamed = opened.page.eval_on_selector_all(
        ".panel input, .panel select",
        "all => all.filter(e => !e.labels.length && !e.getAttribute('aria-label')).map(e => e.id)",
    )
    assert unnamed == []


def test_the_overlay_of_the_slices_can_be_taken_away(opened: Opened) -> None:
    assert opened.page.is_visible("figure.slice g.overlay >> nth=0")
    opened.switch("#overlay-toggle", False)
    assert not opened.page.is_visible("figure.slice g.overlay >> nth=0")
    opened.switch("#overlay-toggle", True)


def test_a_slice_grows_when_pressed(opened: Opened) -> None:
    figure = opened.page.locator("figure.slice").first
    before = figure.bounding_box()["width"]
    figure.press("Enter")
    assert figure.bounding_box()["width"] > 2 * before
    figure.press("Enter")


def test_the_safety_bar_stays_in_sight(opened: Opened) -> None:
    for place in (0, 3000):
        opened.page.evaluate(f"window.scrollTo(0, {place})")
        box = opened.page.locator(".safety-bar").bounding_box()
        assert box["y"] + box["height"] <= 900
        assert box["y"] > 700


def test_it_prints_with_safety_on_every_page_and_without_controls(opened: Opened) -> None:
    pypdf = pytest.importorskip("pypdf")
    content = opened.page.pdf(prefer_css_page_size=True, print_background=True)
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    assert len(pages) > 5
    words = [" ".join(unicodedata.normalize("NFKC", page.extract_text()).split()) for page in pages]
    assert all("Not a certified medical device" in text for text in words)
    assert not any("Reset all" in text for text in words)


def test_without_webgl_the_stills_are_shown_and_the_reason_told(
    chromium: str, written: DossierFiles, opened: Opened
) -> None:
    browser = opened.page.context.browser
    page = browser.new_page()
    page.add_init_script(
        "HTMLCanvasElement.prototype.getContext = new Proxy(HTMLCanvasElement.prototype.getContext, "
        "{apply: (f, self, a) => String(a[0]).startsWith('webgl') ? null : Reflect.apply(f, self, a)})"
    )
    page.goto(written.html.as_uri())
    page.wait_for_selector('#viewer[data-state="failed"]', timeout=60_000)
    assert page.is_visible(".no-webgl")
    assert page.is_visible(".stills figure >> nth=0")
    page.close()
