"""The cut of a small pair with every layer, two tubes and a patch where the brains adhere."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from separatrix.body.anatomy.model import Anatomy, Classification
from separatrix.body.imaging.model import Scene, Structure
from separatrix.body.surface import Separatrix, cut, load_separatrix, save_separatrix, structure_meshes
from separatrix.body.surface.solids import signed_volume_mm3
from separatrix.core import (
    DataMissingError,
    GeometryError,
    Grid,
    Owner,
    StorageError,
    Twin,
    Unknown,
    Volume,
    silent,
)
from separatrix.evidence import EvidenceReader, all_entries

ARTERY_RADIUS_MM, VEIN_RADIUS_MM = 1.7, 2.4
ARTERY_AT_MM, VEIN_AT_MM = (6.0, 3.0), (-7.0, -2.0)


@dataclass(frozen=True)
class Pair:
    """A made pair."""

    scene: Scene
    anatomy: Anatomy

    @property
    def owner(self) -> npt.NDArray[np.uint8]:
        """Owner of every voxel."""
        assert self.anatomy.ownership is not None
        return np.asarray(self.anatomy.ownership.array, dtype=np.uint8)

    @property
    def tissue(self) -> npt.NDArray[np.uint8]:
        """Tissue of every voxel."""
        assert self.anatomy.tissue is not None
        return np.asarray(self.anatomy.tissue.array, dtype=np.uint8)

    def with_owner(self, owner: npt.NDArray[np.uint8]) -> Pair:
        """The same pair with other owners."""
        return Pair(self.scene, replace(self.anatomy, ownership=Volume(owner, self.scene.grid)))


def make_small_pair(grid: Grid) -> Pair:
    """A pair whose long axis is the patient's z, A above."""
    x, y, z = np.moveaxis(grid.index_to_mm(np.moveaxis(np.indices(grid.shape), 0, -1)), -1, 0)
    across = np.hypot(x, y * 1.1)
    height = 2.0 * np.sin(x / 6)
    depth = np.minimum(23 - 4 * np.exp(-((z / 8) ** 2)) - across, 32 - np.abs(z))
    tissue = np.zeros(grid.shape, dtype=np.uint8)
    layers = (
        (0.0, Structure.SCALP),
        (3.5, Structure.SKULL),
        (6.0, Structure.DURA),
        (7.5, Structure.CSF),
        (9.0, Structure.BRAIN),
    )
    for start, structure in layers:
        tissue[depth > start] = structure
    gap = (tissue == Structure.BRAIN) & (np.abs(z - height) < 0.9) & (across > 4)
    tissue[gap] = Structure.CSF
    near = (np.abs(z - height) < 12) & (depth > 4)
    for (px, py), radius, lean, structure in (
        (ARTERY_AT_MM, ARTERY_RADIUS_MM, 0.6, Structure.ARTERY),
        (VEIN_AT_MM, VEIN_RADIUS_MM, 0.0, Structure.VEIN),
    ):
        axis = np.array([lean, 0.0, 1.0]) / np.hypot(lean, 1.0)
        offset = np.stack([x - px, y - py, z - 2.0 * np.sin(px / 6)], axis=-1)
        away = np.linalg.norm(offset - (offset @ axis)[..., None] * axis, axis=-1)
        tissue[near & (away <= radius)] = structure
    owner = np.where(z > height, np.uint8(Owner.A), np.uint8(Owner.B))
    owner[tissue == Structure.ARTERY] = Owner.A
    owner[tissue == Structure.VEIN] = Owner.SHARED
    owner[tissue == 0] = Owner.NONE
    hidden = np.isin(tissue, (Structure.BRAIN, Structure.CSF, Structure.DURA))
    labels = np.where(hidden, np.uint8(Structure.INTRACRANIAL), tissue)
    scene = Scene(
        grid=grid,
        images={},
        labels=Volume(labels, grid),
        painted=Volume(np.zeros_like(labels), grid),
        landmarks={},
    )
    angle = Unknown("no landmarks")
    anatomy = Anatomy(
        ownership=Volume(owner, grid),
        certainty=Volume(np.where(across > 4, 0.99, 0.8).astype(np.float32), grid),
        tissue=Volume(tissue, grid),
        adherent=None,
        frames={},
        classification=Classification(
            stone_goodrich=(), oconnell=(), winston=(), angle_longitudinal_deg=angle, rotation_axial_deg=angle
        ),
        shared=(),
        suitability=(),
        painted=(),
        refused_because="",
    )
    return Pair(scene, anatomy)


