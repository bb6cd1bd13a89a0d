"""Beta-PERT against scipy's beta distribution and closed forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from separatrix.team.protocol.model import Duration
from separatrix.team.protocol.pert import pert_mean, pert_quantile


def _beta(low: float, mode: float, high: float) -> stats.rv_continuous:
    a, b = 1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low)
    return stats.beta(a, b, loc=low, scale=high - low)


@given(
    points=st.tuples(*[st.floats(1, 600)] * 3).map(sorted).filter(lambda p: p[2] - p[0] > 1e-3),
    quantile=st.floats(0.01, 0.99),
)
def test_quantile_and_mean_against_the_beta_distribution(points: list[float], quantile: float) -> None:
    low, mode, high = points
    duration = Duration(low_min=low, mode_min=mode, high_min=high)
    assert pert_quantile(duration, quantile) == pytest.approx(_beta(low, mode, high).ppf(quantile), rel=1e-6)
    assert pert_mean(duration) == pytest.approx(_beta(low, mode, high).mean(), rel=1e-9)


def test_symmetric_median_is_the_mode() -> None:
    assert pert_quantile(Duration(low_min=10, mode_min=20, high_min=30), 0.5) == pytest.approx(20)


def test_uniform_quarter_is_not_the_pert_quarter() -> None:
    """The mode pulls the quantiles inwards."""
    assert 15 < pert_quantile(Duration(low_min=10, mode_min=20, high_min=30), 0.25) < 20
