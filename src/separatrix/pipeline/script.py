"""The choreography's station: every operation planned, explained and printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from separatrix.case import Case
from separatrix.core.storage import to_json, write_atomic
from separatrix.evidence import EvidenceReader
from separatrix.pipeline.bind import Found, bind
from separatrix.pipeline.model import Context, Outcome
from separatrix.pipeline.results import Results
from separatrix.share.script import write_script
from separatrix.team.choreography.checker import check
from separatrix.team.choreography.explain import explain
from separatrix.team.choreography.model import Schedule
from separatrix.team.choreography.plan import choreograph
from separatrix.team.choreography.schedule_io import write_schedule
from separatrix.team.protocol import Procedure

FOLDER = "choreography"


def run_choreography(context: Context) -> Outcome:
    """Plan every operation of the case's protocol.

    The parting operation lies in the station's own folder, the ones before it under ``operation-N/``.
    """
    because = _not_asked_for(context)
    if because:
        return Outcome(status="not_applicable", because=because)
    bound = procedures_of(context.case, context.results, evidence=context.evidence)
    told = []
    for number, procedure in enumerate(bound):
        share = (number / len(bound), 1 / len(bound))
        folder = context.folder / place_of(number + 1, len(bound))
        folder.mkdir(exist_ok=True)
        told.append(_one(context, procedure, folder, share))
    lacking = [(p, s) for p, s in zip(bound, told, strict=True) if s.status == "infeasible"]
    outcome = Outcome()
    if lacking:
        reasons = "; ".join(f"{p.title}: {s.because}" if len(bound) > 1 else s.because for p, s in lacking)
        outcome = Outcome(status="infeasible", because=reasons)
    write_atomic(context.folder / "result.json", to_json(_result(context, bound, told, outcome)))
    return outcome


def place_of(operation: int, operations: int) -> str:
    """Folder of one operation inside the station's: the parting one, which is the last, has none."""
    return "." if operation == operations else f"operation-{operation}"


def procedures_of(case: Case, results: Results, *, evidence: EvidenceReader) -> tuple[Procedure, ...]:
    """The procedures that a case's schedules belong to, the parting one last."""
    vessels = results.vessels
    found = Found(division=vessels.division if vessels else None, separatrix=results.separatrix)
    return bind(case, found, evidence=evidence)


def _not_asked_for(context: Context) -> str:
    """Why nothing is to be planned; empty where something is."""
    anatomy = context.results.anatomy
    if anatomy is not None and anatomy.refused_because:
        return f"the union was refused: {anatomy.refused_because}"
    choice = context.case.file.decision.choice
    if "do not separate" in choice.values() and context.case.file.protocol != "birth":
        return "the team decided not to separate"
    return ""


def _one(context: Context, procedure: Procedure, folder: Path, share: tuple[float, float]) -> Schedule:
    def within(start: float, width: float) -> Any:
        def progress(fraction: float, doing: str) -> None:
            context.progress(share[0] + share[1] * (start + width * fraction), doing)

        return progress

    schedule = choreograph(procedure, seed=context.seed, threads=context.threads, progress=within(0.0, 0.5))
    schedule = _held_to_the_rules(procedure, schedule)
    explanation = explain(
        procedure, schedule, seed=context.seed, threads=context.threads, progress=within(0.5, 0.3)
    )
    write_schedule(schedule, folder)
    write_atomic(folder / "explanation.json", to_json(explanation.to_dict()))
    if schedule.activities:
        context.progress(share[0] + share[1] * 0.8, "role cards and charts")
        write_script(procedure, schedule, folder)
    return schedule


def _held_to_the_rules(procedure: Procedure, schedule: Schedule) -> Schedule:
    """The schedule as the checker, which knows no planner, judges it."""
    if schedule.status == "infeasible":
        return schedule
    broken = check(procedure, schedule)
    if not broken:
        return schedule
    because = "; ".join(violation.what for violation in broken[:3])
    more = f" and {len(broken) - 3} more" if len(broken) > 3 else ""
    return replace(schedule, status="infeasible", because=f"no plan keeps every rule: {because}{more}")


def _result(
    context: Context,
    bound: Sequence[Procedure],
    told: Sequence[Schedule],
    outcome: Outcome,
) -> Mapping[str, Any]:
    rows = [
        {
            "operation": procedure.operation,
            "title": procedure.title,
            "folder": place_of(procedure.operation, len(bound)),
            "status": schedule.status,
            "because": schedule.because,
            "activities": len(procedure.activities),
            "people": len({a.person for a in schedule.assignments}),
            "separation_min": schedule.separation_min,
            "circulations_part_min": schedule.circulations_part_min,
            "end_min": schedule.end_min,
            "bound_min": schedule.bound_min,
            "bound_because": schedule.bound_because,
        }
        for procedure, schedule in zip(bound, told, strict=True)
    ]
    notes = [note for procedure in bound for note in (*procedure.assumptions, *procedure.notes)]
    notes += [note for schedule in told for note in schedule.notes]
    return {
        "format": 1,
        "station": FOLDER,
        "status": outcome.status,
        "because": outcome.because,
        "operations": rows,
        "notes": list(dict.fromkeys(notes)),
        "assumptions": sorted({e.id for e in context.evidence.used if e.mark.value == "A"}),
    }
