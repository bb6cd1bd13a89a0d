"""What a protocol depends on: what is known, with the protocol's defaults where nothing is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from separatrix.core import Fault, InputError
from separatrix.evidence import EvidenceReader
from separatrix.team.protocol.file import ProtocolFile
from separatrix.team.protocol.inputs import Closure, Crossing, Exchange, Patient, ProtocolInputs
from separatrix.team.protocol.quantities import plain_number

_Key = TypeVar("_Key", bound=str)
_Value = TypeVar("_Value")


def inputs_for(
    protocol: ProtocolFile,
    *,
    evidence: EvidenceReader,
    operations: int | None = None,
    crossings: Sequence[Crossing] | None = None,
    exchange: Sequence[Exchange] | None = None,
    closure: Mapping[Patient, Closure] | None = None,
    weight_kg: Mapping[Patient, float] | None = None,
    haematocrit: Mapping[Patient, float] | None = None,
    choices: Mapping[str, str | float] | None = None,
) -> ProtocolInputs:
    """Inputs with the protocol's defaults for what is None or missing for a patient.

    Returns
    -------
    ProtocolInputs
        With every field that came from a default named in ``assumed``.

    Raises
    ------
    InputError
        If the protocol is not written for so many operations.
    """
    defaults = protocol.defaults
    assumed: list[str] = []
    if operations is None:
        operations = defaults.operations
        assumed.append("operations")
    if operations not in protocol.operations:
        raise InputError(_not_written_for(protocol, operations))
    if crossings is None:
        number = round(plain_number(defaults.crossings, evidence))
        crossings = assumed_crossings(number, operations)
        if number:
            assumed.append("crossings")
    areas: dict[Patient, Closure] = {
        patient: Closure(**{tissue: plain_number(value, evidence) for tissue, value in spec})
        for patient, spec in defaults.closure.items()
    }
    weights = {patient: plain_number(value, evidence) for patient, value in defaults.weight_kg.items()}
    red_cells = {patient: plain_number(value, evidence) for patient, value in defaults.haematocrit.items()}
    answers = {name: choice.default for name, choice in protocol.choices.items()}
    return ProtocolInputs(
        patients=tuple(protocol.patients),
        operations=operations,
        crossings=tuple(crossings),
        exchange=tuple(exchange or ()),
        closure=_filled("closure", closure, areas, assumed),
        weight_kg=_filled("weight_kg", weight_kg, weights, assumed),
        haematocrit=_filled("haematocrit", haematocrit, red_cells, assumed),
        choices=_filled("choices", choices, answers, assumed),
        assumed=tuple(assumed),
    )


def _filled(
    name: str, known: Mapping[_Key, _Value] | None, defaults: Mapping[_Key, _Value], assumed: list[str]
) -> dict[_Key, _Value]:
    """Known values over defaults; notes what came from a default."""
    known = known or {}
    assumed.extend(f"{name}.{key}" for key in defaults if key not in known)
    return {**defaults, **known}


def _not_written_for(protocol: ProtocolFile, operations: int) -> Fault:
    written = ", ".join(map(str, protocol.operations))
    return Fault(
        file="case.yaml",
        field="operations",
        problem=f"found {operations}; the protocol '{protocol.id}' is not written for so many operations",
        expected=written,
        mend="choose one of these, or another protocol",
    )


def assumed_crossings(number: int, operations: int) -> tuple[Crossing, ...]:
    """So many vessels, shared out evenly over operations and children in turn."""
    return tuple(
        Crossing(
            id=f"c{index + 1}",
            action="divide",
            to="A" if index % 2 == 0 else "B",
            operation=1 + index * operations // number,
            order=index + 1,
        )
        for index in range(number)
    )
