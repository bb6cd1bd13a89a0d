"""A first draft of the labels from a CT alone, to be corrected by hand: never more than a start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.imaging.model import Structure
from separatrix.core import Fault, InputError, Volume
from separatrix.evidence import EvidenceReader

Mask = npt.NDArray[np.bool_]

_COARSE_MM = 2.0
"""Voxel at which heads are told from tables and skulls are closed."""

_TABLE_MM = 4.0
"""Bridges thinner than this between head and head rest are cut."""

_NECK_MM = 9.0
"""Openings of the closed skull narrower than this (orbits, canals) do not belong to the space inside."""


_WIDER = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5)
"""Openings of the skull that are closed, in widths of a fontanelle, tried one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limits:
    """Hounsfield units and sizes of the draft."""

    skin: float
    bone: float
    vessel: float
    fontanelle_mm: float
    piece_mm3: float


def draft_labels(ct: Volume, evidence: EvidenceReader) -> Volume:
    """Draft skin, skull, the space inside and contrast-filled vessels from a CT.

    Parameters
    ----------
    ct
        Hounsfield units on an isotropic grid.
    evidence
        Thresholds (``imaging.draft…``).

    Returns
    -------
    Volume
        uint8, values of `Structure`: scalp (all soft tissue outside the skull), skull, intracranial,
        vessel.

    Raises
    ------
    InputError
        If no head, or no closed skull, is found.

    Notes
    -----
    The skull is closed over fontanelles, sutures and burr holes up to a stated width. Contrast in the
    skin, calcifications and metal are not told apart from what they resemble.
    """
    limits = _Limits(
        skin=evidence.number("imaging.draft.skin.low"),
        bone=evidence.number("imaging.draft.bone.low"),
        vessel=evidence.number("imaging.draft.vessel.low"),
        fontanelle_mm=evidence.number("imaging.draft.fontanelle.high"),
        piece_mm3=evidence.number("imaging.draft.piece.low"),
    )
    values = ct.array
    step = max(1, round(_COARSE_MM / ct.grid.spacing_mm[0]))
    coarse_mm = step * ct.grid.spacing_mm[0]
    head = (values > limits.skin) & _upsampled(_head(values, step, coarse_mm, limits), step, values.shape)
    dense = head & (values > limits.bone)
    space = _upsampled(_closed_space(dense, step, coarse_mm, limits), step, values.shape) & head
    vessel = _vessels(values, space, dense, ct.grid.spacing_mm[0], limits)
    labels = np.zeros(values.shape, np.uint8)
    labels[head] = Structure.SCALP
    labels[space] = Structure.INTRACRANIAL
    labels[dense] = Structure.SKULL
    labels[vessel] = Structure.VESSEL
    return ct.like(labels)


def _no_head(what: str) -> InputError:
    return InputError(
        Fault(
            problem=f"no first draft can be made from the CT: {what}",
            expected="a head with its skull",
            mend="segment it in 3D Slicer and give the result as imaging.labels",
        )
    )


def _largest(mask: Mask) -> Mask:
    """Give the largest connected piece."""
    from scipy import ndimage

    pieces, count = ndimage.label(mask)
    if count == 0:
        return mask
    return np.asarray(pieces == 1 + int(np.argmax(np.bincount(pieces.ravel())[1:])))


def _upsampled(mask: Mask, step: int, shape: tuple[int, ...]) -> Mask:
    for axis in range(3):
        mask = np.repeat(mask, step, axis=axis)
    return np.asarray(mask[: shape[0], : shape[1], : shape[2]], dtype=bool)


def _pooled(mask: Mask, step: int) -> Mask:
    """Whether any voxel of each block is set."""
    pad = [(0, -n % step) for n in mask.shape]
    blocks = np.pad(mask, pad)
    z, y, x = (n // step for n in blocks.shape)
    return np.asarray(blocks.reshape(z, step, y, step, x, step).any(axis=(1, 3, 5)))


def _grown(mask: Mask, by: float) -> Mask:
    """Grow a mask by a distance in voxels."""
    from scipy import ndimage

    return np.asarray(ndimage.distance_transform_edt(~mask) <= by)


def _shrunk(mask: Mask, by: float) -> Mask:
    from scipy import ndimage

    return np.asarray(ndimage.distance_transform_edt(mask) > by)


def _head(values: npt.NDArray[np.float32], step: int, coarse_mm: float, limits: _Limits) -> Mask:
    """Coarse mask of the heads, without head rest and table."""
    tissue = _pooled(values > limits.skin, step)
    core = _largest(_shrunk(tissue, _TABLE_MM / coarse_mm))
    if not core.any():
        raise _no_head(f"nothing is denser than {limits.skin:g} HU")
    return _grown(core, _TABLE_MM / coarse_mm + 1) & tissue


def _closed_space(dense: Mask, step: int, coarse_mm: float, limits: _Limits) -> Mask:
    """Coarse mask of the space inside the closed skull, bone included at its rim.

    Where the openings are wider than a fontanelle (a foramen magnum at the edge of the image, a bone
    defect), wider ones are closed too, until the space is larger than the bone around it.
    """
    bone = _pooled(dense, step)
    for factor in _WIDER:
        space = _space_closed_over(bone, factor * limits.fontanelle_mm / 2 / coarse_mm, coarse_mm)
        if np.count_nonzero(space) > np.count_nonzero(bone):
            return space
    raise _no_head(f"no skull denser than {limits.bone:g} HU closes around a space")


def _space_closed_over(bone: Mask, reach: float, coarse_mm: float) -> Mask:
    """Space inside bone whose openings up to twice `reach` (voxels) are closed; may be empty."""
    from scipy import ndimage

    pad = int(np.ceil(reach)) + 2
    wall = np.pad(bone, pad)
    filled = _shrunk(ndimage.binary_fill_holes(_grown(wall, reach)), reach)
    inner = filled & ~wall
    neck = _NECK_MM / coarse_mm
    core = _largest(_shrunk(inner, neck))
    if not core.any():
        return np.zeros_like(bone)
    rim = _grown(inner, 1) & filled  # the coarse wall is thicker than the true one
    return np.asarray((_grown(core, neck + 1) & rim)[pad:-pad, pad:-pad, pad:-pad])


def _vessels(
    values: npt.NDArray[np.float32], space: Mask, dense: Mask, spacing_mm: float, limits: _Limits
) -> Mask:
    """Bright voxels inside, without the blurred rim of the bone, in pieces that are no noise."""
    from scipy import ndimage

    bright = space & ~dense & (values > limits.vessel)
    clear = np.asarray(bright & ~ndimage.binary_dilation(dense))
    pieces, count = ndimage.label(clear, structure=np.ones((3, 3, 3)))
    if count == 0:
        return clear
    keep = np.bincount(pieces.ravel()) * spacing_mm**3 >= limits.piece_mm3
    keep[0] = False
    kept = keep[pieces]
    return np.asarray(ndimage.binary_dilation(kept, mask=bright))
