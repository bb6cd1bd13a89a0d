"""Published lists: every item has its number, and each says what it may be used for."""

from __future__ import annotations

import statistics

from separatrix.core import Unknown
from separatrix.evidence import Kind, all_cases, all_complications, all_entries, all_steps
from separatrix.evidence.lists import COMPLICATION_COLUMNS, Quantity, Role, _complication
from separatrix.evidence.tables import parse_rows


def test_every_complication_has_an_entry_of_its_kind() -> None:
    assert len(all_complications()) == 68
    for item in all_complications().values():
        kind = all_entries()[item.id].kind
        assert kind is (Kind.FRACTION if item.quantity is Quantity.PROBABILITY else Kind.NUMBER), item.id


def test_what_is_drawn_has_a_response_and_responders() -> None:
    for item in all_complications().values():
        if item.role in (Role.CAUSE, Role.THRESHOLD, Role.OUTCOME):
            assert item.response, item.id
            assert item.responders, item.id


def test_published_totals_are_never_drawn_and_their_notes_say_so() -> None:
    totals = [item for item in all_complications().values() if item.role is Role.CALIBRATION]
    assert len(totals) == 11
    assert all("calibration" in all_entries()[item.id].note for item in totals)


def test_what_has_no_number_is_unknown_not_zero() -> None:
    forced = {i.id for i in all_complications().values() if isinstance(all_entries()[i.id].value, Unknown)}
    assert {"complication.infarct_after_planned_division", "complication.segment_clot"} < forced
    assert all("forced scenario" in all_entries()[name].note for name in forced)
    assert not any(all_entries()[name].low or all_entries()[name].high for name in forced)


def test_every_event_of_the_published_crisis_checklists_can_be_rehearsed() -> None:
    named = {
        "venous air embolism": "vae_any",
        "haemorrhage": "haemorrhage",
    }
    for event in str(all_entries()["rehearsal.checklist_events"].value).split("; "):
        own = named.get(event, event.replace(" ", "_"))
        assert all_complications()[f"complication.{own}"].role is Role.CAUSE, event


def test_every_complication_says_where_it_can_strike() -> None:
    for item in all_complications().values():
        assert item.procedures, item.id


def test_every_step_has_hours_from_lowest_to_highest() -> None:
    for step in all_steps().values():
        entry = all_entries()[step.id]
        assert entry.unit == "h"
        if step.id != "birth.step.caesarean_total":
            assert entry.low is not None
            assert entry.high is not None


def test_steps_of_one_child_are_named_for_that_child_and_the_two_are_alike() -> None:
    for step in all_steps().values():
        for own, other in (("A", "B"), ("B", "A")):
            if step.id.endswith(f"_{own}"):
                assert step.patients == (own,)
                twin = all_steps()[step.id.removesuffix(own) + other]
                assert twin.roles == tuple(role.replace(f" {own}", f" {other}") for role in step.roles)


def test_the_published_cases_are_31_with_sources_and_no_case_is_a_rate() -> None:
    cases = all_cases()
    assert list(cases) == [f"C{n:02d}" for n in range(1, 32)]
    assert all(case.source_ids for case in cases.values())
    ages = [c.age_months for c in cases.values() if c.age_months is not None and c.age_months < 300]
    assert len(ages) == 20
    assert statistics.median(ages) == all_entries()["timing.age.median"].value


def test_a_faulty_list_row_is_told() -> None:
    head = ",".join(COMPLICATION_COLUMNS)
    unknown = "complication.vae_ayn,x,cause,probability,p,,,,"
    mistyped = "complication.vae_any,x,casue,probability,p,,,,"
    text = "\n".join((head, unknown, mistyped))
    _, faults = parse_rows("c.csv", text, COMPLICATION_COLUMNS, _complication)
    assert len(faults) == 2
    assert "did you mean 'complication.vae_any'" in str(faults[0])
    assert "'casue' is none of cause, threshold" in str(faults[1])
