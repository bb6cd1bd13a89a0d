"""What a protocol file may say: the nouns of ``protocol.yaml`` as a person writes them.

There is no expression language: an activity is repeated by ``for_each``, stretched by ``scale_by``, left
out by ``when`` and ``operations``; everything else is a plain value or the id of an evidence entry.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Strict, Tag, field_validator

from separatrix.team.protocol.inputs import Patient
from separatrix.team.protocol.response_file import ResponseSpec
from separatrix.team.protocol.words import (
    AMinutes,
    DurationSpec,
    FromEvidence,
    Name,
    Number,
    Part,
    Text,
    Whole,
)

Reference = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}(@[A-Za-z0-9_.-]{1,64})?$")]
"""The id of an activity, block or cover; ``@`` names one of its repetitions: ``airway@A``."""

Mark = Literal[
    "critical",
    "separation",
    "circulations_part",
    "count",
    "sign_in",
    "time_out",
    "sign_out",
    "turn",
    "no_return",
    "stop_and_stage",
    "milestone",
]

OPERATION_WORDS = ("all", "first", "last", "not_first", "not_last")
"""Words for the operations in which something takes place; or a list of numbers."""

SCALE_INPUTS = ("closure.scalp_cm2", "closure.bone_cm2", "closure.dura_cm2", "weight_kg", "crossings")
"""What a duration may be scaled by; of the activity's patient, else the sum over the children."""


class ScaleBy(Part):
    """A duration stretched in proportion to what the case brings."""

    input: Literal["closure.scalp_cm2", "closure.bone_cm2", "closure.dura_cm2", "weight_kg", "crossings"]
    """What it grows with; of the activity's patient, else the sum over the children."""
    per: Annotated[Number, Field(gt=0)]
    """Value at which the duration holds as written."""
    least: Annotated[Number, Field(gt=0)] = 0.5
    """The factor is never below this."""
    most: Annotated[Number, Field(gt=0)] = 2.0
    """The factor is never above this."""


class When(Part):
    """A condition on one input."""

    input: str
    """``operations``, ``crossings``, one of ``choices``; at each crossing also ``crossing.action``."""
    value: str | Number | Annotated[bool, Strict()] | list[str | Number] | None = None
    """It must be this, or one of these."""
    at_least: Number | None = None
    """It must be this or more."""
    below: Number | None = None
    """It must be less than this."""


class NeedSpec(Part):
    """So many people with one skill, for the whole of the activity."""

    skill: Name
    """Id of a skill."""
    count: Annotated[Whole, Field(ge=1, le=50)] = 1
    """How many people; each brings this one skill only."""
    team: Literal["same", "A", "B", "mother"] | None = None
    """Only people of this colour or of none; ``same`` is the patient's own colour."""
    level: Annotated[Whole, Field(ge=0, le=5)] = 0
    """Lowest level of skill, 0 to 5."""


class AfterSpec(Part):
    """What comes before, with a wait."""

    activity: Reference
    """Id of an activity or block."""
    lag_min: Annotated[Number, Field(ge=0, le=1_440)] = 0
    """Minutes to wait."""


Condition = When | Annotated[list[When], Field(min_length=1)]
Operations = Literal["all", "first", "last", "not_first", "not_last"] | list[Whole]
ByPatient = list[Name] | dict[Patient, list[Name]]


class _Placed(Part):
    """What an activity and a block have in common."""

    id: Name
    """Short name; repetitions are told apart as ``airway@A`` or ``divide@v3``."""
    for_each: Literal["patient", "crossing"] | None = None
    """Repeat for each of `patients`, or for each crossing of this operation in its order."""
    patients: list[Patient] | None = None
    """Who it is done on; default: all patients of the protocol; ``[]``: nobody."""
    when: Condition | None = None
    """Only where this holds (or all of these)."""
    operations: Operations = "all"
    """Only in these operations: all, first, last, not_first, not_last, or numbers."""
    after: list[Reference | AfterSpec] = []
    """Begins when these have ended; what is left out is bridged."""


