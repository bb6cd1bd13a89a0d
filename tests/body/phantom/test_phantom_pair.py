"""What the demonstration pair promises, looked for in what was made."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage as ndi

from separatrix.body.imaging.model import Landmark
from separatrix.body.phantom import Pair, PairOptions, Tissue, make_pair
from separatrix.core import InputError, Twin
from separatrix.evidence import EvidenceReader, all_entries

PLAIN = PairOptions(seed=1, grid_mm=2.0)
BENT = PairOptions(seed=6, grid_mm=2.0, rotation_deg=10, tilt_deg=40, size_ratio=0.85, adherent_fraction=0.45)
EVERYWHERE = np.ones((3, 3, 3), dtype=bool)
VENOUS = (Tissue.VEIN_A, Tissue.VEIN_B, Tissue.SHARED_VENOUS)
ARTERIAL = (Tissue.ARTERY_A, Tissue.ARTERY_B)


@functools.cache
def made(options: PairOptions) -> Pair:
    return make_pair(options)


@pytest.fixture(params=[PLAIN, BENT], ids=["plain", "bent"])
def pair(request: pytest.FixtureRequest) -> Pair:
    return made(request.param)


def pieces_and_loops(mask: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Connected pieces (26 neighbours) and independent loops of a voxel set, by its Euler number."""
    solid = np.pad(mask, 1)

    def cells(*axes: int) -> int:
        here = solid
        for axis in axes:
            count = here.shape[axis]
            here = here.take(range(count - 1), axis) | here.take(range(1, count), axis)
        return int(here.sum())

    corners, edges = cells(0, 1, 2), cells(0, 1) + cells(0, 2) + cells(1, 2)
    euler = corners - edges + cells(0) + cells(1) + cells(2) - int(solid.sum())
    pieces = ndi.label(solid, EVERYWHERE)[1]
    hollows = ndi.label(~solid)[1] - 1
    return pieces, pieces + hollows - euler


def graph_pieces_and_loops(pair: Pair, labels: tuple[Tissue, ...]) -> tuple[int, int]:
    edges = [e for e in pair.vessels.edges if e.label in labels]
    parent = {n: n for e in edges for n in (e.a, e.b)}

    def root(node: str) -> str:
        while parent[node] != node:
            node = parent[node]
        return node

    for e in edges:
        parent[root(e.a)] = root(e.b)
    pieces = len({root(n) for n in parent})
    return pieces, len(edges) - len(parent) + pieces


def test_loops_are_counted_right() -> None:
    ring = np.zeros((3, 9, 9), dtype=bool)
    ring[1, 2:7, 2:7] = True
    ring[1, 4, 4] = False
    assert pieces_and_loops(ring) == (1, 1)
    ring[1, 2, 4] = False
    ring[1, 3, 4] = False
    assert pieces_and_loops(ring) == (1, 0)


@pytest.mark.parametrize("labels", [VENOUS, ARTERIAL, (*VENOUS, *ARTERIAL)], ids=["veins", "arteries", "all"])
def test_painted_vessels_have_just_the_pieces_and_loops_of_the_graph(
    pair: Pair, labels: tuple[Tissue, ...]
) -> None:
    painted = np.isin(pair.labels.array, labels)
    assert pieces_and_loops(painted) == graph_pieces_and_loops(pair, labels)


def test_the_ring_is_the_only_venous_loop(pair: Pair) -> None:
    assert graph_pieces_and_loops(pair, VENOUS) == (1, 1)
    assert sum(e.kind == "circumferential_sinus" for e in pair.vessels.edges) == 24


def test_arteries_and_veins_and_the_arteries_of_both_children_keep_a_voxel_apart(pair: Pair) -> None:
    labels = pair.labels.array
    groups = [np.isin(labels, VENOUS), labels == Tissue.ARTERY_A, labels == Tissue.ARTERY_B]
    for n, group in enumerate(groups):
        around = ndi.binary_dilation(group, EVERYWHERE)
        for other in groups[n + 1 :]:
            assert not (around & other).any()


