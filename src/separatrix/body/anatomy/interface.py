"""Where the brains part: first by a cut, then by the smoothest surface that the images allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.columns import Columns, Mask, Singles
from separatrix.body.anatomy.evidence_maps import GapEvidence
from separatrix.body.anatomy.heights import (
    Covariance,
    Surface,
    adherence_prior,
    settled,
    weights,
)
from separatrix.evidence import EvidenceReader

Reals = npt.NDArray[np.float64]

_ADHERENT_LEAST, _ADHERENT_MOST = 0.02, 0.95
"""No column is taken for adherent or not for certain."""

_LEARN_AT = (4, 8)
"""Sweeps before which the covariance and the picture of the gap are learned anew."""

_GUESS_SD_MM = 2.0
"""How far the first cut is trusted where it runs through a visible gap."""

_NO_GUESS_SD_MM = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """The interface of the brains over the columns; arrays (P, Q) or (P, Q, Z)."""

    columns: Columns
    known: Mask
    """Columns in which the brains of both children lie, or may."""
    mean_mm: Singles
    """Posterior height above the waist."""
    sd_mm: Singles
    adherent: Singles
    """Probability that the column shows no gap."""
    on_a: Singles
    """Probability that the interface lies above each level, so that the level is A's."""
    covariance: Covariance
    sweeps: int


def find_interface(
    evidence_map: GapEvidence,
    columns: Columns,
    guess: Singles,
    allowed: Singles,
    *,
    evidence: EvidenceReader,
    progress: Callable[[float], None],
) -> Interface:
    """Find the interface by expectation propagation from a first guess.

    Parameters
    ----------
    evidence_map
        Log-likelihood ratio of gap over brain.
    guess
        Shape (P, Q): height of a first cut; NaN where it does not cross the column.
    allowed
        Shape (P, Q, Z): 1 where the interface may lie, 0 where paint forbids it.
    """
    samples = [columns.sample(channel.contrast) for channel in evidence_map.channels]
    told = _sample_told(columns, evidence_map.told)
    step = max(1, round(evidence.number("delineation.site_step") / columns.step_mm))
    known = np.isfinite(guess)
    chosen = np.zeros_like(known)
    chosen[::step, ::step] = known[::step, ::step]
    places = np.argwhere(chosen)
    here = (places[:, 0], places[:, 1])
    total = _total(evidence_map, samples, told)
    surface = _started(columns, chosen, guess, total[here])
    least = evidence.number("delineation.adherent_prior")
    prior = np.full(len(places), least)
    most, settled_mm = settled(evidence)
    sweep = 0
    for sweep in range(most):
        if sweep in _LEARN_AT:
            surface.choose_covariance(surface.likeliest_covariance())
            evidence_map = _learned(evidence_map, samples, surface, prior, total, places, evidence)
            total = _total(evidence_map, samples, told)
        like = (prior[:, None] + (1 - prior[:, None]) * np.exp(total[here])) * allowed[here]
        change = surface.sweep(like, 0.6)
        prior = _next_prior(surface, like, prior, allowed[here], places, known, columns, step, evidence)
        progress((sweep + 1) / most)
        if change < settled_mm and sweep > _LEARN_AT[-1] + 1:
            break
    surface.solve()
    return _spread_out(columns, surface, prior, places, known, total, allowed, step, sweep + 1)


def _sample_told(columns: Columns, told: Singles) -> Singles:
    """What labels tell, at the nearest sample; NaN where they tell nothing."""
    silent = columns.sample(np.isnan(told))
    value = columns.sample(np.nan_to_num(told, nan=0.0))
    return np.where(silent > 0.5, np.float32(np.nan), value / np.maximum(1 - silent, 0.1)).astype(np.float32)


def _total(evidence_map: GapEvidence, samples: list[Singles], told: Singles) -> Singles:
    total = np.zeros(told.shape, dtype=np.float32)
    for channel, contrast in zip(evidence_map.channels, samples, strict=True):
        total += channel.evidence_of(contrast, evidence_map.limits)
    return np.where(np.isnan(told), total, told)


