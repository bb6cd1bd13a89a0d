"""Owners that the engineer painted: they win, and their price is told."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.columns import Columns, Singles
from separatrix.body.anatomy.model import PaintedPrice
from separatrix.body.imaging.model import Scene, Structure
from separatrix.core import Owner, Twin

Bytes = npt.NDArray[np.uint8]


def brain_paint(scene: Scene, structures: tuple[Structure, ...]) -> Bytes:
    """What is painted as A's or B's among some structures, shape of the grid: 1, 2, or 0 for none."""
    mine = np.isin(scene.painted.array, (Owner.A, Owner.B)) & np.isin(scene.labels.array, structures)
    return np.where(mine, scene.painted.array, 0).astype(np.uint8)


def allowed_heights(columns: Columns, paint: Bytes) -> Singles:
    """Where paint lets the interface lie: above all that is A's in its column, below all that is B's.

    Parameters
    ----------
    paint
        Over the box, as `brain_paint`.

    Returns
    -------
    ndarray, shape (P, Q, Z)
        1 or 0. A column in which paint of B lies below paint of A allows everything: there the
        interface is no height, and the paint itself decides.
    """
    levels = columns.levels_mm
    allowed = np.ones((*columns.shape, len(levels)), dtype=np.float32)
    if not paint.any():
        return allowed
    on_a = columns.sample(paint == Twin.A.code) > 0.5
    on_b = columns.sample(paint == Twin.B.code) > 0.5
    lowest = np.where(on_a, levels, -np.inf).max(-1, keepdims=True)
    highest = np.where(on_b, levels, np.inf).min(-1, keepdims=True)
    allowed[(levels < lowest) | (levels > highest)] = 0
    allowed[~allowed.any(-1)] = 1
    return allowed


def painted_prices(
    scene: Scene,
    paint: Bytes,
    unpainted: Bytes,
    cost_with: Callable[[Bytes], float],
    *,
    structures: tuple[Structure, ...],
) -> tuple[PaintedPrice, ...]:
    """What it costs to follow the paint, for every structure and owner painted.

    Parameters
    ----------
    paint
        Shape of the grid, as `brain_paint`.
    unpainted
        Owners that the images alone give, shape of the grid.
    cost_with
        Cost of the cut that keeps a given paint.
    """
    labels = scene.labels.array
    alone = cost_with(np.zeros_like(paint))
    ml = scene.grid.voxel_volume_mm3 / 1000
    prices = []
    for structure in structures:
        for twin in Twin:
            mine = (labels == structure) & (paint == twin.code)
            if not mine.any():
                continue
            cost = cost_with(np.where(mine, paint, 0).astype(np.uint8))
            prices.append(
                PaintedPrice(
                    structure=structure.name.lower(),
                    owner=twin.value,
                    voxels=int(mine.sum()),
                    volume_ml=float(mine.sum() * ml),
                    disagreeing_ml=float((mine & (unpainted != twin.code)).sum() * ml),
                    extra_cost=max(cost - alone, 0.0) / alone if alone > 0 else 0.0,
                )
            )
    return tuple(prices)
