"""Observed spans: what a log of a real operation says that a rehearsal can be held against.

A span is a length between two moments, a share of the whole, or what was taken over what was planned. Each
says how the model measures the same, or why it cannot. Absolute lengths are compared for craniopagus only; of
other unions, what was taken over what was planned and the shape of the day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from separatrix.team.rehearsal.retrodiction.logs import PLAN_KINDS, LogPhase, OperationLog, Union

MeasureKind = Literal["length", "share", "over_plan", "factor"]
WhichOperation = Literal["only", "last", "either"]

OTHER_UNION = "another union: other steps, other lengths; only shares of the whole and plans are compared"
NOT_TWINS = "no separation of twins: only its length over its plan could be compared, and no plan is printed"
UPPER_PLAN = "the plan said `no more than`: what was taken over it is no more than a lower bound"
SUM_OF_OPERATIONS = "several operations together: how they were shared out is not printed"
EARLIER_OPERATION = "an earlier operation of a staged series: which vessels it dealt with is not printed"
ONE_CHILD = "the length of one child's operation; the model is held against both together"
UNPLACED = "which steps this phase holds is not printed"
NO_TIMES = "no length and no clock time is printed"

REPEATS_PLAN = "equals its plan and may repeat it"
"""Note of a doubtful pair."""

TITLES = {
    "in_room_to_asleep_first": "in room to first child asleep",
    "in_room_to_lines_done": "in room to lines finished",
    "lines_start_to_lines_done": "lines",
    "in_room_to_incision": "in room to first cut",
    "start_to_incision": "start to first cut",
    "in_room_to_apart": "in room to apart",
    "start_to_apart": "start to apart",
    "incision_to_apart": "first cut to apart",
    "apart_to_reconstruction_start": "apart to reconstruction begun",
    "apart_to_first_out": "apart to first child out",
    "apart_to_end": "apart to end",
    "first_out_to_end": "second child later than the first",
    "whole": "whole operation",
    "share_to_lines_done": "share of the whole until lines finished",
    "share_to_incision": "share of the whole before the first cut",
    "share_to_apart": "share of the whole before apart",
    "whole_over_plan": "whole, taken over planned",
    "phase_over_plan": "phase, taken over planned",
    "phase": "phase",
}
"""Names of spans, and what they are called."""

_LENGTHS = (
    ("in_room", "asleep_first"),
    ("in_room", "lines_done"),
    ("lines_start", "lines_done"),
    ("in_room", "incision"),
    ("start", "incision"),
    ("in_room", "apart"),
    ("start", "apart"),
    ("incision", "apart"),
    ("apart", "reconstruction_start"),
    ("apart", "first_out"),
    ("apart", "end"),
    ("first_out", "end"),
)
_BEGINNINGS = ("in_room", "start", "incision")
_STAGED = re.compile(
    r"\bstaged\b|\b(?:last|final) of\b|\bearlier operations?\b"
    r"|\bof (?:two|three|four|five|six|seven|eight|nine|\d+) operations\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Measure:
    """How the model measures a span.

    ``length`` from the first moment to the last; ``share`` of first to second in first to last;
    ``over_plan`` a length over the same length of the plan; ``factor`` of the ``whole`` or of a ``phase``,
    from the published distribution of what was taken over what was planned.
    """

    kind: MeasureKind
    moments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One observed span."""

    case: str
    union: Union
    name: str
    """Key of `TITLES`."""
    title: str
    observed: float | None
    """Minutes, or a fraction; None where only a bound is printed."""
    measure: Measure | None
    """None where the model has nothing like it."""
    because: str = ""
    """Why it is not comparable; empty where it is."""
    operation: WhichOperation = "only"
    """The children's only one, the last of a staged series, or either: it is not told."""
    notes: tuple[str, ...] = ()
    """What to keep in mind."""
    rests_on: str = ""
    """``events``, ``phases``, ``cases``, or ids of evidence."""

    @property
    def unit(self) -> str:
        """``min``, or ``1`` for a plain number."""
        dimensionless = self.name.startswith("share") or self.name.endswith("over_plan")
        return "1" if dimensionless else "min"


