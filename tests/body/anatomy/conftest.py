"""Two balls for brains, pressed flat against each other: every area and volume is known in closed form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from separatrix.body.imaging.model import Landmark, Scene, Structure
from separatrix.core import Grid, Twin, Volume
from separatrix.evidence import EvidenceReader, all_entries

HEAD = {  # right, facing, superior mm
    Landmark.LEFT_TRAGION: (-34.0, 0.0, 0.0),
    Landmark.RIGHT_TRAGION: (34.0, 0.0, 0.0),
    Landmark.LEFT_ORBITALE: (-14.0, 34.0, 0.0),
    Landmark.NASION: (0.0, 38.0, 14.0),
}

RADIUS_MM = 30.0
"""Of each ball of brain."""

CENTRE_MM = 24.0
"""Of A's ball below and of B's above the plane between them."""

RING_MM = 22.0
"""Radius of the shared venous ring, in the plane between the balls."""

TUBE_MM = 3.0
"""Radius of the ring's tube."""


@dataclass(frozen=True)
class Balls:
    """The pair with its truth, arrays [z, y, x]."""

    scene: Scene
    tissue: np.ndarray
    """Values of `Structure`; brain told apart from CSF."""
    owner: np.ndarray
    """True owner, 3 for the ring."""
    adherent: np.ndarray


def _head(origin_z: float, up: float) -> dict[Landmark, np.ndarray]:
    """A's head upright (up = 1), B's upside down, both looking to the same side (-y)."""
    right, facing, superior = (-up, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, up)
    axes = np.array([right, facing, superior]).T
    return {name: axes @ np.asarray(p) + (0, 0, origin_z) for name, p in HEAD.items()}


def make_balls(*, gap_mm: float = 0.0, grid_mm: float = 1.0, tilted: bool = False) -> Balls:
    """Make the pair: brain, CSF between and around, dura, skull, scalp, a venous ring, an artery of A."""
    nz, ny, nx = (round(n / grid_mm) for n in (130, 84, 80))
    origin = tuple(-(n - 1) * grid_mm / 2 for n in (nx, ny, nz))
    turn = np.array([[0.8, 0.0, 0.6], [0.0, 1.0, 0.0], [-0.6, 0.0, 0.8]])
    direction = (
        tuple(turn.ravel())
        if tilted
        else Grid(shape=(1, 1, 1), spacing_mm=(1, 1, 1), origin_mm=(0, 0, 0)).direction
    )
    grid = Grid(
        shape=(nz, ny, nx),
        spacing_mm=(grid_mm,) * 3,
        origin_mm=tuple(turn @ origin) if tilted else origin,
        direction=direction,
    )
    z, y, x = (o + grid_mm * np.arange(n) for o, n in zip(origin[::-1], grid.shape, strict=True))
    z, y, x = z[:, None, None], y[None, :, None], x[None, None, :]
    flat = np.hypot(x, y)
    away = {Twin.A: np.sqrt(flat**2 + (z + CENTRE_MM) ** 2), Twin.B: np.sqrt(flat**2 + (z - CENTRE_MM) ** 2)}
    near = np.minimum(away[Twin.A], away[Twin.B])
    tissue = np.zeros(grid.shape, dtype=np.uint8)
    for radius, structure in (
        (RADIUS_MM + 9, Structure.SCALP),
        (RADIUS_MM + 6, Structure.SKULL),
        (RADIUS_MM + 3, Structure.DURA),
        (RADIUS_MM + 1.5, Structure.CSF),
    ):
        tissue[near <= radius] = structure
    brain = (near <= RADIUS_MM) & (np.abs(z) >= gap_mm / 2)
    tissue[(near <= RADIUS_MM) & ~brain] = Structure.CSF
    tissue[brain] = Structure.BRAIN
    owner = np.where(tissue > 0, np.where(np.broadcast_to(z, tissue.shape) < 0, 1, 2), 0).astype(np.uint8)
    ring = np.hypot(flat - RING_MM, z) <= TUBE_MM
    tissue[ring], owner[ring] = Structure.VEIN, 3
    artery = (np.hypot(x, y - 5) <= 1.6) & (z < -4) & (z > -CENTRE_MM)
    tissue[artery] = Structure.ARTERY
    adherent = ((tissue == Structure.BRAIN) & (np.abs(z) < grid_mm) & (gap_mm == 0) & (x < 0)).astype(
        np.uint8
    )
    labels = np.where(
        np.isin(tissue, (Structure.BRAIN, Structure.CSF, Structure.DURA)), Structure.INTRACRANIAL, tissue
    )
    heads = {Twin.A: _head(-45.0, 1.0), Twin.B: _head(44.0, -1.0)}
    if tilted:
        heads = {t: {k: turn @ p for k, p in m.items()} for t, m in heads.items()}
    scene = Scene(
        grid=grid,
        images={},
        labels=Volume(labels.astype(np.uint8), grid),
        painted=Volume(np.zeros(grid.shape, dtype=np.uint8), grid),
        landmarks=heads,
    )
    return Balls(scene=scene, tissue=tissue, owner=owner, adherent=adherent)


@pytest.fixture(scope="session")
def balls() -> Callable[..., Balls]:
    """Makes pairs of balls."""
    return make_balls


@pytest.fixture
def evidence() -> EvidenceReader:
    """The package's own tables."""
    return EvidenceReader(all_entries())