class ActivitySpec(_Placed):
    """One thing that is done, by whom, where, on whom."""

    title: Text
    """What is done, as it is printed on the role card."""
    phase: Name
    """Id of a phase."""
    room: ByPatient = []
    """Rooms it may be done in, preferred first, or such a list for each patient; none: takes no place."""
    needs: list[NeedSpec] = []
    """Who does it; the first person of the first need leads."""
    duration: DurationSpec | None = None
    """How long; only a milestone has none."""
    scale_by: ScaleBy | None = None
    """What its duration grows with."""
    starts_with: list[Reference] = []
    """Begins in the same minute as these."""
    starts_after_start_of: list[Reference | AfterSpec] = []
    """Begins no earlier than these begin, and the wait."""
    earliest_min: Annotated[Whole, Field(ge=0, le=10_080)] = 0
    """Not before this minute from wheels in."""
    sterile_field: Literal["same", "both"] | list[Patient] = []
    """Whose sterile field it occupies alone; ``same`` is its patients', ``both`` is A's and B's."""
    equipment: dict[str, Annotated[Whole, Field(ge=1, le=1_000)]] = {}
    """Units held while it runs."""
    consumables: dict[str, Annotated[Whole, Field(ge=1, le=10_000)]] = {}
    """Units used up by it."""
    served_by: list[Reference] = []
    """Covers whose people do it as part of their cover."""
    continuity: Name | None = None
    """Activities with the same word have the same lead; told apart by patient where `for_each` is patient."""
    marks: list[Mark] = []
    """What it is beside work, such as critical, count, time_out, separation."""
    note: str = ""
    """For the reader of the file."""


class BlockSpec(_Placed):
    """Activities that are repeated together."""

    block: Annotated[list[ActivitySpec], Field(min_length=1)]
    """The activities; inside, names mean the same repetition."""
    in_turn: Annotated[bool, Strict()] = True
    """Each repetition begins when the one before it has ended."""


_ACTIVITY, _BLOCK = "an activity", "a block"
"""Names of the two kinds, unlike any key, so that a location of a fault tells them from keys."""


def _kind(data: Any) -> str:
    """Which of the two an item of ``activities`` is."""
    is_block = "block" in data if isinstance(data, dict) else isinstance(data, BlockSpec)
    return _BLOCK if is_block else _ACTIVITY


ActivityOrBlock = Annotated[
    Annotated[ActivitySpec, Tag(_ACTIVITY)] | Annotated[BlockSpec, Tag(_BLOCK)], Discriminator(_kind)
]


class CoverSpec(Part):
    """A continuous role: from the start of one activity to the end of another somebody is always there."""

    id: Name
    """Short name."""
    title: Text
    """Name of the role."""
    for_each: Literal["patient"] | None = None
    """Repeat for each of `patients`."""
    patients: list[Patient] | None = None
    """Whose; default: all."""
    skill: Name
    """Id of a skill."""
    count: Annotated[Whole, Field(ge=1, le=20)] = 1
    """How many at any moment."""
    team: Literal["same", "A", "B", "mother"] | None = None
    """Only people of this colour or of none; ``same`` is the patient's own colour."""
    level: Annotated[Whole, Field(ge=0, le=5)] = 0
    """Lowest level of skill."""
    begins: list[Reference] | Reference
    """Activity at whose start it begins; of several, the first that takes place."""
    ends: list[Reference] | Reference
    """Activity at whose end it ends; of several, the first that takes place."""
    longest_min: AMinutes = 240.0
    """Longest stretch of one person."""
    shortest_min: AMinutes = 60.0
    """No stretch but the last is shorter."""
    when: Condition | None = None
    """Only where this holds."""
    operations: Operations = "all"
    """Only in these operations."""


class RecurringSpec(Part):
    """Something done again and again while other things go on, by cover."""

    id: Name
    """Short name."""
    title: Text
    """What is done."""
    for_each: Literal["patient"] | None = None
    """Repeat for each of `patients`."""
    patients: list[Patient] | None = None
    """On whom; default: all."""
    every_min: Annotated[Number, Field(gt=0, le=10_080)] | FromEvidence | None = None
    """Every so many minutes; none where only `trigger` starts it."""
    trigger: str = ""
    """Event that starts it, such as ``handover:scrub_nurse`` or ``blood_loss``."""
    duration_min: AMinutes = 5.0
    """How long it takes."""
    tolerance_min: AMinutes = 15.0
    """May be this early or late, so that it keeps out of critical steps."""
    served_by: list[Reference]
    """Covers whose people do it."""
    begins: list[Reference] | Reference
    """Activity at whose start it begins; of several, the first that takes place."""
    ends: list[Reference] | Reference
    """Activity at whose end it ends; of several, the first that takes place."""
    when: Condition | None = None
    """Only where this holds."""
    operations: Operations = "all"
    """Only in these operations."""


