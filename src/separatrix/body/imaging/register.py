"""Rigid registration of two images of one patient by mutual information, and how far to trust it.

Everything runs on one thread with seeded samples: the same images give the same transform.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from separatrix.body.imaging.itk import Float, quiet_itk, to_itk
from separatrix.body.imaging.model import Registration
from separatrix.body.imaging.planning import averaged
from separatrix.core import Fault, GeometryError, Volume

_BINS = 32
"""Bins of the joint histogram along each image's values."""

_SEED = 20_011
"""Seed of the samples drawn for the metric."""

_CT_WINDOW = (-200.0, 1000.0)
"""Hounsfield units between which tissues differ; the rest only fills bins."""

_MR_TOP = 99.5
"""Percentile that bright MR values are cut at."""

_AXES = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
_TURNS_DEG = (
    (0.0, 0.0, 0.0),
    *((angle * x, angle * y, angle * z) for angle in (20.0, -20.0, 180.0) for x, y, z in _AXES),
)
"""Rotation vectors of the starts: upright, tilted each way, and turned over, as two heads joined at the
vertex look much the same upside down."""

_RIVAL_MM = 20.0
"""Ends further apart than this are two answers, not one."""

_RIVAL_SHARE = 0.93
"""A second answer with this share of the best one's information leaves the place unsure."""

_DIGITS = 6
"""Decimals that the transform is rounded to."""


@dataclass(frozen=True, slots=True)
class _Level:
    """One step from coarse to fine."""

    spacing_mm: float
    iterations: int
    samples: int
    """Voxels that the metric looks at, at most."""


_COARSE = _Level(8, 40, 10_000)
_MIDDLE = _Level(4, 20, 40_000)
_FINE = _Level(2, 15, 100_000)


@dataclass(frozen=True, slots=True)
class _End:
    """Where a start ended."""

    transform: Any
    metric: float
    matrix: Float


