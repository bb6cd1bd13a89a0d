"""Compiled: arrays handed on without counting who holds them. Loaded only where it is needed.

Compiled code counts the holders of every array at every call: two locked operations an array, whatever the
call does with it, which is most of the time of short functions with many arrays. What the caller of the
compiled code holds all the while need not be counted: `borrowed` gives the same arrays, the same memory,
without a counter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.extending import intrinsic
from numba.np.arrayobj import make_array


def _without_counter(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    if not isinstance(kind, types.Array):
        members: list[Any] = cgutils.unpack_tuple(builder, value, kind.count)  # type: ignore[no-untyped-call]
        free = [_without_counter(context, builder, *each) for each in zip(kind.types, members, strict=True)]
        return context.make_tuple(builder, kind, free)
    array = make_array(kind)(context, builder, value)  # type: ignore[no-untyped-call]
    array.meminfo = array.meminfo.type(None)
    array.parent = array.parent.type(None)
    return array._getvalue()


def _only_arrays(kind: Any) -> bool:
    if isinstance(kind, types.Array):
        return True
    return isinstance(kind, types.BaseTuple) and all(map(_only_arrays, getattr(kind, "types", ())))


@intrinsic
def borrowed(typing: Any, arrays: Any) -> tuple[Any, Callable[..., Any]]:
    """The same arrays without a counter of holders: for an array, or a tuple or named tuple of arrays.

    To be called once, where compiled code is entered; who enters must hold the arrays until it returns.

    Raises
    ------
    TypingError
        If there is anything but arrays.
    """
    if not _only_arrays(arrays):
        raise TypingError(f"only arrays can be borrowed, not {arrays}")

    def made(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _without_counter(context, builder, arrays, args[0])

    return arrays(arrays), made
