"""Tensors from nothing: from data, filled, counted, and drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce
from typing import Any

import numpy as np

from ..config import current
from ..errors import allocating
from ..kernels.reference.counted import full_array, full_array_like, line_array, power_array, range_array
from ..ops.registry.derived import derived, taken
from ..ops.registry.dims import sizes_by_name
from ..ops.shape.shape import given_sizes
from ..types.device import check_cpu
from ..types.promotion import get_default_dtype, held, promote_types, python_dtype
from .tensor import Tensor, wrap


def as_dtype(dtype: Any, operation: str) -> Any:
    """What the user wrote for a dtype, as NumPy's; None stays None."""
    if dtype is None:
        return None
    if dtype is float:
        return np.dtype(np.float64)
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = None
    if kind is None or kind.kind not in "biufc":  # NumPy makes an object dtype of any class
        raise TypeError(f"{operation}(): argument 'dtype' must be a dtype such as autograd_cnn.float32, not {dtype!r}")
    return kind


def finish(array: Any, requires_grad: bool, device: Any = None, operation: str = "tensor") -> Tensor:
    """The array as a tensor, with the usual keyword arguments carried out."""
    check_cpu(device, operation)
    made = wrap(array)
    if current().inference:
        made._inference = True
    tracer = current().tracer
    if tracer is not None:
        tracer.tensor(made)
    return made.requires_grad_(True) if requires_grad else made


def _leaf_of(data: Any) -> Any:
    while isinstance(data, list | tuple):
        if not data:
            return 0.0
        data = data[0]
    return data


def array_of(data: Any, dtype: Any, operation: str) -> Any:
    """The user's data as an own array, in the dtype PyTorch would choose."""
    if isinstance(data, Tensor):
        data.storage()
        return derived(partial(np.array, dtype=dtype or data.value.dtype), data)
    if isinstance(data, np.ndarray | np.generic):
        return np.array(data, dtype=dtype)
    if isinstance(data, bool | int | float | complex):
        kind = dtype or python_dtype(data)
        with np.errstate(over="ignore"):  # beyond the largest float is infinite
            return np.array(held(data, kind, operation) if np.dtype(kind).kind in "iu" else data, dtype=kind)
    if hasattr(data, "__array__") and not isinstance(data, list | tuple):
        return np.array(data, dtype=dtype)
    if not isinstance(data, Sequence) or isinstance(data, str | bytes):
        raise TypeError(f"{operation}(): expected numbers, (nested) lists of numbers, an array or a Tensor, got {type(data).__name__}")
    plain = _unwrapped(data)
    try:
        array = np.array(plain)
    except ValueError:
        raise ValueError(
            f"{operation}(): expected nested lists of equal length in each dim, got a ragged nesting. Pad the rows to one length."
        ) from None
    if array.dtype.kind not in "biufc":
        raise TypeError(f"{operation}(): expected numbers, got entries of type {type(_leaf_of(data)).__name__}")
    if dtype is None:
        dtype = _list_dtype(plain)
    if array.size and array.dtype.kind in "iu" and np.dtype(dtype).kind in "iu" and array.dtype != dtype:
        held(int(array.min()), dtype, operation), held(int(array.max()), dtype, operation)
    return array.astype(dtype, copy=False)


def _list_dtype(data: Any) -> Any:
    """Python numbers count as the default dtypes, arrays and tensors bring their own; the highest wins."""
    found: set[Any] = set()
    todo = [data]
    while todo:
        row = todo.pop()
        for kind, d in {type(d): d for d in row}.items():  # most rows are of one type
            if kind is list or kind is tuple:
                todo.extend(d for d in row if d.__class__ is kind)
            elif hasattr(d, "dtype"):
                found.update(d.dtype for d in row if d.__class__ is kind)
            else:
                found.add(python_dtype(d))
    return reduce(promote_types, found) if found else get_default_dtype()


