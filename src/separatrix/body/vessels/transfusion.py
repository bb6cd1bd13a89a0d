"""Blood that one child loses to the other on the way: the order is sought for venous pressure alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from separatrix.body.vessels.course import Moment
from separatrix.core import Twin, Unknown

_NONE_ML_PER_MIN = 0.5
"""Less than this prints as nothing."""


def transfusion_words(
    moments: Sequence[Moment], sequence: Sequence[str], blood_volume_ml: Mapping[Twin, float | Unknown]
) -> str:
    """The largest net transfusion of a plan, and how soon it would empty the child that loses.

    Parameters
    ----------
    moments
        Before anything, then after each vessel of `sequence`.
    sequence
        Vessels in the order of the plan.
    blood_volume_ml
        Of each child.

    Returns
    -------
    str
        Empty where no moment passes blood on balance.
    """
    worst = max(moments, key=lambda m: abs(m.exchange.net_ml_per_min))
    net = worst.exchange.net_ml_per_min
    if abs(net) < _NONE_ML_PER_MIN:
        return ""
    loser = Twin.A if net > 0 else Twin.B
    gainer = loser.other
    place = f"after step {worst.done} ({sequence[worst.done - 1]})" if worst.done else "before any division"
    volume = blood_volume_ml.get(loser, Unknown("its blood volume is not known"))
    pace = "" if isinstance(volume, Unknown) else f", its whole blood volume in {volume / abs(net):.1f} min"
    return (
        f"Net transfusion up to {abs(net):.0f} ml/min from {loser.value} {loser.mark} to {gainer.value} "
        f"{gainer.mark} {place}{pace}, if nothing is done and the pressures of both hearts stay as assumed. "
        "The order is sought for venous pressure and does not weigh this: keep such states short, and have "
        "blood ready for the child that loses."
    )
