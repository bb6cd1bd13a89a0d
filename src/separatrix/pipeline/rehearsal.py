"""The rehearsal's station, and the runs and stories that people ask for beside the plan."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from separatrix.case import Case, evidence_for
from separatrix.core import Fault, InputError, Progress, near_names, silent
from separatrix.core.provenance import Provenance, package_version, source_hash
from separatrix.core.runtime import available_threads, settle_compiled_cache
from separatrix.core.storage import RUNS, disk_faults, fresh_folder, sole_writer, swap_in
from separatrix.evidence import EvidenceReader
from separatrix.pipeline.cache import is_intact, station_inputs, stored_provenance
from separatrix.pipeline.model import Context, Outcome
from separatrix.pipeline.results import Results
from separatrix.pipeline.script import FOLDER as CHOREOGRAPHY
from separatrix.pipeline.script import place_of, procedures_of
from separatrix.share.dossier.rehearsal import Beside
from separatrix.share.dossier.rehearsal_charts import spread_of
from separatrix.share.rehearsal import Scenario, chosen, day, number_cards, write_scenarios, write_story
from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol import Procedure
from separatrix.team.rehearsal.answers.model import Cell, Matrix, Rehearsal
from separatrix.team.rehearsal.answers.result_io import StoredRehearsal, write_rehearsal
from separatrix.team.rehearsal.play.compile import Compiled, compile_procedure
from separatrix.team.rehearsal.play.numbers import numbers_of
from separatrix.team.rehearsal.runs.rows import Rows
from separatrix.team.rehearsal.runs.sketch import Sketch
from separatrix.team.rehearsal.runs.stored import Distribution
from separatrix.team.rehearsal.stories.replay import pick, replay, replay_cell

FOLDER = "rehearsal"

FEW_NOTES = 5
"""So many notes are told at the end of a plan."""

SCENARIOS = "scenarios"
"""Folder of the cards and stories inside the station's."""

LONGEST_NAME = 60
"""Of what was asked for and is not known, so much is said again."""

CHOSEN = 8
"""Complications that get scenario cards, beside the median and the worst day."""


def run_rehearsal(context: Context) -> Outcome:
    """Rehearse the script of every operation, and tell what is not ready and what to change.

    The parting operation lies in the station's own folder, the ones before it under ``operation-N/``.
    """
    from separatrix.team.rehearsal.answers.rehearse import rehearse

    status, because = context.results.status(CHOREOGRAPHY)
    if status != "done":
        reason = f"there is no script to rehearse: {because}"
        return Outcome(status="not_applicable", because=reason)
    bound = procedures_of(context.case, context.results, evidence=context.evidence)
    operations: list[Mapping[str, Any]] = []
    notes: list[str] = []
    for number, (procedure, schedule) in enumerate(
        zip(bound, context.results.schedules, strict=True), start=1
    ):
        place = place_of(number, len(bound))
        folder = context.folder / place
        folder.mkdir(exist_ok=True)
        answered = rehearse(
            procedure,
            schedule,
            evidence=context.evidence,
            seed=context.seed,
            threads=context.threads,
            progress=_within(context.progress, (number - 1) / len(bound), 1 / len(bound)),
        )
        told = answered.rehearsal
        stored = StoredRehearsal(
            answers=told,
            days=_days(answered.rows),
            distributions=_distributions(answered.sketch),
            independent=_distributions(answered.alone),
        )
        operations.append({"operation": number, "folder": place, "digest": told.digest, "runs": told.runs})
        notes += _few(told.notes)
        write_rehearsal(
            folder,
            stored,
            station=FOLDER,
            status="done",
            because="",
            operations=operations,
            notes=list(dict.fromkeys(notes)),
            assumptions=sorted({e.id for e in context.evidence.used if e.mark.value == "A"}),
        )
        cards = scenarios(procedure, answered.compiled, told, stored.days)
        write_scenarios(procedure, cards, folder / SCENARIOS)
    return Outcome()


