"""Whose brain is it: the owner of every voxel inside the skull, with an honest certainty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.certainty import probability_of_a
from separatrix.body.anatomy.column_evidence import ColumnEvidence
from separatrix.body.anatomy.columns import Columns, Mask, Singles, along, make_columns
from separatrix.body.anatomy.evidence_maps import GapEvidence, read_evidence
from separatrix.body.anatomy.interface import Interface, find_interface
from separatrix.body.anatomy.mincut import minimum_cut
from separatrix.body.anatomy.model import HeadFrame, PaintedPrice
from separatrix.body.anatomy.tissues import adherent_seam, tell_tissues
from separatrix.body.imaging.model import Scene, Structure
from separatrix.core import Fault, GeometryError, Progress, Twin, Volume
from separatrix.evidence import EvidenceReader

Bytes = npt.NDArray[np.uint8]

CRANIAL = (Structure.BRAIN, Structure.CSF, Structure.DURA, Structure.INTRACRANIAL)
"""Structures whose owner is decided here."""

_BRAIN = (Structure.BRAIN, Structure.INTRACRANIAL)

_NARROW = Fault(
    field="imaging.labels",
    problem="no brain is painted away from the rim of the cavity that joins the heads",
    expected="intracranial space or brain of both children",
    mend="paint the whole intracranial space of both children",
)

_VESSELS = (Structure.ARTERY, Structure.VEIN, Structure.SINUS, Structure.VESSEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrainOwners:
    """Whose is what inside the skull, on the planning grid."""

    owner: Volume
    """uint8: 1 A, 2 B at every voxel of brain, CSF, dura and intracranial space, 0 elsewhere."""
    certainty: Volume
    """float32, 0.5-1: probability that the owner is right; 0.5 where there is no owner."""
    tissue: Volume
    """uint8, values of `Structure`: BRAIN, CSF or DURA where there is an owner, 0 elsewhere."""
    adherent: Volume
    """uint8, 1 at the seam where brain of A lies on brain of B and no gap is seen."""
    interface: Interface
    painted: tuple[PaintedPrice, ...]
    notes: tuple[str, ...]


def delineate_brains(
    scene: Scene,
    *,
    frames: Mapping[Twin, HeadFrame],
    evidence: EvidenceReader,
    threads: int,
    progress: Progress,
) -> BrainOwners:
    """Tell brain, CSF and dura of A from those of B."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):  # sums in one order, whatever the machine
        labels = scene.labels.array
        inside = cavity(scene)
        progress(0.0, "laying columns over the union")
        columns = make_columns(inside, scene.grid, frames, evidence=evidence)
        box = columns.box
        heights = columns.voxel_heights()
        deep = _deep(inside[box], scene.grid.spacing_mm, 6.0) & np.isin(labels[box], _BRAIN)
        clear = deep & (np.abs(heights) > 6)
        if not clear.any():
            raise GeometryError(_NARROW)
        gaps = read_evidence(scene, inside[box], columns, clear, evidence=evidence)
        progress(0.1, "a first cut")
        first = _first_cut(gaps, inside[box], heights, max(scene.grid.spacing_mm), evidence)
        guess = _crossing(columns, first, inside[box])
        away = np.abs(heights - columns.spread(_filled(guess)))
        gaps = gaps.about(deep & (away > 3) & (away < 12))
        progress(0.3, "the smoothest interface that the images allow")
        allowed = np.ones((*columns.shape, len(columns.levels_mm)), dtype=np.float32)
        found = find_interface(
            ColumnEvidence.of(gaps, columns, allowed),
            guess,
            evidence=evidence,
            progress=lambda f: progress(0.3 + 0.45 * f, "the smoothest interface that the images allow"),
        )
        progress(0.75, "telling brain from fluid and dura")
        return _result(scene, found, inside, evidence=evidence)


def cavity(scene: Scene) -> Mask:
    """All that lies within the skulls: brain, its coverings and fluid, and the vessels among them."""
    return np.isin(scene.labels.array, (*CRANIAL, *_VESSELS))


