"""Whose is every voxel that is not brain: skull, scalp, dura, CSF, vessels, expanders, by stated rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.model import HeadFrame, PaintedPrice
from separatrix.body.anatomy.reach import FAR, STEPS, path_length
from separatrix.body.imaging.model import Scene, Structure
from separatrix.core import Grid, Owner, Twin
from separatrix.evidence import EvidenceReader

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Reals = npt.NDArray[np.float32]

_NEIGHBOURS = np.ones((3, 3, 3), dtype=np.uint8)
"""26 neighbours: voxels that touch at a corner are connected."""

_CALIBRE_REACH_MM = 2.0
"""The calibre of a channel at a voxel is that of its widest place within this distance (mm)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """Owners of the whole body."""

    side: Bytes
    """1 or 2 wherever there is tissue: the nearer child, also for what is shared."""
    owner: Bytes
    """Values of `core.Owner`."""
    certainty: Reals
    """0.5-1 wherever there is tissue, 0.5 elsewhere."""
    arteries_joined: int
    """Connected pieces of artery that reach both children."""
    painted: tuple[PaintedPrice, ...]
    """Price of paint on anything but brain."""
    notes: tuple[str, ...]


def assign_owners(
    scene: Scene,
    tissue: Bytes,
    brain_owner: Bytes,
    brain_certainty: Reals,
    *,
    frames: Mapping[Twin, HeadFrame],
    evidence: EvidenceReader,
) -> Assigned:
    """Give every voxel of the body its owner.

    Parameters
    ----------
    tissue
        Shape of ``scene.grid``, values of `Structure`, nothing left `INTRACRANIAL`.
    brain_owner, brain_certainty
        Owner (1, 2; 0 where not decided) and certainty of intracranial voxels.
    frames
        Of both heads; decide ties.

    Notes
    -----
    1. What the delineation decided stays.
    2. Every other voxel belongs to the child whose decided tissue is nearer on a path through the
       body. Its certainty is ``1 - exp(-d / λ) / 2`` with d its distance from the seam, half of the
       difference of both path lengths, and λ the entry ``anatomy.seam_scatter``.
    3. A connected vessel that only one child holds away from the seam is that child's as a whole.
    4. Venous channels that join both children or neither, lie on the seam and are wide are *shared*.
    5. An expander is one child's as a whole: the one that has more of it.
    6. Paint wins, with certainty 1.
    """
    decided = brain_owner > 0
    body = (tissue != Structure.NONE) | decided
    outer = body & ~decided
    side, apart_mm, unreached = _nearer_child(scene, body, brain_owner, frames)
    certainty = np.full(tissue.shape, 0.5, dtype=np.float32)
    certainty[outer] = 1 - 0.5 * np.exp(-apart_mm[outer] / evidence.number("anatomy.seam_scatter"))
    certainty[decided] = brain_certainty[decided]
    found = _Found(side=side, owner=side.copy(), certainty=certainty, apart_mm=apart_mm)
    notes = []
    if unreached.any():
        certainty[unreached] = evidence.number("anatomy.unreached_certainty")
        ml = float(unreached.sum()) * scene.grid.voxel_volume_mm3 / 1000
        notes.append(f"{ml:.2f} ml of labelled pieces touch neither child; they go to the nearer head")
    arteries = tissue == Structure.ARTERY
    joined = _settle_vessels(scene, arteries, found, False, evidence) if arteries.any() else 0
    veins = np.isin(tissue, (Structure.VEIN, Structure.SINUS, Structure.VESSEL))
    if veins.any():
        _settle_vessels(scene, veins, found, True, evidence)
    _settle_expanders(tissue, found)
    painted = _apply_paint(scene, tissue, outer, found)
    return Assigned(
        side=found.side,
        owner=found.owner,
        certainty=found.certainty,
        arteries_joined=joined,
        painted=painted,
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What is being decided; the rules write into its arrays."""

    side: Bytes
    owner: Bytes
    certainty: Reals
    apart_mm: Reals

    def cropped(self, box: tuple[slice, ...]) -> _Found:
        """Views of a box."""
        return _Found(
            side=self.side[box],
            owner=self.owner[box],
            certainty=self.certainty[box],
            apart_mm=self.apart_mm[box],
        )


def _nearer_child(
    scene: Scene, body: Mask, brain_owner: Bytes, frames: Mapping[Twin, HeadFrame]
) -> tuple[Bytes, Reals, Mask]:
    """Nearer child, distance from the seam in mm, and what no path reaches.

    A tie, and what no path reaches, goes to the head whose ears are nearer: a rule that does not
    know the children's letters.
    """
    outer = body & (brain_owner == 0)
    lengths = {t: path_length(brain_owner == t.code, outer) for t in Twin}
    a, b = lengths[Twin.A], lengths[Twin.B]
    side = np.where(a < b, np.uint8(1), np.uint8(2))
    tie = np.nonzero(outer & (a == b))
    place = scene.grid.index_to_mm(np.stack(tie, axis=-1))
    away = [np.linalg.norm(place - frames[t].origin_mm, axis=1) for t in Twin]
    side[tie] = np.where(away[0] < away[1], 1, 2)
    side[~body] = 0
    side[brain_owner > 0] = brain_owner[brain_owner > 0]
    unreached = outer & (a == FAR) & (b == FAR)
    apart = np.subtract(a, b, dtype=np.float32)
    np.abs(apart, out=apart)
    apart *= scene.grid.spacing_mm[0] / STEPS[0] / 2
    return side, apart, unreached


def _settle_vessels(
    scene: Scene, vessel: Mask, found: _Found, may_share: bool, evidence: EvidenceReader
) -> int:
    """Apply rules 3 and 4 to one kind of vessel; give the number of pieces that reach both children."""
    from scipy import ndimage

    box = ndimage.find_objects(vessel.astype(np.uint8))[0]
    near = evidence.number("anatomy.shared_reach")
    here = found.cropped(box)
    pieces, count = ndimage.label(vessel[box], structure=_NEIGHBOURS)
    away = here.apart_mm > near
    holds = np.zeros((2, count + 1), dtype=np.bool_)
    for twin in Twin:
        holds[twin.code - 1, pieces[away & (here.side == twin.code)]] = True
    holds[:, 0] = False
    for twin in Twin:
        own, other = holds[twin.code - 1], holds[twin.other.code - 1]
        piece = (own & ~other)[pieces]
        here.owner[piece] = twin.code
        here.certainty[piece & ~away] = evidence.number("anatomy.connected_certainty")
    joined = holds[0] & holds[1]
    if may_share:
        common = holds[0] == holds[1]  # also what lies on the seam alone, held by neither
        common[0] = False
        shared = _on_the_seam(common[pieces] & ~away, common[pieces], scene.grid, evidence)
        here.owner[shared] = Owner.SHARED
        here.certainty[shared] = evidence.number("anatomy.shared_certainty")
    return int(joined.sum())


def _on_the_seam(band: Mask, vessel: Mask, grid: Grid, evidence: EvidenceReader) -> Mask:
    """Give the wide channels among the vessels near the seam that are large enough to be a sinus."""
    from scipy import ndimage

    shared = np.zeros_like(band)
    if not band.any():
        return shared
    spacing = grid.spacing_mm[0]
    around = int(np.ceil(_CALIBRE_REACH_MM / spacing))
    box = tuple(
        slice(max(0, s.start - 2 * around), s.stop + 2 * around)
        for s in ndimage.find_objects(band.astype(np.uint8))[0]
    )
    radius = ndimage.distance_transform_edt(vessel[box]).astype(np.float32) * spacing
    widest = ndimage.maximum_filter(radius, size=2 * around + 1)
    wide = band[box] & (widest >= evidence.number("anatomy.shared_radius.low"))
    pieces, _ = ndimage.label(wide, structure=_NEIGHBOURS)
    volume_ml = np.bincount(pieces.ravel()) * grid.voxel_volume_mm3 / 1000
    large = volume_ml >= evidence.number("anatomy.shared_volume.low")
    large[0] = False
    shared[box] = large[pieces]
    return shared


def _settle_expanders(tissue: Bytes, found: _Found) -> None:
    """Rule 5: an expander is not cut in two."""
    from scipy import ndimage

    expander = tissue == Structure.EXPANDER
    if not expander.any():
        return
    box = ndimage.find_objects(expander.astype(np.uint8))[0]
    pieces, count = ndimage.label(expander[box], structure=_NEIGHBOURS)
    here = found.cropped(box)
    held = [np.bincount(pieces[here.side == t.code], minlength=count + 1) for t in Twin]
    for piece in range(1, count + 1):
        a, b = int(held[0][piece]), int(held[1][piece])
        whole = pieces == piece
        here.owner[whole] = here.side[whole] = Twin.A.code if a > b else Twin.B.code
        here.certainty[whole] = max(a, b) / (a + b)


def _apply_paint(scene: Scene, tissue: Bytes, outer: Mask, found: _Found) -> tuple[PaintedPrice, ...]:
    """Rule 6, with its price: how much of the paint the rules would have given to another."""
    painted = scene.painted.array
    if not painted.any():
        return ()
    prices = []
    for code in np.unique(tissue[outer & (painted > 0)]).tolist():
        for owner in (Owner.A, Owner.B, Owner.SHARED):
            paint = outer & (tissue == code) & (painted == owner)
            if not paint.any():
                continue
            ml = scene.grid.voxel_volume_mm3 / 1000
            prices.append(
                PaintedPrice(
                    structure=Structure(code).name.lower(),
                    owner=owner.name.lower() if owner is Owner.SHARED else owner.name,
                    voxels=int(paint.sum()),
                    volume_ml=float(paint.sum() * ml),
                    disagreeing_ml=float((paint & (found.owner != owner)).sum() * ml),
                    extra_cost=0.0,
                )
            )
            found.owner[paint] = owner
            found.certainty[paint] = 1.0
            if owner is not Owner.SHARED:
                found.side[paint] = owner
    return tuple(prices)
