"""The nouns of the pipeline: a station, what it sees, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Literal

from separatrix.body.anatomy import Anatomy
from separatrix.body.imaging import Scene
from separatrix.body.surface import Separatrix
from separatrix.body.vessels import Vessels
from separatrix.case import Case
from separatrix.core import Progress
from separatrix.evidence import EvidenceReader
from separatrix.pipeline.results import Results
from separatrix.team.choreography.model import Schedule
from separatrix.team.rehearsal.answers.result_io import StoredRehearsal

Status = Literal["done", "not_applicable", "refused", "infeasible"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a station ended."""

    status: Status = "done"
    because: str = ""
    """In plain words, why it is not applicable, refused or infeasible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """All that a station may look at, and the folder it writes to."""

    case: Case
    evidence: EvidenceReader
    results: Results
    """Stored results of the stations before this one."""
    seed: int
    threads: int
    folder: Path
    """Empty folder that becomes ``plan/<station>`` when the station ends."""
    progress: Progress


def no_files(case: Case) -> Mapping[str, Path]:
    """Of a station that reads nothing but the case file and earlier results."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One question of the plan."""

    name: str
    question: str
    after: tuple[str, ...]
    """Stations whose results it reads."""
    sections: tuple[str, ...]
    """Top-level keys of ``case.yaml`` it reads."""
    files: Callable[[Case], Mapping[str, Path]] = no_files
    """Files it reads beside ``case.yaml``, by what they are."""
    run: Callable[[Context], Outcome]
    weight: float = 1.0
    """Usual share of the plan's time, for the progress bar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StationRun:
    """What became of a station in one run of the plan."""

    name: str
    status: Status
    because: str
    reused: bool
    seconds: float
    digest: str
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, kw_only=True)
class PlanRun:
    """What became of a plan, with its results at hand for a notebook."""

    folder: Path
    stations: tuple[StationRun, ...]
    stale: tuple[str, ...]
    """Stations whose stored result no longer fits, because the run ended before them."""
    dossier: Mapping[str, Path]
    """``html`` and ``pdf`` of the dossier, where made in or before this run and still fitting."""

    @property
    def refused(self) -> StationRun | None:
        """The first station that refused or found no plan, if any."""
        return next((s for s in self.stations if s.status in ("refused", "infeasible")), None)

    @cached_property
    def results(self) -> Results:
        """The stored results of all stations."""
        return Results(self.folder)

    @property
    def scene(self) -> Scene | None:
        """What the scans show, on one grid."""
        return self.results.scene

    @property
    def anatomy(self) -> Anatomy | None:
        """Whose is what."""
        return self.results.anatomy

    @property
    def vessels(self) -> Vessels | None:
        """Whose blood goes where, who keeps what, in what order."""
        return self.results.vessels

    @property
    def separatrix(self) -> Separatrix | None:
        """Where to cut."""
        return self.results.separatrix

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        """The script of each operation, the parting one last."""
        return self.results.schedules

    @property
    def rehearsal(self) -> StoredRehearsal | None:
        """What the rehearsals of the parting operation say."""
        return self.results.rehearsal

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(s.name)}</td><td>{escape(s.status.replace('_', ' '))}</td>"
            f"<td>{escape(s.because)}</td></tr>"
            for s in self.stations
        )
        return f"<table><caption>{escape(str(self.folder))}</caption>{rows}</table>"
