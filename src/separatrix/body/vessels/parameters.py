"""What a circulation is reckoned with: each number with its range, and draws over all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from separatrix.body.vessels.model import Reals, VesselGraph
from separatrix.body.vessels.poiseuille import blood_viscosity_mPa_s
from separatrix.case import Case
from separatrix.core import Twin, Unknown, generator
from separatrix.evidence import EvidenceReader

PHASES = ("ward", "operation")
"""Postures that the children are reckoned in."""

_FEWEST_RADIUS_FACTOR = 0.25
"""A drawn radius is never under this share of the measured one."""

_SD_LIMIT = 2.5
"""Radii are drawn within this many standard deviations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A number and how far it may be off."""

    value: float
    low: float
    high: float

    def draw(self, random: np.random.Generator) -> float:
        """A value of the triangle over the range, peaked at the value."""
        if self.low >= self.high:
            return self.value
        return float(random.triangular(self.low, self.value, self.high))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Values:
    """One set of numbers for a circulation."""

    scalar: Mapping[str, float]
    """By the names of `parameter_ranges`: ``map.A``, ``deep_share.B``, …"""
    radius_factor: Reals
    """(edges of the graph,) by which each vessel's radii are multiplied."""


def parameter_ranges(graph: VesselGraph, case: Case, evidence: EvidenceReader) -> dict[str, Range]:
    """Every number of a circulation with its range, per child where children differ.

    Parameters
    ----------
    graph
        For the viscosity at the reference haematocrit, which a hand may have changed.
    case
        Age, haematocrits.
    evidence
        All else.

    Returns
    -------
    dict
        ``map``, ``cvp``, ``icp`` (mmHg), ``cbf`` (ml/100 g/min), ``viscosity`` (mPa s), ``deep_share``,
        ``emissary_share`` and ``heart_height.<phase>`` (cm) for ``.A`` and ``.B``; the rest for both.
    """
    months = age_months(case, evidence)
    found: dict[str, Range] = {}
    for twin in Twin:
        letter = twin.value
        doubt = evidence.number("flow.map.doubt")
        found[f"map.{letter}"] = _own(
            evidence, f"flow.map.{letter}", _around(map_by_age_mmHg(evidence, months), doubt)
        )
        for name in ("cvp", "icp"):
            usual = _range(evidence, f"flow.{name}.infant")
            found[f"{name}.{letter}"] = _own(evidence, f"flow.{name}.{letter}", usual)
        cbf = cbf_by_age(evidence, months)
        wide = _around(cbf, evidence.number("flow.cbf.doubt") * cbf)
        found[f"cbf.{letter}"] = _own(evidence, f"flow.cbf.{letter}", wide)
        found[f"viscosity.{letter}"] = _viscosity(graph, case, evidence, twin)
        for name in ("deep_share", "emissary_share"):
            found[f"{name}.{letter}"] = _range(evidence, f"flow.{name}")
        for phase in PHASES:
            name = f"heart_height.{phase}.{letter}"
            found[name] = _range(evidence, f"flow.{name}")
    for name in (
        "venous_reference", "anastomosis_share", "autoregulation_limit", "jugular_external",
        "crossing_artery_share", "heart_to_junction", "balance_limit",
    ):  # fmt: skip
        found[name] = _range(evidence, f"flow.{name}")
    return found


def central_values(graph: VesselGraph, ranges: Mapping[str, Range]) -> Values:
    """Every number at its value."""
    return Values(
        scalar={name: span.value for name, span in ranges.items()}, radius_factor=np.ones(len(graph.edges))
    )


