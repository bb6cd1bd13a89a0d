"""A rehearsal's answers as stored: ``result.json`` and ``distributions.csv``, and back."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from separatrix.core.errors import Fault, StorageError
from separatrix.core.storage import read_json, to_json, write_atomic
from separatrix.team.rehearsal.answers.model import Rehearsal
from separatrix.team.rehearsal.runs.stored import Distribution, distributions_csv, read_distributions

T = TypeVar("T")

RESULT, DISTRIBUTIONS, INDEPENDENT = "result.json", "distributions.csv", "distributions-independent.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRehearsal:
    """The rehearsal of one operation, as a notebook and the dossier read it."""

    answers: Rehearsal
    days: Mapping[str, int]
    """``median`` and ``worst``: numbers of the rehearsals that are told."""
    distributions: Mapping[str, Distribution]
    """Every column of the rehearsals: ``end_min``, ``lost_ml@A``, ``phase_end_min:venous``, …"""
    independent: Mapping[str, Distribution]
    """The same with independent lengths, without the common factor and the tail."""

    @property
    def separation_min(self) -> Distribution:
        """Moment of the separation: for relief and supplies, not a target."""
        return self.distributions["separation_min"]

    @property
    def end_min(self) -> Distribution:
        """End of the operation."""
        return self.distributions["end_min"]


def write_rehearsal(folder: Path, stored: StoredRehearsal, **beside: Any) -> dict[str, Any]:
    """Write the result of one operation.

    Parameters
    ----------
    folder
        Where ``result.json`` and the tables go.
    **beside
        What the station says beside the answers.

    Returns
    -------
    dict
        What ``result.json`` holds.
    """
    told = {**stored.answers.to_dict(), "days": dict(stored.days), **beside}
    for name, columns in ((DISTRIBUTIONS, stored.distributions), (INDEPENDENT, stored.independent)):
        write_atomic(folder / name, distributions_csv(columns.values()))
    write_atomic(folder / RESULT, to_json(told))
    return told


def read_rehearsal(folder: Path) -> StoredRehearsal:
    """Read what `write_rehearsal` wrote.

    Raises
    ------
    StorageError
        If a file cannot be read or is not a rehearsal's.
    """
    path = folder / RESULT
    told = read_json(path)
    try:
        matrix = {**told["matrix_facts"], "cells": told["matrix"]}
        answers = _built(Rehearsal, {**told, "matrix": matrix})
        days = {str(name): int(number) for name, number in told["days"].items()}
    except (KeyError, TypeError, ValueError) as error:
        raise StorageError(
            Fault(
                file=str(path),
                problem=f"is not the result of a rehearsal ({type(error).__name__}: {error})",
                mend="run the plan again with --force",
            )
        ) from error
    return StoredRehearsal(
        answers=answers,
        days=days,
        distributions=read_distributions(folder / DISTRIBUTIONS),
        independent=read_distributions(folder / INDEPENDENT),
    )


def _built(kind: type[T], told: Mapping[str, Any]) -> T:
    """A dataclass from plain data; keys that it does not know belong to others who wrote into the file."""
    hints = typing.get_type_hints(kind)
    named = {f.name for f in fields(kind)}  # type: ignore[arg-type]  # called with dataclasses only
    return kind(**{name: _value(hints[name], told[name]) for name in named if name in told})


def _value(kind: Any, told: Any) -> Any:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if told is None:
            return None
        options = [option for option in inner if option is not type(None)]
        return _value(_fitting(options, told), told)
    if origin is tuple:
        return tuple(_value(inner[0], item) for item in told)
    if origin is Mapping:
        return {key: _value(inner[1], item) for key, item in told.items()}
    if is_dataclass(kind):
        return _built(typing.cast("type[Any]", kind), told)
    if kind is float:  # plain data hold no infinity: a moment that never came is stored as null
        return math.inf if told is None else float(told)
    return told


def _fitting(options: list[Any], told: Any) -> Any:
    """The first of several dataclasses that has all the keys; anything else is as it is."""
    if len(options) == 1:
        return options[0]
    for option in options:
        if (
            is_dataclass(option)
            and isinstance(told, Mapping)
            and set(told) <= {f.name for f in fields(option)}
        ):
            return option
    raise ValueError(f"fits none of {', '.join(str(option) for option in options)}")
