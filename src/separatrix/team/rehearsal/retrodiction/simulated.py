"""What the rehearsal would have said of an operation: moments of many rehearsals over possible anatomies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from separatrix.core import SolverError
from separatrix.core.progress import Progress, silent
from separatrix.core.seeds import generator
from separatrix.evidence import EvidenceReader
from separatrix.team.rehearsal.play.arrays import Floats, Ints
from separatrix.team.rehearsal.play.compile import Compiled, fill, structure_of
from separatrix.team.rehearsal.play.numbers import Numbers, numbers_of
from separatrix.team.rehearsal.retrodiction.moments import END, START, Moments, joined, parted, readings_of
from separatrix.team.rehearsal.retrodiction.scripts import Script, scripts, told
from separatrix.team.rehearsal.retrodiction.spans import Span

INDEPENDENT = {
    "rehearsal.duration.operation_ln_sd": 0.0,
    "rehearsal.duration.tail_probability": 0.0,
    "durations.prior.phase_ln_sd": 0.0,
}
"""Numbers with which every activity's length is drawn for itself."""

SHIFTS_FREE = {"rehearsal.relief.early": 1440.0}
"""No bulletin prints shifts, and a team's own were made for its own plan: nobody's part waits for a shift."""

_STAGES = (2, 3)
"""A staged series is one of so many operations, each as likely."""
_DRAWS_A_SCRIPT = 8
"""Draws of all numbers for each script, where they are drawn over their ranges."""
_TRACE_ROWS = 60_000


@dataclass(frozen=True, slots=True)
class Model:
    """Rehearsals of an only operation and of the last of a series; published factors of other unions."""

    only: Moments
    last: Moments
    factor_ln_mean: float
    factor_ln_sd: float
    phase_ln_sd: float
    seed: int
    parted_share: float
    """Rehearsals in which the children were parted; the others were ended before, and are left out."""
    text: tuple[str, ...]

    def values(self, span: Span) -> Floats:
        """Draws of a span, float64[n]."""
        measure = span.measure
        if measure is None:
            return np.empty(0)
        if measure.kind == "factor":
            spread = self.factor_ln_sd
            if measure.moments == ("phase",):
                spread = float(np.hypot(spread, self.phase_ln_sd))
            normal = generator(self.seed, "retrodiction", "factor").standard_normal(self.only.n)
            return np.asarray(np.exp(self.factor_ln_mean + spread * normal))
        sides = {"only": (self.only,), "last": (self.last,), "either": (self.only, self.last)}
        return np.concatenate([side.values(measure, self.seed) for side in sides[span.operation]])


@dataclass(frozen=True, slots=True)
class Scripts:
    """The separation protocol over possible anatomies, as an only operation and as the last of a series."""

    only: tuple[Script, ...]
    last: tuple[Script, ...]


def possible_scripts(*, evidence: EvidenceReader, seed: int) -> Scripts:
    """Plan them.

    Parameters
    ----------
    evidence
        The numbers as they hold.
    seed
        Of the planner.
    """
    series = [scripts(evidence=evidence, operations=stages, seed=seed) for stages in _STAGES]
    return Scripts(
        scripts(evidence=evidence, operations=1, seed=seed),
        tuple(script for listed in series for script in listed),
    )


