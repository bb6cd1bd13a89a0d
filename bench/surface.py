"""The minimum cut in a band against the full one, the large lattice, and the volumes of meshes.

``python bench/surface.py`` prints one line per problem and ends with 1 if a bar is missed:

- cost of the banded cut within 0.1 % of the full minimum cut (OR-tools with every voxel free) on at
  least five of six problems of 96³ to 128³, with the ratio of their times (asked for nothing, the
  program solves lattices of this size in full);
- a lattice of 300 × 300 × 450 in at most 20 s of processor time and less than 3 GiB;
- meshes watertight and within 0.5 % of the volume of their voxels.

``--quick`` leaves out all but two of the small problems, of which both must be met.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.mincut import minimum_cut
from separatrix.body.surface.solids import flattened, signed_volume_mm3, solid
from separatrix.core import Grid, generator

Costs = npt.NDArray[np.float32]
Seeds = npt.NDArray[np.uint8]
Spacing = tuple[float, float, float]

MOST_GAP = 1e-3
FEWEST_PROBLEMS = 5
MOST_SECONDS = 20.0
MOST_GIB = 3.0
MOST_VOLUME_ERROR = 5e-3
EVEN: Spacing = (1.0, 1.0, 1.0)


def ends(shape: tuple[int, int, int]) -> Seeds:
    """Seeds on the first and last two layers."""
    seeds = np.zeros(shape, dtype=np.uint8)
    seeds[:2], seeds[-2:] = 1, 2
    return seeds


def rough(shape: tuple[int, int, int], seed: int, scale: float, spread: float) -> Costs:
    """Costs without any structure but a length scale: many basins, the worst case for a band."""
    from scipy.ndimage import gaussian_filter

    field = gaussian_filter(generator(seed, "bench").normal(size=shape).astype(np.float32), scale)
    return np.asarray(np.exp(spread * field / field.std()), dtype=np.float32)


def folds(shape: tuple[int, int, int], adherent: float) -> Costs:
    """Two folded brains with a thin gap between them, closed over a disc of the given radius (voxels)."""
    z, y, x = np.indices(shape, dtype=np.float32)
    sheet = shape[0] / 2 + 7 * np.sin(x / 9) * np.cos(y / 11) + 3 * np.sin(y / 4)
    noise = rough(shape, 7, 1.5, 0.3)
    gap = (np.abs(z - sheet) < 1.1) & (np.hypot(y - shape[1] / 2, x - shape[2] / 2) > adherent)
    return np.where(gap, np.float32(1), np.float32(15)) * noise


def problems() -> list[tuple[str, Costs, Spacing]]:
    """Names, costs and spacings of the problems whose full optimum is computed."""
    n96, n112, n128 = (96, 96, 96), (112, 112, 112), (128, 128, 128)
    return [
        ("folds 96, adherent 20", folds(n96, 20), EVEN),
        ("rough 96, scale 6", rough(n96, 2, 6, 1.0), EVEN),
        ("rough 96, scale 2", rough(n96, 1, 2, 1.0), EVEN),
        ("rough 96, scale 4, spacing 1 1 1.6", rough(n96, 3, 4, 1.5), (1.0, 1.0, 1.6)),
        ("folds 112, adherent 35", folds(n112, 35), EVEN),
        ("folds 128, adherent 30", folds(n128, 30), EVEN),
    ]


def seconds_of(start: float) -> float:
    """Processor seconds since `start`."""
    return time.process_time() - start


def gaps(quick: bool) -> bool:
    """Print banded against full, problem by problem."""
    met = 0
    for name, density, spacing in problems()[: 2 if quick else None]:
        seeds = ends((density.shape[0], density.shape[1], density.shape[2]))
        start = time.process_time()
        banded = minimum_cut(density, spacing, seeds, full=False)
        took = seconds_of(start)
        start = time.process_time()
        full = minimum_cut(density, spacing, seeds, full=True)
        full_took = seconds_of(start)
        gap = banded.cost / full.cost - 1
        met += gap <= MOST_GAP
        print(
            f"{name:36s} gap {100 * gap:.4f} %  banded {took:5.1f} s  full {full_took:5.1f} s  "
            f"ratio {took / full_took:.2f}  voxels solved {banded.free_voxels} of {full.free_voxels}",
            flush=True,
        )
    print(f"{met} problems within {100 * MOST_GAP} %")
    return met >= (2 if quick else FEWEST_PROBLEMS)


def large() -> bool:
    """Print the time and memory of 300 × 300 × 450."""
    shape = (450, 300, 300)
    good = True
    for name, density in (
        ("rough, scale 2", rough(shape, 0, 2, 1.0)),
        ("folds, adherent 60", folds(shape, 60)),
    ):
        wall, start = time.monotonic(), time.process_time()
        cut = minimum_cut(density, EVEN, ends(shape))
        took, passed = seconds_of(start), time.monotonic() - wall
        gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        good &= took <= MOST_SECONDS and gib < MOST_GIB
        print(
            f"300 x 300 x 450 {name}: {took:.1f} s processor, {passed:.1f} s wall, peak {gib:.2f} GiB, "
            f"{cut.free_voxels} voxels solved at once, {cut.moves} solves on the finest lattice",
            flush=True,
        )
    return good


def volumes() -> bool:
    """Print the volumes of meshes against those of their voxels."""
    import trimesh

    grid = Grid(shape=(100, 90, 110), spacing_mm=EVEN, origin_mm=(0.0, 0.0, 0.0))
    z, y, x = np.indices(grid.shape, dtype=np.float32)
    dumb_bell = np.hypot(y - 44, x - 53) < 18 + 14 * np.cos((z - 49) / 12) ** 2
    shapes = {
        "ball of 30": (z - 49.2) ** 2 + (y - 44.4) ** 2 + (x - 53.3) ** 2 < 30**2,
        "dumb-bell": dumb_bell & (np.abs(z - 49) < 42),
        "tube of 2": np.hypot(y - 44.3, x - 30.4 - 0.3 * z) < 2,
        "shell of 3": np.abs(np.sqrt((z - 49) ** 2 + (y - 44) ** 2 + (x - 53) ** 2) - 36) < 1.5,
    }
    good = True
    for name, mask in shapes.items():
        mesh = flattened(solid(mask, grid), 0.08)
        error = signed_volume_mm3(mesh) / mask.sum() - 1
        closed = trimesh.Trimesh(mesh.vertices_mm, mesh.faces, process=False).is_watertight
        good &= abs(error) <= MOST_VOLUME_ERROR and closed
        print(f"mesh of {name:12s} volume error {100 * error:+.3f} %  watertight {closed}")
    return good


def main() -> int:
    """Run all; 0 if every bar is met."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="two of the small problems only")
    quick = parser.parse_args().quick
    # the large lattice first: the peak of memory is then its own
    results = {"large lattice": large(), "gap": gaps(quick), "volumes": volumes()}
    for name, good in results.items():
        print(f"{name}: {'met' if good else 'MISSED'}")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
