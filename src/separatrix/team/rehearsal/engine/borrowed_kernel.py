"""Compiled: arrays handed on without counting who holds them. Loaded only where it is needed.

Compiled code counts the holders of every array at every call: two locked operations an array, whatever the
call does with it, which is most of the time of short functions with many arrays. What the caller of the
compiled code holds all the while need not be counted: `borrowed` gives the same arrays, the same memory,
without a counter.

A row of numbers becomes no more than where it begins (`Bare`): one word to hand on instead of seven, no look
for a negative index at every entry. Of it may be asked an entry or a slice, neither from its end, and not its
length. Whole numbers and others never share memory, and what `places` says is fixed is read once: the
compiler is told both.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.errors import TypingError
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, register_model
from numba.np.arrayobj import make_array, populate_array

from separatrix.team.rehearsal.play import places as at


class Bare(types.Type):
    """A row of numbers of which is known only where it begins."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(name=f"Bare({dtype})")


@register_model(Bare)
class _BareModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        entry = manager.lookup(kind.dtype).get_data_type()
        super().__init__(manager, kind, entry.as_pointer())  # type: ignore[no-untyped-call]


@infer_global(operator.getitem)  # type: ignore[no-untyped-call]
class _GetEntry(AbstractTemplate):
    def generic(self, args: Any, _: Any) -> Any:
        row, index = args
        if isinstance(row, Bare) and isinstance(index, types.Integer):
            return signature(row.dtype, row, types.intp)  # type: ignore[no-untyped-call]
        if isinstance(row, Bare) and isinstance(index, types.SliceType):
            return signature(types.Array(row.dtype, 1, "C"), row, index)  # type: ignore[no-untyped-call]
        return None


@infer_global(operator.setitem)  # type: ignore[no-untyped-call]
class _SetEntry(AbstractTemplate):
    def generic(self, args: Any, _: Any) -> Any:
        row, index, _value = args
        if isinstance(row, Bare) and isinstance(index, types.Integer):
            return signature(types.none, row, types.intp, row.dtype)  # type: ignore[no-untyped-call]
        return None


def _tell_kind(module: Any, access: Any, kind: Any) -> Any:
    root = module.add_metadata(["rehearsal"])
    node = module.add_metadata([str(kind.dtype), root, ir.Constant(ir.IntType(64), 0)])
    access.set_metadata("tbaa", module.add_metadata([node, node, ir.Constant(ir.IntType(64), 0)]))
    return access


def _load(builder: Any, kind: Any, row: Any, index: Any) -> Any:
    return _tell_kind(builder.module, builder.load(builder.gep(row, [index])), kind)


@lower_builtin(operator.getitem, Bare, types.Integer)  # type: ignore[no-untyped-call, untyped-decorator]
def _get_entry(_: Any, builder: Any, sig: Any, args: Any) -> Any:
    return _load(builder, sig.args[0], *args)


@lower_builtin("static_getitem", Bare, types.IntegerLiteral)  # type: ignore[no-untyped-call, untyped-decorator]
def _get_at_constant(_: Any, builder: Any, sig: Any, args: Any) -> Any:
    row, index = args
    entry = _load(builder, sig.args[0], row, ir.Constant(ir.IntType(64), index))
    if sig.args[0].dtype == types.int64 and (index < at.SEED or at.WAITS <= index < at.STATE_BEGINS):
        entry.set_metadata("invariant.load", builder.module.add_metadata([]))
    return entry


@lower_builtin(operator.setitem, Bare, types.Integer, types.Any)  # type: ignore[no-untyped-call, untyped-decorator]
def _set_entry(_: Any, builder: Any, sig: Any, args: Any) -> None:
    row, index, value = args
    _tell_kind(builder.module, builder.store(value, builder.gep(row, [index])), sig.args[0])


@lower_builtin(operator.getitem, Bare, types.SliceType)  # type: ignore[no-untyped-call, untyped-decorator]
def _get_slice(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    row, index = args
    span = context.make_helper(builder, sig.args[1], index)
    array = make_array(sig.return_type)(context, builder)  # type: ignore[no-untyped-call]
    itemsize = context.get_constant(types.intp, sig.args[0].dtype.bitwidth // 8)
    populate_array(
        array,
        data=builder.gep(row, [span.start]),
        shape=[builder.sub(span.stop, span.start)],
        strides=[itemsize],
        itemsize=itemsize,
        meminfo=None,
    )  # type: ignore[no-untyped-call]
    return array._getvalue()


def _borrowed_kind(kind: Any) -> Any:
    if isinstance(kind, types.Array):
        bare = kind.ndim == 1 and kind.layout == "C" and kind.dtype in (types.int64, types.float64)
        return Bare(kind.dtype) if bare else kind
    if not isinstance(kind, types.BaseTuple):
        raise TypingError(f"only arrays can be borrowed, not {kind}")
    within = [_borrowed_kind(each) for each in getattr(kind, "types", ())]
    return types.BaseTuple.from_types(within, getattr(kind, "instance_class", None))  # type: ignore[no-untyped-call]


def _without_counter(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    if not isinstance(kind, types.Array):
        members: list[Any] = cgutils.unpack_tuple(builder, value, kind.count)  # type: ignore[no-untyped-call]
        free = [_without_counter(context, builder, *each) for each in zip(kind.types, members, strict=True)]
        return context.make_tuple(builder, _borrowed_kind(kind), free)
    array = make_array(kind)(context, builder, value)  # type: ignore[no-untyped-call]
    if isinstance(_borrowed_kind(kind), Bare):
        return array.data
    array.meminfo = array.meminfo.type(None)
    array.parent = array.parent.type(None)
    return array._getvalue()


@intrinsic
def borrowed(typing: Any, arrays: Any) -> tuple[Any, Callable[..., Any]]:
    """The same arrays without a counter of holders: for an array, or a tuple or named tuple of arrays.

    To be called once, where compiled code is entered; who enters must hold the arrays until it returns.

    Raises
    ------
    TypingError
        If there is anything but arrays.
    """

    def made(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _without_counter(context, builder, arrays, args[0])

    return _borrowed_kind(arrays)(arrays), made
