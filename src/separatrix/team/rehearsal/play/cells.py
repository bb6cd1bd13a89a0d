"""Cells of the contingency matrix: what can strike whom in which activity, and why not elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from separatrix.evidence import Complication
from separatrix.team.rehearsal.play import where
from separatrix.team.rehearsal.play.arrays import Ints
from separatrix.team.rehearsal.play.compile import Compiled, Structure
from separatrix.team.rehearsal.play.compile_causes import sites_of, struck_by
from separatrix.team.rehearsal.play.compile_nodes import Node


def possible_cells(compiled: Compiled) -> Ints:
    """(cells, 3) node, complication, patient or -1: all that can be forced, by node.

    A complication that can strike where the protocol has no response is among them: nobody answers it.
    """
    structure = compiled.structure
    found = [
        (i, k, patient)
        for k, sites in enumerate(_sites(structure))
        for i in sites
        for patient in _struck(i, k, structure)
    ]
    return np.array(sorted(found), np.int64).reshape(-1, 3)


def why_impossible(compiled: Compiled) -> Mapping[tuple[int, int], str]:
    """Of each node and complication that make no possible cell: why, in plain words."""
    structure = compiled.structure
    possible = {(int(i), int(k)) for i, k, _ in possible_cells(compiled)}
    sites = _sites(structure)
    return {
        (i, k): "nobody whom it can strike is there" if i in sites[k] else _reason(node, row, structure)
        for i, node in enumerate(structure.nodes)
        for k, row in enumerate(structure.rows)
        if (i, k) not in possible
    }


def _sites(structure: Structure) -> list[frozenset[int]]:
    """Of each complication: nodes where it can strike."""
    return [frozenset(sites_of(row, structure.nodes, structure.procedure)) for row in structure.rows]


def _struck(node: int, complication: int, structure: Structure) -> tuple[int, ...]:
    """Whom a complication strikes in a node: -1 where the response is to the pair or the room."""
    row, one = structure.rows[complication], structure.nodes[node]
    response_of = np.asarray(structure.fields["response_of"], np.int64)[complication]
    if response_of[int(one.apart), -1] >= 0:
        return (-1,)
    if where.UNITS.get(row.per) == "pair" and (response_of < 0).all():
        return (-1,)
    patients = structure.procedure.patients
    return tuple(
        p for p in struck_by(row, structure.procedure, response_of) if patients[p] in one.activity.patients
    )


def _reason(node: Node, row: Complication, structure: Structure) -> str:
    if node.name.branch >= 0:
        return "only a branch adds this activity"
    if node.end_min <= node.start_min:
        return "it takes no time"
    if where.during(row.phases, structure.procedure.phases) is None:
        return "it shows in the days after" if where.hours_after(row.phases) else "it strikes before the day"
    if node.apart and row.id in where.JOINED_ONLY:
        return "only joined children can have it"
    return "it strikes elsewhere: " + ", ".join(row.phases)
