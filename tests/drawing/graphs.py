"""Graphs made by hand, with shapes as real networks have them: the drawings' tests need no operations, only `Graph`
values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_cnn.engine.node import ScopeName
from autograd_cnn.graph.graph import Graph
from autograd_cnn.graph.step import Step, Value


class Fake:
    """Stands in for a primitive: a name, a family, a label, the inputs' names."""

    variadic = False

    def __init__(self, name: str, inputs: str = "x", label: str | None = None, family: str = "", derivative: str = "") -> None:
        self.name = name
        self.inputs = tuple(inputs.split())
        self.label = label or name
        self.family = family
        self.derivative = derivative

    def label_for(self, params: dict[str, Any]) -> str:
        return self.label.format(**{k: f"{v:g}" if isinstance(v, float) else v for k, v in params.items()})


P = {
    "conv2d": Fake("conv2d", "x weight bias", "conv2d {kernel}", "conv"),
    "max_pool2d": Fake("max_pool2d", "x", "max_pool2d {window}", "pool"),
    "avg_pool2d": Fake("avg_pool2d", "x", "avg_pool2d {window}", "pool"),
    "tanh": Fake("tanh", family="activation"),
    "relu": Fake("relu", family="activation"),
    "matmul": Fake("matmul", "a b", family="linalg"),
    "add": Fake("add", "a b", family="elementwise"),
    "linear": Fake("linear", "x weight bias", family="linalg"),
    "batch_norm": Fake("batch_norm", "x weight bias running_mean running_var", family="norm"),
    "reshape": Fake("reshape", "x", "reshape", "shape"),
    "cross_entropy": Fake("cross_entropy", "x target", family="loss"),
    "cat": Fake("cat", "xs", family="shape"),
    "mean": Fake("mean", family="reduce"),
}


class Builder:
    """Writes a graph step by step, with norms for gradients instead of computed ones."""

    def __init__(self, gradients: bool = False) -> None:
        self.values: list[Value] = []
        self.steps: list[Step] = []
        self.scope: list[ScopeName] = []
        self.gradients = gradients
        self.calls = 0

    def value(
        self,
        kind: str,
        shape: Sequence[int] | None,
        name: str | None = None,
        grad: Any = "auto",
        dtype: str = "float32",
        data: Any = None,
    ) -> int:
        wants = kind in ("parameter", "result")
        if isinstance(grad, str):
            grad = 0.4 / (len(self.values) + 1) if self.gradients and wants else None
        if isinstance(grad, float):
            sizes = tuple(shape or ())
            grad = np.full(sizes, grad / math.sqrt(max(1, math.prod(sizes)))) if shape is not None else grad
        v = Value(len(self.values), kind, name, None if shape is None else tuple(shape), dtype, data, grad, wants)
        self.values.append(v)
        return v.id

    def input(self, name: str, *shape: int, dtype: str = "float32") -> int:
        return self.value("input", shape, name, dtype=dtype)

    def parameter(self, name: str, *shape: int, grad: Any = "auto") -> int:
        return self.value("parameter", shape, name, grad)

    def op(
        self,
        name: str,
        inputs: Sequence[int],
        *shape: int,
        keeps: Sequence[str] = (),
        size: int = 0,
        grad: Any = "auto",
        data: Any = None,
        **params: Any,
    ) -> int:
        out = self.value("result", shape, grad=grad, data=data)
        self.steps.append(
            Step(
                len(self.steps),
                P[name],
                tuple(inputs),
                (out,),
                params,
                tuple(self.scope),
                tuple(keeps),
                size,
                len(self.steps) + 1,
            )  # type: ignore[arg-type]
        )
        return out

    def enter(self, name: str, kind: str) -> None:
        self.calls += 1
        self.scope.append(ScopeName(name, kind, self.calls))

    def leave(self) -> None:
        self.scope.pop()

    def graph(self, *outputs: int) -> Graph:
        inputs = tuple(v.id for v in self.values if v.kind == "input")
        return Graph(tuple(self.values), tuple(self.steps), inputs, outputs)

    # ------------------------------------------------------------------------------------------------- layers
    def linear(self, x: int, name: str, n: int, n_in: int, n_out: int) -> int:
        self.enter(name, "Linear")
        w, b = self.parameter(f"{name}.weight", n_out, n_in), self.parameter(f"{name}.bias", n_out)
        y = self.op("linear", [x, w, b], n, n_out, keeps=("x", "weight"), size=4 * (n * n_in + n_in * n_out))
        self.leave()
        return y

    def conv(self, x: int, name: str, n: int, c_in: int, c_out: int, k: int, size: int, bias: bool = True) -> int:
        self.enter(name, "Conv2d")
        path = ".".join(s.name for s in self.scope if s.name)
        given = [x, self.parameter(f"{path}.weight", c_out, c_in, k, k)]
        if bias:
            given.append(self.parameter(f"{path}.bias", c_out))
        y = self.op(
            "conv2d",
            given,
            n,
            c_out,
            size,
            size,
            keeps=("x", "weight"),
            size=4 * n * c_in * (size + k - 1) ** 2,
            kernel=f"{k}×{k}",
        )
        self.leave()
        return y

    def norm(self, x: int, name: str, n: int, c: int, size: int) -> int:
        self.enter(name, "BatchNorm2d")
        path = ".".join(s.name for s in self.scope if s.name)
        w, b = self.parameter(f"{path}.weight", c), self.parameter(f"{path}.bias", c)
        m, v = self.value("constant", (c,), f"{path}.running_mean"), self.value("constant", (c,), f"{path}.running_var")
        y = self.op("batch_norm", [x, w, b, m, v], n, c, size, size, keeps=("x", "weight"), size=4 * n * c * size * size)
        self.leave()
        return y

    def pool(self, x: int, name: str, n: int, c: int, size: int) -> int:
        self.enter(name, "MaxPool2d")
        y = self.op("max_pool2d", [x], n, c, size, size, keeps=("switches",), size=n * c * size * size, window="2×2")
        self.leave()
        return y

    def module(
        self,
        op: str,
        x: int,
        name: str,
        kind: str,
        *shape: int,
        keeps: Sequence[str] = (),
        size: int = 0,
        **params: Any,
    ) -> int:
        self.enter(name, kind)
        y = self.op(op, [x], *shape, keeps=keeps, size=size, **params)
        self.leave()
        return y


