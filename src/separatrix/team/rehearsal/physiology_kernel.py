"""Compiled: blood, clotting, potassium and warmth of each patient from one moment to the next.

Loaded only where it is needed. The engine calls, at one moment: `advance` over the time since the last; where it
says so, `order` of `products_kernel` for each patient in turn and `crossed` for each; `deliver` where something
arrives, and `crossed` again for whom it arrived. The equations and their sources stand in
``docs/method/rehearsal-physiology.md``.

Functions take the few arrays that they read, never the whole `Arrays`, and no views of rows: both are slow.
Divisions follow IEEE (``error_model="numpy"``): what is not a number is found once, at the end of a step.
"""

from __future__ import annotations

import math

import numba as nb

from separatrix.team.rehearsal.arrays import BODY, PAR
from separatrix.team.rehearsal.mixing_kernel import mixing, mixing_size, pair_mixing

(
    VOLUME_ML,
    RED_ML,
    CLOTTING,
    POTASSIUM_MMOL,
    TEMPERATURE_C,
    LOST_ML,
    FLUID_ML,
    URINE_ML,
    VOLUME_LOWEST,
    HAEMATOCRIT_LOWEST,
    TEMPERATURE_LOWEST_C,
    POTASSIUM_HIGHEST,
    CLOTTING_LOWEST,
    RED_GIVEN,
    PLASMA_GIVEN,
    PLATELETS_GIVEN,
    PACKS_SHORT,
    RED_COMING,
    PLASMA_COMING,
    PLATELETS_COMING,
    ARRIVES_MIN,
    CROSSED,
    LOSS_FACTOR,
    REST_C,
) = range(24)
"""Columns of a patient's state. Red cells in ml, clotting in ml of normal blood, potassium in mmol above
normal; the volume's lowest as a share of the start, potassium's highest in mmol/l; packs counted; ARRIVES_MIN
is infinite where nothing is coming; CROSSED holds the bits of thresholds crossed so far."""

STATE_COLUMNS = 24

CLOTTING_CROSSED, POTASSIUM_CROSSED = 1, 2
"""Bits of `crossed`."""

MOST_HALVINGS, MOST_STEPS = 40, 4096
"""A step that needs more of them stands for numbers that no patient has."""

_WEIGHT, _VOLUME, _HAEMATOCRIT = BODY["weight_kg"], BODY["volume_ml"], BODY["haematocrit"]
_TEMPERATURE, _POTASSIUM = BODY["temperature_c"], BODY["potassium_mmol_per_l"]
_LOSS_SD = PAR["loss_ln_sd"]
_TICK_BLEEDING = PAR["tick_bleeding_min"]
_FLUID, _DIURESIS = PAR["fluid_ml_per_kg_per_min"], PAR["diuresis_ml_per_kg_per_min"]
_TRIGGER = PAR["haematocrit_trigger"]
_CLOTTING_TRIGGER, _CLOTTING_THRESHOLD = PAR["clotting_trigger"], PAR["clotting_threshold"]
_POTASSIUM_THRESHOLD = PAR["potassium_threshold_mmol_per_l"]
_UPTAKE = PAR["potassium_uptake_per_min"]
_REST, _REST_SD, _REST_RATE = (
    PAR["temperature_rest_c"],
    PAR["temperature_rest_sd_c"],
    PAR["temperature_rate_per_min"],
)
_FLOOR = PAR["volume_floor"]


@nb.njit(cache=True, nogil=True)
def scratch_size(m):  # type: ignore[no-untyped-def]
    """Numbers that `advance` needs room for, of m patients."""
    return 4 * m + m * m + mixing_size(m)


@nb.njit(cache=True, nogil=True)
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


@nb.njit(cache=True, nogil=True, error_model="numpy")
def haematocrit_of(state, p):  # type: ignore[no-untyped-def]
    """Share of red cells in a patient's blood."""
    return state[p, RED_ML] / state[p, VOLUME_ML]


@nb.njit(cache=True, nogil=True, error_model="numpy")
def clotting_of(state, p):  # type: ignore[no-untyped-def]
    """Clotting in a patient's blood, 1 is normal."""
    return state[p, CLOTTING] / state[p, VOLUME_ML]


@nb.njit(cache=True, nogil=True, error_model="numpy")
def potassium_of(body, state, p):  # type: ignore[no-untyped-def]
    """Potassium in a patient's blood, mmol/l."""
    return body[p, _POTASSIUM] + 1000.0 * state[p, POTASSIUM_MMOL] / state[p, VOLUME_ML]


