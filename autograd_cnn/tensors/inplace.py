"""Writing into tensors: versions, views, and what the graph makes of it.

An in-place operation computes out of place, writes the result into the tensor's memory, stamps the storage, and moves the
tensor to the new node. If the tensor is a view, its base gets a node for the write and every view of that base is recorded anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from ..config import Switch, current
from ..engine.node import Leaf, Node, Overwriting
from ..engine.record import PseudoPrimitive, live_views, record_node
from ..engine.variable import Variable, unbox
from ..engine.versions import clock, owner, version, wrote
from ..errors import DtypeError, InplaceError, ShapeError
from ..kernels.layouts import OwnOrder
from ..ops.index.index import exchanged, index_put, integers_apart, normal_index, select_view, view_write
from ..ops.shape.shape import _permute, _reshape
from ..primitives.primitive import Primitive
from .kernel_errors import _index_text

X = TypeVar("X")
NO_NAMES: Mapping[str, Any] = MappingProxyType({})


def apply_inplace(x: X, op: Callable[..., Any], name: str, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] = NO_NAMES) -> X:
    """x.name(*args, **kwargs): `op` out of place, written into `x`."""
    target: Any = x
    check_writable(target, name)
    start, steady, call = clock(), False, op
    if op.__class__ is Primitive:
        steady, call = op.steady, op.call
    if name in _RESHAPING:
        with Switch(record=not target.is_leaf):  # its entries stay what they are, and so does what they were computed from
            reinterpret_inplace(target, call(target, *args, **kwargs))
        return x
    result = call(target, *args, **kwargs) if kwargs else call(target, *args)
    if not steady:
        _save_overwritten(result.node, start, target.value)
    write(target, result, name, steady)
    return x


_RESHAPING = frozenset(("unsqueeze_", "squeeze_", "transpose_", "swapaxes_", "swapdims_", "t_"))


def reinterpret_inplace(x: Any, result: Any) -> Any:
    """`x.unsqueeze_(0)` and its like: no entry is written; `x` looks at its memory as the view `result` of it does."""
    if result is x:
        return x
    if x._view is not None:  # it was a view and is a longer one now
        x._view = result._view
    else:  # the way from it to its views begins with the way back
        prim, params = result._view.path[-1]
        back = _inverse(prim, params, x.value.shape)
        for view in live_views(x):
            if view is not result:
                view._view = view._view.of(x, (back,))
    x.value = result.value
    if isinstance(x.node, Leaf):  # under no_grad: it stays the leaf it is
        x.node.value, x.node.shape = x.value, x.value.shape
    elif result.node is not None:
        x.hang(result.node)
    if current().tracer is not None:
        current().tracer.repointed(x)
        current().tracer.rebind(x, result)
    return x


def _inverse(prim: Any, params: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[Any, tuple[Any, ...]]:
    """What undoes a `reshape` or `permute` of an array of this shape, as a primitive and its parameters."""
    return (_permute, (tuple(np.argsort(params[0]).tolist()),)) if prim is _permute else (_reshape, (shape, "view"))


def repoint(x: Any, array: Any, source: Any = None) -> None:
    """Let `x` look at other memory from now on, that of `source` if it is anybody's. Its views still look at the old, and at each other."""
    views = [] if x._view is not None else live_views(x)
    tracer = current().tracer
    if views:
        old = object.__new__(type(x))
        old.value, old.node = x.value, x.node
        if tracer is not None:
            tracer.rebind(old, x)
        for view in views:
            view._view = view._view.of(old)
        old.__dict__["_views"] = x.__dict__.pop("_views")
    x._view = None
    x.value = array
    if isinstance(x.node, Leaf):
        x.node.value, x.node.shape, x.node.dtype = array, array.shape, array.dtype
    if tracer is not None:
        tracer.repointed(x)
        if source is not None and x.node is not None and not isinstance(x.node, Leaf):
            with Switch(record=True):  # the gradient goes on to what `x` was made of
                source = exchanged(x, source.detach())
        tracer.rebind(x, source)


def _save_overwritten(node: Node | None, start: int, array: Any) -> None:
    """What the operation's own nodes keep of the memory about to be overwritten, they keep as a copy."""
    store, todo = owner(array), [node]
    while todo:
        n = todo.pop()
        if n is None or n.serial <= start:
            continue
        if n.kept:
            n.kept = tuple(np.array(k) if owner(k) is store else k for k in n.kept)
        todo.extend(n.inputs)


