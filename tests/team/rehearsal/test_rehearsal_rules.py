"""Rule by rule, with answers computed by hand: of the compiled engine and of its slow twin."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tests.reference.rehearsal import rehearse as play_slowly
from tests.team.rehearsal.tiny import Cause, Cover, Node, Option, Response, Tiny, Turn

from separatrix.team.rehearsal.engine.engine_kernel import rehearse as play_compiled
from separatrix.team.rehearsal.engine.space import new_space
from separatrix.team.rehearsal.play.arrays import (
    APART,
    CRITICAL,
    JOINED,
    OF_PAIR,
    RESAMPLE,
    RESTART,
    SEPARATION,
    STANDBY,
)
from separatrix.team.rehearsal.play.outputs import OF_PERSON

Cell = tuple[int, int, int]
Told = tuple[dict[str, float], dict[str, list[float]]]
Player = Callable[..., Told]


@pytest.fixture(params=["engine", "twin"])
def play(request: pytest.FixtureRequest) -> Player:
    """Play a tiny script: the row by name, and of each number of a person the list over people."""

    def played(tiny: Tiny, forced: Cell = (-1, -1, -1)) -> Told:
        arrays, layout = tiny.arrays, tiny.layout
        if request.param == "twin":
            row, people, _ = play_slowly(arrays, layout, 1, 0, forced)
        else:
            row = np.empty(len(layout.names))
            people = np.empty((tiny.people, len(OF_PERSON)))
            tally = np.zeros((tiny.complications, 2, 3), np.int64)
            play_compiled(
                new_space(arrays), 1, 0, np.array(forced, np.int64), row, people, np.zeros((0, 6)), tally
            )
        of_people = dict(zip(OF_PERSON, people.T.tolist(), strict=True))
        return dict(zip(layout.names, row.tolist(), strict=True)), of_people

    return played


def test_arcs_lags_and_releases_set_the_moment(play: Player) -> None:
    told, _ = play(
        Tiny(nodes=[Node(minutes=20), Node(minutes=5, after=[(0, 3)]), Node(minutes=1, release=50)])
    )
    assert told["end_min"] == 51
    assert told["phase_end_min:all"] == 51
    assert told["anaesthesia_min@A"] == 51


def test_one_person_does_one_thing_at_a_time_in_order_of_readiness(play: Player) -> None:
    told, of = play(Tiny(nodes=[Node(minutes=20, people=[0]), Node(minutes=5, people=[0])]))
    assert told["end_min"] == 25
    assert told["waiting_min"] == of["waiting_min"][0] == 20
    assert of["work_min"][0] == 25


def test_nodes_of_a_group_start_when_all_can(play: Player) -> None:
    told, of = play(
        Tiny(
            people=2,
            nodes=[
                Node(minutes=30, people=[1]),
                Node(minutes=10, people=[0], group=7),
                Node(minutes=10, people=[1], group=7),
            ],
        )
    )
    assert told["end_min"] == 40
    assert of["waiting_min"] == [30, 30]


def test_whose_shift_is_over_is_replaced_by_one_with_nothing_left_to_do(play: Player) -> None:
    nodes = [Node(minutes=60), Node(minutes=10, people=[0], after=[(0, 0)])]
    shifts, needs = {0: (0.0, 50.0)}, [[0, 1, 2]]
    _, of = play(Tiny(people=3, nodes=nodes, needs=needs, shifts=shifts, last={1: 500.0}))
    assert of["work_min"] == [0, 0, 10]
    told, of = play(Tiny(people=3, nodes=nodes, needs=needs, shifts=shifts, last={1: 500.0, 2: 500.0}))
    assert of["work_min"] == [10, 0, 0]
    assert of["overtime_min"][0] == 20
    assert told["unrelieved_min"] == 10


def test_nothing_else_left_starts_with_the_people_there_are(play: Player) -> None:
    told, of = play(Tiny(people=2, nodes=[Node(minutes=7, people=[-1, -1])], needs=[[1]]))
    assert told["end_min"] == 7
    assert told["nobody"] == 1
    assert of["work_min"] == [0, 7]


def test_turns_take_over_by_the_clock_and_the_last_is_relieved(play: Player) -> None:
    cover = Cover(begins=0, ends=0, turns=[Turn(person=0), Turn(person=1, planned=30)], longest=40)
    told, of = play(
        Tiny(
            people=3,
            nodes=[Node(minutes=100)],
            covers=[cover],
            needs=[[0, 1, 2]],
            numbers={"handover_min": 5, "retry_min": 7},
            last={0: 500.0},
        )
    )
    # 0 to 30 + 5; 1 to 70 + 5, relieved by 2 (0 has something planned), to the end.
    assert of["work_min"] == [35, 45, 30]
    assert told["unrelieved_min"] == 0


def test_without_a_relief_the_holder_stays_unrelieved(play: Player) -> None:
    cover = Cover(begins=0, ends=0, turns=[Turn(person=0)], longest=40)
    told, of = play(Tiny(nodes=[Node(minutes=100)], covers=[cover], needs=[[0]], numbers={"retry_min": 7}))
    assert told["unrelieved_min"] == 60
    assert of["work_min"] == [100]


RESPONSE = {(0, JOINED, 0): Response(calls=[0], control=10)}


@pytest.mark.parametrize(
    ("minutes_to_come", "nodes", "last_break"),
    [
        (0.0, [Node(minutes=100, people=[0])], None),
        (1.0, [Node(minutes=100)], None),
        (2.0, [Node(minutes=100), Node(minutes=500, people=[0], patients=2)], None),
        (4.0, [Node(minutes=100), Node(minutes=0), Node(minutes=1, people=[0])], (1, 2, 200.0, 0)),
    ],
    ids=["in place", "free", "at work elsewhere", "on a break"],
)
def test_who_is_called_comes_as_soon_as_where_they_are_lets_them(
    play: Player, minutes_to_come: float, nodes: list[Node], last_break: tuple[int, int, float, int] | None
) -> None:
    told, of = play(
        Tiny(
            patients=2,
            nodes=nodes,
            needs=[[0]],
            responses=RESPONSE,
            breaks=[last_break] if last_break else [],
            numbers={"free_min": 1, "preempt_min": 2, "break_call_min": 4},
        ),
        forced=(0, 0, 0),
    )
    assert told["forced_status"] == 1
    assert told["forced_arrival_min"] == minutes_to_come
    assert told["crisis_min"] == of["crisis_min"][0] == minutes_to_come + 10
    assert told["breaks_lost"] == (minutes_to_come == 4.0)


def test_critical_work_is_not_left_and_the_call_is_missing(play: Player) -> None:
    told, _ = play(
        Tiny(
            patients=2,
            nodes=[Node(minutes=100), Node(minutes=500, people=[0], patients=2, marks=CRITICAL)],
            needs=[[0]],
            responses=RESPONSE,
            numbers={"short_handed_factor": 1.5},
        ),
        forced=(0, 0, 0),
    )
    assert told["forced_status"] == 3
    assert told["forced_missing_calls"] == 1
    assert told["crisis_min"] == 15
    assert told["end_min"] == 500


def test_the_cover_of_the_other_child_comes_where_somebody_stays(play: Player) -> None:
    other = Cover(begins=0, ends=0, turns=[Turn(person=0)], patients=2)
    twice = Cover(begins=0, ends=0, turns=[Turn(person=1)], patients=2)
    for covers, missing in (([other, twice], 0), ([other], 1)):
        told, _ = play(
            Tiny(
                people=2,
                patients=2,
                nodes=[Node(minutes=100)],
                covers=covers,
                needs=[[0]],
                responses=RESPONSE,
                numbers={"other_cover_min": 3},
            ),
            forced=(0, 0, 0),
        )
        assert told["forced_missing_calls"] == missing
        assert told["forced_arrival_min"] == (0 if missing else 3)


def test_equipment_in_use_elsewhere_and_goods_used_up_are_missing(play: Player) -> None:
    responses = {(0, JOINED, 0): Response(equipment=1, fetch=6, goods=2)}
    at_work = [Node(minutes=100), Node(minutes=500, patients=2, equipment=1)]
    told, _ = play(Tiny(patients=2, nodes=at_work, responses=responses, goods=1), forced=(0, 0, 0))
    assert (told["forced_missing_equipment"], told["forced_missing_stock"]) == (1, 1)
    told, _ = play(
        Tiny(patients=2, nodes=at_work, responses=responses, goods=2, equipment=2), forced=(0, 0, 0)
    )
    assert (told["forced_missing_equipment"], told["forced_missing_stock"]) == (0, 0)
    assert told["forced_status"] == 2  # 6 min, 5 were asked for


@pytest.mark.parametrize("pair", [False, True])
def test_a_crisis_holds_the_work_on_whom_it_struck(play: Player, pair: bool) -> None:
    answer = Response(control=10, flags=OF_PAIR if pair else 0)
    told, _ = play(
        Tiny(
            patients=2,
            nodes=[Node(minutes=100), Node(minutes=100, patients=2)],
            responses={(0, JOINED, 0): answer},
        ),
        forced=(0, 0, 0),
    )
    assert told["phase_end_min:all"] == 110
    assert told["anaesthesia_min@A"] == 110
    assert told["anaesthesia_min@B"] == (110 if pair else 100)
    assert told["crises@B"] == pair


def test_stopped_work_is_resumed_restarted_or_drawn_anew(play: Player) -> None:
    def end(**numbers: float) -> float:
        tiny = Tiny(
            nodes=[Node(minutes=100)], responses={(0, JOINED, 0): Response(control=10)}, numbers=numbers
        )
        return play(tiny, forced=(0, 0, 0))[0]["end_min"]

    assert end() == pytest.approx(110, abs=1e-9)
    assert end(preemption=RESAMPLE) == pytest.approx(110, abs=1e-9)  # of one length, anew is the same
    assert 110 < end(preemption=RESTART) < 210


def test_a_complication_without_a_response_meets_nobody(play: Player) -> None:
    told, _ = play(Tiny(nodes=[Node(minutes=100)], numbers={"retry_min": 7}), forced=(0, 1, 0))
    assert told["forced_status"] == 3
    assert told["end_min"] == pytest.approx(107, abs=1e-9)


def test_after_parting_the_responses_are_those_of_the_children_apart(play: Player) -> None:
    told, _ = play(
        Tiny(
            nodes=[Node(minutes=10, marks=SEPARATION), Node(minutes=10, after=[(0, 0)])],
            responses={(0, JOINED, 0): Response(control=10), (0, APART, 0): Response(control=20)},
        ),
        forced=(1, 0, 0),
    )
    assert told["separation_min"] == 10
    assert told["end_min"] == pytest.approx(40, abs=1e-9)


def test_what_turns_worse_is_answered_as_the_worse(play: Player) -> None:
    responses = {(0, JOINED, 0): Response(control=10), (1, JOINED, 0): Response(control=30)}
    told, _ = play(Tiny(nodes=[Node(minutes=100)], responses=responses, causes=[Cause(node=0, worse=1)]))
    assert told["end_min"] == pytest.approx(130, abs=1e-9)


def test_an_option_drops_adds_and_links(play: Player) -> None:
    option = Option(add=[3], drop=[1], links=[(0, 3, 2), (3, 2, 0)])
    tiny = Tiny(
        nodes=[
            Node(minutes=10),
            Node(minutes=50, after=[(0, 0)]),
            Node(minutes=5, after=[(1, 0)]),
            Node(minutes=20, branch=0),
        ],
        responses={(0, JOINED, 0): Response(control=10)},
        branches=[(0, 0, option)],
    )
    assert play(tiny)[0]["end_min"] == 65
    # 20 with the crisis, 2, 20 of the added, 5 of the last; the dropped one takes no time.
    assert play(tiny, forced=(0, 0, 0))[0]["end_min"] == pytest.approx(47, abs=1e-9)


def test_a_staged_operation_does_not_part(play: Player) -> None:
    tiny = Tiny(
        nodes=[Node(minutes=10), Node(minutes=10, after=[(0, 0)], marks=SEPARATION)],
        branches=[(0, 0, Option(stages=1))],
    )
    assert play(tiny)[0]["separation_min"] == 20
    told, _ = play(tiny, forced=(0, 0, 0))
    assert told["staged"] == 1
    assert told["separation_min"] == np.inf


def test_losses_run_while_work_runs_and_bleeding_until_control(play: Player) -> None:
    told, _ = play(Tiny(nodes=[Node(minutes=30, loss=0.5), Node(minutes=60)]))
    assert told["lost_ml@A"] == pytest.approx(15, abs=1e-9)
    told, _ = play(
        Tiny(
            nodes=[Node(minutes=30)],
            responses={(0, JOINED, 0): Response(control=10)},
            bleed={(0, 0): 2.0},
        ),
        forced=(0, 0, 0),
    )
    assert told["lost_ml@A"] == pytest.approx(20, abs=1e-9)


def test_standby_is_nobody_during_the_operation(play: Player) -> None:
    tiny = Tiny(nodes=[Node(minutes=10, people=[-1])], needs=[[]], pools={0: STANDBY})
    told, of = play(tiny)
    assert told["nobody"] == 1
    assert of["work_min"] == [0]
