"""The rehearsal: engine beside its slow twin on SimPy, on separation and birth, each bar reached or not.

``python -m bench.rehearsal [--quick] [--only rate|million|matrix|compile|parts]``. Rates are per second of
one core's processor time, so that other work on the machine counts little. `--quick` takes a tenth of
everything. Ends with 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from separatrix.core.runtime import settle_compiled_cache

settle_compiled_cache()

import numba as nb  # noqa: E402
import numpy as np  # noqa: E402
from tests.reference.rehearsal import rehearse as play_slowly  # noqa: E402

from separatrix.evidence import EvidenceReader, all_entries  # noqa: E402
from separatrix.team.choreography.plan import choreograph  # noqa: E402
from separatrix.team.protocol import default_team, inputs_for, procedures, read_protocol  # noqa: E402
from separatrix.team.rehearsal.answers.matrix import tally_cells  # noqa: E402
from separatrix.team.rehearsal.engine.engine_kernel import rehearse  # noqa: E402
from separatrix.team.rehearsal.engine.philox_kernel import philox  # noqa: E402
from separatrix.team.rehearsal.engine.space import new_space  # noqa: E402
from separatrix.team.rehearsal.engine.trace import FIELDS, STATE  # noqa: E402
from separatrix.team.rehearsal.play.arrays import PAR, Arrays  # noqa: E402
from separatrix.team.rehearsal.play.cells import possible_cells  # noqa: E402
from separatrix.team.rehearsal.play.compile import Compiled, compile_procedure  # noqa: E402
from separatrix.team.rehearsal.play.numbers import numbers_of  # noqa: E402
from separatrix.team.rehearsal.play.outputs import OF_PERSON, Layout  # noqa: E402
from separatrix.team.rehearsal.runs.rows import rehearse_table  # noqa: E402
from separatrix.team.rehearsal.runs.run import Script, run  # noqa: E402

LEAST_PER_CORE_SECOND, STRETCH_PER_CORE_SECOND = 12_500, 30_000
LEAST_RATIO, LEAST_OF_TWIN = 100, 50
MOST_MILLION_S, MOST_GROWTH_MIB = 40, 16
MOST_MATRIX_S, MATRIX_RUNS = 120, 1000
MOST_FIRST_COMPILE_S, MOST_CACHED_S = 15, 1
NEVER_MIN = 1e9
TRACE_ROWS = 20_000
EVENT_US, STEP_US = 0.025, 0.090
"""Of the floor: finding and playing one event; moving two patients on (three exponentials and two roots)."""
PARTS = ("rate", "million", "matrix", "compile", "parts")

ONE_RUN = """
import pickle, sys, time
began = time.perf_counter()
from separatrix.team.rehearsal.runs.run import run
imported = time.perf_counter()
script = pickle.load(open(sys.argv[1], "rb"))
ready, cpu = time.perf_counter(), time.process_time()
run(script, n=1, seed=1, threads=1)
print(time.perf_counter() - ready, time.process_time() - cpu, imported - began)
"""
"""Compiles, or loads, and plays one."""

MANY_RUNS = """
import pickle, resource, sys
from separatrix.team.rehearsal.runs.run import run
script = pickle.load(open(sys.argv[1], "rb"))
run(script, n=int(sys.argv[2]), seed=1, threads=2)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


