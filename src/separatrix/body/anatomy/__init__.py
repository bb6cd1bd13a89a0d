"""Anatomy: whose is what, what is shared, what kind of union is it, may it be separated?

Question: who owns each voxel and how surely, how are the heads joined, what speaks for and against parting?
Input: a `Scene` with landmarks and the case, or the case's ``anatomy:`` block alone.
Output: `Anatomy`: owner and certainty maps, head frames, classes, shared table, suitability gates.
Assumption: brain is always A or B; doubt goes to the certainty, calibrated on synthetic pairs only.
Tests: ``tests/body/anatomy``.
"""

from separatrix.body.anatomy.analyse import analyse, check
from separatrix.body.anatomy.by_hand import by_hand
from separatrix.body.anatomy.delineate import BrainOwners, delineate_brains
from separatrix.body.anatomy.frames import head_frame, head_frames
from separatrix.body.anatomy.io import CERTAINTY_NOTE, load_anatomy, save_anatomy
from separatrix.body.anatomy.model import (
    Anatomy,
    Classification,
    Gate,
    GateState,
    HeadFrame,
    PaintedPrice,
    SharedItem,
)

__all__ = [
    "CERTAINTY_NOTE",
    "Anatomy",
    "BrainOwners",
    "Classification",
    "Gate",
    "GateState",
    "HeadFrame",
    "PaintedPrice",
    "SharedItem",
    "analyse",
    "by_hand",
    "check",
    "delineate_brains",
    "head_frame",
    "head_frames",
    "load_anatomy",
    "save_anatomy",
]
