"""Repetitions: which instances an activity has in one operation, and which of them a name means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from separatrix.case.document import Place
from separatrix.team.protocol.file import ActivitySpec, AfterSpec, BlockSpec, ProtocolFile
from separatrix.team.protocol.inputs import Crossing, Patient
from separatrix.team.protocol.model import Precedence
from separatrix.team.protocol.situation import Situation


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One repetition of an activity."""

    spec: ActivitySpec
    block: BlockSpec | None
    place: Place
    """Where the activity stands in the file."""
    kind: str
    """``patient``, ``crossing``, or empty where it is not repeated."""
    key: str
    """``A``, ``v3``, or empty."""
    patients: tuple[Patient, ...]
    crossing: Crossing | None
    present: bool
    """Whether it takes place; what does not is bridged."""

    @property
    def id(self) -> str:
        """Name with its repetition: ``airway@A``."""
        return repeated_name(self.spec.id, self.key)

    @property
    def title(self) -> str:
        """Title with its repetition."""
        return repeated_title(self.spec.title, self.key)


def repeated_name(name: str, key: str) -> str:
    """A name with its repetition."""
    return f"{name}@{key}" if key else name


def repeated_title(title: str, key: str) -> str:
    """A title with its repetition."""
    return f"{title}, {key}" if key else title


def activity_places(file: ProtocolFile) -> Iterator[tuple[Place, ActivitySpec, BlockSpec | None]]:
    """Every activity with its place, and the block it stands in."""
    for index, item in enumerate(file.activities):
        if isinstance(item, BlockSpec):
            for inner, spec in enumerate(item.block):
                yield ("activities", index, "block", inner), spec, item
        else:
            yield ("activities", index), item, None


def keys_of(
    for_each: str | None, patients: Sequence[Patient] | None, situation: Situation
) -> list[tuple[str, tuple[Patient, ...], Crossing | None]]:
    """Each repetition: its key, its patients, its crossing."""
    whole = tuple(situation.protocol.patients if patients is None else patients)
    if for_each == "patient":
        return [(patient, (patient,), None) for patient in whole]
    if for_each == "crossing":
        return [(crossing.id, whole, crossing) for crossing in situation.crossings]
    return [("", whole, None)]


def instances_of(
    spec: ActivitySpec, block: BlockSpec | None, place: Place, situation: Situation
) -> tuple[Instance, ...]:
    """The repetitions of an activity; one that is absent where nothing is there to repeat for."""
    kind = (block.for_each if block else None) or spec.for_each or ""
    patients = spec.patients if spec.patients is not None else block.patients if block else None

    def takes_place(crossing: Crossing | None) -> bool:
        return situation.takes_place(spec.operations, spec.when, crossing=crossing) and (
            block is None or situation.takes_place(block.operations, block.when, crossing=crossing)
        )

    keys = keys_of(kind or None, patients, situation)
    found = tuple(
        Instance(
            spec=spec,
            block=block,
            place=place,
            kind=kind,
            key=key,
            patients=whose,
            crossing=crossing,
            present=takes_place(crossing),
        )
        for key, whose, crossing in keys
    )
    if found:
        return found
    nobody: tuple[Patient, ...] = ()
    return (
        Instance(
            spec=spec,
            block=block,
            place=place,
            kind=kind,
            key="",
            patients=nobody,
            crossing=None,
            present=False,
        ),
    )


def all_instances(file: ProtocolFile, situation: Situation) -> Iterator[Instance]:
    """Every instance in the order of the file, blocks round by round."""
    for index, item in enumerate(file.activities):
        if isinstance(item, BlockSpec):
            members = [
                instances_of(spec, item, ("activities", index, "block", inner), situation)
                for inner, spec in enumerate(item.block)
            ]
            every = [one for repetitions in members for one in repetitions]
            keys = dict.fromkeys(one.key for one in every)
            yield from (one for key in keys for one in every if one.key == key)
        else:
            yield from instances_of(item, None, ("activities", index), situation)


class Instances:
    """All instances of one operation, by name and by block."""

    def __init__(self, found: Iterable[Instance]) -> None:
        self.all = tuple(found)
        self._by_name: dict[str, list[Instance]] = {}
        self._by_block: dict[str, list[Instance]] = {}
        for instance in self.all:
            self._by_name.setdefault(instance.spec.id, []).append(instance)
            if instance.block is not None:
                self._by_block.setdefault(instance.block.id, []).append(instance)

    def meant(self, reference: str, kind: str = "", key: str = "") -> tuple[Instance, ...]:
        """The instances that a name means, seen from a repetition; none where the name is unknown.

        Between repetitions for the same thing a name means the same repetition; otherwise all of them.
        """
        name, _, wanted = reference.partition("@")
        if name in self._by_block and not wanted:
            return last_of(self._by_block[name])
        candidates = self._by_name.get(name, [])
        if wanted:
            return tuple(instance for instance in candidates if instance.key == wanted)
        if kind and (same := [i for i in candidates if i.kind == kind and i.key == key]):
            return tuple(same)
        return tuple(candidates)

    def block_rounds(self) -> Iterator[tuple[BlockSpec, list[list[Instance]]]]:
        """Each block with its repetitions in order, each a list of instances."""
        for members in self._by_block.values():
            rounds: dict[str, list[Instance]] = {}
            for member in members:
                rounds.setdefault(member.key, []).append(member)
            assert members[0].block is not None
            yield members[0].block, list(rounds.values())


def _names(references: Iterable[str | AfterSpec]) -> set[str]:
    return {(r if isinstance(r, str) else r.activity).partition("@")[0] for r in references}


def first_of(members: Sequence[Instance]) -> tuple[Instance, ...]:
    """Members of a block that wait for no other member."""
    inside = {member.spec.id for member in members}
    return tuple(
        m
        for m in members
        if not inside
        & (_names(m.spec.after) | _names(m.spec.starts_with) | _names(m.spec.starts_after_start_of))
    )


def last_of(members: Sequence[Instance]) -> tuple[Instance, ...]:
    """Members of a block that no other member waits for."""
    awaited = set().union(*(_names(member.spec.after) for member in members))
    return tuple(member for member in members if member.spec.id not in awaited)


def precedences_of(instance: Instance, instances: Instances) -> Iterator[Precedence]:
    """What an instance says of its own beginning."""
    spec = instance.spec
    ties = (
        *(("finish_start", item) for item in spec.after),
        *(("start_start", item) for item in spec.starts_after_start_of),
        *(("starts_together", item) for item in spec.starts_with),
    )
    for kind, item in ties:
        reference, lag = (item, 0.0) if isinstance(item, str) else (item.activity, item.lag_min)
        for before in instances.meant(reference, instance.kind, instance.key):
            yield Precedence(
                before=before.id,
                after=instance.id,
                kind=kind,  # type: ignore[arg-type]
                lag_min=round(lag),
            )


def block_precedences(instances: Instances) -> Iterator[Precedence]:
    """What a block says of its beginning, and the turn of its repetitions."""
    for block, rounds in instances.block_rounds():
        waiting = [first_of(members) for members in rounds]
        for heads in waiting[:1] if block.in_turn else waiting:
            for head in heads:
                for item in block.after:
                    reference, lag = (item, 0.0) if isinstance(item, str) else (item.activity, item.lag_min)
                    for before in instances.meant(reference, head.kind, head.key):
                        yield Precedence(before=before.id, after=head.id, lag_min=round(lag))
        if block.in_turn:
            for earlier, heads in zip(rounds, waiting[1:], strict=False):
                for tail in last_of(earlier):
                    for head in heads:
                        yield Precedence(before=tail.id, after=head.id)
