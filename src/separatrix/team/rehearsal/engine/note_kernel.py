"""Compiled: the lowest and highest values that a patient has had. Loaded only where it is needed."""

from __future__ import annotations

import math

from separatrix.team.rehearsal.engine.body_state import (
    CLOTTING,
    CLOTTING_LOWEST,
    HAEMATOCRIT_LOWEST,
    POTASSIUM_HIGHEST,
    POTASSIUM_MMOL,
    RED_ML,
    TEMPERATURE_C,
    TEMPERATURE_LOWEST_C,
    VOLUME_LOWEST,
    VOLUME_ML,
)
from separatrix.team.rehearsal.engine.inner_kernel import inner
from separatrix.team.rehearsal.play.arrays import BODY, PAR

_VOLUME, _POTASSIUM = BODY["volume_ml"], BODY["potassium_mmol_per_l"]
_TRIGGER = PAR["haematocrit_trigger"]
_CLOTTING_TRIGGER, _CLOTTING_THRESHOLD = PAR["clotting_trigger"], PAR["clotting_threshold"]
_POTASSIUM_THRESHOLD = PAR["potassium_threshold_mmol_per_l"]


TOO_LONG = -2
"""A step's answer where a volume would fall by more than half; nothing has changed then."""


@inner
def keep(body, par, state, p, share, haematocrit, clotting, mmol, temperature):  # type: ignore[no-untyped-def]
    """Keep a patient's lowest and highest values, told by their numbers of now.

    Parameters
    ----------
    body, par, state, p
        Patient p of the state.
    share, haematocrit, clotting, mmol, temperature
        Volume as a share of the start; red cells, clotting, mmol of potassium above normal per ml; degC.

    Returns
    -------
    int
        -1 where a number is none, 1 where something may be ordered or a threshold is behind, else 0.
    """
    potassium = body[p, _POTASSIUM] + 1000.0 * mmol
    if share < state[p, VOLUME_LOWEST]:
        state[p, VOLUME_LOWEST] = share
    if haematocrit < state[p, HAEMATOCRIT_LOWEST]:
        state[p, HAEMATOCRIT_LOWEST] = haematocrit
    if clotting < state[p, CLOTTING_LOWEST]:
        state[p, CLOTTING_LOWEST] = clotting
    if temperature < state[p, TEMPERATURE_LOWEST_C]:
        state[p, TEMPERATURE_LOWEST_C] = temperature
    if potassium > state[p, POTASSIUM_HIGHEST]:
        state[p, POTASSIUM_HIGHEST] = potassium
    if not math.isfinite(share + haematocrit + clotting + potassium + temperature):
        return -1
    if (
        haematocrit < par[_TRIGGER]
        or clotting < par[_CLOTTING_TRIGGER]
        or clotting < par[_CLOTTING_THRESHOLD]
        or potassium > par[_POTASSIUM_THRESHOLD]
    ):
        return 1
    return 0


@inner
def note(body, par, state, p):  # type: ignore[no-untyped-def]
    """Keep a patient's lowest and highest values, as the state has them; answers as `keep`."""
    per_ml = 1.0 / state[p, VOLUME_ML]
    return keep(
        body,
        par,
        state,
        p,
        state[p, VOLUME_ML] / body[p, _VOLUME],
        state[p, RED_ML] * per_ml,
        state[p, CLOTTING] * per_ml,
        state[p, POTASSIUM_MMOL] * per_ml,
        state[p, TEMPERATURE_C],
    )
