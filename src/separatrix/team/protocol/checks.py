"""Names and numbers of a protocol: everything that can be told without putting it together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, get_args

from separatrix.case.document import Place
from separatrix.case.faults import near, shown
from separatrix.core import DataMissingError, Fault
from separatrix.evidence import EvidenceReader
from separatrix.team.protocol.check_responses import response_faults
from separatrix.team.protocol.check_values import (
    answer_problem,
    near_known,
    number_faults,
    people_faults,
    rules_faults,
)
from separatrix.team.protocol.file import (
    ActivitySpec,
    AfterSpec,
    BlockSpec,
    CoverSpec,
    NeedSpec,
    ProtocolFile,
    RecurringSpec,
    When,
)
from separatrix.team.protocol.inputs import CrossingAction
from separatrix.team.protocol.quantities import PATIENT_WORD, duration_of, minutes
from separatrix.team.protocol.read import UNNAMED, Survey
from separatrix.team.protocol.situation import CROSSING_ACTION
from separatrix.team.protocol.words import DurationSpec

_INPUTS = ("operations", "crossings")
"""Inputs that ``when`` may ask for beside the protocol's own choices."""


def protocol_faults(survey: Survey[ProtocolFile], *, evidence: EvidenceReader) -> Iterator[Fault]:
    """Faults of the sound part of a protocol file, each at its line."""
    if survey.file is not None and survey.written is not None:
        yield from _Checks(survey, survey.file, evidence).faults()


def written_ids(data: Any, *keys: str) -> set[str]:
    """Ids of a section as they are written, in sound items and others, those inside blocks too."""
    found: set[str] = set()
    for key in keys:
        section = data.get(key) if isinstance(data, dict) else None
        if isinstance(section, dict):
            found |= {str(name) for name in section}
        elif isinstance(section, list):
            for item in section:
                if isinstance(item, dict):
                    found.add(str(item.get("id", "")))
                    found |= written_ids(item, "block")
    return found - {""}


