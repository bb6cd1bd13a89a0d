"""The interface as a smooth random surface, seen through the images: posterior height of every column.

The height over the columns is a Gaussian process (kriging [1]_) about a plane. Each column's image
evidence is a likelihood over heights: a visible gap is a sharp peak, a wide one a plateau, an adherent
column says nothing. Expectation propagation [2]_ turns each likelihood into a Gaussian site and so
carries what is seen at the rim of an adherent patch over it, with an honest spread. The process is
written in eigenfunctions of the Laplacian on a rectangle [3]_, so that thousands of columns cost no
more than some hundred functions.

References
----------
.. [1] G. Matheron, Principles of geostatistics, Economic Geology 58, 1963,
   doi:10.2113/gsecongeo.58.8.1246.
.. [2] T. Minka, Expectation propagation for approximate Bayesian inference, UAI 2001; C. E. Rasmussen,
   C. K. I. Williams, Gaussian processes for machine learning, MIT Press 2006, section 3.6.
.. [3] A. Solin, S. Särkkä, Hilbert space methods for reduced-rank Gaussian process regression,
   Statistics and Computing 30, 2020, doi:10.1007/s11222-019-09886-w.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]

MOST_FUNCTIONS = 1000
"""Functions of the basis: enough for gyri on a union of 10 cm, few enough for seconds."""

MARGIN_MM = 14.0
"""The rectangle reaches this far beyond the columns, where its functions vanish."""

TREND_SD_MM = 30.0
"""Prior spread of the plane's height and of its rise over `_TREND_RUN_MM`: wide enough to say nothing."""

_TREND_RUN_MM = 20.0

_LENGTHS_MM = (3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 14.0, 17.0, 20.0, 25.0)
_SPREADS_MM = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
"""Candidates of the likelihood search."""

_SHARPEST_MM = 0.3
"""No column tells its height better than this: the image's blur and the roughness of cortex."""

_LEAST_CAVITY = 0.02
"""Share of a height's precision that is taken to come from other columns at least."""

_VAGUEST = 1e-5
"""Precision (mm⁻²) of a site that says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariance:
    """Stationary covariance of heights about their plane."""

    family: str
    """``se`` (squared exponential) or ``m52`` (Matérn 5/2)."""
    length_mm: float
    spread_mm: float

    def spectrum(self, frequency: Reals) -> Reals:
        """Spectral density (mm⁴) at angular frequencies (rad/mm), in the plane."""
        if self.family == "se":
            shape = np.exp(-0.5 * (self.length_mm * frequency) ** 2)
            return np.asarray(self.spread_mm**2 * 2 * np.pi * self.length_mm**2 * shape)
        rate = 5 / self.length_mm**2
        shape = (rate / (rate + frequency**2)) ** 3.5
        return np.asarray(self.spread_mm**2 * 10 * np.pi / rate * shape)


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
        self.levels = levels_mm
        self.step_mm = _spacing(places_mm)
        low, high = places_mm.min(0) - MARGIN_MM, places_mm.max(0) + MARGIN_MM
        self._functions, self._frequency = _basis(places_mm, low, high)
        trend = (places_mm - (low + high) / 2) / _TREND_RUN_MM
        self._functions = np.column_stack([np.ones(len(trend)), trend, self._functions])
        self.precision = np.maximum(1 / start_sd_mm**2, _VAGUEST)
        self.shift = self.precision * start_mm
        self.covariance = Covariance(family="m52", length_mm=8.0, spread_mm=4.0)
        self.mean = start_mm.copy()
        self.variance = start_sd_mm**2
        self.rough_mm2 = 0.0
        """Variance of what is too rough for the basis."""

    def start_from(self, mean: Reals, variance: Reals, likelihood: Reals) -> None:
        """Set every site to what its column adds to a posterior known from elsewhere, such as a coarser one.

        Parameters
        ----------
        mean, variance
            Shape (N,): that posterior.
        likelihood
            Shape (N, Z), as in `sweep`.
        """
        self.mean, self.variance = mean, variance
        self._update(mean, variance, likelihood, 1.0)

    def choose_covariance(self, covariance: Covariance) -> None:
        """Set the covariance of the heights."""
        self.covariance = covariance

    def _prior(self, covariance: Covariance) -> Reals:
        """Prior variance of the weight of every function."""
        trend = np.full(3, TREND_SD_MM**2)
        return np.concatenate([trend, np.maximum(covariance.spectrum(self._frequency), 1e-12)])

    def solve(self) -> None:
        """Posterior mean and variance of all heights for the sites as they are."""
        from scipy.linalg import cholesky, solve_triangular

        prior = self._prior(self.covariance)
        scaled = self._functions * np.sqrt(prior)
        rooted = scaled * np.sqrt(self.precision)[:, None]
        system = rooted.T @ rooted
        system.flat[:: len(prior) + 1] += 1
        factor = cholesky(system, lower=True, overwrite_a=True, check_finite=False)
        half = solve_triangular(factor, scaled.T, lower=True, check_finite=False)
        self.variance = np.einsum("ij,ij->j", half, half) + 1e-6
        rough = self.covariance.spread_mm**2 - float(np.median((scaled[:, 3:] ** 2).sum(1)))
        self.rough_mm2 = max(rough, 0.0)
        self.mean = half.T @ (half @ self.shift)

    def cavity(self) -> tuple[Reals, Reals]:
        """Mean and variance of every height without its own column's evidence."""
        own = 1 / self.variance
        precision = np.maximum(own - self.precision, _LEAST_CAVITY * own)
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
        return self._update(*self.cavity(), likelihood, damping)

    def _update(self, middle: Reals, variance: Reals, likelihood: Reals, damping: float) -> float:
        """Move all sites towards the moments of cavity times likelihood."""
        weight = weights(middle, variance, self.levels, likelihood)
        mean = weight @ self.levels
        spread = np.maximum(weight @ self.levels**2 - mean**2, _SHARPEST_MM**2 / 4)
        precision = np.clip(1 / spread - 1 / variance, _VAGUEST, 1 / _SHARPEST_MM**2)
        shift = mean * (precision + 1 / variance) - middle / variance
        change = float(np.quantile(np.abs(mean - self.mean), 0.999))
        self.precision = (1 - damping) * self.precision + damping * precision
        self.shift = (1 - damping) * self.shift + damping * shift
        return change

    def likeliest_covariance(self, temper: float) -> Covariance:
        """Covariance of greatest likelihood of the sites.

        Parameters
        ----------
        temper
            Share of the sites' precision that counts: neighbouring columns err alike.
        """
        precision = np.where(self.precision > 0.05, temper * self.precision, 0.0)
        heights = self.shift / self.precision
        rooted = self._functions * np.sqrt(precision)[:, None]
        gram = rooted.T @ rooted
        seen = self._functions.T @ (precision * heights)
        found = [self._climb(family, gram, seen) for family in ("se", "m52")]
        return max(found, key=lambda pair: pair[0])[1]

    def _climb(self, family: str, gram: Reals, seen: Reals) -> tuple[float, Covariance]:
        """Best length and spread of one family, by steps from neighbour to better neighbour."""
        known: dict[tuple[int, int], float] = {}

        def model(at: tuple[int, int]) -> Covariance:
            return Covariance(family=family, length_mm=_LENGTHS_MM[at[0]], spread_mm=_SPREADS_MM[at[1]])

        def value(at: tuple[int, int]) -> float:
            if at not in known:
                known[at] = _likelihood(self._prior(model(at)), gram, seen)
            return known[at]

        here = (4, 5)
        while True:
            steps = [
                (here[0] + i, here[1] + j)
                for i, j in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1))
            ]
            near = [s for s in steps if 0 <= s[0] < len(_LENGTHS_MM) and 0 <= s[1] < len(_SPREADS_MM)]
            best = max(near, key=value)
            if value(best) <= value(here):
                return value(here), model(here)
            here = best


