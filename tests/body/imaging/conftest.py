"""An image without any mirror symmetry, and cases made of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from separatrix.body.imaging import Landmark, Structure
from separatrix.case import Case, CaseFile
from separatrix.core import Grid, Twin, Volume
from separatrix.evidence import EvidenceReader, all_entries

OBLIQUE = tuple(float(v) for v in Rotation.from_euler("xyz", [12, -23, 31], degrees=True).as_matrix().ravel())


@pytest.fixture
def evidence() -> EvidenceReader:
    return EvidenceReader(all_entries())


@pytest.fixture
def odd_volume() -> Volume:
    """Oblique, anisotropic, every voxel another value: a flip or swap anywhere shows."""
    grid = Grid(
        shape=(11, 14, 17), spacing_mm=(0.7, 0.9, 1.3), origin_mm=(-41.3, 27.7, -61.1), direction=OBLIQUE
    )
    values = np.arange(np.prod(grid.shape), dtype=np.int16).reshape(grid.shape)
    return Volume(values, grid)


@pytest.fixture(scope="session")
def head() -> dict[str, Any]:
    """A head-like thing at 3 mm without symmetry: CT, MR and labels on one grid."""
    grid = Grid(shape=(60, 64, 54), spacing_mm=(3, 3, 3), origin_mm=(-66, -113, -70), frame_id="")
    p = grid.index_to_mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    x, y, z = p[..., 0] - 14, p[..., 1] + 18, p[..., 2] - 18
    radius = np.sqrt((x / 62) ** 2 + ((y + 6 * np.sin(x / 30)) / 78) ** 2 + (z / 66) ** 2)
    radius += 0.05 * np.exp(-((x - 30) ** 2 + (y - 50) ** 2) / 500)  # a dent on one side
    labels = np.zeros(grid.shape, np.uint8)
    labels[radius < 1.12] = Structure.SCALP
    labels[radius < 1.0] = Structure.SKULL
    labels[radius < 0.9] = Structure.INTRACRANIAL
    vein = (np.hypot(x - 20, y + 15) < 5) & (radius < 0.85)
    labels[vein] = Structure.VEIN
    ball = np.sqrt((x + 25) ** 2 + (y - 20) ** 2 + (z - 10) ** 2) < 14
    inside = labels == Structure.INTRACRANIAL
    hu = np.array([-1000, 0, 0, 0, 35, 900, 30, 0, 240, 0, 0, 0], np.float32)
    signal = np.array([5, 0, 0, 0, 400, 40, 600, 0, 150, 0, 0, 0], np.float32)
    rng = np.random.default_rng(1)
    ct = hu[labels] + 90 * (ball & inside) + rng.normal(0, 6, grid.shape)
    mr = signal[labels] - 250 * (ball & inside) + 60 * np.sin(x / 14) * inside + rng.normal(0, 6, grid.shape)
    return {
        "ct": Volume(np.rint(ct).astype(np.int16), grid),
        "mr": Volume(np.clip(np.rint(mr), 0, None).astype(np.int16), grid),
        "labels": Volume(labels, grid),
        "points": _points_on(Volume(radius < 1.12, grid)),
    }


def _points_on(mask: Volume) -> dict[Twin, dict[Landmark, Any]]:
    """Eight points on the surface of a mask, none the mirror image of another."""
    directions = {
        Twin.A: [(1, 0.1, -0.3), (-1, 0.2, -0.2), (0.4, -0.9, -0.2), (0.05, -1, 0.1)],
        Twin.B: [(0.9, 0.5, 0.6), (-0.7, -0.3, 0.7), (0.3, 0.8, 0.5), (-0.2, 0.9, 0.4)],
    }
    middle = mask.grid.index_to_mm(np.argwhere(mask.array).mean(axis=0))
    found: dict[Twin, dict[Landmark, Any]] = {}
    for twin, rays in directions.items():
        found[twin] = {}
        for landmark, ray in zip(Landmark, rays, strict=True):
            step = np.array(ray) / np.linalg.norm(ray)
            along = middle + np.arange(0, 120, 0.5)[:, None] * step
            index = np.rint(mask.grid.mm_to_index(along)).astype(int)
            index = np.clip(index, 0, np.array(mask.grid.shape) - 1)
            last = np.flatnonzero(mask.array[tuple(index.T)])[-1]
            found[twin][landmark] = np.round(along[last], 3)
    return found


@pytest.fixture
def make_case(tmp_path: Path) -> Callable[..., Case]:
    """Make a case in a temporary folder from its imaging section."""

    def make(imaging: dict[str, Any], **more: Any) -> Case:
        data = {"format": 1, "id": "test", "born": dt.date(2026, 1, 1), "imaging": imaging, **more}
        return Case(tmp_path, CaseFile.model_validate(data))

    return make
