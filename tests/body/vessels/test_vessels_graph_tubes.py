"""Lines and calibre of tubes that are known: lengths, radii, resistances, loops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.body.vessels.tubes import Tube, bow, circle, grid_around, painted, scanned

from separatrix.body.vessels.centreline import arc_mm, refine
from separatrix.body.vessels.lumen import Lumen, fill_lumen
from separatrix.body.vessels.radius import Profile, measure_profile, volume_radii_mm
from separatrix.body.vessels.skeleton import cut_out, sketch_vessels
from separatrix.body.vessels.sketch import Sketch, Tree
from separatrix.core import Volume

SEVERAL = [
    Tube(bow((0, 0, 0), (25 + 3 * k, 10 - 4 * k, 18), 3 + k), (r,))
    for k, r in enumerate((1.0, 1.25, 1.5, 2.0, 2.5))
]
"""Free-ended tubes of one calibre each."""


def draw(
    tubes: Sequence[Tube], spacing_mm: float, *, shift: float = 0.0, noise: float | None = None
) -> tuple[Sketch, dict[int, Profile], Lumen]:
    """The sketch of painted tubes and the profile of each course; with grey values where `noise` is given."""
    grid = grid_around(tubes, spacing_mm, (shift, shift / 2, shift / 3))
    piece = cut_out(painted(tubes, grid), grid)
    assert piece is not None
    image = None
    if noise is not None:
        image = Volume(scanned(tubes, grid, noise=noise).astype(np.float32), grid)
    lumen = fill_lumen(piece, piece.mask, image)
    sketch = Sketch()
    sketch_vessels(piece, Tree.VENOUS, sketch)
    rough = {
        n: max(0.6 * spacing_mm, float(np.median(piece.depth_at(c.points_mm))) - 0.35 * spacing_mm)
        for n, c in sketch.courses.items()
    }
    fine = refine(sketch, {Tree.VENOUS: lumen.field}, rough)
    return sketch, {n: measure_profile(f, lumen.field) for n, f in fine.items()}, lumen


def inverse_fourth_power(profile: Profile) -> float:
    """∫ ds / r⁴ of a profile, exact for radii linear between its points."""
    one, other = profile.radius_mm[:-1], profile.radius_mm[1:]
    steps = np.diff(arc_mm(profile.points_mm))
    return float((steps * (one**2 + one * other + other**2) / (3 * (one * other) ** 3)).sum())


def loops(sketch: Sketch) -> int:
    return len(sketch.courses) - len(sketch.joints) + len(sketch.components())


@pytest.mark.parametrize(("spacing_mm", "radius", "resistance"), [(0.5, 0.01, 0.05), (1.0, 0.02, 0.10)])
def test_calibre_and_resistance_of_single_tubes(spacing_mm: float, radius: float, resistance: float) -> None:
    """Mean radius within 1 % and resistance within 5 % at 0.5 mm, 10 % at 1 mm, from the mask alone."""
    errors = []
    for tube in SEVERAL:
        for shift in (0.0, 0.37 * spacing_mm):
            _, profiles, _ = draw([tube], spacing_mm, shift=shift)
            assert len(profiles) == 1
            profile = next(iter(profiles.values()))
            errors.append(
                (
                    profile.radius_mm.mean() / tube.radius_mm[0] - 1,
                    arc_mm(profile.points_mm)[-1] / tube.length_mm - 1,
                    inverse_fourth_power(profile) / tube.inverse_fourth_power - 1,
                )
            )
    mean = np.abs(errors).mean(axis=0)
    assert mean[0] <= radius
    assert mean[1] <= 0.015
    assert mean[2] <= resistance
    assert np.abs(errors)[:, 2].max() <= 2.5 * resistance


def test_a_taper_is_followed_and_not_averaged() -> None:
    """A tube from 1 to 2 mm: its resistance is that of the taper, half as much again as of its mean."""
    tube = Tube(bow((0, 0, 0), (34, 8, 12), 4), (1.0, 2.0))
    _, profiles, _ = draw([tube], 0.5)
    profile = next(iter(profiles.values()))
    assert inverse_fourth_power(profile) == pytest.approx(tube.inverse_fourth_power, rel=0.08)
    ends = sorted((profile.radius_mm[3], profile.radius_mm[-4]))
    assert ends == pytest.approx([1.0, 2.0], rel=0.08)


def test_noise_and_partial_volume_spoil_little() -> None:
    """On an image with partial volume, blur and noise of 6 % of the contrast a tube keeps its calibre."""
    tube = Tube(bow((0, 0, 0), (30, 6, 14), 4), (2.5,))
    _, profiles, lumen = draw([tube], 1.0, noise=15.0)
    assert lumen.grey_share > 0.5
    profile = next(iter(profiles.values()))
    assert profile.radius_mm.mean() == pytest.approx(2.5, rel=0.02)
    assert inverse_fourth_power(profile) == pytest.approx(tube.inverse_fourth_power, rel=0.08)


def test_grey_values_tell_more_than_a_mask_drawn_too_wide() -> None:
    """A mask a whole voxel too wide all round: the image brings the radius back."""
    from scipy import ndimage

    tube = Tube(bow((0, 0, 0), (30, 6, 14), 4), (2.5,))
    grid = grid_around([tube], 1.0, (0.2, 0.1, 0.3))
    wide = ndimage.binary_dilation(painted([tube], grid))
    piece = cut_out(wide, grid)
    assert piece is not None
    found = {}
    for name, image in (("mask", None), ("grey", Volume(scanned([tube], grid).astype(np.float32), grid))):
        lumen = fill_lumen(piece, piece.mask, image)
        sketch = Sketch()
        sketch_vessels(piece, Tree.VENOUS, sketch)
        fine = refine(sketch, {Tree.VENOUS: lumen.field}, dict.fromkeys(sketch.courses, 2.8))
        found[name] = float(
            np.mean([measure_profile(f, lumen.field).radius_mm.mean() for f in fine.values()])
        )
    assert found["mask"] > 3.1
    assert found["grey"] == pytest.approx(2.5, rel=0.06)


def test_a_ring_stays_a_ring() -> None:
    """A closed ring with three branches: one loop, its length and its branches' ends are right."""
    ring = Tube(circle((0, 0, 0), 22.0), (3.0,))
    branches = []
    for turn in (0.1, 0.45, 0.8):
        at = ring.line_mm[round(turn * 720)]
        branches.append(Tube(bow(at * 1.9, at, 2.0), (1.2,)))
    sketch, profiles, _ = draw([ring, *branches], 0.75)
    assert loops(sketch) == 1
    assert sorted(len(n) for n in sketch.at_joints().values()) == [1, 1, 1, 3, 3, 3]
    wide = [p for p in profiles.values() if p.radius_mm.mean() > 2]
    assert sum(arc_mm(p.points_mm)[-1] for p in wide) == pytest.approx(ring.length_mm, rel=0.03)
    for profile in wide:
        assert profile.radius_mm.mean() == pytest.approx(3.0, rel=0.02)
    thin = [p for p in profiles.values() if p.radius_mm.mean() <= 2]
    for profile in thin:
        assert arc_mm(profile.points_mm)[-1] == pytest.approx(branches[0].length_mm, rel=0.08)
        assert inverse_fourth_power(profile) == pytest.approx(branches[0].inverse_fourth_power, rel=0.12)


