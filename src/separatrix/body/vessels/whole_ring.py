"""Every labelling of up to twenty free junctions at once: the pair laid out for that search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from separatrix.body.vessels.assignment import FREE, LABEL, Assignment
from separatrix.body.vessels.circulation import BEDS
from separatrix.body.vessels.end_states import LabelStates, label_states
from separatrix.body.vessels.model import Ints, Network
from separatrix.body.vessels.situation import Situation


def all_states(
    situation: Situation, assignment: Assignment, order: Sequence[int], threads: int | None
) -> LabelStates:
    """Worst and summed rise of each child for every labelling.

    Parameters
    ----------
    situation
        With sacrificed vessels shut.
    assignment
        Its free groups are single junctions, but for blind ends that hang on them.
    order
        The free groups along what is shared: bit i of a state is the label of ``order[i]``.
    threads
        At most so many; the answer does not depend on it.
    """
    w = situation.circulation.wiring
    place = {name: i for i, name in enumerate(w.node_ids)}
    owner = np.full(len(w.node_ids), FREE, dtype=np.int64)
    for nodes, label in zip(assignment.groups, assignment.label, strict=True):
        owner[[place[n] for n in nodes if n in place]] = label
    for node, twin, _ in w.held_nodes:
        owner[node] = LABEL[twin]
    supplies = np.array([n for n, _, arterial in w.held_nodes if arterial], dtype=np.int64)
    return label_states(
        [_contracted(situation, situation.networks[beds], assignment, place) for beds in BEDS],
        np.array([place[assignment.groups[g][0]] for g in order], dtype=np.int64),
        owner,
        w.territory_nodes,
        supplies=[supplies] * len(BEDS),
        baseline=np.array([situation.before[beds] for beds in BEDS]),
        threads=threads,
    )


def _contracted(
    situation: Situation, network: Network, assignment: Assignment, place: dict[str, int]
) -> Network:
    """The network with each chain of pieces as one edge, and nothing left between its ends."""
    index = situation.circulation.edge_index
    is_open = network.is_open.copy()
    a: list[int] = []
    b: list[int] = []
    resistance: list[float] = []
    for chain in assignment.chains:
        if len(chain.edges) == 1:
            continue
        pieces = [index[v] for v in chain.edges]
        if is_open[pieces].all():
            a.append(_node(assignment, chain.a, chain.edges[0], situation, place))
            b.append(_node(assignment, chain.b, chain.edges[-1], situation, place))
            resistance.append(float(network.resistance[pieces].sum()))
        is_open[pieces] = False
    more = len(a)
    return replace(
        network,
        edge_ids=(*network.edge_ids, *(f"chain {i}" for i in range(more))),
        a=np.concatenate([network.a, np.array(a, dtype=np.int64)]),
        b=np.concatenate([network.b, np.array(b, dtype=np.int64)]),
        resistance=np.concatenate([network.resistance, resistance]),
        quadratic=np.concatenate([network.quadratic, np.zeros(more)]),
        external=np.concatenate([network.external, np.full(more, np.nan)]),
        is_open=np.concatenate([is_open, np.ones(more, dtype=bool)]),
    )


def _node(
    assignment: Assignment, group: int, vessel: str, situation: Situation, place: dict[str, int]
) -> int:
    """Node of the circulation at which a chain begins or ends."""
    edge = situation.circulation.edge_index[vessel]
    w = situation.circulation.wiring
    members = {place[n] for n in assignment.groups[group] if n in place}
    ends = (int(w.a[edge]), int(w.b[edge]))
    return next((e for e in ends if e in members), ends[0])


def bits(states: LabelStates, which: Ints) -> Ints:
    """(n, free) labels of some states."""
    found = states.states[which].astype(np.uint64)
    return np.array([[int(s) >> i & 1 for i in range(states.nodes)] for s in found.tolist()], dtype=np.int64)
