"""Scenarios for a human rehearsal with dolls: which rehearsal is played, what strikes, who should come."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from separatrix.share.rehearsal.cues import cue_of
from separatrix.team.protocol.inputs import Patient
from separatrix.team.protocol.model import Call, Procedure, Response
from separatrix.team.rehearsal.stories.story import Came, Crisis, Story

_CARDS_A_DAY = 3
"""Cards printed for a whole day: two hours with dolls hold no more. The others stand on its run sheet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One rehearsal to be played by people."""

    id: str
    """``median``, ``worst``, or the complication."""
    title: str
    why: str
    """Why this rehearsal."""
    story: Story
    crises: tuple[Crisis, ...]
    """Those that are played, by time."""

    @property
    def is_day(self) -> bool:
        """A whole day with a run sheet, not one complication alone."""
        return self.id in ("median", "worst")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One line of who should come."""

    role: str
    task: str
    team: Patient | None
    came: Came | None
    """As the rehearsal played it; None where it was not played."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One page: one complication, to be announced, watched and scored."""

    number: str
    """Such as ``M1``: of the median, its first."""
    scenario: Scenario
    crisis: Crisis
    cue: str
    planned: tuple[float, float] | None
    """Where the activity stands in the script."""
    doing: tuple[str, ...]
    """What else goes on at that minute."""
    on_break: tuple[str, ...]
    places: tuple[Place, ...]
    bring: tuple[str, ...]
    sheet: int
    """Number of the crisis sheet; 0 for none."""

    @property
    def response(self) -> Response | None:
        """The protocol's script."""
        return self.crisis.response


def day(name: str, story: Story) -> Scenario:
    """The median or the worst rehearsal, with the complications that hold it up longest.

    Parameters
    ----------
    name
        ``median`` or ``worst``.
    """
    why = {
        "median": "The rehearsal in the middle: as many end later as end sooner.",
        "worst": "One of the slowest: only one in twenty ends later.",
    }[name]
    struck = [
        crisis for crisis in story.crises if crisis.activity
    ]  # the days after are not played in theatre
    longest = sorted(struck, key=lambda c: (-c.control_min, c.number))
    chosen: dict[tuple[str, str, tuple[Patient, ...]], Crisis] = {}
    for crisis in longest:
        chosen.setdefault((crisis.complication, crisis.state, crisis.struck), crisis)
    played = sorted(list(chosen.values())[:_CARDS_A_DAY], key=lambda c: c.number)
    return Scenario(id=name, title=f"The {name} day", why=why, story=story, crises=tuple(played))


def chosen(complication: str, story: Story) -> Scenario:
    """One complication, as a rehearsal played it: a forced one before one that was drawn.

    Raises
    ------
    ValueError
        If the complication does not strike in this rehearsal.
    """
    found = sorted((c for c in story.crises if c.complication == complication), key=lambda c: not c.forced)
    if not found:
        raise ValueError(f"{complication} does not strike in rehearsal {story.number} of seed {story.seed}")
    crisis = found[0]
    return Scenario(
        id=f"{complication.split('.')[-1]}-{crisis.state}",
        title=f"{crisis.title}, {crisis.state}",
        why=f"Chosen: it strikes at “{crisis.activity_title}”.",
        story=story,
        crises=(crisis,),
    )


def cards_of(scenario: Scenario, procedure: Procedure, letter: str, *, first: int = 1) -> tuple[Card, ...]:
    """The cards of one scenario.

    Parameters
    ----------
    letter, first
        Cards are numbered by them: ``M1``, ``M2``, …
    """
    sheets = {c: n for n, c in enumerate(dict.fromkeys(r.complication for r in procedure.responses), start=1)}
    return tuple(
        _card(scenario, crisis, procedure, f"{letter}{number}", sheets.get(crisis.complication, 0))
        for number, crisis in enumerate(scenario.crises, start=first)
    )


def _card(scenario: Scenario, crisis: Crisis, procedure: Procedure, number: str, sheet: int) -> Card:
    story = scenario.story
    doing = [
        a.title
        for a in story.activities
        if a.played and a.played[0] <= crisis.minute < a.played[1] and a.id != crisis.activity
    ]
    own = next((a for a in story.activities if a.id == crisis.activity), None)
    at_break = [
        came.person for came in crisis.came if came.where == "on a break"
    ]  # whoever is called from a break loses it: the scene must begin with them outside
    return Card(
        number=number,
        scenario=scenario,
        crisis=crisis,
        cue=cue_of(crisis.complication, crisis.title),
        planned=own.planned if own else None,
        doing=tuple(dict.fromkeys(doing)),
        on_break=tuple(at_break),
        places=_places(crisis, procedure.titles),
        bring=_bring(crisis.response, procedure.titles),
        sheet=sheet,
    )


def _places(crisis: Crisis, titles: Mapping[str, str]) -> tuple[Place, ...]:
    """The leader and every call, with who came in the rehearsal."""
    if crisis.came:
        return tuple(
            Place(
                role=titles.get(f"skill:{came.skill}", came.skill),
                task=_capital(came.task),
                team=came.team,
                came=came,
            )
            for came in crisis.came
        )
    response = crisis.response
    if response is None:
        return ()
    calls = [Call(skill=response.leader, team=response.patient, task="leads"), *response.calls]
    return tuple(
        Place(
            role=titles.get(f"skill:{call.skill}", call.skill),
            task=_capital(call.task),
            team=call.team,
            came=None,
        )
        for call in calls
        for _ in range(call.count)
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _bring(response: Response | None, titles: Mapping[str, str]) -> tuple[str, ...]:
    if response is None:
        return ()
    things = [(count, titles.get(f"equipment:{name}", name)) for name, count in response.equipment.items()]
    things += [
        (count, titles.get(f"consumable:{name}", name)) for name, count in response.consumables.items()
    ]
    return tuple(f"{count} × {title}" if count > 1 else title for count, title in things)


def minutes(value: float) -> str:
    """A short time as it is said.

    Examples
    --------
    >>> minutes(0.5), minutes(2.0), minutes(12.4), minutes(math.inf)
    ('30 s', '2 min', '12 min', 'nobody')
    """
    if not math.isfinite(value):
        return "nobody"
    return f"{round(value * 60)} s" if value < 1 else f"{value:.0f} min"
