"""Branches of a rehearsal: where they are taken, what opens them, what each way on adds, drops and ties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from separatrix.team.protocol.model import ActivityMark, BranchOption, Precedence, Procedure
from separatrix.team.rehearsal.play.arrays import Floats, Ints
from separatrix.team.rehearsal.play.compile_causes import trigger_of
from separatrix.team.rehearsal.play.compile_nodes import Node
from separatrix.team.rehearsal.play.compile_people import flat, pointers
from separatrix.team.rehearsal.play.names import BranchName
from separatrix.team.rehearsal.play.numbers import Numbers

STAGE = "rehearsal.branch.stage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Branches:
    """Branches as fields of `Arrays`, all but the shares of their options."""

    names: tuple[BranchName, ...]
    fields: Mapping[str, Ints | Floats]
    never: tuple[str, ...]
    """In words: those that no complication of the list opens."""


def branches_of(procedure: Procedure, nodes: Sequence[Node], complications: Sequence[str]) -> Branches:
    """Branches of a procedure.

    Ties of an option that start something a while after a start become ties from the end, shorter by the
    planned length; engine and twin know no others.
    """
    node_of = {node.name.id: i for i, node in enumerate(nodes)}
    length = {node.name.id: node.activity.planned_min for node in nodes}
    parting = {a.id for a in procedure.activities if ActivityMark.SEPARATION in a.marks}
    names: list[BranchName] = []
    opens: list[int] = []
    adds: list[list[int]] = []
    drops: list[list[int]] = []
    links: list[list[tuple[int, int]]] = []
    lags: list[float] = []
    stages: list[bool] = []
    for branch in procedure.branches:
        trigger = trigger_of(branch.trigger, complications)
        opens.append(complications.index(trigger) if trigger else -1)
        names.append(
            BranchName(
                id=branch.id,
                title=branch.title,
                options=tuple(option.id for option in branch.options),
                option_titles=tuple(option.title for option in branch.options),
                first_option=len(stages),
            )
        )
        for option in branch.options:
            own = {a.id: f"{branch.id}.{option.id}.{a.id}" for a in option.adds}
            ties = [_from_end(tie, own, length) for tie in option.precedences]
            adds.append([node_of[name] for name in own.values()])
            drops.append([node_of[name] for name in option.drops])
            links.append([(node_of[before], node_of[after]) for before, after, _ in ties])
            lags += [lag for _, _, lag in ties]
            stages.append(bool(parting & set(option.drops)))
    return Branches(
        names=tuple(names),
        fields={
            "branch_at": np.array([node_of[b.at] for b in procedure.branches], np.int64),
            "branch_complication": np.array(opens, np.int64),
            "option_ptr": pointers([len(b.options) for b in procedure.branches]),
            "option_stages": np.array(stages, np.int64),
            "add_ptr": pointers([len(row) for row in adds]),
            "add_node": flat(adds),
            "drop_ptr": pointers([len(row) for row in drops]),
            "drop_node": flat(drops),
            "link_ptr": pointers([len(row) for row in links]),
            "link": np.array([tie for row in links for tie in row], np.int64).reshape(-1, 2),
            "link_lag": np.array(lags, np.float64),
        },
        never=tuple(
            f"Nothing in the list of complications opens the branch '{b.title}' ({b.trigger}): never taken"
            for b, k in zip(procedure.branches, opens, strict=True)
            if k < 0
        ),
    )


def _from_end(tie: Precedence, own: Mapping[str, str], length: Mapping[str, int]) -> tuple[str, str, float]:
    before, after = own.get(tie.before, tie.before), own.get(tie.after, tie.after)
    lag = tie.lag_min if tie.kind == "finish_start" else max(0, tie.lag_min - length[before])
    return before, after, float(lag)


def option_shares(procedure: Procedure, stages: Ints, numbers: Numbers) -> Floats:
    """Cumulative shares of the options: those that stage share one number, the others the rest, alike."""
    rows: list[Floats] = []
    at = 0
    for branch in procedure.branches:
        row = _shares(branch.options, stages[at : at + len(branch.options)], numbers.value(STAGE))
        at += len(branch.options)
        cumulative = np.cumsum(row)
        cumulative[-1] = 1.0
        rows.append(cumulative)
    return np.concatenate([*rows, np.empty(0)])


def _shares(options: Sequence[BranchOption], stages: Ints, stage: float) -> Floats:
    staging = int(stages.sum())
    going_on = len(options) - staging
    if staging == 0 or going_on == 0:
        return np.full(len(options), 1.0 / len(options))
    return np.where(stages == 1, stage / staging, (1.0 - stage) / going_on)
