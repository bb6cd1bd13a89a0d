"""Patients for the tests of the physiology: numbers of the evidence unless told otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

from separatrix.evidence import all_entries
from separatrix.team.rehearsal.engine import many_kernel, mixing_kernel, physiology_kernel, products_kernel
from separatrix.team.rehearsal.engine.body_state import STATE_COLUMNS
from separatrix.team.rehearsal.engine.many_kernel import scratch_size
from separatrix.team.rehearsal.play.arrays import PAR, PAR_FIELDS

Floats = npt.NDArray[np.float64]


def _entry(inner: Any) -> Any:
    """A compiled function that only compiled functions call, with a way in for the tests."""
    return nb.njit(lambda *args: inner(*args))


advance, begin, crossed = map(
    _entry, (physiology_kernel.advance, physiology_kernel.begin, physiology_kernel.crossed)
)
deliver, next_delivery, order = map(
    _entry, (products_kernel.deliver, products_kernel.next_delivery, products_kernel.order)
)
many_step, mixing, mixing_size = map(
    _entry, (many_kernel.many_step, mixing_kernel.mixing, mixing_kernel.mixing_size)
)

EVEN = {"diuresis_ml_per_kg_per_min": 1e6, "fluid_ml_per_kg_per_min": 1e6}
"""Fluid without limits: the volume stays where it is."""


def parameters(**told: float) -> Floats:
    """Those of the evidence that the physiology reads, with some told otherwise."""
    entries = all_entries()
    par = np.zeros(len(PAR_FIELDS))
    for name, at in PAR.items():
        for topic in ("product", "body"):
            entry = entries.get(f"rehearsal.{topic}.{name}")
            if entry is not None:
                par[at] = float(str(entry.value))
    for name, value in told.items():
        par[PAR[name]] = value
    return par


@dataclass
class Bodies:
    """Patients in theatre; exchange[i][j] is the flow from i to j, the second row of the table has none."""

    weight_kg: tuple[float, ...] = (8.0, 8.0)
    haematocrit: tuple[float, ...] = (0.34, 0.34)
    exchange: tuple[tuple[float, ...], ...] = ((0.0, 0.0), (0.0, 0.0))
    ml_per_kg: float = 75.0
    told: dict[str, float] = field(default_factory=dict)
    packs: tuple[tuple[int, int, int], ...] = ()
    """Stock: kind of blood, patient or -1, packs."""

    def __post_init__(self) -> None:
        m = len(self.weight_kg)
        self.body = np.array(
            [
                [w, w * self.ml_per_kg, h, 36.8, 4.0]
                for w, h in zip(self.weight_kg, self.haematocrit, strict=True)
            ]
        )
        self.par = parameters(**self.told)
        self.flows = np.zeros((2, m, m))
        self.flows[0] = self.exchange
        self.state = np.zeros((m, STATE_COLUMNS))
        self.scratch = np.zeros(scratch_size(m))
        self.stock_blood = np.array([kind for kind, _, _ in self.packs], dtype=np.int64)
        self.stock_patient = np.array([whose for _, whose, _ in self.packs], dtype=np.int64)
        self.stock = np.array([count for _, _, count in self.packs], dtype=np.float64)
        begin(self.body, self.par, self.state, np.zeros(m), np.zeros(m))

    def advance(self, minutes: float, *loss: float, row: int = 0) -> int:
        """One step."""
        lost = np.array(loss or (0.0,) * len(self.weight_kg))
        return int(advance(self.body, self.flows, self.par, self.state, minutes, lost, row, self.scratch))

    def order(self, patient: int, now_min: float = 0.0) -> int:
        """Packs ordered."""
        return int(
            order(
                self.body,
                self.par,
                self.stock_blood,
                self.stock_patient,
                self.state,
                self.stock,
                patient,
                now_min,
            )
        )

    def deliver(self, patient: int) -> None:
        """What was ordered is given."""
        deliver(self.body, self.par, self.state, patient)

    def crossed(self, patient: int) -> int:
        """Thresholds crossed."""
        return int(crossed(self.body, self.par, self.state, patient))

    @property
    def next_delivery(self) -> float:
        """When something arrives."""
        return float(next_delivery(self.state))