def cut_pair(pair: Pair, *, full: bool | None = None) -> Separatrix:
    """The pair's separatrix with the tables' prices."""
    reader = EvidenceReader(all_entries())
    return cut(pair.scene, pair.anatomy, evidence=reader, threads=1, progress=silent, full=full)


@pytest.fixture(scope="module")
def grid() -> Grid:
    """An asymmetric grid: no two sizes agree, the origin is nowhere special."""
    return Grid(
        shape=(70, 46, 52), spacing_mm=(1.0, 1.0, 1.0), origin_mm=(-25.3, -22.6, -34.1), frame_id="1.2.3"
    )


@pytest.fixture(scope="module")
def pair(grid: Grid) -> Pair:
    """The small pair."""
    return make_small_pair(grid)


@pytest.fixture(scope="module")
def separatrix(pair: Pair) -> Separatrix:
    """Its separatrix."""
    return cut_pair(pair)


def crossed_of(separatrix: Separatrix, structure: str) -> list[tuple[float, ...]]:
    """Position and calibre of every crossing of a structure."""
    return [(*c.position_mm, c.calibre_mm) for c in separatrix.crossed if c.structure == structure]


def test_every_voxel_of_the_body_and_no_other_has_a_side(pair: Pair, separatrix: Separatrix) -> None:
    assert ((separatrix.side.array > 0) == (pair.tissue > 0)).all()
    assert set(np.unique(separatrix.side.array)) == {0, 1, 2}


def test_brain_stays_with_its_owner(pair: Pair, separatrix: Separatrix) -> None:
    brain = pair.tissue == Structure.BRAIN
    assert (separatrix.side.array[brain] == pair.owner[brain]).mean() > 0.998


def test_doubt_lets_the_cut_deviate_and_certainty_holds_it(pair: Pair) -> None:
    """A tongue of A's brain in B: kept where it is certain, given up where it is a guess."""
    owner = pair.owner.copy()
    z, y, x = np.moveaxis(pair.scene.grid.index_to_mm(np.moveaxis(np.indices(owner.shape), 0, -1)), -1, 0)[
        ::-1
    ]
    tongue = (np.hypot(x - 0.5, y) < 2.6) & (z < 1) & (z > -9) & (pair.tissue == Structure.BRAIN)
    owner[tongue] = Owner.A
    kept = []
    for certainty in (0.99, 0.55):
        doubt = np.where(tongue, np.float32(certainty), np.float32(0.99))
        anatomy = replace(pair.anatomy, certainty=Volume(doubt, pair.scene.grid))
        found = cut_pair(Pair(pair.scene, anatomy).with_owner(owner))
        kept.append(float((found.side.array[tongue & (z < -3)] == 1).mean()))
    assert kept[0] > 0.7  # its tip is rounded off
    assert kept[1] < 0.1


def test_what_a_cut_does_to_each_childs_brain_is_told_for_that_child_alone(pair: Pair) -> None:
    owner = pair.owner.copy()
    z, y, x = np.moveaxis(pair.scene.grid.index_to_mm(np.moveaxis(np.indices(owner.shape), 0, -1)), -1, 0)[
        ::-1
    ]
    tongue = (np.hypot(x - 0.5, y) < 2.6) & (z < 1) & (z > -9) & (pair.tissue == Structure.BRAIN)
    owner[tongue] = Owner.A
    doubt = np.where(tongue, np.float32(0.55), np.float32(0.99))
    anatomy = replace(pair.anatomy, certainty=Volume(doubt, pair.scene.grid))
    found = cut_pair(Pair(pair.scene, anatomy).with_owner(owner))
    given_up = tongue & (found.side.array == Twin.B.code)
    lost_ml = given_up.sum() * pair.scene.grid.voxel_volume_mm3 / 1000
    assert found.brain_across_ml["A"] == pytest.approx(lost_ml, rel=0.02)
    assert found.brain_across_ml["B"] < 0.1 * lost_ml
    assert found.brain_cut_cm2["A"] > 3 * found.brain_cut_cm2["B"]
    assert sum(found.brain_cut_cm2.values()) == pytest.approx(found.areas_cm2["brain"], abs=1e-9)