def test_a_ring_without_a_junction_is_found() -> None:
    sketch, profiles, _ = draw([Tube(circle((0, 0, 0), 15.0), (2.0,))], 1.0)
    assert len(sketch.courses) == 1
    assert loops(sketch) == 1
    assert arc_mm(next(iter(profiles.values())).points_mm)[-1] == pytest.approx(2 * np.pi * 15, rel=0.03)


def test_a_thin_tube_that_ends_on_a_diagonal_is_whole() -> None:
    """Thinning eats the end of a thin diagonal tube; it is put back."""
    line = np.linspace((0, 0, 0), (28, 28, -28), 300)
    _, profiles, _ = draw([Tube(line, (0.9,))], 1.0)
    assert sum(arc_mm(p.points_mm)[-1] for p in profiles.values()) == pytest.approx(28 * 3**0.5, rel=0.05)


def test_a_bump_of_the_wall_is_no_vessel() -> None:
    tube = Tube(bow((0, 0, 0), (30, 0, 10), 3), (3.0,))
    bump = Tube(np.linspace(tube.line_mm[200], tube.line_mm[200] + [0, 4.0, 0], 20), (1.0,))
    branch = Tube(np.linspace(tube.line_mm[200], tube.line_mm[200] + [0, 14.0, 0], 40), (1.0,))
    assert len(draw([tube, bump], 1.0)[0].courses) == 1
    assert len(draw([tube, branch], 1.0)[0].courses) == 3


def test_a_pinhole_is_no_loop() -> None:
    """One empty tunnel of a voxel through a wide tube closes no loop around itself."""
    tube = Tube(bow((0, 0, 0), (30, 0, 8), 3), (3.0,))
    grid = grid_around([tube], 1.0)
    mask = painted([tube], grid)
    _, y, x = np.rint(grid.mm_to_index(tube.line_mm[200])).astype(int)
    mask[:, y, x] = False
    piece = cut_out(mask, grid)
    assert piece is not None
    sketch = Sketch()
    sketch_vessels(piece, Tree.VENOUS, sketch)
    assert loops(sketch) == 0


def test_volume_over_length_agrees_with_the_sections() -> None:
    tube = Tube(bow((0, 0, 0), (34, 6, 14), 4), (1.5,))
    _, profiles, lumen = draw([tube], 0.5)
    profile = next(iter(profiles.values()))
    mask = lumen.field.filling > 0.5
    assert volume_radii_mm([profile], mask, lumen.field)[0] == pytest.approx(1.5, rel=0.02)


@settings(max_examples=12, deadline=None)
@given(
    turn=st.integers(0, 5),
    flip=st.integers(0, 7),
    radius=st.floats(1.2, 2.4),
)
def test_the_lattice_axes_do_not_matter(turn: int, flip: int, radius: float) -> None:
    """However a tube lies to the lattice's axes, it is one vessel of its length and radius."""
    import itertools

    axes = list(itertools.permutations(range(3)))[turn]
    signs = np.array([1 - 2 * (flip >> i & 1) for i in range(3)])
    tube = Tube(bow((0, 0, 0), (26, 11, 6), 3)[:, axes] * signs, (radius,))
    _, profiles, _ = draw([tube], 1.0)
    assert len(profiles) == 1
    profile = next(iter(profiles.values()))
    assert arc_mm(profile.points_mm)[-1] == pytest.approx(tube.length_mm, abs=2.0)  # a voxel per end
    assert profile.radius_mm.mean() == pytest.approx(radius, rel=0.04)
