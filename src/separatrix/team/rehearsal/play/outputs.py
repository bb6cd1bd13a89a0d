"""What one rehearsal tells: a row of numbers, in a layout that patients and phases fix."""

from __future__ import annotations

from dataclasses import dataclass

WHOLE = (
    "separation_min",
    "circulations_part_min",
    "end_min",
    "crises",
    "crisis_min",
    "late",
    "nobody",
    "staged",
    "unrelieved_min",
    "breaks_lost",
    "waiting_min",
    "forced_status",
    "forced_arrival_min",
    "forced_missing_calls",
    "forced_missing_equipment",
    "forced_missing_stock",
    "returns",
    "returns_both",
    "reopen_nobody",
    "log_weight",
    "events",
    "stopped",
)
"""Of the whole operation. A moment that never came is infinite. ``late``: responses complete, but after their
target; ``nobody``: responses that lacked somebody or something. ``forced_*``: of the forced complication:
status 0 did not strike, 1 in time, 2 late, 3 nobody; the missing as bits: call of the response, equipment,
stock. ``log_weight``: of importance sampling. ``stopped``: 1 where the event limit ended it."""

OF_PATIENT = (
    "anaesthesia_min",
    "lost_ml",
    "red_packs",
    "plasma_packs",
    "platelet_packs",
    "packs_short",
    "volume_lowest",
    "haematocrit_lowest",
    "temperature_lowest_c",
    "potassium_highest_mmol_per_l",
    "clotting_lowest",
    "crises",
    "returned",
)
"""Of each patient; volume and clotting as fractions of the start."""

OF_PERSON = ("work_min", "overtime_min", "waiting_min", "breaks_lost", "crisis_min", "awake_h")
"""Of each person; ``awake_h`` when released."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each number stands in a row: of the whole, of each patient in turn, the end of each phase."""

    patients: tuple[str, ...]
    phases: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns: ``end_min``, ``lost_ml@A``, ``phase_end_min:venous``."""
        own = tuple(f"{name}@{patient}" for patient in self.patients for name in OF_PATIENT)
        return WHOLE + own + tuple(f"phase_end_min:{phase}" for phase in self.phases)

    def at(self, name: str) -> int:
        """Column of a name.

        Examples
        --------
        >>> Layout(("A", "B"), ("induction",)).at("lost_ml@B") - len(WHOLE) - len(OF_PATIENT)
        1
        """
        return self.names.index(name)
