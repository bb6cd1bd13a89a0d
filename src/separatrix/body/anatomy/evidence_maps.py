"""What the images say: how much more likely each voxel is in the gap between the brains than in brain."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.columns import Columns, Mask, Singles
from separatrix.body.imaging.model import Scene, Structure
from separatrix.core import DataMissingError, Fault
from separatrix.evidence import EvidenceReader

Reals = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

_BINS = 160
"""Bins of a histogram of contrasts."""

_PSEUDO = 1.0
"""Count added to every bin, so that what was never seen is rare and not impossible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One image as contrast to the brain around, with what brain and gap look like in it."""

    name: str
    contrast: Singles
    """Over the box: (brain level - value), in units of the spread of brain; positive is darker."""
    low: float
    high: float
    """Range of the histograms."""
    brain: Reals
    """Share of brain voxels per bin."""
    gap: Reals
    """Share of gap voxels per bin."""
    expected: Reals
    """What gap was expected to look like before the case was seen."""
    darker_only: bool
    """What is as bright as brain or brighter is no gap, however rare it is among brain."""

    def about(self, near: Mask) -> Channel:
        """The channel with brain as it looks at the voxels of a mask, and gap as it is expected."""
        from scipy import ndimage as ndi

        sample = np.clip(self.contrast[near], self.low, self.high)
        counts, _ = np.histogram(sample, _BINS, (self.low, self.high))
        brain = ndi.gaussian_filter1d(counts + _PSEUDO, 1.0, mode="nearest")
        brain /= brain.sum()
        gap = np.maximum(self.expected, 1e-6)
        if self.darker_only:
            at = _centres(self.low, self.high)
            gap = np.maximum.accumulate(np.where(at < 0.02, 1e-9, gap / brain)) * brain
        return replace(self, brain=brain, gap=gap / gap.sum())

    def evidence_of(self, contrast: Singles, limits: tuple[float, float]) -> Singles:
        """Log-likelihood ratio, gap over brain, of given contrasts."""
        table = np.clip(np.log(self.gap / self.brain), *limits)
        at = np.clip((contrast - self.low) * (_BINS / (self.high - self.low)), 0, _BINS - 1)
        return np.asarray(table[at.astype(np.int32)], dtype=np.float32)

    def learned(self, contrast: Singles, weight: Singles, *, prior: float) -> Channel:
        """The channel with its picture of the gap updated by weighted samples.

        Parameters
        ----------
        contrast, weight
            Samples and the probability that each lies in a visible gap.
        prior
            How many samples the picture so far counts for.
        """
        from scipy import ndimage as ndi

        at = np.clip((contrast - self.low) * (_BINS / (self.high - self.low)), 0, _BINS - 1)
        counts = np.bincount(at.astype(np.int32).ravel(), weight.ravel().astype(np.float64), _BINS)
        gap = ndi.gaussian_filter1d(counts, 2.0, mode="nearest") + prior * self.gap
        return replace(self, gap=gap / gap.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class GapEvidence:
    """All images together, over the box of the columns."""

    channels: tuple[Channel, ...]
    limits: tuple[float, float]
    """Least and most that one channel may say."""
    told: Singles
    """What the labels say where they tell more than *intracranial*; NaN elsewhere."""

    def about(self, near: Mask) -> GapEvidence:
        """The evidence with brain as it looks at the voxels of a mask."""
        return replace(self, channels=tuple(channel.about(near) for channel in self.channels))

    def at_voxels(self) -> Singles:
        """Log-likelihood ratio, gap over brain, at every voxel of the box."""
        total = np.zeros(self.told.shape, dtype=np.float32)
        for channel in self.channels:
            total += channel.evidence_of(channel.contrast, self.limits)
        return np.where(np.isnan(self.told), total, self.told)


def read_evidence(
    scene: Scene, inside: Mask, columns: Columns, near: Mask, *, evidence: EvidenceReader
) -> GapEvidence:
    """Read all images of a scene.

    Parameters
    ----------
    inside
        Over the box: what lies within the skull.
    near
        Over the box: brain that surely is no gap, near enough to look like the brain at the gap.

    Raises
    ------
    DataMissingError
        If the scene has neither images nor labels that tell brain from CSF.
    """
    box = columns.box
    labels = scene.labels.array[box]
    told = _told(labels, inside, evidence)
    tissue = inside & ~np.isin(labels, _VESSELS) & (labels != Structure.CSF) & (labels != Structure.DURA)
    channels = []
    for image in scene.images.values():
        values = image.volume.array[box].astype(np.float32)
        if image.modality == "CT":
            channels.append(_ct_channel(image.name, values, tissue, near, columns, evidence))
        elif image.modality == "MR":
            channels.append(_mr_channel(image.name, values, tissue, near, columns, evidence))
    if not channels and not np.isin(labels, (Structure.CSF, Structure.DURA)).any():
        raise DataMissingError(
            Fault(
                field="imaging.images",
                problem="no T1 or CT image shows where the brains part",
                expected="a T1 (modality MR), a CT, or labels that tell brain from CSF",
                mend="name an image in case.yaml under imaging.images",
            )
        )
    limits = (-evidence.number("delineation.evidence_against"), evidence.number("delineation.evidence_for"))
    return GapEvidence(channels=tuple(channels), limits=limits, told=told)


_VESSELS = (Structure.ARTERY, Structure.VEIN, Structure.SINUS, Structure.VESSEL)


def _told(labels: Bytes, inside: Mask, evidence: EvidenceReader) -> Singles:
    told = np.full(labels.shape, np.nan, dtype=np.float32)
    told[(labels == Structure.CSF) | (labels == Structure.DURA)] = evidence.number("delineation.evidence_for")
    told[labels == Structure.BRAIN] = -evidence.number("delineation.evidence_against")
    told[(labels == Structure.VEIN) | (labels == Structure.SINUS)] = evidence.number(
        "delineation.evidence_vein"
    )
    told[(labels == Structure.ARTERY) | (labels == Structure.VESSEL)] = evidence.number(
        "delineation.evidence_artery"
    )
    told[~inside] = evidence.number("delineation.evidence_for")
    return told


def brain_level(values: Singles, tissue: Mask, spacing_mm: float, *, evidence: EvidenceReader) -> Singles:
    """Value of the brain around every voxel: the mean of what is not far from it, smoothed.

    A coil's uneven sensitivity is as smooth as this mean, so that it cancels [1]_.

    References
    ----------
    .. [1] H. Knutsson, C.-F. Westin, Normalized and differential convolution, CVPR 1993,
       doi:10.1109/CVPR.1993.341081.
    """
    from scipy import ndimage as ndi

    sigma = evidence.number("delineation.level_smoothing") / spacing_mm
    share = evidence.number("delineation.level_share")
    middle = float(np.median(values[tissue]))
    level = np.full(values.shape, middle, dtype=np.float32)
    for width in (1.5 * share, share, share):
        take = (tissue & (np.abs(values - level) < width * level)).astype(np.float32)
        weight = ndi.gaussian_filter(take, sigma, truncate=3)
        total = ndi.gaussian_filter(values * take, sigma, truncate=3)
        level = np.where(weight > 1e-3, total / np.maximum(weight, 1e-3), middle).astype(np.float32)
    return np.maximum(level, 1.0)


def _mr_channel(
    name: str, values: Singles, tissue: Mask, near: Mask, columns: Columns, evidence: EvidenceReader
) -> Channel:
    """T1: fluid and dura are darker than brain by a share of the brain's own value."""
    level = brain_level(values, tissue, float(min(columns.grid.spacing_mm)), evidence=evidence)
    contrast = 1 - values / level
    low, high = -0.6, 1.0
    at = _centres(low, high)
    dark, soft = evidence.number("delineation.gap_darkness"), evidence.number("delineation.gap_darkness_soft")
    gap = 1 / (1 + np.exp(-(at - dark) / soft)) / (1 + np.exp((at - 0.75) / 0.05))
    return _channel(name, contrast, near, (low, high), gap, darker_only=True)


