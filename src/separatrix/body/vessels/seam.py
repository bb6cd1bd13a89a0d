"""Vessels of A and of B that touch at the seam: parted by side, or by whose stems feed them."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping

import numpy as np

from separatrix.body.vessels.model import Reals
from separatrix.body.vessels.sideways import RUN_RADII, RoughMm
from separatrix.body.vessels.sketch import Course, Sketch, Touch, Tree
from separatrix.core import Twin

_ARM_MM = 8.0
"""Length of a vessel that tells whose side it comes from."""

_NEAR_SEAM_MM = 6.0
"""Distance from the seam within which vessels of A and of B may touch."""

_FOREIGN_PRICE = 4.0
"""Price per length on the other child's side, where arteries are followed from each child's own stems."""


def part_by_side(
    sketch: Sketch,
    toward_b_mm: Callable[[Reals], Reals],
    rough_mm: RoughMm,
    probability: float,
    *,
    widest_mm: float,
) -> int:
    """Part thin vessels of both children that touch at the seam; how many times.

    Where a joint near the seam has two or more vessels on each child's side, or a short way there leads from
    a joint of A's vessels to one of B's, a vessel of A passes a vessel of B. (One that only ends there is
    taken to be a vessel that crosses.) Wide vessels are left alone: at the sinus the veins of both do meet.
    """
    parted = 0
    for joint, numbers in sketch.at_joints().items():
        numbers = [n for n in numbers if sketch.courses[n].a != sketch.courses[n].b]
        if len(numbers) < 4:
            continue
        courses = [sketch.courses[n] for n in numbers]
        if any(rough_mm(c) > widest_mm for c in courses) or not _at_seam(sketch.joints[joint], toward_b_mm):
            continue
        sides = {n: _arm_side(sketch.courses[n].leaving(joint), toward_b_mm) for n in numbers}
        of_b = [n for n in numbers if sides[n] is Twin.B]
        if 2 <= len(of_b) <= len(numbers) - 2:
            sketch.part(joint, of_b, _touch_at(sketch.joints[joint], courses[0].tree, probability))
            parted += 1
    return parted + _part_runs(sketch, toward_b_mm, rough_mm, probability, widest_mm)


def _part_runs(
    sketch: Sketch,
    toward_b_mm: Callable[[Reals], Reals],
    rough_mm: RoughMm,
    probability: float,
    widest_mm: float,
) -> int:
    at = sketch.at_joints()
    parted = 0
    for number in sorted(sketch.courses, key=lambda n: sketch.courses[n].length_mm):
        run = sketch.courses[number]
        arms = {j: [n for n in at[j] if n != number] for j in (run.a, run.b)}
        around = [sketch.courses[n] for numbers in arms.values() for n in numbers]
        width = rough_mm(run)
        if (
            run.a == run.b
            or min(len(n) for n in arms.values()) < 2
            or run.length_mm > max(2 * RUN_RADII * width, _NEAR_SEAM_MM)
            or any(rough_mm(c) > widest_mm for c in (run, *around))
            or not _at_seam(run.points_mm[len(run.points_mm) // 2], toward_b_mm)
        ):
            continue
        sides = [
            {_arm_side(sketch.courses[n].leaving(j), toward_b_mm) for n in numbers}
            for j, numbers in arms.items()
        ]
        if all(len(s) == 1 for s in sides) and sides[0] != sides[1]:
            sketch.touches.append(_touch_at(run.points_mm[len(run.points_mm) // 2], run.tree, probability))
            sketch.remove((number,))
            at = sketch.at_joints()
            parted += 1
    return parted


def _at_seam(place_mm: Reals, toward_b_mm: Callable[[Reals], Reals]) -> bool:
    return abs(float(toward_b_mm(place_mm[None])[0])) <= _NEAR_SEAM_MM


def _arm_side(course: Course, toward_b_mm: Callable[[Reals], Reals]) -> Twin:
    """Side from which a course comes that begins at a joint."""
    steps = np.linalg.norm(np.diff(course.points_mm, axis=0), axis=1)
    near = course.points_mm[1:][np.cumsum(steps) <= max(_ARM_MM, float(steps[0]))]
    return Twin.A if float(toward_b_mm(near).mean()) < 0 else Twin.B


def _touch_at(place_mm: Reals, tree: Tree, probability: float) -> Touch:
    return Touch(
        at_mm=place_mm,
        trees=(tree, tree),
        probability=probability,
        why=f"{tree.value} of A beside {tree.value} of B",
    )


def part_ends_at_seam(
    sketch: Sketch,
    toward_b_mm: Callable[[Reals], Reals],
    rough_mm: RoughMm,
    probability: float,
    *,
    widest_mm: float,
) -> int:
    """Part thin arteries of one child that end on arteries of the other at the seam; how many times.

    An artery that truly crosses goes through the seam and branches beyond it; one whose end lies on the
    other child's artery, just where both run along the seam, is likelier to touch it.
    """
    parted = 0
    for joint, tree in _meetings(sketch, toward_b_mm, rough_mm, widest_mm):
        if tree is Tree.ARTERIAL:
            numbers = sketch.at_joints()[joint]
            sides = {n: _arm_side(sketch.courses[n].leaving(joint), toward_b_mm) for n in numbers}
            fewer = min(Twin, key=lambda twin: sum(s is twin for s in sides.values()))
            away = [n for n, side in sides.items() if side is fewer]
            sketch.part(joint, away, _touch_at(sketch.joints[joint], tree, probability))
            parted += 1
    return parted


def meetings_at_seam(
    sketch: Sketch, toward_b_mm: Callable[[Reals], Reals], rough_mm: RoughMm, *, widest_mm: float
) -> list[Reals]:
    """Places at the seam where thin vessels of both children meet and were not parted.

    A vein of one child that ends on one of the other's and has no other way out may join it or merely touch
    it; the label map does not tell.
    """
    return [sketch.joints[joint] for joint, _ in _meetings(sketch, toward_b_mm, rough_mm, widest_mm)]


def _meetings(
    sketch: Sketch, toward_b_mm: Callable[[Reals], Reals], rough_mm: RoughMm, widest_mm: float
) -> list[tuple[int, Tree]]:
    found = []
    for joint, numbers in sketch.at_joints().items():
        courses = [sketch.courses[n] for n in numbers]
        if len(set(numbers)) < 3 or not _at_seam(sketch.joints[joint], toward_b_mm):
            continue
        if any(rough_mm(c) > widest_mm for c in courses):
            continue
        if len({_arm_side(c.leaving(joint), toward_b_mm) for c in courses}) == 2:
            found.append((joint, courses[0].tree))
    return found


def part_arteries(
    sketch: Sketch,
    stems: Mapping[Twin, list[int]],
    toward_b_mm: Callable[[Reals], Reals],
    probability: float,
) -> int:
    """Part the arterial trees of both children where they touch; how many times.

    From each child's stems its arteries are followed, the price of a length being higher on the other
    child's side; where a joint is nearer to A's stems and its neighbour to B's, they are parted at the
    joint that the vessel between does not go straight through.
    """
    parted = 0
    while True:
        price = {twin: _prices(sketch, stems[twin], twin, toward_b_mm) for twin in Twin}
        both = price[Twin.A].keys() & price[Twin.B].keys()
        if not both:
            return parted
        side = {j: Twin.A if price[Twin.A][j] <= price[Twin.B][j] else Twin.B for j in both}
        between = [
            n
            for n, c in sketch.courses.items()
            if c.tree is Tree.ARTERIAL and c.a in side and c.b in side and side[c.a] is not side[c.b]
        ]
        if not between:
            return parted
        _cut_loose(
            sketch,
            min(between, key=lambda n: (sketch.courses[n].length_mm, n)),
            toward_b_mm,
            side,
            probability,
        )
        parted += 1


def _prices(
    sketch: Sketch, stems: list[int], twin: Twin, toward_b_mm: Callable[[Reals], Reals]
) -> dict[int, float]:
    sign = -1 if twin is Twin.A else 1
    at = sketch.at_joints()
    found: dict[int, float] = {}
    front = [(0.0, j) for j in stems]
    heapq.heapify(front)
    while front:
        price, joint = heapq.heappop(front)
        if joint in found:
            continue
        found[joint] = price
        for number in at[joint]:
            course = sketch.courses[number]
            own = float((sign * toward_b_mm(course.points_mm) > 0).mean())
            length = course.length_mm * (own + _FOREIGN_PRICE * (1 - own))
            heapq.heappush(front, (price + length, course.b if course.a == joint else course.a))
    return found


def _cut_loose(
    sketch: Sketch,
    number: int,
    toward_b_mm: Callable[[Reals], Reals],
    side: Mapping[int, Twin],
    probability: float,
) -> None:
    """Give one end of a course a joint of its own: the end whose child the course belongs to less."""
    course = sketch.courses[number]
    twin = Twin.A if float(np.median(toward_b_mm(course.points_mm))) < 0 else Twin.B
    end = course.a if side[course.a] is not twin else course.b
    sketch.part(end, [number], _touch_at(sketch.joints[end], course.tree, probability))
