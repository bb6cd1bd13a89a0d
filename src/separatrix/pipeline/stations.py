"""The stations in order: where the rooms' answers are strung into one path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from separatrix.body import anatomy, imaging, surface, vessels
from separatrix.case import Case
from separatrix.pipeline.bind import script_files
from separatrix.pipeline.model import Context, Outcome, Station
from separatrix.pipeline.script import procedures_of, run_choreography
from separatrix.share import dossier


def _imaging(context: Context) -> Outcome:
    if context.case.file.imaging is None:
        return Outcome(status="not_applicable", because="the case names no imaging")
    scene = imaging.read_scene(
        context.case, evidence=context.evidence, threads=context.threads, progress=context.progress
    )
    imaging.save_scene(scene, context.folder)
    return Outcome()


def _anatomy(context: Context) -> Outcome:
    scene = context.results.scene
    if scene is not None:
        found = anatomy.analyse(
            scene,
            context.case,
            evidence=context.evidence,
            threads=context.threads,
            progress=context.progress,
        )
    elif context.case.file.anatomy is not None:
        found = anatomy.by_hand(context.case, evidence=context.evidence)
    else:
        return Outcome(
            status="not_applicable",
            because="the case has neither imaging nor an `anatomy:` block given by hand",
        )
    anatomy.save_anatomy(found, context.folder)
    return Outcome(status="refused" if found.refused_because else "done", because=found.refused_because)


def _vessel_files(case: Case) -> Mapping[str, Path]:
    """The scans again, on their own finest grid, and a graph by hand."""
    return {**case.imaging_inputs(), **case.vessel_inputs()}


def _vessels(context: Context) -> Outcome:
    found = context.results.anatomy
    if found is not None and found.refused_because:
        return Outcome(status="not_applicable", because=f"the union was refused: {found.refused_because}")
    if context.results.scene is None and context.case.file.vessels.graph is None:
        return Outcome(
            status="not_applicable",
            because="the case has neither imaging nor a vessel graph (`vessels: {graph: …}`) by hand",
        )
    mapped = vessels.map_vessels(
        context.case,
        scene=context.results.scene,
        anatomy=found,
        evidence=context.evidence,
        seed=context.seed,
        threads=context.threads,
        progress=context.progress,
    )
    vessels.save_vessels(mapped, context.folder)
    return Outcome()


def _surface(context: Context) -> Outcome:
    scene, found = context.results.scene, context.results.anatomy
    if scene is None or found is None or found.ownership is None:
        return Outcome(status="not_applicable", because="a surface needs imaging, and this case has none")
    if found.refused_because:
        return Outcome(status="not_applicable", because=f"the union was refused: {found.refused_because}")
    separatrix = surface.cut(
        scene, found, evidence=context.evidence, threads=context.threads, progress=context.progress
    )
    surface.save_separatrix(separatrix, context.folder)
    return Outcome()


def _rehearsal(context: Context) -> Outcome:
    # Its engine is loaded, and compiled where that was never done, when it is needed and not before.
    from separatrix.pipeline.rehearsal import run_rehearsal

    return run_rehearsal(context)


def _dossier(context: Context) -> Outcome:
    results = context.results
    provenances = [results.provenance(name) for name in _BEFORE_DOSSIER]
    stations = [
        dossier.StationSummary(
            name=provenance.station,
            question=next(s.question for s in STATIONS if s.name == provenance.station),
            status=results.status(provenance.station)[0],
            because=results.status(provenance.station)[1],
            notes=tuple(results.json(provenance.station).get("notes", ())),
            provenance=provenance,
        )
        for provenance in provenances
    ]
    mapped = results.vessels
    chapters = []
    if mapped is not None:
        chapters.append(dossier.vessels_chapter(mapped.graph, mapped.division, mapped.flow))
    if results.schedules:
        bound = procedures_of(context.case, results, evidence=context.evidence)
        chapters.append(dossier.choreography_chapter(bound, results.schedules, results.explanations))
        rehearsed = results.rehearsal
        if rehearsed is not None:
            from separatrix.pipeline.rehearsal import beside_of

            procedure, schedule = bound[-1], results.schedules[-1]
            beside = beside_of(procedure, schedule, rehearsed, evidence=context.evidence)
            chapters.append(dossier.rehearsal_chapter(procedure, schedule, rehearsed.answers, beside))
    used = sorted({key for provenance in provenances for key in provenance.evidence})
    dossier.write_dossier(
        case=context.case,
        scene=results.scene,
        anatomy=results.anatomy,
        separatrix=results.separatrix,
        stations=stations,
        entries=[context.evidence.entry(key) for key in used],
        folder=context.folder,
        chapters=chapters,
        vessels=dossier.view_of_vessels(mapped.graph, mapped.division, mapped.flow) if mapped else None,
        progress=context.progress,
    )
    return Outcome()


_BEFORE_DOSSIER = ("imaging", "anatomy", "vessels", "surface", "choreography", "rehearsal")

STATIONS: tuple[Station, ...] = (
    Station(
        name="imaging",
        question="What do the scans show, on one grid?",
        after=(),
        sections=("imaging", "born", "expected_birth"),
        files=Case.imaging_inputs,
        run=_imaging,
        weight=15,
    ),
    Station(
        name="anatomy",
        question="Whose is what, what is shared, what kind of union is it, may it be separated?",
        after=("imaging",),
        sections=("anatomy", "twins", "suitability", "decision", "body_axis_angle_deg", "born"),
        run=_anatomy,
        weight=35,
    ),
    Station(
        name="vessels",
        question="Whose blood goes where, which bridge goes to whom, in what order and how many operations?",
        after=("imaging", "anatomy"),
        sections=("vessels", "observations", "operations", "imaging", "twins", "born", "expected_birth"),
        files=_vessel_files,
        run=_vessels,
        weight=40,
    ),
    Station(
        name="surface",
        question="Where to cut?",
        after=("imaging", "anatomy"),
        sections=(),
        run=_surface,
        weight=20,
    ),
    Station(
        name="choreography",
        question="Who does what, when, where, with what?",
        after=("anatomy", "vessels", "surface"),
        sections=("protocol", "operations", "anatomy", "twins", "decision"),
        files=script_files,
        run=run_choreography,
        weight=60,
    ),
    Station(
        name="rehearsal",
        question="What can go wrong, and are we ready for each of it?",
        after=("anatomy", "vessels", "surface", "choreography"),
        sections=("protocol", "operations", "anatomy", "twins", "decision"),
        files=script_files,
        run=_rehearsal,
        weight=70,
    ),
    Station(
        name="dossier",
        question="What is the plan, on paper?",
        after=_BEFORE_DOSSIER,
        sections=(
            "id",
            "title",
            "born",
            "expected_birth",
            "gestation_weeks",
            "twins",
            "decision",
            "protocol",
            "operations",
            "anatomy",
        ),
        files=script_files,
        run=_dossier,
        weight=20,
    ),
)
