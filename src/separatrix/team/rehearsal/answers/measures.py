"""What is read off rehearsals and printed: probabilities and means, each by a name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from separatrix.team.rehearsal.play.arrays import Floats
from separatrix.team.rehearsal.runs.rows import Rows


@dataclass(frozen=True, slots=True)
class Measure:
    """One number per rehearsal, whose mean is printed."""

    id: str
    text: str
    of: Callable[[Rows], Floats]
    """Rows to (n,): 0 or 1 for a probability; infinite where the moment never came."""
    is_probability: bool
    patients: tuple[str, ...] = ()


def _above(column: str, limit: float = 0.0) -> Callable[[Rows], Floats]:
    return lambda rows: (rows.column(column) > limit).astype(np.float64)


def _below(column: str, limit: float) -> Callable[[Rows], Floats]:
    return lambda rows: (rows.column(column) < limit).astype(np.float64)


def _of(column: str) -> Callable[[Rows], Floats]:
    return lambda rows: rows.column(column)


def probabilities(patients: tuple[str, ...], *, planned_end_min: float, parts: bool) -> tuple[Measure, ...]:
    """Probabilities that are printed for an operation; none of harm.

    Parameters
    ----------
    patients
        Letters of the patients.
    planned_end_min
        End of the plan.
    parts
        Whether the operation parts the children.
    """
    told = [
        Measure("late_any", "some response is complete only after its target", _above("late"), True),
        Measure("nobody_any", "some response lacks somebody or something", _above("nobody"), True),
        Measure(
            "over_plan", "the operation ends later than planned", _above("end_min", planned_end_min), True
        ),
        Measure("overtime_any", "somebody works beyond the shift", _above("overtime_min"), True),
        Measure("unrelieved_any", "somebody has no relief", _above("unrelieved_min"), True),
        Measure(
            "returns_both", "both return to theatre at once in the first days", _above("returns_both"), True
        ),
        Measure("reopen_nobody", "a return to theatre lacks somebody", _above("reopen_nobody"), True),
    ]
    if parts:
        told.append(
            Measure("staged", "the operation ends before the children are two", _above("staged"), True)
        )
    for patient in patients:
        told.append(
            Measure(
                f"packs_short@{patient}",
                f"packs of {patient} run short",
                _above(f"packs_short@{patient}"),
                True,
                (patient,),
            )
        )
        told.append(
            Measure(
                f"returned@{patient}",
                f"{patient} returns to theatre in the first days",
                _above(f"returned@{patient}"),
                True,
                (patient,),
            )
        )
    return tuple(told)


def harms(patients: tuple[str, ...], *, volume_share: float) -> tuple[Measure, ...]:
    """Harm to a patient: engineering annex only.

    Parameters
    ----------
    volume_share
        ``rehearsal.annex.volume_share``: circulating volume, as a share of that at the start.
    """
    return tuple(
        Measure(
            f"volume_low@{patient}",
            f"circulating volume of {patient} falls below {volume_share:.0%} of that at the start",
            _below(f"volume_lowest@{patient}", volume_share),
            True,
            (patient,),
        )
        for patient in patients
    )


def swung(patients: tuple[str, ...], *, parts: bool) -> tuple[Measure, ...]:
    """What the tornado looks at."""

    def packs(rows: Rows) -> Floats:
        given = [
            rows.column(f"{product}_packs@{p}") for p in patients for product in ("red", "plasma", "platelet")
        ]
        return np.asarray(np.sum(given, axis=0))

    def not_in_time(rows: Rows) -> Floats:
        return rows.column("late") + rows.column("nobody")

    told = [
        Measure("end_min", "end, minutes", _of("end_min"), False),
        Measure("not_in_time", "responses late or lacking somebody, each rehearsal", not_in_time, False),
        Measure("packs", "packs of blood used", packs, False),
    ]
    if parts:
        told.insert(0, Measure("separation_min", "separation, minutes", _of("separation_min"), False))
    return tuple(told)
