"""Where the brains part: the smoothest surface that the images allow, from coarse columns to fine ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.column_evidence import ColumnEvidence, matched
from separatrix.body.anatomy.columns import Columns, Mask, Singles
from separatrix.body.anatomy.heights import Covariance, Surface, neighbours_mean, weights
from separatrix.evidence import EvidenceReader

Reals = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

_ADHERENT_LEAST, _ADHERENT_MOST = 0.02, 0.95
"""No column is taken for adherent or not for certain."""

_LEARN_AT = (4, 8)
"""Coarse sweeps before which the covariance and the picture of the gap are learned anew."""

_REFIT_AT = 3
"""Fine sweep before which the covariance and the ribbon are learned anew."""

_GUESS_SD_MM, _NO_GUESS_SD_MM = 2.0, 30.0
"""How far the first cut is trusted where it runs through a visible gap, and elsewhere."""

_ROUGH_MM2 = 0.25
"""Variance (mm²) by which a column may differ from the smooth surface: voxels, roughness of cortex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """The interface of the brains over the columns; arrays (P, Q) or (P, Q, Z)."""

    columns: Columns
    known: Mask
    """Columns that the interface crosses."""
    mean_mm: Singles
    """Posterior height above the waist."""
    sd_mm: Singles
    adherent: Singles
    """Probability that the column shows no gap."""
    likelihood: Singles
    """How likely the column's images are with the interface at each level, up to a factor."""
    covariance: Covariance
    sweeps: int


