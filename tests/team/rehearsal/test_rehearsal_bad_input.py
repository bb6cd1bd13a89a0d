"""Bad input of a rehearsal: a named fault, all told at once, or a finding; no run hangs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.team.choreography.procedures import activity, after, person, procedure
from tests.team.rehearsal.planned import by_hand, numbers, step

from separatrix.core import InputError
from separatrix.evidence import EvidenceReader, all_complications, all_entries, with_overrides
from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol.model import ActivityMark, Call, Need, Procedure, Response
from separatrix.team.rehearsal.engine import space
from separatrix.team.rehearsal.play.compile import Compiled, compile_procedure
from separatrix.team.rehearsal.play.numbers import numbers_of, team_value_faults
from separatrix.team.rehearsal.retrodiction.logs import COLUMNS, read_logs
from separatrix.team.rehearsal.runs.blocks import check_size
from separatrix.team.rehearsal.runs.cluster import check_address
from separatrix.team.rehearsal.runs.run import run
from separatrix.team.rehearsal.stories.replay import check_number


def day(*responses: Response, **more: object) -> tuple[Procedure, Schedule]:
    """Two hours of one surgeon on joined children."""
    acts = [
        activity("open", 60, needs=(Need(skill="surgeon"),), patients=("A", "B"), phase="venous"),
        activity(
            "part",
            60,
            needs=(Need(skill="surgeon"),),
            patients=("A", "B"),
            phase="venous",
            marks=frozenset({ActivityMark.SEPARATION}),
        ),
    ]
    fields = {"phases": ("venous",), "precedences": tuple(after("open", "part")), "responses": responses}
    made = replace(procedure(acts, [person("S1", "surgeon")]), **(fields | more))
    days = [step("S1", "open", 0, 60), step("S1", "part", 60, 120)]
    return made, by_hand(made, {"open": 0, "part": 60}, days)


def answer(complication: str = "complication.vae_any", **more: object) -> Response:
    fields = {"title": "Air", "state": "joined", "leader": "surgeon", "actions": ("Flood the field",)}
    return Response(complication=complication, **(fields | more))


def compiled(made: Procedure, schedule: Schedule) -> Compiled:
    return compile_procedure(made, schedule, numbers(made))


def faults_of(made: Procedure, schedule: Schedule) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as caught:
        compiled(made, schedule)
    return [(fault.field, fault.problem) for fault in caught.value.faults]


def team_values(**values: object) -> EvidenceReader:
    """The tables with values of a team."""

    class Said:
        def __init__(self, value: object, low: float | None = None, high: float | None = None) -> None:
            self.value, self.low, self.high, self.why = value, low, high, "a test"

    said = {key: Said(*value) if isinstance(value, tuple) else Said(value) for key, value in values.items()}
    return with_overrides(all_entries(), said)


# --- numbers ---


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("complication.vae_any", 1.5, "from 0 to 1"),
        ("complication.vae_any", float("nan"), "finite"),
        ("complication.vae_any", -0.1, "from 0 to 1"),
        ("rehearsal.branch.stage", (0.2, 0.9, 0.1), "low 0.9 is above high 0.1"),
        ("rehearsal.body.tick_min", float("inf"), "finite"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_with_its_name(key, value, problem):
    with pytest.raises(InputError) as caught:
        team_values(**{key: value})
    (fault,) = caught.value.faults
    assert (fault.file, fault.field) == ("case.yaml", f"assumptions.{key}")
    assert problem in fault.problem


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rehearsal.arrival.free", -5),
        ("rehearsal.arrival.free", (1, -5, 3)),
        ("rehearsal.relief.retry", 0),
        ("rehearsal.body.tick_min", 0),
        ("rehearsal.body.tick_bleeding_min", 1e-9),
        ("rehearsal.duration.operation_ln_sd", -3),
        ("rehearsal.duration.operation_ln_sd", (0.2, 0.1, 400)),
        ("rehearsal.duration.operation_ln_mean", 800),
        ("rehearsal.product.red_pack_ml", 0),
        ("rehearsal.product.red_pack_ml", 1e300),
        ("rehearsal.loss.total", -64),
        ("haemodynamics.blood_volume.infant", 0),
        ("procedure.default.weight", 0),
        ("rehearsal.body.temperature_c", 300),
        ("complication.equipment_problem", 1e6),
        ("rehearsal.preemption", "sometimes"),
    ],
)
def test_a_value_that_cannot_be_rehearsed_is_refused_where_it_is_set(key, value):
    evidence = team_values(**{key: value})
    with pytest.raises(InputError) as caught:
        numbers_of(day()[0], evidence=evidence)
    (fault,) = caught.value.faults
    assert fault.field == f"assumptions.{key}"
    assert fault.mend
    assert [told.field for told in team_value_faults(evidence)] == [fault.field]


def test_all_values_that_cannot_be_are_told_at_once_and_the_tables_are_without_fault():
    bad = {"rehearsal.arrival.free": -1, "rehearsal.relief.retry": 0, "rehearsal.loss.total": -1}
    assert len(team_value_faults(team_values(**bad))) == 3
    assert team_value_faults(EvidenceReader(all_entries())) == []


# --- schedules and procedures ---


def test_a_schedule_of_something_else_is_refused_with_every_fault():
    made, schedule = day()
    first, second = schedule.activities
    odd = replace(
        schedule,
        activities=(replace(first, start_min=-5), replace(first, id="open"), replace(second, id="shut")),
        assignments=(
            step("ghost", "open", 0, 60),
            step("S1", "nothing", 60, 10),
            step("S1", "open", 0, 10, "dance"),  # type: ignore[arg-type]
            step("S1", "watch", 0, 10, "cover"),
        ),
    )
    told = faults_of(made, odd)
    assert ("schedule.ghost", "the schedule names somebody who is not in the team") in told
    assert ("part", "is not in the schedule") in told
    assert ("open", "is in the schedule 2 times") in told
    assert ("open", "is planned from -5 to 60") in told
    assert ("schedule.S1", "ends at minute 10, before it starts at 60") in told
    assert ("schedule.S1", "is named for 'nothing', which is no activity of the procedure") in told
    assert ("schedule.S1", "is named for 'watch', which is no cover of the procedure") in told
    assert ("schedule.S1", "does 'dance'") in told


@pytest.mark.parametrize("minute", ["soon", None, float("nan"), 10**30, True])
def test_a_time_that_is_none_is_refused(minute):
    made, schedule = day()
    first, second = schedule.activities
    ((field, problem),) = faults_of(
        made, replace(schedule, activities=(replace(first, end_min=minute), second))
    )
    assert field == "open"
    assert repr(minute) in problem


def test_no_schedule_is_told_with_its_reason():
    made, schedule = day()
    lacking = replace(schedule, status="infeasible", because="nobody is there")
    assert faults_of(made, lacking) == [("schedule", "there is none: nobody is there")]


def test_a_circle_is_refused_with_its_names():
    made, schedule = day(precedences=(*after("open", "part"), *after("part", "open")))
    ((field, problem),) = faults_of(made, schedule)
    assert field == "procedure.precedences"
    assert "circle" in problem
    assert "open" in problem
    assert "part" in problem


# --- responses ---


def test_responses_to_what_never_strikes_and_in_nobody_are_refused_together():
    calibration = next(key for key, row in all_complications().items() if row.role.value == "calibration")
    modifier = next(key for key, row in all_complications().items() if row.role.value == "modifier")
    told = faults_of(
        *day(
            answer(calibration),
            answer(modifier),
            answer("complication.vae_an"),
            answer("complication.uterine_rupture_of_nobody"),
            answer(patient="mother"),
            answer(state="asleep"),
            answer(within_min=-5),
        )
    )
    assert (f"responses.{calibration}", "a response to a row of role calibration: it never strikes") in told
    assert (f"responses.{modifier}", "a response to a row of role modifier: it never strikes") in told
    assert (
        "responses.complication.vae_an",
        "a response to nothing that the list of complications has",
    ) in told
    problems = [problem for _, problem in told]
    assert "is for 'mother', who is no patient of the procedure" in problems
    assert "is for state 'asleep'" in problems
    assert "has a target of -5 minutes" in problems
    assert len(told) == 7


def test_a_response_by_a_role_that_the_team_lacks_is_a_finding():
    made, schedule = day(answer(leader="wizard", calls=(Call(skill="surgeon", level=5, task="holds"),)))
    found = compiled(made, schedule).findings
    assert "Nobody in the team can come as wizard to 'Air'" in found
    assert any("surgeon of level 5" in text for text in found)


def test_a_device_that_is_not_even_on_the_list_is_a_finding():
    made, schedule = day(answer(equipment={"fire blanket": 1}), answer("complication.fire", title="Fire"))
    found = compiled(made, schedule).findings
    assert "The team has no 'fire blanket', called for by 'Air'" in found


def test_a_complication_without_response_is_a_finding():
    found = compiled(*day()).findings
    name = all_complications()["complication.vae_any"].name
    assert f"No response to '{name}' while the children are joined" in found


def test_nobody_on_duty_at_night_is_a_finding_with_its_minutes():
    made, schedule = day(answer(), people=(person("S1", "surgeon", shift_min=(0, 90)),))
    found = compiled(made, schedule).findings
    assert "Nobody is on duty as surgeon from minute 90 to 120 of the operation, called to 'Air'" in found


def test_an_empty_team_is_findings_and_ends():
    made, schedule = day(answer(), people=())
    found = compiled(made, replace(schedule, assignments=()))
    assert "Nobody in the team can come as surgeon to 'Air'" in found.findings
    sketch = run(found, n=20, seed=1, threads=1)
    assert sketch.n == 20


# --- runs that do not end, and sizes ---


def test_a_rehearsal_that_cannot_end_is_stopped_and_counted(monkeypatch):
    found = compiled(*day(answer()))
    whole = run(found, n=50, seed=1, threads=1)
    assert whole.mean("stopped") == 0
    monkeypatch.setattr(space, "_BASE_EVENTS", 2)
    monkeypatch.setattr(space, "_EVENTS_AN_ITEM", 0)
    cut = run(found, n=50, seed=1, threads=1)
    assert cut.mean("stopped") == 1
    assert cut.finite("end_min") == 0


def test_time_that_stands_still_is_stopped_and_not_hung():
    made, schedule = day(answer())
    still = numbers(made).with_values({"rehearsal.body.tick_min": 0.0})
    sketch = run(compile_procedure(made, schedule, still), n=5, seed=1, threads=1)
    assert sketch.mean("stopped") == 1


@pytest.mark.parametrize(("n", "seed", "count"), [(0, 1, 1), (10**12, -1, 2), (1, 2**63, 1)])
def test_sizes_out_of_range_are_told_together(n, seed, count):
    with pytest.raises(InputError) as caught:
        check_size(n, seed)
    assert len(caught.value.faults) == count


@pytest.mark.parametrize("number", [-1, 2**63, 10**30])
def test_a_rehearsal_of_no_number_is_refused(number):
    with pytest.raises(InputError, match="--replay"):
        check_number(number)


@pytest.mark.parametrize(
    "address",
    [
        *("", "nonsense", "local:", "local:0", "local:-2", "local:x", "local:٣", "local:1000000"),
        *("local:" + "9" * 99, "foo://bar:1", "tcp://host", "tcp://:80", "tcp://host:0", "tcp://host:99999"),
        *("ucx://host:80", "inproc://x/1", "http://host:8786", "../..:80", "host:80/../..", "two words:80"),
    ],
)
def test_an_address_that_is_none_is_refused_before_anything_is_asked(address):
    with pytest.raises(InputError) as caught:
        check_address(address)
    (fault,) = caught.value.faults
    assert fault.field == "--cluster"
    assert "local:2" in fault.expected


@pytest.mark.parametrize(
    "address", ["local:1", "tcp://host:8786", "tls://h:1", "host:8786", "tcp://[::1]:80"]
)
def test_an_address_that_may_be_one_passes(address):
    check_address(address)


# --- logs ---


def logs(folder, **files: str):
    rows = {"cases.csv": "X1,2020,here,craniopagus,20,30,n", "phases.csv": "", "events.csv": ""}
    folder.mkdir(exist_ok=True)
    for name, columns in COLUMNS.items():
        text = ",".join(columns) + "\n" + rows[name] + "\n"
        (folder / name).write_text(files.get(name.removesuffix(".csv"), text))
    return folder


def log_faults(folder) -> list[tuple[str, int | None, str, str]]:
    with pytest.raises(InputError) as caught:
        read_logs(folder)
    return [(f.file.rsplit("/", 1)[-1], f.line, f.field, f.problem) for f in caught.value.faults]


def test_a_log_without_cases_tells_that_and_not_every_row_that_follows(tmp_path):
    folder = logs(tmp_path / "a", phases="case_id,order,phase_as_printed\n", cases="a,b\n1,2\n")
    told = log_faults(folder)
    assert [row[0] for row in told] == ["cases.csv", "phases.csv"]
    events = "case_id,clock,milestone,what\n" + "X1,08:00,start,x\n" * 50
    assert [row[0] for row in log_faults(logs(tmp_path / "b", cases="", events=events))] == ["cases.csv"]


def test_a_column_that_is_there_twice_is_refused(tmp_path):
    told = log_faults(logs(tmp_path / "a", events="case_id,clock,clock,milestone,what\n"))
    assert told == [("events.csv", 1, "", "has the column clock twice")]


@pytest.mark.parametrize("clock", ["25:00", "08:61", "-1:00", "08:00+9999", "8am", "", "٠٨:٠٠"])
def test_clocks_that_are_none_are_refused(tmp_path, clock):
    told = log_faults(logs(tmp_path / "a", events=f"case_id,clock,milestone,what\nX1,{clock},start,x\n"))
    assert [row[:3] for row in told] == [("events.csv", 2, "clock")]


@pytest.mark.parametrize("number", ["1e300", "nan", "inf", "-3", "1e400", "9" * 5000, "0x10"])
def test_numbers_that_no_operation_has_are_refused_and_shown_in_a_line(tmp_path, number):
    cases = ",".join(COLUMNS["cases.csv"]) + f"\nX1,2020,here,craniopagus,20,{number},n\n"
    ((_, line, field, problem),) = log_faults(logs(tmp_path / "a", cases=cases))
    assert (line, field) == (2, "actual_total_h")
    assert len(problem) < 100


def test_a_file_of_faults_ends_soon(tmp_path):
    events = "case_id,clock,milestone,what\n" + "X1,99:00,bogus,x\n" * 30_000
    told = log_faults(logs(tmp_path / "a", events=events))
    assert len(told) == 1001
    assert told[-1][3] == "and perhaps more: the rest was not looked at"


def test_a_far_too_long_file_is_refused(tmp_path):
    events = "case_id,clock,milestone,what\n" + "X1,09:00,other,x\n" * 100_001
    assert log_faults(logs(tmp_path / "a", events=events)) == [
        ("events.csv", None, "", "far too long for a log")
    ]


def test_numbers_of_a_run_are_finite_where_everything_strikes():
    made, schedule = day(answer())
    base = numbers(made)
    every = {key: 1.0 for key in base.ids if key.startswith("complication.") and base.by_id[key].is_fraction}
    sketch = run(compile_procedure(made, schedule, base.with_values(every)), n=50, seed=1, threads=1)
    assert sketch.finite("end_min") + round(50 * sketch.mean("stopped")) == 50
    assert np.isfinite(sketch.mean("events"))