class Bars:
    """What was asked for, beside what was measured."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def at_least(self, what: str, measured: float, bar: float, unit: str) -> None:
        self._tell(what, measured, f">= {bar:,g}", unit, measured >= bar)

    def at_most(self, what: str, measured: float, bar: float, unit: str) -> None:
        self._tell(what, measured, f"<= {bar:,g}", unit, measured <= bar)

    def _tell(self, what: str, measured: float, bar: str, unit: str, reached: bool) -> None:
        print(f"  {what:<52} {measured:>12,.1f} {unit:<10} bar {bar:<10} {told(reached)}", flush=True)
        if not reached:
            self.missed.append(what)


def told(reached: bool) -> str:
    return "reached" if reached else "NOT REACHED"


def compiled(name: str) -> Compiled:
    evidence = EvidenceReader(all_entries())
    protocol = read_protocol(name, evidence=evidence)
    inputs, team = inputs_for(protocol, evidence=evidence), default_team(protocol, evidence=evidence)
    procedure = procedures(protocol, inputs, team, evidence=evidence)[-1]
    schedule = choreograph(procedure, seed=1, effort="first")
    return compile_procedure(procedure, schedule, numbers_of(procedure, evidence=evidence))


def core_seconds(play: Callable[[], object]) -> float:
    began = time.process_time()
    play()
    return time.process_time() - began


def engine_rate(made: Compiled, count: int) -> float:
    """Rehearsals per core-second of the whole: engine, rows and sketch; the best of three."""
    run(made, n=64, seed=1, threads=1)
    return max(count / core_seconds(lambda: run(made, n=count, seed=1, threads=1)) for _ in range(3))


def engine_us(arrays: Arrays, layout: Layout, count: int) -> float:
    """Microseconds of a core for a row of a table, the best of three; of any numbers, possible or not."""
    rehearse_table(arrays, layout, n=64, seed=1, threads=1)
    times = [
        core_seconds(lambda: rehearse_table(arrays, layout, n=count, seed=1, threads=1)) for _ in range(3)
    ]
    return 1e6 * min(times) / count


def rates(made: dict[str, Compiled], bars: Bars, share: float) -> None:
    for name, one in made.items():
        arrays, layout = one.arrays, one.layout
        nodes, turns = len(arrays.node_patients), len(arrays.turn_person)
        print(f"{name}: {nodes} activities (branches too), {len(arrays.person_shift)} people, {turns} turns")
        fast = engine_rate(one, int(20_000 * share))
        count = int(200 * share)
        play_slowly(arrays, layout, 1, 0)
        slow = count / core_seconds(lambda: [play_slowly(arrays, layout, 1, r) for r in range(count)])  # noqa: B023
        bars.at_least(f"engine, {name}", fast, LEAST_PER_CORE_SECOND, "per core-s")
        print(
            f"  {'stretch':<52} {'':>12} {'':<10} bar >= {STRETCH_PER_CORE_SECOND:,} "
            f"{told(fast >= STRETCH_PER_CORE_SECOND)}"
        )
        bars.at_least(f"SimPy, {name}", slow, LEAST_OF_TWIN, "per core-s")
        bars.at_least(f"engine over SimPy, {name}", fast / slow, LEAST_RATIO, "times")


def million(made: dict[str, Compiled], bars: Bars, share: float) -> None:
    """A million on two threads by the clock; memory of a process for 100 000 and for 1 000 000."""
    count = int(1_000_000 * share)
    began, cpu = time.perf_counter(), time.process_time()
    run(made["separation"], n=count, seed=1, threads=2)
    seconds, cpu = (time.perf_counter() - began) / share, (time.process_time() - cpu) / share
    bars.at_most("1 000 000 of separation on two threads, by the clock", seconds, MOST_MILLION_S, "s")
    print(f"  {cpu:,.0f} core-seconds: {cpu / 2:,.0f} s where two cores are free")
    with tempfile.TemporaryDirectory() as place:
        script = pickled(made["separation"], Path(place))
        few, many = (float(in_process(MANY_RUNS, script, str(int(n * share)))) for n in (100_000, 1_000_000))
    bars.at_most(
        f"memory of 1 000 000 over that of 100 000 ({few:.0f} MiB)", many - few, MOST_GROWTH_MIB, "MiB"
    )


def matrix(made: dict[str, Compiled], bars: Bars, share: float) -> None:
    one, runs = made["separation"], int(MATRIX_RUNS * share)
    cells = possible_cells(one)
    tally_cells(one, cells, runs=1, seed=1, threads=2)
    began, cpu = time.perf_counter(), time.process_time()
    tally_cells(one, cells, runs=runs, seed=1, threads=2)
    seconds, cpu = (time.perf_counter() - began) / share, (time.process_time() - cpu) / share
    bars.at_most(f"matrix of {len(cells)} cells x {MATRIX_RUNS}, by the clock", seconds, MOST_MATRIX_S, "s")
    print(
        f"  {cpu:,.0f} core-seconds: {cpu / 2:,.0f} s where two cores are free;"
        f" {len(cells) * MATRIX_RUNS / cpu:,.0f} forced rehearsals per core-second"
    )


def compiling(made: dict[str, Compiled], bars: Bars, _: float) -> None:
    """One rehearsal in a new process: with an empty cache of machine code, and with the same cache again."""
    with tempfile.TemporaryDirectory() as place:
        script = pickled(made["birth"], Path(place))
        for what, bar in (("first", MOST_FIRST_COMPILE_S), ("cached", MOST_CACHED_S)):
            wall, cpu, imports = map(float, in_process(ONE_RUN, script, cache=Path(place) / "cache").split())
            bars.at_most(f"engine ready, {what} ({wall:.1f} s by the clock)", cpu, bar, "core-s")
            print(f"  (imports {imports:.1f} s)")


def pickled(made: Compiled, place: Path) -> str:
    path = place / "script.pickle"
    path.write_bytes(pickle.dumps(Script(made.arrays, made.layout)))
    return str(path)


def in_process(code: str, *arguments: str, cache: Path | None = None) -> str:
    changed = {**os.environ, **({"NUMBA_CACHE_DIR": str(cache)} if cache else {})}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=changed, check=True, capture_output=True, text=True
    )
    return done.stdout


@nb.njit(cache=True)
def draw_many(count):  # type: ignore[no-untyped-def]
    """One block after the other, each from the one before: as an engine draws, not eight at a time."""
    word, zero, key = np.uint64(0), np.uint64(0), np.uint64(1)
    for _ in range(count):
        word = philox(word, zero, zero, zero, key, key)[0]
    return word


def steps_of(made: Compiled, count: int) -> float:
    """Steps of the physiology in a rehearsal, on average."""
    arrays = made.arrays
    space, trace = new_space(arrays, TRACE_ROWS), np.zeros((TRACE_ROWS, FIELDS))
    row, people = np.zeros(len(made.layout.names)), np.zeros((0, len(OF_PERSON)))
    tally, unforced = np.zeros((len(arrays.bleed), 2, 3), np.int64), np.full(3, -1)
    told = 0
    for replication in range(count):
        used = rehearse(space, 1, replication, unforced, row, people, trace, tally)
        told += int((trace[:used, 1] == STATE).sum())
    return told / count / len(arrays.body)


def parts(made: dict[str, Compiled], _: Bars, share: float) -> None:
    """What a rehearsal costs without one of its parts, and what its least work would cost."""
    one = made["separation"]
    arrays, count = one.arrays, int(10_000 * share)
    unhurt = arrays._replace(cause_drawn=0 * arrays.cause_drawn, cause_number=0 * arrays.cause_number)
    par = arrays.par.copy()
    par[PAR["tick_min"]] = par[PAR["tick_bleeding_min"]] = NEVER_MIN
    still = arrays._replace(node_loss=0 * arrays.node_loss, bleed=0 * arrays.bleed, par=par)
    patient = arrays.par.copy()
    patient[PAR["retry_min"]] = NEVER_MIN
    eager = arrays._replace(par=patient)
    no_days = arrays._replace(after_number=0 * arrays.after_number)
    whole = engine_us(one.arrays, one.layout, count)
    print(f"  {'a whole rehearsal':<52} {whole:>12,.1f} us")
    for what, less in (
        ("complications", unhurt),
        ("steps of the physiology but for complications", still),
        ("repeated tries of a relief", eager),
        ("the first days", no_days),
    ):
        without = engine_us(less, one.layout, count)
        print(f"  {'without ' + what:<52} {without:>12,.1f} us   {whole - without:+.1f} us")
    table = rehearse_table(arrays, one.layout, n=2000, seed=1)
    events = float(np.median(table.column("events")))
    causes = int((arrays.cause_drawn > 0.0).sum())
    phases = len(one.layout.phases)
    blocks = (
        int((arrays.node_branch < 0).sum())
        + causes
        + phases
        + 1
        + len(arrays.body)
        + len(arrays.after_number)
    )
    draw_many(10)
    block_us = 1e6 * core_seconds(lambda: draw_many(2_000_000)) / 2_000_000
    steps = steps_of(one, 50)
    floor_us = blocks * block_us + events * EVENT_US + steps * STEP_US
    print(
        f"  floor: {blocks} blocks of Philox at {1e3 * block_us:.0f} ns, {events:.0f} events (median) at"
        f" {1e3 * EVENT_US:.0f} ns, {steps:.0f} steps of the physiology at {1e3 * STEP_US:.0f} ns:"
        f" {floor_us:.0f} us, {1e6 / floor_us:,.0f} per core-second"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=PARTS)
    options, _ = parser.parse_known_args()
    share = 0.1 if options.quick else 1.0
    made = {name: compiled(name) for name in ("separation", "birth")}
    bars = Bars()
    works = dict(zip(PARTS, (rates, million, matrix, compiling, parts), strict=True))
    for name, work in works.items():
        if options.only in (None, name):
            print(f"-- {name}", flush=True)
            work(made, bars, share)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors; peak memory {peak_mib:.0f} MiB")
    print("bars missed: " + ("; ".join(bars.missed) or "none"))
    return 1 if bars.missed else 0


if __name__ == "__main__":
    sys.exit(main())
