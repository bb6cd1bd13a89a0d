"""Does a script keep every rule? Asked of the script alone, by reading it, with no solver and no decoder.

Each rule is one short function that yields what it finds wrong. Everything is found, nothing stops early.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from separatrix.team.choreography.model import Assignment, Schedule, ScheduledActivity, Violation
from separatrix.team.choreography.recurring import due
from separatrix.team.choreography.terms import apart, arcs, guarded, may_serve, overlap, places
from separatrix.team.protocol.model import Activity, ActivityMark, Cover, Person, Procedure


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What was planned before, and until when it has happened."""

    schedule: Schedule
    now_min: int


@dataclass(frozen=True, slots=True)
class _Script:
    """A schedule with what the rules look up."""

    procedure: Procedure
    schedule: Schedule
    history: History | None
    times: dict[str, ScheduledActivity] = field(default_factory=dict)
    steps: dict[str, Activity] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.times.update({a.id: a for a in self.schedule.activities})
        self.steps.update({a.id: a for a in self.procedure.activities})
        self.people.update({p.id: p for p in self.procedure.people})

    @property
    def now_min(self) -> int:
        return self.history.now_min if self.history else -1

    def known(self) -> Iterator[tuple[Activity, ScheduledActivity]]:
        """Activities that are in the procedure and in the schedule."""
        for name, step in self.steps.items():
            if name in self.times:
                yield step, self.times[name]

    def work(self) -> dict[str, list[Assignment]]:
        """Everybody's activities and turns of cover, by start."""
        by_person: dict[str, list[Assignment]] = defaultdict(list)
        for item in self.schedule.assignments:
            if item.kind in ("activity", "cover"):
                by_person[item.person].append(item)
        return {p: sorted(w, key=lambda a: (a.start_min, a.end_min)) for p, w in sorted(by_person.items())}

    def turns(self, cover: Cover) -> list[Assignment]:
        items = (a for a in self.schedule.assignments if a.kind == "cover" and a.activity == cover.id)
        return sorted(items, key=lambda a: (a.start_min, a.end_min))


Found = Iterator[Violation]


def check(
    procedure: Procedure, schedule: Schedule, *, history: History | None = None
) -> tuple[Violation, ...]:
    """Every rule that a schedule breaks.

    Parameters
    ----------
    procedure
        The rules: order, needs, people, rooms, covers and working rules.
    schedule
        What is to be checked.
    history
        For a re-planned schedule: the schedule before, and the minute of re-planning. Then what has
        happened must be unchanged, and rules about working hours are asked only of what can still be
        changed.

    Returns
    -------
    tuple of Violation
        Empty if the schedule keeps all rules.
    """
    script = _Script(procedure, schedule, history)
    return tuple(violation for rule in RULES for violation in rule(script))


def _span(item: ScheduledActivity | Assignment) -> tuple[int, int]:
    return item.start_min, item.end_min


def _said(span: tuple[int, int]) -> str:
    return f"from minute {span[0]} to {span[1]}"


def _presence(script: _Script) -> Found:
    """Every activity is there, once, with its planned length."""
    counted = Counter(a.id for a in script.schedule.activities)
    for name, number in counted.items():
        if name not in script.steps:
            yield Violation(rule="duration", what=f"{name} is in the schedule but not in the procedure")
        if number > 1:
            yield Violation(rule="duration", what=f"{name} is in the schedule {number} times")
    for name, step in script.steps.items():
        if name not in script.times:
            rule = "count" if ActivityMark.COUNT in step.marks else "duration"
            yield Violation(rule=rule, what=f"{name} ({step.title}) is left out")
            continue
        length = script.times[name].end_min - script.times[name].start_min
        if length != step.planned_min:
            yield Violation(
                rule="duration", what=f"{name} takes {length} min, planned are {step.planned_min}"
            )


def _precedence(script: _Script) -> Found:
    for arc in arcs(script.procedure):
        if arc.before in script.times and arc.after in script.times:
            before, after = script.times[arc.before], script.times[arc.after]
            if after.start_min < before.start_min + arc.offset_min:
                rule = "cover" if arc.because.startswith("cover") else "precedence"
                yield Violation(
                    rule=rule,
                    what=f"{arc.after} starts at {after.start_min}, before {arc.before} "
                    f"({before.start_min}) allows it: {before.start_min + arc.offset_min} ({arc.because})",
                )
    for step, time in script.known():
        if time.start_min < step.earliest_min:
            yield Violation(
                rule="precedence",
                what=f"{step.id} starts at {time.start_min}, before its earliest, {step.earliest_min}",
            )


