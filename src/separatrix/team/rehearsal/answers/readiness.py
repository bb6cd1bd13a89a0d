"""What is not ready: from the plan, the people, the stock, the matrix and the rehearsals.

Every finding has a key that stays the same as long as the same thing is not ready, so that a mended plan can
be held against the plan before. What follows from the script alone (a rule of the plan broken, a responder
whom nobody can be, a break of the only one) is told whether or not a rehearsal happened to show it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from separatrix.evidence import Role
from separatrix.team.choreography.checker import check
from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol.model import Need, Procedure
from separatrix.team.protocol.staffing import hours_text, shortages, wanted
from separatrix.team.rehearsal.answers.model import Finding, Severity
from separatrix.team.rehearsal.answers.responders import (
    Span,
    Uncalled,
    strikes_each_child,
    uncalled,
    uncalled_after,
    watches,
)
from separatrix.team.rehearsal.play.numbers import rows_of

SEVERITIES: tuple[Severity, ...] = ("stop", "mend", "know")
"""Worst first."""


def script_findings(
    procedure: Procedure, schedule: Schedule, *, until_min: float | None = None
) -> tuple[Finding, ...]:
    """Findings that need no rehearsal.

    Parameters
    ----------
    procedure, schedule
        The plan.
    until_min
        Responders are looked for until then: an end that the operation may well have; None: the planned end.

    Returns
    -------
    tuple of Finding
        Worst first.
    """
    told = [
        *_plan_findings(procedure, schedule),
        *_staff_findings(procedure),
        *_unanswered_findings(procedure),
        *_call_findings(procedure, schedule, until_min),
        *_equipment_findings(procedure),
        *_stock_findings(procedure),
    ]
    return ordered(told)


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings with each key once, worst first."""
    unique = {finding.key: finding for finding in reversed(list(findings))}
    return tuple(sorted(unique.values(), key=lambda f: (SEVERITIES.index(f.severity), f.key)))


def _plan_findings(procedure: Procedure, schedule: Schedule) -> Iterator[Finding]:
    for violation in check(procedure, schedule):
        yield Finding(
            key=f"plan:{violation.rule}:{violation.what}",
            severity="stop",
            title="The script breaks a rule of its own",
            text=violation.what,
            mend="plan the script anew, or mend the assignment",
        )


def _staff_findings(procedure: Procedure) -> Iterator[Finding]:
    for shortage in shortages(procedure):
        yield Finding(
            key=f"people:{shortage.subject}:{shortage.expected}",
            severity="stop",
            title="People are missing",
            text=shortage.problem,
            mend=shortage.mend,
        )
    reopening = [r for r in procedure.responses if r.after_operation]
    if reopening and procedure.standby is None:
        yield Finding(
            key="standby:none",
            severity="stop",
            title="Nobody stands by after the operation",
            text="the protocol has no team that stands by to reopen",
            mend="add standby to the protocol and people with pool: standby",
        )


def _unanswered_findings(procedure: Procedure) -> Iterator[Finding]:
    """Complications that nobody wrote a response to: at all, or for one child and not for the other."""
    answered = {r.complication for r in procedure.responses}
    for row in rows_of(procedure):
        if row.role is not Role.OUTCOME and row.id not in answered:
            yield _unanswered(row.id, "", "the protocol has no response to it at all", procedure)
    told = {(r.complication, r.state, r.after_operation, r.patient) for r in procedure.responses}
    for complication, state, after, patient in sorted(told, key=str):
        for other in procedure.patients:
            lacks = (complication, state, after, other) not in told
            if patient is not None and "mother" not in (patient, other) and lacks:
                text = f"there is a response for {patient} while {state}, none for {other}"
                yield _unanswered(complication, f":{state}:{other}", text, procedure)


def _unanswered(complication: str, where: str, text: str, procedure: Procedure) -> Finding:
    return Finding(
        key=f"response:{complication}{where}",
        severity="stop",
        title=f"No response to: {title_of_complication(complication, procedure)}",
        text=text,
        mend="write the response: who leads, who is called, first actions",
    )


def _call_findings(procedure: Procedure, schedule: Schedule, until_min: float | None) -> Iterator[Finding]:
    during = list(uncalled(procedure, watches(procedure, schedule, until_min=until_min)))
    for resting in (False, True):
        lacks = [one for one in during if bool(one.resting) is resting]
        for need, group in _by_need(lacks):
            late = all(one.span[0] >= schedule.end_min for one in group)
            if resting:
                yield _break_finding(procedure, need, group)
            else:
                yield _nobody_finding(procedure, need, group, "overrun" if late else "calls")
    for need, group in _by_need(uncalled_after(procedure)):
        yield _nobody_finding(procedure, need, group, "standby_calls")


def _by_need(lacks: Iterable[Uncalled]) -> Iterator[tuple[Need, list[Uncalled]]]:
    def key(one: Uncalled) -> tuple[str, str]:
        return one.need.skill, one.need.team or ""

    for _, group in groupby(sorted(lacks, key=key), key=key):
        members = list(group)
        yield members[0].need, members