def mlp(gradients: bool = True) -> Graph:
    b = Builder(gradients)
    b.enter("", "MLP")
    x = b.input("x", 32, 784)
    b.enter("fc1", "Linear")
    h = b.op(
        "matmul",
        [x, b.parameter("fc1.W_1", 784, 128, grad=5.282)],
        32,
        128,
        keeps=("x", "W_1"),
        size=502_000,
        grad=0.19,
    )
    h = b.op("add", [h, b.parameter("fc1.b_1", 128, grad=0.256)], 32, 128, grad=0.19)
    b.leave()
    h = b.op("relu", [h], 32, 128, keeps=("mask",), size=512, grad=0.265)
    b.enter("fc2", "Linear")
    h = b.op("matmul", [h, b.parameter("fc2.W_2", 128, 10, grad=2.471)], 32, 10, keeps=("h", "W_2"), size=22_000, grad=0.185)
    h = b.op("add", [h, b.parameter("fc2.b_2", 10, grad=0.254)], 32, 10, grad=0.185)
    b.leave()
    b.leave()
    y = b.input("y", 32, dtype="int64")
    loss = b.op("cross_entropy", [h, y], keeps=("softmax", "y"), size=2_000, grad=1.0, data=np.float32(3.088))
    return b.graph(loss)


