"""Write the dossier: one HTML file that needs nothing else, and the same on paper."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from separatrix.body.anatomy.model import Anatomy
from separatrix.body.imaging.model import Scene
from separatrix.body.surface.model import Separatrix
from separatrix.case import Case
from separatrix.core import Progress, silent
from separatrix.core.storage import to_json, write_atomic
from separatrix.evidence import Entry
from separatrix.share.dossier.content import gather
from separatrix.share.dossier.model import Chapter, DossierFiles, StationSummary
from separatrix.share.dossier.model3d import heads_of, parts_of, to_glb, viewer_data
from separatrix.share.dossier.page import to_html, viewer_script
from separatrix.share.dossier.slices import draw_slices
from separatrix.share.dossier.stills import draw_stills
from separatrix.share.paper import to_pdf, why_no_pdf


def write_dossier(
    *,
    case: Case,
    scene: Scene | None,
    anatomy: Anatomy | None,
    separatrix: Separatrix | None,
    stations: Sequence[StationSummary],
    entries: Sequence[Entry],
    folder: Path,
    chapters: Sequence[Chapter] = (),
    vessels: Mapping[str, Any] | None = None,
    progress: Progress = silent,
) -> DossierFiles:
    """Write ``dossier.html``, ``dossier.pdf`` and ``result.json`` into a folder.

    Parameters
    ----------
    case
        The case, with the team's decision.
    scene, anatomy, separatrix
        What the stations gave; None where they did not apply. The reason is printed from `stations`.
    stations
        Every station before this one, with its provenance.
    entries
        Every evidence entry that was read for the plan.
    folder
        Existing folder.
    chapters
        Pages of further stations, in order.
    vessels
        What the 3D view shows of vessels, as `view_of_vessels` gives it.
    progress
        Hears how far it is.

    Returns
    -------
    DossierFiles
        `pdf` is None where its libraries are missing; the HTML is complete all the same and `notes`
        names what to install.
    """
    progress(0.0, "slices")
    slices = draw_slices(scene, anatomy, separatrix) if scene is not None else {}
    progress(0.2, "3D view")
    parts = parts_of(scene, anatomy, separatrix) if scene is not None else []
    heads = heads_of(anatomy, parts)
    progress(0.4, "still pictures")
    stills = draw_stills(parts, anatomy)
    notes = tuple(note for note in (why_no_pdf(), viewer_script()[1]) if note)
    content = gather(
        case=case,
        scene=scene,
        anatomy=anatomy,
        separatrix=separatrix,
        stations=stations,
        entries=entries,
        slices=slices,
        stills=stills,
        chapters=chapters,
        own_notes=notes,
    )
    progress(0.6, "pages")
    model = base64.b64encode(to_glb(parts)).decode("ascii") if parts else ""
    html = to_html(content, model=model, viewer_data=viewer_data(parts, heads, vessels))
    write_atomic(folder / "dossier.html", html)
    progress(0.7, "paper")
    pdf = None
    if not why_no_pdf():
        pdf = folder / "dossier.pdf"
        write_atomic(pdf, to_pdf(to_html(content, paper=True)))
    assumed = [entry.id for entry in content.assumptions]
    write_atomic(folder / "result.json", to_json(_result(pdf is not None, assumed, notes)))
    progress(1.0, "done")
    return DossierFiles(html=folder / "dossier.html", pdf=pdf, notes=notes)


def _result(has_pdf: bool, assumed: list[str], notes: tuple[str, ...]) -> dict[str, object]:
    return {
        "format": 1,
        "station": "dossier",
        "status": "done",
        "because": "",
        "files": ["dossier.html", *(["dossier.pdf"] if has_pdf else [])],
        "assumptions": assumed,
        "notes": list(notes),
    }
