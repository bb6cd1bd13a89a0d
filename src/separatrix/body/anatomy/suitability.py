"""Whether the children may be parted: gates that are met, not met or to be confirmed. Never a score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.model import Gate, GateState, HeadFrame
from separatrix.case.model import GATE_NAMES, CaseFile, Findings
from separatrix.core import Twin, Unknown
from separatrix.evidence import EvidenceReader

GATE_IDS = GATE_NAMES
"""Gates that ``suitability:`` in the case file may answer; those per child as ``heart.A``, ``heart.B``."""

Reading = tuple[GateState, str]

_OPEN, _MET, _NOT_MET = GateState.TO_BE_CONFIRMED, GateState.MET, GateState.NOT_MET


@dataclass(frozen=True, slots=True, kw_only=True)
class Union:
    """What was found of the union, as far as the gates ask."""

    refused_because: str
    """Why the union is not of the vault; empty where it is."""
    site_known: bool
    """Whether the place of the union was told or seen."""
    shared_posterior_fossa: Reading
    deep_bridge: Reading
    brain_plane: Reading
    shared_sinus: bool | Unknown
    arteries: Mapping[Twin, str]
    """What the label map says of each child's arteries."""


_QUESTIONS = {
    "vault": "Is the union one of the skull vault alone?",
    "deep_bridge": "Is there neither a shared posterior fossa nor a bridge of deep brain?",
    "arterial_supply": "Has {twin}'s brain arteries of its own, or shared feeders that can be closed?",
    "drainage": "Does {twin} keep a way out for the brain's venous blood, or can stages build one?",
    "heart": "Can {twin}'s heart carry a circulation of its own?",
    "kidneys": "Can {twin}'s kidneys serve {twin} alone?",
    "airway": "Can {twin}'s airway be secured and kept?",
    "weight": "Is {twin} heavy and well fed enough?",
    "coverage": "Is there, or can there be grown, skin to close {twin}?",
}

_RULES = {
    "vault": ("vault_only",),
    "deep_bridge": ("posterior_fossa", "no_deep_bridge", "brain_plane"),
    "arterial_supply": ("own_arteries",),
    "drainage": ("drainage_left",),
    "heart": ("heart_and_kidneys",),
    "kidneys": ("heart_and_kidneys",),
    "airway": ("airway",),
    "weight": ("weight", "weight_share_fed_up"),
    "coverage": ("coverage",),
}
"""Evidence entries (``suitability.…``) that a gate rests on."""

_OF_THE_PAIR = ("vault", "deep_bridge")
"""Gates that are asked once, not of each child."""


def suitability(case: CaseFile, union: Union, *, evidence: EvidenceReader) -> tuple[Gate, ...]:
    """Every gate with its state, what that rests on, and what people have confirmed.

    Notes
    -----
    The program calls a gate met or not met only where geometry says so plainly; all else is to be
    confirmed by the team. A person's finding stands before the program's reading, and both are shown
    where they differ.
    """
    gates = []
    for name in GATE_IDS:
        rules = [evidence.entry(f"suitability.{rule}") for rule in _RULES[name]]
        sources = tuple(sorted({source for rule in rules for source in rule.source_ids}))
        for twin in (None,) if name in _OF_THE_PAIR else tuple(Twin):
            state, because = _reading(name, twin, case, union, evidence)
            finding = _finding(name, twin, case)
            if finding is not None:
                state, because = _told(finding, state, because)
            gates.append(
                Gate(
                    id=name if twin is None else f"{name}.{twin.value}",
                    question=_QUESTIONS[name].format(twin=twin.value if twin else ""),
                    state=state,
                    because=because,
                    source_ids=sources,
                    twin=twin,
                )
            )
    return tuple(gates)


def _finding(name: str, twin: Twin | None, case: CaseFile) -> Findings | None:
    if twin is not None and f"{name}.{twin.value}" in case.suitability:
        return case.suitability[f"{name}.{twin.value}"]
    return case.suitability.get(name)


def _told(finding: Findings, state: GateState, because: str) -> Reading:
    told = GateState(finding.answer)
    text = f"{finding.answer}: {finding.by}, {finding.on.isoformat()}"
    text += f" ({finding.note})" if finding.note else ""
    if told is not state and state is not _OPEN:
        text += f". The program's own reading was '{state.value}': {because}"
    return told, text


def _reading(name: str, twin: Twin | None, case: CaseFile, union: Union, evidence: EvidenceReader) -> Reading:
    if name == "vault":
        return _vault(union)
    if name == "deep_bridge":
        return _worst(union.shared_posterior_fossa, union.deep_bridge, union.brain_plane)
    assert twin is not None
    if name == "arterial_supply":
        return _OPEN, union.arteries.get(twin, "no imaging; angiography tells")
    if name == "drainage":
        return _drainage(union)
    if name == "weight":
        return _weight(case, twin, evidence)
    return _OPEN, {
        "heart": "echocardiography under the present load; failure of one heart and kidneys that carry both "
        "circulations is described",
        "kidneys": "urine output and creatinine; anuria of one twin is described",
        "airway": "anaesthetic assessment of each child in the joined position",
        "coverage": "skin, dura and bone to close each child are planned from the cut; to be judged by "
        "the plastic surgeons",
    }[name]


