from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from separatrix.body.anatomy.classify import (
    Thresholds,
    UnionFacts,
    axes_near,
    classify,
    fold_rotation,
    stone_goodrich,
    varieties_near,
)
from separatrix.body.anatomy.frames import head_frames
from separatrix.body.anatomy.site import place_on_head, refused_by_name, refused_by_place, site_fault
from separatrix.core import Twin, Unknown

VECTORS = [
    (180, 30, True, "TV-I"),  # a published pair
    (175, 180, True, "TV-II"),  # facing opposite ways
    (170, 130, True, "TV-III"),  # a published pair
    (139.9, 10, True, "TA"),  # rotation ignored
    (140, 39.9, True, "TV-I"),  # edge
    (160, 40, True, "TV-III"),  # edge, assumed
    (160, 139.9, True, "TV-III"),  # edge
    (90, 0, False, "PA"),
    (180, 90, False, "PV"),  # no type for partial
]


def facts(angle, rotation, sinus, **more) -> UnionFacts:
    return UnionFacts(
        angle_heads_deg=angle,
        rotation_axial_deg=rotation,
        shared_sinus=sinus,
        deepest_shared=more.pop("deepest_shared", ("dura",)),
        **more,
    )


@pytest.mark.parametrize(("angle", "rotation", "sinus", "expected"), VECTORS)
def test_the_nine_published_vectors(angle, rotation, sinus, expected, evidence) -> None:
    assert stone_goodrich(angle, rotation, sinus, limits=Thresholds.read(evidence)) == expected
    assert classify(facts(angle, rotation, sinus), evidence=evidence).stone_goodrich[0] == expected


@pytest.mark.parametrize(
    ("angle", "rotation", "sinus", "expected"),
    [
        (166.0, 144.8, True, ("TV-II", "TV-III")),  # 4.8° over a threshold
        (166.0, 145.2, True, ("TV-II",)),
        (142, 90, True, ("TV-III", "TA")),
        (138, 90, False, ("PA", "PV")),
        (138, 38, True, ("TA", "TV-I", "TV-III")),
        (180, 90, True, ("TV-III",)),
    ],
)
def test_angles_near_a_threshold_give_both_classes(angle, rotation, sinus, expected, evidence) -> None:
    found = classify(facts(angle, rotation, sinus), evidence=evidence).stone_goodrich
    assert found[0] == expected[0]
    assert set(found) == set(expected)


@settings(deadline=None)
@given(rotation=st.floats(-720, 720))
def test_rotation_is_read_modulo_a_turn_and_without_sign(rotation: float) -> None:
    folded = fold_rotation(rotation)
    assert 0 <= folded <= 180
    assert np.cos(np.radians(folded)) == pytest.approx(np.cos(np.radians(rotation)), abs=1e-9)


@settings(deadline=None)
@given(angle=st.floats(0, 180), rotation=st.floats(0, 180), sinus=st.booleans())
def test_the_letter_of_the_rule_is_always_first(angle, rotation, sinus) -> None:
    from separatrix.evidence import EvidenceReader
    from separatrix.evidence.tables import all_entries

    evidence = EvidenceReader(all_entries())
    limits = Thresholds.read(evidence)
    found = classify(facts(angle, rotation, sinus), evidence=evidence)
    assert found.stone_goodrich[0] == stone_goodrich(angle, rotation, sinus, limits=limits)
    assert 1 <= len(axes_near(angle, limits)) <= 2
    assert 1 <= len(varieties_near(rotation, limits)) <= 2


def test_the_bodies_axes_are_used_where_known_and_the_heads_class_stands_beside(evidence) -> None:
    found = classify(facts(160.0, 90.0, True, angle_bodies_deg=120.0), evidence=evidence)
    assert found.stone_goodrich == ("TA", "TV-III")
    assert found.angle_used == "bodies"
    assert found.angle_longitudinal_deg == 160.0
    assert found.angle_bodies_deg == 120.0
    assert "another class" in found.notes[0]
    found = classify(facts(160.0, 90.0, True), evidence=evidence)
    assert found.angle_used == "heads"
    assert isinstance(found.angle_bodies_deg, Unknown)


