"""What the cut passes through: area by tissue, vessels with their calibre, layers with their thickness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.lattice import shifted
from separatrix.body.imaging.model import Structure
from separatrix.body.surface.model import Crossed, Mesh
from separatrix.body.surface.sheet import SheetFields
from separatrix.body.surface.solids import triangle_areas_mm2
from separatrix.core import Grid, Owner, Twin

Bytes = npt.NDArray[np.uint8]
Reals = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

VESSELS = (Structure.ARTERY, Structure.VEIN, Structure.SINUS, Structure.VESSEL)
LAYERS = (Structure.SKULL, Structure.DURA, Structure.SCALP)
_AREAS = {
    "brain": (Structure.BRAIN,),
    "csf": (Structure.CSF,),
    "dura": (Structure.DURA,),
    "skull": (Structure.SKULL,),
    "scalp": (Structure.SCALP,),
    "vessels": VESSELS,
}
_FACE_VOXELS = 0.75
"""How far from the sheet its two faces are sampled."""
_WINDOW_MM = 4.0
"""Least radius of the ball in which a vessel's axis and section are measured."""
_OWNERS = {int(Owner.A): "A", int(Owner.B): "B", int(Owner.SHARED): "shared"}


@dataclass(frozen=True, slots=True)
class Triangles:
    """The sheet's triangles with what they pass through."""

    centre_mm: Reals
    """Shape (F, 3)."""
    area_mm2: Reals
    tissues: tuple[Bytes, Bytes]
    """Values of `Structure` on its two faces. Where they differ the cut runs between two tissues and
    each has half of the area; but what runs along the surface of a brain is not cut through brain, and
    counts whole to the other: CSF where that is a vessel, which lies in the subarachnoid space."""
    adherent: Mask
    """Between brain of A and brain of B, nothing else in between."""
    owners: tuple[Bytes, Bytes]
    """Values of `core.Owner` on its two faces."""

    def area_of(self, structure: Structure) -> Reals:
        """Area of each triangle in a tissue, mm²."""
        faces = sum((tissue == structure).astype(np.float64) for tissue in self.tissues)
        return np.asarray(0.5 * self.area_mm2 * faces * ~self.adherent, dtype=np.float64)

    def through(self, structure: Structure) -> Mask:
        """Triangles with the tissue on both faces: the cut passes through it, not along it."""
        one, other = self.tissues
        return np.asarray((one == structure) & (other == structure) & ~self.adherent, dtype=bool)


def triangles_of(sheet: Mesh, tissue: Bytes, owner: Bytes, grid: Grid) -> Triangles:
    """Sample tissues on both faces of the sheet.

    Parameters
    ----------
    sheet
        The open sheet.
    tissue, owner
        Shape of the grid: values of `Structure` and of `core.Owner`.
    grid
        Their grid.
    """
    corners = sheet.vertices_mm[sheet.faces]
    centre = corners.mean(axis=1)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    step = normal / np.maximum(length, 1e-12) * (_FACE_VOXELS * min(grid.spacing_mm))
    front, back = (_nearest(grid, centre + sign * step) for sign in (1, -1))
    one, other = tissue[front], tissue[back]
    brains = (one == Structure.BRAIN) & (other == Structure.BRAIN)
    return Triangles(
        centre_mm=centre,
        area_mm2=triangle_areas_mm2(sheet),
        tissues=(_beside(one, other), _beside(other, one)),
        adherent=brains & (owner[front] != owner[back]),
        owners=(_inside(owner[front], owner[back]), _inside(owner[back], owner[front])),
    )


def _beside(own: Bytes, opposite: Bytes) -> Bytes:
    """What one face counts as, given the other."""
    counted = np.where((own == Structure.BRAIN) & (opposite != Structure.NONE), opposite, own)
    counted[np.isin(own, VESSELS) & (opposite == Structure.BRAIN)] = Structure.CSF
    counted[np.isin(opposite, VESSELS) & (own == Structure.BRAIN)] = Structure.CSF
    counted[(own == Structure.NONE)] = opposite[own == Structure.NONE]  # half a voxel beyond the skin
    return counted


def _inside(own: Bytes, opposite: Bytes) -> Bytes:
    """Owner of one face; half a voxel beyond the skin, that of the other."""
    return np.where(own == Owner.NONE, opposite, own)


