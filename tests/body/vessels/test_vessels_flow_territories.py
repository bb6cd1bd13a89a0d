"""Regions of brain: volumes from the voxels nearest to each vein, names from the head's own axes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.body.vessels.networks import hand_case, ring_pair

from separatrix.body.anatomy import Anatomy, Classification, HeadFrame
from separatrix.body.imaging import Structure
from separatrix.body.vessels.circulation import prepare_circulation
from separatrix.body.vessels.model import Node
from separatrix.body.vessels.territories import neighbours, region_name, region_volumes_ml
from separatrix.case import evidence_for
from separatrix.core import Grid, Owner, Twin, Volume

GRID = Grid(shape=(20, 30, 40), spacing_mm=(2.0, 2.0, 2.0), origin_mm=(-40.0, 5.0, -9.0))


def anatomy_of_boxes():
    """A's brain is the lower half in z, B's the upper; the outer ten voxels along x hold no brain."""
    owner = np.full(GRID.shape, Owner.A, dtype=np.uint8)
    owner[10:] = Owner.B
    tissue = np.full(GRID.shape, Structure.BRAIN, dtype=np.uint8)
    tissue[:, :, 30:] = Structure.CSF
    return Anatomy(
        ownership=Volume(owner, GRID),
        certainty=None,
        tissue=Volume(tissue, GRID),
        adherent=None,
        frames={},
        classification=Classification(
            stone_goodrich=(), oconnell=(), winston=(), angle_longitudinal_deg=180.0, rotation_axial_deg=0.0
        ),
        shared=(),
        suitability=(),
        painted=(),
        refused_because="",
    )


def at(index_x, name="t", z=2):
    """A territory node of A at a voxel of the middle row."""
    xyz = GRID.index_to_mm(np.array([[z, 15, index_x]]))[0]
    return Node(id=name, kind="territory", owner=Owner.A, xyz_mm=tuple(float(v) for v in xyz))


def test_each_voxel_goes_to_the_nearest_vein_of_its_own_child():
    nodes = [at(4, "near"), at(24, "far")]  # the middle between them is voxel 14: brain is 0 to 29
    volumes, how = region_volumes_ml(nodes, Twin.A, anatomy_of_boxes(), 1.0)
    voxel = 0.008
    assert sum(volumes) == pytest.approx(10 * 30 * 30 * voxel)
    assert volumes[0] == pytest.approx(10 * 30 * 14.5 * voxel, rel=0.05)
    assert "nearest" in how


def test_without_images_the_brain_is_shared_evenly_and_a_hand_wins():
    nodes = [at(4), at(24)]
    assert region_volumes_ml(nodes, Twin.A, None, 700.0)[0] == [350.0, 350.0]
    told = [dataclasses.replace(nodes[0], volume_ml=80.0), nodes[1]]
    assert region_volumes_ml(told, Twin.A, anatomy_of_boxes(), 700.0) == ([80.0, 80.0], "given by hand")
    assert region_volumes_ml([], Twin.A, None, 700.0)[0] == []


def test_volumes_reach_the_circulation():
    graph = ring_pair(seed=2)
    rng = np.random.default_rng(0)
    nodes = tuple(
        dataclasses.replace(n, xyz_mm=tuple(float(v) for v in rng.uniform(-20, 40, 3))) for n in graph.nodes
    )
    case = hand_case()
    graph = dataclasses.replace(graph, nodes=nodes)
    inputs = prepare_circulation(graph, case=case, anatomy=anatomy_of_boxes(), evidence=evidence_for(case))
    volume = dict.fromkeys(Twin, 0.0)
    for territory in inputs.assemble().territories:
        volume[territory.twin] += territory.volume_ml
    assert volume == pytest.approx({Twin.A: 72.0, Twin.B: 72.0})


FRAME = HeadFrame(
    origin_mm=np.array([10.0, 0.0, 0.0]),
    right=np.array([-1.0, 0.0, 0.0]),
    facing=np.array([0.0, -1.0, 0.0]),
    superior=np.array([0.0, 0.0, 1.0]),
)


@pytest.mark.parametrize(
    ("xyz", "words"),
    [
        ((-30.0, -60.0, 40.0), "right frontal"),
        ((50.0, 10.0, 40.0), "left parietal"),
        ((14.0, 60.0, 40.0), "midline occipital"),
    ],
)
def test_a_region_is_called_after_its_place_in_the_childs_own_head(xyz, words):
    node = Node(id="n7", kind="territory", owner=Owner.B, xyz_mm=xyz)
    assert region_name(node, Twin.B, {Twin.B: FRAME}) == f"B ◆ {words} (n7)"


def test_a_name_given_by_hand_wins():
    node = Node(id="n7", kind="territory", owner=Owner.A, name="left motor strip")
    assert region_name(node, Twin.A, {}) == "A ● left motor strip"


def test_neighbours_are_the_nearest_and_each_pair_stands_once():
    nodes = [at(i, f"t{i}") for i in (0, 1, 10, 11)]
    assert neighbours(nodes, 1) == [(0, 1), (2, 3)]
    assert neighbours(nodes, 9) == [(i, j) for i in range(4) for j in range(i + 1, 4)]
    assert neighbours(nodes[:1], 2) == []
    assert neighbours([dataclasses.replace(n, xyz_mm=None) for n in nodes], 2) == [
        (0, 1), (0, 3), (1, 2), (2, 3),
    ]  # fmt: skip
    two = [dataclasses.replace(n, xyz_mm=None) for n in nodes[:2]]
    assert neighbours(two, 2) == [(0, 1)]
