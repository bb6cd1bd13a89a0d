"""What to change: differences between plans with the same draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.team.rehearsal.planned import numbers, planned

from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.answers.candidates import USUAL_DUTY_MIN, candidates, first_script
from separatrix.team.rehearsal.answers.changes import paired_effect, ranked, try_changes
from separatrix.team.rehearsal.answers.matrix import matrix_cells
from separatrix.team.rehearsal.answers.model import BloodOrder, Cell, Change, Effect
from separatrix.team.rehearsal.answers.readiness import script_findings
from separatrix.team.rehearsal.play.compile import Compiled, compile_procedure
from separatrix.team.rehearsal.runs.rows import rehearse_table

NAME = "emergency_separation"


def compiled(made: Procedure | None = None) -> Compiled:
    procedure, schedule = planned(NAME)
    return compile_procedure(made or procedure, schedule, numbers(procedure))


def one_minute_longer(made: Procedure, activity: str) -> Procedure:
    def longer(a):  # type: ignore[no-untyped-def]
        d = a.duration
        more = replace(d, low_min=d.low_min + 1, mode_min=d.mode_min + 1, high_min=d.high_min + 1)
        return replace(a, duration=more)

    return replace(made, activities=tuple(longer(a) if a.id == activity else a for a in made.activities))


def separations(one: Compiled, n: int) -> np.ndarray:
    return rehearse_table(one.arrays, one.layout, n=n, seed=4, threads=2).column("separation_min")


def test_a_minute_is_detected_with_two_thousand_pairs() -> None:
    made, _ = planned(NAME)
    n = 2000
    before, after = (
        separations(compiled(), n),
        separations(compiled(one_minute_longer(made, "scalp_opened")), n),
    )
    effect = paired_effect("separation_min", before, after)
    assert effect is not None
    assert effect.low > 0.0
    assert 0.3 < effect.mean < 3.0
    # The same rehearsals unpaired could not tell: their spread is larger than the difference.
    came = before[np.isfinite(before)]
    assert 1.96 * came.std() * np.sqrt(2.0 / len(came)) > effect.mean


def test_the_same_plan_is_no_change_at_all() -> None:
    one, other = separations(compiled(), 60), separations(compiled(), 60)
    effect = paired_effect("separation_min", one, other)
    assert effect is not None
    assert (effect.mean, effect.low, effect.high) == (0.0, 0.0, 0.0)


def test_moments_that_came_in_one_plan_only_are_left_out() -> None:
    effect = paired_effect("x", np.array([1.0, np.inf, 3.0]), np.array([2.0, 5.0, np.inf]))
    assert effect is not None
    assert effect.mean == 1.0
    assert paired_effect("x", np.array([np.inf]), np.array([1.0])) is None


def change(key: str, **means: float) -> Change:
    effects = tuple(
        Effect(outcome=name, before=1.0, mean=mean, low=mean - 0.1, high=mean + 0.1)
        for name, mean in means.items()
    )
    return Change(key=key, kind="person", text=key, effects=effects, runs=1)


def test_only_sure_help_is_told_and_covering_cells_comes_first() -> None:
    told = ranked(
        (
            change("doubtful", cells_short=-0.05),
            change("sooner", end_min=-30.0),
            change("covers", cells_short=-2.0, end_min=5.0),
            change("covers more", cells_short=-3.0),
        )
    )
    assert [one.key for one in told] == ["covers more", "covers", "sooner"]


@pytest.fixture(scope="module")
def cells() -> tuple[Cell, ...]:
    made, _ = planned(NAME)
    return matrix_cells(compiled(), titles=made.titles, runs=6, seed=1, covered_share=0.95, threads=2)


def test_one_more_of_whom_the_matrix_lacks_helps(cells: tuple[Cell, ...]) -> None:
    made, schedule = planned(NAME)
    tried = candidates(made, schedule, cells=cells, findings=script_findings(made, schedule))
    kinds = {one.kind for one in tried}
    assert "person" in kinds
    assert len({one.key for one in tried}) == len(tried)
    people = [one for one in tried if one.kind == "person"]
    longest = made.rules.longest_duty_min or USUAL_DUTY_MIN
    for one in people:
        begin, end = one.procedure.people[-1].shift_min
        assert 0 < end - begin <= longest
    told = try_changes(compiled(), schedule, people, cells=cells, n=20, forced_runs=10, seed=1, threads=2)
    assert told
    best = told[0]
    short = next(e for e in best.effects if e.outcome == "cells_short")
    assert short.high < 0.0
    assert best.mends or short.mean < 0.0


def test_packs_below_the_order_are_a_candidate() -> None:
    made, schedule = planned(NAME)
    stock = made.consumables["red_cell_packs_A"]
    order = BloodOrder(
        patient="A", product="red_cells", confidence=0.95, packs=stock + 3, low=1, high=99, stock=stock
    )
    (one,) = candidates(made, schedule, cells=(), blood=[order])
    assert one.procedure.consumables["red_cell_packs_A"] == stock + 3
    enough = replace(order, packs=stock)
    assert candidates(made, schedule, cells=(), blood=[enough]) == ()


def test_a_break_is_moved_only_where_no_rule_is_broken() -> None:
    made, schedule = planned("separation")
    findings = script_findings(made, schedule)
    resting = {p for f in findings if f.key.startswith("break:") for p in f.missing}
    assert resting
    moved = [one for one in candidates(made, schedule, cells=(), findings=findings) if one.kind == "break"]
    before = {f.key for f in findings if f.severity == "stop"}
    for one in moved:
        after = {f.key for f in script_findings(one.procedure, one.schedule) if f.severity == "stop"}
        assert after <= before


def test_another_script_is_a_candidate() -> None:
    made, schedule = planned(NAME)
    (one,) = candidates(made, schedule, cells=(), alternatives={"the veins": schedule})
    assert (one.kind, one.key) == ("order", "order:the veins")


def test_the_planners_first_script_is_tried_where_the_plan_is_another() -> None:
    made, schedule = planned(NAME)
    assert first_script(made, schedule) == {}
    later = replace(schedule, activities=schedule.activities[::-1])
    assert list(first_script(made, later).values()) == [schedule]
