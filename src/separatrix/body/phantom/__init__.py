"""Phantom: a pair of joined heads of which everything is known.

Question: is the answer right, where the truth is known?
Input: `PairOptions` (seed, rotation, tilt, sizes, adherence) and the MNI152 brain image.
Output: `Pair`: T1 and CT as a hospital would have them, and the truth; `write_pair` makes a case folder.
Assumption: two heads flattened against each other stand for heads that grew together.
Tests: ``tests/body/phantom``.
"""

from separatrix.body.phantom.make import make_pair
from separatrix.body.phantom.model import Pair, PairOptions, Tissue, VesselEdge, VesselNode, VesselTruth
from separatrix.body.phantom.write import write_pair, write_truth

__all__ = [
    "Pair",
    "PairOptions",
    "Tissue",
    "VesselEdge",
    "VesselNode",
    "VesselTruth",
    "make_pair",
    "write_pair",
    "write_truth",
]
