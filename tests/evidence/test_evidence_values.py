"""Numbers of the tables: pinned, and the same numbers found again in the texts they came from."""

from __future__ import annotations

import csv
import itertools
import math
import re
import statistics
from pathlib import Path
from typing import NamedTuple

import pytest

from separatrix.core import Unknown
from separatrix.evidence import (
    Entry,
    EvidenceReader,
    all_cases,
    all_complications,
    all_entries,
    all_sources,
    all_steps,
)
from separatrix.evidence.formula import evaluate, formula_of, number_of, wilson_high, wilson_low


class Sample(NamedTuple):
    """An entry's number, and where it stands in the texts: the groups of a pattern, in the entry's unit."""

    id: str
    value: float
    file: str
    pattern: str
    scale: float = 1.0


SAMPLES = (
    Sample(
        "classification.angle_vertical_min", 140, "classification.md", r"Angular when `angle_long` < (140)"
    ),
    Sample("classification.rotation_type_I_below", 40, "classification.md", r"type I if `rot_axial` < (40)"),
    Sample(
        "classification.rotation_type_II_min", 140, "classification.md", r"type II if (140) <= rot <= 180"
    ),
    Sample(
        "classification.brain_shared", 0.30, "classification.md", r"About (30)% of pairs had shared", 0.01
    ),
    Sample("classification.outcome.no_genitourinary_anomaly_p", 0.017, "classification.md", r"p = (0\.017)"),
    Sample(
        "classification.unseparated_dead_by_age_1", 0.78, "classification.md", r"(78)% dead by age 1", 0.01
    ),
    Sample("haemodynamics.cbf.birth", 25, "haemodynamics.md", r"from about (25) to 60 ml/100 g/min"),
    Sample("haemodynamics.cbf.month_12", 60, "haemodynamics.md", r"from about 25 to (60) ml/100 g/min"),
    Sample("haemodynamics.cbf_total.child", 1073, "haemodynamics.md", r"(1073) \+/- 203 ml/min"),
    Sample("haemodynamics.cbf_total.adult", 717, "haemodynamics.md", r"(717) \+/- 123 ml/min"),
    Sample("haemodynamics.sagittal_sinus_flow.child", 484, "haemodynamics.md", r"189-688, mean (484)"),
    Sample("haemodynamics.sagittal_sinus_velocity.child", 136, "haemodynamics.md", r"92-196, mean (136)"),
    Sample("haemodynamics.sagittal_sinus_diameter.child", 8.7, "haemodynamics.md", r"diameter \| (8\.7) mm"),
    Sample("haemodynamics.cardiac_output.infant", 204, "haemodynamics.md", r"(204) \+/- 45 ml/min/kg"),
    Sample("haemodynamics.cardiac_output.newborn_term", 236, "haemodynamics.md", r"(236) \+/- 47 \(term\)"),
    Sample("haemodynamics.map_anaesthesia.birth", 33, "haemodynamics.md", r"median (33) \(birth\)"),
    Sample("haemodynamics.icp.supine_high", 16.3, "haemodynamics.md", r"0\.9-(16\.3) mmHg"),
    Sample(
        "haemodynamics.brain_volume.birth_girl", 336, "haemodynamics.md", r"347 \(boys\), (336) \(girls\)"
    ),
    Sample(
        "haemodynamics.allowed_loss.example", 122, "haemodynamics.md", r"400 ml, 36 to 25, gives (122) ml"
    ),
    Sample("haemodynamics.allowed_loss.month_10", 168, "haemodynamics.md", r"\| 593-678 \| 1729 \| (168) \|"),
    Sample("haemodynamics.resistance_check", 1.556e-4, "haemodynamics.md", r"= (1\.556e-4) mmHg"),
    Sample("haemodynamics.resistance_check_si", 1.245e6, "haemodynamics.md", r"gives (1\.245e6) Pa s/m3"),
    Sample("haemodynamics.mixing_time.example", 6.4, "haemodynamics.md", r"gives tau = (6\.4) min"),
    Sample("haemodynamics.hydrostatic.per_10_cm", 7.7, "complications.md", r"10 cm of height is (7\.7) mmHg"),
    Sample("flow.resistance_factor", 3.183e-4, "flow_model.md", r"= (3\.183e-4) \* mu"),
    Sample("flow.resistance_check", 0.0191, "flow_model.md", r"mu=3, L=20, r=1 gives (0\.0191)"),
    Sample("flow.viscosity", 3, "flow_model.md", r"\| (3) \(2\.5-3\.5\) mPa\*s"),
    Sample("flow.viscosity.haematocrit_slope", 2.3, "flow_model.md", r"exp\((2\.3)\*\(Hct-0\.36\)\)"),
    Sample("flow.adult.jugular_conductance_3", 6.9, "flow_model.md", r"with k 11/13/(6\.9)"),
    Sample("flow.held_flow.outlet_10_percent", 35.0, "flow_model.md", r"at 10 % to (35\.0) instead of 23\.8"),
    Sample("flow.absolute_over_icp", 15, "flow_model.md", r"absolute over ICP\+(15)"),
    Sample("durations.craniosynostosis.infants", 255.8, "phase_durations.md", r"(255\.8) \(SD 46\.7\) min"),
    Sample("durations.anaesthetic_child.sd_ln", 0.87, "phase_durations.md", r"SD of ln (0\.87)"),
    Sample("durations.actual_over_planned.all", 0.93, "phase_durations.md", r"\| all \| 15 \| (0\.93)"),
    Sample(
        "durations.prior.craniopagus_ln_sd",
        0.45,
        "phase_durations.md",
        r"craniopagus: ln mean 0\.2, SD (0\.45)",
    ),
    Sample("durations.share_before_apart.mean", 0.73, "phase_durations.md", r"\(mean (0\.73)\)"),
    Sample("procedure.whole.critical_path", 23.5, "procedure.md", r"\(closing one child\) = (23\.5) h"),
    Sample("procedure.whole.published_median", 22.5, "procedure.md", r"Median of the 20 values (22\.5)"),
    Sample("procedure.after.fresh_team_for", 72, "procedure.md", r"within 30 min for (72) h"),
    Sample("procedure.roster.anaesthetists", 6, "procedure.md", r"plastic surgeons 4; anaesthetists (6)"),
    Sample("birth.vancouver.caesarean", 65, "birth.md", r"caesarean of (65) minutes"),
    Sample("birth.step.stabilisation", 0.3, "birth.md", r"60 s assessment cycles\) \| 0\.1 \| (0\.3) \| 1"),
    Sample("birth.die_after", 0.54, "birth.md", r"and (54)% just after birth", 0.01),
    Sample("coverage.round.check_volume", 134.0, "coverage.md", r"gives V = (134\.0) ml"),
    Sample("coverage.round.check_gain", 50.3, "coverage.md", r"dome 100\.5, gain (50\.3) cm2"),
    Sample("coverage.rectangular.check_arc", 9.42, "coverage.md", r"gives s = (9\.42) cm"),
    Sample("coverage.rectangular.check_gain", 41.1, "coverage.md", r"gain (41\.1) cm2, V = 169\.6"),
    Sample("coverage.rectangular.check_volume", 169.6, "coverage.md", r"gain 41\.1 cm2, V = (169\.6) ml"),
    Sample("coverage.gain_share", 0.35, "coverage.md", r"Default factor (0\.35) with 0\.25-0\.40"),
    Sample("coverage.external_port.any", 0.299, "coverage.md", r"External ports: (29\.9)% any", 0.01),
    Sample("timing.rsv_season.onset", 41, "timing.md", r"2014-17, US \| week (41) \| week 5"),
    Sample("timing.rsv_hospital.week_1", 41.3, "timing.md", r"52 38\.6, 1 (41\.3), 3 26\.6"),
    Sample("timing.emergency_any.week_52", 0.203, "timing.md", r"13\.0 \| 14\.7 \| (20\.3) \|", 0.01),
    Sample("timing.emergency_covid.week_32", 0.066, "timing.md", r"1\.0 \| 2\.8 \| (6\.6) \| 5\.9", 0.01),
    Sample(
        "timing.infant_share_of_arrests", 0.55, "timing.md", r"(55)% of anaesthesia-related arrests", 0.01
    ),
    Sample("recovery.milestone.walks_alone.high", 17.6, "recovery.md", r"walks alone 8\.2-(17\.6)"),
    Sample("recovery.milestone.sits.low", 3.8, "recovery.md", r"sits without support (3\.8)-9\.2"),
    Sample("recovery.course.philadelphia_days_second", 485, "recovery.md", r"hospital days 435 and (485)"),
    Sample(
        "choreography.micro_pause.strength_lost", 0.33, "choreography_model.md", r"strength -(33) %", 0.01
    ),
    Sample("choreography.law.eu_rest", 11, "choreography_model.md", r"48 h week, (11) h rest"),
    Sample("rehearsal.duration.sigma_field", 0.30, "rehearsal_model.md", r"sigma (0\.30) for field work"),
    Sample("rehearsal.blood.haemorrhage_factor", 14, "rehearsal_model.md", r"(14)-fold in uncontrolled"),
    Sample("complication.fatigue.short_sleep_odds", 1.43, "complications.md", r"x(1\.43) \(1\.04-1\.95\)"),
    Sample("complication.blood.loss_median", 64, "complications.md", r"Median loss (64) ml/kg"),
)
RANGES = {
    "haemodynamics.cbf_total.child": (870, 1276),
    "haemodynamics.sagittal_sinus_flow.child": (189, 688),
    "haemodynamics.cardiac_output.infant": (159, 249),
    "haemodynamics.sagittal_sinus_pressure": (5, 8),
    "haemodynamics.blood_volume.infant": (70, 80),
    "haemodynamics.cross_flow.demo": (30, 80),
    "flow.viscosity": (2.5, 3.5),
    "flow.cvp.infant": (3, 6),
    "coverage.gain_share": (0.25, 0.40),
    "durations.whole.craniopagus": (10, 34),
    "procedure.separation.total": (11.25, 26.5),
    "recovery.stay": (3, 26),
    "complication.vae_any": (0.6286, 0.9302),
    "complication.equipment_problem": (0.3, 3.6),
}


