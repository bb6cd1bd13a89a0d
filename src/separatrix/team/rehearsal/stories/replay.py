"""Any rehearsal by its number, told again: minute by minute, as it was played against the plan."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from separatrix.core import Fault, InputError
from separatrix.team.rehearsal.answers.model import Cell
from separatrix.team.rehearsal.engine.engine_kernel import rehearse
from separatrix.team.rehearsal.engine.space import new_space
from separatrix.team.rehearsal.engine.trace import FIELDS
from separatrix.team.rehearsal.play.arrays import CIRCULATIONS_PART, CRITICAL, SEPARATION, Floats, Ints
from separatrix.team.rehearsal.play.compile import Compiled
from separatrix.team.rehearsal.play.outputs import OF_PERSON
from separatrix.team.rehearsal.runs.rows import Rows
from separatrix.team.rehearsal.stories.story import (
    Came,
    Crisis,
    Curve,
    Line,
    PlayedActivity,
    Player,
    Story,
    Stretch,
)
from separatrix.team.rehearsal.stories.telling import WHERE, Draft, Teller

NOT_FORCED = (-1, -1, -1)
STOPPED = "STOPPED BY THE LIMIT OF EVENTS: the script has no way on from here, or too much struck"
_ROWS = 20_000
"""Rows that a trace has room for at first; a longer one is played again with twice the room."""
_TRIES = 100
"""Rehearsals that a forced complication is tried in until it strikes."""
_WORST = 0.95
"""Quantile of the end that is told as the worst: one in twenty ends later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """Numbers of rehearsals worth telling."""

    median: int
    """Ends in the middle of all."""
    worst: int
    """Ends where one in twenty ends later."""


def check_number(number: int) -> None:
    """Refuse the number of a rehearsal that cannot be.

    Raises
    ------
    InputError
        If it is below 0 or beyond 2^63 - 1.
    """
    if not 0 <= number < 2**63:
        raise InputError(Fault(field="--replay", problem=f"rehearsal {number}", expected="0 to 2^63 - 1"))


def replay(compiled: Compiled, seed: int, number: int, forced: tuple[int, int, int] = NOT_FORCED) -> Story:
    """Play one rehearsal again and tell it.

    Parameters
    ----------
    compiled
        What was rehearsed.
    seed, number
        Of the rehearsal.
    forced
        Node, complication and patient (-1: the pair, or the room) to force, as `forced_of` gives them.

    Returns
    -------
    Story
        The same for the same arguments, and the same rehearsal that a run of many has under this number.
    """
    row, trace = traced(compiled, seed, number, forced)
    teller = Teller(compiled, forced)
    teller.read(trace)
    at = compiled.layout.at
    end_min, staged = float(row[at("end_min")]), row[at("staged")] > 0
    if not math.isfinite(end_min):  # stopped: it has no end, and is told as far as it came
        end_min = max((line.minute for line in teller.lines if math.isfinite(line.minute)), default=0.0)
        teller.lines.append(Line(minute=end_min, kind="stopped", words=STOPPED))
    return _gathered(compiled, teller, seed, number, end_min, staged)


def replay_cell(compiled: Compiled, seed: int, number: int, cell: Cell) -> Story:
    """A rehearsal with one cell's complication forced upon it: the first from `number` on that it can strike.

    In a rehearsal that drops the cell's activity nothing strikes there.

    Raises
    ------
    InputError
        If it strikes in none of the next `_TRIES` rehearsals.
    """
    forced = forced_of(compiled, cell)
    at = compiled.layout.at("forced_status")
    for tried in range(number, number + _TRIES):
        if traced(compiled, seed, tried, forced)[0][at] > 0:
            return replay(compiled, seed, tried, forced)
    problem = f"it strikes in none of the rehearsals {number} to {number + _TRIES - 1} of seed {seed}"
    field = f"{cell.activity}/{cell.complication}"
    raise InputError(Fault(field=field, problem=problem, mend="choose another activity"))


def traced(
    compiled: Compiled, seed: int, number: int, forced: tuple[int, int, int] = NOT_FORCED
) -> tuple[Floats, Floats]:
    """Row (columns of the layout) and trace (rows, `trace.FIELDS`) of one rehearsal."""
    arrays, room = compiled.arrays, _ROWS
    row = np.zeros(len(compiled.layout.names))
    people = np.zeros((len(arrays.person_pool), len(OF_PERSON)))
    tally: Ints = np.zeros((len(arrays.response_of), 2, 3), np.int64)
    while True:
        trace = np.zeros((room, FIELDS))
        space = new_space(arrays, trace_rows=room)
        used = rehearse(space, seed, number, np.array(forced, np.int64), row, people, trace, tally)
        if used < room:
            return row, trace[:used]
        room *= 2


def pick(rows: Rows, first: int = 0) -> Picked:
    """Numbers of the median and of the worst rehearsal by the end of the operation.

    Those that were staged or stopped are left out: they end early for another reason.

    Parameters
    ----------
    rows
        Rehearsals `first` on.

    Raises
    ------
    InputError
        If every rehearsal was staged or stopped.
    """
    whole = np.flatnonzero((rows.column("staged") == 0) & (rows.column("stopped") == 0))
    if not len(whole):
        problem = "every rehearsal was staged or stopped before its end"
        raise InputError(Fault(field="rehearsals", problem=problem, mend="rehearse more of them"))
    order = whole[np.argsort(rows.column("end_min")[whole], kind="stable")]
    median, worst = (int(order[round(q * (len(order) - 1))]) for q in (0.5, _WORST))
    return Picked(median=first + median, worst=first + worst)


