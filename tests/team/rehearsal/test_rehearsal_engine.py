"""The engine's own: draws, packed arrays, traces, and that edited code is never run from a cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.team.rehearsal.random_scripts import random_script

from separatrix.team.rehearsal.engine import trace
from separatrix.team.rehearsal.engine.engine_kernel import rehearse
from separatrix.team.rehearsal.engine.philox_kernel import philox, uniforms
from separatrix.team.rehearsal.engine.space import new_space
from separatrix.team.rehearsal.play import places
from separatrix.team.rehearsal.play.outputs import OF_PERSON

KNOWN_ANSWERS = (
    (
        (0, 0, 0, 0, 0, 0),
        (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
    ),
    (
        (0xFFFFFFFF,) * 6,
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
)
"""Counter and key, answer: Philox4x32-10 of Random123's known answers."""


@pytest.mark.parametrize(("given", "answer"), KNOWN_ANSWERS)
def test_philox_meets_the_published_answers(given: tuple[int, ...], answer: tuple[int, ...]) -> None:
    assert tuple(int(word) for word in philox(*(np.uint64(word) for word in given))) == answer


def test_both_halves_of_seed_and_replication_count() -> None:
    draws = {uniforms(seed, replication, 0, 0) for seed in (1, 1 << 32) for replication in (1, 1 << 32)}
    assert len(draws) == 4
    assert all(0.0 < u < 1.0 for four in draws for u in four)


def test_no_two_places_are_the_same() -> None:
    """Sizes, sections and counters share the head of ``ints``; the columns and values are elsewhere."""
    names = [
        name
        for name, place in vars(places).items()
        if isinstance(place, int) and name.isupper() and name not in OUTSIDE_THE_HEAD
    ]
    assert len({getattr(places, name) for name in names}) == len(names)
    assert max(getattr(places, name) for name in names) < places.INT_HEAD


OUTSIDE_THE_HEAD = {
    *("MOST_CRISES", "MOST_OF_A_CAUSE", "STATE_BEGINS", "INT_HEAD", "REAL_HEAD"),
    *("NOW", "BODY_AT", "DELIVERY_AT", "NODE_AT", "CHAIN_FIRST", "CHAIN_AHEAD"),
    *("ASLEEP", "WAITING", "RUNS", "HELD", "ENDED", "DROPPED", "PASSED", "NOT_OPEN", "CLOSED"),
    *("OPENS_CHAIN", "CLOSES_CHAIN", "HAS_BRANCH", "BLEEDS", "USES_STOCK", "ENDS_STEP"),
    *("FROM_FORCED", "FROM_THRESHOLD", "IN_TIME", "LATE", "NOBODY"),
    *("SEPARATION_MIN", "CIRCULATIONS_PART_MIN", "END_MIN", "FORCED_ARRIVAL_MIN"),
}


def test_a_space_may_be_used_again_and_a_trace_changes_nothing() -> None:
    for script in range(4):
        arrays, layout = random_script(script)
        plain, traced = new_space(arrays), new_space(arrays, 5000)
        forced, tally = np.full(3, -1), np.zeros((len(arrays.bleed), 2, 3), np.int64)
        rows = np.empty((3, len(layout.names)))
        people = np.empty((3, len(arrays.person_pool), len(OF_PERSON)))
        told = np.zeros((5000, trace.FIELDS))
        nothing = np.zeros((0, trace.FIELDS))
        assert rehearse(plain, 3, 1, forced, rows[0], people[0], nothing, tally) == 0
        rehearse(plain, 3, 2, forced, rows[1], people[1], nothing, tally)
        rehearse(plain, 3, 1, forced, rows[1], people[1], nothing, tally)
        used = rehearse(traced, 3, 1, forced, rows[2], people[2], told, tally)
        assert np.array_equal(rows[0], rows[1])
        assert np.array_equal(rows[0], rows[2])
        assert np.array_equal(people[0], people[1])
        assert np.array_equal(people[0], people[2])
        kinds = told[:used, 1]
        strikes = np.isin(kinds, (trace.STRIKE, trace.AFTER_STRIKE)).sum()
        assert used > 0
        assert np.all(np.diff(told[:used, 0]) >= 0)
        assert strikes == rows[2][layout.at("crises")] == (kinds == trace.ARRIVAL).sum()
        assert (kinds == trace.START).sum() >= (kinds == trace.END).sum()


def test_strikes_are_added_to_the_tally() -> None:
    arrays, layout = random_script(1)
    space, row = new_space(arrays), np.empty(len(layout.names))
    tally = np.zeros((len(arrays.bleed), 2, 3), np.int64)
    crises = 0.0
    for replication in range(20):
        rehearse(space, 1, replication, np.full(3, -1), row, np.zeros((0, 6)), np.zeros((0, 6)), tally)
        crises += row[layout.at("crises")]
    assert crises > 0
    assert tally.sum() == crises


def test_an_edited_callee_is_never_run_from_a_stale_cache(tmp_path: Path) -> None:
    """A caller in the cache holds its callees' machine code: the cache's folder is the source's own."""
    source = Path(places.__file__).parents[4]
    shutil.copytree(source / "separatrix", tmp_path / "src" / "separatrix")
    [callee] = (tmp_path / "src").rglob("mixing_kernel.py")
    [caller] = (tmp_path / "src").rglob("many_kernel.py")
    assert "import mixing, mixing_size" in caller.read_text()
    before = [_answer(tmp_path) for _ in range(2)]
    text = callee.read_text()
    assert text.count("return 3 * m * m") == 1
    callee.write_text(text.replace("return 3 * m * m", "return 5 * m * m"))
    assert before == [4 * 2 + 4 + 3 * 4] * 2
    assert _answer(tmp_path) == 4 * 2 + 4 + 5 * 4


def _answer(folder: Path) -> int:
    """What a caller of the callee says, in a process of its own, where even numba was there first."""
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    environment |= {"PYTHONPATH": str(folder / "src"), "XDG_CACHE_HOME": str(folder / "cache")}
    asked = (
        "import numba\n"
        "from separatrix.team.rehearsal.engine.many_kernel import scratch_size\n"
        "print(scratch_size(2))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True
    )
    return int(done.stdout)
