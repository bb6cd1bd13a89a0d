"""What every process of the slow twin stands on: items and their moments, people, steps of the physiology."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import simpy
from tests.reference import rehearsal_draws as draw
from tests.reference import rehearsal_script as script_of
from tests.reference.rehearsal_body import Bodies
from tests.reference.rehearsal_script import Clock, Key, Script

from separatrix.team.rehearsal.play.arrays import (
    JOINED,
)
from separatrix.team.rehearsal.play.outputs import OF_PERSON, WHOLE, Layout

Process = Generator[simpy.Event, Any, None]
NEVER = math.inf


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


class Stage(ABC):
    """State of one replication; what happens to it is told by the classes built on it."""

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
        self.strikes: list[list[Strike]] = [[] for _ in range(n)]

    @property
    def now(self) -> float:
        """Minutes from wheels in."""
        return self.clock.minute

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
        self.whole["nobody"] += 1
        self._start_whatever(ready)

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

    @abstractmethod
    def _node_comes(self, node: int) -> None:
        """All arcs of a node are in and its moment is there."""

    @abstractmethod
    def _all_in(self, unit: list[int]) -> bool:
        """Whether all nodes of a start wait for nothing but people."""

    @abstractmethod
    def _start_whatever(self, ready: list[list[int]]) -> None:
        """Nothing else is left to happen: the first of these starts with the people there are."""

    @abstractmethod
    def _close_chain(self, chain: int) -> None:
        """The cover of a chain is over."""

    @abstractmethod
    def _thresholds(self) -> None:
        """What crossed a threshold in the step before strikes now."""
