"""From a mask to a sketch: thinned to lines, loops kept, what thinning makes up taken out by rule."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from separatrix.body.vessels.model import Ints, Reals
from separatrix.body.vessels.sketch import Course, Sketch, Tree
from separatrix.core import Grid

Mask = npt.NDArray[np.bool_]
Singles = npt.NDArray[np.float32]

SPUR_VOXELS = 2.0
"""A blind piece that sticks out of its parent's wall by no more than this, or half its parent's radius,
is a bump of the wall and no vessel."""

_ONE_LUMEN = 0.7
"""Joints nearer to each other than this part of the lumen's radius there are one joint."""

_PINHOLE_RADII = 4.0
"""Of two courses between the same joints, both shorter than so many radii, one is left: the hole between
them is a hole in the painting."""

_OFF_AXIS = 1.5
"""A line that runs off the lumen's axis is nearer to one wall than to the other by up to this factor."""

_PUT_BACK = 8
"""Times at most that what thinning ate is looked for."""

_ROOM = 8
"""Voxels around an eaten part in which a line is looked for."""

_CORNER = 1.8
"""Voxels that touch, by a corner at the least, lie nearer than this (√3 = 1.73)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """A mask cut out of its grid, with the depth of each voxel in it."""

    mask: Mask
    first: tuple[int, int, int]
    """Index (z, y, x) of its first voxel in the grid."""
    grid: Grid
    depth_mm: Singles
    """Distance of each voxel's centre from the outside, 0 outside."""

    def depth_at(self, points_mm: Reals) -> Reals:
        """Depth at the voxels nearest to points, shape (n,)."""
        index = np.rint(self.grid.mm_to_index(points_mm)).astype(np.int64) - self.first
        index = np.clip(index, 0, np.array(self.mask.shape) - 1)
        return np.asarray(self.depth_mm[tuple(index.T)], dtype=np.float64)


def cut_out(mask: Mask, grid: Grid) -> Piece | None:
    """Cut a mask out of its grid, its cavities filled; None where it is empty."""
    from scipy import ndimage

    if not mask.any():
        return None
    box = ndimage.find_objects(mask.astype(np.uint8))[0]
    filled = np.pad(ndimage.binary_fill_holes(mask[box]), 1)
    depth = ndimage.distance_transform_edt(filled, sampling=grid.spacing_mm[::-1]).astype(np.float32)
    z, y, x = (s.start - 1 for s in box)
    return Piece(mask=filled, first=(z, y, x), grid=grid, depth_mm=depth)


def sketch_vessels(piece: Piece, tree: Tree, into: Sketch) -> None:
    """Thin a mask to lines and put them into a sketch.

    Thinning keeps the topology: a ring stays a ring. Then, in this order: joints within one lumen become
    one (`_ONE_LUMEN`), pinholes close (`_PINHOLE_RADII`), bumps go (`SPUR_VOXELS`), shortest first.

    References
    ----------
    Lee, Kashyap, Chu: Building skeleton models via 3-D medial surface/axis thinning algorithms, CVGIP
    1994, doi 10.1006/cgip.1994.1042.
    """
    index = np.argwhere(_thin(piece)).astype(np.int64)
    if not len(index):
        return
    drawn = Sketch()
    _trace(index, piece, tree, drawn)
    step = max(piece.grid.spacing_mm)
    while _tidy(drawn, piece, step):
        pass
    number = {old: into.add_joint(at) for old, at in drawn.joints.items()}
    for course in drawn.courses.values():
        into.add_course(replace(course, a=number[course.a], b=number[course.b]))


def _thin(piece: Piece) -> Mask:
    """The mask thinned to lines, and what thinning ate put back.

    Thinning eats thin tubes that end on a diagonal. So wherever part of the mask is further from every line
    than the lumen is wide there, the middle way from its furthest voxel to the nearest line is added.
    """
    from skimage.morphology import skeletonize

    line: Mask = np.asarray(skeletonize(piece.mask), dtype=np.bool_)  # type: ignore[no-untyped-call]
    _seed(line, piece)
    for _ in range(_PUT_BACK):
        eaten = _eaten(line, piece)
        if not eaten.any():
            break
        _put_back(line, eaten, piece)
    return line


