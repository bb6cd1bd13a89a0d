"""Meshes against shapes whose area and volume are known."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from separatrix.body.imaging.model import Structure
from separatrix.body.surface import Look, Mesh, write_glb, write_stl
from separatrix.body.surface.formats import read_glb
from separatrix.body.surface.inventory import areas_cm2, triangles_of
from separatrix.body.surface.sheet import clipped, open_sheet, sheet_fields
from separatrix.body.surface.solids import flattened, signed_volume_mm3, solid, thinned, triangle_areas_mm2
from separatrix.core import Grid

GRID = Grid(shape=(50, 54, 58), spacing_mm=(0.8, 0.8, 0.8), origin_mm=(-10.0, 20.0, 5.0))
CENTRE_MM = GRID.index_to_mm([24.6, 26.7, 28.3])
OFFSET_MM = GRID.index_to_mm(np.moveaxis(np.indices(GRID.shape), 0, -1)) - CENTRE_MM


def ball(radius_mm: float) -> npt.NDArray[np.bool_]:
    """Voxels of a ball off the lattice's own points."""
    return np.asarray((OFFSET_MM**2).sum(axis=-1) <= radius_mm**2)


@pytest.mark.parametrize("radius_mm", [1.2, 3.0, 9.0, 17.0])
def test_a_solid_holds_the_volume_of_its_voxels_also_where_it_is_small(radius_mm: float) -> None:
    mask = ball(radius_mm)
    voxels = mask.sum() * GRID.voxel_volume_mm3
    mesh = solid(mask, GRID)
    print(radius_mm, "mesh over voxels", signed_volume_mm3(mesh) / voxels)
    assert signed_volume_mm3(mesh) == pytest.approx(voxels, rel=0.005)
    assert mesh.vertices_mm.mean(axis=0) == pytest.approx(CENTRE_MM, abs=0.4)


def test_a_solid_at_the_border_of_the_grid_is_closed() -> None:
    import trimesh

    mask = np.zeros(GRID.shape, dtype=bool)
    mask[:9, :8, :7] = True
    mesh = solid(mask, GRID)
    assert trimesh.Trimesh(mesh.vertices_mm, mesh.faces, process=False).is_watertight
    assert signed_volume_mm3(mesh) == pytest.approx(9 * 8 * 7 * GRID.voxel_volume_mm3, rel=0.005)


def test_flattening_keeps_a_solid_closed_and_as_large() -> None:
    import trimesh

    whole = solid(ball(15.0), GRID)
    flat = flattened(whole, 0.08)
    assert len(flat.faces) < 0.7 * len(whole.faces)
    assert trimesh.Trimesh(flat.vertices_mm, flat.faces, process=False).is_watertight
    assert signed_volume_mm3(flat) == pytest.approx(signed_volume_mm3(whole), rel=0.002)


def test_thinning_keeps_to_its_budget() -> None:
    thin = thinned(solid(ball(15.0), GRID), 900)
    assert len(thin.faces) <= 900
    assert signed_volume_mm3(thin) == pytest.approx(4 / 3 * np.pi * 15**3, rel=0.03)


def test_an_empty_mask_has_no_mesh() -> None:
    assert len(solid(np.zeros(GRID.shape, dtype=bool), GRID).faces) == 0


@pytest.mark.parametrize("normal", [(1, 0, 0), (0, 0, 1), (1, 0.3, 0.2), (1, 1, 1), (0.7, 0, -1)])
def test_the_area_of_a_plane_through_a_ball_is_without_bias(normal: tuple[float, float, float]) -> None:
    unit = np.array(normal) / np.linalg.norm(normal)
    height = OFFSET_MM @ unit
    side = np.where(ball(17.0), np.where(height > 0, np.uint8(1), np.uint8(2)), np.uint8(0))
    sheet = open_sheet(sheet_fields(side, GRID), GRID)
    area = float(triangle_areas_mm2(sheet).sum())
    print(normal, "measured over true area", area / (np.pi * 17**2))
    assert area == pytest.approx(np.pi * 17**2, rel=0.02)
    normals = np.cross(
        sheet.vertices_mm[sheet.faces[:, 1]] - sheet.vertices_mm[sheet.faces[:, 0]],
        sheet.vertices_mm[sheet.faces[:, 2]] - sheet.vertices_mm[sheet.faces[:, 0]],
    )
    assert (normals.sum(axis=0) / np.linalg.norm(normals.sum(axis=0))) @ unit == pytest.approx(-1, abs=0.01)