class OptionSpec(Part):
    """One way on from a branch."""

    id: Name
    """Short name."""
    title: Text
    """What is decided."""
    adds: list[ActivitySpec] = []
    """Activities done in addition; one without ``after`` comes after the activity of the branch."""
    before: list[Reference] = []
    """Activities that wait for the added ones."""
    drops: list[Reference] = []
    """Activities not done any more."""
    drops_rest: Annotated[bool, Strict()] = False
    """Nothing that follows the activity of the branch is done, save what `keeps` names."""
    keeps: list[Reference] = []
    """Activities done all the same."""


class BranchSpec(Part):
    """A decision that the day may force."""

    id: Name
    """Short name."""
    title: Text
    """What has happened."""
    at: Reference
    """Activity at whose end it is taken; a repeated one has a branch at each repetition."""
    trigger: Name
    """Word for the event, such as ``failed_clamp_test``."""
    options: Annotated[list[OptionSpec], Field(min_length=1)]
    """The ways on, preferred first."""
    when: Condition | None = None
    """Only where this holds."""
    operations: Operations = "all"
    """Only in these operations."""


class Titled(Part):
    """A name for something."""

    id: Name
    """Short name."""
    title: Text
    """As it is printed."""


class SkillSpec(Part):
    """A skill that people bring."""

    title: Text
    """As it is printed."""


class RoomSpec(Titled):
    """A room with places."""

    places: Annotated[Whole, Field(ge=1, le=20)] = 1
    """Activities that run in it at once on different patients; joined children count as one."""


class StockSpec(Part):
    """Devices or supplies, and how many there are."""

    title: Text
    """As it is printed."""
    count: Annotated[Whole, Field(ge=0, le=100_000)]
    """Units there are."""
    unit: str = "unit"
    """What one is: unit, pack, set."""


class ShiftSpec(Part):
    """From when to when, in hours from wheels in (for standby: from the end of the operation)."""

    from_h: Annotated[Number, Field(ge=-24, le=168)] = 0.0
    """Start."""
    to_h: Annotated[Number, Field(ge=-24, le=168)]
    """End."""


class PersonSpec(Part):
    """One person, or a role name until the team writes its own."""

    id: Name
    """Short name."""
    name: Text
    """As it is printed on the role card."""
    skills: Annotated[dict[str, Annotated[Whole, Field(ge=0, le=5)]], Field(min_length=1)]
    """Skill to level, 0 to 5."""
    team: Patient | None = None
    """Colour: A (purple), B (orange), mother, or none."""
    shift: ShiftSpec | None = None
    """On duty; default: the whole day."""
    hours_awake: Annotated[Number, Field(ge=0, le=48)] = 2.0
    """At the start of the shift."""
    pool: Literal["room", "relief", "standby"] = "room"
    """In the room, relieving, or standing by after the operation."""


class RulesSpec(Part):
    """Working rules; what is not given does not hold."""

    break_min: AMinutes | None = None
    """Length of a break."""
    break_within_min: AMinutes | None = None
    """Longest continuous work between breaks; cover counts as work."""
    longest_duty_min: AMinutes | None = None
    """From a person's first to last minute of work."""
    handover_min: AMinutes | None = None
    """Outgoing and incoming of a cover are both present for so long."""
    handover_clear_min: AMinutes | None = None
    """No handover so close to a critical activity where it can be avoided."""
    micro_pause_factor: Annotated[Number, Field(ge=1, le=1.5)] | FromEvidence | None = None
    """Long activities in the sterile field take so many times as long."""
    plan_quantile: Annotated[Number, Field(gt=0, lt=1)] | None = None
    """Quantile of the durations that is planned with; default 0.5, the median."""
    grid_min: Annotated[Whole, Field(ge=1, le=60)] | None = None
    """Starts lie on this grid; default 1. Each wait for the next mark of a coarser one lengthens the day."""


class StandbySpec(Part):
    """The fresh team that can reopen, after the operation."""

    ready_within_min: AMinutes
    """How soon it stands at the table."""
    for_h: Annotated[Number, Field(gt=0, le=720)] | FromEvidence
    """How long it stands by after the operation."""
    needs: Annotated[list[NeedSpec], Field(min_length=1)]
    """Who is needed for one patient; people of pool ``standby`` must do for all `patients` at once."""
    patients: list[Patient] | None = None
    """Who may have to be reopened; default: all."""


