"""Values put elsewhere: padded, flipped, rolled, repeated, masked to triangles, read along diagonals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from ...engine.variable import ndim_of, shape_of, unbox
from ...errors import ShapeError, allocating, expected
from ...kernels.onednn import channels_last_ops
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...types.device import Size
from ...types.promotion import Array
from ..index.index import narrow, select_copy
from ..registry.contiguous import contiguous
from ..registry.derived import derived
from ..registry.dims import normal_dim, normal_dims, sizes_by_name
from ..registry.expose import expose
from .join import cat
from .shape import Shape, _pack, _permute, _reshape, clone, expand, given_sizes

Widths = tuple[tuple[int, int], ...]


@primitive(label="pad", family="shape")
def pad_constant(input: Array, *, widths: Widths, value: float = 0.0) -> Array:
    """`value` around the entries: (before, after) for each dim; negative widths crop"""
    x = input[tuple(slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(widths, input.shape, strict=True))]
    y = np.full([n + max(a, 0) + max(b, 0) for (a, b), n in zip(widths, x.shape, strict=True)], value, x.dtype)
    y[tuple(slice(max(a, 0), max(a, 0) + n) for (a, _), n in zip(widths, x.shape, strict=True))] = x
    return y


pad_constant.accelerated(channels_last_ops.pad)


@pad_constant.vjp("input")
def _(g: Array, widths: Widths) -> Array:
    return pad_constant(g, widths=tuple((-a, -b) for a, b in widths))


@pad_constant.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=1, min_side=3))
    return Case(x, widths=tuple((draw.integer(-1, 2), draw.integer(-1, 2)) for _ in x.shape), value=draw.real(-1, 1))


@pad_constant.onnx
def _(to: Emit, input: Any, *, widths: Any, value: Any) -> Any:
    x, n = input, len(input.shape)
    crop = [d for d, (a, b) in enumerate(widths) if a < 0 or b < 0]
    if crop:
        ends = [2**62 if widths[d][1] >= 0 else input.shape[d] + widths[d][1] for d in crop]
        x = to.Slice(x, [max(-widths[d][0], 0) for d in crop], ends, crop)
    return to.Pad(x, [max(w[0], 0) for w in widths] + [max(w[1], 0) for w in widths], to.const(value, input.dtype)) if n else to.Identity(x)


def _border(input: Any, dim: int, before: int, after: int, mode: str) -> Any:
    """One dim padded with its own entries."""
    n = shape_of(input)[dim]
    if mode == "replicate":
        return _replicated(input, dim, before, after)
    if before < 0 or after < 0:
        input = narrow(input, dim, max(-before, 0), n - max(-before, 0) - max(-after, 0))
        n = shape_of(input)[dim]
        before, after = max(before, 0), max(after, 0)
    limit = {"reflect": n - 1, "circular": n}.get(mode)
    if limit is not None and max(before, after) > limit:
        raise RuntimeError(
            f"pad: Padding size should be less than the corresponding input dimension, but got: padding ({before}, {after}) at dimension "
            f"{dim} of input {list(shape_of(input))} in mode {mode!r}"
        )
    if mode == "reflect":
        left, right = flip(narrow(input, dim, 1, before), dim), flip(narrow(input, dim, n - 1 - after, after), dim)
    else:
        left, right = narrow(input, dim, n - before, before), narrow(input, dim, 0, after)
    return cat([p for p, k in ((left, before), (input, 1), (right, after)) if k], dim)


def _replicated(input: Any, dim: int, before: int, after: int) -> Any:
    """One dim padded with its first and last entry; the entry at i is that at i − before, at the nearest end if there is none."""
    n = shape_of(input)[dim]
    if n == 0:
        raise RuntimeError(expected("pad", "a non-empty dim to replicate", f"size 0 at dim {dim}"))
    edge = [-1] * ndim_of(input)
    parts = [
        expand(narrow(input, dim, 0, 1), *edge[:dim], max(before, 0), *edge[dim + 1 :]),
        narrow(input, dim, max(-before, 0), max(n - max(-before, 0) - max(-after, 0), 0)),
        expand(narrow(input, dim, n - 1, 1), *edge[:dim], max(after, 0), *edge[dim + 1 :]),
    ]
    return cat([p for p in parts if shape_of(p)[dim]] or parts[:1], dim)


@expose("functional")
def pad(input: Array, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Array:
    """Entries added around the tensor. `pad` counts from the last dim backwards: (left, right, top, bottom, …); negative crops.

    Args:
        mode: "constant" (with `value`, 0 by default), "reflect" (without the edge), "replicate" (the edge again), "circular".

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.pad(ac.tensor([1., 2., 3.]), (1, 2))
    tensor([0., 1., 2., 3., 0., 0.])
    """
    shape = shape_of(input)
    if len(pad) % 2:
        raise RuntimeError(f"Padding length must be divisible by 2: got {len(pad)} in pad")
    if len(pad) > 2 * len(shape):
        raise RuntimeError(f"Padding length too large: got {len(pad)} values for an input of {len(shape)} dims in pad")
    widths = [(0, 0)] * len(shape)
    for i in range(len(pad) // 2):
        widths[-1 - i] = (int(pad[2 * i]), int(pad[2 * i + 1]))
    for d, ((a, b), n) in enumerate(zip(widths, shape, strict=True)):
        if n + a + b < 0 or n + min(a, 0) + min(b, 0) < 0:
            raise RuntimeError(
                f"The input size {n}, plus negative padding {a} and {b}, resulted in a negative output size, which is invalid. "
                f"Check dimension {d} of your input (in pad)."
            )
    if mode == "constant":
        return pad_constant(input, widths=tuple(widths), value=0.0 if value is None else value)
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(expected("pad", "mode 'constant', 'reflect', 'replicate' or 'circular'", repr(mode)))
    if value is not None and value != 0:
        raise ValueError(f'Padding mode "{mode}" doesn\'t take in value argument')
    for d, (a, b) in enumerate(widths):
        if a or b:
            input = _border(input, d, a, b, mode)
    return input


@primitive(label="flip {dims}", family="shape")
def _flip(input: Array, *, dims: Shape) -> Array:
    """The entries in reverse order along some dims"""
    return np.flip(input, dims).copy()


@_flip.vjp("input")
def _(g: Array, dims: Shape) -> Array:
    return _flip(g, dims=dims)


@_flip.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=1))
    return Case(x, dims=draw.choice([(0,), (-1,), tuple(range(x.ndim))]))


@_flip.onnx
def _(to: Emit, input: Any, *, dims: Any) -> Any:
    if not dims:
        return to.Identity(input)
    return to.Slice(input, [-1] * len(dims), [-(2**62)] * len(dims), list(dims), [-1] * len(dims))


@expose("function method")
@sizes_by_name("dims")
def flip(input: Array, *dims: Any) -> Array:
    """The entries in reverse order along `dims` (a copy).

    >>> import autograd_cnn as ac
    >>> ac.tensor([1, 2, 3]).flip(0)
    tensor([3, 2, 1])
    """
    return _flip(input, dims=normal_dims(given_sizes(dims), ndim_of(input), "flip"))


@expose("function method")
def fliplr(input: Array) -> Array:
    """Flipped left to right (dim 1).

    >>> import autograd_cnn as ac
    >>> ac.tensor([[1, 2], [3, 4]]).fliplr()
    tensor([[2, 1],
            [4, 3]])
    """
    if ndim_of(input) < 2:
        raise RuntimeError(f"Input must be >= 2-d. fliplr got {ndim_of(input)} dims.")
    return flip(input, 1)


@expose("function method")
def flipud(input: Array) -> Array:
    """Flipped upside down (dim 0).

    >>> import autograd_cnn as ac
    >>> ac.tensor([[1, 2], [3, 4]]).flipud()
    tensor([[3, 4],
            [1, 2]])
    """
    if ndim_of(input) < 1:
        raise RuntimeError("Input must be >= 1-d. flipud got 0 dims.")
    return flip(input, 0)


@expose("function method")
def rot90(input: Array, k: int = 1, dims: Sequence[int] = (0, 1)) -> Array:
    """Turned by k quarter turns in the plane of two dims.

    >>> import autograd_cnn as ac
    >>> ac.tensor([[1, 2], [3, 4]]).rot90()
    tensor([[2, 4],
            [1, 3]])
    """
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)} in rot90")
    if ndim_of(input) < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {ndim_of(input)} in rot90")
    a, b = normal_dims(dims, ndim_of(input), "rot90")
    if k % 4 == 0:
        return flip(input, ())
    if k % 4 == 2:
        return flip(input, (a, b))
    order = list(range(ndim_of(input)))
    order[a], order[b] = b, a
    turned = _permute(input, dims=tuple(order))
    return flip(turned, a if k % 4 == 1 else b)


@primitive(label="roll {shifts}", family="shape")
def _roll(input: Array, *, shifts: Shape, dims: Shape | None) -> Array:
    """The entries moved along, those that leave at one end coming in at the other"""
    return contiguous(np.roll(input, shifts if dims is not None else shifts[0], dims))


@_roll.vjp("input")
def _(g: Array, shifts: Shape, dims: Shape | None) -> Array:
    return _roll(g, shifts=tuple(-s for s in shifts), dims=dims)


@_roll.cases
def _(draw: Draw) -> Case:
    return Case(draw.array((3, 4)), shifts=(draw.integer(-3, 3),), dims=draw.choice([(0,), (1,), None]))


@_roll.onnx
def _(to: Emit, input: Any, *, shifts: Any, dims: Any) -> Any:
    if dims is None or not dims:
        flat = to.Reshape(input, [-1])
        n = math.prod(int(d) for d in input.shape)
        return to.reshape(_rolled(to, flat, shifts[0], 0, n), input.shape)
    x = input
    for by, d in zip(shifts, dims, strict=True):
        x = _rolled(to, x, by, d, int(input.shape[d]))
    return to.Identity(x)


@expose("function method")
def roll(input: Array, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Array:
    """The entries moved by `shifts` along `dims`, around the end (over the flattened tensor without dims).

    >>> import autograd_cnn as ac
    >>> ac.arange(4).roll(1)
    tensor([3, 0, 1, 2])
    """
    by = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    if not by:
        raise RuntimeError("`shifts` required: roll expected a number, or one for each of dims, got none.")
    along = None if dims is None else normal_dims(dims, ndim_of(input), "roll")
    if along is not None and len(along) != len(by):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(by)}, dims:{len(along)}")
    return _roll(input, shifts=by, dims=along)


@expose("method")
@sizes_by_name("repeats")
def repeat(input: Array, *repeats: Any) -> Array:
    """The whole tensor `repeats` times along each dim (new dims in front).

    >>> import autograd_cnn as ac
    >>> ac.tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    times, shape = given_sizes(repeats), shape_of(input)
    if len(times) < len(shape):
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor: got "
            f"{len(times)} repeats for {len(shape)} dims"
        )
    if any(k < 0 for k in times):
        raise RuntimeError(f"repeat: Trying to create tensor with negative dimension: got repeats {list(times)}")
    full = (1,) * (len(times) - len(shape)) + shape
    spread = [s for k, n in zip(times, full, strict=True) for s in (k, n)]
    inner = [s for n in full for s in (1, n)]
    wide = expand(_reshape(input, shape=tuple(inner), kind="repeat"), *spread)
    out = _reshape(wide, shape=tuple(k * n for k, n in zip(times, full, strict=True)), kind="repeat")
    # sizes of 1 are repeated by a stride of 0, without a copy: then writing would write to the input, and to several entries at once
    raw = unbox(out)
    own = raw.flags.c_contiguous and raw.flags.writeable and not np.may_share_memory(raw, unbox(input))
    return out if own else _pack(out)


