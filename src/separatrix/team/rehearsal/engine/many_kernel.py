"""Compiled: one step of any number of patients. Loaded only where it is needed."""

from __future__ import annotations

import math

import numba as nb

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
from separatrix.team.rehearsal.engine.mixing_kernel import mixing, mixing_size
from separatrix.team.rehearsal.engine.note_kernel import TOO_LONG, note
from separatrix.team.rehearsal.play.arrays import BODY, PAR

_WEIGHT, _VOLUME = BODY["weight_kg"], BODY["volume_ml"]
_TICK_BLEEDING, _FLOOR = PAR["tick_bleeding_min"], PAR["volume_floor"]
_FLUID, _DIURESIS = PAR["fluid_ml_per_kg_per_min"], PAR["diuresis_ml_per_kg_per_min"]
_UPTAKE, _REST_RATE = PAR["potassium_uptake_per_min"], PAR["temperature_rate_per_min"]


@nb.njit(cache=True, nogil=True)
def scratch_size(m):  # type: ignore[no-untyped-def]
    """Numbers that a step of m patients needs room for."""
    return 4 * m + m * m + mixing_size(m)


@inner
def many_step(body, exchange, par, state, step, loss, row, scratch):  # type: ignore[no-untyped-def]
    """Move all patients on by one step; answers as `keep`, or `TOO_LONG`.

    The scratch holds loss, fluid, volume in the middle and at the end, m each; exchange (m, m); then shares.
    """
    m = state.shape[0]
    gross = 4 * m
    exchanged, potassium = False, False
    for i in range(m):
        low, floor = 1.0, par[_FLOOR] * body[i, _VOLUME]
        if state[i, VOLUME_ML] < floor:
            low = state[i, VOLUME_ML] / floor
        scratch[i] = low * loss[i]
        potassium |= state[i, POTASSIUM_MMOL] != 0.0
        for j in range(m):
            scratch[gross + i * m + j] = low * exchange[row, i, j]
            exchanged |= i != j and exchange[row, i, j] != 0.0
    for i in range(m):
        volume, weight = state[i, VOLUME_ML], body[i, _WEIGHT]
        net = -scratch[i]
        for j in range(m):
            net += scratch[gross + j * m + i] - scratch[gross + i * m + j]
        wish = (body[i, _VOLUME] - volume) / max(step, par[_TICK_BLEEDING]) - net
        fluid = min(max(wish, -par[_DIURESIS] * weight), par[_FLUID] * weight)
        end = volume + step * (fluid + net)
        # Asked this way round, what is not a number fails too.
        if not end >= 0.5 * volume:
            return TOO_LONG
        scratch[m + i] = fluid
        scratch[2 * m + i] = 0.5 * (volume + end)
        scratch[3 * m + i] = end
    # Cells and clotting go one way; potassium, which urine takes too, goes its own.
    for part in range(2 if potassium else 1):
        _share_out(m, scratch, step, part == 1, exchanged)
        at = gross + m * m
        new = at + m * m
        begins, ends = (RED_ML, CLOTTING) if part == 0 else (POTASSIUM_MMOL, POTASSIUM_MMOL)
        for what in range(begins, ends + 1):
            for i in range(m):
                scratch[new + i] = 0.0
                for j in range(m):
                    scratch[new + i] += scratch[at + i * m + j] * state[j, what]
            for i in range(m):
                state[i, what] = scratch[new + i]
    taken_up, cooled = math.exp(-par[_UPTAKE] * step), math.exp(-par[_REST_RATE] * step)
    look = 0
    for p in range(m):
        state[p, VOLUME_ML] = scratch[3 * m + p]
        state[p, LOST_ML] += scratch[p] * step
        state[p, FLUID_ML] += max(scratch[m + p], 0.0) * step
        state[p, URINE_ML] += max(-scratch[m + p], 0.0) * step
        state[p, POTASSIUM_MMOL] *= taken_up
        state[p, TEMPERATURE_C] = state[p, REST_C] + (state[p, TEMPERATURE_C] - state[p, REST_C]) * cooled
        told = note(body, par, state, p)
        if told < 0:
            return told
        look |= told
    return look


@inner
def _share_out(m, scratch, step, urine, exchanged):  # type: ignore[no-untyped-def]
    """Whose share of whose blood is in whom after a step, (m, m), behind the exchange in the scratch."""
    gross = 4 * m
    at = gross + m * m
    for i in range(m):
        out = scratch[i] + (max(-scratch[m + i], 0.0) if urine else 0.0)
        for j in range(m):
            scratch[at + j * m + i] = scratch[gross + i * m + j] / scratch[2 * m + i]
            if j != i:
                out += scratch[gross + i * m + j]
        scratch[at + i * m + i] = -out / scratch[2 * m + i]
        if not exchanged:
            scratch[at + i * m + i] = math.exp(scratch[at + i * m + i] * step)
    if exchanged:
        mixing(m, scratch, at, step)
