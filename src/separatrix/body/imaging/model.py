"""The nouns of imaging: a scene is everything the scans show, on one grid."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt

from separatrix.core import Grid, Twin, Unknown, Volume


class Structure(enum.IntEnum):
    """What a labelled voxel is; the values of `Scene.labels`."""

    NONE = 0
    BRAIN = 1
    CSF = 2
    DURA = 3
    INTRACRANIAL = 4
    """Brain, CSF and dura not told apart."""
    SKULL = 5
    SCALP = 6
    ARTERY = 7
    VEIN = 8
    SINUS = 9
    VESSEL = 10
    EXPANDER = 11

    @property
    def is_vessel(self) -> bool:
        """Whether blood flows in it."""
        return self in (Structure.ARTERY, Structure.VEIN, Structure.SINUS, Structure.VESSEL)


class Landmark(enum.Enum):
    """Points that fix a head's frame (Frankfurt plane)."""

    LEFT_TRAGION = "left_tragion"
    RIGHT_TRAGION = "right_tragion"
    LEFT_ORBITALE = "left_orbitale"
    NASION = "nasion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """How an image was moved rigidly onto the planning grid's frame, and how well."""

    matrix: npt.NDArray[np.float64]
    """Shape (4, 4), LPS mm: takes a point of the reference frame to the moving image's frame."""
    metric: float
    """Mutual information at the end (nats, positive is better)."""
    capture: float
    """Spread of the ends of independent starts, mm: small means one clear optimum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneImage:
    """One image series, resampled to the planning grid."""

    name: str
    modality: str
    """``MR`` or ``CT``."""
    volume: Volume
    """float32; CT in Hounsfield units, MR in the scanner's units."""
    acquired: date | Unknown
    source: str
    """Path in the case folder."""
    native: Grid
    """The grid it was acquired on."""
    registration: Registration | None = None
    """None where the image already shared the reference frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything the scans show, on one isotropic planning grid.

    All volumes share `grid`. Overlapping segments were flattened by a stated priority
    (vessels over bone over brain; see ``docs/reference``).
    """

    grid: Grid
    images: Mapping[str, SceneImage]
    labels: Volume
    """uint8, values of `Structure`."""
    painted: Volume
    """uint8, values of `core.Owner`: owners that the engineer painted (``brain@A``), 0 where none."""
    landmarks: Mapping[Twin, Mapping[Landmark, npt.NDArray[np.float64]]]
    """LPS mm, shape (3,) each. Empty for a twin without landmarks."""
    is_draft: bool = False
    """The labels are a first draft made from the images, to be corrected by hand."""
    notes: tuple[str, ...] = field(default=())
    """What the reader had to say: slices missing, dates far apart, segments flattened."""
    assumptions: tuple[str, ...] = field(default=())
    """Evidence entries marked A that the reading rests on."""

    def image(self, modality: str) -> SceneImage | None:
        """The first image of a modality (``MR`` or ``CT``), or None."""
        return next((i for i in self.images.values() if i.modality == modality), None)