def _nearest(grid: Grid, points_mm: Reals) -> tuple[npt.NDArray[np.int64], ...]:
    index = np.rint(grid.mm_to_index(points_mm)).astype(np.int64)
    index = np.clip(index, 0, np.asarray(grid.shape) - 1)
    return tuple(index.T)


def areas_cm2(triangles: Triangles) -> dict[str, float]:
    """Area of the cut by tissue, in cm²."""
    through = {structure: float(triangles.area_of(structure).sum()) / 100 for structure in Structure}
    areas = {name: sum(through[member] for member in members) for name, members in _AREAS.items()}
    areas["brain_adherent"] = float(triangles.area_mm2[triangles.adherent].sum()) / 100
    for structure in (Structure.INTRACRANIAL, Structure.EXPANDER):
        if through[structure]:
            areas[structure.name.lower()] = through[structure]
    return areas


def brain_cut_cm2(triangles: Triangles) -> dict[str, float]:
    """Area of the cut through each child's own brain, in cm²; harm is never summed over both."""
    faces = {
        twin: sum(
            ((tissue == Structure.BRAIN) & (owner == twin.code)).astype(np.float64)
            for tissue, owner in zip(triangles.tissues, triangles.owners, strict=True)
        )
        for twin in Twin
    }
    area = 0.5 * triangles.area_mm2 * ~triangles.adherent
    return {twin.value: float((area * count).sum()) / 100 for twin, count in faces.items()}


def crossed_structures(
    triangles: Triangles, side: Bytes, tissue: Bytes, owner: Bytes, fields: SheetFields, grid: Grid
) -> tuple[Crossed, ...]:
    """Every vessel and layer that the cut passes through, largest of its kind first."""
    found: list[Crossed] = []
    for structure in VESSELS:
        vessels = _vessels(structure, triangles, side, tissue, owner, grid)
        vessels.sort(key=lambda c: (-c.calibre_mm, c.position_mm))
        name = structure.name.lower()
        found += [_named(c, f"{name}-{number}") for number, c in enumerate(vessels, start=1)]
    for structure in LAYERS:
        layer = _layer(structure, triangles, tissue, fields, grid)
        if layer is not None:
            found.append(layer)
    return tuple(found)


def _named(crossed: Crossed, name: str) -> Crossed:
    from dataclasses import replace

    return replace(crossed, id=name)


def _vessels(
    structure: Structure, triangles: Triangles, side: Bytes, tissue: Bytes, owner: Bytes, grid: Grid
) -> list[Crossed]:
    """One entry for each connected patch where a structure has voxels on both sides of the cut."""
    from scipy.ndimage import label
    from scipy.spatial import cKDTree

    vessel = tissue == structure
    cut = np.zeros(vessel.shape, dtype=bool)
    for offset in ((1, 0, 0), (0, 1, 0), (0, 0, 1)):
        here, there = shifted(vessel.shape, offset)
        parted = vessel[here] & vessel[there] & (side[here] != side[there])
        cut[here] |= parted
        cut[there] |= parted
    if not cut.any():
        return []
    patches, count = label(cut, structure=np.ones((3, 3, 3)))
    at = np.argwhere(cut)
    number = patches[cut]
    tree = cKDTree(grid.index_to_mm(at))
    own = triangles.through(structure)
    _, nearest = tree.query(triangles.centre_mm[own]) if own.any() else (None, np.zeros(0, dtype=int))
    areas = np.bincount(number[nearest], triangles.area_mm2[own], minlength=count + 1)
    return [
        _vessel(structure, at[number == n], float(areas[n]), vessel, owner, grid) for n in range(1, count + 1)
    ]


def _vessel(
    structure: Structure,
    patch: npt.NDArray[np.int64],
    area_mm2: float,
    vessel: Mask,
    owner: Bytes,
    grid: Grid,
) -> Crossed:
    centre = grid.index_to_mm(patch).mean(axis=0)
    section = _section_mm2(patch, centre, vessel, grid)
    calibre = 2 * float(np.sqrt(section / np.pi))
    half = 0.5 * min(grid.spacing_mm)
    votes = np.bincount(owner[tuple(patch.T)], minlength=4)
    return Crossed(
        id="",
        structure=structure.name.lower(),
        owner=_owner_by_votes(votes),
        position_mm=(float(centre[0]), float(centre[1]), float(centre[2])),
        area_mm2=max(area_mm2, section),
        calibre_mm=calibre,
        calibre_low_mm=max(calibre - half, 0.0),
        calibre_high_mm=calibre + half,
    )


