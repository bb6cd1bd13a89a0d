"""Checking a case before it is planned: every fault in one report, nothing written."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from separatrix.body import anatomy, imaging
from separatrix.case import EXAMPLE_BIRTH, Case, evidence_for, survey_case
from separatrix.core import Grid, InputError, Progress, Twin, silent
from separatrix.core.runtime import available_threads
from separatrix.evidence import EvidenceReader, all_entries


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """A case without faults: what it holds, what it lacks, what to look at."""

    case: str
    holds: tuple[str, ...]
    lacks: tuple[str, ...]
    """What is not given, with what follows from that."""
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "case": self.case,
            "faults": [],
            "holds": list(self.holds),
            "lacks": list(self.lacks),
            "notes": list(self.notes),
        }

    def to_text(self) -> str:
        """Lines for people."""
        lines = [f"{self.case}: no fault found"]
        lines += [f"  holds  {text}" for text in self.holds]
        lines += [f"  lacks  {text}" for text in self.lacks]
        lines += [f"  note   {text}" for text in self.notes]
        return "\n".join(lines)


def check_case(folder: Path, *, progress: Progress = silent) -> CheckReport:
    """Read all that a case names, and tell every fault at once.

    Raises
    ------
    InputError
        With every fault of the case file, the scans, the labels and the landmarks.
    """
    case, found = survey_case(folder, today=dt.date.today())
    if case is None:
        raise InputError(*found)
    faults = list(found)
    scene = None
    try:
        evidence = evidence_for(case)
    except InputError as error:
        faults += error.faults
        evidence = EvidenceReader(all_entries())
    if case.file.imaging is not None:
        try:
            scene = imaging.read_scene(
                case, evidence=evidence, threads=available_threads(), progress=progress
            )
        except InputError as error:
            faults += error.faults
    faults += anatomy.check(case, scene, evidence=evidence)
    if faults:
        raise InputError(*map(case.located, faults))
    return _report(case, scene)


def _report(case: Case, scene: imaging.Scene | None) -> CheckReport:
    holds: list[str] = []
    lacks: list[str] = []
    notes: list[str] = []
    file = case.file
    holds.append(f"born {file.born}" if file.born else f"expected birth {file.expected_birth}")
    if scene is not None:
        holds += [f"image {i.name}: {i.modality}, {_size(i.native)}" for i in scene.images.values()]
        kinds = [s.name.lower() for s in imaging.Structure if s and bool((scene.labels.array == s).any())]
        holds.append(f"labels: {', '.join(kinds)}" + (" (first draft)" if scene.is_draft else ""))
        holds += [f"landmarks of {twin.value}: {len(points)}" for twin, points in scene.landmarks.items()]
        notes += scene.notes
    elif file.anatomy is not None:
        holds.append("anatomy given by hand: no surface will be computed")
    else:
        lacks.append("imaging or an `anatomy:` block: the plan will hold no anatomy and no surface")
    for twin in Twin:
        if case.twin(twin).weight_kg is None:
            lacks.append(f"twins.{twin.value}.weight_kg: the weight gate stays to be confirmed")
    if file.born == EXAMPLE_BIRTH:
        lacks.append(f"born: {file.born} is still the example of a new case; write the true day")
    if not file.decision.choice:
        lacks.append("decision: empty until a person fills it")
    return CheckReport(case=str(case.folder), holds=tuple(holds), lacks=tuple(lacks), notes=tuple(notes))


def _size(grid: Grid) -> str:
    x, y, z = grid.shape[::-1]
    return f"{x} × {y} × {z} voxels of " + " × ".join(f"{s:.3g}" for s in grid.spacing_mm) + " mm"
