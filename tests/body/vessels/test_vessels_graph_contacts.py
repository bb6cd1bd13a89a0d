"""Vessels that merely touch: listed, not joined; gaps that are closed, and those that are not."""

from __future__ import annotations

import numpy as np
import pytest
from tests.body.vessels.tubes import Tube, grid_around, painted, scanned

from separatrix.body.imaging import Structure
from separatrix.body.vessels.contacts import touching_trees
from separatrix.body.vessels.gaps import close_gaps
from separatrix.body.vessels.lumen import fill_lumen
from separatrix.body.vessels.seam import part_by_side
from separatrix.body.vessels.sections import Field
from separatrix.body.vessels.sideways import part_sideways
from separatrix.body.vessels.skeleton import cut_out, sketch_vessels
from separatrix.body.vessels.sketch import Course, Sketch, Tree
from separatrix.body.vessels.trees import tree_masks
from separatrix.core import Grid, Volume


def straight(start: tuple[float, ...], end: tuple[float, ...], radius: float = 1.0) -> Tube:
    return Tube(np.linspace(start, end, 200), (radius,))


def sketched(mask: np.ndarray, grid: Grid, tree: Tree = Tree.VENOUS) -> tuple[Sketch, dict[Tree, Field]]:
    piece = cut_out(mask, grid)
    assert piece is not None
    sketch = Sketch()
    sketch_vessels(piece, tree, sketch)
    return sketch, {tree: fill_lumen(piece, piece.mask, None).field}


def rough_mm(course: Course) -> float:
    return 1.0


def test_an_artery_beside_a_vein_is_a_contact_where_they_touch() -> None:
    vein, artery = straight((-15, 0, 0), (15, 0, 0), 1.5), straight((0, -15, 2.3), (0, 15, 2.3), 1.0)
    far = straight((-15, 0, 12), (15, 0, 12), 1.0)
    grid = grid_around([vein, artery, far], 0.5)
    venous = painted([vein, far], grid)
    arterial = painted([artery], grid) & ~venous
    sketch, _ = sketched(venous, grid)
    piece = cut_out(arterial, grid)
    assert piece is not None
    sketch_vessels(piece, Tree.ARTERIAL, sketch)
    radius = dict.fromkeys(sketch.courses, 1.2)
    found = touching_trees(sketch, radius, arterial, venous, lambda i: grid.index_to_mm(i), 0.02)
    assert len(found) == 1
    assert np.linalg.norm(found[0].at_mm[1]) < 2.0
    assert {sketch.courses[n].tree for n in (found[0].one, found[0].other)} == set(Tree)


def test_two_vessels_side_by_side_are_parted_and_a_true_crossing_is_not() -> None:
    """Masks drawn too wide run into one another; the image shows a valley between the vessels, or none."""
    for height, parted in ((4.4, 1), (0.0, 0)):
        lines = (((-18, 0, 0), (18, 0, 0)), ((0, -18, height), (0, 18, height)))
        wide = [straight(*line, radius=2.25) for line in lines]
        grid = grid_around(wide, 0.5)
        image = scanned([straight(*line, radius=1.8) for line in lines], grid)
        piece = cut_out(painted(wide, grid), grid)
        assert piece is not None
        sketch = Sketch()
        sketch_vessels(piece, Tree.VENOUS, sketch)
        assert len(sketch.components()) == 1
        fields = {Tree.VENOUS: fill_lumen(piece, piece.mask, Volume(image.astype(np.float32), grid)).field}
        assert part_sideways(sketch, fields, lambda c: 1.8, 0.2) == parted
        assert len(sketch.components()) == 1 + parted
        assert len(sketch.touches) == parted
        assert sum(c.length_mm for c in sketch.courses.values()) == pytest.approx(72, abs=8)


def test_vessels_of_both_children_at_the_seam_are_parted_by_side() -> None:
    """Two of A come from below, two of B from above, and meet in one knot; one that crosses stays."""
    below = [straight((0, 0, 0), (x, 0, -12), 0.9) for x in (-12, 12)]
    above = [straight((0, 0, 0), (0, y, 12), 0.9) for y in (-12, 12)]
    for tubes, parted in (([*below, *above], 1), ([*below, above[0]], 0)):
        grid = grid_around(tubes, 0.5)
        sketch, _ = sketched(painted(tubes, grid), grid)
        assert part_by_side(sketch, lambda p: p[:, 2], rough_mm, 0.2, widest_mm=1.5) == parted
        assert len(sketch.components()) == 1 + parted


def gap_of(voxels: float) -> tuple[Sketch, dict[Tree, Field], Grid]:
    tubes = [straight((-16, 0, 0), (-voxels / 2 - 1, 0, 0)), straight((voxels / 2 + 1, 0, 0), (16, 0, 0))]
    grid = grid_around(tubes, 1.0)
    sketch, fields = sketched(painted(tubes, grid), grid)
    return sketch, fields, grid


@pytest.mark.parametrize(("voxels", "closed"), [(2.0, 1), (8.0, 0)])
def test_a_short_gap_in_line_is_closed_and_marked(voxels: float, closed: int) -> None:
    sketch, fields, _ = gap_of(voxels)
    assert len(sketch.components()) == 2
    found = close_gaps(
        sketch, fields, {Tree.VENOUS: False}, rough_mm, longest_voxels=3, apart=lambda a, b: False
    )
    assert found == closed
    assert len(sketch.components()) == 2 - closed
    marks = [m for c in sketch.courses.values() for m in c.marks]
    assert len(marks) == closed
    assert all(m.startswith("gap closed") for m in marks)


def test_no_gap_is_closed_from_one_child_to_the_other_nor_where_the_image_shows_none() -> None:
    for seen, apart in ((False, True), (True, False)):
        sketch, fields, _ = gap_of(2.0)
        assert not close_gaps(
            sketch, fields, {Tree.VENOUS: seen}, rough_mm, longest_voxels=3, apart=lambda a, b, s=apart: s
        )


def test_what_is_only_called_a_vessel_goes_with_what_it_touches() -> None:
    codes = np.zeros((9, 9, 30), np.uint8)
    codes[2, 2, :10], codes[2, 2, 10:20] = Structure.ARTERY, Structure.VESSEL
    codes[6, 2, :10], codes[6, 2, 10:20] = Structure.VEIN, Structure.VESSEL
    codes[4, 7, 10:20] = Structure.VESSEL
    masks, notes = tree_masks(codes)
    assert masks[Tree.ARTERIAL][2, 2, :20].all()
    assert masks[Tree.ARTERIAL].sum() == 20
    assert masks[Tree.VENOUS].sum() == 30
    assert "3 piece(s)" in notes[0]
    assert "1 on arteries" in notes[0]
    assert not tree_masks(np.where(codes == Structure.VESSEL, 0, codes))[1]