def _few(notes: Sequence[str]) -> list[str]:
    """What was seen while compiling, as notes: the first of many, and where the rest stands."""
    if len(notes) <= FEW_NOTES:
        return list(notes)
    return [*notes[:FEW_NOTES], f"… and {len(notes) - FEW_NOTES} more of this kind: see readiness"]


def _days(rows: Rows) -> Mapping[str, int]:
    """Numbers of the days worth telling; none where no rehearsal came to its end, which is a finding."""
    with contextlib.suppress(InputError):
        picked = pick(rows)
        return {"median": picked.median, "worst": picked.worst}
    return {}


def _distributions(sketch: Sketch) -> Mapping[str, Distribution]:
    return {name: sketch.distribution(name) for name in sketch.layout.names}


def beside_of(
    procedure: Procedure, schedule: Schedule, rehearsed: StoredRehearsal, *, evidence: EvidenceReader
) -> Beside:
    """What the dossier shows beside the answers: distributions drawn, cards with links, units."""
    compiled = compile_procedure(procedure, schedule, numbers_of(procedure, evidence=evidence))
    told = rehearsed.answers
    has_moment = told.separation_min is not None
    return Beside(
        separation=spread_of(rehearsed.separation_min) if has_moment else None,
        separation_alone=spread_of(rehearsed.independent["separation_min"]) if has_moment else None,
        cards=number_cards(procedure, scenarios(procedure, compiled, told, rehearsed.days)),
        cards_link=f"{FOLDER}/{SCENARIOS}/scenario-cards.html",
        unit_by_id={swing.id: evidence.entry(swing.id).unit for swing in told.swings},
    )


def scenarios(
    procedure: Procedure, compiled: Compiled, rehearsal: Rehearsal, days: Mapping[str, int]
) -> tuple[Scenario, ...]:
    """The days and complications that people rehearse with dolls, played again from their numbers.

    Parameters
    ----------
    days
        ``median`` and ``worst``: number of the rehearsal; none where every rehearsal was stopped.
    """
    seed = rehearsal.seed
    whole = [day(name, replay(compiled, seed, number)) for name, number in days.items()]
    single = []
    for cell in chosen_cells(rehearsal.matrix):
        # What strikes in none of very many rehearsals is no day to act out.
        with contextlib.suppress(InputError):
            story = replay_cell(compiled, seed, days.get("median", 0), cell)
            single.append(chosen(cell.complication, story))
    return (*whole, *single)


def chosen_cells(matrix: Matrix) -> Sequence[Cell]:
    """One cell for each complication worth a card: least ready first, then the shortest target.

    Examples
    --------
    >>> chosen_cells(Matrix(cells=(), pairs=(), runs_per_cell=1, covered_share=0.95))
    []
    """
    order = {"nobody": 0, "late": 1, "in_time": 2}

    def urgency(cell: Cell) -> tuple[float, float, float]:
        return order[cell.status], cell.target_min or 0.0, -(cell.added_min or 0.0)

    best: dict[str, Cell] = {}
    for cell in sorted((c for c in matrix.cells if c.status in order), key=urgency):
        best.setdefault(cell.complication, cell)
    return list(best.values())[:CHOSEN]


def _within(progress: Progress, begin: float, width: float) -> Progress:
    def heard(fraction: float, doing: str) -> None:
        progress(begin + width * fraction, doing)

    return heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """One operation of a planned case, ready to be played."""

    case: Case
    procedure: Procedure
    schedule: Schedule
    compiled: Compiled
    made_from: Provenance
    """Version, inputs and evidence; without files."""
    runs: Path
    """Where runs and stories of this operation lie."""


