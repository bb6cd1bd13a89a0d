"""Published totals beside what the rehearsals add up to, with the reason for each that is off.

Rows of the evidence with the role *calibration* are never drawn: the simulated totals are held against them.
So they are against the two rows of the role *threshold*, whose rates are published but follow from the
physiology, and three published measures of blood. What a rehearsal cannot tell (harm that shows later, death)
is told as such.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from separatrix.evidence import Entry, EvidenceReader, Role, all_complications
from separatrix.team.rehearsal.answers.calibration_words import ALSO, DIFFERS, NOT_SIMULATED, TUNED
from separatrix.team.rehearsal.answers.model import Calibrated
from separatrix.team.rehearsal.answers.statistics import interval_of, wilson
from separatrix.team.rehearsal.answers.weights import Bools
from separatrix.team.rehearsal.play.arrays import BODY, PAR, Floats
from separatrix.team.rehearsal.play.compile import Compiled
from separatrix.team.rehearsal.runs.rows import Rows
from separatrix.team.rehearsal.runs.sketch import Sketch

COLD_C, MUCH_ML_PER_KG = 36.0, 25.0
"""Of ``complication.core_below_36`` and ``complication.blood.over_25_ml_per_kg``, as their names say."""

WITHIN = 0.25
"""Where no range is published, a total within this share of the published value is inside."""


@dataclass(frozen=True, slots=True)
class _Rehearsed:
    """What the totals are read from."""

    compiled: Compiled
    rows: Rows
    sketch: Sketch
    planned_end_min: float
    evidence: EvidenceReader

    @property
    def children(self) -> list[int]:
        """Patients that are children."""
        return [i for i, who in enumerate(self.compiled.names.patients) if who != "mother"]

    def of_child(self, name: str) -> Floats:
        """A patient's column of every child, (n, children)."""
        names = self.compiled.names.patients
        return np.stack([self.rows.column(f"{name}@{names[i]}") for i in self.children], axis=1)

    def per_child(self, field: str) -> Floats:
        """A field of every child's body, (children,)."""
        return self.compiled.arrays.body[self.children, BODY[field]]

    def par(self, field: str) -> float:
        """A parameter of the engine."""
        return float(self.compiled.arrays.par[PAR[field]])


Total = Callable[[_Rehearsed], tuple[float, float, float]]
"""Simulated value with its 95 % interval of sampling."""


def _share(came: Callable[[_Rehearsed], Bools]) -> Total:
    """Share of children; the children of one rehearsal count as one trial, for they are no two."""

    def total(of: _Rehearsed) -> tuple[float, float, float]:
        share = float(came(of).mean())
        return share, *wilson(round(share * len(of.rows)), len(of.rows))

    return total


def _mean(values: Callable[[_Rehearsed], Floats]) -> Total:
    """Mean over rehearsals, and over their children first."""

    def total(of: _Rehearsed) -> tuple[float, float, float]:
        told = values(of)
        each = told.mean(axis=1) if told.ndim == 2 else told
        found = interval_of(each[np.isfinite(each)])
        return found or (float("nan"),) * 3

    return total


def _median(values: Callable[[_Rehearsed], Floats]) -> Total:
    """Median over all children, with the interval that order statistics give."""

    def total(of: _Rehearsed) -> tuple[float, float, float]:
        told = values(of)
        half = 0.98 / np.sqrt(len(of.rows))
        low, middle, high = np.quantile(told, [max(0.0, 0.5 - half), 0.5, min(1.0, 0.5 + half)])
        return float(middle), float(low), float(high)

    return total


def _struck(complication: str) -> Total:
    """Share of rehearsals in which something that strikes at most once did."""

    def total(of: _Rehearsed) -> tuple[float, float, float]:
        at = of.compiled.names.complications.index(complication)
        strikes = int(of.sketch.tally[at, 0].sum())
        return strikes / of.sketch.n, *wilson(strikes, of.sketch.n)

    return total