def _rooms(script: _Script) -> Found:
    rooms = {room.id: room for room in script.procedure.rooms}
    two = apart(script.procedure)
    used: dict[str, list[tuple[Activity, ScheduledActivity]]] = defaultdict(list)
    for step, time in script.known():
        if step.planned_min == 0:
            continue
        if step.rooms and time.room not in step.rooms:
            yield Violation(
                rule="room", what=f"{step.id} is in '{time.room}', it may be in {list(step.rooms)}"
            )
        elif not step.rooms and time.room:
            yield Violation(rule="room", what=f"{step.id} needs no room but is in {time.room}")
        if time.room in rooms:
            used[time.room].append((step, time))
            begun = time.start_min < script.now_min
            for window in rooms[time.room].closed_min:
                if overlap(window, _span(time)) and not begun:
                    yield Violation(rule="room", what=f"{step.id} is in {time.room} while it is closed")
    for name, inside in used.items():
        for _, moment in inside:
            there = [(s, t) for s, t in inside if t.start_min <= moment.start_min < t.end_min]
            taken = set().union(*(places(s, s.id in two) for s, _ in there))
            if len(taken) > rooms[name].places:
                yield Violation(
                    rule="room",
                    what=f"{name} has {rooms[name].places} places, at minute {moment.start_min} it would "
                    f"need {len(taken)}: " + ", ".join(s.id for s, _ in there),
                )
    yield from _one_place_at_a_time(script)


def _one_place_at_a_time(script: _Script) -> Found:
    there = [(s, t) for s, t in script.known() if t.room and s.planned_min]
    for i, (step, time) in enumerate(there):
        for other, when in there[i + 1 :]:
            both = set(step.patients) & set(other.patients)
            if both and time.room != when.room and overlap(_span(time), _span(when)):
                yield Violation(
                    rule="room",
                    what=f"{', '.join(sorted(both))} in {time.room} ({step.id}) and "
                    f"in {when.room} ({other.id}) at once",
                )


def _fields(script: _Script) -> Found:
    there = [(s, t) for s, t in script.known() if s.sterile_field and s.planned_min]
    for i, (step, time) in enumerate(there):
        for other, when in there[i + 1 :]:
            both = set(step.sterile_field) & set(other.sterile_field)
            if both and overlap(_span(time), _span(when)):
                yield Violation(
                    rule="field",
                    what=f"{step.id} and {other.id} at once in the field of {', '.join(sorted(both))}",
                )


def _equipment(script: _Script) -> Found:
    for item in sorted({item for a in script.steps.values() for item in a.equipment}):
        there = [(s, t) for s, t in script.known() if s.equipment.get(item, 0) and s.planned_min]
        stock = script.procedure.equipment.get(item, 0)
        for _, moment in there:
            now = moment.start_min
            held = sum(s.equipment[item] for s, t in there if t.start_min <= now < t.end_min)
            if held > stock:
                yield Violation(rule="equipment", what=f"{held} of {item} at minute {now}, there are {stock}")


def _consumables(script: _Script) -> Found:
    used: Counter[str] = Counter()
    for step, _ in script.known():
        used.update(step.consumables)
    for item, units in sorted(used.items()):
        if units > script.procedure.consumables.get(item, 0):
            yield Violation(
                rule="consumable",
                what=f"{units} of {item} are used, there are {script.procedure.consumables.get(item, 0)}",
            )


def _person_twice(script: _Script) -> Found:
    by_person: dict[str, list[Assignment]] = defaultdict(list)
    for item in script.schedule.assignments:
        if item.kind != "handover":
            by_person[item.person].append(item)
    for person, items in sorted(by_person.items()):
        items.sort(key=_span)
        for i, one in enumerate(items):
            for other in items[i + 1 :]:
                if overlap(_span(one), _span(other)):
                    yield Violation(
                        rule="person_twice",
                        what=f"{person}: {one.activity or 'break'} {_said(_span(one))} and "
                        f"{other.activity or 'break'} {_said(_span(other))}",
                    )


