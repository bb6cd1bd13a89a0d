"""The summary: one sentence for each question, each with how sure it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from separatrix.body.anatomy.model import Anatomy, Classification, GateState
from separatrix.body.imaging.model import Scene, SceneImage
from separatrix.body.surface.model import Separatrix
from separatrix.case import Case
from separatrix.core import Twin, Unknown
from separatrix.evidence import Entry, Mark
from separatrix.share.dossier.certainty import OwnerCertainty
from separatrix.share.dossier.model import Chapter, Statement, StationSummary
from separatrix.share.dossier.wording import (
    SYNTHETIC_ONLY,
    counted,
    number,
    percent,
    quantity,
    sentence,
    shared_span,
    shared_value,
    tissue_text,
    twin_text,
)

Marks = tuple[str, ...]

_DAYS_PER_MONTH = 365.25 / 12
_HEADLINES = 5
"""Rows of the shared table that the summary repeats; the table itself is complete."""
_NOT_A_HEADLINE = ("contact_area_folded",)
"""Rows that say again, less surely, what another row says."""
LAYERS = ("skull", "dura", "scalp")
"""What the cut crosses as a layer, not as a vessel."""


def statements(
    case: Case,
    scene: Scene | None,
    anatomy: Anatomy | None,
    separatrix: Separatrix | None,
    stations: Sequence[StationSummary],
    certainty: Sequence[OwnerCertainty],
    entries: Sequence[Entry],
    chapters: Sequence[Chapter] = (),
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
    of_both = tuple(mark.value for mark in Mark if mark.value in {*of_anatomy, *of_surface})
    found.append(_cut(separatrix, reasons.get("surface", "no surface was planned"), of_surface))
    if separatrix is not None:
        found.append(_harm(separatrix, of_both))
    found += [statement for chapter in chapters for statement in chapter.statements]
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
            facts.append(f"haematocrit {percent(spec.haematocrit)}")
        parts.append(f"{twin_text(twin)}: {', '.join(facts)}.")
    file = case.file
    if file.born:
        born = f"Born {file.born.isoformat()}" + _gestation(file.gestation_weeks) + "."
        parts.append(" ".join([born, *_age_at_scan(case, scene)]))
    elif file.expected_birth:
        parts.append(f"Not yet born; birth expected {file.expected_birth.isoformat()}.")
    return Statement(about="The children", says="\n".join(parts), sure="as written in the case file")


def _gestation(weeks: float | None) -> str:
    return f" at {number(weeks)} weeks of pregnancy" if weeks else ""


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
    months = days / _DAYS_PER_MONTH
    return [f"Latest scan {dates[-1].isoformat()}, at {days} days ({months:.1f} months) of age."]


def _scans(scene: Scene | None, because: str) -> list[Statement]:
    if scene is None:
        return [Statement(about="Scans", says=f"Not applicable: {because}.", sure="nothing is claimed")]
    images = ", ".join(f"{i.modality} {i.name} ({_day(i)})" for i in scene.images.values()) or "no image"
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


def _day(image: SceneImage) -> str:
    return "date unknown" if isinstance(image.acquired, Unknown) else image.acquired.isoformat()


def _union(anatomy: Anatomy, marks: Marks) -> Statement:
    if anatomy.refused_because:
        return Statement(
            about="Kind of union",
            says=f"This union is refused: {anatomy.refused_because.rstrip('.')}.",
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
    known = [s for s in anatomy.shared if not isinstance(s.value, Unknown) and s.id not in _NOT_A_HEADLINE]
    unknown = [s for s in anatomy.shared if isinstance(s.value, Unknown)]
    lines = []
    for item in known[:_HEADLINES]:
        reach = shared_span(item)
        lines.append(f"{item.name}: {shared_value(item)}" + (f" ({reach})" if reach else "") + ".")
    if anatomy.ownership is None:
        sure = "as told by people; nothing was measured on scans"
    else:
        sure = "range in brackets where one can be given; how it was measured: see “What the children share”"
    if unknown:
        sure += f"; {len(unknown)} of {len(anatomy.shared)} rows are unknown"
    return Statement(
        about="What is shared", says="\n".join(lines) or "Nothing was measured.", sure=sure, marks=marks
    )


def _owners(certainty: Sequence[OwnerCertainty], marks: Marks) -> list[Statement]:
    if not certainty:
        return []
    says = "\n".join(
        f"{twin_text(c.twin)}: {c.brain_ml:.0f} ml of brain; of {quantity(c.unsure_ml, 'ml')} of it the owner"
        " is less than 95\u00a0% sure."
        for c in certainty
    )
    return [Statement(about="Whose brain is whose", says=says, sure=SYNTHETIC_ONLY, marks=marks)]


def _gates(anatomy: Anatomy) -> Statement:
    counts = Counter(gate.state for gate in anatomy.suitability)
    says = ", ".join(f"{counts[state]} {state.value}" for state in GateState)
    lines = [f"Suitability gates: {says}. The gates are not a score."]
    lines += [
        f"Not met{f' for {twin_text(g.twin)}' if g.twin else ''}: {g.question} {sentence(g.because)}"
        for g in anatomy.suitability
        if g.state is GateState.NOT_MET
    ]
    return Statement(
        about="May they be separated?",
        says="\n".join(lines),
        sure="for the team to answer; what the program reads from scans and case is a first reading",
    )


def _cut(separatrix: Separatrix | None, because: str, marks: Marks) -> Statement:
    if separatrix is None:
        says = f"Not applicable: {because}."
        return Statement(about="Where to cut", says=says, sure="nothing is claimed")
    vessels = Counter(c.structure for c in separatrix.crossed if c.structure not in LAYERS)
    names = ", ".join(counted(n, tissue_text(name)) for name, n in vessels.items())
    lines = ["A separating surface was found: a proposal to be judged, not an instruction."]
    lines.append(f"It crosses {names}." if names else "It crosses no vessel that was labelled.")
    shared = sum(c.owner == "shared" and c.structure not in LAYERS for c in separatrix.crossed)
    if shared:
        lines[-1] += f" {shared} of them belong to both children or to neither for sure."
    areas = separatrix.areas_cm2.items()
    layers = "; ".join(f"{tissue_text(n)} {quantity(area, 'cm2')}" for n, area in areas if n in LAYERS)
    lines += [f"Area of bone, dura and skin in the cut: {layers}."] if layers else []
    return Statement(about="Where to cut", says="\n".join(lines), sure=optimum_text(separatrix), marks=marks)


def _harm(separatrix: Separatrix, marks: Marks) -> Statement:
    """What the cut does to each child's brain; never one sum over both."""
    lines = []
    for twin in Twin:
        area = harm_text(separatrix.brain_cut_cm2, twin, "cm2")
        across = harm_text(separatrix.brain_across_ml, twin, "ml")
        lines.append(
            f"{twin_text(twin)}: cut through {twin.value}’s own brain: {area}; brain of {twin.value} on"
            f" {twin.other.value}’s side of the cut: {across}."
        )
    return Statement(
        about="What the cut does to each child’s brain",
        says="\n".join(lines),
        sure=f"as sure as the owners are: {SYNTHETIC_ONLY}",
        marks=marks,
    )