@expose("function method")
@sizes_by_name("dims")
def tile(input: Array, *dims: Any) -> Array:
    """As `repeat`, but missing repeats count as 1.

    >>> import autograd_cnn as ac
    >>> ac.tensor([[1, 2]]).tile(2)
    tensor([[1, 2, 1, 2]])
    """
    times = given_sizes(dims)
    return repeat(input, *((1,) * (ndim_of(input) - len(times)) + times))


@expose("function method")
@allocating
def repeat_interleave(input: Array, repeats: Any, dim: int | None = None, *, output_size: int | None = None) -> Array:
    """Each entry (along `dim`; of the flattened tensor without it) `repeats` times in a row.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1, 2]).repeat_interleave(2)
    tensor([1, 1, 2, 2])
    """
    if dim is None:
        input, dim = _reshape(input, shape=(-1,), kind="flatten"), 0
    d = normal_dim(dim, ndim_of(input), "repeat_interleave")
    count = np.asarray(unbox(repeats))
    if count.dtype.kind not in "iu":
        raise RuntimeError(f"repeats has to be Long or Int tensor: expected whole numbers in repeat_interleave, got {count.dtype}")
    if count.size not in (1, shape_of(input)[d]):
        raise RuntimeError(
            f"repeats must have the same size as input along dim, but got repeats.size(0) = {count.size} and input.size({d}) = "
            f"{shape_of(input)[d]}"
        )
    rows = derived(partial(_repeated, shape_of(input)[d]), repeats)
    return select_copy(input, at=(*(slice(None),) * d, rows))