def planned_operation(case: Case, operation: int | None = None) -> Rehearsed:
    """An operation of a case whose script stands, compiled for rehearsing.

    Parameters
    ----------
    operation
        From 1; None: the parting one, which is the last.

    Raises
    ------
    InputError
        If there is no script, it no longer fits the program, or there is no such operation.
    """
    settle_compiled_cache()
    evidence = evidence_for(case)
    results = Results(case.plan_folder)
    stored = stored_provenance(case.plan_folder / CHOREOGRAPHY)
    if stored is None:
        raise InputError(_no_script(case, "has no script to rehearse"))
    because = _misfit(case, stored, evidence)
    if because:
        raise InputError(_no_script(case, because))
    if not results.is_done(CHOREOGRAPHY):
        status, reason = (word.replace("_", " ") for word in results.status(CHOREOGRAPHY))
        raise InputError(
            _no_script(case, f"has no script to rehearse: choreography is {status}, because {reason}")
        )
    bound = procedures_of(case, results, evidence=evidence)
    asked = len(bound) if operation is None else operation
    if not 1 <= asked <= len(bound):
        there = "1: the case has one" if len(bound) == 1 else f"1 to {len(bound)}"
        raise InputError(Fault(field="--operation", problem=f"found {asked}", expected=there))
    procedure, schedule = bound[asked - 1], results.schedules[asked - 1]
    try:
        compiled = compile_procedure(procedure, schedule, numbers_of(procedure, evidence=evidence))
    except InputError as error:
        raise InputError(*map(case.located, error.faults)) from error
    return Rehearsed(
        case=case,
        procedure=procedure,
        schedule=schedule,
        compiled=compiled,
        made_from=Provenance(
            station=FOLDER,
            version=package_version(),
            source_sha256=source_hash(),
            seed=stored.seed,
            inputs={f"station.{CHOREOGRAPHY}": stored.digest, "operation": str(asked)},
            evidence=evidence.used_values(),
            files={},
        ),
        runs=case.plan_folder / FOLDER / RUNS / place_of(asked, len(bound)),
    )


def _misfit(case: Case, stored: Provenance, evidence: EvidenceReader) -> str:
    """Why a stored script is not the one of the case as it now is; empty where it is."""
    from separatrix.pipeline.stations import STATIONS

    if stored.source_sha256 != source_hash():
        return "was planned by another version of the program"
    if not is_intact(case.plan_folder / CHOREOGRAPHY, stored):
        return f"has a script whose files, in plan/{CHOREOGRAPHY}, changed since they were written"
    station = next(station for station in STATIONS if station.name == CHOREOGRAPHY)
    now = station_inputs(station, case, case.plan_folder)
    changed = sorted(name for name in {*now, *stored.inputs} if now.get(name) != stored.inputs.get(name))
    if changed:
        return f"changed since its script was planned ({', '.join(changed)})"
    values = evidence.values_of(stored.evidence)
    changed = sorted(name for name in stored.evidence if values.get(name) != stored.evidence[name])
    return f"has other values since its script was planned ({', '.join(changed)})" if changed else ""


def _no_script(case: Case, because: str) -> Fault:
    return Fault(
        file=str(case.path), problem=because, mend=f"run `separatrix plan {case.folder} --until choreography`"
    )


def rehearse_case(
    case: Case,
    *,
    n: int,
    seed: int = 1,
    threads: int | None = None,
    cluster: str | None = None,
    operation: int | None = None,
    progress: Progress = silent,
) -> tuple[Path, dict[str, Any]]:
    """Rehearse a planned case `n` times and keep the run under ``plan/rehearsal/runs/``.

    The plan's own result is not touched. The digest is the same for any number of threads, and on a cluster.

    Parameters
    ----------
    n, seed
        How many rehearsals, and the seed of their draws.
    threads
        On this machine.
    cluster
        Address of a Dask scheduler, or ``local:2`` for two processes here; None: threads of this process.
    operation
        From 1; None: the parting one.

    Returns
    -------
    tuple
        The folder, and what its ``result.json`` holds.
    """
    from separatrix.team.rehearsal.runs.blocks import check_size
    from separatrix.team.rehearsal.runs.cluster import check_address, run_on_cluster
    from separatrix.team.rehearsal.runs.run import run
    from separatrix.team.rehearsal.runs.runs_io import write_run

    check_size(n, seed)
    if cluster is not None:
        check_address(cluster)
    asked = planned_operation(case, operation)
    if cluster is not None:
        sketch = run_on_cluster(asked.compiled, n=n, seed=seed, cluster=cluster, progress=progress)
    else:
        sketch = run(
            asked.compiled, n=n, seed=seed, threads=threads or available_threads(), progress=progress
        )
    with disk_faults(case.plan_folder):
        return write_run(asked.runs, sketch, asked.compiled.names, seed=seed, made_from=asked.made_from)


