"""What can be told without planning: lacks that any plan would have, found by counting."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace

from separatrix.team.choreography.facts import plain, skills_asked
from separatrix.team.choreography.terms import may_serve
from separatrix.team.protocol.model import Cover, Person, Procedure, Rules
from separatrix.team.protocol.network import longest_way
from separatrix.team.protocol.staffing import hours_text, shortages


def lack_by_counting(procedure: Procedure) -> str:
    """A lack that any plan would have, in words; empty where counting finds none.

    That it finds none does not mean that there is a plan. The order of steps has no circle.
    """
    for lacks in (_short_of_things(procedure), _short_of_people(procedure), _short_of_rest(procedure)):
        if lack := next(lacks, ""):
            return lack
    return ""


def _short_of_things(procedure: Procedure) -> Iterator[str]:
    used: Counter[str] = Counter()
    for activity in procedure.activities:
        used.update(activity.consumables)
        for item, units in sorted(activity.equipment.items()):
            have = procedure.equipment.get(item, 0)
            if units > have:
                title = plain(procedure, "equipment", item)
                yield f"“{activity.title}” needs {units} × {title}, there are {have}"
    for item, units in sorted(used.items()):
        have = procedure.consumables.get(item, 0)
        if units > have:
            yield f"{units} × {plain(procedure, 'consumable', item)} are needed, there are {have}"


def _short_of_people(procedure: Procedure) -> Iterator[str]:
    titles = {f"skill:{skill}": skill.replace("_", " ") for skill in skills_asked(procedure)}
    counted = replace(procedure, titles=titles | dict(procedure.titles), standby=None)
    return (shortage.problem for shortage in shortages(counted))


def _short_of_rest(procedure: Procedure) -> Iterator[str]:
    """Steps without room for a break, and covers whose people must rest for more than they can be spared.

    Of any stretch of time, nobody works more than the share that breaks leave. A cover takes `count` people
    for every minute of its stretch, so the shares of all who may serve must add up to that. Covers with the
    same two ends run at the same time and are counted together.
    """
    rules = procedure.rules
    if not (rules.break_min and rules.break_within_min):
        return
    for activity in procedure.activities:
        if activity.needs and activity.planned_min > rules.break_within_min:
            yield (
                f"“{activity.title}” lasts {hours_text(activity.planned_min)}, and nobody works for more "
                f"than {hours_text(rules.break_within_min)} without a break"
            )
    sides: dict[tuple[str, str, str], list[Cover]] = defaultdict(list)
    for cover in procedure.covers:
        sides[(cover.begins, cover.ends, cover.skill)].append(cover)
    for covers in sides.values():
        span = longest_way(procedure, covers[0].begins, covers[0].ends)
        asked = span * sum(cover.count for cover in covers)
        able = [p for p in procedure.people if p.pool != "standby" and _may_serve_any(p, covers)]
        if asked > len(able) * work_between_breaks_min(span, rules):
            title = " and ".join(f"“{cover.title}”" for cover in covers)
            yield (
                f"{title} last{'s' if len(covers) == 1 else ''} {hours_text(span)} at least; with a break of "
                f"{rules.break_min} min after at most {hours_text(rules.break_within_min)} of work the "
                f"{len(able)} who may serve are too few"
            )


def _may_serve_any(person: Person, covers: list[Cover]) -> bool:
    return any(may_serve(person, cover.skill, cover.level, cover.team) for cover in covers)


def work_between_breaks_min(span_min: int, rules: Rules) -> int:
    """Most minutes that one person can work within a span, with the breaks that the rules ask for.

    Examples
    --------
    >>> work_between_breaks_min(100, Rules(break_min=10, break_within_min=40))
    80
    """
    if not (rules.break_min and rules.break_within_min):
        return span_min
    rounds, rest = divmod(span_min, rules.break_within_min + rules.break_min)
    return rounds * rules.break_within_min + min(rest, rules.break_within_min)
