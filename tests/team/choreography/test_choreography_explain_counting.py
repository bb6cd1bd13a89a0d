"""What counting rules out has no plan; and a day as large as a separation is explained in few plans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from tests.team.choreography.procedures import separation_like, small

from separatrix.evidence import EvidenceReader, all_entries
from separatrix.team.choreography.arrays import compile_procedure, no_past
from separatrix.team.choreography.checker import check
from separatrix.team.choreography.counting import lack_by_counting, work_between_breaks_min
from separatrix.team.choreography.decode import first_genes
from separatrix.team.choreography.decode_kernel import decode
from separatrix.team.choreography.explain import explain
from separatrix.team.choreography.facts import without
from separatrix.team.choreography.feasible_kernel import starts_if_feasible
from separatrix.team.choreography.plan import choreograph
from separatrix.team.protocol import default_team, inputs_for, procedures, read_protocol
from separatrix.team.protocol.model import Procedure, Rules


@pytest.mark.parametrize("seed", range(60))
def test_counting_rules_out_no_procedure_that_has_a_plan(seed: int) -> None:
    made = small(seed, activities=7)
    schedule = choreograph(made, effort="first", seed=seed)
    if schedule.status != "infeasible" and not check(made, schedule):
        assert lack_by_counting(made) == ""


@pytest.mark.parametrize("within", [1, 7, 40])
@pytest.mark.parametrize("rest", [1, 10])
def test_most_work_between_breaks_is_that_of_who_works_first(within: int, rest: int) -> None:
    rules = Rules(break_min=rest, break_within_min=within, grid_min=1)
    for span in range(120):
        minute_by_minute = sum(minute % (within + rest) < within for minute in range(span))
        assert work_between_breaks_min(span, rules) == minute_by_minute


@pytest.mark.parametrize("seed", range(20))
def test_it_gives_up_exactly_where_the_plan_lacks_something(seed: int) -> None:
    made = small(seed, activities=7) if seed else separation_like(crossings=3, neurosurgeons=7)
    compiled = compile_procedure(made)
    problem, genes = compiled.problem, first_genes(compiled)
    parts = (problem, no_past(problem), genes.priority, genes.person_cost, genes.target, genes.predicted)
    for with_covers in (False, True):
        whole, starts = decode(*parts, with_covers), starts_if_feasible(*parts, with_covers)
        assert bool(whole.sizes[2]) == (len(starts) == 0)
        if len(starts):
            np.testing.assert_array_equal(starts, whole.start)


@pytest.fixture(scope="module")
def separation() -> Procedure:
    evidence = EvidenceReader(all_entries())
    protocol = read_protocol("separation", evidence=evidence)
    inputs, team = inputs_for(protocol, evidence=evidence), default_team(protocol, evidence=evidence)
    return procedures(protocol, inputs, team, evidence=evidence)[-1]


def no_microscope(made: Procedure) -> Procedure:
    return replace(made, equipment=dict(made.equipment) | {"microscope": 0})


def little_blood(made: Procedure) -> Procedure:
    return replace(made, consumables=dict(made.consumables) | {"red_cell_packs_A": 1})


def one_place(made: Procedure) -> Procedure:
    rooms = tuple(replace(r, places=1) if r.id == "theatre_1" else r for r in made.rooms)
    return replace(made, rooms=rooms)


def one_neurophysiologist(made: Procedure) -> Procedure:
    able = [p.id for p in made.people if "neurophysiologist" in p.skills]
    return replace(made, people=tuple(p for p in made.people if p.id not in able[1:]))


def no_relief_of_a(made: Procedure) -> Procedure:
    def is_relief(person: object) -> bool:
        return person.team == "A" and person.pool == "relief" and "anaesthetist" in person.skills  # type: ignore[attr-defined]

    return replace(made, people=tuple(p for p in made.people if not is_relief(p)))


@pytest.mark.parametrize(
    ("spoil", "named", "is_proven", "repair"),
    [
        (no_microscope, "equipment:microscope", True, "1 more × Operating microscope"),
        (little_blood, "consumable:red_cell_packs_A", True, "7 more × Red-cell packs"),
        (one_place, "room:theatre_1", False, "one more place in Theatre 1"),
        pytest.param(
            one_neurophysiologist,
            "skill:neurophysiologist",
            True,
            "more people with the skill Neurophysiologist",
            marks=pytest.mark.long,
        ),
        pytest.param(
            no_relief_of_a,
            "skill:anaesthetist",
            True,
            "more people with the skill Anaesthetist",
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_separation_that_cannot_be_is_explained_and_mended(
    separation: Procedure, spoil: Callable[[Procedure], Procedure], named: str, is_proven: bool, repair: str
) -> None:
    made = spoil(separation)
    schedule = choreograph(made, effort="first")
    assert schedule.status == "infeasible"
    found = explain(made, schedule, threads=1)
    assert found.clashes[0].is_proven is is_proven
    for clash in found.clashes:
        assert 1 <= len(clash.named) <= 3
        for one in clash.named:
            if f"{one.fact.kind}:{one.fact.about}" == named:
                assert one.is_enough
                eased = without(made, [one.fact])
                assert check(eased, choreograph(eased, effort="first")) == ()
    assert named in {f"{n.fact.kind}:{n.fact.about}" for n in found.clashes[0].named}
    assert any(repair in words for way in found.repairs for words in way.words), found.repairs
