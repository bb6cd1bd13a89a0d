"""What a team file may say: the nouns of ``team.yaml``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from separatrix.team.protocol.file import PersonSpec, RoomSpec, RulesSpec
from separatrix.team.protocol.words import Name, Number, Part, Whole

Counts = Annotated[dict[Name, Annotated[Whole, Field(ge=0, le=100_000)]], Field(default_factory=dict)]


class TeamFile(Part):
    """The whole of ``team.yaml``; what is not given stays as the protocol has it."""

    format: Literal[1]
    """Version of this file's layout; always 1."""
    title: str = ""
    """Name of the team."""
    protocol: str | None = None
    """Id of the protocol that it is written for; refused with another."""
    people: Annotated[list[PersonSpec], Field(max_length=500, default_factory=list)]
    """Who there is; given, they replace the whole roster of the protocol."""
    rooms: Annotated[list[RoomSpec], Field(default_factory=list)]
    """Rooms, in place of those of the same id."""
    equipment: Counts
    """How many of each device there are."""
    consumables: Counts
    """How many units of each supply there are."""
    rules: RulesSpec = RulesSpec()
    """Working rules, in place of the protocol's."""
    choices: Annotated[dict[Name, str | Number], Field(default_factory=dict)]
    """Answers to the protocol's questions."""

    @field_validator("format", mode="before")
    @classmethod
    def _no_truth_value(cls, value: Any) -> Any:
        """Refuse ``true``, which Python takes for 1."""
        if isinstance(value, bool):
            raise ValueError("a truth value")
        return value
