"""Blood at the start, what work costs, what is exchanged: the inputs win, the rest is assumed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.team.choreography.procedures import activity, procedure
from tests.team.rehearsal.planned import by_hand, numbers, planned

from separatrix.team.protocol.inputs import Crossing, Exchange, ProtocolInputs
from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.play import arrays as ar
from separatrix.team.rehearsal.play.compile_body import body_of, exchange_of, losses_of
from separatrix.team.rehearsal.play.compile_nodes import nodes_of


def crossings(*operations: int) -> tuple[Crossing, ...]:
    return tuple(
        Crossing(id=f"c{i}", action="divide", to="A", operation=operation, order=i)
        for i, operation in enumerate(operations, 1)
    )


def row(divisions: int, a_to_b: float, b_to_a: float) -> Exchange:
    return Exchange(
        divisions=divisions,
        a_to_b_ml_per_min=a_to_b,
        b_to_a_ml_per_min=b_to_a,
        net_ml_per_min=a_to_b - b_to_a,
        worst_pressure_mmHg={},
    )


def pair(**said: Any) -> Procedure:
    inputs = ProtocolInputs(patients=("A", "B"), **said)
    return replace(procedure([activity("cut", 10)], []), inputs=inputs)


def test_a_weight_that_is_given_holds_and_an_assumed_one_is_varied() -> None:
    made = pair(weight_kg={"A": 7.0, "B": 9.0}, assumed=("weight_kg.B",))
    default = numbers(made).with_values({"procedure.default.weight": 10.0})
    body = body_of(made, default)
    assert body[:, ar.BODY["weight_kg"]].tolist() == [7.0, 10.0]
    assert body[:, ar.BODY["volume_ml"]].tolist() == [525.0, 750.0]


def test_the_mother_has_a_body_of_her_own() -> None:
    made, _ = planned("birth")
    body = body_of(made, numbers(made))
    mother = made.patients.index("mother")
    assert body[mother, ar.BODY["weight_kg"]] > 10 * body[0, ar.BODY["weight_kg"]]


def test_exchange_is_the_flow_models_by_crossings_closed_so_far() -> None:
    made = pair(
        crossings=crossings(1, 2, 2), exchange=(row(0, 60, 40), row(1, 50, 30), row(2, 20, 10), row(3, 4, 2))
    )
    second = replace(made, operation=2)
    table = exchange_of(second, 2, numbers(made))
    assert table[:, 0, 1].tolist() == [50, 20, 4, 0]
    assert table[:, 1, 0].tolist() == [30, 10, 2, 0]


def test_without_a_flow_model_exchange_falls_evenly_to_the_scalp() -> None:
    made = pair(crossings=crossings(1, 1))
    table = exchange_of(made, 2, numbers(made))
    assert table[:, 0, 1] == pytest.approx([50, 26.25, 2.5, 0])
    assert (table[:, 0, 1] == table[:, 1, 0]).all()


def test_a_stage_begins_where_the_last_one_ended() -> None:
    made = pair(crossings=crossings(1, 1, 2, 2))
    first, second = (exchange_of(replace(made, operation=k), 2, numbers(made)) for k in (1, 2))
    assert first[2, 0, 1] == pytest.approx(second[0, 0, 1])
    assert second[2, 0, 1] == pytest.approx(2.5)


def test_losses_are_spread_over_field_work_by_the_weight_of_its_phase() -> None:
    made = replace(
        procedure(
            [
                activity("open", 100, phase="exposure", sterile_field=("A", "B")),
                activity("part", 10, phase="parting", sterile_field=("A", "B")),
                activity("wait", 50, phase="parting"),
            ],
            [],
        ),
        phases=("exposure", "parting"),
    )
    chosen = numbers(made).with_values({"rehearsal.loss.total": 65.0})
    nodes = nodes_of(made, by_hand(made, {"open": 0, "part": 100, "wait": 110}, []))
    loss = losses_of(made, nodes, body_of(made, chosen), chosen)
    # 65 ml/kg over 100 + 3 × 10 weighted minutes is half a ml/kg a minute.
    assert loss[:, 0] / 8.48 == pytest.approx([0.5, 1.5, 0.0])


def test_the_mother_loses_her_own_and_the_newborns_nothing() -> None:
    made, schedule = planned("birth")
    chosen = numbers(made)
    nodes = nodes_of(made, schedule)
    loss = losses_of(made, nodes, body_of(made, chosen), chosen)
    total = sum(loss[i] * (node.end_min - node.start_min) for i, node in enumerate(nodes))
    assert total == pytest.approx([0, 0, 700])