def _skills(script: _Script) -> Found:
    for item in script.schedule.assignments:
        if item.person not in script.people:
            yield Violation(
                rule="skill", what=f"{item.person} is not in the team ({item.activity or item.kind})"
            )
    by_activity: dict[str, list[Assignment]] = defaultdict(list)
    for item in script.schedule.assignments:
        if item.kind == "activity":
            by_activity[item.activity].append(item)
    for name in sorted(set(by_activity) - set(script.steps)):
        yield Violation(rule="skill", what=f"people are on {name}, which is not in the procedure")
    for step, time in script.known():
        yield from _staffed(script, step, time, by_activity[step.id])


def _staffed(script: _Script, step: Activity, time: ScheduledActivity, there: list[Assignment]) -> Found:
    for item in there:
        if _span(item) != _span(time):
            yield Violation(rule="skill", what=f"{item.person} is on {step.id} {_said(_span(item))} only")
    wanted = [need for need in step.needs for _ in range(need.count)] if step.planned_min else []
    holder: dict[int, int] = {}

    def seat(slot: int, seen: set[int]) -> bool:
        for i, item in enumerate(there):
            person = script.people.get(item.person)
            need = wanted[slot]
            if i in seen or person is None or item.skill != need.skill:
                continue
            if may_serve(person, need.skill, need.level, need.team):
                seen.add(i)
                if i not in holder or seat(holder[i], seen):
                    holder[i] = slot
                    return True
        return False

    for slot, need in enumerate(wanted):
        if not seat(slot, set()):
            team = f" of team {need.team}" if need.team else ""
            yield Violation(rule="skill", what=f"{step.id} at {time.start_min} lacks a {need.skill}{team}")
    if len(there) > len(wanted):
        yield Violation(rule="skill", what=f"{step.id} has {len(there)} people, it asks for {len(wanted)}")


def _shifts(script: _Script) -> Found:
    for item in script.schedule.assignments:
        person = script.people.get(item.person)
        if person is None or item.kind == "break" or item.start_min < script.now_min:
            continue
        if item.start_min < person.shift_min[0] or item.end_min > person.shift_min[1]:
            yield Violation(
                rule="shift",
                what=f"{item.person} is on duty from {person.shift_min[0]} to {person.shift_min[1]}, but has "
                f"{item.activity} {_said(_span(item))}",
            )


def _duty(script: _Script) -> Found:
    longest = script.procedure.rules.longest_duty_min
    for person, items in script.work().items() if longest else ():
        span = min(a.start_min for a in items), max(a.end_min for a in items)
        changeable = any(a.start_min >= script.now_min for a in items)
        if span[1] - span[0] > (longest or 0) and changeable:
            yield Violation(rule="duty", what=f"{person} works {_said(span)}, longer than {longest} min")


def _breaks(script: _Script) -> Found:
    rules = script.procedure.rules
    if not rules.break_min or not rules.break_within_min:
        return
    rests: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for item in script.schedule.assignments:
        if item.kind == "break" and item.end_min - item.start_min >= rules.break_min:
            rests[item.person].append(_span(item))
    for person, items in script.work().items():
        for run in _runs(items, rests[person], rules.break_min, script.now_min):
            span = run[0].start_min, max(a.end_min for a in run)
            changeable = any(a.start_min >= script.now_min for a in run)
            if span[1] - span[0] > rules.break_within_min and changeable:
                yield Violation(
                    rule="break",
                    what=f"{person} works {_said(span)} without a break of {rules.break_min} min, "
                    f"longer than {rules.break_within_min} min",
                )


def _runs(
    items: list[Assignment], rests: list[tuple[int, int]], break_min: int, now_min: int
) -> Iterator[list[Assignment]]:
    """Work between rests: a rest is a break as it is written, or time without work that has passed."""
    run: list[Assignment] = []
    ended = 0
    for item in items:
        written = any(ended <= begin and end <= item.start_min for begin, end in rests)
        passed = min(item.start_min, now_min) - ended >= break_min
        if run and (written or passed):
            yield run
            run = []
        run.append(item)
        ended = max(ended, item.end_min) if len(run) > 1 else item.end_min
    if run:
        yield run


