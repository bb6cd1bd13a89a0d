"""The pages as PDF, from the same templates; the same content gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

PAPER_FONT = "Dossier Sans"
"""Family name of the font that printed pages carry with them."""

MISSING_PANGO = (
    "dossier.pdf was not made: the Pango library is missing. The HTML is complete. To get the PDF, run "
    "`apt-get install libpango-1.0-0 libpangoft2-1.0-0` (Debian, Ubuntu), `dnf install pango` (Fedora) or "
    "`brew install pango` (macOS), then `separatrix plan CASE --from dossier`"
)

_FONT_FILES = (("DejaVuSans.ttf", "normal", "normal"), ("DejaVuSans-Bold.ttf", "bold", "normal"),
               ("DejaVuSans-Oblique.ttf", "normal", "italic"))  # fmt: skip


def why_no_pdf() -> str:
    """Empty where PDF can be made; else what is missing and how to get it."""
    return MISSING_PANGO if _weasyprint() is None else ""


def to_pdf(html: str, *, order: Sequence[str] = ()) -> bytes:
    """Lay the pages out on the paper that their style names.

    Call only where `why_no_pdf` is empty. Nothing is fetched but the font files of the program's own
    parts.

    Parameters
    ----------
    order
        Ids of all sections, which begin a page each, in the order they are to be printed in; one that is
        named twice is laid out once and printed twice. Not given: everything, as it stands.
    """
    weasyprint = _weasyprint()
    assert weasyprint is not None
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

    fonts, local = FontConfiguration(), URLFetcher(allowed_protocols={"data", "file"})
    faces = weasyprint.CSS(string=_font_faces(), font_config=fonts, url_fetcher=local)
    document = weasyprint.HTML(string=html, url_fetcher=local).render(stylesheets=[faces], font_config=fonts)
    if order:
        document = document.copy(_in_order(document.pages, order))
    pdf: bytes = document.write_pdf()
    return pdf


def _in_order(pages: Sequence[Any], order: Sequence[str]) -> list[Any]:
    """Pages of each section: from its own first to that of the next section."""
    wanted, first = set(order), dict[str, int]()
    for number, page in enumerate(pages):
        for name in wanted.intersection(page.anchors):
            first.setdefault(name, number)
    ends = dict(pairwise([*sorted(set(first.values())), len(pages)]))
    return [page for name in order for page in pages[first[name] : ends[first[name]]]]


@cache
def _weasyprint() -> Any:
    """The module, or None where its libraries are missing."""
    try:
        import weasyprint
    except OSError:
        return None
    return weasyprint


def _font_folder() -> Path:
    """Fonts come from matplotlib, so that paper looks the same on a machine without fonts."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def _font_faces() -> str:
    return "\n".join(
        f'@font-face {{ font-family: "{PAPER_FONT}"; src: url("{(_font_folder() / name).as_uri()}");'
        f" font-weight: {weight}; font-style: {style} }}"
        for name, weight, style in _FONT_FILES
    )
