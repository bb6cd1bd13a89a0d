"""Compiled: blood products ordered, taken from the stock, waited for and given.

Loaded only where it is needed.
"""

from __future__ import annotations

import math

import numpy as np

from separatrix.team.rehearsal.engine.body_state import (
    ARRIVES_MIN,
    CLOTTING,
    LOST_ML,
    PACKS_SHORT,
    PLASMA_COMING,
    PLASMA_GIVEN,
    PLATELETS_COMING,
    PLATELETS_GIVEN,
    POTASSIUM_MMOL,
    RED_COMING,
    RED_GIVEN,
    RED_ML,
    TEMPERATURE_C,
    VOLUME_ML,
)
from separatrix.team.rehearsal.engine.inner_kernel import inner
from separatrix.team.rehearsal.engine.note_kernel import note
from separatrix.team.rehearsal.engine.physiology_kernel import clotting_of, haematocrit_of
from separatrix.team.rehearsal.play.arrays import BODY, PAR

RED_CELLS, PLASMA, PLATELETS = np.int64(1), np.int64(2), np.int64(3)
"""Values of `Arrays.stock_blood`; typed, so that what takes them is compiled once for all of them."""

PLATELETS_EVERY = 4
"""In massive transfusion a pack of platelets goes with every so many packs of red cells."""

_WEIGHT, _VOLUME = BODY["weight_kg"], BODY["volume_ml"]
_TRIGGER, _TARGET = PAR["haematocrit_trigger"], PAR["haematocrit_target"]
_RED_PACK, _RED_HAEMATOCRIT = PAR["red_pack_ml"], PAR["red_pack_haematocrit"]
_RED_POTASSIUM = PAR["red_pack_potassium_mmol"]
_PLASMA_PACK, _PLATELET_PACK = PAR["plasma_pack_ml"], PAR["platelet_pack_ml"]
_PLATELET_CLOTTING, _CLOTTING_TRIGGER = PAR["platelet_pack_clotting"], PAR["clotting_trigger"]
_DELAY, _PER_KG = PAR["product_delay_min"], PAR["product_ml_per_kg"]
_MASSIVE = PAR["massive_ml_per_kg"]
_PRODUCT_C, _HEAT = PAR["product_c"], PAR["heat_ratio"]
_FLOOR = PAR["volume_floor"]


@inner
def order(body, par, stock_blood, stock_patient, state, stock_left, p, now_min):  # type: ignore[no-untyped-def]
    """Order what a patient needs now, where nothing is on its way; the packs are taken from the stock.

    Parameters
    ----------
    body, par, stock_blood, stock_patient
        Those of `Arrays`.
    state
        (m, STATE_COLUMNS), changed in place.
    stock_left
        (c,) float64, what is left of each kind of stock, changed in place.
    p
        Patient.
    now_min
        Minute from wheels in.

    Returns
    -------
    int
        Packs ordered.
    """
    if math.isfinite(state[p, ARRIVES_MIN]):
        return 0
    # Volume beyond the start's is fluid that has to leave, not blood to be filled with cells: counted by the
    # volume of now, each order would make room for a larger one.
    lack = par[_TARGET] * min(state[p, VOLUME_ML], body[p, _VOLUME]) - state[p, RED_ML]
    poor = haematocrit_of(state, p) < par[_TRIGGER] and lack > 0.0
    thin = clotting_of(state, p) < par[_CLOTTING_TRIGGER]
    if not (poor or thin):
        return 0
    weight = body[p, _WEIGHT]
    red, plasma, platelets = 0, 0, 0
    if poor:
        pack = min(par[_RED_PACK], par[_PER_KG] * weight) * par[_RED_HAEMATOCRIT]
        red = max(1, math.ceil(lack / pack))
        if state[p, LOST_ML] > par[_MASSIVE] * weight:
            plasma = red
            given = int(state[p, RED_GIVEN])
            platelets = (given + red) // PLATELETS_EVERY - given // PLATELETS_EVERY
    if thin:
        plasma, platelets = max(plasma, 1), max(platelets, 1)
    # Packs are volume: as far above the starting volume as the floor is below it, and no further.
    full = body[p, _VOLUME]
    room_ml = (2.0 - par[_FLOOR]) * full - max(state[p, VOLUME_ML], full)
    fit = max(0, math.floor(room_ml / min(par[_RED_PACK], par[_PER_KG] * weight)))
    while red + plasma + platelets > fit:
        if platelets >= plasma and platelets >= red:
            platelets -= 1
        elif plasma >= red:
            plasma -= 1
        else:
            red -= 1
    state[p, RED_COMING] = _take(stock_blood, stock_patient, stock_left, p, RED_CELLS, red)
    state[p, PLASMA_COMING] = _take(stock_blood, stock_patient, stock_left, p, PLASMA, plasma)
    state[p, PLATELETS_COMING] = _take(stock_blood, stock_patient, stock_left, p, PLATELETS, platelets)
    had = int(state[p, RED_COMING] + state[p, PLASMA_COMING] + state[p, PLATELETS_COMING])
    state[p, PACKS_SHORT] = max(state[p, PACKS_SHORT], float(red + plasma + platelets - had))
    if had > 0:
        state[p, ARRIVES_MIN] = now_min + par[_DELAY]
    return had


@inner
def _take(stock_blood, stock_patient, stock_left, p, kind, wanted):  # type: ignore[no-untyped-def]
    """Packs of a kind out of the stock: the patient's own first, then anybody's."""
    had = 0.0
    for whose in (p, -1):
        for c in range(stock_left.shape[0]):
            if stock_blood[c] == kind and stock_patient[c] == whose:
                packs = min(wanted - had, math.floor(stock_left[c]))
                if packs > 0.0:
                    stock_left[c] -= packs
                    had += packs
    return had


@inner
def next_delivery(state):  # type: ignore[no-untyped-def]
    """Minute of the next arrival, infinite where nothing is coming."""
    first = math.inf
    for p in range(state.shape[0]):
        first = min(first, state[p, ARRIVES_MIN])
    return first


@inner
def deliver(body, par, state, p):  # type: ignore[no-untyped-def]
    """Give a patient what was ordered."""
    weight = body[p, _WEIGHT]
    most = par[_PER_KG] * weight
    red_pack = min(par[_RED_PACK], most)
    red = state[p, RED_COMING] * red_pack
    plasma = state[p, PLASMA_COMING] * min(par[_PLASMA_PACK], most)
    platelets = state[p, PLATELETS_COMING] * min(par[_PLATELET_PACK], most)
    state[p, VOLUME_ML] += red + plasma + platelets
    state[p, RED_ML] += red * par[_RED_HAEMATOCRIT]
    state[p, CLOTTING] += plasma + platelets * par[_PLATELET_CLOTTING]
    state[p, POTASSIUM_MMOL] += red / par[_RED_PACK] * par[_RED_POTASSIUM]
    heat = (red + plasma + platelets) * par[_HEAT] / (1000.0 * weight)
    state[p, TEMPERATURE_C] += (par[_PRODUCT_C] - state[p, TEMPERATURE_C]) * heat / (1.0 + heat)
    state[p, RED_GIVEN] += state[p, RED_COMING]
    state[p, PLASMA_GIVEN] += state[p, PLASMA_COMING]
    state[p, PLATELETS_GIVEN] += state[p, PLATELETS_COMING]
    state[p, RED_COMING] = 0.0
    state[p, PLASMA_COMING] = 0.0
    state[p, PLATELETS_COMING] = 0.0
    state[p, ARRIVES_MIN] = math.inf
    note(body, par, state, p)
