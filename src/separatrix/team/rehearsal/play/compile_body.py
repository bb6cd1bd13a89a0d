"""Blood of a rehearsal: each patient at the start, what work and bleeding cost, what is exchanged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from separatrix.team.protocol.inputs import Exchange, Patient
from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.play import arrays as ar
from separatrix.team.rehearsal.play import where
from separatrix.team.rehearsal.play.arrays import Floats
from separatrix.team.rehearsal.play.compile_nodes import Node
from separatrix.team.rehearsal.play.numbers import BIRTH, SEPARATION, Numbers, kind_of, loss_weight

WEIGHT = {SEPARATION: "procedure.default.weight", BIRTH: "rehearsal.body.newborn_weight_kg"}
VOLUME = {SEPARATION: "haemodynamics.blood_volume.infant", BIRTH: "haemodynamics.blood_volume.newborn"}
HAEMATOCRIT = "haemodynamics.allowed_loss.haematocrit_start"


def body_of(procedure: Procedure, numbers: Numbers) -> Floats:
    """``body``: (patients, BODY) each patient at wheels in; what the inputs do not say is assumed."""
    return np.array([_patient(name, procedure, numbers) for name in procedure.patients], np.float64)


def _patient(name: Patient, procedure: Procedure, numbers: Numbers) -> list[float]:
    kind = kind_of(procedure)
    inputs = procedure.inputs
    if name == "mother":
        weight = numbers.value("rehearsal.body.mother_weight_kg")
        volume = weight * numbers.value("rehearsal.body.mother_blood_volume")
        haematocrit = numbers.value("rehearsal.body.mother_haematocrit")
    else:
        weight = numbers.value(WEIGHT[kind])
        haematocrit = numbers.value(HAEMATOCRIT)
        if inputs is not None and f"weight_kg.{name}" not in inputs.assumed:
            weight = inputs.weight_kg.get(name, weight)
        if inputs is not None and f"haematocrit.{name}" not in inputs.assumed:
            haematocrit = inputs.haematocrit.get(name, haematocrit)
        volume = weight * numbers.value(VOLUME[kind])
    row = {
        "weight_kg": weight,
        "volume_ml": volume,
        "haematocrit": haematocrit,
        "temperature_c": numbers.value("rehearsal.body.temperature_c"),
        "potassium_mmol_per_l": numbers.value("rehearsal.body.potassium_mmol_per_l"),
    }
    return [row[field] for field in ar.BODY_FIELDS]


def losses_of(procedure: Procedure, nodes: Sequence[Node], body: Floats, numbers: Numbers) -> Floats:
    """``node_loss``: (nodes, patients) ml/min while a node runs.

    What a patient loses in an operation without a complication is spread over the planned minutes of work in
    the sterile field, by the weight of the phase. A child of a birth loses nothing by the work.
    """
    loss = np.zeros((len(nodes), len(procedure.patients)))
    for p, patient in enumerate(procedure.patients):
        total = _total_ml(patient, kind_of(procedure), body[p, ar.BODY["weight_kg"]], numbers)
        weight = np.array(
            [
                loss_weight(node.activity.phase, numbers) if patient in node.activity.sterile_field else 0.0
                for node in nodes
            ]
        )
        planned = np.array(
            [node.end_min - node.start_min if node.name.branch < 0 else 0 for node in nodes], np.float64
        )
        spread = float((weight * planned).sum())
        if spread > 0:
            loss[:, p] = total * weight / spread
    return loss


def _total_ml(patient: Patient, kind: str, weight_kg: float, numbers: Numbers) -> float:
    if patient == "mother":
        return numbers.value("rehearsal.loss.mother")
    return numbers.value("rehearsal.loss.total") * weight_kg if kind == SEPARATION else 0.0


def bleeding_of(procedure: Procedure, complications: Sequence[str], body: Floats, numbers: Numbers) -> Floats:
    """``bleed``: (complications, patients) ml/min while a complication is not under control."""
    bleed = np.zeros((len(complications), len(procedure.patients)))
    for k, name in enumerate(complications):
        kind = where.BLEEDING.get(name)
        for p, patient in enumerate(procedure.patients):
            if kind is not None and (kind is where.Bleeds.MOTHER) == (patient == "mother"):
                bleed[k, p] = _bleeding(kind, body[p, ar.BODY["weight_kg"]], numbers)
    return bleed


def _bleeding(kind: where.Bleeds, weight_kg: float, numbers: Numbers) -> float:
    if kind is where.Bleeds.MOTHER:
        return numbers.value("rehearsal.loss.bleeding_mother")
    if kind is where.Bleeds.BRIDGE:
        return numbers.value("rehearsal.loss.bleeding_bridge") * weight_kg
    usual = numbers.value("complication.blood.loss_median") / numbers.value(
        "durations.craniosynostosis.infants"
    )
    whole = numbers.value("rehearsal.blood.haemorrhage_factor") * usual * weight_kg
    return whole / 2 if kind is where.Bleeds.SHARED else whole


def exchange_of(procedure: Procedure, closings: int, numbers: Numbers) -> Floats:
    """``exchange``: (closings + 2, patients, patients) gross ml/min by crossings closed in this operation.

    The flow model's rows where the inputs have them; otherwise the assumed exchange, falling evenly from all
    open to the scalp's share with all closed. The last row is 0: the circulations have parted.
    """
    patients = procedure.patients
    table = np.zeros((closings + 2, len(patients), len(patients)))
    if not {"A", "B"} <= set(patients):
        return table
    a, b = patients.index("A"), patients.index("B")
    inputs = procedure.inputs
    rows = () if inputs is None else inputs.exchange
    before = 0 if inputs is None else sum(c.operation < procedure.operation for c in inputs.crossings)
    full = numbers.value("haemodynamics.cross_flow.demo")
    scalp = numbers.value("rehearsal.exchange.scalp_share")
    every = max(before + closings, 0 if inputs is None else len(inputs.crossings))
    for closed in range(closings + 1):
        if rows:
            row = _row(rows, before + closed)
            table[closed, a, b], table[closed, b, a] = row.a_to_b_ml_per_min, row.b_to_a_ml_per_min
        else:
            share = 1 - (1 - scalp) * (before + closed) / every if every else 1.0
            table[closed, a, b] = table[closed, b, a] = full * share
    return table


def _row(rows: Sequence[Exchange], divisions: int) -> Exchange:
    """The row of so many divisions, or of the most before."""
    below = [row for row in rows if row.divisions <= divisions]
    return max(below, key=lambda row: row.divisions) if below else rows[0]
