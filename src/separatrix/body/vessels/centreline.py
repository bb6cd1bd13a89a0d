"""Centrelines: smooth, through the middle of the lumen, from axis to axis at junctions, to the very end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from separatrix.body.vessels.model import Reals
from separatrix.body.vessels.sections import Field, measure_sections
from separatrix.body.vessels.sketch import Course, Sketch, Tree

STEP_VOXELS = 0.5
"""Distance of points along a centreline."""

REACH_RADII = 2.0
"""How far sections look, in rough radii, beyond `REACH_VOXELS`."""

REACH_VOXELS = 2.5

_SMOOTH_VOXELS = 6.0
"""Least length over which a centreline is smoothed (cubic fit), else `_SMOOTH_RADII`."""

_SMOOTH_RADII = 2.5

_ROUNDS = 3
"""Times a line is moved to the middle of its sections and smoothed."""

_LEAST_POINTS = 7
"""A line with fewer clean points is left as it was thinned."""

_LESS_FILLED = 0.1
"""A point is not moved to where the lumen is less full than this below where it was."""

_STRAIGHT = 0.5
"""Cosine beyond which two vessels at a joint may be one that passes through."""

_FLAT = 0.72
"""At 0.3 radii before the last lumen a round end has 0.51 of its section left, a flat one all: above this
share it is called flat."""

_FLAT_VOXELS = 2.5
"""Radius in voxels below which the shape of an end cannot be told; it is taken to be round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fine:
    """A course with what is known of its ends."""

    course: Course
    rough_mm: float
    """Rough radius."""
    clean_mm: tuple[float, float]
    """Arc between which no junction, end or other vessel disturbs a section."""


def resampled(points_mm: Reals, step_mm: float) -> Reals:
    """Points equally spaced along a line, both ends kept, no more than `step_mm` apart."""
    along = arc_mm(points_mm)
    at = np.linspace(0, along[-1], max(int(np.ceil(along[-1] / step_mm)), 1) + 1)
    return np.stack([np.interp(at, along, points_mm[:, a]) for a in range(3)], axis=1)


def arc_mm(points_mm: Reals) -> Reals:
    """Length from the first point to each, shape (n,)."""
    steps = np.linalg.norm(np.diff(points_mm, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)])


def tangents_of(points_mm: Reals) -> Reals:
    """Unit vectors along a line, shape (n, 3)."""
    slope = np.gradient(points_mm, axis=0) if len(points_mm) > 2 else np.diff(points_mm, axis=0)[[0, 0]]
    norm = np.linalg.norm(slope, axis=1, keepdims=True)
    return np.asarray(np.where(norm > 0, slope / np.maximum(norm, 1e-12), [1.0, 0.0, 0.0]))


def smoothed(points_mm: Reals, length_mm: float, step_mm: float) -> Reals:
    """Smooth an equally spaced line by local cubics: bends are kept, wobble goes."""
    from scipy.signal import savgol_filter

    window = 2 * round(length_mm / step_mm / 2) + 1
    window = min(window, len(points_mm) - 1 + len(points_mm) % 2)
    if window < 5:
        return points_mm
    return np.asarray(savgol_filter(points_mm, window, 3, axis=0, mode="interp"))


def refine(sketch: Sketch, fields: Mapping[Tree, Field], rough_mm: Mapping[int, float]) -> dict[int, Fine]:
    """Move all courses of a sketch to the middle of their lumen, and its joints to where axes meet.

    Rules. A junction lies where the axes of its vessels meet: on the course of the two that pass straight
    through, nearest to the axes of the others; so a branch counts to its parent's axis, not to its wall.
    A blind vessel goes on straight to where its lumen ends, less its radius where it ends round; at the
    border of the label map it ends there.

    Parameters
    ----------
    sketch
        Changed in place: points and joints.
    fields
        Of both trees.
    rough_mm
        Radius of each course to within a voxel.

    Returns
    -------
    dict
        By number of the course.
    """
    at = sketch.at_joints()
    fine: dict[int, Fine] = {}
    for number, course in sketch.courses.items():
        zones = [_zone(number, j, at, rough_mm, fields[course.tree]) for j in (course.a, course.b)]
        fine[number] = _centred(course, fields[course.tree], rough_mm[number], (zones[0], zones[1]))
    for joint, numbers in at.items():
        if len(numbers) > 1:
            sketch.joints[joint] = _meeting(sketch.joints[joint], joint, numbers, fine, rough_mm)
    for number, found in fine.items():
        found = _tied(found, sketch)
        for joint in {found.course.a, found.course.b}:
            if len(at[joint]) == 1:
                found = _extended(found, joint, fields[found.course.tree])
                sketch.joints[joint] = found.course.leaving(joint).points_mm[0]
        fine[number] = found
        sketch.courses[number] = found.course
    return fine


