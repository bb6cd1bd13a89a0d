"""A protocol put together in each of its variants: circles, spans, stock, parting, people."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

from separatrix.case.document import Place
from separatrix.core import DataMissingError
from separatrix.evidence import EvidenceReader
from separatrix.team.protocol.expand import Expanded, expanded
from separatrix.team.protocol.file import ActivitySpec, BlockSpec, BranchSpec, ChoiceSpec, ProtocolFile
from separatrix.team.protocol.given import inputs_for
from separatrix.team.protocol.model import ActivityMark, Cover, Recurring
from separatrix.team.protocol.network import circle, following
from separatrix.team.protocol.quantities import duration_of
from separatrix.team.protocol.roles import span_end
from separatrix.team.protocol.situation import Situation
from separatrix.team.protocol.staff import Staff
from separatrix.team.protocol.staffing import Shortage, shortages
from separatrix.team.protocol.words import DurationSpec

_MINUTE = DurationSpec(low_min=1.0, mode_min=1.0, high_min=1.0)

MOST_VARIANTS = 48
"""Combinations of operations and answers that are put together, at most."""

Told = tuple[Place, str, str, str]
"""Place in the protocol, problem, expectation, mend."""


def variants(file: ProtocolFile, staff: Staff, *, evidence: EvidenceReader) -> Iterator[Expanded]:
    """The protocol's operations, for each number of them and each answer to its choices."""
    answers = itertools.product(*map(_answers, file.choices.values()))
    for operations, chosen in itertools.islice(itertools.product(file.operations, answers), MOST_VARIANTS):
        choices = {**dict(zip(file.choices, chosen, strict=True)), **staff.choices}
        inputs = inputs_for(file, evidence=evidence, operations=operations, choices=choices)
        for number in range(1, operations + 1):
            situation = Situation(protocol=file, inputs=inputs, operation=number)
            yield expanded(situation, staff, evidence=evidence)


def _answers(choice: ChoiceSpec) -> Sequence[str | float]:
    """Answers to try: every word, or the default and both ends of a number."""
    if choice.values is not None:
        return choice.values
    return [choice.default, *(limit for limit in (choice.low, choice.high) if limit is not None)]


def standing(file: ProtocolFile, *, evidence: EvidenceReader) -> ProtocolFile:
    """The file with a minute in place of each duration whose entry cannot be read: that is told elsewhere."""

    def mended(spec: ActivitySpec) -> ActivitySpec:
        try:
            for patient in file.patients:
                duration_of(spec.duration or _MINUTE, evidence, patient=patient)
        except DataMissingError:
            return spec.model_copy(update={"duration": _MINUTE})
        return spec

    def either(item: ActivitySpec | BlockSpec) -> ActivitySpec | BlockSpec:
        if isinstance(item, ActivitySpec):
            return mended(item)
        return item.model_copy(update={"block": [mended(spec) for spec in item.block]})

    def on_the_way(branch: BranchSpec) -> BranchSpec:
        options = [o.model_copy(update={"adds": [mended(spec) for spec in o.adds]}) for o in branch.options]
        return branch.model_copy(update={"options": options})

    return file.model_copy(
        update={
            "activities": [either(item) for item in file.activities],
            "branches": [on_the_way(branch) for branch in file.branches],
        }
    )


def structure_told(file: ProtocolFile, one: Expanded, *, whole: bool) -> Iterator[Told]:
    """Faults of the order and the roles of one variant; of a part of a file only what is sure."""
    places = {instance.id: instance.place for instance in one.ground.instances.all}
    if way := circle(one.ties):
        yield (
            places[way[0]],
            f"the order goes in a circle: {' → '.join(way)}",
            "activities that wait for earlier ones only",
            "take out one of these ties",
        )
        return
    if whole:
        yield from _spans_told(file, one)
        yield from _parting_told(file, one, places)
    yield from _stock_told(one, places)
    yield from _rooms_told(one, places)


def _spans_told(file: ProtocolFile, one: Expanded) -> Iterator[Told]:
    ground, procedure = one.ground, one.procedure
    made: dict[str, Sequence[Cover | Recurring]] = {
        "covers": procedure.covers,
        "recurring": procedure.recurring,
    }
    for section, found in made.items():
        by_name = {item.id.partition("@")[0] for item in found}
        for index, spec in enumerate(getattr(file, section)):
            if ground.situation.takes_place(spec.operations, spec.when) and spec.id not in by_name:
                key = str((spec.patients or file.patients)[0]) if spec.for_each else ""
                lost = "begins" if not span_end(spec.begins, ground, key=key, last=False) else "ends"
                yield (
                    (section, index, lost),
                    f"in operation {ground.situation.operation} of {ground.situation.inputs.operations} "
                    f"nothing that '{spec.id}' {lost} with takes place",
                    "an activity that takes place, or `operations`/`when` that leave it out",
                    "add another activity to the list",
                )
            for item in found:
                if item.id.partition("@")[0] == spec.id:
                    yield from _span_told(item, (section, index), one)


