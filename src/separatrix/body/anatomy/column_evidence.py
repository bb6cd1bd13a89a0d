"""The images' evidence along the columns: gap, sheet or hole, and the ribbon of grey where brains adhere."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.columns import LEVEL_STEP_MM, Columns, Mask, Singles
from separatrix.body.anatomy.evidence_maps import GapEvidence
from separatrix.evidence import EvidenceReader

Reals = npt.NDArray[np.float64]

_DARK = 1.0
"""Log-likelihood ratio from which a place counts as dark, softly."""

_SOFT_SUPPORT = 0.25
"""Share of directions over which missing support takes full effect."""

_NO_SUPPORT = 8.0
"""Evidence that a place without support loses: more than any place can have."""

_RIBBON_CLIP = 2.0
"""Most that one sample may say about the ribbon."""

_RIBBON_SAMPLES = 300
"""Fewer samples than this give no picture of a ribbon."""

_BACKGROUND_FROM_MM, _BACKGROUND_TO_MM = 1.5, 12.0
"""Distance beyond the ribbon at which, and up to which, brain shows what is not ribbon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnEvidence:
    """Contrasts sampled along all columns, arrays (P, Q, Z), and what they mean."""

    columns: Columns
    images: GapEvidence
    contrasts: tuple[Singles, ...]
    """One per channel of `images`."""
    told: Singles
    """What labels tell; NaN where they tell nothing."""
    allowed: Singles
    """1 where the interface may lie, 0 where paint forbids it."""

    @classmethod
    def of(cls, images: GapEvidence, columns: Columns, allowed: Singles) -> ColumnEvidence:
        """Sample all channels."""
        silent = columns.sample(np.isnan(images.told))
        value = columns.sample(np.nan_to_num(images.told, nan=0.0)) / np.maximum(1 - silent, 0.1)
        return cls(
            columns=columns,
            images=images,
            contrasts=tuple(columns.sample(channel.contrast) for channel in images.channels),
            told=np.where(silent > 0.5, np.float32(np.nan), value).astype(np.float32),
            allowed=allowed,
        )

    def gap(self, surface: Reals | None = None, *, evidence: EvidenceReader) -> Singles:
        """Log-likelihood ratio, gap against brain, of every place; holes and fissures told from the sheet.

        Parameters
        ----------
        surface
            Shape (P, Q): the interface so far (mm). A gap then goes on along it, to within
            ``delineation.support_rise``; without it, at any height that the steepest interface allows.
        """
        total = np.zeros(self.told.shape, dtype=np.float32)
        for channel, contrast in zip(self.images.channels, self.contrasts, strict=True):
            total += channel.evidence_of(contrast, self.images.limits)
        total = np.where(np.isnan(self.told), total, self.told)
        reach = evidence.number("delineation.support_reach")
        rise = evidence.number("delineation.support_rise")
        if surface is None:
            rise = reach * evidence.number("delineation.steepest")
        flat = np.zeros(total.shape[:2]) if surface is None else surface
        shift = np.rint(flat / LEVEL_STEP_MM).astype(np.int64)
        support = _shifted(
            _support(_shifted(total, shift), reach=reach / self.columns.step_mm, rise=rise), -shift
        )
        missing = np.clip((evidence.number("delineation.support_least") - support) / _SOFT_SUPPORT, 0, 1)
        held = np.maximum(total - _NO_SUPPORT * missing, np.minimum(total, -1))
        return np.asarray(held, dtype=np.float32)

    def ribbon(
        self, mean: Reals, sd: Reals, adherent: Reals, known: Mask, *, evidence: EvidenceReader
    ) -> Singles:
        """Log-likelihood ratio that the middle of a ribbon of grey lies at each place.

        Where brains adhere, cortex of A lies on cortex of B: twice its thickness of grey, with white
        and fluid only beyond. What grey looks like is learned from the case itself, where the surface
        is well known from the rim of the patches.

        Parameters
        ----------
        mean, sd, adherent
            Shape (P, Q): the surface so far (mm), and the probability of adherence.
        known
            Columns that count.
        """
        half = evidence.number("delineation.ribbon_half")
        away = np.abs(self.columns.levels_mm - mean[..., None])
        patch = known & (adherent > 0.6)
        inner = (patch & (sd < 1.0))[..., None] & (away < half)
        outer = (patch & (sd < 1.5))[..., None]
        outer = outer & (away > half + _BACKGROUND_FROM_MM) & (away < half + _BACKGROUND_TO_MM)
        total = np.zeros(away.shape, dtype=np.float32)
        if min(int(inner.sum()), int(outer.sum())) < _RIBBON_SAMPLES:
            return total
        for contrast in self.contrasts:
            total += _picture(contrast, inner, outer)
        width = 2 * half
        summed = _window_mean(total, width) * np.float32(width * evidence.number("delineation.ribbon_weight"))
        return summed.astype(np.float32)

    def learned(self, places: npt.NDArray[np.int64], share: Singles, *, prior: float) -> ColumnEvidence:
        """The evidence with its picture of the gap learned from the case.

        Parameters
        ----------
        places
            Shape (N, 2): columns learned from.
        share
            Shape (N, Z): probability that a visible gap lies at each place.
        prior
            How many columns the picture so far counts for.
        """
        here = (places[:, 0], places[:, 1])
        channels = tuple(
            channel.learned(contrast[here], share, prior=prior)
            for channel, contrast in zip(self.images.channels, self.contrasts, strict=True)
        )
        return replace(self, images=replace(self.images, channels=channels))


