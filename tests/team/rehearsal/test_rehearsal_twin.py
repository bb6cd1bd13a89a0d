"""The compiled engine and the slow twin on SimPy: the same rehearsals run by run, the same distributions."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import ks_2samp
from tests.reference.rehearsal import rehearse as play_slowly
from tests.reference.rehearsal_draws import philox, poisson_capped, poisson_share
from tests.team.rehearsal.planned import numbers, planned
from tests.team.rehearsal.random_scripts import random_script

from separatrix.team.rehearsal.engine.engine_kernel import rehearse as play_compiled
from separatrix.team.rehearsal.engine.engine_kernel import rehearse_forced
from separatrix.team.rehearsal.engine.space import Space, new_space
from separatrix.team.rehearsal.play.arrays import Arrays
from separatrix.team.rehearsal.play.cells import possible_cells
from separatrix.team.rehearsal.play.compile import Compiled, compile_procedure
from separatrix.team.rehearsal.play.outputs import OF_PERSON, Layout
from separatrix.team.rehearsal.runs.rows import rehearse_table

SAME_MIN = 1e-6
SAME_SHARE = 1e-6
"""Of what the physiology tells: hours of extremes there amplify the last bits of either side."""
UNFORCED = (-1, -1, -1)
Cell = tuple[int, int, int]
Floats = npt.NDArray[np.float64]
OF_WHOLE = ("end_min", "crises", "crisis_min", "events")
OF_ONE = (
    "anaesthesia_min",
    "lost_ml",
    "red_packs",
    "haematocrit_lowest",
    "temperature_lowest_c",
    "clotting_lowest",
)


@functools.cache
def compiled(name: str) -> Compiled:
    procedure, schedule = planned(name)
    return compile_procedure(procedure, schedule, numbers(procedure))


def by_engine(
    space: Space, arrays: Arrays, layout: Layout, seed: int, rep: int, forced: Cell
) -> tuple[Floats, Floats]:
    row, people = np.empty(len(layout.names)), np.empty((len(arrays.person_shift), len(OF_PERSON)))
    tally = np.zeros((len(arrays.bleed), 2, 3), np.int64)
    play_compiled(space, seed, rep, np.array(forced, np.int64), row, people, np.zeros((0, 6)), tally)
    return row, people


def differences(
    arrays: Arrays, layout: Layout, seed: int, plays: Iterable[tuple[int, Cell]], twin_seed: int | None = None
) -> list[str]:
    """Everything in rows and people in which engine and twin differ."""
    space = new_space(arrays)
    found = []
    for rep, forced in plays:
        row, people = by_engine(space, arrays, layout, seed, rep, forced)
        slow_row, slow_people, _ = play_slowly(
            arrays, layout, seed if twin_seed is None else twin_seed, rep, forced
        )
        names = np.array(layout.names)
        share = np.where(np.char.find(names, "_min") < 0, SAME_SHARE * np.abs(slow_row), 0.0)
        with np.errstate(invalid="ignore"):
            apart = ~((row == slow_row) | (np.abs(row - slow_row) <= SAME_MIN + share))
        names = names[apart]
        found += [
            f"{rep} {forced} {name}: {fast} {slow}"
            for name, fast, slow in zip(names, row[apart], slow_row[apart], strict=True)
        ]
        found += [
            f"{rep} {forced} person {p} {OF_PERSON[column]}: {people[p, column]} {slow_people[p, column]}"
            for p, column in np.argwhere(~(np.abs(people - slow_people) <= SAME_MIN))
        ]
    return found


def hostile_plays(arrays: Arrays, seed: int, replications: int) -> list[tuple[int, Cell]]:
    """Replications, every other with a complication forced anywhere: of a patient or of the pair."""
    rng = np.random.default_rng(seed)
    nodes, patients = arrays.node_loss.shape
    cells = [
        (int(rng.integers(nodes)), int(rng.integers(len(arrays.bleed))), int(rng.integers(-1, patients)))
        for _ in range(replications)
    ]
    return [(rep, cell if rep % 2 else UNFORCED) for rep, cell in enumerate(cells)]


def forced_plays(made: Compiled, replications: int) -> list[tuple[int, Cell]]:
    """Replications, every other with one of the possible complications, spread over all of them."""
    cells = possible_cells(made)
    chosen = [tuple(map(int, cells[(37 * rep) % len(cells)])) for rep in range(replications)]
    return [(rep, (cell[0], cell[1], cell[2]) if rep % 2 else UNFORCED) for rep, cell in enumerate(chosen)]


def test_the_twins_own_draws_meet_the_published_answers() -> None:
    full = 0xFFFFFFFF
    assert philox((0, 0, 0, 0), (0, 0)) == (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)
    assert philox((full,) * 4, (full, full)) == (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)
    digits_of_pi = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344)
    assert philox(digits_of_pi, (0xA4093822, 0x299F31D0)) == (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)


def test_capped_counts_are_drawn_as_often_as_their_shares_say() -> None:
    drawn = (
        np.bincount([poisson_capped(1.3, (i + 0.5) / 10_000, 3) for i in range(10_000)], minlength=4) / 10_000
    )
    np.testing.assert_allclose(drawn, [poisson_share(1.3, count, 3) for count in range(4)], atol=2e-4)


@pytest.mark.parametrize("first", range(0, 80, 20))
def test_small_hostile_scripts_run_by_run(first: int) -> None:
    for seed in range(first, first + 20):
        arrays, layout = random_script(seed)
        assert not differences(arrays, layout, seed, hostile_plays(arrays, seed, 6)), f"script {seed}"


def test_forced_rehearsals_from_a_kept_state_are_the_same_bits() -> None:
    for seed in range(20):
        arrays, layout = random_script(seed)
        space, width = new_space(arrays), len(layout.names)
        cells = np.array(sorted({cell for _, cell in hostile_plays(arrays, seed, 12) if cell[0] >= 0}))
        rows, base = np.empty((len(cells), width)), np.empty(width)
        rehearse_forced(space, seed, 3, cells, rows, base)
        for row, cell in zip([base, *rows], [UNFORCED, *cells.tolist()], strict=True):
            alone, _ = by_engine(space, arrays, layout, seed, 3, cell)
            np.testing.assert_array_equal(row, alone, err_msg=f"script {seed}, {cell}")


def test_another_seed_is_another_rehearsal() -> None:
    arrays, layout = random_script(3)
    assert differences(arrays, layout, 1, [(0, UNFORCED)], twin_seed=2)


@pytest.mark.parametrize(("name", "replications"), [("separation", 40), ("birth", 200)])
def test_a_procedure_of_the_library_run_by_run(name: str, replications: int) -> None:
    made = compiled(name)
    assert not differences(made.arrays, made.layout, 11, forced_plays(made, replications))


def assert_same_distributions(name: str, patient: str, slow: int, fast: int, least_p: float) -> None:
    made = compiled(name)
    of_engine = rehearse_table(made.arrays, made.layout, n=fast, seed=2).values
    of_twin = np.array([play_slowly(made.arrays, made.layout, 1, rep)[0] for rep in range(slow)])
    for output in (*OF_WHOLE, *(f"{one}@{patient}" for one in OF_ONE)):
        column = made.layout.at(output)
        both = [np.round(rows[:, column], 6) for rows in (of_engine, of_twin)]  # equal but for the last bits
        assert ks_2samp(*both).pvalue > least_p, output


def test_birth_has_the_same_distributions_with_other_seeds() -> None:
    assert_same_distributions("birth", "mother", slow=200, fast=4000, least_p=1e-3)


@pytest.mark.long
def test_separation_has_the_same_distributions_with_other_seeds() -> None:
    assert_same_distributions("separation", "A", slow=1000, fast=20_000, least_p=1e-3)


@pytest.mark.long
@pytest.mark.parametrize("name", ["separation", "birth", "emergency_separation"])
def test_a_thousand_of_each_run_by_run(name: str) -> None:
    made = compiled(name)
    plain = [(rep, UNFORCED) for rep in range(1000)]
    assert not differences(made.arrays, made.layout, 5, plain)
    assert not differences(made.arrays, made.layout, 6, forced_plays(made, 1000))


@pytest.mark.long
@pytest.mark.parametrize("first", range(1000, 2000, 100))
def test_many_small_hostile_scripts_run_by_run(first: int) -> None:
    for seed in range(first, first + 100):
        arrays, layout = random_script(seed)
        assert not differences(arrays, layout, seed, hostile_plays(arrays, seed, 8)), f"script {seed}"
