"""Scenario cards: one page each, who should come and from where, targets, a sheet to score."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from separatrix.evidence import EvidenceReader
from separatrix.evidence.tables import all_entries
from separatrix.share.paper import to_pdf, why_no_pdf
from separatrix.share.rehearsal import Scenario, chosen, day, number_cards, write_scenarios
from separatrix.share.rehearsal.cues import cue_of
from separatrix.share.rehearsal.pages import cards_html
from separatrix.team.protocol import read_protocol
from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.stories.story import Crisis, Story


def _text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", html, flags=re.S)).split())


@pytest.fixture
def scenarios(story: Story) -> list[Scenario]:
    return [day("median", story), chosen("complication.fire", story)]


def test_a_card_tells_trigger_state_who_from_where_targets_actions_and_holds_a_score(
    procedure: Procedure, scenarios: list[Scenario]
) -> None:
    cards = number_cards(procedure, scenarios)
    assert [c.number for c in cards] == ["M1", "M2", "C1"]
    words = _text(cards_html(procedure, scenarios, cards[:1]))
    assert "The facilitator, at doll ● A, aloud" in words
    assert cue_of("complication.bleeding", "Massive bleeding") in words
    assert "JOINED" in words
    assert "1 h 35 after wheels in, during Open the dura" in words
    assert "All there within 2 min (the team’s assumption)" in words
    assert "Caller 1: on a break, 4 min" in words
    assert "Outside, on a break: Caller 1, Caller 2" in words
    for action in scenarios[0].crises[0].response.actions:  # type: ignore[union-attr]
        assert action in words
    assert "Called after" in words
    assert "dose" not in words.lower()


def test_who_was_missing_is_said_on_the_card(procedure: Procedure, scenarios: list[Scenario]) -> None:
    words = _text(cards_html(procedure, scenarios, number_cards(procedure, scenarios)[2:]))
    assert "✕ nobody" in words
    assert "missing: neurosurgeon" in words
    assert "at both dolls" in words


def test_a_day_plays_what_holds_it_up_longest_and_lists_all(procedure: Procedure, story: Story) -> None:
    first = story.crises[0]
    one_of = {0: ("B",), 1: ("A",)}
    many = [replace(first, number=n, minute=90.0 + n, control_min=float(n), struck=one_of[n % 2])
            for n in range(1, 7)]  # fmt: skip
    other = [replace(many[5], number=7, complication="complication.a", control_min=1.0),
             replace(many[5], number=8, complication="complication.b", control_min=2.0)]  # fmt: skip
    scenario = day("worst", replace(story, crises=(*many, *other)))
    assert [c.number for c in scenario.crises] == [5, 6, 8]  # one a child and complication, by time
    words = _text(cards_html(procedure, [scenario], number_cards(procedure, [scenario])))
    assert "8 complications. Those that held it up longest have a card." in words


def test_a_complication_that_does_not_strike_is_no_scenario(story: Story) -> None:
    with pytest.raises(ValueError, match=r"complication\.flood does not strike in rehearsal 42 of seed 7"):
        chosen("complication.flood", story)


def test_a_forced_complication_is_chosen_before_a_drawn_one(story: Story) -> None:
    drawn = replace(story.crises[1], number=1, forced=False, minute=10.0)
    assert chosen("complication.fire", replace(story, crises=(drawn, story.crises[1]))).crises[0].forced


def test_without_a_response_the_card_says_so(procedure: Procedure, story: Story) -> None:
    crisis = replace(
        story.crises[0], response=None, came=(), complication="complication.flood", title="Flood"
    )
    scenario = chosen("complication.flood", replace(story, crises=(crisis,)))
    words = _text(cards_html(procedure, [scenario], number_cards(procedure, [scenario])))
    assert "The protocol has no response to this" in words
    assert "“Flood.”" in words


def test_names_cannot_break_the_page(procedure: Procedure, story: Story) -> None:
    crisis = replace(story.crises[0], title="<script>alert(1)</script>")
    scenario = chosen("complication.bleeding", replace(story, crises=(crisis,)))
    assert "<script>alert" not in cards_html(procedure, [scenario], number_cards(procedure, [scenario]))


def _long(crisis: Crisis) -> Crisis:
    """As many callers and lines as the library's longest script."""
    assert crisis.response is not None
    response = replace(crisis.response, actions=("Say it aloud, and what it means for the other child",) * 7)
    return replace(crisis, response=response, came=(crisis.came[0], *crisis.came[1:] * 4))


@pytest.mark.skipif(bool(why_no_pdf()), reason="no Pango")
def test_each_card_is_one_page(procedure: Procedure, story: Story) -> None:
    pypdf = pytest.importorskip("pypdf")
    scenario = chosen("complication.bleeding", replace(story, crises=(_long(story.crises[0]),)))
    scenarios = [scenario, chosen("complication.fire", story)]
    html = cards_html(procedure, scenarios, number_cards(procedure, scenarios))
    pages = [page.extract_text() for page in pypdf.PdfReader(BytesIO(to_pdf(html))).pages]
    assert len(pages) == 3
    assert "SCORE" in pages[1].upper()
    assert "C2" in pages[2]


def test_files_are_the_same_again_and_hold_each_story(
    tmp_path: Path, procedure: Procedure, scenarios: list[Scenario]
) -> None:
    first = write_scenarios(procedure, scenarios, tmp_path / "one")
    again = write_scenarios(procedure, scenarios, tmp_path / "two")
    names = {str(p.relative_to(tmp_path / "one")) for p in first}
    assert {"scenario-cards.html", "median/story.txt", "median/gantt.svg", "fire-joined/story.html",
            "median/blood-3.svg"} <= names  # fmt: skip
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in again]


@pytest.mark.parametrize("name", ["separation", "birth", "emergency_separation"])
def test_every_complication_of_the_library_has_a_cue_of_its_own(name: str) -> None:
    protocol = read_protocol(name, evidence=EvidenceReader(all_entries()))
    for response in protocol.responses:
        cue = cue_of(response.id, "no cue")
        assert cue != "no cue.", response.id
        assert not re.search(r"\d", cue)  # no amounts, no course
