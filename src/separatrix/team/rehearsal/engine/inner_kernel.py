"""Compiled functions that only compiled functions call. Loaded only where it is needed."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

inner: Any = nb.njit(  # type: ignore[call-overload]
    cache=True, nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True
)
"""Decorator: without an entry from Python, which costs more to compile than many of these functions."""

YES, NO, NONE = np.bool_(True), np.bool_(False), np.int64(-1)
"""Arguments. A plain constant would be compiled in, and the function compiled anew for each of them."""
