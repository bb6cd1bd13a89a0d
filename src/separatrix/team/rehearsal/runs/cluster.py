"""The same run on a Dask cluster: blocks go out, sketches come back, a lost worker's blocks are played again.

What is sent is the plan, once, and (seed, first, count) for each block; what comes back is integers. So a
block that was lost with its worker is simply played again by another, and the digest is that of one machine
(of the same type: the last bit of a logarithm may differ between machines).
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import pickle
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from separatrix.core.errors import DataMissingError, Fault, InputError, SolverError
from separatrix.core.progress import Progress, silent
from separatrix.core.provenance import source_hash
from separatrix.core.runtime import available_threads, settle_compiled_cache
from separatrix.team.rehearsal.runs.blocks import check_size

if TYPE_CHECKING:
    from distributed import Client

    from separatrix.team.rehearsal.runs.run import Playable
    from separatrix.team.rehearsal.runs.sketch import Sketch

BLOCK = 5_000
"""Rehearsals in a block: what is spent on sending 2 MB of counts is below one in a hundred."""

AHEAD = 3
"""Blocks that wait for each thread of the cluster, so that none is idle and the queue stays short."""

RETRIES = 3
"""How often a block is tried again after it failed on a worker."""

LOCAL, SAME_PROCESS = "local:", "inproc://"

MOST_FOR_EACH = 4
"""Processes that may be asked for on each processor of this machine."""

PATIENCE_S = 15.0
"""How long a cluster without workers is waited for."""

LOOK_S = 0.005

MOST_PORT = 65_535


def run_on_cluster(
    compiled: Playable,
    *,
    n: int,
    seed: int,
    cluster: str | Client,
    progress: Progress = silent,
    block: int = BLOCK,
) -> Sketch:
    """Sketch of the rehearsals 0 to ``n - 1``, played by a cluster.

    Parameters
    ----------
    compiled
        The plan.
    n, seed
        How many, and the seed of the draws.
    cluster
        Address of a Dask scheduler (``tcp://host:8786``), ``local:2`` for two processes of this machine, or a
        client that is connected already.
    progress
        Hears of every block.
    block
        Rehearsals in a block; changes no result.

    Raises
    ------
    DataMissingError
        If Dask is not installed.
    InputError
        If `n`, the seed or the address cannot be used, nobody answers there, or the workers run another
        version of Separatrix.
    SolverError
        If a block failed on every worker that tried it.
    """
    check_size(n, seed)
    if isinstance(cluster, str) and not cluster.startswith(SAME_PROCESS):
        check_address(cluster)
    distributed = _distributed()
    if not isinstance(cluster, str):
        return _run(distributed, cluster, compiled, n=n, seed=seed, progress=progress, block=block)
    with _connected(distributed, cluster) as client:
        return _run(distributed, client, compiled, n=n, seed=seed, progress=progress, block=block)


def check_address(cluster: str) -> None:
    """Refuse what cannot be the address of a cluster, before anything is asked of it.

    Raises
    ------
    InputError
        If it is neither ``local:2`` with a number of processes nor ``tcp://host:port``.
    """
    if cluster.startswith(LOCAL):
        workers = cluster.removeprefix(LOCAL)
        most = MOST_FOR_EACH * available_threads()
        if not (workers.isascii() and workers.isdecimal() and 1 <= int(workers[:9]) <= most):
            raise InputError(
                Fault(
                    field="--cluster",
                    problem=f"'{cluster[:80]}'",
                    expected="local:2 or another number of processes",
                    mend=f"at most {most} on this machine",
                )
            )
        return
    host, _, port = cluster.removeprefix("tcp://").removeprefix("tls://").rpartition(":")
    is_port = port.isascii() and port.isdecimal() and 1 <= int(port[:9]) <= MOST_PORT
    if not (is_port and host and "://" not in host and not set(host) & set("/?# ")):
        raise InputError(
            Fault(
                field="--cluster",
                problem=f"'{cluster[:80]}' is no address of a Dask scheduler",
                expected="tcp://host:8786, or local:2 for two processes of this machine",
            )
        )


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise DataMissingError(
            Fault(
                field="--cluster",
                problem="running on a cluster needs Dask, which is not installed",
                mend="pip install 'separatrix[scale]', on every machine of the cluster too",
            )
        ) from error
    return distributed


@contextlib.contextmanager
def _connected(distributed: Any, cluster: str) -> Iterator[Client]:
    settle_compiled_cache()  # processes of this machine inherit the folder
    if cluster.startswith(LOCAL):
        workers = cluster.removeprefix(LOCAL)
        with (
            distributed.LocalCluster(
                n_workers=int(workers),
                threads_per_worker=1,
                dashboard_address=None,
                silence_logs=logging.ERROR,
            ) as local,
            distributed.Client(local) as client,
        ):
            yield client
        return
    try:
        client = distributed.Client(cluster, timeout="10s")
    except (OSError, ValueError, TypeError, TimeoutError) as error:
        raise InputError(
            Fault(
                field="--cluster",
                problem=f"no Dask scheduler answers at '{cluster}' ({error})",
                expected="tcp://host:8786, or local:2 for two processes of this machine",
                mend="start `dask scheduler` there and `dask worker` on the machines that shall play",
            )
        ) from error
    with client:
        yield client


def _run(
    distributed: Any, client: Any, compiled: Playable, *, n: int, seed: int, progress: Progress, block: int
) -> Sketch:
    from separatrix.team.rehearsal.runs.run import Script
    from separatrix.team.rehearsal.runs.sketch import merge, require_fit

    _wait_for_workers(client)
    # A task and not scattered data: what a lost worker held of the plan is made again by another.
    plan = client.submit(_as_is, pickle.dumps(Script(compiled.arrays, compiled.layout)))
    source = source_hash()
    firsts = iter(range(0, n, block))

    def sent(first: int) -> Any:
        return client.submit(_play, plan, source, seed, first, min(block, n - first), retries=RETRIES)

    ahead = AHEAD * max(1, sum(client.nthreads().values()))
    coming = distributed.as_completed([sent(first) for first in itertools.islice(firsts, ahead)])
    total: Sketch | None = None
    while coming.count():
        _wait_for_result(client, coming)
        sketch = _result(distributed, next(coming))
        total = sketch if total is None else merge((total, sketch))
        if (first := next(firsts, None)) is not None:
            coming.add(sent(first))
        progress(total.n / n, f"{total.n:,} of {n:,} rehearsals")
    assert total is not None, "n is at least 1"
    return require_fit(total)


def _wait_for_workers(client: Any) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE_S)
    except TimeoutError as error:
        raise InputError(
            Fault(
                field="--cluster",
                problem=f"the scheduler has no worker, and none came in {PATIENCE_S:g} s",
                mend="start `dask worker` with its address on the machines that shall play",
            )
        ) from error


def _wait_for_result(client: Any, coming: Any) -> None:
    """Wait for a block, as long as somebody is there who may play it."""
    looked = alone = time.monotonic()
    while not coming.has_ready():
        time.sleep(LOOK_S)
        now = time.monotonic()
        if now - looked < PATIENCE_S / 5:
            continue
        looked = now
        if client.status == "running" and client.nthreads():
            alone = now
        elif now - alone > PATIENCE_S:
            raise SolverError(
                Fault(
                    field="--cluster",
                    problem=f"every worker was lost, and none came back in {PATIENCE_S:g} s",
                    mend="look at their logs (memory?), or run without --cluster",
                )
            )


def _result(distributed: Any, future: Any) -> Sketch:
    try:
        sketch: Sketch = future.result()
    except (distributed.KilledWorker, distributed.client.FutureCancelledError) as error:
        raise SolverError(
            Fault(
                problem=f"workers of the cluster were lost one after the other ({error})",
                mend="look at their logs (memory?), or run without --cluster",
            )
        ) from error
    return sketch


def _as_is(packed: bytes) -> bytes:
    return packed


def _play(packed: bytes, source: str, seed: int, first: int, count: int) -> Sketch:
    """Play one block on a worker that runs the very same program."""
    own = source_hash()
    if own != source:
        raise InputError(
            Fault(
                field="--cluster",
                problem=f"a worker runs another version of Separatrix ({own[:12]}, not {source[:12]})",
                mend="install the same version on every machine of the cluster",
            )
        )
    settle_compiled_cache()
    from separatrix.team.rehearsal.runs.run import run_block

    return run_block(pickle.loads(packed), seed, first, count)
