"""Compiled: one step of any number of patients. Loaded only where it is needed."""

from __future__ import annotations

import math

import numba as nb

from separatrix.team.rehearsal.arrays import BODY, PAR
from separatrix.team.rehearsal.body_state import (
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
from separatrix.team.rehearsal.mixing_kernel import mixing, mixing_size
from separatrix.team.rehearsal.note_kernel import TOO_LONG, note

_WEIGHT, _VOLUME = BODY["weight_kg"], BODY["volume_ml"]
_TICK_BLEEDING, _FLOOR = PAR["tick_bleeding_min"], PAR["volume_floor"]
_FLUID, _DIURESIS = PAR["fluid_ml_per_kg_per_min"], PAR["diuresis_ml_per_kg_per_min"]
_UPTAKE, _REST_RATE = PAR["potassium_uptake_per_min"], PAR["temperature_rate_per_min"]


@nb.njit(cache=True, nogil=True)
def scratch_size(m):  # type: ignore[no-untyped-def]
    """Numbers that a step of m patients needs room for."""
    return 4 * m + m * m + mixing_size(m)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def many_step(body, exchange, par, state, step, loss, row, scratch):  # type: ignore[no-untyped-def]
    """Move all patients on by one step; answers as `keep`, or `TOO_LONG`."""
    if not _flows(body, exchange, par, state, step, loss, row, scratch):
        return TOO_LONG
    _move(par, state, step, scratch)
    look = 0
    for p in range(state.shape[0]):
        told = note(body, par, state, p)
        if told < 0:
            return told
        look |= told
    return look


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _flows(body, exchange, par, state, step, loss, row, scratch):  # type: ignore[no-untyped-def]
    """Rates of a step into the scratch, m each: loss, fluid, volume in the middle, at the end; then exchange.

    False where a volume would fall by more than half: rates of its beginning do not hold for such a step.
    """
    m = state.shape[0]
    gross = 4 * m
    for i in range(m):
        low, floor = 1.0, par[_FLOOR] * body[i, _VOLUME]
        if not state[i, VOLUME_ML] >= floor:
            low = state[i, VOLUME_ML] / floor
        scratch[i] = low * loss[i]
        for j in range(m):
            scratch[gross + i * m + j] = low * exchange[row, i, j]
    share = 1.0 / max(step, par[_TICK_BLEEDING])
    for i in range(m):
        volume, weight = state[i, VOLUME_ML], body[i, _WEIGHT]
        net = -scratch[i]
        for j in range(m):
            net += scratch[gross + j * m + i] - scratch[gross + i * m + j]
        wish = (body[i, _VOLUME] - volume) * share - net
        fluid = min(max(wish, -par[_DIURESIS] * weight), par[_FLUID] * weight)
        end = volume + step * (fluid + net)
        # Asked this way round, what is not a number fails too.
        if not end >= 0.5 * volume:
            return False
        scratch[m + i] = fluid
        scratch[2 * m + i] = 0.5 * (volume + end)
        scratch[3 * m + i] = end
    return True


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _move(par, state, step, scratch):  # type: ignore[no-untyped-def]
    """Amounts, volumes and temperatures at the end of a step whose rates stand in the scratch."""
    m = state.shape[0]
    gross = 4 * m
    exchanged, urine, potassium = False, False, False
    for i in range(m):
        urine |= scratch[m + i] < 0.0
        potassium |= state[i, POTASSIUM_MMOL] != 0.0
        for j in range(m):
            exchanged |= i != j and scratch[gross + i * m + j] > 0.0
    # Urine takes potassium alone, which then goes its own way; without either, one exponential serves all.
    apart = urine and potassium
    if exchanged:
        _spread_among_all(state, step, scratch, False, RED_ML, CLOTTING if apart else POTASSIUM_MMOL)
        if apart:
            _spread_among_all(state, step, scratch, True, POTASSIUM_MMOL, POTASSIUM_MMOL)
    else:
        for p in range(m):
            _spread_alone(state, step, scratch, p)
    taken_up = math.exp(-par[_UPTAKE] * step) if potassium else 1.0
    cooled = math.exp(-par[_REST_RATE] * step)
    for p in range(m):
        state[p, VOLUME_ML] = scratch[3 * m + p]
        state[p, LOST_ML] += scratch[p] * step
        state[p, FLUID_ML] += max(scratch[m + p], 0.0) * step
        state[p, URINE_ML] += max(-scratch[m + p], 0.0) * step
        state[p, POTASSIUM_MMOL] *= taken_up
        state[p, TEMPERATURE_C] = state[p, REST_C] + (state[p, TEMPERATURE_C] - state[p, REST_C]) * cooled


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _leaves(scratch, m, p, urine):  # type: ignore[no-untyped-def]
    """What leaves the patients from one of them, ml/min: loss, and urine where it counts."""
    return scratch[p] + (max(-scratch[m + p], 0.0) if urine else 0.0)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _spread_alone(state, step, scratch, p):  # type: ignore[no-untyped-def]
    """What a patient without exchange keeps."""
    m = state.shape[0]
    middle = scratch[2 * m + p]
    if scratch[p] > 0.0:
        stays = math.exp(-scratch[p] / middle * step)
        state[p, RED_ML] *= stays
        state[p, CLOTTING] *= stays
    if state[p, POTASSIUM_MMOL] != 0.0:
        state[p, POTASSIUM_MMOL] *= math.exp(-_leaves(scratch, m, p, True) / middle * step)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _spread_among_all(state, step, scratch, urine, begins, ends):  # type: ignore[no-untyped-def]
    """The same among any number of patients."""
    m = state.shape[0]
    gross = 4 * m
    at = gross + m * m
    for i in range(m):
        out = _leaves(scratch, m, i, urine)
        for j in range(m):
            if j != i:
                out += scratch[gross + i * m + j]
                scratch[at + j * m + i] = scratch[gross + i * m + j] / scratch[2 * m + i]
        scratch[at + i * m + i] = -out / scratch[2 * m + i]
    mixing(m, scratch, at, step)
    new = at + m * m
    for what in range(begins, ends + 1):
        for i in range(m):
            scratch[new + i] = 0.0
            for j in range(m):
                scratch[new + i] += scratch[at + i * m + j] * state[j, what]
        for i in range(m):
            state[i, what] = scratch[new + i]
