"""`separatrix verify`: logs or published spans, the rehearsals to hold them against, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from separatrix.core.progress import Progress, silent
from separatrix.evidence import EvidenceReader, all_cases, all_entries
from separatrix.team.rehearsal.retrodiction.logs import read_logs
from separatrix.team.rehearsal.retrodiction.published import published_spans
from separatrix.team.rehearsal.retrodiction.retrodict import (
    Retrodiction,
    SpanResult,
    beside_of,
    calibration_of,
    compare,
    counts_of,
)
from separatrix.team.rehearsal.retrodiction.simulated import (
    INDEPENDENT,
    SHIFTS_FREE,
    Model,
    possible_scripts,
    simulate,
)
from separatrix.team.rehearsal.retrodiction.spans import REPEATS_PLAN, Measure, Span, spans_of
from separatrix.team.rehearsal.retrodiction.tuning import known_from
from separatrix.team.rehearsal.retrodiction.verdict import verdict_of

PUBLISHED = "published spans of the evidence"
"""What is compared where no logs are given."""

DEFAULT_RUNS = 2000
_LOPSIDED = 0.4
"""Below this ratio of the lower to the upper half of the spread, ln, the plan holds the rehearsal back."""
_NEVER_AHEAD = (
    "The rehearsal hardly runs ahead of its plan. Operations shorter than planned may lie below its interval "
    "for that reason."
)
_READINGS = 4
_NO_REPEATS = "as they are, without lengths that equal their plan and may repeat it"
_BY_THE_CLOCK = "nobody begins earlier than the shifts of the default team allow"
_RANGES = "all numbers drawn over their ranges, shifts not binding"
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

    def rehearsed(k: int, values: Mapping[str, float], *, over_ranges: bool = False) -> Model:
        return simulate(
            planned,
            evidence=evidence,
            n=n,
            seed=seed,
            values=values,
            over_ranges=over_ranges,
            progress=part(0.1 + 0.9 * k / _READINGS, 0.1 + 0.9 * (k + 1) / _READINGS),
        )

    model = rehearsed(0, SHIFTS_FREE)
    rows = rows_of(model)
    counts = counts_of(rows)
    spread, held_back = _over_plan(model, evidence)
    return Retrodiction(
        source=logs.name or str(logs) if logs else PUBLISHED,
        rows=rows,
        counts=counts,
        calibration=calibration_of(rows),
        verdict=(*verdict_of(rows, counts), *((_NEVER_AHEAD,) if held_back else ())),
        beside=(
            beside_of("as it is", "all numbers as they are, shifts not binding", rows),
            beside_of("without repeats", _NO_REPEATS, [row for row in rows if REPEATS_PLAN not in row.notes]),
            beside_of("shifts by the clock", _BY_THE_CLOCK, rows_of(rehearsed(1, {}))),
            beside_of("independent", _INDEPENDENT, rows_of(rehearsed(2, SHIFTS_FREE | INDEPENDENT))),
            beside_of("over the ranges", _RANGES, rows_of(rehearsed(3, SHIFTS_FREE, over_ranges=True))),
        ),
        runs=n,
        seed=seed,
        model=(*model.text, spread),
    )


def _over_plan(model: Model, evidence: EvidenceReader) -> tuple[str, bool]:
    """How the rehearsed whole scatters about its plan, and whether the plan holds it back."""
    ln = np.log(model.only.values(Measure("over_plan", ("in_room", "end")), model.seed))
    low, middle, high = np.quantile(ln, (0.1, 0.5, 0.9))
    published = "durations.actual_over_planned.craniopagus_ln_"
    told = (
        f"Taken over planned, ln: rehearsed mean {ln.mean():.2f}, SD {ln.std():.2f}; published, of three, "
        f"{evidence.number(published + 'mean'):g} and {evidence.number(published + 'sd'):g}. Rehearsed q10, "
        f"q50, q90: {np.exp(low):.2f}, {np.exp(middle):.2f}, {np.exp(high):.2f} of the plan."
    )
    return told, bool(middle - low < _LOPSIDED * (high - middle))


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
