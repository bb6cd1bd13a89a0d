"""The chapter of the choreography: who does what and when, what sets the hours, and what would help."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from markupsafe import Markup

from separatrix.share.dossier.charts import hours_chart
from separatrix.share.dossier.model import Chapter, Statement
from separatrix.share.dossier.wording import counted, sentence
from separatrix.share.script.gantt import Chart, clock_text, mark_of, to_svg
from separatrix.share.script.rows import Row, by_person, by_phase
from separatrix.share.templates import templates_in
from separatrix.team.choreography.explanation_model import Explanation
from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol.inputs import Patient
from separatrix.team.protocol.model import ActivityMark, Procedure

_HERE = Path(__file__).parent
_PAPER_MM, _PAPER_LABEL_MM, _PAPER_ROW_MM = 330.0, 122.0, 5.4
_PAPER_ROWS = 22
"""Rows of a chart on a printed page: fewer, so that they are read at arm's length."""
_PAPER_PEOPLE = 24
"""People in the printed table of hours: those who are awake longest."""
_MARK_WORDS = {
    ActivityMark.SIGN_IN: "sign-in",
    ActivityMark.TIME_OUT: "time-out",
    ActivityMark.TURN: "turning",
    ActivityMark.STOP_AND_STAGE: "may be stopped and staged here",
    ActivityMark.NO_RETURN: "no return from here",
    ActivityMark.SEPARATION: "the children are two",
    ActivityMark.CIRCULATIONS_PART: "circulations part: both anaesthesia teams confirm",
    ActivityMark.SIGN_OUT: "sign-out",
    ActivityMark.MILESTONE: "milestone",
}
_AT_START = {ActivityMark.NO_RETURN, ActivityMark.SIGN_IN, ActivityMark.TIME_OUT, ActivityMark.TURN}
"""Told by the minute they begin; the others by the minute they are done."""
_SAFETY = (
    "For planning and rehearsal by a qualified team. Not a certified medical device. This script advises; "
    "people decide."
)
_CSS = """.gantt { overflow: auto; max-height: 80vh; border: 1px solid #c9c6bf; }
.gantt svg { display: block; width: 2150px; height: auto; }
.gantt-sheet { page: wide; break-before: page; }
.gantt-sheet h3 { margin: 0; }
.gantt-sheet svg { display: block; width: auto; height: auto; max-width: 100%; max-height: 150mm; }
svg.chart { display: block; width: 100%; max-width: 860px; height: auto; }
.when { white-space: nowrap; }
.moments { font-size: 0.94em; }
.moments td, .moments th { padding-top: 0.25em; padding-bottom: 0.25em; }
.moments tr.apart th, .when { white-space: nowrap; }
.moments { font-size: 0.94em; }
.moments td, .moments th { padding-top: 0.25em; padding-bottom: 0.25em; }
.moments tr.apart td { background: #fff3d6; font-weight: bold; }
.chain tr.waits th, .chain tr.waits td { background: #fff3d6; }
.chain td, .chain th, .hours td, .hours th { font-size: 0.92em; }
.long-table { max-height: 34rem; overflow: auto; border: 1px solid #c9c6bf; }
@media print { #binding svg.chart { max-width: 145mm; } }
.clash { border-left: 0.4em solid #8a1f11; padding-left: 1em; }
"""


def choreography_chapter(
    procedures: Sequence[Procedure],
    schedules: Sequence[Schedule],
    explanations: Sequence[Explanation],
    *,
    begins: dt.datetime | None = None,
) -> Chapter:
    """The pages about the script, one part for each operation.

    Parameters
    ----------
    procedures, schedules, explanations
        One of each for every operation, in order.
    begins
        Aware clock of wheels in of the only operation, where a day is fixed.
    """
    environment = templates_in(_HERE / "templates")
    environment.filters.update(clock=clock_text, sentence=sentence)
    template = environment.get_template("choreography.html.j2")
    fixed = begins if len(procedures) == 1 else None
    parts = [
        _Part(procedure, schedule, told, fixed, number)
        for number, (procedure, schedule, told) in enumerate(
            zip(procedures, schedules, explanations, strict=True)
        )
    ]
    return Chapter(
        sections=(
            ("choreography", "Choreography: who does what, when"),
            ("binding", "Why the script is as it is"),
        ),
        screen=template.render(paper=False, operations=[part.content(paper=False) for part in parts]),
        paper=template.render(paper=True, operations=[part.content(paper=True) for part in parts]),
        statements=tuple(part.statement(several=len(parts) > 1) for part in parts),
        css=_CSS,
    )


