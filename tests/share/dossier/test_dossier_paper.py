"""The PDF: safety and banners on every page, page numbers, no trace of when or where it was made."""

from __future__ import annotations

import re
from typing import Any

import pytest

from separatrix.share.dossier import DossierFiles

pypdf = pytest.importorskip("pypdf")


@pytest.fixture(scope="module")
def reader(written: DossierFiles) -> pypdf.PdfReader:
    if written.pdf is None:
        pytest.skip(written.notes[0])
    return pypdf.PdfReader(written.pdf)


def words(page: pypdf.PageObject) -> str:
    return re.sub(r"\s+", " ", page.extract_text()).replace("\u00a0", " ")


def test_every_page_carries_safety_banner_and_its_number(reader: pypdf.PdfReader) -> None:
    for number, page in enumerate(reader.pages, start=1):
        text = words(page)
        for part in (
            "Not a certified medical device",
            "Values marked A are assumptions",
            "synthetic pairs only",
        ):
            assert part in text, (number, part)
        assert "Date of CT ct is unknown" in text, number
        assert f"page {number} of {len(reader.pages)}" in text, number


def test_pages_are_a4(reader: pypdf.PdfReader) -> None:
    for page in reader.pages:
        sides = sorted(float(side) / 72 * 25.4 for side in (page.mediabox.width, page.mediabox.height))
        assert sides == pytest.approx([210, 297], abs=0.5)


def test_nothing_leaves_the_page_at_the_right(reader: pypdf.PdfReader) -> None:
    """By a width that every line of this font has at least: half its letters at 0.9 of their size."""
    margin_pt, least_em = 14 / 25.4 * 72, 0.45
    for number, page in enumerate(reader.pages, start=1):
        found: list[tuple[float, str]] = []

        def note(text: str, cm: Any, tm: Any, font: Any, size: float, found: Any = found) -> None:
            if text.strip():
                scale = abs(cm[0]) * abs(tm[0])
                found.append((tm[4] * cm[0] + cm[4] + least_em * size * scale * len(text.strip()), text))

        page.extract_text(visitor_text=note)
        assert found
        furthest, text = max(found)
        assert furthest <= float(page.mediabox.width) - 0.5 * margin_pt, (number, text)


def test_the_contents_name_the_pages(reader: pypdf.PdfReader) -> None:
    listed = dict(
        re.findall(r"(Summary|Decision record|Inventory of the cut) · (\d+)", words(reader.pages[0]))
    )
    assert set(listed) == {"Summary", "Decision record", "Inventory of the cut"}
    for title, number in listed.items():
        assert title in words(reader.pages[int(number) - 1])


def test_slices_and_stills_are_on_their_pages(reader: pypdf.PdfReader) -> None:
    captions = [len(re.findall(r"\b[xyz] = -?\d+ mm", words(page))) for page in reader.pages]
    assert [count for count in captions if count] == [10, 10, 10]  # five slices of MR and CT in each plane
    assert sum("The pair, from the front of A" in words(page) for page in reader.pages) == 1
    objects = [reader.get_object(number) for number in sorted(reader.xref[0])]
    pictures = [
        o for o in objects if isinstance(o, pypdf.generic.StreamObject) and o.get("/Subtype") == "/Image"
    ]
    assert len(pictures) >= 15 * 2 + 4


def test_the_file_carries_no_date_no_host_and_no_id(written: DossierFiles, reader: pypdf.PdfReader) -> None:
    assert written.pdf is not None
    assert "/ID" not in reader.trailer
    assert not {"/CreationDate", "/ModDate"} & set(reader.metadata or {})
    assert str(written.pdf.parent).encode() not in written.pdf.read_bytes()
