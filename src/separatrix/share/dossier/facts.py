"""The summary: one sentence for each question, each with how sure it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from separatrix.body.anatomy.model import Anatomy, Classification, GateState
from separatrix.body.imaging.model import Scene
from separatrix.body.surface.model import Separatrix
from separatrix.case import Case
from separatrix.core import Twin, Unknown
from separatrix.evidence import Entry, Mark
from separatrix.share.dossier.certainty import OwnerCertainty
from separatrix.share.dossier.model import Statement, StationSummary
from separatrix.share.dossier.wording import (
    SYNTHETIC_ONLY,
    number,
    percent,
    quantity,
    span,
    tissue_text,
    twin_text,
)

Marks = tuple[str, ...]

_HEADLINES = 4
"""Rows of the shared table that the summary repeats; the table itself is complete."""


def statements(
    case: Case,
    scene: Scene | None,
    anatomy: Anatomy | None,
    separatrix: Separatrix | None,
    stations: Sequence[StationSummary],
    certainty: Sequence[OwnerCertainty],
    entries: Sequence[Entry],
) -> list[Statement]:
    """What the summary says, in the order of the questions."""
    marks = {s.name: _marks(s, entries) for s in stations}
    of_anatomy, of_surface = marks.get("anatomy", ()), marks.get("surface", ())
    reasons = {s.name: s.because or s.status for s in stations}
    found = [_children(case, scene)]
    found += _scans(scene, reasons.get("imaging", "no imaging was given"))
    if anatomy is None:
        why = reasons.get("anatomy", "no anatomy was given")
        found.append(Statement(about="Anatomy", says=f"Not applicable: {why}.", sure="nothing is claimed"))
    else:
        found += [_union(anatomy, of_anatomy), _shared(anatomy, of_anatomy)]
        found += [*_owners(certainty, of_anatomy), _gates(anatomy)]
    found.append(_cut(separatrix, reasons.get("surface", "no surface was planned"), of_surface))
    found.append(_decision(case))
    return found


def _marks(station: StationSummary, entries: Sequence[Entry]) -> Marks:
    """Marks of the evidence that a station read, from measured to assumed."""
    read = {e.mark for e in entries if e.id in station.provenance.evidence}
    return tuple(mark.value for mark in Mark if mark in read)


def _children(case: Case, scene: Scene | None) -> Statement:
    parts = []
    for twin in Twin:
        spec = case.twin(twin)
        facts = [
            spec.sex or "sex not given",
            f"{number(spec.weight_kg)} kg" if spec.weight_kg else "weight not given",
        ]
        if spec.haematocrit:
            facts.append(f"haematocrit {number(spec.haematocrit)}")
        parts.append(f"{twin_text(twin)}: {', '.join(facts)}.")
    file = case.file
    if file.born:
        parts.append(f"Born {file.born.isoformat()}" + _gestation(file.gestation_weeks) + ".")
        parts += _age_at_scan(case, scene)
    elif file.expected_birth:
        parts.append(f"Not yet born; birth expected {file.expected_birth.isoformat()}.")
    return Statement(about="The children", says=" ".join(parts), sure="as written in the case file")


def _gestation(weeks: float | None) -> str:
    return f" at {number(weeks)} weeks" if weeks else ""


def _age_at_scan(case: Case, scene: Scene | None) -> list[str]:
    born = case.file.born
    dates = (
        sorted({i.acquired for i in scene.images.values() if not isinstance(i.acquired, Unknown)})
        if scene
        else []
    )
    if born is None or not dates:
        return []
    days = (dates[-1] - born).days
    return [f"Latest scan {dates[-1].isoformat()}, at {days} days of age."]


def _scans(scene: Scene | None, because: str) -> list[Statement]:
    if scene is None:
        return [Statement(about="Scans", says=f"Not applicable: {because}.", sure="nothing is claimed")]
    images = ", ".join(f"{i.modality} {i.name}" for i in scene.images.values()) or "no image"
    x, y, z = scene.grid.extent_mm
    says = f"{images} on one grid of {number(scene.grid.spacing_mm[0])} mm ({x:.0f} × {y:.0f} × {z:.0f} mm)."
    moved = [i for i in scene.images.values() if i.registration is not None]
    sure = "all images share one frame of reference"
    if moved:
        spread = max(i.registration.capture for i in moved if i.registration is not None)
        sure = f"moved rigidly into one frame; independent starts agree within {number(spread, 2)} mm"
    if scene.is_draft:
        says += " The labels are a draft made by the program."
        sure += "; draft labels must be corrected by hand"
    return [Statement(about="Scans", says=says, sure=sure)]


def _union(anatomy: Anatomy, marks: Marks) -> Statement:
    if anatomy.refused_because:
        return Statement(
            about="Kind of union",
            says=f"This union is refused: {anatomy.refused_because}.",
            sure="the program plans unions of the skull vault only",
            marks=marks,
        )
    kind = anatomy.classification
    says = (
        f"Stone & Goodrich {either(kind.stone_goodrich)}; O’Connell {either(kind.oconnell)};"
        f" Winston {either(kind.winston)}."
        f" Longitudinal angle {quantity(kind.angle_longitudinal_deg, 'deg')};"
        f" axial facial rotation {quantity(kind.rotation_axial_deg, 'deg')}."
    )
    return Statement(about="Kind of union", says=says, sure=_class_sure(kind, anatomy), marks=marks)


def either(classes: Sequence[str]) -> str:
    """One class, or both where an angle is near a threshold.

    Examples
    --------
    >>> either(("TV-II", "TV-III")), either(())
    ('TV-II or TV-III', 'unknown')
    """
    return " or ".join(classes) or "unknown"


def _class_sure(kind: Classification, anatomy: Anatomy) -> str:
    sure = "angles measured from the landmarks" if anatomy.ownership is not None else "as told by people"
    if len(kind.stone_goodrich) > 1 or len(kind.oconnell) > 1:
        sure += "; near a threshold, so both classes are printed"
    if len(kind.winston) > 1:
        sure += "; the deepest shared layer is not certain"
    return sure


def _shared(anatomy: Anatomy, marks: Marks) -> Statement:
    known = [s for s in anatomy.shared if not isinstance(s.value, Unknown)]
    unknown = [s for s in anatomy.shared if isinstance(s.value, Unknown)]
    says = "; ".join(f"{s.name}: {quantity(s.value, s.unit)}" for s in known[:_HEADLINES])
    ranges = [
        f"{s.name} {span(s.low, s.high, s.unit)}" for s in known[:_HEADLINES] if span(s.low, s.high, s.unit)
    ]
    sure = "; ".join(ranges) or "no range can be given"
    if unknown:
        sure += f"; {len(unknown)} of {len(anatomy.shared)} rows are unknown"
    return Statement(
        about="What is shared", says=(says or "Nothing was measured") + ".", sure=sure, marks=marks
    )


def _owners(certainty: Sequence[OwnerCertainty], marks: Marks) -> list[Statement]:
    if not certainty:
        return []
    says = " ".join(
        f"{twin_text(c.twin)}: {c.brain_ml:.0f} ml of brain, {percent(c.sure_share)} at least 95 % sure."
        for c in certainty
    )
    return [Statement(about="Whose brain is whose", says=says, sure=SYNTHETIC_ONLY, marks=marks)]


def _gates(anatomy: Anatomy) -> Statement:
    counts = Counter(gate.state for gate in anatomy.suitability)
    says = ", ".join(f"{counts[state]} {state.value}" for state in GateState)
    return Statement(
        about="May they be separated?",
        says=f"Suitability gates: {says}. The gates are not a score.",
        sure="each gate is confirmed by a person, never by the program",
    )


def _cut(separatrix: Separatrix | None, because: str, marks: Marks) -> Statement:
    if separatrix is None:
        return Statement(about="Where to cut", says=f"Not applicable: {because}.", sure="nothing is claimed")
    areas = ", ".join(
        f"{tissue_text(tissue)} {quantity(area, 'cm2')}" for tissue, area in separatrix.areas_cm2.items()
    )
    says = f"A separating surface was found. It crosses {areas}; {len(separatrix.crossed)} single structures."
    return Statement(about="Where to cut", says=says, sure=optimum_text(separatrix), marks=marks)


def optimum_text(separatrix: Separatrix) -> str:
    """How near the cut is to the best one under its cost."""
    if separatrix.gap == 0:
        return "no cheaper cut exists under the stated costs"
    if separatrix.gap is not None:
        return f"cost within {percent(separatrix.gap, 2)} of the best cut under the stated costs"
    if separatrix.gap_bound is not None:
        return f"cost at most {percent(separatrix.gap_bound, 2)} above the best cut under the stated costs"
    return "distance to the best cut under the stated costs: unknown because it was not computed"


def _decision(case: Case) -> Statement:
    choice = case.file.decision.choice
    if not choice:
        return Statement(
            about="Decision",
            says="No decision is recorded. Only the team decides; it stays empty until a person fills it.",
            sure="–",
        )
    says = "; ".join(f"{twin_text(t)}: {choice[t.value]}" for t in Twin if t.value in choice)
    names = ", ".join(case.file.decision.by) or "no name given"
    return Statement(about="Decision", says=f"{says}.", sure=f"recorded by {names}")
