"""Which side of the cut every voxel of the body lies on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.lattice import SIDE_A, SIDE_B, bounding_box, interface, within
from separatrix.body.anatomy.mincut import Cut, minimum_cut
from separatrix.body.anatomy.model import Anatomy
from separatrix.body.imaging.model import Scene, Structure
from separatrix.body.surface.costs import costs_of
from separatrix.core import DataMissingError, Fault, GeometryError, Owner
from separatrix.evidence import EvidenceReader

Bytes = npt.NDArray[np.uint8]


FULL_UP_TO_VOXELS = 1_000_000
"""With fewer voxels near the interface the cut is solved in full: some 10 s, and the gap is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """The cut as voxels."""

    side: Bytes
    """uint8 on the planning grid: 1 A, 2 B, 0 outside the body."""
    cut: Cut
    """Its cost; its own `side` covers the part of the grid near the interface only."""


def part(scene: Scene, anatomy: Anatomy, *, evidence: EvidenceReader, full: bool | None) -> Parting:
    """Part the body of the pair at the least cost.

    With `full` the problem is solved without a band; None for where that is affordable.

    Raises
    ------
    DataMissingError
        If the anatomy has no owners, or one child owns nothing.
    GeometryError
        If owners and labels are not on the scene's grid.
    """
    tissue, owner, certainty = _arrays(scene, anatomy)
    spacing = scene.grid.spacing_mm
    body = tissue != Structure.NONE
    side = _first_sides(owner, body)
    if not ((side == SIDE_A).any() and (side == SIDE_B).any()):
        raise DataMissingError(
            Fault(
                problem="the owner map gives the whole body to one child",
                expected="voxels of A and of B",
                mend="look at plan/anatomy/ownership.nii.gz",
            )
        )
    front = interface(side)
    if not front.any():
        raise GeometryError(
            Fault(problem="the two children touch nowhere in the label map", expected="a pair that is joined")
        )
    reach = int(np.ceil(evidence.number("surface.reach") / min(spacing)))
    near = within(front, reach) & body
    box = bounding_box(near)
    seeds = np.where(near[box], np.uint8(0), side[box])
    costs = costs_of(tissue[box], owner[box], certainty[box], spacing, evidence)
    cut = minimum_cut(
        costs.density,
        spacing,
        seeds,
        inside=body[box],
        to_a=costs.to_a,
        to_b=costs.to_b,
        start=side[box],
        full=int(near.sum()) <= FULL_UP_TO_VOXELS if full is None else full,
    )
    side[box] = cut.side
    return Parting(side=_without_islands(side), cut=cut)


def _arrays(scene: Scene, anatomy: Anatomy) -> tuple[Bytes, Bytes, npt.NDArray[np.float32]]:
    if anatomy.ownership is None:
        raise DataMissingError(
            Fault(
                problem="the anatomy holds no owners", mend="a surface needs imaging; give images and labels"
            )
        )
    tissue = anatomy.tissue or scene.labels
    faults = [
        Fault(
            field=name,
            problem=f"shape {volume.grid.shape} at {volume.grid.origin_mm}",
            expected="the scene's grid",
        )
        for name, volume in (
            ("ownership", anatomy.ownership),
            ("tissue", tissue),
            ("certainty", anatomy.certainty),
        )
        if volume is not None and not volume.grid.same_lattice(scene.grid)
    ]
    if faults:
        raise GeometryError(*faults)
    if anatomy.certainty is None:
        certainty = np.full(scene.grid.shape, 0.99, dtype=np.float32)
    else:
        certainty = anatomy.certainty.array.astype(np.float32, copy=False)
    return tissue.array, anatomy.ownership.array, certainty


def _first_sides(owner: Bytes, body: npt.NDArray[np.bool_]) -> Bytes:
    """The owners as two sides in one piece each: what is shared or unowned goes with the nearest."""
    from scipy.ndimage import distance_transform_edt

    side = np.where(body, owner, np.uint8(0)).astype(np.uint8)
    open_ = body & (owner != Owner.A) & (owner != Owner.B)
    if open_.any():
        side[open_] = 0
        box = bounding_box(open_, 12)
        if not side[box].any():
            return side
        nearest = distance_transform_edt(side[box] == 0, return_distances=False, return_indices=True)
        side[open_] = side[box][tuple(nearest)][open_[box]]
    return _without_islands(side)


def _without_islands(side: Bytes) -> Bytes:
    """Give pieces of a side that hang only on the other side to that one; loose specks stay as they are."""
    from scipy.ndimage import label

    side = side.copy()
    for code, other in ((SIDE_A, SIDE_B), (SIDE_B, SIDE_A)):
        pieces, count = label(side == code)
        if count < 2:
            continue
        sizes = np.bincount(pieces.reshape(-1))
        sizes[0] = 0
        touching = np.zeros(count + 1, dtype=bool)
        touching[pieces[interface(side)]] = True
        touching[[0, int(sizes.argmax())]] = False
        side[touching[pieces]] = other
    return side
