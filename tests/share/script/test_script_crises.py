"""What each person does when something happens: leads, comes for a task, guards the own child."""

from __future__ import annotations

import pytest

from separatrix.share.paper import to_pdf, why_no_pdf
from separatrix.share.script.crises import Crisis, crises_of, sheets_of
from separatrix.share.script.pages import crisis_html
from separatrix.team.protocol.model import Procedure


def _crises(procedure: Procedure, person_id: str) -> dict[str, Crisis]:
    person = next(p for p in procedure.people if p.id == person_id)
    return {crisis.title: crisis for crisis in crises_of(person, procedure)}


def test_the_team_of_the_struck_child_treats_and_the_other_guards_its_own(procedure: Procedure) -> None:
    for person, own, other in (("AA1", "A", "B"), ("AB1", "B", "A")):
        duties = {d.struck: d for d in _crises(procedure, person)["Massive bleeding"].joined}
        assert duties[own].task == "volume and blood"
        assert duties[other].task == "guard your own child"
        assert {d.part for d in duties.values()} == {"comes"}


def test_a_lead_of_one_colour_leads_for_that_child_only(procedure: Procedure) -> None:
    first, second = (_crises(procedure, name)["Massive bleeding"] for name in ("N1", "N2"))
    assert first.leads
    assert [(d.part, d.struck) for d in first.joined] == [("leads", None)]  # no colour: whoever is struck
    assert [(d.part, d.struck) for d in second.joined] == [("stands_in", "B")]  # N1 brings more of the skill


def test_what_strikes_the_pair_is_one_duty_and_who_has_no_part_has_no_line(procedure: Procedure) -> None:
    assert [(d.part, d.task) for d in _crises(procedure, "N2")["Fire"].joined] == [("comes", "hands off")]
    assert _crises(procedure, "S1").keys() == {"Fire"}
    assert "Fire" not in _crises(procedure, "AA1")


def test_the_days_after_are_the_standbys(procedure: Procedure) -> None:
    assert "Haematoma" not in _crises(procedure, "N1")
    assert _crises(procedure, "R1")["Haematoma"].leads


def test_where_one_leads_comes_first_then_what_leaves_least_time(procedure: Procedure) -> None:
    assert list(_crises(procedure, "N1")) == ["Massive bleeding", "Fire"]
    assert list(_crises(procedure, "N2")) == ["Fire", "Massive bleeding"]


def test_sheets_are_numbered_as_the_cards_say_and_hold_every_line(procedure: Procedure) -> None:
    sheets = sheets_of(procedure)
    assert [(s.number, s.title) for s in sheets] == [(1, "Massive bleeding"), (2, "Fire"), (3, "Haematoma")]
    assert {c.title: c.sheet for c in _crises(procedure, "N1").values()}.items() <= {
        s.title: s.number for s in sheets
    }.items()
    html = crisis_html(procedure)
    for response in procedure.responses:
        for line in (*response.actions, *(call.task for call in response.calls), response.give_up):
            assert line in html
    assert "of the other child" in html
    assert "dose" not in html.lower()


@pytest.mark.skipif(bool(why_no_pdf()), reason="no Pango")
def test_a_section_named_twice_is_printed_twice() -> None:
    from io import BytesIO

    from pypdf import PdfReader

    html = "<style>p { break-after: page }</style>" + "".join(f'<p id="{n}">page {n}</p>' for n in "abc")
    pages = PdfReader(BytesIO(to_pdf(html, order=("c", "a", "b", "c")))).pages
    assert [page.extract_text().strip() for page in pages] == ["page c", "page a", "page b", "page c"]
