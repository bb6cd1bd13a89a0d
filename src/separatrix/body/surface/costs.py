"""What a surface costs where: per tissue, per vessel by calibre, and for brain left with the wrong child."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.lattice import bounding_box, interface, within
from separatrix.body.imaging.model import Structure
from separatrix.core import Owner
from separatrix.evidence import EvidenceReader

Bytes = npt.NDArray[np.uint8]
Reals = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_COST_OF = {
    Structure.BRAIN: "surface.cost.brain",
    Structure.INTRACRANIAL: "surface.cost.brain",
    Structure.CSF: "surface.cost.csf",
    Structure.DURA: "surface.cost.dura",
    Structure.SKULL: "surface.cost.skull",
    Structure.SCALP: "surface.cost.scalp",
    Structure.ARTERY: "surface.cost.artery",
    Structure.VEIN: "surface.cost.vein",
    Structure.SINUS: "surface.cost.sinus",
    Structure.VESSEL: "surface.cost.vessel",
    Structure.EXPANDER: "surface.cost.expander",
}
_BRAIN = (Structure.BRAIN, Structure.INTRACRANIAL)
_CALIBRE_REACH_VOXELS = 3
"""A vessel's calibre at a voxel is that of its widest place within this many voxels."""
_CERTAIN_LOG_ODDS = float(np.log(0.99 / 0.01))
"""Certainty 0.99: here, and above, brain left with the wrong child costs its full price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Costs on a box of the planning grid."""

    density: Reals
    """Per mm² of surface."""
    to_a: Reals
    """Of leaving a voxel with A."""
    to_b: Reals


def costs_of(
    tissue: Bytes,
    owner: Bytes,
    certainty: Reals,
    spacing_mm: tuple[float, float, float],
    evidence: EvidenceReader,
) -> Costs:
    """Costs from tissues and owners.

    Parameters
    ----------
    tissue
        Values of `Structure`, shape [z, y, x].
    owner
        Values of `core.Owner`, same shape.
    certainty
        Probability that the owner is right, 0.5-1, same shape.
    spacing_mm
        ``(x, y, z)``.
    evidence
        Read for the prices (``surface.cost.*``, ``surface.brain_misplaced``).

    Returns
    -------
    Costs
        In units of one mm² of cut through CSF.
    """
    prices = np.zeros(len(Structure), dtype=np.float32)
    for structure, entry in _COST_OF.items():
        prices[structure] = evidence.number(entry)
    density = prices[tissue]
    brain = np.isin(tissue, _BRAIN)
    density[_surface_of_brain(tissue, brain, owner)] = evidence.number("surface.cost.plane")
    _price_by_calibre(density, tissue, spacing_mm, evidence.number("surface.calibre_reference"))

    odds = np.clip(certainty, 0.5, 0.999)
    doubt = np.minimum(np.log(odds / (1 - odds)) / _CERTAIN_LOG_ODDS, 1)
    misplaced = (evidence.number("surface.brain_misplaced") * float(np.prod(spacing_mm)) * doubt).astype(
        np.float32
    )
    nothing = np.float32(0)
    return Costs(
        density=density,
        to_a=np.where(brain & (owner == Owner.B), misplaced, nothing),
        to_b=np.where(brain & (owner == Owner.A), misplaced, nothing),
    )


def _surface_of_brain(tissue: Bytes, brain: Mask, owner: Bytes) -> Mask:
    """Brain voxels that touch something else, or the other child's brain."""
    other = within(~brain & (tissue != Structure.NONE), 1)
    meeting = interface(np.where(brain, owner, 0).astype(np.uint8))
    return brain & (other | meeting)


def _price_by_calibre(
    density: Reals, tissue: Bytes, spacing_mm: tuple[float, float, float], reference_mm: float
) -> None:
    """Scale the price of vessels, in place, by their calibre over the reference."""
    vessel = np.isin(tissue, [s for s in Structure if s.is_vessel])
    if not vessel.any():
        return
    box = bounding_box(vessel)
    calibre = calibre_mm(vessel[box], spacing_mm)
    density[box][vessel[box]] *= (calibre / reference_mm)[vessel[box]]


def calibre_mm(vessel: Mask, spacing_mm: tuple[float, float, float]) -> Reals:
    """Local diameter of vessels, 0 outside them."""
    from scipy.ndimage import distance_transform_edt, maximum_filter

    depth = distance_transform_edt(vessel, sampling=spacing_mm[::-1])
    # the centre of a voxel lies half a voxel inside it
    radius = np.maximum(depth - 0.5 * min(spacing_mm), 0.5 * min(spacing_mm))
    widest = maximum_filter(np.where(vessel, radius, 0), 2 * _CALIBRE_REACH_VOXELS + 1)
    return np.where(vessel, 2 * widest, 0).astype(np.float32)
