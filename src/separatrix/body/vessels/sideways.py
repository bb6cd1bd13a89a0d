"""Vessels side by side that are one in the mask: parted where both go straight on with a valley between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from separatrix.body.vessels.model import Reals
from separatrix.body.vessels.sections import Field
from separatrix.body.vessels.sketch import Course, Sketch, Touch, Tree

_STRAIGHT = 0.6
"""Cosine: how straight both vessels must pass for the place to be a contact."""

_ON_THE_WAY = 0.5
"""Cosine: how well each must point to where it goes on."""

_APART = 0.55
"""Distance of the two axes, as a part of the sum of both radii: less is a true crossing of vessels."""

RUN_RADII = 2.5
"""Two vessels touch over a length of at most so many times the sum of their radii."""

_VALLEY = 0.6
"""Filling half-way between two axes below which there is a valley: a true junction is full there."""

RoughMm = Callable[[Course], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arm:
    """A course that leaves a joint: where it is clear of it, and which way it comes."""

    number: int
    start: int
    """Joint."""
    at_mm: Reals
    inward: Reals
    radius_mm: float


def part_sideways(sketch: Sketch, fields: Mapping[Tree, Field], rough_mm: RoughMm, probability: float) -> int:
    """Part vessels that touch sideways and are one in the mask; how many times.

    Where four vessels meet, at a joint or over a short way (`RUN_RADII`), and two pairs of them each go
    straight on, their axes further apart than `_APART` of the sum of their radii and less full between
    (`_VALLEY`), they are two vessels side by side. (Vessels that truly join meet axis to axis.)
    They are parted, and the place is kept as a touch.
    """
    parted = 0
    while _part_one(sketch, fields, rough_mm, probability):
        parted += 1
        sketch.merge_through()
    return parted


def _part_one(sketch: Sketch, fields: Mapping[Tree, Field], rough_mm: RoughMm, probability: float) -> bool:
    at = sketch.at_joints()
    rough = {n: rough_mm(c) for n, c in sketch.courses.items()}
    for joint, numbers in at.items():
        if len(set(numbers)) == 4 and _try(
            sketch, fields, rough, [(joint, n) for n in numbers], None, probability
        ):
            return True
    for number in sorted(sketch.courses, key=lambda n: sketch.courses[n].length_mm):
        course = sketch.courses[number]
        if course.a == course.b or len(at[course.a]) != 3 or len(at[course.b]) != 3:
            continue
        arms = [(j, n) for j in (course.a, course.b) for n in at[j] if n != number]
        widths = sorted(rough[n] for _, n in arms)
        is_short = course.length_mm <= RUN_RADII * (widths[1] + widths[2])
        if (
            is_short
            and len({n for _, n in arms}) == 4
            and _try(sketch, fields, rough, arms, number, probability)
        ):
            return True
    return False


def _try(
    sketch: Sketch,
    fields: Mapping[Tree, Field],
    rough: Mapping[int, float],
    ends: list[tuple[int, int]],
    run: int | None,
    probability: float,
) -> bool:
    field = fields[sketch.courses[ends[0][1]].tree]
    arms = [_arm(sketch, j, n, rough, max(rough[m] for _, m in ends) + field.voxel_mm) for j, n in ends]
    for one, other in (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))):
        pairs = [(arms[i], arms[j]) for i, j in (one, other)]
        if all(_goes_on(p, q) for p, q in pairs):
            curves = [_curve(p, q) for p, q in pairs]
            far = np.linalg.norm(curves[0][:, None] - curves[1][None], axis=2)
            i, j = np.unravel_index(int(np.argmin(far)), far.shape)
            radii = [min(p.radius_mm, q.radius_mm) for p, q in pairs]
            if far[i, j] >= _APART * sum(radii):
                middle = (curves[0][i] * radii[1] + curves[1][j] * radii[0]) / sum(radii)
                if float(field.at(middle[None])[0]) < _VALLEY:
                    tree = sketch.courses[ends[0][1]].tree
                    touch = Touch(
                        at_mm=middle, trees=(tree, tree), probability=probability, why="side by side"
                    )
                    _part(sketch, pairs, curves, run, touch)
                    return True
    return False


def _arm(sketch: Sketch, joint: int, number: int, rough: Mapping[int, float], clear_mm: float) -> _Arm:
    line = sketch.courses[number].leaving(joint).points_mm
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    clear = min(clear_mm, along[-1] / 3)
    beyond = min(clear + max(4 * rough[number], 2 * clear_mm), along[-1])
    start, far = (np.array([np.interp(s, along, line[:, a]) for a in range(3)]) for s in (clear, beyond))
    inward = (start - far) / max(float(np.linalg.norm(start - far)), 1e-9)
    return _Arm(number=number, start=joint, at_mm=start, inward=inward, radius_mm=rough[number])


def _goes_on(one: _Arm, other: _Arm) -> bool:
    chord = other.at_mm - one.at_mm
    chord = chord / max(float(np.linalg.norm(chord)), 1e-9)
    return bool(
        -(one.inward @ other.inward) >= _STRAIGHT
        and one.inward @ chord >= _ON_THE_WAY
        and -(other.inward @ chord) >= _ON_THE_WAY
    )


def _curve(one: _Arm, other: _Arm) -> Reals:
    """From one arm to the other, straight on from both, shape (n, 3)."""
    s = np.linspace(0, 1, 25)[:, None]
    size = float(np.linalg.norm(other.at_mm - one.at_mm))
    return np.asarray(
        (2 * s**3 - 3 * s**2 + 1) * one.at_mm
        + (s**3 - 2 * s**2 + s) * one.inward * size
        + (3 * s**2 - 2 * s**3) * other.at_mm
        - (s**3 - s**2) * other.inward * size
    )


def _part(
    sketch: Sketch, pairs: list[tuple[_Arm, _Arm]], curves: list[Reals], run: int | None, touch: Touch
) -> None:
    gone = [] if run is None else [run]
    for (one, other), curve in zip(pairs, curves, strict=True):
        first = sketch.courses[one.number].leaving(one.start).turned()
        last = sketch.courses[other.number].leaving(other.start)
        line = np.vstack([_up_to(first, one.at_mm), curve, _up_to(last.turned(), other.at_mm)[::-1]])
        marks = tuple(dict.fromkeys((*first.marks, *last.marks)))
        sketch.add_course(replace(first, b=last.b, points_mm=line, marks=marks))
        gone += [one.number, other.number]
    sketch.remove(dict.fromkeys(gone))
    sketch.touches.append(touch)


def _up_to(course: Course, place_mm: Reals) -> Reals:
    """Points of a course up to its place nearest to a point, which is left out."""
    nearest = int(np.argmin(np.linalg.norm(course.points_mm - place_mm, axis=1)))
    return course.points_mm[: max(nearest, 1)]
