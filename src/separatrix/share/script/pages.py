"""Role cards as one HTML document, a page for each person; the same for the screen and for paper."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from separatrix.share.paper import PAPER_FONT
from separatrix.share.script.cards import RoleCard, signed
from separatrix.share.script.crises import Crisis, Duty, sheets_of
from separatrix.share.script.gantt import clock_text, colour_of
from separatrix.share.templates import templates_in
from separatrix.team.protocol.model import Call, Duration, Procedure, Response

SAFETY = (
    "For planning and rehearsal by a qualified team. Not a certified medical device. Durations and reactions "
    "marked as assumptions are for the team to set. This script advises; people decide."
)


_OWN_HEADING = 3
"""Complications with the same leader from which on they stand under a heading of their own."""


def cards_html(procedure: Procedure, cards: Sequence[RoleCard], *, begins: dt.datetime | None = None) -> str:
    """All role cards, each with its script and with what to do when something happens.

    Parameters
    ----------
    begins
        Clock of wheels in, where a day is fixed; times are then printed on the clock as well.
    """
    return _cards(procedure, cards, begins, backs=_backs(procedure, cards))


def cards_paper(
    procedure: Procedure, cards: Sequence[RoleCard], *, begins: dt.datetime | None = None
) -> tuple[str, tuple[str, ...]]:
    """The same cards for printing: fronts, and each different back once.

    Returns
    -------
    tuple
        The document, and the ids of its sections in the order they are printed in.
    """
    backs = _backs(procedure, cards)
    ids = {html: f"back-{number}" for number, html in enumerate(dict.fromkeys(backs.values()), start=1)}
    order = []
    for card in cards:
        if card.script:
            order.append(f"card-{card.person.id}")
            order += [ids[backs[card.person.id]]] if card.person.id in backs else []
    if any(not card.script for card in cards):
        order.append("standby")
    once = [{"id": name, "html": html} for html, name in ids.items()]
    return _cards(procedure, cards, begins, once=once), tuple(order)


def _cards(
    procedure: Procedure,
    cards: Sequence[RoleCard],
    begins: dt.datetime | None,
    *,
    backs: Mapping[str, Markup] | None = None,
    once: Sequence[Mapping[str, str]] = (),
) -> str:
    environment = _environment()
    environment.filters["clocks"] = lambda span: _clocks(span, begins)
    return environment.get_template("role_cards.html.j2").render(
        **_on_every_page(procedure),
        cards=cards,
        backs=backs or {},
        once=once,
        days_after=[(s.title, s.number) for s in sheets_of(procedure) if s.first.after_operation],
    )


def _backs(procedure: Procedure, cards: Sequence[RoleCard]) -> dict[str, Markup]:
    """What to do when something happens, by person; of those with a script and a part in it."""
    template, everywhere = _environment().get_template("card_back.html.j2"), _on_every_page(procedure)
    return {
        card.person.id: Markup(template.render(**everywhere, card=card))
        for card in cards
        if card.script and card.crises
    }


def crisis_html(procedure: Procedure) -> str:
    """The crisis sheets: every response whole, to be read aloud."""
    template = _environment().get_template("crisis_sheets.html.j2")
    return template.render(**_on_every_page(procedure), sheets=sheets_of(procedure))


def _environment() -> Environment:
    environment = templates_in(Path(__file__).parent / "templates")
    environment.filters.update(
        clock=clock_text,
        hours=_hours,
        signed=signed,
        skills=_skills,
        by_part=_by_part,
        columns=_columns,
        span=control_span,
        things=_things,
        whose=_whose,
        plain=_plain,
        css_string=css_string,
    )
    return environment


def _on_every_page(procedure: Procedure) -> dict[str, object]:
    return {
        "title": procedure.title,
        "safety": SAFETY,
        "assumed": any(response.assumed for response in procedure.responses),
        "parts": any(response.state == "apart" for response in procedure.responses),
        "fonts": Markup(f'"{PAPER_FONT}", system-ui, "DejaVu Sans", Arial, sans-serif'),
        "colours": {patient: colour_of(patient) for patient in ("A", "B", "mother")},
    }


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


def _by_part(crises: Sequence[Crisis]) -> list[tuple[str, list[Crisis]]]:
    """Under headings: where the person leads, then by who leads; few of one leader come last."""
    leaders = Counter(crisis.leader for crisis in crises if not crisis.leads)
    groups: dict[str, list[Crisis]] = {"You lead": []}
    for leader, count in leaders.items():
        if count >= _OWN_HEADING:
            groups[f"You come: the {_plain(leader)} leads"] = []
    groups["You come"] = []
    for crisis in crises:
        own = f"You come: the {_plain(crisis.leader)} leads"
        heading = "You lead" if crisis.leads else own if own in groups else "You come"
        groups[heading].append(crisis)
    return [(heading, found) for heading, found in groups.items() if found]


def _columns(crisis: Crisis, parts: bool) -> list[tuple[Duty, ...]]:
    """Joined and apart; one column where the task is the same, or where the children stay joined."""
    said = [[(d.part, d.struck, d.task) for d in duties] for duties in (crisis.joined, crisis.apart)]
    if not parts or (said[0] == said[1] and not crisis.leads):
        return [crisis.joined]
    return [crisis.joined, crisis.apart]


def _plain(name: str) -> str:
    return name.replace("_", " ")


def control_span(control: Duration) -> str:
    """Time to control in words, with what it rests on."""
    low, mode, high = (round(m) for m in (control.low_min, control.mode_min, control.high_min))
    words = f"after about {mode} min" if low == high else f"after {low} to {high} min, most likely {mode}"
    return f"{words} ({'assumption' if control.assumed else 'published'})"


def _things(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} × {_plain(name)}" for name, count in counts.items())


def _whose(response: Response, call: Call) -> str:
    """The colour of who is called; on a sheet for either child it is seen from the one who is struck."""
    if call.team is None:
        return ""
    if response.patient is None or call.team == "mother":
        return f" {signed((call.team,))}"
    return " of this child" if call.team == response.patient else " of the other child"


def css_string(text: str) -> Markup:
    """Text as a CSS string that can end neither the string nor the style element."""
    safe = "".join(c if c.isalnum() or c in " .,:;()·–" else f"\\{ord(c):06x} " for c in text)
    return Markup(f'"{safe}"')
