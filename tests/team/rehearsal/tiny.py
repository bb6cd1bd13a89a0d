"""Scripts of a few nodes, written by hand: fixed lengths, nobody hurt, until a test says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tests.team.rehearsal.random_scripts import par_of

from separatrix.team.rehearsal.play.arrays import KNOTS, ROOM, Arrays, as_arrays
from separatrix.team.rehearsal.play.outputs import Layout

ALWAYS = 1e9
"""End of a shift that does not end."""
QUIET = {
    "operation_ln_mean": 0.0,
    "operation_ln_sd": 0.0,
    "phase_ln_sd": 0.0,
    "tail_probability": 0.0,
    "loss_ln_sd": 0.0,
    "temperature_rest_sd_c": 0.0,
}
"""Numbers of a day on which everything takes its time, and no more."""


@dataclass(kw_only=True)
class Node:
    """An activity of fixed length; `after` are (node, lag) that must have ended."""

    minutes: float
    people: Sequence[int] = ()
    after: Sequence[tuple[int, float]] = ()
    patients: int = 1
    marks: int = 0
    group: int = -1
    branch: int = -1
    release: float = 0.0
    need: int = 0
    equipment: int = 0
    loss: float = 0.0
    closes: int = 0


@dataclass(kw_only=True)
class Turn:
    """One person's stretch; `after` are items, nodes first then turns."""

    person: int
    planned: float = 0.0
    after: Sequence[tuple[int, float]] = ()


@dataclass(kw_only=True)
class Cover:
    """A chain of turns from the start of one node to the end of another."""

    begins: int
    ends: int
    turns: Sequence[Turn]
    need: int = 0
    patients: int = 1
    longest: float = ALWAYS


@dataclass(kw_only=True)
class Response:
    """Who and what comes, how soon, and the minutes to control."""

    calls: Sequence[int] = ()
    within: float = 5.0
    control: float = 10.0
    flags: int = 0
    equipment: int = 0
    fetch: float = 0.0
    goods: int = 0


@dataclass(kw_only=True)
class Cause:
    """A complication that is sure to strike one node, at a fraction that the seed draws."""

    node: int
    complication: int = 0
    patient: int = 0
    worse: int = -1


@dataclass(kw_only=True)
class Option:
    """What a branch may do."""

    add: Sequence[int] = ()
    drop: Sequence[int] = ()
    links: Sequence[tuple[int, int, float]] = ()
    stages: int = 0


