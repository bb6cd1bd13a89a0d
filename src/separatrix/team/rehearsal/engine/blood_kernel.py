"""Compiled: when the physiology moves on, and what the engine tells it and learns from it."""

from __future__ import annotations

import math

from separatrix.team.rehearsal.engine import trace as kinds
from separatrix.team.rehearsal.engine.body_state import (
    ARRIVES_MIN,
    LOSS_FACTOR,
    PLASMA_COMING,
    PLATELETS_COMING,
    RED_COMING,
    TEMPERATURE_C,
    VOLUME_ML,
)
from separatrix.team.rehearsal.engine.inner_kernel import inner
from separatrix.team.rehearsal.engine.item_kernel import tell
from separatrix.team.rehearsal.engine.philox_kernel import BODY_NORMALS, normal_of, uniforms
from separatrix.team.rehearsal.engine.physiology_kernel import advance, crossed, haematocrit_of
from separatrix.team.rehearsal.engine.physiology_kernel import begin as begin_states
from separatrix.team.rehearsal.engine.products_kernel import deliver, next_delivery, order
from separatrix.team.rehearsal.play import places as at
from separatrix.team.rehearsal.play.arrays import PAR

_TICK, _TICK_BLEEDING = PAR["tick_min"], PAR["tick_bleeding_min"]
THRESHOLDS = 2
"""Bits a patient of what `step_bodies` and `give_products` answer: clotting, potassium."""


@inner
def begin_bodies(space):  # type: ignore[no-untyped-def]
    """The patients at wheels in, each with factors drawn."""
    ints, reals, blood = space.ints, space.reals, space.blood
    patients, loss = ints[at.PATIENTS], ints[at.LOSS_NOW]
    heat = loss + patients
    for patient in range(patients):
        draws = uniforms(ints[at.SEED], ints[at.REPLICATION], patient, BODY_NORMALS)
        reals[loss + patient] = normal_of(draws[0], draws[1])
        reals[heat + patient] = normal_of(draws[2], draws[3])
    begin_states(blood.body, blood.par, space.body, reals[loss:heat], reals[heat : heat + patients])
    reals[at.DELIVERY_AT] = math.inf


@inner
def next_of_bodies(ints, reals):  # type: ignore[no-untyped-def]
    """Minute of the next tick or delivery."""
    tick = reals[ints[at.PAR] + (_TICK_BLEEDING if ints[at.BLEEDING] > 0 else _TICK)]
    return min(reals[at.DELIVERY_AT], reals[at.BODY_AT] + tick)


@inner
def find_losses(ints, reals, body):  # type: ignore[no-untyped-def]
    """What each patient loses now: in nodes that work, and in open crises that bleed."""
    patients, loss = ints[at.PATIENTS], ints[at.LOSS_NOW]
    for patient in range(patients):
        total = 0.0
        for i in range(ints[at.RUNNING_COUNT]):
            node = ints[ints[at.RUNNING] + i]
            if ints[ints[at.STATUS] + node] == at.RUNS:
                total += reals[ints[at.NODE_LOSS] + node * patients + patient]
        total *= body[patient, LOSS_FACTOR]
        for i in range(ints[at.CRISIS_COUNT]):
            slot = ints[ints[at.CRISIS_LIST] + i]
            if ints[ints[at.CRISIS_PATIENTS] + slot] >> patient & 1:
                kind = ints[ints[at.CRISIS_KIND] + slot]
                total += reals[ints[at.BLEED] + kind * patients + patient]
        reals[loss + patient] = total
    ints[at.LOSS_CHANGED] = 0


@inner
def step_bodies(ints, reals, blood, body, scratch):  # type: ignore[no-untyped-def]
    """Move the patients on to now; thresholds that were crossed, two bits a patient.

    To be called before anything changes that they depend on.
    """
    now = reals[at.NOW]
    since = now - reals[at.BODY_AT]
    noted = 0
    if since > 0.0:
        if ints[at.LOSS_CHANGED] != 0:
            find_losses(ints, reals, body)
        last = ints[at.EXCHANGES] - 1
        row = last if ints[at.CIRCULATIONS_APART] != 0 else min(ints[at.CLOSED_CROSSINGS], last)
        loss = ints[at.LOSS_NOW]
        lost = reals[loss : loss + ints[at.PATIENTS]]
        told = advance(blood.body, blood.exchange, blood.par, body, since, lost, row, scratch)
        reals[at.BODY_AT] = now
        if told < 0:
            ints[at.STOPPED] = 1
        if told > 0:
            order_products(ints, reals, blood, body)
            noted = find_crossed(blood.body, blood.par, body)
        if ints[at.TRACE_ROWS] > 0:
            tell_states(ints, reals, body)
    return noted


@inner
def order_products(ints, reals, blood, body):  # type: ignore[no-untyped-def]
    """Order what each patient needs, as far as the stock goes."""
    now, stock = reals[at.NOW], ints[at.STOCK]
    left = reals[stock : stock + ints[at.STOCK_KINDS]]
    for patient in range(ints[at.PATIENTS]):
        packs = order(blood.body, blood.par, blood.stock_blood, blood.stock_patient, body, left, patient, now)
        if packs > 0 and ints[at.TRACE_ROWS] > 0:
            red, plasma = body[patient, RED_COMING], body[patient, PLASMA_COMING]
            tell(ints, reals, kinds.ORDER, float(patient), red, plasma, body[patient, PLATELETS_COMING])
    reals[at.DELIVERY_AT] = next_delivery(body)


@inner
def tell_states(ints, reals, body):  # type: ignore[no-untyped-def]
    """One row of the trace for each patient."""
    for patient in range(body.shape[0]):
        volume, warmth = body[patient, VOLUME_ML], body[patient, TEMPERATURE_C]
        tell(ints, reals, kinds.STATE, float(patient), volume, haematocrit_of(body, patient), warmth)


@inner
def find_crossed(tables, par, body):  # type: ignore[no-untyped-def]
    """Thresholds that were crossed just now, two bits a patient."""
    noted = 0
    for patient in range(body.shape[0]):
        noted |= crossed(tables, par, body, patient) << (THRESHOLDS * patient)
    return noted


@inner
def give_products(ints, reals, blood, body):  # type: ignore[no-untyped-def]
    """Give what has arrived; thresholds that were crossed by it."""
    for patient in range(ints[at.PATIENTS]):
        if body[patient, ARRIVES_MIN] <= reals[at.NOW]:
            if ints[at.TRACE_ROWS] > 0:
                red, plasma = body[patient, RED_COMING], body[patient, PLASMA_COMING]
                tell(
                    ints, reals, kinds.DELIVERY, float(patient), red, plasma, body[patient, PLATELETS_COMING]
                )
            deliver(blood.body, blood.par, body, patient)
    reals[at.DELIVERY_AT] = next_delivery(body)
    return find_crossed(blood.body, blood.par, body)
