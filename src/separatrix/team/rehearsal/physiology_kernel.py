"""Compiled: blood, clotting, potassium and warmth of each patient, from one moment to the next. Loaded only where it is
needed.

The engine calls, at one moment: `advance` over the time since the last, `order` of `products_kernel` for each patient
in turn, `crossed` for each, `deliver` where something arrives and `crossed` again for whom it arrived. The equations
and their sources stand in ``docs/method/rehearsal-physiology.md``.
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
"""Columns of a patient's state. Red cells in ml, clotting in ml of normal blood, potassium in mmol above normal; the
volume's lowest as a share of the start, potassium's highest in mmol/l; packs counted; ARRIVES_MIN is infinite where
nothing is coming; CROSSED holds the bits of thresholds crossed so far."""

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
_CLOTTING_THRESHOLD = PAR["clotting_threshold"]
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
def begin(arrays, state, loss_normal, heat_normal):  # type: ignore[no-untyped-def]
    """The patients at wheels in; the normals are those of losses and of the temperature at rest, (m,)."""
    body, par = arrays.body, arrays.par
    for p in range(body.shape[0]):
        row = state[p]
        row[:] = 0.0
        row[VOLUME_ML] = body[p, _VOLUME]
        row[RED_ML] = body[p, _VOLUME] * body[p, _HAEMATOCRIT]
        row[CLOTTING] = body[p, _VOLUME]
        row[TEMPERATURE_C] = body[p, _TEMPERATURE]
        row[VOLUME_LOWEST] = 1.0
        row[HAEMATOCRIT_LOWEST] = body[p, _HAEMATOCRIT]
        row[TEMPERATURE_LOWEST_C] = body[p, _TEMPERATURE]
        row[POTASSIUM_HIGHEST] = body[p, _POTASSIUM]
        row[CLOTTING_LOWEST] = 1.0
        row[ARRIVES_MIN] = math.inf
        row[LOSS_FACTOR] = math.exp(par[_LOSS_SD] * loss_normal[p])
        row[REST_C] = par[_REST] + par[_REST_SD] * heat_normal[p]


@nb.njit(cache=True, nogil=True)
def haematocrit_of(state, p):  # type: ignore[no-untyped-def]
    """Share of red cells in a patient's blood."""
    return state[p, RED_ML] / state[p, VOLUME_ML]


@nb.njit(cache=True, nogil=True)
def clotting_of(state, p):  # type: ignore[no-untyped-def]
    """Clotting in a patient's blood, 1 is normal."""
    return state[p, CLOTTING] / state[p, VOLUME_ML]


@nb.njit(cache=True, nogil=True)
def potassium_of(arrays, state, p):  # type: ignore[no-untyped-def]
    """Potassium in a patient's blood, mmol/l."""
    return arrays.body[p, _POTASSIUM] + 1000.0 * state[p, POTASSIUM_MMOL] / state[p, VOLUME_ML]


@nb.njit(cache=True, nogil=True)
def note(arrays, state, p):  # type: ignore[no-untyped-def]
    """Keep the lowest and highest values that a patient has had."""
    row = state[p]
    row[VOLUME_LOWEST] = min(row[VOLUME_LOWEST], row[VOLUME_ML] / arrays.body[p, _VOLUME])
    row[HAEMATOCRIT_LOWEST] = min(row[HAEMATOCRIT_LOWEST], haematocrit_of(state, p))
    row[CLOTTING_LOWEST] = min(row[CLOTTING_LOWEST], clotting_of(state, p))
    row[TEMPERATURE_LOWEST_C] = min(row[TEMPERATURE_LOWEST_C], row[TEMPERATURE_C])
    if row[POTASSIUM_MMOL] > 0.0:
        row[POTASSIUM_HIGHEST] = max(row[POTASSIUM_HIGHEST], potassium_of(arrays, state, p))


@nb.njit(cache=True, nogil=True)
def advance(arrays, state, dt_min, loss_ml_per_min, row, scratch):  # type: ignore[no-untyped-def]
    """Move all patients on by one step of constant rates.

    Parameters
    ----------
    arrays
        `Arrays` of the rehearsed procedure.
    state
        (m, STATE_COLUMNS), changed in place.
    dt_min
        Length of the step; nothing happens where it is not above 0.
    loss_ml_per_min
        (m,) what each patient would lose at full volume, factors and bleeding included.
    row
        Row of `Arrays.exchange` in force.
    scratch
        float64, at least `scratch_size`; its content means nothing between calls.

    Returns
    -------
    int
        0, or 1 where the numbers leave what a patient can be: not finite, or a volume that cannot stay above 0.
    """
    m = state.shape[0]
    left = dt_min
    steps = 0
    while left > 0.0:
        step = left
        halvings = 0
        while not _flows(arrays, state, step, loss_ml_per_min, row, scratch):
            step *= 0.5
            halvings += 1
            if halvings > MOST_HALVINGS:
                return 1
        _move(arrays, state, step, scratch)
        left -= step
        steps += 1
        if steps > MOST_STEPS:
            return 1
    if steps > 0:
        for p in range(m):
            note(arrays, state, p)
            if not math.isfinite(
                state[p, RED_ML] + state[p, CLOTTING] + state[p, POTASSIUM_MMOL] + state[p, TEMPERATURE_C]
            ):
                return 1
    return 0


