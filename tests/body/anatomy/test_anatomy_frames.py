from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from separatrix.body.anatomy.frames import (
    axial_rotation_deg,
    common_axis,
    head_frame,
    head_frames,
    longitudinal_angle_deg,
)
from separatrix.body.imaging.model import Landmark
from separatrix.core import DataMissingError, GeometryError, Twin, Unknown
from separatrix.evidence import EvidenceReader, all_entries

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "fused_phantom"

HEAD = {  # right, facing, superior mm: a head with its ears level, seen in its own frame
    Landmark.LEFT_TRAGION: (-58.0, 0.0, 0.0),
    Landmark.RIGHT_TRAGION: (58.0, 0.0, 0.0),
    Landmark.LEFT_ORBITALE: (-28.0, 70.0, 0.0),
    Landmark.NASION: (0.0, 78.0, 24.0),
}


def evidence() -> EvidenceReader:
    return EvidenceReader(all_entries())


def turn(axis: tuple[float, float, float], degrees: float) -> np.ndarray:
    k = np.asarray(axis, dtype=float) / np.linalg.norm(axis)
    cross = np.array([[0, -k[2], k[1]], [k[2], 0, -k[0]], [-k[1], k[0], 0]])
    angle = np.radians(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def head(axes: np.ndarray, origin: tuple[float, float, float]) -> dict[Landmark, np.ndarray]:
    """A head whose own axes (right, facing, superior) are the columns of `axes`."""
    return {name: axes @ np.asarray(p) + np.asarray(origin) for name, p in HEAD.items()}


UPRIGHT = np.array([[-1.0, 0, 0], [0, -1.0, 0], [0, 0, 1.0]]).T
"""Right is -x and facing is -y in LPS."""


def pair(angle: float, rotation: float) -> dict[Twin, dict[Landmark, np.ndarray]]:
    """Two heads, superior axes `angle` apart in the plane across A's ears, faces `rotation` apart."""
    half = (180 - angle) / 2
    # A leans by `half` away from the common axis z; B is A turned upside down about an axis in the
    # plane across z, so that both faces first look to the same side, then turned about z.
    a = turn((0, 1, 0), half) @ UPRIGHT
    upside_down = np.diag([-1.0, 1.0, -1.0])
    b = turn((0, 0, 1), rotation) @ turn((0, 1, 0), half) @ upside_down @ UPRIGHT
    return {Twin.A: head(a, (0, 0, -100)), Twin.B: head(b, (5, 0, 100))}


def moved(landmarks: dict, matrix: np.ndarray, shift: np.ndarray) -> dict:
    return {t: {k: matrix @ p + shift for k, p in m.items()} for t, m in landmarks.items()}


def test_axes_are_right_handed_and_named_after_the_child() -> None:
    frame = head_frame(head(UPRIGHT, (3, 4, 5)), evidence=evidence())
    np.testing.assert_allclose(frame.origin_mm, (3, 4, 5))
    np.testing.assert_allclose(frame.right, (-1, 0, 0), atol=1e-12)  # the patient's right is -x in LPS
    np.testing.assert_allclose(frame.facing, (0, -1, 0), atol=1e-12)
    np.testing.assert_allclose(frame.superior, (0, 0, 1), atol=1e-12)
    np.testing.assert_allclose(np.cross(frame.right, frame.facing), frame.superior, atol=1e-12)


@pytest.mark.parametrize(
    ("angle", "rotation"), [(180, 0), (180, 35), (180, 180), (166, 144.8), (140, 40), (120, 10), (90, 90)]
)
def test_known_angles_are_found(angle: float, rotation: float) -> None:
    frames = head_frames(pair(180, rotation), evidence=evidence())
    assert axial_rotation_deg(frames[Twin.A], frames[Twin.B]) == pytest.approx(rotation, abs=1e-6)
    assert longitudinal_angle_deg(frames[Twin.A], frames[Twin.B]) == pytest.approx(180, abs=1e-6)
    frames = head_frames(pair(angle, 180), evidence=evidence())
    # turned half about the axis, both lean to opposite sides: the full lean is in the angle
    assert longitudinal_angle_deg(frames[Twin.A], frames[Twin.B]) == pytest.approx(angle, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    angle=st.floats(60, 180),
    rotation=st.floats(0, 180),
    axis=st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.1, 1)),
    degrees=st.floats(-180, 180),
    shift=st.tuples(st.floats(-300, 300), st.floats(-300, 300), st.floats(-300, 300)),
)
def test_angles_know_neither_place_nor_order_nor_mirror(angle, rotation, axis, degrees, shift) -> None:
    given_pair = pair(angle, rotation)
    frames = head_frames(given_pair, evidence=evidence())
    angles = _angles(frames[Twin.A], frames[Twin.B])
    rigid = head_frames(moved(given_pair, turn(axis, degrees), np.asarray(shift)), evidence=evidence())
    assert _angles(rigid[Twin.A], rigid[Twin.B]) == pytest.approx(angles, abs=1e-5)
    assert _angles(frames[Twin.B], frames[Twin.A]) == pytest.approx(angles, abs=1e-9)
    mirrored = {t: _mirrored(m) for t, m in given_pair.items()}
    frames = head_frames(mirrored, evidence=evidence())
    assert _angles(frames[Twin.A], frames[Twin.B]) == pytest.approx(angles, abs=1e-5)


