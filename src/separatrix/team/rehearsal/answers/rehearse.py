"""All answers of one operation: rehearse it, force everything upon it, vary what is assumed, try changes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from separatrix.core.progress import Progress, silent
from separatrix.evidence import EvidenceReader
from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol.model import ActivityMark, Procedure
from separatrix.team.rehearsal.answers.advice import Question, with_advice
from separatrix.team.rehearsal.answers.assumptions import Draws, band_of, outer_loop, tornado, without_end
from separatrix.team.rehearsal.answers.blood_order import CONFIDENCES, blood_orders, pack_columns
from separatrix.team.rehearsal.answers.calibration import calibrate
from separatrix.team.rehearsal.answers.candidates import Candidate, candidates, first_script
from separatrix.team.rehearsal.answers.changes import forced_again, try_changes
from separatrix.team.rehearsal.answers.distributions import (
    patient_answers,
    person_answers,
    phase_ends,
    quantiles_in,
)
from separatrix.team.rehearsal.answers.findings import (
    blood_findings,
    cell_findings,
    margin_findings,
    run_findings,
    volume_findings,
)
from separatrix.team.rehearsal.answers.matrix import matrix_cells
from separatrix.team.rehearsal.answers.measures import Measure, harms, probabilities, swung
from separatrix.team.rehearsal.answers.model import (
    BloodOrder,
    Calibrated,
    Cell,
    Change,
    Finding,
    Matrix,
    Probability,
    Quantiles,
    Rare,
    Rehearsal,
    Swing,
)
from separatrix.team.rehearsal.answers.pairs import worst_pairs
from separatrix.team.rehearsal.answers.rare import Outcome, estimate_rare
from separatrix.team.rehearsal.answers.readiness import ordered, script_findings
from separatrix.team.rehearsal.answers.weights import Bools
from separatrix.team.rehearsal.play.compile import Compiled, compile_procedure, fill
from separatrix.team.rehearsal.play.numbers import BIRTH, kind_of, numbers_of
from separatrix.team.rehearsal.runs.rows import Rows, rehearse_table
from separatrix.team.rehearsal.runs.run import run
from separatrix.team.rehearsal.runs.sketch import Sketch

VOLUME_FLOOR = "rehearsal.body.volume_floor"
STOCK_CONFIDENCE = 0.95
"""Of `CONFIDENCES`, the one below which a stock is a finding."""

INDEPENDENT = ("operation_ln_sd", "birth_ln_sd", "phase_ln_sd", "tail_probability")
"""Ends of the ids of the numbers that are 0 where lengths are independent."""


NEVER = Quantiles(q05=math.inf, q10=math.inf, q50=math.inf, q90=math.inf, q95=math.inf, came=0.0)
"""Of an operation whose rehearsals were all stopped: told as a finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How many rehearsals each answer takes, beside the distributions and the matrix."""

    rows: int = 10_000
    """The first of all, kept as rows, for probabilities and packs."""
    alone: int = 20_000
    """With independent lengths, to be shown beside."""
    draws: int = 200
    """Outer draws of the assumptions."""
    inner: int = 200
    """Rehearsals of each draw."""
    tornado: int = 200
    """Rehearsals with each number at either end."""
    pairs: int = 1_000
    """Paired rehearsals of each change."""
    forced_pairs: int = 50
    """Paired rehearsals of each change into which the uncovered cells are forced."""
    rare: int = 10_000
    """Rehearsals of each rare outcome."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers, with what was compiled and counted for them."""

    rehearsal: Rehearsal
    compiled: Compiled
    sketch: Sketch
    alone: Sketch
    """With independent lengths."""
    rows: Rows
    """The first rehearsals."""


