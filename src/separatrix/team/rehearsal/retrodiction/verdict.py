"""What a comparison says in plain words: where the rehearsal fits what happened, where it is off, and why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # they read each other's nouns
    from separatrix.team.rehearsal.retrodiction.retrodict import Count, SpanResult

Side = Literal["low", "high"]

_Z90 = 1.645
"""Two-sided 90 % point of the normal distribution."""
_FEW_CASES = 5
"""Below this nothing can be said of how often spans lie inside."""

_CLOSING = (
    "the script closes both children side by side over gaps of equal size, with a team for each; here one "
    "child's closing took far longer"
)
_DOUBLED = (
    "unexpected veins or fused brain about doubled it: the model gives that a small chance, which is an "
    "assumption"
)
_SHORT = (
    "the protocol holds a total union with shared veins, both children's transfer, checks and breaks; "
    "partial unions, separate brains and veins blocked beforehand leave less to do, and papers often count "
    "from the first cut to the last stitch"
)
_WHY: dict[tuple[str, Side], str] = {
    ("first_out_to_end", "high"): _CLOSING,
    ("first_out_to_end", "low"): "one child's closing was hardly longer than the other's",
    ("apart_to_end", "high"): _CLOSING,
    ("apart_to_first_out", "high"): _CLOSING,
    ("whole", "low"): _SHORT,
    ("whole", "high"): "beyond the tail, such as a common sinus or an operation over several days: the model "
    "knows one chance of a doubled length, and nothing longer",
    ("in_room_to_apart", "low"): _SHORT,
    ("start_to_apart", "low"): _SHORT,
    ("incision_to_apart", "low"): _SHORT,
    ("in_room_to_apart", "high"): _DOUBLED,
    ("start_to_apart", "high"): _DOUBLED,
    ("incision_to_apart", "high"): _DOUBLED,
    (
        "share_to_apart",
        "low",
    ): "closing took longer beside the parting than the script has it: it closes both "
    "children side by side, with a team for each",
    ("share_to_apart", "high"): "the part before parting ran over, the closing did not: the model stretches "
    "both by the same factor, but for the factor of each phase",
    ("over_plan", "high"): _DOUBLED,
    ("over_plan", "low"): "what was announced held a reserve that the protocol's lengths do not hold",
}
_ELSE: dict[Side, str] = {
    "low": "shorter than the protocol's lengths of these steps allow",
    "high": "longer than the protocol's lengths of these steps allow",
}
_WHY_OTHER = {
    "shares of the whole": "another union has another shape: other steps before parting, one or two teams, "
    "no bone to cover; this row tests the shape of the day, not the parting of two heads",
    "taken over planned": "what teams announce for other unions scatters more than the published mean and "
    "SD of its logarithm",
}


def why_off(row: SpanResult) -> str:
    """Why an observation may lie outside the middle 80 %; empty where it lies inside or is not comparable.

    A reason that fits the kind of span and the side; the logs tell no more.
    """
    if row.pit is None or row.inside_80:
        return ""
    side: Side = "low" if row.pit < 0.5 else "high"
    if row.union == "other union":
        kind = row.group.split(", ", 1)[1]
        return _WHY_OTHER.get(kind, "")
    key = "over_plan" if row.span.endswith("over_plan") else row.span
    return _WHY.get((key, side), _ELSE[side])


def verdict_of(rows: Sequence[SpanResult], counts: Sequence[Count]) -> tuple[str, ...]:
    """Sentences: one for each kind of span, then how much of it is a test at all.

    Parameters
    ----------
    rows, counts
        Of one comparison.
    """
    told = [_judged(count) for count in counts if count.seen is None]
    comparable = [row for row in rows if row.comparable]
    unseen = [row for row in comparable if not row.used_for_tuning]
    if not comparable:
        return ("Nothing here can be compared: see the reasons beside each span.",)
    if not unseen:
        told.append(
            "Every case here was known while the numbers were set: where they agree this tests nothing; "
            "only other logs can."
        )
    else:
        cases = len({row.case for row in unseen})
        inside = sum(bool(row.inside_80) for row in unseen)
        told.append(
            f"Of cases that the evidence does not name: {inside} of {len(unseen)} spans ({cases} cases) lie "
            "in the middle 80 %. Only these test the model."
        )
    left = len(rows) - len(comparable)
    if left:
        told.append(f"{left} spans are not comparable; the reason stands beside each.")
    return tuple(told)


def _judged(count: Count) -> str:
    share_50, share_80 = count.inside_50 / count.spans, count.inside_80 / count.spans
    text = (
        f"{count.group.capitalize()}: {count.inside_50} of {count.spans} spans in the middle 50 %, "
        f"{count.inside_80} in the middle 80 % ({_plural(count.cases)}). "
    )
    if count.cases < _FEW_CASES:
        return text + "Too few cases to judge."
    half = _Z90 * math.sqrt(1 / 12 / count.cases)
    said = []
    if count.mean_pit < 0.5 - half:
        said.append("On average the observed values are smaller than rehearsed")
    elif count.mean_pit > 0.5 + half:
        said.append("On average the observed values are larger than rehearsed")
    if share_80 < count.likely_80[0] or share_50 < count.likely_50[0]:
        said.append("the rehearsed intervals are too narrow or in the wrong place")
    elif share_50 > count.likely_50[1]:
        said.append("the rehearsed intervals are wider than need be")
    if not said:
        return text + "Nothing here speaks against the model; with so few cases that is weak praise."
    joined = ", and ".join(said)
    return text + joined[0].upper() + joined[1:] + "."


def _plural(cases: int) -> str:
    return f"{cases} case" + ("s" if cases != 1 else "")
