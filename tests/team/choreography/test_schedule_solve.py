"""Projects scheduled: the optimum of brute force, proven; the same plan again; what is impossible told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from tests.reference.projects import crews_of, shortest
from tests.team.choreography.tiny_projects import CREW, PARROT, tiny_projects
from typer.testing import CliRunner

from separatrix.cli.app import app
from separatrix.core import generator
from separatrix.team.choreography.crews import kinds_of, name_crews
from separatrix.team.choreography.evolve import Evolution
from separatrix.team.choreography.instance_files import read_project, save_project
from separatrix.team.choreography.project import Crew, Project, ProjectPlan, SkillMeaning
from separatrix.team.choreography.project_checker import check_project_plan
from separatrix.team.choreography.project_solve import solve_project

QUICK = 0.5
"""Effort that ends in a moment."""


def random_project(seed: int, *, size: int, people: int, skills: int) -> Project:
    """A project too large to try everything: half resources, half people."""
    rng = generator(seed, "project")
    return Project(
        name=f"random {seed}",
        durations=tuple(int(d) for d in rng.integers(1, 9, size)),
        successors=tuple(
            tuple(other for other in range(n + 1, min(size, n + 8)) if rng.random() < 0.25)
            for n in range(size)
        ),
        capacities=(10,),
        demands=tuple((int(d),) for d in rng.integers(0, 7, size)),
        mastery=tuple(frozenset({p % skills, int(rng.integers(skills))}) for p in range(people)),
        requirements=tuple(tuple(int(r) for r in rng.integers(0, 3, skills)) for _ in range(size)),
    )


@given(project=tiny_projects())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_tiny_project_is_solved_to_the_optimum_of_brute_force(project):
    plan, truth = solve_project(project, effort=QUICK), shortest(project)
    if truth is None or project.capacities[0] < max(row[0] for row in project.demands):
        assert plan.status == "infeasible"
        assert "asks for" in plan.because
        return
    assert (plan.status, plan.makespan, plan.lower_bound) == ("optimal", truth, truth)
    assert check_project_plan(project, plan) == ()


@given(project=tiny_projects(people=False, most=5))
@settings(max_examples=15, deadline=None)
def test_a_tiny_project_without_people_too(project):
    plan = solve_project(project, effort=QUICK)
    assert (plan.status, plan.makespan) == ("optimal", shortest(project))


@given(project=tiny_projects())
@settings(max_examples=60, deadline=None)
def test_the_decoder_alone_never_breaks_a_rule_nor_beats_the_optimum(project):
    if any(not crews_of(project, activity) for activity in range(project.size)):
        return
    herd = Evolution(project, seed=3)
    plan = ProjectPlan(
        makespan=herd.makespan,
        lower_bound=0,
        status="feasible",
        starts=herd.starts,
        crews=name_crews(project, kinds_of(project), herd.starts, herd.staff),
    )
    assert check_project_plan(project, plan) == ()
    assert herd.makespan >= shortest(project)


def test_known_optima():
    # in parrot no two activities can run at once: 3 + 2 + 4 + 1
    assert solve_project(PARROT, effort=QUICK).makespan == 10
    assert solve_project(CREW, effort=QUICK).makespan == shortest(CREW)


def test_the_same_seed_gives_the_same_plan_without_the_clock():
    project = random_project(5, size=24, people=6, skills=3)
    one, other = (solve_project(project, effort=0.3, seed=7) for _ in range(2))
    assert one == other
    assert check_project_plan(project, one) == ()
    assert one.lower_bound <= one.makespan


@pytest.mark.parametrize("meaning", SkillMeaning)
def test_a_larger_project_keeps_every_rule_by_the_clock(meaning):
    project = replace(random_project(8, size=30, people=7, skills=4), meaning=meaning)
    plan = solve_project(project, time_s=1.5)
    assert plan.status in ("optimal", "feasible")
    assert check_project_plan(project, plan) == ()


def test_counting_every_skill_is_never_longer_than_counting_one():
    project = random_project(2, size=12, people=5, skills=2)
    one = solve_project(project, effort=0.3)
    every = solve_project(replace(project, meaning=SkillMeaning.EVERY_SKILL), effort=0.3)
    assert every.lower_bound <= one.makespan


def test_an_activity_that_nobody_can_staff_is_named():
    # each skill alone has enough people, both together do not
    project = replace(CREW, mastery=(frozenset({0, 1}),), requirements=((0, 0), (1, 1), *((0, 0),) * 3))
    plan = solve_project(project)
    assert plan.status == "infeasible"
    assert "activity 2" in plan.because


def test_the_checker_passes_a_good_plan_and_finds_each_seeded_fault():
    crews = (
        Crew(people=(), skills=()),
        Crew(people=(0, 1), skills=(0, 1)),
        Crew(people=(2,), skills=(1,)),
        Crew(people=(0,), skills=(0,)),
        Crew(people=(), skills=()),
    )
    good = ProjectPlan(makespan=7, lower_bound=7, status="optimal", starts=(0, 0, 0, 3, 7), crews=crews)
    assert check_project_plan(CREW, good) == ()
    for words, change in (
        ("activity 4 starts before activity 2", {"starts": (0, 0, 0, 2, 7)}),
        ("makespan 6", {"makespan": 6}),
        ("lower bound 9", {"lower_bound": 9}),
        ("without having it", {"crews": (crews[0], Crew(people=(0, 1), skills=(1, 0)), *crews[2:])}),
        ("at once", {"crews": (*crews[:2], Crew(people=(1,), skills=(1,)), *crews[3:])}),
        ("0 of 1 people with skill 1", {"crews": (*crews[:3], Crew(people=(), skills=()), crews[4])}),
        ("somebody twice", {"crews": (crews[0], Crew(people=(1, 1), skills=(0, 1)), *crews[2:])}),
        ("4 starts for 5", {"starts": (0, 0, 0, 3)}),
        ("0 crews for 5", {"crews": ()}),
    ):
        assert any(words in fault for fault in check_project_plan(CREW, replace(good, **change))), words


def test_the_checker_finds_a_resource_overfull():
    plan = ProjectPlan(makespan=8, lower_bound=0, status="feasible", starts=(0, 0, 0, 3, 7, 8))
    assert any("units of resource 1" in fault for fault in check_project_plan(PARROT, plan))


def test_the_command_prints_makespan_bound_and_status(tmp_path):
    file = tmp_path / "crew.json"
    save_project(CREW, file)
    done = CliRunner().invoke(app, ["schedule", str(file), "--time", "5", "--json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    best = shortest(CREW)
    assert (answer["makespan"], answer["lower_bound"], answer["status"]) == (best, best, "optimal")
    plan = ProjectPlan(
        makespan=answer["makespan"],
        lower_bound=answer["lower_bound"],
        status=answer["status"],
        starts=tuple(answer["starts"]),
        crews=tuple(
            Crew(people=tuple(p - 1 for p in people), skills=tuple(s - 1 for s in skills))
            for people, skills in zip(answer["crews"], answer["skills"], strict=True)
        ),
    )
    assert check_project_plan(CREW, plan) == ()


def test_the_command_ends_with_3_where_nothing_fits(tmp_path):
    impossible = replace(CREW, mastery=(frozenset({0, 1}),), requirements=((0, 0), (1, 1), *((0, 0),) * 3))
    file = tmp_path / "never.json"
    save_project(impossible, file)
    done = CliRunner().invoke(app, ["schedule", str(file), "--json"])
    assert done.exit_code == 3
    assert "activity 2" in json.loads(done.stdout)["because"]


SOON = (
    "rcpsp/j30_23_2.rcp",
    "mspsp/inst_set2c_sf0_nc2.1_n20_l9_m10_00.dzn",
    "mspsp/mznbench_mspsp_medium_01.dzn",
)


@pytest.mark.shared
@pytest.mark.parametrize(("name", "best"), zip(SOON, (53, 27, 19), strict=True))
def test_published_optima_are_proven(shared_data, name, best):
    plan = solve_project(read_project(shared_data / "scheduling" / name), effort=1)
    assert (plan.status, plan.makespan) == ("optimal", best)
