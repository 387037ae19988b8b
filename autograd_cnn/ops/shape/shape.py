"""Other shapes of the same values: views where NumPy can give one, copies where it cannot."""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine.variable import Variable, ndim_of, shape_of, unbox
from ...errors import ShapeError, expected
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand
from ...types.promotion import Array
from ..elementwise.arithmetic import expand_to
from ..registry.dims import normal_dim, normal_dims, sizes_by_name
from ..registry.expose import expose

Shape = tuple[int, ...]


_INT = {int}


def given_sizes(sizes: tuple[Any, ...]) -> Shape:
    """`f(2, 3)` and `f((2, 3))` mean the same."""
    if len(sizes) == 1 and isinstance(sizes[0], Sequence | np.ndarray):
        sizes = tuple(sizes[0])
    return sizes if {*map(type, sizes)} <= _INT else tuple(_whole(unbox(s)) for s in sizes)


def _whole(size: Any) -> int:
    try:
        return operator.index(size)
    except TypeError:
        raise TypeError(expected("size", "integers", f"{type(size).__name__} {size!r}"[:60])) from None


def full_shape(shape: Shape, have: Shape, operation: str) -> Shape:
    """The shape with its one -1 filled in; an error where the element counts differ."""
    count = math.prod(have)
    if math.prod(shape) == count and (not shape or builtins.min(shape) >= 0):
        return shape
    if shape.count(-1) > 1:
        raise RuntimeError(f"{operation}: only one dimension can be inferred, got shape {list(shape)}")
    if any(s < -1 for s in shape):
        raise RuntimeError(f"{operation}: invalid shape dimension {builtins.min(shape)}: expected sizes >= 0, or one -1")
    if -1 in shape:
        rest = math.prod(s for s in shape if s != -1)
        if rest == 0:
            raise RuntimeError(
                f"{operation}: cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size "
                "-1 can be any value and is ambiguous"
            )
        if count % rest:
            raise ShapeError(f"shape '{list(shape)}' is invalid for input of size {count} (in {operation}, of shape {list(have)})")
        return tuple(count // rest if s == -1 else s for s in shape)
    if math.prod(shape) != count:
        raise ShapeError(f"shape '{list(shape)}' is invalid for input of size {count} (in {operation}, of shape {list(have)})")
    return shape


@primitive(label="{kind}", family="shape", view=True)
def _reshape(input: Array, *, shape: Shape, kind: str = "reshape") -> Array:
    """The same values in row-major order in another shape; a view where the strides allow it"""
    return np.reshape(input, shape)


@_reshape.source
def _(input: Operand, shape: Any, kind: str) -> str:
    if kind == "unsqueeze" and input.ndim < len(shape) <= input.ndim + 2:
        left, said = list(input.shape or ()), []
        for n in shape:
            said.append(":" if left and left[0] == n else "None")
            left[:1] = left[1:] if said[-1] == ":" else left[:1]
        if not left and said[-1] == "None" and len(said) > 2:
            return (
                f"input[..., {', '.join(said[said.index('None') :])}]"
                if said.count("None") == len(said) - said.index("None")
                else f"input[{', '.join(said)}]"
            )
        if not left:
            return f"input[{', '.join(said)}]"
    return f"input.reshape({', '.join(map(str, shape))})" if shape else "input.reshape(())"


@_reshape.vjp("input")
def _(g: Array, input_shape: Shape, kind: str) -> Array:
    return _reshape(g, shape=input_shape, kind=kind)


@_reshape.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(max_dims=3))
    return Case(x, shape=draw.choice([(-1,), (1, -1), tuple(reversed(x.shape))]))


@_reshape.onnx
def _(to: Emit, input: Any, *, shape: Any, kind: Any) -> Any:
    return to.reshape(input, shape)