def _seed(line: Mask, piece: Piece) -> None:
    """Set a voxel in the middle of each part of the mask that thinning ate whole, in place."""
    from scipy import ndimage

    parts, count = ndimage.label(piece.mask, structure=np.ones((3, 3, 3)))
    whole = np.setdiff1d(np.arange(1, count + 1), parts[line])
    if len(whole):
        deepest = ndimage.maximum_position(piece.depth_mm, parts, whole)
        line[tuple(np.array(deepest).T)] = True


def _eaten(line: Mask, piece: Piece) -> Mask:
    """Voxels of the mask that no line stands for."""
    from scipy import ndimage
    from scipy.spatial import cKDTree

    step = np.array(piece.grid.spacing_mm[::-1])
    on, inside = np.argwhere(line), np.argwhere(piece.mask)
    far, nearest = cKDTree(on * step).query(inside * step, workers=1)
    wide = ndimage.maximum_filter(piece.depth_mm, size=5)[tuple(on[nearest].T)]
    eaten = np.zeros_like(line)
    eaten[tuple(inside[far > _OFF_AXIS * wide + SPUR_VOXELS * step.max()].T)] = True
    return eaten


def _put_back(line: Mask, eaten: Mask, piece: Piece) -> None:
    """Add a way from the furthest voxel of each eaten part to the line, in place."""
    from scipy import ndimage
    from skimage.graph import MCP_Geometric

    parts, count = ndimage.label(eaten, structure=np.ones((3, 3, 3)))
    for n, box in enumerate(ndimage.find_objects(parts, max_label=count), start=1):
        grown = tuple(slice(max(0, s.start - _ROOM), s.stop + _ROOM) for s in box)
        depth = piece.depth_mm[grown]
        price = np.where(piece.mask[grown], (depth.max() / np.maximum(depth, 1e-6)) ** 2, np.inf)
        ways = MCP_Geometric(price)
        starts = np.argwhere(line[grown])
        if not len(starts):
            continue
        far, _ = ways.find_costs(starts)
        here = np.where(parts[grown] == n, far, -1)
        here[~np.isfinite(here)] = -1
        if here.max() > 0:
            way = ways.traceback(np.unravel_index(int(here.argmax()), here.shape))
            line[grown][tuple(np.array(way).T)] = True


def _trace(index: Ints, piece: Piece, tree: Tree, sketch: Sketch) -> None:
    """Follow the thin line from joint to joint."""
    beyond = _neighbours(index)
    points = piece.grid.index_to_mm(index + np.array(piece.first))
    joint_of = _cluster(beyond)
    for cluster in sorted(set(joint_of.values())):
        members = [v for v, c in joint_of.items() if c == cluster]
        sketch.add_joint(points[members].mean(axis=0))
    number = dict(zip(sorted(set(joint_of.values())), sketch.joints, strict=True))
    seen: set[tuple[int, int]] = set()

    def put(way: list[int]) -> None:
        a, b = (number[joint_of[v]] for v in (way[0], way[-1]))
        line = np.vstack([sketch.joints[a], points[way[1:-1]], sketch.joints[b]])
        if a != b or len(way) > 3:
            sketch.add_course(Course(a=a, b=b, tree=tree, points_mm=line))

    for start in sorted(joint_of):
        for step in sorted(beyond[start]):
            if joint_of.get(step) == joint_of[start] or (start, step) in seen:
                continue
            way = [start, step]
            while way[-1] not in joint_of:
                ahead = [v for v in beyond[way[-1]] if v != way[-2]]
                way.append(ahead[0])
            seen |= {(start, step), (way[-1], way[-2])}
            put(way)
    sketch.remove(())


