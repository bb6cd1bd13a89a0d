"""The graph on reference data, two fused infant heads and a real angiogram, each with a made twin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage
from scipy.spatial import cKDTree
from tests.body.vessels.true_anatomy import true_anatomy
from tests.body.vessels.tubes import Tube, bow, circle, grid_around, painted, scanned

from separatrix.body.imaging import Structure, read_scene
from separatrix.body.vessels.extract import extract_graph
from separatrix.body.vessels.loops import open_loops
from separatrix.body.vessels.lumen import fill_lumen
from separatrix.body.vessels.model import VesselGraph, VesselKind
from separatrix.body.vessels.seam import part_ends_at_seam
from separatrix.body.vessels.sections import Field
from separatrix.body.vessels.skeleton import cut_out, sketch_vessels
from separatrix.body.vessels.sketch import Course, Sketch, Tree
from separatrix.case import read_case
from separatrix.core import Grid, Volume, silent
from separatrix.evidence import EvidenceReader, all_entries

PAINTED_MM = 0.87
"""Least radius at which the phantom's tubes were painted."""

LISTED_MM = 6.0
"""A contact this near to where two vessels touch lists it."""

FORK_MM = 20.0
"""Vessels of one tree lie side by side up to so far from where they fork."""

TOUCH_MM = 1.75
"""Voxels of a millimetre that share a corner (√3)."""

_FUSED = {1: Structure.BRAIN, 2: Structure.BRAIN, 3: Structure.SKULL, 4: Structure.SCALP, 5: Structure.CSF,
          6: Structure.DURA}  # fmt: skip


def loops_of(sketch: Sketch) -> int:
    return len(sketch.courses) - len(sketch.joints) + len(sketch.components())


def on_grid(path: Path, grid: Grid) -> np.ndarray:
    """A label map on a grid."""
    like = sitk.Image([int(n) for n in grid.shape[::-1]], sitk.sitkUInt8)
    like.SetSpacing(grid.spacing_mm)
    like.SetOrigin(grid.origin_mm)
    like.SetDirection(np.array(grid.direction).ravel().tolist())
    image = sitk.Cast(sitk.ReadImage(str(path)), sitk.sitkUInt8)
    return sitk.GetArrayFromImage(sitk.Resample(image, like, sitk.Transform(), sitk.sitkNearestNeighbor))


class TrueVessel:
    """One vessel of the phantom, as voxels of a millimetre."""

    def __init__(self, edge: dict[str, Any]) -> None:
        self.owner: str = edge["owner"]
        self.is_artery = "arter" in edge["kind"] or edge["kind"] == "communicating"
        line = np.array(edge["polyline_mm"]) * [-1, -1, 1]  # the file is in RAS
        along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
        at = np.linspace(0, along[-1], max(3, int(along[-1] / 0.4)))
        self.points = np.stack([np.interp(at, along, line[:, a]) for a in range(3)], 1)
        share = np.linspace(0, 1, len(edge["radius_mm"]))
        radius = np.maximum(np.interp(np.linspace(0, 1, len(at)), share, edge["radius_mm"]), PAINTED_MM)
        low, high = (np.floor(self.points.min(0) - 4), np.ceil(self.points.max(0) + 4))
        axes = [np.arange(a, b + 1) for a, b in zip(low, high, strict=True)]
        voxels = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
        far, near = cKDTree(self.points).query(voxels)
        self.voxels = voxels[far <= radius[near]]
        self.ends = {edge["a"], edge["b"]}


def touches(truth: dict[str, Any]) -> list[tuple[TrueVessel, TrueVessel, np.ndarray]]:
    """Pairs of vessels whose voxels touch where they do not fork, with those voxels (n, 3)."""
    place = {n["id"]: np.array(n["xyz_mm"]) * [-1, -1, 1] for n in truth["nodes"]}
    near = {n: {n} for n in place}
    for e in truth["edges"]:
        if e["length_mm"] <= FORK_MM:
            near[e["a"]].add(e["b"])
            near[e["b"]].add(e["a"])
    vessels = [TrueVessel(e) for e in truth["edges"] if len(e["polyline_mm"]) > 1]
    found = []
    for i, one in enumerate(vessels):
        tree = cKDTree(one.voxels)
        beyond = set().union(*(near[n] for n in one.ends))
        for other in vessels[i + 1 :]:
            apart = (one.voxels.min(0) - other.voxels.max(0), other.voxels.min(0) - one.voxels.max(0))
            if max(v.max() for v in apart) > 1:
                continue
            voxels = other.voxels[tree.query(other.voxels)[0] <= TOUCH_MM]
            if one.is_artery is other.is_artery:
                for fork in sorted(beyond & set().union(*(near[n] for n in other.ends))):
                    voxels = voxels[np.linalg.norm(voxels - place[fork], axis=1) > FORK_MM]
            if len(voxels):
                found.append((one, other, voxels))
    return found


