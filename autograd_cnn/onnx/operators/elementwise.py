"""Entry by entry: arithmetic, comparisons, activations."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...nn import functional as F
from ...ops.registry.expose import FUNCTIONS
from .table import Node, Unsupported, constant, number, operator


def _function(name: str) -> Callable[..., Any]:
    op = FUNCTIONS[name]
    return getattr(op, "call", op)


class _Package:
    """The package's functions, as `ac.exp`: this room stands below the façade."""

    def __getattr__(self, name: str) -> Any:
        return _function(name)


ac = _Package()

_ONE = (
    "Abs abs Acos acos Acosh acosh Asin asin Asinh asinh Atan atan Atanh atanh Ceil ceil Cos cos Cosh cosh Erf erf Exp exp Floor floor Log log "
    "Neg neg Reciprocal reciprocal Round round Sigmoid sigmoid Sign sign Sin sin Sinh sinh Sqrt sqrt Tan tan Tanh tanh IsNaN isnan "
    "BitwiseNot bitwise_not Not logical_not Det det"
).split()
_TWO = (
    "Add add Sub sub Mul mul Equal eq Less lt LessOrEqual le Greater gt GreaterOrEqual ge And logical_and Or logical_or Xor logical_xor "
    "BitwiseAnd bitwise_and BitwiseOr bitwise_or BitwiseXor bitwise_xor MatMul matmul"
).split()


def _same(name: str) -> Callable[..., Any]:
    def rule(n: Node, *x: Any) -> Any:
        if n.opset < 7 and n.get("broadcast"):
            x = (x[0], _old_broadcast(n, *x))
        return _function(name)(*x)

    return rule


def _old_broadcast(n: Node, x: Any, y: Any) -> Any:
    axis = n.get("axis")
    return y if axis is None else y.reshape([*y.shape, *(1,) * (x.ndim - axis % x.ndim - y.ndim)])


for _names in (_ONE, _TWO):
    for _onnx, _ours in zip(_names[::2], _names[1::2], strict=True):
        operator(_onnx)(_same(_ours))


@operator("Relu")
def _(n: Node, x: Any) -> Any:
    return F.relu(x)


@operator("Softsign")
def _(n: Node, x: Any) -> Any:
    return F.softsign(x)


@operator("Mish")
def _(n: Node, x: Any) -> Any:
    return F.mish(x)


@operator("HardSwish")
def _(n: Node, x: Any) -> Any:
    return F.hardswish(x)


@operator("Softplus")
def _(n: Node, x: Any) -> Any:
    return F.softplus(x, threshold=1e9)


@operator("Div")
def _(n: Node, x: Any, y: Any) -> Any:
    if n.opset < 7 and n.get("broadcast"):
        y = _old_broadcast(n, x, y)
    return x / y if x.is_floating_point() else ac.div(x, y, rounding_mode="trunc")


@operator("Pow")
def _(n: Node, x: Any, y: Any) -> Any:
    if not y.requires_grad and y.numel() == 1 and not y.ndim > x.ndim:
        return ac.pow(x, number(y, "an exponent")).to(x.dtype)
    return ac.pow(x, y).to(x.dtype)


@operator("Mod")
def _(n: Node, x: Any, y: Any) -> Any:
    return ac.fmod(x, y) if n.get("fmod") else ac.remainder(x, y)


@operator("Max")
def _(n: Node, *x: Any) -> Any:
    return functools.reduce(ac.maximum, x)


@operator("Min")
def _(n: Node, *x: Any) -> Any:
    return functools.reduce(ac.minimum, x)


@operator("Sum")
def _(n: Node, *x: Any) -> Any:
    return functools.reduce(ac.add, x)


@operator("Mean")
def _(n: Node, *x: Any) -> Any:
    return functools.reduce(ac.add, x) / len(x)


@operator("BitShift")
def _(n: Node, x: Any, y: Any) -> Any:
    return (ac.bitwise_left_shift if n.get("direction") == "LEFT" else ac.bitwise_right_shift)(x, y)