def _neighbours(index: Ints) -> list[set[int]]:
    """Neighbours of each voxel of the line, without the long side of any triangle."""
    from scipy.spatial import cKDTree

    pairs = cKDTree(index).query_pairs(_CORNER, output_type="ndarray")
    beyond: list[set[int]] = [set() for _ in range(len(index))]
    for i, j in pairs.tolist():
        beyond[i].add(j)
        beyond[j].add(i)
    square = ((index[pairs[:, 0]] - index[pairs[:, 1]]) ** 2).sum(axis=1) if len(pairs) else np.empty(0)
    for (i, j), length in sorted(zip(map(tuple, pairs.tolist()), square.tolist(), strict=True)):
        for k in beyond[i] & beyond[j]:
            around = max(int(((index[a] - index[k]) ** 2).sum()) for a in (i, j))
            if around < length:
                beyond[i].discard(j)
                beyond[j].discard(i)
                break
    return beyond


def _cluster(beyond: list[set[int]]) -> dict[int, int]:
    """Joint of each voxel that is one: neighbouring branching voxels together, ends, one of each ring."""
    joint: dict[int, int] = {}
    for start in range(len(beyond)):
        if start in joint or len(beyond[start]) < 3:
            continue
        front = [start]
        joint[start] = start
        while front:
            for v in beyond[front.pop()]:
                if v not in joint and len(beyond[v]) >= 3:
                    joint[v] = start
                    front.append(v)
    joint |= {v: v for v, others in enumerate(beyond) if len(others) < 2}
    seen = set(joint)
    for start in range(len(beyond)):
        if start in seen:
            continue
        front, piece, is_ring = [start], {start}, True
        while front:
            v = front.pop()
            is_ring = is_ring and not (beyond[v] & joint.keys())
            new = beyond[v] - piece - joint.keys()
            piece |= new
            front.extend(new)
        seen |= piece
        if is_ring:
            joint[start] = start
    return joint


def _tidy(sketch: Sketch, piece: Piece, step_mm: float) -> bool:
    """Take out the shortest thing that is none; False where there is nothing more."""
    sketch.merge_through()
    at = sketch.at_joints()
    depth = dict(zip(sketch.joints, piece.depth_at(np.array(list(sketch.joints.values()))), strict=True))
    order = sorted(sketch.courses, key=lambda n: (sketch.courses[n].length_mm, n))
    for number in order:
        course = sketch.courses[number]
        a, b = course.a, course.b
        if a == b and len(at[a]) > 2 and course.length_mm <= _PINHOLE_RADII * max(depth[a], step_mm):
            sketch.remove((number,))
            return True
        if (
            a != b
            and min(len(at[a]), len(at[b])) > 2
            and course.length_mm <= _ONE_LUMEN * max(depth[a], depth[b], step_mm)
        ):
            sketch.contract(number)
            return True
        blind = [j for j in (a, b) if len(at[j]) == 1]
        if len(blind) == 1 and _is_bump(course.leaving(blind[0]), piece, depth, step_mm):
            sketch.remove((number,))
            return True
    return _close_pinhole(sketch, depth, step_mm)


def _is_bump(course: Course, piece: Piece, depth: dict[int, float], step_mm: float) -> bool:
    parent = depth[course.b]
    tip = float(piece.depth_at(course.points_mm[:1])[0])
    return course.length_mm + tip - parent <= max(SPUR_VOXELS * step_mm, parent / 2)


def _close_pinhole(sketch: Sketch, depth: dict[int, float], step_mm: float) -> bool:
    between: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, course in sketch.courses.items():
        if course.a != course.b:
            between[min(course.a, course.b), max(course.a, course.b)].append(number)
    for (a, b), numbers in between.items():
        short = [
            n
            for n in numbers
            if sketch.courses[n].length_mm <= _PINHOLE_RADII * max(depth[a], depth[b], step_mm)
        ]
        if len(short) > 1:
            sketch.remove(short[1:])
            return True
    return False
