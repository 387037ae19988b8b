"""Recurrent networks, step after step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...nn import functional as F
from ...tensors.creation import zeros
from ..dims import OnnxError
from .elementwise import ac
from .table import Node, constant, operator, settled

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
_USUAL = {"RNN": ["tanh"], "GRU": ["sigmoid", "tanh"], "LSTM": ["sigmoid", "tanh", "tanh"]}
# activation → function of x, α and β; and what α and β are if nothing is said
_ACTIVATIONS: dict[str, tuple[Callable[..., Any], float, float]] = {
    "relu": (lambda x, a, b: F.relu(x), 0, 0),
    "tanh": (lambda x, a, b: ac.tanh(x), 0, 0),
    "sigmoid": (lambda x, a, b: ac.sigmoid(x), 0, 0),
    "affine": (lambda x, a, b: a * x + b, 1, 0),
    "leakyrelu": (lambda x, a, b: F.leaky_relu(x, a), 0.01, 0),
    "thresholdedrelu": (lambda x, a, b: ac.where(x >= a, x, 0.0), 1, 0),
    "scaledtanh": (lambda x, a, b: a * ac.tanh(b * x), 1, 1),
    "hardsigmoid": (lambda x, a, b: ac.clamp(a * x + b, 0, 1), 0.2, 0.5),
    "elu": (lambda x, a, b: F.elu(x, a), 1, 0),
    "softsign": (lambda x, a, b: F.softsign(x), 0, 0),
    "softplus": (lambda x, a, b: F.softplus(x, threshold=1e9), 0, 0),
}
_SCALED = {"affine": (1, 1), "leakyrelu": (1, 0), "thresholdedrelu": (1, 0), "scaledtanh": (1, 1), "hardsigmoid": (1, 1), "elu": (1, 0)}


def _activations(n: Node, count: int) -> list[Callable[[Any], Any]]:
    """The activations of all directions. α and β are told in the order of those that have one."""
    names = [a.lower() for a in n.get("activations") or _USUAL[n.operator] * count]
    alphas, betas = iter(n.get("activation_alpha") or ()), iter(n.get("activation_beta") or ())
    if len(names) != len(_USUAL[n.operator]) * count or not set(names) <= set(_ACTIVATIONS):
        raise OnnxError(f"onnx: {n.operator}: expected {len(_USUAL[n.operator]) * count} activations that ONNX names, got {names}.")
    bound = float(n.get("clip") or 0.0)

    def made(name: str) -> Callable[[Any], Any]:
        fn, alpha, beta = _ACTIVATIONS[name]
        has = _SCALED.get(name, (0, 0))
        a, b = next(alphas, alpha) if has[0] else alpha, next(betas, beta) if has[1] else beta
        return lambda x: fn(ac.clamp(x, -bound, bound) if bound > 0 else x, a, b)

    return [made(name) for name in names]


@operator("RNN", "GRU", "LSTM")
def _(n: Node, x: Any, w: Any, r: Any, b: Any = None, lengths: Any = None, h0: Any = None, c0: Any = None, peephole: Any = None) -> Any:
    gates, way = GATES[n.operator], n.get("direction", "forward")
    count = 2 if way == "bidirectional" else 1
    first = bool(n.get("layout"))  # the batch comes first
    x, h0, c0 = (v.transpose(0, 1) if first and v is not None else v for v in (x, h0, c0))
    if (x.ndim, w.ndim, r.ndim) != (3, 3, 3) or r.shape[1] != gates * r.shape[2] or tuple(w.shape) != (count, r.shape[1], x.shape[2]):
        raise OnnxError(
            f"onnx: {n.operator}: expected an input (steps, batch, features) and {count} matrices of {gates} gates, got {list(x.shape)}, "
            f"{list(w.shape)} and {list(r.shape)}."
        )
    steps, batch, size = x.shape[0], x.shape[1], r.shape[2]
    acts, per = _activations(n, count), len(_USUAL[n.operator])
    inside = _inside(n, lengths, steps, batch)
    ys, hs, cs = [], [], []
    for d in range(count):
        h, c = (v[d] if v is not None else zeros(batch, size, dtype=x.dtype) for v in (h0, c0))
        wb, rb = (b[d][: w.shape[1]], b[d][w.shape[1] :]) if b is not None else (zeros(w.shape[1], dtype=x.dtype),) * 2
        u = x @ w[d].transpose(0, 1) + wb
        cell = _Cell(n, r[d], rb, size, acts[d * per : (d + 1) * per], None if peephole is None else peephole[d])
        back = d == 1 or way == "reverse"
        seen = []
        for t in range(steps)[::-1] if back else range(steps):
            new_h, new_c = cell.step(u[t], h, c)
            if inside is None:
                h, c, y = new_h, new_c, new_h
            else:
                on = constant(inside[t])
                h, c, y = ac.where(on, new_h, h), ac.where(on, new_c, c), ac.where(on, new_h, 0.0)
            seen.append(y)
        ys.append(ac.stack(seen[::-1] if back else seen) if seen else zeros(0, batch, size, dtype=x.dtype))
        hs.append(h)
        cs.append(c)
    found = (ac.stack(ys, 1), ac.stack(hs), *((ac.stack(cs),) if n.operator == "LSTM" else ()))
    if first:
        found = (found[0].permute(2, 0, 1, 3), *(v.transpose(0, 1) for v in found[1:]))
    return found[: max(n.outs, 1)]


def _inside(n: Node, lengths: Any, steps: int, batch: int) -> Any:
    """For each step which sequences still go on; None if all do."""
    if lengths is None:
        return None
    sizes = settled(lengths, "a length").ravel()
    if len(sizes) != batch or not ((sizes >= 0) & (sizes <= steps)).all():
        raise OnnxError(f"onnx: {n.operator}: expected {batch} lengths from 0 to {steps}, got {sizes.tolist()}.")
    if (sizes == steps).all():
        return None
    return np.arange(steps).reshape(-1, 1, 1) < sizes.reshape(1, -1, 1)


class _Cell:
    """One step of a network, in one direction."""

    def __init__(self, n: Node, r: Any, rb: Any, size: int, acts: list[Callable[[Any], Any]], peephole: Any) -> None:
        self.n, self.r, self.rb, self.size, self.acts, self.peephole = n, r, rb, size, acts, peephole

    def step(self, u: Any, h: Any, c: Any) -> tuple[Any, Any]:
        """The next state. `u`: W x + its bias."""
        if self.n.operator == "GRU":
            return self._gru(u, h), c
        v = u + h @ self.r.transpose(0, 1) + self.rb
        if self.n.operator == "RNN":
            return self.acts[0](v), c
        f, g, out = self.acts
        ui, uo, uf, ug = ac.split(v, self.size, 1)
        pi, po, pf = self._peepholes()
        i = f(ui if pi is None else ui + pi * c)
        forget = 1 - i if self.n.get("input_forget") else f(uf if pf is None else uf + pf * c)
        c = forget * c + i * g(ug)
        return f(uo if po is None else uo + po * c) * out(c), c

    def _peepholes(self) -> Iterator[Any]:
        return iter((None,) * 3 if self.peephole is None else ac.split(self.peephole, self.size, 0))

    def _gru(self, u: Any, h: Any) -> Any:
        f, g = self.acts
        two = 2 * self.size
        z, reset = ac.split(f(u[:, :two] + h @ self.r[:two].transpose(0, 1) + self.rb[:two]), self.size, 1)
        last, bias = self.r[two:].transpose(0, 1), self.rb[two:]
        if self.n.get("linear_before_reset"):
            new = g(u[:, two:] + reset * (h @ last + bias))
        else:
            new = g(u[:, two:] + (reset * h) @ last + bias)
        return (1 - z) * new + z * h
