from __future__ import annotations

import heapq
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from separatrix.body.anatomy.assign import Assigned, assign_owners
from separatrix.body.anatomy.frames import head_frames
from separatrix.body.anatomy.reach import FAR, STEPS, path_length
from separatrix.body.imaging.model import Structure
from separatrix.core import Owner, Twin

DECIDED = (Structure.BRAIN, Structure.CSF, Structure.DURA)


def assigned(pair, evidence, *, tissue=None, owner=None, painted=None) -> Assigned:
    """Owners of a pair whose intracranial owners are the true ones."""
    tissue = pair.tissue if tissue is None else tissue
    owner = pair.owner if owner is None else owner
    brain = np.where(np.isin(tissue, DECIDED), owner, 0).astype(np.uint8)
    scene = pair.scene
    if painted is not None:
        scene = replace(scene, painted=scene.painted.like(painted))
    frames = head_frames(scene.landmarks, evidence=evidence)
    certainty = np.where(brain > 0, 1.0, 0.5).astype(np.float32)
    return assign_owners(scene, tissue, brain, certainty, frames=frames, evidence=evidence)


def slow_path_length(sources: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The readable twin: Dijkstra with a heap."""
    length = np.full(inside.shape, int(FAR))
    heap = [(0, tuple(i)) for i in np.argwhere(sources)]
    for _, place in heap:
        length[place] = 0
    while heap:
        here, place = heapq.heappop(heap)
        if here > length[place]:
            continue
        for step in np.ndindex(3, 3, 3):
            to = tuple(p + s - 1 for p, s in zip(place, step, strict=True))
            moved = sum(s != 1 for s in step)
            if not moved or any(i < 0 or i >= n for i, n in zip(to, inside.shape, strict=True)):
                continue
            if inside[to] and here + STEPS[moved - 1] < length[to]:
                length[to] = here + STEPS[moved - 1]
                heapq.heappush(heap, (int(length[to]), to))
    return length


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0.1, 0.9))
def test_path_lengths_equal_a_plain_dijkstra(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    inside = rng.random((5, 6, 7)) < share
    sources = rng.random(inside.shape) < 0.05
    np.testing.assert_array_equal(path_length(sources, inside), slow_path_length(sources, inside))


def test_a_path_goes_round_what_is_not_tissue() -> None:
    inside = np.ones((1, 3, 11), dtype=bool)
    inside[0, :2, 5] = False  # a wall with a door at the far side
    source = np.zeros_like(inside)
    source[0, 0, 4] = True
    assert path_length(source, inside)[0, 0, 6] == 10 + 14 + 14 + 10
    inside[0, 2, 5] = False
    assert path_length(source, inside)[0, 0, 6] == FAR


def test_skull_and_scalp_follow_the_nearer_child(balls, evidence) -> None:
    pair = balls()
    found = assigned(pair, evidence)
    outer = np.isin(pair.tissue, (Structure.SKULL, Structure.SCALP))
    wrong = found.owner[outer] != pair.owner[outer]
    assert wrong.mean() < 0.01
    assert np.all(found.owner[pair.tissue > 0] > 0)
    assert np.all(found.owner[pair.tissue == 0] == 0)
    sure = found.certainty[outer] >= 0.95
    assert sure.mean() > 0.7
    assert not wrong[sure].any()


def test_certainty_is_a_probability_and_lowest_at_the_seam(balls, evidence) -> None:
    pair = balls()
    found = assigned(pair, evidence)
    assert found.certainty.dtype == np.float32
    assert found.certainty.min() >= 0.5
    assert found.certainty.max() <= 1.0
    scalp = pair.tissue == Structure.SCALP
    height = np.abs(pair.scene.grid.index_to_mm(np.argwhere(scalp))[:, 2])
    assert found.certainty[scalp][height < 1].mean() < 0.75
    assert found.certainty[scalp][height > 10].min() > 0.88


def test_swapping_the_twins_swaps_every_owner_and_nothing_else(balls, evidence) -> None:
    pair = balls(grid_mm=1.5)
    swap = np.array([0, 2, 1, 3], dtype=np.uint8)
    heads = pair.scene.landmarks
    swapped = replace(
        pair,
        owner=swap[pair.owner],
        scene=replace(pair.scene, landmarks={Twin.A: heads[Twin.B], Twin.B: heads[Twin.A]}),
    )
    one, other = assigned(pair, evidence), assigned(swapped, evidence)
    np.testing.assert_array_equal(swap[one.owner], other.owner)
    np.testing.assert_array_equal(one.certainty, other.certainty)


def test_a_turned_grid_changes_no_owner(balls, evidence) -> None:
    straight, tilted = balls(grid_mm=1.5), balls(grid_mm=1.5, tilted=True)
    one, other = assigned(straight, evidence), assigned(tilted, evidence)
    np.testing.assert_array_equal(one.owner, other.owner)
    np.testing.assert_array_equal(one.certainty, other.certainty)


def test_turning_the_arrays_turns_the_owners(balls, evidence) -> None:
    """A half turn about z in the patient: every rule is blind to it."""
    pair = balls(grid_mm=1.5)
    half = np.diag([-1.0, -1.0, 1.0])
    turned = replace(
        pair,
        tissue=pair.tissue[:, ::-1, ::-1].copy(),
        owner=pair.owner[:, ::-1, ::-1].copy(),
        scene=replace(
            pair.scene,
            landmarks={t: {k: half @ p for k, p in m.items()} for t, m in pair.scene.landmarks.items()},
        ),
    )
    one, other = assigned(pair, evidence), assigned(turned, evidence)
    np.testing.assert_array_equal(one.owner[:, ::-1, ::-1], other.owner)
    np.testing.assert_array_equal(one.certainty[:, ::-1, ::-1], other.certainty)


def test_the_ring_is_shared_and_an_artery_of_one_child_is_not(balls, evidence) -> None:
    pair = balls()
    found = assigned(pair, evidence)
    ring = pair.tissue == Structure.VEIN
    assert (found.owner[ring] == Owner.SHARED).mean() > 0.9
    assert not (found.owner[pair.tissue != Structure.VEIN] == Owner.SHARED).any()
    artery = pair.tissue == Structure.ARTERY
    assert np.all(found.owner[artery] == Owner.A)
    assert found.arteries_joined == 0


def test_disputed_csf_stays_with_the_delineation_between_the_brains_only(balls, evidence) -> None:
    pair = balls(gap_mm=4.0)
    places = np.argwhere(np.isin(pair.tissue, (Structure.CSF, Structure.DURA)))
    x, y, z = pair.scene.grid.index_to_mm(places).T
    across = np.hypot(x, y)
    between = places[(z > 0) & (z < 1) & (across < 12)]
    rim = places[(z > 8) & (z < 9) & (across > 28.5)]
    assert len(rim) > 50
    told = pair.owner.copy()
    told[tuple(between.T)] = told[tuple(rim.T)] = Owner.A  # all of it nearer to B
    found = assigned(pair, evidence, owner=told)
    assert (found.owner[tuple(between.T)] == Owner.A).all()
    low = np.float32(evidence.number("anatomy.disputed_certainty"))
    assert (found.certainty[tuple(between.T)] == low).all()
    assert (found.owner[tuple(rim.T)] == Owner.B).all()


def test_the_shared_channel_marks_the_seam_at_the_rim(balls, evidence) -> None:
    pair = balls()
    tissue = np.where(pair.tissue == Structure.VEIN, Structure.DURA, pair.tissue)
    ring = np.roll(pair.tissue == Structure.VEIN, 4, axis=0) & (tissue > 0)  # 4 mm into B's half
    marked = np.where(ring, Structure.VEIN, tissue).astype(np.uint8)
    skull = marked == Structure.SKULL
    x, y, z = pair.scene.grid.index_to_mm(np.argwhere(skull)).T
    between = np.argwhere(skull)[(z > 0.6) & (z < 3.4) & (np.hypot(x, y) < 30)]
    owner = np.where(pair.owner == 3, 2, pair.owner)
    plain = assigned(pair, evidence, tissue=tissue.astype(np.uint8), owner=owner)
    seen = assigned(pair, evidence, tissue=marked, owner=owner)
    assert len(between) > 100
    assert (plain.owner[tuple(between.T)] == Owner.B).all()
    assert (seen.owner[tuple(between.T)] == Owner.A).mean() > 0.9
    assert "along the shared venous channel" in seen.notes[-1]
    brain = marked == Structure.BRAIN
    np.testing.assert_array_equal(seen.owner[brain], owner[brain])


def test_a_vein_that_only_leans_over_the_seam_stays_whole(balls, evidence) -> None:
    pair = balls()
    tissue = pair.tissue.copy()
    tissue[tissue == Structure.VEIN] = Structure.DURA
    index = pair.scene.grid.index_to_mm(np.argwhere(tissue > 0))
    lean = np.zeros(tissue.shape, dtype=bool)
    x, y, z = index.T
    lean[tuple(np.argwhere(tissue > 0).T)] = (np.hypot(x - 20, y) <= 1.6) & (z > -20) & (z < 1.6)
    tissue[lean] = Structure.VEIN
    found = assigned(pair, evidence, tissue=tissue, owner=np.where(pair.owner == 3, 1, pair.owner))
    assert np.all(found.owner[lean] == Owner.A)


def test_an_artery_that_joins_both_is_counted_and_parted(balls, evidence) -> None:
    pair = balls()
    tissue = pair.tissue.copy()
    x, y, z = pair.scene.grid.index_to_mm(np.argwhere(tissue > 0)).T
    through = np.zeros(tissue.shape, dtype=bool)
    through[tuple(np.argwhere(tissue > 0).T)] = (np.hypot(x, y + 10) <= 1.6) & (np.abs(z) < 20)
    tissue[through] = Structure.ARTERY
    found = assigned(pair, evidence, tissue=tissue)
    assert found.arteries_joined == 1
    assert set(np.unique(found.owner[through])) == {1, 2}


def test_an_expander_is_not_cut_in_two(balls, evidence) -> None:
    pair = balls()
    tissue = pair.tissue.copy()
    places = np.argwhere(tissue == Structure.SCALP)
    _, y, z = pair.scene.grid.index_to_mm(places).T
    bag = places[(y < -20) & (z > -12) & (z < 4)]
    tissue[tuple(bag.T)] = Structure.EXPANDER
    found = assigned(pair, evidence, tissue=tissue)
    assert np.all(found.owner[tissue == Structure.EXPANDER] == Owner.A)


def test_paint_wins_and_its_price_is_told(balls, evidence) -> None:
    pair = balls()
    z = pair.scene.grid.index_to_mm(np.argwhere(pair.tissue == Structure.SKULL))[:, 2]
    painted = np.zeros(pair.tissue.shape, dtype=np.uint8)
    high = np.argwhere(pair.tissue == Structure.SKULL)[(z > 20) & (z < 25)]
    painted[tuple(high.T)] = Owner.A  # bone of B, painted as A's
    found = assigned(pair, evidence, painted=painted)
    assert np.all(found.owner[tuple(high.T)] == Owner.A)
    assert np.all(found.certainty[tuple(high.T)] == 1.0)
    (price,) = found.painted
    assert (price.structure, price.owner, price.voxels) == ("skull", "A", len(high))
    assert price.disagreeing_ml == pytest.approx(len(high) / 1000)


def test_a_loose_piece_goes_to_the_nearer_head_and_says_so(balls, evidence) -> None:
    pair = balls()
    tissue = pair.tissue.copy()
    tissue[:2, :3, :3] = Structure.SCALP
    found = assigned(pair, evidence, tissue=tissue)
    assert np.all(found.owner[:2, :3, :3] == Owner.A)
    assert np.all(found.certainty[:2, :3, :3] == np.float32(evidence.number("anatomy.unreached_certainty")))
    assert "touch neither child" in found.notes[0]