def test_ten_to_twelve_vessels_cross_besides_the_ring(pair: Pair) -> None:
    crossing = [e for e in pair.vessels.edges if e.crossing and e.kind != "circumferential_sinus"]
    assert 10 <= len(crossing) <= 12
    owners = {n.id: n.owner for n in pair.vessels.nodes}
    assert all({owners[e.a], owners[e.b]} == {"A", "B"} for e in crossing)


def test_every_vein_runs_from_a_territory_to_an_outlet(pair: Pair) -> None:
    kinds = {n.id: n.kind for n in pair.vessels.nodes}
    degree: dict[str, int] = {}
    for e in pair.vessels.edges:
        if e.label in VENOUS:
            for node in (e.a, e.b):
                degree[node] = degree.get(node, 0) + 1
    ends = sorted(kinds[n] for n, d in degree.items() if d == 1)
    assert set(ends) == {"territory", "jugular_left", "jugular_right"}
    assert ends.count("jugular_left") == ends.count("jugular_right") == 2
    assert pieces_and_loops(np.isin(pair.labels.array, VENOUS))[0] == 1


def test_every_artery_hangs_on_an_inlet_of_its_own_child(pair: Pair) -> None:
    nodes = {n.id: n for n in pair.vessels.nodes}
    for label, twin in ((Tissue.ARTERY_A, "A"), (Tissue.ARTERY_B, "B")):
        ends = [n for e in pair.vessels.edges if e.label == label for n in (e.a, e.b)]
        inlets = {n for n in ends if nodes[n].kind.startswith("inlet")}
        assert len(inlets) == 3
        assert {nodes[n].owner for n in inlets} == {twin}
        assert graph_pieces_and_loops(pair, (label,))[0] == 1


def test_polylines_join_their_nodes_and_have_the_stated_length(pair: Pair) -> None:
    nodes = {n.id: np.array(n.xyz_mm) for n in pair.vessels.nodes}
    for e in pair.vessels.edges:
        assert np.allclose(e.polyline_mm[0], nodes[e.a])
        assert np.allclose(e.polyline_mm[-1], nodes[e.b])
        assert e.length_mm > 0
        assert min(e.radius_mm) > 0


def test_interface_is_as_rough_and_as_adherent_as_asked_for(pair: Pair) -> None:
    measured = pair.meta["interface"]
    assert measured["height_sd_mm"] == pytest.approx(pair.options.height_sd_mm, abs=0.01)
    assert measured["adherent_fraction"] == pytest.approx(pair.options.adherent_fraction, abs=0.03)
    assert 3000 < measured["contact_area_mm2"] < 6000
    assert pair.adherent[~pair.contact].sum() == 0


