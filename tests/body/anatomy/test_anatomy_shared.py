from __future__ import annotations

import numpy as np
import pytest

from separatrix.body.anatomy.seam import Seam
from separatrix.body.anatomy.shared import _STEP_LENGTHS, Body, measure_channel, measure_contact, shared_table
from separatrix.body.imaging.model import Structure
from separatrix.core import Grid, Owner, Unknown

DISC_MM2 = np.pi * (30.0**2 - 24.0**2)
"""Area of the flat disc on which the balls lie on each other."""

BALL_MM3 = np.pi * (30.0 + 24.0) ** 2 * (3 * 30.0 - (30.0 + 24.0)) / 3
"""Volume of one ball cut flat: a cap of height radius + centre distance."""


def body_of(pair, *, certainty=1.0) -> Body:
    side = np.where(pair.owner == 3, 1, pair.owner).astype(np.uint8)
    height = pair.scene.grid.index_to_mm(np.argwhere(pair.owner == 3))[:, 2]
    side[pair.owner == 3] = np.where(height < 0, 1, 2)
    return Body(
        tissue=pair.tissue,
        owner=pair.owner,
        side=side,
        certainty=np.where(pair.tissue > 0, certainty, 0.5).astype(np.float32),
        adherent=pair.adherent,
        grid=pair.scene.grid,
    )


def table(pair, evidence, **more) -> dict:
    body = body_of(pair, **more)
    contact = measure_contact(body, evidence=evidence)
    return {item.id: item for item in shared_table(body, contact, measure_channel(body))}


def sphere(radius: float, spacing: float) -> tuple[np.ndarray, Grid]:
    n = int(2 * radius / spacing) + 8
    grid = Grid(shape=(n, n, n), spacing_mm=(spacing,) * 3, origin_mm=(0.3, 0.1, -0.2))
    middle = grid.index_to_mm([(n - 1) / 2 + 0.2] * 3)
    away = np.linalg.norm(grid.index_to_mm(np.argwhere(np.ones(grid.shape))) - middle, axis=1)
    return np.where(away.reshape(grid.shape) <= radius, 1, 2).astype(np.uint8), grid


@pytest.mark.parametrize("spacing", [0.8, 1.5])
def test_area_of_a_sphere_has_no_staircase(spacing: float) -> None:
    side, grid = sphere(20.0, spacing)
    seam = Seam.of(side, np.ones(side.shape, dtype=bool), grid)
    assert seam is not None
    area = sum(p.area_mm2 * np.count_nonzero(p.across) for p in seam.pairs())
    assert area == pytest.approx(4 * np.pi * 20.0**2, rel=0.02)
    assert seam.flat_area_mm2() == pytest.approx(0.0, abs=1e-6)  # closed: what leaves comes back
    np.testing.assert_allclose(
        seam.points_mm().mean(axis=0), grid.index_to_mm([(side.shape[0] - 1) / 2 + 0.2] * 3), atol=0.2
    )


@pytest.mark.parametrize("tilt", [(0, 0, 1), (1, 2, 3), (-2, 1, 5)])
def test_flat_area_of_a_plane_is_its_area_in_any_direction(tilt) -> None:
    grid = Grid(shape=(40, 40, 40), spacing_mm=(1, 1, 1), origin_mm=(-19.5,) * 3)
    places = grid.index_to_mm(np.argwhere(np.ones(grid.shape)))
    side = np.where(places @ np.asarray(tilt) < 0, 1, 2).astype(np.uint8).reshape(grid.shape)
    inside = (np.linalg.norm(places, axis=1) <= 15).reshape(grid.shape)
    seam = Seam.of(side, inside, grid)
    assert seam is not None
    assert seam.flat_area_mm2() == pytest.approx(np.pi * 15**2, rel=0.04)  # pairs at the rim are cut


def test_children_that_do_not_meet_have_no_seam() -> None:
    side = np.ones((6, 6, 6), dtype=np.uint8)
    side[4:] = 2
    inside = np.ones(side.shape, dtype=bool)
    inside[3:5] = False
    grid = Grid(shape=side.shape, spacing_mm=(1, 1, 1), origin_mm=(0, 0, 0))
    assert Seam.of(side, inside, grid) is None


def test_contact_and_volumes_equal_the_closed_forms(balls, evidence) -> None:
    found = table(balls(), evidence)
    # the gap of up to 3 mm counts as contact: the wedge beside the disc widens it
    wedge = np.pi * (30.0**2 - (24.0 - 1.5) ** 2)
    assert found["contact_area"].low >= DISC_MM2 / 100 * 0.97
    assert found["contact_area"].value == pytest.approx(wedge / 100, rel=0.12)
    assert found["contact_area_folded"].value == pytest.approx(found["contact_area"].value, rel=0.06)
    for twin in "AB":
        assert found[f"brain_volume_{twin}"].value == pytest.approx(BALL_MM3 / 1000, rel=0.03)
        assert found[f"brain_volume_{twin}"].unit == "ml"