def forced_of(compiled: Compiled, cell: Cell) -> tuple[int, int, int]:
    """Node, complication and patient of a cell, as the engine forces them.

    Raises
    ------
    ValueError
        If the plan has no such activity, complication or patient.
    """
    names = compiled.names
    node = [n.id for n in names.nodes].index(cell.activity)
    patient = [str(p) for p in names.patients].index(cell.patient) if cell.patient else -1
    return node, names.complications.index(cell.complication), patient


def _gathered(
    compiled: Compiled, teller: Teller, seed: int, number: int, end_min: float, staged: bool
) -> Story:
    arrays, names = compiled.arrays, compiled.names
    drafts = sorted(teller.drafts, key=lambda draft: draft.minute)
    crises = tuple(_crisis(teller, draft, n) for n, draft in enumerate(drafts, start=1))
    stretches = [
        *teller.stretches,
        *(s for d, c in zip(drafts, crises, strict=True) for s in _busy(teller, d, c)),
    ]
    own = arrays.node_branch < 0
    planned = arrays.node_planned[own & ((arrays.node_marks & SEPARATION) > 0), 1]
    return Story(
        title=compiled.structure.procedure.title,
        seed=seed,
        number=number,
        phases=names.phases,
        patients=names.patients,
        separation_min=_moment(teller, SEPARATION),
        circulations_part_min=_moment(teller, CIRCULATIONS_PART),
        end_min=end_min,
        planned_separation_min=float(planned.max()) if len(planned) else None,
        planned_end_min=float(arrays.node_planned[own, 1].max()),
        staged=staged,
        lines=tuple(sorted(teller.lines, key=lambda line: line.minute)),
        crises=crises,
        activities=tuple(
            _activity(teller, node)
            for node in range(len(names.nodes))
            if names.nodes[node].branch < 0 or node in teller.begun
        ),
        people=tuple(
            Player(id=p.id, name=p.name, team=p.team)
            for p in compiled.structure.procedure.people
            if p.id in {stretch.person for stretch in stretches}
        ),
        stretches=tuple(sorted(stretches, key=lambda s: (s.start_min, s.person, s.title))),
        curves=tuple(_curve(teller, patient) for patient in sorted(teller.samples)),
        products=tuple(teller.products),
    )


def _crisis(teller: Teller, draft: Draft, number: int) -> Crisis:
    names, word = teller.names, teller.word
    named = names.responses[draft.response] if draft.response >= 0 else None
    return Crisis(
        number=number,
        minute=draft.minute,
        complication=names.complications[draft.complication],
        title=word.complication(draft.complication),
        state=draft.state,
        struck=word.struck(draft.patient, draft.response),
        of_pair=word.is_of_pair(draft.response),
        activity=names.nodes[draft.node].id if draft.node >= 0 else "",
        activity_title=word.node(draft.node) if draft.node >= 0 else "the days after the operation",
        response=named.response if named else None,
        came=tuple(_came(teller, draft, call) for call in range(len(named.calls))) if named else (),
        missing=tuple(draft.missing),
        stopped=tuple(word.node(node) for node in draft.stopped),
        arrival_min=draft.arrival_min,
        control_min=draft.control_min,
        status=draft.status,
        forced=draft.forced,
    )


def _came(teller: Teller, draft: Draft, call: int) -> Came:
    asked = teller.names.responses[draft.response].calls[call]
    person, minutes, how = draft.came.get(call, (-1, float("inf"), -1))
    return Came(
        skill=asked.skill,
        team=asked.team,
        task=asked.task,
        person=teller.word.person(person) if person >= 0 else "",
        where=WHERE[how] if person >= 0 else "",
        minutes=minutes,
    )


def _busy(teller: Teller, draft: Draft, crisis: Crisis) -> list[Stretch]:
    """Who is taken by a crisis, from their arrival on."""
    return [
        Stretch(
            person=teller.names.people[person],
            kind="crisis",
            title=f"⚠{crisis.number} {crisis.title}",
            patients=crisis.struck,
            start_min=draft.minute + minutes,
            end_min=max(draft.minute + minutes, crisis.ends_min),
        )
        for person, minutes, _ in draft.came.values()
    ]


def _activity(teller: Teller, node: int) -> PlayedActivity:
    arrays, name = teller.arrays, teller.names.nodes[node]
    begin, end = teller.begun.get(node), teller.ended.get(node)
    planned = arrays.node_planned[node].tolist()
    return PlayedActivity(
        id=name.id,
        title=teller.word.node(node),
        phase=teller.names.phases[int(arrays.node_phase[node])],
        patients=teller.word.patients_of(node),
        critical=bool(arrays.node_marks[node] & CRITICAL),
        planned=(float(planned[0]), float(planned[1])) if name.branch < 0 else None,
        played=(begin, end) if begin is not None and end is not None else None,
        held=tuple(teller.held.get(node, ())),
        people=tuple(teller.names.people[p] for p in teller.people(node)),
    )


def _curve(teller: Teller, patient: int) -> Curve:
    minute, volume, haematocrit, temperature = np.array(teller.samples[patient]).T
    return Curve(
        patient=teller.names.patients[patient],
        minute=minute,
        volume_ml=volume,
        haematocrit=haematocrit,
        temperature_c=temperature,
    )


def _moment(teller: Teller, mark: int) -> float | None:
    found = [minute for node, minute in teller.ended.items() if teller.arrays.node_marks[node] & mark]
    return max(found, default=None)
