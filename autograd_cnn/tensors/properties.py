"""Methods and properties of Tensor that ask what it is, or change its dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.variable import array_of, dtype_of, ndim_of, shape_of, size_of
from ..errors import expected
from ..ops.elementwise.arithmetic import cast, sum_to
from ..ops.registry.expose import expose
from ..ops.shape.shape import _permute
from ..types.device import check_cpu
from ..types.promotion import get_default_dtype
from .creation import as_dtype
from .tensor import Tensor, wrap

LEGACY = {"FloatTensor": "float32", "DoubleTensor": "float64", "HalfTensor": "float16", "LongTensor": "int64", "IntTensor": "int32",
          "ShortTensor": "int16", "CharTensor": "int8", "ByteTensor": "uint8", "BoolTensor": "bool"}  # fmt: skip
_SPOKEN = {v: k for k, v in LEGACY.items()}


# ------------------------------------------------------------------------------------------------- questions
@expose("method", "dim", "ndimension")
def dim(self: Tensor) -> int:
    """The number of dims.

    >>> import autograd_cnn as ac
    >>> ac.zeros(2, 3).dim()
    2
    """
    return int(self.value.ndim)


@expose("method")
def size(self: Tensor, dim: int | None = None) -> Any:
    """The sizes, or that of one dim.

    Errors: IndexError for a dim out of range.

    >>> import autograd_cnn as ac
    >>> ac.zeros(2, 3).size(), ac.zeros(2, 3).size(-1)
    (torch.Size([2, 3]), 3)
    """
    if dim is None:
        return self.shape
    n = self.value.ndim
    if not -n <= dim < n:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-max(n, 1)}, {max(n, 1) - 1}], but got {dim}) in size"
        )
    return self.value.shape[dim]


@expose("function method", "numel", "nelement")
def numel(input: Tensor) -> int:
    """The number of entries.

    >>> import autograd_cnn as ac
    >>> ac.numel(ac.zeros(2, 3))
    6
    """
    return size_of(input)


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
    return int(
        (array.__array_interface__["data"][0] - owner(array).__array_interface__["data"][0]) // array.dtype.itemsize
    )


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

    Errors: RuntimeError for a tensor of several entries.

    >>> import autograd_cnn as ac
    >>> ac.is_nonzero(ac.tensor(0.))
    False
    """
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


@expose("method")
def share_memory_(self: Tensor) -> Tensor:
    """The tensor itself; worker processes get batches by their own way (`utils.data`)."""
    return self


# ------------------------------------------------------------------------------------------------- dtype
def _cast(x: Tensor, dtype: Any, copy: bool = False) -> Tensor:
    if x.value.dtype == dtype:
        return x.clone() if copy else x
    return cast(x, dtype=np.dtype(dtype))  # type: ignore[no-any-return]


@expose("method")
def to(self: Tensor, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False, copy: bool = False,
       memory_format: Any = None) -> Tensor:  # fmt: skip
    """The tensor in another dtype (differentiably) or on the device named, which must be the CPU; as `other` with a tensor.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1, 2]).to(ac.float32)
    tensor([1., 2.])
    """
    flags = [a for a in args if isinstance(a, bool)]  # non_blocking: everything is here already; copy
    copy = copy or (len(flags) > 1 and flags[1])
    for a in args:
        if isinstance(a, Tensor):
            dtype = a.value.dtype
        elif isinstance(a, str) or hasattr(a, "index"):
            device = a
        elif isinstance(a, np.dtype | type):
            dtype = a
        elif isinstance(a, bool):
            continue
        elif a is not None:
            raise TypeError(f"to() received an invalid argument {a!r}: expected a dtype, a device or a Tensor")
    check_cpu(device, "to")
    return _cast(self, as_dtype(dtype, "to") or self.value.dtype, copy)