def _entry(key: str) -> Entry:
    return all_entries()[key]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.id)
def test_a_published_number_stands_in_the_tables(sample: Sample) -> None:
    assert number_of(_entry(sample.id)) == pytest.approx(sample.value, rel=1e-9)


@pytest.mark.shared
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.id)
def test_a_number_is_the_one_its_text_prints(sample: Sample, shared_evidence: Path) -> None:
    found = re.findall(sample.pattern, (shared_evidence / sample.file).read_text(encoding="utf-8"))
    assert len(found) == 1, f"{sample.pattern} stands {len(found)} times in {sample.file}"
    assert number_of(_entry(sample.id)) == pytest.approx(float(found[0]) * sample.scale, rel=1e-9)


@pytest.mark.parametrize("key", RANGES)
def test_a_published_range_stands_in_the_tables(key: str) -> None:
    assert (_entry(key).low, _entry(key).high) == RANGES[key]


def test_derived_numbers_follow_from_their_formulas_to_their_printed_digits() -> None:
    derived = [entry for entry in all_entries().values() if formula_of(entry)]
    assert len(derived) >= 60
    for entry in derived:
        found = evaluate(formula_of(entry), lambda name: number_of(_entry(name)))
        assert number_of(entry) == pytest.approx(found, rel=0.03), entry.id


