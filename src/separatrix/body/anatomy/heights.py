"""The interface as a smooth random surface, seen through the images: posterior height of every column.

The height over the columns is a Gaussian process (kriging [1]_) about a plane. Each column's image
evidence is a likelihood over heights: a visible gap is a sharp peak, a wide one a plateau, an adherent
column says nothing. Expectation propagation [2]_ turns each likelihood into a Gaussian site and so
carries what is seen at the rim of an adherent patch over it, with an honest spread.

References
----------
.. [1] G. Matheron, Principles of geostatistics, Economic Geology 58, 1963,
   doi:10.2113/gsecongeo.58.8.1246.
.. [2] T. Minka, Expectation propagation for approximate Bayesian inference, UAI 2001; C. E. Rasmussen,
   C. K. I. Williams, Gaussian processes for machine learning, MIT Press 2006, section 3.6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.evidence import EvidenceReader

Reals = npt.NDArray[np.float64]

TREND_SD_MM = 30.0
"""Prior spread of the plane's height and of its rise over `_TREND_RUN_MM`: wide enough to say nothing."""

_TREND_RUN_MM = 20.0

_LENGTHS_MM = (3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 14.0, 17.0, 20.0, 25.0)
_SPREADS_MM = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
"""Candidates of the likelihood search."""

_FIT_SITES = 600
"""Sites used to choose the covariance: every so-manieth, so that the choice takes a second."""

_SHARPEST_MM = 0.3
"""No column tells its height better than this: half a voxel and the roughness of cortex."""

