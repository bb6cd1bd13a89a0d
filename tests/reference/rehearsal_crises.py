"""Complications in the slow twin: who and what comes, how long it lasts, who is held."""

from __future__ import annotations

from tests.reference import rehearsal_draws as draw
from tests.reference import rehearsal_script as script_of
from tests.reference.rehearsal_cover import Cover
from tests.reference.rehearsal_stage import NEVER, Crisis, Strike

from separatrix.team.rehearsal.play.arrays import (
    CRITICAL,
    OF_PAIR,
)

IN_TIME, LATE, NOBODY = 1, 2, 3


class Crises(Cover):
    """Strikes and what they hold."""

    def _strike(self, node: int, strike: Strike) -> None:
        script, number = self.script, self.number
        self.struck.append(strike)
        response, patient = self._response(strike.complication, strike.patient, script.node_patients[node])
        of_pair = patient < 0 or (response >= 0 and bool(script.response_flags[response] & OF_PAIR))
        struck = list(range(script.patients)) if of_pair else [patient]
        mask = sum(1 << p for p in struck)
        nodes = [n for n in self.work if n == node or script.node_patients[n] & mask]
        bleeds = [
            script.bleed[strike.complication][p] if p in struck else 0.0 for p in range(script.patients)
        ]
        crisis = Crisis(node, NEVER, struck, bleeds, nodes=nodes)
        arrival, missing = 0.0, [0, 0, 0]
        if response >= 0:
            arrival, missing = self._answer(crisis, response, mask)
            control = draw.from_table(script.response_quantiles[response], strike.control_u)
            if any(missing):
                control *= number.short_handed_factor
        else:
            control = number.retry_min
        crisis.end = self.now + (arrival + control)
        status = self._count(response, arrival, any(missing), control, struck)
        self.events.append(
            (self.now, "strike", node, strike.complication, patient, response, status, arrival, control)
        )
        if strike.forced:
            self.whole["forced_status"], self.whole["forced_arrival_min"] = status, arrival
            for name, bits in zip(("calls", "equipment", "stock"), missing, strict=True):
                self.whole[f"forced_missing_{name}"] = bits
        for person in crisis.people:
            self.crisis_of[person] = crisis
            self.person["crisis_min"][person] += crisis.end - self.now
            self._enter(person)
        for held in crisis.nodes:
            self._hold(held, crisis.end)
        self.crises.append(crisis)
        self.ahead += 1
        self._set_tick()
        event = self.clock.at(crisis.end, (script_of.NODES, node, script_of.CRISIS_ENDS))
        event.callbacks.append(lambda _: self._crisis_ends(crisis))

    def _count(self, response: int, arrival: float, short: bool, control: float, struck: list[int]) -> int:
        self.whole["crises"] += 1
        self.whole["crisis_min"] += arrival + control
        for patient in struck:
            self.crises_of[patient] += 1
        if response < 0 or short:
            self.whole["nobody"] += 1
            return NOBODY
        if arrival > self.script.response_within[response]:
            self.whole["late"] += 1
            return LATE
        return IN_TIME

    def _response(self, complication: int, patient: int, patients_there: int) -> tuple[int, int]:
        """Response and whom it is for: -1 where there is none, and for the pair."""
        columns = self.script.response_of[complication][self.state]
        pair = columns[self.script.patients]
        if patient >= 0:
            return (columns[patient] if columns[patient] >= 0 else pair), patient
        if pair >= 0:
            return pair, -1
        for one in range(self.script.patients):
            if patients_there >> one & 1 and columns[one] >= 0:
                return columns[one], one
        return -1, -1

    def _answer(self, crisis: Crisis, response: int, mask: int) -> tuple[float, list[int]]:
        """Who and what comes: minutes until all of it is there, and what is missing as bits."""
        script = self.script
        missing = [0, 0, 0]
        arrival = 0.0
        at_strike = list(crisis.nodes)
        for call, need in enumerate(script.calls[response]):
            ways = [
                (minutes, place, person)
                for place, person in enumerate(script.need_people[need])
                if person not in crisis.people
                for minutes in (self._minutes_to_come(person, crisis, at_strike, mask),)
                if minutes < NEVER
            ]
            if not ways:
                missing[0] |= 1 << call
                continue
            minutes, _, person = min(ways)
            arrival = max(arrival, minutes)
            node = self.node_of[person]
            if self.now < self.break_until[person] and self._free(person):
                self.break_until[person] = self.now
                self.person["breaks_lost"][person] += 1
                self.whole["breaks_lost"] += 1
            elif node >= 0 and node not in crisis.nodes:
                crisis.nodes.append(node)
            crisis.people.append(person)
        crisis.units = [0] * len(script.equipment)
        for kind, units in enumerate(script.response_equipment[response]):
            if units and units <= self._units_free(kind, crisis):
                crisis.units[kind] = units
                arrival = max(arrival, script.response_fetch[response][kind])
            elif units:
                missing[1] |= 1 << kind
        for column, units in enumerate(script.response_consumables[response]):
            if units > self.stock[column]:
                missing[2] |= 1 << column
            elif not script.stock_blood[column]:
                self.stock[column] -= units
        return arrival, missing

    def _minutes_to_come(self, person: int, crisis: Crisis, at_strike: list[int], mask: int) -> float:
        script, number = self.script, self.number
        node, chains = self.node_of[person], self.chains_of[person]
        if self.crisis_of[person] is not None:
            return NEVER
        if node in at_strike or any(script.chain_patients[chain] & mask for chain in chains):
            return 0.0
        if node >= 0:
            return NEVER if script.node_marks[node] & CRITICAL else number.preempt_min
        if not chains:
            if not script.on_duty(person, self.now):
                return NEVER
            return number.break_call_min if self.now < self.break_until[person] else number.free_min
        return (
            number.other_cover_min if all(self._doubled(person, chain, crisis) for chain in chains) else NEVER
        )

    def _doubled(self, person: int, chain: int, crisis: Crisis) -> bool:
        """Whether another, in no crisis, holds a chain of the same patients and need."""
        script = self.script
        alike = (script.chain_patients[chain], script.chain_need[chain])
        return any(
            self.crisis_of[other] is None
            and other not in crisis.people
            and any((script.chain_patients[c], script.chain_need[c]) == alike for c in chains)
            for other, chains in enumerate(self.chains_of)
            if chains and other != person
        )

    def _units_free(self, kind: int, crisis: Crisis) -> int:
        in_use = sum(
            self.script.node_equipment[node][kind]
            for node, work in self.work.items()
            if work.held_until < 0.0 and node not in crisis.nodes
        )
        elsewhere = sum(other.units[kind] for other in self.crises if other.units)
        return int(self.script.equipment[kind]) - in_use - elsewhere

    def _crisis_ends(self, crisis: Crisis) -> None:
        self._close_step()
        self.ahead -= 1
        self.crises.remove(crisis)
        for person in crisis.people:
            self.crisis_of[person] = None
            self._leave(person)
        self._set_tick()
        self._thresholds()
        self._happened()

    def _thresholds(self) -> None:
        """What crossed a threshold in the step before strikes now."""
        crossings, self.crossings = self.crossings, []
        for patient, which in crossings:
            complication = self.script.threshold_complication[which]
            running = [node for node in self.work if self.script.node_patients[node] >> patient & 1]
            if complication >= 0 and running:
                u = self.draws.uniforms(draw.THRESHOLD, patient)
                self._strike(min(running), Strike(0.0, complication, patient, u[which], u[2 + which]))

    def _hold(self, node: int, until: float) -> None:
        work = self.work[node]
        if work.held_until < 0.0:
            work.done += self.now - work.since
            if work.interruptible and work.process is not None:
                work.process.interrupt()
        work.held_until = max(work.held_until, until)