def _covers(script: _Script) -> Found:
    for cover in script.procedure.covers:
        if cover.begins not in script.times or cover.ends not in script.times:
            continue
        begin, end = script.times[cover.begins].start_min, script.times[cover.ends].end_min
        turns = script.turns(cover)
        for item in turns:
            person = script.people.get(item.person)
            fit = person and may_serve(person, cover.skill, cover.level, cover.team)
            if not fit or item.skill != cover.skill:
                yield Violation(rule="skill", what=f"{item.person} may not serve in {cover.id}")
            if item.start_min < begin or item.end_min > end:
                yield Violation(rule="cover", what=f"{item.person} is on {cover.id} outside its time")
            yield from _turn_length(script, cover, item, end)
        moments = sorted({begin, *(t.end_min for t in turns)} - {end}) if end > begin else []
        for moment in moments:
            there = sum(t.start_min <= moment < t.end_min for t in turns)
            if begin <= moment < end and there < cover.count:
                yield Violation(
                    rule="cover", what=f"{cover.id} has {there} of {cover.count} people at minute {moment}"
                )


def _turn_length(script: _Script, cover: Cover, item: Assignment, end: int) -> Found:
    length = item.end_min - item.start_min
    begun = item.start_min < script.now_min
    if length > cover.longest_min and not begun:
        yield Violation(
            rule="cover",
            what=f"{item.person} is on {cover.id} for {length} min, longest is {cover.longest_min}",
        )
    if length < cover.shortest_min and item.end_min != end and not begun:
        yield Violation(
            rule="cover",
            what=f"{item.person} is on {cover.id} for {length} min, shortest is {cover.shortest_min}",
        )


def _handovers(script: _Script) -> Found:
    """Who comes overlaps with who goes, and both have it in their script."""
    overlap_min = script.procedure.rules.handover_min
    written = Counter(
        (a.activity, a.person, *_span(a)) for a in script.schedule.assignments if a.kind == "handover"
    )
    for cover in script.procedure.covers:
        if cover.begins not in script.times or cover.ends not in script.times:
            continue
        begin, end = script.times[cover.begins].start_min, script.times[cover.ends].end_min
        turns = script.turns(cover)
        going = [t for t in turns if t.end_min < end]
        for incoming in (t for t in turns if t.start_min > begin):
            meeting = incoming.start_min, incoming.start_min + overlap_min
            outgoing = next(
                (t for t in going if t.end_min == meeting[1] and t.person != incoming.person), None
            )
            if outgoing is None:
                yield Violation(
                    rule="handover",
                    what=f"{incoming.person} comes to {cover.id} at {incoming.start_min}, nobody hands over",
                )
                continue
            going.remove(outgoing)
            for person in (outgoing.person, incoming.person) if overlap_min else ():
                if not written[cover.id, person, *meeting]:
                    yield Violation(
                        rule="handover",
                        what=f"{person} has no handover of {cover.id} {_said(meeting)} in the script",
                    )
        for outgoing in going:
            yield Violation(
                rule="handover",
                what=f"{outgoing.person} leaves {cover.id} at {outgoing.end_min} and nobody takes over",
            )


def _critical(script: _Script) -> Found:
    """No cover changes hands inside a critical activity that it guards."""
    overlap_min = script.procedure.rules.handover_min
    for cover in script.procedure.covers:
        meetings = {
            _span(a)
            for a in script.schedule.assignments
            if a.kind == "handover" and a.activity == cover.id and a.start_min >= script.now_min
        }
        for step, time in script.known():
            if time.start_min < script.now_min or not guarded(cover, step, overlap_min):
                continue  # what runs already may take longer than anybody may stay
            for meeting in sorted(meetings):
                if overlap(meeting, _span(time)):
                    yield Violation(
                        rule="critical", what=f"{cover.id} changes hands {_said(meeting)}, inside {step.id}"
                    )


def _continuity(script: _Script) -> Found:
    """The same lead, as long as they are on duty: some choice of who leads must keep to that."""
    words: dict[str, list[tuple[ScheduledActivity, Activity]]] = defaultdict(list)
    for step, time in script.known():
        if step.continuity and step.needs and step.planned_min:
            words[step.continuity].append((time, step))
    for word, led in sorted(words.items()):
        leads: set[str] = set()
        for time, step in sorted(led, key=lambda pair: (pair[0].start_min, pair[0].end_min, pair[0].id)):
            need = step.needs[0]
            there = {
                a.person
                for a in script.schedule.assignments
                if a.kind == "activity" and a.activity == step.id and a.skill == need.skill
            }
            there = {
                p
                for p in there
                if p in script.people and script.people[p].skills.get(need.skill, -1) >= need.level
            }
            off_duty = any(not _on_shift(script.people[p], time) for p in leads)
            if leads and not off_duty and not leads & there and time.start_min >= script.now_min:
                yield Violation(
                    rule="continuity",
                    what=f"{step.id} is not led by {' or '.join(sorted(leads))}, who led '{word}' before",
                )
            leads = (there if off_duty else leads & there) or there or leads


