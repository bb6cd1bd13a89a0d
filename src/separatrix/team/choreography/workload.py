"""What a plan asks of each skill, hour by hour, and of each person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from separatrix.team.choreography.explanation_model import PersonDay, SkillDay, SkillHour
from separatrix.team.choreography.facts import plain, skills_asked
from separatrix.team.choreography.model import Assignment, Schedule
from separatrix.team.protocol.model import Person, Procedure

_HOUR = 60


def skill_days(procedure: Procedure, schedule: Schedule) -> tuple[SkillDay, ...]:
    """Every skill that is asked for, over the hours of the plan."""
    by_person = _taken(schedule)
    hours = range(-(-schedule.end_min // _HOUR))
    found = []
    for skill in skills_asked(procedure):
        able = [p for p in procedure.people if p.pool != "standby" and skill in p.skills]
        found.append(
            SkillDay(
                skill=skill,
                title=plain(procedure, "skill", skill),
                hours=tuple(
                    _hour(hour, skill, able, by_person, min((hour + 1) * _HOUR, schedule.end_min))
                    for hour in hours
                ),
            )
        )
    return tuple(found)


def _taken(schedule: Schedule) -> dict[str, list[Assignment]]:
    """What everybody does; who takes over a cover counts from the end of the handover: until then the
    other still has it."""
    meetings = {
        (a.person, a.activity, a.start_min): a.end_min for a in schedule.assignments if a.kind == "handover"
    }
    found: dict[str, list[Assignment]] = defaultdict(list)
    for item in schedule.assignments:
        if item.kind != "handover":
            begins = meetings.get((item.person, item.activity, item.start_min), item.start_min)
            found[item.person].append(replace(item, start_min=begins))
    return found


def _hour(
    hour: int, skill: str, able: Sequence[Person], by_person: dict[str, list[Assignment]], until: int
) -> SkillHour:
    begin = hour * _HOUR
    edges = {begin}
    for person in able:
        marks = [*person.shift_min, *(m for a in by_person[person.id] for m in (a.start_min, a.end_min))]
        edges.update(mark for mark in marks if begin < mark < until)
    counts = [_moment(minute, skill, able, by_person) for minute in sorted(edges)]
    return SkillHour(
        hour=hour,
        at_work=max(at_work for at_work, _, _ in counts),
        on_duty=min(on_duty for _, on_duty, _ in counts),
        free=min(free for _, _, free in counts),
    )


def _moment(
    minute: int, skill: str, able: Sequence[Person], by_person: dict[str, list[Assignment]]
) -> tuple[int, int, int]:
    at_work = on_duty = free = 0
    for person in able:
        now = [a for a in by_person[person.id] if a.start_min <= minute < a.end_min]
        at_work += any(a.skill == skill for a in now)
        there = person.shift_min[0] <= minute < person.shift_min[1]
        on_duty += there
        free += there and not now
    return at_work, on_duty, free


def bottleneck(skills: Sequence[SkillDay]) -> str:
    """The skill that has nobody to spare in most hours; empty where none ever lacks a spare."""
    worst = max(skills, key=lambda s: (s.hours_without_spare, sum(h.at_work for h in s.hours)), default=None)
    return worst.skill if worst and worst.hours_without_spare else ""


def person_days(procedure: Procedure, schedule: Schedule) -> tuple[PersonDay, ...]:
    """Everybody who has anything to do, the longest awake first."""
    by_person: dict[str, list[Assignment]] = defaultdict(list)
    for item in schedule.assignments:
        by_person[item.person].append(item)
    days = [_person_day(p, by_person[p.id]) for p in procedure.people if by_person[p.id]]
    return tuple(sorted(days, key=lambda d: (-d.awake_at_end_h, -d.longest_without_break_min, d.person)))


def _person_day(person: Person, items: Sequence[Assignment]) -> PersonDay:
    work = sorted((a.start_min, a.end_min) for a in items if a.kind in ("activity", "cover"))
    rests = [(a.start_min, a.end_min) for a in items if a.kind == "break"]
    begin, end = work[0][0], max(until for _, until in work)
    return PersonDay(
        person=person.id,
        name=person.name,
        begin_min=begin,
        end_min=end,
        work_min=_busy(work),
        longest_without_break_min=_longest(work, rests),
        awake_at_end_h=round(person.hours_awake + max(end - max(person.shift_min[0], 0), 0) / _HOUR, 2),
    )


def _busy(work: Sequence[tuple[int, int]]) -> int:
    total, until = 0, 0
    for begin, end in work:
        total += max(end - max(begin, until), 0)
        until = max(until, end)
    return total


def _longest(work: Sequence[tuple[int, int]], rests: Sequence[tuple[int, int]]) -> int:
    """Longest time from the begin of work to the next break; standing ready between steps is no break."""
    longest, since, until = 0, work[0][0], work[0][0]
    for begin, end in work:
        if any(until <= rest[0] and rest[1] <= begin for rest in rests):
            since = begin
        until = max(until, end)
        longest = max(longest, until - since)
    return longest
