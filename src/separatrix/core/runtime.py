"""Settling threads and compiled-code caches, so that one seed gives one answer."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from separatrix.core.provenance import source_hash


def settle_compiled_cache() -> None:
    """Give numba a cache of this very source; call before numba is imported.

    A cache shared between versions keeps an edited function's old machine code where only its
    caller was compiled anew. Where numba is there already, functions made from now on go by it.
    """
    if "NUMBA_CACHE_DIR" not in os.environ:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
        os.environ["NUMBA_CACHE_DIR"] = str(base / "separatrix" / "numba" / source_hash()[:16])
        if numba := sys.modules.get("numba"):
            numba.config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"]


def available_threads() -> int:
    """Processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
