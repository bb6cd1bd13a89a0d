"""Meshes of the pair's structures for looking at: one per structure and owner, few triangles.

API for the viewer::

    meshes = structure_meshes(scene, anatomy)        # dict, in drawing order, some 200 000 triangles
    meshes["brain-A"].vertices_mm                    # (V, 3) LPS mm
    meshes["brain-A"].faces                          # (F, 3), normals outward

Names are ``brain-A``, ``brain-B``, then per owner ``artery-``, ``vein-``, ``sinus-``, ``vessel-`` with
``A``, ``B`` or ``shared``, then ``expander``, ``skull`` and ``scalp`` (the outer skin of both heads).
A structure that is not there has no entry. `owner_of(name)` gives the twin, or None for both.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.model import Anatomy
from separatrix.body.imaging.model import Scene, Structure
from separatrix.body.surface.model import Mesh
from separatrix.body.surface.solids import solid, thinned
from separatrix.core import Owner, Twin

TRIANGLES = 200_000
"""Of all structures together: what a dossier of some megabytes and a plain laptop bear."""
_SHARE = {"brain": 0.2, "scalp": 0.15, "skull": 0.2}
"""Share of the triangles for each mesh of a large structure; the vessels divide what is left."""
_OWNERS = {Owner.A: "A", Owner.B: "B", Owner.SHARED: "shared"}


def owner_of(name: str) -> Twin | None:
    """The twin a structure's mesh belongs to, by its name; None where it is shared or of both."""
    letter = name.rpartition("-")[2]
    return Twin(letter) if letter in ("A", "B") else None


def structure_meshes(scene: Scene, anatomy: Anatomy, *, triangles: int = TRIANGLES) -> dict[str, Mesh]:
    """Meshes of brains, vessels, skull and skin.

    Parameters
    ----------
    scene
        For the grid, and for the labels where the anatomy tells no tissues apart.
    anatomy
        Owners and tissues.
    triangles
        About how many there may be in all.

    Returns
    -------
    dict
        Mesh by name (see the module), in an order that suits drawing: inner ones first.
    """
    tissue = (anatomy.tissue or scene.labels).array
    owners = None if anatomy.ownership is None else anatomy.ownership.array
    masks = _masks(tissue, owners)
    raw = {name: solid(mask, scene.grid) for name, mask in masks.items()}
    raw = {name: mesh for name, mesh in raw.items() if len(mesh.faces)}
    allowed = _allowances({name: len(mesh.faces) for name, mesh in raw.items()}, triangles)
    return {name: thinned(mesh, allowed[name]) for name, mesh in raw.items()}


def _masks(
    tissue: npt.NDArray[np.uint8], owners: npt.NDArray[np.uint8] | None
) -> dict[str, npt.NDArray[np.bool_]]:
    masks: dict[str, npt.NDArray[np.bool_]] = {}
    per_owner = [Structure.BRAIN, Structure.INTRACRANIAL, *(s for s in Structure if s.is_vessel)]
    for structure in per_owner:
        found = tissue == structure
        if not found.any():
            continue
        if owners is None:
            masks[structure.name.lower()] = found
            continue
        for owner, letter in _OWNERS.items():
            masks[f"{structure.name.lower()}-{letter}"] = found & (owners == owner)
    masks["expander"] = tissue == Structure.EXPANDER
    masks["skull"] = tissue == Structure.SKULL
    if (tissue == Structure.SCALP).any():
        masks["scalp"] = tissue != Structure.NONE
    return {name: mask for name, mask in masks.items() if mask.any()}


def _allowances(counts: dict[str, int], triangles: int) -> dict[str, int]:
    """Triangles for each mesh: fixed shares for the large ones, the rest by what each would take."""
    allowed = {}
    for name in counts:
        share = _SHARE.get(name.partition("-")[0])
        if share is not None:
            allowed[name] = min(counts[name], int(share * triangles))
    left = max(triangles - sum(allowed.values()), triangles // 10)
    wanted = sum(count for name, count in counts.items() if name not in allowed)
    for name, count in counts.items():
        if name not in allowed:
            allowed[name] = min(count, max(200, left * count // max(wanted, 1)))
    return allowed
