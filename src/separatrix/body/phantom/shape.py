"""One head in its own space: how large it is, where its hull, face and landmarks are.

Head space is the template's: LPS mm of an adult about the anterior commissure (x left, y back, z up). A
child's millimetres are head space times the child's scale, axis by axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from separatrix.body.imaging.model import Landmark
from separatrix.body.phantom.model import Reals, Singles
from separatrix.body.phantom.template import Template
from separatrix.evidence import EvidenceReader

HULL_STEP_MM = 2.0
"""Spacing (template mm) on which the hull's distance is kept; it is smooth."""

HULL_MARGIN_MM = 40.0
"""Room around the template in which the hull's distance is known."""

_FIT_ROUNDS = 3
"""Rounds of fitting the head's size: the third changes it by less than a thousandth."""

_CLOSING_MM = 9.0
"""Sulci narrower than twice this (template mm) are closed over by the hull."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hull:
    """Signed distance (child's mm at size 1, negative inside) to the smooth hull of the brain."""

    distance_mm: Singles
    """Shape (z, y, x) on `HULL_STEP_MM` of head space."""
    origin_mm: Reals
    """Head-space position (x, y, z) of voxel [0, 0, 0]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """Thickness of what lies around a brain's hull, child's mm at size 1."""

    csf: float
    dura: float
    frontal: float
    parietal: float
    occipital: float
    scalp: float

    @property
    def total(self) -> float:
        """From the hull to the skin over the vault."""
        return self.csf + self.dura + self.parietal + self.scalp


def read_layers(evidence: EvidenceReader) -> Layers:
    """Layer thicknesses from the evidence."""
    n = evidence.number
    return Layers(
        csf=n("phantom.csf_layer"),
        dura=n("phantom.dura_thickness"),
        frontal=n("phantom.bone_frontal"),
        parietal=n("phantom.bone_parietal"),
        occipital=n("phantom.bone_occipital"),
        scalp=n("phantom.scalp_thickness"),
    )


def coarse_tissue(template: Template) -> tuple[Singles, Reals]:
    """The template's brain at `HULL_STEP_MM` with a margin around it, and its origin (x, y, z)."""
    step, pad = int(HULL_STEP_MM), int(HULL_MARGIN_MM / HULL_STEP_MM)
    tissue = template.tissue
    z, y, x = (n // step * step for n in tissue.shape)
    blocks = tissue[:z, :y, :x].reshape(z // step, step, y // step, step, x // step, step).mean((1, 3, 5))
    origin = np.asarray(template.origin_mm) + (step - 1) / 2 - pad * step
    return np.pad(blocks, pad).astype(np.float32), origin


def fit_scale(template: Template, layers: Layers, evidence: EvidenceReader) -> Reals:
    """Scale (x, y, z) from head space to a child of size 1, before the heads are joined.

    Circumference and cephalic index give width and length of the head, the intracranial volume (inside
    the dura) its height.
    """
    index = evidence.number("phantom.cephalic_index")
    girth_mm = evidence.number("phantom.head_circumference")
    volume_ml = evidence.number("phantom.intracranial_volume")
    scale = np.array([0.77, 0.78, 0.75])
    for _ in range(_FIT_ROUNDS):
        hull = make_hull(template, scale)
        widest = int(np.argmax((hull.distance_mm < 0).sum((1, 2))))
        outline = _outline(hull.distance_mm[widest]) * HULL_STEP_MM * scale[:2]
        width, length = np.ptp(outline, axis=0) + 2 * layers.total
        cavity = (hull.distance_mm < layers.csf).sum() * float(np.prod(HULL_STEP_MM * scale)) / 1000
        girth = girth_mm / (_convex_perimeter(outline) + 2 * np.pi * layers.total)
        wider = np.sqrt(index * length / width)
        scale = scale * (girth * wider, girth / wider, volume_ml / (cavity * girth**2))
    return np.asarray(np.round(scale, 6))


def _outline(level: Singles) -> Reals:
    """Points (x, y; voxels) where the rows and columns of a slice cross zero."""
    points = []
    for axis in (0, 1):
        here, after = np.moveaxis(level, axis, 0)[:-1], np.moveaxis(level, axis, 0)[1:]
        at = np.argwhere((here < 0) != (after < 0))
        share = here[tuple(at.T)] / (here[tuple(at.T)] - after[tuple(at.T)])
        crossing = np.column_stack([at[:, 0] + share, at[:, 1]])
        points.append(crossing[:, ::-1] if axis == 0 else crossing)
    return np.concatenate(points)


def _convex_perimeter(points: Reals) -> float:
    from scipy.spatial import ConvexHull

    return float(ConvexHull(points).area)


def make_hull(template: Template, scale: Reals) -> Hull:
    """The smooth hull of the brain: sulci and fissures closed over."""
    from scipy import ndimage as ndi

    tissue, origin = coarse_tissue(template)
    sampling = HULL_STEP_MM * scale[::-1]
    reach = _CLOSING_MM * float(scale.mean())
    wide = ndi.distance_transform_edt(tissue <= 0.5, sampling) > reach
    closed = ndi.distance_transform_edt(~wide, sampling) > reach
    outside = ndi.distance_transform_edt(~closed, sampling)
    inside = ndi.distance_transform_edt(closed, sampling)
    distance = ndi.gaussian_filter((outside - inside).astype(np.float32), 1.0)
    return Hull(distance_mm=distance, origin_mm=origin)


LANDMARKS: dict[Landmark, tuple[float, float, float]] = {
    Landmark.LEFT_TRAGION: (80.0, 24.0, -46.0),
    Landmark.RIGHT_TRAGION: (-80.0, 24.0, -46.0),
    Landmark.LEFT_ORBITALE: (34.0, -82.0, -46.0),
    Landmark.NASION: (0.0, -90.0, -20.0),
}
"""Head-space positions (LPS): the Frankfurt plane is horizontal here, so that up is the head's z axis."""
