"""Vessels that merely touch: told apart from junctions, and listed with a probability instead of joined."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from separatrix.body.vessels.model import Bools, Ints, Reals
from separatrix.body.vessels.sections import Field
from separatrix.body.vessels.sketch import Course, Sketch, Touch, Tree
from separatrix.core import Twin

_STRAIGHT = 0.6
"""Cosine: how straight both vessels must pass for the place to be a contact."""

_ON_THE_WAY = 0.5
"""Cosine: how well each must point to where it goes on."""

_ARM_MM = 8.0
"""Length of a vessel that tells whose side it comes from."""

_NEAR_SEAM_MM = 6.0
"""Distance from the seam within which vessels of A and of B may touch."""

_APART = 0.55
"""Distance of the two axes, as a part of the sum of both radii: less is a true crossing of vessels."""

_RUN_RADII = 2.5
"""Two vessels touch over a length of at most so many times the sum of their radii."""

_VALLEY = 0.6
"""Filling half-way between two axes below which there is a valley: a true junction is full there."""

_FOREIGN_PRICE = 4.0
"""Price per length on the other child's side, where arteries are followed from each child's own stems."""

_CANDIDATES = 24
"""Points of lines looked at around a voxel to find the vessel whose wall is nearest."""

_CLUSTER_MM = 4.0
"""Voxels of a pair of vessels further apart than this are two contacts."""

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

    Where four vessels meet, at a joint or over a short way (`_RUN_RADII`), and two pairs of them each go
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
        is_short = course.length_mm <= _RUN_RADII * (widths[1] + widths[2])
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
            _move_ends(sketch, joint, of_b, _touch_at(sketch.joints[joint], courses[0].tree, probability))
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
            or run.length_mm > max(2 * _RUN_RADII * width, _NEAR_SEAM_MM)
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


def _move_ends(sketch: Sketch, joint: int, numbers: list[int], touch: Touch) -> None:
    """Give some of the courses at a joint a joint of their own at the same place."""
    own = sketch.add_joint(sketch.joints[joint])
    for number in numbers:
        sketch.courses[number] = replace(sketch.courses[number].leaving(joint), a=own)
    sketch.touches.append(touch)


def meetings_at_seam(
    sketch: Sketch, toward_b_mm: Callable[[Reals], Reals], rough_mm: RoughMm, *, widest_mm: float
) -> list[Reals]:
    """Places at the seam where thin vessels of both children meet and were not parted.

    A vessel of one child that ends on one of the other's may join it or merely touch it; the label map does
    not tell.
    """
    found = []
    for joint, numbers in sketch.at_joints().items():
        courses = [sketch.courses[n] for n in numbers]
        if len(set(numbers)) < 3 or not _at_seam(sketch.joints[joint], toward_b_mm):
            continue
        if any(rough_mm(c) > widest_mm for c in courses):
            continue
        if len({_arm_side(c.leaving(joint), toward_b_mm) for c in courses}) == 2:
            found.append(sketch.joints[joint])
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
    _move_ends(sketch, end, [number], _touch_at(sketch.joints[end], course.tree, probability))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contact:
    """Two vessels that touch, by number, and where on their lines."""

    one: int
    other: int
    at_mm: tuple[Reals, Reals]
    """The place on each, (3,)."""
    probability: float
    why: str


def place_touches(sketch: Sketch, radius_mm: Mapping[int, float]) -> list[Contact]:
    """Find the two vessels of each touch kept while parting: the two whose walls are nearest there."""
    found = []
    for touch in sketch.touches:
        pools = [{n for n, c in sketch.courses.items() if c.tree is tree} for tree in touch.trees]
        near = {n: _wall_mm(sketch.courses[n], touch.at_mm, radius_mm[n]) for pool in pools for n in pool}
        one = min(pools[0], key=lambda n: (near[n], n), default=None)
        other = min(pools[1] - {one}, key=lambda n: (near[n], n), default=None)
        if one is not None and other is not None:
            found.append(_contact(sketch, one, other, touch.at_mm, touch.probability, touch.why))
    return found


def touching_trees(
    sketch: Sketch,
    radius_mm: Mapping[int, float],
    arterial: Bools,
    venous: Bools,
    index_to_mm: Callable[[Ints], Reals],
    probability: float,
) -> list[Contact]:
    """Arteries that touch veins: voxels of the one beside voxels of the other, by pair of vessels.

    Parameters
    ----------
    arterial, venous
        Masks in one box.
    index_to_mm
        Places of that box's indices (n, 3).
    """
    from scipy import ndimage
    from scipy.spatial import cKDTree

    around = np.ones((3, 3, 3), dtype=np.bool_)
    index = np.argwhere(arterial & ndimage.binary_dilation(venous, structure=around)).astype(np.int64)
    lines = {
        tree: [(n, c.points_mm) for n, c in sorted(sketch.courses.items()) if c.tree is tree] for tree in Tree
    }
    if not len(index) or not all(lines.values()):
        return []
    places = index_to_mm(index)
    nearest = []
    for tree in Tree:
        number = np.concatenate([np.full(len(line), n) for n, line in lines[tree]])
        points = np.concatenate([line for _, line in lines[tree]])
        far, at = cKDTree(points).query(places, k=min(_CANDIDATES, len(points)), workers=1)
        wall = far - np.array([radius_mm[int(n)] for n in number])[at]
        nearest.append(number[at[np.arange(len(at)), np.argmin(wall, axis=1)]])
    found = []
    for one, other in sorted(set(zip(nearest[0].tolist(), nearest[1].tolist(), strict=True))):
        these = places[(nearest[0] == one) & (nearest[1] == other)]
        pieces = _clusters(these)
        found += [
            _contact(sketch, one, other, p.mean(axis=0), probability, "artery beside vein") for p in pieces
        ]
    return found


def _clusters(places: Reals) -> list[Reals]:
    """Groups of places, each no further than `_CLUSTER_MM` from another of its group."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    pairs = cKDTree(places).query_pairs(_CLUSTER_MM, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(places),) * 2)
    count, label = connected_components(graph, directed=False)
    return [places[label == n] for n in range(count)]


def _wall_mm(course: Course, at_mm: Reals, radius_mm: float) -> float:
    return float(np.linalg.norm(course.points_mm - at_mm, axis=1).min()) - radius_mm


def _contact(sketch: Sketch, one: int, other: int, at_mm: Reals, probability: float, why: str) -> Contact:
    places = []
    for number in (one, other):
        line = sketch.courses[number].points_mm
        places.append(line[int(np.argmin(np.linalg.norm(line - at_mm, axis=1)))])
    return Contact(one=one, other=other, at_mm=(places[0], places[1]), probability=probability, why=why)
