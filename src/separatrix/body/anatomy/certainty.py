"""From the interface's posterior to the probability that a voxel's owner is right."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.columns import Singles
from separatrix.body.anatomy.heights import weights
from separatrix.body.anatomy.interface import Interface
from separatrix.evidence import EvidenceReader

Reals = npt.NDArray[np.float64]


def probability_of_a(found: Interface, *, evidence: EvidenceReader) -> tuple[Singles, Singles]:
    """Whose side of the interface each level of each column is on.

    Returns
    -------
    best, honest
        Shape (P, Q, Z) each: probability that the level is A's. The first is the posterior as it
        stands and decides the owner; the second also counts that the surface may be less smooth than
        the model has it (``delineation.sd_inflation``) or another one altogether
        (``delineation.wrong_surface``, spread ``delineation.wrong_surface_sd``).
    """
    mean, sd = found.mean_mm.astype(np.float64), found.sd_mm.astype(np.float64)
    levels = found.columns.levels_mm
    like = found.likelihood.astype(np.float64)
    best = _above(weights(mean, sd**2 + 0.25, levels, like))
    wide = evidence.number("delineation.sd_inflation")
    honest = _above(weights(mean, (wide * sd) ** 2 + 0.25, levels, like))
    lost = evidence.number("delineation.wrong_surface") * found.adherent[..., None]
    spread = np.full_like(mean, evidence.number("delineation.wrong_surface_sd") ** 2)
    honest = (1 - lost) * honest + lost * _above(weights(mean, spread, levels, np.ones_like(like)))
    return best.astype(np.float32), honest.astype(np.float32)


def _above(share: Reals) -> Reals:
    """Probability that the interface lies above each level, half of its own level counted."""
    return np.asarray(np.clip(1 - np.cumsum(share, axis=-1) + share / 2, 0, 1))
