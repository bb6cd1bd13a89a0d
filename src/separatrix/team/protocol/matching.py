"""Who may do what: people with a skill, level and colour, and whether needs can be met at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from separatrix.team.protocol.model import Cover, Need, Person


def may_fill(person: Person, need: Need | Cover) -> bool:
    """Whether a person brings the skill at the level, and wears the colour or none."""
    level = person.skills.get(need.skill)
    return (
        level is not None and level >= need.level and (need.team is None or person.team in (None, need.team))
    )


def on_duty(people: Iterable[Person]) -> list[Person]:
    """People of the operation itself: all but those who stand by after it."""
    return [person for person in people if person.pool != "standby"]


def unmet(needs: Sequence[Need | Cover], people: Sequence[Person]) -> Need | Cover | None:
    """A need that stays open when each person fills one place at most; None where all are met."""
    places = [need for need in needs for _ in range(need.count)]
    holder: dict[str, int] = {}

    def seat(place: int, asked: set[str]) -> bool:
        for person in people:
            if person.id in asked or not may_fill(person, places[place]):
                continue
            asked.add(person.id)
            if person.id not in holder or seat(holder[person.id], asked):
                holder[person.id] = place
                return True
        return False

    return next((places[place] for place in range(len(places)) if not seat(place, set())), None)
