"""Names of `torch` itself that say how it was built or how fast it shall be; here they are accepted and change nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import autograd as _autograd
from ...kernels.memory.threads import get_num_threads
from ...tensors.creation import as_dtype, as_tensor
from ...tensors.tensor import Tensor
from ...types import layout as _layouts
from ...types.promotion import set_default_dtype
from .legacy import LegacyType

__version__ = "2.13.0+cpu"
dtype = np.dtype
finfo, iinfo = np.finfo, np.iinfo
asarray = as_tensor
uint16, uint32, uint64 = np.dtype(np.uint16), np.dtype(np.uint32), np.dtype(np.uint64)
Variable = _autograd.Variable


layout, strided = _layouts.layout, _layouts.strided


class memory_format(_layouts.layout):
    """A preference for the order of memory. Results do not depend on it; it is accepted and leaves the order as it is."""


class _AbsentDtype:
    """A dtype that NumPy does not have: it may be named (for autocast, in tables of choices), and no tensor is made of it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


bfloat16 = _AbsentDtype("torch.bfloat16")


class OutOfMemoryError(RuntimeError):
    """What PyTorch raises when a device is out of memory. Nothing here does: the CPU's memory ends as MemoryError."""


contiguous_format = memory_format("torch.contiguous_format")
preserve_format = memory_format("torch.preserve_format")
channels_last = memory_format("torch.channels_last")
channels_last_3d = memory_format("torch.channels_last_3d")


def compile(model: Any = None, **options: Any) -> Any:
    """The model as it is: there is nothing to compile. Also as a decorator with options."""
    return model if model is not None else lambda fn: fn


def set_default_tensor_type(t: Any) -> None:
    """Set the default dtype by its old name.

    Raises:
        TypeError: a type of numbers that are not floating-point, or one on a device that is not here.
    """
    name = t.legacy_name if isinstance(t, LegacyType) else str(t)
    kind = {"torch.FloatTensor": np.float32, "torch.DoubleTensor": np.float64, "torch.HalfTensor": np.float16}.get(name)
    if kind is None:
        raise TypeError(
            f"set_default_tensor_type: expected torch.FloatTensor, DoubleTensor or HalfTensor, got {name}. "
            "Only floating-point types of the CPU can be the default here."
        )
    set_default_dtype(kind)


def set_default_device(device: Any) -> None:
    """Accepts the CPU.

    Raises:
        AssertionError, RuntimeError: any other device.
    """
    from ...types.device import check_cpu

    check_cpu(device, "set_default_device")


def get_default_device() -> Any:
    """The CPU."""
    from ...types.device import as_device

    return as_device("cpu")


get_num_interop_threads = get_num_threads


def _accepted(name: str, what: str) -> Callable[..., None]:
    def accept(*args: Any, **kwargs: Any) -> None:
        return None

    accept.__name__ = accept.__qualname__ = name
    accept.__doc__ = what
    return accept


set_num_interop_threads = _accepted("set_num_interop_threads", "Accepted: there is one thread of operations.")
use_deterministic_algorithms = _accepted("use_deterministic_algorithms", "Accepted: all operations are deterministic.")
set_deterministic = _accepted("set_deterministic", "Accepted: all operations are deterministic.")
set_flush_denormal = _accepted("set_flush_denormal", "Accepted: denormal numbers are kept.")


def are_deterministic_algorithms_enabled() -> bool:
    """All operations are deterministic."""
    return True


def typename(obj: Any) -> str:
    """The full name of an object's type, of a tensor its old name."""
    if isinstance(obj, Tensor):
        return str(obj.type())
    kind = type(obj)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def is_storage(obj: Any) -> bool:
    """Tensors have no storage objects here."""
    return False


def scalar_tensor(s: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor without dims that holds the number, in the default dtype."""
    from ...types.promotion import get_default_dtype

    return as_tensor(s, as_dtype(dtype, "scalar_tensor") or get_default_dtype(), device).requires_grad_(requires_grad)


def range(start: Any, end: Any = None, step: Any = 1, **options: Any) -> Tensor:
    """start, start + step, …, with `end` if it is met: `arange` as it was before it followed Python."""
    if end is None:
        start, end = 0, start
    steps = int((end - start) / step)
    return as_tensor(start + np.arange(steps + 1) * step, options.get("dtype") or np.float32)
