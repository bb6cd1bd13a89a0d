"""Where a result came from: hashes of its inputs, its parameters, version and seed."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from separatrix.core.storage import to_json


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_path(path: Path) -> str:
    """SHA-256 of a file, or of a folder's files with their names in sorted order."""
    if path.is_file():
        return sha256_file(path)
    digest = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        digest.update(f"{file.relative_to(path).as_posix()}\0{sha256_file(file)}\n".encode())
    return digest.hexdigest()


def sha256_data(data: Any) -> str:
    """SHA-256 of plain data, through its JSON text."""
    return hashlib.sha256(to_json(data).encode()).hexdigest()


@functools.cache
def source_hash() -> str:
    """SHA-256 over the package's own files, so that a changed program never reuses an old result."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for file in sorted(p for p in root.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        digest.update(f"{file.relative_to(root).as_posix()}\0{sha256_file(file)}\n".encode())
    return digest.hexdigest()


def package_version() -> str:
    """The installed version of Separatrix."""
    try:
        return version("separatrix")
    except PackageNotFoundError:
        return "0+source"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a station's result was made from; stored beside it as the commit mark."""

    station: str
    version: str
    source_sha256: str
    seed: int
    inputs: dict[str, str]
    """Name of each input (file, part of the case, earlier station) and its SHA-256."""
    evidence: dict[str, Any]
    """Evidence entries read, with the values used."""
    files: dict[str, str]
    """Files of the result and their SHA-256."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"format": 1, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Provenance:
        """Read what `to_dict` wrote."""
        return cls(**{name: data[name] for name in cls.__slots__})

    @property
    def digest(self) -> str:
        """One hash for the whole result, for the stations that build on it."""
        return sha256_data(self.files)
