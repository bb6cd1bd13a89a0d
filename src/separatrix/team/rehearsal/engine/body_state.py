"""What the physiology knows of a patient at a minute: columns of its state."""

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
"""Bits of the column CROSSED."""