def spans_of(log: OperationLog) -> tuple[Span, ...]:
    """All spans of one operation, comparable or not; each name once, phases excepted.

    Parameters
    ----------
    log
        As read.

    Returns
    -------
    tuple of Span
        At least one: where nothing is printed, the whole without a value.
    """
    found: dict[str, Span] = {}
    for span in (*_between_events(log), *_phase_lengths(log), *_whole(log), *_shares(log), *_over_plan(log)):
        key = f"{span.name}:{span.title}" if span.name.startswith("phase") else span.name
        if key == "start_to_apart" and "in_room_to_apart" in found:
            continue  # the same stretch with a sharper beginning is there
        found.setdefault(key, span)  # the first source is the closest to the clock
    if not found:
        found["whole"] = _span(log, "whole", None, None, because=NO_TIMES)
    return tuple(found.values())


def is_staged(log: OperationLog) -> bool:
    """Whether the notes tell of operations before this one that already divided something."""
    return bool(_STAGED.search(log.case.notes))


def _span(
    log: OperationLog,
    name: str,
    observed: float | None,
    measure: Measure | None,
    *,
    because: str = "",
    notes: tuple[str, ...] = (),
    rests_on: str = "",
    detail: str = "",
) -> Span:
    kind = measure.kind if measure else "length"
    if not because:
        if log.case.union == "not twins":
            because = NOT_TWINS
        elif log.case.union == "other union" and kind == "length":
            because = OTHER_UNION
    return Span(
        case=log.case.id,
        union=log.case.union,
        name=name,
        title=TITLES[name] + (f": {detail}" if detail else ""),
        observed=observed,
        measure=measure,
        because=because,
        operation="last" if is_staged(log) else "only",
        notes=notes,
        rests_on=rests_on,
    )


def _moments(log: OperationLog) -> dict[str, int]:
    """First time of each milestone, the last of ``end``; ``apart`` from a phase where no event has it."""
    found: dict[str, int] = {}
    for event in log.events:
        if event.milestone == "end" or event.milestone not in found:
            found[event.milestone] = event.clock_min
    for phase in log.phases:
        if phase.end_min is not None and re.search(r"\bto apart\b", phase.label):
            found.setdefault("apart", phase.end_min)
    return found


def _between_events(log: OperationLog) -> Iterator[Span]:
    moments = _moments(log)
    for begin, finish in _LENGTHS:
        if begin == "start" and "in_room" in moments:
            continue  # the same stretch with a sharper beginning is there
        if begin in moments and finish in moments and moments[finish] >= moments[begin]:
            length = float(moments[finish] - moments[begin])
            yield _span(
                log,
                f"{begin}_to_{finish}",
                length,
                Measure("length", (begin, finish)),
                notes=_start_note(begin),
                rests_on="events",
            )


def _start_note(begin: str) -> tuple[str, ...]:
    if begin != "start":
        return ()
    return ("`start` may be anything from wheels in to the first cut: the model's is spread over that",)


def _phase_lengths(log: OperationLog) -> Iterator[Span]:
    """Lengths that phases print; those that cannot be placed are told with the reason."""
    for phase in log.phases:
        if phase.duration_min is None:
            continue
        name, moments, because = _placed(phase)
        if phase.duration_min == 60 * (log.case.actual_total_h or 0):
            continue  # the whole, told once more
        detail = phase.label.removeprefix("SUMMARY ") if name == "phase" else ""
        measure = Measure("length", moments) if moments else None
        notes = _start_note(moments[0]) if moments else ()
        yield _span(
            log,
            name,
            phase.duration_min,
            measure,
            because=because,
            notes=notes,
            rests_on="phases",
            detail=detail,
        )