def _deep(inside: Mask, spacing_mm: tuple[float, float, float], depth_mm: float) -> Mask:
    from scipy import ndimage as ndi

    return np.asarray(ndi.distance_transform_edt(inside, spacing_mm[::-1]) > depth_mm)


def _density(gaps: GapEvidence, floor: float) -> Singles:
    told = gaps.at_voxels()
    density = floor + (1 - floor) / (1 + np.exp(np.clip(told, -20, 20)))
    return np.asarray(density, dtype=np.float32)


def _first_cut(
    gaps: GapEvidence, inside: Mask, heights: Singles, step_mm: float, evidence: EvidenceReader
) -> Bytes:
    limit = evidence.number("delineation.height_limit") - 4
    seeds = np.where(heights < -limit, 1, np.where(heights > limit, 2, 0)).astype(np.uint8)
    reach = inside & (np.abs(heights) < limit + max(2.0, 2 * step_mm))  # a layer of seeds on any grid
    cut = minimum_cut(
        _density(gaps, evidence.number("delineation.floor")), (1.0, 1.0, 1.0), seeds, inside=reach, full=True
    )
    side = cut.side.copy()
    side[(side == 0) & (heights < 0)] = 1
    side[(side == 0) & (heights >= 0)] = 2
    return side


def _crossing(columns: Columns, side: Bytes, inside: Mask) -> Singles:
    on_a = columns.sample(side == 1)
    within = columns.sample(inside) > 0.5
    cross = (on_a[..., :-1] > 0.5) & (on_a[..., 1:] <= 0.5) & within[..., :-1] & within[..., 1:]
    at = cross.argmax(-1)[..., None]
    low, high = np.take_along_axis(on_a, at, -1)[..., 0], np.take_along_axis(on_a, at + 1, -1)[..., 0]
    step = columns.levels_mm[1] - columns.levels_mm[0]
    height = columns.levels_mm[at[..., 0]] + step * (low - 0.5) / np.maximum(low - high, 1e-3)
    return np.where(cross.any(-1), height, np.nan).astype(np.float32)


def _filled(values: Singles) -> Singles:
    from scipy import ndimage as ndi

    index = ndi.distance_transform_edt(np.isnan(values), return_distances=False, return_indices=True)
    return np.asarray(values[tuple(index)], dtype=np.float32)


def _result(scene: Scene, found: Interface, inside: Mask, *, evidence: EvidenceReader) -> BrainOwners:
    columns, box = found.columns, found.columns.box
    on_a = _sides(columns)
    near = inside[box]
    best, honest = probability_of_a(found, evidence=evidence)
    sure = on_a.copy()
    on_a[box][near] = columns.spread_levels(best, near)
    sure[box][near] = columns.spread_levels(honest, near)
    cranial = np.isin(scene.labels.array, CRANIAL)
    owner = np.where(cranial, np.where(on_a > 0.5, 1, 2), 0).astype(np.uint8)
    highest = evidence.number("delineation.certainty_highest")
    certainty = np.where(cranial, np.clip(np.where(on_a > 0.5, sure, 1 - sure), 0.5, highest), 0.5)
    tissue = tell_tissues(scene, evidence=evidence)
    grid = scene.grid
    return BrainOwners(
        owner=Volume(owner, grid),
        certainty=Volume(certainty.astype(np.float32), grid),
        tissue=Volume(tissue, grid),
        adherent=Volume(adherent_seam(tissue, owner, columns.spread(found.adherent), box), grid),
        interface=found,
        painted=(),
        notes=(),
    )


def _sides(columns: Columns) -> Singles:
    """1 on A's side of the waist, 0 on B's, over the whole grid."""
    grid = columns.grid
    found = np.empty(grid.shape, dtype=np.float32)
    for k in range(grid.shape[0]):  # slice by slice: the heights of a whole grid are large
        layer = along(grid, columns.axis, (slice(k, k + 1), slice(0, grid.shape[1]), slice(0, grid.shape[2])))
        found[k] = layer[0] < columns.middle_mm
    return found
