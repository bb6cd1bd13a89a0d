"""Regions of brain and the veins that drain them: each voxel belongs to the nearest vein of its child."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from separatrix.body.anatomy import Anatomy, HeadFrame
from separatrix.body.imaging import Structure
from separatrix.body.vessels.model import Node, Reals, VesselGraph, VesselKind
from separatrix.core import Owner, Twin

TWIN_OF_OWNER = {Owner.A: Twin.A, Owner.B: Twin.B}

_SAMPLES = 400_000
"""Brain voxels of a child that are asked for their nearest vein; of more, an even lattice of them is."""

_MIDLINE_MM = 12.0
"""Within this of the midline a region is called after neither side."""

_FRONT_MM = 25.0
"""Beyond this from the ears, to the front or back, a region is called frontal or occipital."""


def territory_nodes(graph: VesselGraph) -> dict[Twin, list[Node]]:
    """Nodes that stand for regions of brain: marked so, of one child, and not the end of an artery."""
    arterial = {n for e in graph.edges if e.kind is VesselKind.ARTERY for n in (e.a, e.b)}
    venous = {n for e in graph.edges if e.kind is not VesselKind.ARTERY for n in (e.a, e.b)}
    found: dict[Twin, list[Node]] = {Twin.A: [], Twin.B: []}
    for node in graph.nodes:
        if node.kind == "territory" and (node.id in venous or node.id not in arterial):
            twin = TWIN_OF_OWNER.get(node.owner)
            if twin is not None:
                found[twin].append(node)
    return found


def region_volumes_ml(
    nodes: Sequence[Node], twin: Twin, anatomy: Anatomy | None, whole_brain_ml: float
) -> tuple[list[float], str]:
    """Volume of each region, and in words where it comes from.

    Parameters
    ----------
    nodes
        The child's territory nodes; a `volume_ml` of their own wins.
    twin
        Whose.
    anatomy
        Owner and tissue of each voxel; None, or given by hand, where there are no images.
    whole_brain_ml
        Brain volume where there are no images; shared evenly.
    """
    if not nodes:
        return [], ""
    told = [n.volume_ml for n in nodes]
    if any(v is not None for v in told):
        given = [v for v in told if v is not None]
        usual = sum(given) / len(given)
        return [usual if v is None else v for v in told], "given by hand"
    points = _positions(nodes)
    voxels = None if points is None else _brain_voxels(anatomy, twin)
    if points is None or voxels is None or not len(voxels[0]):
        even = whole_brain_ml / len(nodes)
        return [even] * len(nodes), "brain mass by age, shared evenly"
    from scipy.spatial import cKDTree

    where, volume_ml = voxels
    nearest = cKDTree(points).query(where, workers=1)[1]
    counts = np.bincount(nearest, minlength=len(nodes))
    return [float(c) / len(where) * volume_ml for c in counts], "brain voxels nearest to each vein"


def _brain_voxels(anatomy: Anatomy | None, twin: Twin) -> tuple[Reals, float] | None:
    """Positions (n, 3) of an even lattice of a child's brain voxels, and the volume of all of them."""
    if anatomy is None or anatomy.ownership is None or anatomy.tissue is None:
        return None
    grid = anatomy.ownership.grid
    brain = (anatomy.ownership.array == twin.code) & (anatomy.tissue.array == int(Structure.BRAIN))
    count = int(np.count_nonzero(brain))
    step = max(1, int(np.ceil((count / _SAMPLES) ** (1 / 3))))
    index = np.argwhere(brain[::step, ::step, ::step]) * step
    return grid.index_to_mm(index), count * grid.voxel_volume_mm3 / 1000


def _positions(nodes: Sequence[Node]) -> Reals | None:
    points = [n.xyz_mm for n in nodes if n.xyz_mm is not None]
    return np.array(points, dtype=np.float64) if len(points) == len(nodes) else None


def neighbours(nodes: Sequence[Node], count: int) -> list[tuple[int, int]]:
    """Pairs of regions that pial veins join: each with its nearest ones, or in the order given."""
    n = len(nodes)
    if n < 2 or count < 1:
        return []
    points = _positions(nodes)
    if points is None:
        return sorted({(min(i, (i + 1) % n), max(i, (i + 1) % n)) for i in range(n)})
    far = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(far, np.inf)
    order = np.argsort(far, axis=1, kind="stable")[:, : min(count, n - 1)]
    return sorted({(min(i, int(j)), max(i, int(j))) for i in range(n) for j in order[i]})


def region_name(node: Node, twin: Twin, frames: Mapping[Twin, HeadFrame]) -> str:
    """What a surgeon calls a region: child, side and part of the head.

    Examples
    --------
    >>> node = Node(id="t3", kind="territory", owner=Owner.A)
    >>> region_name(node, Twin.A, {})
    'A ● t3'
    """
    start = f"{twin.value} {twin.mark}"
    if node.name:
        return f"{start} {node.name}"
    frame = frames.get(twin)
    if frame is None or node.xyz_mm is None:
        return f"{start} {node.id}"
    offset = np.asarray(node.xyz_mm) - frame.origin_mm
    side, ahead = float(offset @ frame.right), float(offset @ frame.facing)
    left_right = "midline" if abs(side) < _MIDLINE_MM else "right" if side > 0 else "left"
    part = "frontal" if ahead > _FRONT_MM else "occipital" if ahead < -_FRONT_MM else "parietal"
    return f"{start} {left_right} {part} ({node.id})"