def _placed(phase: LogPhase) -> tuple[str, tuple[str, ...], str]:
    """Name of the span that a phase is, its moments, and why it is not comparable."""
    label = phase.label.lower()
    if re.search(r"\boperations\b", label):
        return "phase", (), SUM_OF_OPERATIONS
    one_child = re.search(r"\b(?:first|second|one) (?:twin|child)\b", label)
    if one_child:
        return "phase", (), ONE_CHILD
    if re.search(r"\b(?:last|final) operation\b", label) or "whole" in label:
        return "whole", ("start", "end"), ""
    if re.search(r"\boperation \d", label):
        return "phase", (), EARLIER_OPERATION
    if re.search(r"\b(?:first cut|incision) to apart\b", label):
        return "incision_to_apart", ("incision", "apart"), ""
    if "to apart" in label or re.match(r"separation(?: part)?$", label):
        return "start_to_apart", ("start", "apart"), ""
    if phase.kind == "reconstruction":
        return "apart_to_end", ("apart", "end"), ""
    return "phase", (), UNPLACED


def _whole(log: OperationLog) -> Iterator[Span]:
    moments = _moments(log)
    begin = next((name for name in _BEGINNINGS if name in moments), "")
    if begin and "end" in moments and moments["end"] > moments[begin]:
        yield _span(
            log,
            "whole",
            float(moments["end"] - moments[begin]),
            Measure("length", (begin, "end")),
            notes=_start_note(begin),
            rests_on="events",
        )
    elif log.case.actual_total_h is not None:
        yield _span(
            log,
            "whole",
            log.case.actual_total_h * 60,
            Measure("length", ("start", "end")),
            notes=("from where to where is not printed: the model's is spread over both ends",),
            rests_on="cases",
        )


def _shares(log: OperationLog) -> Iterator[Span]:
    moments = _moments(log)
    begin = next((name for name in _BEGINNINGS if name in moments), "")
    if not begin:
        return
    notes: tuple[str, ...] = ()
    whole = float(moments["end"] - moments[begin]) if "end" in moments else 0.0
    if whole <= 0 and log.case.actual_total_h is not None:
        whole, notes = log.case.actual_total_h * 60, ("the whole is the printed total",)
    for middle in ("lines_done", "incision", "apart"):
        length = moments.get(middle, moments[begin]) - moments[begin]
        if 0 < length < whole and (middle == "apart" or begin == "in_room"):
            yield _span(
                log,
                f"share_to_{middle}",
                length / whole,
                Measure("share", (begin, middle, "end")),
                notes=notes + _start_note(begin),
                rests_on="events" if not notes else "events, cases",
            )


def _over_plan(log: OperationLog) -> Iterator[Span]:
    """What was taken over what was planned: the whole, then each phase."""
    case = log.case
    joined_at_head = case.union == "craniopagus"
    if case.planned_total_h is not None and case.actual_total_h is not None:
        equal = case.actual_total_h == case.planned_total_h
        yield _span(
            log,
            "whole_over_plan",
            case.actual_total_h / case.planned_total_h,
            Measure("over_plan", ("start", "end")) if joined_at_head else Measure("factor", ("whole",)),
            because=_why_no_plan(case.plan_kind),
            notes=(REPEATS_PLAN,) if equal else (),
            rests_on="cases",
        )
    for phase in log.phases:
        if phase.planned_min is None:
            continue
        detail = phase.label.removeprefix("SUMMARY ")
        measure = Measure("factor", ("phase",))
        if joined_at_head:
            _, moments, _ = _placed(phase)
            measure = Measure("over_plan", moments or ("start", "end"))
        if phase.duration_min is not None:
            ratio: float | None = phase.duration_min / phase.planned_min
            because = ""
        elif phase.at_most_min is not None:
            ratio = None
            because = f"only a bound: at most {phase.at_most_min:g} of {phase.planned_min:g} min"
        else:
            ratio, because = None, "planned, but what it took is not printed"
        yield _span(log, "phase_over_plan", ratio, measure, because=because, rests_on="phases", detail=detail)


def _why_no_plan(kind: str) -> str:
    """Why what was taken cannot be divided by a plan of this kind; empty where it can."""
    if kind == "upper":
        return UPPER_PLAN
    if kind and kind not in PLAN_KINDS:
        return f"what kind of plan `{kind}` is, nobody says; known are {', '.join(PLAN_KINDS)}"
    return ""
