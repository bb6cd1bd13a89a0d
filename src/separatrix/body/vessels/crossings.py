"""The division as the theatre needs it: vessels to deal with, and what passes between the children."""

from __future__ import annotations

from typing import Any

from separatrix.body.vessels.model import Division
from separatrix.core import Twin


def as_crossings(division: Division) -> list[dict[str, Any]]:
    """Vessels to be dealt with, in order: ``id, action, to, operation, order``.

    Returns
    -------
    list of dict
        Plain data; `order` counts over all operations from 1, as the rows of `as_exchange` do.
    """
    return [
        {
            "id": step.vessel,
            "action": step.action,
            "to": step.to.value,
            "operation": step.operation,
            "order": step.order,
        }
        for step in division.steps
    ]


def as_exchange(division: Division) -> list[dict[str, Any]]:
    """Flow between the children after so many vessels: row i is after the i-th.

    Returns
    -------
    list of dict
        ``divisions, a_to_b_ml_per_min, b_to_a_ml_per_min, net_ml_per_min`` and ``worst_pressure_mmHg`` by the
        child's letter; one row more than there are steps.
    """
    names = ("divisions", "a_to_b_ml_per_min", "b_to_a_ml_per_min", "net_ml_per_min")
    return [
        {
            **{name: row[name] for name in names},
            "worst_pressure_mmHg": {t.value: row["worst_pressure_mmHg"][t.value] for t in Twin},
        }
        for row in division.exchange
    ]
