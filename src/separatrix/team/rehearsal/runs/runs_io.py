"""A run beside the plan: ``plan/rehearsal/runs/<seed>-<n>/``, written whole or not at all.

``result.json`` tells counts, means and quantiles, ``distributions.csv`` every bin that holds something (see
`stored`), and ``provenance.json``, written last, what it was made from. The plan's own result stays as it is.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from separatrix.core.errors import Fault, StorageError
from separatrix.core.provenance import Provenance, sha256_file
from separatrix.core.storage import (
    COMMIT_MARK,
    fresh_folder,
    read_json,
    sole_writer,
    swap_in,
    to_json,
    write_atomic,
)
from separatrix.team.rehearsal.play.names import Names
from separatrix.team.rehearsal.play.outputs import OF_PERSON
from separatrix.team.rehearsal.runs.sketch import Sketch
from separatrix.team.rehearsal.runs.stored import distributions_csv

QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
"""That are told of every column."""

RESULT, DISTRIBUTIONS = "result.json", "distributions.csv"


def run_result(sketch: Sketch, names: Names, *, seed: int) -> dict[str, Any]:
    """What a run tells, as plain data: columns, people, complications, digest."""
    return {
        "format": 1,
        "procedure": names.procedure,
        "seed": seed,
        "runs": sketch.n,
        "digest": sketch.digest,
        "separation_min": _column(sketch, "separation_min"),
        "end_min": _column(sketch, "end_min"),
        "columns": {name: _column(sketch, name) for name in sketch.layout.names},
        "people": _people(sketch, names),
        "complications": _complications(sketch, names),
    }


def write_run(
    runs: Path, sketch: Sketch, names: Names, *, seed: int, made_from: Provenance
) -> tuple[Path, dict[str, Any]]:
    """Write a run under ``runs/<seed>-<n>``, in place of an earlier one of the same name.

    Parameters
    ----------
    runs
        The folder ``plan/rehearsal/runs``.
    sketch, names, seed
        The run.
    made_from
        Version, inputs and evidence of the plan that was rehearsed; the files are filled in here.

    Returns
    -------
    tuple
        The folder, and the content of its ``result.json``.

    Raises
    ------
    StorageError
        If the disk fails, or another run of this case is being written.
    """
    name = f"{seed}-{sketch.n}"
    result = run_result(sketch, names, seed=seed)
    with sole_writer(runs):
        folder = fresh_folder(runs, name)
        write_atomic(folder / RESULT, to_json(result))
        write_atomic(folder / DISTRIBUTIONS, distributions_csv(map(sketch.distribution, sketch.layout.names)))
        files = {file: sha256_file(folder / file) for file in (DISTRIBUTIONS, RESULT)}
        mark = replace(made_from, station="rehearsal", seed=seed, files=files)
        swap_in(folder, runs / name, mark.to_dict())
    return runs / name, result


def read_run(folder: Path) -> tuple[dict[str, Any], Provenance]:
    """The ``result.json`` of a run and what it was made from.

    Raises
    ------
    StorageError
        If the run was never finished, or a file is not as it was written.
    """
    stored = read_json(folder / COMMIT_MARK)
    try:
        mark = Provenance.from_dict(stored)
        changed = [name for name, digest in mark.files.items() if sha256_file(folder / name) != digest]
    except (KeyError, TypeError, OSError) as error:
        raise _spoilt(folder, f"cannot be read ({error})") from error
    if changed:
        raise _spoilt(folder, f"{', '.join(changed)} changed since it was written")
    result: dict[str, Any] = read_json(folder / RESULT)
    return result, mark


def _spoilt(folder: Path, problem: str) -> StorageError:
    return StorageError(
        Fault(file=str(folder), problem=problem, mend="rehearse again with the same -n and --seed")
    )


def _column(sketch: Sketch, name: str) -> dict[str, Any]:
    came = sketch.finite(name)
    if came == 0:
        return {"came": 0}
    told = {f"q{round(100 * q):02d}": sketch.quantile(name, q) for q in QUANTILES}
    return {
        "came": came,
        "mean": sketch.mean(name),
        "sd": sketch.sd(name),
        "least": sketch.least(name),
        **told,
        "most": sketch.most(name),
    }


def _people(sketch: Sketch, names: Names) -> list[dict[str, Any]]:
    means = {name: sketch.person_mean(name) for name in OF_PERSON}
    most = {name: sketch.person_most(name) for name in OF_PERSON}
    overtime = sketch.person_share("overtime_min")
    at_work = np.flatnonzero(sketch.person_share("work_min") > 0)
    return [
        {
            "person": names.people[p],
            **{name: {"mean": float(means[name][p]), "most": float(most[name][p])} for name in OF_PERSON},
            "runs_with_overtime": round(float(overtime[p]) * sketch.n),
        }
        for p in at_work
    ]


def _complications(sketch: Sketch, names: Names) -> list[dict[str, Any]]:
    status = ("in_time", "late", "nobody")
    return [
        {
            "complication": names.complications[k],
            "during": dict(zip(status, map(int, sketch.tally[k, 0]), strict=True)),
            "after": dict(zip(status, map(int, sketch.tally[k, 1]), strict=True)),
        }
        for k in np.flatnonzero(sketch.tally.sum(axis=(1, 2)))
    ]