@pytest.fixture(scope="module")
def fused(shared_data: Path) -> tuple[VesselGraph, dict[str, Any]]:
    """Graph and truth of two real heads joined by the vertex."""
    folder = shared_data / "fused_phantom"
    case = read_case(folder / "case")
    evidence = EvidenceReader(all_entries())
    scene = read_scene(case, evidence=evidence, threads=2, progress=silent)
    labels, owner = (on_grid(folder / f"{name}.nii.gz", scene.grid) for name in ("labels", "ownership"))
    anatomy = true_anatomy(scene, labels, _FUSED, owner, evidence)
    graph = extract_graph(case, scene, anatomy, evidence=evidence, threads=2, progress=silent)
    return graph, json.loads((folder / "vessels.json").read_text())


@pytest.mark.shared
def test_the_ring_of_two_fused_heads_is_found(fused: tuple[VesselGraph, dict[str, Any]]) -> None:
    graph, truth = fused
    ring = [e for e in graph.edges if e.kind is VesselKind.CIRCUMFERENTIAL_SINUS]
    assert all(sum(n in (e.a, e.b) for e in ring) == 2 for r in ring for n in (r.a, r.b))
    true = sum(e["length_mm"] for e in truth["edges"] if e["kind"] == "circumferential_sinus")
    assert sum(e.length_mm for e in ring) == pytest.approx(true, rel=0.05)


@pytest.mark.shared
def test_every_touching_pair_of_two_fused_heads_is_listed(fused: tuple[VesselGraph, dict[str, Any]]) -> None:
    graph, truth = fused
    is_artery = {
        n: e.kind is VesselKind.ARTERY
        for e in graph.edges
        if e.kind is not VesselKind.CONTACT
        for n in (e.a, e.b)
    }
    listed = [
        (sorted((is_artery[e.a], is_artery[e.b])), np.mean(e.polyline_mm, axis=0))
        for e in graph.edges
        if e.kind is VesselKind.CONTACT
    ]
    pairs = touches(truth)
    assert len(pairs) > 60
    assert (
        len([1 for a, b, _ in pairs if {a.owner, b.owner} == {"A", "B"} and a.is_artery is b.is_artery]) >= 10
    )
    for one, other, voxels in pairs:
        kinds = sorted((one.is_artery, other.is_artery))
        far = min(float(np.linalg.norm(voxels - place, axis=1).min()) for k, place in listed if k == kinds)
        assert far <= LISTED_MM, (one.owner, other.owner, kinds, voxels.mean(0))


def straight(start: tuple[float, ...], end: tuple[float, ...], radius: float) -> Tube:
    return Tube(np.linspace(start, end, 200), (radius,))


def sketched(mask: np.ndarray, grid: Grid, tree: Tree) -> tuple[Sketch, dict[Tree, Field], Any]:
    piece = cut_out(mask, grid)
    assert piece is not None
    sketch = Sketch()
    sketch_vessels(piece, tree, sketch)

    def rough_mm(course: Course) -> float:
        return float(np.median(piece.depth_at(course.points_mm))) - 0.35 * min(grid.spacing_mm)

    return sketch, {tree: fill_lumen(piece, piece.mask, None).field}, rough_mm


def ring_with_veins(*, ring_mm: float, veins_touch: bool) -> tuple[Sketch, dict[Tree, Field], Any]:
    """A ring with two veins into it, whose far ends meet or do not."""
    gap = 0.0 if veins_touch else 8.0
    tubes = [
        Tube(circle((0, 0, 0), 30, tilt=0.0), (ring_mm,)),
        straight((30, 0, 0), (4, 4 + gap, 3), 0.9),
        straight((0, 30, 0), (4, 4 + gap, 3) if veins_touch else (-9, 6, 3), 0.9),
    ]
    grid = grid_around(tubes, 0.5)
    return sketched(painted(tubes, grid), grid, Tree.VENOUS)


@pytest.mark.parametrize("ring_mm", [2.5, 1.2])
@pytest.mark.parametrize("veins_touch", [True, False])
def test_a_loop_of_thin_veins_is_opened_and_the_ring_is_not(ring_mm: float, *, veins_touch: bool) -> None:
    """However thin the ring, it stays; a loop of veins loses no vein but one join, which is listed."""
    sketch, fields, rough_mm = ring_with_veins(ring_mm=ring_mm, veins_touch=veins_touch)
    length = sum(c.length_mm for c in sketch.courses.values())
    assert loops_of(sketch) == 1 + veins_touch
    opened = open_loops(
        sketch, fields, rough_mm, lambda p: p[:, 2], wide_mm=1.4, reach_mm=4.0, probability=0.3
    )
    assert opened == veins_touch
    assert loops_of(sketch) == 1
    assert len(sketch.components()) == 1
    assert len(sketch.touches) == opened
    assert sum(c.length_mm for c in sketch.courses.values()) == pytest.approx(length)
    whole = [c for c in sketch.courses.values() if rough_mm(c) > 0.8 * ring_mm or ring_mm < 2]
    assert sum(c.length_mm for c in whole) >= 0.95 * 2 * np.pi * 30


