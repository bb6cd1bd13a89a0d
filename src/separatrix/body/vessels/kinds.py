"""What each vessel is and whose, from its course, its calibre and what it touches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from separatrix.body.vessels.model import VesselKind
from separatrix.body.vessels.sketch import Course, Sketch, Tree
from separatrix.body.vessels.surroundings import Surroundings
from separatrix.core import Owner, Twin
from separatrix.evidence import EvidenceReader

OWNER_OF = {Twin.A: Owner.A, Twin.B: Owner.B}

SINUSES = (VesselKind.CIRCUMFERENTIAL_SINUS, VesselKind.DURAL_SINUS)

_ALONG = 0.6
"""Share of its length over which a sinus runs along the wall."""

_STEM = 0.6
"""A blind end of an artery at the skull base is a stem if it is this wide against the child's widest."""

_NEAR_JOINT_MM = 15.0
"""Length of the vessels at a joint that votes on whose side it lies."""


@dataclass(slots=True)
class Named:
    """Kinds and owners by number."""

    kind: dict[int, VesselKind] = field(default_factory=dict)
    """Of courses."""
    owner: dict[int, Owner] = field(default_factory=dict)
    """Of courses."""
    crossing: dict[int, bool] = field(default_factory=dict)
    """Of courses."""
    joint_kind: dict[int, str] = field(default_factory=dict)
    joint_owner: dict[int, Owner] = field(default_factory=dict)
    ring: tuple[int, ...] = ()
    """Courses of the circumferential sinus."""
    is_closed: bool = False
    """Whether they close to a ring."""
    notes: list[str] = field(default_factory=list)


def name_vessels(
    sketch: Sketch, radius_mm: Mapping[int, float], around: Surroundings, *, evidence: EvidenceReader
) -> Named:
    """Tell kind and owner of every vessel, and which vessels join the children.

    Rules
    -----
    1. *Circumferential sinus*: veins along the seam between the children (``anatomy.shared_reach``), wide
       (``anatomy.shared_radius.low``), that close to a ring; or, where they do not, that run on for as long
       as the widest vein there does.
    2. *Dural sinus*: any other vein along the skull's inside (``flow.graph.wall_reach``) and wide
       (``flow.graph.sinus_radius``), and what lies between two sinuses.
    3. *Bridging vein*: a vein that enters a sinus; *cortical vein*: any other.
    4. An end is *jugular* where a sinus ends at the skull base (``flow.graph.skull_base``), *territory*
       where a vein or artery ends in or at brain (``flow.graph.cortex_reach``), else a mere end.
    5. The ring is shared. An end at brain is the child's whose brain it is; a jugular end or a stem the
       child's on whose side it lies; a joint the child's on whose side more of its vessels run.
    6. A vein belongs to the child of its ends; one between two children's ends is shared. An artery is that
       child's whose stems feed it, whatever brain it ends in.
    7. *Crossing* are the ring, and vessels whose two ends are different children's.
    """
    named = Named()
    veins = [n for n, c in sketch.courses.items() if c.tree is Tree.VENOUS]
    _find_ring(named, sketch, veins, radius_mm, around, evidence)
    _find_sinuses(named, sketch, veins, radius_mm, around, evidence)
    for number, course in sketch.courses.items():
        if course.tree is Tree.ARTERIAL:
            named.kind[number] = VesselKind.ARTERY
    _name_joints(named, sketch, radius_mm, around, evidence)
    _name_owners(named, sketch)
    return named


def _at_seam(course: Course, around: Surroundings, reach_mm: float) -> float:
    """Share of a course that runs along the seam."""
    return float((np.abs(around.seam_distance_mm(course.points_mm)) <= reach_mm).mean())


