"""Gaps of a few voxels in thin vessels: closed where the vessel plainly goes on, and marked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from separatrix.body.vessels.model import Reals
from separatrix.body.vessels.sections import Field
from separatrix.body.vessels.sketch import Course, Sketch, Tree

_FACING = 0.8
"""Cosine: how straight an end must point to where it goes on."""

_FACING_UNSEEN = 0.9
"""The same where no image shows the gap."""

_FILLED = 0.3
"""Filling that the whole of a gap must show, where an image tells: a thin vessel fills its voxels in part."""

_SPARE_VOXELS = 1.0
"""Thinning shortens a vessel by its radius and up to this much."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Way:
    """From a blind end over a gap."""

    joint: int
    course: int
    to: int
    """Course it leads to."""
    at_mm: Reals
    gap_mm: float


def close_gaps(
    sketch: Sketch,
    fields: Mapping[Tree, Field],
    seen: Mapping[Tree, bool],
    rough_mm: Callable[[Course], float],
    *,
    longest_voxels: float,
    apart: Callable[[Reals, Reals], bool],
) -> int:
    """Close gaps, shortest first; how many.

    A blind end is led straight on to another vessel of its tree, no further than `longest_voxels` from wall
    to wall, where the image shows blood all along the gap; where no image tells, only from blind end to
    blind end, both in line, and never from one child's side to the other's.

    Parameters
    ----------
    fields
        How full each place is, by tree.
    seen
        Whether an image tells that, by tree.
    rough_mm
        Rough radius of a course.
    apart
        Whether two places lie on different children's sides.
    """
    closed = 0
    tried: set[tuple[float, ...]] = set()
    while True:
        ways = _ways(sketch, fields, seen, rough_mm, longest_voxels, apart)
        ways = [w for w in ways if tuple(w.at_mm) not in tried]
        if not ways:
            return closed
        way = min(ways, key=lambda w: (w.gap_mm, w.joint))
        tried.add(tuple(way.at_mm))
        voxel = fields[sketch.courses[way.course].tree].voxel_mm
        mark = f"gap closed {max(1, round(way.gap_mm / voxel))} voxels"
        there = sketch.split(way.to, way.at_mm)
        here = sketch.joints[way.joint]
        sketch.add_course(
            Course(
                a=way.joint,
                b=there,
                tree=sketch.courses[way.course].tree
                if way.course in sketch.courses
                else _tree(sketch, way.joint),
                points_mm=np.stack([here, sketch.joints[there]]),
                marks=(mark,),
            )
        )
        sketch.merge_through()
        closed += 1


def _tree(sketch: Sketch, joint: int) -> Tree:
    return next(c.tree for c in sketch.courses.values() if joint in (c.a, c.b))


def _ways(
    sketch: Sketch,
    fields: Mapping[Tree, Field],
    seen: Mapping[Tree, bool],
    rough_mm: Callable[[Course], float],
    longest_voxels: float,
    apart: Callable[[Reals, Reals], bool],
) -> list[_Way]:
    at = sketch.at_joints()
    rough = {n: rough_mm(c) for n, c in sketch.courses.items()}
    blind = {j: numbers[0] for j, numbers in at.items() if len(numbers) == 1}
    found = []
    for joint, number in blind.items():
        course = sketch.courses[number]
        voxel = fields[course.tree].voxel_mm
        here, ahead = sketch.joints[joint], _outward(course, joint, rough[number], voxel)
        for other, beyond in sketch.courses.items():
            if other == number or beyond.tree is not course.tree:
                continue
            reach = rough[number] + rough[other] + (longest_voxels + _SPARE_VOXELS) * voxel
            to = beyond.points_mm - here
            far = np.linalg.norm(to, axis=1)
            near = int(np.argmin(far))
            if far[near] > reach or far[near] == 0:
                continue
            gap = max(float(far[near]) - rough[number] - rough[other], 0.0)
            facing = float(to[near] @ ahead) / float(far[near])
            end = {0: beyond.a, len(to) - 1: beyond.b}.get(near)
            if seen[course.tree]:
                line = here + np.linspace(0, 1, 13)[:, None] * to[near]
                good = facing >= _FACING and float(fields[course.tree].at(line).min()) >= _FILLED
            else:
                good = facing >= _FACING_UNSEEN and end in blind and not apart(here, beyond.points_mm[near])
                if good and end is not None:
                    back = _outward(beyond, end, rough[other], voxel)
                    good = -float(to[near] @ back) / float(far[near]) >= _FACING_UNSEEN
            if good:
                found.append(
                    _Way(joint=joint, course=number, to=other, at_mm=beyond.points_mm[near], gap_mm=gap)
                )
    return found


def _outward(course: Course, joint: int, rough_mm: float, voxel_mm: float) -> Reals:
    """Direction in which a course points at its blind end, unit vector."""
    line = course.leaving(joint).points_mm
    back = np.linalg.norm(line - line[0], axis=1) >= 2 * rough_mm + 3 * voxel_mm
    far = int(np.argmax(back)) if back.any() else len(line) - 1
    along = line[0] - line[far]
    return np.asarray(along / max(float(np.linalg.norm(along)), 1e-9))