@pytest.mark.parametrize("depth_mm", [0.0, 20.0])
def test_an_artery_that_ends_on_the_other_childs_at_the_seam_is_a_contact(depth_mm: float) -> None:
    """At the seam it touches; one that goes through it and branches beyond is one vessel."""
    along = [(-15, 0, depth_mm + 5), (0, 0, depth_mm + 1), (15, 0, depth_mm + 5)]
    tubes = [
        straight(along[0], along[1], 0.9),
        straight(along[1], along[2], 0.9),
        straight((0, 3, -25), along[1], 0.9),
    ]
    grid = grid_around(tubes, 0.5)
    sketch, _, rough_mm = sketched(painted(tubes, grid), grid, Tree.ARTERIAL)
    parted = part_ends_at_seam(sketch, lambda p: p[:, 2], rough_mm, 0.2, widest_mm=1.5)
    assert parted == (depth_mm == 0)
    assert len(sketch.components()) == 1 + parted


def drawn_share(mask: np.ndarray, grid: Grid, sketch: Sketch, fields: dict[Tree, Field]) -> float:
    """Share of a mask that lies within its own depth and a voxel and a half of some line."""
    points = np.concatenate([c.points_mm for c in sketch.courses.values()])
    depth = ndimage.distance_transform_edt(mask, sampling=grid.spacing_mm[::-1])
    index = np.argwhere(mask)
    far, near = cKDTree(points).query(grid.index_to_mm(index))
    at = np.clip(np.rint(grid.mm_to_index(points)).astype(int), 0, np.array(mask.shape) - 1)
    wide = ndimage.maximum_filter(depth, size=5)[tuple(at.T)]
    return float((far <= 1.5 * wide[near] + 1.5 * max(grid.spacing_mm)).mean())


@pytest.mark.shared
def test_a_real_circle_of_willis_is_drawn_whole(shared_data: Path) -> None:
    """A time-of-flight angiogram, thresholded: carotids, basilar artery and the circle are one piece."""
    image = sitk.ReadImage(str(shared_data / "mra_circle_of_willis" / "chris_MRA.nii.gz"))
    grey = sitk.GetArrayFromImage(image)
    grid = Grid(shape=grey.shape, spacing_mm=image.GetSpacing(), origin_mm=(0.0, 0.0, 0.0))
    pieces, count = ndimage.label(grey >= 110, np.ones((3, 3, 3)))
    mask = pieces == 1 + int(np.argmax(np.bincount(pieces.ravel())[1 : count + 1]))
    sketch, fields, _ = sketched(mask, grid, Tree.ARTERIAL)
    assert len(sketch.components()) == 1
    assert drawn_share(mask, grid, sketch, fields) > 0.99
    low = [j for j, n in sketch.at_joints().items() if len(n) == 1 and sketch.joints[j][2] < 4]
    assert len(low) == 3
    assert loops_of(sketch) >= 1
    assert 600 < sum(c.length_mm for c in sketch.courses.values()) < 1200


def test_a_made_circle_of_arteries_is_drawn_whole() -> None:
    """The same on a made ring of arteries with three that come in and five that leave, with noise."""
    ring = circle((0, 0, 20), 10, tilt=0.0)
    feet = [(10, 0, 20), (-10, 0, 20), (0, 10, 20)]
    tops = [(8, -6, 20), (-8, -6, 20), (0, -10, 20), (6, 8, 20), (-6, 8, 20)]
    tubes = [
        Tube(ring, (1.4,)),
        *(Tube(bow((1.5 * f[0], 1.5 * f[1], 0), f, 3.0), (2.0, 1.6)) for f in feet),
        *(Tube(bow(t, (4 * t[0], 4 * t[1], 40), 2.0), (1.0, 0.8)) for t in tops),
    ]
    grid = grid_around(tubes, 0.55)
    image = Volume(scanned(tubes, grid, noise=8.0).astype(np.float32), grid)
    mask = image.array > 110
    mask = ndimage.label(mask, np.ones((3, 3, 3)))[0] == 1
    sketch, fields, _ = sketched(mask, grid, Tree.ARTERIAL)
    assert len(sketch.components()) == 1
    assert loops_of(sketch) == 1
    assert sum(len(n) == 1 for n in sketch.at_joints().values()) == 8
    assert drawn_share(mask, grid, sketch, fields) > 0.99
