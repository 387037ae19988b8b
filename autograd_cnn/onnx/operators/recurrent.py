"""Recurrent networks, branches and loops."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...tensors.creation import zeros
from .elementwise import ac
from .table import Node, Unsupported, constant, number, operator


@operator("RNN", "GRU", "LSTM")
def _(n: Node, x: Any, w: Any, r: Any, b: Any = None, lengths: Any = None, h0: Any = None, c0: Any = None, peephole: Any = None) -> Any:
    kind = n.operator
    usual = {"RNN": ["tanh"], "GRU": ["sigmoid", "tanh"], "LSTM": ["sigmoid", "tanh", "tanh"]}[kind] * w.shape[0]
    unusual = [a.lower() for a in n.get("activations", usual)] != usual
    if unusual or n.get("clip") or lengths is not None or peephole is not None or n.get("layout") or n.get("input_forget"):
        raise Unsupported
    directions, size, batch, steps = w.shape[0], r.shape[2], x.shape[1], x.shape[0]
    ys, hs, cs = [], [], []
    for d in range(directions):
        h = h0[d] if h0 is not None else zeros(batch, size, dtype=x.dtype)
        c = c0[d] if c0 is not None else zeros(batch, size, dtype=x.dtype)
        gates = w.shape[1]
        wb, rb = (b[d][:gates], b[d][gates:]) if b is not None else (zeros(gates, dtype=x.dtype),) * 2
        back = d == 1 or n.get("direction", "forward") == "reverse"
        seen = []
        for t in range(steps)[::-1] if back else range(steps):
            u = x[t] @ w[d].transpose(0, 1) + wb
            h, c = _cell(n, u, h, c, r[d], rb, size)
            seen.append(h)
        ys.append(ac.stack(seen[::-1] if back else seen))
        hs.append(h)
        cs.append(c)
    found = (ac.stack(ys, 1), ac.stack(hs), *((ac.stack(cs),) if kind == "LSTM" else ()))
    return found[: n.outs] if n.outs > 1 else found[0]


def _cell(n: Node, u: Any, h: Any, c: Any, r: Any, rb: Any, size: int) -> tuple[Any, Any]:
    v = u + h @ r.transpose(0, 1) + rb
    if n.operator == "RNN":
        return ac.tanh(v), c
    if n.operator == "LSTM":
        i, o, f, g = ac.split(v, size, 1)
        c = ac.sigmoid(f) * c + ac.sigmoid(i) * ac.tanh(g)
        return ac.sigmoid(o) * ac.tanh(c), c
    z, reset = ac.split(ac.sigmoid(v[:, : 2 * size]), size, 1)
    last, bias = r[2 * size :].transpose(0, 1), rb[2 * size :]
    if n.get("linear_before_reset"):
        new = ac.tanh(u[:, 2 * size :] + reset * (h @ last + bias))
    else:
        new = ac.tanh(u[:, 2 * size :] + (reset * h) @ last + bias)
    return (1 - z) * new + z * h, c
