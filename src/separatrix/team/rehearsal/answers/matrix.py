"""The contingency matrix: every complication forced upon every activity where it can strike.

Each cell is rehearsed with the same rehearsals, once without and once with the complication, so that what is
added is a paired difference. Who is missing comes from the runs in which the response lacked somebody or
something.

A cell is *in time* where the lower end of Wilson's interval of the share in time is at least
``rehearsal.covered.within_target``, or, with so few runs that this cannot be reached, where every run was in
time. Otherwise it is *nobody* where even the runs that were merely late do not make up for those that lacked
somebody or something, and *late* where they do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from separatrix.core.progress import Progress, silent
from separatrix.team.rehearsal.answers.matrix_kernel import TALLIES, TICKS, tally_forced
from separatrix.team.rehearsal.answers.model import Cell, CellStatus, Missing, MissingKind
from separatrix.team.rehearsal.answers.statistics import Z95, mean_interval, wilson
from separatrix.team.rehearsal.engine.space import Space, new_space
from separatrix.team.rehearsal.play.arrays import APART, JOINED, Arrays, Floats, Ints
from separatrix.team.rehearsal.play.cells import possible_cells, why_impossible
from separatrix.team.rehearsal.play.compile import Compiled
from separatrix.team.rehearsal.runs.blocks import in_blocks

BLOCK = 5
"""Rehearsals, each forced into all cells, that one thread takes at a time."""

LISTED_FROM = 0.01
"""Who or what was missing in fewer of a cell's runs than this is not listed."""


@dataclass(frozen=True, slots=True)
class Tallied:
    """Counts of forced rehearsals, in whole numbers."""

    cells: Ints
    """(q, 3) node, complication, patient or -1, in this order."""
    tallies: Ints
    """(q, `TALLIES`)."""
    missing: Ints
    """(q, calls + equipment + stock)."""
    short: Ints
    """(runs,) in how many cells somebody or something came late or not at all."""
    first_missing: tuple[int, int, int]
    """Columns of `missing` where calls, equipment and stock begin."""

    def of(self, cell: int, name: str) -> int:
        """One number of one cell."""
        return int(self.tallies[cell, TALLIES.index(name)])


def tally_cells(
    compiled: Compiled,
    cells: Ints,
    *,
    runs: int,
    seed: int,
    threads: int | None = None,
    progress: Progress = silent,
) -> Tallied:
    """Force each cell (q, 3) in rehearsals 0 to ``runs - 1``; the same for any number of threads."""
    arrays = compiled.arrays
    cells = np.ascontiguousarray(cells[np.lexsort(cells.T[::-1])], dtype=np.int64)
    calls = int(np.diff(arrays.call_ptr).max(initial=0))
    first_missing = (0, calls, calls + len(arrays.equipment))
    width = first_missing[2] + len(arrays.stock)
    starts = np.array(first_missing, dtype=np.int64)
    short = np.zeros(runs, dtype=np.int64)

    def begin() -> tuple[Space, Ints, Ints, Floats, Floats]:
        return (
            new_space(arrays),
            np.zeros((len(cells), len(TALLIES)), dtype=np.int64),
            np.zeros((len(cells), width), dtype=np.int64),
            np.zeros((len(cells), len(compiled.layout.names))),
            np.zeros(len(compiled.layout.names)),
        )

    def tally(own: tuple[Space, Ints, Ints, Floats, Floats], first: int, count: int) -> None:
        space, told, missing, rows, base = own
        tally_forced(
            space, seed, first, short[first : first + count], cells, starts, rows, base, told, missing
        )

    counted = in_blocks(runs, begin=begin, work=tally, threads=threads, block=BLOCK, progress=progress)
    tallies = np.sum([own[1] for own in counted], axis=0)
    missing = np.sum([own[2] for own in counted], axis=0)
    return Tallied(cells, tallies, missing, short, first_missing)


def status_of(in_time: int, late: int, runs: int, *, covered_share: float) -> CellStatus:
    """Whether a cell is covered.

    Parameters
    ----------
    in_time, late
        Runs in which all were there within the target, and after it.
    runs
        Runs in which the complication struck.
    covered_share
        ``rehearsal.covered.within_target``.

    Examples
    --------
    >>> [status_of(n, 0, 200, covered_share=0.95) for n in (200, 196)]
    ['in_time', 'nobody']
    >>> status_of(20, 0, 20, covered_share=0.95), status_of(19, 1, 20, covered_share=0.95)
    ('in_time', 'late')
    """
    least = min(covered_share, runs / (runs + Z95**2)) - 1e-12
    if wilson(in_time, runs)[0] >= least:
        return "in_time"
    return "late" if wilson(in_time + late, runs)[0] >= least else "nobody"


def matrix_cells(
    compiled: Compiled,
    *,
    titles: Mapping[str, str],
    runs: int,
    seed: int,
    covered_share: float,
    threads: int | None = None,
    progress: Progress = silent,
) -> tuple[Cell, ...]:
    """Every cell of the matrix: the possible ones by planned start, then the impossible ones with why.

    Parameters
    ----------
    compiled
        The plan.
    titles
        Of skills, equipment and consumables, as in `Procedure.titles`.
    runs
        Forced rehearsals of each cell, 0 to ``runs - 1``.
    seed
        Of all draws.
    covered_share
        ``rehearsal.covered.within_target``, see the module.
    threads
        None: as many as there are processors.
    progress
        Listener.
    """
    told = tally_cells(
        compiled, possible_cells(compiled), runs=runs, seed=seed, threads=threads, progress=progress
    )
    possible = tuple(_cell(compiled, titles, told, i, covered_share) for i in range(len(told.cells)))
    return possible + _impossible(compiled)