@pytest.mark.parametrize("radius_mm", [8.0, 14.0])
def test_the_area_of_a_sphere_is_without_bias(radius_mm: float) -> None:
    side = np.where(ball(radius_mm), np.uint8(1), np.uint8(2))
    area = float(triangle_areas_mm2(open_sheet(sheet_fields(side, GRID), GRID)).sum())
    print(radius_mm, "measured over true area", area / (4 * np.pi * radius_mm**2))
    assert area == pytest.approx(4 * np.pi * radius_mm**2, rel=0.025)


def test_areas_by_tissue_are_those_of_the_slabs_the_cut_passes() -> None:
    """A plane across shells: discs and rings of known area."""
    radius = np.sqrt((OFFSET_MM**2).sum(axis=-1))
    tissue = np.zeros(GRID.shape, dtype=np.uint8)
    shells = ((17.0, Structure.SCALP), (14.0, Structure.SKULL), (11.0, Structure.CSF), (6.0, Structure.BRAIN))
    for outer, structure in shells:
        tissue[radius <= outer] = structure
    height = OFFSET_MM @ np.array([0.3, 0.2, 1.0])
    side = np.where(tissue > 0, np.where(height > 0, np.uint8(1), np.uint8(2)), np.uint8(0))
    sheet = open_sheet(sheet_fields(side, GRID), GRID)
    for owner, key in ((np.ones_like(side), "brain"), (side, "brain_adherent")):
        areas = areas_cm2(triangles_of(sheet, tissue, owner, GRID))
        expected = {"scalp": 17**2 - 14**2, "skull": 14**2 - 11**2, "csf": 11**2 - 6**2, key: 6**2}
        for name, squares in expected.items():
            assert areas[name] == pytest.approx(np.pi * squares / 100, rel=0.07), name


def test_clipping_cuts_triangles_along_the_line() -> None:
    square = Mesh(
        vertices_mm=np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=float),
        faces=np.array([[0, 1, 2], [0, 2, 3]]),
    )
    part = clipped(square, square.vertices_mm[:, 0] - 0.25)
    assert triangle_areas_mm2(part).sum() == pytest.approx(0.75)
    assert part.vertices_mm[:, 0].min() == pytest.approx(0.25)
    a, b, c = np.moveaxis(part.vertices_mm[part.faces], 1, 0)
    normals = np.cross(b - a, c - a)
    assert (normals[:, 2] > 0).all()


def wedge() -> Mesh:
    """A tetrahedron that no flip or swap maps onto itself."""
    return Mesh(
        vertices_mm=np.array([[1, 2, 3], [11, 2, 3], [1, 7, 3], [1, 2, 23]], dtype=float),
        faces=np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]]),
    )


def test_another_reader_finds_the_stl_in_its_place(tmp_path: Path) -> None:
    import trimesh

    write_stl(wedge(), tmp_path / "wedge.stl")
    read: Any = trimesh.load(tmp_path / "wedge.stl")
    assert read.bounds.tolist() == [[1, 2, 3], [11, 7, 23]]
    assert read.is_watertight
    assert read.volume == pytest.approx(10 * 5 * 20 / 6)


def test_another_reader_finds_the_glb_with_names_and_colours(tmp_path: Path) -> None:
    import trimesh

    path = tmp_path / "wedge.glb"
    write_glb(
        {"body-A": (wedge(), Look(colour="#7b3fa0")), "cut": (wedge(), Look(colour="#2a9d8f", opacity=0.5))},
        path,
    )
    scene: Any = trimesh.load(path)
    assert set(scene.geometry) == {"body-A", "cut"}
    assert scene.geometry["body-A"].bounds.tolist() == [[1, 2, 3], [11, 7, 23]]
    raw = path.read_bytes()
    length = struct.unpack_from("<I", raw, 12)[0]
    description = json.loads(raw[20 : 20 + length])
    assert description["asset"]["extras"] == {"frame": "LPS", "unit": "mm"}
    assert [m["pbrMetallicRoughness"]["metallicFactor"] for m in description["materials"]] == [0, 0]
    back = read_glb(path)
    assert (back["cut"].vertices_mm == wedge().vertices_mm).all()
    assert (back["cut"].faces == wedge().faces).all()
