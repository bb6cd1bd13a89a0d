"""A second way to a rare outcome: the sum over single strikes.

``P(bad) ~ P0 + sum over causes and sites of p w (P(bad | that strike alone) - P0)``, with P0 the share of
bad rehearsals in which nothing strikes, p the cause's number, w the weight of the site. Those with several
strikes are left out, so that it must agree with importance sampling up to their share: a check of both.
"""

from __future__ import annotations

import numpy as np

from separatrix.team.rehearsal.answers.rare import Outcome
from separatrix.team.rehearsal.engine.space import new_space
from separatrix.team.rehearsal.play.arrays import Arrays
from separatrix.team.rehearsal.play.compile import Compiled
from separatrix.team.rehearsal.play.outputs import OF_PERSON
from separatrix.team.rehearsal.runs.rows import Rows
from separatrix.team.rehearsal.runs.run_kernel import play
from separatrix.team.rehearsal.runs.sketch import no_toll


def single_strike_sum(compiled: Compiled, outcome: Outcome, *, runs: int, seed: int) -> float:
    """Probability of an outcome as the sum over single strikes.

    Parameters
    ----------
    compiled
        The plan.
    outcome
        What is asked for.
    runs
        Rehearsals of each strike at each site.
    seed
        Of all draws.
    """
    arrays = compiled.arrays
    still = arrays._replace(cause_drawn=np.zeros_like(arrays.cause_drawn))
    one = _Forced(compiled, still, outcome, runs, seed)
    nothing = one.share(-1, -1, -1)
    total = nothing
    for cause, number in enumerate(arrays.cause_number):
        if number <= 0.0:
            continue
        begin, end = arrays.site_ptr[cause], arrays.site_ptr[cause + 1]
        weights = np.diff(arrays.site_up_to[begin:end], prepend=0.0)
        patient, worse = int(arrays.cause_patient[cause]), int(arrays.cause_worse[cause])
        worse_share = float(arrays.cause_worse_share[cause]) if worse >= 0 else 0.0
        for node, weight in zip(arrays.site_node[begin:end], weights, strict=True):
            bad = (1.0 - worse_share) * one.share(int(node), int(arrays.cause_complication[cause]), patient)
            if worse_share > 0.0:
                bad += worse_share * one.share(int(node), worse, patient)
            total += float(number * weight) * (bad - nothing)
    return total


class _Forced:
    """Rehearsals in which nothing strikes but what is forced."""

    def __init__(self, compiled: Compiled, arrays: Arrays, outcome: Outcome, runs: int, seed: int) -> None:
        self._layout, self._outcome, self._seed = compiled.layout, outcome, seed
        self._space = new_space(arrays)
        self._toll = no_toll(people=len(arrays.person_pool), complications=len(arrays.response_of))
        self._rows = Rows(
            compiled.layout, np.zeros((runs, len(compiled.layout.names))), np.zeros((runs, len(OF_PERSON)))
        )

    def share(self, node: int, complication: int, patient: int) -> float:
        """Share of rehearsals with the outcome; node -1: nothing is forced."""
        forced = np.array([node, complication, patient])
        play(self._space, self._seed, 0, forced, self._rows.values, self._rows.sums, self._toll)
        return float(self._outcome.in_rows(self._rows).mean())
