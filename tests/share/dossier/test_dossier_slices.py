"""Slices: right is right, A is purple, and the cut runs where it should."""

from __future__ import annotations

import base64
import io
import itertools
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

from separatrix.core import Twin
from separatrix.share.dossier import planes, slices
from separatrix.share.dossier.model import Slice
from separatrix.share.dossier.pictures import rgb

SHARED = slices.SHARED_COLOUR


def pixels(address: str) -> np.ndarray[Any, Any]:
    content = base64.b64decode(address.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA")).astype(int)


def places(overlay: np.ndarray[Any, Any], colour: str, *, strong: bool = False) -> np.ndarray[Any, Any]:
    """Rows and columns painted in a colour, as shares of height and width."""
    found = (overlay[..., :3] == rgb(colour)).all(axis=-1) & (overlay[..., 3] > (200 if strong else 0))
    return np.argwhere(found) / overlay.shape[:2]


@pytest.fixture(scope="module")
def drawn(plan: Any) -> dict[str, list[Slice]]:
    return dict(slices.draw_slices(plan.scene, plan.anatomy, plan.separatrix))


def test_there_are_several_slices_in_each_of_three_planes(drawn: dict[str, list[Slice]]) -> None:
    assert list(drawn) == ["axial", "coronal", "sagittal"]
    assert all(4 <= len(found) <= slices.SLICES_PER_PLANE for found in drawn.values())
    assert all(a.position_mm < b.position_mm for s in drawn.values() for a, b in itertools.pairwise(s))


def test_a_is_purple_below_and_b_orange_above(drawn: dict[str, list[Slice]]) -> None:
    for plane in ("coronal", "sagittal"):
        overlay = pixels(drawn[plane][2].overlay)
        a, b = places(overlay, Twin.A.colour), places(overlay, Twin.B.colour)
        assert len(a) > 500
        assert len(b) > 500
        assert a[:, 0].mean() > 0.6 > 0.4 > b[:, 0].mean()


def test_the_patients_left_is_on_the_readers_right(drawn: dict[str, list[Slice]]) -> None:
    coronal = min(drawn["coronal"], key=lambda s: abs(s.position_mm))
    assert coronal.letters == ("R", "L", "S", "I")
    artery = places(pixels(coronal.overlay), Twin.A.colour, strong=True)  # at x = +18 mm, the left
    assert artery[:, 1].mean() > 0.6


def test_the_back_is_on_the_right_of_a_sagittal_and_below_in_an_axial(plan: Any) -> None:
    box = planes.body_box_mm(plan.scene.labels)
    axial = planes.plane_through("axial", 20.0, box)
    assert axial.letters == ("R", "L", "A", "P")
    found = planes.sample_nearest(plan.anatomy.tissue, axial.points(1.0)) == 8  # the vein, at y = +18 mm
    assert np.argwhere(found)[:, 0].mean() / found.shape[0] > 0.6
    sagittal = planes.plane_through("sagittal", 0.0, box)
    assert sagittal.letters == ("A", "P", "S", "I")
    found = planes.sample_nearest(plan.anatomy.tissue, sagittal.points(1.0)) == 8
    assert np.argwhere(found)[:, 1].mean() / found.shape[1] > 0.6


def test_a_grid_that_runs_the_other_way_gives_the_same_pictures(plan: Any, flipped_plan: Any) -> None:
    one = slices.draw_slices(plan.scene, plan.anatomy, plan.separatrix, per_plane=2)
    two = slices.draw_slices(flipped_plan.scene, flipped_plan.anatomy, flipped_plan.separatrix, per_plane=2)
    for plane in one:
        assert [s.position_mm for s in one[plane]] == [s.position_mm for s in two[plane]]
        for a, b in zip(one[plane], two[plane], strict=True):
            # Ties of nearest-voxel sampling may fall either way, on single pixels.
            assert (pixels(a.overlay) != pixels(b.overlay)).any(axis=-1).mean() < 0.01
            assert np.abs(pixels(a.images[0][1]) - pixels(b.images[0][1])).max() <= 1


def test_what_is_shared_has_its_own_colour(drawn: dict[str, list[Slice]]) -> None:
    assert any(len(places(pixels(s.overlay), SHARED)) > 50 for s in drawn["axial"])


def test_stripes_lie_only_where_the_brains_touch(drawn: dict[str, list[Slice]]) -> None:
    coronal = min(drawn["coronal"], key=lambda s: abs(s.position_mm))
    stripes = places(pixels(coronal.overlay), "#ffff66")
    assert len(stripes) > 20
    assert stripes[:, 1].min() > 0.48  # painted for x > 0 only


def test_dots_mark_doubt_and_vanish_without_it(plan: Any, drawn: dict[str, list[Slice]]) -> None:
    from dataclasses import replace

    coronal = drawn["coronal"][2]
    assert len(places(pixels(coronal.overlay), "#ffffff")) > 20
    sure = plan.anatomy.certainty.like(np.ones_like(plan.anatomy.certainty.array))
    certain = replace(plan.anatomy, certainty=sure)
    again = slices.draw_slices(plan.scene, certain, plan.separatrix)["coronal"][2]
    assert len(places(pixels(again.overlay), "#ffffff")) == 0


def test_the_cut_line_follows_the_wave_between_the_children(plan: Any, drawn: dict[str, list[Slice]]) -> None:
    coronal = min(drawn["coronal"], key=lambda s: abs(s.position_mm))
    points = np.array([[float(v) for v in p.split()] for p in re.split("[ML]", coronal.cut_path) if p])
    high = planes.body_box_mm(plan.scene.labels)[1]
    x = points[:, 0] - coronal.width_mm / 2
    z = high[2] + 6.0 - points[:, 1]
    inside = np.abs(x) < 20
    assert inside.sum() > 5
    assert np.abs(z - (3.0 + 4.0 * np.sin(x / 12.0)))[inside].max() < 2.5  # one voxel


def test_each_child_has_its_letter_on_its_own_side(drawn: dict[str, list[Slice]]) -> None:
    for coronal in drawn["coronal"]:
        letters = {name: y for name, _, y in coronal.owner_labels}
        assert letters["A"] > letters["B"]


def test_without_an_anatomy_the_scans_are_shown_alone(plan: Any) -> None:
    found = slices.draw_slices(plan.scene, None, None, per_plane=2)
    for plane in found.values():
        for one in plane:
            assert one.images
            assert (one.overlay, one.cut_path, one.owner_labels) == ("", "", ())


def test_the_same_plan_gives_the_same_bytes(plan: Any, drawn: dict[str, list[Slice]]) -> None:
    assert drawn == slices.draw_slices(plan.scene, plan.anatomy, plan.separatrix)
