"""What a log says of an operation, and what of it can be compared; which cases the evidence has seen."""

import pytest
from tests.conftest import SHARED_DATA
from tests.team.rehearsal.log_twin import small_logs, write_logs

from separatrix.evidence import EvidenceReader, all_cases, all_entries
from separatrix.team.rehearsal.retrodiction.logs import LogCase, read_logs
from separatrix.team.rehearsal.retrodiction.published import published_spans
from separatrix.team.rehearsal.retrodiction.spans import (
    NOT_TWINS,
    OTHER_UNION,
    REPEATS_PLAN,
    UPPER_PLAN,
    Measure,
    is_staged,
    spans_of,
)
from separatrix.team.rehearsal.retrodiction.tuning import known_from

PUBLIC = SHARED_DATA / "operation_logs"
needs_public_logs = pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public logs are not in a bare clone")


def spans_by_name(folder, case):
    log = next(o for o in read_logs(folder) if o.case.id == case)
    return {span.name if span.name in ("whole", "start_to_apart") or not span.name.startswith("phase")
            else span.title: span for span in spans_of(log)}  # fmt: skip


def test_lengths_and_shares_of_a_craniopagus_operation(tmp_path):
    spans = spans_by_name(small_logs(tmp_path), "XX02")
    lengths = {
        "in_room_to_lines_done": 150,
        "in_room_to_incision": 200,
        "in_room_to_apart": 1080,
        "incision_to_apart": 880,
        "apart_to_first_out": 300,
        "apart_to_end": 720,
        "first_out_to_end": 420,
        "whole": 1800,
    }
    assert {name: spans[name].observed for name in lengths} == lengths
    assert all(spans[name].because == "" for name in lengths)
    assert spans["share_to_apart"].observed == pytest.approx(1080 / 1800)
    assert spans["share_to_apart"].measure == Measure("share", ("in_room", "apart", "end"))
    assert spans["share_to_incision"].observed == pytest.approx(200 / 1800)
    assert "start_to_apart" not in spans  # the same stretch, with a sharper beginning, is there


def test_plans_are_compared_where_what_it_took_is_printed(tmp_path):
    spans = spans_by_name(small_logs(tmp_path), "XX02")
    whole = spans["whole_over_plan"]
    assert (whole.observed, whole.unit, whole.because) == (1.5, "1", "")
    assert spans["phase, taken over planned: start to apart"].observed == pytest.approx(1080 / 720)
    bounded = spans["phase, taken over planned: opening"]
    assert bounded.observed is None
    assert bounded.because == "only a bound: at most 40 of 60 min"


def test_of_another_union_lengths_are_not_compared_and_its_shares_are(tmp_path):
    spans = spans_by_name(small_logs(tmp_path), "XX04")
    assert spans["start_to_apart"].because == OTHER_UNION
    assert spans["whole"].because == OTHER_UNION
    assert spans["whole_over_plan"].because == UPPER_PLAN
    assert spans["share_to_apart"].because == ""
    assert spans["share_to_apart"].observed == pytest.approx(324 / 540)  # of the printed total


def test_what_is_no_separation_is_not_compared_at_all(tmp_path):
    spans = spans_by_name(small_logs(tmp_path), "XX06")
    assert {span.because for span in spans.values()} == {NOT_TWINS}


def test_a_ratio_of_one_is_marked_as_doubtful(tmp_path):
    row = {"id": "A2", "union_type": "craniopagus", "planned_total_h": 14, "actual_total_h": 14}
    spans = spans_by_name(write_logs(tmp_path, [row]), "A2")
    assert spans["whole_over_plan"].notes == (REPEATS_PLAN,)


@pytest.mark.parametrize(
    ("notes", "because"),
    [
        ("plan_kind=point", ""),
        ("plan_kind=range 18-22 (two papers)", ""),
        ("plan_kind=derived: an hour ahead", ""),
        ("nothing said", ""),
        ("plan_kind=upper", UPPER_PLAN),
        ("plan_kind=lower", "what kind of plan `lower` is, nobody says"),
    ],
)
def test_a_plan_is_divided_by_where_its_kind_allows(tmp_path, notes, because):
    row = {"id": "A2", "union_type": "craniopagus", "planned_total_h": 20, "actual_total_h": 25,
           "notes": notes}  # fmt: skip
    span = spans_by_name(write_logs(tmp_path, [row]), "A2")["whole_over_plan"]
    assert span.because.startswith(because)
    assert bool(span.because) is bool(because)
    assert span.observed == 1.25


