"""Scripts for an operation of which only bulletins are known: the protocol over anatomies it may have had.

No bulletin prints how many vessels crossed or how large the gap was. Both are drawn over their evidence
ranges, which are assumptions, as a small Latin hypercube; each draw is planned like any case.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from separatrix.evidence import EvidenceReader
from separatrix.team.choreography.model import Schedule
from separatrix.team.choreography.plan import choreograph
from separatrix.team.protocol import (
    Closure,
    Procedure,
    assumed_crossings,
    default_team,
    inputs_for,
    procedures,
    read_protocol,
)

PROTOCOL = "separation"
PAIRING = (1, 4, 2, 0, 3)
"""The k-th fifth of the numbers of crossings goes with this fifth of the gaps: uncorrelated, since nobody has
published how they go together."""

_CROSSINGS = "procedure.default.crossings"
_CLOSURE = {
    "scalp_cm2": "procedure.default.closure_scalp",
    "bone_cm2": "procedure.default.closure_bone",
    "dura_cm2": "procedure.default.closure_dura",
}


@dataclass(frozen=True, slots=True)
class Script:
    """One planned operation."""

    procedure: Procedure
    schedule: Schedule
    text: str


def scripts(*, evidence: EvidenceReader, operations: int, seed: int) -> tuple[Script, ...]:
    """The parting operation of a plan in so many operations, over the anatomies it may have had.

    Parameters
    ----------
    evidence
        The numbers as they hold.
    operations
        1, or as many as the protocol is written for; of a series, the last is taken.
    seed
        Of the planner.
    """
    protocol = read_protocol(PROTOCOL, evidence=evidence)
    team = default_team(protocol, evidence=evidence)
    made = []
    for k, of_gap in enumerate((fifth + 0.5) / len(PAIRING) for fifth in PAIRING):
        many = round(_at(evidence, _CROSSINGS, (k + 0.5) / len(PAIRING)))
        closure = Closure(**{tissue: _at(evidence, key, of_gap) for tissue, key in _CLOSURE.items()})
        inputs = inputs_for(
            protocol,
            evidence=evidence,
            operations=operations,
            crossings=assumed_crossings(many, operations),
            closure={"A": closure, "B": closure},
        )
        procedure = procedures(protocol, inputs, team, evidence=evidence)[-1]
        schedule = choreograph(procedure, seed=seed, threads=1, effort="first")
        made.append(Script(procedure, schedule, f"{many} crossings, {closure.bone_cm2:.0f} cm² of bone"))
    return tuple(made)


def told(listed: Iterable[Script]) -> str:
    """The anatomies in one line."""
    return "; ".join(script.text for script in listed)


def _at(evidence: EvidenceReader, key: str, fraction: float) -> float:
    """Quantile of the triangular distribution over low, value and high of an entry.

    The value where it has no range.
    """
    entry, mode = evidence.entry(key), evidence.number(key)
    low = mode if entry.low is None else min(entry.low, mode)
    high = mode if entry.high is None else max(entry.high, mode)
    if high == low:
        return mode
    rise = (mode - low) / (high - low)
    if fraction < rise:
        return float(low + (fraction * (high - low) * (mode - low)) ** 0.5)
    return float(high - ((1 - fraction) * (high - low) * (high - mode)) ** 0.5)