class ChoiceSpec(Part):
    """A question that the team answers in its team file, for ``when``."""

    title: Text
    """The question."""
    values: Annotated[list[str], Field(min_length=2)] | None = None
    """Answers to choose from; or `low` and `high` for a number."""
    low: Number | None = None
    """Smallest number."""
    high: Number | None = None
    """Largest number."""
    default: str | Number
    """Answer where the team gives none: an assumption."""


class ClosureSpec(Part):
    """What is to be closed on one child."""

    scalp_cm2: Annotated[Number, Field(ge=0, le=2_000)] | FromEvidence
    """Skin."""
    bone_cm2: Annotated[Number, Field(ge=0, le=2_000)] | FromEvidence
    """Bone."""
    dura_cm2: Annotated[Number, Field(ge=0, le=2_000)] | FromEvidence
    """Dura."""


class DefaultsSpec(Part):
    """What is assumed where no result of the body stations tells it."""

    operations: Annotated[Whole, Field(ge=1, le=9)] = 1
    """In how many operations."""
    crossings: Annotated[Whole, Field(ge=0, le=200)] | FromEvidence = 0
    """Number of vessels to be dealt with."""
    closure: dict[Literal["A", "B"], ClosureSpec] = {}
    """Areas to be closed."""
    weight_kg: dict[Patient, Annotated[Number, Field(gt=0, le=200)] | FromEvidence] = {}
    """Weight."""
    haematocrit: dict[Patient, Annotated[Number, Field(gt=0, lt=1)] | FromEvidence] = {}
    """Share of red cells in the blood."""


class ProtocolFile(Part):
    """The whole of a protocol file."""

    format: Literal[1]
    """Version of this file's layout; always 1."""
    id: Name
    """Short name of the protocol."""
    title: Text
    """A line for the top of every page."""
    about: str = ""
    """What it is for, what it rests on and what the team must set."""
    patients: Annotated[list[Patient], Field(min_length=1, max_length=3)]
    """Who is operated on: A, B, mother."""
    operations: Annotated[list[Annotated[Whole, Field(ge=1, le=9)]], Field(min_length=1, max_length=9)] = [1]
    """Numbers of operations that it is written for."""
    parts: Annotated[bool, Strict()] | None = None
    """Whether the children are parted in the last operation; default: yes where A and B are the patients."""
    longest_h: Annotated[Number, Field(gt=0, le=168)] = 48.0
    """Longest day that is planned; shifts lie inside."""
    choices: dict[Name, ChoiceSpec] = {}
    """Questions that the team answers."""
    defaults: DefaultsSpec = DefaultsSpec()
    """Assumed where nothing better is known."""
    skills: Annotated[dict[Name, SkillSpec], Field(min_length=1)]
    """Skills by id."""
    phases: Annotated[list[Titled], Field(min_length=1)]
    """Phases in order."""
    rooms: list[RoomSpec] = []
    """Rooms."""
    equipment: dict[Name, StockSpec] = {}
    """Devices that are held and given back."""
    consumables: dict[Name, StockSpec] = {}
    """Supplies that are used up; stock, never what a patient is given."""
    activities: Annotated[list[ActivityOrBlock], Field(min_length=1, max_length=600)]
    """Everything that is done."""
    covers: list[CoverSpec] = []
    """Continuous roles."""
    recurring: list[RecurringSpec] = []
    """What is done again and again."""
    branches: list[BranchSpec] = []
    """Decisions that the day may force."""
    responses: Annotated[list[ResponseSpec], Field(max_length=200)] = []
    """What is done when a complication strikes; of the list of complications all, or none yet."""
    standby: StandbySpec | None = None
    """The fresh team after the operation."""
    rules: RulesSpec = RulesSpec()
    """Working rules."""
    roster: Annotated[list[PersonSpec], Field(min_length=1, max_length=300)]
    """People, by role until the team writes its own."""

    @property
    def parts_children(self) -> bool:
        """Whether the children are parted in the last operation."""
        return set(self.patients) == {"A", "B"} if self.parts is None else self.parts

    @field_validator("format", mode="before")
    @classmethod
    def _no_truth_value(cls, value: Any) -> Any:
        """Refuse ``true``, which Python takes for 1."""
        if isinstance(value, bool):
            raise ValueError("a truth value")
        return value
