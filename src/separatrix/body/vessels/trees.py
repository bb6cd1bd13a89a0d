"""Which tree each labelled voxel belongs to: arteries, veins, and what is only called a vessel."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from separatrix.body.imaging import Structure
from separatrix.body.vessels.model import Bools
from separatrix.body.vessels.sketch import Tree


def tree_masks(codes: npt.NDArray[Any]) -> tuple[dict[Tree, Bools], list[str]]:
    """Masks of both trees, and in words what was done with voxels labelled `vessel`.

    A piece of `vessel` that touches more artery than vein is arterial; any other is venous, as what drains
    is what the division of the shared sinus turns on.

    Parameters
    ----------
    codes
        Values of `Structure`.
    """
    from scipy import ndimage

    masks = {
        Tree.ARTERIAL: np.asarray(codes == Structure.ARTERY),
        Tree.VENOUS: np.isin(codes, (Structure.VEIN, Structure.SINUS)),
    }
    unsaid = codes == Structure.VESSEL
    if not unsaid.any():
        return masks, []
    around = np.ones((3, 3, 3), dtype=np.bool_)
    pieces, count = ndimage.label(unsaid, structure=around)
    arterial = 0
    for n, box in enumerate(ndimage.find_objects(pieces), start=1):
        grown = tuple(slice(max(0, s.start - 1), s.stop + 1) for s in box)
        piece = pieces[grown] == n
        rim = ndimage.binary_dilation(piece, structure=around) & ~piece
        beside = {tree: int((rim & (mask[grown] & ~unsaid[grown])).sum()) for tree, mask in masks.items()}
        tree = Tree.ARTERIAL if beside[Tree.ARTERIAL] > beside[Tree.VENOUS] else Tree.VENOUS
        masks[tree][grown] |= piece
        arterial += tree is Tree.ARTERIAL
    told = f"{count} piece(s) of the label map are called vessel only: "
    told += f"{arterial} on arteries taken as arterial, {count - arterial} as venous; label artery and vein"
    return masks, [told]
