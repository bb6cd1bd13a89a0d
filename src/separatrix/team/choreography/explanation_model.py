"""The nouns of an explanation: what clashes and how to mend it, or what binds a plan that there is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from separatrix.core import Fault, StorageError
from separatrix.core.storage import read_json, to_json

FORMAT = 1
"""Version of the layout of ``explanation.json``."""

FactKind = Literal[
    "order",
    "together",
    "earliest",
    "consumable",
    "equipment",
    "room",
    "closed",
    "place",
    "field",
    "skill",
    "shift_begin",
    "shift_end",
    "critical",
    "continuity",
    "shortest",
    "longest",
    "handover",
    "duty",
    "break",
]
"""What kind of thing is named in a clash."""

WaitKind = Literal[
    "begin", "order", "earliest", "shift", "field", "room", "equipment", "person", "break", "unexplained"
]
"""What a step waits for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A rule, a person's time, a count or a moment that could be otherwise."""

    kind: FactKind
    about: str
    """Id of what it is about: a skill, a person, a room with the number of its closing, a step, …"""
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A fact of a clash."""

    fact: Fact
    is_enough: bool
    """Whether a plan was found, and checked, once this fact alone was taken away from everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Facts that cannot all hold, none of them to spare."""

    named: tuple[Named, ...]
    steps: tuple[str, ...]
    """Where it shows: steps and covers in words, with the earliest time that order alone allows."""
    is_proven: bool
    """False: no plan was found, which does not prove that there is none."""
    because: str
    """How it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Changes with which a plan was found that keeps every rule."""

    words: tuple[str, ...]
    kind: str
    """Kind of the dearest change."""
    separation_min: int | None
    end_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One step of the chain that sets the end, and what it waits for."""

    activity: str
    title: str
    start_min: int
    end_min: int
    kind: WaitKind
    waits_for: str
    """Step that it waits for; empty where it waits for no step."""
    waited_min: int
    """Minutes beyond what order alone asks for."""
    words: str
    skill: str = ""
    """Skill that is waited for, where somebody is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillHour:
    """People with one skill in one hour of the day."""

    hour: int
    at_work: int
    """Most that work with this skill at one moment."""
    on_duty: int
    """Fewest with this skill who are on duty."""
    free: int
    """Fewest of those who have nothing to do at a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillDay:
    """One skill, hour by hour."""

    skill: str
    title: str
    hours: tuple[SkillHour, ...]

    @property
    def hours_without_spare(self) -> int:
        """Hours in which, at some moment, everybody with the skill is taken."""
        return sum(h.at_work > 0 and h.free == 0 for h in self.hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDay:
    """What the plan asks of one person."""

    person: str
    name: str
    begin_min: int
    end_min: int
    """From first to last work."""
    work_min: int
    longest_without_break_min: int
    awake_at_end_h: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What one more person with a skill would save: by the quick planner, both times."""

    skill: str
    title: str
    separation_saved_min: int | None
    end_saved_min: int
    """0 where no better plan was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a script is as it is, or why there is none."""

    feasible: bool
    summary: tuple[str, ...]
    """Sentences for everybody."""
    clashes: tuple[Clash, ...] = ()
    repairs: tuple[Repair, ...] = ()
    """Cheapest first."""
    repairs_because: str = ""
    """In which order they stand, and what was tried in vain."""
    chain: tuple[Link, ...] = ()
    """From wheels in to the moment that is explained."""
    waits_min: tuple[tuple[str, int], ...] = ()
    """Minutes of the chain by what is waited for; together the whole chain."""
    bottleneck: str = ""
    """Skill with the least to spare; empty where every skill always has somebody free."""
    skills: tuple[SkillDay, ...] = ()
    people: tuple[PersonDay, ...] = ()
    savings: tuple[Saving, ...] = ()
    savings_because: str = ""
    """Which skills were tried, and why no others."""

    def to_dict(self) -> dict[str, Any]:
        """As it is stored in ``explanation.json``."""
        told = asdict(self)
        return {"format": FORMAT} | told


def read_explanation(path: Path) -> Explanation:
    """Read ``explanation.json`` back.

    Raises
    ------
    StorageError
        If the file cannot be read, is no JSON or is no explanation; each place that is amiss is a fault.
    """
    from pydantic import TypeAdapter, ValidationError

    data = read_json(path)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        found = f"format {data.get('format')!r}" if isinstance(data, dict) else type(data).__name__
        raise StorageError(_amiss(path, "format", f"is no explanation of this program ({found})"))
    told = {key: value for key, value in data.items() if key != "format"}
    try:
        # from text, as only there a list may stand for a tuple while everything else is taken at its word
        return TypeAdapter(Explanation).validate_json(to_json(told), strict=True)
    except ValidationError as error:
        raise StorageError(
            *(_amiss(path, ".".join(map(str, e["loc"])), e["msg"]) for e in error.errors())
        ) from error


def _amiss(path: Path, field: str, problem: str) -> Fault:
    return Fault(
        file=str(path),
        field=field,
        problem=problem,
        expected=f"a file as the plan writes it, format {FORMAT}",
        mend="run the plan again with --force",
    )