def matched(total: Singles, width_mm: float) -> Singles:
    """Evidence of a gap of this width, centred at each place: the sum over its millimetres."""
    return (_window_mean(total, width_mm) * np.float32(width_mm)).astype(np.float32)


def _window_mean(values: Singles, width_mm: float) -> Singles:
    from scipy import ndimage as ndi

    size = max(1, round(width_mm / LEVEL_STEP_MM))
    return np.asarray(ndi.uniform_filter1d(values, size, axis=-1), dtype=np.float32)


def _shifted(values: Singles, steps: npt.NDArray[np.int64]) -> Singles:
    """Columns moved down by a number of levels each; what comes from beyond is the last level."""
    if not steps.any():
        return values
    at = np.clip(np.arange(values.shape[-1]) + steps[..., None], 0, values.shape[-1] - 1)
    return np.asarray(np.take_along_axis(values, at, axis=-1))


def _support(total: Singles, *, reach: float, rise: float) -> Singles:
    """Share of eight directions in which the column `reach` steps away is dark within `rise` mm in height.

    The gap is a sheet across the axis and goes on to most sides; a fissure or sulcus runs along it and
    goes on to two.
    """
    from scipy import ndimage as ndi

    size = 2 * max(1, round(rise / LEVEL_STEP_MM)) + 1
    highest = ndi.maximum_filter1d(total, size, axis=-1)
    dark = (1 / (1 + np.exp(_DARK - np.clip(highest, -20, 20)))).astype(np.float32)
    far, slant = max(1, round(reach)), max(1, round(reach * np.sqrt(0.5)))
    padded = np.pad(dark, ((far, far), (far, far), (0, 0)), mode="edge")
    rows, columns = total.shape[:2]
    found = np.zeros_like(dark)
    for i, j in ((far, 0), (0, far), (slant, slant), (slant, -slant)):
        for sign in (1, -1):
            p, q = far + sign * i, far + sign * j
            found += padded[p : p + rows, q : q + columns]
    return np.asarray(found / 8, dtype=np.float32)


def _picture(contrast: Singles, inner: Mask, outer: Mask) -> Singles:
    """Log-likelihood ratio of a contrast, ribbon against what lies beyond it, from samples of both."""
    from scipy import ndimage as ndi

    bins = 60
    low, high = (float(np.quantile(contrast[outer], q)) for q in (0.002, 0.998))
    at = np.clip((contrast - low) * (bins / max(high - low, 1e-6)), 0, bins - 1).astype(np.int32)
    shares = [
        ndi.gaussian_filter1d(np.bincount(at[part], minlength=bins).astype(np.float64), 1.0, mode="nearest")
        for part in (inner, outer)
    ]
    beyond = (shares[1] + 1) / (shares[1] + 1).sum()
    grey = shares[0] + 30 * beyond
    table = np.clip(np.log(grey / grey.sum() / beyond), -_RIBBON_CLIP, _RIBBON_CLIP)
    return np.asarray(table[at], dtype=np.float32)