def test_the_gap_is_known_for_a_small_pair_and_none_in_a_band(pair: Pair, separatrix: Separatrix) -> None:
    banded = cut_pair(pair, full=False)
    assert separatrix.gap == 0
    assert banded.cost <= separatrix.cost * 1.001
    assert banded.cost >= separatrix.cost * (1 - 1e-12)


def test_a_crossed_tube_has_its_place_and_calibre_whatever_its_lean(separatrix: Separatrix) -> None:
    for structure, (x, y), radius in (
        ("artery", ARTERY_AT_MM, ARTERY_RADIUS_MM),
        ("vein", VEIN_AT_MM, VEIN_RADIUS_MM),
    ):
        (found,) = crossed_of(separatrix, structure)
        assert found[:3] == pytest.approx((x, y, 2.0 * np.sin(x / 6)), abs=1.5)
        assert found[3] == pytest.approx(2 * radius, abs=0.5)


def test_a_crossed_structure_names_its_owner(separatrix: Separatrix) -> None:
    owners = {c.structure: c.owner for c in separatrix.crossed}
    assert owners == {"artery": "A", "vein": "shared", "skull": "shared", "dura": "shared", "scalp": "shared"}


def test_layers_have_the_thickness_they_were_made_with(separatrix: Separatrix) -> None:
    thickness = {c.structure: c.calibre_mm for c in separatrix.crossed}
    assert thickness["scalp"] == pytest.approx(3.5, abs=0.8)
    assert thickness["skull"] == pytest.approx(2.5, abs=0.8)
    assert thickness["dura"] == pytest.approx(1.5, abs=0.6)


def test_areas_by_tissue_add_up_to_the_section_at_the_waist(separatrix: Separatrix) -> None:
    areas = separatrix.areas_cm2
    assert list(areas)[:6] == ["brain", "csf", "dura", "skull", "scalp", "vessels"]
    waist, scalp_in = 19.0, 15.5
    assert sum(areas.values()) == pytest.approx(np.pi * waist**2 / 1.1 / 100, rel=0.12)
    assert areas["scalp"] == pytest.approx(np.pi * (waist**2 - scalp_in**2) / 1.1 / 100, rel=0.15)
    assert areas["brain"] < 0.1 * areas["csf"]
    assert areas["brain_adherent"] == pytest.approx(np.pi * 4**2 / 1.1 / 100, rel=0.6)
    assert 0.1 < areas["vessels"] < 0.6


@pytest.mark.parametrize("twin", list(Twin))
def test_each_body_is_watertight_and_as_large_as_its_voxels(separatrix: Separatrix, twin: Twin) -> None:
    import trimesh

    mesh = separatrix.parts[twin.value]
    body = trimesh.Trimesh(mesh.vertices_mm, mesh.faces, process=False)
    assert body.is_watertight
    assert body.is_winding_consistent
    voxels = (separatrix.side.array == twin.code).sum() * separatrix.side.grid.voxel_volume_mm3
    print(twin.value, "mesh over voxels", body.volume / voxels)
    assert body.volume == pytest.approx(voxels, rel=0.005)


def test_the_printed_sheet_is_watertight_and_follows_the_cut(separatrix: Separatrix) -> None:
    import trimesh

    assert separatrix.sheet_solid is not None
    solid = trimesh.Trimesh(separatrix.sheet_solid.vertices_mm, separatrix.sheet_solid.faces, process=False)
    assert solid.is_watertight
    sheet_cm2 = sum(separatrix.areas_cm2.values())
    assert solid.volume == pytest.approx(sheet_cm2 * 100 * 2.0, rel=0.1)


def test_the_sheet_shows_no_staircase(separatrix: Separatrix) -> None:
    """Between neighbouring triangles the sheet bends by little: a staircase would bend by 45° and 90°."""
    import trimesh

    mesh = trimesh.Trimesh(separatrix.surface.vertices_mm, separatrix.surface.faces, process=False)
    angles = np.degrees(mesh.face_adjacency_angles)
    assert np.quantile(angles, 0.95) < 20


