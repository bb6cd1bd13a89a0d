"""Activities in the slow twin: starts, work, ends and the branches there."""

from __future__ import annotations

import math

import simpy
from tests.reference import rehearsal_draws as draw
from tests.reference import rehearsal_script as script_of
from tests.reference.rehearsal_crises import Crises
from tests.reference.rehearsal_script import Key
from tests.reference.rehearsal_stage import NEVER, Process, Work

from separatrix.team.rehearsal.play.arrays import (
    APART,
    CIRCULATIONS_PART,
    RESAMPLE,
    RESTART,
    SEPARATION,
)


class Nodes(Crises):
    """Activities, alone or in groups, and what options add and drop."""

    def _length(self, node: int, anew: bool) -> float:
        u = self.draws.uniforms(draw.LENGTH, node)[1 if anew else 0]
        minutes = draw.from_table(self.script.node_quantiles[node], u)
        return (
            minutes * self._common(self.script.node_phase[node]) if self.script.node_common[node] else minutes
        )

    def _common(self, phase: int) -> float:
        if phase not in self.phase_factor:
            u0, u1, _, _ = self.draws.uniforms(draw.PHASE, phase)
            phase_ln = self.number.phase_ln_sd * draw.normal(u0, u1)
            self.phase_factor[phase] = math.exp(self.operation_ln + phase_ln) * self.tail
        return self.phase_factor[phase]

    def _node_comes(self, item: int) -> None:
        if self.dropped[item]:
            self._pass_at(item)
        else:
            self._gather(item)

    def _gather(self, node: int) -> None:
        place = self.script.unit_of[node]
        if self._all_in(self.script.units[place]) and not self.gathered[place].triggered:
            self.gathered[place].succeed()

    def _all_in(self, unit: list[int]) -> bool:
        here = self._here(unit)
        return bool(here) and all(self.in_since[node] < NEVER for node in here)

    def _here(self, unit: list[int]) -> list[int]:
        """Nodes of a group that are still to start."""
        return [n for n in unit if not (self.dropped[n] or self.asleep[n] or self.started[n])]

    def _people_for(self, unit: list[int], whatever: bool = False) -> list[tuple[int, int, bool]] | None:
        """Node, person and whether unrelieved, of each slot; None where somebody is missing."""
        script, nodes = self.script, self._here(unit)
        named = {person for node in nodes for person, _ in script.slots[node] if person >= 0}
        taken: set[int] = set()
        found = []
        for node in nodes:
            for person, need in script.slots[node]:
                unrelieved = False
                if person < 0:
                    who = self._first_of(need, taken | named, only_done=True)
                    if who < 0:
                        who = self._first_of(need, taken | named, only_done=False)
                else:
                    who = person if self._free(person) and person not in taken else -1
                    if self.now >= script.person_shift[person][1]:
                        other = self._first_of(need, taken | named, only_done=True)
                        unrelieved = other < 0
                        who = who if unrelieved else other
                if who >= 0:
                    taken.add(who)
                    found.append((node, who, unrelieved))
                elif not whatever:
                    return None
        return found

    def _start(self, place: int) -> Process:
        """A node, or nodes that start together, waiting for their moment and their people."""
        unit = self.script.units[place]
        while True:
            yield self.gathered[place]
            event = self.clock.at(self.now, self._start_key(unit))
            while True:
                yield event
                if not self._all_in(unit):
                    break
                people = self._people_for(unit)
                if people is not None:
                    self._begin(unit, people)
                    break
                event = self._stirred(self._start_key(unit))
            if all(self.started[n] or self.dropped[n] for n in unit):
                return
            self.gathered[place] = simpy.Event(self.clock)
            if self._all_in(unit):
                self.gathered[place].succeed()

    def _start_whatever(self, ready: list[list[int]]) -> None:
        unit = min(ready, key=lambda unit: min(self._here(unit)))
        self._begin(unit, self._people_for(unit, whatever=True) or [])

    def _start_key(self, unit: list[int]) -> Key:
        here = self._here(unit)
        return (
            script_of.STARTS,
            max((self.moment[node] for node in here), default=self.now),
            min(here, default=0),
        )

    def _begin(self, unit: list[int], people: list[tuple[int, int, bool]]) -> None:
        script = self.script
        nodes = self._here(unit)
        if any(script.losing[node] for node in nodes):
            self._close_step()
        for node in nodes:
            self.started[node] = True
            self._anchor(node)
            self.work[node] = Work(self._length(node, anew=False), self.now)
            self.whole["waiting_min"] += self.now - self.moment[node]
            self.events.append((self.now, "start", node))
            for column, units in enumerate(script.node_consumables[node]):
                if units:
                    self.stock[column] = max(0, self.stock[column] - units)
            for patient in self._patients_on(node):
                self.first_start[patient] = min(self.first_start[patient], self.now)
        for node, person, unrelieved in people:
            work = self.work[node]
            work.people.append(person)
            self.node_of[person] = node
            self.person["waiting_min"][person] += self.now - self.moment[node]
            self._enter(person)
            if unrelieved:
                self.whole["unrelieved_min"] += work.length
        for node in nodes:
            self.ahead += 1
            self.work[node].process = self.clock.process(self._at_work(node))
            self._deliver(node, script.arcs_at_start[node], self.now)
            for chain in script.opens[node]:
                self._open_chain(chain)
        self._thresholds()
        self._happened()

    def _patients_on(self, node: int) -> list[int]:
        return [p for p in range(self.script.patients) if self.script.node_patients[node] >> p & 1]

    def _at_work(self, node: int) -> Process:
        work, strikes = self.work[node], self.strikes[node]
        while True:
            if work.held_until >= 0.0:
                while self.now < work.held_until:
                    yield self.clock.at(work.held_until, (script_of.NODES, node, script_of.RESUMES))
                self._resume(node)
                continue
            if work.strikes < len(strikes):
                target, what = strikes[work.strikes].fraction * work.length, script_of.STRIKES
            else:
                target, what = work.length, script_of.ENDS
            work.interruptible = True
            try:
                yield self.clock.at(self.now + max(0.0, target - work.done), (script_of.NODES, node, what))
            except simpy.Interrupt:
                continue
            finally:
                work.interruptible = False
            if what == script_of.ENDS:
                self._end(node)
                return
            work.strikes += 1
            work.done, work.since = target, self.now
            self._close_step()
            self._strike(node, strikes[work.strikes - 1])
            self._thresholds()
            self._happened()

    def _resume(self, node: int) -> None:
        work = self.work[node]
        self._close_step()
        work.held_until, work.since = -1.0, self.now
        if self.number.preemption == RESTART:
            work.done = 0.0
        elif self.number.preemption == RESAMPLE:
            share = work.done / work.length if work.length > 0.0 else 0.0
            work.length = self._length(node, anew=True)
            work.done = share * work.length
        self._thresholds()
        self._happened()

    def _end(self, node: int) -> None:
        script = self.script
        marks = script.node_marks[node]
        closes = script.node_closes[node]
        if script.losing[node] or closes or marks & CIRCULATIONS_PART:
            self._close_step()
        self.events.append((self.now, "end", node))
        work = self.work.pop(node)
        self.ahead -= 1
        self.ended[node] = self.now
        for person in work.people:
            self.node_of[person] = -1
            self._leave(person)
        self._deliver(node, script.arcs_at_end[node], self.now)
        self._deliver(node, self.added.get(node, []), self.now)
        last_row = len(script.exchange) - 1
        if closes:
            self.bodies.row = min(self.bodies.row + 1, last_row)
        if marks & SEPARATION and not self.whole["staged"]:
            self.state = APART
            self.whole["separation_min"] = self.now
        if marks & CIRCULATIONS_PART:
            self.bodies.row = last_row
            self.whole["circulations_part_min"] = self.now
        phase = script.node_phase[node]
        if phase >= 0:
            self.phase_end[phase] = self.now
        for patient in self._patients_on(node):
            self.last_end[patient] = self.now
        self.whole["end_min"] = self.now
        for chain in script.closes[node]:
            self._close_chain(chain)
        for branch in script.branches[node]:
            self._branch(branch)
        self._thresholds()
        self.left -= 1
        self._happened()

    def _drop(self, node: int) -> None:
        self.dropped[node] = True
        self.left -= not self.asleep[node]
        if self.in_since[node] < NEVER:
            self._pass_at(node)
        for other in self.script.units[self.script.unit_of[node]]:
            if other != node:
                self._gather(other)

    def _pass_at(self, node: int) -> None:
        """A dropped node lets its arcs go at the moment at which it would start."""
        self.ahead += 1
        event = self.clock.at(self.now, (script_of.STARTS, self.moment[node], node))
        event.callbacks.append(lambda _: self._pass(node))

    def _pass(self, node: int) -> None:
        script = self.script
        self.ahead -= 1
        self.started[node], self.ended[node] = True, self.now
        self._anchor(node)
        self._deliver(node, script.arcs_at_start[node], self.now)
        for chain in script.opens[node]:
            self._open_chain(chain)
        self._deliver(node, script.arcs_at_end[node], self.now)
        self._deliver(node, self.added.get(node, []), self.now)
        for chain in script.closes[node]:
            self._close_chain(chain)
        self._happened()

    def _branch(self, branch: int) -> None:
        script = self.script
        if self.whole["staged"] or script.branch_complication[branch] < 0:
            return
        strike = next(
            (
                s
                for s in self.struck
                if s.complication == script.branch_complication[branch] and not s.branched
            ),
            None,
        )
        if strike is None:
            return
        strike.branched = True
        for option in range(script.option_ptr[branch], script.option_ptr[branch + 1]):
            if script.option_up_to[option] > strike.option_u:
                self._take(option)
                return

    def _take(self, option: int) -> None:
        script = self.script
        self.events.append((self.now, "option", option))
        if script.option_stages[option]:
            self.whole["staged"] = 1.0
        woken = script.add_node[script.add_ptr[option] : script.add_ptr[option + 1]]
        dropped = script.drop_node[script.drop_ptr[option] : script.drop_ptr[option + 1]]
        # Who is there and who is not, then what waits for what, then the moments.
        for node in dropped:
            if not self.started[node] and not self.dropped[node]:
                self._drop(node)
        for node in woken:
            if self.asleep[node] and not self.dropped[node]:
                self.asleep[node] = False
                self.left += 1
                self.moment[node] = max(self.moment[node], self.now)
        touched = set(woken)
        for place in range(script.link_ptr[option], script.link_ptr[option + 1]):
            first, then = script.link[place]
            lag = script.link_lag[place]
            if self.started[then] or self.dropped[then]:
                continue
            self._disarm(then)
            touched.add(then)
            if self.dropped[first]:
                self.moment[then] = max(self.moment[then], self.now + lag)
            elif self.ended[first] < NEVER:
                self.moment[then] = max(self.moment[then], self.ended[first] + lag)
            else:
                self.waits[then] += 1
                self.added.setdefault(first, []).append((then, lag, 0, -1))
        for node in sorted(touched):
            there = not (self.started[node] or self.asleep[node] or self.dropped[node])
            if there and self.waits[node] == 0 and not self.armed[node] and self.in_since[node] == NEVER:
                self._arm(node)
