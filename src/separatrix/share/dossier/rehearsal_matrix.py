"""The contingency matrix as a heat map one can click, and as a short table for paper.

Colour is never alone: in time is pale with a dot, late is yellow with a half-filled circle, nobody is dark
red with a cross, impossible is blank. None of them is a colour of the children.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from separatrix.share.script.gantt import mark_of
from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.answers.model import Cell, Matrix

_WORST = ("nobody", "late", "in_time", "impossible")
"""Of several cells at one place the worst is shown."""
SIGNS = {"nobody": "✕", "late": "◐", "in_time": "·", "impossible": ""}
WORDS = {"nobody": "somebody or something is missing", "late": "late", "in_time": "in time",
         "impossible": "cannot strike here"}  # fmt: skip
_GROUP_MISSING = 3
"""Names of what is missing in one line of the printed table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRow:
    """One activity."""

    title: str
    phase: str
    """Heading it opens; empty where the phase goes on."""
    statuses: tuple[str, ...]
    """One for each complication."""
    has_gap: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Cells of one complication in one state that are not in time and lack the same."""

    complication: str
    whom: str
    state: str
    status: str
    where: str
    """How many steps, and in which phases."""
    missing: str
    arrival: str
    added: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """What the page shows of a matrix."""

    complications: tuple[str, ...]
    rows: tuple[MapRow, ...]
    counts: Mapping[str, int]
    """Cells by status."""
    gaps: tuple[Gap, ...]
    data: str
    """JSON for the panel: see `_details`."""


def heat_map(matrix: Matrix, procedure: Procedure, schedule: Schedule, *, bare: bool = False) -> HeatMap:
    """Lay a matrix out: activities in order of time, complications in the order of the protocol.

    Parameters
    ----------
    bare
        Without shares and intervals, for a procedure of which no probability is printed.
    """
    titles = complication_titles(procedure)
    when = {a.id: a.start_min for a in schedule.activities}
    at: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in matrix.cells:
        at[cell.activity, cell.complication].append(cell)
    possible = [c for c in matrix.cells if c.status != "impossible"]
    columns = [c for c in titles if any(cell.complication == c for cell in possible)]
    struck = {cell.activity for cell in possible}
    acts = sorted(
        (a for a in procedure.activities if a.id in struck), key=lambda a: (when.get(a.id, 0), a.id)
    )
    rows, phase = [], ""
    for act in acts:
        statuses = tuple(_worst(at[act.id, c]) for c in columns)
        rows.append(
            MapRow(
                title=act.full_title,
                phase=procedure.titles.get(f"phase:{act.phase}", act.phase) if act.phase != phase else "",
                statuses=statuses,
                has_gap=any(s in ("late", "nobody") for s in statuses),
            )
        )
        phase = act.phase
    keys = [[at[act.id, c] for c in columns] for act in acts]
    counts = {status: sum(c.status == status for c in matrix.cells) for status in _WORST}
    return HeatMap(
        complications=tuple(titles[c] for c in columns),
        rows=tuple(rows),
        counts=counts,
        gaps=_gaps(possible, procedure, titles, bare=bare),
        data=_details(keys, bare=bare),
    )


def complication_titles(procedure: Procedure) -> dict[str, str]:
    """Titles of complications that have a response, in the order of the protocol."""
    titles: dict[str, str] = {}
    for response in procedure.responses:
        titles.setdefault(response.complication, response.title)
    return titles


def whom(patient: str) -> str:
    """Letter and shape of whom a cell strikes; the pair or the room where it names nobody."""
    return f"{mark_of(patient)}\u00a0{patient}" if patient else "both or the room"  # type: ignore[arg-type]


def _worst(cells: Iterable[Cell]) -> str:
    found = {c.status for c in cells}
    return next((status for status in _WORST if status in found), "impossible")


def _details(keys: Sequence[Sequence[Sequence[Cell]]], *, bare: bool) -> str:
    """What the panel tells, by row and column, words once each so that the page stays small.

    ``words``: texts; elsewhere they stand by their number. ``cells[row][column]``: a list of cells, each
    ``[whom, state, status, why]`` where it is impossible, else ``[whom, state, status, runs, in time, least
    and most share in time, target, arrival, added to the end, least, most, added to the separation, least,
    most, missing]``, with what is missing as pairs of text and share.
    """
    words: dict[str, int] = {}

    def text(value: str) -> int:
        return words.setdefault(value, len(words))

    def told(cell: Cell) -> list[Any]:
        if cell.status == "impossible":
            return [text(whom(cell.patient)), text(cell.state), text(cell.status), text(cell.because)]
        shares = [None, None] if bare else [round(cell.wilson_low, 3), round(cell.wilson_high, 3)]
        minutes = (cell.target_min, cell.arrival_min, cell.added_min, cell.added_low_min, cell.added_high_min,
                   cell.added_separation_min, cell.added_separation_low_min,
                   cell.added_separation_high_min)  # fmt: skip
        return [
            text(whom(cell.patient)),
            text(cell.state),
            text(cell.status),
            cell.runs,
            cell.in_time,
            *shares,
            *(None if value is None else round(value, 1) for value in minutes),
            [[text(m.title), None if bare else round(m.share, 2)] for m in cell.missing],
        ]

    cells = [[[told(cell) for cell in place] for place in row] for row in keys]
    made = json.dumps({"words": list(words), "cells": cells}, ensure_ascii=False, separators=(",", ":"))
    return made.replace("</", "<\\/")  # so that no text ends the script element it stands in


def _gaps(
    cells: Sequence[Cell], procedure: Procedure, titles: Mapping[str, str], *, bare: bool
) -> tuple[Gap, ...]:
    """Groups of cells that are not in time; the largest of those that lack somebody first."""
    phase_of = {a.id: a.phase for a in procedure.activities}
    groups: dict[tuple[str, str, str, tuple[str, ...]], list[Cell]] = defaultdict(list)
    struck: dict[tuple[str, str], set[str]] = defaultdict(set)
    for cell in cells:
        struck[cell.complication, cell.state].add(cell.activity)
        if cell.status in ("late", "nobody"):
            lacks = tuple(m.title for m in cell.missing[:_GROUP_MISSING])
            groups[cell.complication, cell.state, cell.status, lacks].append(cell)
    found = []
    for (complication, state, status, lacks), same in groups.items():
        where = {c.activity for c in same}
        phases = dict.fromkeys(phase_of.get(c.activity, "") for c in same)
        names = ", ".join(procedure.titles.get(f"phase:{p}", p) for p in phases if p)
        arrivals = [c.arrival_min for c in same if c.arrival_min is not None]
        added = [c.added_min for c in same if c.added_min is not None]
        target = same[0].target_min
        arrival = f"{max(arrivals):.1f} min" if arrivals else "–"
        if target is not None:
            arrival += f" (target {target:g})"
        found.append(
            Gap(
                complication=titles.get(complication, complication),
                whom=" or ".join(whom(patient) for patient in sorted({c.patient for c in same})),
                state=state,
                status=status,
                where=f"{len(where)} of {len(struck[complication, state])} steps: {names}",
                missing=", ".join(lacks) or "–",
                arrival=arrival,
                added=f"{max(added):.0f} min" if added and not bare else "–",
                count=len(same),
            )
        )
    return tuple(sorted(found, key=lambda g: (g.status != "nobody", -g.count, g.complication, g.whom)))
