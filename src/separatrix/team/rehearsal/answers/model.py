"""The nouns of a rehearsal's answers: what was rehearsed, what goes wrong, what to change.

Times are minutes from wheels in, intervals are 95 % intervals of sampling (they shrink with runs), bands are
5-95 % over the assumptions (they do not). Nothing here is a target or a promise: the matrix tells *arrival,
not success*.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal

FOOTER = (
    "Arrival, not success: in time means that everybody and everything called was there within the target, "
    "not that the complication was mastered."
)
"""Stands under every contingency matrix."""

SEPARATION_WORDING = "For relief and supplies, not a target."
"""Stands beside every distribution of the separation moment."""

CellStatus = Literal["in_time", "late", "nobody", "impossible"]
Severity = Literal["stop", "mend", "know"]
"""``stop``: mend it before the day; ``mend``: better mended; ``know``: the team should know it."""
MissingKind = Literal["person", "equipment", "stock"]
CalibrationVerdict = Literal["inside", "off", "not_simulated"]
ChangeKind = Literal["person", "relief", "equipment", "stock", "break", "order"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """A distribution by five quantiles, over the rehearsals in which the moment came."""

    q05: float
    q10: float
    q50: float
    q90: float
    q95: float
    came: float = 1.0
    """Share of rehearsals in which it came at all: a staged operation has no separation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A number over the assumptions: 5 %, 50 % and 95 % of the outer draws.

    `value` is at the values as they are; it is not printed as a bare percentage where `assumed` is true.
    """

    value: float
    low: float
    middle: float
    high: float
    sampling_low: float
    """95 % interval of sampling of `value`."""
    sampling_high: float
    share_assumptions: float
    """Of the variance between outer draws, the part that comes from the assumptions; the rest is sampling."""
    marks: str
    """Marks of the numbers it rests on most, such as ``"AM"``."""
    assumed: bool
    """It rests mainly on assumptions (mark A): a range of plans, not a percentage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Who or what was not there, in what share of a cell's runs."""

    kind: MissingKind
    id: str
    """Skill, equipment or consumable, with the patient's letter where it is of one: ``anaesthetist@A``."""
    title: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One complication forced upon one activity, in one patient or the pair."""

    activity: str
    complication: str
    patient: str
    """Empty: the pair, or the room."""
    state: Literal["joined", "apart"]
    """As planned at the activity."""
    status: CellStatus
    runs: int = 0
    """Forced rehearsals in which it struck."""
    in_time: int = 0
    late: int = 0
    nobody: int = 0
    wilson_low: float = 0.0
    """95 % interval of the share in time."""
    wilson_high: float = 1.0
    target_min: float | None = None
    """Target of the response for all to be there."""
    arrival_min: float | None = None
    """Mean over the runs in which all came."""
    added_min: float | None = None
    """Mean added to the end, against the same rehearsal without it."""
    added_low_min: float | None = None
    added_high_min: float | None = None
    added_separation_min: float | None = None
    """The same of the separation; None after it."""
    added_separation_low_min: float | None = None
    added_separation_high_min: float | None = None
    missing: tuple[Missing, ...] = ()
    """Most often missing first."""
    because: str = ""
    """Of an impossible cell: why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two complications at once that want the same scarce person or thing."""

    activity: str
    first: str
    """Complication, and patient where there is one: ``complication.asystole@A``."""
    second: str
    short: tuple[Missing, ...]
    """What both together lack; `Missing.share` is 1: it follows from the script, not from runs."""
    short_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """The contingency matrix: every activity, every complication, joined and apart."""

    cells: tuple[Cell, ...]
    """Possible cells first, in order of activity, then complication, then patient."""
    pairs: tuple[Pair, ...]
    runs_per_cell: int
    covered_share: float
    """A cell is in time where the lower bound of its share in time is at least this."""
    footer: str = FOOTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not ready."""

    key: str
    """Its identity, the same as long as the same thing is not ready: ``cell:asystole@A:anaesthetist``."""
    severity: Severity
    title: str
    text: str
    """What is wrong and what it leads to, in plain words."""
    mend: str = ""
    cells: tuple[str, ...] = ()
    """``activity/complication/patient`` of the matrix, worst first."""
    missing: tuple[str, ...] = ()
    """Ids of who or what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Mean difference of one outcome between the changed plan and the plan, run by run."""

    outcome: str
    before: float
    mean: float
    """Changed less unchanged: negative is better."""
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that could be changed, and what paired rehearsals say of it."""

    key: str
    kind: ChangeKind
    text: str
    effects: tuple[Effect, ...]
    runs: int
    mends: tuple[str, ...] = ()
    """Keys of findings that it mends."""
    brings: tuple[str, ...] = ()
    """Keys of findings that it brings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probability:
    """A printed probability, never without its band."""

    id: str
    text: str
    band: Band
    children: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """One assumption of the tornado: each outcome with this number alone at its low and its high."""

    id: str
    title: str
    mark: str
    low: float
    high: float
    at_low: Mapping[str, float]
    """Outcome to its paired change from the value as it is."""
    at_high: Mapping[str, float]
    half_width: Mapping[str, float]
    """95 % half-width of sampling of those changes: a smaller swing is noise."""
    advice_changes: bool | None = None
    """The change that helps most would be another one; None: not asked, its swing is too small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rare:
    """A rare outcome by importance sampling, or why it is refused."""

    id: str
    text: str
    estimate: float | None
    low: float | None
    high: float | None
    runs: int
    effective_runs: float
    mean_weight: float
    """Must be 1 within its error."""
    hits: int
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BloodOrder:
    """Packs to order for one patient so that they suffice at a confidence."""

    patient: str
    product: Literal["red_cells", "plasma", "platelets"]
    confidence: float
    packs: int
    low: int
    """5-95 % over the assumptions."""
    high: int
    stock: int
    """What the team has written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseEnd:
    """End of one phase, planned and rehearsed."""

    phase: str
    planned_min: float
    end_min: Quantiles


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientAnswer:
    """One patient's operation; lowest volume as a share of the volume at the start."""

    patient: str
    anaesthesia_min: Quantiles
    lost_ml: Quantiles
    volume_lowest: Quantiles
    haematocrit_lowest: Quantiles
    temperature_lowest_c: Quantiles
    potassium_highest_mmol_per_l: Quantiles
    clotting_lowest: Quantiles


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAnswer:
    """One person's day, means over the rehearsals."""

    person: str
    work_min: float
    overtime_min: float
    waiting_min: float
    breaks_lost: float
    crisis_min: float
    awake_h: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """A published total beside what the rehearsals add up to."""

    id: str
    """Entry of the evidence."""
    title: str
    per: str
    """What one trial is: a child, a pair, the planned time, …"""
    mark: str
    verdict: CalibrationVerdict
    published: float | None = None
    published_low: float | None = None
    published_high: float | None = None
    simulated: float | None = None
    simulated_low: float | None = None
    """95 % interval of sampling."""
    simulated_high: float | None = None
    tuned: bool = False
    """A number of the model was set to it, so that it checks nothing."""
    because: str = ""
    """Why it is off, or why it is not simulated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """All answers of the rehearsal of one operation."""

    procedure: str
    patients: tuple[str, ...]
    runs: int
    seed: int
    digest: str
    separation_min: Quantiles | None
    """None where the protocol parts nobody, such as a birth."""
    end_min: Quantiles
    matrix: Matrix
    findings: tuple[Finding, ...]
    circulations_part_min: Quantiles | None = None
    separation_independent_min: Quantiles | None = None
    """Beside it: the same with independent lengths, without the common factor and the tail."""
    end_independent_min: Quantiles | None = None
    phases: tuple[PhaseEnd, ...] = ()
    per_patient: tuple[PatientAnswer, ...] = ()
    per_person: tuple[PersonAnswer, ...] = ()
    blood: tuple[BloodOrder, ...] = ()
    changes: tuple[Change, ...] = ()
    """Those that help most, best first."""
    probabilities: tuple[Probability, ...] = ()
    """Empty for a birth: no probability is printed there."""
    swings: tuple[Swing, ...] = ()
    """Widest first."""
    rare: tuple[Rare, ...] = ()
    assumption_draws: int = 0
    marks: Mapping[str, int] = field(default_factory=dict)
    """How many numbers of each mark it rests on."""
    annex: tuple[Probability | Rare, ...] = ()
    """Harm to the children: engineering annex only, never on a wall, a family's page or a summary."""
    calibration: tuple[Calibrated, ...] = ()
    """Every published total beside the rehearsals'; empty for a birth, of which nothing is drawn."""
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As ``plan/rehearsal/result.json`` stores it."""
        told: dict[str, Any] = plain(self)
        matrix = told.pop("matrix")
        return {
            "format": 1,
            "digest": told.pop("digest"),
            "separation_min": told.pop("separation_min"),
            "end_min": told.pop("end_min"),
            **told,
            "matrix": [_stored(cell) for cell in matrix.pop("cells")],
            "matrix_facts": matrix,
        }


STABLE = (
    "activity",
    "complication",
    "patient",
    "state",
    "status",
    "runs",
    "in_time",
    "wilson_low",
    "wilson_high",
    "added_min",
    "missing",
    "because",
)
"""What every stored cell has; those that are impossible have nothing else."""


def _stored(cell: dict[str, Any]) -> dict[str, Any]:
    return {name: cell[name] for name in STABLE} if cell["status"] == "impossible" else cell


def plain(value: Any) -> Any:
    """Dataclasses, tuples and mappings as plain data; a number that is not finite is ``None``.

    Examples
    --------
    >>> plain(Missing(kind="person", id="coordinator", title="Coordinator", share=math.inf))["share"] is None
    True
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
