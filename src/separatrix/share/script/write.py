"""Everything a script is printed as, into one folder."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

from separatrix.core.storage import write_atomic
from separatrix.share.paper import to_pdf, why_no_pdf
from separatrix.share.script import equipment
from separatrix.share.script.calendar import to_ical
from separatrix.share.script.cards import role_cards
from separatrix.share.script.gantt import Chart, in_sheets, to_svg
from separatrix.share.script.pages import SAFETY, cards_html, cards_paper, crisis_html, sheets_html
from separatrix.share.script.rows import by_person, by_phase, by_room
from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol.model import Procedure


def write_script(
    procedure: Procedure, schedule: Schedule, folder: Path, *, begins: dt.datetime | None = None
) -> tuple[Path, ...]:
    """Write the charts, role cards and calendars of one operation; the same plan gives the same bytes.

    Parameters
    ----------
    folder
        Existing folder; gets ``gantt-people.svg``, ``gantt-rooms.svg``, ``gantt-phases.svg``,
        the same on A3 sheets in ``gantt.pdf``, ``equipment.svg`` and ``.csv``, ``role-cards.html`` and
        ``.pdf``, ``crisis-sheets.html`` and ``.pdf``, ``calendar/PERSON.ics``.
    begins
        Aware clock of wheels in, where a day is fixed.

    Returns
    -------
    tuple of Path
        What was written; without the PDF where its libraries are missing.
    """
    written: list[Path] = []

    def put(name: str, content: str | bytes) -> None:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        write_atomic(path, content)
        written.append(path)

    views = {"people": by_person, "rooms": by_room, "phases": by_phase}
    sheets: list[str] = []
    for name, rows in views.items():
        chart = Chart(
            title=f"{procedure.title}: by {'person' if name == 'people' else name.rstrip('s')}",
            rows=rows(procedure, schedule),
            schedule=schedule,
            safety=SAFETY,
            begins=begins,
            label_mm=110 if name == "phases" else 62,
        )
        put(f"gantt-{name}.svg", to_svg(chart))
        sheets += [to_svg(replace(chart, rows=sheet)) for sheet in in_sheets(chart.rows)]
    if not why_no_pdf():
        put("gantt.pdf", to_pdf(sheets_html(sheets)))
    uses = equipment.by_hour(procedure, schedule)
    put("equipment.csv", equipment.to_csv(uses))
    put(
        "equipment.svg",
        equipment.to_svg(uses, title=f"{procedure.title}: equipment by the hour", safety=SAFETY),
    )
    cards = role_cards(procedure, schedule)
    html = cards_html(procedure, cards, begins=begins)
    put("role-cards.html", html)
    if not why_no_pdf():
        paper, order = cards_paper(procedure, cards, begins=begins)
        put("role-cards.pdf", to_pdf(paper, order=order))
    if procedure.responses:
        sheets_page = crisis_html(procedure)
        put("crisis-sheets.html", sheets_page)
        if not why_no_pdf():
            put("crisis-sheets.pdf", to_pdf(sheets_page))
    for card in cards:
        if card.script:
            put(f"calendar/{card.person.id}.ics", to_ical(card, procedure=procedure.id, begins=begins))
    return tuple(written)
