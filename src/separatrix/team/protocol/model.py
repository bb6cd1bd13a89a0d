"""The nouns of a procedure: a protocol bound to one case and one team, flat and in minutes.

A `Procedure` is one operation. It is what choreography plans and rehearsal rehearses: no ``for_each``,
no units other than minutes, every reference resolved.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from separatrix.team.protocol.inputs import Patient, ProtocolInputs


class ActivityMark(enum.Enum):
    """What an activity is beside work."""

    CRITICAL = "critical"
    """No handover inside, none shortly before or after."""
    SEPARATION = "separation"
    """Its end is the moment the children are two."""
    CIRCULATIONS_PART = "circulations_part"
    """Its end is when the anaesthetists confirm that no crossing of any kind is left."""
    COUNT = "count"
    """Surgical count."""
    SIGN_IN = "sign_in"
    TIME_OUT = "time_out"
    SIGN_OUT = "sign_out"
    TURN = "turn"
    NO_RETURN = "no_return"
    """From its start the operation cannot be put off."""
    STOP_AND_STAGE = "stop_and_stage"
    """At its end the operation may be ended and continued another day."""
    MILESTONE = "milestone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """Three-point estimate of a duration."""

    low_min: float
    mode_min: float
    high_min: float
    evidence: tuple[str, ...] = ()
    """Entries it rests on; empty where the protocol's author set it."""
    assumed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """So many people who each bring one skill for the whole of an activity."""

    skill: str
    count: int = 1
    team: Patient | None = None
    """Only people of this colour, or of none."""
    level: int = 0
    """Lowest level of skill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One thing that is done, by whom, where, on whom."""

    id: str
    title: str
    phase: str
    duration: Duration
    planned_min: int
    """Planned length: the plan quantile of `duration`, in whole minutes; 0 for a milestone."""
    patients: tuple[Patient, ...] = ()
    rooms: tuple[str, ...] = ()
    """Rooms it may be done in, preferred first; empty: takes no place in a room."""
    needs: tuple[Need, ...] = ()
    sterile_field: tuple[Patient, ...] = ()
    """Patients whose sterile field it occupies alone."""
    equipment: Mapping[str, int] = field(default_factory=dict)
    """Renewable: units held while it runs."""
    consumables: Mapping[str, int] = field(default_factory=dict)
    """Used up by it."""
    served_by: tuple[str, ...] = ()
    """Covers whose people do it as part of their cover: they must be running."""
    continuity: str = ""
    """Activities with the same non-empty word have the same lead: the first person of the first need."""
    marks: frozenset[ActivityMark] = frozenset()
    crossing: str = ""
    """The crossing it deals with, if any."""
    earliest_min: int = 0

    @property
    def full_title(self) -> str:
        """What is done; at one of many crossings, at which, said first so that it is never cut off."""
        if not self.crossing:
            return self.title
        return f"{self.crossing}: {self.title.removesuffix(f', {self.crossing}')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Precedence:
    """`after` begins no earlier than a lag behind `before`."""

    before: str
    after: str
    kind: Literal["finish_start", "start_start", "starts_together"] = "finish_start"
    lag_min: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """A continuous role: from the start of one activity to the end of another somebody is always there."""

    id: str
    title: str
    skill: str
    count: int
    begins: str
    """Activity at whose start it begins."""
    ends: str
    """Activity at whose end it ends."""
    patients: tuple[Patient, ...] = ()
    team: Patient | None = None
    level: int = 0
    longest_min: int = 240
    """Longest stretch of one person."""
    shortest_min: int = 60
    """No stretch but the last is shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring:
    """Something done again and again while other things go on; by cover, so it takes nobody away."""

    id: str
    title: str
    every_min: int | None
    """None where only `trigger` starts it."""
    trigger: str = ""
    """Such as ``handover:scrub_nurse`` or ``blood_loss``."""
    duration_min: int = 5
    tolerance_min: int = 15
    """May be this early or late, so that it keeps out of critical steps."""
    patients: tuple[Patient, ...] = ()
    served_by: tuple[str, ...] = ()
    begins: str = ""
    ends: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchOption:
    """One way on from a branch."""

    id: str
    title: str
    adds: tuple[Activity, ...] = ()
    precedences: tuple[Precedence, ...] = ()
    drops: tuple[str, ...] = ()
    """Activities that are not done any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A decision that the day may force, such as a failed clamp test."""

    id: str
    title: str
    at: str
    """Activity at whose end it is taken."""
    trigger: str
    options: tuple[BranchOption, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room, with places for patients."""

    id: str
    title: str
    places: int = 1
    """Patients in it at once; joined children count as one, an activity on no patient takes its own place."""
    closed_min: tuple[tuple[int, int], ...] = ()
    """From when to when it cannot be used, minutes from wheels in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One named person (or a role name until the team writes its own)."""

    id: str
    name: str
    skills: Mapping[str, int]
    """Skill to level."""
    team: Patient | None = None
    """Colour: A purple, B orange, or none."""
    shift_min: tuple[int, int] = (0, 100000)
    """From when to when on duty, minutes from wheels in; for standby, from the end of the operation."""
    hours_awake: float = 2.0
    """At the start of the shift."""
    pool: Literal["room", "relief", "standby"] = "room"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Working rules, all data. None of a value: no such rule."""

    break_min: int | None = None
    """Length of a break."""
    break_within_min: int | None = None
    """Longest continuous work between breaks (cover counts as work)."""
    longest_duty_min: int | None = None
    handover_min: int = 0
    """Outgoing and incoming of a cover are both present for so long."""
    handover_clear_min: int = 0
    """No handover so close to a critical activity where it can be avoided."""
    micro_pause_factor: float = 1.0
    """On long activities in the sterile field."""
    plan_quantile: float = 0.5
    grid_min: int = 1
    """Starts lie on this grid in a plan; a re-plan uses single minutes. A coarse one costs time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standby:
    """The fresh team that can reopen, after the operation: people of pool ``standby``."""

    ready_within_min: float
    for_h: float
    patients: tuple[Patient, ...]
    """Who may have to be reopened, all at once."""
    needs: tuple[Need, ...]
    """For one of the patients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Need):
    """Who comes when a complication strikes, and for what."""

    task: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What is done when a complication strikes one patient, in one state of the children."""

    complication: str
    """Id of the list of complications."""
    title: str
    state: Literal["joined", "apart"]
    patient: Patient | None = None
    """Who is struck; None where it strikes both children, or the room."""
    leader: str
    """Skill that leads: of the colour of who is struck, or of none."""
    actions: tuple[str, ...]
    """First actions in order; a reminder, no instruction, and never an amount of a drug."""
    calls: tuple[Call, ...] = ()
    """Who must come beside those who are there; a call without team is met by either colour."""
    equipment: Mapping[str, int] = field(default_factory=dict)
    consumables: Mapping[str, int] = field(default_factory=dict)
    within_min: float = 5
    """Target for all to be there."""
    control: Duration | None = None
    """Time until it is under control; None where nobody could say."""
    of_pair: bool = False
    """It strikes both children at once, such as air in a shared sinus."""
    after_operation: bool = False
    """It strikes in the days after: the people on standby answer."""
    give_up: str = ""
    """When to stop or change the plan."""
    assumed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """One operation, ready to be planned."""

    id: str
    title: str
    operation: int
    patients: tuple[Patient, ...]
    phases: tuple[str, ...]
    activities: tuple[Activity, ...]
    precedences: tuple[Precedence, ...]
    people: tuple[Person, ...]
    rooms: tuple[Room, ...] = ()
    equipment: Mapping[str, int] = field(default_factory=dict)
    """Units there are."""
    consumables: Mapping[str, int] = field(default_factory=dict)
    covers: tuple[Cover, ...] = ()
    recurring: tuple[Recurring, ...] = ()
    branches: tuple[Branch, ...] = ()
    responses: tuple[Response, ...] = ()
    rules: Rules = Rules()
    inputs: ProtocolInputs | None = None
    standby: Standby | None = None
    titles: Mapping[str, str] = field(default_factory=dict)
    """Titles of skills, phases, equipment and consumables by ``skill:id``, ``phase:id``, …"""
    assumptions: tuple[str, ...] = ()
    """In plain words: what rests on no source."""
    notes: tuple[str, ...] = ()
