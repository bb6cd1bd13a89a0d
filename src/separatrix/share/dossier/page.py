"""The pages as HTML: one set of templates for screen and paper."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from separatrix.core import Twin
from separatrix.evidence import Mark
from separatrix.share.dossier import wording
from separatrix.share.dossier.certainty import BANDS
from separatrix.share.dossier.content import Content
from separatrix.share.dossier.facts import either, harm_text, optimum_text
from separatrix.share.dossier.prose import with_values
from separatrix.share.dossier.slices import SHARED_COLOUR
from separatrix.share.paper import PAPER_FONT
from separatrix.share.templates import templates_in

_HERE = Path(__file__).parent
_SECTIONS = (
    ("summary", "Summary"),
    ("sure", "How sure each statement is"),
    ("slices", "Slices: owners and cut over the scans"),
    ("view", "The pair in 3D"),
    ("shared", "What the children share"),
    ("classification", "Kind of union"),
    ("gates", "Suitability gates"),
    ("cut", "Inventory of the cut"),
    ("painted", "Owners painted by hand"),
    ("decision", "Decision record"),
    ("evidence", "Assumptions and evidence"),
    ("notes", "Notes of the stations"),
    ("provenance", "Where this comes from"),
    ("words", "Words used here"),
)
OPTIONS = ("separate", "stage", "wait", "do not separate")
"""What a team may decide for a child."""

_SCREEN_FONTS = 'system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, "DejaVu Sans", sans-serif'
_HEAD_LINE_CHARACTERS = 104
"""Characters that fit one line of the page head on A4."""
_HEAD_LINES_PER_BANNER = 2
_HEAD_LINE_MM = 4.2


def to_html(content: Content, *, model: str = "", viewer_data: str = "", paper: bool = False) -> str:
    """The whole dossier as one HTML document.

    Parameters
    ----------
    content
        What to show.
    model
        GLB of the 3D view in base64; empty for none.
    viewer_data
        What `model3d.viewer_data` gave.
    paper
        For printing: no scripts, no controls, and page breaks where they belong.
    """
    head = page_head(content)
    viewer, why_not = viewer_script()
    return (
        _environment(content)
        .get_template("dossier.html.j2")
        .render(
            content=content,
            paper=paper,
            sections=_sections(content),
            safety=wording.SAFETY,
            synthetic_only=wording.SYNTHETIC_ONLY,
            mark_words={mark.value: mark.meaning for mark in Mark},
            bands=BANDS,
            twins=tuple(Twin),
            options=OPTIONS,
            colours={twin.value: twin.colour for twin in Twin},
            shared_colour=SHARED_COLOUR,
            fonts=Markup(f'"{PAPER_FONT}"' if paper else _SCREEN_FONTS),
            page_head="\n".join(head),
            top_mm=round(12 + _HEAD_LINE_MM * len(head)),
            page_script=Markup((_HERE / "static" / "page.js").read_text(encoding="utf-8")),
            model=Markup(model) if viewer else "",
            viewer_data=Markup(viewer_data),
            viewer_script=Markup(viewer),
            no_viewer_because=why_not,
        )
    )


def _sections(content: Content) -> list[tuple[str, str]]:
    """Id and title of every section, with the chapters before the decision record."""
    names = [name for name, _ in _SECTIONS]
    place = names.index("decision")
    more = [section for chapter in content.chapters for section in chapter.sections]
    return [*_SECTIONS[:place], *more, *_SECTIONS[place:]]


def viewer_script() -> tuple[str, str]:
    """The built 3D viewer, and why it is missing where it is."""
    path = _HERE / "static" / "viewer.js"
    if not path.exists():
        return "", "the viewer was not built; run `make setup` (it runs `npm ci && npm run build` in web/)"
    return path.read_text(encoding="utf-8").replace("</script", "<\\/script"), ""


def page_head(content: Content) -> list[str]:
    """Lines on top of every printed page: title and banners, each cut to what fits.

    What is cut stands whole on the first page.
    """
    title = textwrap.shorten(content.heading, _HEAD_LINE_CHARACTERS - 30, placeholder=" …")
    lines = [f"Separatrix · {title} · case {content.case.file.id}"[:_HEAD_LINE_CHARACTERS]]
    for banner in content.banners:
        lines += textwrap.wrap(
            f"▲ {banner}", _HEAD_LINE_CHARACTERS, max_lines=_HEAD_LINES_PER_BANNER, placeholder=" …"
        )
    return lines


def _environment(content: Content) -> Environment:
    environment = templates_in(_HERE / "templates")
    filters: dict[str, Callable[..., Any]] = {
        "quantity": wording.quantity,
        "span": wording.span,
        "number": wording.number,
        "percent": wording.percent,
        "evidence_value": wording.evidence_value,
        "twin": wording.twin_text,
        "owner": wording.owner_text,
        "sentence": wording.sentence,
        "tissue": wording.tissue_text,
        "shared_value": wording.shared_value,
        "shared_span": wording.shared_span,
        "harm": harm_text,
        "prose": lambda text: with_values(text, content.entries),
        "lines": _lines,
        "either": either,
        "optimum": optimum_text,
        "mm": _millimetres,
        "css_string": _css_string,
        "breakable": _breakable,
    }
    environment.filters.update(filters)
    return environment


def _millimetres(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _lines(text: str) -> Markup:
    return Markup("<br>").join(text.splitlines())


def _css_string(text: str) -> Markup:
    """Text as a CSS string that can neither end the string nor the style element.

    CSS takes the blank behind an escape for its end: without one, a blank of the text would be lost.
    """
    safe = "".join(c if c.isalnum() or c in " .,:;()·–▲“”’-" else f"\\{ord(c):06x} " for c in text)
    return Markup(f'"{safe}"')


def _breakable(text: str) -> Markup:
    """Long ids and hashes may break after a dot, an underscore, or every eight digits of a hash."""
    if "." not in text and len(text) == 64:
        return Markup("<wbr>").join(text[i : i + 8] for i in range(0, 64, 8))
    return Markup(str(escape(text)).replace(".", ".<wbr>").replace("_", "_<wbr>"))