def test_the_allowed_blood_loss_of_the_protocol_is_122_ml() -> None:
    volume, start, lowest = 400, 0.36, 0.25
    assert EvidenceReader(all_entries()).number("haemodynamics.allowed_loss.example") == round(
        volume * (start - lowest) / start
    )


def test_an_open_sinus_loses_almost_no_pressure() -> None:
    pascal = 8 * 3.5e-3 * 0.050 / (math.pi * 0.00435**4)
    reader = EvidenceReader(all_entries())
    assert reader.number("haemodynamics.resistance_check_si") == pytest.approx(pascal, rel=1e-3)
    assert reader.number("haemodynamics.resistance_check") == pytest.approx(pascal / 133.322 / 6e7, rel=1e-3)
    short = reader.number("flow.resistance_factor") * 3.5 * 50 / 4.35**4
    assert short == pytest.approx(pascal / 133.322 / 6e7, rel=1e-3)


def test_the_expanders_of_the_text_have_the_gain_that_geometry_gives() -> None:
    radius, height = 4.0, 4.0
    reader = EvidenceReader(all_entries())
    cap = math.pi * height * (3 * radius**2 + height**2) / 6
    assert reader.number("coverage.round.check_volume") == pytest.approx(cap, abs=0.05)
    assert reader.number("coverage.round.check_gain") == pytest.approx(
        math.pi * (radius**2 + height**2) - math.pi * radius**2, abs=0.05
    )
    length, width, bend = 12.0, 6.0, 3.0
    arc = math.pi * bend
    assert reader.number("coverage.rectangular.check_arc") == pytest.approx(arc, abs=0.005)
    assert reader.number("coverage.rectangular.check_gain") == pytest.approx((arc - width) * length, abs=0.05)
    assert reader.number("coverage.rectangular.check_volume") == pytest.approx(
        length * math.pi * bend**2 / 2, abs=0.05
    )


