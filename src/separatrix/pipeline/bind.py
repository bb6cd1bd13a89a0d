"""Where the wings meet: what the body stations found becomes plain numbers for the team's protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from separatrix.body.surface import Separatrix
from separatrix.body.vessels import Division, as_crossings, as_exchange
from separatrix.case import Case
from separatrix.case.model import PROTOCOL_NAMES
from separatrix.core import Twin
from separatrix.evidence import EvidenceReader
from separatrix.team.protocol import (
    Closure,
    Crossing,
    Exchange,
    Procedure,
    assumed_crossings,
    default_team,
    inputs_for,
    procedures,
    read_protocol,
    read_team,
)
from separatrix.team.protocol.inputs import Patient

TEAM_FILE = "team.yaml"
"""Name of the team file in the case folder."""

_LAYERS = {
    "dura_cm2": ("brain", "brain_adherent", "csf", "dura", "intracranial"),
    "bone_cm2": ("brain", "brain_adherent", "csf", "dura", "intracranial", "skull"),
    "scalp_cm2": ("brain", "brain_adherent", "csf", "dura", "intracranial", "skull", "scalp"),
}
"""Tissues inside and of each layer: the wound in a layer is the cut through and within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the body stations gave for the protocol; None where they did not apply."""

    division: Division | None
    separatrix: Separatrix | None


def script_files(case: Case) -> Mapping[str, Path]:
    """Files of the team's own that the script is made from, by what they are."""
    found = {"protocol file": case.path.parent / case.file.protocol}
    found |= {"team file": case.path.parent / TEAM_FILE}
    own = case.file.protocol not in PROTOCOL_NAMES
    return {name: path for name, path in found.items() if path.is_file() and (own or name == "team file")}


def bind(case: Case, found: Found, *, evidence: EvidenceReader) -> tuple[Procedure, ...]:
    """The case's procedures: its protocol, bound to what was found and to its team.

    Parameters
    ----------
    case
        Names the protocol, weights, haematocrit, operations and what is known by hand.
    found
        Results of the body stations.

    Returns
    -------
    tuple of Procedure
        One for each operation, the parting one last. What nobody knows comes from the protocol's defaults
        and is named in ``inputs.assumed``.

    Raises
    ------
    InputError
        With every fault of the protocol and the team file.
    """
    files = script_files(case)
    protocol = read_protocol(files.get("protocol file", case.file.protocol), evidence=evidence)
    team = files.get("team file")
    staff = (
        read_team(team, protocol, evidence=evidence) if team else default_team(protocol, evidence=evidence)
    )
    operations = _operations(case, found.division)
    # Only who are parted have vessels to divide: at a birth both come as one.
    crossings = _crossings(case, found.division, operations) if protocol.parts_children else None
    exchange = [Exchange(**row) for row in as_exchange(found.division)] if found.division else None
    inputs = inputs_for(
        protocol,
        evidence=evidence,
        operations=operations if protocol.parts_children else 1,
        crossings=crossings,
        exchange=exchange,
        closure=_closure(case, found.separatrix),
        weight_kg=_of_each(case, "weight_kg"),
        haematocrit=_of_each(case, "haematocrit"),
        choices=staff.choices,
    )
    return procedures(protocol, inputs, staff, evidence=evidence)


def _operations(case: Case, division: Division | None) -> int:
    if division is not None and division.steps:
        return max(step.operation for step in division.steps)
    asked = case.file.operations
    return 1 if asked == "auto" else asked


def _crossings(case: Case, division: Division | None, operations: int) -> tuple[Crossing, ...] | None:
    """From the division; else as many as were counted by hand; else unknown."""
    if division is not None:
        return tuple(Crossing(**row) for row in as_crossings(division))
    by_hand = case.file.anatomy.crossings if case.file.anatomy else None
    return None if by_hand is None else assumed_crossings(by_hand, operations)


def _closure(case: Case, separatrix: Separatrix | None) -> dict[Patient, Closure]:
    """Areas by hand; else those of the cut, the same for both children; else unknown."""
    found: dict[Patient, Closure] = {}
    if separatrix is not None:
        areas = separatrix.areas_cm2
        cut = {layer: round(sum(areas.get(t, 0.0) for t in tissues), 1) for layer, tissues in _LAYERS.items()}
        found = {"A": Closure(**cut), "B": Closure(**cut)}
    by_hand = case.file.anatomy.defects_cm2 if case.file.anatomy else {}
    for child, given in by_hand.items():
        if {"scalp", "bone", "dura"} <= set(given):
            found[child] = Closure(scalp_cm2=given["scalp"], bone_cm2=given["bone"], dura_cm2=given["dura"])
    return found


def _of_each(case: Case, quantity: str) -> dict[Patient, float]:
    values: dict[Patient, float] = {}
    for twin in Twin:
        value = getattr(case.twin(twin), quantity)
        if value is not None:
            values["A" if twin is Twin.A else "B"] = value
    return values