@dataclass(kw_only=True)
class Tiny:
    """A small script; `responses` are keyed by complication, state and patient (the last: the pair)."""

    nodes: Sequence[Node]
    people: int = 1
    patients: int = 1
    shifts: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    last: Mapping[int, float] = field(default_factory=dict)
    needs: Sequence[Sequence[int]] = ((),)
    pools: Mapping[int, int] = field(default_factory=dict)
    covers: Sequence[Cover] = ()
    responses: Mapping[tuple[int, int, int], Response] = field(default_factory=dict)
    complications: int = 2
    causes: Sequence[Cause] = ()
    bleed: Mapping[tuple[int, int], float] = field(default_factory=dict)
    equipment: int = 1
    goods: int = 0
    branches: Sequence[tuple[int, int, Option]] = ()
    breaks: Sequence[tuple[int, int, float, int]] = ()
    """From item, to item, minutes, person."""
    numbers: Mapping[str, float] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        """One phase."""
        return Layout(tuple("ABC"[: self.patients]), ("all",))

    @property
    def arrays(self) -> Arrays:
        """What engine and twin read."""
        n, m, p, k = len(self.nodes), self.patients, self.people, self.complications
        turns = [turn for cover in self.covers for turn in cover.turns]
        arcs: list[list[tuple[int, float, int]]] = [[] for _ in range(n + len(turns))]
        for to, thing in enumerate([*self.nodes, *turns]):
            for first, lag in thing.after:
                arcs[first].append((to, lag, -1))
        for first, to, lag, person in self.breaks:
            arcs[first].append((to, lag, person))
        waits = np.zeros(n + len(turns))
        for out in arcs:
            for to, *_ in out:
                waits[to] += 1
        answers = list(self.responses.values())
        response_of = np.full((k, 2, m + 1), -1)
        for place, key in enumerate(self.responses):
            response_of[key] = place
        bleed = np.zeros((k, m))
        for key, rate in self.bleed.items():
            bleed[key] = rate
        options = [option for *_, option in self.branches]
        shift = np.array([self.shifts.get(person, (0.0, ALWAYS)) for person in range(p)], float).reshape(p, 2)
        loss = [[node.loss * (node.patients >> patient & 1) for patient in range(m)] for node in self.nodes]
        many: dict[str, Any] = {
            "node_patients": [node.patients for node in self.nodes],
            "node_marks": [node.marks for node in self.nodes],
            "node_phase": np.zeros(n),
            "node_group": [node.group for node in self.nodes],
            "node_branch": [node.branch for node in self.nodes],
            "node_planned": np.zeros((n, 2)),
            "node_release": [node.release for node in self.nodes],
            "node_quantiles": np.array([[node.minutes] * KNOTS for node in self.nodes]),
            "node_common": np.zeros(n),
            "node_equipment": [[node.equipment] for node in self.nodes],
            "node_consumables": np.zeros((n, 1)),
            "node_closes": [node.closes for node in self.nodes],
            "node_loss": loss,
            "waits": waits,
            "arc_ptr": pointer(arcs),
            "arc_to": [arc[0] for out in arcs for arc in out],
            "arc_lag": [arc[1] for out in arcs for arc in out],
            "arc_from_start": np.zeros(sum(map(len, arcs))),
            "arc_break": [arc[2] for out in arcs for arc in out],
            "slot_ptr": pointer([node.people for node in self.nodes]),
            "slot_person": [person for node in self.nodes for person in node.people],
            "slot_need": [node.need for node in self.nodes for _ in node.people],
            "need_ptr": pointer(self.needs),
            "need_person": [person for need in self.needs for person in need],
            "person_shift": shift,
            "person_pool": [self.pools.get(person, ROOM) for person in range(p)],
            "person_colour": np.zeros(p),
            "person_last": [self.last.get(person, -1.0) for person in range(p)],
            "person_awake": np.zeros(p),
            "chain_ptr": pointer([cover.turns for cover in self.covers]),
            "chain_need": [cover.need for cover in self.covers],
            "chain_patients": [cover.patients for cover in self.covers],
            "chain_begins": [cover.begins for cover in self.covers],
            "chain_ends": [cover.ends for cover in self.covers],
            "chain_longest": [cover.longest for cover in self.covers],
            "turn_person": [turn.person for turn in turns],
            "turn_planned": [turn.planned for turn in turns],
            "turn_anchor": np.full(len(turns), -1),
            "turn_anchor_lag": np.zeros(len(turns)),
            "equipment": [self.equipment],
            "stock": [self.goods],
            "stock_patient": [-1],
            "stock_blood": [0],
            "response_of": response_of,
            "response_flags": [answer.flags for answer in answers],
            "response_within": [answer.within for answer in answers],
            "response_quantiles": np.array([[answer.control] * KNOTS for answer in answers]).reshape(
                -1, KNOTS
            ),
            "response_equipment": np.array([[answer.equipment] for answer in answers]).reshape(-1, 1),
            "response_fetch": np.array([[answer.fetch] for answer in answers]).reshape(-1, 1),
            "response_consumables": np.array([[answer.goods] for answer in answers]).reshape(-1, 1),
            "call_ptr": pointer([answer.calls for answer in answers]),
            "call_need": [need for answer in answers for need in answer.calls],
            "cause_complication": [cause.complication for cause in self.causes],
            "cause_patient": [cause.patient for cause in self.causes],
            "cause_number": np.ones(len(self.causes)),
            "cause_drawn": np.ones(len(self.causes)),
            "cause_count": np.zeros(len(self.causes)),
            "cause_worse": [cause.worse for cause in self.causes],
            "cause_worse_share": np.ones(len(self.causes)),
            "site_ptr": np.arange(len(self.causes) + 1),
            "site_node": [cause.node for cause in self.causes],
            "site_up_to": np.ones(len(self.causes)),
            "bleed": bleed,
            "threshold_complication": [-1, -1],
            "branch_at": [at for at, _, _ in self.branches],
            "branch_complication": [complication for _, complication, _ in self.branches],
            "option_ptr": np.arange(len(options) + 1),
            "option_up_to": np.ones(len(options)),
            "option_stages": [option.stages for option in options],
            "add_ptr": pointer([option.add for option in options]),
            "add_node": [node for option in options for node in option.add],
            "drop_ptr": pointer([option.drop for option in options]),
            "drop_node": [node for option in options for node in option.drop],
            "link_ptr": pointer([option.links for option in options]),
            "link": np.array([link[:2] for option in options for link in option.links]).reshape(-1, 2),
            "link_lag": [link[2] for option in options for link in option.links],
            "after_complication": [],
            "after_patient": [],
            "after_number": [],
            "after_window": np.zeros((0, 2)),
            "after_returns": [],
            "body": [[10.0, 800.0, 0.35, 36.5, 4.0]] * m,
            "exchange": np.zeros((2, m, m)),
            "par": par_of(**{**QUIET, **self.numbers}),
        }
        return as_arrays(**many)


def pointer(rows: Sequence[Sequence[Any]]) -> list[int]:
    """Where each row begins in one flat list, and the end."""
    return [0, *np.cumsum([len(row) for row in rows], dtype=np.int64).tolist()]
