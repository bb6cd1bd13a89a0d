"""Anatomy as the truth of a made pair gives it, so that vessels are tested without the errors of anatomy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from separatrix.body.anatomy import Anatomy
from separatrix.body.anatomy.frames import head_frames
from separatrix.body.anatomy.model import Classification
from separatrix.body.imaging import Scene, Structure
from separatrix.core import Unknown, Volume
from separatrix.evidence import EvidenceReader


def true_anatomy(
    scene: Scene,
    labels: np.ndarray,
    structures: Mapping[int, Structure],
    owner: np.ndarray,
    evidence: EvidenceReader,
) -> Anatomy:
    """Anatomy with true owners; `labels` and `owner` are on the scene's grid."""
    table = np.zeros(256, np.uint8)
    for truth, structure in structures.items():
        table[truth] = structure
    tissue = np.where(table[labels] > 0, table[labels], scene.labels.array)
    frames = head_frames(scene.landmarks, evidence=evidence)
    unknown = Unknown("not asked here")
    return Anatomy(
        ownership=Volume(owner, scene.grid),
        certainty=None,
        tissue=Volume(tissue.astype(np.uint8), scene.grid),
        adherent=None,
        frames=frames,
        classification=Classification(
            stone_goodrich=(),
            oconnell=(),
            winston=(),
            angle_longitudinal_deg=unknown,
            rotation_axial_deg=unknown,
        ),
        shared=(),
        suitability=(),
        painted=(),
        refused_because="",
    )
