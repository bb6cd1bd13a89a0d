"""Numbers of a protocol: its own, or an entry of the evidence brought to minutes."""

from __future__ import annotations

from separatrix.core import DataMissingError, Fault
from separatrix.evidence import EvidenceReader, Mark
from separatrix.team.protocol.model import Duration
from separatrix.team.protocol.words import DurationSpec, FromEvidence

MINUTES_PER = {
    "s": 1 / 60,
    "min": 1.0,
    "h": 60.0,
    "day": 1440.0,
    "days": 1440.0,
    "week": 10080.0,
    "weeks": 10080.0,
}
"""Units of time that a protocol may take from the evidence."""

PATIENT_WORD = "{patient}"
"""In an evidence id: replaced by A, B or mother."""


def plain_number(value: float | FromEvidence, evidence: EvidenceReader) -> float:
    """A number as it stands, or that of its entry."""
    return evidence.number(value.evidence) if isinstance(value, FromEvidence) else float(value)


def minutes(value: float | FromEvidence, evidence: EvidenceReader) -> float:
    """Minutes as they stand, or those of an entry in any unit of time.

    Raises
    ------
    DataMissingError
        If there is no such entry, or it is no time.
    """
    if not isinstance(value, FromEvidence):
        return float(value)
    return evidence.number(value.evidence) * _minutes_per_unit(value.evidence, evidence)


def hours(value: float | FromEvidence, evidence: EvidenceReader) -> float:
    """Hours as they stand, or those of an entry in any unit of time."""
    return minutes(value, evidence) / 60 if isinstance(value, FromEvidence) else float(value)


def duration_of(spec: DurationSpec, evidence: EvidenceReader, *, patient: str = "") -> Duration:
    """The three points of a duration, before any scaling.

    Raises
    ------
    DataMissingError
        If its entry does not exist, is no time, or lacks the order low, value, high.
    """
    if spec.evidence is None:
        return Duration(
            low_min=spec.low_min or 0.0, mode_min=spec.mode_min or 0.0, high_min=spec.high_min or 0.0
        )
    entry_id = spec.evidence.replace(PATIENT_WORD, patient)
    mode = evidence.number(entry_id)
    entry = evidence.entry(entry_id)
    factor = _minutes_per_unit(entry_id, evidence) * spec.share
    low = mode if entry.low is None else entry.low
    high = mode if entry.high is None else entry.high
    if not 0 <= low <= mode <= high:
        raise DataMissingError(
            Fault(
                problem=f"'{entry_id}' has low {low:g}, value {mode:g}, high {high:g}",
                expected="low, value and high in rising order, none negative",
                mend="set it under `assumptions:` in case.yaml, or write your own three points",
            )
        )
    return Duration(
        low_min=low * factor,
        mode_min=mode * factor,
        high_min=high * factor,
        evidence=(entry_id,),
        assumed=entry.mark is Mark.ASSUMPTION or bool(entry.overridden),
    )


def scaled(duration: Duration, factor: float) -> Duration:
    """A duration stretched by a factor."""
    return Duration(
        low_min=duration.low_min * factor,
        mode_min=duration.mode_min * factor,
        high_min=duration.high_min * factor,
        evidence=duration.evidence,
        assumed=duration.assumed,
    )


def _minutes_per_unit(entry_id: str, evidence: EvidenceReader) -> float:
    unit = evidence.entry(entry_id).unit
    if unit not in MINUTES_PER:
        raise DataMissingError(
            Fault(problem=f"'{entry_id}' is in {unit}", expected="a time", mend="name an entry in min or h")
        )
    return MINUTES_PER[unit]