def _likelihood(prior: Reals, gram: Reals, seen: Reals) -> float:
    """Log marginal likelihood of the sites up to a constant that no covariance changes."""
    from scipy.linalg import cholesky, solve_triangular

    root = np.sqrt(prior)
    system = root[:, None] * gram * root
    system.flat[:: len(prior) + 1] += 1
    factor = cholesky(system, lower=True, overwrite_a=True, check_finite=False)
    white = solve_triangular(factor, root * seen, lower=True, check_finite=False)
    return float(0.5 * white @ white - np.log(np.diag(factor)).sum())


def _spacing(places: Reals) -> float:
    """Distance of neighbouring columns of a square lattice."""
    steps = np.diff(np.unique(np.round(places[:, 0], 6)))
    return float(steps.min()) if len(steps) else 1.0


def _basis(places: Reals, low: Reals, high: Reals) -> tuple[Reals, Reals]:
    """Eigenfunctions of the Laplacian on a rectangle at some places, and their frequencies."""
    size = high - low
    limit = np.sqrt(4 * np.pi * MOST_FUNCTIONS / (size[0] * size[1]))
    count = np.maximum((limit * size / np.pi).astype(int), 1)
    one, two = (np.arange(1, n + 1) * np.pi / s for n, s in zip(count, size, strict=True))
    rate = np.hypot(one[:, None], two[None])
    keep = np.argwhere(rate <= limit)
    waves = [
        np.sqrt(2 / s) * np.sin((places[:, d] - low[d])[:, None] * w)
        for d, (w, s) in enumerate(((one, size[0]), (two, size[1])))
    ]
    return waves[0][:, keep[:, 0]] * waves[1][:, keep[:, 1]], rate[keep[:, 0], keep[:, 1]]


def weights(middle: Reals, variance: Reals, levels: Reals, likelihood: Reals) -> Reals:
    """Posterior share of each level: a Gaussian times a likelihood, shapes (..., Z)."""
    away = (levels - middle[..., None]) ** 2 / variance[..., None]
    away -= away.min(axis=-1, keepdims=True)
    alone = np.exp(-0.5 * away)
    found = alone * likelihood
    total = found.sum(axis=-1, keepdims=True)
    found = np.where(total > 0, found, alone)
    return np.asarray(found / found.sum(axis=-1, keepdims=True))


def neighbours_mean(
    value: Reals, places: npt.NDArray[np.int64], shape: tuple[int, int], width: float
) -> Reals:
    """Smooth a value per column over the lattice.

    Parameters
    ----------
    value
        Shape (N,).
    places
        Shape (N, 2): lattice indices of the columns.
    shape
        Of the lattice.
    width
        Standard deviation in lattice steps.
    """
    from scipy import ndimage as ndi

    total, count = np.zeros(shape), np.zeros(shape)
    total[places[:, 0], places[:, 1]] = value
    count[places[:, 0], places[:, 1]] = 1
    smooth = ndi.gaussian_filter(total, width) / np.maximum(ndi.gaussian_filter(count, width), 1e-6)
    return np.asarray(smooth[places[:, 0], places[:, 1]])
