"""Who and what there is: people, rooms, devices, supplies and working rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from separatrix.evidence import EvidenceReader
from separatrix.team.protocol.file import PersonSpec, ProtocolFile, RoomSpec, RulesSpec
from separatrix.team.protocol.model import Person, Room, Rules
from separatrix.team.protocol.quantities import hours, minutes, plain_number
from separatrix.team.protocol.team_file import TeamFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """People, rooms, stock and rules of one case."""

    people: tuple[Person, ...]
    rooms: tuple[Room, ...]
    equipment: Mapping[str, int]
    consumables: Mapping[str, int]
    rules: Rules
    choices: Mapping[str, str | float]
    """Answers to the protocol's questions."""
    is_roster: bool
    """Whether the people are the protocol's, not the team's own."""


def staff_of(protocol: ProtocolFile, team: TeamFile | None, *, evidence: EvidenceReader) -> Staff:
    """The team's own over what the protocol brings.

    The team's people replace the roster; its rooms, counts and rules replace those of the same name.
    """
    people = team.people if team and team.people else protocol.roster
    rooms = {room.id: room for room in (*protocol.rooms, *(team.rooms if team else ()))}
    return Staff(
        people=tuple(_person(spec, protocol, evidence) for spec in people),
        rooms=tuple(map(_room, rooms.values())),
        equipment={n: s.count for n, s in protocol.equipment.items()} | (team.equipment if team else {}),
        consumables={n: s.count for n, s in protocol.consumables.items()}
        | (team.consumables if team else {}),
        rules=_rules(protocol.rules, team.rules if team else RulesSpec(), evidence),
        choices=dict(team.choices) if team else {},
        is_roster=not (team and team.people),
    )


def _person(spec: PersonSpec, protocol: ProtocolFile, evidence: EvidenceReader) -> Person:
    longest_h = protocol.longest_h
    if spec.pool == "standby" and protocol.standby is not None:
        longest_h = hours(protocol.standby.for_h, evidence)
    from_h, to_h = (0.0, longest_h) if spec.shift is None else (spec.shift.from_h, spec.shift.to_h)
    return Person(
        id=spec.id,
        name=spec.name,
        skills=dict(spec.skills),
        team=spec.team,
        shift_min=(round(60 * from_h), round(60 * to_h)),
        hours_awake=spec.hours_awake,
        pool=spec.pool,
    )


def _room(spec: RoomSpec) -> Room:
    return Room(id=spec.id, title=spec.title, places=spec.places)


def _rules(protocol: RulesSpec, team: RulesSpec, evidence: EvidenceReader) -> Rules:
    """The team's rules where it gives any, else the protocol's."""

    def chosen(name: str) -> float | None:
        value = getattr(team, name) if getattr(team, name) is not None else getattr(protocol, name)
        if value is None:
            return None
        return minutes(value, evidence) if name.endswith("_min") else plain_number(value, evidence)

    def whole(name: str) -> int | None:
        value = chosen(name)
        return None if value is None else round(value)

    usual = Rules()
    return Rules(
        break_min=whole("break_min"),
        break_within_min=whole("break_within_min"),
        longest_duty_min=whole("longest_duty_min"),
        handover_min=whole("handover_min") or 0,
        handover_clear_min=whole("handover_clear_min") or 0,
        micro_pause_factor=chosen("micro_pause_factor") or usual.micro_pause_factor,
        plan_quantile=chosen("plan_quantile") or usual.plan_quantile,
        grid_min=whole("grid_min") or usual.grid_min,
    )
