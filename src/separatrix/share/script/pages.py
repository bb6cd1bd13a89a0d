"""Role cards as one HTML document, a page for each person; the same for the screen and for paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from separatrix.share.paper import PAPER_FONT
from separatrix.share.script.cards import RoleCard, signed
from separatrix.share.script.crises import Duty, after_operation, called
from separatrix.share.script.gantt import clock_text, colour_of
from separatrix.team.protocol.model import Procedure

SAFETY = (
    "For planning and rehearsal by a qualified team. Not a certified medical device. Durations and reactions "
    "marked as assumptions are for the team to set. This script advises; people decide."
)


def cards_html(procedure: Procedure, cards: Sequence[RoleCard], *, begins: dt.datetime | None = None) -> str:
    """All role cards.

    Parameters
    ----------
    begins
        Clock of wheels in, where a day is fixed; times are then printed on the clock as well.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        clock=clock_text,
        clocks=lambda span: _clocks(span, begins),
        hours=_hours,
        signed=signed,
        skills=_skills,
        calls=_calls,
        things=_things,
        plain=_plain,
        css_string=_css_string,
    )
    return environment.get_template("role_cards.html.j2").render(
        title=procedure.title,
        cards=cards,
        safety=SAFETY,
        assumed=any(r.assumed for r in procedure.responses),
        parts=any(r.state == "apart" for r in procedure.responses),
        days_after=after_operation(procedure),
        fonts=Markup(f'"{PAPER_FONT}", system-ui, "DejaVu Sans", Arial, sans-serif'),
        colours={patient: colour_of(patient) for patient in ("A", "B", "mother")},
    )


def sheets_html(sheets: Sequence[str]) -> str:
    """Charts, each on an A3 sheet of its own."""
    style = "@page { size: A3 landscape; margin: 0 } body { margin: 0 } div { break-after: page }"
    pages = "".join(f"<div>{sheet}</div>" for sheet in sheets)
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><style>{style}</style>{pages}</html>'


def _clocks(span: tuple[int, int], begins: dt.datetime | None) -> str:
    if begins is None:
        return ""
    first, last = (begins + dt.timedelta(minutes=minute) for minute in span)
    return f" ({first:%H:%M} to {last:%H:%M})"


def _hours(minutes: int) -> str:
    return f"{minutes // 60} h {minutes % 60:02d}"


def _skills(skills: Mapping[str, int]) -> str:
    return ", ".join(s.replace("_", " ") for s in sorted(skills, key=lambda s: (-skills[s], s)))


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _things(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} × {_plain(name)}" for name, count in counts.items())


def _calls(duty: Duty) -> str:
    """Who is called; where it makes no difference who is struck, colours are seen from that child."""
    words = []
    for count, skill, team in called(duty.response.calls):
        whose = ""
        if team and duty.struck is None and duty.response.patient:
            whose = " of that child" if team == duty.response.patient else " of the other child"
        elif team:
            whose = f" {signed((team,))}"
        words.append(f"{f'{count} × ' if count > 1 else ''}{_plain(skill)}{whose}")
    return ", ".join(words)


def _css_string(text: str) -> Markup:
    """Text as a CSS string that can end neither the string nor the style element."""
    safe = "".join(c if c.isalnum() or c in " .,:;()·–" else f"\\{ord(c):06x} " for c in text)
    return Markup(f'"{safe}"')