def _zone(
    number: int, joint: int, at: Mapping[int, list[int]], rough: Mapping[int, float], field: Field
) -> float:
    """Length at an end over which other vessels, or the end, disturb a section."""
    others = list(at[joint])
    others.remove(number)
    if not others:
        return rough[number]
    return max(rough[n] for n in others) + field.voxel_mm


def _centred(course: Course, field: Field, rough_mm: float, zones: tuple[float, float]) -> Fine:
    step = STEP_VOXELS * field.voxel_mm
    over = max(_SMOOTH_VOXELS * field.voxel_mm, _SMOOTH_RADII * rough_mm)
    line = resampled(course.points_mm, step)
    line[1:-1] = smoothed(line, over, step)[1:-1]
    clean = _clean(arc_mm(line)[-1], zones)
    reach = REACH_RADII * rough_mm + REACH_VOXELS * field.voxel_mm
    for _ in range(_ROUNDS):
        line = resampled(line, step)
        along = arc_mm(line)
        clean = _clean(along[-1], zones)
        inner = np.flatnonzero((along >= clean[0] - 1e-9) & (along <= clean[1] + 1e-9))
        if len(inner) < _LEAST_POINTS:
            break
        tangents = tangents_of(line)[inner]
        found = measure_sections(field, line[inner], tangents, np.full(len(inner), reach))
        shift = found.shift_mm - (found.shift_mm * tangents).sum(axis=1, keepdims=True) * tangents
        far = np.linalg.norm(shift, axis=1, keepdims=True)
        shift *= np.minimum(1, field.voxel_mm / np.maximum(far, 1e-9))
        middle = smoothed(line[inner] + shift, over, step)
        worse = field.at(middle) < field.at(line[inner]) - _LESS_FILLED
        middle[worse] = line[inner][worse]
        line = np.vstack([line[:1], middle, line[-1:]])
    return Fine(course=replace(course, points_mm=line), rough_mm=rough_mm, clean_mm=clean)


def _clean(length: float, zones: tuple[float, float]) -> tuple[float, float]:
    """What is left between the zones; of a short course always its middle third."""
    first, last = zones
    if first + last > 2 * length / 3:
        first, last = (z * 2 * length / 3 / (first + last) for z in zones)
    return first, length - last


def _ahead(fine: Fine, joint: int) -> tuple[Reals, Reals]:
    """The first clean point from a joint, and the direction from there toward the joint's side."""
    line = fine.course.leaving(joint).points_mm
    if len(line) < 4:
        return line[-1], _unit(line[0] - line[-1])
    beyond = line[1 : 1 + max(3, min(len(line) - 2, 7))]
    return line[1], _unit(beyond[0] - beyond[-1])


def _unit(vector: Reals) -> Reals:
    norm = float(np.linalg.norm(vector))
    return vector / norm if norm > 0 else np.array([1.0, 0.0, 0.0])


