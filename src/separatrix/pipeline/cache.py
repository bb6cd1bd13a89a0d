"""Whether a stored result still fits what it was made from."""

from __future__ import annotations

from pathlib import Path

from separatrix.case import Case
from separatrix.core import Provenance, StorageError
from separatrix.core.provenance import package_version, sha256_data, sha256_file, sha256_path, source_hash
from separatrix.core.storage import COMMIT_MARK, RUNS, read_json
from separatrix.evidence import EvidenceReader
from separatrix.pipeline.model import Station


def stored_provenance(folder: Path) -> Provenance | None:
    """The commit mark of a stored result, or None where it is missing or unreadable."""
    try:
        return Provenance.from_dict(read_json(folder / COMMIT_MARK))
    except (StorageError, KeyError, TypeError):
        return None


def station_inputs(station: Station, case: Case, plan_folder: Path) -> dict[str, str]:
    """SHA-256 of everything a station reads: parts of the case, files, earlier results."""
    inputs = {f"case.{name}": sha256_data(case.section(name)) for name in station.sections}
    inputs |= {field: sha256_path(path) for field, path in sorted(station.files(case).items())}
    for name in station.after:
        earlier = stored_provenance(plan_folder / name)
        inputs[f"station.{name}"] = earlier.digest if earlier else "missing"
    return inputs


def is_intact(folder: Path, provenance: Provenance) -> bool:
    """Whether the stored files are those that were written, no more and no fewer."""
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {COMMIT_MARK}
    present = {name for name in files if not name.startswith(f"{RUNS}/")}
    return present == set(provenance.files) and all(
        sha256_file(folder / name) == digest for name, digest in provenance.files.items()
    )


def is_fresh(
    station: Station, folder: Path, *, inputs: dict[str, str], seed: int, evidence: EvidenceReader
) -> bool:
    """Whether the stored result is what a run would give now."""
    found = stored_provenance(folder)
    if found is None or found.station != station.name:
        return False
    if (found.source_sha256, found.seed, found.inputs) != (source_hash(), seed, inputs):
        return False
    return found.evidence == evidence.values_of(found.evidence) and is_intact(folder, found)


def new_provenance(
    station: Station, folder: Path, *, inputs: dict[str, str], seed: int, evidence: EvidenceReader
) -> Provenance:
    """The commit mark for a result that was just written to `folder`."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return Provenance(
        station=station.name,
        version=package_version(),
        source_sha256=source_hash(),
        seed=seed,
        inputs=inputs,
        evidence=evidence.used_values(),
        files={p.relative_to(folder).as_posix(): sha256_file(p) for p in files},
    )