@nb.njit(cache=True, nogil=True, error_model="numpy")
def note(body, par, state, p):  # type: ignore[no-untyped-def]
    """Keep the lowest and highest values that a patient has had.

    Returns
    -------
    int
        -1 where a number is none, 1 where something may be ordered or a threshold is behind, else 0.
    """
    per_ml = 1.0 / state[p, VOLUME_ML]
    haematocrit, clotting = state[p, RED_ML] * per_ml, state[p, CLOTTING] * per_ml
    potassium = body[p, _POTASSIUM] + 1000.0 * state[p, POTASSIUM_MMOL] * per_ml
    temperature = state[p, TEMPERATURE_C]
    if not math.isfinite(haematocrit + clotting + potassium + temperature):
        return -1
    if state[p, VOLUME_ML] < state[p, VOLUME_LOWEST] * body[p, _VOLUME]:
        state[p, VOLUME_LOWEST] = state[p, VOLUME_ML] / body[p, _VOLUME]
    state[p, HAEMATOCRIT_LOWEST] = min(state[p, HAEMATOCRIT_LOWEST], haematocrit)
    state[p, CLOTTING_LOWEST] = min(state[p, CLOTTING_LOWEST], clotting)
    state[p, TEMPERATURE_LOWEST_C] = min(state[p, TEMPERATURE_LOWEST_C], temperature)
    state[p, POTASSIUM_HIGHEST] = max(state[p, POTASSIUM_HIGHEST], potassium)
    calm = (
        haematocrit >= par[_TRIGGER]
        and clotting >= max(par[_CLOTTING_TRIGGER], par[_CLOTTING_THRESHOLD])
        and potassium <= par[_POTASSIUM_THRESHOLD]
    )
    return 0 if calm else 1


@nb.njit(cache=True, nogil=True, error_model="numpy")
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
    m = state.shape[0]
    left = dt_min
    steps = 0
    while left > 0.0:
        step = left
        halvings = 0
        while not _flows(body, exchange, par, state, step, loss_ml_per_min, row, scratch):
            step *= 0.5
            halvings += 1
            if halvings > MOST_HALVINGS:
                return -1
        _move(par, state, step, scratch)
        left -= step
        steps += 1
        if steps > MOST_STEPS:
            return -1
    look = 0
    if steps > 0:
        for p in range(m):
            told = note(body, par, state, p)
            if told < 0:
                return -1
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
    first, second, pairs = -1, -1, 0
    for i in range(m):
        for j in range(i):
            if scratch[gross + i * m + j] > 0.0 or scratch[gross + j * m + i] > 0.0:
                first, second, pairs = j, i, pairs + 1
    urine, potassium = False, False
    for p in range(m):
        urine |= scratch[m + p] < 0.0
        potassium |= state[p, POTASSIUM_MMOL] != 0.0
    # Urine takes potassium alone, which then goes its own way; without either, one exponential serves all.
    apart = urine and potassium
    if pairs > 1:
        _spread_among_all(state, step, scratch, False, RED_ML, CLOTTING if apart else POTASSIUM_MMOL)
        if apart:
            _spread_among_all(state, step, scratch, True, POTASSIUM_MMOL, POTASSIUM_MMOL)
    else:
        for p in range(m):
            if p != first and p != second:
                _spread_alone(state, step, scratch, p)
        if pairs == 1:
            _spread_in_pair(
                state, step, scratch, first, second, False, RED_ML, CLOTTING if apart else POTASSIUM_MMOL
            )
            if apart:
                _spread_in_pair(state, step, scratch, first, second, True, POTASSIUM_MMOL, POTASSIUM_MMOL)
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
def _spread_in_pair(state, step, scratch, a, b, urine, begins, ends):  # type: ignore[no-untyped-def]
    """Spread the columns from `begins` to `ends` between two patients, with or without urine."""
    m = state.shape[0]
    gross, of_a, of_b = 4 * m, 1.0 / scratch[2 * m + a], 1.0 / scratch[2 * m + b]
    aa, ab, ba, bb = pair_mixing(
        _leaves(scratch, m, a, urine) * of_a,
        _leaves(scratch, m, b, urine) * of_b,
        scratch[gross + a * m + b] * of_a,
        scratch[gross + b * m + a] * of_b,
        step,
    )
    for what in range(begins, ends + 1):
        x, y = state[a, what], state[b, what]
        state[a, what] = aa * x + ab * y
        state[b, what] = ba * x + bb * y


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


@nb.njit(cache=True, nogil=True, error_model="numpy")
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