def _span_told(item: Cover | Recurring, place: Place, one: Expanded) -> Iterator[Told]:
    begins, ends = item.begins, item.ends
    if begins != ends and ends not in following(one.procedure.precedences, begins):
        yield (
            (*place, "ends"),
            f"'{ends}' does not come after '{begins}', so '{item.id}' may end before it begins",
            "an end that follows the beginning",
            "swap the two, or tie the activities",
        )
    covers = {cover.id for cover in one.procedure.covers}
    if isinstance(item, Recurring) and not set(item.served_by) & covers:
        yield (
            (*place, "served_by"),
            f"no cover of operation {one.procedure.operation} does '{item.id}'",
            "a cover that runs then",
            "name another cover",
        )


def _parting_told(file: ProtocolFile, one: Expanded, places: dict[str, Place]) -> Iterator[Told]:
    if not file.parts_children:
        return
    operation, operations = one.procedure.operation, one.ground.situation.inputs.operations
    found: dict[str, tuple[str, ...]] = {}
    for mark in (ActivityMark.SEPARATION, ActivityMark.CIRCULATIONS_PART):
        marked = tuple(activity.id for activity in one.procedure.activities if mark in activity.marks)
        found[mark.value] = marked
        if operation == operations and len(marked) != 1:
            yield (
                places[marked[1]] if len(marked) > 1 else ("activities",),
                f"{len(marked) or 'no'} {'activities are' if len(marked) > 1 else 'activity is'} marked "
                f"'{mark.value}' in the last operation",
                f"exactly one activity with `marks: [{mark.value}]`",
                "mark the one whose end it is; a protocol that parts nobody says `parts: false`",
            )
        elif operation < operations and marked:
            yield (
                places[marked[0]],
                f"'{marked[0]}' is marked '{mark.value}' in operation {operation} of {operations}",
                "the children are parted in the last operation",
                "write `operations: last`",
            )
    if found["separation"] and found["separation"] == found["circulations_part"]:
        yield (
            places[found["separation"][0]],
            "one activity is marked 'separation' and 'circulations_part'",
            "two activities: the children are two, and no crossing of any kind is left",
            "let both anaesthetists confirm in an activity of their own",
        )


def _stock_told(one: Expanded, places: dict[str, Place]) -> Iterator[Told]:
    procedure = one.procedure
    used: Counter[str] = Counter()
    for activity in procedure.activities:
        for name, count in activity.equipment.items():
            if count > procedure.equipment.get(name, count):
                yield (
                    (*places[activity.id], "equipment", name),
                    f"'{activity.id}' holds {count} × {name}, but there are {procedure.equipment[name]}",
                    f"at most {procedure.equipment[name]}",
                    "mend the count here or under equipment",
                )
        used.update(activity.consumables)
    for name, count in used.items():
        if count > procedure.consumables.get(name, count):
            yield (
                ("consumables", name),
                f"{count} × {name} are used up in operation {procedure.operation}, but there are "
                f"{procedure.consumables[name]}",
                f"at least {count}",
                "order more, or mend the counts",
            )


def _rooms_told(one: Expanded, places: dict[str, Place]) -> Iterator[Told]:
    for instance in one.ground.instances.all:
        room = instance.spec.room
        if instance.present and isinstance(room, dict) and not any(room.get(p) for p in instance.patients):
            yield (
                (*places[instance.id], "room"),
                f"no room is named for {' and '.join(instance.patients) or 'nobody'}",
                "a list of rooms for each patient it is done on",
                "add the patient",
            )


def shortage_place(shortage: Shortage, file: ProtocolFile, one: Expanded) -> Place:
    """Where a protocol asks for the people who are lacking."""
    if shortage.subject == "standby":
        return ("standby",)
    for instance in one.ground.instances.all:
        if instance.id == shortage.subject:
            return (*instance.place, "needs") if instance.spec.needs else instance.place
    name = shortage.subject.partition("@")[0]
    return ("covers", next(index for index, cover in enumerate(file.covers) if cover.id == name))


def staffing_told(file: ProtocolFile, one: Expanded) -> Iterator[Told]:
    """Lacks of people of one variant; for one whose order is sound."""
    for shortage in shortages(one.procedure):
        place = shortage_place(shortage, file, one)
        yield (place, shortage.problem, shortage.expected, shortage.mend)