def _lost(of: _Rehearsed, volumes: float) -> Bools:
    return of.of_child("lost_ml") > volumes * of.per_child("volume_ml")


def _red_ml_per_kg(of: _Rehearsed) -> Floats:
    weight = of.per_child("weight_kg")
    pack_ml = np.minimum(of.par("red_pack_ml"), of.par("product_ml_per_kg") * weight)
    return of.of_child("red_packs") * pack_ml / weight


TOTALS: Mapping[str, Total] = {
    "complication.loss_over_1_volume": _share(lambda of: _lost(of, 1.0)),
    "complication.loss_over_2_volumes": _share(lambda of: _lost(of, 2.0)),
    "complication.sinus_tear_analogue": _struck("complication.sinus_tear_total_form"),
    "complication.any_transfusion": _share(lambda of: of.of_child("red_packs") > 0),
    "complication.core_below_36": _share(lambda of: of.of_child("temperature_lowest_c") < COLD_C),
    "complication.major_any": _share(lambda of: of.of_child("crises") > 0),
    "complication.plan_overrun_factor": _mean(lambda of: of.rows.column("end_min") / of.planned_end_min),
    "complication.dilution_coagulopathy": _share(
        lambda of: of.of_child("clotting_lowest") < of.par("clotting_threshold")
    ),
    "complication.potassium_arrest": _share(
        lambda of: of.of_child("potassium_highest_mmol_per_l") > of.par("potassium_threshold_mmol_per_l")
    ),
    "complication.blood.loss_median": _median(lambda of: of.of_child("lost_ml") / of.per_child("weight_kg")),
    "complication.blood.red_cells_mean": _mean(_red_ml_per_kg),
    "complication.blood.over_25_ml_per_kg": _share(lambda of: _red_ml_per_kg(of) > MUCH_ML_PER_KG),
}
"""How each published total is read off the rehearsals."""


def calibrate(
    compiled: Compiled,
    rows: Rows,
    sketch: Sketch,
    *,
    planned_end_min: float,
    evidence: EvidenceReader,
) -> tuple[Calibrated, ...]:
    """Hold the rehearsals of a separation against every published total.

    Parameters
    ----------
    compiled
        What was rehearsed.
    rows, sketch
        Rehearsals of it: some as rows, all as sums.
    planned_end_min
        End of the plan, minutes from wheels in.
    evidence
        Numbers, the team's own included.

    Returns
    -------
    tuple of Calibrated
        In the order of the evidence's list, then the measures of blood.
    """
    of = _Rehearsed(compiled, rows, sketch, planned_end_min, evidence)
    held = (Role.CALIBRATION, Role.THRESHOLD)
    listed = {key: (c.name, c.per) for key, c in all_complications().items() if c.role in held}
    return tuple(_held(of, key, *words) for key, words in {**listed, **ALSO}.items())


def _held(of: _Rehearsed, key: str, title: str, per: str) -> Calibrated:
    entry = of.evidence.entry(key)
    published = of.evidence.number(key)
    told = Calibrated(
        id=key,
        title=title,
        per=per,
        mark=entry.mark.value,
        verdict="not_simulated",
        published=published,
        published_low=entry.low,
        published_high=entry.high,
        tuned=key in TUNED,
        because=NOT_SIMULATED.get(key, ""),
    )
    if key not in TOTALS:
        return told
    value, low, high = TOTALS[key](of)
    inside = _inside(entry, published, value)
    why = "" if inside else DIFFERS[key][0 if value < published else 1]
    return replace(
        told,
        simulated=value,
        simulated_low=low,
        simulated_high=high,
        verdict="inside" if inside else "off",
        because="; ".join(words for words in (why, TUNED.get(key, "")) if words),
    )


def _inside(entry: Entry, published: float, value: float) -> bool:
    """Within the published range; where none is published, within a quarter of the value."""
    low = (1.0 - WITHIN) * published if entry.low is None else entry.low
    high = (1.0 + WITHIN) * published if entry.high is None else entry.high
    return low <= value <= high
