"""What nobody who is left can do: proofs by counting that a day cannot be finished by its rules.

Each proof leaves something out (who is busy elsewhere, rooms, critical steps), never something in: what is
told here holds for every plan. Nothing told does not mean that there is a plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from separatrix.team.choreography.arrays import Compiled, Past

MOST_TOLD = 4
"""So many lacks are told; mend those first."""


@dataclass(frozen=True, slots=True)
class _Day:
    """Who can be had from when to when, and how early everything can be."""

    compiled: Compiled
    past: Past
    begin: list[int]
    """(p,) minutes."""
    end: list[int]
    """(p,) end of the shift, or of the longest duty where that is known to be earlier."""

    def able(self, kind: int) -> list[int]:
        return [p for p in range(len(self.begin)) if self.compiled.problem.kind_ok[kind, p]]

    def names(self, people: list[int]) -> str:
        return ", ".join(self.compiled.procedure.people[p].id for p in people) or "nobody"


def nobody_can(compiled: Compiled, past: Past) -> str:
    """Which roles cannot be filled, when, by anybody who is left; empty where counting proves nothing.

    Parameters
    ----------
    compiled
        The procedure as it is now.
    past
        What has happened.
    """
    day = _Day(compiled, past, *_hours(compiled, past))
    told: list[str] = []
    start = _earliest(day, told)
    if not told:
        told = list(dict.fromkeys(_cover_lacks(day, start)))
    return "; ".join(told[:MOST_TOLD])


def _hours(compiled: Compiled, past: Past) -> tuple[list[int], list[int]]:
    problem = compiled.problem
    begin = [max(int(s), int(f)) for s, f in zip(problem.shift[:, 0], past.free_from, strict=True)]
    end = [int(e) for e in problem.shift[:, 1]]
    if problem.duty:
        activity = {a.id: i for i, a in enumerate(compiled.procedure.activities)}
        works = [(int(p), int(s)) for _, _, p, s, _, _ in past.stretches]
        works += [
            (int(p), int(past.start[activity[name]]))
            for (name, _), p in zip(compiled.slots, past.person, strict=True)
            if p >= 0
        ]
        for person, since in works:
            end[person] = min(end[person], since + problem.duty)
    return begin, end


def _earliest(day: _Day, told: list[str]) -> list[int]:
    """Earliest start of every activity by order and shifts; lacks of people for an activity are told."""
    problem, past = day.compiled.problem, day.past
    blocks = [
        problem.block_acts[problem.block_ptr[b] : problem.block_ptr[b + 1]]
        for b in range(len(problem.release))
    ]
    fixed = [max(int(past.start[i]) for i in block) for block in blocks]
    start = [f if f >= 0 else max(int(r), past.now) for f, r in zip(fixed, problem.release, strict=True)]
    for _ in range(len(blocks)):
        before = list(start)
        for b, block in enumerate(blocks):
            if fixed[b] >= 0:
                continue
            for i in range(problem.pred_ptr[b], problem.pred_ptr[b + 1]):
                start[b] = max(start[b], start[problem.pred_block[i]] + int(problem.pred_off[i]))
            for activity in block:
                start[b] = _staffed_from(day, int(activity), start[b], told)
        if start == before or told:
            break
    return [start[b] for b in problem.block_of]


def _staffed_from(day: _Day, activity: int, at: int, told: list[str]) -> int:
    """First minute from which enough of every kind are on duty for the whole of an activity."""
    problem = day.compiled.problem
    length = int(problem.length[activity])
    slots = range(problem.slot_ptr[activity], problem.slot_ptr[activity + 1])
    for kind, count in Counter(int(problem.slot_kind[s]) for s in slots).items():
        able = day.able(kind)
        for moment in sorted({at, *(day.begin[p] for p in able if day.begin[p] > at)}):
            there = [p for p in able if day.begin[p] <= moment and moment + length <= day.end[p]]
            if len(there) >= count:
                at = moment
                break
        else:
            name, skill = next(day.compiled.slots[s] for s in slots if problem.slot_kind[s] == kind)
            left = [p for p in able if max(day.begin[p], at) + length <= day.end[p]]
            told.append(
                f"{name} needs {count} {skill} for {length} min from minute {at} on; "
                f"there is {day.names(left)}"
            )
            return at
    return at


def _cover_lacks(day: _Day, start: list[int]) -> Iterator[str]:
    """Covers that have begun and that nobody can hold up to the earliest minute at which they may end."""
    problem, now = day.compiled.problem, day.past.now
    ends = [start[a] + int(problem.length[a]) for a in problem.cover_ends]
    begun = [c for c, a in enumerate(problem.cover_begins) if day.past.start[a] >= 0 and ends[c] > now]
    for kind in sorted({int(problem.cover_kind[c]) for c in begun}):
        covers = [c for c in begun if problem.cover_kind[c] == kind]
        able = day.able(kind)
        edges = {now, *(ends[c] for c in covers), *(day.begin[p] for p in able), *(day.end[p] for p in able)}
        edges |= {day.begin[p] + problem.handover for p in able}
        moments = sorted(m for m in edges if now <= m <= max(ends[c] for c in covers))
        for i, first in enumerate(moments):
            yield from _unbridged(day, covers, ends, able, first)
            for last in moments[i + 1 :]:
                yield from _too_long(day, [c for c in covers if ends[c] >= last], able, first, last)


def _unbridged(day: _Day, covers: list[int], ends: list[int], able: list[int], moment: int) -> Iterator[str]:
    """A turn overlaps with the next: before and after every minute the same people must be there."""
    problem = day.compiled.problem
    running = [c for c in covers if ends[c] > moment > day.past.now]
    count = sum(int(problem.cover_count[c]) for c in running)
    there = [p for p in able if day.begin[p] < moment < day.end[p]]
    if problem.handover and len(there) < count:
        yield (
            f"{_covers(day, running)} at minute {moment}, to take over before it; on duty: {day.names(there)}"
        )


def _too_long(day: _Day, covers: list[int], able: list[int], first: int, last: int) -> Iterator[str]:
    """Those on duty, with their breaks, are fewer minutes there than are asked for."""
    problem = day.compiled.problem
    count = sum(int(problem.cover_count[c]) for c in covers)
    spans = {p: min(day.end[p], last) - max(day.begin[p], first) for p in able}
    there = [p for p in able if spans[p] > 0]
    minutes = sum(_most_work(spans[p], problem.within, problem.rest) for p in there)
    longest = max((int(problem.cover_longest[c]) for c in covers), default=0)
    if problem.rest:
        longest = min(longest, problem.within)
    since = _on_since(day, covers, first)
    in_time = [p for p in there if day.begin[p] + problem.handover < last]  # to let anybody go before
    alone = len(in_time) == count and last - since > longest and problem.handover > 0
    told = f"{_covers(day, covers)} from minute {first} to {last}; on duty: "
    if count and alone:
        yield (
            f"{told}{day.names(in_time)}, whom nobody can relieve after {longest} min on cover, "
            f"at minute {since + longest}"
        )
    elif count and minutes < count * (last - first):
        yield f"{told}{day.names(there)}, for {minutes} of the {count * (last - first)} min at most"


def _on_since(day: _Day, covers: list[int], first: int) -> int:
    """Since when those on cover at a minute have been, as far as that is known."""
    if first > day.past.now:
        return first
    return min((int(row[3]) for row in day.past.stretches if row[5] and row[0] in covers), default=first)


def _most_work(span_min: int, within_min: int, rest_min: int) -> int:
    """Most minutes of work in a stretch of time, with a rest after each longest run of work."""
    if rest_min <= 0:
        return span_min
    rounds, left = divmod(span_min, within_min + rest_min)
    return rounds * within_min + min(left, within_min)


def _covers(day: _Day, covers: list[int]) -> str:
    named = [day.compiled.procedure.covers[c] for c in covers]
    count = sum(cover.count for cover in named)
    return f"{', '.join(cover.id for cover in named)} needs {count} {named[0].skill if named else ''}"