def replay_case(
    case: Case, *, number: int, seed: int = 1, strike: str | None = None, operation: int | None = None
) -> Path:
    """Tell one rehearsal of a planned case minute by minute: text, page, bars and blood curves.

    Parameters
    ----------
    number, seed
        Of the rehearsal.
    strike
        A complication to force: ``ACTIVITY/COMPLICATION`` or ``ACTIVITY/COMPLICATION@PATIENT``.

    Returns
    -------
    Path
        Folder of the story, under ``plan/rehearsal/runs/``.
    """
    from separatrix.team.rehearsal.runs.blocks import check_size
    from separatrix.team.rehearsal.stories.replay import NOT_FORCED, check_number

    check_size(1, seed)
    check_number(number)
    asked = planned_operation(case, operation)
    forced = NOT_FORCED if strike is None else forced_strike(asked.compiled, strike)
    story = replay(asked.compiled, seed, number, forced)
    name = f"{seed}-story-{number}" + (f"-{strike.replace('/', '-')}" if strike else "")
    with disk_faults(case.plan_folder), sole_writer(asked.runs):
        folder = fresh_folder(asked.runs, name)
        write_story(story, folder)
        swap_in(folder, asked.runs / name, asked.made_from.to_dict())
    return asked.runs / name


def forced_strike(compiled: Compiled, strike: str) -> tuple[int, int, int]:
    """Node, complication and patient of ``ACTIVITY/COMPLICATION@PATIENT``; -1 for the pair or the room.

    Raises
    ------
    InputError
        If one of them is not known, or it cannot strike there.
    """
    from separatrix.team.rehearsal.play.cells import possible_cells

    names = compiled.names
    activity, _, rest = strike.partition("/")
    short, _, patient = rest.partition("@")
    complication = short if "." in short else f"complication.{short}"
    nodes = [node.id for node in names.nodes]
    faults = []
    if activity not in nodes:
        faults.append(
            Fault(
                field="--strike",
                problem=f"no activity '{_brief(activity)}'",
                expected="ACTIVITY/COMPLICATION or ACTIVITY/COMPLICATION@PATIENT",
                mend=near_names(_brief(activity), nodes),
            )
        )
    if complication not in names.complications:
        faults.append(
            Fault(
                field="--strike",
                problem=f"no complication '{_brief(short)}'",
                mend=near_names(_brief(complication), names.complications),
            )
        )
    if patient and patient not in names.patients:
        faults.append(
            Fault(
                field="--strike",
                problem=f"no patient '{_brief(patient)}'",
                expected=", ".join(names.patients),
            )
        )
    if faults:
        raise InputError(*faults)
    node, row = nodes.index(activity), names.complications.index(complication)
    struck = [int(cell[2]) for cell in possible_cells(compiled) if (cell[0], cell[1]) == (node, row)]
    wanted = [str(p) for p in names.patients].index(patient) if patient else -1
    if wanted not in struck:
        whom = [str(names.patients[p]) if p >= 0 else "the pair (no @)" for p in struck]
        raise InputError(
            Fault(
                field="--strike",
                problem=f"{complication} does not strike {patient or 'the pair'} at {activity}",
                expected=f"there it strikes {' or '.join(whom) or 'nobody'}",
            )
        )
    return node, row, wanted


def _brief(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else text[:LONGEST_NAME] + "…"
