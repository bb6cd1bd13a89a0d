"""Compiled: one step of two patients, as most rehearsals have, in plain numbers.

Loaded only where it is needed. The same step as `many_kernel`'s, in numbers that stay in the processor: some
times as fast.
"""

from __future__ import annotations

import math

import numpy as np

from separatrix.team.rehearsal.engine.body_state import (
    CLOTTING,
    FLUID_ML,
    LOST_ML,
    POTASSIUM_MMOL,
    RED_ML,
    REST_C,
    TEMPERATURE_C,
    URINE_ML,
    VOLUME_ML,
)
from separatrix.team.rehearsal.engine.inner_kernel import inner
from separatrix.team.rehearsal.engine.mixing_kernel import pair_mixing
from separatrix.team.rehearsal.engine.note_kernel import TOO_LONG, keep
from separatrix.team.rehearsal.play.arrays import BODY, PAR

_A, _B = np.int64(0), np.int64(1)
_WEIGHT, _VOLUME = BODY["weight_kg"], BODY["volume_ml"]
_TICK_BLEEDING, _FLOOR = PAR["tick_bleeding_min"], PAR["volume_floor"]
_FLUID, _DIURESIS = PAR["fluid_ml_per_kg_per_min"], PAR["diuresis_ml_per_kg_per_min"]
_UPTAKE, _REST_RATE = PAR["potassium_uptake_per_min"], PAR["temperature_rate_per_min"]


@inner
def pair_step(body, exchange, par, state, step, loss, row):  # type: ignore[no-untyped-def]
    """Move two patients on by one step; answers as `keep`, or `TOO_LONG`."""
    a, b = state[0, VOLUME_ML], state[1, VOLUME_ML]
    loss_a, loss_b = loss[0], loss[1]
    a_to_b, b_to_a = exchange[row, 0, 1], exchange[row, 1, 0]
    floor_a, floor_b = par[_FLOOR] * body[0, _VOLUME], par[_FLOOR] * body[1, _VOLUME]
    if a < floor_a:
        loss_a *= a / floor_a
        a_to_b *= a / floor_a
    if b < floor_b:
        loss_b *= b / floor_b
        b_to_a *= b / floor_b
    net_a, net_b = b_to_a - a_to_b - loss_a, a_to_b - b_to_a - loss_b
    share = 1.0 / max(step, par[_TICK_BLEEDING])
    weight_a, weight_b = body[0, _WEIGHT], body[1, _WEIGHT]
    least, most = -par[_DIURESIS], par[_FLUID]
    fluid_a = min(max((body[0, _VOLUME] - a) * share - net_a, least * weight_a), most * weight_a)
    fluid_b = min(max((body[1, _VOLUME] - b) * share - net_b, least * weight_b), most * weight_b)
    end_a, end_b = a + step * (fluid_a + net_a), b + step * (fluid_b + net_b)
    # Asked this way round, what is not a number fails too.
    if not (end_a >= 0.5 * a and end_b >= 0.5 * b):
        return TOO_LONG
    per_a, per_b = 2.0 / (a + end_a), 2.0 / (b + end_b)
    aa, ab, ba, bb = pair_mixing(loss_a * per_a, loss_b * per_b, a_to_b * per_a, b_to_a * per_b, step)
    x, y = state[0, RED_ML], state[1, RED_ML]
    red_a, red_b = aa * x + ab * y, ba * x + bb * y
    x, y = state[0, CLOTTING], state[1, CLOTTING]
    clotting_a, clotting_b = aa * x + ab * y, ba * x + bb * y
    x, y = state[0, POTASSIUM_MMOL], state[1, POTASSIUM_MMOL]
    if x != 0.0 or y != 0.0:
        if fluid_a < 0.0 or fluid_b < 0.0:
            leaves_a, leaves_b = loss_a - min(fluid_a, 0.0), loss_b - min(fluid_b, 0.0)
            aa, ab, ba, bb = pair_mixing(
                leaves_a * per_a, leaves_b * per_b, a_to_b * per_a, b_to_a * per_b, step
            )
        stays = math.exp(-par[_UPTAKE] * step)
        x, y = (aa * x + ab * y) * stays, (ba * x + bb * y) * stays
    cooled = math.exp(-par[_REST_RATE] * step)
    warm_a = state[0, REST_C] + (state[0, TEMPERATURE_C] - state[0, REST_C]) * cooled
    warm_b = state[1, REST_C] + (state[1, TEMPERATURE_C] - state[1, REST_C]) * cooled
    state[0, VOLUME_ML], state[1, VOLUME_ML] = end_a, end_b
    state[0, RED_ML], state[1, RED_ML] = red_a, red_b
    state[0, CLOTTING], state[1, CLOTTING] = clotting_a, clotting_b
    state[0, POTASSIUM_MMOL], state[1, POTASSIUM_MMOL] = x, y
    state[0, TEMPERATURE_C], state[1, TEMPERATURE_C] = warm_a, warm_b
    state[0, LOST_ML] += loss_a * step
    state[1, LOST_ML] += loss_b * step
    state[0, URINE_ML if fluid_a < 0.0 else FLUID_ML] += abs(fluid_a) * step
    state[1, URINE_ML if fluid_b < 0.0 else FLUID_ML] += abs(fluid_b) * step
    per_a, per_b = 1.0 / end_a, 1.0 / end_b
    told_a = keep(
        body, par, state, _A, end_a / body[0, _VOLUME], red_a * per_a, clotting_a * per_a, x * per_a, warm_a
    )
    told_b = keep(
        body, par, state, _B, end_b / body[1, _VOLUME], red_b * per_b, clotting_b * per_b, y * per_b, warm_b
    )
    return -1 if told_a < 0 or told_b < 0 else told_a | told_b
