"""Anatomy as people tell it, where there is no imaging: class, crossings and defects, no volumes."""

from __future__ import annotations

from typing import Any

from separatrix.body.anatomy.classify import Thresholds, UnionFacts, axes_near, classify, varieties_near
from separatrix.body.anatomy.model import NO_BODY_ANGLE, Anatomy, GateState, SharedItem
from separatrix.body.anatomy.site import refused_by_name, site_fault
from separatrix.body.anatomy.suitability import Reading, Union, suitability
from separatrix.case import Case
from separatrix.case.model import CaseFile, HandAnatomy
from separatrix.core import DataMissingError, Fault, InputError, Unknown
from separatrix.evidence import EvidenceReader, Mark

NOT_TOLD = Unknown("the case does not tell it")
"""A fact that neither scans nor people gave."""

_CROSSINGS = ("crossings", "Vessels that cross between the children")
"""Id and name of the row."""


def by_hand(case: Case, *, evidence: EvidenceReader) -> Anatomy:
    """Anatomy from the ``anatomy:`` block of the case.

    Raises
    ------
    DataMissingError
        If the case has no such block.
    InputError
        If what is told contradicts itself; every contradiction is told.
    """
    told = case.file.anatomy
    if told is None:
        raise DataMissingError(
            Fault(
                file="case.yaml",
                field="anatomy",
                problem="there is neither imaging nor anatomy given by hand",
                mend="name the scans under `imaging:` or write what is known under `anatomy:`",
            )
        )
    faults = told_faults(case.file, evidence=evidence)
    if faults:
        raise InputError(*faults)
    facts = told_facts(case.file)
    refused = refused_by_name(told.site)
    union = Union(
        refused_because=refused,
        site_known=bool(told.site),
        shared_posterior_fossa=_told_fossa(told),
        deep_bridge=(GateState.TO_BE_CONFIRMED, "a bridge of deep brain was not looked for on scans"),
        brain_plane=(
            GateState.TO_BE_CONFIRMED,
            "whether a plane parts the brains was not looked for on scans",
        ),
        shared_sinus=facts.shared_sinus,
        arteries={},
    )
    return Anatomy(
        ownership=None,
        certainty=None,
        tissue=None,
        adherent=None,
        frames={},
        classification=classify(facts, evidence=evidence),
        shared=_with_crossings(told_items(case.file)),
        suitability=suitability(case.file, union, evidence=evidence),
        painted=(),
        refused_because=refused,
        decision=decision_record(case),
        assumptions=assumptions_read(evidence),
        notes=("the anatomy is as told by hand; nothing was measured on scans",),
    )


def told_facts(file: CaseFile) -> UnionFacts:
    """What the case tells about the union, unknown where it is silent."""
    told = file.anatomy or HandAnatomy()
    sinus: bool | Unknown = NOT_TOLD if told.shared_sinus is None else told.shared_sinus
    if isinstance(sinus, Unknown) and told.stone_goodrich:
        sinus = told.stone_goodrich.startswith("T")
    return UnionFacts(
        angle_heads_deg=_or(told.angle_longitudinal_deg, NOT_TOLD),
        angle_bodies_deg=_or(file.body_axis_angle_deg, NO_BODY_ANGLE),
        rotation_axial_deg=_or(told.rotation_axial_deg, NOT_TOLD),
        shared_sinus=sinus,
        deepest_shared=(told.deepest_shared,) if told.deepest_shared else NOT_TOLD,
        told_class=told.stone_goodrich or "",
    )


def told_items(file: CaseFile) -> tuple[SharedItem, ...]:
    """Rows of the table that people told: vessels that cross, and defects to be closed."""
    told = file.anatomy or HandAnatomy()
    items = []
    if told.crossings is not None:
        items.append((*_CROSSINGS, float(told.crossings), "1"))
    for child, defects in sorted(told.defects_cm2.items()):
        for tissue, area in sorted(defects.items()):
            items.append(
                (f"defect_{tissue}_{child}", f"{tissue.capitalize()} to close on {child}", area, "cm2")
            )
    return tuple(
        SharedItem(id=key, name=name, value=value, low=None, high=None, unit=unit, how="as told by hand")
        for key, name, value, unit in items
    )


