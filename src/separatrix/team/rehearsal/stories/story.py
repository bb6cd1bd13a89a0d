"""The nouns of a replay: one rehearsal told minute by minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from separatrix.team.protocol.inputs import Patient
from separatrix.team.protocol.model import Response

Floats = npt.NDArray[np.float64]
CrisisStatus = Literal["in_time", "late", "nobody"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One event in plain words."""

    minute: float
    """From wheels in."""
    kind: str
    """Such as ``start``, ``strike``, ``called``, ``delivery``: what a reader may filter by."""
    words: str
    patients: tuple[Patient, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """One call of a response, and who answered it."""

    skill: str
    team: Patient | None
    task: str
    """``leads`` for the leader."""
    person: str
    """Name; empty where nobody could come."""
    where: str
    """Where the person was when called; empty where nobody came."""
    minutes: float
    """From the strike until the person was there; infinite where nobody came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crisis:
    """One complication, from its strike until it was under control."""

    number: int
    """From 1, by time."""
    minute: float
    complication: str
    title: str
    state: Literal["joined", "apart"]
    struck: tuple[Patient, ...]
    """Empty where it struck the room."""
    of_pair: bool
    activity: str
    activity_title: str
    response: Response | None
    """None where the protocol has none."""
    came: tuple[Came, ...]
    """The leader first."""
    missing: tuple[str, ...]
    """Who or what nobody could bring."""
    stopped: tuple[str, ...]
    """Titles of the activities that were held by it."""
    arrival_min: float
    """From the strike until all were there who came."""
    control_min: float
    """From the strike until it was under control."""
    status: CrisisStatus
    forced: bool = False

    @property
    def ends_min(self) -> float:
        """When it was under control, from wheels in."""
        return self.minute + self.control_min


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedActivity:
    """An activity as it was planned and as it was played."""

    id: str
    title: str
    phase: str
    patients: tuple[Patient, ...]
    critical: bool
    planned: tuple[float, float] | None
    """None for one that only a branch added."""
    played: tuple[float, float] | None
    """None where it was dropped, or never came."""
    held: tuple[tuple[float, float], ...]
    """From when to when it stood still."""
    people: tuple[str, ...]
    """Ids of who did it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch of one person's day as it was played."""

    person: str
    """Id."""
    kind: Literal["activity", "cover", "crisis"]
    title: str
    patients: tuple[Patient, ...]
    start_min: float
    end_min: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """One who did anything."""

    id: str
    name: str
    team: Patient | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Blood of one patient over the operation; arrays of one length, one value for each step."""

    patient: Patient
    minute: Floats
    volume_ml: Floats
    haematocrit: Floats
    """Fraction."""
    temperature_c: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One rehearsal, told."""

    title: str
    """Of the procedure."""
    seed: int
    number: int
    """Of the rehearsal: the same seed and number give the same story."""
    phases: tuple[str, ...]
    patients: tuple[Patient, ...]
    separation_min: float | None
    """None where it never came."""
    circulations_part_min: float | None
    end_min: float
    planned_separation_min: float | None
    planned_end_min: float
    staged: bool
    lines: tuple[Line, ...]
    crises: tuple[Crisis, ...]
    activities: tuple[PlayedActivity, ...]
    people: tuple[Player, ...]
    """Who did anything, in the order of the team."""
    stretches: tuple[Stretch, ...]
    curves: tuple[Curve, ...]
    products: tuple[tuple[float, Patient, int, int, int], ...] = ()
    """Deliveries: minute, patient, packs of red cells, plasma, platelets."""
