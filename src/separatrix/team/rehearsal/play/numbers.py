"""The numbers a rehearsal rests on: named, each with its range and mark, so that they can be varied.

The outer loop draws all of them over their ranges; the tornado moves them one at a time. What a protocol says
itself (durations, targets, time to control) is no number here: the protocol's author varies it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from separatrix.core import Fault, InputError, Unknown, near_names
from separatrix.evidence import Complication, EvidenceReader, Mark, Role, all_complications
from separatrix.evidence.lists import Quantity
from separatrix.evidence.model import Entry, Kind
from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.play import where
from separatrix.team.rehearsal.play.arrays import Floats
from separatrix.team.rehearsal.play.places import MOST_OF_A_CAUSE

SEPARATION, BIRTH = "separation", "birth"
"""Kinds of procedure in the list of complications."""

COMMON = {
    "phase_ln_sd": "durations.prior.phase_ln_sd",
    "tail_factor": "rehearsal.duration.tail_factor",
    "preemption": "rehearsal.preemption",
    "free_min": "rehearsal.arrival.free",
    "break_call_min": "rehearsal.arrival.on_break",
    "preempt_min": "rehearsal.arrival.at_work",
    "other_cover_min": "rehearsal.arrival.other_cover",
    "equipment_min": "rehearsal.arrival.equipment",
    "short_handed_factor": "rehearsal.control.short_handed",
    "retry_min": "rehearsal.relief.retry",
    "standby_ready_min": "procedure.after.fresh_team_ready",
    "loss_ln_sd": "rehearsal.blood.loss_sigma",
    **{
        name: f"rehearsal.body.{name}"
        for name in (
            "tick_min",
            "tick_bleeding_min",
            "fluid_ml_per_kg_per_min",
            "diuresis_ml_per_kg_per_min",
            "clotting_threshold",
            "potassium_threshold_mmol_per_l",
            "potassium_uptake_per_min",
            "temperature_rest_c",
            "temperature_rest_sd_c",
            "temperature_rate_per_min",
            "heat_ratio",
            "volume_floor",
        )
    },
    **{
        name: f"rehearsal.product.{name}"
        for name in (
            "haematocrit_trigger",
            "haematocrit_target",
            "red_pack_ml",
            "red_pack_haematocrit",
            "red_pack_potassium_mmol",
            "plasma_pack_ml",
            "platelet_pack_ml",
            "platelet_pack_clotting",
            "product_delay_min",
            "product_c",
            "product_ml_per_kg",
            "massive_ml_per_kg",
            "clotting_trigger",
        )
    },
}
"""Entry of each field of `Arrays.par` that is the same in every procedure."""

OF_KIND = {
    SEPARATION: {
        "operation_ln_mean": "rehearsal.duration.operation_ln_mean",
        "operation_ln_sd": "rehearsal.duration.operation_ln_sd",
        "tail_probability": "rehearsal.duration.tail_probability",
    },
    BIRTH: {
        "operation_ln_mean": "rehearsal.duration.birth_ln_mean",
        "operation_ln_sd": "rehearsal.duration.birth_ln_sd",
        "tail_probability": "rehearsal.duration.birth_tail_probability",
    },
}
"""Entry of each field that depends on the kind of procedure."""

OTHERS = (
    "rehearsal.arrival.equipment_other_room",
    "rehearsal.control.unstated",
    "rehearsal.relief.early",
    "rehearsal.exchange.scalp_share",
    "haemodynamics.cross_flow.demo",
    "haemodynamics.allowed_loss.haematocrit_start",
    "rehearsal.body.temperature_c",
    "rehearsal.body.potassium_mmol_per_l",
    "rehearsal.branch.stage",
    "complication.fatigue_error_factor",
    "complication.fatigue.hours_awake",
)
"""Entries read beside `Arrays.par`, whatever the kind."""

OTHERS_OF_KIND = {
    SEPARATION: (
        "rehearsal.loss.total",
        "rehearsal.blood.haemorrhage_factor",
        "complication.blood.loss_median",
        "durations.craniosynostosis.infants",
        "rehearsal.loss.weight_exposure",
        "rehearsal.loss.weight_venous",
        "rehearsal.loss.weight_brain",
        "rehearsal.loss.weight_parting",
        "rehearsal.loss.weight_closing",
        "haemodynamics.blood_volume.infant",
        "procedure.default.weight",
    ),
    BIRTH: (
        "rehearsal.loss.mother",
        "rehearsal.loss.bleeding_bridge",
        "rehearsal.loss.bleeding_mother",
        "haemodynamics.blood_volume.newborn",
        "rehearsal.body.newborn_weight_kg",
        "rehearsal.body.mother_weight_kg",
        "rehearsal.body.mother_blood_volume",
        "rehearsal.body.mother_haematocrit",
    ),
}

SPREADS = frozenset(
    {
        "durations.prior.phase_ln_sd",
        "rehearsal.blood.loss_sigma",
        "rehearsal.duration.operation_ln_sd",
        "rehearsal.duration.birth_ln_sd",
        "rehearsal.duration.operation_ln_mean",
        "rehearsal.duration.birth_ln_mean",
    }
)
"""Numbers of a logarithm: 3 is a factor of 20 already."""

ABOVE_ZERO = {
    "rehearsal.body.tick_min": 0.1,
    "rehearsal.body.tick_bleeding_min": 0.1,
    "rehearsal.relief.retry": 1.0,
    "rehearsal.duration.tail_factor": 0.1,
    "rehearsal.control.short_handed": 1.0,
    "rehearsal.product.red_pack_ml": 1.0,
    "rehearsal.product.plasma_pack_ml": 1.0,
    "rehearsal.product.platelet_pack_ml": 1.0,
    "rehearsal.product.product_ml_per_kg": 0.1,
    "rehearsal.product.red_pack_haematocrit": 0.1,
    "rehearsal.body.newborn_weight_kg": 0.1,
    "rehearsal.body.mother_weight_kg": 1.0,
    "rehearsal.body.mother_blood_volume": 1.0,
    "rehearsal.body.mother_haematocrit": 0.01,
    "rehearsal.body.volume_floor": 0.01,
    "haemodynamics.allowed_loss.haematocrit_start": 0.01,
    "haemodynamics.blood_volume.infant": 1.0,
    "haemodynamics.blood_volume.newborn": 1.0,
    "procedure.default.weight": 0.1,
    "durations.craniosynostosis.infants": 1.0,
}
"""The least that a number may be where it divides, or where time would stand still at 0."""

MOST_OF_UNIT = {"min": 10_080.0, "h": 720.0, "kg": 300.0, "degC": 45.0}
"""The most that a number of a unit may be; of any other `MOST`."""

MOST_OF_LN, MOST = 3.0, 10_000.0

PREEMPTION = {"resume": 0.0, "restart": 1.0, "resample": 2.0}


def kind_of(procedure: Procedure) -> str:
    """Whether a procedure is a birth or a separation, an emergency separation among them."""
    return BIRTH if "mother" in procedure.patients else SEPARATION


def rows_of(procedure: Procedure) -> tuple[Complication, ...]:
    """Rows of the list of complications that fit a procedure, without published totals and multipliers."""
    kind = kind_of(procedure)
    return tuple(
        row
        for row in all_complications().values()
        if kind in row.procedures and row.role in (Role.CAUSE, Role.THRESHOLD, Role.OUTCOME)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One number with its range."""

    id: str
    value: float
    low: float
    high: float
    mark: Mark
    is_fraction: bool
    note: str = ""

    @property
    def varies(self) -> bool:
        """Whether it has a range at all."""
        return self.high > self.low