def _repeated(n: int, count: Any) -> Any:
    return np.repeat(np.arange(n), count if np.size(count) > 1 else int(count))


@primitive(label="triangle", family="shape")
def _triangle(input: Array, *, diagonal: int, lower: bool) -> Array:
    """The entries on one side of a diagonal, zeros on the other"""
    return np.tril(input, diagonal) if lower else np.triu(input, diagonal)


@_triangle.vjp("input")
def _(g: Array, diagonal: int, lower: bool) -> Array:
    return _triangle(g, diagonal=diagonal, lower=lower)


@_triangle.cases
def _(draw: Draw) -> Case:
    return Case(draw.array((3, 4)), diagonal=draw.integer(-2, 2), lower=draw.boolean())


@_triangle.onnx
def _(to: Emit, input: Any, *, diagonal: Any, lower: Any) -> Any:
    return to.Trilu(input, to.const(diagonal, np.int64), upper=int(not lower))


@expose("function method inplace")
def tril(input: Array, diagonal: int = 0) -> Array:
    """The lower triangle of the last two dims, zeros above.

    >>> import autograd_cnn as ac
    >>> ac.ones(2, 2).tril()
    tensor([[1., 0.],
            [1., 1.]])
    """
    return _triangle(_matrix(input, "tril"), diagonal=diagonal, lower=True)