def test_swapped_twins_give_the_same_cut_with_the_names_swapped(pair: Pair, separatrix: Separatrix) -> None:
    swap = np.array([0, 2, 1, 3], dtype=np.uint8)
    other = cut_pair(pair.with_owner(swap[pair.owner]))
    assert other.cost == pytest.approx(separatrix.cost, rel=1e-12)
    assert (other.side.array == swap[separatrix.side.array]).mean() > 0.999
    assert [c.owner for c in other.crossed if c.structure == "artery"] == ["B"]


def test_a_mirrored_grid_mirrors_nothing(pair: Pair, separatrix: Separatrix) -> None:
    """The same pair stored with x from right to left: every position stays where it is."""
    grid = pair.scene.grid
    end = float(grid.index_to_mm([0, 0, grid.shape[2] - 1])[0])
    mirrored = dataclasses.replace(
        grid, origin_mm=(end, *grid.origin_mm[1:]), direction=(-1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    )
    other = cut_pair(make_small_pair(mirrored))
    assert (other.side.array[..., ::-1] == separatrix.side.array).mean() > 0.999
    for structure in ("artery", "vein"):
        assert crossed_of(other, structure)[0] == pytest.approx(crossed_of(separatrix, structure)[0], abs=0.3)
    for twin in Twin:
        centre, seen = (s.parts[twin.value].vertices_mm.mean(axis=0) for s in (separatrix, other))
        assert seen == pytest.approx(centre, abs=0.3)
        assert signed_volume_mm3(other.parts[twin.value]) > 0


def test_a_separatrix_comes_back_exactly_as_it_was_stored(separatrix: Separatrix, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    save_separatrix(separatrix, one)
    back = load_separatrix(one)
    save_separatrix(back, two)
    names = sorted(p.name for p in one.iterdir())
    meshes = ["body-A.stl", "body-B.stl", "separatrix.glb", "separatrix.stl"]
    assert names == sorted([*meshes, "crossed.csv", "result.json", "side.nii.gz"])
    for name in names:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    assert back.side.grid == separatrix.side.grid
    assert (back.side.array == separatrix.side.array).all()
    assert back.crossed == separatrix.crossed
    assert back.areas_cm2 == separatrix.areas_cm2
    assert set(separatrix.brain_cut_cm2) == set(separatrix.brain_across_ml) == {"A", "B"}
    assert back.brain_cut_cm2 == separatrix.brain_cut_cm2
    assert back.brain_across_ml == separatrix.brain_across_ml
    assert (back.cost, back.gap, back.notes) == (separatrix.cost, separatrix.gap, separatrix.notes)
    assert (back.surface.vertices_mm == separatrix.surface.vertices_mm).all()


def test_two_cuts_of_one_pair_are_byte_for_byte_the_same(
    pair: Pair, separatrix: Separatrix, tmp_path: Path
) -> None:
    again = cut_pair(pair)
    for name, found in (("one", separatrix), ("two", again)):
        (tmp_path / name).mkdir()
        save_separatrix(found, tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes(), file.name


def test_another_reader_sees_the_side_map_where_it_is(separatrix: Separatrix, tmp_path: Path) -> None:
    import nibabel

    save_separatrix(separatrix, tmp_path)
    image: Any = nibabel.load(tmp_path / "side.nii.gz")
    array = np.asarray(image.dataobj)
    centre = np.argwhere(array == 1).mean(axis=0)
    ras = image.affine @ [*centre, 1]
    grid = separatrix.side.grid
    lps = grid.index_to_mm(np.argwhere(separatrix.side.array == 1).mean(axis=0))
    assert ras[:3] == pytest.approx([-lps[0], -lps[1], lps[2]], abs=1e-3)


def test_a_stored_result_that_is_damaged_says_so(separatrix: Separatrix, tmp_path: Path) -> None:
    save_separatrix(separatrix, tmp_path)
    whole = (tmp_path / "separatrix.glb").read_bytes()
    (tmp_path / "separatrix.glb").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StorageError, match=r"separatrix\.glb"):
        load_separatrix(tmp_path)


def test_what_the_cut_rests_on_is_named(separatrix: Separatrix) -> None:
    assert "surface.cost.brain" in separatrix.assumptions
    assert "surface.reach" in separatrix.assumptions


def test_structures_for_the_viewer_are_named_and_within_the_budget(pair: Pair) -> None:
    meshes = structure_meshes(pair.scene, pair.anatomy, triangles=20_000)
    assert list(meshes) == ["brain-A", "brain-B", "artery-A", "vein-shared", "skull", "scalp"]
    assert sum(len(m.faces) for m in meshes.values()) <= 20_000
    grid = pair.scene.grid
    for name, code in (("brain-A", 1), ("brain-B", 2)):
        voxels = np.argwhere((pair.tissue == Structure.BRAIN) & (pair.owner == code))
        centre = grid.index_to_mm(voxels).mean(axis=0)
        low, high = meshes[name].vertices_mm.min(axis=0), meshes[name].vertices_mm.max(axis=0)
        assert (low < centre).all()
        assert (centre < high).all()
        assert signed_volume_mm3(meshes[name]) == pytest.approx(len(voxels), rel=0.02)


def test_owners_that_cannot_be_parted_are_refused(pair: Pair) -> None:
    grid = pair.scene.grid
    with pytest.raises(DataMissingError, match="no owners"):
        cut_pair(Pair(pair.scene, replace(pair.anatomy, ownership=None)))
    with pytest.raises(DataMissingError, match="one child"):
        cut_pair(pair.with_owner((pair.tissue > 0).astype(np.uint8)))
    elsewhere = dataclasses.replace(grid, origin_mm=(0.0, 0.0, 0.0))
    with pytest.raises(GeometryError, match="scene's grid"):
        cut_pair(Pair(pair.scene, replace(pair.anatomy, ownership=Volume(pair.owner, elsewhere))))
    apart = pair.tissue.copy()
    middle = grid.shape[0] // 2 - 1
    apart[middle - 6 : middle + 6] = 0
    with pytest.raises(GeometryError, match="touch nowhere"):
        cut_pair(Pair(pair.scene, replace(pair.anatomy, tissue=Volume(apart, grid))))


@pytest.mark.shared
def test_the_pair_of_infant_heads_is_parted_between_its_brains(shared_data: Path) -> None:
    """The reference pair with its true owners: eleven million voxels."""
    import nibabel

    folder = shared_data / "fused_phantom"
    images: list[Any] = [nibabel.load(folder / f"{name}.nii.gz") for name in ("labels", "ownership")]
    codes, owner = (np.ascontiguousarray(np.asarray(i.dataobj).transpose(2, 1, 0)) for i in images)
    affine = images[0].affine
    grid = Grid(
        shape=codes.shape,
        spacing_mm=(1.0, 1.0, 1.0),
        origin_mm=(-float(affine[0, 3]), -float(affine[1, 3]), float(affine[2, 3])),
        direction=(-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0),
    )
    brain, artery, vein = Structure.BRAIN, Structure.ARTERY, Structure.VEIN
    of_code = [0, brain, brain, Structure.SKULL, Structure.SCALP, Structure.CSF, Structure.DURA]
    of_code += [artery, artery, vein, vein, Structure.SINUS]
    small = make_small_pair(Grid(shape=(4, 4, 4), spacing_mm=(1, 1, 1), origin_mm=(0, 0, 0)))
    tissue = np.array(of_code, dtype=np.uint8)[codes]
    found = cut_pair(
        Pair(
            replace(small.scene, grid=grid, labels=Volume(tissue, grid)),
            replace(
                small.anatomy,
                ownership=Volume(owner.astype(np.uint8), grid),
                tissue=Volume(tissue, grid),
                certainty=Volume(np.full(grid.shape, 0.99, dtype=np.float32), grid),
            ),
        )
    )
    misplaced = (tissue == brain) & (found.side.array != owner)
    print("brain on the wrong side", int(misplaced.sum()), "voxels; gap", found.gap, found.areas_cm2)
    assert misplaced.sum() < 2e-4 * (tissue == brain).sum()
    assert found.gap == 0
    for twin in Twin:
        voxels = (found.side.array == twin.code).sum()
        assert signed_volume_mm3(found.parts[twin.value]) == pytest.approx(voxels, rel=0.005)
    assert found.areas_cm2["brain"] < 1.5
    assert len([c for c in found.crossed if c.structure in ("artery", "vein", "sinus")]) >= 10