def test_intervals_called_wilson_are_wilson() -> None:
    called = [e for e in all_entries().values() if "Wilson 95 %" in e.note]
    assert len(called) >= 12
    for entry in called:
        hits, trials = (float(part) for part in formula_of(entry).split("/"))
        assert entry.low == pytest.approx(wilson_low(hits, trials), abs=2e-4), entry.id
        assert entry.high == pytest.approx(wilson_high(hits, trials), abs=2e-4), entry.id


def test_brains_and_bones_only_grow() -> None:
    for start in (
        f"cranial_growth.{what}.{sex}."
        for what in ("intracranial_volume", "frontal_bone", "parietal_bone", "occipital_bone")
        for sex in ("female", "male")
    ):
        by_age = sorted(
            (int(year) + int(tenth) / 10, number_of(entry))
            for key, entry in all_entries().items()
            if key.startswith(start)
            for year, tenth in [key.removeprefix(start + "year_").split("_")]
        )
        assert len(by_age) == 20
        assert all(a[1] < b[1] for a, b in itertools.pairwise(by_age))


@pytest.mark.shared
def test_every_source_of_the_evidence_is_carried_word_for_word(shared_evidence: Path) -> None:
    for row in _rows(shared_evidence / "sources.csv"):
        source = all_sources()[row["id"]]
        assert (source.title, source.year, source.url) == (row["title"], row["year"], row["url"])
        assert (source.kind, source.what_was_read, source.note) == (
            row["kind"],
            row["what_was_read"],
            row["note"],
        )


@pytest.mark.shared
def test_every_complication_has_the_numbers_mark_and_sources_of_the_evidence(shared_evidence: Path) -> None:
    by_url = {u: row["id"] for row in _rows(shared_evidence / "sources.csv") for u in row["url"].split()}
    rows = _rows(shared_evidence / "complications.csv")
    added = set(all_complications()) - {row["id"] for row in rows}
    assert len(rows) + len(added) == len(all_complications())
    assert all(isinstance(_entry(name).value, Unknown) for name in added)
    for row in rows:
        entry, listed = _entry(row["id"]), all_complications()[row["id"]]
        value = None if isinstance(entry.value, Unknown) else entry.value
        assert (entry.low, value, entry.high) == tuple(_or_none(row[c]) for c in ("low", "mode", "high"))
        assert entry.mark.value == row["mark"]
        assert list(entry.source_ids) == [by_url[u] for u in row["source_url"].split()]
        assert (listed.role.value, listed.quantity.value) == (row["role"], row["quantity"])
        assert (listed.per, ";".join(listed.phases)) == (row["unit_of_risk"], row["phase"])