def rehearse(
    procedure: Procedure,
    schedule: Schedule,
    *,
    evidence: EvidenceReader,
    n: int = 100_000,
    matrix_runs: int | None = None,
    seed: int,
    effort: Effort | None = None,
    alternatives: Mapping[str, Schedule] | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> Answers:
    """Rehearse a plan and answer everything that is asked of it.

    Parameters
    ----------
    procedure, schedule
        The plan.
    evidence
        Numbers.
    n
        Rehearsals for the distributions.
    matrix_runs
        Forced rehearsals of each cell of the matrix; None: ``rehearsal.matrix.runs_per_cell``.
    seed
        Of all draws.
    effort
        How many rehearsals each other answer takes; None: as many as the plan of a case takes.
    alternatives
        Other schedules of the procedure, by what they put first: tried as changes. None: the script that the
        planner finds first, by its rule of priority and without a search.
    threads
        None: as many as there are processors. The answers are the same for any number.
    progress
        Listener.

    Raises
    ------
    InputError
        If the plan cannot be compiled.
    """
    work = _Work(procedure, schedule, evidence, seed, effort or Effort(), threads, progress)
    return work.answered(
        n, matrix_runs or evidence.count("rehearsal.matrix.runs_per_cell"), alternatives or {}
    )


class _Work:
    """One plan on its way to its answers."""

    def __init__(
        self,
        procedure: Procedure,
        schedule: Schedule,
        evidence: EvidenceReader,
        seed: int,
        effort: Effort,
        threads: int | None,
        progress: Progress,
    ) -> None:
        self.procedure, self.schedule, self.seed = procedure, schedule, seed
        self.evidence = evidence
        self.effort, self.threads, self.progress = effort, threads, progress
        self.numbers = numbers_of(procedure, evidence=evidence)
        self.compiled = compile_procedure(procedure, schedule, self.numbers)
        self.covered_share = evidence.number("rehearsal.covered.within_target")
        self.volume_share = evidence.number("rehearsal.annex.volume_share")
        self.is_birth = kind_of(procedure) == BIRTH
        self.parts = any(ActivityMark.SEPARATION in a.marks for a in procedure.activities)

    def answered(self, n: int, runs_per_cell: int, alternatives: Mapping[str, Schedule] | None) -> Answers:
        """Everything, in the order in which one answer needs another."""
        sketch = self._run(self.compiled, n, self._part(0.0, 0.15))
        rows = rehearse_table(
            self.compiled.arrays,
            self.compiled.layout,
            n=min(self.effort.rows, n),
            seed=self.seed,
            threads=self.threads,
        )
        matrix = self._matrix(runs_per_cell)
        measures, harmful = self._measures()
        draws = outer_loop(
            self.compiled.structure,
            self.numbers,
            (*measures, *harmful),
            draws=self.effort.draws,
            inner=self.effort.inner,
            seed=self.seed,
            pack_columns=pack_columns(self.procedure),
            confidences=CONFIDENCES,
            threads=self.threads,
            progress=self._part(0.4, 0.6),
        )
        wanted = without_end(self.compiled, n=len(rows), seed=self.seed, threads=self.threads)
        blood = blood_orders(self.procedure, wanted, draws)
        findings = self._findings(sketch, rows, matrix.cells, blood)
        others = first_script(self.procedure, self.schedule) if alternatives is None else alternatives
        tried = self._candidates(sketch, matrix.cells, findings, blood, others)
        changes = try_changes(
            self.compiled,
            self.schedule,
            tried,
            cells=matrix.cells,
            n=self.effort.pairs,
            forced_runs=self.effort.forced_pairs,
            seed=self.seed,
            threads=self.threads,
            progress=self._part(0.6, 0.75),
        )
        alone = self._alone()
        told = Rehearsal(
            procedure=self.procedure.id,
            patients=self.procedure.patients,
            runs=sketch.n,
            seed=self.seed,
            digest=sketch.digest,
            separation_min=quantiles_in(sketch, "separation_min"),
            end_min=quantiles_in(sketch, "end_min") or NEVER,
            matrix=matrix,
            findings=findings,
            circulations_part_min=quantiles_in(sketch, "circulations_part_min"),
            separation_independent_min=quantiles_in(alone, "separation_min"),
            end_independent_min=quantiles_in(alone, "end_min"),
            phases=phase_ends(self.compiled, sketch),
            per_patient=patient_answers(self.procedure, sketch),
            per_person=person_answers(self.procedure, sketch),
            blood=blood,
            changes=changes,
            probabilities=_with_bands(measures, draws, rows),
            swings=self._swings(changes, tried, matrix.cells),
            assumption_draws=self.effort.draws,
            marks=dict(sorted(Counter(self.numbers.mark(key).value for key in self.numbers.ids).items())),
            annex=(*_with_bands(harmful, draws, rows), *self._rare(harmful)),
            calibration=self._calibration(rows, sketch),
            notes=self.compiled.findings,
        )
        return Answers(told, self.compiled, sketch, alone, rows)

    def _calibration(self, rows: Rows, sketch: Sketch) -> tuple[Calibrated, ...]:
        if self.is_birth:
            return ()
        return calibrate(
            self.compiled,
            rows,
            sketch,
            planned_end_min=float(self.schedule.end_min),
            evidence=self.evidence,
        )

    def _part(self, begin: float, end: float) -> Progress:
        """A listener for a part of the whole way."""

        def heard(fraction: float, doing: str) -> None:
            self.progress(begin + (end - begin) * fraction, doing)

        return heard

    def _run(self, compiled: Compiled, n: int, progress: Progress) -> Sketch:
        return run(compiled, n=n, seed=self.seed, threads=self.threads, progress=progress)

    def _matrix(self, runs_per_cell: int) -> Matrix:
        cells = matrix_cells(
            self.compiled,
            titles=self.procedure.titles,
            runs=runs_per_cell,
            seed=self.seed,
            covered_share=self.covered_share,
            threads=self.threads,
            progress=self._part(0.15, 0.4),
        )
        return Matrix(
            cells=cells,
            pairs=worst_pairs(self.procedure, self.schedule, cells),
            runs_per_cell=runs_per_cell,
            covered_share=self.covered_share,
        )

    def _measures(self) -> tuple[tuple[Measure, ...], tuple[Measure, ...]]:
        """What is printed, and what stands in the annex; nothing of a birth."""
        if self.is_birth:
            return (), ()
        patients = self.procedure.patients
        return (
            probabilities(patients, planned_end_min=float(self.schedule.end_min), parts=self.parts),
            harms(patients, volume_share=self.volume_share),
        )

    def _findings(
        self, sketch: Sketch, rows: Rows, cells: Sequence[Cell], blood: Sequence[BloodOrder]
    ) -> tuple[Finding, ...]:
        late_end = sketch.quantile("end_min", 0.95) if sketch.finite("end_min") else None
        return ordered(
            (
                *script_findings(self.procedure, self.schedule, until_min=late_end),
                *cell_findings(self.procedure, cells),
                *blood_findings(blood, confidence=STOCK_CONFIDENCE),
                *margin_findings(blood, confidence=STOCK_CONFIDENCE),
                *run_findings(rows),
                *(() if self.is_birth else volume_findings(rows, floor=self.numbers.value(VOLUME_FLOOR))),
            )
        )

    def _candidates(
        self,
        sketch: Sketch,
        cells: Sequence[Cell],
        findings: Sequence[Finding],
        blood: Sequence[BloodOrder],
        alternatives: Mapping[str, Schedule],
    ) -> tuple[Candidate, ...]:
        overtime = sketch.person_mean("overtime_min")
        return candidates(
            self.procedure,
            self.schedule,
            cells=cells,
            findings=findings,
            blood=[order for order in blood if order.confidence == STOCK_CONFIDENCE],
            overtime_min={p.id: float(overtime[i]) for i, p in enumerate(self.procedure.people)},
            alternatives=alternatives,
        )

    def _swings(
        self, changes: Sequence[Change], tried: Sequence[Candidate], cells: Sequence[Cell]
    ) -> tuple[Swing, ...]:
        swings = tornado(
            self.compiled.structure,
            self.numbers,
            swung(self.procedure.patients, parts=self.parts),
            n=self.effort.tornado,
            seed=self.seed,
            threads=self.threads,
            progress=self._part(0.75, 0.9),
        )
        by_key = {one.key: one for one in tried}
        return with_advice(
            swings,
            self.compiled.structure,
            self.numbers,
            [(change, by_key[change.key]) for change in changes],
            Question(
                cells=forced_again(self.compiled, cells),
                n=self.effort.inner,
                forced_runs=max(1, self.effort.forced_pairs // 5),
                seed=self.seed,
                threads=self.threads,
            ),
            progress=self._part(0.9, 0.95),
        )

    def _rare(self, harmful: Sequence[Measure]) -> tuple[Rare, ...]:
        if not harmful:
            return ()
        outcomes = [Outcome(m.id, m.text, _came_in(m)) for m in harmful]
        return estimate_rare(
            self.compiled, outcomes, runs=self.effort.rare, seed=self.seed, threads=self.threads
        )

    def _alone(self) -> Sketch:
        """The same plan with independent lengths."""
        zero = {key: 0.0 for key in self.numbers.ids if key.endswith(INDEPENDENT)}
        compiled = fill(self.compiled.structure, self.numbers.with_values(zero))
        return self._run(compiled, self.effort.alone, self._part(0.95, 1.0))


def _with_bands(measures: Sequence[Measure], draws: Draws, rows: Rows) -> tuple[Probability, ...]:
    return tuple(
        Probability(id=m.id, text=m.text, band=band_of(draws, m, rows), children=m.patients) for m in measures
    )


def _came_in(measure: Measure) -> Callable[[Rows], Bools]:
    return lambda rows: measure.of(rows) > 0.0