def _vault(union: Union) -> Reading:
    if union.refused_because:
        return _NOT_MET, union.refused_because
    if not union.site_known:
        return _OPEN, "the place of the union was neither told nor seen on scans"
    return _MET, "the union lies on the vault of both heads"


def _worst(*readings: Reading) -> Reading:
    """Join readings: one not met decides, then one to be confirmed."""
    order = (_NOT_MET, _OPEN, _MET)
    state = min((r[0] for r in readings), key=order.index)
    return state, "; ".join(text for _, text in readings)


def _drainage(union: Union) -> Reading:
    if isinstance(union.shared_sinus, Unknown):
        return _OPEN, f"a shared sinus is unknown because {union.shared_sinus.because}; venography tells"
    if union.shared_sinus:
        return _OPEN, "a venous sinus is shared: venography and the order of division decide who keeps what"
    return _OPEN, "no shared sinus was found; venography must confirm it"


def _weight(case: CaseFile, twin: Twin, evidence: EvidenceReader) -> Reading:
    weights = {t: case.twins[t.value].weight_kg for t in Twin if t.value in case.twins}
    own, other = weights.get(twin), weights.get(twin.other)
    if own is None:
        return _OPEN, "no weight is given in the case"
    text = f"{own:g} kg"
    if other is not None:
        text += f", {100 * own / other:.0f} % of {twin.other.value}"
    share = 100 * evidence.number("suitability.weight_share_fed_up")
    text += (
        f"; nutrition against age is for the team (a pair at {share:.0f} % of normal weight was fed up first)"
    )
    return _OPEN, text


def read_deep_bridge(
    points_mm: npt.NDArray[np.float64],
    brain_centres_mm: Mapping[Twin, npt.NDArray[np.float64]],
    *,
    evidence: EvidenceReader,
) -> Reading:
    """Whether the contact comes near the middle of a brain, where deep nuclei lie.

    Parameters
    ----------
    points_mm
        On the surface between the children, LPS mm, shape (n, 3).
    brain_centres_mm
        Middle of each brain, LPS mm, shape (3,).
    """
    limit = evidence.number("anatomy.deep_distance.low")
    if not len(points_mm) or not brain_centres_mm:
        return _OPEN, "the brains do not meet in the label map"
    nearest = {t: float(np.linalg.norm(points_mm - c, axis=1).min()) for t, c in brain_centres_mm.items()}
    twin = min(nearest, key=lambda t: nearest[t])
    text = f"the contact stays {nearest[twin]:.0f} mm from the middle of {twin.value}'s brain"
    if nearest[twin] >= limit:
        return _MET, f"{text} (limit {limit:g} mm)"
    return _OPEN, f"{text}, nearer than {limit:g} mm: look for a bridge of deep nuclei"


def read_posterior_fossa(
    points_mm: npt.NDArray[np.float64], frames: Mapping[Twin, HeadFrame], *, evidence: EvidenceReader
) -> Reading:
    """Whether the contact reaches the region behind and low where the posterior fossa lies.

    Parameters
    ----------
    points_mm
        On the surface between the children, LPS mm, shape (n, 3).
    """
    limit = evidence.number("anatomy.posterior_fossa_height.high")
    if not len(points_mm):
        return _OPEN, "the children do not meet in the label map"
    reached, lowest = [], {}
    for twin, frame in frames.items():
        towards = points_mm - frame.origin_mm
        height, front = towards @ frame.superior, towards @ frame.facing
        lowest[twin] = float(height.min())
        if bool(((height < limit) & (front < 0)).any()):
            reached.append(twin.value)
    if reached:
        heads = " and ".join(reached)
        return (
            _OPEN,
            f"the contact reaches the region of the posterior fossa of {heads}: look for a shared one",
        )
    height_mm = min(lowest.values())
    return _MET, f"the contact stays {height_mm:.0f} mm above the ears' level, clear of the posterior fossa"


def read_brain_plane(fused_ml: float, adherent_cm2: float) -> Reading:
    """Whether a plane between the brains was found everywhere."""
    if fused_ml > 0:
        return _OPEN, f"no plane was found through {fused_ml:.1f} ml of brain: look for joined tissue"
    if adherent_cm2 > 0:
        return _OPEN, f"the brains adhere over {adherent_cm2:.1f} cm²: whether they are joined there is open"
    return _MET, "a gap is seen between the brains everywhere"
