"""One rehearsal as SimPy processes: the slow twin of the compiled engine.

It follows ``docs/method/rehearsal-rules.md`` over the same arrays and the same keyed draws, and shares no
code with the engine. A process plays each start, each node at work and each chain of cover; the clock
(`rehearsal_script.Clock`) keeps the rules' order of events at one moment.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import simpy
from tests.reference import rehearsal_draws as draw
from tests.reference import rehearsal_script as script_of
from tests.reference.rehearsal_body import Bodies
from tests.reference.rehearsal_script import Clock, Key, Script

from separatrix.team.rehearsal.arrays import (
    APART,
    CIRCULATIONS_PART,
    CRITICAL,
    JOINED,
    OF_PAIR,
    RESAMPLE,
    RESTART,
    SEPARATION,
    STANDBY,
    Arrays,
)
from separatrix.team.rehearsal.outputs import OF_PATIENT, OF_PERSON, WHOLE, Layout

Process = Generator[simpy.Event, Any, None]
NEVER = math.inf
IN_TIME, LATE, NOBODY = 1, 2, 3
MOST_STRIKES = 3


@dataclass(slots=True)
class Strike:
    """A complication that will strike a node when a fraction of its work is done."""

    fraction: float
    complication: int
    patient: int
    control_u: float
    option_u: float
    forced: bool = False
    branched: bool = False


@dataclass(slots=True)
class Crisis:
    """A complication that is being dealt with."""

    node: int
    end: float
    struck: list[int]
    bleeds: list[float]
    people: list[int] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    units: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Work:
    """A node at work."""

    length: float
    since: float
    process: simpy.Process | None = None
    done: float = 0.0
    held_until: float = -1.0
    interruptible: bool = False
    strikes: int = 0
    people: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Chain:
    """The cover of one chain."""

    opening: simpy.Event
    open: bool = False
    closed: bool = False
    holder: int = -1
    item: int = -1
    began: float = 0.0
    handed_at: float = 0.0
    vain_since: float = NEVER
    begun: int = 0
    relief_ahead: bool = False
    handing: list[tuple[int, int]] = field(default_factory=list)


class Rehearsal:
    """One replication: `play` it, then read `row`, `people` and `events`."""

    def __init__(
        self, script: Script, layout: Layout, seed: int, replication: int, forced: tuple[int, int, int]
    ):
        self.script = script
        self.number = script.number
        self.layout = layout
        self.forced = forced
        self.draws = draw.Draws(seed, replication)
        self.clock = Clock()
        self.events: list[tuple[Any, ...]] = []
        self.whole = dict.fromkeys(WHOLE, 0.0)
        for name in ("separation_min", "circulations_part_min", "end_min", "forced_arrival_min"):
            self.whole[name] = NEVER
        n, t, p, m = script.nodes, script.turns, script.people, script.patients
        self.limit = 20 * (n + t) + 10_000
        self.over = False
        self.state = JOINED
        # items
        self.waits = list(script.waits)
        self.moment = [0.0] * (n + t)
        self.armed = [False] * (n + t)
        self.version = [0] * (n + t)
        self.added: dict[int, list[tuple[int, float, int, int]]] = {}
        self.in_since = [NEVER] * (n + t)
        self.asleep = [branch >= 0 for branch in script.node_branch]
        self.dropped = [False] * n
        self.started = [False] * n
        self.began = [NEVER] * n
        self.ended = [NEVER] * n
        self.work: dict[int, Work] = {}
        self.left = sum(not sleeps for sleeps in self.asleep)
        self.gathered = [simpy.Event(self.clock) for _ in script.units]
        self.turn_in = [simpy.Event(self.clock) for _ in range(t)]
        self.waiting: list[tuple[Key, simpy.Event]] = []
        self.ahead = 0
        self.checks_at = -1.0
        # people
        self.node_of = [-1] * p
        self.chains_of: list[list[int]] = [[] for _ in range(p)]
        self.crisis_of: list[Crisis | None] = [None] * p
        self.break_until = [-1.0] * p
        self.busy = [0] * p
        self.busy_since = [0.0] * p
        self.released = [NEVER] * p
        self.person = {name: [0.0] * p for name in OF_PERSON}
        # what there is
        self.stock = list(script.stock)
        self.crises: list[Crisis] = []
        self.struck: list[Strike] = []
        self.crises_of = [0.0] * m
        self.returned = [0.0] * m
        self.first_start, self.last_end = [NEVER] * m, [-NEVER] * m
        self.phase_end = [NEVER] * len(layout.phases)
        self.chains = [Chain(simpy.Event(self.clock)) for _ in script.chain_begins]
        # draws of the whole
        u0, u1, u2, _ = self.draws.uniforms(draw.OPERATION, 0)
        number = self.number
        self.operation_ln = number.operation_ln_mean + number.operation_ln_sd * draw.normal(u0, u1)
        self.tail = number.tail_factor if u2 < number.tail_probability else 1.0
        self.phase_factor: dict[int, float] = {}
        normals = []
        for patient in range(m):
            u0, u1, u2, u3 = self.draws.uniforms(draw.LOSS, patient)
            normals.append((draw.normal(u0, u1), draw.normal(u2, u3)))
        self.bodies = Bodies(script.arrays, number, normals, self.stock)
        self.stepped = 0.0
        self.tick_due = NEVER
        self.crossings: list[tuple[int, int]] = []
        self.threshold_u: dict[int, draw.Uniforms] = {}
        self.strikes = self._drawn_strikes()

    @property
    def now(self) -> float:
        """Minutes from wheels in."""
        return self.clock.minute

    # ---------------------------------------------------------------- draws

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

    # ---------------------------------------------------------------- the course

    def play(self) -> None:
        """From wheels in to the first days after."""
        script = self.script
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

    def _happened(self) -> None:
        """One event more; everybody who waits tries again."""
        self.whole["events"] += 1
        if self.left == 0:
            self._close_step()
            self._close_books()
        elif self.whole["events"] > self.limit:
            self._stop()
        self._stir()

    def _stop(self) -> None:
        self.whole["stopped"] = 1.0
        self.whole["end_min"] = NEVER
        self._close_books()

    def _close_books(self) -> None:
        self.over = True
        for chain in range(len(self.chains)):
            if self.chains[chain].open:
                self._close_chain(chain)

    def _stir(self) -> None:
        if self.waiting:
            waiting, self.waiting = self.waiting, []
            for key, event in waiting:
                self.clock.at(self.now, key, event)
        if self.ahead == 0 and self.checks_at != self.now:
            self.checks_at = self.now
            check = self.clock.at(self.now, (script_of.NOTHING_LEFT,))
            check.callbacks.append(self._nothing_left)

    def _stirred(self, key: Key) -> simpy.Event:
        """What one who waits waits for: something happens."""
        event = simpy.Event(self.clock)
        self.waiting.append((key, event))
        return event

    def _nothing_left(self, _: simpy.Event) -> None:
        self.checks_at = -1.0
        if self.ahead or self.over or any(self._turn_ahead(chain) for chain in range(len(self.chains))):
            return
        ready = [unit for unit in self.script.units if self._all_in(unit)]
        if not ready:
            self._stop()
            return
        unit = min(ready, key=lambda unit: min(self._here(unit)))
        self.whole["nobody"] += 1
        self._begin(unit, self._people_for(unit, whatever=True) or [])

    # ---------------------------------------------------------------- items

    def _arm(self, item: int) -> None:
        """All arcs are in: wait for the moment."""
        script = self.script
        if item < script.nodes:
            earliest = self.moment[item] = max(self.moment[item], script.node_release[item])
        else:
            turn = item - script.nodes
            if turn in script.first_turns or self.chains[script.chain_of_turn[turn]].closed:
                return
            earliest = max(self.moment[item], self._turn_earliest(turn))
        self.armed[item] = True
        self.version[item] += 1
        self.ahead += item < script.nodes
        version = self.version[item]
        event = self.clock.at(max(earliest, self.now), (script_of.MOMENT,))
        event.callbacks.append(lambda _: self._comes(item, version))

    def _turn_earliest(self, turn: int) -> float:
        """Planned, or sooner where the operation is further than the plan; never before the shift."""
        script = self.script
        anchor, begins = script.turn_anchor[turn], script.person_shift[script.turn_person[turn]][0]
        started = self.began[anchor] if anchor >= 0 else NEVER
        return float(max(begins, min(script.turn_planned[turn], started + script.turn_anchor_lag[turn])))

    def _anchor(self, node: int) -> None:
        """A node begins: turns that wait only for the clock may come sooner."""
        self.began[node] = self.now
        for turn in self.script.anchored[node]:
            item = self.script.nodes + turn
            if self.armed[item]:
                self._disarm(item)
                self._arm(item)

    def _disarm(self, item: int) -> None:
        """It waits again, or for nothing any more."""
        if self.armed[item]:
            self.armed[item] = False
            self.version[item] += 1
            self.ahead -= item < self.script.nodes
        self.in_since[item] = NEVER

    def _comes(self, item: int, version: int) -> None:
        if self.version[item] != version:
            return
        self.armed[item] = False
        self.in_since[item] = self.now
        if item >= self.script.nodes:
            turn = item - self.script.nodes
            self.turn_in[turn].succeed()
            if not self._is_next(turn):
                return
        else:
            self.ahead -= 1
            self._node_comes(item)
        self._stir()

    def _node_comes(self, item: int) -> None:
        if self.dropped[item]:
            self._pass_at(item)
        else:
            self._gather(item)

    def _is_next(self, turn: int) -> bool:
        """Whether a turn would take over next in a chain that is open."""
        chain = self.script.chain_of_turn[turn]
        cover = self.chains[chain]
        return cover.open and not cover.handing and turn == self.script.chain_ptr[chain] + cover.begun

    def _turn_ahead(self, chain: int) -> bool:
        """Whether the moment of the next turn of an open chain is still to come."""
        turn = self.script.chain_ptr[chain] + self.chains[chain].begun
        return (
            turn < self.script.chain_ptr[chain + 1]
            and self._is_next(turn)
            and self.armed[self.script.nodes + turn]
        )

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

    def _deliver(self, item: int, arcs: list[tuple[int, float, int, int]], moment: float) -> None:
        for to, lag, _, person in arcs:
            if person >= 0 and lag > 0.0:
                self.break_until[person] = moment + lag
            self._receive(to, moment + lag)

    def _receive(self, item: int, moment: float) -> None:
        self.moment[item] = max(self.moment[item], moment)
        self.waits[item] -= 1
        if self.waits[item] == 0 and not (
            item < self.script.nodes and self.asleep[item] and not self.dropped[item]
        ):
            self._arm(item)

    # ---------------------------------------------------------------- people

    def _free(self, person: int) -> bool:
        return self.node_of[person] < 0 and not self.chains_of[person] and self.crisis_of[person] is None

    def _first_of(self, need: int, not_these: set[int], only_done: bool) -> int:
        """First of a need's people on duty, free, not on a break; with nothing planned any more, if asked."""
        now, script = self.now, self.script
        for person in script.need_people[need]:
            if (
                (not only_done or script.person_last[person] <= now)
                and self._free(person)
                and now >= self.break_until[person]
                and script.on_duty(person, now)
                and person not in not_these
            ):
                return int(person)
        return -1

    def _enter(self, person: int) -> None:
        if self.busy[person] == 0:
            self.busy_since[person] = self.now
        self.busy[person] += 1

    def _leave(self, person: int) -> None:
        self.busy[person] -= 1
        if self.busy[person] == 0:
            self.person["work_min"][person] += self.now - self.busy_since[person]
            self.released[person] = self.now

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

    # ---------------------------------------------------------------- nodes

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

    def _hold(self, node: int, until: float) -> None:
        work = self.work[node]
        if work.held_until < 0.0:
            work.done += self.now - work.since
            if work.interruptible and work.process is not None:
                work.process.interrupt()
        work.held_until = max(work.held_until, until)

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

    # ---------------------------------------------------------------- branches

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

    # ---------------------------------------------------------------- cover

    def _open_chain(self, chain: int) -> None:
        first, last = self.script.chain_ptr[chain : chain + 2]
        if first < last and not self.chains[chain].closed:
            self.chains[chain].open = True
            self.chains[chain].opening.succeed()
            self._hold_chain(chain, self.script.turn_person[first], self.script.nodes + first)

    def _hold_chain(self, chain: int, person: int, item: int) -> None:
        cover = self.chains[chain]
        cover.holder, cover.item, cover.began = person, item, self.now
        self.chains_of[person].append(chain)
        self._enter(person)
        if item >= 0:
            cover.begun += 1
            self._deliver(item, self.script.arcs_at_start[item], self.now)

    def _hand_over(self, chain: int, person: int, item: int) -> None:
        """Another person holds the chain from now on; the one before goes a little later."""
        cover = self.chains[chain]
        leaving = (cover.holder, cover.item)
        cover.handing.append(leaving)
        cover.handed_at = self.now + self.number.handover_min
        self.ahead += 1
        event = self.clock.at(cover.handed_at, (script_of.CHAINS, chain, script_of.RELEASES))
        event.callbacks.append(lambda _: self._handed_over(chain, leaving))
        self.events.append((self.now, "take over", chain, person))
        self._hold_chain(chain, person, item)

    def _handed_over(self, chain: int, leaving: tuple[int, int]) -> None:
        if leaving in self.chains[chain].handing:
            self.chains[chain].handing.remove(leaving)
            self._release(chain, *leaving)
            self._happened()

    def _release(self, chain: int, person: int, item: int) -> None:
        self.ahead -= 1
        self.chains_of[person].remove(chain)
        self._leave(person)
        if item >= 0:
            self._deliver(item, self.script.arcs_at_end[item], self.now)

    def _close_chain(self, chain: int) -> None:
        cover, script = self.chains[chain], self.script
        if cover.open:
            for leaving in cover.handing:
                self._release(chain, *leaving)
            cover.handing.clear()
            self.ahead += 1  # the holder's own going was not ahead
            self._release(chain, cover.holder, cover.item)
            if cover.vain_since < NEVER:
                self.whole["unrelieved_min"] += self.now - cover.vain_since
            if cover.relief_ahead:
                self.ahead -= 1
        cover.open, cover.closed, cover.relief_ahead = False, True, False
        first, last = script.chain_ptr[chain : chain + 2]
        for item in range(script.nodes + first + cover.begun, script.nodes + last):
            self._disarm(item)
            self._deliver(item, script.arcs_at_start[item], self.now)
            self._deliver(item, script.arcs_at_end[item], self.now)

    def _cover(self, chain: int) -> Process:
        script, cover = self.script, self.chains[chain]
        first, last = script.chain_ptr[chain : chain + 2]
        yield cover.opening
        key = (script_of.CHAINS, chain, script_of.TAKES_OVER)
        for turn in range(first + 1, last):
            yield self.turn_in[turn]
            event = self.clock.at(self.now, key)
            while True:
                yield event
                if cover.closed:
                    return
                comes = self._free(script.turn_person[turn]) and not cover.handing
                if comes and self.crisis_of[cover.holder] is None:
                    break
                event = self._stirred(key)
            self._hand_over(chain, script.turn_person[turn], script.nodes + turn)
            self._happened()
        yield from self._relieve(chain)

    def _relieve(self, chain: int) -> Process:
        """The last turn of a chain: as long as it is open, nobody too long and nobody past the shift."""
        script, cover = self.script, self.chains[chain]
        while True:
            due = min(cover.began + script.chain_longest[chain], script.person_shift[cover.holder][1])
            due = max(due, cover.handed_at if cover.handing else cover.began)
            self.ahead += 1
            cover.relief_ahead = True
            while True:
                yield self.clock.at(due, (script_of.CHAINS, chain, script_of.RELIEVES))
                if cover.closed:
                    return
                crisis = self.crisis_of[cover.holder]
                if crisis is not None:
                    due = crisis.end
                    self._stir()
                    continue
                if cover.relief_ahead:
                    self.ahead -= 1
                    cover.relief_ahead = False
                person = self._first_of(script.chain_need[chain], set(), only_done=True)
                if person >= 0:
                    break
                cover.vain_since = min(cover.vain_since, self.now)
                due = self.now + self.number.retry_min
                self._happened()
            if cover.vain_since < NEVER:
                self.whole["unrelieved_min"] += self.now - cover.vain_since
                cover.vain_since = NEVER
            self._hand_over(chain, person, -1)
            self._happened()

    # ---------------------------------------------------------------- complications

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
        return (
            self.script.equipment[kind]
            - in_use
            - sum(other.units[kind] for other in self.crises if other.units)
        )

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

    # ---------------------------------------------------------------- physiology

    def _close_step(self) -> None:
        bodies = self.bodies.bodies
        dt = self.now - self.stepped
        if dt > 0.0:
            losses = [0.0] * len(bodies)
            for patient, body in enumerate(bodies):
                own = sum(
                    self.script.node_loss[node][patient]
                    for node, work in self.work.items()
                    if work.held_until < 0.0
                )
                losses[patient] = own * body.loss_factor + sum(
                    crisis.bleeds[patient] for crisis in self.crises
                )
            self.bodies.advance(dt, losses)
            for patient in range(len(bodies)):
                self.bodies.order(patient, self.now)
            for patient, body in enumerate(bodies):
                self.crossings += [(patient, which) for which in body.newly_crossed()]
        for patient, body in enumerate(bodies):
            if body.arrives_min <= self.now:
                body.receive()
                self.crossings += [(patient, which) for which in body.newly_crossed()]
        self.stepped = self.now
        self._set_tick()

    def _set_tick(self) -> None:
        bleeding = any(rate > 0.0 for crisis in self.crises for rate in crisis.bleeds)
        due = self.stepped + (self.number.tick_bleeding_min if bleeding else self.number.tick_min)
        due = min(due, *(body.arrives_min for body in self.bodies.bodies))
        if due != self.tick_due:
            self.tick_due = due
            self.clock.at(due, (script_of.BODY_STEP,)).callbacks.append(self._tick)

    def _tick(self, _: simpy.Event) -> None:
        if self.now == self.tick_due:
            self.tick_due = NEVER
            self._close_step()
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

    # ---------------------------------------------------------------- the first days

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

    # ---------------------------------------------------------------- answers

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
