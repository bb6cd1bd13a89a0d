"""Plans of random small procedures pass the checker, and tiny ones are as short as any can be."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from tests.team.choreography.procedures import activity, after, person, procedure, separation_like, small

from separatrix.team.choreography.arrays import compile_procedure
from separatrix.team.choreography.assemble import write_breaks
from separatrix.team.choreography.checker import check
from separatrix.team.choreography.decode import decode_once, search
from separatrix.team.choreography.model import Assignment, Schedule, ScheduledActivity
from separatrix.team.choreography.plan import choreograph
from separatrix.team.choreography.schedule_io import read_schedule, schedule_json, write_schedule
from separatrix.team.protocol.model import Need, Precedence, Procedure


@pytest.mark.parametrize("seed", range(120))
def test_what_the_decoder_calls_feasible_passes_the_checker(seed: int) -> None:
    made = small(seed, activities=4 + seed % 6, with_cover=seed % 3 != 0)
    schedule = choreograph(made, effort="first", seed=seed)
    if schedule.status == "infeasible":
        assert schedule.because
    else:
        assert check(made, schedule) == ()


def test_most_small_procedures_are_planned() -> None:
    planned = [choreograph(small(seed), effort="first").status != "infeasible" for seed in range(60)]
    assert sum(planned) >= 45


@pytest.mark.parametrize("seed", range(12))
def test_no_plan_of_a_tiny_procedure_is_shorter(seed: int) -> None:
    made = small(seed, activities=4, with_cover=False)
    compiled = compile_procedure(made)
    best = search(compiled, decode_once(compiled), steps=60, seed=seed)
    end = int((best.start + compiled.problem.length).max())
    shorter = _any_shorter(made, end if best.missing == 0 else 200)
    assert shorter is None


def _any_shorter(made: Procedure, end_min: int) -> Schedule | None:
    """A schedule that ends earlier and keeps every rule, by trying all starts and all people."""
    acts = made.activities
    choices = [range(0, max(end_min - a.planned_min, 0), made.rules.grid_min) for a in acts]
    for starts in product(*choices):
        bare = _schedule(made, starts, ())
        if any(v.rule not in ("skill", "continuity") for v in check(made, bare)):
            continue
        slots = [(a, n.skill, s) for a, s in zip(acts, starts, strict=True) for n in a.needs]
        able = [[p.id for p in made.people if skill in p.skills] for _, skill, _ in slots]
        for chosen in product(*able):
            work = [
                Assignment(
                    person=who, skill=skill, kind="activity", activity=a.id,
                    start_min=s, end_min=s + a.planned_min,
                )
                for who, (a, skill, s) in zip(chosen, slots, strict=True)
            ]  # fmt: skip
            full = _schedule(made, starts, (*work, *write_breaks(made.rules, work)))
            if not check(made, full):
                return full
    return None


def _schedule(made: Procedure, starts: tuple[int, ...], work: tuple[Assignment, ...]) -> Schedule:
    rows = tuple(
        ScheduledActivity(
            id=a.id,
            start_min=s,
            end_min=s + a.planned_min,
            room=a.rooms[0] if a.rooms else "",
            patients=a.patients,
        )
        for a, s in zip(made.activities, starts, strict=True)
    )
    return Schedule(
        activities=rows, assignments=work, occurrences=(), status="feasible", bound_min=0, bound_because="",
        separation_min=None, circulations_part_min=None, end_min=max(r.end_min for r in rows), seed=0,
    )  # fmt: skip


def test_same_seed_same_bytes_for_any_number_of_threads() -> None:
    made = small(3, activities=9)
    one, two = (choreograph(made, seed=5, threads=threads) for threads in (1, 3))
    assert schedule_json(one) == schedule_json(two)


def test_first_script_of_a_separation_keeps_every_rule() -> None:
    made = separation_like(crossings=4, neurosurgeons=7)
    schedule = choreograph(made, effort="first")
    assert schedule.status != "infeasible", schedule.because
    assert check(made, schedule) == ()
    assert schedule.separation_min is not None
    assert schedule.separation_min >= schedule.facts["separation_bound_min"]
    assert schedule.end_min >= schedule.bound_min


def test_schedule_reads_back_as_it_was_written(tmp_path: Path) -> None:
    schedule = choreograph(small(3), effort="first")
    path, table = write_schedule(schedule, tmp_path)
    assert read_schedule(path) == schedule
    assert len(table.read_text().splitlines()) == 1 + len(schedule.assignments)


def test_who_leads_stays_and_rests() -> None:
    """Six hours with one lead who must rest after two: two breaks, though a second surgeon is free."""
    acts = [
        activity(f"a{i}", 60, needs=(Need(skill="surgeon"),), continuity="veins", patients=("A",))
        for i in range(6)
    ]
    made = procedure(acts, [person("s1", "surgeon"), person("s2", "surgeon")])
    rules = replace(made.rules, break_min=30, break_within_min=120)
    made = replace(made, precedences=tuple(after(*[a.id for a in acts])), rules=rules)
    schedule = choreograph(made, effort="first")
    assert schedule.end_min == 6 * 60 + 2 * 30
    assert len({a.person for a in schedule.assignments}) == 1
    assert check(made, schedule) == ()


def test_a_circle_is_named() -> None:
    acts = [activity("one", 10), activity("two", 10)]
    links = (Precedence(before="one", after="two"), Precedence(before="two", after="one"))
    schedule = choreograph(procedure(acts, [person("s1", "surgeon")], precedences=links))
    assert schedule.status == "infeasible"
    assert "one" in schedule.because
    assert "circle" in schedule.because


def test_who_is_lacking_is_named() -> None:
    acts = [activity("one", 10, needs=(Need(skill="surgeon", count=2),))]
    schedule = choreograph(procedure(acts, [person("s1", "surgeon")]), effort="first")
    assert schedule.status == "infeasible"
    assert "one at minute 0 lacks a surgeon" in schedule.because