def _ct_channel(
    name: str, values: Singles, tissue: Mask, near: Mask, columns: Columns, evidence: EvidenceReader
) -> Channel:
    """CT: fluid is a little darker than brain, dura and contrast are brighter."""
    from scipy import ndimage as ndi

    spacing = float(min(columns.grid.spacing_mm))
    smooth = ndi.gaussian_filter(values, evidence.number("delineation.ct_smoothing") / spacing)
    middle = float(np.median(smooth[near]))
    spread = max(1.4826 * float(np.median(np.abs(smooth[near] - middle))), 1e-3)
    low, high = -20.0, 20.0
    gap = np.exp(-np.abs(_centres(low, high)) / evidence.number("delineation.gap_ct_reach"))
    return _channel(name, (middle - smooth) / spread, near, (low, high), gap, darker_only=False)


def _channel(
    name: str, contrast: Singles, near: Mask, limits: tuple[float, float], gap: Reals, *, darker_only: bool
) -> Channel:
    expected = gap / gap.sum()
    return Channel(
        name=name,
        contrast=contrast.astype(np.float32),
        low=limits[0],
        high=limits[1],
        brain=expected,
        gap=expected,
        expected=expected,
        darker_only=darker_only,
    ).about(near)


def _centres(low: float, high: float) -> Reals:
    edges = np.linspace(low, high, _BINS + 1)
    return np.asarray((edges[1:] + edges[:-1]) / 2)