@expose("function method inplace")
def triu(input: Array, diagonal: int = 0) -> Array:
    """The upper triangle of the last two dims, zeros below.

    `diagonal` moves the border up (> 0) or down (< 0).

    >>> import autograd_cnn as ac
    >>> ac.ones(2, 2).triu()
    tensor([[1., 1.],
            [0., 1.]])
    """
    return _triangle(_matrix(input, "triu"), diagonal=diagonal, lower=False)


def _matrix(x: Any, operation: str) -> Any:
    if ndim_of(x) < 2:
        raise RuntimeError(f"{operation}: input tensor must have at least 2 dimensions, got {ndim_of(x)}")
    return x


def _within(offset: int, shape: Shape) -> int:
    """Diagonals that lie outside are empty, however far outside (NumPy counts in 32 bits)."""
    most = max(shape)
    return max(-most, min(offset, most))


@primitive(label="diagonal {offset}", family="shape", view=True)
def _diagonal(input: Array, *, offset: int, dim1: int, dim2: int) -> Array:
    """The entries i, i + offset of two dims, as the last dim; a view"""
    y = np.diagonal(input, _within(offset, input.shape), dim1, dim2)
    if isinstance(input, np.ndarray) and input.flags.writeable:
        y.flags.writeable = True
    return y