@operator("Where")
def _(n: Node, condition: Any, x: Any, y: Any) -> Any:
    return ac.where(condition, x, y)


@operator("PRelu")
def _(n: Node, x: Any, slope: Any) -> Any:
    if n.opset < 7 and slope.ndim == 1 and x.ndim > 1:
        slope = slope.reshape(-1, *(1,) * (x.ndim - 2))
    return ac.where(x > 0, x, x * slope)


@operator("LeakyRelu")
def _(n: Node, x: Any) -> Any:
    return F.leaky_relu(x, n.get("alpha", 0.01))


@operator("Elu")
def _(n: Node, x: Any) -> Any:
    return F.elu(x, n.get("alpha", 1.0))


@operator("Celu")
def _(n: Node, x: Any) -> Any:
    return F.celu(x, n.get("alpha", 1.0))


@operator("Selu")
def _(n: Node, x: Any) -> Any:
    alpha, gamma = n.get("alpha", 1.6732632423543772), n.get("gamma", 1.0507009873554805)
    return gamma * ac.where(x > 0, x, alpha * ac.expm1(ac.clamp(x, max=0.0)))


@operator("ThresholdedRelu")
def _(n: Node, x: Any) -> Any:
    return ac.where(x > n.get("alpha", 1.0), x, 0.0)


@operator("Gelu")
def _(n: Node, x: Any) -> Any:
    return F.gelu(x, approximate=n.get("approximate", "none"))


@operator("HardSigmoid")
def _(n: Node, x: Any) -> Any:
    return ac.clamp(n.get("alpha", 0.2) * x + n.get("beta", 0.5), 0, 1)


@operator("Swish")
def _(n: Node, x: Any) -> Any:
    return x * ac.sigmoid(n.get("alpha", 1.0) * x)


@operator("Shrink")
def _(n: Node, x: Any) -> Any:
    bound, bias = n.get("lambd", 0.5), n.get("bias", 0.0)
    return ac.where(x < -bound, x + bias, ac.where(x > bound, x - bias, x * 0)).to(x.dtype)


@operator("Clip")
def _(n: Node, x: Any, low: Any = None, high: Any = None) -> Any:
    if n.opset < 11:
        low, high = (None if n.get(k) is None else constant(n.get(k), x.dtype) for k in ("min", "max"))
    x = x if low is None else ac.maximum(x, low)
    return x if high is None else ac.minimum(x, high)


@operator("IsInf")
def _(n: Node, x: Any) -> Any:
    above, below = n.get("detect_positive", 1), n.get("detect_negative", 1)
    found = ac.isinf(x) if above and below else ac.isposinf(x) if above else ac.isneginf(x)
    return found if above or below else ac.logical_and(found, constant(False))


def _over_axis(n: Node, x: Any, fn: Callable[[Any, int], Any]) -> Any:
    """Up to opset 12 the input is taken as a matrix that is split at the axis."""
    if n.opset >= 13:
        return fn(x, n.get("axis", -1))
    axis = n.get("axis", 1) % max(x.ndim, 1)
    return fn(x.reshape(math.prod(x.shape[:axis]), -1), 1).reshape(x.shape)


@operator("Softmax")
def _(n: Node, x: Any) -> Any:
    return _over_axis(n, x, F.softmax)


@operator("LogSoftmax")
def _(n: Node, x: Any) -> Any:
    return _over_axis(n, x, F.log_softmax)


@operator("Hardmax")
def _(n: Node, x: Any) -> Any:
    return _over_axis(n, x, lambda z, d: F.one_hot(z.argmax(d), z.shape[d]).movedim(-1, d).to(z.dtype))


@operator("Cast")
def _(n: Node, x: Any) -> Any:
    plain = {1: "float32", 2: "uint8", 3: "int8", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float16", 11: "float64"}
    if n.get("to") not in plain:
        raise Unsupported
    return x.to(np.dtype(plain[n.get("to")]))


@operator("CastLike")
def _(n: Node, x: Any, like: Any) -> Any:
    return x.to(like.dtype)