@expose("function method")
def reshape(input: Array, *sizes: Any, shape: Any = None) -> Array:
    """The same values in row-major order, in another shape; one size may be -1. A view where possible, else a copy.

    Raises:
        ShapeError (a RuntimeError): the element counts differ.

    >>> import autograd_cnn as ac
    >>> ac.arange(6).reshape(2, -1)
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    return _reshape(input, shape=full_shape(given_sizes(sizes if shape is None else (shape,)), shape_of(input), "reshape"))


@expose("method")
def view(input: Any, *shape: Any, size: Any = None, dtype: Any = None) -> Any:
    """As `reshape`, but always sharing memory: an error where that cannot be. A dtype reinterprets the bytes.

    >>> import autograd_cnn as ac
    >>> ac.arange(6).view(3, 2).shape
    torch.Size([3, 2])
    """
    if dtype is not None or (len(shape) == 1 and isinstance(shape[0], np.dtype | type)):
        return input._reinterpret(np.dtype(shape[0] if dtype is None else dtype))
    sizes = full_shape(given_sizes(shape if size is None else (size,)), shape_of(input), "view")
    array = input.storage()
    if not _strides_allow(array, sizes):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous "
            f"subspaces): got shape {list(array.shape)} to be viewed as {list(sizes)}. Use .reshape(...) instead."
        )
    return _reshape(input, shape=sizes, kind="view")


def _strides_allow(a: Any, shape: Shape) -> bool:
    if a.flags.c_contiguous or a.size == 0:
        return True
    return np.may_share_memory(a, np.reshape(a, shape))


@expose("method")
def view_as(input: Any, other: Any) -> Any:
    """`input.view(other.size())`.

    >>> import autograd_cnn as ac
    >>> ac.arange(4).view_as(ac.zeros(2, 2)).shape
    torch.Size([2, 2])
    """
    return view(input, *shape_of(other))


@expose("method")
def reshape_as(input: Any, other: Any) -> Any:
    """`input.reshape(other.size())`.

    >>> import autograd_cnn as ac
    >>> ac.arange(4).reshape_as(ac.zeros(2, 2)).shape
    torch.Size([2, 2])
    """
    return reshape(input, *shape_of(other))


@expose("function method")
def flatten(input: Array, start_dim: int = 0, end_dim: int = -1) -> Array:
    """Dims start_dim … end_dim as one.   (N, C, H, W) → (N, C·H·W) with start_dim=1

    >>> import autograd_cnn as ac
    >>> ac.zeros(2, 3, 4).flatten(1).shape
    torch.Size([2, 12])
    """
    shape = shape_of(input)
    if not shape:
        return _reshape(input, shape=(1,), kind="flatten")
    a, b = normal_dim(start_dim, len(shape), "flatten"), normal_dim(end_dim, len(shape), "flatten")
    if a > b:
        raise RuntimeError(f"flatten() has invalid args: start_dim cannot come after end_dim, got {start_dim} and {end_dim}")
    return _reshape(input, shape=(*shape[:a], math.prod(shape[a : b + 1]), *shape[b + 1 :]), kind="flatten")


@expose("function method")
def ravel(input: Array) -> Array:
    """All dims as one; a view of what is contiguous, else a copy.

    >>> import autograd_cnn as ac
    >>> ac.tensor([[1, 2], [3, 4]]).ravel()
    tensor([1, 2, 3, 4])
    """
    return _reshape(contiguous(input), shape=(math.prod(shape_of(input)),), kind="flatten")


@expose("function method")
def unflatten(input: Array, dim: int, sizes: Sequence[int]) -> Array:
    """One dim as several; one size may be -1.

    >>> import autograd_cnn as ac
    >>> ac.zeros(2, 12).unflatten(1, (3, -1)).shape
    torch.Size([2, 3, 4])
    """
    shape = shape_of(input)
    d = normal_dim(dim, len(shape), "unflatten")
    return _reshape(
        input,
        shape=(*shape[:d], *full_shape(tuple(sizes), (shape[d],), "unflatten"), *shape[d + 1 :]),
        kind="unflatten",
    )


@expose("function method inplace")
def squeeze(input: Array, dim: int | Sequence[int] | None = None) -> Array:
    """Without its dims of size 1 (or only those named).

    >>> import autograd_cnn as ac
    >>> ac.zeros(1, 3, 1).squeeze(0).shape
    torch.Size([3, 1])
    """
    shape = shape_of(input)
    dims = range(len(shape)) if dim is None else normal_dims(dim, len(shape), "squeeze")
    keep = [n for i, n in enumerate(shape) if n != 1 or i not in dims]
    return _reshape(input, shape=tuple(keep), kind="squeeze")


@expose("function method inplace")
def unsqueeze(input: Array, dim: int) -> Array:
    """With a new dim of size 1 at `dim`.

    >>> import autograd_cnn as ac
    >>> ac.zeros(3).unsqueeze(0).shape
    torch.Size([1, 3])
    """
    shape = shape_of(input)
    d = normal_dim(dim, len(shape) + 1, "unsqueeze")
    return _reshape(input, shape=(*shape[:d], 1, *shape[d:]), kind="unsqueeze")


@primitive(label="permute {dims}", family="shape", view=True, name="permute")
def _permute(input: Array, *, dims: Shape) -> Array:
    """The dims in another order: y[i_dims[0], i_dims[1], …] = input[i_0, i_1, …]; a view"""
    return np.transpose(input, dims)


@_permute.source
def _(input: Operand, dims: Any) -> str:
    order = (*range(input.ndim),)
    if dims == order[::-1]:
        return "input.T"
    if dims == (*order[:-2], *order[:-3:-1]):
        return "input.swapaxes(-1, -2)"
    return f"input.transpose({', '.join(map(str, dims))})"


@_permute.vjp("input")
def _(g: Array, dims: Shape) -> Array:
    return _permute(g, dims=tuple(int(i) for i in np.argsort([d % len(dims) for d in dims])))


@_permute.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=1))
    order = list(range(x.ndim))
    return Case(x, dims=tuple(draw.choice([order, order[::-1], order[1:] + order[:1]])))


@_permute.onnx
def _(to: Emit, input: Any, *, dims: Any) -> Any:
    return to.Transpose(input, perm=[int(d) % len(dims) for d in dims]) if dims else to.Identity(input)


@expose("function method")
def permute(input: Array, *order: Any, dims: Any = None) -> Array:
    """The dims in the order `dims`; a view.

    >>> import autograd_cnn as ac
    >>> ac.zeros(2, 3, 4).permute(2, 0, 1).shape
    torch.Size([4, 2, 3])
    """
    n = ndim_of(input)
    order = given_sizes(order if dims is None else (dims,))
    if len(order) != n:
        raise RuntimeError(
            f"permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired ordering of "
            f"dimensions i.e. input.dim() = {n} is not equal to len(dims) = {len(order)}"
        )
    return _permute(input, dims=normal_dims(order, n, "permute"))


@expose("function method")
def permute_dims(input: Array, *order: Any, dims: Any = None) -> Array:
    """The same as `permute`.

    >>> import autograd_cnn as ac
    >>> ac.permute_dims(ac.zeros(2, 3, 4), (2, 0, 1)).shape
    torch.Size([4, 2, 3])
    """
    return permute(input, *order, dims=dims)


@expose("function method inplace")
def transpose(input: Array, dim0: int, dim1: int) -> Array:
    """Two dims exchanged; a view.

    >>> import autograd_cnn as ac
    >>> ac.zeros(2, 3).transpose(0, 1).shape
    torch.Size([3, 2])
    """
    n = ndim_of(input)
    a, b = normal_dim(dim0, n, "transpose"), normal_dim(dim1, n, "transpose")
    if n == 0:
        return input
    order = list(range(n))
    order[a], order[b] = b, a
    return _permute(input, dims=tuple(order))


@expose("function method inplace")
def swapaxes(input: Array, dim0: int, dim1: int) -> Array:
    """The same as `transpose`.

    >>> import autograd_cnn as ac
    >>> ac.swapaxes(ac.zeros(2, 3, 4), 0, 2).shape
    torch.Size([4, 3, 2])
    """
    return transpose(input, dim0, dim1)


@expose("function method inplace")
def swapdims(input: Array, dim0: int, dim1: int) -> Array:
    """The same as `transpose`.

    >>> import autograd_cnn as ac
    >>> ac.swapdims(ac.zeros(2, 3, 4), 0, 2).shape
    torch.Size([4, 3, 2])
    """
    return transpose(input, dim0, dim1)


@expose("function method inplace")
def t(input: Array) -> Array:
    """The transpose of a matrix (fewer than two dims: as it is); a view.   (m, n) → (n, m)

    Raises:
        RuntimeError: more than two dims.

    >>> import autograd_cnn as ac
    >>> ac.tensor([[1, 2, 3]]).t()
    tensor([[1],
            [2],
            [3]])
    """
    n = ndim_of(input)
    if n > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {n}D. Use transpose(dim0, dim1).")
    return _permute(input, dims=tuple(range(n))[::-1]) if n == 2 else input


@expose("function method")
def movedim(input: Array, source: int | Sequence[int], destination: int | Sequence[int]) -> Array:
    """Dims `source` moved to the places `destination`.

    >>> import autograd_cnn as ac
    >>> ac.zeros(2, 3, 4).movedim(0, -1).shape
    torch.Size([3, 4, 2])
    """
    n = ndim_of(input)
    src, dst = normal_dims(source, n, "movedim"), normal_dims(destination, n, "movedim")
    if len(src) != len(dst):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(src)} dims) should contain the same number of dims "
            f"as destination ({list(dst)} dims)"
        )
    order = [d for d in range(n) if d not in src]
    for to, frm in sorted(zip(dst, src, strict=True)):
        order.insert(to, frm)
    return _permute(input, dims=tuple(order))


@expose("function method")
def moveaxis(input: Array, source: int | Sequence[int], destination: int | Sequence[int]) -> Array:
    """The same as `movedim`.

    >>> import autograd_cnn as ac
    >>> ac.moveaxis(ac.zeros(2, 3, 4), 0, -1).shape
    torch.Size([3, 4, 2])
    """
    return movedim(input, source, destination)


@expose("method")
@sizes_by_name("size")
def expand(input: Array, *sizes: Any) -> Array:
    """Dims of size 1 stretched, new dims in front; -1 keeps a size. No memory is copied.

    >>> import autograd_cnn as ac
    >>> ac.tensor([[1.], [2.]]).expand(2, 3)
    tensor([[1., 1., 1.],
            [2., 2., 2.]])
    """
    have, want = shape_of(input), given_sizes(sizes)
    lead = len(want) - len(have)
    if lead < 0:
        raise RuntimeError(
            f"expand({list(have)}, size={list(want)}): the number of sizes provided ({len(want)}) must be greater or equal to the number "
            f"of dimensions in the tensor ({len(have)})"
        )
    full = []
    for i, s in enumerate(want):
        old = have[i - lead] if i >= lead else None
        if s == -1:
            if old is None:
                raise RuntimeError(f"expand: the expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension {i}")
            s = old
        if old is not None and old not in (1, s):
            raise RuntimeError(
                f"The expanded size of the tensor ({s}) must match the existing size ({old}) at non-singleton dimension {i}.  Target "
                f"sizes: {list(want)}.  Tensor sizes: {list(have)}"
            )
        full.append(s)
    return expand_to(input, shape=tuple(full))


@expose("method")
def expand_as(input: Array, other: Array) -> Array:
    """`input.expand(other.size())`.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1, 2]).expand_as(ac.zeros(2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    return expand(input, *shape_of(other))


@expose("function method")
def broadcast_to(input: Array, size: Sequence[int]) -> Array:
    """`input.expand(size)`.

    >>> import autograd_cnn as ac
    >>> ac.broadcast_to(ac.tensor([1, 2]), (2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    return expand(input, tuple(size))


@expose("function method")
@primitive(label="clone", family="shape", derivative="1")
def clone(input: Array, *, memory_format: Any = None) -> Array:
    """A copy in its own memory; the gradient passes.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.ones(2).clone()
    tensor([1., 1.])
    """
    return np.array(input, order="K")


clone.source("input.copy()", number="input")


@clone.vjp("input")
def _(g: Array) -> Array:
    return g


@clone.kernel(float)
def _(input: float, *, memory_format: Any = None) -> float:
    return input


@clone.cases
def _(draw: Draw) -> Case:
    return Case(draw.array())


@clone.onnx
def _(to: Emit, input: Any, *, memory_format: Any) -> Any:
    return input


@primitive(label="contiguous", family="shape")
def _pack(input: Array) -> Array:
    """A copy in row-major order"""
    return np.array(input, order="C")


@_pack.vjp("input")
def _(g: Array) -> Array:
    return g


@_pack.cases
def _(draw: Draw) -> Case:
    return Case(draw.array((2, 3)).T)


_pack.source("input.copy()")
_pack.onnx("Identity")


@expose("method")
def contiguous(input: Any, memory_format: Any = None) -> Any:
    """This tensor if its memory is in row-major order, else a copy that is.

    >>> import autograd_cnn as ac
    >>> x = ac.zeros(2, 3).t()
    >>> x.is_contiguous(), x.contiguous().is_contiguous()
    (False, True)
    """
    raw = input.storage() if isinstance(input, Variable) else input
    return input if not isinstance(raw, np.ndarray) or raw.flags.c_contiguous else _pack(input)


# ------------------------------------------------------------------------------------------------- detached
@primitive(name="detach", family="shape", view=True)
def _detach(input: Array) -> Array:
    """y = input, through which no gradient flows: what `detach` is to a trace"""
    return input[...]


@_detach.cases
def _(draw: Draw) -> Case:
    return Case(draw.array())


_detach.source("input", number="input")
_detach.onnx("Identity")


def apart(array: Any) -> Any:
    """The same memory as an array whose writes are counted by themselves."""
    return np.asarray(memoryview(array))


@primitive(name="data", family="shape", view=True)
def _data(input: Array) -> Array:
    """y = input, unknown to the graph, and so are writes to it: what `.data` is to a trace"""
    return apart(input)


_data.source("input", number="input")


@_data.cases
def _(draw: Draw) -> Case:
    return Case(draw.array())
