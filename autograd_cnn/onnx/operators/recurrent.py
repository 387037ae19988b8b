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


@operator("If")
def _(n: Node, condition: Any) -> Any:
    found = n.subgraph(n.get("then_branch" if bool(number(condition, "a condition")) else "else_branch"), {})
    return tuple(found) if n.outs > 1 else found[0]


@operator("Loop")
def _(n: Node, count: Any, condition: Any, *state: Any) -> Any:
    body = n.get("body")
    names = [i.name for i in body.input]
    most = None if count is None else int(number(count, "a count"))
    going = condition is None or bool(number(condition, "a condition"))
    carried: list[Any] = list(state)
    rows: list[list[Any]] = [[] for _ in range(len(body.output) - 1 - len(state))]
    k = 0
    while going and (most is None or k < most):
        found = n.subgraph(body, dict(zip(names, [np.array(k, np.int64), np.array(going), *carried], strict=True)))
        going = bool(np.asarray(number(found[0], "a condition")))
        carried = list(found[1 : 1 + len(state)])
        for row, y in zip(rows, found[1 + len(state) :], strict=True):
            row.append(y)
        k += 1
    if any(not row for row in rows):  # of no round the file alone says what shape it has
        raise Unsupported
    made = (*carried, *(np.stack(r) if all(isinstance(v, np.ndarray) for v in r) else ac.stack([_tensor(v) for v in r]) for r in rows))
    return made if n.outs > 1 or len(made) != 1 else made[0]


def _tensor(v: Any) -> Any:
    return constant(v) if isinstance(v, np.ndarray) else v