def lenet(gradients: bool = False, n: int = 64) -> Graph:
    b = Builder(gradients)
    x = b.input("x", n, 1, 32, 32)
    b.enter("", "LeNet5")
    y = b.conv(x, "conv1", n, 1, 6, 5, 28)
    y = b.module("tanh", y, "act1", "Tanh", n, 6, 28, 28, keeps=("y",), size=n * 6 * 784 * 4)
    y = b.pool(y, "pool1", n, 6, 14)
    y = b.conv(y, "conv2", n, 6, 16, 5, 10)
    y = b.module("tanh", y, "act2", "Tanh", n, 16, 10, 10, keeps=("y",), size=n * 16 * 100 * 4)
    y = b.pool(y, "pool2", n, 16, 5)
    y = b.conv(y, "conv3", n, 16, 120, 5, 1)
    y = b.module("tanh", y, "act3", "Tanh", n, 120, 1, 1, keeps=("y",), size=n * 120 * 4)
    y = b.op("reshape", [y], n, 120)
    y = b.linear(y, "fc1", n, 120, 84)
    y = b.module("tanh", y, "act4", "Tanh", n, 84, keeps=("y",), size=n * 84 * 4)
    y = b.linear(y, "fc2", n, 84, 10)
    b.leave()
    t = b.input("target", n, dtype="int64")
    loss = b.op(
        "cross_entropy",
        [y, t],
        keeps=("softmax", "target"),
        size=n * 48,
        data=np.float32(2.3026),
        grad=1.0 if gradients else None,
    )
    return b.graph(loss)


def resnet_block(gradients: bool = True, n: int = 8) -> Graph:
    """A residual block whose skip path has a convolution of its own, then a second one with an identity skip."""
    b = Builder(gradients)
    x = b.input("x", n, 64, 32, 32)
    b.enter("", "Stage")
    b.enter("block1", "BasicBlock")
    y = b.conv(x, "conv1", n, 64, 128, 3, 16, bias=False)
    y = b.norm(y, "bn1", n, 128, 16)
    y = b.op("relu", [y], n, 128, 16, 16, keeps=("y",), size=n * 128 * 1024)
    y = b.conv(y, "conv2", n, 128, 128, 3, 16, bias=False)
    y = b.norm(y, "bn2", n, 128, 16)
    b.enter("downsample", "Sequential")
    s = b.conv(x, "0", n, 64, 128, 1, 16, bias=False)
    s = b.norm(s, "1", n, 128, 16)
    b.leave()
    y = b.op("add", [y, s], n, 128, 16, 16)
    y = b.op("relu", [y], n, 128, 16, 16, keeps=("y",), size=n * 128 * 1024)
    b.leave()
    b.enter("block2", "BasicBlock")
    z = b.conv(y, "conv1", n, 128, 128, 3, 16, bias=False)
    z = b.norm(z, "bn1", n, 128, 16)
    z = b.op("relu", [z], n, 128, 16, 16, keeps=("y",), size=n * 128 * 1024)
    z = b.conv(z, "conv2", n, 128, 128, 3, 16, bias=False)
    z = b.norm(z, "bn2", n, 128, 16)
    z = b.op("add", [z, y], n, 128, 16, 16)
    z = b.op("relu", [z], n, 128, 16, 16, keeps=("y",), size=n * 128 * 1024)
    b.leave()
    b.leave()
    return b.graph(z)


def two_in_two_out(gradients: bool = True) -> Graph:
    """Two pictures through one shared encoder, joined, with two heads."""
    b = Builder(gradients)
    left, right = b.input("left", 16, 3, 64, 64), b.input("right", 16, 3, 64, 64)
    w = b.parameter("encoder.weight", 32, 3, 7, 7)
    b.enter("", "Siamese")
    sides = []
    for x in (left, right):
        b.enter("encoder", "Conv2d")
        sides.append(b.op("conv2d", [x, w], 16, 32, 29, 29, keeps=("x", "weight"), size=16 * 3 * 4096 * 4, kernel="7×7"))
        b.leave()
    y = b.op("cat", sides, 16, 64, 29, 29)
    y = b.op("mean", [y], 16, 64)
    a = b.linear(y, "same", 16, 64, 2)
    c = b.linear(y, "distance", 16, 64, 1)
    b.leave()
    return b.graph(a, c)