@expose("method", "type")
def convert(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The type's old name (`"torch.FloatTensor"`), or the tensor converted to a dtype or old name.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1.]).type(), ac.tensor([1.]).type(ac.int64)
    ('torch.FloatTensor', tensor([1]))
    """
    if dtype is None:
        return f"torch.{_SPOKEN.get(self.value.dtype.name, self.value.dtype.name)}"
    if dtype is Tensor or dtype == "torch.Tensor":  # `torch.Tensor` is the old name of the default type, too
        return _cast(self, get_default_dtype())
    if isinstance(dtype, str) or hasattr(dtype, "legacy_name"):
        name = getattr(dtype, "legacy_name", dtype).rsplit(".", 1)[-1]
        if ".cuda." in f".{getattr(dtype, 'legacy_name', dtype)}":
            check_cpu("cuda", "type")
        if name not in LEGACY:
            raise ValueError(f"invalid type: {dtype!r}. Expected one of {', '.join(LEGACY)} or a dtype.")
        return _cast(self, LEGACY[name])
    return _cast(self, as_dtype(dtype, "type"))


@expose("method")
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """`self.to(other.dtype)`.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1, 2]).type_as(ac.zeros(1))
    tensor([1., 2.])
    """
    return _cast(self, other.value.dtype)


def _caster(name: str, dtype: str) -> None:
    def convert(self: Tensor, memory_format: Any = None) -> Tensor:
        return _cast(self, dtype)

    convert.__name__ = convert.__qualname__ = name
    convert.__doc__ = f"`self.to({dtype})`."
    expose("method", name)(convert)


for _name, _dtype in {"float": "float32", "double": "float64", "half": "float16", "long": "int64", "int": "int32", "short": "int16",
                      "char": "int8", "byte": "uint8", "bool": "bool", "cfloat": "complex64", "cdouble": "complex128"}.items():  # fmt: skip
    _caster(_name, _dtype)


@expose("method", "to_dense", "coalesce")
def to_dense(self: Tensor, dtype: Any = None) -> Tensor:
    """The tensor itself: all are dense. `torch.sparse` of programs makes them so at once."""
    return self if dtype is None else _cast(self, as_dtype(dtype, "to_dense"))


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

    Raises RuntimeError if `size` does not broadcast to the shape.

    >>> import autograd_cnn as ac
    >>> ac.ones(2, 3).sum_to_size(1, 3)
    tensor([[2., 2., 2.]])
    """
    from ..ops.shape.shape import given_sizes

    want, have = given_sizes(size), tuple(self.value.shape)
    tail = have[len(have) - len(want) :]
    if len(want) > len(have) or any(a not in (1, b) for a, b in zip(want, tail, strict=True)):
        raise RuntimeError(f"size {{{list(want)}}} is not expandable to size {{{list(have)}}} in sum_to_size.")
    return self if want == have and want else _cast(sum_to(self, shape=want), self.value.dtype)


def _reinterpret(self: Tensor, dtype: Any) -> Tensor:
    return wrap(self.storage().view(dtype))


def _properties() -> None:
    """Attributes that are operations or constants."""

    def transposed(self: Any) -> Any:
        """The dims in reverse order."""
        return _permute(self, dims=tuple(range(ndim_of(self)))[::-1])

    def matrix_transposed(self: Any) -> Any:
        """The last two dims swapped."""
        n = ndim_of(self)
        if n < 2:
            raise RuntimeError(expected("mT", "a tensor with at least 2 dims", f"{n}"))
        return _permute(self, dims=(*range(n - 2), n - 1, n - 2))

    def adjoint_2d(self: Any) -> Any:
        """The transposed matrix (of real numbers)."""
        n = ndim_of(self)
        if n not in (0, 2):
            raise RuntimeError(expected("H", "a tensor of 2 dims (or none)", f"{n}", "Use mH for batches."))
        return self if n == 0 else _permute(self, dims=(1, 0))

    def itself(self: Any) -> Any:
        """The tensor itself: it is real."""
        return self

    def itemsize(self: Any) -> int:
        """Bytes of one entry."""
        return int(self.value.dtype.itemsize)

    def nbytes(self: Any) -> int:
        """Bytes of all entries."""
        return int(self.value.nbytes)

    properties = {"T": transposed, "mT": matrix_transposed, "H": adjoint_2d, "mH": matrix_transposed, "real": itself, "itemsize": itemsize,
                  "nbytes": nbytes}  # fmt: skip
    for name, get in properties.items():
        setattr(Tensor, name, property(get))
    Tensor._reinterpret = _reinterpret  # type: ignore[attr-defined]  # used by view(dtype)
    for name in ("is_cuda", "is_sparse", "is_quantized", "is_mps", "is_xpu", "is_meta", "is_mkldnn"):
        setattr(Tensor, name, False)
    Tensor.is_cpu = True
    Tensor.layout = "torch.strided"


_properties()