def _owner_by_votes(votes: npt.NDArray[np.int64]) -> str:
    """The owner of most voxels; shared where both children have at least a quarter of them."""
    a, b, shared = (int(votes[o]) for o in (Owner.A, Owner.B, Owner.SHARED))
    if shared >= max(a, b) or min(a, b) * 4 >= a + b + shared:
        return "shared"
    return "A" if a > b else "B"


def _section_mm2(patch: npt.NDArray[np.int64], centre: Reals, vessel: Mask, grid: Grid) -> float:
    """Section across the vessel's own axis, whatever the angle of the cut.

    The volume of the vessel in a short piece of its course, over the length of that piece: unbiased
    also where the vessel is one or two voxels thick.
    """
    reach = _WINDOW_MM
    for _ in range(3):  # a window too small for a wide vessel shows a ball with no axis
        points = _piece(patch, centre, vessel, grid, reach)
        spread, axes = np.linalg.eigh(np.cov(points.T) + 1e-9 * np.eye(3))
        if spread[2] > 2.0 * spread[1]:
            break
        reach *= 1.6
    along = (points - points.mean(axis=0)) @ axes[:, 2]
    voxel = min(grid.spacing_mm)
    middle = (centre - points.mean(axis=0)) @ axes[:, 2]
    low, high = max(along.min() - voxel / 2, middle - 2.0), min(along.max() + voxel / 2, middle + 2.0)
    # each voxel is spread over its own length, so that the count does not jump with the window
    covered = np.clip(
        (np.minimum(along + voxel / 2, high) - np.maximum(along - voxel / 2, low)) / voxel, 0, 1
    )
    return float(covered.sum() * grid.voxel_volume_mm3 / max(high - low, voxel))


def _piece(patch: npt.NDArray[np.int64], centre: Reals, vessel: Mask, grid: Grid, reach_mm: float) -> Reals:
    """Positions of the vessel's voxels within reach of the crossing and connected to it there."""
    from scipy.ndimage import label

    margin = int(np.ceil(reach_mm / min(grid.spacing_mm)))
    low = np.maximum(patch.min(axis=0) - margin, 0)
    high = np.minimum(patch.max(axis=0) + margin + 1, vessel.shape)
    pieces, _ = label(
        vessel[tuple(slice(a, b) for a, b in zip(low, high, strict=True))], structure=np.ones((3, 3, 3))
    )
    own = pieces[tuple((patch[0] - low).tolist())]
    points = grid.index_to_mm(np.argwhere(pieces == own) + low)
    near = np.linalg.norm(points - centre, axis=1) <= reach_mm
    return points[near] if near.sum() > 3 else points


def _layer(
    structure: Structure, triangles: Triangles, tissue: Bytes, fields: SheetFields, grid: Grid
) -> Crossed | None:
    """Bone, dura or skin: its area in the cut and its mean thickness there."""
    own = triangles.area_of(structure)
    area = float(own.sum())
    if area <= 0:
        return None
    centre = (triangles.centre_mm * own[:, None]).sum(axis=0) / area
    thickness = _thickness_mm(structure, tissue, fields, grid)
    half = 0.5 * min(grid.spacing_mm)
    return Crossed(
        id=structure.name.lower(),
        structure=structure.name.lower(),
        owner="shared",
        position_mm=(float(centre[0]), float(centre[1]), float(centre[2])),
        area_mm2=area,
        calibre_mm=thickness,
        calibre_low_mm=max(thickness - half, 0.0),
        calibre_high_mm=thickness + half,
    )


def _thickness_mm(structure: Structure, tissue: Bytes, fields: SheetFields, grid: Grid) -> float:
    """Mean thickness of a layer near the cut: in a layer of thickness t the mean depth is t / 4."""
    from scipy.ndimage import distance_transform_edt

    box = tuple(slice(c, c + n) for c, n in zip(fields.corner, fields.distance_mm.shape, strict=True))
    layer = tissue[box] == structure
    depth = distance_transform_edt(layer, sampling=grid.spacing_mm[::-1])
    voxel = min(grid.spacing_mm)
    near = layer & (np.abs(fields.distance_mm) <= 1.5 * voxel)
    if not near.any():
        near = layer
    even = 4 * float((depth[near] - voxel / 2).mean()) / voxel
    # centres lie half a voxel deep: an even count of voxels gives t, an odd one t + 1 / t
    odd = (even + np.sqrt(max(even**2 - 4, 0.0))) / 2
    return float((even + odd) / 2 * voxel)
