"""From a scene to the anatomy: frames, brains, all other owners, what is shared, class and gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.assign import Assigned, assign_owners
from separatrix.body.anatomy.by_hand import (
    assumptions_read,
    decision_record,
    told_facts,
    told_faults,
    told_items,
)
from separatrix.body.anatomy.classify import UnionFacts, classify
from separatrix.body.anatomy.columns import make_columns
from separatrix.body.anatomy.delineate import BrainOwners, cavity, delineate_brains
from separatrix.body.anatomy.frames import axial_rotation_deg, head_frames, longitudinal_angle_deg
from separatrix.body.anatomy.landmarks import landmark_faults
from separatrix.body.anatomy.model import Anatomy, GateState, HeadFrame
from separatrix.body.anatomy.seam import Seam
from separatrix.body.anatomy.shared import (
    Body,
    Channel,
    Contact,
    measure_channel,
    measure_contact,
    shared_table,
)
from separatrix.body.anatomy.site import refused_by_name, refused_by_place
from separatrix.body.anatomy.suitability import (
    Union,
    read_brain_plane,
    read_deep_bridge,
    read_posterior_fossa,
    suitability,
)
from separatrix.body.imaging.model import Scene, Structure
from separatrix.case import Case
from separatrix.core import Fault, GeometryError, InputError, Progress, Twin, Unknown
from separatrix.evidence import EvidenceReader


def analyse(
    scene: Scene, case: Case, *, evidence: EvidenceReader, threads: int, progress: Progress
) -> Anatomy:
    """Whose is what, what is shared, what kind of union it is, and whether it may be parted.

    Parameters
    ----------
    scene
        What the scans show; landmarks of both heads are needed.
    case
        For what people told: site, deepest shared layer, body axes, findings, decision.
    threads
        For the delineation; changes no result.

    Raises
    ------
    InputError
        With every fault of landmarks and of what is told, at once.

    Notes
    -----
    A union that is told not to be of the vault is refused before anything is delineated; one that the
    scans show elsewhere is refused after, and keeps its maps.
    """
    frames = _checked(scene, case, evidence)
    refused = refused_by_name(case.file.anatomy.site if case.file.anatomy else None)
    if refused:
        return _refused_unseen(case, frames, refused, evidence)
    brains = delineate_brains(
        scene,
        frames=frames,
        evidence=evidence,
        threads=threads,
        progress=lambda fraction, doing: progress(0.75 * fraction, doing),
    )
    progress(0.75, "giving owners to skull, scalp and vessels")
    tissue = np.where(brains.tissue.array > 0, brains.tissue.array, scene.labels.array).astype(np.uint8)
    found = assign_owners(
        scene, tissue, brains.owner.array, brains.certainty.array, frames=frames, evidence=evidence
    )
    progress(0.9, "measuring what is shared")
    body = Body(
        tissue=tissue,
        owner=found.owner,
        side=found.side,
        certainty=found.certainty,
        adherent=brains.adherent.array,
        grid=scene.grid,
    )
    return _put_together(scene, case, frames, brains, found, body, evidence)


def check(case: Case, scene: Scene | None, *, evidence: EvidenceReader) -> list[Fault]:
    """Every fault of landmarks and of what is told, before anything is computed.

    Parameters
    ----------
    scene
        What the scans show; None where there are none, or where they could not be read.
    """
    if scene is None:
        return told_faults(case.file, evidence=evidence)
    try:
        frames = _checked(scene, case, evidence)
        if not refused_by_name(case.file.anatomy.site if case.file.anatomy else None):
            make_columns(cavity(scene), scene.grid, frames, evidence=evidence)  # tells what joins no heads
    except InputError as error:
        return list(error.faults)
    return []


def _checked(scene: Scene, case: Case, evidence: EvidenceReader) -> dict[Twin, HeadFrame]:
    """Frames of both heads, or every fault of what was given."""
    faults = [*told_faults(case.file, evidence=evidence), *_paint_faults(scene)]
    try:
        frames = head_frames(scene.landmarks, evidence=evidence)
    except InputError as error:
        if not faults:
            raise
        raise InputError(*error.faults, *faults) from error
    if faults:
        raise InputError(*faults)
    outside = landmark_faults(scene, evidence=evidence)
    if outside:
        raise GeometryError(*outside)
    return frames


def _paint_faults(scene: Scene) -> list[Fault]:
    """Tell paint that leaves a child without a brain."""
    brain = np.isin(scene.labels.array, (Structure.BRAIN, Structure.INTRACRANIAL))
    return [
        Fault(
            field="imaging.labels",
            problem=f"all brain is painted as {twin.other.value}'s: none is left for {twin.value}",
            expected="brain of both children",
            mend="leave out the owner where it is not certain, or paint both",
        )
        for twin in Twin
        if brain.any() and bool((scene.painted.array[brain] == twin.other.code).all())
    ]


def _refused_unseen(
    case: Case, frames: Mapping[Twin, HeadFrame], refused: str, evidence: EvidenceReader
) -> Anatomy:
    """A union told to be elsewhere: angles and gates, but no maps."""
    nothing = (GateState.TO_BE_CONFIRMED, "not looked at, since the union is refused")
    union = Union(
        refused_because=refused,
        site_known=True,
        shared_posterior_fossa=nothing,
        deep_bridge=nothing,
        brain_plane=nothing,
        shared_sinus=Unknown("the union is refused"),
        arteries={},
    )
    facts = _facts(case, frames, told_facts(case.file).shared_sinus, told_facts(case.file).deepest_shared)
    return Anatomy(
        ownership=None,
        certainty=None,
        tissue=None,
        adherent=None,
        frames=frames,
        classification=classify(facts, evidence=evidence),
        shared=(),
        suitability=suitability(case.file, union, evidence=evidence),
        painted=(),
        refused_because=refused,
        decision=decision_record(case),
        assumptions=assumptions_read(evidence),
    )


def _put_together(
    scene: Scene,
    case: Case,
    frames: Mapping[Twin, HeadFrame],
    brains: BrainOwners,
    found: Assigned,
    body: Body,
    evidence: EvidenceReader,
) -> Anatomy:
    contact = measure_contact(body, evidence=evidence)
    channel = measure_channel(body)
    points = _meeting_points(contact, body)
    refused = refused_by_place(points.mean(axis=0), frames, evidence=evidence) if len(points) else ""
    facts = _facts(case, frames, _shared_sinus(channel, evidence), _deepest(contact, channel, body, evidence))
    facts, notes = _with_told(facts, case)
    union = Union(
        refused_because=refused,
        site_known=len(points) > 0,
        shared_posterior_fossa=read_posterior_fossa(points, frames, evidence=evidence),
        deep_bridge=read_deep_bridge(points, _brain_centres(body), evidence=evidence),
        brain_plane=read_brain_plane(contact.fused_ml[0], contact.adherent_cm2[0]),
        shared_sinus=facts.shared_sinus,
        arteries=_arteries(body, found),
    )
    volume = scene.labels.like
    return Anatomy(
        ownership=volume(found.owner),
        certainty=volume(found.certainty),
        tissue=volume(body.tissue),
        adherent=volume(body.adherent),
        frames=frames,
        classification=classify(facts, evidence=evidence),
        shared=(*shared_table(body, contact, channel), *told_items(case.file)),
        suitability=suitability(case.file, union, evidence=evidence),
        painted=(*brains.painted, *found.painted),
        refused_because=refused,
        decision=decision_record(case),
        assumptions=assumptions_read(evidence),
        notes=(*brains.notes, *found.notes, *notes),
    )


def _facts(
    case: Case,
    frames: Mapping[Twin, HeadFrame],
    shared_sinus: bool | Unknown,
    deepest: tuple[str, ...] | Unknown,
) -> UnionFacts:
    a, b = frames[Twin.A], frames[Twin.B]
    told = told_facts(case.file)
    return UnionFacts(
        angle_heads_deg=longitudinal_angle_deg(a, b),
        angle_bodies_deg=told.angle_bodies_deg,
        rotation_axial_deg=axial_rotation_deg(a, b),
        shared_sinus=shared_sinus,
        deepest_shared=deepest,
        told_class=told.told_class,
    )


def _with_told(facts: UnionFacts, case: Case) -> tuple[UnionFacts, list[str]]:
    """What people told of sinus and depth stands before what the label map shows; both are named."""
    told = case.file.anatomy
    notes: list[str] = []
    if told is None:
        return facts, notes
    if told.shared_sinus is not None and told.shared_sinus != facts.shared_sinus:
        seen = (
            facts.shared_sinus.because if isinstance(facts.shared_sinus, Unknown) else str(facts.shared_sinus)
        )
        notes.append(f"shared sinus: {told.shared_sinus} as the case tells it; the label map shows: {seen}")
        facts = replace(facts, shared_sinus=told.shared_sinus)
    if told.deepest_shared is not None:
        seen = "" if isinstance(facts.deepest_shared, Unknown) else " or ".join(facts.deepest_shared)
        if seen != told.deepest_shared:
            notes.append(
                f"deepest joined layer: {told.deepest_shared} as the case tells it; on scans: {seen or '?'}"
            )
        facts = replace(facts, deepest_shared=(told.deepest_shared,))
    for name, measured in (
        ("angle_longitudinal_deg", facts.angle_heads_deg),
        ("rotation_axial_deg", facts.rotation_axial_deg),
    ):
        value = getattr(told, name)
        if value is not None and not isinstance(measured, Unknown) and abs(value - measured) > 0.5:
            notes.append(
                f"anatomy.{name} is told as {value:g}°; the landmarks give {measured:.1f}°, which is used"
            )
    return facts, notes


def _shared_sinus(channel: Channel | Unknown, evidence: EvidenceReader) -> bool | Unknown:
    """Whether a significant sinus is shared; unknown where its size lies in the range of the limit."""
    if isinstance(channel, Unknown):
        return channel if "labelled" in channel.because else False
    limit = evidence.number("anatomy.shared_volume.low")
    unclear_below = evidence.entry("anatomy.shared_volume.low").high or limit
    if limit <= channel.volume_ml < unclear_below:
        return Unknown(f"a channel of {channel.volume_ml:.2f} ml on the seam may be significant or not")
    return channel.volume_ml >= limit


def _deepest(
    contact: Contact, channel: Channel | Unknown, body: Body, evidence: EvidenceReader
) -> tuple[str, ...] | Unknown:
    """The deepest joined layer; adherent brain may be joined or not: both are named."""
    if contact.adherent_cm2[0] >= evidence.number("anatomy.brain_contact.low"):
        return ("brain", "dura")
    if contact.seam is not None or not isinstance(channel, Unknown):
        return ("dura",)
    for layer in (Structure.SKULL, Structure.SCALP):
        if Seam.of(body.side, body.tissue == layer, body.grid) is not None:
            return (layer.name.lower(),)
    return Unknown("the children do not meet in the label map")


def _meeting_points(contact: Contact, body: Body) -> npt.NDArray[np.float64]:
    """Points between the children, in the skull if they meet there, else anywhere."""
    seam = contact.seam or Seam.of(body.side, body.side > 0, body.grid)
    return np.empty((0, 3)) if seam is None else seam.points_mm()


def _brain_centres(body: Body) -> dict[Twin, npt.NDArray[np.float64]]:
    centres = {}
    for twin in Twin:
        index = np.argwhere((body.tissue == Structure.BRAIN) & (body.owner == twin.code))
        if len(index):
            centres[twin] = body.grid.index_to_mm(index.mean(axis=0))
    return centres


def _arteries(body: Body, found: Assigned) -> dict[Twin, str]:
    arteries = body.tissue == Structure.ARTERY
    if not arteries.any():
        return dict.fromkeys(Twin, "no arteries are labelled; angiography tells")
    joined = (
        f"{found.arteries_joined} connected piece(s) of the labelled arteries reach both children"
        if found.arteries_joined
        else "no labelled artery reaches the other child"
    )
    ml = body.grid.voxel_volume_mm3 / 1000
    return {
        twin: f"{float((arteries & (body.owner == twin.code)).sum()) * ml:.1f} ml of labelled arteries are "
        f"{twin.value}'s; {joined}; angiography must confirm it"
        for twin in Twin
    }