def simulate(
    planned: Scripts,
    *,
    evidence: EvidenceReader,
    n: int,
    seed: int,
    values: Mapping[str, float] | None = None,
    over_ranges: bool = False,
    progress: Progress = silent,
) -> Model:
    """Rehearse the separation protocol over the anatomies that an unknown operation may have had.

    Parameters
    ----------
    planned
        Of `possible_scripts`.
    evidence
        The numbers as they hold.
    n
        Rehearsals of an only operation; as many of the last of a series.
    seed
        Of every draw.
    values
        Numbers to set otherwise, by id.
    over_ranges
        Draw all numbers over their ranges, so that the spread holds the assumptions too.
    progress
        Hears of every script.
    """
    every = (*planned.only, *planned.last)
    share, parts = [], []
    for k, script in enumerate(every):
        progress(k / len(every), f"rehearsing: {script.text}")
        count = -(-n // len(planned.only if k < len(planned.only) else planned.last))
        numbers = _numbers(script, evidence, values or {}, seed if over_ranges else None)
        part, kept = _rehearsed(script, numbers, seed, first=k * count, count=count)
        parts.append(part)
        share.append(kept)
    progress(1.0, "rehearsed")
    prior = "durations.prior."
    return Model(
        only=joined(parts[: len(planned.only)]),
        last=joined(parts[len(planned.only) :]),
        factor_ln_mean=evidence.number(prior + "other_unions_ln_mean"),
        factor_ln_sd=evidence.number(prior + "other_unions_ln_sd"),
        phase_ln_sd=evidence.number(prior + "phase_ln_sd"),
        seed=seed,
        parted_share=float(np.mean(share)),
        text=(
            f"Craniopagus: the separation protocol with {told(planned.only)} (assumed: no bulletin tells).",
            f"The last of a series: the same in {' or '.join(map(str, _STAGES))} operations.",
            f"Rehearsals in which the children were parted, {np.mean(share):.0%} of all: what was published.",
            "Other unions, taken over planned: the log-normal of durations.prior.other_unions; shares of "
            "the whole: those of the separation protocol.",
        ),
    )


def _numbers(
    script: Script, evidence: EvidenceReader, values: Mapping[str, float], draws: int | None
) -> list[Numbers]:
    """Numbers to rehearse a script with, an equal share each: one set, or draws by this seed."""
    numbers = numbers_of(script.procedure, evidence=evidence)
    numbers = numbers.with_values({key: value for key, value in values.items() if numbers.has(key)})
    if draws is None:
        return [numbers]
    random = generator(draws, "retrodiction", "numbers", script.text)
    made = []
    for _ in range(_DRAWS_A_SCRIPT):
        drawn = {}
        for key in (key for key in numbers.varied if key not in values):
            low, value, high = numbers.low(key), numbers.value(key), numbers.high(key)
            drawn[key] = float(random.triangular(low, value, high))
        made.append(numbers.with_values(drawn))
    return made


def _rehearsed(
    script: Script, numbers: Sequence[Numbers], seed: int, *, first: int, count: int
) -> tuple[Moments, float]:
    """Moments of the rehearsals of one script in which the children were parted, and their share.

    Scripts play different rehearsals: the draws of one number would otherwise come again with each.
    """
    structure = structure_of(script.procedure, script.schedule)
    size = -(-count // len(numbers))
    times: list[Floats] = []
    for k, drawn in enumerate(numbers):
        compiled = fill(structure, drawn)
        times.append(node_times(compiled, seed, first=first + k * size, count=size))
    names = [node.activity if node.branch < 0 else "" for node in compiled.names.nodes]
    played = readings_of(np.concatenate(times), names, script.procedure)
    planned_times = compiled.arrays.node_planned[None].astype(np.float64)
    moments = parted(played, readings_of(planned_times, names, script.procedure))
    return moments, moments.n / sum(map(len, times))


def node_times(compiled: Compiled, seed: int, *, first: int, count: int) -> Floats:
    """When each node began and ended.

    Parameters
    ----------
    compiled
        The plan.
    seed, first, count
        Rehearsals ``first`` to ``first + count - 1``.

    Returns
    -------
    float64[count, nodes, 2]
        Minutes from wheels in; NaN where a node never ran.

    Raises
    ------
    SolverError
        If a trace does not fit its room.
    """
    from separatrix.team.rehearsal.engine import trace as kinds
    from separatrix.team.rehearsal.engine.engine_kernel import rehearse
    from separatrix.team.rehearsal.engine.space import new_space

    space = new_space(compiled.arrays, trace_rows=_TRACE_ROWS)
    rows = np.zeros((_TRACE_ROWS, kinds.FIELDS))
    row, people = np.zeros(len(compiled.layout.names)), np.zeros((0, 6))
    forced: Ints = np.array([-1, -1, -1], np.int64)
    tally = np.zeros((len(compiled.names.complications), 2, 3), np.int64)
    times = np.full((count, len(compiled.names.nodes), 2), np.nan)
    for k in range(count):
        used = rehearse(space, np.int64(seed), np.int64(first + k), forced, row, people, rows, tally)
        if used >= _TRACE_ROWS:
            raise SolverError(f"rehearsal {first + k} has more than {_TRACE_ROWS} events: its times are lost")
        for side, kind in ((START, kinds.START), (END, kinds.END)):
            told_of = rows[:used][rows[:used, 1] == kind]
            times[k, told_of[:, 2].astype(np.int64), side] = told_of[:, 0]
    return times
