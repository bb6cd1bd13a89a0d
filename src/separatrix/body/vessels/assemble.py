"""From the refined sketch to the graph: pieces by calibre, names, contacts, in a fixed order."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from separatrix.body.vessels.centreline import arc_mm
from separatrix.body.vessels.contacts import Contact
from separatrix.body.vessels.kinds import Named
from separatrix.body.vessels.model import Edge, Node, Reals, VesselKind
from separatrix.body.vessels.radius import Profile
from separatrix.body.vessels.sketch import Sketch
from separatrix.core import Owner

CONTACT_NODE = "contact"
"""Kind of a node where a vessel merely touches another."""

_LEAST_PIECE_MM = 0.5
"""Nodes on a vessel nearer to each other than this are one."""

_DECIMALS = 3
"""Of every length in millimetres."""

_LETTER = {Owner.A: "A", Owner.B: "B", Owner.SHARED: "X", Owner.NONE: "N"}
_PREFIX = {
    VesselKind.CIRCUMFERENTIAL_SINUS: "CS",
    VesselKind.DURAL_SINUS: "DS",
    VesselKind.BRIDGING_VEIN: "BV",
    VesselKind.CORTICAL_VEIN: "CV",
    VesselKind.ARTERY: "AR",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """A vessel with its profile and what is said of it."""

    profile: Profile
    radius_sd_mm: float
    marks: tuple[str, ...] = ()


@dataclass(slots=True)
class _Laying:
    """Nodes on one vessel: arc position to node number."""

    at_mm: dict[float, int] = field(default_factory=dict)


def calibre_changes_mm(profile: Profile, factor: float) -> list[float]:
    """Where along a vessel its calibre changes by a factor within two diameters, arc in mm."""
    along = arc_mm(profile.points_mm)
    radius = np.log(profile.radius_mm)
    window = 2 * float(np.median(profile.radius_mm))
    step = along[-1] / max(len(along) - 1, 1)
    reach = max(2, round(window / max(step, 1e-9)))
    if len(along) < 4 * reach:
        return []
    inner = np.arange(reach, len(along) - reach)
    jump = np.abs(radius[inner + reach] - radius[inner - reach])
    found: list[float] = []
    for n in np.argsort(-jump, kind="stable"):
        if jump[n] < np.log(factor):
            break
        place = float(along[inner[n]])
        if all(abs(place - other) > 2 * window for other in found):
            found.append(place)
    return sorted(found)


def assemble(
    sketch: Sketch,
    named: Named,
    measured: Mapping[int, Measured],
    contacts: Iterable[Contact],
    *,
    calibre_step: float,
) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
    """Put the graph together.

    Nodes and vessels are numbered from low to high (along z, then y, then x), ring segments around the
    ring, so that the same images always give the same names.
    """
    nodes: dict[int, tuple[Reals, str, Owner]] = {
        j: (sketch.joints[j], named.joint_kind[j], named.joint_owner[j]) for j in sketch.joints
    }
    laying = {n: _Laying() for n in sketch.courses}
    last = max(nodes, default=-1)

    def lay(number: int, place: float, kind: str) -> int:
        nonlocal last
        course, profile = sketch.courses[number], measured[number].profile
        length = arc_mm(profile.points_mm)[-1]
        for near, joint in ((0.0, course.a), (length, course.b), *laying[number].at_mm.items()):
            if abs(near - place) < _LEAST_PIECE_MM:
                return joint
        last += 1
        owner = named.owner[number]
        nodes[last] = (_at(profile, place), kind, owner)
        laying[number].at_mm[place] = last
        return last

    for number in sketch.courses:
        course = sketch.courses[number]
        if course.a == course.b:
            lay(number, arc_mm(measured[number].profile.points_mm)[-1] / 2, "calibre")
        for place in calibre_changes_mm(measured[number].profile, calibre_step):
            lay(number, place, "calibre")
    touching = [
        (c, lay(c.one, _place(measured[c.one].profile, c.at_mm[0]), CONTACT_NODE),
         lay(c.other, _place(measured[c.other].profile, c.at_mm[1]), CONTACT_NODE))
        for c in contacts
    ]  # fmt: skip
    node_id = _node_ids(nodes)
    edges = []
    names = _edge_ids(sketch, named, measured)
    for number in sketch.courses:
        edges += _pieces(names[number], number, sketch, named, measured[number], laying[number], node_id)
    edges += _contact_edges(touching, nodes, node_id, measured)
    order = {VesselKind.CONTACT: 1}
    edges.sort(key=lambda e: (order.get(e.kind, 0), e.id))
    listed = [
        Node(id=node_id[j], kind=kind, owner=owner, xyz_mm=_rounded(place))
        for j, (place, kind, owner) in nodes.items()
    ]
    return tuple(sorted(listed, key=lambda n: int(n.id[1:]))), tuple(edges)


def _at(profile: Profile, place: float) -> Reals:
    along = arc_mm(profile.points_mm)
    return np.array([np.interp(place, along, profile.points_mm[:, a]) for a in range(3)])


def _place(profile: Profile, at_mm: Reals) -> float:
    nearest = int(np.argmin(np.linalg.norm(profile.points_mm - at_mm, axis=1)))
    return float(arc_mm(profile.points_mm)[nearest])


def _radius_at(measured: Measured, at_mm: Reals) -> float:
    nearest = int(np.argmin(np.linalg.norm(measured.profile.points_mm - at_mm, axis=1)))
    return float(measured.profile.radius_mm[nearest])


def _rounded(point: Reals) -> tuple[float, float, float]:
    x, y, z = (round(float(v), _DECIMALS) + 0.0 for v in point)
    return x, y, z


def _node_ids(nodes: Mapping[int, tuple[Reals, str, Owner]]) -> dict[int, str]:
    order = sorted(nodes, key=lambda j: (*(round(float(v), 2) for v in nodes[j][0][::-1]), j))
    return {j: f"n{i}" for i, j in enumerate(order, start=1)}


def _edge_ids(sketch: Sketch, named: Named, measured: Mapping[int, Measured]) -> dict[int, str]:
    middle = {n: m.profile.points_mm[len(m.profile.points_mm) // 2] for n, m in measured.items()}
    groups: dict[tuple[str, str], list[int]] = {}
    for number in sketch.courses:
        kind, owner = named.kind[number], named.owner[number]
        letter = "X" if named.crossing[number] else _LETTER[owner]
        groups.setdefault((letter, _PREFIX[kind]), []).append(number)
    names = {}
    for (letter, prefix), numbers in groups.items():
        if prefix == "CS":
            numbers = _around(numbers, middle)
        else:
            numbers.sort(key=lambda n: (*(round(float(v), 2) for v in middle[n][::-1]), n))
        for i, number in enumerate(numbers, start=1):
            names[number] = f"{prefix}{i:02d}" if prefix == "CS" else f"{letter}-{prefix}{i:02d}"
    return names


def _around(numbers: list[int], middle: Mapping[int, Reals]) -> list[int]:
    """Ring segments in order around the ring's centre, beginning with the lowest."""
    points = np.array([middle[n] for n in numbers])
    centre = points.mean(axis=0)
    if len(points) < 3:
        return sorted(numbers, key=lambda n: tuple(middle[n][::-1]))
    axes = np.linalg.svd(points - centre)[2]
    signs = [np.sign(a[int(np.argmax(np.abs(a)))]) for a in axes]
    flat = (points - centre) @ (axes[:2] * np.array(signs)[:2, None]).T
    angle = np.mod(np.arctan2(flat[:, 1], flat[:, 0]), 2 * np.pi)
    return [numbers[i] for i in np.argsort(angle, kind="stable")]


