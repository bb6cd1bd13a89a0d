"""Whose brain is it: the owner of every voxel inside the skull, with an honest certainty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.certainty import probability_of_a
from separatrix.body.anatomy.column_evidence import ColumnEvidence
from separatrix.body.anatomy.columns import Columns, Mask, Singles, along, make_columns
from separatrix.body.anatomy.evidence_maps import read_evidence
from separatrix.body.anatomy.first_cut import FirstCut, continued, crossing_heights, first_cut
from separatrix.body.anatomy.interface import Interface, find_interface
from separatrix.body.anatomy.model import HeadFrame, PaintedPrice
from separatrix.body.anatomy.painted import allowed_heights, brain_paint, painted_prices
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
    """Tell brain, CSF and dura of A from those of B.

    Parameters
    ----------
    scene
        T1, CT or both, and labels: *intracranial*, or brain, CSF and dura told apart. Painted owners
        are kept, and their price is told.
    frames
        Of both heads; they say which side is whose.
    threads
        Changes nothing: sums run on one thread, so that any machine gives the same answer.

    Returns
    -------
    BrainOwners
        Owner and certainty of every voxel inside the skull, on the planning grid.

    Raises
    ------
    DataMissingError
        If a head has no frame, or nothing shows where the brains part.
    GeometryError
        If the crowns do not face each other, or no cavity joins the heads.

    Notes
    -----
    1. Along the union axis every image gives each place a log-likelihood ratio, gap over brain
       (`evidence_maps`); a minimum cut gives a first guess (`first_cut`).
    2. The interface is a smooth random height over the plane across the axis; expectation propagation
       finds its posterior from the columns in which a gap is seen (`heights`, `interface`). Where none
       is seen, smoothness carries it from the rim, and the middle of the double ribbon of grey matter
       bears on it (`column_evidence`).
    3. Owner and certainty are the posterior probability of each side (`certainty`), calibrated on
       synthetic pairs only.

    The interface is taken for a height: of brain that hangs over itself along the union axis by more
    than a voxel one part is given to the wrong child, unless it is painted.
    """
    from threadpoolctl import threadpool_limits

    del threads
    paint = brain_paint(scene, CRANIAL)
    with threadpool_limits(limits=1):
        if not paint.any():
            return _delineate(scene, paint, frames, evidence, progress)[0]
        painted, _ = _delineate(scene, paint, frames, evidence, lambda f, d: progress(f / 2, d))
        alone, cost_with = _delineate(
            scene,
            np.zeros_like(paint),
            frames,
            evidence,
            lambda f, d: progress(0.5 + f / 2, d + ", unpainted"),
        )
        prices = painted_prices(scene, paint, alone.owner.array, cost_with, structures=CRANIAL)
        return replace(painted, painted=prices)


def _delineate(
    scene: Scene,
    paint: Bytes,
    frames: Mapping[Twin, HeadFrame],
    evidence: EvidenceReader,
    progress: Progress,
) -> tuple[BrainOwners, Callable[[Bytes], float]]:
    """Owners that keep the paint, and the cost of a cut that keeps any other paint."""
    inside = cavity(scene)
    progress(0.0, "laying columns over the union")
    columns = make_columns(inside, scene.grid, frames, evidence=evidence)
    box = columns.box
    deep = _deep(inside[box], scene.grid.spacing_mm, 6.0) & np.isin(scene.labels.array[box], _BRAIN)
    clear = deep & (np.abs(columns.voxel_heights()) > 6)
    if not clear.any():
        raise GeometryError(_NARROW)
    first_gaps = read_evidence(scene, inside[box], columns, clear, evidence=evidence)
    progress(0.1, "a first cut")

    def cut(kept: Bytes) -> FirstCut:
        return first_cut(first_gaps, inside[box], columns, kept[box], evidence=evidence)

    guess = crossing_heights(columns, cut(paint).side, inside[box])
    if not np.isfinite(guess).any():
        raise GeometryError(_NARROW)
    away = np.abs(columns.voxel_heights() - columns.spread(continued(guess)))
    gaps = first_gaps.about(deep & (away > 3) & (away < 12))
    doing = "the smoothest interface that the images allow"
    progress(0.3, doing)
    found = find_interface(
        ColumnEvidence.of(gaps, columns, allowed_heights(columns, paint[box])),
        guess,
        evidence=evidence,
        progress=lambda f: progress(0.3 + 0.45 * f, doing),
    )
    progress(0.75, "telling brain from fluid and dura")
    return _result(scene, found, inside, paint, evidence=evidence), lambda kept: cut(kept).cost


def cavity(scene: Scene) -> Mask:
    """All that lies within the skulls: brain, its coverings and fluid, and the vessels among them."""
    return np.isin(scene.labels.array, (*CRANIAL, *_VESSELS))


def _deep(inside: Mask, spacing_mm: tuple[float, float, float], depth_mm: float) -> Mask:
    from scipy import ndimage as ndi

    return np.asarray(ndi.distance_transform_edt(inside, spacing_mm[::-1]) > depth_mm)


def _result(
    scene: Scene, found: Interface, inside: Mask, paint: Bytes, *, evidence: EvidenceReader
) -> BrainOwners:
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
    owner = np.where(paint > 0, paint, owner)
    certainty = np.where(paint > 0, 1.0, certainty)
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