def test_a_case_without_numbers_still_has_a_row_that_says_so(tmp_path):
    (log,) = read_logs(write_logs(tmp_path, [{"id": "A2", "union_type": "craniopagus"}]))
    (span,) = spans_of(log)
    assert span.observed is None
    assert span.because == "no length and no clock time is printed"


@pytest.mark.parametrize(
    ("notes", "staged"),
    [
        ("fourth and last staged operation; separate brains", True),
        ("final of four staged operations", True),
        ("last of seven or nine operations 23 h", True),
        ("on the evening; earlier operations up to 20 h", True),
        ("fifth of five operations 20 h", True),
        ("about 11 h; one final operation after expanders", False),
        ("27 h whole, separation 16 h", False),
        ("", False),
    ],
)
def test_a_series_is_told_from_the_notes(tmp_path, notes, staged):
    row = {"id": "A2", "union_type": "craniopagus", "actual_total_h": 20, "notes": notes}
    (log,) = read_logs(write_logs(tmp_path, [row]))
    assert is_staged(log) is staged
    assert spans_of(log)[0].operation == ("last" if staged else "only")


def case(name, place="", year=None, union="craniopagus", hours=None):
    return LogCase(
        id=name,
        year=year,
        place=place,
        union_type=union,
        planned_total_h=None,
        actual_total_h=hours,
        notes="",
    )


@pytest.mark.parametrize(
    ("known", "of"),
    [
        (True, case("OP33")),
        (True, case("OP35")),
        (True, case("OP25")),
        (False, case("OP3")),  # is no word of OP33
        (False, case("33")),
        (False, case("XX02", "Nowhere", 2030)),
        (True, case("XX04", "Ankara", 2024)),  # the list of published separations has it
        (False, case("XX04", "Ankara", 2015)),
        (False, case("XX04", "Ankara", 2024, union="omphalopagus")),
        (True, case("XX06", "New Delhi", 2017)),  # its clock times are entries
        (True, case("XX08", "Riyadh", 2016, hours=10)),  # a paper without a year, by its hours
        (False, case("XX08", "Riyadh", 2016, hours=11)),
    ],
)
def test_cases_that_the_evidence_names_count_as_tuning(known, of):
    assert bool(known_from(of, all_entries(), all_cases().values())) is known


@needs_public_logs
def test_spans_of_the_public_logs_are_those_that_the_evidence_derived():
    found = {(o.case.id, s.name, s.title): s for o in read_logs(PUBLIC) for s in spans_of(o)}

    def observed(case_id, name):
        return next(s.observed for (c, n, _), s in found.items() if (c, n) == (case_id, name))

    evidence = EvidenceReader(all_entries())
    for case_id, name, entry in (
        ("OP33", "start_to_apart", "durations.span.start_to_apart.OP33"),
        ("OP25", "start_to_apart", "durations.span.start_to_apart.OP25"),
        ("OP35", "in_room_to_apart", "durations.span.start_to_apart.OP35"),
        ("OP25", "apart_to_first_out", "durations.span.apart_to_end.OP25_first"),
        ("OP25", "first_out_to_end", "durations.second_child_later.OP25"),
        ("OP35", "apart_to_end", "durations.span.apart_to_end.OP35"),
        ("OP33", "start_to_incision", "durations.span.start_to_first_cut.craniopagus"),
    ):
        assert observed(case_id, name) == evidence.number(entry)
    for case_id in ("OP03", "OP25", "OP33", "OP35"):
        share = evidence.number(f"durations.share_before_apart.{case_id}")
        assert observed(case_id, "share_to_apart") == pytest.approx(share, abs=0.006)
    assert observed("OP33", "whole_over_plan") == pytest.approx(2.03, abs=0.005)


def test_every_published_span_is_an_entry_and_its_value_is_taken_from_it():
    changed = EvidenceReader(all_entries())
    spans = published_spans(changed, all_cases().values())
    read = {entry.id for entry in changed.used}
    published = {
        key
        for key in all_entries()
        if key.startswith(
            ("durations.span.", "durations.second_child_later.", "durations.share_before_apart.OP")
        )
    }
    assert published <= read
    hours = {c.id: c.hours for c in all_cases().values() if c.hours is not None}
    assert {s.case: s.observed for s in spans if s.rests_on == "cases"} == {
        key: value * 60 for key, value in hours.items()
    }
    assert next(s for s in spans if s.case == "C12").because == "adults of 29 years"
    assert sorted(s.observed for s in spans if s.name == "whole_over_plan") == [0.83, 1.12, 2.03]