def harm_text(harm: Mapping[str, float], twin: Twin, unit: str) -> str:
    """A child's harm with its unit; what was not counted is unknown, never 0.

    Examples
    --------
    >>> harm_text({"A": 0.0, "B": 0.2301}, Twin.B, "ml"), harm_text({}, Twin.A, "cm2")
    ('0.23\\xa0ml', 'unknown because it was not counted')
    """
    if twin.value not in harm:
        return str(Unknown("it was not counted"))
    return quantity(harm[twin.value], unit)


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
            sure="nothing is claimed",
        )
    says = "; ".join(f"{twin_text(t)}: {choice.get(t.value, 'not recorded')}" for t in Twin) + "."
    if why := undecided(case):
        says += "\n" + why
    names = ", ".join(case.file.decision.by)
    sure = f"recorded by {names}" if names else "the record names nobody who decided"
    day = case.file.decision.on
    return Statement(about="Decision", says=says, sure=f"{sure}, {day.isoformat() if day else 'undated'}")


def undecided(case: Case) -> str:
    """Why a recorded decision cannot be carried out as it stands; empty where it can."""
    choice = case.file.decision.choice
    if not choice or (len(choice) == len(Twin) and len(set(choice.values())) == 1):
        return ""
    told = "; ".join(f"{twin_text(t)}: {choice.get(t.value, 'not recorded')}" for t in Twin)
    return (
        f"The decision is not the same for both children ({told}), and no operation parts only one of"
        " them. The team must settle it."
    )
