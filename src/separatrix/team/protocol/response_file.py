"""What a protocol file may say of complications: who leads, who comes, what is done first."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from separatrix.team.protocol.words import AMinutes, DurationSpec, Name, Part, Text, Whole


class CallSpec(Part):
    """Who comes beside those who are there."""

    skill: Name
    """Id of a skill."""
    count: Annotated[Whole, Field(ge=1, le=20)] = 1
    """How many people."""
    team: Literal["same", "other", "A", "B", "mother"] | None = None
    """``same``: the colour of who is struck; ``other``: of the other child; none: whoever is nearest."""
    level: Annotated[Whole, Field(ge=0, le=5)] = 0
    """Lowest level of skill, 0 to 5."""
    task: Text
    """What they do, as it is printed on their role cards."""


class ScriptSpec(Part):
    """What is done in one state of the children."""

    leader: Name
    """Skill that leads, from the team of who is struck."""
    actions: Annotated[list[Text], Field(min_length=1, max_length=12)]
    """First actions in order, short; a reminder, never an amount of a drug."""
    calls: list[CallSpec] = []
    """Who comes, and for what."""
    equipment: dict[str, Annotated[Whole, Field(ge=1, le=1_000)]] = {}
    """Devices that are brought."""
    consumables: dict[str, Annotated[Whole, Field(ge=1, le=10_000)]] = {}
    """Units brought at once."""
    within_min: AMinutes = 5.0
    """Target for all to be there."""
    control: DurationSpec | None = None
    """Time until it is under control; none where nobody can say."""
    give_up: Annotated[str, Field(max_length=400)] = ""
    """When to stop or change the plan."""


class ResponseSpec(Part):
    """The response to one complication: joined and apart are different emergencies, so it exists twice."""

    id: Name
    """Id in the list of complications, such as ``complication.vae_any``."""
    title: Text
    """As it is called out loud."""
    of_pair: Annotated[bool, Strict()] = False
    """While joined it strikes both children at once, such as air in a shared sinus."""
    of_room: Annotated[bool, Strict()] = False
    """It strikes the room and all in it, joined or apart: power, fire, people."""
    after_operation: Annotated[bool, Strict()] = False
    """It strikes in the days after, where the team on standby answers."""
    only_joined: Annotated[bool, Strict()] = False
    """It cannot strike any more when the children are apart."""
    joined: ScriptSpec | None = None
    """What is done while the children are joined."""
    apart: ScriptSpec | None = None
    """What is done when they are apart."""
    mother: ScriptSpec | None = None
    """What is done where it strikes the mother."""
