"""What goes on beside the activities: continuous roles, what recurs, and the team that stands by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from separatrix.team.protocol.activities import Ground, cover_ids, need_of, team_of
from separatrix.team.protocol.file import CoverSpec, RecurringSpec
from separatrix.team.protocol.inputs import Patient
from separatrix.team.protocol.model import Cover, Recurring, Standby
from separatrix.team.protocol.quantities import hours, minutes
from separatrix.team.protocol.repeat import keys_of, repeated_name, repeated_title


def covers_of(spec: CoverSpec, ground: Ground) -> Iterator[Cover]:
    """The repetitions of a continuous role; none where nothing that begins or ends it takes place."""
    for key, patients, begins, ends in _spans(spec, ground):
        yield Cover(
            id=repeated_name(spec.id, key),
            title=repeated_title(spec.title, key),
            skill=spec.skill,
            count=spec.count,
            begins=begins,
            ends=ends,
            patients=patients,
            team=team_of(spec.team, patients),
            level=spec.level,
            longest_min=round(minutes(spec.longest_min, ground.evidence)),
            shortest_min=round(minutes(spec.shortest_min, ground.evidence)),
        )


def recurring_of(spec: RecurringSpec, ground: Ground) -> Iterator[Recurring]:
    """The repetitions of something that recurs."""
    for key, patients, begins, ends in _spans(spec, ground):
        kind = "patient" if key else ""
        yield Recurring(
            id=repeated_name(spec.id, key),
            title=repeated_title(spec.title, key),
            every_min=None if spec.every_min is None else round(minutes(spec.every_min, ground.evidence)),
            trigger=spec.trigger,
            duration_min=round(minutes(spec.duration_min, ground.evidence)),
            tolerance_min=round(minutes(spec.tolerance_min, ground.evidence)),
            patients=patients,
            served_by=cover_ids(spec.served_by, ground.situation, kind=kind, key=key),
            begins=begins,
            ends=ends,
        )


def _spans(
    spec: CoverSpec | RecurringSpec, ground: Ground
) -> Iterator[tuple[str, tuple[Patient, ...], str, str]]:
    """Key, patients, first and last activity of each repetition that takes place."""
    if not ground.situation.takes_place(spec.operations, spec.when):
        return
    for key, patients, _ in keys_of(spec.for_each, spec.patients, ground.situation):
        begins = span_end(spec.begins, ground, key=key, last=False)
        ends = span_end(spec.ends, ground, key=key, last=True)
        if begins and ends:
            yield key, patients, begins, ends


def span_end(references: str | Sequence[str], ground: Ground, *, key: str, last: bool) -> str:
    """The first of several references that takes place; of its instances the first or last."""
    for reference in [references] if isinstance(references, str) else references:
        meant = ground.instances.meant(reference, "patient" if key else "", key)
        if found := [one.id for one in meant if one.present]:
            return found[-1 if last else 0]
    return ""


def standby_of(ground: Ground) -> Standby | None:
    """The team that stands by after the operation."""
    spec = ground.situation.protocol.standby
    if spec is None:
        return None
    return Standby(
        ready_within_min=minutes(spec.ready_within_min, ground.evidence),
        for_h=hours(spec.for_h, ground.evidence),
        patients=tuple(spec.patients or ground.situation.protocol.patients),
        needs=tuple(need_of(need, ()) for need in spec.needs),
    )