def test_adherent_half_is_half_of_the_disc(balls, evidence) -> None:
    found = table(balls(), evidence)
    assert found["adherent_area"].value == pytest.approx(DISC_MM2 / 200, rel=0.12)
    assert found["adherent_area"].low <= found["adherent_area"].value <= found["adherent_area"].high
    assert found["adherent_fraction"].value == pytest.approx(
        found["adherent_area"].value / found["contact_area"].value
    )


@pytest.mark.parametrize(("gap", "touches"), [(2.0, True), (4.0, False)])
def test_a_gap_counts_as_contact_up_to_the_stated_distance(gap, touches, balls, evidence) -> None:
    area = table(balls(gap_mm=gap), evidence)["contact_area"]
    assert (area.value > 5) == touches
    assert area.high > 5  # the range of the entry reaches 5 mm


def test_brains_that_do_not_touch_leave_the_adherent_part_unknown(balls, evidence) -> None:
    found = table(balls(gap_mm=8.0), evidence)
    assert found["contact_area"].value == 0
    assert isinstance(found["adherent_fraction"].value, Unknown)


def test_the_ring_has_its_length_calibre_and_volume(balls, evidence) -> None:
    found = table(balls(), evidence)
    length = 2 * np.pi * 22.0
    assert found["shared_sinus_length"].value == pytest.approx(length, rel=0.06)
    assert found["shared_sinus_calibre"].value == pytest.approx(6.0, rel=0.1)
    low, high = found["shared_sinus_calibre"].low, found["shared_sinus_calibre"].high
    assert low <= found["shared_sinus_calibre"].value <= high
    assert found["shared_sinus_volume"].value == pytest.approx(length * np.pi * 9 / 1000, rel=0.05)


def test_steps_of_a_centre_line_are_right_in_the_mean() -> None:
    directions = np.random.default_rng(1).normal(size=(100_000, 3))
    a, b, c = np.sort(np.abs(directions / np.linalg.norm(directions, axis=1)[:, None]), axis=1).T[::-1]
    face, edge, corner = _STEP_LENGTHS
    lengths = corner * c + edge * (b - c) + face * (a - b)  # the steps of a straight line of voxels
    assert lengths.mean() == pytest.approx(1, abs=0.005)
    assert lengths.std() < 0.03


def test_without_veins_the_channel_is_unknown_and_says_why(balls, evidence) -> None:
    pair = balls(grid_mm=2.0)
    pair.tissue[pair.tissue == Structure.VEIN] = Structure.DURA
    found = table(pair, evidence)
    assert found["shared_sinus_length"].value == Unknown("no veins are labelled")
    assert found["shared_sinus_length"].low is None


def test_fused_tissue_is_unsure_brain_on_both_sides(balls, evidence) -> None:
    pair = balls()
    body = body_of(pair)
    height = np.abs(pair.scene.grid.index_to_mm(np.argwhere(pair.tissue > 0))[:, 2])
    unsure = np.zeros(pair.tissue.shape, dtype=bool)
    unsure[tuple(np.argwhere(pair.tissue > 0).T)] = height < 3
    body.certainty[unsure & (pair.tissue == Structure.BRAIN)] = 0.7
    body.certainty[5:20][pair.tissue[5:20] == Structure.BRAIN] = 0.7  # unsure, but only A's: not fused
    fused = measure_contact(body, evidence=evidence).fused_ml
    slab = np.pi * np.mean([30.0**2 - (24.0 - h) ** 2 for h in np.linspace(0, 3, 50)]) * 6 / 1000
    assert fused[0] == pytest.approx(slab, rel=0.05)
    assert fused[1] == 0  # below the lowest limit nothing is that unsure
    assert fused[1] <= fused[0] <= fused[2]


def test_doubt_widens_the_volumes(balls, evidence) -> None:
    sure, unsure = table(balls(), evidence), table(balls(), evidence, certainty=0.9)
    assert sure["brain_volume_A"].low == sure["brain_volume_A"].high == sure["brain_volume_A"].value
    volume = unsure["brain_volume_A"]
    assert volume.value - volume.low == pytest.approx(0.1 * volume.value, rel=1e-4)
    assert volume.high > volume.value


def test_every_row_has_a_unit_a_way_and_an_ordered_range(balls, evidence) -> None:
    for item in table(balls(), evidence).values():
        assert item.unit
        assert item.how
        if not isinstance(item.value, Unknown) and item.low is not None:
            assert item.low <= item.value <= item.high


def test_shared_code_is_the_only_third_owner(balls) -> None:
    assert set(np.unique(balls().owner)) == {0, 1, 2, int(Owner.SHARED)}