class _Checks:
    """One pass over a file."""

    def __init__(self, survey: Survey[ProtocolFile], file: ProtocolFile, evidence: EvidenceReader) -> None:
        assert survey.written is not None
        self._survey = survey
        self._file = file
        self._evidence = evidence
        data = survey.written.data
        self._known = {
            name: written_ids(data, name)
            for name in ("skills", "phases", "rooms", "equipment", "consumables", "covers", "choices")
        }
        self._activities = written_ids(data, "activities")

    def faults(self) -> Iterator[Fault]:
        yield from self._head()
        yield from self._doubles()
        for index, item in enumerate(self._file.activities):
            if isinstance(item, BlockSpec):
                yield from self._block(item, ("activities", index))
            else:
                yield from self._activity(item, ("activities", index), self._activities)
        for index, cover in enumerate(self._file.covers):
            yield from self._cover(cover, ("covers", index))
        for index, recurring in enumerate(self._file.recurring):
            yield from self._recurring(recurring, ("recurring", index))
        yield from self._branches()
        yield from response_faults(
            self._survey, self._file, self._known, self._evidence, points=self._three_points
        )
        yield from self._standby()
        yield from rules_faults(self._file.rules, ("rules",), self._survey, self._evidence)
        yield from people_faults(
            self._file.roster, ("roster",), self._survey, self._file, skills=self._known["skills"]
        )

    def _fault(self, place: Place, problem: str, *, expected: str = "", mend: str = "") -> Fault:
        return self._survey.fault(place, problem, expected=expected, mend=mend)

    def _unknown(self, name: str, what: str, place: Place, known: Iterable[str]) -> Iterator[Fault]:
        if name not in known and name != UNNAMED:
            yield self._fault(place, f"unknown {what} {shown(name)}", mend=near_known(name, known))

    # The top of the file

    def _head(self) -> Iterator[Fault]:
        file = self._file
        if len(set(file.patients)) < len(file.patients):
            yield self._fault(("patients",), "a patient stands twice", mend="name each once")
        if len(set(file.operations)) < len(file.operations):
            yield self._fault(("operations",), "a number stands twice", mend="name each once")
        if file.defaults.operations not in file.operations:
            yield self._fault(
                ("defaults", "operations"),
                f"found {file.defaults.operations}, which is not among operations",
                expected=", ".join(map(str, file.operations)),
            )
        if file.parts_children and not {"A", "B"} <= set(file.patients):
            yield self._fault(("parts",), "A and B are not both patients", mend="delete `parts: true`")
        yield from self._defaults()
        for name, choice in file.choices.items():
            place: Place = ("choices", name)
            if (choice.values is None) == (choice.low is None or choice.high is None):
                yield self._fault(
                    place, "found neither or both of values and low/high", expected="values, or low and high"
                )
            elif answer := answer_problem(choice.default, choice.values, choice.low, choice.high):
                yield self._fault((*place, "default"), f"found {shown(choice.default)}", expected=answer)

    def _defaults(self) -> Iterator[Fault]:
        defaults = self._file.defaults
        values: dict[Place, Any] = {("crossings",): defaults.crossings}
        for child, areas in defaults.closure.items():
            values |= {("closure", child, tissue): value for tissue, value in areas}
        values |= {("weight_kg", patient): value for patient, value in defaults.weight_kg.items()}
        values |= {("haematocrit", patient): value for patient, value in defaults.haematocrit.items()}
        for place, value in values.items():
            yield from self._number(value, ("defaults", *place), is_time=False)
        for section in ("closure", "weight_kg", "haematocrit"):
            for patient in getattr(defaults, section):
                yield from self._unknown(
                    patient, "patient", ("defaults", section, patient), self._file.patients
                )

    def _doubles(self) -> Iterator[Fault]:
        sections: dict[str, list[tuple[Place, str]]] = {
            name: [((name, i), item.id) for i, item in enumerate(getattr(self._file, name))]
            for name in ("phases", "rooms", "covers", "recurring", "branches", "responses")
        }
        activities: list[tuple[Place, str]] = []
        for i, item in enumerate(self._file.activities):
            activities.append((("activities", i), item.id))
            if isinstance(item, BlockSpec):
                activities += [(("activities", i, "block", j), one.id) for j, one in enumerate(item.block)]
        for b, branch in enumerate(self._file.branches):
            sections[f"options of {branch.id}"] = [
                (("branches", b, "options", o), option.id) for o, option in enumerate(branch.options)
            ]
            for o, option in enumerate(branch.options):
                # Two ways on of one branch may add the same thing: only one of them is taken.
                sections[f"adds of {branch.id}.{option.id}"] = activities + [
                    (("branches", b, "options", o, "adds", a), one.id) for a, one in enumerate(option.adds)
                ]
        sections["activities"] = activities
        yield from dict.fromkeys(chain.from_iterable(map(self._doubled, sections.values())))

    def _doubled(self, items: Sequence[tuple[Place, str]]) -> Iterator[Fault]:
        seen: dict[str, Place] = {}
        for place, name in items:
            if name in seen and name != UNNAMED:
                assert self._survey.document is not None
                first = self._survey.document.line_of(seen[name])
                yield self._fault(
                    (*place, "id"),
                    f"the id '{name}' stands twice, first in line {first}",
                    expected="each id once",
                    mend="rename one of the two",
                )
            seen.setdefault(name, place)

    # Activities

    def _block(self, block: BlockSpec, place: Place) -> Iterator[Fault]:
        yield from self._placed(block, place, self._activities)
        inside = {member.id for member in block.block} | {block.id}
        yield from self._inside_out(block.after, (*place, "after"), inside, block.id)
        for index, member in enumerate(block.block):
            here: Place = (*place, "block", index)
            yield from self._activity(member, here, self._activities, block=block)
            if block.for_each and member.for_each:
                yield self._fault(
                    (*here, "for_each"),
                    f"repeats inside the block '{block.id}', which repeats already",
                    mend="delete it here",
                )
            yield from self._inside_out(member.after, (*here, "after"), {block.id}, member.id)

    def _inside_out(
        self, after: Sequence[str | AfterSpec], place: Place, inside: set[str], name: str
    ) -> Iterator[Fault]:
        """A block that waits for its own members, or a member for its own block."""
        for index, item in enumerate(after):
            reference = item if isinstance(item, str) else item.activity
            if reference in inside:
                yield self._fault(
                    (*place, index),
                    f"'{name}' waits for '{reference}', which it belongs to",
                    mend="delete it",
                )

    def _placed(
        self,
        spec: ActivitySpec | BlockSpec,
        place: Place,
        known: set[str],
        *,
        block: BlockSpec | None = None,
    ) -> Iterator[Fault]:
        yield from self._patients(spec.patients, (*place, "patients"))
        at_crossing = "crossing" in (spec.for_each, block and block.for_each)
        yield from self._conditions(spec.when, (*place, "when"), at_crossing=at_crossing)
        yield from self._operations(spec.operations, (*place, "operations"))
        yield from self._references(spec.after, (*place, "after"), known, of=spec.id)

    def _activity(
        self,
        spec: ActivitySpec,
        place: Place,
        known: set[str],
        *,
        block: BlockSpec | None = None,
        repeats: bool = False,
    ) -> Iterator[Fault]:
        yield from self._placed(spec, place, known, block=block)
        yield from self._references(spec.starts_with, (*place, "starts_with"), known, of=spec.id)
        yield from self._references(
            spec.starts_after_start_of, (*place, "starts_after_start_of"), known, of=spec.id
        )
        yield from self._unknown(spec.phase, "phase", (*place, "phase"), self._known["phases"])
        for index, need in enumerate(spec.needs):
            yield from self._need(
                need, (*place, "needs", index), single=repeats or self._is_single(spec, block)
            )
        for name in spec.equipment:
            yield from self._unknown(name, "equipment", (*place, "equipment", name), self._known["equipment"])
        for name in spec.consumables:
            yield from self._unknown(
                name, "consumable", (*place, "consumables", name), self._known["consumables"]
            )
        yield from self._covers_named(spec.served_by, (*place, "served_by"))
        yield from self._rooms(spec, place, block)
        if spec.sterile_field not in ("same", "both"):
            yield from self._patients(list(spec.sterile_field), (*place, "sterile_field"))
        elif spec.sterile_field == "both" and not {"A", "B"} <= set(self._file.patients):
            yield self._fault((*place, "sterile_field"), "'both' means A and B, who are not both patients")
        yield from self._length(spec, place, block)

    def _is_single(self, spec: ActivitySpec, block: BlockSpec | None) -> bool:
        """Whether an activity is one patient's or one crossing's, so that ``same`` means somebody."""
        if spec.for_each or (block and block.for_each):
            return True
        whose = spec.patients if spec.patients is not None else block.patients if block else None
        return len(self._file.patients if whose is None else whose) == 1

    def _rooms(self, spec: ActivitySpec, place: Place, block: BlockSpec | None) -> Iterator[Fault]:
        by_patient = isinstance(spec.room, dict)
        lists: Mapping[Any, Sequence[str]] = spec.room if isinstance(spec.room, dict) else {"": spec.room}
        for patient, rooms in lists.items():
            here: Place = (*place, "room", patient) if by_patient else (*place, "room")
            for index, room in enumerate(rooms):
                yield from self._unknown(room, "room", (*here, index), self._known["rooms"])
            if by_patient:
                yield from self._unknown(str(patient), "patient", here, self._file.patients)
        repeats = spec.for_each or (block.for_each if block else None)
        if by_patient and repeats != "patient" and not self._is_single(spec, block):
            yield self._fault(
                (*place, "room"),
                "rooms for each patient, but it is not repeated for each patient",
                mend="write `for_each: patient`, or one list of rooms",
            )

    def _need(self, need: NeedSpec, place: Place, *, single: bool) -> Iterator[Fault]:
        yield from self._unknown(need.skill, "skill", (*place, "skill"), self._known["skills"])
        if need.team == "same" and not single:
            yield self._fault(
                (*place, "team"),
                "'same' means the colour of one patient, but it is done on several",
                expected="A, B, mother, or nothing for anyone",
                mend="name a colour, or write `for_each: patient`",
            )
        elif need.team not in (None, "same"):
            yield from self._unknown(str(need.team), "patient", (*place, "team"), self._file.patients)

    # Durations

    def _length(self, spec: ActivitySpec, place: Place, block: BlockSpec | None) -> Iterator[Fault]:
        here: Place = (*place, "duration")
        if spec.duration is None:
            if "milestone" not in spec.marks and not self._survey.was_written(place, "duration"):
                yield self._fault(
                    here,
                    f"'{spec.id}' has no duration",
                    expected="{evidence: id} or {low_min:, mode_min:, high_min:}",
                    mend="write one, or mark it as milestone",
                )
            return
        if "milestone" in spec.marks:
            yield self._fault(here, "a milestone has a duration", mend="delete the duration or the mark")
        yield from self._three_points(spec.duration, here, self._whose(spec, block))
        scale = spec.scale_by
        if scale is not None and scale.least > scale.most:
            yield self._fault(
                (*place, "scale_by"),
                f"least {scale.least:g} is more than most {scale.most:g}",
                mend="swap them",
            )

    def _whose(self, spec: ActivitySpec, block: BlockSpec | None) -> list[str]:
        whose = spec.patients if spec.patients is not None else block.patients if block else None
        return list(self._file.patients if whose is None else whose)

    def _three_points(self, spec: DurationSpec, place: Place, whose: Sequence[str]) -> Iterator[Fault]:
        points = (spec.low_min, spec.mode_min, spec.high_min)
        if spec.evidence is None:
            yield from self._own_points(points, place)
            return
        if any(point is not None for point in points):
            yield self._fault(place, "both evidence and own numbers", mend="keep one of them")
        for patient in whose if PATIENT_WORD in spec.evidence else [""]:
            try:
                duration_of(spec, self._evidence, patient=patient)
            except DataMissingError as error:
                wrong = error.faults[0]
                yield self._fault(
                    (*place, "evidence"), wrong.problem, expected=wrong.expected, mend=wrong.mend
                )

    def _own_points(self, points: Sequence[float | None], place: Place) -> Iterator[Fault]:
        low, mode, high = points
        if low is None or mode is None or high is None:
            if all(self._survey.was_written(place, key) for key in ("low_min", "mode_min", "high_min")):
                return  # one of them is faulty, and told
            yield self._fault(
                place,
                "not all three points are given",
                expected="low_min, mode_min and high_min, or evidence",
                mend="write all three; where there is no doubt they are the same",
            )
        elif not low <= mode <= high:
            yield self._fault(
                place,
                f"found low {low:g}, mode {mode:g}, high {high:g}",
                expected="low_min ≤ mode_min ≤ high_min",
                mend="put them in rising order",
            )
        elif high == 0:
            yield self._fault(place, "found 0 minutes", mend="write its length, or mark it as milestone")

    def _number(self, value: Any, place: Place, *, is_time: bool = True) -> Iterator[Fault]:
        yield from number_faults(value, place, self._survey, self._evidence, is_time=is_time)

    # References

    def _patients(self, patients: Sequence[str] | None, place: Place) -> Iterator[Fault]:
        for index, patient in enumerate(patients or ()):
            yield from self._unknown(patient, "patient", (*place, index), self._file.patients)

    def _references(
        self, items: Sequence[str | AfterSpec], place: Place, known: set[str], *, of: str
    ) -> Iterator[Fault]:
        for index, item in enumerate(items):
            reference = item if isinstance(item, str) else item.activity
            here: Place = (*place, index) if isinstance(item, str) else (*place, index, "activity")
            name, _, key = reference.partition("@")
            if name == of and not key:
                yield self._fault(here, f"'{of}' waits for itself", mend="delete it")
            else:
                yield from self._unknown(name, "activity", here, known)
                yield from self._repetition(name, key, here)

    def _repetition(self, name: str, key: str, place: Place) -> Iterator[Fault]:
        """A reference such as ``airway@C`` where nothing is repeated so."""
        if not key:
            return
        for item in self._file.activities:
            for spec in item.block if isinstance(item, BlockSpec) else (item,):
                block = item if isinstance(item, BlockSpec) else None
                repeats = spec.for_each or (block.for_each if block else None)
                if spec.id == name and repeats != "crossing":
                    keys = self._whose(spec, block) if repeats == "patient" else []
                    if key not in keys:
                        yield self._fault(
                            place,
                            f"'{name}' has no repetition '{key}'",
                            expected=", ".join(f"{name}@{k}" for k in keys) or name,
                        )

    def _covers_named(self, references: Sequence[str], place: Place) -> Iterator[Fault]:
        for index, reference in enumerate(references):
            yield from self._unknown(
                reference.partition("@")[0], "cover", (*place, index), self._known["covers"]
            )

    def _conditions(
        self, when: When | Sequence[When] | None, place: Place, *, at_crossing: bool = False
    ) -> Iterator[Fault]:
        if when is None:
            return
        if isinstance(when, When):
            yield from self._condition(when, place, at_crossing=at_crossing)
            return
        for index, one in enumerate(when):
            yield from self._condition(one, (*place, index), at_crossing=at_crossing)

    def _condition(self, when: When, place: Place, *, at_crossing: bool) -> Iterator[Fault]:
        known = {*_INPUTS, *self._known["choices"], *((CROSSING_ACTION,) if at_crossing else ())}
        yield from self._unknown(when.input, "input", (*place, "input"), known)
        if when.value is None and when.at_least is None and when.below is None:
            yield self._fault(place, "nothing is asked of the input", expected="value, at_least or below")
        choice = self._file.choices.get(when.input)
        values = choice.values if choice else None
        if when.input == CROSSING_ACTION:
            values = list(get_args(CrossingAction))
        wanted = (
            when.value if isinstance(when.value, list) else [when.value] if when.value is not None else []
        )
        for value in wanted:
            if values is not None and str(value).casefold() not in {v.casefold() for v in values}:
                yield self._fault(
                    (*place, "value"),
                    f"{shown(value)} is no answer to '{when.input}'",
                    mend=near(str(value), values),
                )

    def _operations(self, operations: str | Sequence[int], place: Place) -> Iterator[Fault]:
        most = max(self._file.operations)
        if not isinstance(operations, str):
            for index, number in enumerate(operations):
                if not 1 <= number <= most:
                    yield self._fault(
                        (*place, index),
                        f"there is no operation {number}",
                        expected=f"a number from 1 to {most}",
                    )

    # What goes on beside the activities

    def _cover(self, spec: CoverSpec, place: Place) -> Iterator[Fault]:
        yield from self._beside(spec, place)
        yield from self._unknown(spec.skill, "skill", (*place, "skill"), self._known["skills"])
        if spec.team == "same" and spec.for_each is None and len(spec.patients or self._file.patients) != 1:
            yield self._fault(
                (*place, "team"),
                "'same' means the colour of one patient, but it covers several",
                mend="write `for_each: patient`, or name a colour",
            )
        shortest = self._minutes(spec.shortest_min, (*place, "shortest_min"))
        longest = self._minutes(spec.longest_min, (*place, "longest_min"))
        yield from self._number(spec.shortest_min, (*place, "shortest_min"))
        yield from self._number(spec.longest_min, (*place, "longest_min"))
        if shortest is not None and longest is not None and shortest > longest:
            yield self._fault(
                (*place, "longest_min"),
                f"shortest stretch {shortest:g} min is longer than the longest, {longest:g} min",
                mend="swap them, or mend one",
            )
        handover = self._minutes(self._file.rules.handover_min, ())
        if handover and longest is not None and longest <= handover:
            yield self._fault(
                (*place, "longest_min"),
                f"the longest stretch ({longest:g} min) is no longer than the handover ({handover:g} min)",
            )

    def _recurring(self, spec: RecurringSpec, place: Place) -> Iterator[Fault]:
        yield from self._beside(spec, place)
        if not spec.served_by:
            yield self._fault(
                (*place, "served_by"),
                f"no cover does '{spec.id}'",
                expected="at least one cover",
                mend=near_known("", self._known["covers"]),
            )
        yield from self._covers_named(spec.served_by, (*place, "served_by"))
        if spec.every_min is None and not spec.trigger and not self._survey.was_written(place, "every_min"):
            yield self._fault(
                place, f"nothing says when '{spec.id}' is due", expected="every_min, trigger, or both"
            )
        for key in ("every_min", "duration_min", "tolerance_min"):
            yield from self._number(getattr(spec, key), (*place, key))
        every = self._minutes(spec.every_min, ())
        lasts = self._minutes(spec.duration_min, ())
        if every and lasts and lasts >= every:
            yield self._fault(
                (*place, "duration_min"),
                f"takes {lasts:g} min but is due every {every:g} min",
                mend="mend one",
            )

    def _beside(self, spec: CoverSpec | RecurringSpec, place: Place) -> Iterator[Fault]:
        yield from self._patients(spec.patients, (*place, "patients"))
        yield from self._conditions(spec.when, (*place, "when"))
        yield from self._operations(spec.operations, (*place, "operations"))
        for key in ("begins", "ends"):
            value = getattr(spec, key)
            for index, reference in enumerate([value] if isinstance(value, str) else value):
                here: Place = (*place, key) if isinstance(value, str) else (*place, key, index)
                name, _, repetition = reference.partition("@")
                yield from self._unknown(name, "activity", here, self._activities)
                yield from self._repetition(name, repetition, here)
            if not value:
                yield self._fault((*place, key), "names no activity", expected="at least one")

    def _minutes(self, value: Any, place: Place) -> float | None:
        try:
            return None if value is None else minutes(value, self._evidence)
        except DataMissingError:
            return None

    def _branches(self) -> Iterator[Fault]:
        repeated = {
            spec.id
            for item in self._file.activities
            for spec in (item.block if isinstance(item, BlockSpec) else (item,))
            if spec.for_each or item.for_each
        }
        for b, branch in enumerate(self._file.branches):
            place: Place = ("branches", b)
            name, _, key = branch.at.partition("@")
            yield from self._unknown(name, "activity", (*place, "at"), self._activities)
            yield from self._repetition(name, key, (*place, "at"))
            yield from self._conditions(branch.when, (*place, "when"))
            yield from self._operations(branch.operations, (*place, "operations"))
            for o, option in enumerate(branch.options):
                here: Place = (*place, "options", o)
                known = self._activities | {added.id for added in option.adds}
                for a, added in enumerate(option.adds):
                    # What is added at a repeated activity is repeated like it.
                    yield from self._activity(added, (*here, "adds", a), known, repeats=name in repeated)
                for key in ("before", "drops", "keeps"):
                    for index, reference in enumerate(getattr(option, key)):
                        yield from self._unknown(
                            reference.partition("@")[0], "activity", (*here, key, index), known
                        )

    def _standby(self) -> Iterator[Fault]:
        spec = self._file.standby
        if spec is None:
            return
        yield from self._patients(spec.patients, ("standby", "patients"))
        yield from self._number(spec.ready_within_min, ("standby", "ready_within_min"))
        yield from self._number(spec.for_h, ("standby", "for_h"))
        for index, need in enumerate(spec.needs):
            yield from self._need(need, ("standby", "needs", index), single=True)
