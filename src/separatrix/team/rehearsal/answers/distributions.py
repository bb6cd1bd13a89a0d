"""Moments, phases, patients and people of a run, read from its sketch."""

from __future__ import annotations

from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.answers.model import PatientAnswer, PersonAnswer, PhaseEnd, Quantiles
from separatrix.team.rehearsal.answers.statistics import LEVELS
from separatrix.team.rehearsal.play.compile import Compiled
from separatrix.team.rehearsal.play.outputs import OF_PERSON
from separatrix.team.rehearsal.runs.sketch import Sketch


def quantiles_in(sketch: Sketch, name: str) -> Quantiles | None:
    """Quantiles of a column over the rehearsals in which it came; None if it never came."""
    came = sketch.finite(name)
    if came == 0:
        return None
    q05, q10, q50, q90, q95 = (sketch.quantile(name, level) for level in LEVELS)
    return Quantiles(q05=q05, q10=q10, q50=q50, q90=q90, q95=q95, came=came / sketch.n)


def phase_ends(compiled: Compiled, sketch: Sketch) -> tuple[PhaseEnd, ...]:
    """End of each phase that the plan has and the rehearsals reached."""
    planned: dict[str, float] = {}
    for node in compiled.structure.nodes:
        if node.name.branch < 0:
            phase = node.activity.phase
            planned[phase] = max(planned.get(phase, 0.0), float(node.end_min))
    told = ((phase, quantiles_in(sketch, f"phase_end_min:{phase}")) for phase in compiled.names.phases)
    return tuple(
        PhaseEnd(phase=phase, planned_min=planned[phase], end_min=end)
        for phase, end in told
        if end is not None and phase in planned
    )


def patient_answers(procedure: Procedure, sketch: Sketch) -> tuple[PatientAnswer, ...]:
    """Each patient's operation."""

    def of(name: str, patient: str) -> Quantiles:
        return quantiles_in(sketch, f"{name}@{patient}") or Quantiles(
            q05=0, q10=0, q50=0, q90=0, q95=0, came=0.0
        )

    return tuple(
        PatientAnswer(
            patient=patient,
            anaesthesia_min=of("anaesthesia_min", patient),
            lost_ml=of("lost_ml", patient),
            volume_lowest=of("volume_lowest", patient),
            haematocrit_lowest=of("haematocrit_lowest", patient),
            temperature_lowest_c=of("temperature_lowest_c", patient),
            potassium_highest_mmol_per_l=of("potassium_highest_mmol_per_l", patient),
            clotting_lowest=of("clotting_lowest", patient),
        )
        for patient in procedure.patients
    )


def person_answers(procedure: Procedure, sketch: Sketch) -> tuple[PersonAnswer, ...]:
    """Each person's day, of those who worked in any rehearsal."""
    means = {name: sketch.person_mean(name) for name in OF_PERSON}
    return tuple(
        PersonAnswer(person=person.id, **{name: float(means[name][i]) for name in OF_PERSON})
        for i, person in enumerate(procedure.people)
        if means["work_min"][i] > 0.0
    )