@nb.njit(cache=True, nogil=True)
def _flows(arrays, state, step, loss, row, scratch):  # type: ignore[no-untyped-def]
    """Rates of a step into the scratch: loss, fluid, volume in the middle and at the end (m each), exchange (m, m).

    False where a volume would fall by more than half: with rates of its beginning, that would be no patient's step.
    """
    m = state.shape[0]
    body, par, exchange = arrays.body, arrays.par, arrays.exchange
    gross = 4 * m
    for i in range(m):
        full = body[i, _VOLUME]
        low = min(1.0, state[i, VOLUME_ML] / (par[_FLOOR] * full))
        scratch[i] = low * loss[i]
        for j in range(m):
            scratch[gross + i * m + j] = low * exchange[row, i, j]
    within = max(step, par[_TICK_BLEEDING])
    for i in range(m):
        volume, weight = state[i, VOLUME_ML], body[i, _WEIGHT]
        net = -scratch[i]
        for j in range(m):
            net += scratch[gross + j * m + i] - scratch[gross + i * m + j]
        wish = (body[i, _VOLUME] - volume) / within - net
        fluid = min(max(wish, -par[_DIURESIS] * weight), par[_FLUID] * weight)
        end = volume + step * (fluid + net)
        # Asked this way round, a number that is none fails too.
        if not end >= 0.5 * volume:
            return False
        scratch[m + i] = fluid
        scratch[2 * m + i] = 0.5 * (volume + end)
        scratch[3 * m + i] = end
    return True


@nb.njit(cache=True, nogil=True)
def _move(arrays, state, step, scratch):  # type: ignore[no-untyped-def]
    """Amounts, volumes and temperatures at the end of a step whose rates stand in the scratch."""
    m = state.shape[0]
    par = arrays.par
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
    with_urine = urine and potassium
    if pairs > 1:
        _spread_among_all(state, step, scratch, False, potassium and not with_urine)
        if with_urine:
            _spread_among_all(state, step, scratch, True, True)
    else:
        for p in range(m):
            if p != first and p != second:
                _spread_alone(state, step, scratch, p, with_urine)
        if pairs == 1:
            _spread_in_pair(state, step, scratch, first, second, False, potassium and not with_urine)
            if with_urine:
                _spread_in_pair(state, step, scratch, first, second, True, True)
    taken_up = math.exp(-par[_UPTAKE] * step) if potassium else 1.0
    cooled = math.exp(-par[_REST_RATE] * step)
    for p in range(m):
        row = state[p]
        row[VOLUME_ML] = scratch[3 * m + p]
        row[LOST_ML] += scratch[p] * step
        row[FLUID_ML] += max(scratch[m + p], 0.0) * step
        row[URINE_ML] += max(-scratch[m + p], 0.0) * step
        row[POTASSIUM_MMOL] *= taken_up
        row[TEMPERATURE_C] = row[REST_C] + (row[TEMPERATURE_C] - row[REST_C]) * cooled


@nb.njit(cache=True, nogil=True)
def _leaves(scratch, m, p, urine):  # type: ignore[no-untyped-def]
    """What leaves the patients from one of them, ml/min: loss, and urine where it counts."""
    return scratch[p] + (max(-scratch[m + p], 0.0) if urine else 0.0)


@nb.njit(cache=True, nogil=True)
def _spread_alone(state, step, scratch, p, urine):  # type: ignore[no-untyped-def]
    m = state.shape[0]
    middle = scratch[2 * m + p]
    if scratch[p] > 0.0:
        stays = math.exp(-scratch[p] / middle * step)
        state[p, RED_ML] *= stays
        state[p, CLOTTING] *= stays
    if state[p, POTASSIUM_MMOL] != 0.0:
        state[p, POTASSIUM_MMOL] *= math.exp(-_leaves(scratch, m, p, urine) / middle * step)


@nb.njit(cache=True, nogil=True)
def _spread_in_pair(state, step, scratch, a, b, urine, potassium):  # type: ignore[no-untyped-def]
    """Spread red cells and clotting between two patients, and potassium with them; with urine potassium alone."""
    m = state.shape[0]
    gross, in_a, in_b = 4 * m, scratch[2 * m + a], scratch[2 * m + b]
    aa, ab, ba, bb = pair_mixing(
        _leaves(scratch, m, a, urine) / in_a,
        _leaves(scratch, m, b, urine) / in_b,
        scratch[gross + a * m + b] / in_a,
        scratch[gross + b * m + a] / in_b,
        step,
    )
    for what in range(POTASSIUM_MMOL if urine else RED_ML, (POTASSIUM_MMOL if potassium else CLOTTING) + 1):
        x, y = state[a, what], state[b, what]
        state[a, what] = aa * x + ab * y
        state[b, what] = ba * x + bb * y


@nb.njit(cache=True, nogil=True)
def _spread_among_all(state, step, scratch, urine, potassium):  # type: ignore[no-untyped-def]
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
    for what in range(POTASSIUM_MMOL if urine else RED_ML, (POTASSIUM_MMOL if potassium else CLOTTING) + 1):
        for i in range(m):
            scratch[new + i] = 0.0
            for j in range(m):
                scratch[new + i] += scratch[at + i * m + j] * state[j, what]
        for i in range(m):
            state[i, what] = scratch[new + i]


@nb.njit(cache=True, nogil=True)
def crossed(arrays, state, p):  # type: ignore[no-untyped-def]
    """Thresholds that a patient has crossed for the first time, as bits."""
    before = int(state[p, CROSSED])
    now = before
    if clotting_of(state, p) < arrays.par[_CLOTTING_THRESHOLD]:
        now |= CLOTTING_CROSSED
    if potassium_of(arrays, state, p) > arrays.par[_POTASSIUM_THRESHOLD]:
        now |= POTASSIUM_CROSSED
    state[p, CROSSED] = now
    return now & ~before
