"""What a rule under `@<name>.onnx` writes with: `Emit`, which adds operators to an ONNX graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn, Protocol

Symbol = Any  # a value of the file that is written: `.shape` (entries may be sizes that vary), `.dtype` (NumPy's)


class Emit(Protocol):
    """Every operator of ONNX is a method: `to.Conv(x, w, strides=(1, 1))` adds a node and returns its output.

    An input may be a list of whole numbers (an int64 tensor of its own) or a Python number (a constant of the first input's dtype);
    inputs and attributes that are None are left out. `outs=n` asks for n outputs, a tuple. An operator or attribute that the file's
    opset does not have is refused.
    """

    opset: int
    dtype: Any  # of the (first) output

    def __getattr__(self, operator: str) -> Callable[..., Any]:
        """The operator of this name."""
        ...

    def const(self, value: Any, dtype: Any = None) -> Symbol:
        """A constant of this value."""
        ...

    def ints(self, *sizes: Any) -> Symbol:
        """A one-dimensional int64 tensor; sizes that vary are computed in the file from the shapes of its inputs."""
        ...

    def cast(self, x: Symbol, dtype: Any) -> Symbol:
        """x as another dtype; x itself where it is of this one."""
        ...

    def alike(self, *xs: Symbol) -> Sequence[Symbol]:
        """The inputs in the dtype in which they meet, which ONNX does not do by itself."""
        ...

    def reduce(self, kind: str, x: Symbol, dims: Any, keepdim: bool = False) -> Symbol:
        """`kind` ("Sum", "Max", …) over dims; all of them for None, none for ()."""
        ...

    def reshape(self, x: Symbol, shape: Sequence[Any]) -> Symbol:
        """x in another shape, of which entries may vary."""
        ...

    def select(self, x: Symbol, at: Any) -> Symbol:
        """x[at]: integers, slices, None, ..., and arrays."""
        ...

    def places(self, shape: Sequence[Any], at: Any) -> Any:
        """An array of the places that `at` picks from a flattened tensor of this shape."""
        ...

    def along(self, x: Symbol, matrix: Any, dim: int, dims: int) -> Symbol:
        """A matrix applied along one dim of x, which has `dims`."""
        ...

    def reduced(self, x: Symbol, reduction: str) -> Symbol:
        """The reduction of a loss: "mean", "sum" or "none"."""
        ...

    def expm1(self, x: Symbol) -> Symbol:
        """eˣ − 1, exact near 0."""
        ...

    def log1p(self, x: Symbol) -> Symbol:
        """ln(1 + x), exact near 0."""
        ...

    def running(self, kind: str, x: Symbol, dim: int) -> Any:
        """The greatest ("Max") or smallest ("Min") so far along dim, and where it stands last."""
        ...

    def refuse(self, why: str) -> NoReturn:
        """Say that this call cannot be written."""
        ...
