"""From a protocol to procedures: one for each operation, flat, in minutes, every reference resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from separatrix.evidence import EvidenceReader
from separatrix.team.protocol.activities import Ground, activity_of
from separatrix.team.protocol.branching import branches_of
from separatrix.team.protocol.file import ProtocolFile
from separatrix.team.protocol.inputs import ProtocolInputs
from separatrix.team.protocol.model import Activity, Precedence, Procedure
from separatrix.team.protocol.network import bridged
from separatrix.team.protocol.repeat import (
    Instances,
    all_instances,
    block_precedences,
    precedences_of,
)
from separatrix.team.protocol.responding import responses_of
from separatrix.team.protocol.roles import covers_of, recurring_of, standby_of
from separatrix.team.protocol.situation import Situation
from separatrix.team.protocol.staff import Staff


@dataclass(frozen=True, slots=True, kw_only=True)
class Expanded:
    """A procedure, and what the checks want to know of its making."""

    procedure: Procedure
    ground: Ground
    ties: tuple[Precedence, ...]
    """All precedences, those of what is left out included."""


def expanded(situation: Situation, staff: Staff, *, evidence: EvidenceReader) -> Expanded:
    """One operation; names that mean nothing are passed over, as the checks tell them.

    Raises
    ------
    DataMissingError
        If an evidence entry does not exist or is no time.
    """
    file = situation.protocol
    instances = Instances(all_instances(file, situation))
    ground = Ground(situation=situation, instances=instances, rules=staff.rules, evidence=evidence)
    ties = (
        *(tie for one in instances.all for tie in precedences_of(one, instances)),
        *block_precedences(instances),
    )
    return Expanded(procedure=_procedure(ground, ties, staff), ground=ground, ties=ties)


def _procedure(ground: Ground, ties: Sequence[Precedence], staff: Staff) -> Procedure:
    file, inputs = ground.situation.protocol, ground.situation.inputs
    instances = ground.instances.all
    activities = tuple(activity_of(one, ground) for one in instances if one.present)
    precedences = bridged(ties, [one.id for one in instances if not one.present])
    number, several = ground.situation.operation, inputs.operations > 1
    phases = {activity.phase for activity in activities}
    return Procedure(
        id=f"{file.id}.operation-{number}" if several else file.id,
        title=f"{file.title}: operation {number} of {inputs.operations}" if several else file.title,
        operation=number,
        patients=tuple(file.patients),
        phases=tuple(phase.id for phase in file.phases if phase.id in phases),
        activities=activities,
        precedences=precedences,
        people=staff.people,
        rooms=staff.rooms,
        equipment=staff.equipment,
        consumables=staff.consumables,
        covers=tuple(cover for spec in file.covers for cover in covers_of(spec, ground)),
        recurring=tuple(one for spec in file.recurring for one in recurring_of(spec, ground)),
        branches=tuple(b for spec in file.branches for b in branches_of(spec, precedences, ground)),
        responses=responses_of(ground),
        rules=staff.rules,
        inputs=inputs,
        standby=standby_of(ground),
        titles=_titles(file),
        assumptions=_assumptions(activities, inputs, staff),
        notes=() if file.responses else ("nothing is written for the case that a complication strikes",),
    )


def _titles(file: ProtocolFile) -> Mapping[str, str]:
    return {
        **{f"skill:{name}": spec.title for name, spec in file.skills.items()},
        **{f"phase:{phase.id}": phase.title for phase in file.phases},
        **{f"equipment:{name}": spec.title for name, spec in file.equipment.items()},
        **{f"consumable:{name}": spec.title for name, spec in file.consumables.items()},
    }


def _assumptions(activities: Sequence[Activity], inputs: ProtocolInputs, staff: Staff) -> tuple[str, ...]:
    """In plain words: what rests on no source."""
    own = sum(1 for a in activities if a.planned_min and a.duration.assumed)
    timed = sum(1 for a in activities if a.planned_min)
    found = [f"{own} of {timed} durations are assumptions that the team must set"] if own else []
    if inputs.assumed:
        found.append(f"from the protocol's defaults, not from this case: {', '.join(inputs.assumed)}")
    if staff.is_roster:
        found.append("people are the protocol's roster, by role: the team has not written its own")
    return tuple(found)


def procedures(
    protocol: ProtocolFile, inputs: ProtocolInputs, staff: Staff, *, evidence: EvidenceReader
) -> tuple[Procedure, ...]:
    """Bind a protocol that was read without faults to one case and one team.

    Parameters
    ----------
    protocol
        What is done.
    inputs
        What it depends on, as made by ``inputs_for``.
    staff
        People, rooms, stock and rules, as made by ``read_team`` or ``default_team``.
    evidence
        Numbers that durations and rules are taken from.

    Returns
    -------
    tuple of Procedure
        One for each operation; the parting operation is the last.
    """
    return tuple(
        expanded(
            Situation(protocol=protocol, inputs=inputs, operation=number), staff, evidence=evidence
        ).procedure
        for number in range(1, inputs.operations + 1)
    )
