"""Indexing: basic (views) and advanced (copies), reading and writing."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from ...engine.variable import dtype_of, ndim_of, shape_of, unbox
from ...errors import expected
from ...kernels.onednn import channels_last_ops
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, index, literal, zeros
from ...types.promotion import Array, held
from ..registry.contiguous import contiguous
from ..registry.derived import derived, integer, settled
from ..registry.dims import normal_dim
from ..registry.expose import expose

Index = tuple[Any, ...]


def normal_index(at: Any, ndim: int) -> tuple[Index, bool]:
    """An index expression as NumPy takes it, and whether it is advanced (copies). PyTorch's errors for what does not fit."""
    parts = at if isinstance(at, tuple) else (at,)
    if isinstance(at, list) and any(isinstance(p, (slice, type(None), type(...))) for p in at):
        parts = tuple(at)
    normal: list[Any] = []
    advanced = False
    used = 0
    for p in parts:
        if p.__class__ is int:
            normal.append(p)
            used += 1
            continue
        p = _selected(p)
        if p is None or p is Ellipsis:
            normal.append(p)
            continue
        if isinstance(p, slice):
            start, stop, step = (v if v is None or v.__class__ is int else integer(v) for v in (p.start, p.stop, p.step))
            if step is not None and step <= 0:
                raise ValueError(f"index: expected a slice step greater than zero, got {step}. Use flip() to reverse a dim.")
            normal.append(slice(start, stop, step))
            used += 1
        elif isinstance(p, (bool, np.bool_)):
            normal.append(np.asarray(p))
            advanced = True
        elif isinstance(p, (int, np.integer)):
            normal.append(p)
            used += 1
        else:
            array = _index_array(p)
            advanced = True
            used += array.ndim if array.dtype == bool else 1
            normal.append(array)
    if used > ndim == 0:
        raise IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` to convert a 0-dim tensor to a Python number: expected no "
            f"index, got {used}."
        )
    if used > ndim:
        raise IndexError(f"too many indices for tensor of dimension {ndim}: expected at most {ndim}, got {used}")
    if advanced and used == ndim:  # an ellipsis of no dims: to NumPy it would part the index arrays
        normal = [n for n in normal if n is not Ellipsis]
    if not advanced and Ellipsis not in [n for n in normal if n is Ellipsis]:
        normal.append(Ellipsis)  # so that even a full integer index is a view, not a number
    return tuple(normal), advanced


def integers_apart(normal: Index) -> tuple[Index, Index] | None:
    """An advanced index in two steps, integers first, where one step would not do; else None.

    NumPy counts an integer among the index arrays: x[0, :, [1, 2]] is to it an index with a gap, whose dims go to the front.
    PyTorch selects first: x[0][:, [1, 2]].
    """
    placed = [i for i, p in enumerate(normal) if isinstance(p, int | np.integer | np.ndarray)]
    if placed[-1] - placed[0] + 1 == len(placed) or not any(isinstance(p, int | np.integer) for p in normal):
        return None
    first: list[Any] = []
    for p in normal:
        if isinstance(p, np.ndarray):
            first += [slice(None)] * (p.ndim if p.dtype == bool else 1)
        elif p is not None:
            first.append(slice(None) if isinstance(p, slice) else p)
    if Ellipsis not in [p for p in first if p is Ellipsis]:
        first.append(Ellipsis)
    return tuple(first), tuple(p for p in normal if not isinstance(p, int | np.integer))


def _selected(p: Any) -> Any:
    """The raw value of one part of an index. What holds a single integer selects, as the integer does; a tensor or array of bytes is a mask."""
    raw = unbox(p)
    if not isinstance(raw, np.ndarray | np.integer | np.bool_):
        return raw
    byte = raw.dtype == np.uint8 and not isinstance(p, np.integer)
    if not raw.ndim and (byte or raw.dtype == bool):
        settled("a 0-d mask as an index", p, "Choose with where.")
    if byte:
        return derived(_mask, p)
    return raw if raw.ndim or raw.dtype.kind not in "iu" else integer(p)


def _index_array(p: Any) -> Any:
    array = derived(_stacked, *p) if isinstance(p, (list, tuple)) else np.asarray(p)
    if array.size == 0 and array.dtype.kind == "f" and isinstance(p, (list, tuple)):
        array = array.astype(np.int64)
    if array.dtype.kind not in "iub":
        raise IndexError(
            f"tensors used as indices must be long, int, byte or bool tensors: expected integers, got {array.dtype}. Convert with .long()."
        )
    return array


def _stacked(*parts: Any) -> Any:
    return np.asarray(parts)


def _mask(x: Any) -> Any:
    """Bytes as an index are a mask."""
    return np.asarray(x).astype(bool)


@primitive(label="index", family="index", view=True)
def select_view(input: Array, *, at: Index) -> Array:
    """y = input[at] for integers, slices, None and ...: a view."""
    return input[at]


@select_view.source
def _(at: Any) -> str:
    return f"input[{index(at)}]"


select_view.accelerated(channels_last_ops.part)


@select_view.vjp("input")
def _(g: Array, input_shape: tuple[int, ...], at: Index) -> Array:
    return index_adjoint(g, at=at, shape=input_shape)


@select_view.cases
def _(draw: Draw) -> Case:
    at = draw.choice([(0, Ellipsis), (slice(0, 2), Ellipsis), (None, Ellipsis, slice(None, None, 2)), (Ellipsis, -1)])
    return Case(draw.array(draw.shape(min_dims=2)), at=at)


@select_view.onnx
def _(to: Emit, input: Any, *, at: Any) -> Any:
    return to.select(input, at)


@primitive(label="index", family="index")
def select_copy(input: Array, *, at: Index) -> Array:
    """y = input[at] with integer or boolean arrays in `at`: a copy."""
    return contiguous(input[at])


@select_copy.source
def _(at: Any) -> str:
    return f"input[{index(at)}]"


@select_copy.vjp("input")
def _(g: Array, input_shape: tuple[int, ...], at: Index) -> Array:
    return index_adjoint(g, at=at, shape=input_shape)


@select_copy.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=2))
    rows = draw.integers((3,), -x.shape[0], x.shape[0])
    at = draw.choice([(rows,), (slice(None), draw.integers((2, 2), 0, x.shape[1])), (x > 0,), (rows, slice(None, 1))])
    return Case(x, at=at)


@select_copy.onnx
def _(to: Emit, input: Any, *, at: Any) -> Any:
    return to.select(input, at)


@primitive(label="scatter to {shape}", family="index")
def index_adjoint(input: Array, *, at: Index, shape: tuple[int, ...]) -> Array:
    """The adjoint of indexing: zeros of `shape` with `input` added at `at` (entries met twice add up)."""
    y = np.zeros(shape, input.dtype)
    if all(not isinstance(p, np.ndarray) or p.dtype == bool for p in at):
        y[at] = input
    else:
        np.add.at(y, at, input)
    return y


@index_adjoint.source
def _(y: Operand, at: Any) -> str:
    adds = any(isinstance(p, Operand) and p.dtype != bool for p in at)
    put = f"np.add.at(y, {literal(tuple(at))}, input)" if adds else f"y[{index(at)}] = input"
    return f"y = {zeros(y)}\n{put}\ny"


@index_adjoint.vjp("input")
def _(g: Array, at: Index) -> Array:
    return select(g, at)


@index_adjoint.cases
def _(draw: Draw) -> Case:
    n = draw.integer(1, 4)
    return Case(draw.array((3, 2)), at=(draw.integers((3,), 0, n),), shape=(n, 2))


@index_adjoint.onnx
def _(to: Emit, input: Any, *, at: Any, shape: Any) -> Any:
    places = to.places(shape, at)
    zeros = to.const(np.zeros(math.prod(int(n) for n in shape)), input.dtype)
    added = to.ScatterElements(zeros, to.const(places.reshape(-1)), to.Reshape(input, [-1]), axis=0, reduction="add")
    return to.reshape(added, shape)


@primitive(label="index put", family="index")
def index_put(input: Array, values: Array, *, at: Index) -> Array:
    """y = input, but y[at] = values"""
    y = np.array(input)
    y[at] = values
    return y


@index_put.source
def _(at: Any) -> str:
    return f"y = input.copy()\ny[{index(at)}] = values\ny"


@index_put.vjp("input")
def _(g: Array, at: Index) -> Array:
    return index_put(g, 0.0, at=at)


@index_put.vjp("values")
def _(g: Array, at: Index) -> Array:
    return select(g, at)


@index_put.cases
def _(draw: Draw) -> Case:
    x = draw.array((3, 4))
    return draw.choice([Case(x, draw.array((4,)), at=(0, Ellipsis)), Case(x, draw.array((2, 1)), at=(slice(1, None), Ellipsis))])


@index_put.onnx
def _(to: Emit, input: Any, values: Any, *, at: Any) -> Any:
    places = to.places(input.shape, at)
    flat = to.Reshape(input, [-1])
    values = to.Reshape(to.Expand(to.cast(values, input.dtype), to.ints(*places.shape)) if places.shape else values, [-1])
    return to.reshape(to.ScatterElements(flat, to.const(places.reshape(-1)), values, axis=0), input.shape)


def select(x: Any, at: Index) -> Any:
    """x[at] for a normalised index, by the right one of the two primitives."""
    advanced = any(isinstance(p, np.ndarray) for p in at)
    return select_copy(x, at=at) if advanced else select_view(x, at=at)


def getitem(x: Any, at: Any) -> Any:
    """x[at], for anything PyTorch takes as an index."""
    raw = unbox(x)
    normal, advanced = normal_index(at, raw.ndim)
    if not advanced:
        return select_view(x, at=normal)
    steps = integers_apart(normal)
    return select_copy(x, at=normal) if steps is None else select_copy(select_view(x, at=steps[0]), at=steps[1])


@primitive(label="write view", family="index")
def view_write(input: Array, part: Array, *, path: tuple[Any, ...]) -> Array:
    """y = input, but the view of y that `path` leads to is `part`: what writing to a view does to its base."""
    y = np.array(input, order="C")
    target = _followed(y, path)
    if np.may_share_memory(target, y):
        target[...] = part
    else:  # in y's order of memory a reshape on the way copies, where in the base's it did not: by the entries' places
        y.reshape(-1)[_followed(np.arange(y.size).reshape(y.shape), path)] = part
    return y


@view_write.source
def _(input: Operand, path: Any) -> str | None:
    steps = ""
    for prim, params in path:
        if prim is select_view:
            steps += f"[{index(params[0])}]"
        elif prim.name in ("reshape", "permute"):
            steps += f".{'reshape' if prim.name == 'reshape' else 'transpose'}({literal(tuple(params[0]))})"
        else:
            return None
    if ".reshape" in steps and ".transpose" in steps:  # no view, perhaps
        places = f"at = np.arange({input.size}).reshape({literal(input.shape)}){steps}"
        return f"{places}\ny = input.copy()\ny.reshape(-1)[at] = part\ny"
    return f"y = input.copy()\ny{steps if steps.endswith(']') else steps + '[...]'} = part\ny"


def _followed(x: Array, path: tuple[Any, ...]) -> Array:
    """The view of x that the path leads to."""
    for prim, params in path:
        x = prim.forward(x, **dict(zip(prim.params, params, strict=True)))
    return x


@view_write.vjp("input")
def _(g: Array, path: tuple[Any, ...]) -> Array:
    return view_write(g, 0.0, path=path)


@view_write.vjp("part")
def _(g: Array, path: tuple[Any, ...]) -> Array:
    for prim, params in path:
        g = prim(g, **dict(zip(prim.params, params, strict=True)))
    return g


@view_write.cases
def _(draw: Draw) -> Case:
    from ..shape.shape import _permute, _reshape  # views of other families, which import this one

    row, column = (select_view, ((1, Ellipsis),)), (select_view, ((Ellipsis, slice(1, None, 2)),))
    turned, flat = (_permute, ((1, 0),)), (_reshape, ((12,), None))
    path, shape = draw.choice(
        [((row,), (4,)), ((column,), (3, 2)), ((turned, row), (3,)), ((turned, turned, flat), (12,)), ((turned, flat), (12,))]
    )
    return Case(draw.array((3, 4)), draw.array(shape), path=path)


@view_write.onnx
def _(to: Emit, input: Any, part: Any, *, path: Any) -> Any:
    places = _followed(np.arange(math.prod(int(d) for d in input.shape)).reshape([int(d) for d in input.shape]), path)
    flat = to.Reshape(input, [-1])
    part = to.Reshape(to.cast(part, input.dtype), [-1])
    return to.reshape(to.ScatterElements(flat, to.const(places.reshape(-1).astype(np.int64)), part, axis=0), input.shape)


@primitive(label="fill {value}", family="index")
def filled(input: Array, *, value: float) -> Array:
    """y = value everywhere, of the input's shape and dtype"""
    return np.full_like(input, held(value, input.dtype, "fill_"))


filled.source("np.full_like(input, value)")


@filled.vjp("input")
def _(g: Array) -> Array:
    return filled(g, value=0.0)


@filled.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(), value=draw.real(-1, 1))


@filled.onnx
def _(to: Emit, input: Any, *, value: Any) -> Any:
    return to.Expand(to.const(value, input.dtype), to.ints(*input.shape)) if input.shape else to.Identity(to.const(value, input.dtype))


@primitive(label="copy", family="index")
def copied(input: Array, src: Array) -> Array:
    """y = src, broadcast to the input's shape and cast to its dtype"""
    y = np.empty_like(input)
    y[...] = src
    return y


copied.source("y = np.empty_like(input)\ny[...] = src\ny")


@copied.vjp("src")
def _(g: Array) -> Array:
    return g


@copied.vjp("input")
def _(g: Array) -> Array:
    return filled(g, value=0.0)


@copied.cases
def _(draw: Draw) -> Case:
    return Case(draw.array((2, 3)), draw.array(draw.choice([(3,), (2, 3), (1, 3)])))


@copied.onnx
def _(to: Emit, input: Any, src: Any) -> Any:
    return to.Expand(to.cast(src, input.dtype), to.ints(*input.shape)) if input.shape else to.reshape(to.cast(src, input.dtype), ())


@primitive(label="other data", family="index", view=True)
def exchanged(input: Array, data: Array) -> Array:
    """y = data, which takes no gradient; the input takes it: what an assignment to `.data` is to a trace"""
    return data


@exchanged.vjp("input")
def _(g: Array) -> Array:
    return g


@exchanged.cases
def _(draw: Draw) -> Case:
    x = draw.array()
    return Case(x, draw.array(x.shape), smooth=False)  # the gradient is that of the input as it was


@expose("function method")
def narrow(input: Array, dim: int, start: int, length: int) -> Array:
    """The entries start … start+length−1 along `dim`; a view.

    >>> import autograd_cnn as ac
    >>> ac.arange(5).narrow(0, 1, 3)
    tensor([1, 2, 3])
    """
    if not ndim_of(input):
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if hasattr(start, "ndim") and (start.ndim or dtype_of(start).kind not in "iu"):
        raise RuntimeError(f"start must be an 0-dim integral Tensor: narrow got {dtype_of(start)} of shape {list(shape_of(start))}.")
    d = normal_dim(dim, ndim_of(input), "narrow")
    n, first = shape_of(input)[d], integer(start)
    if not -n <= first <= n:
        raise IndexError(f"start out of range (expected to be in range of [{-n}, {n}], but got {first}) in narrow")
    given, first = first, first + (n if first < 0 else 0)
    if length < 0 or first < 0 or first + length > n:
        raise RuntimeError(
            f"start ({start}) + length ({length}) exceeds dimension size ({n}) in narrow."
            if length >= 0
            else expected("narrow", "length >= 0", length)
        )
    ends = (first, first + length) if isinstance(given, int) else (derived(partial(_edge, n, by), start) for by in (0, length))
    return select_view(input, at=(*(slice(None),) * d, slice(*ends), Ellipsis))


def _edge(n: int, by: int, start: Any) -> Any:
    return np.int64(int(start) % n + by if n else by)
