"""Published spans: those that the evidence itself holds, for a check without any log.

All of them have been read while the model was made, so each counts as used for tuning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from separatrix.evidence import Entry, EvidenceReader, PublishedCase
from separatrix.team.rehearsal.retrodiction.logs import Union
from separatrix.team.rehearsal.retrodiction.spans import (
    OTHER_UNION,
    TITLES,
    Measure,
    Span,
    WhichOperation,
)

ADULTS = "adults of 29 years"
SEVERAL_STAGES = "the hours are of several operations together"
MEDIAN = "the median of several operations, not one of them"
BYPASS = "with tubes for heart-lung machines, which the protocol does not know"


@dataclass(frozen=True, slots=True)
class _Published:
    """Where a published span is, and what it is."""

    entry: str
    case: str
    name: str
    measure: Measure | None
    union: Union = "craniopagus"
    operation: WhichOperation = "only"
    because: str = ""


def _length(*moments: str) -> Measure:
    return Measure("length", moments)


_TO_APART, _TO_END = _length("start", "apart"), _length("apart", "end")
_SPAN, _CLOCK = "durations.span.", "procedure.clock."

_ENTRIES = (
    _Published(
        _SPAN + "room_to_lines",
        "OP03, OP07, OP11",
        "in_room_to_lines_done",
        _length("in_room", "lines_done"),
        "other union",
        because=MEDIAN,
    ),
    _Published(
        _SPAN + "room_to_first_cut",
        "OP03, OP07, OP11",
        "in_room_to_incision",
        _length("in_room", "incision"),
        "other union",
        because=MEDIAN,
    ),
    _Published(
        _SPAN + "start_to_first_cut.craniopagus",
        "OP33",
        "start_to_incision",
        _length("start", "incision"),
        operation="last",
    ),
    _Published(_SPAN + "lines_and_bypass.craniopagus", "OP45", "phase", None, because=BYPASS),
    _Published(_SPAN + "start_to_apart.OP01", "OP01", "start_to_apart", _TO_APART, "other union"),
    _Published(_SPAN + "start_to_apart.OP03", "OP03", "start_to_apart", _TO_APART, "other union"),
    _Published(_SPAN + "start_to_apart.OP11", "OP11", "start_to_apart", _TO_APART, "other union"),
    _Published(_SPAN + "start_to_apart.OP25", "OP25", "start_to_apart", _TO_APART),
    _Published(_SPAN + "start_to_apart.OP33", "OP33", "start_to_apart", _TO_APART, operation="last"),
    _Published(_SPAN + "start_to_apart.OP35", "OP35", "in_room_to_apart", _length("in_room", "apart")),
    _Published(_SPAN + "apart_to_end.OP03", "OP03", "apart_to_end", _TO_END, "other union"),
    _Published(_SPAN + "apart_to_end.OP33", "OP33", "apart_to_end", _TO_END, operation="last"),
    _Published(_SPAN + "apart_to_end.OP35", "OP35", "apart_to_end", _TO_END),
    _Published(
        _SPAN + "apart_to_end.OP25_first", "OP25", "apart_to_first_out", _length("apart", "first_out")
    ),
    _Published(_SPAN + "apart_to_end.OP25_second", "OP25", "apart_to_end", _TO_END),
    _Published("durations.second_child_later.OP25", "OP25", "first_out_to_end", _length("first_out", "end")),
    _Published(
        "durations.second_child_later.OP43",
        "OP43",
        "first_out_to_end",
        _length("first_out", "end"),
        "other union",
    ),
    *(
        _Published(
            f"durations.share_before_apart.{case}",
            case,
            "share_to_apart",
            Measure("share", (begin, "apart", "end")),
            "other union" if case == "OP03" else "craniopagus",
            "last" if case == "OP33" else "only",
        )
        for case, begin in (("OP03", "in_room"), ("OP25", "start"), ("OP33", "start"), ("OP35", "in_room"))
    ),
    _Published("durations.staged.OP17_last", "OP17", "whole", _length("start", "end"), operation="last"),
    _Published("durations.staged.OP47_last", "OP47", "whole", _length("start", "end"), operation="last"),
    _Published(
        "durations.staged.OP17_before", "OP17", "phase", None, operation="last", because=SEVERAL_STAGES
    ),
    _Published(
        "durations.phase_over_planned.OP03_cord",
        "OP03",
        "phase_over_plan",
        Measure("factor", ("phase",)),
        "other union",
    ),
    _Published(
        "durations.phase_over_planned.OP07_liver_bowel",
        "OP07",
        "phase_over_plan",
        Measure("factor", ("phase",)),
        "other union",
    ),
    _Published(
        "durations.phase_over_planned.OP33_to_apart",
        "OP33",
        "phase_over_plan",
        Measure("over_plan", ("start", "apart")),
        operation="last",
    ),
    _Published(
        "durations.phase_over_planned.OP33_reconstruction",
        "OP33",
        "phase_over_plan",
        Measure("over_plan", ("apart", "end")),
        operation="last",
    ),
    _Published(
        "durations.phase_over_planned.OP35_reconstruction",
        "OP35",
        "phase_over_plan",
        Measure("over_plan", ("apart", "end")),
    ),
    _Published(
        _CLOCK + "delhi_to_incision",
        "C22",
        "in_room_to_incision",
        _length("in_room", "incision"),
        operation="last",
    ),
    _Published(
        _CLOCK + "delhi_to_apart", "C22", "incision_to_apart", _length("incision", "apart"), operation="last"
    ),
    _Published(_CLOCK + "delhi_to_end", "C22", "apart_to_end", _TO_END, operation="last"),
    _Published(
        _CLOCK + "new_york_2004_to_apart",
        "C13",
        "incision_to_apart",
        _length("incision", "apart"),
        operation="last",
    ),
    _Published(_CLOCK + "new_york_2004_to_end", "C13", "apart_to_end", _TO_END, operation="last"),
)

_LAST_STAGE = frozenset({"C13", "C16", "C25", "C27", "C31"})
"""Published cases whose hours are of the last of several operations."""

_NOT_COMPARABLE: Mapping[str, str] = {
    "C12": ADULTS,
    "C22": SEVERAL_STAGES,
    "C24": SEVERAL_STAGES,
    "C30": SEVERAL_STAGES,
}


def published_spans(evidence: EvidenceReader, cases: Iterable[PublishedCase]) -> tuple[Span, ...]:
    """Every published span of the evidence: clock times and bulletins first, then the hours of each case.

    Parameters
    ----------
    evidence
        The numbers as they hold.
    cases
        The list of published separations.
    """
    return (*_from_entries(evidence), *_from_ratios(evidence), *_from_cases(cases))


def _from_entries(evidence: EvidenceReader) -> Iterator[Span]:
    for known in _ENTRIES:
        entry = evidence.entry(known.entry)
        absolute = known.measure is not None and known.measure.kind == "length"
        because = known.because or (OTHER_UNION if known.union == "other union" and absolute else "")
        yield Span(
            case=known.case,
            union=known.union,
            name=known.name,
            title=TITLES[known.name] + (f": {_detail(entry)}" if known.name.startswith("phase") else ""),
            observed=evidence.number(known.entry) * (60 if entry.unit == "h" else 1),
            measure=known.measure,
            because=because,
            operation=known.operation,
            rests_on=known.entry,
        )


def _from_ratios(evidence: EvidenceReader) -> Iterator[Span]:
    """Ratios of craniopagus operations, which stand in the formula of their median."""
    key = "durations.actual_over_planned.craniopagus"
    formula = re.search(r"median\(([^)]*)\)", evidence.entry(key).note)
    for n, text in enumerate(formula[1].split(",") if formula else (), start=1):
        yield Span(
            case=f"craniopagus with a plan, {n}",
            union="craniopagus",
            name="whole_over_plan",
            title=TITLES["whole_over_plan"],
            observed=float(text),
            measure=Measure("over_plan", ("start", "end")),
            operation="either",
            rests_on=key,
        )


def _from_cases(cases: Iterable[PublishedCase]) -> Iterator[Span]:
    for case in cases:
        if case.hours is None:
            continue
        only: WhichOperation = "only" if case.stages == 1 else "either"
        yield Span(
            case=case.id,
            union="craniopagus",
            name="whole",
            title=TITLES["whole"],
            observed=case.hours * 60,
            measure=_length("start", "end"),
            because=_NOT_COMPARABLE.get(case.id, ""),
            operation="last" if case.id in _LAST_STAGE else only,
            notes=(f"{case.place} {case.year or ''}".strip(),),
            rests_on="cases",
        )


def _detail(entry: Entry) -> str:
    """What the note says a phase is, without its formula."""
    parts = (part.strip() for part in entry.note.split(";"))
    return next((part for part in parts if part and not part.startswith("=")), entry.id)
