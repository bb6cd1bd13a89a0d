"""Where and when the rows of the list of complications strike: their words as phases, hours and rules.

The published list speaks of *venous phase* or *first 24 h*; a protocol has phases of its own. One table per
question joins the two, so that nothing is guessed elsewhere. Phases of a protocol that no word means are only
struck by what may strike at any time.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Literal

WHOLE = "whole"

SIMULATED_H = 72.0
"""Hours after the operation that are rehearsed; what the list puts later is named, not drawn."""

_IN_THE_FIELD = (
    ("exposure", "venous", "brain", "parting", "reconstruction"),
    ("opening", "venous", "parting", "closing"),
)

PHASES: dict[str, tuple[tuple[str, ...], ...]] = {
    "readiness": (("readiness",), ("alarm",)),
    "induction": (("induction",), ("alarm",)),
    "anaesthesia": (("anaesthesia",),),
    "positioning": (("positioning",), ("opening",)),
    "craniotomy": (("exposure",), ("opening",)),
    "dura": (("exposure",), ("opening",)),
    "venous phase": (("venous",),),
    "brain separation": (("brain",), ("parting",)),
    "split": (("parting",),),
    "delivery": (("delivery",),),
    "children": (("children",),),
    "closing": (("closing",), ("reconstruction",)),
    "transfer": (("transfer",),),
    "scalp to closure": _IN_THE_FIELD,
    "after 1-1.5 blood volumes": _IN_THE_FIELD,
    "massive transfusion": _IN_THE_FIELD,
}
"""A word of the list as phases of a protocol: the first group of which a protocol has any."""

BEFORE_PARTING = "induction to separation"
"""Anywhere before the children are two."""

LATE = {"after 8 h": 480.0}
"""Only so many minutes after wheels in."""

HOURS: dict[str, tuple[float, float]] = {
    "first 24 h": (0.0, 24.0),
    "first 72 h": (0.0, 72.0),
    "first 4 days": (0.0, 96.0),
    "first week": (0.0, 168.0),
    "first 2 weeks": (0.0, 336.0),
    "first days": (0.0, 72.0),
    "day 1-42": (24.0, 1032.0),
    "day 3-30": (72.0, 744.0),
    "day 3-60": (72.0, 1464.0),
    "week 1 - month 12": (168.0, 8760.0),
}
"""Hours after the operation; day 0 is the day of the operation."""

ELSEWHEN = frozenset({"weeks before", "expansion weeks", "between stages"})
"""Not on the day and not in the days after: another operation, or the weeks before."""

JOINED_ONLY = frozenset(
    {
        "complication.one_twin_dying",
        "complication.unexpected_fusion",
        "complication.drug_crosses",
        "complication.recipient_collapse",
        "complication.failed_clamp_test",
    }
)
"""What only joined children can have, whatever words the row has for where."""

SAME_ANSWER = {"complication.infarct_after_vein_injury": "complication.infarct_after_planned_division"}
"""What looks the same to those who come: answered by the other's response where the protocol has none."""

WORSE = {"complication.vae_any": "complication.vae_low_pressure"}
"""Outcomes that a cause turns into during the operation. Both entries are of all children, so the share is
their ratio."""

AFTER_CAUSE = {"complication.infarct_after_vein_injury": "complication.sinus_tear_total_form"}
"""Outcomes in the days after, and the cause in the operation that they follow from: one vein each time."""

RETURNS = frozenset({"complication.haematoma_return"})
"""What means a return to theatre."""

ERRORS = frozenset(
    {
        "complication.wrong_twin_given",
        "complication.line_dislodged",
        "complication.identity_swap",
        "complication.equipment_problem",
    }
)
"""What people do, and tired people do more often."""

TRIGGERS = {
    "massive_bleeding": "complication.sinus_tear_total_form",
    "neuraxial_failed": "complication.high_block",
    "stuck": "complication.heads_stuck",
    "traction_injury": "complication.bridge_torn",
    "airway_blocked": "complication.newborn_airway_blocked",
    "newborn_arrest": "complication.newborn_compressions",
    "maternal_haemorrhage": "complication.mother_bleeds",
}
"""Words by which branches of the library's protocols are opened, where they are not a complication's own."""

LOSS_PHASE: dict[str, str] = {
    "opening": "exposure",
    "exposure": "exposure",
    "positioning": "exposure",
    "venous": "venous",
    "brain": "brain",
    "parting": "parting",
    "reconstruction": "closing",
    "closing": "closing",
    "stage_close": "closing",
}
"""Phase of a protocol as the phase whose weight its losses have; others have that of the exposure."""


class Bleeds(enum.Enum):
    """How fast it bleeds while it is not under control."""

    CHILD = "child"
    """From one child: so many times what skull surgery in infants loses in a minute."""
    SHARED = "shared"
    """The same from what both share: half of it from either."""
    MOTHER = "mother"
    """From the mother, at a rate of its own."""
    BRIDGE = "bridge"
    """From either newborn, by weight."""


BLEEDING = {
    "complication.sinus_tear_total_form": Bleeds.SHARED,
    "complication.haemorrhage": Bleeds.CHILD,
    "complication.bridge_torn": Bleeds.BRIDGE,
    "complication.mother_bleeds": Bleeds.MOTHER,
}
"""Complications that cost blood until they are under control."""

Unit = Literal["child", "pair", "move", "mother"]

UNITS: dict[str, Unit] = {
    "child_operation": "child",
    "child": "child",
    "pair": "pair",
    "pair_operation": "pair",
    "operation": "pair",
    "sinus_segment": "pair",
    "child_move": "move",
    "mother": "mother",
}
"""What one draw is for. All other units (an injured vein, an expander) are never drawn alone."""


@dataclass(frozen=True, slots=True)
class Where:
    """Where a row strikes during the operation."""

    phases: frozenset[str] | None
    """Phases of the protocol; None: any."""
    not_before_min: float = 0.0
    joined_only: bool = False


def during(words: tuple[str, ...], phases: tuple[str, ...]) -> Where | None:
    """Where words of a row lie in a protocol; None where they do not lie in the operation.

    Parameters
    ----------
    words
        `Complication.phases`.
    phases
        Phases of the protocol.

    Examples
    --------
    >>> sorted(during(("craniotomy", "venous phase"), ("exposure", "venous", "brain")).phases)
    ['exposure', 'venous']
    >>> during(("first 24 h",), ("exposure",)) is None
    True
    >>> during(("whole",), ("exposure",))
    Where(phases=None, not_before_min=0.0, joined_only=False)
    """
    found: set[str] = set()
    for word in words:
        if word == WHOLE:
            return Where(None)
        if word == BEFORE_PARTING:
            return Where(None, joined_only=True)
        if word in LATE:
            return Where(None, not_before_min=LATE[word])
        for group in PHASES.get(word, ()):
            here = set(group) & set(phases)
            if here:
                found |= here
                break
    return Where(frozenset(found)) if found else None


def hours_after(words: tuple[str, ...]) -> tuple[float, float] | None:
    """Hours after the operation in which a row strikes; None where it does not then.

    Examples
    --------
    >>> hours_after(("venous phase", "first 72 h"))
    (0.0, 72.0)
    """
    return next((HOURS[word] for word in words if word in HOURS), None)