def _find_ring(
    named: Named,
    sketch: Sketch,
    veins: list[int],
    radius_mm: Mapping[int, float],
    around: Surroundings,
    evidence: EvidenceReader,
) -> None:
    reach = evidence.number("anatomy.shared_reach") + around.grid.spacing_mm[0]
    wide = evidence.number("anatomy.shared_radius.low")
    along = [
        n for n in veins if radius_mm[n] >= wide and _at_seam(sketch.courses[n], around, reach) >= _ALONG
    ]
    ring = _looped(sketch, along)
    if not ring:
        ring = _closed_by_others(sketch, along, [n for n in veins if radius_mm[n] >= wide / 2])
    named.is_closed = bool(ring)
    if not ring:
        ring = _longest_piece(sketch, along)
        if ring:
            named.notes.append(
                "the circumferential sinus does not close to a ring in the label map: "
                f"{sum(sketch.courses[n].length_mm for n in ring):.0f} mm of it were found"
            )
    named.ring = tuple(ring)
    for number in ring:
        named.kind[number] = VesselKind.CIRCUMFERENTIAL_SINUS


def _looped(sketch: Sketch, numbers: Iterable[int]) -> list[int]:
    """Those of the courses that lie on loops: blind ones are taken off until none is left."""
    left = set(numbers)
    while True:
        degree: dict[int, int] = defaultdict(int)
        for n in left:
            degree[sketch.courses[n].a] += 1
            degree[sketch.courses[n].b] += 1
        blind = {n for n in left if min(degree[sketch.courses[n].a], degree[sketch.courses[n].b]) == 1}
        if not blind:
            return sorted(left)
        left -= blind


def _closed_by_others(sketch: Sketch, along: list[int], others: list[int]) -> list[int]:
    """A loop of wide veins at the seam that some other veins close, over less than half of its length."""
    looped = _looped(sketch, {*along, *others})
    wide = sum(sketch.courses[n].length_mm for n in looped if n in set(along))
    whole = sum(sketch.courses[n].length_mm for n in looped)
    return looped if looped and wide > whole / 2 else []


def _longest_piece(sketch: Sketch, numbers: list[int]) -> list[int]:
    """The connected courses of the greatest length together."""
    piece: dict[int, int] = {}

    def top(joint: int) -> int:
        while piece.setdefault(joint, joint) != joint:
            joint = piece[joint]
        return joint

    for n in numbers:
        piece[top(sketch.courses[n].a)] = top(sketch.courses[n].b)
    groups: dict[int, list[int]] = defaultdict(list)
    for n in numbers:
        groups[top(sketch.courses[n].a)].append(n)
    return max(groups.values(), key=lambda g: sum(sketch.courses[n].length_mm for n in g), default=[])


def _find_sinuses(
    named: Named,
    sketch: Sketch,
    veins: list[int],
    radius_mm: Mapping[int, float],
    around: Surroundings,
    evidence: EvidenceReader,
) -> None:
    wide = evidence.number("flow.graph.sinus_radius")
    reach = evidence.number("flow.graph.wall_reach") + around.grid.spacing_mm[0]
    for n in veins:
        if n in named.kind:
            continue
        wall = around.wall_distance_mm(sketch.courses[n].points_mm) - radius_mm[n]
        is_sinus = radius_mm[n] >= wide and (float((wall <= reach).mean()) >= _ALONG or wall.min() > 1e2)
        named.kind[n] = VesselKind.DURAL_SINUS if is_sinus else VesselKind.CORTICAL_VEIN
    at = sketch.at_joints()
    sinus_joints = {
        j for n in veins if named.kind[n] in SINUSES for j in (sketch.courses[n].a, sketch.courses[n].b)
    }
    for n in veins:
        course = sketch.courses[n]
        ends = {course.a in sinus_joints, course.b in sinus_joints}
        if named.kind[n] is not VesselKind.CORTICAL_VEIN or ends == {False}:
            continue
        if ends == {True} and radius_mm[n] >= wide:
            named.kind[n] = VesselKind.DURAL_SINUS
        elif len(at[course.a]) + len(at[course.b]) > 2:
            named.kind[n] = VesselKind.BRIDGING_VEIN