@pytest.mark.shared
def test_every_step_has_the_hours_and_sources_of_the_evidence(shared_evidence: Path) -> None:
    rows = _rows(shared_evidence / "procedure_steps.csv")
    steps = [step for step in all_steps().values() if step.id.startswith("procedure.")]
    assert len(rows) == len(steps)
    for row, step in zip(rows, steps, strict=True):
        entry = _entry(step.id)
        hours = tuple(float(row[c]) for c in ("low_h", "mode_h", "high_h"))
        assert (entry.low, entry.value, entry.high) == hours
        assert ";".join(entry.source_ids) == row["source"]
        assert entry.mark.value == {"assumption": "A", "reported": "R"}[row["confidence"]]
        assert ";".join(step.roles) == row["roles"]


@pytest.mark.shared
def test_every_published_case_has_the_numbers_and_sources_of_the_evidence(shared_evidence: Path) -> None:
    by_url = {u: row["id"] for row in _rows(shared_evidence / "sources.csv") for u in row["url"].split()}
    rows = _rows(shared_evidence / "cases.csv")
    assert [row["id"] for row in rows] == list(all_cases())
    for row in rows:
        case = all_cases()[row["id"]]
        assert (case.year, case.stages, case.team) == tuple(
            int(row[c]) if row[c] else None for c in ("year", "stages", "team_size")
        )
        assert (case.age_months, case.hours) == (
            _or_none(row["age_at_separation_months"]),
            _or_none(row["total_hours"]),
        )
        assert list(case.source_ids) == [by_url[u] for u in row["source_url"].split()]
        told = row["type_stone_goodrich"]
        assert case.kind == (
            told.split(" ")[0].replace("T", "total") if told[:2] != "TV" else told.split(" ")[0]
        )


@pytest.mark.shared
def test_cranial_growth_is_the_data_sets(shared_data: Path) -> None:
    folder = shared_data / "cranial_growth_normative"
    tables = {"intracranial_volume": ("ICV.csv", "ICV {sex} (mL)")}
    for bone in ("frontal", "parietal", "occipital"):
        tables[f"{bone}_bone"] = ("BoneThickness.csv", f"{bone.capitalize()} bone {{sex}} (mm)")
    for quantity, (file, column) in tables.items():
        rows = {round(float(row["Age (years)"]) * 10): row for row in _rows(folder / file)}
        for sex in ("female", "male"):
            start = f"cranial_growth.{quantity}.{sex}.year_"
            for key in (k for k in all_entries() if k.startswith(start)):
                tenths = int(key.removeprefix(start).replace("_", ""))
                assert _entry(key).value == float(rows[tenths][column.format(sex=sex)])


@pytest.mark.shared
def test_planned_against_actual_follows_from_the_operation_logs(shared_data: Path) -> None:
    rows = _rows(shared_data / "operation_logs" / "cases.csv")
    pairs = [
        (row["union_type"], float(row["actual_total_h"]) / float(row["planned_total_h"]))
        for row in rows
        if row["actual_total_h"] and row["planned_total_h"]
    ]
    groups = {
        "all": [ratio for _, ratio in pairs],
        "craniopagus": [ratio for union, ratio in pairs if union.startswith("craniopagus")],
        "other_unions": [ratio for union, ratio in pairs if not union.startswith("craniopagus")],
    }
    assert [len(group) for group in groups.values()] == [15, 3, 12]
    for name, ratios in groups.items():
        start = f"durations.actual_over_planned.{name}"
        logs = [math.log(ratio) for ratio in ratios]
        assert number_of(_entry(start)) == pytest.approx(statistics.median(ratios), abs=0.006)
        assert number_of(_entry(f"{start}_ln_mean")) == pytest.approx(statistics.mean(logs), abs=0.006)
        assert number_of(_entry(f"{start}_ln_sd")) == pytest.approx(statistics.stdev(logs), abs=0.006)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _or_none(text: str) -> float | None:
    return float(text) if text else None
