from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.reference.division import random_pair

from separatrix.body.vessels.grouping import group_small

PAIR = random_pair(1, regions=6, ring=12, k=12)


def with_shares(shares: list[float]) -> tuple[object, np.ndarray]:
    candidates = PAIR.candidates[: len(shares)]
    resistance = PAIR.held.resistance.copy()
    resistance[candidates] = 1.0 / np.array(shares)
    return replace(PAIR.held, resistance=resistance), candidates


def test_small_vessels_of_one_kin_go_together_and_are_listed() -> None:
    network, candidates = with_shares([0.5, 0.01, 0.45, 0.02, 0.01, 0.01])
    kin = np.array([0, 0, 0, 0, 1, 1])
    groups = group_small(network, candidates, kin, under=0.05)  # type: ignore[arg-type]
    assert groups.members == ((0,), (1, 3), (2,), (4, 5))
    assert groups.grouped == ((1, 3), (4, 5))
    np.testing.assert_allclose(groups.share, [0.5, 0.01, 0.45, 0.02, 0.01, 0.01])


@given(
    st.lists(st.floats(0.01, 10.0), min_size=1, max_size=12),
    st.floats(0.0, 0.3),
    st.integers(0, 4095),
)
def test_every_vessel_is_in_one_unit_and_no_group_is_large(
    sizes: list[float], under: float, kins: int
) -> None:
    network, candidates = with_shares(sizes)
    kin = np.array([kins >> j & 1 for j in range(len(sizes))])
    groups = group_small(network, candidates, kin, under=under)  # type: ignore[arg-type]
    assert sorted(j for unit in groups.members for j in unit) == list(range(len(sizes)))
    for unit in groups.grouped:
        assert groups.share[list(unit)].sum() < under
        assert len(set(kin[list(unit)])) == 1
