"""The rectifier itself: `autograd_cnn.relu`, `Tensor.relu`. `nn.functional.relu`, which may write in place, stands with its kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels.onednn import eltwise as onednn
from ...primitives.cases import Case, Draw
from ...primitives.primitive import primitive
from ...primitives.written import Operand, literal
from ...types.promotion import ZERO, Array
from ..elementwise.select import _where as where
from ..elementwise.select_bits import choose
from ..registry.expose import expose


@expose("function method inplace")
@primitive(label="ReLU", family="activation", real=True, derivative="1 or 0", entrywise=True)
def relu(input: Array) -> Array:
    """y = max(0, input); the gradient at 0 is 0, NaN stays NaN.   (*) → (*)   [Nair and Hinton 2010]

    >>> import autograd_cnn as ac
    >>> ac.relu(ac.tensor([-1., 2.]))
    tensor([0., 2.])
    """
    return np.maximum(input, ZERO.get(input.dtype, 0))


relu.accelerated(onednn.relu)


@relu.kernel(float)
def _(input: float) -> float:
    return input if input > 0 or input != input else 0.0


@relu.vjp("input")
def _(g: Array, y: Array, donated: Array | None) -> Array:
    return relu_adjoint(g, y, donated)


@relu.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(avoid=0.0))


relu.source("np.maximum(input, 0)", number="max(input, 0.0)")
relu.onnx("Relu")


@primitive(label="where y > 0", family="activation", entrywise=True)
def relu_adjoint(input: Array, result: Array) -> Array:
    """y = input where relu's result is positive or NaN, else 0"""
    return choose(np.not_equal(result, 0), input, 0.0)  # the result is positive, 0 or NaN


relu_adjoint.accelerated(onednn.relu_adjoint)


@relu_adjoint.source(number="input if result != 0 else 0.0")
def _(input: Operand, y: Operand) -> str:
    alike = input.shape is not None or y.dtype == float  # of a number, and 0, NumPy makes doubles
    return f"np.where(result != 0, input, 0){'' if alike else f'.astype({literal(y.dtype)})'}"


@relu_adjoint.kernel(float)
def _(input: float, result: float) -> float:
    return input if result != 0 else 0.0


@relu_adjoint.vjp("input", "result")
def _(g: Array, result: Array, donated: Array | None, need: tuple[bool, ...]) -> tuple[Array | None, ...]:
    flat = where(False, g, 0.0) if need[1] else None
    return relu_adjoint(g, result, donated) if need[0] else None, flat


@relu_adjoint.entries
def _(input: Array, result_values: Array) -> Any:
    yield None, np.where(result_values != 0, input, 0)


@relu_adjoint.cases
def _(draw: Draw) -> Case:
    x = draw.array(avoid=0.0)
    return Case(draw.array(x.shape), np.maximum(x, 0))
