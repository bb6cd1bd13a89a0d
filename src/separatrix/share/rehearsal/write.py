"""What a rehearsal is handed over as, beside the dossier: stories and scenario cards, in one folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from separatrix.core.storage import write_atomic
from separatrix.share.paper import to_pdf, why_no_pdf
from separatrix.share.rehearsal.curves import blood_curves
from separatrix.share.rehearsal.gantt import played_svg
from separatrix.share.rehearsal.pages import SAFETY, cards_html, story_html, story_text
from separatrix.share.rehearsal.people import people_svg
from separatrix.share.rehearsal.scenario import Card, Scenario, cards_of
from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.stories.story import Story

_LETTERS = {"median": "M", "worst": "W"}


def number_cards(procedure: Procedure, scenarios: Sequence[Scenario]) -> tuple[Card, ...]:
    """Cards of all scenarios: M1, M2, … of the median, W1, … of the worst, C1, … of chosen complications."""
    cards: list[Card] = []
    own = 0
    for scenario in scenarios:
        if scenario.is_day:
            cards += cards_of(scenario, procedure, _LETTERS[scenario.id])
        else:
            own += 1
            cards += cards_of(scenario, procedure, "C", first=own)
    return tuple(cards)


def write_story(story: Story, folder: Path, *, why: str = "") -> tuple[Path, ...]:
    """Write one story: text, page, bars by activity and by person, blood curves.

    Parameters
    ----------
    folder
        Made where it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "story.txt": story_text(story),
        "story.html": story_html(story, why=why),
        "gantt.svg": played_svg(story, safety=SAFETY),
        "people.svg": people_svg(story, safety=SAFETY),
        **{f"blood-{n}.svg": str(svg) for n, svg in enumerate(blood_curves(story), start=1)},
    }
    return tuple(_put(folder / name, text) for name, text in content.items() if text)


def write_scenarios(procedure: Procedure, scenarios: Sequence[Scenario], folder: Path) -> tuple[Path, ...]:
    """Write ``scenario-cards.html`` and ``.pdf``, and the story of each scenario in a folder of its name.

    Parameters
    ----------
    folder
        Made where it is not there.

    Returns
    -------
    tuple of Path
        What was written; without the PDF where its libraries are missing. The same scenarios give the same
        bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    html = cards_html(procedure, scenarios, number_cards(procedure, scenarios))
    written = [_put(folder / "scenario-cards.html", html)]
    if not why_no_pdf():
        written.append(_put(folder / "scenario-cards.pdf", to_pdf(html)))
    for scenario in scenarios:
        written += write_story(scenario.story, folder / scenario.id, why=scenario.why)
    return tuple(written)


def _put(path: Path, content: str | bytes) -> Path:
    write_atomic(path, content)
    return path
