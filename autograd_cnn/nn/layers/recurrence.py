"""The recurrences themselves: one step of each kind, and steps over sequences whose batch may shrink with time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...ops.linalg.matrix_products import linear
from ...ops.shape.join import cat, stack
from ...tensors.tensor import Tensor

StateDict = tuple[Tensor, ...]  # (h,), or (h, c)
Step = Callable[[Tensor, StateDict, Any], StateDict]  # the input's part of the gates, the state, the weights → the new state


class Weights:
    """One layer's weights in one direction."""

    __slots__ = ("b_hh", "b_ih", "w_hh", "w_hr", "w_ih")

    def __init__(self, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None, w_hr: Any = None) -> None:
        self.w_ih, self.w_hh, self.b_ih, self.b_hh, self.w_hr = w_ih, w_hh, b_ih, b_hh, w_hr


def tanh_step(x: Tensor, state: StateDict, w: Weights) -> StateDict:
    """h' = tanh(W x + b + U h + d)   [Elman 1990]"""
    return ((x + linear(state[0], w.w_hh, w.b_hh)).tanh(),)


def relu_step(x: Tensor, state: StateDict, w: Weights) -> StateDict:
    """h' = max(W x + b + U h + d, 0)"""
    return ((x + linear(state[0], w.w_hh, w.b_hh)).relu(),)


def lstm_step(x: Tensor, state: StateDict, w: Weights) -> StateDict:
    """c' = σ(f) · c + σ(i) · tanh(g), h' = σ(o) · tanh(c')   [Hochreiter and Schmidhuber 1997]"""
    h, c = state
    i, f, g, o = (x + linear(h, w.w_hh, w.b_hh)).chunk(4, 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    h = o.sigmoid() * c.tanh()
    return (h if w.w_hr is None else linear(h, w.w_hr), c)


def gru_step(x: Tensor, state: StateDict, w: Weights) -> StateDict:
    """h' = (1 − z) · n + z · h, n = tanh(W x + b + r · (U h + d)), with gates r and z   [Cho et al. 2014]"""
    h = state[0]
    xr, xz, xn = x.chunk(3, 1)
    hr, hz, hn = linear(h, w.w_hh, w.b_hh).chunk(3, 1)
    r, z = (xr + hr).sigmoid(), (xz + hz).sigmoid()
    n = (xn + r * hn).tanh()
    return ((h - n) * z + n,)


STEPS: dict[str, Step] = {"RNN_TANH": tanh_step, "RNN_RELU": relu_step, "LSTM": lstm_step, "GRU": gru_step}
GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}


def _forwards(step: Step, gates: Sequence[Tensor], state: StateDict, w: Weights) -> tuple[list[Tensor], StateDict]:
    """Sequences that end leave the batch; what they ended with is put back beneath the others."""
    ys: list[Tensor] = []
    ended: list[StateDict] = []
    for x in gates:
        n, alive = x.shape[0], state[0].shape[0]
        if n < alive:
            ended.append(tuple(s[n:] for s in state))
            state = tuple(s[:n] for s in state)
        state = step(x, state, w)
        ys.append(state[0])
    if ended:
        state = tuple(cat([s, *(e[k] for e in reversed(ended))]) for k, s in enumerate(state))
    return ys, state


def _backwards(step: Step, gates: Sequence[Tensor], start: StateDict, w: Weights) -> tuple[list[Tensor], StateDict]:
    """From the end: sequences join where they have their last entry."""
    ys: list[Tensor] = []
    state = tuple(s[: gates[-1].shape[0]] for s in start)
    for x in reversed(gates):
        alive, n = state[0].shape[0], x.shape[0]
        if n > alive:
            state = tuple(cat([s, first[alive:n]]) for s, first in zip(state, start, strict=True))
        state = step(x, state, w)
        ys.append(state[0])
    return ys[::-1], state


def run_layer(kind: str, x: Tensor, sizes: Sequence[int] | None, start: StateDict, w: Weights, reverse: bool) -> tuple[Tensor, StateDict]:
    """One layer in one direction over a whole batch: x is (T, B, I), or packed (Σ sizes, I) with the batch size of each step."""
    whole = linear(x, w.w_ih, w.b_ih)  # the input's part of all gates at once
    gates = whole.unbind(0) if sizes is None else whole.split(list(sizes), 0)
    if not gates:
        raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
    ys, end = (_backwards if reverse else _forwards)(STEPS[kind], gates, start, w)
    return (stack(ys) if sizes is None else cat(ys)), end
