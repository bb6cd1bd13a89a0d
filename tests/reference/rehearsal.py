"""One rehearsal as SimPy processes: the slow twin of the compiled engine.

It follows ``docs/method/rehearsal-rules.md`` over the same arrays and the same keyed draws, and shares no
code with the engine. A process plays each start, each node at work and each chain of cover; the clock
(`rehearsal_script.Clock`) keeps the rules' order of events at one moment.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from tests.reference import rehearsal_draws as draw
from tests.reference.rehearsal_crises import NOBODY
from tests.reference.rehearsal_nodes import Nodes
from tests.reference.rehearsal_script import Script
from tests.reference.rehearsal_stage import NEVER, Strike

from separatrix.team.rehearsal.play.arrays import (
    OF_PAIR,
    STANDBY,
    Arrays,
)
from separatrix.team.rehearsal.play.outputs import OF_PATIENT, OF_PERSON, WHOLE, Layout

MOST_STRIKES = 3


class Rehearsal(Nodes):
    """One replication: `play` it, then read `row`, `people` and `events`."""

    def _drawn_strikes(self) -> list[list[Strike]]:
        script = self.script
        strikes: list[list[Strike]] = [[] for _ in range(script.nodes)]
        node, complication, patient = self.forced
        if node >= 0:
            u0, u1, u2, _ = self.draws.uniforms(draw.FORCED, node)
            strikes[node].append(Strike(u0, complication, patient, u1, u2, forced=True))
        for cause, complication in enumerate(script.cause_complication):
            true, drawn = script.cause_number[cause], script.cause_drawn[cause]
            u = self.draws.uniforms(draw.CAUSE, cause)[0] if drawn > 0.0 else 1.0
            if script.cause_count[cause]:
                count = draw.poisson_capped(drawn, u, MOST_STRIKES) if drawn > 0.0 else 0
                if true != drawn:
                    ratio = draw.poisson_share(true, count, MOST_STRIKES)
                    self.whole["log_weight"] += math.log(
                        ratio / draw.poisson_share(drawn, count, MOST_STRIKES)
                    )
            else:
                count = int(u < drawn)
                if true != drawn:
                    ratio = true / drawn if count else (1.0 - true) / (1.0 - drawn)
                    self.whole["log_weight"] += math.log(ratio)
            for j in range(count):
                self._place(strikes, cause, complication, j)
        for here in strikes:
            here.sort(key=lambda strike: strike.fraction)  # stable: the forced one first, then by cause
        return strikes

    def _place(self, strikes: list[list[Strike]], cause: int, complication: int, j: int) -> None:
        script = self.script
        site_u, fraction, control_u, worse_u = self.draws.uniforms(draw.STRIKE + draw.PER_STRIKE * j, cause)
        option_u = self.draws.uniforms(draw.OPTION + draw.PER_STRIKE * j, cause)[0]
        if script.cause_worse[cause] >= 0 and worse_u < script.cause_worse_share[cause]:
            complication = script.cause_worse[cause]
        for site in range(script.site_ptr[cause], script.site_ptr[cause + 1]):
            if script.site_up_to[site] > site_u:
                strike = Strike(fraction, complication, script.cause_patient[cause], control_u, option_u)
                strikes[script.site_node[site]].append(strike)
                return

    def play(self) -> None:
        """From wheels in to the first days after."""
        script = self.script
        self.strikes = self._drawn_strikes()
        for place in range(len(script.units)):
            self.clock.process(self._start(place))
        for chain in range(len(self.chains)):
            self.clock.process(self._cover(chain))
        for item in range(script.nodes + script.turns):
            if self.waits[item] == 0 and not (item < script.nodes and self.asleep[item]):
                self._arm(item)
        self._set_tick()
        self.over = self.left == 0
        while not self.over:
            self.clock.step()
        if not self.whole["stopped"]:
            self._after()

    def _after(self) -> None:
        script, number = self.script, self.number
        strikes = []
        for row, chance in enumerate(script.after_number):
            u0, u1, u2, _ = self.draws.uniforms(draw.AFTER, row)
            if u0 < chance:
                first, last = script.after_window[row]
                strikes.append((60.0 * (first + u1 * (last - first)), row, u2))
        until = [0.0] * script.people
        returns: list[tuple[float, float, list[int]]] = []
        for minute, row, control_u in sorted(strikes):
            everybody = (1 << script.patients) - 1
            response, patient = self._response(
                script.after_complication[row], script.after_patient[row], everybody
            )
            of_pair = patient < 0 or (response >= 0 and bool(script.response_flags[response] & OF_PAIR))
            struck = list(range(script.patients)) if of_pair else [patient]
            called: list[int] = []
            short = False
            arrival, control = 0.0, number.retry_min
            if response >= 0:
                for need in script.calls[response]:
                    came = next(
                        (p for p in script.need_people[need] if self._stands_by(p, minute, until, called)), -1
                    )
                    short = short or came < 0
                    called += [came] if came >= 0 else []
                arrival = number.standby_ready_min if called else 0.0
                control = draw.from_table(script.response_quantiles[response], control_u)
                control *= number.short_handed_factor if short else 1.0
            status = self._count(response, arrival, short, control, struck)
            end = minute + arrival + control
            for person in called:
                until[person] = end
                self.person["crisis_min"][person] += end - minute
            self.events.append((self.whole["end_min"] + minute, "after", row, status))
            if script.after_returns[row]:
                self.whole["returns"] += 1
                self.whole["reopen_nobody"] += status == NOBODY
                for patient in struck:
                    self.returned[patient] = 1.0
                for began, ended, others in returns:
                    if began < end and minute < ended and set(others) != set(struck):
                        self.whole["returns_both"] = 1.0
                if len(struck) > 1:
                    self.whole["returns_both"] = 1.0
                returns.append((minute, end, struck))

    def _stands_by(self, person: int, minute: float, until: list[float], called: list[int]) -> bool:
        covers = self.script.person_pool[person] != STANDBY or self.script.on_duty(person, minute)
        return bool(covers and person not in called and until[person] <= minute)

    def row(self) -> npt.NDArray[np.float64]:
        """The row of numbers in the layout."""
        own = []
        for patient, body in enumerate(self.bodies.bodies):
            numbers = {
                "anaesthesia_min": max(0.0, self.last_end[patient] - self.first_start[patient])
                if self.first_start[patient] < NEVER
                else 0.0,
                "lost_ml": body.lost_ml,
                "red_packs": body.given[0],
                "plasma_packs": body.given[1],
                "platelet_packs": body.given[2],
                "packs_short": body.packs_short,
                "volume_lowest": body.volume_lowest,
                "haematocrit_lowest": body.haematocrit_lowest,
                "temperature_lowest_c": body.temperature_lowest_c,
                "potassium_highest_mmol_per_l": body.potassium_highest,
                "clotting_lowest": body.clotting_lowest,
                "crises": self.crises_of[patient],
                "returned": self.returned[patient],
            }
            own += [numbers[name] for name in OF_PATIENT]
        return np.array([self.whole[name] for name in WHOLE] + own + self.phase_end, np.float64)

    def people(self) -> npt.NDArray[np.float64]:
        """(people, OF_PERSON)."""
        of = self.person
        for person, (begins, ends) in enumerate(self.script.person_shift):
            of["awake_h"][person] = self.script.person_awake[person]
            if self.released[person] < NEVER:
                of["overtime_min"][person] = max(0.0, self.released[person] - ends)
                of["awake_h"][person] += max(0.0, self.released[person] - begins) / 60.0
        return np.array([of[name] for name in OF_PERSON], np.float64).T


_last: list[tuple[Arrays, Script]] = []


def rehearse(
    arrays: Arrays, layout: Layout, seed: int, replication: int, forced: tuple[int, int, int] = (-1, -1, -1)
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], list[tuple[Any, ...]]]:
    """Row, people and events of one replication."""
    if not _last or _last[0][0] is not arrays:
        _last[:] = [(arrays, Script(arrays))]
    rehearsal = Rehearsal(_last[0][1], layout, seed, replication, forced)
    rehearsal.play()
    return rehearsal.row(), rehearsal.people(), rehearsal.events