def _pieces(
    name: str,
    number: int,
    sketch: Sketch,
    named: Named,
    measured: Measured,
    laying: _Laying,
    node_id: Mapping[int, str],
) -> list[Edge]:
    course, profile = sketch.courses[number], measured.profile
    along = arc_mm(profile.points_mm)
    stops = [(0.0, course.a), *sorted(laying.at_mm.items()), (float(along[-1]), course.b)]
    edges = []
    for i, ((first, a), (last, b)) in enumerate(itertools.pairwise(stops)):
        radius, line = _slice(profile, along, first, last)
        edges.append(
            Edge(
                id=name if len(stops) == 2 else f"{name}.{i + 1}",
                a=node_id[a],
                b=node_id[b],
                kind=named.kind[number],
                owner=named.owner[number],
                crossing=named.crossing[number],
                length_mm=round(last - first, _DECIMALS),
                radius_mm=tuple(round(float(r), _DECIMALS) for r in radius),
                radius_sd_mm=round(measured.radius_sd_mm, _DECIMALS),
                polyline_mm=tuple(_rounded(p) for p in line),
                marks=measured.marks,
            )
        )
    return edges


def _slice(profile: Profile, along: Reals, first: float, last: float) -> tuple[Reals, Reals]:
    """Radius and line between two arc positions, equally spaced, both ends in."""
    step = along[-1] / max(len(along) - 1, 1)
    places = np.linspace(first, last, max(1, round((last - first) / (2 * step))) + 1)
    line = np.stack([np.interp(places, along, profile.points_mm[:, a]) for a in range(3)], axis=1)
    return np.asarray(np.interp(places, along, profile.radius_mm), dtype=np.float64), line


def _contact_edges(
    touching: list[tuple[Contact, int, int]],
    nodes: Mapping[int, tuple[Reals, str, Owner]],
    node_id: Mapping[int, str],
    measured: Mapping[int, Measured],
) -> list[Edge]:
    """Contacts as edges as wide as the thinner vessel there: how wide an opening is, no image tells."""
    found: dict[tuple[str, str], Edge] = {}
    order = sorted(touching, key=lambda t: (*(round(float(v), 2) for v in nodes[t[1]][0][::-1]), t[1], t[2]))
    for contact, a, b in order:
        key = (node_id[a], node_id[b])
        if a == b or key in found:
            continue
        pa, pb = nodes[a][0], nodes[b][0]
        owners = {nodes[a][2], nodes[b][2]}
        found[key] = Edge(
            id=f"C{len(found) + 1:02d}",
            a=key[0],
            b=key[1],
            kind=VesselKind.CONTACT,
            owner=owners.pop() if len(owners) == 1 else Owner.SHARED,
            crossing={nodes[a][2], nodes[b][2]} == {Owner.A, Owner.B},
            length_mm=max(round(float(np.linalg.norm(pb - pa)), _DECIMALS), 10.0**-_DECIMALS),
            radius_mm=(
                round(
                    min(_radius_at(measured[n], p) for n, p in ((contact.one, pa), (contact.other, pb))), 3
                ),
            ),
            polyline_mm=(_rounded(pa), _rounded(pb)),
            probability=round(contact.probability, 4),
            accepted=False,
            marks=(contact.why,),
        )
    return list(found.values())
