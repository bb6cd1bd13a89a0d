"""Replay: a rehearsal told again is the one that was counted; every kind of a trace has its words."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from tests.team.rehearsal.planned import numbers, planned

from separatrix.core import InputError
from separatrix.team.rehearsal.answers.model import Cell
from separatrix.team.rehearsal.engine import trace as t
from separatrix.team.rehearsal.play.compile import Compiled, compile_procedure
from separatrix.team.rehearsal.play.outputs import OF_PERSON
from separatrix.team.rehearsal.runs.rows import Rows, rehearse_table
from separatrix.team.rehearsal.stories.replay import (
    NOT_FORCED,
    forced_of,
    pick,
    replay,
    replay_cell,
    traced,
)
from separatrix.team.rehearsal.stories.telling import Teller

SEED, RUNS = 3, 12


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    made, schedule = planned("separation")
    return compile_procedure(made, schedule, numbers(made))


@pytest.fixture(scope="module")
def rows(compiled: Compiled) -> Rows:
    return rehearse_table(compiled.arrays, compiled.layout, n=RUNS, seed=SEED, threads=1)


def test_a_story_is_the_rehearsal_that_was_counted(compiled: Compiled, rows: Rows) -> None:
    struck = []
    for number in range(RUNS):
        story = replay(compiled, SEED, number)
        apart = rows.column("separation_min")[number]
        assert story.separation_min == (apart if math.isfinite(apart) else None)
        assert story.end_min == rows.column("end_min")[number]
        for status, column in (("late", "late"), ("nobody", "nobody")):
            told = sum(crisis.status == status for crisis in story.crises)
            assert told == rows.column(column)[number]
        struck.append(len(story.crises))
        for patient, curve in zip("AB", story.curves, strict=True):
            lowest = rows.column(f"haematocrit_lowest@{patient}")[number]
            # A step that ends with a delivery is noted before it and drawn after it.
            assert lowest - 1e-9 <= curve.haematocrit.min() <= lowest + 0.005
    assert struck == rows.column("crises").tolist()


def test_the_same_number_gives_the_same_story(compiled: Compiled) -> None:
    one, two = (replay(compiled, SEED, 4) for _ in range(2))
    assert one.lines == two.lines
    assert one.crises == two.crises
    assert one.activities == two.activities


def test_a_long_trace_is_played_with_more_room(compiled: Compiled, monkeypatch: pytest.MonkeyPatch) -> None:
    _, whole = traced(compiled, SEED, 4)
    monkeypatch.setattr("separatrix.team.rehearsal.stories.replay._ROWS", 64)
    _, again = traced(compiled, SEED, 4)
    assert np.array_equal(whole, again)
    assert len(whole) > 64


def test_nobody_is_in_two_activities_at_once_and_all_that_was_played_is_told(compiled: Compiled) -> None:
    story = replay(compiled, SEED, 4)
    busy: dict[str, list[tuple[float, float]]] = {}
    for activity in story.activities:
        for person in activity.people if activity.played else ():
            assert activity.played is not None
            busy.setdefault(person, []).append(activity.played)
    for spans in busy.values():
        ordered = sorted(spans)
        for (_, end), (begin, _) in pairwise(ordered):
            assert begin >= end - 1e-9
    begun = {a.id for a in story.activities if a.played and a.played[1] > a.played[0]}
    planned_ids = {a.id for a in compiled.structure.procedure.activities}
    assert story.staged or len(begun & planned_ids) > 100
    assert any(stretch.kind == "cover" for stretch in story.stretches)


def test_a_forced_complication_is_told_with_who_came_from_where(compiled: Compiled) -> None:
    cell = Cell(activity="divide@c1", complication="complication.asystole", patient="A", state="joined",
                status="in_time")  # fmt: skip
    story = replay(compiled, SEED, 0, forced_of(compiled, cell))
    forced = [crisis for crisis in story.crises if crisis.forced]
    assert [(c.complication, c.struck, c.activity, c.state) for c in forced] == [
        ("complication.asystole", ("A",), "divide@c1", "joined")
    ]
    crisis = forced[0]
    assert crisis.response is not None
    assert len(crisis.came) == 1 + sum(call.count for call in crisis.response.calls)
    assert crisis.came[0].task == "leads"
    there = [came.minutes for came in crisis.came if came.person]
    assert len({came.person for came in crisis.came if came.person}) == len(there)  # nobody comes twice
    assert all(came.minutes <= crisis.arrival_min for came in crisis.came if came.person)
    words = [line.words for line in story.lines if line.minute == crisis.minute]
    assert any(word.startswith("ARREST: NO SHOCK strikes during c1: ") for word in words)
    plain = replay(compiled, SEED, 0)
    assert not any(crisis.forced for crisis in plain.crises)
    assert plain.end_min <= story.end_min


def test_a_cell_is_told_by_the_first_rehearsal_that_does_not_drop_it(
    compiled: Compiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = Cell(activity="divide@c1", complication="complication.asystole", patient="A", state="joined",
                status="in_time")  # fmt: skip
    assert replay_cell(compiled, SEED, 0, cell).number == 0
    real, status = traced, compiled.layout.at("forced_status")

    def dropped_below(first: int) -> None:
        def told(made: Compiled, seed: int, number: int, forced: tuple[int, int, int]) -> Any:
            row, trace = real(made, seed, number, forced)
            row[status] = row[status] if number >= first else 0.0
            return row, trace

        monkeypatch.setattr("separatrix.team.rehearsal.stories.replay.traced", told)

    dropped_below(3)
    assert replay_cell(compiled, SEED, 0, cell).number == 3
    dropped_below(1000)
    with pytest.raises(
        InputError, match=r"divide@c1/complication\.asystole: it strikes in none of .* 0 to 99"
    ):
        replay_cell(compiled, SEED, 0, cell)


def _rows(compiled: Compiled, end_min: list[float], **columns: list[float]) -> Rows:
    values = np.zeros((len(end_min), len(compiled.layout.names)))
    for name, column in {"end_min": end_min, **columns}.items():
        values[:, compiled.layout.at(name)] = column
    return Rows(compiled.layout, values, np.zeros((len(end_min), len(OF_PERSON))))


def test_the_median_and_the_worst_are_picked_among_those_that_parted(compiled: Compiled) -> None:
    ends = [float((7 * n) % 101) for n in range(101)]
    table = _rows(compiled, ends)
    picked = pick(table, first=1000)
    assert ends[picked.median - 1000] == 50
    assert ends[picked.worst - 1000] == 95
    staged = [1.0 if end < 50 else 0.0 for end in ends]
    assert ends[pick(_rows(compiled, ends, staged=staged)).median] == 75
    with pytest.raises(InputError, match="every rehearsal was staged or stopped"):
        pick(_rows(compiled, ends, stopped=[1.0] * 101))


def test_a_cell_of_another_plan_is_refused(compiled: Compiled) -> None:
    cell = Cell(activity="no_such", complication="complication.asystole", patient="A", state="joined",
                status="in_time")  # fmt: skip
    with pytest.raises(ValueError, match="not in"):
        forced_of(compiled, cell)


def _told(compiled: Compiled, *rows: tuple[float, ...], forced: tuple[int, int, int] = NOT_FORCED) -> Teller:
    trace = np.zeros((len(rows), t.FIELDS))
    for row, values in zip(trace, rows, strict=True):
        row[: len(values)] = values
    teller = Teller(compiled, forced)
    teller.read(trace)
    return teller


def test_each_kind_of_row_has_its_words(compiled: Compiled) -> None:
    names = compiled.names
    node = [n.id for n in names.nodes].index("incision")
    asystole = names.complications.index("complication.asystole")
    response = int(compiled.arrays.response_of[asystole, 0, 0])
    infuser = names.equipment.index("rapid_infuser")
    red = names.stock.index("red_cell_packs_A")
    branch = names.branches[1]
    teller = _told(
        compiled,
        (0, t.OPENS, 0),
        (1, t.SUBSTITUTE, node, 0, 5, 6),
        (1, t.START, node, 30),
        (5, t.STRIKE, node, asystole, 0, response),
        (5, t.CALLED, 9, 0, 0, 0),
        (5, t.CALLED, 10, 1, 0.5, 2),
        (5, t.BREAK_LOST, 10),
        (5, t.MISSING, 0, 2, 0),
        (5, t.MISSING, 1, infuser, 0),
        (5, t.MISSING, 2, red, 0),
        (5, t.ARRIVAL, 0, 0.5, 12, 3),
        (5, t.HOLD, node, 17, 0),
        (6, t.ORDER, 0, 2, 0, 0),
        (9, t.DELIVERY, 0, 2, 1, 0),
        (17, t.CONTROL, 0, node),
        (17, t.RESUMED, node),
        (20, t.TAKE_OVER, 0, 7, 8, 0),
        (42, t.END, node),
        (43, t.BRANCH, 1, branch.first_option, asystole),
        (43, t.DROP, node),
        (43, t.WAKE, node),
        (44, t.NOBODY, node),
        (50, t.CLOSES, 0),
        (60, t.AFTER_STRIKE, 0, asystole, 1, -1),
        (60, t.ARRIVAL, 1, 0, 20, 3),
        (61, t.RETURN, 0, 1),
    )
    words = [line.words for line in teller.lines]
    person = names.person_names
    for told in (
        f"{names.chains[0].title} begins: {person[compiled.arrays.turn_person[0]]}",
        f"{person[5]} stands in for {person[6]}: {names.nodes[node].title}",
        "ARREST: NO SHOCK strikes during Scalp incision along the planned flaps",
        f"{person[9]} is called, in place, is there: leads",
        f"{person[10]} loses the break",
        "Missing: Rapid infuser",
        "Missing: Red-cell packs labelled for A, fresh or washed",
        "Arrest: no shock: somebody or something is missing, 30 s after the strike",
        "Scalp incision along the planned flaps stands still",
        "Ordered: 2 red cells",
        "Given: 2 red cells, 1 plasma",
        "Arrest: no shock is under control, after 12 min",
        "Scalp incision along the planned flaps goes on, after 12 min",
        f"{names.chains[0].title}: {person[7]} takes over from {person[8]}, not in the script",
        "Scalp incision along the planned flaps is done, after 41 min",
        f"Decision, {branch.title}: {branch.option_titles[0]}",
        "Scalp incision along the planned flaps is not done any more",
        "Scalp incision along the planned flaps is added",
        "Scalp incision along the planned flaps starts with those who are there",
        f"{names.chains[0].title} ends",
        "ARREST: NO SHOCK strikes in the days after",
        "Back to theatre",
    ):
        assert told in words, told
    asked = names.responses[response].calls[2]
    assert any(w.startswith("Missing: ") and asked.team in w.split() for w in words if asked.team)
    assert {line.patients for line in teller.lines if line.kind in ("order", "delivery", "missing")} == {
        ("A",)
    }
    assert teller.held == {node: [(5, 17)]}
    assert teller.products == [(9, "A", 2, 1, 0)]


def test_every_kind_of_a_trace_is_told(compiled: Compiled) -> None:
    kinds = {value for name, value in vars(t).items() if name.isupper() and name != "FIELDS"}
    assert set(Teller(compiled).readers) == kinds


def test_only_the_first_strike_of_the_forced_kind_is_the_forced_one(compiled: Compiled) -> None:
    teller = _told(compiled, (5, t.STRIKE, 2, 1, 0, -1), (6, t.STRIKE, 2, 1, 0, -1), forced=(2, 1, 0))
    assert [draft.forced for draft in teller.drafts] == [True, False]
    assert "the protocol has no response to it" in teller.lines[0].words
