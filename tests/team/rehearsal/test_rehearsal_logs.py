"""Logs are read as they are written; what cannot be read is told, all at once and with its line."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import SHARED_DATA
from tests.team.rehearsal.log_twin import CASES, EVENTS, PHASES, clock_text, small_logs, write_logs

from separatrix.core import InputError
from separatrix.team.rehearsal.retrodiction.log_table import clock_min
from separatrix.team.rehearsal.retrodiction.logs import MILESTONES, read_logs

PUBLIC = SHARED_DATA / "operation_logs"


def test_a_log_is_read_as_it_is_written(tmp_path):
    first, second, third = read_logs(small_logs(tmp_path))
    assert (first.case.union, second.case.union, third.case.union) == (
        "craniopagus",
        "other union",
        "not twins",
    )
    assert (first.case.plan_kind, second.case.plan_kind, third.case.plan_kind) == ("point", "upper", "")
    assert (second.case.year, second.case.place) == (None, "")
    assert [event.clock_min for event in first.events][-2:] == [1440 + 360, 1440 + 780]
    assert [phase.is_summary for phase in first.phases] == [False] * 5 + [True]
    assert third.phases == third.events == ()


def test_a_blank_end_is_bounded_by_the_next_start_and_a_blank_start_by_the_end_before(tmp_path):
    phases = read_logs(small_logs(tmp_path))[0].phases
    assert phases[0].duration_min == 150  # from its clock times
    assert (phases[1].no_later_than_min, phases[1].duration_min, phases[1].at_most_min) == (620, None, 40)
    assert (phases[4].not_before_min, phases[4].at_most_min) == (18 * 60, 7 * 60)
    assert (phases[5].duration_min, phases[5].at_most_min) == (18 * 60, None)


def test_parallel_rows_share_a_start_and_are_bounded_by_what_comes_after_both(tmp_path):
    rows = [
        {"case_id": "A1", "order": n, "phase_as_printed": label, "phase_kind": "reconstruction",
         "start_clock": start}
        for n, (label, start) in enumerate([("one", "10:00"), ("two", "10:00"), ("after", "12:00")])
    ]  # fmt: skip
    folder = write_logs(tmp_path, [{"id": "A1", "union_type": "craniopagus"}], phases=rows)
    first, second, _ = read_logs(folder)[0].phases
    assert first.at_most_min == second.at_most_min == 120


def test_more_columns_other_orders_and_a_byte_order_mark_are_no_fault(tmp_path):
    small_logs(tmp_path)
    (tmp_path / "cases.csv").write_text(
        "surgeon,id,notes,union_type,actual_total_h,planned_total_h,place,year\r\n"
        "nobody,A1,,Craniopagus (total),,,,\r\n\r\n",
        encoding="utf-8-sig",
    )
    (tmp_path / "phases.csv").write_text(PHASES + "\n", encoding="utf-8")
    (tmp_path / "events.csv").write_text(EVENTS + "\n", encoding="utf-8")
    (log,) = read_logs(tmp_path)
    assert (log.case.id, log.case.union, log.case.actual_total_h) == ("A1", "craniopagus", None)


def test_all_faults_of_all_files_are_told_at_once_with_line_and_column(tmp_path):
    (tmp_path / "cases.csv").write_text(
        CASES + "\nA1,nineteen,,craniopagus,,,,,-3,12;5,,\nA1,2000,,,,,,,,nan,,\n"
    )
    (tmp_path / "phases.csv").write_text(
        PHASES + "\nA1,1,opening,exposure,12:00,09:00,,,\nA9,x,,exposure,24:10,9:00,0,0,\nA1,2,too,few\n"
    )
    (tmp_path / "events.csv").write_text(
        EVENTS + "\nA1,,incision,cut,\nA1,25:00,apart,,\nA1,08:00,incison,,\n"
    )
    with pytest.raises(InputError) as caught:
        read_logs(tmp_path)
    told = {(Path(f.file).name, f.line, f.field) for f in caught.value.faults}
    assert told == {
        ("cases.csv", 2, "year"),
        ("cases.csv", 2, "planned_total_h"),
        ("cases.csv", 2, "actual_total_h"),
        ("cases.csv", 3, "id"),
        ("cases.csv", 3, "union_type"),
        ("cases.csv", 3, "actual_total_h"),
        ("phases.csv", 2, "end_clock"),
        ("phases.csv", 3, "case_id"),
        ("phases.csv", 3, "order"),
        ("phases.csv", 3, "phase_as_printed"),
        ("phases.csv", 3, "start_clock"),
        ("phases.csv", 3, "end_clock"),
        ("phases.csv", 3, "planned_min"),
        ("phases.csv", 4, ""),
        ("events.csv", 2, "clock"),
        ("events.csv", 3, "clock"),
        ("events.csv", 4, "milestone"),
    }
    assert "did you mean 'incision'?" in str(caught.value)
    assert "midnight is 00:00+1" in str(caught.value)


@pytest.mark.parametrize("name", ["cases.csv", "phases.csv", "events.csv"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no such file"),
        (b"", "is empty"),
        (b"case,clocks\n", "lacks the columns"),
        (b"\xff\xfe\x00id", "is not UTF-8 text"),
        (b'id,"case_id\n', "is no CSV"),
    ],
)
def test_a_file_that_is_no_table_is_named(tmp_path, name, content, words):
    small_logs(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read_logs(tmp_path)
    assert Path(caught.value.faults[0].file).name == name


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        read_logs(tmp_path / "nowhere")


@given(st.integers(0, 10 * 1440 - 1))
def test_clock_times_come_back(minutes):
    assert clock_min(clock_text(minutes)) == minutes


@pytest.mark.parametrize(
    "text", ["7:30", "07:60", "24:00", "07:30 +1", "07:30+", "-07:30", "0730", "07:30+1+1"]
)
def test_what_is_no_clock_time_is_refused(text):
    with pytest.raises(ValueError, match="no clock time"):
        clock_min(text)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["XX02", "XX04", "", "zz"]),
            st.text(alphabet="0123456789:+ x\"',\n", max_size=8),
            st.sampled_from([*MILESTONES, "", "apart?"]),
        ),
        max_size=5,
    )
)
def test_whatever_stands_in_a_log_it_is_read_or_refused_by_name(tmp_path_factory, rows):
    folder = small_logs(tmp_path_factory.mktemp("logs"))
    lines = [",".join((case, text, milestone, "", "")) for case, text, milestone in rows]
    (folder / "events.csv").write_text("\n".join([EVENTS, *lines]), encoding="utf-8")
    try:
        events = sum(len(log.events) for log in read_logs(folder))
    except InputError as error:
        faults = error.faults
    else:
        faults = ()
        assert events == len([row for row in rows if any(row)])
    assert all(fault.file for fault in faults)


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public logs are not in a bare clone")
def test_the_public_logs_are_read_whole():
    logs = read_logs(PUBLIC)
    assert (len(logs), sum(len(o.phases) for o in logs), sum(len(o.events) for o in logs)) == (37, 54, 72)
    assert sum(o.case.union == "craniopagus" for o in logs) == 13
    assert sum(o.case.union == "not twins" for o in logs) == 1
    pairs = [o for o in logs if o.case.planned_total_h and o.case.actual_total_h]
    assert len(pairs) == 15