@_diagonal.vjp("input")
def _(g: Array, input_shape: Shape, offset: int, dim1: int, dim2: int) -> Array:
    return _diagonal_adjoint(g, shape=input_shape, offset=offset, dim1=dim1, dim2=dim2)


@_diagonal.cases
def _(draw: Draw) -> Case:
    return Case(draw.array((3, 2, 4)), offset=draw.integer(-2, 2), dim1=0, dim2=draw.choice([1, 2]))


@_diagonal.onnx
def _(to: Emit, input: Any, *, offset: Any, dim1: Any, dim2: Any) -> Any:
    n = len(input.shape)
    one, two = dim1 % n, dim2 % n
    x = to.Transpose(input, perm=[*(d for d in range(n) if d not in (one, two)), one, two])
    lead = [input.shape[d] for d in range(n) if d not in (one, two)]
    table = np.diagonal(
        np.arange(int(input.shape[one]) * int(input.shape[two])).reshape(int(input.shape[one]), int(input.shape[two])), offset
    )
    return to.Gather(to.reshape(x, (*lead, int(input.shape[one]) * int(input.shape[two]))), to.const(table.astype(np.int64)), axis=n - 2)


@primitive(label="on diagonal", family="shape")
def _diagonal_adjoint(input: Array, *, shape: Shape, offset: int, dim1: int, dim2: int) -> Array:
    """The adjoint of `diagonal`: zeros with the input on the diagonal"""
    y = np.zeros(shape, input.dtype)
    on = np.diagonal(y, _within(offset, shape), dim1, dim2)
    on.flags.writeable = True
    on[...] = input
    return y


@_diagonal_adjoint.vjp("input")
def _(g: Array, offset: int, dim1: int, dim2: int) -> Array:
    return _diagonal(g, offset=offset, dim1=dim1, dim2=dim2)


@_diagonal_adjoint.onnx
def _(to: Emit, input: Any, *, shape: Any, offset: Any, dim1: Any, dim2: Any) -> Any:
    sizes = tuple(int(n) for n in shape)
    on = np.diagonal(np.arange(math.prod(sizes)).reshape(sizes), _within(offset, sizes), dim1, dim2)
    zeros = to.const(np.zeros(math.prod(sizes)), input.dtype)
    return to.reshape(to.ScatterElements(zeros, to.const(on.reshape(-1).astype(np.int64)), to.Reshape(input, [-1]), axis=0), shape)


@_diagonal_adjoint.cases
def _(draw: Draw) -> Case:
    return Case(draw.array((2,)), shape=(2, 3), offset=draw.choice([0, 1]), dim1=0, dim2=1)


