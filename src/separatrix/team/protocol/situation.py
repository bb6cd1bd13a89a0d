"""One operation of one case, as a protocol's words look at it: conditions, scaling, who repeats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from separatrix.team.protocol.file import ProtocolFile, ScaleBy, When
from separatrix.team.protocol.inputs import Crossing, Patient, ProtocolInputs

CROSSING_ACTION = "crossing.action"
"""Input of ``when`` where something is repeated for each crossing: what is planned for that crossing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The inputs, seen from one operation."""

    protocol: ProtocolFile
    inputs: ProtocolInputs
    operation: int
    """1 is the first."""

    @property
    def crossings(self) -> tuple[Crossing, ...]:
        """Those of this operation, in their order."""
        here = (crossing for crossing in self.inputs.crossings if crossing.operation == self.operation)
        return tuple(sorted(here, key=lambda crossing: (crossing.order, crossing.id)))

    def takes_place(
        self,
        operations: str | Sequence[int],
        when: When | Sequence[When] | None,
        *,
        crossing: Crossing | None = None,
    ) -> bool:
        """Whether something with these words is part of this operation, at a crossing if it is one's."""
        conditions = [] if when is None else [when] if isinstance(when, When) else when
        return self._in_operation(operations) and all(self._holds(one, crossing) for one in conditions)

    def _in_operation(self, operations: str | Sequence[int]) -> bool:
        if not isinstance(operations, str):
            return self.operation in operations
        first, last = self.operation == 1, self.operation == self.inputs.operations
        return {"all": True, "first": first, "last": last, "not_first": not first, "not_last": not last}[
            operations
        ]

    def _holds(self, when: When, crossing: Crossing | None) -> bool:
        found = self.answer(when.input, crossing)
        if when.value is not None:
            allowed = when.value if isinstance(when.value, list) else [when.value]
            return any(_same(found, value) for value in allowed)
        if not isinstance(found, int | float):
            return False
        return (when.at_least is None or found >= when.at_least) and (
            when.below is None or found < when.below
        )

    def answer(self, name: str, crossing: Crossing | None = None) -> str | float | None:
        """The value of an input that ``when`` may ask for; None where there is no such input."""
        if name == CROSSING_ACTION:
            return None if crossing is None else crossing.action
        if name == "operations":
            return self.inputs.operations
        if name == "crossings":
            return len(self.crossings)
        if name in self.inputs.choices:
            return self.inputs.choices[name]
        choice = self.protocol.choices.get(name)
        return None if choice is None else choice.default

    def factor(self, scale: ScaleBy | None, patients: Sequence[Patient]) -> float:
        """What a duration is multiplied by."""
        if scale is None:
            return 1.0
        value = self._scale_value(scale.input, patients)
        return 1.0 if value is None else min(max(value / scale.per, scale.least), scale.most)

    def _scale_value(self, name: str, patients: Sequence[Patient]) -> float | None:
        if name == "crossings":
            return float(len(self.crossings))
        if name == "weight_kg":
            weights = [self.inputs.weight_kg[p] for p in patients if p in self.inputs.weight_kg]
            return sum(weights) if weights else None
        tissue = name.partition(".")[2]
        areas = [getattr(self.inputs.closure[p], tissue) for p in patients if p in self.inputs.closure]
        return float(sum(areas)) if areas else None


def _same(found: str | float | None, value: str | float | bool) -> bool:
    """Whether an answer is the wanted one; numbers and their text are the same."""
    if isinstance(found, int | float) and isinstance(value, int | float):
        return float(found) == float(value)
    return str(found).casefold() == str(value).casefold()