def draw_values(
    graph: VesselGraph,
    ranges: Mapping[str, Range],
    seed: int,
    index: int,
    *,
    around: Values | None = None,
) -> Values:
    """The draw of this index; the same for any order of asking.

    Parameters
    ----------
    graph
        For each vessel's radius and its standard deviation.
    ranges
        As from `parameter_ranges`.
    seed, index
        Which draw.
    around
        Values to draw about (such as fitted ones) in place of the central ones.
    """
    random = generator(seed, "vessels", "draw", index)
    scalar = {name: ranges[name].draw(random) for name in sorted(ranges)}
    if around is not None:
        for name, span in ranges.items():
            moved = scalar[name] + around.scalar[name] - span.value
            scalar[name] = min(max(moved, span.low), span.high)
    deviates = np.clip(random.standard_normal(len(graph.edges)), -_SD_LIMIT, _SD_LIMIT)
    spread = np.array([e.radius_sd_mm / (sum(e.radius_mm) / len(e.radius_mm)) for e in graph.edges])
    centre = np.ones(len(graph.edges)) if around is None else around.radius_factor
    factor = np.maximum(centre * (1 + deviates * spread), _FEWEST_RADIUS_FACTOR * centre)
    return Values(scalar=scalar, radius_factor=factor)


def age_months(case: Case, evidence: EvidenceReader) -> float:
    """Age at the latest dated image of the case file; the assumed age where there is none."""
    imaging = case.file.imaging
    dates = [i.date for i in imaging.images.values() if i.date] if imaging else []
    if case.file.born is None or not dates:
        return evidence.number("flow.age")
    return max(0.0, (max(dates) - case.file.born).days * 12 / 365.25)


def map_by_age_mmHg(evidence: EvidenceReader, months: float) -> float:
    """Median mean arterial pressure under anaesthesia; see ``flow.map.by_age``."""
    evidence.text("flow.map.by_age")
    birth = evidence.number("haemodynamics.map_anaesthesia.birth")
    grown = evidence.number("haemodynamics.map_anaesthesia.year_18")
    share = min(1.0, math.log1p(months) / math.log1p(18 * 12))
    return birth + (grown - birth) * share


def cbf_by_age(evidence: EvidenceReader, months: float) -> float:
    """Cerebral blood flow in ml/100 g/min: linear through the first year, then as at its end."""
    birth, year = evidence.number("haemodynamics.cbf.birth"), evidence.number("haemodynamics.cbf.month_12")
    return birth + (year - birth) * min(1.0, months / 12)


def brain_mass_by_age_g(evidence: EvidenceReader, months: float) -> float:
    """Brain mass where no image tells the volume, linear between the ages of the evidence."""
    n = evidence.number
    boy, girl = n("haemodynamics.brain_volume.birth_boy"), n("haemodynamics.brain_volume.birth_girl")
    masses = [(boy + girl) / 2 * n("flow.brain_density")]
    masses += [n(f"haemodynamics.brain_mass.month_{m}") for m in (6, 12, 24)]
    return float(np.interp(months, (0, 6, 12, 24), masses))


def blood_volume_ml(case: Case, evidence: EvidenceReader, twin: Twin) -> float | Unknown:
    """A child's blood volume from its weight and age."""
    weight = case.twin(twin).weight_kg
    if weight is None:
        return Unknown(f"the case gives no weight of {twin.value}")
    months = age_months(case, evidence)
    group = "newborn" if months < 1 else "infant" if months < 12 else "child"
    return weight * evidence.number(f"haemodynamics.blood_volume.{group}")


def _viscosity(graph: VesselGraph, case: Case, evidence: EvidenceReader, twin: Twin) -> Range:
    usual = _range(evidence, "flow.viscosity")
    ratio = blood_viscosity_mPa_s(evidence, case.twin(twin).haematocrit) / usual.value
    ratio *= graph.viscosity_mPa_s / usual.value
    return Range(value=usual.value * ratio, low=usual.low * ratio, high=usual.high * ratio)


def _own(evidence: EvidenceReader, entry_id: str, usual: Range) -> Range:
    """The child's own value where the team gave one."""
    return usual if isinstance(evidence.entry(entry_id).value, Unknown) else _range(evidence, entry_id)


def _range(evidence: EvidenceReader, entry_id: str) -> Range:
    value, entry = evidence.number(entry_id), evidence.entry(entry_id)
    low = value if entry.low is None else entry.low
    high = value if entry.high is None else entry.high
    return Range(value=value, low=low, high=high)


def _around(value: float, half_width: float) -> Range:
    return Range(value=value, low=value - half_width, high=value + half_width)