def check_writable(x: Any, name: str, part: bool = False) -> None:
    """May `x` (or, with `part`, a view of it) be written to? Before anything is changed."""
    c = current()
    if c.recording and (x.node is not None or (x._view is not None and x._view.base.node is not None)):
        if isinstance(x.node, Leaf):
            raise InplaceError(
                f"a {'view of a ' if part else ''}leaf Variable that requires grad is being used in an in-place operation ({name}). "
                "Use the out-of-place operation, or wrap the write in no_grad()."
            )
        if x._view is not None and isinstance(x._view.base.node, Leaf):
            raise InplaceError(
                f"a view of a leaf Variable that requires grad is being used in an in-place operation ({name}). Use the "
                "out-of-place operation, clone() the leaf first, or wrap the write in no_grad()."
            )
        if x._view is not None and x._view.sealed:
            raise InplaceError(
                f"Output of {x._view.custom} is a view and is being modified inplace ({name}). This view was created inside a user's "
                "function or operation (or an input was returned as it is), whose own rule such a write would go past. Write to a clone() of "
                "it, use the out-of-place operation, or let the function return memory of its own."
            )
        if x.node is None:  # a view made under no_grad: what is written to it follows from its base, too
            x.node = x._view.again(x._view.base).node
    if x._inference and not c.inference:
        raise InplaceError("Inplace update to inference tensor outside InferenceMode is not allowed. You can make a clone() first.")
    array = x.value if _can_swap(x) else x.storage()
    if meets_itself(array):
        raise InplaceError(
            f"unsupported operation ({name}): more than one element of the written-to tensor refers to a single memory location. "
            "Please clone() the tensor before performing the operation."
        )
    if not array.flags.writeable:
        raise InplaceError(f"{name}: expected a writable tensor, got one that shares read-only memory. Please clone() it first.")


def meets_itself(array: Any) -> bool:
    """Do several entries lie at one place (expanded dims, windows that overlap)?"""
    if array.flags.c_contiguous or not array.size:
        return False
    reach = array.itemsize
    for step, n in sorted((abs(s), n) for s, n in zip(array.strides, array.shape, strict=True) if n > 1):
        if step < reach:
            return True
        reach += step * (n - 1)
    return False


_KIND = {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}
_SPOKEN = {
    "bool": "Bool",
    "int64": "Long",
    "int32": "Int",
    "int16": "Short",
    "int8": "Char",
    "uint8": "Byte",
    "float16": "Half",
    "float32": "Float",
    "float64": "Double",
    "complex64": "ComplexFloat",
    "complex128": "ComplexDouble",
}


def _can_swap(x: Any) -> bool:
    """Has nobody but `x` seen its memory? Then a new value may take the place of the old one, and stay in its backend's order."""
    return x.value.__class__ is OwnOrder and x.value.stored is None and not isinstance(x.node, Leaf)


def _same_kind(a: Any, b: Any) -> bool:
    return a.shape == b.shape and a.dtype is b.dtype


def _swap(x: Any, result: Any) -> None:
    wrote(x.value)  # what keeps the old value must hear of it, as if the memory had been overwritten
    tracer = current().tracer
    if tracer is not None:
        tracer.follow(x)
    count, x.value = version(x.value), result.value
    wrote(x.value, count)
    if result.node is not None:
        result.node.serial = clock()


def write(x: Any, result: Any, name: str, steady: bool = False) -> Any:
    """Put `result` into `x`'s memory and `x` in its place in the graph. `steady`: its node keeps `x`, and may read the result there."""
    if result.value.__class__ is OwnOrder and _can_swap(x) and _same_kind(result.value, x.value):
        _swap(x, result)
        rebase(x, result)
        return x
    array, new = x.storage(), result.value
    if new.shape != array.shape:
        raise ShapeError(
            f"{name}: output with shape {list(array.shape)} doesn't match the broadcast shape {list(new.shape)}. "
            "Use the out-of-place operation."
        )
    if _KIND[new.dtype.kind] > _KIND[array.dtype.kind]:
        raise DtypeError(
            f"{name}: result type {_SPOKEN.get(new.dtype.name, new.dtype.name)} can't be cast to the desired output type "
            f"{_SPOKEN.get(array.dtype.name, array.dtype.name)}. Use the out-of-place operation."
        )
    np.copyto(array, new, casting="unsafe")
    wrote(array)
    node = result.node
    if node is not None and new.dtype is array.dtype and (steady or any(k is new for k in node.kept)):
        # the output it keeps is now in x: one copy is enough. It counts as kept after the write.
        node.kept = tuple(array if k is new else k for k in node.kept)
        node.serial = clock()
    rebase(x, result)
    return x


def rebase(x: Any, result: Any) -> None:
    """`x` was overwritten by `result`: the graph follows."""
    c = current()
    if c.tracer is not None:
        _retrace(x, result, c.tracer)
    if c.recording:
        move(x, result.node)


