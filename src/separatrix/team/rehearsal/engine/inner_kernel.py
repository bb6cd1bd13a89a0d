"""Compiled functions that only compiled functions call. Loaded only where it is needed.

Each would be optimised and turned into machine code by itself, with all that it calls, and then again with
each of its callers: most of the time of a first compilation. `inner` leaves that to the function that is
called from Python.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler


class _OnlyLinked(JITCodeLibrary):
    """Code that waits to be linked into its callers'."""

    @property
    def codegen(self) -> Any:
        """Where an environment would be set: there is no machine code that has one."""
        return self

    def set_env(self, name: str, environment: Any) -> None:
        """Nothing to set."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()  # type: ignore[no-untyped-call]
        self._verify_declare_only_symbols()  # type: ignore[no-untyped-call]
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Nothing can be called."""
        return 0

    def serialize_using_object_code(self) -> Any:
        """For the cache."""
        return self.serialize_using_bitcode()  # type: ignore[no-untyped-call]


class _ForLinking(Compiler):
    def define_pipelines(self) -> Any:
        state = self.state
        target, name = state.targetctx, state.func_id.func_qualname
        state.library = _OnlyLinked(target.codegen(), name)  # type: ignore[no-untyped-call]
        return super().define_pipelines()  # type: ignore[no-untyped-call]


inner: Any = nb.njit(  # type: ignore[call-overload]
    cache=True,
    nogil=True,
    error_model="numpy",
    no_cpython_wrapper=True,
    no_cfunc_wrapper=True,
    pipeline_class=_ForLinking,
)
"""Decorator: without an entry from Python."""

YES, NO, NONE = np.bool_(True), np.bool_(False), np.int64(-1)
"""Arguments. A plain constant would be compiled in, and the function compiled anew for each of them."""