@dataclass(frozen=True)
class Numbers:
    """All numbers of one procedure by the id of their entry."""

    by_id: Mapping[str, Number]

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Ids in their order."""
        return tuple(self.by_id)

    @cached_property
    def varied(self) -> tuple[str, ...]:
        """Ids of those that have a range."""
        return tuple(key for key, number in self.by_id.items() if number.varies)

    def value(self, key: str) -> float:
        """The value that holds.

        Raises
        ------
        InputError
            If there is no such number.
        """
        return self._number(key).value

    def low(self, key: str) -> float:
        """Low end of the range; the value where it has none."""
        return self._number(key).low

    def high(self, key: str) -> float:
        """High end of the range; the value where it has none."""
        return self._number(key).high

    def mark(self, key: str) -> Mark:
        """How sure it is."""
        return self._number(key).mark

    def has(self, key: str) -> bool:
        """Whether there is such a number; none for a rate that nobody knows."""
        return key in self.by_id

    def values(self) -> Floats:
        """All values, in the order of `ids`."""
        return np.array([number.value for number in self.by_id.values()])

    def with_values(self, values: Mapping[str, float]) -> Numbers:
        """The same numbers with other values; their ranges stay.

        Raises
        ------
        InputError
            With every unknown id, and every value that cannot be.

        Examples
        --------
        >>> one = Number(id="a.b", value=0.5, low=0, high=1, mark=Mark.ASSUMPTION, is_fraction=True)
        >>> Numbers({"a.b": one}).with_values({"a.b": 0.25}).value("a.b")
        0.25
        >>> Numbers({"a.b": one}).with_values({"a.b": 1.25})
        Traceback (most recent call last):
            ...
        separatrix.core.errors.InputError: a.b: 1.25 is no probability; expected a number from 0 to 1
        """
        faults = [fault for key, value in values.items() for fault in self._faults(key, value)]
        if faults:
            raise InputError(*faults)
        changed = {key: replace(self.by_id[key], value=float(value)) for key, value in values.items()}
        return Numbers({**self.by_id, **changed})

    def _number(self, key: str) -> Number:
        found = self.by_id.get(key)
        if found is None:
            raise InputError(Fault(field=key, problem="no such number", mend=near_names(key, self.by_id)))
        return found

    def _faults(self, key: str, value: float) -> Iterable[Fault]:
        if key not in self.by_id:
            yield Fault(field=key, problem="no such number", mend=near_names(key, self.by_id))
        elif not math.isfinite(value):
            yield Fault(field=key, problem=f"{value} is no number", expected="a finite number")
        elif self.by_id[key].is_fraction and not 0 <= value <= 1:
            yield Fault(field=key, problem=f"{value:g} is no probability", expected="a number from 0 to 1")
        elif value < 0 <= self.by_id[key].low:
            yield Fault(field=key, problem=f"{value:g} is below 0", expected="0 or more")


def numbers_of(procedure: Procedure, *, evidence: EvidenceReader) -> Numbers:
    """The numbers that rehearsing a procedure rests on.

    Rates that nobody knows are left out: such complications are never drawn, but can be forced.

    Raises
    ------
    InputError
        With every entry that is missing or cannot be used.
    """
    keys = _keys_of(kind_of(procedure))
    keys += [row.id for row in rows_of(procedure) if row.role is not Role.THRESHOLD and not _is_later(row)]
    found: dict[str, Number] = {}
    faults: list[Fault] = []
    for key in dict.fromkeys(keys):
        entry = evidence.entry(key)
        if key == COMMON["preemption"]:
            faults += _add_preemption(entry, found)
        elif not isinstance(entry.value, Unknown):
            faults += _add(entry, found)
        elif not key.startswith("complication."):
            faults.append(
                Fault(
                    field=f"assumptions.{key}",
                    problem="nobody knows its value, and the rehearsal rests on it",
                    mend="set it under `assumptions:`",
                )
            )
    if faults:
        raise InputError(*faults)
    return Numbers(found)


def team_value_faults(evidence: EvidenceReader) -> list[Fault]:
    """What is wrong with a team's own values of the numbers that any rehearsal rests on."""
    keys = dict.fromkeys(key for kind in (SEPARATION, BIRTH) for key in _keys_of(kind))
    keys |= dict.fromkeys(key for key, row in all_complications().items() if row.role is Role.CAUSE)
    faults: list[Fault] = []
    for entry in map(evidence.entry, keys):
        if entry.overridden and not isinstance(entry.value, Unknown):
            found: dict[str, Number] = {}
            is_word = entry.id == COMMON["preemption"]
            faults += _add_preemption(entry, found) if is_word else _add(entry, found)
    return faults


