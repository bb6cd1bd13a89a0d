"""The same run on a Dask cluster: same digest, lost workers' blocks played again, faults told plainly."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.team.rehearsal.random_scripts import random_script

from separatrix.core.errors import DataMissingError, InputError
from separatrix.team.rehearsal.runs import cluster as of_cluster
from separatrix.team.rehearsal.runs.cluster import run_on_cluster
from separatrix.team.rehearsal.runs.run import Script, run

distributed = pytest.importorskip("distributed", reason="Dask is the extra 'scale'")

SCRIPT = Script(*random_script(5))
SEED = 7


@contextmanager
def workers(processes: int) -> Iterator[object]:
    """A cluster of this machine; 0: in this process, which is quick."""
    options = {"n_workers": processes or 1, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(processes=processes > 0, silence_logs=logging.CRITICAL, **options) as local:
        yield local


def test_a_cluster_gives_the_digest_of_one_machine() -> None:
    alone = run(SCRIPT, n=1003, seed=SEED).digest
    told: list[float] = []
    with workers(0) as local, distributed.Client(local) as client:
        for block in (100, 1000):
            sketch = run_on_cluster(
                SCRIPT, n=1003, seed=SEED, cluster=client, block=block, progress=lambda f, _: told.append(f)
            )
            assert sketch.digest == alone
            assert told[-1] == 1.0
    assert len(told) == 11 + 2


def test_an_address_is_enough() -> None:
    with workers(0) as local:
        sketch = run_on_cluster(SCRIPT, n=50, seed=SEED, cluster=local.scheduler_address)
    assert sketch.digest == run(SCRIPT, n=50, seed=SEED).digest


def test_a_worker_with_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = iter(["mine", "yours", "yours", "yours", "yours"])
    monkeypatch.setattr(of_cluster, "source_hash", lambda: next(versions))
    with (
        workers(0) as local,
        distributed.Client(local) as client,
        pytest.raises(InputError, match="another version of Separatrix"),
    ):
        run_on_cluster(SCRIPT, n=10, seed=1, cluster=client)


def test_a_worker_settles_its_cache_before_anything_is_compiled() -> None:
    """What a worker loads to read its task must not load numba: the folder of its cache would be fixed."""
    asked = "import sys, separatrix.team.rehearsal.runs.cluster; print('numba' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", asked], text=True).strip() == "False"


@pytest.mark.parametrize("address", ["local:0", "local:", "local:two", "nowhere", ""])
def test_an_address_that_cannot_be_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="--cluster"):
        run_on_cluster(SCRIPT, n=10, seed=1, cluster=address)


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DataMissingError, match=r"separatrix\[scale\]"):
        run_on_cluster(SCRIPT, n=10, seed=1, cluster="local:2")


@pytest.mark.long
def test_two_processes_give_the_digest_of_one_machine() -> None:
    alone = run(SCRIPT, n=20_011, seed=SEED).digest
    assert run_on_cluster(SCRIPT, n=20_011, seed=SEED, cluster="local:2", block=1000).digest == alone


@pytest.mark.long
def test_a_worker_killed_in_the_middle_changes_nothing() -> None:
    alone = run(SCRIPT, n=20_000, seed=SEED).digest
    killed: list[int] = []

    with workers(2) as local, distributed.Client(local) as client:

        def kill_one(fraction: float, doing: str) -> None:
            if fraction > 0.1 and not killed:
                pid = local.workers[0].process.process.pid
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

        sketch = run_on_cluster(SCRIPT, n=20_000, seed=SEED, cluster=client, block=200, progress=kill_one)
        assert killed
        assert killed[0] not in [nanny.process.process.pid for nanny in local.workers.values()]
    assert sketch.digest == alone