# ------------------------------------------------------------------------------------------------- scalars
S = {
    "add": Fake("_add", "input other", "+", "arithmetic", "1"),
    "mul": Fake("_mul", "input other", "×", "arithmetic", "other, input"),
    "div": Fake("_div", "input other", "÷", "arithmetic", "1/other, −input/other²"),
    "exp": Fake("exp", "input", "exp", "arithmetic", "eˣ"),
    "tanh": Fake("tanh", "input", "tanh", "activation", "1 − y²"),
    "power": Fake("_power", "input", "^{exponent}", "arithmetic", "n·xⁿ⁻¹"),
}
RULES: dict[str, Any] = {
    "add": (lambda a, b: a + b, lambda a, b, y: (1.0, 1.0)),
    "mul": (lambda a, b: a * b, lambda a, b, y: (b, a)),
    "div": (lambda a, b: a / b, lambda a, b, y: (1 / b, -y / b)),
    "exp": (lambda a: math.exp(a), lambda a, y: (y,)),
    "tanh": (lambda a: math.tanh(a), lambda a, y: (1 - y * y,)),
    "power": (lambda a: a**2, lambda a, y: (2 * a,)),
}


class Circuit:
    """Graphs over plain numbers, computed forward and backward, with nodes that hand back local derivatives."""

    def __init__(self) -> None:
        self.values: list[Value] = []
        self.steps: list[Step] = []
        self.locals: dict[int, tuple[float, ...]] = {}
        self.scope: tuple[ScopeName, ...] = ()

    def leaf(self, name: str | None, number: float, kind: str = "parameter") -> int:
        self.values.append(Value(len(self.values), kind, name, None, None, number, None, kind == "parameter"))
        return len(self.values) - 1

    def op(self, name: str, *inputs: int, called: str | None = None, **params: Any) -> int:
        from types import SimpleNamespace

        forward, rule = RULES[name]
        given = [self.values[i].data for i in inputs]
        y = forward(*given)
        local = rule(*given, y)
        out = len(self.values)
        wants = [self.values[i].requires_grad for i in inputs]
        prim = SimpleNamespace(several=False, pull_all=lambda g, k, p, n: [d * g if w else None for d, w in zip(local, wants, strict=True)])
        node: Any = SimpleNamespace(prim=prim, kept=(), params=(), inputs=())
        self.values.append(Value(out, "result", called, None, None, y, None, True, node))
        # type: ignore[arg-type]
        self.steps.append(Step(len(self.steps), S[name], tuple(inputs), (out,), params, self.scope))
        self.locals[out] = local
        return out

    def graph(self, *outputs: int, backward: bool = True) -> Graph:
        from dataclasses import replace

        grads: dict[int, float] = dict.fromkeys(outputs, 1.0)
        for step in reversed(self.steps):
            g = grads.get(step.outputs[0], 0.0)
            for i, d in zip(step.inputs, self.locals[step.outputs[0]], strict=True):
                if self.values[i].requires_grad:
                    grads[i] = grads.get(i, 0.0) + g * d
        values = tuple(replace(v, grad=grads.get(v.id) if backward else None) for v in self.values)
        return Graph(values, tuple(self.steps), (), outputs)


def sigmoid_neuron(backward: bool = True) -> Graph:
    c = Circuit()
    w0, x0, w1, x1, w2 = (c.leaf(n, v) for n, v in (("w0", 2.0), ("x0", -1.0), ("w1", -3.0), ("x1", -2.0), ("w2", -3.0)))
    z = c.op("add", c.op("add", c.op("mul", w0, x0), c.op("mul", w1, x1)), w2, called="z")
    c.scope = (ScopeName("", "Sigmoid", 1), ScopeName("sigmoid", "Sigmoid", 2))
    n = c.op("mul", z, c.leaf(None, -1.0, "constant"))
    d = c.op("add", c.op("exp", n), c.leaf(None, 1.0, "constant"))
    return c.graph(c.op("div", c.leaf(None, 1.0, "constant"), d), backward=backward)


def branching_scalars() -> Graph:
    """(a·b + tanh(a))² with a used twice, and its square multiplied by itself."""
    c = Circuit()
    a, b = c.leaf("a", 0.5), c.leaf("b", -1.5)
    s = c.op("add", c.op("mul", a, b), c.op("tanh", a), called="s")
    q = c.op("power", s, exponent=2.0)
    return c.graph(c.op("mul", q, q))
