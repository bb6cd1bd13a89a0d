"""Whose is a vessel, by what it is connected to; which channels are shared, and where they put the seam."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.core import Grid, Twin
from separatrix.evidence import EvidenceReader

Mask = npt.NDArray[np.bool_]
Reals = npt.NDArray[np.float32]
Box = tuple[slice, ...]

NEIGHBOURS = np.ones((3, 3, 3), dtype=np.uint8)
"""26 neighbours: voxels that touch at a corner are connected."""

_CALIBRE_REACH_MM = 2.0
"""The calibre of a channel at a voxel is that of its widest place within this distance (mm)."""

_FAINT = 1e-4
"""Weight of no correction at all: it counts only far from the channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vessels:
    """One kind of vessel, in its bounding box."""

    box: Box
    pieces: npt.NDArray[np.int32]
    """Number of the connected piece, 0 outside."""
    count: int
    grid: Grid

    @classmethod
    def of(cls, vessel: Mask, grid: Grid) -> Vessels | None:
        """Label the connected pieces; None where there is no such vessel."""
        from scipy import ndimage

        if not vessel.any():
            return None
        box = ndimage.find_objects(vessel.astype(np.uint8))[0]
        pieces, count = ndimage.label(vessel[box], structure=NEIGHBOURS)
        return cls(box=box, pieces=pieces, count=count, grid=grid)

    def held(self, toward_b_mm: Reals, reach_mm: float) -> npt.NDArray[np.bool_]:
        """Which pieces A and B hold further from the seam than `reach_mm`, shape (2, count + 1).

        Parameters
        ----------
        toward_b_mm
            On the grid: signed distance from the seam, negative on A's side.
        """
        held = np.zeros((2, self.count + 1), dtype=np.bool_)
        for twin, sign in ((Twin.A, -1), (Twin.B, 1)):
            held[twin.code - 1, self.pieces[sign * toward_b_mm[self.box] > reach_mm]] = True
        held[:, 0] = False
        return held

    def channel(self, toward_b_mm: Reals, reach_mm: float, evidence: EvidenceReader) -> Mask:
        """Find what is wide, near the seam, and of pieces that both children hold, or neither.

        Returns
        -------
        ndarray of bool
            In the box.
        """
        from scipy import ndimage

        held = self.held(toward_b_mm, reach_mm)
        common = held[0] == held[1]
        common[0] = False
        vessel = common[self.pieces]
        band = vessel & (np.abs(toward_b_mm[self.box]) <= reach_mm)
        shared: Mask = np.zeros(band.shape, dtype=np.bool_)
        if not band.any():
            return shared
        spacing = self.grid.spacing_mm[0]
        around = int(np.ceil(_CALIBRE_REACH_MM / spacing))
        near = grown(ndimage.find_objects(band.astype(np.uint8))[0], 2 * around)
        radius = ndimage.distance_transform_edt(vessel[near]).astype(np.float32) * np.float32(spacing)
        widest = ndimage.maximum_filter(radius, size=2 * around + 1)
        wide = band[near] & (widest >= evidence.number("anatomy.shared_radius.low"))
        pieces, _ = ndimage.label(wide, structure=NEIGHBOURS)
        volume_ml = np.bincount(pieces.ravel()) * self.grid.voxel_volume_mm3 / 1000
        large = volume_ml >= evidence.number("anatomy.shared_volume.low")
        large[0] = False
        shared[near] = large[pieces]
        return shared


def seam_drift(
    channel: Mask, toward_b_mm: Reals, grid: Grid, *, evidence: EvidenceReader
) -> tuple[Box, Reals] | None:
    """How far the seam by the brains alone lies from a shared channel that marks the true one.

    At the rim of the union no brain tells where the children meet, but the circumferential sinus does:
    it runs along their junction. So the signed distance is made zero along it.

    Parameters
    ----------
    channel
        On the grid: the shared venous channel.
    toward_b_mm
        On the grid: signed distance from the seam by the brains.

    Returns
    -------
    tuple of box and ndarray, or None
        What to take from the signed distance in a box around the channel: its mean over the channel
        nearby (Gaussian, ``anatomy.ring_smoothing``), fading to zero far away. None without channel.
    """
    from scipy import ndimage

    if not channel.any():
        return None
    sigma = evidence.number("anatomy.ring_smoothing") / grid.spacing_mm[0]
    around = int(np.ceil(4 * sigma))
    box = grown(ndimage.find_objects(channel.astype(np.uint8))[0], around)
    here = channel[box]
    weight = ndimage.gaussian_filter(here.astype(np.float32), sigma)
    total = ndimage.gaussian_filter(np.where(here, toward_b_mm[box], np.float32(0)), sigma)
    return box, total / (weight + np.float32(_FAINT))


def grown(box: Box, by: int) -> Box:
    """Give a box with so many voxels more on every side; slices may end beyond the array."""
    return tuple(slice(max(0, s.start - by), s.stop + by) for s in box)