def _retrace(x: Any, result: Any, tracer: Any) -> None:
    """The same for a trace: the base of a view was written to, and its other views show it."""
    base = x if x._view is None else x._view.base
    tracer.follow(base)
    before = tracer.argument(base)
    tracer.rebind(x, result)
    if base is not x:
        tracer.rebind(base, view_write(base, result, path=x._view.path))
    kept = base.node is not None and not current().recording  # under no_grad what it was made of stays
    if kept or tracer.shown_elsewhere(base):
        tracer.overwrote(before, base)
        if base is not x:
            see_again(x, tracer)
    elif base is not x:
        tracer.loose.add(id(base))
    for view in live_views(base):
        if view is not x:
            see_again(view, tracer)


def hold_together(base: Any, tracer: Any) -> None:
    """Before something else shares the memory of `base`: let a trace know all its views in that memory."""
    if id(base) in tracer.loose:
        tracer.loose.remove(id(base))
        for view in live_views(base):
            see_again(view, tracer)


def see_again(view: Any, tracer: Any) -> None:
    """Let a trace know the view as what its base shows there, in the base's memory."""
    with Switch(record=current().record or view.node is not None):
        again = view._view.again(view._view.base)
    again._view = None  # it stands for the view in the trace, and is none itself
    tracer.rebind(view, again)


def move(x: Any, node: Node | None) -> None:
    """Let `x` have been made by `node`; a view's base gets a node for the write, and its other views are recorded anew."""
    if node.__class__ is Node:
        node.__class__ = Overwriting
    base = x
    if x._view is not None:
        base = x._view.base
        path = x._view.path
        if base.node is not None or node is not None:
            c = current()
            base.hang(record_node(view_write, type(base), (base.node, node), (base.value, x.value), (path,), (base.value,), c))
    else:
        x.hang(node)
    for view in live_views(base):
        if base.node is None:
            if not isinstance(view.node, Leaf):  # which has become a leaf since
                view.hang(None)
        elif view._view.custom is not None and view is not x:
            view.hang(lost(view))  # seen from the base it would be a plain view, without its function's own rule
        else:
            view.hang(view._view.again(base).node)


class _Lost(PseudoPrimitive):
    """What stands behind a view that a user's function made, after its base was written to: a gradient through it is refused."""

    inputs = ("input",)
    name = "lost_view"

    def __init__(self, of: str) -> None:
        self.of = of

    def pull(self, g: Any, k: Any, p: Any, i: Any) -> Any:
        raise InplaceError(
            f"Output of {self.of} is a view and its base or another view of its base has been modified inplace. This view was created "
            "inside a custom Function (or because an input was returned as-is), whose own backward would be left out. Clone the output "
            "of the Function, or use the out-of-place operation."
        )


def lost(view: Any) -> Node:
    """A node for a custom function's view of something that was overwritten."""
    base = view._view.base
    return record_node(_Lost(view._view.custom), type(view), (base.node,), (base.value,), (), (view.value,), current())


def setitem(x: Any, at: Any, values: Any) -> None:
    """x[at] = values, recorded."""
    array = x.storage()
    normal, gathers = normal_index(at, array.ndim)
    check_writable(x, "__setitem__", part=not gathers)
    steps = integers_apart(normal) if gathers else None
    if steps is not None:
        setitem(select_view(x, at=steps[0]), steps[1], values)
        return
    raw = unbox(values)
    if not isinstance(values, Variable | np.ndarray | np.generic | int | float | bool | complex):
        raise TypeError(f"can't assign a {type(values).__name__} to a tensor: expected a number or a Tensor. Use ac.tensor(values).")
    c = current()
    if c.tracer is not None:
        result = index_put(x, values, at=normal)
        np.copyto(array, result.value)
        wrote(array)
        rebase(x, result)
        return
    try:
        array[normal] = raw
    except IndexError as error:
        raise IndexError(f"{_index_text(str(error))} (in __setitem__)") from None
    except ValueError:
        raise ShapeError(_no_fit(array[normal].shape, np.shape(raw), gathers)) from None
    wrote(array)
    node = values.node if isinstance(values, Variable) else None
    if c.region is not None:
        c.region.called((x.node, node), (array, raw), (normal,), ())
    if c.recording:
        recorded = x.node is not None or node is not None
        move(x, record_node(index_put, type(x), (x.node, node), (array, raw), (normal,), (array,), c) if recorded else None)


def _no_fit(target: tuple[int, ...], shape: tuple[int, ...], gathers: bool) -> str:
    """What is wrong with x[…] = values, in PyTorch's words for slices or for lists of indices."""
    if gathers or len(shape) > len(target):
        return f"shape mismatch: value tensor of shape {list(shape)} cannot be broadcast to indexing result of shape {list(target)}"
    d = next(d for d in range(-len(shape), 0) if shape[d] not in (1, target[d]))
    return (
        f"The expanded size of the tensor ({target[d]}) must match the existing size ({shape[d]}) at non-singleton dimension "
        f"{len(target) + d}.  Target sizes: {list(target)}.  Tensor sizes: {list(shape)} (in __setitem__)"
    )