def test_an_unknown_sinus_leaves_total_and_partial_open(evidence) -> None:
    found = classify(facts(180.0, 90.0, Unknown("no veins are labelled")), evidence=evidence)
    assert found.stone_goodrich == ("TV-III", "PV")
    assert any("no veins are labelled" in note for note in found.notes)


def test_nothing_known_gives_no_class(evidence) -> None:
    nothing = Unknown("not told")
    found = classify(facts(nothing, nothing, nothing, deepest_shared=nothing), evidence=evidence)
    assert found.stone_goodrich == ()
    assert found.winston == ()


def test_a_told_class_needs_no_angle_and_a_contradicting_one_is_named(evidence) -> None:
    nothing = Unknown("not told")
    assert classify(facts(nothing, nothing, True, told_class="TV-II"), evidence=evidence).stone_goodrich == (
        "TV-II",
    )
    found = classify(facts(180.0, 10.0, True, told_class="TV-II"), evidence=evidence)
    assert found.stone_goodrich == ("TV-I", "TV-II")
    assert any("the case tells TV-II" in note for note in found.notes)
    assert classify(facts(180.0, 10.0, True, told_class="TV"), evidence=evidence).stone_goodrich == ("TV-I",)


@pytest.mark.parametrize(
    ("rotation", "sinus", "expected"),
    [
        (10, False, ("partial",)),
        (10, True, ("total I",)),
        (179, True, ("total II",)),
        (90, True, ("total III",)),
    ],
)
def test_oconnell_follows_the_faces(rotation, sinus, expected, evidence) -> None:
    assert classify(facts(170, rotation, sinus), evidence=evidence).oconnell == expected


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (("scalp",), ("A (to be confirmed)",)),
        (("skull",), ("B (to be confirmed)",)),
        (("dura",), ("C (to be confirmed)",)),
        (("brain",), ("D",)),
        (("brain", "dura"), ("D", "C (to be confirmed)")),
    ],
)
def test_winston_is_the_deepest_layer_and_recalled_letters_say_so(layers, expected, evidence) -> None:
    found = classify(facts(170, 10, True, deepest_shared=layers), evidence=evidence)
    assert found.winston == expected
    assert any("recalled" in note for note in found.notes) == (layers != ("brain",))


@pytest.mark.parametrize("site", [None, "", "vault", "Vertex", "parietal-occipital", "frontal / parietal"])
def test_sites_of_the_vault_are_taken(site) -> None:
    assert site_fault(site) is None
    assert refused_by_name(site) == ""


@pytest.mark.parametrize(
    "site", ["face", "skull base", "skull_base", "foramen magnum", "Spine", "occipital-neck"]
)
def test_sites_off_the_vault_are_refused_with_the_reason(site) -> None:
    assert site_fault(site) is None
    assert "vault only" in refused_by_name(site)


def test_an_unknown_site_is_a_fault_with_near_names() -> None:
    fault = site_fault("parietel")
    assert fault is not None
    assert "'parietal'" in fault.mend


@pytest.mark.parametrize(
    ("direction", "refused"),  # right, facing, superior in A's own head
    [
        ((0, 0, 1), False),  # vertex
        ((0.9, 0, 0.4), False),  # side
        ((0, 0.8, 0.6), False),  # forehead
        ((0, -1, 0.1), False),  # back of the head
        ((0, 1, 0.1), True),  # face
        ((0, 0.7, -0.7), True),  # jaw
        ((0, -0.6, -0.8), True),  # neck
        ((0, 0, -1), True),  # foramen magnum
    ],
)
def test_the_place_of_the_union_decides(direction, refused, balls, evidence) -> None:
    frames = head_frames(balls(grid_mm=3.0).scene.landmarks, evidence=evidence)
    a = frames[Twin.A]
    towards = sum(c * v for c, v in zip(direction, (a.right, a.facing, a.superior), strict=True))
    centre = a.origin_mm + 60 * towards / np.linalg.norm(towards)
    # B's head so placed that the same point is its vertex
    b = replace(frames[Twin.B], origin_mm=centre - 60 * frames[Twin.B].superior)
    reason = refused_by_place(centre, {Twin.A: a, Twin.B: b}, evidence=evidence)
    assert bool(reason) == refused
    assert ("on A" in reason) == refused
    assert place_on_head(centre, b) == pytest.approx((0.0, False), abs=1e-5)
