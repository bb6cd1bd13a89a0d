"""Whose is every voxel that is not brain: skull, scalp, dura, CSF, vessels, expanders, by stated rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.model import HeadFrame, PaintedPrice
from separatrix.body.anatomy.reach import FAR, STEPS, path_length
from separatrix.body.anatomy.vessels import NEIGHBOURS, Box, Vessels, grown, seam_drift
from separatrix.body.imaging.model import Scene, Structure
from separatrix.core import Owner, Twin
from separatrix.evidence import EvidenceReader

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Reals = npt.NDArray[np.float32]

_VENOUS = (Structure.VEIN, Structure.SINUS, Structure.VESSEL)
"""Structures that may be a shared channel."""

_PRICED_WITH_BRAIN = (Structure.CSF, Structure.DURA)
"""Painted inside the skull: the delineation tells the price."""

_TOUCHING = 1.5
"""Voxels within this distance (in voxels) touch, over faces or edges."""

_TIE_MM = 1e-3
"""Distance from the seam given to a voxel that is as near to one child as to the other."""


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
    1. Brain is as the delineation decided.
    2. Every other voxel belongs to the child whose brain is nearer on a path through the body: half of
       the difference of both path lengths is its signed distance from the seam.
    3. Where a shared venous channel (rule 6) lies within ``anatomy.shared_search`` of that seam, the
       seam is moved onto it: at the rim no brain tells where the children meet, but that channel does.
    4. CSF and dura that the delineation gave to the other child than rules 2 and 3 stay with the
       delineation between the brains, and where they touch brain: what is called CSF there may be
       brain in a thin gyrus. Their certainty is low.
    5. A connected vessel that only one child holds away from the seam is that child's as a whole.
    6. Venous channels that both children hold, or neither, within ``anatomy.shared_reach`` of the seam
       and at least ``anatomy.shared_radius.low`` wide are *shared*.
    7. An expander is one child's as a whole: the one that has more of it.
    8. Paint wins, with certainty 1.

    Certainty is ``1 - exp(-d / λ) / 2`` with d the distance from the seam and λ the entry
    ``anatomy.seam_scatter``, or ``anatomy.seam_scatter.no_channel`` where no channel marks the seam.
    """
    decided = (brain_owner > 0) & (tissue == Structure.BRAIN)
    outer = (tissue != Structure.NONE) & ~decided
    toward, unreached = _signed_seam(scene, outer, np.where(decided, brain_owner, 0), frames)
    veins = Vessels.of(np.isin(tissue, _VENOUS), scene.grid)
    channel = _channel(scene, veins, toward, evidence)
    drift = seam_drift(channel, toward, scene.grid, evidence=evidence)
    if drift is not None:
        toward[drift[0]] -= drift[1]
    scatter = evidence.number("anatomy.seam_scatter" if drift else "anatomy.seam_scatter.no_channel")
    side = np.where(toward < 0, np.uint8(Twin.A.code), np.uint8(Twin.B.code))
    side[decided] = brain_owner[decided]
    side[~(outer | decided)] = 0
    certainty = np.full(tissue.shape, 0.5, dtype=np.float32)
    certainty[outer] = 1 - 0.5 * np.exp(-np.abs(toward[outer]) / np.float32(scatter))
    certainty[decided] = brain_certainty[decided]
    certainty[unreached] = evidence.number("anatomy.unreached_certainty")
    found = _Found(side=side, owner=side.copy(), certainty=certainty)
    _settle_disputed(scene, tissue, brain_owner, found, evidence)
    arteries = Vessels.of(tissue == Structure.ARTERY, scene.grid)
    joined = _settle_vessels(arteries, toward, found, evidence, may_share=False) if arteries else 0
    if veins:
        _settle_vessels(veins, toward, found, evidence, may_share=True)
    _settle_expanders(tissue, found)
    painted = _apply_paint(scene, tissue, outer, found)
    return Assigned(
        side=found.side,
        owner=found.owner,
        certainty=found.certainty,
        arteries_joined=joined,
        painted=painted,
        notes=_notes(scene, unreached, drift),
    )