def _on_shift(person: Person, time: ScheduledActivity) -> bool:
    return person.shift_min[0] <= time.start_min and time.end_min <= person.shift_min[1]


def _recurring(script: _Script) -> Found:
    """What is due is done, within its tolerance, by people of its cover."""
    items = {item.id: item for item in script.procedure.recurring}
    left: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for occurrence in script.schedule.occurrences:
        span = occurrence.start_min, occurrence.end_min
        item = items.get(occurrence.recurring)
        if item is None:
            yield Violation(rule="recurring", what=f"{occurrence.recurring} is not in the procedure")
            continue
        left[item.id].append(span)
        if span[1] - span[0] != item.duration_min:
            yield Violation(rule="recurring", what=f"{item.id} {_said(span)} has not its planned length")
        for person in occurrence.people if span[0] >= script.now_min else ():
            if not any(
                a.kind == "cover"
                and a.person == person
                and a.activity in item.served_by
                and a.start_min <= span[0]
                and span[1] <= a.end_min
                for a in script.schedule.assignments
            ):
                yield Violation(
                    rule="recurring", what=f"{person} does {item.id} {_said(span)} but is not on cover"
                )
        if item.served_by and not occurrence.people and span[0] >= script.now_min:
            yield Violation(rule="recurring", what=f"nobody does {item.id} {_said(span)}")
    for wanted in sorted(
        due(script.procedure, script.times, script.schedule.assignments), key=lambda d: d.latest_min
    ):
        name = wanted.recurring.id
        done = next((s for s in sorted(left[name]) if wanted.earliest_min <= s[0] <= wanted.latest_min), None)
        if done:
            left[name].remove(done)
        elif wanted.latest_min >= script.now_min:
            rule = "count" if wanted.recurring.trigger.startswith("handover") else "recurring"
            yield Violation(rule=rule, what=f"{name}, due at {wanted.at_min}, is not done in time")


def _past(script: _Script) -> Found:
    """What has happened stands; nothing is added to it."""
    if script.history is None:
        return
    now, old = script.history.now_min, script.history.schedule
    for was in old.activities:
        new = script.times.get(was.id)
        if was.start_min >= now:
            continue
        if new is None or (was.start_min, was.room) != (new.start_min, new.room):
            yield Violation(
                rule="past", what=f"{was.id} had begun at {was.start_min} in {was.room or 'no room'}"
            )
        elif was.end_min <= now and new != was:
            yield Violation(rule="past", what=f"{was.id} had ended at {was.end_min}")
    begun = {was.id for was in old.activities if was.start_min < now}
    for new in script.schedule.activities:
        if new.start_min < now and new.id not in begun:
            yield Violation(rule="past", what=f"{new.id} would have begun at {new.start_min}, before {now}")
    yield from _past_work(script, old.assignments, now)
    before = [o for o in old.occurrences if o.start_min < now]
    if before != [o for o in script.schedule.occurrences if o.start_min < now]:
        yield Violation(rule="past", what="what recurs was done at other times before now")


def _past_work(script: _Script, old: tuple[Assignment, ...], now: int) -> Found:
    def over(item: Assignment) -> tuple[object, ...]:
        end = item.end_min if item.end_min <= now else None
        return item.person, item.skill, item.kind, item.activity, item.start_min, end

    was = Counter(over(a) for a in old if a.start_min < now)
    has = Counter(over(a) for a in script.schedule.assignments if a.start_min < now)
    for item in sorted((was - has).elements(), key=str):
        yield Violation(rule="past", what=f"{item[0]}: {item[2]} {item[3]} from minute {item[4]} has gone")
    for item in sorted((has - was).elements(), key=str):
        yield Violation(rule="past", what=f"{item[0]}: {item[2]} {item[3]} from minute {item[4]} is new")


RULES: tuple[Callable[[_Script], Found], ...] = (
    _presence,
    _precedence,
    _rooms,
    _fields,
    _equipment,
    _consumables,
    _person_twice,
    _skills,
    _shifts,
    _duty,
    _breaks,
    _covers,
    _handovers,
    _critical,
    _continuity,
    _recurring,
    _past,
)
"""Every rule, in the order in which violations are told."""