class _Part:
    """One operation, with what its pages show."""

    def __init__(
        self,
        procedure: Procedure,
        schedule: Schedule,
        told: Explanation,
        begins: dt.datetime | None,
        number: int,
    ) -> None:
        self.procedure, self.schedule, self.told = procedure, schedule, told
        self.begins, self.number = begins, number
        self.is_planned = schedule.status != "infeasible"

    def content(self, *, paper: bool) -> dict[str, Any]:
        return {
            "procedure": self.procedure,
            "schedule": self.schedule,
            "told": self.told,
            "is_planned": self.is_planned,
            "moments": self._moments(),
            "people": self._pool(),
            "charts": self._charts(paper=paper) if self.is_planned else [],
            "bottleneck": self._bottleneck(),
            "hours": self.told.people[:_PAPER_PEOPLE] if paper else self.told.people,
            "chain": [
                link for link in self.told.chain if not paper or link.waited_min or link.kind != "order"
            ],
            "skills": sorted(self.told.skills, key=lambda s: (-s.hours_without_spare, s.title)),
        }

    def statement(self, *, several: bool) -> Statement:
        schedule = self.schedule
        about = f"Script of operation {self.procedure.operation}" if several else "Script of the day"
        if not self.is_planned:
            says = " ".join(self.told.summary) or f"There is no script: {schedule.because}"
            return Statement(about=about, says=says, sure="as sure as each clash says of itself")
        end = f"the last step ends {clock_text(schedule.end_min)} after wheels in"
        if schedule.separation_min is None:
            says = f"{end.capitalize()}: planned time; not a promise."
        else:
            says = (
                f"Two children {clock_text(schedule.separation_min)} after wheels in; {end}: planned time; "
                "not a promise."
            )
        bound = self.told.summary[0] if self.told.summary else ""
        sure = f"durations are planned by their median; what may go wrong is not in it. {sentence(bound)}"
        return Statement(about=about, says=says, sure=sure)

    def _moments(self) -> list[dict[str, Any]]:
        """Moments that the whole room waits for, by time."""
        times = {a.id: a for a in self.schedule.activities}
        rows: dict[tuple[int, str, str], dict[str, Any]] = {}
        for activity in self.procedure.activities:
            marks = [mark for mark in _MARK_WORDS if mark in activity.marks]
            if not marks or activity.id not in times:
                continue
            time = times[activity.id]
            at = time.start_min if set(marks) & _AT_START else time.end_min
            title, words = activity.full_title, "; ".join(_MARK_WORDS[mark] for mark in marks)
            for patient in activity.patients:  # the same on both children in the same minute is one moment
                title = title.removesuffix(f", {patient}")
            row = rows.setdefault(
                (at, title, words),
                {
                    "at_min": at,
                    "clock": self._clock(at),
                    "who": "",
                    "title": title,
                    "words": words,
                    "apart": ActivityMark.SEPARATION in marks or ActivityMark.CIRCULATIONS_PART in marks,
                },
            )
            row["who"] = f"{row['who']} {_signed(activity.patients)}".strip()
        return sorted(rows.values(), key=lambda row: row["at_min"])

    def _clock(self, minute: int) -> str:
        return f"{self.begins + dt.timedelta(minutes=minute):%H:%M}" if self.begins else ""

    def _pool(self) -> dict[str, int]:
        """How many are at work at once, and how many stand behind them."""
        work = [a for a in self.schedule.assignments if a.kind in ("activity", "cover")]
        peak, at = 0, 0
        for minute in sorted({a.start_min for a in work}):
            there = len({a.person for a in work if a.start_min <= minute < a.end_min})
            if there > peak:
                peak, at = there, minute
        pools = [person.pool for person in self.procedure.people]
        return {
            "peak": peak,
            "peak_at": at,
            "script": len({a.person for a in work}),
            "room": pools.count("room"),
            "relief": pools.count("relief"),
            "standby": pools.count("standby"),
        }

    def _charts(self, *, paper: bool) -> list[tuple[str, Markup]]:
        phases = by_phase(self.procedure, self.schedule)
        if paper:
            sheets = _sheets(phases)
            return [
                (f"By phase, sheet {k + 1} of {len(sheets)}", self._chart(rows, f"p{k}", _PAPER_MM))
                for k, rows in enumerate(sheets)
            ]
        people = by_person(self.procedure, self.schedule)
        return [("By phase", self._chart(phases, "phase")), ("By person", self._chart(people, "person"))]

    def _chart(self, rows: Sequence[Row], name: str, wide_mm: float = 420.0) -> Markup:
        paper = wide_mm == _PAPER_MM
        label = 62.0 if name == "person" else _PAPER_LABEL_MM if paper else 110.0
        svg = to_svg(
            Chart(
                title=self.procedure.title,
                rows=rows,
                schedule=self.schedule,
                safety=_SAFETY,
                begins=self.begins,
                label_mm=label,
                wide_mm=wide_mm,
                most_row_mm=_PAPER_ROW_MM if paper else 9.0,
            )
        )
        hatch = f"break-{self.number}-{name}"  # an id belongs to one picture of the page
        return Markup(svg.replace('id="break"', f'id="{hatch}"').replace("url(#break)", f"url(#{hatch})"))

    def _bottleneck(self) -> dict[str, Any]:
        day = next((s for s in self.told.skills if s.skill == self.told.bottleneck), None)
        if day is None:
            return {}
        chart = hours_chart(
            [h.at_work for h in day.hours],
            [h.on_duty for h in day.hours],
            [h.free for h in day.hours],
            title=f"people: {day.title.lower()}",
        )
        return {"title": day.title, "chart": chart, "hours": counted(day.hours_without_spare, "hour")}


def _sheets(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows for one printed page after the other, as even as they will go."""
    pages = max(-(-len(rows) // _PAPER_ROWS), 1)
    cuts = [len(rows) * k // pages for k in range(pages + 1)]
    return [list(rows[begin:end]) for begin, end in pairwise(cuts)]


def _signed(patients: tuple[Patient, ...]) -> str:
    return " ".join(f"{mark_of(p)}\u00a0{p}" for p in patients)
