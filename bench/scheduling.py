"""Published scheduling instances: Separatrix beside PyJobShop and plain CP-SAT, same time, same run.

``python -m bench.scheduling [--seconds 60] [--only TEXT] [--alone]``
prints one line per instance and ends with 1 if a bar is missed:

- every j30 and j60 with a known optimum is reached;
- j120: makespans at most 2 % above the best known, on average;
- every multi-skill instance with a proven optimum is reached;
- open instances of set 1b: never worse than the better of the published and the prototype's figures on
  either side, better than both on at least one, the published gap halved on half of them.

Every schedule is checked by a checker that knows no solver. ``--alone`` leaves the peers out.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from separatrix.core.runtime import settle_compiled_cache

INSTANCES = Path(__file__).resolve().parents[2] / "shared" / "data" / "scheduling"
"""Beside the repository: the instances have no licence to be shipped."""

MOST_DEVIATION = 0.02
"""Of j120, on average."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One instance: what is published, and what was reached."""

    file: str
    group: str
    best_bound: int
    best_makespan: int
    own_bound: int
    own_makespan: int
    bound: int
    makespan: int

    @property
    def proven(self) -> bool:
        return self.best_bound == self.best_makespan


def known(record: dict[str, str]) -> tuple[int, int, int, int]:
    """Published bound and makespan; then the better of these and the prototype's."""
    bound, makespan = int(record["best_lb"]), int(record["best_ub"])
    return (
        bound,
        makespan,
        max(bound, int(record["own_lb"] or bound)),
        min(makespan, int(record["own_ub"] or makespan)),
    )


def run(record: dict[str, str], seconds: float, *, alone: bool) -> Row:
    """Solve one instance with all that are compared, and print a line."""
    from bench.schedule_peers import by_cp_sat, by_pyjobshop

    from separatrix.team.choreography.instance_files import read_project
    from separatrix.team.choreography.project_checker import check_project_plan
    from separatrix.team.choreography.project_solve import solve_project

    project = read_project(INSTANCES / record["file"])
    wall, processor = time.monotonic(), time.process_time()
    plan = solve_project(project, time_s=seconds)
    wall, processor = time.monotonic() - wall, time.process_time() - processor
    assert check_project_plan(project, plan) == ()
    assert plan.makespan is not None
    bound, makespan, own_bound, own_makespan = known(record)
    peers = (
        ""
        if alone
        else "".join(
            f"  {name} {_span(answer)}"
            for name, answer in (
                ("PyJobShop", by_pyjobshop(project, seconds)),
                ("CP-SAT", by_cp_sat(project, seconds)),
            )
        )
    )
    print(
        f"{Path(record['file']).stem:38s} known {_span((makespan, bound)):>9s}  "
        f"Separatrix {_span((plan.makespan, plan.lower_bound)):>9s}{peers}"
        f"  ({wall:.1f} s, {processor:.1f} s processor)",
        flush=True,
    )
    return Row(
        file=record["file"],
        group=record["set"],
        best_bound=bound,
        best_makespan=makespan,
        own_bound=own_bound,
        own_makespan=own_makespan,
        bound=plan.lower_bound,
        makespan=plan.makespan,
    )


def _span(answer: tuple[int | None, int | None]) -> str:
    makespan, bound = ("-" if value is None else str(value) for value in answer)
    return makespan if makespan == bound else f"{bound}..{makespan}"


def judged(rows: list[Row]) -> dict[str, bool]:
    """Each bar that has instances, and whether it is met."""
    bars: dict[str, bool] = {}
    small = [r for r in rows if r.group in ("PSPLIB j30", "PSPLIB j60") and r.proven]
    large = [r for r in rows if r.group == "PSPLIB j120"]
    skills = [r for r in rows if not r.group.startswith("PSPLIB") and r.proven]
    still_open = [r for r in rows if r.group == "MSPSP-InstLib set-1b" and not r.proven]
    for name, group in (("j30 and j60 optima reached", small), ("multi-skill optima reached", skills)):
        if group:
            reached = sum(r.makespan == r.best_makespan for r in group)
            bars[f"{name}: {reached} of {len(group)}"] = reached == len(group)
    if large:
        mean = sum(r.makespan / r.best_makespan - 1 for r in large) / len(large)
        bars[f"j120 mean deviation from the best known: {100 * mean:.2f} %"] = mean <= MOST_DEVIATION
    if still_open:
        bars.update(_judged_open(still_open))
    return bars


def _judged_open(rows: list[Row]) -> dict[str, bool]:
    no_worse = sum(r.makespan <= r.own_makespan and r.bound >= r.own_bound for r in rows)
    better = sum(r.makespan < r.own_makespan or r.bound > r.own_bound for r in rows)
    halved = sum(2 * (r.makespan - r.bound) <= r.best_makespan - r.best_bound for r in rows)
    count = len(rows)
    return {
        f"open set 1b, never worse on either side: {no_worse} of {count}": no_worse == count,
        f"open set 1b, better than all before: {better} of {count}": better >= 1,
        f"open set 1b, published gap halved: {halved} of {count}": 2 * halved >= count,
    }


def main() -> int:
    """Run all; 0 if every bar is met."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="for each instance and each peer")
    parser.add_argument("--only", default="", help="instances whose name holds this text")
    parser.add_argument("--alone", action="store_true", help="without the peers")
    options = parser.parse_args()
    if not INSTANCES.is_dir():
        print("the instances are not beside the repository; see docs/how-to/benchmark-scheduling.md")
        return 0
    settle_compiled_cache()
    with (INSTANCES / "best_known.csv").open() as stream:
        records = [r for r in csv.DictReader(stream) if options.only in r["file"]]
    _compile()
    bars = judged([run(record, options.seconds, alone=options.alone) for record in records])
    for bar, met in bars.items():
        print(f"{bar}: {'met' if met else 'MISSED'}")
    return 0 if all(bars.values()) else 1


def _compile() -> None:
    """Once for all: the first run after an installation compiles, which is no part of the comparison."""
    from separatrix.team.choreography.evolve import Evolution
    from separatrix.team.choreography.project import Project

    Evolution(Project(name="warm", durations=(1,), successors=((),)), seed=1)


if __name__ == "__main__":
    sys.exit(main())