def _nobody_finding(procedure: Procedure, need: Need, group: Sequence[Uncalled], kind: str) -> Finding:
    who = wanted(need, procedure)
    when = {
        "calls": "",
        "overrun": " once the operation takes longer than planned",
        "standby_calls": " in the days after the operation",
    }[kind]
    severity: Severity = "mend" if kind == "overrun" else "stop"
    return Finding(
        key=f"{kind}:{_name(need)}",
        severity=severity,
        title=f"Nobody can be called{when}: {who}",
        text=f"{_answers(group, procedure)} need {who}; nobody of the team can come "
        + _spans(one.span for one in group)
        + (" after the end" if kind == "standby_calls" else ""),
        mend="put one more on duty in those hours, or mend the call",
        missing=(_name(need),),
    )


def _break_finding(procedure: Procedure, need: Need, group: Sequence[Uncalled]) -> Finding:
    resting = sorted({person for one in group for person in one.resting})
    names = {person.id: person.name for person in procedure.people}
    target = min(one.response.within_min for one in group)
    return Finding(
        key=f"break:{_name(need)}:{'+'.join(resting)}:{min(one.span[0] for one in group):g}",
        severity="mend",
        title=f"On a break while nobody else could come: {', '.join(names[p] for p in resting)}",
        text=f"{_answers(group, procedure)} need {wanted(need, procedure)} within {target:g} min; "
        f"{_spans(one.span for one in group)} only somebody on a break could come",
        mend="move the break, or put one more on duty meanwhile",
        missing=tuple(resting),
    )


def _answers(group: Sequence[Uncalled], procedure: Procedure) -> str:
    return named((one.response.complication for one in group), procedure)


def named(complications: Iterable[str], procedure: Procedure) -> str:
    """Complications as the protocol calls them, at most four."""
    names = [title_of_complication(one, procedure) for one in dict.fromkeys(complications)]
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return "; ".join(names[:4]) + more


def title_of_complication(complication: str, procedure: Procedure) -> str:
    """Its title in the protocol's responses; where it has none, its id in words."""
    words = complication.removeprefix("complication.").replace("_", " ")
    return next((r.title for r in procedure.responses if r.complication == complication), words)


def _spans(spans: Iterable[Span]) -> str:
    """Stretches in words, those that touch as one."""
    merged: list[list[float]] = []
    for begin, end in sorted(set(spans)):
        if merged and begin <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([begin, end])
    told = [f"from {hours_text(round(b))} to {hours_text(round(e))}" for b, e in merged[:3]]
    return " and ".join(told) + (f" and {len(merged) - 3} times more" if len(merged) > 3 else "")


def _name(need: Need) -> str:
    return need.skill + (f"@{need.team}" if need.team else "")


def _equipment_findings(procedure: Procedure) -> Iterator[Finding]:
    """Devices that one response, or the same response for both children at once, has too few of."""
    there = procedure.equipment
    for response in procedure.responses:
        for name, units in sorted(response.equipment.items()):
            if units > there.get(name, 0):
                title = procedure.titles.get(f"equipment:{name}", name)
                yield Finding(
                    key=f"equipment:{name}",
                    severity="stop",
                    title=f"Too few of: {title}",
                    text=f"{response.title} calls for {units}, there are {there.get(name, 0)}",
                    mend="get another unit, or mend the response",
                    missing=(name,),
                )
    for name, (units, complication) in sorted(_of_both(procedure).items()):
        if units > there.get(name, 0):
            title = procedure.titles.get(f"equipment:{name}", name)
            yield Finding(
                key=f"both_children:{name}",
                severity="mend",
                title=f"One child would wait for the other: {title}",
                text=f"{title_of_complication(complication, procedure)} in both children at once "
                f"calls for {units}, there are {there.get(name, 0)}",
                mend="get another unit",
                missing=(name,),
            )


def _of_both(procedure: Procedure) -> dict[str, tuple[int, str]]:
    """Most units that one complication wants when it strikes every child at once, and which."""
    found: dict[str, tuple[int, str]] = {}
    for state in ("joined", "apart"):
        for complication in sorted({r.complication for r in procedure.responses}):
            if not strikes_each_child(complication):
                continue
            own = [
                r
                for r in procedure.responses
                if (r.complication, r.state) == (complication, state) and r.patient is not None
            ]
            for name in sorted({name for r in own for name in r.equipment}):
                units = sum(r.equipment.get(name, 0) for r in own)
                if units > found.get(name, (0, ""))[0]:
                    found[name] = units, complication
    return found


def _stock_findings(procedure: Procedure) -> Iterator[Finding]:
    """Supplies that a response needs at hand beyond those there are."""
    for response in procedure.responses:
        for name, units in sorted(response.consumables.items()):
            if units > procedure.consumables.get(name, 0):
                title = procedure.titles.get(f"consumable:{name}", name)
                yield Finding(
                    key=f"stock:{name}",
                    severity="stop",
                    title=f"Too few of: {title}",
                    text=f"{response.title} needs {units} at hand, "
                    f"there are {procedure.consumables.get(name, 0)}",
                    mend="order more",
                    missing=(name,),
                )
