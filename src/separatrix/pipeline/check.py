"""Checking a case before it is planned: every fault in one report, nothing written."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from separatrix.body import anatomy, imaging
from separatrix.case import EXAMPLE_BIRTH, Case, evidence_for, survey_case
from separatrix.case.model import PROTOCOL_NAMES
from separatrix.core import Fault, Grid, InputError, Progress, Twin, silent
from separatrix.core.runtime import available_threads
from separatrix.evidence import EvidenceReader, all_entries
from separatrix.team.protocol import ProtocolFile, check_files, inputs_for
from separatrix.team.rehearsal.play.numbers import team_value_faults

TEAM_FILE = "team.yaml"
"""Name of the team file in the case folder."""


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
        faults += team_value_faults(evidence)
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
    protocol, script_faults = _script(case, evidence)
    faults += script_faults
    if faults:
        raise InputError(*map(case.located, faults))
    return _report(case, scene, protocol)


def _script(case: Case, evidence: EvidenceReader) -> tuple[ProtocolFile | None, list[Fault]]:
    """The protocol that the case names, and every fault of it and of the team file."""
    beside = case.path.parent
    source = case.file.protocol if case.file.protocol in PROTOCOL_NAMES else beside / case.file.protocol
    team = beside / TEAM_FILE
    if source != case.file.protocol and not Path(source).is_file():
        return None, []  # told with the other paths of the case
    found, faults = check_files(source, team if team.exists() else None, evidence=evidence)
    told = list(faults)
    operations = case.file.operations
    if found is not None and not faults and operations != "auto":
        try:
            inputs_for(found, evidence=evidence, operations=operations)
        except InputError as error:
            told += error.faults
    return found, told


def _report(case: Case, scene: imaging.Scene | None, protocol: ProtocolFile | None) -> CheckReport:
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
    if protocol is not None:
        holds.append(f"protocol {protocol.id}: {protocol.title}")
    if (case.folder / TEAM_FILE).exists():
        holds.append(f"{TEAM_FILE}: the team's own people, rooms and rules")
    else:
        lacks.append(f"{TEAM_FILE}: people are the protocol's roster, by role")
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
