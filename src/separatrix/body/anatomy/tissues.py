"""Brain, CSF and dura told apart inside the skull, by a stated rule."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.columns import Box, Mask, Singles
from separatrix.body.anatomy.evidence_maps import brain_level
from separatrix.body.imaging.model import Scene, SceneImage, Structure
from separatrix.evidence import EvidenceReader

Bytes = npt.NDArray[np.uint8]

_COARSE_MM = 3.0
"""Spacing at which the brain's own level is taken: it is smooth over more than twice this."""


def tell_tissues(scene: Scene, *, evidence: EvidenceReader) -> Bytes:
    """Tell brain, CSF and dura apart where the labels say only *intracranial*.

    Returns
    -------
    ndarray of uint8, shape of ``scene.grid``
        `Structure` BRAIN, CSF or DURA inside the skull, 0 elsewhere (vessels too).

    Notes
    -----
    1. What is labelled brain, CSF or dura stays.
    2. On T1 a voxel darker than the brain around it by ``delineation.fluid_darkness`` is not brain;
       without T1, one whose CT is darker than brain by ``delineation.fluid_ct`` HU or brighter by
       ``delineation.dura_ct`` HU. Without either all is brain.
    3. What is not brain is dura within ``delineation.dura_depth`` of the skull, or where CT is brighter
       than brain by ``delineation.dura_ct`` HU; else CSF.
    """
    labels = scene.labels.array
    unknown = labels == Structure.INTRACRANIAL
    tissue = np.where(labels <= Structure.DURA, labels, 0).astype(np.uint8)
    if not unknown.any():
        return tissue
    box = _box(unknown)
    part = unknown[box]
    spacing = scene.grid.spacing_mm
    bright = np.zeros(part.shape, dtype=np.bool_)
    dark = np.zeros(part.shape, dtype=np.bool_)
    ct, mr = scene.image("CT"), scene.image("MR")
    if ct is not None:
        dark, bright = _by_ct(ct, part, box, evidence)
    if mr is not None:
        not_brain = _by_mr(mr, part, box, evidence)
        bright &= not_brain
    else:
        not_brain = dark | bright
    dura = not_brain & (bright | _near_skull(labels[box], spacing, evidence.number("delineation.dura_depth")))
    view = tissue[box]
    view[part] = Structure.BRAIN
    view[part & not_brain] = Structure.CSF
    view[part & dura] = Structure.DURA
    return tissue


def _by_mr(image: SceneImage, part: Mask, box: Box, evidence: EvidenceReader) -> Mask:
    from scipy import ndimage as ndi

    values = image.volume.array[box].astype(np.float32)
    spacing = float(min(image.volume.grid.spacing_mm))
    step = max(1, round(_COARSE_MM / spacing))
    thin = (slice(None, None, step),) * 3
    coarse = brain_level(values[thin], part[thin], spacing * step, evidence=evidence)
    at = [np.arange(n, dtype=np.float32) / step for n in values.shape]
    level = ndi.zoom(coarse, [len(a) / n for a, n in zip(at, coarse.shape, strict=True)], order=1)
    return np.asarray(part & (values < level * (1 - evidence.number("delineation.fluid_darkness"))))


def _by_ct(image: SceneImage, part: Mask, box: Box, evidence: EvidenceReader) -> tuple[Mask, Mask]:
    """Voxels that are darker, and that are brighter, than brain can be."""
    from scipy import ndimage as ndi

    spacing = float(min(image.volume.grid.spacing_mm))
    smooth = ndi.gaussian_filter(
        image.volume.array[box].astype(np.float32), evidence.number("delineation.ct_smoothing") / spacing
    )
    level = float(np.median(smooth[part]))
    dark = smooth < level - evidence.number("delineation.fluid_ct")
    return part & dark, part & (smooth > level + evidence.number("delineation.dura_ct"))


def _near_skull(labels: Bytes, spacing_mm: tuple[float, float, float], depth_mm: float) -> Mask:
    from scipy import ndimage as ndi

    skull = labels == Structure.SKULL
    if not skull.any():
        return np.zeros(labels.shape, dtype=np.bool_)
    return np.asarray(ndi.distance_transform_edt(~skull, spacing_mm[::-1]) <= depth_mm)


def _box(mask: Mask) -> Box:
    spans = []
    for axis in range(3):
        at = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        spans.append(slice(int(at[0]), int(at[-1]) + 1))
    return spans[0], spans[1], spans[2]


def adherent_seam(tissue: Bytes, owner: Bytes, adherent: Singles, box: Box) -> Bytes:
    """Voxels of brain with a face on brain of the other child, where no gap is seen.

    Parameters
    ----------
    tissue, owner
        Shape of the grid.
    adherent
        Over the box: probability that no gap is seen.
    """
    flags = np.zeros(tissue.shape, dtype=np.uint8)
    brain = np.where(tissue[box] == Structure.BRAIN, owner[box], 0)
    seam = np.zeros(brain.shape, dtype=np.bool_)
    for axis in range(3):
        one: tuple[slice, ...] = tuple(slice(None, -1) if a == axis else slice(None) for a in range(3))
        two: tuple[slice, ...] = tuple(slice(1, None) if a == axis else slice(None) for a in range(3))
        meets = (brain[one] != brain[two]) & (brain[one] > 0) & (brain[two] > 0)
        seam[one] |= meets
        seam[two] |= meets
    flags[box] = seam & (adherent > 0.5)
    return flags