def _unwrapped(data: Any) -> Any:
    if isinstance(data, Tensor):
        taken("its entries among others' in a list; stack() keeps track of them", data)
        return data.storage()
    return [_unwrapped(d) for d in data] if isinstance(data, list | tuple) else data


@allocating
def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:
    """A tensor with a copy of `data`: Python floats give the default dtype, ints int64, arrays keep theirs.

    Raises:
        ValueError: ragged lists.
        TypeError: what is no number.

    >>> tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    return finish(array_of(data, as_dtype(dtype, "tensor"), "tensor"), requires_grad, device)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """As `tensor`, sharing memory where nothing has to change."""
    check_cpu(device, "as_tensor")
    want = as_dtype(dtype, "as_tensor")
    if isinstance(data, Tensor):
        return data if want is None or data.value.dtype == want else data.to(want)
    if isinstance(data, np.ndarray) and (want is None or data.dtype == want):
        return from_numpy(data)
    return tensor(data, dtype=dtype)


def from_numpy(ndarray: Any) -> Tensor:
    """A tensor that shares the array's memory.

    >>> import numpy as np
    >>> a = np.zeros(2)
    >>> t = from_numpy(a)
    >>> a[0] = 5
    >>> t
    tensor([5., 0.], dtype=torch.float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    if ndarray.dtype.kind not in "biufc":
        raise TypeError(
            f"can't convert np.ndarray of type {ndarray.dtype}. The only supported types are: float64, float32, float16, "
            "complex64, complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8, and bool."
        )
    plain = np.asarray(ndarray)  # of a subclass (a memory-mapped file, say) the array itself
    return wrap(plain if plain.dtype.isnative else plain.astype(plain.dtype.newbyteorder("=")))


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor over the memory of another library's array, through the DLPack protocol."""
    return wrap(np.from_dlpack(ext_tensor))


def _sizes(size: tuple[Any, ...], operation: str) -> tuple[int, ...]:
    for s in size:
        if isinstance(s, float | str):
            raise TypeError(f"{operation}(): argument 'size' must be tuple of ints, but found element of type {type(s).__name__}")
    sizes = given_sizes(size)
    if any(s < 0 for s in sizes):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(sizes)}: {list(sizes)} (in {operation})")
    return sizes


