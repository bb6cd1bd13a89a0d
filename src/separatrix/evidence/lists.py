"""Published lists beside the numbers: complications, steps of an operation, published separations.

Their numbers are entries: a complication's rate and a step's hours are read by the list's `id`.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Literal, TypeVar

from separatrix.core import InputError, near_names
from separatrix.evidence.tables import all_entries, all_sources, parse_rows


class Role(enum.Enum):
    """What a simulator may do with a complication, so that one harm is never counted twice."""

    CAUSE = "cause"
    """Drawn."""
    THRESHOLD = "threshold"
    """Happens where the physiology crosses a line."""
    OUTCOME = "outcome"
    """Follows from a cause under its stated condition."""
    MODIFIER = "modifier"
    """Scales others."""
    CALIBRATION = "calibration"
    """Never drawn: a published total to hold simulated totals against."""


class Quantity(enum.Enum):
    """What the number of a complication is."""

    PROBABILITY = "probability"
    COUNT = "count"
    """Mean of a Poisson count."""
    MULTIPLIER = "multiplier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Complication:
    """Something that can go wrong, and who answers it."""

    id: str
    """Entry that holds the number; `Unknown` there: a forced scenario only."""
    name: str
    role: Role
    quantity: Quantity
    per: str
    """What one draw means: child, pair, vein, expander, …; never to be mixed."""
    phases: tuple[str, ...]
    procedures: tuple[str, ...]
    """Where it can strike: separation, birth, or expansion in the weeks before."""
    response: tuple[str, ...]
    """First actions, in order; a reminder, no instruction."""
    responders: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the separation or the birth."""

    id: str
    """Entry that holds the hours: lowest, most likely, highest."""
    phase: str
    patients: tuple[Literal["A", "B", "mother"], ...]
    span: bool
    """A published span over other steps; never added to them."""
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCase:
    """One published separation. Published cases are selected for success: never a rate."""

    id: str
    year: int | None
    place: str
    kind: str
    """Stone & Goodrich as far as it was told; empty where it was not."""
    age_months: float | None
    stages: int | None
    hours: float | None
    """Length of the operation; the note says where it is of the last stage alone."""
    team: int | None
    outcome_a: str
    outcome_b: str
    source_ids: tuple[str, ...]
    note: str


COMPLICATION_COLUMNS = (
    "id",
    "name",
    "role",
    "quantity",
    "per",
    "phases",
    "procedures",
    "response",
    "responders",
)
PROCEDURES = ("separation", "birth", "expansion")
STEP_COLUMNS = ("id", "phase", "patients", "span", "roles")
CASE_COLUMNS = tuple(PublishedCase.__dataclass_fields__)
T = TypeVar("T")
E = TypeVar("E", bound=enum.Enum)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(";") if part)


def _member(kind: type[E], text: str) -> E:
    try:
        return kind(text)
    except ValueError:
        known = ", ".join(str(member.value) for member in kind)
        raise ValueError(f"'{text}' is none of {known}") from None


def _known(key: str, known: Iterable[str], what: str) -> str:
    names = set(known)
    if key not in names:
        raise ValueError(f"{what} '{key}' is in no table; {near_names(key, names)}")
    return key


def _complication(row: Mapping[str, str]) -> Complication:
    return Complication(
        id=_known(row["id"], all_entries(), "entry"),
        name=row["name"],
        role=_member(Role, row["role"]),
        quantity=_member(Quantity, row["quantity"]),
        per=row["per"],
        phases=_parts(row["phases"]),
        procedures=tuple(_known(p, PROCEDURES, "procedure") for p in _parts(row["procedures"])),
        response=_parts(row["response"]),
        responders=_parts(row["responders"]),
    )


_PATIENTS: Mapping[str, Literal["A", "B", "mother"]] = MappingProxyType(
    {"A": "A", "B": "B", "mother": "mother"}
)


def _step(row: Mapping[str, str]) -> Step:
    return Step(
        id=_known(row["id"], all_entries(), "entry"),
        phase=row["phase"],
        patients=tuple(_PATIENTS[_known(p, _PATIENTS, "patient")] for p in _parts(row["patients"])),
        span=row["span"] == "true",
        roles=_parts(row["roles"]),
    )


def _case(row: Mapping[str, str]) -> PublishedCase:
    return PublishedCase(
        id=row["id"],
        year=int(row["year"]) if row["year"] else None,
        place=row["place"],
        kind=row["kind"],
        age_months=float(row["age_months"]) if row["age_months"] else None,
        stages=int(row["stages"]) if row["stages"] else None,
        hours=float(row["hours"]) if row["hours"] else None,
        team=int(row["team"]) if row["team"] else None,
        outcome_a=row["outcome_a"],
        outcome_b=row["outcome_b"],
        source_ids=tuple(_known(s, all_sources(), "source") for s in _parts(row["source_ids"])),
        note=row["note"],
    )


def _read(name: str, columns: tuple[str, ...], parse: Callable[[Mapping[str, str]], T]) -> Mapping[str, T]:
    path = resources.files("separatrix.evidence") / "lists" / name
    rows, faults = parse_rows(name, path.read_text(encoding="utf-8"), columns, parse)
    if faults:
        raise InputError(*faults)
    return MappingProxyType(rows)


@functools.cache
def all_complications() -> Mapping[str, Complication]:
    """Every complication by id, in the order of the published table.

    Raises
    ------
    InputError
        With every faulty row, among them those whose number no entry holds.
    """
    return _read("complications.csv", COMPLICATION_COLUMNS, _complication)


@functools.cache
def all_steps() -> Mapping[str, Step]:
    """Every step of the separation and the birth by id, in order.

    Raises
    ------
    InputError
        With every faulty row.
    """
    return _read("steps.csv", STEP_COLUMNS, _step)


@functools.cache
def all_cases() -> Mapping[str, PublishedCase]:
    """Every published separation by id.

    Raises
    ------
    InputError
        With every faulty row.
    """
    return _read("cases.csv", CASE_COLUMNS, _case)