def _name_joints(
    named: Named,
    sketch: Sketch,
    radius_mm: Mapping[int, float],
    around: Surroundings,
    evidence: EvidenceReader,
) -> None:
    ring = {j for n in named.ring for j in (sketch.courses[n].a, sketch.courses[n].b)}
    stems = {j for joints in find_stems(sketch, radius_mm, around, evidence).values() for j in joints}
    base = evidence.number("flow.graph.skull_base")
    cortex = evidence.number("flow.graph.cortex_reach")
    for joint, numbers in sketch.at_joints().items():
        place = sketch.joints[joint]
        side = around.twin_at(place)
        if len(numbers) > 1:
            named.joint_kind[joint] = "junction"
            vote = sum(_signed_length(sketch.courses[n].leaving(joint), around) for n in numbers)
            named.joint_owner[joint] = Owner.SHARED if joint in ring else Owner.A if vote < 0 else Owner.B
            continue
        owner, _ = around.brain_near(place, cortex)
        is_sinus = named.kind[numbers[0]] in SINUSES
        named.joint_owner[joint] = OWNER_OF[side]
        if joint in stems:
            named.joint_kind[joint] = "end"
        elif is_sinus and around.height_mm(place, side) <= base:
            named.joint_kind[joint] = "jugular"
        elif owner is not Owner.NONE:
            named.joint_kind[joint], named.joint_owner[joint] = "territory", owner
        else:
            named.joint_kind[joint] = "end"
        if joint in ring:
            named.joint_owner[joint] = Owner.SHARED


def _signed_length(course: Course, around: Surroundings) -> float:
    """Length near a course's beginning on B's side less that on A's, weighted by distance from the seam."""
    steps = np.linalg.norm(np.diff(course.points_mm, axis=0), axis=1)
    near = np.cumsum(steps) <= _NEAR_JOINT_MM
    middle = (course.points_mm[1:] + course.points_mm[:-1]) / 2
    return float((steps * np.clip(around.seam_distance_mm(middle), -10, 10))[near].sum())


def find_stems(
    sketch: Sketch, radius_mm: Mapping[int, float], around: Surroundings, evidence: EvidenceReader
) -> dict[Twin, list[int]]:
    """Blind ends at the skull base where a child's arteries come in: the wide ones there."""
    base = evidence.number("flow.graph.skull_base")
    ends: dict[Twin, list[tuple[int, float]]] = {twin: [] for twin in Twin}
    for joint, numbers in sketch.at_joints().items():
        if len(numbers) == 1 and sketch.courses[numbers[0]].tree is Tree.ARTERIAL:
            twin = around.twin_at(sketch.joints[joint])
            if around.height_mm(sketch.joints[joint], twin) <= base:
                ends[twin].append((joint, radius_mm[numbers[0]]))
    widest = {twin: max((r for _, r in found), default=0.0) for twin, found in ends.items()}
    return {twin: [j for j, r in found if r >= _STEM * widest[twin]] for twin, found in ends.items()}


def _name_owners(named: Named, sketch: Sketch) -> None:
    ring = set(named.ring)
    fed = _fed_by(named, sketch)
    for number, course in sketch.courses.items():
        ends = {named.joint_owner[course.a], named.joint_owner[course.b]}
        own = ends - {Owner.SHARED}
        if number in ring:
            named.owner[number], named.crossing[number] = Owner.SHARED, True
            continue
        named.crossing[number] = len(own) != 1
        named.owner[number] = Owner.SHARED if len(own) != 1 else own.pop()
        if course.tree is Tree.ARTERIAL and number in fed:
            named.owner[number] = fed[number]


def _fed_by(named: Named, sketch: Sketch) -> dict[int, Owner]:
    """Whose stems feed each artery; in a tree without, or with both children's, its joints' majority."""
    votes: dict[int, list[Owner]] = {}
    for piece in sketch.components():
        inner = [named.joint_owner[j] for j in sorted(piece) if named.joint_kind[j] != "territory"]
        inner = inner or [named.joint_owner[j] for j in sorted(piece)]
        for joint in piece:
            votes[joint] = inner
    fed = {}
    for number, course in sketch.courses.items():
        if course.tree is Tree.ARTERIAL:
            a = votes[course.a].count(Owner.A)
            fed[number] = Owner.A if 2 * a >= len(votes[course.a]) else Owner.B
    for number, owner in fed.items():
        for joint in (sketch.courses[number].a, sketch.courses[number].b):
            if named.joint_kind[joint] == "junction":
                named.joint_owner[joint] = owner
    return fed
