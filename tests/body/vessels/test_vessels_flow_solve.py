"""The solver against closed forms, a dense reference, and the laws every network obeys."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.body.vessels.flow_networks import dense_solution, network_of, random_network

from separatrix.body.vessels.solve import solve
from separatrix.core import InfeasibleError


@pytest.mark.parametrize("seed", range(40))
def test_linear_networks_agree_with_a_dense_solve(seed):
    network = random_network(seed)
    state = solve(network)
    pressure, flow = dense_solution(network)
    np.testing.assert_allclose(state.pressure, pressure, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(state.flow, flow, rtol=1e-8, atol=1e-9 * np.abs(flow).max())
    assert state.residual <= 1e-12


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), lossy=st.booleans())
def test_blood_is_conserved_and_every_vessel_obeys_its_law(seed, lossy):
    network = random_network(seed, lossy=lossy)
    state = solve(network)
    assert state.residual <= 1e-9
    drop = state.pressure[network.a] - state.pressure[network.b]
    law = (network.resistance + network.quadratic * np.abs(state.flow)) * state.flow
    np.testing.assert_allclose(law, drop, atol=1e-8 * max(1, np.abs(state.pressure).max()))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_reciprocity_what_a_flow_here_raises_there_it_raises_here_from_there(seed):
    network = dataclasses.replace(random_network(seed), inflow=np.zeros(20))
    free = np.flatnonzero(np.isnan(network.fixed))
    i, j = free[0], free[-1]
    rise = []
    still = solve(network).pressure
    for source, seen in ((i, j), (j, i)):
        inflow = np.zeros(20)
        inflow[source] = 7.0
        rise.append((solve(dataclasses.replace(network, inflow=inflow)).pressure - still)[seen])
    assert rise[0] == pytest.approx(rise[1], rel=1e-7, abs=1e-7)


def test_a_vessel_with_quadratic_loss_alone():
    state = solve(network_of([(0, 1, 0.0)], held={0: 100.0, 1: 19.0}, quadratic={0: 0.01}))
    assert state.flow[0] == pytest.approx(90.0, rel=1e-12)


def test_a_bridge_with_quadratic_loss_alone_and_no_flow_settles():
    edges = [(0, 1, 1.0), (0, 2, 1.0), (1, 3, 1.0), (2, 3, 1.0), (1, 2, 0.0)]
    state = solve(network_of(edges, held={0: 10.0, 3: 0.0}, quadratic={4: 1.0}))
    np.testing.assert_allclose(state.flow, [5, 5, 5, 5, 0], atol=1e-9)


@pytest.mark.parametrize(
    ("sinus", "cortex_in", "outside", "flow", "pressure"),
    [
        (12.0, 30.0, 10.0, 30.0, 42.0),  # sinus above the outside: an open tube
        (4.0, 30.0, 10.0, 30.0, 40.0),  # a waterfall: the sinus does not matter
        (4.0, 0.0, 10.0, 0.0, 4.0),  # nothing flows in: closed or open, nothing flows
        (4.0, -5.0, 10.0, -5.0, -1.0),  # drawn backwards: a tube again
    ],
)
def test_a_collapsible_vein(sinus, cortex_in, outside, flow, pressure):
    state = solve(network_of([(0, 1, 1.0)], held={1: sinus}, inflow={0: cortex_in}, external={0: outside}))
    assert state.flow[0] == pytest.approx(flow, abs=1e-9)
    assert state.residual <= 1e-9
    if flow:
        assert state.pressure[0] == pytest.approx(pressure, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_collapsible_networks_obey_the_starling_law(seed):
    network = random_network(seed)
    random = np.random.default_rng(seed)
    external = np.where(random.random(len(network.a)) < 0.4, random.uniform(0, 120, len(network.a)), np.nan)
    network = dataclasses.replace(network, external=external, inflow=np.abs(network.inflow))
    state = solve(network)
    p, s = state.pressure[network.a], state.pressure[network.b]
    out = np.where(np.isnan(external), -np.inf, external)
    drive = np.maximum(p - np.maximum(s, out), 0) - np.maximum(s - p, 0)
    scale = np.abs(state.pressure).max()
    np.testing.assert_allclose(network.resistance * state.flow, drive, atol=1e-8 * scale)
    assert state.residual <= 1e-9


def test_a_bed_carries_its_capacity_and_gives_way_below_its_limit():
    for outlet, held in ((0.5, True), (20.0, False)):
        edges = [(0, 1, 2.0), (1, 2, outlet)]  # limit: 2 × 10 = 20 mmHg
        state = solve(network_of(edges, held={0: 60.0, 2: 5.0}, capacity={0: 10.0}))
        expected = 10.0 if held else 55.0 / 22.0
        assert state.flow[0] == pytest.approx(expected, rel=1e-12)
        assert state.flow[1] == pytest.approx(expected, rel=1e-12)


def test_no_resistance_joins_nodes_and_still_tells_the_flow_in_it():
    edges = [(0, 1, 1.0), (1, 2, 0.0), (2, 3, 0.0), (1, 3, 0.0), (3, 4, 3.0), (2, 5, 1.0)]
    state = solve(network_of(edges, held={0: 10.0, 4: 0.0, 5: 4.0}))
    node = (10 + 0 / 3 + 4) / (1 + 1 / 3 + 1)
    np.testing.assert_allclose(state.pressure[[1, 2, 3]], node)
    inner = state.flow
    assert inner[1] - inner[2] - inner[5] == pytest.approx(0, abs=1e-12)
    assert inner[2] + inner[3] - inner[4] == pytest.approx(0, abs=1e-12)
    assert state.residual <= 1e-12


def test_two_held_pressures_without_resistance_between_are_refused_by_name():
    with pytest.raises(InfeasibleError, match="n2"):
        solve(network_of([(0, 1, 0.0), (1, 2, 0.0)], held={0: 10.0, 2: 4.0}))


def test_what_has_no_way_out_is_told_and_the_rest_is_solved():
    edges = [(0, 1, 1.0), (2, 3, 1.0), (4, 5, 1.0)]
    state = solve(network_of(edges, held={0: 10.0}, inflow={2: 3.0}))
    assert state.undrained == ("n2",)
    assert np.isnan(state.pressure[[2, 3, 4, 5]]).all()
    assert state.pressure[1] == 10.0
    assert (state.flow == 0).all()


def test_a_clamp_stops_the_flow_and_only_there():
    edges = [(0, 1, 1.0), (1, 2, 1.0), (1, 3, 1.0)]
    state = solve(network_of(edges, held={0: 10.0, 2: 0.0, 3: 0.0}, clamped=(1,)))
    np.testing.assert_allclose(state.flow, [5, 0, 5])


def test_a_hundred_thousand_vessels_are_solved():
    side = 224
    index = np.arange(side * side).reshape(side, side)
    pairs = np.concatenate(
        [
            np.stack([index[:, :-1].ravel(), index[:, 1:].ravel()], 1),
            np.stack([index[:-1].ravel(), index[1:].ravel()], 1),
        ]
    )
    assert len(pairs) > 99_000
    random = np.random.default_rng(0)
    resistance = 10 ** random.uniform(-3, 1, len(pairs))
    edges = [(int(a), int(b), float(r)) for (a, b), r in zip(pairs, resistance, strict=True)]
    state = solve(network_of(edges, held={0: 60.0, side * side - 1: 5.0}))
    assert state.residual <= 1e-9
    assert state.flow[np.flatnonzero(pairs[:, 0] == 0)].sum() > 0
