"""Scenario cards and stories as HTML documents; the cards print a page each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from separatrix.share.paper import PAPER_FONT
from separatrix.share.rehearsal.curves import blood_curves
from separatrix.share.rehearsal.gantt import played_svg
from separatrix.share.rehearsal.people import people_svg
from separatrix.share.rehearsal.scenario import Card, Scenario, minutes
from separatrix.share.script.cards import signed
from separatrix.share.script.gantt import clock_text, colour_of
from separatrix.share.script.pages import control_span, css_string
from separatrix.share.templates import templates_in
from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.stories.story import Crisis, Story

SAFETY = (
    "For planning and rehearsal by a qualified team. Not a certified medical device. Played by computer from "
    "the script; times and rates without a source are assumptions. Arrival, not success; people decide."
)


def cards_html(procedure: Procedure, scenarios: Sequence[Scenario], cards: Sequence[Card]) -> str:
    """All scenario cards with a page before them that tells how to play; the same for screen and paper."""
    template = _environment().get_template("scenario_cards.html.j2")
    return template.render(
        **_on_every_page(),
        title=procedure.title,
        scenarios=scenarios,
        cards=cards,
    )


def story_html(story: Story, *, why: str = "") -> str:
    """One rehearsal as a page: what struck, bars against the plan, curves, minute by minute."""
    template = _environment().get_template("story.html.j2")
    return template.render(
        **_on_every_page(),
        story=story,
        why=why,
        gantt=Markup(played_svg(story, safety=SAFETY)),
        people=Markup(people_svg(story, safety=SAFETY)),
        curves=blood_curves(story),
    )


def story_text(story: Story) -> str:
    """The same story as plain text, a line an event."""
    rows = [f"{story.title}: rehearsal {story.number} of seed {story.seed}", SAFETY, ""]
    for line in story.lines:
        rows.append(f"{clock_text(line.minute):>10}  {signed(line.patients):<12}  {line.words}".rstrip())
    return "\n".join(rows) + "\n"


def whom(crisis: Crisis) -> str:
    """Whom a complication strikes, with letter and shape."""
    return signed(crisis.struck) if crisis.struck else "the room"


def _environment() -> Environment:
    environment = templates_in(Path(__file__).parent / "templates")
    environment.filters.update(
        clock=clock_text,
        minutes=minutes,
        signed=signed,
        whom=whom,
        span=control_span,
        css_string=css_string,
        lower_first=lambda text: text[:1].lower() + text[1:],
    )
    return environment


def _on_every_page() -> dict[str, object]:
    return {
        "safety": SAFETY,
        "fonts": Markup(f'"{PAPER_FONT}", system-ui, "DejaVu Sans", Arial, sans-serif'),
        "colours": {patient: colour_of(patient) for patient in ("A", "B", "mother")},
    }
