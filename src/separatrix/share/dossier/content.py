"""Everything the pages show, gathered once for screen and paper."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from separatrix.body.anatomy.model import Anatomy, GateState
from separatrix.body.imaging.model import Scene
from separatrix.body.surface.model import Separatrix
from separatrix.case import Case
from separatrix.core import Twin, Unknown
from separatrix.evidence import Entry, Mark, Source, all_sources
from separatrix.share.dossier.certainty import OwnerCertainty, owner_certainty
from separatrix.share.dossier.facts import statements, undecided
from separatrix.share.dossier.model import Chapter, Slice, Statement, StationSummary, Still
from separatrix.share.dossier.planes import PlaneName
from separatrix.share.dossier.wording import sentence, twin_text

_BANNER = re.compile(r"^BANNER\b[:\s]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the templates read."""

    case: Case
    scene: Scene | None
    anatomy: Anatomy | None
    separatrix: Separatrix | None
    stations: tuple[StationSummary, ...]
    statements: tuple[Statement, ...]
    banners: tuple[str, ...]
    """On top of every page."""
    notes: tuple[tuple[str, str], ...]
    """Station and note."""
    unknown: tuple[tuple[str, str], ...]
    """What is not known, and why."""
    certainty: tuple[OwnerCertainty, ...]
    assumptions: tuple[Entry, ...]
    """Entries marked A, or set by the team."""
    sourced: tuple[Entry, ...]
    sources: dict[str, Source]
    slices: dict[PlaneName, list[Slice]]
    stills: tuple[Still, ...]
    chapters: tuple[Chapter, ...] = ()

    @property
    def entries(self) -> dict[str, Entry]:
        """Every entry that was read, by id."""
        return {entry.id: entry for entry in (*self.assumptions, *self.sourced)}

    def because(self, station: str) -> str:
        """Why a station gave nothing, in plain words."""
        found = next((s for s in self.stations if s.name == station), None)
        return (found.because if found else "") or "this station gave no result"

    @property
    def heading(self) -> str:
        """Title of the dossier, on one line whatever blanks it holds."""
        return " ".join(self.case.file.title.split()) or self.case.file.id

    @property
    def not_separated(self) -> tuple[Twin, ...]:
        """The children for whom the team decided against a separation."""
        choice = self.case.file.decision.choice
        return tuple(twin for twin in Twin if choice.get(twin.value) == "do not separate")

    @property
    def open_gates(self) -> int:
        """Number of suitability gates that nobody has confirmed yet."""
        gates = self.anatomy.suitability if self.anatomy else ()
        return sum(gate.state is GateState.TO_BE_CONFIRMED for gate in gates)


def gather(
    *,
    case: Case,
    scene: Scene | None,
    anatomy: Anatomy | None,
    separatrix: Separatrix | None,
    stations: Sequence[StationSummary],
    entries: Sequence[Entry],
    slices: dict[PlaneName, list[Slice]],
    stills: Sequence[Still],
    own_notes: Sequence[str],
    chapters: Sequence[Chapter] = (),
) -> Content:
    """Gather the content of a dossier.

    Parameters
    ----------
    own_notes
        What the dossier itself has to say, such as a library that is missing.
    """
    told = _told(scene, anatomy, separatrix, stations, own_notes)
    certainty = owner_certainty(anatomy) if anatomy else ()
    assumed = tuple(e for e in entries if e.mark is Mark.ASSUMPTION or e.overridden)
    return Content(
        case=case,
        scene=scene,
        anatomy=anatomy,
        separatrix=separatrix,
        stations=tuple(stations),
        statements=tuple(
            statements(case, scene, anatomy, separatrix, stations, certainty, entries, chapters)
        ),
        banners=_banners(case, scene, anatomy, stations, told),
        notes=tuple((station, note) for station, note in told if not _BANNER.match(note)),
        unknown=tuple(_unknown(case, scene, anatomy, separatrix)),
        certainty=certainty,
        assumptions=assumed,
        sourced=tuple(e for e in entries if e not in assumed),
        sources=dict(all_sources()),
        slices=slices,
        stills=tuple(stills),
        chapters=tuple(chapters),
    )


def _told(
    scene: Scene | None,
    anatomy: Anatomy | None,
    separatrix: Separatrix | None,
    stations: Sequence[StationSummary],
    own_notes: Sequence[str],
) -> list[tuple[str, str]]:
    """Notes of all stations, each once: a result often repeats what its station noted."""
    pairs = [(s.name, note) for s in stations for note in s.notes]
    pairs += [("imaging", n) for n in (scene.notes if scene else ())]
    pairs += [("anatomy", n) for n in (anatomy.notes if anatomy else ())]
    pairs += [("surface", n) for n in (separatrix.notes if separatrix else ())]
    pairs += [("dossier", n) for n in own_notes]
    return list(dict.fromkeys(pairs))


def _banners(
    case: Case,
    scene: Scene | None,
    anatomy: Anatomy | None,
    stations: Sequence[StationSummary],
    told: Sequence[tuple[str, str]],
) -> tuple[str, ...]:
    banners = [undecided(case)] if undecided(case) else []
    if anatomy is not None and anatomy.refused_because:
        banners.append(f"This union is refused: {anatomy.refused_because}")
    banners += [
        f"{s.name} was refused: {s.because}" for s in stations if s.status == "refused" and anatomy is None
    ]
    if scene is not None and scene.is_draft:
        banners.append("The labels are a draft made by the program: they must be corrected by hand")
    banners += [_BANNER.sub("", note) for _, note in told if _BANNER.match(note)]
    return tuple(dict.fromkeys(sentence(banner) for banner in banners))


def _unknown(
    case: Case, scene: Scene | None, anatomy: Anatomy | None, separatrix: Separatrix | None
) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for twin in Twin:
        spec = case.twin(twin)
        given = {"Sex": spec.sex, "Weight": spec.weight_kg, "Haematocrit": spec.haematocrit}
        silent = [what for what, value in given.items() if value is None]
        found += [(f"{what} of {twin_text(twin)}", "the case file does not give it") for what in silent]
    for image in scene.images.values() if scene else ():
        if isinstance(image.acquired, Unknown):
            found.append((f"Date of {image.modality} {image.name}", image.acquired.because))
    if anatomy is None:
        return found
    for name, value in (
        ("Longitudinal angle", anatomy.classification.angle_longitudinal_deg),
        ("Axial facial rotation", anatomy.classification.rotation_axial_deg),
        ("Angle between the bodies’ axes", anatomy.classification.angle_bodies_deg),
        *((item.name, item.value) for item in anatomy.shared),
    ):
        if isinstance(value, Unknown):
            found.append((name, value.because))
    kind = anatomy.classification
    for scheme, classes in (
        ("Stone & Goodrich", kind.stone_goodrich),
        ("O’Connell", kind.oconnell),
        ("Winston", kind.winston),
    ):
        if not classes:
            found.append((f"Class by {scheme}", "nothing that was given or measured decides it"))
    if separatrix is not None and separatrix.gap is None and separatrix.gap_bound is None:
        found.append(("Distance to the best cut under the stated costs", "it was not computed"))
    return found