def _meeting(
    joint_mm: Reals, joint: int, numbers: list[int], fine: Mapping[int, Fine], rough: Mapping[int, float]
) -> Reals:
    """Where the axes of the vessels at a joint meet."""
    if len(set(numbers)) < len(numbers):
        return joint_mm
    ends = {n: _ahead(fine[n], joint) for n in numbers}
    through = straight_pair(numbers, {n: -ends[n][1] for n in numbers}, rough)
    if through is None:
        return _nearest_to_lines(joint_mm, list(ends.values()), max(rough[n] for n in numbers))
    (p, t), (q, u) = ends[through[0]], ends[through[1]]
    curve = _hermite(p, t, q, -u)
    others = [ends[n] for n in numbers if n not in through]
    if not others:
        return np.asarray(curve[len(curve) // 2])
    apart = np.zeros(len(curve))
    for point, direction in others:
        to = curve - point
        apart += ((to - (to @ direction)[:, None] * direction) ** 2).sum(axis=1)
    return np.asarray(curve[int(np.argmin(apart))])


def straight_pair(
    numbers: list[int], outward: Mapping[int, Reals], rough: Mapping[int, float]
) -> tuple[int, int] | None:
    """The two widest vessels at a joint that go on straight through it; None where no two do."""
    best, found = 0.0, None
    for i, one in enumerate(numbers):
        for other in numbers[i + 1 :]:
            cosine = -float(outward[one] @ outward[other])
            score = cosine * min(rough[one], rough[other])
            if cosine > _STRAIGHT and score > best:
                best, found = score, (one, other)
    return found


def _hermite(p: Reals, t: Reals, q: Reals, u: Reals, n: int = 33) -> Reals:
    """Cubic from p in direction t to q in direction u, shape (n, 3)."""
    s = np.linspace(0, 1, n)[:, None]
    size = float(np.linalg.norm(q - p))
    return (
        (2 * s**3 - 3 * s**2 + 1) * p
        + (s**3 - 2 * s**2 + s) * t * size
        + (3 * s**2 - 2 * s**3) * q
        + (s**3 - s**2) * u * size
    )


def _nearest_to_lines(joint_mm: Reals, lines: list[tuple[Reals, Reals]], within_mm: float) -> Reals:
    """The place nearest to all axes, no further from the joint than a radius."""
    matrix, right = 1e-3 * np.eye(3), 1e-3 * joint_mm
    for point, direction in lines:
        across = np.eye(3) - np.outer(direction, direction)
        matrix = matrix + across
        right = right + across @ point
    shift = np.linalg.solve(matrix, right) - joint_mm
    far = float(np.linalg.norm(shift))
    return np.asarray(joint_mm + shift * min(1.0, within_mm / max(far, 1e-9)))


def _tied(fine: Fine, sketch: Sketch) -> Fine:
    """The course with its ends at its joints."""
    course = fine.course
    line = course.points_mm.copy()
    before = np.linalg.norm(line[1] - line[0]), np.linalg.norm(line[-1] - line[-2])
    line[0], line[-1] = sketch.joints[course.a], sketch.joints[course.b]
    after = np.linalg.norm(line[1] - line[0]), np.linalg.norm(line[-1] - line[-2])
    shift = float(after[0] - before[0])
    first, last = fine.clean_mm
    return replace(
        fine, course=replace(course, points_mm=line), clean_mm=(max(first + shift, 0.0), last + shift)
    )


def _extended(fine: Fine, joint: int, field: Field) -> Fine:
    """The course with its blind end where the lumen ends."""
    forward = fine.course.a != joint
    course = fine.course.leaving(joint)
    start, toward = _ahead(fine, joint)
    voxel = field.voxel_mm
    walk = np.arange(0, 4 * fine.rough_mm + 6 * voxel, voxel / 4)
    filled = field.at(start + walk[:, None] * toward)
    out = np.flatnonzero(filled < 0.5)
    reach = float(walk[out[0]]) if len(out) else 0.0
    if out.size and out[0] > 0:
        high, low = float(filled[out[0] - 1]), float(filled[out[0]])
        reach = float(walk[out[0] - 1]) + voxel / 4 * (high - 0.5) / max(high - low, 1e-6)
    radius = _end_radius(fine, course, field)
    back = 0.0 if _at_border(start + reach * toward, field) else radius
    if back and radius >= _FLAT_VOXELS * voxel and _is_flat(radius, start, toward, reach, field):
        back = 0.0
    tip = start + max(reach - back, voxel / 4) * toward
    line = np.vstack([tip, course.points_mm[1:]])
    changed = float(np.linalg.norm(tip - line[1]) - np.linalg.norm(course.points_mm[0] - line[1]))
    length = arc_mm(line)[-1]
    first, end = (
        fine.clean_mm if not forward else tuple(arc_mm(course.points_mm)[-1] - c for c in fine.clean_mm[::-1])
    )
    clean = (max(first + changed, 0.0), min(end + changed, length))
    whole = replace(course, points_mm=line)
    if forward:
        whole, clean = whole.turned(), (length - clean[1], length - clean[0])
    return replace(fine, course=whole, clean_mm=clean)


def _at_border(point_mm: Reals, field: Field) -> bool:
    index = field.grid.mm_to_index(point_mm)
    return bool((index < 1).any() or (index > np.array(field.grid.shape) - 2).any())


def _end_radius(fine: Fine, course: Course, field: Field) -> float:
    """Radius of the clean stretch next to the blind end that a course begins with."""
    line = course.points_mm[1:-1][: max(3, round(3 * fine.rough_mm / (STEP_VOXELS * field.voxel_mm)))]
    if len(line) < 3:
        return fine.rough_mm
    look = REACH_RADII * fine.rough_mm + REACH_VOXELS * field.voxel_mm
    found = measure_sections(field, line, tangents_of(line), np.full(len(line), look))
    good = found.closed > 0.9
    return float(np.sqrt(found.area_mm2[good].mean() / np.pi)) if good.any() else fine.rough_mm


def _is_flat(radius: float, start: Reals, toward: Reals, reach: float, field: Field) -> bool:
    """Whether the lumen ends like a cut tube and not like a finger."""
    near = start + max(reach - 0.3 * radius, 0.0) * toward
    look = REACH_RADII * radius + REACH_VOXELS * field.voxel_mm
    found = measure_sections(field, near[None], toward[None], np.full(1, look))
    return bool(found.area_mm2[0] > _FLAT * np.pi * radius**2)