def _started(columns: Columns, chosen: Mask, guess: Singles, total: Singles) -> Surface:
    """A surface that starts at the cut, trusted where the cut runs in a gap."""
    start = guess[chosen].astype(np.float64)
    near = np.abs(columns.levels_mm[None] - start[:, None]) <= 1.5
    in_gap = np.where(near, total, -np.inf).max(axis=1) > 2.0
    sd = np.where(in_gap, _GUESS_SD_MM, _NO_GUESS_SD_MM)
    return Surface(columns.positions_mm[chosen], columns.levels_mm, start, sd)


def _next_prior(
    surface: Surface,
    like: Reals,
    prior: Reals,
    allowed: Singles,
    places: npt.NDArray[np.int64],
    known: Mask,
    columns: Columns,
    step: int,
    evidence: EvidenceReader,
) -> Reals:
    """Probability that each column is adherent, from its own evidence and its neighbours'."""
    middle, variance = surface.cavity()
    away = np.exp(-0.5 * (surface.levels - middle[:, None]) ** 2 / variance[:, None])
    seen = prior * (away * allowed).sum(1) / np.maximum((away * like).sum(1), 1e-300)
    shape = known[::step, ::step].shape
    width = evidence.number("delineation.adherent_smoothing") / (step * columns.step_mm)
    smooth = adherence_prior(np.minimum(seen, 1), places // step, shape, width)
    return np.clip(smooth, _ADHERENT_LEAST, _ADHERENT_MOST)


def _learned(
    evidence_map: GapEvidence,
    samples: list[Singles],
    surface: Surface,
    prior: Reals,
    total: Singles,
    places: npt.NDArray[np.int64],
    evidence: EvidenceReader,
) -> GapEvidence:
    """Let the case itself tell what its gap looks like."""
    from dataclasses import replace

    here = (places[:, 0], places[:, 1])
    visible = (1 - prior[:, None]) * np.exp(total[here])
    share = weights(surface.mean, surface.variance, surface.levels, prior[:, None] + visible)
    share = (share * visible / (prior[:, None] + visible)).astype(np.float32)
    count = evidence.number("delineation.gap_prior_samples")
    channels = tuple(
        channel.learned(contrast[here], share, prior=count)
        for channel, contrast in zip(evidence_map.channels, samples, strict=True)
    )
    return replace(evidence_map, channels=channels)


def _spread_out(
    columns: Columns,
    surface: Surface,
    prior: Reals,
    places: npt.NDArray[np.int64],
    known: Mask,
    total: Singles,
    allowed: Singles,
    step: int,
    sweeps: int,
) -> Interface:
    """From the columns solved for to all columns."""
    mean = _refined(surface.mean, places, known.shape, step, order=3)
    sd = _refined(np.sqrt(surface.variance), places, known.shape, step, order=1)
    adherent = np.clip(_refined(prior, places, known.shape, step, order=1), 0, 1)
    like = (adherent[..., None] + (1 - adherent[..., None]) * np.exp(total)) * allowed
    share = weights(mean, sd**2 + 0.25, columns.levels_mm, like)
    above = 1 - np.cumsum(share, axis=-1) + share / 2
    gap_free = adherent[..., None] * allowed
    away = np.exp(-0.5 * (columns.levels_mm - mean[..., None]) ** 2 / (sd[..., None] ** 2 + 0.25))
    seen = (away * gap_free).sum(-1) / np.maximum((away * like).sum(-1), 1e-30)
    return Interface(
        columns=columns,
        known=known,
        mean_mm=mean.astype(np.float32),
        sd_mm=sd.astype(np.float32),
        adherent=np.clip(seen, 0, 1).astype(np.float32),
        on_a=np.clip(above, 0, 1).astype(np.float32),
        covariance=surface.covariance,
        sweeps=sweeps,
    )


def _refined(
    value: Reals, places: npt.NDArray[np.int64], shape: tuple[int, ...], step: int, *, order: int
) -> Reals:
    """Values at some columns, continued to the nearest and refined to all."""
    from scipy import ndimage as ndi

    coarse = np.full(tuple(-(-n // step) for n in shape), np.nan)
    coarse[places[:, 0] // step, places[:, 1] // step] = value
    nearest = ndi.distance_transform_edt(np.isnan(coarse), return_distances=False, return_indices=True)
    coarse = coarse[tuple(nearest)]
    at = np.meshgrid(*(np.arange(n) / step for n in shape), indexing="ij")
    return np.asarray(ndi.map_coordinates(coarse, at, order=order, mode="nearest"))
