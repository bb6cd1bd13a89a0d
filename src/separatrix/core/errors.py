"""The error tree: every fault says where it is, what is wrong and how to mend it.

Our exception hierarchy::

    SeparatrixError               exit code 1, our fault
    ├── InputError (ValueError)   exit code 2, what was given cannot be used
    │   ├── GeometryError         positions, frames or orientations contradict each other
    │   └── DataMissingError      something needed is not there
    ├── StorageError              exit code 2, disk, permission, or another plan is running
    ├── InfeasibleError           exit code 3, no plan exists, and why
    └── SolverError               exit code 1, a solver ended without an answer
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: where, what was found and expected, and how to mend it."""

    problem: str
    """What is wrong, with the value found."""
    file: str = ""
    field: str = ""
    """Dotted path inside the file, such as ``twins.A.weight_kg``."""
    line: int | None = None
    expected: str = ""
    mend: str = ""
    """What a tired person should do now."""

    def __str__(self) -> str:
        place = self.file + (f":{self.line}" if self.line is not None else "")
        where = " ".join(part for part in (place, self.field) if part)
        text = f"{where}: {self.problem}" if where else self.problem
        if self.expected:
            text += f"; expected {self.expected}"
        if self.mend:
            text += f". To mend: {self.mend}"
        return text


class SeparatrixError(Exception):
    """Root of all errors raised on purpose. Carries one or more faults."""

    exit_code = 1

    def __init__(self, *faults: Fault | str) -> None:
        self.faults: tuple[Fault, ...] = tuple(
            f if isinstance(f, Fault) else Fault(problem=f) for f in faults
        )
        super().__init__("\n".join(str(f) for f in self.faults))


class InputError(SeparatrixError, ValueError):
    """What was given cannot be used; all its faults are told at once."""

    exit_code = 2


class GeometryError(InputError):
    """Positions, frames or orientations are missing or contradict each other."""


class DataMissingError(InputError):
    """Something the question needs was not given."""


class StorageError(SeparatrixError):
    """The disk, a permission, or another running plan stands in the way."""

    exit_code = 2


class InfeasibleError(SeparatrixError):
    """No plan exists under the rules given; the message names what clashes."""

    exit_code = 3


class SolverError(SeparatrixError):
    """A solver ended without an answer."""


def near_names(name: str, known: Iterable[str]) -> str:
    """Suggest known names close to a mistyped one, as a clause for `Fault.mend`.

    Examples
    --------
    >>> near_names("wieght_kg", ["weight_kg", "sex"])
    "did you mean 'weight_kg'?"
    >>> near_names("zzz", ["sex", "age"])
    'known names: age, sex'
    """
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(f"'{c}'" for c in close) + "?"
    shown = ", ".join(names[:24]) + (", …" if len(names) > 24 else "")
    return f"known names: {shown}"
