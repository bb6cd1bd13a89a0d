"""`separatrix verify`: logs or published spans, the rehearsals to hold them against, and what comes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from separatrix.core.progress import Progress, silent
from separatrix.evidence import EvidenceReader, all_cases, all_entries
from separatrix.team.rehearsal.logs import read_logs
from separatrix.team.rehearsal.published import published_spans
from separatrix.team.rehearsal.retrodict import (
    Retrodiction,
    SpanResult,
    beside_of,
    calibration_of,
    compare,
    counts_of,
)
from separatrix.team.rehearsal.simulated import INDEPENDENT, Model, possible_scripts, simulate
from separatrix.team.rehearsal.spans import REPEATS_PLAN, Measure, Span, spans_of
from separatrix.team.rehearsal.tuning import known_from
from separatrix.team.rehearsal.verdict import verdict_of

PUBLISHED = "published spans of the evidence"
"""What is compared where no logs are given."""

DEFAULT_RUNS = 2000
_NO_REPEATS = "as they are, without lengths that equal their plan and may repeat it"
_INDEPENDENT = "every length drawn for itself: no common factor, no factor of a phase, no tail"


def verify(
    logs: Path | None,
    *,
    evidence: EvidenceReader,
    n: int = DEFAULT_RUNS,
    seed: int = 1,
    progress: Progress = silent,
) -> Retrodiction:
    """Hold the rehearsal against what happened.

    Parameters
    ----------
    logs
        Folder of logs; None: the published spans of the evidence.
    evidence
        The numbers as they hold.
    n
        Rehearsals of an only operation, and of the last of a series.
    seed
        Of every draw.
    progress
        Hears of each script that is rehearsed.

    Returns
    -------
    Retrodiction
        Rows, counts, calibration, verdict; the same for the same input and seed.

    Raises
    ------
    InputError
        With every fault of the logs.
    """
    spans, known = observed_spans(logs, evidence)
    progress(0.0, "planning the protocol over possible anatomies")
    planned = possible_scripts(evidence=evidence, seed=seed)

    def part(begin: float, end: float) -> Progress:
        return lambda fraction, doing: progress(begin + (end - begin) * fraction, doing)

    def rows_of(model: Model) -> tuple[SpanResult, ...]:
        return compare(spans, model, known)

    model = simulate(planned, evidence=evidence, n=n, seed=seed, progress=part(0.1, 0.4))
    independent = simulate(
        planned, evidence=evidence, n=n, seed=seed, values=INDEPENDENT, progress=part(0.4, 0.7)
    )
    ranges = simulate(planned, evidence=evidence, n=n, seed=seed, over_ranges=True, progress=part(0.7, 1.0))
    rows = rows_of(model)
    counts = counts_of(rows)
    return Retrodiction(
        source=logs.name or str(logs) if logs else PUBLISHED,
        rows=rows,
        counts=counts,
        calibration=calibration_of(rows),
        verdict=verdict_of(rows, counts),
        beside=(
            beside_of("as it is", "all numbers as they are", rows),
            beside_of("independent", _INDEPENDENT, rows_of(independent)),
            beside_of("without repeats", _NO_REPEATS, [row for row in rows if REPEATS_PLAN not in row.notes]),
            beside_of("over the ranges", "all numbers drawn over their ranges", rows_of(ranges)),
        ),
        runs=n,
        seed=seed,
        model=(*model.text, _spread(model, evidence)),
    )


def _spread(model: Model, evidence: EvidenceReader) -> str:
    ratios = model.only.values(Measure("over_plan", ("in_room", "end")), model.seed)
    published = "durations.actual_over_planned.craniopagus_ln_"
    return (
        f"Taken over planned, ln: rehearsed mean {np.mean(np.log(ratios)):.2f}, "
        f"SD {np.std(np.log(ratios)):.2f};"
        f" published, of three, {evidence.number(published + 'mean'):g} and "
        f"{evidence.number(published + 'sd'):g}."
    )


def observed_spans(
    logs: Path | None, evidence: EvidenceReader
) -> tuple[tuple[Span, ...], dict[str, tuple[str, ...]]]:
    """Observed spans, and for each case the ids of the evidence that names it.

    Parameters
    ----------
    logs
        Folder; None: the published spans, each known from the evidence itself.
    evidence
        The numbers as they hold.

    Raises
    ------
    InputError
        With every fault of the logs.
    """
    if logs is None:
        spans = published_spans(evidence, all_cases().values())
        return spans, {span.case: (span.rests_on,) for span in spans}
    read = read_logs(logs)
    known = {log.case.id: known_from(log.case, all_entries(), all_cases().values()) for log in read}
    return tuple(span for log in read for span in spans_of(log)), known
