"""Compiled: blood, clotting, potassium and warmth of each patient from one moment to the next.

Loaded only where it is needed. The engine calls, at one moment: `advance` over the time since the last; where
it says so, `order` of `products_kernel` for each patient in turn and `crossed` for each; `deliver` where
something arrives, and `crossed` again for whom it arrived. The equations and their sources stand in
``docs/method/rehearsal-physiology.md``.

Functions take the few arrays that they read, never the whole `Arrays`, and no views of rows: both are slow.
Divisions follow IEEE (``error_model="numpy"``): what is not a number is found once, at the end of a step.
"""

from __future__ import annotations

import math

from separatrix.team.rehearsal.engine.body_state import (
    ARRIVES_MIN,
    CLOTTING,
    CLOTTING_CROSSED,
    CLOTTING_LOWEST,
    CROSSED,
    HAEMATOCRIT_LOWEST,
    LOSS_FACTOR,
    POTASSIUM_CROSSED,
    POTASSIUM_HIGHEST,
    POTASSIUM_MMOL,
    RED_ML,
    REST_C,
    STATE_COLUMNS,
    TEMPERATURE_C,
    TEMPERATURE_LOWEST_C,
    VOLUME_LOWEST,
    VOLUME_ML,
)
from separatrix.team.rehearsal.engine.inner_kernel import inner
from separatrix.team.rehearsal.engine.many_kernel import many_step
from separatrix.team.rehearsal.engine.note_kernel import TOO_LONG
from separatrix.team.rehearsal.engine.pair_kernel import pair_step
from separatrix.team.rehearsal.play.arrays import BODY, PAR

MOST_TRIES = 4096
"""Steps and halvings of one step; what needs more of them stands for numbers that no patient has."""

_VOLUME, _HAEMATOCRIT = BODY["volume_ml"], BODY["haematocrit"]
_TEMPERATURE, _POTASSIUM = BODY["temperature_c"], BODY["potassium_mmol_per_l"]
_LOSS_SD = PAR["loss_ln_sd"]
_CLOTTING_THRESHOLD = PAR["clotting_threshold"]
_POTASSIUM_THRESHOLD = PAR["potassium_threshold_mmol_per_l"]
_REST, _REST_SD = PAR["temperature_rest_c"], PAR["temperature_rest_sd_c"]


@inner
def begin(body, par, state, loss_normal, heat_normal):  # type: ignore[no-untyped-def]
    """The patients at wheels in; the normals are those of losses and of the temperature at rest, (m,)."""
    for p in range(body.shape[0]):
        for column in range(STATE_COLUMNS):
            state[p, column] = 0.0
        state[p, VOLUME_ML] = body[p, _VOLUME]
        state[p, RED_ML] = body[p, _VOLUME] * body[p, _HAEMATOCRIT]
        state[p, CLOTTING] = body[p, _VOLUME]
        state[p, TEMPERATURE_C] = body[p, _TEMPERATURE]
        state[p, VOLUME_LOWEST] = 1.0
        state[p, HAEMATOCRIT_LOWEST] = body[p, _HAEMATOCRIT]
        state[p, TEMPERATURE_LOWEST_C] = body[p, _TEMPERATURE]
        state[p, POTASSIUM_HIGHEST] = body[p, _POTASSIUM]
        state[p, CLOTTING_LOWEST] = 1.0
        state[p, ARRIVES_MIN] = math.inf
        state[p, LOSS_FACTOR] = math.exp(par[_LOSS_SD] * loss_normal[p])
        state[p, REST_C] = par[_REST] + par[_REST_SD] * heat_normal[p]


@inner
def haematocrit_of(state, p):  # type: ignore[no-untyped-def]
    """Share of red cells in a patient's blood."""
    return state[p, RED_ML] / state[p, VOLUME_ML]


@inner
def clotting_of(state, p):  # type: ignore[no-untyped-def]
    """Clotting in a patient's blood, 1 is normal."""
    return state[p, CLOTTING] / state[p, VOLUME_ML]


@inner
def potassium_of(body, state, p):  # type: ignore[no-untyped-def]
    """Potassium in a patient's blood, mmol/l."""
    return body[p, _POTASSIUM] + 1000.0 * state[p, POTASSIUM_MMOL] / state[p, VOLUME_ML]


@inner
def advance(body, exchange, par, state, dt_min, loss_ml_per_min, row, scratch):  # type: ignore[no-untyped-def]
    """Move all patients on by one step of constant rates.

    Parameters
    ----------
    body, exchange, par
        Those of `Arrays`.
    state
        (m, STATE_COLUMNS), changed in place.
    dt_min
        Length of the step; nothing happens where it is not above 0.
    loss_ml_per_min
        (m,) what each patient would lose at full volume, factors and bleeding included.
    row
        Row of `exchange` in force.
    scratch
        float64, at least `scratch_size`; its content means nothing between calls.

    Returns
    -------
    int
        -1 where the numbers leave what a patient can be (not finite, or no volume left), 1 where `order` and
        `crossed` have something to look at, 0 where they have nothing.
    """
    left = step = dt_min
    look, tries = 0, 0
    while left > 0.0:
        if state.shape[0] == 2:
            told = pair_step(body, exchange, par, state, step, loss_ml_per_min, row)
        else:
            told = many_step(body, exchange, par, state, step, loss_ml_per_min, row, scratch)
        tries += 1
        if told == TOO_LONG and tries < MOST_TRIES:
            step *= 0.5
        elif told < 0 or tries >= MOST_TRIES:
            return -1
        else:
            look |= told
            left -= step
            step = left
    return look


@inner
def crossed(body, par, state, p):  # type: ignore[no-untyped-def]
    """Thresholds that a patient has crossed for the first time, as bits."""
    before = int(state[p, CROSSED])
    now = before
    if clotting_of(state, p) < par[_CLOTTING_THRESHOLD]:
        now |= CLOTTING_CROSSED
    if potassium_of(body, state, p) > par[_POTASSIUM_THRESHOLD]:
        now |= POTASSIUM_CROSSED
    if now != before:
        state[p, CROSSED] = now
    return now & ~before
