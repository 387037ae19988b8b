"""Methods of Tensor that ask what it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.complaints import refuse_complex
from ..engine.variable import array_of, dtype_of, ndim_of, shape_of, size_of
from ..errors import expected
from ..ops.elementwise.arithmetic import sum_to
from ..ops.registry.derived import taken
from ..ops.registry.expose import expose
from ..ops.shape.shape import _permute, given_sizes
from ..types.device import check_cpu
from .casts import _cast
from .creation import as_dtype
from .tensor import Tensor


# ------------------------------------------------------------------------------------------------- questions
@expose("method")
def dim(self: Tensor) -> int:
    """The number of dims.

    >>> import autograd_cnn as ac
    >>> ac.zeros(2, 3).dim()
    2
    """
    return int(self.value.ndim)


@expose("method")
def ndimension(self: Tensor) -> int:
    """The same as `dim`.

    >>> import autograd_cnn as ac
    >>> ac.zeros(2, 3).ndimension()
    2
    """
    return dim(self)


@expose("method")
def size(self: Tensor, dim: int | None = None) -> Any:
    """The sizes, or that of one dim.

    Raises:
        IndexError: a dim out of range.

    >>> import autograd_cnn as ac
    >>> ac.zeros(2, 3).size(), ac.zeros(2, 3).size(-1)
    (torch.Size([2, 3]), 3)
    """
    if dim is None:
        return self.shape
    n = self.value.ndim
    if not -n <= dim < n:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-max(n, 1)}, {max(n, 1) - 1}], but got {dim}) in size")
    return self.value.shape[dim]


@expose("function method")
def numel(input: Tensor) -> int:
    """The number of entries.

    >>> import autograd_cnn as ac
    >>> ac.numel(ac.zeros(2, 3))
    6
    """
    return size_of(input)


@expose("function method")
def nelement(input: Tensor) -> int:
    """The same as `numel`.

    >>> import autograd_cnn as ac
    >>> ac.zeros(2, 3).nelement()
    6
    """
    return numel(input)


@expose("method")
def element_size(self: Tensor) -> int:
    """Bytes of one entry."""
    return int(self.value.dtype.itemsize)


@expose("method")
def stride(self: Tensor, dim: int | None = None) -> Any:
    """Steps in memory from one entry to the next along each dim (in entries), or along one.

    >>> import autograd_cnn as ac
    >>> ac.zeros(2, 3).stride(), ac.zeros(2, 3).t().stride()
    ((3, 1), (1, 3))
    """
    steps = tuple(s // self.value.dtype.itemsize for s in np.asarray(self.storage()).strides)
    return steps if dim is None else steps[dim]


@expose("method")
def storage_offset(self: Tensor) -> int:
    """Entries between the start of the storage and this tensor's first."""
    from ..engine.versions import owner

    array = self.storage()
    return int((array.__array_interface__["data"][0] - owner(array).__array_interface__["data"][0]) // array.dtype.itemsize)


@expose("method")
def data_ptr(self: Tensor) -> int:
    """The address of the first entry."""
    return int(self.storage().__array_interface__["data"][0])


@expose("method")
def is_contiguous(self: Tensor, memory_format: Any = None) -> bool:
    """Is the memory in row-major order?

    >>> import autograd_cnn as ac
    >>> ac.zeros(2, 3).t().is_contiguous()
    False
    """
    return bool(np.asarray(self.storage()).flags.c_contiguous)


@expose("function method")
def is_floating_point(input: Tensor) -> bool:
    """Are the entries floating-point numbers?

    >>> import autograd_cnn as ac
    >>> ac.is_floating_point(ac.tensor([1])), ac.is_floating_point(ac.tensor([1.]))
    (False, True)
    """
    return bool(dtype_of(input).kind == "f")


@expose("function method")
def is_complex(input: Tensor) -> bool:
    """Are the entries complex?"""
    return bool(dtype_of(input).kind == "c")


@expose("method")
def is_signed(self: Tensor) -> bool:
    """Can the entries be negative?"""
    return bool(self.value.dtype.kind in "ifc")


@expose("function method")
def is_nonzero(input: Tensor) -> bool:
    """Is the single entry not zero?

    Raises:
        RuntimeError: a tensor of several entries.

    >>> import autograd_cnn as ac
    >>> ac.is_nonzero(ac.tensor(0.))
    False
    """
    taken("is_nonzero()", input)
    return bool(array_of(input)) if size_of(input) == 1 else bool(input)


@expose("function")
def is_tensor(obj: Any) -> bool:
    """Is it a Tensor?

    >>> import autograd_cnn as ac
    >>> ac.is_tensor([1.0])
    False
    """
    return isinstance(obj, Tensor)


@expose("method")
def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """Do both look at the same memory in the same way?"""
    a, b = self.storage(), tensor.storage()
    return bool(a.__array_interface__ == b.__array_interface__)


@expose("function method")
def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Have both the same shape?

    >>> import autograd_cnn as ac
    >>> ac.is_same_size(ac.zeros(2), ac.zeros(1, 2))
    False
    """
    return shape_of(input) == shape_of(other)


@expose("method")
def get_device(self: Tensor) -> int:
    """-1: the CPU."""
    return -1


@expose("method")
def pin_memory(self: Tensor, device: Any = None) -> Tensor:
    """The tensor itself: pinning serves accelerators."""
    return self


# ------------------------------------------------------------------------------------------------- for programs of accelerators
@expose("method")
def to_dense(self: Tensor, dtype: Any = None) -> Tensor:
    """The tensor itself: all are dense. `torch.sparse` of programs makes them so at once."""
    return self if dtype is None else _cast(self, as_dtype(dtype, "to_dense"))


@expose("method")
def coalesce(self: Tensor, dtype: Any = None) -> Tensor:
    """The same as `to_dense`: nothing is to be put together.

    >>> import autograd_cnn as ac
    >>> ac.ones(2).coalesce()
    tensor([1., 1.])
    """
    return to_dense(self, dtype)


@expose("method")
def is_pinned(self: Tensor, device: Any = None) -> bool:
    """No memory is pinned for a device."""
    return False


@expose("function method")
def adjoint(input: Tensor) -> Tensor:
    """The last two dims swapped: `x.mH` of real matrices.

    >>> import autograd_cnn as ac
    >>> ac.zeros(2, 3).adjoint().shape
    torch.Size([3, 2])
    """
    refuse_complex(dtype_of(input), "adjoint")
    n = ndim_of(input)
    if n < 2:
        raise RuntimeError(expected("adjoint", "a tensor with at least 2 dims", f"{n}"))
    return _permute(input, dims=(*range(n - 2), n - 1, n - 2))  # type: ignore[no-any-return]


@expose("method")
def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself: it is on the CPU."""
    return self


@expose("method")
def cuda(self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> Tensor:
    """Fails as in a PyTorch without CUDA."""
    check_cpu("cuda", "Tensor.cuda()")
    return self


@expose("method")
def sum_to_size(self: Tensor, *size: Any) -> Tensor:
    """The sum over the dims in which a tensor of `size` would be broadcast to this one: what undoes broadcasting.

    Raises:
        RuntimeError: `size` does not broadcast to the shape.

    >>> import autograd_cnn as ac
    >>> ac.ones(2, 3).sum_to_size(1, 3)
    tensor([[2., 2., 2.]])
    """
    want, have = given_sizes(size), tuple(self.value.shape)
    tail = have[len(have) - len(want) :]
    if len(want) > len(have) or any(a not in (1, b) for a, b in zip(want, tail, strict=True)):
        raise RuntimeError(f"size {{{list(want)}}} is not expandable to size {{{list(have)}}} in sum_to_size.")
    return self if want == have and want else _cast(sum_to(self, shape=want), self.value.dtype)