@dataclass(slots=True)
class _Stage:
    """The columns of one stage and what is known of them."""

    places: Places
    step: int
    surface: Surface
    adherent: Reals
    """Shape (N,): probability that a column is adherent, from its neighbours."""

    @property
    def here(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        return self.places[:, 0], self.places[:, 1]


def find_interface(
    found: ColumnEvidence, guess: Singles, *, evidence: EvidenceReader, progress: Callable[[float], None]
) -> Interface:
    """Find the interface by expectation propagation from a first guess.

    Parameters
    ----------
    found
        The images' evidence along the columns.
    guess
        Shape (P, Q): height of a first cut; NaN where it does not cross the column.
    """
    known = np.isfinite(guess)
    stage = _coarse_start(found, guess, known, evidence)
    most, settled = evidence.count("delineation.sweeps"), evidence.number("delineation.settled")
    gap, sweep = found.gap(evidence=evidence), 0
    for sweep in range(most):
        if sweep in _LEARN_AT:
            stage.surface.choose_covariance(stage.surface.likeliest_covariance(1.0))
            found = _learned(found, gap, stage, evidence)
            gap = found.gap(_continued(stage, known.shape)[0], evidence=evidence)
        change = _sweep(stage, gap, np.zeros(1), found.allowed, known.shape, evidence)
        progress(0.5 * (sweep + 1) / most)
        if change < settled and sweep > _LEARN_AT[-1] + 1:
            break
    stage.surface.solve()
    stage, gap, ribbon = _refine(stage, found, known, evidence, lambda f: progress(0.5 + 0.5 * f))
    fine = evidence.count("delineation.fine_sweeps")
    return _described(stage, found, gap, ribbon, known, sweep + 1 + fine)


def _coarse_start(found: ColumnEvidence, guess: Singles, known: Mask, evidence: EvidenceReader) -> _Stage:
    """Every so-manieth column, trusting the cut where it runs in a gap."""
    columns = found.columns
    step = max(1, round(evidence.number("delineation.site_step") / columns.step_mm))
    chosen = np.zeros_like(known)
    chosen[::step, ::step] = known[::step, ::step]
    start = guess[chosen].astype(np.float64)
    near = np.abs(columns.levels_mm[None] - start[:, None]) <= 1.5
    in_gap = np.where(near, found.gap(evidence=evidence)[chosen], -np.inf).max(axis=1) > 2.0
    sd = np.where(in_gap, _GUESS_SD_MM, _NO_GUESS_SD_MM)
    places = np.argwhere(chosen)
    return _Stage(
        places=places,
        step=step,
        surface=Surface(columns.positions_mm[chosen], columns.levels_mm, start, sd),
        adherent=np.full(len(places), evidence.number("delineation.adherent_prior")),
    )


def _mixture(adherent: Reals, gap: Singles, ribbon: npt.NDArray[np.floating], allowed: Singles) -> Reals:
    """Likelihood of heights: a gap is seen there, or none is seen and the ribbon speaks."""
    share = adherent[..., None]
    return np.asarray((share * np.exp(ribbon) + (1 - share) * np.exp(gap)) * allowed, dtype=np.float64)


def _sweep(
    stage: _Stage,
    gap: Singles,
    ribbon: npt.NDArray[np.floating],
    allowed: Singles,
    shape: tuple[int, ...],
    evidence: EvidenceReader,
) -> float:
    """One sweep over all columns; then every column hears from its neighbours whether they adhere."""
    here = stage.here
    said = ribbon[here] if ribbon.ndim == 3 else ribbon
    like = _mixture(stage.adherent, gap[here], said, allowed[here])
    change = stage.surface.sweep(like, evidence.number("delineation.damping"))
    middle, variance = stage.surface.cavity()
    away = np.exp(-0.5 * (stage.surface.levels - middle[:, None]) ** 2 / variance[:, None])
    unseen = stage.adherent * (away * np.exp(said) * allowed[here]).sum(1)
    seen = np.minimum(unseen / np.maximum((away * like).sum(1), 1e-300), 1)
    width = evidence.number("delineation.adherent_smoothing") / (stage.step * _step_mm(stage))
    lattice = (-(-shape[0] // stage.step), -(-shape[1] // stage.step))
    smooth = neighbours_mean(seen, stage.places // stage.step, lattice, width)
    stage.adherent = np.clip(smooth, _ADHERENT_LEAST, _ADHERENT_MOST)
    return change


def _step_mm(stage: _Stage) -> float:
    return stage.surface.step_mm / stage.step


def _learned(found: ColumnEvidence, gap: Singles, stage: _Stage, evidence: EvidenceReader) -> ColumnEvidence:
    """Let the case itself tell what its gap looks like."""
    share = stage.adherent[:, None]
    visible = (1 - share) * np.exp(gap[stage.here].astype(np.float64))
    surface = stage.surface
    posterior = weights(surface.mean, surface.variance, surface.levels, share + visible)
    seen = (posterior * visible / (share + visible)).astype(np.float32)
    return found.learned(stage.places, seen, prior=evidence.number("delineation.gap_prior_samples"))


def _refine(
    coarse: _Stage,
    found: ColumnEvidence,
    known: Mask,
    evidence: EvidenceReader,
    progress: Callable[[float], None],
) -> tuple[_Stage, Singles, Singles]:
    """From every so-manieth column to all: heights to a fraction of a voxel, and the ribbon's evidence."""
    mean, sd, adherent = _continued(coarse, known.shape)
    gap = _fine_gap(found, mean, evidence)
    ribbon = found.ribbon(mean, sd, adherent, known, evidence=evidence)
    places = np.argwhere(known)
    here = (places[:, 0], places[:, 1])
    stage = _Stage(
        places=places,
        step=1,
        surface=Surface(
            found.columns.positions_mm[known],
            found.columns.levels_mm,
            mean[known],
            np.full(len(places), _NO_GUESS_SD_MM),
        ),
        adherent=np.clip(adherent[known], _ADHERENT_LEAST, _ADHERENT_MOST),
    )
    stage.surface.choose_covariance(coarse.surface.covariance)
    like = _mixture(stage.adherent, gap[here], ribbon[here], found.allowed[here])
    stage.surface.start_from(mean[known], 2 * sd[known] ** 2 + _ROUGH_MM2, like)
    sweeps = evidence.count("delineation.fine_sweeps")
    temper = evidence.number("delineation.alike")
    for sweep in range(sweeps):
        if sweep == _REFIT_AT:
            stage.surface.choose_covariance(stage.surface.likeliest_covariance(temper))
            mean, sd, adherent = _continued(stage, known.shape)
            gap = _fine_gap(found, mean, evidence)
            ribbon = found.ribbon(mean, sd, adherent, known, evidence=evidence)
        _sweep(stage, gap, ribbon, found.allowed, known.shape, evidence)
        progress((sweep + 1) / sweeps)
    stage.surface.solve()
    return stage, gap, ribbon


def _fine_gap(found: ColumnEvidence, mean: Reals, evidence: EvidenceReader) -> Singles:
    return matched(found.gap(mean, evidence=evidence), evidence.number("delineation.gap_width"))


def _continued(stage: _Stage, shape: tuple[int, ...]) -> tuple[Reals, Reals, Reals]:
    """Height, its spread and adherence over the whole lattice."""
    mean = _refined(stage.surface.mean, stage, shape, order=3)
    sd = _refined(np.sqrt(stage.surface.variance), stage, shape, order=1)
    return mean, sd, _refined(stage.adherent, stage, shape, order=1)


def _refined(value: Reals, stage: _Stage, shape: tuple[int, ...], *, order: int) -> Reals:
    """Values at some columns, continued to the nearest and refined to all."""
    from scipy import ndimage as ndi

    coarse = np.full(tuple(-(-n // stage.step) for n in shape), np.nan)
    coarse[stage.places[:, 0] // stage.step, stage.places[:, 1] // stage.step] = value
    nearest = ndi.distance_transform_edt(np.isnan(coarse), return_distances=False, return_indices=True)
    coarse = coarse[tuple(nearest)]
    if stage.step == 1:
        return np.asarray(coarse)
    at = np.meshgrid(*(np.arange(n) / stage.step for n in shape), indexing="ij")
    return np.asarray(ndi.map_coordinates(coarse, at, order=order, mode="nearest"))


def _described(
    stage: _Stage, found: ColumnEvidence, gap: Singles, ribbon: Singles, known: Mask, sweeps: int
) -> Interface:
    mean, sd, adherent = _continued(stage, known.shape)
    sd = np.sqrt(sd**2 + adherent * stage.surface.rough_mm2)
    like = _mixture(adherent, gap, ribbon, found.allowed)
    away = (found.columns.levels_mm - mean[..., None]) ** 2 / (sd[..., None] ** 2 + _ROUGH_MM2)
    alone = np.exp(-0.5 * away)
    unseen = adherent * (alone * np.exp(ribbon) * found.allowed).sum(-1)
    seen = unseen / np.maximum((alone * like).sum(-1), 1e-300)
    return Interface(
        columns=found.columns,
        known=known,
        mean_mm=mean.astype(np.float32),
        sd_mm=sd.astype(np.float32),
        adherent=np.clip(seen, 0, 1).astype(np.float32),
        likelihood=like.astype(np.float32),
        covariance=stage.surface.covariance,
        sweeps=sweeps,
    )