def _with_crossings(items: tuple[SharedItem, ...]) -> tuple[SharedItem, ...]:
    """Name the number of crossings also where nobody told it: by hand it is what the plan counts on."""
    if any(item.id == _CROSSINGS[0] for item in items):
        return items
    key, name = _CROSSINGS
    unknown = SharedItem(id=key, name=name, value=NOT_TOLD, low=None, high=None, unit="1", how="not told")
    return (unknown, *items)


def told_faults(file: CaseFile, *, evidence: EvidenceReader) -> list[Fault]:
    """Every contradiction in what the case tells about the union."""
    told = file.anatomy
    if told is None:
        return []
    limits = Thresholds.read(evidence)
    faults = [site_fault(told.site), _sinus_fault(told), _layer_fault(told)]
    if told.stone_goodrich:
        faults += [_axis_fault(told, file.body_axis_angle_deg, limits), _type_fault(told, limits)]
    return [fault for fault in faults if fault is not None]


def decision_record(case: Case) -> dict[str, Any]:
    """What people decided, as plain data; empty until they do."""
    return case.file.decision.model_dump(mode="json", exclude_defaults=True)


def assumptions_read(evidence: EvidenceReader) -> tuple[str, ...]:
    """Ids of the entries marked A that were read so far."""
    return tuple(entry.id for entry in evidence.used if entry.mark is Mark.ASSUMPTION)


def _or(value: float | None, unknown: Unknown) -> float | Unknown:
    return unknown if value is None else value


def _contradiction(field: str, problem: str, expected: str) -> Fault:
    return Fault(
        file="case.yaml",
        field=f"anatomy.{field}",
        problem=problem,
        expected=expected,
        mend="correct the one that is wrong, or leave out the one that is not known",
    )


def _sinus_fault(told: HandAnatomy) -> Fault | None:
    """Total means that a significant sinus is shared, partial that none is [S01]."""
    if not told.stone_goodrich or told.shared_sinus is None:
        return None
    total = told.stone_goodrich.startswith("T")
    if total == told.shared_sinus:
        return None
    return _contradiction(
        "shared_sinus",
        f"class {told.stone_goodrich} with shared_sinus: {str(told.shared_sinus).lower()}",
        f"{str(total).lower()} for a {'total' if total else 'partial'} union",
    )


def _layer_fault(told: HandAnatomy) -> Fault | None:
    """A sinus lies in the dura: where it is shared, the joined layers reach the dura at least."""
    shares = told.shared_sinus or (told.stone_goodrich or "").startswith("T")
    if not shares or told.deepest_shared not in ("scalp", "skull"):
        return None
    return _contradiction(
        "deepest_shared",
        f"a shared sinus with deepest_shared: {told.deepest_shared}",
        "dura or brain, since a sinus lies in the dura",
    )


def _axis_fault(told: HandAnatomy, body_angle: float | None, limits: Thresholds) -> Fault | None:
    name = "angle_longitudinal_deg"
    angle = told.angle_longitudinal_deg if body_angle is None else body_angle
    if angle is None or told.stone_goodrich is None:
        return None
    axes = axes_near(angle, limits)
    if told.stone_goodrich[1] in axes:
        return None
    return _contradiction(
        name,
        f"class {told.stone_goodrich} with an angle of {angle:g}° between the "
        f"{'heads' if body_angle is None else 'bodies'}",
        f"angular below {limits.vertical_from:g}°, vertical from it on",
    )


def _type_fault(told: HandAnatomy, limits: Thresholds) -> Fault | None:
    if told.rotation_axial_deg is None or "-" not in (told.stone_goodrich or ""):
        return None
    kind = str(told.stone_goodrich).partition("-")[2]
    types = varieties_near(told.rotation_axial_deg, limits)
    if kind in types:
        return None
    return _contradiction(
        "rotation_axial_deg",
        f"class {told.stone_goodrich} with a rotation of {told.rotation_axial_deg:g}°",
        f"type {' or '.join(types)} for this rotation",
    )


def _told_fossa(told: HandAnatomy) -> Reading:
    if told.shared_posterior_fossa is None:
        return GateState.TO_BE_CONFIRMED, "whether the posterior fossa is shared is not told"
    if told.shared_posterior_fossa:
        return GateState.NOT_MET, "the posterior fossa is told to be shared"
    return GateState.MET, "the posterior fossa is told not to be shared"
