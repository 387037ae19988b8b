"""Converting a whole module: element types and, for programs that name one, the device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Self

import numpy as np

from ...config import no_grad
from ...tensors.tensor import Tensor, wrap
from ...types.device import as_device, check_cpu
from .traversal import Traversal

ACCEPTED = "(device, dtype), (dtype) or (tensor), with non_blocking= and memory_format="


class Target(NamedTuple):
    """What `to(...)` asks for."""

    device: Any = None
    dtype: np.dtype[Any] | None = None


class Conversion(Traversal):
    """The part of a Module that converts its tensors: parameters with their gradients, and buffers, in place."""

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Replace the data of every parameter, its gradient and every buffer by what `fn` makes of it."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        for param in self._parameters.values():
            if param is None:
                continue
            grad = param.grad
            with no_grad():
                data = fn(param)
                grad_data = None if grad is None else fn(grad)
            if data is param:
                continue
            param.grad = None  # a gradient must fit its tensor, so it returns once both are converted
            param.data = data
            if grad is not None and grad_data is not None:
                grad.data = grad_data
                param.grad = grad
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert in place: `to(dtype)`, `to(device)`, `to(device, dtype)`, `to(tensor)`, `to(memory_format=...)`.

        Only floating tensors change their dtype; a gradient goes along with its parameter. A tensor stands for its
        dtype. The one device is `"cpu"`; a memory format is accepted, and backends choose for themselves.

        Raises:
            TypeError: a dtype that is not floating, or arguments of another form.
            AssertionError: a CUDA device, as in a PyTorch built without CUDA.

        >>> import autograd_cnn as ac
        >>> layer = ac.nn.Linear(2, 2).to(ac.float64)
        >>> layer.weight.dtype == ac.float64
        True
        """
        target = parse_to(args, kwargs)
        if target.dtype is not None and target.dtype.kind not in "fc":
            raise TypeError(
                "nn.Module.to only accepts floating point or complex dtypes, "
                f"but got desired dtype={target.dtype}. Use .type({target.dtype}) to convert every tensor."
            )

        def convert(t: Tensor) -> Tensor:
            wanted: dict[str, Any] = {}
            if target.device is not None:
                wanted["device"] = target.device
            if target.dtype is not None and t.dtype.kind in "fc":
                wanted["dtype"] = target.dtype
            return t.to(**wanted) if wanted else t

        return self._apply(convert)

    def type(self, dst_type: Any) -> Self:
        """Convert every parameter and buffer, integer ones too, to `dst_type`."""
        return self._apply(lambda t: t.type(dst_type))

    def float(self) -> Self:
        """Convert the floating parameters and buffers to float32."""
        return self._apply(lambda t: t.to(dtype=np.dtype(np.float32)) if t.dtype.kind == "f" else t)

    def double(self) -> Self:
        """Convert the floating parameters and buffers to float64."""
        return self._apply(lambda t: t.to(dtype=np.dtype(np.float64)) if t.dtype.kind == "f" else t)

    def half(self) -> Self:
        """Convert the floating parameters and buffers to float16."""
        return self._apply(lambda t: t.to(dtype=np.dtype(np.float16)) if t.dtype.kind == "f" else t)

    def bfloat16(self) -> Self:
        """Raises TypeError if there is a floating tensor: NumPy has no bfloat16."""
        for t in [*self.parameters(), *self.buffers()]:
            if t.dtype.kind == "f":
                raise TypeError("bfloat16 is not available: NumPy has no such dtype. Use half() (float16) or float().")
        return self

    def cpu(self) -> Self:
        """Everything is on the CPU already."""
        return self

    def cuda(self, device: Any = None) -> Self:
        """Raises AssertionError if there is any tensor to move, as PyTorch does when it was built without CUDA."""
        return self._refuse("CUDA", "cuda")

    def xpu(self, device: Any = None) -> Self:
        """Raises AssertionError if there is any tensor to move, as PyTorch does when it was built without XPU."""
        return self._refuse("XPU", "xpu")

    def _refuse(self, name: str, method: str) -> Self:
        for _ in [*self.parameters(), *self.buffers()]:
            raise AssertionError(
                f"autograd_cnn is not compiled with {name} enabled: it computes on the CPU, so there is no device "
                f"to move this {type(self).__name__} to. Leave .{method}() out, or write .to(device) with "
                "device = 'cuda' if autograd_cnn.cuda.is_available() else 'cpu'."
            )
        return self

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """Give every parameter and buffer new memory that is not initialised."""
        check_cpu(device, "Module.to_empty")
        return self._apply(lambda t: wrap(np.empty_like(t.storage())), recurse=recurse)

    def share_memory(self) -> Self:
        """Move every parameter and buffer into memory that other processes see (`Tensor.share_memory_`): processes that are forked from
        now on, and those to which the module is sent by `multiprocessing`, train the same parameters.

        Raises:
            RuntimeError: something else sees the memory of one of them.
        """
        return self._apply(lambda t: t.share_memory_())


def parse_to(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Target:
    """The arguments of `Module.to` in their several forms.

    >>> parse_to((np.float64,), {}).dtype
    dtype('float64')
    """
    unknown = set(kwargs) - {"device", "dtype", "tensor", "other", "non_blocking", "copy", "memory_format"}
    if unknown:
        raise TypeError(f"to() received an invalid combination of arguments, {sorted(unknown)}; expected {ACCEPTED}")
    given = dict(kwargs)
    rest = list(args)
    if rest and isinstance(rest[0], Tensor):
        given["tensor"] = rest.pop(0)
    elif rest and is_dtype(rest[0]):
        given["dtype"] = rest.pop(0)
    elif rest:
        given["device"] = rest.pop(0)
        if rest and (rest[0] is None or is_dtype(rest[0])):
            given["dtype"] = rest.pop(0)
    if len(rest) > 2 or any(not isinstance(flag, bool) for flag in rest):  # what is left are non_blocking and copy
        raise TypeError(f"to() received an invalid combination of arguments, {args}; expected {ACCEPTED}")
    if len(rest) > 1 or "copy" in given:
        raise RuntimeError(".to() does not accept copy argument: a module is converted in place. Use copy.deepcopy(module).to(...).")
    tensor = given.get("tensor", given.get("other"))
    dtype = given.get("dtype") if tensor is None else tensor.dtype
    device = given.get("device")
    return Target(None if device is None else as_device(device), None if dtype is None else np.dtype(dtype))


def is_dtype(x: Any) -> bool:
    """Does the user mean an element type with this? (`autograd_cnn.float64`, `np.float64`, `float`.)"""
    return isinstance(x, np.dtype) or (isinstance(x, type) and issubclass(x, (np.generic, float, int, complex)))
