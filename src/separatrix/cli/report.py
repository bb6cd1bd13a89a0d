"""What a command says when it is done, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from separatrix.cli.console import SAFETY
from separatrix.core import Fault, InputError
from separatrix.evidence import Entry, Mark, plain
from separatrix.pipeline import PlanRun

if TYPE_CHECKING:  # each is needed by one command only
    from separatrix.body.vessels.flow_file import FlowFile
    from separatrix.body.vessels.model import FlowState
    from separatrix.team.choreography.project import Project, ProjectPlan


def plan_report(run: PlanRun) -> tuple[dict[str, Any], str]:
    """The end of a plan: what each station said, and where the dossier is."""
    data = {
        "plan": str(run.folder),
        "stations": [
            {"name": s.name, "status": s.status, "because": s.because, "reused": s.reused, "digest": s.digest}
            for s in run.stations
        ],
        "stale": list(run.stale),
        "dossier": {kind: str(path) for kind, path in run.dossier.items()},
    }
    lines = []
    for s in run.stations:
        how = "kept" if s.reused else f"{s.seconds:.1f} s"
        lines.append(
            f"{s.name:<10} {s.status.replace('_', ' ')} ({how})" + (f": {s.because}" if s.because else "")
        )
        lines += [f"           {note}" for note in s.notes]
    if run.stale:
        lines.append(f"not redone in this run and no longer fitting: {', '.join(run.stale)}")
    if "html" in run.dossier:
        lines += ["", f"Dossier: {run.dossier['html']}"]
    if "pdf" in run.dossier:
        lines.append(f"         {run.dossier['pdf']}")
    lines.append(SAFETY)
    return data, "\n".join(lines)


def evidence_report(entries: Iterable[Entry], mark: str) -> tuple[dict[str, Any], str]:
    """Entries as a list, one line each.

    Raises
    ------
    InputError
        If `mark` is no mark.
    """
    known = {m.value: m for m in Mark}
    if mark and mark not in known:
        raise InputError(Fault(field="--mark", problem=f"found '{mark}'", expected=", ".join(known)))
    chosen = [e for e in entries if not mark or e.mark is known[mark]]
    data = {
        "entries": [
            {
                "id": e.id,
                "kind": e.kind.value,
                "value": plain(e.value),
                "low": e.low,
                "high": e.high,
                "unit": e.unit,
                "mark": e.mark.value,
                "source_ids": list(e.source_ids),
                "note": e.note,
            }
            for e in chosen
        ]
    }
    lines = [f"{e.mark.value}  {e.id:<58} {_shown(e)}" for e in chosen]
    lines.append(f"{len(chosen)} entries. `separatrix explain ID` tells more of one.")
    return data, "\n".join(lines)


MAX_ROWS = 200
"""Rows of a table on the screen; `--json` prints all."""


def flow_report(given: FlowFile, state: FlowState) -> tuple[dict[str, Any], str]:
    """Pressure of each node and flow of each edge, as plain data and as two tables."""
    data = given.result(state)
    network = given.network
    nodes = [
        (str(node["id"]), "not fixed" if node["pressure_mmHg"] is None else f"{node['pressure_mmHg']:.4g}")
        for node in data["nodes"]
    ]
    edges = []
    for n, edge in enumerate(data["edges"]):
        flow, ends = edge["flow_ml_per_min"], (network.a[n], network.b[n])
        start, end = ends if flow >= 0 else ends[::-1]
        course = f"{given.node_ids[start]} → {given.node_ids[end]}"
        amount = f"{abs(flow):.4g}" if network.is_open[n] else "closed"
        edges.append((str(edge["id"]), amount, course))
    lines = [*_table(("node", "mmHg"), nodes), "", *_table(("edge", "ml/min", "from → to"), edges), ""]
    lines += [f"largest imbalance of a node: {state.residual:.1e} of the largest flow", SAFETY]
    return data, "\n".join(lines)


def schedule_report(project: Project, found: ProjectPlan) -> tuple[dict[str, Any], str]:
    """Makespan, bound and status of a project, and when each activity starts with whom (numbers from 1)."""
    data: dict[str, Any] = {
        "name": project.name,
        "makespan": found.makespan,
        "lower_bound": found.lower_bound,
        "status": found.status,
        "because": found.because,
        "meaning": project.meaning.value,
        "starts": list(found.starts),
        "crews": [[person + 1 for person in crew.people] for crew in found.crews],
        "skills": [[skill + 1 for skill in crew.skills if skill >= 0] for crew in found.crews],
    }
    if found.makespan is None:
        return data, f"{project.name}: {found.status}: {found.because}"
    rows = [
        (str(n + 1), str(start), str(start + project.durations[n]), " ".join(map(str, data["crews"][n])))
        if found.crews
        else (str(n + 1), str(start), str(start + project.durations[n]))
        for n, start in enumerate(found.starts)
    ]
    head = ("activity", "start", "end", "people") if found.crews else ("activity", "start", "end")
    gap = "proven the shortest" if found.status == "optimal" else f"none is shorter than {found.lower_bound}"
    return data, "\n".join([*_table(head, rows), "", f"{project.name}: makespan {found.makespan}, {gap}"])


def run_report(folder: Path, run: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """A run of rehearsals: its digest, and when the children are apart and the day ends."""
    data = {"run": str(folder), **run}
    rows = [
        (title, *(_minute(told, q) for q in ("q05", "q10", "q50", "q90", "q95")))
        for title, told in (("apart", run["separation_min"]), ("end", run["end_min"]))
        if told is not None and told.get("q50") is not None
    ]
    lines = _table(("minute", "5 %", "10 %", "50 %", "90 %", "95 %"), rows)
    lines += _cut_short(run)
    lines += ["", f"{run['runs']} rehearsals, seed {run['seed']}: for relief and supplies, not a target."]
    lines += [f"digest {run['digest']}", f"kept in {folder}", SAFETY]
    return data, "\n".join(lines)


def _cut_short(run: dict[str, Any]) -> list[str]:
    """Rehearsals that did not come to their end, or in which the children stayed one."""
    said = (
        ("stopped", "were stopped by the limit of events: the script has no way on, or too much struck"),
        ("staged", "were staged: the children are parted another day"),
    )
    lines = []
    for column, words in said:
        number = round(run["columns"].get(column, {}).get("mean", 0.0) * run["runs"])
        if number:
            lines.append(f"{number} of {run['runs']} {words}")
    return ["", *lines] if lines else []


def _minute(told: dict[str, Any], quantile: str) -> str:
    """A quantile as a whole minute and as hours from wheels in."""
    minute = round(told[quantile])
    return f"{minute} ({minute // 60}:{minute % 60:02d} h)"


def story_report(folder: Path) -> tuple[dict[str, Any], str]:
    """One rehearsal told: where its pages lie, and the text itself."""
    text = (folder / "story.txt").read_text(encoding="utf-8")
    return {"story": str(folder), "text": text}, f"{text}\nPages: {folder / 'story.html'}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns of even width, cut off after `MAX_ROWS` rows."""
    shown = [head, *rows[:MAX_ROWS]]
    widths = [max(len(row[c]) for row in shown) for c in range(len(head))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in shown]
    if len(rows) > MAX_ROWS:
        lines.append(f"… and {len(rows) - MAX_ROWS} more; --json prints all")
    return lines


def _shown(entry: Entry) -> str:
    text = str(entry.value)
    if entry.low is not None or entry.high is not None:
        low, high = ("" if bound is None else f"{bound:g}" for bound in (entry.low, entry.high))
        text += f" ({low} to {high})"
    return f"{text} {entry.unit}" if entry.unit not in ("", "1") else text