def _keys_of(kind: str) -> list[str]:
    return [*OF_KIND[kind].values(), *COMMON.values(), *OTHERS, *OTHERS_OF_KIND[kind]]


def _is_later(row: Complication) -> bool:
    """Whether a row only strikes after the hours rehearsed."""
    hours = where.hours_after(row.phases)
    return hours is not None and hours[0] >= where.SIMULATED_H


def _add(entry: Entry, found: dict[str, Number]) -> Iterable[Fault]:
    if entry.kind not in (Kind.NUMBER, Kind.FRACTION, Kind.COUNT):
        yield Fault(field=_field(entry), problem=f"is a {entry.kind.value}", expected="a number")
        return
    value = float(entry.value)  # type: ignore[arg-type]
    low = value if entry.low is None else entry.low
    high = value if entry.high is None else entry.high
    least, most = _limits(entry)
    beyond = [n for n in (value, low, high) if not least <= n <= most]
    if beyond:
        yield Fault(
            field=_field(entry),
            problem=f"{beyond[0]:g} {entry.unit if entry.unit != '1' else ''}".rstrip()
            + " cannot be rehearsed",
            expected=f"{least:g} to {most:g}",
            mend="correct the value, its low and its high, or take it out to rehearse with the table's",
        )
        return
    found[entry.id] = Number(
        id=entry.id,
        value=value,
        # A team's own value may lie outside the published range: the range then reaches as far as the value.
        low=min(low, value),
        high=max(high, value),
        mark=entry.mark,
        is_fraction=entry.kind is Kind.FRACTION,
        note=entry.note,
    )


