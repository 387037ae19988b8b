"""Methods of Tensor that change its dtype: `to`, `type` and those named as dtypes."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from ..ops.elementwise.arithmetic import cast
from ..ops.registry.expose import expose
from ..types.device import check_cpu
from ..types.promotion import get_default_dtype
from .creation import as_dtype
from .tensor import Tensor

LEGACY = {
    "FloatTensor": "float32",
    "DoubleTensor": "float64",
    "HalfTensor": "float16",
    "LongTensor": "int64",
    "IntTensor": "int32",
    "ShortTensor": "int16",
    "CharTensor": "int8",
    "ByteTensor": "uint8",
    "BoolTensor": "bool",
}
_SPOKEN = {v: k for k, v in LEGACY.items()}


def _cast(x: Tensor, dtype: Any, copy: builtins.bool = False) -> Tensor:
    if x.value.dtype == dtype:
        return x.clone() if copy else x
    return cast(x, dtype=np.dtype(dtype))  # type: ignore[no-any-return]


@expose("method")
def to(
    self: Tensor,
    *args: Any,
    dtype: Any = None,
    device: Any = None,
    non_blocking: builtins.bool = False,
    copy: builtins.bool = False,
    memory_format: Any = None,
) -> Tensor:
    """The tensor in another dtype (differentiably) or on the device named, which must be the CPU; as `other` with a tensor.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1, 2]).to(ac.float32)
    tensor([1., 2.])
    """
    flags = [a for a in args if isinstance(a, builtins.bool)]  # non_blocking: everything is here already; copy
    copy = copy or (len(flags) > 1 and flags[1])
    for a in args:
        if isinstance(a, Tensor):
            dtype = a.value.dtype
        elif isinstance(a, str) or hasattr(a, "index"):
            device = a
        elif isinstance(a, np.dtype | builtins.type):
            dtype = a
        elif isinstance(a, builtins.bool):
            continue
        elif a is not None:
            raise TypeError(f"to() received an invalid argument {a!r}: expected a dtype, a device or a Tensor")
    check_cpu(device, "to")
    return _cast(self, as_dtype(dtype, "to") or self.value.dtype, copy)


@expose("method")
def type(self: Tensor, dtype: Any = None, non_blocking: builtins.bool = False) -> Any:
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


@expose("method")
def float(self: Tensor, memory_format: Any = None) -> Tensor:
    """`self.to(float32)`.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1, 2]).float()
    tensor([1., 2.])
    """
    return _cast(self, "float32")


@expose("method")
def double(self: Tensor, memory_format: Any = None) -> Tensor:
    """`self.to(float64)`.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1, 2]).double()
    tensor([1., 2.], dtype=torch.float64)
    """
    return _cast(self, "float64")


@expose("method")
def half(self: Tensor, memory_format: Any = None) -> Tensor:
    """`self.to(float16)`.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1, 2]).half()
    tensor([1., 2.], dtype=torch.float16)
    """
    return _cast(self, "float16")


@expose("method")
def long(self: Tensor, memory_format: Any = None) -> Tensor:
    """`self.to(int64)`.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1, 2]).long()
    tensor([1, 2])
    """
    return _cast(self, "int64")


@expose("method")
def int(self: Tensor, memory_format: Any = None) -> Tensor:
    """`self.to(int32)`.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1, 2]).int()
    tensor([1, 2], dtype=torch.int32)
    """
    return _cast(self, "int32")


@expose("method")
def short(self: Tensor, memory_format: Any = None) -> Tensor:
    """`self.to(int16)`.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1, 2]).short()
    tensor([1, 2], dtype=torch.int16)
    """
    return _cast(self, "int16")


@expose("method")
def char(self: Tensor, memory_format: Any = None) -> Tensor:
    """`self.to(int8)`.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1, 2]).char()
    tensor([1, 2], dtype=torch.int8)
    """
    return _cast(self, "int8")


@expose("method")
def byte(self: Tensor, memory_format: Any = None) -> Tensor:
    """`self.to(uint8)`.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1, 2]).byte()
    tensor([1, 2], dtype=torch.uint8)
    """
    return _cast(self, "uint8")


@expose("method")
def bool(self: Tensor, memory_format: Any = None) -> Tensor:
    """`self.to(bool)`.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1, 2]).bool()
    tensor([True, True])
    """
    return _cast(self, "bool")


@expose("method")
def cfloat(self: Tensor, memory_format: Any = None) -> Tensor:
    """`self.to(complex64)`.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1, 2]).cfloat().dtype
    dtype('complex64')
    """
    return _cast(self, "complex64")


@expose("method")
def cdouble(self: Tensor, memory_format: Any = None) -> Tensor:
    """`self.to(complex128)`.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1, 2]).cdouble().dtype
    dtype('complex128')
    """
    return _cast(self, "complex128")
