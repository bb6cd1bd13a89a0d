"""The separating surface of a pair: where to cut, and what that passes through."""

from __future__ import annotations

import numpy as np

from separatrix.body.anatomy.model import Anatomy
from separatrix.body.imaging.model import Scene, Structure
from separatrix.body.surface.inventory import areas_cm2, brain_cut_cm2, crossed_structures, triangles_of
from separatrix.body.surface.model import Mesh, Separatrix
from separatrix.body.surface.parting import Parting, part
from separatrix.body.surface.sheet import open_sheet, sheet_fields, thin_solid
from separatrix.body.surface.solids import flattened, solid
from separatrix.core import Progress, Twin
from separatrix.evidence import EvidenceReader, Mark

_FLATTENED_MM = 0.08
"""Bodies for printing may move by this much to need fewer triangles: a tenth of a voxel and less."""


def cut(
    scene: Scene,
    anatomy: Anatomy,
    *,
    evidence: EvidenceReader,
    threads: int,
    progress: Progress,
    full: bool | None = None,
) -> Separatrix:
    """Find the surface of least cost that parts the two children.

    Parameters
    ----------
    scene
        For its grid, and its labels where the anatomy tells no tissues apart.
    anatomy
        Owners, certainty and tissues on the scene's grid.
    evidence
        Read for the prices (``surface.*``).
    threads
        Accepted as every station does; the cut itself runs on one, so that its answer is one.
    progress
        Told what is being done.
    full
        Solve without a band, so that ``gap`` is known; None for where that takes some seconds only.

    Returns
    -------
    Separatrix

    Raises
    ------
    DataMissingError
        If the anatomy has no owners, or gives everything to one child.
    GeometryError
        If owners and labels lie on other grids, or the children touch nowhere.
    """
    del threads
    progress(0.02, "pricing tissues")
    parting = part(scene, anatomy, evidence=evidence, full=full)
    progress(0.6, "smoothing the cut")
    fields = sheet_fields(parting.side, scene.grid)
    sheet = open_sheet(fields, scene.grid)
    thin = thin_solid(fields, scene.grid, evidence.number("surface.sheet_thickness"))
    progress(0.7, "listing what is crossed")
    tissue = (anatomy.tissue or scene.labels).array
    assert anatomy.ownership is not None  # `part` has refused an anatomy without owners
    owner = anatomy.ownership.array
    triangles = triangles_of(sheet, tissue, owner, scene.grid)
    crossed = crossed_structures(triangles, parting.side, tissue, owner, fields, scene.grid)
    progress(0.8, "meshing both bodies")
    parts = {
        twin.value: _storable(flattened(solid(parting.side == twin.code, scene.grid), _FLATTENED_MM))
        for twin in Twin
    }
    found = parting.cut
    across = _brain_across_ml(parting, tissue, owner, scene)
    return Separatrix(
        side=scene.labels.like(parting.side),
        surface=_storable(sheet),
        parts=parts,
        areas_cm2=areas_cm2(triangles),
        crossed=crossed,
        cost=found.cost,
        gap=found.gap,
        gap_bound=found.gap,
        notes=_notes(across),
        sheet_solid=_storable(thin),
        assumptions=tuple(
            e.id for e in evidence.used if e.mark is Mark.ASSUMPTION and e.id.startswith("surface.")
        ),
        brain_cut_cm2=brain_cut_cm2(triangles),
        brain_across_ml=across,
    )


def _storable(mesh: Mesh) -> Mesh:
    """Positions as single precision holds them, so that what is stored is what was computed."""
    return Mesh(vertices_mm=mesh.vertices_mm.astype(np.float32).astype(np.float64), faces=mesh.faces)


def _brain_across_ml(
    parting: Parting,
    tissue: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
    owner: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
    scene: Scene,
) -> dict[str, float]:
    """Brain of each child that lies on the other's side of the cut."""
    brain = np.isin(tissue, (Structure.BRAIN, Structure.INTRACRANIAL))
    voxel_ml = scene.grid.voxel_volume_mm3 / 1000
    return {
        twin.value: int((brain & (owner == twin.code) & (parting.side != twin.code)).sum()) * voxel_ml
        for twin in Twin
    }


def _notes(across_ml: dict[str, float]) -> tuple[str, ...]:
    notes = [
        "The cut is geometric: whose blood a vessel carries is the vessels station's question.",
    ]
    notes += [
        f"{across_ml[twin.value]:.2f} ml of the brain owned by {twin.value} lie on {twin.other.value}'s side"
        " of the cut."
        for twin in Twin
        if across_ml[twin.value] > 0
    ]
    return tuple(notes)
