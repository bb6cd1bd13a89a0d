"""A trace of one rehearsal, read row by row: told in plain words, and kept for what is drawn from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from separatrix.team.protocol.inputs import Patient
from separatrix.team.rehearsal.engine import trace as t
from separatrix.team.rehearsal.play.arrays import CIRCULATIONS_PART, SEPARATION, Floats
from separatrix.team.rehearsal.play.compile import Compiled
from separatrix.team.rehearsal.stories.lexicon import Lexicon, length_text, packs_text
from separatrix.team.rehearsal.stories.story import CrisisStatus, Line, Stretch

WHERE = ("in place", "free", "on a break", "at work elsewhere", "covering another patient")
"""Where a person is when called, by the `how` of a ``CALLED`` row."""
_STATUS: Mapping[int, CrisisStatus] = {1: "in_time", 2: "late", 3: "nobody"}
_ARRIVED = {"in_time": "all are there", "late": "late", "nobody": "somebody or something is missing"}


@dataclass
class Draft:
    """A crisis while its rows come in."""

    minute: float
    node: int
    """-1 after the operation."""
    complication: int
    patient: int
    response: int
    state: Literal["joined", "apart"]
    forced: bool
    came: dict[int, tuple[int, float, int]] = field(default_factory=dict)
    """Call to person, minutes, how."""
    missing: list[str] = field(default_factory=list)
    stopped: list[int] = field(default_factory=list)
    arrival_min: float = 0.0
    control_min: float = 0.0
    status: CrisisStatus = "in_time"


class Teller:
    """Reads the rows of a trace in order, and keeps what they tell.

    Parameters
    ----------
    compiled
        What was rehearsed.
    forced
        Node, complication and patient that were forced, node -1 for none.
    """

    def __init__(self, compiled: Compiled, forced: tuple[int, int, int] = (-1, -1, -1)) -> None:
        self.arrays, self.names, self.forced = compiled.arrays, compiled.names, forced
        self.word = Lexicon(compiled)
        self.lines: list[Line] = []
        self.drafts: list[Draft] = []
        self.begun: dict[int, float] = {}
        self.ended: dict[int, float] = {}
        self.held: dict[int, list[tuple[float, float]]] = {}
        self.holding: dict[int, float] = {}
        self.dropped: set[int] = set()
        self.stand_ins: dict[tuple[int, int], int] = {}
        self.covering: dict[tuple[int, int], float] = {}
        self.stretches: list[Stretch] = []
        self.samples: dict[int, list[tuple[float, float, float, float]]] = {}
        self.products: list[tuple[float, Patient, int, int, int]] = []
        self.state: Literal["joined", "apart"] = "joined"
        self.readers: Mapping[int, Callable[[float, tuple[float, float, float, float]], None]] = {
            t.START: self._start,
            t.END: self._end,
            t.HOLD: self._hold,
            t.RESUMED: self._resumed,
            t.STRIKE: self._strike,
            t.AFTER_STRIKE: self._after_strike,
            t.CALLED: self._called,
            t.MISSING: self._missing,
            t.ARRIVAL: self._arrival,
            t.CONTROL: self._control,
            t.OPENS: self._opens,
            t.TAKE_OVER: self._take_over,
            t.RELEASED: self._released,
            t.CLOSES: self._closes,
            t.BREAK_LOST: self._break_lost,
            t.SUBSTITUTE: self._substitute,
            t.ORDER: self._order,
            t.DELIVERY: self._delivery,
            t.STATE: self._sample,
            t.BRANCH: self._branch,
            t.DROP: self._drop,
            t.WAKE: self._wake,
            t.NOBODY: self._nobody,
            t.RETURN: self._return,
        }

    def read(self, trace: Floats) -> None:
        """Read all rows (rows, `trace.FIELDS`)."""
        for minute, kind, a, b, c, d in trace.tolist():
            self.readers[int(kind)](minute, (a, b, c, d))

    # --- activities ---

    def _start(self, minute: float, row: tuple[float, ...]) -> None:
        node = int(row[0])
        self.begun[node] = minute
        people = ", ".join(self.names.person_names[p] for p in self.people(node))
        self._say(minute, "start", f"{self.word.node(node)} begins{': ' + people if people else ''}", node)

    def _end(self, minute: float, row: tuple[float, ...]) -> None:
        node = int(row[0])
        self.ended[node] = minute
        begun = self.begun.get(node, minute)
        if minute > begun:
            self._say(
                minute, "end", f"{self.word.node(node)} is done, after {length_text(minute - begun)}", node
            )
        marks = int(self.arrays.node_marks[node])
        if marks & SEPARATION:
            self.state = "apart"
            self._say(minute, "separation", "TWO CHILDREN", node)
        if marks & CIRCULATIONS_PART:
            self._say(minute, "circulations_part", "The circulations part: no crossing is left", node)
        for person in self.people(node):
            whom = self.word.patients_of(node)
            self._stretch(person, "activity", self.word.node(node), whom, begun, minute)

    def _hold(self, minute: float, row: tuple[float, ...]) -> None:
        node = int(row[0])
        if node not in self.holding:
            self.holding[node] = minute
            self._say(minute, "hold", f"{self.word.node(node)} stands still", node)
        crisis = int(row[2])
        if 0 <= crisis < len(self.drafts) and node not in self.drafts[crisis].stopped:
            self.drafts[crisis].stopped.append(node)

    def _resumed(self, minute: float, row: tuple[float, ...]) -> None:
        node = int(row[0])
        since = self.holding.pop(node, minute)
        self.held.setdefault(node, []).append((since, minute))
        self._say(
            minute, "resumed", f"{self.word.node(node)} goes on, after {length_text(minute - since)}", node
        )

    def _substitute(self, minute: float, row: tuple[float, ...]) -> None:
        node, slot, person, named = (int(value) for value in row)
        self.stand_ins[node, slot] = person
        if named < 0:
            return
        who, of = self.word.person(person), self.word.person(named)
        words = f"{who} stands in for {of}" if person >= 0 else f"The place of {of} stays empty"
        self._say(minute, "substitute", f"{words}: {self.word.node(node)}", node)

    def _branch(self, minute: float, row: tuple[float, ...]) -> None:
        branch = self.names.branches[int(row[0])]
        option = branch.option_titles[int(row[1]) - branch.first_option]
        self._say(minute, "branch", f"Decision, {branch.title}: {option}")

    def _drop(self, minute: float, row: tuple[float, ...]) -> None:
        node = int(row[0])
        self.dropped.add(node)
        self._say(minute, "drop", f"{self.word.node(node)} is not done any more", node)

    def _wake(self, minute: float, row: tuple[float, ...]) -> None:
        self._say(minute, "wake", f"{self.word.node(int(row[0]))} is added", int(row[0]))

    def _nobody(self, minute: float, row: tuple[float, ...]) -> None:
        node = int(row[0])
        self._say(minute, "nobody", f"{self.word.node(node)} starts with those who are there", node)

    # --- complications ---

    def _strike(self, minute: float, row: tuple[float, ...]) -> None:
        node, complication, patient, response = (int(value) for value in row)
        forced = (node, complication) == self.forced[:2] and not any(d.forced for d in self.drafts)
        draft = Draft(minute, node, complication, patient, response, self.state, forced)
        self.drafts.append(draft)
        words = f"{self.word.complication(complication).upper()} strikes during {self.word.node(node)}"
        without = "" if response >= 0 else "; the protocol has no response to it"
        self._say(minute, "strike", words + without, patients=self.word.struck(draft.patient, draft.response))

    def _after_strike(self, minute: float, row: tuple[float, ...]) -> None:
        _, complication, patient, response = (int(value) for value in row)
        draft = Draft(minute, -1, complication, patient, response, self.state, forced=False)
        self.drafts.append(draft)
        words = f"{self.word.complication(complication).upper()} strikes in the days after"
        self._say(minute, "strike", words, patients=self.word.struck(draft.patient, draft.response))

    def _called(self, minute: float, row: tuple[float, ...]) -> None:
        person, call, how = int(row[0]), int(row[1]), int(row[3])
        draft = self.drafts[-1]
        draft.came[call] = (person, row[2], how)
        task = self.names.responses[draft.response].calls[call].task if draft.response >= 0 else ""
        there = "is there" if row[2] == 0 else f"there in {length_text(row[2])}"
        words = f"{self.word.person(person)} is called, {WHERE[how]}, {there}{': ' + task if task else ''}"
        self._say(minute, "called", words, patients=self.word.struck(draft.patient, draft.response))

    def _missing(self, minute: float, row: tuple[float, ...]) -> None:
        what, index, draft = int(row[0]), int(row[1]), self.drafts[-1]
        name = self.word.missing(draft.response, what, index)
        draft.missing.append(name)
        self._say(
            minute, "missing", f"Missing: {name}", patients=self.word.struck(draft.patient, draft.response)
        )

    def _arrival(self, minute: float, row: tuple[float, ...]) -> None:
        draft = self.drafts[-1]
        draft.arrival_min, draft.status = row[1], _STATUS[int(row[3])]
        draft.control_min = row[2]
        if draft.response >= 0:
            words = f"{self.word.complication(draft.complication)}: {_ARRIVED[draft.status]}"
            told = f"{words}, {length_text(row[1])} after the strike"
            self._say(
                minute + row[1], "arrival", told, patients=self.word.struck(draft.patient, draft.response)
            )
        if draft.node < 0:
            words = (
                f"{self.word.complication(draft.complication)} is under control, after {length_text(row[2])}"
            )
            self._say(
                minute + row[2], "control", words, patients=self.word.struck(draft.patient, draft.response)
            )

    def _control(self, minute: float, row: tuple[float, ...]) -> None:
        draft = self.drafts[int(row[0])]
        draft.control_min = minute - draft.minute
        words = f"{self.word.complication(draft.complication)} is under control"
        told = f"{words}, after {length_text(draft.control_min)}"
        self._say(minute, "control", told, patients=self.word.struck(draft.patient, draft.response))

    def _break_lost(self, minute: float, row: tuple[float, ...]) -> None:
        self._say(minute, "break_lost", f"{self.word.person(int(row[0]))} loses the break")

    def _return(self, minute: float, row: tuple[float, ...]) -> None:
        struck = self.word.struck(int(row[1]), -1)
        self._say(minute, "return", "Back to theatre", patients=struck)

    # --- cover ---

    def _opens(self, minute: float, row: tuple[float, ...]) -> None:
        chain = int(row[0])
        person = int(self.arrays.turn_person[self.arrays.chain_ptr[chain]])
        self.covering[chain, person] = minute
        self._say(minute, "opens", f"{self.names.chains[chain].title} begins: {self.word.person(person)}")

    def _take_over(self, minute: float, row: tuple[float, ...]) -> None:
        chain, comes, goes = (int(value) for value in row[:3])
        self.covering[chain, comes] = minute
        if goes < 0:
            return  # who begins was told when the cover began
        words = f"{self.word.person(comes)} takes over from {self.word.person(goes)}"
        unplanned = "" if row[3] else ", not in the script"
        self._say(minute, "take_over", f"{self.names.chains[chain].title}: {words}{unplanned}")

    def _released(self, minute: float, row: tuple[float, ...]) -> None:
        chain, person = int(row[0]), int(row[1])
        since = self.covering.pop((chain, person), None)
        if since is not None:
            whom = self.word.of_bits(int(self.arrays.chain_patients[chain]))
            self._stretch(person, "cover", self.names.chains[chain].title, whom, since, minute)

    def _closes(self, minute: float, row: tuple[float, ...]) -> None:
        chain = int(row[0])
        for person in [p for c, p in self.covering if c == chain]:
            self._released(minute, (chain, person))
        self._say(minute, "closes", f"{self.names.chains[chain].title} ends")

    # --- blood ---

    def _order(self, minute: float, row: tuple[float, ...]) -> None:
        self._say(
            minute, "order", f"Ordered: {packs_text(row[1:])}", patients=(self.names.patients[int(row[0])],)
        )

    def _delivery(self, minute: float, row: tuple[float, ...]) -> None:
        patient = self.names.patients[int(row[0])]
        self.products.append((minute, patient, int(row[1]), int(row[2]), int(row[3])))
        self._say(minute, "delivery", f"Given: {packs_text(row[1:])}", patients=(patient,))

    def _sample(self, minute: float, row: tuple[float, ...]) -> None:
        self.samples.setdefault(int(row[0]), []).append((minute, row[1], row[2], row[3]))

    # --- what it is said with ---

    def people(self, node: int) -> list[int]:
        """Who does an activity: those named for it, and those who stand in."""
        begin, end = (int(self.arrays.slot_ptr[node + k]) for k in (0, 1))
        named = [self.arrays.slot_person[slot] for slot in range(begin, end)]
        taken = [self.stand_ins.get((node, k), int(person)) for k, person in enumerate(named)]
        return [person for person in taken if person >= 0]

    def _stretch(
        self,
        person: int,
        kind: Literal["activity", "cover"],
        title: str,
        patients: tuple[Patient, ...],
        begin: float,
        end: float,
    ) -> None:
        if end > begin:
            stretch = Stretch(
                person=self.names.people[person],
                kind=kind,
                title=title,
                patients=patients,
                start_min=begin,
                end_min=end,
            )
            self.stretches.append(stretch)

    def _say(
        self, minute: float, kind: str, words: str, node: int = -1, *, patients: tuple[Patient, ...] = ()
    ) -> None:
        whom = self.word.patients_of(node) if node >= 0 else patients
        self.lines.append(Line(minute=minute, kind=kind, words=words, patients=whom))
