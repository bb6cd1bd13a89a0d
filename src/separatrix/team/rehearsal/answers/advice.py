"""Whether the advice would be another one if an assumption were at its other end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from separatrix.core.progress import Progress, silent
from separatrix.team.rehearsal.answers.candidates import Candidate
from separatrix.team.rehearsal.answers.changes import Outcomes, effects_of, outcomes_of, ranked
from separatrix.team.rehearsal.answers.model import Change, Swing
from separatrix.team.rehearsal.play.arrays import Ints
from separatrix.team.rehearsal.play.compile import Structure, fill, structure_of
from separatrix.team.rehearsal.play.numbers import Numbers

ASKED_SWINGS = 10
"""Widest swings of the tornado at whose ends the changes are tried again."""

RIVALS = 3
"""Changes that could be the best: those that are best at the numbers as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the changes are compared by."""

    cells: Ints
    """(q, 3) forced cells."""
    n: int
    forced_runs: int
    seed: int
    threads: int | None = None


def with_advice(
    swings: Sequence[Swing],
    structure: Structure,
    numbers: Numbers,
    rivals: Sequence[tuple[Change, Candidate]],
    question: Question,
    *,
    progress: Progress = silent,
) -> tuple[Swing, ...]:
    """The swings, with whether another change would be the best at either end of the widest of them.

    Parameters
    ----------
    swings
        Of the tornado, widest first.
    structure, numbers
        The plan.
    rivals
        Changes that help, best first, with what they change.
    question
        What they are compared by.
    progress
        Listener.
    """
    if len(rivals) == 0:
        return tuple(swings)
    rivals = rivals[:RIVALS]
    changed = [structure_of(one.procedure, one.schedule) for _, one in rivals]
    best = rivals[0][0].key
    told = []
    for done, swing in enumerate(swings):
        if done >= ASKED_SWINGS:
            told.append(swing)
            continue
        ends = [numbers.with_values({swing.id: value}) for value in (swing.low, swing.high)]
        others = {_best(structure, changed, rivals, at_end, question) for at_end in ends}
        told.append(replace(swing, advice_changes=others != {best}))
        progress((done + 1) / min(ASKED_SWINGS, len(swings)), "asking whether the advice would change")
    return tuple(told)


def _best(
    structure: Structure,
    changed: Sequence[Structure],
    rivals: Sequence[tuple[Change, Candidate]],
    numbers: Numbers,
    question: Question,
) -> str:
    """Key of the change that is best at some numbers; empty where none helps."""

    def outcomes(one: Structure) -> Outcomes:
        return outcomes_of(
            fill(one, numbers),
            question.cells,
            n=question.n,
            forced_runs=question.forced_runs,
            seed=question.seed,
            threads=question.threads,
        )

    plan = outcomes(structure)
    again = [
        replace(change, effects=effects_of(plan, outcomes(one)))
        for (change, _), one in zip(rivals, changed, strict=True)
    ]
    found = ranked(again)
    return found[0].key if found else ""
