"""Compiled: rehearsals one after the other. The only place from which the engine is called in bulk."""

from __future__ import annotations

import numba as nb
import numpy as np

from separatrix.team.rehearsal.engine.borrowed_kernel import borrowed
from separatrix.team.rehearsal.engine.engine_kernel import play_one
from separatrix.team.rehearsal.play.outputs import OF_PERSON
from separatrix.team.rehearsal.runs.sketch_kernel import count_people

PERSON_COLUMNS = len(OF_PERSON)


@nb.njit(cache=True, nogil=True)
def play(space, seed, first, forced, rows, totals, toll):  # type: ignore[no-untyped-def]
    """Play the rehearsals `first` on, one into each row of `rows` (count, OUT).

    `space` is of one thread. `forced` (3,): node, complication, patient, or node −1 for none. `totals`
    (count, 6) takes each rehearsal's sums over the people; of length 0 it is left. `toll` is added to.
    """
    people = np.zeros(toll.most.shape)
    lent = borrowed(space)  # type: ignore[call-arg, var-annotated]
    for i in range(rows.shape[0]):
        play_one(lent, seed, first + i, forced, rows[i], people, toll.tally)
        count_people(people, toll)
        if totals.shape[0] > 0:
            for f in range(PERSON_COLUMNS):
                total = 0.0
                for p in range(people.shape[0]):
                    total += people[p, f]
                totals[i, f] = total