class Aligner:
    """Registers one moving image to one fixed image, both of one patient.

    Parameters
    ----------
    fixed, moving
        Images with their modality (``CT`` in Hounsfield units, or ``MR``).
    threads
        Only for the shrinking of the images; the search itself always runs on one.
    """

    def __init__(
        self, fixed: Volume, fixed_modality: str, moving: Volume, moving_modality: str, *, threads: int = 1
    ) -> None:
        self._threads = threads
        self._sources = (_windowed(fixed, fixed_modality), _windowed(moving, moving_modality))
        self._cache: dict[float, tuple[Any, Any]] = {}
        self._centres = [_centroid(v) for v in self._sources]
        last = np.array(fixed.grid.shape) - 1
        self._corners = fixed.grid.index_to_mm(
            [[b * n for b, n in zip(bits, last, strict=True)] for bits in itertools.product((0, 1), repeat=3)]
        )

    def apart_mm(self, one: Float, other: Float) -> float:
        """Largest distance, over the corners of the fixed image, between where two transforms take them."""
        moved = [self._corners @ m[:3, :3].T + m[:3, 3] for m in (one, other)]
        return float(np.linalg.norm(moved[0] - moved[1], axis=1).max())

    def check_same_frame(self) -> tuple[float, float]:
        """Look whether the images lie in one frame, as they seem to.

        Returns
        -------
        tuple
            How far (mm, at the corners of the fixed image) the nearest optimum lies from identity, and the
            mutual information there (nats).
        """
        end = self._start(None)
        for level in (_COARSE, _MIDDLE):
            end = self._refine(end, level)
        return self.apart_mm(end.matrix, np.eye(4)), end.metric

    def register(self, *, metric_low: float, capture_high_mm: float) -> Registration:
        """Find the rigid transform that takes the fixed image's points to the moving image.

        Raises
        ------
        GeometryError
            If the images share too little information, independent starts end apart, or two positions fit
            almost alike.
        """
        starts = [self._start(None), *(self._start(turn) for turn in _TURNS_DEG)]
        ends = sorted((self._refine(s, _COARSE) for s in starts), key=lambda e: -e.metric)
        # The best three of the independent starts must agree.
        best, *others = (self._refine(e, _MIDDLE) for e in ends[:3])
        best = self._refine(best, _FINE)
        capture = max(self.apart_mm(best.matrix, e.matrix) for e in others)
        self._refuse_poor(best, ends, capture, metric_low, capture_high_mm)
        return Registration(
            matrix=np.round(best.matrix, _DIGITS) + 0.0,
            metric=round(best.metric, _DIGITS),
            capture=round(capture, 3),
        )

    def _refuse_poor(
        self, best: _End, ends: Sequence[_End], capture: float, metric_low: float, capture_high_mm: float
    ) -> None:
        problems = []
        if best.metric < metric_low:
            problems.append(
                f"they share {best.metric:.2f} nats of information (at least {metric_low:g} are asked for)"
            )
        if capture > capture_high_mm:
            problems.append(
                f"independent starts end {capture:.1f} mm apart (at most {capture_high_mm:g} mm are allowed)"
            )
        if self._has_rival(best, ends):
            problems.append("two positions far apart fit almost alike")
        if problems:
            raise GeometryError(
                Fault(
                    problem=f"the images cannot be registered: {'; '.join(problems)}",
                    expected="two images of the same heads, with enough in common",
                    mend="register them in 3D Slicer (General Registration, rigid), look at the result, "
                    "and give the moved image; or leave this image out",
                )
            )

    def _has_rival(self, best: _End, ends: Sequence[_End]) -> bool:
        """Whether a second, distant position fits almost as well, even after its search went on."""
        rival = next((e for e in ends if self.apart_mm(e.matrix, best.matrix) > _RIVAL_MM), None)
        if rival is None or rival.metric <= _RIVAL_SHARE * ends[0].metric:
            return False
        rival, found = self._refine(rival, _MIDDLE), self._refine(best, _MIDDLE)
        is_far = self.apart_mm(rival.matrix, found.matrix) > _RIVAL_MM
        return is_far and rival.metric > _RIVAL_SHARE * found.metric

    def _start(self, turn_deg: tuple[float, float, float] | None) -> _End:
        """Identity (None), or a rotation about the heads' middle with the middles laid on each other."""
        from scipy.spatial.transform import Rotation

        sitk = quiet_itk()
        transform = sitk.VersorRigid3DTransform()
        transform.SetCenter([float(v) for v in self._centres[0]])
        if turn_deg is not None:
            rotation = Rotation.from_rotvec(turn_deg, degrees=True).as_matrix()
            transform.SetMatrix([float(v) for v in rotation.ravel()])
            transform.SetTranslation([float(v) for v in self._centres[1] - self._centres[0]])
        return _End(transform, 0.0, _matrix_of(transform))

    def _images(self, spacing_mm: float) -> tuple[Any, Any]:
        if spacing_mm not in self._cache:
            fixed, moving = (to_itk(_shrunk(v, spacing_mm, self._threads)) for v in self._sources)
            self._cache[spacing_mm] = (fixed, moving)
        return self._cache[spacing_mm]

    def _refine(self, start: _End, level: _Level) -> _End:
        sitk = quiet_itk()
        fixed, moving = self._images(level.spacing_mm)
        method = sitk.ImageRegistrationMethod()
        method.SetNumberOfThreads(1)
        method.SetMetricAsMattesMutualInformation(_BINS)
        share = level.samples / fixed.GetNumberOfPixels()
        if share < 1:
            method.SetMetricSamplingStrategy(method.RANDOM)
            method.SetMetricSamplingPercentage(share, _SEED)
        method.SetInterpolator(sitk.sitkLinear)
        method.SetOptimizerAsConjugateGradientLineSearch(
            learningRate=1.0,
            numberOfIterations=level.iterations,
            convergenceMinimumValue=1e-5,
            convergenceWindowSize=5,
            lineSearchUpperLimit=5,
            lineSearchEpsilon=0.05,
            lineSearchMaximumIterations=8,
        )
        method.SetOptimizerScalesFromPhysicalShift()
        transform = sitk.VersorRigid3DTransform(start.transform)
        method.SetInitialTransform(transform, inPlace=True)
        try:
            method.Execute(fixed, moving)
        except RuntimeError:  # the images no longer overlap: this start leads nowhere
            return _End(start.transform, 0.0, start.matrix)
        return _End(transform, -float(method.GetMetricValue()), _matrix_of(transform))


def _windowed(volume: Volume, modality: str) -> Volume:
    array = volume.array.astype(np.float32)
    low, high = _CT_WINDOW if modality == "CT" else (0.0, float(np.percentile(array[::2, ::2, ::2], _MR_TOP)))
    return volume.like(np.clip(array, low, high))


def _centroid(volume: Volume) -> Float:
    """Middle of what is not background, LPS mm."""
    array = volume.array[::4, ::4, ::4]
    inside = np.argwhere(array > array.min() + 0.1 * (array.max() - array.min()))
    return volume.grid.index_to_mm(inside.mean(axis=0) * 4 if len(inside) else np.array(array.shape) * 2.0)


def _shrunk(volume: Volume, spacing_mm: float, threads: int) -> Volume:
    factors = [max(1, int(spacing_mm / s + 1e-6)) for s in volume.grid.spacing_mm]
    limits = volume.grid.shape[::-1]
    return averaged(volume, [min(f, max(n // 4, 1)) for f, n in zip(factors, limits, strict=True)], threads)


def _matrix_of(transform: Any) -> Float:
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(transform.GetMatrix()).reshape(3, 3)
    centre = np.array(transform.GetCenter())
    matrix[:3, 3] = centre + np.array(transform.GetTranslation()) - matrix[:3, :3] @ centre
    return matrix