def title_of(titles: Mapping[str, str], kind: MissingKind, name: str) -> str:
    """Who or what is missing, in words.

    Examples
    --------
    >>> title_of({"skill:scrub_nurse": "Scrub nurse"}, "person", "scrub_nurse@A")
    'Scrub nurse of team A'
    """
    word, _, team = name.partition("@")
    prefix = {"person": "skill", "equipment": "equipment", "stock": "consumable"}[kind]
    return titles.get(f"{prefix}:{word}", word) + (f" of team {team}" if team else "")


def _impossible(compiled: Compiled) -> tuple[Cell, ...]:
    nodes = compiled.structure.nodes
    return tuple(
        Cell(
            activity=nodes[node].name.id,
            complication=compiled.names.complications[complication],
            patient="",
            state="apart" if nodes[node].apart else "joined",
            status="impossible",
            because=why,
        )
        for (node, complication), why in sorted(why_impossible(compiled).items())
    )


def response_index(arrays: Arrays, complication: int, state: int, patient: int, node: int) -> int:
    """The response that a strike finds, -1 for none.

    ``patient`` -1 is the pair: where it has no response, that of the lowest patient of the node who has one.
    """
    found = arrays.response_of[complication, state]
    if found[patient] >= 0:  # the last column is the pair's
        return int(found[patient])
    if patient >= 0:
        return int(found[-1])
    struck = [p for p in range(len(found) - 1) if arrays.node_patients[node] >> p & 1 and found[p] >= 0]
    return int(found[struck[0]]) if struck else -1


def _cell(compiled: Compiled, titles: Mapping[str, str], told: Tallied, i: int, covered_share: float) -> Cell:
    names, arrays = compiled.names, compiled.arrays
    node, complication, patient = (int(x) for x in told.cells[i])
    state = APART if compiled.structure.nodes[node].apart else JOINED
    # A node beside the parting may start on the other side of it in some rehearsals.
    response, otherwise = (
        response_index(arrays, complication, s, patient, node) for s in (state, JOINED + APART - state)
    )
    in_time, late, nobody = (told.of(i, name) for name in ("in_time", "late", "nobody"))
    runs = in_time + late + nobody
    low, high = wilson(in_time, runs)
    ends = _minutes(told, i, "end")
    separations = _minutes(told, i, "separation") if state == JOINED else None
    status: CellStatus = status_of(in_time, late, runs, covered_share=covered_share) if runs else "impossible"
    return Cell(
        activity=names.nodes[node].id,
        complication=names.complications[complication],
        patient=names.patients[patient] if patient >= 0 else "",
        state="apart" if state == APART else "joined",
        status=status,
        runs=runs,
        in_time=in_time,
        late=late,
        nobody=nobody,
        wilson_low=low,
        wilson_high=high,
        target_min=float(arrays.response_within[response]) if response >= 0 else None,
        arrival_min=told.of(i, "arrival") / TICKS / told.of(i, "arrivals")
        if told.of(i, "arrivals")
        else None,
        added_min=ends and ends[0],
        added_low_min=ends and ends[1],
        added_high_min=ends and ends[2],
        added_separation_min=separations and separations[0],
        added_separation_low_min=separations and separations[1],
        added_separation_high_min=separations and separations[2],
        missing=_missing(compiled, titles, told, i, (response, otherwise), runs),
        because="" if runs else "it was never reached in these rehearsals",
    )


def _minutes(told: Tallied, i: int, name: str) -> tuple[float, float, float] | None:
    """Mean added minutes with their 95 % interval."""
    return mean_interval(
        told.of(i, f"{name}s"), told.of(i, name) / TICKS, told.of(i, f"{name}_squared") / TICKS**2
    )


def _missing(
    compiled: Compiled, titles: Mapping[str, str], told: Tallied, i: int, responses: Sequence[int], runs: int
) -> tuple[Missing, ...]:
    """Who and what was missing, places of the same skill and colour together by the one missing most.

    ``responses``: of the state planned, and of the other, which a call that the first does not have is of.
    """
    names = compiled.names
    calls = [names.responses[r].calls for r in responses if r >= 0]
    first_call, first_equipment, first_stock = told.first_missing
    found: dict[tuple[MissingKind, str], int] = {}
    for column in np.flatnonzero(told.missing[i]):
        if column < first_equipment:
            need = next(own[column - first_call] for own in calls if column - first_call < len(own))
            key: tuple[MissingKind, str] = ("person", need.skill + (f"@{need.team}" if need.team else ""))
        elif column < first_stock:
            key = ("equipment", names.equipment[column - first_equipment])
        else:
            key = ("stock", names.stock[column - first_stock])
        found[key] = max(found.get(key, 0), int(told.missing[i, column]))
    listed = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        Missing(kind=kind, id=name, title=title_of(titles, kind, name), share=count / runs)
        for (kind, name), count in listed
        if count >= LISTED_FROM * runs
    )
