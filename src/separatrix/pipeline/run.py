"""Running the stations in order: reuse what fits, redo what does not, never store half a result."""

from __future__ import annotations

import platform
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

from separatrix.case import Case, evidence_for
from separatrix.core import Fault, InputError, Progress, near_names, silent
from separatrix.core.provenance import sha256_file
from separatrix.core.runtime import available_threads, settle_compiled_cache
from separatrix.core.storage import disk_faults, fresh_folder, sole_writer, swap_in, to_json, write_atomic
from separatrix.evidence import EvidenceReader
from separatrix.pipeline.cache import is_fresh, new_provenance, station_inputs, stored_provenance
from separatrix.pipeline.model import Context, Outcome, PlanRun, Station, StationRun
from separatrix.pipeline.results import Results
from separatrix.pipeline.stations import STATIONS

DEFAULT_SEED = 1
"""The seed of a plan where none is given."""


def plan(
    case: Case,
    *,
    until: str | None = None,
    start: str | None = None,
    force: bool = False,
    seed: int = DEFAULT_SEED,
    threads: int | None = None,
    progress: Progress = silent,
) -> PlanRun:
    """Plan a case: every station in order, each stored whole before the next begins.

    Parameters
    ----------
    case
        The case, as `separatrix.case.read_case` gives it.
    until
        Last station to run; later ones keep what they have.
    start
        First station to redo even where its stored result fits.
    force
        Redo all.
    seed
        Seed of every random draw; the same seed gives the same bytes.
    threads
        Threads to use; changes no result.

    Raises
    ------
    InputError
        With every fault of the inputs; nothing stored is touched.
    StorageError
        If another plan of this case is running, or the disk fails.
    """
    _check_stations(until, start)
    from threadpoolctl import threadpool_limits

    settle_compiled_cache()
    threads = threads or available_threads()
    evidence = evidence_for(case)
    # One thread for BLAS: a thread count changes the order of its sums, and so the last digits.
    with (
        disk_faults(case.plan_folder),
        sole_writer(case.plan_folder),
        threadpool_limits(limits=1, user_api="blas"),
    ):
        return _Run(case, evidence, seed=seed, threads=threads, progress=progress).all(until, start, force)


def _check_stations(until: str | None, start: str | None) -> None:
    names = [s.name for s in STATIONS]
    faults = [
        Fault(field=option, problem=f"no station '{name}'", mend=near_names(name, names))
        for option, name in (("--until", until), ("--from", start))
        if name is not None and name not in names
    ]
    if not faults and until and start and names.index(start) > names.index(until):
        faults = [
            Fault(
                field="--from",
                problem=f"'{start}' comes after '{until}', where --until ends: nothing would be redone",
                expected=f"one of {', '.join(names[: names.index(until) + 1])}",
            )
        ]
    if faults:
        raise InputError(*faults)


class _Run:
    """One pass over the stations, with the lock held."""

    def __init__(
        self, case: Case, evidence: EvidenceReader, *, seed: int, threads: int, progress: Progress
    ) -> None:
        self.case = case
        self.evidence = evidence
        self.seed = seed
        self.threads = threads
        self.progress = progress
        self.plan_folder = case.plan_folder
        self.results = Results(self.plan_folder)

    def all(self, until: str | None, start: str | None, force: bool) -> PlanRun:
        names = [s.name for s in STATIONS]
        last = names.index(until) if until else len(names) - 1
        redo_from = 0 if force else names.index(start) if start else len(names)
        total = sum(s.weight for s in STATIONS[: last + 1])
        runs, before = [], 0.0
        for number, station in enumerate(STATIONS[: last + 1]):
            share = (before / total, station.weight / total)
            runs.append(self._one(station, redo=number >= redo_from, share=share))
            before += station.weight
        self.progress(1.0, "done")
        stale = tuple(s.name for s in STATIONS[last + 1 :] if not self._fits(s))
        dossier = {} if "dossier" in stale else self._publish()
        self._write_run(runs)
        return PlanRun(folder=self.plan_folder, stations=tuple(runs), stale=stale, dossier=dossier)

    def _fits(self, station: Station) -> bool:
        inputs = station_inputs(station, self.case, self.plan_folder)
        folder = self.plan_folder / station.name
        return is_fresh(station, folder, inputs=inputs, seed=self.seed, evidence=self.evidence)

    def _one(self, station: Station, *, redo: bool, share: tuple[float, float]) -> StationRun:
        began = time.perf_counter()
        self.progress(share[0], station.name)
        final = self.plan_folder / station.name
        reused = not redo and self._fits(station)
        if not reused:
            inputs = station_inputs(station, self.case, self.plan_folder)
            evidence = self.evidence.fork()
            folder = fresh_folder(self.plan_folder, station.name)
            outcome = self._outcome(station, self._context(station, evidence, folder, share))
            if outcome.status == "not_applicable":
                write_atomic(folder / "result.json", to_json(_not_applicable(station, outcome)))
            mark = new_provenance(station, folder, inputs=inputs, seed=self.seed, evidence=evidence)
            swap_in(folder, final, mark.to_dict())
        status, because = self.results.status(station.name)
        stored = stored_provenance(final)
        return StationRun(
            name=station.name,
            status=status,  # type: ignore[arg-type]  # written by _one or by a room's save
            because=because,
            reused=reused,
            seconds=time.perf_counter() - began,
            digest=stored.digest if stored else "",
            notes=tuple(self.results.json(station.name).get("notes", ())),
        )

    def _outcome(self, station: Station, context: Context) -> Outcome:
        try:
            return station.run(context)
        except InputError as error:  # the same error, its faults with their lines in case.yaml
            raise type(error)(*map(self.case.located, error.faults)) from error

    def _context(
        self, station: Station, evidence: EvidenceReader, folder: Path, share: tuple[float, float]
    ) -> Context:
        def within(fraction: float, doing: str) -> None:
            self.progress(share[0] + share[1] * fraction, f"{station.name}: {doing}")

        return Context(
            case=self.case,
            evidence=evidence,
            results=self.results,
            seed=self.seed,
            threads=self.threads,
            folder=folder,
            progress=within,
        )

    def _publish(self) -> dict[str, Path]:
        """Lay the dossier where people look for it: ``plan/dossier.html`` and ``.pdf``."""
        published = {}
        for kind in ("html", "pdf"):
            made, shown = (
                self.plan_folder / "dossier" / f"dossier.{kind}",
                self.plan_folder / f"dossier.{kind}",
            )
            if not made.exists():
                shown.unlink(missing_ok=True)
                continue
            if not shown.exists() or sha256_file(shown) != sha256_file(made):
                temporary = self.plan_folder / f".tmp-{shown.name}"
                shutil.copyfile(made, temporary)
                temporary.replace(shown)
            published[kind] = shown
        return published

    def _write_run(self, runs: list[StationRun]) -> None:
        """``run.json`` alone tells when, where and how long: all else is equal byte for byte."""
        record = {
            "format": 1,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "host": platform.node(),
            "python": platform.python_version(),
            "threads": self.threads,
            "seed": self.seed,
            "stations": [
                {"name": r.name, "status": r.status, "reused": r.reused, "seconds": round(r.seconds, 3)}
                for r in runs
            ],
        }
        write_atomic(self.plan_folder / "run.json", to_json(record))


def _not_applicable(station: Station, outcome: Outcome) -> dict[str, object]:
    return {
        "format": 1,
        "station": station.name,
        "status": outcome.status,
        "because": outcome.because,
        "assumptions": [],
        "notes": [],
    }