def test_brains_adhere_without_fluid_where_it_says_so_and_nowhere_else_without_it() -> None:
    pair = made(dataclasses.replace(PLAIN, grid_mm=1.0, adherent_fraction=0.3))
    labels, grid = pair.labels.array, pair.labels.grid
    z = grid.origin_mm[2] + np.arange(grid.shape[0])
    free = pair.contact & ~ndi.binary_dilation(pair.adherent, iterations=2)
    deep = ndi.binary_erosion(pair.adherent, iterations=2)

    def fluid_mm(columns: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        near = np.abs(z[:, None] - pair.interface_height[columns][None]) < 1.5
        return np.asarray(((labels[:, columns] == Tissue.CSF) & near).sum(0))

    assert (fluid_mm(deep) == 0).mean() > 0.9
    assert (fluid_mm(free) == 0).mean() < 0.1
    assert labels.size >= 10_000_000


def test_owner_follows_the_height_map(pair: Pair) -> None:
    labels, grid = pair.labels.array, pair.labels.grid
    z = grid.origin_mm[2] + grid.spacing_mm[2] * np.arange(grid.shape[0])
    below = z[:, None, None] <= pair.interface_height[None]
    assert np.array_equal(
        pair.ownership.array[labels == Tissue.BRAIN_A] == 1, below[labels == Tissue.BRAIN_A]
    )
    assert (pair.ownership.array[labels == Tissue.BRAIN_B] == 2).all()
    assert ((pair.ownership.array == 0) == (labels == Tissue.BACKGROUND)).all()
    assert (pair.ownership.array[labels == Tissue.SHARED_VENOUS] == 3).all()


def test_heads_are_of_the_size_of_nine_months(pair: Pair) -> None:
    size = pair.options.size_ratio
    girth = pair.meta["head_circumference_mm"]
    assert girth["A"] == pytest.approx(450, abs=10)
    assert girth["B"] == pytest.approx(450 * size, abs=10 + 450 * 0.01)
    volume = EvidenceReader(all_entries()).number("phantom.intracranial_volume")
    assert pair.meta["intracranial_ml"]["A"] == pytest.approx(volume, rel=0.08)
    assert 600 < pair.meta["volumes_ml"]["brain_a"] < 800
    ratio = pair.meta["intracranial_ml"]["B"] / pair.meta["intracranial_ml"]["A"]
    assert ratio == pytest.approx(size**3, abs=0.05)


def test_each_structure_is_one_piece(pair: Pair) -> None:
    for label in (Tissue.BRAIN_A, Tissue.BRAIN_B):
        mask = pair.labels.array == label
        pieces, count = ndi.label(mask)
        assert np.bincount(pieces.ravel())[1:].max() > 0.98 * mask.sum(), count


def test_truth_angles_are_those_asked_for(pair: Pair) -> None:
    expected = pair.meta["expected"]
    assert expected["angle_longitudinal_deg"] == pytest.approx(180 - pair.options.tilt_deg, abs=1e-3)
    folded = min(pair.options.rotation_deg % 360, 360 - pair.options.rotation_deg % 360)
    assert expected["rotation_axial_deg"] == pytest.approx(folded, abs=2.0)


def test_left_is_left_and_faces_look_forward(pair: Pair) -> None:
    """Right-handed heads: a mirrored head would have right × facing = inferior."""
    for twin in Twin:
        marks = pair.landmarks[twin]
        right = marks[Landmark.RIGHT_TRAGION] - marks[Landmark.LEFT_TRAGION]
        ears = (marks[Landmark.RIGHT_TRAGION] + marks[Landmark.LEFT_TRAGION]) / 2
        facing = marks[Landmark.NASION] - ears
        up = np.cross(right, facing)
        other = -1 if twin is Twin.A else 1
        assert up[2] * other < 0  # A stands upright, B on its head
        side = (marks[Landmark.LEFT_ORBITALE] - ears) @ right
        assert side < 0


def test_images_show_what_the_labels_say(pair: Pair) -> None:
    labels = pair.labels.array
    inner = {
        t: ndi.binary_erosion(labels == t) if t is not Tissue.DURA else labels == t
        for t in (Tissue.BRAIN_A, Tissue.BRAIN_B, Tissue.CSF, Tissue.SCALP)
    }
    t1 = {t: float(np.median(pair.t1.array[m])) for t, m in inner.items()}
    ct = {t: float(np.median(pair.ct.array[m])) for t, m in inner.items()}
    assert t1[Tissue.CSF] < 0.65 * t1[Tissue.BRAIN_A]
    assert t1[Tissue.BRAIN_A] == pytest.approx(t1[Tissue.BRAIN_B], rel=0.15)
    assert 25 < ct[Tissue.BRAIN_A] < 42
    assert ct[Tissue.CSF] < ct[Tissue.BRAIN_A] - 5
    assert np.median(pair.ct.array[np.isin(labels, VENOUS)]) > 150
    assert np.median(pair.ct.array[labels == Tissue.SKULL]) > 200
    assert np.median(pair.ct.array[labels == Tissue.BACKGROUND]) < -950


def test_equal_options_make_equal_pairs_and_another_seed_another() -> None:
    small = PairOptions(seed=3, grid_mm=3.0)
    one, two = make_pair(small), make_pair(small)
    for name in ("t1", "ct", "labels", "ownership"):
        assert np.array_equal(getattr(one, name).array, getattr(two, name).array)
    assert one.meta == two.meta
    other = make_pair(dataclasses.replace(small, seed=4))
    assert not np.array_equal(one.interface_height[:20, :20], other.interface_height[:20, :20])


def test_options_out_of_range_are_told_all_at_once() -> None:
    with pytest.raises(InputError) as caught:
        PairOptions(rotation_deg=400, tilt_deg=-1, size_ratio=0.5, grid_mm=float("nan"))
    assert [f.field for f in caught.value.faults] == ["rotation_deg", "tilt_deg", "size_ratio", "grid_mm"]
