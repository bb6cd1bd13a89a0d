"""A rehearsal's answers as ``result.json``, and back."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from separatrix.core.errors import Fault, StorageError
from separatrix.core.storage import read_json
from separatrix.team.rehearsal.model import Rehearsal

T = TypeVar("T")


def read_rehearsal(path: Path) -> Rehearsal:
    """Read what ``Rehearsal.to_dict`` told.

    Raises
    ------
    StorageError
        If the file cannot be read or is not a rehearsal's.
    """
    told = read_json(path)
    try:
        matrix = {**told["matrix_facts"], "cells": told["matrix"]}
        return _built(Rehearsal, {**told, "matrix": matrix})
    except (KeyError, TypeError, ValueError) as error:
        raise StorageError(
            Fault(
                file=str(path),
                problem=f"is not the result of a rehearsal ({type(error).__name__}: {error})",
                mend="run the plan again with --force",
            )
        ) from error


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