_VAGUEST = 1e-5
"""Precision (mm⁻²) of a site that says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariance:
    """Stationary covariance of heights about their plane."""

    family: str
    """``se`` (squared exponential), ``m52`` or ``m32`` (Matérn)."""
    length_mm: float
    spread_mm: float

    def of(self, apart_mm: Reals) -> Reals:
        """Covariance (mm²) of heights this far apart."""
        return self.spread_mm**2 * _correlation(self.family, self.length_mm, apart_mm)


def _correlation(family: str, length_mm: float, apart_mm: Reals) -> Reals:
    if family == "se":
        return np.asarray(np.exp(-0.5 * (apart_mm / length_mm) ** 2))
    if family == "m52":
        r = np.sqrt(5) / length_mm * apart_mm
        return np.asarray((1 + r + r * r / 3) * np.exp(-r))
    r = np.sqrt(3) / length_mm * apart_mm
    return np.asarray((1 + r) * np.exp(-r))


class Surface:
    """Expectation propagation over the heights of some columns.

    Parameters
    ----------
    places_mm
        Shape (N, 2): where the columns stand.
    levels_mm
        Shape (Z,): heights at which likelihoods are given.
    start_mm, start_sd_mm
        Shape (N,): heights of a first guess, and how far each is trusted.
    """

    def __init__(self, places_mm: Reals, levels_mm: Reals, start_mm: Reals, start_sd_mm: Reals) -> None:
        self.places = places_mm - places_mm.mean(0)
        self.levels = levels_mm
        gram = self.places @ self.places.T
        square = np.diag(gram)
        self._apart = np.sqrt(np.maximum(square[:, None] + square[None] - 2 * gram, 0))
        trend = np.column_stack([np.ones(len(self.places)), self.places / _TREND_RUN_MM])
        self._trend = trend
        self._plane = TREND_SD_MM**2 * (trend @ trend.T)
        self.precision = np.maximum(1 / start_sd_mm**2, _VAGUEST)
        self.shift = self.precision * start_mm
        self.covariance = Covariance(family="m52", length_mm=8.0, spread_mm=4.0)
        self.mean = start_mm.copy()
        self.variance = start_sd_mm**2

    def choose_covariance(self, covariance: Covariance) -> None:
        """Set the covariance of the heights."""
        self.covariance = covariance

    def solve(self) -> None:
        """Posterior mean and variance of all heights for the sites as they are."""
        from scipy.linalg import cholesky, solve_triangular

        prior = self.covariance.of(self._apart) + self._plane
        root = np.sqrt(self.precision)
        system = root[:, None] * prior * root[None]
        system.flat[:: len(root) + 1] += 1
        factor = cholesky(system, lower=True, overwrite_a=True, check_finite=False)
        half = solve_triangular(factor, root[:, None] * prior, lower=True, check_finite=False)
        self.variance = np.maximum(np.diag(prior) - np.einsum("ij,ij->j", half, half), 1e-6)
        self.mean = prior @ self.shift - half.T @ (half @ self.shift)

    def cavity(self) -> tuple[Reals, Reals]:
        """Mean and variance of every height without its own column's evidence."""
        own = 1 / self.variance
        precision = np.maximum(own - self.precision, 1e-4)
        return (self.mean * own - self.shift) / precision, 1 / precision

    def sweep(self, likelihood: Reals, damping: float) -> float:
        """Update all sites once, at the same time.

        Parameters
        ----------
        likelihood
            Shape (N, Z): how likely the column's images are with the interface at each level.
        damping
            Share of the new site in the next.

        Returns
        -------
        float
            Largest change of a mean (mm).
        """
        self.solve()
        middle, variance = self.cavity()
        weight = weights(middle, variance, self.levels, likelihood)
        mean = weight @ self.levels
        spread = weight @ self.levels**2 - mean**2
        spread = np.maximum(spread, _SHARPEST_MM**2)
        precision = np.clip(1 / spread - 1 / variance, _VAGUEST, 1 / _SHARPEST_MM**2)
        shift = mean * (precision + 1 / variance) - middle / variance
        change = float(np.abs(mean - self.mean).max())
        self.precision = (1 - damping) * self.precision + damping * precision
        self.shift = (1 - damping) * self.shift + damping * shift
        return change

    def likeliest_covariance(self) -> Covariance:
        """Covariance of greatest restricted likelihood of the sites [3]_.

        References
        ----------
        .. [3] H. D. Patterson, R. Thompson, Recovery of inter-block information when block sizes are
           unequal, Biometrika 58, 1971, doi:10.1093/biomet/58.3.545.
        """
        told = np.flatnonzero(self.precision > 0.05)
        told = told[:: max(1, len(told) // _FIT_SITES)]
        heights = self.shift[told] / self.precision[told]
        noise = 1 / self.precision[told] + _SHARPEST_MM**2
        apart = self._apart[np.ix_(told, told)]
        best = (-np.inf, self.covariance)
        for family in ("se", "m52", "m32"):
            best = max(
                best, _climb(family, apart, heights, noise, self._trend[told]), key=lambda found: found[0]
            )
        return best[1]


def weights(middle: Reals, variance: Reals, levels: Reals, likelihood: Reals) -> Reals:
    """Posterior share of each level: a Gaussian times a likelihood, shapes (..., Z)."""
    away = (levels - middle[..., None]) ** 2 / variance[..., None]
    away -= away.min(axis=-1, keepdims=True)
    found = np.exp(-0.5 * away) * likelihood
    total = found.sum(axis=-1, keepdims=True)
    flat = np.exp(-0.5 * away)
    return np.asarray(
        np.where(total > 0, found / np.where(total > 0, total, 1), flat / flat.sum(-1, keepdims=True))
    )


def _climb(family: str, apart: Reals, heights: Reals, noise: Reals, trend: Reals) -> tuple[float, Covariance]:
    """Best length and spread of one family, by steps from neighbour to better neighbour."""
    seen: dict[tuple[int, int], float] = {}

    def value(i: int, j: int) -> float:
        if (i, j) not in seen:
            model = Covariance(family=family, length_mm=_LENGTHS_MM[i], spread_mm=_SPREADS_MM[j])
            seen[i, j] = _restricted(model.of(apart), heights, noise, trend)
        return seen[i, j]

    here = (5, 4)
    while True:
        near = [
            (i, j)
            for i in range(max(0, here[0] - 1), min(len(_LENGTHS_MM), here[0] + 2))
            for j in range(max(0, here[1] - 1), min(len(_SPREADS_MM), here[1] + 2))
        ]
        best = max(near, key=lambda at: value(*at))
        if value(*best) <= value(*here):
            model = Covariance(family=family, length_mm=_LENGTHS_MM[here[0]], spread_mm=_SPREADS_MM[here[1]])
            return value(*here), model
        here = best


def _restricted(prior: Reals, heights: Reals, noise: Reals, trend: Reals) -> float:
    """Restricted log-likelihood up to a constant."""
    from scipy.linalg import cholesky, solve_triangular

    system = prior.copy()
    system.flat[:: len(noise) + 1] += noise
    factor = cholesky(system, lower=True, overwrite_a=True, check_finite=False)
    white = solve_triangular(factor, np.column_stack([heights, trend]), lower=True, check_finite=False)
    basis, upper = np.linalg.qr(white[:, 1:])
    rest = white[:, 0] - basis @ (basis.T @ white[:, 0])
    half = np.log(np.diag(factor)).sum() + np.log(np.abs(np.diag(upper))).sum()
    return float(-0.5 * rest @ rest - half)


def adherence_prior(
    seen: Reals, places: npt.NDArray[np.int64], shape: tuple[int, int], width: float
) -> Reals:
    """Probability that a column is adherent, from its neighbours' posterior.

    Parameters
    ----------
    seen
        Shape (N,): posterior probability of each column so far.
    places
        Shape (N, 2): lattice indices of the columns.
    shape
        Of the lattice.
    width
        Smoothing (standard deviation) in lattice steps.
    """
    from scipy import ndimage as ndi

    value, count = np.zeros(shape), np.zeros(shape)
    value[places[:, 0], places[:, 1]] = seen
    count[places[:, 0], places[:, 1]] = 1
    smooth = ndi.gaussian_filter(value, width) / np.maximum(ndi.gaussian_filter(count, width), 1e-6)
    return np.asarray(smooth[places[:, 0], places[:, 1]])


def settled(evidence: EvidenceReader) -> tuple[int, float]:
    """How many sweeps at most, and the change of a mean (mm) at which they may stop."""
    return evidence.count("delineation.sweeps"), evidence.number("delineation.settled")
