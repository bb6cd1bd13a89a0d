"""The protocols of the library: how near their scripts come to what is possible, and the same bytes again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from separatrix.evidence import EvidenceReader, all_entries
from separatrix.team.choreography.arrays import compile_procedure
from separatrix.team.choreography.bounds import proven_bounds
from separatrix.team.choreography.checker import check
from separatrix.team.choreography.decode import decode_once, search
from separatrix.team.choreography.plan import choreograph
from separatrix.team.choreography.schedule_io import schedule_json
from separatrix.team.protocol import default_team, inputs_for, procedures, read_protocol
from separatrix.team.protocol.model import Procedure

LIBRARY = ("separation", "birth", "emergency_separation")


@pytest.fixture(scope="module")
def library() -> dict[str, Procedure]:
    evidence = EvidenceReader(all_entries())
    found = {}
    for name in LIBRARY:
        protocol = read_protocol(name, evidence=evidence)
        inputs, team = inputs_for(protocol, evidence=evidence), default_team(protocol, evidence=evidence)
        found[name] = procedures(protocol, inputs, team, evidence=evidence)[-1]
    return found


@pytest.mark.parametrize("name", LIBRARY)
def test_the_first_script_is_within_a_hundredth_of_what_is_possible(
    library: dict[str, Procedure], name: str
) -> None:
    made = library[name]
    first = choreograph(made, effort="first")
    assert check(made, first) == ()
    bounds = proven_bounds(compile_procedure(made), seed=1, effort=2.0)
    assert bounds.end_min <= first.end_min <= 1.01 * bounds.end_min
    if bounds.separation_min is not None:
        assert first.separation_min is not None
        assert bounds.separation_min <= first.separation_min <= 1.01 * bounds.separation_min


def test_the_break_of_the_venous_lead_is_in_the_bound(library: dict[str, Procedure]) -> None:
    """Two surgeons may lead the veins, both on shift for all of it: one break, no more and no less."""
    made = library["separation"]
    rules = replace(made.rules, break_min=None, break_within_min=None)
    resting, tireless = (
        proven_bounds(compile_procedure(each), seed=1, effort=2.0)
        for each in (made, replace(made, rules=rules))
    )
    assert resting.separation_min is not None
    assert tireless.separation_min is not None
    assert resting.separation_min - tireless.separation_min == made.rules.break_min


def test_same_bytes_for_any_number_of_threads(library: dict[str, Procedure]) -> None:
    made = library["separation"]
    once, again = (schedule_json(choreograph(made, effort="first", threads=threads)) for threads in (1, 2))
    assert once == again
    compiled = compile_procedure(made)
    begin = decode_once(compiled)
    one, three = (search(compiled, begin, steps=8, seed=7, threads=threads) for threads in (1, 3))
    assert one.start.tobytes() == three.start.tobytes()
    assert one.person.tobytes() == three.person.tobytes()
    assert (one.stretches, one.cost) == (three.stretches, three.cost)