def _field(entry: Entry) -> str:
    """Where a number is set: in the case, if the team has set it."""
    return f"assumptions.{entry.id}" if entry.overridden else entry.id


def _limits(entry: Entry) -> tuple[float, float]:
    """From where to where a number can be rehearsed with, its low and its high too."""
    if entry.id in SPREADS:
        return (-MOST_OF_LN if entry.id.endswith("_mean") else 0.0), MOST_OF_LN
    if entry.kind is Kind.FRACTION:
        return ABOVE_ZERO.get(entry.id, 0.0), 1.0
    most = MOST_OF_UNIT.get(entry.unit, MOST)
    row = all_complications().get(entry.id)
    if row is not None and row.quantity is Quantity.COUNT:
        table = entry.original or entry
        most = max(float(MOST_OF_A_CAUSE), table.high or 0.0)
    return ABOVE_ZERO.get(entry.id, 0.0), most


def _add_preemption(entry: Entry, found: dict[str, Number]) -> Iterable[Fault]:
    word = str(entry.value)
    if word not in PREEMPTION:
        yield Fault(field=_field(entry), problem=f"'{word}' is unknown", mend=near_names(word, PREEMPTION))
        return
    code = PREEMPTION[word]
    found[entry.id] = Number(
        id=entry.id, value=code, low=code, high=code, mark=entry.mark, is_fraction=False, note=entry.note
    )


def par_of(procedure: Procedure, numbers: Numbers) -> dict[str, float]:
    """Fields of `Arrays.par` by name."""
    entries = {**COMMON, **OF_KIND[kind_of(procedure)]}
    par = {name: numbers.value(key) for name, key in entries.items()}
    par["handover_min"] = float(procedure.rules.handover_min)
    if procedure.standby is not None:
        par["standby_ready_min"] = procedure.standby.ready_within_min
    return par


def loss_weight(phase: str, numbers: Numbers) -> float:
    """Loss per minute of work in the field of a phase, beside that of the exposure."""
    key = f"rehearsal.loss.weight_{where.LOSS_PHASE.get(phase, 'exposure')}"
    return numbers.value(key) if numbers.has(key) else 1.0
