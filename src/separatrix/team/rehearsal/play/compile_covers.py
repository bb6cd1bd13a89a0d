"""Covers of a rehearsal: each place in a cover is a chain of turns, one person's stretch after another's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from separatrix.core import Fault, InputError
from separatrix.team.choreography.model import Assignment, Schedule
from separatrix.team.protocol.model import Cover, Need, Procedure
from separatrix.team.rehearsal.play.arrays import Floats, Ints
from separatrix.team.rehearsal.play.compile_nodes import bits
from separatrix.team.rehearsal.play.compile_people import Needs, pointers
from separatrix.team.rehearsal.play.names import ChainName, TurnName


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One place of a cover."""

    name: ChainName
    cover: Cover
    turns: tuple[Assignment, ...]
    """In order; never empty."""


def chains_of(procedure: Procedure, schedule: Schedule) -> tuple[Chain, ...]:
    """The places of every cover with their turns.

    A stretch takes over from the one that ends a handover later; where several could be meant, from the last.

    Raises
    ------
    InputError
        With every cover that has too few people when it begins, or begins or ends at no activity.
    """
    known = {activity.id for activity in procedure.activities}
    faults: list[Fault] = []
    chains: list[Chain] = []
    for cover in procedure.covers:
        ends = {cover.begins, cover.ends} - known
        if ends:
            faults.append(Fault(field=f"covers.{cover.id}", problem=f"no activity {sorted(ends)}"))
            continue
        turns = sorted(
            (a for a in schedule.assignments if a.kind == "cover" and a.activity == cover.id),
            key=lambda a: (a.start_min, a.end_min, a.person),
        )
        places = _places(turns, cover, procedure.rules.handover_min)
        if len(places) != cover.count:
            faults.append(
                Fault(
                    field=f"covers.{cover.id}",
                    problem=f"{len(places)} people begin it in the schedule",
                    expected=str(cover.count),
                    mend="plan this procedure again",
                )
            )
            continue
        chains += [
            Chain(
                name=ChainName(cover=cover.id, title=cover.title, place=place),
                cover=cover,
                turns=tuple(row),
            )
            for place, row in enumerate(places)
        ]
    if faults:
        raise InputError(*faults)
    return tuple(chains)


def _places(turns: Sequence[Assignment], cover: Cover, handover_min: int) -> list[list[Assignment]]:
    places: list[list[Assignment]] = []
    for turn in turns:
        open_now = [row for row in places if row[-1].end_min <= turn.start_min + handover_min]
        if len(places) < cover.count and turn.start_min == turns[0].start_min:
            places.append([turn])
        elif open_now:
            # The one that hands over now ends last among those that end by then.
            max(open_now, key=lambda row: row[-1].end_min).append(turn)
        else:
            places.append([turn])
    return places


def chain_fields(
    chains: Sequence[Chain],
    procedure: Procedure,
    schedule: Schedule,
    needs: Needs,
    node_of: Mapping[str, int],
) -> tuple[dict[str, Ints | Floats], tuple[TurnName, ...]]:
    """Fields of `Arrays` about cover, and what each turn is."""
    person = {p.id: i for i, p in enumerate(procedure.people)}
    turns = tuple(
        TurnName(chain=c, person=person[turn.person], start_min=turn.start_min, end_min=turn.end_min)
        for c, chain in enumerate(chains)
        for turn in chain.turns
    )
    covers = [chain.cover for chain in chains]
    anchors = [_anchor(turn.start_min, schedule, node_of) for turn in turns]
    rows = [needs.row(Need(skill=c.skill, team=c.team, level=c.level)) for c in covers]
    return {
        "chain_ptr": pointers([len(chain.turns) for chain in chains]),
        "chain_need": np.array(rows, np.int64),
        # A cover of no patient, such as the blood runner's, is there for all of them.
        "chain_patients": np.array(
            [bits(c.patients or procedure.patients, procedure.patients) for c in covers], np.int64
        ),
        "chain_begins": np.array([node_of[c.begins] for c in covers], np.int64),
        "chain_ends": np.array([node_of[c.ends] for c in covers], np.int64),
        "chain_longest": np.array([c.longest_min for c in covers], np.float64),
        "turn_person": np.array([turn.person for turn in turns], np.int64),
        "turn_planned": np.array([turn.start_min for turn in turns], np.float64),
        "turn_anchor": np.array([node for node, _ in anchors], np.int64),
        "turn_anchor_lag": np.array([lag for _, lag in anchors], np.float64),
    }, turns


def _anchor(minute: int, schedule: Schedule, node_of: Mapping[str, int]) -> tuple[int, int]:
    """The activity that begins last before a minute of the plan, and how long before; -1 where none does."""
    begun = [(a.start_min, node_of[a.id]) for a in schedule.activities if a.start_min <= minute]
    if not begun:
        return -1, 0
    start, node = max(begun)
    return node, minute - start
