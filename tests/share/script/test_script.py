"""What a script is printed as: complete, byte-stable, the two children never mixed up."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from pathlib import Path

import icalendar
import pytest

from separatrix.core import Twin
from separatrix.share.paper import why_no_pdf
from separatrix.share.script import role_cards, write_script
from separatrix.share.script.equipment import by_hour, to_csv
from separatrix.share.script.rows import by_person, by_phase, by_room
from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol.model import Procedure

BEGINS = dt.datetime(2026, 12, 1, 6, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def written(procedure: Procedure, schedule: Schedule, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("script")
    write_script(procedure, schedule, folder, begins=BEGINS)
    return folder


def test_everything_promised_is_written(written: Path) -> None:
    names = {p.relative_to(written).as_posix() for p in written.rglob("*") if p.is_file()}
    expected = {f"gantt-{view}.svg" for view in ("people", "rooms", "phases")}
    expected |= {"equipment.svg", "equipment.csv", "role-cards.html", "crisis-sheets.html"}
    expected |= {f"calendar/{person}.ics" for person in ("N1", "N2", "AA1", "AA2", "AB1", "S1")}
    assert names - {"role-cards.pdf", "gantt.pdf", "crisis-sheets.pdf"} == expected
    assert ("role-cards.pdf" in names) == (not why_no_pdf())


def test_the_same_plan_gives_the_same_bytes(
    written: Path, procedure: Procedure, schedule: Schedule, tmp_path: Path
) -> None:
    for path in write_script(procedure, schedule, tmp_path, begins=BEGINS):
        assert path.read_bytes() == (written / path.relative_to(tmp_path)).read_bytes(), path.name


def test_purple_is_a_and_orange_is_b(written: Path) -> None:
    phases = (written / "gantt-phases.svg").read_text()
    closes = re.findall(r"<title>Close the dura and skin: (.*?)</title><rect[^>]*fill=\"([^\"]*)\"", phases)
    assert closes == [
        ("5 h 30 to 9 h 00", Twin.B.colour),
        ("5 h 40 to 8 h 00", Twin.A.colour),
    ]


def test_breaks_covers_handovers_and_critical_steps_can_be_told_apart(written: Path) -> None:
    people = (written / "gantt-people.svg").read_text()
    assert 'fill="url(#break)"' in people
    assert people.count("<title>handover:") == 2
    critical = re.search(r"shared sinus[^<]*</title>(<rect[^>]*/>)+", people)
    assert critical
    assert 'stroke-width="0.7"' in critical[0]
    assert critical[0].index(Twin.A.colour) < critical[0].index(Twin.B.colour)
    assert "two children · 5 h 30" in people
    assert "circulations part · 5 h 00" in people


def test_rows_hold_every_stretch_once(procedure: Procedure, schedule: Schedule) -> None:
    assert sum(len(r.bars) for r in by_person(procedure, schedule)) == len(schedule.assignments)
    assert sum(len(r.bars) for r in by_phase(procedure, schedule)) == len(schedule.activities)
    rooms = by_room(procedure, schedule)
    assert [(r.label, len(r.bars)) for r in rooms] == [("Theatre 1", 6), ("Theatre 2", 1)]
    assert rooms[0].lanes == 2  # the two inductions overlap


def test_a_card_names_script_relief_and_what_to_do(procedure: Procedure, schedule: Schedule) -> None:
    cards = {c.person.id: c for c in role_cards(procedure, schedule)}
    first = cards["AA1"]
    handover = next(e for e in first.script if e.kind == "handover")
    assert handover.with_whom == ("Anaesthetist A2",)
    assert handover.what == "Hand over: Anaesthesia of A"
    assert next(e for e in cards["AA2"].script if e.kind == "handover").what.startswith("Take over")
    assert first.longest_work_min == 190
    assert (first.break_min, first.on_duty) == (30, (0, 220))
    assert first.awake_at_end_h == pytest.approx(2 + 220 / 60)
    assert cards["R1"].script == ()


def test_cards_have_a_page_each_and_call_nothing_a_dose(written: Path, procedure: Procedure) -> None:
    html = (written / "role-cards.html").read_text()
    assert html.count('<article id="card-') == len(procedure.people) - 1
    assert "Reopening surgeon" in html[html.index('id="standby"') :]
    assert "dose" not in html.lower()
    assert "Not a certified medical device" in html
    if why_no_pdf():
        return
    from pypdf import PdfReader

    pages = [page.extract_text() for page in PdfReader(written / "role-cards.pdf").pages]
    working = [p for p in procedure.people if p.id != "R1"]
    assert len(pages) == 2 * len(working) + 1
    for person, front, back in zip(working, pages[::2], pages[1::2], strict=False):
        assert person.name in front
        assert "If something happens" in back
        assert person.team is None or f" {person.team}" in back
    back = pages[2 * [p.id for p in working].index("N2") + 1]
    assert "B struck:" in back  # one duty only, and still it is said for whom
    assert "A struck:" not in back


def test_a_calendar_reads_back_with_the_clock(written: Path) -> None:
    calendar = icalendar.Calendar.from_ical((written / "calendar" / "N1.ics").read_bytes())
    events = list(calendar.walk("VEVENT"))
    assert [str(e["summary"]) for e in events][1] == "Test clamp and divide the shared sinus (critical)"
    assert events[0].decoded("dtstart") == BEGINS + dt.timedelta(minutes=60)


def test_a_day_that_is_not_fixed_is_said_in_every_entry(
    procedure: Procedure, schedule: Schedule, tmp_path: Path
) -> None:
    write_script(procedure, schedule, tmp_path)
    calendar = icalendar.Calendar.from_ical((tmp_path / "calendar" / "N2.ics").read_bytes())
    assert all("not fixed" in str(e["description"]) for e in calendar.walk("VEVENT"))


def test_equipment_by_the_hour_counts_the_peak(procedure: Procedure, schedule: Schedule) -> None:
    microscope, diathermy = by_hour(procedure, schedule)
    assert microscope.most_by_hour == (0, 1, 1, 1, 1, 0, 0, 0, 0)
    assert diathermy.most_by_hour == (0, 2, 2, 0, 0, 0, 0, 0, 0)
    assert to_csv((microscope,)).splitlines()[1] == "microscope,1,0,1,1,1,1,0,0,0,0"


def test_letters_of_a_title_stay_letters(procedure: Procedure, schedule: Schedule, tmp_path: Path) -> None:
    odd = replace(procedure, title="<b>&\"'; } x {")
    write_script(odd, schedule, tmp_path)
    assert "<b>&" not in (tmp_path / "gantt-people.svg").read_text()
    assert "<b>&" not in (tmp_path / "role-cards.html").read_text()
