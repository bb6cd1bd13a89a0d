"""Two children, never one sum: which end state is best for the child worse off, and how each is titled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from separatrix.body.vessels.model import Ints, Reals
from separatrix.core import Twin

TIE_MMHG = 1e-6
"""Rounding of harms where states are held against each other for the front."""

SHOWN_MMHG = 0.05
"""Half of the last digit that pages print: differences below it are not spoken of."""

Pair = tuple[float, float]
"""Harm of A and of B in mmHg; infinite where a region is left without drainage."""


def worst_first(harm: Reals) -> Reals:
    """(n, 2) the larger of both children's harm, then the other's: what the default minimises in turn."""
    return np.column_stack([harm.max(axis=1), harm.min(axis=1)])


def fairest(harm: Reals, *ties: Reals) -> int:
    """The state that is best for the child worse off.

    The larger of both children's harm is made as small as it can be; among those the other child's; among
    those each of `ties` in turn; then the first. Harms closer than `SHOWN_MMHG` count as the same: no child
    pays for a difference that nobody could measure.

    Parameters
    ----------
    harm
        (n, 2) of A and B in mmHg, against the child's own state before.
    *ties
        (n,) each.

    Raises
    ------
    ValueError
        If there is no state to choose from.
    """
    if len(harm) == 0:
        raise ValueError("no state to choose from")
    left: Ints = np.arange(len(harm))
    ordered = worst_first(harm)
    for values in (ordered[:, 0], ordered[:, 1], *ties):
        least = values[left].min()
        if np.isfinite(least):
            left = left[values[left] <= least + SHOWN_MMHG]
    return int(left[0])


def least_sum(harm: Reals) -> int:
    """The state that a sum over both children would choose; shown beside the default, never taken."""
    return int(np.argmin(harm.sum(axis=1)))


def undominated(harm: Reals) -> Ints:
    """Indices of the states that no other beats for one child without being worse for the other.

    Of equal states the first stands for all; best for A first.
    """
    harm = np.round(harm / TIE_MMHG) * TIE_MMHG
    order = np.lexsort((np.arange(len(harm)), harm[:, 1], harm[:, 0]))
    kept: list[int] = []
    best_b = np.inf
    for i in order:
        if harm[i, 1] < best_b - TIE_MMHG or not kept:
            kept.append(int(i))
            best_b = harm[i, 1]
    finite = [i for i in kept if np.isfinite(harm[i]).any()]
    return np.array(finite or kept[:1], dtype=np.int64)


def told(rise_mmHg: float) -> str:
    """A rise in words."""
    if not np.isfinite(rise_mmHg):
        return "a region without drainage (infarct expected)"
    return f"{round(rise_mmHg, 1) + 0.0:+.1f} mmHg"


def default_title(harm: Pair) -> str:
    """Title of the plan that is best for the child worse off."""
    a, b = harm
    title = f"Best for the child worse off: A {told(a)}, B {told(b)}"
    if not (np.isfinite(a) and np.isfinite(b)):
        return title + "; no division spares both: a named person decides"
    for worse, twin in ((a, Twin.A), (b, Twin.B)):
        other = b if twin is Twin.A else a
        if worse > SHOWN_MMHG and other < -SHOWN_MMHG:
            return f"{title}; {twin.other.value} is better off than before, {twin.value} worse"
    return title


def title_of(harm: Pair, default: Pair) -> str:
    """Title of an end state beside the default; one that worsens a child to help the other says so."""
    change = [_less(h, d) for h, d in zip(harm, default, strict=True)]
    for twin, this, other in ((Twin.A, 0, 1), (Twin.B, 1, 0)):
        if change[this] > SHOWN_MMHG and change[other] < -SHOWN_MMHG:
            return (
                f"Worsens {twin.value} to help {twin.other.value}: {twin.value} {told(harm[this])} instead "
                f"of {told(default[this])}, {twin.other.value} {told(harm[other])} instead of "
                f"{told(default[other])}; only by a named person's choice"
            )
    if max(change) > SHOWN_MMHG:
        worse = Twin.A if change[0] >= change[1] else Twin.B
        return f"Worse for {worse.value} than the default, with no gain for {worse.other.value}"
    return f"As good as the default: A {told(harm[0])}, B {told(harm[1])}"


def needs_choice(harm: Pair, default: Pair) -> bool:
    """Whether an end state waits for a named person: it helps one child at the other's cost."""
    if not all(map(np.isfinite, default)):
        return True
    change = [_less(h, d) for h, d in zip(harm, default, strict=True)]
    return max(change) > SHOWN_MMHG


def _less(harm: float, default: float) -> float:
    """Harm over the default's; two states without drainage are alike."""
    return 0.0 if harm == default else harm - default


def why_not_the_sum(harm: Reals, default: int) -> str:
    """Why the state of the least sum is not the default; empty where both are the same.

    Parameters
    ----------
    harm
        (n, 2) of all states.
    default
        What `fairest` chose.
    """
    summed = least_sum(harm)
    chosen, other = harm[default], harm[summed]
    if not np.isfinite(other).all() or np.abs(chosen - other).max() <= SHOWN_MMHG:
        return ""
    worse = Twin.A if other[0] - chosen[0] > other[1] - chosen[1] else Twin.B
    mine, yours = (0, 1) if worse is Twin.A else (1, 0)
    return (
        f"A smallest sum over both children ({other.sum():.1f} instead of {chosen.sum():.1f} mmHg) would "
        f"raise {worse.value} by {other[mine]:.1f} instead of {chosen[mine]:.1f} mmHg to spare "
        f"{worse.other.value} {chosen[yours] - other[yours]:.1f} mmHg. It is not the default: no child pays "
        f"for the other without a named person's choice."
    )


def why_not_the_other(harm: Reals, default: int, names: Sequence[str], least_mmHg: float) -> list[str]:
    """States that cost the child worse off next to nothing and spare the other much: for people to weigh.

    Parameters
    ----------
    harm
        (n, 2) of all states.
    default
        What `fairest` chose.
    names
        (n,) of the states.
    least_mmHg
        What is worth telling, mmHg.
    """
    told_of = []
    chosen = harm[default]
    for i, other in enumerate(harm):
        change = other - chosen
        for pays, gains in ((0, 1), (1, 0)):
            if SHOWN_MMHG < change[pays] < least_mmHg / 4 and change[gains] <= -least_mmHg:
                payer, gainer = "AB"[pays], "AB"[gains]
                told_of.append(
                    f"{names[i]} would cost {payer} {change[pays]:.1f} mmHg and spare {gainer} "
                    f"{-change[gains]:.1f} mmHg. By rule the child worse off comes first, however little it "
                    "is: a named person may choose otherwise."
                )
    return told_of