def _notes(scene: Scene, unreached: Mask, drift: tuple[Box, Reals] | None) -> tuple[str, ...]:
    notes = []
    if unreached.any():
        ml = float(unreached.sum()) * scene.grid.voxel_volume_mm3 / 1000
        notes.append(f"{ml:.2f} ml of labelled pieces touch neither child; they go to the nearer head")
    if drift is not None:
        furthest = float(np.abs(drift[1]).max())
        notes.append(
            "at the rim of the union skull, scalp and dura are parted along the shared venous channel "
            f"(up to {furthest:.1f} mm from where the nearest brain would part them)"
        )
    return tuple(notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What is being decided; the rules write into its arrays."""

    side: Bytes
    owner: Bytes
    certainty: Reals

    def cropped(self, box: tuple[slice, ...]) -> _Found:
        """Views of a box."""
        return _Found(
            side=self.side[box],
            owner=self.owner[box],
            certainty=self.certainty[box],
        )


def _signed_seam(
    scene: Scene, outer: Mask, brain_owner: Bytes, frames: Mapping[Twin, HeadFrame]
) -> tuple[Reals, Mask]:
    """Signed distance (mm) from the seam, negative where A's brain is nearer, and what no path reaches.

    A tie, and what no path reaches, goes to the head whose ears are nearer: a rule that does not
    know the children's letters.
    """
    lengths = {t: path_length(brain_owner == t.code, outer) for t in Twin}
    a, b = lengths[Twin.A], lengths[Twin.B]
    toward = np.subtract(a, b, dtype=np.float32)
    toward *= np.float32(scene.grid.spacing_mm[0] / STEPS[0] / 2)
    tie = np.nonzero(outer & (a == b))
    place = scene.grid.index_to_mm(np.stack(tie, axis=-1))
    away = [np.linalg.norm(place - frames[t].origin_mm, axis=1) for t in Twin]
    toward[tie] = np.where(away[0] < away[1], -_TIE_MM, _TIE_MM)
    return toward, outer & (a == FAR) & (b == FAR)


def _channel(scene: Scene, veins: Vessels | None, toward: Reals, evidence: EvidenceReader) -> Mask:
    """Find the shared channel while the seam is still only the brains', and what is painted as shared."""
    channel = np.zeros(toward.shape, dtype=np.bool_)
    if veins is not None:
        channel[veins.box] = veins.channel(toward, evidence.number("anatomy.shared_search"), evidence)
        painted = scene.painted.array[veins.box] == Owner.SHARED
        channel[veins.box] |= painted & (veins.pieces > 0)
    return channel


def _settle_vessels(
    vessels: Vessels, toward: Reals, found: _Found, evidence: EvidenceReader, *, may_share: bool
) -> int:
    """Apply rules 5 and 6 to one kind of vessel; give the number of pieces that reach both children."""
    reach = evidence.number("anatomy.shared_reach")
    here = found.cropped(vessels.box)
    held = vessels.held(toward, reach)
    for twin in Twin:
        alone = (held[twin.code - 1] & ~held[twin.other.code - 1])[vessels.pieces]
        here.owner[alone] = twin.code
        beside = alone & (np.abs(toward[vessels.box]) <= reach)
        here.certainty[beside] = evidence.number("anatomy.connected_certainty")
    if may_share:
        shared = vessels.channel(toward, reach, evidence)
        here.owner[shared] = Owner.SHARED
        here.certainty[shared] = evidence.number("anatomy.shared_certainty")
    return int((held[0] & held[1]).sum())


def _settle_disputed(
    scene: Scene, tissue: Bytes, brain_owner: Bytes, found: _Found, evidence: EvidenceReader
) -> None:
    """Rule 4, in the box around what is disputed."""
    from scipy import ndimage

    disputed = (
        np.isin(tissue, (Structure.CSF, Structure.DURA)) & (brain_owner > 0) & (found.side != brain_owner)
    )
    if not disputed.any():
        return
    spacing = scene.grid.spacing_mm[0]
    gap, rim = evidence.number("anatomy.gap_reach"), evidence.number("anatomy.rim_reach")
    box = grown(ndimage.find_objects(disputed.astype(np.uint8))[0], int(np.ceil(max(gap, rim) / spacing)) + 1)
    here, owner, brain = found.cropped(box), brain_owner[box], tissue[box] == Structure.BRAIN
    to = {
        t: ndimage.distance_transform_edt(~(brain & (owner == t.code))).astype(np.float32)
        * np.float32(spacing)
        for t in Twin
    }
    own = np.where(owner == Twin.A.code, to[Twin.A], to[Twin.B])
    nearest, furthest = np.minimum(to[Twin.A], to[Twin.B]), np.maximum(to[Twin.A], to[Twin.B])
    touching = (nearest <= _TOUCHING * spacing) & (own <= rim)
    kept = disputed[box] & ((furthest <= gap) | touching)
    here.owner[kept] = here.side[kept] = owner[kept]
    here.certainty[kept] = evidence.number("anatomy.disputed_certainty")


def _settle_expanders(tissue: Bytes, found: _Found) -> None:
    """Rule 7: an expander is not cut in two."""
    from scipy import ndimage

    expander = tissue == Structure.EXPANDER
    if not expander.any():
        return
    box = ndimage.find_objects(expander.astype(np.uint8))[0]
    pieces, count = ndimage.label(expander[box], structure=NEIGHBOURS)
    here = found.cropped(box)
    held = [np.bincount(pieces[here.side == t.code], minlength=count + 1) for t in Twin]
    for piece in range(1, count + 1):
        a, b = int(held[0][piece]), int(held[1][piece])
        whole = pieces == piece
        here.owner[whole] = here.side[whole] = Twin.A.code if a > b else Twin.B.code
        here.certainty[whole] = max(a, b) / (a + b)


def _apply_paint(scene: Scene, tissue: Bytes, outer: Mask, found: _Found) -> tuple[PaintedPrice, ...]:
    """Rule 8, with its price: how much of the paint the rules would have given to another."""
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
            if code not in _PRICED_WITH_BRAIN:
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
