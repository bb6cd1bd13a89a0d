"""Surface: where to cut.

Question: which surface parts the two children at the least cost, and what does it pass through?
Input: `Scene`, `Anatomy`, evidence. Output: `Separatrix`: side of every voxel, meshes, inventory.
Assumption: costs per tissue are the team's to set (evidence ``surface.*``); the cut is geometric.
Tests: ``tests/body/surface``.
"""

from separatrix.body.surface.cut import cut
from separatrix.body.surface.formats import Look, write_glb, write_stl
from separatrix.body.surface.io import load_separatrix, save_separatrix
from separatrix.body.surface.meshes import owner_of, structure_meshes
from separatrix.body.surface.model import Crossed, Mesh, Separatrix

__all__ = [
    "Crossed",
    "Look",
    "Mesh",
    "Separatrix",
    "cut",
    "load_separatrix",
    "owner_of",
    "save_separatrix",
    "structure_meshes",
    "write_glb",
    "write_stl",
]
