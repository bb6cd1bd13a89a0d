"""Loops of veins besides the ring: opened at their weakest place, which is listed as a contact."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from separatrix.body.vessels.model import Reals
from separatrix.body.vessels.sections import Field
from separatrix.body.vessels.sketch import Course, Sketch, Touch, Tree

_NECK_RADII = 3.0
"""Length at a vessel's end, in its radii, whose least filling tells how well it is joined there."""

_ALONG = 0.6
"""Share of its length over which a vessel that belongs to the ring runs along the seam."""

RoughMm = Callable[[Course], float]


def open_loops(
    sketch: Sketch,
    fields: Mapping[Tree, Field],
    rough_mm: RoughMm,
    seam_distance_mm: Callable[[Reals], Reals],
    *,
    wide_mm: float,
    reach_mm: float,
    probability: float,
) -> int:
    """Open the loops that thin veins close; how many.

    Veins run together like a tree: where a vein has two ways out, two vessels that touch are likelier than
    a true loop. The thinnest vein of such a loop is freed at the end at which it is joined least
    (`_weakness`), and the place is kept as a touch. So no vein is ever cut off. The ring around the
    junction stays, and so do loops of which every vein is wide.

    Parameters
    ----------
    seam_distance_mm
        Signed distance of points (n, 3) from the seam.
    wide_mm
        Rough radius of a sinus.
    reach_mm
        Distance from the seam within which the ring runs.
    """
    veins = [n for n, c in sketch.courses.items() if c.tree is Tree.VENOUS]
    at_seam = {
        n
        for n in veins
        if float((np.abs(seam_distance_mm(sketch.courses[n].points_mm)) <= reach_mm).mean()) >= _ALONG
    }
    rough = {n: rough_mm(sketch.courses[n]) for n in veins}
    field = fields.get(Tree.VENOUS)
    ends = [(n, j) for n in veins if rough[n] < wide_mm for j in sketch.courses[n].joints]
    if field is None or not ends:
        return 0
    weakness = {end: _weakness(sketch, field, rough, *end) for end in ends}
    ring = at_seam if _goes_around(sketch, at_seam) else set()
    opened = 0
    for number, joint in sorted(ends, key=lambda end: (*weakness[end], end)):
        if not _has_other_way(sketch, veins, number):
            continue
        if number in ring and not _goes_around(sketch, ring - {number}):
            continue
        ring.discard(number)
        touch = Touch(
            at_mm=sketch.joints[joint],
            trees=(Tree.VENOUS, Tree.VENOUS),
            probability=probability,
            why="vein that closes a loop",
        )
        sketch.part(joint, [number], touch)
        opened += 1
    return opened


def _weakness(
    sketch: Sketch, field: Field, rough: Mapping[int, float], number: int, joint: int
) -> tuple[float, bool, float]:
    """How a vein is joined at an end, weakest first: thin, not on a wide vein, less full at its neck."""
    course = sketch.courses[number].leaving(joint)
    others = [r for n, r in rough.items() if n != number and joint in sketch.courses[n].joints]
    beside = max(others, default=0.0)
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(course.points_mm, axis=0), axis=1))])
    neck = course.points_mm[along <= beside + _NECK_RADII * rough[number]]
    return rough[number], beside > 2 * rough[number], float(field.at(neck).min())


def _has_other_way(sketch: Sketch, veins: list[int], number: int) -> bool:
    """Whether the ends of a vein are joined without it."""
    course = sketch.courses[number]
    beyond: dict[int, list[int]] = {}
    for n in veins:
        if n != number:
            a, b = sketch.courses[n].joints
            beyond.setdefault(a, []).append(b)
            beyond.setdefault(b, []).append(a)
    front, seen = [course.a], {course.a}
    while front:
        for joint in beyond.get(front.pop(), ()):
            if joint not in seen:
                seen.add(joint)
                front.append(joint)
    return course.b in seen


def _goes_around(sketch: Sketch, numbers: set[int]) -> bool:
    """Whether some loop of these veins goes around their middle, as a ring does, and not beside it."""
    if not numbers:
        return False
    points = np.concatenate([sketch.courses[n].points_mm for n in sorted(numbers)])
    middle = points.mean(axis=0)
    axes = np.linalg.svd(points - middle, full_matrices=False)[2][:2]
    turn = {n: _turn(sketch.courses[n].points_mm - middle, axes) for n in numbers}
    angle: dict[int, float] = {}
    for start in sorted(numbers):
        front = [sketch.courses[start].a] if sketch.courses[start].a not in angle else []
        angle.update(dict.fromkeys(front, 0.0))
        while front:
            joint = front.pop()
            for n in sorted(numbers):
                a, b = sketch.courses[n].joints
                for here, there, way in ((a, b, turn[n]), (b, a, -turn[n])):
                    if here == joint and there not in angle:
                        angle[there] = angle[joint] + way
                        front.append(there)
    return any(
        abs(angle[c.a] + turn[n] - angle[c.b]) > np.pi for n, c in ((n, sketch.courses[n]) for n in numbers)
    )


def _turn(points: Reals, axes: Reals) -> float:
    """Angle by which a line turns about the middle, rad."""
    flat = points @ axes.T
    angle = np.unwrap(np.arctan2(flat[:, 1], flat[:, 0]))
    return float(angle[-1] - angle[0])
