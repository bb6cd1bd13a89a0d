"""The 3D view's model and the renderer of its stills."""

from __future__ import annotations

import io
import itertools
import json
import math
from typing import Any

import numpy as np
import pytest

from separatrix.body.surface.model import Mesh
from separatrix.core import Twin
from separatrix.share.dossier import model3d, raster, stills
from separatrix.share.dossier.model import Part
from separatrix.share.dossier.pictures import rgb

UP, FRONT = np.array([0.0, 0.0, 1.0]), np.array([0.0, -1.0, 0.0])


@pytest.fixture(scope="module")
def parts(plan: Any) -> list[Part]:
    return model3d.parts_of(plan.scene, plan.anatomy, plan.separatrix)


def test_each_child_has_its_brain_in_its_colour_on_its_side(parts: list[Part]) -> None:
    brains = {p.owner: p for p in parts if p.name == "brain"}
    assert brains["A"].colour == Twin.A.colour
    assert brains["B"].colour == Twin.B.colour
    assert brains["A"].mesh.vertices_mm[:, 2].mean() < -10 < 10 < brains["B"].mesh.vertices_mm[:, 2].mean()


def test_vessels_differ_from_the_brain_they_lie_in_and_shared_ones_from_both(parts: list[Part]) -> None:
    colours = {(p.name, p.owner): p.colour for p in parts}
    assert colours["artery", "A"] != Twin.A.colour
    assert colours["vein", "B"] != Twin.B.colour
    assert colours["sinus", "shared"] == model3d.SHARED_COLOUR


def test_inner_structures_are_drawn_before_outer_ones_and_the_cut_last(parts: list[Part]) -> None:
    names = [p.name for p in parts]
    assert names.index("artery") < names.index("brain") < names.index("skull") < names.index("scalp")
    assert names[-1] == "the cut"


def test_the_model_keeps_every_position_in_lps_millimetres(parts: list[Part]) -> None:
    import trimesh

    scene = trimesh.load(io.BytesIO(model3d.to_glb(parts)), file_type="glb")
    for part in parts:
        transform, name = scene.graph[part.id]
        assert np.allclose(transform, np.eye(4))
        found = scene.geometry[name]
        assert np.allclose(found.bounds[0], part.mesh.vertices_mm.min(axis=0), atol=1e-3)
        assert np.allclose(found.bounds[1], part.mesh.vertices_mm.max(axis=0), atol=1e-3)
        assert len(found.faces) == len(part.mesh.faces)


def test_the_viewers_data_name_both_heads_and_cannot_end_their_script(plan: Any, parts: list[Part]) -> None:
    text = model3d.viewer_data(parts, model3d.heads_of(plan.anatomy, parts))
    data = json.loads(text)
    assert [(h["twin"], h["mark"]) for h in data["heads"]] == [("A", "●"), ("B", "◆")]
    assert data["heads"][0]["facing"] == [0.0, -1.0, 0.0]
    assert "<" not in text
    assert {p["id"] for p in data["parts"]} == {p.id for p in parts}


def square(centre: tuple[float, float, float], half: float = 10.0) -> Mesh:
    """An upright square that faces the front."""
    corners = np.array([[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1]]) * half
    return Mesh(vertices_mm=corners + np.array(centre), faces=np.array([[0, 1, 2], [0, 2, 3]]))


def view(towards: np.ndarray[Any, Any] = FRONT) -> raster.View:
    return raster.View(towards=towards, up=UP, centre_mm=np.zeros(3), half_width_mm=40.0, half_height_mm=40.0)


def shown(picture: np.ndarray[Any, Any], colour: str) -> np.ndarray[Any, Any]:
    return np.argwhere((np.abs(picture.astype(int) - rgb(colour)) < 8).all(axis=-1))


def test_seen_from_the_front_the_patients_left_is_on_the_readers_right() -> None:
    picture = raster.render([(square((20.0, 0.0, 25.0)), "#7b3fa0", 1.0)], view(), height_px=80)
    rows, columns = shown(picture, "#7b3fa0").mean(axis=0)
    assert columns == pytest.approx(39.5 + 20, abs=1)
    assert rows == pytest.approx(39.5 - 25, abs=1)  # towards the head is up


def test_seen_from_the_back_it_is_on_the_readers_left() -> None:
    picture = raster.render([(square((20.0, 0.0, 0.0)), "#7b3fa0", 1.0)], view(-FRONT), height_px=80)
    assert shown(picture, "#7b3fa0")[:, 1].mean() == pytest.approx(39.5 - 20, abs=1)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_nearer_part_hides_the_farther_whatever_the_order(order: tuple[int, int]) -> None:
    both = [(square((0, -15.0, 0)), "#7b3fa0", 1.0), (square((0, 15.0, 0)), "#e8801a", 1.0)]
    picture = raster.render([both[i] for i in order], view(), height_px=80)
    assert len(shown(picture, "#7b3fa0")) > 300
    assert len(shown(picture, "#e8801a")) == 0


def test_through_a_translucent_part_the_one_behind_shows() -> None:
    both = [(square((0, -15.0, 0)), "#ffffff", 0.5), (square((0, 15.0, 0)), "#000000", 1.0)]
    middle = raster.render(both, view(), height_px=80)[40, 40]
    assert np.abs(middle.astype(int) - 128).max() <= 2


def test_stills_carry_letters_where_the_directions_point(plan: Any, parts: list[Part]) -> None:
    front, side, _, aslant = stills.draw_stills(parts, plan.anatomy)
    places = {text: (x, y) for text, _, x, y in front.marks}
    assert places["R"][0] < 0.1 < 0.9 < places["L"][0]
    assert places["S"][1] < 0.1 < 0.9 < places["I"][1]
    assert "A" not in places  # it points at the reader
    assert places["●\u00a0A"][1] > 0.5 > places["◆\u00a0B"][1]
    assert {"A", "P", "S", "I"} <= {text for text, *_ in side.marks}
    spots = [(x, y) for text, _, x, y in aslant.marks if len(text) == 1]
    assert min(math.dist(a, b) for a, b in itertools.combinations(spots, 2)) > 0.08


def test_stills_are_the_same_bytes_every_time(plan: Any, parts: list[Part]) -> None:
    assert stills.draw_stills(parts, plan.anatomy) == stills.draw_stills(parts, plan.anatomy)