@expose("function method")
def diagonal(input: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    """The diagonal of two dims, as the last dim of a view.

    `offset` > 0 is above the main diagonal, < 0 below. Errors: RuntimeError if both dims are the same.

    >>> import autograd_cnn as ac
    >>> ac.tensor([[1, 2], [3, 4]]).diagonal()
    tensor([1, 4])
    """
    a, b = normal_dim(dim1, ndim_of(input), "diagonal"), normal_dim(dim2, ndim_of(input), "diagonal")
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return _diagonal(input, offset=offset, dim1=a, dim2=b)


@expose("function method")
def diag(input: Array, diagonal: int = 0) -> Array:
    """Of a vector the matrix with it on the diagonal; of a matrix its diagonal, as a copy (`diagonal` gives a view).

    >>> import autograd_cnn as ac
    >>> ac.diag(ac.tensor([1., 2.]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    if ndim_of(input) == 1:
        return diag_embed(input, diagonal)
    if ndim_of(input) != 2:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {ndim_of(input)}D")
    return clone(_diagonal(input, offset=diagonal, dim1=0, dim2=1))


@expose("function method")
def diag_embed(input: Array, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Array:
    """Matrices with the last dim on their diagonal, which lies in the dims `dim1` and `dim2` of the result.   (*, n) → (*, n, n)

    `offset` > 0 puts it above the main diagonal, < 0 below. Raises RuntimeError if both dims are the same, IndexError for one out of
    range.

    >>> import autograd_cnn as ac
    >>> ac.diag_embed(ac.tensor([1, 2]), offset=1)
    tensor([[0, 1, 0],
            [0, 0, 2],
            [0, 0, 0]])
    """
    shape = shape_of(input)
    a, b = (normal_dim(d, len(shape) + 1, "diag_embed") for d in (dim1, dim2))
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2} in diag_embed")
    n = shape[-1] + abs(offset)
    sizes = list(shape[:-1])
    for d in sorted((a, b)):
        sizes.insert(d, n)
    return _diagonal_adjoint(input, shape=tuple(sizes), offset=offset, dim1=a, dim2=b)


@expose("method")
def trace(input: Array) -> Array:
    """The sum of a matrix's diagonal. (As a function, `autograd_cnn.trace` of a tensor; of a function it records its graph.)

    >>> import autograd_cnn as ac
    >>> ac.tensor([[1, 2], [3, 4]]).trace()
    tensor(5)
    """
    from ..reduce.reduce import sum as total

    if ndim_of(input) != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {ndim_of(input)}")
    return total(_diagonal(input, offset=0, dim1=0, dim2=1))


@expose("function")
def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Array, ...]:
    """Grids of coordinates from vectors, each along its own dim; with `indexing="xy"` the first along dim 1, the second along dim 0.

    >>> import autograd_cnn as ac
    >>> [tuple(g.shape) for g in ac.meshgrid(ac.arange(2), ac.arange(3), indexing="ij")]
    [(2, 3), (2, 3)]
    """
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    vectors = list(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else list(tensors)
    swap = indexing == "xy" and len(vectors) > 1
    if swap:
        vectors[0], vectors[1] = vectors[1], vectors[0]
    sizes = [shape_of(v)[0] if ndim_of(v) else 1 for v in vectors]
    grids = [
        expand(_reshape(v, shape=tuple(n if j == i else 1 for j in range(len(sizes))), kind="meshgrid"), *sizes)
        for i, (v, n) in enumerate(zip(vectors, sizes, strict=True))
    ]
    if swap:  # the first vector lies along dim 1 now: only the order of the grids is to be restored
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)


@expose("function")
def broadcast_shapes(*shapes: Any) -> tuple[int, ...]:
    """The shape that these shapes broadcast to.

    >>> import autograd_cnn as ac
    >>> ac.broadcast_shapes((2, 1), (3,))
    torch.Size([2, 3])
    """
    given = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    try:
        return Size(np.broadcast_shapes(*given))
    except ValueError:
        raise ShapeError(f"broadcast_shapes: the shapes {[list(s) for s in given]} do not broadcast") from None


@expose("function")
def broadcast_tensors(*tensors: Any) -> tuple[Array, ...]:
    """All tensors expanded to the shape they broadcast to.

    Views; no memory is copied. Errors: ShapeError (a RuntimeError) if they do not broadcast.

    >>> import autograd_cnn as ac
    >>> [tuple(x.shape) for x in ac.broadcast_tensors(ac.zeros(2, 1), ac.zeros(3))]
    [(2, 3), (2, 3)]
    """
    try:
        shape = np.broadcast_shapes(*(shape_of(x) for x in tensors))
    except ValueError:
        raise ShapeError(f"broadcast_tensors: the shapes {[list(shape_of(x)) for x in tensors]} do not broadcast") from None
    return tuple(expand(x, *shape) for x in tensors)


def _rolled(to: Emit, x: Any, by: int, dim: int, n: int) -> Any:
    """x moved along one dim by two slices."""
    k = by % n if n else 0
    return x if not k else to.Concat(to.Slice(x, [n - k], [n], [dim]), to.Slice(x, [0], [n - k], [dim]), axis=dim)
