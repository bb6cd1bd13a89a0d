"""The cut in a band against the full one, and what must not change it."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest

from separatrix.body.anatomy import mincut
from separatrix.body.anatomy.lattice import bounding_box, interface, within
from separatrix.body.anatomy.mincut import minimum_cut
from separatrix.core import generator

Costs = npt.NDArray[np.float32]
Seeds = npt.NDArray[np.uint8]
GAP = 1e-3
"""The banded cut may cost this much more than the full optimum, as a fraction."""


def slab(shape: tuple[int, int, int], seed: int, scale: float, spread: float) -> tuple[Costs, Seeds]:
    """Rough costs between two seeded ends: many basins, the worst case for a band."""
    from scipy import ndimage

    field = ndimage.gaussian_filter(generator(seed, "band").normal(size=shape), scale)
    density = np.exp(spread * field / field.std()).astype(np.float32)
    seeds = np.zeros(shape, dtype=np.uint8)
    seeds[:2], seeds[-2:] = 1, 2
    return density, seeds


def folded(shape: tuple[int, int, int]) -> tuple[Costs, Seeds]:
    """A cheap folded sheet in dear tissue, as a sulcal plane is, that has a dear patch in its middle."""
    z, y, x = np.indices(shape)
    sheet = shape[0] / 2 + 6 * np.sin(x / 7) + 4 * np.sin(y / 5)
    density = np.where(np.abs(z - sheet) < 1.2, np.float32(1), np.float32(15))
    density[np.hypot(y - shape[1] / 2, x - shape[2] / 2) < 9] = 15
    seeds = np.zeros(shape, dtype=np.uint8)
    seeds[:2], seeds[-2:] = 1, 2
    return density, seeds


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("wide basins", slab((44, 46, 42), 1, 4.0, 1.0)),
        ("narrow basins", slab((44, 46, 42), 2, 1.5, 1.0)),
        ("folds", folded((46, 48, 50))),
    ],
)
def test_the_cut_in_a_band_costs_what_the_full_cut_does(
    name: str, problem: tuple[Costs, Seeds], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name_of in ("BAND_BUDGET_VOXELS", "COARSE_BUDGET_VOXELS"):  # a lattice this small would be all band
        monkeypatch.setattr(mincut, name_of, 50_000)
    density, seeds = problem
    banded = minimum_cut(density, (1, 1, 1), seeds, full=False)
    full = minimum_cut(density, (1, 1, 1), seeds, full=True)
    gap = banded.cost / full.cost - 1
    print(name, "gap", gap, "free", banded.free_voxels, "of", full.free_voxels)
    assert not banded.is_full
    assert banded.gap is None
    assert full.gap == 0
    assert banded.free_voxels < full.free_voxels
    assert -1e-12 <= gap <= GAP


def test_a_lattice_is_cut_in_full_where_that_is_affordable(monkeypatch: pytest.MonkeyPatch) -> None:
    density, seeds = slab((20, 20, 20), 1, 2.0, 1.0)
    assert minimum_cut(density, (1, 1, 1), seeds).gap == 0
    monkeypatch.setattr(mincut, "FULL_UP_TO_VOXELS", 1000)
    monkeypatch.setattr(mincut, "FULL_BELOW_VOXELS", 1000)
    assert minimum_cut(density, (1, 1, 1), seeds, band_voxels=2).gap is None


def test_the_band_follows_a_cut_that_leaves_it() -> None:
    """A start far from the cheap sheet: the band must wander there."""
    density, seeds = folded((46, 48, 50))
    start = np.ones(density.shape, dtype=np.uint8)
    start[12:] = 2
    banded = minimum_cut(density, (1, 1, 1), seeds, start=start, band_voxels=5)
    full = minimum_cut(density, (1, 1, 1), seeds, full=True)
    assert banded.moves > 1
    assert banded.cost <= full.cost * (1 + GAP)


def test_voxels_outside_the_lattice_stay_outside() -> None:
    density, seeds = slab((44, 46, 42), 3, 3.0, 1.0)
    _, y, x = np.indices(density.shape)
    inside = np.hypot(y - 22, x - 20) < 19
    cut = minimum_cut(density, (1, 1, 1), seeds, inside=inside)
    assert ((cut.side > 0) == inside).all()
    assert (cut.side[:2][inside[:2]] == 1).all()
    assert (cut.side[-2:][inside[-2:]] == 2).all()


def test_terms_of_voxels_draw_the_cut() -> None:
    """Without seeds at all, likelihoods alone decide, and the surface is smoothed by its cost."""
    shape = (44, 40, 40)
    z = np.indices(shape)[0]
    says_b = z > 20 + 3 * generator(0, "noise").normal(size=shape)
    to_a = np.where(says_b, np.float32(1), np.float32(0))
    cut = minimum_cut(
        np.ones(shape, dtype=np.float32),
        (1, 1, 1),
        np.zeros(shape, dtype=np.uint8),
        to_a=to_a,
        to_b=1 - to_a,
        full=False,
    )
    assert (cut.side[:17] == 1).all()
    assert (cut.side[25:] == 2).all()


def test_threads_of_the_surroundings_do_not_change_the_cut() -> None:
    """One and two threads, in processes of their own: the same voxels."""
    program = (
        "import hashlib, numpy as np\n"
        "from separatrix.body.anatomy.mincut import minimum_cut\n"
        "z, y, x = np.indices((40, 42, 44))\n"
        "d = (1.5 + np.sin(z / 3) + 0.4 * np.sin(x * y / 50)).astype(np.float32)\n"
        "s = np.zeros(d.shape, dtype=np.uint8); s[:2] = 1; s[-2:] = 2\n"
        "c = minimum_cut(d, (1, 1, 1), s, full=False)\n"
        "print(hashlib.sha256(c.side.tobytes()).hexdigest(), c.cost)\n"
    )
    answers = set()
    for threads in ("1", "2"):
        settings = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), threads)
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=True,
        )
        answers.add(done.stdout)
    assert len(answers) == 1


def test_within_is_a_cube_around_every_voxel_and_the_box_holds_it() -> None:
    mask = np.zeros((9, 10, 11), dtype=bool)
    mask[4, 5, 6] = True
    grown = within(mask, 2)
    assert grown.sum() == 125
    assert bounding_box(grown, 0) == (slice(2, 7), slice(3, 8), slice(4, 9))
    assert bounding_box(grown, 9) == (slice(0, 9), slice(0, 10), slice(0, 11))


def test_the_interface_is_on_both_sides_and_not_at_the_outside() -> None:
    side = np.zeros((6, 5, 5), dtype=np.uint8)
    side[1:3, 1:4, 1:4], side[3:5, 1:4, 1:4] = 1, 2
    found = interface(side)
    assert found.sum() == 18
    assert found[2, 1:4, 1:4].all()
    assert found[3, 1:4, 1:4].all()
