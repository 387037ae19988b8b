"""The function under test: called, varied and pulled back, for Tensors and Scalars alike."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd.gradients import grad
from ..config import enable_grad
from ..engine.backward import pullback
from ..engine.node import reachable
from ..engine.variable import Variable
from ..tensors.scalar import Scalar
from ..tensors.tensor import Tensor, wrap


def as_tuple(x: Any) -> tuple[Any, ...]:
    """One thing or several, as a tuple."""
    return tuple(x) if isinstance(x, tuple | list) else (x,)


def array_of(x: Any) -> Any:
    """The values of a Tensor or Scalar as an array of their own."""
    return np.array(x.value if isinstance(x, Variable) else x)


class Subject:
    """`fn` with its inputs. Steps are taken in the inputs' own memory, so functions that reach them by a closure are right, too."""

    def __init__(self, fn: Callable[..., Any], inputs: Any, operation: str = "gradcheck") -> None:
        if not callable(fn):
            raise TypeError(f"{operation}: expected a function and its inputs, got {type(fn).__name__}.")
        self.fn = fn
        self.inputs = as_tuple(inputs)
        self.calls = 0
        self.wanted = [i for i, x in enumerate(self.inputs) if isinstance(x, Variable) and x.node is not None]
        self._check(operation)
        with enable_grad():
            made = self.call()
        for y in made:
            if isinstance(y, Tensor) and y.value.dtype.kind == "c":
                raise TypeError(f"{operation}: expected real outputs, got {y.value.dtype}. Return the real and imaginary part separately.")
        floats = [j for j, y in enumerate(made) if isinstance(y, Scalar) or (isinstance(y, Tensor) and y.value.dtype.kind == "f")]
        self.chosen = [j for j in floats if made[j].requires_grad]
        self.connected = bool(self.chosen)
        if not self.connected:  # nothing takes a gradient: then nothing may depend on the inputs
            self.chosen = floats
        self.like = [array_of(made[j]) for j in self.chosen]
        self.uses = self._uses([made[j] for j in self.chosen])

    def _check(self, operation: str) -> None:
        if not self.wanted:
            raise ValueError(
                f"{operation} expects at least one input tensor to require gradient, but none of the them have requires_grad=True."
            )
        for i in self.wanted:
            x = self.inputs[i]
            if not isinstance(x, Tensor):
                continue
            array = x.storage()
            if array.dtype.kind == "c":
                raise TypeError(
                    f"{operation}: expected real inputs, got {array.dtype} in input {i}. Give real and imaginary part separately."
                )
            if array.size and any(s == 0 and n > 1 for s, n in zip(array.strides, array.shape, strict=True)):
                raise RuntimeError(
                    f"The {i}th input has a dimension with stride 0. {operation} only supports inputs that are non-overlapping to be able to "
                    "compute the numerical gradients correctly. You should call .contiguous on the input before passing it to gradcheck."
                )
            if not array.flags.writeable:
                raise RuntimeError(
                    f"The {i}th input shares read-only memory, in which {operation} cannot take steps. Please clone() it first."
                )

    @property
    def unit(self) -> float:
        """The rounding error of one evaluation: machine epsilon of the coarsest dtype in play."""
        arrays = [array_of(self.inputs[i]) for i in self.wanted] + self.like
        return max((float(np.finfo(a.dtype).eps) for a in arrays if a.dtype.kind == "f"), default=2.2e-16)

    def call(self) -> tuple[Any, ...]:
        """The outputs."""
        self.calls += 1
        return as_tuple(self.fn(*self.inputs))

    def outputs(self) -> list[Any]:
        """The outputs that take a gradient."""
        with enable_grad():
            made = self.call()
        return [made[j] for j in self.chosen]

    def flat(self) -> Any:
        """All checked outputs as one float64 vector."""
        parts = [np.asarray(array_of(y), np.float64).reshape(-1) for y in self.outputs()]
        return np.concatenate(parts) if parts else np.zeros(0)

    def along(self, i: int, way: Any, of: Callable[[Any], Any] = lambda y: y) -> Callable[[float], Any]:
        """t → of(outputs) with input i moved by t · way; the input is put back after each step."""
        x = self.inputs[i]

        def phi(t: float) -> Any:
            if isinstance(x, Tensor):
                array = x.storage()
                before = array.copy()
                try:
                    array[...] = before + (t * way).astype(array.dtype, copy=False)
                    return of(self.flat())
                finally:
                    array[...] = before
            before = x.value
            try:
                x.value = float(before + t * float(np.asarray(way).reshape(())))
                return of(self.flat())
            finally:
                x.value = before

        return phi

    def pull(self, weights: list[Any], outputs: list[Any] | None = None) -> list[Any]:
        """The rule's gradients of Σ weights · outputs for each wanted input: arrays, zeros where no path leads."""
        ys = self.outputs() if outputs is None else outputs
        xs = [self.inputs[i] for i in self.wanted]
        live = [(y, w) for y, w in zip(ys, weights, strict=True) if y.requires_grad]
        if not live:
            return [np.zeros(np.shape(x.value)) for x in xs]
        if isinstance(live[0][0], Scalar):
            found = pullback(
                [y.node for y, _ in live],
                [float(w) for _, w in live],
                Scalar,
                inputs=[x.node for x in xs],
                accumulate=False,
                retain_graph=True,
            )
            return [np.array(0.0 if g is None else g) for g in found or ()]
        seeds = [wrap(np.asarray(w, y.value.dtype).reshape(y.value.shape)) for y, w in live]
        with warnings.catch_warnings():
            got: Sequence[Any] = grad([y for y, _ in live], xs, seeds, retain_graph=True, allow_unused=True)
        return [np.zeros(x.value.shape) if g is None else np.array(g.value) for g, x in zip(got, xs, strict=True)]

    def split(self, flat: Any) -> list[Any]:
        """A vector over all checked outputs, as one array for each."""
        parts, at = [], 0
        for y in self.like:
            parts.append(flat[at : at + y.size].reshape(y.shape))
            at += y.size
        return parts

    def place(self, row: int) -> tuple[int, tuple[int, ...]]:
        """Which output, and where in it, entry `row` of the flat vector is."""
        for j, y in zip(self.chosen, self.like, strict=True):
            if row < y.size:
                return j, tuple(int(k) for k in np.unravel_index(row, y.shape))
            row -= y.size
        raise IndexError(row)

    def _uses(self, ys: list[Any]) -> dict[int, int]:
        """How often the graph uses each wanted input."""
        roots = [y.node for y in ys if y.node is not None]
        count = {self.inputs[i].node: 0 for i in self.wanted}
        for node in reachable(*roots) if roots else ():
            for n in node.inputs:
                if n in count:
                    count[n] += 1
        return {i: count[self.inputs[i].node] for i in self.wanted}