def _angles(a, b) -> tuple[float, float]:
    rotation = axial_rotation_deg(a, b)
    assert isinstance(rotation, float)
    return longitudinal_angle_deg(a, b), rotation


def _mirrored(landmarks: dict) -> dict:
    """The child in the mirror: what was left is called right; the head is even, so its other orbitale
    is the image of the marked one."""
    mirror = np.diag([-1.0, 1.0, 1.0])
    left, right = landmarks[Landmark.LEFT_TRAGION], landmarks[Landmark.RIGHT_TRAGION]
    across = (right - left) / np.linalg.norm(right - left)
    orbitale = landmarks[Landmark.LEFT_ORBITALE]
    other = orbitale - 2 * ((orbitale - (left + right) / 2) @ across) * across
    return {
        Landmark.LEFT_TRAGION: mirror @ right,
        Landmark.RIGHT_TRAGION: mirror @ left,
        Landmark.LEFT_ORBITALE: mirror @ other,
        Landmark.NASION: mirror @ landmarks[Landmark.NASION],
    }


def test_common_axis_turns_round_when_the_twins_are_swapped() -> None:
    frames = head_frames(pair(150, 70), evidence=evidence())
    one = common_axis(frames[Twin.A], frames[Twin.B])
    other = common_axis(frames[Twin.B], frames[Twin.A])
    np.testing.assert_allclose(one, -np.asarray(other), atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(one), 1)


def test_heads_that_point_the_same_way_have_no_rotation() -> None:
    one = head_frame(head(UPRIGHT, (0, 0, 0)), evidence=evidence())
    assert isinstance(axial_rotation_deg(one, one), Unknown)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({Landmark.NASION: (0, 78, -24)}, "behind the ears"),  # the chin for the nasion
        ({Landmark.NASION: (0, 78, 1)}, "off the Frankfurt plane"),
        ({Landmark.LEFT_ORBITALE: (20, 0, 0)}, "from the line of the tragions"),  # collinear
        ({Landmark.RIGHT_TRAGION: (-58, 0, 0)}, "tragions lie 0 mm apart"),  # coincident
        ({Landmark.RIGHT_TRAGION: (-8, 0, 0)}, "tragions lie 50 mm apart"),
        ({Landmark.RIGHT_TRAGION: (342, 0, 0)}, "tragions lie 400 mm apart"),
        ({Landmark.LEFT_ORBITALE: (28, 70, 0)}, "the right orbitale was marked"),
        (
            {Landmark.LEFT_TRAGION: (58, 0, 0), Landmark.RIGHT_TRAGION: (-58, 0, 0)},
            "left and right tragion are exchanged",
        ),
        ({Landmark.NASION: (0, np.nan, 1)}, "three finite numbers"),
        ({Landmark.NASION: (0, 900, 24)}, "from the middle of the ears"),
    ],
)
def test_impossible_heads_are_refused(change: dict, told: str) -> None:
    points = {k: np.asarray(change.get(k, p), dtype=float) for k, p in HEAD.items()}
    with pytest.raises(GeometryError, match=told):
        head_frame(points, evidence=evidence())


def test_metres_are_named_in_the_message() -> None:
    points = {k: np.asarray(p) / 1000 for k, p in HEAD.items()}
    with pytest.raises(GeometryError, match="look like metres"):
        head_frame(points, evidence=evidence())


def test_faults_of_both_heads_are_told_at_once() -> None:
    given_pair = pair(170, 20)
    del given_pair[Twin.A][Landmark.NASION]
    given_pair[Twin.B][Landmark.LEFT_TRAGION] = given_pair[Twin.B][Landmark.RIGHT_TRAGION]
    with pytest.raises(GeometryError) as caught:
        head_frames(given_pair, evidence=evidence())
    told = [f.problem for f in caught.value.faults]
    assert any("A:nasion is missing" in t for t in told)
    assert any("B:the tragions lie 0 mm apart" in t for t in told)


def test_missing_landmarks_are_missing_data() -> None:
    with pytest.raises(DataMissingError) as caught:
        head_frames({Twin.A: head(UPRIGHT, (0, 0, 0))}, evidence=evidence())
    assert len(caught.value.faults) == len(Landmark)
    assert caught.value.exit_code == 2


def test_one_head_marked_twice_is_refused() -> None:
    one = head(UPRIGHT, (0, 0, 0))
    with pytest.raises(GeometryError, match="one head"):
        head_frames({Twin.A: one, Twin.B: one}, evidence=evidence())


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="the reference data lie beside the repository only")
def test_reference_pair_has_its_stated_angles() -> None:
    text = (SHARED / "case" / "imaging" / "landmarks.mrk.json").read_text()
    points = json.loads(text)["markups"][0]["controlPoints"]
    landmarks: dict[Twin, dict[Landmark, np.ndarray]] = {Twin.A: {}, Twin.B: {}}
    for point in points:
        twin, name = point["label"].split(":")
        landmarks[Twin(twin)][Landmark(name)] = np.asarray(point["position"])
    frames = head_frames(landmarks, evidence=evidence())
    assert _angles(frames[Twin.A], frames[Twin.B]) == pytest.approx((166.0, 144.8), abs=0.1)