def _filled(name: str, value: float, size: tuple[Any, ...], dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    kind = as_dtype(dtype, name) or get_default_dtype()
    sizes = _sizes(size, name)
    # np.zeros takes fresh zero pages from the system: nothing is written
    array = np.zeros(sizes, kind) if value == 0 else np.full(sizes, value, kind)
    return finish(array, requires_grad, device, name)


def _filled_like(name: str, value: float, input: Tensor, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    array = np.full_like(np.asarray(input.storage()), value, dtype=as_dtype(dtype, name))
    return finish(array, requires_grad, device, name)


@allocating
@sizes_by_name("size")
def zeros(
    *size: Any,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Zeros of the given sizes.

    >>> zeros(2)
    tensor([0., 0.])
    """
    return _filled("zeros", 0, size, dtype, device, requires_grad)


@allocating
@sizes_by_name("size")
def ones(
    *size: Any,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Ones of the given sizes.

    >>> ones(2)
    tensor([1., 1.])
    """
    return _filled("ones", 1, size, dtype, device, requires_grad)


@allocating
@sizes_by_name("size")
def empty(
    *size: Any,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """A tensor whose values do not matter (they are zeros here, so that no run depends on old memory).

    >>> empty(2, 3).shape
    torch.Size([2, 3])
    """
    return _filled("empty", 0, size, dtype, device, requires_grad)


@allocating
def zeros_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False, memory_format: Any = None
) -> Tensor:
    """Zeros of another tensor's shape and dtype.

    >>> zeros_like(tensor([5, 7]))
    tensor([0, 0])
    """
    return _filled_like("zeros_like", 0, input, dtype, device, requires_grad)


@allocating
def ones_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False, memory_format: Any = None
) -> Tensor:
    """Ones of another tensor's shape and dtype.

    >>> ones_like(tensor([5, 7]))
    tensor([1, 1])
    """
    return _filled_like("ones_like", 1, input, dtype, device, requires_grad)


@allocating
def empty_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False, memory_format: Any = None
) -> Tensor:
    """A tensor of another's shape and dtype whose values do not matter (zeros here).

    >>> empty_like(tensor([5, 7])).shape
    torch.Size([2])
    """
    return _filled_like("empty_like", 0, input, dtype, device, requires_grad)


@allocating
def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """One value, in the dtype of that value.

    >>> full((2,), 7)
    tensor([7, 7])
    """
    value = fill_value.item() if isinstance(fill_value, Tensor | np.generic) else fill_value
    kind = as_dtype(dtype, "full") or python_dtype(value)
    sizes = _sizes((size,) if isinstance(size, int) else tuple(size), "full")
    return finish(derived(partial(full_array, sizes, kind, "full"), fill_value), requires_grad, device, "full")


@allocating
def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """One value, in another tensor's shape and dtype."""
    like = np.asarray(input.storage())
    kind = as_dtype(dtype, "full_like") or like.dtype
    return finish(derived(partial(full_array_like, like, kind), fill_value), requires_grad, device, "full_like")


@allocating
def arange(
    start: Any = None,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """start, start + step, … below `end`.

    >>> arange(0, 6, 2)
    tensor([0, 2, 4])
    """
    if end is None:
        start, end = 0, start
    if end is None:
        raise TypeError("arange(): expected an end, as in arange(5) or arange(2, 5); got none")
    start = 0 if start is None else start
    return finish(derived(partial(range_array, as_dtype(dtype, "arange")), start, end, step), requires_grad, device, "arange")


@allocating
def linspace(
    start: Any, end: Any, steps: int, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`steps` values from start to end, both included.

    >>> linspace(0, 1, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    kind = as_dtype(dtype, "linspace") or get_default_dtype()
    return finish(derived(partial(line_array, steps, kind), start, end), requires_grad, device, "linspace")


@allocating
def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """base^start … base^end in `steps` equal ratios."""
    kind = as_dtype(dtype, "logspace") or get_default_dtype()
    return finish(derived(partial(power_array, steps, float(base), kind), start, end), requires_grad, device, "logspace")


@allocating
def eye(n: int, m: int | None = None, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """The unit matrix (n × m).

    >>> eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    if n < 0 or (m is not None and m < 0):
        raise RuntimeError(f"n must be greater or equal to 0, got {n}" if n < 0 else f"m must be greater or equal to 0, got {m}")
    return finish(np.eye(n, m, dtype=as_dtype(dtype, "eye") or get_default_dtype()), requires_grad, device, "eye")


def _triangle_indices(operation: str, pick: Any, row: int, col: int, offset: int, dtype: Any, device: Any) -> Tensor:
    if row < 0 or col < 0:
        raise RuntimeError(f"{operation}: row and col must be non-negative, got {row} and {col}")
    kind = as_dtype(dtype, operation) or np.dtype(np.int64)
    return finish(np.stack(pick(row, offset, col)).astype(kind), False, device, operation)


@allocating
def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None, layout: Any = None) -> Tensor:
    """The indices (2, count) of the lower triangle of a row × col matrix, row by row; `offset` moves the diagonal up.   int64

    >>> tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    return _triangle_indices("tril_indices", np.tril_indices, row, col, offset, dtype, device)


@allocating
def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None, layout: Any = None) -> Tensor:
    """The indices (2, count) of the upper triangle of a row × col matrix, row by row; `offset` moves the diagonal up.   int64

    >>> triu_indices(2, 2)
    tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    return _triangle_indices("triu_indices", np.triu_indices, row, col, offset, dtype, device)
