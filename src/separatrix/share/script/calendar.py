"""A person's script as a calendar file."""

from __future__ import annotations

import datetime as dt

from separatrix.share.script.cards import RoleCard
from separatrix.share.script.pages import SAFETY

UNDATED = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""Wheels in of a script whose day is not fixed yet: says so in every entry."""


def to_ical(card: RoleCard, *, procedure: str, begins: dt.datetime | None) -> bytes:
    """One calendar with one event for each line of the person's script.

    Parameters
    ----------
    procedure
        Id of the procedure; part of every event's lasting id.
    begins
        Aware clock of wheels in; None where no day is fixed: then the times count from a stand-in day.
    """
    from icalendar import Calendar, Event

    start = begins or UNDATED
    calendar = Calendar()
    calendar.add("prodid", "-//Separatrix//script//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", f"{card.person.name}: {procedure}")
    for number, entry in enumerate(card.script):
        event = Event()
        event.add("uid", f"{procedure}-{card.person.id}-{number}@separatrix")
        # The script's own day, not the day of writing: the same plan gives the same bytes.
        event.add("dtstamp", start)
        event.add("dtstart", start + dt.timedelta(minutes=entry.start_min))
        event.add("dtend", start + dt.timedelta(minutes=entry.end_min))
        event.add("summary", entry.what + (" (critical)" if entry.critical else ""))
        if entry.where:
            event.add("location", entry.where)
        lines = [f"With {', '.join(entry.with_whom)}." if entry.with_whom else "", SAFETY]
        if begins is None:
            lines.insert(
                0, "The day is not fixed: times count from wheels in at the start of this stand-in day."
            )
        event.add("description", " ".join(line for line in lines if line))
        calendar.add_component(event)
    return bytes(calendar.to_ical())
