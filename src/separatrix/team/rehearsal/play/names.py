"""What the indices of the flat arrays mean."""

from __future__ import annotations

from dataclasses import dataclass

from separatrix.team.protocol.inputs import Patient
from separatrix.team.protocol.model import Call, Need, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeName:
    """An activity of the procedure, or one that only a branch adds."""

    id: str
    """Unique; of a branch ``branch.option.activity``."""
    title: str
    activity: str
    branch: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainName:
    """One person's place in a cover that is always held."""

    cover: str
    title: str
    place: int
    """From 0, of the `Cover.count` places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnName:
    """One person's stretch of a chain."""

    chain: int
    person: int
    start_min: int
    end_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedName:
    """Who is asked for: one row of `Arrays.need_ptr`."""

    skill: str
    level: int
    team: Patient | None
    standby: bool = False
    """Whether those are asked who stand by after the operation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseName:
    """A response, and its calls one person each, the leader first."""

    response: Response
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseName:
    """What one draw is for."""

    complication: int
    patient: int
    """-1: the pair, or the room."""
    unit: str
    """Unit of risk of the published row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterName:
    """One row of the days after the operation."""

    complication: int
    patient: int
    share: float
    """Of its published window that is rehearsed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchName:
    """A branch and its options."""

    id: str
    title: str
    options: tuple[str, ...]
    option_titles: tuple[str, ...]
    first_option: int
    """Row of its first option in `Arrays.add_ptr`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What each index of `Arrays` means, in its order."""

    procedure: str
    nodes: tuple[NodeName, ...]
    phases: tuple[str, ...]
    patients: tuple[Patient, ...]
    people: tuple[str, ...]
    person_names: tuple[str, ...]
    needs: tuple[NeedName, ...]
    chains: tuple[ChainName, ...]
    turns: tuple[TurnName, ...]
    equipment: tuple[str, ...]
    stock: tuple[str, ...]
    complications: tuple[str, ...]
    complication_titles: tuple[str, ...]
    responses: tuple[ResponseName, ...]
    causes: tuple[CauseName, ...]
    branches: tuple[BranchName, ...]
    after: tuple[AfterName, ...]
    not_after: tuple[str, ...]
    """Complications that strike later than the hours rehearsed."""


def name_of_need(need: Need, *, standby: bool = False) -> NeedName:
    """The row that a need asks."""
    return NeedName(skill=need.skill, level=need.level, team=need.team, standby=standby)
